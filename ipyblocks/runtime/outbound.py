"""What a session has to say to its pages: numbered, conflated, and not too often.

Values are conflated per prop (the last one wins); messages about tasks and toasts are kept, in
order. All values of a flush go before its messages, so a task's outputs are there when its end is
told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Set
from typing import Any

import msgspec
from msgspec import UNSET

from ..protocol import (
    Edit,
    Json,
    Log,
    LogEntry,
    NodeId,
    Numbered,
    PageId,
    Patch,
    Progress,
    TaskId,
    ToPage,
    ToPageFrame,
    Update,
    Welcome,
)
from .diff import edits, is_worth

FLUSHES_PER_SECOND = 30
"""Long-run rate of frames per session. jupyter_server drops output beyond 1000 messages a
second.
"""

BURST = 4
"""Frames that may go at once after a quiet time, so that a click after it is answered at once."""

MOST_ACKS = 8
"""Pages that are told how far the kernel has come with them; those that spoke last."""

LINGER = 0.02
"""Seconds a message that nobody waits for may stay, so that a quick handler's start, values and
end share a frame.
"""


class Outbound:
    """Collects what is to be sent, and sends it in frames. Loop thread only.

    Args:
        send: takes a frame.
        epoch: see :class:`~ipyblocks.protocol.Welcome`.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        send: Callable[[ToPageFrame], None],
        epoch: str,
    ) -> None:
        self.seq = 0
        self._loop = loop
        self._send = send
        self._epoch = epoch
        self._updates: dict[NodeId, dict[str, Json]] = {}
        self._messages: list[ToPage] = []
        self._acks: dict[str, int] = {}
        self._ack_due = False
        self._base: dict[tuple[NodeId, str], Json] = {}
        self._take_log: Callable[[], tuple[list[LogEntry], int]] | None = None
        self._progress: dict[TaskId, Callable[[], Progress | None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._tokens = float(BURST)
        self._refilled = loop.time()

    def update(self, node: NodeId, props: Mapping[str, Json]) -> None:
        """New props of a node; sent soon."""
        self._updates.setdefault(node, {}).update(props)
        self._schedule(0)

    def put(self, message: ToPage, urgent: bool = True) -> None:
        """A message that must arrive. Its ``seq`` is filled in here."""
        self._messages.append(message)
        self._schedule(0 if urgent else LINGER)

    def put_now(self, message: ToPage) -> None:
        """A message that values before it must not overtake, nor those after it."""
        self.flush()
        self._messages.append(message)
        self.flush()

    def progress(self, task: TaskId, make: Callable[[], Progress | None]) -> None:
        """There is news of a task; ``make`` is asked for the latest when the next frame goes."""
        self._progress[task] = make
        self._schedule(0)

    def log(self, take: Callable[[], tuple[list[LogEntry], int]]) -> None:
        """Something was written; ``take`` is asked for it when the next frame goes."""
        self._take_log = take
        self._schedule(LINGER)

    def ack(self, page: PageId, seq: int, urgent: bool = True) -> None:
        """All messages of a page up to ``seq`` have been processed."""
        # Kept, and told again with every frame: one frame that is lost would else leave the page
        # waiting.
        self._acks.pop(page, None)
        self._acks[page] = seq
        while len(self._acks) > MOST_ACKS:
            del self._acks[next(iter(self._acks))]
        self._ack_due = True
        self._schedule(0 if urgent else LINGER)

    def _schedule(self, delay: float) -> None:
        when = self._loop.time() + max(delay, self._wait_for_token())
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self.flush)

    def _wait_for_token(self) -> float:
        now = self._loop.time()
        self._tokens = min(BURST, self._tokens + (now - self._refilled) * FLUSHES_PER_SECOND)
        self._refilled = now
        return 0.0 if self._tokens >= 1 else (1 - self._tokens) / FLUSHES_PER_SECOND

    def flush(self) -> None:
        """Send what has been collected, as one frame."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not (
            self._updates or self._messages or self._ack_due or self._progress or self._take_log
        ):
            return
        # Frames that could not wait leave no debt: what follows many of them would be seconds late.
        self._tokens = max(0.0, self._tokens - 1)
        frame = ToPageFrame(epoch=self._epoch, acks=dict(self._acks), messages=self._numbered())
        self._updates, self._messages, self._ack_due = {}, [], False
        self._send(frame)

    def edited(self, node: NodeId, props: Mapping[str, Json]) -> None:
        """The page has set props itself: changes that follow start from there."""
        for name in props:
            self._base.pop((node, name), None)

    def forget(self, nodes: Set[NodeId]) -> None:
        """Nodes are gone, or the page gets them anew."""
        for key in [key for key in self._base if key[0] in nodes]:
            del self._base[key]

    def _update(self, node: NodeId, props: dict[str, Json]) -> Update:
        """Whole values, and of large ones that the page has, the changes."""
        whole: dict[str, Json] = {}
        changes: dict[str, list[Edit]] = {}
        for name, value in props.items():
            old = self._base.pop((node, name), None)
            found = None if old is None else edits(old, value)
            if found is None:
                whole[name] = value
            elif found:
                changes[name] = found
            if is_worth(value):
                self._base[node, name] = value
        return Update(node=node, props=whole, edits=changes or UNSET)

    def _numbered(self) -> list[ToPage]:
        messages = list(self._messages)
        if self._updates:
            updates = [self._update(node, props) for node, props in self._updates.items()]
            messages.insert(0, Patch(seq=0, updates=updates))
        if self._take_log is not None:
            entries, dropped = self._take_log()
            self._take_log = None
            if entries:
                messages.append(Log(seq=0, entries=entries, dropped=dropped))
        # After the messages: news of a task that has not been told of yet would have no place.
        news = [make() for make in self._progress.values()]
        self._progress = {}
        messages.extend(each for each in news if each is not None)
        return [self._number(message) for message in messages]

    def _number(self, message: ToPage) -> Any:
        self.seq += 1
        return msgspec.structs.replace(message, seq=self.seq)

    def waits(self, node: NodeId) -> bool:
        """Whether a new value of a node has not been sent yet."""
        return node in self._updates

    def welcome(self, make: Callable[[int], Welcome], acks: Mapping[str, int]) -> None:
        """Send a snapshot at once, outside the count: it tells one page where the count stands.

        ``acks`` says which of the page's own messages it already contains.
        """
        self.flush()
        self._send(ToPageFrame(epoch=self._epoch, acks=dict(acks), messages=[make(self.seq)]))

    def close(self) -> None:
        """Send what is left and stop."""
        self.flush()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def numbered(kind: type[Numbered], **fields: Any) -> Any:
    """A message whose ``seq`` the outbound fills in."""
    return kind(seq=0, **fields)
