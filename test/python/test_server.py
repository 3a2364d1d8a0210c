"""The server extension: in a real Jupyter Server, and in what others make of one."""

from __future__ import annotations

import http.cookiejar
import json
import logging
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import websocket
from traitlets import Int
from traitlets.config import Config, LoggingConfigurable

import ipyblocks_server as extension
from ipyblocks_server import CONNECTION, IPyBlocksServer

pytestmark = pytest.mark.slow

LIMIT = 300
"""Seconds that the server and its kernels may take to start or to answer."""

# Asks the operating system about the sockets that the server has accepted for kernels.
PROBE = """
import json, socket
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

class Probe(JupyterHandler):
    def get(self):
        sockets = [
            each.websocket_handler.ws_connection.stream.socket
            for each in ZMQChannelsWebsocketConnection._open_sockets
        ]
        options = [each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in sockets]
        self.finish(json.dumps([bool(each) for each in options]))

def _jupyter_server_extension_points():
    return [{"module": "ipyblocks_probe"}]

def _load_jupyter_server_extension(serverapp):
    serverapp.web_app.add_handlers(".*$", [("/probe", Probe)])

async def _start_jupyter_server_extension(serverapp):
    # by now the server listens; what it logs of its address comes earlier
    print(f"http://127.0.0.1:{serverapp.port}/", flush=True)
"""


class Server:
    """A Jupyter Server in a process of its own, as those who ask it over HTTP see it."""

    def __init__(self, address: str) -> None:
        self.address = address
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        # never by way of a proxy of the environment
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

    def ask(self, path: str, method: str = "GET", data: bytes | None = None) -> str:
        request = urllib.request.Request(self.address + path, data=data, method=method)
        request.add_header("Authorization", "token secret")
        with self._opener.open(request, timeout=LIMIT) as answer:
            return str(answer.read().decode())

    def page_option(self, path: str) -> object:
        """What the extension tells a page at this path; None when it says nothing."""
        found = re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', self.ask(path), re.S)
        assert found is not None, f"{path} is no page of JupyterLab or Notebook"
        return json.loads(found[1]).get(extension.OPTION)

    def kernel_sockets(self) -> list[bool]:
        """Open a kernel's socket and have the kernel answer on it; ``TCP_NODELAY`` of all."""
        kernel = json.loads(self.ask("api/kernels", "POST", b"{}"))["id"]
        address = self.address.replace("http", "ws", 1)
        socket = websocket.create_connection(
            f"{address}api/kernels/{kernel}/channels?session_id=1&token=secret",
            timeout=LIMIT,
            http_no_proxy=["127.0.0.1"],
        )
        with closing(socket):
            header = {"msg_id": "1", "msg_type": "kernel_info_request", "session": "1"}
            header |= {"username": "", "version": "5.3"}
            rest = {"parent_header": {}, "metadata": {}, "content": {}, "channel": "shell"}
            socket.send(json.dumps({"header": header, **rest}))
            socket.recv()
            sockets = json.loads(self.ask("probe"))
        self.ask(f"api/kernels/{kernel}", "DELETE")
        return [bool(each) for each in sockets]


@contextmanager
def server(folder: Path, *flags: str) -> Iterator[Server]:
    """Start a server that reads no settings but those that came with the installed packages."""
    (folder / "ipyblocks_probe.py").write_text(PROBE, encoding="utf-8")
    home = {name: str(folder / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    env = os.environ | home | {"JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    env |= {"IPYTHONDIR": str(folder / "ipython"), "JUPYTER_TOKEN": "secret"}
    env |= {"PYTHONPATH": str(folder), "JUPYTER_PREFER_ENV_PATH": "1"}
    own = ["--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"]
    own += [f"--MappingKernelManager.kernel_info_timeout={LIMIT}"]
    own += [f"--ServerApp.root_dir={folder}", "--ServerApp.log_level=ERROR"]
    own += ["--ServerApp.jpserver_extensions=ipyblocks_probe=True"]
    command = [sys.executable, "-m", "jupyter_server", *own, *flags]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            assert address, "the server did not start; what it said is above"
            yield Server(address)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=LIMIT)


def test_installed_it_is_on_and_pages_are_told(tmp_path: Path) -> None:
    with server(tmp_path) as running:
        assert running.kernel_sockets() == [True]
        assert running.page_option("lab") is True
        assert running.page_option("tree") is True


def test_configuration_switches_it_off_and_pages_are_told(tmp_path: Path) -> None:
    with server(tmp_path, "--IPyBlocksServer.tcp_nodelay=False") as running:
        assert running.kernel_sockets() == [False]
        assert running.page_option("lab") is False
        assert running.page_option("tree") is False


# --- in what others make ----------------------------------------------------------------------


class Connection(LoggingConfigurable):
    """In the place of Jupyter Server's; it only records what happens to it."""

    rate = Int(1).tag(config=True)

    def __init__(self, handler: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self.websocket_handler = handler
        self.calls: list[str] = []

    def connect(self) -> str:
        self.calls.append("connect")
        return "connected"


class Handler:
    def __init__(self) -> None:
        self.options: list[bool] = []

    def set_nodelay(self, value: bool) -> None:
        self.options.append(value)


def installed(**settings: Any) -> dict[str, Any]:
    settings = {CONNECTION: Connection, **settings}
    assert IPyBlocksServer().install(settings)
    return settings


def test_the_class_in_use_is_extended_and_keeps_its_name_and_its_settings() -> None:
    made = installed()[CONNECTION]
    assert issubclass(made, Connection)
    assert (made.__name__, made.__module__) == ("Connection", Connection.__module__)
    handler = Handler()
    connection = made(handler, config=Config(Connection={"rate": 7}))
    assert connection.connect() == "connected"
    assert (connection.rate, connection.calls, handler.options) == (7, ["connect"], [True])
    # the class itself belongs to all servers of the process
    Connection(untouched := Handler()).connect()
    assert untouched.options == []


class Raises:
    def set_nodelay(self, value: bool) -> None:
        raise OSError("no such option")


@pytest.mark.parametrize("handler", [None, object(), Raises()])
def test_a_socket_without_the_option_is_connected_all_the_same(handler: object) -> None:
    connection = installed()[CONNECTION](handler)
    assert connection.connect() == "connected"
    assert connection.calls == ["connect"]


@pytest.mark.parametrize("settings", [{}, {CONNECTION: None}, {CONNECTION: object}])
def test_a_server_made_in_another_way_is_left_alone(
    settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    log = logging.getLogger("test_server")
    before = dict(settings)
    with caplog.at_level(logging.INFO, log.name):
        assert not IPyBlocksServer(log=log).install(settings)
    assert settings == before
    assert "kernel sockets stay as they are" in caplog.text


def test_switched_off_it_touches_nothing() -> None:
    settings = {CONNECTION: Connection}
    assert not IPyBlocksServer(tcp_nodelay=False).install(settings)
    assert settings == {CONNECTION: Connection}


def test_the_server_loads_nothing_of_the_half_that_runs_in_kernels() -> None:
    code = "import sys, ipyblocks_server; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=LIMIT
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "ipyblocks_server" in loaded
    assert not loaded & {"ipyblocks", "msgspec", "ipywidgets", "IPython", "jupyter_server"}
