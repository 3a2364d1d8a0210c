"""Places that several queues share: a task starts when its queue lets it, and a place is free."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable


class Places:
    """How many at a time, first come first served over all who wait. Callable from any thread: one
    loop may still give back what it has taken when the next one waits for it.

    Attributes:
        limit: most at a time; None: any number. Who sets it says :meth:`wake`.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.taken = 0
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Callable[[], None], asyncio.AbstractEventLoop | None]] = deque()

    @property
    def has_room(self) -> bool:
        """Whether a place is free."""
        return self.limit is None or self.taken < self.limit

    def take(self, wake: Callable[[], None]) -> bool:
        """Take a place. False: there is none, and ``wake`` is called when there may be one, on the
        loop that asks.
        """
        with self._lock:
            if self.has_room:
                self.taken += 1
                return True
            if all(each != wake for each, _ in self._waiting):
                self._waiting.append((wake, _running_loop()))
            return False

    async def turn(self) -> None:
        """Wait for a place, and take it."""
        taken = asyncio.get_running_loop().create_future()

        def take() -> None:
            # As it is woken: others who are woken with it take theirs at once.
            if not taken.done() and self.take(take):
                taken.set_result(None)

        take()
        try:
            await taken
        except asyncio.CancelledError:
            if not taken.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """Give a place back."""
        with self._lock:
            self.taken -= 1
        self.wake()

    def wake(self) -> None:
        """Wake those who wait, as far as there is room."""
        waiting = len(self._waiting)
        here = _running_loop()
        # Each that is woken may want another, and then waits behind the others.
        for _ in range(waiting):
            with self._lock:
                if not (self._waiting and self.has_room):
                    return
                wake, loop = self._waiting.popleft()
            if loop is None or loop is here:
                wake()
                continue
            with contextlib.suppress(RuntimeError):  # it is closed, and nobody waits there
                loop.call_soon_threadsafe(wake)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
