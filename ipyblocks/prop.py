"""One declared prop of a component or layout.

From the declaration come the constructor's signature, the wire type, the page's TypeScript props
and the reference page.
"""

from __future__ import annotations

import sys
from typing import Any, Final


class _Same:
    """Type of :data:`SAME`."""


SAME: Final = _Same()
"""A prop whose wire type is its annotation, or whose wire default is its default."""


class Prop:
    """One declared prop. Made by :func:`prop`; read by the constructor, the session and
    ``tools/gen.py``.

    Attributes:
        name: Python name. On the wire it is camelCase (:attr:`wire_name`).
        annotation: the annotation as written in the class body.
        owner: the class that declares it.
    """

    __slots__ = (
        "annotation",
        "default",
        "doc",
        "kw_only",
        "name",
        "owner",
        "settable",
        "wire",
        "wire_default",
        "wire_name",
    )

    def __init__(
        self,
        default: Any,
        doc: str,
        kw_only: bool,
        alias: str | None,
        wire: Any,
        wire_default: Any,
        settable: bool,
    ) -> None:
        self.default = default
        self.doc = doc
        self.kw_only = kw_only
        self.wire = wire
        self.wire_default = default if wire_default is SAME else wire_default
        self.settable = settable
        self.name = alias or ""
        self.wire_name = self.annotation = ""
        self.owner: type | None = None


def prop(
    doc: str,
    *,
    default: Any,
    kw_only: bool = True,
    alias: str | None = None,
    wire: Any = SAME,
    wire_default: Any = SAME,
    settable: bool = False,
) -> Any:
    """Declare a prop of a component or layout.

    Args:
        doc: one sentence for the reference page.
        default: the constructor's default.
        kw_only: False puts the prop among the positional arguments, in order of declaration.
        alias: name of the constructor's argument, where the attribute must have another.
        wire: its type on the wire where that is not the annotation; None keeps it in the kernel.
        wire_default: what the page assumes when the prop is not sent; by default ``default``.
        settable: the person at the page may change it (``value``, ``open``, ``selected``).
    """
    return Prop(default, doc, kw_only, alias, wire, wire_default, settable)


def camel(name: str) -> str:
    """``min_width`` → ``minWidth``."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def wire_type(declared: Prop) -> Any:
    """Type of a prop on the wire, with annotations resolved."""
    if declared.wire is not SAME:
        return declared.wire
    assert declared.owner is not None
    cached = _types.get(declared)
    if cached is None:
        # The class's annotations name types that only its module knows, as text.
        names = vars(sys.modules[declared.owner.__module__])
        cached = _types[declared] = eval(declared.annotation, dict(names))
    return cached


_types: dict[Prop, Any] = {}
