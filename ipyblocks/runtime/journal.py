"""What a session's functions have written, bounded, and what of it has not been sent yet."""

from __future__ import annotations

from collections import deque

from ..protocol import LogEntry, Stream, TaskId

KEPT = 200_000
"""Characters kept for pages that come later."""

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


class _Tail:
    """The last entries, of at most ``most`` characters in all."""

    def __init__(self, most: int) -> None:
        self.dropped = 0
        self._most = most
        self._size = 0
        # Pieces are joined when somebody reads: a function may print a line at a time.
        self._written: deque[tuple[TaskId, str, Stream, deque[str]]] = deque()

    def add(self, task: TaskId, name: str, stream: Stream, text: str) -> None:
        last = self._written[-1] if self._written else None
        if last is None or (last[0], last[2]) != (task, stream):
            last = (task, name, stream, deque())
            self._written.append(last)
        last[3].append(text)
        self._size += len(text)
        while self._size > self._most:
            self._drop(self._size - self._most)

    def _drop(self, excess: int) -> None:
        pieces = self._written[0][3]
        first = pieces.popleft()
        if len(first) > excess:
            pieces.appendleft(first[excess:])
        if not pieces:
            self._written.popleft()
        gone = min(excess, len(first))
        self._size -= gone
        self.dropped += gone

    def entries(self) -> list[LogEntry]:
        return [
            LogEntry(task=task, name=name, stream=stream, text="".join(pieces))
            for task, name, stream, pieces in self._written
        ]
