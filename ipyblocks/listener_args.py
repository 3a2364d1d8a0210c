"""``ListenerArgs``: what every event listener takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from .errors import InvalidBlockError, NotAvailableError
from .given import is_at_least, is_positive

if TYPE_CHECKING:
    from .block import Block
    from .component import Component
    from .dependency import Dependency
    from .protocol import ShowProgress

TriggerMode: TypeAlias = Literal["once", "multiple", "always_last"]
Outcome: TypeAlias = Literal["any", "success", "failure"]
Inputs: TypeAlias = "Component | Sequence[Component] | set[Component] | None"
Outputs: TypeAlias = "Block | Sequence[Block] | set[Block] | None"

DECORATOR: Literal["decorator"] = "decorator"
"""Stands for a function that comes later: the listener is used as a decorator."""

STREAM_EVERY = 0.5
"""Seconds from one `stream` event to the next where the listener does not say."""


@dataclass(frozen=True)
class ListenerArgs:
    """Arguments of every event listener, in Gradio's order.

    ``fn`` left out makes the listener a decorator. ``inputs`` given as a set hands ``fn`` one dict
    ``{component: value}``. ``validator`` gets the inputs first and returns :func:`validate` for
    each.

    ``key`` is for listeners inside :func:`render`: one with the same key takes the place of the
    former one when the part is built anew, so that its runs, its queue, its ``trigger_mode`` and
    what cancels it go on. Elsewhere nothing is built anew, and a key changes nothing.

    ``run_as_task`` runs ``fn`` in a worker process of the kernel, where a cancel stops it whatever
    it does (:func:`configure_tasks`). It and its inputs are sent there, with all that it refers to
    in cells; what it changes there stays there.

    ``stream_every`` is for ``stream`` events: seconds from one to the next. ``time_limit`` is the
    longest that one run may take, in seconds; a stream as a whole ends after it too.
    """

    fn: Callable[..., Any] | Literal["decorator"] | None = DECORATOR
    inputs: Inputs = None
    outputs: Outputs = None
    api_name: str | Literal[False] | None = None
    scroll_to_output: bool = False
    show_progress: ShowProgress | bool = "full"
    queue: bool | None = True
    batch: bool = False
    max_batch_size: int = 4
    preprocess: bool = True
    postprocess: bool = True
    cancels: Dependency | Sequence[Dependency] | None = None
    every: float | None = None
    trigger_mode: TriggerMode | None = None
    js: str | Literal[True] | None = None
    concurrency_limit: int | Literal["default"] | None = "default"
    concurrency_id: str | None = None
    show_api: bool = True
    api_description: str | Literal[False] | None = None
    show_progress_on: Component | Sequence[Component] | None = None
    time_limit: float | None = None
    stream_every: float = STREAM_EVERY
    key: Any = None
    validator: Callable[..., Any] | None = None
    api_visibility: Literal["public", "private", "undocumented"] | None = None
    run_as_task: bool = False

    def __post_init__(self) -> None:
        if self.js is True:
            raise NotAvailableError(
                "The listener argument js=True is not available; leave it out, and the function "
                "runs in the kernel, or write the step as a JavaScript function: js='() => …'."
            )
        if self.trigger_mode not in (None, "once", "multiple", "always_last"):
            raise ValueError(
                f"trigger_mode is {self.trigger_mode!r}; "
                'it must be "once", "multiple", "always_last" or None.'
            )
        if self.show_progress not in ("full", "minimal", "hidden", True, False):
            raise ValueError(
                f"show_progress is {self.show_progress!r}; "
                'it must be "full", "minimal" or "hidden".'
            )
        self._check_numbers()
        self._check_names()
        limit = self.concurrency_limit
        if limit not in ("default", None) and not (isinstance(limit, int) and limit >= 1):
            raise ValueError(
                f"concurrency_limit is {limit!r}; "
                'it must be 1 or more, None (no limit) or "default".'
            )

    def _check_names(self) -> None:
        if self.api_name is not None and self.api_name is not False:
            self._check_text("api_name", "text, False or None")
        for name in ("js", "concurrency_id"):
            if getattr(self, name) is not None:
                self._check_text(name, "text or None")
        if self.validator is not None and not callable(self.validator):
            raise TypeError(f"validator is {self.validator!r:.60}; it must be a function.")

    def _check_text(self, name: str, wanted: str) -> None:
        given = getattr(self, name)
        if not isinstance(given, str):
            raise TypeError(f"{name} is {given!r:.60}; it must be {wanted}.")

    def _check_numbers(self) -> None:
        if self.every is not None and not is_positive(self.every):
            raise ValueError(f"every is {self.every!r}; it must be a positive number of seconds.")
        if self.every is not None and self.batch:
            raise ValueError("every cannot be combined with batch.")
        if self.time_limit is not None and not is_positive(self.time_limit):
            raise ValueError(f"time_limit is {self.time_limit!r}; it must be positive, in seconds.")
        if not is_positive(self.stream_every) or self.stream_every == math.inf:
            raise ValueError(
                f"stream_every is {self.stream_every!r}; it must be a positive number of seconds."
            )
        if not is_at_least(1, self.max_batch_size):
            raise ValueError(f"max_batch_size is {self.max_batch_size!r}; it must be 1 or more.")
        if self.run_as_task and self.every is not None:
            raise ValueError("every cannot be combined with run_as_task.")
        if self.run_as_task and not self.queue:
            raise ValueError("run_as_task needs the queue; leave queue=False out.")
        if self.batch and not self.queue:
            raise ValueError("batch needs the queue; leave queue=False out.")
        if self.api_visibility not in (None, "public", "private", "undocumented"):
            raise ValueError(
                f"api_visibility is {self.api_visibility!r}; "
                'it must be "public", "private" or "undocumented".'
            )


def as_list(given: Any, argument: str, where: str) -> tuple[list[Any], bool]:
    """Components as a list, and whether they came as a set.

    Raises:
        InvalidBlockError: something else is among them.
    """
    from .block import Block

    if isinstance(given, (type, dict)) or not (
        given is None or isinstance(given, (Block, str, Iterable))
    ):
        raise InvalidBlockError(
            f"{where}: {argument} is {type(given).__name__} {given!r:.60}; it must be a component, "
            "or a list of components."
        )
    is_set = isinstance(given, (set, frozenset))
    items: list[Any] = (
        [] if given is None else [given] if isinstance(given, (Block, str)) else list(given)
    )
    for i, item in enumerate(items):
        if not isinstance(item, Block):
            raise InvalidBlockError(
                f"{where}: {argument}[{i}] is {type(item).__name__} {item!r:.60}, not a component."
            )
    if is_set:
        # A set has no order of its own; callers by position want one. Blocks not placed: last.
        items.sort(key=lambda each: math.inf if each._id is None else each._id)
    return items, is_set
