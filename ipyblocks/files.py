"""Files that an app may show, and a private folder for those that its handlers are given.

What the developer names in a constructor is read as it is. What a *handler* returns may have been
steered by the person at the page, so it must lie in the working directory, in the folder for
temporary files, or where ``launch(allowed_paths=…)`` says.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import mimetypes
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from . import context
from .errors import InvalidPathError
from .protocol import Binary, StoredBytes

LARGE = 1 << 20
"""Bytes above which a file of a value stays on disk."""

HEAD = 4096
"""First bytes of a file that tell its type."""

OTHER = "application/octet-stream"


class Files:
    """Which files the handlers of one session may show, and the folder for those they are given.

    Callable from any thread.

    Args:
        allowed, blocked: files and folders, absolute or relative to the working directory.
    """

    def __init__(
        self, allowed: Iterable[str | Path] = (), blocked: Iterable[str | Path] = ()
    ) -> None:
        self._allowed = tuple(allowed)
        self._blocked = tuple(blocked)
        self._folder = PrivateFolder()
        self._kept: dict[Path, tuple[int, int]] = {}
        self._copies: weakref.WeakKeyDictionary[StoredBytes, Path] = weakref.WeakKeyDictionary()

    def permit(self, path: str | Path) -> Path:
        """The real path, symbolic links resolved, of a file that a handler wants to show.

        Raises:
            InvalidPathError: it lies where handlers may show nothing.
        """
        real = Path(os.path.realpath(path))
        if any(_is_inside(real, folder) for folder in self._blocked):
            raise InvalidPathError(
                f"{str(path)!r} lies in launch(blocked_paths=…) and is not shown."
            )
        if any(real.is_relative_to(os.path.realpath(folder)) for folder in self._allowed):
            return real
        here, temporary = (Path(os.path.realpath(p)) for p in (Path.cwd(), tempfile.gettempdir()))
        # One may lie in the other; the innermost decides.
        for root in sorted((here, temporary), key=lambda p: len(p.parts), reverse=True):
            if real.is_relative_to(root):
                if root == here and any(
                    part.startswith(".") for part in real.relative_to(here).parts
                ):
                    break
                return real
        raise InvalidPathError(
            f"A function may not show {str(path)!r}: it may show files of the working directory "
            f"({here}; no names that start with a dot) and of the folder for temporary files. "
            f"Allow it with launch(allowed_paths=[{str(real.parent)!r}])."
        )

    def keep(self, data: bytes, name: str) -> Path:
        """Write bytes to the private folder, which is removed with the session.

        Args:
            name: file name, made safe. The same bytes under the same name are written once,
                unless a handler has changed or moved the file since.

        Raises:
            CancelledError: the session has ended.
        """
        with self._folder.open() as private:
            folder = private / hashlib.sha256(data).hexdigest()[:32]
            path = folder / safe_name(name)
            if not self._is_as_written(path):
                folder.mkdir(exist_ok=True)
                # In one step, because another thread may be reading the same name.
                handle, unfinished = tempfile.mkstemp(dir=folder)
                with os.fdopen(handle, "wb") as out:
                    out.write(data)
                # Before a handler that has the name already can change it.
                state = _state_of(Path(unfinished))
                os.replace(unfinished, path)
                self._kept[path] = state
        return path

    def _is_as_written(self, path: Path) -> bool:
        try:
            return self._kept.get(path) == _state_of(path)
        except FileNotFoundError:
            return False

    def keep_file(self, binary: Binary) -> Path:
        """The bytes of a value as a file for a handler, as :meth:`keep` does. Large ones never are
        in memory.

        Raises:
            CancelledError: the session has ended.
        """
        name, stored = safe_name(binary.name or "file"), binary.stored
        if stored is None:
            return self.keep(binary.data, name)
        path = self._copies.get(stored)
        if path is None or not self._is_as_written(path):
            # A copy: what the handler does to its file must not change the value.
            with self._folder.open() as private:
                path = Path(tempfile.mkdtemp(dir=private)) / name
                shutil.copyfile(stored.path, path)
                self._kept[path], self._copies[stored] = _state_of(path), path
        return path

    def hold(self, path: Path) -> StoredBytes:
        """A copy of a file as it is now, deleted with the last value that refers to it.

        Raises:
            OSError: it cannot be read, or there is no room for the copy.
            CancelledError: the session has ended.
        """
        with self._folder.open() as private:
            handle, copy = tempfile.mkstemp(dir=private)
            os.close(handle)
            try:
                shutil.copyfile(path, copy)
            except OSError:
                _unlink(copy)
                raise
            stored = StoredBytes(Path(copy), os.path.getsize(copy))
        # At the end of the process the whole folder goes.
        weakref.finalize(stored, _unlink, copy).atexit = False
        return stored

    def close(self) -> None:
        """Delete what was kept, and keep no more: functions that are still running have been
        cancelled.
        """
        self._folder.close(for_good=True)
        self._kept.clear()
        self._copies.clear()


class PrivateFolder:
    """A temporary folder, this user's alone: made on first use, removed with owner or process."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._ended = False
        self._lock = threading.Lock()
        self._remove: weakref.finalize[[Path, int], PrivateFolder] | None = None

    def path(self) -> Path:
        """The folder; it exists.

        Raises:
            CancelledError: it was closed for good.
        """
        with self._lock:
            if self._ended:
                raise asyncio.CancelledError("The session has ended, and its files are gone.")
            if self._path is None:
                self._path = Path(tempfile.mkdtemp(prefix="ipyblocks-"))
                # Runs at the end of the process too; not in a forked child, which does not own it.
                self._remove = weakref.finalize(self, _remove, self._path, os.getpid())
            return self._path

    @contextmanager
    def open(self) -> Iterator[Path]:
        """:meth:`path`, for a thread that writes to it: what it writes while another closes the
        folder goes as well.
        """
        path = self.path()
        try:
            yield path
        finally:
            with self._lock:
                is_closed = self._path != path
            if is_closed:
                _remove(path, os.getpid())

    def close(self, for_good: bool = False) -> None:
        """Delete the folder. It is made anew when it is needed again, unless this is for good."""
        with self._lock:
            self._ended = self._ended or for_good
            remove, self._path, self._remove = self._remove, None, None
        if remove is not None:
            remove()


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(path, ignore_errors=True)


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):  # its folder may have gone before it
        os.unlink(path)


_of_process = Files()


def current() -> Files:
    """Files of the session whose handler runs here; outside of handlers, those of the process."""
    run = context.current_run()
    return _of_process if run is None else run.files


def permitted(path: str | Path) -> Path:
    """The path to read for a value: checked when a handler returned it, as it is when it did not.

    Raises:
        InvalidPathError: a handler may not show it.
    """
    run = context.current_run()
    return Path(path) if run is None else run.files.permit(path)


def read(path: str | Path) -> Binary:
    """A file as a wire value, if the code that names it may show it. A large one is copied, and
    stays on disk.

    Raises:
        InvalidPathError: a handler may not show it.
        FileNotFoundError: there is no such file.
        OSError: it cannot be read.
    """
    real = permitted(path)
    # A pipe or a device would never end.
    if not real.is_file():
        raise FileNotFoundError(
            f"There is no file {str(path)!r} (working directory: {Path.cwd()})."
        )
    name = Path(path).name
    if real.stat().st_size > LARGE:
        stored = current().hold(real)
        with stored.path.open("rb") as file:
            head = file.read(HEAD)
        return Binary.of_file(stored, mime_type(head, name), name)
    data = real.read_bytes()
    return Binary(data=data, mime_type=mime_type(data, name), name=name)


def mime_type(data: bytes, name: str) -> str:
    """Type of a file: images by their first bytes, others by the extension of the name."""
    return image_type(data) or mimetypes.guess_type(name)[0] or OTHER


_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\0\0\1\0", "image/x-icon"),
)


def image_type(data: bytes) -> str | None:
    """Mime type of an image by its first bytes; None when they are those of no known image."""
    for signature, mime in _SIGNATURES:
        if data.startswith(signature):
            return mime
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return "image/avif"
    return "image/svg+xml" if _is_svg(data) else None


def _is_svg(data: bytes) -> bool:
    """Whether the first element, after declarations and comments, is ``<svg>``."""
    text = data[:HEAD].decode("utf-8", "ignore").lstrip("\ufeff \t\r\n")
    while text.startswith(("<?", "<!")):
        # A doctype may hold declarations of its own in brackets.
        close = "-->" if text.startswith("<!--") else "]>" if "[" in text.split(">")[0] else ">"
        _, found, text = text.partition(close)
        if not found:
            return False
        text = text.lstrip()
    return text.startswith("<svg") and text[4:5] in " \t\r\n>/"


def safe_name(name: str) -> str:
    """The last part of a path, in at most 200 printable bytes; never empty, never dotted."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip(" .")
    return kept.encode(errors="ignore")[:200].decode(errors="ignore") or "file"


def _is_inside(path: Path, folder: str | Path) -> bool:
    """Whether a resolved path is a file or folder or below it, as the file system sees it.

    Compares files, not names: where case does not matter, another spelling is no way around.
    """
    if path.is_relative_to(os.path.realpath(folder)):
        return True
    try:
        wanted = os.stat(folder)
    except OSError:
        return False
    return any(
        part.exists() and os.path.samestat(part.stat(), wanted) for part in (path, *path.parents)
    )


def _state_of(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size
