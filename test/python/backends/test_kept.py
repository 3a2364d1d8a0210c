"""Workers wait for the apps of a cell that runs again."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks import display
from ipyblocks.runtime.backends import choice

from .conftest import PATIENCE, WORKERS, app

pytestmark = WORKERS


@pytest.fixture
def let_go() -> Iterator[Callable[[], None]]:
    yield choice.let_go
    choice.let_go()


def worker_of(show: Any) -> tuple[Any, int]:
    """An app that has run a task, and the worker that ran it."""
    demo = app(os.getpid)
    shown = show(demo)
    shown.run(demo.button)
    return shown, shown.value(demo.outs[0])


def has_ended(pid: int) -> bool:
    return not os.path.exists(f"/proc/{pid}")


def test_the_next_app_has_the_workers_of_the_last(show: Any, let_go: Any) -> None:
    shown, pid = worker_of(show)
    choice.keep()
    shown.engine.close_all()
    again, same = worker_of(show)
    assert same == pid
    (pool,) = choice._own
    let_go()
    assert not has_ended(pid)
    again.engine.close_all()
    pool.stop(wait=True)
    assert has_ended(pid)


def test_without_another_app_they_end(show: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "KEPT", 0.0)
    shown, pid = worker_of(show)
    (pool,) = choice._own
    choice.keep()
    timer = choice._kept
    assert timer is not None
    shown.engine.close_all()
    timer.join(PATIENCE)
    assert choice._own == []
    pool.stop(wait=True)
    assert has_ended(pid)


def test_they_are_kept_once_however_often_the_cell_runs(show: Any, let_go: Any) -> None:
    shown, pid = worker_of(show)
    before = threading.active_count()
    for _ in range(3):
        former = choice._kept
        choice.keep()
        if former is not None:
            former.join(PATIENCE)
    assert threading.active_count() == before + 1
    shown.engine.close_all()
    (pool,) = choice._own
    let_go()
    pool.stop(wait=True)
    assert has_ended(pid)


def test_where_no_task_has_run_nothing_is_kept(show: Any) -> None:
    with gr.Blocks() as demo:
        gr.Textbox()
    show(demo)
    choice.keep()
    assert choice._kept is None or not choice._kept.is_alive()
    assert choice._own == []


@pytest.mark.parametrize("way", ["the app", "all apps"])
def test_whoever_closes_an_app_keeps_nothing(show: Any, way: str) -> None:
    shown, pid = worker_of(show)
    (pool,) = choice._own
    choice.keep()
    shown.engine.close_all()
    if way == "the app":
        shown.demo.close()
    else:
        gr.close_all()
    assert choice._own == []
    pool.stop(wait=True)
    assert has_ended(pid)


def test_a_cell_that_runs_again_keeps_them(let_go: Any) -> None:
    demo = app(os.getpid)
    widget = demo.widget()
    widget._cell = "this one"
    pool = widget._engine.thread.call(widget._engine.runner.tasks.backend)
    display.close_former_of_cell(SimpleNamespace(cell_id="another one"))
    assert display.shown() == [widget]
    display.close_former_of_cell(SimpleNamespace(cell_id="this one"))
    assert display.shown() == []
    assert choice._own == [pool]
    let_go()
    assert choice._own == []
