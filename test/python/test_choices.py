"""Checkbox, CheckboxGroup, Radio and Dropdown: choices, values both ways, updates."""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ipyblocks as gr
from ipyblocks.choices import ChoiceComponent
from ipyblocks.components.checkbox import Checkbox
from ipyblocks.components.checkboxgroup import CheckboxGroup
from ipyblocks.components.dropdown import Dropdown
from ipyblocks.components.radio import Radio
from ipyblocks.protocol import Failed
from ipyblocks.protocol import Refused as RefusedMessage

Show = Callable[..., Any]


class Colour(str, enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


every_kind = pytest.mark.parametrize("kind", [Radio, CheckboxGroup, Dropdown])
MIXED = ["a", ("One", 1), ("Yes", True), ("Half", 0.5)]


# --- choices -------------------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize(
    ("given", "wire"),
    [
        (None, []),
        ([], []),
        (["a", "b"], [("a", "a"), ("b", "b")]),
        ([1, 2.5], [("1", 1), ("2.5", 2.5)]),
        ([("One", 1), ["Two", 2]], [("One", 1), ("Two", 2)]),
        ([True, 1], [("True", True), ("1", 1)]),
        (("a",), [("a", "a")]),
        (dict.fromkeys("ab").keys(), [("a", "a"), ("b", "b")]),
        ({"a": 1}, [("a", "a")]),
        (np.array([1, 2]), [("1", 1), ("2", 2)]),
        (pd.Series(["x", "y"]), [("x", "x"), ("y", "y")]),
        ([np.float32(0.5), np.bool_(True)], [("0.5", 0.5), ("True", True)]),
        ([Colour.RED, Level.LOW], [("red", "red"), ("1", 1)]),
        ([(3, 4)], [("3", 4)]),
    ],
)
def test_choices_become_pairs(kind: type[ChoiceComponent], given: Any, wire: Any) -> None:
    choices = kind(given).wire_props().get("choices", [])
    assert choices == wire
    assert [type(value) for _, value in choices] == [type(value) for _, value in wire]


@every_kind
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("abc", "choices must be a list"),
        (3, "choices must be a list"),
        ([None], "choices[0] has the value None"),
        (["a", ("b", {})], "choices[1] has the value {}"),
        ([("a", "b", "c")], "choices[0] must be a value or (label, value)"),
        ([math.nan], "choices[0] has the value nan"),
        (["a", ("A", "a")], "choices have the value 'a' twice, as 'a' and as 'A'"),
        ([1, 1.0], "choices have the value 1.0 twice"),
        ([np.array([1, 2])], "choices[0] has the value"),
    ],
)
def test_bad_choices_are_named(kind: type[ChoiceComponent], given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        kind(given, label="Fruit")
    assert f"{kind.__name__} 'Fruit'" in str(caught.value)


@every_kind
def test_an_iterator_of_choices_survives_updates(kind: type[ChoiceComponent]) -> None:
    twin = kind(iter("ab")).updated({"label": "x"}).updated({"label": "y"})
    assert twin.wire_props()["choices"] == [("a", "a"), ("b", "b")]


@every_kind
def test_type_is_checked(kind: type[ChoiceComponent]) -> None:
    with pytest.raises(ValueError, match=r'type must be "value" or "index"'):
        kind(["a"], type="label")  # type: ignore[arg-type]


# --- one value -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Radio, Dropdown])
@pytest.mark.parametrize(("place", "value"), list(enumerate(["a", 1, True, 0.5])))
def test_one_value_goes_both_ways(kind: Any, place: int, value: Any) -> None:
    component = kind(MIXED, value=value)
    payload = component.initial_payload()
    assert (payload, type(payload)) == (value, type(value))
    assert component.check("value", payload) is payload
    assert component.preprocess(payload) is payload
    assert component.updated({"type": "index"}).preprocess(payload) == place


@pytest.mark.parametrize("kind", [Radio, Dropdown])
def test_bools_and_numbers_are_apart(kind: Any) -> None:
    component = kind([("on", True), ("one", 1), ("two", 2.0)], type="index")
    assert component.preprocess(True) == 0
    assert component.preprocess(1) == 1
    # JSON has no other way to say 2.0 than the page's 2; the choice's own value is what counts.
    assert type(component.check("value", 2)) is float


@pytest.mark.parametrize("kind", [Radio, Dropdown])
def test_nothing_chosen_is_none(kind: Any) -> None:
    component = kind(["a"], value=None)
    assert component.initial_payload() is None
    assert component.preprocess(None) is None
    assert component.check("value", None) is None
    assert component.updated({"type": "index"}).preprocess(None) is None


@every_kind
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("aple", "value 'aple' is not among the choices. Did you mean 'apple'?"),
        ("Pear!", "Did you mean 'pear', the value behind that label?"),
        ("zzz", "They are 'apple', 'pear', 3."),
        (True, "value True is not among the choices."),
    ],
)
def test_an_unknown_value_is_named(kind: Any, value: Any, words: str) -> None:
    choices = ["apple", ("Pear!", "pear"), 3]
    several = kind is CheckboxGroup
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        kind(choices, value=[value] if several else value, label="Fruit")
    assert f"{kind.__name__} 'Fruit'" in str(caught.value)
    component = kind(choices)
    with pytest.raises(ValueError, match=re.escape(words)):
        component.check("value", [value] if several else value)
    with pytest.raises(ValueError, match=re.escape(words)):
        component.postprocess([value] if several else value)


def test_a_long_list_is_not_listed_whole() -> None:
    with pytest.raises(ValueError, match=r"0, 1, 2, 3, 4, 5 and 94 more\.$"):
        Radio(range(100), value=1000)
    with pytest.raises(ValueError, match=r"There are none\."):
        Radio([], value="a")


def test_a_callable_value_is_called() -> None:
    assert Radio(["a", "b"], value=lambda: "b").initial_payload() == "b"
    assert Dropdown(["a", "b"], value=lambda: "b").initial_payload() == "b"
    with pytest.raises(ValueError, match="'c' is not among"):
        Radio(["a", "b"], value=lambda: "c")


# --- Checkbox ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "wire"),
    [(True, True), (False, False), (None, False), (1, True), (0, False), (np.bool_(True), True)],
)
def test_a_checkbox_is_a_bool(given: Any, wire: bool) -> None:
    assert Checkbox(given).initial_payload() is wire
    assert Checkbox().postprocess(given) is wire


@pytest.mark.parametrize("given", ["yes", [], {}, math.nan])
def test_a_checkbox_is_nothing_else(given: Any) -> None:
    with pytest.raises(ValueError, match="Checkbox 'On': value must be True or False"):
        Checkbox(given, label="On")


@pytest.mark.parametrize("payload", [None, 1, "true", []])
def test_a_page_sends_only_bools(payload: Any) -> None:
    with pytest.raises(ValueError, match="value cannot be"):
        Checkbox().check("value", payload)


def test_the_label_of_a_checkbox_stays_without_its_card() -> None:
    assert Checkbox(label="On", container=False).show_label is True
    assert Checkbox(label="On", show_label=False).show_label is False


# --- CheckboxGroup -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        (None, []),
        ([], []),
        ("a", ["a"]),
        (1, [1]),
        (["b", "a"], ["b", "a"]),
        (("a", "a"), ["a"]),
        ({"a"}, ["a"]),
        (np.array(["a", "b"]), ["a", "b"]),
        (pd.Series(["b"]), ["b"]),
    ],
)
def test_a_group_has_a_list(given: Any, wire: list[Any]) -> None:
    assert CheckboxGroup(["a", "b", 1], value=given).initial_payload() == wire


def test_a_group_gives_values_or_positions() -> None:
    group = CheckboxGroup(["a", "b", "c"])
    assert group.preprocess(["c", "a"]) == ["c", "a"]
    assert group.updated({"type": "index"}).preprocess(["c", "a"]) == [2, 0]
    assert group.preprocess(None) == []
    assert group.preprocess(["gone", "a"]) == ["a"]


@pytest.mark.parametrize("payload", [None, "a", ["x"], [None], [["a"]]])
def test_what_a_group_refuses(payload: Any) -> None:
    with pytest.raises(ValueError, match="value"):
        CheckboxGroup(["a"]).check("value", payload)


# --- Dropdown ------------------------------------------------------------------------------------


def test_the_first_choice_is_preselected_unless_none_is_given() -> None:
    assert Dropdown(["a", "b"]).initial_payload() == "a"
    assert Dropdown(["a", "b"], value=None).initial_payload() is None
    assert Dropdown().initial_payload() is None
    assert Dropdown(["a"], multiselect=True).initial_payload() == []
    assert Dropdown(["a"], multiselect=True, value=None).initial_payload() == []


def test_a_preselected_dropdown_is_still_the_persons() -> None:
    with gr.Blocks() as demo:
        chosen = Dropdown(["a", "b"])
        given = Dropdown(["a", "b"], value="a")
        filled = Dropdown(["a", "b"])
        demo.load(lambda: "a", None, filled)
    nodes = {node.id: node.props for node in demo.nodes()}
    assert nodes[chosen._id].get("interactive", True)  # type: ignore[index]
    assert nodes[given._id]["interactive"] is False  # type: ignore[index]
    assert nodes[filled._id]["interactive"] is False  # type: ignore[index]


@pytest.mark.parametrize(
    ("given", "wire"), [("a", ["a"]), (["b", "a", "b"], ["b", "a"]), (None, []), ((), [])]
)
def test_several_of_a_dropdown(given: Any, wire: list[str]) -> None:
    dropdown = Dropdown(["a", "b"], multiselect=True, value=given)
    assert dropdown.initial_payload() == wire
    assert dropdown.check("value", wire) == wire
    assert dropdown.preprocess(wire) == wire
    assert dropdown.updated({"type": "index"}).preprocess(["b", "a"]) == [1, 0]


def test_one_of_a_dropdown_is_no_list() -> None:
    with pytest.raises(ValueError, match="pass multiselect=True"):
        Dropdown(["a"], value=["a"])
    with pytest.raises(ValueError, match="pass multiselect=True"):
        Dropdown(["a"]).check("value", ["a"])


def test_no_more_than_max_choices() -> None:
    dropdown = Dropdown(["a", "b", "c"], multiselect=True, max_choices=2)
    assert dropdown.check("value", ["a", "b"]) == ["a", "b"]
    with pytest.raises(ValueError, match="value has 3 choices; max_choices is 2"):
        dropdown.check("value", ["a", "b", "c"])
    with pytest.raises(ValueError, match="max_choices must be 1 or more, not 0"):
        Dropdown(multiselect=True, max_choices=0)


def test_arguments_without_effect_are_said() -> None:
    with pytest.warns(UserWarning, match="max_choices has no effect") as caught:
        Dropdown(["a"], max_choices=2)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="filterable=False has no effect"):
        assert Dropdown(["a"], allow_custom_value=True, filterable=False).filterable


def test_custom_values() -> None:
    dropdown = Dropdown(["a", 1], allow_custom_value=True, value="mine")
    assert dropdown.preprocess("mine") == "mine"
    assert dropdown.updated({"type": "index"}).preprocess("mine") is None
    assert dropdown.updated({"type": "index"}).preprocess(1) == 1
    assert dropdown.check("value", "other") == "other"
    assert dropdown.postprocess(7) == 7
    for odd in (2, True, 0.5):  # a person can type text alone
        with pytest.raises(ValueError, match="is not among the choices"):
            dropdown.check("value", odd)
    with pytest.raises(ValueError, match="must be text, a number or a bool"):
        dropdown.postprocess({})


def test_several_custom_values() -> None:
    dropdown = Dropdown(["a"], allow_custom_value=True, multiselect=True, value=["a", "mine"])
    assert dropdown.preprocess(["mine", "a"]) == ["mine", "a"]
    assert dropdown.updated({"type": "index"}).preprocess(["mine", "a"]) == [None, 0]


@pytest.mark.parametrize(
    ("multiselect", "payload", "received"),
    [(False, "gone", None), (False, ["a"], "a"), (True, ["gone", "a"], ["a"]), (True, "a", ["a"])],
)
def test_a_payload_from_before_an_update(multiselect: bool, payload: Any, received: Any) -> None:
    assert Dropdown(["a"], multiselect=multiselect).preprocess(payload) == received


# --- in an app -----------------------------------------------------------------------------------


def test_new_choices_keep_the_value_that_is_still_one(show: Show) -> None:
    seen = []
    with gr.Blocks() as demo:
        cities = Dropdown(["Oslo", "Rome"], value="Rome")
        swap = gr.Button()
        swap.click(lambda: Dropdown(choices=["Paris", "Rome"]), None, cities)
        other = gr.Button()
        other.click(lambda: gr.update(choices=["Lima"]), None, cities)
        ask = gr.Button()
        ask.click(seen.append, cities, None)
    shown = show(demo)
    shown.run(swap)
    assert shown.props(cities)["choices"] == [["Paris", "Paris"], ["Rome", "Rome"]]
    shown.run(ask)
    shown.run(other).run(ask)
    assert seen == ["Rome", None]
    shown.set(cities, "Lima")
    shown.run(ask)
    assert seen[-1] == "Lima"
    shown.set(cities, "Rome")
    shown.page.idle()
    assert shown.refused == 1


def test_what_a_handler_returns_must_be_a_choice(show: Show) -> None:
    with gr.Blocks() as demo:
        quality = Radio(["low", "high"], value="low", label="Quality")
        go = gr.Button()
        go.click(lambda: "hihg", None, quality)
        both = gr.Button()
        both.click(lambda: Radio(choices=["x", "y"], value="y"), None, quality)
    shown = show(demo)
    shown.run(go)
    failed = shown.messages(Failed)[0]
    assert "Radio 'Quality': value 'hihg' is not among the choices." in failed.message
    assert shown.value(quality) == "low"
    shown.run(both)
    assert shown.value(quality) == "y"
    assert shown.props(quality)["value"] == "y"


def test_a_page_is_refused_what_is_no_choice_and_told_the_truth(show: Show) -> None:
    changes = []
    with gr.Blocks() as demo:
        group = CheckboxGroup(["a", "b"], value=["a"])
        group.change(changes.append, group, None)
    shown = show(demo)
    shown.set(group, ["a", "evil"])
    shown.page.idle()
    assert "'evil' is not among the choices" in shown.until(RefusedMessage)[0].message
    assert shown.props(group)["value"] == ["a"]
    shown.set(group, ["b", "a"])
    shown.page.idle()
    assert changes == [["b", "a"]]


def test_select_and_key_up_reach_a_handler(show: Show) -> None:
    seen: list[Any] = []

    def selected(data: gr.SelectData) -> None:
        seen.append((data.index, data.value, data.selected))

    def typed(data: gr.KeyUpData) -> None:
        seen.append((data.key, data.input_value))

    with gr.Blocks() as demo:
        dropdown = Dropdown(["a"])
        dropdown.select(selected)
        dropdown.key_up(typed)
    shown = show(demo)
    shown.run(dropdown, "select", {"index": None, "value": "x", "selected": False})
    shown.run(dropdown, "key_up", {"key": "k", "inputValue": "ok"})
    assert seen == [(None, "x", False), ("k", "ok")]
