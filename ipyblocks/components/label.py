"""What a classifier says."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..component import Component, prop
from ..events import Event, change_event
from ..injection import SelectPayload
from ..themes.css import check_css
from .number import number_of


class Label(Component):
    """Shows a label, and how sure a classifier is of it and of others."""

    value: dict[str, float] | str | float | Path | Callable[[], Any] | None = prop(
        "A label, `{label: confidence}`, or the path of a JSON file with such; "
        "a function is called for every session.",
        default=None,
        kw_only=False,
        wire=dict[str, Any] | None,
    )
    num_top_classes: int | None = prop(
        "How many labels are shown, the surest first; None shows all.", default=None, wire=None
    )
    color: str | None = prop("Background of the heading, a CSS colour.", default=None)
    show_heading: bool = prop("Show the surest label in large letters.", default=True)

    change = change_event()
    select = Event("The person selected one of the labels.", SelectPayload)

    def _setup(self) -> None:
        super()._setup()
        if self.num_top_classes is not None and self.num_top_classes < 1:
            raise self.fail("num_top_classes", f"must be 1 or more, not {self.num_top_classes}.")
        if self.color is not None:
            check_css(f"{self.describe()}: color", self.color)
        self.initial_payload()

    def preprocess(self, payload: dict[str, Any] | None) -> dict[str, float] | str | None:
        """``{label: confidence}``, or the label alone where there are no confidences."""
        if payload is None:
            return None
        if payload["confidences"] is None:
            label: str = payload["label"]
            return label
        return {each["label"]: each["confidence"] for each in payload["confidences"]}

    def postprocess(self, value: Any) -> dict[str, Any] | None:
        """A label (text or number), ``{label: confidence}``, or the path of a JSON file with such.

        Raises:
            ValueError: it is none of these.
        """
        if isinstance(value, Path) or _names_file(value):
            value = self._read(Path(value))
        if value is None or value == {}:
            return None
        if isinstance(value, Mapping):
            return self._classification(value)
        if isinstance(value, str) or number_of(value) is not None:
            return {"label": str(value), "confidences": None}
        raise self.fail(
            "value",
            "must be a label (text or number), a dict {label: confidence} or the path of a JSON "
            f"file, not {type(value).__name__}.",
        )

    def _read(self, path: Path) -> Any:
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise self.fail("value", f"{str(path)!r} cannot be read as JSON: {error}") from None

    def _classification(self, value: Mapping[Any, Any]) -> dict[str, Any] | None:
        given = value.get("confidences")
        if "confidences" in value and not isinstance(given, (int, float)):
            if given is None:
                return {"label": str(value.get("label", "")), "confidences": None}
            value = self._listed(given)
        confidences = [
            {"label": str(label), "confidence": self._confidence(label, share)}
            for label, share in value.items()
        ]
        confidences.sort(key=_sureness, reverse=True)
        confidences = confidences[: self.num_top_classes]
        return (
            {"label": confidences[0]["label"], "confidences": confidences} if confidences else None
        )

    def _listed(self, given: Any) -> Mapping[Any, Any]:
        """``[{"label": …, "confidence": …}]``, as Gradio's JSON has it."""
        if isinstance(given, Mapping):
            return given
        try:
            return {each["label"]: each["confidence"] for each in given}
        except (KeyError, TypeError):
            raise self.fail(
                "value", 'must have "confidences" as a list of {"label": …, "confidence": …}.'
            ) from None

    def _confidence(self, label: Any, share: Any) -> float:
        number = None if isinstance(share, str) else number_of(share)
        if number is None:
            raise self.fail("value", f"[{label!r:.40}] must be a number, not {share!r:.40}.")
        return float(number)

    def example_value(self) -> Any:
        return {"cat": 0.9, "dog": 0.1}

    @classmethod
    def example(cls) -> Label:
        return cls({"tabby": 0.82, "lynx": 0.13, "dog": 0.004}, label="Animal", render=False)


def _names_file(value: Any) -> bool:
    return isinstance(value, str) and value.endswith(".json") and Path(value).is_file()


def _sureness(each: Mapping[str, Any]) -> float:
    share: float = each["confidence"]
    return -math.inf if math.isnan(share) else share
