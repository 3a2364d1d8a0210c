"""Small changes of large values: text travels as what was added, lists and dicts as what
differs.
"""

from __future__ import annotations

from typing import Any

from ..protocol import Edit, Json

WORTH = 200
"""Characters, or entries, from which on a change is sent instead of the whole value."""

MOST_EDITS = 100
"""More edits than this say no less than the value itself."""


def is_worth(value: Json) -> bool:
    """Whether a value is large enough to send changes of it."""
    if isinstance(value, str):
        return len(value) >= WORTH
    return isinstance(value, (list, dict)) and len(value) > 0


def edits(old: Json, new: Json) -> list[Edit] | None:
    """What turns ``old`` into ``new``, to be done in order; None when the whole value is better
    sent.

    The empty list means that nothing differs. An edit of the value itself has the empty path.
    """
    found: list[Edit] = []
    try:
        _compare(old, new, [], found)
    except _TooMany:
        return None
    if any(edit.op == "replace" and not edit.path for edit in found):
        return None
    return found


class _TooMany(Exception):
    """There are more edits than are worth it."""


def _add(found: list[Edit], op: Any, path: list[str | int], value: Json = None) -> None:
    if len(found) >= MOST_EDITS:
        raise _TooMany
    found.append(Edit(op=op, path=path, value=value))


def _compare(old: Json, new: Json, path: list[str | int], found: list[Edit]) -> None:
    if old is new:
        return
    if type(old) is not type(new):
        _add(found, "replace", path, new)
    elif isinstance(new, str):
        _compare_text(old, new, path, found)
    elif isinstance(new, list):
        _compare_lists(old, new, path, found)
    elif isinstance(new, dict):
        _compare_dicts(old, new, path, found)
    elif old != new:
        _add(found, "replace", path, new)


def _compare_text(old: str, new: str, path: list[str | int], found: list[Edit]) -> None:
    if old == new:
        return
    if old and new.startswith(old):
        _add(found, "append", path, new[len(old) :])
    else:
        _add(found, "replace", path, new)


def _compare_lists(
    old: list[Json], new: list[Json], path: list[str | int], found: list[Edit]
) -> None:
    for index, (before, after) in enumerate(zip(old, new, strict=False)):
        _compare(before, after, [*path, index], found)
    # From the end, so that no deletion moves what is still to be deleted.
    for index in range(len(old) - 1, len(new) - 1, -1):
        _add(found, "delete", [*path, index])
    for index in range(len(old), len(new)):
        _add(found, "insert", [*path, index], new[index])


def _compare_dicts(
    old: dict[str, Json], new: dict[str, Json], path: list[str | int], found: list[Edit]
) -> None:
    kept = [key for key in old if key in new]
    if [*kept, *(key for key in new if key not in old)] != list(new) or not all(
        isinstance(key, str) for key in (*old, *new)
    ):
        # Edits can say neither another order of keys nor keys that are no text.
        _add(found, "replace", path, new)
        return
    for key in old:
        if key not in new:
            _add(found, "delete", [*path, key])
    for key, value in new.items():
        if key in old:
            _compare(old[key], value, [*path, key], found)
        else:
            _add(found, "insert", [*path, key], value)
