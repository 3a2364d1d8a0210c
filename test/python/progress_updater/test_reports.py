"""What the reports of a ``ProgressUpdater`` become."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyblocks.progress_updater import ProgressUpdater, track_progress

from .conftest import Bench


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
