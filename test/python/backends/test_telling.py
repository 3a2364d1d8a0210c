"""What a function in a worker process says: progress, text, logs, toasts."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Done, Failed, Progress, Toast

from ..conftest import texts
from .conftest import PATIENCE, WORKERS, app, result

pytestmark = WORKERS


def test_progress_and_nested_loops(show: Any, meet: Any) -> None:
    point = meet()

    def fn(progress: Any = gr.Progress()) -> None:  # noqa: B008
        for _ in progress.tqdm(range(2), desc="outer"):
            for i in progress.tqdm(range(4), desc="inner"):
                if i == 2:
                    point.come()
                    return

    demo = app(fn, outputs=0)
    shown = show(demo)
    shown.fire(demo.button)
    point.wait()

    def told(_: Any) -> bool:
        last = shown.messages(Progress)
        return bool(last) and [u.desc for u in last[-1].units] == ["outer", "inner"]

    shown.page.wait_for(told, PATIENCE)
    point.open()
    shown.page.idle()
    assert shown.messages(Done)


def test_bars_of_tqdm(show: Any, meet: Any) -> None:
    point = meet()

    def fn(progress: Any = gr.Progress(track_tqdm=True)) -> None:  # noqa: B008
        from tqdm import tqdm

        for i in tqdm(range(3), desc="bar"):
            if i == 1:
                point.come()

    demo = app(fn, outputs=0)
    shown = show(demo)
    shown.fire(demo.button)
    point.wait()
    shown.page.wait_for(lambda _: bool(shown.messages(Progress)), PATIENCE)
    assert shown.messages(Progress)[-1].units[0].desc == "bar"
    point.open()
    shown.page.idle()
    assert shown.messages(Done)
    assert texts(shown) == {}


def test_estimated_progress(show: Any, meet: Any) -> None:
    point = meet()

    def fn(progress: Any = gr.Progress()) -> None:  # noqa: B008
        progress.fake(0.8, "guessing", 5)
        point.come()

    demo = app(fn, outputs=0)
    shown = show(demo)
    shown.fire(demo.button)
    point.wait()
    shown.page.wait_for(lambda _: bool(shown.messages(Progress)), PATIENCE)
    fake = shown.messages(Progress)[-1].fake
    assert (fake.end, fake.estimated_ms) == (0.8, 5000)
    assert shown.messages(Progress)[-1].units[-1].desc == "guessing"
    point.open()
    shown.page.idle()


def test_text_logs_and_warnings(show: Any) -> None:
    def fn() -> None:
        print("printed")
        print("wrong", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        thread = threading.Thread(target=print, args=("by a thread",))
        thread.start()
        thread.join()

    demo = app(fn, outputs=0)
    shown = show(demo)
    shown.run(demo.button)
    said = texts(shown)
    assert said[1, "stdout"] == "printed\nby a thread\n"
    assert "wrong\n" in said[1, "stderr"]
    assert "careful" in said[1, "stderr"]


def test_log_records_meet_the_kernels_handlers_and_levels(show: Any) -> None:
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger, handler = logging.getLogger("mine.level"), Keep()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        result(show, lambda: logging.getLogger("mine.level").debug("deep %s", "down"))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert [(r.getMessage(), r.levelname) for r in records] == [("deep down", "DEBUG")]


def test_a_function_may_say_itself_how_records_look(show: Any) -> None:
    def fn() -> None:
        logging.basicConfig(level=logging.INFO, format="mine: %(message)s")
        logging.info("up %s", "here")

    demo = app(fn, outputs=0)
    shown = show(demo)
    shown.run(demo.button)
    shown.run(demo.button)
    assert texts(shown) == {(task, "stderr"): "mine: up here\n" for task in (1, 2)}


def test_more_text_than_anybody_reads_at_once(show: Any) -> None:
    demo = app(lambda: [print(i) for i in range(20_000)] and None, outputs=0)
    shown = show(demo)
    shown.run(demo.button)
    assert texts(shown)[1, "stdout"].endswith("19998\n19999\n")


def test_toasts(show: Any) -> None:
    demo = app(lambda: gr.Info("so far so good"), outputs=0)
    shown = show(demo)
    shown.run(demo.button)
    assert [t.message for t in shown.messages(Toast)] == ["so far so good"]


def test_updates_and_components_as_keys(show: Any) -> None:
    with gr.Blocks() as demo:
        one, two = gr.Textbox(label="one", value="1"), gr.Textbox(label="two")
        button = gr.Button()

        def fn(data: Any) -> Any:
            return {one: gr.Textbox(label=f"was {one.label}"), two: data[one] + "!"}

        button.click(fn, {one}, [one, two], run_as_task=True)
    shown = show(demo)
    shown.run(button)
    assert not shown.messages(Failed)
    assert shown.props(one)["label"] == "was one"
    assert shown.value(two) == "1!"


def test_event_data_and_request(show: Any) -> None:
    with gr.Blocks() as demo:
        out, button = gr.JSON(), gr.Button("Go", elem_id="go")

        def fn(event: gr.EventData, request: gr.Request) -> Any:
            return [event.target.elem_id, request.session_hash]

        button.click(fn, None, out, run_as_task=True)
    shown = show(demo)
    assert shown.run(button).value(out) == ["go", shown.session.epoch]


def test_the_kernels_own_state_is_untouched(show: Any) -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    before, hooks = plt.get_fignums(), (sys.stdout, sys.stderr, list(logging.root.handlers))

    def fn() -> Any:
        import matplotlib.pyplot as plt

        figure = plt.figure()
        plt.plot([1, 2])
        return figure

    got: list[Any] = []
    with gr.Blocks() as demo:
        state, button = gr.State(), gr.Button()
        button.click(fn, None, state, run_as_task=True).then(
            lambda f: got.append(type(f).__name__), state
        )
    shown = show(demo)
    shown.run(button)
    assert not shown.messages(Failed)
    assert got == ["Figure"]
    assert plt.get_fignums() == before
    shown.engine.close_all()
    assert (sys.stdout, sys.stderr, list(logging.root.handlers)) == hooks
