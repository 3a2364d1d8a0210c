"""JSON: what becomes of Python's data, and of JSON text."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import math
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

import ipyblocks as gr
from ipyblocks.codec import pack
from ipyblocks.components.json import MAX_DEPTH


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Point:
    x: int
    tags: list[str]


class Struct(msgspec.Struct):
    a: int


class Model:
    """Looks like a pydantic model."""

    def model_dump(self) -> dict[str, Any]:
        return {"id": 1, "at": datetime.date(2024, 5, 1)}


class Other:
    def __str__(self) -> str:
        return "other"


Pair = namedtuple("Pair", "a b")

NOON = datetime.datetime(2024, 5, 1, 12)


def shown(value: Any) -> Any:
    payload = gr.JSON(render=False).postprocess(value)
    pack(payload, [])  # the wire can carry it
    return payload


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("null", None),
        ('{"a": [1, 2.5, true, null]}', {"a": [1, 2.5, True, None]}),
        ("[NaN]", [math.nan]),
        (True, True),
        (3, 3),
        ({}, {}),
        ((1, (2,)), [1, [2]]),
        ({1: "a", None: "b", False: "c", (1, 2): "d", Colour.RED: "e"},
         {"1": "a", "null": "b", "false": "c", "(1, 2)": "d", "red": "e"}),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        ([Colour.RED, Level.HIGH], ["red", 3]),
        (Point(1, ["a"]), {"x": 1, "tags": ["a"]}),
        (Struct(a=1), {"a": 1}),
        (Model(), {"id": 1, "at": "2024-05-01"}),
        (Pair(1, 2), [1, 2]),
        ([NOON, datetime.time(1), PurePosixPath("a/b"), Other()],
         ["2024-05-01T12:00:00", "01:00:00", "a/b", "other"]),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.array(["2024-05-01"], "datetime64[ns]"), ["2024-05-01T00:00:00.000000000"]),
        ([pd.Timestamp(NOON), pd.NaT, pd.NA], ["2024-05-01T12:00:00", None, None]),
        (pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}), [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
        (pd.Series([1, 2], ["x", "y"]), {"x": 1, "y": 2}),
        (pd.Index([1, 2]), [1, 2]),
        (2**70, 2**70),
        pytest.param(10**2000, "an integer of about 2,001 digits", id="2001 digits"),
        ([b"a"], ["b'a'"]),
    ],
)  # fmt: skip
def test_data_becomes_json(value: Any, expected: Any) -> None:
    payload = shown(value)
    assert repr(payload) == repr(expected)


@pytest.mark.parametrize("text", ["", "{", "hello", "{'a': 1}"])
def test_text_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON 'Data': value is text that is no JSON \(.*char"):
        gr.JSON(text, label="Data", render=False)


def test_what_holds_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    deep: Any = 1
    for _ in range(MAX_DEPTH):
        deep = {"a": deep}
    assert shown(deep)
    for value in (endless, {"a": {"a": deep}}, "[" * 100_000):
        with pytest.raises(ValueError, match=r"nested more than|no JSON"):
            shown(value)


def test_a_function_cannot_change_what_is_shown(show: Callable[..., Any]) -> None:
    mine = {"list": [1]}
    with gr.Blocks() as demo:
        data, length, button = gr.JSON(mine), gr.JSON(), gr.Button()

        def grow(value: Any) -> Any:
            value["list"].append(2)
            return value

        button.click(grow, data, data)
        data.change(lambda value: len(value["list"]), data, length)
    shown = show(demo)
    mine["list"].append(3)
    shown.run(button)
    assert shown.value(data) == {"list": [1, 2]}
    assert shown.value(length) == 2
    assert data.initial_payload() == {"list": [1]}
    other = show(demo)
    assert other.value(data) == {"list": [1]}


def test_an_update_changes_how_it_is_drawn(show: Callable[..., Any]) -> None:
    with gr.Blocks() as demo:
        data, button = gr.JSON([1]), gr.Button()
        button.click(lambda: gr.JSON([1, 2], open=True, max_height=None), None, data)
    shown = show(demo).run(button)
    told = shown.props(data)
    assert (told["value"], told["open"], told["maxHeight"]) == ([1, 2], True, None)


def test_ten_thousand_entries_are_quick() -> None:
    import time

    rows = [{"id": i, "name": f"row {i}", "ok": True} for i in range(10_000)]
    start = time.thread_time()  # of a busy machine, its own share
    component = gr.JSON(rows, render=False)
    component.preprocess(component.initial_payload())
    assert time.thread_time() - start < 1
