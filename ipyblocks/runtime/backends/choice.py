"""Which backend runs the tasks of this kernel: one for all its apps, ended with the last."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import math
import os
import threading
from collections.abc import Sequence
from concurrent.futures import Executor
from numbers import Integral
from typing import TYPE_CHECKING, Literal

from ..places import Places
from . import setting
from .base import ExecutionBackend
from .inline import has_threads

if TYPE_CHECKING:
    from .processes import ProcessBackend

MOST_WORKERS = 4
"""Most workers where nobody says how many: a notebook's machine has other work, too."""

IDLE = 300.0
"""Seconds after which a worker that has nothing to do ends."""

KEPT = 60.0
"""Seconds for which workers wait for the apps of a cell that runs again."""

places = Places()
"""Calls at a time, over the queues of all apps."""

_lock = threading.Lock()
_chosen: ExecutionBackend | None = None
_workers: int | None = None
_running: list[ExecutionBackend] = []
_own: list[ProcessBackend] = []
_users = 0
_kept: threading.Timer | None = None


def configure_tasks(
    workers: int | None = None,
    backend: ExecutionBackend | Literal["processes"] | None = None,
    preload: Sequence[str] | None = None,
) -> None:
    """Settle where the functions of ``run_as_task=True`` run, for all apps of this kernel.

    Tasks that run already go on where they are.

    Args:
        workers: most worker processes, and so tasks at a time; by default
            ``DARA_POOL_MAX_WORKERS``, or as many as there are processors, and 4 at most.
        backend: where tasks run instead, such as ``gr.from_executor(executor)``; ``"processes"``
            are the workers of this kernel again.
        preload: names of modules that every worker imports before its first call.

    Raises:
        ValueError: ``workers`` is not positive, or is given beside a backend of your own.
        TypeError: not a backend, or no list of names.
    """
    global _chosen, _workers  # noqa: PLW0603 - one for the kernel
    if workers is not None and not _is_count(workers):
        raise ValueError(f"workers is {workers!r:.60}; it must be a whole number, 1 or more.")
    own = backend not in (None, "processes")
    if own and workers is not None:
        raise ValueError(
            "workers is for the worker processes of this kernel; a backend of your own has its "
            "own size."
        )
    if own and not callable(getattr(backend, "submit", None)):
        raise TypeError(
            f'backend is {backend!r:.60}; give gr.from_executor(executor) or "processes".'
        )
    if preload is not None:
        if isinstance(preload, str) or not all(isinstance(each, str) for each in preload):
            raise TypeError(f"preload is {preload!r:.60}; give a list of module names.")
        setting.preloaded = tuple(preload)
    with _lock:
        if backend is not None:
            _chosen = None if backend == "processes" else backend
        if workers is not None:
            _workers = workers
        for each in _own:
            each.resize(_size())
        _limit()
    places.wake()


def _is_count(given: object) -> bool:
    # numpy's, too
    return not isinstance(given, bool) and isinstance(given, Integral) and int(given) >= 1


def from_executor(executor: Executor, in_process: bool | None = None) -> ExecutionBackend:
    """Run tasks on an executor of your own: ``gr.configure_tasks(backend=gr.from_executor(pool))``.

    On threads of this process everything works but stopping a function that does not ask
    (:func:`check_cancelled`, a progress report, a ``yield``). An executor of other processes or
    machines hands over one value at the end: generators are refused, progress is not shown, text
    and toasts come at the end, and a function that runs cannot be stopped. ``ipyblocks`` and
    ``cloudpickle`` must be installed where it runs.

    The executor remains yours: shut it down when you need it no more.

    Args:
        executor: any ``concurrent.futures.Executor``; with Dask,
            ``client.get_executor(pure=False)``.
        in_process: whether its functions run in this process; by default so for threads.

    Raises:
        TypeError: not an executor.
    """
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(
            f"from_executor() takes a concurrent.futures.Executor, not {type(executor).__name__}."
        )
    # Where tasks are used alone: both take as long to import as all else of a small app.
    from concurrent.futures import ThreadPoolExecutor

    from .executor import ExecutorBackend

    if in_process is None:
        # Interpreters of their own have threads, and share nothing.
        apart = any(cls.__name__ == "InterpreterPoolExecutor" for cls in type(executor).__mro__)
        in_process = isinstance(executor, ThreadPoolExecutor) and not apart
    return ExecutorBackend(executor, in_process)


def _limit() -> None:
    places.limit = _size() if _chosen is None else _chosen.places


def _size() -> int:
    if _workers is not None:
        return _workers
    given = _from_environment("DARA_POOL_MAX_WORKERS", 1)
    return min(MOST_WORKERS, os.cpu_count() or 1) if given is None else int(given)


def _from_environment(name: str, least: float) -> float | None:
    given = os.environ.get(name, "").strip()
    if not given:
        return None
    try:
        number = float(given)
    except ValueError:
        number = least - 1
    if not least <= number < math.inf:
        raise ValueError(f"{name} is {given!r}; give a number of {least:g} or more.")
    return number


def _new_pool() -> ProcessBackend:
    from .processes import ProcessBackend

    keep = int(_from_environment("DARA_POOL_MIN_WORKERS", 0) or 0)
    idle = _from_environment("DARA_POOL_WORKER_TIMEOUT", 0)
    pool = ProcessBackend(_size(), keep, IDLE if idle is None else idle)
    atexit.register(pool.kill)
    _own.append(pool)
    return pool


def keep() -> None:
    """Have the workers that there are outlive the last app for :data:`KEPT` seconds: its cell runs
    again, and what workers have imported takes long to import.
    """
    with _lock:
        if not _running:
            return
    lease = Lease()
    with contextlib.suppress(ValueError):  # the next task says so
        lease.backend()
    timer = threading.Timer(KEPT, lease.release)
    timer.name = "ipyblocks-tasks-kept"
    timer.daemon = True
    _keep(timer)
    timer.start()


def let_go() -> None:
    """Keep no workers any more that no app uses."""
    _keep(None)


def _keep(timer: threading.Timer | None) -> None:
    global _kept
    with _lock:
        former, _kept = _kept, timer
    if former is not None:
        former.cancel()
        former.function()


class Lease:
    """One app's use of the kernel's backend. Callable from any thread."""

    def __init__(self) -> None:
        self._uses = False
        self._ended = False

    @property
    def places(self) -> Places | None:
        """What tasks have to wait for beside their group's turn."""
        with contextlib.suppress(ValueError):  # the task itself says so
            _limit()
        return places

    def backend(self) -> ExecutionBackend | None:
        """Where to run a task now; None: where all functions run, because nothing else is there.

        Raises:
            CancelledError: it has been given back, and nobody would end what is begun.
            ValueError: an environment variable that makes no sense.
        """
        global _users  # noqa: PLW0603
        with _lock:
            if self._ended:
                raise asyncio.CancelledError("The app has been closed.")
            if _chosen is None and not has_threads():
                return None
            if not self._uses:
                self._uses = True
                _users += 1
            found = _chosen
            if found is None:
                found = _own[0] if _own else _new_pool()
            if found not in _running:
                _running.append(found)
            return found

    def release(self) -> list[ExecutionBackend]:
        """The app has ended. Returns the backends that have been stopped with it."""
        global _users  # noqa: PLW0603
        with _lock:
            self._ended = True
            if not self._uses:
                return []
            self._uses = False
            _users -= 1
            if _users:
                return []
            ended, own = list(_running), list(_own)
            _running.clear()
            _own.clear()
        for each in ended:
            each.stop()
        for pool in own:
            atexit.unregister(pool.kill)
        return ended
