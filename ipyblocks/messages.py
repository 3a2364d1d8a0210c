"""Short messages that a handler shows at the page."""

from __future__ import annotations

import warnings

from . import context
from .protocol import ToastLevel

__all__ = ["Info", "Success", "Warning"]


def Info(
    message: str = "Info issued.",
    duration: float | None = 10,
    visible: bool = True,
    title: str = "Info",
) -> None:
    """Show a message to the person whose event is being handled.

    Args:
        message: plain text.
        duration: seconds it stays; None until it is closed.
        visible: False shows nothing.
        title: bold first line.
    """
    _show("info", message, duration, visible, title)


def Success(
    message: str = "Success.",
    duration: float | None = 10,
    visible: bool = True,
    title: str = "Success",
) -> None:
    """Like :func:`Info`, for something that went well."""
    _show("success", message, duration, visible, title)


def Warning(
    message: str = "Warning issued.",
    duration: float | None = 10,
    visible: bool = True,
    title: str = "Warning",
) -> None:
    """Like :func:`Info`, for something to look at."""
    _show("warning", message, duration, visible, title)


def _show(
    level: ToastLevel, message: str, duration: float | None, visible: bool, title: str
) -> None:
    run = context.current_run()
    if run is None:
        # Called outside a handler, by a test or a plain call: say it where Python says things.
        if level == "warning":
            warnings.warn(str(message), stacklevel=3)
        else:
            print(message)
    elif visible:
        run.toast(level, str(message), "" if title is None else str(title), _seconds(duration))


def _seconds(duration: float | None) -> float | None:
    """Refuse what no page could read."""
    if duration is None or isinstance(duration, (int, float)):
        return duration
    raise TypeError(f"duration is {duration!r:.60}; give seconds, or None until it is closed.")
