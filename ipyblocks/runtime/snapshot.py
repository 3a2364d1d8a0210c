"""A whole session at one moment: for a page that has come, and for a notebook that is saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from ..block import Block
from ..component import Component
from ..protocol import PROTOCOL, Binary, Json, Node, NodeId, PageId, Welcome

if TYPE_CHECKING:
    from .session import Session


def welcome(session: Session, page: PageId | None, seq: int, secret: bool) -> Welcome:
    """The whole session.

    Args:
        secret: with what must not be written to a file (passwords, uploads, tracebacks).
    """
    engine = session.engine
    failures = session.failures.all() if secret else []
    return Welcome(
        seq=seq,
        page=page,
        protocol=PROTOCOL,
        version=engine.options.version,
        epoch=session.epoch,
        control=session.control,
        app=engine.app,
        nodes=[node_now(session, node, secret) for node in session.scene.nodes()],
        tasks=engine.snapshots(session),
        log=session.journal.all(),
        failures=failures or UNSET,
    )


def node_now(session: Session, node: Node, secret: bool) -> Node:
    """A node with the props that it has in this session."""
    mine = session.own_props(node.id)
    hide = not secret and is_secret(session, node.id, session.scene.block(node.id))
    if mine is None and not hide:
        return node
    props = {**node.props, **(mine or {})}
    if hide:
        props.pop("value", None)
    return msgspec.structs.replace(node, props=props)


def secrets(session: Session) -> Iterator[tuple[NodeId, Json]]:
    """Values that a snapshot without secrets leaves out."""
    for node, block in session.scene.blocks():
        value = session.props(node).get("value") if is_secret(session, node, block) else None
        if value:
            yield node, value


def is_secret(session: Session, node: NodeId, block: Block | None) -> bool:
    """Whether a value is not for a file: a password, or what the person chose or took."""
    value = (session.own_props(node) or {}).get("value")
    if isinstance(value, Binary) and session.props(node).get("interactive", True):
        return True
    return isinstance(block, Component) and block.is_secret()
