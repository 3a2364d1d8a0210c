"""What the cases have: an app at a page without pixels, and ways to wait that block nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ipyblocks as gr
from ipyblocks.protocol import Patch
from ipyblocks.runtime.engine import Engine
from ipyblocks.transport.loopback import LoopbackPage, apply_update

LIMIT = 90.0
"""Seconds until a case gives up. None that passes waits that long."""


class Shown:
    """An app at a page without pixels."""

    def __init__(self, demo: gr.Blocks) -> None:
        self.demo = demo
        self.engine: Engine = demo.running_engine()
        self.page = LoopbackPage(self.engine)
        self.page.say_hello()

    def click(self, block: Any) -> None:
        self.page.fire(self.demo.id_of(block), "click")

    async def run(self, block: Any) -> None:
        self.click(block)
        await self.idle()

    async def idle(self) -> None:
        await self.engine.idle()

    def seen(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.page.messages if isinstance(message, kind)]

    def value(self, block: Any) -> Any:
        """What the page has been told."""
        node, told = self.demo.id_of(block), {}
        for patch in self.seen(Patch):
            for update in patch.updates:
                if update.node == node:
                    apply_update(told, update)
        return told.get("value")


@contextmanager
def shown(demo: gr.Blocks) -> Iterator[Shown]:
    at = Shown(demo)
    try:
        yield at
    finally:
        at.engine.close_all()


@contextmanager
def refused(kind: type[BaseException], words: str) -> Iterator[None]:
    """Fail unless code inside raises, and says so."""
    said = None
    try:
        yield
    except kind as error:
        said = str(error)
    assert said is not None, f"{kind.__name__} was not raised"
    assert words in said


def until(there: Callable[[], Any]) -> Iterator[None]:
    """For a function that keeps the loop: again and again, until something is there."""
    end = time.monotonic() + LIMIT
    while not there():
        assert time.monotonic() < end, "it has not come"
        yield


async def come(there: Callable[[], Any]) -> None:
    """Wait until something is there; everything else goes on meanwhile."""
    while not there():  # noqa: ASYNC110 - conditions of all kinds
        await asyncio.sleep(0)


def app(fn: Callable[..., Any], **listener: Any) -> tuple[gr.Blocks, Any, Any]:
    """``(app, button, output)``: one function without inputs, and what shows its value."""
    with gr.Blocks() as demo:
        out = gr.Textbox()
        button = gr.Button()
        button.click(fn, None, out, api_name="fn", **listener)
    return demo, button, out
