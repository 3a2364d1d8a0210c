"""Number, Slider and ClearButton: values both ways, limits, clearing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import ipyblocks as gr
from ipyblocks.components.clearbutton import ClearButton
from ipyblocks.components.number import Number
from ipyblocks.components.slider import Slider
from ipyblocks.runtime.engine import Engine
from ipyblocks.transport.loopback import LoopbackPage


class Pages:
    """Opens pages of apps and closes them."""

    def __init__(self) -> None:
        self.open: list[LoopbackPage] = []

    def __call__(self, demo: gr.Blocks) -> LoopbackPage:
        page = LoopbackPage(Engine(demo))
        self.open.append(page)
        page.hello()
        return page


@pytest.fixture
def page_of() -> Iterator[Pages]:
    pages = Pages()
    yield pages
    for page in pages.open:
        page.close()


def value_of(page: LoopbackPage, component: Any) -> Any:
    return page.session.payload(component)


# --- Number --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("precision", "given", "wire"),
    [
        (None, 3, 3),
        (None, 3.25, 3.25),
        (None, "4", 4),
        (None, "4.5", 4.5),
        (None, Decimal("0.5"), 0.5),
        (None, np.int64(7), 7),
        (None, np.float64(0.1), 0.1),
        (None, True, 1),
        (0, 2.5, 2),
        (0, 3.5, 4),
        (2, 1.005, 1.0),
        (None, 2**70, 2**70),
        (None, None, None),
    ],
)
def test_number_takes_what_is_a_number(precision: int | None, given: Any, wire: Any) -> None:
    payload = Number(precision=precision, render=False).postprocess(given)
    assert payload == wire
    assert type(payload) is type(wire)


@pytest.mark.parametrize("given", ["three", object(), 1j, [1]])
def test_number_refuses_what_is_none(given: Any) -> None:
    with pytest.raises(ValueError, match=r"Number 'Age': value must be a number"):
        Number(given if not callable(given) else None, label="Age", render=False).postprocess(given)


@pytest.mark.parametrize("precision", [None, 0, 2])
def test_number_shows_nan_and_infinity(precision: int | None) -> None:
    number = Number(precision=precision, render=False)
    assert math.isnan(number.postprocess(math.nan))  # type: ignore[arg-type]
    assert number.postprocess(math.inf) == math.inf
    assert number.preprocess(math.inf) == math.inf


def test_number_hands_int_with_precision_0_and_none_when_empty() -> None:
    number = Number(precision=0, render=False)
    assert type(number.preprocess(3.0)) is int
    assert number.preprocess(None) is None


def test_number_limits_speak_when_a_handler_would_get_the_value() -> None:
    number = Number(5, minimum=10, maximum=np.int64(20), label="Age", render=False)
    assert number.check("value", 5) == 5  # on the way to 50
    with pytest.raises(gr.Error, match=r"Value 5 is less than minimum value 10\.") as caught:
        number.preprocess(5)
    assert caught.value.title == "Age"
    with pytest.raises(gr.Error, match=r"Value 21 is greater than maximum value 20\."):
        number.preprocess(21)


@pytest.mark.parametrize("payload", ["3", True, [], {}])
def test_number_refuses_other_types_from_a_page(payload: Any) -> None:
    with pytest.raises(ValueError, match="value cannot be"):
        Number(render=False).check("value", payload)


@pytest.mark.parametrize("payload", [None, 0, -1.5, 2**70, math.nan])
def test_number_takes_numbers_from_a_page(payload: Any) -> None:
    assert Number(render=False).check("value", payload) is payload


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"minimum": 2, "maximum": 1}, "minimum is 2; it must not be above maximum=1"),
        ({"minimum": "low"}, "minimum must be a number or None"),
        ({"step": 0}, "step must be more than 0"),
        ({"precision": 1.5}, "precision must be a whole number"),
    ],
)
def test_number_checks_its_arguments(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Number(render=False, **arguments)


def test_number_out_of_range_fails_the_run_with_its_message(page_of: Pages) -> None:
    with gr.Blocks() as demo:
        age = gr.Number(3, minimum=10)
        out = gr.Number()
        run = gr.Button()
        run.click(lambda x: x * 2, age, out)
    page = page_of(demo)
    page.fire(run._id, "click")
    failed: Any = page.wait_for(lambda m: type(m).__name__ == "Failed")
    assert failed.message == "Value 3 is less than minimum value 10."
    page.set(age._id, value=12)
    page.fire(run._id, "click")
    page.idle()
    assert value_of(page, out) == 24


def test_number_update_keeps_the_value_and_applies_new_limits(page_of: Pages) -> None:
    with gr.Blocks() as demo:
        number = gr.Number(50, maximum=100)
        run, use = gr.Button(), gr.Button()
        run.click(lambda: gr.Number(maximum=20, precision=0), None, number)
        use.click(lambda x: x, number, number)
    page = page_of(demo)
    page.fire(run._id, "click")
    page.idle()
    assert value_of(page, number) == 50
    page.fire(use._id, "click")
    failed: Any = page.wait_for(lambda m: type(m).__name__ == "Failed")
    assert "maximum value 20" in failed.message


# --- Slider --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minimum", "maximum", "step"),
    [(0, 100, 1), (0, 1, 0.01), (0, 10, 0.1), (0, 1000, 10), (-5, 5, 0.1), (2, 2, 1), (0, 3, 0.01)],
)
def test_slider_finds_a_step(minimum: float, maximum: float, step: float) -> None:
    assert Slider(minimum, maximum, render=False).step == step


def test_slider_starts_at_its_minimum() -> None:
    slider = Slider(2, 8, render=False)
    assert slider.initial_payload() == 2
    assert slider.postprocess(None) == 2


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((5, 1), "minimum is 5; it must not be above maximum=1"),
        ((0, 10, 11), "value is 11; it must be between minimum=0 and maximum=10"),
        ((0, 10, -1), "value is -1"),
        ((0, 10, "much"), "value must be a number"),
        ((0, 10, math.nan), "value must be a number"),
        ((0, math.inf), "maximum must be a finite number"),
        (("a", 10), "minimum must be a number, not 'a'"),
    ],
)
def test_slider_checks_its_arguments(arguments: tuple[Any, ...], problem: str) -> None:
    with pytest.raises(ValueError, match=f"Slider 'Size': {problem}"):
        Slider(*arguments, label="Size", render=False)


@pytest.mark.parametrize("step", [0, -1, math.inf])
def test_slider_refuses_a_step_that_leads_nowhere(step: float) -> None:
    with pytest.raises(ValueError, match="step must be more than 0"):
        Slider(step=step, render=False)


def test_slider_rounds_to_precision() -> None:
    slider = Slider(0, 10, precision=0, render=False)
    assert slider.preprocess(3.4) == 3
    assert type(slider.preprocess(3.4)) is int
    assert Slider(0, 1, precision=1, render=False).postprocess(0.26) == 0.3


def test_slider_holds_a_page_to_its_range() -> None:
    slider = Slider(0, 10, render=False)
    assert slider.check("value", 12) == 10
    assert slider.check("value", 3) == 3
    for bad in ("3", None, math.nan):
        with pytest.raises(ValueError, match="value"):
            slider.check("value", bad)


def test_slider_randomize_starts_on_a_step() -> None:
    seen = {Slider(0, 1, 0.5, step=0.1, randomize=True, render=False).initial for _ in range(60)}
    assert seen <= {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}
    assert len(seen) > 3
    whole = Slider(1, 6, step=1, randomize=True, render=False).initial
    assert type(whole) is int


def test_slider_resets_to_its_initial_value_after_an_update() -> None:
    slider = Slider(0, 100, 40, render=False)
    assert slider.wire_props()["showResetButton"] == 40
    relabelled = slider.updated({"label": "Size"}, forget="value")
    assert relabelled.wire_props()["showResetButton"] == 40
    narrowed = relabelled.updated({"maximum": 30}, forget="value")
    assert narrowed.wire_props()["showResetButton"] == 30
    assert slider.updated({"value": 7}).wire_props()["showResetButton"] == 7
    assert "showResetButton" not in Slider(show_reset_button=False, render=False).wire_props()
    assert "showResetButton" not in Slider(randomize=True, render=False).wire_props()


def test_slider_narrowed_by_a_function_hands_the_value_it_shows(page_of: Pages) -> None:
    with gr.Blocks() as demo:
        size, out = gr.Slider(0, 100, 80), gr.Number()
        narrow, use = gr.Button(), gr.Button()
        narrow.click(lambda: gr.Slider(maximum=50), None, size)
        use.click(lambda x: x, size, out)
    page = page_of(demo)
    page.fire(narrow._id, "click")
    page.idle()
    page.fire(use._id, "click")
    page.idle()
    assert value_of(page, out) == 50


def test_slider_release_reaches_its_listener(page_of: Pages) -> None:
    seen: list[float] = []
    with gr.Blocks() as demo:
        size = gr.Slider()
        size.release(seen.append, size)
    page = page_of(demo)
    page.set(size._id, value=30)
    page.fire(size._id, "release")
    page.idle()
    assert seen == [30]


# --- ClearButton ---------------------------------------------------------------------------------


def cleared(page_of: Pages, build: Any) -> dict[str, Any]:
    with gr.Blocks() as demo:
        parts = {
            "text": gr.Textbox("x"),
            "slider": gr.Slider(5, 10, 7),
            "label": gr.Label("cat"),
            "state": gr.State([1]),
        }
        button = build(parts)
        spoil = gr.Button()
        spoil.click(lambda s: [*s, 2], parts["state"], parts["state"])
    page = page_of(demo)
    page.fire(spoil._id, "click")
    page.idle()
    page.fire(button._id, "click")
    page.idle()
    return {
        name: page.session.states.get(each) if each.stateful else value_of(page, each)
        for name, each in parts.items()
    }


EMPTY = {"text": None, "slider": 5, "label": None, "state": [1]}


def test_clear_button_empties_components_and_resets_state(page_of: Pages) -> None:
    assert cleared(page_of, lambda parts: ClearButton(list(parts.values()))) == EMPTY


def test_clear_button_takes_components_later(page_of: Pages) -> None:
    def build(parts: dict[str, Any]) -> ClearButton:
        text, *others = parts.values()
        return ClearButton(text).add(others[0]).add(others)

    assert cleared(page_of, build) == EMPTY


def test_clear_button_with_one_component(page_of: Pages) -> None:
    assert cleared(page_of, lambda parts: ClearButton(parts["text"])) == {
        "text": None,
        "slider": 7,
        "label": {"label": "cat", "confidences": None},
        "state": [1, 2],
    }


def test_clear_button_may_be_placed_later() -> None:
    with gr.Blocks() as demo:
        button = ClearButton(render=False)
        text = gr.Textbox()
        button.add(text)
        assert not demo.dependencies
        button.render()
    (dependency,) = demo.dependencies.values()
    assert dependency.outputs == [text]
    assert dependency.api_name == "clear"
    assert dependency.args.queue is False
    assert not dependency.args.show_api


def test_clear_button_names_its_endpoint() -> None:
    with gr.Blocks() as demo:
        text = gr.Textbox()
        ClearButton(text, api_name="wipe", show_api=True)
        ClearButton(text, api_name=False)
    assert [d.api_name for d in demo.dependencies.values()] == ["wipe", None]


def test_clear_button_is_drawn_as_a_button() -> None:
    with gr.Blocks() as demo:
        text = gr.Textbox()
        ClearButton([text], value="Empty", variant="stop")
    (node,) = (n for n in demo.nodes() if n.kind == "button")
    assert node.kind == "button"
    assert node.props == {"value": "Empty", "variant": "stop"}
    assert node.events == ["click"]


def test_clear_button_says_clear() -> None:
    assert ClearButton(render=False).wire_props() == {"value": "Clear"}
    assert ClearButton(value="Run", render=False).wire_props() == {}


def test_clear_button_refuses_what_is_no_component() -> None:
    with gr.Blocks(), pytest.raises(ValueError, match=r"components\[0\] is int 3, not a component"):
        ClearButton([3])  # type: ignore[list-item]
