"""Values that depend on each other: what is stale after a change, and in which order to mend it.

A *source* is set, a *derived* node is computed from other nodes. A change marks what depends on it
(push); values are computed when somebody looks (pull), inputs first, and only where an input really
has become another one. So every node is computed once for a change, never from a mixture of old and
new inputs, and not at all when nobody looks. The scheme is that of signals (Preact, Angular,
reactively.dev): push of staleness, pull of values, comparison of versions.

Nothing here calls a user's function or waits: :mod:`ipyblocks.runtime.evaluator` does.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol

from . import circles
from .same import same

if TYPE_CHECKING:
    from .watch import Watch

lock: Final = threading.RLock()
"""Held for every look at, and change of, the links and states of nodes; never while a user's
function runs.
"""

_epochs = itertools.count(1)
_epoch = 0


class Keeper(Protocol):
    """Computes what somebody looks at. Callable from any thread."""

    def wake(self) -> None:
        """There are nodes in :data:`wanted` or watches in :data:`news`."""

    def drop(self, node: Derived) -> None:
        """Nobody looks at a node any more whose function may be running."""

    def poll(self, node: Derived) -> None:
        """Somebody has begun to look at a node with a ``polling_interval``."""


keeper: Keeper | None = None
wanted: dict[Derived, None] = {}
"""Derived nodes that somebody looks at and whose value is not current."""
news: dict[Watch, None] = {}
"""Watches whose node has a new value that they have not been told."""


class State(Enum):
    """How current a derived node is."""

    FRESH = auto()
    STALE = auto()
    RUNNING = auto()
    """Its function has been called with the inputs as they are."""
    STOPPED = auto()
    """The call was cancelled. It is computed again when an input has become another one, or when
    it is asked for.
    """


# An attribute of an Enum costs more than the step around it.
_FRESH, _STALE, _RUNNING, _STOPPED = State.FRESH, State.STALE, State.RUNNING, State.STOPPED


class Node:
    """A value that others may depend on.

    Attributes:
        version: counts its values, from 0.
        dependents: derived nodes that somebody looks at and that are computed from it.
        watches: those who look at it.
        inputs: what it is computed from.
    """

    inputs: tuple[Node, ...] = ()

    def __init__(self) -> None:
        self.version = 0
        self.dependents: dict[Derived, None] = {}
        self.watches: dict[Watch, None] = {}

    def describe(self) -> str:
        """How messages name it."""
        return type(self).__name__

    @property
    def parts(self) -> tuple[Node, ...]:
        """All that it may ever be computed from."""
        return self.inputs

    @property
    def is_live(self) -> bool:
        """Whether somebody looks at it, or at what is computed from it."""
        return bool(self.watches or self.dependents)

    @property
    def is_current(self) -> bool:
        """Whether its value is that of now."""
        return True

    def now(self) -> Any:
        """The value it has, current or not."""
        raise NotImplementedError

    @property
    def failure(self) -> BaseException | None:
        """Why it has no value."""
        return None

    def _touch(self) -> None:
        """It has another value now; the lock is held."""
        self.version += 1
        if self.watches:
            news.update(self.watches)
        _mark(self.dependents)


class Source(Node):
    """A value that is set."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self._value = value

    def now(self) -> Any:
        return self._value

    def put(self, value: Any) -> bool:
        """Set the value. Returns whether it is another one. Callable from any thread.

        Raises:
            CycleError: a function sets what it is computed from.
        """
        global _epoch  # noqa: PLW0603 - one graph
        circles.refuse_own_input(self)
        with lock:
            if same(self._value, value):
                return False
            self._value = value
            _epoch = next(_epochs)
            self._touch()
        wake()
        return True


class Derived(Node):
    """A value that is computed from others.

    Args:
        inputs: nodes whose values the computation gets, in order.
        triggers: those of them whose change makes it stale; None: all.

    Attributes:
        state: how current it is.
        seen: versions of the triggers that the value was computed from; None: it must be
            computed.
        forced: no remembered value will do.
        given_up: versions of the triggers when its call was cancelled; None: it was not, or has
            been asked for again.
        above: inputs and triggers.
        blocked: an input that is no trigger has failed; what becomes of it matters until it is
            well again.
        run: the call of its function that is not over; None: there is none.
        is_known: whether it has ever been computed.
        quick: its function is called where it is needed, and not as a call of its own.
        missed: somebody who looks is to be told when it is current, also when it is the same
            value as before.
    """

    quick = True
    polling_interval: object = None
    """Seconds after which it is computed again while somebody looks; None: it is not."""

    def __init__(self, inputs: Sequence[Node], triggers: Sequence[Node] | None = None) -> None:
        super().__init__()
        self.inputs = tuple(inputs)
        self.triggers = self.inputs if triggers is None else tuple(triggers)
        self.above = tuple(dict.fromkeys((*self.inputs, *self.triggers)))
        self.state = _STALE
        self.seen: list[int] | None = None
        self.blocked = False
        self.forced = False
        self.given_up: list[int] | None = None
        self.run: object | None = None
        self.is_known = False
        self.missed = False
        self._value: Any = None
        self._error: BaseException | None = None
        self._traceback: TracebackType | None = None
        self._checked = -1
        self._begun = -1
        self._linked = -1
        self._stopped_below = False

    def now(self) -> Any:
        return self._value

    @property
    def failure(self) -> BaseException | None:
        return self._error

    def outcome(self) -> Any:
        """The value it has.

        Raises:
            BaseException: what its function, or one above, raised.
        """
        if self._error is not None:
            # Each raising would lengthen the traceback.
            raise self._error.with_traceback(self._traceback)
        return self._value

    @property
    def is_current(self) -> bool:
        if self.state is not _FRESH:
            return False
        # A node that nobody looks at is told of no change.
        return self._checked == _epoch or bool(self.watches or self.dependents)

    def compute(self, *values: Any) -> Any:
        """What its function makes of the inputs' values."""
        raise NotImplementedError

    def recall(self, values: Sequence[Any]) -> tuple[Any] | None:
        """A value that is known for these inputs; None: it has to be computed."""
        return None

    def keep(self, values: Sequence[Any], value: Any) -> None:
        """Remember a computed value."""

    @property
    def heard(self) -> tuple[Node, ...]:
        """Whose changes it is told of while somebody looks."""
        return self.above if self.blocked else self.triggers

    def settle(self) -> None:
        """Be computed from what it has to be computed from now, where values decide which nodes
        these are. The lock is held.
        """

    @property
    def is_ready(self) -> bool:
        """Whether it can be computed now; the lock is held."""
        if self.run is not None or self.state is _STOPPED:
            return False
        return all(each.is_current for each in self.above)

    def prepare(self) -> tuple[list[Any], list[int]] | None:
        """Look at a node whose inputs have been looked at; the lock is held.

        Returns:
            The inputs' values, when its function is to be called with them, and the triggers'
            versions; the caller then says :meth:`begin` and :meth:`finish`. None: it has its
            value, or must wait for an input.
        """
        if self.run is not None or self.state is _STOPPED:
            return None
        failure = None
        for each in self.above:
            if not each.is_current:
                return None
            failure = failure or each.failure
        versions = self._versions()
        if self.given_up == versions:
            self._stop()  # nothing has changed since, and nobody has asked for it
            return None
        if self.seen == versions and not self.forced:
            self._is_fresh()
            return None
        if failure is not None:
            self._fail(versions, failure)
            return None
        self._block(False)
        values = [each.now() for each in self.inputs]
        known = None if self.forced else self.recall(values)
        if known is not None:
            if self.is_known and self._error is None and known[0] is self._value:
                self.seen = versions
                self._is_fresh()
            else:
                self._publish(versions, known[0])
            return None
        return values, versions

    def _fail(self, versions: list[int], failure: BaseException) -> None:
        """An input has failed, so there is nothing to be computed from."""
        # A trigger has another version when it is well again; of the others it has to be told.
        blocked = all(each.failure is None for each in self.triggers)
        if self.blocked and blocked and self._error is failure and not self.forced:
            self._is_fresh()
            return
        self._publish(versions, error=failure)
        if blocked:
            self.seen = None  # its function has not been called for these versions
        self._block(blocked)

    def _block(self, blocked: bool) -> None:
        if self.blocked is not blocked:
            from .watch import block  # which knows this module

            block(self, blocked)

    def begin(self, run: object) -> None:
        """Its function is being called; the lock is held."""
        self.run = run
        self.state = _RUNNING
        self.forced = False
        self.given_up = None
        self._begun = _epoch

    def finish(
        self,
        versions: list[int],
        values: Sequence[Any],
        value: Any = None,
        error: BaseException | None = None,
    ) -> None:
        """Its function is over. What it gave counts as the value only if no input has changed
        since; else it is shown, and computed again.

        The caller sees to it that what was waiting for the value is computed.
        """
        with lock:
            self.run = None
            if error is None:
                self.keep(values, value)
            if self.state is _RUNNING:
                self._publish(versions, value, error)
                self._doubt()
            elif error is None and self.state is _STALE and not self._equals(value):
                self._value, self._error, self.is_known = value, None, True
                self.version += 1
                news.update(self.watches)
        if news and keeper is not None:
            keeper.wake()

    def _doubt(self) -> None:
        """It has been told of changes only while somebody looked; has one been missed?"""
        if not self.is_live:
            self._checked = self._begun
        elif self._linked > self._begun:
            self.state = _STALE
            if self.watches:
                wanted[self] = None

    def over(self) -> None:
        """The call of its function has ended without a value."""
        with lock:
            self.run = None
            if self.state is _RUNNING:
                self.state = _STALE
        wake()

    def stopped(self) -> None:
        """The call of its function was cancelled by whoever waited for it."""
        with lock:
            if self.state in (_RUNNING, _STALE):
                self.given_up = self._versions()
                self._stop()
                for each in all_above(self):
                    each._stopped_below = True
        wake()  # its function may go on for long

    def resume(self) -> None:
        """It is asked for, though its call was cancelled. The lock is held."""
        self.given_up = None
        if self.state is _STOPPED:
            self.state = _STALE

    def again(self, force: bool = True, parents: bool = True) -> None:
        """Have it computed once more, when somebody looks.

        Args:
            force: what is remembered does not count.
            parents: the same for all that it is computed from.
        """
        global _epoch  # noqa: PLW0603
        with lock:
            _epoch = next(_epochs)
            for node in [self, *(all_above(self) if force and parents else ())]:
                node.seen = node.given_up = None
                node.forced = force
                _mark((node,))
        wake()

    def linked(self) -> None:
        """It is told of changes from now on; the lock is held."""
        self._linked = _epoch
        if self.state in (_FRESH, _STOPPED) and self._checked != _epoch:
            self.state = _STALE  # nobody has told it of changes so far

    def unlinked(self) -> None:
        """It is told of changes no more; the lock is held."""
        if self.state in (_FRESH, _STOPPED):
            self._checked = _epoch

    def _is_fresh(self) -> None:
        self.state = _FRESH
        self._checked = _epoch
        wanted.pop(self, None)
        if self.missed:
            self.missed = False
            news.update(self.watches)

    def _stop(self) -> None:
        self.state = _STOPPED
        self._checked = _epoch
        wanted.pop(self, None)
        news.update(self.watches)

    def _versions(self) -> list[int]:
        return [each.version for each in self.triggers]

    def _equals(self, value: Any) -> bool:
        return self.is_known and self._error is None and same(self._value, value)

    def _publish(
        self, versions: list[int], value: Any = None, error: BaseException | None = None
    ) -> None:
        self.seen = versions
        self.forced = False
        self.given_up = None
        changed = error is not None or not self._equals(value)
        if error is None:
            self._value, self.is_known = value, True
        self._error = error
        self._traceback = None if error is None else error.__traceback__
        if changed:
            # Dependents are stale already: nothing is current while an input is not.
            self.version += 1
            if self.watches:
                news.update(self.watches)
        self._is_fresh()


def all_above(node: Derived) -> list[Derived]:
    """Derived nodes that a node is computed from. The lock is held."""
    seen: dict[Derived, None] = {}
    stack = [each for each in node.inputs if isinstance(each, Derived)]
    while stack:
        here = stack.pop()
        if here not in seen:
            seen[here] = None
            stack.extend(each for each in here.inputs if isinstance(each, Derived))
    return list(seen)


def _mark(nodes: Iterable[Derived]) -> None:
    """An input has changed: these, and what depends on them, are not current."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node.state is _STALE and not node._stopped_below:
            continue  # what depends on it has been marked before
        node.state = _STALE
        node._stopped_below = False
        if node.watches:
            wanted[node] = None
        stack.extend(node.dependents)


def wake() -> None:
    """Tell the keeper that there is something to compute, or to tell."""
    if keeper is not None and (news or wanted):
        keeper.wake()
