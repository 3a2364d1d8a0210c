"""Functions of tasks in worker processes: round trips, large values, cancels, starts."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from _figures import figure, verdict

from ipyblocks.runtime.backends.base import Call, kind_of
from ipyblocks.runtime.backends.processes import Job, ProcessBackend

ROUNDS = 300
LARGE_ROUNDS = 7
CANCELS = 20
STARTS = 15
LARGE = 100_000_000

ROUND_TRIP_MS = 5.0
START_MS = 100.0
CANCEL_MS = 50.0
COPIES = 4.0
"""A large value may take as long as so many copies of it in memory: out, in, and two to spare."""


class Run:
    """A run that nobody looks at."""

    tracks_tqdm = False

    def write(self, stream: str, text: str) -> None:
        pass


def submit(pool: ProcessBackend, fn: Callable[..., Any], *args: Any) -> Job:
    return pool.submit(Call(fn, args, kind_of(fn), "fn"), Run())  # type: ignore[arg-type]


def call(pool: ProcessBackend, fn: Callable[..., Any], *args: Any) -> Any:
    job = submit(pool, fn, *args)
    value = job.step().result()
    job.close().result()
    return value


def timed(
    fn: Callable[[], Any], rounds: int, before: Callable[[], Any] | None = None
) -> list[float]:
    """ms for each of so many calls."""
    samples = []
    for _ in range(rounds):
        if before is not None:
            before()
        start = time.perf_counter()
        fn()
        samples.append((time.perf_counter() - start) * 1000)
    return samples


def nothing() -> None:
    pass


def cancels(pool: ProcessBackend) -> list[float]:
    """ms from a cancel until the worker is free, for a function that sleeps."""
    samples = []
    for _ in range(CANCELS):
        here, there = os.pipe()
        path = f"/proc/{os.getpid()}/fd/{there}"

        def fn(path: str = path) -> None:
            with open(path, "wb", 0) as file:
                file.write(b"x")
            time.sleep(60)

        job = submit(pool, fn)
        os.read(here, 1)
        start = time.perf_counter()
        job.cancel()
        job.close().result()
        samples.append((time.perf_counter() - start) * 1000)
        os.close(here)
        os.close(there)
    return samples


def starts(forked: bool) -> list[float]:
    """ms from the end of one worker to the value of the next."""
    pool = ProcessBackend(1, idle=0.0, forked=forked)
    call(pool, nothing)  # the helper, where there is one, stays

    def ended() -> None:
        for thread in list(pool._attendants):
            thread.join()

    try:
        return timed(lambda: call(pool, nothing), STARTS, before=ended)
    finally:
        pool.stop(wait=True)


def main() -> None:
    import numpy as np

    array, data = np.ones(LARGE // 8), os.urandom(LARGE)
    pool = ProcessBackend(1)
    first = timed(lambda: call(pool, nothing), 1)[0]
    try:
        with ThreadPoolExecutor(1) as threads:
            plain = timed(lambda: threads.submit(nothing).result(), ROUNDS)
        trips = timed(lambda: call(pool, nothing), ROUNDS)
        call(pool, len, array)  # imports numpy there
        copies = timed(array.copy, LARGE_ROUNDS)
        makings = timed(lambda: np.ones(LARGE // 8), LARGE_ROUNDS)  # a part of the result's time
        arguments = timed(lambda: call(pool, len, array), LARGE_ROUNDS)
        results = timed(lambda: call(pool, np.ones, LARGE // 8), LARGE_ROUNDS)
        bytes_in = timed(lambda: call(pool, len, data), LARGE_ROUNDS)
        stops = cancels(pool)
    finally:
        pool.stop(wait=True)
    forked, spawned = starts(True), starts(False)
    figures = {
        "task, first with its worker and helper": {"unit": "ms", "median": round(first, 3)},
        "task that does nothing": figure(trips),
        "plain call in a thread": figure(plain),
        "100 MB copied in memory": figure(copies),
        "100 MB made in memory": figure(makings),
        "task with an argument of 100 MB (array)": figure(arguments),
        "task with a result of 100 MB (array)": figure(results),
        "task with an argument of 100 MB (bytes)": figure(bytes_in),
        "cancel of a running function": figure(stops),
        "start of a worker, forked by the helper": figure(forked),
        "start of a worker, fresh interpreter": figure(spawned),
    }
    copy, way = statistics.median(copies), statistics.median(results) - statistics.median(makings)
    verdicts = {
        "task that does nothing": verdict(statistics.median(trips), ROUND_TRIP_MS, "ms"),
        "start of a worker": verdict(statistics.median(forked), START_MS, "ms"),
        "cancel of a running function": verdict(max(stops), CANCEL_MS, "ms, the slowest"),
        "argument of 100 MB": verdict(
            statistics.median(arguments) / copy, COPIES, "times a copy in memory"
        ),
        "result of 100 MB": verdict(way / copy, COPIES, "times a copy in memory, once made"),
    }
    print(json.dumps({"figures": figures, "verdicts": verdicts}))


if __name__ == "__main__":
    main()
