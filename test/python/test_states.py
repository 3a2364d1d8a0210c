"""``gr.State``: values of sessions, what counts as a change, and their end; ``gr.Request``."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.runtime.states import digest

from .conftest import LIMIT


class Changes:
    """An app with a State, a button that sets it by a function, and a count of its changes."""

    def __init__(self, initial: Any, fn: Any, listen: bool = True, **options: Any) -> None:
        self.changes: list[Any] = []
        with gr.Blocks() as self.demo:
            self.state, self.button = gr.State(initial, **options), gr.Button()
            self.button.click(fn, self.state, self.state)
            if listen:
                self.state.change(self.changes.append, self.state, None)


class Point:
    """Compares by identity, but its content says when it is another one."""

    def __init__(self, x: int) -> None:
        self.x = x


def moved(point: Point) -> Point:
    point.x += 1
    return point


def test_an_object_changed_in_place_is_a_change(show: Any) -> None:
    for initial, fn in [
        ([1], lambda items: items.append(2) or items),
        ({"a": [1]}, lambda d: d["a"].append(2) or d),
        (Point(1), moved),
        (set(), lambda s: s.add(1) or s),
    ]:
        app = Changes(initial, fn)
        show(app.demo).run(app.button)
        assert len(app.changes) == 1


@pytest.mark.parametrize(
    ("initial", "fn"),
    [
        ([1, 2], lambda items: items),
        ([1, 2], lambda items: [1, 2]),
        ("ab", lambda text: "".join(["a", "b"])),
        ({"a": 1.0}, lambda d: {"a": 1.0}),
        (["ab", "ab"], lambda items: ["".join("ab"), items[0]]),
        (None, lambda value: None),
        (1, lambda value: gr.skip()),
        (threading.Lock, lambda lock: lock),
    ],
    ids=["same", "equal", "text", "dict", "shared parts", "none", "skip", "lock"],
)
def test_what_is_no_change(initial: Any, fn: Any, show: Any) -> None:
    app = Changes(initial, fn)
    show(app.demo).run(app.button)
    assert app.changes == []


@pytest.mark.parametrize(
    ("initial", "value"),
    [([1], [1.0]), (1, True), (0, None), ([1, 2], [2, 1]), (b"a", "a"), ((1,), [1])],
    ids=repr,
)
def test_what_is_a_change(initial: Any, value: Any, show: Any) -> None:
    app = Changes(initial, lambda _: value)
    show(app.demo).run(app.button)
    assert app.changes == [value]


def test_a_value_is_read_through_only_for_those_who_listen(show: Any) -> None:
    class Large:
        def __reduce__(self) -> Any:
            raise AssertionError("was read through")

    app = Changes(Large, lambda value: value, listen=False)
    shown = show(app.demo).run(app.button)
    assert type(shown.session.states.get(app.state)).__name__ == "Large"


def test_digests() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert digest(loop) == digest(loop)  # what cannot be written counts by identity
    assert digest(loop) != digest([])
    assert digest(lambda: 1) != digest(lambda: 1)


def test_update_sets_a_state(show: Any) -> None:
    app = Changes(1, lambda value: gr.update(value=value + 1))
    shown = show(app.demo).run(app.button)
    assert app.changes == [2]
    assert shown.session.states.get(app.state) == 2


def test_a_state_made_by_a_function_is_made_once_for_a_session(show: Any) -> None:
    """Also when the first two handlers that use it come at the same time."""
    made, both = [], threading.Barrier(2)
    with gr.Blocks() as demo:
        state = gr.State(lambda: made.append(1) or [])
        buttons = [gr.Button(), gr.Button()]
        got: list[Any] = []

        def use(value: list[int]) -> None:
            both.wait(LIMIT)
            got.append(value)

        for button in buttons:
            button.click(use, state, None, concurrency_limit=None)
    made.clear()
    shown = show(demo)
    for button in buttons:
        shown.fire(button)
    shown.page.idle()
    assert made == [1]
    assert got[0] is got[1]


# --- the end of a value -------------------------------------------------------------------------


def test_a_value_that_nobody_sets_again_is_deleted_in_time(show: Any) -> None:
    deleted: list[Any] = []
    gone = threading.Event()

    def delete(value: Any) -> None:
        deleted.append(value)
        gone.set()

    app = Changes([0], lambda items: [*items, 1], time_to_live=0.01, delete_callback=delete)
    shown = show(app.demo).run(app.button)
    assert gone.wait(LIMIT)
    assert deleted == [[0, 1]]
    # Whoever asks now gets a new one.
    assert shown.on_loop(lambda: shown.session.states.get(app.state)) == [0]


def test_setting_a_value_again_gives_it_new_time(show: Any) -> None:
    app = Changes(0, lambda value: value + 1, time_to_live=1000)
    shown = show(app.demo)
    expiries = shown.session.states._expiries
    shown.run(app.button)
    first = expiries[app.state]
    shown.run(app.button)
    assert first.cancelled()
    assert expiries[app.state].when() > first.when()
    shown.page.close()
    assert expiries == {}


def test_the_end_of_a_session_deletes_what_was_made_and_no_more(show: Any) -> None:
    deleted: list[Any] = []
    with gr.Blocks() as demo:
        used = gr.State("used", delete_callback=deleted.append)
        gr.State("unused", delete_callback=deleted.append)
        broken = gr.State("broken", delete_callback=lambda value: 1 / 0)
        button = gr.Button()
        button.click(lambda *args: None, [used, broken], None)
    shown = show(demo).run(button)
    shown.engine.close_all()
    assert deleted == ["used"]


# --- who asks -----------------------------------------------------------------------------------


def test_a_request_names_the_session(show: Any) -> None:
    got: list[Any] = []

    def work(text: str, request: gr.Request) -> None:
        got.append((text, request))

    def optional(request: gr.Request | None, text: str = "default") -> None:
        got.append((text, request))

    with gr.Blocks() as demo:
        text, one, two = gr.Textbox("x"), gr.Button(), gr.Button()
        one.click(work, text, None)
        two.click(optional, None, None)
    shown = show(demo)
    other = show(beside=shown)
    shown.run(one).run(two)
    other.run(one)
    hashes = [request.session_hash for _, request in got]
    assert hashes == [shown.session.epoch, shown.session.epoch, other.session.epoch]
    assert [text for text, _ in got] == ["x", "default", "x"]
    request = got[0][1]
    assert (request.headers, request.cookies, request.query_params) == ({}, {}, {})
    assert request.client is None


def test_a_request_without_a_user_database(monkeypatch: Any) -> None:
    def fail() -> str:
        raise KeyError("no such user")

    monkeypatch.setattr("getpass.getuser", fail)
    assert gr.Request("abc").username is None
    assert gr.Request("abc", "ada").username == "ada"
