"""``Path``: a place inside a variable's value, ``var.get("user", "name")``."""

from __future__ import annotations

import copy
import functools
from collections.abc import Sequence
from typing import Any

from .base import AnyVariable
from .computed import Computed
from .settable import Settable


class Path(Settable, Computed):
    """A place inside a variable's value: ``var.get("user", "name")``.

    Args:
        variable: the variable itself.
        keys: from the value inwards; a key that is not there makes the value None.
    """

    def __init__(self, variable: AnyVariable, keys: tuple[Any, ...]) -> None:
        self.variable = variable
        self.keys = keys
        super().__init__([variable])

    def describe(self) -> str:
        return f"{self.variable.describe()}.get({', '.join(map(repr, self.keys))})"

    def compute(self, *values: Any) -> Any:
        return inside(values[0], self.keys)

    def get(self, *keys: Any) -> Path:
        """A place further inside."""
        return Path(self.variable, (*self.keys, *keys))

    @property
    def settable(self) -> bool:  # type: ignore[override]
        """Whether the variable can be set."""
        return self.variable.settable

    def assign(self, new: Any) -> None:
        """Replace this place of the variable's value.

        Raises:
            TypeError: the variable cannot be set, or has no such place.
        """
        self.variable.assign_inside(functools.partial(replaced, keys=self.keys, new=new))


def inside(value: Any, keys: Sequence[Any]) -> Any:
    """What is at a place inside a value; None when there is no such place."""
    return functools.reduce(_item, keys, value)


def _item(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        return getattr(value, key, None) if isinstance(key, str) else None


def replaced(value: Any, keys: Sequence[Any], new: Any) -> Any:
    """The value with another one at a place inside; the original is not changed.

    Raises:
        TypeError: there is something on the way that has no places.
    """
    if not keys:
        return new
    key, *rest = keys
    if value is None:
        value = {}
    if not isinstance(value, (dict, list)):
        raise TypeError(f"{type(value).__name__} has no place {key!r} to set; use a dict or list.")
    twin = copy.copy(value)
    former = inside(value, (key,))
    if isinstance(twin, list) and not (isinstance(key, int) and -len(twin) <= key < len(twin)):
        raise TypeError(f"A list of {len(twin)} has no place {key!r} to set.")
    twin[key] = replaced(former, rest, new)
    return twin
