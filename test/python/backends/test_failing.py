"""How a function in a worker process fails, and what becomes of the worker."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.errors import NotSendableError, TaskError, WorkerDiedError
from ipyblocks.protocol import Failed, Toast

from .conftest import WORKERS, app, caught, failure

pytestmark = WORKERS


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
    assert type(error) is Locked
    assert str(error) == "held"
    assert not hasattr(error, "lock")
    assert error.__notes__ == ["It has no lock here: that cannot be sent from a worker."]


def test_an_exception_with_an_argument_that_cannot_be_pickled() -> None:
    def fn() -> None:
        raise ValueError("held", threading.Lock())

    error = caught(fn)
    assert type(error) is ValueError
    assert error.args[0] == "held"
    assert "lock" in error.args[1]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no groups")
def test_a_group_of_exceptions_that_cannot_be_pickled() -> None:
    class Two(Exception):
        def __init__(self, a: int, b: int) -> None:
            super().__init__(f"{a} {b}")

    class Locked(Exception):
        lock = None

    def fn() -> None:
        locked = Locked()
        locked.lock = threading.Lock()
        raise ExceptionGroup("many", [ValueError("one"), Two(1, 2), locked])  # noqa: F821

    error = caught(fn)
    assert type(error).__name__ == "ExceptionGroup"
    assert [type(each) for each in error.exceptions] == [ValueError, Two, Locked]
    assert str(error.exceptions[1]) == "1 2"


def test_an_exception_whose_constructor_wants_more_than_it_keeps() -> None:
    class Two(Exception):
        def __init__(self, a: int, b: int, *, code: int) -> None:
            super().__init__(f"{a} {b}")
            self.code = code

    def fn() -> None:
        raise Two(1, 2, code=3)

    error = caught(fn)
    assert type(error).__name__ == "Two"
    assert (str(error), error.code) == ("1 2", 3)


def test_an_exception_that_cannot_be_made_again() -> None:
    class Never(Exception):
        def __new__(cls, word: str) -> Any:
            return super().__new__(cls, word) if word == "first" else None

        def __init__(self, word: str) -> None:
            super().__init__("another")

    def fn() -> None:
        raise Never("first")

    error = caught(fn)
    assert type(error) is TaskError
    assert str(error).startswith("Never: another")


@pytest.mark.parametrize("kind", [StopIteration, GeneratorExit])
def test_what_would_end_whoever_waits_ends_a_task(kind: type[BaseException]) -> None:
    def fn() -> None:
        raise kind

    error = caught(fn)
    assert type(error) is RuntimeError
    assert str(error) == f"The function raised {kind.__name__}."
    assert type(error.__cause__) is kind


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
