"""Variables as cells see them: read, awaited and observed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from .. import context
from ..variables import circles, graph, variable
from ..variables.derived import DerivedVariable
from ..variables.graph import Derived, Node, State, Watch
from .computation import Computation
from .evaluator import Evaluator, evaluator
from .loop import KernelLoop


class Reader:
    """See :class:`variable.Reader`.

    Args:
        evaluator: computes what is read.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

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
            if fresh and node.run is None and not circles.computing():
                node.seen = None
                node.state = State.STALE
            node.resume()
            if node.is_current:
                return node.outcome()
        return self._read(node, waiting)

    def _read(self, node: Derived, waiting: Sequence[Derived]) -> Any:
        with contextlib.ExitStack() as stack:
            while True:
                with graph.lock:
                    if node.is_current:
                        return node.outcome()
                    order = graph.plan([node])
                run, mine = self._advance(order)
                if run is None:
                    continue
                thread = stack.enter_context(self._evaluator.held())
                if thread.here:
                    if mine:
                        run.node.over()
                    raise RuntimeError(
                        f"{node.describe()} is being computed and cannot be waited for on the "
                        "app's loop; write `await variable.get_current_value()` in async functions."
                    )
                if mine:
                    thread.post(self._evaluator.start, run, thread)
                run.readers += 1
                try:
                    with circles.waiting([*circles.computing(), *waiting], run.node):
                        run.over.result()
                finally:
                    run.readers -= 1
                    self._evaluator.drop(run.node)

    def _advance(self, order: Sequence[Derived]) -> tuple[Computation | None, bool]:
        """Call what is quick of these, inputs first. Returns a call to be waited for, and whether
        it is yet to begin; None: all that could be called has been.
        """
        going: Computation | None = None
        for node in order:
            with graph.lock:
                node.resume()
                run = self._evaluator.prepared(node)
            if run is None:
                if isinstance(node.run, Computation):
                    going = going or node.run
            elif node.quick:
                self._evaluator.call(run)
            else:
                return run, True
        if graph.wanted:
            self._evaluator.wake()  # somebody who looks may have waited for what has its value now
        return going, False

    async def read_async(self, node: Derived) -> Any:
        """Like :meth:`read`, from any loop."""
        with graph.lock:
            if node.is_current and node.failure is None:
                return node.now()
        run = context.current_run()
        waiting = [run.node] if isinstance(run, Computation) else []
        with self._evaluator.held() as thread:
            if not isinstance(thread, KernelLoop):
                call = self._evaluator.submit(self.read, node, waiting)
                return await asyncio.wrap_future(call)
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
        """See :class:`variable.Reader`."""
        watch = _Observer(self._evaluator, node, told)
        self._evaluator.hold()
        watch.start()
        return watch

    def tell(self, told: Callable[[], None]) -> bool:
        """See :class:`variable.Reader`."""
        if not self._evaluator.is_on_loop:
            return False
        self._evaluator.tell(told)
        return True


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


variable.reader = Reader(evaluator)
