"""HTML as it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..component import Component, prop
from ..errors import NotAvailableError
from ..events import change_event


class HTML(Component):
    """HTML of the app's own making. It is shown as it is; scripts in it do not run."""

    value: str | Callable[[], Any] | None = prop(
        "HTML source, an object that Jupyter shows as HTML (a pandas style), or a function called "
        "for every session.",
        default=None,
        kw_only=False,
        wire=str,
        wire_default="",
    )
    html_template: str | None = prop("Not available.", default=None, wire=None)
    css_template: str | None = prop("Not available.", default=None, wire=None)
    js_on_load: str | None = prop("Not available.", default=None, wire=None)
    container: bool = prop("Draw it in a card, with its label.", default=False)
    padding: bool = prop("Leave space around it.", default=False)
    min_height: int | str | None = prop("Smallest height; a number is pixels.", default=None)
    max_height: int | str | None = prop("Largest height; more content scrolls.", default=None)

    change = change_event()

    def _setup(self) -> None:
        super()._setup()
        instead = {
            "html_template": "build the text in Python (an f-string) and return it as the value",
            "css_template": "put a style element into the value, or use gr.Blocks(css=…)",
            "js_on_load": "use gr.Blocks(js=…)",
        }
        for name, what in instead.items():
            if getattr(self, name) is not None:
                raise NotAvailableError(f"{self.describe()}: {name} is not available; {what}.")
        self.initial_payload()

    def postprocess(self, value: Any) -> str:
        """Any value as HTML: text as it is, other objects as Jupyter shows them."""
        if value is None:
            return ""
        shown = None if isinstance(value, str) else getattr(value, "_repr_html_", None)
        html = shown() if callable(shown) else None
        return html if isinstance(html, str) else str(value)

    @classmethod
    def example(cls) -> HTML:
        return cls(
            'Written in <b>HTML</b>, with a <a href="https://jupyter.org">link</a> and '
            '<span style="color: #c2410c">colour</span>.',
            render=False,
        )
