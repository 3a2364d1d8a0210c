"""What the function of a run has last said about its progress, fetched for the page now and
then.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

from ..progress import Fake, Unit
from ..protocol import Fake as WireFake
from ..protocol import ProgressUnit

log = logging.getLogger("ipyblocks")

INTERVAL = 0.05
"""Seconds between two reports to the page: at most 20 a second for a run."""


class RunReports:
    """Latest reports of one run. Written by the function's thread, fetched on the loop.

    No lock: each attribute is replaced whole, and a report that comes during a fetch asks again.

    Args:
        clock: seconds, of the loop.
        post: calls a function on the loop's thread.
        changed: called on the loop when there is something new to fetch.
        stop: set when the run has been cancelled.

    Attributes:
        told_at: clock reading when the page was last told, in seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        post: Callable[..., Any],
        changed: Callable[[], None],
        stop: threading.Event,
    ) -> None:
        self.waiting = False
        self.stack: list[Unit] = []
        self.figure: tuple[Any, str | None, float | None, str] | None = None
        self.fake: Fake | None = None
        self.told_at = -math.inf
        self._clock = clock
        self._post = post
        self._changed = changed
        self._stop = stop
        self._fake_desc: str | None = None
        self._figure_before_fake: object = None
        self._warned = False

    def ask(self) -> None:
        """See :class:`ipyblocks.progress.Reports`."""
        # Before the test: a cancel that comes after it must find, and undo, this.
        self.waiting = True
        if self._stop.is_set():
            self.waiting = False
            raise asyncio.CancelledError("This run was cancelled.")
        self._post(self._changed)

    def interrupt(self) -> None:
        """The run has been cancelled: its next report comes through here, and raises."""
        self.waiting = False

    def begin_fake(self, end: float, desc: str | None, estimate: float) -> None:
        """See :class:`ipyblocks.progress.Reports`."""
        goal, seconds = self._number(end), self._number(estimate)
        if goal is None:
            self._warn(end)
            return
        start = self.shown()
        self._figure_before_fake = self.figure
        self._fake_desc = desc
        self.fake = Fake(start, max(start, min(1.0, goal)), max(0.0, seconds or 0.0), self._clock())
        if not self.waiting:
            self.ask()

    def relay(self, units: Sequence[ProgressUnit], fake: WireFake | None) -> None:
        """See :class:`ipyblocks.progress.Reports`."""
        levels = [Unit(u.index, u.length, u.unit, u.progress, u.desc) for u in units]
        self.figure = self._figure_before_fake = None
        if fake is None:
            self.fake = None
        else:
            self._fake_desc = levels.pop().desc
            began = self._clock() - fake.age_ms / 1000
            self.fake = Fake(fake.start, fake.end, fake.estimated_ms / 1000, began)
        self.stack = levels
        if not self.waiting and not self._stop.is_set():
            self.ask()

    def shown(self) -> float:
        """Share that the page shows now, 0 to 1."""
        if self.fake is not None and self.figure is self._figure_before_fake:
            return self.fake.at(self._clock())
        units = self._read()
        return (units[-1].share() if units else None) or 0.0

    def fetch(self) -> tuple[list[ProgressUnit], WireFake | None]:
        """The latest reports for the wire."""
        self.waiting = False
        if self.fake is not None and self.figure is not self._figure_before_fake:
            self.fake = None  # a real report ends the estimate
        fake = self.fake
        if fake is None:
            return [_wire(unit) for unit in self._read()], None
        estimated = Unit(progress=fake.at(self._clock()), desc=self._fake_desc)
        return [_wire(u) for u in [*self.stack, estimated]], WireFake(
            start=fake.start,
            end=fake.end,
            estimated_ms=fake.estimate * 1000,
            age_ms=(self._clock() - fake.began) * 1000,
        )

    def _read(self) -> list[Unit]:
        units = [Unit(u.index, u.length, u.unit, u.progress, u.desc) for u in self.stack]
        figure = self._figure()
        return units if figure is None else [*units, figure]

    def _figure(self) -> Unit | None:
        if self.figure is None:
            return None
        value, desc, total, unit = self.figure
        if value is None:
            return None
        if isinstance(value, tuple) and len(value) == 2:
            index, length = self._number(value[0]), self._number(value[1])
            if index is not None:
                return Unit(max(0.0, index), length, unit, None, desc)
        share = self._number(value)
        if share is None:
            self._warn(value)
            return None
        if not 0 <= share <= 1:
            self._warn(value)
        return Unit(None, total, unit, min(1.0, max(0.0, share)), desc)

    def _number(self, value: Any) -> float | None:
        try:
            number = float(value)
        except Exception:  # noqa: BLE001 - a user's own __float__, or an int beyond all floats
            return None
        return number if math.isfinite(number) else None

    def _warn(self, value: Any) -> None:
        if not self._warned:
            self._warned = True
            log.warning(
                "progress(%r): a share from 0 to 1 or (steps done, steps in all) is needed; "
                "it is shown as near as can be.",
                value,
            )


def _wire(unit: Unit) -> ProgressUnit:
    return ProgressUnit(
        index=unit.index,
        length=unit.length,
        unit=unit.unit,
        progress=unit.share(),
        desc=None if unit.desc is None else _text(unit.desc),
    )


def _text(desc: Any) -> str | None:
    try:
        return str(desc)
    except Exception:  # noqa: BLE001 - a user's own __str__; a frame waits for the report
        return None
