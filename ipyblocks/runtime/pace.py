"""What all apps of a kernel may send together."""

from __future__ import annotations

from collections.abc import Callable

RATE = 200.0
"""Frames a second, of all sessions. jupyter_server drops what exceeds 1000 messages a second, and
the kernel's other widgets want their part.
"""

BURST = 20
"""Frames that may go at once after a quiet time."""


class Pace:
    """Hands out points in time, to everyone who asks in turn. Loop thread only.

    Args:
        now: the clock, in seconds.
    """

    def __init__(self, now: Callable[[], float], rate: float = RATE, burst: int = BURST) -> None:
        self._now = now
        self._step = 1 / rate
        self._burst = burst * self._step
        self._next = -float("inf")

    def reserve(self) -> float:
        """When the next frame of whoever asks may go."""
        now = self._now()
        at = max(self._next, now - self._burst + self._step)
        self._next = at + self._step
        return max(at, now)
