"""The built-in themes, and how a `theme=` argument becomes one."""

from __future__ import annotations

import difflib
import warnings

from . import colors, sizes
from .base import Base, Fonts, Recipe, ThemeClass
from .fonts import LocalFont


def _sans(name: str) -> Fonts:
    return (LocalFont(name), "ui-sans-serif", "system-ui", "sans-serif")


def _mono(name: str) -> Fonts:
    return (LocalFont(name), "ui-monospace", "Consolas", "monospace")


class Default(Base):
    """Gradio's look of today: orange on zinc. Arguments as `Base`."""

    name = "default"
    recipe = Recipe(primary_hue=colors.orange, font=_sans("Source Sans Pro"))


class Origin(Base):
    """Gradio's look before version 5: orange on a cool gray. Arguments as `Base`."""

    name = "origin"
    recipe = Recipe(
        primary_hue=colors.orange, neutral_hue=colors.gray, font=_sans("Source Sans Pro")
    )


class Soft(Base):
    """White cards on a pale ground, indigo accents. Arguments as `Base`."""

    name = "soft"
    recipe = Recipe(
        primary_hue=colors.indigo,
        secondary_hue=colors.indigo,
        neutral_hue=colors.gray,
        font=_sans("Montserrat"),
        variables={"body_background_fill": "*neutral_50", "block_background_fill": "white"},
    )


class Monochrome(Base):
    """Black and white, square corners, a serif. Arguments as `Base`."""

    name = "monochrome"
    recipe = Recipe(
        primary_hue=colors.neutral,
        secondary_hue=colors.neutral,
        neutral_hue=colors.neutral,
        spacing_size=sizes.spacing_lg,
        radius_size=sizes.radius_none,
        font=(LocalFont("Lora"), "ui-serif", "Georgia", "serif"),
        variables={
            "button_primary_background_fill": "*primary_900",
            "button_primary_background_fill_hover": "*primary_700",
            "button_primary_background_fill_dark": "*primary_200",
            "button_primary_background_fill_hover_dark": "*primary_50",
            "body_text_color": "*neutral_900",
            "border_color_accent": "*neutral_900",
            "border_color_accent_dark": "*neutral_400",
        },
    )


class Glass(Base):
    """Small text, tight spacing, slate panes. Arguments as `Base`."""

    name = "glass"
    recipe = Recipe(
        secondary_hue=colors.slate,
        neutral_hue=colors.slate,
        text_size=sizes.text_sm,
        spacing_size=sizes.spacing_sm,
        radius_size=sizes.radius_sm,
        font=("Optima", "Candara", "Noto Sans", "source-sans-pro", "sans-serif"),
        variables={
            "block_background_fill": "*secondary_50",
            "body_background_fill_dark": "#0b1220",
        },
    )


class Citrus(Base):
    """Amber with dark text, roomy spacing. Arguments as `Base`."""

    name = "citrus"
    recipe = Recipe(
        primary_hue=colors.amber,
        secondary_hue=colors.amber,
        neutral_hue=colors.stone,
        spacing_size=sizes.spacing_lg,
        font=_sans("Ubuntu"),
        font_mono=_mono("Roboto Mono"),
        variables={
            # 600, not Gradio's 500: a bar in it must show on a white card.
            "button_primary_background_fill": "*primary_600",
            "button_primary_background_fill_hover": "*primary_500",
            "body_background_fill": "*neutral_50",
        },
    )


class Ocean(Base):
    """Emerald and sky, very round corners. Arguments as `Base`."""

    name = "ocean"
    recipe = Recipe(
        primary_hue=colors.emerald, secondary_hue=colors.sky, radius_size=sizes.radius_xxl
    )


class Ember(Base):
    """A glowing orange with dark text on warm stone. Arguments as `Base`."""

    name = "ember"
    recipe = Recipe(
        primary_hue=colors.orange,
        secondary_hue=colors.orange,
        neutral_hue=colors.stone,
        radius_size=sizes.radius_lg,
        font=_sans("Source Sans 3"),
        font_mono=_mono("Source Code Pro"),
        variables={
            "button_primary_background_fill": "*primary_600",
            "button_primary_background_fill_hover": "*primary_500",
            "body_background_fill": "*neutral_50",
            "block_background_fill": "white",
            "block_background_fill_dark": "*neutral_900",
            "input_background_fill_dark": "*neutral_800",
        },
    )


BUILTIN: dict[str, type[Base]] = {
    str(theme.name): theme
    for theme in (Base, Default, Soft, Monochrome, Glass, Citrus, Ocean, Origin, Ember)
}
"""Every built-in theme by its name."""


def _check_name(theme: object) -> None:
    if isinstance(theme, type) and issubclass(theme, ThemeClass):
        raise TypeError(f"theme: pass a theme, not its class: {theme.__name__}().")
    if not isinstance(theme, str):
        raise TypeError(f"theme: expected a theme, its name or None, got {theme!r}.")


def resolve(theme: ThemeClass | str | None) -> ThemeClass | None:
    """Return the theme that a `theme=` argument means.

    Args:
        theme: A theme; a built-in's name in any case, also as "gradio/soft"; or None.

    Returns:
        The theme; None for JupyterLab's own look.

    Raises:
        TypeError: `theme` is of another type.

    Warns:
        UserWarning: the name is of a theme on the hub, which is not fetched; the result is None.
    """
    if theme is None or isinstance(theme, ThemeClass):
        return theme
    _check_name(theme)
    name = theme.strip().casefold().removeprefix("gradio/").partition("@")[0]
    if name in BUILTIN:
        return BUILTIN[name]()
    near = difflib.get_close_matches(name, BUILTIN, 1)
    problem = "cannot be fetched in a notebook" if "/" in theme else "does not exist"
    hint = f"Did you mean {near[0]!r}?" if near else f"Built in are: {', '.join(BUILTIN)}."
    # Blamed on the line that has constructed the app.
    warnings.warn(
        f"The theme {theme!r} {problem}; using JupyterLab's look. {hint}",
        UserWarning,
        stacklevel=5,
    )
    return None
