"""Bars of ``tqdm`` as progress of a run: ``Progress(track_tqdm=True)``.

The hooks are in ``tqdm`` only while such a function runs, and they look at whose run it is: bars
that are made anywhere else are drawn as ever.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import context
from ..progress import Reports, Unit


class _Nowhere:
    """Where a bar that is shown in the app writes itself."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        """There is nothing to write out."""


_lock = threading.Lock()
_users = 0
_originals: list[tuple[type, str, Any]] = []


def install() -> None:
    """Begin to track. Each call wants one :func:`uninstall`. Without ``tqdm`` it does nothing."""
    global _users  # noqa: PLW0603 - tqdm is one for the process
    with _lock:
        _users += 1
        if _users == 1:
            _hook()


def uninstall() -> None:
    """Undo one :func:`install`; with the last, ``tqdm`` is as it was."""
    global _users  # noqa: PLW0603
    with _lock:
        _users -= 1
        if _users == 0:
            for owner, name, original in reversed(_originals):
                if original is None:
                    delattr(owner, name)
                else:
                    setattr(owner, name, original)
            _originals.clear()


@contextmanager
def tracking(wanted: bool) -> Iterator[None]:
    """Track inside, if that is wanted."""
    if wanted:
        install()
    try:
        yield
    finally:
        if wanted:
            uninstall()


def _hook() -> None:
    try:
        from tqdm.std import tqdm
    except ImportError:
        return
    _replace(tqdm, "__init__", _init)
    _replace(tqdm, "__iter__", _iter)
    _replace(tqdm, "update", _update)
    _replace(tqdm, "close", _close)
    notebook = sys.modules.get("tqdm.notebook")
    if notebook is not None:
        _replace(notebook.tqdm_notebook, "__init__", _notebook_init)


def _replace(owner: type, name: str, hook: Any) -> None:
    original = getattr(owner, name)
    # As the class has it: it may be a descriptor, or inherited.
    _originals.append((owner, name, vars(owner).get(name)))
    setattr(owner, name, lambda self, *args, **kwargs: hook(original, self, *args, **kwargs))


def _reports() -> Reports | None:
    run = context.current_run()
    return run.reports if run is not None and run.tracks_tqdm else None


def _init(original: Any, bar: Any, *args: Any, **kwargs: Any) -> None:
    reports = _reports()
    if reports is not None:
        kwargs["file"] = _Nowhere()
    original(bar, *args, **kwargs)
    if reports is not None and not bar.disable:
        name = "steps" if bar.unit in (None, "it") else bar.unit
        unit = Unit(bar.n, bar.total, name, None, (bar.desc or "").rstrip(": ") or None)
        bar._ipyblocks = (reports, unit)
        reports.stack.append(unit)
        reports.fake = reports.figure = None
        reports.ask()


def _notebook_init(original: Any, bar: Any, *args: Any, **kwargs: Any) -> None:
    if _reports() is not None:
        kwargs["display"] = False
    original(bar, *args, **kwargs)


def _iter(original: Any, bar: Any) -> Iterator[Any]:
    tracked = getattr(bar, "_ipyblocks", None)
    if tracked is None:
        yield from original(bar)
        return
    reports, unit = tracked
    done = unit.index or 0
    for item in original(bar):
        yield item
        done += 1
        unit.index = done
        if not reports.waiting:
            reports.ask()


def _update(original: Any, bar: Any, n: float | None = 1) -> Any:
    result = original(bar, n)
    tracked = getattr(bar, "_ipyblocks", None)
    if tracked is not None:
        reports, unit = tracked
        unit.index, unit.length = bar.n, bar.total
        if not reports.waiting:
            reports.ask()
    return result


def _close(original: Any, bar: Any) -> None:
    tracked = getattr(bar, "_ipyblocks", None)
    if tracked is not None:
        reports, unit = tracked
        with contextlib.suppress(ValueError):  # another one has closed it
            reports.stack.remove(unit)
        bar._ipyblocks = None
    original(bar)
