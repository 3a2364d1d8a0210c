"""Two ends in one process: a session and whatever stands for its page. For tests, benches and
clients.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from ..codec import Packet, decode_to_page, encode
from ..protocol import (
    PROTOCOL,
    Event,
    Hello,
    Json,
    NodeId,
    PageId,
    Set,
    ToKernelFrame,
    ToPage,
    Welcome,
)
from ..runtime.engine import Engine
from ..runtime.session import Session


class LoopbackPage:
    """A page without pixels: speaks the wire, keeps what it was told.

    Attributes:
        packets: every packet received, as it would travel (JSON checked to be JSON).
        messages: every message received, in order.
    """

    def __init__(self, engine: Engine, page: str = "page") -> None:
        self.packets: list[Packet] = []
        self.messages: list[ToPage] = []
        self._received = threading.Condition()
        self._seq = 0
        self._seen = 0
        self._page = PageId(page)
        self._engine = engine
        self.session: Session = engine.open(self._take)

    def _take(self, packet: Packet) -> None:
        # What is not JSON must fail here, not in some host's serialiser.
        content = json.loads(json.dumps(packet.content, allow_nan=False))
        frame = decode_to_page(content, packet.buffers)
        with self._received:
            self.packets.append(packet)
            for message in frame.messages:
                self.messages.append(message)
                self._seen = max(self._seen, message.seq)
            self._received.notify_all()

    def send(self, *messages: Any) -> None:
        """Send messages as one frame; their ``seq`` is filled in here."""
        import msgspec

        numbered = []
        for message in messages:
            self._seq += 1
            numbered.append(msgspec.structs.replace(message, seq=self._seq))
        packet = encode(ToKernelFrame(page=self._page, ack=self._seen, messages=numbered))
        self.session.receive(packet.content, packet.buffers)

    def hello(self, epoch: str | None = None, seen: int = 0) -> Welcome:
        """Say hello and wait for the welcome."""
        self.send(Hello(seq=0, protocol=PROTOCOL, epoch=epoch, seen=seen))
        found = self.wait_for(lambda m: isinstance(m, Welcome))
        assert isinstance(found, Welcome)
        return found

    def set(self, node: int, **props: Json) -> None:
        """Edit props of a node, by wire name."""
        self.send(Set(seq=0, node=NodeId(node), props=props))

    def fire(self, node: int, name: str, data: Json = None) -> None:
        """Fire an event."""
        self.send(Event(seq=0, node=NodeId(node), name=name, data=data))

    def wait_for(self, wanted: Callable[[ToPage], bool], timeout: float = 30) -> ToPage:
        """The first message that ``wanted`` accepts, among those received and those to come.

        Raises:
            TimeoutError: none within ``timeout`` seconds.
        """

        def found() -> ToPage | None:
            return next((m for m in self.messages if wanted(m)), None)

        with self._received:
            if not self._received.wait_for(lambda: found() is not None, timeout):
                raise TimeoutError(f"No such message among {len(self.messages)} received.")
            message = found()
            assert message is not None
            return message

    def idle(self) -> None:
        """Wait until the kernel has processed everything sent and has nothing left to do."""
        self._engine.wait_idle()

    def close(self) -> None:
        """End the session."""
        self._engine.thread.call(lambda: self._engine.close(self.session))
