"""Children one below the other."""

from __future__ import annotations

from typing import Literal

from ..component import BlockContext, prop


class Column(BlockContext):
    """Puts its children one below the other; columns of a row share its width by `scale`."""

    scale: int = prop("Share of the row's free width.", default=1)
    min_width: int = prop("Pixels below which a row wraps instead.", default=320)
    variant: Literal["default", "panel", "compact"] = prop(
        "`panel` draws a filled card, `compact` leaves no gaps.", default="default"
    )
    show_progress: bool = prop(
        "Draw the status of functions that have this layout as output.", default=False
    )

    def _setup(self) -> None:
        super()._setup()
        if self.scale < 0 or self.min_width < 0:
            raise self.fail("scale and min_width", "must not be negative.")
