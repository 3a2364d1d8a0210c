"""The wire between a kernel and a page: every message, what each field means, and the version.

This file is the source. ``tools/gen.py`` writes ``src/protocol/wire.ts`` from it.

Rules that hold for every message:

* A field that is absent (``msgspec.UNSET``) means *unchanged* or *not known*; ``null`` means
*cleared*;
  an empty list or string is a value like any other.
* ``seq`` counts the messages of one sender from 1 without gaps. Acknowledgements are cumulative and
  ride on the frame, so that they cost no message of their own.
* Binary data never enters JSON: a :class:`Binary` inside a value becomes ``{"$buffer": index, …}``
and its
  bytes travel in the frame's buffers (see ``codec.py`` for this and the other ``$`` encodings).
"""

from __future__ import annotations

from typing import Any, Literal, NewType, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

PROTOCOL = 1
"""Version of this wire. Raised when a change is not additive."""

NodeId = NewType("NodeId", int)
"""A component or layout of one app: small integers from 0 (the root), never reused within the
app.
"""

TaskId = NewType("TaskId", int)
"""One run of one function in one session, from 1."""

PageId = NewType("PageId", str)
"""One page-side store: random, made by the page, new after every reload."""

UploadId = NewType("UploadId", int)
"""One file on its way from a page, numbered by that page from 1."""

Json: TypeAlias = Any
"""Any JSON value, with the ``$`` encodings of the codec inside."""

ShowProgress: TypeAlias = Literal["full", "minimal", "hidden"]
TaskState: TypeAlias = Literal["queued", "running", "stopping"]
FailureCode: TypeAlias = Literal["user", "internal", "cancelled", "lost"]
ToastLevel: TypeAlias = Literal["info", "success", "warning", "error"]
Stream: TypeAlias = Literal["stdout", "stderr"]
CloseReason: TypeAlias = Literal["closed", "rerun", "capacity"]


class Binary(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes inside a wire value, such as an encoded image."""

    data: bytes
    mime_type: str
    name: str | None = None


class UploadReference(msgspec.Struct, frozen=True, kw_only=True):
    """Stands in a value for a file whose pieces the page has sent before."""

    upload: UploadId


class Wire(msgspec.Struct, kw_only=True, rename="camel"):
    """Base of everything that crosses the wire: camelCase names there, snake_case here."""


# --- what a page shows -------------------------------------------------------------------------


class Node(Wire):
    """One component or layout."""

    id: NodeId
    kind: str
    """Which component draws it: a key of the page's registry."""
    props: dict[str, Json]
    """Only the props that differ from the defaults of the kind."""
    children: list[NodeId] | UnsetType = UNSET
    """Absent for a component; a layout lists its children in order, an empty layout has ``[]``."""
    events: list[str] | UnsetType = UNSET
    """Names of the events that somebody listens to; absent when nobody does."""


class App(Wire):
    """What belongs to the app as a whole. ``null`` means *not given*."""

    title: str
    css: str | None
    js: str | None
    head: str | None
    tokens: dict[str, dict[str, str]] | None
    """Style tokens of the theme, ``{"light": {name: css}, "dark": …}``."""
    height: int | str | None
    """CSS height (a number is pixels); the app scrolls inside. ``null`` is its natural height."""
    width: int | str | None
    fill_height: bool
    show_error: bool
    """Handler errors are also announced as a toast and written to the browser's console."""
    max_file_size: int | None
    """Largest upload in bytes."""


class ProgressUnit(Wire):
    """One level of a task's progress; nested loops have several, outermost first."""

    index: float | None
    """Steps done; ``null`` when only ``progress`` is known."""
    length: float | None
    """Steps there are; ``null`` when nobody knows."""
    unit: str
    progress: float | None
    """Share done, 0 to 1; ``null`` when it follows from ``index`` and ``length``, or is not
    known.
    """
    desc: str | None


class Fake(Wire):
    """Estimated progress, animated by the page from its own clock: one message for a whole
    phase.
    """

    start: float
    """Share at its start, 0 to 1."""
    end: float
    """Share it approaches and never passes."""
    estimated_ms: float
    """Expected duration; 0: not known."""
    age_ms: float
    """How long it had been going when this was sent. An age, because the clocks of kernel and
    page differ.
    """


class LogEntry(Wire):
    """What a function wrote, in one piece as far as nothing came between."""

    task: TaskId
    name: str
    """The function."""
    stream: Stream
    """``stderr`` is also where log records, warnings and tracebacks go."""
    text: str


class Task(Wire):
    """One run that has not ended."""

    id: TaskId
    name: str
    """The function, as lists of tasks name it."""
    state: TaskState
    nodes: list[NodeId]
    """Where its status is drawn."""
    show_progress: ShowProgress
    position: int | None
    """0-based place in its queue; ``null`` once it runs."""
    size: int | None
    """How many wait in that queue, itself included; ``null`` once it runs."""
    eta: float | None
    """Seconds: from now to the result while it waits, of earlier runs while it runs; ``null``: not
    known.
    """
    elapsed: float
    """Seconds since it was queued or, once it runs, started."""
    units: list[ProgressUnit]
    fake: Fake | None


# --- kernel -> page ------------------------------------------------------------------------------


class Numbered(Wire, tag_field="type"):
    """A message with its place in its direction."""

    seq: int


class Welcome(Numbered, tag="welcome"):
    """The whole session, for one page. ``seq`` is the last message it already contains."""

    page: PageId | None
    """Which page asked; the others ignore it. ``null``: for whichever page reads it first."""
    protocol: int
    version: str
    """Version of the Python package, for the sentence shown on a mismatch."""
    epoch: str
    """Changes when the kernel has forgotten the session."""
    control: bool
    """The kernel hears this comm on the control channel too, also while a cell runs."""
    app: App
    nodes: list[Node]
    """The tree; the first is the root."""
    tasks: list[Task]
    log: list[LogEntry]
    """The last of what functions wrote, bounded."""


class Edit(Wire):
    """A change inside a value that the page has."""

    op: Literal["replace", "append", "insert", "delete"]
    """``append`` adds text; ``insert`` puts into a list before an index, or a new key into an
    object.
    """
    path: list[str | int]
    """Keys and indexes from the value inwards; empty: the value itself."""
    value: Json
    """``null`` for ``delete``."""


class Update(Wire):
    """New props of one node; props that are not named keep their value."""

    node: NodeId
    props: dict[str, Json]
    edits: dict[str, list[Edit]] | UnsetType = UNSET
    """Changes inside the values of other props, in order; absent when there are none."""


class Patch(Numbered, tag="patch"):
    """Changes to the tree, conflated: the last value of each prop since the former flush."""

    updates: list[Update]


class Queued(Numbered, tag="queued"):
    """A task waits, or its place has changed."""

    task: TaskId
    name: str
    nodes: list[NodeId]
    show_progress: ShowProgress
    position: int
    size: int
    eta: float | None
    """Seconds to the result; ``null``: not known."""


class Started(Numbered, tag="started"):
    """A task runs. It may not have been queued before."""

    task: TaskId
    name: str
    nodes: list[NodeId]
    show_progress: ShowProgress
    eta: float | None
    """Seconds that earlier runs took, on average; ``null``: this is the first."""


class Progress(Numbered, tag="progress"):
    """How far a task is, as its function says; conflated, the last one wins."""

    task: TaskId
    units: list[ProgressUnit]
    """Empty: the function has taken its report back."""
    fake: Fake | None


class Stopping(Numbered, tag="stopping"):
    """A running task was cancelled and is still winding down."""

    task: TaskId


class Graft(Numbered, tag="graft"):
    """Part of the tree was built anew."""

    removed: list[NodeId]
    nodes: list[Node]
    """New nodes, and known ones whose props or children are others; the layout they hang on is
    one.
    """


class RunJs(Numbered, tag="runJs"):
    """One page is asked to run the ``js`` step of a task; the others ignore it."""

    page: PageId
    task: TaskId
    code: str
    """A JavaScript function."""
    args: list[Json]
    """Values of the inputs, then of the outputs."""


class Called(Numbered, tag="called"):
    """The task that a :class:`Submit` has become."""

    page: PageId
    call: int
    task: TaskId


class Output(Numbered, tag="output"):
    """What the function of a called task returned or yielded: one value per output, in order.

    Never conflated; only pages that submitted a call get it.
    """

    task: TaskId
    data: list[Json]


class Log(Numbered, tag="log"):
    """What functions wrote since the last one; follows on what the page has."""

    entries: list[LogEntry]
    dropped: int
    """Characters left out because too many came at once."""


class Done(Numbered, tag="done"):
    """A task ended well. Its outputs came before."""

    task: TaskId
    scroll_to: NodeId | UnsetType = UNSET
    """Bring this node into view."""


class Failed(Numbered, tag="failed"):
    """A task ended otherwise."""

    task: TaskId
    code: FailureCode
    """``user``: show the message as written; ``internal``: the handler raised."""
    message: str
    detail: str | None
    """Traceback for the developer's fold; ``null`` when there is none to show."""


class Toast(Numbered, tag="toast"):
    """A short message to the person at the page."""

    level: ToastLevel
    title: str
    message: str
    """Plain text."""
    duration: float | None
    """Seconds until it goes by itself; ``null`` stays until closed."""


class Refused(Numbered, tag="refused"):
    """The kernel did not accept a message of the page; the props concerned are sent again as
    they are.
    """

    page: PageId
    refused: int
    """``seq`` of that message."""
    message: str


class Closed(Numbered, tag="closed"):
    """The session has ended; nothing follows."""

    reason: CloseReason


ToPage: TypeAlias = (
    Graft
    | RunJs
    | Log
    | Called
    | Output
    | Welcome
    | Patch
    | Queued
    | Started
    | Progress
    | Stopping
    | Done
    | Failed
    | Toast
    | Refused
    | Closed
)


class ToPageFrame(Wire):
    """What one comm message carries down."""

    epoch: str
    acks: dict[str, int]
    """Per page (:data:`PageId`): the last ``seq`` of it that the kernel has processed."""
    messages: list[ToPage]


# --- page -> kernel ------------------------------------------------------------------------------


class Hello(Numbered, tag="hello"):
    """A page has come, or has lost the thread. The answer is a welcome unless it is up to date."""

    protocol: int
    epoch: str | None
    """What the page knows; ``null``: nothing."""
    seen: int
    """``seq`` of the last kernel message it has applied; 0: none."""


class Set(Numbered, tag="set"):
    """The person edited props of one node. No event: those that listen to ``change`` are found
    by the kernel.
    """

    node: NodeId
    props: dict[str, Json]


class Event(Numbered, tag="event"):
    """Something happened at a node. Edits made before it were sent before it."""

    node: NodeId
    name: str
    data: Json | UnsetType = UNSET
    """Payload of the event, such as ``{"index": 1, "value": "b"}`` of a select."""


class Cancel(Numbered, tag="cancel"):
    """Stop a task of this session. A task that has ended is left alone."""

    task: TaskId


class Upload(Numbered, tag="upload"):
    """One piece of a file. Pieces come in order; the file is whole when ``offset + len(chunk)
    == size``.
    """

    upload: UploadId
    node: NodeId
    name: str
    mime_type: str
    size: int
    """Bytes of the whole file."""
    offset: int
    chunk: Json
    """``{"$buffer": index, …}``, at most 1 MiB."""


class Submit(Numbered, tag="submit"):
    """Call a function with values of the caller's own: what clients do, not people."""

    call: int
    """Numbered by the page from 1; the answer is a :class:`Called`, or a :class:`Refused`."""
    dependency: int
    data: list[Json]
    """One value per input that is not a State, in order."""


class JsResult(Numbered, tag="jsResult"):
    """What the ``js`` step of a task returned."""

    task: TaskId
    values: list[Json] | None
    """New values of the inputs, or of the outputs when there is no Python function; ``null``:
    it failed.
    """
    error: str | None
    """Why it failed; ``null``: it did not."""


ToKernel: TypeAlias = JsResult | Hello | Set | Event | Cancel | Upload | Submit


class ToKernelFrame(Wire):
    """What one comm message carries up."""

    page: PageId
    ack: int
    """``seq`` of the last kernel message that the page has applied."""
    messages: list[ToKernel]
