"""From wire values to a handler's arguments, and from what it returns to changes of the session.

Runs where the handler runs; touches no loop, no queue and no page.
"""

from __future__ import annotations

import copy
import inspect
import logging
import traceback
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import context
from ..block import Block
from ..codec import pack
from ..component import Component
from ..components.state import State
from ..dependency import Dependency
from ..errors import Error, InvalidBlockError
from ..injection import Happening, arguments
from ..protocol import Json
from .keep import keep
from .task import Failure

if TYPE_CHECKING:
    from .session import Session
    from .task import Task

log = logging.getLogger("ipyblocks")

MAX_TEXT = 10_000_000
"""Most characters of one text value; a page that had to draw more would hang."""

_RUNTIME = str(Path(__file__).parent)

_told_of_more: weakref.WeakSet[Dependency] = weakref.WeakSet()
"""Functions that have returned too many values, which is said once."""


class Output(NamedTuple):
    """What one output becomes.

    Attributes:
        block: the output.
        props: wire props to send; empty: nothing changes.
        twin: the block with its arguments replaced; None when only the value changes.
        state: ``(value,)`` for a block that keeps its value in the kernel.
        given: what Python has given its props, by their names; empty where a page has.
    """

    block: Block
    props: dict[str, Json]
    twin: Block | None = None
    state: tuple[Any] | None = None
    given: Mapping[str, Any] = MappingProxyType({})


def update(
    elem_id: str | None = None,
    elem_classes: list[str] | str | None = None,
    visible: bool | None = None,
    **kwargs: Any,
) -> dict[str, Any]:
    """Return it from a handler to change props of an output: ``gr.update(label="…", value=3)``.

    Args:
        elem_id, elem_classes, visible: left as they are when None.
        kwargs: any other argument of the output's constructor. None means *leave*, except for
            ``value``.
    """
    named = {"elem_id": elem_id, "elem_classes": elem_classes, "visible": visible}
    return {
        **{name: given for name, given in named.items() if given is not None},
        **kwargs,
        "__type__": "update",
    }


def skip() -> dict[str, Any]:
    """Return it from a handler to leave an output as it is."""
    return {"__type__": "update"}


def handler_arguments(task: Task) -> list[Any]:
    """What the function is called with: inputs preprocessed, injected parameters in their
    places.
    """
    values = _inputs(task)
    if task.dependency.args.validator is not None:
        _check_valid(task.dependency, task.dependency.args.validator, values)
    return _injected(task, values)


def _check_valid(
    dependency: Dependency, validator: Callable[..., Any], values: Sequence[Any]
) -> None:
    """Ask the listener's validator whether the function may run.

    Raises:
        Error: it may not; the validator's own words.
        TypeError: the validator returned something else than it should.
    """
    returned = validator(*values)
    verdicts = returned if isinstance(returned, (list, tuple)) else [returned]
    if not all(isinstance(v, dict) and v.get("__type__") == "validate" for v in verdicts):
        raise TypeError(
            f"The validator of {dependency.name!r} returned {returned!r:.60}; "
            "it must return gr.validate(is_valid, message), or a list of them."
        )
    wrong = [str(verdict["message"]) for verdict in verdicts if not verdict["is_valid"]]
    if wrong:
        raise Error(" ".join(wrong), title="Not valid")


def batch_arguments(tasks: Sequence[Task]) -> list[Any]:
    """What the function of a batch is called with: a list for each input; injected parameters are
    those of the first task.
    """
    return _injected(
        tasks[0], [list(column) for column in zip(*map(_own_inputs, tasks), strict=True)]
    )


def _own_inputs(task: Task) -> list[Any]:
    # Files of an input must live as long as the task's own session.
    with context.running(task):
        return _inputs(task)


def _inputs(task: Task) -> list[Any]:
    dependency, session = task.dependency, task.session
    values = []
    for component, payload in zip(dependency.inputs, task.payloads, strict=True):
        if isinstance(component, State):
            values.append(session.states.get(component))
        elif dependency.args.preprocess:
            values.append(session.current(component).preprocess(payload))
        else:
            values.append(copy.deepcopy(payload))  # the session's own is not for changing
    return values


def _injected(task: Task, values: list[Any]) -> list[Any]:
    dependency = task.dependency
    if dependency.inputs_as_dict:
        values = [dict(zip(dependency.inputs, values, strict=True))]
    happening = Happening(task.target, task.data, task.session.epoch, task.reports)
    return arguments(values, dependency.injected, happening)


def outputs_of(session: Session, dependency: Dependency, returned: Any) -> list[Output]:
    """Changes that the return value of a handler asks for.

    Raises:
        ValueError: too few values, or a dict with a component that is no output.
        TypeError, ValueError: a value that its component cannot show, or the wire cannot carry.
    """
    values = _by_position(dependency, returned)
    return [
        _output(session, dependency, block, value)
        for block, value in zip(dependency.outputs, values, strict=False)
    ]


def values_of(session: Session, dependency: Dependency, values: Sequence[Json]) -> list[Output]:
    """Outputs for wire values that a page has computed: one each, as far as they go."""
    pairs = zip(dependency.outputs, values, strict=False)
    return [
        Output(block, {"value": _carried(session, block, value)})
        for block, value in pairs
        if isinstance(block, Component) and not block.stateful
    ]


def batch_rows(dependency: Dependency, returned: Any, size: int) -> list[Any]:
    """A list per output → what each of ``size`` calls would have returned.

    Raises:
        ValueError: not a list per output, or lists of another length.
    """
    count = len(dependency.outputs)
    columns = list(returned) if isinstance(returned, (list, tuple)) else None
    if count == 0:
        return [None] * size
    if columns is None or len(columns) != count:
        raise ValueError(
            f"{dependency.name!r} has batch=True and must return a tuple with one list for each of "
            f"its {count} outputs."
        )
    lengths = {len(column) for column in columns}
    if lengths != {size}:
        raise ValueError(
            f"{dependency.name!r} got a batch of {size} and returned lists of "
            f"{', '.join(map(str, sorted(lengths)))}; each must have {size} values."
        )
    rows = zip(*columns, strict=True)
    return [row[0] if count == 1 else row for row in rows]


def _by_position(dependency: Dependency, returned: Any) -> list[Any]:
    outputs = dependency.outputs
    if isinstance(returned, dict) and returned and any(isinstance(k, Block) for k in returned):
        return _from_dict(dependency, returned)
    if len(outputs) == 1:
        return [returned]
    if _is_update(returned) and returned == skip():
        return [skip() for _ in outputs]
    if not outputs:
        return []
    values = list(returned) if isinstance(returned, (list, tuple)) else [returned]
    if len(values) < len(outputs):
        wanted = ", ".join(block.describe() for block in outputs)
        raise ValueError(
            f"{dependency.name!r} returned {len(values)} value{'s' * (len(values) != 1)}, but has "
            f"{len(outputs)} outputs: {wanted}. Return one value for each, in that order."
        )
    if len(values) > len(outputs) and dependency not in _told_of_more:
        _told_of_more.add(dependency)
        log.warning(
            "%r returned %d values, but has %d outputs; the last ones are not shown.",
            dependency.name,
            len(values),
            len(outputs),
        )
    return values


def _from_dict(dependency: Dependency, returned: Mapping[Any, Any]) -> list[Any]:
    for key in returned:
        if not isinstance(key, Block):
            raise InvalidBlockError(
                f"{dependency.name!r} returned a dict that mixes components and other keys "
                f"({key!r})."
            )
        if key not in dependency.outputs:
            raise InvalidBlockError(
                f"{dependency.name!r} returned {key.describe()}, which is not among its outputs."
            )
    return [returned.get(block, skip()) for block in dependency.outputs]


def _is_update(value: Any) -> bool:
    return isinstance(value, dict) and value.get("__type__") == "update"


def _output(session: Session, dependency: Dependency, block: Block, value: Any) -> Output:
    if isinstance(value, Block):
        changes = {k: v for k, v in value._given.items() if k not in ("render", "key")}
        return updated(session, block, changes)
    if _is_update(value):
        changes = {
            k: v for k, v in value.items() if k != "__type__" and (v is not None or k == "value")
        }
        return updated(session, block, changes)
    if not isinstance(block, Component):
        raise InvalidBlockError(
            f"{dependency.name!r} returned {value!r:.60} for {block.describe()}, a layout. "
            f"Return gr.{type(block).__name__}(…) or gr.update(…) to change it."
        )
    if isinstance(block, State):
        return Output(block, {}, state=(value,))
    _check_over(dependency, block, value)
    if not dependency.args.postprocess:
        return Output(block, {"value": _carried(session, block, value)})
    payload = session.current(block).postprocess(value)
    carried = {"value": _carried(session, block, payload)}
    return Output(block, carried, given={"value": value})


def _check_over(dependency: Dependency, block: Block, value: Any) -> None:
    """A value may not be something that is still to be computed."""
    if inspect.iscoroutine(value):
        value.close()  # or Python warns that nobody has awaited it
        what, instead = "a coroutine", "await it in an async function"
    elif inspect.isgenerator(value) or inspect.isasyncgen(value):
        what, instead = "a generator", "yield its values in a generator function"
    else:
        return
    raise TypeError(
        f"{dependency.name!r} returned {what} for {block.describe()}, and no value: {instead}."
    )


def changed(session: Session, block: Block, changes: dict[str, Any]) -> Output:
    """What new values of some props make of a block.

    Raises:
        TypeError, ValueError: a value that the block cannot have.
    """
    if list(changes) == ["value"] and isinstance(block, Component) and not block.stateful:
        payload = session.current(block).postprocess(changes["value"])
        return Output(block, {"value": _carried(session, block, payload)})
    return updated(session, block, changes)


def updated(session: Session, block: Block, changes: dict[str, Any]) -> Output:
    """The block built anew with ``changes``; only props that differ are sent."""
    if not changes:
        return Output(block, {})
    if isinstance(block, Component) and block.stateful:
        return (
            Output(block, {}, state=(changes["value"],))
            if "value" in changes
            else Output(block, {})
        )
    before = session.current(block)
    has_value = isinstance(block, Component) and "value" in changes
    # The old constructor value must not be checked against new choices; one that pages never see,
    # such as a timer's, is an argument like the others.
    shown = "value" in before.props and before.props["value"].wire is not None
    twin = before.updated(changes, forget="value" if shown and not has_value else "")
    old, new = before.wire_props(), twin.wire_props()
    defaults = {p.wire_name: p.wire_default for p in twin._wired}
    # The page may have set these since: what the handler names is sent whatever it was before.
    named = {p.wire_name for p in twin._wired if p.settable and p.name in changes}
    props = {
        name: new.get(name, defaults[name])
        for name in {*old, *new, *named} - {"value", "interactive"}
        if name in named or old.get(name, defaults[name]) != new.get(name, defaults[name])
    }
    pack(props, [], block.describe())  # one prop that cannot be sent would take its frame with it
    if "interactive" in changes:
        props["interactive"] = bool(changes["interactive"])
    if has_value:
        assert isinstance(twin, Component)
        props["value"] = _carried(session, block, twin.initial_payload())
    return Output(block, props, twin=twin, given=changes)


def _carried(session: Session, block: Block, payload: Json) -> Json:
    """A payload of the session's own, once it is sure that the wire can carry it."""
    if isinstance(payload, str) and len(payload) > MAX_TEXT:
        raise block.fail(
            "value",
            f"has {len(payload):,} characters; a page can show {MAX_TEXT:,}. "
            "Show a part of it, or write it to a file.",
        )
    return keep(payload, session.former(block), block.describe())


def failure_of(error: BaseException) -> Failure:
    """What pages are told of an exception of a handler."""
    if isinstance(error, Error):
        if error.print_exception:
            log.debug("A handler raised gr.Error: %s", error.message)
        toast = (error.title, error.duration) if error.visible else None
        return Failure("user", error.message, None, toast)
    try:
        message = str(error) or type(error).__name__
    except Exception:  # noqa: BLE001 - of a class with a __str__ of its own
        message = "(its message cannot be written)"
    return Failure("internal", f"{type(error).__name__}: {message}", readable_traceback(error))


def told_traceback(error: BaseException, text: str) -> None:
    """Give an exception of another process the traceback that it had there."""
    error._ipyblocks_traceback = text  # type: ignore[attr-defined]


def readable_traceback(error: BaseException) -> str:
    """The traceback from the handler's own frames on, as text."""
    told = getattr(error, "_ipyblocks_traceback", None)
    if isinstance(told, str):
        return told
    # The frames before are ours, with those of threads and futures in between.
    tb = own = error.__traceback__
    while tb is not None:
        if tb.tb_frame.f_code.co_filename.startswith(_RUNTIME):
            own = tb.tb_next
        tb = tb.tb_next
    return "".join(traceback.format_exception(type(error), error, own))
