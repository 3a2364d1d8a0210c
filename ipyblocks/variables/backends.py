"""Where values outlive the kernel: JSON files, and what ``BackendStore`` keeps its values in."""

from __future__ import annotations

import contextlib
import json
import math
import os
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MOST_LEVELS = 100
"""Levels of nesting that a kept value may have."""


def check_json(value: Any, what: str) -> None:
    """Look whether a value comes back from JSON as it is.

    Args:
        what: how the message begins, such as ``Variable 'x' cannot be kept in x.json``.

    Raises:
        TypeError: it does not; names the place.
    """
    _check(value, what, "value", 0)


def _check(value: Any, what: str, place: str, depth: int) -> None:
    if value is None or isinstance(value, (str, int)):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError(f"{what}: {place} is {value}, which JSON has no number for.")
    elif depth >= MOST_LEVELS:
        raise TypeError(f"{what}: it is nested more than {MOST_LEVELS} deep, or contains itself.")
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            _check(item, what, f"{place}[{i}]", depth + 1)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(
                    f"{what}: {place} has the key {key!r:.60}; keys in JSON are texts. "
                    f"Use {str(key)!r:.60}."
                )
            _check(item, what, f"{place}[{key!r}]", depth + 1)
    else:
        raise TypeError(
            f"{what}: {place} is of type {type(value).__name__}; JSON has texts, numbers, True, "
            "False, None, lists and dicts. Keep what it is made from."
        )


def read_json(path: Path) -> tuple[Any] | None:
    """What is in a file; None when there is none.

    Raises:
        ValueError: it is no JSON.
        OSError: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return (json.loads(text),)


def write_json(path: Path, value: Any) -> None:
    """Write a file in one step: who reads it sees the former value or this one, and no half.

    Raises:
        OSError: it cannot be written.
    """
    text = json.dumps(value, ensure_ascii=False, indent=1)
    # Of a link the file itself, so that the link stays one.
    real = Path(os.path.realpath(path))
    handle, unfinished = tempfile.mkstemp(dir=real.parent, prefix=f".{real.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(unfinished, real)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise


def put_aside(path: Path) -> Path:
    """Rename a file that cannot be read, so that the next value does not replace it. Returns its
    new name.
    """
    aside = path.with_name(f"{path.name}.broken")
    os.replace(path, aside)
    return aside


class PersistenceBackend:
    """Keeps values by key. Callable from any thread.

    The ``async`` methods have the names of Dara; the others are what a backend is made of.
    """

    outlives_kernel = False
    """Whether its values are there after a restart."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def check(self, value: Any, what: str) -> None:
        """Look whether it can keep a value.

        Args:
            what: how the message begins.

        Raises:
            TypeError: it cannot.
        """

    def load(self) -> dict[str, Any]:
        """All that it keeps; the lock is held."""
        raise NotImplementedError

    def save(self, values: dict[str, Any]) -> None:
        """Keep all this, and nothing else; the lock is held."""
        raise NotImplementedError

    def all(self) -> dict[str, Any]:
        """Every value by its key."""
        with self._lock:
            return dict(self.load())

    def put(self, key: str, value: Any) -> None:
        """Keep a value."""
        with self._lock:
            self.save({**self.load(), key: value})

    def drop(self, key: str) -> None:
        """Forget a value. One that is not there is left alone."""
        with self._lock:
            self.save({name: each for name, each in self.load().items() if name != key})

    async def has(self, key: str) -> bool:
        """Whether there is a value."""
        return key in self.all()

    async def read(self, key: str) -> Any:
        """A value; None when there is none."""
        return self.all().get(key)

    async def write(self, key: str, value: Any) -> None:
        """Keep a value. Variables that have it go on with theirs: set those."""
        self.check(value, f"{key!r} cannot be kept")
        self.put(key, value)

    async def delete(self, key: str) -> None:
        """Forget a value."""
        self.drop(key)

    async def get_all(self) -> dict[str, Any]:
        """Every value by its key."""
        return self.all()


class InMemoryBackend(PersistenceBackend):
    """Keeps values as long as the kernel runs; of any type."""

    def __init__(self) -> None:
        super().__init__()
        self._values: dict[str, Any] = {}

    def load(self) -> dict[str, Any]:
        return self._values

    def save(self, values: dict[str, Any]) -> None:
        self._values = values


class FileBackend(PersistenceBackend):
    """Keeps values in one JSON file, an object with a field for each key.

    Args:
        path: of the file; made with the first value. Its folder must be there.

    Raises:
        FileNotFoundError: there is no such folder.
    """

    outlives_kernel = True

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self.path = checked_path(path, "FileBackend")

    def check(self, value: Any, what: str) -> None:
        check_json(value, f"{what} in {self.path}")

    def load(self) -> dict[str, Any]:
        found = read_json(self.path)
        if found is None:
            return {}
        if not isinstance(found[0], dict):
            raise ValueError(f"{self.path} holds no JSON object, and so no values by key.")
        return found[0]

    def save(self, values: dict[str, Any]) -> None:
        write_json(self.path, values)


def checked_path(path: str | Path, where: str) -> Path:
    """An absolute path of a file in a folder that is there.

    Raises:
        FileNotFoundError: there is no such folder.
        TypeError: no path.
    """
    if not isinstance(path, (str, os.PathLike)) or not str(path):
        raise TypeError(f"{where} takes the path of a file, not {path!r:.60}.")
    # The working directory may be another when the value is set.
    absolute = Path(path).expanduser().absolute()
    if not absolute.parent.is_dir():
        raise FileNotFoundError(
            f"{where}: there is no folder {str(absolute.parent)!r}; make it first, for example "
            "with pathlib.Path(…).mkdir(parents=True)."
        )
    return absolute
