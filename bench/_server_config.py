"""Configuration of the benches' JupyterLab: kernel sockets without Nagle's algorithm, on demand.

Jupyter Server leaves it on, and then most answers of a kernel wait some 40 ms for the browser's
acknowledgement of the status message before them. That is longer than everything an app does, and
hides it; so the benches look at both.
"""

import os
from pathlib import Path

from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

flag = Path(os.environ["IPYBLOCKS_BENCH_NO_DELAY"])
opened = KernelWebsocketHandler.open


def open_without_delay(self, *args, **kwargs):
    if flag.exists():
        self.set_nodelay(True)
    return opened(self, *args, **kwargs)


KernelWebsocketHandler.open = open_without_delay
