"""Runs that wait for the files of their inputs."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import (
    Abandon,
    Cancel,
    Done,
    Failed,
    Queued,
    Received,
    RunJs,
    Started,
    UploadReference,
    Welcome,
)

from .conftest import LIMIT
from .test_uploads import ONE, AnyFile, begin, piece, use


@pytest.fixture
def waiting(show: Any) -> Any:
    """`use` has the file and a text as inputs, `other` has neither."""
    seen: list[Any] = []

    def look(value: Any, text: str) -> str:
        seen.append((value if value is None else value.data, text))
        return f"{len(seen)}"

    class Bytes(AnyFile):
        def preprocess(self, payload: Any) -> Any:
            return payload

    with gr.Blocks() as demo:
        box, text = Bytes(interactive=True), gr.Textbox("a", interactive=True)
        use, other, out = gr.Button("use"), gr.Button("other"), gr.Textbox()
        use.click(look, [box, text], out)
        other.click(lambda: "other", None, out)
    shown = show(demo)
    shown.box, shown.text, shown.use, shown.other, shown.out = box, text, use, other, out
    shown.seen = seen
    return shown


def test_a_run_gets_the_file_that_was_on_its_way_and_the_rest_as_it_was(waiting: Any) -> None:
    waiting.page.send(begin(6))
    waiting.fire(waiting.use)
    (queued,) = waiting.until(Queued)
    assert (queued.position, queued.size) == (None, None)
    waiting.set(waiting.text, "b")
    waiting.fire(waiting.use)  # once: the first has not run
    waiting.fire(waiting.other)
    waiting.until(Done)
    assert (waiting.seen, waiting.value(waiting.out)) == ([], "other")
    waiting.page.send(piece(b"abc"), piece(b"def", 3))
    waiting.until(Received, 2)
    assert waiting.seen == []
    use(waiting, waiting.box)
    assert waiting.seen == [(b"abcdef", "a")]
    waiting.run(waiting.use)
    assert waiting.seen[1:] == [(b"abcdef", "b")]


def test_one_that_waits_is_in_the_welcome(waiting: Any) -> None:
    waiting.page.send(begin(3))
    waiting.fire(waiting.use)
    waiting.until(Queued)
    (task,) = waiting.page.hello().tasks or waiting.until(Welcome, 2)[-1].tasks
    assert (task.state, task.position, task.size) == ("queued", None, None)
    waiting.page.send(Cancel(seq=0, task=task.id))
    waiting.until(Failed)
    waiting.page.send(piece(b"abc"))
    use(waiting, waiting.box)
    assert waiting.seen == []


@pytest.mark.parametrize(
    ("end", "code", "words"),
    [
        (Abandon(seq=0, upload=ONE), "cancelled", "Cancelled."),
        (piece(b"too much"), "user", "This was not started. 'a.txt' is larger than its page said"),
    ],
)
def test_without_the_file_it_does_not_run(end: Any, code: str, words: str, waiting: Any) -> None:
    waiting.page.send(begin(3))
    waiting.fire(waiting.use)
    waiting.until(Queued)
    waiting.page.send(end)
    (failed,) = waiting.until(Failed)
    assert failed.code == code
    assert failed.message.startswith(words)
    assert waiting.seen == []
    assert len(waiting.session.held) == 0
    waiting.run(waiting.use)
    assert waiting.seen == [(None, "a")]


def test_a_second_file_for_the_same_component_is_waited_for_too(waiting: Any) -> None:
    waiting.page.send(begin(3))
    waiting.fire(waiting.use)
    waiting.until(Queued)
    waiting.page.send(begin(3, upload=2), Abandon(seq=0, upload=ONE))
    waiting.page.send(piece(b"xyz", upload=2))
    use(waiting, waiting.box, 2)
    assert waiting.seen == [(b"xyz", "a")]


def test_a_file_that_the_component_does_not_take_ends_what_waits_for_it(show: Any) -> None:
    class Late(AnyFile):
        """Looks only at the value."""

        def check(self, name: str, payload: Any) -> Any:
            raise self.fail("value", "was not taken: it is a cat.")

    seen: list[Any] = []
    with gr.Blocks() as demo:
        box, button = Late(interactive=True), gr.Button()
        button.click(seen.append, box)
    shown = show(demo)
    shown.page.send(begin(3))
    shown.fire(button)
    shown.until(Queued)
    shown.page.send(piece(b"abc"))
    use(shown, box)
    (failed,) = shown.until(Failed)
    assert "This was not started." in failed.message
    assert "it is a cat" in failed.message
    assert seen == []
    assert len(shown.session.held) == 0


def test_what_one_that_waited_leads_to_may_end_another(show: Any) -> None:
    seen: list[str] = []
    with gr.Blocks() as demo:
        box, button = AnyFile(interactive=True), gr.Button()
        second = gr.Button()
        later = second.click(lambda _: seen.append("second"), box)
        first = button.click(lambda _: seen.append("first"), box)
        first.then(lambda: seen.append("then"), cancels=[later])
    shown = show(demo)
    shown.page.send(begin(3))
    shown.fire(button).fire(second)
    shown.until(Queued, 2)
    shown.page.send(Abandon(seq=0, upload=ONE))
    shown.page.idle()
    assert len(shown.messages(Failed)) == 2
    assert seen == ["then"]
    assert shown.refused == 0


def test_a_component_that_is_built_anew_meanwhile_ends_what_waits_for_it(show: Any) -> None:
    seen: list[Any] = []
    with gr.Blocks() as demo:
        count = gr.Number(1)

        @gr.render(inputs=count)
        def part(n: int) -> None:
            box, button = AnyFile(interactive=True, label=f"box {n}"), gr.Button(f"go {n}")
            button.click(seen.append, box)

    shown = show(demo)
    shown.page.idle()
    nodes = {
        n.props.get("label", n.props.get("value")): n
        for n in shown.on_loop(shown.session.scene.nodes)
    }
    shown.page.send(begin(3, node=nodes["box 1"].id))
    shown.page.fire(nodes["go 1"].id, "click")
    shown.until(Queued)
    shown.set(count, 2)
    (failed,) = shown.until(Failed)
    assert failed.message.startswith("This was not started.")
    assert len(shown.session.held) == 0
    assert shown.on_loop(lambda: shown.session.bulk.uploads.open) == 0
    shown.page.idle()
    assert seen == []


def test_the_step_of_the_page_waits_as_well(show: Any) -> None:
    with gr.Blocks() as demo:
        box, button, out = AnyFile(interactive=True), gr.Button(), gr.Textbox()
        button.click(lambda x: "ran", box, out, js="x => x")
    shown = show(demo)
    shown.page.send(begin(3))
    shown.fire(button)
    shown.until(Queued)
    assert shown.messages(Started) == []
    assert shown.messages(RunJs) == []
    shown.page.send(piece(b"abc"))
    shown.set(box, UploadReference(upload=ONE))
    (asked,) = shown.until(RunJs)
    assert asked.args[0].data == b"abc"


def test_the_end_of_the_session_ends_those_that_wait(waiting: Any) -> None:
    ended = threading.Event()
    waiting.demo.unload(ended.set)
    waiting.page.send(begin(3))
    waiting.fire(waiting.use)
    waiting.until(Queued)
    waiting.page.close()
    assert ended.wait(LIMIT)
    assert waiting.seen == []
