"""A page and the kernel, and what they say, as lines of a transcript."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import msgspec

import ipyblocks as gr
from ipyblocks import codec, protocol
from ipyblocks.protocol import (
    PROTOCOL,
    Binary,
    Event,
    Failed,
    Fetch,
    Hello,
    PageId,
    Part,
    Piece,
    Set,
    ToKernelFrame,
    ToPage,
    ToPageFrame,
    Upload,
    UploadId,
    Welcome,
)
from ipyblocks.runtime.engine import Engine
from ipyblocks.transport.loopback import LoopbackPage, apply_update

SMALL = 1 << 14
"""Bytes of the first pieces: a page begins with them, because it does not know the line yet."""


class Conversation:
    """A page and the kernel, and what they say.

    Attributes:
        lines: of the transcript, so far.
    """

    def __init__(self, demo: gr.Blocks) -> None:
        self.demo = demo
        self.engine = Engine(demo)
        self.page = LoopbackPage(self.engine, "P", refers=True)
        self.epoch = self.page.session.epoch
        self.lines: list[dict[str, Any]] = []
        self._seq = 0
        self._seen = 0
        self._heard = 0
        self._nodes: dict[int, dict[str, Any]] = {}
        self._kinds: dict[int, str] = {}
        self._tasks: set[int] = set()
        self._files: dict[int, dict[int, bytes]] = {}

    def say(self, *messages: Any) -> None:
        """The page sends a frame."""
        numbered = []
        for message in messages:
            if isinstance(message, (Piece, Fetch)):
                numbered.append(message)  # beside the count
                continue
            self._seq += 1
            numbered.append(msgspec.structs.replace(message, seq=self._seq))
            if isinstance(message, Set):
                self._nodes[message.node].update(message.props)
        frame = ToKernelFrame(page=PageId("P"), ack=self._seen, last=self._seq, messages=numbered)
        packet = codec.encode(frame)
        self.lines.append({"page": self._normal(packet.content), **runs_of(packet.buffers)})
        self.page.session.receive(packet.content, packet.buffers)

    def hello(self, epoch: str | None = None) -> None:
        self.say(Hello(seq=0, protocol=PROTOCOL, epoch=epoch, seen=self._seen))
        self.hear(1)

    def set(self, block: Any, **props: Any) -> Set:
        return Set(seq=0, node=self.demo.id_of(block), props=props)

    def event(self, block: Any, name: str = "click") -> Event:
        return Event(seq=0, node=self.demo.id_of(block), name=name, data=None)

    def upload(self, block: Any, size: int) -> Upload:
        node = self.demo.id_of(block)
        kind = "application/octet-stream"
        return Upload(seq=0, upload=UploadId(1), node=node, name="a.bin", mime_type=kind, size=size)

    def piece(self, data: bytes, offset: int) -> Piece:
        sent = data[offset : offset + SMALL]
        chunk = Binary(data=sent, mime_type="application/octet-stream")
        crc = zlib.crc32(sent)
        return Piece(seq=0, upload=UploadId(1), offset=offset, crc=crc, chunk=chunk)

    def hear(self, count: int, lost: bool = False) -> None:
        """The kernel sends ``count`` messages, and has then dealt with all the page said."""
        wanted = self._heard + count

        def there(_: ToPage) -> bool:
            acks = [p.content["acks"].get("P", 0) for p in self.page.packets]
            return len(self.page.messages) >= wanted and max(acks) >= self._seq

        self.page.wait_for(there)
        messages = self.page.messages[self._heard : wanted]
        self._heard = wanted
        acks = {PageId("P"): self._seq}
        last = max(self._seen, *(message.seq for message in messages), 0)
        frame = ToPageFrame(epoch=self.epoch, acks=acks, last=last, messages=list(messages))
        packet = codec.encode(frame)
        line = self._normal(packet.content)
        self.lines.append({"lost" if lost else "kernel": line, **runs_of(packet.buffers)})
        if not lost:
            for message in messages:
                self._seen = max(self._seen, message.seq)
                self._apply(message)

    def _apply(self, message: ToPage) -> None:
        """What a page makes of a message."""
        if isinstance(message, Welcome):
            self._nodes = {node.id: dict(node.props) for node in message.nodes}
            self._kinds = {node.id: node.kind for node in message.nodes}
            self._tasks = {task.id for task in message.tasks}
        elif isinstance(message, protocol.Patch):
            for update in message.updates:
                apply_update(self._nodes[update.node], update)
        elif isinstance(message, (protocol.Queued, protocol.Started)):
            self._tasks.add(message.task)
        elif isinstance(message, (protocol.Done, Failed)):
            self._tasks.discard(message.task)
        elif isinstance(message, Part):
            self._files.setdefault(message.blob, {})[message.offset] = message.chunk.data

    def end(self) -> list[dict[str, Any]]:
        """The whole transcript, once the kernel has nothing to add."""
        self.page.idle()
        said = self.page.messages[self._heard :]
        assert said == [], "the kernel said more than the scenario expects"
        assert self.engine.queue.statistics() == (0, 0, 0)
        nodes = {}
        for node, props in self._nodes.items():
            block = self.demo.blocks[node]  # type: ignore[index]
            defaults = {p.wire_name: p.wire_default for p in block._wired}
            differing = {k: v for k, v in props.items() if k not in defaults or v != defaults[k]}
            if differing:
                nodes[str(node)] = codec.pack(differing, [])
        state: dict[str, Any] = {"nodes": nodes, "tasks": len(self._tasks)}
        if self._files:
            whole = {blob: in_order(parts) for blob, parts in self._files.items()}
            state["files"] = {str(b): [len(data), zlib.crc32(data)] for b, data in whole.items()}
        self.lines.append({"state": state})
        return self.lines

    def _normal(self, content: dict[str, Any]) -> dict[str, Any]:
        normal: dict[str, Any] = json.loads(json.dumps(content).replace(self.epoch, "E"))
        for message in normal["messages"]:
            if message.get("detail"):
                message["detail"] = "T"
            for each in [*message.get("entries", ()), *message.get("log", ())]:
                if each["text"].startswith("Traceback"):
                    each["text"] = "T"
            for each in [message, *message.get("tasks", ())]:
                self._without_times(each)
        return normal

    def _without_times(self, told: dict[str, Any]) -> None:
        """What a message or a task says about time, as if none had passed."""
        if told.get("eta") is not None:
            told["eta"] = 0
        if "elapsed" in told:
            told["elapsed"] = 0
        if told.get("fake") is not None:
            told["fake"]["ageMs"] = 0
            told["units"][-1]["progress"] = told["fake"]["start"]


def runs_of(buffers: Sequence[Any]) -> dict[str, list[str]]:
    """The buffers of a line, in a form that is short where a byte repeats."""
    texts = [
        " ".join(f"{byte:02x}*{len(list(run))}" for byte, run in groupby(bytes(each)))
        for each in buffers
    ]
    return {"buffers": texts} if texts else {}


def in_order(parts: dict[int, bytes]) -> bytes:
    return b"".join(parts[offset] for offset in sorted(parts))
