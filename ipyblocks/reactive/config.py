"""``config``: pages, and settings of the app, in the words of Dara."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from ..app import Blocks, page_of
from ..errors import NotAvailableError
from ..runtime.backends.choice import configure_tasks


class ConfigurationBuilder:
    """What a Dara app is configured with. In a notebook a page is shown in the cell that adds it.

    Attributes:
        pages: the apps of the pages added so far, by name.
    """

    def __init__(self) -> None:
        self.pages: dict[str, Blocks] = {}
        self._task_module: str | None = None

    def add_page(self, name: str, content: Any, icon: Any = None, **options: Any) -> None:
        """Show a page here; the app itself is then in :attr:`pages`.

        Args:
            name: its title. A page of that name that is shown already is closed.
            content: a component, a layout, text, or a function that returns one.
            icon: has no place in a cell; must be left out.

        Raises:
            NotAvailableError: an option that only a site with several pages has, or there is no
                notebook to show it in.
        """
        if icon is not None or options:
            asked = ", ".join([*(["icon"] if icon is not None else []), *options])
            raise NotAvailableError(
                f"add_page({asked}=…) is for sites with several pages; leave it out in a notebook."
            )
        page = page_of(content() if callable(content) else content, name)
        former = self.pages.pop(name, None)
        if former is not None:
            former.close()
        self.pages[name] = page
        page.launch()

    @property
    def task_module(self) -> str | None:
        """The module with functions for tasks. They may be anywhere, also in cells; workers import
        this one as soon as they start.
        """
        return self._task_module

    @task_module.setter
    def task_module(self, name: str | None) -> None:
        if name is not None:
            importlib.import_module(name)
        self._task_module = name
        configure_tasks(preload=() if name is None else (name,))

    def on_startup(self, function: Callable[[], Any]) -> Callable[[], Any]:
        """Call a function now: a notebook's kernel has started already."""
        function()
        return function


config = ConfigurationBuilder()
"""The configuration of this kernel."""
