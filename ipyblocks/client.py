"""Drive an app from Python: ``gr.Client(demo).predict(…)``.

A client is one more page of the app, with a session of its own: same wire, same engine, same queue.
"""

from __future__ import annotations

import logging
import mimetypes
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from . import endpoints
from .app import Blocks
from .codec import Packet, decode_to_page, encode
from .dependency import Dependency
from .errors import NotAvailableError
from .files import PrivateFolder, safe_name
from .job import AppError, Communicator, Job, ProgressUnit, Status, StatusUpdate
from .protocol import (
    Binary,
    Called,
    Cancel,
    Closed,
    Done,
    Failed,
    Json,
    Output,
    PageId,
    Progress,
    Queued,
    Refused,
    Started,
    Submit,
    TaskId,
    Toast,
    ToKernel,
    ToKernelFrame,
    ToPage,
)
from .runtime.session import Session

log = logging.getLogger("ipyblocks")


class Client:
    """An app, driven from Python, with a session of its own.

    Args:
        src: the app.
        download_files: False leaves files in results as dicts instead of paths.
        verbose, hf_token, max_workers, auth, headers, ssl_verify: of clients of served apps; a
            client
            in the kernel has nothing to log in to, and only ``verbose`` is taken.

    Raises:
        NotAvailableError: ``src`` is an address, or an argument needs a server.
    """

    def __init__(
        self,
        src: Blocks | str,
        hf_token: str | None = None,
        max_workers: int = 40,
        verbose: bool = True,
        auth: tuple[str, str] | None = None,
        *,
        headers: dict[str, str] | None = None,
        download_files: bool = True,
        ssl_verify: bool = True,
    ) -> None:
        if not isinstance(src, Blocks):
            raise NotAvailableError(
                f"Client({src!r:.60}): a client of a served app is not available yet; "
                "give the Blocks."
            )
        if hf_token or auth or headers or not ssl_verify:
            raise NotAvailableError(
                "hf_token, auth, headers and ssl_verify are for apps behind a server; this one is "
                "in the same kernel. Leave them out."
            )
        self.app = src
        self.verbose = verbose
        self._download = download_files
        self._files = PrivateFolder()
        self._lock = threading.Lock()
        # Calls that the kernel has not named a task for, by number, and those that it has.
        self._calls: dict[int, _Call] = {}
        self._tasks: dict[TaskId, _Call] = {}
        self._seq = self._seen = self._written = 0
        self._session = self._open()

    def _open(self) -> Session:
        # No hello: a client is not shown, so nothing loads and no timer ticks for it.
        self._closed = False
        session = self.app.opened(lambda engine: engine.open(self._take, paced=False))
        self._page = PageId(session.epoch + "c")
        return session

    # --- calls -----------------------------------------------------------------------------------

    def predict(
        self, *args: Any, api_name: str | None = None, fn_index: int | None = None, **kwargs: Any
    ) -> Any:
        """Call a function of the app and wait for its result. See :meth:`submit`.

        Raises:
            RuntimeError: called where nothing could run meanwhile: by an ``async`` handler, or
                where there are no threads. Write ``await client.submit(…)``.
        """
        Communicator(would_block=self._would_block).check_thread()
        return self.submit(*args, api_name=api_name, fn_index=fn_index, **kwargs).result()

    def submit(
        self,
        *args: Any,
        api_name: str | None = None,
        fn_index: int | None = None,
        result_callbacks: Callable[..., Any] | Sequence[Callable[..., Any]] | None = None,
        **kwargs: Any,
    ) -> Job:
        """Call a function of the app.

        Args:
            args, kwargs: its inputs, by place or by parameter name. State is not among them.
            api_name: ``"/name"``; may be left out when there is only one.
            fn_index: number of the function instead.
            result_callbacks: called with the result, one argument per output, when it is there.

        Raises:
            ValueError: no such function.
            TypeError: a value is missing, or one too many.
        """
        dependency = endpoints.endpoint(self.app, api_name, fn_index)
        data = endpoints.payloads(dependency, args, kwargs)
        future: Future[Any] = Future()
        call = _Call(future, Communicator())
        call.communicator.cancel = lambda: self._cancel(call)
        call.communicator.would_block = self._would_block
        job = Job(future, call.communicator, self.verbose)
        for callback in _as_tuple(result_callbacks):
            job.add_done_callback(partial(_call_back, callback, dependency))
        if not self._send(Submit(seq=0, call=0, dependency=dependency.id, data=data), call):
            call.fail(AppError("The app has been closed; reset_session() opens it again."))
        return job

    def _would_block(self) -> bool:
        return self._session.engine.thread.here

    def _cancel(self, call: _Call) -> None:
        with self._lock:
            call.cancel_wanted = True
            task = call.task
        if task is not None:
            self._send(Cancel(seq=0, task=task))

    def _send(self, message: Any, call: _Call | None = None) -> bool:
        """Send a message; a call is numbered as the message that asks for it. Returns whether
        there is an app to hear it.
        """
        with self._lock:
            if self._closed:
                return False
            self._seq += 1
            message = msgspec.structs.replace(message, seq=self._seq)
            if call is not None:
                message = msgspec.structs.replace(message, call=self._seq)
                self._calls[self._seq] = call
            self._transmit([message])
        return True

    def _transmit(self, messages: list[ToKernel]) -> None:
        frame = ToKernelFrame(page=self._page, ack=self._seen, last=self._seq, messages=messages)
        packet = encode(frame)
        self._session.receive(packet.content, packet.buffers)

    # --- from the kernel -------------------------------------------------------------------------

    def _take(self, packet: Packet) -> None:
        """On the loop's thread: note what has come and wake those who wait."""
        frame = decode_to_page(packet.content, packet.buffers)
        for message in frame.messages:
            self._seen = max(self._seen, message.seq)
            self._take_one(message)
        if frame.ask is True:
            with self._lock:
                self._transmit([])

    def _take_one(self, message: ToPage) -> None:
        match message:
            case Called():
                self._called(message)
            case Refused():
                self._refused(message)
            case Closed():
                self._lost()
            case Toast():
                for call in self._tasks.values():
                    call.note(Status.LOG, log=(message.message, message.level))
            case Queued() | Started() | Progress() | Output() | Done() | Failed():
                call_of = self._tasks.get(message.task)
                if call_of is not None:
                    self._apply(call_of, message)
            case _:
                pass

    def _called(self, message: Called) -> None:
        with self._lock:
            call = self._calls.pop(message.call)
            call.task = message.task
            self._tasks[message.task] = call
            wanted = call.cancel_wanted
        if wanted:
            self._cancel(call)

    def _refused(self, message: Refused) -> None:
        call = self._calls.pop(message.refused, None)
        if call is not None:
            call.fail(AppError(message.message))

    def _lost(self) -> None:
        with self._lock:
            self._closed = True
            calls = [*self._calls.values(), *self._tasks.values()]
            self._calls.clear()
            self._tasks.clear()
        for call in calls:
            call.fail(AppError("The app was closed before the call had ended."))

    def _apply(self, call: _Call, message: Any) -> None:
        match message:
            case Queued():
                call.note(
                    Status.IN_QUEUE,
                    rank=message.position,
                    queue_size=message.size,
                    eta=message.eta,
                )
            case Started():
                call.note(Status.PROCESSING)
            case Progress():
                units = [
                    ProgressUnit(u.index, u.length, u.unit, u.progress, u.desc)
                    for u in message.units
                ]
                call.note(Status.PROGRESS, progress_data=units)
            case Output():
                call.add(self._result(message.data))
            case Done():
                self._tasks.pop(message.task, None)
                call.finish()
            case Failed():
                self._tasks.pop(message.task, None)
                call.end_badly(message)

    def _result(self, data: list[Json]) -> Any:
        values = [self._value(value) for value in data]
        return values[0] if len(values) == 1 else tuple(values)

    def _value(self, value: Json) -> Any:
        if not isinstance(value, Binary) or not self._download:
            return value
        suffix = mimetypes.guess_extension(value.mime_type) or ""
        name = value.name or f"file{suffix}"
        # Numbered, because two results may have files of the same name.
        self._written += 1
        path = self._files.path() / str(self._written) / safe_name(name)
        path.parent.mkdir()
        path.write_bytes(value.data)
        return str(path)

    # --- the rest --------------------------------------------------------------------------------

    def view_api(
        self,
        all_endpoints: bool | None = None,
        print_info: bool = True,
        return_format: str | None = None,
    ) -> dict[str, Any] | str | None:
        """The functions that can be called, with their parameters and results.

        Args:
            all_endpoints: also those that are not documented.
            print_info: print them.
            return_format: ``"dict"`` or ``"str"`` returns them; None returns nothing.
        """
        listed = [
            d
            for d in self.app.dependencies.values()
            if d.api_name is not None and (d.documented or all_endpoints)
        ]
        if return_format == "dict":
            return {"named_endpoints": {f"/{d.api_name}": endpoints.described(d) for d in listed}}
        text = "\n".join(endpoints.line(d) for d in listed) or "No functions can be called."
        if return_format == "str":
            return text
        if print_info:
            print(text)
        return None

    def reset_session(self) -> None:
        """Forget the session, its State and what is on its way, and begin a new one."""
        self._end_session()
        self._seq = self._seen = 0
        self._session = self._open()

    def close(self) -> None:
        """End the session and delete the files of its results. Calls on their way fail."""
        self._end_session()
        self._files.close()

    def _end_session(self) -> None:
        session = self._session
        if not self._closed:
            session.engine.end(session)


@dataclass
class _Call:
    """One call: whom it must answer, and which task it has become."""

    future: Future[Any]
    communicator: Communicator
    task: TaskId | None = None
    cancel_wanted: bool = False

    def note(self, code: Status, **known: Any) -> None:
        """Something is known of it."""
        talk = self.communicator
        with talk.condition:
            talk.status = StatusUpdate(code, time=time.time(), **known)
            talk.changed()

    def add(self, output: Any) -> None:
        """It has yielded or returned."""
        with self.communicator.condition:
            self.communicator.outputs.append(output)
        self.note(Status.ITERATING)

    def finish(self) -> None:
        """It has ended well."""
        outputs = self.communicator.outputs
        if not outputs:
            self.communicator.outputs.append(None)
        self._end(lambda: self.future.set_result(self.communicator.outputs[-1]))

    def end_badly(self, message: Failed) -> None:
        """It has failed or was cancelled."""
        if message.code == "cancelled":
            self._end(self._cancel_future)
        else:
            self.fail(AppError(message.message))

    def fail(self, error: Exception) -> None:
        """It has ended with an error."""
        self._end(lambda: self.future.set_exception(error))

    def _cancel_future(self) -> None:
        self.future.cancel()
        self.future.set_running_or_notify_cancel()  # wakes those who wait for several

    def _end(self, settle: Callable[[], Any]) -> None:
        settle()
        with self.communicator.condition:
            self.communicator.ended = True
            self.communicator.changed()


def _as_tuple(given: Any) -> tuple[Callable[..., Any], ...]:
    if given is None:
        return ()
    return (given,) if callable(given) else tuple(given)


def _call_back(fn: Callable[..., Any], dependency: Dependency, done: Future[Any]) -> None:
    if done.cancelled() or done.exception() is not None:
        return
    result = done.result()
    several = len([b for b in dependency.outputs if b.on_page]) > 1
    try:
        fn(*result) if several else fn(result)
    except Exception:
        log.exception("A result callback raised.")
