"""A button."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from typing_extensions import Self

from .. import files
from ..component import Component, prop
from ..events import Event
from ..prop import Prop
from ..protocol import Binary, Json


class Button(Component):
    """A button; its value is its caption."""

    value: str = prop("Caption.", default="Run", kw_only=False)
    variant: Literal["primary", "secondary", "stop", "huggingface"] = prop(
        "`primary` for the one main action, `stop` for what ends or removes something.",
        default="secondary",
    )
    size: Literal["sm", "md", "lg"] | None = prop("Height and padding.", default=None)
    icon: str | Path | None = prop(
        "Path of an image shown before the caption.", default=None, wire=Binary | None
    )
    link: str | None = prop("Address that a press opens.", default=None)
    link_target: Literal["_self", "_blank", "_parent", "_top"] = prop(
        "Where the address opens.", default="_blank"
    )
    interactive: bool = prop("False makes it unable to be pressed.", default=True)
    min_width: int | None = prop("Pixels below which a row wraps instead.", default=None)

    click = Event("The button was pressed.")

    def _setup(self) -> None:
        super()._setup()
        self._icon = None if self.icon is None else files.read(self.icon)
        if self._icon is not None and not self._icon.mime_type.startswith("image/"):
            raise self.fail("icon", f"is {str(self.icon)!r}, which is no image file.")

    def wire_prop(self, declared: Prop) -> Json:
        return self._icon if declared.name == "icon" else super().wire_prop(declared)

    def updated(self, changes: Mapping[str, Any], forget: str = "") -> Self:
        # The copy is built as if by the developer; a path that a handler names is checked before.
        if changes.get("icon") is not None:
            changes = {**changes, "icon": files.permitted(changes["icon"])}
        return super().updated(changes, forget)

    def preprocess(self, payload: str) -> str:
        """The caption."""
        return payload

    def postprocess(self, value: Any) -> str:
        """Any value, as text."""
        return "" if value is None else str(value)
