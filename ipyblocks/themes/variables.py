"""The one table: which Gradio theme variable becomes which token of a notebook cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from . import colors


@dataclass(frozen=True)
class Variable:
    """One theme variable.

    Args:
        name: Gradio's name of it, or ours where `settable` is False.
        light: Its value in a light JupyterLab: CSS, with `*name` for another variable's value.
        dark: Its value in a dark one; None (default) for the same as `light`.
        token: The CSS custom property it becomes; None (default) when it is only referred to.
        kind: "color" (default) values are reduced to one colour; "size" and "font" are not.
        settable: Whether `.set()` accepts it. Default True.
    """

    name: str
    light: str
    dark: str | None = None
    token: str | None = None
    kind: Literal["color", "size", "font"] = "color"
    settable: bool = True


# Shades are chosen for contrast, which the tests compute: AA (4.5:1) for text on every
# background, 3:1 for focus and strong borders. `accent`, `accent_hover` and `on_accent` are
# computed from the primary hue (base.py, values.py), so that it holds for any hue.
TABLE: tuple[Variable, ...] = (
    Variable("button_primary_background_fill", "*accent", "*accent", "--ib-accent"),
    Variable(
        "button_primary_background_fill_hover",
        "*accent_hover",
        "*accent_hover",
        "--ib-accent-hover",
    ),
    Variable("button_primary_text_color", "*on_accent", "*on_accent", "--ib-on-accent"),
    Variable("body_text_color", "*neutral_800", "*neutral_100", "--ib-text"),
    Variable("body_text_color_subdued", "*neutral_600", "*neutral_400", "--ib-text-secondary"),
    Variable(
        "body_background_fill",
        "*background_fill_primary",
        "*background_fill_primary",
        "--ib-surface",
    ),
    Variable("block_background_fill", "*background_fill_primary", "*neutral_800", "--ib-card"),
    Variable("input_background_fill", "white", "*neutral_900", "--ib-input"),
    Variable("border_color_primary", "*neutral_200", "*neutral_700", "--ib-border"),
    Variable("border_color_accent", "*neutral_500", "*neutral_500", "--ib-border-strong"),
    Variable("input_border_color_focus", "*secondary_700", "*secondary_400", "--ib-focus"),
    Variable("error_text_color", colors.red.c700, colors.red.c400, "--ib-error"),
    Variable("block_radius", "*radius_sm", token="--ib-radius", kind="size"),
    # Twice spacing_md keeps the gap on the 4 px grid: 8, 12 (JupyterLab's) or 16 px.
    Variable("layout_gap", "calc(2 * *spacing_md)", token="--ib-gap", kind="size"),
    Variable("body_text_size", "*text_md", token="--ib-font-size", kind="size"),
    # Tokens for which Gradio has no variable; the constructor's arguments move them.
    Variable("font", "sans-serif", token="--ib-font", kind="font", settable=False),
    Variable("font_mono", "monospace", token="--ib-font-mono", kind="font", settable=False),
    Variable(
        "control_height",
        "calc(24px + *spacing_md)",
        token="--ib-control-height",
        kind="size",
        settable=False,
    ),
    Variable(
        "success_text_color", colors.green.c700, colors.green.c400, "--ib-success", settable=False
    ),
    Variable(
        "warning_text_color", colors.amber.c700, colors.amber.c400, "--ib-warning", settable=False
    ),
    # No token of their own: they have a value because themes like to refer to them.
    Variable("background_fill_primary", "white", "*neutral_950"),
    Variable("background_fill_secondary", "*neutral_50", "*neutral_900"),
    Variable("color_accent", "*primary_500"),
    Variable("color_accent_soft", "*primary_50", "*neutral_700"),
    Variable("border_color_accent_subdued", "*border_color_accent"),
    Variable("block_border_color", "*border_color_primary"),
    Variable("block_info_text_color", "*body_text_color_subdued"),
    Variable("block_label_background_fill", "*background_fill_primary", "*neutral_900"),
    Variable("block_label_text_color", "*body_text_color_subdued"),
    Variable("block_title_text_color", "*body_text_color_subdued"),
    Variable("input_border_color", "*border_color_primary"),
    Variable("panel_background_fill", "*background_fill_secondary"),
    Variable("link_text_color", "*secondary_700", "*secondary_400"),
    Variable("slider_color", "*color_accent"),
    Variable("loader_color", "*color_accent"),
    Variable("button_primary_border_color", "*button_primary_background_fill"),
    Variable("button_secondary_background_fill", "*neutral_200", "*neutral_600"),
    Variable("button_secondary_background_fill_hover", "*neutral_300", "*neutral_700"),
    Variable("button_secondary_text_color", "black", "white"),
    Variable("error_background_fill", colors.red.c50, "*background_fill_primary"),
    Variable("error_border_color", "*error_text_color"),
    Variable("error_icon_color", "*error_text_color"),
    Variable("container_radius", "*radius_lg", kind="size"),
    Variable("embed_radius", "*radius_sm", kind="size"),
    Variable("input_radius", "*radius_sm", kind="size"),
    Variable("button_large_radius", "*radius_md", kind="size"),
    Variable("button_small_radius", "*radius_md", kind="size"),
)

ROWS: tuple[Variable, ...] = tuple(row for row in TABLE if row.token is not None)
"""The variables that become tokens."""

# Every variable of Gradio 4.34 and 6.x; those of the first list have a `_dark` form as well.
_WITH_DARK = """
    accordion_text_color
    background_fill_primary background_fill_secondary
    block_background_fill block_border_color block_border_width block_info_text_color
    block_label_background_fill block_label_border_color block_label_border_width
    block_label_text_color block_shadow block_title_background_fill block_title_border_color
    block_title_border_width block_title_text_color
    body_background_fill body_text_color body_text_color_subdued
    border_color_accent border_color_accent_subdued border_color_primary
    button_border_width button_cancel_background_fill button_cancel_background_fill_hover
    button_cancel_border_color button_cancel_border_color_hover button_cancel_shadow
    button_cancel_shadow_active button_cancel_shadow_hover button_cancel_text_color
    button_cancel_text_color_hover button_primary_background_fill
    button_primary_background_fill_hover button_primary_border_color
    button_primary_border_color_hover button_primary_shadow button_primary_shadow_active
    button_primary_shadow_hover button_primary_text_color button_primary_text_color_hover
    button_secondary_background_fill button_secondary_background_fill_hover
    button_secondary_border_color button_secondary_border_color_hover button_secondary_shadow
    button_secondary_shadow_active button_secondary_shadow_hover button_secondary_text_color
    button_secondary_text_color_hover
    checkbox_background_color checkbox_background_color_focus checkbox_background_color_hover
    checkbox_background_color_selected checkbox_border_color checkbox_border_color_focus
    checkbox_border_color_hover checkbox_border_color_selected checkbox_border_width
    checkbox_label_background_fill checkbox_label_background_fill_hover
    checkbox_label_background_fill_selected checkbox_label_border_color
    checkbox_label_border_color_hover checkbox_label_border_color_selected
    checkbox_label_border_width checkbox_label_shadow checkbox_label_shadow_active
    checkbox_label_shadow_hover checkbox_label_text_color checkbox_label_text_color_selected
    code_background_fill
    color_accent_soft
    error_background_fill error_border_color error_border_width error_icon_color
    error_text_color
    input_background_fill input_background_fill_focus input_background_fill_hover
    input_border_color input_border_color_focus input_border_color_hover input_border_width
    input_placeholder_color input_shadow input_shadow_focus
    link_text_color link_text_color_active link_text_color_hover link_text_color_visited
    loader_color
    panel_background_fill panel_border_color panel_border_width
    shadow_spread
    slider_color
    stat_background_fill
    table_border_color table_even_background_fill table_odd_background_fill table_row_focus
    table_text_color
"""
_WITHOUT_DARK = """
    block_info_text_size block_info_text_weight block_label_margin block_label_padding
    block_label_radius block_label_right_radius block_label_shadow block_label_text_size
    block_label_text_weight block_padding block_radius block_title_padding block_title_radius
    block_title_text_size block_title_text_weight
    body_text_size body_text_weight
    button_large_padding button_large_radius button_large_text_size button_large_text_weight
    button_medium_padding button_medium_radius button_medium_text_size button_medium_text_weight
    button_shadow button_shadow_active button_shadow_hover button_small_padding
    button_small_radius button_small_text_size button_small_text_weight button_transform_active
    button_transform_hover button_transition
    chatbot_text_size
    checkbox_border_radius checkbox_check checkbox_label_gap checkbox_label_padding
    checkbox_label_text_size checkbox_label_text_weight checkbox_shadow
    color_accent
    container_radius
    embed_radius
    form_gap_width
    input_padding input_radius input_text_size input_text_weight
    layout_gap
    prose_header_text_weight prose_text_size prose_text_weight
    radio_circle
    section_header_text_size section_header_text_weight
    shadow_drop shadow_drop_lg shadow_inset
    table_radius
"""

GRADIO_NAMES: frozenset[str] = frozenset(
    [
        *_WITH_DARK.split(),
        *(f"{name}_dark" for name in _WITH_DARK.split()),
        *_WITHOUT_DARK.split(),
    ]
)
"""Every name that `.set()` accepts."""
