"""The kernel's end of the link that the fuzz breaks: a real engine, asked by lines of JSON.

Time stands still but for what ``advance`` says, and every answer comes when nothing is left to do,
so a conversation is the same each time it is held.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from typing import Any, TextIO

import ipyblocks as gr
from ipyblocks.codec import Packet
from ipyblocks.runtime.backends.inline import Inline
from ipyblocks.runtime.engine import Engine

ROUNDS = 30
"""Turns of the loop within which a function that waits for nothing has ended."""


class StillLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose clock is moved by hand."""

    moved = 0.0

    def time(self) -> float:
        return self.moved


class Session:
    """One app with everything that a page can do to it, and what became of it."""

    def __init__(self) -> None:
        self.down: list[Packet] = []
        self.clicks = 0
        self.heard: list[str] = []
        self.steps = asyncio.Semaphore(0)
        self.engine = Engine(self._app())
        self.engine.runner._pool.shutdown()
        self.engine.runner._pool = Inline(self.engine.loop)  # type: ignore[assignment]
        self.session = self.engine.open(self.down.append)
        self.begun: list[int] = []
        self.ended: list[int] = []
        teller = self.engine.teller
        started, ended = teller.started, teller.ended
        teller.started = lambda task: (self.begun.append(task.id), started(task))[1]  # type: ignore[method-assign]
        teller.ended = lambda task: (self.ended.append(task.id), ended(task))[1]  # type: ignore[method-assign]

    def _app(self) -> gr.Blocks:
        async def clicked() -> str:
            self.clicks += 1
            print(f"click {self.clicks}")
            return str(self.clicks)

        async def heard(text: str) -> str:
            self.heard.append(text)
            return text.upper()

        async def told() -> AsyncIterator[Any]:
            history = []
            for turn in range(4):
                await self.steps.acquire()
                history.append({"turn": turn, "text": "word " * 50})
                yield history, "so far: " + "word " * 60 * (turn + 1)

        async def failed() -> None:
            raise gr.Error("as asked")

        with gr.Blocks() as demo:
            source, echo = gr.Textbox("a"), gr.Textbox()
            source.change(heard, source, echo)
            button, count = gr.Button("Count"), gr.Textbox("0")
            button.click(clicked, None, count, trigger_mode="multiple", concurrency_limit=None)
            stream, history, story = gr.Button("Tell"), gr.JSON([]), gr.Textbox()
            stream.click(told, None, [history, story], trigger_mode="multiple")
            fail = gr.Button("Fail")
            fail.click(failed, trigger_mode="multiple")
            level = gr.Slider(0, 100, 5)

            @gr.render(inputs=level, triggers=[level.release])
            def built(amount: float) -> None:
                gr.Textbox(f"part {amount}", key="part")

        self.ids = {
            name: demo.id_of(block)
            for name, block in {
                "source": source, "button": button, "stream": stream, "fail": fail, "level": level
            }.items()
        }  # fmt: skip
        return demo

    async def settle(self) -> None:
        for _ in range(ROUNDS):
            await asyncio.sleep(0)
        await self.session.settle()

    def state(self) -> dict[str, Any]:
        """What a page must have in the end."""
        packet = self.session.snapshot()
        return {
            "snapshot": packet.content,
            "clicks": self.clicks,
            "heard": self.heard,
            "begun": self.begun,
            "ended": self.ended,
            "tasks": len(self.session.tasks),
            "log": "".join(entry.text for entry in self.session.journal.all()),
            "unconfirmed": self.session._out._credit.outstanding,
            "held": len(self.session._out._messages),
        }


def answer(session: Session | None, asked: dict[str, Any]) -> tuple[Session | None, dict[str, Any]]:
    """One question and its answer."""
    if "open" in asked:
        session = Session()
        return session, {"ids": session.ids}
    assert session is not None
    engine, said = session.engine, {}
    loop = engine.loop
    assert isinstance(loop, StillLoop)
    if "up" in asked:
        buffers = [base64.b64decode(each) for each in asked["buffers"]]
        session.session.receive(asked["up"], buffers)
    elif "step" in asked:
        engine.thread.call(session.steps.release)
    elif "advance" in asked:
        loop.moved += asked["advance"]
    engine.thread.run(session.settle()).result()
    if "state" in asked:
        said = engine.thread.call(session.state)
    down, session.down[:] = list(session.down), []
    if "close" in asked:
        engine.close_all()
        session = None
    return session, {**said, "down": [_plain(packet) for packet in down]}


def _plain(packet: Packet) -> dict[str, Any]:
    buffers = [base64.b64encode(each).decode() for each in packet.buffers]
    return {"content": packet.content, "buffers": buffers}


def main(questions: TextIO, answers: TextIO) -> None:
    """Answer until there are no more questions."""
    asyncio.new_event_loop = StillLoop  # type: ignore[assignment]
    session: Session | None = None
    for line in questions:
        session, said = answer(session, json.loads(line))
        answers.write(json.dumps(said) + "\n")
        answers.flush()


if __name__ == "__main__":
    # What functions print is the app's; anything else must not get among the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    main(sys.stdin, answers)
