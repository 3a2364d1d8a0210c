"""Exceptions on their way from a worker to the kernel."""

from __future__ import annotations

import builtins
import pickle
from typing import Any, NamedTuple

from ...errors import TaskError
from ..call import readable_traceback, told_traceback
from .pickling import Known, dump


class Raised(NamedTuple):
    """An exception on its way to the kernel.

    Attributes:
        kind: name of its class.
        message: its words.
        traceback: as text.
        pickled: the exception; None when it cannot be pickled, or made again.
    """

    kind: str
    message: str
    traceback: str
    pickled: bytes | None

    @classmethod
    def of(cls, error: BaseException) -> Raised:
        """An exception of this process."""
        try:
            message = str(error)
        except Exception:  # noqa: BLE001 - a user's own __str__
            message = ""
        text = readable_traceback(error)
        data = _pickled(error, type(error))
        for home in (_Unmade, _Plain):
            data = data or _pickled(home(error), type(error))
        return cls(type(error).__name__, message, text, data)

    def error(self) -> BaseException:
        """The exception, for this process."""
        made: BaseException | None = None
        if self.pickled is not None:
            try:
                made = pickle.loads(self.pickled)
            except Exception:  # noqa: BLE001
                made = None
        if not isinstance(made, BaseException):
            made = TaskError(
                f"{self.kind}: {self.message} (The {self.kind} itself cannot be brought from the "
                "worker process to the app.)"
            )
        told_traceback(made, self.traceback)
        return made


class _Unmade:
    """Arrives as an exception that is made again without its constructor, which may want other
    arguments than those that the exception has kept.
    """

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __reduce__(self) -> tuple[Any, ...]:
        error = self._error
        return _made, (type(error), error.args, error.__dict__)


def _made(kind: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


_GROUP: Any = getattr(builtins, "BaseExceptionGroup", ())
"""Several exceptions in one; none before Python 3.11."""


class _Plain(_Unmade):
    """Like that, without what cannot be sent: a lock, a connection, a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        error = self._error
        state = {name: each for name, each in error.__dict__.items() if _is_sendable(each)}
        if left := error.__dict__.keys() - state.keys():
            words = f"It has no {', '.join(sorted(left))} here: that cannot be sent from a worker."
            state["__notes__"] = [*state.get("__notes__", ()), words]
        if isinstance(error, _GROUP):
            message, parts = error.args
            parts = [each if _is_sendable(each) else _Plain(each) for each in parts]
            return _made, (type(error), (message, parts), state)
        args = tuple(each if _is_sendable(each) else repr(each) for each in error.args)
        return _made, (type(error), args, state)


def _is_sendable(value: Any) -> bool:
    try:
        pickle.loads(b"".join(dump(value, Known(), home=True).pieces))
    except Exception:  # noqa: BLE001 - a user's own __reduce__, or a constructor
        return False
    return True


def _pickled(value: Any, kind: type) -> bytes | None:
    """An object as it goes to the kernel; None when it would not arrive as one of that kind."""
    try:
        data = b"".join(dump(value, Known(), home=True).pieces)
        return data if type(pickle.loads(data)).__name__ == kind.__name__ else None
    except Exception:  # noqa: BLE001 - a user's own __reduce__, or a constructor
        return None
