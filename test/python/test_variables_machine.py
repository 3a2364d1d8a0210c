"""A machine that sets, looks at, reads, triggers, holds up and cancels variables in any order, and
checks after every step that all who look see what a naive computation gives.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ipyblocks.runtime.computation import Computation
from ipyblocks.runtime.evaluator import evaluator
from ipyblocks.variables import circles, graph, planning
from ipyblocks.variables.derived import Cache, DerivedVariable
from ipyblocks.variables.variable import Variable
from ipyblocks.variables.watch import Watch

from .conftest import LIMIT, until

pytestmark = pytest.mark.slow

Value = tuple[int, tuple[tuple[int, int], ...]]
"""A number, and which values of which sources it was computed from."""

CACHES: dict[str, Any] = {
    "default": "global",
    "none": None,
    "last": Cache.Policy.MostRecent(),
    "two": Cache.Policy.LRU(2),
    "all": Cache.Policy.KeepAll(),
}


class Refused(Exception):
    """What functions raise that fail for some inputs."""


FAILED: Any = "failed"
UNKNOWN: Any = "unknown"


@dataclass(frozen=True)
class Plan:
    """One derived variable.

    Attributes:
        inputs: numbers of sources and of variables before it.
        loose: those of the inputs whose change does not count.
        does: ``sum``; ``parity`` and ``fails`` of the sum.
    """

    inputs: tuple[int, ...]
    loose: frozenset[int]
    does: str
    is_async: bool
    cache: str

    @property
    def triggers(self) -> list[int]:
        return [each for each in self.inputs if each not in self.loose]

    def result(self, values: Sequence[Value]) -> Value:
        """What its function gives.

        Raises:
            Refused: of some sums.
        """
        total = sum(number for number, _ in values)
        if self.does == "fails" and total % 3 == 0:
            raise Refused(total)
        return (total % 2, ()) if self.does == "parity" else (total, tuple(self.stamps(values)))

    def stamps(self, values: Sequence[Value]) -> list[tuple[int, int]]:
        """Which values of which sources the inputs were computed from that must fit together."""
        firm = [v for i, v in zip(self.inputs, values, strict=True) if i not in self.loose]
        return sorted({stamp for _, stamps in firm for stamp in stamps})


@st.composite
def plans(draw: Callable[..., Any]) -> tuple[int, list[Plan]]:
    """Number of sources, and derived variables."""
    sources = draw(st.integers(1, 3))
    made: list[Plan] = []
    for number in range(sources, sources + draw(st.integers(1, 6))):
        several = st.lists(st.integers(0, number - 1), min_size=1, max_size=3, unique=True)
        inputs = tuple(draw(several))
        free = [each for each in inputs if each < sources]
        is_loose = bool(free) and draw(st.integers(0, 4)) == 0
        made.append(
            Plan(
                inputs,
                frozenset(draw(st.sets(st.sampled_from(free)))) if is_loose else frozenset(),
                draw(st.sampled_from(["sum", "sum", "parity", "fails"])),
                draw(st.booleans()),
                "default" if is_loose else draw(st.sampled_from(sorted(CACHES))),
            )
        )
    return sources, made


class Page:
    """Who looks at a variable as a session does. See :class:`.evaluator.Follower`."""

    def __init__(self, number: int, node: Any) -> None:
        self.number = number
        self.watch = Watch(node, self.changed, self)
        self.latest: Any = UNKNOWN

    def follow(self, run: Computation, watches: Sequence[Watch]) -> None: ...

    def say(self, *_: Any) -> None: ...

    def toast(self, *_: Any) -> None: ...

    def changed(self) -> None:
        self.latest = FAILED if self.watch.node.failure is not None else self.watch.node.now()

    def stop(self) -> None:
        evaluator.thread.call(self.watch.stop)
        evaluator.release()


@dataclass(eq=False)
class Observer:
    """Who observes a variable in a cell."""

    number: int
    variable: Any
    latest: Any = UNKNOWN
    repeated: list[Any] = field(default_factory=list)

    def __call__(self, change: Any) -> None:
        if change.new == self.latest:
            self.repeated.append(change.new)
        self.latest = change.new

    def stop(self) -> None:
        self.variable.unobserve(self)


class VariablesMachine(RuleBasedStateMachine):
    """All who look see what is; functions are called no more than they must."""

    @initialize(drawn=plans())
    def build(self, drawn: tuple[int, list[Plan]]) -> None:
        self.sources, plans = drawn
        self.plans = {self.sources + i: plan for i, plan in enumerate(plans)}
        self.numbers = [0] * self.sources
        self.nodes: list[Any] = [Variable((0, ((i, 0),))) for i in range(self.sources)]
        self.calls = dict.fromkeys(self.plans, 0)
        self.allowed = dict.fromkeys(self.plans, 1)
        self.given: dict[int, list[Value]] = {}
        self.mixtures: list[Any] = []
        self.held: dict[int, Future[None]] = {}
        self.inside: dict[int, int] = {}
        self.given_up: dict[int, list[Any]] = {}
        self.looking: list[Page | Observer] = []
        for number, plan in self.plans.items():
            self.nodes.append(self.derived(number, plan))

    def derived(self, number: int, plan: Plan) -> DerivedVariable:
        def begin(values: tuple[Value, ...]) -> Future[None] | None:
            self.calls[number] += 1
            self.given[number] = list(values)
            seen: dict[int, int] = {}
            for source, value in plan.stamps(values):
                if seen.setdefault(source, value) != value:
                    self.mixtures.append((number, values))
            return self.held.get(number)

        def sync(*values: Value) -> Value:
            held = begin(values)
            if held is not None:
                self.inside[number] = self.inside.get(number, 0) + 1
                try:
                    held.result(LIMIT)
                finally:
                    self.inside[number] -= 1
            return plan.result(values)

        async def late(*values: Value) -> Value:
            held = begin(values)
            if held is not None:
                self.inside[number] = self.inside.get(number, 0) + 1
                try:
                    await opened(held)
                finally:
                    self.inside[number] -= 1
            return plan.result(values)

        return DerivedVariable(
            late if plan.is_async else sync,
            [self.nodes[each] for each in plan.inputs],
            cache=CACHES[plan.cache],
            deps=[self.nodes[each] for each in plan.triggers] if plan.loose else None,
        )

    # --- the model -------------------------------------------------------------------------------

    def above(self, number: int) -> set[int]:
        """A node, and all that it is computed from."""
        if number not in self.plans:
            return {number}
        return {number}.union(*(self.above(each) for each in self.plans[number].inputs))

    def reaches(self, number: int, other: int) -> bool:
        """Whether a change of one makes another stale."""
        return number == other or (
            other in self.plans
            and any(self.reaches(number, each) for each in self.plans[other].triggers)
        )

    def allow(self, number: int) -> None:
        """Everything that a node reaches may be computed once more."""
        for other in self.plans:
            if self.reaches(number, other):
                self.allowed[other] += 1

    def allow_change(self, source: int, former: dict[int, Any]) -> None:
        """What has an input that is another one now may be computed once more."""
        changed = {source}
        for number, plan in self.plans.items():
            if changed.intersection(plan.triggers):
                self.allowed[number] += 1
                if plan.loose or self.naive(number) != former[number]:
                    changed.add(number)

    @property
    def looked_at(self) -> set[int]:
        return set().union(*(self.above(each.number) for each in self.looking))

    def naive(self, number: int) -> Any:
        """What a node's value must be."""
        if number not in self.plans:
            return (self.numbers[number], ((number, self.numbers[number]),))
        plan = self.plans[number]
        values = []
        for i, each in enumerate(plan.inputs):
            if each in plan.loose:
                # As it was at the last call.
                values.append(self.given[number][i] if number in self.given else UNKNOWN)
            else:
                values.append(self.naive(each))
        if FAILED in values:
            return FAILED
        if UNKNOWN in values:
            return UNKNOWN
        try:
            return plan.result(values)
        except Refused:
            return FAILED

    def is_blocked(self, number: int) -> bool:
        """Whether its value is not there for a while, and that is right."""
        return bool(self.above(number) & (self.stuck | self.stopped))

    @property
    def stopped(self) -> set[int]:
        """Those whose call was cancelled, none of whose inputs is another one since."""
        return {number for number, given in self.given_up.items() if given == self.inputs(number)}

    def inputs(self, number: int) -> list[Any]:
        """What makes a node stale."""
        return [self.naive(each) for each in self.plans[number].triggers]

    @property
    def stuck(self) -> set[int]:
        """Those whose function is held up right now."""
        return {number for number in self.held if self.inside.get(number) and self.stays(number)}

    def stays(self, number: int) -> bool:
        """Whether a call that is held up has not been cancelled; sync ones cannot be."""
        return not self.plans[number].is_async or self.nodes[number].state is graph.State.RUNNING

    # --- waiting ---------------------------------------------------------------------------------

    def is_resting(self) -> bool:
        thread = evaluator._thread
        if thread is None:
            return True

        def rests() -> bool:
            with graph.lock:
                planned = planning.plan(graph.wanted)
                ready = bool(graph.news) or any(each.is_ready for each in planned)
                going = [*(each for each in planned if each.run is not None), *evaluator.runs]
            stuck = [self.nodes[number] for number in self.stuck]
            free = [each for each in going if not any(each is other for other in stuck)]
            busy = evaluator._wave or evaluator._posted or evaluator.is_telling
            return not (busy or ready or free)

        return bool(thread.call(rests))

    def rest(self) -> None:
        until(self.is_resting)

    # --- steps -----------------------------------------------------------------------------------

    @rule(data=st.data(), number=st.integers(0, 4))
    def set(self, data: Any, number: int) -> None:
        source = data.draw(st.integers(0, self.sources - 1))
        unseen = {n: self.calls[n] for n in self.plans if n not in self.looked_at}
        former = {n: self.naive(n) for n in self.plans}
        if self.numbers[source] != number:
            self.numbers[source] = number
            self.allow_change(source, former)
            self.given_up = {n: self.given_up[n] for n in self.stopped}
        self.nodes[source].value = (number, ((source, number),))
        self.rest()
        if not self.held:
            assert unseen == {n: self.calls[n] for n in unseen}

    @precondition(lambda self: len(self.looking) < 4)
    @rule(data=st.data(), is_page=st.booleans())
    def look(self, data: Any, is_page: bool) -> None:
        number = data.draw(st.sampled_from(sorted(self.plans)))
        node = self.nodes[number]
        if is_page:
            page = Page(number, node)
            watch = page.watch
            if node.is_known or node.failure is not None:
                page.changed()
            evaluator.hold()
            self.looking.append(page)
            watch.start()
        else:
            observer = Observer(number, node)
            if node.is_known:
                observer.latest = node.peek()
            self.looking.append(observer)
            node.observe(observer)
        self.rest()

    @precondition(lambda self: self.looking)
    @rule(data=st.data())
    def look_away(self, data: Any) -> None:
        one = self.looking.pop(data.draw(st.integers(0, len(self.looking) - 1)))
        # What was cancelled, because nobody waits for it, is called anew for the next one.
        for number in self.stuck:
            self.allow(number)
        one.stop()
        self.rest()

    @precondition(lambda self: not self.held)
    @rule(data=st.data())
    def read(self, data: Any) -> None:
        number = data.draw(st.sampled_from(sorted(self.plans)))
        tries_again = self.nodes[number].failure is not None
        for each in self.above(number) & self.plans.keys():
            has_failed = tries_again and self.nodes[each].failure is not None
            uncached = each == number and self.plans[each].cache == "none"
            if each in self.stopped or has_failed or uncached:
                self.allow(each)
        others = {
            n: self.calls[n] for n in self.plans if n not in self.above(number) | self.looked_at
        }
        for each in self.above(number):
            self.given_up.pop(each, None)
        try:
            got = self.nodes[number].value
        except Refused:
            got = FAILED
        assert got == self.naive(number)
        self.rest()
        assert others == {n: self.calls[n] for n in others}

    @rule(data=st.data(), force=st.booleans())
    def trigger(self, data: Any, force: bool) -> None:
        number = data.draw(st.sampled_from(sorted(self.plans)))
        for each in self.above(number) & self.plans.keys() if force else {number}:
            self.allow(each)
            self.given_up.pop(each, None)
        self.nodes[number].again(force)
        self.rest()

    @precondition(lambda self: len(self.held) < 2)
    @rule(data=st.data())
    def hold(self, data: Any) -> None:
        """From now on, a function does not end."""
        number = data.draw(st.sampled_from(sorted(self.plans)))
        self.held.setdefault(number, Future())

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def let_go(self, data: Any) -> None:
        number = data.draw(st.sampled_from(sorted(self.held)))
        self.held.pop(number).set_result(None)
        until(lambda: not self.inside.get(number))
        self.rest()

    @precondition(lambda self: self.stuck)
    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        """All pages that wait for a call press Cancel."""
        number = data.draw(st.sampled_from(sorted(self.stuck)))
        node = self.nodes[number]
        pages = [p for p in self.looking if isinstance(p, Page) and number in self.above(p.number)]
        run = evaluator.runs.get(node)
        if run is None or not pages:
            return
        self.allow(number)
        evaluator.thread.call(lambda: [evaluator.give_up(run, page) for page in pages])
        if node.state is graph.State.STOPPED:
            self.given_up[number] = self.inputs(number)
        self.rest()

    # --- what must hold --------------------------------------------------------------------------

    @invariant()
    def all_see_what_is(self) -> None:
        for each in getattr(self, "looking", ()):
            expected = self.naive(each.number)
            if self.is_blocked(each.number) or (expected is FAILED and isinstance(each, Observer)):
                continue
            assert each.latest == expected, self.nodes[each.number]
            if isinstance(each, Observer):
                assert each.repeated == [], self.nodes[each.number]

    @invariant()
    def calls_are_few_and_right(self) -> None:
        for number in getattr(self, "plans", ()):
            assert self.calls[number] <= self.allowed[number], number
        assert getattr(self, "mixtures", []) == []

    def teardown(self) -> None:
        if not hasattr(self, "plans"):
            return
        for held in self.held.values():
            held.set_result(None)
        self.held.clear()
        while self.looking:
            self.looking.pop().stop()
        until(lambda: not any(node.run for node in self.nodes[self.sources :]))
        assert evaluator._users == 0
        assert [evaluator.runs, graph.wanted, graph.news, circles._waits] == [{}] * 4
        assert not any(node.dependents or node.watches for node in self.nodes)
        left = [weakref.ref(node) for node in self.nodes]
        if sys.exc_info()[0] is not None:
            return  # the traceback of what has failed refers to them
        del self.nodes
        # Threads that have just ended may still hold one.
        until(lambda: gc.collect() < 0 or all(ref() is None for ref in left))


async def opened(held: Future[None]) -> None:
    """Wait for a function that is held up to be let go, in a call that may be cancelled."""
    loop, goes_on = asyncio.get_running_loop(), asyncio.Event()

    def tell(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(goes_on.set)

    held.add_done_callback(tell)
    await goes_on.wait()


def test_variables_machine() -> None:
    run_state_machine_as_test(
        VariablesMachine,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
