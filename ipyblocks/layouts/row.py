"""Children side by side."""

from __future__ import annotations

from typing import Literal

from ..component import BlockContext, prop


class Row(BlockContext):
    """Puts its children side by side; they wrap where their minimum widths do not fit."""

    variant: Literal["default", "panel", "compact"] = prop(
        "`panel` draws a filled card, `compact` leaves no gaps.", default="default"
    )
    equal_height: bool = prop("Children are all as high as the highest.", default=False)
    scale: int | None = prop("Share of the free space of the layout it is in.", default=None)
    height: int | str | None = prop("Height; a number is pixels.", default=None)
    max_height: int | str | None = prop("Largest height; more content scrolls.", default=None)
    min_height: int | str | None = prop("Smallest height.", default=None)
    show_progress: bool = prop(
        "Draw the status of functions that have this layout as output.", default=False
    )
