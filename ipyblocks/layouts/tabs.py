"""Several pages of which one is shown."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from typing_extensions import Self

from ..component import BlockContext, prop
from ..events import Event, change_event
from ..injection import SelectPayload
from .tab import Tab

if TYPE_CHECKING:
    from ..protocol import Json


class Tabs(BlockContext):
    """Shows one of its `Tab`s at a time; made by itself around tabs next to each other."""

    value_prop = "selected"

    selected: int | str | None = prop(
        "Id of the tab that is shown, or its position (from 0) if it has no id; None: the first.",
        default=None,
        settable=True,
    )

    change = change_event()
    select = Event("The person selected another tab.", SelectPayload)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(exc_type, exc, traceback)
        if exc_type is None:
            keys = self._keys()
            twice = [key for i, key in enumerate(keys) if key in keys[:i]]
            if twice:
                raise self.fail("tabs", f"have the id {twice[0]!r} twice; give each its own.")
            self._check_selected(self.selected)

    def updated(self, changes: Mapping[str, Any], forget: str = "") -> Self:
        twin = super().updated(changes, forget)
        twin._check_selected(twin.selected)
        return twin

    def check(self, name: str, payload: Json) -> Json:
        checked = super().check(name, payload)
        if name == "selected":
            self._check_selected(checked)
        return checked

    def _check_selected(self, selected: Json) -> None:
        keys = self._keys()
        if selected is not None and selected not in keys:
            raise self.fail("selected", f"must be one of {keys} or None, not {selected!r}.")

    def _keys(self) -> list[int | str]:
        """What `selected` may be."""
        placed = [child for child in self.children if child.on_page]
        return [
            i if tab.id is None else tab.id for i, tab in enumerate(placed) if isinstance(tab, Tab)
        ]
