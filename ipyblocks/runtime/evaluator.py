"""Computes derived variables for whoever looks at them: sessions, observers, and cells that read.

One for the kernel, like the variables. What is quick is computed in a thread, many nodes in one
go (a *wave*). ``async`` functions run on the loop, tasks on the backend, one call a node; a quick
one that turns out to be slow becomes such a call, and the others go on without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from functools import partial

from ..files import Files
from ..variables import circles, graph, planning
from ..variables.derived import DerivedVariable
from ..variables.graph import Derived, Node, State
from ..variables.watch import Watch
from . import jobs
from . import loop as loops
from .backends.choice import Lease
from .backends.threads import new_pool
from .computation import Computation, Follower
from .polling import Polling
from .telling import Telling, tell_now
from .wave import Wave

log = logging.getLogger("ipyblocks")

LINGER = 0.05
"""Seconds that a function may take before the pages that wait for it are told that it runs."""

MOST_THREADS = 16


class Evaluator:
    """Computes derived variables. See :class:`ipyblocks.variables.graph.Keeper`."""

    def __init__(self) -> None:
        self._users = 0
        self._lock = threading.Lock()
        self._thread: loops.LoopThread | None = None
        self._pool: Executor | None = None
        self._files: Files | None = None
        self._lease = Lease()
        self._posted: loops.LoopThread | None = None
        """Whose loop is about to look at what has changed; one that has ended does not matter."""
        self._wave: Wave | None = None
        self._jobs: set[jobs.Job] = set()
        self._polling: Polling | None = None
        self._telling: Telling | None = None
        self.runs: dict[Derived, Computation] = {}
        self._loading: set[DerivedVariable] = set()

    # --- life ------------------------------------------------------------------------------------

    def hold(self) -> loops.LoopThread:
        """Somebody looks, or reads. Wants one :meth:`release`."""
        with self._lock:
            if self._thread is None:
                self._thread = loops.acquire()
                self._pool = new_pool(MOST_THREADS)
                self._polling = Polling(self._thread)
                self._telling = Telling(self._pool)
            self._users += 1
            return self._thread

    def release(self) -> None:
        """That one is gone. With the last, threads and tasks end."""
        with self._lock:
            self._users -= 1
            if self._users:
                return
            pool, files = self._pool, self._files
            thread, runs = self.thread, list(self.runs.values())
            polling, telling = self._polling, self._telling
            # What the loop was about to do is not done any more.
            self._wave = self._posted = None
            self.runs.clear()
            self._thread = self._pool = self._files = self._polling = self._telling = None
            self._lease.release()
            self._lease = Lease()
        if polling is not None and telling is not None:
            polling.close()
            telling.close()
        for run in runs:
            thread.post(run.cancel)
        if runs:
            self._tell_loading()
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
    def thread_now(self) -> loops.LoopThread | None:
        """The loop's thread; None: nobody looks at, or reads, any variable."""
        return self._thread

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
        if thread is not None and self._posted is not thread:
            self._posted = thread
            thread.post(self._flush, thread)

    def _flush(self, thread: loops.LoopThread) -> None:
        if self._posted is thread:
            self._posted = None
        if self._thread is not thread:
            return  # its loop is about to end, and there may be another one
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
        with graph.lock:
            if not any(node.run is None for node in graph.wanted):
                return
        with self._lock:  # the loop and the pool go on, as long as it is held
            thread, pool = self._thread, self._pool
            if thread is None or pool is None or not thread.here:
                return  # whoever holds another loop has woken that one
            self._wave = wave = Wave(self, thread)
            pool.submit(wave.compute)
        thread.loop.call_later(LINGER, self._overtake, wave)

    def prepared(self, node: Derived) -> Computation | None:
        """The call that computes a node; None: it needs none, or must wait for an input."""
        with graph.lock:
            given = node.prepare()
            if given is None:
                if graph.news:
                    self.wake()  # it has a value, or a failure, without a call
                return None
            run = Computation(self, node, *given)
            node.begin(run)
            return run

    def hand_over(self, run: Computation, thread: loops.LoopThread) -> None:
        """Let a call begin on the loop."""
        with self._lock:
            if self._thread is thread:  # and the loop goes on, as long as the lock is held
                thread.post(self.start, run, thread)
                return
        self.forget(run)

    def forget(self, run: Computation) -> None:
        """A call does not begin."""
        if run.node.run is run:
            run.node.over()
        run.end()

    def call(self, run: Computation) -> None:
        """Call a function here, and note what it gives.

        Raises:
            KeyboardInterrupt: the kernel was interrupted; the function may be called again.
        """
        node, inside = run.node, circles.computing()
        inside.append(node)
        try:
            value = run.compute()
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
        if run.cancelled and isinstance(error, asyncio.CancelledError | KeyboardInterrupt):
            run.node.over()
            return
        run.error = error
        run.node.finish(run.versions, run.values, error=error)

    def _overtake(self, wave: Wave) -> None:
        """A wave takes long: say so where its function is waited for, and go on with the rest."""
        if self._wave is not wave:
            return
        loop = wave.thread.loop
        with graph.lock:
            run = wave.run
            # Many quick functions are no slow one. What has given its value is not announced: who
            # looks may have been told of that value by now.
            goes_on = run is not None and run.node.run is run
            left = run.began + LINGER - loop.time() if run is not None and goes_on else LINGER
            if run is None or left > 0:
                loop.call_later(left, self._overtake, wave)
                return
            wave.overtaken = True
        with self._lock:
            if self._wave is not wave:
                return  # nobody looks any more
            self._wave = None
        self._announce(run, wave.thread)
        self._begin_wave()

    def wave_over(self, wave: Wave) -> None:
        """There is no more that is quick. Loop thread only."""
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
            for each in planning.below(node):
                for watch in each.watches:
                    if watch.owner is not None:
                        found.setdefault(watch.owner, []).append(watch)  # type: ignore[arg-type]
        return found

    def _announce(self, run: Computation, thread: loops.LoopThread) -> None:
        """Tell those who wait for it that a call goes on. Loop thread only."""
        self.runs[run.node] = run
        said = run.tracked
        run.began = run.began or thread.loop.time()
        for follower, watches in self.audience(run.node).items():
            run.followers[follower] = None
            follower.follow(run, watches)
        if said:
            run.reported()  # before anybody was there to be told
        self._tell_loading()

    def _tell_loading(self) -> None:
        """Set the flags of what waits for a call now, and of what does so no more."""
        with graph.lock:
            waits = {
                each
                for run in list(self.runs.values())
                for each in planning.below(run.node)
                if isinstance(each, DerivedVariable)
            }
            # Not that which is below a call when it ends: it may have been linked to another one.
            for each in self._loading - waits:
                each.tell_flags(False)
            self._loading = waits
            for each in waits:
                each.tell_flags(True)

    def waited_for(self, watches: Mapping[Watch, None]) -> dict[Computation, list[Watch]]:
        """Calls that go on, with those of the watches that wait for them."""
        found: dict[Computation, list[Watch]] = {}
        with graph.lock:
            for run in self.runs.values():
                for node in planning.below(run.node):
                    waiting = [each for each in node.watches if each in watches]
                    if waiting:
                        found.setdefault(run, []).extend(waiting)
        return found

    def start(self, run: Computation, thread: loops.LoopThread) -> None:
        """Begin a call that is no quick one."""
        with self._lock:
            lease = self._lease
            # What has changed since it was planned would not end it: it was none of the calls.
            stale = run.is_over or run.node.state is State.STALE
            begins = self._thread is thread and not stale
            if begins:
                self.runs[run.node] = run  # so that a release ends it
        if not begins:
            self.forget(run)
            return
        job = jobs.begin(run, lease, thread.loop)
        self._jobs.add(job)
        job.add_done_callback(partial(self._job_over, run))
        self._announce(run, thread)

    def _job_over(self, run: Computation, job: jobs.Job) -> None:
        self._jobs.discard(job)
        error = asyncio.CancelledError() if job.cancelled() else job.result()
        if error is not None:
            if self._thread is None:
                run.cancelled = True  # the loop has ended, and what ran on it with it
            self._failed(run, error)
        elif not run.is_over and run.node.run is run:
            run.node.over()
        run.end()
        self.run_over(run)

    def run_over(self, run: Computation) -> None:
        """A call that was told of is over. Loop thread only."""
        if self.runs.get(run.node) is run:
            del self.runs[run.node]
            self._tell_loading()
        run.waits = False
        for tell in run.shown:
            tell()
        run.followers.clear()
        self.wake()
        if self._posted is None:
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
                for each in planning.plan_all(node)
                if each.failure is not None or each.state is State.STOPPED
            ]
        for each in broken:
            each.again(force=True, parents=False)

    def poll(self, node: Derived) -> None:
        """See :class:`graph.Keeper`."""
        thread, polling = self._thread, self._polling
        if thread is not None and polling is not None:
            thread.post(polling.arm, node)

    # --- telling observers -----------------------------------------------------------------------

    def tell(self, told: Callable[[], None]) -> None:
        """Call an observer outside of the loop, after those before it."""
        telling = self._telling
        if telling is not None:
            telling.tell(told)
        else:
            tell_now(told)

    @property
    def is_on_loop(self) -> bool:
        """Whether this is the thread that all apps wait for, and there are others."""
        thread = self._thread
        return thread is not None and thread.here and not isinstance(thread, loops.KernelLoop)

    # --- for tests -------------------------------------------------------------------------------

    @property
    def is_about_to_tell(self) -> bool:
        """Whether somebody who looks has not yet been told of a value."""
        return self._posted is not None and self._posted is self._thread

    @property
    def is_telling(self) -> bool:
        """Whether an observer is yet to be called."""
        return self._telling is not None and self._telling.is_busy

    @property
    def is_busy(self) -> bool:
        """Whether something is being computed or about to be."""
        waiting = planning.is_waited_for()
        going = self._wave is not None or self.runs or self.is_telling
        return bool(self._thread is not None and (going or self.is_about_to_tell or waiting))


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


evaluator = Evaluator()
graph.keeper = evaluator
