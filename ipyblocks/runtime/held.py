"""Runs that wait for a file which is on its way to one of their inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..protocol import NodeId
from .task import Failure, Task

if TYPE_CHECKING:
    from .session import Session


@dataclass
class _Wait:
    nodes: set[NodeId]
    go: Callable[[Task], None]


class Held:
    """The waiting runs of one session. Loop thread only.

    Their other inputs are as they were at the moment of the event; those that a file was on its way
    to are read when it is there.

    Args:
        give_up: ends a run whose file does not come; None for the failure: the person's own wish.
    """

    def __init__(self, session: Session, give_up: Callable[[Task, Failure | None], None]) -> None:
        self._session = session
        self._give_up = give_up
        self._waits: dict[Task, _Wait] = {}

    def __len__(self) -> int:
        return len(self._waits)

    def hold(self, task: Task, go: Callable[[Task], None]) -> bool:
        """Let a run wait, if it has to; ``go`` is called when it need not any more.

        Returns:
            Whether it waits.
        """
        self._waits = {each: wait for each, wait in self._waits.items() if not each.ended}
        scene, is_open = self._session.scene, self._session.bulk.uploads.is_open
        nodes = {scene.node(component) for component in task.dependency.inputs}
        waits = {node for node in nodes if node is not None and is_open(node)}
        if not waits:
            return False
        self._waits[task] = _Wait(waits, go)
        self._session.put(task.waits())
        return True

    def arrived(self, node: NodeId) -> None:
        """A component has a new value; no run waits for it when no further file is on its way."""
        for task, wait in self._ready(node):
            if task.ended:
                continue  # by what the one before has led to
            for i, component in enumerate(task.dependency.inputs):
                if self._session.scene.node(component) == node:
                    task.payloads[i] = self._session.payload(component)
            if not wait.nodes:
                self._waits.pop(task, None)
                wait.go(task)

    def failed(self, node: NodeId, why: str | None) -> None:
        """A file does not come; runs that the person wanted with it do not start without."""
        for task, _ in self._ready(node):
            self._waits.pop(task, None)
            self._give_up(
                task, None if why is None else Failure("user", f"This was not started. {why}")
            )

    def _ready(self, node: NodeId) -> list[tuple[Task, _Wait]]:
        if self._session.bulk.uploads.is_open(node):
            return []
        found = [(task, wait) for task, wait in self._waits.items() if node in wait.nodes]
        for task, wait in found:
            wait.nodes.discard(node)
            if task.ended:
                del self._waits[task]
        return [(task, wait) for task, wait in found if not task.ended]
