"""Layouts: how children are grouped, what the page may set, and what a function may change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Refused


def shape(block: Any) -> Any:
    """Kinds of a tree: ``("row", ["textbox"])`` for a layout, the kind for a component."""
    if not hasattr(block, "children"):
        return block.kind
    return block.kind, [shape(child) for child in block.children]


# --- the tree -----------------------------------------------------------------------------------

CONTAINERS: list[Callable[[], Any]] = [gr.Row, gr.Column, gr.Group, gr.Accordion, gr.Tab]


@pytest.mark.parametrize("layout", CONTAINERS)
def test_fields_next_to_each_other_share_a_form(layout: Callable[[], Any]) -> None:
    with gr.Blocks(), layout() as outer:
        gr.Textbox()
        gr.Textbox()
        gr.Button()
        gr.Textbox()
    form = ("form", ["textbox"])
    assert shape(outer)[1] == [("form", ["textbox", "textbox"]), "button", form]


def test_tabs_next_to_each_other_get_tabs_around_them() -> None:
    with gr.Blocks() as demo:
        with gr.Tab("A"):
            gr.Button()
        with gr.TabItem("B"):
            pass
        gr.Markdown("between")
        with gr.Tab("C"):
            pass
        with gr.Tabs(), gr.Tab("D"):
            pass
        with gr.Tab("E"):
            pass
    assert shape(demo)[1] == [
        ("tabs", [("tab", ["button"]), ("tab", [])]),
        "markdown",
        ("tabs", [("tab", [])]),
        ("tabs", [("tab", [])]),
        ("tabs", [("tab", [])]),
    ]


@pytest.mark.parametrize("name", ["Tab", "TabItem"])
def test_a_tab_takes_label_visible_and_interactive_by_position(name: str) -> None:
    tab = getattr(gr, name)("Label", False, False, id=7, render=False)
    assert (tab.label, tab.visible, tab.interactive, tab.id) == ("Label", False, False, 7)
    assert isinstance(tab, gr.Tab)


# --- selected -----------------------------------------------------------------------------------


def tabs_app(selected: Any = None) -> Any:
    """Three tabs: by position 0, by id "b", by position 2; with what was heard of them."""
    heard: list[str] = []

    def select(event: gr.SelectData) -> None:
        heard.append(f"select {event.index} {event.value}")

    with gr.Blocks() as demo:
        with gr.Tabs(selected=selected) as tabs:
            gr.State(0)  # is not counted
            with gr.Tab("A") as first:
                pass
            with gr.Tab("B", id="b"):
                pass
            with gr.Tab("C"):
                pass
        button = gr.Button()
        tabs.change(lambda: heard.append("change"))
        tabs.select(select)
        first.select(lambda: heard.append("first"))
        button.click(lambda: gr.Tabs(selected="b"), None, tabs)
    return demo, tabs, button, first, heard


def test_the_page_selects_a_tab_and_change_is_told_once(show: Any) -> None:
    demo, tabs, _, first, heard = tabs_app()
    shown = show(demo)
    shown.set(tabs, selected="b")
    shown.run(tabs, "select", {"index": 1, "value": "B"})
    shown.set(tabs, selected="b")
    shown.page.idle()
    # two functions in two threads, in either order
    assert sorted(heard) == ["change", "select 1 B"]
    shown.set(tabs, selected=0)
    shown.run(first, "select", {"index": 0, "value": "A"})
    assert sorted(heard[2:]) == ["change", "first"]


def test_a_function_selects_a_tab_whatever_the_page_did_before(show: Any) -> None:
    demo, tabs, button, _, heard = tabs_app(selected="b")
    shown = show(demo)
    shown.set(tabs, selected=2)
    shown.run(button)
    assert shown.props(tabs)["selected"] == "b"
    assert heard == ["change", "change"]
    shown.run(button)
    assert heard == ["change", "change"]


@pytest.mark.parametrize("selected", ["nope", 1, 3, 1.5, True, [0]])
def test_what_is_no_tab_is_refused(show: Any, selected: Any) -> None:
    demo, tabs, *_ = tabs_app()
    shown = show(demo)
    shown.set(tabs, selected=selected)
    shown.page.idle()
    assert "Tabs: selected " in shown.messages(Refused)[0].message


def test_a_wrong_selected_fails_where_it_is_written(show: Any) -> None:
    with pytest.raises(ValueError, match=r"Tabs: selected must be one of \[0, 'b', 2\] or None"):
        tabs_app(selected="c")
    _, tabs, *_ = tabs_app()
    with pytest.raises(ValueError, match="selected must be one of"):
        tabs.updated({"selected": "c"})


def with_ids(*ids: Any) -> None:
    with gr.Blocks(), gr.Tabs():
        for each in ids:
            gr.Tab("Tab", id=each)


def test_two_tabs_with_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="have the id 1 twice"):
        with_ids(1, None)  # the second has none, and so is known by its position, 1


# --- changes by functions -----------------------------------------------------------------------


def test_a_function_renames_hides_and_disables_tabs(show: Any) -> None:
    with gr.Blocks() as demo:
        with gr.Tab("A") as a:
            pass
        with gr.Tab("B") as b:
            pass
        button = gr.Button()
        button.click(
            lambda: (gr.Tab(label="New", interactive=False), gr.update(visible=False)), None, [a, b]
        )
    shown = show(demo).run(button)
    assert shown.props(a) == {"label": "New", "interactive": False}
    assert shown.props(b) == {"label": "B", "visible": False}


@pytest.mark.parametrize("layout", [gr.Row, gr.Column, gr.Group, gr.Accordion, gr.Tabs, gr.Tab])
@pytest.mark.parametrize("visible", [False, "hidden"])
def test_every_layout_goes_and_comes_back(show: Any, layout: Any, visible: Any) -> None:
    with gr.Blocks() as demo:
        with layout() as block:
            pass
        hide, again = gr.Button("Hide"), gr.Button("Show")
        hide.click(lambda: layout(visible=visible), None, block)
        again.click(lambda: gr.update(visible=True), None, block)
    shown = show(demo).run(hide)
    assert shown.props(block)["visible"] == visible
    assert shown.run(again).props(block)["visible"] is True


def test_an_accordion_keeps_what_the_page_did_and_does_what_a_function_says(show: Any) -> None:
    heard: list[str] = []
    with gr.Blocks() as demo:
        with gr.Accordion("More") as more:
            pass
        rename, reopen = gr.Button("Rename"), gr.Button("Open")
        more.expand(lambda: heard.append("expand"))
        more.collapse(lambda: heard.append("collapse"))
        rename.click(lambda: gr.Accordion(label="Less"), None, more)
        reopen.click(lambda: gr.Accordion(open=True), None, more)
    shown = show(demo)
    shown.set(more, open=False)
    shown.run(more, "collapse")
    shown.run(rename)
    assert "open" not in shown.props(more)
    assert shown.on_loop(lambda: shown.session.props(shown.id(more)))["open"] is False
    shown.run(reopen)
    assert shown.props(more) == {"label": "Less", "open": True}
    assert heard == ["collapse"]


def test_what_a_page_may_not_set_of_a_layout_is_refused(show: Any) -> None:
    with gr.Blocks() as demo, gr.Accordion("More") as more:
        pass
    shown = show(demo)
    shown.set(more, label="x")
    shown.set(more, open="yes")
    shown.page.idle()
    first, second = shown.messages(Refused)
    assert "has no prop 'label'" in first.message
    assert "Accordion 'More': open cannot be 'yes'" in second.message


@pytest.mark.parametrize("argument", ["scale", "min_width"])
def test_a_column_with_a_negative_size_is_refused(argument: str) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        gr.Column(**{argument: -1}, render=False)
