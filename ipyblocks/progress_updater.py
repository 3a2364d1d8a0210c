"""``ProgressUpdater``: progress in the way of Dara, for functions made by :func:`track_progress`.

``@track_progress def train(epochs: int, updater: ProgressUpdater)`` gets an updater from the run
that calls it: an event listener, a derived variable, or ``ctx.run_task``.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
import types
import typing
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from . import context
from .progress import Level, Reports

T = TypeVar("T")

__all__ = ["ProgressUpdater", "TaskProgressUpdate", "track_progress"]


@dataclass(frozen=True, kw_only=True)
class TaskProgressUpdate:
    """A report of a function that an action runs by ``ctx.run_task``.

    Attributes:
        task_id: which call it is.
        progress: 0 to 100.
        message: what is being done.
        fake: the progress is estimated from here on, not measured.
        progress_end: what an estimate approaches, 0 to 100; None for a measured one.
        estimated_time: milliseconds that it is expected to take, 0 when that is not known; None
            for a measured one.
    """

    task_id: str
    progress: float
    message: str
    fake: bool = False
    progress_end: float | None = None
    estimated_time: float | None = None


class ProgressUpdater:
    """Says how far a function is. Annotate a parameter with it, and decorate the function with
    :func:`track_progress`.

    When the call has ended, what a thread that is left over says is not shown.

    Args:
        updater_method: called with progress and message, for a function that is called by hand;
            None: nobody wants to know.
    """

    __slots__ = ("_level", "_method", "_reports")

    def __init__(self, updater_method: Callable[[float, str], Any] | None = None) -> None:
        self._method = updater_method
        self._reports: Reports | None = None
        self._level = Level()

    @classmethod
    def of(cls, reports: Reports) -> ProgressUpdater:
        """The updater of a call that begins. Wants one :meth:`close`."""
        updater = cls()
        updater._level = reports.enter()
        updater._reports = reports
        return updater

    def close(self) -> None:
        """The call has ended. A second time does nothing."""
        reports, self._reports = self._reports, None
        if reports is not None:
            reports.leave(self._level)

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process it reports for the run there."""
        return _arrived, (self._method, self._reports is not None)

    def send_update(self, progress: float, message: str) -> None:
        """Report how far the function is, also backwards.

        A progress that makes no sense is shown as near as can be, with one warning; it never stops
        the function.

        Args:
            progress: 0 to 100.
            message: what is being done.

        Raises:
            CancelledError: the run has been cancelled.
        """
        reports = self._reports
        if reports is not None:
            # The innermost loop of a function may come through here: two stores and a test.
            self._level.said = said = (progress, message)
            if not reports.waiting:
                reports.ask(said, self._level)
        elif self._method is not None:
            self._method(progress, message)

    def fake_progress(self, progress_end: float, message: str, estimated_time: float = 0) -> None:
        """Estimate from the progress shown now up to ``progress_end``, while nothing can be
        measured.

        The bar approaches the end and never passes it; the next update ends the estimate.

        Args:
            progress_end: 0 to 100.
            message: what is being done.
            estimated_time: milliseconds it is expected to take; 0: not known.

        Raises:
            CancelledError: the run has been cancelled.
        """
        if self._reports is not None:
            self._reports.begin_fake(progress_end, message, estimated_time, self._level)
        elif self._method is not None:
            self._method(progress_end, message)


def _arrived(method: Callable[[float, str], Any] | None, bound: bool) -> ProgressUpdater:
    run = context.current_run()
    if bound and run is not None:
        return ProgressUpdater.of(run.reports)
    return ProgressUpdater(method)


# --- the decorator -------------------------------------------------------------------------------


@overload
def track_progress(func: Callable[..., T]) -> Callable[..., T]: ...


@overload
def track_progress() -> Callable[[Callable[..., T]], Callable[..., T]]: ...


def track_progress(func: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """Give a function a :class:`ProgressUpdater` wherever a parameter is annotated with one.

    Callers leave that parameter out. Inside a run the updater shows progress there; a tracked
    function that calls another shows its progress one level below its own. By hand, call it with
    ``__send_update=fn``, which gets progress and message, or with an updater by name.

    Raises:
        TypeError: not a function.
        ValueError: no parameter is annotated with ``ProgressUpdater``. When called: nobody shows
            its progress.
    """
    if func is None:
        return track_progress
    if not callable(func):
        raise TypeError(
            f"@track_progress decorates functions, not a {type(func).__name__}; it goes right "
            "above `def`, below @classmethod and @staticmethod."
        )
    tracker = _Tracker(func)
    tracked = _wrapped(func, tracker)
    functools.update_wrapper(tracked, func)
    tracked.__wrapped_by__ = track_progress  # type: ignore[attr-defined]
    tracked.__signature__ = tracker.signature  # type: ignore[attr-defined]
    return tracked


class _Tracker:
    """Brings a function its updater, one for each call.

    Attributes:
        signature: that of the function, without its updaters.
    """

    def __init__(self, func: Callable[..., Any]) -> None:
        self._name = getattr(func, "__name__", type(func).__name__)
        signature = inspect.signature(func)
        self._places = _places(signature, _names_of(func))
        if not self._places:
            raise ValueError(
                "Couldn't find an annotation matching the type ProgressUpdater in the signature "
                f"of {self._name}(). Give it a parameter for that, `updater: ProgressUpdater`."
            )
        own = [p for name, p in signature.parameters.items() if name not in self._places]
        self.signature = signature.replace(parameters=own)

    @contextmanager
    def call(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Iterator[tuple[list[Any], dict[str, Any]]]:
        """What the function is to be called with. Inside, the call goes on.

        Raises:
            ValueError: nobody shows its progress.
        """
        own = "__send_update" in kwargs
        method = kwargs.pop("__send_update", None)
        given = {name: kwargs.pop(name) for name in self._places if name in kwargs}
        updater = None if len(given) == len(self._places) else self._updater(own, method)
        placed = list(args)
        for name, place in self._places.items():
            value = given.get(name, updater)
            if place is not None and place <= len(placed):
                placed.insert(place, value)
            else:
                kwargs[name] = value
        try:
            yield placed, kwargs
        finally:
            if updater is not None:
                updater.close()

    def _updater(self, own: bool, method: Callable[[float, str], Any] | None) -> ProgressUpdater:
        if own:
            return ProgressUpdater(method)
        run = context.current_run()
        if run is None:
            raise ValueError(
                f"Key __send_update not found in kwargs: {self._name}() tracks its progress, and "
                "was called where nobody shows it. Let an event listener, a DerivedVariable or "
                f"ctx.run_task call it. By hand: {self._name}(…, __send_update=print), or, in a "
                f"thread of your own, {self._name}(…, {next(iter(self._places))}=updater) with the "
                "updater of the function that started it."
            )
        return ProgressUpdater.of(run.reports)


def _wrapped(func: Callable[..., Any], tracker: _Tracker) -> Callable[..., Any]:
    """A function of the same kind that gives ``func`` its updater."""
    is_function = inspect.isroutine(func) or isinstance(func, functools.partial)
    kind: Any = func if is_function else getattr(func, "__call__")  # noqa: B004, B009 - the method
    if inspect.isasyncgenfunction(kind):
        return _async_generator(func, tracker)

    if inspect.iscoroutinefunction(kind):

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with tracker.call(args, kwargs) as (placed, named):
                return await func(*placed, **named)

        return awaited

    if inspect.isgeneratorfunction(kind):

        def generated(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with tracker.call(args, kwargs) as (placed, named):
                return (yield from func(*placed, **named))

        return generated

    def called(*args: Any, **kwargs: Any) -> Any:
        with tracker.call(args, kwargs) as (placed, named):
            return func(*placed, **named)

    return called


def _async_generator(func: Callable[..., Any], tracker: _Tracker) -> Callable[..., Any]:
    async def generated(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        with tracker.call(args, kwargs) as (placed, named):
            async with contextlib.aclosing(func(*placed, **named)) as values:
                # What `yield from` does in a function that is not async.
                step = values.__anext__()
                while True:
                    try:
                        value = await step
                    except StopAsyncIteration:
                        return
                    try:
                        sent = yield value
                    except GeneratorExit:
                        raise
                    except BaseException as error:  # noqa: BLE001 - it is for the function
                        step = values.athrow(error)
                    else:
                        step = values.asend(sent)

    return generated


# --- annotations ---------------------------------------------------------------------------------


def _places(signature: inspect.Signature, names: dict[str, Any]) -> dict[str, int | None]:
    """Parameters for an updater, with their place among those that are given by place.

    Raises:
        ValueError: one could be given by place alone, after others that may be left out.
    """
    found: dict[str, int | None] = {}
    optional = False
    for place, (name, each) in enumerate(signature.parameters.items()):
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            continue
        if _is_updater(each.annotation, names):
            if optional and each.kind is each.POSITIONAL_ONLY:
                raise ValueError(
                    f"The parameter {name!r} for a ProgressUpdater is before `/` and after one "
                    "with a default, so it cannot be given alone. Put it first, or after the `/`."
                )
            found[name] = None if each.kind is each.KEYWORD_ONLY else place
        optional = optional or each.default is not each.empty
    return found


def _names_of(func: Callable[..., Any]) -> dict[str, Any]:
    """What annotations of a function may refer to."""
    inner = inspect.unwrap(func)
    while hasattr(inner, "func"):  # functools.partial
        inner = inspect.unwrap(inner.func)
    names = dict(getattr(inner, "__globals__", {}))
    code = getattr(inner, "__code__", None)
    if code is not None:
        for name, cell in zip(code.co_freevars, inner.__closure__ or (), strict=True):
            with contextlib.suppress(ValueError):  # not assigned yet
                names[name] = cell.cell_contents
    return names


def _is_updater(annotation: Any, names: dict[str, Any]) -> bool:
    if isinstance(annotation, typing.ForwardRef):
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        try:
            meant = eval(annotation, names)
        except Exception:  # noqa: BLE001 - imported in a function, or for type checkers alone
            return re.search(r"\bProgressUpdater\b", annotation) is not None
        return not (isinstance(meant, str) and meant == annotation) and _is_updater(meant, names)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated):
        return any(_is_updater(each, names) for each in typing.get_args(annotation))
    return annotation is ProgressUpdater
