"""Variables, derived variables, actions and tasks with progress, in the words of Dara.

``from ipyblocks.reactive import *`` brings every name that pages and notebooks need.
"""

from ..actions import ActionCtx, action
from ..components.button import Button
from ..components.text import Text
from ..layouts.stack import Stack
from ..parts import Fallback, For, If, Match, ProgressTracker, py_component
from ..progress_updater import ProgressUpdater, TaskProgressUpdate, track_progress
from ..runtime import acting as _acting  # noqa: F401 - gives actions what they can do
from ..variables.derived import Cache, DerivedVariable
from ..variables.stores import BackendStore, BrowserStore, FileBackend, FileStore, InMemoryBackend
from ..variables.switch import SwitchVariable
from ..variables.variable import Variable
from .config import ConfigurationBuilder, config

__all__ = [
    "ActionCtx",
    "BackendStore",
    "BrowserStore",
    "Button",
    "Cache",
    "ConfigurationBuilder",
    "DerivedVariable",
    "Fallback",
    "FileBackend",
    "FileStore",
    "For",
    "If",
    "InMemoryBackend",
    "Match",
    "ProgressTracker",
    "ProgressUpdater",
    "Stack",
    "SwitchVariable",
    "TaskProgressUpdate",
    "Text",
    "Variable",
    "action",
    "config",
    "py_component",
    "track_progress",
]
