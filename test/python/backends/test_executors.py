"""Tasks on executors of others."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.errors import NotSendableError, WorkerDiedError
from ipyblocks.protocol import Failed, Progress
from ipyblocks.runtime.backends.base import Call, kind_of

from ..conftest import texts
from .conftest import PATIENCE, WORKERS, Quiet, app, cancel

pytestmark = WORKERS


# For the module, and started before its tests: what these leave behind is not ours to clean up.


@pytest.fixture(scope="module")
def loky_executor() -> Iterator[Any]:
    loky = pytest.importorskip("loky")
    executor = loky.ProcessPoolExecutor(1, timeout=None)
    executor.submit(int).result(PATIENCE)
    yield executor
    executor.shutdown(wait=True, kill_workers=True)


def started_processes() -> ProcessPoolExecutor:
    import multiprocessing

    executor = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    executor.submit(int).result(PATIENCE)
    return executor


@pytest.fixture(scope="module")
def stdlib_processes() -> Iterator[Any]:
    with started_processes() as executor:
        yield executor


@pytest.fixture(scope="module")
def fragile_processes() -> Iterator[Any]:
    with started_processes() as executor:
        yield executor


@pytest.mark.parametrize("which", [0, 1], ids=["loky", "stdlib"])
def test_an_executor_of_processes(
    show: Any, loky_executor: Any, stdlib_processes: Any, which: int
) -> None:
    apart = (loky_executor, stdlib_processes)[which]
    gr.configure_tasks(backend=gr.from_executor(apart))
    offset = 1

    class Mine(Exception):
        pass

    def fn(x: int) -> Any:
        print("said")
        if x < 0:
            raise Mine("negative")
        return [x + offset, os.getpid()]

    demo = app(fn, 4)
    shown = show(demo)
    value, pid = shown.run(demo.button).value(demo.outs[0])
    assert (value, pid != os.getpid()) == (5, True)
    assert texts(shown)[1, "stdout"] == "said\n"
    error = on(gr.from_executor(apart), fn, -1)
    assert type(error) is Mine
    assert "negative" in error._ipyblocks_traceback  # type: ignore[attr-defined]
    assert isinstance(on(gr.from_executor(apart), threading.Lock), NotSendableError)
    assert isinstance(on(gr.from_executor(apart), len, threading.Lock()), NotSendableError)


def on(backend: Any, fn: Any, *args: Any) -> BaseException | None:
    job = backend.submit(Call(fn, args, kind_of(fn), "fn"), Quiet())
    return job.step().exception(PATIENCE)  # type: ignore[no-any-return]


def test_what_an_executor_of_processes_cannot_do_is_said(
    show: Any, stdlib_processes: Any, meet: Any
) -> None:
    backend = gr.from_executor(stdlib_processes)
    assert backend.capabilities == {"processes"}
    gr.configure_tasks(backend=backend)
    point = meet()

    def steps() -> Any:
        yield 1

    def fn(progress: Any = gr.Progress()) -> Any:  # noqa: B008
        progress(0.5)
        point.come()
        return 1

    with gr.Blocks() as demo:
        out, first, second = gr.JSON(), gr.Button(), gr.Button()
        first.click(steps, None, out, run_as_task=True)
        second.click(fn, None, out, run_as_task=True)
    shown = show(demo)
    shown.run(first)
    assert "hands over one value, at the end" in shown.messages(Failed)[0].message
    shown.fire(second)
    point.wait()
    cancel(shown, 2)
    assert len(shown.messages(Failed)) == 1  # it has its place as long as it runs
    point.open()
    shown.page.idle()
    assert [f.code for f in shown.messages(Failed)] == ["internal", "cancelled"]
    said = texts(shown)[2, "stderr"]
    assert "Progress of 'fn' is not shown" in said
    assert "cannot stop it" in said
    assert shown.value(out) is None


def test_an_executor_that_breaks(fragile_processes: Any) -> None:
    error = on(gr.from_executor(fragile_processes), os._exit, 1)
    assert isinstance(error, WorkerDiedError)


def test_an_executor_of_threads(show: Any, stdlib_threads: Any) -> None:
    backend = gr.from_executor(stdlib_threads)
    assert backend.capabilities == {"stream", "reports", "stop"}
    gr.configure_tasks(backend=backend)

    def steps(progress: Any = gr.Progress()) -> Any:  # noqa: B008
        print(threading.current_thread().name)
        progress(0.5)
        yield 1
        yield 2

    async def later() -> Any:
        await asyncio.sleep(0)
        yield 3

    with gr.Blocks() as demo:
        out, first, second = gr.JSON(), gr.Button(), gr.Button()
        first.click(steps, None, out, run_as_task=True)
        second.click(later, None, out, run_as_task=True)
    shown = show(demo)
    assert shown.run(first).value(out) == 2
    assert texts(shown)[1, "stdout"] == "mine_0\n"
    assert shown.messages(Progress)
    assert shown.run(second).value(out) == 3


def test_on_threads_a_function_that_asks_stops(show: Any, stdlib_threads: Any, gate: Any) -> None:
    gr.configure_tasks(backend=gr.from_executor(stdlib_threads))
    held, went_on = gate(), []

    def fn() -> None:
        held.wait()
        gr.check_cancelled()
        went_on.append(1)

    demo = app(fn)
    shown = show(demo)
    shown.fire(demo.button)
    held.reached()
    cancel(shown)
    assert not shown.messages(Failed)
    held.open()
    shown.page.idle()
    assert [f.code for f in shown.messages(Failed)] == ["cancelled"]
    assert went_on == []


def test_only_executors() -> None:
    with pytest.raises(TypeError, match=r"Executor, not int"):
        gr.from_executor(3)  # type: ignore[arg-type]
