"""A page that starts from a snapshot, while nobody confirms what was sent before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.codec import Packet, decode_to_page, encode
from ipyblocks.protocol import (
    PROTOCOL,
    Hello,
    NodeId,
    PageId,
    Patch,
    ToKernel,
    ToKernelFrame,
    ToPageFrame,
    Welcome,
)
from ipyblocks.runtime.credit import MOST_FRAMES
from ipyblocks.runtime.engine import Engine
from ipyblocks.transport.loopback import apply_update


class Text:
    """An app whose text grows, and pages that come and go."""

    def __init__(self) -> None:
        with gr.Blocks() as demo:
            box = gr.Textbox("")
        self.node = NodeId(demo.id_of(box) or 0)
        self.engine = Engine(demo)
        self.frames: list[ToPageFrame] = []
        self.session: Any = self.engine.open(self._take)
        self.text = ""

    def _take(self, packet: Packet) -> None:
        self.frames.append(decode_to_page(packet.content, packet.buffers))

    def say(self, page: str, *messages: ToKernel, last: int = 0, ack: int = 0) -> None:
        """A page sends something, and the kernel has dealt with it."""
        frame = ToKernelFrame(page=PageId(page), ack=ack, last=last, messages=list(messages))
        self.session.receive(encode(frame).content, [])
        self.engine.thread.call(lambda: None)

    def grow(self, more: str) -> None:
        """A function appends some text, which is sent at once if anything is."""
        self.text += more

        def change() -> None:
            self.session._props.setdefault(self.node, {})["value"] = self.text
            self.session._out.update(self.node, {"value": self.text})
            self.session._out.flush()

        self.engine.thread.call(change)

    def fill(self) -> None:
        """More than the window holds."""
        self.grow("x" * 3000)
        for i in range(MOST_FRAMES + 5):
            self.grow(f"<{i}>")

    def read(self, start: Welcome) -> str:
        """The text at a page that started there, from what has come since."""
        props, seen = self.props_of(start), start.seq
        for message in (m for frame in self.frames for m in frame.messages):
            if isinstance(message, Welcome):
                props, seen = self.props_of(message), message.seq
            elif isinstance(message, Patch):
                seen += 1
                assert message.seq == seen
                for update in message.updates:
                    apply_update(props, update)
        return str(props["value"])

    def props_of(self, welcome: Welcome) -> dict[str, Any]:
        return next(dict(node.props) for node in welcome.nodes if node.id == self.node)


@pytest.fixture
def app(no_leftovers: None) -> Iterator[Text]:
    text = Text()
    yield text
    text.engine.close_all()


@pytest.mark.parametrize("lapsed", [False, True])
def test_it_is_told_what_comes_later_once(app: Text, lapsed: bool) -> None:
    app.say("gone", Hello(seq=1, protocol=PROTOCOL, epoch=None, seen=0), last=1)
    app.fill()
    if lapsed:
        app.engine.thread.call(app.session._out._lapse)
    packet = app.engine.thread.call(app.session.snapshot)
    (start,) = decode_to_page(packet.content, packet.buffers).messages
    assert isinstance(start, Welcome)
    assert app.props_of(start)["value"] == app.text
    app.frames.clear()
    app.grow("[before the hello]")
    hello = Hello(seq=1, protocol=PROTOCOL, epoch=start.epoch, seen=start.seq)
    app.say("new", hello, last=1, ack=start.seq)
    app.grow("[after it]")
    app.engine.wait_idle()
    assert app.read(start) == app.text
