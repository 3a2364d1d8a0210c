"""What a notebook keeps of a session: a bounded snapshot, and a picture of it in plain HTML.

Without passwords, uploads, tasks and logs. The page writes the same after every change
(``src/host/saved.ts``); this is for the first time, and for those who never get to see the page.
"""

from __future__ import annotations

import html
import json
from base64 import b64encode
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import UNSET

from ..codec import measure, pack
from ..protocol import Binary, Json, Node, NodeId, ToPageFrame
from . import snapshot

if TYPE_CHECKING:
    from .session import Session

VERSION = 1
"""Of the saved form; a page draws no other."""

LIMIT = 1_000_000
"""Characters that a notebook keeps of one app."""

MOST_TEXT = 10_000
"""Characters of one value in the HTML picture."""

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Types of pictures that the HTML shows."""


TD = '<td style="text-align: left">'
"""What opens a value: exports by nbconvert put table cells to the right, and code with them."""


class Saved(NamedTuple):
    """``snapshot`` is JSON, None when the app is too large to be kept; ``html`` has no scripts, and
    no styles but :data:`TD`.
    """

    snapshot: dict[str, Any] | None
    html: str


def of(session: Session, seq: int) -> Saved:
    """The session as it is now. Loop thread only.

    Args:
        seq: number of the last message that it contains.
    """
    welcome = snapshot.welcome(session, None, seq, secret=False)
    nodes = _within(welcome.nodes, LIMIT)
    welcome = msgspec.structs.replace(welcome, nodes=nodes, tasks=[], log=[])
    buffers: list[bytes] = []
    frame = ToPageFrame(epoch=session.epoch, acks={}, last=seq, messages=[welcome])
    content = pack(frame, buffers, "frame")
    kept = {"content": content, "buffers": [b64encode(each).decode() for each in buffers]}
    size = len(json.dumps(content)) + sum(map(len, kept["buffers"]))
    return Saved(kept if size <= LIMIT else None, picture(welcome.app.title, nodes))


# --- within bounds -------------------------------------------------------------------------------


def _within(nodes: list[Node], limit: int) -> list[Node]:
    """Of components that are too large for what is left, a sentence."""
    sizes = {node.id: measure(node) for node in nodes}
    excess = sum(sizes.values()) - limit
    out = set()
    for node in sorted(nodes, key=lambda node: sizes[node.id], reverse=True):
        if excess <= 0:
            break
        if node.children is UNSET:
            out.add(node.id)
            excess -= sizes[node.id]
    return [_left_out(node, sizes[node.id]) if node.id in out else node for node in nodes]


def _left_out(node: Node, size: int) -> Node:
    label = node.props.get("label")
    what = f"{label}: " if isinstance(label, str) and label else ""
    words = f"{what}{size / 1e6:.1f} MB, left out of the saved notebook."
    # Backslashes keep what the label says from being read as Markdown.
    escaped = "".join(f"\\{c}" if not c.isalnum() and not c.isspace() else c for c in words)
    placed = {k: v for k, v in node.props.items() if k in ("visible", "scale", "minWidth")}
    return msgspec.structs.replace(
        node, kind="markdown", props={**placed, "value": escaped}, events=UNSET
    )


# --- a picture in HTML ---------------------------------------------------------------------------


def picture(title: str, nodes: list[Node]) -> str:
    """Labels and values as a table, for readers of the notebook where no app can be drawn."""
    by_id = {node.id: node for node in nodes}
    rows = "\n".join(_rows(nodes[0].id, by_id)) if nodes else ""
    head = f"<p><strong>{html.escape(title)}</strong></p>"
    return f"{head}\n<table>\n{rows}\n</table>"


def _rows(node_id: NodeId, nodes: dict[NodeId, Node]) -> list[str]:
    node = nodes.get(node_id)
    if node is None or node.props.get("visible", True) is not True:
        return []
    label = node.props.get("label")
    name = html.escape(label) if isinstance(label, str) else ""
    if node.children is UNSET:
        value = _cell(node)
        return [f"<tr><th>{name}</th>{TD}{value}</td></tr>"] if name or value else []
    inner = [row for child in node.children for row in _rows(child, nodes)]
    return [f'<tr><th colspan="2">{name}</th></tr>', *inner] if name and inner else inner


def _cell(node: Node) -> str:
    value = node.props.get("value")
    if node.kind == "button":
        return f"[{html.escape(value)}]" if isinstance(value, str) else ""
    if isinstance(value, Binary):
        return _image(value)
    if isinstance(value, str) and node.kind == "html":
        value = _text_of(value)
    text = _words(value, node)
    short = text[:MOST_TEXT] + ("…" if len(text) > MOST_TEXT else "")
    escaped = html.escape(short)
    return f"<pre>{escaped}</pre>" if "\n" in short else escaped


def _words(value: Json, node: Node) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, list) and all(isinstance(each, (str, int, float)) for each in value):
        return ", ".join(map(str, value))
    if node.kind == "label" and isinstance(value, dict):
        parts = value.get("confidences") or []
        return "\n".join([str(value.get("label")), *(_share(each) for each in parts)])
    return json.dumps(pack(value, []), ensure_ascii=False, indent=1)


def _share(part: dict[str, Any]) -> str:
    return f"{part.get('label')}: {part.get('confidence')}"


def _image(value: Binary) -> str:
    if value.mime_type not in PICTURES or value.size > LIMIT // 4:
        return html.escape(f"({value.mime_type}, {value.size} bytes)")
    return f'<img src="data:{value.mime_type};base64,{b64encode(value.data).decode()}">'


class _Text(HTMLParser):
    """Collects what is read, without scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._skips = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skips += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._skips -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if self._skips <= 0:
            self.parts.append(data)


def _text_of(source: str) -> str:
    parser = _Text()
    parser.feed(source)
    parser.close()
    return " ".join("".join(parser.parts).split())
