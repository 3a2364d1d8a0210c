"""Variables that cells read: what their functions write and raise, and the stop button."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.app import page_of
from ipyblocks.reactive import DerivedVariable, Text, Variable

from ..conftest import LIMIT, texts
from .conftest import Show, until


def in_a_cell(fn: Callable[[], Any]) -> Any:
    """Call it where a loop runs, as in a notebook."""

    async def cell() -> Any:
        return fn()

    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(cell())
    finally:
        loop.close()


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="sends itself an interrupt")
def test_the_stop_button_ends_the_wait_for_an_awaitable() -> None:
    ended = threading.Event()

    async def slow() -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        try:
            await asyncio.sleep(LIMIT)
        except asyncio.CancelledError:
            ended.set()
            raise

    d = DerivedVariable(lambda _: slow(), [0])
    # As a kernel does: what runs in the background of a shell is started deaf to it.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            in_a_cell(lambda: d.value)
    finally:
        signal.signal(signal.SIGINT, former)
    until(ended.is_set)


RAISED: list[BaseException] = [
    ValueError("x"),
    SystemExit(3),
    KeyboardInterrupt("own"),
    asyncio.CancelledError("own"),
]


@pytest.mark.parametrize("error", RAISED, ids=repr)
def test_what_an_awaitable_raises_where_a_loop_runs(error: BaseException) -> None:
    async def fails() -> None:
        raise error

    d = DerivedVariable(lambda _: fails(), [0])
    with pytest.raises(type(error)):
        in_a_cell(lambda: d.value)
    ok: Callable[[], Coroutine[Any, Any, int]] = lambda: asyncio.sleep(0, 5)  # noqa: E731
    assert in_a_cell(lambda: DerivedVariable(ok, []).value) == 5


def test_a_function_that_raises_a_cancel_of_its_own_fails() -> None:
    calls: list[int] = []

    def fails() -> None:
        calls.append(1)
        raise asyncio.CancelledError("own")

    with pytest.raises(asyncio.CancelledError, match="own"):
        print(DerivedVariable(fails, []).value)
    assert calls == [1]


class Slow:
    """An ``async`` function that goes on until it is let go, or cancelled."""

    def __init__(self) -> None:
        self.begun, self.cancelled = threading.Event(), threading.Event()
        self.go: Future[int] = Future()

    async def __call__(self) -> int:
        self.begun.set()
        try:
            return await asyncio.wrap_future(self.go)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    def variable(self) -> DerivedVariable:
        async def slow() -> int:
            return await self()

        return DerivedVariable(slow, [])


def test_a_wait_that_is_cancelled_ends_what_it_waited_for() -> None:
    slow = Slow()

    async def cell() -> None:
        task = asyncio.create_task(slow.variable().get_current_value())
        await asyncio.to_thread(until, slow.begun.is_set)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cell())
    until(slow.cancelled.is_set)


def test_a_wait_that_takes_too_long_ends_what_it_waited_for() -> None:
    slow = Slow()
    with pytest.raises(TimeoutError):
        asyncio.run(slow.variable().get_current_value(timeout=0.01))
    until(lambda: slow.cancelled.is_set() or not slow.begun.is_set())


def test_what_somebody_else_waits_for_goes_on() -> None:
    slow = Slow()
    d = slow.variable()

    async def cell() -> int:
        other = asyncio.create_task(d.get_current_value())
        await asyncio.to_thread(until, slow.begun.is_set)
        with pytest.raises(TimeoutError):
            await d.get_current_value(timeout=0.01)
        slow.go.set_result(5)
        return await other

    assert asyncio.run(cell()) == 5
    assert not slow.cancelled.is_set()


def says(x: Any) -> Any:
    print("said", x)
    return x


async def says_async(x: Any) -> Any:
    print("said", x)
    return x


KINDS = [
    (says, False),
    (says_async, False),
    pytest.param(lambda x: print("said", x) or x, True, marks=pytest.mark.slow, id="task"),
]


@pytest.mark.parametrize(("fn", "task"), KINDS)
def test_a_cell_that_reads_a_variable_shows_what_its_function_prints(
    show: Show, capsys: pytest.CaptureFixture[str], fn: Any, task: bool
) -> None:
    with gr.Blocks() as demo:
        gr.Button()
    shown = show(demo)
    assert DerivedVariable(fn, [1], run_as_task=task).value == 1
    shown.engine.wait_idle()
    assert capsys.readouterr().out == "said 1\n"
    assert texts(shown) == {}


def test_what_a_page_shows_is_told_there_alone(
    show: Show, capsys: pytest.CaptureFixture[str]
) -> None:
    x = Variable(1)
    d = DerivedVariable(says, [x])
    shown = show(page_of(Text(d)))
    shown.engine.wait_idle()
    assert d.value == 1
    x.value = 2
    assert d.value == 2
    shown.engine.wait_idle()
    assert "".join(texts(shown).values()) == "said 1\nsaid 2\n"
    assert capsys.readouterr().out == ""
