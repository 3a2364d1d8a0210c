"""What a session's functions have written, bounded, and what of it has not been sent yet."""

from __future__ import annotations

from collections import deque

from ..protocol import LogEntry, Stream, TaskId

KEPT = 200_000
"""Characters kept for pages that come later."""

MOST_ENTRIES = 2000
"""Entries kept, as many as a page keeps: a short one takes more room than its characters."""

SHORT = 200
"""Characters up to which pieces are joined at once."""

AT_ONCE = 50_000
"""Most characters sent in one message; of more, the last are sent."""


class Journal:
    """Entries in order; neighbours of one task and stream are one entry. Loop thread only."""

    def __init__(self) -> None:
        self._kept = _Tail(KEPT)
        self._new = _Tail(AT_ONCE)

    def write(self, task: TaskId, name: str, stream: Stream, text: str) -> None:
        """One more piece of text."""
        if not text:
            return  # `print(end="")`: without a character it would never be dropped
        self._kept.add(task, name, stream, text)
        self._new.add(task, name, stream, text)

    def take(self) -> tuple[list[LogEntry], int]:
        """What has not been taken yet, and how many characters of it were left out."""
        new, self._new = self._new, _Tail(AT_ONCE)
        return new.entries(), new.dropped

    def all(self) -> list[LogEntry]:
        """Everything that is kept."""
        return self._kept.entries()


class _Entry:
    """What one task wrote to one stream. Most write one piece, and a deque is large."""

    __slots__ = ("name", "pieces", "stream", "task")

    def __init__(self, task: TaskId, name: str, stream: Stream, text: str) -> None:
        self.task = task
        self.name = name
        self.stream = stream
        self.pieces: str | deque[str] = text

    def add(self, text: str) -> None:
        # Joined when somebody reads: a function may print a line at a time.
        if not isinstance(self.pieces, str):
            self.pieces.append(text)
        elif len(self.pieces) + len(text) <= SHORT:
            self.pieces += text  # `print` writes its line end by itself
        else:
            self.pieces = deque([self.pieces, text])

    def drop(self, most: int) -> int:
        """Leave out at most so many characters of its first piece. Returns how many."""
        if isinstance(self.pieces, str):
            gone = min(most, len(self.pieces))
            self.pieces = self.pieces[gone:]
            return gone
        first = self.pieces.popleft()
        if len(first) > most:
            self.pieces.appendleft(first[most:])
        return min(most, len(first))

    def __len__(self) -> int:
        """Pieces, or characters of the only one; 0: there is nothing left of it."""
        return len(self.pieces)

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class _Tail:
    """The last entries, of at most ``most`` characters in all."""

    def __init__(self, most: int) -> None:
        self.dropped = 0
        self._most = most
        self._size = 0
        self._written: deque[_Entry] = deque()

    def add(self, task: TaskId, name: str, stream: Stream, text: str) -> None:
        last = self._written[-1] if self._written else None
        if last is None or (last.task, last.stream) != (task, stream):
            self._written.append(_Entry(task, name, stream, text))
        else:
            last.add(text)
        self._size += len(text)
        while self._size > self._most:
            self._drop(self._size - self._most)
        while len(self._written) > MOST_ENTRIES:
            self._drop(self._size)

    def _drop(self, most: int) -> None:
        gone = self._written[0].drop(most)
        if not self._written[0]:
            self._written.popleft()
        self._size -= gone
        self.dropped += gone

    def entries(self) -> list[LogEntry]:
        return [
            LogEntry(task=each.task, name=each.name, stream=each.stream, text=each.text)
            for each in self._written
        ]
