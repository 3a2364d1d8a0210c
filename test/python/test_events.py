"""Which function runs when: listeners, chains, trigger modes, the queue and cancelling."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Cancel, Done, Event, Failed, NodeId, Queued, Started, Stopping, Toast


def press(shown: Any, button: Any) -> Event:
    return Event(seq=0, node=NodeId(shown.id(button)), name="click", data=None)


# --- gr.on and the decorator form ---------------------------------------------------------------


def test_on_listens_to_a_list_of_events(show: Any) -> None:
    runs: list[str] = []
    with gr.Blocks() as demo:
        text = gr.Textbox("x")
        one, two = gr.Button(), gr.Button()
        gr.on([text.submit, one.click, two.click], runs.append, text, None)
    shown = show(demo)
    shown.run(one).run(two).run(text, "submit")
    assert runs == ["x"] * 3


def test_on_without_triggers_listens_to_changes_and_load(show: Any) -> None:
    runs: list[tuple[str, str]] = []
    with gr.Blocks() as demo:
        a, b = gr.Textbox("1"), gr.Textbox("2")
        gr.on(None, lambda *args: runs.append(args), [a, b], None)
    shown = show(demo)
    shown.page.idle()
    shown.set(b, "3")
    shown.page.idle()
    assert runs == [("1", "2"), ("1", "3")]


def test_decorators_return_the_function(show: Any) -> None:
    with gr.Blocks() as demo:
        out = gr.Textbox()
        one, two = gr.Button(), gr.Button()

        @one.click(outputs=out)
        def first() -> str:
            return "first"

        @gr.on([two.click], outputs=out)
        def second() -> str:
            return "second"

    assert (first(), second()) == ("first", "second")
    shown = show(demo)
    assert shown.run(one).value(out) == "first"
    assert shown.run(two).value(out) == "second"


# --- chains -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("done", ["then", "success"]),
        ("failed", ["then", "failure"]),
        ("cancelled", ["then"]),
        ("cancelled in the queue", ["then"]),
    ],
)
def test_what_follows_each_outcome(outcome: str, expected: list[str], show: Any, gate: Any) -> None:
    go_on, ran = gate(), []

    async def work(mode: str) -> None:
        if mode != "done":
            await go_on.pass_through()
            raise ValueError("failed")

    with gr.Blocks() as demo:
        mode = gr.Textbox("done" if outcome == "done" else "wait")
        button = gr.Button()
        run = button.click(work, mode, None, trigger_mode="multiple")
        for name in ("then", "success", "failure"):
            getattr(run, name)(lambda name=name: ran.append(name), concurrency_limit=None)
    shown = show(demo).fire(button)
    if outcome == "cancelled":
        go_on.reached()
        shown.page.send(Cancel(seq=0, task=1))
    elif outcome == "cancelled in the queue":
        go_on.reached()
        shown.fire(button)
        shown.page.send(Cancel(seq=0, task=2))
        shown.until(Failed)
        shown.page.wait_for(lambda _: bool(ran))
        assert ran == expected
        return
    go_on.open()
    shown.page.idle()
    assert sorted(ran) == sorted(expected)


def test_a_chain_passes_values_on_and_a_link_may_have_no_function(show: Any) -> None:
    with gr.Blocks() as demo:
        a, b, c = gr.Textbox("a"), gr.Textbox(), gr.Textbox()
        button = gr.Button()
        button.click(lambda x: x + "b", a, b).then(None).success(lambda x: x + "c", b, c)
    assert show(demo).run(button).value(c) == "abc"


# --- trigger modes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "fails", "expected"),
    [
        ("once", False, ["0"]),
        ("multiple", False, ["0", "1", "2", "3"]),
        ("always_last", False, ["0", "3"]),
        ("always_last", True, ["0", "3"]),
        ("once", True, ["0"]),
    ],
)
def test_trigger_modes(mode: Any, fails: bool, expected: list[str], show: Any, gate: Any) -> None:
    go_on, runs = gate(), []

    def work(text: str) -> None:
        runs.append(text)
        go_on.wait()
        if fails:
            raise ValueError(text)

    with gr.Blocks() as demo:
        text = gr.Textbox("0")
        button = gr.Button()
        button.click(work, text, None, trigger_mode=mode)
    shown = show(demo).fire(button)
    go_on.reached()
    for number in "123":
        shown.set(text, number)
        shown.fire(button)
    shown.on_loop(lambda: None)
    go_on.open()
    shown.page.idle()
    assert runs == expected
    # Once nothing runs, the next event is heard again.
    shown.run(button)
    assert len(runs) == len(expected) + 1


def test_default_trigger_modes() -> None:
    with gr.Blocks():
        text, button = gr.Textbox(), gr.Button()
        click, change = button.click(lambda: None), text.change(lambda: None)
        both = gr.on([button.click, text.change], lambda: None, trigger_mode="multiple")
    assert (click.trigger_mode, change.trigger_mode) == ("once", "always_last")
    assert both.trigger_mode == "multiple"


# --- the queue ----------------------------------------------------------------------------------


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


# --- cancelling ---------------------------------------------------------------------------------


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


# --- change, load, State ------------------------------------------------------------------------


def test_change_fires_when_the_value_becomes_another_one(show: Any) -> None:
    seen: list[Any] = []
    with gr.Blocks() as demo:
        text, same, other = gr.Textbox("a"), gr.Button(), gr.Button()
        text.change(seen.append, text, None)
        same.click(lambda: "a", None, text)
        other.click(lambda: "b", None, text)
    shown = show(demo).run(same)
    assert seen == []
    shown.run(other).run(other)
    assert seen == ["b"]


def test_load_runs_once_for_every_session(show: Any) -> None:
    loads: list[int] = []
    with gr.Blocks() as demo:
        out = gr.Textbox()

        def load() -> str:
            loads.append(1)
            return f"load {len(loads)}"

        demo.load(load, None, out)
    shown = show(demo)
    shown.page.hello(shown.session.epoch, 0)
    shown.page.idle()
    other = show(beside=shown)
    other.page.idle()
    assert (shown.value(out), other.value(out)) == ("load 1", "load 2")
    assert len(loads) == 2


def test_callable_values_are_computed_for_every_session(show: Any) -> None:
    count = iter(range(100))

    def number() -> str:
        return str(next(count))

    with gr.Blocks() as demo:
        one, two = gr.Textbox(number), gr.Textbox(number)
    shown = show(demo)
    shown.page.idle()
    # 0 and 1 were the constructors' own.
    assert {shown.value(one), shown.value(two)} == {"2", "3"}
    other = show(beside=shown)
    other.page.idle()
    assert {other.value(one), other.value(two)} == {"4", "5"}


def test_state_is_copied_for_every_session(show: Any) -> None:
    def add(items: list[int]) -> Any:
        items.append(len(items))
        return items, str(items)

    with gr.Blocks() as demo:
        items, out, button = gr.State([]), gr.Textbox(), gr.Button()
        button.click(add, items, [items, out])
    shown = show(demo)
    other = show(beside=shown)
    assert shown.run(button).run(button).value(out) == "[0, 1]"
    assert other.run(button).value(out) == "[0]"


def test_state_from_a_function_and_what_cannot_be_copied() -> None:
    with gr.Blocks():
        state = gr.State(lambda: {"made": 1})
        assert state.new_value() == {"made": 1}
        with pytest.raises(TypeError, match=r"type lock cannot be deep-copied.*give a function"):
            gr.State(threading.Lock())
        gr.State(threading.Lock)


def test_state_change_fires_and_its_value_stays_in_the_kernel(show: Any) -> None:
    seen: list[Any] = []
    secret = object()
    with gr.Blocks() as demo:
        state, one, two = gr.State(lambda: None), gr.Button(), gr.Button()
        state.change(seen.append, state, None)
        one.click(lambda: secret, None, state)
        two.click(lambda value: value, state, state)
    shown = show(demo).run(one).run(two)
    assert seen == [secret]
    assert demo.id_of(state) not in {n.id for n in shown.welcome.nodes}


def test_delete_callback_gets_the_value_when_the_session_ends(show: Any) -> None:
    deleted: list[Any] = []
    arrived = threading.Event()

    def delete(value: Any) -> None:
        deleted.append(value)
        arrived.set()

    with gr.Blocks() as demo:
        state = gr.State("first", delete_callback=delete)
        button = gr.Button()
        button.click(lambda: "last", None, state)
    shown = show(demo).run(button)
    shown.page.close()
    assert arrived.wait(30)
    assert deleted == ["last"]


# --- injection ----------------------------------------------------------------------------------


def test_event_data_is_injected_by_annotation(show: Any) -> None:
    got: list[Any] = []

    def selected(before: str, what: gr.SelectData, after: str) -> None:
        got.append((before, what.index, what.value, what.selected, what.target, after))

    def any_event(what: gr.EventData) -> None:
        got.append((what.target, what.index))

    async def clicked(what: gr.EventData) -> None:
        got.append(what.target)
        with pytest.raises(AttributeError, match="EventData has no 'index'"):
            _ = what.index

    with gr.Blocks() as demo:
        text, button = gr.Textbox("a"), gr.Button()
        text.select(selected, [text, text], None)
        text.select(any_event)
        button.click(clicked)
    shown = show(demo)
    shown.run(text, "select", {"index": [0, 1], "value": "a", "selected": True})
    shown.run(button)
    assert sorted(got, key=str) == sorted(
        [("a", [0, 1], "a", True, text, "a"), (text, [0, 1]), button], key=str
    )


def test_a_payload_of_wrong_shape_is_refused(show: Any) -> None:
    with gr.Blocks() as demo:
        text = gr.Textbox("a")
        text.select(lambda: None)
    shown = show(demo)
    shown.run(text, "select", {"index": "zero", "value": "a", "selected": True})
    shown.run(text, "select", None)
    assert shown.refused == 2
    assert not shown.messages(Started)
