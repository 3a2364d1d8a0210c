"""What a session's pages send: each message once, in order; what may not be is refused."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import assert_never

from ..protocol import (
    PROTOCOL,
    Abandon,
    Cancel,
    Dismiss,
    End,
    Event,
    Fetch,
    Hello,
    JsResult,
    PageId,
    Piece,
    Refused,
    Retry,
    Set,
    Stored,
    Submit,
    ToKernel,
    ToKernelFrame,
    Upload,
)
from . import requests, snapshot
from .inbound import editable, event_of, props_of
from .outbound import Outbound, numbered

if TYPE_CHECKING:
    from .session import Session

log = logging.getLogger("ipyblocks")

LEAVES_AFTER = 10.0
"""Seconds that other pages have to say that they still show an app which one page shows no more."""

MAX_PAGES = 64
"""Pages whose place in their own count is remembered; a reload makes a new page."""


@dataclass
class _Page:
    """What is known of one page: the ``seq`` of its last message that was processed."""

    seq: int = 0


class Inbox:
    """Takes the messages of a session's pages. Loop thread only.

    Args:
        out: says what has been taken, and what was not.

    Attributes:
        refused: how many messages were not accepted.
    """

    def __init__(self, session: Session, out: Outbound) -> None:
        self.refused = 0
        self._session = session
        self._out = out
        self._pages: dict[PageId, _Page] = {}
        self._loaded = False
        self._left: PageId | None = None
        self._leaving: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Wait for nobody."""
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def pages(self) -> int:
        """How many pages are known."""
        return len(self._pages)

    def last_page(self) -> PageId | None:
        """The page that spoke last; None while none has."""
        return next(reversed(self._pages), None)

    def handle(self, frame: ToKernelFrame) -> None:
        """Process a decoded frame, message by message; one that fails harms no other."""
        if frame.page != self._left:
            self.close()
        counted = any(message.seq > 0 for message in frame.messages)
        page = self._page(frame.page, counted)
        for message in frame.messages:
            if isinstance(message, (Piece, Fetch)):
                self._session.bulk.take(frame.page, message)
                continue
            if isinstance(message, Hello):
                # Never back: what a hello is followed by may have been processed, its answer lost.
                page.seq = max(page.seq, message.seq)
            elif message.seq <= page.seq:
                continue  # a resend of what has been processed
            elif message.seq > page.seq + 1:
                break  # one before it has not come; all that follow are sent again behind it
            else:
                page.seq = message.seq
            try:
                self._handle_one(frame.page, message)
            except ValueError as error:
                self._refuse(frame.page, message, str(error))
            except Exception:
                log.exception("A message from the page could not be processed.")
                self._refuse(frame.page, message, "The kernel could not process this.")
        if self._session.closed:
            return
        self._out.acked(frame.ack)
        if page.seq < frame.last:
            self._out.missing(frame.page)
        if counted or frame.ask is True:
            # Alone it would be a frame of its own, and take the start of a quick handler with it.
            waits = any(isinstance(message, Hello) for message in frame.messages)
            self._out.ack(frame.page, page.seq, urgent=waits or frame.ask is True)

    def _page(self, page: PageId, speaks: bool) -> _Page:
        # Confirming what has come is not speaking: a tab in the background does it as well.
        if page not in self._pages:
            self._session.bulk.page_came()
        known = self._pages.get(page) or _Page()
        if speaks:
            self._pages.pop(page, None)
        self._pages[page] = known
        while len(self._pages) > MAX_PAGES:
            del self._pages[next(iter(self._pages))]
        return known

    def _handle_one(self, page: PageId, message: ToKernel) -> None:
        session, engine = self._session, self._session.engine
        match message:
            case Hello():
                self._hello(page, message)
            case Set():
                self._set(page, message)
            case Event():
                block, data = event_of(session, page, message)
                engine.dispatch(session, block, message.name, data)
            case Cancel():
                engine.cancel(session, message.task)
            case Retry():
                session.failures.retry(message.task)
            case Dismiss():
                session.failures.dismiss(message.task)
            case JsResult():
                engine.js_result(session, message)
            case Stored():
                try:
                    session.stores.stored(message.values)
                finally:
                    self._load()
            case Submit():
                requests.call(engine, session, page, message)
            case End():
                self._end(page)
            case Upload():
                session.bulk.begin(page, message, lambda: editable(session, message.node))
            case Abandon():
                session.bulk.abandon(page, message)
            case Piece() | Fetch():
                session.bulk.take(page, message)
            case _:
                assert_never(message)

    def _end(self, page: PageId) -> None:
        """A page shows the app no more. The session ends when no other does; which of them are
        still there, only they can say.
        """
        self._pages.pop(page, None)
        self.close()
        if not self._pages:
            self._session.leave()
            return
        self._left = page
        self._leaving = self._session.engine.loop.call_later(LEAVES_AFTER, self._session.leave)
        self._out.ask()

    def refuse_unreadable(self, why: str) -> None:
        """A packet that is no frame came; nobody knows from which page."""
        self.refused += 1
        log.warning("A message from the page was not understood and dropped: %s", why)

    def _refuse(self, page: PageId, message: ToKernel, why: str) -> None:
        self.refused += 1
        log.warning("Refused a message from the page: %s", why)
        self._out.put(numbered(Refused, page=page, refused=message.seq, message=why))
        if isinstance(message, Set):
            self._send_truth(message)
            # It may have been the value with the file that runs wait for.
            self._session.held.failed(message.node, why)

    def _send_truth(self, message: Set) -> None:
        """Undo at the page what it showed before it was refused."""
        block = self._session.scene.block(message.node)
        if block is None or not block.on_page:
            return
        known = {p.wire_name: p for p in block._wired}
        props = self._session.props(message.node)
        self._out.update(
            message.node,
            {n: props.get(n, known[n].wire_default) for n in message.props if n in known},
        )

    def _hello(self, page: PageId, message: Hello) -> None:
        session, again = self._session, False
        knows = message.epoch == session.epoch and self._out.is_all(message.seen)
        # A snapshot says nothing of what has failed.
        knows = knows and len(session.failures) == 0
        if message.protocol == PROTOCOL and knows:
            for node, value in snapshot.secrets(session):
                self._out.update(node, {"value": value})
        else:
            acks = {str(page): self._pages[page].seq}
            self._out.welcome(lambda seq: snapshot.welcome(session, page, seq, secret=True), acks)
            again = True
        for task in session.tasks.values():
            # Whom it asked before may be gone. A page that has missed nothing is still at it.
            if task.in_js and (again or task.js_page != page):
                requests.ask_js(session, task)
        # Functions of ``load`` find what the browser keeps.
        if message.protocol == PROTOCOL and not session.stores.ask(page):
            self._load()

    def _load(self) -> None:
        """The first page is there, and has said what its browser keeps."""
        if not self._loaded:
            self._loaded = True
            self._session.timers.start()
            self._session.engine.dispatch(self._session, self._session.tree, "load", None)

    def _set(self, page: PageId, message: Set) -> None:
        block, props = props_of(self._session, page, message)
        self._session.edit(block, message.node, props, others=len(self._pages) > 1)
