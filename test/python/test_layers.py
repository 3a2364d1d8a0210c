"""Imports point to the left: protocol → tree → runtime → transport → display → app → package.

And only the places that must may know Jupyter.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parent.parent.parent / "ipyblocks"

LAYERS = ["protocol", "tree", "runtime", "transport", "display", "app", "package"]
"""From left to right. A module may import from its own layer and from those left of it."""

LAYER_OF = {
    "_version": "protocol",
    "protocol": "protocol",
    "codec": "protocol",
    "runtime": "runtime",
    "transport": "transport",
    "display": "display",
    "app": "app",
    "client": "app",
    "reactive": "app",
    "compat": "package",
    "__init__": "package",
}
"""By first part of a module's name; every other module describes the tree."""

JUPYTER = {"IPython", "comm", "ipykernel", "ipywidgets", "jupyter_client", "traitlets", "tornado"}
MAY_KNOW_JUPYTER = {"transport.comm": JUPYTER, "display": JUPYTER, "app": {"IPython"}}
WEB = {"fastapi", "gradio", "starlette", "uvicorn", "flask", "aiohttp", "requests", "httpx"}


class Import(NamedTuple):
    """``name`` is relative to the package for its own modules, with a leading dot."""

    module: str
    name: str
    line: int


def modules() -> dict[str, Path]:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if "labextension" not in parts:
            found[".".join(parts)] = path
    return found


TOP = {name.split(".")[0] for name in modules()}


def imports(module: str, source: str) -> Iterator[Import]:
    """Every import of a module, also those in functions and those for type checkers."""
    here = module.split(".")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0:
                yield Import(module, node.module or "", node.lineno)
                continue
            base = here[: len(here) - node.level]
            for alias in node.names:
                parts = [*base, *(node.module.split(".") if node.module else [alias.name])]
                yield Import(module, "." + ".".join(parts), node.lineno)


def layer(module: str) -> str:
    return LAYER_OF.get(module.partition(".")[0], "tree")


def wrong(found: Import) -> str | None:
    """What is wrong with an import, or None."""
    where = f"{found.module}, line {found.line}"
    name = found.name
    if name == "ipyblocks" or name.startswith("ipyblocks."):
        return f"{where}: imports {name} absolutely"
    if name.startswith("."):
        # `from .. import Blocks`: a name that is no module comes from the package itself.
        target = layer(name[1:]) if name[1:].split(".")[0] in TOP else "package"
        if LAYERS.index(target) > LAYERS.index(layer(found.module)):
            return f"{where}: {layer(found.module)} imports {name} of {target}"
        return None
    top = name.partition(".")[0]
    if top in JUPYTER and top not in MAY_KNOW_JUPYTER.get(found.module, set()):
        return f"{where}: imports {name}"
    if top in WEB:
        return f"{where}: imports {name}"
    return None


def test_imports_point_to_the_left() -> None:
    found = [
        problem
        for module, path in modules().items()
        for each in imports(module, path.read_text(encoding="utf-8"))
        if (problem := wrong(each)) is not None
    ]
    assert found == []


def test_every_module_is_looked_at() -> None:
    assert {"protocol", "app", "runtime.engine", "transport.comm", "components.textbox"} <= set(
        modules()
    )


@pytest.mark.parametrize(
    ("module", "source", "problem"),
    [
        ("protocol", "from .events import Event", "protocol imports .events of tree"),
        ("codec", "from . import runtime", "protocol imports .runtime of runtime"),
        ("events", "from .runtime.engine import Engine", "tree imports .runtime.engine of runtime"),
        ("components.x", "from ..app import Blocks", "tree imports .app of app"),
        ("components.x", "from .. import Blocks", "tree imports .Blocks of package"),
        ("runtime.engine", "from ..transport.comm import y", "runtime imports .transport.comm"),
        ("runtime.engine", "def f():\n    from .. import display", "line 2: runtime imports"),
        ("transport.comm", "from ..display import shown", "transport imports .display of display"),
        ("display", "from .app import Blocks", "display imports .app of app"),
        ("blocks", "import ipyblocks.app", "imports ipyblocks.app absolutely"),
        ("events", "import ipywidgets", "imports ipywidgets"),
        ("app", "import ipywidgets", "imports ipywidgets"),
        ("transport.loopback", "from comm import create_comm", "imports comm"),
        ("runtime.engine", "if TYPE_CHECKING:\n    from IPython.display import HTML", "IPython"),
        ("app", "import uvicorn", "imports uvicorn"),
    ],
)
def test_an_arrow_the_other_way_is_found(module: str, source: str, problem: str) -> None:
    found = [wrong(each) for each in imports(module, source)]
    assert len(found) == 1
    assert found[0] is not None
    assert problem in found[0]


def test_arrows_to_the_left_are_fine() -> None:
    source = "from ..codec import pack\nfrom .. import context\nfrom .task import Task\nimport os"
    assert [wrong(each) for each in imports("runtime.engine", source)] == [None] * 4


def test_importing_the_package_is_light() -> None:
    """In a fresh interpreter: no Jupyter, no number crunching, no pictures."""
    import subprocess

    code = (
        "import sys, ipyblocks; print(sorted({m.split('.')[0] for m in sys.modules} & "
        f"{JUPYTER | WEB | {'numpy', 'pandas', 'PIL', 'matplotlib', 'pyarrow'}!r}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=PACKAGE.parent, check=True
    )
    assert ran.stdout.strip() == "[]"
