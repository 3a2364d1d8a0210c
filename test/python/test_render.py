"""``gr.render``: parts of the page built anew, and what stays of those before."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Graft

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
