"""Files on the wire: pieces that pages send, and pieces of large values that they ask for.

Both travel beside the count of messages: what is lost is asked for again by the page.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import UNSET

from ..block import Block
from ..protocol import (
    CHUNK,
    MOST_PIECES,
    Abandon,
    Binary,
    BlobId,
    Fetch,
    Json,
    NodeId,
    PageId,
    Part,
    Piece,
    Received,
    ToPage,
    Upload,
    UploadId,
    UploadReference,
    UploadState,
)
from .blobs import Blobs
from .uploads import AWAY_LIMIT, IDLE_LIMIT, UploadedFile, Uploads

if TYPE_CHECKING:
    from .session import Session

log = logging.getLogger("ipyblocks")


class Bulk:
    """The files of one session. Loop thread only.

    Args:
        aside: sends a message at once, beside the count.
        ended: see :class:`~ipyblocks.runtime.uploads.Uploads`.

    Attributes:
        uploads: what pages have sent, and are sending.
        blobs: the large values that pages may ask for.
        refused: how many files, pieces and questions were not accepted.
    """

    def __init__(
        self,
        session: Session,
        aside: Callable[[ToPage], None],
        ended: Callable[[NodeId, str | None], None],
    ) -> None:
        engine = session.engine
        self._session = session
        self._aside = aside
        self._sweep: asyncio.TimerHandle | None = None
        self._away: asyncio.TimerHandle | None = None
        self.uploads = Uploads(engine.options.max_file_size, engine.loop.time, ended)
        self.blobs = Blobs()
        self.refused = 0
        self._lent: dict[int, tuple[Binary, float]] = {}

    # --- to the kernel ---------------------------------------------------------------------------

    def begin(self, page: PageId, message: Upload, block_of: Callable[[], Block]) -> None:
        """A page will send a file, if it may."""
        try:
            block_of()
            self.uploads.begin(page, message)
        except (ValueError, OSError) as error:
            log.warning("Refused a file of the page: %s", error)
            self.uploads.refuse((page, message.upload), str(error))
            self._answer(page, message.upload, "refused", 0, str(error))
            return
        self._sweep_later()

    def abandon(self, page: PageId, message: Abandon) -> None:
        """The person has taken a file back, or the page that sent it was left."""
        whose = page if message.page is UNSET else message.page
        self.uploads.abandon(whose, message.upload)

    def page_came(self) -> None:
        """There is a new page: perhaps another one loaded anew, which could not say that its files
        do not come.
        """
        if self._away is not None:
            self._away.cancel()
        if self.uploads.open > 0:
            self._away = self._session.engine.loop.call_later(1.1 * AWAY_LIMIT, self._drop_away)

    def _drop_away(self) -> None:
        self._away = None
        self.uploads.drop_idle(AWAY_LIMIT)

    def take(self, page: PageId, message: Piece | Fetch) -> None:
        """A message beside the count."""
        try:
            if isinstance(message, Piece):
                self._piece(page, message)
            else:
                self._fetch(page, message)
        except Exception:
            self.refused += 1
            log.exception("A piece of a file could not be processed.")

    def _piece(self, page: PageId, message: Piece) -> None:
        before = self.uploads.to_check(page, message.upload)
        answer = self.uploads.receive(page, message)
        file = self.uploads.to_check(page, message.upload)
        if file is not None and before is None:
            self._check((page, message.upload), file)
        elif answer is not None:
            self._answer(page, message.upload, *answer)
        else:
            self.refused += 1  # its announcement is lost, or there never was one

    def _check(self, key: tuple[PageId, UploadId], file: UploadedFile) -> None:
        """Let the component look at a whole file, in a thread where that takes a while."""
        block = self._session.scene.block(file.node)
        current = None if block is None else self._session.current(block)
        if current is None or type(current).check_upload is Block.check_upload:
            self._checked(key, file, None)
            return
        post = self._session.engine.thread.post
        # So that the page does not take the silence for a loss.
        self._answer(*key, "going", file.size, None)

        def look() -> None:
            why = None
            try:
                current.check_upload(file.path)
            except Exception as error:  # noqa: BLE001 - also of a file that is gone by now
                why = str(error)
            post(self._checked, key, file, why)

        self._session.engine.runner.submit(look)

    def _checked(self, key: tuple[PageId, UploadId], file: UploadedFile, why: str | None) -> None:
        if self._session.closed:
            return
        if why is not None:
            log.warning("Refused a file of the page: %s", why)
            self.uploads.refuse(key, why)
            self._answer(*key, "refused", 0, why)
        elif self.uploads.accept(key):
            self._answer(*key, "whole", file.size, None)

    def _answer(
        self, page: PageId, upload: UploadId, state: UploadState, received: int, why: str | None
    ) -> None:
        self.refused += state == "refused"
        self._aside(
            Received(seq=0, page=page, upload=upload, received=received, state=state, message=why)
        )

    def _sweep_later(self) -> None:
        if self._sweep is None:
            self._sweep = self._session.engine.loop.call_later(IDLE_LIMIT / 2, self._drop_idle)

    def _drop_idle(self) -> None:
        self._sweep = None
        self.uploads.drop_idle()
        oldest = self._session.engine.loop.time() - IDLE_LIMIT
        self._lent = {key: each for key, each in self._lent.items() if each[1] > oldest}
        if self.uploads.open > 0 or self._lent:
            self._sweep_later()

    # --- to the page -----------------------------------------------------------------------------

    def lend(self, binary: Binary) -> None:
        """Keep bytes that are part of no value, until no page has asked for them for ten
        minutes.
        """
        self._lent[id(binary)] = (binary, self._session.engine.loop.time())
        self._sweep_later()

    def _fetch(self, page: PageId, message: Fetch) -> None:
        count = 1 if message.count is UNSET else message.count
        length = CHUNK if message.size is UNSET else message.size
        if not (1 <= count <= MOST_PIECES and 1 <= length <= CHUNK):
            self.refused += 1
            log.warning("A page asked for %d pieces of %d bytes at once.", count, length)
            return
        binary = self.blobs.get(message.blob)
        size = message.offset + 1 if binary is None else binary.size
        if not (self.blobs.was_given(message.blob) and 0 <= message.offset < size):
            self.refused += 1
            log.warning("A page asked for bytes that no value has.")
        elif binary is not None and id(binary) in self._lent:
            self.lend(binary)
        end = min(size, message.offset + count * length)
        self._part(page, message.blob, message.offset, length, end)

    def _part(self, page: PageId, blob: BlobId, offset: int, length: int, end: int) -> None:
        """Send one piece, and the others up to ``end`` behind whatever else is due."""
        if self._session.closed:
            return
        binary = self.blobs.get(blob)
        chunk = None
        if binary is not None and 0 <= offset < binary.size:
            try:
                data = binary.piece(offset, length)
                chunk = Binary(data=data, mime_type="application/octet-stream")
            except OSError as error:
                log.warning("A file that the page asked for cannot be read: %s", error)
        self._aside(Part(seq=0, page=page, blob=blob, offset=offset, chunk=chunk))
        offset += length
        if chunk is not None and offset < end:
            loop = self._session.engine.loop
            loop.call_soon(self._part, page, blob, offset, length, end)

    # --- values ----------------------------------------------------------------------------------

    def resolve(self, page: PageId, node: NodeId, value: Json) -> Json:
        """A value of a page with the files that it refers to, also inside lists and dicts.

        Raises:
            ValueError: one is not complete, not known, or gone.
        """
        if isinstance(value, UploadReference):
            return self.uploads.use(page, value.upload, node)
        if isinstance(value, list):
            return [self.resolve(page, node, item) for item in value]
        if isinstance(value, dict):
            return {name: self.resolve(page, node, item) for name, item in value.items()}
        return self.blobs.resolve(value)

    def close(self) -> None:
        """Delete and forget everything."""
        for timer in (self._sweep, self._away):
            if timer is not None:
                timer.cancel()
        self._lent.clear()
        self.uploads.close()
        self.blobs.close()
