"""Parts that follow variables: ``If``, ``Match``, ``For``, ``py_component``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ipyblocks as gr
from ipyblocks.app import page_of
from ipyblocks.protocol import Failed, Started
from ipyblocks.reactive import (
    Button,
    DerivedVariable,
    Fallback,
    For,
    If,
    Match,
    ProgressTracker,
    Stack,
    SwitchVariable,
    Text,
    Variable,
    py_component,
)

from ..test_variables import Calls
from .conftest import Show, drawn, reloaded, settle, texts


def test_if_and_match(show: Show) -> None:
    x = Variable(1)
    page = page_of(
        Stack(
            If(x == 1, "one", Stack("other", x)),
            Match(x, {1: "eins", "2": None, 3: Button("drei")}, "viele"),
            If(True, "always"),
        )
    )
    shown = show(page)
    assert settle(shown) == [[["one"], ["eins"], ["always"]]]
    x.value = 2
    assert settle(shown) == [[[["other", "2"]], [], ["always"]]]
    x.value = 3
    assert settle(shown) == [[[["other", "3"]], ["drei"], ["always"]]]
    x.value = 1
    assert settle(shown) == [[["one"], ["eins"], ["always"]]]
    other = show(page_of(Text("x")))
    del other
    assert settle(show(page)) == [[["one"], ["eins"], ["always"]]]


def test_what_is_not_shown_is_not_computed(show: Show) -> None:
    x, calls = Variable(False), []
    d = DerivedVariable(lambda: calls.append(1) or "computed", [])
    shown = show(page_of(If(x, Text(d))))
    assert settle(shown) == [[]]
    assert calls == []
    x.value = True
    assert settle(shown) == [["computed"]]
    x.value = False
    shown.engine.wait_idle()
    d.again()
    shown.engine.wait_idle()
    assert calls == [1]


def test_parts_inside_of_a_with_are_where_they_were_written(show: Show) -> None:
    x = Variable(1)
    with gr.Blocks() as demo:
        gr.Markdown("first")
        with gr.Row():
            If(x == 1, gr.Textbox("a", container=False), gr.Textbox("b", container=False))
            gr.Markdown("middle")
    shown = show(demo)
    assert settle(shown) == ["first", [["a"], "middle"]]
    x.value = 2
    assert settle(shown) == ["first", [["b"], "middle"]]


def test_for_follows_its_list(show: Show) -> None:
    items = Variable([{"id": "a", "n": 1}, {"id": "b", "n": 2}])
    item = items.list_item
    picked = Variable(None)
    row = Stack(
        Text(item["n"]),
        Text(item.index),
        If(item.is_last, "last", "more"),
        Button("Pick", onclick=picked.update(item["id"])),
    )
    shown = show(page_of(For(items, row, placeholder="none", key_accessor="id")))
    first = [[["1", "0", ["more"], "Pick"]], [["2", "1", ["last"], "Pick"]]]
    assert settle(shown) == [first]
    items.value = []
    assert settle(shown) == [["none"]]
    items.value = [{"id": "b", "n": 5}]
    assert settle(shown) == [[[["5", "0", ["last"], "Pick"]]]]
    button = next(node for node, block in shown.session.scene.blocks() if isinstance(block, Button))
    shown.page.fire(button, "click")
    shown.engine.wait_idle()
    assert picked.value == "b"


def test_rows_with_the_same_key_stay_the_same_elements(show: Show) -> None:
    items = Variable(["a", "b", "c"])
    loop = For(items, Text(items.list_item), key_accessor=lambda each: each)
    shown = show(page_of(loop))

    def numbers() -> dict[str, int]:
        scene = shown.session.scene
        texts = [(n, b) for n, b in shown.on_loop(scene.blocks) if isinstance(b, Text)]
        return {block.value: node for node, block in texts}

    shown.engine.wait_idle()
    before = numbers()
    items.value = ["c", "a", "d"]
    shown.engine.wait_idle()
    after = numbers()
    assert (after["a"], after["c"]) == (before["a"], before["c"])
    assert "b" not in after


def test_of_a_long_list_what_the_page_wants_is_there(show: Show) -> None:
    items = Variable(list(range(10_000)))
    loop = For(items, lambda each: Text(each * 10))
    shown = show(page_of(loop))
    shown.engine.wait_idle()
    assert shown.props(loop)["count"] == 10_000
    assert len(drawn(shown)[0]) < 100
    shown.set(loop, window=[5000, 5003])
    assert settle(shown) == [[["50000"], ["50010"], ["50020"]]]
    items.value = list(range(5002))
    assert settle(shown) == [[["50000"], ["50010"]]]
    items.value = [7]
    assert settle(shown) == [[["70"]]]


def test_for_refuses_what_cannot_be_drawn() -> None:
    @py_component
    def inner(v: int) -> str:
        return str(v)

    items = Variable([1])
    with pytest.raises(ValueError, match="'inner' is a py_component"):
        For(items, Stack(inner(items.list_item)))
    with pytest.raises(ValueError, match="give height and item_height"):
        For(items, Text("x"), virtualization={"rows": 3})
    with pytest.raises(TypeError, match="key_accessor"):
        For(items, Text("x"), key_accessor=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="when must be a dict"):
        Match(items, [1])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="has a value only in what"):
        _ = items.list_item["a"].value


def test_py_component_shows_what_it_returns(show: Show, gate: Callable[[], Any]) -> None:
    x, held, calls = Variable(1), gate(), []

    async def late(v: int) -> int:
        await held.pass_through()
        return v

    @py_component(fallback="nothing yet")
    def table(v: int, *, title: str) -> Any:
        calls.append(v)
        gr.Markdown("not returned, not shown")
        return None if v == 3 else Stack(title, Text(v))

    shown = show(page_of(table(DerivedVariable(late, [x]), title="Result")))
    held.reached()
    assert drawn(shown) == [["nothing yet"]]
    held.open()
    assert settle(shown) == [[["Result", "1"]]]
    x.value = 2
    assert settle(shown) == [[["Result", "2"]]]
    x.value = 3
    assert settle(shown) == [[]]
    assert calls == [1, 2, 3]


def test_py_component_misused() -> None:
    @py_component
    def one(v: int) -> str:
        return str(v)

    with pytest.raises(TypeError, match="missing a required argument"):
        one()
    with pytest.raises(ValueError, match="cannot be an argument of a py_component"):
        one(DerivedVariable(lambda: 1, []).is_loading)
    with pytest.raises(ValueError, match="polling_interval is -3"):
        py_component(polling_interval=-3)(lambda: "x")()


def test_a_polled_py_component_is_called_again(show: Show) -> None:
    calls: list[int] = []

    @py_component(polling_interval=0.01)
    def now() -> str:
        calls.append(1)
        return f"call {len(calls)}"

    shown = show(page_of(now()))
    shown.page.wait_for(lambda _: len(calls) >= 3)
    shown.engine.close_all()


def test_fallbacks_and_trackers(show: Show, gate: Callable[[], Any]) -> None:
    held = gate()

    async def late() -> int:
        await held.pass_through()
        return 1

    d = DerivedVariable(late, [])

    @py_component(placeholder=ProgressTracker)
    def tracked(v: int) -> str:
        return str(v)

    @py_component(fallback=Fallback.Custom(Text("soon")))
    def custom(v: int) -> str:
        return str(v)

    shown = show(page_of(Stack(tracked(d), custom(d), ProgressTracker(d))))
    held.reached()
    assert drawn(shown) == [[[""], ["soon"], []]]
    full = [m for m in shown.until(Started, 2) if m.show_progress == "full"]
    assert len(full[0].nodes) == 2
    held.open()
    assert settle(shown) == [[["1"], ["1"], [""]]]


def test_an_async_py_component(show: Show) -> None:
    @py_component
    async def late(v: int) -> str:
        await asyncio.sleep(0)
        return f"late {v}"

    assert settle(show(page_of(late(Variable(1))))) == [["late 1"]]


def test_a_condition_may_mix_items_of_both_lists(show: Show) -> None:
    rows = Variable([{"wanted": 2, "cells": [1, 2, 3]}, {"wanted": 3, "cells": [3]}])
    row = rows.list_item
    cells = row["cells"]
    chosen = If(cells.list_item == row["wanted"], Text("chosen"), Text(cells.list_item))
    shown = show(page_of(For(rows, Stack(For(cells, chosen)))))
    assert texts(settle(shown)) == ["1", "chosen", "3", "chosen"]
    rows.value = [{"wanted": 1, "cells": [1, 2]}]
    assert texts(settle(shown)) == ["chosen", "2"]


def test_keyed_contents_take_each_others_place_again_and_again(show: Show) -> None:
    x, name = Variable(True), Variable("a")
    one = gr.Textbox(name, render=False, key="k")
    other = gr.Textbox("two", render=False, key="k")
    shown = show(page_of(If(x, one, other)))
    for i in range(3):
        x.value = False
        settle(shown)
        x.value = True
        name.value = str(i)
        assert settle(shown) == [[[str(i)]]]


def test_props_of_parts_inside_a_list_stay(show: Show) -> None:
    items = Variable([1])
    row = If(items.list_item == 1, "one", elem_id="mine")
    shown = show(page_of(For(items, row)))
    shown.engine.wait_idle()
    assert [n.props["elemId"] for n in reloaded(shown).nodes if "elemId" in n.props] == ["mine"]


def test_a_list_that_is_computed_has_items(show: Show) -> None:
    n = Variable(2)
    squares = DerivedVariable(lambda v: [i * i for i in range(v)], [n])
    shown = show(page_of(For(squares, Text(squares.list_item))))
    assert settle(shown) == [[["0"], ["1"]]]


def test_lists_in_lists(show: Show) -> None:
    table = Variable([[1, 2], [], [3]])
    row = table.list_item
    shown = show(page_of(For(table, For(row, Text(row.list_item), placeholder="none"))))
    assert settle(shown) == [[[[["1"], ["2"]]], [["none"]], [[["3"]]]]]


def test_what_a_row_depends_on_beside_its_item_is_followed(show: Show) -> None:
    items, picked = Variable(["a", "b"]), Variable("a")
    row = If(items.list_item == picked, Text(items.list_item), "no")
    shown = show(page_of(For(items, row)))
    assert settle(shown) == [[[["a"]], [["no"]]]]
    picked.value = "b"
    assert settle(shown) == [[[["no"]], [["b"]]]]


def test_a_py_component_deep_in_a_row_is_refused() -> None:
    @py_component
    def inner(v: int) -> str:
        return str(v)

    items = Variable([1])
    with pytest.raises(ValueError, match="'inner' is a py_component"):
        For(items, If(True, Stack(inner(1))))


def test_a_part_that_is_toggled_often_shows_the_last(show: Show) -> None:
    x = Variable(0)
    page = page_of(If(DerivedVariable(lambda v: v % 2, [x]), Stack("odd", Text(x)), Text(x)))
    pages = [show(page), show(page)]
    for i in range(100):
        x.value = i
    assert [settle(each) for each in pages] == [[[["odd", "99"]]]] * 2
    for i in range(20):
        x.value = i
        for each in pages:
            assert settle(each) == ([[["odd", str(i)]]] if i % 2 else [[str(i)]])


def test_rows_with_the_same_key_are_all_there(show: Show) -> None:
    items = Variable(["a", "a", "b", "a"])
    shown = show(page_of(For(items, Text(items.list_item), key_accessor=lambda each: each)))
    assert settle(shown) == [[["a"], ["a"], ["b"], ["a"]]]
    items.value = ["b", "a", "a"]
    assert settle(shown) == [[["b"], ["a"], ["a"]]]


def test_variables_in_a_rendering_are_looked_at_as_long_as_it_is_there(show: Show) -> None:
    x, calls = Variable(1), Calls(lambda v: 2 * v)
    d = DerivedVariable(calls, [x])
    with gr.Blocks() as demo:
        switch = gr.Checkbox(True)

        @gr.render(switch)
        def part(on: bool) -> None:
            if on:
                gr.Number(d, key="k")

    shown = show(demo)
    shown.fire(demo, "load")
    x.value = 2
    shown.engine.wait_idle()
    shown.set(switch, False)
    shown.engine.wait_idle()
    assert not d.watches
    before = len(calls.seen)
    x.value = 3
    shown.engine.wait_idle()
    assert len(calls.seen) == before
    shown.set(switch, True)
    shown.engine.wait_idle()
    assert calls.seen[-1] == (3,)


def test_a_py_component_that_raises_can_be_tried_again(show: Show) -> None:
    broken, x = True, Variable(1)

    @py_component
    def part(v: int) -> Any:
        if broken:
            raise ValueError("not yet")
        return object() if v == 2 else f"shown {v}"

    shown = show(page_of(part(x)))
    shown.engine.wait_idle()
    [failed] = shown.messages(Failed)
    assert (failed.message, failed.retry) == ("ValueError: not yet", True)
    broken = False
    shown.on_loop(lambda: shown.session.failures.retry(failed.task))
    assert settle(shown) == [["shown 1"]]
    x.value = 2
    shown.engine.wait_idle()
    assert "part" in shown.messages(Failed)[-1].message
    x.value = 3
    assert settle(shown) == [["shown 3"]]


def test_what_stays_when_a_part_is_built_anew_goes_on(show: Show) -> None:
    x, other = Variable(1), Variable("a")
    late = DerivedVariable(lambda v: v * 10, [x])
    shown = show(page_of(If(x, Stack(Text(late), Text(other)))))
    assert texts(settle(shown)) == ["10", "a"]
    before = shown.on_loop(shown.session.scene.blocks)
    other.value = "b"
    x.value = 5
    assert texts(settle(shown)) == ["50", "b"]
    # The page keeps its elements.
    assert shown.on_loop(shown.session.scene.blocks) == before
    x.value = 0
    assert texts(settle(shown)) == []
    other.value = "c"
    x.value = 7
    assert texts(settle(shown)) == ["70", "c"]


def test_what_was_typed_into_a_part_stays_when_it_is_built_anew(show: Show) -> None:
    which, box = Variable("one"), gr.Textbox("first", interactive=True, render=False)
    shown = show(page_of(Match(which, {"two": "two"}, box)))
    shown.engine.wait_idle()
    shown.page.set(shown.on_loop(lambda: shown.session.scene.node(box)), value="typed")
    which.value = "one again"
    assert texts(settle(shown)) == ["typed"]


def test_for_says_what_is_no_list(show: Show) -> None:
    items = Variable([1])
    shown = show(page_of(For(items, Text(items.list_item))))
    assert texts(settle(shown)) == ["1"]
    items.value = {"a": 1}
    shown.engine.wait_idle()
    assert "For: items is dict {'a': 1}; give a list" in shown.until(Failed)[0].message
    items.value = None
    assert texts(settle(shown)) == []
    with pytest.raises(TypeError, match="items is int 5"):
        For(5, Text("x"))
    with pytest.raises(TypeError, match=r'items is DataFrame; .* items.to_dict\("records"\)'):
        For(pd.DataFrame({"a": [1, 2]}), Text("x"))
    with pytest.raises(TypeError, match=r"items is Series; .* items.tolist\(\)"):
        For(pd.Series([1, 2]), Text("x"))


def test_a_condition_says_what_is_neither_true_nor_false(show: Show) -> None:
    several = Variable(np.array([1, 3]))
    for condition, name in (
        (several, several.describe()),
        (several == 3, f"{several.describe()} == 3"),
        (np.array([1, 3]), "The condition of If"),
    ):
        shown = show(page_of(If(condition, Text("yes"), Text("no"))))
        shown.engine.wait_idle()
        (failed,) = shown.until(Failed)
        assert f"{name} is of type ndarray, which is neither true nor false" in failed.message
    switched = SwitchVariable.when(several, "yes", "no")
    with pytest.raises(ValueError, match="is of type ndarray"):
        _ = switched.value
    several.value = 1
    assert switched.value == "yes"


def test_the_time_of_a_call_that_was_begun_anew_is_no_estimate(
    show: Show, gate: Callable[[], Any]
) -> None:
    x, gates = Variable(0), [gate(), gate()]

    async def slow(v: int) -> str:
        await gates[v].pass_through()
        return str(v)

    shown = show(page_of(Text(DerivedVariable(slow, [x]))))
    gates[0].reached()
    shown.until(Started)
    x.value = 1
    gates[1].reached()
    assert shown.until(Started, 2)[1].eta is None
    gates[1].open()
    assert settle(shown) == ["1"]
