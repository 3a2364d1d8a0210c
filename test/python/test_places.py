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


def test_who_awaits_a_turn_is_not_overtaken() -> None:
    places, order = Places(1), list[str]()

    def at_once() -> None:
        """A queue: whenever it is woken, it takes a place, and waits for the next one."""
        if places.take(at_once):
            order.append("queue")
            places.take(at_once)

    async def wait() -> None:
        await places.turn()
        order.append("turn")
        places.give()

    async def both() -> None:
        assert places.take(at_once)
        waiting = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        at_once()
        for _ in range(3):
            places.give()
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])

    asyncio.run(both())
    assert order[0] == "turn"


def test_a_turn_that_comes_as_its_wait_is_cancelled_is_given_back() -> None:
    places = Places(1)

    async def cancelled() -> None:
        assert places.take(lambda: None)
        waiting = asyncio.ensure_future(places.turn())
        await asyncio.sleep(0)
        places.give()
        waiting.cancel()
        await asyncio.wait([waiting])

    asyncio.run(cancelled())
    assert places.taken == 0
