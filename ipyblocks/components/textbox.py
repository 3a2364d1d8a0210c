"""Text in one line or several."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from ..component import FormComponent, prop
from ..events import Event, change_event
from ..injection import CopyPayload, SelectPayload


class Textbox(FormComponent):
    """A field for text, to be filled in by the person or by a function."""

    value: str | Callable[[], str | None] | None = prop(
        "Initial text; a function is called for every session.",
        default=None,
        kw_only=False,
        wire=str | None,
        settable=True,
    )
    lines: int = prop("Height in lines; more than one makes Enter start a new line.", default=1)
    max_lines: int | None = prop("The field grows with its text up to this height.", default=20)
    placeholder: str | None = prop("Hint shown while the field is empty.", default=None)
    info: str | None = prop("Help text under the label.", default=None)
    interactive: bool | None = prop(
        "Whether the person may edit it; by default, unless a function fills it in.",
        default=None,
        wire=bool,
        wire_default=True,
    )
    autofocus: bool = prop("Take the focus when the page loads.", default=False)
    autoscroll: bool = prop("Keep the end in view while text is added.", default=True)
    type: Literal["text", "password", "email"] = prop("Kind of field.", default="text")
    text_align: Literal["left", "right"] | None = prop("Alignment of the text.", default=None)
    rtl: bool = prop("Right-to-left text.", default=False)
    show_copy_button: bool = prop("Offer to copy the text.", default=False)
    max_length: int | None = prop("Most characters that can be typed.", default=None)

    change = change_event()
    input = Event("The person edited the text.")
    select = Event("The person selected text in the field.", SelectPayload)
    submit = Event("The person pressed Enter (Shift+Enter where Enter starts a new line).")
    focus = Event("The field got the focus.")
    blur = Event("The field lost the focus.")
    copy = Event("The person pressed the copy button.", CopyPayload)

    def _setup(self) -> None:
        super()._setup()
        if self.lines < 1:
            raise self.fail("lines", f"must be 1 or more, not {self.lines}.")
        self.initial_payload()

    def postprocess(self, value: Any) -> str | None:
        """Any value, as text; None empties the field."""
        return None if value is None else str(value)

    def check_value(self, payload: str | None) -> str | None:
        if payload is not None and self.max_length is not None and len(payload) > self.max_length:
            raise self.fail("value", f"is longer than max_length={self.max_length}.")
        return payload

    def is_secret(self) -> bool:
        return self.type == "password"

    @classmethod
    def example(cls) -> Textbox:
        return cls("Ada", label="Name", info="As it should appear.", render=False)


Text = Textbox
"""Gradio's other name for it."""
