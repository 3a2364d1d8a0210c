"""The functions of an app that clients can call: their names, parameters and results."""

from __future__ import annotations

import inspect
from typing import Any

from .block import Block
from .blocks import Tree
from .component import Component
from .dependency import Dependency
from .protocol import Json


def endpoint(app: Tree, api_name: str | None, fn_index: int | None) -> Dependency:
    """The function that a caller names.

    Args:
        api_name: ``"/name"``; may be None when there is only one function.
        fn_index: its number instead.

    Raises:
        ValueError: there is no such function, or it has no Python to call.
    """
    known = {d.api_name: d for d in app.dependencies.values() if d.api_name is not None}
    if fn_index is not None:
        found = app.dependencies.get(fn_index)
        if found is None or found.fn is None:
            raise ValueError(f"There is no function {fn_index} that can be called.")
        return found
    if api_name is not None:
        found = known.get(api_name[1:]) if api_name.startswith("/") else None
        if found is None:
            raise ValueError(
                f"Cannot find a function with `api_name`: {api_name}. "
                f"There are: {', '.join(f'/{name}' for name in known) or 'none'}."
            )
        return found
    documented = [d for d in known.values() if d.documented]
    if len(documented) != 1:
        how_many = "several functions" if documented else "no documented function"
        raise ValueError(f"This app has {how_many}; name one by api_name or fn_index.")
    return documented[0]


def called_inputs(dependency: Dependency) -> list[Component]:
    """Inputs that a caller gives: all but State."""
    return [component for component in dependency.inputs if not component.stateful]


def parameter_names(dependency: Dependency) -> list[str]:
    """Names of the inputs that a caller gives: the function's own, else ``param_0``,
    ``param_1``, …
    """
    assert dependency.fn is not None
    try:
        parameters = list(inspect.signature(dependency.fn).parameters.values())
    except (TypeError, ValueError):  # built-ins without a signature
        parameters = []
    injected = {each.position for each in dependency.injected}
    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    own = [p.name for i, p in enumerate(parameters) if i not in injected and p.kind in named]
    return [
        own[i] if i < len(own) and not dependency.inputs_as_dict else f"param_{i}"
        for i, component in enumerate(dependency.inputs)
        if not component.stateful
    ]


def payloads(dependency: Dependency, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Json]:
    """Wire values for a call.

    Raises:
        TypeError: a value is missing, one too many, given twice, or of an unknown name.
    """
    names = parameter_names(dependency)
    if len(args) > len(names):
        raise TypeError(f"{dependency.name!r} takes {len(names)} values, got {len(args)}.")
    given = dict(zip(names, args, strict=False))
    for name, value in kwargs.items():
        if name not in names:
            known = ", ".join(names) or "none"
            raise TypeError(f"{dependency.name!r} has no parameter {name!r}; it has: {known}.")
        if name in given:
            raise TypeError(f"The parameter {name!r} of {dependency.name!r} was given twice.")
        given[name] = value
    pairs = zip(names, called_inputs(dependency), strict=True)
    return [_payload(component, name, given) for name, component in pairs]


def _payload(component: Component, name: str, given: dict[str, Any]) -> Json:
    if name in given:
        return component.postprocess(given[name])
    payload = component.initial_payload()
    if payload is None:
        raise TypeError(f"No value provided for required argument: {name}")
    return payload


def described(dependency: Dependency) -> dict[str, Any]:
    """Parameters and results as dicts."""
    names = parameter_names(dependency)
    return {
        "description": description(dependency),
        "parameters": [
            {"parameter_name": name, "component": type(c).__name__, "label": c.label or name}
            for name, c in zip(names, called_inputs(dependency), strict=True)
        ],
        "returns": [_returned(block) for block in dependency.outputs if block.on_page],
    }


def description(dependency: Dependency) -> str:
    """What the function does: ``api_description``, else its docstring; empty when False was
    given.
    """
    given = dependency.args.api_description
    if given is None:
        return inspect.getdoc(dependency.fn) or ""
    return given or ""


def _returned(block: Block) -> dict[str, Any]:
    return {"component": type(block).__name__, "label": getattr(block, "label", None)}


def line(dependency: Dependency) -> str:
    """One line that shows how to call it."""
    parts = described(dependency)
    inputs = "".join(f"{each['parameter_name']}, " for each in parts["parameters"])
    outputs = ", ".join(each["component"] for each in parts["returns"]) or "None"
    return f" - predict({inputs}api_name={'/' + str(dependency.api_name)!r}) -> {outputs}"
