"""One shown app: its values, its State, its updated components, its tasks, its files.

Lives in the kernel and outlives a page reload. Everything but :meth:`Session.receive` runs on the
loop thread.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from typing_extensions import assert_never

from ..block import Block
from ..codec import Packet, WireError, decode_to_kernel, encode
from ..component import Component
from ..files import Files
from ..protocol import (
    PROTOCOL,
    Binary,
    Cancel,
    Closed,
    CloseReason,
    Event,
    Hello,
    Json,
    Node,
    NodeId,
    PageId,
    Refused,
    Set,
    TaskId,
    Toast,
    ToastLevel,
    ToKernel,
    ToKernelFrame,
    ToPageFrame,
    Upload,
    Welcome,
)
from ..protocol import Task as WireTask
from .call import Output
from .inbound import event_of, props_of, upload_of
from .outbound import Outbound, numbered
from .uploads import Uploads

if TYPE_CHECKING:
    from .engine import Engine
    from .task import Task

log = logging.getLogger("ipyblocks")

MAX_PAGES = 64
"""Pages whose place in their own count is remembered; a reload makes a new page."""

Send = Callable[[Packet], None]


class SessionStatistics(NamedTuple):
    """``tasks`` have not ended; ``refused`` messages were not accepted; ``pages`` have said
    hello.
    """

    tasks: int
    refused: int
    pages: int


@dataclass
class _Page:
    """What is known of one page: the ``seq`` of its last message that was processed."""

    seq: int = 0


@dataclass
class Deferred:
    """An event that waits for the run before it (``trigger_mode="always_last"``)."""

    target: Block | None
    data: Json


class Session:
    """One shown app. Made by :meth:`Engine.open`.

    Args:
        send: puts a packet on the wire; called on the loop thread alone.
        control: the kernel hears this session's page on the control channel too.
    """

    def __init__(self, engine: Engine, send: Send, control: bool = False) -> None:
        self.engine = engine
        self.tree = engine.tree
        self.epoch = secrets.token_hex(8)
        self.tasks: dict[TaskId, Task] = {}
        self.deferred: dict[int, Deferred] = {}
        self.closed = False
        self.refused = 0
        self.loaded = False
        self.uploads = Uploads(engine.options.max_file_size)
        self.files = Files(engine.options.allowed_paths, engine.options.blocked_paths)
        self._send = send
        self._control = control
        self._out = Outbound(engine.loop, self._send_frame, self.epoch)
        self._pages: dict[PageId, _Page] = {}
        self._props: dict[NodeId, dict[str, Json]] = {}
        self._twins: dict[Block, Block] = {}
        self._states: dict[Component, Any] = {}
        self._next_task = 0

    # --- values ----------------------------------------------------------------------------------

    def current(self, block: Any) -> Any:
        """The block as this session has updated it."""
        return self._twins.get(block, block)

    def payload(self, component: Component) -> Json:
        """Wire value of a component in this session."""
        node = self._node(component)
        props = self._props.get(node, {})
        return props["value"] if "value" in props else component.initial_payload()

    def _value(self, block: Block) -> Json:
        """What ``change`` is about: the value, or another prop of a layout."""
        if isinstance(block, Component):
            return self.payload(block)
        return self.props(self._node(block)).get(block.value_prop)

    def state(self, component: Component) -> Any:
        """Value of a ``State`` in this session; made on first use."""
        if component not in self._states:
            self._states[component] = component.new_value()  # type: ignore[attr-defined]
        return self._states[component]

    def _node(self, block: Block) -> NodeId:
        node = self.tree.id_of(block)
        assert node is not None, f"{block.describe()} is not in this app"
        return node

    def apply(self, outputs: Sequence[Output]) -> None:
        """Make the changes that a handler asked for, tell the page, and fire ``change`` where
        due.
        """
        changed = [output.block for output in outputs if self._apply_one(output)]
        for block in changed:
            if "change" in block.events:
                self.engine.dispatch(self, block, "change", None)

    def _apply_one(self, output: Output) -> bool:
        """Returns whether the value became another one."""
        block = output.block
        if output.state is not None:
            assert isinstance(block, Component)
            before = self.state(block)
            self._states[block] = output.state[0]
            return not same(before, output.state[0])
        if output.twin is not None:
            self._twins[block] = output.twin
        if not output.props:
            return False
        node = self._node(block)
        name = block.value_prop
        changed = name in output.props and not same(self._value(block), output.props[name])
        self._props.setdefault(node, {}).update(output.props)
        self._out.update(node, output.props)
        return changed

    # --- from the page ---------------------------------------------------------------------------

    def receive(self, content: object, buffers: Sequence[Any] = ()) -> None:
        """Take what a page sent. Callable from any thread; only decodes and hands over."""
        try:
            frame = decode_to_kernel(content, buffers)
        except (WireError, RecursionError) as error:
            self.engine.thread.post(self._refuse_unreadable, str(error))
            return
        self.engine.thread.post(self.handle, frame)

    def _refuse_unreadable(self, why: str) -> None:
        self.refused += 1
        log.warning("A message from the page was not understood and dropped: %s", why)

    def handle(self, frame: ToKernelFrame) -> None:
        """Process a decoded frame, message by message; one that fails harms no other."""
        if self.closed:
            return
        page = self._page(frame.page)
        for message in frame.messages:
            if isinstance(message, Hello):
                # Never back: what a hello is followed by may have been processed, its answer lost.
                page.seq = max(page.seq, message.seq)
            elif message.seq <= page.seq:
                continue  # a resend of what has been processed
            else:
                page.seq = message.seq
            try:
                self._handle_one(frame.page, message)
            except ValueError as error:
                self._refuse(frame.page, message, str(error))
            except Exception:
                log.exception("A message from the page could not be processed.")
                self._refuse(frame.page, message, "The kernel could not process this.")
        if not self.closed:
            # Alone it would be a frame of its own, and take the start of a quick handler with it.
            # Only the next piece of an upload waits for it.
            urgent = any(isinstance(message, (Hello, Upload)) for message in frame.messages)
            self._out.ack(frame.page, page.seq, urgent)

    def _page(self, page: PageId) -> _Page:
        known = self._pages.pop(page, None) or _Page()
        self._pages[page] = known
        while len(self._pages) > MAX_PAGES:
            del self._pages[next(iter(self._pages))]
        return known

    def _handle_one(self, page: PageId, message: ToKernel) -> None:
        match message:
            case Hello():
                self._hello(page, message)
            case Set():
                self._set(page, message)
            case Event():
                block, data = event_of(self, message)
                self.engine.dispatch(self, block, message.name, data)
            case Cancel():
                self.engine.cancel(self, message.task)
            case Upload():
                upload_of(self, page, message)
            case _:
                assert_never(message)

    def _refuse(self, page: PageId, message: ToKernel, why: str) -> None:
        self.refused += 1
        log.warning("Refused a message from the page: %s", why)
        self._out.put(numbered(Refused, page=page, refused=message.seq, message=why))
        if isinstance(message, Set):
            self._send_truth(message)

    def _send_truth(self, message: Set) -> None:
        """Undo at the page what it showed before it was refused."""
        block = self.tree.blocks.get(message.node)
        if block is None or not block.on_page:
            return
        known = {p.wire_name: p for p in block._wired}
        props = self.props(message.node)
        self._out.update(
            message.node,
            {n: props.get(n, known[n].wire_default) for n in message.props if n in known},
        )

    def _hello(self, page: PageId, message: Hello) -> None:
        if message.protocol == PROTOCOL and (message.epoch, message.seen) == (
            self.epoch,
            self._out.seq,
        ):
            self._send_secrets()
        else:
            acks = {str(page): self._pages[page].seq}
            self._out.welcome(lambda seq: self.welcome(page, seq, secret=True), acks)
        if not self.loaded and message.protocol == PROTOCOL:
            self.loaded = True
            self.engine.dispatch(self, self.tree, "load", None)

    def _set(self, page: PageId, message: Set) -> None:
        block, props = props_of(self, page, message)
        before = self._value(block)
        mine = self._props.setdefault(message.node, {})
        mine.update(props)
        # Other pages want it, and an older value that waits to be sent must not come after it.
        # The sender ignores what it knows.
        if len(self._pages) > 1 or self._out.waits(message.node):
            self._out.update(message.node, props)
        name = block.value_prop
        if name in props and "change" in block.events and not same(before, props[name]):
            self.engine.dispatch(self, block, "change", None)

    # --- to the page -----------------------------------------------------------------------------

    def props(self, node: NodeId) -> dict[str, Json]:
        """Props of a node in this session, without those that have their default."""
        return {**self.engine.base_props[node], **self._props.get(node, {})}

    def welcome(self, page: PageId | None, seq: int, secret: bool = False) -> Welcome:
        """The whole session.

        Args:
            secret: with what must not be written to a file (passwords, uploads).
        """
        return Welcome(
            seq=seq,
            page=page,
            protocol=PROTOCOL,
            version=self.engine.options.version,
            epoch=self.epoch,
            control=self._control,
            app=self.engine.app,
            nodes=[self._snapshot(node, secret) for node in self.tree.nodes()],
            tasks=[self._wire_task(task) for task in self.tasks.values()],
        )

    def snapshot(self) -> Packet:
        """The welcome as a packet, for hosts that carry it inside saved state. Without secrets."""
        self._out.flush()
        welcome = self.welcome(None, self._out.seq)
        return encode(ToPageFrame(epoch=self.epoch, acks={}, messages=[welcome]))

    def _snapshot(self, node: Node, secret: bool) -> Node:
        mine = self._props.get(node.id)
        hide = not secret and self._is_secret(node.id)
        if mine is None and not hide:
            return node
        props = {**node.props, **(mine or {})}
        if hide:
            props.pop("value", None)
        return msgspec.structs.replace(node, props=props)

    def _send_secrets(self) -> None:
        """What a snapshot left out, for a page that started from one."""
        for node in self.tree.blocks:
            value = self.props(node).get("value") if self._is_secret(node) else None
            if value:
                self._out.update(node, {"value": value})

    def _is_secret(self, node: NodeId) -> bool:
        """Whether a value is not for a file: a password, or what the person chose or took."""
        block, value = self.tree.blocks[node], self._props.get(node, {}).get("value")
        if isinstance(value, Binary) and self.props(node).get("interactive", True):
            return True
        return isinstance(block, Component) and block.is_secret()

    def _wire_task(self, task: Task) -> WireTask:
        place = self.engine.queue.place(task)
        return WireTask(
            id=task.id,
            state="running" if task.ended else task.state,  # type: ignore[arg-type]
            nodes=task.nodes,
            show_progress=task.dependency.show_progress,
            position=place[0] if place else None,
            size=place[1] if place else None,
        )

    def put(self, message: Any, urgent: bool = True) -> None:
        """Send a message that must arrive."""
        if not self.closed:
            self._out.put(message, urgent)

    def flush(self) -> None:
        """Send at once what has been collected."""
        self._out.flush()

    def toast(self, level: ToastLevel, message: str, title: str, duration: float | None) -> None:
        """Show a short message at the page. Callable from any thread."""
        toast = numbered(Toast, level=level, title=title, message=message, duration=duration)
        self.engine.thread.post(self.put, toast)

    def _send_frame(self, frame: ToPageFrame) -> None:
        try:
            packet = encode(frame)
        except WireError:
            # Values are checked before they are stored; this is a defect of ours, and must not end
            # the loop.
            log.exception("A frame could not be encoded and was dropped.")
            return
        try:
            self._send(packet)
        except Exception:
            log.exception("A frame could not be sent.")

    def new_task_id(self) -> TaskId:
        """Counts from 1."""
        self._next_task += 1
        return TaskId(self._next_task)

    def statistics(self) -> SessionStatistics:
        """Counts, for tests and for the curious."""
        return SessionStatistics(len(self.tasks), self.refused, len(self._pages))

    def end(self, reason: CloseReason) -> dict[Component, Any]:
        """Say goodbye and forget everything. Returns the State values, whose callbacks are due."""
        self._out.put(numbered(Closed, reason=reason))
        self._out.close()
        self.closed = True
        states, self._states = self._states, {}
        self.deferred.clear()
        self.uploads.close()
        self.files.close()
        return states


def same(a: Any, b: Any) -> bool:
    """Whether two values are one to a ``change`` listener. 1, 1.0 and True are not the same."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    try:
        return bool(a == b)
    except Exception:  # noqa: BLE001 - an array, a frame or a user's own __eq__
        return False
