"""How much may be on its way to pages that have not said that it has come."""

from __future__ import annotations

from collections import deque

MOST_FRAMES = 64
"""Comm messages that may be on their way. Sockets and servers on the way drop from about a thousand
on.
"""

MOST_BYTES = 4 << 20
"""Bytes after which nothing more is sent before a page has confirmed some."""


class Credit:
    """The window of one session. The page that is furthest counts: a hidden or dead one slows
    nobody.

    Attributes:
        last: number of the last message that has gone, or was left out: a page has that one when it
            has got the whole session.
    """

    def __init__(self) -> None:
        self.last = 0
        self._frames: deque[tuple[int, int]] = deque()
        self._acked = self._bytes = 0
        self._asked = 0

    def sent(self, seq: int, size: int) -> None:
        """A frame has gone whose last message is ``seq``; ``size`` in bytes."""
        self._frames.append((seq, size))
        self.last = seq
        self._bytes += size

    def acked(self, seq: int) -> bool:
        """A page has everything up to ``seq``. Returns whether that is news.

        A number that was never sent is ignored: a page may send anything.
        """
        if not self._acked < seq <= self.last:
            return False
        self._acked = seq
        while self._frames and self._frames[0][0] <= seq:
            self._bytes -= self._frames.popleft()[1]
        return True

    @property
    def is_open(self) -> bool:
        """Whether a frame may go now. One that may go may be of any size."""
        return len(self._frames) < MOST_FRAMES and self._bytes < MOST_BYTES

    @property
    def outstanding(self) -> int:
        """How many frames nobody has confirmed."""
        return len(self._frames)

    def should_ask(self, seq: int, coming: int = 0) -> bool:
        """Whether it is time to ask pages how far they are: once when half of the room is used.

        Args:
            seq: the last message when the question comes.
            coming: frames about to be sent.
        """
        frames = sum(last > self._asked for last, _ in self._frames) + coming
        if 2 * frames < MOST_FRAMES and (2 * self._bytes < MOST_BYTES or seq <= self._asked):
            return False
        self._asked = seq
        return True
