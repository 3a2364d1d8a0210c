"""Values of a session's own: copies of what handlers return, sharing what has not changed.

A handler may go on to change what it returned, and that is no change of the app, so a session keeps
a copy. One that copied a whole chat history for every token would spend its time on that; here the
parts that are as they were stay the objects they were, and whoever compares sees so at a glance.
"""

from __future__ import annotations

import copy
from typing import Any

import msgspec

from ..codec import WireError, check
from ..protocol import Binary, Json

_ABSENT = object()


def keep(new: Json, old: Json, where: str) -> Json:
    """A copy of ``new`` that shares with ``old``, the session's former value, what is equal.

    Args:
        where: names the value in errors.

    Returns:
        ``old`` itself when nothing differs.

    Raises:
        WireError: something in it cannot be sent to a page; says where.
    """
    try:
        return _keep(new, old)
    except WireError:
        check(new, where)  # says the whole way to the place
        raise


def _keep(new: Any, old: Any) -> Any:
    kind = type(new)
    if kind is not type(old):
        return _copy(new)
    if kind is list or kind is tuple:
        return _keep_list(new, old)
    if kind is dict:
        return _keep_dict(new, old)
    if kind is str:
        return old if new == old else new
    return _copy(new)


def _keep_list(new: Any, old: Any) -> Any:
    count = _equal_start(new, old)
    if count == len(new) == len(old):
        return old
    pairs = zip(new[count:], old[count:], strict=False)
    rest = [*(_keep(item, before) for item, before in pairs), *map(_copy, new[len(old) :])]
    return type(new)([*old[:count], *rest])


def _equal_start(new: Any, old: Any) -> int:
    """How many of the first items are the same, at the speed of C."""
    try:
        count = next(
            (index for index, (a, b) in enumerate(zip(new, old, strict=False)) if a != b),
            min(len(new), len(old)),
        )
        # To Python 1, 1.0 and True are equal; to a page they are not.
        same = msgspec.msgpack.encode(new[:count]) == msgspec.msgpack.encode(old[:count])
    except Exception:  # noqa: BLE001 - values of any kind, and any __eq__; they are copied instead
        return 0
    return count if same else 0


def _keep_dict(new: dict[Any, Any], old: dict[Any, Any]) -> dict[Any, Any]:
    kept = {key: _keep(item, old.get(key, _ABSENT)) for key, item in new.items()}
    same = list(kept) == list(old) and all(map(_is, kept.values(), old.values()))
    return old if same else kept


def _is(a: object, b: object) -> bool:
    return a is b


def _copy(value: Any) -> Any:
    if value is None or type(value) in (str, Binary):
        return value
    check(value)
    return copy.deepcopy(value)
