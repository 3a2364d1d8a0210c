"""Whether a value is another one than before."""

from __future__ import annotations

import math
from typing import Any

_ATOMS = frozenset({int, float, str, bool, bytes, complex, type(None)})
_CONTAINERS = frozenset({list, tuple, dict})
_MUTABLE = frozenset({set, bytearray})


def same(a: Any, b: Any) -> bool:
    """Whether putting ``b`` where ``a`` is changes nothing.

    Numbers, texts and what is made of them are compared; 1, 1.0 and True are different. An object
    of another kind is the same only as itself, and a list or dict that is the very same object may
    have been changed inside, so it is not.
    """
    kind = type(a)
    if kind is not type(b):
        return False
    if kind in _ATOMS:
        return bool(a == b) or (kind is float and math.isnan(a) and math.isnan(b))
    if kind not in _CONTAINERS:
        return a is b and kind not in _MUTABLE
    if a is b:
        return kind is tuple and all(type(each) in _ATOMS or same(each, each) for each in a)
    try:
        return len(a) == len(b) and _same_parts(a, b)
    except Exception:  # noqa: BLE001 - a list inside itself, or a key with an __eq__ of its own
        return False


def _same_parts(a: Any, b: Any) -> bool:
    if type(a) is dict:
        return all(key in b and _same_inside(value, b[key]) for key, value in a.items())
    return all(map(_same_inside, a, b))


def _same_inside(a: Any, b: Any) -> bool:
    return a is b or same(a, b)
