"""Files that pages send: in pieces, into a private folder, removed with the session."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
import weakref
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from ..files import LARGE, PrivateFolder, safe_name
from ..protocol import (
    CHUNK,
    Binary,
    NodeId,
    PageId,
    Piece,
    StoredBytes,
    Upload,
    UploadId,
    UploadState,
)

MAX_OPEN = 100
"""Most files that one session may have on their way at once."""

MOST_DAMAGED = 3
"""Times that one piece may come damaged in a row."""

IDLE_LIMIT = 600.0
"""Seconds without a piece after which a file is given up: its page is gone."""

AWAY_LIMIT = 60.0
"""The same, for files of other pages, once a new page has come: it may be the same window, loaded
anew.
"""

MOST_REMEMBERED = 100
"""Refused files whose reason is kept, for pages that have not heard it."""

_UNKNOWN = "This file was given up: its page had been away for too long. Choose it again."

Key = tuple[PageId, UploadId]
Answer = tuple[UploadState, int, str | None]
"""``state``, ``received`` and ``message`` of a :class:`~ipyblocks.protocol.Received`."""


@dataclass
class UploadedFile:
    """A file that a page sends, or has sent.

    Attributes:
        path: where it is, in the session's private folder.
        name: as the person's computer called it, without folders.
        have: bytes that have come, from the start without a gap.
        state: ``going`` until all have, ``checking`` until it is taken, ``whole``, and ``used``
            once it was part of a value.
        asked: the page has been told that pieces are missing.
        damaged: how often in a row the next piece came damaged.
        touched: when the page was last heard, by the loop's clock.
    """

    path: Path
    name: str
    mime_type: str
    size: int
    node: NodeId
    touched: float
    have: int = 0
    state: str = "going"
    asked: bool = False
    damaged: int = 0
    value: weakref.ref[Binary] | None = None

    def binary(self) -> Binary:
        """It as a wire value, the same each time; a large one stays on disk."""
        known = None if self.value is None else self.value()
        if known is None:
            if self.size > LARGE:
                stored = StoredBytes(self.path, self.size)
                known = Binary.of_file(stored, self.mime_type, self.name)
            else:
                data = self.path.read_bytes()
                known = Binary(data=data, mime_type=self.mime_type, name=self.name)
            self.value = weakref.ref(known)
        return known

    def is_in_use(self) -> bool:
        """Whether a value lies in this very file."""
        known = None if self.value is None else self.value()
        return known is not None and known.stored is not None


class Uploads:
    """The files of one session. Loop thread only.

    Args:
        max_size: largest file in bytes; None: any.
        now: the loop's clock.
        ended: called with a component and a reason when a file on its way to it has ended without
            being part of a value; the reason is None when the person has taken it back.
    """

    def __init__(
        self,
        max_size: int | None,
        now: Callable[[], float] = time.monotonic,
        ended: Callable[[NodeId, str | None], None] = lambda _node, _why: None,
    ) -> None:
        self._max_size = max_size
        self._now = now
        self._ended = ended
        self._folder = PrivateFolder()
        self._files: dict[Key, UploadedFile] = {}
        self._refused: dict[Key, str] = {}
        self._begun: dict[PageId, int] = {}

    # --- one file --------------------------------------------------------------------------------

    def begin(self, page: PageId, message: Upload) -> None:
        """A page will send a file.

        Raises:
            ValueError: too large, one too many, or a number that was used before.
        """
        self._note(page, message.upload)
        if (page, message.upload) in self._files or message.size < 0:
            raise ValueError(f"{message.name!r} cannot be sent under a number that is in use.")
        self._check_size(message.name, message.size)
        if sum(file.state == "going" for file in self._files.values()) >= MAX_OPEN:
            raise ValueError(f"More than {MAX_OPEN} uploads at once.")
        name = safe_name(message.name)
        # A folder of its own keeps the name readable and lets two files have the same one.
        path = Path(tempfile.mkdtemp(dir=self._folder.path())) / name
        path.touch()
        self._files[page, message.upload] = UploadedFile(
            path, name, message.mime_type, message.size, message.node, self._now()
        )

    def _note(self, page: PageId, upload: UploadId) -> None:
        self._begun[page] = max(upload, self._begun.pop(page, 0))
        while len(self._begun) > MOST_REMEMBERED:
            del self._begun[next(iter(self._begun))]

    def receive(self, page: PageId, message: Piece) -> Answer | None:
        """Take one piece.

        Returns:
            What the page is told. None: nothing, because the file has not been announced; that is
            sent again, and so will the piece be.
        """
        key = (page, message.upload)
        file = self._files.get(key)
        if file is None and message.upload > self._begun.get(page, 0):
            return None
        if file is None:
            return "refused", 0, self._refused.get(key, _UNKNOWN)
        file.touched = self._now()
        try:
            again = self._take(file, message)
        except (ValueError, OSError) as error:
            why = str(error) if isinstance(error, ValueError) else _disk(file.name, error)
            self.refuse(key, why)
            return "refused", 0, why
        state: UploadState = "again" if again else "going"
        return "whole" if file.state in ("whole", "used") else state, file.have, None

    def _take(self, file: UploadedFile, message: Piece) -> bool:
        """Returns whether pieces are missing, and the page has not been told."""
        chunk = message.chunk
        if not isinstance(chunk, Binary) or chunk.size > CHUNK:
            raise ValueError(f"An upload's chunk must be a buffer of at most {CHUNK:,} bytes.")
        data, end = chunk.data, message.offset + chunk.size
        if file.state != "going" or (end <= file.have and file.size > 0):
            return False  # known, or only a question
        if message.offset != file.have:
            # An empty piece behind others is a question: what it does not find has been lost.
            return self._ask(file) or chunk.size == 0
        if zlib.crc32(data) != message.crc:
            file.damaged += 1
            if file.damaged > MOST_DAMAGED:
                raise ValueError(f"{file.name!r} arrives damaged again and again; choose it again.")
            file.asked = False
            return self._ask(file)
        if end > file.size:
            raise ValueError(f"{file.name!r} is larger than its page said; choose it again.")
        with file.path.open("ab") as out:
            out.write(data)
        file.have, file.asked, file.damaged = end, False, 0
        if file.have == file.size:
            file.state = "checking"
        return False

    def _ask(self, file: UploadedFile) -> bool:
        # Once: the pieces behind the missing one are on their way, and tell nothing new.
        first, file.asked = not file.asked, True
        return first

    def _check_size(self, name: str, size: int) -> None:
        if self._max_size is not None and size > self._max_size:
            raise ValueError(
                f"{name!r} has {size:,} bytes; at most {self._max_size:,} are allowed."
            )

    def to_check(self, page: PageId, upload: UploadId) -> UploadedFile | None:
        """A file of which all bytes have come and that has not been looked at."""
        file = self._files.get((page, upload))
        return file if file is not None and file.state == "checking" else None

    def accept(self, key: Key) -> bool:
        """A file may be used. Returns whether it is still there."""
        file = self._files.get(key)
        if file is not None:
            file.state = "whole"
        return file is not None

    def refuse(self, key: Key, why: str) -> None:
        """A file is not taken."""
        self._refused[key] = why
        while len(self._refused) > MOST_REMEMBERED:
            del self._refused[next(iter(self._refused))]
        self._drop(key, why)

    def abandon(self, page: PageId, upload: UploadId) -> None:
        """The person has taken a file back. One that is part of a value, or not known, is left
        alone.
        """
        file = self._files.get((page, upload))
        if file is not None and file.state != "used":
            self._drop((page, upload), None)

    def drop_of(self, node: NodeId) -> None:
        """A component is gone, and takes no file any more."""
        for key, file in list(self._files.items()):
            if file.node == node and file.state != "used":
                self.refuse(key, f"{file.name!r} was not taken: its component is gone.")

    def use(self, page: PageId, upload: UploadId, node: NodeId) -> Binary:
        """A whole file, for a value of the component that it was sent for.

        Raises:
            ValueError: there is none with that number.
        """
        file = self._files.get((page, upload))
        if file is None or file.state not in ("whole", "used") or file.node != node:
            raise ValueError(f"Upload {upload} is not complete or not known.")
        file.state = "used"
        return file.binary()

    def is_open(self, node: NodeId) -> bool:
        """Whether a file is on its way to a component and not part of a value yet."""
        return any(f.node == node and f.state != "used" for f in self._files.values())

    def _drop(self, key: Key, why: str | None) -> None:
        file = self._files.pop(key, None)
        if file is not None:
            shutil.rmtree(file.path.parent, ignore_errors=True)
            if file.state != "used":
                self._ended(file.node, why)

    # --- all of them -----------------------------------------------------------------------------

    @property
    def open(self) -> int:
        """How many are on their way or not part of a value yet."""
        return sum(file.state != "used" for file in self._files.values())

    def drop_idle(self, seconds: float = IDLE_LIMIT) -> None:
        """Give up what nobody has sent a piece of, or asked for, in a long time."""
        limit = self._now() - seconds
        for key, file in list(self._files.items()):
            if file.state in ("going", "whole") and file.touched < limit:
                self.refuse(key, _UNKNOWN)

    def remove_older(self, seconds: float) -> None:
        """Delete whole files that were last written more than ``seconds`` ago and that no value
        lies in.
        """
        limit = time.time() - seconds
        for key, file in list(self._files.items()):
            whole = file.state in ("whole", "used") and not file.is_in_use()
            if whole and file.path.exists() and os.path.getmtime(file.path) < limit:
                self._drop(key, _UNKNOWN)

    def close(self) -> None:
        """Delete everything."""
        self._files.clear()
        self._refused.clear()
        self._begun.clear()
        self._folder.close()


def _disk(name: str, error: OSError) -> str:
    return f"{name!r} could not be stored: {error.strerror or error}."


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
