"""A call to an app that is on its way: its status, its outputs, its result."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import Enum
from functools import total_ordering
from typing import Any


class AppError(ValueError):
    """The function of an app raised; the message is what it said."""


@total_ordering
class Status(Enum):
    """How far a call has come. Later stages are greater."""

    STARTING = "STARTING"
    JOINING_QUEUE = "JOINING_QUEUE"
    QUEUE_FULL = "QUEUE_FULL"
    IN_QUEUE = "IN_QUEUE"
    SENDING_DATA = "SENDING_DATA"
    PROCESSING = "PROCESSING"
    ITERATING = "ITERATING"
    PROGRESS = "PROGRESS"
    FINISHED = "FINISHED"
    CANCELLED = "CANCELLED"
    LOG = "LOG"

    def __lt__(self, other: Status) -> bool:
        order = list(Status)
        return order.index(self) < order.index(other)


@dataclass
class ProgressUnit:
    """One level of progress, as the function reported it by ``gr.Progress``."""

    index: float | None
    length: float | None
    unit: str | None
    progress: float | None
    desc: str | None


@dataclass
class StatusUpdate:
    """What is known of a call.

    Attributes:
        code: how far it has come.
        rank: 0-based place in its queue; None when it does not wait.
        queue_size: how many wait in that queue.
        eta: seconds to the result, where earlier runs tell.
        success: None until it has ended.
        time: when this was known, as ``time.time()``.
        progress_data: what ``gr.Progress`` said; None without.
        log: ``(text, level)`` of the last message of the function.
    """

    code: Status
    rank: int | None = None
    queue_size: int | None = None
    eta: float | None = None
    success: bool | None = None
    time: float | None = None
    progress_data: list[ProgressUnit] | None = None
    log: tuple[str, str] | None = None


@dataclass
class Communicator:
    """What a call and its job share.

    Attributes:
        condition: notified at every change; see :meth:`changed`.
        cancel: asks the kernel to stop the task.
        would_block: whether the calling thread is the one that the result comes on.
    """

    condition: threading.Condition = field(default_factory=threading.Condition)
    status: StatusUpdate = field(default_factory=lambda: StatusUpdate(Status.STARTING))
    outputs: list[Any] = field(default_factory=list)
    ended: bool = False
    cancel: Callable[[], None] = lambda: None
    would_block: Callable[[], bool] = lambda: False
    _waiting: list[Callable[[], object]] = field(default_factory=list)

    def changed(self) -> None:
        """Wake those who wait for a change. Its ``condition`` is held."""
        self.condition.notify_all()
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            wake()

    async def change(self, at: int) -> None:
        """Wait until there is an output of that index, or will be none."""
        loop, there = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # who waited has gone, and the loop with it
                loop.call_soon_threadsafe(there.set)

        while True:
            with self.condition:
                if self.has(at):
                    return
                there.clear()
                self._waiting.append(wake)
            await there.wait()

    def has(self, at: int) -> bool:
        """Whether there is an output of that index, or will be none."""
        return self.ended or len(self.outputs) > at

    def check_thread(self) -> None:
        """Refuse to wait where nothing could run meanwhile.

        Raises:
            RuntimeError: the calling thread is the one that the result comes on.
        """
        if self.would_block():
            raise RuntimeError(
                "An async handler cannot wait for a job, nor can anything where there are no "
                "threads: nothing could run meanwhile. Write `await client.submit(…)` for the "
                "result, or `async for output in job`."
            )


class Job(Future):  # type: ignore[type-arg]
    """A call that is on its way. Made by :meth:`Client.submit`.

    Args:
        future: the result.
        communicator: tells of progress and can cancel; None: only the result is known.
        verbose: print status messages; none are printed here, the status is asked for.
        space_id: names a hosted app; None for one in this kernel.
    """

    def __init__(
        self,
        future: Future[Any],
        communicator: Communicator | None = None,
        verbose: bool = True,
        space_id: str | None = None,
    ) -> None:
        super().__init__()
        self.future = future
        self.communicator = communicator
        self.verbose = verbose
        self.space_id = space_id
        self._at = 0
        future.add_done_callback(self._follow)

    def _follow(self, future: Future[Any]) -> None:
        """End as the future did, so that ``concurrent.futures.wait`` and the like take jobs."""
        if future.cancelled():
            super().cancel()
            self.set_running_or_notify_cancel()
        elif (error := future.exception()) is not None:
            self.set_exception(error)
        else:
            self.set_result(future.result())

    def result(self, timeout: float | None = None) -> Any:
        """The final output: one value, or a tuple when there are several outputs.

        Args:
            timeout: seconds to wait; None: as long as it takes.

        Raises:
            CancelledError: it was cancelled.
            TimeoutError: it has not ended in time.
            AppError: the function raised.
            RuntimeError: called where nothing could run meanwhile: by an ``async`` handler, or
                where there are no threads. Await the job instead.
        """
        self._check_thread()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """What the function raised, or None. Waits as :meth:`result` does."""
        self._check_thread()
        return super().exception(timeout)

    def _check_thread(self) -> None:
        talk = self.communicator
        if talk is not None and not self.done():
            talk.check_thread()

    def outputs(self) -> list[Any]:
        """All outputs so far; of a function that is no generator, the final one."""
        if self.communicator is None:
            return [self.result()] if self.done() else []
        with self.communicator.condition:
            return list(self.communicator.outputs)

    def status(self) -> StatusUpdate:
        """What is known now."""
        if self.cancelled():
            return StatusUpdate(Status.CANCELLED, 0, None, None, False, time.time())
        if self.done():
            good = self.exception() is None
            return StatusUpdate(Status.FINISHED, 0, None, None, good, time.time())
        if self.communicator is None:
            return StatusUpdate(Status.PROCESSING, time=time.time())
        with self.communicator.condition:
            return self.communicator.status

    def __iter__(self) -> Iterator[Any]:
        """Outputs as they come, from the first."""
        index = 0
        while True:
            found, output = self._wait_for(index)
            if not found:
                return
            yield output
            index += 1

    def __next__(self) -> Any:
        found, output = self._wait_for(self._at)
        if not found:
            raise StopIteration
        self._at += 1
        return output

    def _wait_for(self, index: int) -> tuple[bool, Any]:
        """The output of that index, once it is there; ``(False, None)`` when it will not come."""
        talk = self.communicator
        if talk is None:
            return (True, self.result()) if index == 0 else (False, None)
        with talk.condition:
            if not talk.has(index):
                talk.check_thread()
            talk.condition.wait_for(lambda: talk.has(index))
            if len(talk.outputs) > index:
                return True, talk.outputs[index]
        return False, None

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Outputs as they come, without blocking the loop of the caller."""
        index = 0
        while True:
            if self.communicator is None:
                await asyncio.wrap_future(self.future)
            else:
                await self.communicator.change(index)
            found, output = self._wait_for(index)
            if not found:
                return
            yield output
            index += 1

    def __await__(self) -> Any:
        return asyncio.wrap_future(self.future).__await__()

    def cancel(self) -> bool:
        """Stop the call: at once while it waits, at its next step while it runs. Returns True."""
        if self.communicator is None:
            return self.future.cancel()
        if not self.done():
            self.communicator.cancel()
        return True

    def running(self) -> bool:
        """Whether it has not ended."""
        return not self.done()

    def add_done_callback(self, fn: Callable[[Any], Any]) -> None:
        """Call ``fn`` with this job when it has ended, on a thread of its own: it may wait for
        other jobs. Where there are no threads, the loop calls it.
        """

        def start(_: Future[Any]) -> None:
            try:
                threading.Thread(target=fn, args=(self,), name="ipyblocks-callback").start()
            except RuntimeError:
                asyncio.get_running_loop().call_soon(fn, self)

        super().add_done_callback(start)
