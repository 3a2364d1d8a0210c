"""A variable with ``deps`` whose other inputs fail: it is computed when they are well again."""

from __future__ import annotations

import pytest

from ipyblocks.app import page_of
from ipyblocks.reactive import DerivedVariable, Stack, Text, Variable

from ..test_variables import Calls, Seen
from .conftest import Show, settle, until


class Blocked:
    """``d`` is computed for changes of ``y``, from ``y`` and from an inverse of ``x``."""

    def __init__(self, x: float = 0) -> None:
        self.x, self.y = Variable(x), Variable(1)
        self.inverses = Calls(lambda v: 1 / v)
        self.calls = Calls(lambda v, y: (v, y))
        self.inverse = DerivedVariable(self.inverses, [self.x])
        self.d = DerivedVariable(self.calls, [self.inverse, self.y], deps=[self.y])


def test_a_read_gives_the_value_once_the_input_is_well_again() -> None:
    it = Blocked()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            _ = it.d.value
    version = it.d.version
    it.x.value = 2
    assert it.d.value == (0.5, 1)
    assert it.d.version == version + 1
    it.x.value = 4  # which is none of its deps
    assert it.d.value == (0.5, 1)
    it.y.value = 2
    assert it.d.value == (0.25, 2)
    assert len(it.calls.seen) == 2


def test_a_failure_that_lasts_is_one_failure() -> None:
    it = Blocked()
    for y in range(3):
        it.y.value = y
        with pytest.raises(ZeroDivisionError):
            _ = it.d.value
    assert it.d.version == 1


def test_who_looks_is_told_when_the_input_is_well_again(show: Show) -> None:
    it = Blocked(1)
    text = Text(DerivedVariable(lambda pair: f"{pair[0]:g} {pair[1]}", [it.d]))
    shown = show(page_of(Stack(text)))
    assert settle(shown) == [["1 1"]]
    it.x.value = 0
    assert settle(shown) == [["1 1"]]  # nothing that it is computed for has changed
    assert not it.inverse.is_live
    it.y.value = 2
    shown.engine.wait_idle()
    [failure] = shown.on_loop(shown.session.failures.all)
    assert "ZeroDivisionError" in failure.message
    assert it.inverse.is_live
    it.x.value = 2
    assert settle(shown) == [["0.5 2"]]
    assert shown.on_loop(shown.session.failures.all) == []
    # From then on it is told of its deps alone.
    assert not it.inverse.is_live
    before = len(it.inverses.seen)
    it.x.value = 4
    assert settle(shown) == [["0.5 2"]]
    assert len(it.inverses.seen) == before
    it.y.value = 3
    assert settle(shown) == [["0.25 3"]]


def test_a_blocked_variable_that_nobody_looks_at_is_linked_to_nothing() -> None:
    it = Blocked(1)
    seen = Seen()
    it.d.observe(seen)
    seen.until((1, 1))
    it.x.value = 0
    it.y.value = 2
    until(lambda: it.d.failure is not None and it.inverse.is_live)
    it.d.unobserve_all()
    assert not any(each.dependents for each in (it.inverse, it.x, it.y))
    it.x.value = 2
    assert it.d.value == (0.5, 2)


def test_a_trigger_that_fails_too_does_not_hide_the_other() -> None:
    x, y = Variable(0), Variable(0)
    inverses = [DerivedVariable(lambda v: 1 / v, [each]) for each in (x, y)]
    d = DerivedVariable(lambda a, b: (a, b), inverses, deps=[inverses[1]])
    with pytest.raises(ZeroDivisionError):
        _ = d.value
    y.value = 1
    with pytest.raises(ZeroDivisionError):
        _ = d.value
    x.value = 1
    assert d.value == (1, 1)
