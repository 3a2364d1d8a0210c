"""What a report of progress costs the function that makes it in its innermost loop."""

from __future__ import annotations

import json
import statistics
import time

import ipyblocks as gr
from ipyblocks.progress_updater import ProgressUpdater, track_progress
from ipyblocks.runtime.engine import Engine
from ipyblocks.transport.loopback import LoopbackPage

CALLS = 1_000_000
ROUNDS = 5
CALL_REACH_US = 1.0


class Plain:
    """What takes two stores and does nothing with them."""

    said: object = None
    waiting = False


def stores() -> float:
    """µs for two stores, with the loop around them."""
    plain = Plain()
    start = time.perf_counter()
    for i in range(CALLS):
        plain.said = i
        plain.waiting = True
    return (time.perf_counter() - start) / CALLS * 1e6


def reports(updater: ProgressUpdater) -> float:
    """µs for a report, with the loop around it."""
    share = 100 / CALLS
    start = time.perf_counter()
    for i in range(CALLS):
        updater.send_update(i * share, "Working")
    return (time.perf_counter() - start) / CALLS * 1e6


def measure() -> tuple[list[float], list[float], int]:
    """Samples of both, taken side by side in a run of an app, and messages the page was told."""
    plain: list[float] = []
    reported: list[float] = []

    @track_progress
    def work(updater: ProgressUpdater) -> None:
        for _ in range(ROUNDS):
            plain.append(stores())
            reported.append(reports(updater))

    with gr.Blocks() as demo:
        button = gr.Button()
        button.click(work, None, None)
    engine = Engine(demo)
    page = LoopbackPage(engine)
    try:
        page.hello()
        page.fire(button._id or 0, "click")
        page.idle()
    finally:
        engine.close_all()
    told = sum(type(message).__name__ == "Progress" for message in page.messages)
    return plain, reported, told


def main() -> None:
    plain, reported, told = measure()
    figures = {
        "report of progress, in a run that a page shows": figure(reported),
        "two stores in a plain loop": figure(plain),
        f"messages for {CALLS * ROUNDS:_} reports": {"unit": "messages", "median": told},
    }
    verdicts = {
        "report of progress": {
            "value": round(statistics.median(reported), 3),
            "reach": CALL_REACH_US,
            "of": "µs for a call",
        }
    }
    print(json.dumps({"figures": figures, "verdicts": verdicts}))


def figure(samples: list[float]) -> dict[str, object]:
    return {
        "unit": "ns",
        "median": round(statistics.median(samples) * 1000),
        "samples": len(samples),
    }


if __name__ == "__main__":
    main()
