"""Calls of functions of variables that are not quick: ``async`` ones, and tasks."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Awaitable
from functools import partial
from typing import Any

from .. import context
from ..variables.derived import DerivedVariable
from .backends.base import Call, kind_of
from .backends.choice import Lease
from .computation import Computation

Job = asyncio.Task[BaseException | None]
"""Gives what ended the call instead of a value; None: it has its value."""


def begin(run: Computation, lease: Lease, loop: asyncio.AbstractEventLoop) -> Job:
    """Make a call on the loop, or in a worker. Loop thread only.

    Args:
        lease: where tasks run.
    """
    node = run.node
    assert isinstance(node, DerivedVariable)
    if node.run_as_task:
        places = lease.places
        run.waits = places is not None and not places.take(lambda: None)
        job = _guarded(_in_worker(run, node, lease))
    else:
        job = _guarded(_on_loop(run, node))
    # A context of its own: what a cell has set is none of its business.
    task = contextvars.Context().run(lambda: loop.create_task(job))
    # Not at once: a task that is cancelled before its first step gives no place back.
    run.interrupt = partial(loop.call_soon, task.cancel)
    return task


async def _guarded(job: Awaitable[None]) -> BaseException | None:
    """An exit or interrupt of a user's function is its failure, and not the end of the loop."""
    try:
        await job
    except BaseException as error:  # noqa: BLE001 - the caller notes it
        return error
    return None


async def _on_loop(run: Computation, node: DerivedVariable) -> None:
    run.check_cancelled()
    with context.running(run):
        value = await node.compute(*run.values)
    node.finish(run.versions, run.values, value)


async def _in_worker(run: Computation, node: DerivedVariable, lease: Lease) -> None:
    places = lease.places
    assert places is not None
    if run.waits:
        await places.turn()
        run.waits = False
        run.reported()
    try:
        run.check_cancelled()
        value = await _result(run, node, lease)
    finally:
        places.give()
    node.finish(run.versions, run.values, value)


async def _result(run: Computation, node: DerivedVariable, lease: Lease) -> Any:
    try:
        backend = lease.backend()
    except asyncio.CancelledError:
        run.cancelled = True  # with the last app, before it was told so
        raise
    if backend is None:
        with context.running(run):
            value = node.compute(*run.values)
            return await value if inspect.isawaitable(value) else value
    call = Call(
        node.func,
        node.arguments(run.values),
        kind_of(node.func),
        node.name,
        [f"The variable {each.describe()}" for each in node.inputs],
        [],
        False,
    )
    handle = backend.submit(call, run)
    run.interrupt = handle.cancel
    try:
        return await asyncio.wrap_future(handle.step())
    finally:
        await asyncio.wrap_future(handle.close())
