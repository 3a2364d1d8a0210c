"""``ProgressTracker``: a bar alone."""

from __future__ import annotations

from typing import Any

from ..components.text import Text
from ..variables.base import AnyVariable
from .part import PartColumn, place


class ProgressTracker(PartColumn):
    """A bar alone: how far the computation of some variables is.

    Args:
        variables: what is computed. Without any, it stands as ``fallback=`` of a ``py_component``
            for ``track_progress=True``.
    """

    kind = "column"

    def __init__(self, *variables: AnyVariable, **props: Any) -> None:
        def build(*_: Any) -> None:
            place(Text(render=False))

        build.__name__ = "progress"
        self.follow(build, variables)
        super().__init__(track_progress=True, **props)
