"""The thread that everything but handlers runs on.

One asyncio loop per process, on a daemon thread of its own, shared by all apps: the notebook's
main thread is never blocked and never needed. The thread starts with the first app and ends with
the last. Where there are no threads (Pyodide), the kernel's own loop takes its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent import futures
from concurrent.futures import Future
from typing import Any, TypeVar

from .. import context
from .backends.inline import has_threads, holds_up
from .pace import Pace

T = TypeVar("T")


class LoopThread:
    """An asyncio loop on its own thread, started and stopped.

    Attributes:
        pace: what all apps may send together.
    """

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop = asyncio.new_event_loop()
        self.pace = Pace(self.loop.time)
        self._calls: set[Future[Any]] = set()
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
        for late in list(self._calls):  # posted when nothing was called any more
            late.set_exception(RuntimeError("The last app has been closed."))

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

    def tell(self, fn: Callable[..., Any], *args: Any) -> None:
        """Like :meth:`post`, for what a function tells its page: not too late, also where the
        function keeps the loop until it ends.
        """
        self.post(fn, *args)

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

        self._calls.add(result)
        result.add_done_callback(self._calls.discard)
        self.loop.call_soon_threadsafe(run)
        try:
            return result.result(timeout)
        except futures.TimeoutError:
            if result.done():
                raise  # its own
            # Before Python 3.11 the one of futures is another class.
            raise TimeoutError(f"The loop was busy for {timeout} s.") from None

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


class KernelLoop(LoopThread):
    """The loop that runs already, for kernels without threads. Nothing here blocks, or may.

    Raises:
        RuntimeError: no loop runs.
    """

    def __init__(self) -> None:
        try:
            self.loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "This Python has no threads, and no asyncio loop runs that an app could use. "
                "Show the app in a notebook cell, or from a coroutine."
            ) from None
        self.pace = Pace(self.loop.time)
        self._stopped = False

    @property
    def here(self) -> bool:
        """See :class:`LoopThread`: there is nowhere else to be."""
        return True

    def post(self, fn: Callable[..., Any], *args: Any) -> None:
        """See :class:`LoopThread`. Never at once: whoever posts may hold a lock."""
        if not (self._stopped or self.loop.is_closed()):
            self.loop.call_soon(fn, *args)

    def tell(self, fn: Callable[..., Any], *args: Any) -> None:
        """See :class:`LoopThread`."""
        if not holds_up():
            self.post(fn, *args)
        elif not self._stopped:
            # What is said on the way, such as that a frame could not be sent, is not the run's.
            with context.running(None):
                fn(*args)

    def call(self, fn: Callable[[], T], timeout: float | None = None) -> T:
        """Call ``fn`` at once; it overtakes what has been posted."""
        return fn()

    def stop(self) -> None:
        """Take no more. The loop goes on, and what has been posted is still called."""
        self._stopped = True


_lock = threading.Lock()
_thread: LoopThread | None = None
_users = 0


def acquire() -> LoopThread:
    """The process's loop thread, started if need be. Each call wants one :func:`release`.

    Raises:
        RuntimeError: there are no threads, and no loop runs.
    """
    global _thread, _users  # noqa: PLW0603 - the one thread of the process
    with _lock:
        if _thread is None:
            _thread = LoopThread() if has_threads() else KernelLoop()
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
