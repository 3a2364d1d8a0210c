"""``SwitchVariable``: one value or another, by a condition or by a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .base import AnyVariable
from .computed import Computed

_NO_MATCH: Any = object()


class All(Computed):
    """The values of several variables together, as a tuple."""

    def compute(self, *values: Any) -> tuple[Any, ...]:
        return values

    def describe(self) -> str:
        return ", ".join(each.describe() for each in self.inputs) or "nothing"


class SwitchVariable(Computed):
    """One of several values. Made by :meth:`when` or :meth:`match`.

    Keys of a mapping are compared as text, so that ``{"1": …}`` matches 1. A value of None in the
    mapping is a value, not a missing one.

    Args:
        value: what decides; a variable, a condition, or a constant.
        value_map: the values to choose from; variables among them are followed.
        default: when none matches.
    """

    def __init__(self, value: Any, value_map: Any, default: Any = None) -> None:
        if not isinstance(value_map, (Mapping, AnyVariable)):
            raise TypeError(f"value_map must be a dict, not {type(value_map).__name__}.")
        self._parts: list[Any] = [value, default]
        self._keys: list[str] | None = None
        if isinstance(value_map, AnyVariable):
            self._parts.append(value_map)
        else:
            self._keys = [as_text(key) for key in value_map]
            self._parts += value_map.values()
        super().__init__([each for each in self._parts if isinstance(each, AnyVariable)])

    @classmethod
    def when(cls, condition: Any, true_value: Any, false_value: Any) -> SwitchVariable:
        """``true_value`` where the condition holds, else ``false_value``."""
        return _Choice(condition, true_value, false_value)

    @classmethod
    def match(cls, value: Any, mapping: Any, default: Any = None) -> SwitchVariable:
        """The value that the mapping has for ``value``, or ``default``."""
        return cls(value, mapping, default)

    def describe(self) -> str:
        return "SwitchVariable"

    def compute(self, *values: Any) -> Any:
        given = iter(values)
        parts = [next(given) if isinstance(e, AnyVariable) else e for e in self._parts]
        value, default, *rest = parts
        if self._keys is None:
            known = {as_text(key): each for key, each in dict(rest[0]).items()}
        else:
            known = dict(zip(self._keys, rest, strict=True))
        found = known.get(as_text(value), _NO_MATCH)
        return default if found is _NO_MATCH else found


class _Choice(SwitchVariable):
    def __init__(self, condition: Any, true_value: Any, false_value: Any) -> None:
        super().__init__(condition, {"true": true_value, "false": false_value})

    def compute(self, *values: Any) -> Any:
        given = iter(values)
        parts = [next(given) if isinstance(e, AnyVariable) else e for e in self._parts]
        condition, _, if_true, if_false = parts
        return if_true if condition else if_false


def as_text(key: Any) -> str:
    """As JavaScript writes it, where Dara compares keys."""
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, float) and key.is_integer():
        return str(int(key))
    return str(key)
