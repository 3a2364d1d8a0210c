"""Variables and what is computed from them, without any app."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ipyblocks.errors import CycleError
from ipyblocks.runtime.evaluator import evaluator
from ipyblocks.variables import derived, graph
from ipyblocks.variables.base import Change
from ipyblocks.variables.derived import Cache, DerivedVariable
from ipyblocks.variables.graph import Derived, Source, State
from ipyblocks.variables.same import same
from ipyblocks.variables.stores import FileStore
from ipyblocks.variables.switch import SwitchVariable
from ipyblocks.variables.variable import Variable
from ipyblocks.variables.watch import Watch

from .conftest import LIMIT


class Calls:
    """A function that notes its calls."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn
        self.seen: list[tuple[Any, ...]] = []
        self.__name__ = "calls"

    def __call__(self, *args: Any) -> Any:
        self.seen.append(args)
        return self.fn(*args)


class Seen:
    """What an observer was told; can be waited for."""

    def __init__(self) -> None:
        self.changes: list[Any] = []
        self._changed = threading.Condition()

    def __call__(self, change: Change) -> None:
        with self._changed:
            self.changes.append(change.new)
            self._changed.notify_all()

    def until(self, value: Any) -> list[Any]:
        with self._changed:
            assert self._changed.wait_for(lambda: value in self.changes, LIMIT), self.changes
            return self.changes


@pytest.fixture(autouse=True)
def nothing_looked_at(no_leftovers: None) -> Iterator[None]:
    yield
    assert evaluator._users == 0
    assert not graph.wanted
    assert not graph.news
    assert not evaluator.runs


# --- plain variables ------------------------------------------------------------------------------


def test_a_variable_is_set_and_read() -> None:
    x = Variable(1)
    assert x.value == 1
    x.value = 2
    assert x.value == 2
    x.to_default()
    assert x.value == 1


def test_observers_are_told_before_the_setting_returns() -> None:
    x, seen = Variable(1), []
    x.observe(seen.append)
    x.value = 2
    x.value = 2
    assert seen == [{"name": "value", "old": 1, "new": 2, "owner": x, "type": "change"}]
    assert seen[0].old == 1
    x.unobserve(seen.append)  # another object: no such observer
    x.unobserve_all()
    x.value = 3
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        (1, 1, False),
        (1, 1.0, True),
        (1, True, True),
        (float("nan"), float("nan"), False),
        ([1, {"a": 2}], [1, {"a": 2}], False),
        ([1, {"a": 2}], [1, {"a": 3}], True),
        ((), [], True),
        (None, 0, True),
    ],
)
def test_a_value_is_another_one_when_it_differs(old: Any, new: Any, changes: bool) -> None:
    assert same(old, new) is not changes


def test_an_object_changed_inside_counts_as_changed() -> None:
    items = [1]
    x = Variable(items)
    seen: list[Any] = []
    x.observe(lambda change: seen.append(list(change.new)))
    items.append(2)
    x.value = items
    assert seen == [[1, 2]]


def test_a_place_inside_is_read_and_set() -> None:
    x = Variable({"user": {"name": "Ada", "tags": ["a", "b"]}})
    name = x.get("user", "name")
    assert name.value == "Ada"
    before = x.value
    name.value = "Grace"
    x.get("user").get("tags", 1).value = "c"
    assert x.value == {"user": {"name": "Grace", "tags": ["a", "c"]}}
    assert before == {"user": {"name": "Ada", "tags": ["a", "b"]}}
    assert x.get("no", "such").value is None
    x.get("new", "place").value = 1
    assert x.value["new"] == {"place": 1}
    with pytest.raises(TypeError, match="has no place"):
        x.get("user", "name", "first").value = 1
    with pytest.raises(TypeError, match="no place 7"):
        x.get("user", "tags", 7).value = 1


def test_a_mirror_follows_until_it_is_set() -> None:
    x = Variable(1)
    twice = DerivedVariable(lambda v: 2 * v, [x])
    mirror = Variable.create_from_derived(twice)
    assert mirror.value == 2
    x.value = 5
    assert mirror.value == 10
    mirror.value = 7
    x.value = 6
    assert mirror.value == 7
    mirror.to_default()
    assert mirror.value == 12


def test_init_override() -> None:
    with Variable.init_override(lambda given: {**given, "default": 9}):
        assert Variable(1).value == 9
    assert Variable(1).value == 1


def test_misuse_is_explained() -> None:
    x = Variable(1)
    with pytest.raises(TypeError, match="neither true nor false"):
        assert x
    with pytest.raises(TypeError, match="cannot be iterated"):
        list(x)
    with pytest.raises(TypeError, match="store is 3"):
        Variable(1, store=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="create_from_derived"):
        Variable(x)
    with pytest.raises(TypeError, match="func must be a function"):
        DerivedVariable(3, [x])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="variables must be a list"):
        DerivedVariable(str, x)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not among the variables"):
        DerivedVariable(str, [x], deps=[Variable(2)])
    with pytest.raises(TypeError, match="computed from others and cannot be set"):
        DerivedVariable(str, [x]).value = 3
    with pytest.raises(ValueError, match=r"cache=None"):
        Cache.Policy.LRU(0)
    with pytest.raises(ValueError, match="polling_interval"):
        DerivedVariable(str, [x], polling_interval=-1)


def test_conditions_and_switches() -> None:
    x, y = Variable(1), Variable("a")
    is_one = x == 1
    assert bool(is_one)
    assert (x < 2).value is True
    switched = SwitchVariable.when(is_one, y, "no")
    matched = SwitchVariable.match(x, {1: "one", "2": None, "true": "yes"}, "many")
    assert (switched.value, matched.value) == ("a", "one")
    x.value = 2
    assert (switched.value, matched.value) == ("no", None)
    x.value = 3
    assert matched.value == "many"
    x.value = True
    assert matched.value == "yes"
    assert (y == x).value is False


# --- derived variables ----------------------------------------------------------------------------


def test_computed_when_read_and_only_then() -> None:
    x = Variable(1)
    fn = Calls(lambda v: v + 1)
    d = DerivedVariable(fn, [x])
    x.value = 2
    assert fn.seen == []
    assert (d.value, d.value) == (3, 3)
    assert fn.seen == [(2,)]


def test_a_diamond_is_computed_once_for_a_change() -> None:
    x = Variable(1)
    left, right = DerivedVariable(lambda v: v + 1, [x]), DerivedVariable(lambda v: v * 10, [x])
    both = Calls(lambda a, b: (a, b))
    d = DerivedVariable(both, [left, right])
    seen = Seen()
    d.observe(seen)
    x.value = 2
    seen.until((3, 20))
    d.unobserve_all()
    assert set(both.seen) <= {(2, 10), (3, 20)}


def test_nothing_below_is_computed_when_a_value_stays_the_same() -> None:
    x = Variable(1)
    odd = DerivedVariable(lambda v: v % 2, [x])
    fn = Calls(lambda v: "odd" if v else "even")
    d = DerivedVariable(fn, [odd])
    assert d.value == "odd"
    x.value = 3
    assert d.value == "odd"
    assert len(fn.seen) == 1


def test_constants_among_the_variables() -> None:
    x = Variable(1)
    assert DerivedVariable(lambda a, b, c: a + b + c, [10, x, 100]).value == 111


def test_a_chain_may_be_longer_than_the_stack() -> None:
    x = Variable(0)
    node: Any = x
    for _ in range(3000):
        node = DerivedVariable(lambda v: v + 1, [node])
    assert node.value == 3000
    x.value = 1
    assert node.value == 3001


def test_a_failure_reaches_everything_below_and_goes_again() -> None:
    x = Variable(0)
    fn = Calls(lambda v: v)
    d = DerivedVariable(lambda v: 1 / v, [x])
    below = DerivedVariable(fn, [d])
    with pytest.raises(ZeroDivisionError):
        _ = below.value
    assert fn.seen == []
    assert d.has_error.value is True
    x.value = 2
    assert below.value == 0.5
    assert (d.has_error.value, d.has_value.value) == (False, True)


def test_async_and_tasks() -> None:
    x = Variable(3)

    async def square(v: int) -> int:
        await asyncio.sleep(0)
        return v * v

    d = DerivedVariable(square, [x])
    assert DerivedVariable(lambda v: v + 1, [d]).value == 10


@pytest.mark.slow
def test_a_task_of_a_closure() -> None:
    x, offset = Variable(3), 4
    assert DerivedVariable(lambda v: v + offset, [x], run_as_task=True).value == 7


@pytest.mark.slow
def test_a_task_that_refers_to_a_variable_has_its_value() -> None:
    x, other = Variable(3, uid="x"), Variable(4)

    def reads(v: int) -> int:
        return v + other.value

    def sets(v: int) -> int:
        x.value = v
        return v

    assert DerivedVariable(reads, [x], run_as_task=True).value == 7
    with pytest.raises(TypeError, match="copy of Variable 'x' in a task cannot be set"):
        _ = DerivedVariable(sets, [x], run_as_task=True).value


def test_readers_share_one_call(gate: Callable[[], Any]) -> None:
    held = gate()
    calls: list[int] = []

    async def slow(v: int) -> int:
        calls.append(v)
        await held.pass_through()
        return v

    d = DerivedVariable(slow, [Variable(1)])
    got: list[Any] = []
    readers = [threading.Thread(target=lambda: got.append(d.value)) for _ in range(3)]
    for each in readers:
        each.start()
    held.reached()
    held.open()
    for each in readers:
        each.join(LIMIT)
    assert got == [1, 1, 1]
    assert calls == [1]


def test_reading_from_a_coroutine() -> None:
    async def late(v: int) -> int:
        await asyncio.sleep(0)
        return v

    async def reads() -> tuple[int, int]:
        d = DerivedVariable(late, [Variable(1)])
        return await d.get_current_value(), await Variable(2).get_current_value()

    assert asyncio.run(reads()) == (1, 2)


def test_waiting_on_the_loop_is_refused() -> None:
    async def late() -> int:
        return 1

    async def inner() -> int:
        return int(DerivedVariable(late, []).value)

    with pytest.raises(RuntimeError, match="get_current_value"):
        _ = DerivedVariable(inner, []).value


# --- cache, deps, trigger -------------------------------------------------------------------------


def test_remembered_by_the_values_of_the_inputs() -> None:
    x = Variable([1, {"a": 2}])
    fn = Calls(lambda v: v)
    d = DerivedVariable(fn, [x])
    for value in ([1, {"a": 2}], [2], [1, {"a": 2}], [2]):
        x.value = value
        assert d.value == value
    assert len(fn.seen) == 2


@pytest.mark.parametrize(
    ("cache", "calls"),
    [
        (Cache.Policy.LRU(2), 7),
        (Cache.Policy.MostRecent(), 8),
        (Cache.Policy.KeepAll(), 3),
        ("global", 3),
        (None, 9),
    ],
)
def test_policies(cache: Any, calls: int) -> None:
    x = Variable(0)
    fn = Calls(lambda v: v)
    d = DerivedVariable(fn, [x], cache=cache)
    for value in (0, 1, 2, 0, 1, 2, 2, 1, 0):
        x.value = value
        assert d.value == value
    assert len(fn.seen) == calls


def test_a_value_lives_as_long_as_its_policy_says(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(derived, "clock", lambda: now)
    x = Variable(0)
    fn = Calls(lambda v: v)
    d = DerivedVariable(fn, [x], cache=Cache.Policy.TTL(10))

    def there_and_back() -> int:
        x.value = 1 - x.value
        _ = d.value
        return len(fn.seen)

    assert [there_and_back(), there_and_back(), there_and_back()] == [1, 2, 2]
    now = 10.0
    assert [there_and_back(), there_and_back()] == [3, 4]


def test_deps_say_what_makes_it_stale() -> None:
    x, y = Variable({"a": 1, "b": 1}), Variable(1)
    on_y = Calls(lambda a, b: (a, b))
    d = DerivedVariable(on_y, [x, y], deps=[y])
    none = Calls(lambda a: a)
    once = DerivedVariable(none, [y], deps=[])
    part = Calls(lambda a: a)
    on_a = DerivedVariable(part, [x], deps=[x.get("a")])
    assert (d.value[1], once.value, on_a.value) == (1, 1, {"a": 1, "b": 1})
    x.value = {"a": 1, "b": 2}
    assert d.value == ({"a": 1, "b": 1}, 1)
    assert on_a.value == {"a": 1, "b": 1}
    y.value = 2
    assert d.value == ({"a": 1, "b": 2}, 2)
    assert once.value == 1
    x.get("a").value = 5
    assert on_a.value == {"a": 5, "b": 2}
    once.again()
    assert once.value == 2
    assert (len(on_y.seen), len(none.seen), len(part.seen)) == (2, 2, 2)


def test_trigger_with_force_goes_past_what_is_remembered() -> None:
    x = Variable(1)
    above = Calls(lambda v: v)
    fn = Calls(lambda v: v)
    parent = DerivedVariable(above, [x])
    d = DerivedVariable(fn, [parent])
    _ = d.value
    d.again(force=False)
    _ = d.value
    assert (len(above.seen), len(fn.seen)) == (1, 1)
    d.again()
    _ = d.value
    assert (len(above.seen), len(fn.seen)) == (2, 2)


def test_an_observed_variable_is_computed_again_when_triggered() -> None:
    count = iter(range(100))
    d = DerivedVariable(lambda: next(count), [])
    seen = Seen()
    d.observe(seen)
    seen.until(0)
    d.again()
    seen.until(1)
    d.unobserve_all()


# --- circles --------------------------------------------------------------------------------------


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


# --- looking --------------------------------------------------------------------------------------


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
