"""The life of a worker process: a call at a time, until the kernel goes.

The main thread runs functions and reads what the kernel sends. Another writes, so that an
interrupt never cuts a message in two; a third notices that the kernel has gone.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Any

from ..reports import INTERVAL
from .base import END
from .modules import Imported, in_main
from .pickling import Known, cannot_return, dump, keep_sources, knowing
from .raised import Raised
from .remote import Evaluation, Order, RemoteRun
from .wire import Frame, Pickled, Pipes

LAST_WORDS = 2.0
"""Seconds that a function has to clean up when the kernel has gone."""

_BATCH = 0.005
"""Seconds between two messages about progress when every report is wanted: many go together."""

_AHEAD = 1000
"""Messages that may wait to be sent; a function that says more waits itself."""


class Mouth:
    """Says things to the kernel, on a thread of its own. Callable from any thread.

    Messages keep their order. Progress is fetched when it is sent: at most every 50 ms, or
    every 5 ms when every report is wanted.
    """

    def __init__(self, pipes: Pipes) -> None:
        self._pipes = pipes
        # No lock of ours: an interrupt may come anywhere in a thread that speaks.
        self._queue: queue.SimpleQueue[tuple[Any, Pickled | None]] = queue.SimpleQueue()
        self._ahead: deque[tuple[Any, Pickled | None]] = deque()
        self._room = threading.Event()
        self._wanted: RemoteRun | None = None
        self._told_at = -INTERVAL
        self._own: list[tuple[Any, Pickled | None]] = []
        self._thread = threading.Thread(target=self._send, name="ipyblocks-mouth", daemon=True)
        self._thread.start()

    def say(self, message: tuple[Any, ...], value: Pickled | None = None) -> None:
        """Send a message soon."""
        if threading.get_ident() == self._thread.ident:
            # A warning about progress that is being fetched: nobody else would make room for it.
            self._own.append((message, value))
            return
        while self._queue.qsize() > _AHEAD:
            self._room.clear()
            if self._queue.qsize() > _AHEAD:
                self._room.wait()
        self._queue.put((message, value))

    def say_first(self, message: tuple[Any, ...]) -> None:
        """Send a message now; returns when it is on its way."""
        self._queue.put((message, None))
        self.settle()

    def settle(self) -> None:
        """Send what there is, also about progress; returns when that has been fetched."""
        settled = threading.Event()
        self._queue.put((settled, None))
        settled.wait()

    def wants(self, run: RemoteRun) -> None:
        """Progress of a run is to be fetched and sent."""
        self._queue.put((run, None))

    def _send(self) -> None:
        # What is sent fails only when the kernel has gone, and then the lifeline ends us.
        with contextlib.suppress(OSError):
            while True:
                for message, value in self._next():
                    self._pipes.send(message, value)

    def _next(self) -> list[tuple[Any, Pickled | None]]:
        """What to send now. Waits."""
        due = self._due()
        try:
            message, value = self._get(due)
        except queue.Empty:
            return self._progress()
        if isinstance(message, RemoteRun):
            self._wanted = message
            return []
        if isinstance(message, threading.Event):
            told = self._progress()
            message.set()
            return told
        if message[0] == "text":
            return [(self._joined(message), None)]
        if message[0] in ("end", "raised"):
            self._wanted = None  # of a run that was stopped, nobody wants to know
        return [(message, value)]

    def _due(self) -> float | None:
        """Seconds until progress is to be sent; None: it is not."""
        if self._wanted is None:
            return None
        interval = _BATCH if self._wanted.reports.every else INTERVAL
        return self._told_at + interval - time.monotonic()

    def _get(self, timeout: float | None) -> tuple[Any, Pickled | None]:
        if self._ahead:
            return self._ahead.popleft()
        found = self._queue.get(timeout=None if timeout is None else max(0.0, timeout))
        self._room.set()
        return found

    def _joined(self, message: tuple[Any, ...]) -> tuple[Any, ...]:
        """With the text that comes next: ``print`` says its line and the end of it apart."""
        kind, stream, text = message
        texts = [text]
        with contextlib.suppress(queue.Empty):
            while len(texts) < _AHEAD:
                more, value = self._queue.get_nowait()
                self._room.set()
                if not isinstance(more, tuple) or more[:2] != (kind, stream):
                    self._ahead.append((more, value))
                    break
                texts.append(more[2])
        return kind, stream, "".join(texts)

    def _progress(self) -> list[tuple[Any, Pickled | None]]:
        run, self._wanted = self._wanted, None
        if run is None:
            return []
        self._told_at = time.monotonic()
        message = run.progress()
        own, self._own = self._own, []
        return [*own, (message, None)]


class Worker:
    """One worker process.

    Args:
        pipes: to the kernel.
        lifeline: a file descriptor that is readable when the kernel has gone, or says which call is
            to stop.
    """

    def __init__(self, pipes: Pipes, lifeline: int) -> None:
        self._pipes = pipes
        self._lifeline = lifeline
        self._mouth = Mouth(pipes)
        self._imported = Imported()
        self._number = 0
        self._stop = threading.Event()
        self._armed = False
        self._worn = False

    def live(self) -> None:
        """Take calls until the kernel closes the pipe."""
        signal.signal(signal.SIGINT, self._interrupted)
        threading.Thread(target=self._watch, name="ipyblocks-lifeline", daemon=True).start()
        self._mouth.say(("ready",))
        with contextlib.suppress(EOFError, OSError):
            while True:
                frame = self._pipes.receive()
                if frame.envelope[0] != "call":
                    continue
                if self._imported.is_outdated:
                    self._pipes.close()  # and the kernel gives the call to a new worker
                    return
                began = time.time()
                self._serve(frame)
                self._imported.note(began)

    def _interrupted(self, _: int, frame: FrameType | None) -> None:
        self._stop.set()
        if self._armed:
            self._worn = _is_importing(frame)
            self._armed = False  # once: what it cleans up is left alone
            raise KeyboardInterrupt

    def _watch(self) -> None:
        with contextlib.suppress(OSError):
            while said := os.read(self._lifeline, 8):
                if int.from_bytes(said, "little") == self._number:
                    self._stop.set()
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            time.sleep(LAST_WORDS)
        os._exit(0)

    # --- one call --------------------------------------------------------------------------------

    def _serve(self, frame: Frame) -> None:
        order = Order(*frame.envelope[1:])
        self._stop.clear()
        self._number = order.number
        signal.signal(signal.SIGINT, self._interrupted)  # a former function may have set its own
        # From here on it may be told to stop, and must not be called a second time.
        self._mouth.say_first(("begun",))
        run = RemoteRun(self._mouth.say, lambda: self._mouth.wants(run), self._stop, order)
        threads = threading.active_count()
        order.setting.apply()
        keep_sources(order.cells)
        known = Known()
        with run.on(), knowing(known):
            try:
                fn, args = frame.take()
            except BaseException as unknown:  # noqa: BLE001 - a user's module may raise anything
                self._mouth.say(("unknown", Raised.of(unknown)))
                return
            with in_main(fn, args):
                error = self._values(Evaluation(fn, args, order.kind), order, known, run)
            self._tell_progress(run)
            del fn, args
            _close_figures()
        if self._stop.is_set():
            worn = self._worn or threading.active_count() > threads
            self._mouth.say(("end", worn))
        else:
            self._mouth.say(("end", False) if error is None else ("raised", Raised.of(error)))

    def _values(
        self, evaluation: Evaluation, order: Order, known: Known, run: RemoteRun
    ) -> BaseException | None:
        """Send what the function gives; what it raises is returned."""
        try:
            try:
                self._hand_over(evaluation, order, known, run)
            finally:
                self._run(evaluation.close)
        except BaseException as error:  # noqa: BLE001 - a function may raise anything
            return error
        return None

    def _hand_over(
        self, evaluation: Evaluation, order: Order, known: Known, run: RemoteRun
    ) -> None:
        while True:
            value = self._run(evaluation.step, asked=True)
            if value is END or self._stop.is_set():
                return
            try:
                data = dump(value, known, home=True)
            except Exception as error:  # noqa: BLE001 - a user's own __reduce__
                raise cannot_return(value, order.name, order.outputs, known, error) from None
            self._tell_progress(run)
            self._mouth.say(("value",), data)
            if order.kind in ("plain", "async") or self._pipes.receive().envelope[0] == "close":
                return

    def _tell_progress(self, run: RemoteRun) -> None:
        """The last word about progress, which goes before a value and before the end."""
        if run.reports.unfetched:
            self._mouth.settle()

    def _run(self, fn: Callable[[], Any], asked: bool = False) -> Any:
        """Call something of the user's, which an interrupt may stop.

        Args:
            asked: do not call it when the call has been cancelled already.
        """
        try:
            self._armed = True
            if asked and self._stop.is_set():
                raise KeyboardInterrupt
            return fn()
        finally:
            self._armed = False


def _is_importing(frame: FrameType | None) -> bool:
    """Whether something is being imported: some modules cannot be imported a second time."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _close_figures() -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")


def main(reading: int, writing: int, lifeline: int) -> None:
    """Be a worker.

    Args:
        reading, writing, lifeline: file descriptors; see :class:`Worker`.
    """
    pipes = Pipes(reading, writing)

    def let_go() -> None:
        # A process that a function forks must not keep the kernel waiting for this one.
        pipes.close()
        with contextlib.suppress(OSError):
            os.close(lifeline)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=let_go)
    Worker(pipes, lifeline).live()
