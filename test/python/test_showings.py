"""Showings that are opened and closed by several threads at the same moment."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks import display
from ipyblocks.runtime.engine import Engine
from ipyblocks.transport.loopback import LoopbackPage

from .conftest import LIMIT


def app() -> gr.Blocks:
    with gr.Blocks() as demo:
        text, out = gr.Textbox("there"), gr.Textbox()
        text.change(str.upper, text, out, api_name="upper")
    return demo


@pytest.fixture(params=["loop ends", "loop goes on"])
def beside(request: pytest.FixtureRequest, no_leftovers: None) -> Iterator[None]:
    """Without or with another app, which keeps the loop."""
    other = app()
    if request.param == "loop goes on":
        LoopbackPage(other.running_engine()).hello()
    yield
    other.close()


def at_once(fn: Callable[[], Any], count: int = 2) -> None:
    """Call a function in several threads."""
    threads = [threading.Thread(target=fn) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Meeting:
    """Where two threads meet, if both come; one alone goes on."""

    def __init__(self) -> None:
        self._both = threading.Barrier(2)

    def wait(self) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            self._both.wait(0.5)


# --- an engine that ends as somebody comes -------------------------------------------------------


@pytest.fixture
def ends_meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[gr.Blocks], Engine]:
    """Ends the engine of an app when somebody has it and is about to open a session there."""
    former = Engine.open

    def prepare(demo: gr.Blocks) -> Engine:
        ended = demo.running_engine()

        def late(self: Engine, *args: Any, **kwargs: Any) -> Any:
            if self is ended:
                self.close_all()
            return former(self, *args, **kwargs)

        monkeypatch.setattr(Engine, "open", late)
        return ended

    return prepare


def test_an_app_is_shown_by_a_new_engine(
    beside: None, ends_meanwhile: Callable[[gr.Blocks], Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(display, "SNAPSHOT_TIMEOUT", LIMIT)
    demo = app()
    ended = ends_meanwhile(demo)
    widget = demo.widget()
    try:
        assert widget.session.engine is demo.running_engine()
        assert widget.session.engine is not ended
        assert ended.sessions == {}
        assert "there" in str(widget.get_state("snapshot"))
    finally:
        demo.close()


def test_a_client_calls_a_new_engine(
    beside: None, ends_meanwhile: Callable[[gr.Blocks], Engine]
) -> None:
    demo = app()
    ends_meanwhile(demo)
    client = gr.Client(demo)
    assert client.predict("x", api_name="/upper") == "X"
    client.close()


def test_the_engine_itself_says_that_it_has_ended(beside: None) -> None:
    engine = app().running_engine()
    engine.close_all()
    with pytest.raises(RuntimeError):
        LoopbackPage(engine)
    assert engine.has_ended


def test_threads_that_show_an_app_at_once_share_its_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    demo, meeting, made = app(), Meeting(), []
    former = gr.Blocks._check_placed

    def check(self: gr.Blocks) -> None:
        meeting.wait()
        former(self)

    monkeypatch.setattr(gr.Blocks, "_check_placed", check)
    at_once(lambda: made.append(demo.running_engine()))
    for engine in made:
        engine.close_all()
    assert made[0] is made[1]


# --- what is closed twice -------------------------------------------------------------------------


def test_a_showing_that_two_threads_close_is_closed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its page leaves while its cell is run again."""
    meeting, stopped = Meeting(), []
    former = display.stop_listening

    class Hesitant(display.AppWidget):
        _opened = False

        @property
        def _is_open(self) -> bool:
            found = self._opened
            if found:
                meeting.wait()
            return found

        @_is_open.setter
        def _is_open(self, value: bool) -> None:
            self._opened = value

    def stop(comm_id: str) -> None:
        stopped.append(comm_id)
        former(comm_id)

    monkeypatch.setattr(display, "stop_listening", stop)
    demo = app()
    widget = Hesitant(demo.running_engine(), demo.title)
    at_once(widget.close)
    assert stopped == [widget._comm_id]
    assert display.shown() == []


def ends_at_the_next_call(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread closes the app when somebody is about to call the loop."""
    former = engine.thread.call

    def late(*args: Any) -> Any:
        monkeypatch.undo()
        engine.close_all()
        return former(*args)

    monkeypatch.setattr(engine.thread, "call", late)


def test_a_showing_may_end_as_it_is_closed(beside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = app()
    widget, engine = demo.widget(), demo.running_engine()
    ends_at_the_next_call(engine, monkeypatch)
    widget.close()
    assert widget.session.closed
    assert display.shown() == []


def test_a_showing_may_end_as_its_state_is_asked_for(
    beside: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = app()
    widget, engine = demo.widget(), demo.running_engine()
    ends_at_the_next_call(engine, monkeypatch)
    assert set(widget.get_state("snapshot")["snapshot"]) == {"content", "buffers"}
    widget.close()


def test_a_client_may_end_as_it_is_closed(beside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    demo = app()
    client, engine = gr.Client(demo), demo.running_engine()
    ends_at_the_next_call(engine, monkeypatch)
    client.close()
    assert engine.has_ended
