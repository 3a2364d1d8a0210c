"""What a worker takes over from the kernel before it runs a function."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

log = logging.getLogger("ipyblocks")

preloaded: Sequence[str] = ()
"""Modules that workers import before their first call; :func:`ipyblocks.configure_tasks`."""


_told: Mapping[str, str] | None = None
"""The kernel's environment as this process was last told; None: it has not been."""


def environment() -> dict[str, str]:
    """Environment variables for a worker."""
    env = dict(os.environ)
    # The notebook's own backends draw into cells, and a worker has none.
    if env.get("MPLBACKEND", "").startswith("module://"):
        env["MPLBACKEND"] = "Agg"
    return env


class TravellingFinder(Protocol):
    """Finds modules here, and where the functions of tasks run."""

    def install(self) -> None:
        """Find modules from now on."""

    def uninstall(self) -> None:
        """Find no more, and forget what was found."""


class Setting(NamedTuple):
    """What the kernel's process is like now, as far as functions feel it.

    Attributes:
        path: where modules are looked for.
        folder: the working directory; None: it has gone.
        levels: of loggers that have one of their own, by name; the root's is "".
        finders: of :mod:`ipyblocks.compat`, by which modules have other names.
        modules: to be imported before the first call.
        environment: its environment variables.
    """

    path: list[str]
    folder: str | None
    levels: Mapping[str, int]
    finders: Sequence[TravellingFinder] = ()
    modules: Sequence[str] = ()
    environment: Mapping[str, str] | None = None

    @classmethod
    def here(cls) -> Setting:
        """That of this process."""
        try:
            folder: str | None = os.getcwd()
        except OSError:
            folder = None
        known = dict(logging.root.manager.loggerDict)
        loggers = {n: each for n, each in known.items() if isinstance(each, logging.Logger)}
        levels = {name: each.level for name, each in loggers.items() if each.level}
        levels[""] = logging.root.level
        return cls(list(sys.path), folder, levels, _finders(), preloaded, environment())

    def apply(self) -> None:
        """Make this process like it."""
        sys.path[:] = self.path
        if self.folder is not None:
            with contextlib.suppress(OSError):
                os.chdir(self.folder)
        if self.environment is not None:
            _take_over(self.environment)
        for name, level in self.levels.items():
            logging.getLogger(name).setLevel(level)
        if _finders() != self.finders:
            for finder in _finders():
                finder.uninstall()
            for finder in self.finders:
                finder.install()
        for name in self.modules:
            try:
                importlib.import_module(name)
            except Exception:  # noqa: PERF203 - the function that needs it says so, too
                log.warning("The task module %r cannot be imported.", name, exc_info=True)


def _take_over(given: Mapping[str, str]) -> None:
    """Set and remove variables as the kernel has since the last time. What functions and libraries
    have set here themselves stays.
    """
    global _told  # noqa: PLW0603 - one process, one environment
    if given == _told:
        return
    former = dict(os.environ) if _told is None else _told
    for name in former.keys() - given.keys():
        os.environ.pop(name, None)
    os.environ.update({n: value for n, value in given.items() if former.get(n) != value})
    _told = given


def _finders() -> Sequence[TravellingFinder]:
    found: list[Any] = [each for each in sys.meta_path if getattr(each, "goes_to_workers", False)]
    return found
