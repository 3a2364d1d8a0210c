"""What the browser of one page is asked to do: the clipboard, downloads, new tabs, messages."""

from __future__ import annotations

import gc
import logging
from pathlib import Path
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.files import LARGE
from ipyblocks.protocol import (
    CHUNK,
    Binary,
    BlobReference,
    CopyText,
    Fetch,
    OpenUrl,
    Part,
    SaveFile,
    Toast,
)
from ipyblocks.runtime import effects
from ipyblocks.runtime.engine import Engine
from ipyblocks.runtime.uploads import IDLE_LIMIT
from ipyblocks.transport.loopback import LoopbackPage


def app() -> gr.Blocks:
    with gr.Blocks() as demo:
        gr.Textbox()
    return demo


def test_text_for_the_clipboard_goes_to_the_page_that_spoke_last(show: Any) -> None:
    shown = show(app())
    other = show(beside=shown)
    effects.copy(shown.session, shown.session.last_page(), "a\nb", "Done.", None)
    (message,) = shown.until(CopyText)
    assert (message.page, message.text) == ("page", "a\nb")
    assert (message.success_message, message.error_message) == ("Done.", None)
    assert other.messages(CopyText) == []


def test_a_page_that_reloads_gets_no_effect_again(show: Any) -> None:
    shown = show(app())
    effects.copy(shown.session, shown.session.last_page(), "once")
    shown.until(CopyText)
    shown.page.hello()  # knows nothing, and so gets the whole session
    shown.page.idle()
    assert len(shown.messages(CopyText)) == 1


def test_without_a_page_there_is_nothing_to_do(
    show: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    shown = show(app())
    with caplog.at_level(logging.WARNING, "ipyblocks"):
        effects.copy(shown.session, None, "text")
        effects.open_url(shown.session, None, "https://example.org")
        effects.download(shown.session, None, "a.txt", "", tmp_path / "is not even read")
    shown.page.idle()
    assert len(caplog.records) == 3
    assert shown.messages((CopyText, OpenUrl, SaveFile)) == []


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a?b=1#c",
        "HTTP://example.org",
        "mailto:someone@example.org",
        "files/report.html",
        "/lab/tree/a:b",
        "?at=10:30",
        "#here",
        "//example.org/x",
    ],
)
def test_addresses_of_the_web_are_opened(show: Any, url: str) -> None:
    shown = show(app())
    effects.open_url(shown.session, shown.session.last_page(), url)
    assert [each.url for each in shown.until(OpenUrl)] == [url]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("javascript:alert(1)", "nothing of 'javascript'"),
        ("JavaScript:alert(1)", "nothing of 'JavaScript'"),
        ("java\nscript:alert(1)", "percent-encoded"),
        ("\x01javascript:alert(1)", "percent-encoded"),
        (" https://example.org", "percent-encoded"),
        ("https:\\\\example.org", "percent-encoded"),
        ("data:text/html,x", "nothing of 'data'"),
        ("file:///etc/passwd", "nothing of 'file'"),
        ("", "must be a text"),
        (None, "must be a text"),
    ],
)
def test_other_addresses_are_refused(url: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        effects.checked_url(url)


def test_a_small_file_comes_along(show: Any) -> None:
    shown = show(app())
    effects.download(shown.session, shown.session.last_page(), "größe.csv", "", b"a,b")
    (message,) = shown.until(SaveFile)
    assert (message.name, message.mime_type) == ("größe.csv", "text/csv")
    assert message.content == Binary(data=b"a,b", mime_type="text/csv", name="größe.csv")


def test_a_type_that_nobody_knows_is_bytes(show: Any) -> None:
    shown = show(app())
    effects.download(shown.session, shown.session.last_page(), "notes", "", b"")
    assert shown.until(SaveFile)[0].mime_type == "application/octet-stream"
    with pytest.raises(ValueError, match="needs a name"):
        effects.download(shown.session, shown.session.last_page(), "", "", b"")


@pytest.fixture
def page(no_leftovers: None) -> Any:
    """A page that asks for large values piece by piece."""
    engine = Engine(app())
    page = LoopbackPage(engine, refers=True)
    page.hello()
    yield page
    engine.close_all()


def saved(page: LoopbackPage) -> BlobReference:
    message = page.wait_for(lambda m: isinstance(m, SaveFile))
    assert isinstance(message, SaveFile)
    assert isinstance(message.content, BlobReference)
    return message.content


def piece(page: LoopbackPage, reference: BlobReference, offset: int) -> Any:
    """The chunk at an offset, after the kernel has answered."""
    before = len(page.messages)
    page.send(Fetch(seq=0, blob=reference.blob, offset=offset))
    found = page.wait_for(
        lambda m: isinstance(m, Part) and m.offset == offset and m in page.messages[before:]
    )
    assert isinstance(found, Part)
    return found.chunk


@pytest.mark.parametrize("source", ["bytes", "file"])
def test_a_large_file_is_lent_until_nobody_has_asked_for_long(
    page: LoopbackPage, tmp_path: Path, source: str
) -> None:
    data = bytes(range(256)) * (LARGE // 128)
    path = tmp_path / "large.bin"
    path.write_bytes(data)
    session = page.session
    effects.download(
        session, session.last_page(), "large.bin", "", data if source == "bytes" else path
    )
    reference = saved(page)
    path.unlink()  # what is saved is what it was
    gc.collect()
    assert reference.size == len(data)
    assert piece(page, reference, CHUNK).data == data[CHUNK : 2 * CHUNK]

    def age(seconds: float) -> None:
        bulk = session.bulk
        bulk._lent = {key: (each, at - seconds) for key, (each, at) in bulk._lent.items()}
        assert bulk._sweep is not None
        bulk._sweep.cancel()
        bulk._drop_idle()

    page._engine.thread.call(lambda: age(IDLE_LIMIT / 2))
    assert piece(page, reference, 0).data == data[:CHUNK]  # asked for: it is kept anew
    page._engine.thread.call(lambda: age(IDLE_LIMIT / 2 + 1))
    assert piece(page, reference, 2 * CHUNK).data == data[2 * CHUNK : 3 * CHUNK]
    page._engine.thread.call(lambda: age(IDLE_LIMIT + 1))
    gc.collect()
    assert piece(page, reference, 3 * CHUNK) is None
    assert page._engine.thread.call(lambda: session.bulk._sweep) is None


def test_a_session_that_has_ended_lends_nothing(page: LoopbackPage) -> None:
    session, engine = page.session, page._engine
    LoopbackPage(engine, "another", refers=True)  # else there would be no loop any more
    effects.download(session, session.last_page(), "a.bin", "", bytes(2 * LARGE))
    saved(page)
    page.close()
    effects.download(session, session.last_page(), "a.bin", "", bytes(2 * LARGE))
    assert engine.thread.call(lambda: session.bulk._lent) == {}
    assert session.bulk._sweep.cancelled()


def test_a_message_with_a_key_says_it(show: Any) -> None:
    shown = show(app())
    effects.notify(shown.session, "success", "Saved.", "Disk", 5.0, "disk")
    effects.notify(shown.session, "info", "Hello.")
    first, second = shown.until(Toast, 2)
    assert (first.level, first.title, first.duration, first.key) == ("success", "Disk", 5.0, "disk")
    assert not second.key
