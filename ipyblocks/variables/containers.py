"""Lists, dicts and sets that nobody else changes."""

from __future__ import annotations

from typing import Any


def copied(value: Any) -> Any:
    """A copy of a list, a dict or a set, and of those inside of it; anything else is itself."""
    try:
        return _copied(value)
    except RecursionError:  # nested too deep, or inside itself
        return value


def _copied(value: Any) -> Any:
    kind = type(value)
    if kind is list or kind is tuple:
        return kind(map(_copied, value))
    if kind is dict:
        return {key: _copied(each) for key, each in value.items()}
    if kind is set or kind is bytearray:
        return kind(value)
    return value
