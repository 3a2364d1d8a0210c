"""How many at a time, over all who wait."""

from __future__ import annotations

import asyncio
import threading

from ipyblocks.runtime.places import Places

from .conftest import LIMIT


def test_first_come_first_served() -> None:
    places, woken = Places(1), []
    assert places.take(lambda: None)
    waits = [lambda name=name: woken.append(name) for name in "ab"]
    for wake in (*waits, waits[0]):
        assert not places.take(wake)
    places.give()
    # The first that is woken has not taken the place, so the next one may.
    assert woken == ["a", "b"]
    assert places.take(lambda: None)


def test_who_waits_on_another_loop_is_woken_there() -> None:
    places, waits = Places(1), threading.Event()
    assert places.take(lambda: None)

    async def wait() -> None:
        asyncio.get_running_loop().call_soon(waits.set)
        await places.turn()

    thread = threading.Thread(target=lambda: asyncio.run(wait()), daemon=True)
    thread.start()
    assert waits.wait(LIMIT)
    places.give()
    thread.join(LIMIT)
    assert not thread.is_alive()
    assert places.taken == 1
