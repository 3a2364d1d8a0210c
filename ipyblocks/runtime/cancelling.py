"""How a task is stopped: taken out of the queue or its batch, interrupted, or asked to stop."""

from __future__ import annotations

from collections.abc import Callable

from ..protocol import Stopping
from .outbound import numbered
from .task import Task


class Canceller:
    """Stops tasks. Loop thread only.

    Args:
        release: gives back the place of a task that has not begun.
        tell_end: called with a task that has ended here; those that run end by themselves.
    """

    def __init__(self, release: Callable[[Task], None], tell_end: Callable[[Task], None]) -> None:
        self._release = release
        self._tell_end = tell_end

    def cancel(self, task: Task) -> None:
        """Stop a task, or let it leave its batch; one that has ended is left alone."""
        if any(not each.ended for each in task.together if each is not task):
            # The function goes on for the others of its batch; this one leaves.
            if task.finish("cancelled"):
                self._tell_end(task)
            return
        task.stop.set()
        task.reports.interrupt()
        if task.ended:
            return
        if task.running is None:
            task.finish("cancelled")
            self._release(task)
            self._tell_end(task)
            return
        _interrupt(task)

    def time_out(self, task: Task, seconds: float) -> None:
        """Stop a task and its batch: they have run for as long as they may."""
        for each in task.together:
            each.reason = f"Stopped at its time limit of {seconds:g} seconds."
            self.cancel(each)


def _interrupt(task: Task) -> None:
    # Of a batch, the first has the thread.
    first = task.together[0]
    first.stop.set()
    first.reports.interrupt()
    assert task.running is not None
    if first.handle is not None:
        first.handle.cancel()
    elif first.job is None or first.job.cancel():
        task.running.cancel()
        return
    if task.state != "stopping":
        task.state = "stopping"
        task.session.put(numbered(Stopping, task=task.id))
