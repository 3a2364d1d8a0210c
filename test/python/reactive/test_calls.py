"""Calls of derived variables, as tasks of sessions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

import ipyblocks as gr
from ipyblocks.app import page_of
from ipyblocks.protocol import Done, Failed, Progress, Queued, Started
from ipyblocks.reactive import (
    DerivedVariable,
    If,
    ProgressUpdater,
    Stack,
    Text,
    Variable,
    track_progress,
)

from .conftest import Show, drawn, reloaded, settle


def test_a_call_is_a_task_where_it_is_waited_for(show: Show, gate: Callable[[], Any]) -> None:
    held, x = gate(), Variable(1)

    @track_progress
    async def slow(v: int, updater: ProgressUpdater) -> int:
        updater.send_update(40, "Step 2")
        await held.pass_through()
        return v

    d = DerivedVariable(slow, [x])
    shown = show(page_of(Stack(Text(d, track_progress=True), Text(d))))
    held.reached()
    [told] = [m for m in shown.until(Progress, 2) if m.units][:1]
    assert (told.units[0].progress, told.units[0].desc) == (0.4, "Step 2")
    kinds = {m.show_progress: m.nodes for m in shown.messages(Started)}
    assert {kind: len(nodes) for kind, nodes in kinds.items()} == {"full": 1, "minimal": 1}
    assert [m.name for m in shown.messages(Started)] == ["slow", "slow"]
    held.open()
    assert settle(shown) == [["1", "1"]]
    assert shown.story(Done) == ["done 1", "done 2"]


def test_what_a_quick_function_says_before_it_is_slow_is_told(
    show: Show, gate: Callable[[], Any]
) -> None:
    first, second = gate(), gate()

    @track_progress
    def slow(updater: ProgressUpdater) -> str:
        updater.send_update(30, "Beginning")
        first.wait()
        updater.send_update(60, "Going on")
        second.wait()
        return "done"

    shown = show(page_of(Text(DerivedVariable(slow, []), track_progress=True)))
    first.reached()
    told = shown.until(Progress)[-1].units[0]
    assert (told.progress, told.desc) == (0.3, "Beginning")
    first.open()
    second.reached()
    told = shown.until(Progress, 2)[-1].units[0]
    assert (told.progress, told.desc) == (0.6, "Going on")
    second.open()
    assert settle(shown) == ["done"]


def test_a_reload_and_a_second_cell_see_the_same_call(show: Show, gate: Callable[[], Any]) -> None:
    held, calls = gate(), []

    @track_progress
    async def slow(updater: ProgressUpdater) -> str:
        calls.append(1)
        updater.fake_progress(80, "Guessing", estimated_time=60_000)
        await held.pass_through()
        return "done"

    d = DerivedVariable(slow, [])
    page = page_of(Text(d, track_progress=True))
    shown = show(page)
    held.reached()
    shown.until(Progress)
    other = show(page_of(Text(d, track_progress=True)))
    assert [each.name for each in other.until(Started)] == ["slow"]
    [task] = reloaded(shown).tasks
    assert task.name == "slow"
    assert (task.fake.end, task.fake.estimated_ms, task.units[0].desc) == (0.8, 60_000, "Guessing")
    held.open()
    assert settle(shown) == settle(other) == ["done"]
    assert calls == [1]


def test_cancel_counts_those_who_wait(show: Show, gate: Callable[[], Any]) -> None:
    held, later, ended = gate(), gate(), threading.Event()

    async def slow() -> str:
        try:
            await (later if ended.is_set() else held).pass_through()
        finally:
            ended.set()
        return "done"

    d = DerivedVariable(slow, [])
    first, second = show(page_of(Text(d))), show(page_of(Text(d)))
    held.reached()
    for each in (first, second):
        each.until(Started)
    first.on_loop(lambda: first.engine.cancel(first.session, 1))
    first.until(Failed)
    assert not ended.is_set()
    second.on_loop(lambda: second.engine.cancel(second.session, 1))
    [cancelled] = second.until(Failed)
    assert (cancelled.code, cancelled.retry) == ("cancelled", True)
    second.engine.wait_idle()
    assert ended.is_set()
    assert drawn(second) == [""]
    # "Try again" at either page computes it for both.
    later.open()
    second.on_loop(lambda: second.session.failures.retry(1))
    assert settle(second) == settle(first) == ["done"]


def test_a_closed_app_cancels_what_nobody_else_waits_for(
    show: Show, gate: Callable[[], Any]
) -> None:
    held, ended = gate(), threading.Event()

    async def slow() -> None:
        try:
            await held.pass_through()
        finally:
            ended.set()

    shown = show(page_of(Text(DerivedVariable(slow, []))))
    held.reached()
    shown.engine.close_all()
    assert ended.wait(30)


def test_a_failure_is_shown_and_can_be_tried_again(show: Show) -> None:
    broken = True

    def works(v: int) -> int:
        if broken:
            raise ValueError("not yet")
        return v

    d = DerivedVariable(works, [Variable(1)])
    shown = show(page_of(Stack(Text(d), Text(DerivedVariable(lambda v: -v, [d])))))
    shown.engine.wait_idle()
    failed = shown.messages(Failed)
    assert {(m.message, m.retry) for m in failed} == {("ValueError: not yet", True)}
    assert __file__ in failed[0].detail
    assert {failure.message for failure in reloaded(shown).failures} == {"ValueError: not yet"}
    broken = False
    shown.on_loop(lambda: shown.session.failures.retry(failed[-1].task))
    assert settle(shown) == [["1", "-1"]]
    assert reloaded(shown).failures is msgspec.UNSET


def test_prints_of_a_variable_go_to_the_log(show: Show) -> None:
    def prints(v: int) -> int:
        print("computing", v)
        return v

    shown = show(page_of(Text(DerivedVariable(prints, [Variable(1)]))))
    shown.engine.wait_idle()
    [entry] = reloaded(shown).log
    assert (entry.name, entry.text) == ("prints", "computing 1\n")


@pytest.mark.slow
def test_tasks_wait_for_a_worker_and_say_so(
    show: Show, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("DARA_POOL_MAX_WORKERS", "1")
    go = tmp_path / "go"

    def waits(v: int) -> int:
        import time

        while not go.exists():
            time.sleep(0.01)
        return v

    first = DerivedVariable(waits, [Variable(1)], run_as_task=True)
    second = DerivedVariable(waits, [Variable(2)], run_as_task=True)
    shown = show(page_of(Stack(Text(first), Text(second))))
    [queued] = shown.until(Queued)
    assert queued.position == 0
    go.touch()
    assert settle(shown) == [["1", "2"]]


@pytest.mark.slow
def test_one_that_is_cancelled_while_it_waits_is_not_called(
    show: Show, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("DARA_POOL_MAX_WORKERS", "1")

    def waits(name: str) -> str:
        import time

        (tmp_path / f"called {name}").touch()
        while not (tmp_path / "go").exists():
            time.sleep(0.01)
        return name

    first, second = (DerivedVariable(waits, [Variable(n)], run_as_task=True) for n in "ab")
    shown = show(page_of(Stack(Text(first), Text(second))))
    [queued] = shown.until(Queued)
    shown.on_loop(lambda: shown.engine.cancel(shown.session, queued.task))
    shown.until(Failed)
    (tmp_path / "go").touch()
    [[one, other]] = settle(shown)
    called = {path.name for path in tmp_path.glob("called *")}
    assert called == {f"called {one or other}"}
    [failed] = shown.messages(Failed)
    assert (failed.code, failed.retry) == ("cancelled", True)
    # "Try again" calls it.
    shown.on_loop(lambda: shown.session.failures.retry(failed.task))
    assert settle(shown) == [["a", "b"]]


def test_in_a_layout_that_tracks_all_say_how_far_they_are(
    show: Show, gate: Callable[[], Any]
) -> None:
    held = gate()

    async def late() -> bool:
        await held.pass_through()
        return True

    d, fine = DerivedVariable(late, []), Variable("fine")
    with gr.Blocks() as demo:
        with gr.Row(), gr.Group(track_progress=True):
            inside = gr.Textbox(d)
            If(fine == "fine", Text(d))
        with gr.Accordion("own", track_progress=True, open=d):
            first = gr.Textbox("first")
            second = gr.Textbox(fine)
        beside = gr.Textbox(d)
    shown = show(demo)
    held.reached()

    def told() -> dict[str, set[int]]:
        started = shown.messages(Started)
        return {
            how: {node for m in started if m.show_progress == how for node in m.nodes}
            for how in ("full", "minimal")
        }

    # Two in the app itself, and the text that the part has built.
    shown.page.wait_for(lambda _: len(told()["full"]) == 3)
    assert told()["full"] >= {shown.id(inside), shown.id(first)}
    assert shown.id(beside) in told()["minimal"]
    assert not told()["full"] & {shown.id(second), shown.id(beside)}
    held.open()
    shown.engine.wait_idle()


def test_what_fails_for_a_layout_is_told_at_its_first_component(show: Show) -> None:
    x = Variable(1)
    classes = DerivedVariable(lambda v: [str(1 // v)], [x])
    with gr.Blocks() as demo, gr.Group(elem_classes=classes):
        first = gr.Textbox("first")
        gr.Textbox("second")
    shown = show(demo)
    shown.engine.wait_idle()
    x.value = 0
    shown.engine.wait_idle()
    assert [f.nodes for f in shown.on_loop(shown.session.failures.all)] == [[shown.id(first)]]
    x.value = 1
    shown.engine.wait_idle()
    assert shown.on_loop(shown.session.failures.all) == []
