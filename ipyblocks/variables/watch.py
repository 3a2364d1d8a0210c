"""``Watch``: somebody who looks at a node. Only what is looked at is linked to its inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import graph
from .graph import Derived, Node


class Watch:
    """Somebody who looks at a node, from :meth:`start` to :meth:`stop`.

    Args:
        node: what is looked at.
        changed: called on the loop thread when the node has a new value, or an error.
        owner: who looks; several watches may have the same.
    """

    __slots__ = ("changed", "node", "owner")

    def __init__(self, node: Node, changed: Callable[[], None], owner: object = None) -> None:
        self.node = node
        self.changed = changed
        self.owner = owner

    def start(self) -> None:
        """Look. What is not current will be computed."""
        with graph.lock:
            node = self.node
            was_live = node.is_live
            node.watches[self] = None
            if isinstance(node, Derived):
                if not was_live:
                    _link(node)
                if not node.is_current:
                    graph.wanted[node] = None
        graph.wake()

    def stop(self) -> None:
        """Look away. A second call does nothing."""
        with graph.lock:
            self.node.watches.pop(self, None)
            graph.news.pop(self, None)
            given_up = _unlink(self.node)
        _drop(given_up)


def relink(node: Derived, inputs: Sequence[Node]) -> None:
    """Have a node computed from others than before."""
    with graph.lock:
        # First: what is stale has told those that depend on it already.
        node.again(force=False)
        former = node.heard
        node.inputs = node.triggers = node.above = tuple(inputs)
        _hear_others(node, former)


def block(node: Derived, blocked: bool) -> None:
    """Tell a node of changes of all its inputs, or of its triggers alone. The lock is held."""
    former = node.heard
    node.blocked = blocked
    _hear_others(node, former)


def _hear_others(node: Derived, former: Sequence[Node]) -> None:
    """A node has to be told of changes of others than before, if somebody looks at it."""
    if not node.is_live:
        return
    _link(node)
    gone = dict.fromkeys(former)
    for each in node.heard:
        gone.pop(each, None)
    for each in gone:
        each.dependents.pop(node, None)
        _drop(_unlink(each))


def _drop(given_up: Sequence[Derived]) -> None:
    for node in given_up:
        if graph.keeper is not None:
            graph.keeper.drop(node)


def _link(node: Derived) -> None:
    """Somebody has begun to look: hear of changes from now on."""
    stack = [node]
    while stack:
        here = stack.pop()
        here.linked()
        if here.polling_interval is not None and graph.keeper is not None:
            graph.keeper.poll(here)
        for each in here.heard:
            was_live = each.is_live
            each.dependents[here] = None
            if isinstance(each, Derived) and not was_live:
                stack.append(each)


def _unlink(node: Node) -> list[Derived]:
    """Somebody has looked away. Returns nodes that run and that nobody looks at any more."""
    running = []
    stack = [node]
    while stack:
        here = stack.pop()
        if not isinstance(here, Derived):
            continue
        if not here.watches:
            graph.wanted.pop(here, None)
        if here.is_live:
            continue
        if here.run is not None:
            running.append(here)
        else:
            here.unlinked()
        for each in here.heard:
            if here in each.dependents:
                del each.dependents[here]
                stack.append(each)
    return running
