"""Rows of ``For``: of a long list, only what has changed is drawn and sent."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

import ipyblocks as gr
from ipyblocks.app import page_of
from ipyblocks.protocol import Graft, Started
from ipyblocks.reactive import Button, DerivedVariable, For, If, Match, Stack, Text, Variable
from ipyblocks.render import Subtree

from .conftest import Show, press, settle, texts

MANY = 1000


class Sent:
    """What a page is sent from now on."""

    def __init__(self, shown: Any) -> None:
        shown.engine.wait_idle()
        self._shown = shown
        self._messages = len(shown.page.messages)
        self._packets = len(shown.page.packets)

    def of(self, kind: type[Any]) -> list[Any]:
        """Messages of a kind."""
        self._shown.engine.wait_idle()
        return [m for m in self._shown.page.messages[self._messages :] if isinstance(m, kind)]

    @property
    def bytes(self) -> int:
        self._shown.engine.wait_idle()
        packets = self._shown.page.packets[self._packets :]
        return sum(len(msgspec.json.encode(packet.content)) for packet in packets)


def records(count: int) -> list[dict[str, Any]]:
    return [{"id": i, "n": i} for i in range(count)]


def changed(items: Variable, index: int, **to: Any) -> None:
    items.value = [{**e, **to} if i == index else e for i, e in enumerate(items.value)]


def test_of_a_list_that_is_drawn_whole_the_changed_row_is_drawn_and_sent(show: Show) -> None:
    items, drawn = Variable(records(MANY)), []

    def row(item: Any) -> Any:
        drawn.append(item["id"])
        return Stack(Text(item["n"]), Button("Pick"))

    shown = show(page_of(For(items, row, virtualization=False)))
    sent = Sent(shown)
    assert drawn == list(range(MANY))
    drawn.clear()
    changed(items, 500, n=-1)
    [graft] = sent.of(Graft)
    assert drawn == [500]
    # The row, its Stack, and both components in it.
    assert (graft.removed, len(graft.nodes)) == ([], 4)
    assert sent.bytes < 1500
    assert texts(settle(shown))[1000:1002] == ["-1", "Pick"]


def test_of_a_template_too_and_its_actions_go_on(show: Show) -> None:
    items, picked = Variable([{"id": f"{i}", "n": i} for i in range(50)]), Variable(None)
    item = items.list_item
    row = Stack(Text(item["n"]), Button(item["id"], onclick=picked.update(item["n"])))
    shown = show(page_of(For(items, row, virtualization=False)))
    sent = Sent(shown)
    changed(items, 7, n="seven")
    [graft] = sent.of(Graft)
    assert len(graft.nodes) == 4
    press(shown, "7")
    assert picked.value == "seven"
    press(shown, "8")
    assert picked.value == 8


def test_rows_that_have_moved_are_sent_without_what_is_in_them(show: Show) -> None:
    items = Variable(records(20))
    row = Stack(Text(items.list_item["n"]))
    shown = show(page_of(For(items, row, key_accessor="id", virtualization=False)))
    sent = Sent(shown)
    items.value = [{"id": -1, "n": "first"}, *items.value]
    [graft] = sent.of(Graft)
    kinds = [node.kind for node in graft.nodes]
    assert sorted(set(kinds)) == ["loop", "loopitem", "stack", "text"]
    assert (kinds.count("loopitem"), kinds.count("stack"), kinds.count("text")) == (21, 1, 1)
    assert texts(settle(shown)) == ["first", *map(str, range(20))]


def test_what_follows_from_a_rows_place_is_drawn_anew(show: Show) -> None:
    items = Variable(["a", "b"])
    item = items.list_item
    gone = Variable(None)
    row = Stack(
        Text(item),
        Match(item.index, {0: "zero"}, "more"),
        If(item.is_last, "last", "not last"),
        Button(item, onclick=gone.update(item.index)),
    )
    shown = show(page_of(For(items, row, key_accessor=lambda each: each)))
    first = ["a", "zero", "not last", "a", "b", "more", "last", "b"]
    assert texts(settle(shown)) == first
    items.value = ["c", "a"]
    assert texts(settle(shown)) == ["c", "zero", "not last", "c", "a", "more", "last", "a"]
    press(shown, "a")
    assert gone.value == 1


def test_an_item_that_was_changed_where_it_is_is_drawn_anew(show: Show) -> None:
    class Own:
        n = 1

    own, rows = Own(), records(3)
    items, objects = Variable(rows), Variable([own])
    page = page_of(
        Stack(
            For(items, Text(items.list_item["n"])),
            For(objects, lambda each: Text(each.n)),
        )
    )
    shown = show(page)
    assert texts(settle(shown)) == ["0", "1", "2", "1"]
    rows[1]["n"], own.n = "other", 2
    items.value, objects.value = rows, objects.value
    assert texts(settle(shown)) == ["0", "other", "2", "2"]
    items.value = [{"id": 0, "n": True}, {"id": 1, "n": 1.0}]
    assert texts(settle(shown)) == ["True", "1.0", "2"]


def test_what_is_computed_with_an_item_is_followed(show: Show) -> None:
    items, picked = Variable(["a", "b", "c"]), Variable("a")
    row = Stack(If(items.list_item == picked, "yes", "no"))
    shown = show(page_of(For(items, row)))
    assert texts(settle(shown)) == ["yes", "no", "no"]
    sent = Sent(shown)
    picked.value = "c"
    assert texts(settle(shown)) == ["no", "no", "yes"]
    assert sum(len(graft.nodes) for graft in sent.of(Graft)) == 8


def test_parts_in_rows_that_stay_go_on(show: Show) -> None:
    items, x = Variable(records(20)), Variable(1)
    calls: list[int] = []
    late = DerivedVariable(lambda v: calls.append(v) or v * 10, [x])
    row = Stack(Text(items.list_item["n"]), If(x == 1, Text(late), "other"))
    shown = show(page_of(For(items, row, key_accessor="id")))
    sent = Sent(shown)
    assert calls == [1]
    changed(items, 3, n="three")
    assert texts(settle(shown))[6:8] == ["three", "10"]
    # The list, and the part in the row that was drawn anew.
    assert len(sent.of(Graft)) == 2
    assert calls == [1]
    x.value = 2
    assert texts(settle(shown))[6:8] == ["three", "other"]
    assert texts(settle(shown)).count("other") == 20


def test_a_row_whose_part_depends_on_the_item_alone_is_built_at_once(show: Show) -> None:
    items = Variable(records(20))
    row = If(items.list_item["n"] == 3, Match(items.list_item["id"], {3: "three"}), "other")
    shown = show(page_of(For(items, row, virtualization=False)))
    sent = Sent(shown)
    assert len(shown.messages(Started)) == 1
    assert shown.on_loop(lambda: len(shown.session.scene._rendered)) == 1
    changed(items, 4, n=3)
    [graft] = sent.of(Graft)
    assert texts(settle(shown)).count("other") == 18
    assert len(graft.nodes) + len(graft.removed) < 8


def test_what_a_row_shows_instead_is_not_what_it_has_shown_before(show: Show) -> None:
    items, x = Variable([1, 1]), Variable("first")
    item = items.list_item
    row = Stack(Match(item, {1: Text(x), 2: None}, "many"), If(item == 1, Text(x), "no"))
    shown = show(page_of(For(items, row)))
    assert texts(settle(shown)) == ["first"] * 4
    x.value = "other"
    assert texts(settle(shown)) == ["other"] * 4
    items.value = [3, 2]
    assert texts(settle(shown)) == ["many", "no", "no"]
    items.value = [1, 3]
    assert texts(settle(shown)) == ["other", "other", "many", "no"]


def test_looking_for_a_block_asks_no_other_rendering(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    items, x = Variable(list(range(40))), Variable(1)
    shown = show(page_of(For(items, lambda each: If(x == 1, Button(str(each))))))
    shown.engine.wait_idle()
    scene = shown.session.scene
    assert len(scene._rendered) == 41
    asked: list[Any] = []
    own_id_of = Subtree.own_id_of
    monkeypatch.setattr(
        Subtree, "own_id_of", lambda tree, block: asked.append(tree) or own_id_of(tree, block)
    )

    def looked_up() -> None:
        node, block = scene.blocks()[-1]
        assert scene.node(block) == node
        assert scene.block(node) is block
        assert scene.dependencies()[-1] is scene.dependency(scene.dependencies()[-1].id)
        assert scene.listeners(block, "click") == []

    shown.on_loop(looked_up)
    assert len(asked) <= 1


def test_a_rendering_in_a_rendering_is_kept_with_its_layout(show: Show) -> None:
    x, y = Variable(1), Variable(1)
    inner = If(y == 1, gr.Textbox("typed", interactive=True, render=False), "other")
    shown = show(page_of(Match(x, {}, Stack(inner))))
    shown.engine.wait_idle()
    before = dict(shown.on_loop(shown.session.scene.blocks))
    sent = Sent(shown)
    x.value = 2
    assert texts(settle(shown)) == ["typed"]
    assert dict(shown.on_loop(shown.session.scene.blocks)) == before
    assert [(graft.removed, graft.nodes) for graft in sent.of(Graft)] == [([], [])]
    y.value = 2
    assert texts(settle(shown)) == ["other"]
