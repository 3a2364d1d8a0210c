"""``BlockContext``: a block with others in it."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from typing_extensions import Self

from . import context
from .block import Block
from .errors import RenderError
from .prop import prop

if TYPE_CHECKING:
    from .blocks import Tree


class BlockContext(Block):
    """A layout: ``with`` it, and blocks constructed inside become its children."""

    track_progress: bool = prop(
        "Components in it that wait for a variable say how far that is; where the layout itself "
        "waits for one, the first of them does.",
        default=False,
        wire=None,
    )

    key: Any = None
    """Identity across re-runs of `gr.render`, for those that the kernel itself makes."""

    def _too_many(self, given: int) -> str:
        if self._positional:
            return super()._too_many(given)
        name = type(self).__name__
        return (
            f"{name}() takes no positional arguments; {given} given. Make what is in it inside "
            f"`with gr.{name}():`, and pass arguments by name."
        )

    def _setup(self) -> None:
        super()._setup()
        self.children: list[Block] = []
        self._entered: list[Any] = []

    def updated(self, changes: Mapping[str, Any], forget: str = "") -> Self:
        twin = super().updated(changes, forget)
        twin.children = self.children  # what is in a layout is the same in every session
        return twin

    def empty(self) -> BlockContext:
        """A layout of the same kind with nothing in it, for a rendering of its content."""
        return type(self)(render=False)

    @property
    def root(self) -> Tree:
        """The app this layout is part of.

        Raises:
            RenderError: it is part of none yet.
        """
        if self._root is None:
            raise RenderError(
                f"{self.describe()} is not part of an app; use it inside gr.Blocks()."
            )
        return self._root

    def _place(self) -> None:
        super()._place()
        self._place_children()

    def _place_children(self) -> None:
        """Give what was put into it before it was placed its place in the app as well."""
        for child in self.children:
            self.root.add(child)
            if isinstance(child, BlockContext):
                child._place_children()
        self._group_children()

    def unrender(self) -> Self:
        root = None if self.parent is None else self.parent._root
        super().unrender()
        if root is not None:
            self._take_children_from(root)
        return self

    def _take_children_from(self, root: Tree) -> None:
        for child in self.children:
            if root.own_id_of(child) is not None:
                root.remove(child)
            if isinstance(child, BlockContext):
                child._take_children_from(root)

    def __enter__(self) -> Self:
        if self._root is None and context.parent() is not None:
            self._place()
        self._open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._entered.pop().__exit__(exc_type, exc, traceback)
        if exc_type is None:
            self._group_children()

    def _open(self) -> None:
        here = context.building(self)
        here.__enter__()
        self._entered.append(here)

    def _group_children(self) -> None:
        """Put runs of children that expect the same kind of parent into one new parent of that
        kind.
        """
        grouped: list[Block] = []
        for child in self.children:
            wanted = child.expected_parent()
            if wanted is None or isinstance(self, wanted):
                grouped.append(child)
                continue
            group = grouped[-1] if grouped else None
            # Exact type: a Form that somebody wrote by hand is not ours to add to.
            if not (type(group) is wanted and getattr(group, "_automatic", False)):
                group = self._new_group(wanted, child)
                grouped.append(group)
            assert isinstance(group, BlockContext)
            group.children.append(child)
            child.parent = group
        self.children = grouped

    def _new_group(self, wanted: type[BlockContext], first: Block) -> BlockContext:
        with context.building(None), context.running(None):
            group = wanted(render=False)
        group._automatic = True  # type: ignore[attr-defined]
        if getattr(first, "key", None) is not None:
            # Else a re-run of `gr.render` would draw the group, and the kept child in it, anew.
            group.key = (wanted.__name__, first.key)  # type: ignore[attr-defined]
        self.root.add(group)
        group.parent = self
        return group
