"""Edges of the runtime: what is gone while it runs, ends that come from within, bad reports."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks import context
from ipyblocks.protocol import Done, Failed, Hello, JsResult, PageId, Progress, RunJs, TaskId
from ipyblocks.runtime.journal import Journal
from ipyblocks.runtime.scene import Scene
from ipyblocks.transport.loopback import LoopbackPage

from .conftest import LIMIT

# --- rendered parts that are gone while something runs for them ----------------------------------


def nodes(shown: Any) -> dict[Any, int]:
    """Nodes that are shown, by label or kind."""
    found = shown.on_loop(shown.session.scene.nodes)
    return {node.props.get("label", node.kind): node.id for node in found}


def test_an_event_that_waited_for_a_run_of_a_part_that_is_gone_is_forgotten(
    show: Any, gate: Any
) -> None:
    gates, calls = [gate()], []

    def work(text: str) -> None:
        calls.append(text)
        gates[0].wait()

    with gr.Blocks() as demo:
        count = gr.Number(1)

        @gr.render(inputs=count)
        def part(n: int) -> None:
            box = gr.Textbox(label=f"box {n}")
            box.input(work, box, trigger_mode="always_last", concurrency_id="shared")

    shown = show(demo)
    shown.page.idle()
    box = nodes(shown)["box 1"]
    shown.page.fire(box, "input")
    gates[0].reached()
    shown.page.fire(box, "input")  # waits
    shown.set(count, 2)
    shown.page.wait_for(lambda m: type(m).__name__ == "Graft" and bool(m.removed))
    gates[0].open()
    shown.page.idle()
    assert len(calls) == 1
    assert shown.on_loop(shown.engine.queue.statistics).running == 0
    shown.page.fire(nodes(shown)["box 2"], "input")
    shown.page.idle()
    assert len(calls) == 2


def test_what_is_rendered_into_a_part_that_is_gone_is_not_shown(show: Any, gate: Any) -> None:
    slow = gate()
    with gr.Blocks() as demo:
        count = gr.Number(1)

        @gr.render(inputs=count)
        def outer(n: int) -> None:
            gr.Markdown(f"outer {n}")

            @gr.render()
            def inner() -> None:
                if n == 1:
                    slow.wait()
                gr.Textbox(label=f"inner {n}")

    shown = show(demo)
    slow.reached()
    shown.set(count, 2)
    shown.page.wait_for(lambda m: type(m).__name__ == "Graft" and bool(m.removed))
    slow.open()
    shown.page.idle()
    assert "inner 2" in nodes(shown)
    assert "inner 1" not in nodes(shown)


def test_a_function_cannot_revive_what_is_gone(show: Any, gate: Any) -> None:
    slow, deleted = gate(), []

    def work() -> Any:
        slow.wait()
        return gr.Timer(0.05, active=True), "kept"

    with gr.Blocks() as demo:
        count = gr.Number(1)

        @gr.render(inputs=count)
        def part(n: int) -> None:
            timer, state = gr.Timer(1000, active=False), gr.State(delete_callback=deleted.append)
            gr.Button(f"go {n}", elem_id="go").click(work, None, [timer, state])

    shown = show(demo)
    shown.page.idle()
    shown.page.fire(nodes(shown)["button"], "click")
    slow.reached()
    shown.set(count, 2)
    shown.page.wait_for(lambda m: type(m).__name__ == "Graft" and bool(m.removed))
    slow.open()
    shown.page.idle()
    assert shown.on_loop(shown.session.timers.ticking) == 0
    assert shown.on_loop(lambda: list(shown.session.states._values)) == []
    assert shown.on_loop(lambda: list(shown.session._twins)) == []


def test_numbers_of_parts_that_are_built_at_the_same_time_differ(show: Any) -> None:
    with gr.Blocks() as demo:
        gr.Textbox()
    scene: Scene = show(demo).session.scene
    taken: list[list[int]] = [[], []]
    former = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [
            threading.Thread(target=lambda t=t: t.extend(scene.new_node() for _ in range(50_000)))
            for t in taken
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(former)
    assert len({*taken[0], *taken[1]}) == 100_000


# --- ends that come from within ------------------------------------------------------------------


def test_a_cancel_that_the_function_swallows_ends_every(show: Any) -> None:
    calls, waiting = [], threading.Event()

    async def stubborn() -> None:
        calls.append(1)
        try:
            waiting.set()
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            pass

    with gr.Blocks() as demo:
        go, stop = gr.Button(), gr.Button()
        run = go.click(stubborn, every=0.001)
        stop.click(None, cancels=run)
    shown = show(demo).fire(go)
    assert waiting.wait(LIMIT)
    shown.run(stop)
    assert len(calls) == 1
    assert [m.code for m in shown.messages(Failed)] == ["cancelled"]


def test_a_generator_that_its_own_value_cancels_is_closed(show: Any) -> None:
    closed, going = [], threading.Event()

    def count() -> Any:
        try:
            yield "first"
            going.wait(0.2)  # a step that takes its time, if there is one
            yield "second"
        finally:
            closed.append(threading.current_thread().name)

    with gr.Blocks() as demo:
        go, out = gr.Button(), gr.Textbox()
        run = go.click(count, None, out)
        out.change(None, cancels=run)
    shown = show(demo).run(go)
    assert [(m.code, m.detail) for m in shown.messages(Failed)] == [("cancelled", None)]
    assert len(closed) == 1
    assert closed[0].startswith("ipyblocks_")
    assert shown.value(out) == "first"


def test_an_error_after_the_app_was_closed_harms_nobody(
    show: Any, gate: Any, caplog: pytest.LogCaptureFixture
) -> None:
    slow = gate()

    def work() -> None:
        slow.wait()
        raise RuntimeError("late")

    with gr.Blocks() as demo:
        go = gr.Button()
        go.click(work)
    other = show(demo)  # keeps the loop
    shown = show(demo, debug=True).fire(go)
    slow.reached()
    shown.page.close()
    slow.open()
    with caplog.at_level(logging.ERROR, "asyncio"):
        for thread in threading.enumerate():
            if thread.name.startswith("ipyblocks_"):
                thread.join(LIMIT)
        other.page.idle()
        shown.engine.thread.run(asyncio.sleep(0)).result(LIMIT)
    assert shown.on_loop(shown.engine.queue.statistics).running == 0
    assert caplog.records == []


# --- batches -------------------------------------------------------------------------------------


def test_each_call_of_a_batch_is_prepared_as_its_own_run(
    show: Any, gate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gates, seen = [gate(), gate()], []
    plain = gr.Textbox.postprocess

    def postprocess(self: Any, value: Any) -> Any:
        run: Any = context.current_run()
        seen.append((value, None if run is None else run.session))
        return plain(self, value)

    def work(texts: list[str]) -> list[list[str]]:
        gates[0 if texts == ["first"] else 1].wait()
        return [[text.upper() for text in texts]]

    with gr.Blocks() as demo:
        text, out, go = gr.Textbox(), gr.Textbox(), gr.Button()
        go.click(work, text, out, batch=True)
    shown = show(demo)
    pages = [shown, show(beside=shown), show(beside=shown)]
    monkeypatch.setattr(gr.Textbox, "postprocess", postprocess)
    for page, value in zip(pages, ["first", "second", "third"], strict=True):
        page.set(text, value)
        page.fire(go)
        gates[0].reached()
    for each in gates:
        each.open()
    shown.page.idle()
    assert dict(seen) == {
        "FIRST": pages[0].session,
        "SECOND": pages[1].session,
        "THIRD": pages[2].session,
    }


# --- reports -------------------------------------------------------------------------------------


class Unspeakable:
    """Its text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    "report", [{"progress": 10**400}, {"progress": 0.5, "desc": Unspeakable()}]
)
def test_a_report_that_cannot_be_read_keeps_nothing_else_from_the_page(
    report: Any, show: Any, gate: Any
) -> None:
    slow = gate()

    def work(progress: Any = gr.Progress()) -> str:  # noqa: B008
        progress(**report)
        slow.wait()
        return "result"

    with gr.Blocks() as demo:
        go, out = gr.Button(), gr.Textbox()
        go.click(work, None, out)
    shown = show(demo).fire(go)
    slow.reached()
    shown.on_loop(lambda: None)
    shown.engine.thread.run(shown.session.settle()).result()
    slow.open()
    shown.page.idle()
    assert len(shown.messages(Done)) == 1
    assert shown.props(out)["value"] == "result"
    assert all(u.desc is None for m in shown.messages(Progress) for u in m.units)


def test_empty_writes_take_no_room() -> None:
    journal = Journal()
    for _ in range(3):
        journal.write(TaskId(1), "work", "stdout", "")
    assert journal.all() == []
    assert journal.take() == ([], 0)


# --- js ------------------------------------------------------------------------------------------


def test_a_page_that_is_up_to_date_takes_over_the_js_of_one_that_is_gone(show: Any) -> None:
    with gr.Blocks() as demo:
        go, out = gr.Button(), gr.Textbox()
        go.click(None, None, out, js="() => 'x'")
    shown = show(demo).fire(go)
    asked = shown.until(RunJs)[0]
    page: LoopbackPage = shown.page
    page._page, page._seq = PageId("second"), 0
    shown.engine.thread.run(shown.session.settle()).result()
    seen = shown.on_loop(lambda: shown.session.snapshot().content["messages"][0]["seq"])
    page.send(Hello(seq=0, protocol=shown.welcome.protocol, epoch=shown.session.epoch, seen=seen))
    again = shown.until(RunJs, 2)[1]
    assert (again.page, again.task) == ("second", asked.task)
    # The same page again: it is at it.
    seen = shown.on_loop(lambda: shown.session.snapshot().content["messages"][0]["seq"])
    page.send(Hello(seq=0, protocol=shown.welcome.protocol, epoch=shown.session.epoch, seen=seen))
    page.send(JsResult(seq=0, task=asked.task, values=["done"], error=None))
    page.idle()
    assert len(shown.messages(RunJs)) == 2
    assert shown.value(out) == "done"
