"""Building an app: places, numbers, groups, nesting, endpoints, and what can be edited."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.errors import DuplicateBlockError, InvalidBlockError, RenderError
from ipyblocks.layouts.form import Form

from .conftest import LIMIT


def outline(demo: Any, block: Any = None) -> Any:
    """Kinds of a tree, nested."""
    nodes = {node.id: node for node in demo.nodes()}

    def of(node: Any) -> Any:
        children = node.children
        return node.kind if not isinstance(children, list) else (
            node.kind, [of(nodes[child]) for child in children]
        )  # fmt: skip

    return of(nodes[0 if block is None else demo.id_of(block)])


# --- places and numbers -------------------------------------------------------------------------


def test_numbers_count_up_in_order_of_construction() -> None:
    with gr.Blocks() as demo:
        a = gr.Markdown("a")
        with gr.Row() as row:
            b = gr.Button("b")
        state = gr.State(0)
        c = gr.Button("c")
    assert [demo.id_of(block) for block in (demo, a, row, b, state, c)] == [0, 1, 2, 3, 4, 5]
    assert [node.id for node in demo.nodes()] == [0, 1, 2, 3, 5]
    assert a._id == 1
    assert gr.Markdown("elsewhere")._id is None


def test_two_apps_number_alike_and_know_nothing_of_each_other() -> None:
    with gr.Blocks() as one:
        a = gr.Button()
    with gr.Blocks() as two:
        b = gr.Button()
    assert (a._id, b._id) == (1, 1)
    assert one.id_of(b) is None
    assert two.id_of(a) is None


def test_apps_can_be_built_in_threads_at_once() -> None:
    demos: dict[int, Any] = {}
    barrier = threading.Barrier(4, timeout=LIMIT)

    def build(number: int) -> None:
        with gr.Blocks() as demo:
            for i in range(20):
                barrier.wait()
                gr.Markdown(f"{number} {i}")
        demos[number] = demo

    threads = [threading.Thread(target=build, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, demo in demos.items():
        texts = [node.props["value"] for node in demo.nodes()[1:]]
        assert texts == [f"{number} {i}" for i in range(20)]


def test_render_places_what_was_built_before() -> None:
    box = gr.Textbox(render=False)
    with gr.Blocks() as demo:
        with gr.Row() as row:
            assert box.render() is box
        assert box.parent in (row, row.children[0])
    assert outline(demo) == ("blocks", [("row", [("form", ["textbox"])])])


def test_a_component_can_be_placed_once() -> None:
    with gr.Blocks():
        box = gr.Textbox(label="Name")
        with pytest.raises(DuplicateBlockError, match="Textbox 'Name' is already in this app"):
            box.render()


def test_unrender_and_render_move_a_component() -> None:
    with gr.Blocks() as demo:
        button = gr.Button()
        number = demo.id_of(button)
        with gr.Row() as row:
            button.unrender().render()
    assert row.children == [button]
    assert demo.children == [row]
    assert demo.id_of(button) == number


def test_render_needs_an_app() -> None:
    with pytest.raises(RenderError, match=r"can only be rendered inside `with gr\.Blocks\(\):`"):
        gr.Textbox().render()


def test_components_outside_an_app_are_not_placed() -> None:
    assert gr.Textbox("x").parent is None


def test_a_failed_with_leaves_the_outer_context_clean() -> None:
    with pytest.raises(ZeroDivisionError), gr.Blocks(), gr.Row():
        raise ZeroDivisionError
    assert gr.Textbox().parent is None


# --- grouping -----------------------------------------------------------------------------------


def test_neighbouring_controls_share_a_form() -> None:
    with gr.Blocks() as demo:
        gr.Textbox()
        gr.Textbox()
        gr.Button()
        gr.Textbox(container=False)
        gr.Textbox()
    assert outline(demo) == (
        "blocks",
        [("form", ["textbox", "textbox"]), "button", "textbox", ("form", ["textbox"])],
    )


def test_a_form_written_by_hand_is_left_alone() -> None:
    with gr.Blocks() as demo:
        with Form():
            gr.Textbox()
        gr.Textbox()
    assert outline(demo) == ("blocks", [("form", ["textbox"]), ("form", ["textbox"])])


def test_layouts_keep_groups_apart() -> None:
    with gr.Blocks() as demo:
        gr.Textbox()
        with gr.Column():
            gr.Textbox()
            gr.Textbox()
        gr.Textbox()
    assert outline(demo) == (
        "blocks",
        [("form", ["textbox"]), ("column", [("form", ["textbox"] * 2)]), ("form", ["textbox"])],
    )


def test_entering_an_app_again_adds_to_it() -> None:
    with gr.Blocks() as demo:
        gr.Textbox()
    with demo:
        gr.Textbox()
    assert outline(demo) == ("blocks", [("form", ["textbox", "textbox"])])


# --- nesting ------------------------------------------------------------------------------------


def test_blocks_inside_blocks_become_part_of_the_outer_one(show: Any) -> None:
    loads: list[str] = []
    ended = threading.Event()
    with gr.Blocks() as demo:
        out = gr.Textbox()
        with gr.Blocks() as inner:
            button = gr.Button()
            button.click(lambda: "inner", None, out)
            inner.load(lambda: loads.append("inner"))
            inner.unload(ended.set)
        demo.load(lambda: loads.append("outer"))
    assert outline(demo) == ("blocks", [("form", ["textbox"]), "button"])
    shown = show(demo)
    assert shown.run(button).value(out) == "inner"
    assert sorted(loads) == ["inner", "outer"]
    shown.page.close()
    assert ended.wait(LIMIT)


def test_a_finished_app_can_be_rendered_into_another(show: Any) -> None:
    loads: list[str] = []
    ended = threading.Event()

    def greet(name: str) -> str:
        return f"Hello {name}"

    with gr.Blocks() as inner:
        name, out, button = gr.Textbox("Ada"), gr.Textbox(), gr.Button()
        run = button.click(greet, name, out)
        run.success(lambda text: text + "!", out, out)
        inner.load(lambda: loads.append("inner"))
        inner.unload(ended.set)
    with gr.Blocks() as demo:
        first = gr.Button()
        first.click(lambda: None, api_name="greet")
        with gr.Row():
            inner.render()
    assert outline(demo) == (
        "blocks",
        ["button", ("row", [("form", ["textbox", "textbox"]), "button"])],
    )
    assert [d.api_name for d in demo.dependencies.values()][:2] == ["greet", "greet_1"]
    shown = show(demo)
    assert shown.run(button).value(out) == "Hello Ada!"
    assert loads == ["inner"]
    shown.page.close()
    assert ended.wait(LIMIT)


def test_an_app_cannot_be_rendered_twice_or_outside() -> None:
    with gr.Blocks() as inner:
        gr.Button("Once")
    with gr.Blocks():
        inner.render()
        with pytest.raises(DuplicateBlockError, match="is already in this app"):
            inner.render()
    with pytest.raises(RenderError, match="only be rendered inside another"):
        inner.render()


# --- listeners ----------------------------------------------------------------------------------


def test_an_event_outside_an_app_says_so() -> None:
    button = gr.Button()
    with pytest.raises(AttributeError, match=r"Cannot call click outside of a gr\.Blocks context"):
        button.click(lambda: None)
    with pytest.raises(AttributeError, match=r"Cannot call on\(\) outside of a gr\.Blocks context"):
        gr.on([button.click], lambda: None)


@pytest.mark.parametrize("place", ["inputs", "outputs", "trigger"])
def test_a_component_that_is_not_placed_is_named_when_the_app_is_complete(place: str) -> None:
    lost = gr.Textbox(label="Lost", render=False)

    def use_it(*_: Any) -> None:
        pass

    def build() -> None:
        with gr.Blocks():
            button = gr.Button()
            if place == "trigger":
                lost.submit(use_it)
            else:
                button.click(use_it, **{place: lost})

    with pytest.raises(InvalidBlockError, match="'Lost' is used by 'use_it' but is not placed"):
        build()


def test_a_component_may_be_placed_after_it_is_used(show: Any) -> None:
    out = gr.Textbox(render=False)
    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(lambda: "x", None, out)
        out.render()
    assert show(demo).run(button).value(out) == "x"


@pytest.mark.parametrize(
    ("fn", "count", "words"),
    [
        (lambda: None, 1, "Expected 0 arguments for function '<lambda>', received 1."),
        (lambda a, b: None, 1, "Expected 2 arguments for function '<lambda>', received 1."),
        (lambda a, b=1: None, 3, "Expected 1 to 2 arguments for function '<lambda>', received 3."),
        (lambda a, b=1: None, 2, None),
        (lambda *a: None, 3, None),
        (lambda a, *b: None, 1, None),
        (lambda a, *, k=1: None, 1, None),
        (print, 3, None),
        (str.upper, 1, None),
        (dict, 2, None),
    ],
)
def test_a_wrong_count_of_inputs_is_a_warning(fn: Any, count: int, words: str | None) -> None:
    with gr.Blocks():
        inputs = [gr.Textbox() for _ in range(count)]
        button = gr.Button()
        if words is None:
            button.click(fn, inputs)
        else:
            with pytest.warns(UserWarning, match="Expected") as caught:
                button.click(fn, inputs)
            assert [str(w.message) for w in caught] == [words]
            assert caught[0].filename == __file__


def test_names_of_endpoints() -> None:
    class Job:
        def __call__(self) -> None:
            pass

    def greet() -> None:
        pass

    with gr.Blocks() as demo:
        button = gr.Button()
        for fn, name in [
            (greet, None),
            (greet, None),
            (greet, None),
            (lambda: None, None),
            (Job(), None),
            (greet, "own"),
            (greet, "/own"),
            (greet, "  "),
            (greet, False),
            (None, "unused"),
        ]:
            button.click(fn, api_name=name)
    assert [d.api_name for d in demo.dependencies.values()] == [
        "greet", "greet_1", "greet_2", "lambda", "Job", "own", "own_1", "greet_3", None, None,
    ]  # fmt: skip


# --- interactive --------------------------------------------------------------------------------

INTERACTIVE = [
    # given, used as input, used as output, has a value -> can be edited
    (None, False, False, False, True),
    (None, False, False, True, False),
    (None, False, True, False, False),
    (None, False, True, True, False),
    (None, True, False, False, True),
    (None, True, False, True, True),
    (None, True, True, False, True),
    (None, True, True, True, True),
    (True, False, True, True, True),
    (True, False, False, True, True),
    (False, True, False, False, False),
    (False, False, False, False, False),
]


@pytest.mark.parametrize(("given", "is_input", "is_output", "has_value", "expected"), INTERACTIVE)
def test_interactive_is_inferred(
    given: bool | None, is_input: bool, is_output: bool, has_value: bool, expected: bool, show: Any
) -> None:
    with gr.Blocks() as demo:
        box = gr.Textbox("x" if has_value else None, interactive=given)
        button = gr.Button()
        button.click(lambda *a: None, box if is_input else None, box if is_output else None)
    shown = show(demo)
    assert shown.props(box).get("interactive", True) is expected
    shown.set(box, "edited")
    shown.page.idle()
    assert shown.refused == (0 if expected else 1)


def test_only_events_that_somebody_listens_to_are_asked_for() -> None:
    with gr.Blocks() as demo:
        text, button, silent = gr.Textbox(), gr.Button(), gr.Button()
        text.change(lambda: None)
        text.submit(lambda: None)
        text.submit(lambda: None)
        button.click(lambda: None)
    events = {node.id: node.events for node in demo.nodes() if isinstance(node.events, list)}
    assert events == {demo.id_of(text): ["submit"], demo.id_of(button): ["click"]}
    assert demo.id_of(silent) not in events
