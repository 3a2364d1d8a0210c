"""Text in several lines."""

from __future__ import annotations

from ..component import prop
from .textbox import Textbox


class TextArea(Textbox):
    """A :class:`Textbox` of seven lines."""

    kind = "textbox"

    # The page draws a Textbox, whose lines are 1 where the kernel does not say.
    lines: int = prop(
        "Height in lines; more than one makes Enter start a new line.", default=7, wire_default=1
    )
