"""How a variable gets a value that has to be computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .graph import Derived, Node
    from .watch import Watch


class Reader(Protocol):
    """Computes a variable for whoever asks; :mod:`ipyblocks.runtime.reader`."""

    def read(self, node: Derived) -> Any:
        """Its value as of now; waits for it."""

    async def read_async(self, node: Derived) -> Any:
        """Like :meth:`read`."""

    def observe(self, node: Node, told: Callable[[], None]) -> Watch:
        """Call ``told``, outside of the loop, whenever a computed value has changed."""

    def tell(self, told: Callable[[], None]) -> bool:
        """Call ``told``, after what was told before, if this is the loop's thread, where nothing
        may take long. Returns whether it is.
        """


reader: Reader | None = None
