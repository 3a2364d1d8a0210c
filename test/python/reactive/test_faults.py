"""What is wrong with a block is told there until it is right, each prop for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.app import page_of
from ipyblocks.protocol import Failed, Started, Toast
from ipyblocks.reactive import DerivedVariable, If, Text, Variable

from .conftest import Show, settle, texts


def fails_at_zero(name: str) -> Callable[[int], str]:
    """A function that raises ``ZeroDivisionError: {name}``."""

    def fn(v: int) -> str:
        if v == 0:
            raise ZeroDivisionError(name)
        return f"{name} {v}"

    return fn


def told(shown: Any) -> list[str]:
    """What is told at the blocks, once all is settled."""
    shown.engine.wait_idle()
    return [each.message for each in shown.on_loop(shown.session.failures.all)]


class TwoProps:
    """A field whose label and value are computed, each from a variable of its own."""

    def __init__(self, show: Show) -> None:
        self.label, self.value = Variable(1), Variable(1)
        label = DerivedVariable(fails_at_zero("label"), [self.label])
        value = DerivedVariable(fails_at_zero("value"), [self.value])
        with gr.Blocks() as demo:
            self.box = gr.Textbox(value, label=label)
        self.shown = show(demo)
        self.shown.engine.wait_idle()  # both are shown before a test changes one

    def props(self) -> tuple[str, str]:
        props = self.shown.props(self.box)
        return props["label"], props["value"]


def test_a_failure_stays_while_another_prop_is_shown(show: Show) -> None:
    app = TwoProps(show)
    app.label.value = 0
    assert told(app.shown) == ["ZeroDivisionError: label"]
    app.value.value = 2
    assert told(app.shown) == ["ZeroDivisionError: label"]
    assert app.props() == ("label 1", "value 2")
    app.label.value = 2
    assert told(app.shown) == []


def test_of_two_failures_the_one_that_is_left_is_told(show: Show) -> None:
    app = TwoProps(show)
    app.label.value = 0
    assert told(app.shown) == ["ZeroDivisionError: label"]
    app.value.value = 0
    assert told(app.shown) == ["ZeroDivisionError: value"]
    logged = len(app.shown.messages(Failed))
    app.value.value = 2
    assert told(app.shown) == ["ZeroDivisionError: label"]
    [again] = app.shown.messages(Failed)[logged:]
    assert again.retry is True
    app.label.value = 2
    assert told(app.shown) == []


def test_a_failure_that_is_not_the_last_may_end_first(show: Show) -> None:
    app = TwoProps(show)
    app.label.value = 0
    assert told(app.shown) == ["ZeroDivisionError: label"]
    app.value.value = 0
    assert told(app.shown) == ["ZeroDivisionError: value"]
    app.label.value = 2
    assert told(app.shown) == ["ZeroDivisionError: value"]
    app.value.value = 2
    assert told(app.shown) == []


def test_what_is_left_is_told_without_a_second_toast(show: Show) -> None:
    x, y = Variable(1), Variable(1)

    def refuses(v: int) -> int:
        if v == 0:
            raise gr.Error("not zero")
        return v

    label, value = DerivedVariable(refuses, [x]), DerivedVariable(fails_at_zero("value"), [y])
    with gr.Blocks() as demo:
        gr.Textbox(value, label=label)
    shown = show(demo)
    x.value = 0
    assert told(shown) == ["not zero"]
    y.value = 0
    assert told(shown) == ["ZeroDivisionError: value"]
    y.value = 1
    assert told(shown) == ["not zero"]
    assert len(shown.messages(Toast)) == 1


def test_a_failure_is_told_again_when_a_task_at_the_block_has_ended(
    show: Show, gate: Callable[[], Any]
) -> None:
    held, x, y = gate(), Variable(1), Variable(1)

    async def slow(v: int) -> str:
        if v == 2:
            await held.pass_through()
        return f"value {v}"

    with gr.Blocks() as demo:
        box = gr.Textbox(
            DerivedVariable(slow, [y]), label=DerivedVariable(fails_at_zero("label"), [x])
        )
    shown = show(demo)
    shown.engine.wait_idle()
    x.value = 0
    assert told(shown) == ["ZeroDivisionError: label"]
    y.value = 2
    held.reached()
    held.open()
    assert told(shown) == ["ZeroDivisionError: label"]
    assert shown.props(box)["value"] == "value 2"


def test_what_a_task_has_told_goes_when_a_quick_value_comes(show: Show) -> None:
    x = Variable(1)

    async def late(v: int) -> str:
        return fails_at_zero("late")(v)

    shown = show(page_of(Text(DerivedVariable(late, [x]))))
    assert settle(shown) == ["late 1"]
    x.value = 0
    assert told(shown) == ["ZeroDivisionError: late"]
    x.value = 1  # which is remembered
    assert told(shown) == []


def test_what_was_cancelled_is_told_until_there_is_a_value(
    show: Show, gate: Callable[[], Any]
) -> None:
    held, x = gate(), Variable(1)

    async def late(v: int) -> str:
        if v == 2:
            await held.pass_through()
        return f"late {v}"

    shown = show(page_of(Text(DerivedVariable(late, [x]))))
    assert settle(shown) == ["late 1"]
    x.value = 3
    assert settle(shown) == ["late 3"]
    x.value = 2
    held.reached()
    task = shown.until(Started, 3)[-1].task
    shown.on_loop(lambda: shown.engine.cancel(shown.session, task))
    assert told(shown) == ["Cancelled."]
    x.value = 1  # which is remembered
    assert settle(shown) == ["late 1"]
    assert told(shown) == []


@pytest.mark.parametrize("deep", [False, True])
def test_a_value_that_is_the_same_as_before_ends_what_was_cancelled(
    show: Show, gate: Callable[[], Any], deep: bool
) -> None:
    held, x = gate(), Variable(1)

    async def late(v: int) -> str:
        if v == 2:
            await held.pass_through()
        return "late"

    variable = DerivedVariable(late, [x])
    if deep:
        variable = DerivedVariable(lambda v: v, [variable])
    shown = show(page_of(Text(variable)))
    assert settle(shown) == ["late"]
    x.value = 2
    held.reached()
    task = shown.until(Started, 2)[-1].task
    shown.on_loop(lambda: shown.engine.cancel(shown.session, task))
    assert told(shown) == ["Cancelled."]
    x.value = 1  # which is remembered
    assert told(shown) == []
    assert settle(shown) == ["late"]


def test_whoever_has_cancelled_hears_of_the_value_that_others_waited_for(
    show: Show, gate: Callable[[], Any]
) -> None:
    held, x = gate(), Variable(1)

    async def late(v: int) -> str:
        if v == 2:
            await held.pass_through()
        return "late"

    page = page_of(Text(DerivedVariable(late, [x])))
    one, other = show(page), show(page)
    settle(one), settle(other)
    x.value = 2
    held.reached()
    task = one.until(Started, 2)[-1].task
    other.until(Started, 1)
    one.on_loop(lambda: one.engine.cancel(one.session, task))
    one.until(Failed)
    assert [f.message for f in one.on_loop(one.session.failures.all)] == ["Cancelled."]
    held.open()
    assert told(other) == []
    assert told(one) == []


def test_a_failure_stays_while_the_content_of_its_block_is_built_anew(show: Show) -> None:
    x, shows = Variable(1), Variable(1)
    classes = DerivedVariable(lambda v: [fails_at_zero("classes")(v)], [x])
    shown = show(page_of(If(shows == 1, "one", "other", elem_classes=classes)))
    shown.engine.wait_idle()
    x.value = 0
    assert told(shown) == ["ZeroDivisionError: classes"]
    shows.value = 2
    assert texts(settle(shown)) == ["other"]
    assert told(shown) == ["ZeroDivisionError: classes"]
    x.value = 2
    assert told(shown) == []


def test_and_while_a_function_fills_in_its_value(show: Show) -> None:
    x = Variable(0)
    with gr.Blocks() as demo:
        box = gr.Textbox("a", label=DerivedVariable(fails_at_zero("label"), [x]))
        press = gr.Button()
        press.click(lambda: "b", outputs=box)
        hidden = gr.Button()
        hidden.click(lambda: "c", outputs=box, show_progress="hidden")
    shown = show(demo)
    for button, value in ((press, "b"), (hidden, "c")):
        assert told(shown) == ["ZeroDivisionError: label"]
        shown.run(button)
        assert shown.value(box) == value
    assert told(shown) == ["ZeroDivisionError: label"]
    x.value = 1
    assert told(shown) == []


def test_a_failure_goes_with_the_variable_whose_place_another_takes(show: Show) -> None:
    x = Variable(0)
    broken = DerivedVariable(fails_at_zero("broken"), [x])
    fine = DerivedVariable(lambda v: f"fine {v}", [x])
    with gr.Blocks() as demo:
        switch = gr.Checkbox(True)

        @gr.render(switch)
        def part(on: bool) -> None:
            gr.Textbox(broken if on else fine, key="k")

    shown = show(demo)
    shown.fire(demo, "load")
    assert told(shown) == ["ZeroDivisionError: broken"]
    shown.set(switch, False)
    assert told(shown) == []


# --- values that a component cannot show ----------------------------------------------------------


def test_what_is_right_is_shown_beside_what_is_not(show: Show) -> None:
    label, low = Variable("Size"), Variable(0)
    with gr.Blocks() as demo:
        slider = gr.Slider(low, 10, label=label)
    shown = show(demo)
    shown.engine.wait_idle()

    def change() -> None:
        label.value, low.value = "Length", "none"

    shown.on_loop(change)
    [message] = told(shown)
    assert "minimum" in message
    assert shown.props(slider)["label"] == "Length"
    low.value = 5
    assert told(shown) == []
    assert (shown.props(slider)["label"], shown.props(slider)["minimum"]) == ("Length", 5)


def test_a_value_is_shown_once_it_is_among_the_choices(show: Show) -> None:
    choices, value = Variable(["a", "b"]), Variable("a")
    with gr.Blocks() as demo:
        radio = gr.Radio(choices, value=value)
    shown = show(demo)
    shown.engine.wait_idle()
    value.value = "c"
    [message] = told(shown)
    assert "'c' is not among the choices" in message
    choices.value = ["a", "b", "c"]
    assert told(shown) == []
    assert shown.props(radio)["value"] == "c"
