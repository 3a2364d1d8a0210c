"""Frames to and from what a comm carries: plain JSON values and a list of buffers.

JSON cannot say everything Python and JavaScript values can. Inside a value these stand for the
rest:

* ``{"$buffer": 0, "mimeType": …}``: a :class:`~ipyblocks.protocol.Binary`; its bytes are
  ``buffers[0]``.
* ``{"$blob": 5, "size": …, "mimeType": …}``: bytes too many for one message, which the page asks
  for piece by piece (:class:`~ipyblocks.protocol.Fetch`).
* ``{"$upload": 3}``: a file that the page has sent before, by its number; page to kernel only.
* ``{"$number": "NaN"}``: ``NaN``, ``Infinity`` or ``-Infinity``.
* ``{"$int": "9007199254740993"}``: an integer beyond ±(2**53 - 1), which JavaScript would round.
* ``{"$$x": …}``: a dict of the user's with a key that starts with ``$``; one ``$`` is added.

Lone surrogates have no UTF-8 form; they become U+FFFD, as the web platform's ``toWellFormed`` does.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import msgspec
from msgspec import UNSET

from .protocol import (
    Binary,
    BlobId,
    BlobReference,
    ToKernelFrame,
    ToPageFrame,
    UploadId,
    UploadReference,
    Wire,
)

MAX_SAFE_INTEGER = 2**53 - 1
MAX_DEPTH = 200
MAX_PAGE_ID = 100
"""Characters in the name that a page gives itself; it is remembered, and told with every frame."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_NAMED_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


class Packet(NamedTuple):
    """One comm message: ``content`` is JSON, ``buffers`` are what it refers to."""

    content: dict[str, Any]
    buffers: list[bytes]


Refer: TypeAlias = Callable[[Binary], BlobReference | None]
"""Says what stands for bytes that do not go with the message itself; None: they go with it."""


class _Buffers(list[bytes]):
    """Buffers of one packet, and what decides which bytes go among them."""

    refer: Refer | None = None


class WireError(ValueError):
    """A message or value that the wire cannot carry; says where and why."""


def encode(frame: ToPageFrame | ToKernelFrame, refer: Refer | None = None) -> Packet:
    """Turn a frame into a packet.

    Args:
        refer: asked about every :class:`Binary`; without it, all of them are in the packet.

    Raises:
        WireError: a value inside is of a type that JSON has no form for (names the path).
    """
    buffers = _Buffers()
    buffers.refer = refer
    return Packet(pack(frame, buffers, "frame"), buffers)


def decode_to_kernel(content: object, buffers: Sequence[Any] = ()) -> ToKernelFrame:
    """Check and convert what a page sent.

    Raises:
        WireError: wrong shape (with msgspec's path), unknown type, a reference to a missing
            buffer, or a page's name that is too long.
    """
    try:
        frame = msgspec.convert(unpack(content, buffers), ToKernelFrame)
    except msgspec.ValidationError as error:
        raise WireError(str(error)) from None
    if len(frame.page) > MAX_PAGE_ID:
        raise WireError(
            f"A page's name has {len(frame.page)} characters; at most {MAX_PAGE_ID} are allowed."
        )
    return frame


def decode_to_page(content: object, buffers: Sequence[Any] = ()) -> ToPageFrame:
    """The twin of :func:`decode_to_kernel`, for clients and tests written in Python."""
    try:
        return msgspec.convert(unpack(content, buffers), ToPageFrame)
    except msgspec.ValidationError as error:
        raise WireError(str(error)) from None


def pack(value: Any, buffers: list[bytes], path: str = "$") -> Any:
    """Replace what JSON cannot say; bytes of binaries are appended to ``buffers``.

    Raises:
        WireError: a type that has no wire form, a dict key that is no string, or nesting over 200
            deep; names the place, from ``path`` on.
    """
    try:
        return _pack(value, buffers, 0)
    except _Unpackable as error:
        raise WireError(f"{path}{''.join(reversed(error.trail))}: {error.problem}") from None


def check(value: Any, path: str = "$") -> None:
    """Raise what :func:`pack` would; reads no bytes of binaries.

    Raises:
        WireError: see :func:`pack`.
    """
    buffers = _Buffers()
    buffers.refer = _any_reference
    pack(value, buffers, path)


def measure(value: Any) -> int:
    """Characters that a value takes as JSON, with its binaries as base64. Reads no bytes of them.

    Raises:
        WireError: see :func:`pack`.
    """
    sizes: list[int] = []

    def count(binary: Binary) -> BlobReference:
        sizes.append(binary.size)
        return _any_reference(binary)

    buffers = _Buffers()
    buffers.refer = count
    packed = pack(value, buffers)
    return len(json.dumps(packed)) + sum((size + 2) // 3 * 4 for size in sizes)


def _any_reference(binary: Binary) -> BlobReference:
    return BlobReference(blob=BlobId(0), size=binary.size, mime_type=binary.mime_type)


class _Unpackable(Exception):
    """A value that cannot be packed. The trail to it is noted on the way out, from inside."""

    def __init__(self, problem: str) -> None:
        self.problem = problem
        self.trail: list[str] = []


def _pack(value: Any, buffers: list[bytes], depth: int) -> Any:
    # Exact types first: nearly every value is one of them and isinstance is slower.
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return _well_formed(value)
    if kind is int:
        return value if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER else {"$int": str(value)}
    if kind is float:
        return value if math.isfinite(value) else {"$number": _number_name(value)}
    if depth > MAX_DEPTH:
        raise _Unpackable(f"nested more than {MAX_DEPTH} levels deep, or refers to itself.")
    if kind is dict:
        return _pack_dict(value, buffers, depth)
    if kind is list or kind is tuple:
        return _pack_list(value, buffers, depth)
    if kind is UploadReference:
        return {"$upload": value.upload}
    if kind is Binary:
        refer = buffers.refer if isinstance(buffers, _Buffers) else None
        reference = None if refer is None else refer(value)
        if reference is not None:
            return _blob_reference(reference)
        buffers.append(value.data)
        return _binary_reference(value, len(buffers) - 1)
    if kind is BlobReference:
        return _blob_reference(value)
    if isinstance(value, Wire):
        return _pack_struct(value, buffers, depth)
    return _pack_subclass(value, buffers, depth)


def unpack(value: Any, buffers: Sequence[Any]) -> Any:
    """The inverse of :func:`pack`.

    Raises:
        WireError: a malformed ``$`` form, a missing buffer, or nesting over 200 deep.
    """
    return _unpack(value, buffers, 0)


def _unpack(value: Any, buffers: Sequence[Any], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise WireError(f"The message is nested more than {MAX_DEPTH} levels deep.")
    if isinstance(value, str):
        return _well_formed(value)
    if isinstance(value, list):
        return [_unpack(item, buffers, depth + 1) for item in value]
    if not isinstance(value, dict):
        return value
    if "$buffer" in value:
        return _binary(value, buffers)
    if "$number" in value:
        return _lookup_number(value["$number"])
    if "$int" in value:
        return _parse_int(value["$int"])
    if "$upload" in value:
        return _upload(value["$upload"])
    if "$blob" in value:
        return _blob(value)
    return {
        _well_formed(key[1:] if key.startswith("$$") else key): _unpack(item, buffers, depth + 1)
        for key, item in value.items()
    }


def _well_formed(text: str) -> str:
    # ``isascii`` is O(1); only other strings can hold a surrogate.
    return text if text.isascii() else _SURROGATES.sub("\ufffd", text)


def _pack_struct(value: Wire, buffers: list[bytes], depth: int) -> dict[str, Any]:
    """Like ``msgspec.to_builtins``, which would take binaries and users' values apart as well."""
    layout = _layout(type(value))
    packed: dict[str, Any] = {"type": layout.tag} if layout.tag else {}
    name = ""
    try:
        for attribute, name in layout.fields:
            item = getattr(value, attribute)
            if item is not UNSET:
                packed[name] = _pack(item, buffers, depth + 1)
    except _Unpackable as error:
        error.trail.append(f".{name}")
        raise
    return packed


class _Layout(NamedTuple):
    tag: str | None
    fields: tuple[tuple[str, str], ...]


@cache
def _layout(struct: type[Wire]) -> _Layout:
    tag = struct.__struct_config__.tag
    fields = tuple(zip(struct.__struct_fields__, struct.__struct_encode_fields__, strict=True))
    return _Layout(tag if isinstance(tag, str) else None, fields)


def _pack_dict(value: Mapping[Any, Any], buffers: list[bytes], depth: int) -> dict[str, Any]:
    packed = {}
    name = ""
    try:
        for key, item in value.items():
            name = _well_formed(key) if type(key) is str else _key(key)
            wire_name = "$" + name if name.startswith("$") else name
            packed[wire_name] = _pack(item, buffers, depth + 1)
    except _Unpackable as error:
        error.trail.append(f".{name}")
        raise
    return packed


def _pack_list(value: Sequence[Any], buffers: list[bytes], depth: int) -> list[Any]:
    packed: list[Any] = []
    try:
        for item in value:
            packed.append(_pack(item, buffers, depth + 1))  # noqa: PERF401 - its length is the index
    except _Unpackable as error:
        error.trail.append(f"[{len(packed)}]")
        raise
    return packed


def _key(key: Any) -> str:
    if isinstance(key, str):
        return _well_formed(str(key))
    if key is None or isinstance(key, (bool, int, float)):
        # As json.dumps does: {1: "a"} is a common thing to show.
        return {"True": "true", "False": "false", "None": "null"}.get(str(key), str(key))
    raise _Unpackable(f"a dict key is {type(key).__name__}; keys must be strings or numbers.")


def _pack_subclass(value: Any, buffers: list[bytes], depth: int) -> Any:
    """Subclasses of the JSON types (enums, numpy scalars, OrderedDict) as their base."""
    for base in (str, int, float):
        if isinstance(value, base):
            return _pack(base(value), buffers, depth)
    if isinstance(value, Mapping):
        return _pack_dict(value, buffers, depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        return _pack_list(list(value), buffers, depth)
    if type(value).__module__ == "numpy":
        return _pack(value.tolist(), buffers, depth)
    raise _Unpackable(
        f"a value of type {type(value).__name__} cannot be sent to the page. "
        "Return JSON values (str, numbers, bool, None, list, dict)."
    )


def _number_name(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _binary_reference(binary: Binary, index: int) -> dict[str, Any]:
    reference: dict[str, Any] = {"$buffer": index, "mimeType": binary.mime_type}
    if binary.name is not None:
        reference["name"] = binary.name
    return reference


def _binary(value: dict[str, Any], buffers: Sequence[Any]) -> Binary:
    index = value["$buffer"]
    if type(index) is not int or not 0 <= index < len(buffers):
        raise WireError(f"The message refers to buffer {index!r} of {len(buffers)}.")
    mime_type, name = value.get("mimeType", ""), value.get("name")
    if not isinstance(mime_type, str) or not (name is None or isinstance(name, str)):
        raise WireError("A buffer's mimeType and name must be strings.")
    return Binary(data=bytes(buffers[index]), mime_type=mime_type, name=name)


def _blob_reference(blob: BlobReference) -> dict[str, Any]:
    name = {} if blob.name is None else {"name": blob.name}
    return {"$blob": blob.blob, "size": blob.size, "mimeType": blob.mime_type, **name}


def _blob(value: dict[str, Any]) -> BlobReference:
    number, size = value["$blob"], value.get("size")
    mime_type, name = value.get("mimeType", ""), value.get("name")
    if type(number) is not int or type(size) is not int or size < 0:
        raise WireError("$blob and its size must be whole numbers.")
    if not isinstance(mime_type, str) or not (name is None or isinstance(name, str)):
        raise WireError("A blob's mimeType and name must be strings.")
    return BlobReference(blob=BlobId(number), size=size, mime_type=mime_type, name=name)


def _upload(number: Any) -> UploadReference:
    if type(number) is not int:
        raise WireError(f"$upload must be a number, not {number!r:.40}.")
    return UploadReference(upload=UploadId(number))


def _lookup_number(name: Any) -> float:
    number = _NAMED_NUMBERS.get(name) if isinstance(name, str) else None
    if number is None:
        raise WireError(f"{name!r} is not NaN, Infinity or -Infinity.")
    return number


def _parse_int(text: Any) -> int:
    # The length bound keeps a hostile page from making Python parse megabytes of digits.
    if not isinstance(text, str) or len(text) > 1000 or not re.fullmatch(r"-?\d+", text):
        raise WireError("A $int must be a string of at most 1000 digits.")
    return int(text)
