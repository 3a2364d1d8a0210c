"""What a notebook keeps of an app, and how an app ends that was taken out of it."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import ipyblocks as gr
from ipyblocks import codec, display
from ipyblocks.protocol import (
    PROTOCOL,
    Binary,
    Closed,
    End,
    Hello,
    PageId,
    Set,
    StoredBytes,
    ToKernelFrame,
    Welcome,
)
from ipyblocks.runtime import inbox, saved
from ipyblocks.runtime.saved import TD, Saved

from .conftest import LIMIT, until

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def kept(shown: Any) -> Saved:
    result: Saved = shown.on_loop(shown.session.saved)
    return result


def welcome_of(snapshot: dict[str, Any] | None) -> Welcome:
    assert snapshot is not None
    content = json.loads(json.dumps(snapshot["content"], allow_nan=False))
    buffers = [base64.b64decode(each) for each in snapshot["buffers"]]
    (welcome,) = codec.decode_to_page(content, buffers).messages
    assert isinstance(welcome, Welcome)
    return welcome


def props(snapshot: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [node.props for node in welcome_of(snapshot).nodes if node.children is codec.UNSET]


def test_the_snapshot_is_the_app_as_it_is_now(show: Callable[..., Any]) -> None:
    with gr.Blocks() as demo:
        name = gr.Textbox(label="Name")
    shown = show(demo)
    shown.set(name, "Ada")
    shown.page.idle()
    assert props(kept(shown).snapshot) == [{"label": "Name", "value": "Ada"}]


def test_passwords_and_uploads_are_in_neither(show: Callable[..., Any]) -> None:
    with gr.Blocks() as demo:
        secret = gr.Textbox(type="password")
        photo = gr.Image(interactive=True)
    shown = show(demo)
    shown.set(secret, "hunter2")
    shown.set(photo, Binary(data=PNG, mime_type="image/png"))
    shown.page.idle()
    result = kept(shown)
    assert all("value" not in each for each in props(result.snapshot))
    assert result.snapshot is not None
    assert result.snapshot["buffers"] == []
    assert "hunter2" not in str(result)
    assert "<img" not in result.html
    secrets = {n.kind: n.secret for n in welcome_of(result.snapshot).nodes}
    assert secrets["textbox"] is True


def test_tasks_and_logs_are_not_in_it(show: Callable[..., Any], gate: Callable[..., Any]) -> None:
    wait = gate()

    def work() -> None:
        print("a line")
        wait.wait()

    with gr.Blocks() as demo:
        go = gr.Button()
        go.click(work)
    shown = show(demo).fire(go)
    wait.reached()
    welcome = welcome_of(kept(shown).snapshot)
    assert (welcome.tasks, welcome.log) == ([], [])


def test_what_is_too_large_is_a_sentence(
    show: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved, "LIMIT", 3000)
    with gr.Blocks() as demo:
        gr.Textbox("small", label="Small")
        gr.JSON({"a": "x" * 5000}, label="My *data*")
    result = kept(show(demo))
    small, large = welcome_of(result.snapshot).nodes[-2:]
    by_label = {n.props.get("label"): n for n in welcome_of(result.snapshot).nodes}
    assert by_label["Small"].props["value"] == "small"
    assert {small.kind, large.kind} >= {"markdown"}
    text = next(n.props["value"] for n in (small, large) if n.kind == "markdown")
    assert text == r"My \*data\*\: 0\.0 MB\, left out of the saved notebook\."
    assert len(json.dumps(result.snapshot)) < 3000


def test_a_large_file_is_left_out_and_not_read(
    show: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(tempfile.gettempdir()) / "large.bmp"
    path.write_bytes(b"BM" + bytes(3 << 20))
    with gr.Blocks() as demo:
        button, image = gr.Button(), gr.Image(label="Large", interactive=False)
        button.click(lambda: str(path), None, image)
    shown = show(demo).run(button)
    path.unlink()

    def read(_: StoredBytes) -> bytes:
        raise AssertionError("read")

    monkeypatch.setattr(StoredBytes, "read", read)
    result = kept(shown)
    texts = [n.props.get("value") for n in welcome_of(result.snapshot).nodes]
    assert r"Large\: 4\.2 MB\, left out of the saved notebook\." in texts


def test_an_app_without_end_has_no_snapshot(
    show: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved, "LIMIT", 100)
    with gr.Blocks() as demo:
        gr.Textbox("x")
    assert kept(show(demo)).snapshot is None


def test_the_html_is_labels_and_values_and_no_markup_of_theirs(show: Callable[..., Any]) -> None:
    with gr.Blocks(title="<App>") as demo:
        gr.Textbox("<script>\"'", label="<b>L</b>")
        gr.Checkbox(True, label="On")
        gr.CheckboxGroup(["a", "b"], value=["a", "b"], label="Which")
        gr.HTML("<p>a <b>b</b></p><script>c</script>")
        gr.Textbox("unseen", visible=False)
        with gr.Accordion("More"):
            gr.JSON({"a": [1]}, label="Data")
            gr.Label({"cat": 0.9}, label="Guess")
        gr.Image(Binary(data=PNG, mime_type="image/png"), label="Plot", interactive=False)
        gr.Button("Go")
    html = kept(show(demo)).html
    assert "<strong>&lt;App&gt;</strong>" in html
    assert f"<tr><th>&lt;b&gt;L&lt;/b&gt;</th>{TD}&lt;script&gt;&quot;&#x27;</td></tr>" in html
    assert f"<tr><th>On</th>{TD}yes</td></tr>" in html
    assert f"<tr><th>Which</th>{TD}a, b</td></tr>" in html
    assert f"{TD}a b</td>" in html
    assert "unseen" not in html
    assert '<tr><th colspan="2">More</th></tr>' in html
    assert "<pre>{\n &quot;a&quot;: [\n  1\n ]\n}</pre>" in html
    assert "cat: 0.9" in html
    assert f'<img src="data:image/png;base64,{base64.b64encode(PNG).decode()}">' in html
    assert "[Go]" in html


# --- the end -------------------------------------------------------------------------------------


def test_a_session_whose_app_was_taken_out_ends(show: Callable[..., Any]) -> None:
    with gr.Blocks() as demo:
        gr.Textbox()
    shown = show(demo)
    shown.page.send(End(seq=0))
    (closed,) = shown.until(Closed)
    assert closed.reason == "closed"


def from_another(shown: Any, *messages: Any) -> None:
    """Frames of a second page, which hears nothing: its window is closed."""
    numbered = [msgspec.structs.replace(m, seq=i) for i, m in enumerate(messages, 1)]
    frame = ToKernelFrame(page=PageId("other"), ack=0, last=len(numbered), messages=numbered)
    shown.raw(codec.encode(frame).content)


HELLO = Hello(seq=0, protocol=PROTOCOL, epoch=None, seen=0)


def test_one_that_another_page_shows_does_not(show: Callable[..., Any]) -> None:
    with gr.Blocks() as demo:
        text = gr.Textbox()
        text.change(lambda x: x, text, text)
    shown = show(demo)
    box = shown.session._inbox
    from_another(shown, HELLO, End(seq=0))
    # the page that is left was asked, and has answered
    assert shown.on_loop(lambda: (box._left, box._leaving)) == ("other", None)
    shown.set(text, "still here")
    assert shown.value(text) == "still here"
    assert shown.messages(Closed) == []
    # the last one ends it
    shown.page.send(End(seq=0))
    shown.until(Closed)


def test_one_whose_other_pages_do_not_answer_ends(
    show: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "LEAVES_AFTER", 0.05)
    with gr.Blocks() as demo:
        gr.Textbox()
    shown = show(demo)
    from_another(shown, HELLO)
    shown.page.send(End(seq=0))
    shown.until(Closed)


def test_nobody_waits_for_pages_of_a_session_that_has_ended(show: Callable[..., Any]) -> None:
    with gr.Blocks() as demo:
        gr.Textbox()
    shown = show(demo)
    from_another(shown, HELLO)
    shown.page.send(End(seq=0))
    leaving = shown.on_loop(lambda: shown.session._inbox._leaving)
    shown.page.close()
    assert leaving.cancelled()


def test_with_it_go_its_widget_and_its_comm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(display, "SNAPSHOT_TIMEOUT", LIMIT)
    with gr.Blocks() as demo:
        text = gr.Textbox()
    data = demo._repr_mimebundle_()
    (widget,) = display.shown()
    session = widget.session
    own = data[display.APP_MIME]
    assert own["commId"] == widget.model_id
    assert own["epoch"] == session.epoch
    assert (own["version"], own["control"]) == (1, False)
    assert "ipyblocks app" in data["text/html"]
    frame = codec.ToKernelFrame(page="p", ack=0, last=1, messages=[End(seq=1)])
    del text
    session.receive(*codec.encode(frame))
    until(lambda: session.closed)
    assert display.shown() == []


def test_one_that_somebody_holds_stays() -> None:
    with gr.Blocks() as demo:
        text = gr.Textbox()
    widget = demo.widget()
    try:
        value = Set(seq=2, node=demo.id_of(text), props={"value": "there"})
        frame = codec.ToKernelFrame(page="p", ack=0, last=2, messages=[End(seq=1), value])
        widget.session.receive(*codec.encode(frame))
        got = widget._engine.thread.call(lambda: widget.session.payload(text))
        assert got == "there"
        assert display.shown() == [widget]
    finally:
        widget.close()


def test_an_app_that_is_busy_is_shown_without_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    with gr.Blocks() as demo:
        gr.Textbox()
    widget = demo.widget()
    try:

        def busy() -> None:
            raise TimeoutError

        monkeypatch.setattr(widget.session, "saved", busy)
        data = widget._repr_mimebundle_()
        assert data[display.APP_MIME]["snapshot"] is None
        assert "text/html" not in data
    finally:
        widget.close()


def test_the_words_name_an_app_by_its_title() -> None:
    assert display.plain_text("Echo").startswith("Echo: an ipyblocks app. It needs")
    assert display.plain_text(gr.Blocks().title).startswith("An ipyblocks app. It needs")
