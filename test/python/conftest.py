"""What every test of the kernel side has: apps without a notebook, gates, a check for leftovers."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from ipyblocks.blocks import Tree
from ipyblocks.component import Block
from ipyblocks.protocol import Log, Patch, ToPage, Welcome
from ipyblocks.runtime import loop as loops
from ipyblocks.runtime.engine import Engine, Options
from ipyblocks.runtime.evaluator import evaluator
from ipyblocks.transport import comm
from ipyblocks.transport.loopback import LoopbackPage, apply_update
from ipyblocks.variables import graph

LIMIT = 120.0
"""Seconds that something may take before a test gives up. No passing test waits that long, not even
where a dozen others share a processor."""

REPOSITORY = Path(__file__).parent.parent.parent


# A busy machine is no defect of what is tested.
settings.register_profile(
    "unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")


# --- leftovers ----------------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def private_temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Temporary files of the package in a folder of this run, to which no other process adds."""
    former, tempfile.tempdir = tempfile.tempdir, str(tmp_path_factory.mktemp("temporary"))
    yield
    tempfile.tempdir = former


def threads() -> set[threading.Thread]:
    return set(threading.enumerate())


def temporary_folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("ipyblocks-*"))


MARK = f"IPYBLOCKS_TESTS={os.getpid()}"
"""In the environment of every process that a test starts, whoever its parent is in the end."""

os.environ.update([MARK.split("=")])


_looks: dict[int, int] = {}
"""How often a process was found to be none of ours."""


def processes() -> set[int]:
    """Those that the tests have started, with their children; also those that nobody has reaped.

    Empty where there is no ``/proc``.
    """
    found, there = set(), set()
    with contextlib.suppress(OSError):
        there = {int(name) for name in os.listdir("/proc") if name.isdigit()} - {os.getpid()}
    for gone in _looks.keys() - there:
        del _looks[gone]
    for pid in there:
        # One that is being started may not have its environment yet: the second look counts.
        if _looks.get(pid, 0) < 2:
            if is_ours(pid):
                found.add(pid)
            else:
                _looks[pid] = _looks.get(pid, 0) + 1
    return found


def is_ours(pid: int) -> bool:
    """Whether the tests have started a process, or one of its parents."""
    folder = Path(f"/proc/{pid}")
    with contextlib.suppress(OSError, IndexError):  # somebody else's, or one that has ended
        parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        return parent == os.getpid() or MARK.encode() in (folder / "environ").read_bytes().split(
            b"\0"
        )
    return False


def has_ended(pid: int, limit: float) -> bool:
    """Whether a process ends within so many seconds; one that nobody reaps has not ended."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        select.select([pidfd], [], [], limit)
    finally:
        os.close(pidfd)
    try:
        _, _, after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except OSError:
        return True
    state, parent = after.split()[:2]
    return state == "Z" and int(parent) != os.getpid()  # whose parent died is not ours to reap


def pipes() -> set[str]:
    """Pipes and sockets of this process."""
    found = set()
    for fd in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):
            found.add(os.readlink(fd))
    return {each for each in found if each.startswith(("pipe:", "socket:"))}


def shown_widgets() -> list[Any]:
    # The display needs ipywidgets; a test that never imported it has shown nothing.
    display = sys.modules.get("ipyblocks.display")
    return [] if display is None else display.shown()


@contextmanager
def nothing_left(limit: float = LIMIT) -> Iterator[None]:
    """Fail when code inside leaves a thread, an engine, a receiver, a widget, a folder, a process
    or a pipe behind.

    Args:
        limit: seconds that a thread or a process may take to end.
    """
    threads_before, folders_before = threads(), temporary_folders()
    processes_before, pipes_before = processes(), pipes()
    users_before, receivers_before = loops._users, set(comm._receivers)
    widgets_before = len(shown_widgets())
    yield
    left = []
    for thread in threads() - threads_before:
        thread.join(limit)
        if thread.is_alive():
            left.append(f"thread {thread.name!r}")
    if loops._users != users_before:
        left.append(f"{loops._users - users_before} open engine(s)")
    left += [f"comm receiver {name!r}" for name in set(comm._receivers) - receivers_before]
    if len(shown_widgets()) != widgets_before:
        left.append(f"{len(shown_widgets()) - widgets_before} shown widget(s)")
    left += [f"folder {folder.name}" for folder in temporary_folders() - folders_before]
    new = [pid for pid in processes() - processes_before if not has_ended(pid, limit)]
    left += [f"process {pid}" for pid in new]
    left += [f"open {pipe}" for pipe in pipes() - pipes_before]
    if left:
        raise AssertionError(f"left behind: {', '.join(sorted(left))}")


@pytest.fixture(autouse=True)
def no_leftovers(private_temporary_folder: None) -> Iterator[None]:
    """Around every test; other fixtures are set up after it and so torn down before it looks."""
    with nothing_left():
        yield


@pytest.fixture
def leftovers() -> Callable[..., Any]:
    """The check itself, for the test that proves that it can fail."""
    return nothing_left


# --- time and order -----------------------------------------------------------------------------


@pytest.fixture
def nothing_looked_at(no_leftovers: None) -> Iterator[None]:
    """No variable is looked at, or computed, after a test."""
    yield
    # Whoever is told that a wait is over is told before its function has ended.
    for thread in threads():
        if thread.name == "ipyblocks-loop":
            thread.join(LIMIT)
    assert evaluator._users == 0
    assert not graph.wanted
    assert not graph.news
    assert not evaluator.runs
    assert evaluator._polling is None
    assert evaluator._wave is None


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread does and tells nobody."""
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.0005)


class Gate:
    """Where a handler waits until the test lets it go on.

    Attributes:
        entered: set when a handler has come to the gate.
    """

    def __init__(self) -> None:
        self.entered = threading.Event()
        self._open: Future[None] = Future()

    def wait(self) -> None:
        """For a handler in a thread."""
        self.entered.set()
        self._open.result(LIMIT)

    async def pass_through(self) -> None:
        """For an ``async`` handler."""
        import asyncio

        self.entered.set()
        await asyncio.wrap_future(self._open)

    def reached(self) -> None:
        """Wait until a handler is at the gate."""
        assert self.entered.wait(LIMIT), "no handler came to the gate"

    def open(self) -> None:
        # It may be open, and whoever waited may have been cancelled.
        with contextlib.suppress(InvalidStateError):
            self._open.set_result(None)


@pytest.fixture
def gates(no_leftovers: None) -> Iterator[list[Gate]]:
    """Every gate of a test; those still shut are opened at its end, so that threads can end."""
    made: list[Gate] = []
    yield made
    open_all(made)


def open_all(gates: list[Gate]) -> None:
    for each in gates:
        each.open()


@pytest.fixture
def gate(gates: list[Gate]) -> Callable[[], Gate]:
    """Makes gates."""

    def make() -> Gate:
        gates.append(Gate())
        return gates[-1]

    return make


# --- apps ---------------------------------------------------------------------------------------


DEFAULTS = Options()


class Shown:
    """An app, shown at a page without pixels that has said hello.

    Attributes:
        engine: runs it.
        page: speaks the wire.
    """

    def __init__(
        self, demo: Tree, options: Options = DEFAULTS, page: LoopbackPage | None = None
    ) -> None:
        self.demo = demo
        self.engine = page._engine if page else Engine(demo, options)
        self.page = page or LoopbackPage(self.engine)
        self.welcome = self.page.hello()

    @property
    def session(self) -> Any:
        return self.page.session

    def id(self, block: Block) -> int:
        found = self.demo.id_of(block)
        assert found is not None
        return found

    def set(self, block: Block, value: Any = None, **props: Any) -> None:
        """Edit a value, or other props by name."""
        self.page.set(self.id(block), **(props or {"value": value}))

    def fire(self, block: Block, event: str = "click", data: Any = None) -> Shown:
        self.page.fire(self.id(block), event, data)
        return self

    def run(self, block: Block, event: str = "click", data: Any = None) -> Shown:
        """Fire, and wait until nothing is left to do."""
        self.fire(block, event, data).page.idle()
        return self

    def on_loop(self, fn: Callable[[], Any]) -> Any:
        return self.engine.thread.call(fn)

    def value(self, block: Block) -> Any:
        """The value as the kernel has it."""
        return self.on_loop(lambda: self.session.payload(block))

    def props(self, block: Block) -> dict[str, Any]:
        """Props that the page was told, with later ones over earlier ones."""
        told: dict[str, Any] = {}
        for message in self.messages():
            if isinstance(message, Welcome):
                told = next(dict(n.props) for n in message.nodes if n.id == self.id(block))
            elif isinstance(message, Patch):
                for update in message.updates:
                    if update.node == self.id(block):
                        apply_update(told, update)
        return told

    def messages(self, kind: type[Any] = object) -> list[Any]:
        """Messages of a kind received so far."""
        return [m for m in list(self.page.messages) if isinstance(m, kind)]

    def until(self, kind: type[Any], count: int = 1) -> list[Any]:
        """Wait for ``count`` messages of a kind."""

        def there(_: ToPage) -> bool:
            return len(self.messages(kind)) >= count

        self.page.wait_for(there, LIMIT)
        return self.messages(kind)

    def story(self, *kinds: type[Any]) -> list[str]:
        """What was told about tasks, such as ``["started 1", "done 1"]``."""
        return [
            f"{type(m).__name__.lower()} {m.task}"
            for m in self.messages()
            if hasattr(m, "task") and (not kinds or isinstance(m, kinds))
        ]

    @property
    def refused(self) -> int:
        return int(self.on_loop(self.session.statistics).refused)

    def raw(self, content: Any, buffers: tuple[bytes, ...] = ()) -> None:
        """A packet as a page might send it, and wait until it has been dealt with."""
        self.session.receive(content, buffers)
        self.page.idle()


def texts(shown: Any) -> dict[tuple[int, str], str]:
    """All that was told, by task and stream."""
    found: dict[tuple[int, str], str] = {}
    for message in shown.messages(Log):
        for entry in message.entries:
            key = (entry.task, entry.stream)
            found[key] = found.get(key, "") + entry.text
    return found


@pytest.fixture
def show(no_leftovers: None, gates: list[Gate]) -> Iterator[Callable[..., Shown]]:
    """Shows apps: ``shown = show(demo)``, ``show(demo, max_size=1)``, ``show(beside=shown)``."""
    engines: list[Engine] = []

    def make(demo: Tree | None = None, beside: Shown | None = None, **options: Any) -> Shown:
        if beside is not None:
            return Shown(beside.demo, page=LoopbackPage(beside.engine, f"page{len(engines)}"))
        assert demo is not None
        shown = Shown(demo, Options(**options))
        engines.append(shown.engine)
        return shown

    yield make
    open_all(gates)
    for engine in engines:
        engine.close_all()
