"""A plain piece of text."""

from __future__ import annotations

from typing import Any, Literal

from ..block import Block
from ..component import Component, prop
from ..events import change_event
from ..themes.css import check_css
from ..variables.base import AnyVariable

# `gr.Text` is Gradio's other name of Textbox; this one is part of `ipyblocks.reactive`.
__all__: list[str] = []

DIGITS = 12
"""Significant digits of a float that are shown: what is behind them is noise of the arithmetic."""


class Text(Component):
    """Shows a value as text, in the line of what is around it."""

    value: Any = prop(
        "What is shown: text as it is, anything else as `str` has it; None shows nothing.",
        default=None,
        kw_only=False,
        wire=str,
        wire_default="",
    )
    bold: bool = prop("Heavy letters.", default=False)
    italic: bool = prop("Slanted letters.", default=False)
    underline: bool = prop("A line below the letters.", default=False)
    align: Literal["left", "center", "right"] | None = prop(
        "Where the lines stand; by default where the language begins.", default=None
    )
    color: str | None = prop("A CSS colour.", default=None)
    font_size: str | None = prop("A CSS length, such as `1.5rem`.", default=None)
    min_width: int | None = prop("Pixels below which a row wraps instead.", default=None)
    container: bool = prop("Draw it in a card, with its label.", default=False)

    change = change_event()

    def _setup(self) -> None:
        super()._setup()
        for name in ("color", "font_size"):
            given = getattr(self, name)
            if given is not None:
                check_css(f"{self.describe()}: {name}", given)
        self.initial_payload()

    def postprocess(self, value: Any) -> str:
        """Any value, as text."""
        if value is None:
            return ""
        if isinstance(value, float):
            return str(float(f"{value:.{DIGITS}g}"))
        return str(value)

    @classmethod
    def example(cls) -> Text:
        return cls("12 of 40 done", bold=True, render=False)


def as_block(given: Any, where: str) -> Block | None:
    """What stands for a part of a page: a block, or text and numbers as a ``Text``; None: nothing.

    Args:
        where: begins the message when it is none of these.

    Raises:
        TypeError: something else.
    """
    if given is None or isinstance(given, Block):
        return given
    if isinstance(given, AnyVariable):
        return Text(given, render=False)
    if isinstance(given, (str, int, float)):
        return Text(given, scale=0, render=False)  # it stays as it is, and needs no more room
    raise TypeError(
        f"{where}: {given!r:.60} cannot be shown; give a component, a layout, text, a number, a "
        "variable, or None."
    )
