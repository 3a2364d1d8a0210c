"""Who is given every report of a ``ProgressUpdater``."""

from __future__ import annotations

import asyncio
import math
import pickle
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.progress_updater import ProgressUpdater, TaskProgressUpdate
from ipyblocks.runtime.reports import MOST_KEPT, Said

from .conftest import FIVE, Bench, percents, steps


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
