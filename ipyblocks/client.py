"""Drive an app from Python: ``gr.Client(demo).predict(…)``.

A client is one more page of the app, with a session of its own: same wire, same engine, same queue.
"""

from __future__ import annotations

import inspect
import logging
import mimetypes
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from .app import Blocks
from .block import Block
from .codec import Packet, decode_to_page, encode
from .component import Component
from .errors import NotAvailableError
from .events import Dependency
from .files import PrivateFolder, safe_name
from .job import AppError, Communicator, Job, ProgressUnit, Status, StatusUpdate
from .protocol import (
    PROTOCOL,
    Binary,
    Called,
    Cancel,
    Closed,
    Done,
    Failed,
    Hello,
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
        self._calls: dict[int, _Call] = {}
        self._tasks: dict[TaskId, _Call] = {}
        self._next_call = self._seq = self._seen = self._written = 0
        self._session = self._open()

    def _open(self) -> Session:
        session = self.app.running_engine().open(self._take)
        self._page = PageId(session.epoch + "c")
        self._current = session
        self._send(Hello(seq=0, protocol=PROTOCOL, epoch=session.epoch, seen=0))
        return session

    # --- calls -----------------------------------------------------------------------------------

    def predict(
        self, *args: Any, api_name: str | None = None, fn_index: int | None = None, **kwargs: Any
    ) -> Any:
        """Call a function of the app and wait for its result. See :meth:`submit`."""
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
        dependency = self._dependency(api_name, fn_index)
        data = self._payloads(dependency, args, kwargs)
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            self._next_call += 1
            number = self._next_call
            call = _Call(dependency, future, Communicator())
            call.communicator.cancel = lambda: self._cancel(call)
            self._calls[number] = call
        for callback in _as_tuple(result_callbacks):
            future.add_done_callback(partial(_call_back, callback, dependency))
        self._send(Submit(seq=0, call=number, dependency=dependency.id, data=data))
        return Job(future, call.communicator, self.verbose)

    def _dependency(self, api_name: str | None, fn_index: int | None) -> Dependency:
        known = {d.api_name: d for d in self.app.dependencies.values() if d.api_name is not None}
        if fn_index is not None:
            if fn_index not in self.app.dependencies:
                raise ValueError(f"There is no function {fn_index}.")
            return self.app.dependencies[fn_index]
        if api_name is not None:
            found = known.get(api_name.lstrip("/")) if api_name.startswith("/") else None
            if found is None:
                raise ValueError(
                    f"Cannot find a function with `api_name`: {api_name}. There are: "
                    f"{', '.join('/' + str(name) for name in known) or 'none'}."
                )
            return found
        documented = [d for d in known.values() if d.documented]
        if len(documented) != 1:
            raise ValueError("This app has several functions; name one by api_name or fn_index.")
        return documented[0]

    def _payloads(
        self, dependency: Dependency, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Json]:
        names = parameter_names(dependency)
        if len(args) > len(names):
            raise TypeError(f"{dependency.name!r} takes {len(names)} values, got {len(args)}.")
        given = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name not in names:
                raise TypeError(
                    f"{dependency.name!r} has no parameter {name!r}; it has {', '.join(names)}."
                )
            if name in given:
                raise TypeError(f"The parameter {name!r} was given twice.")
            given[name] = value
        return [
            self._payload(component, name, given)
            for name, component in zip(names, called_inputs(dependency), strict=True)
        ]

    def _payload(self, component: Component, name: str, given: dict[str, Any]) -> Json:
        if name in given:
            return component.postprocess(given[name])
        payload = component.initial_payload()
        if payload is None:
            raise TypeError(f"No value provided for required argument: {name}")
        return payload

    def _cancel(self, call: _Call) -> None:
        with self._lock:
            call.cancel_wanted = True
            task = call.task
        if task is not None:
            self._send(Cancel(seq=0, task=task))

    def _send(self, message: Any) -> None:
        with self._lock:
            self._seq += 1
            numbered = msgspec.structs.replace(message, seq=self._seq)
            frame = ToKernelFrame(page=self._page, ack=self._seen, messages=[numbered])
            packet = encode(frame)
            self._current.receive(packet.content, packet.buffers)

    # --- from the kernel -------------------------------------------------------------------------

    def _take(self, packet: Packet) -> None:
        """On the loop's thread: note what has come and wake those who wait."""
        for message in decode_to_page(packet.content, packet.buffers).messages:
            self._seen = max(self._seen, message.seq)
            self._take_one(message)

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
        call = self._calls.get(message.call)
        if call is None:
            return
        with self._lock:
            call.task = message.task
            wanted = call.cancel_wanted
        self._tasks[message.task] = call
        if wanted:
            self._cancel(call)

    def _refused(self, message: Refused) -> None:
        waiting = [c for c in self._calls.values() if c.task is None and not c.future.done()]
        if waiting:
            waiting[0].fail(AppError(message.message))

    def _lost(self) -> None:
        for call in [*self._calls.values()]:
            if not call.future.done():
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
            return {"named_endpoints": {f"/{d.api_name}": _described(d) for d in listed}}
        text = "\n".join(_line(d) for d in listed) or "No functions can be called."
        if return_format == "str":
            return text
        if print_info:
            print(text)
        return None

    def reset_session(self) -> None:
        """Forget the session, its State and what is on its way, and begin a new one."""
        self.close()
        self._seq = self._seen = 0
        self._session = self._open()

    def close(self) -> None:
        """End the session. Calls on their way fail."""
        session = self._session
        session.engine.thread.call(lambda: session.engine.close(session))
        self._files.close()


@dataclass
class _Call:
    """One call: what it is of, and whom it must answer."""

    dependency: Dependency
    future: Future[Any]
    communicator: Communicator
    task: TaskId | None = None
    cancel_wanted: bool = False

    def note(self, code: Status, **known: Any) -> None:
        """Something is known of it."""
        talk = self.communicator
        with talk.condition:
            talk.status = StatusUpdate(code, time=time.time(), **known)
            talk.condition.notify_all()

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
            self._end(lambda: _set_cancelled(self.future))
        else:
            self.fail(AppError(message.message))

    def fail(self, error: Exception) -> None:
        """It has ended with an error."""
        self._end(lambda: self.future.set_exception(error))

    def _end(self, settle: Callable[[], Any]) -> None:
        settle()
        with self.communicator.condition:
            self.communicator.ended = True
            self.communicator.condition.notify_all()


def _set_cancelled(future: Future[Any]) -> None:
    # ``Future.cancel`` refuses a running future, and one that waits in the kernel counts as
    # running.
    future.set_exception(CancelledError())
    future.cancelled = lambda: True  # type: ignore[method-assign]


def called_inputs(dependency: Dependency) -> list[Component]:
    """Inputs that a caller gives: all but State."""
    return [component for component in dependency.inputs if not component.stateful]


def parameter_names(dependency: Dependency) -> list[str]:
    """Names of the inputs that a caller gives: the function's own, else ``param_0``,
    ``param_1``, …
    """
    assert dependency.fn is not None
    try:
        parameters = list(inspect.signature(dependency.fn).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    injected = {place for place, _ in dependency.injected}
    own = [p.name for i, p in enumerate(parameters) if i not in injected]
    return [
        own[i] if i < len(own) and not dependency.inputs_as_dict else f"param_{i}"
        for i, component in enumerate(dependency.inputs)
        if not component.stateful
    ]


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


def _described(dependency: Dependency) -> dict[str, Any]:
    return {
        "parameters": [
            {"parameter_name": name, "component": type(c).__name__, "label": c.label or name}
            for name, c in zip(parameter_names(dependency), called_inputs(dependency), strict=True)
        ],
        "returns": [_returned(block) for block in dependency.outputs if block.on_page],
    }


def _returned(block: Block) -> dict[str, Any]:
    return {"component": type(block).__name__, "label": getattr(block, "label", None)}


def _line(dependency: Dependency) -> str:
    described = _described(dependency)
    inputs = ", ".join(p["parameter_name"] for p in described["parameters"])
    outputs = ", ".join(r["component"] for r in described["returns"]) or "None"
    name = f"/{dependency.api_name}"
    return f" - predict({inputs}{', ' if inputs else ''}api_name={name!r}) -> {outputs}"
