"""Python annotations and docs in TypeScript's words."""

from __future__ import annotations

import inspect
import json
import types
import typing
from typing import Any

import msgspec

from ipyblocks import protocol


def ts_type(annotation: Any) -> str:
    """A Python annotation as a TypeScript type."""
    if annotation is Any:
        return "Json"
    if isinstance(annotation, typing.NewType):
        return annotation.__name__
    simple = {
        str: "string", int: "number", float: "number", bool: "boolean", None: "null",
        types.NoneType: "null", list: "readonly Json[]", dict: "{ readonly [key: string]: Json }",
    }  # fmt: skip
    if annotation in simple:
        return simple[annotation]
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " | ".join(json.dumps(a) if a is not None else "null" for a in args)
    if origin in (typing.Union, types.UnionType):
        members = [ts_type(a) for a in args if a is not msgspec.UnsetType]
        return " | ".join(dict.fromkeys(members))
    if origin is list:
        return f"readonly {_wrap(ts_type(args[0]))}[]"
    if origin is tuple:
        return f"readonly [{', '.join(ts_type(a) for a in args)}]"
    if origin is dict:
        return f"{{ readonly [key: string]: {ts_type(args[1])} }}"
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return annotation.__name__
    raise TypeError(f"no TypeScript form for {annotation!r}; give the prop a wire= type")


def _wrap(name: str) -> str:
    return f"({name})" if " | " in name or name.startswith("readonly") else name


def comment(text: str, indent: str = "") -> str:
    """A TSDoc comment."""
    lines = inspect.cleandoc(text).replace("*/", "* /").split("\n")
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    body = "".join(f"{indent} * {line}".rstrip() + "\n" for line in lines)
    return f"{indent}/**\n{body}{indent} */\n"


def shape(annotation: Any) -> str:
    """``"number|null"``, ``"Node[]"``, ``"any?"``."""
    if annotation is Any:
        return "any"
    args = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        kinds = [shape(a) for a in args if a is not msgspec.UnsetType]
        return "|".join(dict.fromkeys(kinds)) + ("?" if msgspec.UnsetType in args else "")
    if origin is list and isinstance(args[0], type) and issubclass(args[0], protocol.Wire):
        return f"{args[0].__name__}[]"
    if origin is typing.Literal:
        return "|".join(dict.fromkeys(shape(type(a)) for a in args))
    if isinstance(annotation, typing.NewType):
        return shape(annotation.__supertype__)
    if isinstance(annotation, type) and issubclass(annotation, protocol.Wire):
        return annotation.__name__
    names = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
    return names.get(annotation, "array" if origin is list else "object")
