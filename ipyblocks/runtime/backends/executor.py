"""Tasks on any ``concurrent.futures.Executor``: threads, loky, Dask, ipyparallel, MPI …

What an executor cannot do is in :attr:`ExecutorBackend.capabilities`, and is said where it is
asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, InvalidStateError, wait
from concurrent.futures import CancelledError as FutureCancelled
from typing import Any

from ... import context
from ...errors import NotAvailableError, WorkerDiedError
from ...progress import Progress
from ...progress_updater import track_progress
from .base import END, Call, Capability, Handle, across, crossing
from .pickling import Known, cannot_send, dump
from .remote import Evaluation, Order, Packed, Ran, hear, run_packed


class ExecutorBackend:
    """See :func:`~ipyblocks.runtime.backends.choice.from_executor`."""

    def __init__(self, executor: Executor, in_process: bool) -> None:
        self._executor = executor
        self._in_process = in_process
        self._futures: set[Future[Any]] = set()

    @property
    def capabilities(self) -> frozenset[Capability]:
        """See :class:`~.base.ExecutionBackend`."""
        if self._in_process:
            return frozenset({"stream", "reports", "stop"})
        return frozenset({"processes"})

    @property
    def places(self) -> None:
        """See :class:`~.base.ExecutionBackend`."""
        return

    @property
    def name(self) -> str:
        """How messages name the executor."""
        return type(self._executor).__name__

    def prepare(self) -> None:
        """Nothing: executors start when they get something."""

    def submit(self, call: Call, run: context.Run) -> Handle:
        """See :class:`~.base.ExecutionBackend`."""
        if self._in_process:
            return _Here(self, call, run)
        return _There(self, call, run)

    def send(self, fn: Callable[..., Any], *args: Any) -> Future[Any]:
        """Submit something to the executor.

        Raises:
            RuntimeError: the executor has been shut down.
        """
        future = self._executor.submit(fn, *args)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        return future

    def stop(self, wait: bool = False) -> None:
        """See :class:`~.base.ExecutionBackend`. The executor itself is its owner's and goes on."""
        left = list(self._futures)
        for future in left:
            future.cancel()
        if wait:
            _wait(left)


def _tracks(call: Call) -> bool:
    """Whether the function means to show progress, as far as one can see."""
    return (
        call.tracks_tqdm
        or getattr(call.fn, "__wrapped_by__", None) is track_progress
        or any(isinstance(each, Progress) for each in call.args)
    )


def _wait(futures: list[Future[Any]]) -> None:
    wait(futures)


class _Here:
    """A call on threads of this process."""

    def __init__(self, backend: ExecutorBackend, call: Call, run: context.Run) -> None:
        self._backend = backend
        self._run = run
        self._evaluation = Evaluation(call.fn, call.args, call.kind)
        self._context = contextvars.copy_context()
        self._stepping: Future[Any] | None = None
        self._going_on = threading.Lock()
        self._cancelled = False

    def _send(self, fn: Callable[[], Any]) -> Future[Any]:
        def inside() -> Any:
            with context.running(self._run):
                return fn()

        def work() -> Any:
            # The end may be asked for while a step goes on that nobody awaits any more.
            with self._going_on:
                return self._context.run(inside)

        try:
            return self._backend.send(work)
        except RuntimeError as error:
            refused: Future[Any] = Future()
            refused.set_exception(error)
            return refused

    def step(self) -> Future[Any]:
        self._stepping = self._send(self._step)
        return self._stepping

    def _step(self) -> Any:
        if self._cancelled:
            raise asyncio.CancelledError("This run was cancelled.")
        value = across(self._evaluation.step)
        if self._cancelled:
            raise asyncio.CancelledError("This run was cancelled.")
        return value

    def cancel(self) -> None:
        self._cancelled = True
        if self._stepping is not None:
            self._stepping.cancel()

    def close(self) -> Future[None]:
        return self._send(self._evaluation.close)


class _There:
    """A call in another process, of which nothing is heard before it has ended."""

    def __init__(self, backend: ExecutorBackend, call: Call, run: context.Run) -> None:
        self._call = call
        self._run = run
        self._known = Known()
        self._value: Future[Any] = Future()
        self._closed: Future[None] = Future()
        self._work: Future[Ran] | None = None
        self._given = False
        self._cancelled = threading.Event()
        self._name = backend.name
        try:
            self._work = self._sent(backend)
        except Exception as error:  # noqa: BLE001 - executors raise their own
            self._end(None, error)
            return
        self._work.add_done_callback(self._ended)

    def _sent(self, backend: ExecutorBackend) -> Future[Ran]:
        call = self._call
        if call.kind in ("generator", "async generator"):
            raise NotAvailableError(
                f"{call.name!r} is a generator, and {self._name} hands over one value, at the end. "
                "Return the value, or use the workers of the kernel: "
                'gr.configure_tasks(backend="processes").'
            )
        if _tracks(call) and not call.every_update:
            self._run.write(
                "stderr",
                f"Progress of {call.name!r} is not shown: {self._name} hands over nothing before "
                "the end.\n",
            )
        files: set[str] = set()
        try:
            data = dump((call.fn, call.args), self._known, files=files)
        except Exception as error:  # noqa: BLE001 - a user's own __reduce__
            raise cannot_send(call, self._known, error) from None
        return backend.send(run_packed, tuple(Order.of(call, files)), Packed.of(data))

    def _ended(self, work: Future[Ran]) -> None:
        try:
            done = work.result()
        except (FutureCancelled, asyncio.CancelledError) as error:
            self._end(None, asyncio.CancelledError(str(error)))
        except BrokenExecutor as error:
            self._end(None, WorkerDiedError(f"{self._name} has lost a worker: {error}"))
        except BaseException as error:  # noqa: BLE001 - executors raise their own
            self._end(None, error)
        else:
            for message in done.messages:
                hear(self._run, message)
            try:
                with context.running(self._run):
                    value = END if done.value is None else done.value.value(self._known)
            except Exception as error:  # noqa: BLE001 - a user's own __setstate__
                self._end(None, error)
                return
            self._end(value, None if done.raised is None else done.raised.error())

    def _end(self, value: Any, error: BaseException | None) -> None:
        if self._cancelled.is_set():
            error = asyncio.CancelledError("This run was cancelled.")
        # Whoever wants no value any more may still wait for the end.
        if self._value.set_running_or_notify_cancel():
            if error is not None:
                self._value.set_exception(crossing(error))
            else:
                self._value.set_result(value)
        with contextlib.suppress(InvalidStateError):  # nobody wants to know any more
            self._closed.set_result(None)

    def step(self) -> Future[Any]:
        if not self._given:
            self._given = True
            return self._value
        end: Future[Any] = Future()
        end.set_result(END)
        return end

    def cancel(self) -> None:
        if self._cancelled.is_set():
            return
        self._cancelled.set()
        if self._work is not None and not self._work.cancel() and not self._work.done():
            self._run.write(
                "stderr",
                f"{self._call.name!r} runs in {self._name}, which cannot stop it: it goes on to "
                "its end, keeps its place, and what it returns is dropped.\n",
            )

    def close(self) -> Future[None]:
        return self._closed
