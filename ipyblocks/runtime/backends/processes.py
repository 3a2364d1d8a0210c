"""Tasks in worker processes of the kernel: one at a time in each, and any of them can be stopped.

Every worker has a thread here, which pickles, writes, and waits for what the worker says. It starts
the process when there is a call for it, and starts another when that one has been ended.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pickle
import signal
import threading
from collections import deque
from typing import Any

from ... import context
from ...errors import NotSendableError, WorkerDiedError
from .base import Call, Capability
from .job import GRACE, Job
from .nursery import Nursery, Process, Spawned, can_fork
from .pickling import Known, cannot_send, dump, knowing
from .remote import Order, hear
from .wire import Frame, Pickled, Pipes, pipe_pair


class ProcessBackend:
    """The worker processes of a kernel. See :class:`~.base.ExecutionBackend`.

    Args:
        workers: most processes, and so calls at a time.
        keep: workers that wait for a call as long as there are apps; others end when they have
            been idle.
        idle: seconds after which a worker that has nothing to do ends.
        grace: seconds that a function has to end after it has been interrupted.
        forked: start workers from a helper that forks; by default where that is possible.
    """

    capabilities: frozenset[Capability] = frozenset(
        {"processes", "stream", "reports", "stop", "kill"}
    )

    def __init__(
        self,
        workers: int,
        keep: int = 0,
        idle: float = 300.0,
        grace: float = GRACE,
        forked: bool | None = None,
    ) -> None:
        self.workers = workers
        self.grace = grace
        self._keep = keep
        self._idle = idle
        self.nursery = Nursery() if (can_fork() if forked is None else forked) else None
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._attendants: set[_Attendant] = set()
        self._serving = 0
        self._stopped = False
        self._ending: threading.Thread | None = None
        self._numbers = itertools.count(1)

    @property
    def places(self) -> int:
        """See :class:`~.base.ExecutionBackend`."""
        return self.workers

    @property
    def pids(self) -> list[int]:
        """Numbers of the processes there are now, workers first."""
        found = [each.pid for each in list(self._attendants) if each.pid is not None]
        helper = None if self.nursery is None else self.nursery.pid
        return found if helper is None else [*found, helper]

    def prepare(self) -> None:
        """See :class:`~.base.ExecutionBackend`."""
        if self.nursery is not None:
            with contextlib.suppress(OSError):  # the first call says so
                self.nursery.prepare()

    def submit(self, call: Call, run: context.Run) -> Job:
        """See :class:`~.base.ExecutionBackend`."""
        job = Job(self, call, run, next(self._numbers))
        with self._changed:
            if self._stopped:
                job.cancelled = True
                job.end()
                return job
            self._waiting.append(job)
            free = len(self._attendants) - self._serving
            if len(self._waiting) > free and len(self._attendants) < self.workers:
                attendant = _Attendant(self)
                self._attendants.add(attendant)
                attendant.start()
            self._changed.notify()
        return job

    def withdraw(self, job: Job) -> bool:
        """Forget a call that no worker has; False: one has it, or it is over."""
        with self._changed:
            if job not in self._waiting:
                return False
            self._waiting.remove(job)
        job.end()
        return True

    def take(self, attendant: _Attendant) -> Job | None:
        """The next call, when there is one; None: the attendant is to end."""
        with self._changed:
            idle = False
            while len(self._attendants) <= self.workers:
                if self._waiting:
                    self._serving += 1
                    attendant.job = self._waiting.popleft()  # so that a stop finds it
                    return attendant.job
                if self._stopped or idle:
                    break
                surplus = len(self._attendants) > self._keep
                # A call may come at the end of the wait, and counts on this one: look once more.
                idle = not self._changed.wait(self._idle if surplus else None) and surplus
            self._attendants.discard(attendant)
            if self._waiting:
                self._changed.notify()
            return None

    def served(self) -> None:
        """A call that was taken is over. To be said before anybody hears its result: who then has
        another is to find this worker free, and not start one.
        """
        with self._changed:
            self._serving -= 1

    @property
    def is_stopped(self) -> bool:
        """Whether it takes no more calls."""
        return self._stopped

    def resize(self, workers: int) -> None:
        """From now on so many workers; those that are too many end with their calls."""
        with self._changed:
            self.workers = workers
            self._changed.notify_all()

    def stop(self, wait: bool = False) -> None:
        """See :class:`~.base.ExecutionBackend`."""
        with self._changed:
            first, self._stopped = not self._stopped, True
            waiting, self._waiting = list(self._waiting), deque()
            attendants = list(self._attendants)
            if first:
                self._ending = threading.Thread(
                    target=self._finish, args=(attendants,), name="ipyblocks-tasks-end", daemon=True
                )
                self._ending.start()
            self._changed.notify_all()
        for job in waiting:
            job.cancelled = True
            job.end()
        for attendant in attendants:
            attendant.cancel()
        if wait and self._ending is not None:
            self._ending.join()

    def _finish(self, attendants: list[_Attendant]) -> None:
        for attendant in attendants:
            attendant.join()
        if self.nursery is not None:
            self.nursery.stop()

    def kill(self) -> None:
        """End everything at once: the kernel's process ends."""
        self._stopped = True
        for attendant in list(self._attendants):
            attendant.give_up()
            attendant.signal("SIGKILL" if hasattr(signal, "SIGKILL") else "SIGTERM")
        if self.nursery is not None:
            self.nursery.stop()


class _Attendant(threading.Thread):
    """The thread of one worker, its process, and the call that it has as ``job``."""

    def __init__(self, backend: ProcessBackend) -> None:
        super().__init__(name="ipyblocks-worker", daemon=True)
        self._backend = backend
        self._process: Process | None = None
        self._pipes: Pipes | None = None
        self._lifeline = -1
        self.job: Job | None = None
        self._sent: set[int] = set()

    def give_up(self) -> None:
        """What it runs is about to end with its worker, which is then not said to have died."""
        job = self.job
        if job is not None:
            job.cancelled = True

    @property
    def pid(self) -> int | None:
        process = self._process
        return None if process is None else process.pid

    def cancel(self) -> None:
        """Stop the call that runs, if one does."""
        job = self.job
        if job is not None:
            job.cancel()

    def signal(self, name: str) -> None:
        """Send a signal to the worker, as far as there are signals."""
        process = self._process
        if process is None:
            return
        code = getattr(signal, name, signal.SIGTERM)
        if name == "SIGINT":
            number = 0 if self.job is None else self.job.number
            with contextlib.suppress(OSError):
                os.write(self._lifeline, number.to_bytes(8, "little"))
            if not hasattr(signal, "SIGKILL"):
                return  # Windows: an interrupt would be for the kernel as well
        else:
            self._sent.add(code)
        process.signal(code)

    # --- the process -----------------------------------------------------------------------------

    def _begin(self) -> None:
        """Start the process.

        Raises:
            OSError: it cannot be started.
        """
        pipes, theirs = pipe_pair()
        reading, self._lifeline = os.pipe()
        fds = (*theirs, reading)
        self._sent = set()
        try:
            nursery = self._backend.nursery
            self._process = Spawned(fds) if nursery is None else nursery.start(fds)
        except OSError:
            pipes.close()
            os.close(self._lifeline)
            raise
        self._pipes = pipes

    def _finish(self, orderly: bool = False) -> int | None:
        """End the process, and wait for its end. Returns its exit code."""
        process, pipes = self._process, self._pipes
        if process is None or pipes is None:
            return None
        os.close(self._lifeline)
        if orderly:
            pipes.close_writing()
            with contextlib.suppress(EOFError, OSError, pickle.UnpicklingError):
                while True:
                    pipes.receive().drop()
        self._process = self._pipes = None
        code = process.reap()
        pipes.close()
        return code

    # --- its calls -------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve calls until there are none."""
        while (job := self._backend.take(self)) is not None:
            try:
                error = self._serve(job)
            except BaseException as failure:  # noqa: BLE001 - nobody may wait for ever
                error = failure
                job.served_by(None)
                self._finish()
            job.served_by(None)
            self.job = None
            self._backend.served()
            job.end(error)
            del job, error
            if self._process is None and not self._backend.is_stopped:
                with contextlib.suppress(OSError):
                    self._begin()  # so that the next call finds a worker
        self._finish(orderly=True)

    def _serve(self, job: Job) -> BaseException | None:
        """One call from its start to its end. Returns why it failed."""
        known, files = Known(), set[str]()
        call = job.call
        with context.running(job.run):
            try:
                data = dump((call.fn, call.args), known, files=files)
            except Exception as error:  # noqa: BLE001 - a user's own __reduce__
                return cannot_send(call, known, error)
        order = Order.of(call, files, job.number)
        again = self._process is not None  # it may have died since its last call
        while not job.cancelled:
            died = self._attend(job, order, data, known)
            if not isinstance(died, WorkerDiedError) or job.begun.is_set() or not again:
                return died
            again = False
        return None

    def _attend(self, job: Job, order: Order, data: Pickled, known: Known) -> BaseException | None:
        try:
            if self._process is None:
                self._begin()
        except OSError as error:
            return WorkerDiedError(f"No worker process could be started: {error}.")
        assert self._pipes is not None
        job.served_by(self)
        if job.cancelled:
            return None  # while the process started, where no signal has reached it
        try:
            self._pipes.send(("call", *order), data)
            return self._listen(job, self._pipes, known)
        except (EOFError, OSError):
            job.served_by(None)
            return _died(order.name, self._finish(), self._sent, job.begun.is_set())

    def _listen(self, job: Job, pipes: Pipes, known: Known) -> BaseException | None:
        """Take up what the worker says until the call is over."""
        problem: NotSendableError | None = None
        while True:
            frame = pipes.receive()
            kind, *rest = frame.envelope
            if kind == "begun":
                job.begun.set()
            elif kind == "value":
                problem = self._value(job, frame, known)
                if job.call.kind in ("generator", "async generator"):
                    pipes.send(("close" if problem else job.next_command(),))
            elif kind == "end":
                if rest[0]:  # what it was interrupted in may not work again
                    job.served_by(None)
                    self._finish(orderly=True)
                return problem
            elif kind == "raised":
                error: BaseException = rest[0].error()
                return error
            elif kind == "unknown":
                return _unknown(job.call, rest[0])
            else:
                hear(job.run, frame.envelope)

    def _value(self, job: Job, frame: Frame, known: Known) -> NotSendableError | None:
        """Hand over a value that has come. Returns why that cannot be done."""
        try:
            with context.running(job.run), knowing(known):
                value = frame.take()
        except (EOFError, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - a user's own __setstate__
            problem = NotSendableError(
                f"What {job.call.name!r} returned cannot be made again in the kernel: "
                f"{type(error).__name__}: {error}."
            )
            problem.__cause__ = error
            return problem
        job.give(value)
        return None


def _unknown(call: Call, raised: Any) -> NotSendableError:
    if raised.kind in ("ModuleNotFoundError", "ImportError", "AttributeError"):
        why = (
            "Worker processes import it from files; what is defined in cells is sent along, what "
            "has been put into sys.modules by hand is not"
        )
    else:
        why = "It is made again there from what was sent"
    error = NotSendableError(
        f"A worker process cannot load the function {call.name!r} with its arguments: "
        f"{raised.kind}: {raised.message}. {why}."
    )
    from ..call import told_traceback

    told_traceback(error, raised.traceback)
    return error


def _died(name: str, code: int | None, sent: set[int], begun: bool) -> WorkerDiedError:
    """What to say of a process that has ended by itself."""
    where = f"while it ran {name!r}" if begun else f"before it could run {name!r}"
    if code is None:
        how = "has ended"
    elif code >= 0:
        how = f"has ended with exit code {code}"
    else:
        try:
            how = f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            how = f"was ended by signal {-code}"
    hint = ""
    if code is not None and code < 0 and -code not in sent:
        if -code == getattr(signal, "SIGKILL", None):
            hint = " The system does that when memory runs out, which is the likely reason."
        elif -code in {getattr(signal, n, None) for n in ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE")}:
            hint = " A library in native code has crashed."
    elif not begun:
        hint = " What it said is in the output of the notebook server."
    return WorkerDiedError(f"The worker process {how} {where}.{hint}", code)
