"""When worker processes end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ipyblocks.errors import WorkerDiedError
from ipyblocks.runtime.backends.base import Call
from ipyblocks.runtime.backends.processes import ProcessBackend

from .conftest import PATIENCE, WORKERS, Quiet, app

pytestmark = WORKERS


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


ACTING = """
import atexit, sys, time
import ipyblocks as gr
from ipyblocks.app import page_of
from ipyblocks.protocol import Failed, Toast
from ipyblocks.reactive import Button, Text, Variable, action
from ipyblocks.runtime.engine import Engine
from ipyblocks.runtime.options import Options
from ipyblocks.transport.loopback import LoopbackPage

pages = []

def tell():
    page = pages[0]
    print(page.wait_for(lambda m: isinstance(m, Failed)).code)
    print([m.message for m in page.messages if isinstance(m, Toast)])

atexit.register(tell)  # before that of the pool, and so called after it

said = Variable("nothing")

def fn(path):
    open(path, "w").close()
    time.sleep(1000)

@action
async def go(ctx):
    try:
        await ctx.run_task(fn, args=[sys.argv[1]])
    finally:
        await ctx.update(said, "over")

button = Button("go", onclick=go())
demo = page_of(gr.Stack(button, Text(said)))
page = LoopbackPage(Engine(demo, Options()))
pages.append(page)
page.hello()
page.fire(demo.id_of(button), "click")
open(sys.argv[1]).close()
"""


def test_what_runs_when_the_kernel_ends_was_cancelled_and_did_not_fail(tmp_path: Path) -> None:
    script, fifo = tmp_path / "kernel.py", tmp_path / "here"
    script.write_text(ACTING)
    os.mkfifo(fifo)
    done = subprocess.run(
        [sys.executable, str(script), str(fifo)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stdout.splitlines() == ["cancelled", "[]"], done.stderr


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
