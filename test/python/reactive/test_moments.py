"""Variables at unkind moments: what happens between two steps of another thread."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from ipyblocks.app import page_of
from ipyblocks.protocol import Failed
from ipyblocks.reactive import (
    ActionCtx,
    Button,
    DerivedVariable,
    If,
    SwitchVariable,
    Text,
    Variable,
    action,
)
from ipyblocks.runtime import jobs
from ipyblocks.runtime import loop as loops
from ipyblocks.runtime.backends import choice
from ipyblocks.runtime.computation import Computation
from ipyblocks.runtime.evaluator import MOST_THREADS, Evaluator, evaluator
from ipyblocks.runtime.loop import LoopThread
from ipyblocks.variables import graph, mirror
from ipyblocks.variables.watch import Watch

from ..conftest import LIMIT
from ..test_variables import Seen
from .conftest import Show, press, settle, texts, until


def in_another_thread(fn: Callable[[], object]) -> None:
    thread = threading.Thread(target=fn)
    thread.start()
    thread.join(LIMIT)
    assert not thread.is_alive()


def no_loop() -> None:
    """Wait for the end of a loop that nobody needs any more."""
    for thread in threading.enumerate():
        if thread.name == "ipyblocks-loop":
            thread.join(LIMIT)


def test_a_call_whose_input_has_changed_before_it_begins_does_not_begin(
    show: Show, gate: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    x, held, hand_over = Variable(1), gate(), evaluator.hand_over

    def hand_over_late(run: Computation, thread: LoopThread) -> None:
        if x.value == 1:
            x.value = 2
            thread.call(lambda: None)  # who ends calls that are out of date has looked
        hand_over(run, thread)

    async def slow(v: int) -> int:
        if v == 1:
            await held.pass_through()
        return v

    monkeypatch.setattr(evaluator, "hand_over", hand_over_late)
    shown = show(page_of(Text(DerivedVariable(slow, [x]))))
    assert texts(settle(shown)) == ["2"]
    assert not held.entered.is_set()


def test_an_app_that_is_closed_as_its_task_begins_leaves_no_worker(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, begin = Variable(False), jobs.begin
    closed = threading.Event()

    def close() -> None:
        shown.engine.close(shown.session)
        closed.set()

    def begin_and_close(*args: Any) -> Any:
        shown.engine.loop.call_soon(close)  # before the first step of the task
        return begin(*args)

    monkeypatch.setattr(jobs, "begin", begin_and_close)
    shown = show(page_of(If(x, Text(DerivedVariable(os.getpid, [], run_as_task=True)), Text(""))))
    x.value = True
    assert closed.wait(LIMIT)
    no_loop()
    assert choice._users == 0
    assert not choice._own
    assert choice.places.taken == 0


def test_an_action_that_goes_on_after_its_app_starts_no_worker(
    show: Show, gate: Callable[[], Any]
) -> None:
    held = gate()

    @action
    async def go(ctx: ActionCtx) -> None:
        try:
            await held.pass_through()
        finally:
            await ctx.run_task(os.getpid)

    shown = show(page_of(Button("Go", onclick=go())))
    (node,) = [n for n, b in shown.on_loop(shown.session.scene.blocks) if isinstance(b, Button)]
    shown.page.fire(node, "click")
    held.reached()
    shown.engine.close_all()
    no_loop()
    assert choice._users == 0
    assert not choice._own


def test_a_flush_ends_though_a_former_app_had_something_to_tell(show: Show) -> None:
    flushed = []

    def last_word() -> None:
        evaluator.wake()
        evaluator.release()

    evaluator.hold().call(last_word)
    no_loop()

    @action
    async def go(ctx: ActionCtx) -> None:
        await ctx.flush()
        flushed.append(1)

    press(show(page_of(Button("Go", onclick=go()))), "Go")
    assert flushed


def test_what_is_told_as_one_loop_follows_another_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    overtaken: list[LoopThread] = []

    def thread_of(self: Evaluator) -> LoopThread | None:
        """Who asks has no sooner heard which loop there is than another one takes its place."""
        found: LoopThread | None = vars(self)["_thread"]
        if asking and not overtaken:
            assert found is not None
            overtaken.append(found)
            evaluator.release()
            evaluator.hold()
        return found

    asking: list[int] = []
    put = lambda self, thread: vars(self).update(_thread=thread)  # noqa: E731
    monkeypatch.setattr(Evaluator, "_thread", property(thread_of, put), raising=False)
    evaluator.hold()
    asking.append(1)
    evaluator.wake()
    assert overtaken
    try:
        x, seen = Variable(1), Seen()
        d = DerivedVariable(lambda v: v, [x])
        d.observe(seen)
        seen.until(1)
        d.unobserve_all()
    finally:
        evaluator.release()


def test_nobody_holds_a_loop_that_could_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> LoopThread:
        raise RuntimeError("no threads")

    monkeypatch.setattr(loops, "acquire", none)
    with pytest.raises(RuntimeError, match="no threads"):
        evaluator.hold()
    assert evaluator._users == 0


def test_a_wave_that_would_begin_as_the_loop_ends_does_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Last(DerivedVariable):
        """Whoever looks whether it is to be computed is the last."""

        @property
        def run(self) -> object | None:
            if looked_at and threading.current_thread().name == "ipyblocks-loop":
                looked_at.clear()
                in_another_thread(evaluator.release)
            return None

        @run.setter
        def run(self, _: object | None) -> None:
            """It never runs."""

    looked_at: list[int] = []
    watch = Watch(Last(lambda: 1, []), lambda: None)
    thread = evaluator.hold()
    loops.acquire()  # somebody else goes on with the loop
    try:
        looked_at.append(1)
        with caplog.at_level(logging.ERROR):
            thread.call(watch.start)
            until(lambda: not looked_at)
            thread.call(lambda: None)
    finally:
        watch.stop()
        loops.release()
    assert not caplog.records
    assert evaluator._wave is None


def test_a_call_that_ends_as_a_cell_begins_to_wait_for_it(gate: Callable[[], Any]) -> None:
    held = gate()

    class Fleeting(DerivedVariable):
        """Its call ends when a cell has looked whether it runs, as soon as it can."""

        _run: object | None = None

        @property
        def run(self) -> object | None:
            found = self._run
            is_cell = threading.current_thread() is threading.main_thread()
            if is_cell and found is not None and not graph.lock._is_owned():  # type: ignore[attr-defined]
                held.open()
                until(lambda: self._run is None)
            return found

        @run.setter
        def run(self, run: object | None) -> None:
            self._run = run

    async def slow() -> int:
        await held.pass_through()
        return 1

    d = Fleeting(slow, [])
    watch = Watch(d, lambda: None)
    with evaluator.held():
        watch.start()
        held.reached()
        opens = threading.Timer(0.1, held.open)  # where nothing comes in between
        opens.start()
        try:
            assert d.value == 1
        finally:
            opens.join()
            watch.stop()


def test_a_cell_that_is_interrupted_before_a_call_begins_can_be_run_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def one() -> int:
        return 1

    def interrupted() -> LoopThread:
        raise KeyboardInterrupt

    d = DerivedVariable(one, [])
    monkeypatch.setattr(loops, "acquire", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _ = d.value
    monkeypatch.undo()
    assert d.run is None
    assert d.value == 1


def test_an_app_is_not_shown_by_an_engine_that_has_ended(show: Show) -> None:
    show(page_of(Text("other")))  # the loop goes on
    engine = show(page_of(Text("one"))).engine
    engine.close_all()
    with pytest.raises(RuntimeError, match="show it again"):
        engine.open(lambda _: None)


def test_a_mirror_that_two_set_has_what_one_of_them_set(monkeypatch: pytest.MonkeyPatch) -> None:
    m, relink = Variable.create_from_derived(DerivedVariable(lambda: 1, [])), mirror.relink
    others: list[threading.Thread] = []

    def relink_late(*args: Any) -> None:
        if not others:
            others.append(threading.Thread(target=m.to_default))
            others[0].start()
            if not graph.lock._is_owned():  # type: ignore[attr-defined]
                others[0].join(LIMIT)
        relink(*args)

    monkeypatch.setattr(mirror, "relink", relink_late)
    m.value = 2
    others[0].join(LIMIT)
    assert m.value in (1, 2)


def test_it_is_loading_until_the_last_of_its_inputs_is_there(gate: Callable[[], Any]) -> None:
    gates = [gate(), gate()]

    async def value(n: int) -> int:
        await gates[n].pass_through()
        return n

    inputs = [DerivedVariable(value, [n]) for n in range(2)]
    d = DerivedVariable(lambda a, b: a + b, inputs)
    flag, watch = d.is_loading, Watch(d, lambda: None)
    with evaluator.held():
        watch.start()
        for each in gates:
            each.reached()
        until(lambda: flag.value)
        gates[0].open()
        until(lambda: inputs[0].is_current and inputs[0] not in evaluator.runs)
        evaluator.thread.call(lambda: None)
        assert flag.value
        gates[1].open()
        until(lambda: d.is_current and not flag.value)
        watch.stop()


def test_it_is_not_loading_when_what_it_waited_for_is_not_chosen_any_more(
    gate: Callable[[], Any],
) -> None:
    held, chosen = gate(), Variable(True)

    async def slow() -> int:
        await held.pass_through()
        return 1

    d = DerivedVariable(
        lambda v: v, [SwitchVariable.when(chosen, DerivedVariable(slow, []), "other")]
    )
    flag, watch = d.is_loading, Watch(d, lambda: None)
    with evaluator.held():
        watch.start()
        held.reached()
        until(lambda: flag.value)
        chosen.value = False
        until(lambda: d.is_current)
        until(lambda: not flag.value)
        watch.stop()
    assert d.now() == "other"


def test_many_that_wait_for_one_leave_it_a_thread() -> None:
    most, reading = 2 * MOST_THREADS, list[int]()

    async def first() -> int:
        while len(reading) < most:  # noqa: ASYNC110 - they are on the same loop
            await asyncio.sleep(0)
        await asyncio.sleep(0)  # the last of them waits, too
        return await last.get_current_value()

    async def reads(n: int) -> int:
        reading.append(n)
        return n + await one.get_current_value()

    async def end() -> int:
        return 1

    one, last = DerivedVariable(first, []), DerivedVariable(end, [])
    many = [DerivedVariable(reads, [n]) for n in range(most)]
    watches = [Watch(each, lambda: None) for each in many]
    with evaluator.held():
        try:
            for each in watches:
                each.start()
            until(lambda: all(each.is_current for each in many))
        finally:
            for each in watches:
                each.stop()
    assert [each.now() for each in many] == [n + 1 for n in range(most)]


def test_who_calls_on_a_loop_that_ends_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    thread = loops.acquire()
    close, post = thread.loop.close, thread.loop.call_soon_threadsafe
    raised: list[BaseException] = []
    posted = threading.Event()

    def call() -> None:
        try:
            thread.call(lambda: None)
        except RuntimeError as error:
            raised.append(error)

    def call_soon_threadsafe(*args: Any) -> Any:
        handle = post(*args)
        posted.set()
        return handle

    def close_late() -> None:
        monkeypatch.setattr(thread.loop, "call_soon_threadsafe", call_soon_threadsafe)
        late.start()
        assert posted.wait(LIMIT)
        close()

    late = threading.Thread(target=call, daemon=True)
    monkeypatch.setattr(thread.loop, "close", close_late)
    loops.release()
    late.join(LIMIT)
    assert [str(error) for error in raised] == ["The last app has been closed."]


def test_a_call_that_ends_as_it_is_found_to_be_slow_is_not_shown(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, end = Variable(1), Computation.end

    def end_late(run: Computation) -> None:
        run.began = -math.inf
        thread, wave = evaluator.thread_now, evaluator._wave
        if thread is not None and wave is not None and not thread.here:
            thread.call(lambda: evaluator._overtake(wave))
        end(run)

    shown = show(page_of(Text(DerivedVariable(lambda v: 6 // v, [x]))))
    assert texts(settle(shown)) == ["6"]
    monkeypatch.setattr(Computation, "end", end_late)
    x.value = 0
    shown.engine.wait_idle()
    # Told once, by what tells quick failures, and not by a task as well.
    assert len(shown.messages(Failed)) == 1
    x.value = 2
    assert texts(settle(shown)) == ["3"]
