"""Formatted text."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..component import Component, prop
from ..events import Event, change_event
from ..injection import CopyPayload


class Markdown(Component):
    """Markdown, with LaTeX, drawn by the notebook's own renderer."""

    value: str | Callable[[], str] | None = prop(
        "Markdown source; indentation shared by all lines is removed.",
        default=None,
        kw_only=False,
        wire=str,
        wire_default="",
    )
    rtl: bool = prop("Right-to-left text.", default=False)
    latex_delimiters: list[dict[str, str | bool]] | None = prop(
        'Delimiters of formulas, such as `{"left": "$$", "right": "$$", "display": True}`; '
        "by default `$…$`, `$$…$$`, `\\\\(…\\\\)` and `\\\\[…\\\\]`.",
        default=None,
    )
    sanitize_html: bool = prop("Remove what could run code from HTML in the source.", default=True)
    line_breaks: bool = prop("Every line end is a line break.", default=False)
    header_links: bool = prop("Headings link to themselves.", default=False)
    height: int | str | None = prop(
        "Height; a number is pixels. More content scrolls.", default=None
    )
    max_height: int | str | None = prop("Largest height; more content scrolls.", default=None)
    min_height: int | str | None = prop("Smallest height.", default=None)
    show_copy_button: bool = prop("Offer to copy the source.", default=False)
    container: bool = prop("Draw it in a card.", default=False)

    change = change_event()
    copy = Event("The person pressed the copy button.", CopyPayload)

    def _setup(self) -> None:
        super()._setup()
        for i, delimiter in enumerate(self.latex_delimiters or ()):
            if not {"left", "right"} <= delimiter.keys():
                raise self.fail(f"latex_delimiters[{i}]", 'needs "left" and "right".')

    def postprocess(self, value: Any) -> str:
        """Any value, as text without shared indentation."""
        return "" if value is None else inspect.cleandoc(str(value))

    @classmethod
    def example(cls) -> Markdown:
        return cls("# Title\n\nSome *Markdown* with `code` and $e^{i\\pi}+1=0$.", render=False)
