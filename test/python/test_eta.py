"""How long until a result, and at which place: the pure rules, and what pages are told of them."""

from __future__ import annotations

from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.errors import QueueFullError
from ipyblocks.protocol import Cancel, Done, Event, NodeId, Queued, Started, TaskId
from ipyblocks.runtime.eta import Durations, estimates
from ipyblocks.runtime.queue import Queue

NOW = 100.0


@pytest.mark.parametrize(
    ("waiting", "running", "limit", "expected"),
    [
        # Nobody runs and nobody is before: its own duration.
        ([4.0], [], 1, [4.0]),
        # A slot is free: no wait for it, although others run.
        ([4.0], [(90, 4.0)], 2, [4.0]),
        ([4.0], [(90, None)], 2, [4.0]),
        # One runs for 1 s of its 4: 3 s until it ends, then one's own 4.
        ([4.0], [(99, 4.0)], 1, [7.0]),
        # Each before adds its duration.
        ([4.0, 4.0, 4.0], [(99, 4.0)], 1, [7.0, 11.0, 15.0]),
        ([1.0, 2.0, 3.0], [(98, 5.0)], 1, [4.0, 6.0, 9.0]),
        # ... shared by those who work at the same time.
        ([4.0, 4.0, 4.0], [(99, 4.0), (97, 4.0)], 2, [5.0, 7.0, 9.0]),
        ([6.0, 6.0], [(99, 9.0)] * 3, 3, [14.0, 16.0]),
        # Longer than it should take: it may end any moment, not in the past.
        ([4.0, 4.0], [(50, 4.0)], 1, [4.0, 8.0]),
        # The first to end counts.
        ([1.0], [(99, 60.0), (99, 3.0)], 2, [3.0]),
        # Without a limit nobody waits for anybody.
        ([4.0, 5.0], [(99, 4.0)] * 9, None, [4.0, 5.0]),
        # Unknown: whoever is behind cannot know either.
        ([None], [], 1, [None]),
        ([4.0, None, 4.0], [], 1, [4.0, None, None]),
        ([4.0, 4.0], [(99, None)], 1, [None, None]),
        ([4.0], [(99, 4.0), (99, None)], 2, [None]),
        ([None, 4.0], [], None, [None, None]),
        ([0.0, 0.0], [(99, 0.0)], 1, [0.0, 0.0]),
        ([], [(99, 4.0)], 1, []),
    ],
)
def test_estimates(
    waiting: list[float | None],
    running: list[tuple[float, float | None]],
    limit: int | None,
    expected: list[float | None],
) -> None:
    found = estimates(waiting, running, limit, NOW)
    assert found == [None if each is None else pytest.approx(each) for each in expected]


def test_the_mean_of_successful_runs() -> None:
    durations = Durations()
    assert durations.mean(1) is None
    for seconds in (1.0, 2.0, 6.0):
        durations.record(1, seconds)
    durations.record(2, 10.0)
    assert (durations.mean(1), durations.mean(2), durations.mean(3)) == (3.0, 10.0, None)


# --- places -------------------------------------------------------------------------------------


class Thing:
    """As much of a task as a queue looks at."""

    def __init__(self, name: str, dependency: str = "d") -> None:
        self.name, self.dependency, self.group, self.places = name, dependency, "", None

    def __repr__(self) -> str:
        return self.name


class Line:
    """A queue, and what it did."""

    def __init__(self, max_size: int | None = None) -> None:
        self.started: list[str] = []
        self.moved: list[str] = []
        self.queue: Any = Queue(lambda t: self.started.append(str(t)), self.moved.append, max_size)
        self.things = {name: Thing(name, name[0]) for name in ("a1", "a2", "a3", "b1", "b2", "b3")}

    def push(self, *names: str, group: str = "g", limit: int | None = 1) -> None:
        for name in names:
            self.queue.push(self.things[name], group, limit)

    def places(self) -> dict[str, tuple[int, int]]:
        found = {name: self.queue.place(thing) for name, thing in self.things.items()}
        return {name: place for name, place in found.items() if place is not None}

    def release(self, name: str) -> None:
        self.queue.release(self.things[name])


def test_first_come_first_served() -> None:
    line = Line()
    line.push("a1", "b1", "a2", "b2")
    assert line.started == ["a1"]
    assert line.places() == {"b1": (0, 3), "a2": (1, 3), "b2": (2, 3)}
    line.release("a1")
    assert line.started == ["a1", "b1"]
    assert line.places() == {"a2": (0, 2), "b2": (1, 2)}


@pytest.mark.parametrize(
    ("limit", "started"), [(1, 1), (2, 2), (3, 3), (None, 6)], ids=["1", "2", "3", "none"]
)
def test_as_many_at_once_as_the_limit_says(limit: int | None, started: int) -> None:
    line = Line()
    line.push(*line.things, limit=limit)
    assert len(line.started) == started
    assert line.queue.statistics() == (6 - started, started, 1)


def test_who_leaves_a_queue_makes_room_for_those_behind() -> None:
    line = Line()
    line.push("a1", "a2", "a3", "b1")
    line.release("a3")
    assert line.places() == {"a2": (0, 2), "b1": (1, 2)}
    line.release("a3")  # once more: nothing
    line.release("a1")
    line.release("b1")
    line.release("a2")
    assert line.started == ["a1", "a2"]
    assert line.queue.statistics() == (0, 0, 0)


def test_groups_do_not_wait_for_each_other() -> None:
    line = Line()
    line.push("a1", "a2", group="a")
    line.push("b1", "b2", group="b")
    assert line.started == ["a1", "b1"]
    assert line.queue.statistics() == (2, 2, 2)


def test_a_full_queue_counts_those_who_wait_in_all_groups() -> None:
    line = Line(max_size=2)
    line.push("a1", "a2", group="a")
    line.push("b1", "b2", group="b")
    with pytest.raises(QueueFullError, match="2 of 2 places are taken"):
        line.push("a3", group="a")
    assert line.queue.statistics() == (2, 2, 2)
    line.release("a2")
    line.push("a3", group="a")
    # Whoever finds a free slot does not wait, so there is room for it in a full queue.
    line.push("b3", group="c")
    assert line.started == ["a1", "b1", "b3"]


def test_mates_are_of_the_same_function_and_keep_the_order() -> None:
    line = Line()
    line.push("a1", "b1", "a2", "b2", "a3")
    mates = line.queue.take_mates(line.things["a1"], 1)
    assert [str(mate) for mate in mates] == ["a2"]
    assert line.places() == {"b1": (0, 3), "b2": (1, 3), "a3": (2, 3)}
    assert line.queue.take_mates(line.things["a1"], 0) == []


# --- what pages are told ------------------------------------------------------------------------


def test_estimates_follow_from_earlier_runs(show: Any, gate: Any) -> None:
    gates = [gate() for _ in range(3)]
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)
        await gates[len(runs) - 1].pass_through()

    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(work, trigger_mode="multiple")
    shown = show(demo)
    shown.fire(button)
    gates[0].reached()
    shown.fire(button)
    (first,) = shown.until(Queued)
    assert (first.position, first.size, first.eta) == (0, 1, None)
    shown.on_loop(lambda: shown.engine.teller._durations.record(work, 1000.0))
    shown.fire(button)
    *_, second, third = shown.until(Queued, 3)
    # The one that runs will take 1000 s; then each its own 1000.
    assert [(m.task, m.position, m.size) for m in (second, third)] == [(2, 0, 2), (3, 1, 2)]
    assert second.eta == pytest.approx(2000, abs=40)
    assert third.eta == pytest.approx(3000, abs=40)
    for each in gates:
        each.open()
    shown.page.idle()
    started = shown.messages(Started)
    assert started[0].eta is None
    assert started[1].eta == pytest.approx(500, abs=40)  # the mean with the first run
    assert len(shown.messages(Done)) == 3


def test_a_failed_or_cancelled_run_says_nothing_about_durations(show: Any, gate: Any) -> None:
    go_on = gate()

    async def work(fails: str) -> None:
        if fails:
            raise ValueError
        await go_on.pass_through()

    with gr.Blocks() as demo:
        text, button = gr.Textbox("yes"), gr.Button()
        button.click(work, text, None)
    shown = show(demo).run(button)
    shown.set(text, "")
    shown.fire(button)
    go_on.reached()
    shown.page.send(Cancel(seq=0, task=TaskId(2)))
    shown.page.idle()
    assert shown.on_loop(lambda: shown.engine.teller._durations.mean(work)) is None


def test_a_page_that_comes_later_gets_places_and_estimates(show: Any, gate: Any) -> None:
    go_on = gate()

    async def work() -> None:
        await go_on.pass_through()

    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(work, trigger_mode="multiple")
    shown = show(demo)
    for _ in range(4):
        shown.fire(button)
    go_on.reached()
    shown.on_loop(lambda: shown.engine.teller._durations.record(work, 60.0))
    tasks = shown.on_loop(lambda: shown.engine.snapshots(shown.session))
    assert [(t.state, t.position, t.size) for t in tasks] == [
        ("running", None, None),
        ("queued", 0, 3),
        ("queued", 1, 3),
        ("queued", 2, 3),
    ]
    assert tasks[0].eta == 60
    assert [t.eta for t in tasks[1:]] == pytest.approx([120, 180, 240], abs=20)
    go_on.open()
    shown.page.idle()


def test_only_those_near_the_front_are_told_their_places(show: Any, gate: Any) -> None:
    go_on = gate()

    def work() -> None:
        go_on.wait()

    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(work, trigger_mode="multiple")
    shown = show(demo)
    press = Event(seq=0, node=NodeId(shown.id(button)), name="click", data=None)
    shown.page.send(*[press] * 150)
    shown.until(Queued, 100)
    assert {m.position for m in shown.messages(Queued)} <= set(range(100))


def test_places_may_be_told_at_a_rate_of_ones_own(show: Any, gate: Any) -> None:
    """Told again and again, also when nothing has changed."""
    go_on = gate()

    def work() -> None:
        go_on.wait()

    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(work, trigger_mode="multiple")
    assert demo.queue(status_update_rate=0.01)._options.status_update_rate == 0.01
    shown = show(demo, status_update_rate=0.01)
    shown.fire(button).fire(button)
    told = shown.until(Queued, 3)
    assert {(m.task, m.position, m.size) for m in told} == {(2, 0, 1)}
    go_on.open()
    shown.page.idle()
    assert shown.on_loop(shown.engine.queue.statistics) == (0, 0, 0)
