"""``For``: the same thing for every item of a list."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .. import context
from ..block import Block
from ..blockcontext import BlockContext
from ..components.text import as_block
from ..layouts.loop import Loop
from ..layouts.loopitem import LoopItem
from ..render import former_children
from ..variables.base import AnyVariable
from ..variables.computed import Computed
from ..variables.loop import Item, Place, value_at, values_of
from ..variables.same import as_it_is, same
from .component import PyComponent
from .part import Part, own, place
from .template import Chosen, copy_of, depends_beside, made_of, taken


def _listed(items: Any) -> Any:
    """Items that can be counted and picked out; None are none.

    Raises:
        TypeError: no list, nor anything like it.
    """
    if items is None:
        return []
    if hasattr(items, "iloc"):  # pandas: its [0] is a name, and need not be there
        by_row = "tolist()" if hasattr(items, "tolist") else 'to_dict("records")'
        raise TypeError(
            f"For: items is {type(items).__name__}; give its rows, items.{by_row}, or a "
            "DerivedVariable that makes these of it."
        )
    is_list = hasattr(items, "__len__") and hasattr(items, "__getitem__")
    if not is_list or isinstance(items, (str, bytes, Mapping)):
        raise TypeError(
            f"For: items is {type(items).__name__} {items!r:.40}; give a list, or a variable whose "
            "value is one."
        )
    return items


class _Length(Computed):
    """How many items there are."""

    def compute(self, *values: Any) -> int:
        return len(_listed(values[0]))


_COUNTED = ("count", "virtual", "height", "item_height")
"""Props that follow from what ``For`` is given."""

FIRST = 60
"""Items that are drawn before the page has said which it wants."""


class _Loop(Part, Loop):
    """A list whose rows are built by a function."""

    kind = "loop"


class For(_Loop):
    """Shows the same thing for every item of a list; of a long list, for those in sight.

    Args:
        items: a variable whose value is a list, or a list.
        renderer: a component with ``items.list_item[…]`` where the item's values go, or a function
            that gets an item and returns a component. The function is called for items that are
            new or have changed; what else a row shows should be a variable in it.
        placeholder: what to show for an empty list.
        key_accessor: name of the field, or a function, that tells items apart: rows with the same
            key stay the same elements of the page when the list changes. By default their position.
        virtualization: False draws all items at once; a dict may set ``height``, of the list, and
            ``item_height``, both in pixels.

    Raises:
        TypeError: ``renderer`` is neither, or ``key_accessor`` no name and no function.
        ValueError: there is a ``py_component`` inside of ``renderer``; or an unknown key of
            ``virtualization``.
    """

    kind = "loop"
    triggers = ("change",)

    def __init__(
        self,
        items: Any,
        renderer: Any,
        placeholder: Any = None,
        key_accessor: str | Callable[[Any], Any] | None = None,
        virtualization: bool | Mapping[str, Any] | None = None,
        **props: Any,
    ) -> None:
        if not callable(renderer) or isinstance(renderer, Block):
            renderer = own(renderer, "For")
            _refuse_py_components(renderer)
        if not (key_accessor is None or isinstance(key_accessor, str) or callable(key_accessor)):
            raise TypeError(
                f"For: key_accessor is {key_accessor!r:.60}; give a name or a function."
            )
        self.items = items
        self.renderer = renderer
        self.placeholder = own(placeholder, "For")
        self.key_accessor = key_accessor
        self.virtualization = virtualization
        is_variable = isinstance(items, AnyVariable)
        count: Any = _Length([items]) if is_variable else len(_listed(items))
        self._stand_for(items)
        sizes = _sizes(virtualization)
        super().__init__(count=count, virtual=virtualization is not False, **sizes, **props)

    def _stand_for(self, items: Any) -> None:
        """Say whose ``list_item`` the renderer means: of a list in a list, that of the list which
        it is copied from.
        """
        self._named = items
        is_template = isinstance(self.renderer, Block)
        self._taken = taken(self.renderer, items) if is_template else []
        inner = depends_beside(self.renderer, items) if isinstance(self.renderer, Block) else []
        self.follow(self._rows, [self.items, *inner])

    def copied(self, at: Place) -> Block:
        renderer = self.renderer
        if isinstance(renderer, Block) and self._named is not at.items:
            renderer = copy_of(renderer, at)
        props = {n: v for n, v in self._given_at(at).items() if n not in _COUNTED}
        twin = For(
            at.of(self.items),
            renderer,
            self.placeholder and copy_of(self.placeholder, at),
            self.key_accessor,
            self.virtualization,
            **{**props, "render": False},
        )
        twin._stand_for(self._named)
        return twin

    def made_of(self) -> Sequence[Any]:
        return [self.items, self.renderer, self.placeholder]

    def _rows(self, *values: Any) -> None:
        is_variable = isinstance(self.items, AnyVariable)
        items = _listed(values[0] if is_variable else self.items)
        if len(items) == 0:
            place(self.placeholder)
            return
        before = _Rows(former_children())
        first, last = self._window(len(items))
        for index in range(first, last):
            at = Place(self._named, items[index], index, len(items))
            self._row(at, before)

    def _row(self, at: Place, before: _Rows) -> None:
        """One item: what was drawn of it before, if it would be drawn like that again."""
        key, drawn_from = self._key(at), self._drawn_from(at)
        former = before.take(key, drawn_from)
        if former is not None and former.index == at.position:
            place(former)
            return
        row = _Row(index=at.position, render=False)
        row.key = ("row", key)
        row.drawn_from = drawn_from
        with row.render():
            if former is None:
                self._draw(at, key)
            else:
                for each in former.children:
                    place(each)

    def _drawn_from(self, at: Place) -> Any:
        """All that a row depends on; None: that cannot be said."""
        if isinstance(self.renderer, Block):
            return as_it_is([value for each in self._taken for value in values_of(each, at)])
        return as_it_is(at.value)

    def _window(self, length: int) -> tuple[int, int]:
        if self.virtualization is False:
            return 0, length
        run: Any = context.current_run()
        wanted = run.prop_of(self, "window") if run is not None else None
        first, last = wanted or (0, FIRST)
        last = min(max(last, first), length)
        # A list that has become shorter: its end, and not nothing.
        return max(0, min(first, last - 1)), last

    def _key(self, at: Place) -> Any:
        accessor = self.key_accessor
        if accessor is None:
            return at.position
        if callable(accessor):
            return accessor(at.value)
        return value_at(Item(self._named).get(*accessor.split(".")), at)

    def _draw(self, at: Place, key: Any) -> None:
        if isinstance(self.renderer, Block):
            block: Block | None = copy_of(self.renderer, at)
        else:
            with context.building(None), context.running(None):
                block = as_block(self.renderer(at.value), "For")
        if block is not None:
            _give_keys(block, (key,))
            place(block)


class _Row(LoopItem):
    """An item, and what it was drawn from."""

    kind = "loopitem"
    drawn_from: Any = None


class _Rows:
    """The rows of the former rendering.

    Args:
        blocks: with others among them.
    """

    def __init__(self, blocks: Iterable[Block]) -> None:
        self._by_key: dict[Any, list[_Row]] = {}
        for block in blocks:
            if isinstance(block, _Row):
                with contextlib.suppress(TypeError):  # a key such as a list
                    self._by_key.setdefault(block.key, []).append(block)

    def take(self, key: Any, drawn_from: Any) -> _Row | None:
        """The first one with a key that was drawn from the same; None: there is none."""
        try:
            found = self._by_key.get(("row", key))
        except TypeError:
            return None
        if not found or drawn_from is None:
            return None
        row = found.pop(0)
        return row if same(row.drawn_from, drawn_from) else None


def _give_keys(block: Block, key: tuple[Any, ...]) -> None:
    if getattr(block, "key", None) is None:
        block.key = key  # type: ignore[attr-defined]
    if isinstance(block, BlockContext):
        which = (block.choice,) if isinstance(block, Chosen) else ()
        for i, child in enumerate(block.children):
            _give_keys(child, (*key, *which, i))


def _sizes(virtualization: bool | Mapping[str, Any] | None) -> dict[str, Any]:
    if virtualization is None or isinstance(virtualization, bool):
        return {}
    for key in virtualization:
        if key not in ("height", "item_height"):
            raise ValueError(f"For: virtualization has {key!r}; give height and item_height.")
    return dict(virtualization)


def _refuse_py_components(block: Block | None) -> None:
    if isinstance(block, PyComponent):
        raise ValueError(
            f"For: {block.name!r} is a py_component, which cannot be drawn for every item. Give a "
            "function as renderer, or make the whole list in one py_component."
        )
    for each in () if block is None else made_of(block):
        if isinstance(each, Block):
            _refuse_py_components(each)
