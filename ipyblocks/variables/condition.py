"""``Condition``: a comparison of a variable, ``var == 3``."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from .base import AnyVariable
from .computed import Computed

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Condition(Computed):
    """A comparison of a variable: ``var == 3``, for ``If`` and for any prop that is true or false.

    In an ``if`` of Python it is the comparison as of now.

    Args:
        variable, other: what is compared; ``other`` may be a variable, too.
        operation: ``==``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``.
    """

    def __init__(self, variable: AnyVariable, operation: str, other: object) -> None:
        self.operation = operation
        self._other = other
        both = [variable, other] if isinstance(other, AnyVariable) else [variable]
        super().__init__(both)

    def compute(self, *values: Any) -> bool:
        left, right = (*values, self._other)[:2]
        return holds(_OPERATORS[self.operation](left, right), self.describe())

    def describe(self) -> str:
        other = self._other.describe() if isinstance(self._other, AnyVariable) else self._other
        return f"{self.inputs[0].describe()} {self.operation} {other!r:.40}"

    def __bool__(self) -> bool:
        return bool(self.value)


def holds(value: object, what: str) -> bool:
    """Whether a condition's value is true.

    Args:
        what: the condition, for the message.

    Raises:
        ValueError: it is many values, such as an array, of which each may be true or not.
    """
    try:
        return bool(value)
    except ValueError as error:
        raise ValueError(
            f"{what} is of type {type(value).__name__}, which is neither true nor false as a "
            "whole. Use a DerivedVariable that says which it is, such as "
            "DerivedVariable(lambda values: bool((values > 0).all()), [variable])."
        ) from error
