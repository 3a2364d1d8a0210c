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
        self._kept.add(task, name, stream, text)
        self._new.add(task, name, stream, text)

    def take(self) -> tuple[list[LogEntry], int]:
        """What has not been taken yet, and how many characters of it were left out."""
        new, self._new = self._new, _Tail(AT_ONCE)
        return list(new.entries), new.dropped

    def all(self) -> list[LogEntry]:
        """Everything that is kept."""
        return list(self._kept.entries)


class _Tail:
    """The last entries, of at most ``most`` characters in all."""

    def __init__(self, most: int) -> None:
        self.entries: deque[LogEntry] = deque()
        self.dropped = 0
        self._most = most
        self._size = 0

    def add(self, task: TaskId, name: str, stream: Stream, text: str) -> None:
        last = self.entries[-1] if self.entries else None
        if last is not None and (last.task, last.stream) == (task, stream):
            self.entries[-1] = LogEntry(task=task, name=name, stream=stream, text=last.text + text)
        else:
            self.entries.append(LogEntry(task=task, name=name, stream=stream, text=text))
        self._size += len(text)
        while self._size > self._most:
            self._drop(self._size - self._most)

    def _drop(self, excess: int) -> None:
        first = self.entries.popleft()
        if len(first.text) > excess:
            rest = first.text[excess:]
            self.entries.appendleft(
                LogEntry(task=first.task, name=first.name, stream=first.stream, text=rest)
            )
        gone = min(excess, len(first.text))
        self._size -= gone
        self.dropped += gone
