"""``Dependency``: one function bound to what triggers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from .injection import Injection
from .listener_args import ListenerArgs, Outcome, TriggerMode, as_list
from .progress import Progress

if TYPE_CHECKING:
    from .block import Block
    from .blockcontext import BlockContext
    from .blocks import Tree
    from .component import Component
    from .events import EventListener
    from .protocol import ShowProgress
    from .variables.base import AnyVariable

Target: TypeAlias = "tuple[Block | None, str]"


@dataclass(eq=False)
class Dependency:
    """One function bound to its triggers. What a listener returns; chain on it with ``.then``.

    Attributes:
        id: position among the dependencies of its app.
        targets: ``(block, event name)`` pairs; ``(None, "then")`` for a link of a chain.
        after: the dependency this one follows, with the outcome it waits for.
        api_name: name of its endpoint; None when it has none.
        renders: the layout that the function fills; None for one that returns values.
        variable: one whose new values run it.
        retry: what trying again means for a run of it that has failed; None: the same event.
        first_fn: stands for the function in queues and estimates: itself, or that of the first
            listener with its key.
    """

    id: int
    root: Tree
    targets: list[Target]
    fn: Callable[..., Any] | None
    inputs: list[Component]
    outputs: list[Block]
    args: ListenerArgs
    inputs_as_dict: bool
    trigger_mode: TriggerMode
    api_name: str | None
    after: tuple[int, Outcome] | None = None
    cancels: list[int] = field(default_factory=list)
    injected: tuple[Injection, ...] = ()
    renders: BlockContext | None = None
    first_fn: Callable[..., Any] | None = None
    variable: AnyVariable | None = None
    retry: Callable[[], None] | None = None

    @property
    def tracks_tqdm(self) -> bool:
        """Whether the function has asked for bars of ``tqdm`` as its progress."""
        given = [each.what for each in self.injected if isinstance(each.what, Progress)]
        return any(progress.track_tqdm for progress in given)

    @property
    def documented(self) -> bool:
        """Whether lists of endpoints show it."""
        shown = self.args.show_api and self.args.api_visibility in (None, "public")
        return self.api_name is not None and shown

    @property
    def name(self) -> str:
        """How messages name this function."""
        return getattr(self.fn, "__name__", type(self.fn).__name__)

    @property
    def shown_on(self) -> list[Block]:
        """Blocks that show its status: its outputs, unless the listener names others."""
        given = self.args.show_progress_on
        if given is None:
            return self.outputs
        return as_list(given, "show_progress_on", self.name)[0]

    @property
    def concurrency_id(self) -> str:
        """Name of the queue it waits in; one function bound to several events shares one."""
        if self.args.every is not None:
            return f"every {self.id}"  # it never ends, and would keep its place from the others
        return self.args.concurrency_id or str(id(self.first_fn))

    @property
    def show_progress(self) -> ShowProgress:
        """``True`` is full and ``False`` is hidden, as in older Gradio."""
        if self.args.every is not None:
            return "hidden"  # it runs as long as the app is shown
        given = self.args.show_progress
        if isinstance(given, bool):
            return "full" if given else "hidden"
        return given

    @property
    def then(self) -> EventListener:
        """Run a function after this one has ended, however it ended."""
        return self._after("then", "any")

    @property
    def success(self) -> EventListener:
        """Run a function after this one, unless it failed or was cancelled."""
        return self._after("success", "success")

    @property
    def failure(self) -> EventListener:
        """Run a function after this one, only if it raised."""
        return self._after("failure", "failure")

    def _after(self, event: str, outcome: Outcome) -> EventListener:
        from .events import EventListener

        return EventListener(None, event, after=(self.id, outcome), root=self.root)
