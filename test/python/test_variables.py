"""Variables and what is computed from them, without any app."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ipyblocks.variables import derived
from ipyblocks.variables.base import Change
from ipyblocks.variables.derived import Cache, DerivedVariable
from ipyblocks.variables.same import same
from ipyblocks.variables.switch import SwitchVariable
from ipyblocks.variables.variable import Variable

from .conftest import LIMIT

pytestmark = pytest.mark.usefixtures("nothing_looked_at")


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
