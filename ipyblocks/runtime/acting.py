"""What an action can do: see :class:`ipyblocks.actions.ActionCtx`."""

from __future__ import annotations

import asyncio
import contextvars
import csv
import inspect
import io
import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path as FilePath
from typing import Any, Literal, TypeVar, cast

from .. import actions, context
from ..actions import Action, NotificationStatus
from ..errors import NotAvailableError
from ..progress_updater import TaskProgressUpdate
from ..protocol import ToastLevel
from ..variables.base import AnyVariable
from ..variables.derived import DerivedVariable
from ..variables.graph import Derived
from ..variables.path import Path
from . import effects
from .backends.base import across
from .imperative import run_task
from .task import Task

T = TypeVar("T")

log = logging.getLogger("ipyblocks")

LEVELS: dict[str, ToastLevel] = {
    "SUCCESS": "success",
    "ERROR": "error",
    "FAILED": "error",
    "WARNING": "warning",
    "CANCELED": "warning",
    "CREATED": "info",
    "QUEUED": "info",
    "RUNNING": "info",
    "": "info",
}
"""How a message of each status is shown."""

SHOWN_FOR = 10.0
"""Seconds that a notification stays; errors stay until they are closed."""


class RunCtx:
    """The ``ctx`` of one run.

    Args:
        task: the run.
        given: what the component gives.
    """

    def __init__(self, task: Task, given: Any) -> None:
        self.input = given
        self._task = task
        self._session = task.session

    async def update(self, variable: AnyVariable, value: Any) -> None:
        """See :meth:`ipyblocks.actions.ActionCtx.update`."""
        if not isinstance(variable, AnyVariable):
            raise TypeError(f"ctx.update() takes a variable, not {variable!r:.60}.")
        if isinstance(variable, Path) and isinstance(variable.variable, Derived):
            await variable.get_current_value()  # what it is a place of has to be known
        variable.assign(value)

    async def trigger(self, variable: DerivedVariable, force: bool = True) -> None:
        """See :meth:`ipyblocks.actions.ActionCtx.trigger`."""
        if not isinstance(variable, DerivedVariable):
            raise TypeError(f"ctx.trigger() takes a DerivedVariable, not {variable!r:.60}.")
        variable.again(force)

    async def reset_variables(self, variables: AnyVariable | Sequence[AnyVariable]) -> None:
        """See :meth:`ipyblocks.actions.ActionCtx.reset_variables`."""
        listed = variables if isinstance(variables, (list, tuple)) else [variables]
        for each in listed:
            if isinstance(each, DerivedVariable):
                each.again()
            elif hasattr(each, "to_default"):
                each.to_default()
            else:
                raise TypeError(f"{each!r:.60} has no default to go back to.")

    async def notify(
        self,
        message: str,
        title: str = "",
        status: NotificationStatus = "",
        key: str | None = None,
    ) -> None:
        """See :meth:`ipyblocks.actions.ActionCtx.notify`."""
        level = LEVELS.get(status)
        if level is None:
            raise ValueError(
                f"status is {status!r}; it must be one of {', '.join(filter(None, LEVELS))}."
            )
        duration = None if level == "error" else SHOWN_FOR
        heading = "" if title is None else str(title)
        effects.notify(self._session, level, str(message), heading, duration, _text(key))

    async def navigate(self, url: str, new_tab: bool = True, options: Any = None) -> None:
        """See :meth:`ipyblocks.actions.ActionCtx.navigate`."""
        if options is not None:
            raise NotAvailableError("navigate(options=…) is for pages of a server; leave it out.")
        if not new_tab:
            raise ValueError(
                "navigate(new_tab=False) would leave the notebook, and with it the app; "
                "leave it out, and the page opens in a new tab."
            )
        effects.open_url(self._session, self._session.last_page(), url)

    async def download_file(self, path: str | FilePath, cleanup: bool = False) -> None:
        """See :meth:`ipyblocks.actions.ActionCtx.download_file`."""
        file = FilePath(path)
        page = self._session.last_page()
        save = partial(effects.download, self._session, page, file.name, "", file)
        await self._in_thread(save)
        if cleanup:
            await self._in_thread(partial(file.unlink, missing_ok=True))

    async def download_variable(
        self,
        variable: AnyVariable,
        file_name: str | None = None,
        type: Literal["csv", "xlsx", "json"] = "csv",
    ) -> None:
        """See :meth:`ipyblocks.actions.ActionCtx.download_variable`."""
        if not isinstance(variable, AnyVariable):
            raise TypeError(f"ctx.download_variable() takes a variable, not {variable!r:.60}.")
        if type not in WRITERS:
            raise ValueError(f"type is {type!r}; it must be one of {', '.join(WRITERS)}.")
        value = await variable.get_current_value()
        mime_type, write = WRITERS[type]
        data = await self._in_thread(partial(write, value))
        name = _text(file_name) or "data"
        name = name if name.endswith(f".{type}") else f"{name}.{type}"
        effects.download(self._session, self._session.last_page(), name, mime_type, data)

    async def copy_to_clipboard(
        self, value: Any, success_message: str | None = None, error_message: str | None = None
    ) -> None:
        """See :meth:`ipyblocks.actions.ActionCtx.copy_to_clipboard`."""
        page = self._session.last_page()
        effects.copy(self._session, page, str(value), _text(success_message), _text(error_message))

    async def run_task(
        self,
        func: Callable[..., Any],
        args: Sequence[Any] | None = None,
        kwargs: dict[str, Any] | None = None,
        on_progress: Callable[[TaskProgressUpdate], Any] | None = None,
    ) -> Any:
        """See :meth:`ipyblocks.actions.ActionCtx.run_task`."""
        if not callable(func):
            raise TypeError(f"ctx.run_task() takes a function, not {func!r:.60}.")
        if on_progress is not None and not callable(on_progress):
            raise TypeError(f"on_progress must be a function, not {on_progress!r:.60}.")
        call = partial(func, *(args or ()), **(kwargs or {})) if args or kwargs else func
        return await run_task(self._task, call, func, self._reporter(on_progress))

    async def _in_thread(self, fn: Callable[[], T]) -> T:
        """Call a function in the app's threads, as part of the action."""
        work = partial(across, contextvars.copy_context().run, fn)
        return await asyncio.wrap_future(self._session.engine.runner.submit(work))

    def _reporter(
        self, on_progress: Callable[[TaskProgressUpdate], Any] | None
    ) -> Callable[[TaskProgressUpdate], Any] | None:
        if on_progress is None:
            return None
        told = False

        async def report(update: TaskProgressUpdate) -> None:
            nonlocal told
            try:
                if inspect.iscoroutinefunction(on_progress):
                    await on_progress(update)
                else:
                    await self._in_thread(partial(on_progress, update))
            except Exception as error:
                log.exception("on_progress raised; the task goes on.")
                if not told:
                    told = True
                    words = f"on_progress raised {type(error).__name__}: {error}. The task goes on."
                    self._task.toast("warning", words, "Progress", SHOWN_FOR)

        return report

    async def execute_action(self, action: Action) -> None:
        """See :meth:`ipyblocks.actions.ActionCtx.execute_action`."""
        if not isinstance(action, Action):
            raise TypeError(f"ctx.execute_action() takes an action, not {action!r:.60}.")
        await action.execute(self)

    async def flush(self) -> None:
        """See :meth:`ipyblocks.actions.ActionCtx.flush`."""
        await self._session.bindings.settled()
        await self._session.settle()


def _text(given: Any) -> str | None:
    return None if given is None else str(given)


def _json(value: Any) -> bytes:
    if hasattr(value, "to_json"):
        return str(value.to_json(orient="records")).encode()
    try:
        return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise TypeError(f"The value cannot be written as JSON: {error}.") from None


def _csv(value: Any) -> bytes:
    if hasattr(value, "to_csv"):
        return str(value.to_csv(index=False)).encode()
    rows = _rows(value, "csv")
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _xlsx(value: Any) -> bytes:
    try:
        import openpyxl  # type: ignore[import-untyped]
    except ImportError:
        raise NotAvailableError(
            'type="xlsx" needs openpyxl; run `pip install openpyxl`, or use type="csv".'
        ) from None
    book = openpyxl.Workbook()
    if hasattr(value, "itertuples"):
        value = [list(value.columns), *map(list, value.itertuples(index=False))]
    for row in _rows(value, "xlsx"):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _rows(value: Any, kind: str) -> list[list[Any]]:
    """A list of dicts, a list of lists, or a dict of lists, as rows with a heading."""
    if isinstance(value, dict) and all(isinstance(each, (list, tuple)) for each in value.values()):
        if len({len(each) for each in value.values()}) > 1:
            raise TypeError(f"The lists of the columns differ in length, so this is no {kind}.")
        return [list(value), *map(list, zip(*value.values(), strict=True))]
    if isinstance(value, (list, tuple)):
        if all(isinstance(each, dict) for each in value):
            heading = list(dict.fromkeys(key for each in value for key in each))
            return [heading, *([each.get(key) for key in heading] for each in value)]
        return [list(each) if isinstance(each, (list, tuple)) else [each] for each in value]
    raise TypeError(
        f"A {type(value).__name__} cannot be written as {kind}; give a DataFrame, a list of dicts "
        'or a dict of lists, or use type="json".'
    )


WRITERS: dict[str, tuple[str, Callable[[Any], bytes]]] = {
    "csv": ("text/csv", _csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _xlsx),
    "json": ("application/json", _json),
}


def _new_ctx(run: context.Run, given: Any) -> RunCtx:
    return RunCtx(cast("Task", run), given)


actions.new_ctx = _new_ctx
