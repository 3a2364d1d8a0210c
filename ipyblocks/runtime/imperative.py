"""``ctx.run_task``: a call on the kernel's backend, made and awaited inside an action."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .. import context
from ..progress import Said
from ..progress_updater import TaskProgressUpdate
from ..protocol import Stream, ToastLevel
from .backends.base import Call, Kind, kind_of
from .backends.choice import Lease
from .reports import INTERVAL, RunReports
from .task import Task

if TYPE_CHECKING:
    from ..files import Files

_numbers = itertools.count(1)

Report = Callable[[TaskProgressUpdate], Awaitable[None]]


class ImperativeRun:
    """A call inside an action. See :class:`ipyblocks.context.Run`.

    Args:
        task: the action's own run, which shows what the call says.
        report: gets every report, in order; None: nobody does.
    """

    tracks_tqdm = False

    def __init__(self, task: Task, report: Report | None) -> None:
        self.stop = threading.Event()
        self._task = task
        self._report = report
        self._name = f"{task.id}.{next(_numbers)}"
        self._said: asyncio.Queue[Said | None] = asyncio.Queue()
        self._waits = False
        engine = task.session.engine
        self.reports = RunReports(engine.loop.time, engine.thread.tell, self._changed, self.stop)
        if report is not None:
            self.reports.listener = self._said.put_nowait

    def _changed(self) -> None:
        if not self._waits:
            self._waits = True
            self._task.session.engine.loop.call_later(INTERVAL, self._relay)

    def _relay(self) -> None:
        self._waits = False
        if not self._task.ended:
            # The action itself says nothing, so it is as far as its task is.
            self._task.reports.relay(*self.reports.fetch())

    async def tell(self) -> None:
        """Hand reports over, one after the other, until :meth:`end` and all before it."""
        while (said := await self._said.get()) is not None:
            assert self._report is not None
            await self._report(self._update(said))

    def end(self) -> None:
        """There will be no more reports."""
        self.reports.deliver()
        self._said.put_nowait(None)

    def _update(self, said: Said) -> TaskProgressUpdate:
        end, estimate = said.fake or (None, None)
        return TaskProgressUpdate(
            task_id=self._name,
            progress=100 * (end if end is not None else said.progress or 0.0),
            message=said.message,
            fake=said.fake is not None,
            progress_end=None if end is None else 100 * end,
            estimated_time=estimate,
        )

    def toast(self, level: ToastLevel, message: str, title: str, duration: float | None) -> None:
        """See :class:`ipyblocks.context.Run`."""
        self._task.toast(level, message, title, duration)

    def write(self, stream: Stream, text: str) -> None:
        """See :class:`ipyblocks.context.Run`."""
        self._task.write(stream, text)

    def check_cancelled(self) -> None:
        """See :class:`ipyblocks.context.Run`."""
        if self.stop.is_set():
            raise asyncio.CancelledError("This run was cancelled.")

    @property
    def files(self) -> Files:
        """See :class:`ipyblocks.context.Run`."""
        return self._task.files


async def run_task(
    task: Task,
    call: Callable[[], Any],
    func: Callable[..., Any],
    report: Report | None,
) -> Any:
    """Run ``call`` on the backend and wait for it and for its reports. Loop thread only.

    Args:
        task: the action's own run.
        func: the function that ``call`` calls; for its name and kind.
        report: gets every report.

    Raises:
        BaseException: what the function raised.
        TypeError: a generator, which has no one result.
    """
    kind = kind_of(func)
    name = getattr(func, "__name__", type(func).__name__)
    if kind not in ("plain", "async"):
        raise TypeError(f"run_task({name}): a generator gives many values; give a function.")
    run = ImperativeRun(task, report)
    telling = asyncio.ensure_future(run.tell())
    try:
        try:
            return await _result(task.session.engine.runner.tasks, run, call, name, kind)
        finally:
            run.end()
            if not run.stop.is_set():
                await telling
    finally:
        # What has not been told is nobody's business once the action was cancelled.
        telling.cancel()


async def _result(
    lease: Lease, run: ImperativeRun, call: Callable[[], Any], name: str, kind: Kind
) -> Any:
    backend = lease.backend()
    if backend is None:
        with context.running(run):
            value = call()
            return await value if inspect.isawaitable(value) else value
    places = lease.places
    assert places is not None
    await places.turn()
    try:
        handle = backend.submit(Call(call, [], kind, name, every_update=run.reports.every), run)
        try:
            return await asyncio.wrap_future(handle.step())
        except asyncio.CancelledError:
            run.stop.set()
            handle.cancel()
            raise
        finally:
            await asyncio.shield(asyncio.wrap_future(handle.close()))
    finally:
        places.give()
