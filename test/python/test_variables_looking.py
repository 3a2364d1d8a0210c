"""Variables that somebody looks at, and those that are computed from themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ipyblocks.errors import CycleError
from ipyblocks.runtime.evaluator import evaluator
from ipyblocks.variables import graph
from ipyblocks.variables.base import Change
from ipyblocks.variables.derived import DerivedVariable
from ipyblocks.variables.graph import Derived, Source, State
from ipyblocks.variables.stores import FileStore
from ipyblocks.variables.variable import Variable
from ipyblocks.variables.watch import Watch

from .conftest import LIMIT
from .test_variables import Seen

pytestmark = pytest.mark.usefixtures("nothing_looked_at")


def test_variables_computed_from_each_other_are_refused_with_their_path() -> None:
    made: dict[str, Any] = {}

    def first() -> Any:
        return made["second"].value

    def second() -> Any:
        return made["first"].value

    made["first"] = DerivedVariable(first, [])
    made["second"] = DerivedVariable(second, [])
    path = "DerivedVariable 'first' → DerivedVariable 'second' → DerivedVariable 'first'"
    with pytest.raises(CycleError, match=path):
        _ = made["first"].value


def test_a_function_that_sets_what_it_is_computed_from_is_refused() -> None:
    x = Variable(1, uid="x")
    middle = DerivedVariable(lambda v: v, [x])

    def sets(v: int) -> int:
        x.value = v + 1
        return v

    d = DerivedVariable(sets, [middle])
    with pytest.raises(CycleError, match=r"Variable 'x' → .* → DerivedVariable 'sets'"):
        _ = d.value


def test_inputs_that_change_during_a_call_lead_to_another_one(gate: Callable[[], Any]) -> None:
    x, held = Variable(1), gate()
    calls: list[int] = []

    async def slow(v: int) -> int:
        calls.append(v)
        if v == 1:
            await held.pass_through()
        return v

    d = DerivedVariable(slow, [x])
    below = DerivedVariable(lambda v: -v, [d])
    seen = Seen()
    below.observe(seen)
    held.reached()
    x.value = 2
    assert seen.until(-2) == [-2]
    below.unobserve_all()
    assert calls == [1, 2]


def test_a_slow_function_does_not_hold_up_the_others(gate: Callable[[], Any]) -> None:
    x, held = Variable(1), gate()

    def slow(v: int) -> int:
        held.wait()
        return v

    late, quick = DerivedVariable(slow, [x]), DerivedVariable(lambda v: v + 1, [x])
    seen_late, seen = Seen(), Seen()
    late.observe(seen_late)
    held.reached()
    quick.observe(seen)
    seen.until(2)
    assert seen_late.changes == []
    held.open()
    seen_late.until(1)
    late.unobserve_all()
    quick.unobserve_all()


def test_a_call_that_nobody_waits_for_any_more_is_cancelled(gate: Callable[[], Any]) -> None:
    held, ended = gate(), threading.Event()

    async def slow() -> None:
        try:
            await held.pass_through()
        finally:
            ended.set()

    d = DerivedVariable(slow, [])
    d.observe(Seen())
    held.reached()
    d.unobserve_all()
    assert ended.wait(LIMIT)


def begun(node: Derived) -> bool:
    """Whether its function is called now; if so, the call has begun."""
    if node.prepare() is None:
        return False
    node.begin(object())
    return True


def test_a_cancelled_call_is_made_again_when_an_input_changed_while_nobody_looked() -> None:
    x, other = Source(1), Source(1)
    node = Derived([x])
    watch = Watch(node, lambda: None)
    watch.start()
    assert begun(node)
    node.stopped()
    node.over()
    watch.stop()

    other.put(2)
    watch.start()
    assert not begun(node)
    assert node.state is State.STOPPED
    watch.stop()

    x.put(2)
    watch.start()
    assert begun(node)
    node.finish([1], [2], 2)
    watch.stop()


def test_a_call_cancelled_under_a_stale_input_hears_of_the_next_change() -> None:
    x = Source(1)
    above = Derived([x])
    node = Derived([above])
    watch = Watch(node, lambda: None)
    watch.start()
    assert begun(above)
    above.finish([0], [1], 1)
    assert begun(node)
    above.again(force=False)
    node.stopped()
    node.over()
    assert node not in graph.wanted

    x.put(2)
    assert node in graph.wanted
    watch.stop()


def test_who_waits_for_a_cancelled_call_is_told_what_a_cell_has_read() -> None:
    entered, held = threading.Event(), threading.Event()

    def slow() -> int:
        entered.set()
        assert held.wait(LIMIT)
        return 1

    above = DerivedVariable(slow, [])
    late = DerivedVariable(lambda v: v + 1, [above])
    seen = Seen()
    late.observe(seen)
    assert entered.wait(LIMIT)
    above.stopped()
    held.set()
    while evaluator.is_busy:
        evaluator.thread.call(lambda: None, LIMIT)
    assert above.value == 1
    seen.until(2)
    late.unobserve_all()


def test_flags_follow(gate: Callable[[], Any]) -> None:
    x, held = Variable(1), gate()

    async def slow(v: int) -> int:
        await held.pass_through()
        return v

    d = DerivedVariable(slow, [x])
    loading = Seen()
    d.is_loading.observe(loading)
    seen = Seen()
    d.observe(seen)
    loading.until(True)
    assert d.has_value.value is False
    held.open()
    seen.until(1)
    loading.until(False)
    assert d.has_value.value is True
    d.unobserve_all()
    d.is_loading.unobserve_all()
    with pytest.raises(ValueError, match="is_loading cannot be among"):
        DerivedVariable(str, [d.is_loading])


def test_an_observer_that_raises_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    x = Variable(1)
    d = DerivedVariable(lambda v: v, [x])
    seen = Seen()

    def breaks(_: Change) -> None:
        raise ValueError("mine")

    d.observe(breaks)
    d.observe(seen)
    x.value = 2
    seen.until(2)
    x.value = 3
    seen.until(3)
    d.unobserve_all()
    assert "An observer of a variable raised." in caplog.text
    x.observe(breaks)
    told: list[Any] = []
    x.observe(told.append)
    with pytest.raises(ValueError, match="mine"):
        x.value = 4
    assert len(told) == 1


def test_a_value_that_a_store_refuses_is_not_taken(tmp_path: Path) -> None:
    x = Variable(1, store=FileStore(tmp_path / "x.json"))
    seen: list[Any] = []
    x.observe(seen.append)
    with pytest.raises(TypeError, match="JSON has texts"):
        x.value = object()
    assert x.value == 1
    assert seen == []
