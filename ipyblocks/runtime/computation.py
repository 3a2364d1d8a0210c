"""One call of the function of a derived variable, and who shows it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Protocol

from .. import context
from ..files import Files
from ..progress import Reports
from ..protocol import Stream, ToastLevel
from ..variables import graph
from ..variables.graph import Derived, Node
from ..variables.watch import Watch
from . import capture
from .backends.base import crossing
from .loop import LoopThread
from .reports import RunReports


class Follower(Protocol):
    """Who shows that a variable is being computed: the variables of one session."""

    def follow(self, run: Computation, watches: Sequence[Watch]) -> None:
        """A call has begun that these watches wait for."""

    def say(self, run: Computation, stream: Stream, text: str) -> None:
        """Its function has written something. Callable from any thread."""

    def toast(self, level: ToastLevel, message: str, title: str, duration: float | None) -> None:
        """Its function has something to tell. Callable from any thread."""


class Home(Protocol):
    """What a call needs to know of the evaluator that makes it."""

    @property
    def thread_now(self) -> LoopThread | None:
        """The loop's thread; None: there is none."""

    @property
    def files(self) -> Files:
        """What functions of variables keep in files."""

    def audience(self, node: Node) -> dict[Follower, list[Watch]]:
        """Sessions that look at a node, or at what is computed from it."""


class Computation:
    """One call of the function of a derived variable. See :class:`ipyblocks.context.Run`.

    Attributes:
        node: what is computed.
        values: what from.
        followers: sessions that show it.
        waits: it has no worker yet.
        began: clock reading at its start, in seconds.
        readers: cells that wait for it.
        given_up: followers whose page has pressed Cancel.
        error: what its function raised.
        cancelled: nobody wanted it any more.
    """

    tracks_tqdm = False

    # Most calls take microseconds: what they do not need is made on demand.

    waits = False
    began = 0.0
    readers = 0
    error: BaseException | None = None
    cancelled = False
    is_over = False
    interrupt: Callable[[], object] | None = None
    _reports: RunReports | None = None
    _stop: threading.Event | None = None
    _over: Future[None] | None = None

    def __init__(
        self, home: Home, node: Derived, values: Sequence[Any], versions: list[int]
    ) -> None:
        self._home = home
        self.node = node
        self.values = values
        self.versions = versions
        self.followers: dict[Follower, None] = {}
        self.given_up: set[Follower] = set()
        self.shown: list[Callable[[], None]] = []

    def compute(self) -> Any:
        """What the function gives."""
        token = context.enter(self)
        try:
            value = self.node.compute(*self.values)
            return _result_of(value) if inspect.isawaitable(value) else value
        finally:
            context.leave(token)

    @property
    def stop(self) -> threading.Event:
        """Set when it has been cancelled."""
        if self._stop is None:
            with graph.lock:
                self._stop = self._stop or threading.Event()
        return self._stop

    @property
    def reports(self) -> Reports:
        """See :class:`ipyblocks.context.Run`."""
        if self._reports is None:
            # A cell that reads a variable computes it by itself; then nobody is there to be told.
            thread = self._home.thread_now
            clock, tell = (
                (time.monotonic, _nobody) if thread is None else (thread.loop.time, thread.tell)
            )
            with graph.lock:
                self._reports = self._reports or RunReports(clock, tell, self.reported, self.stop)
        return self._reports

    def reported(self) -> None:
        """Tell those who show it how far it is; loop thread only."""
        for tell in self.shown:
            tell()

    @property
    def over(self) -> Future[None]:
        """Done when it is over, whatever became of it."""
        with graph.lock:
            if self._over is None:
                self._over = Future()
                if self.is_over:
                    self._over.set_result(None)
            return self._over

    def end(self) -> None:
        """It is over."""
        with graph.lock:
            self.is_over, waiting = True, self._over
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

    def cancel(self) -> None:
        """Stop it as well as can be; loop thread only. Again does nothing."""
        if self.cancelled or self.is_over:
            return
        self.cancelled = True
        self.stop.set()
        if self._reports is not None:
            self._reports.interrupt()
        if self.interrupt is not None:
            self.interrupt()

    @property
    def tracked(self) -> bool:
        """Whether its function says how far it is."""
        return self._reports is not None

    def toast(self, level: ToastLevel, message: str, title: str, duration: float | None) -> None:
        """See :class:`ipyblocks.context.Run`."""
        for follower in self._audience():
            follower.toast(level, message, title, duration)

    def write(self, stream: Stream, text: str) -> None:
        """See :class:`ipyblocks.context.Run`."""
        audience = self._audience()
        for follower in audience:
            follower.say(self, stream, text)
        if not audience and not self.cancelled:
            capture.write_beside(stream, text)  # a cell that reads it, or observes it

    def _audience(self) -> list[Follower]:
        """Who shows it, or would if it took longer."""
        return list(self.followers) or list(self._home.audience(self.node))

    def check_cancelled(self) -> None:
        """See :class:`ipyblocks.context.Run`."""
        if self._stop is not None and self._stop.is_set():
            raise asyncio.CancelledError("This run was cancelled.")

    @property
    def files(self) -> Files:
        """See :class:`ipyblocks.context.Run`."""
        return self._home.files


def _result_of(value: Awaitable[Any]) -> Any:
    """Wait for an awaitable in a thread that may be that of a running loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_awaited(value))
    done: Future[Any] = Future()
    inside = partial(contextvars.copy_context().run, _await, done, value)
    try:
        threading.Thread(target=inside, name="ipyblocks-await", daemon=True).start()
        return done.result()
    except KeyboardInterrupt:
        done.cancel()  # it ends at its next `await`, and is not waited for
        raise


async def _awaited(value: Awaitable[Any], done: Future[Any] | None = None) -> Any:
    if done is not None:
        cancel = partial(_cancel, asyncio.get_running_loop(), asyncio.current_task())
        done.add_done_callback(cancel)
    return await value


def _await(done: Future[Any], value: Awaitable[Any]) -> None:
    """Wait for a value in a thread of its own, until another thread wants it no more."""
    try:
        result, error = asyncio.run(_awaited(value, done)), None
    except BaseException as raised:  # noqa: BLE001 - it is for the other thread
        result, error = None, raised
    if not done.set_running_or_notify_cancel():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(crossing(error))


def _cancel(
    loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any] | None, done: Future[Any]
) -> None:
    if done.cancelled() and task is not None:
        with contextlib.suppress(RuntimeError):  # it has just ended
            loop.call_soon_threadsafe(task.cancel)


def _nobody(fn: Callable[..., Any], *args: Any) -> None:
    """Stands for a loop that there is not."""
