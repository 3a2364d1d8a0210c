"""Whether what a page sent may be: the block exists, the prop may be set, the event is declared.

Every function raises ValueError with a sentence when it may not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ..block import Block
from ..protocol import Event, Json, NodeId, PageId, Set

if TYPE_CHECKING:
    from .session import Session


def block_of(session: Session, node: NodeId) -> Block:
    """The block of a node that pages know."""
    block = session.scene.block(node)
    if block is None or not block.on_page:
        raise ValueError(f"This app has no component {node}.")
    return block


def props_of(session: Session, page: PageId, message: Set) -> tuple[Block, dict[str, Json]]:
    """The block and the props, checked by the component as this session has it."""
    block = editable(session, message.node)
    current = session.current(block)
    settable = {p.wire_name: p for p in block._wired if p.settable}
    checked = {}
    for name, payload in message.props.items():
        if name not in settable:
            raise ValueError(f"{block.describe()} has no prop {name!r} that a page may set.")
        resolved = session.bulk.resolve(page, message.node, payload)
        checked[name] = current.check(settable[name].name, resolved)
    return block, checked


def event_of(session: Session, page: PageId, message: Event) -> tuple[Block, Json]:
    """The block and the payload of an event."""
    block = block_of(session, message.node)
    declared = block.events.get(message.name)
    if declared is None or declared.kernel:
        raise ValueError(f"{block.describe()} has no event {message.name!r} that a page may send.")
    data = None if message.data is msgspec.UNSET else message.data
    if declared.data is not None:
        data = session.bulk.resolve(page, message.node, data)
        try:
            msgspec.convert(data, declared.data)
        except msgspec.ValidationError as error:
            raise ValueError(
                f"{block.describe()}: wrong data for {message.name!r}: {error}"
            ) from None
    return block, data


def editable(session: Session, node: NodeId) -> Block:
    """The block of a node, if the person may change it."""
    block = block_of(session, node)
    if "interactive" in block.props and not session.props(node).get("interactive", True):
        raise ValueError(f"{block.describe()} is not interactive.")
    return block
