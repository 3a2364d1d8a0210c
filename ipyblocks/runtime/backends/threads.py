"""The threads of one app: where its functions run that are no tasks, and what is done before and
after those that are.
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor

from .inline import Inline, has_threads


def new_pool(max_threads: int) -> Executor:
    """A pool for handlers; where there are no threads, one that runs them at once."""
    if not has_threads():
        return Inline()
    return ThreadPoolExecutor(max_threads, thread_name_prefix="ipyblocks")
