"""Several of the choices, all in sight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..choices import ChoiceComponent, Scalar, several
from ..component import prop
from ..events import Event, change_event
from ..injection import SelectPayload


class CheckboxGroup(ChoiceComponent):
    """Choices of which any number can be ticked; its value is the list of those."""

    value: Sequence[Any] | Scalar | Callable[[], Any] | None = prop(
        "Values ticked at first; a function is called for every session.",
        default=None,
        wire=list[str | int | float | bool],
        wire_default=[],
        settable=True,
    )
    show_select_all: bool = prop("Offer one tick that stands for all.", default=False)

    change = change_event()
    input = Event("The person ticked or unticked a choice.")
    select = Event(
        "The person ticked or unticked a choice: its position, its value and whether it is ticked.",
        SelectPayload,
    )

    def _setup(self) -> None:
        super()._setup()
        self.initial_payload()

    def preprocess(self, payload: list[Scalar] | None) -> list[Any]:
        """The ticked values, or their positions, in the order they were ticked."""
        received = [self.received(value) for value in payload or ()]
        return [each for each in received if each is not None]

    def postprocess(self, value: Any) -> list[Scalar]:
        """A list of values, or one; None unticks all.

        Raises:
            ValueError: a value is not among the choices.
        """
        if value is None:
            return []
        members = several(value)
        wanted = [value] if members is None else members
        return list(dict.fromkeys(self.chosen(each) for each in wanted))

    def check_value(self, payload: list[Scalar]) -> list[Scalar]:
        return self.postprocess(payload)

    @classmethod
    def example(cls) -> CheckboxGroup:
        return cls(
            ["Title", "Legend", ("Grid lines", "grid")],
            value=["Title"],
            label="Show",
            info="What the figure has.",
            render=False,
        )


Checkboxgroup = CheckboxGroup
