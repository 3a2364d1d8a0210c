"""Functions of tasks (``run_as_task=True``), and what their tests share."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Failed
from ipyblocks.runtime.backends import choice
from ipyblocks.runtime.backends.base import Call, kind_of
from ipyblocks.runtime.backends.processes import ProcessBackend

from ..conftest import LIMIT

PATIENCE = LIMIT

WORKERS = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc").exists(), reason="looks at processes by way of /proc"),
]
"""Marks of tests that start workers."""


@pytest.fixture(autouse=True)
def usual_configuration() -> Iterator[None]:
    yield
    choice._workers = choice._chosen = None
    # The last app does not wait for the loop, which gives back the places of what was stopped.
    for thread in threading.enumerate():
        if thread.name == "ipyblocks-loop":
            thread.join(PATIENCE)
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
def by_value(request: pytest.FixtureRequest) -> Iterator[None]:
    """These modules are ones that workers cannot import, like a cell."""
    import cloudpickle

    modules = [sys.modules[__name__], request.module]
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    yield
    for module in modules:
        cloudpickle.unregister_pickle_by_value(module)


@pytest.fixture
def meet(tmp_path: Path) -> Callable[[str], Meeting]:
    return lambda name="point": Meeting(tmp_path, name)


@pytest.fixture
def stdlib_threads() -> Iterator[Any]:
    with ThreadPoolExecutor(1, thread_name_prefix="mine") as executor:
        yield executor


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


def cancel(shown: Any, task: int = 1) -> None:
    shown.on_loop(lambda: shown.engine.cancel(shown.session, task))
