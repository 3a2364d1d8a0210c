"""Who runs next: first come first served within a group, as many at once as the group allows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from ..errors import QueueFullError
from .task import Task


class QueueStatistics(NamedTuple):
    """``waiting`` and ``running`` count tasks; ``groups`` those groups that have any."""

    waiting: int
    running: int
    groups: int


@dataclass
class _Group:
    limit: int | None
    counts: bool = True
    waiting: deque[Task] = field(default_factory=deque)
    running: set[Task] = field(default_factory=set)
    wake: Callable[[], None] = field(default=lambda: None)

    def has_room(self) -> bool:
        return self.limit is None or len(self.running) < self.limit


class Queue:
    """Groups of tasks. Knows no clock, no thread and no page.

    Args:
        start: called with a task whose turn has come, from within :meth:`push` or :meth:`release`.
        moved: called with a group whose tasks have new places.
        max_size: most tasks that may wait, over all groups; None: any number.
    """

    def __init__(
        self,
        start: Callable[[Task], None],
        moved: Callable[[str], None],
        max_size: int | None = None,
    ) -> None:
        self.max_size = max_size
        self._start = start
        self._moved = moved
        self._groups: dict[str, _Group] = {}

    def push(self, task: Task, group: str, limit: int | None, counts: bool = True) -> None:
        """Take a task in; it starts at once when there is room.

        Args:
            limit: most tasks of this group at a time; None: any number. The same for all of a
                group, as is ``counts``.
            counts: False for what nobody has asked for: it is never refused, and takes no place
                from others.

        Raises:
            QueueFullError: ``max_size`` tasks wait already.
        """
        entry = self._groups.setdefault(group, _Group(limit, counts))
        entry.wake = partial(self._woken, group)
        if counts and not self._can_start(task, entry):
            self._refuse_when_full()
        task.group = group
        entry.waiting.append(task)
        self._advance(entry)
        if entry.waiting:
            self._moved(group)

    def _refuse_when_full(self) -> None:
        waiting = sum(len(each.waiting) for each in self._groups.values() if each.counts)
        if self.max_size is not None and waiting >= self.max_size:
            raise QueueFullError(
                f"The queue is full: {waiting} of {self.max_size} places are taken. "
                "Try again later."
            )

    def _can_start(self, task: Task, entry: _Group) -> bool:
        return entry.has_room() and (task.places is None or task.places.has_room)

    def release(self, task: Task) -> None:
        """A task has really ended, or must not start any more: its place is free."""
        entry = self._groups.get(task.group)
        if entry is None:
            return
        if task in entry.running:
            entry.running.discard(task)
            if task.places is not None:
                task.places.give()
        elif task in entry.waiting:
            entry.waiting.remove(task)
        else:
            return
        self._advance(entry)
        if entry.waiting:
            self._moved(task.group)
        elif not entry.running:
            self._groups.pop(task.group, None)

    def _advance(self, entry: _Group) -> None:
        while entry.waiting and entry.has_room():
            task = entry.waiting[0]
            if task.places is not None and not task.places.take(entry.wake):
                return
            entry.waiting.popleft()
            entry.running.add(task)
            self._start(task)

    def _woken(self, group: str) -> None:
        """A place may be free, for which a group has waited."""
        entry = self._groups.get(group)
        if entry is not None:
            self._advance(entry)
            if entry.waiting:
                self._moved(group)

    def place(self, task: Task) -> tuple[int, int] | None:
        """``(position, size)`` of a waiting task, 0-based; None when it does not wait."""
        entry = self._groups.get(task.group)
        if entry is None or task not in entry.waiting:
            return None
        return entry.waiting.index(task), len(entry.waiting)

    def take_mates(self, task: Task, most: int) -> list[Task]:
        """Take waiting tasks of the same function, to be run together with ``task`` in its
        place.
        """
        entry = self._groups[task.group]
        mates = [t for t in entry.waiting if t.dependency is task.dependency][:most]
        entry.waiting = deque(t for t in entry.waiting if t not in mates)
        return mates

    def group(self, name: str) -> tuple[list[Task], list[Task], int | None]:
        """Waiting tasks in order, running ones, and the limit of a group."""
        entry = self._groups.get(name) or _Group(None)
        return list(entry.waiting), list(entry.running), entry.limit

    def tasks(self) -> Iterator[Task]:
        """Every task that runs or waits."""
        for entry in list(self._groups.values()):
            yield from list(entry.running)
            yield from list(entry.waiting)

    def statistics(self) -> QueueStatistics:
        """Counts, for tests and for the curious."""
        groups = self._groups.values()
        return QueueStatistics(
            sum(len(g.waiting) for g in groups), sum(len(g.running) for g in groups), len(groups)
        )
