"""What is to be computed for whom, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import graph
from .graph import Derived, Node


def plan(nodes: Iterable[Derived]) -> list[Derived]:
    """What is to be looked at for these, inputs before what is computed from them. The lock is
    held.
    """
    order: dict[Derived, None] = {}
    begun: set[Derived] = set()
    # Not recursive: a chain may be longer than Python's stack.
    stack = list(nodes)
    while stack:
        node = stack[-1]
        if node not in begun and not node.is_current:
            begun.add(node)
            if node.run is None:
                # Before an input's call begins: it ends when nobody is linked to it any more.
                node.settle()
                stack.extend([each for each in node.above if isinstance(each, Derived)])
        else:
            stack.pop()
            if node in begun:
                order[node] = None
    return list(order)


def is_waited_for() -> bool:
    """Whether somebody has still to be told, or waits for what is, or can be, computed."""
    with graph.lock:
        planned = plan(graph.wanted)
        return bool(graph.news) or any(each.run is not None or each.is_ready for each in planned)


def plan_all(node: Node) -> list[Derived]:
    """A derived node and all that it is computed from. The lock is held."""
    return [node, *graph.all_above(node)] if isinstance(node, Derived) else []


def below(node: Node) -> Iterator[Node]:
    """The node, and what somebody looks at that is computed from it. The lock is held."""
    seen: set[Node] = set()
    stack: list[Node] = [node]
    while stack:
        here = stack.pop()
        if here not in seen:
            seen.add(here)
            yield here
            stack.extend(here.dependents)
