"""How much is done for a change, and who is told of it meanwhile: counted, not timed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ipyblocks.runtime import evaluator as module
from ipyblocks.runtime.backends.choice import places
from ipyblocks.runtime.computation import Computation
from ipyblocks.runtime.evaluator import Evaluator, evaluator
from ipyblocks.variables import graph, planning
from ipyblocks.variables.base import AnyVariable
from ipyblocks.variables.derived import DerivedVariable
from ipyblocks.variables.variable import Variable
from ipyblocks.variables.watch import Watch

from .conftest import LIMIT, Gate

LENGTH = 100


@pytest.fixture(autouse=True)
def nothing_looked_at(no_leftovers: None) -> Iterator[None]:
    yield
    assert evaluator._users == 0


def chain(start: AnyVariable) -> AnyVariable:
    for _ in range(LENGTH):
        start = DerivedVariable(lambda v: v + 1, [start])
    return start


class Seen:
    """An observer that can be waited for."""

    def __init__(self) -> None:
        self.told = threading.Semaphore(0)
        self.value: Any = None

    def __call__(self, change: Any) -> None:
        self.value = change.new
        self.told.release()

    def wait(self) -> Any:
        assert self.told.acquire(timeout=LIMIT)
        return self.value


def counted(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[None]:
    calls: list[None] = []
    former = getattr(owner, name)

    def counting(*args: Any, **kwargs: Any) -> Any:
        calls.append(None)
        return former(*args, **kwargs)

    monkeypatch.setattr(owner, name, counting)
    return calls


def until_no_wave() -> None:
    """Wait until all has been computed that can be."""
    while evaluator._wave is not None or evaluator._posted:
        evaluator.thread.call(lambda: None, LIMIT)


def test_a_chain_is_planned_once_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Variable(0)
    end = chain(source)
    plans = counted(monkeypatch, planning, "plan")
    assert end.value == LENGTH
    source.value = 1
    assert end.value == LENGTH + 1
    assert len(plans) == 2


def test_the_loop_hears_of_values_that_somebody_waits_for_and_of_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, seen = Variable(0), Seen()
    end = chain(source)
    end.observe(seen)
    assert seen.wait() == LENGTH
    wakes = counted(monkeypatch, Evaluator, "wake")
    source.value = 1
    assert seen.wait() == LENGTH + 1
    # Of the setting, and of the value at the end.
    assert len(wakes) == 2
    end.unobserve_all()


def test_a_function_is_slow_when_it_has_taken_long_itself(
    monkeypatch: pytest.MonkeyPatch, gate: Callable[[], Gate]
) -> None:
    inside, seen = gate(), Seen()

    def waits(v: int) -> int:
        inside.wait()
        return v

    monkeypatch.setattr(module, "LINGER", 3600)
    end = DerivedVariable(waits, [chain(Variable(0))])
    end.observe(seen)
    inside.reached()

    def look() -> bool:
        assert evaluator._wave is not None
        evaluator._overtake(evaluator._wave)
        return end in evaluator.runs

    # The wave has taken long; this function has not.
    assert not evaluator.thread.call(look, LIMIT)
    monkeypatch.setattr(module, "LINGER", 0)
    assert evaluator.thread.call(look, LIMIT)
    inside.open()
    assert seen.wait() == LENGTH
    end.unobserve_all()


def test_what_a_cell_computes_reaches_those_who_wait_for_it(gate: Callable[[], Gate]) -> None:
    inside, seen = gate(), Seen()

    def waits(v: int) -> int:
        inside.wait()
        return v

    first = DerivedVariable(waits, [Variable(1)])
    second = DerivedVariable(lambda v: v + 1, [first])
    cell = threading.Thread(target=lambda: first.value)
    cell.start()
    inside.reached()
    second.observe(seen)
    until_no_wave()
    inside.open()
    assert seen.wait() == 2
    cell.join(LIMIT)
    second.unobserve_all()


def test_who_has_given_a_call_up_is_told_before_its_function_ends(
    gate: Callable[[], Gate],
) -> None:
    inside, told = gate(), threading.Event()
    variable = DerivedVariable(lambda v: inside.wait(), [Variable(1)])
    watch = Watch(variable, told.set)
    page: Any = object()
    with evaluator.held() as thread:
        watch.start()
        inside.reached()

        def give_up() -> bool:
            if evaluator._wave is not None:
                return False  # it is not yet said to take long
            evaluator.give_up(evaluator.runs[variable], page)
            return True

        while not thread.call(give_up, LIMIT):
            pass
        assert told.wait(LIMIT / 2), "the function has ended meanwhile"
        assert variable.state is graph.State.STOPPED
        inside.open()
        watch.stop()
        until_no_wave()


def test_a_function_that_outlives_its_loop_holds_up_nobody_after_it(
    monkeypatch: pytest.MonkeyPatch, gate: Callable[[], Gate]
) -> None:
    inside, seen, values = gate(), Seen(), Variable(1)

    def waits(v: int) -> int:
        if v == 1:
            inside.wait()
            raise ValueError("of no use to anybody")
        return v

    monkeypatch.setattr(module, "LINGER", 0)
    variable = DerivedVariable(waits, [values])
    variable.observe(print)
    inside.reached()
    while variable not in evaluator.runs:
        evaluator.thread.call(lambda: None, LIMIT)
    variable.unobserve_all()  # with it, the loop ends
    variable.observe(seen)
    values.value = 2
    until_no_wave()
    inside.open()
    assert seen.wait() == 2
    variable.unobserve_all()


@pytest.mark.parametrize("as_task", [False, True])
def test_a_call_that_is_cancelled_before_it_begins_leaves_nothing_behind(as_task: bool) -> None:
    called: list[int] = []

    async def notes(v: int) -> None:
        called.append(v)

    variable = DerivedVariable(notes, [Variable(1)], run_as_task=as_task)
    with evaluator.held() as thread:

        def begin_and_cancel() -> Computation:
            run = evaluator.prepared(variable)
            assert run is not None
            evaluator.start(run, thread)
            run.cancel()
            return run

        thread.call(begin_and_cancel, LIMIT).over.result(LIMIT)
        assert called == []
        assert places.taken == 0
        assert variable.run is None
