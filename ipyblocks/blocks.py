"""An app as pure data: which blocks it has, how they nest, and what its functions listen to.

Nothing here runs, draws or sends; :class:`ipyblocks.app.Blocks` adds that.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Any

from msgspec import UNSET, UnsetType
from typing_extensions import Self

from . import context
from .block import Block
from .blockcontext import BlockContext
from .component import Component
from .dependency import Dependency
from .errors import DuplicateBlockError, InvalidBlockError, RenderError
from .events import Event, listen
from .listener_args import ListenerArgs
from .missing import BLOCKS
from .prop import prop
from .protocol import App, Node, NodeId, StreamRate
from .themes import ThemeClass, resolve


class Tree(BlockContext):
    """The root of an app: a layout that numbers its blocks and holds its dependencies.

    Attributes:
        blocks: every block that is placed in it, by id. The root itself is 0.
        dependencies: by id, in the order they were made.
    """

    kind = "blocks"
    unknown = BLOCKS

    theme: ThemeClass | str | None = prop(
        "Colours, fonts and radii inside this app; by default those of JupyterLab.",
        default=None,
        kw_only=False,
        wire=None,
    )
    analytics_enabled: bool | None = prop(
        "There is no telemetry, so there is nothing to turn off.",
        default=None,
        kw_only=False,
        wire=None,
    )
    mode: str = prop("A name for the kind of app.", default="blocks", kw_only=False, wire=None)
    title: str = prop(
        "Accessible name of the app and title of its plain-text form.",
        default="ipyblocks",
        kw_only=False,
        wire=None,
    )
    css: str | None = prop(
        "CSS, or the path of a CSS file; its selectors reach this app alone.",
        default=None,
        kw_only=False,
        wire=None,
    )
    js: str | None = prop(
        "A JavaScript function, or the path of a file with one, run once when the page loads; "
        "only in a trusted view.",
        default=None,
        kw_only=False,
        wire=None,
    )
    head: str | None = prop(
        "HTML for the page's head, such as a script tag; only in a trusted view, and removed "
        "with the app.",
        default=None,
        kw_only=False,
        wire=None,
    )
    fill_height: bool = prop(
        "With `launch(height=…)`, children with scale ≥ 1 grow to that height.",
        default=False,
        kw_only=False,
        wire=None,
    )
    delete_cache: tuple[float, float] | None = prop(
        "`(frequency, age)` in seconds: how often files of this app older than age are removed.",
        default=None,
        kw_only=False,
        wire=None,
    )

    load = Event("The page has loaded the app: once for every session.", kernel=True)

    def _setup(self) -> None:
        super()._setup()
        self._root = self
        self.blocks: dict[NodeId, Block] = {}
        self.dependencies: dict[int, Dependency] = {}
        self.unload_fns: list[Callable[[], Any]] = []
        self._ids: dict[Block, NodeId] = {}
        self._brought: dict[Block, list[Dependency]] = {}
        self._dropped: set[Block] = set()
        self._nodes: dict[NodeId, Node] | None = None
        self._outer: BlockContext | None = None
        self._number(self)
        self._resolved_theme = resolve(self.theme)
        self._css, self._js = text_or_file(self.css), text_or_file(self.js)
        if self.delete_cache is not None and (
            len(self.delete_cache) != 2 or min(self.delete_cache) <= 0
        ):
            raise self.fail("delete_cache", "must be two positive numbers (frequency, age).")

    # --- building ------------------------------------------------------------------------------

    def _place(self) -> None:
        """A Blocks inside another one is merged by :meth:`render` or on leaving its ``with``."""

    def __enter__(self) -> Self:
        self._outer = context.parent()
        if self._outer is not None:
            self._root = self._outer.root
        self._nodes = None
        self._open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(exc_type, exc, traceback)
        if exc_type is not None:
            return
        if self._outer is not None:
            self._outer.children.extend(self.children)
            root = self._outer.root
            root.unload_fns += self.unload_fns
            for dependency in root.dependencies.values():
                # This Blocks is no node of the app: what listens to its load listens to the app's.
                dependency.targets = [
                    (root if block is self else block, event) for block, event in dependency.targets
                ]
            return
        self._listen_to_load()
        self._check_placed()

    def render(self) -> Self:
        """Merge this finished app into the one being built: its blocks, and its functions
        renumbered.

        Raises:
            RenderError: called outside ``with gr.Blocks():``.
            DuplicateBlockError: one of its blocks is already there.
        """
        parent = context.parent()
        if parent is None:
            raise RenderError("A Blocks can only be rendered inside another `with gr.Blocks():`.")
        root = parent.root
        for block in self.blocks.values():
            if block is not self:
                root.take(block)
        parent.children.extend(self.children)
        root.unload_fns += self.unload_fns
        # A function follows on, and cancels, only those before it.
        numbers: dict[int, int] = {}
        for own in self.dependencies.values():
            number = numbers[own.id] = root.next_dependency_id()
            root.dependencies[number] = replace(
                own,
                id=number,
                root=root,
                targets=[(root if b is self else b, event) for b, event in own.targets],
                api_name=root.unique_api_name(own.api_name),
                after=own.after and (numbers[own.after[0]], own.after[1]),
                cancels=[numbers[other] for other in own.cancels],
            )
        return self

    def add(self, block: Block) -> None:
        """Give a block a number in this app, and let it add its own functions.

        Raises:
            DuplicateBlockError: it is already placed here.
        """
        is_new = block not in self._ids or block in self._dropped
        self.take(block)
        if is_new:
            count = len(self.dependencies)
            block.on_placed(self)
            added = len(self.dependencies) - count
            if added:
                last = reversed(self.dependencies.values())
                self._brought[block] = list(itertools.islice(last, added))
            self._dropped.discard(block)

    def take(self, block: Block) -> None:
        """Give a block a number in this app.

        Raises:
            DuplicateBlockError: it is already placed here.
        """
        known = self._ids.get(block)
        if known is not None and known in self.blocks:
            raise DuplicateBlockError(
                f"{block.describe()} is already in this app. A component can be placed once; "
                "make a second one, or place it with unrender() and render()."
            )
        self._number(block)
        block._root = self

    def remove(self, block: Block) -> None:
        """Forget the place of a block; its number stays its own."""
        del self.blocks[self._ids[block]]
        self._nodes = None

    def _number(self, block: Block) -> None:
        node = self._ids.setdefault(block, NodeId(len(self._ids)))
        self.blocks[node] = block
        self._nodes = None

    def id_of(self, block: Block) -> NodeId | None:
        """Number of a block in this app; None when it is not in it."""
        node = self._ids.get(block)
        return node if node in self.blocks else None

    def own_id_of(self, block: Block) -> NodeId | None:
        """Like :meth:`id_of`, without blocks of a tree that this one is shown in."""
        return self.id_of(block)

    def next_node_id(self) -> int:
        """A number that no block has had, also none that has been taken out."""
        return len(self._ids)

    def next_dependency_id(self) -> int:
        """Ids count up and are not reused."""
        return max(self.dependencies, default=-1) + 1

    def former_listener(self, _key: Any, _where: str) -> Dependency | None:
        """The listener whose place one with this key takes; see :class:`render.Subtree`."""
        return None

    def unique_api_name(self, wanted: str | None) -> str | None:
        """``wanted``, with ``_1``, ``_2``, … when another endpoint already has that name."""
        taken = {d.api_name for d in self.dependencies.values()}
        if wanted is None or wanted not in taken:
            return wanted
        number = 1
        while f"{wanted}_{number}" in taken:
            number += 1
        return f"{wanted}_{number}"

    def unload(self, fn: Callable[[], Any]) -> None:
        """Call ``fn``, without arguments, when a session of this app ends.

        Raises:
            TypeError: ``fn`` is not callable.
        """
        if not callable(fn):
            raise TypeError(f"unload takes a function, not {type(fn).__name__}.")
        self.unload_fns.append(fn)

    def _listen_to_load(self) -> None:
        """Callable values are computed again for every session."""
        for block in list(self.blocks.values()):
            if isinstance(block, Component) and block.load_fn is not None:
                if any(
                    d.fn is block.load_fn and d.outputs == [block] and (self, "load") in d.targets
                    for d in self.dependencies.values()
                ):
                    continue
                self._listen_again(block)

    def _listen_again(self, block: Component) -> None:
        """Call the function of a value for every session, and as often as ``every`` says."""
        timer = block.every if isinstance(block.every, Component) else None
        targets: list[tuple[Block | None, str]] = [(self, "load")]
        if timer is not None:
            targets.append((timer, "tick"))
        args = ListenerArgs(
            block.load_fn,
            None,
            block,
            api_name=False,
            show_progress="hidden",
            queue=False,
            every=None if timer is not None else block.every,  # type: ignore[arg-type]
        )
        listen(self, targets, args)

    def _check_placed(self) -> None:
        self._drop_brought()
        for dependency in self.dependencies.values():
            targets = [block for block, _ in dependency.targets if block is not None]
            for block in [*targets, *dependency.inputs, *dependency.outputs]:
                if self.id_of(block) is None:
                    raise InvalidBlockError(
                        f"{block.describe()} is used by {dependency.name!r} but is not placed in "
                        "this app. Create it inside `with gr.Blocks():`, or call its render() "
                        "there."
                    )

    def _drop_brought(self) -> None:
        """Forget functions that blocks have brought with them which are not here any more: parts
        such as ``If`` take their content out of where constructing it has put it.
        """
        for block in [each for each in self._brought if self.own_id_of(each) is None]:
            for dependency in self._brought.pop(block):
                del self.dependencies[dependency.id]
            self._dropped.add(block)

    # --- what the page gets --------------------------------------------------------------------

    def nodes(self) -> list[Node]:
        """The tree as the page first gets it. Computed once for all sessions."""
        return list(self.nodes_by_id().values())

    def nodes_by_id(self) -> dict[NodeId, Node]:
        """Like :meth:`nodes`, by number."""
        if self._nodes is None:
            listened = self.listened()
            inputs = {c for d in self.dependencies.values() for c in d.inputs}
            outputs = {c for d in self.dependencies.values() for c in d.outputs}
            self._nodes = {
                node: self._node(node, block, inputs, outputs, listened.get(block))
                for node, block in self.blocks.items()
                if block.on_page
            }
        return self._nodes

    def _node(
        self,
        node: NodeId,
        block: Block,
        inputs: set[Component],
        outputs: set[Block],
        events: list[str] | None,
    ) -> Node:
        props = block.wire_props()
        if "interactive" in block.props and isinstance(block, Component):
            props.pop("interactive", None)
            variable = block.bound.get("value")
            is_input = block in inputs or (variable is not None and variable.settable)
            is_output = block in outputs or variable is not None
            if not is_interactive(block, is_input, is_output):
                props["interactive"] = False
        children: list[NodeId] | UnsetType = UNSET
        if isinstance(block, BlockContext):
            placed = (self.id_of(child) for child in block.children if child.on_page)
            children = [child for child in placed if child is not None]
        return Node(
            id=node,
            kind=block.kind,
            props=props,
            children=children,
            events=events or UNSET,
            stream=self.stream_rate(block) if events and "stream" in events else UNSET,
            secret=True if isinstance(block, Component) and block.is_secret() else UNSET,
        )

    def listened(self) -> dict[Block, list[str]]:
        """By block, the events that a page is to send because somebody listens."""
        listened: dict[Block, list[str]] = {}
        for dependency in self.dependencies.values():
            for block, event in dependency.targets:
                # Events of the kernel's own making need not be sent by the page.
                if block is None or block.events[event].kernel:
                    continue
                names = listened.setdefault(block, [])
                if event not in names:
                    names.append(event)
        return listened

    def stream_rate(self, block: Block) -> StreamRate:
        """All listeners of one stream have the same; `listen` sees to it."""
        listeners = (d for d in self.dependencies.values() if (block, "stream") in d.targets)
        args = next(listeners).args
        return StreamRate(every=args.stream_every, time_limit=args.time_limit)

    def app(self) -> App:
        """What belongs to the app as a whole, before ``launch`` adds its arguments."""
        theme = self._resolved_theme
        return App(
            title=self.title,
            css=self._css,
            js=self._js,
            head=self.head,
            tokens=theme.tokens() if theme else None,
            height=None,
            width=None,
            fill_height=self.fill_height,
            show_error=False,
            max_file_size=None,
        )


def is_interactive(component: Component, is_input: bool, is_output: bool) -> bool:
    """Gradio's rule for ``interactive=None``: inputs are, and so is what nothing fills in."""
    given: bool | None = component.interactive  # type: ignore[attr-defined]
    if given is not None:
        return given
    return is_input or (not is_output and component.is_empty())


def text_or_file(given: str | None) -> str | None:
    """Literal text, or the content of the file it names.

    Raises:
        FileNotFoundError: it looks like a path of a .css or .js file, and there is none.
    """
    if given is None:
        return None
    short = len(given) < 1024 and "\n" not in given and "{" not in given
    if short and os.path.isfile(given):
        with open(given, encoding="utf-8") as file:
            return file.read()
    if short and given.endswith((".css", ".js")):
        raise FileNotFoundError(
            f"There is no file {given!r}; give an existing path, or the text itself."
        )
    return given
