"""What handlers print, log and warn goes to their own run, not to whichever cell ran last.

``sys.stdout`` and ``sys.stderr`` are stood in for while any app is open, and given back after the
last. Code that is not part of a run is not affected.
"""

from __future__ import annotations

import logging
import sys
import threading
from typing import Any, Literal

from .. import context

Stream = Literal["stdout", "stderr"]


class _StandIn:
    """A text stream that gives what a run writes to the run, and everything else to the real
    one.
    """

    def __init__(self, real: Any, name: Stream) -> None:
        self._ipyblocks_real = real
        self._ipyblocks_name: Stream = name

    def write(self, text: str) -> int:
        run = context.current_run()
        if run is None or not isinstance(text, str):
            written: int = self._ipyblocks_real.write(text)  # which says what it thinks of bytes
            return written
        run.write(self._ipyblocks_name, text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ipyblocks_real, name)


def write_beside(name: Stream, text: str) -> None:
    """Write to the real stream, as code does that is not part of a run."""
    stream = getattr(sys, name)
    if isinstance(stream, _StandIn):
        stream = stream._ipyblocks_real
    if stream is not None:
        stream.write(text)


_lock = threading.Lock()
_users = 0


def _redirect(swap: dict[int, Any]) -> None:
    """Let logging handlers that write to one stream write to another.

    Handlers keep the stream they were made with. A handler of our own would be seen:
    ``logging.basicConfig`` does nothing once there is one.
    """
    loggers = [logging.getLogger(), *logging.root.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):  # the rest are placeholders
            stream = getattr(handler, "stream", None)
            if isinstance(handler, logging.StreamHandler) and id(stream) in swap:
                handler.setStream(swap[id(stream)])


def install() -> None:
    """Begin to capture. Each call wants one :func:`uninstall`."""
    global _users  # noqa: PLW0603 - one process, one stdout
    with _lock:
        _users += 1
        if _users == 1:
            real = [sys.stdout, sys.stderr]
            sys.stdout, sys.stderr = _StandIn(real[0], "stdout"), _StandIn(real[1], "stderr")
            _redirect({id(real[0]): sys.stdout, id(real[1]): sys.stderr})


def uninstall() -> None:
    """Undo one :func:`install`. Streams that somebody else has stood in for since are left
    alone.
    """
    global _users  # noqa: PLW0603
    with _lock:
        _users -= 1
        if _users == 0:
            # Looked at once: a cell may put in another one at any moment.
            now = {"stdout": sys.stdout, "stderr": sys.stderr}
            stood_in = {name: s for name, s in now.items() if isinstance(s, _StandIn)}
            for name, stream in stood_in.items():
                setattr(sys, name, stream._ipyblocks_real)
            _redirect({id(stream): stream._ipyblocks_real for stream in stood_in.values()})
