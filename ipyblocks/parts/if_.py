"""``If``: one thing or another, as a condition says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..block import Block
from ..variables.base import AnyVariable
from ..variables.condition import holds
from ..variables.loop import Place
from .part import PartColumn, own, place
from .template import chosen_of, copy_of


class If(PartColumn):
    """Shows one thing where a condition holds, and another where it does not.

    Args:
        condition: a variable, a comparison such as ``var == 3``, or a constant.
        true_component: a component, a layout, text, or None for nothing.
        false_component: as ``true_component``.
    """

    kind = "column"

    def __init__(
        self, condition: Any, true_component: Any = None, false_component: Any = None, **props: Any
    ) -> None:
        self.condition = condition
        self.contents = (own(false_component, "If"), own(true_component, "If"))
        what = condition.describe() if isinstance(condition, AnyVariable) else "The condition of If"

        def build(*values: Any) -> None:
            place(self.contents[holds(values[0] if values else condition, what)])

        self.follow(build, [condition])
        super().__init__(**props)

    def copied(self, at: Place) -> Block:
        condition = at.of(self.condition)
        if not isinstance(condition, AnyVariable):
            chosen = holds(condition, "The condition of If")
            return chosen_of(chosen, self.contents[chosen], at, self._given_at(at))
        if_false, if_true = (each and copy_of(each, at) for each in self.contents)
        props = {**self._given_at(at), "render": False}
        return If(condition, if_true, if_false, **props)

    def made_of(self) -> Sequence[Any]:
        return [self.condition, *self.contents]
