"""``test/wire/transcripts``: conversations that the kernel must hold exactly so.

Each scenario runs an app and says, step by step, what the page sends and how many messages the
kernel answers with. See ``test/wire/README.md`` for the files, and for how to write them anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import (
    CHUNK,
    Abandon,
    Binary,
    BlobId,
    Cancel,
    Fetch,
    TaskId,
    UploadId,
    UploadReference,
)

from .conversation import SMALL, Conversation

FOLDER = Path(__file__).parent.parent / "wire" / "transcripts"
RECORD = os.environ.get("IPYBLOCKS_RECORD") == "1"
GateMaker = Callable[[], Any]


class AnyFile(gr.Textbox):
    """Takes and shows any value, as it travels."""

    kind = "textbox"

    def preprocess(self, payload: Any) -> Any:
        return payload

    def postprocess(self, value: Any) -> Any:
        return value

    def check(self, name: str, payload: Any) -> Any:
        return payload


# --- scenarios ----------------------------------------------------------------------------------

Scenario = Callable[[Callable[[gr.Blocks], Conversation], GateMaker], Conversation]
SCENARIOS: dict[str, Scenario] = {}


def scenario(fn: Scenario) -> Scenario:
    SCENARIOS[fn.__name__.replace("_", "-")] = fn
    return fn


@scenario
def click_output(open_: Callable[[gr.Blocks], Conversation], gate: GateMaker) -> Conversation:
    go_on = gate()

    def greet(name: str) -> str:
        go_on.wait()
        return f"Grüße, {name}!"

    with gr.Blocks(title="Greeting") as demo:
        name = gr.Textbox("Ada", label="Name")
        greeting = gr.Textbox(label="Greeting")
        button = gr.Button("Greet", variant="primary")
        button.click(greet, name, greeting, scroll_to_output=True)
    talk = open_(demo)
    talk.hello()
    talk.say(talk.event(button))
    talk.hear(1)  # started
    go_on.open()
    talk.hear(2)  # patch, done
    return talk


@scenario
def edit_and_change(open_: Callable[[gr.Blocks], Conversation], gate: GateMaker) -> Conversation:
    gates = [gate(), gate()]
    texts = []

    def shout(text: str) -> str:
        texts.append(text)
        gates[len(texts) - 1].wait()
        return text.upper()

    with gr.Blocks() as demo:
        text = gr.Textbox()
        loud = gr.Textbox()
        text.change(shout, text, loud, show_progress="hidden")
    talk = open_(demo)
    talk.hello()
    talk.say(talk.set(text, value="a"))
    talk.hear(1)  # started
    # While it runs, two more edits: the last is looked at afterwards, the other never.
    talk.say(talk.set(text, value="ab"))
    talk.hear(0)
    talk.say(talk.set(text, value="abc"))
    talk.hear(0)
    gates[0].open()
    talk.hear(3)  # patch, done, started
    gates[1].open()
    talk.hear(2)  # patch, done
    assert texts == ["a", "abc"]
    return talk


@scenario
def refused_set(open_: Callable[[gr.Blocks], Conversation], gate: GateMaker) -> Conversation:
    with gr.Blocks() as demo:
        code = gr.Textbox("abc", label="Code", max_length=3, interactive=True)
    talk = open_(demo)
    talk.hello()
    talk.say(talk.set(code, value="ab"))
    talk.hear(0)
    talk.say(talk.set(code, value="abcd"))
    talk.hear(2)  # patch with the truth, refused
    return talk


@scenario
def handler_error(open_: Callable[[gr.Blocks], Conversation], gate: GateMaker) -> Conversation:
    go_on = gate()

    def divide() -> float:
        go_on.wait()
        return 1 / 0

    with gr.Blocks() as demo:
        quotient = gr.Textbox("before")
        button = gr.Button("Divide")
        button.click(divide, None, quotient)
    talk = open_(demo)
    talk.hello()
    talk.say(talk.event(button))
    talk.hear(1)  # started
    go_on.open()
    talk.hear(2)  # failed, log
    return talk


@scenario
def error_toast(open_: Callable[[gr.Blocks], Conversation], gate: GateMaker) -> Conversation:
    go_on = gate()

    def book() -> None:
        go_on.wait()
        raise gr.Error("No seat is left.", duration=None, title="Sorry")

    with gr.Blocks() as demo:
        ticket = gr.Textbox()
        button = gr.Button("Book")
        button.click(book, None, ticket)
    talk = open_(demo)
    talk.hello()
    talk.say(talk.event(button))
    talk.hear(1)  # started
    go_on.open()
    talk.hear(2)  # failed, toast
    return talk


@scenario
def two_clicks_once(open_: Callable[[gr.Blocks], Conversation], gate: GateMaker) -> Conversation:
    go_on = gate()
    runs = []

    def count() -> str:
        runs.append(1)
        go_on.wait()
        return str(len(runs))

    with gr.Blocks() as demo:
        number = gr.Textbox()
        button = gr.Button("Count")
        button.click(count, None, number, trigger_mode="once")
    talk = open_(demo)
    talk.hello()
    talk.say(talk.event(button))
    talk.hear(1)  # started
    talk.say(talk.event(button))
    talk.hear(0)  # only acknowledged
    go_on.open()
    talk.hear(2)  # patch, done
    return talk


@scenario
def chain(open_: Callable[[gr.Blocks], Conversation], gate: GateMaker) -> Conversation:
    gates = [gate(), gate(), gate()]

    def step(number: int, value: Any) -> Any:
        gates[number].wait()
        return value

    def fail() -> None:
        step(1, None)
        raise ValueError("the second step")

    with gr.Blocks() as demo:
        first, second, third = gr.Textbox(), gr.Textbox(), gr.Textbox()
        button = gr.Button("Go")
        run = button.click(lambda: step(0, "one"), None, first).success(fail, None, second)
        run.success(lambda: "never", None, third)
        run.then(lambda: step(2, "three"), None, third)
    talk = open_(demo)
    talk.hello()
    talk.say(talk.event(button))
    talk.hear(1)  # started 1
    gates[0].open()
    talk.hear(3)  # patch, done 1, started 2
    gates[1].open()
    talk.hear(3)  # failed 2, started 3, log
    gates[2].open()
    talk.hear(2)  # patch, done 3
    return talk


@scenario
def queued_and_cancelled(
    open_: Callable[[gr.Blocks], Conversation], gate: GateMaker
) -> Conversation:
    go_on = gate()

    def work() -> str:
        go_on.wait()
        return "worked"

    with gr.Blocks() as demo:
        result = gr.Textbox()
        button = gr.Button("Work")
        button.click(work, None, result, trigger_mode="multiple")
    talk = open_(demo)
    talk.hello()
    talk.say(talk.event(button))
    talk.hear(1)  # started 1
    talk.say(talk.event(button))
    talk.hear(1)  # queued 2, first of one
    talk.say(talk.event(button))
    talk.hear(2)  # queued 2, first of two; queued 3, second of two
    talk.say(Cancel(seq=0, task=TaskId(2)))
    talk.hear(2)  # failed 2; queued 3, first of one
    talk.say(Cancel(seq=0, task=TaskId(3)))
    talk.hear(1)  # failed 3
    go_on.open()
    talk.hear(2)  # patch, done 1
    return talk


@scenario
def resync_after_a_gap(open_: Callable[[gr.Blocks], Conversation], gate: GateMaker) -> Conversation:
    gates = [gate(), gate()]
    runs = []

    def count() -> str:
        runs.append(1)
        gates[len(runs) - 1].wait()
        return str(len(runs))

    with gr.Blocks() as demo:
        number = gr.Textbox("0")
        button = gr.Button("Count")
        button.click(count, None, number)
    talk = open_(demo)
    talk.hello()
    talk.say(talk.event(button))
    talk.hear(1)  # started 1
    gates[0].open()
    talk.hear(2, lost=True)  # patch, done 1
    seen = talk._seen
    talk.say(talk.event(button))
    talk.hear(1)  # started 2, with a number that shows the gap: the page cannot use it
    talk._seen = seen
    talk._tasks = {1}
    talk.hello(talk.epoch)
    gates[1].open()
    talk.hear(2)  # patch, done 2
    return talk


@scenario
def streaming(open_: Callable[[gr.Blocks], Conversation], gate: GateMaker) -> Conversation:
    gates = [gate() for _ in range(3)]
    start = "Es war einmal. " * 20

    def tell() -> Any:
        story, data = start, [{"role": "user", "text": "?"}]
        yield story, data
        for i, more in enumerate(["Ein Käfer 🐞 ", "ging."]):
            gates[i].wait()
            story += more
            data = [*data, {"role": "bot", "text": more}]
            yield story, data
        gates[2].wait()
        yield "The end.", data[:1]  # another text, and a list that has shrunk

    with gr.Blocks() as demo:
        story, data = gr.Textbox(), gr.JSON()
        button = gr.Button("Tell")
        button.click(tell, None, [story, data])
    talk = open_(demo)
    talk.hello()
    talk.say(talk.event(button))
    talk.hear(2)  # started, patch with whole values
    gates[0].open()
    talk.hear(1)  # patch with what was added
    gates[1].open()
    talk.hear(1)  # patch with what was added
    gates[2].open()
    talk.hear(2)  # patch with a new text and two deletions, done
    return talk


@scenario
def progress_and_log(open_: Callable[[gr.Blocks], Conversation], gate: GateMaker) -> Conversation:
    # One thing is said between two of them: what is said in quick succession is told together, or
    # is not.
    gates = [gate() for _ in range(6)]

    def work(progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008 - Gradio's form
        progress(0.25, "Reading")
        gates[0].wait()
        print("half way\n", end="")
        gates[1].wait()
        with progress.tqdm(None, "Files", total=2, unit="files") as files:
            gates[2].wait()
            files.update()
            gates[3].wait()
            progress.fake(0.9, "Guessing", 60)
            gates[4].wait()
        progress(None)
        gates[5].wait()
        return "done"

    with gr.Blocks() as demo:
        result = gr.Textbox()
        button = gr.Button("Work")
        button.click(work, None, result)
    talk = open_(demo)
    talk.hello()
    talk.say(talk.event(button))
    talk.hear(2)  # started, progress
    gates[0].open()
    talk.hear(1)  # log
    gates[1].open()
    talk.hear(1)  # progress of the loop: none of two
    gates[2].open()
    talk.hear(1)  # one of two
    gates[3].open()
    talk.hear(1)  # progress with an estimate
    gates[4].open()
    talk.hear(1)  # no progress
    gates[5].open()
    talk.hear(2)  # patch, done
    return talk


@scenario
def upload_that_a_click_waits_for(
    open_: Callable[[gr.Blocks], Conversation], gate: GateMaker
) -> Conversation:
    go_on = gate()

    def measure(file: Binary) -> str:
        go_on.wait()
        return f"{file.size} bytes"

    with gr.Blocks() as demo:
        file = AnyFile(interactive=True)
        told = gr.Textbox()
        button = gr.Button("Measure")
        button.click(measure, file, told)
    talk = open_(demo)
    data = b"a" * SMALL + b"b" * SMALL + b"cde"
    talk.hello()
    talk.say(talk.upload(file, len(data)))
    talk.hear(0)
    talk.say(talk.event(button))
    talk.hear(1)  # queued
    talk.say(talk.piece(data, 0))
    talk.hear(1)  # received: going
    talk.say(talk.piece(data, SMALL))
    talk.hear(1)
    talk.say(talk.piece(data, 2 * SMALL))
    talk.hear(1)  # received: whole
    talk.say(talk.set(file, value=UploadReference(upload=UploadId(1))))
    talk.hear(1)  # started
    go_on.open()
    talk.hear(2)  # patch, done
    return talk


@scenario
def upload_taken_back(open_: Callable[[gr.Blocks], Conversation], gate: GateMaker) -> Conversation:
    with gr.Blocks() as demo:
        file = AnyFile("before", interactive=True)
        told = gr.Textbox()
        button = gr.Button("Look")
        button.click(lambda _: "looked", file, told)
    talk = open_(demo)
    data = b"a" * SMALL + b"b"
    talk.hello()
    talk.say(talk.upload(file, len(data)))
    talk.hear(0)
    talk.say(talk.piece(data, 0))
    talk.hear(1)  # received: going
    talk.say(talk.event(button))
    talk.hear(1)  # queued
    talk.say(Abandon(seq=0, upload=UploadId(1)))
    talk.hear(1)  # failed: cancelled
    return talk


@scenario
def large_value_in_pieces(
    open_: Callable[[gr.Blocks], Conversation], gate: GateMaker
) -> Conversation:
    go_on = gate()
    data = b"".join(bytes([byte]) * CHUNK for byte in b"abcde") + b"end"
    value = Binary(data=data, mime_type="image/bmp", name="a.bmp")

    def make() -> Binary:
        go_on.wait()
        return value

    with gr.Blocks() as demo:
        file = AnyFile()
        button = gr.Button("Make")
        button.click(make, None, file)
    talk = open_(demo)
    talk.hello()
    talk.say(talk.event(button))
    talk.hear(1)  # started
    go_on.open()
    talk.hear(2)  # patch with a reference, done
    blob = BlobId(1)
    offset, size = 0, SMALL
    while offset < len(data):
        talk.say(Fetch(seq=0, blob=blob, offset=offset, count=2, size=size))
        talk.hear(2)
        offset, size = offset + 2 * size, min(2 * size, CHUNK)
    return talk


# --- tests --------------------------------------------------------------------------------------


def to_text(lines: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_kernel_says_what_it_always_said(name: str, gate: GateMaker) -> None:
    opened: list[Conversation] = []

    def open_(demo: gr.Blocks) -> Conversation:
        opened.append(Conversation(demo))
        return opened[-1]

    try:
        lines = SCENARIOS[name](open_, gate).end()
    finally:
        for conversation in opened:
            conversation.engine.close_all()
    path = FOLDER / f"{name}.jsonl"
    if RECORD:
        path.write_text(to_text(lines), encoding="ascii")
    expected = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    for number, (said, wanted) in enumerate(zip(lines, expected, strict=False), 1):
        assert said == wanted, f"{path.name}, line {number}"
    assert len(lines) == len(expected)
    assert lines[-1]["state"]["tasks"] == 0


def test_every_transcript_has_its_scenario() -> None:
    assert {path.stem for path in FOLDER.glob("*.jsonl")} == set(SCENARIOS)
