"""An app that can be shown: ``Blocks``, with ``launch``, ``queue`` and ``close``."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal, TypeVar

import msgspec
from typing_extensions import Self

from ._version import __version__
from .block import Block
from .blocks import Tree
from .components.text import as_block
from .direct import called_directly
from .errors import NotAvailableError
from .given import is_at_least, is_positive
from .missing import LAUNCH, QUEUE, knows
from .protocol import App
from .runtime import reader as _reader  # noqa: F401 - it computes variables that cells read
from .runtime.backends import choice
from .runtime.backends.inline import has_threads
from .runtime.engine import Engine
from .runtime.options import Options, bytes_of, limit_from_environment

Auth = Callable[..., Any] | tuple[str, str] | list[tuple[str, str]]

T = TypeVar("T")

_open: weakref.WeakSet[Blocks] = weakref.WeakSet()
_starting = threading.RLock()


class Launched(tuple[None, str, None]):
    """What ``launch`` returns: ``(server, local_url, share_url)``, empty in a notebook; prints
    nothing.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return ""

    def _ipython_display_(self) -> None:
        """As a cell's last expression it leaves no empty output behind."""


class Blocks(Tree):
    """An app. Build it with ``with gr.Blocks() as demo:``, show it with ``demo.launch()`` or
    ``demo``.
    """

    def _setup(self) -> None:
        super()._setup()
        self._engine: Engine | None = None
        self._app: App | None = None
        self._options = Options(version=__version__, concurrency_limit=limit_from_environment())

    @knows(QUEUE)
    def queue(
        self,
        status_update_rate: float | Literal["auto"] = "auto",
        api_open: bool | None = None,
        max_size: int | None = None,
        concurrency_count: int | None = None,
        *,
        default_concurrency_limit: int | Literal["not_set"] | None = "not_set",
    ) -> Self:
        """Settle how events wait. The queue is on without this call.

        Args:
            status_update_rate: seconds between two tellings of places in the queue; ``"auto"``
                tells them when they change.
            api_open: a notebook app has no REST routes; accepted because there is nothing to close.
            max_size: most events that may wait; a further one is refused with a message.
            concurrency_count: no longer exists; use ``default_concurrency_limit``.
            default_concurrency_limit: how many runs of a function go on at once, where the
                listener does not say; None: any number. By default
                ``GRADIO_DEFAULT_CONCURRENCY_LIMIT``, or 1.

        Raises:
            ValueError: a number that is not positive.
            DeprecationWarning: ``concurrency_count`` was given.
        """
        if concurrency_count:
            raise DeprecationWarning(
                "concurrency_count does not exist any more; set concurrency_limit on the "
                "listener, or default_concurrency_limit here."
            )
        rate = None if status_update_rate == "auto" else status_update_rate
        if rate is not None and not is_positive(rate):
            raise ValueError(
                f'status_update_rate must be more than 0 seconds, or "auto"; it is {rate!r}.'
            )
        if max_size is not None and not is_at_least(1, max_size):
            raise ValueError(
                f"max_size must be 1 or more, or None for no limit; it is {max_size!r}."
            )
        limit = self._options.concurrency_limit
        if default_concurrency_limit != "not_set":
            limit = default_concurrency_limit
        if limit is not None and not is_at_least(1, limit):
            raise ValueError(
                f"default_concurrency_limit must be 1 or more, or None; it is {limit!r}."
            )
        self._options = replace(
            self._options,
            max_size=max_size,
            concurrency_limit=limit,
            status_update_rate=rate,
        )
        return self

    @knows(LAUNCH)
    def launch(
        self,
        inline: bool | None = None,
        inbrowser: bool = False,
        share: bool | None = None,
        debug: bool = False,
        max_threads: int = 40,
        auth: Auth | None = None,
        auth_message: str | None = None,
        prevent_thread_lock: bool = False,
        show_error: bool = False,
        server_name: str | None = None,
        server_port: int | None = None,
        *,
        height: int | str | None = None,
        width: int | str | None = "100%",
        favicon_path: str | None = None,
        ssl_keyfile: str | None = None,
        ssl_certfile: str | None = None,
        ssl_keyfile_password: str | None = None,
        ssl_verify: bool = True,
        quiet: bool = False,
        show_api: bool = True,
        allowed_paths: Sequence[str] | None = None,
        blocked_paths: Sequence[str] | None = None,
        root_path: str | None = None,
        app_kwargs: dict[str, Any] | None = None,
        state_session_capacity: int = 10_000,
        share_server_address: str | None = None,
        share_server_protocol: Literal["http", "https"] | None = None,
        auth_dependency: Callable[..., Any] | None = None,
        max_file_size: str | int | None = None,
    ) -> Launched:
        """Show the app in the output of the running cell.

        Args:
            inline: False prepares the app without showing it; show it later with ``display(demo)``.
            debug: keep the cell running until it is interrupted; what handlers print, and their
                errors, also appear in it.
            max_threads: most threads that run handlers at a time.
            prevent_thread_lock: nothing is ever locked here: the call returns at once, except with
                ``debug``, which this turns off.
            show_error: also show errors of handlers as a toast and in the browser's console.
            height: the app scrolls inside it (a number is pixels); by default its natural height.
            width: CSS width (a number is pixels).
            quiet: print nothing; also turns off the note that ``inline=False`` prints.
            show_api: an app in a cell has no footer with API pages, so nothing is shown either way.
            allowed_paths, blocked_paths: files and folders that handlers may or may not show,
                beside the
                working directory and the folder for temporary files; blocked wins.
            state_session_capacity: most sessions kept; the oldest is closed when there are more.
            max_file_size: largest upload, in bytes or as ``"5mb"``.
            inbrowser, share, auth, auth_message, server_name, server_port, favicon_path,
                ssl_keyfile, ssl_certfile, ssl_keyfile_password, ssl_verify, root_path, app_kwargs,
                share_server_address, share_server_protocol, auth_dependency: need a web server.

        Returns:
            A tuple of three that prints nothing.

        Raises:
            NotAvailableError: an argument that needs a web server, or no notebook to show the app
                in.
            ValueError: a number or size out of range.
        """
        refuse_server_arguments(
            inbrowser=inbrowser, share=share, auth=auth, auth_message=auth_message,
            server_name=server_name, server_port=server_port, favicon_path=favicon_path,
            ssl_keyfile=ssl_keyfile, ssl_certfile=ssl_certfile,
            ssl_keyfile_password=ssl_keyfile_password, ssl_verify=not ssl_verify,
            root_path=root_path, app_kwargs=app_kwargs, share_server_address=share_server_address,
            share_server_protocol=share_server_protocol, auth_dependency=auth_dependency,
        )  # fmt: skip
        for name, number in [
            ("max_threads", max_threads),
            ("state_session_capacity", state_session_capacity),
        ]:
            if not is_at_least(1, number):
                raise ValueError(f"{name} must be 1 or more; it is {number!r}.")
        size = bytes_of(max_file_size)
        if debug and not prevent_thread_lock:
            refuse_to_block()
        self._options = replace(
            self._options,
            max_threads=max_threads,
            capacity=state_session_capacity,
            max_file_size=size,
            debug=debug,
            echo=self._echo() if debug else None,
            allowed_paths=tuple(allowed_paths or ()),
            blocked_paths=tuple(blocked_paths or ()),
        )
        self._app = msgspec.structs.replace(
            self.app(),
            height=height,
            width=None if width == "100%" else width,
            show_error=show_error,
            max_file_size=size,
        )
        self._retire_engine()
        self._show(inline, quiet)
        if debug and not prevent_thread_lock:
            self.block_thread()
        return Launched((None, "", None))

    def _echo(self) -> Callable[[Any, str], None] | None:
        """Also prints what handlers write in the running cell."""
        from . import display

        return display.cell_writer()

    def _show(self, inline: bool | None, quiet: bool) -> None:
        from . import display

        if not display.in_notebook():
            raise NotAvailableError(
                "There is no notebook to show the app in. Run it in a cell of JupyterLab, "
                "Notebook 7 or another host of ipywidgets; a web page of its own is not "
                "available yet."
            )
        if inline is False:
            if not quiet:
                print(
                    "The app is ready. Show it with display(demo), or demo as a cell's last line."
                )
            return
        from IPython.display import display as show

        show(self)  # type: ignore[no-untyped-call]

    def __call__(self, *inputs: Any, fn_index: int = 0, api_name: str | None = None) -> Any:
        """Call one of the app's functions here and now: no queue, no session, no page.

        Args:
            inputs: a value for each input of the function, as its component would show it.
            fn_index, api_name: which function; by default the first.

        Returns:
            One value, or a list when the function has several outputs.

        Raises:
            ValueError: no such function, or one that cannot be called so: a generator, one in
                batches, or one with State.
            TypeError: a value is missing, or one too many.
        """
        return called_directly(self, inputs, fn_index, api_name)

    def integrate(self, comet_ml: Any = None, wandb: Any = None, mlflow: Any = None) -> None:
        """Tell an experiment tracker where the app is served.

        Raises:
            NotAvailableError: always; an app in a cell has no address to tell.
        """
        raise NotAvailableError(
            "integrate() logs the address of a served app, and an app in a notebook cell has none. "
            "Log what you need from a handler instead."
        )

    def block_thread(self) -> None:
        """Keep the calling cell running until it is interrupted; the app goes on working.

        Raises:
            NotAvailableError: there are no threads that it could go on in.
        """
        refuse_to_block()
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(0.1)

    def widget(self) -> Any:
        """A new showing of the app as an ipywidget, to compose: ``VBox([demo.widget(),
        slider])``. It stays when its output is cleared, because it can be shown again.
        """
        widget = self._new_widget()
        widget.is_kept = True
        return widget

    def _new_widget(self) -> Any:
        from . import display

        display.install_hooks()
        return self.opened(lambda engine: display.AppWidget(engine, self.title))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """A new showing, as the output of a cell."""
        return self._new_widget()._repr_mimebundle_(**kwargs)

    def running_engine(self) -> Engine:
        """The engine of this app; started if need be."""
        with _starting:
            engine = self._engine
            if engine is None:
                self._check_placed()
                engine = Engine(self, self._options, self._app)
                engine.on_idle = partial(self._forget, engine)
                self._engine = engine
                _open.add(self)
            return engine

    def opened(self, make: Callable[[Engine], T]) -> T:
        """What ``make`` opens on the engine of this app. When the last other showing is closed at
        that moment, and the engine with it, it is asked once more, with a new one.
        """
        while True:
            engine = self.running_engine()
            try:
                return make(engine)
            except RuntimeError:
                if not engine.has_ended:
                    raise
                self._forget(engine)

    def _forget(self, ended: Engine) -> None:
        # A second launch may have made another one since.
        if self._engine is ended:
            self._engine = None

    def _retire_engine(self) -> None:
        """New options are for new showings; those that are open keep the engine they have."""
        self._engine = None

    @property
    def is_running(self) -> bool:
        """Whether the app is shown somewhere."""
        return self._engine is not None

    def close(self, verbose: bool = True) -> None:
        """Close every showing of this app and stop what it runs.

        Args:
            verbose: accepted as in Gradio; closing prints nothing.
        """
        from . import display

        for widget in display.shown():
            if widget.session.tree is self:
                widget.close()
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.close_all()
        choice.let_go()


def page_of(content: Any, title: str = "ipyblocks") -> Blocks:
    """An app with some content, ready to be shown.

    Args:
        content: a component, a layout, or text.

    Raises:
        TypeError: something that cannot be shown.
    """
    with Blocks(title=title) as page:
        block = as_block(content, "content")
        if block is not None and block.parent is None:
            block.render()
    return page


Block.app_of = staticmethod(page_of)


def close_all(verbose: bool = True) -> None:
    """Close every app of this kernel.

    Args:
        verbose: accepted as in Gradio; closing prints nothing.
    """
    for blocks in list(_open):
        blocks.close(verbose)
    choice.let_go()


def refuse_to_block() -> None:
    """One error for all that keeps a cell running.

    Raises:
        NotAvailableError: there are no threads, so the app would stand still meanwhile.
    """
    if not has_threads():
        raise NotAvailableError(
            "This Python has no threads, so a cell that keeps running would keep the app from "
            "running. Leave out debug and block_thread(), or give launch() "
            "prevent_thread_lock=True."
        )


def refuse_server_arguments(**given: Any) -> None:
    """One error for all arguments that only a web server could honour.

    Raises:
        NotAvailableError: any of them has a value.
    """
    asked = [name for name, value in given.items() if value]
    if asked:
        raise NotAvailableError(
            f"launch({', '.join(asked)}) needs a web server, and an app in a notebook cell "
            "has none: it runs wherever the notebook runs, for whoever may open the notebook. "
            f"Leave {'it' if len(asked) == 1 else 'them'} out; a web page of its own is not "
            "available yet."
        )
