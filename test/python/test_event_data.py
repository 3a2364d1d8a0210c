"""What handlers learn of an event by a parameter's annotation."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks import injection
from ipyblocks.component import Component, prop
from ipyblocks.events import Event
from ipyblocks.protocol import (
    Binary,
    NodeId,
    Piece,
    Upload,
    UploadId,
    UploadReference,
)

from .conftest import Shown

Show = Callable[..., Shown]


class Everything(Component):
    """Fires all events that carry something."""

    value: str = prop("Unused.", default="", kw_only=False)

    like = Event("", injection.LikePayload)
    retry = Event("", injection.MessagePayload)
    undo = Event("", injection.MessagePayload)
    edit = Event("", injection.EditPayload)
    copied = Event("", injection.CopyPayload)
    delete = Event("", injection.FilePayload)
    download = Event("", injection.FilePayload)


def listening(event: str, kind: type[gr.EventData]) -> tuple[gr.Blocks, Any, list[Any]]:
    got: list[Any] = []

    def handler(data: Any) -> None:
        got.append(data)

    handler.__annotations__["data"] = kind
    with gr.Blocks() as demo:
        block = Everything()
        getattr(block, event)(handler)
    return demo, block, got


MESSAGE = {"index": 2, "value": "hi"}


@pytest.mark.parametrize(
    ("event", "kind", "sent", "seen"),
    [
        ("like", gr.LikeData, MESSAGE, {**MESSAGE, "liked": True}),
        ("like", gr.LikeData, {**MESSAGE, "liked": False}, {"liked": False}),
        ("like", gr.LikeData, {"index": [1, 0], "value": "a", "liked": "Spam"}, {"liked": "Spam"}),
        ("retry", gr.RetryData, MESSAGE, MESSAGE),
        ("undo", gr.UndoData, {"index": [0, 1], "value": {"a": 1}}, {"index": [0, 1]}),
        (
            "edit",
            gr.EditData,
            {"index": 0, "previousValue": "old", "value": "new"},
            {"index": 0, "previous_value": "old", "value": "new"},
        ),
        ("copied", gr.CopyData, {"value": "text"}, {"value": "text"}),
    ],
)
def test_a_handler_gets_the_payload_by_name(
    event: str, kind: Any, sent: Any, seen: dict[str, Any], show: Show
) -> None:
    demo, block, got = listening(event, kind)
    show(demo).run(block, event, sent)
    (data,) = got
    assert type(data) is kind
    assert data.target is block
    assert {name: getattr(data, name) for name in seen} == seen


@pytest.mark.parametrize(
    ("event", "sent"),
    [
        ("like", {"value": "no index"}),
        ("like", {**MESSAGE, "liked": 3}),
        ("retry", {"index": "first", "value": ""}),
        ("edit", {"index": 0, "value": "no former one"}),
        ("copied", None),
        ("delete", {"file": "/etc/passwd"}),
        ("delete", {"file": {"path": "/etc/passwd"}}),
        ("download", {"file": UploadReference(upload=UploadId(7))}),
    ],
)
def test_another_payload_is_refused(event: str, sent: Any, show: Show) -> None:
    demo, block, got = listening(event, gr.EventData)
    shown = show(demo).run(block, event, sent)
    assert got == []
    assert shown.refused == 1


@pytest.mark.parametrize(
    ("event", "kind"), [("delete", gr.DeletedFileData), ("download", gr.DownloadData)]
)
def test_a_file_comes_as_a_path_of_the_session(event: str, kind: Any, show: Show) -> None:
    demo, block, got = listening(event, kind)
    shown = show(demo)
    file = Binary(data=b"abc", mime_type="text/plain", name="../a.txt")
    shown.run(block, event, {"file": file})
    (data,) = got
    path = Path(data.file.path)
    assert path.name == "a.txt"
    assert path.read_bytes() == b"abc"
    assert (data.file.orig_name, data.file.mime_type, data.file.size) == (
        "../a.txt",
        "text/plain",
        3,
    )
    shown.engine.close_all()
    assert not path.exists()


def test_a_file_that_the_page_has_sent_before_is_named_by_its_upload(show: Show) -> None:
    demo, block, got = listening("delete", gr.DeletedFileData)
    shown = show(demo)
    node = NodeId(shown.id(block))
    number, chunk = UploadId(1), Binary(data=b"abc", mime_type="application/octet-stream")
    begin = Upload(seq=0, upload=number, node=node, name="b.txt", mime_type="text/plain", size=3)
    piece = Piece(seq=0, upload=number, offset=0, crc=zlib.crc32(b"abc"), chunk=chunk)
    shown.page.send(begin, piece)
    shown.page.idle()
    shown.run(block, "delete", {"file": UploadReference(upload=UploadId(1))})
    (data,) = got
    assert Path(data.file.path).read_bytes() == b"abc"
    assert data.file.orig_name == "b.txt"
    # The same number of another page is another file.
    other = show(beside=shown)
    other.page.fire(node, "delete", {"file": UploadReference(upload=UploadId(1))})
    other.page.idle()
    assert len(got) == 1


def test_what_an_event_does_not_carry_is_named() -> None:
    with pytest.raises(AttributeError, match="DownloadData has no 'file'; this event does not"):
        _ = gr.DownloadData(None, None).file
    for kind in (gr.LikeData, gr.RetryData, gr.UndoData, gr.EditData):
        assert kind(None, None).index is None
    assert gr.CopyData(None, None).value is None


@pytest.mark.parametrize("component", [gr.Textbox, gr.Markdown])
def test_a_copy_button_tells_what_it_copied(component: Any, show: Show) -> None:
    got: list[Any] = []

    def copied(data: gr.CopyData) -> None:
        got.append((data.target, data.value))

    with gr.Blocks() as demo:
        text = component("some text", show_copy_button=True)
        text.copy(copied)
    show(demo).run(text, "copy", {"value": "some text"})
    assert got == [(text, "some text")]
