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

from ..block import Block
from ..blocks import Tree
from ..errors import Error, QueueFullError
from ..events import Dependency
from ..protocol import (
    App,
    Called,
    CloseReason,
    Json,
    JsResult,
    NodeId,
    PageId,
    Stopping,
    Submit,
    TaskId,
)
from ..protocol import Task as WireTask
from ..render import Subtree
from . import capture
from . import loop as loops
from .call import Output, readable_traceback, values_of
from .options import Options
from .outbound import numbered
from .queue import Queue
from .reports import RunReports
from .run import Runner
from .scene import Index
from .session import Deferred, Send, Session
from .task import Failure, Task
from .tell import Teller

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
        self._teller = Teller(self)
        self.queue = Queue(self._start, self._teller.moved, self.options.max_size)
        self.runner = Runner(self.loop, self.options.max_threads)
        self.on_idle: Callable[[], None] | None = None
        self._closed = False
        self._sweep: asyncio.TimerHandle | None = None
        self.index = Index(tree.dependencies.values(), self.options.concurrency_limit)
        if tree.delete_cache is not None:
            self.thread.post(self._sweep_later, *tree.delete_cache)

    def _sweep_later(self, frequency: float, age: float) -> None:
        """Every ``frequency`` seconds, delete files of sessions that are older than ``age``."""

        def sweep() -> None:
            for session in self.sessions.values():
                session.uploads.remove_older(age)
            self._sweep_later(frequency, age)

        if not self._closed:
            self._sweep = self.loop.call_later(frequency, sweep)

    # --- sessions --------------------------------------------------------------------------------

    def open(self, send: Send, control: bool = False) -> Session:
        """A new session whose packets go to ``send``. Callable from any thread but the loop's."""
        session = Session(self, send, control)
        self.thread.call(lambda: self._add(session))
        return session

    def _add(self, session: Session) -> None:
        self.sessions[session.epoch] = session
        while len(self.sessions) > self.options.capacity:
            self.close(next(iter(self.sessions.values())), "capacity")

    def close(self, session: Session, reason: CloseReason = "closed") -> None:
        """End a session: its tasks are cancelled, its files deleted, its unload functions
        called.
        """
        if self.sessions.pop(session.epoch, None) is None:
            return
        for task in list(session.tasks.values()):
            self._cancel(task)
        session.end(reason)
        for fn in self.tree.unload_fns:
            self.run_later(fn)
        if not self.sessions:
            self._shut()

    def run_later(self, fn: Callable[[], Any]) -> None:
        """Run a function that nobody waits for in the pool; what it raises is logged."""
        self.runner.submit(partial(_logged, fn))

    def _shut(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
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
            self.thread.call(end)
            if not self.thread.here:
                self.runner.stop(wait=True)

    # --- events ----------------------------------------------------------------------------------

    def dispatch(self, session: Session, block: Block, event: str, data: Json) -> None:
        """Run what listens to an event of a block."""
        for dependency in session.scene.listeners(block, event):
            self._trigger(session, dependency, block, data)

    def _trigger(
        self, session: Session, dependency: Dependency, target: Block | None, data: Json
    ) -> None:
        # A session that is being closed cancels its tasks, and nothing follows on them.
        if session.epoch not in self.sessions:
            return
        for other in dependency.cancels:
            self._cancel_runs(session, other)
        if dependency.fn is None and dependency.args.js is None:
            self._follow(session, dependency, "done")
            return
        if dependency.trigger_mode != "multiple" and self._is_active(session, dependency):
            if dependency.trigger_mode == "always_last":
                session.deferred[dependency.id] = Deferred(target, data)
            return
        task = self._new_task(session, dependency, target, data)
        # Without a page there is nobody to run the step; a function still gets its inputs as they
        # are.
        if dependency.args.js is None or not session.ask_js(task):
            self._submit(task)

    def js_result(self, session: Session, message: JsResult) -> None:
        """The page has run the ``js`` step of a task: go on with the function, or with the
        outputs.
        """
        task = session.tasks.get(message.task)
        if task is None or not task.in_js:
            return
        task.in_js = False
        dependency = task.dependency
        if message.values is None:
            why = message.error or "The js of this event failed."
            task.finish("failed", Failure("user", why, toast=("The js of this event failed", 10)))
            self._tell_end(task)
        elif dependency.fn is None:
            self._apply(task, values_of(dependency, message.values))
            task.finish("done")
            self._tell_end(task)
        else:
            for i, value in enumerate(message.values[: len(task.payloads)]):
                task.payloads[i] = value
            self._submit(task)

    def submit(self, session: Session, page: PageId, message: Submit) -> None:
        """Run a function with a client's own values. Neither trigger modes nor chains apply.

        Raises:
            ValueError: no such function, or too few values.
        """
        dependency = self.tree.dependencies.get(message.dependency)
        if dependency is None or dependency.fn is None or dependency.api_name is None:
            raise ValueError(f"This app has no function {message.dependency} that can be called.")
        wanted = [c for c in dependency.inputs if not c.stateful]
        if len(message.data) != len(wanted):
            raise ValueError(
                f"{dependency.name!r} needs {len(wanted)} values, got {len(message.data)}."
            )
        values = iter(message.data)
        task = self._new_task(session, dependency, None, None)
        task.called = True
        task.payloads = [None if c.stateful else next(values) for c in dependency.inputs]
        session.put(numbered(Called, page=page, call=message.call, task=task.id))
        self._submit(task)

    def _is_active(self, session: Session, dependency: Dependency) -> bool:
        return any(
            task.dependency is dependency and not task.called for task in session.tasks.values()
        )

    def _new_task(
        self, session: Session, dependency: Dependency, target: Block | None, data: Json
    ) -> Task:
        shown = [block for block in dependency.shown_on if block.on_page]
        nodes = [session.scene.node(block) for block in shown]
        stop = threading.Event()
        reports = RunReports(
            self.loop.time, self.thread.post, lambda: self._teller.reported(task), stop
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
            reports=reports,
            stop=stop,
            created=self.loop.time(),
            nodes=list(dict.fromkeys(node for node in nodes if node is not None)),
        )
        session.tasks[task.id] = task
        return task

    def _submit(self, task: Task) -> None:
        if task.dependency.fn is None:
            # A js step alone, and no page to run it.
            task.finish("done")
            self._tell_end(task)
            return
        if task.dependency.args.queue is False:
            self._start(task)
            return
        group = task.dependency.concurrency_id
        try:
            self.queue.push(task, group, task.session.scene.limit(group))
        except QueueFullError as error:
            task.finish("failed", Failure("user", str(error), toast=("Busy", 10)))
            self._tell_end(task)

    # --- one run ---------------------------------------------------------------------------------

    def _start(self, task: Task) -> None:
        args = task.dependency.args
        mates = self.queue.take_mates(task, args.max_batch_size - 1) if args.batch else []
        for each in [task, *mates]:
            each.state, each.started = "running", self.loop.time()
            self._teller.started(each)
        task.running = self.runner.start(lambda: self._run(task, mates))
        for mate in mates:
            mate.running = task.running
            task.running.add_done_callback(partial(self._mate_ended, mate))
        if args.time_limit is not None:
            limit = self.loop.call_later(args.time_limit, self._cancel, task)
            task.running.add_done_callback(lambda _: limit.cancel())
        # Not in a `finally` of the coroutine: one that is cancelled before its first step never
        # gets there.
        task.running.add_done_callback(lambda _: self._ended(task))

    async def _run(self, task: Task, mates: list[Task]) -> None:
        """Run the function and note how it ended, whatever it raises."""
        together = [task, *mates]
        try:
            if task.dependency.args.batch:
                await self.runner.run_batch(together, self._apply)
            else:
                await self.runner.run(task, self._apply)
            self._teller.took(task, self.loop.time() - task.started)
            for each in together:
                each.finish("cancelled" if each.stop.is_set() else "done")
        except asyncio.CancelledError:
            for each in together:
                each.finish("cancelled")
        except BaseException as error:  # noqa: BLE001 - a handler may raise anything
            for each in together:
                each.finish("failed", _failure(error))

    def _mate_ended(self, task: Task, _: object) -> None:
        self._ended(task)

    def _ended(self, task: Task) -> None:
        task.finish("cancelled")
        # The end is told before the next one starts, so that the page never shows two.
        self._tell_end(task)
        self.queue.release(task)

    def _apply(self, task: Task, outputs: list[Output] | Subtree) -> None:
        if task.stop.is_set() or task.session.closed:
            return
        if isinstance(outputs, Subtree):
            self._graft(task, outputs)
        elif task.called:
            task.session.answer(task, outputs)
        else:
            task.session.apply(outputs)

    def _graft(self, task: Task, subtree: Subtree) -> None:
        container = task.dependency.renders
        assert container is not None
        task.session.graft(container, subtree)
        self.dispatch(task.session, subtree, "load", None)

    def _tell_end(self, task: Task) -> None:
        session = task.session
        session.tasks.pop(task.id, None)
        self._teller.ended(task)
        if not session.closed and not task.called:
            self._follow(session, task.dependency, task.state)
            deferred = session.deferred.pop(task.dependency.id, None)
            if deferred is not None:
                self._trigger(session, task.dependency, deferred.target, deferred.data)

    def _follow(self, session: Session, dependency: Dependency, state: str) -> None:
        outcome = {"done": "success", "failed": "failure"}.get(state)
        for follower in session.scene.followers(dependency.id):
            assert follower.after is not None
            if follower.after[1] in ("any", outcome):
                self._trigger(session, follower, None, None)

    def snapshot(self, task: Task) -> WireTask:
        """A task that has not ended, for a page that has just come."""
        return self._teller.snapshot(task)

    # --- cancel ----------------------------------------------------------------------------------

    def cancel(self, session: Session, task: TaskId) -> None:
        """Stop one task of a session; one that has ended is left alone."""
        found = session.tasks.get(task)
        if found is not None:
            self._cancel(found)

    def _cancel_runs(self, session: Session, dependency: int) -> None:
        session.deferred.pop(dependency, None)
        for task in list(session.tasks.values()):
            if task.dependency.id == dependency:
                self._cancel(task)

    def _cancel(self, task: Task) -> None:
        task.stop.set()
        if task.ended:
            return
        if task.running is None:
            task.finish("cancelled")
            self.queue.release(task)
            self._tell_end(task)
        elif task.job is None or task.job.cancel():
            task.running.cancel()
        elif task.state != "stopping":
            task.state = "stopping"
            task.session.put(numbered(Stopping, task=task.id))

    # --- for tests -------------------------------------------------------------------------------

    async def idle(self) -> None:
        """Wait until nothing runs, waits, or is about to be sent."""
        while True:
            running = [t.running for s in self.sessions.values() for t in s.tasks.values()]
            live = [r for r in running if r is not None]
            if live:
                await asyncio.wait(live)
            elif any(s.tasks for s in self.sessions.values()):
                await asyncio.sleep(0)
            else:
                for session in self.sessions.values():
                    session.flush()
                return

    def wait_idle(self, timeout: float = 30) -> None:
        """:meth:`idle`, from a thread.

        Raises:
            TimeoutError: something still runs after ``timeout`` seconds.
        """

        async def settle() -> None:
            await asyncio.wait_for(self.idle(), timeout)

        self.thread.run(settle()).result(timeout + 1)


def _failure(error: BaseException) -> Failure:
    if isinstance(error, Error):
        if error.print_exception:
            log.debug("A handler raised gr.Error: %s", error.message)
        toast = (error.title, error.duration) if error.visible else None
        return Failure("user", error.message, None, toast)
    message = str(error) or type(error).__name__
    return Failure("internal", f"{type(error).__name__}: {message}", readable_traceback(error))


def _logged(callback: Callable[[], Any]) -> None:
    try:
        callback()
    except Exception:
        log.exception("A function called at the end of a session raised.")
