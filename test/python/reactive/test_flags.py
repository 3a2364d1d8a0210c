"""``is_loading`` and its kin, and what follows from them, where functions are called with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ipyblocks.app import page_of
from ipyblocks.reactive import DerivedVariable, If, SwitchVariable, Variable, py_component

from .conftest import Show, settle


def slow() -> int:
    return 1


D = DerivedVariable(slow, [])
LOADING = "DerivedVariable 'slow'.is_loading"

FOLLOWING: list[tuple[Callable[[], Any], str]] = [
    (lambda: D.is_loading, LOADING),
    (lambda: D.is_loading == True, f"{LOADING} == True"),  # noqa: E712 - a condition
    (lambda: (D.is_loading == True) != 1, f"{LOADING} == True != 1"),  # noqa: E712
    (
        lambda: SwitchVariable.when(D.is_loading, 1, 2),
        f"SwitchVariable, which follows from {LOADING},",
    ),
    (lambda: Variable.create_from_derived(D.is_loading), f"which follows from {LOADING},"),
]


@pytest.mark.parametrize(("made", "named"), FOLLOWING)
def test_what_follows_from_a_flag_is_refused(made: Callable[[], Any], named: str) -> None:
    with pytest.raises(ValueError, match="cannot be among the variables") as refused:
        DerivedVariable(lambda v: v, [made()])
    assert f"{named} cannot be among the variables of a DerivedVariable" in str(refused.value)

    @py_component
    def part(v: Any) -> str:
        return str(v)

    with pytest.raises(ValueError, match="cannot be an argument") as refused:
        part(made())
    assert f"{named} cannot be an argument of a py_component; use it in If." in str(refused.value)


def test_props_and_if_may_have_them(show: Show) -> None:
    d = DerivedVariable(slow, [])
    shown = show(page_of(If(d.is_loading == True, "computing", "at rest")))  # noqa: E712
    assert settle(shown) == [["at rest"]]
    d.unobserve_all()
