"""``SwitchVariable``: one value or another, by a condition or by a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .base import AnyVariable
from .computed import UNKNOWN, Computed
from .condition import holds
from .graph import Node
from .watch import relink


class All(Computed):
    """The values of several variables together, as a tuple."""

    def compute(self, *values: Any) -> tuple[Any, ...]:
        return values

    def describe(self) -> str:
        return ", ".join(each.describe() for each in self.inputs) or "nothing"


class SwitchVariable(Computed):
    """One of several values. Made by :meth:`when` or :meth:`match`.

    Keys of a mapping are compared as text, so that ``{"1": …}`` matches 1. A value of None in the
    mapping is a value, not a missing one.

    Args:
        value: what decides; a variable, a condition, or a constant.
        value_map: the values to choose from; of variables among them, the one that is chosen is
            computed and followed.
        default: when none matches.
    """

    def __init__(self, value: Any, value_map: Any, default: Any = None) -> None:
        if not isinstance(value_map, (Mapping, AnyVariable)):
            raise TypeError(f"value_map must be a dict, not {type(value_map).__name__}.")
        self._decides = value
        self._options: Any = value_map
        self._default = default
        if isinstance(value_map, Mapping):
            self._options = {as_text(key): each for key, each in value_map.items()}
        self._deciders = tuple(e for e in (value, self._options) if isinstance(e, AnyVariable))
        super().__init__(self._deciders)

    @classmethod
    def when(cls, condition: Any, true_value: Any, false_value: Any) -> SwitchVariable:
        """``true_value`` where the condition holds, else ``false_value``."""
        return _Choice(condition, true_value, false_value)

    @classmethod
    def match(cls, value: Any, mapping: Any, default: Any = None) -> SwitchVariable:
        """The value that the mapping has for ``value``, or ``default``."""
        return cls(value, mapping, default)

    def describe(self) -> str:
        return "SwitchVariable"

    @property
    def parts(self) -> tuple[Node, ...]:
        options = self._options.values() if isinstance(self._options, dict) else ()
        chosen = [e for e in (*options, self._default) if isinstance(e, AnyVariable)]
        return (*self._deciders, *chosen)

    # What is not chosen is not looked at: it may take long, or fail.

    @property
    def above(self) -> tuple[Node, ...]:
        if not all(each.is_current and each.failure is None for each in self._deciders):
            return self._deciders
        try:
            chosen = self._chosen(_now)
        except Exception:  # noqa: BLE001 - its computation says so
            return self._deciders
        return (*self._deciders, chosen) if isinstance(chosen, AnyVariable) else self._deciders

    @above.setter
    def above(self, _: tuple[Node, ...]) -> None:
        """It follows from what decides."""

    def settle(self) -> None:
        above = self.above
        decided = self.run is None and all(each.is_current for each in self._deciders)
        if decided and not _are_same(above, self.inputs):
            relink(self, above)

    def prepare(self) -> tuple[list[Any], list[int]] | None:
        self.settle()  # it may have been decided since it was planned
        return super().prepare()

    def compute(self, *values: Any) -> Any:
        known = dict(zip(self.inputs, values, strict=True))
        return self.resolved(lambda part: known[part])

    def resolved(self, value_of: Callable[[Node], Any]) -> Any:
        chosen = self._chosen(value_of)
        return value_of(chosen) if isinstance(chosen, AnyVariable) else chosen

    def _chosen(self, value_of: Callable[[Node], Any]) -> Any:
        """What is chosen: a value, or a variable."""
        value, options = (
            value_of(each) if isinstance(each, AnyVariable) else each
            for each in (self._decides, self._options)
        )
        if self._options is not options:
            options = {as_text(key): each for key, each in dict(options).items()}
        return self._pick(value, options)

    def _pick(self, value: Any, options: Mapping[str, Any]) -> Any:
        return options.get(as_text(value), self._default)

    def peek(self, default: Any = None) -> Any:
        try:
            return self.resolved(_peek)
        except Exception:  # noqa: BLE001 - unknown as yet, or shown where the value is wanted
            return default


class _Choice(SwitchVariable):
    def __init__(self, condition: Any, true_value: Any, false_value: Any) -> None:
        super().__init__(condition, {"true": true_value, "false": false_value})

    def _pick(self, value: Any, options: Mapping[str, Any]) -> Any:
        decides = self._decides
        what = decides.describe() if isinstance(decides, AnyVariable) else "The condition"
        return options["true" if holds(value, what) else "false"]


def _now(node: Node) -> Any:
    return node.now()


def _peek(node: Node) -> Any:
    assert isinstance(node, AnyVariable)
    known = node.peek(UNKNOWN)
    if known is UNKNOWN:
        raise LookupError(f"{node.describe()} has not been computed.")
    return known


def _are_same(some: Sequence[Node], others: Sequence[Node]) -> bool:
    # By identity: variables compare to conditions.
    return len(some) == len(others) and all(a is b for a, b in zip(some, others, strict=True))


def as_text(key: Any) -> str:
    """As JavaScript writes it, where Dara compares keys."""
    if key is None:
        return "null"
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, float) and key.is_integer():
        return str(int(key))
    return str(key)
