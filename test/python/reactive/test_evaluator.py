"""The evaluator where programs, people and moments are unkind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
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
from ipyblocks.variables.watch import Watch

from ..conftest import LIMIT
from ..test_variables import Seen
from .conftest import Show, press, settle, until


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


def test_what_nobody_looks_at_any_more_when_its_turn_comes_does_not_begin() -> None:
    begun = []

    async def slow() -> None:
        begun.append(1)

    last = DerivedVariable(slow, [])
    watch = Watch(last, lambda: None)
    first = Watch(DerivedVariable(watch.stop, []), lambda: None)
    with evaluator.held():
        with graph.lock:  # both are computed in one go
            watch.start()
            first.start()
        until(lambda: not evaluator.is_busy)
        assert not watch.node.is_live
        first.stop()
    assert not begun


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
