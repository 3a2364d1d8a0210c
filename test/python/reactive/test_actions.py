"""Actions, and tasks that they run."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.app import page_of
from ipyblocks.protocol import Failed, Started, Toast
from ipyblocks.reactive import (
    ActionCtx,
    Button,
    DerivedVariable,
    If,
    ProgressUpdater,
    Stack,
    TaskProgressUpdate,
    Text,
    Variable,
    action,
    track_progress,
)

from .conftest import Show, press, settle


def test_shortcuts(show: Show) -> None:
    count, flag, name = Variable(1), Variable(False), Variable("x")
    calls: list[int] = []
    d = DerivedVariable(lambda v: calls.append(v) or v, [count])
    box = gr.Textbox("typed", oninput=name.sync(), render=False)
    shown = show(
        page_of(
            Stack(
                Button("five", onclick=count.update(5)),
                Button("flip", onclick=flag.toggle()),
                Button("both", onclick=[count.reset(), flag.update(True)]),
                Button("again", onclick=d.trigger()),
                box,
                Text(d),
            )
        )
    )
    press(shown, "five")
    press(shown, "flip")
    assert (count.value, flag.value) == (5, True)
    press(shown, "flip")
    press(shown, "both")
    assert (count.value, flag.value) == (1, True)
    shown.set(box, "typed more")
    shown.run(box, "input")
    assert name.value == "typed more"
    before = len(calls)
    press(shown, "again")
    assert len(calls) == before + 1


def test_an_action_reads_variables_when_it_runs(show: Show) -> None:
    x, log = Variable(1), []
    doubled = DerivedVariable(lambda v: 2 * v, [x])

    @action
    async def note(ctx: ActionCtx, a: int, b: int, *, c: str) -> None:
        log.append((ctx.input, a, b, c))
        await ctx.update(x, a + 10)
        await nested(ctx, "inside")

    @action
    async def nested(ctx: ActionCtx, word: str) -> None:
        log.append(word)

    shown = show(page_of(Button("go", onclick=note(x, doubled, c="c"))))
    x.value = 7
    press(shown, "go")
    assert log == [(None, 7, 14, "c"), "inside"]
    assert x.value == 17


def test_loading_of_an_action(show: Show, gate: Callable[[], Any]) -> None:
    held = gate()

    @action
    async def slow(ctx: ActionCtx) -> None:
        await held.pass_through()

    act = slow()
    button = Button("go", onclick=act)
    shown = show(page_of(Stack(button, If(act.loading, "busy", "idle"))))
    assert settle(shown) == [["go", ["idle"]]]
    shown.fire(button)
    held.reached()
    assert act.loading.value is True
    held.open()
    assert settle(shown) == [["go", ["idle"]]]


def test_actions_misused() -> None:
    x = Variable(1)
    with pytest.raises(TypeError, match="async def f"):

        @action
        def f(ctx: ActionCtx) -> None: ...

    @action
    async def ok(ctx: ActionCtx, a: int) -> None: ...

    with pytest.raises(TypeError, match="missing a required argument"):
        ok()
    with pytest.raises(TypeError, match="call the action, as in onclick=action"):
        page_of(Button("x", onclick=ok))
    with pytest.raises(TypeError, match="onclick takes an action"):
        page_of(Button("x", onclick=print))
    with pytest.raises(TypeError, match="has no argument 'onhover'"):
        Button("x", onhover=x.update(1))


def test_an_error_in_an_action_is_told_and_what_it_did_stays(show: Show) -> None:
    x = Variable(1)

    @action
    async def fails(ctx: ActionCtx) -> None:
        await ctx.update(x, 2)
        with pytest.raises(ValueError, match=r"await ctx\.update"):
            x.update(3)
        raise ValueError("broken")

    shown = show(page_of(Button("go", onclick=fails())))
    press(shown, "go")
    assert x.value == 2
    assert [m.message for m in shown.messages(Toast)] == ["ValueError: broken"]


def test_ctx(show: Show) -> None:
    x = Variable([{"a": 1, "b": 2}])
    d = DerivedVariable(len, [x])
    errors: list[str] = []

    @action
    async def go(ctx: ActionCtx) -> None:
        await ctx.notify("saved", "Title", "SUCCESS", key="k")
        await ctx.reset_variables([x, d])
        await ctx.trigger(d, force=False)
        await ctx.execute_action(inner)
        await ctx.flush()
        for wrong in (
            ctx.update(d, 3),
            ctx.update(3, 3),  # type: ignore[arg-type]
            ctx.trigger(x),  # type: ignore[arg-type]
            ctx.notify("x", status="LOUD"),  # type: ignore[arg-type]
            ctx.navigate("https://example.org", new_tab=False),
            ctx.navigate("javascript:alert(1)"),
            ctx.download_variable(d),
            ctx.download_variable(x, type="pdf"),  # type: ignore[arg-type]
        ):
            with pytest.raises((TypeError, ValueError)) as raised:
                await wrong
            errors.append(str(raised.value))
        await ctx.download_variable(x, "data")
        await ctx.copy_to_clipboard(d.peek(), "copied")
        await ctx.navigate("https://example.org")

    inner = x.update([1, 2, 3])
    shown = show(page_of(Stack(Button("go", onclick=go()), Text(d))))
    shown.engine.wait_idle()
    press(shown, "go")
    assert len(errors) == 8, errors
    assert x.value == [1, 2, 3]
    [toast] = shown.messages(Toast)
    assert (toast.level, toast.title, toast.message) == ("success", "Title", "saved")
    assert shown.messages(Failed) == []


@pytest.mark.slow
def test_run_task_tells_every_report_and_gives_the_result(show: Show) -> None:
    status, results = Variable(""), []
    seen: list[str] = []
    status.observe(lambda change: seen.append(change.new))

    @track_progress
    def steps(n: int, updater: ProgressUpdater) -> str:
        for i in range(1, 5):
            updater.send_update(i * 20, f"Track1 step {i}__{n}")
        updater.fake_progress(90, "guess__x", estimated_time=5000)
        return "result"

    def add(x: int, y: int) -> int:
        return x + y

    class MineError(Exception):
        pass

    def fails() -> None:
        raise MineError("mine")

    updates: list[TaskProgressUpdate] = []

    @action
    async def go(ctx: ActionCtx) -> None:
        async def on_progress(update: TaskProgressUpdate) -> None:
            updates.append(update)
            await ctx.update(status, f"{update.progress:g} {update.message}")
            if update.progress == 40:
                raise RuntimeError("of the callback")

        results.append(await ctx.run_task(steps, kwargs={"n": 1}, on_progress=on_progress))
        results.append(await ctx.run_task(add, args=[13], kwargs={"y": 7}))
        synced: list[Any] = []
        await ctx.run_task(steps, args=[2], on_progress=synced.append)
        results.append(len(synced))
        try:
            await ctx.run_task(fails)
        except MineError as error:
            results.append(repr(error))

    shown = show(page_of(Button("go", onclick=go())))
    press(shown, "go")
    assert results == ["result", 20, 5, "MineError('mine')"]
    assert seen[:4] == [f"{20 * i} Track1 step {i}__1" for i in range(1, 5)]
    last = updates[-1]
    assert (last.fake, last.progress_end, last.estimated_time, last.message) == (
        True,
        90.0,
        5000,
        "guess__x",
    )
    assert len({each.task_id for each in updates}) == 1
    assert [m.level for m in shown.messages(Toast)] == ["warning"]


@pytest.mark.slow
def test_cancelling_an_action_ends_its_task(show: Show, tmp_path: Any) -> None:
    began, ended = tmp_path / "began", tmp_path / "ended"

    def long() -> None:
        import time

        began.touch()
        try:
            time.sleep(600)
        except KeyboardInterrupt:
            ended.touch()
            raise

    @action
    async def go(ctx: ActionCtx) -> None:
        await ctx.run_task(long)

    button = Button("go", onclick=go())
    shown = show(page_of(button))
    shown.fire(button)
    shown.until(Started)
    while not began.exists():
        threading.Event().wait(0.01)
    shown.on_loop(lambda: shown.engine.cancel(shown.session, 1))
    shown.engine.wait_idle()
    assert ended.exists()
    assert shown.story(Failed) == ["failed 1"]


def test_every_press_counts_and_they_are_done_in_order(show: Show, gate: Callable[[], Any]) -> None:
    gates, done = [gate(), gate(), gate()], Variable([])

    @action
    async def add(ctx: ActionCtx, so_far: list[int]) -> None:
        await gates[len(so_far)].pass_through()
        await ctx.update(done, [*so_far, len(so_far)])

    adding = add(done)
    button = Button("add", onclick=adding)
    shown = show(page_of(button))
    for _ in gates:
        shown.fire(button)
    for each in gates:
        each.reached()
        assert adding.loading.value is True
        each.open()
    shown.engine.wait_idle()
    assert done.value == [0, 1, 2]
    assert adding.loading.value is False


def test_a_button_may_be_off_while_its_action_goes_on(show: Show, gate: Callable[[], Any]) -> None:
    held = gate()

    @action
    async def save(ctx: ActionCtx) -> None:
        await held.pass_through()

    saving = save()
    button = Button("save", onclick=saving, interactive=saving.loading == False)  # noqa: E712
    shown = show(page_of(button))
    shown.fire(button)
    held.reached()
    shown.page.wait_for(lambda _: shown.props(button).get("interactive") is False)
    held.open()
    shown.page.wait_for(lambda _: shown.props(button).get("interactive", True) is True)


def test_of_what_is_typed_meanwhile_the_last_is_taken(show: Show, gate: Callable[[], Any]) -> None:
    held, seen = gate(), []

    @action
    async def note(ctx: ActionCtx) -> None:
        seen.append(ctx.input)
        await held.pass_through()

    box = gr.Textbox("", onchange=note(), render=False)
    shown = show(page_of(Stack(box)))
    shown.set(box, "a")
    held.reached()
    for text in ("ab", "abc", "abcd"):
        shown.set(box, text)
    held.open()
    shown.engine.wait_idle()
    assert seen == ["a", "abcd"]
