"""``gr.Progress``: what a handler says about how far it is, cheap enough for the innermost loop.

A report only stores the latest values and, at most once per flush, asks the loop to fetch them;
how often anything is sent does not depend on how often the handler reports.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from . import context

if TYPE_CHECKING:
    from .protocol import Fake as WireFake
    from .protocol import ProgressUnit

T = TypeVar("T")

LINEAR_SHARE = 0.6
"""Share of an estimated time during which faked progress is linear; then it slows down (Dara's
page).
"""

DEFAULT_TAU = 10.0
"""Seconds after which faked progress without an estimate has come 63 % of its way."""


@dataclass(eq=False)  # by identity: two loops may look the same
class Unit:
    """One level of progress: a loop, or a single figure.

    Attributes:
        index: how many steps are done; None when only ``progress`` is known.
        length: how many there are; None when nobody knows.
        unit: what a step is called.
        progress: share done, 0 to 1; None when it follows from index and length, or is not known.
        desc: what is being done.
    """

    index: float | None = None
    length: float | None = None
    unit: str = "steps"
    progress: float | None = None
    desc: str | None = None

    def share(self) -> float | None:
        """Share done, 0 to 1; None when it cannot be known."""
        if self.progress is not None:
            return self.progress
        if self.index is None or not self.length:
            return None
        return min(1.0, self.index / self.length)


@dataclass(frozen=True)
class Fake:
    """Progress that is estimated, not measured, from ``start`` to ``end`` (0 to 1).

    Attributes:
        estimate: seconds it is expected to take; 0: nobody knows.
        began: reading of the run's clock at its start, in seconds.
        desc: what is being done.
        after: what had been reported last when it began; another report ends it.
    """

    start: float
    end: float
    estimate: float
    began: float
    desc: str | None = None
    after: object = None

    def at(self, now: float) -> float:
        """Share at a clock reading; see :func:`fake_progress`."""
        return fake_progress(self.start, self.end, self.estimate, now - self.began)


class Level:
    """What one tracked call has last said; see :class:`~.progress_updater.ProgressUpdater`.

    Attributes:
        said: progress (0 to 100) and message as they were given; None: nothing yet.
        fake: its phase that is estimated, if there was one; over when more has been said since.
        share: the last that made sense, 0 to 1.
    """

    __slots__ = ("fake", "said", "share")

    def __init__(self) -> None:
        self.said: tuple[Any, Any] | None = None
        self.fake: Fake | None = None
        self.share: float | None = None


class Said(NamedTuple):
    """One report, for a listener that wants every one.

    Attributes:
        progress: share, 0 to 1; None when none that makes sense has been given.
        message: what is being done; empty when nothing was said about that.
        fake: of an estimate ``(end, estimated_ms)``: the share it approaches, and how long it is
            expected to take, 0 when that is not known. ``progress`` is where it starts.
    """

    progress: float | None
    message: str
    fake: tuple[float, float] | None = None


class Reports(Protocol):
    """Where a run keeps what its function has last said.

    Attributes:
        waiting: the latest reports have been asked for and not fetched yet, so the next one need
            not ask again. Always False when every report is wanted.
        stack: loops and tracked calls that are going on, outermost first.
        figure: arguments of the last plain report; None when there is none.
        fake: the phase that is estimated, if one is.
    """

    waiting: bool
    stack: list[Unit | Level]
    figure: tuple[Any, str | None, float | None, str] | None
    fake: Fake | None

    def ask(self, said: Any = None, level: Level | None = None) -> None:
        """Have the latest reports fetched soon.

        Args:
            said: the report that was stored just now, in case every one is wanted.
            level: whose report it is; None: it is the plain figure.

        Raises:
            CancelledError: the run has been cancelled.
        """

    def begin_fake(
        self, end: float, desc: str | None, estimate: float, level: Level | None = None
    ) -> None:
        """Start an estimated phase from the share that is shown now.

        Args:
            end, estimate: a share and seconds; of a level 0 to 100 and milliseconds.
            level: whose phase it is; None: that of the plain figure.
        """

    def enter(self) -> Level:
        """A tracked call begins: one level more, shown when it says something."""

    def leave(self, level: Level) -> None:
        """A tracked call has ended, and its level is gone.

        The last words of an outermost call stay as the plain figure until there is another report.
        """

    def relay(
        self, units: Sequence[ProgressUnit], fake: WireFake | None, said: Sequence[Said] = ()
    ) -> None:
        """Take what a function in another process has reported.

        Args:
            units, fake: the latest, as it would be sent to a page.
            said: every report since the last time, when every one is wanted.
        """


def fake_progress(start: float, end: float, estimate: float, elapsed: float) -> float:
    """The curve of faked progress: linear for :data:`LINEAR_SHARE` of the estimate, then ever
    slower.

    Closed form with equal slopes where the parts meet, so nothing jumps, and never beyond ``end``.

    Args:
        start, end: shares, 0 to 1.
        estimate: seconds; 0 or less: unknown, the curve approaches ``end`` with
            :data:`DEFAULT_TAU`.
        elapsed: seconds since the start.
    """
    distance = max(0.0, end - start)
    elapsed = max(0.0, elapsed)
    if estimate <= 0:
        return start + distance * (1 - math.exp(-elapsed / DEFAULT_TAU))
    if elapsed <= LINEAR_SHARE * estimate:
        # The quotient of floats at their smallest may be too large.
        return start + distance * min(LINEAR_SHARE, elapsed / estimate)
    rest = 1 - LINEAR_SHARE
    over = elapsed - LINEAR_SHARE * estimate
    scale = rest * estimate  # 0 for an estimate so small that floats end
    tail = 1 - math.exp(-over / scale) if scale > 0 else 1.0
    return start + distance * (LINEAR_SHARE + rest * tail)


class Progress:
    """Says how far a handler is. Give a parameter this default value, and every run gets its own.

    Outside of a run (a plain call of the function) everything works and nothing is shown.

    Args:
        track_tqdm: also show the bars of ``tqdm`` that the handler, or what it calls, makes.
    """

    def __init__(self, track_tqdm: bool = False) -> None:
        self.track_tqdm = track_tqdm
        self._reports: Reports | None = None

    def bound(self, reports: Reports) -> Progress:
        """The progress of one run."""
        twin = Progress(self.track_tqdm)
        twin._reports = reports
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process it reports for the run there."""
        return _arrived, (self.track_tqdm, self._reports is not None)

    def __call__(
        self,
        progress: float | tuple[float, float | None] | None,
        desc: str | None = None,
        total: float | None = None,
        unit: str = "steps",
        _tqdm: Any = None,
    ) -> Any:
        """Report a share (0 to 1), ``(steps done, steps in all)``, or None to take the report back.

        A value that makes no sense is not shown, with one warning; it never stops the handler.

        Returns:
            ``progress``, as it was given.

        Raises:
            CancelledError: the run has been cancelled.
        """
        reports = self._reports
        if reports is not None:
            # The innermost loop of a handler may come through here: two stores and a test.
            reports.figure = said = (progress, desc, total, unit)
            if not reports.waiting:
                reports.ask(said)
        return progress

    def tqdm(
        self,
        iterable: Iterable[T] | None,
        desc: str | None = None,
        total: float | None = None,
        unit: str = "steps",
        _tqdm: Any = None,
    ) -> Tracked[T]:
        """Iterate and report every step; nested calls are shown together.

        Args:
            iterable: None to count by ``update(n)``.
            desc: what is being done.
            total: steps in all; by default the length of ``iterable``, where it has one.
            unit: what a step is called.

        Raises:
            CancelledError: while iterating, when the run has been cancelled.
        """
        length = len(iterable) if total is None and isinstance(iterable, Sized) else total
        return Tracked(self._reports, iterable, Unit(0, length, unit, None, desc))

    def fake(self, end: float, desc: str | None = None, estimated_time: float = 0.0) -> None:
        """Estimate from the share shown now up to ``end``, while nothing can be measured.

        The bar approaches ``end`` and never passes it; the next report ends the estimate.

        Args:
            end: share, 0 to 1.
            desc: what is being done.
            estimated_time: seconds it is expected to take; 0: not known.

        Raises:
            CancelledError: the run has been cancelled.
        """
        if self._reports is not None:
            self._reports.begin_fake(end, desc, estimated_time)


def _arrived(track_tqdm: bool, bound: bool) -> Progress:
    progress, run = Progress(track_tqdm), context.current_run()
    return progress.bound(run.reports) if bound and run is not None else progress


class Tracked(Generic[T]):
    """An iterable that reports its steps. Made by :meth:`Progress.tqdm`."""

    def __init__(self, reports: Reports | None, iterable: Iterable[T] | None, unit: Unit) -> None:
        self._reports = reports
        self._iterable = iterable
        self._unit = unit
        if reports is not None and iterable is None:
            self._open(reports)

    def _open(self, reports: Reports) -> None:
        reports.stack.append(self._unit)
        reports.fake = reports.figure = None
        if not reports.waiting:
            reports.ask()

    def __iter__(self) -> Iterator[T]:
        iterable, reports, unit = self._iterable, self._reports, self._unit
        if iterable is None:
            raise TypeError("progress.tqdm(None) counts by update(); there is nothing to iterate.")
        if reports is None:
            yield from iterable
            return
        self._open(reports)
        done = 0
        try:
            for item in iterable:
                yield item
                done += 1
                unit.index = done
                if not reports.waiting:
                    reports.fake = reports.figure = None
                    reports.ask()
        finally:
            self.close()

    def __len__(self) -> int:
        return int(self._unit.length or 0)

    def update(self, n: float = 1) -> None:
        """Count ``n`` more steps.

        Raises:
            CancelledError: the run has been cancelled.
        """
        self._unit.index = (self._unit.index or 0) + n
        if self._reports is not None and not self._reports.waiting:
            self._reports.fake = None
            self._reports.ask()

    def close(self) -> None:
        """Take this level out of what is shown. A second call does nothing."""
        if self._reports is not None:
            # In one step, because loops of other threads come and go, too.
            with contextlib.suppress(ValueError):
                self._reports.stack.remove(self._unit)

    def __enter__(self) -> Tracked[T]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_cancelled() -> None:
    """End a handler that has been cancelled. Call it now and then in long work of your own.

    Outside of a handler it does nothing.

    Raises:
        CancelledError: the run that calls it has been cancelled.
    """
    run = context.current_run()
    if run is not None:
        run.check_cancelled()
