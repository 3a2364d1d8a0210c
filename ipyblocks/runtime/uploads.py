"""Files that pages send: in pieces, into a private folder, removed with the session."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..files import PrivateFolder, safe_name
from ..protocol import Binary, PageId, Upload, UploadId

MAX_CHUNK = 1 << 20
"""Largest piece in bytes; a browser frame over 10 MiB would close the kernel's socket."""

MAX_OPEN = 100
"""Most files that one session may have on their way at once."""


@dataclass
class UploadedFile:
    """A file that is whole.

    Attributes:
        path: where it is, in the session's private folder.
        name: as the person's computer called it, without folders.
    """

    path: Path
    name: str
    mime_type: str
    size: int


class Uploads:
    """The files of one session. Loop thread only.

    Args:
        max_size: largest file in bytes; None: any.
    """

    def __init__(self, max_size: int | None) -> None:
        self._max_size = max_size
        self._folder = PrivateFolder()
        self._partial: dict[tuple[PageId, UploadId], UploadedFile] = {}
        self._whole: dict[tuple[PageId, UploadId], UploadedFile] = {}

    def receive(self, page: PageId, message: Upload) -> UploadedFile | None:
        """Take one piece. Returns the file when it is whole.

        Raises:
            ValueError: too large, out of order, or no piece of a file at all.
        """
        key = (page, message.upload)
        chunk = message.chunk
        if not isinstance(chunk, Binary) or len(chunk.data) > MAX_CHUNK:
            raise ValueError(f"An upload's chunk must be a buffer of at most {MAX_CHUNK:,} bytes.")
        if self._max_size is not None and message.size > self._max_size:
            raise ValueError(
                f"{message.name!r} has {message.size:,} bytes; "
                f"at most {self._max_size:,} are allowed."
            )
        file = self._partial.get(key) or self._begin(key, message)
        have = file.path.stat().st_size
        if message.offset != have or have + len(chunk.data) > message.size:
            self._drop(key)
            raise ValueError(f"A piece of {message.name!r} came out of order; upload it again.")
        with file.path.open("ab") as out:
            out.write(chunk.data)
        if have + len(chunk.data) == message.size:
            self._whole[key] = self._partial.pop(key)
            return file
        return None

    def _begin(self, key: tuple[PageId, UploadId], message: Upload) -> UploadedFile:
        if message.offset != 0 or message.size < 0 or key in self._whole:
            raise ValueError(f"A piece of {message.name!r} came out of order; upload it again.")
        if len(self._partial) >= MAX_OPEN:
            raise ValueError(f"More than {MAX_OPEN} uploads at once.")
        name = safe_name(message.name)
        # A folder of its own keeps the name readable and lets two files have the same one.
        folder = Path(tempfile.mkdtemp(dir=self._folder.path()))
        file = UploadedFile(folder / name, name, message.mime_type, message.size)
        file.path.touch()
        self._partial[key] = file
        return file

    def _drop(self, key: tuple[PageId, UploadId]) -> None:
        file = self._partial.pop(key, None)
        if file is not None:
            shutil.rmtree(file.path.parent, ignore_errors=True)

    def get(self, page: PageId, upload: UploadId) -> UploadedFile:
        """A whole file.

        Raises:
            ValueError: there is none with that number.
        """
        file = self._whole.get((page, upload))
        if file is None:
            raise ValueError(f"Upload {upload} is not complete or not known.")
        return file

    def remove(self, page: PageId, upload: UploadId) -> None:
        """Delete a whole file."""
        file = self._whole.pop((page, upload), None)
        if file is not None:
            shutil.rmtree(file.path.parent, ignore_errors=True)

    def remove_older(self, seconds: float) -> None:
        """Delete whole files that were last written more than ``seconds`` ago."""
        limit = time.time() - seconds
        for key, file in list(self._whole.items()):
            if file.path.exists() and os.path.getmtime(file.path) < limit:
                del self._whole[key]
                shutil.rmtree(file.path.parent, ignore_errors=True)

    def close(self) -> None:
        """Delete everything."""
        self._partial.clear()
        self._whole.clear()
        self._folder.close()


class Sweeper:
    """Deletes old uploads of all sessions of an app, again and again. Loop thread only.

    Args:
        uploads: those of the open sessions.
        frequency: seconds between two rounds.
        age: seconds after which a file is old.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        uploads: Callable[[], Iterable[Uploads]],
        frequency: float,
        age: float,
    ) -> None:
        self._loop = loop
        self._uploads = uploads
        self._frequency = frequency
        self._age = age
        self._handle: asyncio.TimerHandle | None = None
        self._stopped = False

    def start(self) -> None:
        """Begin; the first round is a while away."""
        if not self._stopped:
            self._handle = self._loop.call_later(self._frequency, self._sweep)

    def _sweep(self) -> None:
        for each in self._uploads():
            each.remove_older(self._age)
        self.start()

    def stop(self) -> None:
        """End, also when it has not begun."""
        self._stopped = True
        if self._handle is not None:
            self._handle.cancel()
