"""Tasks in worker processes: where a function runs, its values, and its place in the queue."""

from __future__ import annotations

import asyncio
import os
import pickle
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Done, Failed, Queued, Started
from ipyblocks.runtime.backends.base import END, Call, kind_of
from ipyblocks.runtime.backends.processes import ProcessBackend

from .conftest import PATIENCE, WORKERS, Quiet, app, cancel, result

pytestmark = WORKERS


def test_it_runs_in_another_process(show: Any) -> None:
    here = os.getpid()
    assert result(show, lambda: [os.getpid() == here, 1]) == [False, 1]


def test_the_worker_stays_warm(show: Any) -> None:
    demo = app(os.getpid)
    shown = show(demo)
    first = shown.run(demo.button).value(demo.outs[0])
    assert shown.run(demo.button).value(demo.outs[0]) == first


def test_who_has_heard_a_result_finds_that_worker_free() -> None:
    pool = ProcessBackend(2)
    call = Call(os.getpid, (), kind_of(os.getpid), "getpid")
    try:
        first = pool.submit(call, Quiet())
        submitted: SimpleQueue[Any] = SimpleQueue()
        first.close().add_done_callback(lambda _: submitted.put(pool.submit(call, Quiet())))
        second = submitted.get(timeout=PATIENCE)
        assert second.step().result(PATIENCE) == first.step().result(PATIENCE)
        second.close().result(PATIENCE)
        assert sum(thread.name == "ipyblocks-worker" for thread in threading.enumerate()) == 1
    finally:
        pool.stop(wait=True)


def test_a_call_that_comes_as_its_worker_stops_waiting_is_served() -> None:
    call = Call(os.getpid, (), kind_of(os.getpid), "getpid")
    submitted: SimpleQueue[Any] = SimpleQueue()

    class Late(threading.Condition):
        """Whoever waits here hears of nothing, and a call has come in the meantime."""

        def wait(self, timeout: float | None = None) -> bool:
            if submitted.empty():
                self.release()
                submitted.put(pool.submit(call, Quiet()))
                self.acquire()
            return False

    pool = ProcessBackend(1)
    pool._changed = Late()
    try:
        pool.submit(call, Quiet()).close().result(PATIENCE)
        late = submitted.get(timeout=PATIENCE)
        assert isinstance(late.step().result(PATIENCE), int)
        late.close().result(PATIENCE)
    finally:
        pool.stop(wait=True)


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


def test_arrays_are_ones_own_at_both_ends() -> None:
    np = pytest.importorskip("numpy")

    def fn(array: Any) -> Any:
        array += 1
        return array

    pool = ProcessBackend(1)
    try:
        job = pool.submit(Call(fn, [np.ones(200_000)], "plain", "fn"), Quiet())
        back = job.step().result(PATIENCE)
        back += 1
        assert (back == 3).all()
        job.close().result(PATIENCE)
    finally:
        pool.stop(wait=True)


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
