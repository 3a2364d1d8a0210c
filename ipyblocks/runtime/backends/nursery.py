"""Starts worker processes: forked from one that has imported what all need, or each from nothing.

The kernel has threads and must not fork. Where there is ``fork``, it starts one helper, the
*nursery*, which has a single thread and has imported everything, and forks workers in milliseconds.
Elsewhere each worker is a fresh interpreter.

A worker's process is not reaped before the kernel asks for it, so its number is never another's
while the kernel may still send signals to it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from typing import Protocol

from .setting import environment

_ORDER = struct.Struct("<cq")
_ANSWER = struct.Struct("<q")
_CODE = "import sys; sys.path[:] = {path!r}; from ipyblocks.runtime.backends.{module} import main; "


class Process(Protocol):
    """A started worker process."""

    @property
    def pid(self) -> int: ...

    def signal(self, number: int) -> None:
        """Send a signal to it, and with SIGTERM and SIGKILL to what it has started."""

    def reap(self) -> int | None:
        """End it if it has not ended, and forget it. Returns its exit code, negative for a signal;
        None when nobody knows.
        """


def can_fork() -> bool:
    """Whether workers are forked from a helper."""
    return hasattr(os, "fork") and hasattr(socket, "send_fds") and sys.platform != "emscripten"


def _start(module: str, call: str, fds: tuple[int, ...]) -> subprocess.Popen[bytes]:
    """A fresh interpreter that runs ``main`` of one of our modules."""
    if not sys.executable:
        raise OSError("this Python does not know its own executable (sys.executable is empty)")
    code = _CODE.format(path=sys.path, module=module) + call
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    command = [sys.executable, *flags, "-c", code, "ipyblocks-worker"]
    if sys.platform == "win32":
        import msvcrt

        handles = [msvcrt.get_osfhandle(fd) for fd in fds]
        for handle in handles:
            os.set_handle_inheritable(handle, True)
        info = subprocess.STARTUPINFO(lpAttributeList={"handle_list": handles})
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, env=environment(), startupinfo=info
        )
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        env=environment(),
        pass_fds=fds,
        # An interrupt of the notebook is for its cell, not for tasks.
        start_new_session=True,
    )


class Spawned:
    """A worker in an interpreter of its own.

    Args:
        fds: its ends of the pipes; they are closed here.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, fds: tuple[int, ...]) -> None:
        call = f"main({', '.join(map(str, fds))})"
        if sys.platform == "win32":
            import msvcrt

            opened = ", ".join(f"open_osfhandle({msvcrt.get_osfhandle(fd)}, 0)" for fd in fds)
            call = f"from msvcrt import open_osfhandle; main({opened})"
        try:
            self._process = _start("worker", call, fds)
        finally:
            for fd in fds:
                os.close(fd)
        self.pid = self._process.pid

    def signal(self, number: int) -> None:
        """See :class:`Process`."""
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                self._process.terminate()
            elif number in (signal.SIGTERM, signal.SIGKILL):
                os.killpg(self.pid, number)
            else:
                os.kill(self.pid, number)

    def reap(self) -> int | None:
        """See :class:`Process`."""
        if sys.platform == "win32":
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self._process.wait(1)
            self._process.kill()
        else:
            # To one that ends already it makes no difference; the rest of its group ends with it.
            self.signal(signal.SIGKILL)
        return self._process.wait()


class Forked:
    """A worker forked by a nursery."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery = nursery
        self.pid = pid
        self._alive = True

    def signal(self, number: int) -> None:
        """See :class:`Process`."""
        with contextlib.suppress(OSError):
            if self._alive:
                kill = os.killpg if number in (signal.SIGTERM, signal.SIGKILL) else os.kill
                kill(self.pid, number)

    def reap(self) -> int | None:
        """See :class:`Process`."""
        self._alive = False
        return self._nursery.reap(self.pid)


class Nursery:
    """The helper that forks workers; started when it is first needed. Callable from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """Number of the helper's process; None while there is none."""
        return None if self._process is None else self._process.pid

    def prepare(self) -> None:
        """Start the helper, without waiting until it is ready. Returns at once.

        Raises:
            OSError: it cannot be started.
        """
        if self._lock.acquire(blocking=False):  # else there is one, or it is just being started
            try:
                self._ensure()
            finally:
                self._lock.release()

    def _ensure(self) -> socket.socket:
        if self._socket is None:
            ours, theirs = socket.socketpair()
            try:
                self._process = _start("nursery", f"main({theirs.fileno()})", (theirs.fileno(),))
            except OSError:
                ours.close()
                raise
            finally:
                theirs.close()
            self._socket = ours
        return self._socket

    def start(self, fds: tuple[int, ...]) -> Forked:
        """Fork a worker.

        Args:
            fds: its ends of the pipes; they are closed here.

        Raises:
            OSError: it cannot be started.
        """
        try:
            with self._lock:
                try:
                    return self._forked(fds)
                except OSError:  # somebody has killed it; a new one is as good
                    self._lose()
                    return self._forked(fds)
        finally:
            for fd in fds:
                os.close(fd)

    def _forked(self, fds: tuple[int, ...]) -> Forked:
        line = self._ensure()
        socket.send_fds(line, [_ORDER.pack(b"s", 0)], fds)
        return Forked(self, self._answer(line))

    def reap(self, pid: int) -> int | None:
        """End a worker if it has not ended; see :class:`Process`."""
        with self._lock:
            if self._socket is None:
                return None
            try:
                self._socket.sendall(_ORDER.pack(b"r", pid))
                return self._answer(self._socket)
            except OSError:
                self._lose()
                return None

    def _answer(self, line: socket.socket) -> int:
        data = b""
        while len(data) < _ANSWER.size:
            more = line.recv(_ANSWER.size - len(data))
            if not more:
                raise OSError("the process that starts workers has ended")
            data += more
        number: int = _ANSWER.unpack(data)[0]
        return number

    def _lose(self) -> None:
        line, self._socket = self._socket, None
        process, self._process = self._process, None
        if line is not None:
            line.close()
        if process is not None:
            process.kill()
            process.wait()

    def stop(self) -> None:
        """End the helper; its workers must have been reaped. It starts again when it is needed."""
        with self._lock:
            self._lose()


# --- the helper itself ----------------------------------------------------------------------------


def main(fd: int) -> None:
    """Be the nursery: start and reap workers until the kernel closes the socket."""
    import cloudpickle  # noqa: F401 - so that no worker has to

    from . import worker  # noqa: F401

    line = socket.socket(fileno=fd)
    order = b""
    fds: list[int] = []
    while True:
        data, more, _, _ = socket.recv_fds(line, _ORDER.size - len(order), 3)
        if not data:
            return
        order, fds = order + data, [*fds, *more]
        if len(order) < _ORDER.size:
            continue
        what, pid = _ORDER.unpack(order)
        answer = _fork(line, fds) if what == b"s" else _reap(pid)
        line.sendall(_ANSWER.pack(answer))
        order, fds = b"", []


def _fork(line: socket.socket, fds: list[int]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            line.close()
            os.setsid()
            from . import worker

            worker.main(*fds)
            code = 0
        except BaseException:  # noqa: BLE001 - must not come back to the helper's loop
            sys.excepthook(*sys.exc_info())
        finally:
            _leave(code)
    for fd in fds:
        os.close(fd)
    return pid


def _leave(code: int) -> None:
    """End a forked process as an interpreter ends."""
    import atexit

    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


def _reap(pid: int) -> int:
    # To one that ends already it makes no difference; the rest of its group ends with it.
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)
