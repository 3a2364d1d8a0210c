"""Actions: what a press of a button does to variables, and functions that do more than that.

``Button("Add", onclick=add(1))``: an action stands for an event listener that needs no inputs and
outputs, because it reads and sets variables.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from . import context
from .component import Component
from .components.button import Button
from .events import listen
from .listener_args import ListenerArgs
from .progress_updater import TaskProgressUpdate
from .variables.base import AnyVariable
from .variables.derived import DerivedVariable
from .variables.variable import Variable

if TYPE_CHECKING:
    from .block import Block
    from .blocks import Tree

NotificationStatus: TypeAlias = Literal[
    "SUCCESS", "ERROR", "WARNING", "CANCELED", "CREATED", "QUEUED", "RUNNING", "FAILED", ""
]

_acting: ContextVar[bool] = ContextVar("ipyblocks_acting", default=False)


@contextmanager
def acting() -> Iterator[None]:
    """Code inside is that of an action."""
    token = _acting.set(True)
    try:
        yield
    finally:
        _acting.reset(token)


class ActionCtx(Protocol):
    """What an action can do. Its first argument.

    Attributes:
        input: what the component gives: its value; None for a button.
    """

    input: Any

    async def update(self, variable: AnyVariable, value: Any) -> None:
        """Set a variable. Everything that shows it follows at once.

        Raises:
            TypeError: the variable is computed from others.
        """

    async def trigger(self, variable: DerivedVariable, force: bool = True) -> None:
        """Compute a derived variable again.

        Args:
            force: also what it is computed from, whatever is remembered.
        """

    async def reset_variables(self, variables: AnyVariable | Sequence[AnyVariable]) -> None:
        """Set variables to their defaults; derived ones are computed again."""

    async def notify(
        self,
        message: str,
        title: str = "",
        status: NotificationStatus = "",
        key: str | None = None,
    ) -> None:
        """Show a short message at the page.

        Args:
            key: one with the key of another takes its place.

        Raises:
            ValueError: an unknown ``status``.
        """

    async def navigate(self, url: str, new_tab: bool = True, options: Any = None) -> None:
        """Open a page in a new tab of the browser; the notebook stays where it is.

        Raises:
            ValueError: an address that is none of the web; ``new_tab=False``.
        """

    async def download_file(self, path: str | FilePath, cleanup: bool = False) -> None:
        """Have the browser save a file of the kernel's machine.

        Args:
            cleanup: delete the file once it has been read.

        Raises:
            FileNotFoundError: there is none.
        """

    async def download_variable(
        self,
        variable: AnyVariable,
        file_name: str | None = None,
        type: Literal["csv", "xlsx", "json"] = "csv",
    ) -> None:
        """Have the browser save the value of a variable.

        Raises:
            TypeError: the value cannot be written as that type.
        """

    async def copy_to_clipboard(
        self, value: Any, success_message: str | None = None, error_message: str | None = None
    ) -> None:
        """Put text into the clipboard of the person at the page, and say so."""

    async def run_task(
        self,
        func: Callable[..., Any],
        args: Sequence[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        on_progress: Callable[[TaskProgressUpdate], Any] | None = None,
    ) -> Any:
        """Run a function in a worker process and wait for what it returns.

        Args:
            on_progress: called with every report of the function, in order, before the result is
                delivered; sync ones in a thread. When more than 1000 wait for it, the oldest are
                left out. What it raises is logged, and the task goes on.

        Raises:
            BaseException: what the function raised, of its own type.
            CancelledError: it, or the action, was cancelled.
        """

    async def execute_action(self, action: Action) -> None:
        """Do another action, with the same input."""

    async def flush(self) -> None:
        """Wait until everything so far has been sent to the page."""


class Action:
    """What an event does. Made by a variable's ``update()`` and others, or by a function with
    :func:`action`.

    Raises:
        ValueError: made inside an action.
    """

    def __init__(self) -> None:
        if _acting.get():
            raise ValueError(
                f"{type(self).__name__.lower()}() makes an action and does nothing by itself. "
                f"Inside an action, write `{self.instead}`."
            )

    instead = "await ctx.execute_action(…)"

    async def execute(self, ctx: ActionCtx) -> None:
        """Do it."""
        raise NotImplementedError

    def at(self, resolve: Callable[[Any], Any]) -> Action:
        """The same for one item of a list.

        Args:
            resolve: gives the value there of a variable that depends on the item; everything else
                as it is.
        """
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} action: give it to a component, as in onclick=…>"


class Update(Action):
    """Sets a variable to a value, or to that of another variable."""

    instead = "await ctx.update(variable, value)"

    def __init__(self, variable: AnyVariable, value: Any) -> None:
        super().__init__()
        self._variable = variable
        self._new = value

    def at(self, resolve: Callable[[Any], Any]) -> Action:
        return Update(self._variable, resolve(self._new))

    async def execute(self, ctx: ActionCtx) -> None:
        new = self._new
        if isinstance(new, AnyVariable):
            new = await new.get_current_value()
        await ctx.update(self._variable, new)


class Sync(Action):
    """Sets a variable to what the component gives."""

    instead = "await ctx.update(variable, ctx.input)"

    def __init__(self, variable: AnyVariable) -> None:
        super().__init__()
        self._variable = variable

    async def execute(self, ctx: ActionCtx) -> None:
        await ctx.update(self._variable, ctx.input)


class Toggle(Action):
    """Makes a true value false, and a false one true."""

    instead = "await ctx.update(variable, not variable.value)"

    def __init__(self, variable: AnyVariable) -> None:
        super().__init__()
        self._variable = variable

    async def execute(self, ctx: ActionCtx) -> None:
        # What it mirrors may not have been computed yet.
        await ctx.update(self._variable, not await self._variable.get_current_value())


class Reset(Action):
    """Sets variables to their defaults."""

    instead = "await ctx.reset_variables(variables)"

    def __init__(self, variables: Sequence[AnyVariable]) -> None:
        super().__init__()
        self._variables = variables

    async def execute(self, ctx: ActionCtx) -> None:
        await ctx.reset_variables(self._variables)


class Trigger(Action):
    """Computes a derived variable again."""

    instead = "await ctx.trigger(variable)"

    def __init__(self, variable: DerivedVariable, force: bool = True) -> None:
        super().__init__()
        self._variable = variable
        self._force = force

    async def execute(self, ctx: ActionCtx) -> None:
        await ctx.trigger(self._variable, self._force)


class ActionFunction:
    """A function made by :func:`action`. Called with its arguments it is an action; inside an
    action, called with ``ctx`` first, it is the function itself.
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        if not inspect.iscoroutinefunction(fn):
            name = getattr(fn, "__name__", repr(fn))
            raise TypeError(f"@action needs `async def {name}(ctx, …)`, because it awaits ctx.")
        if not inspect.signature(fn).parameters:
            raise TypeError(f"@action: {fn.__name__}() needs a first parameter, ctx.")
        functools.update_wrapper(self, fn)
        self._fn = fn

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The action, for a component.

        Args:
            args, kwargs: what the function gets after ``ctx``; of variables the value that they
                have at the moment of the event.

        Raises:
            TypeError: arguments that the function does not take.
        """
        if _acting.get():
            return self._fn(*args, **kwargs)
        inspect.signature(self._fn).bind(None, *args, **kwargs)
        return AnnotatedAction(self._fn, args, kwargs)


class Loading(Variable):
    """Whether an action is going on, somewhere: in one row of a list, or in another."""

    def __init__(self) -> None:
        super().__init__(False)
        self._calls = 0

    @contextmanager
    def going(self) -> Iterator[None]:
        """A call of the action goes on inside. Loop thread only."""
        self._calls += 1
        self.assign(True)
        try:
            yield
        finally:
            self._calls -= 1
            self.assign(self._calls > 0)


class AnnotatedAction(Action):
    """A call of an action's function, to be made when the event comes.

    Attributes:
        loading: a variable: whether it is going on.
    """

    def __init__(
        self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        super().__init__()
        self._fn = fn
        self._args = args
        self._kwargs = kwargs
        self.loading = Loading()
        self.name: str = fn.__name__

    def at(self, resolve: Callable[[Any], Any]) -> Action:
        kwargs = {name: resolve(each) for name, each in self._kwargs.items()}
        twin = AnnotatedAction(self._fn, tuple(map(resolve, self._args)), kwargs)
        twin.loading = self.loading
        return twin

    async def execute(self, ctx: ActionCtx) -> None:
        with self.loading.going():
            args = [await _value(each) for each in self._args]
            kwargs = {name: await _value(each) for name, each in self._kwargs.items()}
            await self._fn(ctx, *args, **kwargs)


async def _value(given: Any) -> Any:
    return await given.get_current_value() if isinstance(given, AnyVariable) else given


def action(fn: Callable[..., Any]) -> ActionFunction:
    """Make an ``async`` function an action: ``@action async def save(ctx, name): …``.

    Raises:
        TypeError: the function is not ``async``, or takes no ``ctx``.
    """
    return ActionFunction(fn)


# --- at a component -------------------------------------------------------------------------------

new_ctx: Callable[[context.Run, Any], ActionCtx] | None = None
"""Makes the ``ctx`` of a run; set by :mod:`ipyblocks.runtime.acting`."""


class Doing:
    """The function behind the listener that does some actions.

    Args:
        actions: done one after the other.
    """

    def __init__(self, actions: Sequence[Action]) -> None:
        self._actions = actions
        names = [getattr(each, "name", type(each).__name__.lower()) for each in actions]
        self.__name__ = ", ".join(names)

    async def __call__(self, value: Any = None) -> None:
        run = context.current_run()
        assert run is not None
        assert new_ctx is not None
        ctx = new_ctx(run, value)
        with acting():
            for each in self._actions:
                await each.execute(ctx)


def actions_of(given: Any, where: str) -> list[Action]:
    """What was given as ``onclick=`` and the like, as a list.

    Raises:
        TypeError: something in it is no action.
    """
    listed = list(given) if isinstance(given, (list, tuple)) else [given]
    found: list[Action] = []
    for each in listed:
        if each is None:
            continue
        if isinstance(each, ActionFunction):
            raise TypeError(
                f"{where}: call the action, as in {where.rsplit(maxsplit=1)[-1]}=action()."
            )
        if not isinstance(each, Action):
            raise TypeError(
                f"{where} takes an action, such as variable.update(1) or a function made by "
                f"@action, or a list of them; got {each!r:.60}."
            )
        found.append(each)
    return found


def listen_to_actions(root: Tree, block: Block, event: str, actions: Sequence[Action]) -> None:
    """Do actions when a block has fired an event."""
    gives = None
    if isinstance(block, Component) and not block.stateful and not isinstance(block, Button):
        gives = block
    args = ListenerArgs(Doing(actions), gives, api_name=False)
    usual = block.events[event].trigger_mode
    # A press is not lost because the one before is still being dealt with: they are done in order.
    listen(root, [(block, event)], args, "multiple" if usual == "once" else usual)
