"""``ProgressUpdater`` and ``track_progress``: what their tests share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks import context
from ipyblocks.progress_updater import ProgressUpdater, track_progress
from ipyblocks.protocol import Progress as Told
from ipyblocks.runtime.reports import RunReports, Said

from ..conftest import LIMIT


class Bench:
    """A run without an engine, on a clock that stands. See :class:`ipyblocks.context.Run`.

    Attributes:
        now: the clock, in seconds.
        posted: calls for the loop, which are made by :meth:`turn`.
    """

    tracks_tqdm = False

    def __init__(self) -> None:
        self.now, self.stop = 1000.0, threading.Event()
        self.posted: list[Callable[[], Any]] = []
        self.asked = 0
        self.reports = RunReports(lambda: self.now, self.posted.append, self._ask, self.stop)

    def _ask(self) -> None:
        self.asked += 1

    def turn(self) -> None:
        """What the loop does in one turn."""
        posted, self.posted[:] = list(self.posted), []
        for each in posted:
            each()

    def shown(self) -> list[tuple[float | None, str | None]]:
        """Per cent and message of every level, outermost first."""
        units, _ = self.reports.fetch()
        return [(None if u.progress is None else round(100 * u.progress, 2), u.desc) for u in units]

    def write(self, *_: Any) -> None: ...


@pytest.fixture
def bench() -> Iterator[Bench]:
    """A run that the test's own code is part of."""
    made = Bench()
    with context.running(made):  # type: ignore[arg-type]
        yield made


@pytest.fixture
def updater(bench: Bench) -> ProgressUpdater:
    return ProgressUpdater.of(bench.reports)


@track_progress
def steps(name: str, updater: ProgressUpdater) -> str:
    for i in range(1, 6):
        updater.send_update(i / 5 * 100, f"{name} step {i}")
    return "result"


FIVE = [(20, "a step 1"), (40, "a step 2"), (60, "a step 3"), (80, "a step 4"), (100, "a step 5")]


def annotated(annotation: Any) -> Callable[..., Any]:
    def fn(a: int, updater: Any) -> Any:
        return a, updater

    fn.__annotations__["updater"] = annotation
    return fn


@pytest.fixture
def every(bench: Bench) -> list[Said]:
    """What the listener of the run is given."""
    got: list[Said] = []
    bench.reports.listener = got.append
    return got


def percents(said: list[Said]) -> list[tuple[Any, str]]:
    return [(None if s.progress is None else round(100 * s.progress, 6), s.message) for s in said]


def app(fn: Any, outputs: int = 1, **kwargs: Any) -> Any:
    with gr.Blocks() as demo:
        outs, button = [gr.JSON() for _ in range(outputs)], gr.Button()
        button.click(fn, None, outs, **kwargs)
    return demo, outs, button


def told(shown: Any) -> list[tuple[float | None, str | None]]:
    """The last that a page was told."""
    last = shown.messages(Told)[-1]
    return [
        (None if u.progress is None else round(100 * u.progress, 2), u.desc) for u in last.units
    ]


def until(shown: Any, *expected: tuple[float | None, str | None]) -> None:
    """Wait until a page has been told this."""
    shown.page.wait_for(
        lambda _: bool(shown.messages(Told)) and told(shown) == list(expected), LIMIT
    )
