"""``gr.render``: a part of the page that a function builds anew whenever its inputs change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from . import context
from .block import Block
from .blockcontext import BlockContext
from .blocks import Tree
from .component import Component
from .dependency import Dependency
from .events import EventListener, listen
from .layouts.column import Column
from .layouts.row import Row
from .listener_args import Inputs, ListenerArgs, TriggerMode, as_list
from .protocol import Json, NodeId


class Scene(Protocol):
    """What a session shows, as far as building a part of it anew needs to know."""

    def new_node(self) -> NodeId:
        """A number that no node has had."""

    def new_dependency(self) -> int:
        """A number that no dependency has had."""

    def former(self, container: Block) -> Subtree | None:
        """What was last rendered into a container."""

    def node(self, block: Block) -> NodeId | None:
        """The number of a block that is shown."""


class Subtree(Tree):
    """What one run of a ``gr.render`` function has built, for one session.

    Numbers of blocks and dependencies go on from those of the session. A block with a ``key``
    takes over the number of the former one with that key, so that the page goes on with the same
    element, focus and all, and what the person had entered stays; so does a block that is placed
    again. A listener with a ``key`` takes
    over the number of the former one with that key, and with it the runs that go by that number.

    Attributes:
        former: what it replaces; None: nothing, or it is finished.
    """

    on_page = False

    def bind(self, scene: Scene, container: BlockContext) -> None:
        """Say where it belongs, before anything is built in it."""
        self._scene = scene
        self.former = scene.former(container)
        known = () if self.former is None else self.former.blocks.items()
        self._keyed = _Keyed(known)
        self.blocks.clear()
        self._ids.clear()
        self.holder = container.empty()
        self.holder._root = self
        self.holder.parent = container
        self.base_props: dict[NodeId, dict[str, Json]] = {}
        self._brought: dict[Block, list[Dependency]] = {}

    def own_id_of(self, block: Block) -> NodeId | None:
        return super().id_of(block)

    def id_of(self, block: Block) -> NodeId | None:
        if block is self:
            return NodeId(-1)  # the target of its own `load`; never on the wire
        own = super().id_of(block)
        return own if own is not None else self._scene.node(block)

    def add(self, block: Block) -> None:
        brought = None if self.former is None else self.former.brought(block)
        if brought is None:
            super().add(block)
            return
        # Placed again: its functions go on, with whoever waits for them.
        self.take(block)
        for each in brought:
            each.root = self
            self.dependencies[each.id] = each
        if brought:
            self._brought[block] = brought

    def brought(self, block: Block) -> list[Dependency] | None:
        """Functions that a block has added by itself; None: it is not here."""
        return None if self.own_id_of(block) is None else self._brought.get(block, [])

    def _number(self, block: Block) -> None:
        if not hasattr(self, "_scene"):
            return  # the root itself, which is not shown
        node = self._kept(block)
        if node is None:
            node = self._scene.new_node()
        self._ids[block] = node
        self.blocks[node] = block
        self._nodes = None

    def _kept(self, block: Block) -> NodeId | None:
        own = None if self.former is None else self.former.own_id_of(block)
        node = self._keyed.find(block) if own is None else own
        return None if node in self.blocks else node

    def next_dependency_id(self) -> int:
        return self._scene.new_dependency()

    def former_listener(self, key: Any, where: str) -> Dependency | None:
        """The one with this key that the former rendering had.

        Raises:
            ValueError: this rendering has one with that key already.
        """
        if key is None:
            return None
        if any(each.args.key == key for each in self.dependencies.values()):
            raise ValueError(
                f"{where}: key={key!r} is that of another listener of this gr.render; "
                "each needs a key of its own."
            )
        known = () if self.former is None else self.former.dependencies.values()
        return next((each for each in known if each.args.key == key), None)

    def unique_api_name(self, wanted: str | None) -> None:
        """Functions of a rendering have no endpoint: it may be gone at any time."""

    def finish(self) -> None:
        """Everything is built: check it and note what the page gets."""
        self._listen_to_load()
        self._check_placed()
        self.base_props = {node.id: node.props for node in self.nodes()}
        self.former = None  # which would keep all that have ever been
        self._keyed = _Keyed(())

    def children_ids(self) -> list[NodeId]:
        """Top-level blocks, in order."""
        found = (self.own_id_of(child) for child in self.holder.children if child.on_page)
        return [node for node in found if node is not None]


def former_children() -> Sequence[Block]:
    """What the rendering that is being replaced has at its top level."""
    root = context.root()
    former = root.former if isinstance(root, Subtree) else None
    return () if former is None else former.holder.children


class _Keyed:
    """Blocks with a key, found by it and their class; of several that share both, the first.

    Args:
        blocks: with their numbers.
    """

    def __init__(self, blocks: Iterable[tuple[NodeId, Block]]) -> None:
        self._found: dict[tuple[type[Block], Any], NodeId] = {}
        # Keys such as lists, which are compared one by one.
        self._unhashable: list[tuple[tuple[type[Block], Any], NodeId]] = []
        for node, block in blocks:
            key = _key(block)
            if key is None:
                continue
            try:
                self._found.setdefault(key, node)
            except TypeError:
                self._unhashable.append((key, node))

    def find(self, block: Block) -> NodeId | None:
        """Number of the block that has the key of this one; None when none has."""
        key = _key(block)
        if key is None:
            return None
        try:
            return self._found.get(key)
        except TypeError:
            return next((node for other, node in self._unhashable if other == key), None)


def _key(block: Block) -> tuple[type[Block], Any] | None:
    key = getattr(block, "key", None)
    return None if key is None else (type(block), key)


def render(
    inputs: Inputs | Callable[..., Any] = None,
    triggers: EventListener | Iterable[EventListener] | None = None,
    *,
    queue: bool = True,
    trigger_mode: TriggerMode | None = "always_last",
    concurrency_limit: int | None = None,
    concurrency_id: str | None = None,
) -> Any:
    """Build a part of the page in a function: ``@gr.render(inputs=[count])``.

    The function gets the values of the inputs and constructs components and listeners, as in a
    ``with``. What it built before is replaced. It runs when the app is shown and whenever an input
    changes. When it fails, its message stands below what it built before.

    Args:
        inputs: components whose values it gets.
        triggers: events to run on instead.
        queue, trigger_mode, concurrency_limit, concurrency_id: as of any listener.

    Raises:
        AttributeError: used outside ``with gr.Blocks():``.
    """
    if callable(inputs) and not isinstance(inputs, Block):
        return render()(inputs)
    root, parent = context.root(), context.parent()
    if root is None or parent is None:
        raise AttributeError("Cannot use gr.render outside of a gr.Blocks context.")

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        container = (Row if isinstance(parent, Row) else Column)(show_progress=True)
        given, _ = as_list(inputs, "inputs", "render")
        args = ListenerArgs(
            fn,
            inputs,
            container,
            api_name=False,
            show_progress="minimal",
            queue=queue,
            trigger_mode=trigger_mode,
            concurrency_limit=concurrency_limit,
            concurrency_id=concurrency_id,
        )
        dependency = listen(root, _targets(root, given, triggers), args)
        root.dependencies[dependency.id] = replace(dependency, renders=container)
        return fn

    return decorate


def _targets(
    root: Tree,
    inputs: list[Component],
    triggers: EventListener | Iterable[EventListener] | None,
) -> list[tuple[Block | None, str]]:
    if triggers is None:
        changes = [(each, "change") for each in inputs if "change" in each.events]
        return [(root, "load"), *changes]
    listed = [triggers] if isinstance(triggers, EventListener) else list(triggers)
    return [(each.block, each.event) for each in listed]


def build(
    scene: Scene, container: BlockContext, fn: Callable[..., Any], values: list[Any]
) -> Subtree:
    """Run a render function; what it constructs becomes a subtree."""
    # Outside of the run, in which constructing a block would be an update.
    with context.building(None), context.running(None):
        subtree = Subtree()
        subtree.bind(scene, container)
    with context.building(subtree.holder):
        fn(*values)
    subtree.holder._group_children()
    subtree.finish()
    return subtree
