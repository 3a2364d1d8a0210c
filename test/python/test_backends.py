"""Functions of tasks (``run_as_task=True``): in worker processes, and on executors of others."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import os
import pickle
import select
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.errors import NotSendableError, TaskError, WorkerDiedError
from ipyblocks.protocol import Done, Failed, Log, Progress, Queued, Started, Stopping, Toast
from ipyblocks.runtime.backends import choice
from ipyblocks.runtime.backends.base import END, Call, kind_of
from ipyblocks.runtime.backends.inline import Inline
from ipyblocks.runtime.backends.processes import ProcessBackend

PATIENCE = 30.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes by way of /proc"),
]


@pytest.fixture(autouse=True)
def usual_configuration() -> Iterator[None]:
    yield
    choice._workers = choice._chosen = None
    assert choice.places.taken == 0


class Meeting:
    """Where a function in another process waits until the test has seen it: two named pipes."""

    def __init__(self, folder: Path, name: str) -> None:
        self.here, self.go = str(folder / f"{name}.here"), str(folder / f"{name}.go")
        os.mkfifo(self.here)
        os.mkfifo(self.go)

    def say(self) -> None:
        """The function: say that it runs, and go on."""
        with open(self.here, "w") as file:
            file.write(str(os.getpid()))

    def come(self) -> None:
        """The function: say that it runs, and wait."""
        self.say()
        with open(self.go, "rb", 0) as file:
            file.read(1)

    def wait(self) -> int:
        """The test: wait until the function is there. Its process."""
        fd = os.open(self.here, os.O_RDONLY | os.O_NONBLOCK)
        try:
            assert select.select([fd], [], [], PATIENCE)[0], "no function came to the meeting"
            return int(os.read(fd, 100))
        finally:
            os.close(fd)

    def open(self) -> None:
        """The test: let it go on. Called when the function waits."""
        with open(self.go, "w") as file:
            file.write("x")


@pytest.fixture(autouse=True)
def by_value() -> Iterator[None]:
    """This module is one that workers cannot import, like a cell."""
    import cloudpickle

    module = sys.modules[__name__]
    cloudpickle.register_pickle_by_value(module)
    yield
    cloudpickle.unregister_pickle_by_value(module)


@pytest.fixture
def meet(tmp_path: Path) -> Callable[[str], Meeting]:
    return lambda name="point": Meeting(tmp_path, name)


def texts(shown: Any) -> dict[tuple[int, str], str]:
    """All that was told, by task and stream."""
    found: dict[tuple[int, str], str] = {}
    for message in shown.messages(Log):
        for entry in message.entries:
            key = (entry.task, entry.stream)
            found[key] = found.get(key, "") + entry.text
    return found


def app(fn: Any, *values: Any, outputs: int = 1, **kwargs: Any) -> Any:
    """One button that runs ``fn`` as a task, with JSON fields around it."""
    with gr.Blocks() as demo:
        ins = [gr.State(value) for value in values]
        outs = [gr.JSON(label=f"out {i}") for i in range(outputs)]
        button = gr.Button()
        kwargs.setdefault("trigger_mode", "multiple")
        button.click(fn, ins, outs, run_as_task=True, **kwargs)
    demo.button, demo.outs, demo.ins = button, outs, ins
    return demo


def result(show: Any, fn: Any, *values: Any, **kwargs: Any) -> Any:
    """What one run shows; ``values`` are inputs. Raises AssertionError with what went wrong."""
    demo = app(fn, *values, **kwargs)
    shown = show(demo)
    shown.run(demo.button)
    failed = shown.messages(Failed)
    assert not failed, failed
    return shown.value(demo.outs[0])


def failure(show: Any, fn: Any, *values: Any, **kwargs: Any) -> Failed:
    demo = app(fn, *values, **kwargs)
    shown = show(demo)
    shown.run(demo.button)
    (failed,) = shown.messages(Failed)
    return failed  # type: ignore[no-any-return]


# --- where a function runs ------------------------------------------------------------------------


def test_it_runs_in_another_process(show: Any) -> None:
    here = os.getpid()
    assert result(show, lambda: [os.getpid() == here, 1]) == [False, 1]


def test_the_worker_stays_warm(show: Any) -> None:
    demo = app(os.getpid)
    shown = show(demo)
    first = shown.run(demo.button).value(demo.outs[0])
    assert shown.run(demo.button).value(demo.outs[0]) == first


def test_values_are_processed_in_the_kernel(show: Any) -> None:
    with gr.Blocks() as demo:
        text = gr.Textbox("3")
        number, button = gr.Number(precision=0), gr.Button()
        button.click(lambda x: float(x) + 0.4, text, number, run_as_task=True)
    assert show(demo).run(button).value(number) == 3


def test_closures_lambdas_and_classes_go_by_value(show: Any) -> None:
    offset = 4

    class Point:
        def __init__(self, x: int) -> None:
            self.x = x

        def moved(self) -> Point:
            return Point(self.x + offset)

    def helper(point: Point) -> Point:
        return point.moved()

    got: list[Any] = []
    with gr.Blocks() as demo:
        state, button = gr.State(Point(1)), gr.Button()
        button.click(helper, state, state, run_as_task=True).then(got.append, state)
    show(demo).run(button)
    assert type(got[0]) is Point
    assert got[0].x == 5


def test_what_a_cell_defines_later_is_seen(show: Any) -> None:
    cell: dict[str, Any] = {"__name__": "__main__", "factor": 2}
    exec("def fn():\n    return factor", cell)
    demo = app(cell["fn"])
    shown = show(demo)
    assert shown.run(demo.button).value(demo.outs[0]) == 2
    cell["factor"] = 3
    assert shown.run(demo.button).value(demo.outs[0]) == 3


def test_async_functions(show: Any) -> None:
    async def fn() -> Any:
        await asyncio.sleep(0)
        return os.getpid()

    assert result(show, fn) != os.getpid()


def test_folder_and_module_path_are_the_kernels(
    show: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here_x.py").write_text("value = 7")
    demo = app(lambda: [os.getcwd(), __import__("only_here_x").value])
    shown = show(demo)
    shown.run(demo.button)
    assert "only_here_x" in shown.messages(Failed)[0].message
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert shown.run(demo.button).value(demo.outs[0]) == [os.path.realpath(tmp_path), 7]


def test_batches(show: Any) -> None:
    def fn(values: list[int]) -> Any:
        return [[v * 10 for v in values]]

    assert result(show, fn, 4, batch=True) == 40


@pytest.mark.parametrize("kind", ["generator", "async"])
def test_generators_stream(show: Any, kind: str) -> None:
    def steps() -> Any:
        yield from range(3)

    async def async_steps() -> Any:
        for i in range(3):
            yield i

    pool = ProcessBackend(1)
    try:
        fn = steps if kind == "generator" else async_steps
        job = pool.submit(Call(fn, (), kind_of(fn), "steps"), Quiet())
        assert [job.step().result(PATIENCE) for _ in range(5)] == [0, 1, 2, END, END]
        job.close().result(PATIENCE)
    finally:
        pool.stop(wait=True)


def test_a_generator_does_not_run_ahead(show: Any, meet: Any) -> None:
    point = meet()

    def steps() -> Any:
        yield 1
        point.come()
        yield 2

    demo = app(steps)
    shown = show(demo)
    shown.fire(demo.button)
    point.wait()
    assert shown.value(demo.outs[0]) == 1
    point.open()
    shown.page.idle()
    assert shown.value(demo.outs[0]) == 2


# --- what it says ---------------------------------------------------------------------------------


def test_progress_and_nested_loops(show: Any, meet: Any) -> None:
    point = meet()

    def fn(progress: Any = gr.Progress()) -> None:  # noqa: B008
        for _ in progress.tqdm(range(2), desc="outer"):
            for i in progress.tqdm(range(4), desc="inner"):
                if i == 2:
                    point.come()
                    return

    demo = app(fn, outputs=0)
    shown = show(demo)
    shown.fire(demo.button)
    point.wait()

    def told(_: Any) -> bool:
        last = shown.messages(Progress)
        return bool(last) and [u.desc for u in last[-1].units] == ["outer", "inner"]

    shown.page.wait_for(told, PATIENCE)
    point.open()
    shown.page.idle()
    assert shown.messages(Done)


def test_bars_of_tqdm(show: Any, meet: Any) -> None:
    point = meet()

    def fn(progress: Any = gr.Progress(track_tqdm=True)) -> None:  # noqa: B008
        from tqdm import tqdm

        for i in tqdm(range(3), desc="bar"):
            if i == 1:
                point.come()

    demo = app(fn, outputs=0)
    shown = show(demo)
    shown.fire(demo.button)
    point.wait()
    shown.page.wait_for(lambda _: bool(shown.messages(Progress)), PATIENCE)
    assert shown.messages(Progress)[-1].units[0].desc == "bar"
    point.open()
    shown.page.idle()
    assert shown.messages(Done)
    assert texts(shown) == {}


def test_estimated_progress(show: Any, meet: Any) -> None:
    point = meet()

    def fn(progress: Any = gr.Progress()) -> None:  # noqa: B008
        progress.fake(0.8, "guessing", 5)
        point.come()

    demo = app(fn, outputs=0)
    shown = show(demo)
    shown.fire(demo.button)
    point.wait()
    shown.page.wait_for(lambda _: bool(shown.messages(Progress)), PATIENCE)
    fake = shown.messages(Progress)[-1].fake
    assert (fake.end, fake.estimated_ms) == (0.8, 5000)
    assert shown.messages(Progress)[-1].units[-1].desc == "guessing"
    point.open()
    shown.page.idle()


def test_text_logs_and_warnings(show: Any) -> None:
    def fn() -> None:
        print("printed")
        print("wrong", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        thread = threading.Thread(target=print, args=("by a thread",))
        thread.start()
        thread.join()

    demo = app(fn, outputs=0)
    shown = show(demo)
    shown.run(demo.button)
    said = texts(shown)
    assert said[1, "stdout"] == "printed\nby a thread\n"
    assert "wrong\n" in said[1, "stderr"]
    assert "careful" in said[1, "stderr"]


def test_log_records_meet_the_kernels_handlers_and_levels(show: Any) -> None:
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger, handler = logging.getLogger("mine.level"), Keep()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        result(show, lambda: logging.getLogger("mine.level").debug("deep %s", "down"))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert [(r.getMessage(), r.levelname) for r in records] == [("deep down", "DEBUG")]


def test_more_text_than_anybody_reads_at_once(show: Any) -> None:
    demo = app(lambda: [print(i) for i in range(20_000)] and None, outputs=0)
    shown = show(demo)
    shown.run(demo.button)
    assert texts(shown)[1, "stdout"].endswith("19998\n19999\n")


def test_toasts(show: Any) -> None:
    demo = app(lambda: gr.Info("so far so good"), outputs=0)
    shown = show(demo)
    shown.run(demo.button)
    assert [t.message for t in shown.messages(Toast)] == ["so far so good"]


def test_updates_and_components_as_keys(show: Any) -> None:
    with gr.Blocks() as demo:
        one, two = gr.Textbox(label="one", value="1"), gr.Textbox(label="two")
        button = gr.Button()

        def fn(data: Any) -> Any:
            return {one: gr.Textbox(label=f"was {one.label}"), two: data[one] + "!"}

        button.click(fn, {one}, [one, two], run_as_task=True)
    shown = show(demo)
    shown.run(button)
    assert not shown.messages(Failed)
    assert shown.props(one)["label"] == "was one"
    assert shown.value(two) == "1!"


def test_event_data_and_request(show: Any) -> None:
    with gr.Blocks() as demo:
        out, button = gr.JSON(), gr.Button("Go", elem_id="go")

        def fn(event: gr.EventData, request: gr.Request) -> Any:
            return [event.target.elem_id, request.session_hash]

        button.click(fn, None, out, run_as_task=True)
    shown = show(demo)
    assert shown.run(button).value(out) == ["go", shown.session.epoch]


def test_the_kernels_own_state_is_untouched(show: Any) -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    before, hooks = plt.get_fignums(), (sys.stdout, sys.stderr, list(logging.root.handlers))

    def fn() -> Any:
        import matplotlib.pyplot as plt

        figure = plt.figure()
        plt.plot([1, 2])
        return figure

    got: list[Any] = []
    with gr.Blocks() as demo:
        state, button = gr.State(), gr.Button()
        button.click(fn, None, state, run_as_task=True).then(
            lambda f: got.append(type(f).__name__), state
        )
    shown = show(demo)
    shown.run(button)
    assert not shown.messages(Failed)
    assert got == ["Figure"]
    assert plt.get_fignums() == before
    shown.engine.close_all()
    assert (sys.stdout, sys.stderr, list(logging.root.handlers)) == hooks


# --- how it fails ---------------------------------------------------------------------------------


def caught(fn: Any, *args: Any) -> BaseException:
    """What a call on a pool fails with, as an exception."""
    pool = ProcessBackend(1)
    try:
        job = pool.submit(Call(fn, args, kind_of(fn), "fn"), Quiet())
        error = job.step().exception(PATIENCE)
        job.close().result(PATIENCE)
    finally:
        pool.stop(wait=True)
    assert error is not None
    return error


class Quiet:
    """A run that nobody looks at."""

    tracks_tqdm = False

    class reports:
        @staticmethod
        def relay(*_: Any) -> None: ...

    def __init__(self) -> None:
        self.said: list[str] = []

    def write(self, stream: str, text: str) -> None:
        self.said.append(text)

    def toast(self, *_: Any) -> None: ...


def test_an_exception_keeps_its_type_and_tells_where(show: Any) -> None:
    class Mine(Exception):
        def __init__(self, message: str, extra: int) -> None:
            super().__init__(message, extra)
            self.extra = extra

    def fn() -> None:
        raise Mine("no", 5)

    error = caught(fn)
    assert type(error) is Mine
    assert error.extra == 5  # type: ignore[attr-defined]
    failed = failure(show, fn)
    assert failed.detail is not None
    assert "raise Mine(" in failed.detail
    assert "runtime/backends" not in failed.detail


def test_a_traceback_shows_the_lines_of_a_cell(show: Any) -> None:
    import linecache

    source = "def broken():\n    return 1 / 0  # in a cell\n"
    linecache.cache["<cell 7>"] = (len(source), None, source.splitlines(True), "<cell 7>")
    cell: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(source, "<cell 7>", "exec"), cell)
    failed = failure(show, cell["broken"])
    assert failed.message == "ZeroDivisionError: division by zero"
    assert "# in a cell" in (failed.detail or "")


def test_gr_error(show: Any) -> None:
    def fn() -> None:
        raise gr.Error("too much", title="Hm", duration=3)

    demo = app(fn)
    shown = show(demo)
    shown.run(demo.button)
    assert (shown.messages(Failed)[0].code, shown.messages(Failed)[0].message) == (
        "user",
        "too much",
    )
    assert [(t.title, t.duration) for t in shown.messages(Toast)] == [("Hm", 3)]


def test_an_exception_that_cannot_be_pickled() -> None:
    class Locked(Exception):
        def __init__(self) -> None:
            super().__init__("held")
            self.lock = threading.Lock()

    def fn() -> None:
        raise Locked

    error = caught(fn)
    assert type(error) is TaskError
    assert "Locked: held" in str(error)
    assert "cannot be brought" in str(error)


def test_an_exception_that_cannot_be_made_again() -> None:
    class Two(Exception):
        def __init__(self, a: int, b: int) -> None:
            super().__init__(f"{a} {b}")

    def fn() -> None:
        raise Two(1, 2)

    error = caught(fn)
    assert type(error) is TaskError
    assert str(error).startswith("Two: 1 2")


def test_an_argument_that_cannot_be_sent(show: Any) -> None:
    error = caught(lambda a, b: None, 1, threading.Lock())
    assert isinstance(error, NotSendableError)
    assert "argument 2 of 'fn' is a _thread.lock, which cannot be sent" in str(error)
    with gr.Blocks() as demo:
        state, text, button = gr.State(), gr.Textbox(label="Name"), gr.Button()
        button.click(lambda: (i for i in ()), None, state).then(
            lambda text, state: None, [text, state], None, run_as_task=True
        )
    shown = show(demo)
    shown.run(button)
    assert "The input State of '<lambda>' is a generator" in shown.messages(Failed)[0].message


def test_a_function_that_cannot_be_sent() -> None:
    gate = threading.Lock()

    def helper() -> None:
        gate.acquire()

    def fn() -> None:
        helper()

    error = caught(fn)
    assert isinstance(error, NotSendableError)
    assert "refers to 'gate', a _thread.lock" in str(error)


def test_the_app_itself_cannot_be_sent() -> None:
    with gr.Blocks() as demo:
        gr.Textbox()

    def fn() -> Any:
        return demo

    error = caught(fn)
    assert isinstance(error, NotSendableError)
    assert "'demo'" in str(error)
    assert "stays in the kernel" in str(error)


def test_a_value_that_cannot_be_returned(show: Any) -> None:
    failed = failure(show, lambda: (1, threading.Lock()), outputs=2)
    assert "for the output JSON 'out 1'" in failed.message
    assert "'<lambda>' returned a _thread.lock" in failed.message


def test_a_value_that_cannot_be_made_again(show: Any) -> None:
    class Odd:
        def __reduce__(self) -> Any:
            return int, ("not a number",)

    def fn() -> Any:
        return Odd()

    demo = app(fn)
    shown = show(demo)
    shown.run(demo.button)
    assert "cannot be made again in the kernel" in shown.messages(Failed)[0].message
    # The stream of messages is still in step.
    shown.run(demo.button)
    assert len(shown.messages(Failed)) == 2


def test_a_module_that_the_worker_cannot_import(monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    module = types.ModuleType("made_by_hand")
    exec("def fn():\n    return 1", module.__dict__)
    monkeypatch.setitem(sys.modules, "made_by_hand", module)
    error = caught(module.fn)
    assert isinstance(error, NotSendableError)
    assert "No module named 'made_by_hand'" in str(error)


@pytest.mark.parametrize(
    ("end", "words", "code"),
    [
        (lambda: os._exit(3), "has ended with exit code 3 while it ran 'fn'", 3),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "memory runs out", -9),
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "SIGSEGV", -11),
    ],
    ids=["exit", "SIGKILL", "SIGSEGV"],
)
def test_a_worker_that_dies(end: Any, words: str, code: int) -> None:
    error = caught(end)
    assert isinstance(error, WorkerDiedError)
    assert words in str(error)
    assert error.exit_code == code
    assert pickle.loads(pickle.dumps(error)).exit_code == code


def test_after_a_death_the_next_one_finds_a_worker(show: Any) -> None:
    orders = iter(["die", "live"])

    def fn(order: str) -> Any:
        return os._exit(1) if order == "die" else 1

    with gr.Blocks() as demo:
        order, out, button = gr.State(), gr.JSON(), gr.Button()
        button.click(lambda: next(orders), None, order).then(fn, order, out, run_as_task=True)
    shown = show(demo)
    shown.run(button)
    assert "exit code 1" in shown.messages(Failed)[0].message
    assert shown.run(button).value(out) == 1


def test_a_worker_that_died_idle_is_replaced_without_a_word(show: Any) -> None:
    demo = app(os.getpid)
    shown = show(demo)
    first = shown.run(demo.button).value(demo.outs[0])
    os.kill(first, signal.SIGKILL)
    second = shown.run(demo.button).value(demo.outs[0])
    assert not shown.messages(Failed)
    assert second != first


def test_a_helper_that_was_killed_is_replaced(show: Any) -> None:
    def fn() -> None:
        os.kill(os.getppid(), signal.SIGKILL)
        os._exit(1)

    demo = app(fn)
    shown = show(demo)
    shown.run(demo.button)
    assert "WorkerDiedError" in shown.messages(Failed)[0].message
    shown.run(demo.button)
    assert len(shown.messages(Failed)) == 2


# --- large values ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["array", "bytes", "bytearray", "list of arrays", "text"])
def test_large_values_arrive_whole(kind: str) -> None:
    np = pytest.importorskip("numpy")
    value = {
        "array": np.arange(3_000_000),
        "bytes": os.urandom(3_000_000),
        "bytearray": bytearray(os.urandom(3_000_000)),
        "list of arrays": [np.ones(n) for n in (0, 1, 10_000, 200_000)],
        "text": "ä" * 2_000_000,
    }[kind]
    pool = ProcessBackend(1)
    try:
        for _ in range(2):
            job = pool.submit(Call(lambda x: x, [value], "plain", "fn"), Quiet())
            back = job.step().result(PATIENCE)
            assert pickle.dumps(back) == pickle.dumps(value)
            job.close().result(PATIENCE)
    finally:
        pool.stop(wait=True)


# --- stopping -------------------------------------------------------------------------------------


def cancel(shown: Any, task: int = 1) -> None:
    shown.on_loop(lambda: shown.engine.cancel(shown.session, task))


def cancelled_at(show: Any, meet: Any, fn: Any, **kwargs: Any) -> Any:
    """Run a function that says at a meeting that it runs; cancel it there; wait for its end."""
    point = meet()
    demo = app(lambda: fn(point), **kwargs)
    shown = show(demo)
    shown.fire(demo.button)
    pid = point.wait()
    cancel(shown)
    shown.page.idle()
    return shown, demo, pid


def test_a_cancel_interrupts_and_the_worker_survives(show: Any, meet: Any, tmp_path: Path) -> None:
    cleaned = str(tmp_path / "cleaned")

    def fn(point: Any) -> None:
        try:
            point.say()
            time.sleep(PATIENCE)
        finally:
            open(cleaned, "w").close()

    shown, _, pid = cancelled_at(show, meet, fn)
    (failed,) = shown.messages(Failed)
    assert failed.code == "cancelled"
    assert os.path.exists(cleaned)
    assert shown.messages(Stopping)
    assert os.path.exists(f"/proc/{pid}")


@pytest.mark.parametrize("kind", ["swallows", "ignores", "ignores all", "holds the lock"])
def test_what_does_not_stop_is_ended_and_replaced(show: Any, meet: Any, kind: str) -> None:
    gr.configure_tasks(backend=ProcessBackend(1, grace=0.05))

    def fn(point: Any) -> None:
        if kind.startswith("ignores"):
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        if kind == "ignores all":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        said = False
        while True:
            with contextlib.suppress(KeyboardInterrupt):
                if not said:
                    said = True
                    point.say()
                if kind == "holds the lock":
                    sum(range(10**12))
                time.sleep(PATIENCE)

    shown, _, pid = cancelled_at(show, meet, fn)
    assert [f.code for f in shown.messages(Failed)] == ["cancelled"]
    assert not os.path.exists(f"/proc/{pid}")


def test_after_an_end_the_worker_is_a_new_one_and_neighbours_go_on(show: Any, meet: Any) -> None:
    gr.configure_tasks(backend=ProcessBackend(2, grace=0.05))
    points = [meet("stubborn"), meet("neighbour")]

    def fn(point: Any, stubborn: bool) -> Any:
        if stubborn:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        point.come()
        return os.getpid()

    with gr.Blocks() as demo:
        out = gr.JSON()
        buttons = [gr.Button(), gr.Button()]
        for i, button in enumerate(buttons):
            state = [gr.State(points[i]), gr.State(i == 0)]
            button.click(fn, state, out, run_as_task=True, concurrency_limit=None)
    shown = show(demo)
    pids = []
    for button, point in zip(buttons, points, strict=True):
        shown.fire(button)
        pids.append(point.wait())
    cancel(shown, 1)
    shown.until(Failed)
    assert not shown.messages(Done)
    points[1].open()
    shown.page.idle()
    assert shown.value(out) == pids[1]


def test_the_slot_is_free_only_when_the_function_is_over(
    show: Any, meet: Any, tmp_path: Path
) -> None:
    points = [meet("body"), meet("clean-up"), meet("second")]
    log = tmp_path / "log"

    def fn(n: int) -> None:
        if n:
            points[2].say()
            log.open("a").write("second ")
            return
        try:
            points[0].come()
        finally:
            points[1].come()
            with log.open("a") as file:
                file.write("first over ")

    with gr.Blocks() as demo:
        buttons = [gr.Button(), gr.Button()]
        for i, button in enumerate(buttons):
            button.click(fn, gr.State(i), None, run_as_task=True, concurrency_id="one")
    shown = show(demo)
    shown.fire(buttons[0])
    points[0].wait()
    shown.fire(buttons[1])
    cancel(shown, 1)
    points[1].wait()
    shown.until(Stopping)
    assert not shown.messages(Failed)
    points[1].open()
    points[2].wait()
    shown.page.idle()
    assert log.read_text() == "first over second "


def test_a_time_limit_is_the_same_ladder(show: Any, meet: Any) -> None:
    def fn() -> None:
        time.sleep(PATIENCE)

    failed = failure(show, fn, time_limit=0.05)
    assert failed.code == "cancelled"
    assert "time limit of 0.05 seconds" in failed.message


def test_an_async_function_is_cancelled(show: Any, meet: Any, tmp_path: Path) -> None:
    cleaned, point = tmp_path / "cleaned", meet()

    async def fn() -> None:
        try:
            point.say()
            await asyncio.sleep(PATIENCE)
        except BaseException as error:
            cleaned.write_text(type(error).__name__)
            raise

    demo = app(fn)
    shown = show(demo)
    shown.fire(demo.button)
    point.wait()
    cancel(shown)
    shown.page.idle()
    assert [f.code for f in shown.messages(Failed)] == ["cancelled"]
    # Whichever it was doing: waiting, or running code of its own.
    assert cleaned.read_text() in ("CancelledError", "KeyboardInterrupt")


def test_a_generator_at_its_yield_is_closed_not_interrupted(
    show: Any, tmp_path: Path, gate: Any
) -> None:
    log, held = tmp_path / "log", gate()

    def steps() -> Any:
        try:
            yield 1
        except BaseException as error:
            log.write_text(type(error).__name__)
            raise

    pool = ProcessBackend(1)
    try:
        job = pool.submit(Call(steps, (), "generator", "steps"), Quiet())
        assert job.step().result(PATIENCE) == 1
        job.cancel()
        job.close().result(PATIENCE)
        with pytest.raises(asyncio.CancelledError):
            raise job.step().exception(PATIENCE) or asyncio.CancelledError
    finally:
        pool.stop(wait=True)
    assert log.read_text() == "GeneratorExit"
    del held


def test_check_cancelled_in_a_thread_of_the_function(show: Any, meet: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"

    def fn(point: Any) -> None:
        around = contextvars.copy_context()

        def work() -> None:
            with contextlib.suppress(asyncio.CancelledError):
                while True:
                    around.run(gr.check_cancelled)
            log.write_text("stopped")

        thread = threading.Thread(target=work)
        thread.start()
        try:
            point.say()
            time.sleep(PATIENCE)
        finally:
            thread.join()

    cancelled_at(show, meet, fn)
    assert log.read_text() == "stopped"


def test_a_worker_interrupted_in_an_import_is_not_used_again(
    show: Any, meet: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "slow_to_import.py").write_text("hook()")
    monkeypatch.syspath_prepend(str(tmp_path))

    def fn(point: Any) -> None:
        import builtins

        def hook() -> None:
            point.say()
            time.sleep(PATIENCE)

        builtins.hook = hook  # type: ignore[attr-defined]
        import slow_to_import  # noqa: F401

    _, _, pid = cancelled_at(show, meet, fn)
    assert not os.path.exists(f"/proc/{pid}")


def test_what_the_function_has_started_ends_with_its_worker(meet: Any) -> None:
    point = meet()

    def fn() -> None:
        subprocess.Popen(["sleep", "1000"])
        os._exit(1)

    assert isinstance(caught(fn), WorkerDiedError)
    del point  # `no_leftovers` looks for the process


def test_a_process_that_a_function_forks_does_not_hold_the_kernel(tmp_path: Path) -> None:
    def fn() -> None:
        if os.fork() == 0:
            time.sleep(1000)
        os._exit(1)

    assert isinstance(caught(fn), WorkerDiedError)


# --- queue ----------------------------------------------------------------------------------------


def test_tasks_that_wait_for_a_worker_are_queued(show: Any, meet: Any) -> None:
    gr.configure_tasks(workers=1)
    point = meet()
    demo = app(point.come, concurrency_limit=None)
    other = app(lambda: 5)
    shown, apart = show(demo), show(other)
    shown.fire(demo.button)
    point.wait()
    shown.fire(demo.button)
    shown.until(Queued)
    apart.fire(other.button)  # another app has the same workers
    apart.until(Queued)
    assert len(shown.messages(Started)) == 1
    assert not apart.messages(Started)
    cancel(shown, 2)
    shown.until(Failed)
    point.open()
    apart.until(Done)
    shown.page.idle()
    assert apart.value(other.outs[0]) == 5


def test_more_workers_while_tasks_run(show: Any, meet: Any) -> None:
    gr.configure_tasks(workers=1)
    points = [meet("a"), meet("b")]
    demo = [app(points[i].come) for i in range(2)]
    shown = [show(each) for each in demo]
    shown[0].fire(demo[0].button)
    points[0].wait()
    gr.configure_tasks(workers=2)
    shown[1].fire(demo[1].button)
    points[1].wait()
    for point in points:
        point.open()
    for each in shown:
        each.page.idle()


# --- lifetimes ------------------------------------------------------------------------------------


def test_idle_workers_end(tmp_path: Path) -> None:
    pool = ProcessBackend(2, idle=0.0)
    job = pool.submit(Call(os.getpid, (), "plain", "fn"), Quiet())
    threads = list(pool._attendants)
    pid = job.step().result(PATIENCE)
    for thread in threads:
        thread.join(PATIENCE)
    assert pool._attendants == set()
    assert not os.path.exists(f"/proc/{pid}")
    pool.stop(wait=True)


def test_closing_the_app_ends_what_runs(show: Any, meet: Any) -> None:
    point = meet()
    demo = app(point.come)
    shown = show(demo)
    shown.fire(demo.button)
    pid = point.wait()
    shown.engine.close_all()
    assert not os.path.exists(f"/proc/{pid}")


KERNEL = """
import os, sys, time
import ipyblocks as gr
from ipyblocks.runtime.backends.processes import ProcessBackend
from ipyblocks.runtime.backends.base import Call

class Run:
    tracks_tqdm = False
    def write(self, stream, text):
        pass

def fn(path):
    with open(path, "w") as file:
        file.write(f"{os.getpid()} {os.getppid()}")
    while True:
        try:
            time.sleep(1000)
        except BaseException:
            pass

from ipyblocks.runtime.backends import choice
pool = choice.Lease().backend()
job = pool.submit(Call(fn, [sys.argv[1]], "plain", "fn"), Run())
if sys.argv[2] == "exit":
    sys.stdin.read()
    sys.exit()
job.step().result()
"""


@pytest.mark.parametrize("way", ["exit", "SIGKILL"])
def test_nothing_outlives_the_kernel(way: str, tmp_path: Path, leftovers: Any) -> None:
    script, fifo = tmp_path / "kernel.py", tmp_path / "here"
    script.write_text(KERNEL)
    os.mkfifo(fifo)
    with leftovers():
        kernel = subprocess.Popen(
            [sys.executable, str(script), str(fifo), way], stdin=subprocess.PIPE
        )
        pids = [int(pid) for pid in fifo.read_text().split()]  # waits for the function
        assert len(set(pids)) == 2
        if way == "SIGKILL":
            kernel.kill()
        assert kernel.stdin is not None
        kernel.stdin.close()
        kernel.wait(PATIENCE)


def test_an_interrupt_of_the_notebook_is_not_for_tasks(meet: Any) -> None:
    point = meet()
    pool = ProcessBackend(1)
    try:
        job = pool.submit(Call(point.come, (), "plain", "fn"), Quiet())
        worker = point.wait()
        assert os.getpgid(worker) == worker
        assert all(os.getpgid(pid) != os.getpgid(0) for pid in pool.pids)
        point.open()
        job.close().result(PATIENCE)
    finally:
        pool.stop(wait=True)


def test_without_a_helper_that_forks() -> None:
    pool = ProcessBackend(1, forked=False)
    try:
        for _ in range(2):
            job = pool.submit(Call(os.getppid, (), "plain", "fn"), Quiet())
            assert job.step().result(PATIENCE) == os.getpid()
        dying = pool.submit(Call(os._exit, (4,), "plain", "fn"), Quiet())
        error = dying.step().exception(PATIENCE)
        assert isinstance(error, WorkerDiedError)
        assert error.exit_code == 4
    finally:
        pool.stop(wait=True)


# --- executors of others --------------------------------------------------------------------------


# For the module, and started before its tests: what these leave behind is not ours to clean up.


@pytest.fixture(scope="module")
def loky_executor() -> Iterator[Any]:
    loky = pytest.importorskip("loky")
    executor = loky.ProcessPoolExecutor(1, timeout=None)
    executor.submit(int).result(PATIENCE)
    yield executor
    executor.shutdown(wait=True, kill_workers=True)


def started_processes() -> ProcessPoolExecutor:
    import multiprocessing

    executor = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    executor.submit(int).result(PATIENCE)
    return executor


@pytest.fixture(scope="module")
def stdlib_processes() -> Iterator[Any]:
    with started_processes() as executor:
        yield executor


@pytest.fixture(scope="module")
def fragile_processes() -> Iterator[Any]:
    with started_processes() as executor:
        yield executor


@pytest.fixture
def stdlib_threads() -> Iterator[Any]:
    with ThreadPoolExecutor(1, thread_name_prefix="mine") as executor:
        yield executor


@pytest.mark.parametrize("which", [0, 1], ids=["loky", "stdlib"])
def test_an_executor_of_processes(
    show: Any, loky_executor: Any, stdlib_processes: Any, which: int
) -> None:
    apart = (loky_executor, stdlib_processes)[which]
    gr.configure_tasks(backend=gr.from_executor(apart))
    offset = 1

    class Mine(Exception):
        pass

    def fn(x: int) -> Any:
        print("said")
        if x < 0:
            raise Mine("negative")
        return [x + offset, os.getpid()]

    demo = app(fn, 4)
    shown = show(demo)
    value, pid = shown.run(demo.button).value(demo.outs[0])
    assert (value, pid != os.getpid()) == (5, True)
    assert texts(shown)[1, "stdout"] == "said\n"
    error = on(gr.from_executor(apart), fn, -1)
    assert type(error) is Mine
    assert "negative" in error._ipyblocks_traceback  # type: ignore[attr-defined]
    assert isinstance(on(gr.from_executor(apart), threading.Lock), NotSendableError)
    assert isinstance(on(gr.from_executor(apart), len, threading.Lock()), NotSendableError)


def on(backend: Any, fn: Any, *args: Any) -> BaseException | None:
    job = backend.submit(Call(fn, args, kind_of(fn), "fn"), Quiet())
    return job.step().exception(PATIENCE)  # type: ignore[no-any-return]


def test_what_an_executor_of_processes_cannot_do_is_said(
    show: Any, stdlib_processes: Any, meet: Any
) -> None:
    backend = gr.from_executor(stdlib_processes)
    assert backend.capabilities == {"processes"}
    gr.configure_tasks(backend=backend)
    point = meet()

    def steps() -> Any:
        yield 1

    def fn(progress: Any = gr.Progress()) -> Any:  # noqa: B008
        progress(0.5)
        point.come()
        return 1

    with gr.Blocks() as demo:
        out, first, second = gr.JSON(), gr.Button(), gr.Button()
        first.click(steps, None, out, run_as_task=True)
        second.click(fn, None, out, run_as_task=True)
    shown = show(demo)
    shown.run(first)
    assert "hands over one value, at the end" in shown.messages(Failed)[0].message
    shown.fire(second)
    point.wait()
    cancel(shown, 2)
    assert len(shown.messages(Failed)) == 1  # it has its place as long as it runs
    point.open()
    shown.page.idle()
    assert [f.code for f in shown.messages(Failed)] == ["internal", "cancelled"]
    said = texts(shown)[2, "stderr"]
    assert "Progress of 'fn' is not shown" in said
    assert "cannot stop it" in said
    assert shown.value(out) is None


def test_an_executor_that_breaks(fragile_processes: Any) -> None:
    error = on(gr.from_executor(fragile_processes), os._exit, 1)
    assert isinstance(error, WorkerDiedError)


def test_an_executor_of_threads(show: Any, stdlib_threads: Any) -> None:
    backend = gr.from_executor(stdlib_threads)
    assert backend.capabilities == {"stream", "reports", "stop"}
    gr.configure_tasks(backend=backend)

    def steps(progress: Any = gr.Progress()) -> Any:  # noqa: B008
        print(threading.current_thread().name)
        progress(0.5)
        yield 1
        yield 2

    async def later() -> Any:
        await asyncio.sleep(0)
        yield 3

    with gr.Blocks() as demo:
        out, first, second = gr.JSON(), gr.Button(), gr.Button()
        first.click(steps, None, out, run_as_task=True)
        second.click(later, None, out, run_as_task=True)
    shown = show(demo)
    assert shown.run(first).value(out) == 2
    assert texts(shown)[1, "stdout"] == "mine_0\n"
    assert shown.messages(Progress)
    assert shown.run(second).value(out) == 3


def test_on_threads_a_function_that_asks_stops(show: Any, stdlib_threads: Any, gate: Any) -> None:
    gr.configure_tasks(backend=gr.from_executor(stdlib_threads))
    held, went_on = gate(), []

    def fn() -> None:
        held.wait()
        gr.check_cancelled()
        went_on.append(1)

    demo = app(fn)
    shown = show(demo)
    shown.fire(demo.button)
    held.reached()
    cancel(shown)
    assert not shown.messages(Failed)
    held.open()
    shown.page.idle()
    assert [f.code for f in shown.messages(Failed)] == ["cancelled"]
    assert went_on == []


def test_only_executors() -> None:
    with pytest.raises(TypeError, match=r"Executor, not int"):
        gr.from_executor(3)  # type: ignore[arg-type]


# --- settings -------------------------------------------------------------------------------------


def test_where_there_are_no_threads_tasks_run_like_all_functions(
    show: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "has_threads", lambda: False)
    here = os.getpid()
    assert result(show, lambda: os.getpid() == here) is True


def test_inline_keeps_what_is_raised() -> None:
    async def use() -> None:
        pool = Inline()
        assert await asyncio.wrap_future(pool.submit(pow, 2, 3)) == 8
        with pytest.raises(ZeroDivisionError):
            await asyncio.wrap_future(pool.submit(lambda: 1 / 0))

    asyncio.run(use())


@pytest.mark.parametrize("given", [0, -1, True])
def test_wrong_numbers_of_workers(given: Any) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        gr.configure_tasks(workers=given)


def test_workers_beside_a_backend(stdlib_threads: Any) -> None:
    with pytest.raises(ValueError, match="has its own size"):
        gr.configure_tasks(workers=2, backend=gr.from_executor(stdlib_threads))
    with pytest.raises(TypeError, match="backend is 'threads'"):
        gr.configure_tasks(backend="threads")  # type: ignore[arg-type]


def test_variables_of_dara(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARA_POOL_MAX_WORKERS", "7")
    monkeypatch.setenv("DARA_POOL_MIN_WORKERS", "2")
    monkeypatch.setenv("DARA_POOL_WORKER_TIMEOUT", "1.5")
    lease = choice.Lease()
    pool = lease.backend()
    assert isinstance(pool, ProcessBackend)
    assert (pool.workers, pool._keep, pool._idle) == (7, 2, 1.5)
    for each in lease.release():
        each.stop(wait=True)


def test_a_variable_that_makes_no_sense_is_told(show: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARA_POOL_MAX_WORKERS", "many")
    demo = app(lambda: 1)
    shown = show(demo)
    shown.run(demo.button)
    assert "DARA_POOL_MAX_WORKERS is 'many'" in shown.messages(Failed)[0].message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"every": 1}, "every cannot be combined"),
        ({"queue": False}, "run_as_task needs the queue"),
        ({"fn": None}, "needs a function"),
    ],
)
def test_what_cannot_be_combined(arguments: Any, words: str) -> None:
    with gr.Blocks():
        button = gr.Button()
        with pytest.raises(ValueError, match=words):
            button.click(**{"fn": lambda: None, "run_as_task": True, **arguments})
