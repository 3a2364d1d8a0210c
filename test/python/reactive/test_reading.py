"""Reading a variable in a cell: what it is computed from is computed side by side."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent import futures
from typing import Any

import pytest

from ipyblocks.reactive import DerivedVariable, Variable

from ..conftest import LIMIT


def reading(variable: Any) -> tuple[threading.Thread, list[Any]]:
    """A thread that reads a variable, and what it gets."""
    got: list[Any] = []

    def read() -> None:
        try:
            got.append(variable.value)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            got.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    return thread, got


def test_async_inputs_are_computed_at_the_same_time(gate: Callable[[], Any]) -> None:
    gates = [gate(), gate(), gate()]

    def slow(held: Any, name: str) -> DerivedVariable:
        async def fn(*_: Any) -> str:
            await held.pass_through()
            return name

        return DerivedVariable(fn, [Variable(name)])

    first, second = slow(gates[0], "a"), slow(gates[1], "b")

    async def third(above: str) -> str:
        await gates[2].pass_through()
        return above + "c"

    total = DerivedVariable(
        lambda *names: "".join(names), [first, second, DerivedVariable(third, [second])]
    )
    thread, got = reading(total)
    gates[0].reached()
    gates[1].reached()
    # What can go on goes on, whichever of those before is over first.
    gates[1].open()
    gates[2].reached()
    gates[2].open()
    gates[0].open()
    thread.join(LIMIT)
    assert got == ["abbc"]


def test_async_inputs_begin_before_quick_ones_take_their_time(gate: Callable[[], Any]) -> None:
    here, held = gate(), gate()

    def takes_its_time() -> str:
        here.wait()
        return "a"

    async def slow() -> str:
        await held.pass_through()
        return "b"

    # The quick one is the first of the inputs.
    both = DerivedVariable(
        lambda a, b: a + b, [DerivedVariable(takes_its_time, []), DerivedVariable(slow, [])]
    )
    thread, got = reading(both)
    here.reached()
    held.reached()
    here.open()
    held.open()
    thread.join(LIMIT)
    assert got == ["ab"]


def test_a_failure_is_raised_when_the_others_are_over(gate: Callable[[], Any]) -> None:
    held = gate()

    async def fails() -> str:
        raise ValueError("mine")

    async def slow() -> str:
        await held.pass_through()
        return "b"

    both = DerivedVariable(
        lambda a, b: a + b, [DerivedVariable(fails, []), DerivedVariable(slow, [])]
    )
    thread, got = reading(both)
    held.reached()
    held.open()
    thread.join(LIMIT)
    [error] = got
    assert isinstance(error, ValueError)


def test_calls_that_a_read_has_begun_end_with_it(
    gate: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    gates, cancelled = [gate(), gate()], [threading.Event(), threading.Event()]

    def slow(number: int) -> DerivedVariable:
        async def fn() -> int:
            if not cancelled[number].is_set():
                try:
                    await gates[number].pass_through()
                except asyncio.CancelledError:
                    cancelled[number].set()
                    raise
            return number

        return DerivedVariable(fn, [])

    total = DerivedVariable(lambda a, b: a + b, [slow(0), slow(1)])

    def interrupted(*_: Any, **__: Any) -> None:
        for each in gates:
            each.reached()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(futures, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt):
            _ = total.value
    assert all(each.wait(LIMIT) for each in cancelled)
    assert total.value == 1
