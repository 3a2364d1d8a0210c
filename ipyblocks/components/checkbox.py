"""A box to tick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..choices import plain
from ..component import FormComponent, prop
from ..events import Event, change_event
from ..injection import SelectPayload


class Checkbox(FormComponent):
    """A box that is ticked or not; its label stands beside it."""

    value: bool | Callable[[], bool | None] | None = prop(
        "Whether it is ticked at first; a function is called for every session.",
        default=False,
        kw_only=False,
        wire=bool,
        settable=True,
    )
    info: str | None = prop("Help text under the label.", default=None)
    interactive: bool | None = prop(
        "Whether the person may tick it; by default, unless a function does.",
        default=None,
        wire=bool,
        wire_default=True,
    )

    change = change_event()
    input = Event("The person ticked or unticked it.")
    select = Event("The same, with the label as the value and whether it is ticked.", SelectPayload)

    def _setup(self) -> None:
        super()._setup()
        # The label is part of the control: without it there would be a box that says nothing.
        self.show_label = self._given.get("show_label") is not False
        self.initial_payload()

    def preprocess(self, payload: bool) -> bool:
        """Whether it is ticked."""
        return payload

    def postprocess(self, value: Any) -> bool:
        """A bool, or a number, of which 0 alone unticks; None unticks."""
        if value is None:
            return False
        found = plain(value)
        if found is None or isinstance(found, str):
            raise self.fail("value", f"must be True or False, not {value!r:.60}.")
        return bool(found)

    @classmethod
    def example(cls) -> Checkbox:
        return cls(True, label="Keep the aspect ratio", info="Crops instead.", render=False)

    def example_value(self) -> bool:
        return True
