"""The item that ``For`` is drawing: ``items.list_item["name"]``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .base import AnyVariable
from .computed import Computed
from .graph import Node
from .path import Path, inside


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

    def of(self, given: Any) -> Any:
        """What stands for something here: of a variable that depends on the item its value, or,
        when it depends on an item of another list too, what has a value there. Anything else is
        itself.
        """
        if not isinstance(given, AnyVariable) or not depends_on_item(given, self.items):
            return given
        places = (*(given.places if isinstance(given, Partly) else ()), self)
        given = given.variable if isinstance(given, Partly) else given
        left = [each for each in _items(given) if not any(_is_of(each, at) for at in places)]
        return Partly(given, places, left) if left else value_at(given, *places)


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


class Partly(Computed):
    """A variable that depends on items of several lists, of which some are known.

    Args:
        variable: what it stands for.
        places: the items that are known.
        left: those that are not.
    """

    def __init__(
        self, variable: AnyVariable, places: Sequence[Place], left: Sequence[Item]
    ) -> None:
        self.variable = variable
        self.places = tuple(places)
        super().__init__(left)

    def describe(self) -> str:
        return self.variable.describe()

    def compute(self, *values: Any) -> Any:
        raise ValueError(f"{self.describe()} has a value only in what For(variable, …) draws.")


def _items(variable: Node) -> list[Item]:
    """Items that a variable is computed from."""
    if isinstance(variable, Item):
        return [variable]
    parts = variable.parts if isinstance(variable, Computed) else ()
    return [item for each in parts for item in _items(each)]


def _is_of(item: Item, place: Place) -> bool:
    return _are_same(item.items, place.items)


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
        depends_on_item(each, items) for each in variable.parts
    )


def others(variable: Node, items: Any) -> list[Node]:
    """What else a variable that depends on an item is computed from."""
    if isinstance(variable, Item):
        return []
    if isinstance(variable, Computed) and depends_on_item(variable, items):
        return [each for inner in variable.parts for each in others(inner, items)]
    return [variable]


def values_of(variable: AnyVariable, place: Place) -> list[Any]:
    """What a variable that depends on an item depends on at that place: its own value, or, where
    items of other lists are missing for that, those of all that it is computed from.
    """
    here = place.of(variable)
    if not isinstance(here, Partly):
        return [here]
    return [
        each.at(place) if isinstance(each, Item) else each.now()
        for each in _leaves(here.variable)
        if not isinstance(each, Item) or _is_of(each, place)
    ]


def _leaves(variable: Node) -> list[Node]:
    if isinstance(variable, Item) or not isinstance(variable, Computed):
        return [variable]
    return [leaf for each in variable.parts for leaf in _leaves(each)]


def value_at(variable: Node, *places: Place) -> Any:
    """The value that a variable which depends on items has for these."""
    if isinstance(variable, Item):
        for place in places:
            if _is_of(variable, place):
                return variable.at(place)
    if isinstance(variable, Computed) and any(depends_on_item(variable, at.items) for at in places):
        return variable.resolved(lambda each: value_at(each, *places))
    return variable.now()
