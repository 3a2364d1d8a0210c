"""Large values travel as what changed; streams are conflated, and their last value arrives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ipyblocks as gr
from ipyblocks.codec import encode
from ipyblocks.protocol import Binary, Done, Edit, Failed, Patch, ToPageFrame, Update
from ipyblocks.runtime.diff import MOST_EDITS, edits
from ipyblocks.runtime.outbound import BURST, FLUSHES_PER_SECOND
from ipyblocks.transport.loopback import apply_edits

# --- any two values -----------------------------------------------------------------------------

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, width=16)
    | st.text("ab🐞\ud800", max_size=4)
    | st.builds(Binary, data=st.binary(max_size=2), mime_type=st.just("x/y"))
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text("ab$", max_size=2), inner),
    max_leaves=12,
)


def exact(value: Any) -> Any:
    """Equal only where JSON would be: types and the order of keys count."""
    if isinstance(value, dict):
        return [(key, exact(item)) for key, item in value.items()]
    if isinstance(value, list):
        return ["list", *map(exact, value)]
    return (type(value), value)


def check(old: Any, new: Any) -> list[Edit] | None:
    before = repr(old)
    found = edits(old, new)
    assert found is None or exact(apply_edits(old, found)) == exact(new)
    assert repr(old) == before
    return found


@given(values, values)
@example([1, 2, 3, 4], [1])
@example({"a": 1, "b": 2}, {"b": 2, "a": 1})
@example({"a": [1, {"b": "x"}]}, {"a": [1, {"b": "xy"}, None]})
@example([[1, 2], [3]], [])
@example("", "abc")
@example([0.0], [0])
@example([True], [1])
def test_edits_lead_from_any_value_to_any_other(old: Any, new: Any) -> None:
    check(old, new)


@given(st.lists(values, max_size=8), st.data())
def test_edits_of_neighbours(old: list[Any], data: Any) -> None:
    """Values that differ a little, as those of a stream do."""
    new = list(old)
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.integers(0, len(new)))
        match data.draw(st.sampled_from(["insert", "delete", "replace"])):
            case "insert":
                new.insert(place, data.draw(leaves))
            case "delete":
                del new[place : place + data.draw(st.integers(1, 3))]
            case _ if place < len(new):
                new[place] = data.draw(leaves)
    check(old, new)


@given(st.integers(0, 200), st.integers(0, 200))
def test_growing_and_shrinking_lists(before: int, after: int) -> None:
    found = check(list(range(before)), list(range(after)))
    if found is None:
        assert abs(before - after) > MOST_EDITS
    else:
        assert len(found) == abs(before - after)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("ab", "abc", [("append", [], "c")]),
        (["ab"], ["abc"], [("append", [0], "c")]),
        (["ab"], ["b"], [("replace", [0], "b")]),
        ([""], ["b"], [("replace", [0], "b")]),
        ([1, 2, 3], [1], [("delete", [2], None), ("delete", [1], None)]),
        ([1], [1, 2, 3], [("insert", [1], 2), ("insert", [2], 3)]),
        ({"a": 1}, {"b": 1}, [("delete", ["a"], None), ("insert", ["b"], 1)]),
        ([1], [1.0], [("replace", [0], 1.0)]),
        ([1, 2], [1, 2], []),
        ("ab", "xy", None),
        ([1], {"a": 1}, None),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, None),
        ([{1: "a"}], [{1: "b"}], [("replace", [0], {1: "b"})]),
        (list(range(500)), list(range(1000, 1500)), None),
    ],
)
def test_edits(old: Any, new: Any, expected: Any) -> None:
    found = edits(old, new)
    told = None if found is None else [(edit.op, edit.path, edit.value) for edit in found]
    assert told == expected


# --- streams ------------------------------------------------------------------------------------


def stream(steps: Any, output: Any, show: Any) -> Any:
    with gr.Blocks() as demo:
        out, button = output(), gr.Button()
        button.click(steps, None, out)
    return show(demo), out, button


def updates(shown: Any, block: Any) -> list[Update]:
    node = shown.id(block)
    return [u for m in shown.messages(Patch) for u in m.updates if u.node == node]


def size(message: Any) -> int:
    frame = ToPageFrame(epoch="e", acks={}, last=1, messages=[message])
    return len(json.dumps(encode(frame).content))


def stepped(values: list[Any], gates: list[Any]) -> Any:
    """A generator that yields each value when its gate is open."""

    def steps() -> Any:
        for value, gate in zip(values, gates, strict=True):
            gate.wait()
            yield value

    return steps


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_text_travels_as_what_was_added(kind: str, show: Any, gate: Any) -> None:
    start, tokens = "x" * 300, ["one ", "two ", "drei 🐞"]
    gates = [gate() for _ in range(4)]

    def steps() -> Any:
        text = start
        yield text
        for token, each in zip(tokens, gates, strict=False):
            each.wait()
            text += token
            yield text

    async def async_steps() -> Any:
        text = start
        yield text
        for token, each in zip(tokens, gates, strict=False):
            await each.pass_through()
            text += token
            yield text

    shown, out, button = stream(steps if kind == "sync" else async_steps, gr.Textbox, show)
    shown.fire(button)
    for i, each in enumerate(gates[:3]):
        shown.until(Patch, i + 1)
        each.open()
    shown.page.idle()
    first, *later = updates(shown, out)
    assert (first.props, first.edits) == ({"value": start}, first.edits)
    assert [u.edits["value"] for u in later] == [
        [Edit(op="append", path=[], value=token)] for token in tokens
    ]
    assert all(u.props == {} for u in later)
    assert shown.props(out)["value"] == shown.value(out) == start + "".join(tokens)


def test_a_history_of_500_turns_costs_its_last_turn(show: Any, gate: Any) -> None:
    history = [{"role": "user", "content": f"question {i} " * 10} for i in range(500)]
    turns = [[*history, {"role": "assistant", "content": "word " * n}] for n in range(1, 4)]
    gates = [gate() for _ in range(4)]
    shown, out, button = stream(stepped([history, *turns], gates), gr.JSON, show)
    shown.fire(button)
    for i, each in enumerate(gates):
        each.open()
        shown.until(Patch, i + 1)
    shown.page.idle()
    whole, *later = [size(message) for message in shown.messages(Patch)]
    assert whole > 50_000
    assert max(later) < 300
    assert shown.props(out)["value"] == turns[-1]


@pytest.mark.parametrize("most", [1, 2000])
def test_a_fast_producer_is_conflated_and_the_last_value_arrives(most: int, show: Any) -> None:
    def steps() -> Any:
        for i in range(most):
            yield "x" * i + "end" * (i == most - 1)

    shown, out, button = stream(steps, gr.Textbox, show)
    clock = shown.engine.loop.time
    begun = clock()
    shown.run(button)
    assert shown.props(out)["value"] == "x" * (most - 1) + "end"
    # However long it takes; and what is left at the end does not wait.
    assert len(shown.messages(Patch)) <= BURST + FLUSHES_PER_SECOND * (clock() - begun) + 2
    assert len(shown.messages(Done)) == 1
    # The last value is there before the end is told.
    assert [type(m) for m in shown.messages() if isinstance(m, (Patch, Done))][-1] is Done


def test_the_last_value_arrives_when_the_stream_fails(show: Any) -> None:
    def steps() -> Any:
        for i in range(100):
            yield str(i)
        raise ValueError("broken")

    shown, out, button = stream(steps, gr.Textbox, show)
    shown.run(button)
    assert shown.props(out)["value"] == "99"
    assert len(shown.messages(Failed)) == 1


def test_a_list_that_is_changed_in_place_is_seen_as_it_was(show: Any, gate: Any) -> None:
    gates = [gate(), gate()]

    def steps() -> Any:
        items: Any = [["a" * 50] for _ in range(10)]
        yield items
        gates[0].wait()
        items[3][0] += "!"
        del items[7:]
        yield items
        gates[1].wait()
        items.clear()
        yield items

    shown, out, button = stream(steps, gr.JSON, show)
    shown.fire(button)
    for i, each in enumerate(gates):
        shown.until(Patch, i + 1)
        each.open()
    shown.page.idle()
    assert [len(u.edits["value"]) for u in updates(shown, out)[1:]] == [4, 7]
    assert shown.props(out)["value"] == []


def test_what_the_page_has_edited_is_not_a_base_for_changes(show: Any, gate: Any) -> None:
    go_on = gate()
    long = "y" * 300

    def steps() -> Any:
        yield long
        go_on.wait()
        yield long + "more"

    with gr.Blocks() as demo:
        out, button = gr.Textbox(interactive=True), gr.Button()
        button.click(steps, None, out)
    shown = show(demo)
    shown.fire(button)
    shown.until(Patch)
    shown.set(out, "mine")
    shown.on_loop(lambda: None)
    go_on.open()
    shown.page.idle()
    last = updates(shown, out)[-1]
    assert last.props == {"value": long + "more"}


def test_a_page_that_comes_in_the_middle_can_go_on(show: Any, gate: Any) -> None:
    gates = [gate(), gate()]
    long = "z" * 300

    def steps() -> Any:
        yield long
        for i, each in enumerate(gates):
            each.wait()
            yield long + "!" * (i + 1)

    shown, out, button = stream(steps, gr.Textbox, show)
    shown.fire(button)
    shown.until(Patch)
    gates[0].open()
    shown.until(Patch, 2)
    shown.page.messages.clear()
    shown.page.hello()
    gates[1].open()
    shown.page.idle()
    assert shown.props(out)["value"] == long + "!!"


def test_bytes_inside_edits_travel_as_buffers() -> None:
    old = [{"a": 1}]
    new = [{"a": 1}, {"image": Binary(data=b"\x89PNG", mime_type="image/png")}]
    found = edits(old, new)
    assert found is not None
    update = Update(node=1, props={}, edits={"value": found})  # type: ignore[arg-type]
    patch = Patch(seq=1, updates=[update])
    packet = encode(ToPageFrame(epoch="e", acks={}, last=1, messages=[patch]))
    assert [bytes(buffer) for buffer in packet.buffers] == [b"\x89PNG"]
    assert found[0].path == [1]
