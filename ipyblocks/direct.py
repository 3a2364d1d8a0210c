"""A function of an app, called as a plain function: ``demo(1, 2)``."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import endpoints
from .blocks import Tree
from .component import Component
from .dependency import Dependency


def called_directly(app: Tree, inputs: Sequence[Any], fn_index: int, api_name: str | None) -> Any:
    """See :meth:`ipyblocks.app.Blocks.__call__`."""
    index = None if api_name is not None else fn_index
    dependency = endpoints.endpoint(app, api_name, index)
    _check_callable(dependency)
    fn = dependency.fn
    assert fn is not None
    payloads = endpoints.payloads(dependency, tuple(inputs), {})
    pairs = zip(dependency.inputs, payloads, strict=True)
    values = [component.preprocess(payload) for component, payload in pairs]
    if dependency.inputs_as_dict:
        values = [dict(zip(dependency.inputs, values, strict=True))]
    returned = fn(*values)
    if inspect.isawaitable(returned):
        returned = _awaited(_coroutine(returned))
    return _results(dependency, returned)


def _check_callable(dependency: Dependency) -> None:
    fn = dependency.fn
    why = None
    if inspect.isgeneratorfunction(fn) or inspect.isasyncgenfunction(fn):
        why = "it is a generator"
    elif dependency.args.batch:
        why = "it runs in batches"
    elif any(block.stateful for block in _components(dependency)):
        why = "it has State, which belongs to a session"
    elif dependency.injected:
        why = "it takes what only an event has (progress, request or event data)"
    if why is not None:
        raise ValueError(
            f"{dependency.name!r} cannot be called directly: {why}. Use gr.Client(demo).predict(…)."
        )


def _components(dependency: Dependency) -> list[Component]:
    blocks = [*dependency.inputs, *dependency.outputs]
    return [block for block in blocks if isinstance(block, Component)]


def _results(dependency: Dependency, returned: Any) -> Any:
    outputs = dependency.outputs
    if not outputs:
        return returned
    values = [returned] if len(outputs) == 1 else list(returned)
    if len(values) < len(outputs):
        raise ValueError(
            f"{dependency.name!r} returned {len(values)} values, but has {len(outputs)} outputs."
        )
    shown = [
        block.postprocess(value) if isinstance(block, Component) else None
        for block, value in zip(outputs, values, strict=False)
    ]
    return shown[0] if len(shown) == 1 else shown


async def _coroutine(awaitable: Any) -> Any:
    return await awaitable


def _awaited(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: a notebook's cell may be running on a loop already.

    Raises:
        RuntimeError: there are no threads.
    """
    with ThreadPoolExecutor(1) as pool:
        try:
            running = pool.submit(asyncio.run, coroutine)
        except RuntimeError:
            coroutine.close()
            raise RuntimeError(
                "An async function cannot be waited for where there are no threads. "
                "Write `await gr.Client(demo).submit(…)`."
            ) from None
        return running.result()
