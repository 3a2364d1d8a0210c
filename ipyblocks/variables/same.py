"""Whether a value is another one than before."""

from __future__ import annotations

import math
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

_ATOMS = frozenset({int, float, str, bool, bytes, complex, type(None)})
_CONTAINERS = frozenset({list, tuple, dict})


def same(a: Any, b: Any) -> bool:
    """Whether putting ``b`` where ``a`` is changes nothing.

    Numbers, texts and what is made of them are compared; 1, 1.0 and True are different. An object
    of another kind is the same only as itself. What Python cannot hash (a list, a dict, a table,
    an array) may have been changed inside, so the very same object is another value.
    """
    kind = type(a)
    if kind is not type(b):
        return False
    if kind in _ATOMS:
        return bool(a == b) or (kind is float and math.isnan(a) and math.isnan(b))
    if a is b:
        return _is_fixed(a)
    if kind not in _CONTAINERS:
        return False
    try:
        return len(a) == len(b) and _same_parts(a, b)
    except Exception:  # noqa: BLE001 - a list inside itself, or a key with an __eq__ of its own
        return False


def _same_parts(a: Any, b: Any) -> bool:
    if type(a) is dict:
        return all(key in b and same(value, b[key]) for key, value in a.items())
    return all(map(same, a, b))


def _is_fixed(value: Any) -> bool:
    """Whether nothing in it can have been changed, as far as Python knows."""
    kind = type(value)
    return all(map(_is_fixed, value)) if kind is tuple else kind.__hash__ is not None


_FIXED = (date, time, timedelta, Decimal, Enum, UUID)


def as_it_is(value: Any) -> Any:
    """A copy by which :func:`same` can tell later whether anything inside has changed; None: there
    is something of which that cannot be said.
    """
    try:
        return [_copied(value)]
    except (TypeError, RecursionError):
        return None


def _copied(value: Any) -> Any:
    kind = type(value)
    if kind in _ATOMS or isinstance(value, _FIXED):
        return value
    if kind is dict:
        return {_copied(key): _copied(each) for key, each in value.items()}
    if kind in _CONTAINERS:
        return kind(map(_copied, value))
    raise TypeError(f"A {kind.__name__} may be changed.")
