"""How one change led to another, and how far a circle of them may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..block import Block

MOST_ROUNDS = 50
"""Changes that may follow from one another before they are taken for a circle."""

MOST_RUNS = 300
"""Runs that a circle may lead to on all its ways. One that goes on comes to :data:`MOST_ROUNDS`;
one that branches would double with every round until then.
"""


@dataclass(eq=False)
class _Circle:
    """All ways on from where a block changed for the second time.

    Attributes:
        runs: how many there were.
        stopped: it was too much; nothing more runs.
    """

    runs: int = 0
    stopped: bool = False


@dataclass(frozen=True, eq=False)
class Trail:
    """The way from what a person did to a run.

    Attributes:
        blocks: those whose ``change`` led here, one after the other.
    """

    blocks: tuple[Block, ...] = ()
    _circle: _Circle | None = None

    def then(self, block: Block) -> Trail:
        """A block has changed in a run of this trail."""
        circle = self._circle
        # From here on and not from the beginning: a run may go on changing something for ever, and
        # each time something else may swing until it settles.
        if circle is None and block in self.blocks:
            circle = _Circle()
        return Trail((*self.blocks, block), circle)

    @property
    def is_stopped(self) -> bool:
        """Whether it is known to be an endless circle."""
        return self._circle is not None and self._circle.stopped

    def stop(self) -> str | None:
        """Stop the circle, on all its ways, if it is endless.

        Returns:
            What was too much, for a sentence; None: nothing.
        """
        excess = None
        if len(self.blocks) > MOST_ROUNDS:
            excess = f"after {MOST_ROUNDS} rounds"
        elif self._circle is not None and self._circle.runs >= MOST_RUNS:
            excess = f"after {MOST_RUNS} runs"
        if self._circle is not None and excess is not None:
            self._circle.stopped = True
        return excess

    def began(self) -> None:
        """A run of this trail begins."""
        if self._circle is not None:
            self._circle.runs += 1


NO_TRAIL = Trail()
"""Of what a person did."""
