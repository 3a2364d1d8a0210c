"""What a worker has imported, and what functions of cells find in ``__main__``."""

from __future__ import annotations

import functools
import inspect
import os
import site
import sys
import sysconfig
import time
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_OWN = __name__.partition(".")[0]


class Imported:
    """Modules of the user's own files, which may be edited while the worker lives."""

    def __init__(self) -> None:
        self._known = set(sys.modules)
        self._count = len(self._known)
        self._seen: dict[str, tuple[int, int] | None] = {}

    def note(self, since: float) -> None:
        """Something may have been imported.

        Args:
            since: when that began, in seconds of the clock of files.
        """
        if len(sys.modules) == self._count:
            return
        self._count = len(sys.modules)
        new = sys.modules.keys() - self._known
        self._known |= new
        for name in new:
            path = _source(name)
            if path is not None:
                seen = _stamp(path)
                edited = seen is not None and since <= seen[0] / 1e9 <= time.time()
                self._seen[path] = None if edited else seen  # before or after it was imported?

    @property
    def is_outdated(self) -> bool:
        """Whether one of them is not what it would be if it were imported now."""
        return any(seen is None or _stamp(path) != seen for path, seen in self._seen.items())


def _source(name: str) -> str | None:
    """File of a module that is neither installed nor part of Python."""
    module = sys.modules.get(name)
    path = getattr(module, "__file__", None)
    if not isinstance(path, str) or not path.endswith(".py") or name.partition(".")[0] == _OWN:
        return None
    return None if os.path.abspath(path).startswith(_installed()) else path


@functools.cache
def _installed() -> tuple[str, ...]:
    schemes = [sysconfig.get_path(each) for each in ("stdlib", "platstdlib", "purelib", "platlib")]
    found = [*schemes, *site.getsitepackages(), site.getusersitepackages()]
    return tuple(os.path.join(os.path.abspath(each), "") for each in found if each)


def _stamp(path: str) -> tuple[int, int] | None:
    """Time and size of a file; of one that has gone, none."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


@contextmanager
def in_main(fn: Callable[..., Any], args: Sequence[Any]) -> Iterator[None]:
    """Inside, what a function of a cell refers to is in ``__main__``, as it is in the notebook:
    ``pickle``, and ``multiprocessing`` with it, finds functions and classes there by name.
    """
    main = vars(sys.modules["__main__"])
    names = _names(fn)
    for each in args:
        cls = each if isinstance(each, type) else type(each)
        if cls.__module__ == "__main__":
            names.setdefault(cls.__name__, cls)
    former = {name: main[name] for name in names if name in main}
    main.update(names)
    try:
        yield
    finally:
        for name in names:
            main.pop(name, None)
        main.update(former)


def _names(fn: Callable[..., Any]) -> dict[str, Any]:
    """Names of a cell that a function refers to."""
    inner: Any = inspect.unwrap(fn)
    while isinstance(inner, functools.partial):
        inner = inspect.unwrap(inner.func)
    if not isinstance(inner, (types.FunctionType, types.MethodType)):
        inner = getattr(type(inner), "__call__", None)  # noqa: B004 - the method itself is wanted
    found = getattr(inner, "__globals__", {})
    if found.get("__name__") != "__main__":
        return {}
    return {name: value for name, value in found.items() if not name.startswith("__")}
