"""``ProgressUpdater`` in an app."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.progress_updater import ProgressUpdater, track_progress
from ipyblocks.protocol import Done, Failed, Log
from ipyblocks.protocol import Progress as Told

from ..conftest import LIMIT
from .conftest import app, until


@pytest.mark.parametrize("kind", ["plain", "async", "generator", "async generator", "thread"])
def test_progress_of_an_event_listener(kind: str, show: Any, gate: Any) -> None:
    point = gate()

    @track_progress
    def plain(updater: ProgressUpdater) -> int:
        updater.send_update(40, kind)
        point.wait()
        return 1

    @track_progress
    async def awaited(updater: ProgressUpdater) -> int:
        updater.send_update(40, kind)
        await point.pass_through()
        return 1

    @track_progress
    def generated(updater: ProgressUpdater) -> Iterator[int]:
        yield 0
        updater.send_update(40, kind)
        point.wait()
        yield 1

    @track_progress
    async def streamed(updater: ProgressUpdater) -> AsyncIterator[int]:
        yield 0
        updater.send_update(40, kind)
        await point.pass_through()
        yield 1

    @track_progress
    def threaded(updater: ProgressUpdater) -> int:
        thread = threading.Thread(target=lambda: updater.send_update(40, kind))
        thread.start()
        thread.join()
        point.wait()
        return 1

    fn = dict(
        zip(
            ["plain", "async", "generator", "async generator", "thread"],
            [plain, awaited, generated, streamed, threaded],
            strict=True,
        )
    )[kind]
    demo, (out,), button = app(fn)
    shown = show(demo).fire(button)
    until(shown, (40, kind))
    point.open()
    shown.page.idle()
    assert shown.value(out) == 1


def test_inputs_and_other_injected_parameters_keep_their_places(show: Any) -> None:
    got: list[Any] = []

    @track_progress
    def fn(
        updater: ProgressUpdater,
        text: str,
        event: gr.EventData,
        progress: Any = gr.Progress(),  # noqa: B008
    ) -> None:
        got.append((type(updater), text, event.target, type(progress)))

    with gr.Blocks() as demo:
        text, button = gr.Textbox("x"), gr.Button()
        button.click(fn, text, None)
    show(demo).run(button)
    assert got == [(ProgressUpdater, "x", button, gr.Progress)]


def test_tracked_functions_that_a_listener_calls(show: Any, gate: Any) -> None:
    points = {"a": gate(), "b": gate()}

    @track_progress
    def part(name: str, updater: ProgressUpdater) -> None:
        updater.send_update(50, name)
        points[name].wait()

    def listener() -> None:
        part("a")
        part("b")

    demo, _, button = app(listener, outputs=0)
    shown = show(demo).fire(button)
    until(shown, (50, "a"))
    points["a"].open()
    until(shown, (50, "b"))
    points["b"].open()
    shown.page.idle()
    assert shown.messages(Done)


def test_many_updates_cost_the_loop_nothing(show: Any) -> None:
    """Counted, not timed: each call of the loop follows a report to the page, or is the first."""

    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        for i in range(100_000):
            updater.send_update(i / 1000, "Working")

    demo, _, button = app(fn, outputs=0)
    shown = show(demo)
    engine, posts, tells = shown.engine, [], []
    new_task, tell = engine.new_task, engine.teller._tell_progress

    def counted(*args: Any, **kwargs: Any) -> Any:
        task = new_task(*args, **kwargs)
        post = task.reports._post
        task.reports._post = lambda fn: (posts.append(fn), post(fn))
        return task

    engine.new_task = counted
    engine.teller._tell_progress = lambda task: (tells.append(task), tell(task))
    shown.run(button)
    assert shown.messages(Done)
    assert 1 <= len(posts) <= len(tells) + 1
    assert len(shown.messages(Told)) <= len(tells)


def test_an_update_after_the_end_is_not_told(show: Any, gate: Any) -> None:
    late, kept = gate(), []

    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        updater.send_update(50, "half")

        def leftover() -> None:
            late.wait()
            updater.send_update(60, "late")

        kept.append(threading.Thread(target=leftover))
        kept[0].start()

    demo, _, button = app(fn, outputs=0)
    shown = show(demo).run(button)
    late.open()
    kept[0].join(LIMIT)
    shown.page.idle()
    assert [type(m) for m in shown.messages() if hasattr(m, "task")][-1] is Done
    assert all(u.desc == "half" for m in shown.messages(Told) for u in m.units)


def test_a_function_that_raises_after_an_update(show: Any) -> None:
    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        updater.send_update(50, "half")
        raise gr.Error("no")

    demo, _, button = app(fn, outputs=0)
    shown = show(demo).run(button)
    assert [each.code for each in shown.messages(Failed)] == ["user"]


def test_a_warning_goes_to_the_log_of_the_app(show: Any, request: Any) -> None:
    @track_progress
    def fn(updater: ProgressUpdater) -> None:
        updater.send_update(-1, "x")

    demo, _, button = app(fn, outputs=0)
    shown = show(demo)
    handler = logging.StreamHandler()
    logging.getLogger("ipyblocks").addHandler(handler)
    request.addfinalizer(lambda: logging.getLogger("ipyblocks").removeHandler(handler))
    shown.run(button)
    assert "send_update(-1, …)" in shown.messages(Log)[0].entries[0].text
