"""What a theme may put on the page: which CSS values are safe, and which colours are readable."""

from __future__ import annotations

import re

_FORBIDDEN = re.compile(r"[;{}<>@!\\]|/\*|[\x00-\x1f\x7f]")
_STRING = re.compile(r"'[^'\"]*'|\"[^'\"]*\"")
_FUNCTION = re.compile(r"([\w-]*)\(")
# A list of what may be called, since url() is not alone in loading things: image-set(), src(), …
_CALLABLE = """
    rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix light-dark calc min max clamp var
    linear-gradient radial-gradient conic-gradient
    repeating-linear-gradient repeating-radial-gradient repeating-conic-gradient
"""
_FUNCTIONS = frozenset(_CALLABLE.split())
_POSITION = re.compile(r"^(to |from |in |at |circle|ellipse|closest-|farthest-|[-\d.])")


def check_css(variable: str, value: str) -> str:
    """Return `value` if it is one harmless CSS value.

    Args:
        variable: The theme variable that errors name.
        value: A CSS value; it may have `*name` references.

    Raises:
        TypeError: `value` is not a string.
        ValueError: `value` could end its declaration, or load or run something.
    """
    if not isinstance(value, str):
        raise TypeError(f"{variable}: expected a CSS value as a string, got {value!r}.")
    found = _FORBIDDEN.search(value)
    if found:
        raise ValueError(f"{variable}: {value!r} may not contain {found[0]!r}.")
    bare = _STRING.sub("", value)
    if "'" in bare or '"' in bare or not _balanced(bare):
        raise ValueError(f"{variable}: {value!r} has a quote or parenthesis without its partner.")
    # Names inside quotes are checked too: it costs no real font its name.
    for name in _FUNCTION.findall(value):
        if name and name.lower() not in _FUNCTIONS:
            raise ValueError(f"{variable}: {value!r} may not contain '{name}('.")
    return value


def _balanced(text: str) -> bool:
    depth = 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    return depth == 0


def is_gradient(value: str) -> bool:
    """Return whether `value` paints a gradient, so that it is no single colour."""
    return "gradient(" in value.lower()


def as_color(value: str) -> str | None:
    """Return the single colour that stands for a CSS background, or None if it has none.

    A gradient gives its first colour; "none" gives "transparent".
    """
    value = value.strip()
    if value.lower() == "none":
        return "transparent"
    if not is_gradient(value):
        return value
    start = value.lower().index("gradient(") + len("gradient(")
    for stop in _split(value[start:], ","):
        if not _POSITION.match(stop):
            return _split(stop, " ")[0]
    return None


def _split(text: str, separator: str) -> list[str]:
    """Split at `separator` outside parentheses, up to the one that closes the text."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            break
        if char == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip()]


def contrast(a: str, b: str) -> float | None:
    """Return the WCAG 2 contrast ratio (1 to 21) of two colours.

    None where a colour is not opaque, or not written as hex, `rgb()`, "white" or "black".
    """
    first, second = _luminance(a), _luminance(b)
    if first is None or second is None:
        return None
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


def _luminance(color: str) -> float | None:
    channels = _channels(color.strip().lower())
    if channels is None:
        return None
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (min(channel, 255) / 255 for channel in channels)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(color: str) -> tuple[int, ...] | None:
    color = {"white": "#ffffff", "black": "#000000"}.get(color, color)
    if re.fullmatch(r"#[0-9a-f]{3}", color):
        return tuple(int(digit * 2, 16) for digit in color[1:])
    if re.fullmatch(r"#[0-9a-f]{6}", color):
        return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))
    rgb = re.fullmatch(r"rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)\s*\)", color)
    return tuple(int(channel) for channel in rgb.groups()) if rgb else None
