"""What parts of a page have in common that follow variables."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from .. import context
from ..block import Block
from ..blockcontext import BlockContext
from ..components.text import as_block
from ..events import listen
from ..layouts.column import Column
from ..listener_args import ListenerArgs
from ..prop import prop
from ..variables.base import AnyVariable
from ..variables.loop import Place
from ..variables.switch import All

if TYPE_CHECKING:
    from ..blocks import Tree

_placing = threading.RLock()
"""Content that was built once is placed by all sessions, each in its own tree."""


def own(given: Any, where: str) -> Block | None:
    """Like :func:`as_block`, taken out of where constructing it has put it."""
    block = as_block(given, where)
    if block is not None and block.parent is not None:
        block.unrender()
    return block


def place(block: Block | None) -> None:
    """Put content into the tree that is being built, wherever it has been before."""
    if block is not None:
        with _placing:
            block.parent = None  # of a former rendering, which goes on until this one is finished
            block.render()


class Part:
    """What layouts have whose content is built whenever a variable changes. Mixed into one."""

    def follow(self, build: Callable[..., None], variables: Sequence[Any]) -> None:
        """Say what builds the content.

        Args:
            build: called with the variables' values; what it places is the content.
            variables: followed; what is no variable is left out, and without any the content is
                built once.
        """
        self._build = build
        self._variable = All([each for each in variables if isinstance(each, AnyVariable)])

    def copied(self, at: Place) -> Block:
        """The same for one item of a list."""
        raise NotImplementedError

    def made_of(self) -> Sequence[Any]:
        """Variables that decide what it shows, and the blocks that it may show."""
        return []

    def _given_at(self, at: Place) -> dict[str, Any]:
        """Its props for one item of a list."""
        assert isinstance(self, BlockContext)
        return {name: at.of(self.bound.get(name, v)) for name, v in self._given.items()}

    def empty(self) -> BlockContext:
        """See :meth:`ipyblocks.blockcontext.BlockContext.empty`."""
        return self._plain()(render=False)

    def _plain(self) -> type[BlockContext]:
        """The layout alone: what builds its content is no prop."""
        return next(each for each in type(self).__mro__ if Part in each.__bases__)

    def updated(self, changes: Mapping[str, Any], forget: str = "") -> Any:
        """See :meth:`ipyblocks.block.Block.updated`."""
        assert isinstance(self, BlockContext)
        given = {**self._given, **changes, "render": False}
        given.pop(forget, None)
        with context.building(None), context.running(None):
            twin = self._plain()(**given)
        twin.children = self.children
        return twin

    triggers: ClassVar[tuple[str, ...]] = ()
    """Events of its own after which it is built as well."""

    def on_placed(self, root: Tree) -> None:
        """See :meth:`ipyblocks.block.Block.on_placed`."""
        assert isinstance(self, BlockContext)
        super().on_placed(root)  # type: ignore[misc]
        variable, build = self._variable, self._build

        def built() -> None:
            build(*variable.now())

        built.__name__ = getattr(build, "__name__", type(self).__name__)
        args = ListenerArgs(
            built,
            outputs=self,
            api_name=False,
            show_progress="minimal",
            trigger_mode="always_last",
            concurrency_limit=None,
        )
        own: list[tuple[Block | None, str]] = [(self, event) for event in self.triggers]
        dependency = listen(root, own or [(None, "variables")], args)
        root.dependencies[dependency.id] = replace(dependency, renders=self, variable=variable)


class PartColumn(Part, Column):
    """A column whose content is built by a function."""

    kind = "column"
    # The page knows the defaults of a plain column.
    min_width: int = prop("Pixels below which a row wraps instead.", default=0, wire_default=320)
    show_progress: bool = prop(
        "Draw the status of what it waits for.", default=True, wire_default=False
    )
