"""A list of many items, of which the page has those in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..component import BlockContext, prop
from ..events import change_event

if TYPE_CHECKING:
    from ..protocol import Json

__all__: list[str] = []  # what draws `For`; no name of `gr`

MOST_WANTED = 2000
"""Items that a page may want at a time: three screens of the smallest ones."""


class Loop(BlockContext):
    """Shows items one after the other; of more than 50, those in sight.

    Its children are `LoopItem`s, in any order: those that have been drawn of `count`. The page
    says by `window` which it wants, and shows a quiet row for each that is not there. What else is
    among the children is shown as it is.
    """

    value_prop = "window"

    count: int = prop("Items there are.", default=0)
    window: list[int] | None = prop(
        "The first item that the page wants, and the one after the last; empty before it has said.",
        default=None,
        wire=list[int],
        wire_default=[],
        settable=True,
    )
    item_height: int | None = prop(
        "Pixels that an item takes, roughly; by default as much as the first ones.", default=None
    )
    height: int | str | None = prop(
        "Height, or, side by side, width; a number is pixels. By default as much as the items "
        "take, and of more than 50 items at most 480 pixels, or the width there is.",
        default=None,
    )
    direction: Literal["vertical", "horizontal"] = prop(
        "One below the other, or side by side.", default="vertical"
    )
    virtual: bool = prop("False draws all items, however many there are.", default=True)

    change = change_event()

    def _setup(self) -> None:
        super()._setup()
        self.window = [] if self.window is None else list(self.window)
        if self.count < 0:
            raise self.fail("count", f"is {self.count}; there cannot be fewer items than none.")
        if self.item_height is not None and self.item_height <= 0:
            raise self.fail("item_height", f"is {self.item_height}; it must be a size in pixels.")

    def check(self, name: str, payload: Json) -> Json:
        checked = super().check(name, payload)
        if name != "window":
            return checked
        if len(checked) != 2 or not 0 <= checked[0] <= checked[1]:
            raise self.fail("window", f"must be the first item and the end, not {checked!r:.60}.")
        # The list may have become shorter while the page was asking.
        first, last = (min(each, self.count) for each in checked)
        if self.virtual and last - first > MOST_WANTED:
            raise self.fail("window", f"may have {MOST_WANTED} items, not {last - first}.")
        return [first, last]
