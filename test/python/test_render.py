"""``gr.render``: parts of the page built anew, and what stays of those before."""

from __future__ import annotations

import copy
import gc
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Graft
from ipyblocks.render import Subtree, build

from .conftest import LIMIT, Shown, until


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


def test_an_error_in_it_is_told_in_its_place_and_the_former_part_stays(
    show: Callable[..., Shown],
) -> None:
    with gr.Blocks() as demo:
        n = gr.Number(1)

        @gr.render(inputs=n)
        def part(value: float) -> None:
            gr.Markdown(f"{12 / value:g}")

    shown = show(demo)

    def markdown() -> list[Any]:
        nodes = shown.on_loop(shown.session.scene.nodes)
        return [node.props["value"] for node in nodes if node.kind == "markdown"]

    shown.page.idle()
    shown.set(n, 0)
    shown.page.idle()
    assert markdown() == ["12"]
    [failure] = shown.on_loop(shown.session.failures.all)
    assert (failure.message, failure.retry) == ("ZeroDivisionError: division by zero", True)
    shown.set(n, 2)
    shown.page.idle()
    assert markdown() == ["6"]
    assert shown.on_loop(shown.session.failures.all) == []


@pytest.mark.parametrize("layout", [gr.Column, gr.Row])
def test_a_rendering_that_failed_is_tried_again(
    layout: type[Any], show: Callable[..., Shown]
) -> None:
    broken = True
    with gr.Blocks() as demo, layout():

        @gr.render()
        def part() -> None:
            gr.Markdown("begun")
            if broken:
                raise ValueError("not yet")

    shown = show(demo)
    shown.page.idle()
    [failure] = shown.on_loop(shown.session.failures.all)
    assert "begun" not in str(shown.on_loop(shown.session.scene.nodes))
    [node] = [n for n in shown.on_loop(shown.session.scene.nodes) if n.id in failure.nodes]
    assert (node.kind, node.props["showProgress"]) == (layout.__name__.lower(), True)
    broken = False
    shown.on_loop(lambda: shown.session.failures.retry(failure.task))
    shown.page.idle()
    assert "begun" in str(shown.on_loop(shown.session.scene.nodes))
    assert shown.on_loop(shown.session.failures.all) == []


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
    assert ticked.wait(LIMIT)
    shown.set(on, False)
    shown.page.idle()
    assert shown.on_loop(shown.session.timers.ticking) == 0


def test_outside_of_an_app_it_says_so() -> None:
    with pytest.raises(AttributeError, match=r"outside of a gr\.Blocks context"):
        gr.render(lambda: None)


# --- what is not its own --------------------------------------------------------------------------


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
    scene = shown.session.scene

    def only_the_last_is_left() -> bool:
        gc.collect()
        alive = [each for each in gc.get_objects() if isinstance(each, Subtree)]
        return [each for each in alive if each._scene is scene] == list(scene._rendered.values())

    # A thread of the pool holds what it has given until it has put its work away.
    until(only_the_last_is_left)


# --- many blocks ----------------------------------------------------------------------------------


class Counted:
    """A key that counts how often it is compared."""

    compared = 0

    def __init__(self, number: int) -> None:
        self.number = number

    def __hash__(self) -> int:
        return hash(self.number)

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return isinstance(other, Counted) and self.number == other.number


def test_keys_are_compared_once_for_each_block(
    show: Callable[..., Shown], monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 200
    with gr.Blocks() as demo:
        n = gr.Number(1)

        @gr.render(inputs=n)
        def part(value: float) -> None:
            for i in range(count):
                gr.Textbox(f"{i} of {value:g}", label=str(i), key=Counted(i))

    shown = show(demo)
    shown.page.idle()
    before = labels(shown)
    monkeypatch.setattr(Counted, "compared", 0)
    shown.set(n, 2)
    shown.page.idle()
    assert labels(shown) == before
    # For its number, for that of the group around, and where two have one place in a table.
    assert Counted.compared < 5 * count


def test_a_rendering_takes_steps_in_proportion_to_its_blocks(show: Callable[..., Shown]) -> None:
    size = 0
    with gr.Blocks() as demo:
        button = gr.Button()

        @gr.render(triggers=button.click)
        def part() -> None:
            for i in range(size):
                gr.Textbox(str(i), key=i)

    shown = show(demo)
    steps = 0

    def step(_frame: Any, event: str, _arg: Any) -> None:
        nonlocal steps
        steps += event in ("call", "c_call")

    def steps_of(blocks: int) -> int:
        """Calls of functions while so many blocks are built anew and shown."""
        nonlocal size, steps
        size = blocks
        shown.run(button)  # so that there are former ones
        [dependency] = [each for each in demo.dependencies.values() if each.renders is not None]
        container: Any = dependency.renders
        steps = 0
        sys.setprofile(step)
        try:
            subtree = build(shown.session.scene, container, dependency.fn, [])
        finally:
            sys.setprofile(None)

        def graft() -> None:
            sys.setprofile(step)
            try:
                shown.session.graft(container, subtree)
            finally:
                sys.setprofile(None)

        shown.on_loop(graft)
        return steps

    few, many = steps_of(50), steps_of(800)
    assert many < 20 * few


@pytest.mark.parametrize("key", [["a"], {"a": 1}, "a", 1.0, (1, "a")])
def test_any_key_that_can_be_compared_keeps_the_number(
    key: Any, show: Callable[..., Shown]
) -> None:
    with gr.Blocks() as demo:
        button = gr.Button()

        @gr.render(triggers=[demo.load, button.click])
        def part() -> None:
            gr.Textbox(label="same", key=copy.copy(key))
            gr.Textbox(label="other", key=copy.copy(key))
            gr.Number(label="number", key=copy.copy(key))

    shown = show(demo)
    shown.page.idle()
    before = labels(shown)
    shown.run(button)
    after = labels(shown)
    assert after["same"] == before["same"]
    assert after["number"] == before["number"]
    assert after["other"] not in before.values()  # whose key is taken
