"""What choice components share: choices with labels, and values that are among them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from .component import FormComponent, prop
from .protocol import Json

Scalar: TypeAlias = str | int | float | bool
"""A value that stands behind a label, as exactly one of these types."""

_SHOWN = 6
"""How many choices a message lists."""


class ChoiceComponent(FormComponent):
    """A control with a list of choices.

    On the wire a choice is ``[label, value]``. A value is compared as JavaScript's ``===`` does:
    1 and 1.0 are one value, 1 and True are two. What a handler gets is always the choice's own
    value.
    """

    choices: Iterable[Any] | None = prop(
        "What can be chosen: texts, numbers, or `(label, value)` tuples.",
        default=None,
        kw_only=False,
        wire=list[tuple[str, str | int | float | bool]],
        wire_default=[],
    )
    type: Literal["value", "index"] = prop(
        "What handlers receive: the value behind the label, or its position among the choices.",
        default="value",
        wire=None,
    )
    info: str | None = prop("Help text under the label.", default=None)
    interactive: bool | None = prop(
        "Whether the person may choose; by default, unless a function fills it in.",
        default=None,
        wire=bool,
        wire_default=True,
    )

    def _setup(self) -> None:
        super()._setup()
        self._listed = self._normalised(self.choices)
        self.choices = self._listed
        if "choices" in self._given:  # an iterator can be read once, an update builds this anew
            self._given["choices"] = self._listed
        self._places: dict[Any, int] = {}
        for place, (label, value) in enumerate(self._listed):
            first = self._places.setdefault(_key(value), place)
            if first != place:
                raise self.fail(
                    "choices",
                    f"have the value {value!r:.60} twice, as {self._listed[first][0]!r:.60} and as "
                    f"{label!r:.60}; give each choice a value of its own.",
                )

    def _normalised(self, given: Any) -> list[tuple[str, Scalar]]:
        if given is None:
            return []
        if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
            raise self.fail("choices", f"must be a list, not {given!r:.60}.")
        return [self._choice(place, choice) for place, choice in enumerate(given)]

    def _choice(self, place: int, given: Any) -> tuple[str, Scalar]:
        if isinstance(given, (tuple, list)):
            if len(given) != 2:
                raise self.fail(
                    f"choices[{place}]", f"must be a value or (label, value), not {given!r:.60}."
                )
            label, value = given
        else:
            label = value = given
        scalar = plain(value)
        if scalar is None:
            raise self.fail(
                f"choices[{place}]",
                f"has the value {value!r:.60}; it must be text, a number or a bool. "
                "Put what it stands for in a dict of your own and use its key here.",
            )
        return label if type(label) is str else str(plain(label)), scalar

    # --- values ----------------------------------------------------------------------------------

    def place(self, value: Any) -> int | None:
        """Position of the choice with this value; None when there is none."""
        scalar = plain(value)
        return None if scalar is None else self._places.get(_key(scalar))

    def chosen(self, value: Any) -> Scalar:
        """The choice's own value.

        Raises:
            ValueError: the value is not among the choices.
        """
        place = self.place(value)
        if place is None:
            raise self.fail("value", f"{value!r:.60} is not among the choices. {self._hint(value)}")
        return self._listed[place][1]

    def _hint(self, value: Any) -> str:
        if not self._listed:
            return "There are none."
        for label, known in self._listed:
            if label == value:
                return f"Did you mean {known!r:.60}, the value behind that label?"
        texts = [known for _, known in self._listed if isinstance(known, str)]
        near = difflib.get_close_matches(value, texts, 1) if isinstance(value, str) else []
        if near:
            return f"Did you mean {near[0]!r:.60}?"
        shown = ", ".join(f"{known!r:.60}" for _, known in self._listed[:_SHOWN])
        more = len(self._listed) - _SHOWN
        return f"They are {shown}{f' and {more} more' if more > 0 else ''}."

    def received(self, value: Json) -> Any:
        """What a handler gets for one value of the wire; None when it is not among the choices.

        The choices may have changed since it was chosen.
        """
        place = self.place(value)
        if place is None:
            return None
        return place if self.type == "index" else self._listed[place][1]


def plain(value: Any) -> Scalar | None:
    """A value as exactly a str, int, float or bool; None for anything else.

    Enums of these types and NumPy scalars become what they stand for. NaN equals nothing, not even
    itself, so it is no value.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    item = getattr(value, "item", None)
    if type(value).__module__ != "numpy" or not callable(item) or getattr(value, "ndim", False):
        return None
    return plain(item())


def several(value: Any) -> list[Any] | None:
    """The members of a list, tuple, set, array or series; None for anything else."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    listed = getattr(value, "tolist", None)
    found = listed() if callable(listed) else None
    return found if isinstance(found, list) else None


def _key(value: Scalar) -> tuple[str, Scalar]:
    # Python says 1 == True; the page does not.
    kind = "bool" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
    return kind, value
