"""Controls that share one card."""

from __future__ import annotations

from ..component import BlockContext, prop


class Form(BlockContext):
    """Draws neighbouring controls as one card with hairlines. Made by the layout they are in."""

    scale: int = prop("Share of the row's free width.", default=0)
    min_width: int = prop("Pixels below which a row wraps instead.", default=0)
