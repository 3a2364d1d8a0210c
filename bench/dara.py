"""Functions of tasks by all the ways there are here, beside the pool of dara-core in the same run.

dara-core has an environment of its own; where it cannot be installed, its figures are left out.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from _dara import core
from _figures import figure

import ipyblocks as gr
from ipyblocks.app import page_of
from ipyblocks.protocol import Progress
from ipyblocks.reactive import (
    ActionCtx,
    Button,
    DerivedVariable,
    ProgressUpdater,
    TaskProgressUpdate,
    Text,
    Variable,
    action,
    track_progress,
)
from ipyblocks.runtime.backends.base import Call
from ipyblocks.runtime.backends.processes import ProcessBackend
from ipyblocks.runtime.computation import Computation
from ipyblocks.runtime.engine import Engine
from ipyblocks.runtime.reports import RunReports
from ipyblocks.transport.loopback import LoopbackPage

WORKERS = 4
TRIPS = 200
ROUNDS = 9
REPORTS = 50
TOGETHER = 20
REST = 0.3
"""Seconds that a function goes on after its last report, so that its end is not seen before it."""

TRIP_MS = 5.0
REPORTS_MS = 60.0
CANCEL_MS = 50.0

Samples = dict[str, list[float]]
"""Seconds, by measurement: ``trips``, ``reports``, ``together`` and ``cancels``."""


# --- functions of tasks ---------------------------------------------------------------------------


def nothing(value: int) -> int:
    return value


def report(count: int, updater: ProgressUpdater) -> None:
    for i in range(1, count + 1):
        updater.send_update(100 * i / count, f"Step {i}")


@track_progress
def reports(count: int, rest: float, updater: ProgressUpdater) -> float:
    """Returns the clock reading at the first report."""
    began = time.monotonic()
    report(count, updater)
    time.sleep(rest)
    return began


def sleeps(path: str) -> None:
    with open(path, "wb", 0) as file:
        file.write(b"x")
    time.sleep(60)


@contextmanager
def signal() -> Iterator[tuple[str, Callable[[], object]]]:
    """A path for :func:`sleeps`, and what waits until it sleeps."""
    here, there = os.pipe()
    try:
        yield f"/proc/{os.getpid()}/fd/{there}", lambda: os.read(here, 1)
    finally:
        os.close(here)
        os.close(there)


# --- the bare pool --------------------------------------------------------------------------------


class Run:
    """A run that nobody looks at, but for its reports.

    Attributes:
        last: clock reading when the last report was seen.
    """

    tracks_tqdm = False

    def __init__(self) -> None:
        self.last = 0.0
        self.reports = RunReports(
            time.monotonic, lambda fn, *args: fn(*args), lambda: None, threading.Event()
        )
        self.reports.listener = self._note

    def _note(self, said: Any) -> None:
        if said.progress == 1:
            self.last = time.monotonic()

    def write(self, stream: str, text: str) -> None:
        print(text, end="", file=sys.stderr)


def call(pool: ProcessBackend, run: Run, fn: Callable[..., Any], *args: Any) -> Any:
    job = pool.submit(Call(fn, args, "plain", "fn", every_update=True), run)  # type: ignore[arg-type]
    value = job.step().result()
    job.close().result()
    run.reports.deliver()
    return value


def by_pool() -> Samples:
    pool = ProcessBackend(WORKERS)
    try:
        warm([lambda: call(pool, Run(), time.sleep, 0.2)] * WORKERS)
        trips = [timed(lambda: call(pool, Run(), nothing, 1)) for _ in range(TRIPS)]
        seen = []
        for _ in range(ROUNDS):
            run = Run()
            began = call(pool, run, reports, REPORTS, REST)
            seen.append(run.last - began)
        together = [
            finished([lambda: call(pool, Run(), reports, TOGETHER, 0.0)] * WORKERS)
            for _ in range(ROUNDS)
        ]
        stops = [stopped(pool) for _ in range(ROUNDS)]
    finally:
        pool.stop(wait=True)
    return {"trips": trips, "reports": seen, "together": ranks(together), "cancels": stops}


def stopped(pool: ProcessBackend) -> float:
    with signal() as (path, wait):
        job = pool.submit(Call(sleeps, (path,), "plain", "fn"), Run())  # type: ignore[arg-type]
        wait()
        start = time.monotonic()
        job.cancel()
        job.close().result()
        return time.monotonic() - start


def timed(fn: Callable[[], object]) -> float:
    start = time.monotonic()
    fn()
    return time.monotonic() - start


def finished(calls: list[Callable[[], object]]) -> list[float]:
    """When each of them was over that were begun at once, the first one first."""
    start, ends = time.monotonic(), []

    def one(fn: Callable[[], object]) -> None:
        fn()
        ends.append(time.monotonic() - start)

    threads = [threading.Thread(target=one, args=(fn,)) for fn in calls]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return ends


def warm(calls: list[Callable[[], object]]) -> None:
    """Every worker has had a call."""
    finished(calls)
    finished(calls)


def ranks(rounds: list[list[float]]) -> list[float]:
    """When the first, the second … was over: medians of the rounds."""
    return [statistics.median(each) for each in zip(*map(sorted, rounds), strict=True)]


# --- ctx.run_task ---------------------------------------------------------------------------------


def by_action() -> Samples:
    found: Samples = {}

    @action
    async def measure(ctx: ActionCtx) -> None:
        await asyncio.gather(*(ctx.run_task(time.sleep, [0.2]) for _ in range(WORKERS)))
        found["trips"] = [await lasted(ctx.run_task(nothing, [1])) for _ in range(TRIPS)]
        found["reports"] = [await last_report(ctx) for _ in range(ROUNDS)]
        found["together"] = ranks([await all_at_once(ctx) for _ in range(ROUNDS)])
        found["cancels"] = [await cancelled(ctx) for _ in range(ROUNDS)]

    button = Button("Measure", onclick=measure())  # type: ignore[call-arg]
    with shown(button) as page:
        page.fire(button._id or 0, "click")
        page.idle()
    return found


async def lasted(waiting: Coroutine[Any, Any, Any]) -> float:
    start = time.monotonic()
    await waiting
    return time.monotonic() - start


async def last_report(ctx: ActionCtx) -> float:
    last = 0.0

    async def note(update: TaskProgressUpdate) -> None:
        nonlocal last
        if update.progress == 100:
            last = time.monotonic()

    began: float = await ctx.run_task(reports, [REPORTS, REST], on_progress=note)
    return last - began


async def all_at_once(ctx: ActionCtx) -> list[float]:
    async def note(update: TaskProgressUpdate) -> None:
        pass

    tasks = [ctx.run_task(reports, [TOGETHER, 0.0], on_progress=note) for _ in range(WORKERS)]
    return list(await asyncio.gather(*map(lasted, tasks)))


async def cancelled(ctx: ActionCtx) -> float:
    with signal() as (path, wait):
        task = asyncio.ensure_future(ctx.run_task(sleeps, [path]))
        await asyncio.to_thread(wait)
        start = time.monotonic()
        task.cancel()
        await asyncio.wait([task])
        return time.monotonic() - start


@contextmanager
def shown(content: Any) -> Iterator[LoopbackPage]:
    engine = Engine(page_of(content))
    page = LoopbackPage(engine)
    try:
        page.hello()
        yield page
    finally:
        engine.close_all()


# --- DerivedVariable ------------------------------------------------------------------------------


class Seen:
    """An observer that can be waited for."""

    def __init__(self) -> None:
        self._told = threading.Semaphore(0)
        self.at = 0.0

    def __call__(self, change: Any) -> None:
        self.at = time.monotonic()
        self._told.release()

    def wait(self) -> float:
        self._told.acquire()
        return self.at


def by_variable() -> Samples:
    source = Variable(0)
    several = [
        DerivedVariable(together_of(i), [source], cache=None, run_as_task=True)
        for i in range(WORKERS)
    ]
    with observed(*several) as seen:
        rounds = []
        for value in range(ROUNDS + 2):  # workers start in the first ones
            start = time.monotonic()
            source.value = value + 1
            rounds.append([each.wait() - start for each in seen])
        own = variable_trips()
        stops = [variable_stopped() for _ in range(ROUNDS)]
    return {
        "trips": own,
        "reports": variable_reports(),
        "together": ranks(rounds[2:]),
        "cancels": stops,
    }


def together_of(number: int) -> Callable[[int], tuple[int, int]]:
    """A function that reports, with a value that differs with each call."""

    @track_progress
    def fn(value: int, updater: ProgressUpdater) -> tuple[int, int]:
        report(TOGETHER, updater)
        return number, value

    return fn


@contextmanager
def observed(*variables: DerivedVariable) -> Iterator[list[Seen]]:
    """Those who look at variables, each of which has been computed once."""
    seen = [Seen() for _ in variables]
    for variable, each in zip(variables, seen, strict=True):
        variable.observe(each)
    for each in seen:
        each.wait()
    try:
        yield seen
    finally:
        for variable in variables:
            variable.unobserve_all()


def variable_trips() -> list[float]:
    source = Variable(0)
    samples = []
    with observed(DerivedVariable(nothing, [source], run_as_task=True)) as [seen]:
        for value in range(1, TRIPS + 1):
            start = time.monotonic()
            source.value = value
            samples.append(seen.wait() - start)
    return samples


def variable_reports() -> list[float]:
    """Until the page was told of the last one; it is told of the latest now and then."""
    source = Variable(0.0)

    @track_progress
    def fn(rest: float, updater: ProgressUpdater) -> float:
        began = time.monotonic()
        if rest:
            report(REPORTS, updater)
            time.sleep(rest)
        return began

    samples = []
    variable = DerivedVariable(fn, [source], cache=None, run_as_task=True)
    with shown(Text(variable, track_progress=True)) as page:
        page.idle()
        for i in range(ROUNDS):
            before = page.messages[-1].seq
            source.value = REST + i / 1000
            page.wait_for(partial(is_last_report, before))
            seen = time.monotonic()
            page.idle()
            samples.append(seen - variable.peek())
    return samples


def is_last_report(before: int, message: Any) -> bool:
    new = isinstance(message, Progress) and message.seq > before
    return new and any(unit.progress == 1 for unit in message.units)


def variable_stopped() -> float:
    """From the moment when nobody looks any more until its worker is free."""
    with signal() as (path, wait):
        variable = DerivedVariable(sleeps, [Variable(path)], run_as_task=True)
        variable.observe(print)
        wait()
        run = variable.run
        assert isinstance(run, Computation)
        start = time.monotonic()
        variable.unobserve_all()
        run.over.result()
        return time.monotonic() - start


# --- report ---------------------------------------------------------------------------------------

NAMES = {
    "trips": "task that does nothing",
    "reports": f"last of {REPORTS} reports seen",
    "cancels": "cancel of a sleeping function",
}
RANKS = ("first", "second", "third", "last")
REACHES = {"trips": TRIP_MS, "reports": REPORTS_MS, "cancels": CANCEL_MS}


def main() -> None:
    gr.configure_tasks(workers=WORKERS)
    ways: dict[str, Samples | None] = {
        "bare pool": by_pool(),
        "ctx.run_task": by_action(),
        "DerivedVariable": by_variable(),
    }
    figures: dict[str, object] = {}
    verdicts: dict[str, object] = {}
    for way, found in [
        *ways.items(),
        (f"dara-core {core.VERSION}", core.measured(REPORTS, REST, TOGETHER)),
    ]:
        if found is None:
            continue
        for key, name in NAMES.items():
            samples = [1000 * each for each in found[key]]
            figures[f"{name}, {way}"] = figure(samples, digits=2)
            if way in ways:
                verdicts[f"{name}, {way}"] = verdict(key, samples)
        for rank, seconds in zip(RANKS, found["together"], strict=True):
            name = f"{rank} of {WORKERS} tasks with {TOGETHER} reports over, {way}"
            figures[name] = {"unit": "ms", "median": round(1000 * seconds, 2)}
    print(json.dumps({"figures": figures, "verdicts": verdicts}))


def verdict(key: str, samples: list[float]) -> dict[str, object]:
    slowest = key == "cancels"
    value = max(samples) if slowest else statistics.median(samples)
    of = "ms, the slowest" if slowest else "ms"
    return {"value": round(value, 2), "reach": REACHES[key], "of": of}


if __name__ == "__main__":
    main()
