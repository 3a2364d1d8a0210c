"""``gr.render``: parts of the page built anew, and what stays of those before."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Failed, Graft
from ipyblocks.render import Subtree

from .conftest import Shown


def labels(shown: Shown) -> dict[Any, int]:
    """Nodes that are shown, by label or kind."""
    nodes = shown.on_loop(shown.session.scene.nodes)
    return {node.props.get("label", node.kind): node.id for node in nodes}


@pytest.fixture
def names(show: Callable[..., Shown]) -> tuple[Shown, Any, Any]:
    with gr.Blocks() as demo:
        count = gr.Number(2, precision=0)
        joined = gr.Textbox()

        @gr.render(inputs=count)
        def fields(n: int) -> None:
            made = [gr.Textbox(label=f"name {i}", key=i) for i in range(n)]
            gr.Textbox(label="unkeyed")
            gr.Button("Join", elem_id="join").click(
                lambda *values: "+".join(v or "" for v in values), made, joined
            )

    shown = show(demo)
    shown.page.idle()
    return shown, count, joined


def test_it_runs_when_the_app_is_shown_and_its_listeners_work(
    names: tuple[Shown, Any, Any],
) -> None:
    shown, _, joined = names
    nodes = labels(shown)
    shown.page.set(nodes["name 0"], value="Ada")
    shown.page.set(nodes["name 1"], value="Grace")
    shown.page.fire(nodes["button"], "click")
    shown.page.idle()
    assert shown.value(joined) == "Ada+Grace"


def test_a_key_keeps_number_and_value_and_the_rest_is_new(names: tuple[Shown, Any, Any]) -> None:
    shown, count, _ = names
    before = labels(shown)
    shown.page.set(before["name 0"], value="Ada")
    shown.page.set(before["unkeyed"], value="gone")
    shown.set(count, 3)
    shown.page.idle()
    after = labels(shown)
    assert after["name 0"] == before["name 0"]
    assert shown.on_loop(lambda: shown.session.props(after["name 0"])["value"]) == "Ada"
    assert after["unkeyed"] not in before.values()
    assert "name 2" in after
    graft = shown.messages(Graft)[-1]
    assert before["unkeyed"] in graft.removed
    assert before["name 0"] not in graft.removed


def test_what_is_gone_is_refused_and_forgotten(names: tuple[Shown, Any, Any]) -> None:
    shown, count, _ = names
    before = labels(shown)
    shown.set(count, 0)
    shown.page.idle()
    refused = shown.session.statistics().refused
    shown.page.set(before["name 1"], value="late")
    shown.page.idle()
    assert shown.session.statistics().refused == refused + 1
    assert before["name 1"] not in labels(shown).values()


def test_two_sessions_render_on_their_own(names: tuple[Shown, Any, Any]) -> None:
    from ipyblocks.transport.loopback import LoopbackPage

    shown, count, _ = names
    other = LoopbackPage(shown.engine, "other")
    other.hello()
    other.idle()
    shown.set(count, 4)
    shown.page.idle()
    assert "name 3" in labels(shown)
    nodes = shown.on_loop(other.session.scene.nodes)
    assert "name 3" not in [node.props.get("label") for node in nodes]
    other.close()


def test_a_render_in_a_render_goes_with_the_outer_one(show: Callable[..., Shown]) -> None:
    with gr.Blocks() as demo:
        outer = gr.Number(1)
        inner = gr.Textbox("a")

        @gr.render(inputs=outer)
        def first(n: float) -> None:
            gr.Markdown(f"outer {n:g}")

            @gr.render(inputs=inner)
            def second(text: str) -> None:
                gr.Markdown(f"inner {text}")

    shown = show(demo)
    shown.page.idle()

    def texts() -> list[str]:
        nodes = shown.on_loop(shown.session.scene.nodes)
        return sorted(node.props["value"] for node in nodes if node.kind == "markdown")

    assert texts() == ["inner a", "outer 1"]
    shown.set(inner, "b")
    shown.page.idle()
    assert texts() == ["inner b", "outer 1"]
    shown.set(outer, 2)
    shown.page.idle()
    assert texts() == ["inner b", "outer 2"]


def test_an_error_in_it_is_told_and_the_former_part_stays(show: Callable[..., Shown]) -> None:
    with gr.Blocks() as demo:
        n = gr.Number(1)

        @gr.render(inputs=n)
        def part(value: float) -> None:
            gr.Markdown(f"{12 / value:g}")

    shown = show(demo)
    shown.page.idle()
    shown.set(n, 0)
    shown.page.idle()
    nodes = shown.on_loop(shown.session.scene.nodes)
    assert [node.props["value"] for node in nodes if node.kind == "markdown"] == ["12"]


def test_a_function_that_ends_after_its_output_is_gone_harms_nothing(
    show: Callable[..., Shown], gate: Callable[[], Any]
) -> None:
    here = gate()

    def slow() -> str:
        here.wait()
        return "late"

    with gr.Blocks() as demo:
        n = gr.Number(1)

        @gr.render(inputs=n)
        def part(value: float) -> None:
            out = gr.Textbox(label=f"out {value:g}")
            gr.Button("Go").click(slow, None, out)

    shown = show(demo)
    shown.page.idle()
    shown.page.fire(labels(shown)["button"], "click")
    here.reached()
    shown.set(n, 2)
    shown.page.wait_for(lambda m: isinstance(m, Graft) and bool(m.removed))
    here.open()
    shown.page.idle()
    assert shown.session.statistics().tasks == 0
    assert "out 2" in labels(shown)


def test_timers_of_a_part_that_is_gone_tick_no_more(show: Callable[..., Shown]) -> None:
    ticked = threading.Event()
    with gr.Blocks() as demo:
        on = gr.Checkbox(True)

        @gr.render(inputs=on)
        def part(wanted: bool) -> None:
            if wanted:
                gr.Timer(0.01).tick(ticked.set)

    shown = show(demo)
    assert ticked.wait(30)
    shown.set(on, False)
    shown.page.idle()
    assert shown.on_loop(shown.session.timers.ticking) == 0


def test_outside_of_an_app_it_says_so() -> None:
    with pytest.raises(AttributeError, match=r"outside of a gr\.Blocks context"):
        gr.render(lambda: None)


# --- keys of listeners ----------------------------------------------------------------------------


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
    app.rebuild(2)
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


def test_a_rendering_listens_to_blocks_that_are_not_its_own(show: Callable[..., Shown]) -> None:
    with gr.Blocks() as demo:
        button, count, pressed = gr.Button("outer"), gr.Number(1), gr.Textbox()

        @gr.render(inputs=count)
        def listen(amount: float) -> None:
            gr.Markdown(f"{amount:g}")
            if amount < 3:
                button.click(lambda: f"pressed {amount:g}", None, pressed)

    shown = show(demo)
    shown.page.idle()

    def heard() -> bool:
        nodes = shown.on_loop(shown.session.scene.nodes)
        events = {node.id: node.events for node in nodes}[shown.id(button)]
        told = {node.id: node.events for graft in shown.messages(Graft) for node in graft.nodes}
        assert told[shown.id(button)] == events
        return events == ["click"]

    assert heard()
    shown.run(button)
    assert shown.value(pressed) == "pressed 1"
    shown.set(count, 2)
    shown.page.idle()
    shown.run(button)
    assert shown.value(pressed) == "pressed 2"
    shown.set(count, 3)
    shown.page.idle()
    assert not heard()
    shown.fire(button)
    shown.page.idle()
    assert shown.value(pressed) == "pressed 2"


def test_a_finished_app_can_be_placed_in_a_rendering(show: Callable[..., Shown]) -> None:
    def inner(say: str) -> gr.Blocks:
        with gr.Blocks() as part:
            press, out = gr.Button(say), gr.Textbox(label=say)
            press.click(lambda: f"{say} 1", None, out).then(lambda: f"{say} 2", None, out)
        return part

    with gr.Blocks() as demo:

        @gr.render
        def both() -> None:
            inner("a").render()
            inner("b").render()

    shown = show(demo)
    shown.page.idle()
    nodes = shown.on_loop(shown.session.scene.nodes)
    buttons = [node.id for node in nodes if node.kind == "button"]
    for button in buttons:
        shown.page.fire(button, "click")
    shown.page.idle()
    props = [shown.on_loop(lambda n=n: shown.session.props(n.id)) for n in nodes]  # type: ignore[misc]
    assert [p["value"] for p in props if p.get("label")] == ["a 2", "b 2"]


def test_former_renderings_are_forgotten(show: Callable[..., Any]) -> None:
    with gr.Blocks() as demo:
        again = gr.Button()

        @gr.render(triggers=[again.click])
        def rows() -> None:
            text = gr.Textbox("kept", key="text")
            gr.Button("press").click(str.upper, text, text, key="press")

    shown = show(demo)
    for _ in range(5):
        shown.run(again)
    gc.collect()
    scene = shown.session.scene
    alive = [each for each in gc.get_objects() if isinstance(each, Subtree)]
    assert [each for each in alive if each._scene is scene] == list(scene._rendered.values())
