"""``gr.Client`` and ``Job``: an app, driven from Python."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.job import AppError, Communicator, Job, ProgressUnit, Status

from .conftest import LIMIT


@pytest.fixture
def client(no_leftovers: None, gates: list[Any]) -> Iterator[Callable[[gr.Blocks], gr.Client]]:
    """Makes clients; their apps are closed at the end."""
    apps: list[gr.Blocks] = []

    def make(demo: gr.Blocks) -> gr.Client:
        apps.append(demo)
        return gr.Client(demo)

    yield make
    for each in gates:
        each.open()
    for demo in apps:
        demo.close()


def app(fn: Any, inputs: int = 1, outputs: int = 1, **options: Any) -> gr.Blocks:
    with gr.Blocks() as demo:
        given = [gr.Textbox(label=f"In {i}") for i in range(inputs)]
        results = [gr.Textbox(label=f"Out {i}") for i in range(outputs)]
        gr.Button().click(fn, given, results, **options)
    return demo


def shout(text: str) -> str:
    return text.upper()


# --- calls --------------------------------------------------------------------------------------


def test_predict(client: Any) -> None:
    talk = client(app(shout))
    assert talk.predict("a") == "A"
    assert talk.predict("b", api_name="/shout") == "B"
    assert talk.predict("c", fn_index=0) == "C"
    assert talk.predict(text="d") == "D"


def test_several_outputs_are_a_tuple_and_none_are_empty(client: Any) -> None:
    assert client(app(lambda a, b: (b, a), 2, 2)).predict("x", "y") == ("y", "x")
    assert client(app(lambda: None, 0, 0)).predict() == ()


@pytest.mark.parametrize(
    ("args", "kwargs", "error", "words"),
    [
        ((), {}, TypeError, "No value provided for required argument: text"),
        (("a", "b"), {}, TypeError, "'shout' takes 1 values, got 2."),
        (("a",), {"text": "b"}, TypeError, "The parameter 'text' of 'shout' was given twice."),
        ((), {"txt": "a"}, TypeError, "'shout' has no parameter 'txt'; it has: text."),
        (
            ("a",),
            {"api_name": "shout"},
            ValueError,
            "Cannot find a function with",
        ),
        (("a",), {"api_name": "/no"}, ValueError, "There are: /shout."),
        (("a",), {"fn_index": 5}, ValueError, "There is no function 5 that can be called."),
    ],
)
def test_bad_calls(args: Any, kwargs: Any, error: Any, words: str, client: Any) -> None:
    with pytest.raises(error) as raised:
        client(app(shout)).predict(*args, **kwargs)
    assert words in str(raised.value)


def test_which_function_has_to_be_said(client: Any) -> None:
    with gr.Blocks() as demo:
        text, button = gr.Textbox("x"), gr.Button()
        button.click(shout, text, text)
        button.click(shout, text, text)
        button.click(lambda: None, api_name=False)
        button.click(None)
        button.click(lambda: None, api_name="quiet", show_api=False)
    talk = client(demo)
    with pytest.raises(ValueError, match="This app has several functions"):
        talk.predict("a")
    assert talk.predict("a", api_name="/shout_1") == "A"
    assert talk.predict("a", fn_index=1) == "A"
    assert talk.predict(api_name="/quiet") == ()
    with pytest.raises(ValueError, match="There is no function 3"):
        talk.predict(fn_index=3)
    with pytest.raises(AppError, match="This app has no function 2 that can be called"):
        talk.predict(fn_index=2)


def test_what_is_missing_has_the_value_of_its_component(client: Any) -> None:
    with gr.Blocks() as demo:
        a, b, out = gr.Textbox("first"), gr.Slider(0, 10, value=4), gr.Textbox()
        gr.Button().click(lambda a, b: f"{a} {b}", [a, b], out)
    talk = client(demo)
    assert talk.predict() == "first 4"
    assert talk.predict(b=5) == "first 5"


def test_a_client_has_a_session_of_its_own(client: Any) -> None:
    with gr.Blocks() as demo:
        state, out = gr.State([]), gr.Textbox()

        def add(items: list[int]) -> Any:
            items = [*items, 1]
            return items, str(len(items))

        gr.Button().click(add, state, [state, out])
    one, two = client(demo), client(demo)
    assert [one.predict(), one.predict(), two.predict()] == ["1", "2", "1"]
    one.reset_session()
    assert one.predict() == "1"


def test_a_client_is_not_shown(client: Any) -> None:
    """Nothing loads for it and no timer ticks; chains are for pages."""
    runs: list[str] = []
    with gr.Blocks() as demo:
        text, out, timer = gr.Textbox(), gr.Textbox(), gr.Timer(0.001)
        demo.load(lambda: runs.append("load"))
        timer.tick(lambda: runs.append("tick"))
        out.change(lambda: runs.append("change"))
        gr.Button().click(shout, text, out, api_name="go").then(lambda: runs.append("then"))
    talk = client(demo)
    for _ in range(5):
        talk.predict("x", api_name="/go")
    demo.running_engine().wait_idle()
    assert runs == []


def test_view_api(client: Any, capsys: Any) -> None:
    with gr.Blocks() as demo:
        name, out = gr.Textbox("x", label="Name"), gr.Textbox(label="Result")
        gr.Button().click(lambda text, state: text, [name, gr.State()], out, api_name="shout")
        gr.Button().click(lambda: None, api_name="hidden", show_api=False)
    talk = client(demo)
    talk.view_api()
    line = " - predict(text, api_name='/shout') -> Textbox\n"
    assert capsys.readouterr().out == line
    assert talk.view_api(return_format="str") + "\n" == line
    assert "/hidden" in talk.view_api(all_endpoints=True, return_format="str")
    assert talk.view_api(return_format="dict") == {
        "named_endpoints": {
            "/shout": {
                "description": "",
                "parameters": [{"parameter_name": "text", "component": "Textbox", "label": "Name"}],
                "returns": [{"component": "Textbox", "label": "Result"}],
            }
        }
    }


# --- jobs ---------------------------------------------------------------------------------------


def counting(gates: list[Any]) -> Any:
    def count(text: str) -> Any:
        for i, each in enumerate(gates):
            each.wait()
            yield f"{text}{i}"

    return count


def test_outputs_come_one_by_one(client: Any, gate: Any) -> None:
    gates = [gate(), gate(), gate()]
    job = client(app(counting(gates))).submit("x")
    assert (job.done(), job.running(), job.outputs()) == (False, True, [])
    for i, each in enumerate(gates):
        each.open()
        assert next(job) == f"x{i}"
    assert job.result() == "x2"
    assert list(job) == job.outputs() == ["x0", "x1", "x2"]
    with pytest.raises(StopIteration):
        next(job)
    assert (job.done(), job.running(), job.cancelled()) == (True, False, False)


def test_async_iteration_and_await_do_not_block_the_loop(client: Any, gate: Any) -> None:
    gates = [gate(), gate()]
    talk = client(app(counting(gates)))

    async def main() -> tuple[list[str], str]:
        asyncio.get_running_loop().call_soon(lambda: [each.open() for each in gates])
        job = talk.submit("x")
        return [output async for output in job], await job

    assert asyncio.run(main()) == (["x0", "x1"], "x1")


def test_statuses(client: Any, gate: Any) -> None:
    gates = [gate() for _ in range(3)]
    entered = threading.Event()

    def work(text: str, progress: Any = gr.Progress()) -> Any:  # noqa: B008
        entered.set()
        gates[0].wait()
        progress((1, 4), "Half", unit="parts")
        gates[1].wait()
        gr.Info("news")
        gates[2].wait()
        return text

    talk = client(app(work))

    def status(job: Job, code: Status) -> Any:
        with job.communicator.condition:
            assert job.communicator.condition.wait_for(lambda: job.status().code is code, LIMIT)
            return job.status()

    first = talk.submit("x")
    assert first.status().code in (Status.STARTING, Status.PROCESSING)
    assert entered.wait(LIMIT)
    status(first, Status.PROCESSING)
    second = talk.submit("y")
    queued = status(second, Status.IN_QUEUE)
    assert (queued.rank, queued.queue_size, queued.eta, queued.success) == (0, 1, None, None)
    gates[0].open()
    told = status(first, Status.PROGRESS)
    assert told.progress_data == [ProgressUnit(1, 4, "parts", 0.25, "Half")]
    gates[1].open()
    assert status(first, Status.LOG).log == ("news", "info")
    gates[2].open()
    assert (first.result(), second.result()) == ("x", "y")
    for job in (first, second):
        end = job.status()
        assert (end.code, end.rank, end.success) == (Status.FINISHED, 0, True)
    assert Status.STARTING < Status.IN_QUEUE < Status.PROCESSING < Status.FINISHED


def test_an_exception_is_raised_where_the_result_is_wanted(client: Any) -> None:
    def fail(text: str) -> str:
        if text == "own":
            raise gr.Error("Say something else.")
        raise KeyError(text)

    talk = client(app(fail))
    with pytest.raises(AppError, match=r"^Say something else\.$"):
        talk.predict("own")
    job = talk.submit("x")
    assert isinstance(job.exception(LIMIT), ValueError)
    assert str(job.exception()) == "KeyError: 'x'"
    assert (job.status().code, job.status().success) == (Status.FINISHED, False)
    assert list(job) == []
    # The next call works as if nothing had been.
    assert talk.submit("own").exception(LIMIT) is not None


@pytest.mark.parametrize("when", ["queued", "running", "sync"])
def test_cancel(when: str, client: Any, gate: Any) -> None:
    gates = [gate(), gate()]

    async def work(text: str) -> str:
        await gates[0].pass_through()
        return text

    def sync_work(text: str) -> str:
        gates[1].wait()
        gr.check_cancelled()
        return text

    talk = client(app(sync_work if when == "sync" else work))
    first = talk.submit("a")
    job = talk.submit("b") if when == "queued" else first
    gates[when == "sync"].reached()
    assert job.cancel() is True
    gates[1].open()
    with pytest.raises(CancelledError):
        job.result(LIMIT)
    with pytest.raises(CancelledError):
        job.exception()
    status = job.status()
    assert (status.code, status.rank, status.success) == (Status.CANCELLED, 0, False)
    assert (job.cancelled(), job.done(), job.running()) == (True, True, False)
    assert job.cancel() is True
    gates[0].open()
    if when == "queued":
        assert first.result() == "a"
        assert not first.cancelled()


def test_a_result_may_take_too_long(client: Any, gate: Any) -> None:
    go_on = gate()

    def work(text: str) -> str:
        go_on.wait()
        return text

    job = client(app(work)).submit("x")
    with pytest.raises(concurrent.futures.TimeoutError):
        job.result(timeout=0)
    go_on.open()
    assert job.result(timeout=LIMIT) == "x"


def test_callbacks_may_wait_for_other_jobs(client: Any) -> None:
    got: list[Any] = []
    ready = threading.Semaphore(0)
    talk = client(app(lambda a, b: (a, b), 2, 2))

    def callback(*result: Any) -> None:
        got.append((result, talk.predict("3", "4")))
        ready.release()

    def on_done(job: Job) -> None:
        got.append(job.result())
        ready.release()

    job = talk.submit("1", "2", result_callbacks=[callback, callback])
    job.add_done_callback(on_done)
    for _ in range(3):
        assert ready.acquire(timeout=LIMIT)
    assert got.count((("1", "2"), ("3", "4"))) == 2
    assert got.count(("1", "2")) == 1


def test_a_callback_is_not_called_with_an_error(client: Any) -> None:
    called: list[Any] = []
    ended = threading.Event()
    job = client(app(lambda text: 1 / 0)).submit("x", result_callbacks=called.append)
    assert job.exception(LIMIT) is not None
    job.add_done_callback(lambda _: ended.set())
    assert ended.wait(LIMIT)
    assert called == []


def test_jobs_are_futures(client: Any, gate: Any) -> None:
    go_on = gate()

    def work(text: str) -> str:
        if text == "slow":
            go_on.wait()
        return text

    talk = client(app(work, concurrency_limit=None))
    quick, slow = talk.submit("quick"), talk.submit("slow")
    wanted = concurrent.futures.FIRST_COMPLETED
    done, waiting = concurrent.futures.wait([quick, slow], timeout=LIMIT, return_when=wanted)
    assert (done, waiting) == ({quick}, {slow})
    slow.cancel()
    go_on.open()
    assert set(concurrent.futures.as_completed([quick, slow], timeout=LIMIT)) == {quick, slow}


def test_a_job_without_a_communicator() -> None:
    future: concurrent.futures.Future[str] = concurrent.futures.Future()
    job = Job(future)
    assert (job.status().code, job.outputs()) == (Status.PROCESSING, [])
    future.set_result("x")
    assert (job.result(), job.outputs(), list(job)) == ("x", ["x"], ["x"])
    assert Job(concurrent.futures.Future(), Communicator(), False, None).verbose is False
    assert Job(concurrent.futures.Future()).cancel() is True


# --- many, from everywhere ----------------------------------------------------------------------


def test_many_at_once_from_threads(client: Any) -> None:
    talk = client(app(shout, concurrency_limit=4))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda i: talk.predict(f"t{i}"), range(100)))
    assert results == [f"T{i}" for i in range(100)]
    jobs = [talk.submit(f"j{i}") for i in range(100)]
    assert [job.result(LIMIT) for job in jobs] == [f"J{i}" for i in range(100)]
    assert (talk._calls, talk._tasks) == ({}, {})


def test_beside_a_page_of_the_same_app(client: Any, gate: Any) -> None:
    from ipyblocks.transport.loopback import LoopbackPage

    go_on = gate()

    def work(text: str) -> str:
        go_on.wait()
        return text.upper()

    demo = app(work)
    talk = client(demo)
    page = LoopbackPage(demo.running_engine())
    page.hello()
    button = next(n for n, block in demo.blocks.items() if isinstance(block, gr.Button))
    page.fire(button, "click")
    go_on.reached()
    job = talk.submit("x")
    with job.communicator.condition:  # one queue for both
        ready = job.communicator.condition.wait_for(
            lambda: job.status().code is Status.IN_QUEUE, LIMIT
        )
    assert ready
    go_on.open()
    assert job.result() == "X"


def test_an_async_handler_must_await(client: Any) -> None:
    talks: list[gr.Client] = []

    async def outer(text: str) -> str:
        job = talks[0].submit(text, api_name="/shout")
        try:
            job.result()
        except RuntimeError as error:
            return f"{await job} {error}"
        return "did not raise"

    with gr.Blocks() as demo:
        text, out = gr.Textbox(), gr.Textbox()
        gr.Button().click(shout, text, out)
        gr.Button().click(outer, text, out)
    talks.append(client(demo))
    result = talks[0].predict("x", api_name="/outer")
    assert result.startswith("X An async handler cannot wait for a job")


def test_the_app_is_closed_meanwhile(client: Any, gate: Any) -> None:
    go_on = gate()

    def work(text: str) -> str:
        go_on.wait()
        return text

    demo = app(work)
    talk = client(demo)
    running, waiting = talk.submit("a"), talk.submit("b")
    go_on.reached()
    closing = threading.Thread(target=demo.close)
    closing.start()
    for job in (running, waiting):
        with pytest.raises((AppError, CancelledError)):
            job.result(LIMIT)
    go_on.open()
    closing.join()
    with pytest.raises(AppError, match="The app has been closed"):
        talk.predict("c")
    talk.reset_session()
    assert talk.predict("d") == "d"
    talk.close()
    talk.close()
    with pytest.raises(AppError, match="The app has been closed"):
        talk.predict("e")
