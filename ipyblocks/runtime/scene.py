"""What one session shows: the app's own blocks, and those that its ``gr.render`` functions have
made.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from ..block import Block
from ..blocks import Tree
from ..dependency import Dependency
from ..protocol import Json, Node, NodeId

if TYPE_CHECKING:
    from ..render import Subtree


class Index:
    """Who listens to what, among some dependencies.

    Args:
        default_limit: how many runs of a function go on at once, where the listener does not say.
    """

    def __init__(self, dependencies: Iterable[Dependency], default_limit: int | None) -> None:
        self.listeners: dict[tuple[Block, str], list[Dependency]] = {}
        self.followers: dict[int, list[Dependency]] = {}
        self.limits: dict[str, int | None] = {}
        self._default = default_limit
        for dependency in dependencies:
            self._add(dependency)

    def _add(self, dependency: Dependency) -> None:
        for block, event in dependency.targets:
            if block is not None:
                self.listeners.setdefault((block, event), []).append(dependency)
        if dependency.after is not None:
            self.followers.setdefault(dependency.after[0], []).append(dependency)
        group, limit = dependency.concurrency_id, self._limit(dependency)
        limits = [x for x in (limit, self.limits.get(group, limit)) if x is not None]
        self.limits[group] = min(limits, default=None)

    def _limit(self, dependency: Dependency) -> int | None:
        if dependency.args.every is not None:
            return None  # it holds its place for as long as the app is shown
        given = dependency.args.concurrency_limit
        return self._default if given == "default" else given


class Scene:
    """Blocks and dependencies of one session. Loop thread, but for reading single blocks.

    Args:
        tree: the app.
        index: of the app's own dependencies; shared by all sessions.
        base_props: props of the app's own nodes; shared by all sessions.
    """

    def __init__(self, tree: Tree, index: Index, base_props: dict[NodeId, dict[str, Json]]) -> None:
        self.tree = tree
        self._index = index
        self._base_props = base_props
        self._rendered: dict[Block, Subtree] = {}
        self._indexes: dict[Subtree, Index] = {}
        # What renderings listen to at blocks that are not their own.
        self._outer: dict[Subtree, dict[Block, list[str]]] = {}
        # Runs of the former rendering know its blocks.
        # By their numbers: that of a block would keep the block, and with it all it was built with.
        self._renewed: weakref.WeakKeyDictionary[Block, NodeId] = weakref.WeakKeyDictionary()
        # Counted by `next`, which is one step for all threads that build at the same time.
        self._node_numbers = itertools.count(tree.next_node_id())
        self._dependency_numbers = itertools.count(tree.next_dependency_id())

    def new_node(self) -> NodeId:
        """A number that no node of this session has had. Callable from any thread."""
        return NodeId(next(self._node_numbers))

    def new_dependency(self) -> int:
        """A number that no dependency of this session has had. Callable from any thread."""
        return next(self._dependency_numbers)

    def _trees(self) -> Iterator[Tree]:
        yield self.tree
        yield from list(self._rendered.values())

    def block(self, node: NodeId) -> Block | None:
        """The block with that number."""
        return next((t.blocks[node] for t in self._trees() if node in t.blocks), None)

    def current(self, block: Block) -> Block:
        """The block that has taken over a block's number, by its key; itself when none has."""
        number = self._renewed.get(block)
        newer = None if number is None else self.block(number)
        return block if newer is None else newer

    def node(self, block: Block) -> NodeId | None:
        """The number of a block; None when it is not shown (any more)."""
        block = self.current(block)
        found = (tree.own_id_of(block) for tree in self._trees())
        return next((node for node in found if node is not None), None)

    def blocks(self) -> list[tuple[NodeId, Block]]:
        """Every block with its number."""
        return [pair for tree in self._trees() for pair in tree.blocks.items()]

    def listeners(self, block: Block, event: str) -> list[Dependency]:
        """Dependencies that an event of a block triggers."""
        indexes = [self._index, *self._indexes.values()]
        return [d for index in indexes for d in index.listeners.get((block, event), ())]

    def followers(self, dependency: int) -> list[Dependency]:
        """Links of a chain behind a dependency."""
        indexes = [self._index, *self._indexes.values()]
        return [d for index in indexes for d in index.followers.get(dependency, ())]

    def dependency(self, number: int) -> Dependency | None:
        """The dependency with that number; None when it is gone."""
        known = (tree.dependencies.get(number) for tree in self._trees())
        return next((each for each in known if each is not None), None)

    def dependencies(self) -> list[Dependency]:
        """Every dependency."""
        return [each for tree in self._trees() for each in tree.dependencies.values()]

    def limit(self, group: str) -> int | None:
        """How many tasks of a group run at a time."""
        for index in (self._index, *self._indexes.values()):
            if group in index.limits:
                return index.limits[group]
        return None

    def props(self, node: NodeId) -> dict[str, Json]:
        """Props that a node starts with, without those that have their default."""
        if node in self._base_props:
            return self._base_props[node]
        for subtree in self._rendered.values():
            if node in subtree.base_props:
                return subtree.base_props[node]
        return {}

    def nodes(self) -> list[Node]:
        """The tree as it is shown."""
        return [self._with_rendered(node) for tree in self._trees() for node in tree.nodes()]

    def _with_rendered(self, node: Node) -> Node:
        block = self.block(node.id)
        if block is None:
            return node
        subtree = self._rendered.get(block)
        if subtree is not None:
            node = msgspec.structs.replace(node, children=subtree.children_ids())
        for other, outer in self._outer.items():
            if block in outer:
                node = _with_events(node, other, block, outer[block])
        return node

    def former(self, container: Block) -> Subtree | None:
        """What was last rendered into a container."""
        return self._rendered.get(container)

    def replace(
        self, container: Block, subtree: Subtree, default_limit: int | None
    ) -> tuple[list[NodeId], list[Node]]:
        """Show a new rendering in a container instead of the former one.

        Returns:
            Numbers of the nodes that are gone, and the nodes that are new or changed.
        """
        former = self._rendered.get(container)
        before = self._outer_blocks()
        gone = self._forget(container)
        self._rendered[container] = subtree
        self._outer[subtree] = {
            block: events
            for block, events in subtree.listened().items()
            if subtree.own_id_of(block) is None
        }
        now = set(subtree.blocks.values())
        for block in now:
            self._renewed.pop(block, None)  # it was here before, and is here again
        for node, block in () if former is None else former.blocks.items():
            if node in subtree.blocks and block not in now:
                self._renewed[block] = node
        self._indexes[subtree] = Index(subtree.dependencies.values(), default_limit)
        shown = set(subtree.blocks)
        listened = {self.node(block) for block in before | self._outer_blocks()}
        changed = {self.node(container), *shown, *listened}
        nodes = [node for node in self.nodes() if node.id in changed]
        return [node for node in gone if node not in shown], nodes

    def _outer_blocks(self) -> set[Block]:
        return {block for outer in self._outer.values() for block in outer}

    def _forget(self, container: Block) -> list[NodeId]:
        former = self._rendered.pop(container, None)
        if former is None:
            return []
        self._indexes.pop(former, None)
        self._outer.pop(former, None)
        inner = [node for block in former.blocks.values() for node in self._forget(block)]
        return [*former.blocks, *inner]


def _with_events(node: Node, tree: Tree, block: Block, events: list[str]) -> Node:
    """A node that sends some more events, to listeners of another tree."""
    own = [] if node.events is UNSET else node.events
    stream = tree.stream_rate(block) if "stream" in events else node.stream
    return msgspec.structs.replace(node, events=[*dict.fromkeys([*own, *events])], stream=stream)
