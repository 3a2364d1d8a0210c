"""Places that several queues share: a task starts when its queue lets it, and a place is free."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Places:
    """How many at a time, first come first served over all who wait. Loop thread only.

    Attributes:
        limit: most at a time; None: any number. Raised, it takes effect with the next :meth:`give`.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.taken = 0
        self._waiting: deque[Callable[[], None]] = deque()

    @property
    def has_room(self) -> bool:
        """Whether a place is free."""
        return self.limit is None or self.taken < self.limit

    def take(self, wake: Callable[[], None]) -> bool:
        """Take a place. False: there is none, and ``wake`` is called when there may be one."""
        if self.has_room:
            self.taken += 1
            return True
        if wake not in self._waiting:
            self._waiting.append(wake)
        return False

    async def turn(self) -> None:
        """Wait for a place, and take it."""
        free = asyncio.Event()
        while not self.take(free.set):
            await free.wait()
            free = asyncio.Event()

    def give(self) -> None:
        """Give a place back."""
        self.taken -= 1
        # Each that is woken may want another, and then waits behind the others.
        for _ in range(len(self._waiting)):
            if not self.has_room:
                break
            self._waiting.popleft()()
