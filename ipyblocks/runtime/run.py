"""Runs the function of one task: sync in a pool of threads, ``async`` on the loop, generators by
steps.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeAlias, TypeVar

from .. import context
from ..component import Component
from ..render import Subtree, build
from . import tqdm_hook
from .backends.base import END, Call, ExecutionBackend, across, is_async, kind_of
from .backends.choice import Lease
from .backends.threads import new_pool
from .call import Output, batch_arguments, batch_rows, handler_arguments, outputs_of
from .task import Task

T = TypeVar("T")
Apply: TypeAlias = "Callable[[Task, list[Output] | Subtree], None]"
Prepare: TypeAlias = "Callable[[Task, Callable[[], Any]], Awaitable[Any]]"


class Runner:
    """The threads of one app, and the context its handlers run in.

    Args:
        loop: where ``async`` functions run.
        max_threads: most threads that run handlers.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, max_threads: int) -> None:
        self._loop = loop
        self._stopped = False
        self._pool = new_pool(max_threads)
        self.tasks = Lease()
        self._ended: list[ExecutionBackend] = []
        # The context the app was made in, so that prints of handlers go where its cell's do.
        self._context = contextvars.copy_context()

    def start(self, fn: Callable[[], Any]) -> asyncio.Task[Any]:
        """Run a coroutine function on the loop, in the app's context. Loop thread only."""
        return self._context.copy().run(lambda: self._loop.create_task(fn()))

    def submit(self, fn: Callable[[], T]) -> Future[T]:
        """Run ``fn`` in the pool, in the app's context."""
        return self._pool.submit(self._context.copy().run, fn)

    def stop(self, wait: bool = False) -> None:
        """Take no more work; threads end when theirs is done, and tasks are stopped."""
        self._stopped = True
        self._ended += self.tasks.release()
        self._pool.shutdown(wait=wait)
        if wait:
            for backend in self._ended:
                backend.stop(wait=True)

    def prepare_tasks(self) -> None:
        """There will be tasks: let their backend start what takes time."""
        with contextlib.suppress(ValueError):  # the first task says so
            backend = None if self._stopped else self.tasks.backend()
            if backend is not None:
                backend.prepare()

    async def run(self, task: Task, apply: Apply) -> None:
        """Call the function of a task; ``apply`` gets what each output becomes, on the loop.

        Raises:
            BaseException: whatever the function, or the processing of its values, raised.
        """
        every = task.dependency.args.every
        with tqdm_hook.tracking(task.tracks_tqdm):
            while True:
                await self._run_once(task, apply)
                # A function may swallow the cancel; it is not called again.
                if every is None or task.stop.is_set():
                    return
                await asyncio.sleep(every)

    async def _run_once(self, task: Task, apply: Apply) -> None:
        fn = task.dependency.fn
        assert fn is not None
        backend = self.tasks.backend() if task.dependency.args.run_as_task else None
        if backend is not None:
            await self._run_task(backend, task, fn, apply)
        elif task.dependency.renders is not None:
            apply(task, await self._in_thread(task, partial(_build, task, fn)))
        elif inspect.isasyncgenfunction(fn) or is_async(fn):
            await self._run_async(task, fn, apply)
        elif inspect.isgeneratorfunction(fn):
            await self._drain(task, fn, apply)
        else:
            # One hop to the pool for arguments, call and outputs.
            call = partial(_call_sync, task, fn)
            apply(task, await self._in_thread(task, call))

    async def _run_async(self, task: Task, fn: Callable[..., Any], apply: Apply) -> None:
        prepare = self._in_thread if _is_slow(task) else _inline
        with context.running(task):
            values = await prepare(task, partial(handler_arguments, task))
            if inspect.isasyncgenfunction(fn):
                await self._drain_async(task, fn(*values), prepare, apply)
            else:
                returned = await fn(*values)
                apply(task, await prepare(task, partial(_outputs, task, returned)))

    async def run_batch(self, tasks: list[Task], apply: Apply) -> None:
        """Call a function once for several tasks: it gets a list per input, and returns a list per
        output.

        Raises:
            ValueError: it returned lists of other lengths.
            BaseException: whatever it raised; all tasks share it.
        """
        leader, fn = tasks[0], tasks[0].dependency.fn
        assert fn is not None

        def split(returned: Any) -> list[list[Output]]:
            rows = batch_rows(leader.dependency, returned, len(tasks))
            return [_own_outputs(task, row) for task, row in zip(tasks, rows, strict=True)]

        backend = self.tasks.backend() if leader.dependency.args.run_as_task else None
        if backend is not None:
            values = await self._in_thread(leader, partial(batch_arguments, tasks))
            outputs: list[list[Output]] = []
            async with contextlib.aclosing(self._values(backend, leader, fn, values)) as given:
                async for returned in given:
                    outputs = await self._in_thread(leader, partial(split, returned))
        elif is_async(fn):
            values = await self._in_thread(leader, partial(batch_arguments, tasks))
            with context.running(leader):
                returned = await fn(*values)
            outputs = await self._in_thread(leader, lambda: split(returned))
        else:
            outputs = await self._in_thread(leader, lambda: split(fn(*batch_arguments(tasks))))
        for task, each in zip(tasks, outputs, strict=True):
            apply(task, each)

    async def _run_task(
        self, backend: ExecutionBackend, task: Task, fn: Callable[..., Any], apply: Apply
    ) -> None:
        """Call a function on a backend; what comes before and after is done here."""
        values = await self._in_thread(task, partial(handler_arguments, task))
        async with contextlib.aclosing(self._values(backend, task, fn, values)) as given:
            async for returned in given:
                apply(task, await self._in_thread(task, partial(_outputs, task, returned)))

    async def _values(
        self, backend: ExecutionBackend, task: Task, fn: Callable[..., Any], values: list[Any]
    ) -> AsyncGenerator[Any, None]:
        """What a function gives on a backend. Ends, or is closed, when it is really over."""
        dependency = task.dependency
        call = Call(
            fn,
            values,
            kind_of(fn),
            dependency.name,
            [f"The input {block.describe()}" for block in dependency.inputs],
            [f"the output {block.describe()}" for block in dependency.outputs],
            task.tracks_tqdm,
        )
        task.handle = handle = self._context.copy().run(backend.submit, call, task)
        try:
            while (value := await asyncio.wrap_future(handle.step(), loop=self._loop)) is not END:
                yield value
                if call.kind in ("plain", "async"):
                    return
        finally:
            # Of an app that has been closed, nobody waits for the end.
            if self._stopped:
                handle.cancel()
            else:
                await asyncio.wrap_future(handle.close(), loop=self._loop)
            task.handle = None

    async def _drain(self, task: Task, fn: Callable[..., Iterator[Any]], apply: Apply) -> None:
        """Step a generator in the pool, one value at a time."""
        values = await self._in_thread(task, lambda: iter(fn(*handler_arguments(task))))

        def step() -> Any:
            item = next(values, END)
            if task.stop.is_set():
                values.close()  # type: ignore[attr-defined]
                return END
            return END if item is END else _outputs(task, item)

        try:
            while True:
                outputs = await self._in_thread(task, step)
                if outputs is END:
                    return
                apply(task, outputs)
                if task.stop.is_set():
                    # Its own value led to the cancel, which is raised here and not while a step
                    # is on its way: a generator that runs cannot be closed.
                    await asyncio.sleep(0)
        finally:
            # Of an app that has been closed, nothing can be run any more.
            if values.gi_frame is not None and not self._stopped:  # type: ignore[attr-defined]
                await self._in_thread(task, values.close)  # type: ignore[attr-defined]

    async def _drain_async(
        self, task: Task, values: AsyncIterator[Any], prepare: Prepare, apply: Apply
    ) -> None:
        try:
            async for item in values:
                outputs = await prepare(task, partial(_outputs, task, item))
                apply(task, outputs)
        finally:
            await values.aclose()  # type: ignore[attr-defined]

    async def _in_thread(self, task: Task, fn: Callable[[], T]) -> T:
        """Run ``fn`` in the pool as part of ``task``.

        A thread cannot be stopped from outside, so a cancelled task waits here until it has really
        ended.
        """

        def run() -> T:
            with context.running(task):
                return across(fn)

        task.job = self.submit(run)
        try:
            result: T = await asyncio.wrap_future(task.job, loop=self._loop)
        finally:
            task.job = None
        if task.stop.is_set():
            raise asyncio.CancelledError
        return result


async def _inline(_task: Task, fn: Callable[[], T]) -> T:
    return fn()


def _outputs(task: Task, returned: Any) -> list[Output]:
    return outputs_of(task.session, task.dependency, returned)


def _own_outputs(task: Task, row: Any) -> list[Output]:
    """As its own run, whoever's thread it is: files must live as long as the task's own session."""
    with context.running(task):
        return _outputs(task, row)


def _call_sync(task: Task, fn: Callable[..., Any]) -> list[Output]:
    return _outputs(task, fn(*handler_arguments(task)))


def _build(task: Task, fn: Callable[..., Any]) -> Subtree:
    container = task.dependency.renders
    assert container is not None
    return build(task.session.scene, container, fn, handler_arguments(task))


def _is_slow(task: Task) -> bool:
    blocks = [*task.dependency.inputs, *task.dependency.outputs]
    return any(isinstance(block, Component) and block.slow for block in blocks)
