"""Which function runs when: events that components declare, and the dependencies that listeners
make.
"""

from __future__ import annotations

import inspect
import math
import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from . import context
from .errors import InvalidBlockError, NotAvailableError
from .injection import Injection, injections, warn_on_mismatch
from .progress import Progress

if TYPE_CHECKING:
    from .block import Block, BlockContext
    from .blocks import Tree
    from .component import Component
    from .protocol import ShowProgress
    from .variables.variable import AnyVariable

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
        limit = self.concurrency_limit
        if limit not in ("default", None) and not (isinstance(limit, int) and limit >= 1):
            raise ValueError(
                f"concurrency_limit is {limit!r}; "
                'it must be 1 or more, None (no limit) or "default".'
            )

    def _check_numbers(self) -> None:
        if self.every is not None and self.every <= 0:
            raise ValueError(f"every is {self.every}; it must be a positive number of seconds.")
        if self.every is not None and self.batch:
            raise ValueError("every cannot be combined with batch.")
        if self.time_limit is not None and self.time_limit <= 0:
            raise ValueError(f"time_limit is {self.time_limit}; it must be positive, in seconds.")
        if isinstance(self.stream_every, bool) or not 0 < self.stream_every < math.inf:
            raise ValueError(
                f"stream_every is {self.stream_every!r}; it must be a positive number of seconds."
            )
        if self.max_batch_size < 1:
            raise ValueError(f"max_batch_size is {self.max_batch_size}; it must be 1 or more.")
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


_PLACE_OF_SHOW_PROGRESS = [each.name for each in fields(ListenerArgs)].index("show_progress")

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
        return EventListener(None, "then", after=(self.id, "any"), root=self.root)

    @property
    def success(self) -> EventListener:
        """Run a function after this one, unless it failed or was cancelled."""
        return EventListener(None, "success", after=(self.id, "success"), root=self.root)

    @property
    def failure(self) -> EventListener:
        """Run a function after this one, only if it raised."""
        return EventListener(None, "failure", after=(self.id, "failure"), root=self.root)


class Event:
    """Declares that a component can fire: ``click = Event("The button was pressed.")``.

    Args:
        doc: one sentence for the reference page.
        data: type of the payload, a struct of :mod:`ipyblocks.injection`; None: no payload.
        trigger_mode: what a listener without ``trigger_mode`` gets.
        kernel: fired by the kernel itself (``change``, ``load``), never accepted from a page.
        show_progress: what a listener without ``show_progress`` gets.
    """

    def __init__(
        self,
        doc: str,
        data: type | None = None,
        trigger_mode: TriggerMode = "once",
        kernel: bool = False,
        show_progress: ShowProgress = "full",
    ) -> None:
        self.doc = doc
        self.data = data
        self.trigger_mode: TriggerMode = trigger_mode
        self.kernel = kernel
        self.show_progress: ShowProgress = show_progress
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Block | None, owner: type | None = None) -> EventListener:
        # On the class it is the declaration; mypy need not know, only our own tools ask.
        if instance is None:
            return self  # type: ignore[return-value]
        return EventListener(
            instance, self.name, self.trigger_mode, show_progress=self.show_progress
        )


def change_event() -> Event:
    """``change``: fired by the kernel whenever the value becomes another one, whoever changed
    it.
    """
    return Event(
        "The value changed, by the person or by a function.", None, "always_last", kernel=True
    )


class EventListener:
    """Call it to listen: ``button.click(fn, inputs, outputs)``. See :class:`ListenerArgs`."""

    __signature__ = inspect.signature(ListenerArgs)

    def __init__(
        self,
        block: Block | None,
        event: str,
        trigger_mode: TriggerMode = "once",
        after: tuple[int, Outcome] | None = None,
        root: Tree | None = None,
        show_progress: ShowProgress = "full",
    ) -> None:
        self.block = block
        self.event = event
        self.trigger_mode: TriggerMode = trigger_mode
        self.after = after
        self._root = root
        self._show_progress = show_progress

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Listen. Returns the :class:`Dependency`, or a decorator when ``fn`` is left out.

        Raises:
            AttributeError: called outside ``with gr.Blocks():``.
            InvalidBlockError: an input or output is no component.
            TypeError, ValueError: a bad argument.
        """
        root = context.root() or self._root
        if root is None:
            raise AttributeError(f"Cannot call {self.event} outside of a gr.Blocks context.")
        if len(args) <= _PLACE_OF_SHOW_PROGRESS:
            kwargs.setdefault("show_progress", self._show_progress)
        options = ListenerArgs(*args, **kwargs)
        target = (self.block, self.event)
        return listen(root, [target], options, self.trigger_mode, self.after)


def on(
    triggers: EventListener | Iterable[EventListener] | None = None, *args: Any, **kwargs: Any
) -> Any:
    """One function for several events: ``gr.on([a.submit, b.click], fn, inputs, outputs)``.

    Args:
        triggers: event listeners, not called; None listens to ``change`` of every input and to
            ``load``.
        args, kwargs: see :class:`ListenerArgs`.

    Raises:
        AttributeError: called outside ``with gr.Blocks():``.
    """
    root = context.root()
    if root is None:
        raise AttributeError("Cannot call on() outside of a gr.Blocks context.")
    options = ListenerArgs(*args, **kwargs)
    if triggers is None:
        inputs, _ = as_list(options.inputs, "inputs", "on")
        found = [component.change for component in inputs if "change" in component.events]
        found.append(root.load)
    else:
        found = [triggers] if isinstance(triggers, EventListener) else list(triggers)
    for trigger in found:
        if not isinstance(trigger, EventListener):
            raise TypeError(
                "triggers must be events such as button.click, without a call; "
                f"got {trigger!r:.60}."
            )
    targets = [(trigger.block, trigger.event) for trigger in found]
    default: TriggerMode = found[0].trigger_mode if found else "once"
    return listen(root, targets, options, default)


def listen(
    root: Tree,
    targets: list[Target],
    args: ListenerArgs,
    trigger_mode: TriggerMode = "once",
    after: tuple[int, Outcome] | None = None,
) -> Any:
    """Bind ``args.fn`` to targets of ``root``; with no ``fn``, return a decorator that does."""
    if args.fn == DECORATOR:

        def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
            given = {f.name: getattr(args, f.name) for f in fields(args)}
            listen(root, targets, ListenerArgs(**{**given, "fn": fn}), trigger_mode, after)
            return fn

        return decorate
    where = targets[0][1]
    if args.batch and (inspect.isgeneratorfunction(args.fn) or inspect.isasyncgenfunction(args.fn)):
        raise ValueError(f"{where}: a generator cannot be used with batch.")
    if args.every is not None and args.fn is None:
        raise ValueError(f"{where}: every needs a function to run.")
    if args.run_as_task and args.fn is None:
        raise ValueError(f"{where}: run_as_task needs a function to run.")
    if args.fn is not None and not callable(args.fn):
        raise TypeError(f"{where}: fn must be a function, not {type(args.fn).__name__}.")
    inputs, as_dict = as_list(args.inputs, "inputs", where)
    outputs, _ = as_list(args.outputs, "outputs", where)
    fn = args.fn if callable(args.fn) else None
    cancels = [args.cancels] if isinstance(args.cancels, Dependency) else list(args.cancels or ())
    _check_stream(root, targets, args, where)
    former = root.former_listener(args.key, where)
    dependency = Dependency(
        id=root.next_dependency_id() if former is None else former.id,
        root=root,
        targets=targets,
        fn=fn,
        inputs=inputs,
        outputs=outputs,
        args=args,
        inputs_as_dict=as_dict,
        trigger_mode=args.trigger_mode or trigger_mode,
        api_name=root.unique_api_name(api_name(fn, args)),
        after=after,
        cancels=[_cancellable(other, where).id for other in cancels],
        injected=injections(fn) if fn else (),
        first_fn=fn if former is None else former.first_fn or fn,
    )
    if fn is not None:
        warn_on_mismatch(fn, 1 if as_dict else len(inputs), dependency.injected)
    root.dependencies[dependency.id] = dependency
    return dependency


def _check_stream(root: Tree, targets: list[Target], args: ListenerArgs, where: str) -> None:
    streams = [block for block, event in targets if event == "stream"]
    if not streams and args.stream_every != STREAM_EVERY:
        raise ValueError(
            f"{where}: stream_every={args.stream_every!r} is for listeners of a stream event, such "
            "as image.stream(…)."
        )
    for other in root.dependencies.values():
        shared = [b for b, event in other.targets if event == "stream" and b in streams]
        if shared and _rate(other.args) != _rate(args):
            assert shared[0] is not None
            raise ValueError(
                f"{where}: {shared[0].describe()} streams at one rate; give all its listeners "
                "the same stream_every and time_limit."
            )


def _rate(args: ListenerArgs) -> tuple[float, float | None]:
    return args.stream_every, args.time_limit


def _cancellable(other: Any, where: str) -> Dependency:
    if not isinstance(other, Dependency):
        raise TypeError(
            f"{where}: cancels takes what a listener returned, such as run = button.click(…)."
        )
    if not other.args.queue:
        raise ValueError(
            f"{where}: {other.name!r} is listened to with queue=False, so it cannot be cancelled."
        )
    return other


def as_list(given: Any, argument: str, where: str) -> tuple[list[Any], bool]:
    """Components as a list, and whether they came as a set.

    Raises:
        InvalidBlockError: something else is among them.
    """
    from .block import Block

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


def api_name(fn: Callable[..., Any] | None, args: ListenerArgs) -> str | None:
    """Name of the endpoint before it is made unique; None when there is none."""
    if args.api_name is False or args.api_visibility == "private" or fn is None:
        return None
    if isinstance(args.api_name, str) and args.api_name.strip():
        return args.api_name.strip().lstrip("/")
    name = getattr(fn, "__name__", None) or type(fn).__name__
    unwanted = set(string.punctuation) - {"-", "_"}
    return "".join(c for c in name if c not in unwanted) or "unnamed"
