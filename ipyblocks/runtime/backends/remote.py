"""A run in another process: its function, what it says, and how it failed."""

from __future__ import annotations

import asyncio
import io
import logging
import logging.handlers
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ... import context
from ...files import Files
from ...protocol import Stream, ToastLevel
from .. import tqdm_hook
from ..reports import RunReports
from .base import END, Call, Kind
from .modules import in_main
from .pickling import Known, cannot_return, dump, keep_sources, knowing, sources
from .raised import Raised
from .setting import Setting
from .wire import Pickled

Say = Callable[[tuple[Any, ...]], None]

_files = Files()
"""For what the functions of a worker build; its folder goes with the process."""


class Order(NamedTuple):
    """What a worker is told about a call, beside its function and arguments.

    Attributes:
        number: of the call; stops name it.
        name, kind, outputs, tracks_tqdm, every_update: see :class:`~.base.Call`.
        cells: lines of what has been run in cells, by file name.
    """

    number: int
    name: str
    kind: Kind
    outputs: Sequence[str]
    tracks_tqdm: bool
    every_update: bool
    setting: Setting
    cells: dict[str, list[str]]

    @classmethod
    def of(cls, call: Call, files: set[str], number: int = 0) -> Order:
        """What there is to say about a call now.

        Args:
            files: names of the files that its functions are from.
        """
        return cls(
            number,
            call.name,
            call.kind,
            list(call.outputs),
            call.tracks_tqdm,
            call.every_update,
            Setting.here(),
            sources(files),
        )


class RemoteRun:
    """The run as its function reaches it. See :class:`ipyblocks.context.Run`.

    Args:
        say: takes a message for the kernel.
        wants: called when there is something new about progress.
        stop: set when the run has been cancelled.
        order: how the call is to be run.
    """

    def __init__(
        self, say: Say, wants: Callable[[], None], stop: threading.Event, order: Order
    ) -> None:
        self.tracks_tqdm = order.tracks_tqdm
        self.reports = RunReports(time.monotonic, lambda call: call(), wants, stop)
        self.reports.every = order.every_update
        self._say = say
        self._stop = stop

    @property
    def files(self) -> Files:
        """See :class:`ipyblocks.context.Run`."""
        return _files

    def toast(self, level: ToastLevel, message: str, title: str, duration: float | None) -> None:
        """See :class:`ipyblocks.context.Run`."""
        self._say(("toast", level, message, title, duration))

    def write(self, stream: Stream, text: str) -> None:
        """See :class:`ipyblocks.context.Run`."""
        self._say(("text", stream, text))

    def check_cancelled(self) -> None:
        """See :class:`ipyblocks.context.Run`."""
        if self._stop.is_set():
            raise asyncio.CancelledError("This run was cancelled.")

    def progress(self) -> tuple[Any, ...]:
        """The message about progress: the latest and, if that is wanted, every report since the
        last time.
        """
        with context.running(self):
            return ("progress", *self.reports.fetch(), self.reports.take())

    @contextmanager
    def on(self) -> Iterator[None]:
        """Code inside is the run: all that this process writes and logs is its own."""
        streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _Text(self, "stdout"), _Text(self, "stderr")
        try:
            with (
                _logging_to(_Records(self._say)),
                context.running(self),
                tqdm_hook.tracking(self.tracks_tqdm),
            ):
                yield
        finally:
            sys.stdout, sys.stderr = streams


@contextmanager
def _logging_to(records: logging.Handler) -> Iterator[None]:
    """Inside, log records go there, unless a function says by ``logging.basicConfig`` where to."""
    root, basic_config = logging.root, logging.basicConfig
    former = list(root.handlers)

    def configure(**kwargs: Any) -> None:
        # It does nothing where there is a handler already.
        root.removeHandler(records)
        others = list(root.handlers)
        try:
            basic_config(**kwargs)
        finally:
            if root.handlers == others:
                root.addHandler(records)

    root.addHandler(records)
    logging.basicConfig = configure
    try:
        yield
    finally:
        logging.basicConfig = basic_config
        for each in [each for each in root.handlers if each not in former]:
            root.removeHandler(each)


class _Text(io.TextIOBase):
    """A text stream whose lines belong to a run, whichever thread writes them."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, run: RemoteRun, name: Stream) -> None:
        self._run = run
        self._name: Stream = name

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._run.write(self._name, text)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """That of the process: what another process writes there is not the run's."""
        real = sys.__stdout__ if self._name == "stdout" else sys.__stderr__
        if real is None:
            raise io.UnsupportedOperation("This process has no such file.")
        return real.fileno()


class _Records(logging.handlers.QueueHandler):
    """Hands log records over; the kernel's loggers, with its handlers, take them up."""

    def __init__(self, say: Say) -> None:
        super().__init__(None)  # type: ignore[arg-type]
        self._say = say

    def enqueue(self, record: logging.LogRecord) -> None:
        plain = (str, int, float, bool, type(None), tuple)
        fields = {k: v for k, v in vars(record).items() if isinstance(v, plain)}
        fields["args"] = None
        self._say(("record", fields))


class Evaluation:
    """The values of a function, one after the other, whatever its kind."""

    def __init__(self, fn: Callable[..., Any], args: Sequence[Any], kind: Kind) -> None:
        self._fn = fn
        self._args = args
        self._kind = kind
        self._values: Any = None
        self._done = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def step(self) -> Any:
        """The next value, or END.

        Raises:
            BaseException: what the function raises.
        """
        if self._done:
            return END
        if self._kind in ("plain", "async"):
            self._done = True
            value = self._fn(*self._args)
            return self._wait(value) if self._kind == "async" else value
        if self._values is None:
            made = self._fn(*self._args)
            self._values = iter(made) if self._kind == "generator" else made.__aiter__()
        if self._kind == "generator":
            return next(self._values, END)
        try:
            return self._wait(self._values.__anext__())
        except StopAsyncIteration:
            return END

    def close(self) -> None:
        """End a generator that has more, and what ``async`` functions have left running."""
        self._done = True
        values, self._values = self._values, None
        try:
            if hasattr(values, "close"):
                values.close()
            elif hasattr(values, "aclose"):
                self._wait(values.aclose())
        finally:
            loop, self._loop = self._loop, None
            if loop is not None:
                _finish(loop)

    def _wait(self, awaitable: Any) -> Any:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()

        async def waiting() -> Any:
            return await awaitable

        return self._loop.run_until_complete(waiting())


def _finish(loop: asyncio.AbstractEventLoop) -> None:
    """As at the end of ``asyncio.run``."""
    try:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()


def hear(run: context.Run, message: tuple[Any, ...]) -> None:
    """Take up what a run in another process says. Callable from any thread."""
    kind, *rest = message
    if kind == "text":
        run.write(*rest)
    elif kind == "toast":
        run.toast(*rest)
    elif kind == "progress":
        run.reports.relay(*rest)
    elif kind == "record":
        record = logging.makeLogRecord(rest[0])
        with context.running(run):
            logging.getLogger(record.name).handle(record)


class Packed(NamedTuple):
    """An object of the user's in one piece, for executors that pickle what they are given."""

    data: bytes
    buffers: list[bytes]

    @classmethod
    def of(cls, value: Pickled) -> Packed:
        """Join the pieces of an object."""
        return cls(b"".join(value.pieces), [bytes(buffer) for buffer in value.buffers])

    def value(self, known: Known) -> Any:
        """The object."""
        with knowing(known):
            return pickle.loads(self.data, buffers=[bytearray(each) for each in self.buffers])


class Ran(NamedTuple):
    """What became of a call.

    Attributes:
        messages: what it said.
        value: what it returned; None when it raised.
        raised: what it raised.
    """

    messages: list[tuple[Any, ...]]
    value: Packed | None
    raised: Raised | None


def run_packed(order: tuple[Any, ...], packed: Packed) -> Ran:
    """Run a call in a process of some executor."""
    told = Order(*order)
    messages: list[tuple[Any, ...]] = []
    run = RemoteRun(messages.append, lambda: None, threading.Event(), told)
    known = Known()
    keep_sources(told.cells)
    with run.on():
        try:
            fn, args = packed.value(known)
            evaluation = Evaluation(fn, args, told.kind)
            try:
                with in_main(fn, args):
                    value = evaluation.step()
            finally:
                evaluation.close()
                if told.every_update:
                    messages.append(run.progress())
            try:
                data = Packed.of(dump(value, known, home=True))
            except Exception as error:  # noqa: BLE001 - a user's own __reduce__
                raise cannot_return(value, told.name, told.outputs, known, error) from None
        except BaseException as error:  # noqa: BLE001 - a function may raise anything
            return Ran(messages, None, Raised.of(error))
    return Ran(messages, data, None)
