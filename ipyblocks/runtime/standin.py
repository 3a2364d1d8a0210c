"""Tasks of a session that stand for the call of a variable's function, which belongs to no session:
the same places, reports and Cancel at the blocks that wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ..block import Block
from ..dependency import Dependency
from ..listener_args import ListenerArgs
from ..variables.derived import DerivedVariable
from ..variables.graph import State
from .call import skip
from .computation import Computation
from .evaluator import evaluator
from .task import Task

if TYPE_CHECKING:
    from .bindings import Bindings
    from .session import Session


class Gate:
    """Lets a task that stands for a call begin when the call does. See :class:`.places.Places`.

    Args:
        run: the call.
    """

    limit = None

    def __init__(self, run: Computation) -> None:
        self._run = run
        self._waiting: list[Callable[[], None]] = []

    @property
    def has_room(self) -> bool:
        """Whether the call has begun."""
        return not self._run.waits

    def take(self, wake: Callable[[], None]) -> bool:
        """See :meth:`.places.Places.take`."""
        if not self._run.waits:
            return True
        self._waiting.append(wake)
        return False

    def give(self) -> None:
        """Others have a gate of their own."""

    def open(self) -> None:
        """Look again whether the call has begun."""
        if not self._run.waits:
            waiting, self._waiting = self._waiting, []
            for wake in waiting:
                wake()


class StandIn:
    """The function of a task that stands for a call: waits for it.

    Args:
        run: the call.
        bindings: of the session that shows it.
    """

    def __init__(self, run: Computation, bindings: Bindings) -> None:
        self.run = run
        self._bindings = bindings
        node = run.node
        self.__name__ = node.name if isinstance(node, DerivedVariable) else node.describe()

    async def __call__(self) -> Any:
        run = self.run
        await asyncio.shield(asyncio.wrap_future(run.over))
        await self._bindings.settled()
        if run.error is not None and run.node.failure is run.error:
            raise run.error
        if run.node.state is State.STOPPED:
            raise asyncio.CancelledError
        return skip()


def standing_for(fn: StandIn, session: Session, blocks: list[Block], tracked: bool) -> Dependency:
    """The dependency of a task that stands for a call.

    Args:
        blocks: where it is shown.
        tracked: one of them shows how far it is.
    """
    dependency = own_dependency(session, fn, blocks, "full" if tracked else "minimal")
    node = fn.run.node
    if isinstance(node, DerivedVariable):
        dependency.first_fn = node.func
    dependency.retry = partial(evaluator.again, node)
    return dependency


def own_dependency(
    session: Session, fn: Callable[..., Any], blocks: list[Block], show_progress: Any
) -> Dependency:
    """A dependency that belongs to no listener."""
    args = ListenerArgs(
        fn,
        api_name=False,
        show_progress=show_progress,
        concurrency_limit=None,
        concurrency_id=f"variable {id(fn)}",
    )
    return Dependency(
        id=-1,
        root=session.tree,
        targets=[],
        fn=fn,
        inputs=[],
        outputs=blocks,
        args=args,
        inputs_as_dict=False,
        trigger_mode="multiple",
        api_name=None,
        first_fn=fn,
    )


def says(task: Task, block: Block, error: BaseException) -> bool:
    """Whether a task stands for the call that has raised an error, and says so at a block."""
    fn = task.dependency.fn
    return isinstance(fn, StandIn) and fn.run.error is error and block in task.dependency.outputs
