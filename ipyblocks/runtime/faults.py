"""What is wrong with props of a session's blocks that follow variables, told at the blocks until it
is right.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ..block import Block
from .showing import telling
from .standin import own_dependency
from .task import Failure, Task

if TYPE_CHECKING:
    from .session import Session


class _Fault(NamedTuple):
    """``called`` is whose failure it is, in words."""

    failure: Failure
    called: str


class Faults:
    """Props of blocks that are not what they should be. Loop thread only.

    A block tells one failure at a time, the last; when that is right, the one before.

    Args:
        session: whose blocks they are.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of: dict[Block, dict[str, _Fault]] = {}

    def add(
        self, block: Block, prop: str, failure: Failure, called: str, told: bool = False
    ) -> None:
        """A prop has failed.

        Args:
            prop: its name; empty for what is built into the block.
            called: whose failure it is.
            told: a task at the block tells it.
        """
        known = self._of.setdefault(block, {})
        known.pop(prop, None)
        known[prop] = _Fault(failure, called)
        if not told:
            self._session.engine.show_failed(self._task(block, called, "full"), failure)

    def right(self, block: Block, prop: str) -> None:
        """A prop is right: its failure is told no longer, but what else is wrong with the block."""
        known = self._of.get(block, {})
        if prop not in known:
            return
        was_told = prop == next(reversed(known))
        self.forget(block, prop)
        # A task at the block ends what is told there.
        if was_told and self._is_shown(block) and not self.tell_again(block):
            self._session.engine.show_done(self._task(block, "works", "hidden"))

    def forget(self, block: Block, prop: str) -> None:
        """A prop is no longer followed, or a task at the block will tell what becomes of it."""
        known = self._of.get(block, {})
        known.pop(prop, None)
        if not known:
            self._of.pop(block, None)

    def tell_again(self, block: Block) -> bool:
        """A task has begun and ended at a block, and with it what was told there: tell what is
        still wrong. Returns whether anything is.
        """
        known = self._of.get(block)
        if not known or not self._is_shown(block):
            return False
        fault = list(known.values())[-1]
        task = self._task(block, fault.called, "full")
        session = self._session
        session.engine.teller.started(task)
        session.tasks.pop(task.id)
        # It is no news: there is no toast, and nothing for the log.
        failure = replace(fault.failure, toast=None)
        session.failures.tell(task.id, task.dependency.name, task.nodes, failure)
        return True

    def of(self, block: Block) -> list[str]:
        """Props of a block that have failed."""
        return list(self._of.get(block, ()))

    def _is_shown(self, block: Block) -> bool:
        return self._session.scene.node(block) is not None

    def _task(self, block: Block, called: str, show_progress: str) -> Task:
        async def never_called() -> None:
            raise AssertionError("It tells how something has ended.")

        never_called.__name__ = called
        dependency = own_dependency(self._session, never_called, [telling(block)], show_progress)
        return self._session.engine.new_task(self._session, dependency, None, None)
