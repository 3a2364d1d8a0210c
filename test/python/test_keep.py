"""Values that a session keeps: copies that share what has not changed."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyblocks.codec import WireError
from ipyblocks.protocol import Binary
from ipyblocks.runtime.keep import keep

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(-2, 2), st.text("ab"))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text("abc"), inner)),
)


def exact(value: object) -> object:
    """Tells 1, 1.0 and True apart, and the order of keys."""
    if isinstance(value, list):
        return [exact(item) for item in value]
    if isinstance(value, dict):
        return [(key, exact(item)) for key, item in value.items()]
    return type(value), value


@given(VALUES, VALUES)
def test_what_is_kept_is_what_was_returned(new: object, old: object) -> None:
    before = copy.deepcopy(old)
    assert exact(keep(new, old, "value")) == exact(new)
    assert exact(old) == exact(before)


@given(VALUES)
def test_an_equal_value_is_the_former_one(value: object) -> None:
    kept = keep(value, None, "value")
    again = keep(copy.deepcopy(value), kept, "value")
    assert again is kept or exact(again) == exact(kept)


def test_a_long_history_is_copied_once() -> None:
    history = [{"role": "user", "content": f"turn {i}"} for i in range(500)]
    kept = keep(history, None, "value")
    assert kept == history
    assert not any(a is b for a, b in zip(kept, history, strict=True))
    history[-1]["content"] += " and more"
    after = keep(history, kept, "value")
    assert [i for i in range(500) if after[i] is not kept[i]] == [499]
    assert after[-1]["content"] == "turn 499 and more"
    assert kept[-1]["content"] == "turn 499"


def test_what_a_handler_changes_later_stays_out() -> None:
    rows = [[1, 2], [3, 4]]
    kept = keep(rows, None, "value")
    rows.append([5, 6])
    kept = keep(rows, kept, "value")
    rows[0][0] = rows[2][0] = 9
    assert kept == [[1, 2], [3, 4], [5, 6]]


def test_picture_of_the_same_bytes_is_the_same_picture() -> None:
    picture = Binary(data=b"png", mime_type="image/png")
    assert keep([picture, 1], [picture, 1], "value") == [picture, 1]


@pytest.mark.parametrize("old", [None, [{"deep": [1]}]])
def test_what_cannot_be_sent_is_named_with_its_place(old: object) -> None:
    with pytest.raises(WireError, match=r"Output\[0\]\.deep\[1\]: a value of type object"):
        keep([{"deep": [1, object()]}], old, "Output")


def test_a_value_in_itself_is_refused() -> None:
    new: list[object] = [[1]]
    new.append(new)
    with pytest.raises(WireError, match="refers to itself"):
        keep(new, [[1], [[1]]], "Output")


def test_values_that_cannot_be_compared_are_copied() -> None:
    class Awkward(int):
        def __eq__(self, other: object) -> bool:
            raise TypeError("no")

        __hash__ = int.__hash__

    assert keep([Awkward(1)], [1], "value")[0].real == 1
