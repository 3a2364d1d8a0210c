"""The values of a session's ``gr.State`` blocks: made on first use, compared by value, deleted
in time.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

from ..components.state import State

log = logging.getLogger("ipyblocks")


class States:
    """Values that stay in the kernel. Written on the loop thread.

    Args:
        loop: for ``time_to_live``.
        submit: runs a delete callback off the loop.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, submit: Callable[[Callable[[], Any]], Any]
    ) -> None:
        self._loop = loop
        self._submit = submit
        self._values: dict[State, Any] = {}
        self._digests: dict[State, object] = {}
        self._expiries: dict[State, asyncio.TimerHandle] = {}

    def get(self, block: State) -> Any:
        """The value; made anew when there is none, or none any more."""
        if block not in self._values:
            self._values[block] = block.new_value()
            self._digests[block] = digest(self._values[block])
        return self._values[block]

    def set(self, block: State, value: Any) -> bool:
        """Replace the value. Returns whether it is another one, also when it is the same object
        that was changed in place.
        """
        self.get(block)
        before, self._values[block] = self._digests[block], value
        self._digests[block] = digest(value)
        self._expire_later(block)
        return before != self._digests[block]

    def _expire_later(self, block: State) -> None:
        former = self._expiries.pop(block, None)
        if former is not None:
            former.cancel()
        if block.time_to_live is not None:
            self._expiries[block] = self._loop.call_later(block.time_to_live, self._delete, block)

    def _delete(self, block: State) -> None:
        self._expiries.pop(block, None)
        self._digests.pop(block, None)
        value = self._values.pop(block, None)
        if block.delete_callback is not None:
            self._submit(partial(block.delete_callback, value))

    def close(self) -> None:
        """The session has ended: delete everything."""
        for handle in self._expiries.values():
            handle.cancel()
        self._expiries.clear()
        for block in list(self._values):
            self._delete(block)


def digest(value: Any) -> object:
    """Something that is equal for equal values: a hash of the pickled value, or its identity."""
    try:
        return hashlib.blake2b(pickle.dumps(value, protocol=5), digest_size=16).digest()
    except Exception:  # noqa: BLE001 - pickling runs the users' own code
        return id(value)
