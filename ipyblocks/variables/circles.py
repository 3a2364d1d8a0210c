"""Variables that are computed from themselves, by way of others: refused, and the way is named."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import CycleError

if TYPE_CHECKING:
    from .graph import Derived, Node

_lock = threading.Lock()
_computing = threading.local()
"""Nodes whose functions this thread is inside of, outermost first."""


def computing() -> list[Derived]:
    """Nodes whose functions the calling thread is inside of, outermost first."""
    stack: list[Derived] | None = getattr(_computing, "stack", None)
    if stack is None:
        stack = _computing.stack = []
    return stack


def refuse_circle(node: Node) -> None:
    """A function reads a node.

    Raises:
        CycleError: the function is, by way of others, computing that very node.
    """
    stack = computing()
    if not stack:
        return
    # By identity: variables compare to conditions.
    found = next((i for i, each in enumerate(stack) if each is node), None)
    if found is not None:
        raise _circle([*stack[found:], node])


def _circle(path: Sequence[Node]) -> CycleError:
    return CycleError(
        f"{' → '.join(each.describe() for each in path)}: these variables are computed from "
        "each other, so none of them can be the first. Take one out of the functions."
    )


_waits: dict[Derived, list[Derived]] = {}
"""For nodes whose functions wait for others, which."""


@contextmanager
def waiting(nodes: Sequence[Derived], other: Derived) -> Generator[None]:
    """While functions of ``nodes`` wait for the call of another one's function.

    Raises:
        CycleError: that one waits, in another thread perhaps, for one of them.
    """
    with _lock:
        _refuse_waiting(nodes, other)
        for each in nodes:
            _waits.setdefault(each, []).append(other)
    try:
        yield
    finally:
        with _lock:
            for each in nodes:
                # By identity: variables compare to conditions.
                left = list(_waits[each])
                del left[next(i for i, known in enumerate(left) if known is other)]
                _waits[each] = left
                if not left:
                    del _waits[each]


def _refuse_waiting(nodes: Sequence[Derived], other: Derived) -> None:
    own = set(nodes)
    seen: set[Derived] = set()
    stack: list[tuple[Derived, ...]] = [(other,)]
    while stack:
        path = stack.pop()
        if path[-1] in own:
            raise _circle([path[-1], *path])
        if path[-1] not in seen:
            seen.add(path[-1])
            stack.extend((*path, each) for each in _waits.get(path[-1], ()))


def refuse_own_input(source: Node) -> None:
    """A function sets a node.

    Raises:
        CycleError: the function is computing what follows from that very node.
    """
    for node in computing():
        stack: list[tuple[Node, ...]] = [(node,)]
        seen: set[Node] = set()
        while stack:
            path = stack.pop()
            here = path[-1]
            if here is source:
                named = " → ".join(each.describe() for each in reversed(path))
                raise CycleError(
                    f"{named}: the function of {node.describe()} sets {source.describe()}, "
                    "which it is computed from, so it would have to be computed for ever. Set the "
                    "variable in an action or a listener instead."
                )
            if here not in seen:
                seen.add(here)
                stack.extend((*path, each) for each in here.inputs)
