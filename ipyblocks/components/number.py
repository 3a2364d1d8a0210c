"""A number."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from ..component import FormComponent, prop
from ..errors import Error
from ..events import Event, change_event


class Number(FormComponent):
    """A field for a number, to be filled in by the person or by a function."""

    value: int | float | Callable[[], int | float | None] | None = prop(
        "Initial number; a function is called for every session.",
        default=None,
        kw_only=False,
        wire=int | float | None,
        settable=True,
    )
    info: str | None = prop("Help text under the label.", default=None)
    interactive: bool | None = prop(
        "Whether the person may edit it; by default, unless a function fills it in.",
        default=None,
        wire=bool,
        wire_default=True,
    )
    precision: int | None = prop(
        "Decimal places that numbers are rounded to, both ways; 0 makes them int, None leaves all.",
        default=None,
    )
    minimum: float | None = prop(
        "Smallest number a handler gets; a smaller one fails the run with a message.", default=None
    )
    maximum: float | None = prop(
        "Largest number a handler gets; a larger one fails the run with a message.", default=None
    )
    step: float = prop("How far the arrow keys and buttons go.", default=1)
    placeholder: str | None = prop("Hint shown while the field is empty.", default=None)

    change = change_event()
    input = Event("The person edited the number.")
    submit = Event("The person pressed Enter.")
    focus = Event("The field got the focus.")
    blur = Event("The field lost the focus.")

    def _setup(self) -> None:
        super()._setup()
        if self.precision is not None and not isinstance(self.precision, int):
            raise self.fail("precision", f"must be a whole number or None, not {self.precision!r}.")
        low, high = self.minimum, self.maximum = self._limit("minimum"), self._limit("maximum")
        if low is not None and high is not None and not low <= high:
            raise self.fail("minimum", f"is {low}; it must not be above maximum={high}.")
        if not 0 < self.step < math.inf:
            raise self.fail("step", f"must be more than 0, not {self.step!r}.")
        self.initial_payload()

    def _limit(self, name: str) -> int | float | None:
        given = getattr(self, name)
        limit = number_of(given)
        if given is not None and (limit is None or math.isnan(limit)):
            raise self.fail(name, f"must be a number or None, not {given!r:.60}.")
        return limit

    def preprocess(self, payload: int | float | None) -> int | float | None:
        """The number, rounded to ``precision``; None when the field is empty.

        Raises:
            Error: it is beyond ``minimum`` or ``maximum``.
        """
        if payload is None:
            return None
        title = self.label or "Error"
        if self.minimum is not None and payload < self.minimum:
            raise Error(
                f"Value {payload} is less than minimum value {self.minimum}.",
                title=title,
                print_exception=False,
            )
        if self.maximum is not None and payload > self.maximum:
            raise Error(
                f"Value {payload} is greater than maximum value {self.maximum}.",
                title=title,
                print_exception=False,
            )
        return rounded(payload, self.precision)

    def postprocess(self, value: Any) -> int | float | None:
        """A number, or text or an object that is one (numpy, Decimal); None empties the field.

        Raises:
            ValueError: it is no number.
        """
        if value is None:
            return None
        number = number_of(value)
        if number is None:
            raise self.fail("value", f"must be a number, not {value!r:.60}.")
        return rounded(number, self.precision)

    def example_payload(self) -> int | float:
        return 3

    def example_value(self) -> int | float:
        return 3

    @classmethod
    def example(cls) -> Number:
        return cls(7, label="Epochs", info="Passes over the data.", minimum=1, render=False)


def number_of(value: Any) -> int | float | None:
    """A value as a plain number; None when it is none.

    Whole numbers stay whole. Text is read as Python reads it.
    """
    if isinstance(value, float):
        return float(value)  # numpy.float64 is a float too
    try:
        return operator.index(value)
    except TypeError:
        pass
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def rounded(value: int | float, precision: int | None) -> int | float:
    """Rounded to decimal places, and ``int`` for 0 of them. NaN and infinities stay as they are."""
    if precision is None or not math.isfinite(value):
        return value
    return round(value) if precision == 0 else round(value, precision)
