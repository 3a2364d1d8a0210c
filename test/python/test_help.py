"""What ``help``, Shift-Tab and the documents say is what is there."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks import compat, reactive
from ipyblocks.block import Block
from ipyblocks.protocol import Done, Failed

REPOSITORY = Path(__file__).parent.parent.parent
DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
EXPORTED = {
    **{f"gr.{name}": getattr(gr, name) for name in gr.__all__},
    **{f"reactive.{name}": getattr(reactive, name) for name in reactive.__all__},
}
BLOCKS = [
    name for name, value in EXPORTED.items() if inspect.isclass(value) and issubclass(value, Block)
]


def test_everything_exported_has_words() -> None:
    assert [
        name for name, value in EXPORTED.items() if not (inspect.getdoc(value) or "").strip()
    ] == []


@pytest.mark.parametrize("name", BLOCKS)
def test_help_of_a_block_names_its_arguments_and_events(name: str) -> None:
    cls = EXPORTED[name]
    doc = inspect.getdoc(cls) or ""
    for parameter in inspect.signature(cls).parameters.values():
        if parameter.name != "props":  # those of a layout, handed on
            assert re.search(rf"^ +\*?{parameter.name}: .", doc, re.MULTILINE), parameter.name
    if "Events:" in doc:
        for event in cls.events:
            assert re.search(rf"^    {event}: .", doc, re.MULTILINE), event
            assert inspect.getattr_static(cls, event).__doc__ in doc


def test_the_signature_of_a_part_is_its_own() -> None:
    assert list(inspect.signature(reactive.If).parameters)[:3] == [
        "condition", "true_component", "false_component",
    ]  # fmt: skip
    assert "items" in inspect.signature(reactive.For).parameters
    assert "condition: a variable" in (inspect.getdoc(reactive.If) or "")


def test_a_component_of_somebody_else_has_the_signature_of_its_constructor() -> None:
    class Named(gr.Textbox):
        """A text with a name."""

        def __init__(self, name: str) -> None:
            super().__init__(label=name)

    assert list(inspect.signature(Named).parameters) == ["name"]
    assert Named("x").label == "x"


# --- documents ----------------------------------------------------------------------------------


def blocks_of(path: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)


WITH_CODE = [path for path in DOCUMENTS if blocks_of(path)]


def run_as_cell(source: str, names: dict[str, Any]) -> Any:
    """Run a cell as a notebook does; the value of its last line when that is an expression."""
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "<document>", "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), "<document>", "eval"), names)
    return None


@pytest.mark.parametrize("path", WITH_CODE, ids=lambda path: path.name)
def test_the_code_of_a_document_runs_from_top_to_bottom(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, show: Any
) -> None:
    """Apps are shown to a page without pixels; what the cells end in is shown as well."""
    monkeypatch.chdir(tmp_path)
    apps: list[gr.Blocks] = []
    monkeypatch.setattr(gr.Blocks, "_show", lambda self, *_: apps.append(self))
    names: dict[str, Any] = {"__name__": "__main__"}
    try:
        for source in blocks_of(path):
            value = run_as_cell(source, names)
            if isinstance(value, Block):
                assert Block.app_of is not None
                apps.append(Block.app_of(value))
    finally:
        compat.uninstall()
    assert apps
    for app in apps:
        shown = show(app)
        presses = [block for block in app.blocks.values() if isinstance(block, gr.Button)]
        for button in presses:
            shown.fire(button)
        shown.page.idle()
        assert shown.messages(Failed) == []
        assert len(shown.until(Done, len(presses))) >= len(presses)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_links_to_is_there(path: Path) -> None:
    text = path.read_text("utf-8")
    links = re.findall(r"\]\(([^)#]+)[^)]*\)|\b(?:src|srcset)=\"([^\"]+)\"", text)
    local = [link or image for link, image in links if not (link or image).startswith("http")]
    assert [link for link in local if not (path.parent / link).exists()] == []
