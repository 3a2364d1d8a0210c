"""One or several of the choices, out of a list that opens."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final

from ..choices import ChoiceComponent, Scalar, plain, several
from ..component import prop
from ..events import Event, change_event
from ..injection import KeyUpPayload, SelectPayload


class FirstChoice:
    """Type of :data:`FIRST_CHOICE`."""

    def __repr__(self) -> str:
        return "FIRST_CHOICE"


FIRST_CHOICE: Final = FirstChoice()
"""No value was given: the first choice, or none of several. ``None`` is a value: nothing chosen."""


class Dropdown(ChoiceComponent):
    """A field with a list that opens; one can be chosen, or several with `multiselect`."""

    value: Scalar | Sequence[Any] | Callable[[], Any] | FirstChoice | None = prop(
        "Value chosen at first, a list with `multiselect`; by default the first choice, or none of "
        "several. None chooses nothing; a function is called for every session.",
        default=FIRST_CHOICE,
        wire=str | int | float | bool | list[str | int | float | bool] | None,
        wire_default=None,
        settable=True,
    )
    multiselect: bool | None = prop(
        "Several can be chosen.", default=None, wire=bool, wire_default=False
    )
    allow_custom_value: bool = prop(
        "The person may give texts that are no choices, and functions any value.", default=False
    )
    max_choices: int | None = prop("Most that can be chosen of several.", default=None)
    filterable: bool = prop("Typing searches the choices.", default=True)

    change = change_event()
    input = Event("The person chose.")
    select = Event(
        "The person chose, or took out one of several: its position (none for a value of their "
        "own), its value, and whether it is chosen now.",
        SelectPayload,
    )
    focus = Event("The field got the focus.")
    blur = Event("The field lost the focus.")
    key_up = Event("The person released a key in the field.", KeyUpPayload)

    def _setup(self) -> None:
        super()._setup()
        self.multiselect = bool(self.multiselect)
        self._check_arguments()
        # What the component chose by itself the app did not give: it is the person's to edit.
        self._preselected = self.initial is FIRST_CHOICE
        if self._preselected:
            self.initial = [] if self.multiselect else self._listed[0][1] if self._listed else None
        self.initial_payload()

    def _check_arguments(self) -> None:
        most = self.max_choices
        if most is not None and (not isinstance(most, int) or most < 1):
            raise self.fail("max_choices", f"must be 1 or more, not {most!r:.60}.")
        # Both are what Gradio says and does: the app runs, and its author is told.
        if most is not None and not self.multiselect:
            self._warn("max_choices has no effect without multiselect=True.")
        if self.allow_custom_value and not self.filterable:
            self._warn("filterable=False has no effect with allow_custom_value=True.")
            self.filterable = True

    def _warn(self, problem: str) -> None:
        warnings.warn(f"{self.describe()}: {problem}", UserWarning, stacklevel=5)

    def is_empty(self) -> bool:
        return self._preselected or super().is_empty()

    def preprocess(self, payload: Any) -> Any:
        """The value, or its position; a list of these with `multiselect`.

        What is no choice any more, because the choices have changed, is None or left out. A custom
        value has no position.
        """
        members = _members(payload)
        received = [self._one_received(value) for value in members]
        if not self.multiselect:
            return received[0] if received else None
        lost = [each is None and not self.allow_custom_value for each in received]
        return [each for each, gone in zip(received, lost, strict=True) if not gone]

    def _one_received(self, value: Scalar) -> Any:
        if self.allow_custom_value and self.type == "value" and self.place(value) is None:
            return value
        return self.received(value)

    def postprocess(self, value: Any) -> Any:
        """One of the values, or a list of them with `multiselect`; None chooses nothing.

        Raises:
            ValueError: a value is not among the choices, or there are more than ``max_choices``.
        """
        members = several(value)
        if not self.multiselect:
            if members is not None:
                raise self.fail(
                    "value",
                    f"must be one of the choices, not {value!r:.60}; pass multiselect=True to "
                    "choose several.",
                )
            return None if value is None else self._one(value)
        wanted = members if members is not None else [] if value is None else [value]
        found = list(dict.fromkeys(self._one(each) for each in wanted))
        if self.max_choices is not None and len(found) > self.max_choices:
            raise self.fail(
                "value", f"has {len(found)} choices; max_choices is {self.max_choices}."
            )
        return found

    def _one(self, value: Any) -> Scalar:
        if self.allow_custom_value and self.place(value) is None:
            custom = plain(value)
            if custom is None:
                raise self.fail("value", f"must be text, a number or a bool, not {value!r:.60}.")
            return custom
        return self.chosen(value)

    def check_value(self, payload: Any) -> Any:
        for value in _members(payload):
            if self.place(value) is None and not isinstance(value, str):
                raise self.fail("value", f"{value!r:.60} is not among the choices.")
        return self.postprocess(payload)

    @classmethod
    def example(cls) -> Dropdown:
        return cls(
            ["Python", "R", ("C++", "cpp")],
            value="R",
            label="Language",
            info="Of the generated code.",
            render=False,
        )


def _members(payload: Any) -> list[Any]:
    return payload if isinstance(payload, list) else [] if payload is None else [payload]
