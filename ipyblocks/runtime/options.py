"""What ``launch`` and ``queue`` settle for a whole app."""

from __future__ import annotations

import os
import re
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


_UNITS = {"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40}


def bytes_of(size: str | int | None) -> int | None:
    """``"5mb"`` → 5242880; a number is bytes; None is no limit.

    Raises:
        ValueError: not of that form, or not positive.
    """
    if size is None:
        return None
    if isinstance(size, int) and size > 0:
        return size
    match = re.fullmatch(r"\s*(\d+)\s*([kmgt]?b)\s*", str(size).lower())
    if match is None or int(match[1]) == 0:
        raise ValueError(f'max_file_size is {size!r}; give bytes, or a size such as "5mb".')
    return int(match[1]) * _UNITS[match[2]]


def limit_from_environment() -> int | None:
    """``GRADIO_DEFAULT_CONCURRENCY_LIMIT``: a number, or "none" for no limit; 1 when it is not set.

    Raises:
        ValueError: something else.
    """
    given = os.environ.get("GRADIO_DEFAULT_CONCURRENCY_LIMIT", "1").strip().lower()
    if given == "none":
        return None
    if not given.isdigit() or int(given) < 1:
        raise ValueError(
            f'GRADIO_DEFAULT_CONCURRENCY_LIMIT is {given!r}; give 1 or more, or "none".'
        )
    return int(given)
