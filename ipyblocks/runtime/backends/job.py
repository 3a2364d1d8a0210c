"""One call in a worker process, as the engine and the worker's thread share it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from typing import Any, Protocol

from ... import context
from .base import END, Call, crossing

GRACE = 2.0
"""Seconds that a function has to end after it has been interrupted."""

LAST_GRACE = 1.0
"""Seconds from SIGTERM to SIGKILL."""


class Backend(Protocol):
    """What a call needs of its pool.

    Attributes:
        grace: seconds that a function has to end after it has been interrupted.
    """

    grace: float

    def withdraw(self, job: Job) -> bool:
        """Forget a call that no worker has; False: one has it, or it is over."""


class Worker(Protocol):
    """What a call needs of its worker."""

    def signal(self, name: str) -> None:
        """Send a signal, such as ``SIGINT``."""


class Job:
    """One call. See :class:`~.base.Handle`.

    Attributes:
        begun: its function is about to run, and may be told to stop.
        over: it has ended, and its worker is free or dead.
        cancelled: somebody has asked it to stop.
    """

    def __init__(self, backend: Backend, call: Call, run: context.Run, number: int) -> None:
        self.call = call
        self.run = run
        self.number = number
        self.begun = threading.Event()
        self.over = threading.Event()
        self.cancelled = False
        self._backend = backend
        self._lock = threading.Lock()
        self._next: Future[Any] | None = Future()
        self._closed: Future[None] = Future()
        self._commands: deque[str] = deque()
        self._command = threading.Semaphore(0)
        self._first: Future[Any] | None = self._next
        self._at_yield = False
        self._signals: Callable[[str], None] | None = None

    # --- for the engine --------------------------------------------------------------------------

    def step(self) -> Future[Any]:
        """See :class:`~.base.Handle`."""
        with self._lock:
            first, self._first = self._first, None
            if first is not None:
                return first
            wanted: Future[Any] = Future()
            self._next = wanted
            if self.over.is_set():
                wanted.set_result(END)
                self._next = None
            else:
                self._say("step")
            return wanted

    def close(self) -> Future[None]:
        """See :class:`~.base.Handle`."""
        with self._lock:
            self._say("close")
        return self._closed

    def cancel(self) -> None:
        """See :class:`~.base.Handle`."""
        with self._lock:
            if self.cancelled or self.over.is_set():
                return
            self.cancelled = True
            at_yield = self._at_yield
            self._say("close")
        if not self._backend.withdraw(self):
            threading.Thread(
                target=self._stop, args=(at_yield,), name="ipyblocks-cancel", daemon=True
            ).start()

    def _say(self, command: str) -> None:
        self._commands.append(command)
        self._command.release()

    def _stop(self, at_yield: bool) -> None:
        """The ladder. Each step is left out when the call is over before it."""
        grace = self._backend.grace
        if self.over.is_set():
            return
        if not self.begun.wait(grace):
            self._signal("SIGTERM")  # it does not even arrive: modules are being imported
        elif not (at_yield and self.over.wait(grace)):
            # A generator at a yield is closed; all others are interrupted.
            self._signal("SIGINT")
        if self.over.wait(grace):
            return
        self._signal("SIGTERM")
        if not self.over.wait(min(grace, LAST_GRACE)):
            self._signal("SIGKILL")

    def _signal(self, name: str) -> None:
        # Under the lock: when the call is over, its worker may have the next one already.
        with self._lock:
            if self._signals is not None and not self.over.is_set():
                self._signals(name)

    # --- for the worker's thread -----------------------------------------------------------------

    def served_by(self, worker: Worker | None) -> None:
        """Whom signals go to from now on."""
        with self._lock:
            self._signals = None if worker is None else worker.signal

    def give(self, value: Any) -> None:
        """The function has given a value; whoever waits for one gets it."""
        with self._lock:
            wanted, self._next = self._next, None
            self._at_yield = not self.cancelled
        _resolve(wanted, value, None)

    def next_command(self) -> str:
        """What a generator that has given a value is to do: ``step`` or ``close``. Waits."""
        self._command.acquire()
        with self._lock:
            self._at_yield = False
            return "close" if self.cancelled else self._commands.popleft()

    def end(self, error: BaseException | None = None) -> None:
        """It is over."""
        with self._lock:
            self.over.set()
            self.begun.set()  # nobody waits for that any more
            wanted, self._next = self._next, None
            if self.cancelled:
                error = asyncio.CancelledError("This run was cancelled.")
        _resolve(wanted, END, error)
        with contextlib.suppress(InvalidStateError):  # nobody wants to know any more
            self._closed.set_result(None)


def _resolve(wanted: Future[Any] | None, value: Any, error: BaseException | None) -> None:
    if wanted is None or not wanted.set_running_or_notify_cancel():
        return
    if error is None:
        wanted.set_result(value)
    else:
        wanted.set_exception(crossing(error))
