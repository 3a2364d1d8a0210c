"""The list that draws what is in sight: what a page may want, and who hears of it."""

from __future__ import annotations

from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.layouts.loop import MOST_WANTED, Loop
from ipyblocks.layouts.loopitem import LoopItem
from ipyblocks.protocol import Refused


def app(**props: Any) -> tuple[gr.Blocks, Loop, list[Any]]:
    heard: list[Any] = []
    with gr.Blocks() as demo:
        loop = Loop(**props)
        loop.change(lambda: heard.append(1))
    return demo, loop, heard


def test_a_page_says_which_items_it_wants(show: Any) -> None:
    demo, loop, heard = app(count=10_000)
    shown = show(demo)
    shown.set(loop, window=[20, 50])
    shown.page.idle()
    shown.set(loop, window=[20, 50])
    shown.page.idle()
    node = shown.id(loop)
    assert shown.on_loop(lambda: shown.session.props(node))["window"] == [20, 50]
    assert len(heard) == 1  # the second is no other
    shown.set(loop, window=[30, 60])
    shown.page.idle()
    assert len(heard) == 2


def test_a_list_that_has_become_shorter_gives_what_there_is(show: Any) -> None:
    demo, loop, _ = app(count=10)
    shown = show(demo)
    shown.set(loop, window=[5, 40])
    shown.page.idle()
    assert shown.refused == 0
    node = shown.id(loop)
    assert shown.on_loop(lambda: shown.session.props(node))["window"] == [5, 10]


@pytest.mark.parametrize(
    "window", [[0, MOST_WANTED + 1], [3, 2], [-1, 2], [1], [], [1, 2, 3], "ab", [0.5, 1], None]
)
def test_what_no_page_of_ours_wants_is_refused(window: Any, show: Any) -> None:
    demo, loop, heard = app(count=10_000)
    shown = show(demo)
    shown.set(loop, window=window)
    shown.page.idle()
    assert len(shown.messages(Refused)) == 1
    assert heard == []


def test_one_that_draws_all_may_be_wanted_whole() -> None:
    loop = Loop(count=10_000, virtual=False)
    assert loop.check("window", [0, 10_000]) == [0, 10_000]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Loop(count=-1), "count is -1"),
        (lambda: Loop(item_height=0), "item_height is 0"),
        (lambda: LoopItem(index=-1), "index is -1"),
    ],
)
def test_impossible_lists_are_refused(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


def test_they_are_no_names_of_gr() -> None:
    assert not hasattr(gr, "Loop")
    assert not hasattr(gr, "LoopItem")
