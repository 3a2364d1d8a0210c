"""Where variables are kept: browsers, JSON files, backends."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import AskStored, Done, Refused, Store, Stored
from ipyblocks.variables.backends import PersistenceBackend
from ipyblocks.variables.derived import DerivedVariable
from ipyblocks.variables.stores import (
    MOST_IN_BROWSER,
    BackendStore,
    BrowserStore,
    FileBackend,
    FileStore,
    InMemoryBackend,
)
from ipyblocks.variables.variable import Variable

from .conftest import LIMIT

# --- browsers -----------------------------------------------------------------------------------


def app(*variables: Any) -> gr.Blocks:
    with gr.Blocks() as demo:
        for variable in variables:
            gr.Textbox(variable)
    return demo


def keys(shown: Any, count: int = 1) -> list[tuple[str | None, list[str]]]:
    return [(each.page, each.keys) for each in shown.until(AskStored, count)]


def kept(shown: Any, count: int = 1) -> list[tuple[str, Any]]:
    return [(each.key, each.value) for each in shown.until(Store, count)]


def stored(shown: Any, **values: Any) -> None:
    shown.page.send(Stored(seq=0, values=values))
    shown.page.idle()


def test_a_page_is_asked_for_what_the_session_shows(show: Any) -> None:
    named = Variable("a", uid="named", store=BrowserStore())
    other = Variable("b", store=BrowserStore("other"))
    shown = show(app(named, other, Variable("c")))
    assert keys(shown) == [("page", ["named", "other"])]
    shown = show(app(Variable("c")))
    shown.page.idle()
    assert shown.messages(AskStored) == []


def test_a_variable_that_has_not_been_set_takes_what_the_browser_keeps(show: Any) -> None:
    variable = Variable("default", store=BrowserStore("name"))
    seen: list[Any] = []
    variable.observe(lambda change: seen.append(change.new))
    demo = app(variable)
    shown = show(demo)
    stored(shown, name="Ada", other="is not asked for")
    assert variable.value == "Ada"
    assert seen == ["Ada"]
    stored(shown, name="Bob")
    assert variable.value == "Ada"
    assert kept(shown) == [("name", "Ada")]  # the other browser learns of it


def test_functions_of_load_find_what_the_browser_keeps(show: Any) -> None:
    theme = Variable("light", store=BrowserStore("theme"))
    with gr.Blocks() as demo:
        gr.Textbox(theme)
        found = gr.Textbox()
        demo.load(lambda: theme.value, None, found)
    shown = show(demo)
    shown.page.idle()
    assert shown.value(found) is None
    stored(shown, theme="dark")
    assert shown.value(found) == "dark"
    stored(shown, theme="dark")
    assert len(shown.messages(Done)) == 1


def test_one_that_has_been_set_goes_to_the_browser(show: Any) -> None:
    variable = Variable("default", store=BrowserStore("name"))
    variable.value = "set"
    shown = show(app(variable))
    stored(shown)
    assert kept(shown) == [("name", "set")]
    stored(shown, name="set")
    variable.value = "again"
    assert kept(shown, 2) == [("name", "set"), ("name", "again")]


def test_values_are_conflated_and_the_last_wins(show: Any) -> None:
    first = Variable(0, store=BrowserStore("first"))
    second = Variable(0, store=BrowserStore("second"))
    shown = show(app(first, second))

    def drag() -> None:
        for i in range(1, 101):
            first.value = i
            second.value = -i

    shown.on_loop(drag)
    assert sorted(kept(shown, 2)) == [("first", 100), ("second", -100)]
    assert len(shown.messages(Store)) == 2


def test_what_waits_is_sent_at_the_end(show: Any) -> None:
    variable = Variable(0, store=BrowserStore("name"))
    shown = show(app(variable))

    def last() -> None:
        shown.session.stores._send_later(variable)
        variable.value = 7
        shown.engine.close(shown.session)

    shown.on_loop(last)
    assert kept(shown) == [("name", 7)]
    variable.value = 8  # nobody is there any more
    assert isinstance(variable.store, BrowserStore)
    assert variable.store._followers == []


def test_what_a_variable_is_computed_from_is_kept_as_well(show: Any) -> None:
    deep = Variable("a", store=BrowserStore("deep"))
    derived = DerivedVariable(lambda text: text.upper(), [deep])
    demo = app(derived)
    shown = show(demo)
    assert keys(shown) == [("page", ["deep"])]
    stored(shown, deep="b")
    assert derived.value == "B"


def test_one_that_is_shown_later_is_asked_for_then(show: Any) -> None:
    early = Variable("a", store=BrowserStore("early"))
    late = Variable("b", store=BrowserStore("late"))
    with gr.Blocks() as demo:
        gr.Textbox(early)
        box = gr.Checkbox(False)

        @gr.render(inputs=box)
        def more(wanted: bool) -> None:
            if wanted:
                gr.Textbox(late)

    shown = show(demo)
    shown.set(box, True)
    shown.page.idle()
    assert keys(shown, 2) == [("page", ["early"]), (None, ["early", "late"])]
    stored(shown, early="x", late="y")
    assert (early.value, late.value) == ("x", "y")


def test_what_a_browser_does_not_take_is_said_once(
    show: Any, caplog: pytest.LogCaptureFixture
) -> None:
    variable = Variable("", uid="long", store=BrowserStore())
    shown = show(app(variable))
    with caplog.at_level(logging.WARNING, "ipyblocks"):
        for value in ["x" * MOST_IN_BROWSER, {"a": [object()]}, "y" * MOST_IN_BROWSER]:
            variable.value = value
            shown.on_loop(lambda: None)
            shown.on_loop(shown.session.stores._send)
        variable.value = "short"
    assert kept(shown) == [("long", "short")]
    (record,) = caplog.records
    assert "Variable 'long' cannot be kept in the browser" in record.getMessage()
    assert f"at most {MOST_IN_BROWSER}" in record.getMessage()


def test_a_page_cannot_make_a_variable_something_that_is_no_json(show: Any) -> None:
    variable = Variable("a", store=BrowserStore("name"))
    shown = show(app(variable))
    content = {"$buffer": 0, "mimeType": ""}
    message = {"type": "stored", "seq": 2, "values": {"name": content}}
    shown.raw({"page": "page", "ack": 0, "last": 2, "messages": [message]}, (b"x",))
    assert len(shown.until(Refused)) == 1
    assert variable.value == "a"


def test_a_name_that_is_another_tomorrow_is_none() -> None:
    for make in (BrowserStore, lambda: BackendStore(backend=FileBackend("values.json"))):
        with pytest.raises(ValueError, match=r'Variable\(…, uid="theme"\)'):
            Variable(1, store=make())
    assert Variable(1, uid="my-1", store=BrowserStore()).uid == "my-1"
    with pytest.raises(TypeError, match="a name, which is a text"):
        BrowserStore("")


# --- files ----------------------------------------------------------------------------------------


def test_a_file_keeps_the_value(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "größe.json"
    with caplog.at_level(logging.WARNING, "ipyblocks"):
        variable = Variable(1.5, uid="size", store=FileStore(path))
        assert "Variable 'size' begins with its default: there is no" in caplog.text
        assert not path.exists()
        caplog.clear()
        variable.value = {"name": "Größe", "rows": [1, None, True, 2**70]}
        again = Variable(1.5, store=FileStore(str(path)))
    assert again.value == {"name": "Größe", "rows": [1, None, True, 2**70]}
    assert json.loads(path.read_text(encoding="utf-8")) == again.value
    assert caplog.text == ""
    again.to_default()
    assert path.read_text() == "1.5"
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000, b""])
def test_a_broken_file_is_put_aside_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING, "ipyblocks"):
        variable = Variable("default", uid="name", store=FileStore(path))
        variable.value = "new"
    assert len(caplog.records) == 1
    assert "it is a.json.broken now" in caplog.text
    assert (tmp_path / "a.json.broken").read_bytes() == content
    assert Variable("default", store=FileStore(path)).value == "new"


def test_a_path_that_can_be_no_file_is_said_at_once(tmp_path: Path) -> None:
    for make in (FileStore, FileBackend):
        with pytest.raises(FileNotFoundError, match=r"no folder .*gone.*make it first"):
            make(tmp_path / "gone" / "a.json")
        with pytest.raises(TypeError, match="the path of a file"):
            make(3)  # type: ignore[arg-type]


def test_a_relative_path_stays_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    variable = Variable(0, store=FileStore("a.json"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    variable.value = 1
    assert (tmp_path / "a.json").read_text() == "1"


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"rows": [1, {"when": range(3)}]}, r"value\['rows'\]\[1\]\['when'\] is of type range"),
        ({"a": {1: "x"}}, r"value\['a'\] has the key 1; .*Use '1'"),
        ([math.nan], r"value\[0\] is nan"),
        (math.inf, "value is inf"),
        ({"x": {3}}, r"value\['x'\] is of type set"),
        (b"bytes", "value is of type bytes"),
        (CIRCLE, "contains itself"),
    ],
    ids=str,
)
def test_what_json_cannot_hold_is_refused_at_the_setting(
    tmp_path: Path, value: Any, words: str
) -> None:
    path = tmp_path / "a.json"
    stores = [FileStore(path), BackendStore(backend=FileBackend(tmp_path / "b.json"))]
    for store in stores:
        variable = Variable(0, uid="size", store=store)
        with pytest.raises(TypeError, match=rf"^Variable 'size' cannot be kept in .*: .*{words}"):
            variable.value = value
    assert os.listdir(tmp_path) == []


def test_a_disk_that_takes_nothing_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    stores = [
        FileStore(folder / "a.json"),
        BackendStore(uid="x", backend=FileBackend(folder / "b.json")),
    ]
    variables = [Variable(0, store=store) for store in stores]
    caplog.clear()
    folder.rmdir()
    with caplog.at_level(logging.WARNING, "ipyblocks"):
        for variable in variables:
            variable.value = 1
            variable.value = 2
            assert variable.value == 2
        assert len(caplog.records) == 2
        folder.mkdir()
        for variable in variables:
            variable.value = 3
    assert len(caplog.records) == 2
    assert json.loads((folder / "a.json").read_text()) == 3


def test_a_file_is_whole_whoever_reads_it_when(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    variable = Variable([], store=FileStore(path))
    variable.value = [0] * 1000
    threads = [
        threading.Thread(target=lambda n: setattr(variable, "value", [n] * 1000), args=(n,))
        for n in range(1, 9)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        read = json.loads(path.read_text())
        assert read == [read[0]] * 1000
    for thread in threads:
        thread.join()
    # of threads that set it at the same time, none has the last word with an older value
    assert json.loads(path.read_text()) == variable.value


def test_two_variables_in_one_file_are_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "kept.json"
    first = Variable(1, uid="first", store=FileStore(path))
    second = Variable(2, uid="second", store=FileStore(path))
    caplog.clear()
    first.value = 3
    assert not caplog.text
    for value in (4, 5, 6):
        second.value = first.value = value
    assert "Variable 'second' and Variable 'first' are both kept in" in caplog.text
    assert caplog.text.count("are both kept in") == 2, "each of them says so once"


def test_a_cell_that_is_run_again_keeps_its_variable_where_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "kept.json"
    former = Variable(1, store=FileStore(path))
    former.value = 2
    again = Variable(1, store=FileStore(path))
    assert again.value == 2
    caplog.clear()
    again.value = 3
    assert not caplog.text
    assert former.value == 2


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text("1")
    link = tmp_path / "link.json"
    link.symlink_to(real)
    variable = Variable(0, store=FileStore(link))
    assert variable.value == 1
    variable.value = 2
    assert link.is_symlink()
    assert real.read_text() == "2"


# --- backends ---------------------------------------------------------------------------------


def backends(tmp_path: Path) -> list[PersistenceBackend]:
    return [InMemoryBackend(), FileBackend(tmp_path / "values.json")]


def test_variables_share_a_backend(tmp_path: Path) -> None:
    async def story(backend: PersistenceBackend) -> None:
        first = Variable(1, store=BackendStore("first", backend))
        store = BackendStore(backend=backend)
        second = Variable(2, uid="second", store=store)
        assert await backend.get_all() == {}
        assert await store.get_all() == {}
        first.value = 10
        await store.write(20)
        assert second.value == 20
        assert await backend.get_all() == {"first": 10, "second": 20}
        assert await store.read() == 20
        assert await store.get_all() == {"global": 20}
        assert Variable(0, store=BackendStore("second", backend)).value == 20
        await store.delete()
        assert second.value == 2
        assert await store.read() is None
        assert [await backend.has("first"), await backend.has("second")] == [True, False]
        await backend.write("second", 5)
        await backend.delete("first")
        assert [await backend.read(key) for key in ("first", "second")] == [None, 5]

    for backend in backends(tmp_path):
        asyncio.run(story(backend))


def test_a_file_of_many_is_not_replaced_when_it_is_broken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "values.json"
    for content in ("{", "[1]"):
        caplog.clear()
        path.write_text(content)
        with caplog.at_level(logging.WARNING, "ipyblocks"):
            variable = Variable(1, store=BackendStore("x", FileBackend(path)))
            variable.value = 2
        assert variable.value == 2
        assert path.read_text() == content
        assert len(caplog.records) == 2


class SlowBackend(InMemoryBackend):
    """Takes its time for one value."""

    def __init__(self, slow: Any) -> None:
        super().__init__()
        self.slow = slow

    def put(self, key: str, value: Any) -> None:
        if value == "slow":
            self.slow.wait()
        super().put(key, value)


def test_a_slow_disk_or_observer_holds_nobody_up(show: Any, gate: Callable[[], Any]) -> None:
    slow, seen = gate(), []
    variable = Variable("", uid="x", store=BackendStore(backend=SlowBackend(slow)))
    variable.observe(lambda change: seen.append((change.new, threading.current_thread())))
    with gr.Blocks() as demo:
        box, name, echo = gr.Textbox(variable), gr.Textbox(), gr.Textbox()
        name.submit(lambda v: v, name, echo)
    shown = show(demo)
    shown.set(box, "slow")
    slow.reached()
    shown.set(name, "typed")
    shown.fire(name, "submit")
    shown.until(Done)
    assert shown.value(echo) == "typed"
    assert seen == []
    slow.open()
    shown.page.idle()
    [(new, thread)] = seen
    assert new == "slow"
    assert thread is not shown.on_loop(threading.current_thread)
    variable.unobserve_all()


def test_what_is_read_on_the_loop_is_what_was_set_last(show: Any, gate: Callable[[], Any]) -> None:
    slow, store = gate(), BackendStore()
    variable, before = Variable("", uid="x", store=store), Variable("")
    before.observe(lambda _: slow.wait())
    shown = show(app(variable))

    async def set_and_read() -> Any:
        before.value = "told first"
        variable.value = "loop"
        return await store.read()

    read = shown.engine.thread.run(set_and_read())
    slow.reached()
    variable.value = "cell"
    slow.open()
    assert read.result(LIMIT) == "cell"
    before.unobserve_all()


def test_in_memory_needs_no_name_and_takes_everything() -> None:
    thing = object()
    store = BackendStore()
    variable = Variable(None, store=store)
    variable.value = thing
    assert asyncio.run(store.read()) is thing


def test_what_is_no_backend_or_has_no_variable_says_so() -> None:
    with pytest.raises(TypeError, match=r"give FileBackend\(path\) or InMemoryBackend"):
        BackendStore(backend="values.json")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="No variable has this store"):
        asyncio.run(BackendStore("x").read())
