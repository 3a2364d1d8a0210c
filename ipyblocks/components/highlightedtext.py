"""Text with parts of it marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from ..component import Component, prop
from ..errors import NotAvailableError
from ..events import Event, change_event
from ..injection import SelectPayload
from ..themes.css import check_css
from .number import number_of

Token: TypeAlias = tuple[str, str | float | None]
"""A piece of the text, and its category or score; None for text that is not marked."""


class HighlightedText(Component):
    """Shows text whose parts are marked by category, or by a score from -1 to 1."""

    value: list[Token] | dict[str, Any] | Callable[[], Any] | None = prop(
        'Pairs of text and category or score, or `{"text": …, "entities": […]}`; '
        "a function is called for every session.",
        default=None,
        kw_only=False,
        wire=list[tuple[str, str | float | None]] | None,
    )
    color_map: dict[str, str] | None = prop(
        "CSS colours by category; the others get one of their own.", default=None
    )
    show_legend: bool = prop("List the categories above the text, not inside it.", default=False)
    show_inline_category: bool = prop(
        "Name the category after each marked part; without a legend only.", default=True
    )
    combine_adjacent: bool = prop("Join neighbours of the same category.", default=False, wire=None)
    adjacent_separator: str = prop(
        "Text between neighbours that are joined.", default="", wire=None
    )
    show_whitespaces: bool = prop(
        "False takes the spaces off both ends of every part.", default=True
    )
    interactive: bool | None = prop(
        "Marking text by hand is not available yet.", default=None, wire=None
    )
    rtl: bool = prop("Right-to-left text.", default=False)

    change = change_event()
    select = Event("The person selected a part; its value is `[text, category]`.", SelectPayload)

    def _setup(self) -> None:
        super()._setup()
        if self.interactive:
            raise NotAvailableError(
                f"{self.describe()}: interactive=True is not available yet; let the person edit "
                "the text in gr.Textbox, and return the marked text from its handler."
            )
        for label, color in (self.color_map or {}).items():
            check_css(f"{self.describe()}: color_map[{label!r:.40}]", color)
        self.initial_payload()

    def preprocess(self, payload: list[Any] | None) -> list[Token] | None:
        """Pairs of text and category."""
        return None if payload is None else [(text, label) for text, label in payload]

    def postprocess(self, value: Any) -> list[Token] | None:
        """Pairs of text and category or score, or ``{"text": …, "entities": […]}``.

        Raises:
            ValueError: it is neither.
        """
        if value is None:
            return None
        if isinstance(value, Mapping):
            tokens = self._from_entities(value)
        elif isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
            tokens = [self._token(i, each) for i, each in enumerate(value)]
        else:
            raise self.fail(
                "value",
                'must be a list of (text, category) pairs or a dict {"text", "entities"}, '
                f"not {type(value).__name__}.",
            )
        if self.combine_adjacent:
            tokens = _combined(tokens, self.adjacent_separator)
        return tokens if self.show_whitespaces else [(t.strip(), label) for t, label in tokens]

    def _token(self, index: int, given: Any) -> Token:
        if isinstance(given, Mapping) and "token" in given:
            given = (given["token"], given.get("class_or_confidence"))
        pair = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else []
        if len(pair) != 2:
            raise self.fail("value", f"[{index}] must be (text, category), not {given!r:.60}.")
        text, label = pair
        if label is None or label == "":
            return str(text), None
        if isinstance(label, str):
            return str(text), label
        score = number_of(label)
        return str(text), str(label) if score is None else float(score)

    def _from_entities(self, value: Mapping[str, Any]) -> list[Token]:
        try:
            text, entities = value["text"], value["entities"]
            spans = [
                (int(e["start"]), int(e["end"]), e.get("entity") or e.get("entity_group"))
                for e in entities
            ]
        except (KeyError, TypeError, AttributeError, ValueError):
            raise self.fail(
                "value",
                'must be {"text": …, "entities": [{"entity": …, "start": …, "end": …}]} '
                "when it is a dict.",
            ) from None
        tokens: list[Token] = []
        at = 0
        for start, end, label in sorted(spans, key=lambda span: span[:2]):
            start = max(start, at)  # of two that overlap, the first has the text
            if start < end:
                tokens += [(text[at:start], None), (text[start:end], label)]
                at = end
        tokens.append((text[at:], None))
        return [token for token in tokens if token[0]]

    def example_value(self) -> Any:
        return [("The", None), ("quick", "adj"), ("fox", "noun")]

    @classmethod
    def example(cls) -> HighlightedText:
        value: list[Token] = [("Ada", "person"), (" lived in ", None), ("London", "place")]
        return cls([*value, (".", None)], label="Names", render=False)


def _combined(tokens: list[Token], separator: str) -> list[Token]:
    combined: list[Token] = []
    for text, label in tokens:
        if combined and combined[-1][1] == label:
            combined[-1] = (combined[-1][0] + separator + text, label)
        elif text:
            combined.append((text, label))
    return combined


Highlight = HighlightedText
Highlightedtext = HighlightedText
