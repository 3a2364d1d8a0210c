"""Messages between the kernel and a worker: frames on a pair of pipes.

A frame is a small envelope and, for some, an *object* of the user's. Large parts of an object
(arrays, long bytes) go from where they are into the pipe and from the pipe to where they will be:
pickle's protocol 5 keeps buffers apart, and its streams write and read long bytes in place.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import struct
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

_HEAD = struct.Struct("<IIQ")
"""Bytes of the envelope, number of buffers, bytes of the pickled object."""

_TOGETHER = 1 << 16
"""Bytes up to which pieces are joined, so that a small frame is one write."""

_PIPE = 1 << 20
"""Bytes that a pipe should hold: fewer turns for something large."""


class Pickled(NamedTuple):
    """An object on its way.

    Attributes:
        pieces: the pickle stream.
        buffers: what the stream refers to.
    """

    pieces: list[Any]
    buffers: list[memoryview]


class _Pieces:
    """A file for a pickler that keeps what it is given, without joining it."""

    def __init__(self) -> None:
        self.pieces: list[Any] = []

    def write(self, piece: Any) -> int:
        # Views are of memory that the pickler uses again; bytes are the user's own, or final.
        self.pieces.append(piece if isinstance(piece, bytes) else bytes(piece))
        return len(piece)


Make = Callable[[Any, Callable[[pickle.PickleBuffer], Any]], Any]


def pickled(make: Make, value: Any) -> Pickled:
    """Pickle without copying what is large.

    Args:
        make: ``make(file, buffer_callback)`` gives a pickler.

    Raises:
        Exception: what the pickler, or a ``__reduce__`` of the user's, raises.
    """
    buffers: list[memoryview] = []

    def keep(buffer: pickle.PickleBuffer) -> bool:
        try:
            buffers.append(buffer.raw())
        except BufferError:  # not contiguous
            return True
        return False

    file = _Pieces()
    make(file, keep).dump(value)
    return Pickled(file.pieces, buffers)


class _Rest(io.RawIOBase):
    """The next so many bytes of a pipe, as a file for an unpickler."""

    def __init__(self, fill: Callable[[memoryview], None], size: int) -> None:
        self._fill = fill
        self._ahead = b""
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        view = memoryview(into).cast("B")
        view = view[: len(self._ahead) + self._left]
        size = len(view)
        start = min(size, len(self._ahead))
        view[:start], self._ahead = self._ahead[:start], self._ahead[start:]
        if start < size:
            self._left -= size - start
            self._fill(view[start:])
        return size

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            size = len(self._ahead) + self._left
        if size > len(self._ahead):
            # Small reads follow each other; each is no call of the system.
            more = min(self._left, max(size - len(self._ahead), _TOGETHER))
            fresh = bytearray(more)
            self._left -= more
            self._fill(memoryview(fresh))
            self._ahead = self._ahead + bytes(fresh)
        taken, self._ahead = self._ahead[:size], self._ahead[size:]
        return taken

    def readline(self, size: int | None = -1) -> bytes:  # old protocols; ours never asks
        line = bytearray()
        while not line.endswith(b"\n"):
            byte = self.read(1)
            if not byte:
                break
            line += byte
        return bytes(line)

    def drain(self) -> None:
        while self._left:
            self._ahead = b""
            self.read(min(self._left, _PIPE))
        self._ahead = b""


class Frame:
    """A frame that has come.

    Attributes:
        envelope: what it says. An object may follow, which must be taken, or dropped, before the
            next frame is read.
    """

    def __init__(self, envelope: tuple[Any, ...], rest: _Rest | None, buffers: list[Any]) -> None:
        self.envelope = envelope
        self._rest = rest
        self._buffers = buffers

    def take(self) -> Any:
        """The object. Called once; whatever it raises, the next frame can be read.

        Raises:
            Exception: it cannot be made here.
        """
        rest, self._rest = self._rest, None
        assert rest is not None
        try:
            return pickle.Unpickler(rest, buffers=self._buffers).load()
        finally:
            rest.drain()

    def drop(self) -> None:
        """Leave the object, if there is one."""
        if self._rest is not None:
            self._rest.drain()
            self._rest = None


class Pipes:
    """One end of a pair of pipes. One thread may read and another write.

    Args:
        reading, writing: file descriptors; they are this object's from now on.
    """

    def __init__(self, reading: int, writing: int) -> None:
        self._in = io.FileIO(reading, "r")
        self._out = io.FileIO(writing, "w")
        with contextlib.suppress(ImportError, AttributeError, OSError):  # Linux alone
            import fcntl

            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE)

    def send(self, envelope: tuple[Any, ...], value: Pickled | None = None) -> None:
        """Send a frame.

        Raises:
            OSError: the other end has gone.
        """
        head = pickle.dumps(envelope, 5)
        pieces, buffers = value or ((), ())
        size = sum(len(piece) for piece in pieces)
        sizes = struct.pack(f"<{len(buffers)}Q", *(b.nbytes for b in buffers))
        start = _HEAD.pack(len(head), len(buffers), size) + sizes + head
        together = bytearray(start)
        for piece in (*buffers, *pieces):
            if len(piece) < _TOGETHER:
                together += piece
                continue
            self._write(together)
            together = bytearray()
            self._write(piece)
        self._write(together)

    def _write(self, piece: Any) -> None:
        view = memoryview(piece)
        while view:
            view = view[self._out.write(view) :]

    def receive(self) -> Frame:
        """The next frame, when it comes.

        Raises:
            EOFError: the other end has gone.
        """
        head = bytearray(_HEAD.size)
        self._fill(memoryview(head))
        envelope_size, count, size = _HEAD.unpack(head)
        start = bytearray(count * 8 + envelope_size)
        self._fill(memoryview(start))
        buffers = []
        for length in struct.unpack_from(f"<{count}Q", start):
            buffer = _room(length)
            self._fill(buffer)
            buffers.append(buffer)
        envelope = pickle.loads(memoryview(start)[count * 8 :])
        return Frame(envelope, _Rest(self._fill, size) if size else None, buffers)

    def _fill(self, view: memoryview) -> None:
        while view:
            got = self._in.readinto(view)
            if not got:
                raise EOFError("The other end has closed the pipe.")
            view = view[got:]

    def close_writing(self) -> None:
        """Say nothing more; the other end notices."""
        with contextlib.suppress(OSError):
            self._out.close()

    def close(self) -> None:
        """Close both pipes; the other end notices."""
        for end in (self._in, self._out):
            with contextlib.suppress(OSError):
                end.close()


def _room(size: int) -> memoryview:
    """Bytes to be filled. Zeroing a large ``bytearray`` takes a third of the time that reading
    into it does; numpy's memory is not zeroed, and what is large is mostly numpy's.
    """
    empty = getattr(sys.modules.get("numpy"), "empty", None)
    if size < _TOGETHER or empty is None:
        return memoryview(bytearray(size))
    room: memoryview = empty(size, "u1").data
    return room


def pipe_pair() -> tuple[Pipes, tuple[int, int]]:
    """An end for this process, and the file descriptors ``(reading, writing)`` of the other."""
    down, up = os.pipe(), os.pipe()
    return Pipes(up[0], down[1]), (down[0], up[1])
