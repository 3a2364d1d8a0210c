"""``gr.Request``: who asks, for a handler with a parameter of that type."""

from __future__ import annotations

import getpass
from typing import Any


class Request:
    """The event that is being handled, as Gradio's handlers know it.

    An app in a cell is reached over the notebook's own connection, so there are no headers,
    cookies or query parameters: they are empty, not absent, and code that reads them goes on.

    Attributes:
        session_hash: names the session; the same for all events of one showing.
        username: who runs the kernel.
        headers, query_params, path_params, cookies: empty.
        client: None; there is no network peer.
        url: empty.
    """

    def __init__(self, session_hash: str, username: str | None = None) -> None:
        self.session_hash = session_hash
        self.username = username or _user()
        self.headers: dict[str, str] = {}
        self.query_params: dict[str, str] = {}
        self.path_params: dict[str, Any] = {}
        self.cookies: dict[str, str] = {}
        self.client = None
        self.url = ""


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container without a user database
        return None
