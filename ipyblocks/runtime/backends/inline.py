"""For kernels without threads (Pyodide): what a pool would run is run by the kernel's own loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextvars import Context
from functools import cache
from typing import Any


@cache
def has_threads() -> bool:
    """Whether this Python can start threads."""
    try:
        probe = threading.Thread(target=lambda: None, daemon=True)
        probe.start()
    except RuntimeError:
        return False
    probe.join()
    return True


_depth = 0


def holds_up() -> bool:
    """Whether the code that asks keeps the kernel's loop, so that no timer fires meanwhile."""
    return _depth > 0


class Inline(Executor):
    """An executor without threads: one call in each turn of a loop, in order. Loop thread only.

    Nothing waits for its futures but coroutines: to block would be to wait for ever.

    Args:
        loop: by default the one that runs now.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop or asyncio.get_running_loop()
        self._shut = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it soon.

        Raises:
            RuntimeError: the executor has been shut down.
        """
        if self._shut:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[Any] = Future()
        # As a timer: those that are due go first, and with them what pages are to be told before
        # the call holds up everything. In a context of its own, as a thread has.
        self._loop.call_later(0, _run, future, lambda: fn(*args, **kwargs), context=Context())
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more; what has been submitted is still run. Returns at once."""
        self._shut = True


def _run(future: Future[Any], fn: Callable[[], Any]) -> None:
    global _depth  # noqa: PLW0603 - there is one thread
    if not future.set_running_or_notify_cancel():
        return
    _depth += 1
    try:
        value = fn()
    except BaseException as error:  # noqa: BLE001 - who waits gets it
        future.set_exception(error)
    else:
        future.set_result(value)
    finally:
        _depth -= 1
