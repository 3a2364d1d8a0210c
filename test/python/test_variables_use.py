"""Variables as people use them: observers, places inside, mirrors, defaults, actions."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
import traitlets

from ipyblocks.app import page_of
from ipyblocks.errors import CycleError
from ipyblocks.protocol import Cancel, CopyText, Done, Failed, SaveFile, Started, Toast
from ipyblocks.reactive import (
    ActionCtx,
    Button,
    DerivedVariable,
    For,
    ProgressUpdater,
    Text,
    Variable,
    action,
    track_progress,
)
from ipyblocks.runtime import snapshot

from .conftest import LIMIT

Show = Callable[..., Any]


# --- observers ------------------------------------------------------------------------------------


class Listening:
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def hear(self, change: Any) -> None:
        self.heard.append(change.new)


def test_a_bound_method_is_unobserved() -> None:
    x, one = Variable(1), Listening()
    x.observe(one.hear)
    x.unobserve(one.hear)
    x.value = 2
    assert one.heard == []


def test_an_observer_is_one_however_often_it_is_given() -> None:
    x, one = Variable(1), Listening()
    x.observe(one.hear)
    x.observe(one.hear)
    x.value = 2
    assert one.heard == [2]


@pytest.mark.parametrize(
    "given",
    [
        {"names": traitlets.All},
        {"names": ["value"]},
        {"names": "value", "type": "change"},
        {"type": traitlets.All},
    ],
)
def test_what_is_observed_in_the_words_of_ipywidgets(given: dict[str, Any]) -> None:
    x, one = Variable(1), Listening()
    x.observe(one.hear, **given)
    x.value = 2
    assert one.heard == [2]
    x.unobserve_all(traitlets.All)
    x.value = 3
    assert one.heard == [2]


@pytest.mark.parametrize("given", [{"names": "color"}, {"type": "delete"}])
def test_what_a_variable_has_not_cannot_be_observed(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="variable"):
        Variable(1).observe(print, **given)


# --- values ---------------------------------------------------------------------------------------


def test_places_set_by_many_threads_are_all_there() -> None:
    x = Variable({})

    def fill(key: str) -> None:
        for i in range(2000):
            x.get(key).value = i

    threads = [threading.Thread(target=fill, args=(key,)) for key in "abcd"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert x.value == dict.fromkeys("abcd", 1999)


def test_a_default_is_what_it_was() -> None:
    x = Variable({"a": [1]})
    x.value["a"].append(2)
    x.to_default()
    assert x.value == {"a": [1]}
    x.value["a"].append(3)
    x.to_default()
    assert x.value == {"a": [1]}
    inside: list[Any] = []
    inside.append(inside)
    assert Variable(inside).value is inside


def test_a_value_is_waited_for_as_long_as_one_says(gate: Callable[[], Any]) -> None:
    door = gate()

    def slow() -> int:
        door.wait()
        return 5

    def raises() -> None:
        raise TimeoutError("of the function")

    async def read() -> None:
        waited = DerivedVariable(slow, [])
        with pytest.raises(TimeoutError, match="takes longer"):
            await waited.get_current_value(timeout=0.01)
        door.open()
        assert await waited.get_current_value(timeout=LIMIT) == 5
        with pytest.raises(TimeoutError, match="of the function"):
            await DerivedVariable(raises, []).get_current_value(timeout=LIMIT)

    asyncio.run(read())


def test_a_tracked_function_is_read_without_an_app() -> None:
    @track_progress
    def tracked(x: int, updater: ProgressUpdater) -> int:
        updater.send_update(50, "half")
        updater.fake_progress(90, "more")
        return x + 1

    assert DerivedVariable(tracked, [Variable(1)]).value == 2


def test_messages_name_a_derived_variable_by_the_name_it_was_given() -> None:
    x = Variable(1)
    first = DerivedVariable(lambda value: second.value, [x], uid="first")
    second = DerivedVariable(lambda value: first.value, [x], uid="second")
    with pytest.raises(CycleError, match="'second' → DerivedVariable 'first' →"):
        _ = second.value


def test_what_has_failed_is_tried_once_more_by_who_reads_it(show: Show) -> None:
    calls: list[int] = []

    def flaky() -> str:
        calls.append(1)
        if len(calls) in (1, 3):
            raise ValueError(f"call {len(calls)}")
        return "fine"

    source = DerivedVariable(flaky, [])
    below = DerivedVariable(lambda value: value + "!", [source])
    with pytest.raises(ValueError, match="call 1"):
        _ = below.value
    assert below.value == "fine!"
    assert len(calls) == 2
    source.again()
    shown = show(page_of(Text(below)))
    shown.until(Failed)
    assert asyncio.run(below.get_current_value()) == "fine!"
    shown.engine.wait_idle()
    assert len(calls) == 4


def test_a_generator_is_no_function_of_a_variable() -> None:
    def many() -> Any:
        yield 1

    with pytest.raises(TypeError, match="generator"):
        DerivedVariable(many, [], run_as_task=True)


def test_a_polling_interval_may_change(show: Show) -> None:
    interval, calls = Variable(1000.0), threading.Semaphore(0)
    polled = DerivedVariable(calls.release, [], polling_interval=interval)
    show(page_of(Text(polled)))
    assert calls.acquire(timeout=LIMIT)
    interval.value = 0.001
    for _ in range(3):
        assert calls.acquire(timeout=LIMIT)


# --- mirrors --------------------------------------------------------------------------------------


def test_a_mirror_that_was_set_needs_nothing_of_the_other() -> None:
    x, calls = Variable(1), []

    def fails(value: int) -> int:
        calls.append(value)
        raise ValueError(value)

    mirror = Variable.create_from_derived(DerivedVariable(fails, [x]))
    with pytest.raises(ValueError, match="1"):
        _ = mirror.value
    mirror.value = 5
    x.value = 2
    assert mirror.value == 5
    assert calls == [1]
    mirror.to_default()
    with pytest.raises(ValueError, match="2"):
        _ = mirror.value


@pytest.mark.parametrize("seed", range(30))
def test_mirrors_of_mirrors_are_what_they_should_be(seed: int) -> None:
    rng, ten, own = random.Random(seed), 0, [None, None]
    source = Variable(0)
    first = Variable.create_from_derived(DerivedVariable(lambda value: 10 * value, [source]))
    mirrors = [first, Variable.create_from_derived(first)]
    both = DerivedVariable(lambda *values: values, mirrors)
    for _ in range(40):
        which, number = rng.randrange(2), rng.randrange(1, 5)
        match rng.randrange(5):
            case 0:
                source.value, ten = number, 10 * number
            case 1:
                mirrors[which].value = own[which] = number
            case 2:
                mirrors[which].to_default()
                own[which] = None
            case 3 if both._observed is None:
                both.observe(print)
            case 3:
                both.unobserve_all()
            case 4:
                outer = own[0] or ten
                assert both.value == (outer, own[1] or outer)
    both.unobserve_all()


def test_a_mirror_that_was_set_is_not_computed_for_those_who_look(show: Show) -> None:
    x, calls = Variable(1), []
    mirror = Variable.create_from_derived(DerivedVariable(lambda v: calls.append(v) or v, [x]))
    shown = show(page_of(Text(mirror)))
    shown.engine.wait_idle()
    mirror.value = 7
    x.value = 2
    shown.engine.wait_idle()
    assert calls == [1]
    mirror.value = 8
    shown.engine.wait_idle()
    assert mirror.value == 8
    mirror.to_default()
    shown.engine.wait_idle()
    assert (mirror.value, calls) == (2, [1, 2])


def test_a_place_in_a_mirror_that_nobody_has_read(show: Show) -> None:
    other = DerivedVariable(lambda: {"a": 1, "b": 2}, [])
    one, two = Variable.create_from_derived(other), Variable.create_from_derived(other)
    one.get("a").value = 5
    assert one.value == {"a": 5, "b": 2}
    button = Button("set", onclick=two.get("b").update(6))
    show(page_of(button)).run(button)
    assert two.value == {"a": 1, "b": 6}


def test_a_mirror_that_nobody_has_read_is_toggled(show: Show) -> None:
    mirror = Variable.create_from_derived(DerivedVariable(lambda: True, []))
    button = Button("toggle", onclick=mirror.toggle())
    show(page_of(button)).run(button)
    assert mirror.value is False


# --- actions --------------------------------------------------------------------------------------


def test_an_action_in_several_rows_is_loading_until_the_last_has_ended(
    show: Show, gate: Callable[[], Any]
) -> None:
    doors = [gate(), gate()]

    @action
    async def go(ctx: ActionCtx, row: int) -> None:
        await doors[row].pass_through()

    rows = Variable([0, 1])
    doing = go(rows.list_item)
    shown = show(page_of(For(rows, Button("go", onclick=doing))))
    shown.engine.wait_idle()
    drawn = shown.on_loop(lambda: snapshot.welcome(shown.session, None, 0, secret=True))
    buttons = [node.id for node in drawn.nodes if node.kind == "button"]
    for door, button in zip(doors, buttons, strict=True):
        shown.page.fire(button, "click")
        door.reached()
    done = len(shown.messages(Done))
    doors[0].open()
    shown.until(Done, done + 1)
    assert doing.loading.value is True
    doors[1].open()
    shown.page.idle()
    assert doing.loading.value is False


@pytest.mark.slow
def test_a_cancelled_action_tells_no_more_reports(show: Show, gate: Callable[[], Any]) -> None:
    told: list[float] = []
    first, never = gate(), gate()

    @track_progress
    def work(updater: ProgressUpdater) -> None:
        import time

        for i in range(20):
            updater.send_update(i, "")
        time.sleep(600)

    @action
    async def go(ctx: ActionCtx) -> None:
        async def on_progress(update: Any) -> None:
            told.append(update.progress)
            await (never if first.entered.is_set() else first).pass_through()

        await ctx.run_task(work, on_progress=on_progress)

    button = Button("go", onclick=go())
    shown = show(page_of(button)).fire(button)
    first.reached()
    shown.page.send(Cancel(seq=0, task=shown.until(Started)[0].task))
    assert shown.until(Failed)[0].code == "cancelled"
    assert told == [0]


def test_what_an_action_says_is_text_whatever_it_is_given(show: Show) -> None:
    @action
    async def go(ctx: ActionCtx) -> None:
        await ctx.notify(5, title=None, key=6)  # type: ignore[arg-type]
        await ctx.copy_to_clipboard(7, success_message=8)  # type: ignore[arg-type]
        await ctx.download_variable(Variable([9]), file_name=10)  # type: ignore[arg-type]

    button = Button("go", onclick=go())
    shown = show(page_of(button)).run(button)
    [toast], [copied], [saved] = map(shown.until, (Toast, CopyText, SaveFile))
    assert (toast.message, toast.title, toast.key) == ("5", "", "6")
    assert (copied.text, copied.success_message) == ("7", "8")
    assert saved.name == "10.csv"


def test_an_action_that_is_given_nonsense_says_which(show: Show) -> None:
    said: list[str] = []
    ragged, no_number = Variable({"a": [1, 2], "b": [3]}), Variable(float("nan"))

    @action
    async def go(ctx: Any) -> None:
        for wrong in (
            ctx.run_task(None),
            ctx.run_task(len, args=["x"], on_progress=5),
            ctx.execute_action(5),
            ctx.reset_variables(5),
            ctx.download_variable(5),
            ctx.download_variable(ragged),
            ctx.download_variable(no_number, type="json"),
        ):
            with pytest.raises(TypeError) as raised:
                await wrong
            said.append(str(raised.value))

    button = Button("go", onclick=go())
    shown = show(page_of(button)).run(button)
    assert shown.messages(Failed) == []
    assert said == [
        "ctx.run_task() takes a function, not None.",
        "on_progress must be a function, not 5.",
        "ctx.execute_action() takes an action, not 5.",
        "5 has no default to go back to.",
        "ctx.download_variable() takes a variable, not 5.",
        "The lists of the columns differ in length, so this is no csv.",
        "The value cannot be written as JSON: Out of range float values are not JSON compliant"
        + said[-1].partition("compliant")[2],
    ]


# --- the end of an iterator, which no future can hold ---------------------------------------------


def _ends() -> Any:
    return next(iter([]))


def test_it_is_read_from_a_coroutine() -> None:
    async def read() -> None:
        with pytest.raises(RuntimeError, match="StopIteration"):
            await DerivedVariable(_ends, []).get_current_value()

    asyncio.run(read())


@pytest.mark.slow
def test_it_ends_on_progress_and_a_task(show: Show) -> None:
    ended: list[Any] = []

    @track_progress
    def says(updater: ProgressUpdater) -> str:
        updater.send_update(1, "")
        return "said"

    @action
    async def go(ctx: ActionCtx) -> None:
        ended.append(await ctx.run_task(says, on_progress=lambda update: _ends()))
        try:
            await ctx.run_task(lambda: next(iter([])))
        except RuntimeError as error:
            ended.append(str(error))

    button = Button("go", onclick=go())
    show(page_of(button)).run(button)
    assert ended == ["said", "The function raised StopIteration."]
