"""Something that happens again and again."""

from __future__ import annotations

from typing import ClassVar

from ..component import Component, prop
from ..events import Event


class Timer(Component):
    """Ticks while its app is shown. It runs in the kernel and is not seen on the page."""

    on_page: ClassVar[bool] = False

    value: float = prop("Seconds between two ticks.", default=1, kw_only=False, wire=None)
    active: bool = prop("Whether it ticks.", default=True, wire=None)

    tick = Event("The time has come round.", kernel=True)

    def _setup(self) -> None:
        super()._setup()
        value = self.value
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
            raise self.fail("value", f"must be a positive number of seconds, not {value!r}.")

    @classmethod
    def example(cls) -> Timer:
        return cls(1, render=False)
