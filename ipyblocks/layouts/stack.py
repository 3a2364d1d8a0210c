"""Children one after the other, given as arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from .. import context
from ..blocks import Tree
from ..component import BlockContext, prop
from ..components.text import as_block
from ..errors import DuplicateBlockError
from ..themes.css import check_css


class Stack(BlockContext):
    """Puts its children one below the other, or side by side: `Stack(first, second)`.

    Children are components and layouts; text, numbers and variables are shown as text, None is
    left out, and lists are as if their items had been given. More can be added by `with`.
    """

    takes_children = True

    direction: Literal["vertical", "horizontal"] = prop(
        "`vertical` is one below the other; side by side they wrap where they do not fit.",
        default="vertical",
    )
    gap: int | str | None = prop(
        "Space between children; a number is pixels, by default that of the app.", default=None
    )
    align: Literal["start", "center", "end", "stretch", "baseline"] | None = prop(
        "Where children stand across the direction; by default all but buttons fill the width, or "
        "stand on the top edge.",
        default=None,
    )
    justify: (
        Literal["start", "center", "end", "space-between", "space-around", "space-evenly"] | None
    ) = prop(
        "Where children stand along the direction, each as large as what is in it; by default, "
        "side by side all but plain text and buttons share the width.",
        default=None,
    )
    scroll: bool = prop("What does not fit is scrolled to, instead of wrapped.", default=False)
    hug: bool = prop("No larger than what is in it.", default=False)
    scale: int | None = prop("Share of the free space of the layout it is in.", default=None)
    width: int | str | None = prop("Width; a number is pixels.", default=None)
    height: int | str | None = prop("Height; a number is pixels.", default=None)

    if TYPE_CHECKING:  # the checker would derive a constructor without children

        def __init__(self, *children: Any, **props: Any) -> None: ...

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        given = super()._bind((), kwargs)
        if args and context.current_run() is not None and context.root() is None:
            raise TypeError(
                "Stack: a function can update the other arguments of a Stack, not its children. "
                "Build those that change in a gr.render function or a py_component."
            )
        self._to_take = args
        return given

    def _setup(self) -> None:
        super()._setup()
        for name in ("gap", "width", "height"):
            length = getattr(self, name)
            if isinstance(length, str):
                check_css(f"{self.describe()}: {name}", length)
            elif length is not None and not length >= 0:
                raise self.fail(
                    name, f"must be pixels (0 or more) or a CSS length, not {length!r}."
                )
        given, self._to_take = self._to_take, ()
        for child in given:
            self._take(child)

    def _take(self, given: Any) -> None:
        """Make it the last child, wherever constructing it has put it."""
        for each in _flat(given):
            with context.building(None), context.running(None):
                block = as_block(each, self.describe())
            if block is None:
                continue
            if isinstance(block, Tree):
                raise TypeError(
                    f"{self.describe()}: a Blocks is an app of its own and no part of another. "
                    "Write `with Stack(): app.render()`."
                )
            if block in self.children:
                raise DuplicateBlockError(
                    f"{self.describe()}: {block.describe()} was given twice. A component can be "
                    "placed once; make a second one."
                )
            block.unrender()
            block.parent = self
            self.children.append(block)

    @classmethod
    def example(cls) -> Stack:
        return cls("One", "Two", direction="horizontal", render=False)


def _flat(given: Any) -> Iterator[Any]:
    if isinstance(given, (list, tuple)):
        for each in given:
            yield from _flat(each)
    else:
        yield given
