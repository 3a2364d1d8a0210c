"""Variables that stand for props, in sessions."""

from __future__ import annotations

import copy
import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.app import page_of
from ipyblocks.protocol import Done, Failed, Patch
from ipyblocks.reactive import DerivedVariable, FileStore, If, Stack, Text, Variable

from ..conftest import LIMIT, Shown
from .conftest import Show, settle, until


def test_a_variable_is_bound_both_ways(show: Show) -> None:
    x = Variable(5)
    with gr.Blocks() as demo:
        number, slider = gr.Number(x), gr.Slider(0, 100, value=x)
        text = gr.Textbox(DerivedVariable(lambda v: v * 2, [x]))
    shown = show(demo)
    assert settle(shown) == [[5, 5, "10"]]
    shown.set(slider, 8)
    assert settle(shown) == [[8, 8, "16"]]
    assert x.value == 8
    x.value = 3
    assert settle(shown) == [[3, 3, "6"]]
    assert shown.props(number)["value"] == 3
    assert "interactive" not in shown.props(slider)
    assert shown.props(text)["interactive"] is False


@pytest.mark.parametrize("run_as_task", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_what_a_function_gives_a_component_its_variable_gets(show: Show, run_as_task: bool) -> None:
    x = Variable(5)
    with gr.Blocks() as demo:
        slider, button = gr.Slider(0, 100, value=x), gr.Button()
        gr.Textbox(DerivedVariable(lambda v: v * 2, [x]))
        button.click(lambda: 7, None, slider, run_as_task=run_as_task)
    shown = show(demo).run(button)
    assert settle(shown) == [[7], "", ["14"]]
    assert x.value == 7
    assert shown.props(slider)["value"] == 7
    updates = [u for patch in shown.messages(Patch) for u in patch.updates]
    assert [u.props for u in updates if u.node == shown.id(slider)] == [{"value": 7}]


def test_updates_set_the_variables_of_every_prop_they_name(show: Show) -> None:
    value, label = Variable("a"), Variable("A")
    with gr.Blocks() as demo:
        box, button = gr.Textbox(value, label=label), gr.Button()
        button.click(lambda: gr.update(value="b", label="B"), None, box)
    shown = show(demo).run(button)
    shown.engine.wait_idle()
    assert (value.value, label.value) == ("b", "B")
    assert shown.props(box)["label"] == "B"


def test_what_is_computed_is_shown_until_it_is_computed_anew(show: Show) -> None:
    x = Variable(1)
    with gr.Blocks() as demo:
        box, button = gr.Textbox(DerivedVariable(str, [x])), gr.Button()
        button.click(lambda: "other", None, box)
    shown = show(demo).run(button)
    assert settle(shown)[0][0] == "other"
    x.value = 2
    assert settle(shown)[0][0] == "2"


def test_a_value_that_a_variable_refuses_is_told_at_its_component(
    show: Show, tmp_path: Path
) -> None:
    x = Variable("a", store=FileStore(tmp_path / "x.json"))
    with gr.Blocks() as demo:
        label, button = gr.Textbox(x), gr.Button()
        button.click(lambda: Refused("b"), None, label)
    shown = show(demo).run(button)
    shown.engine.wait_idle()
    assert "cannot be kept in" in shown.messages(Failed)[-1].message
    assert x.value == "a"


class Refused:
    """Text for a component, and nothing that JSON holds."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def test_what_the_page_has_set_is_not_sent_back_to_it(show: Show) -> None:
    x = Variable("a")
    with gr.Blocks() as demo:
        box = gr.Textbox(x)
    shown = show(demo)
    shown.engine.wait_idle()
    before = len(shown.messages())
    shown.set(box, "b")
    shown.engine.wait_idle()
    assert x.value == "b"
    assert shown.messages()[before:] == []


def test_one_variable_in_several_apps_is_one(show: Show) -> None:
    x = Variable("a")
    with gr.Blocks() as first:
        box = gr.Textbox(x)
    one, other = show(first), show(page_of(Text(x)))
    one.set(box, "b")
    one.engine.wait_idle()
    assert settle(other) == ["b"]


def test_a_variable_may_stand_for_any_prop(show: Show) -> None:
    choices, label, wanted = Variable(["a", "b"]), Variable("Letter"), Variable(True)
    with gr.Blocks() as demo:
        radio = gr.Radio(choices, label=label, visible=wanted)
        with gr.Column(visible=wanted == False) as column:  # noqa: E712 - a condition
            gr.Markdown("other")
    shown = show(demo)
    shown.engine.wait_idle()
    assert shown.props(radio)["label"] == "Letter"
    choices.value, label.value, wanted.value = ["x"], "Sign", False
    shown.engine.wait_idle()
    props = shown.props(radio)
    assert (props["label"], props["visible"]) == ("Sign", False)
    assert props["choices"][0][1] == "x"
    assert shown.props(column).get("visible", True) is True


def test_change_is_fired_whoever_sets_the_variable(show: Show) -> None:
    x, seen = Variable(1), []
    with gr.Blocks() as demo:
        number = gr.Number(x)
        number.change(seen.append, number, None)
    shown = show(demo)
    x.value = 2
    shown.engine.wait_idle()
    assert seen == [2]


def test_a_session_that_comes_later_shows_what_is(show: Show) -> None:
    x = Variable(1)
    page = page_of(Text(x))
    x.value = 2
    shown = show(page)
    assert shown.welcome.nodes[1].props["value"] == "2"


def test_a_value_that_a_component_cannot_show_is_told_there_and_mended(show: Show) -> None:
    x = Variable("a")
    with gr.Blocks() as demo:
        gr.Radio(["a", "b"], value=x)
        gr.Textbox(x)
    shown = show(demo)
    x.value = "z"
    shown.engine.wait_idle()
    [failed] = shown.messages(Failed)
    assert "z" in failed.message
    assert settle(shown)[0][1] == "z"
    x.value = "b"
    assert settle(shown) == [["b", "b"]]
    assert shown.story(Failed, Done)[-1].startswith("done")


def test_what_nobody_sees_is_not_computed(show: Show) -> None:
    x, calls = Variable(1), []

    def double(v: int) -> int:
        calls.append(v)
        return 2 * v

    d = DerivedVariable(double, [x])
    shown = show(page_of(Text(d)))
    shown.engine.wait_idle()
    shown.engine.close_all()
    x.value = 2
    x.value = 3
    assert calls == [1]


def test_a_variable_set_from_many_threads_is_what_is_shown(show: Show) -> None:
    x = Variable(0)
    d = DerivedVariable(lambda v: -v, [x])
    shown = show(page_of(Stack(Text(x), Text(d))))

    def sets(first: int) -> None:
        for i in range(100):
            x.value = first + i

    threads = [threading.Thread(target=sets, args=(1000 * n,)) for n in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(LIMIT)
    assert settle(shown) == [[str(x.value), str(-x.value)]]


def test_a_drag_is_computed_for_where_it_has_come_to(show: Show, gate: Callable[[], Any]) -> None:
    held, calls, x = gate(), [], Variable(-1)

    def slow(v: int) -> int:
        calls.append(v)
        held.wait()
        return v

    with gr.Blocks() as demo:
        slider = gr.Slider(-1, 200, value=x)
        gr.Number(DerivedVariable(slow, [x]))
    shown = show(demo)
    held.reached()
    for i in range(200):
        shown.set(slider, i)
    until(lambda: x.value == 199)
    held.open()
    assert settle(shown) == [[199, 199]]
    assert calls == [-1, 199]


class Odd:
    """A value that cannot be compared."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("not to be compared")

    __hash__ = object.__hash__


def test_values_that_cannot_be_compared(show: Show) -> None:
    np = pytest.importorskip("numpy")
    pd = pytest.importorskip("pandas")
    x = Variable(None)
    kind = DerivedVariable(lambda v: type(v).__name__, [x])
    shown = show(page_of(Text(kind)))
    odd = Odd()
    for value in (
        odd,
        {odd: 1},
        {Odd(): 1},
        [Odd()],
        np.arange(3),
        [np.arange(3)],
        pd.DataFrame({"a": [1]}),
        (pd.Series([1]),),
    ):
        x.value = value
        x.value = copy.copy(value)
        assert settle(shown) == [type(value).__name__]


def test_a_comparison_that_is_neither_true_nor_false_is_told(show: Show) -> None:
    np = pytest.importorskip("numpy")
    x = Variable(np.arange(3))
    shown = show(page_of(If(x == 1, "one", "other")))
    shown.engine.wait_idle()
    assert "neither true nor false as a whole" in shown.messages(Failed)[0].message
    x.value = 1
    assert settle(shown) == [["one"]]


def test_a_thousand_variables_are_told_in_few_frames(show: Show) -> None:
    x = Variable(0)
    many = [DerivedVariable(lambda v, i=i: v + i, [x]) for i in range(1000)]
    shown = show(page_of(Stack(*map(Text, many))))
    shown.engine.wait_idle()
    before = len(shown.page.packets)
    x.value = 1
    assert settle(shown) == [[str(1 + i) for i in range(1000)]]
    assert len(shown.page.packets) - before < 40


def test_observers_and_functions_may_set_other_variables(show: Show) -> None:
    x, y, z = Variable(1), Variable(0), Variable(0)
    x.observe(lambda change: setattr(y, "value", change.new * 10))

    def sets(v: int) -> int:
        z.value = v + 1
        return v

    shown = show(page_of(Stack(Text(DerivedVariable(sets, [y])), Text(z))))
    x.value = 3
    assert settle(shown) == [["30", "31"]]


def test_what_a_closed_app_has_shown_is_forgotten() -> None:
    def cell() -> list[weakref.ref[Any]]:
        x = Variable(1)
        d = DerivedVariable(lambda v: v + 1, [x])
        demo = page_of(Stack(Text(d), If(x == 1, Text(d))))
        shown = Shown(demo)
        assert settle(shown) == [["2", ["2"]]]
        shown.engine.close_all()
        return [weakref.ref(each) for each in (x, d, demo, shown.engine)]

    left = [each for _ in range(2) for each in cell()]
    # Threads that have just ended may still hold one.
    until(lambda: gc.collect() < 0 or all(each() is None for each in left))


def test_a_field_of_one_app_may_be_shown_in_another(show: Show) -> None:
    x = Variable("a")
    with gr.Blocks() as first:
        box = gr.Textbox(x)
    with gr.Blocks() as second:
        first.render()
    shown, other = show(first), show(second)
    shown.set(box, "b")
    shown.engine.wait_idle()
    assert settle(other) == settle(shown) == [["b"]]
