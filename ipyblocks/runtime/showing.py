"""From values of variables to changes of the blocks that show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import context
from ..block import Block
from ..blockcontext import BlockContext
from ..component import Component
from ..dependency import Dependency
from ..protocol import Stream, TaskId, ToastLevel
from ..variables.base import AnyVariable
from ..variables.watch import Watch
from .call import Output, changed

if TYPE_CHECKING:
    from .session import Session


class Bound:
    """One prop of a block that follows a variable, or a function that runs when it changes.

    Args:
        block: of the prop, or the layout that the function fills.
        name: of the prop; empty for a function.
        dependency: the function; None for a prop.
        changed: called on the loop thread when the variable has another value, or has failed.
        owner: who looks.
    """

    def __init__(
        self,
        block: Block,
        name: str,
        variable: AnyVariable,
        dependency: Dependency | None,
        changed: Callable[[Bound], None],
        owner: object,
    ) -> None:
        self.block = block
        self.name = name
        self.variable = variable
        self.dependency = dependency
        self.watch = Watch(variable, partial(changed, self), owner)


class News(NamedTuple):
    """What becomes of blocks whose variables have changed: changes, props that are what they
    should be, and props that are not, with why.
    """

    outputs: list[Output]
    right: list[Bound]
    wrong: list[tuple[Bound, BaseException]]


class Showing:
    """Stands for a run while values are brought to the page: which files may be shown."""

    tracks_tqdm = False

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def files(self) -> Any:
        return self._session.files

    def toast(self, level: ToastLevel, message: str, title: str, duration: float | None) -> None:
        self._session.toast(level, message, title, duration)

    def write(self, stream: Stream, text: str) -> None:
        self._session.say(TaskId(0), "variables", stream, text)

    def check_cancelled(self) -> None:
        """Nobody cancels it."""


def news_of(session: Session, bounds: Sequence[Bound]) -> News:
    """What becomes of blocks whose variables have changed. Callable from any thread."""
    news = News([], [], [])
    by_block: dict[Block, list[Bound]] = {}
    for bound in bounds:
        by_block.setdefault(bound.block, []).append(bound)
    for block, together in by_block.items():
        new = {bound.name: bound.variable.now() for bound in together}
        output = _output(session, block, new)
        if not isinstance(output, Output) and len(new) > 1:
            # Those that are right are shown all the same.
            alone = {name: _output(session, block, {name: new[name]}) for name in new}
            wrong = {name: e for name, e in alone.items() if not isinstance(e, Output)}
            news.wrong.extend((b, wrong[b.name]) for b in together if b.name in wrong)
            together = [bound for bound in together if bound.name not in wrong]
            output = _output(session, block, {b.name: new[b.name] for b in together})
        if isinstance(output, Output):
            news.outputs.append(output)
            news.right.extend(together)
        else:
            news.wrong.extend((bound, output) for bound in together)
    return news


def _output(session: Session, block: Block, new: dict[str, Any]) -> Output | Exception:
    with context.running(Showing(session)):  # type: ignore[arg-type]
        try:
            return changed(session, block, new)
        except Exception as error:  # noqa: BLE001 - a value that its component cannot show
            return error


def telling(block: Block) -> Block:
    """Where it is told what a block waits for: a layout may have no place for that but its first
    component.
    """
    if not isinstance(block, BlockContext) or getattr(block, "show_progress", False):
        return block
    stack: list[Block] = [block]
    while stack:
        here = stack.pop()
        if isinstance(here, Component) and here.on_page:
            return here
        if isinstance(here, BlockContext):
            stack.extend(reversed(here.children))
    return block
