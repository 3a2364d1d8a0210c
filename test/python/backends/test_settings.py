"""Which backend runs tasks."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Failed
from ipyblocks.runtime.backends import choice
from ipyblocks.runtime.backends.inline import Inline
from ipyblocks.runtime.backends.processes import ProcessBackend

from .conftest import WORKERS, app, result

pytestmark = WORKERS


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


@pytest.mark.parametrize("given", [0, -1, True, 2.5, "two"])
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


@pytest.mark.parametrize("given", ["many", "nan", "inf", "0"])
def test_a_variable_that_makes_no_sense_is_told(
    given: str, show: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DARA_POOL_MAX_WORKERS", given)
    demo = app(lambda: 1)
    shown = show(demo)
    shown.run(demo.button)
    assert f"DARA_POOL_MAX_WORKERS is {given!r}" in shown.messages(Failed)[0].message


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
