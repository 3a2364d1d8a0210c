"""Two ends in one process: a session and whatever stands for its page. For tests, benches and
clients.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import UNSET

from ..codec import Packet, decode_to_page, encode
from ..protocol import (
    PROTOCOL,
    Edit,
    Event,
    Fetch,
    Hello,
    Json,
    NodeId,
    PageId,
    Piece,
    Set,
    ToKernelFrame,
    ToPage,
    Update,
    Welcome,
)
from ..runtime.engine import Engine
from ..runtime.session import Session


class LoopbackPage:
    """A page without pixels: speaks the wire, keeps what it was told.

    Args:
        page: name of the page.
        refers: see :class:`~ipyblocks.runtime.session.Session`.

    Attributes:
        packets: every packet received, as it would travel (JSON checked to be JSON).
        messages: every message received, in order.
    """

    def __init__(self, engine: Engine, page: str = "page", refers: bool = False) -> None:
        self.packets: list[Packet] = []
        self.messages: list[ToPage] = []
        self._received = threading.Condition()
        self._seq = 0
        self._seen = 0
        self._page = PageId(page)
        self._engine = engine
        self.session: Session = engine.open(self._take, refers=refers)

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
        if frame.ask is True:
            self.send()

    def send(self, *messages: Any) -> None:
        """Send messages as one frame; their ``seq`` is filled in here."""
        import msgspec

        numbered = []
        for message in messages:
            if not isinstance(message, (Piece, Fetch)):  # beside the count
                self._seq += 1
                message = msgspec.structs.replace(message, seq=self._seq)
            numbered.append(message)
        packet = encode(
            ToKernelFrame(page=self._page, ack=self._seen, last=self._seq, messages=numbered)
        )
        self.session.receive(packet.content, packet.buffers)

    def hello(self, epoch: str | None = None, seen: int = 0) -> Welcome:
        """Say hello and wait for the welcome."""
        self.say_hello(epoch, seen)
        found = self.wait_for(lambda m: isinstance(m, Welcome))
        assert isinstance(found, Welcome)
        return found

    def say_hello(self, epoch: str | None = None, seen: int = 0) -> None:
        """Say hello; the welcome comes when it comes."""
        self.send(Hello(seq=0, protocol=PROTOCOL, epoch=epoch, seen=seen))

    def set(self, node: int, **props: Json) -> None:
        """Edit props of a node, by wire name."""
        self.send(Set(seq=0, node=NodeId(node), props=props))

    def fire(self, node: int, name: str, data: Json = None) -> None:
        """Fire an event."""
        self.send(Event(seq=0, node=NodeId(node), name=name, data=data))

    def wait_for(self, wanted: Callable[[ToPage], bool], timeout: float = 120) -> ToPage:
        """The first message that ``wanted`` accepts, among those received and those to come.

        Raises:
            TimeoutError: none within ``timeout`` seconds.
            RuntimeError: none yet, and called on the loop's thread, where none would come.
        """

        def found() -> ToPage | None:
            return next((m for m in self.messages if wanted(m)), None)

        with self._received:
            if self._engine.thread.here and found() is None:
                raise RuntimeError(
                    "wait_for() would block the loop that everything runs on. "
                    "Write `await engine.idle()` before it."
                )
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


def apply_edits(value: Json, edits: Iterable[Edit]) -> Json:
    """What a page makes of edits of a value: a new one; the old one stays as it is.

    Raises:
        LookupError, TypeError, ValueError: an edit does not fit the value.
    """
    for edit in edits:
        value = _edited(value, edit, edit.path)
    return value


def _edited(value: Json, edit: Edit, path: list[str | int]) -> Json:
    if not path:
        return value + edit.value if edit.op == "append" else edit.value
    copy, last = value.copy(), len(path) == 1
    key: Any = path[0]
    if last and edit.op == "insert":
        if isinstance(copy, list):
            copy.insert(key, edit.value)
        elif key in copy:
            raise ValueError(f"{key!r} is there already.")
        else:
            copy[key] = edit.value
    elif last and edit.op == "delete":
        del copy[key]
    else:
        copy[key] = _edited(copy[key], edit, path[1:])
    return copy


def apply_update(props: dict[str, Json], update: Update) -> None:
    """Change the props of a node as an update says."""
    props.update(update.props)
    if update.edits is not UNSET:
        for name, edits in update.edits.items():
            props[name] = apply_edits(props[name], edits)
