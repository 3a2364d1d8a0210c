"""Which function runs when: listeners, chains, trigger modes, changes and what is injected."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Cancel, Event, Failed, NodeId, Started

from .conftest import LIMIT


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
    assert arrived.wait(LIMIT)
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
