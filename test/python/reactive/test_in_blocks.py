"""Parts whose content is constructed inside ``with gr.Blocks():``, where it is placed at first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.block import Block
from ipyblocks.reactive import (
    ActionCtx,
    Button,
    DerivedVariable,
    For,
    If,
    Match,
    Stack,
    Text,
    Variable,
    action,
    py_component,
)

from .conftest import Show, press, settle

on = Variable(True)
count = Variable(0)
items = Variable(["a"])


@action
async def more(ctx: ActionCtx) -> None:
    count.value += 1


def button() -> Block:
    return Button("more", onclick=more())


@py_component
def component(shown: bool) -> Any:
    return If(on, button()) if shown else None


PARTS: dict[str, Callable[[], Any]] = {
    "If": lambda: If(on, button(), "nothing"),
    "If in a layout": lambda: Stack(If(on, Stack(button(), Text("text")))),
    "If in If": lambda: If(on, If(on, button())),
    "Match": lambda: Match(on, {True: button()}),
    "For": lambda: For(items, Stack(Text(items.list_item), button())),
    "If in For": lambda: For(items, If(items.list_item == "a", button())),
    "py_component in If": lambda: If(on, component(on)),
    "If in py_component": lambda: component(on),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_button_in_a_part(show: Show, name: str) -> None:
    on.value, count.value = True, 0
    with gr.Blocks() as demo:
        PARTS[name]()
    shown = show(demo)
    settle(shown)
    press(shown, "more")
    assert count.value == 1, "it is pressed once"
    for value in (False, True):
        on.value = value
        settle(shown)
    press(shown, "more")
    assert count.value == 2


def test_a_button_in_a_part_of_a_rendering(show: Show) -> None:
    on.value, count.value = True, 0
    with gr.Blocks() as demo:

        @gr.render()
        def build() -> None:
            PARTS["If"]()

    shown = show(demo)
    settle(shown)
    press(shown, "more")
    assert count.value == 1


def test_what_is_placed_elsewhere_keeps_its_action(show: Show) -> None:
    count.value = 0
    with gr.Blocks() as demo:
        moved = button().unrender()
        with gr.Row():
            moved.render()
        out = Text(DerivedVariable(str, [count]))
    shown = show(demo)
    settle(shown)
    press(shown, "more")
    assert settle(shown)[-1] == "1"
    del out


def test_what_comes_back_to_an_app_that_is_finished_brings_its_action_again(show: Show) -> None:
    count.value = 0
    with gr.Blocks() as demo:
        moved = button().unrender()
    assert not demo.dependencies
    with demo:
        moved.render()
    shown = show(demo)
    press(shown, "more")
    assert count.value == 1
