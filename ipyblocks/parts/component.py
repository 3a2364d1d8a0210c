"""``py_component``: a function as a component."""

from __future__ import annotations

import asyncio
import functools
import inspect
import time
from collections.abc import Callable
from typing import Any

from .. import context
from ..block import Block
from ..components.text import Text, as_block
from ..variables.base import AnyVariable
from ..variables.derived import DerivedVariable, refuse_flag
from .part import PartColumn, own, place
from .tracker import ProgressTracker


class PyComponent(PartColumn):
    """A call of a function made by :func:`py_component`. Not made by hand."""

    kind = "column"

    def __init__(
        self,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        fallback: Block | None,
        track_progress: bool,
        polling_interval: float | AnyVariable | None,
    ) -> None:
        self.name = fn.__name__
        given = [*args, *kwargs.values()]
        for each in given:
            if isinstance(each, AnyVariable):
                refuse_flag(each, "an argument of a py_component; use it in If.")
        clock: list[Any] = []
        if polling_interval is not None:
            # Another value each time, so that what depends on it is built again.
            clock = [DerivedVariable(time.monotonic, [], polling_interval=polling_interval)]
        self.follow(_builder(fn, args, kwargs), [*given, *clock])
        super().__init__(track_progress=track_progress)
        # A line's height, in which the status is seen and after which little moves.
        self.children.append(Text(render=False) if fallback is None else fallback)
        self.children[0].parent = self


def _builder(
    fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Callable[..., None]:
    """Calls it with the values of the variables among its arguments, and shows what it returns."""
    given = [*args, *kwargs.values()]

    def build(*values: Any) -> None:
        left = iter(values)
        known = [next(left) if isinstance(each, AnyVariable) else each for each in given]
        named = dict(zip(kwargs, known[len(args) :], strict=True))
        returned = fn(*known[: len(args)], **named)
        if inspect.isawaitable(returned):
            returned = asyncio.run(_awaited(returned))  # in a thread, which has no loop
        block = as_block(returned, f"py_component {fn.__name__}")
        here = context.parent()
        assert here is not None
        # What has been constructed is there already; only what is returned is shown.
        for other in [each for each in here.children if each is not block]:
            other.unrender()
        if block is not None and block not in here.children:
            place(block)

    build.__name__ = fn.__name__
    return build


async def _awaited(value: Any) -> Any:
    return await value


def py_component(
    function: Callable[..., Any] | None = None,
    *,
    fallback: Any = None,
    placeholder: Any = None,
    track_progress: bool = False,
    polling_interval: float | AnyVariable | None = None,
) -> Any:
    """Make a function a component: called with variables, it is called with their values whenever
    they change, and what it returns is shown.

    Args:
        fallback: shown until there is something: a component, or one of ``Fallback``.
        placeholder: older name of ``fallback``.
        track_progress: while a variable is computed, say how far that is; with a ``fallback`` too.
        polling_interval: seconds after which it is called again while a page shows it.
    """
    first = fallback if fallback is not None else placeholder
    tracks = track_progress or isinstance(first, ProgressTracker)
    tracks = tracks or (isinstance(first, type) and issubclass(first, ProgressTracker))

    def decorate(fn: Callable[..., Any]) -> Callable[..., PyComponent]:
        @functools.wraps(fn)
        def component(*args: Any, **kwargs: Any) -> PyComponent:
            inspect.signature(fn).bind(*args, **kwargs)
            shown = None if tracks else own(first, f"py_component {fn.__name__}")
            return PyComponent(fn, args, kwargs, shown, tracks, polling_interval)

        return component

    return decorate if function is None else decorate(function)
