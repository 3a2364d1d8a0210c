"""One item of a list."""

from __future__ import annotations

from ..component import BlockContext, prop

__all__: list[str] = []  # see `loop`


class LoopItem(BlockContext):
    """What is drawn for one item of the `Loop` it is in, directly or deeper inside."""

    index: int = prop("Position of the item, from 0.", default=0)

    def _setup(self) -> None:
        super()._setup()
        if self.index < 0:
            raise self.fail("index", f"is {self.index}; positions start at 0.")
