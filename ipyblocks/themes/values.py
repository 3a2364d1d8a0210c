"""How stored values become CSS: references, dark values, and what depends on what.

A store maps a variable's name, and the name with `_dark` where that differs, to its value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .css import as_color, contrast
from .variables import ROWS

AA = 4.5
"""The contrast that WCAG 2 asks of text, level AA."""

REFERENCE = re.compile(r"\*([A-Za-z_]\w*)")
"""A variable's name, inside another one's value."""

ON_ACCENT = "on_accent"
"""The variable that is computed from the accent's colour instead of stored."""

_ACCENT = "button_primary_background_fill"


def key_of(values: Mapping[str, str], name: str, *, dark: bool) -> str:
    """Return where the value of `name` is stored: a dark theme falls back to the light value."""
    return f"{name}_dark" if dark and f"{name}_dark" in values else name


def used_keys(values: Mapping[str, str]) -> set[str]:
    """Return the keys that some token depends on."""
    seen: set[tuple[str, bool]] = set()
    todo = [(row.name, dark) for row in ROWS for dark in (False, True)]
    while todo:
        name, dark = todo.pop()
        key = key_of(values, name, dark=dark)
        if (key, dark) not in seen:
            seen.add((key, dark))
            todo += [(word, dark) for word in REFERENCE.findall(values.get(key, ""))]
    return {key for key, _ in seen}


def value_of(
    values: Mapping[str, str], name: str, *, dark: bool, trail: tuple[str, ...] = ()
) -> str | None:
    """Return the CSS of a variable, every reference replaced; None if one has no value.

    Args:
        values: The store.
        name: The variable, without `_dark`.
        dark: Whether the value for dark themes is meant.
        trail: The variables on the way here; () for the outermost call.

    Raises:
        ValueError: the variable refers to itself.
    """
    if name in trail:
        raise ValueError(f"{' -> '.join([*trail, name])}: a variable refers to itself.")
    trail = (*trail, name)
    if name == ON_ACCENT:
        return _on_accent(value_of(values, _ACCENT, dark=dark, trail=trail))
    value = values.get(key_of(values, name, dark=dark))
    if value is None:
        return None
    words = REFERENCE.findall(value)
    found = {word: value_of(values, word, dark=dark, trail=trail) for word in words}
    css = {word: inner for word, inner in found.items() if inner is not None}
    if len(css) < len(found):
        return None
    return REFERENCE.sub(lambda match: css[match[1]], value)


def _on_accent(accent: str | None) -> str:
    """Return white where it is readable, else black, which then is: one of them always is."""
    ratio = contrast(as_color(accent or "") or "", "white")
    return "white" if ratio is None or ratio >= AA else "black"
