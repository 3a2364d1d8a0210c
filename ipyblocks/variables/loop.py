"""The item that ``For`` is drawing: ``items.list_item["name"]``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .graph import Node
from .variable import AnyVariable, Computed, Path, inside


class Place(NamedTuple):
    """Where in a list.

    Attributes:
        items: the variable, or the list, that ``For`` was given.
        value: the item.
        position: of it, from 0.
        length: of the list.
    """

    items: Any
    value: Any
    position: int
    length: int


class Item(Computed):
    """Stands for an item, or something inside it, in what ``For`` draws for each.

    Args:
        items: the variable whose items they are.
        keys: from the item inwards.
    """

    def __init__(self, items: AnyVariable, keys: Sequence[Any] = ()) -> None:
        self.items = items
        self.keys = tuple(keys)
        super().__init__([items])

    def describe(self) -> str:
        return "".join([self.items.describe(), ".list_item", *(f"[{key!r}]" for key in self.keys)])

    def __getitem__(self, key: Any) -> Item:
        return Item(self.items, (*self.keys, key))

    def get(self, *keys: Any) -> Item:
        """Something inside the item."""
        return Item(self.items, (*self.keys, *keys))

    @property
    def index(self) -> Position:
        """Position of the item, from 0."""
        return Position(self.items, "index")

    @property
    def is_first(self) -> Position:
        """Whether it is the first."""
        return Position(self.items, "is_first")

    @property
    def is_last(self) -> Position:
        """Whether it is the last."""
        return Position(self.items, "is_last")

    def at(self, place: Place) -> Any:
        """Its value there."""
        return inside(place.value, self.keys)

    def compute(self, *values: Any) -> Any:
        raise ValueError(
            f"{self.describe()} is an item of a list and has a value only in what "
            "For(variable, …) draws."
        )


class Position(Item):
    """Stands for where an item is.

    Args:
        what: ``index``, ``is_first`` or ``is_last``.
    """

    def __init__(self, items: AnyVariable, what: str) -> None:
        self.what = what
        super().__init__(items)

    def describe(self) -> str:
        return f"{self.items.describe()}.list_item.{self.what}"

    def at(self, place: Place) -> Any:
        if self.what == "index":
            return place.position
        return place.position == (0 if self.what == "is_first" else place.length - 1)


def _are_same(items: Any, others: Any) -> bool:
    """Whether two are one list; ``x.get("rows")`` and ``item["rows"]`` are new with every call."""
    if items is others:
        return True
    if type(items) is not type(others):
        return False
    if isinstance(items, Path):
        return items.variable is others.variable and items.keys == others.keys
    return (
        type(items) is Item and items.keys == others.keys and _are_same(items.items, others.items)
    )


def depends_on_item(variable: Node, items: Any) -> bool:
    """Whether a variable is an item of these, or computed from one."""
    if isinstance(variable, Item):
        return _are_same(variable.items, items)
    return isinstance(variable, Computed) and any(
        depends_on_item(each, items) for each in variable.inputs
    )


def others(variable: Node, items: Any) -> list[Node]:
    """What else a variable that depends on an item is computed from."""
    if isinstance(variable, Item):
        return []
    if isinstance(variable, Computed) and depends_on_item(variable, items):
        return [each for inner in variable.inputs for each in others(inner, items)]
    return [variable]


def value_at(variable: Node, place: Place) -> Any:
    """The value that a variable which depends on an item has for one item."""
    if isinstance(variable, Item) and _are_same(variable.items, place.items):
        return variable.at(place)
    if isinstance(variable, Computed) and depends_on_item(variable, place.items):
        return variable.compute(*(value_at(each, place) for each in variable.inputs))
    return variable.now()
