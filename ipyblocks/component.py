"""A block with a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from .block import Block
from .blockcontext import BlockContext
from .prop import SAME, Prop, prop

if TYPE_CHECKING:
    from .protocol import Json

__all__ = ["Block", "BlockContext", "Component", "FormComponent", "prop"]


class Component(Block):
    """A block with a value.

    ``preprocess`` turns the wire value into what a handler receives; ``postprocess`` turns what a
    handler returns into the wire value.
    """

    stateful: ClassVar[bool] = False
    slow: ClassVar[bool] = False
    """Pre- or postprocessing takes milliseconds (images): never done on the loop thread."""

    label: str | None = prop("Shown above the component.", default=None)
    show_label: bool | None = prop(
        "False hides the label from sight; assistive technology still reads it.",
        default=None,
        wire=bool,
        wire_default=True,
    )
    container: bool = prop("False draws it without card, padding and label.", default=True)
    scale: int | None = prop(
        "Share of the row's free width; 0 takes no more than it needs.", default=None
    )
    min_width: int | None = prop("Pixels below which a row wraps instead.", default=160)
    every: float | Component | None = prop(
        "Seconds after which a callable value is computed again, or a `Timer` that says when.",
        default=None,
        wire=None,
    )
    track_progress: bool = prop(
        "While a variable that it shows is computed: say how far that is, not only that it is.",
        default=False,
        wire=None,
    )
    key: Any = prop("Identity across re-runs of `gr.render`.", default=None, wire=None)

    if TYPE_CHECKING:
        value: Any

    def _setup(self) -> None:
        super()._setup()
        if self.show_label is None:
            self.show_label = True
        if not self.container:
            self.show_label = False
        if self.every is not None:
            self._check_every()
        self.load_fn: Callable[[], Any] | None = None
        initial = getattr(self, "value", None)
        if callable(initial):
            self.load_fn = initial
            initial = initial()
        self.initial = initial

    def _check_every(self) -> None:
        if not callable(getattr(self, "value", None)):
            raise self.fail("every", "needs a value that is a function, to be called again.")
        if isinstance(self.every, Component):
            if "tick" not in self.every.events:
                raise self.fail("every", f"must be seconds or a Timer, not {self.every!r}.")
        elif self.every is not None and (isinstance(self.every, bool) or not self.every > 0):
            raise self.fail("every", f"must be a positive number of seconds, not {self.every!r}.")

    def initial_payload(self) -> Json:
        """Wire value that a new session starts with. Computed once for all sessions."""
        cached = self.__dict__.get("_initial_payload", SAME)
        if cached is SAME:
            cached = self._initial_payload = self.postprocess(self.initial)
        return cached

    def wire_prop(self, declared: Prop) -> Json:
        if declared.name == "value":
            return self.initial_payload()
        return super().wire_prop(declared)

    def preprocess(self, payload: Json) -> Any:
        """Wire value → what the handler receives."""
        return payload

    def postprocess(self, value: Any) -> Json:
        """What the handler returned → wire value.

        Raises:
            TypeError, ValueError: the value is none this component can show.
        """
        return value

    def check(self, name: str, payload: Json) -> Json:
        payload = super().check(name, payload)
        return self.check_value(payload) if name == "value" else payload

    def check_value(self, payload: Json) -> Json:
        """Like :meth:`check`, for a value whose type is right (membership, range). Returns it."""
        return payload

    def is_empty(self) -> bool:
        """Whether the initial value leaves the component to be filled in by the person at the
        page.
        """
        value = self.initial
        try:
            return not value
        except ValueError:  # an array or a data frame has no truth value
            return False

    def is_secret(self) -> bool:
        """Whether the value must never be written into a saved notebook."""
        return False

    def example_payload(self) -> Json:
        """A wire value that a page may send; for docs and contract tests."""
        return self.initial_payload()

    def example_value(self) -> Any:
        """A value that a handler may return; for docs and contract tests."""
        return self.initial


class FormComponent(Component):
    """A control that shares one card with the controls beside it."""

    def expected_parent(self) -> type[BlockContext] | None:
        from .layouts.form import Form  # the layout is itself a Block

        return Form if self.container else None
