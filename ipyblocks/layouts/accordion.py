"""Children that can be folded away."""

from __future__ import annotations

from ..component import BlockContext, prop
from ..events import Event


class Accordion(BlockContext):
    """A card with a heading that shows and hides what is in it."""

    label: str | None = prop("Heading.", default=None, kw_only=False)
    open: bool = prop("Whether what is in it is shown.", default=True, settable=True)

    expand = Event("The person opened it.")
    collapse = Event("The person closed it.")

    @classmethod
    def example(cls) -> Accordion:
        return cls("More settings", open=False, render=False)
