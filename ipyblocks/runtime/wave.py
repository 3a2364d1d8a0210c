"""``Wave``: quick functions that one thread calls one after the other."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..variables import graph, planning
from .computation import Computation
from .loop import LoopThread

if TYPE_CHECKING:
    from .evaluator import Evaluator

log = logging.getLogger("ipyblocks")


class Wave:
    """Quick functions that one thread calls one after the other.

    Attributes:
        thread: of the loop, as long as there is no other one.
        run: the call that goes on.
        overtaken: that call has taken too long; the rest is left to another thread.
        again: something has changed since it began.
    """

    def __init__(self, evaluator: Evaluator, thread: LoopThread) -> None:
        self._evaluator = evaluator
        self.thread = thread
        self.run: Computation | None = None
        self.overtaken = False
        self.again = False

    def compute(self) -> None:
        """Call what is quick, inputs first, until there is no more; in a thread of the pool."""
        try:
            while self._pass():
                pass
        except BaseException:
            log.exception("Variables could not be computed.")
        finally:
            self.thread.post(self._evaluator.wave_over, self)

    def _pass(self) -> bool:
        evaluator = self._evaluator
        with graph.lock:
            order = planning.plan([node for node in graph.wanted if node.run is None])
            # Not all: nobody is linked to an input that is no trigger.
            live = {node for node in order if not node.quick and node.is_live}
        went_on = False
        for node in order:
            with graph.lock:
                # A call that nobody looks at would not end before its function does.
                left = node in live and not node.is_live
                run = None if left else evaluator.prepared(node)
            if run is None:
                # What depends on it may need others now than it was thought to.
                went_on = went_on or node.is_current
                continue
            went_on = True
            if not node.quick:
                evaluator.hand_over(run, self.thread)
                continue
            run.began = self.thread.loop.time()
            self.run = run
            evaluator.call(run)
            self.run = None
            if self.overtaken:
                self.thread.post(evaluator.run_over, run)
                evaluator.wake()  # that loop may have ended, and others wait on another one
                return False
        return went_on
