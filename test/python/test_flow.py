"""What is sent when: the window of what nobody has confirmed, the pace of a kernel, probes."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyblocks.protocol import Closed, Done, NodeId, PageId, Patch, TaskId, ToPageFrame, Welcome
from ipyblocks.runtime import outbound
from ipyblocks.runtime.credit import MOST_BYTES, MOST_FRAMES, Credit
from ipyblocks.runtime.outbound import MOST_HELD, Outbound, numbered
from ipyblocks.runtime.pace import Pace


class Handle:
    """A timer of :class:`Loop`."""

    def __init__(self, at: float, fn: Callable[[], Any]) -> None:
        self.at, self.fn, self.cancelled = at, fn, False

    def when(self) -> float:
        return self.at

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self._timers: list[tuple[float, int, Handle]] = []
        self._count = itertools.count()

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, fn: Callable[[], Any]) -> Handle:
        handle = Handle(at, fn)
        heapq.heappush(self._timers, (at, next(self._count), handle))
        return handle

    def call_later(self, delay: float, fn: Callable[[], Any]) -> Handle:
        return self.call_at(self.now + delay, fn)

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while self._timers and self._timers[0][0] <= end:
            at, _, handle = heapq.heappop(self._timers)
            if not handle.cancelled:
                self.now = max(self.now, at)
                handle.fn()
        self.now = end

    @property
    def waiting(self) -> int:
        return sum(not handle.cancelled for *_, handle in self._timers)


class Line:
    """An outbound and what it has sent."""

    def __init__(self, loop: Loop | None = None, pace: Pace | None = None, size: int = 100) -> None:
        self.loop = loop or Loop()
        self.size = size
        self.frames: list[ToPageFrame] = []
        pace = pace or Pace(self.loop.time)
        self.out = Outbound(self.loop, self._send, "e", pace)  # type: ignore[arg-type]

    def _send(self, frame: ToPageFrame) -> int:
        self.frames.append(frame)
        return self.size

    def sent(self) -> list[ToPageFrame]:
        frames, self.frames = self.frames, []
        return frames

    def done(self, task: int) -> None:
        self.out.put(numbered(Done, task=TaskId(task)))

    def welcome(self, seq: int) -> Welcome:
        return Welcome(
            seq=seq, page=PageId("p"), protocol=1, version="", epoch="e", control=False,
            app=None, nodes=[], tasks=[], log=[],  # type: ignore[arg-type]
        )  # fmt: skip


def messages_of(frames: list[ToPageFrame]) -> list[Any]:
    return [message for frame in frames for message in frame.messages]


# --- credit -------------------------------------------------------------------------------------


def filled(count: int, size: int = 1) -> Credit:
    credit = Credit()
    for seq in range(10, 10 * count + 1, 10):
        credit.sent(seq, size)
    return credit


def test_a_window_of_frames() -> None:
    credit = filled(MOST_FRAMES)
    assert (credit.is_open, credit.outstanding) == (False, MOST_FRAMES)
    assert credit.acked(29)
    assert (credit.is_open, credit.outstanding) == (True, MOST_FRAMES - 2)


def test_a_window_of_bytes() -> None:
    credit = filled(1, MOST_BYTES)
    assert not credit.is_open
    assert credit.acked(10)
    assert credit.is_open


@pytest.mark.parametrize("seq", [-1, 0, 21, 10**9])
def test_a_confirmation_of_what_was_never_sent_is_ignored(seq: int) -> None:
    credit = filled(2)
    assert not credit.acked(seq)
    assert credit.outstanding == 2


def test_the_furthest_page_counts() -> None:
    credit = filled(5)
    assert credit.acked(50)
    assert not credit.acked(30)
    assert credit.outstanding == 0


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=200))
def test_the_window_is_never_exceeded_and_pages_are_asked_before_it_is_full(
    steps: list[tuple[bool, int]],
) -> None:
    credit, sent, asked, acked = Credit(), 0, 0, 0
    for is_send, count in steps:
        for _ in range(count if is_send else 0):
            if credit.is_open:
                sent += 1
                asked = sent if credit.should_ask(sent, 1) else asked
                credit.sent(sent, 1)
        if not is_send:
            acked = min(sent, acked + count)
            credit.acked(acked)
        assert 0 <= credit.outstanding <= MOST_FRAMES
        # When it is full, a page is about to answer.
        assert asked > acked or credit.is_open


# --- pace ---------------------------------------------------------------------------------------


def test_a_burst_goes_at_once_and_then_the_rate_holds() -> None:
    pace = Pace(lambda: 100.0, rate=10, burst=3)
    assert [pace.reserve() for _ in range(5)] == pytest.approx([100, 100, 100, 100.1, 100.2])


def test_many_apps_share_the_rate_in_turn() -> None:
    loop = Loop()
    pace = Pace(loop.time)
    lines = [Line(loop, pace) for _ in range(20)]
    for tick in range(1000):
        for line in lines:
            line.out.update(NodeId(1), {"value": tick})
            line.out.acked(line.out.seq)
        loop.advance(0.01)
    counts = [len(line.frames) for line in lines]
    assert sum(counts) <= 200 * 10 + 20
    assert max(counts) - min(counts) <= 2
    assert min(counts) >= 95


def test_the_first_after_quiet_goes_at_once() -> None:
    line = Line()
    line.loop.advance(5)
    line.done(1)
    line.loop.advance(0)
    assert len(line.sent()) == 1


# --- one session --------------------------------------------------------------------------------


@pytest.mark.parametrize("always", [True, False])
def test_a_session_keeps_its_rate(always: bool) -> None:
    """Whether each frame has many values or one, whose time has been waited for."""
    line = Line()
    for tick in range(10_000):
        if always or not line.out.waiting:
            line.out.update(NodeId(1), {"value": tick})
        line.out.acked(line.out.seq)
        line.loop.advance(0.001)
    most = outbound.FLUSHES_PER_SECOND * 10 + outbound.BURST
    assert most - 10 < len(line.frames) <= most


def test_nothing_more_goes_while_nobody_confirms() -> None:
    line = Line()
    for task in range(200):
        line.done(task)
        line.loop.advance(0.05)
    assert len(messages_of(line.sent())) == MOST_FRAMES
    line.out.acked(MOST_FRAMES)
    line.loop.advance(1)
    late = messages_of(line.sent())
    assert [message.seq for message in late] == list(range(MOST_FRAMES + 1, 201))


def test_values_are_conflated_meanwhile_and_the_last_one_comes() -> None:
    line = Line(size=MOST_BYTES)
    for value in range(1000):
        line.out.update(NodeId(1), {"value": value})
        line.loop.advance(0.05)
    assert [m.updates[0].props for m in messages_of(line.sent())] == [{"value": 0}]
    line.out.acked(1)
    line.loop.advance(1)
    assert [m.updates[0].props for m in messages_of(line.sent())] == [{"value": 999}]


def test_acknowledgements_go_while_the_window_is_full() -> None:
    line = Line(size=MOST_BYTES)
    line.done(1)
    line.loop.advance(0.5)
    line.sent()
    line.done(2)
    line.out.ack(PageId("p"), 7)
    line.loop.advance(0.2)
    frame = line.sent()[-1]
    assert (frame.acks, frame.messages, frame.last) == ({"p": 7}, [], 1)


def test_half_a_window_asks() -> None:
    line = Line()
    asked = []
    for task in range(MOST_FRAMES):
        line.done(task)
        line.loop.advance(0.05)
        asked += [frame.ask is True for frame in line.sent() if frame.messages]
    assert asked.index(True) == MOST_FRAMES // 2 - 1
    assert asked.count(True) == 2


def test_a_large_frame_asks_as_soon_as_its_size_is_known() -> None:
    line = Line(size=MOST_BYTES)
    line.done(1)
    line.loop.advance(0.1)
    first, second = line.sent()
    assert (len(first.messages), first.ask is True) == (1, False)
    assert (second.messages, second.ask) == ([], True)


def test_what_nobody_confirms_is_asked_about_ever_more_rarely() -> None:
    line = Line()
    line.done(1)
    line.loop.advance(0.5)
    line.sent()
    line.loop.advance(100)
    probes = line.sent()
    assert all(frame.ask is True and frame.messages == [] for frame in probes)
    # After 1, 2, 4, 8 and 16 seconds, then every 30.
    assert len(probes) == 7
    line.out.acked(1)
    line.loop.advance(100)
    assert line.sent() == []


def test_nothing_is_asked_once_all_is_confirmed() -> None:
    line = Line()
    line.done(1)
    line.loop.advance(0.5)
    line.out.acked(1)
    assert line.loop.waiting == 0


def test_a_page_that_stays_away_costs_bounded_memory_and_starts_over() -> None:
    line = Line()
    for task in range(10 * MOST_HELD):
        line.done(task)
        line.out.update(NodeId(1), {"value": task})
        line.loop.advance(0.05)
    assert len(line.out._messages) == 0
    assert line.out._updates == {}
    sent = messages_of(line.sent())[-1].seq
    line.out.welcome(line.welcome, {})
    line.out.update(NodeId(1), {"value": "new"})
    line.loop.advance(1)
    welcome, patch = messages_of(line.sent())
    assert welcome.seq > sent  # whoever has only what was sent sees that something is missing
    assert isinstance(patch, Patch)
    assert patch.seq == welcome.seq + 1


def test_a_page_that_confirms_late_is_told_that_it_has_missed_something() -> None:
    line = Line()
    for task in range(10 * MOST_HELD):
        line.done(task)
        line.loop.advance(0.05)
    line.sent()
    line.out.acked(MOST_FRAMES)
    line.loop.advance(1)
    [frame] = line.sent()
    assert frame.last > MOST_FRAMES


def test_a_part_built_anew_is_never_held_behind_its_values() -> None:
    line = Line(size=MOST_BYTES)
    line.done(1)
    line.loop.advance(0.5)
    line.sent()
    line.out.update(NodeId(1), {"value": "of the old part"})
    line.out.put_now(numbered(Done, task=TaskId(2)))
    line.out.update(NodeId(1), {"value": "of the new part"})
    line.out.acked(1)
    line.loop.advance(1)
    [frame] = line.sent()
    assert frame.messages == []
    assert frame.last > 1


def test_whoever_comes_back_is_watched_as_closely_as_at_first() -> None:
    line = Line()
    line.done(1)
    line.loop.advance(200)  # questions are half a minute apart by now
    line.out.welcome(line.welcome, {})
    line.sent()
    line.done(2)
    line.loop.advance(0.5)
    line.sent()  # and lost
    line.loop.advance(outbound.PROBE_AFTER)
    [frame] = line.sent()
    assert (frame.ask, frame.last) == (True, 2)


def test_a_snapshot_stands_behind_all_that_waits() -> None:
    line = Line()
    for task in range(MOST_FRAMES + 10):
        line.done(task)
        line.loop.advance(0.05)
    line.out.update(NodeId(1), {"value": "in the snapshot"})
    seq = line.out.level()
    assert seq > messages_of(line.sent())[-1].seq
    assert not line.out.waiting
    # What changes from now on is in no snapshot.
    assert not line.out.is_all(seq)
    line.out.welcome(line.welcome, {})
    assert line.out.is_all(seq)
    line.sent()
    line.out.update(NodeId(1), {"value": "later"})
    line.loop.advance(1)
    [patch] = messages_of(line.sent())
    assert patch.seq == seq + 1


def test_a_welcome_with_more_than_a_window_behind_it_leaves_nobody_waiting() -> None:
    line = Line(size=MOST_BYTES)
    for task in range(2 * outbound.MOST_AT_ONCE):
        line.out._messages.append(numbered(Done, task=TaskId(task)))
    line.out.welcome(line.welcome, {})
    *_, welcome = messages_of(line.sent())
    line.out.acked(welcome.seq)
    assert line.out.has_room
    line.out.update(NodeId(1), {"value": "new"})
    line.loop.advance(1)
    [patch] = messages_of(line.sent())
    assert patch.seq == welcome.seq + 1


def test_the_end_is_always_told() -> None:
    line = Line()
    for task in range(MOST_FRAMES + 10):
        line.done(task)
    line.loop.advance(0.5)
    line.out.close(numbered(Closed, reason="closed"))
    messages = messages_of(line.sent())
    assert [message.seq for message in messages] == list(range(1, MOST_FRAMES + 12))
    assert isinstance(messages[-1], Closed)
    assert line.loop.waiting == 0


def test_a_receiver_in_this_process_waits_for_nothing() -> None:
    line = Line()
    line.out._pace = None
    for task in range(60):
        line.done(task)
        line.loop.advance(0)
    assert len(line.sent()) == 60


def test_the_limits_are_those_of_the_wire() -> None:
    assert (MOST_FRAMES, MOST_BYTES) == (64, 4 * 2**20)
    assert outbound.FLUSHES_PER_SECOND == 30
