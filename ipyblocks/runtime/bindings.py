"""The variables that stand for props of a session's blocks: their values to the page, edits of the
page to them, and the calls that they wait for as tasks at the blocks.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from .. import context
from ..block import Block
from ..component import Component
from ..events import Dependency, ListenerArgs
from ..protocol import Json, Stream, TaskId, ToastLevel
from ..variables.derived import DerivedVariable
from ..variables.graph import Derived, State, Watch
from ..variables.variable import AnyVariable
from .call import Output, changed, failure_of, skip
from .computation import Computation
from .evaluator import evaluator
from .task import Failure, Task
from .trail import NO_TRAIL

if TYPE_CHECKING:
    from .session import Session

log = logging.getLogger("ipyblocks")


class _Bound:
    """One prop of a block that follows a variable, or a function that runs when it changes.

    Attributes:
        dependency: the function; None for a prop.
    """

    def __init__(
        self,
        block: Block,
        name: str,
        variable: AnyVariable,
        dependency: Dependency | None,
        changed: Callable[[_Bound], None],
        owner: Bindings,
    ) -> None:
        self.block = block
        self.name = name
        self.variable = variable
        self.dependency = dependency
        self.watch = Watch(variable, partial(changed, self), owner)


class Bindings:
    """Variables of one session. Loop thread only, but where it says otherwise.

    See :class:`~.computation.Follower`.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._bound: dict[tuple[int, str], _Bound] = {}
        self._by_watch: dict[Watch, _Bound] = {}
        self._dirty: dict[_Bound, None] = {}
        self._jobs: set[asyncio.Task[Any]] = set()
        self._applying: asyncio.Task[Any] | None = None
        self._failed: dict[Block, Task] = {}
        self._held = False
        self._closed = False

    # --- who looks at what -----------------------------------------------------------------------

    def sync(self) -> None:
        """Look at the variables of what the session shows now, and at no others."""
        if self._closed:
            return
        wanted = self._wanted()
        for key in [key for key in self._bound if key not in wanted]:
            self._drop(self._bound.pop(key))
        if wanted and not self._held:
            self._held = True
            evaluator.hold()
        new: dict[Watch, None] = {}
        for key, (block, name, variable, dependency) in wanted.items():
            if key not in self._bound:
                bound = _Bound(block, name, variable, dependency, self._changed, self)
                new[bound.watch] = None
                self._follow(key, bound)
        for run, watches in evaluator.waited_for(new).items():
            run.followers[self] = None
            self.follow(run, watches)

    def _wanted(self) -> dict[tuple[int, str], tuple[Block, str, AnyVariable, Dependency | None]]:
        scene = self._session.scene
        found: dict[tuple[int, str], tuple[Block, str, AnyVariable, Dependency | None]] = {}
        for _, block in scene.blocks():
            for name, variable in block.bound.items():
                found[id(block), name] = (block, name, variable, None)
        for dependency in scene.dependencies():
            if dependency.variable is not None and dependency.renders is not None:
                key = (id(dependency), "")
                found[key] = (dependency.renders, "", dependency.variable, dependency)
        return found

    def _follow(self, key: tuple[int, str], bound: _Bound) -> None:
        self._bound[key] = self._by_watch[bound.watch] = bound
        self._session.stores.follow(bound.variable)
        bound.watch.start()
        if bound.variable.failure is not None or bound.variable.is_current:
            self._changed(bound)
        elif bound.dependency is None and _has_value(bound.variable):
            self._dirty[bound] = None
            self._apply_soon()

    def _drop(self, bound: _Bound) -> None:
        bound.watch.stop()
        self._by_watch.pop(bound.watch, None)
        self._dirty.pop(bound, None)
        self._failed.pop(bound.block, None)

    def start(self) -> None:
        """The session has just been opened: show what the variables are now."""
        self.sync()
        # Whoever draws the session first draws these values.
        ready = [b for b in self._dirty if not _is_slow(b.block)]
        for bound in ready:
            del self._dirty[bound]
        outputs, failed = self._outputs(ready)
        self._show(outputs, failed)

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

    def _changed(self, bound: _Bound) -> None:
        """A variable has another value, or has failed, or was stopped."""
        variable = bound.variable
        if variable.failure is not None:
            self._tell_failure(bound, variable.failure)
            return
        if bound.dependency is not None:
            if _has_value(variable):
                self._forgive(bound.block)
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
                ready, self._dirty = list(self._dirty), {}
                if any(_is_slow(bound.block) for bound in ready):
                    runner = self._session.engine.runner
                    job = runner.submit(partial(self._outputs, ready))
                    outputs, failed = await asyncio.wrap_future(job)
                else:
                    outputs, failed = self._outputs(ready)
                if not self._session.closed:
                    self._show(outputs, failed)
        finally:
            self._applying = None

    def _outputs(
        self, bounds: Sequence[_Bound]
    ) -> tuple[list[Output], list[tuple[Block, BaseException]]]:
        """What becomes of blocks whose variables have changed; also in a thread of the pool."""
        outputs: list[Output] = []
        failed: list[tuple[Block, BaseException]] = []
        changes: dict[Block, dict[str, Any]] = {}
        for bound in bounds:
            changes.setdefault(bound.block, {})[bound.name] = bound.variable.now()
        for block, new in changes.items():
            output = self._output(block, new)
            if isinstance(output, Output):
                outputs.append(output)
            else:
                failed.append((block, output))
        return outputs, failed

    def _output(self, block: Block, new: dict[str, Any]) -> Output | Exception:
        with context.running(_Showing(self._session)):  # type: ignore[arg-type]
            try:
                return changed(self._session, block, new)
            except Exception as error:  # noqa: BLE001 - a value that its component cannot show
                return error

    def _show(self, outputs: list[Output], failed: Sequence[tuple[Block, BaseException]]) -> None:
        for output in outputs:
            self._forgive(output.block)
        # The page that has set a variable need not be told what it has set.
        news = [each for each in outputs if not self._session.shows(each)]
        self._session.apply(news, NO_TRAIL)
        for block, error in failed:
            self._fail(block, failure_of(error), type(block).__name__)

    # --- edits of the page -----------------------------------------------------------------------

    def edited(self, block: Block, name: str, payload: Json) -> None:
        """A page has set a prop, which has been checked."""
        bound = self._bound.get((id(block), name))
        if bound is None or bound.dependency is not None or not bound.variable.settable:
            return
        if isinstance(block, Component) and name == "value" and block.slow:
            self._spawn(self._take_slowly(bound, payload))
        else:
            self._take(bound, self._preprocess(bound, payload))

    def _preprocess(self, bound: _Bound, payload: Json) -> Callable[[], Any]:
        block = self._session.current(bound.block)

        def value() -> Any:
            with context.running(_Showing(self._session)):  # type: ignore[arg-type]
                return block.preprocess(payload) if bound.name == "value" else payload

        return value

    async def _take_slowly(self, bound: _Bound, payload: Json) -> None:
        job = self._session.engine.runner.submit(self._preprocess(bound, payload))
        try:
            value = await asyncio.wrap_future(job)
        except Exception as error:  # noqa: BLE001 - told at the component
            self._fail(bound.block, failure_of(error), type(bound.block).__name__)
            return
        self._take(bound, lambda: value)

    def _take(self, bound: _Bound, value: Callable[[], Any]) -> None:
        try:
            bound.variable.assign(value())
            self._forgive(bound.block)
        except BaseException as error:  # noqa: BLE001 - an observer may even exit; the loop may not
            self._fail(bound.block, failure_of(error), type(bound.block).__name__)

    # --- calls as tasks --------------------------------------------------------------------------

    def follow(self, run: Computation, watches: Sequence[Watch]) -> None:
        """See :class:`~.computation.Follower`."""
        bounds = [self._by_watch[watch] for watch in watches if watch in self._by_watch]
        for tracked in (True, False):
            blocks = [b.block for b in bounds if _tracks(b.block) is tracked]
            if blocks:
                self._shadow(run, list(dict.fromkeys(blocks)), tracked)

    def _shadow(self, run: Computation, blocks: list[Block], tracked: bool) -> Task:
        """A task of this session that stands for a call."""
        dependency = _standing_for(run, self._session, blocks, tracked, self)
        engine = self._session.engine
        task = engine.new_task(self._session, dependency, None, None)
        task.reports = run.reports  # type: ignore[assignment]
        gate = _Gate(run)
        task.places = gate  # type: ignore[assignment]

        def tell() -> None:
            gate.open()
            if not task.ended:
                engine.teller.reported(task)

        run.shown.append(tell)
        for block in blocks:
            self._failed.pop(block, None)
        engine.enqueue(task)
        return task

    def _tell_failure(self, bound: _Bound, error: BaseException) -> None:
        """A variable has failed too quickly for a task to have been shown."""
        block, variable = bound.block, bound.variable
        if any(_says(task, block, error) for task in self._session.tasks.values()):
            return
        name = variable.name if isinstance(variable, DerivedVariable) else variable.describe()
        self._fail(block, failure_of(error), name, partial(evaluator.again, variable))

    def _fail(
        self,
        block: Block,
        failure: Failure,
        name: str,
        retry: Callable[[], None] | None = None,
    ) -> None:
        async def fails() -> None:
            raise AssertionError("It is never run.")

        fails.__name__ = name
        dependency = _dependency(self._session, fails, [block], "full")
        task = self._session.engine.new_task(self._session, dependency, None, None)
        failure = Failure(failure.code, failure.message, failure.detail, failure.toast, retry)
        self._failed[block] = task
        self._session.engine.show_failed(task, failure)

    def _forgive(self, block: Block) -> None:
        """What a block shows is right again: its message goes."""
        if self._failed.pop(block, None) is not None:

            async def works() -> None:
                raise AssertionError("It is never run.")

            dependency = _dependency(self._session, works, [block], "hidden")
            task = self._session.engine.new_task(self._session, dependency, None, None)
            self._session.engine.show_done(task)

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


class _Showing:
    """Stands for a run while values are brought to the page: which files may be shown."""

    tracks_tqdm = False

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def files(self) -> Any:
        return self._session.files

    def toast(self, level: ToastLevel, message: str, title: str, duration: float | None) -> None:
        self._session.toast(level, message, title, duration)

    def write(self, stream: Stream, text: str) -> None:
        self._session.say(TaskId(0), "variables", stream, text)

    def check_cancelled(self) -> None:
        """Nobody cancels it."""


class _Gate:
    """Lets a task that stands for a call begin when the call does. See :class:`.places.Places`."""

    limit = None

    def __init__(self, run: Computation) -> None:
        self._run = run
        self._waiting: list[Callable[[], None]] = []

    @property
    def has_room(self) -> bool:
        """Whether the call has begun."""
        return not self._run.waits

    def take(self, wake: Callable[[], None]) -> bool:
        """See :meth:`.places.Places.take`."""
        if not self._run.waits:
            return True
        self._waiting.append(wake)
        return False

    def give(self) -> None:
        """Others have a gate of their own."""

    def open(self) -> None:
        """Look again whether the call has begun."""
        if not self._run.waits:
            waiting, self._waiting = self._waiting, []
            for wake in waiting:
                wake()


class _StandIn:
    """The function of a task that stands for a call: waits for it.

    Args:
        run: the call.
        bindings: of the session whose page may cancel it.
    """

    def __init__(self, run: Computation, bindings: Bindings) -> None:
        self.run = run
        self._bindings = bindings
        node = run.node
        self.__name__ = node.name if isinstance(node, DerivedVariable) else node.describe()

    async def __call__(self) -> Any:
        run = self.run
        try:
            await asyncio.shield(asyncio.wrap_future(run.over))
        except asyncio.CancelledError:
            evaluator.give_up(run, self._bindings)
            raise
        await self._bindings.settled()
        if run.error is not None and run.node.failure is run.error:
            raise run.error
        if run.node.state is State.STOPPED:
            raise asyncio.CancelledError
        return skip()


def _standing_for(
    run: Computation, session: Session, blocks: list[Block], tracked: bool, bindings: Bindings
) -> Dependency:
    fn = _StandIn(run, bindings)
    dependency = _dependency(session, fn, blocks, "full" if tracked else "minimal")
    if isinstance(run.node, DerivedVariable):
        dependency.first_fn = run.node.func
    dependency.retry = partial(evaluator.again, run.node)
    return dependency


def _dependency(
    session: Session, fn: Callable[..., Any], blocks: list[Block], show_progress: Any
) -> Dependency:
    """One that belongs to no listener."""
    args = ListenerArgs(
        fn,
        api_name=False,
        show_progress=show_progress,
        concurrency_limit=None,
        concurrency_id=f"variable {id(fn)}",
    )
    return Dependency(
        id=-1,
        root=session.tree,
        targets=[],
        fn=fn,
        inputs=[],
        outputs=blocks,
        args=args,
        inputs_as_dict=False,
        trigger_mode="multiple",
        api_name=None,
        first_fn=fn,
    )


def _says(task: Task, block: Block, error: BaseException) -> bool:
    """Whether a task stands for the call that has raised an error, and says so at a block."""
    fn = task.dependency.fn
    return isinstance(fn, _StandIn) and fn.run.error is error and block in task.dependency.outputs


def _has_value(variable: AnyVariable) -> bool:
    """Whether there is something to show, be it of before a change."""
    if isinstance(variable, Derived):
        return variable.is_known and variable.failure is None
    return True


def _tracks(block: Block) -> bool:
    return bool(getattr(block, "track_progress", False))


def _is_slow(block: Block) -> bool:
    return isinstance(block, Component) and block.slow
