"""``Computed``: a variable that follows from others by a quick step of our own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .base import AnyVariable
from .graph import Derived, Node

UNKNOWN: Any = object()
"""Stands for a value that there is not."""


class Computed(AnyVariable, Derived):
    """A variable that follows from others by a quick step of our own.

    Args:
        inputs: what it is made of.
    """

    def __init__(self, inputs: Sequence[Node]) -> None:
        Derived.__init__(self, inputs)
        self._name(None)

    def compute(self, *values: Any) -> Any:
        """The value; must be quick, and must not wait."""
        raise NotImplementedError

    def resolved(self, value_of: Callable[[Node], Any]) -> Any:
        """The value, if what it is made of had the values that ``value_of`` gives."""
        return self.compute(*map(value_of, self.inputs))

    def peek(self, default: Any = None) -> Any:
        known = [each.peek(UNKNOWN) for each in self.inputs if isinstance(each, AnyVariable)]
        if any(each is UNKNOWN for each in known):
            return default
        try:
            return self.compute(*known)
        except Exception:  # noqa: BLE001 - it is shown where the value is wanted
            return default
