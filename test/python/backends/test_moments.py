"""Tasks at unkind moments: stops and ends that come between two steps of another thread."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Failed
from ipyblocks.runtime.backends.base import Call
from ipyblocks.runtime.backends.job import Job
from ipyblocks.runtime.backends.processes import ProcessBackend

from ..conftest import open_all
from .conftest import PATIENCE, WORKERS, Quiet, cancel

pytestmark = WORKERS

LONG = Call(time.sleep, (4 * PATIENCE,), "plain", "sleep")
"""Ends by itself only when a test has failed."""


@pytest.fixture
def pool() -> Iterator[ProcessBackend]:
    pool = ProcessBackend(1, grace=0.0)
    yield pool
    pool.kill()
    pool.stop(wait=True)


def test_a_call_cancelled_while_its_worker_starts_does_not_run(
    pool: ProcessBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pool.nursery is not None
    start, submitted = pool.nursery.start, Future[Job]()

    def start_late(fds: tuple[int, ...]) -> Any:
        submitted.result(PATIENCE).cancel()
        for thread in threading.enumerate():
            if thread.name == "ipyblocks-cancel":
                thread.join(PATIENCE)
        return start(fds)

    monkeypatch.setattr(pool.nursery, "start", start_late)
    job = pool.submit(LONG, Quiet())
    submitted.set_result(job)
    with pytest.raises(asyncio.CancelledError):
        job.step().result(PATIENCE)
    job.close().result(PATIENCE)


def test_a_call_taken_as_the_workers_are_stopped_does_not_run(
    pool: ProcessBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = pool.take

    def take_and_stop(attendant: Any) -> Job | None:
        job = take(attendant)
        pool.stop()
        return job

    monkeypatch.setattr(pool, "take", take_and_stop)
    job = pool.submit(LONG, Quiet())
    with pytest.raises(asyncio.CancelledError):
        job.step().result(PATIENCE)
    pool.stop(wait=True)


def test_preparing_does_not_wait_for_who_starts_the_helper(pool: ProcessBackend) -> None:
    assert pool.nursery is not None
    prepared = threading.Thread(target=pool.prepare)
    with pool.nursery._lock:
        prepared.start()
        prepared.join(PATIENCE)
        assert not prepared.is_alive()


class Slow(Executor):
    """Does nothing before it is told to."""

    def __init__(self) -> None:
        self.works: list[tuple[Future[Any], Callable[[], Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.works.append((future, lambda: fn(*args, **kwargs)))
        return future

    def work(self) -> None:
        """Do what has come, and was not cancelled."""
        works, self.works = self.works, []
        for future, fn in works:
            if future.set_running_or_notify_cancel():
                future.set_result(fn())


def test_who_waits_for_the_end_of_a_call_hears_it_though_nobody_wants_its_value() -> None:
    executor = Slow()
    handle = gr.from_executor(executor, in_process=False).submit(
        Call(os.getpid, (), "plain", "getpid"), Quiet()
    )
    assert handle.step().cancel()  # as when the coroutine that awaits it is cancelled
    executor.work()
    handle.close().result(PATIENCE)


def test_a_cancel_does_not_cancel_the_end_of_a_generator() -> None:
    def values() -> Iterator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(1)

    executor, closed = Slow(), list[int]()
    handle = gr.from_executor(executor, in_process=True).submit(
        Call(values, (), "generator", "values"), Quiet()
    )
    first = handle.step()
    executor.work()
    assert first.result(PATIENCE) == 1
    end = handle.close()
    handle.cancel()
    executor.work()
    end.result(PATIENCE)
    assert closed


def test_a_function_that_nobody_awaits_any_more_ends_before_its_end_is_told(gate: Any) -> None:
    held, over = gate(), []

    async def slow() -> None:
        held.wait()
        await asyncio.sleep(0)
        over.append(1)

    with ThreadPoolExecutor(2) as executor:
        handle = gr.from_executor(executor).submit(Call(slow, (), "async", "slow"), Quiet())
        step = handle.step()
        held.reached()
        end = handle.close()
        while not (end.running() or end.done()):
            threading.Event().wait(0.001)
        assert not end.done()
        held.open()
        end.result(PATIENCE)
        assert over
        assert step.done()


def test_a_generator_that_is_cancelled_while_its_value_is_shown_keeps_its_place(
    show: Any, meet: Any, tmp_path: Path, gates: Any, gate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, cleaning, log = gate(), meet("cleaning"), tmp_path / "log"

    def first() -> Iterator[int]:
        try:
            yield 1
        finally:
            cleaning.come()
            with log.open("a") as file:
                file.write("first over ")

    def second() -> None:
        with log.open("a") as file:
            file.write("second ")

    with gr.Blocks() as demo:
        out, buttons = gr.JSON(), [gr.Button(), gr.Button()]
        buttons[0].click(first, None, out, run_as_task=True, concurrency_id="one")
        buttons[1].click(second, None, None, run_as_task=True, concurrency_id="one")
    monkeypatch.setattr(out, "postprocess", lambda value: held.wait())
    shown = show(demo)
    shown.fire(buttons[0])
    held.reached()
    shown.fire(buttons[1])
    task = shown.on_loop(lambda: shown.session.tasks[1])
    cancel(shown)
    cleaning.wait()
    open_all(gates)
    while shown.on_loop(lambda: task.job) is not None:
        threading.Event().wait(0.001)
    shown.on_loop(lambda: None)  # what its end leads to
    assert not shown.on_loop(lambda: task.ended)
    cleaning.open()
    shown.page.idle()
    assert [failed.code for failed in shown.messages(Failed)] == ["cancelled"]
    assert log.read_text() == "first over second "
