"""Variables that stand for props, parts that follow them, and actions, in sessions."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

import ipyblocks as gr
from ipyblocks.app import page_of
from ipyblocks.errors import NotAvailableError
from ipyblocks.protocol import Done, Failed, Progress, Queued, Started, Toast
from ipyblocks.reactive import (
    ActionCtx,
    Button,
    DerivedVariable,
    Fallback,
    For,
    If,
    Match,
    ProgressTracker,
    ProgressUpdater,
    Stack,
    TaskProgressUpdate,
    Text,
    Variable,
    action,
    config,
    py_component,
    track_progress,
)
from ipyblocks.runtime import snapshot
from ipyblocks.runtime.evaluator import evaluator

Show = Callable[..., Any]


@pytest.fixture(autouse=True)
def nothing_looked_at(no_leftovers: None) -> Any:
    yield
    assert evaluator._users == 0
    assert not evaluator.runs


def reloaded(shown: Any) -> Any:
    """The welcome that a page gets which comes now."""
    return shown.on_loop(lambda: snapshot.welcome(shown.session, None, 0, secret=True))


def drawn(shown: Any) -> Any:
    """What a page that comes now draws: values of texts and fields, as nested lists."""
    nodes = {node.id: node for node in reloaded(shown).nodes}

    def of(node: Any) -> Any:
        if node.children is msgspec.UNSET:
            return node.props.get("value", "")
        return [of(nodes[child]) for child in node.children]

    return of(nodes[0])


def settle(shown: Any) -> Any:
    shown.engine.wait_idle()
    return drawn(shown)


# --- values ---------------------------------------------------------------------------------------


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


# --- calls as tasks -------------------------------------------------------------------------------


def test_a_call_is_a_task_where_it_is_waited_for(show: Show, gate: Callable[[], Any]) -> None:
    held, x = gate(), Variable(1)

    @track_progress
    async def slow(v: int, updater: ProgressUpdater) -> int:
        updater.send_update(40, "Step 2")
        await held.pass_through()
        return v

    d = DerivedVariable(slow, [x])
    shown = show(page_of(Stack(Text(d, track_progress=True), Text(d))))
    held.reached()
    [told] = [m for m in shown.until(Progress, 2) if m.units][:1]
    assert (told.units[0].progress, told.units[0].desc) == (0.4, "Step 2")
    kinds = {m.show_progress: m.nodes for m in shown.messages(Started)}
    assert {kind: len(nodes) for kind, nodes in kinds.items()} == {"full": 1, "minimal": 1}
    assert [m.name for m in shown.messages(Started)] == ["slow", "slow"]
    held.open()
    assert settle(shown) == [["1", "1"]]
    assert shown.story(Done) == ["done 1", "done 2"]


def test_what_a_quick_function_says_before_it_is_slow_is_told(
    show: Show, gate: Callable[[], Any]
) -> None:
    first, second = gate(), gate()

    @track_progress
    def slow(updater: ProgressUpdater) -> str:
        updater.send_update(30, "Beginning")
        first.wait()
        updater.send_update(60, "Going on")
        second.wait()
        return "done"

    shown = show(page_of(Text(DerivedVariable(slow, []), track_progress=True)))
    first.reached()
    told = shown.until(Progress)[-1].units[0]
    assert (told.progress, told.desc) == (0.3, "Beginning")
    first.open()
    second.reached()
    told = shown.until(Progress, 2)[-1].units[0]
    assert (told.progress, told.desc) == (0.6, "Going on")
    second.open()
    assert settle(shown) == ["done"]


def test_a_reload_and_a_second_cell_see_the_same_call(show: Show, gate: Callable[[], Any]) -> None:
    held, calls = gate(), []

    @track_progress
    async def slow(updater: ProgressUpdater) -> str:
        calls.append(1)
        updater.fake_progress(80, "Guessing", estimated_time=60_000)
        await held.pass_through()
        return "done"

    d = DerivedVariable(slow, [])
    page = page_of(Text(d, track_progress=True))
    shown = show(page)
    held.reached()
    shown.until(Progress)
    other = show(page_of(Text(d, track_progress=True)))
    assert [each.name for each in other.until(Started)] == ["slow"]
    [task] = reloaded(shown).tasks
    assert task.name == "slow"
    assert (task.fake.end, task.fake.estimated_ms, task.units[0].desc) == (0.8, 60_000, "Guessing")
    held.open()
    assert settle(shown) == settle(other) == ["done"]
    assert calls == [1]


def test_cancel_counts_those_who_wait(show: Show, gate: Callable[[], Any]) -> None:
    held, later, ended = gate(), gate(), threading.Event()

    async def slow() -> str:
        try:
            await (later if ended.is_set() else held).pass_through()
        finally:
            ended.set()
        return "done"

    d = DerivedVariable(slow, [])
    first, second = show(page_of(Text(d))), show(page_of(Text(d)))
    held.reached()
    for each in (first, second):
        each.until(Started)
    first.on_loop(lambda: first.engine.cancel(first.session, 1))
    first.until(Failed)
    assert not ended.is_set()
    second.on_loop(lambda: second.engine.cancel(second.session, 1))
    [cancelled] = second.until(Failed)
    assert (cancelled.code, cancelled.retry) == ("cancelled", True)
    second.engine.wait_idle()
    assert ended.is_set()
    assert drawn(second) == [""]
    # "Try again" at either page computes it for both.
    later.open()
    second.on_loop(lambda: second.session.failures.retry(1))
    assert settle(second) == settle(first) == ["done"]


def test_a_closed_app_cancels_what_nobody_else_waits_for(
    show: Show, gate: Callable[[], Any]
) -> None:
    held, ended = gate(), threading.Event()

    async def slow() -> None:
        try:
            await held.pass_through()
        finally:
            ended.set()

    shown = show(page_of(Text(DerivedVariable(slow, []))))
    held.reached()
    shown.engine.close_all()
    assert ended.wait(30)


def test_a_failure_is_shown_and_can_be_tried_again(show: Show) -> None:
    broken = True

    def works(v: int) -> int:
        if broken:
            raise ValueError("not yet")
        return v

    d = DerivedVariable(works, [Variable(1)])
    shown = show(page_of(Stack(Text(d), Text(DerivedVariable(lambda v: -v, [d])))))
    shown.engine.wait_idle()
    failed = shown.messages(Failed)
    assert {(m.message, m.retry) for m in failed} == {("ValueError: not yet", True)}
    assert "test_reactive" in failed[0].detail
    assert {failure.message for failure in reloaded(shown).failures} == {"ValueError: not yet"}
    broken = False
    shown.on_loop(lambda: shown.session.failures.retry(failed[-1].task))
    assert settle(shown) == [["1", "-1"]]
    assert reloaded(shown).failures is msgspec.UNSET


def test_prints_of_a_variable_go_to_the_log(show: Show) -> None:
    def prints(v: int) -> int:
        print("computing", v)
        return v

    shown = show(page_of(Text(DerivedVariable(prints, [Variable(1)]))))
    shown.engine.wait_idle()
    [entry] = reloaded(shown).log
    assert (entry.name, entry.text) == ("prints", "computing 1\n")


@pytest.mark.slow
def test_tasks_wait_for_a_worker_and_say_so(
    show: Show, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("DARA_POOL_MAX_WORKERS", "1")
    go = tmp_path / "go"

    def waits(v: int) -> int:
        import time

        while not go.exists():
            time.sleep(0.01)
        return v

    first = DerivedVariable(waits, [Variable(1)], run_as_task=True)
    second = DerivedVariable(waits, [Variable(2)], run_as_task=True)
    shown = show(page_of(Stack(Text(first), Text(second))))
    [queued] = shown.until(Queued)
    assert queued.position == 0
    go.touch()
    assert settle(shown) == [["1", "2"]]


# --- parts ----------------------------------------------------------------------------------------


def test_if_and_match(show: Show) -> None:
    x = Variable(1)
    page = page_of(
        Stack(
            If(x == 1, "one", Stack("other", x)),
            Match(x, {1: "eins", "2": None, 3: Button("drei")}, "viele"),
            If(True, "always"),
        )
    )
    shown = show(page)
    assert settle(shown) == [[["one"], ["eins"], ["always"]]]
    x.value = 2
    assert settle(shown) == [[[["other", "2"]], [], ["always"]]]
    x.value = 3
    assert settle(shown) == [[[["other", "3"]], ["drei"], ["always"]]]
    x.value = 1
    assert settle(shown) == [[["one"], ["eins"], ["always"]]]
    other = show(page_of(Text("x")))
    del other
    assert settle(show(page)) == [[["one"], ["eins"], ["always"]]]


def test_what_is_not_shown_is_not_computed(show: Show) -> None:
    x, calls = Variable(False), []
    d = DerivedVariable(lambda: calls.append(1) or "computed", [])
    shown = show(page_of(If(x, Text(d))))
    assert settle(shown) == [[]]
    assert calls == []
    x.value = True
    assert settle(shown) == [["computed"]]
    x.value = False
    shown.engine.wait_idle()
    d.again()
    shown.engine.wait_idle()
    assert calls == [1]


def test_parts_inside_of_a_with_are_where_they_were_written(show: Show) -> None:
    x = Variable(1)
    with gr.Blocks() as demo:
        gr.Markdown("first")
        with gr.Row():
            If(x == 1, gr.Textbox("a", container=False), gr.Textbox("b", container=False))
            gr.Markdown("middle")
    shown = show(demo)
    assert settle(shown) == ["first", [["a"], "middle"]]
    x.value = 2
    assert settle(shown) == ["first", [["b"], "middle"]]


def test_for_follows_its_list(show: Show) -> None:
    items = Variable([{"id": "a", "n": 1}, {"id": "b", "n": 2}])
    item = items.list_item
    picked = Variable(None)
    row = Stack(
        Text(item["n"]),
        Text(item.index),
        If(item.is_last, "last", "more"),
        Button("Pick", onclick=picked.update(item["id"])),
    )
    shown = show(page_of(For(items, row, placeholder="none", key_accessor="id")))
    first = [[["1", "0", ["more"], "Pick"]], [["2", "1", ["last"], "Pick"]]]
    assert settle(shown) == [first]
    items.value = []
    assert settle(shown) == [["none"]]
    items.value = [{"id": "b", "n": 5}]
    assert settle(shown) == [[[["5", "0", ["last"], "Pick"]]]]
    button = next(node for node, block in shown.session.scene.blocks() if isinstance(block, Button))
    shown.page.fire(button, "click")
    shown.engine.wait_idle()
    assert picked.value == "b"


def test_rows_with_the_same_key_stay_the_same_elements(show: Show) -> None:
    items = Variable(["a", "b", "c"])
    loop = For(items, Text(items.list_item), key_accessor=lambda each: each)
    shown = show(page_of(loop))

    def numbers() -> dict[str, int]:
        scene = shown.session.scene
        texts = [(n, b) for n, b in shown.on_loop(scene.blocks) if isinstance(b, Text)]
        return {block.value: node for node, block in texts}

    shown.engine.wait_idle()
    before = numbers()
    items.value = ["c", "a", "d"]
    shown.engine.wait_idle()
    after = numbers()
    assert (after["a"], after["c"]) == (before["a"], before["c"])
    assert "b" not in after


def test_of_a_long_list_what_the_page_wants_is_there(show: Show) -> None:
    items = Variable(list(range(10_000)))
    loop = For(items, lambda each: Text(each * 10))
    shown = show(page_of(loop))
    shown.engine.wait_idle()
    assert shown.props(loop)["count"] == 10_000
    assert len(drawn(shown)[0]) < 100
    shown.set(loop, window=[5000, 5003])
    assert settle(shown) == [[["50000"], ["50010"], ["50020"]]]
    items.value = list(range(5002))
    assert settle(shown) == [[["50000"], ["50010"]]]
    items.value = [7]
    assert settle(shown) == [[["70"]]]


def test_for_refuses_what_cannot_be_drawn() -> None:
    @py_component
    def inner(v: int) -> str:
        return str(v)

    items = Variable([1])
    with pytest.raises(ValueError, match="'inner' is a py_component"):
        For(items, Stack(inner(items.list_item)))
    with pytest.raises(ValueError, match="give height and item_height"):
        For(items, Text("x"), virtualization={"rows": 3})
    with pytest.raises(TypeError, match="key_accessor"):
        For(items, Text("x"), key_accessor=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="when must be a dict"):
        Match(items, [1])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="has a value only in what"):
        _ = items.list_item["a"].value


def test_py_component_shows_what_it_returns(show: Show, gate: Callable[[], Any]) -> None:
    x, held, calls = Variable(1), gate(), []

    async def late(v: int) -> int:
        await held.pass_through()
        return v

    @py_component(fallback="nothing yet")
    def table(v: int, *, title: str) -> Any:
        calls.append(v)
        gr.Markdown("not returned, not shown")
        return None if v == 3 else Stack(title, Text(v))

    shown = show(page_of(table(DerivedVariable(late, [x]), title="Result")))
    held.reached()
    assert drawn(shown) == [["nothing yet"]]
    held.open()
    assert settle(shown) == [[["Result", "1"]]]
    x.value = 2
    assert settle(shown) == [[["Result", "2"]]]
    x.value = 3
    assert settle(shown) == [[]]
    assert calls == [1, 2, 3]


def test_py_component_misused() -> None:
    @py_component
    def one(v: int) -> str:
        return str(v)

    with pytest.raises(TypeError, match="missing a required argument"):
        one()
    with pytest.raises(ValueError, match="cannot be an argument of a py_component"):
        one(DerivedVariable(lambda: 1, []).is_loading)
    with pytest.raises(ValueError, match="polling_interval is -3"):
        py_component(polling_interval=-3)(lambda: "x")()


def test_a_polled_py_component_is_called_again(show: Show) -> None:
    calls: list[int] = []

    @py_component(polling_interval=0.01)
    def now() -> str:
        calls.append(1)
        return f"call {len(calls)}"

    shown = show(page_of(now()))
    shown.page.wait_for(lambda _: len(calls) >= 3)
    shown.engine.close_all()


def test_fallbacks_and_trackers(show: Show, gate: Callable[[], Any]) -> None:
    held = gate()

    async def late() -> int:
        await held.pass_through()
        return 1

    d = DerivedVariable(late, [])

    @py_component(placeholder=ProgressTracker)
    def tracked(v: int) -> str:
        return str(v)

    @py_component(fallback=Fallback.Custom(Text("soon")))
    def custom(v: int) -> str:
        return str(v)

    shown = show(page_of(Stack(tracked(d), custom(d), ProgressTracker(d))))
    held.reached()
    assert drawn(shown) == [[[""], ["soon"], []]]
    full = [m for m in shown.until(Started, 2) if m.show_progress == "full"]
    assert len(full[0].nodes) == 2
    held.open()
    assert settle(shown) == [[["1"], ["1"], [""]]]


# --- actions --------------------------------------------------------------------------------------


def press(shown: Any, caption: str) -> None:
    blocks = shown.on_loop(shown.session.scene.blocks)
    node = next(n for n, b in blocks if isinstance(b, Button) and b.value == caption)
    shown.page.fire(node, "click")
    shown.engine.wait_idle()


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


# --- pages ----------------------------------------------------------------------------------------


def test_a_page_needs_a_notebook() -> None:
    with pytest.raises(NotAvailableError, match="no notebook"):
        config.add_page("Name", content=Stack("x"))
    config.pages.pop("Name").close()
    with pytest.raises(NotAvailableError, match=r"add_page\(icon, route=…\)"):
        config.add_page("Name", content="x", icon="home", route="/")


@pytest.mark.slow
def test_workers_import_the_task_module(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tasks_of_a_test.py").write_text("def double(v):\n    return 2 * v\n")
    monkeypatch.syspath_prepend(tmp_path)

    def knows() -> bool:
        import sys

        return "tasks_of_a_test" in sys.modules

    try:
        config.task_module = "tasks_of_a_test"
        assert DerivedVariable(knows, [], run_as_task=True).value is True
        from tasks_of_a_test import double  # type: ignore[import-not-found]

        assert DerivedVariable(double, [Variable(2)], run_as_task=True).value == 4
    finally:
        config.task_module = None
    with pytest.raises(ModuleNotFoundError):
        config.task_module = "no_such_module"
    with pytest.raises(TypeError, match="list of module names"):
        gr.configure_tasks(preload="one")


def test_a_block_alone_becomes_an_app() -> None:
    with gr.Blocks() as demo:
        inside = gr.Textbox()
    assert inside._repr_mimebundle_() is None
    assert demo.id_of(inside) is not None


def test_an_async_py_component(show: Show) -> None:
    @py_component
    async def late(v: int) -> str:
        await asyncio.sleep(0)
        return f"late {v}"

    assert settle(show(page_of(late(Variable(1))))) == [["late 1"]]


def test_a_condition_may_mix_items_of_both_lists(show: Show) -> None:
    rows = Variable([{"wanted": 2, "cells": [1, 2, 3]}, {"wanted": 3, "cells": [3]}])
    row = rows.list_item
    cells = row["cells"]
    chosen = If(cells.list_item == row["wanted"], Text("chosen"), Text(cells.list_item))
    shown = show(page_of(For(rows, Stack(For(cells, chosen)))))
    assert texts(settle(shown)) == ["1", "chosen", "3", "chosen"]
    rows.value = [{"wanted": 1, "cells": [1, 2]}]
    assert texts(settle(shown)) == ["chosen", "2"]


def texts(drawn: Any) -> list[str]:
    """What is drawn, however deep."""
    return [drawn] if isinstance(drawn, str) else [text for each in drawn for text in texts(each)]
