"""``ProgressUpdater`` and ``track_progress``: who gets an updater, what its reports become, and who
is given every one of them.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import logging
import math
import os
import pickle
import sys
import threading
import typing
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Annotated, Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ipyblocks as gr
from ipyblocks import context
from ipyblocks.progress_updater import ProgressUpdater, TaskProgressUpdate, track_progress
from ipyblocks.protocol import Done, Failed, Log, Started
from ipyblocks.protocol import Progress as Told
from ipyblocks.runtime.backends import choice
from ipyblocks.runtime.backends.base import Call, kind_of
from ipyblocks.runtime.backends.executor import ExecutorBackend
from ipyblocks.runtime.backends.processes import ProcessBackend
from ipyblocks.runtime.reports import INTERVAL, MOST_KEPT, RunReports, Said

PATIENCE = 30.0


class Bench:
    """A run without an engine, on a clock that stands. See :class:`ipyblocks.context.Run`.

    Attributes:
        now: the clock, in seconds.
        posted: calls for the loop, which are made by :meth:`turn`.
    """

    tracks_tqdm = False

    def __init__(self) -> None:
        self.now, self.stop = 1000.0, threading.Event()
        self.posted: list[Callable[[], Any]] = []
        self.asked = 0
        self.reports = RunReports(lambda: self.now, self.posted.append, self._ask, self.stop)

    def _ask(self) -> None:
        self.asked += 1

    def turn(self) -> None:
        """What the loop does in one turn."""
        posted, self.posted[:] = list(self.posted), []
        for each in posted:
            each()

    def shown(self) -> list[tuple[float | None, str | None]]:
        """Per cent and message of every level, outermost first."""
        units, _ = self.reports.fetch()
        return [(None if u.progress is None else round(100 * u.progress, 2), u.desc) for u in units]

    def write(self, *_: Any) -> None: ...


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A run that the test's own code is part of."""
    made = Bench()
    with context.running(made):  # type: ignore[arg-type]
        yield made


@pytest.fixture
def updater(bench: Bench) -> ProgressUpdater:
    return ProgressUpdater.of(bench.reports)


# --- who gets an updater --------------------------------------------------------------------------


@track_progress
def steps(name: str, updater: ProgressUpdater) -> str:
    for i in range(1, 6):
        updater.send_update(i / 5 * 100, f"{name} step {i}")
    return "result"


FIVE = [(20, "a step 1"), (40, "a step 2"), (60, "a step 3"), (80, "a step 4"), (100, "a step 5")]


def test_a_method_gets_what_is_said() -> None:
    got: list[Any] = []
    ProgressUpdater(lambda *said: got.append(said)).send_update(100, "finished")
    assert got == [(100, "finished")]


def test_called_by_hand_with_a_method() -> None:
    got: list[Any] = []
    assert steps("a", __send_update=lambda *said: got.append(said)) == "result"
    assert got == FIVE

    @track_progress
    def guess(updater: ProgressUpdater) -> None:
        updater.fake_progress(80, "guessing", 5000)

    guess(__send_update=lambda *said: got.append(said))
    assert got[5:] == [(80, "guessing")]
    guess(__send_update=None)  # nobody wants to know


def test_called_by_hand_without_one() -> None:
    with pytest.raises(ValueError, match=r"^Key __send_update not found in kwargs.*__send_update="):
        steps("a")


def test_an_updater_by_name_is_taken_as_it_is(bench: Bench) -> None:
    got: list[Any] = []
    with context.running(None):
        steps("a", updater=ProgressUpdater(lambda *said: got.append(said)))
        steps("b", updater=ProgressUpdater())
    assert got == FIVE
    assert bench.reports.stack == []


def test_without_an_annotation() -> None:
    match = "Couldn't find an annotation matching the type ProgressUpdater"
    with pytest.raises(ValueError, match=match):
        track_progress(lambda updater: updater)

    def elsewhere(a: list[ProgressUpdater], *b: ProgressUpdater, **c: ProgressUpdater) -> None: ...

    with pytest.raises(ValueError, match=match):
        track_progress(elsewhere)
    with pytest.raises(ValueError, match=match):
        track_progress(steps)
    with pytest.raises(TypeError, match="decorates functions, not a int"):
        track_progress(5)  # type: ignore[call-overload]


def test_metadata() -> None:
    assert steps.__name__ == "steps"
    assert steps.__wrapped__.__name__ == "steps"  # type: ignore[attr-defined]
    assert steps.__wrapped_by__ is track_progress  # type: ignore[attr-defined]
    assert list(inspect.signature(steps).parameters) == ["name"]


def test_with_parentheses() -> None:
    @track_progress()
    def fn(x: int, updater: ProgressUpdater) -> int:
        updater.send_update(x, "")
        return x

    assert fn(3, __send_update=print) == 3
    assert fn.__wrapped_by__ is track_progress  # type: ignore[attr-defined]


def annotated(annotation: Any) -> Callable[..., Any]:
    def fn(a: int, updater: Any) -> Any:
        return a, updater

    fn.__annotations__["updater"] = annotation
    return fn


@pytest.mark.parametrize(
    "annotation",
    [
        ProgressUpdater,
        "ProgressUpdater",
        "gr_updater.ProgressUpdater",  # a name that is not known here
        Optional[ProgressUpdater],  # noqa: UP045 - the older way of writing it
        Optional["ProgressUpdater"],
        "Optional[ProgressUpdater]",
        "'ProgressUpdater'",
        ProgressUpdater | None,
        "None | ProgressUpdater",
        Annotated[ProgressUpdater, "of this call"],
        typing.Union[int, ProgressUpdater, None],  # noqa: UP007
    ],
    ids=str,
)
def test_annotations(annotation: Any, bench: Bench) -> None:
    fn = track_progress(annotated(annotation))
    a, updater = fn(1)
    assert a == 1
    assert type(updater) is ProgressUpdater


def test_a_class_of_the_function_s_surroundings() -> None:
    def local() -> Callable[..., Any]:
        from ipyblocks.progress_updater import ProgressUpdater as Mine

        @track_progress
        def fn(updater: Mine) -> Any:  # a name that only the surroundings know
            return updater, Mine

        return fn

    updater, _ = local()(__send_update=None)
    assert type(updater) is ProgressUpdater


def test_the_updater_may_stand_anywhere(bench: Bench) -> None:
    @track_progress
    def first(updater: ProgressUpdater, a: int, b: int = 2, *rest: int, c: int = 3) -> Any:
        return type(updater), a, b, rest, c

    @track_progress
    def middle(a, updater: ProgressUpdater, b, /, c=3, **more):  # type: ignore[no-untyped-def]
        return type(updater), a, b, c, more

    @track_progress
    def named(a: int = 1, *, updater: ProgressUpdater) -> Any:
        return type(updater), a

    @track_progress
    def two(one: ProgressUpdater, a: int, other: ProgressUpdater | None = None) -> Any:
        return type(one), a, one is other

    def given(fn: Any, *args: Any, **kwargs: Any) -> Any:
        updater, *others = fn(*args, **kwargs)
        assert updater is ProgressUpdater
        return others

    assert given(first, 1) == [1, 2, (), 3]
    assert given(first, 1, 5, 6, 7, c=8) == [1, 5, (6, 7), 8]
    assert given(middle, 1, 2) == [1, 2, 3, {}]
    assert given(middle, 1, 2, c=4, d=5) == [1, 2, 4, {"d": 5}]
    assert given(named) == [1]
    assert given(two, 5) == [5, True]
    assert list(inspect.signature(middle).parameters) == ["a", "b", "c", "more"]
    assert given(two, 1, other="mine") == [1, False]
    with pytest.raises(TypeError, match=r"first\(\) missing 1 required positional argument: 'a'"):
        first()
    with pytest.raises(ValueError, match=r"The parameter 'updater' .* Put it first"):

        @track_progress
        def late(a: int = 1, updater: ProgressUpdater = None, /) -> None: ...  # type: ignore[assignment]


def test_methods_partials_and_objects(bench: Bench) -> None:
    class Model:
        @track_progress
        def train(self, a: int, updater: ProgressUpdater) -> Any:
            return self, a, type(updater)

        @staticmethod
        @track_progress
        def load(updater: ProgressUpdater) -> Any:
            return type(updater)

        async def __call__(self, updater: ProgressUpdater) -> Any:
            return type(updater)

    model = Model()
    assert model.train(1) == (model, 1, ProgressUpdater)
    assert model.load() is ProgressUpdater
    assert track_progress(functools.partial(annotated(ProgressUpdater), 4))()[0] == 4
    called = track_progress(model)
    assert inspect.iscoroutinefunction(called)
    assert asyncio.run(called()) is ProgressUpdater


def test_each_kind_stays_what_it_is(bench: Bench) -> None:
    @track_progress
    def plain(updater: ProgressUpdater) -> None: ...

    @track_progress
    async def awaited(updater: ProgressUpdater) -> str:
        await asyncio.sleep(0)
        updater.send_update(50, "half")
        return "value"

    @track_progress
    def generated(updater: ProgressUpdater) -> Iterator[Any]:
        updater.send_update(50, "half")
        got = yield 1
        yield got

    @track_progress
    async def streamed(updater: ProgressUpdater) -> AsyncIterator[Any]:
        yield 1

    kinds = [kind_of(each) for each in (plain, awaited, generated, streamed)]
    assert kinds == ["plain", "async", "generator", "async generator"]
    assert asyncio.run(awaited()) == "value"
    values = generated()
    assert bench.reports.stack == []  # not begun
    assert next(values) == 1
    assert len(bench.reports.stack) == 1
    assert values.send("sent") == "sent"
    values.close()
    assert bench.reports.stack == []


def test_an_async_generator_is_sent_and_thrown_what_its_caller_sends(bench: Bench) -> None:
    ended = []

    @track_progress
    async def streamed(updater: ProgressUpdater) -> AsyncIterator[Any]:
        got = None
        try:
            while True:
                try:
                    got = yield got
                except KeyError as error:
                    got = f"caught {error}"
                if got == "end":
                    return
        finally:
            ended.append(got)

    async def use() -> None:
        values: Any = streamed()
        assert await values.__anext__() is None
        assert await values.asend(1) == 1
        assert await values.athrow(KeyError("it")) == "caught 'it'"
        with pytest.raises(StopAsyncIteration):
            await values.asend("end")
        other: Any = streamed()
        await other.__anext__()
        await other.aclose()
        failing: Any = streamed()
        await failing.__anext__()
        with pytest.raises(ZeroDivisionError):
            await failing.athrow(ZeroDivisionError())

    asyncio.run(use())
    assert ended == ["end", None, None]
    assert bench.reports.stack == []


# --- what reports become --------------------------------------------------------------------------


def test_a_report_is_shown(bench: Bench, updater: ProgressUpdater) -> None:
    assert bench.shown() == []
    updater.send_update(40, "Step 2")
    assert bench.shown() == [(40, "Step 2")]
    updater.send_update(20, "back")
    assert bench.shown() == [(20, "back")]


@pytest.mark.parametrize("message", ["a__b", "FAKE_PROGRESS__0__a__b", "two\nlines", "", "🎉", 7])
def test_a_message_is_not_looked_into(message: Any, bench: Bench, updater: Any) -> None:
    updater.send_update(40, message)
    units, fake = bench.reports.fetch()
    assert (units[0].desc, fake) == (str(message), None)
    updater.fake_progress(80, message)
    units, _ = bench.reports.fetch()
    assert units[0].desc == str(message)


class Rude:
    """Raises whatever one asks of it."""

    def __float__(self) -> float:
        raise RuntimeError("no")

    __str__ = __repr__ = __float__  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((each, 30) for each in (math.nan, math.inf, None, "half", Rude(), 10**400)),
        *((each, 0) for each in (-1, -math.pi)),
        (250, 100),
    ],
    ids=lambda value: type(value).__name__,
)
def test_nonsense_is_shown_as_near_as_can_be_with_one_warning(
    value: Any, expected: float, bench: Bench, updater: ProgressUpdater, caplog: Any
) -> None:
    updater.send_update(30, "good")
    assert bench.shown() == [(30, "good")]
    for _ in range(3):
        updater.send_update(value, "bad")
        assert bench.shown() == [(expected, "bad")]
    (record,) = caplog.records
    assert record.getMessage().startswith("send_update(")
    assert "a number from 0 to 100 is needed" in record.getMessage()
    updater.send_update(60, "good")
    assert bench.shown() == [(60, "good")]


def test_the_warning_names_the_call(bench: Bench, updater: ProgressUpdater, caplog: Any) -> None:
    updater.send_update(math.nan, "x")
    bench.shown()
    assert caplog.records[0].getMessage().startswith("send_update(nan, …): ")


def test_a_call_that_ends_at_once_warns_too(bench: Bench, caplog: Any) -> None:
    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        updater.send_update(math.nan, "x")

    fn()
    assert len(caplog.records) == 1


anything: Any = st.one_of(st.floats(), st.integers(), st.none(), st.text(), st.builds(Rude))


@given(st.lists(st.tuples(st.booleans(), anything, anything, anything)))
def test_whatever_is_said_a_level_is_shown(said: Any) -> None:
    bench = Bench()
    updater = ProgressUpdater.of(bench.reports)
    for fake, progress, message, estimate in said:
        if fake:
            updater.fake_progress(progress, message, estimate)
        else:
            updater.send_update(progress, message)
        bench.now += 1
        for share, text in bench.shown():
            assert share is None or 0 <= share <= 100
            assert text is None or isinstance(text, str)
    updater.close()


def test_asked_once_until_fetched_and_never_more(bench: Bench, updater: ProgressUpdater) -> None:
    for i in range(100_000):
        updater.send_update(i / 1000, "Working")
    bench.turn()
    assert (bench.asked, bench.shown()) == (1, [(100, "Working")])
    updater.send_update(50, "again")
    assert len(bench.posted) == 1


# --- estimates ------------------------------------------------------------------------------------

TABLE = [  # seconds → per cent, for 40 to 80 in 5 s
    (0, 40), (1, 48), (2.5, 60), (3, 64), (4.25, 71.44), (5, 74.11), (10, 79.52), (60, 80),
]  # fmt: skip


@pytest.mark.parametrize(("seconds", "expected"), TABLE)
def test_an_estimate_follows_the_reference(
    seconds: float, expected: float, bench: Bench, updater: ProgressUpdater
) -> None:
    updater.send_update(40, "measured")
    updater.fake_progress(80, "guessing", 5000)
    bench.now += seconds
    ((percent, message),) = bench.shown()
    assert percent == pytest.approx(expected, abs=0.01)
    assert message == "guessing"
    _, fake = bench.reports.fetch()
    assert fake is not None
    assert (fake.start, fake.end, fake.estimated_ms) == (0.4, 0.8, 5000)


@pytest.mark.parametrize("ms", [1, 50, 99, 118, 236, 353, 471, 589])
def test_a_tiny_estimate_does_not_pass_its_end(
    ms: float, bench: Bench, updater: ProgressUpdater
) -> None:
    updater.fake_progress(80, "guessing", ms)
    before = 0.0
    for _ in range(20):
        bench.now += 0.1
        ((percent, _),) = bench.shown()
        assert before <= (percent or 0) <= 80
        before = percent or 0
    assert before == pytest.approx(80, abs=0.1)


def test_a_real_update_ends_an_estimate(bench: Bench, updater: ProgressUpdater) -> None:
    updater.send_update(50, "measured")
    updater.fake_progress(100, "guessing")
    assert bench.shown() == [(50, "guessing")]
    bench.now += 60
    assert 95 < (bench.shown()[0][0] or 0) < 100
    updater.send_update(99, "measured")
    units, fake = bench.reports.fetch()
    assert (units[0].progress, fake) == (0.99, None)
    bench.now += 30
    assert bench.shown() == [(99, "measured")]


def test_estimates_go_on_from_each_other(bench: Bench, updater: ProgressUpdater) -> None:
    updater.fake_progress(50, "one", 1000)
    bench.now += 0.5
    updater.fake_progress(90, "two", 1000)
    assert bench.shown() == [(25, "two")]
    bench.now += 90
    assert bench.shown()[0][0] == pytest.approx(90, abs=0.01)
    updater.fake_progress(10, "behind")
    bench.now += 90
    assert bench.shown()[0][0] == pytest.approx(90, abs=0.01)


@pytest.mark.parametrize(
    ("end", "ms", "call"),
    [
        (math.nan, 0, "fake_progress(nan, …): an end from 0 to 100"),
        (None, 0, "fake_progress(None, …)"),
        (-5, 0, "fake_progress(-5, …)"),
        (101, 0, "fake_progress(101, …)"),
        (80, math.nan, "fake_progress(…, estimated_time=nan): a number of milliseconds"),
        (80, -1, "fake_progress(…, estimated_time=-1)"),
    ],
)
def test_an_estimate_of_nonsense(
    end: Any, ms: Any, call: str, bench: Bench, updater: ProgressUpdater, caplog: Any
) -> None:
    updater.send_update(30, "measured")
    updater.fake_progress(end, "guessing", ms)
    bench.now += 1
    ((percent, _),) = bench.shown()
    assert 30 <= (percent or 0) <= 100
    (record,) = caplog.records
    assert record.getMessage().startswith(call)


def test_nonsense_after_an_estimate_does_not_go_back(bench: Bench, updater: Any) -> None:
    updater.fake_progress(80, "guessing", 1000)
    bench.now += 60
    assert bench.shown() == [(80, "guessing")]
    updater.send_update(None, "bad")
    assert bench.shown() == [(80, "bad")]


# --- levels ---------------------------------------------------------------------------------------


def test_a_tracked_function_inside_another_is_a_level_below(bench: Bench) -> None:
    seen = []

    @track_progress
    def inner(fail: bool, updater: ProgressUpdater) -> None:
        seen.append(bench.shown())
        updater.send_update(50, "inner")
        seen.append(bench.shown())
        if fail:
            raise ZeroDivisionError

    @track_progress
    def outer(updater: ProgressUpdater) -> None:
        updater.send_update(10, "outer")
        inner(False)
        seen.append(bench.shown())
        with pytest.raises(ZeroDivisionError):
            inner(True)
        seen.append(bench.shown())

    outer()
    own = (10, "outer")
    assert seen == [[own], [own, (50, "inner")], [own], [own], [own, (50, "inner")], [own]]


def test_the_page_is_told_when_a_level_below_has_ended(bench: Bench) -> None:
    @track_progress
    def outer(updater: ProgressUpdater) -> None:
        updater.send_update(10, "outer")
        steps("inner")
        bench.shown()
        steps("inner")
        bench.shown()
        assert not bench.reports.waiting
        track_progress(annotated(ProgressUpdater))(1)  # says nothing, and so changes nothing
        assert not bench.reports.waiting

    outer()
    bench.turn()
    assert bench.asked == 2


def test_an_estimate_around_another_level_goes_on(bench: Bench) -> None:
    """The page animates the innermost level alone; the others are told as they are."""

    @track_progress
    def inner(updater: ProgressUpdater) -> None:
        updater.send_update(5, "inner")
        bench.now += 2.5
        units, fake = bench.reports.fetch()
        assert [u.progress for u in units] == [pytest.approx(0.6), 0.05]
        assert fake is None

    @track_progress
    def outer(updater: ProgressUpdater) -> None:
        updater.send_update(40, "outer")
        updater.fake_progress(80, "outer", 5000)
        inner()
        units, fake = bench.reports.fetch()
        assert [u.progress for u in units] == [pytest.approx(0.6)]
        assert fake is not None
        assert fake.age_ms == pytest.approx(2500)

    outer()


def test_the_last_words_stay_until_there_are_others(bench: Bench) -> None:
    steps("a")
    assert bench.reports.stack == []
    assert bench.shown() == [(100, "a step 5")]

    @track_progress
    def guess(updater: ProgressUpdater) -> None:
        assert bench.shown() == []
        updater.fake_progress(80, "guessing", 1000)
        assert bench.shown() == [(0, "guessing")]
        bench.now += 0.5

    guess()
    assert bench.reports.waiting  # so that the page stops its animation
    bench.now += 60
    units, fake = bench.reports.fetch()
    assert (units[0].progress, units[0].desc, fake) == (pytest.approx(0.4), "guessing", None)
    gr.Progress().bound(bench.reports)(0.2, "plain")
    assert bench.shown() == [(20, "plain")]


def test_inside_a_loop_of_progress(bench: Bench) -> None:
    for _ in gr.Progress().bound(bench.reports).tqdm([1], desc="loop"):
        steps("a")
        assert bench.shown() == [(0, "loop")]


def test_levels_of_threads_come_and_go(bench: Bench, request: Any) -> None:
    """None is lost and none stays, in whatever order they end."""

    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        assert updater._level in bench.reports.stack

    def many() -> None:
        for _ in range(2000):
            fn()

    request.addfinalizer(functools.partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-6)
    with ThreadPoolExecutor(4) as pool:
        contexts = [contextvars.copy_context() for _ in range(4)]
        for each in [pool.submit(c.run, many) for c in contexts]:
            each.result()
    assert bench.reports.stack == []


def test_an_update_after_the_call_is_dropped(bench: Bench) -> None:
    kept = []

    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        kept.append(updater)
        updater.send_update(50, "half")

    fn()
    bench.shown()
    kept[0].send_update(60, "late")
    kept[0].fake_progress(80, "late")
    kept[0].close()
    assert bench.shown() == [(50, "half")]
    assert not bench.reports.waiting


def test_a_cancelled_call_ends_at_its_next_update(bench: Bench) -> None:
    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        updater.send_update(1, "x")
        bench.stop.set()
        bench.reports.interrupt()
        updater.send_update(2, "y")

    with pytest.raises(asyncio.CancelledError):
        fn()
    assert bench.reports.stack == []


# --- every report ---------------------------------------------------------------------------------


@pytest.fixture
def every(bench: Bench) -> list[Said]:
    """What the listener of the run is given."""
    got: list[Said] = []
    bench.reports.listener = got.append
    return got


def percents(said: list[Said]) -> list[tuple[Any, str]]:
    return [(None if s.progress is None else round(100 * s.progress, 6), s.message) for s in said]


def test_a_listener_is_given_every_report_in_order(bench: Bench, every: list[Said]) -> None:
    steps("a")
    assert every == []
    assert len(bench.posted) == 2  # one for the page, one for the listener
    bench.turn()
    assert percents(every) == FIVE
    assert bench.asked == 1
    steps("a")
    bench.reports.deliver()
    assert percents(every) == FIVE + FIVE


def test_a_listener_is_given_figures_and_estimates(bench: Bench, every: list[Said]) -> None:
    progress = gr.Progress().bound(bench.reports)
    progress(0.25, "figure")
    progress((1, 2))
    progress(None)
    progress.fake(0.8, "fake", 2)
    updater = ProgressUpdater.of(bench.reports)
    updater.send_update(10, "level")
    updater.fake_progress(80, "guessing", 5000)
    updater.send_update(math.nan, "bad")
    bench.turn()
    assert every == [
        Said(0.25, "figure"),
        Said(0.5, ""),
        Said(0.0, "fake", (0.8, 2000)),
        Said(0.1, "level"),
        Said(0.1, "guessing", (0.8, 5000)),
        Said(0.1, "bad"),
    ]


def test_a_listener_may_raise(bench: Bench, caplog: Any) -> None:
    got: list[Said] = []

    def listen(said: Said) -> None:
        got.append(said)
        raise ZeroDivisionError

    bench.reports.listener = listen
    steps("a")
    bench.turn()
    assert percents(got) == FIVE
    assert [record.message for record in caplog.records] == ["A listener to progress raised."] * 5


def test_more_than_can_be_kept(bench: Bench, every: list[Said]) -> None:
    updater = ProgressUpdater.of(bench.reports)
    for i in range(100_000):
        updater.send_update(50, str(i))
    assert len(bench.posted) == 2
    bench.turn()
    assert [s.message for s in every] == [str(i) for i in range(100_000 - MOST_KEPT, 100_000)]


def test_what_is_said_while_it_is_handed_over_is_not_lost(bench: Bench) -> None:
    got: list[str] = []
    updater = ProgressUpdater.of(bench.reports)

    def listen(said: Said) -> None:
        got.append(said.message)
        if len(got) < 5:
            updater.send_update(50, str(len(got)))

    bench.reports.listener = listen
    updater.send_update(50, "0")
    while bench.posted:
        bench.turn()
    assert got == ["0", "1", "2", "3", "4"]


def test_a_cancel_is_felt_with_a_listener_too(bench: Bench, every: list[Said]) -> None:
    updater = ProgressUpdater.of(bench.reports)
    updater.send_update(1, "x")
    bench.stop.set()
    with pytest.raises(asyncio.CancelledError):
        updater.send_update(2, "y")


def test_an_update_of_a_task() -> None:
    update = TaskProgressUpdate(task_id="1", progress=20.0, message="Track1 step 1")
    assert (update.fake, update.progress_end, update.estimated_time) == (False, None, None)
    assert pickle.loads(pickle.dumps(update)) == update
    with pytest.raises(AttributeError):
        update.progress = 3  # type: ignore[misc]
    with pytest.raises(TypeError):
        TaskProgressUpdate("1", 20.0, "x")  # type: ignore[misc]


# --- in an app ------------------------------------------------------------------------------------


def app(fn: Any, outputs: int = 1, **kwargs: Any) -> Any:
    with gr.Blocks() as demo:
        outs, button = [gr.JSON() for _ in range(outputs)], gr.Button()
        button.click(fn, None, outs, **kwargs)
    return demo, outs, button


def told(shown: Any) -> list[tuple[float | None, str | None]]:
    """The last that a page was told."""
    last = shown.messages(Told)[-1]
    return [
        (None if u.progress is None else round(100 * u.progress, 2), u.desc) for u in last.units
    ]


def until(shown: Any, *expected: tuple[float | None, str | None]) -> None:
    """Wait until a page has been told this."""
    shown.page.wait_for(
        lambda _: bool(shown.messages(Told)) and told(shown) == list(expected), PATIENCE
    )


@pytest.mark.parametrize("kind", ["plain", "async", "generator", "async generator", "thread"])
def test_progress_of_an_event_listener(kind: str, show: Any, gate: Any) -> None:
    point = gate()

    @track_progress
    def plain(updater: ProgressUpdater) -> int:
        updater.send_update(40, kind)
        point.wait()
        return 1

    @track_progress
    async def awaited(updater: ProgressUpdater) -> int:
        updater.send_update(40, kind)
        await point.pass_through()
        return 1

    @track_progress
    def generated(updater: ProgressUpdater) -> Iterator[int]:
        yield 0
        updater.send_update(40, kind)
        point.wait()
        yield 1

    @track_progress
    async def streamed(updater: ProgressUpdater) -> AsyncIterator[int]:
        yield 0
        updater.send_update(40, kind)
        await point.pass_through()
        yield 1

    @track_progress
    def threaded(updater: ProgressUpdater) -> int:
        thread = threading.Thread(target=lambda: updater.send_update(40, kind))
        thread.start()
        thread.join()
        point.wait()
        return 1

    fn = dict(
        zip(
            ["plain", "async", "generator", "async generator", "thread"],
            [plain, awaited, generated, streamed, threaded],
            strict=True,
        )
    )[kind]
    demo, (out,), button = app(fn)
    shown = show(demo).fire(button)
    until(shown, (40, kind))
    point.open()
    shown.page.idle()
    assert shown.value(out) == 1


def test_inputs_and_other_injected_parameters_keep_their_places(show: Any) -> None:
    got: list[Any] = []

    @track_progress
    def fn(
        updater: ProgressUpdater,
        text: str,
        event: gr.EventData,
        progress: Any = gr.Progress(),  # noqa: B008
    ) -> None:
        got.append((type(updater), text, event.target, type(progress)))

    with gr.Blocks() as demo:
        text, button = gr.Textbox("x"), gr.Button()
        button.click(fn, text, None)
    show(demo).run(button)
    assert got == [(ProgressUpdater, "x", button, gr.Progress)]


def test_tracked_functions_that_a_listener_calls(show: Any, gate: Any) -> None:
    points = {"a": gate(), "b": gate()}

    @track_progress
    def part(name: str, updater: ProgressUpdater) -> None:
        updater.send_update(50, name)
        points[name].wait()

    def listener() -> None:
        part("a")
        part("b")

    demo, _, button = app(listener, outputs=0)
    shown = show(demo).fire(button)
    until(shown, (50, "a"))
    points["a"].open()
    until(shown, (50, "b"))
    points["b"].open()
    shown.page.idle()
    assert shown.messages(Done)


def test_many_updates_cost_the_loop_nothing(show: Any) -> None:
    """Counted, not timed: each call of the loop follows a report to the page, or is the first."""

    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        for i in range(100_000):
            updater.send_update(i / 1000, "Working")

    demo, _, button = app(fn, outputs=0)
    shown = show(demo)
    engine, posts, tells = shown.engine, [], []
    new_task, tell = engine.new_task, engine.teller._tell_progress

    def counted(*args: Any, **kwargs: Any) -> Any:
        task = new_task(*args, **kwargs)
        post = task.reports._post
        task.reports._post = lambda fn: (posts.append(fn), post(fn))
        return task

    engine.new_task = counted
    engine.teller._tell_progress = lambda task: (tells.append(task), tell(task))
    shown.run(button)
    assert shown.messages(Done)
    assert 1 <= len(posts) <= len(tells) + 1
    assert len(shown.messages(Told)) <= len(tells)


def test_an_update_after_the_end_is_not_told(show: Any, gate: Any) -> None:
    late, kept = gate(), []

    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        updater.send_update(50, "half")

        def leftover() -> None:
            late.wait()
            updater.send_update(60, "late")

        kept.append(threading.Thread(target=leftover))
        kept[0].start()

    demo, _, button = app(fn, outputs=0)
    shown = show(demo).run(button)
    late.open()
    kept[0].join(PATIENCE)
    shown.page.idle()
    assert [type(m) for m in shown.messages() if hasattr(m, "task")][-1] is Done
    assert all(u.desc == "half" for m in shown.messages(Told) for u in m.units)


def test_a_function_that_raises_after_an_update(show: Any) -> None:
    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        updater.send_update(50, "half")
        raise gr.Error("no")

    demo, _, button = app(fn, outputs=0)
    shown = show(demo).run(button)
    assert [each.code for each in shown.messages(Failed)] == ["user"]


def test_a_warning_goes_to_the_log_of_the_app(show: Any, request: Any) -> None:
    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        updater.send_update(-1, "x")

    demo, _, button = app(fn, outputs=0)
    shown = show(demo)
    handler = logging.StreamHandler()
    logging.getLogger("ipyblocks").addHandler(handler)
    request.addfinalizer(lambda: logging.getLogger("ipyblocks").removeHandler(handler))
    shown.run(button)
    assert "send_update(-1, …)" in shown.messages(Log)[0].entries[0].text


# --- in worker processes --------------------------------------------------------------------------


@pytest.fixture
def by_value() -> Iterator[None]:
    """This module is one that workers cannot import, like a cell."""
    import cloudpickle

    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    yield
    cloudpickle.unregister_pickle_by_value(module)
    choice._workers = choice._chosen = None


@pytest.fixture(scope="module")
def executor() -> Iterator[ProcessPoolExecutor]:
    import multiprocessing

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as made:
        made.submit(int).result(PATIENCE)
        yield made


@pytest.fixture
def pool(no_leftovers: None) -> Iterator[ProcessBackend]:
    made = ProcessBackend(1)
    yield made
    made.stop(wait=True)


class Listening(Bench):
    """A run whose every report is wanted; what is posted is done at once.

    Attributes:
        got: what the listener was given.
        before: the same, when the value came.
        written: text that is shown with it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.got: list[Said] = []
        self.before: list[Said] = []
        self.written: list[str] = []
        self.reports = RunReports(lambda: self.now, lambda fn: fn(), self._ask, self.stop)
        self.reports.listener = self.got.append

    def write(self, stream: str, text: str) -> None:
        self.written.append(text)


def called(backend: Any, run: Any, fn: Any, *args: Any, every: bool = True) -> Any:
    handle = backend.submit(Call(fn, args, kind_of(fn), "fn", every_update=every), run)
    try:
        value = handle.step().result(PATIENCE)
        run.before = list(run.got)
        return value
    finally:
        handle.close().result(PATIENCE)


@track_progress
async def slowly(name: str, updater: ProgressUpdater) -> str:
    for i in range(1, 6):
        updater.send_update(i / 5 * 100, f"{name} step {i}")
        await asyncio.sleep(0)
    return "result"


def outermost(name: str) -> Any:
    """A plain function that calls a tracked one."""
    return steps(name)


@pytest.mark.slow
@pytest.mark.parametrize("fn", [steps, slowly, outermost], ids=["plain", "async", "called"])
def test_every_report_of_a_worker_in_order(fn: Any, pool: Any, by_value: None) -> None:
    run = Listening()
    assert called(pool, run, fn, "a") == "result"
    assert percents(run.before) == FIVE
    assert run.got == run.before
    # The page has been told the last word, too.
    assert run.shown() == [(100, "a step 5")]
    # The next call of the worker begins with nothing.
    other = Listening()
    assert called(pool, other, steps, "b") == "result"
    assert [s.message[0] for s in other.got] == ["b"] * 5


@pytest.mark.slow
def test_without_a_listener_a_worker_tells_the_latest(pool: Any, by_value: None) -> None:
    run = Listening()
    run.reports.listener = None
    assert called(pool, run, steps, "a", every=False) == "result"
    assert run.got == []
    assert run.shown() == [(100, "a step 5")]


@pytest.mark.slow
def test_many_reports_of_a_worker(pool: Any, by_value: None) -> None:
    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        for i in range(20_000):
            updater.send_update(50, str(i))

    run = Listening()
    called(pool, run, fn)
    numbers = [int(s.message) for s in run.got]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 19_999
    assert len(numbers) >= MOST_KEPT


@pytest.mark.slow
def test_estimates_levels_and_nonsense_of_a_worker(pool: Any, by_value: None) -> None:
    @track_progress
    def inner(updater: ProgressUpdater) -> None:
        updater.send_update(math.nan, "inner")

    @track_progress
    def outer(updater: ProgressUpdater) -> None:
        updater.send_update(40, "outer")
        updater.fake_progress(80, "guessing", 5000)
        inner()

    run = Listening()
    called(pool, run, outer)
    assert [s.message for s in run.got] == ["outer", "guessing", "inner"]
    assert run.got[1].fake == (0.8, 5000)
    assert run.got[2].progress is None


@pytest.mark.slow
def test_a_warning_of_a_worker_is_of_its_own_run(pool: Any, by_value: None, caplog: Any) -> None:
    @track_progress
    def level(progress: Any, updater: ProgressUpdater) -> None:
        updater.send_update(math.nan, "x")
        raise ZeroDivisionError  # the end follows at once

    def figure(progress: Any) -> None:
        progress(math.nan)  # looked at when it is sent
        raise ZeroDivisionError

    for i, fn in enumerate([level, figure, figure, level, figure]):
        run = Listening()
        with pytest.raises(ZeroDivisionError):
            called(pool, run, fn, gr.Progress().bound(run.reports), every=False)
        assert len(caplog.records) == i + 1


@pytest.mark.slow
def test_what_a_stopped_call_has_said_is_not_said_by_the_next(pool: Any, by_value: None) -> None:
    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        while True:
            updater.send_update(50, "stopped")

    def later() -> int:
        threading.Event().wait(3 * INTERVAL)  # when the worker would speak again
        return os.getpid()

    pid = called(pool, Listening(), later, every=False)
    run, there = Listening(), threading.Event()
    run.reports.listener = None
    run.reports._changed = there.set
    job = pool.submit(Call(fn, (), "plain", "fn"), run)
    assert there.wait(PATIENCE)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        job.step().result(PATIENCE)
    other = Listening()
    assert called(pool, other, later, every=False) == pid
    assert other.asked == 0


@pytest.mark.slow
def test_an_updater_travels_to_a_worker(pool: Any, by_value: None) -> None:
    run, here = Listening(), Bench()
    updater = ProgressUpdater.of(here.reports)

    def fn(given: Any) -> None:
        given.send_update(70, "there")

    called(pool, run, fn, updater)
    assert percents(run.got) == [(70, "there")]
    updater.close()
    # Where there is no run, nobody is told.
    pickle.loads(pickle.dumps(updater)).send_update(1, "x")
    got = pickle.loads(pickle.dumps(ProgressUpdater(print)))
    assert got._method is print


@pytest.mark.slow
def test_an_executor_of_other_processes_tells_every_report_at_the_end(
    executor: Any, by_value: None
) -> None:
    backend = ExecutorBackend(executor, in_process=False)
    run = Listening()
    assert called(backend, run, steps, "a") == "result"
    assert percents(run.before) == FIVE
    assert run.written == []
    run = Listening()
    run.reports.listener = None
    assert called(backend, run, steps, "a", every=False) == "result"
    assert "Progress of 'fn' is not shown" in run.written[0]


def test_an_executor_of_threads_tells_every_report() -> None:
    with ThreadPoolExecutor(1) as executor:
        run = Listening()
        assert called(ExecutorBackend(executor, in_process=True), run, steps, "a") == "result"
    assert percents(run.got) == FIVE


@pytest.mark.slow
def test_progress_of_a_task_in_an_app(show: Any, by_value: None, tmp_path: Any) -> None:
    go = str(tmp_path / "go")
    os.mkfifo(go)

    @track_progress
    def fn(updater: ProgressUpdater) -> int:
        updater.send_update(40, "a__b")
        with open(go, "rb", 0) as file:
            file.read(1)
        return 1

    demo, (out,), button = app(fn, run_as_task=True)
    shown = show(demo).fire(button)
    shown.until(Started)
    until(shown, (40, "a__b"))
    with open(go, "w") as file:
        file.write("x")
    shown.page.idle()
    assert shown.value(out) == 1
