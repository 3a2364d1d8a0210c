"""Variables, parts and actions in sessions: what their tests share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ipyblocks.reactive import Button
from ipyblocks.runtime import snapshot

from ..conftest import LIMIT

Show = Callable[..., Any]


@pytest.fixture(autouse=True)
def every_test(nothing_looked_at: None) -> None:
    """Every test of this folder is checked for what is still looked at."""


def reloaded(shown: Any) -> Any:
    """The welcome that a page gets which comes now."""
    return shown.on_loop(lambda: snapshot.welcome(shown.session, None, 0, secret=True))


def drawn(shown: Any) -> Any:
    """What a page that comes now draws: values of texts and fields, as nested lists."""
    nodes = {node.id: node for node in reloaded(shown).nodes}

    def of(node: Any) -> Any:
        if node.children is msgspec.UNSET:
            return node.props.get("value", "")
        return [of(nodes[child]) for child in node.children]

    return of(nodes[0])


def settle(shown: Any) -> Any:
    shown.engine.wait_idle()
    return drawn(shown)


def press(shown: Any, caption: str) -> None:
    blocks = shown.on_loop(shown.session.scene.blocks)
    node = next(n for n, b in blocks if isinstance(b, Button) and b.value == caption)
    shown.page.fire(node, "click")
    shown.engine.wait_idle()


def texts(drawn: Any) -> list[str]:
    """What is drawn, however deep."""
    return [drawn] if isinstance(drawn, str) else [text for each in drawn for text in texts(each)]


def until(condition: Callable[[], Any]) -> None:
    """Wait for what another thread does, without a clock of its own."""
    ended = threading.Event()
    timer = threading.Timer(LIMIT, ended.set)
    timer.start()
    try:
        while not condition():
            assert not ended.is_set(), "it never came true"
            ended.wait(0.001)
    finally:
        timer.cancel()
        timer.join()
