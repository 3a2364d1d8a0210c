"""``gr.Progress``: the curve of estimates, what reports become, how often, and how a cancel ends
them.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import math
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ipyblocks as gr
from ipyblocks.progress import LINEAR_SHARE, Progress, fake_progress
from ipyblocks.protocol import Cancel, Done, Failed, Log
from ipyblocks.protocol import Progress as Told
from ipyblocks.runtime.reports import INTERVAL, RunReports

from .conftest import LIMIT

# --- the curve ----------------------------------------------------------------------------------

SECONDS = (1, 2.5, 3, 4.25, 5, 10, 30, 60)
REFERENCE = [
    (0, 100, 0, (9.52, 22.12, 25.92, 34.62, 39.35, 63.21, 95.02, 99.75)),
    (50, 100, 0, (54.76, 61.06, 62.96, 67.31, 69.67, 81.61, 97.51, 99.88)),
    (0, 50, 0, (4.76, 11.06, 12.96, 17.31, 19.67, 31.61, 47.51, 49.88)),
    (0, 80, 5, (16.00, 40.00, 48.00, 62.87, 68.23, 79.03, 80.00, 80.00)),
    (40, 80, 5, (48.00, 60.00, 64.00, 71.44, 74.11, 79.52, 80.00, 80.00)),
    (20, 90, 60, (21.17, 22.92, 23.50, 24.96, 25.83, 31.67, 55.00, 79.70)),
]


@pytest.mark.parametrize(("start", "end", "estimate", "expected"), REFERENCE)
def test_the_curve_of_the_reference(
    start: float, end: float, estimate: float, expected: tuple[float, ...]
) -> None:
    found = [100 * fake_progress(start / 100, end / 100, estimate, s) for s in SECONDS]
    assert found == pytest.approx(expected, abs=0.0051)  # two decimals are given


def test_the_parts_of_the_curve_meet_in_place_and_slope() -> None:
    seam, d = LINEAR_SHARE * 5, 1e-6
    before, here, after = (fake_progress(0, 1, 5, seam + x) for x in (-d, 0, d))
    assert here == pytest.approx(LINEAR_SHARE)
    assert (here - before) / d == pytest.approx((after - here) / d, rel=1e-3)


share = st.floats(0, 1)
seconds = st.floats(0, 1e6)


@example(0.0, 0.75, 5e-324, 5e-324, 1.0)
@given(share, share, st.floats(-1e3, 1e6), seconds, seconds)
def test_never_beyond_the_end_never_backwards(
    start: float, end: float, estimate: float, early: float, later: float
) -> None:
    early, later = sorted((early, later))
    a, b = fake_progress(start, end, estimate, early), fake_progress(start, end, estimate, later)
    assert start <= a <= b + 1e-12
    assert b <= max(start, end) + 1e-12


# --- reports, on a clock that stands ------------------------------------------------------------


class Bench:
    """Reports of a run without a run.

    Attributes:
        now: the clock, in seconds.
        asked: how often they asked to be fetched.
    """

    def __init__(self) -> None:
        self.now, self.asked, self.stop = 1000.0, 0, threading.Event()
        self.reports = RunReports(lambda: self.now, lambda fn: fn(), self._ask, self.stop)
        self.progress = Progress().bound(self.reports)

    def _ask(self) -> None:
        self.asked += 1

    def units(self) -> list[tuple[Any, ...]]:
        units, _ = self.reports.fetch()
        return [(u.index, u.length, u.progress, u.desc) for u in units]

    def shares(self) -> list[float | None]:
        units, _ = self.reports.fetch()
        return [u.progress for u in units]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.25, [(None, None, 0.25, None)]),
        (0, [(None, None, 0.0, None)]),
        (1, [(None, None, 1.0, None)]),
        ((3, 10), [(3, 10, 0.3, None)]),
        ((3, None), [(3, None, None, None)]),
        ((0, 0), [(0, 0, None, None)]),
        ((12, 10), [(12, 10, 1.0, None)]),
        ((-1, 10), [(0, 10, 0.0, None)]),
        (None, []),
    ],
)
def test_what_a_report_becomes(value: Any, expected: Any, bench: Bench, caplog: Any) -> None:
    assert bench.progress(value) == value
    assert bench.units() == expected
    assert caplog.records == []


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, [1.0]),
        (-0.1, [0.0]),
        (50, [1.0]),
        (math.nan, []),
        (math.inf, []),
        ("half", []),
        ((1, 2, 3), []),
        ((math.nan, 2), []),
        (object, []),
    ],
    ids=repr,
)
def test_nonsense_is_shown_as_near_as_can_be_with_one_warning(
    value: Any, expected: list[float], bench: Bench, caplog: Any
) -> None:
    for _ in range(3):
        bench.progress(value)
        assert bench.shares() == expected
    assert len(caplog.records) == 1
    assert "a share from 0 to 1 or (steps done, steps in all) is needed" in caplog.text


def test_descriptions_units_and_totals(bench: Bench) -> None:
    bench.progress((1, 4), desc="Reading", unit="files")
    (unit,), fake = bench.reports.fetch()
    assert (unit.desc, unit.unit, fake) == ("Reading", "files", None)
    bench.progress(0.5, 7, total=20)  # type: ignore[arg-type]
    (unit,), _ = bench.reports.fetch()
    assert (unit.desc, unit.length) == ("7", 20)


def test_nested_loops_are_shown_outermost_first(bench: Bench) -> None:
    seen = [
        bench.units()
        for _ in bench.progress.tqdm(range(2), desc="outer")
        for _ in bench.progress.tqdm(iter("ab"), desc="inner")
    ]
    assert seen == [
        [(0, 2, 0.0, "outer"), (0, None, None, "inner")],
        [(0, 2, 0.0, "outer"), (1, None, None, "inner")],
        [(1, 2, 0.5, "outer"), (0, None, None, "inner")],
        [(1, 2, 0.5, "outer"), (1, None, None, "inner")],
    ]
    assert bench.units() == []


def test_a_share_inside_a_loop_is_one_level_more(bench: Bench) -> None:
    for _ in bench.progress.tqdm([1], total=4):
        bench.progress(0.5)
        assert bench.shares() == [0.0, 0.5]
    bench.progress(0.75)
    assert bench.shares() == [0.75]


def test_a_loop_that_is_left_early_is_gone(bench: Bench) -> None:
    for i in bench.progress.tqdm(range(10)):
        if i == 3:
            break
    assert bench.units() == []
    with pytest.raises(ZeroDivisionError):
        sum(1 / each for each in bench.progress.tqdm([1, 0]))
    assert bench.units() == []


def test_counting_by_hand(bench: Bench) -> None:
    with bench.progress.tqdm(None, "Bytes", total=10, unit="B") as bar:
        bar.update(4)
        bar.update()
        assert bench.units() == [(5, 10, 0.5, "Bytes")]
        assert len(bar) == 10
        with pytest.raises(TypeError, match="there is nothing to iterate"):
            next(iter(bar))
    assert bench.units() == []
    bar.close()
    assert bench.units() == []


def test_loops_that_look_the_same_are_two(bench: Bench) -> None:
    first, second = bench.progress.tqdm(None, total=2), bench.progress.tqdm(None, total=2)
    second.update()
    second.close()
    assert bench.units() == [(0, 2, 0.0, None)]
    first.close()


def test_asked_once_until_fetched(bench: Bench) -> None:
    for i in range(1000):
        bench.progress(i / 1000)
    assert bench.asked == 1
    assert bench.shares() == [0.999]
    bench.progress(1)
    assert bench.asked == 2


# --- estimates ----------------------------------------------------------------------------------


def test_an_estimate_goes_on_from_what_is_shown(bench: Bench) -> None:
    bench.progress(0.4)
    bench.progress.fake(0.8, "Waiting", 5)
    units, fake = bench.reports.fetch()
    assert fake is not None
    assert (fake.start, fake.end, fake.estimated_ms, fake.age_ms) == (0.4, 0.8, 5000, 0)
    assert [(u.progress, u.desc) for u in units] == [(0.4, "Waiting")]
    bench.now += 2.5
    units, fake = bench.reports.fetch()
    assert units[0].progress == pytest.approx(0.6, abs=1e-4)
    assert fake is not None
    assert fake.age_ms == pytest.approx(2500)
    # A further one begins where this one is.
    bench.progress.fake(0.9)
    _, fake = bench.reports.fetch()
    assert fake is not None
    assert (fake.start, fake.estimated_ms) == (pytest.approx(0.6, abs=1e-4), 0)


@pytest.mark.parametrize(
    ("end", "seconds", "expected"),
    [
        (0.2, 5, (0.5, 0.5, 5000)),  # behind what is shown: stays
        (7, 5, (0.5, 1.0, 5000)),
        (0.9, -3, (0.5, 0.9, 0)),
        (0.9, math.nan, (0.5, 0.9, 0)),
    ],
)
def test_an_estimate_of_nonsense(
    end: float, seconds: float, expected: tuple[float, ...], bench: Bench
) -> None:
    bench.progress(0.5)
    bench.progress.fake(end, estimated_time=seconds)
    _, fake = bench.reports.fetch()
    assert fake is not None
    assert (fake.start, fake.end, fake.estimated_ms) == expected


def test_an_estimate_without_an_end_is_not_begun(bench: Bench, caplog: Any) -> None:
    bench.progress.fake(math.nan)
    assert bench.reports.fetch() == ([], None)
    assert len(caplog.records) == 1


def _figure(bench: Bench) -> None:
    bench.progress(0.3)


def _loop(bench: Bench) -> None:
    bench.progress.tqdm(None, total=10).update(3)


@pytest.mark.parametrize("report", [_figure, _loop])
def test_a_real_report_ends_an_estimate_also_backwards(
    report: Callable[[Bench], None], bench: Bench
) -> None:
    bench.progress.fake(1.0, estimated_time=1)
    bench.now += 10
    assert bench.shares()[0] == pytest.approx(1.0, abs=1e-4)
    report(bench)
    units, fake = bench.reports.fetch()
    assert fake is None
    assert [u.progress for u in units] == [0.3]


# --- outside of a run ---------------------------------------------------------------------------


def test_outside_of_a_run_everything_works_and_nothing_is_shown() -> None:
    progress = gr.Progress()
    assert progress(0.5) == 0.5
    assert progress(None) is None
    assert progress((1, 2), desc="x") == (1, 2)
    assert list(progress.tqdm("abc")) == ["a", "b", "c"]
    assert progress.fake(0.5) is None  # type: ignore[func-returns-value]
    with progress.tqdm(None, total=3) as bar:
        bar.update()
    assert len(bar) == 3
    gr.check_cancelled()


# --- in an app ----------------------------------------------------------------------------------


def app(fn: Any) -> Any:
    with gr.Blocks() as demo:
        out, button = gr.Textbox(), gr.Button()
        button.click(fn, None, out)
    return demo, out, button


def test_a_page_is_told_at_most_twenty_times_a_second(show: Any) -> None:
    """Counted on the loop's own clock: it may be slow, it may not be fast."""
    enough = threading.Event()
    reports = [0]

    def work(progress: Any = gr.Progress()) -> None:  # noqa: B008
        while not enough.is_set():
            reports[0] += 1
            progress(0.5)
            for _ in progress.tqdm(range(3)):
                pass

    demo, _, button = app(work)
    shown = show(demo)
    teller, times = shown.engine.teller, []
    tell = teller._tell_progress
    teller._tell_progress = lambda task: (times.append(shown.engine.loop.time()), tell(task))
    shown.fire(button).until(Told, 5)
    enough.set()
    shown.page.idle()
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert min(gaps) > INTERVAL - 0.002
    assert len(shown.messages(Told)) <= len(times)
    assert reports[0] > 10 * len(times)
    # Nothing is told of a task after its end.
    kinds = [type(m) for m in shown.messages() if hasattr(m, "task")]
    assert kinds[-1] is Done


def test_progress_is_of_its_own_run(show: Any, gate: Any) -> None:
    gates = {"a": gate(), "b": gate()}

    def work(name: str, progress: Any = gr.Progress()) -> None:  # noqa: B008
        progress(0.1 if name == "a" else 0.9, name)
        gates[name].wait()

    with gr.Blocks() as demo:
        names = {name: gr.Textbox(name) for name in gates}
        buttons = {name: gr.Button() for name in gates}
        for name, button in buttons.items():
            button.click(work, names[name], None, concurrency_limit=None)
    shown = show(demo)
    for button in buttons.values():
        shown.fire(button)
    shown.until(Told, 2)
    told = {m.task: m.units[0] for m in shown.messages(Told)}
    assert {task: (u.desc, u.progress) for task, u in told.items()} == {
        1: ("a", 0.1),
        2: ("b", 0.9),
    }
    for each in gates.values():
        each.open()
    shown.page.idle()


def test_a_warning_about_progress_goes_to_the_log_of_the_app(
    show: Any, gate: Any, request: Any
) -> None:
    go_on = gate()

    def work(progress: Any = gr.Progress()) -> None:  # noqa: B008
        progress(50)
        go_on.wait()

    demo, _, button = app(work)
    shown = show(demo)
    # As Python shows warnings when nobody has set up logging, which pytest has.
    handler = logging.StreamHandler()
    logging.getLogger("ipyblocks").addHandler(handler)
    request.addfinalizer(lambda: logging.getLogger("ipyblocks").removeHandler(handler))
    shown.fire(button)
    (log,) = shown.until(Log)
    assert [(e.task, e.stream) for e in log.entries] == [(1, "stderr")]
    assert "progress(50)" in log.entries[0].text
    go_on.open()
    shown.page.idle()


# --- cancel -------------------------------------------------------------------------------------


def by_report(progress: Any) -> None:
    progress(0.5)


def by_loop(progress: Any) -> None:
    for _ in progress.tqdm(range(2)):
        pass


def by_count(progress: Any) -> None:
    progress.tqdm(None, total=5).update()


def by_estimate(progress: Any) -> None:
    progress.fake(0.5)


def by_check(progress: Any) -> None:
    gr.check_cancelled()


WAYS = [by_report, by_loop, by_count, by_estimate, by_check]


@pytest.mark.parametrize("ending", ["cancelled", "closed"])
@pytest.mark.parametrize("way", WAYS)
def test_a_cancelled_function_ends_at_its_next_report(
    way: Any, ending: str, show: Any, gate: Any
) -> None:
    entered, ended = gate(), threading.Event()
    caught: list[type[BaseException]] = []

    def work(progress: Any = gr.Progress()) -> None:  # noqa: B008
        entered.entered.set()
        try:
            while True:
                way(progress)
        except BaseException as error:
            caught.append(type(error))
            raise
        finally:
            ended.set()

    demo, _, button = app(work)
    shown = show(demo).fire(button)
    entered.reached()
    if ending == "closed":
        shown.engine.close_all()
    else:
        shown.page.send(Cancel(seq=0, task=1))
        shown.page.idle()
        (failed,) = shown.messages(Failed)
        assert (failed.code, failed.message) == ("cancelled", "Cancelled.")
        assert shown.engine.queue.statistics() == (0, 0, 0)
    assert ended.wait(LIMIT)
    assert caught == [asyncio.CancelledError]


def test_an_async_generator_may_report_too(show: Any) -> None:
    async def work(progress: Any = gr.Progress()) -> Any:  # noqa: B008
        for i in progress.tqdm([1, 2]):
            await asyncio.sleep(0)
            yield str(i)

    demo, out, button = app(work)
    shown = show(demo).run(button)
    assert shown.value(out) == "2"


def test_the_injected_one_does_not_take_the_place_of_an_input_without_a_value(show: Any) -> None:
    """Parameters between the inputs and the injected one keep their defaults."""
    got: list[Any] = []

    def work(a: str, b: str = "kept", progress: Any = gr.Progress()) -> None:  # noqa: B008
        got.append((a, b, type(progress)))

    with gr.Blocks() as demo:
        text, button = gr.Textbox("x"), gr.Button()
        button.click(work, text, None)
    show(demo).run(button)
    assert got == [("x", "kept", gr.Progress)]
