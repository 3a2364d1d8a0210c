"""A machine that submits, cancels, lets go on, fails and disconnects in any order, and checks after
every step that the engine does what a small model of it says.
"""

from __future__ import annotations

import asyncio
import gc
import queue
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import ipyblocks as gr
from ipyblocks.protocol import Cancel, Done, Event, Failed, NodeId, Set, Stopping, TaskId
from ipyblocks.runtime.engine import Engine
from ipyblocks.transport.loopback import LoopbackPage

from .conftest import LIMIT as PATIENCE

pytestmark = pytest.mark.slow

LIMITS: dict[str, int | None] = {"one": 1, "two": 2, "any": None}
KINDS = ["sync", "async", "generator"]


def function(group: str, kind: str) -> str:
    return f"{group} {kind}"


@dataclass(eq=False)
class Run:
    """One run, as the model sees it.

    Attributes:
        orders: what its function is told to do next.
        asked, yielded: how often a generator has come to wait for an order, and was told to yield.
        task: number in its session.
    """

    number: int
    group: str
    kind: str
    page: LoopbackPage
    task: int
    state: str = "waiting"
    orders: queue.Queue[str] = field(default_factory=queue.Queue)
    asked: int = 0
    yielded: int = 0
    promise: asyncio.Future[str] | None = None

    def order(self, what: str) -> None:
        """Tell the function what to do, now or as soon as it asks."""
        self.orders.put(what)
        if self.promise is not None:
            self.promise.get_loop().call_soon_threadsafe(self._keep, what)

    def next_order(self) -> str:
        """For a generator: wait for what to do."""
        self.asked += 1
        return self.orders.get(timeout=PATIENCE)

    @property
    def settled(self) -> bool:
        """Whether a generator is where the model has it: between two steps a cancel is at once."""
        going_on = self.kind == "generator" and self.state in ("running", "stopping")
        return not going_on or self.asked == self.yielded + 1

    def _keep(self, what: str) -> None:
        if self.promise is not None and not self.promise.done():
            self.promise.set_result(what)


class App:
    """The app under test, and what its functions note.

    Attributes:
        started: numbers of runs whose function was entered, in order, by group.
        inside: how many functions are being run, by group, and the most there have been.
    """

    def __init__(self) -> None:
        self.runs: dict[int, Run] = {}
        self.lock = threading.Lock()
        self.started: dict[str, list[int]] = {group: [] for group in LIMITS}
        self.inside = dict.fromkeys(LIMITS, 0)
        self.most = dict.fromkeys(LIMITS, 0)
        with gr.Blocks() as self.demo:
            self.text, self.out = gr.Textbox(), gr.Textbox()
            self.buttons = {
                function(group, kind): self._button(group, kind)
                for group in LIMITS
                for kind in KINDS
            }
        self.engine = Engine(self.demo)
        self.tasks: list[weakref.ref[Any]] = []
        make = self.engine.new_task

        def new_task(*args: Any) -> Any:
            task = make(*args)
            self.tasks.append(weakref.ref(task))
            return task

        self.engine.new_task = new_task  # type: ignore[method-assign]

    def _button(self, group: str, kind: str) -> gr.Button:
        fn = {"sync": self._sync, "async": self._async, "generator": self._generator}[kind](group)
        button = gr.Button()
        button.click(
            fn,
            self.text,
            self.out,
            trigger_mode="multiple",
            concurrency_limit=LIMITS[group],
            concurrency_id=group,
        )
        return button

    def enter(self, group: str, number: str) -> Run:
        with self.lock:
            self.started[group].append(int(number))
            self.inside[group] += 1
            self.most[group] = max(self.most[group], self.inside[group])
            return self.runs[int(number)]

    def leave(self, group: str) -> None:
        with self.lock:
            self.inside[group] -= 1

    def _sync(self, group: str) -> Callable[[str], str]:
        def work(number: str) -> str:
            run = self.enter(group, number)
            try:
                return obey(run.orders.get(timeout=PATIENCE))
            finally:
                self.leave(group)

        return work

    def _async(self, group: str) -> Callable[[str], Any]:
        async def work(number: str) -> str:
            run = self.enter(group, number)
            run.promise = asyncio.get_running_loop().create_future()
            if not run.orders.empty():
                run.promise.set_result(run.orders.get_nowait())
            try:
                return obey(await run.promise)
            finally:
                self.leave(group)

        return work

    def _generator(self, group: str) -> Callable[[str], Any]:
        def work(number: str) -> Any:
            run = self.enter(group, number)
            try:
                while (order := run.next_order()) != "return":
                    yield obey(order)
                yield "last"
            finally:
                self.leave(group)

        return work


def obey(order: str) -> str:
    """Do as told."""
    match order:
        case "raise":
            raise ValueError("as told")
        case "exit":
            raise SystemExit(3)
        case "interrupt":
            raise KeyboardInterrupt
    return order


class Machine(RuleBasedStateMachine):
    """See the module."""

    def __init__(self) -> None:
        super().__init__()
        self.app = App()
        self.engine = self.app.engine
        self.pages = [self.open() for _ in range(2)]
        self.counts = dict.fromkeys(self.pages, 0)
        self.ended: dict[Run, str] = {}
        self.order: dict[str, list[int]] = {group: [] for group in LIMITS}

    def open(self) -> LoopbackPage:
        page = LoopbackPage(self.engine, f"page{time.monotonic_ns()}")
        page.hello()
        return page

    # --- the model ---

    def of(self, group: str, *states: str) -> list[Run]:
        return [r for r in self.app.runs.values() if r.group == group and r.state in states]

    def advance(self) -> None:
        """Whoever is first starts, while there is room."""
        for group, limit in LIMITS.items():
            for run in self.of(group, "waiting"):
                if limit is not None and len(self.of(group, "running", "stopping")) >= limit:
                    break
                run.state = "running"
                self.order[group].append(run.number)

    def end(self, run: Run, how: str) -> None:
        run.state = "ended"
        self.ended[run] = how
        self.advance()

    # --- rules ---

    @rule(
        group=st.sampled_from(list(LIMITS)),
        kind=st.sampled_from(KINDS),
        which=st.integers(0, 1),
    )
    def submit(self, group: str, kind: str, which: int) -> None:
        page = self.pages[which]
        self.counts[page] += 1
        number = len(self.app.runs)
        self.app.runs[number] = Run(number, group, kind, page, self.counts[page])
        self.advance()
        node = {name: self.app.demo.id_of(b) for name, b in self.app.buttons.items()}
        text = self.app.demo.id_of(self.app.text)
        assert text is not None
        page.send(
            Set(seq=0, node=text, props={"value": str(number)}),
            Event(seq=0, node=NodeId(node[function(group, kind)] or 0), name="click", data=None),
        )

    def active(self, *kinds: str) -> list[Run]:
        return [
            run
            for group in LIMITS
            for run in self.of(group, "running", "stopping")
            if run.kind in kinds
        ]

    @precondition(lambda self: self.active(*KINDS))
    @rule(data=st.data(), order=st.sampled_from(["return", "raise", "exit", "interrupt"]))
    def finish(self, data: st.DataObject, order: str) -> None:
        run = data.draw(st.sampled_from(self.active(*KINDS)))
        good = "done" if order == "return" else "failed"
        stopped = run.state == "stopping" and order == "return"
        run.order(order)
        self.end(run, "cancelled" if stopped else good)

    @precondition(lambda self: self.active("generator"))
    @rule(data=st.data())
    def let_yield(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from(self.active("generator")))
        run.yielded += 1
        run.order("yield")
        if run.state == "stopping":
            self.end(run, "cancelled")

    @precondition(lambda self: any(run.state != "ended" for run in self.app.runs.values()))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        left = [run for run in self.app.runs.values() if run.state != "ended"]
        run = data.draw(st.sampled_from(left))
        self.stop(run)
        run.page.send(Cancel(seq=0, task=TaskId(run.task)))

    def stop(self, run: Run) -> None:
        if run.state == "waiting" or (run.state == "running" and run.kind == "async"):
            self.end(run, "cancelled")
        elif run.state == "running":
            run.state = "stopping"

    @rule(data=st.data())
    def cancel_what_is_over(self, data: st.DataObject) -> None:
        over = [run.task for run in self.ended if run.page in self.pages]
        task = data.draw(st.sampled_from([*over, 999]))
        known = {run.task for run in self.ended if run.page is self.pages[0]}
        if task in known or task == 999:
            self.pages[0].send(Cancel(seq=0, task=TaskId(task)))

    @rule(which=st.integers(0, 1))
    def disconnect(self, which: int) -> None:
        """A page goes, and another one comes."""
        page, self.pages[which] = self.pages[which], self.open()
        self.counts[self.pages[which]] = 0
        mine = [run for run in self.app.runs.values() if run.page is page]
        # What runs is stopped first, then nothing of it may start.
        for run in mine:
            if run.state == "waiting":
                run.state, self.ended[run] = "ended", "gone"
        for run in mine:
            self.stop(run)
        self.advance()
        page.close()

    # --- what must hold ---

    def expected(self) -> tuple[int, int, int]:
        waiting = [r for r in self.app.runs.values() if r.state == "waiting"]
        running = [r for r in self.app.runs.values() if r.state in ("running", "stopping")]
        return len(waiting), len(running), len({r.group for r in [*waiting, *running]})

    @invariant()
    def the_engine_does_as_the_model_says(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self.agrees():
            assert time.monotonic() < deadline, (self.expected(), self.found(), self.order)
        for group, limit in LIMITS.items():
            assert limit is None or self.app.most[group] <= limit
        for page in self.pages:
            self.told(page)

    def found(self) -> Any:
        with self.app.lock:
            return tuple(self.statistics()), {g: list(s) for g, s in self.app.started.items()}

    def statistics(self) -> tuple[int, int, int]:
        return self.engine.thread.call(self.engine.queue.statistics)

    def agrees(self) -> bool:
        statistics = self.statistics()
        with self.app.lock:
            # In a group without limit, threads may be entered in another order than they started.
            same = all(
                started == self.order[group]
                if LIMITS[group] == 1
                else sorted(started) == sorted(self.order[group])
                for group, started in self.app.started.items()
            )
        settled = all(run.settled for run in self.app.runs.values())
        return same and settled and statistics == self.expected()

    def told(self, page: LoopbackPage) -> None:
        """Every task of the page that has ended was told of once, the others not."""
        self.engine.thread.run(page.session.settle()).result()
        ends: dict[int, list[str]] = {}
        for message in list(page.messages):
            if isinstance(message, (Done, Failed)):
                code = "done" if isinstance(message, Done) else message.code
                ends.setdefault(message.task, []).append(code)
        names = {"done": "done", "cancelled": "cancelled", "failed": "internal"}
        wanted = {run.task: [names[how]] for run, how in self.ended.items() if run.page is page}
        assert ends == wanted
        stopping = {m.task for m in list(page.messages) if isinstance(m, Stopping)}
        now = {r.task for r in self.app.runs.values() if r.page is page and r.state == "stopping"}
        assert now <= stopping
        tasks = self.engine.thread.call(page.session.statistics).tasks
        assert tasks == sum(r.page is page and r.state != "ended" for r in self.app.runs.values())

    def teardown(self) -> None:
        try:
            for run in self.app.runs.values():
                run.order("return")
            self.engine.wait_idle(PATIENCE)
            assert self.engine.queue._groups == {}
        finally:
            self.engine.close_all()
        assert self.app.inside == dict.fromkeys(LIMITS, 0)
        self.engine.thread._thread.join(PATIENCE)  # its frames hold what it did last
        gc.collect()
        assert [ref() for ref in self.app.tasks if ref() is not None] == []


def test_any_order_of_things(no_leftovers: None) -> None:
    checked = settings(
        max_examples=25,
        stateful_step_count=20,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(Machine, settings=checked)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("kind", KINDS)
def test_the_machine_notices_a_slot_too_many(kind: str, no_leftovers: None) -> None:
    """The check of the check: an engine that lets two run where one may is found out."""
    machine = Machine()
    limits = machine.engine.index.limits["one"]
    limits.update(dict.fromkeys(limits, 2))
    try:
        machine.submit("one", kind, 0)
        machine.submit("one", kind, 1)
        deadline = time.monotonic() + PATIENCE
        while machine.app.inside["one"] < 2:
            assert time.monotonic() < deadline
        assert not machine.agrees()
    finally:
        machine.teardown()
