"""``Fallback``: what is shown before there is something to show."""

from __future__ import annotations

from typing import Any

from ..block import Block
from ..components.text import Text
from .part import own


class Fallback:
    """What is shown before there is something to show."""

    @staticmethod
    def Default() -> Block | None:
        """Nothing but the status."""
        return None

    @staticmethod
    def Row() -> Block:
        """One line."""
        return Text("…", render=False)

    @staticmethod
    def Custom(component: Any) -> Block | None:
        """A component of your own."""
        return own(component, "Fallback.Custom")
