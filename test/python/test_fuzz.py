"""Anything at all as a message of a page: it is refused and counted, and what follows works."""

from __future__ import annotations

import copy
import gc
import json
import logging
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ipyblocks as gr
from ipyblocks import codec
from ipyblocks.codec import MAX_PAGE_ID, WireError
from ipyblocks.protocol import CHUNK, PROTOCOL, End, Received, Refused
from ipyblocks.runtime import inbox, uploads

from .conftest import Shown

pytestmark = pytest.mark.slow

GOLDEN = Path(__file__).parent.parent / "wire" / "golden"
FORMS = ["$buffer", "$number", "$int", "$upload", "$blob", "$$x", "$"]
FIELDS = ["page", "ack", "last", "messages", "type", "seq", "node", "props", "name", "data"]
TYPES = ["hello", "set", "event", "cancel", "upload", "piece", "fetch", "submit", "jsResult"]

checked = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


class Sent(NamedTuple):
    """What a comm hands over."""

    content: Any
    buffers: list[bytes]


# --- what is sent -------------------------------------------------------------------------------

numbers = st.one_of(
    st.integers(-2, 40),
    st.sampled_from([2**31, 2**53 - 1, -(2**53), 2**63, 10**30]),
    st.floats(),
)
words = st.one_of(st.text(max_size=8), st.sampled_from([*FIELDS, *TYPES, "\ud800", "x" * 5000]))
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, words),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(words, st.sampled_from(FORMS)), inner, max_size=4),
    ),
    max_leaves=12,
)
blobs = st.lists(st.binary(max_size=20), max_size=3)


def golden() -> list[Sent]:
    """What pages say, one of each kind."""
    read = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(GOLDEN.glob("*.json"))]
    return [
        Sent(each["content"], [bytes.fromhex(text) for text in each["buffers"]])
        for each in read
        if each["direction"] == "toKernel"
    ]


GOLDENS = golden()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Everything inside a value, as the way to it."""
    if isinstance(value, dict):
        inner: list[Any] = list(value.items())
    else:
        inner = list(enumerate(value)) if isinstance(value, list) else []
    return [
        found
        for key, item in inner
        for found in ([(*path, key)], places(item, (*path, key)))
        for found in found
    ]


@st.composite
def mutated(draw: st.DrawFn) -> Sent:
    """A frame as a page would send it, with some of it changed."""
    sent = copy.deepcopy(draw(st.sampled_from(GOLDENS)))
    for _ in range(draw(st.integers(0, 3))):
        ways = places(sent.content)
        if not ways:
            break
        *path, key = draw(st.sampled_from(ways))
        holder = sent.content
        for step in path:
            holder = holder[step]
        how = draw(st.sampled_from(["other", "gone", "again", "wrapped"]))
        if how == "other":
            holder[key] = draw(junk)
        elif how == "gone":
            del holder[key]
        elif how == "again" and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        else:
            holder[key] = [holder[key]]
    return Sent(sent.content, draw(st.one_of(st.just(sent.buffers), blobs)))


frames = st.builds(
    lambda messages, page, ack, last: {
        "page": page,
        "ack": ack,
        "last": last,
        "messages": messages,
    },
    st.lists(
        st.builds(
            lambda tag, fields: {**fields, "type": tag},
            st.sampled_from(TYPES),
            st.dictionaries(st.sampled_from(FIELDS), junk),
        ),
        max_size=4,
    ),
    st.sampled_from(["p1", "p2", ""]),
    numbers,
    numbers,
)
packets = st.one_of(
    st.builds(Sent, junk, blobs),
    st.builds(Sent, frames, blobs),
    mutated(),
)


# --- the codec ----------------------------------------------------------------------------------


@settings(checked, max_examples=300)
@given(packets)
def test_a_frame_or_a_refusal(sent: Sent) -> None:
    try:
        codec.decode_to_kernel(*sent)
    except WireError as error:
        assert str(error)  # noqa: PT017 - any other error is a defect, and fails the test


@given(st.binary(max_size=200))
@settings(checked)
def test_bytes_that_are_no_message(data: bytes) -> None:
    for content in (data, [data], {"page": data}, {"page": "p", "messages": [data]}):
        with pytest.raises(WireError):
            codec.decode_to_kernel(content, [data])


def nested(depth: int) -> Any:
    value: Any = 0
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


BAD: dict[str, Sent] = {
    "deep": Sent(nested(20_000), []),
    "long id": Sent({"page": "p" * (MAX_PAGE_ID + 1), "ack": 0, "last": 0, "messages": []}, []),
    "digits": Sent({"page": "p", "ack": {"$int": "9" * 5000}, "last": 0, "messages": []}, []),
    "no buffer": Sent({"page": {"$buffer": 10**30}, "ack": 0, "last": 0, "messages": []}, [b""]),
    "list as type": Sent({"page": "p", "ack": 0, "last": 0, "messages": [{"type": []}]}, []),
}


@pytest.mark.parametrize("name", BAD)
def test_oversized_and_malformed_frames_are_refused(name: str) -> None:
    with pytest.raises(WireError):
        codec.decode_to_kernel(*BAD[name])


# --- a session ----------------------------------------------------------------------------------


class Counter:
    """An app that counts, with a component of every sort of input."""

    def __init__(self) -> None:
        self.clicks = 0

        def clicked() -> None:
            self.clicks += 1

        with gr.Blocks() as self.demo:
            self.button = gr.Button()
            text, level = gr.Textbox(), gr.Slider(0, 9)
            self.image = gr.Image(type="filepath", interactive=True)
            gr.Dropdown(["a", "b"], multiselect=True)
            text.change(lambda each: each, text, level)
            self.image.change(lambda each: None, self.image, None)
            self.button.click(clicked, trigger_mode="multiple", concurrency_limit=None)


def ends(sent: Sent) -> bool:
    """Whether it says that the app was taken out of the notebook, as pages may."""
    try:
        frame = codec.decode_to_kernel(*sent)
    except WireError:
        return False
    return any(isinstance(message, End) for message in frame.messages)


def sizes(shown: Shown) -> dict[str, int]:
    """What a session remembers of its pages."""
    session = shown.session

    def look() -> dict[str, int]:
        files = session.bulk.uploads
        return {
            "pages": len(session._inbox._pages),
            "uploads": len(files._files),
            "refused files": len(files._refused),
            "begun files": len(files._begun),
            "messages": len(session._out._messages),
            "missing": len(session._out._missing),
            "tasks": len(session.tasks),
        }

    found: dict[str, int] = shown.on_loop(look)
    return found


LIMITS = {
    "pages": inbox.MAX_PAGES,
    "uploads": uploads.MAX_OPEN,
    "refused files": uploads.MOST_REMEMBERED,
    "begun files": uploads.MOST_REMEMBERED,
    "messages": 0,
    "missing": 0,
    "tasks": 0,
}


def one(shown: Shown, message: dict[str, Any], seq: int, buffers: tuple[bytes, ...] = ()) -> None:
    """A frame of a page of its own with one message, and what comes of it."""
    content = {"page": "rude", "ack": 0, "last": seq, "messages": [{"seq": seq, **message}]}
    shown.raw(content, buffers)


UNKNOWN: dict[str, dict[str, Any]] = {
    "component of an edit": {"type": "set", "node": 999, "props": {"value": "x"}},
    "component beyond all numbers": {"type": "set", "node": 2**70, "props": {"value": "x"}},
    "prop": {"type": "set", "node": 2, "props": {"walue": "x"}},
    "component of an event": {"type": "event", "node": -1, "name": "click"},
    "event": {"type": "event", "node": 1, "name": "explode"},
    "event of the kernel": {"type": "event", "node": 2, "name": "change"},
    "function": {"type": "submit", "call": 1, "dependency": 77, "data": []},
    "file in a value": {"type": "set", "node": 4, "props": {"value": {"$upload": 5}}},
    "blob in a value": {
        "type": "set",
        "node": 4,
        "props": {"value": {"$blob": 5, "size": 1, "mimeType": ""}},
    },
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_the_session_does_not_know_is_refused_and_counted(
    name: str, show: Callable[..., Shown]
) -> None:
    app = Counter()
    shown = show(app.demo)
    one(shown, UNKNOWN[name], 1)
    assert shown.refused == 1
    assert "rude" in [message.page for message in shown.until(Refused)]
    shown.run(app.button)
    assert app.clicks == 1


def test_a_file_that_is_too_large_or_unknown_is_refused(show: Callable[..., Shown]) -> None:
    app = Counter()
    shown = show(app.demo, max_file_size=1000)
    node = shown.id(app.image)
    file = {"type": "upload", "upload": 1, "node": node, "name": "a", "mimeType": "", "size": 1001}
    one(shown, file, 1)
    one(shown, {**file, "upload": 2, "node": 999, "size": 1}, 2)
    one(shown, {**file, "upload": 3, "size": 10}, 3)
    piece = {"type": "piece", "upload": 3, "offset": 0, "crc": 0, "chunk": {"$buffer": 0}}
    one(shown, piece, 0, (bytes(CHUNK + 1),))
    states = {(m.upload, m.state) for m in shown.until(Received, 3)}
    assert states == {(1, "refused"), (2, "refused"), (3, "refused")}
    one(shown, {**piece, "upload": 9}, 0, (b"",))
    one(shown, {"type": "fetch", "blob": 9, "offset": 0}, 0)
    shown.page.idle()
    assert shown.refused == 5
    assert sizes(shown)["uploads"] == 0


def test_a_session_survives_whatever_comes(show: Callable[..., Shown]) -> None:
    app = Counter()
    shown = show(app.demo)
    rounds = 0

    @settings(checked)
    @given(st.lists(packets.filter(lambda sent: not ends(sent)), max_size=6))
    def feed(sent: list[Sent]) -> None:
        nonlocal rounds
        rounds += 1
        before = app.clicks
        for each in sent:
            shown.session.receive(each.content, each.buffers)
        shown.run(app.button)
        # What the junk has clicked comes on top.
        assert app.clicks > before

    feed()
    assert rounds >= 100
    assert shown.refused > 100
    assert not shown.session.closed
    at_rest(shown)


def at_rest(shown: Shown) -> None:
    """Nothing waits, and no table is larger than it may be."""
    shown.engine.thread.run(shown.session.settle()).result()
    found = sizes(shown)
    assert {name: size for name, size in found.items() if size > LIMITS[name]} == {}


MANY = 400


def test_many_pages_and_refusals_take_no_memory(
    show: Callable[..., Shown], caplog: pytest.LogCaptureFixture
) -> None:
    app = Counter()
    shown = show(app.demo)
    caplog.set_level(logging.CRITICAL, "ipyblocks")

    def flood(first: int) -> None:
        """Each of them another page that uploads, asks, edits what is not there, and lies."""
        for number in range(first, first + MANY):
            upload = {"type": "upload", "upload": 1, "node": 999, "name": "a", "mimeType": ""}
            messages = [
                {"type": "hello", "seq": 1, "protocol": PROTOCOL, "epoch": "other", "seen": 10**9},
                {"seq": 2, "size": 1, **upload},
                {"type": "set", "seq": 3, "node": 999, "props": {"value": "x" * 1000}},
                {"type": "fetch", "seq": 0, "blob": number, "offset": 0},
                {"type": "cancel", "seq": 4, "task": number},
            ]
            frame = {"page": f"{number:>{MAX_PAGE_ID}}", "ack": 10**12, "last": 10**12}
            shown.session.receive({**frame, "messages": messages}, [])
            if number % 100 == 0:
                shown.page.idle()
                shown.page.packets.clear()
                shown.page.messages.clear()
        shown.page.idle()
        at_rest(shown)
        shown.page.packets.clear()
        shown.page.messages.clear()
        gc.collect()

    flood(0)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        flood(MANY)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 200_000
    assert shown.refused == 2 * 3 * MANY  # a file, an edit and a question each
    shown.page.hello()  # as a page does that is told that its messages have a gap
    shown.run(app.button)
    assert app.clicks == 1
