"""The variables that stand for props of a session's blocks: their values to the page, edits of the
page to them, and the calls that they wait for as tasks at the blocks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from .. import context
from ..block import Block
from ..component import Component
from ..dependency import Dependency
from ..protocol import Json, Stream, TaskId, ToastLevel
from ..variables import graph
from ..variables.base import AnyVariable
from ..variables.derived import DerivedVariable
from ..variables.graph import Derived, State
from ..variables.watch import Watch
from .call import Output, failure_of
from .computation import Computation
from .evaluator import evaluator
from .faults import Faults
from .scene import Content
from .showing import Bound, News, Showing, news_of, telling
from .standin import Gate, StandIn, says, standing_for
from .task import Failure, Task
from .trail import NO_TRAIL

if TYPE_CHECKING:
    from .session import Session

log = logging.getLogger("ipyblocks")

_Wanted: TypeAlias = "tuple[tuple[int, str], Block, str, AnyVariable, Dependency | None]"


class Bindings:
    """Variables of one session. Loop thread only, but where it says otherwise.

    See :class:`~.computation.Follower`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._bound: dict[tuple[int, str], Bound] = {}
        self._by_watch: dict[Watch, Bound] = {}
        self._dirty: dict[Bound, None] = {}
        self._jobs: set[asyncio.Task[Any]] = set()
        self._applying: asyncio.Task[Any] | None = None
        self._faults = Faults(session)
        self._held = False
        self._closed = False

    # --- who looks at what -----------------------------------------------------------------------

    def moved(self, went: Content, came: Content) -> None:
        """Look at the variables of what the session shows now, and no more at those of what it
        shows no longer.
        """
        if self._closed:
            return
        for key, *_ in _wanted(went):
            bound = self._bound.pop(key, None)
            if bound is not None:
                self._drop(bound)
        new: dict[Watch, None] = {}
        for key, block, name, variable, dependency in _wanted(came):
            if not self._held:
                self._held = True
                evaluator.hold()
            if key not in self._bound:
                bound = Bound(block, name, variable, dependency, self._changed, self)
                new[bound.watch] = None
                self._follow(key, bound)
        for run, watches in evaluator.waited_for(new).items() if new else ():
            run.followers[self] = None
            self.follow(run, watches)

    def _follow(self, key: tuple[int, str], bound: Bound) -> None:
        self._bound[key] = self._by_watch[bound.watch] = bound
        self._session.stores.follow(bound.variable)
        bound.watch.start()
        if bound.variable.failure is not None or bound.variable.is_current:
            self._changed(bound)
        elif bound.dependency is None and _has_value(bound.variable):
            self._dirty[bound] = None
            self._apply_soon()

    def _drop(self, bound: Bound) -> None:
        bound.watch.stop()
        self._by_watch.pop(bound.watch, None)
        self._dirty.pop(bound, None)
        if self._closed:
            return
        # Another block may have taken over its place, by its key.
        self._faults.right(bound.block, bound.name)

    def start(self) -> None:
        """The session has just been opened: show what the variables are now."""
        scene = self._session.scene
        blocks = [block for _, block in scene.blocks()]
        self.moved(Content([], []), Content(blocks, scene.dependencies()))
        # Whoever draws the session first draws these values.
        ready = [b for b in self._dirty if not _is_slow(b.block)]
        for bound in ready:
            del self._dirty[bound]
        self._show(news_of(self._session, ready))

    def close(self) -> None:
        """Look at nothing any more."""
        self._closed = True
        for bound in self._bound.values():
            self._drop(bound)
        self._bound.clear()
        for job in list(self._jobs):
            job.cancel()
        if self._held:
            self._held = False
            evaluator.release()

    # --- values to the page ----------------------------------------------------------------------

    def _changed(self, bound: Bound) -> None:
        """A variable has another value, or has failed, or was stopped."""
        variable = bound.variable
        if variable.failure is not None:
            self._tell_failure(bound, variable.failure)
            return
        if bound.dependency is not None:
            if _has_value(variable):
                self._faults.right(bound.block, bound.name)
                self._session.engine.run_dependency(self._session, bound.dependency)
            return
        if _has_value(variable):
            self._dirty[bound] = None
            self._apply_soon()

    def _apply_soon(self) -> None:
        if self._applying is None and not self._closed:
            self._applying = self._spawn(self._apply())

    async def _apply(self) -> None:
        try:
            while self._dirty:
                ready, self._dirty = self._with_wrong(self._dirty), {}
                if any(_is_slow(bound.block) for bound in ready):
                    job = self._session.engine.runner.submit(partial(news_of, self._session, ready))
                    news = await asyncio.wrap_future(job)
                else:
                    news = news_of(self._session, ready)
                if not self._session.closed:
                    self._show(news)
        finally:
            self._applying = None

    def _with_wrong(self, bounds: Iterable[Bound]) -> list[Bound]:
        """These, and props of the same blocks that could not be shown: a value that was not among
        the choices may be among the new ones.
        """
        found = dict.fromkeys(bounds)
        for block in dict.fromkeys(each.block for each in bounds):
            for name in self._faults.of(block):
                other = self._bound.get((id(block), name))
                if other is not None and other.dependency is None and _has_value(other.variable):
                    found[other] = None
        return list(found)

    def _show(self, news: News) -> None:
        for bound in news.right:
            if not _is_stopped(bound.variable):
                self._faults.right(bound.block, bound.name)
        # The page that has set a variable need not be told what it has set.
        outputs = [each for each in news.outputs if not self._session.shows(each)]
        self._session.apply(outputs, NO_TRAIL)
        for bound, error in news.wrong:
            self._fail(bound, error)

    def _fail(self, bound: Bound, error: BaseException) -> None:
        called = type(bound.block).__name__
        self._faults.add(bound.block, bound.name, failure_of(error), called)

    # --- edits of the page -----------------------------------------------------------------------

    def edited(self, block: Block, name: str, payload: Json) -> None:
        """A page has set a prop, which has been checked."""
        bound = self._settable(block, name)
        if bound is None:
            return
        if isinstance(block, Component) and name == "value" and block.slow:
            self._spawn(self._take_slowly(bound, payload))
            return
        try:
            value = self._preprocess(bound, payload)()
        except Exception as error:  # noqa: BLE001 - told at the component
            self._fail(bound, error)
        else:
            self._take(bound, value)

    def given(self, outputs: Sequence[Output]) -> None:
        """A function has set props that follow variables: these get what the props have got."""
        for output in outputs:
            block = self._session.scene.current(output.block)
            for name, value in output.given.items():
                bound = self._settable(block, name)
                if bound is not None:
                    self._take(bound, value)
            if not output.given and "value" in output.props:
                self.edited(block, "value", output.props["value"])

    def _settable(self, block: Block, name: str) -> Bound | None:
        bound = self._bound.get((id(block), name))
        if bound is None or bound.dependency is not None or not bound.variable.settable:
            return None
        return bound

    def _preprocess(self, bound: Bound, payload: Json) -> Callable[[], Any]:
        block = self._session.current(bound.block)

        def value() -> Any:
            with context.running(Showing(self._session)):  # type: ignore[arg-type]
                return block.preprocess(payload) if bound.name == "value" else payload

        return value

    async def _take_slowly(self, bound: Bound, payload: Json) -> None:
        job = self._session.engine.runner.submit(self._preprocess(bound, payload))
        try:
            value = await asyncio.wrap_future(job)
        except Exception as error:  # noqa: BLE001 - told at the component
            self._fail(bound, error)
            return
        self._take(bound, value)

    def _take(self, bound: Bound, value: Any) -> None:
        try:
            bound.variable.assign(value)
            self._faults.right(bound.block, bound.name)
        except BaseException as error:  # noqa: BLE001 - an observer may even exit; the loop may not
            self._fail(bound, error)

    # --- calls as tasks --------------------------------------------------------------------------

    def follow(self, run: Computation, watches: Sequence[Watch]) -> None:
        """See :class:`~.computation.Follower`."""
        bounds = [self._by_watch[watch] for watch in watches if watch in self._by_watch]
        for tracked in (True, False):
            waiting = [bound for bound in bounds if _tracks(bound.block) is tracked]
            if waiting:
                self._stand_in(run, waiting, tracked)

    def _stand_in(self, run: Computation, bounds: list[Bound], tracked: bool) -> None:
        """Let a task of this session stand for a call that some props wait for."""
        engine, session = self._session.engine, self._session
        blocks = list(dict.fromkeys(telling(bound.block) for bound in bounds))
        dependency = standing_for(StandIn(run, self), session, blocks, tracked)
        task = engine.new_task(session, dependency, None, None)
        task.reports = run.reports  # type: ignore[assignment]
        task.told = lambda: self._stood_in(task, run, bounds)
        gate = Gate(run)
        task.places = gate  # type: ignore[assignment]

        def tell() -> None:
            gate.open()
            task.cut_short = run.cancelled  # and begun anew with other inputs
            if not task.ended:
                engine.teller.reported(task)

        run.shown.append(tell)
        for bound in bounds:
            self._faults.forget(bound.block, bound.name)
        # Nobody has asked for it who could be told to come back later.
        engine.queue.push(task, dependency.concurrency_id, None, counts=False)

    def _stood_in(self, task: Task, run: Computation, bounds: Sequence[Bound]) -> None:
        """A task that stood for a call has ended; what failed before is no longer told there."""
        left = [each for each in bounds if self._by_watch.get(each.watch) is each]
        if task.state == "done":
            for block in dict.fromkeys(bound.block for bound in left):
                self._faults.tell_again(block)
        elif task.state == "cancelled":
            if not run.is_over:
                evaluator.give_up(run, self)
            failure = Failure("cancelled", task.reason, retry=task.dependency.retry)
            for bound in left:
                self._faults.add(bound.block, bound.name, failure, task.dependency.name, told=True)
                if not _is_awaited(bound.variable):
                    self._changed(bound)  # it has come at the last moment

    def ended(self, task: Task) -> None:
        """A task of a listener, or one that builds content, has ended: it is no longer told at its
        blocks what else is wrong with them.
        """
        if task.nodes and task.state in ("done", "cancelled") and not self._closed:
            for block in task.dependency.shown_on:
                self._faults.tell_again(block)

    def _tell_failure(self, bound: Bound, error: BaseException) -> None:
        """A variable has failed; too quickly, perhaps, for a task to have been shown."""
        block, variable = bound.block, bound.variable
        told = any(says(task, telling(block), error) for task in self._session.tasks.values())
        called = variable.name if isinstance(variable, DerivedVariable) else variable.describe()
        failure = replace(failure_of(error), retry=partial(evaluator.again, variable))
        self._faults.add(block, bound.name, failure, called, told)

    def say(self, run: Computation, stream: Stream, text: str) -> None:
        """See :class:`~.computation.Follower`."""
        name = run.node.name if isinstance(run.node, DerivedVariable) else run.node.describe()
        self._session.say(TaskId(0), name, stream, text)

    def toast(self, level: ToastLevel, message: str, title: str, duration: float | None) -> None:
        """See :class:`~.computation.Follower`."""
        self._session.toast(level, message, title, duration)

    # --- waiting ---------------------------------------------------------------------------------

    async def settled(self) -> None:
        """Wait until what the variables are now has been handed to the page's frames."""
        while evaluator.is_about_to_tell or self._applying is not None:
            if self._applying is not None:
                await asyncio.wait([self._applying])
            else:
                await asyncio.sleep(0)

    @property
    def is_busy(self) -> bool:
        """Whether something is being shown or taken."""
        return bool(self._jobs or self._dirty)

    def _spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        job = self._session.engine.loop.create_task(coroutine)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return job


def _wanted(content: Content) -> Iterator[_Wanted]:
    """What follows variables."""
    for block in content.blocks:
        for name, variable in block.bound.items():
            yield (id(block), name), block, name, variable, None
    for dependency in content.dependencies:
        if dependency.variable is not None and dependency.renders is not None:
            yield (id(dependency), ""), dependency.renders, "", dependency.variable, dependency


def _has_value(variable: AnyVariable) -> bool:
    """Whether there is something to show, be it of before a change."""
    if isinstance(variable, Derived):
        return variable.is_known and variable.failure is None
    return True


def _is_awaited(variable: AnyVariable) -> bool:
    """Whether a variable is still to come. Who looks at it will then be told, though it may be the
    same value as before.
    """
    if not isinstance(variable, Derived):
        return False
    with graph.lock:
        variable.missed = not variable.is_current
    return variable.missed


def _is_stopped(variable: AnyVariable) -> bool:
    return isinstance(variable, Derived) and variable.state is State.STOPPED


def _tracks(block: Block) -> bool:
    """Whether a block, or a layout around it, is to say how far it is."""
    here: Block | None = block
    while here is not None and not getattr(here, "track_progress", False):
        here = here.parent
    return here is not None


def _is_slow(block: Block) -> bool:
    return isinstance(block, Component) and block.slow
