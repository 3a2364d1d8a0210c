"""Variables and what is computed from them: a change on its way through graphs of 10 000 nodes.

Beside it, in turns with it, a plain loop that calls the same functions in the same order.
"""

from __future__ import annotations

import gc
import json
import statistics
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple

from _figures import figure

from ipyblocks.variables.base import AnyVariable, Change
from ipyblocks.variables.derived import DerivedVariable
from ipyblocks.variables.variable import Variable

NODES = 10_000
GRID_WIDTH = 100
ROUNDS = 15
WARM_UP = 3
CALLS = 100_000
CALL_ROUNDS = 7
WEIGHED = 10_000

NODE_REACH_US = 20.0

Graph = tuple[AnyVariable, Callable[[int], object]]
"""The end of a graph, and the plain loop that gives the same value."""


class Times(NamedTuple):
    """µs for a node, one of each a round.

    Attributes:
        change: from the setting until the observer of the end was told.
        processor: what of it this process used, all threads together.
        loop: the same functions called in a plain loop.
    """

    change: list[float]
    processor: list[float]
    loop: list[float]


def add_one(value: int) -> int:
    return value + 1


def add(a: int, b: int) -> int:
    return (a + b) % 1_000_003


def total(*values: int) -> int:
    return sum(values)


def wide(source: Variable) -> Graph:
    """10 000 that are computed from one, and their sum."""
    middle = [DerivedVariable(add_one, [source]) for _ in range(NODES)]
    return DerivedVariable(total, middle), lambda value: total(*[add_one(value) for _ in middle])


def deep(source: Variable) -> Graph:
    """A chain."""
    end: AnyVariable = source
    for _ in range(NODES):
        end = DerivedVariable(add_one, [end])

    def loop(value: int) -> int:
        for _ in range(NODES):
            value = add_one(value)
        return value

    return end, loop


def grid(source: Variable) -> Graph:
    """Rows in which each is computed from two neighbours of the row before, and the sum of the last
    row.
    """
    rows = NODES // GRID_WIDTH
    row: list[AnyVariable] = [DerivedVariable(add_one, [source]) for _ in range(GRID_WIDTH)]
    for _ in range(rows - 1):
        row = [DerivedVariable(add, [row[i - 1], row[i]]) for i in range(GRID_WIDTH)]

    def loop(value: int) -> int:
        values = [add_one(value) for _ in range(GRID_WIDTH)]
        for _ in range(rows - 1):
            values = [add(values[i - 1], values[i]) for i in range(GRID_WIDTH)]
        return total(*values)

    return DerivedVariable(total, row), loop


@contextmanager
def observed(end: AnyVariable) -> Iterator[Callable[[object], None]]:
    """Somebody who looks at the end. Gives a function that waits until they were told a value."""
    told = threading.Condition()
    latest: list[object] = [None]

    def note(change: Change) -> None:
        with told:
            latest[0] = change.new
            told.notify()

    def until(value: object) -> None:
        with told:
            told.wait_for(lambda: latest[0] == value)

    end.observe(note)
    try:
        yield until
    finally:
        end.unobserve(note)


def changes(shape: Callable[[Variable], Graph]) -> Times:
    """One change after the other, each with another value all the way."""
    source = Variable(0)
    end, loop = shape(source)
    times = Times([], [], [])
    with observed(end) as until:
        for value in range(1, WARM_UP + ROUNDS + 1):
            start = time.perf_counter()
            expected = loop(value)
            plain = time.perf_counter() - start
            start, used = time.perf_counter(), time.process_time()
            source.value = value
            until(expected)
            taken, used = time.perf_counter() - start, time.process_time() - used
            for samples, seconds in zip(times, (taken, used, plain), strict=True):
                samples.append(seconds / NODES * 1e6)
    return Times(*(samples[WARM_UP:] for samples in times))


def reads() -> list[float]:
    """µs for a node of a chain that nobody looks at, from the setting until its end was read."""
    source = Variable(0)
    end, _ = deep(source)
    samples = []
    for value in range(WARM_UP + ROUNDS):
        start = time.perf_counter()
        source.value = value
        assert end.value == value + NODES
        samples.append((time.perf_counter() - start) / NODES * 1e6)
    return samples[WARM_UP:]


def each_ns(call: Callable[[], object]) -> list[float]:
    """ns for a call, with the loop around it."""
    samples = []
    for _ in range(CALL_ROUNDS):
        start = time.perf_counter()
        for _ in range(CALLS):
            call()
        samples.append((time.perf_counter() - start) / CALLS * 1e9)
    return samples


def setting() -> list[float]:
    """ns for giving another value to a variable that nobody looks at."""
    variable, values = Variable(0), count(1)

    def put() -> None:
        variable.value = next(values)

    return each_ns(put)


def reading() -> list[float]:
    """ns for the value of a derived variable that is current."""
    variable = DerivedVariable(add_one, [Variable(0)])
    assert variable.value == 1
    return each_ns(lambda: variable.value)


def weight() -> float:
    """Bytes that a derived variable takes which has been computed once."""
    source = Variable(0)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    made = [DerivedVariable(add_one, [source]) for _ in range(WEIGHED)]
    for each in made:
        assert each.value == 1
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / WEIGHED


def main() -> None:
    figures: dict[str, object] = {}
    verdicts: dict[str, object] = {}
    for shape in (wide, deep, grid):
        times = changes(shape)
        name = f"a change through {NODES:_} variables, {shape.__name__}"
        figures[f"{name}, a node"] = figure(times.change, "µs", 2)
        figures[f"{name}, a node, processor"] = figure(times.processor, "µs", 2)
        figures[f"{name}, a node, plain loop"] = figure(times.loop, "µs", 2)
        verdicts[name] = {
            "value": round(statistics.median(times.change), 2),
            "reach": NODE_REACH_US,
            "of": "µs a node",
        }
    figures[f"reading the end of {NODES:_} variables, deep, a node"] = figure(reads(), "µs", 2)
    figures["setting a variable that nobody looks at"] = figure(setting(), "ns", 0)
    figures["value of a derived variable that is current"] = figure(reading(), "ns", 0)
    figures["memory of a derived variable"] = {"unit": "bytes", "median": round(weight())}
    print(json.dumps({"figures": figures, "verdicts": verdicts}, ensure_ascii=False))


if __name__ == "__main__":
    main()
