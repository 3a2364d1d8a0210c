"""What handlers print, log and warn: it goes to their own run, and nothing else changes."""

from __future__ import annotations

import asyncio
import io
import logging
import sys
import traceback
import warnings
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import Failed, Log, TaskId
from ipyblocks.runtime import capture
from ipyblocks.runtime.journal import AT_ONCE, KEPT, MOST_ENTRIES, Journal

from .conftest import texts


def app(fn: Any) -> Any:
    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(fn)
    return demo, button


def prints() -> None:
    print("printed", end="!")


def writes() -> None:
    sys.stdout.writelines(["writ", "ten"])
    sys.stdout.flush()


def prints_errors() -> None:
    print("wrong", file=sys.stderr)


def warns() -> None:
    warnings.simplefilter("always")
    warnings.warn("careful", stacklevel=1)


def shows_a_traceback() -> None:
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        traceback.print_exc()


async def prints_async() -> None:
    print("before")
    await asyncio.sleep(0)
    print("after")


async def prints_in_a_task() -> None:
    async def inner() -> None:
        print("inner")

    await asyncio.create_task(inner())


def yields() -> Any:
    print("one")
    yield
    print("two")


@pytest.mark.parametrize(
    ("fn", "stream", "expected"),
    [
        (prints, "stdout", "printed!"),
        (writes, "stdout", "written"),
        (prints_errors, "stderr", "wrong\n"),
        (warns, "stderr", "UserWarning: careful"),
        (shows_a_traceback, "stderr", "ZeroDivisionError: division by zero\n"),
        (prints_async, "stdout", "before\nafter\n"),
        (prints_in_a_task, "stdout", "inner\n"),
        (yields, "stdout", "one\ntwo\n"),
    ],
)
def test_what_a_function_writes_goes_to_its_own_run(
    fn: Any, stream: str, expected: str, show: Any, capsys: Any, monkeypatch: Any
) -> None:
    with warnings.catch_warnings():
        # As it is outside of pytest, which collects warnings itself.
        monkeypatch.setattr(warnings, "showwarning", plain_showwarning)
        demo, button = app(fn)
        shown = show(demo).run(button)
    assert expected in texts(shown)[1, stream]
    assert shown.messages(Log)[0].entries[0].name == fn.__name__
    assert capsys.readouterr() == ("", "")


def plain_showwarning(message: Any, category: Any, filename: str, lineno: int, *_: Any) -> None:
    sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, ""))


def test_runs_at_the_same_time_do_not_mix(show: Any, gate: Any) -> None:
    gates = {"a": gate(), "b": gate()}

    def work(name: str) -> None:
        print(name, 1)
        gates[name].wait()
        print(name, 2)

    with gr.Blocks() as demo:
        names = {name: gr.Textbox(name) for name in gates}
        buttons = {name: gr.Button() for name in gates}
        for name, button in buttons.items():
            button.click(work, names[name], None, concurrency_limit=None)
    shown = show(demo)
    for name, button in buttons.items():
        shown.fire(button)
        gates[name].reached()
    for each in gates.values():
        each.open()
    shown.page.idle()
    assert texts(shown) == {(1, "stdout"): "a 1\na 2\n", (2, "stdout"): "b 1\nb 2\n"}


def test_a_print_outside_of_a_run_is_not_touched(show: Any, capsys: Any) -> None:
    demo, button = app(prints)
    shown = show(demo)
    print("from a cell")
    print("also", file=sys.stderr)
    shown.run(button)
    assert capsys.readouterr() == ("from a cell\n", "also\n")
    assert texts(shown) == {(1, "stdout"): "printed!"}


def test_what_is_no_text_is_refused_as_always(show: Any) -> None:
    demo, button = app(lambda: sys.stdout.write(b"bytes"))  # type: ignore[arg-type]
    (failed,) = show(demo).run(button).messages(Failed)
    assert failed.message.startswith("TypeError")


def test_the_traceback_of_a_failure_is_in_the_log_too(show: Any) -> None:
    def work() -> None:
        print("so far")
        raise ValueError("wrong")

    demo, button = app(work)
    shown = show(demo).run(button)
    told = texts(shown)
    assert told[1, "stdout"] == "so far\n"
    assert told[1, "stderr"].startswith("Traceback (most recent call last):")
    assert told[1, "stderr"].endswith("ValueError: wrong\n")


# --- logging ------------------------------------------------------------------------------------


@pytest.fixture
def logger() -> Any:
    """A logger of the test's own, without handlers, whose records stay with it."""
    made = logging.getLogger("test_capture")
    made.propagate, made.level = False, logging.INFO
    yield made
    made.handlers.clear()


def test_records_go_to_their_run_by_handlers_made_before_and_after(
    logger: Any, show: Any, capsys: Any
) -> None:
    handlers = [logging.StreamHandler()]  # holds the stream of now
    logger.addHandler(handlers[0])
    demo, button = app(lambda: logger.info("hello %s", 1))
    shown = show(demo)
    handlers.append(logging.StreamHandler(sys.stdout))
    logger.addHandler(handlers[1])
    logger.info("outside")
    assert capsys.readouterr() == ("outside\n", "outside\n")
    shown.run(button)
    assert texts(shown) == {(1, "stderr"): "hello 1\n", (1, "stdout"): "hello 1\n"}
    shown.engine.close_all()
    assert [handler.stream for handler in handlers] == [sys.stderr, sys.stdout]
    logger.info("after")
    assert capsys.readouterr() == ("after\n", "after\n")


def test_handlers_that_write_elsewhere_are_left_alone(logger: Any, show: Any) -> None:
    elsewhere = io.StringIO()
    logger.addHandler(logging.StreamHandler(elsewhere))
    demo, button = app(lambda: logger.info("hello"))
    shown = show(demo).run(button)
    assert elsewhere.getvalue() == "hello\n"
    assert texts(shown) == {}


def test_an_open_app_adds_no_handler(show: Any) -> None:
    """``logging.basicConfig`` does nothing once there is one."""
    before = list(logging.getLogger().handlers)
    demo, _ = app(prints)
    show(demo)
    assert logging.getLogger().handlers == before


# --- the streams --------------------------------------------------------------------------------


def test_streams_are_given_back_after_the_last_app(show: Any) -> None:
    out, err = sys.stdout, sys.stderr
    first, second = show(app(prints)[0]), show(app(prints)[0])
    assert sys.stdout is not out
    assert (sys.stdout.encoding, sys.stdout.isatty()) == (out.encoding, out.isatty())
    first.engine.close_all()
    assert sys.stdout is not out
    second.engine.close_all()
    assert (sys.stdout, sys.stderr) == (out, err)


def test_a_stream_that_somebody_else_has_put_in_is_left_alone(show: Any, monkeypatch: Any) -> None:
    shown = show(app(prints)[0])
    mine = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", mine)
        shown.engine.close_all()
        assert sys.stdout is mine


@pytest.mark.parametrize("looks", [1, 2, 3])
def test_a_stream_that_a_cell_puts_in_as_the_last_app_ends_harms_nobody(
    looks: int, monkeypatch: Any
) -> None:
    out, mine = sys.stdout, io.StringIO()
    capture.install()
    ours = sys.stdout

    class Streams:
        """``sys``, at the moment when a cell redirects what it prints."""

        stderr = sys.stderr
        left = looks

        @property
        def stdout(self) -> Any:
            self.left -= 1
            return ours if self.left >= 0 else mine

        @stdout.setter
        def stdout(self, stream: Any) -> None:
            sys.stdout = stream

    with monkeypatch.context() as patch:
        patch.setattr(capture, "sys", streams := Streams())
        capture.uninstall()
    sys.stderr = streams.stderr
    assert sys.stdout is out


def test_what_a_function_prints_can_also_go_to_the_cell(show: Any) -> None:
    echoed: list[tuple[str, str]] = []
    demo, button = app(prints)
    shown = show(demo, echo=lambda stream, text: echoed.append((stream, text))).run(button)
    assert "".join(text for _, text in echoed) == "printed!"
    assert texts(shown) == {(1, "stdout"): "printed!"}


# --- bounds -------------------------------------------------------------------------------------


def test_a_flood_of_prints_is_bounded_and_its_end_arrives(show: Any) -> None:
    def flood() -> None:
        for i in range(20_000):
            print(f"line {i:06}")
        print("the end")

    demo, button = app(flood)
    shown = show(demo).run(button)
    messages = shown.messages(Log)
    assert all(sum(len(e.text) for e in m.entries) <= AT_ONCE for m in messages)
    assert messages[-1].entries[-1].text.endswith("the end\n")
    told = sum(len(e.text) for m in messages for e in m.entries)
    assert told + sum(m.dropped for m in messages) == 20_000 * 12 + 8
    kept = shown.session.journal.all()
    assert sum(len(entry.text) for entry in kept) == KEPT


def test_a_page_that_comes_later_gets_the_log(show: Any) -> None:
    demo, button = app(prints)
    shown = show(demo).run(button)
    shown.page.messages.clear()
    (entry,) = shown.page.hello().log
    assert (entry.task, entry.name, entry.stream, entry.text) == (1, "prints", "stdout", "printed!")


def test_a_journal_keeps_neighbours_together() -> None:
    journal = Journal()
    for task, stream, text in [(1, "stdout", "a"), (1, "stdout", "b"), (1, "stderr", "c"),
                               (2, "stderr", "d"), (1, "stdout", "e")]:  # fmt: skip
        journal.write(TaskId(task), "f", stream, text)  # type: ignore[arg-type]
    assert [entry.text for entry in journal.all()] == ["ab", "c", "d", "e"]
    entries, dropped = journal.take()
    assert ([entry.text for entry in entries], dropped) == (["ab", "c", "d", "e"], 0)
    assert journal.take() == ([], 0)


def test_of_too_much_the_end_is_kept() -> None:
    journal = Journal()
    journal.write(TaskId(1), "f", "stdout", "x" * 10)
    journal.write(TaskId(2), "f", "stdout", "y" * AT_ONCE)
    journal.write(TaskId(2), "f", "stdout", "z")
    (entry,), dropped = journal.take()
    assert (len(entry.text), entry.text[-2:], dropped) == (AT_ONCE, "yz", 11)


def test_many_short_entries_are_bounded_too() -> None:
    journal = Journal()
    for task in range(MOST_ENTRIES + 10):
        journal.write(TaskId(task), "f", "stdout", "x\n")
    assert [entry.task for entry in journal.all()] == list(range(10, MOST_ENTRIES + 10))
    _, dropped = journal.take()
    assert dropped == 20
