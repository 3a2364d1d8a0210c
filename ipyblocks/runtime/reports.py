"""What the function of a run has last said about its progress, fetched for the page now and
then.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from ..progress import Fake, Level, Said, Unit
from ..protocol import Fake as WireFake
from ..protocol import ProgressUnit

__all__ = ["INTERVAL", "MOST_KEPT", "RunReports", "Said"]

log = logging.getLogger("ipyblocks")

INTERVAL = 0.05
"""Seconds between two reports to the page: at most 20 a second for a run."""

MOST_KEPT = 1000
"""Most reports that are kept for a listener; of more, the oldest are left out."""

Reading: TypeAlias = "tuple[Unit, Fake | None]"
"""A level as it is now, and the estimate that it follows, if it follows one."""


class RunReports:
    """Latest reports of one run. Written by the function's thread, fetched on the loop.

    No lock: each attribute is replaced whole, and a report that comes during a fetch asks again.

    Who sets :attr:`listener` gets every report, not only those that are the latest when they are
    fetched. Set it before the function starts; call :meth:`deliver` when it has ended, for what it
    said last.

    Args:
        clock: seconds, of the loop.
        post: calls a function on the loop's thread.
        changed: called on the loop when there is something new to fetch.
        stop: set when the run has been cancelled.

    Attributes:
        told_at: clock reading when the page was last told, in seconds.
        every: keep every report for :meth:`take`, not only the latest.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        post: Callable[..., Any],
        changed: Callable[[], None],
        stop: threading.Event,
    ) -> None:
        self.waiting = False
        self.stack: list[Unit | Level] = []
        self.figure: tuple[Any, str | None, float | None, str] | None = None
        self.fake: Fake | None = None
        self.told_at = -math.inf
        self.every = False
        self._clock = clock
        self._post = post
        self._changed = changed
        self._stop = stop
        self._asked = False
        self._listener: Callable[[Said], object] | None = None
        self._delivering = False
        self._kept: deque[tuple[Level | None, Any]] = deque(maxlen=MOST_KEPT)
        self._warned = False

    # --- for the function ------------------------------------------------------------------------

    def ask(self, said: Any = None, level: Level | None = None) -> None:
        """See :class:`ipyblocks.progress.Reports`."""
        # Before the test: a cancel that comes after it must find, and undo, this.
        self.waiting = True
        if self._stop.is_set():
            self.waiting = False
            raise asyncio.CancelledError("This run was cancelled.")
        if self.every:
            self.waiting = False  # so that every report comes through here
            if said is not None:
                self._keep([(level, said)])
            if self._asked:
                return
            self._asked = True
        self._post(self._changed)

    def begin_fake(
        self, end: float, desc: str | None, estimate: float, level: Level | None = None
    ) -> None:
        """See :class:`ipyblocks.progress.Reports`."""
        call, shares, seconds = ("progress.fake", 1, 1) if level is None else _OF_LEVEL
        goal, duration = _number(end), _number(estimate)
        if goal is None or not 0 <= goal <= shares:
            self._warn(f"{call}({_shown(end)}, …)", f"an end from 0 to {shares}")
        if duration is None or duration < 0:
            needed = f"a number of {'seconds' if level is None else 'milliseconds'}"
            self._warn(f"{call}(…, estimated_time={_shown(estimate)})", needed)
        if goal is None:
            return
        start = self.shown() if level is None else self._share(level)
        goal = max(start, min(1.0, goal / shares))
        after = self.figure if level is None else level.said
        expected = max(0.0, (duration or 0.0) / seconds)
        fake = Fake(start, goal, expected, self._clock(), desc, after)
        if level is None:
            self.fake = fake
        else:
            level.fake = fake
        if not self.waiting:
            self.ask(fake, level)

    def enter(self) -> Level:
        """See :class:`ipyblocks.progress.Reports`."""
        level = Level()
        self.fake = self.figure = None
        self.stack.append(level)
        return level

    def leave(self, level: Level) -> None:
        """See :class:`ipyblocks.progress.Reports`."""
        last = self._level(level)
        with contextlib.suppress(ValueError):  # a relay has replaced it
            self.stack.remove(level)
        if last is None:
            return
        unit, fake = last
        nested = bool(self.stack)
        if not nested:
            self.fake, self.figure = None, (unit.progress, unit.desc, None, unit.unit)
        if (nested or fake is not None) and not self.waiting and not self._stop.is_set():
            self.ask()

    # --- for the loop ----------------------------------------------------------------------------

    def interrupt(self) -> None:
        """The run has been cancelled: its next report comes through here, and raises."""
        self.waiting = False

    def relay(
        self, units: Sequence[ProgressUnit], fake: WireFake | None, said: Sequence[Said] = ()
    ) -> None:
        """See :class:`ipyblocks.progress.Reports`."""
        levels = [Unit(u.index, u.length, u.unit, u.progress, u.desc) for u in units]
        estimated: Fake | None = None
        if fake is not None:
            began = self._clock() - fake.age_ms / 1000
            desc = levels.pop().desc
            estimated = Fake(fake.start, fake.end, fake.estimated_ms / 1000, began, desc)
        self.figure, self.fake, self.stack = None, estimated, [*levels]
        if said and self.every:
            self._keep([(None, each) for each in said])
        if not self.waiting and not self._stop.is_set():
            self.ask()

    @property
    def unfetched(self) -> bool:
        """Whether something has been said since the last fetch."""
        return self.waiting or self._asked

    def shown(self) -> float:
        """Share that the page shows now, 0 to 1."""
        readings = self._readings()
        return (readings[-1][0].share() if readings else None) or 0.0

    def fetch(self) -> tuple[list[ProgressUnit], WireFake | None]:
        """The latest reports for the wire."""
        self.waiting = self._asked = False
        readings = self._readings()
        # A page animates the innermost level; those around it are told as they are now.
        fake = readings[-1][1] if readings else None
        units = [_wire(unit) for unit, _ in readings]
        if fake is None:
            return units, None
        return units, WireFake(
            start=fake.start,
            end=fake.end,
            estimated_ms=fake.estimate * 1000,
            age_ms=(self._clock() - fake.began) * 1000,
        )

    # --- every report ----------------------------------------------------------------------------

    @property
    def listener(self) -> Callable[[Said], object] | None:
        """Called on the loop with every report, in order; None: only the latest is kept.

        What it raises is logged, and the next one is handed over.
        """
        return self._listener

    @listener.setter
    def listener(self, listener: Callable[[Said], object] | None) -> None:
        self._listener = listener
        self.every = listener is not None
        self.waiting = False

    def deliver(self) -> None:
        """Hand to the listener what has been said until now. Loop thread only."""
        self._delivering = False  # first: what comes during the following wants another turn
        listener = self._listener
        if listener is None:
            return
        for each in self.take():
            _tell(listener, each)

    def take(self) -> list[Said]:
        """Every report since the last time, oldest first."""
        found = []
        with contextlib.suppress(IndexError):
            while True:
                said = self._said(*self._kept.popleft())
                if said is not None:
                    found.append(said)
        return found

    def _keep(self, said: Sequence[tuple[Level | None, Any]]) -> None:
        self._kept.extend(said)
        if self._listener is not None and not self._delivering:
            self._delivering = True
            self._post(self.deliver)

    def _said(self, level: Level | None, said: Any) -> Said | None:
        if isinstance(said, Said):
            return said
        if isinstance(said, Fake):
            return Said(said.start, _text(said.desc) or "", (said.end, said.estimate * 1000))
        unit = self._figure(said) if level is None else self._measured(level, said)
        return None if unit is None else Said(unit.share(), _text(unit.desc) or "")

    # --- what has been said ----------------------------------------------------------------------

    def _readings(self) -> list[Reading]:
        """What is shown now, outermost first."""
        levels = [self._level(each) for each in list(self.stack)]
        return [each for each in (*levels, self._plain()) if each is not None]

    def _plain(self) -> Reading | None:
        fake, figure = self.fake, self.figure
        if fake is not None and fake.after is figure:
            return Unit(progress=fake.at(self._clock()), desc=fake.desc), fake
        unit = None if figure is None else self._figure(figure)
        return None if unit is None else (unit, None)

    def _level(self, level: Unit | Level) -> Reading | None:
        if isinstance(level, Unit):
            return Unit(level.index, level.length, level.unit, level.progress, level.desc), None
        fake, said = level.fake, level.said
        if fake is not None and fake.after is said:
            level.share = fake.at(self._clock())
            return Unit(progress=level.share, desc=fake.desc), fake
        return None if said is None else (self._measured(level, said), None)

    def _share(self, level: Level) -> float:
        reading = self._level(level)
        return 0.0 if reading is None else reading[0].progress or 0.0

    def _measured(self, level: Level, said: tuple[Any, Any]) -> Unit:
        progress, message = said
        number = _number(progress)
        if number is not None:
            level.share = min(1.0, max(0.0, number / 100))
        if number is None or not 0 <= number <= 100:
            self._warn(f"send_update({_shown(progress)}, …)", "a number from 0 to 100")
        return Unit(progress=level.share, desc=message)

    def _figure(self, figure: tuple[Any, str | None, float | None, str]) -> Unit | None:
        value, desc, total, unit = figure
        if value is None:
            return None
        if isinstance(value, tuple) and len(value) == 2:
            index, length = _number(value[0]), _number(value[1])
            if index is not None:
                return Unit(max(0.0, index), length, unit, None, desc)
        share = _number(value)
        if share is None or not 0 <= share <= 1:
            needed = "a share from 0 to 1 or (steps done, steps in all)"
            self._warn(f"progress({_shown(value)})", needed)
        return None if share is None else Unit(None, total, unit, min(1.0, max(0.0, share)), desc)

    def _warn(self, call: str, needed: str) -> None:
        if not self._warned:
            self._warned = True
            log.warning("%s: %s is needed; it is shown as near as can be.", call, needed)


def _tell(listener: Callable[[Said], object], said: Said) -> None:
    try:
        listener(said)
    except Exception:
        log.exception("A listener to progress raised.")


_OF_LEVEL = ("fake_progress", 100, 1000)
"""How the estimate of a level is given: name of the call, its largest end, and a second."""


def _wire(unit: Unit) -> ProgressUnit:
    return ProgressUnit(
        index=unit.index,
        length=unit.length,
        unit=unit.unit,
        progress=unit.share(),
        desc=None if unit.desc is None else _text(unit.desc),
    )


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except Exception:  # noqa: BLE001 - a user's own __float__, or an int beyond all floats
        return None
    return number if math.isfinite(number) else None


def _text(desc: Any) -> str | None:
    try:
        return None if desc is None else str(desc)
    except Exception:  # noqa: BLE001 - a user's own __str__; a frame waits for the report
        return None


def _shown(value: Any) -> str:
    """What was given, for a warning."""
    try:
        return f"{value!r:.60}"
    except Exception:  # noqa: BLE001 - a user's own __repr__
        return f"a {type(value).__name__}"
