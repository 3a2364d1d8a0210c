"""Values of a session's variables that browsers keep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from ..protocol import AskStored, Json, PageId, Store
from ..variables.backends import check_json
from ..variables.graph import Derived, Node
from ..variables.same import same
from ..variables.stores import BrowserStore
from ..variables.variable import Variable
from .outbound import numbered

if TYPE_CHECKING:
    from .session import Session

LINGER = 0.1
"""Seconds in which values are conflated: a drag is kept once."""


class Stores:
    """Variables with a :class:`BrowserStore` that one session shows. Loop thread only."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._followed: dict[Variable, str] = {}
        self._stops: list[Callable[[], None]] = []
        self._due: dict[Variable, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._asking: asyncio.Handle | None = None
        self._closed = False

    def follow(self, variable: Node) -> None:
        """The session shows a variable, and with it those that it is computed from."""
        new = [
            each
            for each in _variables(variable)
            if isinstance(each.store, BrowserStore) and each not in self._followed
        ]
        for each in new:
            store = each.store
            assert isinstance(store, BrowserStore)
            self._followed[each] = store.key_of(each)
            self._stops.append(store.follow(self._written))
        # Before a page has come there is nobody to ask; the first one is asked when it does.
        if new and self._asking is None and self._session.last_page() is not None:
            self._asking = self._session.engine.loop.call_soon(self._ask_all)

    def _ask_all(self) -> None:
        self._asking = None
        self.ask(None)

    def ask(self, page: PageId | None) -> bool:
        """Let a page, or all of them, say what their browsers keep. Returns whether it is asked."""
        keys = list(dict.fromkeys(self._followed.values()))
        if not keys or self._closed:
            return False
        self._session.put(numbered(AskStored, page=page, keys=keys))
        return True

    def stored(self, values: Mapping[str, Json]) -> None:
        """A page says what its browser keeps. Only a variable that has never been set takes it;
        of the others the browser gets what they are.

        Raises:
            ValueError: a value is none that a browser keeps.
        """
        for variable, key in list(self._followed.items()):
            if variable.version > 0:
                if key not in values or not same(values[key], variable.now()):
                    self._send_later(variable)
            elif key in values:
                _refuse_unfit(values[key], key)
                variable.assign(values[key])

    def _written(self, variable: Variable) -> None:
        """A variable has been set, in any thread."""
        self._session.engine.thread.post(self._send_later, variable)

    def _send_later(self, variable: Variable) -> None:
        if self._closed or variable not in self._followed:
            return
        self._due[variable] = None
        if self._timer is None:
            self._timer = self._session.engine.loop.call_later(LINGER, self._send)

    def _send(self) -> None:
        self._timer = None
        due, self._due = self._due, {}
        for variable in due:
            store = variable.store
            assert isinstance(store, BrowserStore)
            if store.can_keep(variable):
                key = self._followed[variable]
                self._session.put(numbered(Store, key=key, value=variable.now()), urgent=False)

    def close(self) -> None:
        """Follow nothing any more. What has not been sent is sent."""
        if self._timer is not None:
            self._timer.cancel()
            self._send()
        self._closed = True
        for stop in self._stops:
            stop()
        self._stops.clear()


def _refuse_unfit(value: Json, key: str) -> None:
    try:
        check_json(value, f"What the browser keeps as {key!r}")
    except TypeError as error:
        raise ValueError(str(error)) from None


def _variables(node: Node) -> Iterator[Variable]:
    """A variable, and those that it is computed from."""
    met: dict[Node, None] = {}
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if each in met:
            continue
        met[each] = None
        if isinstance(each, Variable):
            yield each
        elif isinstance(each, Derived):
            waiting += [*each.parts, *each.triggers]
