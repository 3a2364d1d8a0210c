"""What every place where functions of tasks run has in common."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from ...context import Run

T = TypeVar("T")

Kind: TypeAlias = Literal["plain", "generator", "async", "async generator"]
Capability: TypeAlias = Literal["processes", "stream", "reports", "stop", "kill"]

END: Any = type("End", (), {"__slots__": (), "__repr__": lambda _: "END"})()
"""What a step gives when there are no more values; StopIteration cannot cross a Future."""


def crossing(error: BaseException) -> BaseException:
    """What a function has raised, as it crosses a Future. StopIteration would make whoever awaits
    one wait for ever, and GeneratorExit would end them as if they were being closed.
    """
    if not isinstance(error, (StopIteration, GeneratorExit)):
        return error
    told = RuntimeError(f"The function raised {type(error).__name__}.")
    told.__cause__ = error
    return told


def across(fn: Callable[..., T], *args: Any) -> T:
    """Call a function whose outcome is awaited by way of a Future.

    Raises:
        RuntimeError: it has raised what cannot cross one; see :func:`crossing`.
    """
    try:
        return fn(*args)
    except (StopIteration, GeneratorExit) as error:
        raise crossing(error) from error


@dataclass(frozen=True)
class Call:
    """A function and what it is called with.

    Attributes:
        fn: the function.
        args: its arguments, in order.
        kind: how its values come.
        name: how messages name the function.
        inputs: how messages name the arguments, as far as there are names.
        outputs: how messages name the parts of its value.
        tracks_tqdm: bars of ``tqdm`` are its progress.
        every_update: every report of its progress is wanted, not only the latest now and then:
            the run's reports have a listener.
    """

    fn: Callable[..., Any]
    args: Sequence[Any]
    kind: Kind
    name: str
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    tracks_tqdm: bool = False
    every_update: bool = False


class Handle(Protocol):
    """One call that has been handed over. Not called by two threads at once, but for
    :meth:`cancel`.
    """

    def step(self) -> Future[Any]:
        """The next value: that of a plain function, or one of a generator, then :data:`END`.

        It fails with what the function raised, or with CancelledError after :meth:`cancel`; never
        before the function is really over.
        """

    def cancel(self) -> None:
        """Stop the call as well as the backend can. Returns at once; again does nothing."""

    def close(self) -> Future[None]:
        """Done when the call is really over; a generator that has more values is closed."""


class ExecutionBackend(Protocol):
    """Runs the functions of tasks (``run_as_task=True``).

    Attributes:
        capabilities: ``processes``: functions run in other processes; ``stream``: generators hand
            over every value; ``reports``: progress, toasts and text arrive while the function runs;
            ``stop``: a function that asks is told that it has been cancelled; ``kill``: a function
            that does not ask is stopped, too.
        places: most calls at a time, where the queue is to hold back the others; None: any number.
    """

    @property
    def capabilities(self) -> frozenset[Capability]: ...

    @property
    def places(self) -> int | None: ...

    def prepare(self) -> None:
        """An app with tasks is shown; the first call may come soon. Returns at once."""

    def submit(self, call: Call, run: Run) -> Handle:
        """Start a call, or let it wait for a free worker. Returns at once.

        Args:
            run: gets what the function says: progress, toasts, text.
        """

    def stop(self, wait: bool = False) -> None:
        """End what runs and take no more.

        Args:
            wait: return when nothing is left of it.
        """


def kind_of(fn: Callable[..., Any]) -> Kind:
    """How the values of a function come."""
    if inspect.isasyncgenfunction(fn):
        return "async generator"
    if is_async(fn):
        return "async"
    return "generator" if inspect.isgeneratorfunction(fn) else "plain"


def is_async(fn: Callable[..., Any]) -> bool:
    """Whether calling ``fn`` makes a coroutine; also a partial, or an object with such a call."""
    inner = fn
    while hasattr(inner, "func"):  # functools.partial
        inner = inner.func
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(
        getattr(inner, "__call__", None)  # noqa: B004 - the method itself is wanted
    )
