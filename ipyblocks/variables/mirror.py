"""``Mirror``: a variable that has the value of another one until it is set itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import graph
from .base import AnyVariable
from .computed import UNKNOWN, Computed
from .graph import Source
from .path import Path
from .settable import Settable
from .watch import relink

if TYPE_CHECKING:
    from ..actions import Action


class Mirror(Settable, Computed):
    """A variable that has the value of another one until it is set itself.

    Args:
        other: whose value it has at first, and after :meth:`to_default`.
    """

    settable = True

    def __init__(self, other: AnyVariable) -> None:
        self._other = other
        self._own = Source(UNKNOWN)
        super().__init__([other])

    def compute(self, *values: Any) -> Any:
        return values[0]

    def peek(self, default: Any = None) -> Any:
        own = self._own.now()
        return self._other.peek(default) if own is UNKNOWN else own

    def assign(self, new: Any) -> None:
        """What setting ``value`` does. From then on nothing of the other variable is needed."""
        with graph.lock:
            follows = self._own.now() is UNKNOWN
            self._own.put(new)
            if follows:
                relink(self, [self._own])

    def assign_inside(self, changed: Callable[[Any], Any]) -> None:
        """See :meth:`.base.AnyVariable.assign_inside`."""
        known = self.peek(UNKNOWN)
        if known is UNKNOWN:
            known = self.value
        with graph.lock:
            own = self._own.now()
            self.assign(changed(known if own is UNKNOWN else own))

    def get(self, *keys: Any) -> Path:
        """A place inside the value."""
        return Path(self, keys)

    def reset(self) -> Action:
        """An action that makes it follow the other variable again."""
        from ..actions import Reset

        return Reset([self])

    def to_default(self) -> None:
        """Follow the other variable again."""
        with graph.lock:
            self._own.put(UNKNOWN)
            relink(self, [self._other])
