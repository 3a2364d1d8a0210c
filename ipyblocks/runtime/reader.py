"""Variables as cells see them: read, awaited and observed."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent import futures
from functools import partial
from typing import Any

from .. import context
from ..variables import circles, graph, planning, reading
from ..variables.derived import DerivedVariable
from ..variables.graph import Derived, Node, State
from ..variables.watch import Watch
from .backends.base import across
from .computation import Computation
from .evaluator import Evaluator, evaluator
from .loop import KernelLoop, LoopThread


class Reader:
    """See :class:`ipyblocks.variables.reading.Reader`.

    Args:
        evaluator: computes what is read.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def read(
        self,
        node: Derived,
        waiting: Sequence[Derived] = (),
        given_up: futures.Future[None] | None = None,
    ) -> Any:
        """The value of a node as of now. Waits for it; not to be called on the loop's thread.

        Args:
            waiting: nodes whose ``async`` functions wait for it.
            given_up: done when it is wanted no more.

        Raises:
            BaseException: what its function, or one above, raised.
            CancelledError: it is wanted no more.
            CycleError: what would be waited for waits for the caller.
            RuntimeError: called on the loop's thread, and it would have to wait.
        """
        with graph.lock:
            inside = circles.computing()
            fresh = isinstance(node, DerivedVariable) and node.cache is None and not node.is_live
            if fresh and node.run is None and not inside:
                node.seen = None
                node.state = State.STALE
            node.resume()
            if node.is_current and node.failure is not None and not inside:
                self._evaluator.again(node)  # what has failed is tried once more
            if node.is_current:
                return node.outcome()
        with contextlib.closing(_Awaited(self._evaluator, node, waiting, given_up)) as awaited:
            return self._read(node, awaited)

    def _read(self, node: Derived, awaited: _Awaited) -> Any:
        while True:
            with graph.lock:
                if node.is_current:
                    return node.outcome()
                order = planning.plan([node])
            self._advance(order, awaited)
            awaited.wait()

    def _advance(self, order: Sequence[Derived], awaited: _Awaited) -> None:
        """Begin all calls that can be made of these, and call what is quick, inputs first."""
        # What is quick may still take its time, in which the others are on their way.
        slow = [node for node in order if not node.quick]
        for node in (*slow, *order):
            with graph.lock:
                node.resume()
                run = self._evaluator.prepared(node)
                going = node.run
            if run is None:
                if isinstance(going, Computation):
                    awaited.add(going)
            elif node.quick:
                self._evaluator.call(run)
            else:
                awaited.begin(run)
        if graph.wanted:
            self._evaluator.wake()  # somebody who looks may have waited for what has its value now

    async def read_async(self, node: Derived) -> Any:
        """Like :meth:`read`, from any loop."""
        with graph.lock:
            if node.is_current and node.failure is None:
                return node.now()
        run = context.current_run()
        waiting = [run.node] if isinstance(run, Computation) else []
        with self._evaluator.held() as thread:
            if not isinstance(thread, KernelLoop):
                given_up: futures.Future[None] = futures.Future()
                try:
                    # In a thread of its own: those of a pool might all wait for one that waits for
                    # a thread.
                    return await _threaded(partial(self.read, node, waiting, given_up))
                finally:
                    given_up.set_result(None)
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
            return node.outcome()

    def observe(self, node: Node, told: Callable[[], None]) -> Watch:
        """See :class:`ipyblocks.variables.reading.Reader`."""
        watch = _Observer(self._evaluator, node, told)
        self._evaluator.hold()
        watch.start()
        return watch

    def tell(self, told: Callable[[], None]) -> bool:
        """See :class:`ipyblocks.variables.reading.Reader`."""
        if not self._evaluator.is_on_loop:
            return False
        self._evaluator.tell(told)
        return True


def _threaded(fn: Callable[[], Any]) -> asyncio.Future[Any]:
    """What a function gives that is called in a thread of its own."""
    done: futures.Future[Any] = futures.Future()

    def run() -> None:
        try:
            value = across(fn)
        except BaseException as error:  # noqa: BLE001 - who awaits it gets it
            if done.set_running_or_notify_cancel():
                done.set_exception(error)
        else:
            if done.set_running_or_notify_cancel():
                done.set_result(value)

    threading.Thread(target=run, name="ipyblocks-read", daemon=True).start()
    return asyncio.wrap_future(done)


class _Awaited:
    """Calls that one read waits for. They go on for as long as it does.

    Args:
        node: what is read.
        waiting: nodes whose ``async`` functions wait for it.
        given_up: done when it is wanted no more; None: it is, until it is there.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        node: Derived,
        waiting: Sequence[Derived],
        given_up: futures.Future[None] | None,
    ) -> None:
        self._evaluator = evaluator
        self._node = node
        self._waiting = waiting
        self._given_up = [] if given_up is None else [given_up]
        self._stack = contextlib.ExitStack()
        self._thread: LoopThread | None = None
        self._runs: dict[Computation, None] = {}

    def begin(self, run: Computation) -> None:
        """Begin a call on the loop.

        Raises:
            RuntimeError: this is the loop's thread, which would wait for itself.
        """
        try:
            self.add(run)
            assert self._thread is not None
            self._thread.post(self._evaluator.start, run, self._thread)
        except BaseException:  # also of an interrupt: whoever reads next would wait for this call
            self._evaluator.forget(run)
            raise

    def add(self, run: Computation) -> None:
        """Wait for a call that goes on, too.

        Raises:
            RuntimeError: this is the loop's thread, which would wait for itself.
        """
        if self._thread is None:
            self._thread = self._stack.enter_context(self._evaluator.held())
        if self._thread.here:
            raise RuntimeError(
                f"{self._node.describe()} is being computed and cannot be waited for on the "
                "app's loop; write `await variable.get_current_value()` in async functions."
            )
        if run not in self._runs:
            self._runs[run] = None
            with graph.lock:
                run.readers += 1

    def wait(self) -> None:
        """Wait until one of them is over.

        Raises:
            CancelledError: the value is wanted no more.
            CycleError: one of them waits for the caller.
        """
        if not self._runs:
            return
        inside = [*circles.computing(), *self._waiting]
        with contextlib.ExitStack() as stack:
            for run in self._runs:
                stack.enter_context(circles.waiting(inside, run.node))
            ends = [*(run.over for run in self._runs), *self._given_up]
            futures.wait(ends, return_when=futures.FIRST_COMPLETED)
        if any(each.done() for each in self._given_up):
            raise asyncio.CancelledError
        for run in [run for run in self._runs if run.is_over]:
            self._leave(run)

    def _leave(self, run: Computation) -> None:
        del self._runs[run]
        with graph.lock:
            run.readers -= 1
        self._evaluator.drop(run.node)

    def close(self) -> None:
        """The read is over."""
        for run in list(self._runs):
            self._leave(run)
        self._stack.close()


class _Observer(Watch):
    """Holds the evaluator for as long as it looks."""

    __slots__ = ("_evaluator", "_told")

    def __init__(self, evaluator: Evaluator, node: Node, told: Callable[[], None]) -> None:
        super().__init__(node, self._changed)
        self._evaluator: Evaluator | None = evaluator
        self._told = told

    def _changed(self) -> None:
        evaluator = self._evaluator
        if evaluator is not None:
            evaluator.tell(self._told)

    def stop(self) -> None:
        super().stop()
        evaluator, self._evaluator = self._evaluator, None
        if evaluator is not None:
            evaluator.release()


reading.reader = Reader(evaluator)
