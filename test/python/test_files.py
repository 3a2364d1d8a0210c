"""Which files may be shown, and the folders of sessions."""

from __future__ import annotations

import os
import tempfile
import threading
from asyncio import CancelledError
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks import files
from ipyblocks.errors import InvalidPathError
from ipyblocks.files import Files, image_type, safe_name
from ipyblocks.protocol import Done, Failed

from .conftest import LIMIT
from .test_media import png, sent


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders ``home`` (where we work), ``temporary`` and ``other``, each with ``a.png``."""
    for name in ("home", "home/.git", "home/sub", "temporary", "other", "other/deep"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(png())
    (tmp_path / "home" / ".hidden.png").write_bytes(png())
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    return tmp_path


@pytest.mark.parametrize("path", ["home/a.png", "home/sub/a.png", "temporary/a.png"])
def test_a_function_may_show_files_of_here_and_temporary_ones(places: Path, path: str) -> None:
    assert Files().permit(places / path) == (places / path).resolve()


@pytest.mark.parametrize(
    "path",
    [
        "other/a.png", "home/.hidden.png", "home/.git/a.png", "home/../other/a.png", "home-2/a.png",
        "home/sub/../.git/a.png",
    ],
)  # fmt: skip
def test_a_function_may_show_no_others(places: Path, path: str) -> None:
    with pytest.raises(InvalidPathError, match=r"launch\(allowed_paths=\[") as caught:
        Files().permit(places / path)
    assert isinstance(caught.value, ValueError)


def test_relative_paths_are_those_of_the_working_directory(places: Path) -> None:
    assert Files().permit("sub/a.png") == (places / "home/sub/a.png").resolve()
    with pytest.raises(InvalidPathError):
        Files().permit("../other/a.png")


def test_the_developer_may_allow_and_block(places: Path) -> None:
    permitted = Files(["../other", ".git"]).permit
    assert permitted(places / "other/deep/a.png")
    assert permitted(".git/a.png")
    blocking = Files([places], [str(places / "other/deep"), "a.png"]).permit
    assert blocking(places / "other/a.png")
    for path in (places / "other/deep/a.png", places / "home/a.png"):
        with pytest.raises(InvalidPathError, match="blocked_paths"):
            blocking(path)


def test_links_are_what_they_lead_to(places: Path) -> None:
    try:
        (places / "home/file.png").symlink_to(places / "other/a.png")
        (places / "home/folder").symlink_to(places / "other")
    except OSError:
        pytest.skip("this system makes no symbolic links")
    for path in ("file.png", "folder/a.png"):
        with pytest.raises(InvalidPathError):
            Files().permit(path)
        assert Files([places / "other"]).permit(path) == (places / "other/a.png").resolve()
        with pytest.raises(InvalidPathError, match="blocked"):
            Files([places], [places / "home" / "folder"]).permit(path)


def test_the_innermost_of_nested_folders_decides(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(places / "home/.git"))
    assert Files().permit(".git/a.png")
    monkeypatch.setattr("tempfile.tempdir", str(places))
    with pytest.raises(InvalidPathError):
        Files().permit(".git/a.png")


def value_app(returned: Any) -> tuple[Any, Any, Any]:
    with gr.Blocks() as demo:
        shown, button = gr.Image(), gr.Button("Go")
        button.click(lambda: returned, None, shown)
    return demo, shown, button


@pytest.mark.parametrize(
    "wrap", [str, Path, lambda p: gr.update(value=p), lambda p: {"value": p, "__type__": "update"}]
)
def test_what_a_function_returns_is_checked(
    places: Path, show: Callable[..., Any], wrap: Callable[[Any], Any]
) -> None:
    demo, picture, button = value_app(wrap(str(places / "other/a.png")))
    shown = show(demo).run(button)
    assert "InvalidPathError" in shown.messages(Failed)[0].message
    assert shown.value(picture) is None
    allowed = show(demo, allowed_paths=(str(places / "other"),)).run(button)
    assert allowed.messages(Done)
    assert allowed.value(picture).data == png()


def test_a_component_that_a_function_returns_is_checked(
    places: Path, show: Callable[..., Any]
) -> None:
    with gr.Blocks() as demo:
        picture, button = gr.Image(), gr.Button("Go")
        button.click(lambda: gr.Image(places / "other/a.png", label="New"), None, picture)
        icon = gr.Button("Icon")
        icon.click(lambda: gr.Button(icon=places / "other/a.png"), None, icon)
    shown = show(demo).run(button).run(icon)
    assert [m.message[:16] for m in shown.messages(Failed)] == ["InvalidPathError"] * 2
    shown = show(demo, allowed_paths=(places,)).run(button).run(icon)
    assert shown.props(picture)["label"] == "New"
    assert shown.props(icon)["icon"].data == png()


def test_what_the_developer_named_may_be_anywhere(places: Path, show: Callable[..., Any]) -> None:
    path = places / "other/a.png"
    with gr.Blocks() as demo:
        picture, button = gr.Image(path), gr.Button("Go", icon=path)
        button.click(lambda: [gr.Image(label="New"), gr.Button("New")], None, [picture, button])
    shown = show(demo, blocked_paths=(places,)).run(button)
    assert not shown.messages(Failed)
    assert shown.props(button)["icon"] == sent(png(), name="a.png")


def test_an_icon_that_is_no_image_is_named(places: Path) -> None:
    (places / "home" / "a.txt").write_text("words")
    with pytest.raises(ValueError, match=r"icon is 'a\.txt', which is no image"):
        gr.Button(icon="a.txt", render=False)


def test_a_folder_goes_with_its_owner_or_the_process() -> None:
    folder = files.PrivateFolder()
    first = folder.path()
    assert first == folder.path()
    if os.name == "posix":
        assert first.stat().st_mode & 0o077 == 0
    folder.close()
    assert not first.exists()
    second = folder.path()
    assert second.exists()
    del folder
    assert not second.exists()


def test_what_is_written_while_a_folder_is_closed_goes_with_it() -> None:
    folder = files.PrivateFolder()
    with folder.open() as path:
        folder.close()
        path.mkdir()  # as it would be, had the other thread looked a moment later
        (path / "late.txt").write_text("late")
    assert not path.exists()
    with folder.open() as anew:
        folder.close(for_good=True)
    assert not anew.exists()
    with pytest.raises(CancelledError, match="session has ended"):
        folder.path()


@pytest.mark.parametrize("kind", ["kept", "held"])
def test_a_function_that_outlives_its_session_leaves_no_file(
    kind: str, tmp_path: Path, show: Callable[..., Any], gate: Callable[[], Any]
) -> None:
    go_on, ended, raised = gate(), threading.Event(), []
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(2 * files.LARGE))

    def work() -> None:
        go_on.wait()
        mine = files.current()
        try:
            mine.keep(b"abc", "a.txt") if kind == "kept" else mine.hold(large)
        except CancelledError:
            raised.append(1)
            raise
        finally:
            ended.set()

    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(work)
    shown = show(demo).fire(button)
    go_on.reached()
    shown.page.close()
    go_on.open()
    assert ended.wait(LIMIT)
    assert raised == [1]
    assert list(Path(tempfile.gettempdir()).glob("ipyblocks-*")) == []


def test_a_file_that_is_changed_as_it_is_written_is_written_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mine = Files()
    first = mine.keep(b"abc", "a.txt")
    first.unlink()
    former = os.replace

    def replace(source: Any, target: Any) -> None:
        former(source, target)
        first.write_bytes(b"changed")  # by a function that was given it before

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        mine.keep(b"abc", "a.txt")
    assert mine.keep(b"abc", "a.txt").read_bytes() == b"abc"
    mine.close()


def test_a_file_may_be_taken_away_as_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Files()
    path = mine.keep(b"abc", "a.txt")
    former = files._state_of

    def taken(looked_at: Path) -> tuple[int, int]:
        if looked_at == path:
            path.unlink(missing_ok=True)
        return former(looked_at)

    monkeypatch.setattr(files, "_state_of", taken)
    mine.keep(b"abc", "a.txt")
    assert path.read_bytes() == b"abc"
    mine.close()


@pytest.mark.parametrize(
    ("given", "safe"),
    [("a/b\\c.png", "c.png"), ("..", "file"), ("", "file"), (" a ", "a"), ("x" * 300, "x" * 200)],
)
def test_safe_names(given: str, safe: str) -> None:
    assert safe_name(given) == safe


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (b"\xef\xbb\xbf <svg>", "image/svg+xml"),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>", "image/svg+xml"),
        (b"<!-- <svg> --><html>", None),
        (b"<!-- never ends", None),
        (b"<svgfoo>", None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"\0\0\0\x1cftypavif", "image/avif"),
    ],
)
def test_types_by_first_bytes(data: bytes, mime: str | None) -> None:
    assert image_type(data) == mime
