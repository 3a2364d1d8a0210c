"""``Match``: what belongs to a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..block import Block
from ..variables.base import AnyVariable
from ..variables.loop import Place
from ..variables.switch import as_text
from .part import PartColumn, own, place
from .template import chosen_of, copy_of


class Match(PartColumn):
    """Shows what belongs to a value.

    Args:
        value: a variable, or a constant.
        when: what to show, by value. Keys are compared as text.
        default: what to show for all other values.

    Raises:
        TypeError: ``when`` is no dict.
    """

    kind = "column"

    def __init__(
        self, value: Any, when: Mapping[Any, Any], default: Any = None, **props: Any
    ) -> None:
        if not isinstance(when, Mapping):
            raise TypeError(f"Match: when must be a dict, not {type(when).__name__}.")
        self.matched = value
        self.contents = {as_text(key): own(each, "Match") for key, each in when.items()}
        self.default = own(default, "Match")

        def build(*values: Any) -> None:
            place(self.contents.get(as_text(values[0] if values else value), self.default))

        self.follow(build, [value])
        super().__init__(**props)

    def copied(self, at: Place) -> Block:
        matched = at.of(self.matched)
        if not isinstance(matched, AnyVariable):
            choice = as_text(matched) if as_text(matched) in self.contents else None
            content = self.default if choice is None else self.contents[choice]
            return chosen_of(choice, content, at, self._given_at(at))
        when = {key: each and copy_of(each, at) for key, each in self.contents.items()}
        default = self.default and copy_of(self.default, at)
        props = {**self._given_at(at), "render": False}
        return Match(matched, when, default, **props)

    def made_of(self) -> Sequence[Any]:
        return [self.matched, *self.contents.values(), self.default]
