"""``Copied``: a variable in the process of a task."""

from __future__ import annotations

from typing import Any

from .base import AnyVariable
from .graph import Source


class Copied(AnyVariable, Source):
    """A variable where the kernel is not: in the function of a task that refers to one.

    Args:
        name: how messages name it.
        value: what it was when the task began.
    """

    def __init__(self, name: str, value: Any) -> None:
        Source.__init__(self, value)
        self._name(None)
        self._called = name

    def describe(self) -> str:
        return f"the copy of {self._called} in a task"

    def assign(self, new: Any) -> None:
        """A copy is never told to anybody.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            f"{self.describe()} cannot be set: a task runs in a process of its own. Return the "
            "value, and set the variable in an action or a listener."
        )
