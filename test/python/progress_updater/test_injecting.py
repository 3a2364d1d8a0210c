"""Who gets a ``ProgressUpdater``."""

from __future__ import annotations

import asyncio
import functools
import inspect
import typing
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any, Optional

import pytest

from ipyblocks import context
from ipyblocks.progress_updater import ProgressUpdater, track_progress
from ipyblocks.runtime.backends.base import kind_of

from .conftest import FIVE, Bench, annotated, steps


def test_a_method_gets_what_is_said() -> None:
    got: list[Any] = []
    ProgressUpdater(lambda *said: got.append(said)).send_update(100, "finished")
    assert got == [(100, "finished")]


def test_called_by_hand_with_a_method() -> None:
    got: list[Any] = []
    assert steps("a", __send_update=lambda *said: got.append(said)) == "result"
    assert got == FIVE

    @track_progress
    def guess(updater: ProgressUpdater) -> None:
        updater.fake_progress(80, "guessing", 5000)

    guess(__send_update=lambda *said: got.append(said))
    assert got[5:] == [(80, "guessing")]
    guess(__send_update=None)  # nobody wants to know


def test_called_by_hand_without_one() -> None:
    with pytest.raises(ValueError, match=r"^Key __send_update not found in kwargs.*__send_update="):
        steps("a")


def test_an_updater_by_name_is_taken_as_it_is(bench: Bench) -> None:
    got: list[Any] = []
    with context.running(None):
        steps("a", updater=ProgressUpdater(lambda *said: got.append(said)))
        steps("b", updater=ProgressUpdater())
    assert got == FIVE
    assert bench.reports.stack == []


def test_without_an_annotation() -> None:
    match = "Couldn't find an annotation matching the type ProgressUpdater"
    with pytest.raises(ValueError, match=match):
        track_progress(lambda updater: updater)

    def elsewhere(a: list[ProgressUpdater], *b: ProgressUpdater, **c: ProgressUpdater) -> None: ...

    with pytest.raises(ValueError, match=match):
        track_progress(elsewhere)
    with pytest.raises(ValueError, match=match):
        track_progress(steps)
    with pytest.raises(TypeError, match="decorates functions, not a int"):
        track_progress(5)  # type: ignore[call-overload]


def test_metadata() -> None:
    assert steps.__name__ == "steps"
    assert steps.__wrapped__.__name__ == "steps"  # type: ignore[attr-defined]
    assert steps.__wrapped_by__ is track_progress  # type: ignore[attr-defined]
    assert list(inspect.signature(steps).parameters) == ["name"]


def test_with_parentheses() -> None:
    @track_progress()
    def fn(x: int, updater: ProgressUpdater) -> int:
        updater.send_update(x, "")
        return x

    assert fn(3, __send_update=print) == 3
    assert fn.__wrapped_by__ is track_progress  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "annotation",
    [
        ProgressUpdater,
        "ProgressUpdater",
        "gr_updater.ProgressUpdater",  # a name that is not known here
        Optional[ProgressUpdater],  # noqa: UP045 - the older way of writing it
        Optional["ProgressUpdater"],
        "Optional[ProgressUpdater]",
        "'ProgressUpdater'",
        ProgressUpdater | None,
        "None | ProgressUpdater",
        Annotated[ProgressUpdater, "of this call"],
        typing.Union[int, ProgressUpdater, None],  # noqa: UP007
    ],
    ids=str,
)
def test_annotations(annotation: Any, bench: Bench) -> None:
    fn = track_progress(annotated(annotation))
    a, updater = fn(1)
    assert a == 1
    assert type(updater) is ProgressUpdater


def test_a_class_of_the_function_s_surroundings() -> None:
    def local() -> Callable[..., Any]:
        from ipyblocks.progress_updater import ProgressUpdater as Mine

        @track_progress
        def fn(updater: Mine) -> Any:  # a name that only the surroundings know
            return updater, Mine

        return fn

    updater, _ = local()(__send_update=None)
    assert type(updater) is ProgressUpdater


def test_the_updater_may_stand_anywhere(bench: Bench) -> None:
    @track_progress
    def first(updater: ProgressUpdater, a: int, b: int = 2, *rest: int, c: int = 3) -> Any:
        return type(updater), a, b, rest, c

    @track_progress
    def middle(a, updater: ProgressUpdater, b, /, c=3, **more):  # type: ignore[no-untyped-def]
        return type(updater), a, b, c, more

    @track_progress
    def named(a: int = 1, *, updater: ProgressUpdater) -> Any:
        return type(updater), a

    @track_progress
    def two(one: ProgressUpdater, a: int, other: ProgressUpdater | None = None) -> Any:
        return type(one), a, one is other

    def given(fn: Any, *args: Any, **kwargs: Any) -> Any:
        updater, *others = fn(*args, **kwargs)
        assert updater is ProgressUpdater
        return others

    assert given(first, 1) == [1, 2, (), 3]
    assert given(first, 1, 5, 6, 7, c=8) == [1, 5, (6, 7), 8]
    assert given(middle, 1, 2) == [1, 2, 3, {}]
    assert given(middle, 1, 2, c=4, d=5) == [1, 2, 4, {"d": 5}]
    assert given(named) == [1]
    assert given(two, 5) == [5, True]
    assert list(inspect.signature(middle).parameters) == ["a", "b", "c", "more"]
    assert given(two, 1, other="mine") == [1, False]
    with pytest.raises(TypeError, match=r"first\(\) missing 1 required positional argument: 'a'"):
        first()
    with pytest.raises(ValueError, match=r"The parameter 'updater' .* Put it first"):

        @track_progress
        def late(a: int = 1, updater: ProgressUpdater = None, /) -> None: ...  # type: ignore[assignment]


def test_methods_partials_and_objects(bench: Bench) -> None:
    class Model:
        @track_progress
        def train(self, a: int, updater: ProgressUpdater) -> Any:
            return self, a, type(updater)

        @staticmethod
        @track_progress
        def load(updater: ProgressUpdater) -> Any:
            return type(updater)

        async def __call__(self, updater: ProgressUpdater) -> Any:
            return type(updater)

    model = Model()
    assert model.train(1) == (model, 1, ProgressUpdater)
    assert model.load() is ProgressUpdater
    assert track_progress(functools.partial(annotated(ProgressUpdater), 4))()[0] == 4
    called = track_progress(model)
    assert inspect.iscoroutinefunction(called)
    assert asyncio.run(called()) is ProgressUpdater


def test_each_kind_stays_what_it_is(bench: Bench) -> None:
    @track_progress
    def plain(updater: ProgressUpdater) -> None: ...

    @track_progress
    async def awaited(updater: ProgressUpdater) -> str:
        await asyncio.sleep(0)
        updater.send_update(50, "half")
        return "value"

    @track_progress
    def generated(updater: ProgressUpdater) -> Iterator[Any]:
        updater.send_update(50, "half")
        got = yield 1
        yield got

    @track_progress
    async def streamed(updater: ProgressUpdater) -> AsyncIterator[Any]:
        yield 1

    kinds = [kind_of(each) for each in (plain, awaited, generated, streamed)]
    assert kinds == ["plain", "async", "generator", "async generator"]
    assert asyncio.run(awaited()) == "value"
    values = generated()
    assert bench.reports.stack == []  # not begun
    assert next(values) == 1
    assert len(bench.reports.stack) == 1
    assert values.send("sent") == "sent"
    values.close()
    assert bench.reports.stack == []


def test_an_async_generator_is_sent_and_thrown_what_its_caller_sends(bench: Bench) -> None:
    ended = []

    @track_progress
    async def streamed(updater: ProgressUpdater) -> AsyncIterator[Any]:
        got = None
        try:
            while True:
                try:
                    got = yield got
                except KeyError as error:
                    got = f"caught {error}"
                if got == "end":
                    return
        finally:
            ended.append(got)

    async def use() -> None:
        values: Any = streamed()
        assert await values.__anext__() is None
        assert await values.asend(1) == 1
        assert await values.athrow(KeyError("it")) == "caught 'it'"
        with pytest.raises(StopAsyncIteration):
            await values.asend("end")
        other: Any = streamed()
        await other.__anext__()
        await other.aclose()
        failing: Any = streamed()
        await failing.__anext__()
        with pytest.raises(ZeroDivisionError):
            await failing.athrow(ZeroDivisionError())

    asyncio.run(use())
    assert ended == ["end", None, None]
    assert bench.reports.stack == []
