"""Files that pages send: pieces, order, loss, damage, limits; and runs that wait for them."""

from __future__ import annotations

import os
import tempfile
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

import ipyblocks as gr
from ipyblocks import codec
from ipyblocks.protocol import (
    CHUNK,
    PROTOCOL,
    Abandon,
    Binary,
    Failed,
    Hello,
    NodeId,
    PageId,
    Piece,
    Queued,
    Received,
    Refused,
    Set,
    ToKernelFrame,
    Upload,
    UploadId,
    UploadReference,
)
from ipyblocks.runtime import bulk, uploads
from ipyblocks.runtime.uploads import IDLE_LIMIT, MAX_OPEN, MOST_DAMAGED, Uploads, safe_name

ONE = UploadId(1)


class AnyFile(gr.Textbox):
    """Takes any value, such as a file; functions get its bytes and where they lie."""

    kind = "textbox"

    def check(self, name: str, payload: Any) -> Any:
        return payload


class Picky(AnyFile):
    """Looks at what it is sent, when the test lets it."""

    look: Callable[[Path], None] = staticmethod(lambda _: None)

    def check_upload(self, file: Path) -> None:
        self.look(file)


@pytest.fixture
def filing(show: Any) -> Any:
    """A component that takes files, shown; at most 10 bytes each."""
    with gr.Blocks() as demo:
        box = AnyFile(label="File", interactive=True)
    shown = show(demo, max_file_size=10)
    shown.box = box
    return shown


def begin(size: int, upload: int = 1, node: int = 1, name: str = "a.txt") -> Upload:
    return Upload(
        seq=0,
        upload=UploadId(upload),
        node=NodeId(node),
        name=name,
        mime_type="text/plain",
        size=size,
    )


def piece(data: bytes, offset: int = 0, upload: int = 1, crc: int | None = None) -> Piece:
    return Piece(
        seq=0,
        upload=UploadId(upload),
        offset=offset,
        crc=zlib.crc32(data) if crc is None else crc,
        chunk=Binary(data=data, mime_type=""),
    )


def answers(shown: Any) -> list[tuple[str, int]]:
    shown.page.idle()
    return [(m.state, m.received) for m in shown.messages(Received)]


def use(shown: Any, box: Any, upload: int = 1) -> None:
    shown.set(box, UploadReference(upload=UploadId(upload)))
    shown.page.idle()


def folders() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob("ipyblocks-*"))


def files() -> list[Path]:
    return [Path(root, f) for each in folders() for root, _, fs in os.walk(each) for f in fs]


# --- pieces ---------------------------------------------------------------------------------------


def test_pieces_become_a_file_that_a_value_refers_to(filing: Any) -> None:
    filing.page.send(begin(5), piece(b"abc"), piece(b"de", 3))
    assert answers(filing) == [("going", 3), ("whole", 5)]
    use(filing, filing.box)
    assert filing.refused == 0
    value = filing.value(filing.box)
    assert (value.data, value.mime_type, value.name) == (b"abcde", "text/plain", "a.txt")
    (folder,) = folders()
    assert (folder.stat().st_mode & 0o777) == 0o700
    filing.page.close()
    assert folders() == []


def test_an_empty_file_is_one_empty_piece(filing: Any) -> None:
    filing.page.send(begin(0), piece(b""))
    assert answers(filing) == [("whole", 0)]
    use(filing, filing.box)
    assert filing.value(filing.box).data == b""


def test_what_comes_twice_is_not_counted_twice(filing: Any) -> None:
    filing.page.send(begin(6), piece(b"abc"), piece(b"abc"), piece(b"def", 3), piece(b"def", 3))
    assert answers(filing) == [("going", 3), ("going", 3), ("whole", 6), ("whole", 6)]
    use(filing, filing.box)
    assert filing.value(filing.box).data == b"abcdef"


def test_a_gap_is_asked_for_once_and_filled(filing: Any) -> None:
    filing.page.send(begin(6), piece(b"ab"), piece(b"ef", 4), piece(b"ef", 4))
    assert answers(filing) == [("going", 2), ("again", 2), ("going", 2)]
    filing.page.send(piece(b"cd", 2), piece(b"ef", 4))
    assert answers(filing)[3:] == [("going", 4), ("whole", 6)]
    use(filing, filing.box)
    assert filing.value(filing.box).data == b"abcdef"


def test_after_a_lost_connection_the_page_goes_on_where_the_kernel_is(filing: Any) -> None:
    filing.page.send(begin(6), piece(b"abc"))
    filing.page.send(
        Hello(seq=0, protocol=PROTOCOL, epoch=filing.session.epoch, seen=0), piece(b"")
    )
    # the question finds out; nothing is sent again
    assert answers(filing) == [("going", 3), ("going", 3)]
    filing.page.send(piece(b"def", 3))
    assert answers(filing)[-1] == ("whole", 6)


def test_a_damaged_piece_is_asked_for_again(filing: Any) -> None:
    filing.page.send(begin(3), piece(b"abd", crc=zlib.crc32(b"abc")))
    assert answers(filing) == [("again", 0)]
    filing.page.send(piece(b"abc"))
    assert answers(filing)[-1] == ("whole", 3)


def test_one_that_is_damaged_again_and_again_is_given_up(filing: Any) -> None:
    bad = piece(b"abd", crc=1)
    filing.page.send(begin(3), *[bad] * (MOST_DAMAGED + 1))
    assert answers(filing) == [*[("again", 0)] * MOST_DAMAGED, ("refused", 0)]
    assert "damaged again and again" in filing.messages(Received)[-1].message
    assert files() == []


def test_a_piece_before_its_announcement_is_not_answered(filing: Any) -> None:
    filing.page.send(piece(b"abc"))
    assert answers(filing) == []
    assert filing.refused == 1
    filing.page.send(begin(3), piece(b"abc"))
    assert answers(filing) == [("whole", 3)]
    assert filing.refused == 1


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([begin(3), begin(3)], "under a number that is in use"),
        ([begin(-1)], "under a number that is in use"),
        ([begin(11)], "'a.txt' has 11 bytes; at most 10 are allowed"),
        ([begin(10**30)], "bytes; at most 10 are allowed"),
        ([begin(3, node=99)], "This app has no component 99."),
        ([begin(3), piece(b"abcd")], "'a.txt' is larger than its page said"),
        ([begin(3), piece(b"x" * (CHUNK + 1))], "a buffer of at most 262,144 bytes"),
        ([begin(3), msgspec.structs.replace(piece(b""), chunk="text")], "a buffer of at most"),
        ([begin(2, upload=i) for i in range(1, MAX_OPEN + 2)], "More than 100 uploads at once"),
    ],
    ids=["twice", "negative", "too big", "huge", "no such node", "lies about its size",
         "chunk too big", "no buffer", "too many"],
)  # fmt: skip
def test_what_may_not_be_is_refused_in_words(messages: list[Any], words: str, filing: Any) -> None:
    filing.page.send(*messages)
    filing.page.idle()
    told = filing.messages(Received)[-1]
    assert told.state == "refused"
    assert words in told.message
    assert filing.refused == 1
    filing.page.send(piece(b"", upload=told.upload))
    assert answers(filing)[-1] == ("refused", 0)
    assert filing.refused == 2
    assert words in filing.messages(Received)[-1].message


def test_a_full_disk_is_said(filing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    filing.page.send(begin(3))
    filing.page.idle()

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    filing.page.send(piece(b"abc"))
    assert answers(filing) == [("refused", 0)]
    assert "could not be stored: No space left" in filing.messages(Received)[-1].message


# --- the end of an upload -------------------------------------------------------------------------


def test_a_file_that_is_not_whole_cannot_be_used(filing: Any) -> None:
    filing.page.send(begin(5), piece(b"abc"))
    use(filing, filing.box)
    assert "Upload 1 is not complete" in filing.messages(Refused)[-1].message


def test_another_page_cannot_use_the_file(filing: Any) -> None:
    filing.page.send(begin(3), piece(b"abc"))
    edit = Set(seq=1, node=NodeId(1), props={"value": UploadReference(upload=ONE)})
    frame = ToKernelFrame(page=PageId("other"), ack=0, last=1, messages=[edit])
    filing.raw(codec.encode(frame).content)
    assert "Upload 1 is not complete or not known" in filing.messages(Refused)[-1].message


def test_another_component_cannot_use_the_file(show: Any) -> None:
    with gr.Blocks() as demo:
        AnyFile(interactive=True)
        other = AnyFile(interactive=True)
    shown = show(demo)
    shown.page.send(begin(3), piece(b"abc"))
    use(shown, other)
    assert "Upload 1 is not complete or not known" in shown.messages(Refused)[-1].message


def test_one_that_is_taken_back_leaves_nothing(filing: Any) -> None:
    filing.page.send(begin(6), piece(b"abc"), Abandon(seq=0, upload=ONE), piece(b"def", 3))
    assert answers(filing) == [("going", 3), ("refused", 0)]
    assert files() == []
    assert filing.session.bulk.uploads.open == 0


def test_one_that_is_part_of_a_value_is_not_taken_back(filing: Any) -> None:
    filing.page.send(begin(3), piece(b"abc"))
    use(filing, filing.box)
    filing.page.send(Abandon(seq=0, upload=ONE))
    filing.page.idle()
    assert len(files()) == 1


def test_files_whose_page_is_gone_are_given_up() -> None:
    now, ended = [0.0], []
    kept = Uploads(None, lambda: now[0], lambda node, why: ended.append((node, why)))
    page = PageId("p")
    for number in (1, 2, 3):
        kept.begin(page, begin(4, upload=number, node=number))
        kept.receive(page, piece(b"ab", upload=number))
    kept.receive(page, piece(b"cd", 2, upload=3))
    kept.accept((page, UploadId(3)))
    kept.use(page, UploadId(3), NodeId(3))
    now[0] = IDLE_LIMIT - 1
    kept.receive(page, piece(b"", 2, upload=2))
    now[0] = IDLE_LIMIT + 1
    kept.drop_idle()
    assert (kept.open, [node for node, _ in ended]) == (1, [1])
    state, _, why = kept.receive(page, piece(b"cd", 2)) or ("", 0, "")
    assert state == "refused"
    assert "away for too long" in str(why)
    kept.close()


def test_files_of_a_page_that_was_loaded_anew_are_given_up_soon(
    show: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "AWAY_LIMIT", 0.05)
    with gr.Blocks() as demo:
        box, out = AnyFile(interactive=True), gr.Textbox()
        button = gr.Button()
        button.click(repr, box, out)
    shown = show(demo)
    shown.page.send(begin(6), piece(b"abc"))
    shown.fire(button)
    shown.until(Queued)
    hello = Hello(seq=1, protocol=PROTOCOL, epoch=None, seen=0)
    frame = ToKernelFrame(page=PageId("anew"), ack=0, last=1, messages=[hello])
    shown.session.receive(*codec.encode(frame))
    (failed,) = shown.until(Failed)
    assert "its page had been away for too long" in failed.message
    assert shown.session.bulk.uploads.open == 0
    assert files() == []
    shown.run(button)
    assert shown.value(out) == "None"


def test_a_question_behind_lost_pieces_is_answered_each_time(filing: Any) -> None:
    filing.page.send(begin(9), piece(b"abc"), piece(b"", 6), piece(b"", 6), piece(b"", 3))
    assert answers(filing) == [("going", 3), ("again", 3), ("again", 3), ("going", 3)]
    filing.page.send(piece(b"def", 3), piece(b"ghi", 6), piece(b"", 9))
    assert answers(filing)[4:] == [("going", 6), ("whole", 9), ("whole", 9)]


def test_files_of_a_page_that_was_left_are_taken_back_by_the_next(show: Any) -> None:
    with gr.Blocks() as demo:
        box, out = AnyFile(interactive=True), gr.Textbox()
        button = gr.Button()
        button.click(repr, box, out)
    shown = show(demo)
    shown.page.send(begin(6), piece(b"abc"))
    shown.fire(button)
    shown.until(Queued)
    hello = Hello(seq=1, protocol=PROTOCOL, epoch=None, seen=0)
    abandon = Abandon(seq=2, upload=ONE, page=PageId("page"))
    frame = ToKernelFrame(page=PageId("anew"), ack=0, last=2, messages=[hello, abandon])
    shown.session.receive(*codec.encode(frame))
    (failed,) = shown.until(Failed)
    assert failed.code == "cancelled"
    assert shown.session.bulk.uploads.open == 0
    assert files() == []
    shown.run(button)
    assert shown.value(out) == "None"


def test_a_page_takes_back_no_more_than_it_says(filing: Any) -> None:
    filing.page.send(begin(3), piece(b"abc"))
    for page, upload in (("nobody", 1), ("page", 2)):
        filing.page.send(Abandon(seq=0, upload=UploadId(upload), page=PageId(page)))
    filing.page.idle()
    assert filing.session.bulk.uploads.open == 1
    use(filing, filing.box)
    filing.page.send(Abandon(seq=0, upload=ONE, page=PageId("page")))
    filing.page.idle()
    assert len(files()) == 1


def test_a_second_page_leaves_files_alone_that_are_coming() -> None:
    now = [0.0]
    kept = Uploads(None, lambda: now[0])
    kept.begin(PageId("p"), begin(4))
    now[0] = uploads.AWAY_LIMIT - 1
    kept.receive(PageId("p"), piece(b"ab"))
    now[0] = 1.5 * uploads.AWAY_LIMIT
    kept.drop_idle(uploads.AWAY_LIMIT)
    assert kept.open == 1
    kept.close()


def test_a_component_looks_at_a_file_while_the_app_goes_on(show: Any, gate: Any) -> None:
    may_look = gate()

    def look(file: Path) -> None:
        assert file.read_bytes() == b"abc"
        may_look.wait()
        raise ValueError("Not such a file.")

    with gr.Blocks() as demo:
        box = Picky(interactive=True)
        box.look = look
        button, out = gr.Button(), gr.Textbox()
        button.click(lambda: "quick", None, out)
    shown = show(demo)
    shown.page.send(begin(3), piece(b"abc"))
    may_look.reached()
    shown.run(button)
    assert shown.value(out) == "quick"
    may_look.open()
    shown.until(Received, 2)
    assert [m.state for m in shown.messages(Received)] == ["going", "refused"]
    assert shown.messages(Received)[-1].message == "Not such a file."


def test_the_session_may_end_meanwhile(show: Any, gate: Any) -> None:
    may_look = gate()
    with gr.Blocks() as demo:
        box = Picky(interactive=True)
        box.look = lambda _: may_look.wait()
    shown = show(demo)
    shown.page.send(begin(3), piece(b"abc"))
    may_look.reached()
    shown.page.close()
    may_look.open()
    assert folders() == []


def test_large_files_stay_on_disk(show: Any) -> None:
    size, seen = 20 * CHUNK, []

    class Paths(AnyFile):
        def preprocess(self, payload: Any) -> str:
            path: Path = gr.files.current().keep_file(payload)
            return str(path)

    def look(path: str) -> None:
        seen.append((path, os.path.getsize(path)))

    with gr.Blocks() as demo:
        box, button = Paths(interactive=True), gr.Button()
        button.click(look, box)
    shown = show(demo)
    chunk = os.urandom(CHUNK)
    shown.page.send(begin(size))
    shown.page.idle()
    tracemalloc.start()
    for offset in range(0, size, CHUNK):
        shown.page.send(piece(chunk, offset))
        shown.page.idle()
    use(shown, box)
    shown.run(button)
    shown.run(button)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8 * CHUNK
    (first, bytes_seen), (second, _) = seen
    assert (bytes_seen, first) == (size, second)
    value = shown.value(box)
    assert (value.size, value.piece(size - 2, 9)) == (size, chunk[-2:])
    # what a handler does to its file does not change the value
    Path(first).write_bytes(b"changed")
    shown.run(button)
    assert seen[2][0] != first
    assert seen[2][1] == size


def test_old_files_go_but_not_those_that_values_lie_in(
    show: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LARGE", 2)
    with gr.Blocks() as demo:
        box = AnyFile(interactive=True)
    shown = show(demo)
    for number in (1, 2):
        shown.page.send(begin(3, upload=number), piece(b"abc", upload=number))
        use(shown, box, number)
    shown.on_loop(lambda: shown.session.bulk.uploads.remove_older(-10))
    assert len(files()) == 1
    assert shown.value(box).data == b"abc"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/abs/olute", "olute"),
        ("..", "file"),
        ("", "file"),
        (" .hidden. ", "hidden"),
        ("a\x00b\n.txt", "ab.txt"),
        ('a<b>:"|?*.txt', "ab.txt"),
        ("grüße 日本.txt", "grüße 日本.txt"),
        ("ü" * 300, "ü" * 100),
    ],
)
def test_names_of_files_stay_in_their_folder(name: str, safe: str, filing: Any) -> None:
    assert safe_name(name) == safe
    filing.page.send(begin(1, name=name), piece(b"x"))
    filing.page.idle()
    assert filing.refused == 0
    (folder,) = folders()
    (path,) = files()
    assert path.name == safe
    assert path.resolve().is_relative_to(folder.resolve())
