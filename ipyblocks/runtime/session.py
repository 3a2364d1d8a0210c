"""One shown app: its values, its State, its updated components, its tasks, its files.

Lives in the kernel and outlives a page reload. Everything but :meth:`Session.receive` runs on the
loop thread.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ..block import Block
from ..codec import Packet, WireError, decode_to_kernel, encode
from ..component import Component
from ..components.state import State
from ..files import Files
from ..protocol import (
    Closed,
    CloseReason,
    Graft,
    Json,
    NodeId,
    PageId,
    Progress,
    Stream,
    TaskId,
    Toast,
    ToastLevel,
    ToKernelFrame,
    ToPageFrame,
)
from ..protocol import Output as WireOutput
from ..render import Subtree
from . import saved, snapshot
from .bindings import Bindings
from .bulk import Bulk
from .call import Output
from .failures import Failures
from .held import Held
from .inbox import Inbox
from .journal import Journal
from .outbound import Outbound, numbered
from .saved import Saved
from .scene import Scene
from .states import States
from .stores import Stores
from .timers import Timers
from .trail import NO_TRAIL, Trail

if TYPE_CHECKING:
    from .engine import Engine
    from .task import Task

log = logging.getLogger("ipyblocks")

BUSY_AGAIN = 5.0
"""Seconds without a refused event after which the next one is announced again."""

Send = Callable[[Packet], None]


class SessionStatistics(NamedTuple):
    """``tasks`` have not ended; ``refused`` messages were not accepted; ``pages`` have said
    hello.
    """

    tasks: int
    refused: int
    pages: int


class Deferred(NamedTuple):
    """An event that waits for the run before it (``trigger_mode="always_last"``), or for somebody
    to try again.
    """

    target: Block | None
    data: Json
    trail: Trail


class Session:
    """One shown app. Made by :meth:`Engine.open`.

    Args:
        send: puts a packet on the wire; called on the loop thread alone.
        control: the kernel hears this session's page on the control channel too.
        paced: whether the receiver shares a line with others; False for one in this process.
        refers: the receiver asks for large values piece by piece, instead of getting them whole.
    """

    def __init__(
        self,
        engine: Engine,
        send: Send,
        control: bool = False,
        paced: bool = True,
        refers: bool = False,
    ) -> None:
        self.engine = engine
        self.tree = engine.tree
        limit = engine.options.concurrency_limit
        self.scene = Scene(engine.tree, engine.index, engine.base_props, limit)
        self.epoch = secrets.token_hex(8)
        self.tasks: dict[TaskId, Task] = {}
        self.deferred: dict[int, Deferred] = {}
        self.closed = False
        # Set by what has shown the session, which has more to close.
        self.on_leave: Callable[[], None] | None = None
        self.files = Files(engine.options.allowed_paths, engine.options.blocked_paths)
        self._send = send
        self.control = control
        pace = engine.thread.pace if paced else None
        self._out = Outbound(engine.loop, self._send_frame, self.epoch, pace)
        self._inbox = Inbox(self, self._out)
        self.held = Held(self, engine.give_up)
        self.bulk = Bulk(self, self._out.aside, self.held.failed)
        self._refer = self.bulk.blobs.refer if refers else None
        self._props: dict[NodeId, dict[str, Json]] = {}
        self._twins: dict[Block, Block] = {}
        self.states = States(
            engine.loop, engine.run_later, lambda block: bool(self.scene.listeners(block, "change"))
        )
        self.timers = Timers(self)
        self.stores = Stores(self)
        self.bindings = Bindings(self)
        self.journal = Journal()
        self.failures = Failures(self.put)
        self._next_task = 0
        self._said_busy = -math.inf

    # --- values ----------------------------------------------------------------------------------

    def current(self, block: Any) -> Any:
        """The block as this session has updated it."""
        block = self.scene.current(block)
        return self._twins.get(block, block)

    def payload(self, component: Component) -> Json:
        """Wire value of a component in this session."""
        node = self._node(component)
        props = self._props.get(node, {})
        return props["value"] if "value" in props else component.initial_payload()

    def former(self, block: Block) -> Json:
        """The last value that a function or a page has set; None: none. Callable from any thread:
        values are replaced, never changed.
        """
        node = self.scene.node(block)
        return None if node is None else self._props.get(node, {}).get("value")

    def _value(self, block: Block) -> Json:
        """What ``change`` is about: the value, or another prop of a layout."""
        if isinstance(block, Component):
            return self.payload(block)
        return self.props(self._node(block)).get(block.value_prop)

    def _node(self, block: Block) -> NodeId:
        node = self.scene.node(block)
        assert node is not None, f"{block.describe()} is not in this app"
        return node

    def answer(self, task: Task, outputs: Sequence[Output]) -> None:
        """Give a client what its call returned. Only State keeps any of it."""
        data = []
        for output in outputs:
            if output.state is not None:
                self._apply_one(output)
            elif "value" in output.props:
                data.append(output.props["value"])
            else:
                data.append(
                    self.payload(output.block) if isinstance(output.block, Component) else None
                )
        self._out.put(numbered(WireOutput, task=task.id, data=data))

    def apply(self, outputs: Sequence[Output], trail: Trail = NO_TRAIL) -> None:
        """Make the changes that a handler asked for, tell the page, and fire ``change`` where
        due.

        Args:
            trail: see :class:`~ipyblocks.runtime.task.Task`.
        """
        changed = [output.block for output in outputs if self._apply_one(output)]
        for block in map(self.scene.current, changed):
            if "change" in block.events:
                self.engine.dispatch(self, block, "change", None, trail.then(block))

    def shows(self, output: Output) -> bool:
        """Whether an output that changes no more than the value changes nothing."""
        component = self.scene.current(output.block)
        if output.twin is not None or list(output.props) != ["value"]:
            return False
        if not isinstance(component, Component) or self.scene.node(component) is None:
            return False
        return same(self.payload(component), output.props["value"])

    def _apply_one(self, output: Output) -> bool:
        """Returns whether the value became another one."""
        block = self.scene.current(output.block)
        node = self.scene.node(block)
        if node is None:
            return False  # `gr.render` has taken it away while the function ran
        if output.state is not None:
            assert isinstance(block, State)
            return self.states.set(block, output.state[0])
        if output.twin is not None:
            self._twins[block] = output.twin
            self.timers.follow(block)
        if not output.props:
            return False
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
            self.engine.thread.post(self._inbox.refuse_unreadable, str(error))
            return
        self.engine.thread.post(self.handle, frame)

    def handle(self, frame: ToKernelFrame) -> None:
        """Process a decoded frame; one that comes after the end is dropped."""
        if not self.closed:
            self._inbox.handle(frame)

    def edit(self, block: Block, node: NodeId, props: dict[str, Json], others: bool) -> None:
        """A page has set props, which have been checked.

        Args:
            others: there are pages that do not know it yet.
        """
        before = self._value(block)
        self._props.setdefault(node, {}).update(props)
        self._out.edited(node, props)
        # Other pages want it, and an older value that waits to be sent must not come after it.
        # The sender ignores what it knows.
        if others or self._out.waits(node):
            self._out.update(node, props)
        for each, payload in props.items():
            self.bindings.edited(block, each, payload)
        name = block.value_prop
        if name in props:
            self.held.arrived(node)
        if name in props and "change" in block.events and not same(before, props[name]):
            self.engine.dispatch(self, block, "change", None)

    def last_page(self) -> PageId | None:
        """The page that spoke last; None while none has."""
        return self._inbox.last_page()

    # --- to the page -----------------------------------------------------------------------------

    def props(self, node: NodeId) -> dict[str, Json]:
        """Props of a node in this session, without those that have their default."""
        return {**self.scene.props(node), **self._props.get(node, {})}

    def own_props(self, node: NodeId) -> dict[str, Json] | None:
        """Props of a node that this session has changed; None: none."""
        return self._props.get(node)

    def snapshot(self) -> Packet:
        """The welcome as a packet, for hosts that carry it inside saved state. Without secrets."""
        welcome = snapshot.welcome(self, None, self._out.level(), secret=False)
        frame = ToPageFrame(epoch=self.epoch, acks={}, last=welcome.seq, messages=[welcome])
        return encode(frame, self._refer)

    def saved(self) -> Saved:
        """What a notebook keeps of this session: the snapshot and a picture in HTML, bounded."""
        self._out.flush()
        return saved.of(self, self._out.seq)

    def graft(self, container: Block, subtree: Subtree) -> None:
        """Show what a ``gr.render`` function has built instead of what it built before."""
        gone, nodes, went, came = self.scene.replace(container, subtree)
        for node in gone:
            self._props.pop(node, None)
            self.bulk.uploads.drop_of(node)
        self.failures.gone(gone)
        for block in went.blocks:
            self._forget(block)
        self._out.forget({*gone, *(node.id for node in nodes)})
        kept = [snapshot.node_now(self, node, secret=True) for node in nodes]
        self._out.put_now(numbered(Graft, removed=gone, nodes=kept))
        for block in came.blocks:
            self.timers.follow(block)
        self.bindings.moved(went, came)
        self._open_inputs(subtree)

    def _open_inputs(self, subtree: Subtree) -> None:
        """An input of a rendered function can be filled in, as inputs of all functions can."""
        for component in {c for d in subtree.dependencies.values() for c in d.inputs}:
            node = self.scene.node(component)
            undecided = getattr(component, "interactive", True) is None
            if node is not None and undecided and not self.props(node).get("interactive", True):
                self._props.setdefault(node, {})["interactive"] = True
                self._out.update(node, {"interactive": True})

    def _forget(self, block: Block) -> None:
        self._twins.pop(block, None)
        self.timers.forget(block)
        if isinstance(block, State):
            self.states.forget(block)

    def may_say_busy(self) -> bool:
        """Whether a full queue is news: of many refused clicks in a row, the first says so."""
        now = self.engine.loop.time()
        quiet, self._said_busy = now - self._said_busy >= BUSY_AGAIN, now
        return quiet

    def progress(self, task: TaskId, make: Callable[[], Progress | None]) -> None:
        """Send news of a task, the latest there is when the next frame goes."""
        if not self.closed:
            self._out.progress(task, make)

    def put(self, message: Any, urgent: bool = True) -> None:
        """Send a message that must arrive."""
        if not self.closed:
            self._out.put(message, urgent)

    def write(self, task: Task, stream: Stream, text: str) -> None:
        """Keep what a function wrote, and show it. Callable from any thread."""
        echo = self.engine.options.echo
        if echo is not None:
            echo(stream, text)
        self.engine.thread.tell(self.note, task, stream, text)

    def say(self, task: TaskId, name: str, stream: Stream, text: str) -> None:
        """Like :meth:`write`, for what is no run of this session."""
        echo = self.engine.options.echo
        if echo is not None:
            echo(stream, text)
        self.engine.thread.post(self._log, task, name, stream, text)

    def note(self, task: Task, stream: Stream, text: str) -> None:
        """Put text into the log of the app."""
        self._log(task.id, task.dependency.name, stream, text)

    def _log(self, task: TaskId, name: str, stream: Stream, text: str) -> None:
        self.journal.write(task, name, stream, text)
        if not self.closed:
            self._out.log(self.journal.take)

    async def settle(self) -> None:
        """Send at once what has been collected, as far as pages confirm."""
        self._out.flush()
        while self._out.waiting:
            await asyncio.sleep(0)
            if not self._out.has_room:
                break
            self._out.flush()

    def toast(self, level: ToastLevel, message: str, title: str, duration: float | None) -> None:
        """Show a short message at the page. Callable from any thread."""
        toast = numbered(Toast, level=level, title=title, message=message, duration=duration)
        self.engine.thread.tell(self.put, toast)

    def _send_frame(self, frame: ToPageFrame) -> int:
        """Returns the bytes of it."""
        try:
            packet = encode(frame, self._refer)
            size = len(msgspec.json.encode(packet.content)) + sum(map(len, packet.buffers))
        except WireError:
            # Values are checked before they are stored; this is a defect of ours, and must not end
            # the loop.
            log.exception("A frame could not be encoded and was dropped.")
            return 0
        try:
            self._send(packet)
        except Exception:
            log.exception("A frame could not be sent.")
        return size

    @property
    def is_busy(self) -> bool:
        """Whether something has not ended yet."""
        return bool(self.tasks) or self.bindings.is_busy

    def new_task_id(self) -> TaskId:
        """Counts from 1."""
        self._next_task += 1
        return TaskId(self._next_task)

    def statistics(self) -> SessionStatistics:
        """Counts, for tests and for the curious."""
        refused = self._inbox.refused + self.bulk.refused
        return SessionStatistics(len(self.tasks), refused, self._inbox.pages())

    def leave(self) -> None:
        """A page says that the app was taken out of the notebook."""
        if self.on_leave is not None:
            self.on_leave()
        else:
            self.engine.close(self)

    def end(self, reason: CloseReason) -> None:
        """Say goodbye and forget everything."""
        self.stores.close()
        self._inbox.close()
        self._out.close(numbered(Closed, reason=reason))
        self.closed = True
        self.timers.stop()
        self.bindings.close()
        self.states.close()
        self.deferred.clear()
        self.failures.clear()
        self.bulk.close()
        self.files.close()


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
