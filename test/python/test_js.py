"""``js`` steps: the engine asks a page to run them, and goes on with what it answers."""

from __future__ import annotations

from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Cancel, Done, Failed, JsResult, RunJs, Started, TaskId, Toast


def answer(shown: Any, values: Any = None, error: str | None = None, count: int = 1) -> RunJs:
    """Wait for the page to be asked, and answer."""
    asked: RunJs = shown.until(RunJs, count)[-1]
    shown.page.send(JsResult(seq=0, task=asked.task, values=values, error=error))
    return asked


def app(fn: Any, js: str = "(a) => a", **options: Any) -> Any:
    with gr.Blocks() as demo:
        given, out, state = gr.Textbox("in"), gr.Textbox("out"), gr.State(7)
        button = gr.Button()
        button.click(fn, [given, state], [out, state], js=js, **options)
    return demo, given, out, button


def test_a_function_gets_what_the_step_made_of_its_inputs(show: Any) -> None:
    got: list[Any] = []

    def work(text: str, state: int) -> Any:
        got.append((text, state))
        return text.upper(), state + 1

    demo, _, out, button = app(work, js="(a) => [a + '!']")
    shown = show(demo).fire(button)
    asked = answer(shown, ["in!", 1000])
    shown.page.idle()
    # Inputs, then outputs; what a State holds is nobody's business.
    assert (asked.page, asked.code, asked.args) == (
        "page",
        "(a) => [a + '!']",
        ["in", None, "out", None],
    )
    assert got == [("in!", 7)]
    assert shown.value(out) == "IN!"


def test_a_step_alone_fills_the_outputs(show: Any) -> None:
    follows: list[str] = []
    with gr.Blocks() as demo:
        a, b, button = gr.Textbox("a"), gr.HTML(), gr.Button()
        run = button.click(None, a, [b, a], js="(a) => ['<b>' + a, '']")
        run.then(follows.append, b, None)
        b.change(lambda text: follows.append("change " + text), b, None)
    shown = show(demo).fire(button)
    answer(shown, ["<b>a", ""])
    shown.page.idle()
    assert (shown.value(a), shown.value(b)) == ("", "<b>a")
    assert sorted(follows) == ["<b>a", "change <b>a"]
    # Nothing was queued and no function ran for the step itself.
    assert [m.task for m in shown.messages(Started)] == [2, 3]


@pytest.mark.parametrize(
    ("values", "left"), [([], ("a", "b")), (["x"], ("x", "b")), (["x", "y", "z"], ("x", "y"))]
)
def test_too_few_or_too_many_values(values: list[str], left: tuple[str, str], show: Any) -> None:
    with gr.Blocks() as demo:
        a, b, button = gr.Textbox("a"), gr.Textbox("b"), gr.Button()
        button.click(None, None, [a, b], js="() => []")
    shown = show(demo).fire(button)
    answer(shown, values)
    shown.page.idle()
    assert (shown.value(a), shown.value(b)) == left


@pytest.mark.parametrize("error", ["ReferenceError: x is not defined", None])
def test_a_step_that_fails_ends_the_event(error: str | None, show: Any) -> None:
    demo, _, out, button = app(lambda *_: ("never", 0))
    follows: list[str] = []
    with demo:
        demo.dependencies[0].failure(lambda: follows.append("failure"), None, None)
        demo.dependencies[0].success(lambda: follows.append("success"), None, None)
    shown = show(demo).fire(button)
    answer(shown, None, error)
    shown.page.idle()
    (failed,) = shown.messages(Failed)
    assert (failed.code, failed.message) == ("user", error or "The js of this event failed.")
    assert [m.title for m in shown.messages(Toast)] == ["The js of this event failed"]
    assert follows == ["failure"]
    assert shown.value(out) == "out"
    # The next click is not lost.
    shown.fire(button)
    answer(shown, ["again"], count=2)
    shown.page.idle()
    assert shown.value(out) == "never"


@pytest.mark.parametrize(
    ("component", "value", "words"),
    [
        (lambda: gr.Textbox("a", max_length=3), "abcd", "longer than max_length=3"),
        (lambda: gr.Textbox("a"), 5, "value cannot be 5"),
        (lambda: gr.Radio(["a", "b"], value="a"), "c", "Radio"),
        (gr.Checkbox, "yes", "value cannot be 'yes'"),
    ],
)
def test_values_of_a_step_are_checked_as_those_of_a_person(
    component: Any, value: Any, words: str, show: Any
) -> None:
    runs: list[Any] = []
    with gr.Blocks() as demo:
        given, button = component(), gr.Button()
        button.click(runs.append, given, None, js="(a) => a")
    shown = show(demo).fire(button)
    answer(shown, [value])
    shown.page.idle()
    (failed,) = shown.messages(Failed)
    assert words in failed.message
    assert runs == []


def test_a_step_may_be_cancelled_and_answers_too_late(show: Any) -> None:
    runs: list[Any] = []
    demo, _, _, button = app(lambda *args: runs.append(args))
    shown = show(demo).fire(button)
    shown.until(RunJs)
    shown.page.send(Cancel(seq=0, task=TaskId(1)))
    shown.until(Failed)
    answer(shown, ["late"])
    shown.page.idle()
    assert runs == []
    assert [m.code for m in shown.messages(Failed)] == ["cancelled"]


def test_answers_that_nobody_asked_for_are_nothing(show: Any, gate: Any) -> None:
    go_on = gate()

    def work(*_: Any) -> tuple[str, int]:
        go_on.wait()
        return "x", 0

    demo, _, out, button = app(work)
    shown = show(demo).fire(button)
    answer(shown, ["a"])
    go_on.reached()
    for task in (1, 1, 2, -1, 99):
        shown.page.send(JsResult(seq=0, task=TaskId(task), values=["again"], error=None))
    shown.on_loop(lambda: None)
    go_on.open()
    shown.page.idle()
    assert len(shown.messages(Started)) == len(shown.messages(Done)) == 1
    assert shown.value(out) == "x"


def test_a_page_that_comes_is_asked_what_the_former_did_not_answer(show: Any) -> None:
    demo, _, out, button = app(lambda text, state: (text, state))
    shown = show(demo).fire(button)
    shown.until(RunJs)
    shown.page.messages.clear()
    # Reloaded: a new page, a new count.
    shown.page._page, shown.page._seq = "second", 0
    welcome = shown.page.hello()
    assert welcome.tasks == []
    asked = answer(shown, ["from the second"])
    assert asked.page == "second"
    shown.page.idle()
    assert shown.value(out) == "from the second"


def test_a_client_runs_no_step() -> None:
    demo, *_ = app(lambda text, state: (text, state))
    client = gr.Client(demo)
    assert client.predict("given") == "given"
    demo.close()


def test_once_holds_while_the_page_works_on_a_step(show: Any) -> None:
    demo, _, _, button = app(lambda *args: args, trigger_mode="once")
    shown = show(demo).fire(button).fire(button)
    answer(shown, ["a"])
    shown.page.idle()
    assert len(shown.messages(RunJs)) == 1


def test_a_page_that_only_confirms_is_not_the_one_that_is_asked(show: Any) -> None:
    demo, source, *_ = app(lambda *args: args)
    shown = show(demo)
    page, first, spoken = shown.page, shown.page._page, shown.page._seq
    page._page, page._seq = "background", 0
    page.hello()
    background, page._page, page._seq = page._seq, first, spoken
    shown.set(source, "typed")
    page._page, page._seq = "background", background
    page.send()
    assert shown.on_loop(shown.session.last_page) == first
