"""Content that is copied for every item of a list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import context
from ..actions import actions_of
from ..block import Block
from ..blockcontext import BlockContext
from ..layouts.column import Column
from ..variables.base import AnyVariable
from ..variables.loop import Place, depends_on_item, others
from .part import Part


def depends_beside(block: Block, items: Any) -> list[AnyVariable]:
    """What a template depends on beside the item."""
    found: dict[Any, None] = {}
    for each in made_of(block):
        if isinstance(each, Block):
            found.update(dict.fromkeys(depends_beside(each, items)))
        elif isinstance(each, AnyVariable) and depends_on_item(each, items):
            found.update(dict.fromkeys(others(each, items)))
    return list(found)


def taken(block: Block, items: Any) -> list[AnyVariable]:
    """What a template takes from an item, by itself or in something that is computed."""
    found: dict[AnyVariable, None] = {}
    for each in [*made_of(block), *_in_actions(block)]:
        if isinstance(each, Block):
            found.update(dict.fromkeys(taken(each, items)))
        elif isinstance(each, AnyVariable) and depends_on_item(each, items):
            found[each] = None
    return list(found)


def _in_actions(block: Block) -> list[Any]:
    """What the actions of a block are given."""
    given: list[Any] = []

    def note(each: Any) -> Any:
        given.append(each)
        return each

    for event, each in block.actions.items():
        for action in actions_of(each, f"{block.describe()}: on{event}"):
            action.at(note)
    return given


def made_of(block: Block) -> Iterator[Any]:
    """Variables and blocks of a template."""
    yield from block.bound.values()
    if isinstance(block, BlockContext):
        yield from block.children
    if isinstance(block, Part):
        yield from block.made_of()


def copy_of(block: Block, at: Place) -> Block:
    """A block built from the same arguments, with its children, for one item of a list."""
    with context.building(None), context.running(None):
        if isinstance(block, Part):
            return block.copied(at)
        bound = {name: at.of(each) for name, each in block.bound.items()}
        on = {f"on{event}": _actions_at(each, at) for event, each in block.actions.items()}
        twin = type(block)(**{**block._given, **bound, **on, "render": False})
        if isinstance(block, BlockContext):
            assert isinstance(twin, BlockContext)
            twin.children = [copy_of(child, at) for child in block.children]
            for child in twin.children:
                child.parent = twin
    return twin


class Chosen(Column):
    """What a part shows when it is already known what that is: no part, which would be a rendering
    of its own for every item.
    """

    kind = "column"
    choice: object = None
    """Which of its contents it is: another one is not what has become of this one."""


def chosen_of(choice: object, content: Block | None, at: Place, props: dict[str, Any]) -> Block:
    """The content that a part with these props has for one item of a list."""
    column = Chosen(**{"min_width": 0, **props, "render": False})
    column.choice = choice
    if content is not None:
        column.children = [copy_of(content, at)]
        column.children[0].parent = column
    return column


def _actions_at(given: Any, at: Place) -> Any:
    listed = given if isinstance(given, (list, tuple)) else [given]
    return [each.at(at.of) for each in listed if each is not None]
