"""Stores: where a variable's value is kept when the kernel is gone.

``Variable("light", store=BrowserStore("theme"))``
"""

from __future__ import annotations

import asyncio
import logging
import threading
import weakref
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol, overload

from .. import codec
from . import reading
from .backends import (
    FileBackend,
    InMemoryBackend,
    PersistenceBackend,
    check_json,
    checked_path,
    put_aside,
    read_json,
    write_json,
)
from .variable import Variable

__all__ = ["BackendStore", "BrowserStore", "FileBackend", "FileStore", "InMemoryBackend"]

log = logging.getLogger("ipyblocks")

MOST_IN_BROWSER = 100_000
"""Characters of a value, as JSON, that a browser is asked to keep. It has 5 MB for everything of
the server.
"""


class Store(Protocol):
    """Where a variable's value is kept beyond the kernel."""

    def attach(self, variable: Variable) -> None:
        """The variable has just been made: give it what is kept."""

    def check(self, variable: Variable, value: Any) -> None:
        """Refuse a value before the variable has it.

        Raises:
            TypeError: the store cannot hold it.
        """

    def write(self, variable: Variable, value: Any) -> None:
        """Its value has become another one."""


def _name_of(variable: Variable, key: str | None, where: str) -> str:
    """Under which name a value is kept.

    Raises:
        ValueError: there is none that would be the same after a restart.
    """
    if key is not None:
        return key
    # The names that variables get by themselves are numbered as they are made.
    if not variable.is_named:
        raise ValueError(
            f"{where} needs a name to keep the value under, which is the same after a restart: "
            f'{where.partition("(")[0]}("theme"), or Variable(…, uid="theme").'
        )
    return variable.uid


def _checked_name(key: str | None, where: str) -> str | None:
    if key is not None and (not isinstance(key, str) or not key):
        raise TypeError(f"{where} takes a name, which is a text, not {key!r:.60}.")
    return key


class BrowserStore:
    """Keeps a value in the browser of the person at the page (its ``localStorage``).

    A page that shows the variable gives what its browser keeps, unless the variable has been set
    in this kernel; whatever the variable is set to goes to the browsers of all pages that show it.
    All notebooks of a server share the names.

    Args:
        key: the name; by default the ``uid`` of the variable.

    Raises:
        TypeError: the name is no text.
    """

    def __init__(self, key: str | None = None) -> None:
        self.key = _checked_name(key, "BrowserStore(key)")
        self._followers: list[Callable[[Variable], None]] = []
        self._warned = False

    def key_of(self, variable: Variable) -> str:
        """The name for a variable."""
        return _name_of(variable, self.key, "BrowserStore()")

    def attach(self, variable: Variable) -> None:
        """See :class:`~.variable.Store`.

        Raises:
            ValueError: there is no name.
        """
        self.key_of(variable)

    def check(self, variable: Variable, value: Any) -> None:
        """See :class:`~.variable.Store`. A browser keeps what it can, and the rest stays here."""

    def write(self, variable: Variable, value: Any) -> None:
        """See :class:`~.variable.Store`."""
        for told in list(self._followers):
            told(variable)

    def follow(self, told: Callable[[Variable], None]) -> Callable[[], None]:
        """Be told, in any thread, when a variable has another value. Returns how to stop."""
        self._followers.append(told)
        return lambda: self._followers.remove(told)

    def can_keep(self, variable: Variable) -> bool:
        """Whether a browser can keep the value as it is now. If not, the first time says why."""
        why = _unfit(variable)
        if why is not None and not self._warned:
            self._warned = True
            log.warning("%s The browser goes on with the last one that it could keep.", why)
        return why is None


def _unfit(variable: Variable) -> str | None:
    what = f"{variable.describe()} cannot be kept in the browser"
    try:
        check_json(variable.now(), what)
    except TypeError as error:
        return str(error)
    size = codec.measure(variable.now())
    if size <= MOST_IN_BROWSER:
        return None
    return f"{what}: its value has {size} characters as JSON; at most {MOST_IN_BROWSER} are kept."


class FileStore:
    """Keeps a value in a JSON file of its own.

    The file is read when the variable is made, and written whenever it is set, in one step. What
    JSON cannot hold is refused at the setting.

    Args:
        path: of the file; made with the first value. Its folder must be there.

    Raises:
        FileNotFoundError: there is no such folder.
        TypeError: no path.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = checked_path(path, "FileStore")
        self._lock = threading.Lock()
        self._failing = False
        self._since = 0
        self._shared = False

    def attach(self, variable: Variable) -> None:
        """See :class:`~.variable.Store`. A file that is broken is put aside, and said."""
        self._since = _writes.get(self.path, _NONE).number
        why = f"there is no {self.path} yet"
        try:
            try:
                found = read_json(self.path)
            except (ValueError, RecursionError) as error:
                aside = put_aside(self.path)
                found, why = None, f"{self.path} is no JSON ({error}); it is {aside.name} now"
        except OSError as error:
            found, why = None, str(error)
        if found is None:
            log.warning("%s begins with its default: %s.", variable.describe(), why)
        else:
            variable.put(found[0])

    def check(self, variable: Variable, value: Any) -> None:
        """See :class:`~.variable.Store`."""
        check_json(value, f"{variable.describe()} cannot be kept in {self.path}")

    def write(self, variable: Variable, value: Any) -> None:
        """See :class:`~.variable.Store`. A disk that does not take it is said once, and so is
        another variable that is kept in this file, too.
        """
        with self._lock:
            self._note(variable)
            try:
                # As it is now: of two threads that set it, the slower must not have the last word.
                write_json(self.path, variable.now())
            except (OSError, TypeError, ValueError) as error:
                if not self._failing:
                    log.warning("%s is not kept: %s", variable.describe(), error)
                self._failing = True
            else:
                self._failing = False

    def _note(self, variable: Variable) -> None:
        last = _writes.get(self.path, _NONE)
        other = last.by()
        _writes[self.path] = _Write(weakref.ref(variable), last.number + 1)
        # What had been written before this one read the file is no loss: a cell was run again.
        if other is None or other is variable or last.number <= self._since or self._shared:
            return
        self._shared = True
        log.warning(
            "%s and %s are both kept in %s, which holds one value, so each overwrites that of the "
            "other. Give each a file of its own, or both BackendStore(name, FileBackend(path)).",
            variable.describe(),
            other.describe(),
            self.path,
        )


class _Write(NamedTuple):
    """Which variable has written a file last, and how often it has been written."""

    by: Callable[[], Any]
    number: int


_NONE = _Write(lambda: None, 0)
_writes: dict[Path, _Write] = {}
"""The last time that this kernel has written each file."""


class BackendStore:
    """Keeps a value in a backend, which several variables may share.

    Args:
        uid: the name in the backend; by default the ``uid`` of the variable.
        backend: ``FileBackend(path)``, or ``InMemoryBackend()``; by default one of the latter for
            this store alone.

    Raises:
        TypeError: the name is no text, or ``backend`` is none.
    """

    def __init__(self, uid: str | None = None, backend: PersistenceBackend | None = None) -> None:
        if backend is not None and not isinstance(backend, PersistenceBackend):
            raise TypeError(
                f"backend is {backend!r:.60}; give FileBackend(path) or InMemoryBackend()."
            )
        self.uid = _checked_name(uid, "BackendStore(uid)")
        self.backend = InMemoryBackend() if backend is None else backend
        self._variable: Variable | None = None
        self._lock = threading.Lock()
        self._failing = False

    def attach(self, variable: Variable) -> None:
        """See :class:`~.variable.Store`.

        Raises:
            ValueError: there is no name.
        """
        self._variable = variable
        key = self._key(variable)
        try:
            kept = self.backend.all()
        except (OSError, ValueError) as error:
            log.warning("%s begins with its default: %s", variable.describe(), error)
            return
        if key in kept:
            variable.put(kept[key])

    def _key(self, variable: Variable) -> str:
        if self.uid is None and not self.backend.outlives_kernel:
            return variable.uid
        return _name_of(variable, self.uid, "BackendStore()")

    def check(self, variable: Variable, value: Any) -> None:
        """See :class:`~.variable.Store`."""
        self.backend.check(value, f"{variable.describe()} cannot be kept")

    @overload
    def write(self, variable: Variable, value: Any, /) -> None: ...

    @overload
    def write(self, value: Any, /) -> Awaitable[None]: ...

    def write(self, *given: Any) -> Any:
        """With a variable and its value: see :class:`~.variable.Store`. With a value alone, to be
        awaited: set the variable.
        """
        if len(given) == 1:
            return self._set(given[0])
        variable, _ = given
        what = f"{variable.describe()} cannot be kept"
        with self._lock:
            try:
                # As it is now: of two threads that set it, the slower must not have the last word.
                self.backend.put(self._key(variable), variable.now())
            except (OSError, TypeError, ValueError) as error:
                if not self._failing:
                    log.warning("%s: %s", what, error)
                self._failing = True
            else:
                self._failing = False
        return None

    async def _set(self, value: Any) -> None:
        self._attached().assign(value)

    async def read(self) -> Any:
        """What the backend keeps; None when there is nothing."""
        await _written()
        return await self.backend.read(self._key(self._attached()))

    async def delete(self) -> None:
        """Forget the value; the variable goes back to its default."""
        variable = self._attached()
        variable.to_default()
        await _written()
        await self.backend.delete(self._key(variable))

    async def get_all(self) -> dict[str, Any]:
        """The value by its scope, of which a kernel has one: ``{"global": value}``; empty when
        nothing is kept.
        """
        await _written()
        kept = await self.backend.get_all()
        key = self._key(self._attached())
        return {"global": kept[key]} if key in kept else {}

    def _attached(self) -> Variable:
        if self._variable is None:
            raise RuntimeError("No variable has this store: Variable(…, store=store) gives it one.")
        return self._variable


async def _written() -> None:
    """Wait until what was set on this loop has been written."""
    done: Future[None] = Future()
    if reading.reader is not None and reading.reader.tell(partial(done.set_result, None)):
        await asyncio.wrap_future(done)
