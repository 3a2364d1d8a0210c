"""What constructors and listeners are given, checked: numbers, and the types that props declare.

Only plain types are checked here: switches, numbers, texts and names out of a few. What is richer
(values, choices, themes) is checked by the component that knows it.
"""

from __future__ import annotations

import math
import types
from collections.abc import Iterable
from typing import Any, Final, Literal, Union, get_args, get_origin

from .prop import Prop

REFUSED: Final = object()
"""What :func:`taken` returns for something that the declared type does not allow."""

_WORDS: Final = {bool: "True, False", str: "text", int: "a number", float: "a number"}
_known: dict[Prop, tuple[Any, ...]] = {}


def allowed(declared: Prop) -> tuple[Any, ...]:
    """What an argument may be: plain types, and single values out of a few (``Literal``).

    Empty when its type is not plain.
    """
    found = _known.get(declared)
    if found is None:
        try:
            # A name that is not here stands for a type that is not plain.
            annotation = eval(declared.annotation, {"Literal": Literal})
        except NameError:
            annotation = Any
        found = _known[declared] = tuple(_members(annotation))
    return found


def _members(annotation: Any) -> Iterable[Any]:
    origin = get_origin(annotation)
    if origin is Literal:
        return get_args(annotation)
    parts = get_args(annotation) if origin in (Union, types.UnionType) else (annotation,)
    plain: list[Any] = []
    for part in parts:
        if get_origin(part) is Literal:
            plain += get_args(part)
        elif part in _WORDS or part is types.NoneType:
            plain.append(part)
        else:
            return ()
    return plain


def taken(value: Any, kinds: tuple[Any, ...]) -> Any:
    """A value as one of ``kinds``, or :data:`REFUSED`.

    Numbers stand for texts, as in Gradio, and 0 and 1 for switches. What NumPy has computed is
    taken as what it is in Python.
    """
    value = _item(value)
    if value is None:
        return None if types.NoneType in kinds else REFUSED
    if isinstance(value, str):
        # an enum of texts is what it stands for
        return str.__str__(value) if str in kinds or value in kinds else REFUSED
    if isinstance(value, bool):
        return value if bool in kinds or value in kinds else REFUSED
    if bool in kinds:
        return bool(value) if isinstance(value, int) else REFUSED
    if int in kinds or float in kinds:
        return value if _is_number(value) else REFUSED
    return str(value) if str in kinds and isinstance(value, (int, float)) else REFUSED


def _item(value: Any) -> Any:
    item = getattr(value, "item", None)
    is_scalar = type(value).__module__ == "numpy" and not getattr(value, "ndim", False)
    return item() if is_scalar and callable(item) else value


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return not math.isnan(value)
    return hasattr(value, "__float__") or hasattr(value, "__index__")


def wanted(kinds: tuple[Any, ...]) -> str:
    """What an argument must be, in words."""
    plain = (text for kind, text in _WORDS.items() if kind in kinds)
    words = list(dict.fromkeys(word for text in plain for word in text.split(", ")))
    words += ["False"] if False in kinds else []
    words += [f'"{each}"' for each in kinds if isinstance(each, str)]
    words += ["None"] if types.NoneType in kinds else []
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def is_positive(given: Any) -> bool:
    """Whether something is a number, and more than 0."""
    return is_at_least(0, given) and given != 0


def is_at_least(least: int, given: Any) -> bool:
    """Whether something is a number, and no smaller than ``least``."""
    is_number = isinstance(given, (int, float)) and not isinstance(given, bool)
    return is_number and given >= least
