"""What ``launch`` and ``queue`` settle for a whole app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..protocol import Stream


@dataclass(frozen=True)
class Options:
    """What ``launch`` and ``queue`` settle for the whole app.

    Attributes:
        version: of the package, told to pages.
        max_threads: most threads that run handlers.
        max_size: most tasks that may wait; None: any number.
        concurrency_limit: of functions that do not say; None: no limit.
        capacity: most sessions; the oldest is closed when there are more.
        max_file_size: largest upload in bytes; None: any.
        allowed_paths, blocked_paths: files and folders that handlers may or may not show.
        status_update_rate: seconds between two tellings of places in the queue; None: when they
            change.
        debug: errors of handlers are printed too, in the cell that showed the app.
        echo: also takes what handlers print; called on their threads.
    """

    version: str = "0"
    max_threads: int = 40
    max_size: int | None = None
    concurrency_limit: int | None = 1
    capacity: int = 10_000
    max_file_size: int | None = None
    allowed_paths: tuple[str, ...] = ()
    blocked_paths: tuple[str, ...] = ()
    debug: bool = False
    echo: Callable[[Stream, str], None] | None = None
    status_update_rate: float | None = None
