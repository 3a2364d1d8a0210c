"""Twenty thousand messages as fast as they come: what is sent and kept, with a page and without."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.codec import Packet, encode
from ipyblocks.protocol import PROTOCOL, Event, Hello, Log, PageId, Patch, Progress, ToKernelFrame
from ipyblocks.runtime.credit import MOST_FRAMES
from ipyblocks.runtime.engine import Engine
from ipyblocks.runtime.journal import AT_ONCE, KEPT
from ipyblocks.runtime.outbound import BURST, FLUSHES_PER_SECOND, MOST_EVER

from .conftest import Shown

pytestmark = pytest.mark.slow

COUNT = 20_000


class Burst:
    """An app that says very much."""

    def __init__(self) -> None:
        self.ended = threading.Event()

        def burst(progress: gr.Progress = gr.Progress()) -> Iterator[str]:  # noqa: B008 - as users do
            for i in range(COUNT):
                progress((i, COUNT))
                print(f"{i:06}")
                yield str(i)
            self.ended.set()
            yield "end"

        def toasts() -> None:
            for i in range(COUNT):
                gr.Info(f"toast {i}")
            self.ended.set()

        with gr.Blocks() as self.demo:
            self.out = gr.Textbox()
            self.values, self.many = gr.Button(), gr.Button()
            self.values.click(burst, None, self.out)
            self.many.click(toasts)


def test_a_page_that_confirms_ends_with_the_truth(show: Callable[..., Shown]) -> None:
    app = Burst()
    shown = show(app.demo)
    clock = shown.engine.loop.time
    begun = clock()
    shown.run(app.values)
    assert shown.props(app.out)["value"] == "end"
    # conflated: as many as time allowed, and no task of its own for each
    told = [len(shown.messages(kind)) for kind in (Patch, Progress, Log)]
    most = BURST + FLUSHES_PER_SECOND * (clock() - begun) + 2
    assert all(0 < count <= most for count in told), (told, most)
    written = "".join(entry.text for log in shown.messages(Log) for entry in log.entries)
    dropped = sum(log.dropped for log in shown.messages(Log))
    assert len(written) + dropped == 7 * COUNT
    assert written.endswith(f"{COUNT - 1:06}\n")


def open_unheard(app: Burst) -> tuple[Engine, Any, list[int]]:
    """A session whose page has said hello and never says anything again."""
    engine, sent = Engine(app.demo), []

    def send(packet: Packet) -> None:
        sent.append(len(packet.buffers))

    session = engine.open(send)
    say(session, Hello(seq=1, protocol=PROTOCOL, epoch=None, seen=0))
    return engine, session, sent


def say(session: Any, message: Any) -> None:
    frame = ToKernelFrame(page=PageId("gone"), ack=0, last=message.seq, messages=[message])
    session.receive(encode(frame).content, [])


@pytest.mark.parametrize("name", ["values", "many"])
def test_without_a_page_that_hears_little_is_kept(name: str, no_leftovers: None) -> None:
    app = Burst()
    engine, session, sent = open_unheard(app)
    try:
        node = app.demo.id_of(getattr(app, name))
        assert node is not None
        say(session, Event(seq=2, node=node, name="click"))
        engine.wait_idle()
        assert app.ended.is_set()
        out, journal = session._out, session.journal
        # questions whether anybody is there come on top, ever more rarely
        assert len(sent) <= 2 * MOST_FRAMES
        assert out._credit.outstanding <= MOST_FRAMES
        assert len(out._messages) <= MOST_EVER
        assert sum(map(len, out._updates.values())) <= 1
        assert len(out._progress) <= 1
        assert (journal._kept._size, journal._new._size) <= (KEPT, AT_ONCE)
    finally:
        engine.close_all()
