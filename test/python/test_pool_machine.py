"""A machine that submits, lets go on, fails, cancels and kills in any order, and checks after every
step that the pool does what a small model of it says.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ipyblocks.errors import WorkerDiedError
from ipyblocks.runtime.backends.base import Call
from ipyblocks.runtime.backends.job import Job
from ipyblocks.runtime.backends.processes import ProcessBackend

from .conftest import LIMIT

pytestmark = pytest.mark.slow

WORKERS = 2


class Silent:
    """A run that nobody looks at."""

    tracks_tqdm = False

    def write(self, stream: str, text: str) -> None: ...


@dataclass(eq=False)
class Run:
    """A call, and the line to its function.

    Attributes:
        number: what it returns.
        pid: its worker, once its function has called.
    """

    number: int
    job: Job
    value: Future[Any]
    pid: int | None = None
    line: socket.socket | None = None


class PoolMachine(RuleBasedStateMachine):
    """First come, first served; each ends once, as it should; never more at a time than workers."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = ProcessBackend(WORKERS, grace=LIMIT)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(LIMIT)
        self.going: list[Run] = []
        self.waiting: list[Run] = []
        self.count = 0

    @rule()
    def submit(self) -> None:
        self.count += 1
        address, number = self.server.getsockname(), self.count

        def fn() -> int:
            import os
            import socket

            with socket.create_connection(address) as line:
                line.sendall(f"{number} {os.getpid()}\n".encode())
                order = line.recv(1)
            if order == b"f":
                raise LookupError(number)
            return number

        job = self.pool.submit(Call(fn, (), "plain", "fn"), Silent())  # type: ignore[arg-type]
        self.waiting.append(Run(number, job, job.step()))
        self.advance()

    def advance(self) -> None:
        """Those whose turn it is call, in whatever order."""
        new = self.waiting[: WORKERS - len(self.going)]
        del self.waiting[: len(new)]
        self.going += new
        for _ in new:
            line, _ = self.server.accept()
            line.settimeout(LIMIT)
            number, pid = line.makefile().readline().split()
            (run,) = [each for each in new if each.number == int(number)]
            run.pid, run.line = int(pid), line

    def over(self, run: Run) -> None:
        run.job.close().result(LIMIT)
        self.going.remove(run)
        assert run.line is not None
        run.line.close()
        self.advance()

    @precondition(lambda self: self.going)
    @rule(data=st.data(), order=st.sampled_from([b"r", b"f"]))
    def go_on(self, data: Any, order: bytes) -> None:
        run = data.draw(st.sampled_from(self.going))
        run.line.sendall(order)
        error = run.value.exception(LIMIT)
        if order == b"f":
            assert (type(error), error.args) == (LookupError, (run.number,))
        else:
            assert run.value.result() == run.number
        self.over(run)

    @precondition(lambda self: self.going)
    @rule(data=st.data())
    def cancel_running(self, data: Any) -> None:
        run = data.draw(st.sampled_from(self.going))
        run.job.cancel()
        run.job.cancel()
        assert isinstance(run.value.exception(LIMIT), asyncio.CancelledError)
        self.over(run)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def cancel_waiting(self, data: Any) -> None:
        run = data.draw(st.sampled_from(self.waiting))
        run.job.cancel()
        assert isinstance(run.value.exception(0), asyncio.CancelledError)
        self.waiting.remove(run)

    @precondition(lambda self: self.going)
    @rule(data=st.data())
    def kill(self, data: Any) -> None:
        run = data.draw(st.sampled_from(self.going))
        os.kill(run.pid, signal.SIGKILL)
        error = run.value.exception(LIMIT)
        assert isinstance(error, WorkerDiedError)
        assert error.exit_code == -signal.SIGKILL
        self.over(run)
        assert not Path(f"/proc/{run.pid}").exists()

    @invariant()
    def neighbours_go_on(self) -> None:
        for run in [*self.going, *self.waiting]:
            assert not run.value.done()
        assert len({run.pid for run in self.going}) == len(self.going)
        assert len(self.pool._attendants) <= WORKERS

    def teardown(self) -> None:
        for run in [*self.waiting, *self.going]:
            run.job.cancel()
            if run.line is not None:
                run.line.close()
        self.pool.stop(wait=True)
        self.server.close()
        assert not [t for t in threading.enumerate() if t.name == "ipyblocks-worker"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills processes")
def test_pool_machine() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        PoolMachine,
        settings=settings(
            max_examples=10,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
