"""TextArea, Label and HighlightedText, and Gradio's other names."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ipyblocks as gr
from ipyblocks.components.highlightedtext import HighlightedText
from ipyblocks.components.label import Label
from ipyblocks.components.textarea import TextArea
from ipyblocks.errors import NotAvailableError
from ipyblocks.runtime.engine import Engine
from ipyblocks.transport.loopback import LoopbackPage


def test_text_area_is_a_textbox_of_seven_lines() -> None:
    assert TextArea.kind == "textbox"
    assert TextArea(render=False).wire_props()["lines"] == 7
    assert "lines" not in TextArea(lines=1, render=False).wire_props()
    assert isinstance(TextArea(render=False), gr.Textbox)


def test_gradio_has_other_names_for_some() -> None:
    assert gr.Text is gr.Textbox
    assert gr.Highlight is gr.Highlightedtext is gr.HighlightedText


# --- Label ---------------------------------------------------------------------------------------


def of(label: str, **confidences: float) -> dict[str, Any]:
    listed = [{"label": name, "confidence": share} for name, share in confidences.items()]
    return {"label": label, "confidences": listed or None}


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        (None, None),
        ({}, None),
        ("cat", of("cat")),
        ("", of("")),
        (3, of("3")),
        (0.5, of("0.5")),
        (np.float32(0.5), of("0.5")),
        ({"dog": 0.1, "cat": 0.9}, of("cat", cat=0.9, dog=0.1)),
        ({"dog": np.float64(0.1)}, of("dog", dog=0.1)),
        ({1: 2}, {"label": "1", "confidences": [{"label": "1", "confidence": 2.0}]}),
        ({"label": "cat", "confidences": [{"label": "cat", "confidence": 1}]}, of("cat", cat=1.0)),
        ({"label": "cat", "confidences": None}, of("cat")),
        ({"confidences": 0.4, "doubts": 0.6}, of("doubts", doubts=0.6, confidences=0.4)),
    ],
)
def test_label_takes(given: Any, wire: Any) -> None:
    assert Label(given, render=False).initial_payload() == wire


def test_label_shows_the_surest_classes() -> None:
    label = Label(num_top_classes=2, render=False)
    shown = label.postprocess({"a": 0.1, "b": math.nan, "c": 0.6, "d": 0.3})
    assert shown == of("c", c=0.6, d=0.3)


@pytest.mark.parametrize("as_path", [True, False])
@pytest.mark.parametrize(
    "content", [{"cat": 0.9}, of("cat", cat=0.9)], ids=["plain", "as Gradio writes it"]
)
def test_label_reads_a_json_file(tmp_path: Path, as_path: bool, content: Any) -> None:
    file = tmp_path / "label.json"
    file.write_text(json.dumps(content))
    assert Label(file if as_path else str(file), render=False).initial_payload() == of(
        "cat", cat=0.9
    )


def test_label_of_a_file_that_is_not_json(tmp_path: Path) -> None:
    file = tmp_path / "label.json"
    file.write_text("cat")
    with pytest.raises(ValueError, match="cannot be read as JSON"):
        Label(file, render=False)


def test_label_that_only_looks_like_a_file() -> None:
    assert Label("nowhere.json", render=False).initial_payload() == of("nowhere.json")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (["cat"], "value must be a label"),
        ({"cat": "sure"}, r"value \['cat'\] must be a number, not 'sure'"),
        ({"confidences": [1]}, 'value must have "confidences" as a list'),
    ],
)
def test_label_refuses(given: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=f"Label 'Kind': {problem}"):
        Label(given, label="Kind", render=False)


def test_label_checks_its_arguments() -> None:
    with pytest.raises(ValueError, match="num_top_classes must be 1 or more"):
        Label(num_top_classes=0, render=False)
    with pytest.raises(ValueError, match="color"):
        Label(color="red; background: url(x)", render=False)


def test_label_hands_back_what_it_shows() -> None:
    label = Label(render=False)
    assert label.preprocess(None) is None
    assert label.preprocess(of("cat")) == "cat"
    assert label.preprocess(of("cat", cat=0.9, dog=0.1)) == {"cat": 0.9, "dog": 0.1}


# --- HighlightedText -----------------------------------------------------------------------------

ENTITIES = {
    "text": "Ada met Bob.",
    "entities": [
        {"entity_group": "person", "start": 8, "end": 11},
        {"entity": "person", "start": 0, "end": 3},
    ],
}


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        (None, None),
        ([], []),
        ([("a", "x"), ["b", None]], [("a", "x"), ("b", None)]),
        ([("a", 1), ("b", np.float64(-0.5))], [("a", 1.0), ("b", -0.5)]),
        ([("a", "")], [("a", None)]),
        ([{"token": "a", "class_or_confidence": "x"}, {"token": "b"}], [("a", "x"), ("b", None)]),
        (ENTITIES, [("Ada", "person"), (" met ", None), ("Bob", "person"), (".", None)]),
        ({"text": "plain", "entities": []}, [("plain", None)]),
        (
            {
                "text": "abcd",
                "entities": [
                    {"entity": "x", "start": 0, "end": 3},
                    {"entity": "y", "start": 1, "end": 2},
                    {"entity": None, "start": 2, "end": 9},
                ],
            },
            [("abc", "x"), ("d", None)],
        ),
    ],
)
def test_highlighted_text_takes(given: Any, wire: Any) -> None:
    assert HighlightedText(given, render=False).initial_payload() == wire


def test_highlighted_text_joins_neighbours() -> None:
    value = [("a", "x"), ("b", "x"), ("", None), ("c", "x"), ("d", None), ("e", None)]
    text = HighlightedText(value, combine_adjacent=True, adjacent_separator=" ", render=False)
    assert text.initial_payload() == [("a b c", "x"), ("d e", None)]


def test_highlighted_text_without_the_spaces_at_the_ends() -> None:
    text = HighlightedText([(" a ", "x"), (" b", None)], show_whitespaces=False, render=False)
    assert text.initial_payload() == [("a", "x"), ("b", None)]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("plain", "value must be a list of"),
        (3, "value must be a list of"),
        (["ab"], r"value \[0\] must be \(text, category\), not 'ab'"),
        ([("a", "x", 1)], r"value \[0\] must be"),
        ({"text": "a"}, 'value must be {"text"'),
        ({"text": "a", "entities": [{"start": 0}]}, 'value must be {"text"'),
    ],
)
def test_highlighted_text_refuses(given: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=f"HighlightedText 'Names': {problem}"):
        HighlightedText(given, label="Names", render=False)


def test_highlighted_text_is_not_editable_yet() -> None:
    with pytest.raises(NotAvailableError, match=r"gr\.Textbox"):
        HighlightedText(interactive=True, render=False)
    HighlightedText(interactive=False, render=False)


def test_highlighted_text_checks_colours() -> None:
    with pytest.raises(ValueError, match=r"color_map\['x'\]"):
        HighlightedText(color_map={"x": "url(//evil)"}, render=False)


def test_select_tells_which_part() -> None:
    seen: list[Any] = []

    def selected(event: gr.SelectData) -> None:
        seen.append((event.index, event.value))

    with gr.Blocks() as demo:
        text = gr.HighlightedText([("Ada", "person")])
        label = gr.Label({"cat": 0.9})
        text.select(selected)
        label.select(selected)
    page = LoopbackPage(Engine(demo))
    page.hello()
    page.fire(text._id, "select", {"index": 0, "value": ["Ada", "person"], "selected": True})
    page.idle()
    page.fire(label._id, "select", {"index": 0, "value": "cat", "selected": True})
    page.idle()
    page.close()
    assert seen == [(0, ["Ada", "person"]), (0, "cat")]
