"""What could go on for ever: changes that lead to each other, floods, apps that close
themselves.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Closed, Done, Event, Failed, NodeId, Queued, Toast
from ipyblocks.runtime import session as sessions
from ipyblocks.runtime import trail
from ipyblocks.runtime.trail import MOST_ROUNDS as MOST_CHANGES
from ipyblocks.runtime.trail import MOST_RUNS

from .conftest import LIMIT

# --- changes that lead to each other ------------------------------------------------------------


def more(text: str) -> str:
    return str(int(text or 0) + 1)


async def more_async(text: str) -> str:
    return more(text)


def more_steps(text: str) -> Any:
    yield more(text)


@pytest.mark.parametrize("fn", [more, more_async, more_steps])
@pytest.mark.parametrize("mode", [None, "multiple", "once"])
def test_two_that_change_each_other_are_stopped_and_named(fn: Any, mode: Any, show: Any) -> None:
    with gr.Blocks() as demo:
        a, b = gr.Textbox("0", label="A"), gr.Textbox("0", label="B")
        a.change(fn, a, b, trigger_mode=mode)
        b.change(fn, b, a, trigger_mode=mode)
    shown = show(demo)
    shown.set(a, "1")
    shown.page.idle()
    (toast,) = shown.messages(Toast)
    assert (toast.level, toast.title, toast.duration) == ("error", "Endless changes", None)
    assert "Textbox 'A' and Textbox 'B' changed again and again" in toast.message
    assert len(shown.messages(Done)) == MOST_CHANGES + 1
    # Not for good: what a person does starts anew, and ends again.
    shown.set(a, "0")
    shown.page.idle()
    assert shown.engine.queue.statistics() == (0, 0, 0)
    assert shown.on_loop(lambda: shown.session.deferred) == {}


def test_one_that_changes_itself_is_stopped(show: Any) -> None:
    with gr.Blocks() as demo:
        a = gr.Textbox("0", label="A")
        a.change(more, a, a)
    shown = show(demo)
    shown.set(a, "1")
    shown.page.idle()
    (toast,) = shown.messages(Toast)
    assert toast.message.startswith("Textbox 'A' changed again and again")
    assert f"after {MOST_CHANGES} rounds" in toast.message


@pytest.mark.parametrize("kind", ["threads", "at once", "chain"])
def test_a_circle_that_branches_is_stopped_before_it_has_spread(
    kind: str, show: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two listeners each: a thousand times as many runs with every tenth round."""
    most = 100
    monkeypatch.setattr(trail, "MOST_RUNS", most)
    numbers = itertools.count(1)

    async def anew(_: str) -> str:
        return str(next(numbers))

    def anew_in_thread(_: str) -> str:
        return str(next(numbers))

    with gr.Blocks() as demo:
        a, b = gr.Textbox("0", label="A"), gr.Textbox("0", label="B")
        for here, there in ((a, b), (b, a), (a, b), (b, a)):
            if kind == "threads":
                here.change(
                    anew_in_thread, here, there, trigger_mode="multiple", concurrency_limit=None
                )
            elif kind == "at once":
                here.change(anew, here, there, trigger_mode="multiple", queue=False)
            else:
                here.change(lambda: None, trigger_mode="multiple").then(anew, here, there)
    shown = show(demo)
    shown.set(a, "1")
    shown.page.idle()
    assert shown.value(a) != "0"
    assert next(numbers) < 10 * most
    toasts = shown.messages(Toast)
    assert toasts
    assert all(f"after {most} runs" in each.message for each in toasts)
    # one for each way on which the first circle closes
    assert len(toasts) <= 8
    assert shown.on_loop(shown.engine.queue.statistics) == (0, 0, 0)


def test_short_circles_at_every_step_of_a_long_stream_are_left_alone(show: Any) -> None:
    steps = 2 * MOST_RUNS
    settled: list[int] = []

    def stream() -> Any:
        yield from map(str, range(steps))

    def pass_on(text: str) -> Any:
        if text != "settled":
            return text
        settled.append(1)
        return gr.skip()

    with gr.Blocks() as demo:
        button, first, a, b = gr.Button(), gr.Textbox(), gr.Textbox(), gr.Textbox()
        button.click(lambda: "go", None, first)
        first.change(stream, None, a)
        a.change(pass_on, a, b, trigger_mode="multiple")
        b.change(lambda: "settled", None, a, trigger_mode="multiple")
    shown = show(demo).run(button)
    assert len(settled) > 0
    assert shown.value(a) == "settled"
    assert shown.messages(Toast) == []


def test_a_circle_through_a_chain_and_a_state_is_stopped(show: Any) -> None:
    with gr.Blocks() as demo:
        a, state = gr.Textbox("0", label="A"), gr.State(0)
        a.change(lambda: None).then(lambda n: n + 1, state, state)
        state.change(more, a, a)
    shown = show(demo)
    shown.set(a, "1")
    shown.page.idle()
    (toast,) = shown.messages(Toast)
    assert "Textbox 'A'" in toast.message
    assert "State" in toast.message


def test_changes_that_come_to_an_end_are_left_alone(show: Any) -> None:
    """Each sets the next, which is no circle however long it is; nor is a value that settles."""
    with gr.Blocks() as demo:
        row = [gr.Textbox() for _ in range(40)]
        for here, there in itertools.pairwise(row):
            here.change(lambda text: text + "x", here, there)
        c, f = gr.Number(0), gr.Number(32)
        c.change(lambda x: round(x * 9 / 5 + 32), c, f)
        f.change(lambda x: round((x - 32) * 5 / 9), f, c)
    shown = show(demo)
    shown.set(row[0], "")
    shown.set(c, 100)
    shown.page.idle()
    shown.set(row[0], "a")
    shown.page.idle()
    assert shown.value(row[-1]) == "a" + "x" * 39
    assert (shown.value(c), shown.value(f)) == (100, 212)
    assert shown.messages(Toast) == []


def test_a_long_stream_is_no_circle(show: Any) -> None:
    def steps() -> Any:
        for i in range(3 * MOST_CHANGES):
            yield str(i)

    with gr.Blocks() as demo:
        a, b, button = gr.Textbox(), gr.Textbox(), gr.Button()
        button.click(steps, None, a)
        a.change(lambda text: text, a, b)
    shown = show(demo).run(button)
    shown.page.idle()
    assert shown.value(b) == str(3 * MOST_CHANGES - 1)
    assert shown.messages(Toast) == []


# --- apps that close themselves -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sync", "async", "generator", "async generator"])
def test_a_function_may_close_its_own_app(kind: str, gate: Any) -> None:
    from ipyblocks.transport.loopback import LoopbackPage

    went_on = threading.Event()

    def work() -> None:
        demo.close()
        went_on.set()

    async def async_work() -> None:
        demo.close()
        went_on.set()
        await asyncio.sleep(0)

    def steps() -> Any:
        yield
        work()
        yield

    async def async_steps() -> Any:
        yield
        work()
        yield

    fns = {"sync": work, "async": async_work, "generator": steps, "async generator": async_steps}
    with gr.Blocks() as demo:
        out, button = gr.Textbox(), gr.Button()
        button.click(fns[kind], None, out if "generator" in kind else None)
        waiting = gr.Button()
        waiting.click(fns[kind], None, None)
    page = LoopbackPage(demo.running_engine())
    page.hello()
    node = next(n for n, block in demo.blocks.items() if block is button)
    page.fire(node, "click")
    page.fire(node + 1, "click")
    page.wait_for(lambda m: isinstance(m, Closed))
    assert went_on.wait(LIMIT)
    assert not demo.is_running


def test_two_apps_whose_functions_close_each_other(gate: Any) -> None:
    from ipyblocks.transport.loopback import LoopbackPage

    both = threading.Barrier(2)
    apps: list[gr.Blocks] = []
    ended = threading.Semaphore(0)

    def work(other: int) -> None:
        both.wait(LIMIT)
        apps[other].close()
        ended.release()

    pages = []
    for other in (1, 0):
        with gr.Blocks() as demo:
            button = gr.Button()
            button.click(lambda other=other: work(other))
        apps.append(demo)
        pages.append(LoopbackPage(demo.running_engine()))
        pages[-1].hello()
    for page in pages:
        page.fire(1, "click")
    for _ in pages:
        assert ended.acquire(timeout=LIMIT)


def test_a_generator_that_never_ends_ends_with_its_app(show: Any, gate: Any) -> None:
    seen: list[str] = []
    ended = threading.Event()

    def steps() -> Any:
        try:
            while True:
                yield "again"
        except GeneratorExit:
            seen.append("closed")
            raise
        finally:
            print("the end")
            ended.set()

    with gr.Blocks() as demo:
        out, button = gr.Textbox(), gr.Button()
        button.click(steps, None, out)
    shown = show(demo).fire(button)
    shown.page.wait_for(lambda m: type(m).__name__ == "Patch")
    shown.engine.close_all()
    assert ended.wait(LIMIT)
    assert seen == ["closed"]


# --- floods -------------------------------------------------------------------------------------

CLICKS = 10_000


def flood(shown: Any, button: Any, count: int = CLICKS) -> None:
    """So many clicks, in frames of a hundred, and the loop has looked at all of them."""
    press = Event(seq=0, node=NodeId(shown.id(button)), name="click", data=None)
    for _ in range(count // 100):
        shown.page.send(*[press] * 100)
    shown.on_loop(lambda: None)


def waiting_app(gate: Any, **options: Any) -> Any:
    go_on = gate()

    def work() -> None:
        go_on.wait()

    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(work, **options)
    return demo, button, go_on


@pytest.mark.parametrize("mode", ["once", "always_last"])
def test_a_flood_of_clicks_is_one_run_or_two(mode: Any, show: Any, gate: Any) -> None:
    demo, button, go_on = waiting_app(gate, trigger_mode=mode)
    shown = show(demo).fire(button)
    go_on.reached()
    flood(shown, button)
    assert shown.on_loop(lambda: len(shown.session.tasks)) == 1
    go_on.open()
    shown.page.idle()
    assert len(shown.messages(Done)) == (1 if mode == "once" else 2)


def test_a_full_queue_refuses_a_flood_with_one_toast(
    show: Any, gate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "BUSY_AGAIN", 3600.0)  # for which a flood may take
    demo, button, go_on = waiting_app(gate, trigger_mode="multiple")
    shown = show(demo, max_size=5).fire(button)
    go_on.reached()
    flood(shown, button)
    assert shown.on_loop(lambda: len(shown.session.tasks)) == 6
    assert shown.engine.queue.statistics() == (5, 1, 1)
    shown.engine.thread.run(shown.session.settle()).result()
    (toast,) = shown.messages(Toast)
    assert (toast.title, toast.level) == ("Busy", "error")
    assert "5 of 5 places are taken" in toast.message
    assert len(shown.messages(Failed)) == CLICKS - 5
    go_on.open()
    shown.page.idle()
    assert len(shown.messages(Done)) == 6
    assert shown.engine.queue.statistics() == (0, 0, 0)


def test_a_flood_that_is_let_in_waits_and_the_loop_answers(show: Any, gate: Any) -> None:
    demo, button, go_on = waiting_app(gate, trigger_mode="multiple")
    shown = show(demo).fire(button)
    go_on.reached()
    flood(shown, button)
    assert shown.engine.queue.statistics() == (CLICKS, 1, 1)
    # Only those near the front are told of, however many wait.
    assert len({m.task for m in shown.messages(Queued)}) <= 100
    # A page that comes gets all of it, at once.
    shown.page.messages.clear()
    welcome = shown.page.hello()
    assert len(welcome.tasks) == CLICKS + 1
    assert [t.position for t in welcome.tasks[1:4]] == [0, 1, 2]
    other = show(beside=shown)
    assert other.welcome.tasks == []
    # The end of the session lets go of everything.
    shown.page.close()
    assert shown.engine.queue.statistics() == (0, 1, 1)
    go_on.open()
    other.page.idle()
    assert other.on_loop(lambda: len(shown.session.tasks)) in (0, 1)
