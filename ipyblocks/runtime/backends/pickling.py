"""What travels between the kernel and a worker, and what cannot, by name."""

from __future__ import annotations

import contextlib
import inspect
import linecache
import os
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any

from ...block import Block
from ...blocks import Tree
from ...errors import NotSendableError
from .wire import Pickled, pickled

if TYPE_CHECKING:
    from .base import Call


class Known:
    """The blocks that one call refers to, by number, at either end."""

    def __init__(self) -> None:
        self.blocks: dict[int, Block] = {}
        self._numbers: dict[int, int] = {}

    def number(self, block: Block) -> int:
        """The number of a block; a new one gets one."""
        number = self._numbers.setdefault(id(block), len(self._numbers))
        self.blocks[number] = block
        return number

    def keep(self, number: int, block: Block) -> None:
        """A block stands for the one with this number at the other end."""
        self.blocks[number] = block
        self._numbers[id(block)] = number

    def has(self, block: Block) -> bool:
        """Whether the other end knows it."""
        return id(block) in self._numbers


_known: ContextVar[Known] = ContextVar("ipyblocks_known_blocks")


@contextmanager
def knowing(known: Known) -> Iterator[None]:
    """Unpickle inside as part of one call."""
    token = _known.set(known)
    try:
        yield
    finally:
        _known.reset(token)


def _stand_in(number: int, cls: type[Block], given: dict[str, Any]) -> Block:
    from ... import context

    known = _known.get()
    if number not in known.blocks:
        with context.building(None), context.running(None):
            known.keep(number, cls(**given, render=False))
    return known.blocks[number]


def _original(number: int) -> Block:
    return _known.get().blocks[number]


def _update(cls: type[Block], given: dict[str, Any]) -> Block:
    return cls(**given)  # inside a run: it only records


def _block_to_worker(block: Block, known: Known) -> tuple[Any, ...]:
    # Values reach a function as its inputs; what a constructor was given may be large, or code.
    left = ("value", "render", "key")
    given = {name: value for name, value in block._given.items() if name not in left}
    return _stand_in, (known.number(block), type(block), given)


def _block_to_kernel(block: Block, known: Known) -> tuple[Any, ...]:
    if known.has(block):
        return _original, (known.number(block),)
    return _update, (type(block), block._given)


def _figure(figure: Any) -> Any:
    """A figure of Matplotlib that will not show itself where it arrives."""
    made, args, state, *more = figure.__reduce_ex__(4)
    state = {k: v for k, v in state.items() if k != "_restore_to_pylab"}
    return (made, args, state, *more)


@cache
def _pickler() -> Any:
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        known: Known
        home: bool
        files: set[str] | None

        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, Block):
                if isinstance(obj, Tree):
                    raise TypeError(f"the app itself ({type(obj).__name__}) stays in the kernel")
                return (_block_to_kernel if self.home else _block_to_worker)(obj, self.known)
            if self.files is not None and isinstance(obj, types.FunctionType):
                self.files.add(obj.__code__.co_filename)
            drawn = sys.modules.get("matplotlib.figure")
            if drawn is not None and isinstance(obj, drawn.Figure):
                return _figure(obj)
            return super().reducer_override(obj)

    return Pickler


def dump(value: Any, known: Known, home: bool = False, files: set[str] | None = None) -> Pickled:
    """Pickle something of the user's: functions and classes of cells with all they refer to.

    Args:
        known: the blocks of the call.
        home: from a worker to the kernel.
        files: gets the names of the files that the functions in it are from.

    Raises:
        Exception: it cannot be pickled.
    """

    def make(file: Any, keep: Any) -> Any:
        pickler = _pickler()(file, protocol=5, buffer_callback=keep)
        pickler.known, pickler.home, pickler.files = known, home, files
        return pickler

    return pickled(make, value)


def sources(files: set[str]) -> dict[str, list[str]]:
    """Lines of what has been run in cells, for tracebacks of a worker, which has no cells."""
    cells = {name: linecache.getlines(name) for name in files if not os.path.exists(name)}
    return {name: lines for name, lines in cells.items() if lines}


def keep_sources(cells: dict[str, list[str]]) -> None:
    """Let this process know the lines of cells of another one."""
    for name, lines in cells.items():
        linecache.cache[name] = (sum(map(len, lines)), None, lines, name)


def cannot_send(call: Call, known: Known, error: Exception) -> NotSendableError:
    """Why a call cannot be sent to a worker, by the name of what is in the way."""
    for i, value in enumerate(call.args):
        problem = _problem(value, known)
        if problem is not None:
            name = call.inputs[i] if i < len(call.inputs) else f"argument {i + 1}"
            return NotSendableError(
                f"{name} of {call.name!r} is {_described(value)}, which cannot be sent to a "
                f"worker process: {problem}. Send something plainer, or make it in the function."
            )
    for name, value in _referred(call.fn):
        if isinstance(value, types.FunctionType):
            continue  # what it refers to itself says more
        problem = _problem(value, known)
        if problem is not None:
            return NotSendableError(
                f"The function {call.name!r} refers to {name!r}, {_described(value)}, which cannot "
                f"be sent to a worker process: {problem}. Make it in the function, or leave "
                "run_as_task out."
            )
    return NotSendableError(
        f"The function {call.name!r} cannot be sent to a worker process: {_said(error)}."
    )


def cannot_return(
    value: Any, name: str, outputs: Sequence[str], known: Known, error: Exception
) -> NotSendableError:
    """Why what a function returned cannot be sent to the kernel."""
    parts: list[tuple[str, Any]] = []
    if isinstance(value, (tuple, list)) and len(value) == len(outputs) > 1:
        parts = list(zip(outputs, value, strict=True))
    elif isinstance(value, dict):
        parts = [(f"the value of {_described(key)}", each) for key, each in value.items()]
    for part, each in parts:
        problem = _problem(each, known, home=True)
        if problem is not None:
            return _not_returned(f"for {part}", name, each, problem)
    return _not_returned(
        f"for {outputs[0]}" if len(outputs) == 1 else "", name, value, _said(error)
    )


def _not_returned(part: str, name: str, value: Any, problem: str) -> NotSendableError:
    where = f" {part}" if part else ""
    return NotSendableError(
        f"{name!r} returned {_described(value)}{where}, which cannot be sent from a worker process "
        f"to the kernel: {problem}. Return plain values, or leave run_as_task out."
    )


def _problem(value: Any, known: Known, home: bool = False) -> str | None:
    try:
        dump(value, known, home)
    except Exception as error:  # noqa: BLE001 - a user's own __reduce__ may raise anything
        return _said(error)
    return None


def _said(error: Exception) -> str:
    return f"{error}".rstrip(".") or type(error).__name__


def _described(value: Any) -> str:
    if isinstance(value, Block):
        return value.describe()
    kind = type(value)
    where = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    return f"a {where}{kind.__qualname__}"


def _referred(fn: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """What a function has from outside, by name; what its own helpers have, too."""
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", inspect.unwrap(fn))]
    while waiting:
        path, value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if path:
            yield path, value
        if isinstance(value, types.MethodType):
            waiting.append((f"{path or value.__name__}.__self__", value.__self__))
            value = value.__func__
        if isinstance(value, types.FunctionType):
            waiting += reversed(_outside(value))
        elif hasattr(value, "func") and hasattr(value, "args"):  # functools.partial
            waiting += [(f"{path}args[{i}]", each) for i, each in enumerate(value.args)]
            waiting += [(name, each) for name, each in value.keywords.items()]
            waiting.append((path, value.func))


def _outside(fn: types.FunctionType) -> list[tuple[str, Any]]:
    found: dict[str, Any] = {}
    for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # not assigned yet
            found[name] = cell.cell_contents
    found |= {n: fn.__globals__[n] for n in fn.__code__.co_names if n in fn.__globals__}
    defaults = inspect.signature(fn).parameters.values()
    found |= {p.name: p.default for p in defaults if p.default is not p.empty}
    # Those that have more in them last: the nearest name is the best.
    return sorted(found.items(), key=lambda each: isinstance(each[1], types.FunctionType))
