"""Themes: Gradio's `gr.themes`, compiled to the tokens that style one app in a cell.

Without a theme an app looks like the JupyterLab around it. A theme overrides colours, fonts and
sizes inside that app alone, in light and in dark JupyterLab themes.
"""

import difflib

from . import colors, sizes
from .base import Base, ThemeClass
from .builtin import Citrus, Default, Ember, Glass, Monochrome, Ocean, Origin, Soft, resolve
from .colors import Color
from .fonts import Font, GoogleFont, LocalFont
from .sizes import Size

Theme = Base

__all__ = [
    "Base",
    "Citrus",
    "Color",
    "Default",
    "Ember",
    "Font",
    "Glass",
    "GoogleFont",
    "LocalFont",
    "Monochrome",
    "Ocean",
    "Origin",
    "Size",
    "Soft",
    "Theme",
    "ThemeClass",
    "colors",
    "resolve",
    "sizes",
]


def __getattr__(name: str) -> object:
    """Only of names that are not there."""
    near = [] if name.startswith("_") else difflib.get_close_matches(name, __all__, 1)
    hint = f". Did you mean gr.themes.{near[0]}?" if near else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
