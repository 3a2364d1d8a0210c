"""Font families. A font is only ever named: nothing is downloaded and no file is served."""

from __future__ import annotations

from collections.abc import Iterable

from .css import check_css

_GENERIC = """
    serif sans-serif monospace cursive fantasy system-ui
    ui-serif ui-sans-serif ui-monospace ui-rounded math emoji
"""
GENERIC = frozenset(_GENERIC.split())
"""The families that every machine has, written without quotes."""


class Font:
    """A font family of the reader's machine.

    Args:
        name: The family's name, or a CSS generic family such as "serif".

    Raises:
        ValueError: the name is empty or has a character that a quoted CSS name may not have.
    """

    def __init__(self, name: str) -> None:
        check_css("font", name)
        if not name.strip() or "'" in name or '"' in name:
            raise ValueError(f"font: {name!r} is not a font family name.")
        self.name = name

    def __str__(self) -> str:
        return self.name if self.name in GENERIC else f"'{self.name}'"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and str(other) == str(self)

    def __hash__(self) -> int:
        return hash((type(self), self.name))


class _WeightedFont(Font):
    def __init__(self, name: str, weights: Iterable[int] = (400, 600)) -> None:
        super().__init__(name)
        self.weights = tuple(weights)


class GoogleFont(_WeightedFont):
    """A family that Google Fonts offers, used when the reader's machine has it.

    Nothing is downloaded: a notebook may be offline, and a cell should not call another server.
    Where the family is not installed, the next one in the theme's list is used.

    Args:
        name: The family's name.
        weights: Accepted for Gradio's sake and kept, without effect. Default (400, 600).

    Raises:
        ValueError: as `Font`.
    """


class LocalFont(_WeightedFont):
    """A family that the web server would offer; in a notebook, the same as `Font`.

    Args:
        name: The family's name.
        weights: Accepted for Gradio's sake and kept, without effect. Default (400, 600).

    Raises:
        ValueError: as `Font`.
    """


def font_stack(
    variable: str, font: Font | str | Iterable[Font | str], fallbacks: Iterable[str]
) -> str:
    """Return the CSS `font-family` list for `font`, always ending in a generic family.

    Args:
        variable: The variable that errors name.
        font: One family or several, in order of preference.
        fallbacks: Appended when no generic family is among them.

    Raises:
        TypeError: an item is neither a `Font` nor a string.
        ValueError: a string is empty or no safe CSS.
    """
    if not isinstance(font, (Font, str, Iterable)):
        raise TypeError(f"{variable}: expected a Font, a string or a list of them, got {font!r}.")
    families = [font] if isinstance(font, (Font, str)) else list(font)
    for family in families:
        if not isinstance(family, (Font, str)):
            raise TypeError(f"{variable}: expected a Font or a string, got {family!r}.")
        if not str(family).strip():
            raise ValueError(f"{variable}: a font family may not be empty.")
    css = [check_css(variable, str(family)) for family in families]
    written = {part.strip() for family in css for part in family.split(",")}
    return ", ".join(css if GENERIC & written else [*css, *fallbacks])
