"""The check for leftovers that runs around every test can fail, for each kind of leftover."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.runtime.engine import Engine
from ipyblocks.transport import comm

Check = Callable[..., AbstractContextManager[None]]


def test_a_thread_is_found(leftovers: Check) -> None:
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait, name="ipyblocks_7")
    with pytest.raises(AssertionError, match="thread 'ipyblocks_7'"), leftovers(limit=0):
        thread.start()
    go_on.set()
    thread.join()


def test_an_engine_is_found(leftovers: Check) -> None:
    with gr.Blocks() as demo:
        gr.Textbox()
    opened: list[Engine] = []
    with (
        pytest.raises(AssertionError, match=r"1 open engine.*thread 'ipyblocks-loop'"),
        leftovers(limit=0),
    ):
        opened.append(Engine(demo))
    opened[0].close_all()


def test_a_receiver_is_found(leftovers: Check) -> None:
    with pytest.raises(AssertionError, match="comm receiver 'abc'"), leftovers():
        comm._receivers["abc"] = lambda content, buffers: None
    comm.stop_listening("abc")


def test_a_widget_is_found(leftovers: Check) -> None:
    from ipyblocks import display

    widget: Any = object()
    with pytest.raises(AssertionError, match="1 shown widget"), leftovers():
        display._shown.append(widget)
    display._shown.remove(widget)


def test_a_folder_is_found(leftovers: Check) -> None:
    made = []
    with pytest.raises(AssertionError, match="folder ipyblocks-"), leftovers():
        made.append(tempfile.mkdtemp(prefix="ipyblocks-"))
    shutil.rmtree(made[0])


def test_a_process_is_found(leftovers: Check) -> None:
    started = []
    with pytest.raises(AssertionError, match=r"open pipe:.*process"), leftovers(limit=0):
        started.append(subprocess.Popen(["sleep", "1000"], stdin=subprocess.PIPE))
    started[0].kill()
    started[0].communicate()


def test_a_process_that_nobody_has_reaped_is_found(leftovers: Check) -> None:
    started = []
    with pytest.raises(AssertionError, match="process"), leftovers():
        started.append(subprocess.Popen(["true"]))
    started[0].wait()


def test_nothing_is_found_after_a_closed_app(leftovers: Check) -> None:
    with gr.Blocks() as demo:
        gr.Textbox()
    with leftovers():
        Engine(demo).close_all()
