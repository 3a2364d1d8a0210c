"""Where code runs: which layout is being built, and which handler is being run.

Context variables, so that two cells, two threads or two handlers never see each other's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .blockcontext import BlockContext
    from .blocks import Tree
    from .files import Files
    from .progress import Reports
    from .protocol import Stream, ToastLevel


class Run(Protocol):
    """What a handler's own code may reach of the run it is part of."""

    @property
    def reports(self) -> Reports:
        """Takes what it says about its progress."""

    @property
    def tracks_tqdm(self) -> bool:
        """Whether bars of ``tqdm`` are its progress."""

    def toast(self, level: ToastLevel, message: str, title: str, duration: float | None) -> None:
        """Show a short message at the page of this run."""

    def write(self, stream: Stream, text: str) -> None:
        """Text that the run's function printed or logged."""

    def check_cancelled(self) -> None:
        """Raise CancelledError when the run has been cancelled."""

    @property
    def files(self) -> Files:
        """Which files it may show, and where it keeps those it is given."""


_parent: ContextVar[BlockContext | None] = ContextVar("ipyblocks_parent", default=None)
_run: ContextVar[Run | None] = ContextVar("ipyblocks_run", default=None)


def parent() -> BlockContext | None:
    """The innermost open ``with`` of a layout, or None."""
    return _parent.get()


def root() -> Tree | None:
    """The app being built, or None outside ``with gr.Blocks()``."""
    here = _parent.get()
    return None if here is None else here.root


def current_run() -> Run | None:
    """The run of a handler that this code is part of, or None."""
    return _run.get()


@contextmanager
def building(block: BlockContext | None) -> Iterator[None]:
    """Blocks constructed inside become children of ``block``."""
    token = _parent.set(block)
    try:
        yield
    finally:
        _parent.reset(token)


@contextmanager
def running(run: Run | None) -> Iterator[None]:
    """Code inside belongs to ``run``; constructing a component there makes an update, not a
    component.
    """
    token = enter(run)
    try:
        yield
    finally:
        leave(token)


def enter(run: Run | None) -> Token[Run | None]:
    """The first half of :func:`running`, for what is called very often. Wants :func:`leave`."""
    return _run.set(run)


def leave(token: Token[Run | None]) -> None:
    """The second half of :func:`running`."""
    _run.reset(token)
