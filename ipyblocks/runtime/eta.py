"""How long until a result: from the durations of earlier runs and what stands before in the
queue.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

KEPT = 1000
"""Functions whose durations are known. Parts that are rendered anew make new ones every time."""


class Durations:
    """Mean duration, in seconds, of the successful runs of each function, whatever triggers it."""

    def __init__(self) -> None:
        self._sums: dict[Hashable, tuple[float, int]] = {}

    def record(self, fn: Hashable, seconds: float) -> None:
        """One more successful run."""
        total, count = self._sums.pop(fn, (0.0, 0))
        self._sums[fn] = (total + seconds, count + 1)
        if len(self._sums) > KEPT:
            del self._sums[next(iter(self._sums))]

    def mean(self, fn: Hashable) -> float | None:
        """None before the first successful run."""
        if fn not in self._sums:
            return None
        total, count = self._sums[fn]
        return total / count


def estimates(
    waiting: Sequence[float | None],
    running: Sequence[tuple[float, float | None]],
    limit: int | None,
    now: float,
) -> list[float | None]:
    """Seconds to the result of each waiting task, in order; None where it cannot be known.

    Gradio's rule: the time until a worker is free, plus a share of the duration of each task
    before, plus its own duration.

    Args:
        waiting: mean duration of each waiting task's function.
        running: start and mean duration of each running task.
        limit: how many run at a time; None: any number.
        now: clock reading, in seconds, as the starts.
    """
    ahead = _until_free(running, limit, now)
    result: list[float | None] = []
    for mean in waiting:
        result.append(None if ahead is None or mean is None else ahead + mean)
        if ahead is not None:
            ahead = None if mean is None else ahead + (mean / limit if limit else 0.0)
    return result


def _until_free(
    running: Sequence[tuple[float, float | None]], limit: int | None, now: float
) -> float | None:
    if limit is None or len(running) < limit:
        return 0.0
    ends = []
    for start, mean in running:
        if mean is None:
            return None
        ends.append(start + mean)
    return max(0.0, min(ends) - now)
