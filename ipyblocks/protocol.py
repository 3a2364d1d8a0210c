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
* Files travel beside the count, in pieces of at most :data:`CHUNK` bytes: such messages have the
``seq`` 0, may be lost or come twice, and are asked for again by whoever misses them
  (see :class:`Upload` and :class:`Fetch`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, NewType, TypeAlias, cast

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

BlobId = NewType("BlobId", int)
"""Large bytes that the kernel holds for a session, from 1; see :class:`BlobReference`."""

CHUNK = 1 << 18
"""Bytes of the largest piece of a file. What a click waits behind is a few of them; a browser frame
over 10 MiB would close the kernel's socket.
"""

MOST_PIECES = 16
"""Pieces that one :class:`Fetch` may ask for."""

Json: TypeAlias = Any
"""Any JSON value, with the ``$`` encodings of the codec inside."""

ShowProgress: TypeAlias = Literal["full", "minimal", "hidden"]
TaskState: TypeAlias = Literal["queued", "running", "stopping"]
FailureCode: TypeAlias = Literal["user", "internal", "cancelled", "lost"]
ToastLevel: TypeAlias = Literal["info", "success", "warning", "error"]
Stream: TypeAlias = Literal["stdout", "stderr"]
CloseReason: TypeAlias = Literal["closed", "rerun", "capacity"]
UploadState: TypeAlias = Literal["going", "again", "whole", "refused"]


class StoredBytes:
    """Bytes in a file of the session's own, for a :class:`Binary` that is too large for memory.

    Attributes:
        path: nobody else writes to it.
        size: in bytes.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size

    def read(self) -> bytes:
        """All of them."""
        return self.path.read_bytes()

    def __deepcopy__(self, _memo: object) -> StoredBytes:
        # Who owns the file must not be two: it may be deleted with the first.
        return self

    def __copy__(self) -> StoredBytes:
        return self


class Binary(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
    """Bytes inside a wire value, such as an encoded image.

    Large ones may lie in a file (:attr:`stored`), and are read when :attr:`data` is asked for.
    """

    data: bytes
    mime_type: str
    name: str | None = None

    @classmethod
    def of_file(cls, stored: StoredBytes, mime_type: str, name: str | None = None) -> Binary:
        """Bytes that stay in their file."""
        return cls(data=cast("bytes", stored), mime_type=mime_type, name=name)

    @property
    def stored(self) -> StoredBytes | None:
        """Where the bytes lie; None: in memory."""
        held = _held(self)
        return held if isinstance(held, StoredBytes) else None

    @property
    def size(self) -> int:
        """How many bytes; reads nothing."""
        held = _held(self)
        return held.size if isinstance(held, StoredBytes) else len(held)

    def piece(self, offset: int, length: int) -> bytes:
        """Some of the bytes; reads no others.

        Raises:
            OSError: they lie in a file that is gone.
        """
        held = _held(self)
        if isinstance(held, StoredBytes):
            with held.path.open("rb") as file:
                file.seek(offset)
                return file.read(length)
        return bytes(memoryview(held)[offset : offset + length])


# msgspec converts to a struct only from that very class, so bytes in a file cannot be a subclass:
# the field holds either, and reading it as an attribute gives bytes always.
_held = cast("Any", Binary.__dict__["data"]).__get__
Binary.data = property(  # type: ignore[assignment]
    lambda self: held.read() if isinstance(held := _held(self), StoredBytes) else held
)


class UploadReference(msgspec.Struct, frozen=True, kw_only=True):
    """Stands in a value for a file whose pieces the page has sent before."""

    upload: UploadId


class BlobReference(msgspec.Struct, frozen=True, kw_only=True):
    """Stands in a value for bytes that the page asks for piece by piece; see :class:`Fetch`."""

    blob: BlobId
    size: int
    mime_type: str
    name: str | None = None


class Wire(msgspec.Struct, kw_only=True, rename="camel"):
    """Base of everything that crosses the wire: camelCase names there, snake_case here."""


# --- what a page shows -------------------------------------------------------------------------


class StreamRate(Wire):
    """How a component sends its ``stream`` event."""

    every: float
    """Seconds from one event to the next, at least."""
    time_limit: float | None
    """Seconds after which the page ends it; ``null``: it goes on until the person does."""


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
    stream: StreamRate | UnsetType = UNSET
    """Absent when nobody listens to its ``stream``, or it has none."""
    secret: bool | UnsetType = UNSET
    """The value must not be written into a file (a password); absent when it may be."""


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
    """0-based place in its queue; ``null`` once it runs, and while it waits for a file that is on
    its way to one of its inputs.
    """
    size: int | None
    """How many wait in that queue, itself included; ``null`` when ``position`` is."""
    eta: float | None
    """Seconds: from now to the result while it waits, of earlier runs while it runs; ``null``: not
    known.
    """
    elapsed: float
    """Seconds since it was queued or, once it runs, started."""
    units: list[ProgressUnit]
    fake: Fake | None


class Failure(Wire):
    """One run that has not ended well, for as long as its outputs say so."""

    task: TaskId
    name: str
    """The function."""
    nodes: list[NodeId]
    """Where it is told."""
    code: FailureCode
    message: str
    """This and what follows is as in :class:`Failed`."""
    detail: str | None
    retry: bool | UnsetType = UNSET


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
    failures: list[Failure] | UnsetType = UNSET
    """Runs whose outputs say why they failed, oldest first; absent: none."""


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
    position: int | None
    """``null``: it waits for a file that is on its way to one of its inputs."""
    size: int | None
    """``null`` when ``position`` is."""
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
    retry: bool | UnsetType = UNSET
    """True: a :class:`Retry` does it once more; absent: there is no trying again."""


class Toast(Numbered, tag="toast"):
    """A short message to the person at the page."""

    level: ToastLevel
    title: str
    message: str
    """Plain text."""
    duration: float | None
    """Seconds until it goes by itself; ``null`` stays until closed."""
    key: str | UnsetType = UNSET
    """It takes the place of the one with the same key; absent: it is one of its own."""


class Effect(Numbered):
    """Something that the browser of one page is asked to do, once; the other pages ignore it. It
    is in no snapshot.
    """

    page: PageId


class CopyText(Effect, tag="copyText"):
    """Put text into the clipboard, and say so."""

    text: str
    success_message: str | None
    """What to say; ``null``: in the page's own words."""
    error_message: str | None
    """What to say when the browser does not let it; ``null``: in the page's own words."""


class SaveFile(Effect, tag="saveFile"):
    """Have the browser save a file."""

    name: str
    mime_type: str
    content: Json
    """``{"$buffer": index, …}`` or ``{"$blob": …}``."""


class OpenUrl(Effect, tag="openUrl"):
    """Open a page of the web in a new tab."""

    url: str
    """``http:``, ``https:``, ``mailto:``, or relative to the document; a page opens no other."""


class AskStored(Numbered, tag="askStored"):
    """There are values that the browser keeps; the answer is a :class:`Stored` for each."""

    page: PageId | None
    """Who is to answer; ``null``: every page."""
    keys: list[str]
    """All that the session has, also those of an earlier question."""


class Store(Numbered, tag="store"):
    """Let the browser keep a value. Conflated: the last one of a key wins."""

    key: str
    value: Json
    """Without binary data."""


class Refused(Numbered, tag="refused"):
    """The kernel did not accept a message of the page; the props concerned are sent again as
    they are.
    """

    page: PageId
    refused: int
    """``seq`` of that message."""
    message: str


class Received(Numbered, tag="received"):
    """How far an upload has come. ``seq`` is 0; the answer to every :class:`Piece`."""

    page: PageId
    upload: UploadId
    received: int
    """Bytes the kernel has, from the start without a gap."""
    state: UploadState
    """``again``: what came after them was lost or damaged, send from there; ``whole``: it may be
    used in a value; ``refused``: it is not taken, and forgotten.
    """
    message: str | None
    """Why it is refused, in words for the person; else ``null``."""


class Part(Numbered, tag="part"):
    """Some bytes that a page has asked for. ``seq`` is 0; the answer to a :class:`Fetch`."""

    page: PageId
    blob: BlobId
    offset: int
    chunk: Json
    """``{"$buffer": index, …}``; ``null``: the kernel has them no more, the value is another."""


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
    | CopyText
    | SaveFile
    | OpenUrl
    | AskStored
    | Store
    | Refused
    | Closed
    | Received
    | Part
)


class ToPageFrame(Wire):
    """What one comm message carries down."""

    epoch: str
    acks: dict[str, int]
    """Per page (:data:`PageId`): the last ``seq`` of it that the kernel has processed."""
    last: int
    """``seq`` of the last message sent so far, in this frame or before: a page that has less has
    missed something and says hello.
    """
    messages: list[ToPage]
    ask: bool | UnsetType = UNSET
    """True: whoever reads it is to say at once how far it is; absent: no need."""
    missing: list[PageId] | UnsetType = UNSET
    """Pages of which something has not come: they say hello and send again what has no ack.
    Absent: none.
    """


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


class Retry(Numbered, tag="retry"):
    """Do once more what has failed. A failure that is told no longer is left alone."""

    task: TaskId


class Dismiss(Numbered, tag="dismiss"):
    """The person has read why a task failed: it is told no longer."""

    task: TaskId


class End(Numbered, tag="end"):
    """The app was taken out of the notebook: end its session."""


class Upload(Numbered, tag="upload"):
    """A file has been chosen; its pieces follow. Functions that the file's component is an input
    of wait, from here on, until a :class:`Set` refers to it or it has ended otherwise.
    """

    upload: UploadId
    node: NodeId
    name: str
    mime_type: str
    size: int
    """Bytes of the whole file."""


class Piece(Numbered, tag="piece"):
    """One piece of a file. ``seq`` is 0; the answer is a :class:`Received`.

    Pieces come in order, a few ahead of the answers. One that the kernel has is answered and not
    counted twice.
    """

    upload: UploadId
    offset: int
    crc: int
    """CRC-32 of the piece."""
    chunk: Json
    """``{"$buffer": index, …}``, at most :data:`CHUNK` bytes; no bytes only ask for the answer."""


class Abandon(Numbered, tag="abandon"):
    """The person has taken a file back before it was part of a value."""

    upload: UploadId
    page: PageId | UnsetType = UNSET
    """Absent: a file of the page that says it. A page says it for one that was left before it
    could, and that has given up its files for good.
    """


class Fetch(Numbered, tag="fetch"):
    """Ask for pieces of a :class:`BlobReference`. ``seq`` is 0; the answers are :class:`Part`."""

    blob: BlobId
    offset: int
    count: int | UnsetType = UNSET
    """Pieces wanted from there on, at most :data:`MOST_PIECES`, each a part of its own; fewer come
    where the bytes end. Absent: one.
    """
    size: int | UnsetType = UNSET
    """Bytes of each piece, from 1 to :data:`CHUNK`: few where the line is slow, because a click
    waits behind them. The last one of a value may be shorter. Absent: :data:`CHUNK`.
    """


class Submit(Numbered, tag="submit"):
    """Call a function with values of the caller's own: what clients do, not people."""

    call: int
    """Numbered by the page from 1; the answer is a :class:`Called`, or a :class:`Refused`."""
    dependency: int
    data: list[Json]
    """One value per input that is not a State, in order."""


class Stored(Numbered, tag="stored"):
    """What the browser keeps: the answer to an :class:`AskStored`."""

    values: dict[str, Json]
    """By key; a key that is missing has no value."""


class JsResult(Numbered, tag="jsResult"):
    """What the ``js`` step of a task returned."""

    task: TaskId
    values: list[Json] | None
    """New values of the inputs, or of the outputs when there is no Python function; ``null``:
    it failed.
    """
    error: str | None
    """Why it failed; ``null``: it did not."""


ToKernel: TypeAlias = (
    JsResult
    | Hello
    | Set
    | Event
    | Cancel
    | Retry
    | Dismiss
    | Upload
    | Submit
    | End
    | Piece
    | Abandon
    | Fetch
    | Stored
)


class ToKernelFrame(Wire):
    """What one comm message carries up."""

    page: PageId
    ack: int
    """``seq`` of the last kernel message that the page has applied."""
    last: int
    """``seq`` of the last message sent so far, in this frame or before."""
    messages: list[ToKernel]
    ask: bool | UnsetType = UNSET
    """True: the kernel is to say at once how far it is; absent: no need."""
