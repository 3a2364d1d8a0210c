"""What crosses the wire, counted: messages of a click, bytes of a tree. ``npm run bench`` reports
the same counts.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from ipyblocks.runtime import outbound

pytestmark = pytest.mark.slow

BENCH = Path(__file__).parents[2] / "bench" / "counts.py"


@pytest.fixture(scope="module")
def counts() -> dict[str, Any]:
    """The functions of the bench."""
    return runpy.run_path(str(BENCH))


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What may share a frame waits for it, and no page is asked again, however slow the machine."""
    monkeypatch.setattr(outbound, "LINGER", 3600.0)
    monkeypatch.setattr(outbound, "PROBE_AFTER", 3600.0)


def test_a_tree_of_1000_fields_stays_small(counts: dict[str, Any]) -> None:
    assert counts["tree"](1000) <= 120_000  # about 114 a field


def test_a_tree_grows_by_what_a_field_says_and_no_more(counts: dict[str, Any]) -> None:
    ten, hundred = counts["tree"](10), counts["tree"](100)

    assert (hundred - ten) / 90 <= 120


def test_a_text_that_grows_costs_what_is_added_however_long_it_is(counts: dict[str, Any]) -> None:
    frames = counts["stream"](1000)  # the last one tells the end

    assert 1000 <= len(frames) <= 1002
    assert max(frames[900:-1]) <= 280
    assert max(frames) <= 400  # the first ones are whole


@pytest.mark.parametrize(
    ("name", "up_bytes", "down_bytes"), [("click", 160, 350), ("edit", 160, 350)]
)
def test_an_event_is_one_message_up_and_one_down(
    counts: dict[str, Any], name: str, up_bytes: int, down_bytes: int
) -> None:
    cost = counts[name]()

    assert (cost.up, cost.down) == (1, 1)
    assert cost.messages == ("Started", "Patch", "Done")
    assert cost.up_bytes <= up_bytes
    assert cost.down_bytes <= down_bytes
