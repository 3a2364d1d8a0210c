"""The timers of one session: tick while it is open, follow updates of their blocks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ..block import Block
from ..components.timer import Timer

if TYPE_CHECKING:
    from .session import Session


class Timers:
    """Runs the ``gr.Timer`` blocks of a session. Loop thread only."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._handles: dict[Block, asyncio.TimerHandle] = {}

    def start(self) -> None:
        """Begin to tick: the first page has come."""
        for _, block in self._session.scene.blocks():
            self.follow(block)

    def follow(self, block: Block) -> None:
        """A block was updated: tick at its new rate, or not any more."""
        if not isinstance(block, Timer):
            return
        former = self._handles.pop(block, None)
        if former is not None:
            former.cancel()
        if self._session.current(block).active and not self._session.closed:
            self._arm(block)

    def _arm(self, block: Timer) -> None:
        loop = self._session.engine.loop
        seconds = self._session.current(block).value
        self._handles[block] = loop.call_later(seconds, self._tick, block)

    def _tick(self, block: Timer) -> None:
        self._arm(block)
        self._session.engine.dispatch(self._session, block, "tick", None)

    def forget(self, block: Block) -> None:
        """A block is gone from the page."""
        handle = self._handles.pop(block, None)
        if handle is not None:
            handle.cancel()

    def stop(self) -> None:
        """Tick no more."""
        for handle in self._handles.values():
            handle.cancel()
        self._handles.clear()

    def ticking(self) -> int:
        """How many tick now."""
        return len(self._handles)
