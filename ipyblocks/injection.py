"""Parameters that handlers receive beside their inputs: what happened, recognised by annotation."""

from __future__ import annotations

import inspect
import typing
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from . import files
from .progress import Progress, Reports
from .protocol import Binary
from .request import Request

if TYPE_CHECKING:
    from .block import Block

__all__ = [
    "CopyData",
    "DeletedFileData",
    "DownloadData",
    "EditData",
    "EventData",
    "KeyUpData",
    "LikeData",
    "RetryData",
    "SelectData",
    "UndoData",
]


class EventData:
    """What happened, for a handler with a parameter annotated ``gr.EventData``.

    Attributes:
        target: the component the event came from; None for `load`.
    """

    payload: type[msgspec.Struct] | None = None

    def __init__(self, target: Block | None, _data: Any) -> None:
        self.target = target
        self._data = _data

    def __getattr__(self, name: str) -> Any:
        data = self.__dict__.get("_data")
        if isinstance(data, dict) and name in data:
            return data[name]
        raise AttributeError(f"{type(self).__name__} has no {name!r}; this event does not send it.")


class SelectPayload(msgspec.Struct, rename="camel"):
    """Payload of ``select``."""

    index: int | list[int] | None
    value: Any
    selected: bool = True


class SelectData(EventData):
    """What was selected.

    Attributes:
        index: position of the choice, or ``[start, end]`` of selected text.
        value: the choice or the text.
        selected: False when it was taken out of the selection.
    """

    payload = SelectPayload

    def __init__(self, target: Block | None, data: Any) -> None:
        super().__init__(target, data)
        fields = data if isinstance(data, dict) else {}
        self.index: int | list[int] | None = fields.get("index")
        self.value: Any = fields.get("value")
        self.selected: bool = fields.get("selected", True)


class KeyUpPayload(msgspec.Struct, rename="camel"):
    """Payload of ``key_up``."""

    key: str
    input_value: str


class KeyUpData(EventData):
    """Which key was released.

    Attributes:
        key: the key, as ``KeyboardEvent.key``.
        input_value: text in the field after it.
    """

    payload = KeyUpPayload

    def __init__(self, target: Block | None, data: Any) -> None:
        super().__init__(target, data)
        fields = data if isinstance(data, dict) else {}
        self.key: str = fields.get("key", "")
        self.input_value: str = fields.get("inputValue", "")


class LikePayload(msgspec.Struct, rename="camel"):
    """Payload of ``like``."""

    index: int | list[int]
    value: Any
    liked: bool | str = True


class LikeData(EventData):
    """Which message was liked or disliked.

    Attributes:
        index: position of the message; of one in a table, ``[row, column]``.
        value: its content.
        liked: True or False, or the words of another kind of feedback.
    """

    payload = LikePayload

    def __init__(self, target: Block | None, data: Any) -> None:
        super().__init__(target, data)
        fields = data if isinstance(data, dict) else {}
        self.index: int | list[int] | None = fields.get("index")
        self.value: Any = fields.get("value")
        self.liked: bool | str = fields.get("liked", True)


class MessagePayload(msgspec.Struct, rename="camel"):
    """Payload of ``retry`` and ``undo``."""

    index: int | list[int]
    value: Any


class _MessageData(EventData):
    payload = MessagePayload

    def __init__(self, target: Block | None, data: Any) -> None:
        super().__init__(target, data)
        fields = data if isinstance(data, dict) else {}
        self.index: int | list[int] | None = fields.get("index")
        self.value: Any = fields.get("value")


class RetryData(_MessageData):
    """Which message is to be answered once more.

    Attributes:
        index: position of the person's message.
        value: its content.
    """


class UndoData(_MessageData):
    """Which message is to be taken back.

    Attributes:
        index: position of the person's message.
        value: its content.
    """


class EditPayload(msgspec.Struct, rename="camel"):
    """Payload of ``edit``."""

    index: int | list[int]
    previous_value: Any
    value: Any


class EditData(EventData):
    """What was edited.

    Attributes:
        index: position of the message or cell.
        previous_value: its content before.
        value: its content now.
    """

    payload = EditPayload

    def __init__(self, target: Block | None, data: Any) -> None:
        super().__init__(target, data)
        fields = data if isinstance(data, dict) else {}
        self.index: int | list[int] | None = fields.get("index")
        self.previous_value: Any = fields.get("previousValue")
        self.value: Any = fields.get("value")


class CopyPayload(msgspec.Struct, rename="camel"):
    """Payload of ``copy``."""

    value: Any


class CopyData(EventData):
    """What was copied.

    Attributes:
        value: what is on the clipboard now.
    """

    payload = CopyPayload

    def __init__(self, target: Block | None, data: Any) -> None:
        super().__init__(target, data)
        self.value: Any = data.get("value") if isinstance(data, dict) else None


@dataclass(frozen=True)
class FileData:
    """A file that an event is about.

    Attributes:
        path: where functions find it; removed with the session.
        orig_name: as the person's computer, or the function that showed it, called it.
        size: in bytes.
    """

    path: str
    orig_name: str
    mime_type: str
    size: int


class FilePayload(msgspec.Struct, rename="camel"):
    """Payload of ``delete`` and ``download``: the file as it stands in the component's value."""

    file: Binary


class _FileEventData(EventData):
    payload = FilePayload

    file: FileData

    def __init__(self, target: Block | None, data: Any) -> None:
        super().__init__(target, data)
        file = data.get("file") if isinstance(data, dict) else None
        if isinstance(file, Binary):
            path = str(files.current().keep_file(file))
            self.file = FileData(path, file.name or "file", file.mime_type, file.size)


class DeletedFileData(_FileEventData):
    """Which file the person removed.

    Attributes:
        file: it, with ``path``, ``orig_name``, ``mime_type`` and ``size``.
    """


class DownloadData(_FileEventData):
    """Which file the person downloaded.

    Attributes:
        file: it, with ``path``, ``orig_name``, ``mime_type`` and ``size``.
    """


class Injection(NamedTuple):
    """One injected parameter.

    Attributes:
        position: its place among the positional ones.
        what: what goes there.
        before: defaults of the parameters before it, for those that get no input.
    """

    position: int
    what: type[EventData] | type[Request] | Progress
    before: tuple[Any, ...] = ()


class Happening(NamedTuple):
    """What injected parameters are made from.

    Attributes:
        target: the component the event came from; None for `load` and links of a chain.
        data: payload of the event.
        session_hash: names the session.
        reports: takes what the run says about its progress.
    """

    target: Block | None
    data: Any
    session_hash: str
    reports: Reports


def injections(fn: Callable[..., Any]) -> tuple[Injection, ...]:
    """Parameters of ``fn`` that are filled by the engine, in order of position."""
    found = []
    before: tuple[Any, ...] = ()
    for position, (name, parameter) in enumerate(_positional(fn).items()):
        what = _wanted(_annotation(fn, name, parameter), parameter.default)
        if what is not None:
            found.append(Injection(position, what, before))
        before += (None if parameter.default is parameter.empty else parameter.default,)
    return tuple(found)


def _wanted(annotation: Any, default: Any) -> type[EventData] | type[Request] | Progress | None:
    if isinstance(default, Progress):
        return default
    for each in _alternatives(annotation):
        if isinstance(each, type) and issubclass(each, (EventData, Request)):
            return each
    return None


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    """``Request | None`` → its parts."""
    return typing.get_args(annotation) or (annotation,)


def arguments(
    inputs: list[Any], injected: tuple[Injection, ...], happening: Happening
) -> list[Any]:
    """Inputs with the injected ones put at their places."""
    for position, what, before in injected:
        inputs += before[len(inputs) :]
        inputs.insert(position, _made(what, happening))
    return inputs


def _made(what: type[EventData] | type[Request] | Progress, happening: Happening) -> Any:
    if isinstance(what, Progress):
        return what.bound(happening.reports)
    if issubclass(what, Request):
        return what(happening.session_hash)
    return what(happening.target, happening.data)


def warn_on_mismatch(fn: Callable[..., Any], count: int, injected: tuple[Injection, ...]) -> None:
    """Warn, and no more, when ``fn`` cannot take ``count`` inputs: the page may still be useful."""
    parameters = list(_positional(fn).values())
    own = [p for i, p in enumerate(parameters) if i not in {each.position for each in injected}]
    if any(p.kind is p.VAR_POSITIONAL for p in own) or (not parameters and not _inspectable(fn)):
        return
    required = sum(p.default is p.empty for p in own)
    if not required <= count <= len(own):
        expected = str(required) if required == len(own) else f"{required} to {len(own)}"
        name = getattr(fn, "__name__", type(fn).__name__)
        warnings.warn(
            f"Expected {expected} arguments for function {name!r}, received {count}.",
            UserWarning,
            stacklevel=4,
        )


def _inspectable(fn: Callable[..., Any]) -> bool:
    try:
        inspect.signature(fn)
    except (TypeError, ValueError):
        return False
    return True


def _positional(fn: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        parameters = inspect.signature(fn).parameters
    except (TypeError, ValueError):  # built-ins without a signature
        return {}
    kinds = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    )
    return {name: p for name, p in parameters.items() if p.kind in kinds}


def _annotation(fn: Callable[..., Any], name: str, parameter: inspect.Parameter) -> Any:
    if not isinstance(parameter.annotation, str):
        return parameter.annotation
    # ``from __future__ import annotations``; a name that does not resolve is somebody else's.
    try:
        return typing.get_type_hints(inspect.unwrap(fn)).get(name)
    except Exception:  # noqa: BLE001 - evaluates annotations written by users
        return None
