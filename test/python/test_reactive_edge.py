"""Variables, parts and actions where programs, people and moments are unkind."""

from __future__ import annotations

import asyncio
import copy
import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.app import page_of
from ipyblocks.errors import CycleError
from ipyblocks.protocol import Failed, Started
from ipyblocks.reactive import (
    ActionCtx,
    Button,
    DerivedVariable,
    For,
    If,
    Stack,
    Text,
    Variable,
    action,
    py_component,
)
from ipyblocks.runtime.evaluator import evaluator
from ipyblocks.variables import graph

from .conftest import LIMIT, Shown
from .test_reactive import press, reloaded, settle
from .test_variables import Calls, Seen

Show = Callable[..., Any]


@pytest.fixture(autouse=True)
def nothing_looked_at(no_leftovers: None) -> Iterator[None]:
    yield
    assert evaluator._users == 0
    assert not graph.wanted
    assert not graph.news
    assert not evaluator.runs
    assert evaluator._polling is None
    assert evaluator._wave is None


def until(condition: Callable[[], Any]) -> None:
    """Wait for what another thread does, without a clock of its own."""
    ended = threading.Event()
    timer = threading.Timer(LIMIT, ended.set)
    timer.start()
    try:
        while not condition():
            assert not ended.is_set(), "it never came true"
            ended.wait(0.001)
    finally:
        timer.cancel()
        timer.join()


# --- the evaluator --------------------------------------------------------------------------------


def test_it_rests_while_what_is_above_is_computed(gate: Callable[[], Any]) -> None:
    held = gate()

    async def slow() -> int:
        await held.pass_through()
        return 1

    above = DerivedVariable(slow, [])
    below = DerivedVariable(lambda v: v + 1, [above])
    seen = Seen()
    below.observe(seen)
    held.reached()
    thread = evaluator.thread
    until(lambda: thread.call(lambda: evaluator._wave is None and not evaluator._posted))
    held.open()
    seen.until(2)
    below.unobserve_all()


def test_it_is_idle_when_what_is_above_was_cancelled(show: Show, gate: Callable[[], Any]) -> None:
    held, x = gate(), Variable(1)

    async def slow(v: int) -> int:
        if v == 1:
            await held.pass_through()
        return v

    above = DerivedVariable(slow, [x])
    shown = show(page_of(Text(DerivedVariable(lambda v: -v, [above]))))
    shown.until(Started)
    held.reached()
    shown.on_loop(lambda: shown.engine.cancel(shown.session, 1))
    shown.engine.wait_idle()
    assert settle(shown) == [""]
    x.value = 2
    assert settle(shown) == ["-2"]


def test_a_remembered_value_is_read_on_the_loop(show: Show) -> None:
    x, y = Variable(1), Variable(1)
    d = DerivedVariable(lambda v: v * 2, [x])
    got: list[Any] = []
    with gr.Blocks() as demo:
        button = gr.Button()

        @button.click
        async def read() -> None:
            got.append(d.value)
            y.value += 1  # another moment, the same inputs
            got.append(d.value)
            x.value = 2
            got.append(d.value)
            x.value = 1
            got.append(d.value)

    show(demo).run(button)
    assert got == [2, 2, 4, 2]


def test_a_change_during_a_read_is_not_missed(gate: Callable[[], Any]) -> None:
    x, held = Variable(1), gate()

    def slow(v: int) -> int:
        if v == 1:
            held.wait()
        return v

    d = DerivedVariable(slow, [x])
    got: list[int] = []
    reader = threading.Thread(target=lambda: got.append(d.value))
    reader.start()
    held.reached()
    x.value = 2
    held.open()
    reader.join(LIMIT)
    assert d.value == 2


def test_a_change_before_somebody_looks_at_what_is_being_read_is_not_missed(
    gate: Callable[[], Any],
) -> None:
    x, held = Variable(1), gate()

    def slow(v: int) -> int:
        if v == 1:
            held.wait()
        return v

    d = DerivedVariable(slow, [x])
    reader = threading.Thread(target=lambda: d.value)
    reader.start()
    held.reached()
    x.value = 2
    seen = Seen()
    d.observe(seen)
    held.open()
    reader.join(LIMIT)
    seen.until(2)
    d.unobserve_all()


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
@pytest.mark.parametrize("is_async", [True, False])
def test_whatever_a_function_raises_harms_nobody(
    show: Show, kind: type[BaseException], is_async: bool
) -> None:
    x = Variable(1)

    def fails(v: int) -> int:
        if v == 1:
            raise kind("mine")
        return v

    async def fails_late(v: int) -> int:
        return fails(v)

    d = DerivedVariable(fails_late if is_async else fails, [x])
    shown = show(page_of(Stack(Text(d), Text(x))))
    shown.engine.wait_idle()
    assert [m.code for m in shown.messages(Failed)]
    x.value = 2
    assert settle(shown) == [["2", "2"]]


def test_an_exception_that_cannot_be_written_is_told(show: Show) -> None:
    class Bad(Exception):
        def __str__(self) -> str:
            raise RuntimeError("not even that")

    def fails(v: int) -> int:
        if v == 1:
            raise Bad
        return v

    x = Variable(1)
    shown = show(page_of(Text(DerivedVariable(fails, [x]))))
    shown.engine.wait_idle()
    [failed] = shown.messages(Failed)
    assert "Bad" in failed.message
    x.value = 2
    assert settle(shown) == ["2"]


def test_it_goes_on_after_an_app_was_closed_in_the_middle(
    show: Show, gate: Callable[[], Any]
) -> None:
    held = gate()

    def slow(v: int) -> int:
        held.wait()
        return v

    x = Variable(1)
    shown = show(page_of(Text(DerivedVariable(slow, [x]))))
    held.reached()
    shown.engine.close_all()
    other = show(page_of(Text(DerivedVariable(lambda v: v + 1, [x]))))
    assert settle(other) == ["2"]
    held.open()


def test_polling_goes_on_in_the_next_app(show: Show) -> None:
    d = DerivedVariable(lambda v: v, [Variable(1)], polling_interval=3600)

    def is_armed(shown: Any) -> bool:
        timer: Any = evaluator._polling.timers[d]
        return timer._loop is shown.engine.loop and not timer.cancelled()

    for _ in range(2):
        shown = show(page_of(Text(d)))
        assert settle(shown) == ["1"]
        assert shown.on_loop(partial(is_armed, shown))
        shown.engine.close_all()


def test_what_an_action_leads_to_is_no_action(show: Show) -> None:
    items, picked = Variable([1]), Variable(0)

    @py_component
    def buttons(values: list[int]) -> Any:
        return Stack(*(Button(str(v), onclick=picked.update(v)) for v in values))

    @action
    async def more(ctx: ActionCtx) -> None:
        await ctx.update(items, [1, 2])

    shown = show(
        page_of(
            Stack(
                Button("more", onclick=more()),
                buttons(items),
                For(items, Button(items.list_item, onclick=picked.update(items.list_item))),
            )
        )
    )
    shown.engine.wait_idle()
    press(shown, "more")
    assert shown.messages(Failed) == []
    press(shown, "2")
    assert picked.value == 2


def test_a_function_that_returns_a_coroutine_is_read_where_a_loop_runs() -> None:
    async def late(v: int) -> int:
        await asyncio.sleep(0)
        return v + 1

    d = DerivedVariable(lambda v: late(int(v)), [Variable(1)])

    async def cell() -> int:
        return int(d.value)

    assert asyncio.run(cell()) == 2


def test_an_interrupted_cell_can_be_run_again() -> None:
    interrupts = iter([True, False])

    def fn(v: int) -> int:
        if next(interrupts):
            raise KeyboardInterrupt
        return v

    d = DerivedVariable(fn, [Variable(1)])
    with pytest.raises(KeyboardInterrupt):
        _ = d.value
    assert d.value == 1


def test_values_that_contain_themselves_and_sets() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    x = Variable(loop)
    assert DerivedVariable(len, [x]).value == 2
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    x.value = deep
    assert DerivedVariable(len, [x]).value == 1
    some = {1}
    s = Variable(some)
    size = DerivedVariable(len, [s])
    assert size.value == 1
    some.add(2)
    s.value = some
    assert size.value == 2


def test_flags_of_what_stands_above_follow(show: Show) -> None:
    x = Variable(0)
    above = DerivedVariable(lambda v: 1 / v, [x])
    below = DerivedVariable(lambda v: v, [above])
    shown = show(page_of(Stack(Text(below), If(above.has_error, "broken", "fine"))))
    assert settle(shown)[0][1] == ["broken"]
    x.value = 1
    assert settle(shown) == [["1.0", ["fine"]]]


def test_a_circle_over_two_threads_is_refused(gate: Callable[[], Any]) -> None:
    made: dict[str, Any] = {}
    barrier = threading.Barrier(2, timeout=LIMIT)

    def first() -> Any:
        barrier.wait()
        return made["second"].value

    def second() -> Any:
        barrier.wait()
        return made["first"].value

    made["first"], made["second"] = DerivedVariable(first, []), DerivedVariable(second, [])
    errors: list[BaseException] = []

    def read(name: str) -> None:
        try:
            _ = made[name].value
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    both = [threading.Thread(target=read, args=(name,), daemon=True) for name in made]
    for each in both:
        each.start()
    for each in both:
        each.join(LIMIT)
    assert [type(each) for each in errors] == [CycleError, CycleError]


def test_a_failure_is_told_though_a_listener_fills_the_same_field(
    show: Show, gate: Callable[[], Any]
) -> None:
    held, x = gate(), Variable(1)

    def halve(v: int) -> float:
        if v == 0:
            raise ValueError("none")
        return 1 / v

    with gr.Blocks() as demo:
        box, button = gr.Number(DerivedVariable(halve, [x])), gr.Button()
        button.click(held.wait, None, box)
    shown = show(demo)
    shown.engine.wait_idle()
    shown.fire(button)
    held.reached()
    x.value = 0
    shown.until(Failed)
    held.open()
    shown.engine.wait_idle()


def test_an_observer_may_wait_for_who_sets_another_variable(show: Show) -> None:
    x, y = Variable("a"), Variable(1)
    with gr.Blocks() as demo:
        box = gr.Textbox(x)

    def waits(_: Any) -> None:
        other = threading.Thread(target=lambda: setattr(y, "value", 2), daemon=True)
        other.start()
        other.join(LIMIT)
        assert not other.is_alive()

    x.observe(waits)
    shown = show(demo)
    shown.set(box, "b")
    shown.engine.wait_idle()
    assert (x.value, y.value) == ("b", 2)
    assert shown.messages(Failed) == []


def test_an_observer_that_exits_harms_nobody(show: Show) -> None:
    x = Variable("a")
    with gr.Blocks() as demo:
        box = gr.Textbox(x)

    def leaves(_: Any) -> None:
        raise SystemExit

    x.observe(leaves)
    shown = show(demo)
    shown.set(box, "b")
    shown.engine.wait_idle()
    assert x.value == "b"


# --- values ---------------------------------------------------------------------------------------


def test_a_variable_set_from_many_threads_is_what_is_shown(show: Show) -> None:
    x = Variable(0)
    d = DerivedVariable(lambda v: -v, [x])
    shown = show(page_of(Stack(Text(x), Text(d))))

    def sets(first: int) -> None:
        for i in range(100):
            x.value = first + i

    threads = [threading.Thread(target=sets, args=(1000 * n,)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(LIMIT)
    assert settle(shown) == [[str(x.value), str(-x.value)]]


def test_a_drag_is_computed_for_where_it_has_come_to(show: Show, gate: Callable[[], Any]) -> None:
    held, calls, x = gate(), [], Variable(-1)

    def slow(v: int) -> int:
        calls.append(v)
        held.wait()
        return v

    with gr.Blocks() as demo:
        slider = gr.Slider(-1, 200, value=x)
        gr.Number(DerivedVariable(slow, [x]))
    shown = show(demo)
    held.reached()
    for i in range(200):
        shown.set(slider, i)
    until(lambda: x.value == 199)
    held.open()
    assert settle(shown) == [[199, 199]]
    assert calls == [-1, 199]


class Odd:
    """A value that cannot be compared."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not to be compared")

    __hash__ = object.__hash__


def test_values_that_cannot_be_compared(show: Show) -> None:
    np = pytest.importorskip("numpy")
    pd = pytest.importorskip("pandas")
    x = Variable(None)
    kind = DerivedVariable(lambda v: type(v).__name__, [x])
    shown = show(page_of(Text(kind)))
    odd = Odd()
    for value in (
        odd,
        {odd: 1},
        {Odd(): 1},
        [Odd()],
        np.arange(3),
        [np.arange(3)],
        pd.DataFrame({"a": [1]}),
        (pd.Series([1]),),
    ):
        x.value = value
        x.value = copy.copy(value)
        assert settle(shown) == [type(value).__name__]


def test_a_comparison_that_is_neither_true_nor_false_is_told(show: Show) -> None:
    np = pytest.importorskip("numpy")
    x = Variable(np.arange(3))
    shown = show(page_of(If(x == 1, "one", "other")))
    shown.engine.wait_idle()
    assert "truth value" in shown.messages(Failed)[0].message
    x.value = 1
    assert settle(shown) == [["one"]]


def test_a_thousand_variables_are_told_in_few_frames(show: Show) -> None:
    x = Variable(0)
    many = [DerivedVariable(lambda v, i=i: v + i, [x]) for i in range(1000)]
    shown = show(page_of(Stack(*map(Text, many))))
    shown.engine.wait_idle()
    before = len(shown.page.packets)
    x.value = 1
    assert settle(shown) == [[str(1 + i) for i in range(1000)]]
    assert len(shown.page.packets) - before < 40


def test_observers_and_functions_may_set_other_variables(show: Show) -> None:
    x, y, z = Variable(1), Variable(0), Variable(0)
    x.observe(lambda change: setattr(y, "value", change.new * 10))

    def sets(v: int) -> int:
        z.value = v + 1
        return v

    shown = show(page_of(Stack(Text(DerivedVariable(sets, [y])), Text(z))))
    x.value = 3
    assert settle(shown) == [["30", "31"]]


def test_what_a_closed_app_has_shown_is_forgotten() -> None:
    def cell() -> list[weakref.ref[Any]]:
        x = Variable(1)
        d = DerivedVariable(lambda v: v + 1, [x])
        demo = page_of(Stack(Text(d), If(x == 1, Text(d))))
        shown = Shown(demo)
        assert settle(shown) == [["2", ["2"]]]
        shown.engine.close_all()
        return [weakref.ref(each) for each in (x, d, demo, shown.engine)]

    left = [each for _ in range(2) for each in cell()]
    # Threads that have just ended may still hold one.
    until(lambda: gc.collect() < 0 or all(each() is None for each in left))


def test_a_field_of_one_app_may_be_shown_in_another(show: Show) -> None:
    x = Variable("a")
    with gr.Blocks() as first:
        box = gr.Textbox(x)
    with gr.Blocks() as second:
        first.render()
    shown, other = show(first), show(second)
    shown.set(box, "b")
    shown.engine.wait_idle()
    assert settle(other) == settle(shown) == [["b"]]


# --- parts ----------------------------------------------------------------------------------------


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
