"""Bars of tqdm as progress of a run: shown when asked for, untouched everywhere else."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
import tqdm
import tqdm.auto

import ipyblocks as gr
from ipyblocks.protocol import Progress, Started

from .conftest import Gate, Shown

HOOKED = ("__init__", "__iter__", "update", "close")


@pytest.fixture(autouse=True)
def no_monitor(monkeypatch: pytest.MonkeyPatch) -> None:
    """tqdm's own thread, which outlives its bars, would count as left behind."""
    monkeypatch.setattr(tqdm.tqdm, "monitor_interval", 0)


def hooks() -> tuple[Any, ...]:
    return tuple(vars(tqdm.tqdm)[name] for name in HOOKED)


def test_bars_of_a_run_that_asks_are_its_progress(
    show: Callable[..., Shown], gate: Callable[[], Gate]
) -> None:
    here = gate()

    def work(progress: gr.Progress = gr.Progress(track_tqdm=True)) -> str:  # noqa: B008
        for _ in tqdm.tqdm(range(1), desc="outer"):
            with tqdm.auto.tqdm(total=4, desc="inner", unit="MB") as bar:
                bar.update(3)
                here.wait()
        return "done"

    with gr.Blocks() as demo:
        out = gr.Textbox()
        run = gr.Button()
        run.click(work, None, out)
    before = hooks()
    shown = show(demo).fire(run)
    here.reached()
    said = shown.page.wait_for(
        lambda m: isinstance(m, Progress) and len(m.units) == 2 and m.units[1].index == 3
    )
    assert isinstance(said, Progress)
    assert [(u.desc, u.index, u.length, u.unit) for u in said.units] == [
        ("outer", 0, 1, "steps"),
        ("inner", 3, 4, "MB"),
    ]
    assert hooks() != before
    here.open()
    shown.page.idle()
    assert shown.value(out) == "done"
    assert hooks() == before


def test_bars_of_others_are_drawn_as_ever(
    show: Callable[..., Shown], gate: Callable[[], Gate]
) -> None:
    here = gate()

    def work(progress: gr.Progress = gr.Progress(track_tqdm=True)) -> None:  # noqa: B008
        here.wait()

    def plain() -> str:
        drawn = io.StringIO()
        list(tqdm.tqdm(range(3), file=drawn))
        return drawn.getvalue()

    with gr.Blocks() as demo:
        run, other = gr.Button(), gr.Button()
        out = gr.Textbox()
        run.click(work)
        other.click(plain, None, out)
    shown = show(demo).fire(run)
    here.reached()
    assert "3/3" in plain()
    shown.fire(other)
    shown.page.wait_for(lambda m: isinstance(m, Started) and m.name == "plain")
    here.open()
    shown.page.idle()
    assert "3/3" in shown.value(out)
    assert not [m for m in shown.messages() if isinstance(m, Progress)]
