"""What pages ask of an engine besides events: calls with their own values, results of ``js``
steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..component import Component
from ..protocol import Called, Json, JsResult, PageId, RunJs, Submit
from .call import Output, values_of
from .outbound import numbered
from .task import Failure, Task

if TYPE_CHECKING:
    from .engine import Engine
    from .session import Session


def call(engine: Engine, session: Session, page: PageId, message: Submit) -> None:
    """Run a function with a client's own values. Neither trigger modes nor chains apply.

    Raises:
        ValueError: no such function, or not as many values as it has inputs.
    """
    dependency = engine.tree.dependencies.get(message.dependency)
    if dependency is None or dependency.fn is None or dependency.api_name is None:
        raise ValueError(f"This app has no function {message.dependency} that can be called.")
    wanted = [c for c in dependency.inputs if not c.stateful]
    if len(message.data) != len(wanted):
        raise ValueError(
            f"{dependency.name!r} needs {len(wanted)} values, got {len(message.data)}."
        )
    checked = iter([_checked(session, c, v) for c, v in zip(wanted, message.data, strict=True)])
    task = engine.new_task(session, dependency, None, None)
    task.called = True
    task.payloads = [None if c.stateful else next(checked) for c in dependency.inputs]
    session.put(numbered(Called, page=page, call=message.call, task=task.id))
    engine.enqueue(task)


def ask_js(session: Session, task: Task) -> bool:
    """Have the page that spoke last run the ``js`` step of a task. Returns whether there is one."""
    page = session.last_page()
    if page is None:
        return False
    task.in_js, task.js_page = True, page
    inputs, outputs = task.dependency.inputs, task.dependency.outputs
    shown = [block for block in outputs if isinstance(block, Component)]
    values = [None if c.stateful else session.payload(c) for c in [*inputs, *shown]]
    code = str(task.dependency.args.js)
    session.put(numbered(RunJs, page=page, task=task.id, code=code, args=values))
    return True


def js_outcome(session: Session, task: Task, message: JsResult) -> list[Output] | Failure | None:
    """What the result of a ``js`` step means for its task.

    Returns:
        Outputs, when the step is all there is; None, when the function goes on with the step's
        values as its inputs; a Failure.
    """
    dependency = task.dependency
    if message.values is None:
        return _js_failure(message.error or "The js of this event failed.")
    try:
        if dependency.fn is None:
            values = [session.bulk.blobs.resolve(value) for value in message.values]
            return values_of(session, dependency, values)
        pairs = zip(dependency.inputs, message.values, strict=False)
        for i, (component, value) in enumerate(pairs):
            if not component.stateful:
                task.payloads[i] = _checked(session, component, session.bulk.blobs.resolve(value))
    except (TypeError, ValueError) as error:
        return _js_failure(str(error))
    return None


def _js_failure(why: str) -> Failure:
    return Failure("user", why, toast=("The js of this event failed", 10))


def _checked(session: Session, component: Component, value: Json) -> Json:
    """A value that is not the session's own, as its component would take it from a page."""
    declared = component.props.get("value")
    if value is None or declared is None or not declared.settable:
        return value  # no page sets it, so the component has no rule for pages
    checked: Json = session.current(component).check("value", value)
    return checked
