"""``Variable``: a value that lives in the kernel and may stand for any prop of any component."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from . import graph, reading
from .base import AnyVariable
from .containers import copied
from .graph import Source
from .mirror import Mirror
from .path import Path
from .settable import Settable

if TYPE_CHECKING:
    from ..actions import Action
    from .stores import Store

_override: ContextVar[Callable[..., Any] | None] = ContextVar("ipyblocks_init", default=None)


class Variable(Settable, Source):
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
        # What is done to the value, as by `.value.append(…)`, is not done to the default.
        self.default = copied(default)
        self.store = store
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
        if self.store is not None:
            self.store.check(self, new)
        with graph.lock:
            old, changed = self.now(), self.put(new)
        if changed:
            self._announce(old, new)

    def assign_inside(self, changed: Callable[[Any], Any]) -> None:
        """See :meth:`.base.AnyVariable.assign_inside`."""
        with graph.lock:
            old = self.now()
            new = changed(old)
            if self.store is not None:
                self.store.check(self, new)
            if not self.put(new):
                return
        self._announce(old, new)

    def _announce(self, old: Any, new: Any) -> None:
        told = functools.partial(self._changed, old, new)
        if reading.reader is None or not reading.reader.tell(told):
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
        self.assign(copied(self.default))
