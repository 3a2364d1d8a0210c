"""What pages are told about tasks: places in the queue, starts, progress, ends.

Knows no function and runs nothing; the engine calls it at every turn of a task. Loop thread only.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import context
from ..protocol import Done, Fake, Progress, ProgressUnit, Started
from ..protocol import Task as WireTask
from .backends.inline import has_threads, holds_up
from .eta import Durations, estimates
from .outbound import numbered
from .reports import INTERVAL
from .task import Failure, Task
from .trail import MOST_ROUNDS, Trail

if TYPE_CHECKING:
    from .engine import Engine
    from .session import Session

log = logging.getLogger("ipyblocks")

MOST_TOLD = 100
"""Most waiting tasks of a group that are told their place; those further back wait to get
nearer.
"""


class Teller:
    """Tells the sessions of an engine.

    Args:
        engine: whose queue, options and clock are used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = engine.loop
        self._durations = Durations()
        self._moving: dict[str, asyncio.TimerHandle] = {}
        self._moved_at: dict[str, float] = {}
        self._late: set[Task] = set()

    # --- queue -----------------------------------------------------------------------------------

    def moved(self, group: str) -> None:
        """Places in a group have changed. Told at once after quiet, then at most once per
        interval.
        """
        if group in self._moving:
            return
        rate = self._engine.options.status_update_rate
        interval = INTERVAL if rate is None else rate
        wait = self._moved_at.get(group, -interval) + interval - self._loop.time()
        self._moving[group] = self._loop.call_later(max(0.0, wait), self._tell_places, group)

    def _tell_places(self, group: str) -> None:
        self._moving.pop(group, None)
        waiting, running, limit = self._engine.queue.group(group)
        if not waiting:
            self._moved_at.pop(group, None)
            return
        self._moved_at[group] = self._loop.time()
        etas = self._estimates(waiting[:MOST_TOLD], running, limit)
        for position, (task, eta) in enumerate(zip(waiting, etas, strict=False)):
            task.session.put(task.waits(position, len(waiting), eta))
        if self._engine.options.status_update_rate is not None:
            self.moved(group)

    def _estimates(
        self, waiting: list[Task], running: list[Task], limit: int | None
    ) -> list[float | None]:
        mean = self._durations.mean
        return estimates(
            [mean(task.dependency.first_fn) for task in waiting],
            [(task.started, mean(task.dependency.first_fn)) for task in running],
            limit,
            self._loop.time(),
        )

    def stop(self) -> None:
        """Tell nothing more about places."""
        for handle in self._moving.values():
            handle.cancel()
        self._moving.clear()

    # --- one task --------------------------------------------------------------------------------

    def started(self, task: Task) -> None:
        """A task runs."""
        task.session.failures.began(task.nodes)
        message = numbered(
            Started,
            task=task.id,
            name=task.dependency.name,
            nodes=task.nodes,
            show_progress=task.dependency.show_progress,
            eta=self._durations.mean(task.dependency.first_fn),
        )
        # Without threads nothing can be told while the function runs.
        task.session.put(message, urgent=not has_threads())

    def took(self, task: Task, seconds: float) -> None:
        """A task has ended well after so many seconds."""
        self._durations.record(task.dependency.first_fn, seconds)

    def reported(self, task: Task) -> None:
        """The function has said something. Told at once after quiet, then at most once per
        interval.
        """
        reports = task.reports
        wait = reports.told_at + INTERVAL - self._loop.time()
        if not holds_up():
            self._loop.call_later(max(0.0, wait), self._tell_progress, task)
        elif wait <= 0:
            self._tell_progress(task)
        else:
            # The next report asks again; the last one is told when the function has let go.
            reports.waiting = False
            if task not in self._late:
                self._late.add(task)
                self._loop.call_later(wait, self._tell_progress, task)

    def _tell_progress(self, task: Task) -> None:
        def latest() -> Progress | None:
            if task.ended:
                return None
            units, fake = _reports_of(task)
            message: Progress = numbered(Progress, task=task.id, units=units, fake=fake)
            return message

        self._late.discard(task)
        task.reports.told_at = self._loop.time()
        if not task.ended:
            task.session.progress(task.id, latest)

    def snapshots(self, tasks: list[Task]) -> list[WireTask]:
        """Tasks that have not ended, for a page that has just come."""
        places: dict[Task, tuple[int, int, float | None]] = {}
        for group in {task.group for task in tasks}:
            waiting, running, limit = self._engine.queue.group(group)
            etas = self._estimates(waiting, running, limit)
            for position, (task, eta) in enumerate(zip(waiting, etas, strict=True)):
                places[task] = (position, len(waiting), eta)
        return [self._snapshot(task, places.get(task)) for task in tasks]

    def _snapshot(self, task: Task, place: tuple[int, int, float | None] | None) -> WireTask:
        units, fake = _reports_of(task)
        mean = self._durations.mean(task.dependency.first_fn)
        position, size, eta = place or (None, None, mean)
        return WireTask(
            id=task.id,
            name=task.dependency.name,
            state="running" if task.ended else task.state,  # type: ignore[arg-type]
            nodes=task.nodes,
            show_progress=task.dependency.show_progress,
            position=position,
            size=size,
            eta=eta,
            elapsed=self._loop.time() - (task.started or task.created),
            units=units,
            fake=fake,
        )

    def circle(self, session: Session, trail: Trail, when: str) -> None:
        """Changes that lead to each other have been stopped."""
        changed = set(trail.blocks[-MOST_ROUNDS // 2 :])
        named = " and ".join(sorted(block.describe() for block in changed))
        message = (
            f"{named} changed again and again, each change by the one before. This was stopped "
            f"{when}. Listen to input instead of change, or return gr.skip() when "
            "nothing is to change."
        )
        log.warning("%s", message)
        session.toast("error", message, "Endless changes", None)

    def ended(self, task: Task) -> None:
        """A task has ended, in whatever way."""
        failure = task.failure
        if failure is None and task.state == "done":
            task.session.put(numbered(Done, task=task.id, **_scroll(task)))
        else:
            self._failed(task, failure or Failure("cancelled", task.reason))

    def _failed(self, task: Task, failure: Failure) -> None:
        session = task.session
        if failure.retry is None:
            failure = replace(failure, retry=self._engine.retry_of(task, failure))
        if self._engine.options.debug and failure.detail is not None:
            printed = partial(print, failure.detail, file=sys.stderr, flush=True)
            self._engine.run_later(printed)
        session.failures.tell(task.id, task.dependency.name, task.nodes, failure)
        if failure.detail is not None:
            session.note(task, "stderr", failure.detail)
        if failure.toast is not None:
            session.toast("error", failure.message, *failure.toast)
        elif failure.code == "internal" and (self._engine.app.show_error or not task.nodes):
            # Without an output there is no place at the page to show it.
            session.toast("error", failure.message, "Error", 10)


def _reports_of(task: Task) -> tuple[list[ProgressUnit], Fake | None]:
    # What is wrong with a report is logged as the run's own doing.
    with context.running(task):
        return task.reports.fetch()


def _scroll(task: Task) -> dict[str, Any]:
    if task.dependency.args.scroll_to_output and task.nodes:
        return {"scroll_to": task.nodes[0]}
    return {}
