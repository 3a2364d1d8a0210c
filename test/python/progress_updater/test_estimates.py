"""Estimated progress of a ``ProgressUpdater``."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ipyblocks.progress_updater import ProgressUpdater

from .conftest import Bench

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
