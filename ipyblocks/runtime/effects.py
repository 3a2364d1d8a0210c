"""What the browser of one page is asked to do, once. Callable from any thread.

``page`` is :meth:`Session.last_page`: the page of the person whose press has led here. None, when
no page has spoken yet: there is nothing to do, and the kernel's log says so.
"""

from __future__ import annotations

import logging
import mimetypes
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from ..files import LARGE, OTHER
from ..protocol import (
    Binary,
    CopyText,
    Effect,
    OpenUrl,
    PageId,
    SaveFile,
    Toast,
    ToastLevel,
)
from .outbound import numbered

if TYPE_CHECKING:
    from .session import Session

log = logging.getLogger("ipyblocks")

SCHEMES = ("http", "https", "mailto")
"""What an address may begin with; one without a scheme is relative to the notebook's page."""

# Browsers drop some of these from an address, and with them what kept it from being another.
_NOT_IN_URLS = re.compile(r"[\x00-\x20\x7f\\]")


def notify(
    session: Session,
    level: ToastLevel,
    message: str,
    title: str = "",
    duration: float | None = None,
    key: str | None = None,
) -> None:
    """Show a short message at every page of the session.

    Args:
        duration: seconds until it goes by itself; None: it stays until it is closed.
        key: one with the key of another takes its place.
    """
    toast = numbered(
        Toast,
        level=level,
        title=title,
        message=message,
        duration=duration,
        key=UNSET if key is None else key,
    )
    session.engine.thread.post(session.put, toast)


def copy(
    session: Session,
    page: PageId | None,
    text: str,
    success: str | None = None,
    error: str | None = None,
) -> None:
    """Put text into the clipboard, and say so.

    Args:
        success, error: what to say when it is there, and when the browser does not let it; None:
            in the page's own words.
    """
    _ask(session, page, CopyText, text=text, success_message=success, error_message=error)


def open_url(session: Session, page: PageId | None, url: str) -> None:
    """Open a page of the web in a new tab.

    Raises:
        ValueError: the address is none of the web.
    """
    _ask(session, page, OpenUrl, url=checked_url(url))


def checked_url(url: str) -> str:
    """The address, if a page may open it.

    Raises:
        ValueError: it is empty, of another scheme, or has characters that no address has.
    """
    if not isinstance(url, str) or not url:
        raise ValueError(f"An address to open must be a text, not {url!r:.60}.")
    if _NOT_IN_URLS.search(url):
        raise ValueError(
            f"{url!r:.200} is no address: spaces, control characters and backslashes must be "
            "percent-encoded, as urllib.parse.quote does."
        )
    scheme, colon, _ = re.split(r"[/?#]", url, maxsplit=1)[0].partition(":")
    if colon and scheme.lower() not in SCHEMES:
        raise ValueError(
            f"{url!r:.200} cannot be opened: a page opens http, https and mailto addresses, and "
            f"such as are relative to the notebook, and nothing of {scheme!r:.40}."
        )
    return url


def download(
    session: Session, page: PageId | None, name: str, mime_type: str, data: bytes | Path
) -> None:
    """Have the browser save a file.

    Args:
        name: file name that the browser proposes.
        mime_type: by default what the name says.
        data: its bytes; those of a large file are copied to the session's folder and read piece by
            piece. The copying is done by the calling thread.

    Raises:
        OSError: the file cannot be read.
        ValueError: there is no name.
    """
    if not name:
        raise ValueError("A file to download needs a name; give it one, as in 'report.csv'.")
    if page is None:
        _nobody(SaveFile)
        return
    mime_type = mime_type or mimetypes.guess_type(name)[0] or OTHER
    binary = _binary(session, name, mime_type, data)
    session.engine.thread.post(_lend_and_send, session, page, binary)


def _binary(session: Session, name: str, mime_type: str, data: bytes | Path) -> Binary:
    if isinstance(data, Path):
        if data.stat().st_size > LARGE:
            return Binary.of_file(session.files.hold(data), mime_type, name)
        data = data.read_bytes()
    return Binary(data=data, mime_type=mime_type, name=name)


def _lend_and_send(session: Session, page: PageId, binary: Binary) -> None:
    if session.closed:
        return
    if binary.size > LARGE:
        # It is part of no value, and the page has only its number.
        session.bulk.lend(binary)
    session.put(
        numbered(
            SaveFile,
            page=page,
            name=binary.name,
            mime_type=binary.mime_type,
            content=binary,
        )
    )


def _ask(session: Session, page: PageId | None, kind: type[Effect], **fields: Any) -> None:
    if page is None:
        _nobody(kind)
    else:
        session.engine.thread.post(session.put, numbered(kind, page=page, **fields))


def _nobody(kind: type[Effect]) -> None:
    log.warning("No page of the app has been heard of, so nobody does this: %s", kind.__name__)
