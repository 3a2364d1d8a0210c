"""What one session shows: the app's own blocks, and those that its ``gr.render`` functions have
made.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

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

    Attributes:
        limits: by group, how many of its runs each dependency allows to go on at once.
    """

    def __init__(self, dependencies: Iterable[Dependency], default_limit: int | None) -> None:
        # Dicts are ordered sets here: one block may have thousands of listeners.
        self._listeners: dict[tuple[Block, str], dict[Dependency, None]] = {}
        self._followers: dict[int, dict[Dependency, None]] = {}
        self.limits: dict[str, dict[Dependency, int | None]] = {}
        self._default = default_limit
        for dependency in dependencies:
            self.add(dependency)

    def add(self, dependency: Dependency) -> None:
        """It listens from now on."""
        for target in dependency.targets:
            if target[0] is not None:
                self._listeners.setdefault((target[0], target[1]), {})[dependency] = None
        if dependency.after is not None:
            self._followers.setdefault(dependency.after[0], {})[dependency] = None
        group = dependency.concurrency_id
        self.limits.setdefault(group, {})[dependency] = self._limit(dependency)

    def remove(self, dependency: Dependency) -> None:
        """It listens no more."""
        for target in dependency.targets:
            if target[0] is not None:
                _drop(self._listeners, (target[0], target[1]), dependency)
        if dependency.after is not None:
            _drop(self._followers, dependency.after[0], dependency)
        _drop(self.limits, dependency.concurrency_id, dependency)

    def listeners(self, block: Block, event: str) -> Iterable[Dependency]:
        """What an event of a block triggers."""
        return self._listeners.get((block, event), ())

    def followers(self, dependency: int) -> Iterable[Dependency]:
        """Links of a chain behind a dependency."""
        return self._followers.get(dependency, ())

    def _limit(self, dependency: Dependency) -> int | None:
        if dependency.args.every is not None:
            return None  # it holds its place for as long as the app is shown
        given = dependency.args.concurrency_limit
        return self._default if given == "default" else given


def _drop(index: dict[Any, dict[Any, Any]], key: Any, member: object) -> None:
    found = index.get(key, {})
    found.pop(member, None)
    if not found:
        index.pop(key, None)


class Content(NamedTuple):
    """Blocks and dependencies that have come into a session, or gone."""

    blocks: list[Block]
    dependencies: list[Dependency]


class Replaced(NamedTuple):
    """What a new rendering has changed.

    Attributes:
        gone: numbers of the nodes that are no longer there.
        nodes: those that are new, or others than before.
        went: what the session shows no longer.
        came: what it shows from now on.
    """

    gone: list[NodeId]
    nodes: list[Node]
    went: Content
    came: Content


class Scene:
    """Blocks and dependencies of one session. Loop thread, but for reading single blocks.

    Args:
        tree: the app.
        index: of the app's own dependencies; shared by all sessions.
        base_props: props of the app's own nodes; shared by all sessions.
        default_limit: how many runs of a function go on at once, where the listener does not say.
    """

    def __init__(
        self,
        tree: Tree,
        index: Index,
        base_props: dict[NodeId, dict[str, Json]],
        default_limit: int | None,
    ) -> None:
        self.tree = tree
        self._index = index
        self._base_props = base_props
        self._rendered: dict[Block, Subtree] = {}
        # Of all renderings together: a list may have one for each of thousands of rows.
        self._subtree_of: dict[NodeId, Subtree] = {}
        self._numbers: dict[Block, tuple[NodeId, ...]] = {}
        self._dependencies: dict[int, Dependency] = {}
        self._rendered_index = Index((), default_limit)
        # What renderings listen to at blocks that are not their own.
        self._outer: dict[Block, dict[Subtree, list[str]]] = {}
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

    def _tree_of(self, node: NodeId) -> Tree | None:
        return self.tree if node in self.tree.blocks else self._subtree_of.get(node)

    def block(self, node: NodeId) -> Block | None:
        """The block with that number."""
        tree = self._tree_of(node)
        return None if tree is None else tree.blocks.get(node)

    def current(self, block: Block) -> Block:
        """The block that has taken over a block's number, by its key; itself when none has."""
        number = self._renewed.get(block)
        newer = None if number is None else self.block(number)
        return block if newer is None else newer

    def node(self, block: Block) -> NodeId | None:
        """The number of a block; None when it is not shown (any more)."""
        return self._number(self.current(block))

    def _number(self, block: Block) -> NodeId | None:
        own = self.tree.own_id_of(block)
        if own is not None:
            return own
        numbers = self._numbers.get(block)
        return numbers[0] if numbers else None

    def blocks(self) -> list[tuple[NodeId, Block]]:
        """Every block with its number."""
        return [pair for tree in self._trees() for pair in tree.blocks.items()]

    def listeners(self, block: Block, event: str) -> list[Dependency]:
        """Dependencies that an event of a block triggers."""
        indexes = (self._index, self._rendered_index)
        return [each for index in indexes for each in index.listeners(block, event)]

    def followers(self, dependency: int) -> list[Dependency]:
        """Links of a chain behind a dependency."""
        indexes = (self._index, self._rendered_index)
        return [each for index in indexes for each in index.followers(dependency)]

    def dependency(self, number: int) -> Dependency | None:
        """The dependency with that number; None when it is gone."""
        own = self.tree.dependencies.get(number)
        return self._dependencies.get(number) if own is None else own

    def dependencies(self) -> list[Dependency]:
        """Every dependency."""
        return [*self.tree.dependencies.values(), *self._dependencies.values()]

    def limit(self, group: str) -> int | None:
        """How many tasks of a group run at a time."""
        known = self._index.limits.get(group) or self._rendered_index.limits.get(group, {})
        return min((each for each in known.values() if each is not None), default=None)

    def props(self, node: NodeId) -> dict[str, Json]:
        """Props that a node starts with, without those that have their default."""
        if node in self._base_props:
            return self._base_props[node]
        subtree = self._subtree_of.get(node)
        return {} if subtree is None else subtree.base_props.get(node, {})

    def nodes(self) -> list[Node]:
        """The tree as it is shown."""
        return [self._with_rendered(node) for tree in self._trees() for node in tree.nodes()]

    def _node(self, number: NodeId) -> Node | None:
        tree = self._tree_of(number)
        node = None if tree is None else tree.nodes_by_id().get(number)
        return None if node is None else self._with_rendered(node)

    def _with_rendered(self, node: Node) -> Node:
        block = self.block(node.id)
        if block is None:
            return node
        subtree = self._rendered.get(block)
        if subtree is not None:
            node = msgspec.structs.replace(node, children=subtree.children_ids())
        for tree, events in self._outer.get(block, {}).items():
            node = _with_events(node, tree, block, events)
        return node

    def former(self, container: Block) -> Subtree | None:
        """What was last rendered into a container."""
        return self._rendered.get(container)

    def replace(self, container: Block, subtree: Subtree) -> Replaced:
        """Show a new rendering in a container instead of the former one."""
        former = self._rendered.get(container)
        outer = _outer_of(subtree)
        listened = {container, *outer, *(() if former is None else _outer_of(former))}
        before = self._told(listened, former)
        removed = self._remove(container, {*subtree.blocks.values()})
        self._add(container, subtree, outer)
        self._note_renewed(former, subtree)
        nodes = [
            node
            for number, (block, node) in self._told(listened, subtree).items()
            # What is the same as before is there already.
            if node is not None and before.get(number) != (block, node)
        ]
        gone = [n for tree in removed for n in tree.blocks if n not in subtree.blocks]
        return Replaced(gone, nodes, self._went(removed), _came(former, subtree))

    def _told(
        self, blocks: Iterable[Block], subtree: Subtree | None
    ) -> dict[NodeId, tuple[Block | None, Node | None]]:
        """Some blocks, and all of a rendering, by number, as pages get them."""
        numbers = [self.node(block) for block in blocks]
        numbers += () if subtree is None else subtree.blocks
        return {n: (self.block(n), self._node(n)) for n in numbers if n is not None}

    def _add(self, container: Block, subtree: Subtree, outer: dict[Block, list[str]]) -> None:
        self._rendered[container] = subtree
        for number, block in subtree.blocks.items():
            self._subtree_of[number] = subtree
            # Another one, and not the same changed: other threads read it.
            self._numbers[block] = (*self._numbers.get(block, ()), number)
        for dependency in subtree.dependencies.values():
            self._dependencies[dependency.id] = dependency
            self._rendered_index.add(dependency)
        for block, events in outer.items():
            self._outer.setdefault(block, {})[subtree] = events

    def _remove(self, container: Block, kept: set[Block]) -> list[Subtree]:
        """Forget what was rendered into a layout, and into layouts in it but those that are kept.

        Returns:
            What is forgotten.
        """
        subtree = self._rendered.pop(container, None)
        if subtree is None:
            return []
        for number, block in subtree.blocks.items():
            del self._subtree_of[number]
            numbers = tuple(n for n in self._numbers.pop(block) if n != number)
            if numbers:
                self._numbers[block] = numbers
        for dependency in subtree.dependencies.values():
            del self._dependencies[dependency.id]
            self._rendered_index.remove(dependency)
        for block in _outer_of(subtree):
            _drop(self._outer, block, subtree)
        inner = (self._remove(b, kept) for b in subtree.blocks.values() if b not in kept)
        return [subtree, *itertools.chain.from_iterable(inner)]

    def _note_renewed(self, former: Subtree | None, subtree: Subtree) -> None:
        now = {*subtree.blocks.values()}
        for block in now:
            self._renewed.pop(block, None)  # it was here before, and is here again
        for number, block in () if former is None else former.blocks.items():
            if number in subtree.blocks and block not in now:
                self._renewed[block] = number

    def _went(self, removed: Iterable[Subtree]) -> Content:
        blocks = (block for tree in removed for block in tree.blocks.values())
        dependencies = (each for tree in removed for each in tree.dependencies.values())
        return Content(
            [block for block in blocks if self._number(block) is None],
            [each for each in dependencies if self._dependencies.get(each.id) is not each],
        )


def _came(former: Subtree | None, subtree: Subtree) -> Content:
    """What a rendering has that the former one had not."""
    if former is None:
        return Content([*subtree.blocks.values()], [*subtree.dependencies.values()])
    blocks, dependencies = {*former.blocks.values()}, former.dependencies
    return Content(
        [block for block in subtree.blocks.values() if block not in blocks],
        [d for d in subtree.dependencies.values() if dependencies.get(d.id) is not d],
    )


def _outer_of(subtree: Subtree) -> dict[Block, list[str]]:
    """What a rendering listens to at blocks that are not its own."""
    listened = subtree.listened()
    return {block: on for block, on in listened.items() if subtree.own_id_of(block) is None}


def _with_events(node: Node, tree: Tree, block: Block, events: list[str]) -> Node:
    """A node that sends some more events, to listeners of another tree."""
    own = [] if node.events is UNSET else node.events
    stream = tree.stream_rate(block) if "stream" in events else node.stream
    return msgspec.structs.replace(node, events=[*dict.fromkeys([*own, *events])], stream=stream)
