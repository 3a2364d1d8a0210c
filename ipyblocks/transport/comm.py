"""The widget comm as a transport, with the control channel as a second way up.

The shell channel delivers comm messages only between cells. Where the kernel is ipykernel, its
control channel, which has a thread of its own, delivers them while a cell runs too; the page uses
it when the welcome says so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

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

    From the first call on, the kernel passes on comm messages that arrive there.
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
    if former is not None and getattr(former, "_ipyblocks", False):
        return True

    def comm_msg(stream: Any, ident: Any, parent: dict[str, Any]) -> Any:
        content = parent.get("content", {})
        receive = _receivers.get(content.get("comm_id", ""))
        if receive is not None:
            # Decodes and hands over, nothing else: this thread also serves interrupts and the
            # debugger.
            receive(content.get("data", {}).get("content"), parent.get("buffers", []))
            return None
        return former(stream, ident, parent) if former is not None else None

    comm_msg._ipyblocks = True  # type: ignore[attr-defined]
    handlers["comm_msg"] = comm_msg
    return True
