"""What must work where there are no threads: every ``async def`` here that takes nothing.

Run in Pyodide by ``pyodide.test.ts``, and by ``test/python/test_no_threads.py`` in a Python that is
not allowed to start any.
"""

from __future__ import annotations

import asyncio
import glob
import inspect
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from support import LIMIT, app, come, refused, shown, until

import ipyblocks as gr
from ipyblocks import reactive
from ipyblocks.app import NotAvailableError
from ipyblocks.protocol import Failed, Log, Progress, Started, Toast
from ipyblocks.runtime import loop as loops
from ipyblocks.runtime.backends.inline import Inline, has_threads

# --- functions ----------------------------------------------------------------------------------


async def there_are_no_threads() -> None:
    assert not has_threads()


async def a_click_is_answered() -> None:
    with gr.Blocks() as demo:
        name, out, button = gr.Textbox(), gr.Textbox(), gr.Button()
        button.click(lambda text: f"Hello, {text}!", name, out)
    with shown(demo) as at:
        at.page.set(demo.id_of(name), value="Ada")
        await at.run(button)
        assert at.value(out) == "Hello, Ada!"


async def a_page_knows_of_a_run_before_it_holds_up_everything() -> None:
    known = []
    with gr.Blocks() as demo:
        clock = gr.Timer(0.001)
        # Nothing comes from the page, whose answer would take the news with it.
        clock.tick(
            lambda: known.append(len(at.seen(Started))) or gr.Timer(active=False), None, clock
        )
    with shown(demo) as at:
        await come(lambda: known)
        await at.idle()
        assert known[0] == 1


async def calls_are_made_in_order_and_never_at_once() -> None:
    made: list[Any] = []
    pool = Inline()
    calls = [pool.submit(made.append, number) for number in range(4)]
    assert made == []
    assert calls[1].cancel()
    pool.shutdown()
    with refused(RuntimeError, "after shutdown"):
        pool.submit(made.append, "late")
    await asyncio.wrap_future(calls[-1])
    assert made == [0, 2, 3]


async def an_error_is_told() -> None:
    def fail() -> None:
        raise ValueError("no such thing")

    demo, button, _ = app(fail)
    with shown(demo) as at:
        await at.run(button)
        assert "no such thing" in at.seen(Failed)[0].message


async def what_is_printed_is_the_runs_own() -> None:
    demo, button, _ = app(lambda: print("hear, hear"))
    with shown(demo) as at:
        await at.run(button)
        assert [entry.text for log in at.seen(Log) for entry in log.entries] == ["hear, hear\n"]


async def every_value_of_a_generator_is_seen_before_the_next_step() -> None:
    seen = []

    def count() -> Iterator[str]:
        for number in "123":
            yield number
            seen.append(at.value(out))

    demo, button, out = app(count)
    with shown(demo) as at:
        await at.run(button)
        assert seen == ["1", "2", "3"]


async def async_functions_take_turns() -> None:
    other = asyncio.Event()

    async def first() -> str:
        await other.wait()
        return "first"

    async def second() -> None:
        other.set()

    with gr.Blocks() as demo:
        out, one, two = gr.Textbox(), gr.Button(), gr.Button()
        one.click(first, None, out)
        two.click(second, None, None)
    with shown(demo) as at:
        at.click(one)
        await at.run(two)
        assert at.value(out) == "first"


async def a_generator_is_cancelled_between_its_steps() -> None:
    steps = []

    def count() -> Iterator[str]:
        try:
            for number in range(1_000_000):
                steps.append(number)
                yield str(number)
        finally:
            steps.append("closed")

    with gr.Blocks() as demo:
        out, start, stop = gr.Textbox(), gr.Button(), gr.Button()
        running = start.click(count, None, out)
        stop.click(None, None, None, cancels=running)
    with shown(demo) as at:
        at.click(start)
        await come(lambda: at.value(out))
        await at.run(stop)
        assert steps[-1] == "closed"
        assert len(steps) < 1_000_000
        assert at.seen(Failed)[0].code == "cancelled"


async def a_batch_and_a_rendered_part() -> None:
    with gr.Blocks() as demo:
        text, out, button = gr.Textbox("ab"), gr.Textbox(), gr.Button()
        button.click(lambda texts: [[t.upper() for t in texts]], text, out, batch=True)

        @gr.render(inputs=text, triggers=[button.click])
        def part(value: str) -> None:
            gr.Markdown(value)
            parts.append(value)

    parts: list[str] = []
    with shown(demo) as at:
        await at.run(button)
        assert (at.value(out), parts) == ("AB", ["ab"])


# --- progress -----------------------------------------------------------------------------------


async def progress_of_a_generator() -> None:
    told = []

    def work(progress: gr.Progress = gr.Progress()) -> Iterator[str]:  # noqa: B008 - Gradio's form
        for index in range(3):
            progress((index, 3), desc="Working")
            yield str(index)
            told.append([each.units[0].index for each in at.seen(Progress)])

    demo, button, _ = app(work)
    with shown(demo) as at:
        await at.run(button)
        assert told[-1], "nothing was told between the steps"
        assert told[-1] == sorted(set(told[-1]))
        assert at.seen(Progress)[0].units[0].desc == "Working"


async def progress_while_a_function_keeps_the_loop() -> None:
    told = []

    def work(progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008
        index = 0
        for _ in until(lambda: len(at.seen(Progress)) >= 3):
            progress((index := index + 1, None), desc="Working")
            told.append(len(at.seen(Progress)))
        return "done"

    demo, button, out = app(work)
    with shown(demo) as at:
        await at.run(button)
        assert told[0] == 1, "the first report was not told at once"
        assert len(told) > 3, "every report was told"
        assert at.value(out) == "done"


async def text_while_a_function_keeps_the_loop() -> None:
    def work() -> None:
        print("begun")
        for _ in until(lambda: at.seen(Log)):
            print("more")
        gr.Info("Half way")
        for _ in until(lambda: at.seen(Toast)):
            print("more")

    demo, button, _ = app(work)
    with shown(demo) as at:
        await at.run(button)
        assert at.seen(Log)[0].entries[0].text.startswith("begun")
        assert at.seen(Toast)[0].message == "Half way"


async def progress_of_an_async_function() -> None:
    async def work(progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008
        progress.fake(0.8, "Thinking", 5)
        await come(lambda: at.seen(Progress))
        return "done"

    demo, button, out = app(work)
    with shown(demo) as at:
        await at.run(button)
        assert at.value(out) == "done"
        fake = at.seen(Progress)[0].fake
        assert (fake.end, fake.estimated_ms) == (0.8, 5000)


# --- tasks --------------------------------------------------------------------------------------


async def a_task_runs_here() -> None:
    demo, button, out = app(lambda: str(os.getpid()), run_as_task=True)
    with shown(demo) as at:
        await at.run(button)
        assert at.value(out) == str(os.getpid())


async def a_task_that_is_a_generator_or_async() -> None:
    seen = []

    def count() -> Iterator[str]:
        for number in "12":
            yield number
            seen.append(at.value(out))

    async def late() -> str:
        await asyncio.sleep(0)
        return "late"

    with gr.Blocks() as demo:
        out, one, two = gr.Textbox(), gr.Button(), gr.Button()
        one.click(count, None, out, run_as_task=True)
        two.click(late, None, out, run_as_task=True)
    with shown(demo) as at:
        await at.run(one)
        assert seen == ["1", "2"]
        await at.run(two)
        assert at.value(out) == "late"


# --- variables ----------------------------------------------------------------------------------


async def derived_variables_are_computed_here() -> None:
    async def late(number: int) -> int:
        await asyncio.sleep(0)
        return number + 1

    number = reactive.Variable(1)
    kinds = [
        reactive.DerivedVariable(lambda n: n + 1, variables=[number]),
        reactive.DerivedVariable(late, variables=[number]),
        reactive.DerivedVariable(lambda n: n + 1, variables=[number], run_as_task=True),
    ]
    with gr.Blocks() as demo:
        outs = [gr.JSON(value=each) for each in kinds]
    with shown(demo) as at:
        await at.idle()
        assert [at.value(out) for out in outs] == [2, 2, 2]
        number.value = 5
        await at.idle()
        assert [at.value(out) for out in outs] == [6, 6, 6]
        assert [await each.get_current_value() for each in kinds] == [6, 6, 6]


async def an_action_runs_a_task_here() -> None:
    result, told = reactive.Variable(0), []

    @reactive.track_progress
    def work(number: int, updater: reactive.ProgressUpdater) -> int:
        updater.send_update(50, "half")
        return 2 * number

    @reactive.action
    async def start(ctx: reactive.ActionCtx) -> None:
        async def on_progress(update: reactive.TaskProgressUpdate) -> None:
            told.append((update.progress, update.message))

        found = await ctx.run_task(work, kwargs={"number": 21}, on_progress=on_progress)
        await ctx.update(result, found)

    with gr.Blocks() as demo:
        out = gr.JSON(value=result)
        button = reactive.Button("Start", onclick=start())
    with shown(demo) as at:
        await at.run(button)
        assert (at.value(out), told) == (42, [(50, "half")])


# --- clients ------------------------------------------------------------------------------------


async def a_client_is_awaited() -> None:
    def count(most: float) -> Iterator[str]:
        for number in range(int(most)):
            yield str(number)

    with gr.Blocks() as demo:
        most, out = gr.Number(), gr.Textbox()
        gr.Button().click(count, most, out, api_name="count")
    client = gr.Client(demo)
    called = []
    try:
        assert await client.submit(3, result_callbacks=called.append) == "2"
        assert [each async for each in client.submit(3)] == ["0", "1", "2"]
        assert called == ["2"]
    finally:
        client.close()


async def a_client_does_not_block() -> None:
    async def ask() -> str:
        return "answer"

    demo, _, _ = app(ask)
    client = gr.Client(demo)
    try:
        with refused(RuntimeError, "await client.submit"):
            client.predict()
        job = client.submit()
        with refused(RuntimeError, "await client.submit"):
            job.result()
        with refused(RuntimeError, "await client.submit"):
            next(job)
        assert await job == job.result() == "answer"
        with refused(RuntimeError, "await gr.Client(demo).submit"):
            demo()
    finally:
        client.close()


async def nothing_blocks() -> None:
    demo, _, _ = app(lambda: "")
    with shown(demo) as at:
        with refused(RuntimeError, "await engine.idle()"):
            at.engine.wait_idle()
        with refused(RuntimeError, "await engine.idle()"):
            at.page.wait_for(lambda message: isinstance(message, Failed))
        with refused(NotAvailableError, "no threads"):
            demo.block_thread()
        with refused(NotAvailableError, "no threads"):
            demo.launch(debug=True)


# --- lifetimes ----------------------------------------------------------------------------------


async def a_session_ends_with_all_it_runs() -> None:
    ended = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("function")

    demo, button, _ = app(forever)
    with demo:
        gr.State("kept", delete_callback=ended.append)
        gr.Timer(0.001).tick(lambda: None)
        demo.unload(lambda: ended.append("unload"))
    with shown(demo) as at:
        at.click(button)
        await come(lambda: at.seen(Started))
        states = [block for block in demo.blocks.values() if isinstance(block, gr.State)]
        at.page.session.states.get(states[0])
    await come(lambda: len(ended) == 3)
    assert sorted(ended) == ["function", "kept", "unload"]


async def an_app_is_shown_again() -> None:
    demo, button, out = app(lambda: "again")
    for _ in range(2):
        with shown(demo) as at:
            await at.run(button)
            assert at.value(out) == "again"
        assert not demo.is_running


# --- all of them --------------------------------------------------------------------------------


CASES = {
    name.replace("_", " "): case
    for name, case in list(globals().items())
    if inspect.iscoroutinefunction(case) and not inspect.signature(case).parameters
}


async def run(name: str) -> None:
    """Run a case, and fail when it leaves something behind."""
    streams, folders = (sys.stdout, sys.stderr), _folders()
    faults: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    await asyncio.wait_for(CASES[name](), LIMIT)
    for _ in range(3):  # what was cancelled ends in the next turns
        await asyncio.sleep(0)
    assert loops._users == 0, "an engine is open"
    assert _others() == set(), "tasks are left"
    assert (sys.stdout, sys.stderr) == streams, "the streams are not given back"
    assert _folders() == folders, "folders are left"
    assert faults == [], faults


def _others() -> set[asyncio.Task[Any]]:
    return asyncio.all_tasks() - {asyncio.current_task()}


def _folders() -> set[str]:
    return set(glob.glob(os.path.join(tempfile.gettempdir(), "ipyblocks-*")))
