"""The part of ipyblocks that runs in Jupyter Server: kernel sockets that do not hold messages back.

A kernel answers a click with several small messages. With Nagle's algorithm, which Jupyter Server
leaves on, the second one waits until the browser has acknowledged the first: some 40 ms, more than
all else takes together.

A package of its own, for a server that loads it has no use for the half that runs in kernels.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from traitlets import Bool
from traitlets.config import LoggingConfigurable

try:
    __version__ = version("ipyblocks")
except PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0.0.0"

CONNECTION = "kernel_websocket_connection_class"
"""Where Jupyter Server 2 keeps the class that ties a browser's socket to a kernel."""

OPTION = "ipyblocksTcpNoDelay"
"""What tells the page, in the configuration that JupyterLab and Notebook send with their HTML."""


class IPyBlocksServer(LoggingConfigurable):
    """Settings of the extension, for ``jupyter_server_config.py`` and the command line."""

    tcp_nodelay = Bool(
        True,
        help="Send each message of a kernel to the browser at once (TCP_NODELAY). False leaves the "
        "sockets as Jupyter Server makes them.",
    ).tag(config=True)

    def install(self, settings: dict[str, Any]) -> bool:
        """Make kernel sockets that are opened from now on send at once.

        The class in use is extended, whichever it is: the default, the gateway's, or one that was
        configured. No other server of this process is touched.

        Args:
            settings: of the server's web application.

        Returns:
            Whether they will: false when it is switched off, or when this server's sockets are made
            in another way.
        """
        connection = settings.get(CONNECTION)
        if not self.tcp_nodelay:
            self.log.debug("ipyblocks_server: tcp_nodelay is off; kernel sockets stay as they are")
            return False
        if not isinstance(connection, type) or not callable(getattr(connection, "connect", None)):
            self.log.info(
                "ipyblocks_server: found no %s with connect() in this server; kernel sockets stay "
                "as they are",
                CONNECTION,
            )
            return False
        settings[CONNECTION] = prompt(connection)
        return True


def prompt(connection: type) -> type:
    """A class like ``connection`` whose websocket sends each message at once."""

    def connect(self: Any) -> Any:
        send_at_once(self)
        return connection.connect(self)  # type: ignore[attr-defined]

    # The same name: logs show it, and configuration is written under it.
    names = {
        "connect": connect,
        "__module__": connection.__module__,
        "__qualname__": connection.__qualname__,
        "__doc__": connection.__doc__,
    }
    return type(connection)(connection.__name__, (connection,), names)


def send_at_once(connection: Any) -> None:
    """Set ``TCP_NODELAY`` on the websocket of a connection that has just been opened.

    Sockets that have no such option, like Unix domain sockets, are left as they are.
    """
    try:
        connection.websocket_handler.set_nodelay(True)
    except Exception as error:  # noqa: BLE001 - another's socket; messages matter more than their speed
        connection.log.debug("ipyblocks_server: a kernel socket without TCP_NODELAY: %r", error)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "ipyblocks_server"}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    settings = serverapp.web_app.settings
    is_on = IPyBlocksServer(parent=serverapp).install(settings)
    settings.setdefault("page_config_data", {})[OPTION] = is_on
