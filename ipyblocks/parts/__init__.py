"""Parts of a page that follow variables: ``If``, ``Match``, ``For`` and ``py_component``.

What they show is built by the kernel whenever their variables change, as in ``gr.render``; what is
not shown is not there, and what only it needs is not computed.
"""

from .component import py_component
from .fallback import Fallback
from .for_ import For
from .if_ import If
from .match import Match
from .tracker import ProgressTracker

__all__ = ["Fallback", "For", "If", "Match", "ProgressTracker", "py_component"]
