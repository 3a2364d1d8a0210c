"""``ProgressUpdater`` in worker processes, and on executors of others."""

from __future__ import annotations

import asyncio
import math
import os
import pickle
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.progress_updater import ProgressUpdater, track_progress
from ipyblocks.protocol import Started
from ipyblocks.runtime.backends import choice
from ipyblocks.runtime.backends.base import Call, kind_of
from ipyblocks.runtime.backends.executor import ExecutorBackend
from ipyblocks.runtime.backends.processes import ProcessBackend
from ipyblocks.runtime.reports import INTERVAL, MOST_KEPT, RunReports, Said

from ..conftest import LIMIT
from .conftest import FIVE, Bench, app, percents, steps, until


@pytest.fixture
def by_value() -> Iterator[None]:
    """These modules are ones that workers cannot import, like a cell."""
    import cloudpickle

    modules = [sys.modules[__name__], sys.modules[Bench.__module__]]
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    yield
    for module in modules:
        cloudpickle.unregister_pickle_by_value(module)
    choice._workers = choice._chosen = None


@pytest.fixture(scope="module")
def executor() -> Iterator[ProcessPoolExecutor]:
    import multiprocessing

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as made:
        made.submit(int).result(LIMIT)
        yield made


@pytest.fixture
def pool(no_leftovers: None) -> Iterator[ProcessBackend]:
    made = ProcessBackend(1)
    yield made
    made.stop(wait=True)


class Listening(Bench):
    """A run whose every report is wanted; what is posted is done at once.

    Attributes:
        got: what the listener was given.
        before: the same, when the value came.
        written: text that is shown with it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.got: list[Said] = []
        self.before: list[Said] = []
        self.written: list[str] = []
        self.reports = RunReports(lambda: self.now, lambda fn: fn(), self._ask, self.stop)
        self.reports.listener = self.got.append

    def write(self, stream: str, text: str) -> None:
        self.written.append(text)


def called(backend: Any, run: Any, fn: Any, *args: Any, every: bool = True) -> Any:
    handle = backend.submit(Call(fn, args, kind_of(fn), "fn", every_update=every), run)
    try:
        value = handle.step().result(LIMIT)
        run.before = list(run.got)
        return value
    finally:
        handle.close().result(LIMIT)


@track_progress
async def slowly(name: str, updater: ProgressUpdater) -> str:
    for i in range(1, 6):
        updater.send_update(i / 5 * 100, f"{name} step {i}")
        await asyncio.sleep(0)
    return "result"


def outermost(name: str) -> Any:
    """A plain function that calls a tracked one."""
    return steps(name)


@pytest.mark.slow
@pytest.mark.parametrize("fn", [steps, slowly, outermost], ids=["plain", "async", "called"])
def test_every_report_of_a_worker_in_order(fn: Any, pool: Any, by_value: None) -> None:
    run = Listening()
    assert called(pool, run, fn, "a") == "result"
    assert percents(run.before) == FIVE
    assert run.got == run.before
    # The page has been told the last word, too.
    assert run.shown() == [(100, "a step 5")]
    # The next call of the worker begins with nothing.
    other = Listening()
    assert called(pool, other, steps, "b") == "result"
    assert [s.message[0] for s in other.got] == ["b"] * 5


@pytest.mark.slow
def test_without_a_listener_a_worker_tells_the_latest(pool: Any, by_value: None) -> None:
    run = Listening()
    run.reports.listener = None
    assert called(pool, run, steps, "a", every=False) == "result"
    assert run.got == []
    assert run.shown() == [(100, "a step 5")]


@pytest.mark.slow
def test_many_reports_of_a_worker(pool: Any, by_value: None) -> None:
    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        for i in range(20_000):
            updater.send_update(50, str(i))

    run = Listening()
    called(pool, run, fn)
    numbers = [int(s.message) for s in run.got]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 19_999
    assert len(numbers) >= MOST_KEPT


@pytest.mark.slow
def test_estimates_levels_and_nonsense_of_a_worker(pool: Any, by_value: None) -> None:
    @track_progress
    def inner(updater: ProgressUpdater) -> None:
        updater.send_update(math.nan, "inner")

    @track_progress
    def outer(updater: ProgressUpdater) -> None:
        updater.send_update(40, "outer")
        updater.fake_progress(80, "guessing", 5000)
        inner()

    run = Listening()
    called(pool, run, outer)
    assert [s.message for s in run.got] == ["outer", "guessing", "inner"]
    assert run.got[1].fake == (0.8, 5000)
    assert run.got[2].progress is None


@pytest.mark.slow
def test_a_warning_of_a_worker_is_of_its_own_run(pool: Any, by_value: None, caplog: Any) -> None:
    @track_progress
    def level(progress: Any, updater: ProgressUpdater) -> None:
        updater.send_update(math.nan, "x")
        raise ZeroDivisionError  # the end follows at once

    def figure(progress: Any) -> None:
        progress(math.nan)  # looked at when it is sent
        raise ZeroDivisionError

    for i, fn in enumerate([level, figure, figure, level, figure]):
        run = Listening()
        with pytest.raises(ZeroDivisionError):
            called(pool, run, fn, gr.Progress().bound(run.reports), every=False)
        assert len(caplog.records) == i + 1


@pytest.mark.slow
def test_what_a_stopped_call_has_said_is_not_said_by_the_next(pool: Any, by_value: None) -> None:
    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        while True:
            updater.send_update(50, "stopped")

    def later() -> int:
        threading.Event().wait(3 * INTERVAL)  # when the worker would speak again
        return os.getpid()

    pid = called(pool, Listening(), later, every=False)
    run, there = Listening(), threading.Event()
    run.reports.listener = None
    run.reports._changed = there.set
    job = pool.submit(Call(fn, (), "plain", "fn"), run)
    assert there.wait(LIMIT)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        job.step().result(LIMIT)
    other = Listening()
    assert called(pool, other, later, every=False) == pid
    assert other.asked == 0


@pytest.mark.slow
def test_an_updater_travels_to_a_worker(pool: Any, by_value: None) -> None:
    run, here = Listening(), Bench()
    updater = ProgressUpdater.of(here.reports)

    def fn(given: Any) -> None:
        given.send_update(70, "there")

    called(pool, run, fn, updater)
    assert percents(run.got) == [(70, "there")]
    updater.close()
    # Where there is no run, nobody is told.
    pickle.loads(pickle.dumps(updater)).send_update(1, "x")
    got = pickle.loads(pickle.dumps(ProgressUpdater(print)))
    assert got._method is print


@pytest.mark.slow
def test_an_executor_of_other_processes_tells_every_report_at_the_end(
    executor: Any, by_value: None
) -> None:
    backend = ExecutorBackend(executor, in_process=False)
    run = Listening()
    assert called(backend, run, steps, "a") == "result"
    assert percents(run.before) == FIVE
    assert run.written == []
    run = Listening()
    run.reports.listener = None
    assert called(backend, run, steps, "a", every=False) == "result"
    assert "Progress of 'fn' is not shown" in run.written[0]


def test_an_executor_of_threads_tells_every_report() -> None:
    with ThreadPoolExecutor(1) as executor:
        run = Listening()
        assert called(ExecutorBackend(executor, in_process=True), run, steps, "a") == "result"
    assert percents(run.got) == FIVE


@pytest.mark.slow
def test_progress_of_a_task_in_an_app(show: Any, by_value: None, tmp_path: Any) -> None:
    go = str(tmp_path / "go")
    os.mkfifo(go)

    @track_progress
    def fn(updater: ProgressUpdater) -> int:
        updater.send_update(40, "a__b")
        with open(go, "rb", 0) as file:
            file.read(1)
        return 1

    demo, (out,), button = app(fn, run_as_task=True)
    shown = show(demo).fire(button)
    shown.until(Started)
    until(shown, (40, "a__b"))
    with open(go, "w") as file:
        file.write("x")
    shown.page.idle()
    assert shown.value(out) == 1
