"""A node of an app's tree: declared props and a place among others."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import msgspec
from typing_extensions import Self, dataclass_transform

from . import context
from .errors import RenderError
from .events import Event
from .given import REFUSED, allowed, taken, wanted
from .missing import COMPONENT, METHODS, nearest, no_argument
from .prop import Prop, camel, prop, wire_type
from .variables.base import AnyVariable

if TYPE_CHECKING:
    from .blockcontext import BlockContext
    from .blocks import Tree
    from .protocol import Json, NodeId


@dataclass_transform(kw_only_default=True, field_specifiers=(prop,))
class Declared:
    """Tells type checkers that constructors of subclasses follow from their declared props.

    Attributes:
        parent: the layout it is placed in; None before.
        bound: variables that stand for props, by name of the prop.
        actions: what is done at an event (``onclick=…``), by name of the event.
    """

    parent: BlockContext | None
    bound: dict[str, AnyVariable]
    actions: dict[str, Any]
    _given: dict[str, Any]
    _root: Tree | None


class Gone:
    """What Gradio 3 had; seen from the class, too, as in ``gr.Textbox.update(…)``."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Block | None, owner: Any) -> Any:
        raise AttributeError(_missing(owner, self._name))


class Block(Declared):
    """A component or a layout: a node of an app's tree."""

    kind: ClassVar[str] = ""
    """Which ``src/components/*.tsx`` draws it; by default the class name in lower case."""
    value_prop: ClassVar[str] = "value"
    """Wire name of the prop whose new values fire ``change``."""
    on_page: ClassVar[bool] = True
    """False: lives in the kernel alone (``State``)."""
    unknown: ClassVar[Mapping[str, str]] = COMPONENT
    """What to do instead of arguments that other versions of Gradio have."""
    takes_children: ClassVar[bool] = False
    """Constructor arguments without a name are what is in it, and no props."""
    props: ClassVar[Mapping[str, Prop]] = MappingProxyType({})
    events: ClassVar[Mapping[str, Event]] = MappingProxyType({})

    visible: bool | Literal["hidden"] = prop(
        'False leaves it out of the page; "hidden" keeps it there unseen.', default=True
    )
    elem_id: str | None = prop("HTML id of the component's own element.", default=None)
    elem_classes: list[str] | str | None = prop(
        "CSS classes of the component's own element.",
        default=None,
        wire=list[str],
        wire_default=[],
    )
    _render: bool = prop(
        "False builds it without placing it; place it later by `.render()`.",
        default=True,
        alias="render",
        wire=None,
    )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _declare(cls)

    _positional: ClassVar[tuple[str, ...]] = ()
    _wired: ClassVar[tuple[Prop, ...]] = ()
    __signature__: ClassVar[inspect.Signature]

    if not TYPE_CHECKING:  # the checker derives the constructor from the declared props

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self._given = self._bind(args, kwargs)
            self.bound = self._unbind()
            self.parent: BlockContext | None = None
            self._root: Tree | None = None
            if context.current_run() is None or context.root() is not None:
                self.__dict__.update(self._given)
                self.__dict__.pop("render", None)  # the method of that name
                self._check_given()
                self._setup()
                if self._given.get("render", True) and context.parent() is not None:
                    self._place()

        style, update = Gone(), Gone()

        def __getattr__(self, name: str) -> Any:
            """Only of names that are not there."""
            raise AttributeError(_missing(type(self), name), name=name, obj=self)

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Constructor arguments by name.

        Raises:
            TypeError: too many, twice, or unknown (with the nearest known name).
        """
        name = type(self).__name__
        if len(args) > len(self._positional):
            raise TypeError(self._too_many(len(args)))
        given = dict(zip(self._positional, args, strict=False))
        self.actions: dict[str, Any] = {}
        for key, value in kwargs.items():
            if key in given:
                raise TypeError(f"{name}() got the argument {key!r} twice.")
            if key not in self.props and key[:2] == "on" and key[2:] in self.events:
                self.actions[key[2:]] = value
                continue
            if key not in self.props:
                raise no_argument(f"{name}()", key, self.props, self.unknown)
            given[key] = value
        return given

    def _too_many(self, given: int) -> str:
        name = type(self).__name__
        if not self._positional:
            return f"{name}() takes no positional arguments; {given} given. Pass them by name."
        return (
            f"{name}() takes at most {len(self._positional)} positional arguments "
            f"({', '.join(self._positional)}); {given} were given. Pass the others by name."
        )

    def _check_given(self) -> None:
        """Compare arguments of plain types with what is declared; values have checks of their own.

        Raises:
            ValueError: one is of another type, or none of the names that it may be.
        """
        for name, given in self._given.items():
            kinds = () if name == "value" else allowed(self.props[name])
            if not kinds or given is self.props[name].default:
                continue
            value = taken(given, kinds)
            if value is REFUSED:
                near = difflib.get_close_matches(
                    str(given), [k for k in kinds if type(k) is str], 1
                )
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise self.fail(name, f"must be {wanted(kinds)}, not {given!r:.60}.{hint}")
            if name != "render":  # the method of that name
                self.__dict__[name] = value

    def _unbind(self) -> dict[str, AnyVariable]:
        """Take variables out of the arguments, and put there what they are now.

        Returns:
            Them, by name of the prop that follows them.
        """
        bound = {name: v for name, v in self._given.items() if isinstance(v, AnyVariable)}
        for name, variable in bound.items():
            if name in ("render", "key", "every"):
                raise self.fail(name, "cannot be a variable: it does not change.")
            self._given[name] = variable.peek(self.props[name].default)
        return bound

    def _setup(self) -> None:
        """Check and normalise the arguments. Subclasses extend it and call ``super()._setup()``
        first.
        """
        classes = self.elem_classes
        self.elem_classes = [classes] if isinstance(classes, str) else list(classes or ())

    def fail(self, argument: str, problem: str) -> ValueError:
        """An error that names this component and one of its arguments; the caller raises it."""
        return ValueError(f"{self.describe()}: {argument} {problem}")

    def describe(self) -> str:
        """How messages name this block: its class, and its label when it has one."""
        label = getattr(self, "label", None) or (self.elem_id and f"#{self.elem_id}")
        return f"{type(self).__name__} {label!r}" if label else type(self).__name__

    def __repr__(self) -> str:
        return f"<{self.describe()}>"

    app_of: ClassVar[Callable[[Block], Any] | None] = None
    """Makes an app of a block alone; set by :mod:`ipyblocks.app`."""
    _alone: Any = None

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """A block that belongs to no app is shown as one, as the output of a cell."""
        if self._alone is None and self._root is None and Block.app_of is not None:
            self._alone = Block.app_of(self)
        return None if self._alone is None else self._alone._repr_mimebundle_(**kwargs)

    # --- the tree ------------------------------------------------------------------------------

    @property
    def _id(self) -> NodeId | None:
        """Number of this block in the app it was first placed in; None before."""
        return None if self._root is None else self._root.id_of(self)

    def _place(self) -> None:
        parent = context.parent()
        if parent is None:
            raise RenderError(f"{self.describe()} can only be rendered inside `with gr.Blocks():`.")
        parent.root.add(self)
        parent.children.append(self)
        self.parent = parent

    def on_placed(self, root: Tree) -> None:
        """It has become part of an app: add the functions that belong to it."""
        for event, given in self.actions.items():
            from .actions import actions_of, listen_to_actions  # which know components

            actions = actions_of(given, f"{self.describe()}: on{event}")
            if actions:
                listen_to_actions(root, self, event, actions)

    def render(self) -> Self:
        """Place a block that was built with ``render=False``.

        Raises:
            RenderError: called outside ``with gr.Blocks():``.
            DuplicateBlockError: it is already in this app.
        """
        self._place()
        return self

    def unrender(self) -> Self:
        """Take the block, with what is in it, out of the layout it is in. Its listeners stay, and
        it may be rendered again.
        """
        parent, self.parent = self.parent, None
        if parent is not None:
            parent.children.remove(self)
            if parent._root is not None:  # else it waits, with its layout, to be placed
                parent._root.remove(self)
        return self

    def expected_parent(self) -> type[BlockContext] | None:
        """Layout class that must hold this block; neighbours that expect the same one share it."""
        return None

    # --- the wire ------------------------------------------------------------------------------

    def wire_props(self) -> dict[str, Json]:
        """Props as the page gets them, by wire name, without those that have their default."""
        wire = {}
        for declared in self._wired:
            value = self.wire_prop(declared)
            if value != declared.wire_default or type(value) is not type(declared.wire_default):
                wire[declared.wire_name] = value
        return wire

    def wire_prop(self, declared: Prop) -> Json:
        """One prop as the page gets it: the attribute, unless a subclass says otherwise."""
        return getattr(self, declared.name)

    def check(self, name: str, payload: Json) -> Json:
        """Accept what a page wants to set, or refuse it.

        Args:
            name: Python name of a settable prop.
            payload: the wire value it sends.

        Raises:
            ValueError: wrong type, or a value this block does not allow.
        """
        try:
            checked: Json = msgspec.convert(payload, wire_type(self.props[name]))
            return checked
        except msgspec.ValidationError as error:
            raise self.fail(name, f"cannot be {payload!r:.60}: {error}") from None

    def check_upload(self, file: Path) -> None:
        """Refuse a file that a page has just sent, before it is part of any value.

        Raises:
            ValueError: not a file for this block; the page shows the message.
        """

    def updated(self, changes: Mapping[str, Any], forget: str = "") -> Self:
        """A copy of this block, not placed anywhere, built from its arguments and ``changes``.

        Args:
            forget: an argument that the copy does not get.

        Raises:
            TypeError, ValueError: as the constructor.
        """
        given = {**self._given, **changes, "render": False}
        given.pop(forget, None)
        with context.building(None), context.running(None):
            return type(self)(**given)

    @classmethod
    def example(cls) -> Self:
        """One instance that shows the component well, for the reference page and the contract
        tests.
        """
        return cls(render=False)


@functools.lru_cache(maxsize=1000)  # `getattr` with a default asks again and again
def _missing(cls: Any, name: str) -> str:
    """What to say of an attribute that a class of blocks does not have."""
    if name.startswith("_"):  # Python asks every object for such names
        return f"{cls.__name__!r} object has no attribute {name!r}"
    if name in METHODS:
        return f"{cls.__name__} has no {name}(), as in Gradio since version 4: {METHODS[name]}."
    near = nearest(name, (each for each in dir(cls) if each[0] != "_" and each not in METHODS))
    if near:
        return f"{cls.__name__} has no {name!r}. Did you mean {near!r}?"
    return f"{cls.__name__} has no {name!r}. Its events: {', '.join(cls.events) or 'none'}."


def _signature(cls: type[Block]) -> inspect.Signature:
    init = inspect.getattr_static(cls, "__init__")
    if init is not vars(Block)["__init__"]:
        own = inspect.signature(init)
        return own.replace(parameters=list(own.parameters.values())[1:])  # without self

    def parameter(declared: Prop, kind: Any) -> inspect.Parameter:
        return inspect.Parameter(
            declared.name, kind, default=declared.default, annotation=declared.annotation
        )

    positional = [
        parameter(cls.props[name], inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for name in cls._positional
    ]
    keyword = [
        parameter(declared, inspect.Parameter.KEYWORD_ONLY)
        for declared in cls.props.values()
        if declared.name not in cls._positional
    ]
    if cls.takes_children:
        children = inspect.Parameter("children", inspect.Parameter.VAR_POSITIONAL)
        return inspect.Signature([children, *keyword])
    return inspect.Signature([*positional, *keyword])


def _documented(cls: type[Block]) -> str:
    """The class's own words, and its arguments and events, for ``help`` and Shift-Tab."""
    doc = inspect.cleandoc(cls.__doc__ or "")
    if "Args:" in doc:
        return doc
    starred = ["    *children: What is in it, in order."] if cls.takes_children else []
    own = [*cls._positional, *(name for name in cls.props if name not in cls._positional)]
    args = [*starred, *(f"    {name}: {cls.props[name].doc}" for name in own)]
    events = [f"    {name}: {event.doc}" for name, event in cls.events.items()]
    parts = [doc, "\n".join(["Args:", *args]), "\n".join(["Events:", *events]) if events else ""]
    return "\n\n".join(part for part in parts if part)


def _declare(cls: type[Block]) -> None:
    """Collect the props and events a class declares, on top of its bases', and make its
    signature.
    """
    if "kind" not in cls.__dict__:
        cls.kind = cls.__name__.lower()
    own: dict[str, Prop] = {}
    for attribute, declared in list(vars(cls).items()):
        if isinstance(declared, Prop):
            declared.name = declared.name or attribute
            declared.wire_name = camel(declared.name)
            declared.annotation = cls.__annotations__[attribute]
            declared.owner = cls
            own[declared.name] = declared
            setattr(cls, attribute, declared.default)
    # A mixin may come before the layout or component that it is mixed into.
    base = next(each for each in cls.__mro__[1:] if "props" in vars(each) or each is Declared)
    cls.props = MappingProxyType({**getattr(base, "props", {}), **own})
    events = {k: v for k, v in vars(cls).items() if isinstance(v, Event)}
    cls.events = MappingProxyType({**getattr(base, "events", {}), **events})
    ordered = [*own, *getattr(base, "_positional", ())]
    cls._positional = tuple(dict.fromkeys(n for n in ordered if not cls.props[n].kw_only))
    cls._wired = tuple(p for p in cls.props.values() if p.wire is not None)
    cls.__signature__ = _signature(cls)
    if "__doc__" in vars(cls) and cls.__doc__:
        cls.__doc__ = _documented(cls)


_declare(Block)
