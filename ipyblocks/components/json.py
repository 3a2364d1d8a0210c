"""Data as a tree."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec

from ..component import Component, prop
from ..events import change_event
from ..protocol import Binary

MAX_DEPTH = 150
"""Levels; the wire carries 200, its own around the value included."""

MAX_BITS = 3320
"""Of an integer: the wire carries 1000 digits."""


class JSON(Component):
    """Data (dicts, lists, numbers, text) as a tree that can be folded and copied."""

    # Walks the whole value, which may be large.
    slow: ClassVar[bool] = True

    value: Any = prop(
        "Text with JSON in it, or a dict, list, dataclass, pydantic object, array or data frame; a "
        "function is called for every session.",
        default=None,
        kw_only=False,
    )
    open: bool = prop(
        "Unfold every level, up to about 1000 lines; otherwise the first three, up to 200.",
        default=False,
    )
    show_indices: bool = prop("Number the entries of lists.", default=False)
    height: int | str | None = prop(
        "Height; a number is pixels. More content scrolls.", default=None
    )
    max_height: int | str | None = prop("Largest height; more content scrolls.", default=500)
    min_height: int | str | None = prop("Smallest height.", default=None)

    change = change_event()

    def _setup(self) -> None:
        super()._setup()
        self.initial_payload()

    def preprocess(self, payload: Any) -> Any:
        """A copy of the dict or list (or the number or text), that the function may change."""
        return _copy(payload)

    def postprocess(self, value: Any) -> Any:
        """Any data as JSON. Objects that have no form in JSON become their text.

        Raises:
            ValueError: text that is no JSON, or data nested deeper than 150 levels or into itself.
        """
        try:
            return plain(json.loads(value) if isinstance(value, str) else value)
        except json.JSONDecodeError as error:
            raise self.fail(
                "value", f"is text that is no JSON ({error}); to show text as it is, return [text]."
            ) from None
        except RecursionError:
            raise self.fail(
                "value", f"is nested more than {MAX_DEPTH} levels deep, or refers to itself."
            ) from None

    def is_empty(self) -> bool:
        return self.initial is None

    @classmethod
    def example(cls) -> JSON:
        value = {
            "name": "Ada",
            "born": 1815,
            "known for": ["notes", "the first program"],
            "alive": False,
        }
        return cls(value, label="Person", render=False)


Json = JSON


def _copy(payload: Any) -> Any:
    if isinstance(payload, dict):
        return {key: _copy(item) for key, item in payload.items()}
    if isinstance(payload, list):
        return [_copy(item) for item in payload]
    return payload


def plain(value: Any, depth: int = 0) -> Any:
    """Data as None, bool, int, float, str, and new lists and dicts with text keys.

    Raises:
        RecursionError: nested too deep, or into itself.
    """
    if value is None or type(value) in (bool, float, str):
        return value
    if type(value) is int:
        return value if value.bit_length() <= MAX_BITS else _about(value)
    if depth > MAX_DEPTH:
        raise RecursionError
    if isinstance(value, Mapping):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, enum.Enum):
        return plain(value.value, depth + 1)
    for base in (bool, int, float, str):
        if isinstance(value, base):
            return plain(base(value), depth + 1)
    return _plain_object(value, depth)


def _about(number: int) -> str:
    digits = int(number.bit_length() * 0.30103) + 1
    return f"an integer of about {digits:,} digits"


def _key(key: Any) -> str:
    if isinstance(key, enum.Enum):
        key = key.value
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    return str(key)


def _plain_object(value: Any, depth: int) -> Any:
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        # pandas' "not a time" is a datetime that equals nothing.
        return value.isoformat() if value == value else None  # noqa: PLR0124
    if isinstance(value, Binary):
        return f"{value.size:,} bytes of {value.mime_type}"
    fields = _fields_of(value)
    if fields is not None:
        return {name: plain(item, depth + 1) for name, item in fields.items()}
    data = _data_of(value)
    return str(value) if data is value else plain(data, depth + 1)


def _data_of(value: Any) -> Any:
    """What numpy, pandas and their like hold, as Python's own; other objects as they are."""
    if type(value).__name__ == "NAType":
        return None
    if hasattr(value, "to_dict"):
        # A data frame row by row, a series by its index.
        return value.to_dict("records") if hasattr(value, "columns") else value.to_dict()
    if getattr(getattr(value, "dtype", None), "kind", None) in ("m", "M"):
        return value.astype("str").tolist()  # else nanoseconds since 1970
    return value.tolist() if hasattr(value, "tolist") else value


def _fields_of(value: Any) -> dict[str, Any] | None:
    """Fields of a dataclass, a msgspec struct or a pydantic object; None for others."""
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, msgspec.Struct):
        return {name: getattr(value, name) for name in value.__struct_fields__}
    dump: Callable[[], Any] | None = getattr(value, "model_dump", None)
    fields = dump() if callable(dump) else None
    return fields if isinstance(fields, dict) else None
