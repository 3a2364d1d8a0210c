"""How an app shows itself in a cell: a widget for every showing, and what closes it."""

from __future__ import annotations

import contextlib
import html
import logging
import threading
from collections.abc import Callable
from typing import Any

import ipywidgets
from traitlets import Dict, Unicode

from ._version import __version__
from .codec import Packet
from .runtime.backends import choice
from .runtime.engine import Engine
from .runtime.saved import VERSION as SAVED_VERSION
from .transport.comm import has_control, listen_on_control, stop_listening

log = logging.getLogger("ipyblocks")

APP_MIME = "application/vnd.ipyblocks.v1+json"
"""What our own renderer draws: which comm to talk over, and the app as the notebook keeps it."""

SNAPSHOT_TIMEOUT = 2.0
"""Seconds to wait for a snapshot; longer only when an ``async`` handler blocks the loop."""


class AppWidget(ipywidgets.DOMWidget):  # type: ignore[misc]
    """One showing of an app: a session and the comm it talks over. Composes with ipywidgets.

    Args:
        engine: runs the app.
        title: for the plain-text form of the output.
    """

    _model_name = Unicode("AppModel").tag(sync=True)
    _view_name = Unicode("AppView").tag(sync=True)
    _model_module = Unicode("ipyblocks").tag(sync=True)
    _view_module = Unicode("ipyblocks").tag(sync=True)
    _model_module_version = Unicode(f"^{__version__}").tag(sync=True)
    _view_module_version = Unicode(f"^{__version__}").tag(sync=True)
    # Computed on demand by get_state: what a page that has just come draws before any message.
    snapshot = Dict().tag(sync=True)

    _is_open = False
    is_kept = False
    """Somebody holds it and may show it again; else it ends with the last output that shows it."""

    def __init__(self, engine: Engine, title: str) -> None:
        self._engine = engine
        self._title = title
        self._session = engine.open(self._send_packet, refers=True, control=has_control())
        super().__init__()
        self.on_msg(self._receive)
        self._comm_id = self.comm.comm_id
        listen_on_control(self._comm_id, self._session.receive)
        self._cell = current_cell()
        self._own_layout = self.layout
        self._is_open = True
        self._session.on_leave = self._leave
        _shown.append(self)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """State for ``comm_open`` and for a page that asks again, with a snapshot of this
        moment.
        """
        state: dict[str, Any] = super().get_state(key=key, drop_defaults=drop_defaults)
        if "snapshot" in state:
            packet = self._snapshot()
            state["snapshot"] = {"content": packet.content, "buffers": packet.buffers}
        return state

    def _snapshot(self) -> Packet:
        try:
            return self._engine.thread.call(self._session.snapshot, SNAPSHOT_TIMEOUT)
        except TimeoutError:
            log.warning("The app is busy; the page gets its state later.")
            return Packet({}, [])
        except RuntimeError:
            if not self._session.closed:
                raise
            return Packet({}, [])  # there is no app any more to draw

    def _send_packet(self, packet: Packet) -> None:
        # The comm alone, no traits: sending on a comm is safe from any thread, traitlets are not.
        comm = self.comm
        if comm is not None:
            comm.send({"method": "custom", "content": packet.content}, buffers=packet.buffers)

    def _receive(self, _widget: Any, content: object, buffers: list[Any]) -> None:
        self._session.receive(content, buffers)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data is not None:
            data.update(self._saved_forms())
        return bundle

    def _saved_forms(self) -> dict[str, Any]:
        """What of the app is read where no widget can be drawn, and what the notebook keeps."""
        words = plain_text(self._title)
        own = {
            "version": SAVED_VERSION,
            "commId": self._comm_id,
            "epoch": self._session.epoch,
            "control": self._session.control,
            "snapshot": None,
        }
        try:
            saved = self._engine.thread.call(self._session.saved, SNAPSHOT_TIMEOUT)
        except (TimeoutError, RuntimeError):  # busy, or closed in this very cell
            return {"text/plain": words, APP_MIME: own}
        picture = f"{saved.html}\n<p><small>{html.escape(words)}</small></p>"
        return {
            "text/plain": words,
            "text/html": picture,
            APP_MIME: {**own, "snapshot": saved.snapshot},
        }

    def _leave(self) -> None:
        if not self.is_kept:
            self.close()

    def close(self, reason: Any = "closed") -> None:
        """End the session and take the app off every page. A second call does nothing."""
        # ipywidgets calls this once more when the object is collected; the loop may be gone then.
        with _closing:  # the page may leave, on the loop thread, while its cell is run again
            if not self._is_open:
                return
            self._is_open = False
        if self in _shown:
            _shown.remove(self)
        stop_listening(self._comm_id)
        self._engine.end(self._session, reason)
        super().close()
        # ipywidgets leaves the layout behind; one that the user has put there is not ours to close.
        self._own_layout.close()

    @property
    def session(self) -> Any:
        """The session behind this showing."""
        return self._session


_shown: list[AppWidget] = []
_closing = threading.RLock()  # closing may be asked for by the garbage collector, in any line


def plain_text(title: str) -> str:
    """What is read where the app cannot be drawn."""
    name = "An ipyblocks app" if title == "ipyblocks" else f"{title}: an ipyblocks app"
    return (
        f"{name}. It needs this notebook trusted and this cell run. "
        "If it does not appear then, run `pip install ipyblocks` in the environment that "
        f"JupyterLab runs in (version {__version__}), and reload the page."
    )


def shown() -> list[AppWidget]:
    """Every showing that is open, oldest first."""
    return list(_shown)


def cell_writer() -> Callable[[str, str], None] | None:
    """A function that writes text into the output of the running cell, from any thread and also
    later; None where there is no kernel to do it.
    """
    kernel = getattr(_shell(), "kernel", None)
    session = getattr(kernel, "session", None)
    socket = getattr(kernel, "iopub_socket", None)
    if session is None or socket is None:
        return None
    shell = _shell()
    parent = shell.get_parent() if hasattr(shell, "get_parent") else shell.parent_header

    def write(stream: str, text: str) -> None:
        session.send(socket, "stream", {"name": stream, "text": text}, parent=parent)

    return write


def current_cell() -> str | None:
    """Id of the cell being run; None where the front end does not tell."""
    shell = _shell()
    if shell is None:
        return None
    with contextlib.suppress(Exception):  # differs between kernels; absent in some
        parent = shell.get_parent() if hasattr(shell, "get_parent") else shell.parent_header
        cell: str | None = parent.get("metadata", {}).get("cellId")
        return cell
    return None


def close_former_of_cell(info: Any) -> None:
    """When a cell runs again, what it showed before is closed. Hooked to IPython's
    ``pre_run_cell``.
    """
    cell = getattr(info, "cell_id", None) or current_cell()
    if cell is None:
        return
    former = [widget for widget in shown() if widget._cell == cell]
    if former:
        choice.keep()
    for widget in former:
        widget.close("rerun")


def install_hooks() -> None:
    """Close apps when their cell is run again or the kernel ends. A second call does nothing."""
    shell = _shell()
    if shell is not None and not getattr(shell, "_ipyblocks_hooked", False):
        shell._ipyblocks_hooked = True
        shell.events.register("pre_run_cell", close_former_of_cell)


def in_notebook() -> bool:
    """Whether there is a kernel whose front end can show widgets."""
    shell = _shell()
    return shell is not None and getattr(shell, "kernel", None) is not None


def _shell() -> Any:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return get_ipython()
