"""What the engine itself takes: no Jupyter and no browser, a page without pixels in this process.

Every time stands beside the same work without the engine, measured in turns with it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from _figures import figure, verdict

import ipyblocks as gr
from ipyblocks.codec import Packet, encode
from ipyblocks.protocol import PROTOCOL, Done, Event, Failed, Hello, NodeId, PageId, ToKernelFrame
from ipyblocks.protocol import Progress as WireProgress
from ipyblocks.runtime.engine import Engine
from ipyblocks.runtime.session import Session
from ipyblocks.transport.loopback import LoopbackPage

SINGLES = 500
BURST = 1000
TOGETHER = 50
ROUNDS = 15
WARM_UP = 3
STEPS = 1_000_000
STEP_ROUNDS = 9
SESSIONS = 1000
COMPONENTS = 20

OVERHEAD_MS = 0.3
EVENT_MS = 0.5  # 2000 events a second
TQDM_NS = 200
PROGRESS_NS = 500
MESSAGES_PER_SECOND = 20
SESSION_BYTES = 30_000


def sync_nothing() -> None:
    pass


async def async_nothing() -> None:
    pass


FUNCTIONS: dict[str, Callable[[], Any]] = {"async": async_nothing, "sync": sync_nothing}


class Driver:
    """An app with one button, its page, and how many of its runs have ended.

    The page's packets are made before anything is timed: making them is not the kernel's work.
    """

    def __init__(self, fn: Callable[..., Any], limit: int | None) -> None:
        with gr.Blocks() as demo:
            button = gr.Button()
            button.click(fn, None, None, trigger_mode="multiple", concurrency_limit=limit)
        self.engine = Engine(demo)
        self.page = LoopbackPage(self.engine)
        self.page.hello()
        self.page.idle()
        self.session = self.page.session
        self._button = NodeId(button._id or 0)
        self._seq = 1
        self._left = 0
        self._all = self.engine.loop.create_future()
        put = self.session.put

        def heard(message: Any, urgent: bool = True) -> None:
            put(message, urgent)
            if isinstance(message, (Done, Failed)):
                self._left -= 1
                if self._left == 0:
                    self._all.set_result(None)

        self.session.put = heard  # type: ignore[method-assign]

    def packets(self, count: int) -> list[Packet]:
        """As many clicks, each a frame of its own."""
        made = []
        for _ in range(count):
            self._seq += 1
            click = Event(seq=self._seq, node=self._button, name="click", data=None)
            frame = ToKernelFrame(page=PageId("page"), ack=0, last=self._seq, messages=[click])
            made.append(encode(frame))
        return made

    async def answered(self, packets: list[Packet]) -> float:
        """ms from the arrival of the packets until all they started has ended."""
        self._left, self._all = len(packets), self.engine.loop.create_future()
        start = time.perf_counter()
        for packet in packets:
            self.session.receive(packet.content, packet.buffers)
        await self._all
        return (time.perf_counter() - start) * 1000

    def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a coroutine function on the engine's loop."""

        async def running() -> None:
            await work()

        self.engine.thread.run(running()).result()


@contextmanager
def driving(fn: Callable[..., Any], limit: int | None) -> Iterator[Driver]:
    driver = Driver(fn, limit)
    try:
        yield driver
    finally:
        driver.engine.close_all()


async def plain(fn: Callable[[], Any], pool: ThreadPoolExecutor, count: int) -> float:
    """ms for as many calls of the function at once with nothing but asyncio."""
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    if fn is async_nothing:
        await asyncio.gather(*(loop.create_task(fn()) for _ in range(count)))
    else:
        await asyncio.gather(*(loop.run_in_executor(pool, fn) for _ in range(count)))
    return (time.perf_counter() - start) * 1000


def paired(
    fn: Callable[[], Any], count: int, rounds: int, limit: int | None = None
) -> tuple[list[float], list[float]]:
    """ms for ``count`` events at once, and for as many plain calls, in turns."""
    events: list[float] = []
    calls: list[float] = []
    gc.collect()  # what others have left is none of these rounds' work
    with (
        driving(fn, limit) as driver,
        ThreadPoolExecutor(driver.engine.options.max_threads) as pool,
    ):

        async def work() -> None:
            for round_ in range(-WARM_UP, rounds):
                packets = driver.packets(count)
                taken = await driver.answered(packets), await plain(fn, pool, count)
                await driver.session.settle()
                driver.page.packets.clear()  # or collecting garbage takes longer every round
                driver.page.messages.clear()
                if round_ >= 0:
                    events.append(taken[0])
                    calls.append(taken[1])

        driver.run(work)
    return events, calls


def difference(samples: list[float], baseline: list[float]) -> float:
    """Median of what each sample is above the one taken beside it."""
    pairs = zip(samples, baseline, strict=True)
    return statistics.median(ours - theirs for ours, theirs in pairs)


def events() -> dict[str, Any]:
    """One event at a time, and many at once."""
    figures, verdicts = {}, {}
    for kind, fn in FUNCTIONS.items():
        ours, theirs = paired(fn, 1, SINGLES)
        figures[f"event, {kind} function"] = figure(ours, "ms")
        figures[f"plain call, {kind} function"] = figure(theirs, "ms")
        verdicts[f"event, {kind} function"] = verdict(
            difference(ours, theirs), OVERHEAD_MS, "ms more than a plain call"
        )
        ours, theirs = paired(fn, BURST, ROUNDS)
        figures[f"{BURST} events at once, {kind} function"] = figure(ours, "ms")
        figures[f"{BURST} plain calls at once, {kind} function"] = figure(theirs, "ms")
        verdicts[f"{BURST} events at once, {kind} function"] = verdict(
            statistics.median(ours) / BURST, EVENT_MS, "ms an event"
        )
        for name, limit in (("one at a time", 1), ("no limit", None)):
            ours, _ = paired(fn, TOGETHER, ROUNDS, limit)
            title = f"{TOGETHER} submits, {name}, {kind} function"
            figures[title] = figure(ours, "ms")
            verdicts[title] = verdict(statistics.median(ours) / TOGETHER, EVENT_MS, "ms an event")
    return {"figures": figures, "verdicts": verdicts}


def timed(loop: Callable[[], None]) -> float:
    """ns a step."""
    start = time.perf_counter_ns()
    loop()
    return (time.perf_counter_ns() - start) / STEPS


def bare() -> None:
    for _ in range(STEPS):
        pass


def progress_of(driver: Driver) -> list[float]:
    """When messages of progress come, in seconds, from now on."""
    told: list[float] = []
    take = driver.session._send

    def heard(packet: Packet) -> None:
        known = len(driver.page.messages)
        take(packet)
        new = driver.page.messages[known:]
        told.extend(time.monotonic() for each in new if isinstance(each, WireProgress))

    driver.session._send = heard
    return told


def reports() -> dict[str, Any]:
    """Every step of a loop reported, beside a loop that reports nothing."""
    samples: dict[str, list[float]] = {"bare": [], "call": [], "tqdm": []}

    def steps(progress: gr.Progress = gr.Progress()) -> None:  # noqa: B008 - how it is asked for
        def call() -> None:
            for i in range(STEPS):
                progress(i / STEPS)

        def tqdm() -> None:
            for _ in progress.tqdm(range(STEPS)):
                pass

        for _ in range(STEP_ROUNDS):
            for name, loop in (("bare", bare), ("call", call), ("tqdm", tqdm)):
                samples[name].append(timed(loop))

    with driving(steps, 1) as driver:
        told = progress_of(driver)

        async def work() -> None:
            await driver.answered(driver.packets(1))

        driver.run(work)
    busiest = max(sum(at <= other < at + 1 for other in told) for at in told)
    return {
        "figures": {
            "step of a bare loop": figure(samples["bare"], "ns", 1),
            "step with progress(x)": figure(samples["call"], "ns", 1),
            "step of progress.tqdm": figure(samples["tqdm"], "ns", 1),
            "progress messages, busiest second": {"unit": "messages", "median": busiest},
        },
        "verdicts": {
            "progress(x)": verdict(
                difference(samples["call"], samples["bare"]), PROGRESS_NS, "ns more a step"
            ),
            "progress.tqdm": verdict(
                difference(samples["tqdm"], samples["bare"]), TQDM_NS, "ns more a step"
            ),
            "progress messages": verdict(
                busiest, MESSAGES_PER_SECOND, "messages in the busiest second"
            ),
        },
    }


def sessions() -> dict[str, Any]:
    """Memory of one of many sessions, each with a page that has said hello and clicked once."""

    async def copy(*values: Any) -> Any:
        return values[0]

    with gr.Blocks() as demo:
        fields = [gr.Textbox(label=f"Field {i}") for i in range(COMPONENTS - 1)]
        button = gr.Button()
        button.click(copy, fields, fields[-1])
    engine = Engine(demo)
    node = NodeId(button._id or 0)
    hello = Hello(seq=1, protocol=PROTOCOL, epoch=None, seen=0)
    click = Event(seq=2, node=node, name="click", data=None)
    packet = encode(ToKernelFrame(page=PageId("page"), ack=0, last=2, messages=[hello, click]))
    opened: list[Session] = []

    def fill(count: int) -> None:
        for _ in range(count):
            session = engine.open(lambda _: None)
            session.receive(packet.content, packet.buffers)
            opened.append(session)
        engine.wait_idle()
        gc.collect()

    try:
        fill(10)  # what the first ones cause is the app's
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        fill(SESSIONS)
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    finally:
        engine.close_all()
    each = round((after - before) / SESSIONS)
    name = f"session of {COMPONENTS} components"
    return {
        "figures": {name: {"unit": "bytes", "median": each}},
        "verdicts": {name: verdict(each, SESSION_BYTES, "bytes")},
    }


def main() -> None:
    parts = [events(), reports(), sessions()]
    merged = {key: {k: v for part in parts for k, v in part[key].items()} for key in parts[0]}
    print(json.dumps(merged))


if __name__ == "__main__":
    main()
