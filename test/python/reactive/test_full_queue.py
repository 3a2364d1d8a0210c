"""``queue(max_size=…)`` is about what people ask for, and not about what variables compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.errors import QueueFullError
from ipyblocks.protocol import Failed, Queued
from ipyblocks.reactive import DerivedVariable, Variable
from ipyblocks.runtime.queue import Queue

from .conftest import Show


class Waiting:
    """As much of a task as a queue looks at."""

    dependency, group, places = None, "", None


def test_what_does_not_count_takes_no_place_and_is_never_refused() -> None:
    queue = Queue(lambda task: None, lambda group: None, max_size=1)

    def push(group: str, counts: bool = True) -> None:
        queue.push(Waiting(), group, 1, counts)  # type: ignore[arg-type]

    for _ in range(3):
        push("own", counts=False)
    push("asked")
    push("asked")
    assert queue.statistics() == (3, 2, 2)
    push("own", counts=False)
    with pytest.raises(QueueFullError, match="1 of 1 places are taken"):
        push("asked")


@pytest.mark.slow
def test_variables_that_wait_for_a_worker_refuse_no_click(
    show: Show, gate: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("DARA_POOL_MAX_WORKERS", "1")
    go, held, ran = tmp_path / "go", gate(), []

    def waits(v: int) -> int:
        import time

        while not go.exists():
            time.sleep(0.01)
        return v

    def work() -> None:
        ran.append(1)
        held.wait()

    many = [DerivedVariable(waits, [Variable(n)], run_as_task=True) for n in range(3)]
    with gr.Blocks() as demo:
        for each in many:
            gr.Number(each)
        button = gr.Button()
        button.click(work, trigger_mode="multiple", concurrency_limit=1)
    shown = show(demo, max_size=1)
    shown.until(Queued, 2)
    shown.fire(button)
    held.reached()
    shown.fire(button)
    shown.until(Queued, 3)  # the click that waits
    held.open()
    go.touch()
    shown.engine.wait_idle()
    assert ran == [1, 1]
    assert shown.messages(Failed) == []
