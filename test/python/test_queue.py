"""The queue: who waits for whom, and what is cancelled."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Cancel, Done, Failed, Queued, Started, Stopping, Toast

from .test_events import press


def test_a_limit_of_one_never_runs_two(show: Any, gate: Any) -> None:
    gates, running, most = [gate() for _ in range(3)], [], []
    lock = threading.Lock()

    def work() -> None:
        with lock:
            running.append(1)
            most.append(len(running))
        gates[len(most) - 1].wait()
        with lock:
            running.pop()

    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(work, trigger_mode="multiple")
    shown = show(demo)
    other = show(beside=shown)
    shown.fire(button)
    gates[0].reached()
    other.fire(button)
    other.until(Queued)
    shown.fire(button)
    shown.until(Queued)
    # The one in front is told that the queue has grown.
    assert [(m.position, m.size) for m in other.until(Queued, 2)] == [(0, 1), (0, 2)]
    assert [(m.position, m.size) for m in shown.messages(Queued)] == [(1, 2)]
    gates[0].open()
    # The one behind is told that it has moved up.
    assert [(m.position, m.size) for m in shown.until(Queued, 2)] == [(1, 2), (0, 1)]
    for each in gates:
        each.open()
        each.reached()
    shown.page.idle()
    assert most == [1, 1, 1]
    assert shown.engine.queue.statistics() == (0, 0, 0)


def test_a_cancelled_thread_keeps_its_slot_until_it_has_ended(show: Any, gate: Any) -> None:
    gates, order = [gate(), gate()], []

    def work(text: str) -> str:
        order.append(f"start {text}")
        gates[int(text)].wait()
        order.append(f"end {text}")
        return text

    with gr.Blocks() as demo:
        text, out, button = gr.Textbox("0"), gr.Textbox("before"), gr.Button()
        button.click(work, text, out, trigger_mode="multiple")
    shown = show(demo).fire(button)
    gates[0].reached()
    shown.set(text, "1")
    shown.fire(button)
    shown.until(Queued)
    shown.page.send(Cancel(seq=0, task=1))
    shown.until(Stopping)
    assert shown.engine.queue.statistics() == (1, 1, 1)
    assert order == ["start 0"]
    gates[0].open()
    gates[1].reached()
    assert order == ["start 0", "end 0", "start 1"]
    assert shown.value(out) == "before"
    gates[1].open()
    shown.page.idle()
    assert shown.value(out) == "1"
    (failed,) = shown.messages(Failed)
    assert (failed.task, failed.code) == (1, "cancelled")


def test_functions_that_share_an_id_share_the_slots(show: Any, gate: Any) -> None:
    go_on, runs = gate(), []

    def slow() -> None:
        go_on.wait()
        runs.append("slow")

    with gr.Blocks() as demo:
        one, two, three = gr.Button(), gr.Button(), gr.Button()
        one.click(slow, concurrency_id="gpu", concurrency_limit=1)
        two.click(lambda: runs.append("same"), concurrency_id="gpu", concurrency_limit=5)
        three.click(lambda: runs.append("other"))
    shown = show(demo).fire(one)
    go_on.reached()
    shown.fire(two)
    shown.until(Queued)
    shown.fire(three)
    shown.until(Done)
    assert runs == ["other"]
    go_on.open()
    shown.page.idle()
    assert runs == ["other", "slow", "same"]


def test_one_function_at_two_buttons_shares_its_slot(show: Any, gate: Any) -> None:
    go_on = gate()
    with gr.Blocks() as demo:
        one, two = gr.Button(), gr.Button()
        one.click(go_on.wait)
        fn = next(iter(demo.dependencies.values())).fn
        two.click(fn)
    shown = show(demo).fire(one)
    go_on.reached()
    shown.fire(two)
    shown.until(Queued)
    go_on.open()


@pytest.mark.parametrize("limit", [None, 3])
def test_a_higher_limit_runs_several(limit: int | None, show: Any, gate: Any) -> None:
    gates, count = [gate() for _ in range(3)], iter(range(3))
    with gr.Blocks() as demo:
        button = gr.Button()

        def work() -> None:
            gates[next(count)].wait()

        button.click(work, trigger_mode="multiple", concurrency_limit=limit)
    shown = show(demo)
    for each in gates:
        shown.fire(button)
        each.reached()
    assert not shown.messages(Queued)


def test_without_the_queue_an_event_does_not_wait(show: Any, gate: Any) -> None:
    gates, count = [gate(), gate()], iter(range(2))
    with gr.Blocks() as demo:
        button = gr.Button()

        def work() -> None:
            gates[next(count)].wait()

        button.click(work, queue=False, trigger_mode="multiple")
    shown = show(demo).fire(button)
    gates[0].reached()
    shown.fire(button)
    gates[1].reached()
    assert shown.engine.queue.statistics() == (0, 0, 0)


def test_a_full_queue_says_so(show: Any, gate: Any) -> None:
    go_on, runs = gate(), []

    def work() -> None:
        go_on.wait()
        runs.append(1)

    with gr.Blocks() as demo:
        button, out = gr.Button(), gr.Textbox()
        button.click(work, None, out, trigger_mode="multiple")
    shown = show(demo, max_size=1).fire(button)
    go_on.reached()
    shown.fire(button)
    shown.until(Queued)
    shown.fire(button)
    (failed,) = shown.until(Failed)
    assert (failed.task, failed.code) == (3, "user")
    assert "The queue is full: 1 of 1 places are taken." in failed.message
    (toast,) = shown.until(Toast)
    assert toast.title == "Busy"
    go_on.open()
    shown.page.idle()
    assert len(runs) == 2


def test_cancels_stops_what_runs_and_what_waits(show: Any, gate: Any) -> None:
    go_on, cleaned, runs = gate(), [], []

    async def work() -> None:
        runs.append(1)
        try:
            await go_on.pass_through()
        finally:
            cleaned.append(1)

    with gr.Blocks() as demo:
        button, stop = gr.Button(), gr.Button()
        run = button.click(work, trigger_mode="multiple")
        stop.click(None, cancels=run)
    shown = show(demo).fire(button)
    go_on.reached()
    shown.fire(button)
    shown.until(Queued)
    shown.run(stop)
    assert {m.task: m.code for m in shown.messages(Failed)} == {1: "cancelled", 2: "cancelled"}
    assert (runs, cleaned) == ([1], [1])


def test_a_listener_that_cancels_may_also_run(show: Any, gate: Any) -> None:
    go_on, ran = gate(), []
    with gr.Blocks() as demo:
        button, stop = gr.Button(), gr.Button()
        run = button.click(go_on.pass_through)
        stop.click(lambda: ran.append("stopped"), cancels=[run])
    shown = show(demo).fire(button)
    go_on.reached()
    shown.run(stop)
    assert ran == ["stopped"]
    assert shown.messages(Failed)[0].code == "cancelled"


def test_cancelling_drops_the_run_that_always_last_owes(show: Any, gate: Any) -> None:
    go_on, runs = gate(), []

    async def work() -> None:
        runs.append(1)
        await go_on.pass_through()

    with gr.Blocks() as demo:
        button, stop = gr.Button(), gr.Button()
        run = button.click(work, trigger_mode="always_last")
        stop.click(None, cancels=run)
    shown = show(demo).fire(button)
    go_on.reached()
    shown.fire(button)
    shown.run(stop)
    assert runs == [1]


@pytest.mark.parametrize("kind", ["sync", "async", "generator", "async generator"])
def test_an_event_and_its_cancel_in_one_frame_leave_nothing(kind: str, show: Any) -> None:
    async def async_() -> None:
        pass

    def generator() -> Any:
        yield

    async def async_generator() -> Any:
        yield

    functions = {
        "sync": lambda: None,
        "async": async_,
        "generator": generator,
        "async generator": async_generator,
    }
    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(functions[kind])
    shown = show(demo)
    shown.page.send(press(shown, button), Cancel(seq=0, task=1))
    shown.page.idle()
    (failed,) = shown.messages(Failed)
    assert failed.code == "cancelled"
    assert shown.engine.queue.statistics() == (0, 0, 0)
    assert shown.run(button).story()[-1] == "done 2"


def test_a_cancelled_generator_is_closed_at_its_next_step(show: Any, gate: Any) -> None:
    go_on, closed = gate(), []

    def steps() -> Any:
        try:
            yield "one"
            go_on.wait()
            yield "two"
            closed.append("too late")
        finally:
            closed.append("closed")

    with gr.Blocks() as demo:
        out, button = gr.Textbox(), gr.Button()
        button.click(steps, None, out)
    shown = show(demo).fire(button)
    go_on.reached()
    shown.page.send(Cancel(seq=0, task=1))
    shown.until(Stopping)
    go_on.open()
    shown.page.idle()
    assert (shown.value(out), closed) == ("one", ["closed"])
    assert shown.messages(Failed)[0].code == "cancelled"


def test_cancelling_what_has_ended_or_never_was_is_nothing(show: Any) -> None:
    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(lambda: None)
    shown = show(demo).run(button)
    shown.page.send(Cancel(seq=0, task=1), Cancel(seq=0, task=99))
    shown.page.idle()
    assert shown.refused == 0
    assert not shown.messages(Failed)


def test_a_task_ends_once_for_the_page(show: Any, gate: Any) -> None:
    go_on = gate()
    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(go_on.wait)
    shown = show(demo).fire(button)
    go_on.reached()
    shown.page.send(Cancel(seq=0, task=1), Cancel(seq=0, task=1))
    go_on.open()
    shown.page.idle()
    assert shown.story(Started, Stopping, Done, Failed) == ["started 1", "stopping 1", "failed 1"]
