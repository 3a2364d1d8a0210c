"""Computes derived variables for whoever looks at them: sessions, observers, and cells that read.

One for the kernel, like the variables. What is quick is computed in a thread, many nodes in one
go (a *wave*). ``async`` functions run on the loop, tasks on the backend, one call a node; a quick
one that turns out to be slow becomes such a call, and the others go on without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import logging
import random
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from typing import Any

from .. import context
from ..files import Files
from ..variables import graph, variable
from ..variables.derived import DerivedVariable
from ..variables.graph import Derived, Node, State, Watch
from . import loop as loops
from .backends.base import Call, kind_of
from .backends.choice import Lease
from .backends.threads import new_pool
from .computation import Computation, Follower

log = logging.getLogger("ipyblocks")

LINGER = 0.05
"""Seconds that a function may take before the pages that wait for it are told that it runs."""

MOST_THREADS = 16

SLOWEST_POLLING = 60.0
"""Seconds to which the interval of a variable grows that fails again and again."""


class _Wave:
    """Quick functions that one thread calls one after the other.

    Attributes:
        run: the call that goes on.
        overtaken: that call has taken too long; the rest is left to another thread.
        again: something has changed since it began.
    """

    def __init__(self) -> None:
        self.run: Computation | None = None
        self.overtaken = False
        self.again = False


class Evaluator:
    """Computes derived variables. See :class:`ipyblocks.variables.graph.Keeper`."""

    def __init__(self) -> None:
        self._users = 0
        self._lock = threading.Lock()
        self._thread: loops.LoopThread | None = None
        self._pool: Executor | None = None
        self._files: Files | None = None
        self._lease = Lease()
        self._posted = False
        self._wave: _Wave | None = None
        self._jobs: set[asyncio.Task[Any]] = set()
        self._told: deque[Callable[[], None]] = deque()
        self._telling = False
        self._polls: dict[Derived, asyncio.TimerHandle] = {}
        self.runs: dict[Derived, Computation] = {}

    # --- life ------------------------------------------------------------------------------------

    def hold(self) -> loops.LoopThread:
        """Somebody looks, or reads. Wants one :meth:`release`."""
        with self._lock:
            self._users += 1
            if self._thread is None:
                # What the former loop was about to do is not done any more.
                self._wave, self._posted = None, False
                self._thread = loops.acquire()
                self._pool = new_pool(MOST_THREADS)
            return self._thread

    def release(self) -> None:
        """That one is gone. With the last, threads and tasks end."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            pool, files = self._pool, self._files
            thread, runs = self.thread, list(self.runs.values())
            polls = list(self._polls.values())
            self._wave = None
            self._polls.clear()
            self.runs.clear()
            self._thread = self._pool = self._files = None
            self._lease.release()
            self._lease = Lease()
        for each in polls:
            thread.post(each.cancel)
        for run in runs:
            thread.post(run.cancel)
            self._flag(run.node, False)
        if pool is not None:
            pool.shutdown(wait=False)
        if files is not None:
            files.close()
        loops.release()

    @contextlib.contextmanager
    def held(self) -> Iterator[loops.LoopThread]:
        """:meth:`hold`, for as long as code inside takes."""
        thread = self.hold()
        try:
            yield thread
        finally:
            self.release()

    @property
    def thread(self) -> loops.LoopThread:
        """The loop's thread.

        Raises:
            RuntimeError: nobody looks at, or reads, any variable.
        """
        if self._thread is None:
            raise RuntimeError("No app is open, and nobody waits for a variable.")
        return self._thread

    @property
    def files(self) -> Files:
        """What functions of variables keep in files."""
        with self._lock:
            if self._files is None:
                self._files = Files()
            return self._files

    # --- looking ---------------------------------------------------------------------------------

    def wake(self) -> None:
        """See :class:`graph.Keeper`."""
        thread = self._thread
        if thread is not None and not self._posted:
            self._posted = True
            thread.post(self._flush, thread)

    def _flush(self, thread: loops.LoopThread) -> None:
        if self._thread is not thread:
            return  # its loop is about to end, and there may be another one
        self._posted = False
        with graph.lock:
            watches = list(graph.news)
            graph.news.clear()
        for watch in watches:
            if isinstance(watch.node, DerivedVariable):
                watch.node.tell_flags()
            try:
                watch.changed()
            except Exception:
                log.exception("A change of %s could not be told.", watch.node.describe())
        for node, run in list(self.runs.items()):
            if node.state is State.STALE and run.interrupt is not None:
                run.cancel()  # an input has changed since it began
        self._begin_wave()

    def _begin_wave(self) -> None:
        if self._wave is not None:
            self._wave.again = True
            return
        if self._pool is None:
            return
        with graph.lock:
            if not any(node.run is None for node in graph.wanted):
                return
        self._wave = wave = _Wave()
        self.thread.loop.call_later(LINGER, self._overtake, wave)
        self._pool.submit(self._compute, wave, self.thread)

    def _compute(self, wave: _Wave, thread: loops.LoopThread) -> None:
        """Call what is quick, inputs first, until there is no more; in a thread of the pool."""
        try:
            while self._pass(wave, thread):
                pass
        except BaseException:
            log.exception("Variables could not be computed.")
        finally:
            thread.post(self._wave_over, wave)

    def _pass(self, wave: _Wave, thread: loops.LoopThread) -> bool:
        with graph.lock:
            order = graph.plan([node for node in graph.wanted if node.run is None])
        called = False
        for node in order:
            run = self._prepared(node)
            if run is None:
                continue
            called = True
            if not node.quick:
                self._hand_over(run, thread)
                continue
            run.began = thread.loop.time()
            wave.run = run
            self._call(run)
            wave.run = None
            if wave.overtaken:
                thread.post(self._run_over, run)
                self.wake()  # that loop may have ended, and others wait on another one
                return False
        return called

    def _prepared(self, node: Derived) -> Computation | None:
        with graph.lock:
            given = node.prepare()
            if given is None:
                if graph.news:
                    self.wake()  # it has a value, or a failure, without a call
                return None
            run = Computation(self, node, *given)
            node.begin(run)
            return run

    def _hand_over(self, run: Computation, thread: loops.LoopThread) -> None:
        """Let a call begin on the loop."""
        with self._lock:
            if self._thread is thread:  # and the loop goes on, as long as the lock is held
                thread.post(self._start, run, thread)
                return
        run.node.over()
        run.end()

    def _call(self, run: Computation) -> None:
        """Call a function here, and note what it gives.

        Raises:
            KeyboardInterrupt: the kernel was interrupted; the function may be called again.
        """
        node, inside = run.node, graph.computing()
        inside.append(node)
        try:
            value = _computed(run)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and _is_main_thread():
                node.over()
                raise
            self._failed(run, error)
        else:
            node.finish(run.versions, run.values, value)
        finally:
            inside.pop()
            run.end()

    def _failed(self, run: Computation, error: BaseException) -> None:
        if self._thread is None:
            run.cancelled = True  # the loop has ended, and what ran on it with it
        if run.cancelled and isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
            run.node.over()
            return
        run.error = error
        run.node.finish(run.versions, run.values, error=error)

    def _overtake(self, wave: _Wave) -> None:
        """A wave takes long: say so where its function is waited for, and go on with the rest."""
        if self._wave is not wave or self._thread is None:
            return
        loop = self.thread.loop
        with graph.lock:
            run = wave.run
            # Many quick functions are no slow one.
            left = LINGER if run is None or run.is_over else run.began + LINGER - loop.time()
            if run is None or left > 0:
                loop.call_later(left, self._overtake, wave)
                return
            wave.overtaken = True
        self._wave = None
        self._announce(run)
        self._begin_wave()

    def _wave_over(self, wave: _Wave) -> None:
        if self._wave is wave:
            self._wave = None
            # Else there is nothing to do until a call has ended.
            if wave.again:
                self._begin_wave()

    # --- one call --------------------------------------------------------------------------------

    def audience(self, node: Node) -> dict[Follower, list[Watch]]:
        """Sessions that look at a node, or at what is computed from it."""
        found: dict[Follower, list[Watch]] = {}
        with graph.lock:
            for each in graph.below(node):
                for watch in each.watches:
                    if watch.owner is not None:
                        found.setdefault(watch.owner, []).append(watch)  # type: ignore[arg-type]
        return found

    def _announce(self, run: Computation) -> None:
        """Tell those who wait for it that a call goes on. Loop thread only."""
        self.runs[run.node] = run
        run.announced, said = True, run.tracked
        run.began = run.began or self.thread.loop.time()
        for follower, watches in self.audience(run.node).items():
            run.followers[follower] = None
            follower.follow(run, watches)
        if said:
            run.reported()  # before anybody was there to be told
        self._flag(run.node, True)

    def _flag(self, node: Derived, loading: bool) -> None:
        with graph.lock:
            for each in graph.below(node):
                if isinstance(each, DerivedVariable):
                    each.tell_flags(loading)

    def waited_for(self, watches: Mapping[Watch, None]) -> dict[Computation, list[Watch]]:
        """Calls that go on, with those of the watches that wait for them."""
        found: dict[Computation, list[Watch]] = {}
        with graph.lock:
            for run in self.runs.values():
                for node in graph.below(run.node):
                    waiting = [each for each in node.watches if each in watches]
                    if waiting:
                        found.setdefault(run, []).extend(waiting)
        return found

    def _start(self, run: Computation, thread: loops.LoopThread) -> None:
        """Begin a call that is no quick one."""
        if self._thread is not thread:
            run.node.over()
            run.end()
            return
        node = run.node
        assert isinstance(node, DerivedVariable)
        run.waits = node.run_as_task and not self._take_place()
        job = self._run_task if node.run_as_task else self._run_async
        # A context of its own: what a cell has set is none of its business.
        task = contextvars.Context().run(lambda: thread.loop.create_task(self._guarded(job, run)))
        # Not at once: a task that is cancelled before its first step gives no place back.
        run.interrupt = partial(thread.loop.call_soon, task.cancel)
        self._jobs.add(task)
        task.add_done_callback(partial(self._job_over, run))
        self._announce(run)

    def _take_place(self) -> bool:
        places = self._lease.places
        return places is None or places.take(lambda: None)

    async def _guarded(
        self, job: Callable[[Computation, DerivedVariable], Awaitable[None]], run: Computation
    ) -> None:
        """An exit or interrupt of a user's function is its failure, and not the end of the loop."""
        assert isinstance(run.node, DerivedVariable)
        try:
            await job(run, run.node)
        except (SystemExit, KeyboardInterrupt) as error:
            self._failed(run, error)

    async def _run_async(self, run: Computation, node: DerivedVariable) -> None:
        run.check_cancelled()
        with context.running(run):
            value = await node.compute(*run.values)
        node.finish(run.versions, run.values, value)

    async def _run_task(self, run: Computation, node: DerivedVariable) -> None:
        lease, places = self._lease, self._lease.places
        assert places is not None
        if run.waits:
            await places.turn()
            run.waits = False
            for tell in run.shown:
                tell()
        try:
            run.check_cancelled()
            backend = lease.backend()
            if backend is None:
                with context.running(run):
                    value = node.compute(*run.values)
                    if inspect.isawaitable(value):
                        value = await value
                node.finish(run.versions, run.values, value)
                return
            call = Call(
                node.func,
                node.arguments(run.values),
                kind_of(node.func),
                node.name,
                [f"The variable {each.describe()}" for each in node.inputs],
                [],
                False,
            )
            handle = backend.submit(call, run)
            run.interrupt = handle.cancel
            try:
                value = await asyncio.wrap_future(handle.step())
            finally:
                await asyncio.wrap_future(handle.close())
        finally:
            places.give()
        node.finish(run.versions, run.values, value)

    def _job_over(self, run: Computation, task: asyncio.Task[Any]) -> None:
        self._jobs.discard(task)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            self._failed(run, error)
        elif not run.is_over and run.node.run is run:
            run.node.over()
        run.end()
        self._run_over(run)

    def _run_over(self, run: Computation) -> None:
        if self.runs.get(run.node) is run:
            del self.runs[run.node]
            self._flag(run.node, False)
        run.waits = False
        for tell in run.shown:
            tell()
        run.followers.clear()
        self.wake()
        if not self._posted and self._thread is not None:
            self._begin_wave()

    # --- giving up -------------------------------------------------------------------------------

    def drop(self, node: Derived) -> None:
        """See :class:`graph.Keeper`."""
        thread = self._thread
        if thread is not None:
            thread.post(self._drop, node)

    def _drop(self, node: Derived) -> None:
        run = node.run
        if isinstance(run, Computation) and not node.is_live and not run.readers:
            run.cancel()

    def give_up(self, run: Computation, follower: Follower) -> None:
        """A page has pressed Cancel. The call ends when nobody else waits for it."""
        run.given_up.add(follower)
        if run.readers or set(self.audience(run.node)) - run.given_up:
            return
        run.node.stopped()
        run.cancel()

    def again(self, node: Node) -> None:
        """Compute a variable, and what has failed or was stopped above it, once more."""
        with graph.lock:
            broken = [
                each
                for each in graph.plan_all(node)
                if each.failure is not None or each.state is State.STOPPED
            ]
        for each in broken:
            each.again(force=True, parents=False)

    # --- reading ---------------------------------------------------------------------------------

    def read(self, node: Derived, waiting: Sequence[Derived] = ()) -> Any:
        """The value of a node as of now. Waits for it; not to be called on the loop's thread.

        Args:
            waiting: nodes whose ``async`` functions wait for it.

        Raises:
            BaseException: what its function, or one above, raised.
            CycleError: what would be waited for waits for the caller.
            RuntimeError: called on the loop's thread, and it would have to wait.
        """
        with graph.lock:
            fresh = isinstance(node, DerivedVariable) and node.cache is None and not node.is_live
            if fresh and node.run is None and not graph.computing():
                node.seen = None
                node.state = State.STALE
            node.resume()
            if node.is_current:
                return _outcome(node)
        return self._read(node, waiting)

    def _read(self, node: Derived, waiting: Sequence[Derived]) -> Any:
        with contextlib.ExitStack() as stack:
            while True:
                with graph.lock:
                    if node.is_current:
                        return _outcome(node)
                    order = graph.plan([node])
                run, mine = self._advance(order)
                if run is None:
                    continue
                thread = stack.enter_context(self.held())
                if thread.here:
                    if mine:
                        run.node.over()
                    raise RuntimeError(
                        f"{node.describe()} is being computed and cannot be waited for on the "
                        "app's loop; write `await variable.get_current_value()` in async functions."
                    )
                if mine:
                    thread.post(self._start, run, thread)
                run.readers += 1
                try:
                    with graph.waiting([*graph.computing(), *waiting], run.node):
                        run.over.result()
                finally:
                    run.readers -= 1
                    self.drop(run.node)

    def _advance(self, order: Sequence[Derived]) -> tuple[Computation | None, bool]:
        """Call what is quick of these, inputs first. Returns a call to be waited for, and whether
        it is yet to begin; None: all that could be called has been.
        """
        going: Computation | None = None
        for node in order:
            with graph.lock:
                node.resume()
                run = self._prepared(node)
            if run is None:
                if isinstance(node.run, Computation):
                    going = going or node.run
            elif node.quick:
                self._call(run)
            else:
                return run, True
        if graph.wanted:
            self.wake()  # somebody who looks may have waited for what has its value now
        return going, False

    async def read_async(self, node: Derived) -> Any:
        """Like :meth:`read`, from any loop."""
        with graph.lock:
            if node.is_current and node.failure is None:
                return node.now()
        run = context.current_run()
        waiting = [run.node] if isinstance(run, Computation) else []
        with self.held() as thread:
            assert self._pool is not None
            if not isinstance(thread, loops.KernelLoop):
                return await asyncio.wrap_future(self._pool.submit(self.read, node, waiting))
            # Where everything is on one loop, looking at it is waiting for it.
            settled = asyncio.Event()
            watch = Watch(node, settled.set)
            watch.start()
            try:
                while not node.is_current:
                    settled.clear()
                    await settled.wait()
            finally:
                watch.stop()
            if node.failure is not None:
                raise node.failure
            return node.now()

    def observe(self, node: Node, told: Callable[[], None]) -> Watch:
        """See :class:`variable.Reader`."""
        watch = _Observer(self, node, told)
        self.hold()
        watch.start()
        return watch

    def tell(self, told: Callable[[], None]) -> None:
        """Call an observer outside of the loop, after those before it. Loop thread only."""
        with self._lock:
            self._told.append(told)
            pool = None if self._telling else self._pool
            self._telling = self._telling or pool is not None
        if pool is not None:
            pool.submit(self._tell_all)

    def _tell_all(self) -> None:
        while True:
            with self._lock:
                if not self._told:
                    self._telling = False
                    return
                told = self._told.popleft()
            self._tell_one(told)

    def _tell_one(self, told: Callable[[], None]) -> None:
        try:
            told()
        except BaseException:
            log.exception("An observer of a variable raised.")

    # --- polling ---------------------------------------------------------------------------------

    def poll(self, node: Derived) -> None:
        """See :class:`graph.Keeper`."""
        thread = self._thread
        if thread is not None:
            thread.post(self._arm, node, 1.0)

    def _arm(self, node: Derived, slower: float) -> None:
        if node in self._polls or not node.is_live or self._thread is None:
            return
        given = node.polling_interval
        seconds = given.peek() if isinstance(given, variable.AnyVariable) else given
        if isinstance(seconds, (int, float)) and seconds > 0:
            wait = min(SLOWEST_POLLING, seconds * slower) if slower > 1 else seconds
            # Many that began together shall not go on together.
            wait *= random.uniform(0.95, 1.05)
            self._polls[node] = self._thread.loop.call_later(wait, self._poll, node, slower)

    def _poll(self, node: Derived, slower: float) -> None:
        self._polls.pop(node, None)
        if not node.is_live:
            return
        if node.run is None and node.state is not State.STOPPED:
            node.again(force=True, parents=False)
        self._arm(node, 2 * slower if node.failure is not None else 1.0)

    # --- for tests -------------------------------------------------------------------------------

    @property
    def is_about_to_tell(self) -> bool:
        """Whether somebody who looks has not yet been told of a value."""
        return self._posted

    @property
    def is_busy(self) -> bool:
        """Whether something is being computed or about to be."""
        waiting = graph.is_waited_for()
        going = self._wave is not None or self.runs or self._telling or self._told
        return bool(self._thread is not None and (going or self._posted or waiting))


class _Observer(Watch):
    """Holds the evaluator for as long as it looks."""

    __slots__ = ("_evaluator", "_told")

    def __init__(self, evaluator: Evaluator, node: Node, told: Callable[[], None]) -> None:
        super().__init__(node, self._changed)
        self._evaluator: Evaluator | None = evaluator
        self._told = told

    def _changed(self) -> None:
        if self._evaluator is not None:
            self._evaluator.tell(self._told)

    def stop(self) -> None:
        super().stop()
        evaluator, self._evaluator = self._evaluator, None
        if evaluator is not None:
            evaluator.release()


def _outcome(node: Derived) -> Any:
    if node.failure is not None:
        raise node.failure
    return node.now()


def _computed(run: Computation) -> Any:
    """What the function gives that a call is of."""
    token = context.enter(run)
    try:
        value = run.node.compute(*run.values)
        return _result_of(value) if inspect.isawaitable(value) else value
    finally:
        context.leave(token)


async def _awaited(value: Any) -> Any:
    return await value


def _result_of(value: Any) -> Any:
    """Wait for an awaitable in a thread that may be that of a running loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_awaited(value))
    with ThreadPoolExecutor(1) as pool:
        run = contextvars.copy_context().run
        return pool.submit(run, asyncio.run, _awaited(value)).result()


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


evaluator = Evaluator()
graph.keeper = evaluator
variable.reader = evaluator
