"""What has failed: told until something begins there, also to later pages, and tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import (
    Cancel,
    Dismiss,
    Failed,
    NodeId,
    Retry,
    Started,
    Submit,
    TaskId,
    Welcome,
)
from ipyblocks.protocol import Failure as WireFailure
from ipyblocks.runtime import failures
from ipyblocks.runtime.failures import Failures
from ipyblocks.runtime.task import Failure

# --- what is kept -------------------------------------------------------------------------------


def failure(code: Any = "internal", retry: Callable[[], None] | None = None) -> Failure:
    return Failure(code, f"why {code}", "Traceback …", retry=retry)


class Kept:
    """Failures, and what they have sent."""

    def __init__(self) -> None:
        self.sent: list[Failed] = []
        self.all = Failures(self.sent.append)

    def tell(self, task: int, *nodes: int, **fields: Any) -> Kept:
        self.all.tell(TaskId(task), "work", [NodeId(n) for n in nodes], failure(**fields))
        return self

    def began(self, *nodes: int) -> Kept:
        self.all.began([NodeId(n) for n in nodes])
        return self

    def gone(self, *nodes: int) -> Kept:
        self.all.gone([NodeId(n) for n in nodes])
        return self

    @property
    def told(self) -> list[tuple[int, list[int]]]:
        return [(each.task, [*each.nodes]) for each in self.all.all()]


def test_a_failure_is_sent_and_kept_whole() -> None:
    kept = Kept().tell(1, 7, 8)
    (message,) = kept.sent
    assert (message.task, message.code, message.detail) == (1, "internal", "Traceback …")
    assert kept.all.all() == [
        WireFailure(
            task=TaskId(1),
            name="work",
            nodes=[NodeId(7), NodeId(8)],
            code="internal",
            message="why internal",
            detail="Traceback …",
        )
    ]


@pytest.mark.parametrize(
    ("code", "again", "is_kept"),
    [
        ("internal", False, True),
        ("lost", False, True),
        ("user", False, False),
        ("cancelled", False, False),
        ("user", True, True),
        ("cancelled", True, True),
    ],
)
def test_what_outputs_do_not_tell_is_sent_alone(code: str, again: bool, is_kept: bool) -> None:
    kept = Kept().tell(1, 7, code=code, retry=(lambda: None) if again else None)
    assert len(kept.sent) == 1
    assert (kept.sent[0].retry is True) is again
    assert (len(kept.all) == 1) is is_kept


def test_without_a_node_there_is_nothing_to_keep() -> None:
    assert Kept().tell(1).told == []


def test_what_begins_at_one_of_its_nodes_ends_it_at_all() -> None:
    kept = Kept().tell(1, 7, 8).tell(2, 9)
    assert kept.began(8).told == [(2, [9])]


def test_a_node_tells_the_last_failure_alone() -> None:
    kept = Kept().tell(1, 7, 8).tell(2, 7)
    assert kept.told == [(1, [8]), (2, [7])]
    assert kept.tell(3, 8, 7).told == [(3, [8, 7])]


def test_it_goes_with_the_last_of_its_nodes() -> None:
    kept = Kept().tell(1, 7, 8)
    assert kept.gone(7, 5).told == [(1, [8])]
    assert kept.gone(8).told == []


def test_the_last_hundred_are_kept() -> None:
    kept = Kept()
    for task in range(failures.MOST + 2):
        kept.tell(task, task)
    assert [task for task, _ in kept.told] == list(range(2, failures.MOST + 2))


def test_trying_again_happens_once() -> None:
    tried: list[str] = []
    kept = Kept().tell(1, 7, retry=lambda: tried.append("again"))
    for task in (1, 1, 99):
        kept.all.retry(TaskId(task))
    assert tried == ["again"]
    assert kept.told == []


def test_what_cannot_be_tried_again_is_left_alone() -> None:
    kept = Kept().tell(1, 7)
    kept.all.retry(TaskId(1))
    assert kept.told == [(1, [7])]


def test_what_fails_at_once_when_tried_again_is_kept() -> None:
    kept = Kept()
    kept.tell(1, 7, retry=lambda: kept.tell(2, 7) and None)
    kept.all.retry(TaskId(1))
    assert kept.told == [(2, [7])]


# --- in an app ----------------------------------------------------------------------------------


class Division:
    """An app that fails with 0, and what its function was called with."""

    def __init__(self, **listener: Any) -> None:
        self.seen: list[Any] = []
        with gr.Blocks() as self.demo:
            self.number = gr.Textbox("0")
            self.out = gr.Textbox()
            self.other = gr.Textbox()
            self.button = gr.Button()
            outputs = [self.out, self.other]
            self.listener = self.button.click(self.divide, self.number, outputs, **listener)

    def divide(self, text: str) -> tuple[str, str]:
        self.seen.append(text)
        return str(12 / int(text)), "fine"


def retry(shown: Any, task: int) -> None:
    shown.page.send(Retry(seq=0, task=TaskId(task)))
    shown.page.idle()


def told(shown: Any) -> list[WireFailure]:
    """What a page that comes now is told."""
    welcome: Welcome = shown.welcome
    return welcome.failures or []


def test_a_page_that_comes_later_is_told_with_the_traceback(show: Any) -> None:
    app = Division()
    shown = show(app.demo)
    assert not told(shown)
    shown.run(app.button)
    (before,) = shown.messages(Failed)
    assert before.retry is True
    again = shown.page.hello()
    assert again is shown.welcome  # the first one there is
    (_, after) = shown.until(Welcome, 2)
    (kept,) = after.failures
    assert kept.nodes == [shown.id(app.out), shown.id(app.other)]
    assert (kept.task, kept.name, kept.retry) == (before.task, "divide", True)
    assert (kept.message, kept.detail) == (before.message, before.detail)
    assert "ZeroDivisionError" in kept.detail


def test_it_is_told_no_longer_once_something_begins_there(show: Any, gate: Any) -> None:
    app, held = Division(), gate()
    with app.demo:
        quick = gr.Button()
        quick.click(held.wait, None, app.other)
    shown = show(app.demo)
    shown.run(app.button)
    assert shown.on_loop(lambda: len(shown.session.failures)) == 1
    shown.fire(quick)
    held.reached()
    assert shown.on_loop(lambda: len(shown.session.failures)) == 0
    held.open()


def test_trying_again_takes_the_inputs_as_they_are_now(show: Any) -> None:
    app = Division()
    with app.demo:
        log = gr.Textbox()
        app.listener.success(lambda: "after", None, log)
    shown = show(app.demo)
    shown.run(app.button)
    shown.set(app.number, "4")
    retry(shown, 1)
    assert app.seen == ["0", "4"]
    assert (shown.value(app.out), shown.value(log)) == ("3.0", "after")
    retry(shown, 1)  # told no longer
    assert app.seen == ["0", "4"]
    assert shown.refused == 0


def test_trying_again_may_fail_again(show: Any) -> None:
    app = Division()
    shown = show(app.demo)
    shown.run(app.button)
    retry(shown, 1)
    assert [each.task for each in shown.on_loop(shown.session.failures.all)] == [2]
    assert shown.story(Started, Failed) == ["started 1", "failed 1", "started 2", "failed 2"]


def test_trying_again_has_target_and_data_of_the_event(show: Any) -> None:
    seen: list[Any] = []

    def pick(event: gr.SelectData) -> None:
        seen.append((event.index, event.target))
        if len(seen) == 1:
            raise ValueError("the first time")

    with gr.Blocks() as demo:
        radio = gr.Radio(["a", "b"])
        out = gr.Textbox()
        radio.select(pick, None, out)
    shown = show(demo)
    shown.run(radio, "select", {"index": 1, "value": "b", "selected": True})
    retry(shown, 1)
    assert seen == [(1, radio), (1, radio)]


def test_a_function_that_has_gone_is_not_tried_again(show: Any) -> None:
    with gr.Blocks() as demo:
        count, out = gr.Number(1), gr.Textbox()

        @gr.render(inputs=count)
        def buttons(_count: float) -> None:
            gr.Button().click(lambda: 1 / 0, None, out)

    shown = show(demo)
    shown.page.idle()
    shown.page.fire(_button(shown), "click")
    shown.page.idle()
    shown.set(count, 2)
    shown.page.idle()
    retry(shown, shown.messages(Failed)[0].task)
    assert len(shown.messages(Failed)) == 1


def _button(shown: Any) -> int:
    nodes = shown.on_loop(shown.session.scene.nodes)
    return next(int(node.id) for node in nodes if node.kind == "button")


def test_what_failed_inside_a_rendering_goes_with_it(show: Any) -> None:
    with gr.Blocks() as demo:
        count = gr.Number(1)

        @gr.render(inputs=count)
        def part(_count: float) -> None:
            out = gr.Textbox()
            gr.Button().click(lambda: 1 / 0, None, out)

    shown = show(demo)
    shown.page.idle()
    shown.page.fire(_button(shown), "click")
    shown.page.idle()
    assert shown.on_loop(lambda: len(shown.session.failures)) == 1
    shown.set(count, 2)
    shown.page.idle()
    assert shown.on_loop(lambda: len(shown.session.failures)) == 0


@pytest.mark.parametrize("kind", ["user", "stream", "client"])
def test_what_trying_again_would_not_mend_does_not_offer_it(kind: str, show: Any) -> None:
    def fail() -> None:
        raise gr.Error("no") if kind == "user" else ValueError("no")

    with gr.Blocks() as demo:
        image, out, button = gr.Image(streaming=True), gr.Textbox(), gr.Button()
        button.click(fail, None, out, api_name="fail", trigger_mode="multiple")
        image.stream(fail, None, out)
    shown = show(demo)
    if kind == "client":
        shown.page.send(Submit(seq=0, call=1, dependency=0, data=[]))
        shown.page.idle()
    elif kind == "stream":
        shown.run(image, "stream")
    else:
        shown.run(button)
    assert [each.retry is True for each in shown.until(Failed)] == [False]


def test_a_full_queue_is_no_failure_to_try_again(show: Any, gate: Any) -> None:
    held = gate()
    with gr.Blocks() as demo:
        out, button = gr.Textbox(), gr.Button()
        button.click(held.wait, None, out, trigger_mode="multiple")
    shown = show(demo, max_size=1)
    for _ in range(3):
        shown.fire(button)
    (refused,) = shown.until(Failed)
    held.open()
    assert (refused.code, refused.retry is True) == ("user", False)


def test_a_repeated_function_does_not_offer_it(show: Any) -> None:
    def fail() -> None:
        raise ValueError("no")

    with gr.Blocks() as demo:
        out = gr.Textbox()
        gr.Button().click(fail, None, out, every=0.01)
        button = demo.blocks[2]  # type: ignore[index]
    shown = show(demo)
    shown.run(button)
    assert [each.retry is True for each in shown.until(Failed)] == [False]


def test_a_dependency_says_itself_how_it_is_tried_again(show: Any, gate: Any) -> None:
    app, held = Division(), gate()
    tried: list[str] = []
    app.listener.retry = lambda: tried.append("its own way")
    with app.demo:
        slow = gr.Button()
        waits = slow.click(held.wait, None, app.out)
        waits.retry = lambda: tried.append("cancelled")
    shown = show(app.demo)
    shown.run(app.button)
    retry(shown, 1)
    shown.fire(slow)
    held.reached()
    shown.page.send(Cancel(seq=0, task=TaskId(2)))
    held.open()
    shown.page.idle()
    (kept,) = shown.on_loop(shown.session.failures.all)
    assert (kept.code, kept.message, kept.retry) == ("cancelled", "Cancelled.", True)
    retry(shown, 2)
    assert tried == ["its own way", "cancelled"]


def test_what_the_person_has_read_is_told_to_nobody_else(show: Any) -> None:
    app = Division()
    shown = show(app.demo)
    shown.run(app.button)
    shown.page.send(Dismiss(seq=0, task=TaskId(1)), Dismiss(seq=0, task=TaskId(99)))
    shown.page.idle()
    assert shown.on_loop(shown.session.failures.all) == []
    retry(shown, 1)
    assert app.seen == ["0"]


def test_a_page_with_a_snapshot_is_told_what_it_does_not_say(show: Any) -> None:
    app = Division()
    shown = show(app.demo)
    shown.run(app.button)
    packet = shown.on_loop(shown.session.snapshot)
    assert "ZeroDivisionError" not in str(packet.content["messages"][0]["nodes"])
    assert "failures" not in packet.content["messages"][0]
    shown.page.hello(shown.session.epoch, packet.content["last"])
    assert len(shown.until(Welcome, 2)[1].failures) == 1


def test_a_notebook_keeps_no_failure(show: Any) -> None:
    app = Division()
    shown = show(app.demo)
    shown.run(app.button)
    kept = shown.on_loop(shown.session.saved)
    assert "ZeroDivisionError" not in str(kept.snapshot) + kept.html
