"""The values of a session's ``gr.State`` blocks: made on first use, compared by value, deleted
in time.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import logging
import pickle
import threading
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
        watched: whether somebody wants to know when a value becomes another one.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        submit: Callable[[Callable[[], Any]], Any],
        watched: Callable[[State], bool],
    ) -> None:
        self._loop = loop
        self._submit = submit
        self._watched = watched
        self._making = threading.RLock()
        self._values: dict[State, Any] = {}
        self._digests: dict[State, object] = {}
        self._expiries: dict[State, asyncio.TimerHandle] = {}

    def get(self, block: State) -> Any:
        """The value; made anew when there is none, or none any more. Callable from any thread."""
        with self._making:
            if block not in self._values:
                value = block.new_value()
                self._digests[block] = self._digest(block, value)
                self._values[block] = value
            return self._values[block]

    def _digest(self, block: State, value: Any) -> object:
        # A model or a table may be large: it is read through only for those who ask.
        return digest(value) if self._watched(block) else None

    def set(self, block: State, value: Any) -> bool:
        """Replace the value. Returns whether it is another one, also when it is the same object
        that was changed in place.
        """
        self.get(block)
        before, self._values[block] = self._digests[block], value
        self._digests[block] = self._digest(block, value)
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
        with self._making:  # a handler may be about to read it
            self._digests.pop(block, None)
            value = self._values.pop(block, None)
        if block.delete_callback is not None:
            self._submit(partial(block.delete_callback, value))

    def forget(self, block: State) -> None:
        """A block is gone: so is its value."""
        expiry = self._expiries.pop(block, None)
        if expiry is not None:
            expiry.cancel()
        if block in self._values:
            self._delete(block)

    def close(self) -> None:
        """The session has ended: delete everything."""
        for handle in self._expiries.values():
            handle.cancel()
        self._expiries.clear()
        for block in list(self._values):
            self._delete(block)


def digest(value: Any) -> object:
    """Something that is equal for equal values: a hash of the pickled value, or its identity."""
    written = io.BytesIO()
    pickler = pickle.Pickler(written, protocol=5)
    # Without notes on what was written before: two equal values may share their parts or not.
    pickler.fast = True
    try:
        pickler.dump(value)
        return hashlib.blake2b(written.getbuffer(), digest_size=16).digest()
    except Exception:  # noqa: BLE001 - pickling runs the users' own code
        return id(value)
