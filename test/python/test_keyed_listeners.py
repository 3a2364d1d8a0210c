"""Listeners with a key, in parts that ``gr.render`` builds anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Done, Failed, Graft

from .conftest import Shown
from .test_render import labels


class Keyed:
    """An app whose render function makes a keyed listener, and what its runs did."""

    def __init__(self, show: Callable[..., Shown], gate: Callable[[], Any], **options: Any) -> None:
        self.here = gate()
        self.ran: list[str] = []
        with gr.Blocks() as demo:
            self.n = gr.Number(1)
            stop = gr.Button("Stop")

            @gr.render(inputs=self.n)
            def part(n: float) -> None:
                out = gr.Textbox(label="out", key="out")

                def work() -> str:
                    self.ran.append(f"of {n:g}")
                    self.here.wait()
                    return f"result of {n:g}"

                run = gr.Button("Go", key="go").click(work, None, out, key="work", **options)
                run.then(lambda: self.ran.append(f"then of {n:g}"))
                gr.Button("Halt", elem_id="halt", key="halt").click(None, cancels=run)

        self.stop = stop
        self.shown = show(demo)
        self.shown.page.idle()
        self.nodes = {
            node.props.get("value", node.props.get("label")): node.id
            for node in self.shown.on_loop(self.shown.session.scene.nodes)
        }

    def press(self, name: str) -> None:
        self.shown.page.fire(self.nodes[name], "click")

    def rebuild(self, n: int) -> None:
        count = len(self.shown.messages(Graft))
        self.shown.set(self.n, n)
        self.shown.until(Graft, count + 1)

    def out(self) -> Any:
        node = self.nodes["out"]
        return self.shown.on_loop(lambda: self.shown.session.props(node).get("value"))

    def finish(self) -> None:
        self.here.open()
        self.shown.page.idle()


def test_a_run_of_a_keyed_listener_goes_on_where_its_output_is_now(
    show: Callable[..., Shown], gate: Callable[[], Any]
) -> None:
    app = Keyed(show, gate)
    app.press("Go")
    app.here.reached()
    app.rebuild(2)
    app.rebuild(3)
    app.finish()
    assert app.out() == "result of 1"
    assert app.ran == ["of 1", "then of 3"]


@pytest.mark.parametrize(
    ("mode", "ran"),
    [("once", ["of 1"]), ("always_last", ["of 1", "of 2"]), ("multiple", ["of 1", "of 2", "of 2"])],
)
def test_a_keyed_listener_knows_what_runs_already(
    mode: str, ran: list[str], show: Callable[..., Shown], gate: Callable[[], Any]
) -> None:
    app = Keyed(show, gate, trigger_mode=mode)
    app.press("Go")
    app.here.reached()
    app.rebuild(2)
    app.press("Go")
    app.press("Go")
    app.finish()
    assert [each for each in app.ran if "then" not in each] == ran


def test_an_event_that_waited_is_run_by_the_listener_that_is_there_now(
    show: Callable[..., Shown], gate: Callable[[], Any]
) -> None:
    app = Keyed(show, gate, trigger_mode="always_last")
    app.press("Go")
    app.here.reached()
    app.press("Go")
    app.shown.on_loop(lambda: None)
    app.rebuild(2)
    app.finish()
    assert app.out() == "result of 2"
    assert app.shown.session.deferred == {}


def test_a_keyed_listener_has_one_queue_over_all_renderings(
    show: Callable[..., Shown], gate: Callable[[], Any]
) -> None:
    app = Keyed(show, gate, trigger_mode="multiple", concurrency_limit=1)
    app.press("Go")
    app.here.reached()
    ended = len(app.shown.messages(Done))
    app.rebuild(2)
    app.shown.until(Done, ended + 1)  # of the rendering, which is a run as well
    app.press("Go")
    statistics = app.shown.on_loop(app.shown.engine.queue.statistics)
    assert (statistics.running, statistics.waiting) == (1, 1)
    app.finish()
    assert app.out() == "result of 2"


def test_what_cancels_a_keyed_listener_stops_its_former_runs(
    show: Callable[..., Shown], gate: Callable[[], Any]
) -> None:
    app = Keyed(show, gate)
    app.press("Go")
    app.here.reached()
    app.rebuild(2)
    app.press("Halt")
    app.finish()
    assert [failed.code for failed in app.shown.messages(Failed)] == ["cancelled"]
    assert app.out() is None


def test_a_generator_that_names_its_outputs_goes_on(
    show: Callable[..., Shown], gate: Callable[[], Any]
) -> None:
    here = gate()
    seen: list[Any] = []
    with gr.Blocks() as demo:
        n = gr.Number(1)

        @gr.render(inputs=n)
        def part(value: float) -> None:
            out = gr.Textbox(label="out", key="out")
            gone = gr.Textbox(label="gone")

            def work() -> Any:
                yield {out: gr.update(value="first", info="begun")}
                here.wait()
                yield {out: gr.Textbox(value="second", info="done"), gone: "nowhere"}

            gr.Button(f"Go {value:g}").click(work, None, [out, gone], key="work")
            out.change(lambda text: seen.append((value, text)), out)

    shown = show(demo)
    shown.page.idle()
    before = labels(shown)
    shown.page.fire(before["button"], "click")
    here.reached()
    shown.set(n, 2)
    shown.until(Graft, 2)
    here.open()
    shown.page.idle()
    after = labels(shown)
    assert after["out"] == before["out"]
    props = shown.on_loop(lambda: shown.session.props(after["out"]))
    assert (props["value"], props["info"]) == ("second", "done")
    now = shown.session.scene.block(after["out"])
    assert shown.on_loop(lambda: shown.session.current(now).info) == "done"
    assert seen == [(1, "first"), (2, "second")]
    assert "value" not in shown.on_loop(lambda: shown.session.props(after["gone"]))


def test_a_key_that_is_not_made_again_leaves_its_run_to_itself(
    show: Callable[..., Shown], gate: Callable[[], Any]
) -> None:
    here, ran = gate(), []
    with gr.Blocks() as demo:
        n = gr.Number(1)

        @gr.render(inputs=n)
        def part(value: float) -> None:
            def work() -> None:
                ran.append(value)
                here.wait()

            button = gr.Button("Go")
            if value == 1:
                button.click(work, key="work", trigger_mode="always_last")

    shown = show(demo)
    shown.page.idle()
    button = labels(shown)["button"]
    shown.page.fire(button, "click")
    here.reached()
    shown.page.fire(button, "click")
    shown.set(n, 2)
    shown.until(Graft, 2)
    here.open()
    shown.page.idle()
    assert ran == [1]
    assert shown.session.statistics().tasks == 0


def test_two_listeners_with_one_key_are_refused(show: Callable[..., Shown]) -> None:
    with gr.Blocks() as demo:

        @gr.render()
        def part() -> None:
            button = gr.Button()
            button.click(print, key="same")
            button.click(print, key="same")

    shown = show(demo)
    shown.page.idle()
    (failed,) = shown.messages(Failed)
    assert "click: key='same' is that of another listener of this gr.render" in failed.message


def test_outside_of_a_rendering_keys_change_nothing(show: Callable[..., Shown]) -> None:
    ran: list[str] = []
    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(lambda: ran.append("a"), key="same")
        button.click(lambda: ran.append("b"), key="same")
    show(demo).run(button)
    assert sorted(ran) == ["a", "b"]
