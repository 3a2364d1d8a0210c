"""Gradio-style ``Blocks`` apps inside notebook cells: ``import ipyblocks as gr``."""

from . import components, layouts, themes
from ._version import __version__
from .app import Blocks, close_all
from .client import Client
from .components import *  # noqa: F403 - the package lists its names
from .errors import Error, validate
from .events import on
from .injection import (
    CopyData,
    DeletedFileData,
    DownloadData,
    EditData,
    EventData,
    KeyUpData,
    LikeData,
    RetryData,
    SelectData,
    UndoData,
)
from .job import Job
from .layouts import *  # noqa: F403
from .messages import Info, Success, Warning  # noqa: A004 - Gradio's name
from .progress import Progress, check_cancelled
from .render import render
from .request import Request
from .runtime.backends.choice import configure_tasks, from_executor
from .runtime.call import skip, update
from .themes import ThemeClass as Theme

__all__ = [
    "Blocks",
    "Client",
    "CopyData",
    "DeletedFileData",
    "DownloadData",
    "EditData",
    "Error",
    "EventData",
    "Info",
    "Job",
    "KeyUpData",
    "LikeData",
    "Progress",
    "Request",
    "RetryData",
    "SelectData",
    "Success",
    "Theme",
    "UndoData",
    "Warning",
    "__version__",
    "check_cancelled",
    "close_all",
    "configure_tasks",
    "from_executor",
    "on",
    "render",
    "skip",
    "themes",
    "update",
    "validate",
]
__all__ += components.__all__
__all__ += layouts.__all__

_NOT_YET = frozenset(
    {
        "AnnotatedImage", "Audio", "BarPlot", "BrowserState", "Brush", "ChatInterface", "Chatbot",
        "ChatMessage", "Code", "ColorPicker", "CSVLogger", "DataFrame", "Dataframe",
        "Dataset", "DateTime", "DeepLinkButton", "Dialogue", "DownloadButton",
        "Draggable", "DuplicateButton", "Eraser", "Examples", "File", "FileData", "FileExplorer",
        "FlaggingCallback", "Gallery", "ImageEditor", "ImageMask", "ImageSlider", "Interface",
        "LinePlot", "List", "LoginButton", "LogoutButton", "Matrix", "Mic",
        "Microphone", "Model3D", "MultimodalTextbox", "Navbar", "Numpy", "OAuthProfile",
        "OAuthToken", "Paint", "ParamViewer", "PlayableVideo", "Plot",
        "ScatterPlot", "Sidebar", "SimpleCSVLogger", "Sketchpad", "Step",
        "TabbedInterface", "UploadButton", "Video", "Walkthrough",
        "WaveformOptions", "api", "deploy", "load", "mount_gradio_app",
        "set_static_paths",
    }
)  # fmt: skip


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Where ``jupyter-builder develop`` finds the built page."""
    return [{"src": "labextension", "dest": "ipyblocks"}]


def __getattr__(name: str) -> object:
    """Names of Gradio that are not here yet say so, instead of looking like a typing error."""
    if name == "compat":  # few need it
        from importlib import import_module

        return import_module(".compat", __name__)
    from . import missing

    if name in _NOT_YET or name in missing.NAMES:
        yet = " yet" if name in _NOT_YET else ""
        instead = missing.NAMES.get(name)
        hint = f": {instead}." if instead else "; gr.components.__all__ lists what is."
        raise AttributeError(f"gr.{name} is not available in ipyblocks {__version__}{yet}{hint}")
    near = None if name.startswith("_") else missing.nearest(name, __all__)
    hint = f". Did you mean gr.{near}?" if near else ""
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
