"""The thread that everything but handlers runs on.

One asyncio loop per process, on a daemon thread of its own, shared by all apps: the notebook's
main thread is never blocked and never needed. The thread starts with the first app and ends with
the last.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from .pace import Pace

T = TypeVar("T")


class LoopThread:
    """An asyncio loop on its own thread, started and stopped.

    Attributes:
        pace: what all apps may send together.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.pace = Pace(self.loop.time)
        started = threading.Event()
        self.loop.call_soon(started.set)
        self._thread = threading.Thread(target=self._run, name="ipyblocks-loop", daemon=True)
        self._thread.start()
        started.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        pending = asyncio.all_tasks(self.loop)
        for task in pending:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    @property
    def here(self) -> bool:
        """Whether the caller is on the loop's thread."""
        return threading.current_thread() is self._thread

    def post(self, fn: Callable[..., Any], *args: Any) -> None:
        """Call ``fn`` on the loop's thread, from any thread, in order of posting.

        After the last app has been closed there is no loop, and nothing left to do: a late message
        of a page, or a toast of a function that is still winding down, is dropped.
        """
        if not self.loop.is_closed():
            # It may be closed in between, by another thread.
            with contextlib.suppress(RuntimeError):
                self.loop.call_soon_threadsafe(fn, *args)

    def call(self, fn: Callable[[], T], timeout: float | None = None) -> T:
        """Call ``fn`` on the loop's thread and wait for what it returns.

        Args:
            timeout: seconds; None waits as long as it takes.

        Raises:
            TimeoutError: the loop was busy for longer (an ``async`` handler that blocks).
            RuntimeError: the last app has been closed, and the loop with it.
        """
        if self.here:
            return fn()
        result: Future[T] = Future()

        def run() -> None:
            try:
                result.set_result(fn())
            except BaseException as error:  # noqa: BLE001 - the caller gets it
                result.set_exception(error)

        self.loop.call_soon_threadsafe(run)
        return result.result(timeout)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine on the loop, from any thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def stop(self) -> None:
        """Cancel what is left and end the thread. Called off the loop's thread it waits for the
        end.
        """
        self.loop.call_soon_threadsafe(self.loop.stop)
        if not self.here:
            self._thread.join()


_lock = threading.Lock()
_thread: LoopThread | None = None
_users = 0


def acquire() -> LoopThread:
    """The process's loop thread, started if need be. Each call wants one :func:`release`."""
    global _thread, _users  # noqa: PLW0603 - the one thread of the process
    with _lock:
        if _thread is None:
            _thread = LoopThread()
        _users += 1
        return _thread


def release() -> None:
    """Give the loop thread back; it ends when nobody is left."""
    global _thread, _users  # noqa: PLW0603
    with _lock:
        _users -= 1
        ended, _thread = (_thread, None) if _users == 0 else (None, _thread)
    if ended is not None:
        ended.stop()
