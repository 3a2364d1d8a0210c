"""Variables with a ``polling_interval``: computed again and again while somebody looks."""

from __future__ import annotations

import asyncio
import random
from functools import partial

from ..variables.base import AnyVariable
from ..variables.graph import Derived, State
from ..variables.watch import Watch
from .loop import LoopThread

SLOWEST = 60.0
"""Seconds to which the interval of a variable grows that fails again and again."""


class Polling:
    """The timers of one loop; loop thread only, but for :meth:`close`.

    Args:
        thread: the loop's.
    """

    def __init__(self, thread: LoopThread) -> None:
        self._thread = thread
        self._closed = False
        self._intervals: dict[Derived, Watch] = {}
        self.timers: dict[Derived, asyncio.TimerHandle] = {}

    def arm(self, node: Derived, slower: float = 1.0) -> None:
        """Compute a node again after its interval, if somebody looks then.

        Args:
            slower: how many times the interval it shall be, up to :data:`SLOWEST`.
        """
        if self._closed or node in self.timers:
            return
        given = node.polling_interval
        if not node.is_live:
            self._forget(node)
            return
        if isinstance(given, AnyVariable) and node not in self._intervals:
            self._follow(node, given)
        seconds = given.peek() if isinstance(given, AnyVariable) else given
        if isinstance(seconds, (int, float)) and seconds > 0:
            wait = min(SLOWEST, seconds * slower) if slower > 1 else seconds
            # Many that began together shall not go on together.
            wait *= random.uniform(0.95, 1.05)
            self.timers[node] = self._thread.loop.call_later(wait, self._poll, node, slower)

    def _poll(self, node: Derived, slower: float) -> None:
        self.timers.pop(node, None)
        if node.is_live and node.run is None and node.state is not State.STOPPED:
            node.again(force=True, parents=False)
        self.arm(node, 2 * slower if node.failure is not None else 1.0)

    def _follow(self, node: Derived, interval: AnyVariable) -> None:
        watch = self._intervals[node] = Watch(interval, partial(self._interval_changed, node))
        watch.start()
        if self._closed:  # in the meantime, by another thread
            self._forget(node)

    def _interval_changed(self, node: Derived) -> None:
        """A longer one begins now, and so does a shorter one."""
        timer = self.timers.pop(node, None)
        if timer is not None:
            timer.cancel()
        self.arm(node)

    def _forget(self, node: Derived) -> None:
        watch = self._intervals.pop(node, None)
        if watch is not None:
            watch.stop()

    def close(self) -> None:
        """Poll no more. Callable from any thread."""
        self._closed = True
        for node in list(self._intervals):
            self._forget(node)
        for each in list(self.timers.values()):
            self._thread.post(each.cancel)
        self.timers.clear()
