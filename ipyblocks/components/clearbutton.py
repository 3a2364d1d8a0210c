"""A button that clears components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from typing_extensions import Self

from ..component import Component, prop
from ..dependency import Dependency
from ..events import change_event, listen
from ..listener_args import ListenerArgs, as_list
from .button import Button
from .state import State


class ClearButton(Button):
    """A button that sets components to their empty value, and States to their initial one."""

    kind = "button"

    components: Component | Sequence[Component] | None = prop(
        "What a press clears.", default=None, kw_only=False, wire=None
    )
    # The page draws a Button, whose caption is "Run" where the kernel does not say.
    value: str = prop("Caption.", default="Clear", wire_default="Run")
    api_name: str | Literal[False] | None = prop(
        "Name of the endpoint; None takes the function's name, False makes none.",
        default=None,
        wire=None,
    )
    show_api: bool = prop("Whether the endpoint is listed for clients.", default=False, wire=None)

    change = change_event()

    def _setup(self) -> None:
        super()._setup()
        self._clears: list[Component] = []
        self._dependency: Dependency | None = None
        self._collect(self.components)

    def add(self, components: Component | Sequence[Component] | None) -> Self:
        """Clear these components too.

        Raises:
            InvalidBlockError: something else is among them.
        """
        self._collect(components)
        if self.parent is not None:
            self._listen()
        return self

    def _collect(self, components: Component | Sequence[Component] | None) -> None:
        given, _ = as_list(components, "components", self.describe())
        self._clears += [each for each in given if each not in self._clears]

    def _place(self) -> None:
        super()._place()
        self._listen()

    def _listen(self) -> None:
        """One dependency for all components, made with the first of them."""
        if self._dependency is not None and self._dependency.root is self._root:
            self._dependency.outputs[:] = self._clears
            return
        if not self._clears or self._root is None:
            return
        # On the loop and past the queue: a press must work while handlers are busy.
        args = ListenerArgs(
            self._clear,
            None,
            list(self._clears),
            api_name=self.api_name if self.api_name is not None else "clear",
            show_progress="hidden",
            queue=False,
            show_api=self.show_api,
        )
        self._dependency = listen(self._root, [(self, "click")], args)

    async def _clear(self) -> Any:
        cleared = [each.new_value() if isinstance(each, State) else None for each in self._clears]
        return cleared[0] if len(cleared) == 1 else cleared

    @classmethod
    def example(cls) -> ClearButton:
        return cls(render=False)
