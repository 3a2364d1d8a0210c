"""One of the choices, all in sight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..choices import ChoiceComponent, Scalar
from ..component import prop
from ..events import Event, change_event
from ..injection import SelectPayload


class Radio(ChoiceComponent):
    """Choices of which one can be chosen."""

    value: Scalar | Callable[[], Scalar | None] | None = prop(
        "Value chosen at first; a function is called for every session.",
        default=None,
        wire=str | int | float | bool | None,
        settable=True,
    )
    rtl: bool = prop("Lay out from right to left.", default=False)

    change = change_event()
    input = Event("The person chose another one.")
    select = Event("The person chose another one: its position and its value.", SelectPayload)

    def _setup(self) -> None:
        super()._setup()
        self.initial_payload()

    def preprocess(self, payload: Scalar | None) -> Any:
        """The chosen value, or its position; None when there is none."""
        return self.received(payload)

    def postprocess(self, value: Any) -> Scalar | None:
        """One of the values; None leaves all unchosen.

        Raises:
            ValueError: the value is not among the choices.
        """
        return None if value is None else self.chosen(value)

    def check_value(self, payload: Scalar | None) -> Scalar | None:
        return self.postprocess(payload)

    @classmethod
    def example(cls) -> Radio:
        return cls(
            ["Fast", "Balanced", ("Best", "best")],
            value="Balanced",
            label="Quality",
            info="Better takes longer.",
            render=False,
        )
