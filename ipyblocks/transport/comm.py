"""The widget comm as a transport, with the control channel as a second way up.

The shell channel delivers comm messages only between cells. Where the kernel is ipykernel, its
control channel, which has a thread of its own, delivers them while a cell runs too; the page uses
it when the welcome says so.

What is ours is taken off the channel before the kernel announces it: for every message it would
tell all front ends that it is busy and then idle, which costs each of them more than a click does,
and says "idle" in the middle of a running cell.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import msgspec

log = logging.getLogger("ipyblocks")

Receive = Callable[[object, list[Any]], None]

_receivers: dict[str, Receive] = {}
"""By comm id: who hears what the page sends on the control channel."""


def listen_on_control(comm_id: str, receive: Receive) -> bool:
    """Hear the comm on the control channel too.

    Returns:
        Whether this kernel has a control channel that can be used.
    """
    if not has_control():
        return False
    _receivers[comm_id] = receive
    return True


def stop_listening(comm_id: str) -> None:
    """Undo :func:`listen_on_control`. A comm that is not listened to is left alone."""
    _receivers.pop(comm_id, None)


def has_control() -> bool:
    """Whether this kernel has a control channel that can be used.

    From the first call on, comm messages that arrive there reach those who listen.
    """
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    kernel = getattr(get_ipython(), "kernel", None)
    handlers = getattr(kernel, "control_handlers", None)
    if not isinstance(handlers, dict) or getattr(kernel, "control_thread", None) is None:
        return False
    former = handlers.get("comm_msg")
    if not getattr(former, "_ipyblocks", False):
        handlers["comm_msg"] = handler(former)
        _take_ours_first(kernel)
    return True


def handler(former: Callable[..., Any] | None) -> Callable[..., Any]:
    """A kernel's handler of ``comm_msg`` on the control channel; what is not ours goes to
    ``former``.
    """

    def comm_msg(stream: Any, ident: Any, parent: dict[str, Any]) -> Any:
        if _deliver(parent):
            return None
        return former(stream, ident, parent) if former is not None else None

    comm_msg._ipyblocks = True  # type: ignore[attr-defined]
    return comm_msg


def _deliver(message: dict[str, Any]) -> bool:
    """Hand a ``comm_msg`` to whom it is for. Returns whether there is somebody."""
    content = message.get("content", {})
    receive = _receivers.get(content.get("comm_id", ""))
    if receive is None:
        return False
    # Decodes and hands over, nothing else: this thread also serves interrupts and the debugger.
    receive(content.get("data", {}).get("content"), message.get("buffers", []))
    return True


class _Header(msgspec.Struct):
    msg_type: str


class _Content(msgspec.Struct):
    comm_id: str


def _take_ours_first(kernel: Any) -> None:
    """Have the control channel's stream ask us before the kernel. Where a kernel is built in
    another way, the handler that it has does, with the announcements.
    """
    stream = getattr(kernel, "control_stream", None)
    dispatch = getattr(kernel, "dispatch_control", None)
    session = getattr(kernel, "session", None)
    if stream is None or dispatch is None or session is None:
        return
    try:
        receive = receiver(session, dispatch)
        stream.io_loop.add_callback(stream.on_recv, receive, copy=False)
    except Exception:  # kernels differ, and the handler is there in any case
        log.debug("The control channel is left as it is.", exc_info=True)


def receiver(session: Any, dispatch: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    """What a kernel's control stream calls with the frames of a message.

    Args:
        session: reads messages and checks their signatures (``jupyter_client``).
        dispatch: the kernel's own; gets the frames of what is not ours.
    """

    def receive(frames: list[Any]) -> Any:
        try:
            if not _is_ours(frames):
                return dispatch(frames)
            _, rest = session.feed_identities(frames, copy=False)
            # Whoever does not know the kernel's key gets no further.
            _deliver(session.deserialize(rest, content=True, copy=False))
        except Exception:
            log.exception("A message on the control channel could not be read.")
        return None

    return receive


def _is_ours(frames: list[Any]) -> bool:
    # Looked at and not read: reading a message twice is a replay to the kernel.
    raw = [frame.buffer for frame in frames]
    try:
        start = next(i for i, each in enumerate(raw) if each == b"<IDS|MSG>")
        header = msgspec.json.decode(raw[start + 2], type=_Header)
        if header.msg_type != "comm_msg":
            return False
        return msgspec.json.decode(raw[start + 5], type=_Content).comm_id in _receivers
    except (StopIteration, IndexError, msgspec.DecodeError):
        return False
