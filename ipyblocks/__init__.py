"""Gradio-style ``Blocks`` apps inside notebook cells: ``import ipyblocks as gr``."""

from . import components, layouts, themes
from ._version import __version__
from .app import Blocks, close_all
from .components import *  # noqa: F403 - the package lists its names
from .errors import Error
from .events import on
from .injection import EventData, KeyUpData, SelectData
from .layouts import *  # noqa: F403
from .messages import Info, Success, Warning  # noqa: A004 - Gradio's name
from .runtime.call import skip, update
from .themes import ThemeClass as Theme

__all__ = [
    "Blocks",
    "Error",
    "EventData",
    "Info",
    "KeyUpData",
    "SelectData",
    "Success",
    "Theme",
    "Warning",
    "__version__",
    "close_all",
    "on",
    "skip",
    "themes",
    "update",
]
__all__ += components.__all__
__all__ += layouts.__all__
