"""Themes: what a built-in looks like, what `.set()` takes, and that it is readable and safe."""

from __future__ import annotations

import ast
import inspect
import sys
from pathlib import Path

import pytest

import ipyblocks as gr
from ipyblocks import themes
from ipyblocks.themes.builtin import BUILTIN
from ipyblocks.themes.css import as_color, check_css
from ipyblocks.themes.fonts import font_stack
from ipyblocks.themes.variables import GRADIO_NAMES, ROWS, TABLE

TOKEN_NAMES = """
    accent accent-hover on-accent text text-secondary surface card input border border-strong
    focus error success warning font font-mono font-size radius gap control-height
"""
TOKENS = {f"--ib-{name}" for name in TOKEN_NAMES.split()}
MODES = ("light", "dark")
BACKGROUNDS = ("--ib-surface", "--ib-card", "--ib-input")
HUES = list(themes.colors.PALETTES)

every_builtin = pytest.mark.parametrize("theme", [make() for make in BUILTIN.values()], ids=repr)
every_mode = pytest.mark.parametrize("mode", MODES)


def luminance(css: str) -> float:
    """WCAG 2.2 relative luminance, written from its definition, independent of the package."""
    digits = {"white": "ffffff", "black": "000000"}.get(css, css.removeprefix("#"))
    assert len(digits) == 6, f"{css!r} is not an opaque hex colour"

    def linear(channel: int) -> float:
        c = channel / 255
        return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(digits[i : i + 2], 16)) for i in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_formula_gives_the_published_values() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#ffffff", "#ffffff") == 1
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#2563eb", "white") == pytest.approx(5.17, abs=0.005)


# What a theme compiles to


@every_builtin
def test_a_builtin_gives_every_token_and_no_other(theme: themes.Base) -> None:
    tokens = theme.tokens()
    assert set(tokens) == set(MODES)
    for mode in MODES:
        assert set(tokens[mode]) == TOKENS
        for css in tokens[mode].values():
            assert css == check_css("token", css)
            assert "gradient" not in css
            assert "*" not in css.replace("2 * ", "")


@every_builtin
@every_mode
def test_text_on_the_accent_reaches_aa(theme: themes.Base, mode: str) -> None:
    tokens = theme.tokens()[mode]
    assert contrast(tokens["--ib-on-accent"], tokens["--ib-accent"]) >= 4.5
    assert contrast(tokens["--ib-on-accent"], tokens["--ib-accent-hover"]) >= 4.5


@every_builtin
@every_mode
@pytest.mark.parametrize("text", ["text", "text-secondary", "error", "success", "warning"])
def test_text_reaches_aa_on_every_background(theme: themes.Base, mode: str, text: str) -> None:
    tokens = theme.tokens()[mode]
    for background in BACKGROUNDS:
        assert contrast(tokens[f"--ib-{text}"], tokens[background]) >= 4.5, background


@every_builtin
@every_mode
@pytest.mark.parametrize("line", ["accent", "focus", "border-strong"])
def test_what_must_be_seen_reaches_three_to_one(theme: themes.Base, mode: str, line: str) -> None:
    tokens = theme.tokens()[mode]
    for background in BACKGROUNDS:
        assert contrast(tokens[f"--ib-{line}"], tokens[background]) >= 3, background


@pytest.mark.parametrize("hue", HUES)
@pytest.mark.parametrize("make", BUILTIN.values(), ids=BUILTIN)
def test_text_on_the_accent_reaches_aa_for_any_hue(make: type[themes.Base], hue: str) -> None:
    tokens = make(primary_hue=hue).tokens()
    for mode in MODES:
        assert contrast(tokens[mode]["--ib-on-accent"], tokens[mode]["--ib-accent"]) >= 4.5


@every_mode
@pytest.mark.parametrize("hue", ["slate", "gray", "zinc", "neutral", "stone"])
def test_base_is_readable_with_any_neutral_hue(hue: str, mode: str) -> None:
    tokens = themes.Base(neutral_hue=hue).tokens()[mode]
    for background in BACKGROUNDS:
        assert contrast(tokens["--ib-text"], tokens[background]) >= 4.5
        assert contrast(tokens["--ib-text-secondary"], tokens[background]) >= 4.5
        assert contrast(tokens["--ib-border-strong"], tokens[background]) >= 3


@pytest.mark.parametrize(
    ("accent", "text"),
    [
        ("#ffee00", "black"),
        ("#1e3a8a", "white"),
        ("rgb(255, 238, 0)", "black"),
        ("RGB(255 238 0)", "black"),
        ("#fe0", "black"),
        ("linear-gradient(90deg, #ffee00, #000)", "black"),
        ("hsl(60 100% 50%)", "white"),
        ("rgba(255, 238, 0, 0.1)", "white"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*gradient:UserWarning")
def test_text_follows_an_accent_that_is_set(accent: str, text: str) -> None:
    theme = themes.Base().set(button_primary_background_fill=accent)
    assert theme.tokens()["light"]["--ib-on-accent"] == text


def test_a_theme_class_alone_changes_nothing() -> None:
    assert themes.ThemeClass().tokens() == {"light": {}, "dark": {}}


def test_tokens_are_a_fresh_copy() -> None:
    theme = themes.Soft()
    theme.tokens()["light"]["--ib-text"] = "red"
    assert theme.tokens()["light"]["--ib-text"] != "red"


def test_sizes_keep_to_jupyterlab_density() -> None:
    def of(spacing: str) -> tuple[str, str]:
        light = themes.Base(spacing_size=spacing).tokens()["light"]
        return light["--ib-gap"], light["--ib-control-height"]

    assert of("sm") == ("calc(2 * 4px)", "calc(24px + 4px)")
    assert of("md") == ("calc(2 * 6px)", "calc(24px + 6px)")
    assert of("lg") == ("calc(2 * 8px)", "calc(24px + 8px)")


# The constructor


def test_a_name_and_an_object_are_the_same() -> None:
    by_name = themes.Base(
        primary_hue="emerald",
        secondary_hue="rose",
        neutral_hue="stone",
        text_size="lg",
        spacing_size="spacing_sm",
        radius_size="none",
    )
    by_object = themes.Base(
        primary_hue=themes.colors.emerald,
        secondary_hue=themes.colors.rose,
        neutral_hue=themes.colors.stone,
        text_size=themes.sizes.text_lg,
        spacing_size=themes.sizes.spacing_sm,
        radius_size=themes.sizes.radius_none,
    )
    assert by_name.tokens() == by_object.tokens()
    light = by_name.tokens()["light"]
    assert light["--ib-accent"] == themes.colors.emerald.c700
    assert light["--ib-font-size"] == "16px"
    assert light["--ib-radius"] == "0px"


def test_arguments_are_keyword_only() -> None:
    parameters = list(inspect.signature(themes.Base.__init__).parameters.values())[1:]
    assert [p.name for p in parameters] == [
        "primary_hue",
        "secondary_hue",
        "neutral_hue",
        "text_size",
        "spacing_size",
        "radius_size",
        "font",
        "font_mono",
    ]
    assert {p.kind for p in parameters} == {inspect.Parameter.KEYWORD_ONLY}


def test_an_argument_wins_over_the_builtin_choice() -> None:
    assert themes.Soft(primary_hue="rose").tokens()["light"]["--ib-accent"] == "#e11d48"
    assert themes.Monochrome(radius_size="lg").tokens()["light"]["--ib-radius"] == "6px"


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"primary_hue": "emerld"}, ValueError, "primary_hue.*'emerld'.*'emerald'"),
        ({"neutral_hue": "xxxx"}, ValueError, "There are: slate"),
        ({"text_size": "radius_md"}, ValueError, "text_size"),
        ({"radius_size": "huge"}, ValueError, "There are: none, sm"),
        ({"primary_hue": 3}, TypeError, "primary_hue.*Color"),
        ({"text_size": themes.colors.red}, TypeError, "text_size.*Size"),
        ({"font": "x; color: red"}, ValueError, "font"),
        ({"font": ""}, ValueError, "empty"),
        ({"font": [3]}, TypeError, "font"),
        ({"font_mono": "*primary_500"}, ValueError, "font_mono.*refer"),
        ({"primary_hue": themes.Color(*["url(x)"] * 11)}, ValueError, "primary_50"),
        ({"primary_hue": themes.Color(*["*accent"] * 11)}, ValueError, "primary_50"),
        ({"text_size": themes.Size(*["1px}"] * 7)}, ValueError, "text_xxs"),
    ],
)
def test_a_wrong_argument_is_named(
    arguments: dict[str, object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        themes.Base(**arguments)  # type: ignore[arg-type]


def test_palettes_and_scales_are_complete() -> None:
    assert len(themes.colors.PALETTES) == 22
    for name, color in themes.colors.PALETTES.items():
        assert getattr(themes.colors, name) is color
        shades = [luminance(shade) for shade in color.expand()]
        assert len(shades) == 11
        assert shades == sorted(shades, reverse=True), name
    assert len(themes.sizes.SIZES) == 11
    for name, size in themes.sizes.SIZES.items():
        assert getattr(themes.sizes, name) is size
        steps = [int(step.removesuffix("px")) for step in size.expand()]
        assert steps == sorted(steps), name
    assert themes.colors.blue.c500 == "#3b82f6"
    assert themes.colors.slate.c950 == "#020617"
    assert themes.sizes.text_md.md == "14px"


# Fonts


@pytest.mark.parametrize(
    ("font", "css"),
    [
        ("Inter", "Inter, sans-serif"),
        (themes.Font("Inter"), "'Inter', sans-serif"),
        (themes.GoogleFont("Open Sans", weights=[300]), "'Open Sans', sans-serif"),
        ((themes.LocalFont("Lora"), "serif"), "'Lora', serif"),
        (["Optima", themes.Font("monospace")], "Optima, monospace"),
        ("Helvetica, system-ui", "Helvetica, system-ui"),
        ([], "sans-serif"),
    ],
)
def test_a_font_is_named_with_a_fallback(font: themes.Font | str, css: str) -> None:
    assert font_stack("font", font, ["sans-serif"]) == css


@pytest.mark.parametrize("name", ["", " ", "O'Neil", 'x"', "a;b", "a\\b", "url(x)", "a\nb"])
def test_a_font_name_cannot_leave_its_quotes(name: str) -> None:
    for make in (themes.Font, themes.GoogleFont, themes.LocalFont):
        with pytest.raises(ValueError, match="font"):
            make(name)


def test_fonts_compare_by_family() -> None:
    assert themes.Font("Inter") == themes.Font("Inter") != themes.GoogleFont("Inter")
    assert len({themes.Font("Inter"), themes.Font("Inter")}) == 1
    assert repr(themes.GoogleFont("Inter")) == "GoogleFont('Inter')"
    assert themes.GoogleFont("Inter").weights == (400, 600)


def test_no_font_is_downloaded() -> None:
    theme = themes.Base(font=themes.GoogleFont("Inter"), font_mono=themes.LocalFont("Fira Code"))
    light = theme.tokens()["light"]
    assert light["--ib-font"] == "'Inter', system-ui, sans-serif"
    assert light["--ib-font-mono"] == "'Fira Code', ui-monospace, monospace"


# set()


@pytest.mark.parametrize("row", [row for row in ROWS if row.settable], ids=lambda row: row.name)
def test_each_row_moves_its_token_in_each_mode(row: object) -> None:
    assert isinstance(row, type(ROWS[0]))
    value = "#123456" if row.kind == "color" else "3px"
    theme = themes.Base().set(**{row.name: value})
    assert theme.tokens()["light"][row.token or ""] == value
    if row.dark is None:
        assert theme.tokens()["dark"][row.token or ""] == value
    if row.kind == "color":
        before = themes.Base().tokens()
        theme = themes.Base().set(**{f"{row.name}_dark": value})
        assert theme.tokens()["dark"][row.token or ""] == value
        assert theme.tokens()["light"] == before["light"]


def test_set_returns_the_theme_and_takes_none_for_unchanged() -> None:
    theme = themes.Soft()
    before = theme.tokens()
    assert theme.set(body_text_color=None, block_radius="") is theme
    assert theme.tokens() == before


def test_references_are_followed_in_their_mode() -> None:
    theme = themes.Base(neutral_hue="slate").set(
        body_text_color="*body_text_color_subdued",
        body_text_color_dark="*body_text_color_subdued",
        block_radius="calc(*radius_lg - 1px) 0 *radius_sm",
        block_background_fill="*panel_background_fill",
    )
    slate, tokens = themes.colors.slate, theme.tokens()
    assert tokens["light"]["--ib-text"] == slate.c600
    assert tokens["dark"]["--ib-text"] == slate.c400
    assert tokens["light"]["--ib-radius"] == "calc(8px - 1px) 0 4px"
    assert tokens["light"]["--ib-card"] == slate.c50


def test_a_variable_without_a_token_counts_when_one_depends_on_it() -> None:
    theme = themes.Base().set(
        background_fill_primary="#fafafa", background_fill_primary_dark="#111"
    )
    assert theme.tokens()["light"]["--ib-surface"] == "#fafafa"
    assert theme.tokens()["dark"]["--ib-surface"] == "#111"
    theme.set(table_radius="7px", block_radius="*table_radius")
    assert theme.tokens()["light"]["--ib-radius"] == "7px"


def test_a_variable_without_effect_is_named() -> None:
    theme = themes.Base()
    before = theme.tokens()
    with pytest.warns(UserWarning, match=r"^block_shadow has no effect in a notebook cell\.$"):
        assert theme.set(block_shadow="none") is theme
    with pytest.warns(UserWarning, match="checkbox_check, slider_color_dark have no effect"):
        theme.set(slider_color_dark="red", checkbox_check="url(tick.svg)")
    assert theme.tokens() == before


def test_every_gradio_variable_is_accepted() -> None:
    theme = themes.Base()
    with pytest.warns(UserWarning, match="have no effect") as caught:
        theme.set(**dict.fromkeys(GRADIO_NAMES, "1px"))
    assert len(caught) == 1
    shown = {row.name for row in ROWS if row.settable}
    named = str(caught[0].message).removesuffix(" have no effect in a notebook cell.").split(", ")
    used = {name.removesuffix("_dark") for name in GRADIO_NAMES - set(named)}
    assert used == shown


def test_the_warning_points_at_the_caller() -> None:
    with pytest.warns(UserWarning, match="has no effect") as caught:
        themes.Base().set(block_shadow="none")
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("button_primary_backgroud_fill", "'button_primary_background_fill'"),
        ("block_radius_dark", "'block_radius'"),
        ("primary_500", ""),
        ("accent", ""),
    ],
)
def test_an_unknown_variable_is_refused(name: str, hint: str) -> None:
    with pytest.raises(TypeError, match=f"'{name}' is not a theme variable.*{hint}"):
        themes.Base().set(**{name: "red"})


UNSAFE = [
    "red; background: blue",
    "red}",
    "{red",
    "<b>",
    "@import 'x'",
    "@IMPORT 'x'",
    "url(x.png)",
    "URL('x.png')",
    "linear-gradient(red, url(x))",
    "image-set('x.png' 1x)",
    "src('x')",
    "expression(1)",
    "\\75rl(x)",
    "red /* */",
    "red !important",
    "'open",
    "rgb(1, 2",
    "1px)",
    ")(",
    "red\nblue",
    "\x00",
]


@pytest.mark.parametrize("value", UNSAFE)
@pytest.mark.parametrize("name", ["body_text_color", "body_text_color_dark", "slider_color"])
def test_an_unsafe_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        themes.Base().set(**{name: value})


def test_safe_parts_cannot_make_an_unsafe_whole() -> None:
    theme = themes.Base()
    with pytest.raises(ValueError, match=r"block_radius: .*url"):
        theme.set(embed_radius="(x)", block_radius="url*embed_radius")


@pytest.mark.parametrize(
    "variables",
    [
        {"body_text_color": "*body_text_color"},
        {"body_text_color_dark": "*body_text_color"},
        {"body_text_color": "*slider_color", "slider_color": "*body_text_color"},
        # only in dark: there the light value of the one meets the dark value of the other
        {"block_radius": "*color_accent_soft", "color_accent_soft_dark": "*block_radius"},
        {"button_primary_background_fill": "*button_primary_text_color"},
    ],
)
def test_a_circle_is_refused(variables: dict[str, str]) -> None:
    theme = themes.Base()
    with pytest.raises(ValueError, match="refers to itself"):
        theme.set(**variables)
    assert theme.tokens() == themes.Base().tokens()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("*primry_500", "body_text_color: there is no.*primary_500"),
        ("*neutral_100_dark", "body_text_color: write"),
    ],
)
def test_a_wrong_reference_is_refused(value: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        themes.Base().set(body_text_color=value)


def test_a_value_is_a_string() -> None:
    for value in (0, 3, themes.colors.red):
        with pytest.raises(TypeError, match="body_text_color: expected a CSS value"):
            themes.Base().set(body_text_color=value)  # type: ignore[arg-type]


def test_after_an_error_nothing_is_set() -> None:
    theme = themes.Base()
    with pytest.raises(ValueError, match="border_color_primary"):
        theme.set(body_text_color="red", border_color_primary="{")
    assert theme.tokens() == themes.Base().tokens()


def test_a_reference_to_nothing_leaves_jupyterlabs_value() -> None:
    theme = themes.Base()
    with pytest.warns(UserWarning, match=r"body_background_fill refers to .* JupyterLab's value"):
        theme.set(body_background_fill="*stat_background_fill")
    assert "--ib-surface" not in theme.tokens()["light"]
    assert "--ib-surface" in theme.tokens()["dark"]


def test_a_gradient_is_drawn_as_its_first_colour() -> None:
    theme = themes.Base()
    with pytest.warns(UserWarning, match="body_background_fill: .* gradient") as caught:
        theme.set(
            body_background_fill="repeating-linear-gradient(45deg, *primary_200, *primary_200 9px)"
        )
    assert len(caught) == 1
    assert theme.tokens()["light"]["--ib-surface"] == themes.colors.blue.c200
    theme.set(body_text_color="red")  # the gradient has been spoken of


@pytest.mark.parametrize(
    ("css", "color"),
    [
        ("red", "red"),
        ("none", "transparent"),
        ("linear-gradient(red, blue)", "red"),
        ("linear-gradient(to right, red 10%, blue)", "red"),
        ("radial-gradient(circle at top, rgb(0 0 0 / 0.1) 0%, white)", "rgb(0 0 0 / 0.1)"),
        ("conic-gradient(from 45deg at 50% 50%, #fff, #000), green", "#fff"),
        ("linear-gradient(.5turn, hsl(1, 2%, 3%), blue)", "hsl(1, 2%, 3%)"),
        ("linear-gradient(45deg)", None),
    ],
)
def test_one_colour_stands_for_a_background(css: str, color: str | None) -> None:
    assert as_color(css) == color


def test_a_theme_of_ones_own() -> None:
    class Seafoam(themes.Base):
        def __init__(self, *, primary_hue: themes.Color | str = themes.colors.emerald) -> None:
            super().__init__(primary_hue=primary_hue)
            self.name = "seafoam"
            super().set(button_primary_background_fill="*primary_800")

    theme = Seafoam()
    assert repr(theme) == "<Seafoam theme 'seafoam'>"
    assert theme.tokens()["light"]["--ib-accent"] == themes.colors.emerald.c800
    assert Seafoam(primary_hue="red").tokens()["light"]["--ib-accent"] == "#991b1b"


# resolve()


def test_none_and_a_theme_stay_what_they_are() -> None:
    theme = themes.Soft()
    assert themes.resolve(None) is None
    assert themes.resolve(theme) is theme


@pytest.mark.parametrize("name", BUILTIN)
@pytest.mark.parametrize("form", ["{}", "gradio/{}", " {} ", "Gradio/{}@0.0.1"])
def test_a_builtin_is_found_by_name(name: str, form: str) -> None:
    for text in (form.format(name), form.format(name.upper())):
        assert type(themes.resolve(text)) is BUILTIN[name]


@pytest.mark.parametrize("name", ["someone/seafoam", "someone/soft", "sof", "", "gradio/"])
def test_a_theme_of_the_hub_is_not_fetched(name: str) -> None:
    problem = "cannot be fetched in a notebook" if "/" in name else "does not exist"
    with pytest.warns(UserWarning, match=f"{problem}; using") as caught:
        gr.Blocks(theme=name)
    assert caught[0].filename == __file__


def test_the_nearest_theme_is_named() -> None:
    with pytest.warns(UserWarning, match="'sotf' does not exist.*Did you mean 'soft'"):
        gr.Blocks(theme="sotf")
    with pytest.raises(AttributeError, match=r"'Sotf'. Did you mean gr\.themes\.Soft\?"):
        _ = themes.Sotf
    with pytest.raises(TypeError, match="font: expected a Font, a string or a list of them, got"):
        themes.Soft(font=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [3, b"soft", {"name": "soft"}, object(), themes.Soft])
def test_anything_else_is_no_theme(value: object) -> None:
    with pytest.raises(TypeError, match="theme: "):
        themes.resolve(value)  # type: ignore[arg-type]


# The package


def test_the_table_is_gradios() -> None:
    names = [row.name for row in TABLE]
    assert len(names) == len(set(names))
    assert {row.name for row in TABLE if row.settable} <= GRADIO_NAMES
    assert not {row.name for row in TABLE if not row.settable} & GRADIO_NAMES
    assert {row.token for row in ROWS} == TOKENS
    assert len(ROWS) == len(TOKENS)


def test_public_names() -> None:
    for name in themes.__all__:
        assert hasattr(themes, name)
    assert themes.Theme is themes.Base


def test_imports_stay_inside_the_package() -> None:
    files = sorted(Path(themes.__file__).parent.glob("*.py"))
    assert len(files) > 5
    for path in files:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert all(alias.name in sys.stdlib_module_names for alias in node.names), path
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module in {*sys.stdlib_module_names, "collections.abc"}, path
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 1, path
