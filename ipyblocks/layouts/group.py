"""Children in one card."""

from __future__ import annotations

from ..component import BlockContext


class Group(BlockContext):
    """Puts its children into one card, without gaps between them."""
