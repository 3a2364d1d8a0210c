"""What can go wrong, by name. Each is also of the built-in type that Gradio's users expect."""

from __future__ import annotations

__all__ = [
    "CycleError",
    "DuplicateBlockError",
    "Error",
    "InvalidBlockError",
    "InvalidPathError",
    "NotAvailableError",
    "NotSendableError",
    "QueueFullError",
    "RenderError",
    "TaskError",
    "WorkerDiedError",
    "validate",
]


class Error(Exception):
    """Raise it in a handler to show a message to the person at the page.

    Args:
        message: plain text.
        duration: seconds the message stays; None until it is closed.
        visible: False shows no message; the task still fails.
        title: bold first line of the message.
        print_exception: also write the traceback to the log.
    """

    def __init__(
        self,
        message: str = "Error raised.",
        duration: float | None = 10,
        visible: bool = True,
        title: str = "Error",
        print_exception: bool = True,
    ) -> None:
        self.message = str(message)
        self.duration = duration
        self.visible = visible
        self.title = title
        self.print_exception = print_exception
        super().__init__(self.message)


def validate(is_valid: bool, message: str) -> dict[str, object]:
    """What a ``validator`` returns for an input: one of these, or a list with one for each input.

    Args:
        is_valid: whether the function may run with it.
        message: shown when it may not.
    """
    return {"__type__": "validate", "is_valid": bool(is_valid), "message": str(message)}


class CycleError(RecursionError):
    """Variables are computed from each other, or a function sets what it is computed from."""


class DuplicateBlockError(ValueError):
    """The same component was placed twice in one app."""


class InvalidBlockError(ValueError):
    """Something that is not a component, or not of this app, was used as one."""


class InvalidPathError(ValueError):
    """A handler returned a file that the app may not show."""


class NotAvailableError(NotImplementedError):
    """A part of Gradio that ipyblocks does not have, or not yet; the message says what to do
    instead.
    """


class QueueFullError(RuntimeError):
    """The queue holds as many waiting tasks as ``max_size`` allows."""


class RenderError(RuntimeError):
    """A block was placed where there is nothing to place it in."""


class TaskError(RuntimeError):
    """The function of a task raised something that cannot be brought from its worker to the app;
    the message says what it was.
    """


class NotSendableError(TypeError):
    """A function, an argument or a value cannot be sent to a worker process, or back from it."""


class WorkerDiedError(RuntimeError):
    """The process that ran the function of a task has ended before the function did.

    Attributes:
        exit_code: of the process; negative: the number of the signal that ended it; None: not
            known.
    """

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message, exit_code)
        self.exit_code = exit_code

    def __str__(self) -> str:
        return str(self.args[0])
