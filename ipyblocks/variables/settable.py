"""``Settable``: actions on variables that can be set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import AnyVariable

if TYPE_CHECKING:
    from ..actions import Action


class Settable(AnyVariable):
    """Actions on what can be set."""

    def update(self, value: Any) -> Action:
        """An action that sets it: ``Button("Zero", onclick=var.update(0))``.

        Raises:
            ValueError: called inside an action; ``await ctx.update(variable, value)`` there.
        """
        from ..actions import Update

        return Update(self, value)

    def sync(self) -> Action:
        """An action that sets it to what the component gives.

        Raises:
            ValueError: called inside an action.
        """
        from ..actions import Sync

        return Sync(self)

    def toggle(self) -> Action:
        """An action that makes a true value false, and a false one true.

        Raises:
            ValueError: called inside an action.
        """
        from ..actions import Toggle

        return Toggle(self)
