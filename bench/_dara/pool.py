"""The measurements of ``bench/dara.py`` for the pool of dara-core; runs in that one's environment.

Prints one JSON object: samples by measurement, in seconds.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import anyio
import anyio.to_thread
from dara.core.internal.pool import TaskPool

WORKERS = 4
numbers = itertools.count(1)


async def result(
    pool: TaskPool, name: str, *args: Any, seen: Callable[[float], None] | None = None
) -> Any:
    async def note(progress: float, message: str) -> None:
        if seen is not None:
            seen(progress)

    uid = f"task-{next(numbers)}"
    with pool.on_progress(uid, note):
        task = pool.submit(uid, name, args)
        await task.event.wait()
    if isinstance(task.result, BaseException):
        raise task.result
    return task.result


async def trips(pool: TaskPool, rounds: int) -> list[float]:
    samples = []
    for _ in range(rounds):
        start = time.monotonic()
        await result(pool, "nothing", 1)
        samples.append(time.monotonic() - start)
    return samples


async def reports(pool: TaskPool, rounds: int, count: int, rest: float) -> list[float]:
    samples = []
    for _ in range(rounds):
        last: list[float] = []

        def seen(progress: float, last: list[float] = last) -> None:
            if progress == 100:
                last.append(time.monotonic())

        began = await result(pool, "reports", count, rest, seen=seen)
        samples.append(last[0] - began)
    return samples


async def together(pool: TaskPool, count: int) -> list[float]:
    samples: list[float] = []
    start = time.monotonic()

    async def one() -> None:
        await result(pool, "reports", count, 0.0)
        samples.append(time.monotonic() - start)

    async with anyio.create_task_group() as group:
        for _ in range(WORKERS):
            group.start_soon(one)
    return samples


async def cancels(pool: TaskPool, rounds: int) -> list[float]:
    samples = []
    for _ in range(rounds):
        here, there = os.pipe()
        uid = f"task-{next(numbers)}"
        task = pool.submit(uid, "sleeps", (f"/proc/{os.getpid()}/fd/{there}",))
        await anyio.to_thread.run_sync(os.read, here, 1)
        # Until the pool knows which worker has it; it tells nobody.
        while task.started_at is None:  # noqa: ASYNC110
            await anyio.sleep(0.01)
        start = time.monotonic()
        await pool.cancel(uid)
        samples.append(time.monotonic() - start)
        os.close(here)
        os.close(there)
    return samples


async def measure(given: dict[str, Any]) -> dict[str, list[float]]:
    async with anyio.create_task_group() as group:
        parameters: Any = {"task_module": "tasks"}
        pool = TaskPool(group, parameters, max_workers=WORKERS, min_workers=WORKERS)
        await pool.start(timeout=60)
        found = {
            "trips": await trips(pool, given["trips"]),
            "reports": await reports(pool, given["rounds"], given["reports"], given["rest"]),
            "together": await together(pool, given["together"]),
            "cancels": await cancels(pool, given["rounds"]),
        }
        await pool.stop()
        group.cancel_scope.cancel()
    return found


if __name__ == "__main__":
    print(json.dumps(anyio.run(measure, json.loads(sys.argv[1]))))
