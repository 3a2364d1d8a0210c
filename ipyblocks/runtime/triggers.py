"""What an event leads to: which functions are to run, now, after the run before, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from ..block import Block
from ..dependency import Dependency
from ..protocol import Json
from . import requests
from .session import Deferred
from .trail import NO_TRAIL

if TYPE_CHECKING:
    from .engine import Engine
    from .session import Session
    from .task import Failure, Task
    from .trail import Trail


class Triggers:
    """Follows the listeners of an app's sessions. Loop thread only.

    Args:
        engine: makes and runs the tasks.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def dispatch(
        self, session: Session, block: Block, event: str, data: Json, trail: Trail
    ) -> None:
        """See :meth:`Engine.dispatch`."""
        found = session.scene.listeners(block, event)
        if not found or trail.is_stopped:
            return
        excess = trail.stop()
        if excess is not None:
            self._engine.teller.circle(session, trail, excess)
            return
        for dependency in found:
            self._trigger(session, dependency, block, data, trail)

    def run(self, session: Session, dependency: Dependency) -> None:
        """See :meth:`Engine.run_dependency`."""
        self._trigger(session, dependency, None, None, NO_TRAIL)

    def _trigger(
        self,
        session: Session,
        dependency: Dependency,
        target: Block | None,
        data: Json,
        trail: Trail,
    ) -> None:
        # A session that is being closed cancels its tasks, and nothing follows on them.
        if session.epoch not in self._engine.sessions:
            return
        if session.scene.dependency(dependency.id) is not dependency:
            return  # of a rendered part that is gone, and its inputs with it
        for other in dependency.cancels:
            self._engine.cancel_runs(session, other)
        if dependency.fn is None and dependency.args.js is None:
            self._follow(session, dependency, "done", trail)
            return
        if dependency.trigger_mode != "multiple" and _is_active(session, dependency):
            if dependency.trigger_mode == "always_last":
                session.deferred[dependency.id] = Deferred(target, data, trail)
            return
        task = self._engine.new_task(session, dependency, target, data, trail)
        trail.began()
        if not session.held.hold(task, self._begin):
            self._begin(task)

    def _begin(self, task: Task) -> None:
        # Without a page there is nobody to run the step; a function still gets its inputs as they
        # are.
        if task.dependency.args.js is None or not requests.ask_js(task.session, task):
            self._engine.enqueue(task)

    def after(self, task: Task) -> None:
        """What follows on a task that has ended: links of its chain, then the event that waited
        for its end.
        """
        session, dependency = task.session, task.dependency
        self._follow(session, dependency, task.state, task.trail)
        deferred = session.deferred.pop(dependency.id, None)
        if deferred is not None:
            self._again(session, dependency.id, deferred)

    def retry_of(self, task: Task, failure: Failure) -> Callable[[], None] | None:
        """See :meth:`Engine.retry_of`: the same event once more, with the inputs as they are then.

        Not for what comes again by itself, nor for calls of clients, who have been told.
        """
        dependency = task.dependency
        if dependency.retry is not None:
            return dependency.retry
        comes_again = dependency.args.every is not None or any(
            event == "stream" for _, event in dependency.targets
        )
        listens = task.session.scene.dependency(dependency.id) is not None
        if failure.code != "internal" or task.called or comes_again or not listens:
            return None
        event = Deferred(task.target, task.data, NO_TRAIL)
        return partial(self._again, task.session, dependency.id, event)

    def _again(self, session: Session, dependency: int, event: Deferred) -> None:
        """Trigger a function by an event that was before; nothing when it is gone."""
        # One with the same key may have taken its place.
        now = session.scene.dependency(dependency)
        if now is not None:
            target = event.target and session.scene.current(event.target)
            self._trigger(session, now, target, event.data, event.trail)

    def _follow(self, session: Session, dependency: Dependency, state: str, trail: Trail) -> None:
        outcome = {"done": "success", "failed": "failure"}.get(state)
        for follower in session.scene.followers(dependency.id):
            assert follower.after is not None
            if follower.after[1] in ("any", outcome):
                self._trigger(session, follower, None, None, trail)


def _is_active(session: Session, dependency: Dependency) -> bool:
    tasks = session.tasks.values()
    return any(task.dependency.id == dependency.id and not task.called for task in tasks)
