"""A theme: Gradio's variables, resolved to the tokens that one app overrides."""

from __future__ import annotations

import difflib
import itertools
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

from . import colors, sizes
from .colors import Color
from .css import as_color, check_css, contrast, is_gradient
from .fonts import Font, LocalFont, font_stack
from .sizes import Size
from .values import AA, ON_ACCENT, REFERENCE, key_of, used_keys, value_of
from .variables import GRADIO_NAMES, ROWS, TABLE

_SHADES = (50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 950)
_STEPS = ("xxs", "xs", "sm", "md", "lg", "xl", "xxl")
_SHOWN = frozenset(row.name for row in TABLE)

Fonts = Font | str | Iterable[Font | str]
_T = TypeVar("_T", bound="Base")
_V = TypeVar("_V")


@dataclass(frozen=True)
class Recipe:
    """What a theme is made of unless its constructor is told otherwise.

    Every field but `variables` is an argument of `Base`; `variables` are what its `.set()` takes.
    """

    primary_hue: Color = colors.blue
    secondary_hue: Color = colors.blue
    neutral_hue: Color = colors.zinc
    text_size: Size = sizes.text_md
    spacing_size: Size = sizes.spacing_md
    radius_size: Size = sizes.radius_md
    font: Fonts = (LocalFont("IBM Plex Sans"), "ui-sans-serif", "system-ui", "sans-serif")
    font_mono: Fonts = (LocalFont("IBM Plex Mono"), "ui-monospace", "Consolas", "monospace")
    variables: Mapping[str, str] = field(default_factory=dict)


class ThemeClass:
    """The root of all themes. By itself it has no values, so it changes nothing."""

    name: str | None = None

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} theme {self.name!r}>"

    def tokens(self) -> dict[str, dict[str, str]]:
        """Return the CSS custom properties to override inside one app.

        Returns:
            `{"light": {token: css}, "dark": {token: css}}`. A token that is absent keeps the value
            derived from JupyterLab.
        """
        return {"light": self._tokens(dark=False), "dark": self._tokens(dark=True)}

    def _tokens(self, *, dark: bool) -> dict[str, str]:
        tokens = {}
        for row in ROWS:
            value = value_of(self._values, row.name, dark=dark)
            if value is not None and row.kind == "color":
                value = as_color(value)
            if row.token is not None and value is not None:
                tokens[row.token] = value
        return tokens


class Base(ThemeClass):
    """A theme built from three hues, three sizes and two fonts; the start of a theme of your own.

    Args (all keyword-only; None, the default of each, means the theme's own choice):
        primary_hue: The accent: a `Color`, or a palette's name such as "emerald". Base: blue.
        secondary_hue: Focus and links: a `Color` or a name. Base: blue.
        neutral_hue: Text, backgrounds, borders: a `Color` or a name. Base: zinc.
        text_size: A `Size`, or "sm", "md" or "lg" ("text_sm" works as well). Base: "md".
        spacing_size: A `Size`, or "sm", "md" or "lg". Base: "md".
        radius_size: A `Size`, or "none", "sm", "md", "lg" or "xxl". Base: "md".
        font: A `Font`, a family name, or several in order of preference. Nothing is downloaded.
        font_mono: The same for code.

    Raises:
        TypeError: an argument is of another type.
        ValueError: no palette or size has that name, or a value is no safe CSS.
    """

    name: str | None = "base"
    recipe: ClassVar[Recipe] = Recipe()

    def __init__(
        self,
        *,
        primary_hue: Color | str | None = None,
        secondary_hue: Color | str | None = None,
        neutral_hue: Color | str | None = None,
        text_size: Size | str | None = None,
        spacing_size: Size | str | None = None,
        radius_size: Size | str | None = None,
        font: Fonts | None = None,
        font_mono: Fonts | None = None,
    ) -> None:
        super().__init__()
        own = self.recipe
        values = _defaults()
        primary = _hue("primary_hue", primary_hue, own.primary_hue)
        values.update(_shades("primary", primary))
        values.update(_accent(primary))
        secondary = _hue("secondary_hue", secondary_hue, own.secondary_hue)
        values.update(_shades("secondary", secondary))
        values.update(_shades("neutral", _hue("neutral_hue", neutral_hue, own.neutral_hue)))
        values.update(_steps("text", text_size, own.text_size))
        values.update(_steps("spacing", spacing_size, own.spacing_size))
        values.update(_steps("radius", radius_size, own.radius_size))
        sans, mono = ("system-ui", "sans-serif"), ("ui-monospace", "monospace")
        values.update(_family("font", own.font if font is None else font, sans))
        values.update(_family("font_mono", own.font_mono if font_mono is None else font_mono, mono))
        self._values = values
        if own.variables:
            Base.set(self, **own.variables)

    def set(self: _T, **variables: str | None) -> _T:
        """Set theme variables by Gradio's names, all of them or, after an error, none.

        Args:
            variables: CSS values. `"*primary_500"` or `"*other_variable"` anywhere in one stands
                for that variable's value. A name ending in `_dark` is for dark JupyterLab themes;
                there a reference means the dark value, so it is written without `_dark`.
                None and "" leave a variable as it is.

        Returns:
            The theme itself.

        Raises:
            TypeError: Gradio has no variable of that name, or a value is not a string.
            ValueError: a value is no safe CSS, refers to an unknown variable, or to itself.

        Warns:
            UserWarning: variables that have no effect in a notebook cell, a gradient (drawn as its
                first colour), or a reference to a variable that has no value in a cell.
        """
        _check_names(variables)
        given = {name: css for name, css in variables.items() if css is not None and css != ""}
        values = _merged(self._values, given)
        notes = [*_idle_note(values, given), *_change_notes(self._values, values)]
        self._values = values
        for note in dict.fromkeys(notes):
            warnings.warn(note, UserWarning, stacklevel=2)
        return self


def _defaults() -> dict[str, str]:
    light = {row.name: row.light for row in TABLE}
    return light | {f"{row.name}_dark": row.dark for row in TABLE if row.dark is not None}


def _hue(argument: str, given: Color | str | None, own: Color) -> Color:
    if isinstance(given, str):
        return _lookup(argument, given, colors.PALETTES)
    return _typed(argument, own if given is None else given, Color)


def _shades(prefix: str, color: Color) -> dict[str, str]:
    names = [f"{prefix}_{shade}" for shade in _SHADES]
    return {n: _literal(n, css) for n, css in zip(names, color.expand(), strict=True)}


def _accent(primary: Color) -> dict[str, str]:
    """Choose the first shade from 600 on that white text is readable on, and a darker one."""
    options = {600: primary.c600, 700: primary.c700, 800: primary.c800}
    fits = [shade for shade, css in options.items() if (contrast(css, "white") or 0) >= AA]
    shade = fits[0] if fits else 600
    return {
        "accent": f"*primary_{shade}",
        "accent_hover": f"*primary_{shade + 100}",
        "accent_dark": "*primary_400",
        "accent_hover_dark": "*primary_300",
    }


def _steps(prefix: str, given: Size | str | None, own: Size) -> dict[str, str]:
    argument = f"{prefix}_size"
    if isinstance(given, str):
        scales = {n: size for n, size in sizes.SIZES.items() if n.startswith(f"{prefix}_")}
        short = {n.removeprefix(f"{prefix}_"): size for n, size in scales.items()}
        size = _lookup(argument, given, short | scales)
    else:
        size = _typed(argument, own if given is None else given, Size)
    names = [f"{prefix}_{step}" for step in _STEPS]
    return {n: _literal(n, css) for n, css in zip(names, size.expand(), strict=True)}


def _family(name: str, font: Fonts, fallbacks: tuple[str, ...]) -> dict[str, str]:
    return {name: _literal(name, font_stack(name, font, fallbacks))}


def _literal(variable: str, css: str) -> str:
    if REFERENCE.search(check_css(variable, css)):
        raise ValueError(f"{variable}: {css!r} may not refer to a variable.")
    return css


def _typed(argument: str, value: object, kind: type[_V]) -> _V:
    if not isinstance(value, kind):
        raise TypeError(f"{argument}: expected a {kind.__name__} or its name, got {value!r}.")
    return value


def _lookup(argument: str, name: str, named: Mapping[str, _V]) -> _V:
    if name not in named:
        hint = _did_you_mean(name, named) or f" There are: {', '.join(named)}."
        raise ValueError(f"{argument}: there is no {name!r}.{hint}")
    return named[name]


def _did_you_mean(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(names), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _check_names(names: Iterable[str]) -> None:
    for name in names:
        if name not in GRADIO_NAMES:
            hint = _did_you_mean(name, GRADIO_NAMES)
            raise TypeError(f"{name!r} is not a theme variable.{hint}")


def _merged(old: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the store with the given values, each of them checked."""
    values = {**old, **{name: css for name, css in given.items() if _is_kept(name, css)}}
    for name in given:
        _check_references(values, name)
    return values


def _is_kept(name: str, css: str) -> bool:
    try:
        check_css(name, css)
    except ValueError:
        # Where no token can show it, an unsafe value is not stored: it is only without effect.
        if name.removesuffix("_dark") in _SHOWN:
            raise
        return False
    return True


def _check_references(values: Mapping[str, str], name: str) -> None:
    known = {*values, *GRADIO_NAMES, ON_ACCENT}
    for word in REFERENCE.findall(values.get(name, "")):
        if word.endswith("_dark"):
            raise ValueError(
                f"{name}: write '*{word.removesuffix('_dark')}'; in a variable for dark themes"
                " it means the dark value already."
            )
        if word not in known:
            raise ValueError(f"{name}: there is no '*{word}'.{_did_you_mean(word, known)}")


def _idle_note(values: Mapping[str, str], given: Iterable[str]) -> Iterator[str]:
    idle = sorted(set(given) - used_keys(values))
    if idle:
        verb = "has" if len(idle) == 1 else "have"
        yield f"{', '.join(idle)} {verb} no effect in a notebook cell."


def _change_notes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Check every token's new value, and say which cannot be drawn as written."""
    for row, dark in itertools.product(ROWS, (False, True)):
        before = value_of(old, row.name, dark=dark)
        after = value_of(new, row.name, dark=dark)
        key = key_of(new, row.name, dark=dark)
        if after == before:
            continue
        if after is None:
            yield (
                f"{key} refers to a variable that has no value in a notebook cell;"
                " JupyterLab's value stays."
            )
        elif check_css(key, after) and row.kind == "color" and is_gradient(after):
            yield f"{key}: a notebook cell draws a gradient as its first colour."
