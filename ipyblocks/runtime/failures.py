"""What has failed in a session and is still told at its outputs, also to pages that come later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from ..protocol import Failed, NodeId, TaskId
from ..protocol import Failure as WireFailure
from .outbound import numbered
from .task import Failure

MOST = 100
"""Failures that a session keeps."""


@dataclass
class _Kept:
    """``nodes`` are those at which nothing has failed since."""

    task: TaskId
    name: str
    nodes: list[NodeId]
    failure: Failure


class Failures:
    """Tells the pages of a session what has failed. Loop thread only.

    Args:
        put: sends a message.
    """

    def __init__(self, put: Callable[[Failed], None]) -> None:
        self._put = put
        self._kept: dict[TaskId, _Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def tell(self, task: TaskId, name: str, nodes: Sequence[NodeId], failure: Failure) -> None:
        """A task has ended otherwise than well: say so, and keep what is told at its nodes.

        Args:
            name: the function's.
            nodes: where its status was drawn.
        """
        message: Failed = numbered(
            Failed,
            task=task,
            code=failure.code,
            message=failure.message,
            detail=failure.detail,
            retry=_or_absent(failure),
        )
        self._put(message)
        if not nodes or not is_told_at_nodes(failure):
            return
        self.gone(nodes)  # the last one is what a node shows
        self._kept[task] = _Kept(task, name, list(nodes), failure)
        while len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]

    def began(self, nodes: Iterable[NodeId]) -> None:
        """A task has begun at nodes: what failed there before is past, at all of its nodes."""
        met = set(nodes)
        self._kept = {t: kept for t, kept in self._kept.items() if met.isdisjoint(kept.nodes)}

    def gone(self, nodes: Iterable[NodeId]) -> None:
        """Nodes are no longer there, or have something else to tell."""
        for node in nodes:
            for kept in list(self._kept.values()):
                if node in kept.nodes:
                    kept.nodes.remove(node)
                if not kept.nodes:
                    del self._kept[kept.task]

    def retry(self, task: TaskId) -> None:
        """Do once more what has failed; nothing when it is told no longer."""
        kept = self._kept.get(task)
        if kept is not None and kept.failure.retry is not None:
            # First: two pages may ask, and what follows may fail at the same nodes at once.
            del self._kept[task]
            kept.failure.retry()

    def dismiss(self, task: TaskId) -> None:
        """The person has read it."""
        self._kept.pop(task, None)

    def clear(self) -> None:
        """The session has ended."""
        self._kept.clear()

    def all(self) -> list[WireFailure]:
        """What is told, oldest first."""
        return [
            WireFailure(
                task=kept.task,
                name=kept.name,
                nodes=list(kept.nodes),
                code=kept.failure.code,
                message=kept.failure.message,
                detail=kept.failure.detail,
                retry=_or_absent(kept.failure),
            )
            for kept in self._kept.values()
        ]


def is_told_at_nodes(failure: Failure) -> bool:
    """Whether outputs say it: not what a toast says, nor that the person has cancelled, unless it
    can be tried again. The page has the same rule, in ``src/store/tasks.ts``.
    """
    return failure.code not in ("user", "cancelled") or failure.retry is not None


def _or_absent(failure: Failure) -> bool | UnsetType:
    return UNSET if failure.retry is None else True
