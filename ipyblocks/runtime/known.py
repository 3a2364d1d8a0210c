"""``Known``: large values that pages have."""

from __future__ import annotations

from collections.abc import Mapping, Set

from msgspec import UNSET

from ..protocol import Edit, Json, NodeId, Update
from .diff import edits, is_worth


class Known:
    """Large values that pages have: what the kernel last sent, so that changes can be told."""

    def __init__(self) -> None:
        self._values: dict[tuple[NodeId, str], Json] = {}

    def update(self, node: NodeId, props: dict[str, Json]) -> Update:
        """What to tell: whole values, and of large ones that pages have, the changes."""
        whole: dict[str, Json] = {}
        changes: dict[str, list[Edit]] = {}
        for name, value in props.items():
            old = self._values.pop((node, name), None)
            found = None if old is None else edits(old, value)
            if found is None:
                whole[name] = value
            elif found:
                changes[name] = found
            if is_worth(value):
                self._values[node, name] = value
        return Update(node=node, props=whole, edits=changes or UNSET)

    def edited(self, node: NodeId, props: Mapping[str, Json]) -> None:
        """The page has set props itself: changes that follow start from there."""
        for name in props:
            self._values.pop((node, name), None)

    def forget(self, nodes: Set[NodeId]) -> None:
        """Nodes are gone, or the page gets them anew."""
        for key in [key for key in self._values if key[0] in nodes]:
            del self._values[key]

    def clear(self) -> None:
        """Pages are to get everything anew."""
        self._values.clear()
