"""Runs an app: dispatches events to functions, queues them, and tells the sessions how they end.

Everything but handlers runs on the loop thread. Handlers run on the loop (``async``) or in a pool
of threads.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from .. import context
from ..block import Block
from ..blocks import Tree
from ..dependency import Dependency
from ..errors import QueueFullError
from ..protocol import (
    App,
    CloseReason,
    Json,
    JsResult,
    NodeId,
    TaskId,
)
from ..protocol import Task as WireTask
from ..render import Subtree
from . import capture, requests
from . import loop as loops
from .call import Output, failure_of
from .cancelling import Canceller
from .evaluator import evaluator
from .options import Options
from .queue import Queue
from .reports import RunReports
from .run import Runner
from .scene import Index
from .session import Send, Session
from .task import Failure, Task
from .tell import Teller
from .trail import NO_TRAIL, Trail
from .triggers import Triggers
from .uploads import Sweeper, Uploads

log = logging.getLogger("ipyblocks")


class Engine:
    """Runs one app for all its sessions.

    Args:
        tree: the finished app.
        app: what pages get to know of it as a whole; by default what the tree says.

    Attributes:
        on_idle: called, on the loop thread, when the last session has ended.
    """

    def __init__(
        self,
        tree: Tree,
        options: Options | None = None,
        app: App | None = None,
    ) -> None:
        self.tree = tree
        self.options = options or Options()
        self.app = app or tree.app()
        self.thread = loops.acquire()
        capture.install()
        self.loop = self.thread.loop
        self.sessions: dict[str, Session] = {}
        self.base_props: dict[NodeId, dict[str, Json]] = {n.id: n.props for n in tree.nodes()}
        self.base_props.update({i: {} for i in tree.blocks if i not in self.base_props})
        self.teller = Teller(self)
        self.queue = Queue(self._start, self.teller.moved, self.options.max_size)
        self._triggers = Triggers(self)
        self._canceller = Canceller(self.queue.release, self._tell_end)
        self.runner = Runner(self.loop, self.options.max_threads)
        if any(each.args.run_as_task for each in tree.dependencies.values()):
            self.thread.post(self.runner.prepare_tasks)
        self.on_idle: Callable[[], None] | None = None
        self._closed = False
        self._sweeper: Sweeper | None = None
        self.index = Index(tree.dependencies.values(), self.options.concurrency_limit)
        if tree.delete_cache is not None:
            self._sweeper = Sweeper(self.loop, self._uploads, *tree.delete_cache)
            self.thread.post(self._sweeper.start)

    def _uploads(self) -> list[Uploads]:
        return [session.bulk.uploads for session in self.sessions.values()]

    # --- sessions --------------------------------------------------------------------------------

    def open(
        self, send: Send, control: bool = False, paced: bool = True, refers: bool = False
    ) -> Session:
        """A new session whose packets go to ``send``. Callable from any thread but the loop's.

        Args:
            control, paced, refers: see :class:`~ipyblocks.runtime.session.Session`.

        Raises:
            RuntimeError: the engine has ended, with its last session.
        """
        session = Session(self, send, control, paced, refers)
        self.thread.call(lambda: self._add(session))
        return session

    @property
    def has_ended(self) -> bool:
        """Whether its last session has been closed; there will be no other."""
        return self._closed

    def _add(self, session: Session) -> None:
        if self._closed:
            raise RuntimeError("The last showing of this app has just been closed; show it again.")
        self.sessions[session.epoch] = session
        session.bindings.start()
        while len(self.sessions) > self.options.capacity:
            self.close(next(iter(self.sessions.values())), "capacity")

    def close(self, session: Session, reason: CloseReason = "closed") -> None:
        """End a session: its tasks are cancelled, its files deleted, its unload functions
        called.
        """
        if self.sessions.pop(session.epoch, None) is None:
            return
        for task in list(session.tasks.values()):
            self._canceller.cancel(task)
        session.end(reason)
        for fn in self.tree.unload_fns:
            self.run_later(fn)
        if not self.sessions:
            self._shut()

    def run_later(self, fn: Callable[[], Any]) -> None:
        """Run a function that nobody waits for in the pool; what it raises is logged. Dropped when
        the engine has ended.
        """
        if not self._closed:
            self.runner.submit(partial(_logged, fn))

    def _shut(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.stop()
        self.teller.stop()
        self.runner.stop()
        if self.on_idle is not None:
            self.on_idle()
        capture.uninstall()
        loops.release()

    def close_all(self, reason: CloseReason = "closed") -> None:
        """End every session, and with the last one the engine. Callable from any thread."""

        def end() -> None:
            for session in list(self.sessions.values()):
                self.close(session, reason)
            self._shut()

        if not self._closed:
            self._call_unless(end, lambda: self._closed)
            # A handler that closes its app cannot be waited for by itself.
            if not self.thread.here and context.current_run() is None:
                self.runner.stop(wait=True)

    def end(self, session: Session, reason: CloseReason = "closed") -> None:
        """:meth:`close`, from any thread. Does nothing when it has ended by then."""
        if not session.closed:
            self._call_unless(lambda: self.close(session, reason), lambda: session.closed)

    def _call_unless(self, fn: Callable[[], None], is_over: Callable[[], bool]) -> None:
        """Call on the loop what ends something, unless another thread is quicker, and the loop
        gone with it.
        """
        try:
            self.thread.call(fn)
        except RuntimeError:
            if not is_over():
                raise

    # --- events ----------------------------------------------------------------------------------

    def dispatch(
        self, session: Session, block: Block, event: str, data: Json, trail: Trail = NO_TRAIL
    ) -> None:
        """Run what listens to an event of a block.

        Args:
            trail: the changes that led to this event.
        """
        self._triggers.dispatch(session, block, event, data, trail)

    def js_result(self, session: Session, message: JsResult) -> None:
        """The page has run the ``js`` step of a task: go on with the function, or with the
        outputs.
        """
        task = session.tasks.get(message.task)
        if task is None or not task.in_js:
            return
        task.in_js = False
        outcome = requests.js_outcome(session, task, message)
        if outcome is None:
            self.enqueue(task)
            return
        if isinstance(outcome, Failure):
            task.finish("failed", outcome)
        else:
            self._apply(task, outcome)
            task.finish("done")
        self._tell_end(task)

    def new_task(
        self,
        session: Session,
        dependency: Dependency,
        target: Block | None,
        data: Json,
        trail: Trail = NO_TRAIL,
    ) -> Task:
        """A run of a function, neither queued nor started."""
        shown = [block for block in dependency.shown_on if block.on_page]
        nodes = [session.scene.node(block) for block in shown]
        stop = threading.Event()
        reports = RunReports(
            self.loop.time, self.thread.tell, lambda: self.teller.reported(task), stop
        )
        task = Task(
            id=session.new_task_id(),
            session=session,
            dependency=dependency,
            payloads=[
                None if component.stateful else session.payload(component)
                for component in dependency.inputs
            ],
            target=target,
            data=data,
            trail=trail,
            reports=reports,
            stop=stop,
            created=self.loop.time(),
            nodes=list(dict.fromkeys(node for node in nodes if node is not None)),
        )
        session.tasks[task.id] = task
        return task

    def enqueue(self, task: Task) -> None:
        """Start a task, at once or when its turn has come."""
        if task.dependency.fn is None:
            # A js step alone, and no page to run it.
            task.finish("done")
            self._tell_end(task)
            return
        if task.dependency.args.queue is False:
            self._start(task)
            return
        group = task.dependency.concurrency_id
        if task.dependency.args.run_as_task:
            task.places = self.runner.tasks.places
        try:
            self.queue.push(task, group, task.session.scene.limit(group))
        except QueueFullError as error:
            toast = ("Busy", 10.0) if task.session.may_say_busy() else None
            task.finish("failed", Failure("user", str(error), toast=toast))
            self._tell_end(task)

    def run_dependency(self, session: Session, dependency: Dependency) -> None:
        """Run a function that no event of a block has triggered."""
        self._triggers.run(session, dependency)

    def show_failed(self, task: Task, failure: Failure) -> None:
        """Tell that a task, which has not begun, has failed."""
        self.teller.started(task)
        task.finish("failed", failure)
        self._tell_end(task)

    def show_done(self, task: Task) -> None:
        """Tell that a task, which has not begun, has ended well."""
        self.teller.started(task)
        task.finish("done")
        self._tell_end(task)

    def retry_of(self, task: Task, failure: Failure) -> Callable[[], None] | None:
        """What tries again what a task has failed to do; None: nothing does."""
        return self._triggers.retry_of(task, failure)

    def give_up(self, task: Task, failure: Failure | None) -> None:
        """End a task that has not begun; None: it was cancelled."""
        if task.finish("cancelled" if failure is None else "failed", failure):
            self._tell_end(task)

    # --- one run ---------------------------------------------------------------------------------

    def _start(self, task: Task) -> None:
        args = task.dependency.args
        mates = self.queue.take_mates(task, args.max_batch_size - 1) if args.batch else []
        together = [task, *mates]
        for each in together:
            each.state, each.started = "running", self.loop.time()
            each.together = together
            self.teller.started(each)
        running = self.runner.start(lambda: self._run(task, together))
        for each in together:
            each.running = running
            # Not in a `finally` of the coroutine: one that is cancelled before its first step
            # never gets there.
            running.add_done_callback(partial(self._ended, each))
        if args.time_limit is not None:
            limit = self.loop.call_later(
                args.time_limit, self._canceller.time_out, task, args.time_limit
            )
            running.add_done_callback(lambda _: limit.cancel())

    async def _run(self, task: Task, together: list[Task]) -> None:
        """Run the function and note how it ended, whatever it raises."""
        try:
            if task.dependency.args.batch:
                await self.runner.run_batch(together, self._apply)
            else:
                await self.runner.run(task, self._apply)
            if not (task.cut_short or task.stop.is_set()):
                self.teller.took(task, self.loop.time() - task.started)
            for each in together:
                each.finish("cancelled" if each.stop.is_set() else "done")
        except asyncio.CancelledError:
            for each in together:
                each.finish("cancelled")
        except BaseException as error:  # noqa: BLE001 - a handler may raise anything
            for each in together:
                each.finish("failed", failure_of(error))

    def _ended(self, task: Task, _: object) -> None:
        task.finish("cancelled")
        # The end is told before the next one starts, so that the page never shows two.
        try:
            self._tell_end(task)
        finally:
            # Whatever fails there, nobody may wait for ever for this one's place.
            self.queue.release(task)

    def _apply(self, task: Task, outputs: list[Output] | Subtree) -> None:
        if task.stop.is_set() or task.ended or task.session.closed:
            return
        if isinstance(outputs, Subtree):
            self._graft(task, outputs)
        elif task.called:
            task.session.answer(task, outputs)
        else:
            task.session.apply(outputs, task.trail)
            task.session.bindings.given(outputs)

    def _graft(self, task: Task, subtree: Subtree) -> None:
        container = task.dependency.renders
        assert container is not None
        if task.session.scene.node(container) is None:
            return  # the part it belongs to was itself built anew while the function ran
        task.session.graft(container, subtree)
        self.dispatch(task.session, subtree, "load", None, task.trail)

    def _tell_end(self, task: Task) -> None:
        session = task.session
        if session.tasks.pop(task.id, None) is None:
            return  # it has left a batch that went on without it
        self.teller.ended(task)
        if task.told is not None:
            task.told()
        elif not task.called:
            session.bindings.ended(task)
        if not session.closed and not task.called:
            self._triggers.after(task)

    def snapshots(self, session: Session) -> list[WireTask]:
        """Tasks that have not ended, for a page that has just come."""
        return self.teller.snapshots([t for t in session.tasks.values() if not t.in_js])

    # --- cancel ----------------------------------------------------------------------------------

    def cancel(self, session: Session, task: TaskId) -> None:
        """Stop one task of a session; one that has ended is left alone."""
        found = session.tasks.get(task)
        if found is not None:
            self._canceller.cancel(found)

    def cancel_runs(self, session: Session, dependency: int) -> None:
        """Stop what a session runs of a function, and forget the event that waits for its end."""
        session.deferred.pop(dependency, None)
        for task in list(session.tasks.values()):
            if task.dependency.id == dependency:
                self._canceller.cancel(task)

    # --- for tests -------------------------------------------------------------------------------

    async def idle(self) -> None:
        """Wait until nothing runs, waits, or is about to be sent."""
        is_quiet = False
        while True:
            await asyncio.sleep(0)  # what has been posted comes first, also by what has just ended
            # Also of sessions that have ended, as long as they hold a slot.
            known = [t for s in self.sessions.values() for t in s.tasks.values()]
            running = [t.running for t in {*known, *self.queue.tasks()}]
            live = [r for r in running if r is not None]
            if live:
                await asyncio.wait(live)
            was_quiet, is_quiet = is_quiet, not (live or self._is_busy)
            if was_quiet and is_quiet:
                break
        for session in list(self.sessions.values()):
            await session.settle()

    @property
    def _is_busy(self) -> bool:
        return evaluator.is_busy or any(each.is_busy for each in self.sessions.values())

    def wait_idle(self, timeout: float = 120) -> None:
        """:meth:`idle`, from a thread.

        Raises:
            TimeoutError: something still runs after ``timeout`` seconds.
            RuntimeError: called on the loop's thread, which would wait for itself.
        """
        if self.thread.here:
            raise RuntimeError(
                "wait_idle() would block the loop that everything runs on. "
                "Write `await engine.idle()`."
            )

        async def settle() -> None:
            await asyncio.wait_for(self.idle(), timeout)

        self.thread.run(settle()).result(timeout + 1)


def _logged(callback: Callable[[], Any]) -> None:
    try:
        callback()
    except Exception:
        log.exception("A function that nobody waits for raised.")
