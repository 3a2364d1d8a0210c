"""Tasks of functions that are defined in cells, and what changes around them meanwhile."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.errors import NotSendableError
from ipyblocks.runtime.backends import choice, setting
from ipyblocks.runtime.backends.base import Call, kind_of
from ipyblocks.runtime.backends.modules import Imported
from ipyblocks.runtime.backends.processes import ProcessBackend

from .conftest import PATIENCE, WORKERS, Quiet, app

pytestmark = WORKERS


class Pool:
    """One worker."""

    def __init__(self) -> None:
        self.backend = ProcessBackend(1)
        self.run = Quiet()

    def __call__(self, fn: Any, *args: Any) -> Any:
        job = self.backend.submit(Call(fn, args, kind_of(fn), "fn"), self.run)
        value = job.step().result(PATIENCE)
        job.close().result(PATIENCE)
        return value


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool()
    yield made
    made.backend.stop(wait=True)


def cell(code: str) -> dict[str, Any]:
    """What a cell with this code defines."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(code, names)
    return names


CELL = """
import dataclasses, functools, multiprocessing, pickle

@dataclasses.dataclass
class Point:
    x: int

def square(x):
    return x * x

def there_and_back(x):
    return pickle.loads(pickle.dumps(Point(x)))

def squares(count):
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(square, range(count))

def again(point):
    return pickle.loads(pickle.dumps(point)) == point

def main(x):
    return pickle.loads(pickle.dumps(main)) is main

class Caller:
    def method(self, x):
        return there_and_back(x)
    def __call__(self, x):
        return there_and_back(x)

part = functools.partial(there_and_back)
"""


@pytest.mark.parametrize("name", ["there_and_back", "part", "method", "Caller"])
def test_pickle_finds_a_class_of_a_cell(pool: Pool, name: str) -> None:
    names = cell(CELL)
    names["method"] = names["Caller"]().method
    names["Caller"] = names["Caller"]()
    found = pool(names[name], 3)
    assert (type(found), found.x) == (names["Point"], 3)


def test_processes_of_a_task_find_a_function_of_a_cell(pool: Pool) -> None:
    assert pool(cell(CELL)["squares"], 4) == [0, 1, 4, 9]


def test_pickle_finds_the_class_of_an_argument(pool: Pool) -> None:
    names = cell(CELL)
    alone = cell("import pickle\ndef fn(p): return pickle.loads(pickle.dumps(p)) == p")["fn"]
    assert pool(alone, names["Point"](1)) is True


def test_names_of_a_cell_are_there_for_their_own_call_alone(pool: Pool) -> None:
    def names() -> list[str]:
        return sorted(vars(sys.modules["__main__"]))

    before = pool(names)
    assert pool(cell(CELL)["main"], 1) is True
    assert pool(names) == before
    assert "main" in before, "that of the worker itself is back"


# --- what changes around tasks --------------------------------------------------------------------


def test_environment_variables_are_the_kernels(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    def values() -> tuple[str | None, ...]:
        return tuple(os.environ.get(name) for name in ("ADDED", "GONE", "OWN"))

    def sets() -> None:
        os.environ["OWN"] = "set by a task"

    monkeypatch.setenv("GONE", "yes")
    assert pool(values) == (None, "yes", None)
    pool(sets)
    monkeypatch.setenv("ADDED", "now")
    monkeypatch.delenv("GONE")
    assert pool(values) == ("now", None, "set by a task")
    monkeypatch.setenv("ADDED", "later")
    assert pool(values)[0] == "later"


def test_backends_that_draw_into_cells_are_not_for_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    assert setting.environment()["MPLBACKEND"] == "Agg"


def test_a_module_that_has_been_edited_is_imported_anew(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "edited_tasks.py"

    def version() -> tuple[str, int]:
        import edited_tasks  # type: ignore[import-not-found]

        return edited_tasks.version, os.getpid()

    file.write_text("version = 'one'")
    os.utime(file, (1, 1))
    first, pid = pool(version)
    assert pool(version) == (first, pid) == ("one", pid), "it is warm as long as nothing changes"
    file.write_text("version = 'two'")
    os.utime(file, (2, 2))
    second, other = pool(version)
    assert second == "two"
    assert pool(version) == ("two", other)


def test_only_what_the_user_may_edit_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "mine_alone.py"
    file.write_text("")
    os.utime(file, (1, 1))
    imported = Imported()
    for name in ("mine_alone", "xml.sax.saxutils", "ipyblocks.compat"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        __import__(name)
    imported._known -= {"mine_alone", "xml.sax.saxutils", "ipyblocks.compat"}
    imported._count = 0
    imported.note(2)
    monkeypatch.delitem(sys.modules, "mine_alone")
    assert list(imported._seen) == [str(file)]
    assert not imported.is_outdated
    file.unlink()
    assert imported.is_outdated


def test_a_file_that_was_written_while_it_was_imported_counts_as_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "just_written.py"
    file.write_text("")
    os.utime(file, (5, 5))
    imported = Imported()
    __import__("just_written")
    imported.note(4)
    monkeypatch.delitem(sys.modules, "just_written")
    assert imported.is_outdated


def test_streams_of_a_task_have_a_file(pool: Pool) -> None:
    def fn() -> tuple[Any, ...]:
        import faulthandler

        faulthandler.enable()
        faulthandler.disable()
        print("text")
        sys.stderr.writelines(["more\n"])
        return sys.stdout.fileno(), sys.stderr.fileno(), sys.stdout.closed, sys.stdout.isatty()

    assert pool(fn) == (1, 2, False, False)
    assert "".join(pool.run.said) == "text\nmore\n"


def test_a_function_that_ignores_interrupts_does_so_for_itself_alone(pool: Pool) -> None:
    def ignore() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    pool(ignore)
    assert pool(lambda: signal.getsignal(signal.SIGINT) is not signal.SIG_IGN)


def test_an_argument_that_exits_as_it_arrives_fails_alone(pool: Pool) -> None:
    names = cell("import sys\nclass Exits:\n    def __reduce__(self): return sys.exit, (3,)")
    pid = pool(os.getpid)
    with pytest.raises(NotSendableError, match="SystemExit: 3"):
        pool(lambda _: None, names["Exits"]())
    assert pool(os.getpid) == pid


def test_more_workers_start_what_waits_for_one(show: Any, meet: Any) -> None:
    gr.configure_tasks(workers=1)
    points = [meet("a"), meet("b")]
    demos = [app(each.come) for each in points]
    shown = [show(each) for each in demos]
    shown[0].fire(demos[0].button)
    points[0].wait()
    shown[1].fire(demos[1].button)
    shown[1].on_loop(lambda: None)
    assert choice.places.taken == 1
    gr.configure_tasks(workers=2)
    points[1].wait()
    for point in points:
        point.open()
    for each in shown:
        each.page.idle()
