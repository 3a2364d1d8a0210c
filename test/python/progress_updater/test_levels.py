"""Tracked functions that call each other."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.progress_updater import ProgressUpdater, track_progress

from .conftest import Bench, annotated, steps


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
