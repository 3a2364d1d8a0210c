"""A button."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ..component import Component, prop
from ..events import Event


class Button(Component):
    """A button; its value is its caption."""

    value: str = prop("Caption.", default="Run", kw_only=False)
    variant: Literal["primary", "secondary", "stop", "huggingface"] = prop(
        "`primary` for the one main action, `stop` for what ends or removes something.",
        default="secondary",
    )
    size: Literal["sm", "md", "lg"] | None = prop("Height and padding.", default=None)
    icon: str | Path | None = prop(
        "Path of an image shown before the caption.", default=None, wire=Any
    )
    link: str | None = prop("Address that a press opens.", default=None)
    link_target: Literal["_self", "_blank", "_parent", "_top"] = prop(
        "Where the address opens.", default="_blank"
    )
    interactive: bool = prop("False makes it unable to be pressed.", default=True)
    min_width: int | None = prop("Pixels below which a row wraps instead.", default=None)

    click = Event("The button was pressed.")

    def preprocess(self, payload: str) -> str:
        """The caption."""
        return payload

    def postprocess(self, value: Any) -> str:
        """Any value, as text."""
        return "" if value is None else str(value)
