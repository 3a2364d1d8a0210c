"""What a session has to say to its pages: numbered, conflated, and not too often.

Values are conflated per prop (the last one wins); messages about tasks and toasts are kept, in
order. All values of a flush go before its messages, but for those that a task begins with, so its
outputs come after its beginning and are there when its end is told.

What goes is limited three times: frames a second of this session, frames a second of the kernel,
and what no page has confirmed. While nobody confirms, values go on being conflated and messages are
held; when too many are, everything is forgotten, and a page that comes back gets the whole session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Set
from itertools import takewhile
from typing import Any

import msgspec
from msgspec import UNSET

from ..protocol import (
    Json,
    Log,
    LogEntry,
    NodeId,
    Numbered,
    PageId,
    Patch,
    Progress,
    Queued,
    Started,
    TaskId,
    ToPage,
    ToPageFrame,
    Welcome,
)
from .backends.inline import holds_up
from .credit import Credit
from .known import Known
from .pace import Pace

FLUSHES_PER_SECOND = 30
"""Long-run rate of frames per session. jupyter_server drops output beyond 1000 messages a
second.
"""

BURST = 4
"""Frames that may go at once after a quiet time, so that a click after it is answered at once."""

MOST_ACKS = 8
"""Pages that are told how far the kernel has come with them; those that spoke last."""

MOST_AT_ONCE = 1000
"""Messages in one frame."""

MOST_HELD = 256
"""Messages kept for pages that have not answered a question; with one more, they start over when
they come back.
"""

MOST_EVER = 20_000
"""Messages kept at all; more than that come only from a flood that is faster than any page."""

PROBE_AFTER = 1.0
"""Seconds without a confirmation after which pages are asked; doubled up to :data:`PROBE_MOST`."""

PROBE_MOST = 30.0

LINGER = 0.02
"""Seconds a message that nobody waits for may stay, so that a quick handler's start, values and
end share a frame.
"""


class Outbound:
    """Collects what is to be sent, and sends it in frames. Loop thread only.

    Args:
        send: takes a frame; returns its size in bytes.
        epoch: see :class:`~ipyblocks.protocol.Welcome`.
        pace: shared with the other sessions of the kernel; None for a receiver in this process,
            which takes frames as they come.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        send: Callable[[ToPageFrame], int],
        epoch: str,
        pace: Pace | None = None,
    ) -> None:
        self.seq = 0
        self._loop = loop
        self._send = send
        self._epoch = epoch
        self._updates: dict[NodeId, dict[str, Json]] = {}
        self._messages: list[ToPage] = []
        self._acks: dict[str, int] = {}
        self._ack_due = False
        self._missing: list[PageId] = []
        self._known = Known()
        self._take_log: Callable[[], tuple[list[LogEntry], int]] | None = None
        self._progress: dict[TaskId, Callable[[], Progress | None]] = {}
        self._timer: asyncio.Handle | None = None
        self._due = 0.0
        self._pace = pace
        self._reserved: float | None = None
        self._tokens = float(BURST)
        self._refilled = loop.time()
        self._credit = Credit()
        self._lapsed = False
        self._probe: asyncio.Handle | None = None
        self._probe_wait = PROBE_AFTER
        self._sent_at = 0.0

    def update(self, node: NodeId, props: Mapping[str, Json]) -> None:
        """New props of a node; sent soon."""
        if self._lapsed:
            return
        self._updates.setdefault(node, {}).update(props)
        self._schedule(0)

    def put(self, message: ToPage, urgent: bool = True) -> None:
        """A message that must arrive. Its ``seq`` is filled in here."""
        if self._lapsed:
            return
        self._messages.append(message)
        held = len(self._messages)
        silent = self._probe_wait > PROBE_AFTER and not self._credit.is_open
        if held > MOST_EVER or (held > MOST_HELD and silent):
            self._lapse()
        else:
            self._schedule(0 if urgent else LINGER)

    def put_now(self, message: ToPage) -> None:
        """A message that values before it must not overtake, nor those after it."""
        if self._lapsed:
            return
        self.flush()
        self._messages.append(message)
        self.flush()
        if self._messages or self._updates:
            self._lapse()  # held, it would be overtaken

    def progress(self, task: TaskId, make: Callable[[], Progress | None]) -> None:
        """There is news of a task; ``make`` is asked for the latest when the next frame goes."""
        if self._lapsed:
            return
        self._progress[task] = make
        self._schedule(0)

    def log(self, take: Callable[[], tuple[list[LogEntry], int]]) -> None:
        """Something was written; ``take`` is asked for it when the next frame goes."""
        if self._lapsed:
            take()
            return
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

    def acked(self, seq: int) -> None:
        """A page has applied everything up to ``seq``."""
        was_open = self._credit.is_open
        if not self._credit.acked(seq):
            return
        self._probe_wait = PROBE_AFTER
        self._stop_probe()
        self._watch()
        if self._lapsed:
            self._resume()
        elif self.waiting and not was_open:
            self._schedule(0)

    def ask(self) -> None:
        """Have pages say how far they are, at once."""
        self._transmit([], ask=True)

    def missing(self, page: PageId) -> None:
        """Something of a page has not come; it is asked to send again what has no ack."""
        self._missing.append(page)
        self._schedule(0)

    def _lapse(self) -> None:
        """Forget what waits: nobody reads. A gap in the count makes them start over."""
        self._updates, self._messages, self._progress = {}, [], {}
        self._known.clear()
        if self._take_log is not None:
            self._take_log()
            self._take_log = None
        self.seq += 1
        self._credit.last = self.seq
        self._lapsed = True

    def _resume(self) -> None:
        self._lapsed = False
        self._ack_due = True  # a frame, so that pages see the gap
        self._schedule(0)

    @property
    def waiting(self) -> bool:
        """Whether something has not been sent yet."""
        return bool(self._updates or self._messages or self._progress or self._take_log)

    def _schedule(self, delay: float) -> None:
        when = self._loop.time() + delay
        if self._pace is not None:
            if self._reserved is None:
                self._reserved = self._pace.reserve()
            when = max(when, self._loop.time() + self._wait_for_token(), self._reserved)
        if self._timer is None or self._due > when:
            if self._timer is not None:
                self._timer.cancel()
            self._due = when
            self._timer = self._later(when, self.flush)
        if holds_up() and self._due <= self._loop.time():
            self.flush()  # the timer fires when it is too late

    def _later(self, when: float, fn: Callable[[], None]) -> asyncio.Handle:
        # Pyodide's loop refuses a point that has passed, and its handles do not know theirs.
        return self._loop.call_later(max(0.0, when - self._loop.time()), fn)

    def _refill(self) -> None:
        now = self._loop.time()
        self._tokens = min(BURST, self._tokens + (now - self._refilled) * FLUSHES_PER_SECOND)
        self._refilled = now

    def _wait_for_token(self) -> float:
        self._refill()
        return 0.0 if self._tokens >= 1 else (1 - self._tokens) / FLUSHES_PER_SECOND

    @property
    def has_room(self) -> bool:
        """Whether something may go now."""
        return self._credit.is_open

    def flush(self) -> None:
        """Send what has been collected, as one frame, as far as there is room for it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        may_go = self._credit.is_open or self._pace is None
        if not (self._ack_due or self._missing or (may_go and self.waiting)):
            return
        self._refill()  # what was waited for is spent, and not counted once more
        # Frames that could not wait leave no debt: what follows many of them would be seconds late.
        self._tokens = max(0.0, self._tokens - 1)
        if self._pace is not None and self._reserved is None:
            self._pace.reserve()
        self._reserved = None
        self._transmit(self._numbered() if may_go else [])

    def _transmit(self, messages: list[ToPage], ask: bool = False) -> None:
        frame = ToPageFrame(
            epoch=self._epoch,
            acks=dict(self._acks),
            last=self.seq,
            messages=messages,
            ask=ask or (bool(messages) and self._credit.should_ask(self.seq, 1)) or UNSET,
            missing=self._missing or UNSET,
        )
        self._missing, self._ack_due = [], False
        if not messages:
            self._send(frame)
            return
        self._credit.sent(self.seq, self._send(frame))
        if frame.ask is UNSET and self._credit.should_ask(self.seq):
            self._transmit([], ask=True)  # its size was not known before
        self._sent_at = self._loop.time()
        self._watch()
        if self.waiting:
            self._schedule(0)

    def _watch(self) -> None:
        """Ask pages how far they are, should nobody confirm what is on its way."""
        if self._probe is None and self._credit.outstanding > 0:
            when = max(self._loop.time(), self._sent_at + self._probe_wait)
            self._probe = self._later(when, self._ask)

    def _stop_probe(self) -> None:
        if self._probe is not None:
            self._probe.cancel()
            self._probe = None

    def _ask(self) -> None:
        """Nobody has confirmed the last frames: they may be lost, and nothing else would tell."""
        self._probe = None
        if self._loop.time() >= self._sent_at + self._probe_wait:
            self._transmit([], ask=True)
            self._sent_at = self._loop.time()
            self._probe_wait = min(PROBE_MOST, 2 * self._probe_wait)
        self._watch()

    def edited(self, node: NodeId, props: Mapping[str, Json]) -> None:
        """The page has set props itself: changes that follow start from there."""
        self._known.edited(node, props)

    def forget(self, nodes: Set[NodeId]) -> None:
        """Nodes are gone, or the page gets them anew."""
        self._known.forget(nodes)

    def _numbered(self) -> list[ToPage]:
        """What waits, numbered, as far as it is for one frame."""
        messages = self._messages[:MOST_AT_ONCE]
        del self._messages[:MOST_AT_ONCE]
        if self._updates:
            updates = [self._known.update(node, props) for node, props in self._updates.items()]
            self._updates = {}
            # Behind the beginning of what they came from.
            begun = list(takewhile(lambda each: isinstance(each, (Queued, Started)), messages))
            messages.insert(len(begun), Patch(seq=0, updates=updates))
        if not self._messages:
            messages += self._news()
        return [self._number(message) for message in messages]

    def _number(self, message: ToPage) -> Any:
        self.seq += 1
        return msgspec.structs.replace(message, seq=self.seq)

    def _news(self) -> list[ToPage]:
        """Of tasks that pages have been told of: before that, it would have no place."""
        messages: list[ToPage] = []
        if self._take_log is not None:
            entries, dropped = self._take_log()
            self._take_log = None
            if entries:
                messages.append(Log(seq=0, entries=entries, dropped=dropped))
        news = [make() for make in self._progress.values()]
        self._progress = {}
        messages.extend(each for each in news if each is not None)
        return messages

    def waits(self, node: NodeId) -> bool:
        """Whether a new value of a node has not been sent yet."""
        return node in self._updates

    def level(self) -> int:
        """Hold nothing back, so that a snapshot of this moment stands where the count does.

        Returns:
            The number of the snapshot. What cannot be sent is forgotten: behind a snapshot that has
            it, it would be applied twice.
        """
        while self.waiting and (self._credit.is_open or self._pace is None):
            self.flush()
        if self.waiting:
            self._lapse()
        return self.seq

    def is_all(self, seq: int) -> bool:
        """Whether a page that has everything up to ``seq`` has everything."""
        return seq == self.seq and not self._lapsed

    def welcome(self, make: Callable[[int], Welcome], acks: Mapping[str, int]) -> None:
        """Send a snapshot at once, outside the count: it tells one page where the count stands.

        ``acks`` says which of the page's own messages it already contains.
        """
        # Whoever asks is there, and has what it asks for when it has this.
        self._credit.acked(self._credit.last)
        self._probe_wait = PROBE_AFTER
        self._stop_probe()
        seq = self.level()
        self._lapsed = False
        frame = ToPageFrame(epoch=self._epoch, acks=dict(acks), last=self.seq, messages=[make(seq)])
        self._send(frame)

    def aside(self, message: ToPage) -> None:
        """Send a piece of a file at once, beside the count and the rate: whoever asked for it asks
        again when it is lost.
        """
        self._send(ToPageFrame(epoch=self._epoch, acks={}, last=self.seq, messages=[message]))

    def close(self, message: ToPage) -> None:
        """Send what is left, and a last message, and stop."""
        self._lapsed = False
        self._messages.append(message)
        while self.waiting:
            self._credit.acked(self._credit.last)  # there is no later
            self.flush()
        self._stop_probe()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def numbered(kind: type[Numbered], **fields: Any) -> Any:
    """A message whose ``seq`` the outbound fills in."""
    return kind(seq=0, **fields)
