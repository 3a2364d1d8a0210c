"""A number from a range."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from typing import Any

from typing_extensions import Self

from ..component import FormComponent, prop
from ..events import Event, change_event
from ..prop import Prop
from .number import number_of, rounded


class Slider(FormComponent):
    """A slider between two numbers, with a field to type the number."""

    minimum: float = prop("Number at the slider's start.", default=0, kw_only=False)
    maximum: float = prop("Number at the slider's end.", default=100, kw_only=False)
    value: int | float | Callable[[], int | float | None] | None = prop(
        "Initial number, None for the minimum; a function is called for every session.",
        default=None,
        kw_only=False,
        wire=int | float,
        wire_default=0,
        settable=True,
    )
    step: float | None = prop(
        "Distance between two numbers; None takes the power of ten that makes 100 to 1000 of them.",
        default=None,
        wire=float,
        wire_default=1,
    )
    precision: int | None = prop(
        "Decimal places that numbers are rounded to, both ways; 0 makes them int, None leaves all.",
        default=None,
    )
    info: str | None = prop("Help text under the label.", default=None)
    interactive: bool | None = prop(
        "Whether the person may move it; by default, unless a function does.",
        default=None,
        wire=bool,
        wire_default=True,
    )
    randomize: bool = prop(
        "Start every session at a random number of the range, whatever `value` says.",
        default=False,
        wire=None,
    )
    show_reset_button: bool = prop(
        "Offer to go back to the initial number, where that is one number for all sessions.",
        default=True,
        wire=int | float | None,
        wire_default=None,
    )

    change = change_event()
    input = Event("The person moved it or typed another number.")
    release = Event("The person let go of it.")

    def _setup(self) -> None:
        self._check_range()
        if self.step is None:
            self.step = natural_step(self.minimum, self.maximum)
        elif not 0 < self.step < math.inf:
            raise self.fail("step", f"must be more than 0, not {self.step!r}.")
        if self.randomize:
            self.value = self.random_value
        super()._setup()
        first = self.initial_payload()
        # None: sessions start at different numbers, and there is none to go back to.
        self._first = None if self.load_fn else first

    def _check_range(self) -> None:
        for name in ("minimum", "maximum"):
            given = getattr(self, name)
            limit = number_of(given)
            if limit is None or not math.isfinite(limit):
                raise self.fail(name, f"must be a finite number, not {given!r:.60}.")
            setattr(self, name, limit)
        if self.minimum > self.maximum:
            raise self.fail(
                "minimum", f"is {self.minimum}; it must not be above maximum={self.maximum}."
            )

    def random_value(self) -> int | float:
        """A random number of the range, on its steps."""
        assert self.step is not None
        steps = math.floor((self.maximum - self.minimum) / self.step + 1e-9)
        value = self.minimum + random.randint(0, steps) * self.step
        # Without the noise of floats: 0.30000000000000004 is on no step.
        places = max(0, 2 - math.floor(math.log10(self.step)))
        return value if isinstance(value, int) else round(min(value, self.maximum), places)

    def preprocess(self, payload: int | float) -> int | float:
        """The number, rounded to ``precision``."""
        return self._within(payload)

    def postprocess(self, value: Any) -> int | float:
        """A number of the range; None is the minimum.

        Raises:
            ValueError: it is no number, or beyond the range.
        """
        if value is None:
            return self.minimum
        number = number_of(value)
        if number is None or math.isnan(number):
            raise self.fail("value", f"must be a number, not {value!r:.60}.")
        if not self.minimum <= number <= self.maximum:
            raise self.fail(
                "value",
                f"is {number}; it must be between minimum={self.minimum} "
                f"and maximum={self.maximum}.",
            )
        return self._within(number)

    def check_value(self, payload: int | float) -> int | float:
        if math.isnan(payload):
            raise self.fail("value", "must be a number.")
        return self._within(payload)

    def _within(self, number: int | float) -> int | float:
        """The number held inside the range, which a function may have narrowed since it was set.

        The page draws it the same way.
        """
        held = min(max(number, self.minimum), self.maximum)
        return min(max(rounded(held, self.precision), self.minimum), self.maximum)

    def wire_prop(self, declared: Prop) -> Any:
        if declared.name == "show_reset_button":
            return self._first if self.show_reset_button else None
        return super().wire_prop(declared)

    def updated(self, changes: Mapping[str, Any], forget: str = "") -> Self:
        """The copy keeps the number to reset to, unless it gets a new one."""
        twin = super().updated(changes, forget)
        if "value" not in changes and self._first is not None:
            twin._first = twin._within(self._first)
        return twin

    def example_payload(self) -> int | float:
        return self.maximum

    def example_value(self) -> int | float:
        return self.minimum

    @classmethod
    def example(cls) -> Slider:
        return cls(0, 1, 0.7, label="Temperature", step=0.05, render=False)


def natural_step(minimum: float, maximum: float) -> float:
    """The power of ten that makes 100 to 1000 steps of a range; 1 where there is no range."""
    if minimum == maximum:
        return 1
    power = math.floor(math.log10(maximum - minimum)) - 2
    return 10**power if power >= 0 else float(f"1e{power}")
