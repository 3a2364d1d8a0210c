"""A value of a session that is not shown."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar

from ..component import Component, prop
from ..events import change_event


class State(Component):
    """Keeps a value of any type for one session, in the kernel; it never goes to the page."""

    on_page: ClassVar[bool] = False
    stateful: ClassVar[bool] = True

    value: Any = prop(
        "Initial value, deep-copied for every session; a function is called for every session.",
        default=None,
        kw_only=False,
        wire=None,
    )
    time_to_live: float | None = prop(
        "Seconds after which a value that nobody set again is deleted.", default=None, wire=None
    )
    delete_callback: Callable[[Any], Any] | None = prop(
        "Called with the value when it is deleted or its session ends.", default=None, wire=None
    )

    change = change_event()

    def _setup(self) -> None:
        given, self.value = self.value, None
        super()._setup()
        self.value = self.initial = given
        if self.time_to_live is not None and self.time_to_live <= 0:
            raise self.fail("time_to_live", "must be a positive number of seconds.")
        self.new_value()

    def new_value(self) -> Any:
        """The value a session starts with.

        Raises:
            TypeError: the initial value cannot be deep-copied.
        """
        if callable(self.initial):
            return self.initial()
        try:
            return copy.deepcopy(self.initial)
        except Exception as error:  # noqa: BLE001 - copying runs the users' own code
            raise TypeError(
                f"State: a value of type {type(self.initial).__name__} cannot be deep-copied "
                f"({error}); give a function that makes it."
            ) from None

    def initial_payload(self) -> None:
        """The page never gets the value."""

    @classmethod
    def example(cls) -> State:
        return cls(0, render=False)
