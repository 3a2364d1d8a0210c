"""Pages and sessions: what a page may send, files, capacity, and the end."""

from __future__ import annotations

import logging
import threading
from typing import Any

import msgspec
import pytest

import ipyblocks as gr
from ipyblocks import codec
from ipyblocks.protocol import (
    PROTOCOL,
    Closed,
    Event,
    Failed,
    Hello,
    NodeId,
    PageId,
    Patch,
    Refused,
    Set,
    Started,
    ToKernelFrame,
    Welcome,
)

from .conftest import LIMIT


@pytest.fixture
def simple(show: Any) -> Any:
    """A text box that a button greets, shown."""
    with gr.Blocks() as demo:
        name = gr.Textbox("Ada", label="Name", max_length=10)
        greeting = gr.Textbox(label="Greeting")
        state = gr.State(0)
        button = gr.Button("Greet")
        button.click(lambda text: f"Hello {text}", name, greeting)
        name.change(lambda value: value, state, state)
    shown = show(demo)
    shown.name, shown.greeting, shown.state, shown.button = name, greeting, state, button
    return shown


def frame(*messages: dict[str, Any], page: str = "page") -> dict[str, Any]:
    last = max(message["seq"] for message in messages)
    return {"page": page, "ack": 0, "last": last, "messages": list(messages)}


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"type": "set", "node": 99, "props": {"value": "x"}}, "This app has no component 99."),
        ({"type": "set", "node": -1, "props": {}}, "This app has no component -1."),
        ({"type": "set", "node": 3, "props": {"value": 1}}, "This app has no component 3."),
        (
            {"type": "set", "node": 1, "props": {"value": 5}},
            "Textbox 'Name': value cannot be 5: Expected `str | null`, got `int`",
        ),
        (
            {"type": "set", "node": 1, "props": {"value": ["a"]}},
            "Textbox 'Name': value cannot be ['a']",
        ),
        (
            {"type": "set", "node": 1, "props": {"value": "x" * 11}},
            "Textbox 'Name': value is longer than max_length=10.",
        ),
        (
            {"type": "set", "node": 1, "props": {"label": "x"}},
            "Textbox 'Name' has no prop 'label' that a page may set.",
        ),
        (
            {"type": "set", "node": 1, "props": {"__class__": "x"}},
            "Textbox 'Name' has no prop '__class__' that a page may set.",
        ),
        (
            {"type": "set", "node": 2, "props": {"value": "x"}},
            "Textbox 'Greeting' is not interactive.",
        ),
        (
            {"type": "set", "node": 4, "props": {"value": "x"}},
            "Button has no prop 'value' that a page may set.",
        ),
        (
            {"type": "set", "node": 1, "props": {"value": {"$upload": 7}}},
            "Upload 7 is not complete or not known.",
        ),
        ({"type": "event", "node": 99, "name": "click"}, "This app has no component 99."),
        (
            {"type": "event", "node": 4, "name": "submit"},
            "Button has no event 'submit' that a page may send.",
        ),
        (
            {"type": "event", "node": 1, "name": "change"},
            "Textbox 'Name' has no event 'change' that a page may send.",
        ),
        ({"type": "event", "node": 0, "name": "load"}, "has no event 'load' that a page may send."),
        (
            {"type": "event", "node": 1, "name": "select", "data": {"index": "a"}},
            "Textbox 'Name': wrong data for 'select':",
        ),
    ],
    ids=lambda value: None if isinstance(value, str) else f"{value['type']}",
)  # fmt: skip
def test_a_message_is_refused_counted_and_logged(
    message: dict[str, Any], words: str, simple: Any, caplog: Any
) -> None:
    simple.page._seq = 2
    simple.raw(frame({"seq": 2, **message}), (b"",))
    (refused,) = simple.messages(Refused)
    assert words in refused.message
    assert (refused.page, refused.refused) == ("page", 2)
    assert simple.refused == 1
    assert [r.levelname for r in caplog.records if words in r.getMessage()] == ["WARNING"]
    assert simple.run(simple.button).value(simple.greeting) == "Hello Ada"


@pytest.mark.parametrize(
    "content",
    [
        None,
        17,
        "hello",
        [],
        {},
        {"page": 1, "ack": 0, "messages": []},
        {"page": "page", "ack": 0, "last": 2, "messages": [{"type": "launch", "seq": 2}]},
        {"page": "page", "ack": 0, "messages": [{"type": "set", "seq": 2, "node": "1"}]},
        {"page": "page", "ack": 0, "messages": [{"type": "set", "seq": True, "node": 1}]},
        {
            "page": "page",
            "ack": 0,
            "messages": [{"type": "event", "seq": 2, "node": {"$int": "x"}}],
        },
        {"page": "page", "ack": 0, "messages": [{"type": "event", "seq": 2, "node": 1.5}]},
    ],
    ids=repr,
)
def test_what_is_no_message_is_dropped_counted_and_logged(
    content: Any, simple: Any, caplog: Any
) -> None:
    simple.raw(content)
    assert simple.refused == 1
    assert not simple.messages(Refused)
    assert [r.levelname for r in caplog.records] == ["WARNING"]
    assert "not understood and dropped" in caplog.text
    assert simple.run(simple.button).value(simple.greeting) == "Hello Ada"


@pytest.mark.parametrize("leaf", [[], {}])
def test_deep_nesting_from_the_page_is_dropped(leaf: Any, simple: Any) -> None:
    value = leaf
    for _ in range(5000):
        value = [value] if leaf == [] else {"a": value}
    simple.raw(frame({"type": "set", "seq": 2, "node": 1, "props": {"value": value}}))
    assert simple.refused == 1
    assert simple.run(simple.button).value(simple.greeting) == "Hello Ada"


def test_a_refused_edit_is_undone_at_the_page_alone(simple: Any) -> None:
    simple.set(simple.name, "Grace")
    simple.set(simple.name, "x" * 11)
    simple.page.idle()
    (patch,) = simple.messages(Patch)
    assert patch.updates[0].props == {"value": "Grace"}
    assert simple.value(simple.name) == "Grace"


def test_one_bad_message_of_a_frame_harms_no_other(simple: Any) -> None:
    simple.page.send(
        Set(seq=0, node=NodeId(1), props={"value": "Grace"}),
        Set(seq=0, node=NodeId(99), props={"value": "x"}),
        Event(seq=0, node=NodeId(4), name="click"),
    )
    simple.page.idle()
    assert simple.value(simple.greeting) == "Hello Grace"
    assert simple.refused == 1


def test_a_defect_while_handling_is_refused_and_logged(
    simple: Any, caplog: Any, monkeypatch: Any
) -> None:
    def broken(payload: Any) -> Any:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(simple.name, "check_value", broken, raising=False)
    simple.set(simple.name, "x")
    simple.page.idle()
    (refused,) = simple.messages(Refused)
    assert refused.message == "The kernel could not process this."
    assert "a defect" in caplog.text
    monkeypatch.undo()
    assert simple.run(simple.button).value(simple.greeting) == "Hello Ada"


def test_a_page_that_cannot_be_reached_does_not_stop_the_app(simple: Any, caplog: Any) -> None:
    caplog.set_level(logging.ERROR)

    def unreachable(packet: Any) -> None:
        raise ConnectionError("gone")

    simple.session._send = unreachable
    simple.run(simple.button)
    assert simple.value(simple.greeting) == "Hello Ada"
    assert "A frame could not be sent." in caplog.text


# --- coming, reloading, two pages ---------------------------------------------------------------


def test_what_was_processed_is_not_processed_again(simple: Any) -> None:
    click = Event(seq=2, node=NodeId(4), name="click")
    hello = Hello(seq=1, protocol=PROTOCOL, epoch=simple.session.epoch, seen=0)

    def send(*messages: Any) -> None:
        last = messages[-1].seq
        frame = ToKernelFrame(page=PageId("page"), ack=0, last=last, messages=list(messages))
        packet = codec.encode(frame)
        simple.raw(packet.content)

    send(click)
    send(click)
    # After a gap a page says hello and sends again what it has no answer to.
    send(hello, click)
    assert [m.task for m in simple.messages(Started)] == [1]
    send(msgspec.structs.replace(click, seq=3))
    assert [m.task for m in simple.messages(Started)] == [1, 2]


def test_a_reload_finds_the_session_as_it_is(simple: Any, gate: Any) -> None:
    simple.set(simple.name, "Grace")
    simple.run(simple.button)
    packet = codec.encode(
        ToKernelFrame(
            page=PageId("reloaded"),
            ack=0,
            last=1,
            messages=[Hello(seq=1, protocol=PROTOCOL, epoch=None, seen=0)],
        )
    )
    simple.raw(packet.content)
    welcome = simple.messages(Welcome)[-1]
    assert welcome.page == "reloaded"
    values = {n.id: n.props.get("value") for n in welcome.nodes}
    assert (values[1], values[2]) == ("Grace", "Hello Grace")
    assert welcome.seq == max(m.seq for m in simple.messages() if not isinstance(m, Welcome))


def test_a_page_that_is_up_to_date_gets_no_welcome(simple: Any) -> None:
    simple.run(simple.button)
    seen = max(m.seq for m in simple.messages())
    simple.page.send(Hello(seq=0, protocol=PROTOCOL, epoch=simple.session.epoch, seen=seen))
    simple.page.idle()
    assert len(simple.messages(Welcome)) == 1


def test_an_edit_at_one_page_is_told_to_the_other(simple: Any) -> None:
    hello = Hello(seq=1, protocol=PROTOCOL, epoch=None, seen=0)
    edit = Set(seq=2, node=NodeId(1), props={"value": "Grace"})
    frame_ = ToKernelFrame(page=PageId("second"), ack=0, last=edit.seq, messages=[hello, edit])
    simple.raw(codec.encode(frame_).content)
    assert simple.messages(Patch)[-1].updates[0].props == {"value": "Grace"}


def test_running_tasks_are_in_the_welcome(show: Any, gate: Any) -> None:
    go_on = gate()
    with gr.Blocks() as demo:
        out, button = gr.Textbox(), gr.Button()
        button.click(go_on.wait, None, out, trigger_mode="multiple", show_progress="minimal")
    shown = show(demo).fire(button)
    go_on.reached()
    shown.fire(button)
    shown.page.send(Hello(seq=0, protocol=PROTOCOL, epoch=None, seen=0))
    shown.until(Welcome, 2)
    tasks = shown.messages(Welcome)[1].tasks
    told = [(t.id, t.state, t.nodes, t.show_progress, t.position, t.size) for t in tasks]
    node = shown.id(out)
    assert told == [
        (1, "running", [node], "minimal", None, None),
        (2, "queued", [node], "minimal", 0, 1),
    ]


def test_passwords_are_not_in_a_snapshot_and_come_afterwards(show: Any) -> None:
    with gr.Blocks() as demo:
        secret = gr.Textbox("hunter2", type="password", interactive=True)
    shown = show(demo)
    assert "hunter2" in str(shown.welcome)
    shown.set(secret, "changed")
    shown.page.idle()
    snapshot = shown.on_loop(shown.session.snapshot)
    assert "hunter2" not in str(snapshot.content)
    assert "changed" not in str(snapshot.content)
    seq = snapshot.content["messages"][0]["seq"]
    shown.page.send(Hello(seq=0, protocol=PROTOCOL, epoch=shown.session.epoch, seen=seq))
    shown.page.idle()
    assert shown.props(secret)["value"] == "changed"


# --- the end ------------------------------------------------------------------------------------


def test_unload_runs_when_a_session_ends(show: Any) -> None:
    ended = threading.Semaphore(0)
    with gr.Blocks() as demo:
        demo.unload(ended.release)
        demo.unload(lambda: 1 / 0)
        demo.unload(ended.release)
    shown = show(demo)
    shown.page.close()
    assert ended.acquire(timeout=LIMIT)
    assert ended.acquire(timeout=LIMIT)
    with pytest.raises(TypeError, match="unload takes a function, not int"):
        demo.unload(3)


def test_closing_while_a_function_runs(show: Any, gate: Any) -> None:
    go_on, ended, said = gate(), threading.Event(), []

    def work() -> str:
        try:
            go_on.wait()
            gr.Info("nobody is there")
            return "late"
        finally:
            said.append("ended")
            ended.set()

    with gr.Blocks() as demo:
        out, button = gr.Textbox(), gr.Button()
        button.click(work, None, out)
    shown = show(demo).fire(button)
    go_on.reached()
    shown.page.close()
    (closed,) = shown.messages(Closed)
    assert closed.reason == "closed"
    assert shown.messages()[-1] is closed
    go_on.open()
    assert ended.wait(LIMIT)
    # A late message of the page is for nobody.
    shown.session.receive(frame({"type": "event", "seq": 9, "node": 2, "name": "click"}))
    assert shown.messages()[-1] is closed


@pytest.mark.parametrize("kind", ["sync", "async", "generator"])
def test_nothing_follows_on_a_session_that_is_closed(kind: str, show: Any, gate: Any) -> None:
    go_on, ran = gate(), []

    def sync() -> None:
        go_on.wait()

    async def async_() -> None:
        await go_on.pass_through()

    def generator() -> Any:
        go_on.wait()
        yield

    work = {"sync": sync, "async": async_, "generator": generator}[kind]
    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(work, trigger_mode="multiple").then(lambda: ran.append("then"))
    shown = show(demo)
    other = show(beside=shown)  # keeps the engine
    shown.fire(button)
    go_on.reached()
    shown.fire(button)  # waits, and is cancelled first
    shown.page.close()
    go_on.open()
    other.page.idle()
    assert ran == []
    other.on_loop(lambda: None)
    other.run(button)
    assert ran == ["then"]
    assert shown.engine.queue.statistics() == (0, 0, 0)


def test_capacity_closes_the_oldest(show: Any) -> None:
    with gr.Blocks() as demo:
        gr.Textbox()
    first = show(demo, capacity=2)
    second = show(beside=first)
    third = show(beside=first)
    (closed,) = first.until(Closed)
    assert closed.reason == "capacity"
    assert not second.messages(Closed)
    assert list(first.engine.sessions) == [second.session.epoch, third.session.epoch]


def test_the_engine_ends_with_its_last_session(show: Any) -> None:
    with gr.Blocks() as demo:
        gr.Textbox()
    first = show(demo)
    second = show(beside=first)
    first.page.close()
    assert first.engine.thread.loop.is_running()
    second.page.close()
    assert not first.engine.sessions
    first.engine.close_all()


def test_failed_tasks_leave_no_trace_in_the_session(simple: Any) -> None:
    simple.run(simple.button).run(simple.button)
    statistics = simple.on_loop(simple.session.statistics)
    assert statistics == (0, 0, 1)
    assert not simple.messages(Failed)
