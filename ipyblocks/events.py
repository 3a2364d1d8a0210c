"""Events that components declare, and listening to them."""

from __future__ import annotations

import inspect
import string
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from . import context
from .dependency import Dependency, Target
from .injection import injections, warn_on_mismatch
from .listener_args import DECORATOR, STREAM_EVERY, ListenerArgs, Outcome, TriggerMode, as_list
from .missing import LISTENER, no_argument

if TYPE_CHECKING:
    from .block import Block
    from .blocks import Tree
    from .protocol import ShowProgress

_NAMES = [each.name for each in fields(ListenerArgs)]
_PLACE_OF_SHOW_PROGRESS = _NAMES.index("show_progress")


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
        self.doc = self.__doc__ = doc
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

    def __set__(self, instance: Block, value: Any) -> None:
        raise AttributeError(
            f"{instance.describe()}: {self.name} is an event; listen to it by calling it, as in "
            f"{type(instance).__name__.lower()}.{self.name}(fn, inputs, outputs)."
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
            raise AttributeError(
                f"Cannot call {self.event} outside of a gr.Blocks context. Listen to events inside "
                "`with gr.Blocks() as demo:`, or `with demo:` later."
            )
        _check_names(self.event, kwargs)
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
        raise AttributeError(
            "Cannot call on() outside of a gr.Blocks context. Call it inside "
            "`with gr.Blocks() as demo:`, or `with demo:` later."
        )
    _check_names("on", kwargs)
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


def _check_names(where: str, given: Iterable[str]) -> None:
    for name in given:
        if name not in _NAMES:
            raise no_argument(f"{where}()", name, _NAMES, LISTENER)


def listen(
    root: Tree,
    targets: list[Target],
    args: ListenerArgs,
    trigger_mode: TriggerMode = "once",
    after: tuple[int, Outcome] | None = None,
) -> Any:
    """Bind ``args.fn`` to targets of ``root``; with no ``fn``, return a decorator that does."""
    if args.fn == DECORATOR:
        return _decorator(root, targets, args, trigger_mode, after)
    where = targets[0][1]
    _check_function(args, where)
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


def _decorator(
    root: Tree,
    targets: list[Target],
    args: ListenerArgs,
    trigger_mode: TriggerMode,
    after: tuple[int, Outcome] | None,
) -> Callable[..., Any]:
    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        listen(root, targets, replace(args, fn=fn), trigger_mode, after)
        return fn

    return decorate


def _check_function(args: ListenerArgs, where: str) -> None:
    if args.batch and (inspect.isgeneratorfunction(args.fn) or inspect.isasyncgenfunction(args.fn)):
        raise ValueError(f"{where}: a generator cannot be used with batch.")
    if args.every is not None and args.fn is None:
        raise ValueError(f"{where}: every needs a function to run.")
    if args.run_as_task and args.fn is None:
        raise ValueError(f"{where}: run_as_task needs a function to run.")
    if args.fn is None and args.outputs is not None and args.js is None and not args.cancels:
        raise ValueError(
            f"{where}: fn is None, so nothing would fill the outputs. Give the function itself, "
            "without calling it: fn, not fn()."
        )
    if args.fn is not None and not callable(args.fn):
        raise TypeError(
            f"{where}: fn must be a function, not {type(args.fn).__name__} "
            f"{args.fn!r:.60}. Give the function itself, without calling it: fn, not fn()."
        )


def _check_stream(root: Tree, targets: list[Target], args: ListenerArgs, where: str) -> None:
    streams = [block for block, event in targets if event == "stream"]
    if not streams and args.stream_every != STREAM_EVERY:
        raise ValueError(
            f"{where}: stream_every={args.stream_every!r} is for listeners of a stream event, such "
            "as image.stream(…)."
        )
    # Of all others, which may be thousands, only for those that stream.
    for other in root.dependencies.values() if streams else ():
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


def api_name(fn: Callable[..., Any] | None, args: ListenerArgs) -> str | None:
    """Name of the endpoint before it is made unique; None when there is none."""
    if args.api_name is False or args.api_visibility == "private" or fn is None:
        return None
    if isinstance(args.api_name, str) and args.api_name.strip():
        return args.api_name.strip().lstrip("/")
    name = getattr(fn, "__name__", None) or type(fn).__name__
    unwanted = set(string.punctuation) - {"-", "_"}
    return "".join(c for c in name if c not in unwanted) or "unnamed"
