"""A whole session at one moment: for a page that has come, and for a notebook that is saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from ..block import Block
from ..component import Component
from ..protocol import PROTOCOL, Json, Node, NodeId, PageId, Welcome

if TYPE_CHECKING:
    from .session import Session


def welcome(session: Session, page: PageId | None, seq: int, secret: bool) -> Welcome:
    """The whole session.

    Args:
        secret: with what must not be written to a file (passwords).
    """
    engine = session.engine
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
    )


def node_now(session: Session, node: Node, secret: bool) -> Node:
    """A node with the props that it has in this session."""
    mine = session.own_props(node.id)
    hide = not secret and is_secret(session.scene.block(node.id))
    if mine is None and not hide:
        return node
    props = {**node.props, **(mine or {})}
    if hide:
        props.pop("value", None)
    return msgspec.structs.replace(node, props=props)


def secrets(session: Session) -> Iterator[tuple[NodeId, Json]]:
    """Values that a snapshot without secrets leaves out."""
    for node, block in session.scene.blocks():
        value = session.props(node).get("value") if is_secret(block) else None
        if value:
            yield node, value


def is_secret(block: Block | None) -> bool:
    """Whether the value of a block must not be written to a file."""
    return isinstance(block, Component) and block.is_secret()
