"""What an app costs on the wire, in messages and bytes: the same in every run on every machine.

``test/python/test_counts.py`` holds them to their limits.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import ipyblocks as gr
from ipyblocks.codec import Packet
from ipyblocks.runtime.engine import Engine
from ipyblocks.transport.loopback import LoopbackPage

TREE_REACH = 400_000


def size(packet: Packet) -> int:
    """Bytes of the packet as jupyter_client writes it, without the envelope that is Jupyter's."""
    content = {"method": "custom", "content": packet.content}
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    return len(text.encode()) + sum(len(buffer) for buffer in packet.buffers)


def tree(count: int) -> int:
    """Bytes of the snapshot of an app with ``count`` text fields."""
    with gr.Blocks() as demo:
        for i in range(count):
            gr.Textbox(f"value {i}", label=f"Field {i}")
    engine = Engine(demo)
    page = LoopbackPage(engine)
    try:
        return size(engine.thread.call(page.session.snapshot))
    finally:
        engine.close_all()


@dataclass(frozen=True)
class Cost:
    """Of one event: frames up and down, their bytes, and the types of the messages down."""

    up: int
    up_bytes: int
    down: int
    down_bytes: int
    messages: tuple[str, ...]


def click() -> Cost:
    """A click whose function reads one field and fills another."""

    async def greet(name: str) -> str:  # on the loop: no thread whose speed could matter
        return f"Hello, {name}!"

    with gr.Blocks() as demo:
        name, greeting, button = gr.Textbox("Ada"), gr.Textbox(), gr.Button()
        button.click(greet, name, greeting)
    return cost(demo, lambda page: page.fire(button._id or 0, "click"))


def edit() -> Cost:
    """An edit that a ``change`` listener copies to another field."""

    async def copy(text: str) -> str:
        return text

    with gr.Blocks() as demo:
        source, target = gr.Textbox(), gr.Textbox()
        source.change(copy, source, target)
    return cost(demo, lambda page: page.set(source._id or 0, value="Ada"))


def stream(steps: int) -> list[int]:
    """Bytes of every frame of a text that grows by ten letters a frame."""
    pages: list[LoopbackPage] = []

    async def tell() -> AsyncIterator[str]:
        told = ""
        for _ in range(steps):
            told += "ten lette "
            yield told
            await pages[0].session.settle()  # in frames that do not depend on the clock

    with gr.Blocks() as demo:
        story, button = gr.Textbox(), gr.Button()
        button.click(tell, None, story)
    engine = Engine(demo)
    page = LoopbackPage(engine)
    pages.append(page)
    try:
        page.hello()
        page.idle()
        known = len(page.packets)
        page.fire(button._id or 0, "click")
        page.wait_for(lambda message: type(message).__name__ == "Done")
        return [size(packet) for packet in page.packets[known:]]
    finally:
        engine.close_all()


def cost(demo: gr.Blocks, act: Any) -> Cost:
    """Of what ``act`` does at a page of the app that has been idle."""
    engine = Engine(demo)
    page = LoopbackPage(engine)
    try:
        page.hello()
        page.idle()
        known, told = len(page.packets), len(page.messages)
        sent: list[Packet] = []
        receive = page.session.receive

        def count(content: Any, buffers: Any = ()) -> None:
            sent.append(Packet(content, list(buffers)))
            receive(content, buffers)

        page.session.receive = count  # type: ignore[method-assign]
        act(page)
        page.wait_for(lambda message: type(message).__name__ == "Done")
        page.idle()
        down = page.packets[known:]
        return Cost(
            len(sent),
            sum(map(size, sent)),
            len(down),
            sum(map(size, down)),
            tuple(type(message).__name__ for message in page.messages[told:]),
        )
    finally:
        engine.close_all()


def counted(unit: str, value: int) -> dict[str, object]:
    return {"unit": unit, "median": value}


def main() -> None:
    figures = {f"tree of {n} fields": counted("bytes", tree(n)) for n in (10, 100, 1000)}
    for name, found in (("click", click()), ("edit", edit())):
        figures[f"{name}, page to kernel"] = counted("messages", found.up)
        figures[f"{name}, page to kernel, size"] = counted("bytes", found.up_bytes)
        figures[f"{name}, kernel to page"] = counted("messages", found.down)
        figures[f"{name}, kernel to page, size"] = counted("bytes", found.down_bytes)
    figures["ten letters more of a text of 10000"] = counted("bytes", stream(1000)[-2])
    verdict = {"value": tree(1000), "reach": TREE_REACH, "of": "bytes"}
    print(json.dumps({"figures": figures, "verdicts": {"tree of 1000 fields": verdict}}))


if __name__ == "__main__":
    main()
