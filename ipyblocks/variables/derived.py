"""``DerivedVariable``: a value that a function computes from other variables."""

from __future__ import annotations

import inspect
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from . import graph
from .base import AnyVariable
from .graph import Derived, Node, Source
from .path import Path

if TYPE_CHECKING:
    from ..actions import Action

LRU_SIZE = 10
"""Values that are remembered where nobody says how many."""


class Cache:
    """How long computed values are remembered, by the values of what they were computed from."""

    class Type:
        """Whom remembered values are for. There is one kernel, so all three are the same."""

        GLOBAL: Literal["global"] = "global"
        SESSION: Literal["session"] = "session"
        USER: Literal["user"] = "user"

    class Policy:
        """How many values are remembered, and for how long.

        Args:
            most: how many; None: any number.
            ttl: seconds after which a value is forgotten; None: never.
        """

        def __init__(self, most: int | None, ttl: float | None = None) -> None:
            if most is not None and most < 1:
                raise ValueError(f"A cache of {most} values remembers nothing; use cache=None.")
            if ttl is not None and not 0 < ttl < math.inf:
                raise ValueError(f"ttl is {ttl!r}; it must be a positive number of seconds.")
            self.most = most
            self.ttl = ttl

        @staticmethod
        def LRU(max_size: int = LRU_SIZE) -> Cache.Policy:
            """The values used last."""
            return Cache.Policy(max_size)

        @staticmethod
        def MostRecent() -> Cache.Policy:
            """The last value alone."""
            return Cache.Policy(1)

        @staticmethod
        def KeepAll() -> Cache.Policy:
            """All values."""
            return Cache.Policy(None)

        @staticmethod
        def TTL(ttl: float) -> Cache.Policy:
            """All values, each for so many seconds."""
            return Cache.Policy(None, ttl)


CacheArgument: TypeAlias = "Cache.Policy | Literal['global', 'session', 'user'] | None"


class Flag(AnyVariable, Source):
    """Whether a derived variable is being computed, has failed, or has a value."""

    def __init__(self, node: Derived, name: str) -> None:
        Source.__init__(self, False)
        self._name(None)
        self.node = node
        self.what = name

    def describe(self) -> str:
        return f"{self.node.describe()}.{self.what}"


class DerivedVariable(AnyVariable, Derived):
    """A value that ``func`` computes from the values of other variables, when somebody looks.

    It is computed again when one of them has another value, once for a change, in order, and never
    while nobody looks. All who look share it, and one call of the function.

    Args:
        func: gets a value for each of ``variables``. ``async`` functions run on the app's loop, all
            others in threads, and with ``run_as_task`` in a worker process.
        variables: variables, or values that are handed on as they are.
        cache: how long values are remembered by the values of the variables, as
            ``Cache.Policy.LRU(10)``, which is the default; None: not at all.
        run_as_task: run ``func`` in a worker process (:func:`ipyblocks.configure_tasks`), where a
            cancel stops it whatever it does.
        polling_interval: seconds after which it is computed again while a page shows it; may be
            a variable. What is remembered does not count.
        deps: those of ``variables`` whose change makes it stale; None: all. With ``[]`` it is
            computed once, and then by :meth:`trigger` alone.
        uid: a name of your own.

    Raises:
        TypeError: ``func`` is not callable, or a generator; or ``variables`` no list.
        ValueError: one of ``deps`` is not among ``variables``; ``variables`` has a flag such as
            ``other.is_loading``, from which nothing can be computed.
    """

    def __init__(
        self,
        func: Callable[..., Any],
        variables: Sequence[Any],
        cache: CacheArgument = "global",
        run_as_task: bool = False,
        polling_interval: float | AnyVariable | None = None,
        deps: Sequence[AnyVariable] | None = None,
        uid: str | None = None,
    ) -> None:
        if not callable(func):
            raise TypeError(f"func must be a function, not {type(func).__name__}.")
        if inspect.isgeneratorfunction(func) or inspect.isasyncgenfunction(func):
            raise TypeError(
                "func is a generator and gives many values, of which a variable has one. Return a "
                "list, or set a Variable in an action or a listener."
            )
        if not isinstance(variables, (list, tuple)):
            raise TypeError(f"variables must be a list, not {type(variables).__name__}.")
        self.func = func
        self.run_as_task = run_as_task
        self.polling_interval = polling_interval
        fixed = [None if isinstance(each, Node) else (each,) for each in variables]
        self._fixed = fixed if any(fixed) else None
        inputs = [each for each in variables if isinstance(each, Node)]
        for each in inputs:
            refuse_flag(
                each,
                "among the variables of a DerivedVariable: what is computed from it would change "
                "it. Use it for props, and in If.",
            )
        self._check_polling()
        self.cache = _policy(cache, deps)
        self._remembered: OrderedDict[Any, tuple[float, Any]] = OrderedDict()
        self._asked: tuple[list[int], Any] = ([], ())
        self._flags: dict[str, Flag] = {}
        self.quick = not (run_as_task or inspect.iscoroutinefunction(func))
        Derived.__init__(self, inputs, None if deps is None else _triggers(deps, inputs))
        self._name(uid)

    def _check_polling(self) -> None:
        given = self.polling_interval
        if given is None or isinstance(given, AnyVariable):
            return
        if isinstance(given, bool) or not isinstance(given, (int, float)) or not given > 0:
            raise ValueError(
                f"polling_interval is {given!r}; it must be a positive number of seconds."
            )

    @property
    def name(self) -> str:
        """Name of its function."""
        return getattr(self.func, "__name__", type(self.func).__name__)

    def describe(self) -> str:
        return f"DerivedVariable {(self.uid if self.is_named else self.name)!r}"

    def __repr__(self) -> str:
        return f"<{self.describe()}>"

    def compute(self, *values: Any) -> Any:
        return self.func(*self.arguments(values))

    def arguments(self, values: Sequence[Any]) -> list[Any]:
        """What the function is called with, for values of the inputs."""
        if self._fixed is None:
            return list(values)
        given = iter(values)
        return [next(given) if fixed is None else fixed[0] for fixed in self._fixed]

    def get(self, *keys: Any) -> Path:
        """A place inside the value."""
        return Path(self, keys)

    def trigger(self, force: bool = True) -> Action:
        """An action that computes it again: ``Button("Compute", onclick=var.trigger())``.

        Args:
            force: also what it is computed from, whatever is remembered.

        Raises:
            ValueError: called inside an action; ``await ctx.trigger(variable)`` there.
        """
        from ..actions import Trigger

        return Trigger(self, force)

    @property
    def is_loading(self) -> Flag:
        """Whether it, or what it is computed from, is being computed."""
        return self._flag("is_loading")

    @property
    def has_error(self) -> Flag:
        """Whether its function has failed."""
        return self._flag("has_error")

    @property
    def has_value(self) -> Flag:
        """Whether it has been computed."""
        return self._flag("has_value")

    def _flag(self, name: str) -> Flag:
        with graph.lock:
            flag = self._flags.get(name)
            if flag is None:
                flag = self._flags[name] = Flag(self, name)
        self.tell_flags()
        return flag

    def _publish(
        self, versions: list[int], value: Any = None, error: BaseException | None = None
    ) -> None:
        super()._publish(versions, value, error)
        if self._flags:
            self.tell_flags()

    def tell_flags(self, loading: bool | None = None) -> None:
        """Set the flags that somebody has asked for to what is the case.

        Args:
            loading: whether a call of its function, or of one above, is going on; None: as before.
        """
        for name, flag in list(self._flags.items()):
            if name == "has_error":
                flag.put(self.failure is not None)
            elif name == "has_value":
                flag.put(self.is_known and self.failure is None)
            elif loading is not None:
                flag.put(loading)

    # --- remembered values -----------------------------------------------------------------------

    def recall(self, values: Sequence[Any]) -> tuple[Any] | None:
        if self.cache is None or (self.cache.most == 1 and self.cache.ttl is None):
            return None
        key = _key(values)
        if not _PLAIN.issuperset(map(type, values)) and self._has_been_edited(key):
            self._remembered.clear()
        found = self._remembered.get(key)
        if found is None:
            return None
        if self.cache.ttl is not None and clock() - found[0] >= self.cache.ttl:
            del self._remembered[key]
            return None
        self._remembered.move_to_end(key)
        return (found[1],)

    def _has_been_edited(self, key: Any) -> bool:
        """Whether an input has another value since the last time that is the very same object, so
        it has been changed inside. The lock is held.
        """
        versions = [each.version for each in self.inputs]
        (former, before), self._asked = self._asked, (versions, key)
        if former == versions or type(key) is not tuple or type(before) is not tuple:
            return False
        each = zip(former, versions, before[1:], key[1:], strict=False)
        return any(old != new and a == b and _is_object(b) for old, new, a, b in each)

    def keep(self, values: Sequence[Any], value: Any) -> None:
        if self.cache is None or (self.cache.most == 1 and self.cache.ttl is None):
            return
        self._remembered[_key(values)] = (clock(), value)
        if self.cache.most is not None and len(self._remembered) > self.cache.most:
            self._remembered.popitem(last=False)


def refuse_flag(node: Node, place: str) -> None:
    """Refuse a flag, and what follows from one, where functions are called with its value.

    Args:
        place: where it cannot be, and what to do instead.

    Raises:
        ValueError: it is one, or ``d.is_loading == True``, or the like.
    """
    stack = [node]
    while stack:
        here = stack.pop()
        if isinstance(here, Flag):
            named, flag = node.describe(), here.describe()
            if flag not in named:
                named = f"{named}, which follows from {flag},"
            raise ValueError(f"{named} cannot be {place}")
        if not isinstance(here, DerivedVariable):  # which has refused them
            stack.extend(here.parts)


clock: Callable[[], float] = time.monotonic
"""Seconds; tests put another one here."""


def _policy(cache: CacheArgument, deps: Sequence[AnyVariable] | None) -> Cache.Policy | None:
    if cache is None or isinstance(cache, Cache.Policy):
        return cache
    if cache not in ("global", "session", "user"):
        raise ValueError(f"cache is {cache!r:.60}; give Cache.Policy.LRU(10), or None for none.")
    return Cache.Policy.LRU() if deps is None else Cache.Policy.MostRecent()


def _triggers(deps: Sequence[AnyVariable], inputs: Sequence[Node]) -> list[Node]:
    known = {id(each) for each in inputs}
    for each in deps:
        whole = each.variable if isinstance(each, Path) else each
        if id(each) not in known and id(whole) not in known:
            raise ValueError(
                f"deps has {each.describe() if isinstance(each, Node) else repr(each)}, which is "
                "not among the variables."
            )
    return list(deps)


def _key(value: Any) -> Any:
    """Equal for values that are the same to a function: plain ones by what they say, all others as
    the objects they are.
    """
    try:
        return _key_of(value)
    except RecursionError:  # nested too deep, or inside itself
        return _Self(object())


_PLAIN = frozenset({int, float, str, bool, bytes, complex, type(None)})


def _key_of(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return (kind, value)
    if kind in (list, tuple):
        return (kind, *map(_key_of, value))
    if kind is dict:
        return (kind, *((_key_of(k), _key_of(v)) for k, v in value.items()))
    if kind is set:
        return (kind, frozenset(map(_key_of, value)))
    if kind is bytearray:
        return (kind, bytes(value))
    return _Self(value)


def _is_object(key: Any) -> bool:
    """Whether a key stands for an object as such, or for something that has one inside."""
    return type(key) is _Self or (type(key) is tuple and any(map(_is_object, key)))


class _Self:
    """Stands for an object in a key; holds it, so that no other one gets its address."""

    __slots__ = ("held",)

    def __init__(self, held: Any) -> None:
        self.held = held

    def __hash__(self) -> int:
        return id(self.held)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Self) and other.held is self.held
