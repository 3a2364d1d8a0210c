"""``ipyblocks.compat``: imports of Gradio and Dara give ipyblocks, and nothing else is touched."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest

import ipyblocks
from ipyblocks import compat, reactive, themes
from ipyblocks.protocol import Failed

from .conftest import REPOSITORY


def stand_ins() -> set[str]:
    return {name for name in sys.modules if name.partition(".")[0] in compat.PACKAGES}


@pytest.fixture(autouse=True)
def uninstalled() -> Iterator[None]:
    finders = list(sys.meta_path)
    yield
    compat.uninstall()
    assert sys.meta_path == finders
    assert stand_ins() == set()


@pytest.fixture
def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Makes packages that can be imported."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(**files: str) -> None:
        for name, text in files.items():
            file = tmp_path / name.replace("__", "/") / "__init__.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        importlib.invalidate_caches()

    yield make
    for name in stand_ins():
        del sys.modules[name]


def namespace(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(code, names)
    return names


# --- imports ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name", "found"),
    [
        ("import gradio", "gradio.Blocks", ipyblocks.Blocks),
        ("import gradio as gr", "gr.Blocks", ipyblocks.Blocks),
        ("import gradio as gr", "gr.Markdown", ipyblocks.Markdown),
        ("import gradio as gr", "gr.themes.Soft", themes.Soft),
        ("import gradio as gr", "gr.Error", ipyblocks.Error),
        ("import gradio as gr", "gr.__version__", ipyblocks.__version__),
        ("from gradio import Blocks, Textbox", "Textbox", ipyblocks.Textbox),
        ("from gradio import themes", "themes.Base", themes.Base),
        ("import gradio.themes", "gradio.themes.Monochrome", themes.Monochrome),
        ("import gradio.themes as t", "t.GoogleFont", themes.GoogleFont),
        ("from gradio.themes.base import Base", "Base", themes.Base),
        ("from gradio.themes.soft import Soft", "Soft", themes.Soft),
        ("from gradio.themes.utils import colors, fonts, sizes", "colors.rose", themes.colors.rose),
        ("import gradio.themes.utils.sizes as s", "s.text_lg", themes.sizes.text_lg),
        ("from gradio.themes.utils.fonts import Font", "Font", themes.Font),
        ("from gradio.blocks import Blocks, Block", "Blocks", ipyblocks.Blocks),
        ("from gradio.components import Slider, Component", "Slider", ipyblocks.Slider),
        ("from gradio.layouts import Row", "Row", ipyblocks.Row),
        ("from gradio.events import EventData, SelectData, on", "on", ipyblocks.on),
        ("from gradio.exceptions import Error", "Error", ipyblocks.Error),
        ("from gradio.helpers import Progress", "Progress", ipyblocks.Progress),
        ("from gradio_client import Client", "Client", ipyblocks.Client),
        ("import gradio_client", "gradio_client.Job", ipyblocks.Job),
        ("from gradio_client.utils import Status, StatusUpdate", "Status", ipyblocks.job.Status),
        ("from gradio_client.exceptions import AppError", "AppError", ipyblocks.job.AppError),
        ("from dara.core import Variable, DerivedVariable", "Variable", reactive.Variable),
        ("from dara.core import action, ActionCtx", "ActionCtx", reactive.ActionCtx),
        ("from dara.core import py_component", "py_component", reactive.py_component),
        (
            "from dara.core.visual.progress_updater import ProgressUpdater, track_progress",
            "track_progress",
            reactive.track_progress,
        ),
        (
            "from dara.core.progress_updater import ProgressUpdater",
            "ProgressUpdater",
            reactive.ProgressUpdater,
        ),
        ("from dara.core.interactivity import Variable", "Variable", reactive.Variable),
        (
            "from dara.core.configuration import ConfigurationBuilder as C",
            "C",
            type(reactive.config),
        ),
        ("from dara.core.components import Fallback", "Fallback", reactive.Fallback),
        ("from dara.components import Button, Stack, Text", "Text", reactive.Text),
        ("import dara.components", "dara.components.Stack", reactive.Stack),
    ],
)
def test_imports(code: str, name: str, found: object) -> None:
    compat.install()
    assert eval(name, namespace(code)) is found


def test_everything_that_is_public() -> None:
    compat.install()
    assert {*ipyblocks.__all__} - {"__version__"} <= {*namespace("from gradio import *")}
    assert {*reactive.__all__} <= {*namespace("from dara.core import *")}
    gradio = importlib.import_module("gradio")
    assert {"Blocks", "components", "themes"} <= {*dir(gradio)}
    assert not {"re", "app", "annotations"} & {*dir(gradio)}
    assert {"rose", "Color"} == {"rose", "Color"} & {*dir(gradio.themes.utils.colors)}


def test_every_module_can_be_imported_and_gives_all_that_it_lists() -> None:
    compat.install()
    for name in compat._SOURCES:
        module = importlib.import_module(name)
        assert isinstance(module, compat.Alias)
        assert sys.modules[name] is module
        for each in dir(module):
            assert getattr(module, each) is not None, f"{name}.{each}"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("from gradio import Textbx", "gradio.Textbx is not available in ipyblocks"),
        ("from gradio import Textbx", "The nearest name is gradio.Textbox."),
        ("import gradio.utils", "gradio.utils is not available in ipyblocks"),
        ("from gradio.networking import setup_tunnel", "gradio.networking is not available"),
        ("from gradio_client import handle_file", "gradio_client.handle_file is not available"),
        ("from dara.core import Varable", "The nearest name is dara.core.Variable."),
        ("from dara.core import DataVariabl", "dara.core.DataVariabl is not available"),
        ("import dara.core.internal.pool", "dara.core.internal is not available"),
    ],
)
def test_what_is_missing_says_so_when_it_is_imported(code: str, words: str) -> None:
    compat.install()
    with pytest.raises(ImportError, match="is not available in ipyblocks") as raised:
        namespace(code)
    assert words in str(raised.value)


def test_what_is_missing_says_so_when_it_is_used() -> None:
    compat.install()
    gr = importlib.import_module("gradio")
    with pytest.raises(AttributeError, match=r"gradio\.Sldr is not .* is gradio\.Slider\."):
        _ = gr.Sldr
    with pytest.raises(AttributeError, match=r"gradio\.Xyzzy is not .* docs/reference"):
        _ = gr.Xyzzy
    with pytest.raises(AttributeError, match=r"gradio\.Interface is not .*: build it with gr\.B"):
        _ = gr.Interface
    with pytest.raises(ImportError, match=r"gradio\.Chatbot is not .*: show the conversation in"):
        namespace("from gradio import Chatbot")
    assert not hasattr(gr, "Xyzzy")
    assert not hasattr(gr, "__file__")  # else tools would take our files for Gradio's


def test_our_own_modules_stay_what_they_are() -> None:
    spec, name = ipyblocks.__spec__, ipyblocks.__name__
    compat.install()
    namespace("import gradio, gradio.components, dara.core")
    assert (ipyblocks.__spec__, ipyblocks.__name__) == (spec, name)
    assert inspect.getmodule(ipyblocks.Blocks).__name__ == "ipyblocks.app"  # type: ignore[union-attr]


# --- which ones -----------------------------------------------------------------------------------


def test_those_that_are_not_installed(real: Callable[..., None]) -> None:
    real(gradio="real = True")
    assert compat.install() == ("dara", "gradio_client")
    assert namespace("import gradio")["gradio"].real


def test_those_that_are_named(real: Callable[..., None]) -> None:
    real(gradio="raise AssertionError", dara__core="raise AssertionError")
    assert compat.install("gradio") == ("gradio",)
    assert compat.install("dara") == ("dara", "gradio")
    assert namespace("import gradio as gr, dara.core")["gr"].Blocks is ipyblocks.Blocks
    with pytest.raises(ModuleNotFoundError, match="gradio_client"):
        namespace("import gradio_client")


def test_a_folder_is_no_package(tmp_path: Path, real: Callable[..., None]) -> None:
    (tmp_path / "gradio").mkdir()
    (tmp_path / "dara").mkdir()
    importlib.invalidate_caches()
    assert compat.install() == compat.install() == tuple(sorted(compat.PACKAGES))


def test_dara_is_a_namespace(real: Callable[..., None]) -> None:
    real(dara__core="")
    assert compat.install() == ("gradio", "gradio_client")


def test_the_real_one_has_been_imported(real: Callable[..., None]) -> None:
    real(gradio="")
    namespace("import gradio")
    with pytest.raises(RuntimeError, match=r"real gradio has been imported .* Restart the kernel"):
        compat.install("dara", "gradio")
    assert compat._finder() is None


def test_another_name() -> None:
    with pytest.raises(ValueError, match=r"install\('streamlit'\): give 'gradio', "):
        compat.install("streamlit")


def test_uninstall(real: Callable[..., None]) -> None:
    compat.uninstall()
    compat.install()
    gr = namespace("import gradio as gr")["gr"]
    compat.uninstall()
    assert importlib.util.find_spec("gradio") is None
    assert gr.Blocks is ipyblocks.Blocks  # who has it keeps it
    real(gradio="real = True")
    assert namespace("import gradio")["gradio"].real


# --- other processes ------------------------------------------------------------------------------


def test_functions_refer_to_it_in_processes_without_it() -> None:
    compat.install()
    names = namespace(
        "import gradio as gr, gradio.themes\n"
        "from dara.core import Variable\n"
        "def fn(): return gr.Textbox.__name__, gradio.themes.Soft.__name__, Variable.__name__"
    )
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer)())"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        input=cloudpickle.dumps(names["fn"]),
        capture_output=True,
        check=True,
        cwd=REPOSITORY,
    )
    assert ran.stdout.decode().strip() == "('Textbox', 'Soft', 'Variable')"


def test_it_is_there_when_it_is_asked_for() -> None:
    code = (
        "import sys, ipyblocks\n"
        "assert 'ipyblocks.compat' not in sys.modules\n"
        "print('dara' in ipyblocks.compat.install())"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert ran.stdout.decode().strip() == "True"


@pytest.mark.slow
def test_workers_have_what_the_kernel_has(
    show: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tasks_x.py").write_text(
        "from dara.core.visual.progress_updater import ProgressUpdater\n"
        "import gradio as gr\n"
        "def fn(): return f'{gr.Textbox.__name__} {ProgressUpdater.__name__}'"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    def fn() -> str:
        import gradio_client
        import tasks_x

        return f"{tasks_x.fn()} {gradio_client.Client.__name__}"

    with ipyblocks.Blocks() as demo:
        out, button = ipyblocks.Textbox(), ipyblocks.Button()
        button.click(fn, None, out, run_as_task=True)
    shown = show(demo)
    shown.run(button)
    assert "No module named 'gradio_client'" in shown.messages(Failed)[0].message
    compat.install()
    assert shown.run(button).value(out) == "Textbox ProgressUpdater Client"
    compat.uninstall()
    shown.run(button)
    assert "No module named 'gradio_client'" in shown.messages(Failed)[1].message
