"""``Variable``: a value that lives in the kernel and may stand for any prop of any component."""

from __future__ import annotations

import contextlib
import copy
import functools
import itertools
import operator
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from . import circles
from .graph import Derived, Node, Source, Watch
from .same import same

if TYPE_CHECKING:
    from ..actions import Action

_numbers = itertools.count(1)


class Change(dict[str, Any]):
    """What observers get, as in ipywidgets: ``change["new"]`` or ``change.new``.

    ``name`` is ``"value"``, ``type`` is ``"change"``, ``owner`` is the variable.
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"A change has {', '.join(self)}, and no {name!r}.") from None


Observer = Callable[[Change], Any]


class Reader(Protocol):
    """Computes a variable for whoever asks; :mod:`ipyblocks.runtime.evaluator`."""

    def read(self, node: Derived) -> Any:
        """Its value as of now; waits for it."""

    async def read_async(self, node: Derived) -> Any:
        """Like :meth:`read`."""

    def observe(self, node: Node, told: Callable[[], None]) -> Watch:
        """Call ``told``, outside of the loop, whenever a computed value has changed."""

    def tell(self, told: Callable[[], None]) -> bool:
        """Call ``told``, after what was told before, if this is the loop's thread, where nothing
        may take long. Returns whether it is.
        """


reader: Reader | None = None


class AnyVariable(Node):
    """What all variables have. Not made by itself."""

    uid: str
    is_named: bool
    """The ``uid`` is the user's own."""

    def _name(self, uid: str | None) -> None:
        if uid is not None and (not isinstance(uid, str) or not uid):
            raise TypeError(f"uid is {uid!r:.60}; it must be a text, or be left out.")
        self.is_named = uid is not None
        self.uid = uid or f"{type(self).__name__.lower()}-{next(_numbers)}"
        self._observers: list[Observer] = []
        self._observed: Watch | None = None
        self._last: Any = None

    @property
    def value(self) -> Any:
        """The value as of now; of a derived variable it is computed first, if need be. Setting
        it tells everything that shows it or is computed from it.

        Raises:
            BaseException: what the function of a derived variable raised.
            RuntimeError: it would have to wait for itself; ``await`` :meth:`get_current_value`
                in ``async`` functions of an app.
            TypeError: set, and it is computed from others.
            CycleError: set by a function that is computed from it.
        """
        circles.refuse_circle(self)
        if not isinstance(self, Derived):
            return self.now()
        assert reader is not None
        return reader.read(self)

    @value.setter
    def value(self, new: Any) -> None:
        self.assign(new)

    settable = False
    """Whether it can be set."""
    tells_itself = False
    """Observers are called where it is set."""

    def assign(self, new: Any) -> None:
        """What setting ``value`` does."""
        raise TypeError(f"{self.describe()} is computed from others and cannot be set.")

    async def get_current_value(self, timeout: float | None = None) -> Any:
        """The value as of now, without blocking the loop.

        Args:
            timeout: accepted as in Dara, where the answer comes from a browser; a value that is
                in the kernel is waited for as long as its function takes.
        """
        if not isinstance(self, Derived):
            return self.now()
        assert reader is not None
        return await reader.read_async(self)

    def peek(self, default: Any = None) -> Any:
        """The value that is known without computing anything; ``default`` when none is."""
        if isinstance(self, Derived) and not self.is_known:
            return default
        return self.now()

    @property
    def list_item(self) -> Any:
        """Inside ``For(variable, …)``: the item that is being drawn."""
        from .loop import Item

        return Item(self)

    # --- observers -----------------------------------------------------------------------------

    def observe(self, handler: Observer, names: str | Sequence[str] = "value") -> None:
        """Call ``handler(change)`` whenever the value has become another one, as in ipywidgets.

        A plain variable calls it where it is set, before the setting returns, which raises what
        an observer raises. What a page or an ``async`` function of an app sets, and what is
        computed, is told in a thread of its own. A derived variable is computed for its observers.

        Args:
            names: ``"value"`` or ``traitlets.All``; there is nothing else to observe.

        Raises:
            TypeError: ``handler`` is not callable.
            ValueError: another name.
        """
        if not callable(handler):
            raise TypeError(f"observe() takes a function, not {type(handler).__name__}.")
        listed = [names] if isinstance(names, str) else list(names or ["value"])
        if any(isinstance(name, str) and name not in ("value", "All") for name in listed):
            raise ValueError(f"A variable has a value to observe, and no {listed}.")
        self._observers.append(handler)
        if not self.tells_itself and self._observed is None:
            assert reader is not None
            self._last = self.peek()
            self._observed = reader.observe(self, self._tell_latest)

    def unobserve(self, handler: Observer, names: str | Sequence[str] = "value") -> None:
        """Call ``handler`` no more. One that does not observe is left alone."""
        self._observers = [each for each in self._observers if each is not handler]
        if not self._observers:
            self.unobserve_all()

    def unobserve_all(self) -> None:
        """Call no observer any more."""
        self._observers = []
        watch, self._observed = self._observed, None
        if watch is not None:
            watch.stop()

    def _tell_latest(self) -> None:
        if self.failure is not None:
            return
        old, self._last = self._last, self.now()
        # It may have failed, or have been another one, in between.
        if not same(old, self._last):
            self._tell(old, self._last)

    def _tell(self, old: Any, new: Any) -> None:
        with contextlib.ExitStack() as stack:
            # The others are told all the same when one raises.
            for handler in reversed(self._observers):
                change = Change(name="value", old=old, new=new, owner=self, type="change")
                stack.callback(handler, change)

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process, or in a copy, it is the value that it has now, and cannot be set."""
        return Copied, (self.describe(), self.peek())

    # --- conditions ----------------------------------------------------------------------------

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return Condition(self, "==", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return Condition(self, "!=", other)

    def __lt__(self, other: object) -> Condition:
        return Condition(self, "<", other)

    def __le__(self, other: object) -> Condition:
        return Condition(self, "<=", other)

    def __gt__(self, other: object) -> Condition:
        return Condition(self, ">", other)

    def __ge__(self, other: object) -> Condition:
        return Condition(self, ">=", other)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self.describe()} is neither true nor false by itself. Use .value for its value as "
            "of now, or If(variable, …) for a part of the page that follows it."
        )

    def __iter__(self) -> NoReturn:
        raise TypeError(f"{self.describe()} cannot be iterated; use .value, or For(variable, …).")


class Copied(AnyVariable, Source):
    """A variable where the kernel is not: in the function of a task that refers to one.

    Args:
        name: how messages name it.
        value: what it was when the task began.
    """

    def __init__(self, name: str, value: Any) -> None:
        Source.__init__(self, value)
        self._name(None)
        self._called = name

    def describe(self) -> str:
        return f"the copy of {self._called} in a task"

    def assign(self, new: Any) -> None:
        """A copy is never told to anybody.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            f"{self.describe()} cannot be set: a task runs in a process of its own. Return the "
            "value, and set the variable in an action or a listener."
        )


class Computed(AnyVariable, Derived):
    """A variable that follows from others by a quick step of our own.

    Args:
        inputs: what it is made of.
    """

    def __init__(self, inputs: Sequence[Node]) -> None:
        Derived.__init__(self, inputs)
        self._name(None)

    def compute(self, *values: Any) -> Any:
        """The value; must be quick, and must not wait."""
        raise NotImplementedError

    def peek(self, default: Any = None) -> Any:
        known = [each.peek(_UNKNOWN) for each in self.inputs if isinstance(each, AnyVariable)]
        if any(each is _UNKNOWN for each in known):
            return default
        try:
            return self.compute(*known)
        except Exception:  # noqa: BLE001 - it is shown where the value is wanted
            return default


_UNKNOWN: Any = object()

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Condition(Computed):
    """A comparison of a variable: ``var == 3``, for ``If`` and for any prop that is true or false.

    In an ``if`` of Python it is the comparison as of now.

    Args:
        variable, other: what is compared; ``other`` may be a variable, too.
        operation: ``==``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``.
    """

    def __init__(self, variable: AnyVariable, operation: str, other: object) -> None:
        self.operation = operation
        self._other = other
        both = [variable, other] if isinstance(other, AnyVariable) else [variable]
        super().__init__(both)

    def compute(self, *values: Any) -> bool:
        left, right = (*values, self._other)[:2]
        return bool(_OPERATORS[self.operation](left, right))

    def describe(self) -> str:
        other = self._other.describe() if isinstance(self._other, AnyVariable) else self._other
        return f"{self.inputs[0].describe()} {self.operation} {other!r:.40}"

    def __bool__(self) -> bool:
        return bool(self.value)


class _Settable(AnyVariable):
    """Actions on what can be set."""

    def update(self, value: Any) -> Action:
        """An action that sets it: ``Button("Zero", onclick=var.update(0))``.

        Raises:
            ValueError: called inside an action; ``await ctx.update(variable, value)`` there.
        """
        from ..actions import Update

        return Update(self, value)

    def sync(self) -> Action:
        """An action that sets it to what the component gives.

        Raises:
            ValueError: called inside an action.
        """
        from ..actions import Sync

        return Sync(self)

    def toggle(self) -> Action:
        """An action that makes a true value false, and a false one true.

        Raises:
            ValueError: called inside an action.
        """
        from ..actions import Toggle

        return Toggle(self)


class Path(_Settable, Computed):
    """A place inside a variable's value: ``var.get("user", "name")``.

    Args:
        variable: the variable itself.
        keys: from the value inwards; a key that is not there makes the value None.
    """

    def __init__(self, variable: AnyVariable, keys: tuple[Any, ...]) -> None:
        self.variable = variable
        self.keys = keys
        super().__init__([variable])

    def describe(self) -> str:
        return f"{self.variable.describe()}.get({', '.join(map(repr, self.keys))})"

    def compute(self, *values: Any) -> Any:
        return inside(values[0], self.keys)

    def get(self, *keys: Any) -> Path:
        """A place further inside."""
        return Path(self.variable, (*self.keys, *keys))

    @property
    def settable(self) -> bool:  # type: ignore[override]
        """Whether the variable can be set."""
        return self.variable.settable

    def assign(self, new: Any) -> None:
        """Replace this place of the variable's value.

        Raises:
            TypeError: the variable cannot be set, or has no such place.
        """
        self.variable.assign(replaced(self.variable.peek(), self.keys, new))


def inside(value: Any, keys: Sequence[Any]) -> Any:
    """What is at a place inside a value; None when there is no such place."""
    return functools.reduce(_item, keys, value)


def _item(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except (KeyError, IndexError, TypeError):
        return getattr(value, key, None) if isinstance(key, str) else None


def replaced(value: Any, keys: Sequence[Any], new: Any) -> Any:
    """The value with another one at a place inside; the original is not changed.

    Raises:
        TypeError: there is something on the way that has no places.
    """
    if not keys:
        return new
    key, *rest = keys
    if value is None:
        value = {}
    if not isinstance(value, (dict, list)):
        raise TypeError(f"{type(value).__name__} has no place {key!r} to set; use a dict or list.")
    twin = copy.copy(value)
    former = inside(value, (key,))
    if isinstance(twin, list) and not (isinstance(key, int) and -len(twin) <= key < len(twin)):
        raise TypeError(f"A list of {len(twin)} has no place {key!r} to set.")
    twin[key] = replaced(former, rest, new)
    return twin


class Store(Protocol):
    """Where a variable's value is kept beyond the kernel; see :mod:`ipyblocks.variables.stores`."""

    def attach(self, variable: Variable) -> None:
        """The variable has just been made: give it what is kept."""

    def check(self, variable: Variable, value: Any) -> None:
        """Refuse a value before the variable has it.

        Raises:
            TypeError: the store cannot hold it.
        """

    def write(self, variable: Variable, value: Any) -> None:
        """Its value has become another one."""


_override: ContextVar[Callable[..., Any] | None] = ContextVar("ipyblocks_init", default=None)


class Variable(_Settable, Source):
    """A value of the kernel: set and read from any cell, shown and edited wherever it stands.

    As the ``value`` of a component it is bound both ways. A variable that is shown in many cells
    is one variable.

    Args:
        default: the value at first, and after :meth:`reset`.
        uid: a name of your own; one is made when it is left out.
        store: keeps the value beyond the kernel: a ``BrowserStore`` or a ``FileStore``.

    Raises:
        TypeError: ``store`` is no store, or ``uid`` no text.
    """

    def __init__(
        self, default: Any = None, uid: str | None = None, store: Store | None = None
    ) -> None:
        override = _override.get()
        if override is not None:
            given = override({"default": default, "uid": uid, "store": store})
            default, uid, store = given["default"], given["uid"], given["store"]
        if isinstance(default, AnyVariable):
            raise TypeError(
                f"The default is {default.describe()}, a variable. Use "
                "Variable.create_from_derived(…), or SwitchVariable."
            )
        if store is not None and not callable(getattr(store, "write", None)):
            raise TypeError(f"store is {store!r:.60}; give BrowserStore() or FileStore(path).")
        Source.__init__(self, default)
        self._name(uid)
        self.default = default
        self.store = store
        self._mirrored: Watch | None = None
        if store is not None:
            store.attach(self)

    @classmethod
    def create_from_derived(cls, other: AnyVariable) -> Mirror:
        """A variable that has the value of a derived one until it is set itself.

        Raises:
            TypeError: not a variable.
        """
        if not isinstance(other, AnyVariable):
            raise TypeError(f"create_from_derived() takes a variable, not {other!r:.60}.")
        return Mirror(other)

    @staticmethod
    @contextmanager
    def init_override(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Generator[None]:
        """Variables made inside get other arguments: what ``change`` returns for theirs."""
        token = _override.set(change)
        try:
            yield
        finally:
            _override.reset(token)

    def describe(self) -> str:
        return f"{type(self).__name__} {self.uid!r}"

    def __repr__(self) -> str:
        return f"<{self.describe()}: {self.now()!r:.60}>"

    settable = True
    tells_itself = True

    def assign(self, new: Any) -> None:
        """What setting ``value`` does."""
        old = self.now()
        if self.store is not None:
            self.store.check(self, new)
        if not self.put(new):
            return
        told = functools.partial(self._changed, old, new)
        if reader is None or not reader.tell(told):
            told()

    def _changed(self, old: Any, new: Any) -> None:
        if self.store is not None:
            self.store.write(self, new)
        self._tell(old, new)

    def get(self, *keys: Any) -> Path:
        """A place inside the value, to show or to set: ``var.get("user", "name")``."""
        return Path(self, keys)

    def reset(self) -> Action:
        """An action that sets it to its default.

        Raises:
            ValueError: called inside an action.
        """
        from ..actions import Reset

        return Reset([self])

    def to_default(self) -> None:
        """Set it to its default, here and now."""
        self.assign(copy.copy(self.default))


class Mirror(_Settable, Computed):
    """A variable that has the value of another one until it is set itself.

    Args:
        other: whose value it has at first, and after :meth:`to_default`.
    """

    settable = True

    def __init__(self, other: AnyVariable) -> None:
        self._own = Source(_UNKNOWN)
        super().__init__([other, self._own])

    def compute(self, *values: Any) -> Any:
        other, own = values[0], self._own.now()
        return other if own is _UNKNOWN else own

    def peek(self, default: Any = None) -> Any:
        own = self._own.now()
        return super().peek(default) if own is _UNKNOWN else own

    def assign(self, new: Any) -> None:
        """What setting ``value`` does."""
        self._own.put(new)

    def get(self, *keys: Any) -> Path:
        """A place inside the value."""
        return Path(self, keys)

    def reset(self) -> Action:
        """An action that makes it follow the other variable again."""
        from ..actions import Reset

        return Reset([self])

    def to_default(self) -> None:
        """Follow the other variable again."""
        self._own.put(_UNKNOWN)
