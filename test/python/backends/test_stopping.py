"""Cancels and time limits of functions in worker processes."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.errors import WorkerDiedError
from ipyblocks.protocol import Done, Failed, Stopping
from ipyblocks.runtime.backends.base import Call
from ipyblocks.runtime.backends.processes import ProcessBackend

from .conftest import PATIENCE, WORKERS, Quiet, app, cancel, caught, failure

pytestmark = WORKERS


def cancelled_at(show: Any, meet: Any, fn: Any, **kwargs: Any) -> Any:
    """Run a function that says at a meeting that it runs; cancel it there; wait for its end."""
    point = meet()
    demo = app(lambda: fn(point), **kwargs)
    shown = show(demo)
    shown.fire(demo.button)
    pid = point.wait()
    cancel(shown)
    shown.page.idle()
    return shown, demo, pid


def test_a_cancel_interrupts_and_the_worker_survives(show: Any, meet: Any, tmp_path: Path) -> None:
    cleaned = str(tmp_path / "cleaned")

    def fn(point: Any) -> None:
        try:
            point.say()
            time.sleep(PATIENCE)
        finally:
            open(cleaned, "w").close()

    shown, _, pid = cancelled_at(show, meet, fn)
    (failed,) = shown.messages(Failed)
    assert failed.code == "cancelled"
    assert os.path.exists(cleaned)
    assert shown.messages(Stopping)
    assert os.path.exists(f"/proc/{pid}")


@pytest.mark.parametrize("kind", ["swallows", "ignores", "ignores all", "holds the lock"])
def test_what_does_not_stop_is_ended_and_replaced(show: Any, meet: Any, kind: str) -> None:
    gr.configure_tasks(backend=ProcessBackend(1, grace=0.05))

    def fn(point: Any) -> None:
        if kind.startswith("ignores"):
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if kind == "ignores all":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        said = False
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                if not said:
                    said = True
                    point.say()
                if kind == "holds the lock":
                    sum(range(10**12))
                time.sleep(PATIENCE)

    shown, _, pid = cancelled_at(show, meet, fn)
    assert [f.code for f in shown.messages(Failed)] == ["cancelled"]
    assert not os.path.exists(f"/proc/{pid}")


def test_after_an_end_the_worker_is_a_new_one_and_neighbours_go_on(show: Any, meet: Any) -> None:
    gr.configure_tasks(backend=ProcessBackend(2, grace=0.05))
    points = [meet("stubborn"), meet("neighbour")]

    def fn(point: Any, stubborn: bool) -> Any:
        if stubborn:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        point.come()
        return os.getpid()

    with gr.Blocks() as demo:
        out = gr.JSON()
        buttons = [gr.Button(), gr.Button()]
        for i, button in enumerate(buttons):
            state = [gr.State(points[i]), gr.State(i == 0)]
            button.click(fn, state, out, run_as_task=True, concurrency_limit=None)
    shown = show(demo)
    pids = []
    for button, point in zip(buttons, points, strict=True):
        shown.fire(button)
        pids.append(point.wait())
    cancel(shown, 1)
    shown.until(Failed)
    assert not shown.messages(Done)
    points[1].open()
    shown.page.idle()
    assert shown.value(out) == pids[1]


def test_the_slot_is_free_only_when_the_function_is_over(
    show: Any, meet: Any, tmp_path: Path
) -> None:
    points = [meet("body"), meet("clean-up"), meet("second")]
    log = tmp_path / "log"

    def fn(n: int) -> None:
        if n:
            points[2].say()
            log.open("a").write("second ")
            return
        try:
            points[0].come()
        finally:
            points[1].come()
            with log.open("a") as file:
                file.write("first over ")

    with gr.Blocks() as demo:
        buttons = [gr.Button(), gr.Button()]
        for i, button in enumerate(buttons):
            button.click(fn, gr.State(i), None, run_as_task=True, concurrency_id="one")
    shown = show(demo)
    shown.fire(buttons[0])
    points[0].wait()
    shown.fire(buttons[1])
    cancel(shown, 1)
    points[1].wait()
    shown.until(Stopping)
    assert not shown.messages(Failed)
    points[1].open()
    points[2].wait()
    shown.page.idle()
    assert log.read_text() == "first over second "


def test_a_time_limit_is_the_same_ladder(show: Any, meet: Any) -> None:
    def fn() -> None:
        time.sleep(PATIENCE)

    failed = failure(show, fn, time_limit=0.05)
    assert failed.code == "cancelled"
    assert "time limit of 0.05 seconds" in failed.message


def test_an_async_function_is_cancelled(show: Any, meet: Any, tmp_path: Path) -> None:
    cleaned, point = tmp_path / "cleaned", meet()

    async def fn() -> None:
        try:
            point.say()
            await asyncio.sleep(PATIENCE)
        except BaseException as error:
            cleaned.write_text(type(error).__name__)
            raise

    demo = app(fn)
    shown = show(demo)
    shown.fire(demo.button)
    point.wait()
    cancel(shown)
    shown.page.idle()
    assert [f.code for f in shown.messages(Failed)] == ["cancelled"]
    # Whichever it was doing: waiting, or running code of its own.
    assert cleaned.read_text() in ("CancelledError", "KeyboardInterrupt")


def test_a_generator_at_its_yield_is_closed_not_interrupted(
    show: Any, tmp_path: Path, gate: Any
) -> None:
    log, held = tmp_path / "log", gate()

    def steps() -> Any:
        try:
            yield 1
        except BaseException as error:
            log.write_text(type(error).__name__)
            raise

    pool = ProcessBackend(1)
    try:
        job = pool.submit(Call(steps, (), "generator", "steps"), Quiet())
        assert job.step().result(PATIENCE) == 1
        job.cancel()
        job.close().result(PATIENCE)
        with pytest.raises(asyncio.CancelledError):
            raise job.step().exception(PATIENCE) or asyncio.CancelledError
    finally:
        pool.stop(wait=True)
    assert log.read_text() == "GeneratorExit"
    del held


def test_check_cancelled_in_a_thread_of_the_function(show: Any, meet: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"

    def fn(point: Any) -> None:
        around = contextvars.copy_context()

        def work() -> None:
            with contextlib.suppress(asyncio.CancelledError):
                while True:
                    around.run(gr.check_cancelled)
            log.write_text("stopped")

        thread = threading.Thread(target=work)
        thread.start()
        try:
            point.say()
            time.sleep(PATIENCE)
        finally:
            thread.join()

    cancelled_at(show, meet, fn)
    assert log.read_text() == "stopped"


def test_a_worker_interrupted_in_an_import_is_not_used_again(
    show: Any, meet: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_import.py").write_text("hook()")
    monkeypatch.syspath_prepend(str(tmp_path))

    def fn(point: Any) -> None:
        import builtins

        def hook() -> None:
            point.say()
            time.sleep(PATIENCE)

        builtins.hook = hook  # type: ignore[attr-defined]
        import slow_to_import  # noqa: F401

    _, _, pid = cancelled_at(show, meet, fn)
    assert not os.path.exists(f"/proc/{pid}")


def test_what_the_function_has_started_ends_with_its_worker(meet: Any) -> None:
    point = meet()

    def fn() -> None:
        subprocess.Popen(["sleep", "1000"])
        os._exit(1)

    assert isinstance(caught(fn), WorkerDiedError)
    del point  # `no_leftovers` looks for the process


def test_a_process_that_a_function_forks_does_not_hold_the_kernel(tmp_path: Path) -> None:
    def fn() -> None:
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(1)

    assert isinstance(caught(fn), WorkerDiedError)
