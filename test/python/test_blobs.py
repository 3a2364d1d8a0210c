"""Large values: references on the wire, pieces on request, gone when nobody has them."""

from __future__ import annotations

import os
import tempfile
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET

import ipyblocks as gr
from ipyblocks import codec, files
from ipyblocks.files import LARGE
from ipyblocks.protocol import (
    CHUNK,
    MOST_PIECES,
    Binary,
    BlobId,
    BlobReference,
    Fetch,
    JsResult,
    NodeId,
    PageId,
    Part,
    Patch,
    RunJs,
    ToKernelFrame,
)
from ipyblocks.runtime.blobs import Blobs
from ipyblocks.runtime.engine import Engine
from ipyblocks.transport.loopback import LoopbackPage

SIZE = 5 * LARGE // 2


class AnyBytes(gr.Textbox):
    """Shows any value."""

    kind = "textbox"

    def postprocess(self, value: Any) -> Any:
        return value

    def preprocess(self, payload: Any) -> Any:
        return payload

    def check(self, name: str, payload: Any) -> Any:
        return payload


def binary(seed: int = 0, size: int = SIZE) -> Binary:
    return Binary(data=bytes([seed]) * size, mime_type="image/bmp", name="a.bmp")


@pytest.fixture
def referring(no_leftovers: None) -> Any:
    """Shows apps to pages that ask for large values."""
    engines: list[Engine] = []

    def make(demo: gr.Blocks) -> LoopbackPage:
        engines.append(Engine(demo))
        page = LoopbackPage(engines[-1], refers=True)
        page.hello()
        return page

    yield make
    for engine in engines:
        engine.close_all()


def demo_with(fn: Callable[[], Any]) -> gr.Blocks:
    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(fn, None, AnyBytes())
    return demo


def click(page: LoopbackPage) -> None:
    page.fire(1, "click")
    page.idle()


def references(page: LoopbackPage) -> list[BlobReference]:
    return [
        value
        for message in page.messages
        if isinstance(message, Patch)
        for update in message.updates
        for value in update.props.values()
        if isinstance(value, BlobReference)
    ]


def ask(
    page: LoopbackPage,
    blob: int,
    offset: int = 0,
    count: Any = UNSET,
    of: str = "",
    size: Any = UNSET,
) -> None:
    """A page asks for pieces; ``of`` names another page of the same session."""
    question = Fetch(seq=0, blob=BlobId(blob), offset=offset, count=count, size=size)
    frame = ToKernelFrame(page=PageId(of or page._page), ack=0, last=0, messages=[question])
    page.session.receive(codec.encode(frame).content, [])


def parts_for(page: LoopbackPage, name: str, count: int) -> list[Part]:
    """What a page has been sent, once that is so much and nothing follows."""

    def found() -> list[Part]:
        return [m for m in page.messages if isinstance(m, Part) and m.page == name]

    page.idle()
    if count > 0:
        page.wait_for(lambda _: len(found()) >= count)
    assert len(found()) == count
    return found()


def refused(page: LoopbackPage) -> int:
    return int(page._engine.thread.call(page.session.statistics).refused)


def fetch(page: LoopbackPage, blob: int, offset: int = 0) -> Any:
    page.send(Fetch(seq=0, blob=BlobId(blob), offset=offset))
    page.idle()
    (*_, part) = [m for m in page.messages if isinstance(m, Part)]
    return part


def test_a_large_value_is_a_reference_that_can_be_asked_for(referring: Any) -> None:
    value = Binary(data=os.urandom(SIZE), mime_type="image/bmp", name="a.bmp")
    page = referring(demo_with(lambda: value))
    click(page)
    (reference,) = references(page)
    assert (reference.size, reference.mime_type, reference.name) == (SIZE, "image/bmp", "a.bmp")
    parts = [fetch(page, reference.blob, offset) for offset in range(0, SIZE, CHUNK)]
    assert b"".join(part.chunk.data for part in parts) == value.data
    assert {(part.seq, part.page) for part in parts} == {(0, "page")}
    assert max(len(b) for p in page.packets for b in p.buffers) == CHUNK


def test_one_question_asks_for_several_pieces_and_ends_with_the_bytes(referring: Any) -> None:
    value = Binary(data=os.urandom(SIZE), mime_type="image/bmp")
    page = referring(demo_with(lambda: value))
    click(page)
    (reference,) = references(page)
    ask(page, reference.blob, CHUNK, 3)
    assert [p.offset for p in parts_for(page, "page", 3)] == [CHUNK, 2 * CHUNK, 3 * CHUNK]
    ask(page, reference.blob, 0, MOST_PIECES)
    got = {part.offset: part.chunk.data for part in parts_for(page, "page", 3 + SIZE // CHUNK)[3:]}
    assert b"".join(got[offset] for offset in sorted(got)) == value.data
    assert refused(page) == 0


@pytest.mark.parametrize("kept", ["memory", "file"])
def test_pieces_are_as_small_as_the_page_wants_them(kept: str, referring: Any) -> None:
    data = os.urandom(SIZE)
    path = Path(tempfile.gettempdir()) / "big.bmp"
    path.write_bytes(data)
    value = Binary(data=data, mime_type="image/bmp", name="a.bmp")
    page = referring(demo_with(lambda: files.read(path) if kept == "file" else value))
    click(page)
    path.unlink()
    (reference,) = references(page)
    ask(page, reference.blob, 16384, 3, size=16384)
    parts = parts_for(page, "page", 3)
    assert [(part.offset, len(part.chunk.data)) for part in parts] == [
        (16384, 16384),
        (32768, 16384),
        (49152, 16384),
    ]
    assert b"".join(part.chunk.data for part in parts) == data[16384:65536]
    ask(page, reference.blob, SIZE - 5, 2, size=4)
    assert [part.chunk.data for part in parts_for(page, "page", 5)[3:]] == [data[-5:-1], data[-1:]]
    ask(page, reference.blob, 0, size=CHUNK)
    assert parts_for(page, "page", 6)[5].chunk.data == data[:CHUNK]
    assert refused(page) == 0


def test_between_the_pieces_of_one_question_others_are_heard(referring: Any) -> None:
    value = binary()
    page = referring(demo_with(lambda: value))
    click(page)
    (reference,) = references(page)
    page.messages.clear()
    gate = threading.Event()
    page._engine.thread.post(gate.wait)  # both are there before either is looked at
    ask(page, reference.blob, 0, 10)
    page.say_hello("another epoch")
    gate.set()
    page.idle()
    parts_for(page, "page", 10)
    kinds = [type(message).__name__ for message in page.messages]
    assert kinds.index("Welcome") < kinds.index("Part") + 3
    assert kinds.count("Part") == 10


def test_pieces_of_a_value_that_is_gone_meanwhile_end_with_its_absence(
    referring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = [binary()]
    page = referring(demo_with(values.pop))
    click(page)
    (reference,) = references(page)
    real = Blobs.get
    looked = []

    def get(self: Blobs, number: BlobId) -> Binary | None:
        looked.append(number)
        return real(self, number) if len(looked) <= 3 else None

    monkeypatch.setattr(Blobs, "get", get)
    ask(page, reference.blob, 0, 10)
    assert [part.chunk is None for part in parts_for(page, "page", 3)] == [False, False, True]


@pytest.mark.parametrize("count", [0, -1, MOST_PIECES + 1, 10**9])
def test_too_many_pieces_at_once_are_refused(
    count: int, referring: Any, caplog: pytest.LogCaptureFixture
) -> None:
    page = referring(demo_with(binary))
    click(page)
    (reference,) = references(page)
    ask(page, reference.blob, 0, count)
    assert parts_for(page, "page", 0) == []
    assert refused(page) == 1
    assert f"asked for {count} pieces" in caplog.text


@pytest.mark.parametrize("count", [1, 2, UNSET])
@pytest.mark.parametrize("size", [0, -1, -CHUNK, CHUNK + 1, 2**63, 10**30])
def test_pieces_of_no_size_and_of_too_large_ones_are_refused(
    size: int, count: Any, referring: Any, caplog: pytest.LogCaptureFixture
) -> None:
    page = referring(demo_with(binary))
    click(page)
    (reference,) = references(page)
    ask(page, reference.blob, 0, count, size=size)
    assert parts_for(page, "page", 0) == []
    assert refused(page) == 1
    assert f"of {size} bytes" in caplog.text
    assert len(fetch(page, reference.blob).chunk.data) == CHUNK


@pytest.mark.parametrize("size", [float("nan"), float("inf"), 1.5, "16384", True, None, []])
def test_a_size_that_is_no_number_of_bytes_is_refused(size: Any, referring: Any) -> None:
    page = referring(demo_with(binary))
    click(page)
    (reference,) = references(page)
    question = {"type": "fetch", "seq": 0, "blob": reference.blob, "offset": 0, "size": size}
    frame = {"page": "page", "ack": 0, "last": 0, "messages": [question]}
    page.session.receive(frame, [])
    assert parts_for(page, "page", 0) == []
    assert refused(page) == 1
    assert len(fetch(page, reference.blob).chunk.data) == CHUNK


def test_what_was_never_given_is_refused_and_what_is_gone_is_not(referring: Any) -> None:
    values = [binary(2), binary(1)]
    page = referring(demo_with(values.pop))
    click(page)
    click(page)  # the first value is another by now
    first, second = (each.blob for each in references(page))
    ask(page, first)
    assert (parts_for(page, "page", 1)[-1].chunk, refused(page)) == (None, 0)
    for number, (blob, offset) in enumerate([(99, 0), (0, 0), (second, -1), (second, SIZE)], 1):
        ask(page, blob, offset)
        parts = parts_for(page, "page", 1 + number)
        assert (parts[-1].chunk, refused(page)) == (None, number)


def test_two_pages_that_fetch_the_same_get_each_its_own_pieces(referring: Any) -> None:
    value = Binary(data=os.urandom(SIZE), mime_type="image/bmp")
    page = referring(demo_with(lambda: value))
    click(page)
    (reference,) = references(page)
    gate = threading.Event()
    page._engine.thread.post(gate.wait)
    for offset in range(0, SIZE, 2 * CHUNK):
        ask(page, reference.blob, offset, 2)
        ask(page, reference.blob, offset, 2, of="other")
    gate.set()
    for name in ("page", "other"):
        parts = sorted(parts_for(page, name, SIZE // CHUNK), key=lambda part: part.offset)
        assert b"".join(part.chunk.data for part in parts) == value.data
    assert refused(page) == 0


def test_a_small_one_goes_with_its_message(referring: Any) -> None:
    page = referring(demo_with(lambda: binary(size=LARGE)))
    click(page)
    assert references(page) == []
    assert any(len(b) == LARGE for p in page.packets for b in p.buffers)


def test_those_in_this_process_get_the_bytes(show: Any) -> None:
    demo = demo_with(binary)
    shown = show(demo)
    shown.run(demo.blocks[NodeId(1)])
    assert any(len(b) == SIZE for p in shown.page.packets for b in p.buffers)
    client = gr.Client(demo_with(binary), download_files=False)
    assert client.predict().data == binary().data
    client.close()


def test_a_value_that_was_replaced_is_gone(referring: Any) -> None:
    seeds = iter([1, 2])
    page = referring(demo_with(lambda: binary(next(seeds))))
    click(page)
    first = references(page)[0].blob
    assert fetch(page, first).chunk.data[:1] == b"\1"
    click(page)
    page.messages = [m for m in page.messages if not isinstance(m, Part)]
    second = references(page)[1].blob
    assert first != second
    assert fetch(page, first).chunk is None
    assert fetch(page, second, SIZE - 1).chunk.data == b"\2"
    assert len(page.session.bulk.blobs) == 1


@pytest.mark.parametrize(("blob", "offset"), [(99, 0), (0, 0), (1, SIZE), (1, -1), (1, 10**30)])
def test_what_is_not_there_is_answered(blob: int, offset: int, referring: Any) -> None:
    page = referring(demo_with(binary))
    click(page)
    assert fetch(page, blob, offset).chunk is None


def test_snapshots_and_welcomes_carry_the_same_reference_and_no_bytes(referring: Any) -> None:
    page = referring(demo_with(binary))
    click(page)
    (reference,) = references(page)
    tracemalloc.start()
    snapshot = page._engine.thread.call(page.session.snapshot)
    welcome = page.hello()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < CHUNK
    assert sum(map(len, snapshot.buffers)) == 0
    assert snapshot.content["messages"][0]["nodes"][2]["props"]["value"]["$blob"] == reference.blob
    page.idle()
    (*_, last) = [m for m in page.messages if type(m).__name__ == "Welcome"]
    assert welcome is not None
    assert last.nodes[2].props["value"] == reference


def test_a_large_file_that_a_function_returns_is_read_piece_by_piece(
    referring: Any,
) -> None:
    path = Path(tempfile.gettempdir()) / "big.bmp"
    path.write_bytes(b"BM" + os.urandom(30 * CHUNK))
    want = path.read_bytes()[-CHUNK:]
    page = referring(demo_with(lambda: files.read(path)))
    tracemalloc.start()
    click(page)
    (reference,) = references(page)
    assert (reference.mime_type, reference.name) == ("image/bmp", "big.bmp")
    path.unlink()  # functions do this with what they have shown
    parts = [fetch(page, reference.blob, o) for o in range(0, reference.size, CHUNK)]
    got = parts[-2].chunk.data + parts[-1].chunk.data
    page.messages.clear()
    page.packets.clear()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert got[-CHUNK:] == want
    assert most < 3 * 31 * CHUNK  # what the page of this test keeps, and no copy beside it


def test_the_copy_goes_with_the_value(tmp_path: Path) -> None:
    path = tmp_path / "big.bin"
    path.write_bytes(bytes(CHUNK + 1))
    kept = files.Files()
    held = kept.hold(path)
    assert held.read() == path.read_bytes()
    copy = held.path
    del held
    assert not copy.exists()
    kept.close()


def test_numbers_are_by_identity_and_die_with_the_bytes() -> None:
    blobs = Blobs()
    first, twin = binary(), binary()
    assert first == twin
    one, two = blobs.refer(first), blobs.refer(twin)
    assert one is not None
    assert two is not None
    assert one.blob != two.blob
    assert blobs.refer(first) == one
    assert blobs.get(one.blob) is first
    del first
    assert blobs.get(one.blob) is None
    assert len(blobs) == 1
    with pytest.raises(ValueError, match="not part of the app any more"):
        blobs.resolve(one)
    assert blobs.resolve(two) is twin
    assert blobs.resolve("text") == "text"


def test_a_page_may_give_a_value_back(referring: Any) -> None:
    seen = []
    with gr.Blocks() as demo:
        box, button = AnyBytes(), gr.Button()
        button.click(lambda: binary(7), None, box).then(
            lambda x: seen.append(x.data[:1]), box, js="x => x"
        )
    page = referring(demo)
    page.fire(2, "click")
    asked = page.wait_for(lambda m: isinstance(m, RunJs))
    assert isinstance(asked, RunJs)
    (value,) = asked.args
    assert isinstance(value, BlobReference)
    page.send(JsResult(seq=0, task=asked.task, values=[value], error=None))
    page.idle()
    assert seen == [b"\7"]


def test_a_file_whose_copy_is_lost_is_gone(referring: Any) -> None:
    path = Path(tempfile.gettempdir()) / "big.bin"
    path.write_bytes(bytes(SIZE))
    page = referring(demo_with(lambda: files.read(path)))
    click(page)
    (reference,) = references(page)
    for copy in page.session.files._folder.path().iterdir():
        copy.unlink()
    assert fetch(page, reference.blob).chunk is None


@pytest.mark.parametrize(
    "bad",
    [
        {"$blob": "1", "size": 1},
        {"$blob": 1},
        {"$blob": 1, "size": -1},
        {"$blob": 1, "size": 1, "mimeType": 3},
        {"$blob": 1, "size": 1, "name": 3},
    ],
)
def test_malformed_references_are_refused(bad: Any) -> None:
    with pytest.raises(codec.WireError):
        codec.unpack(bad, [])
