"""For kernels without threads (Pyodide): what a pool would run at some time is run at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import cache
from typing import Any


@cache
def has_threads() -> bool:
    """Whether this Python can start threads."""
    try:
        probe = threading.Thread(target=lambda: None, daemon=True)
        probe.start()
    except RuntimeError:
        return False
    probe.join()
    return True


class Inline(Executor):
    """An executor that runs everything where it is submitted, before ``submit`` returns."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it now."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - the caller gets it
            future.set_exception(error)
        return future
