"""One run of one function: queued → running → ends exactly once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..dependency import Dependency
from ..protocol import FailureCode, Json, NodeId, PageId, Queued, Stream, TaskId
from .outbound import numbered
from .trail import NO_TRAIL, Trail

if TYPE_CHECKING:
    import concurrent.futures

    from ..block import Block
    from ..files import Files
    from .backends.base import Handle
    from .places import Places
    from .reports import RunReports
    from .session import Session

State: TypeAlias = Literal["queued", "running", "stopping", "done", "failed", "cancelled"]
ENDED: frozenset[State] = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True)
class Failure:
    """Why a task did not end well.

    Attributes:
        code: who is to blame, and so how the page words it.
        message: plain text, one sentence.
        detail: traceback for the developer; None when there is none to show.
        toast: ``(title, seconds)`` when the message is shown as a toast instead of at the outputs.
        retry: does it once more, on the loop thread; None: it cannot be tried again.
    """

    code: FailureCode
    message: str
    detail: str | None = None
    toast: tuple[str, float | None] | None = None
    retry: Callable[[], None] | None = None


@dataclass(eq=False)
class Task:
    """One run of a dependency in a session.

    Attributes:
        payloads: wire values of the inputs at the moment of the event, in order.
        target: the block the event came from; None for a link of a chain.
        data: payload of the event.
        trail: the changes that led here.
        nodes: where its status is drawn.
        in_js: a page is running its ``js`` step.
        js_page: the page that was last asked to.
        called: a client asked for it: its outputs go back to the client, and no chain follows.
        reports: what the function says about its progress.
        stop: set when the task should end; cooperative code looks at it.
        together: the tasks of its batch, itself included, once it runs.
        job: what runs of it in the app's threads now.
        handle: its call, when a backend runs it (``run_as_task``).
        places: what it needs one of beside its group's turn; None: of nothing.
        cut_short: its function was stopped, whatever it ended with: the time says nothing.
        reason: what the page is told when it was cancelled.
        told: called once pages have been told of its end.
        created, started: readings of the loop's clock, in seconds; ``started`` is 0 while it waits.
    """

    id: TaskId
    session: Session
    dependency: Dependency
    payloads: list[Json]
    target: Block | None
    data: Json
    nodes: list[NodeId]
    reports: RunReports
    trail: Trail = NO_TRAIL
    called: bool = False
    in_js: bool = False
    js_page: PageId | None = None
    created: float = 0.0
    started: float = 0.0
    state: State = "queued"
    group: str = ""
    failure: Failure | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    together: list[Task] = field(default_factory=list)
    cut_short: bool = False
    reason: str = "Cancelled."
    told: Callable[[], None] | None = None
    running: asyncio.Task[Any] | None = None
    job: concurrent.futures.Future[Any] | None = None
    handle: Handle | None = None
    places: Places | None = None

    @property
    def ended(self) -> bool:
        """Whether the page has been, or will be, told of the end."""
        return self.state in ENDED

    def finish(
        self, state: Literal["done", "failed", "cancelled"], failure: Failure | None = None
    ) -> bool:
        """End it. Only the first call counts; returns whether this was it."""
        if self.ended:
            return False
        self.state, self.failure = state, failure
        return True

    def waits(
        self, position: int | None = None, size: int | None = None, eta: float | None = None
    ) -> Queued:
        """Says that it waits.

        Args:
            position, size, eta: see :class:`~ipyblocks.protocol.Queued`.
        """
        message: Queued = numbered(
            Queued,
            task=self.id,
            name=self.dependency.name,
            nodes=self.nodes,
            show_progress=self.dependency.show_progress,
            position=position,
            size=size,
            eta=eta,
        )
        return message

    @property
    def tracks_tqdm(self) -> bool:
        """Whether bars of ``tqdm`` are its progress."""
        return self.dependency.tracks_tqdm

    def check_cancelled(self) -> None:
        """Raise CancelledError when the task has been cancelled. Callable from any thread."""
        if self.stop.is_set():
            raise asyncio.CancelledError("This run was cancelled.")

    def prop_of(self, block: Block, name: str) -> Json:
        """What this task's session shows as a prop of a block, by wire name; None: its default."""
        node = self.session.scene.node(block)
        return None if node is None else self.session.props(node).get(name)

    def write(self, stream: Stream, text: str) -> None:
        """What the function printed or logged. Callable from any thread."""
        self.session.write(self, stream, text)

    @property
    def files(self) -> Files:
        """Files of this task's session."""
        return self.session.files

    def toast(self, level: Any, message: str, title: str, duration: float | None) -> None:
        """Show a short message at the page of this task's session. Callable from any thread."""
        self.session.toast(level, message, title, duration)
