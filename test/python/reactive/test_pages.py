"""Pages, blocks alone, and the task module."""

from __future__ import annotations

from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.errors import NotAvailableError
from ipyblocks.reactive import DerivedVariable, Stack, Variable, config


def test_a_page_needs_a_notebook() -> None:
    with pytest.raises(NotAvailableError, match="no notebook"):
        config.add_page("Name", content=Stack("x"))
    config.pages.pop("Name").close()
    with pytest.raises(NotAvailableError, match=r"add_page\(icon, route=…\)"):
        config.add_page("Name", content="x", icon="home", route="/")


@pytest.mark.slow
def test_workers_import_the_task_module(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tasks_of_a_test.py").write_text("def double(v):\n    return 2 * v\n")
    monkeypatch.syspath_prepend(tmp_path)

    def knows() -> bool:
        import sys

        return "tasks_of_a_test" in sys.modules

    try:
        config.task_module = "tasks_of_a_test"
        assert DerivedVariable(knows, [], run_as_task=True).value is True
        from tasks_of_a_test import double  # type: ignore[import-not-found]

        assert DerivedVariable(double, [Variable(2)], run_as_task=True).value == 4
    finally:
        config.task_module = None
    with pytest.raises(ModuleNotFoundError):
        config.task_module = "no_such_module"
    with pytest.raises(TypeError, match="list of module names"):
        gr.configure_tasks(preload="one")


def test_a_block_alone_becomes_an_app() -> None:
    with gr.Blocks() as demo:
        inside = gr.Textbox()
    assert inside._repr_mimebundle_() is None
    assert demo.id_of(inside) is not None
