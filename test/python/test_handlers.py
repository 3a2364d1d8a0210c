"""What a function receives, and what becomes of the values it returns."""

from __future__ import annotations

import asyncio
import functools
import logging
import math
from typing import Any

import numpy as np
import pytest

import ipyblocks as gr
from ipyblocks.protocol import Done, Failed, Patch, Toast


def app(fn: Any, inputs: Any = None, outputs: int = 1, **options: Any) -> Any:
    """A demo with ``inputs`` and ``outputs`` text boxes and a button; returns all of them."""
    with gr.Blocks() as demo:
        given = [gr.Textbox(value, label=f"in{i}") for i, value in enumerate(inputs or [])]
        results = [gr.Textbox(label=f"out{i}") for i in range(outputs)]
        button = gr.Button()
        button.click(fn, given, results, **options)
    return demo, given, results, button


def plain(a: str, b: str) -> str:
    return a + b


async def coroutine(a: str, b: str) -> str:
    await asyncio.sleep(0)
    return a + b


def generator(a: str, b: str) -> Any:
    yield a
    yield a + b


async def async_generator(a: str, b: str) -> Any:
    yield a
    await asyncio.sleep(0)
    yield a + b


class Adder:
    def __call__(self, a: str, b: str) -> str:
        return a + b


class AsyncAdder:
    async def __call__(self, a: str, b: str) -> str:
        return a + b


@pytest.mark.parametrize(
    "fn",
    [
        plain,
        coroutine,
        generator,
        async_generator,
        Adder(),
        AsyncAdder(),
        functools.partial(lambda c, a, b: a + b, None),
        functools.partial(coroutine),
    ],
    ids=lambda fn: getattr(fn, "__name__", type(fn).__name__),
)
def test_every_kind_of_function_runs(fn: Any, show: Any) -> None:
    demo, _, (out,), button = app(fn, ["x", "y"])
    shown = show(demo).run(button)
    assert shown.value(out) == "xy"
    assert shown.story() == ["started 1", "done 1"]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_each_value_of_a_generator_is_shown(kind: str, show: Any, gate: Any) -> None:
    gates = [gate(), gate()]

    def sync_steps() -> Any:
        yield "one"
        gates[0].wait()
        yield "two"

    async def async_steps() -> Any:
        yield "one"
        await gates[0].pass_through()
        yield "two"

    demo, _, (out,), button = app(sync_steps if kind == "sync" else async_steps)
    shown = show(demo).fire(button)
    gates[0].reached()
    shown.until(Patch)
    assert shown.props(out)["value"] == "one"
    assert not shown.messages(Done)
    gates[0].open()
    shown.page.idle()
    assert shown.props(out)["value"] == "two"
    assert len(shown.messages(Done)) == 1


def test_inputs_as_list_single_and_set(show: Any) -> None:
    received: list[Any] = []
    with gr.Blocks() as demo:
        a, b = gr.Textbox("1"), gr.Textbox("2")
        as_list, as_single, as_set = gr.Button(), gr.Button(), gr.Button()
        as_list.click(lambda *args: received.append(args), [a, b], None)
        as_single.click(lambda *args: received.append(args), a, None)
        as_set.click(lambda *args: received.append(args), {a, b}, None)
    shown = show(demo)
    for button in (as_list, as_single, as_set):
        shown.run(button)
    assert received == [("1", "2"), ("1",), ({a: "1", b: "2"},)]


def test_a_handler_sees_the_edits_sent_before_its_event(show: Any) -> None:
    received: list[str] = []
    demo, (box,), _, button = app(received.append, ["old"], 0)
    shown = show(demo)
    shown.set(box, "new")
    shown.run(button)
    assert received == ["new"]


def test_preprocess_and_postprocess_can_be_left_out(show: Any) -> None:
    received = []

    def raw(text: Any) -> Any:
        received.append(text)
        return "kept"

    demo, _, (out,), button = app(raw, ["x"], preprocess=False, postprocess=False)
    assert show(demo).run(button).value(out) == "kept"
    assert received == ["x"]


# --- what is returned ---------------------------------------------------------------------------


def test_several_outputs_from_tuple_and_list(show: Any) -> None:
    for values in [("a", "b"), ["a", "b"]]:
        demo, _, outs, button = app(lambda values=values: values, outputs=2)
        shown = show(demo).run(button)
        assert [shown.value(out) for out in outs] == ["a", "b"]


def test_a_dict_sets_only_the_outputs_it_names(show: Any) -> None:
    outs: list[Any] = []
    demo, _, made, button = app(lambda: {outs[1]: "b"}, outputs=2)
    outs += made
    shown = show(demo).run(button)
    assert [shown.value(out) for out in outs] == [None, "b"]


def test_a_dict_without_components_is_a_value(show: Any) -> None:
    demo, _, (out,), button = app(lambda: {"a": 1})
    assert show(demo).run(button).value(out) == "{'a': 1}"


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (lambda outs: "only one", ["returned 1 value,", "2 outputs", "'out0'", "'out1'"]),
        (lambda outs: [], ["returned 0 values", "2 outputs"]),
        (lambda outs: None, ["returned 1 value,", "2 outputs"]),
        (lambda outs: {gr.Markdown("x"): 1}, ["not among its outputs"]),
        (lambda outs: {outs[0]: "a", "x": 1}, ["mixes components and other keys ('x')"]),
    ],
    ids=["one", "none", "None", "foreign", "mixed"],
)
def test_a_wrong_return_value_is_a_readable_failure(
    returned: Any, words: list[str], show: Any
) -> None:
    outs: list[Any] = []
    foreign = gr.Markdown(render=False)

    def broken() -> Any:
        value = returned(outs)
        if isinstance(value, dict) and isinstance(next(iter(value)), gr.Markdown):
            return {foreign: 1}
        return value

    demo, _, made, button = app(broken, outputs=2)
    outs += made
    shown = show(demo).run(button)
    (failed,) = shown.messages(Failed)
    assert failed.code == "internal"
    for word in ["'broken'", *words]:
        assert word in failed.message
    assert [shown.value(out) for out in outs] == [None, None]


def test_too_many_values_are_left_out(show: Any) -> None:
    demo, _, outs, button = app(lambda: ("a", "b", "c"), outputs=2)
    shown = show(demo).run(button)
    assert [shown.value(out) for out in outs] == ["a", "b"]


def test_no_outputs_ignores_what_is_returned(show: Any) -> None:
    demo, _, _, button = app(object, outputs=0)
    assert show(demo).run(button).story() == ["started 1", "done 1"]


def test_skip_leaves_one_or_all_as_they_are(show: Any) -> None:
    demo, _, outs, button = app(lambda: (gr.skip(), "b"), outputs=2)
    shown = show(demo).run(button)
    assert [shown.value(out) for out in outs] == [None, "b"]
    demo, _, _, button = app(gr.skip, outputs=2)
    assert not show(demo).run(button).messages(Patch)


def test_update_changes_props_and_value(show: Any) -> None:
    demo, _, (out,), button = app(lambda: gr.update(label="Δ", value="v", placeholder=None))
    shown = show(demo).run(button)
    assert shown.props(out) | {"label": "Δ", "value": "v"} == shown.props(out)
    (patch,) = shown.messages(Patch)
    assert patch.updates[0].props == {"label": "Δ", "value": "v"}


def test_update_with_none_clears_the_value_alone(show: Any) -> None:
    with gr.Blocks() as demo:
        out = gr.Textbox("v", label="L")
        button = gr.Button()
        button.click(lambda: gr.update(value=None, label=None), None, out)
    shown = show(demo).run(button)
    assert shown.value(out) is None
    assert shown.props(out)["label"] == "L"


def test_a_returned_component_is_an_update(show: Any) -> None:
    with gr.Blocks() as demo:
        out = gr.Textbox("v", label="L", lines=2)
        button = gr.Button()
        button.click(lambda: gr.Textbox(lines=5, visible=False), None, out)
    before = len(demo.blocks)
    shown = show(demo).run(button)
    (patch,) = shown.messages(Patch)
    assert patch.updates[0].props == {"lines": 5, "visible": False}
    assert shown.value(out) == "v"
    assert len(demo.blocks) == before


def test_a_returned_component_can_reset_a_prop_to_none(show: Any) -> None:
    with gr.Blocks() as demo:
        out = gr.Textbox(lines=2)
        button = gr.Button()
        button.click(lambda: gr.Textbox(max_lines=None), None, out)
    shown = show(demo).run(button)
    assert shown.props(out)["maxLines"] is None


def test_updates_add_up_and_belong_to_one_session(show: Any) -> None:
    calls = iter([gr.update(max_length=3), gr.update(label="x")])
    with gr.Blocks() as demo:
        out = gr.Textbox(interactive=True)
        button = gr.Button()
        button.click(lambda: next(calls), None, out)
    shown = show(demo).run(button).run(button)
    other = show(beside=shown)
    shown.set(out, "abcd")
    other.set(out, "abcd")
    shown.page.idle()
    assert shown.refused == 1
    assert other.refused == 0
    assert other.value(out) == "abcd"


def test_a_layout_may_be_an_output(show: Any) -> None:
    with gr.Blocks() as demo:
        with gr.Row() as row:
            gr.Textbox()
        button, wrong = gr.Button(), gr.Button()
        button.click(lambda: gr.Row(visible=False), None, row)
        wrong.click(lambda: "text", None, row)
    shown = show(demo).run(button)
    assert shown.props(row) == {"visible": False}
    (failed,) = shown.run(wrong).messages(Failed)
    assert "for Row, a layout. Return gr.Row(…) or gr.update(…)" in failed.message


def test_an_update_with_a_bad_argument_names_it(show: Any) -> None:
    demo, _, _, button = app(lambda: gr.update(lines=0))
    (failed,) = show(demo).run(button).messages(Failed)
    assert "Textbox 'out0': lines must be 1 or more, not 0." in failed.message
    demo, _, _, button = app(lambda: gr.update(placholder="x"))
    (failed,) = show(demo).run(button).messages(Failed)
    assert "has no argument 'placholder'. Did you mean 'placeholder'?" in failed.message


# --- values the wire cannot carry ---------------------------------------------------------------


class Any_(gr.Markdown):
    """A component that sends what it is given."""

    kind = "markdown"

    def postprocess(self, value: Any) -> Any:
        return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), "value of type object cannot be sent"),
        ({"a": [1, {2, object()}]}, "value of type object cannot be sent"),
        ({(1, 2): 3}, "a dict key is tuple"),
        ([math], "value of type module cannot be sent"),
    ],
    ids=["object", "inside", "key", "module"],
)
def test_a_value_that_is_no_json_names_its_output(value: Any, words: str, show: Any) -> None:
    with gr.Blocks() as demo:
        out = Any_(label="Picture")
        button, good = gr.Button(), gr.Button()
        button.click(lambda: value, None, out)
        good.click(lambda: "fine", None, out)
    shown = show(demo).run(button)
    (failed,) = shown.messages(Failed)
    assert "Any_ 'Picture'" in failed.message
    assert words in failed.message
    assert shown.run(good).value(out) == "fine"


def test_a_prop_that_is_no_json_names_its_output(show: Any) -> None:
    demo, _, _, button = app(lambda: gr.update(elem_classes=[object()]))
    shown = show(demo).run(button)
    (failed,) = shown.messages(Failed)
    assert "Textbox 'out0'.elemClasses[0]: a value of type object" in failed.message


def test_a_value_that_refers_to_itself_is_a_failure(show: Any) -> None:
    def loop() -> Any:
        value: list[Any] = []
        value.append(value)
        return value

    with gr.Blocks() as demo:
        out = Any_(label="Loop")
        button = gr.Button()
        button.click(loop, None, out)
    (failed,) = show(demo).run(button).messages(Failed)
    assert "nested more than 200 levels deep, or refers to itself" in failed.message


def test_fifty_megabytes_of_text_are_refused_in_words(show: Any) -> None:
    demo, _, _, button = app(lambda: "x" * 50_000_000)
    (failed,) = show(demo).run(button).messages(Failed)
    assert "Textbox 'out0': value has 50,000,000 characters" in failed.message


def test_numbers_that_json_lacks_arrive(show: Any) -> None:
    with gr.Blocks() as demo:
        out = Any_()
        button = gr.Button()
        button.click(lambda: [math.nan, math.inf, -math.inf, 2**70, np.float64(0.5)], None, out)
    value = show(demo).run(button).props(out)["value"]
    assert math.isnan(value[0])
    assert value[1:] == [math.inf, -math.inf, 2**70, 0.5]


def test_lone_surrogates_arrive_as_replacement_characters(show: Any) -> None:
    demo, _, (out,), button = app(lambda: "a\ud800b")
    assert show(demo).run(button).props(out)["value"] == "a\ufffdb"


# --- failures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [SystemExit(3), KeyboardInterrupt(), StopIteration(), GeneratorExit()]
)
@pytest.mark.parametrize("kind", ["sync", "async", "generator", "async generator"])
def test_no_exception_of_a_handler_holds_the_slot(
    kind: str, error: BaseException, show: Any
) -> None:
    def sync() -> None:
        raise error

    async def async_() -> None:
        raise error

    def generator() -> Any:
        raise error
        yield

    async def async_generator() -> Any:
        raise error
        yield

    functions = dict(zip(["sync", "async", "generator", "async generator"],
                         [sync, async_, generator, async_generator], strict=True))  # fmt: skip
    fn = functions[kind]
    with gr.Blocks() as demo:
        out = gr.Textbox()
        button, good = gr.Button(), gr.Button()
        button.click(fn, None, out, concurrency_id="one")
        good.click(lambda: "alive", None, out, concurrency_id="one")
    shown = show(demo).run(button)
    ended = shown.messages((Failed, Done))
    assert [m.task for m in ended] == [1]
    assert shown.run(good).value(out) == "alive"
    assert shown.engine.queue.statistics() == (0, 0, 0)


def test_a_failure_tells_what_was_raised_and_where(show: Any) -> None:
    def divide() -> float:
        return 1 / 0

    demo, _, _, button = app(divide)
    (failed,) = show(demo).run(button).messages(Failed)
    assert (failed.code, failed.message) == ("internal", "ZeroDivisionError: division by zero")
    assert failed.detail.startswith("Traceback (most recent call last):\n")
    assert "in divide" in failed.detail
    assert "runtime" not in failed.detail


def test_an_error_for_the_person_is_a_toast_without_traceback(show: Any) -> None:
    def refuse() -> None:
        raise gr.Error("Choose one.", duration=3, title="Hm")

    demo, _, _, button = app(refuse)
    shown = show(demo).run(button)
    (failed,) = shown.messages(Failed)
    assert (failed.code, failed.message, failed.detail) == ("user", "Choose one.", None)
    (toast,) = shown.messages(Toast)
    assert (toast.level, toast.title, toast.message, toast.duration) == (
        "error", "Hm", "Choose one.", 3,
    )  # fmt: skip


def test_an_invisible_error_shows_no_toast(show: Any) -> None:
    def refuse() -> None:
        raise gr.Error("quiet", visible=False)

    demo, _, _, button = app(refuse)
    shown = show(demo).run(button)
    assert not shown.messages(Toast)
    assert len(shown.messages(Failed)) == 1


def test_an_error_of_a_function_without_outputs_is_a_toast(show: Any) -> None:
    demo, _, _, button = app(lambda: 1 / 0, outputs=0)
    (toast,) = show(demo).run(button).messages(Toast)
    assert toast.message == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_messages_of_a_handler_go_to_its_own_page(kind: str, show: Any) -> None:
    def sync() -> None:
        gr.Info("i")
        gr.Success("s")
        gr.Warning("w", duration=None, title="T")
        gr.Info("unseen", visible=False)

    async def async_() -> None:
        sync()

    demo, _, _, button = app(sync if kind == "sync" else async_, outputs=0)
    shown = show(demo)
    other = show(beside=shown)
    shown.run(button)
    toasts = [(t.level, t.title, t.message, t.duration) for t in shown.messages(Toast)]
    assert toasts == [
        ("info", "Info", "i", 10), ("success", "Success", "s", 10), ("warning", "T", "w", None),
    ]  # fmt: skip
    assert not other.messages(Toast)


def test_messages_outside_a_handler_go_where_python_says_things(capsys: Any) -> None:
    gr.Info("hello")
    with pytest.warns(UserWarning, match="careful"):
        gr.Warning("careful")
    assert capsys.readouterr().out == "hello\n"


def test_nothing_is_printed_and_little_logged(show: Any, capsys: Any, caplog: Any) -> None:
    caplog.set_level(logging.INFO)
    demo, _, _, button = app(lambda: "x")
    show(demo).run(button)
    assert capsys.readouterr() == ("", "")
    assert [r for r in caplog.records if r.name.startswith("ipyblocks")] == []


def test_values_without_an_output_are_said_once(show: Any, caplog: Any) -> None:
    with gr.Blocks() as demo:
        first, second, button = gr.Textbox(), gr.Textbox(), gr.Button()
        button.click(lambda: ("a", "b", "c"), None, [first, second])
    shown = show(demo).run(button).run(button)
    assert (shown.value(first), shown.value(second)) == ("a", "b")
    assert [record.getMessage() for record in caplog.records] == [
        "'<lambda>' returned 3 values, but has 2 outputs; the last ones are not shown."
    ]


async def _later() -> str:
    return "text"


def _called(fn: Any) -> Any:
    return fn()


@pytest.mark.parametrize(
    ("fn", "words"),
    [
        (
            functools.partial(_called, _later),
            "a coroutine for Textbox 'out', and no value: await it in an async",
        ),
        (lambda: (each for each in "ab"), "a generator for Textbox 'out', and no value: yield"),
    ],
    ids=["coroutine", "generator"],
)
def test_what_is_still_to_be_computed_is_no_value(fn: Any, words: str, show: Any) -> None:
    with gr.Blocks() as demo:
        out, button = gr.Textbox("before", label="out"), gr.Button()
        button.click(fn, None, out)
    shown = show(demo).run(button)
    (failed,) = shown.messages(Failed)
    assert words in failed.message
    assert shown.value(out) == "before"


def test_a_state_may_keep_a_generator(show: Any) -> None:
    got: list[Any] = []
    with gr.Blocks() as demo:
        state, button = gr.State(), gr.Button()
        button.click(lambda: (each for each in "ab"), None, state).then(got.extend, state)
    show(demo).run(button)
    assert got == ["a", "b"]
