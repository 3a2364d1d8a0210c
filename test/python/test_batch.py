"""Runs that are more than one call: batches, ``every``, time limits and timers."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Cancel, Done, Failed, Patch, Started, Stopping, TaskId, Toast

from .conftest import LIMIT

# --- batches ------------------------------------------------------------------------------------


class Batches:
    """An app with a function that is called for several events at once.

    Attributes:
        calls: the inputs of each call, as the function got them.
    """

    def __init__(self, gates: list[Any], kind: str = "sync", size: int = 3, **options: Any) -> None:
        self.gates, self.calls = gates, []
        self.answer: Any = lambda texts: [[text.upper() for text in texts]]

        def work(texts: list[str]) -> Any:
            self.calls.append(texts)
            gates[len(self.calls) - 1].wait()
            return self.answer(texts)

        async def async_work(texts: list[str]) -> Any:
            self.calls.append(texts)
            await gates[len(self.calls) - 1].pass_through()
            return self.answer(texts)

        with gr.Blocks() as self.demo:
            self.text, self.out, self.button = gr.Textbox(), gr.Textbox(), gr.Button()
            self.button.click(
                work if kind == "sync" else async_work,
                self.text,
                self.out,
                batch=True,
                max_batch_size=size,
                trigger_mode="multiple",
                **options,
            )

    def press(self, shown: Any, *texts: str) -> None:
        for text in texts:
            shown.set(self.text, text)
            shown.fire(self.button)
        shown.on_loop(lambda: None)  # all is processed


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_those_who_wait_are_run_together(kind: str, show: Any, gate: Any) -> None:
    app = Batches([gate(), gate(), gate()], kind)
    shown = show(app.demo)
    app.press(shown, "a")
    app.gates[0].reached()
    app.press(shown, "b", "c", "d", "e")
    assert shown.engine.queue.statistics() == (4, 1, 1)
    app.gates[0].open()
    app.gates[1].reached()
    # Nobody waits for a batch to fill, and none is larger than allowed.
    assert app.calls == [["a"], ["b", "c", "d"]]
    assert shown.engine.queue.statistics() == (1, 1, 1)
    app.gates[1].open()
    app.gates[2].open()
    shown.page.idle()
    assert app.calls == [["a"], ["b", "c", "d"], ["e"]]
    assert shown.value(app.out) == "E"
    assert sorted(m.task for m in shown.messages(Done)) == [1, 2, 3, 4, 5]
    assert shown.engine.queue.statistics() == (0, 0, 0)


@pytest.mark.parametrize(("size", "calls"), [(1, 5), (2, 3), (4, 2), (100, 2)])
def test_sizes_of_batches(size: int, calls: int, show: Any, gate: Any) -> None:
    app = Batches([gate() for _ in range(5)], size=size)
    shown = show(app.demo)
    app.press(shown, *"abcde")
    for each in app.gates:
        each.open()
    shown.page.idle()
    assert len(app.calls) == calls
    assert [text for texts in app.calls for text in texts] == list("abcde")


def test_a_batch_has_one_slot_and_two_slots_have_two_batches(show: Any, gate: Any) -> None:
    app = Batches([gate() for _ in range(4)], concurrency_limit=2)
    shown = show(app.demo)
    # one after the other: which of two threads calls first is not settled
    app.press(shown, "a")
    app.gates[0].reached()
    app.press(shown, "b", "c", "d", "e", "f")
    app.gates[1].reached()
    assert app.calls == [["a"], ["b"]]
    assert shown.engine.queue.statistics() == (4, 2, 1)
    app.gates[0].open()
    app.gates[2].reached()
    assert app.calls[2] == ["c", "d", "e"]
    for each in app.gates:
        each.open()
    shown.page.idle()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda texts: texts, "must return a tuple with one list for each of its 1 outputs"),
        (lambda texts: "abc", "must return a tuple with one list for each of its 1 outputs"),
        (
            lambda texts: [["only one"]],
            "a batch of 2 and returned lists of 1; each must have 2",
        ),
        (lambda texts: [texts * 2], "got a batch of 2 and returned lists of 4; each must have 2"),
        (lambda texts: 1 / 0, "ZeroDivisionError"),
    ],
    ids=["no lists", "text", "too short", "too long", "raises"],
)
def test_a_batch_fails_as_a_whole(answer: Any, words: str, show: Any, gate: Any) -> None:
    app = Batches([gate(), gate()])
    shown = show(app.demo)
    app.press(shown, "a")
    app.gates[0].reached()
    app.press(shown, "b", "c")
    app.gates[0].open()
    app.gates[1].reached()
    app.answer = answer
    app.gates[1].open()
    shown.page.idle()
    failed = shown.messages(Failed)
    assert [m.task for m in failed] == [2, 3]
    assert all(words in m.message for m in failed)
    assert shown.engine.queue.statistics() == (0, 0, 0)


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("gone", [2, 3], ids=["the first", "another"])
def test_one_of_a_batch_may_leave_and_the_others_get_their_results(
    gone: int, kind: str, show: Any, gate: Any
) -> None:
    app = Batches([gate(), gate()], kind)
    shown = show(app.demo)
    app.press(shown, "a")
    app.gates[0].reached()
    app.press(shown, "b", "c", "d")
    app.gates[0].open()
    app.gates[1].reached()
    shown.page.send(Cancel(seq=0, task=TaskId(gone)))
    shown.until(Failed)
    assert shown.engine.queue.statistics() == (0, 1, 1)
    app.gates[1].open()
    shown.page.idle()
    assert [(m.task, m.code) for m in shown.messages(Failed)] == [(gone, "cancelled")]
    assert [m.task for m in shown.messages(Done)] == [1, *({2, 3, 4} - {gone})]
    assert shown.engine.queue.statistics() == (0, 0, 0)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_when_all_of_a_batch_leave_its_function_is_stopped(kind: str, show: Any, gate: Any) -> None:
    app = Batches([gate(), gate()], kind)
    shown = show(app.demo)
    app.press(shown, "a")
    app.gates[0].reached()
    app.press(shown, "b", "c")
    app.gates[0].open()
    app.gates[1].reached()
    for task in (2, 3):
        shown.page.send(Cancel(seq=0, task=TaskId(task)))
    if kind == "sync":
        # A thread is waited for: its slot is taken until it is over.
        assert [m.task for m in shown.until(Stopping)] == [3]
        assert shown.engine.queue.statistics() == (0, 1, 1)
        app.gates[1].open()
    shown.page.idle()
    assert [m.task for m in shown.messages(Failed)] == [2, 3]
    assert shown.value(app.out) == "A"
    assert shown.engine.queue.statistics() == (0, 0, 0)


def test_a_session_that_ends_takes_its_own_out_of_a_batch(show: Any, gate: Any) -> None:
    app = Batches([gate(), gate()])
    shown = show(app.demo)
    other = show(beside=shown)
    app.press(shown, "a")
    app.gates[0].reached()
    app.press(other, "b")
    app.press(shown, "c")
    app.gates[0].open()
    app.gates[1].reached()
    assert app.calls[1] == ["b", "c"]
    other.page.close()
    app.gates[1].open()
    shown.page.idle()
    assert shown.value(app.out) == "C"
    assert shown.engine.queue.statistics() == (0, 0, 0)


def test_several_outputs_and_injected_parameters_of_a_batch(show: Any) -> None:
    seen: list[Any] = []

    def work(a: list[str], b: list[str], request: gr.Request, p: Any = gr.Progress()) -> Any:  # noqa: B008
        seen.append((a, b, type(request), p(0.5)))
        return a, [gr.update(value="!", label="new") for _ in b]

    with gr.Blocks() as demo:
        one, two, button = gr.Textbox("x"), gr.Textbox("y"), gr.Button()
        button.click(work, [one, two], [two, one], batch=True)
    shown = show(demo).run(button)
    assert seen == [(["x"], ["y"], gr.Request, 0.5)]
    assert (shown.value(one), shown.value(two), shown.props(one)["label"]) == ("!", "x", "new")


def test_a_batch_without_inputs_and_outputs(show: Any) -> None:
    calls: list[tuple[Any, ...]] = []
    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(lambda *args: calls.append(args), batch=True)
    shown = show(demo).run(button)
    assert calls == [()]
    assert len(shown.messages(Done)) == 1


# --- every --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sync", "async", "generator"])
@pytest.mark.parametrize("end", ["session", "cancel"])
def test_every_runs_again_until_the_session_ends(kind: str, end: str, show: Any) -> None:
    count = [0]

    def work() -> str:
        count[0] += 1
        return str(count[0])

    async def async_work() -> str:
        return work()

    def steps() -> Any:
        yield work()

    fn = {"sync": work, "async": async_work, "generator": steps}[kind]
    with gr.Blocks() as demo:
        out, stop = gr.Textbox(), gr.Button()
        run = demo.load(fn, None, out, every=0.001)
        stop.click(None, cancels=run)
    shown = show(demo)
    keeper = show(beside=shown)
    shown.until(Patch, 3)
    (started,) = shown.messages(Started)
    assert started.show_progress == "hidden"
    if end == "cancel":
        shown.fire(stop)
        (failed,) = shown.until(Failed)
        assert failed.code == "cancelled"
    else:
        shown.page.close()
    keeper.fire(stop)
    keeper.until(Failed)
    keeper.page.idle()
    assert shown.engine.queue.statistics() == (0, 0, 0)
    before = count[0]
    keeper.page.idle()
    assert count[0] == before


def test_an_endless_run_does_not_take_the_slot_of_the_same_function(show: Any) -> None:
    with gr.Blocks() as demo:
        out, button = gr.Textbox("0"), gr.Button()

        def count(text: str) -> str:
            return str(int(text) + 1)

        run = demo.load(count, out, out, every=60)
        button.click(count, out, out)
        stop = gr.Button()
        stop.click(None, cancels=run)
    shown = show(demo)
    shown.until(Patch)
    shown.fire(button)
    shown.until(Done)
    assert shown.value(out) == "2"
    shown.run(stop)


def test_an_endless_run_that_raises_has_ended(show: Any) -> None:
    runs: list[int] = []

    def work() -> None:
        runs.append(1)
        if len(runs) == 3:
            raise ValueError("the third")

    with gr.Blocks() as demo:
        demo.load(work, every=0.001)
    shown = show(demo)
    (failed,) = shown.until(Failed)
    shown.page.idle()
    assert failed.message == "ValueError: the third"
    assert len(runs) == 3


# --- time limits --------------------------------------------------------------------------------


def test_a_time_limit_stops_an_async_function(show: Any, gate: Any) -> None:
    never, closed = gate(), []

    async def work() -> None:
        try:
            await never.pass_through()
        finally:
            closed.append(1)

    with gr.Blocks() as demo:
        out, button = gr.Textbox(), gr.Button()
        button.click(work, None, out, time_limit=0.01)
    shown = show(demo).run(button)
    (failed,) = shown.messages(Failed)
    assert (failed.code, failed.message) == (
        "cancelled",
        "Stopped at its time limit of 0.01 seconds.",
    )
    assert closed == [1]


def test_a_time_limit_closes_a_generator_at_its_next_step(show: Any, gate: Any) -> None:
    go_on, closed = gate(), []

    def steps() -> Any:
        try:
            yield "one"
            go_on.wait()
            yield "two"
        except GeneratorExit:
            closed.append(1)
            raise

    with gr.Blocks() as demo:
        out, button = gr.Textbox(), gr.Button()
        button.click(steps, None, out, time_limit=1000)
    shown = show(demo).fire(button)
    go_on.reached()
    # The limit comes while the second step runs, and not before it, however slow the machine is.
    (task,) = shown.session.tasks.values()
    shown.on_loop(lambda: shown.engine._canceller.time_out(task, 1000))
    shown.until(Stopping)
    go_on.open()
    shown.page.idle()
    assert closed == [1]
    assert shown.value(out) == "one"


def test_a_time_limit_that_is_not_reached_does_nothing(show: Any) -> None:
    with gr.Blocks() as demo:
        out, button = gr.Textbox(), gr.Button()
        button.click(lambda: "x", None, out, time_limit=1000)
    shown = show(demo).run(button)
    assert shown.value(out) == "x"
    assert not shown.messages(Failed)


# --- timers -------------------------------------------------------------------------------------


def test_a_timer_ticks_for_each_session_until_it_ends(show: Any) -> None:
    with gr.Blocks() as demo:
        out, timer = gr.Textbox("0"), gr.Timer(0.001)
        timer.tick(lambda text: str(int(text) + 1), out, out)
    shown = show(demo)
    other = show(beside=shown)
    for each in (shown, other):
        each.until(Patch, 3)
    other.page.close()
    count = len(shown.messages(Patch))
    shown.until(Patch, count + 2)
    assert other.session.timers._handles == {}


def test_a_timer_is_started_stopped_and_set_by_updates(show: Any) -> None:
    ticks: list[int] = []
    with gr.Blocks() as demo:
        timer = gr.Timer(1000, active=False)
        out, start, stop = gr.Textbox(), gr.Button(), gr.Button()
        timer.tick(lambda: ticks.append(1) or str(len(ticks)), None, out)
        start.click(lambda: gr.Timer(0.001, active=True), None, timer)
        stop.click(lambda: gr.update(active=False), None, timer)
    shown = show(demo)
    assert shown.session.timers._handles == {}
    shown.fire(start)
    shown.until(Patch, 3)
    shown.run(stop)
    assert shown.on_loop(lambda: dict(shown.session.timers._handles)) == {}
    before = len(ticks)
    shown.page.idle()
    assert len(ticks) == before
    # Of the page it is nothing.
    assert timer not in {shown.demo.blocks[n.id] for n in shown.welcome.nodes}


def test_a_tick_that_is_still_worked_on_is_not_run_twice(show: Any, gate: Any) -> None:
    go_on, running, most = gate(), [0], [0]
    ticked = threading.Event()

    def work() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        go_on.wait()
        running[0] -= 1

    with gr.Blocks() as demo:
        timer, other = gr.Timer(0.001), gr.Timer(0.02)
        timer.tick(work, None, None)
        other.tick(ticked.set, None, None)
    show(demo)
    go_on.reached()
    ticked.clear()
    assert ticked.wait(LIMIT)
    assert most == [1]
    go_on.open()


def test_an_async_function_may_be_cancelled_by_a_timer(show: Any, gate: Any) -> None:
    never = gate()

    async def work() -> None:
        await asyncio.sleep(0)
        await never.pass_through()

    with gr.Blocks() as demo:
        button, timer = gr.Button(), gr.Timer(0.01, active=False)
        run = button.click(work)
        run2 = timer.tick(lambda: gr.Info("stopped"), None, None, cancels=run)
        assert run2 is not None
        button.click(lambda: gr.Timer(active=True), None, timer)
    shown = show(demo).fire(button)
    (failed,) = shown.until(Failed)
    assert failed.code == "cancelled"
    assert shown.until(Toast)[0].message == "stopped"
    # An update of one argument leaves the others.
    assert shown.on_loop(lambda: shown.session.current(timer).value) == 0.01
