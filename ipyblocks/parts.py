"""Parts of a page that follow variables: ``If``, ``Match``, ``For`` and ``py_component``.

What they show is built by the kernel whenever their variables change, as in ``gr.render``; what is
not shown is not there, and what only it needs is not computed.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from . import context
from .block import Block, BlockContext
from .components.text import Text, as_block
from .events import ListenerArgs, listen
from .layouts.column import Column
from .layouts.loop import Loop
from .layouts.loopitem import LoopItem
from .prop import prop
from .variables.derived import DerivedVariable, Flag
from .variables.loop import Item, Place, depends_on_item, others, value_at
from .variables.switch import All, as_text
from .variables.variable import AnyVariable, Computed

if TYPE_CHECKING:
    from .blocks import Tree

__all__ = ["Fallback", "For", "If", "Match", "ProgressTracker", "py_component"]

_placing = threading.RLock()
"""Content that was built once is placed by all sessions, each in its own tree."""


def own(given: Any, where: str) -> Block | None:
    """Like :func:`as_block`, taken out of where constructing it has put it."""
    block = as_block(given, where)
    if block is not None and block.parent is not None:
        block.unrender()
    return block


def _place(block: Block | None) -> None:
    """Put content into the tree that is being built, wherever it has been before."""
    if block is not None:
        with _placing:
            block.parent = None  # of a former rendering, which goes on until this one is finished
            block.render()


class Part:
    """What layouts have whose content is built whenever a variable changes. Mixed into one."""

    def follow(self, build: Callable[..., None], variables: Sequence[Any]) -> None:
        """Say what builds the content.

        Args:
            build: called with the variables' values; what it places is the content.
            variables: followed; what is no variable is left out, and without any the content is
                built once.
        """
        self._build = build
        self._variable = All([each for each in variables if isinstance(each, AnyVariable)])

    def copied(self, at: Place) -> Block:
        """The same for one item of a list."""
        raise NotImplementedError

    def made_of(self) -> Sequence[Any]:
        """Variables that decide what it shows, and the blocks that it may show."""
        return []

    def _given_at(self, at: Place) -> dict[str, Any]:
        """Its props for one item of a list."""
        assert isinstance(self, BlockContext)
        return {name: _at(self.bound.get(name, v), at) for name, v in self._given.items()}

    def empty(self) -> BlockContext:
        """See :meth:`ipyblocks.block.BlockContext.empty`."""
        return self._plain()(render=False)

    def _plain(self) -> type[BlockContext]:
        """The layout alone: what builds its content is no prop."""
        return next(each for each in type(self).__mro__ if each in (_Column, _Loop))

    def updated(self, changes: Mapping[str, Any], forget: str = "") -> Any:
        """See :meth:`ipyblocks.block.Block.updated`."""
        assert isinstance(self, BlockContext)
        given = {**self._given, **changes, "render": False}
        given.pop(forget, None)
        with context.building(None), context.running(None):
            twin = self._plain()(**given)
        twin.children = self.children
        return twin

    triggers: ClassVar[tuple[str, ...]] = ()
    """Events of its own after which it is built as well."""

    def on_placed(self, root: Tree) -> None:
        """See :meth:`ipyblocks.block.Block.on_placed`."""
        assert isinstance(self, BlockContext)
        super().on_placed(root)  # type: ignore[misc]
        variable, build = self._variable, self._build

        def built() -> None:
            build(*variable.now())

        built.__name__ = getattr(build, "__name__", type(self).__name__)
        args = ListenerArgs(
            built,
            outputs=self,
            api_name=False,
            show_progress="minimal",
            trigger_mode="always_last",
            concurrency_limit=None,
        )
        own: list[tuple[Block | None, str]] = [(self, event) for event in self.triggers]
        dependency = listen(root, own or [(None, "variables")], args)
        root.dependencies[dependency.id] = replace(dependency, renders=self, variable=variable)


class _Column(Part, Column):
    """A column whose content is built by a function."""

    kind = "column"
    # The page knows the defaults of a plain column.
    min_width: int = prop("Pixels below which a row wraps instead.", default=0, wire_default=320)
    show_progress: bool = prop(
        "Draw the status of what it waits for.", default=True, wire_default=False
    )
    track_progress: bool = prop("Say how far what it waits for is.", default=False, wire=None)


class If(_Column):
    """Shows one thing where a condition holds, and another where it does not.

    Args:
        condition: a variable, a comparison such as ``var == 3``, or a constant.
        true_component: a component, a layout, text, or None for nothing.
        false_component: as ``true_component``.
    """

    kind = "column"

    def __init__(
        self, condition: Any, true_component: Any = None, false_component: Any = None, **props: Any
    ) -> None:
        self.condition = condition
        self.contents = (own(false_component, "If"), own(true_component, "If"))

        def build(*values: Any) -> None:
            _place(self.contents[bool(values[0] if values else condition)])

        self.follow(build, [condition])
        super().__init__(**props)

    def copied(self, at: Place) -> Block:
        if_false, if_true = (each and copy_of(each, at) for each in self.contents)
        props = {**self._given_at(at), "render": False}
        return If(_at(self.condition, at), if_true, if_false, **props)

    def made_of(self) -> Sequence[Any]:
        return [self.condition, *self.contents]


class Match(_Column):
    """Shows what belongs to a value.

    Args:
        value: a variable, or a constant.
        when: what to show, by value. Keys are compared as text.
        default: what to show for all other values.

    Raises:
        TypeError: ``when`` is no dict.
    """

    kind = "column"

    def __init__(
        self, value: Any, when: Mapping[Any, Any], default: Any = None, **props: Any
    ) -> None:
        if not isinstance(when, Mapping):
            raise TypeError(f"Match: when must be a dict, not {type(when).__name__}.")
        self.matched = value
        self.contents = {as_text(key): own(each, "Match") for key, each in when.items()}
        self.default = own(default, "Match")

        def build(*values: Any) -> None:
            _place(self.contents.get(as_text(values[0] if values else value), self.default))

        self.follow(build, [value])
        super().__init__(**props)

    def copied(self, at: Place) -> Block:
        when = {key: each and copy_of(each, at) for key, each in self.contents.items()}
        default = self.default and copy_of(self.default, at)
        props = {**self._given_at(at), "render": False}
        return Match(_at(self.matched, at), when, default, **props)

    def made_of(self) -> Sequence[Any]:
        return [self.matched, *self.contents.values(), self.default]


# --- lists ----------------------------------------------------------------------------------------


class _Length(Computed):
    """How many items there are."""

    def compute(self, *values: Any) -> int:
        return 0 if values[0] is None else len(values[0])


_COUNTED = ("count", "virtual", "height", "item_height")
"""Props that follow from what ``For`` is given."""

FIRST = 60
"""Items that are drawn before the page has said which it wants."""


class _Loop(Part, Loop):
    """A list whose rows are built by a function."""

    kind = "loop"
    track_progress: bool = prop("Say how far what it waits for is.", default=False, wire=None)


class For(_Loop):
    """Shows the same thing for every item of a list; of a long list, for those in sight.

    Args:
        items: a variable whose value is a list, or a list.
        renderer: a component with ``items.list_item[…]`` where the item's values go, or a function
            that gets an item and returns a component.
        placeholder: what to show for an empty list.
        key_accessor: name of the field, or a function, that tells items apart: rows with the same
            key stay the same elements of the page when the list changes. By default their position.
        virtualization: False draws all items at once; a dict may set ``height``, of the list, and
            ``item_height``, both in pixels.

    Raises:
        TypeError: ``renderer`` is neither, or ``key_accessor`` no name and no function.
        ValueError: there is a ``py_component`` inside of ``renderer``; or an unknown key of
            ``virtualization``.
    """

    kind = "loop"
    triggers = ("change",)

    def __init__(
        self,
        items: Any,
        renderer: Any,
        placeholder: Any = None,
        key_accessor: str | Callable[[Any], Any] | None = None,
        virtualization: bool | Mapping[str, Any] | None = None,
        **props: Any,
    ) -> None:
        if not callable(renderer) or isinstance(renderer, Block):
            renderer = own(renderer, "For")
            _refuse_py_components(renderer)
        if not (key_accessor is None or isinstance(key_accessor, str) or callable(key_accessor)):
            raise TypeError(
                f"For: key_accessor is {key_accessor!r:.60}; give a name or a function."
            )
        self.items = items
        self.renderer = renderer
        self.placeholder = own(placeholder, "For")
        self.key_accessor = key_accessor
        self.virtualization = virtualization
        count: Any = _Length([items]) if isinstance(items, AnyVariable) else len(items)
        self._stand_for(items)
        sizes = _sizes(virtualization)
        super().__init__(count=count, virtual=virtualization is not False, **sizes, **props)

    def _stand_for(self, items: Any) -> None:
        """Say whose ``list_item`` the renderer means: of a list in a list, that of the list which
        it is copied from.
        """
        self._named = items
        inner = _inner(self.renderer, items) if isinstance(self.renderer, Block) else []
        self.follow(self._rows, [self.items, *inner])

    def copied(self, at: Place) -> Block:
        renderer = self.renderer
        if isinstance(renderer, Block) and self._named is not at.items:
            renderer = copy_of(renderer, at)
        props = {n: v for n, v in self._given_at(at).items() if n not in _COUNTED}
        twin = For(
            _at(self.items, at),
            renderer,
            self.placeholder and copy_of(self.placeholder, at),
            self.key_accessor,
            self.virtualization,
            **{**props, "render": False},
        )
        twin._stand_for(self._named)
        return twin

    def made_of(self) -> Sequence[Any]:
        return [self.items, self.renderer, self.placeholder]

    def _rows(self, *values: Any) -> None:
        is_variable = isinstance(self.items, AnyVariable)
        items = (values[0] or []) if is_variable else self.items
        if len(items) == 0:
            _place(self.placeholder)
            return
        first, last = self._window(len(items))
        for index in range(first, last):
            at = Place(self._named, items[index], index, len(items))
            key = self._key(at)
            row = LoopItem(index=index, render=False)
            row.key = ("row", key)  # type: ignore[attr-defined]
            with row.render():
                self._draw(at, key)

    def _window(self, length: int) -> tuple[int, int]:
        if self.virtualization is False:
            return 0, length
        run: Any = context.current_run()
        wanted = run.prop_of(self, "window") if run is not None else None
        first, last = wanted or (0, FIRST)
        last = min(max(last, first), length)
        # A list that has become shorter: its end, and not nothing.
        return max(0, min(first, last - 1)), last

    def _key(self, at: Place) -> Any:
        accessor = self.key_accessor
        if accessor is None:
            return at.position
        if callable(accessor):
            return accessor(at.value)
        return value_at(Item(self._named).get(*accessor.split(".")), at)

    def _draw(self, at: Place, key: Any) -> None:
        if isinstance(self.renderer, Block):
            block: Block | None = copy_of(self.renderer, at)
        else:
            with context.building(None), context.running(None):
                block = as_block(self.renderer(at.value), "For")
        if block is not None:
            _give_keys(block, (key,))
            _place(block)


def _give_keys(block: Block, key: tuple[Any, ...]) -> None:
    if getattr(block, "key", None) is None:
        block.key = key  # type: ignore[attr-defined]
    if isinstance(block, BlockContext):
        for i, child in enumerate(block.children):
            _give_keys(child, (*key, i))


def _sizes(virtualization: bool | Mapping[str, Any] | None) -> dict[str, Any]:
    if virtualization is None or isinstance(virtualization, bool):
        return {}
    for key in virtualization:
        if key not in ("height", "item_height"):
            raise ValueError(f"For: virtualization has {key!r}; give height and item_height.")
    return dict(virtualization)


def _inner(block: Block, items: Any) -> list[AnyVariable]:
    """What a template depends on beside the item."""
    found: dict[Any, None] = {}
    for each in _made_of(block):
        if isinstance(each, Block):
            found.update(dict.fromkeys(_inner(each, items)))
        elif isinstance(each, AnyVariable) and depends_on_item(each, items):
            found.update(dict.fromkeys(others(each, items)))
    return list(found)


def _made_of(block: Block) -> Iterator[Any]:
    """Variables and blocks of a template."""
    yield from block.bound.values()
    if isinstance(block, BlockContext):
        yield from block.children
    if isinstance(block, Part):
        yield from block.made_of()


def _refuse_py_components(block: Block | None) -> None:
    if isinstance(block, PyComponent):
        raise ValueError(
            f"For: {block.name!r} is a py_component, which cannot be drawn for every item. Give a "
            "function as renderer, or make the whole list in one py_component."
        )
    for each in () if block is None else _made_of(block):
        if isinstance(each, Block):
            _refuse_py_components(each)


def _at(given: Any, at: Place) -> Any:
    """A value, or what a variable that depends on the item is there."""
    if isinstance(given, AnyVariable) and depends_on_item(given, at.items):
        return value_at(given, at)
    return given


def copy_of(block: Block, at: Place) -> Block:
    """A block built from the same arguments, with its children, for one item of a list."""
    with context.building(None), context.running(None):
        if isinstance(block, Part):
            return block.copied(at)
        bound = {name: _at(each, at) for name, each in block.bound.items()}
        on = {f"on{event}": _actions_at(each, at) for event, each in block.actions.items()}
        twin = type(block)(**{**block._given, **bound, **on, "render": False})
        if isinstance(block, BlockContext):
            assert isinstance(twin, BlockContext)
            twin.children = [copy_of(child, at) for child in block.children]
            for child in twin.children:
                child.parent = twin
    return twin


def _actions_at(given: Any, at: Place) -> Any:
    listed = given if isinstance(given, (list, tuple)) else [given]
    return [each.at(lambda value: _at(value, at)) for each in listed]


# --- components in Python -------------------------------------------------------------------------


class Fallback:
    """What is shown before there is something to show."""

    @staticmethod
    def Default() -> Block | None:
        """Nothing but the status."""
        return None

    @staticmethod
    def Row() -> Block:
        """One line."""
        return Text("…", render=False)

    @staticmethod
    def Custom(component: Any) -> Block | None:
        """A component of your own."""
        return own(component, "Fallback.Custom")


class PyComponent(_Column):
    """A call of a function made by :func:`py_component`. Not made by hand."""

    kind = "column"

    def __init__(
        self,
        fn: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        fallback: Block | None,
        track_progress: bool,
        polling_interval: float | AnyVariable | None,
    ) -> None:
        self.name = fn.__name__
        given = [*args, *kwargs.values()]
        for each in given:
            if isinstance(each, Flag):
                raise ValueError(
                    f"{each.describe()} cannot be an argument of a py_component; use it in If."
                )

        def build(*values: Any) -> None:
            left = iter(values)
            known = [next(left) if isinstance(each, AnyVariable) else each for each in given]
            named = dict(zip(kwargs, known[len(args) :], strict=True))
            returned = fn(*known[: len(args)], **named)
            if inspect.isawaitable(returned):
                returned = asyncio.run(_awaited(returned))  # in a thread, which has no loop
            block = as_block(returned, f"py_component {self.name}")
            here = context.parent()
            assert here is not None
            # What has been constructed is there already; only what is returned is shown.
            for other in [each for each in here.children if each is not block]:
                other.unrender()
            if block is not None and block not in here.children:
                _place(block)

        build.__name__ = self.name
        clock: list[Any] = []
        if polling_interval is not None:
            # Another value each time, so that what depends on it is built again.
            clock = [DerivedVariable(time.monotonic, [], polling_interval=polling_interval)]
        self.follow(build, [*given, *clock])
        super().__init__(track_progress=track_progress)
        # A line's height, in which the status is seen and after which little moves.
        self.children.append(Text(render=False) if fallback is None else fallback)
        self.children[0].parent = self


async def _awaited(value: Any) -> Any:
    return await value


def py_component(
    function: Callable[..., Any] | None = None,
    *,
    fallback: Any = None,
    placeholder: Any = None,
    track_progress: bool = False,
    polling_interval: float | AnyVariable | None = None,
) -> Any:
    """Make a function a component: called with variables, it is called with their values whenever
    they change, and what it returns is shown.

    Args:
        fallback: shown until there is something: a component, or one of ``Fallback``.
        placeholder: older name of ``fallback``.
        track_progress: while a variable is computed, say how far that is; with a ``fallback`` too.
        polling_interval: seconds after which it is called again while a page shows it.
    """
    first = fallback if fallback is not None else placeholder
    tracks = track_progress or isinstance(first, ProgressTracker)
    tracks = tracks or (isinstance(first, type) and issubclass(first, ProgressTracker))

    def decorate(fn: Callable[..., Any]) -> Callable[..., PyComponent]:
        @functools.wraps(fn)
        def component(*args: Any, **kwargs: Any) -> PyComponent:
            inspect.signature(fn).bind(*args, **kwargs)
            shown = None if tracks else own(first, f"py_component {fn.__name__}")
            return PyComponent(fn, args, kwargs, shown, tracks, polling_interval)

        return component

    return decorate if function is None else decorate(function)


class ProgressTracker(_Column):
    """A bar alone: how far the computation of some variables is.

    Args:
        variables: what is computed. Without any, it stands as ``fallback=`` of a ``py_component``
            for ``track_progress=True``.
    """

    kind = "column"

    def __init__(self, *variables: AnyVariable, **props: Any) -> None:
        def build(*_: Any) -> None:
            _place(Text(render=False))

        build.__name__ = "progress"
        self.follow(build, variables)
        super().__init__(track_progress=True, **props)
