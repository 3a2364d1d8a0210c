"""Observers of variables are called outside of the loop, one after the other."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor

log = logging.getLogger("ipyblocks")


class Telling:
    """What is still to be told, in order. Callable from any thread.

    Args:
        pool: where observers are called.
    """

    def __init__(self, pool: Executor) -> None:
        self._pool = pool
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], None]] = deque()
        self._goes_on = False
        self._closed = False

    def tell(self, told: Callable[[], None]) -> None:
        """Call an observer after those before it. One that raises is logged."""
        with self._lock:
            self._waiting.append(told)
            if self._goes_on:
                return
            self._goes_on = True
            # When Python ends, pools end first.
            with contextlib.suppress(RuntimeError):
                if not self._closed:
                    self._pool.submit(self._tell_all)
                    return
        self._tell_all()

    def _tell_all(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._goes_on = False
                    return
                told = self._waiting.popleft()
            tell_now(told)

    def close(self) -> None:
        """The pool is about to end; what comes now is told by the thread that it comes from."""
        with self._lock:
            self._closed = True

    @property
    def is_busy(self) -> bool:
        """Whether something is yet to be told."""
        return self._goes_on


def tell_now(told: Callable[[], None]) -> None:
    """Call an observer here. One that raises is logged."""
    try:
        told()
    except BaseException:
        log.exception("An observer of a variable raised.")
