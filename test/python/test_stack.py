"""Text as it is shown, and layouts that get their children as arguments."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.components.text import Text
from ipyblocks.errors import DuplicateBlockError
from ipyblocks.layouts.stack import Stack
from ipyblocks.protocol import Graft


def shape(block: Any) -> Any:
    """Kinds of a tree: ``("row", ["textbox"])`` for a layout, the text of a ``Text``."""
    if isinstance(block, Text):
        return block.initial_payload()
    if not hasattr(block, "children"):
        return block.kind
    return block.kind, [shape(child) for child in block.children]


# --- text ---------------------------------------------------------------------------------------


class Mine:
    def __str__(self) -> str:
        return "mine"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ("  as\n it is ", "  as\n it is "),
        (3, "3"),
        (True, "True"),
        (3.0, "3.0"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333333333"),
        (1e-7, "1e-07"),
        (float("inf"), "inf"),
        ([1, None], "[1, None]"),
        (Mine(), "mine"),
    ],
    ids=str,
)
def test_any_value_is_text(value: Any, text: str, show: Any) -> None:
    with gr.Blocks() as demo:
        first, later, button = Text(value), Text("before"), gr.Button()
        button.click(lambda: value, None, later)
    shown = show(demo)
    assert shown.value(first) == text
    assert shown.run(button).value(later) == text


def test_a_function_as_value_is_called_for_every_session(show: Any) -> None:
    with gr.Blocks() as demo:
        text = Text(lambda: "computed")
    shown = show(demo)
    shown.page.idle()
    assert shown.value(text) == "computed"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"align": "middle"},
            'Text: align must be "left", "center", "right" or None, not \'middle\'',
        ),
        ({"color": "red; display: none"}, "Text: color: 'red; display: none' may not contain ';'"),
        ({"font_size": "url(x)"}, "Text: font_size: 'url(x)' may not contain 'url('"),
    ],
)
def test_what_is_no_style_is_refused(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        Text("x", **arguments)


def test_the_name_in_gr_is_still_the_field() -> None:
    assert gr.Text is gr.Textbox
    assert "Text" in gr.components.__all__
    assert gr.components.text.Text is Text


# --- children as arguments ----------------------------------------------------------------------


def test_children_are_in_it_in_order_and_nowhere_else() -> None:
    with gr.Blocks() as demo:
        button = gr.Button()
        with gr.Row():
            number = gr.HTML("1")
        stack = Stack("a", number, None, [2, (button, [2.5])], True)
    assert shape(demo) == (
        "blocks",
        [("row", []), ("stack", ["a", "html", "2", "button", "2.5", "True"])],
    )
    assert button.parent is number.parent is stack
    listed = {node.id: node.children for node in demo.nodes()}
    assert len(listed[demo.id_of(stack)]) == 6


def test_fields_next_to_each_other_share_a_form() -> None:
    with gr.Blocks() as demo:
        first = gr.Textbox()
        stack = Stack(first, gr.Number(), gr.Button(), gr.Textbox())
    assert shape(stack)[1] == [("form", ["textbox", "number"]), "button", ("form", ["textbox"])]
    assert all(demo.id_of(block) is not None for block in stack.children)


def test_more_can_be_added_by_with() -> None:
    with gr.Blocks() as demo:
        with Stack("a", gr.Button()) as stack:
            Text("b")
            gr.Textbox()
        Text("c")
    assert shape(demo)[1] == [("stack", ["a", "button", "b", ("form", ["textbox"])]), "c"]
    assert shape(stack)[1][2] == "b"


def test_a_tree_built_outside_of_any_app_is_placed_as_a_whole(show: Any) -> None:
    button, field = gr.Button(), gr.Textbox()
    stack = Stack("a", Stack(field, Stack(button)), direction="horizontal")
    assert button._id is None
    with gr.Blocks() as demo:
        stack.render()
        button.click(lambda: "pressed", None, field)
    assert shape(demo)[1] == [
        ("stack", ["a", ("stack", [("form", ["textbox"]), ("stack", ["button"])])])
    ]
    shown = show(demo)
    assert shown.run(button).value(field) == "pressed"


def test_the_same_tree_may_be_placed_in_another_app() -> None:
    stack = Stack(gr.Textbox(), gr.Button())
    apps = []
    for _ in range(2):
        with gr.Blocks() as demo:
            stack.parent = None
            stack.render()
        apps.append(demo)
    assert [len(demo.nodes()) for demo in apps] == [5, 5]
    assert shape(apps[1])[1] == [("stack", [("form", ["textbox"]), "button"])]


def test_a_layout_is_moved_with_what_is_in_it(show: Any) -> None:
    with gr.Blocks() as demo:
        with gr.Row() as row:
            button = gr.Button()
            out = gr.Textbox()
        stack = Stack(row)
        button.click(lambda: "pressed", None, out)
    assert shape(demo)[1] == [("stack", [("row", ["button", ("form", ["textbox"])])])]
    assert row.parent is stack
    assert show(demo).run(button).value(out) == "pressed"


def test_what_is_taken_out_is_gone_with_all_that_is_in_it() -> None:
    with gr.Blocks() as demo:
        with gr.Row() as row:
            button = gr.Button()
        row.unrender()
        assert [demo.id_of(each) for each in (row, button)] == [None, None]
        row.render()
    assert [node.kind for node in demo.nodes()] == ["blocks", "row", "button"]


def test_a_child_of_a_tree_that_waits_can_be_given_to_another() -> None:
    button = gr.Button()
    first = Stack(button, "a")
    second = Stack(button)
    assert (shape(first)[1], shape(second)[1]) == (["a"], ["button"])


def test_in_a_rendering(show: Any) -> None:
    with gr.Blocks() as demo:
        count = gr.Number(1)

        @gr.render(inputs=count)
        def part(count: float) -> None:
            Stack(f"{count:.0f}", gr.Button(), direction="horizontal")

    shown = show(demo)
    graft = shown.until(Graft)[-1]
    kinds = {node.kind: node for node in graft.nodes}
    assert len(kinds["stack"].children) == 2
    assert kinds["text"].props["value"] == "1"


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Stack({}), TypeError, "Stack: {} cannot be shown; give a component, a layout"),
        (lambda: Stack(gr.Blocks()), TypeError, "Stack: a Blocks is an app of its own"),
        (lambda: Stack(*[gr.Button()] * 2), DuplicateBlockError, "Stack: Button was given twice"),
        (
            lambda: Stack(direction="sideways"),
            ValueError,
            'Stack: direction must be "vertical" or "horizontal", not \'sideways\'.',
        ),
        (
            lambda: Stack(align="middle"),
            ValueError,
            '"stretch", "baseline" or None, not \'middle\'',
        ),
        (lambda: Stack(gap=-1), ValueError, "Stack: gap must be pixels (0 or more)"),
        (lambda: Stack(gap="1px; x"), ValueError, "Stack: gap: '1px; x' may not contain ';'"),
        (lambda: Stack(height=True), ValueError, "Stack: height must be text, a number or None"),
    ],
)
def test_what_cannot_be_is_refused_in_words(make: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=re.escape(words)):
        make()


def test_a_function_updates_its_arguments_and_keeps_its_children(show: Any) -> None:
    with gr.Blocks() as demo:
        button = gr.Button()
        stack = Stack("a", gap=4)
        button.click(lambda: Stack(gap=8, scroll=True), None, stack)
    shown = show(demo).run(button)
    assert shown.props(stack) == {"gap": 8, "scroll": True}
    assert shape(shown.on_loop(lambda: shown.session.current(stack)))[1] == ["a"]


def test_a_function_cannot_update_its_children(show: Any, caplog: Any) -> None:
    from ipyblocks.protocol import Failed

    with gr.Blocks() as demo:
        button = gr.Button()
        stack = Stack("a")
        button.click(lambda: Stack("b"), None, stack)
    shown = show(demo).run(button)
    (failed,) = shown.messages(Failed)
    assert "a function can update the other arguments of a Stack" in failed.message


def test_its_signature_has_the_children_first() -> None:
    first, *rest = inspect.signature(Stack).parameters.values()
    assert (first.name, first.kind) == ("children", inspect.Parameter.VAR_POSITIONAL)
    assert {each.kind for each in rest} == {inspect.Parameter.KEYWORD_ONLY}
