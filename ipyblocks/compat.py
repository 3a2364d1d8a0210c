"""Let code that imports Gradio or Dara run with ipyblocks: ``ipyblocks.compat.install()``.

After it, ``import gradio as gr`` and ``from dara.core import Variable`` give what ipyblocks has
under these names, in the kernel and in its worker processes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from ._version import __version__
from .missing import NAMES, nearest

__all__ = ["install", "uninstall"]

PACKAGES: Final = ("gradio", "gradio_client", "dara")

_GRADIO = ("ipyblocks",)
_CLIENT = ("ipyblocks.client", "ipyblocks.job")
_DARA = ("ipyblocks.reactive",)

_SOURCES: Final[Mapping[str, Sequence[str]]] = {
    "gradio": _GRADIO,
    "gradio.blocks": (*_GRADIO, "ipyblocks.block", "ipyblocks.blockcontext"),
    "gradio.components": ("ipyblocks.components", "ipyblocks.component"),
    "gradio.components.base": ("ipyblocks.component",),
    "gradio.events": (
        "ipyblocks.events",
        "ipyblocks.dependency",
        "ipyblocks.listener_args",
        "ipyblocks.injection",
    ),
    "gradio.exceptions": ("ipyblocks.errors",),
    "gradio.helpers": _GRADIO,
    "gradio.layouts": ("ipyblocks.layouts",),
    "gradio.renderable": _GRADIO,
    "gradio.route_utils": _GRADIO,
    "gradio.routes": _GRADIO,
    "gradio.templates": ("ipyblocks.components",),
    "gradio.themes": ("ipyblocks.themes",),
    "gradio.themes.base": ("ipyblocks.themes",),
    "gradio.themes.utils": (),
    "gradio.themes.utils.colors": ("ipyblocks.themes.colors",),
    "gradio.themes.utils.fonts": ("ipyblocks.themes.fonts",),
    "gradio.themes.utils.sizes": ("ipyblocks.themes.sizes",),
    **{
        f"gradio.themes.{name}": ("ipyblocks.themes",)
        for name in ("citrus", "default", "glass", "monochrome", "ocean", "origin", "soft")
    },
    "gradio_client": _CLIENT,
    "gradio_client.client": _CLIENT,
    "gradio_client.exceptions": _CLIENT,
    "gradio_client.utils": _CLIENT,
    "dara": (),
    "dara.components": _DARA,
    "dara.components.common": _DARA,
    "dara.core": _DARA,
    "dara.core.base_definitions": _DARA,
    "dara.core.components": _DARA,
    "dara.core.configuration": _DARA,
    "dara.core.definitions": _DARA,
    "dara.core.interactivity": _DARA,
    "dara.core.persistence": _DARA,
    "dara.core.progress_updater": _DARA,
    "dara.core.visual": _DARA,
    "dara.core.visual.components": _DARA,
    "dara.core.visual.dynamic_component": _DARA,
    "dara.core.visual.progress_updater": _DARA,
    **{
        f"dara.core.interactivity.{name}": _DARA
        for name in ("actions", "derived_variable", "loop_variable", "plain_variable")
    },
}
"""Each module that can be imported, and the modules that its names come from. They are looked up
when a name is asked for.
"""


class Alias(ModuleType):
    """A module of another package, with the names that ipyblocks has for it."""

    def __init__(self, name: str) -> None:
        super().__init__(name, f"{name}, as far as ipyblocks has it.")

    def __getattr__(self, name: str) -> Any:
        own = self.__name__
        if name == "__version__":
            return __version__
        if name == "__all__":
            return _names_of(own)
        if name.startswith("_"):  # tools ask every module for such names
            raise AttributeError(f"module {own!r} has no attribute {name!r}")
        if f"{own}.{name}" in _SOURCES:
            return alias(f"{own}.{name}")
        for source in _sources(own):
            if name in _names(source):
                return getattr(source, name)
        raise AttributeError(_missing(own, name))

    def __dir__(self) -> list[str]:
        return sorted({*_names_of(self.__name__), *_children(self.__name__)})

    def __reduce__(self) -> tuple[Any, ...]:
        """In another process, it is made there."""
        return alias, (self.__name__,)


def alias(name: str) -> Alias:
    """The module that stands for ``name``, whether it is installed or not."""
    found = sys.modules.get(name)
    return found if isinstance(found, Alias) else Alias(name)


def _sources(name: str) -> list[ModuleType]:
    return [import_module(each) for each in _SOURCES[name]]


def _names(source: ModuleType) -> Iterable[str]:
    listed = getattr(source, "__all__", None)
    own = source.__name__
    if listed is not None:
        return list(listed)
    # Constants have the module of their class, or none.
    return [
        name
        for name, value in vars(source).items()
        if not (name.startswith("_") or isinstance(value, ModuleType))
        and getattr(value, "__module__", own) == own
    ]


def _names_of(module: str) -> list[str]:
    return sorted({name for each in _sources(module) for name in _names(each)})


def _children(name: str) -> list[str]:
    inner = [each.removeprefix(f"{name}.") for each in _SOURCES if each.startswith(f"{name}.")]
    return [each for each in inner if "." not in each]


def _missing(module: str, name: str) -> str:
    """What is said of a name that is not there."""
    if name in NAMES and module in ("gradio", "gradio.components"):
        return f"{module}.{name} is not available in ipyblocks {__version__}: {NAMES[name]}."
    near = nearest(name, dir(alias(module)), 0.6)
    hint = f"The nearest name is {module}.{near}." if near else "docs/reference.md lists all."
    return f"{module}.{name} is not available in ipyblocks {__version__}. {hint}"


class Finder(MetaPathFinder, Loader):
    """Finds the modules of packages that ipyblocks stands in for.

    Attributes:
        packages: their names.
        goes_to_workers: workers of the kernel get it too; see ``runtime/backends/remote.py``.
    """

    goes_to_workers = True

    def __init__(self, packages: Iterable[str]) -> None:
        self.packages = frozenset(packages)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Finder) and self.packages == other.packages

    def __hash__(self) -> int:
        return hash(self.packages)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See :class:`importlib.abc.MetaPathFinder`.

        Raises:
            ModuleNotFoundError: a module of such a package that ipyblocks has nothing for. That
                is also how ``from gradio import Chatbot`` comes here.
        """
        package, _, _ = fullname.partition(".")
        if package not in self.packages:
            return None
        if fullname not in _SOURCES:
            module, _, name = fullname.rpartition(".")
            # Without its name: Python keeps quiet about one that it knows to be missing.
            raise ModuleNotFoundError(_missing(module, name))
        return ModuleSpec(fullname, self, origin="ipyblocks", is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """See :class:`importlib.abc.Loader`."""
        return Alias(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """See :class:`importlib.abc.Loader`. Names are looked up when they are asked for."""

    def install(self) -> None:
        """Find modules from now on, before everybody else."""
        sys.meta_path.insert(0, self)

    def uninstall(self) -> None:
        """Find no more, and forget what was found."""
        sys.meta_path[:] = [each for each in sys.meta_path if each is not self]
        for name in [name for name, module in sys.modules.items() if isinstance(module, Alias)]:
            del sys.modules[name]


def install(*names: str) -> tuple[str, ...]:
    """Make imports of Gradio, its client and Dara give ipyblocks.

    ``compat.install()`` stands in for those of the three that are not installed, and
    ``compat.install("gradio")`` for Gradio even where it is. What ipyblocks does not have says so
    when it is imported or used, and names what comes nearest.

    Args:
        names: ``"gradio"``, ``"gradio_client"``, ``"dara"``.

    Returns:
        What ipyblocks stands in for now.

    Raises:
        ValueError: another name.
        RuntimeError: the real package has been imported already.
    """
    unknown = [name for name in names if name not in PACKAGES]
    if unknown:
        raise ValueError(f"install({unknown[0]!r}): give {', '.join(map(repr, PACKAGES))}.")
    former = _finder()
    before = former.packages if former is not None else frozenset()
    wanted = names or [name for name in PACKAGES if name in before or not _is_installed(name)]
    for name in wanted:
        _check_not_imported(name)
    if not before.issuperset(wanted):
        if former is not None:
            sys.meta_path.remove(former)
        Finder({*before, *wanted}).install()
    now = _finder()
    return () if now is None else tuple(sorted(now.packages))


def uninstall() -> None:
    """Undo :func:`install`: imports find what is installed again.

    Names that have been imported stay what they are.
    """
    finder = _finder()
    if finder is not None:
        finder.uninstall()


def _finder() -> Finder | None:
    return next((each for each in sys.meta_path if isinstance(each, Finder)), None)


def _is_installed(name: str) -> bool:
    try:
        spec = find_spec(name)
    except ValueError:  # imported, and of unknown origin
        return True
    if spec is None:
        return False
    if name == "dara":  # a namespace, which any folder of that name is
        return any(Path(each, "core").is_dir() for each in spec.submodule_search_locations or ())
    return spec.origin is not None


def _check_not_imported(package: str) -> None:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package and not isinstance(module, Alias):
            raise RuntimeError(
                f"The real {package} has been imported already ({name}). Restart the kernel and "
                f"call ipyblocks.compat.install({package!r}) before anything imports it."
            )
