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
        if run is None:
            written: int = self._ipyblocks_real.write(text)
            return written
        run.write(self._ipyblocks_name, text)
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ipyblocks_real, name)


class _Records(logging.Handler):
    """Gives records that are made in a run to the run."""

    def emit(self, record: logging.LogRecord) -> None:
        run = context.current_run()
        if run is not None:
            run.write("stderr", self.format(record) + "\n")
            return
        last = logging.lastResort
        # Being there keeps logging from its last resort; others must not notice.
        alone = len(logging.getLogger().handlers) == 1
        if alone and last is not None and record.levelno >= last.level:
            last.handle(record)


_lock = threading.Lock()
_users = 0
_handler = _Records()
_handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))


def install() -> None:
    """Begin to capture. Each call wants one :func:`uninstall`."""
    global _users  # noqa: PLW0603 - one process, one stdout
    with _lock:
        _users += 1
        if _users == 1:
            sys.stdout = _StandIn(sys.stdout, "stdout")
            sys.stderr = _StandIn(sys.stderr, "stderr")
            logging.getLogger().addHandler(_handler)


def uninstall() -> None:
    """Undo one :func:`install`. Streams that somebody else has stood in for since are left
    alone.
    """
    global _users  # noqa: PLW0603
    with _lock:
        _users -= 1
        if _users == 0:
            if isinstance(sys.stdout, _StandIn):
                sys.stdout = sys.stdout._ipyblocks_real
            if isinstance(sys.stderr, _StandIn):
                sys.stderr = sys.stderr._ipyblocks_real
            logging.getLogger().removeHandler(_handler)
