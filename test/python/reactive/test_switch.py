"""``SwitchVariable`` looks at what is chosen, and at nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from ipyblocks.app import page_of
from ipyblocks.protocol import Failed
from ipyblocks.reactive import DerivedVariable, For, Stack, SwitchVariable, Text, Variable
from ipyblocks.runtime.computation import Computation
from ipyblocks.runtime.evaluator import evaluator
from ipyblocks.runtime.loop import LoopThread

from ..conftest import LIMIT
from ..test_variables import Calls
from .conftest import Show, settle, texts, until


def branches(x: Variable) -> tuple[Calls, Calls, DerivedVariable, DerivedVariable]:
    one, other = Calls(lambda v: 10 // (v - 2)), Calls(lambda v: 100 // (v - 1))
    return one, other, DerivedVariable(one, [x]), DerivedVariable(other, [x])


def test_what_is_not_chosen_is_not_computed() -> None:
    x = Variable(1)
    one, other, d, e = branches(x)
    switched = SwitchVariable.when(x == 1, d, e)
    assert switched.value == -10
    x.value = 2
    assert switched.value == 100
    x.value = 1
    assert switched.value == -10
    # Each would fail for the values at which the other one is chosen.
    assert (one.seen, other.seen) == ([(1,)], [(2,)])


def test_nor_in_a_session(show: Show) -> None:
    x = Variable(1)
    one, other, d, e = branches(x)
    switched = SwitchVariable.match(x, {1: d, 2: e, 3: "three"}, "many")
    after = DerivedVariable(lambda v: f"<{v}>", [switched])
    shown = show(page_of(Stack(Text(switched), Text(after))))
    assert texts(settle(shown)) == ["-10", "<-10>"]
    for value, wanted in ((2, "100"), (3, "three"), (4, "many"), (1, "-10"), (2, "100")):
        x.value = value
        assert texts(settle(shown)) == [wanted, f"<{wanted}>"]
    assert not d.is_live
    assert e.is_live
    assert not shown.messages(Failed)
    assert set(one.seen) == {(1,)}
    assert set(other.seen) == {(2,)}


def test_a_choice_that_is_computed_and_was_read_before_it_was_shown(show: Show) -> None:
    x, calls = Variable(2), Calls(lambda v: v * 10)
    is_even = DerivedVariable(lambda v: v % 2 == 0, [x])
    chosen, other = DerivedVariable(calls, [x]), DerivedVariable(lambda: 1 / 0, [])
    switched = SwitchVariable.when(is_even, chosen, SwitchVariable.when(x > 5, other, "odd"))
    assert is_even.value is True
    assert switched.peek("unknown") == "unknown"
    shown = show(page_of(Text(switched)))
    assert texts(settle(shown)) == ["20"]
    x.value = 3
    assert texts(settle(shown)) == ["odd"]
    x.value = 4
    assert texts(settle(shown)) == ["40"]
    assert switched.peek() == 40
    assert calls.seen == [(2,), (4,)]


def test_a_choice_that_was_read_and_is_still_right_is_shown(show: Show) -> None:
    x, calls = Variable(2), Calls(lambda v: v * 10)
    is_even = DerivedVariable(lambda v: v % 2 == 0, [x])
    switched = SwitchVariable.when(is_even, DerivedVariable(calls, [x]), "odd")
    assert switched.value == 20
    Variable(1).value = 2  # something else: now all has to be looked at again
    shown = show(page_of(Text(switched)))
    assert texts(settle(shown)) == ["20"]
    assert switched.is_current
    assert calls.seen == [(2,)]


def test_what_runs_ends_when_something_else_is_chosen(show: Show, gate: Callable[[], Any]) -> None:
    x, held = Variable(True), gate()
    ended = []

    async def slow() -> int:
        try:
            await held.pass_through()
        finally:
            ended.append(1)
        return 1

    shown = show(page_of(Text(SwitchVariable.when(x, DerivedVariable(slow, []), "other"))))
    held.reached()
    x.value = False
    until(lambda: ended)
    assert texts(settle(shown)) == ["other"]


def test_what_is_about_to_run_ends_when_something_else_is_chosen(
    show: Show, gate: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, held, hand_over = Variable(True), gate(), evaluator.hand_over
    ended = threading.Event()

    def hand_over_and_choose(run: Computation, thread: LoopThread) -> None:
        hand_over(run, thread)
        held.reached()
        x.value = False  # before what is chosen has been looked at

    async def slow() -> int:
        try:
            await held.pass_through()
        finally:
            ended.set()
        return 1

    monkeypatch.setattr(evaluator, "hand_over", hand_over_and_choose)
    shown = show(page_of(Text(SwitchVariable.when(x, DerivedVariable(slow, []), "other"))))
    assert ended.wait(LIMIT)
    assert texts(settle(shown)) == ["other"]


def test_a_choice_that_fails_says_so_and_is_well_again(show: Show) -> None:
    x, table = Variable(1), Variable({"1": "one"})
    switched = SwitchVariable.match(x, table, "many")
    shown = show(page_of(Text(switched)))
    assert texts(settle(shown)) == ["one"]
    table.value = 5
    with pytest.raises(TypeError, match="not iterable"):
        _ = switched.value
    table.value = {1: "uno"}
    assert texts(settle(shown)) == ["uno"]
    x.value = 2
    assert texts(settle(shown)) == ["many"]


def test_of_an_item_what_is_chosen(show: Show) -> None:
    items, other = Variable([{"kind": "a", "a": 1}, {"kind": "b"}]), Variable("other")
    item = items.list_item
    shown = show(
        page_of(For(items, Text(SwitchVariable.when(item["kind"] == "a", item["a"], other))))
    )
    assert texts(settle(shown)) == ["1", "other"]
    items.value = [{"kind": "b"}]
    assert texts(settle(shown)) == ["other"]
