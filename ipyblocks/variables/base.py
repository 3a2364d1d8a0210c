"""What all variables have: a value to read and to observe, comparisons, and a name."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from . import circles, reading
from .graph import Derived, Node
from .same import same
from .watch import Watch

if TYPE_CHECKING:
    from .condition import Condition

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


def _check_observed(names: Any, kind: Any = "change") -> None:
    """Refuse to observe what a variable has not.

    Raises:
        ValueError: there is no such thing.
    """
    listed = list(names) if isinstance(names, (list, tuple, set)) else [names]
    if any(_called(each) not in ("value", "All") for each in listed):
        raise ValueError(f"A variable has a value to observe, and no {listed}.")
    if _called(kind) not in ("change", "All"):
        raise ValueError(f"A variable tells changes of its value, and no {kind!r:.60}.")


def _called(name: Any) -> Any:
    # ``traitlets.All`` is an object with that name.
    return getattr(name, "name", name)


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
        assert reading.reader is not None
        return reading.reader.read(self)

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

    def assign_inside(self, changed: Callable[[Any], Any]) -> None:
        """Set it to what is made of its value, in one step.

        Args:
            changed: makes the new value of the one that it has; must be quick.

        Raises:
            TypeError: it cannot be set.
        """
        self.assign(None)

    async def get_current_value(self, timeout: float | None = None) -> Any:
        """The value as of now, without blocking the loop.

        Args:
            timeout: seconds to wait for its function, which is stopped then when nobody else waits
                for it; None: as long as that takes.

        Raises:
            BaseException: what its function raised.
            TimeoutError: its function takes longer.
        """
        if not isinstance(self, Derived):
            return self.now()
        assert reading.reader is not None
        reads = reading.reader.read_async(self)
        if timeout is None:
            return await reads
        task = asyncio.ensure_future(reads)
        try:
            # Not `wait_for`: a TimeoutError may also come from its function.
            await asyncio.wait([task], timeout=timeout)
            if not task.done():
                raise TimeoutError(f"{self.describe()} takes longer than {timeout:g} s.")
            return task.result()
        finally:
            task.cancel()

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

    def observe(self, handler: Observer, names: Any = "value", type: Any = "change") -> None:
        """Call ``handler(change)`` whenever the value has become another one, as in ipywidgets.

        A plain variable calls it where it is set, before the setting returns, which raises what
        an observer raises. What a page or an ``async`` function of an app sets, and what is
        computed, is told in a thread of its own. A derived variable is computed for its observers.
        One that observes already is not called twice.

        Args:
            names: ``"value"`` or ``traitlets.All``; there is nothing else to observe.
            type: ``"change"`` or ``traitlets.All``; there is no other kind of news.

        Raises:
            TypeError: ``handler`` is not callable.
            ValueError: another name or type.
        """
        if not callable(handler):
            raise TypeError(f"observe() takes a function, not {type(handler).__name__}.")
        _check_observed(names, type)
        if handler not in self._observers:
            self._observers.append(handler)
        if not self.tells_itself and self._observed is None:
            assert reading.reader is not None
            self._last = self.peek()
            self._observed = reading.reader.observe(self, self._tell_latest)

    def unobserve(self, handler: Observer, names: Any = "value", type: Any = "change") -> None:
        """Call ``handler`` no more. One that does not observe is left alone.

        Raises:
            ValueError: another name or type, as in :meth:`observe`.
        """
        _check_observed(names, type)
        # Not by identity: a bound method is a new object wherever it is named.
        self._observers = [each for each in self._observers if each != handler]
        if not self._observers:
            self.unobserve_all()

    def unobserve_all(self, name: Any = "value") -> None:
        """Call no observer any more.

        Raises:
            ValueError: another name, as in :meth:`observe`.
        """
        _check_observed(name)
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
        from .copied import Copied

        return Copied, (self.describe(), self.peek())

    # --- conditions ----------------------------------------------------------------------------

    def __eq__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compared("==", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]
        return self._compared("!=", other)

    def __lt__(self, other: object) -> Condition:
        return self._compared("<", other)

    def __le__(self, other: object) -> Condition:
        return self._compared("<=", other)

    def __gt__(self, other: object) -> Condition:
        return self._compared(">", other)

    def __ge__(self, other: object) -> Condition:
        return self._compared(">=", other)

    __hash__ = object.__hash__

    def _compared(self, operation: str, other: object) -> Condition:
        from .condition import Condition

        return Condition(self, operation, other)

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self.describe()} is neither true nor false by itself. Use .value for its value as "
            "of now, or If(variable, …) for a part of the page that follows it."
        )

    def __iter__(self) -> NoReturn:
        raise TypeError(f"{self.describe()} cannot be iterated; use .value, or For(variable, …).")
