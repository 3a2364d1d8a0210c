"""One page of several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..component import BlockContext, prop
from ..events import Event
from ..injection import SelectPayload


class Tab(BlockContext):
    """What is shown while its label is the selected one in the strip of the `Tabs` it is in."""

    label: str | None = prop("Label in the strip.", default=None, kw_only=False)
    if not TYPE_CHECKING:  # a checker would put it before the label, because a base has it too
        visible: bool | Literal["hidden"] = prop(
            'False leaves it out of the page; "hidden" keeps it there unseen.',
            default=True,
            kw_only=False,
        )
    interactive: bool = prop("False makes it unable to be selected.", default=True, kw_only=False)
    id: int | str | None = prop("What `Tabs(selected=…)` names it by.", default=None)
    scale: int | None = prop("Share of the free height of the layout it is in.", default=None)
    render_children: bool = prop("Draw what is in it before it is first selected.", default=False)

    select = Event("The person selected this tab.", SelectPayload)

    def expected_parent(self) -> type[BlockContext] | None:
        from .tabs import Tabs  # which holds Tabs, and so imports this

        return Tabs

    @classmethod
    def example(cls) -> Tab:
        return cls("Settings", render=False)


class TabItem(Tab):
    """Another name of `Tab`."""

    kind = "tab"
