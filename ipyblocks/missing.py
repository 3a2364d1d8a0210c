"""What is said of names that are not there: arguments, events and components.

Most are typing errors; the others are names of another version of Gradio, and what they are here.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

_NO_SERVER = "an app in a notebook cell has no web server. Leave it out"

COMPONENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "buttons": "use show_copy_button or show_download_button, where the component has it",
        "default": "the first value is the argument value",
        "default_value": "the first value is the argument value",
        "html_attributes": "use elem_id and elem_classes",
        "optional": "leave it out: an empty field is None or empty text for the function",
        "preserved_by_key": "leave it out: with a key, the value is kept",
        "shape": "resize the image in the function, or give height and width for how it is shown",
        "show_fullscreen_button": "leave it out",
        "stop_btn": "add a gr.Button beside it",
        "submit_btn": "add a gr.Button beside it",
        "tool": "leave it out: images cannot be edited",
        "tooltip": "use info",
    }
)
"""Arguments of components in other versions of Gradio."""

BLOCKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "css_paths": "give css the path of the file",
        "fill_width": "leave it out: an app is as wide as its cell",
        "head_paths": "give head the HTML itself",
        "layout": "use gr.Row and gr.Column",
    }
)
"""Arguments of ``Blocks`` in other versions of Gradio."""

LISTENER: Final[Mapping[str, str]] = MappingProxyType(
    {
        "_js": "it is js=",
        "status_tracker": "use show_progress_on",
    }
)
"""Arguments of listeners in other versions of Gradio."""

QUEUE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "default_enabled": "leave it out: the queue is on; queue=False on a listener goes past it",
        "live_updates": "leave it out: places in the queue are told when they change",
    }
)
"""Arguments of ``queue`` in other versions of Gradio."""

LAUNCH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "css": "it is gr.Blocks(css=…)",
        "css_paths": "it is gr.Blocks(css=…), which takes the path of a file as well",
        "enable_queue": "leave it out: the queue is on; queue=False on a listener goes past it",
        "file_directories": "it is allowed_paths",
        "footer_links": _NO_SERVER,
        "head": "it is gr.Blocks(head=…)",
        "i18n": "write texts in the language of the notebook",
        "js": "it is gr.Blocks(js=…)",
        "mcp_server": _NO_SERVER,
        "node_port": _NO_SERVER,
        "node_server_name": _NO_SERVER,
        "pwa": _NO_SERVER,
        "ssr_mode": _NO_SERVER,
        "strict_cors": _NO_SERVER,
        "theme": "it is gr.Blocks(theme=…)",
    }
)
"""Arguments of ``launch`` in other versions of Gradio."""

METHODS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "style": "give its arguments to the constructor",
        "update": "return gr.update(…), or a new component with the arguments that change",
    }
)
"""What components had as methods in Gradio 3."""

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Box": "it is gr.Group",
        "BrowserState": "give a component value=Variable(…, store=BrowserStore()); both are in "
        "ipyblocks.reactive",
        "ChatInterface": "build it with gr.Blocks: a gr.Markdown for the conversation, a "
        "gr.Textbox for the next message, and its submit event",
        "Chatbot": "show the conversation in a gr.Markdown",
        "Code": "show it in a gr.Markdown, between ``` lines, or edit it in a gr.Textbox(lines=…)",
        "DataFrame": "return the data frame to a gr.HTML",
        "Dataframe": "return the data frame to a gr.HTML",
        "Examples": "offer the examples in a gr.Dropdown, and fill the inputs from its input event",
        "File": "take the path in a gr.Textbox: functions read the files of the kernel",
        "Interface": "build it with gr.Blocks: inputs, outputs, and a gr.Button whose click event "
        "calls the function",
        "LinePlot": "draw it, save it, and give the picture to a gr.Image",
        "Plot": "save the figure, and give the picture to a gr.Image",
        "TabbedInterface": "use gr.Tab inside gr.Blocks",
        "Variable": "it is gr.State; ipyblocks.reactive has a Variable of another kind",
        "deploy": _NO_SERVER,
        "inputs": "components are in gr itself, such as gr.Textbox",
        "load": _NO_SERVER,
        "mount_gradio_app": _NO_SERVER,
        "outputs": "components are in gr itself, such as gr.Textbox",
    }
)
"""Names of Gradio that are not here, of any version, and what to use."""


def nearest(name: str, known: Iterable[str], cutoff: float = 0.7) -> str | None:
    """The known name that ``name`` was most likely meant to be, in whatever case.

    Args:
        cutoff: how alike they must be, from 0 to 1.
    """
    lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), lower, 1, cutoff)
    return lower[near[0]] if near else None


def no_argument(
    where: str, name: str, known: Collection[str], others: Mapping[str, str]
) -> TypeError:
    """The error for an unknown argument; the caller raises it.

    Args:
        where: what was called, with parentheses.
        known: arguments that it has.
        others: what to do instead, by names of other versions.
    """
    if name in others:
        return TypeError(f"{where} has no argument {name!r}: {others[name]}.")
    near = nearest(name, known)
    hint = f" Did you mean {near!r}?" if near else ""
    return TypeError(f"{where} has no argument {name!r}.{hint}")


def knows(others: Mapping[str, str]) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Let a method say what to do instead of arguments that it does not have.

    Args:
        others: what to do, by argument.
    """

    def decorate(fn: Callable[_P, _T]) -> Callable[_P, _T]:
        known = list(inspect.signature(fn).parameters)[1:]  # without self

        @functools.wraps(fn)
        def call(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            for given in kwargs:
                if given not in known:
                    is_class = fn.__name__ == "__init__"
                    name = type(args[0]).__name__ if is_class else fn.__name__
                    raise no_argument(f"{name}()", given, known, others)
            return fn(*args, **kwargs)

        return call

    return decorate
