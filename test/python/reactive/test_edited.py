"""Values that are changed inside and set again: tables, arrays, and objects of one's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from ipyblocks.app import page_of
from ipyblocks.reactive import DerivedVariable, Text, Variable
from ipyblocks.variables.derived import Cache
from ipyblocks.variables.same import same

from .conftest import Show, settle


@dataclass
class Table:
    """One that Python cannot hash, like a table of pandas."""

    rows: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Fixed:
    x: int = 0


TABLE, FIXED, PLAIN = Table(), Fixed(), object()
ITEMS = [1]


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        (TABLE, TABLE, True),
        (FIXED, FIXED, False),
        (PLAIN, PLAIN, False),
        (len, len, False),
        ((TABLE,), (TABLE,), True),
        ({"a": TABLE}, {"a": TABLE}, True),
        ({"a": ITEMS}, {"a": ITEMS}, True),
        ({"a": [1]}, {"a": [1]}, False),
        ((1, (FIXED, "x")), (1, (FIXED, "x")), False),
        ({1, 2}, {1, 2}, True),
    ],
)
def test_what_python_cannot_hash_may_have_been_changed(old: Any, new: Any, changes: bool) -> None:
    assert same(old, new) is not changes


@pytest.mark.parametrize("inside", [lambda t: t, lambda t: {"table": t}, lambda t: [1, (t,)]])
@pytest.mark.parametrize("cache", ["global", None, Cache.Policy.KeepAll()])
def test_a_table_that_is_set_again_is_computed_from_again(
    show: Show, inside: Any, cache: Any
) -> None:
    table = Table([1])
    x, n, calls = Variable(inside(table)), Variable(0), []

    def total(_: Any, n: int) -> str:
        calls.append(n)
        return f"{sum(table.rows)} {n}"

    shown = show(page_of(Text(DerivedVariable(total, [x, n], cache=cache))))
    assert settle(shown) == ["1 0"]
    n.value = 1
    assert settle(shown) == ["1 1"]
    table.rows.append(10)
    x.value = inside(table)
    assert settle(shown) == ["11 1"]
    n.value = 0
    assert settle(shown) == ["11 0"], "what was remembered of it before is forgotten"
    table.rows.append(100)
    x.value, n.value = inside(table), 1
    assert settle(shown) == ["111 1"]


def test_objects_are_remembered_as_long_as_they_are_not_set_again() -> None:
    tables = Table([1]), Table([2])
    x, calls = Variable(tables[0]), []
    d = DerivedVariable(lambda table: calls.append(1) or table.rows, [x])
    assert d.value == [1]
    x.value = tables[1]
    assert d.value == [2]
    x.value = tables[0]
    assert d.value == [1]
    assert len(calls) == 2


def test_plain_values_are_remembered_when_they_are_set_back_and_forth() -> None:
    x, calls = Variable(1), []
    d = DerivedVariable(lambda v: calls.append(v) or v, [x])
    for value in (1, 2, 1, 2):
        x.value = value
        assert d.value == value
    x.value = 5
    x.value = 2
    assert d.value == 2
    assert calls == [1, 2]
