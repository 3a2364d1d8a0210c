"""What is refused, and in which words: where, what was given, and what would be right."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.errors import InvalidBlockError, NotAvailableError
from ipyblocks.layouts.form import Form

Case = tuple[Callable[[], Any], type[BaseException], str]


def in_app(build: Callable[[Any], Any]) -> Callable[[], Any]:
    """``build`` gets a button of an app being built."""

    def run() -> None:
        with gr.Blocks():
            build(gr.Button())

    return run


def nothing() -> None:
    """A function to bind."""


def steps() -> Iterator[int]:
    yield 1


async def async_steps() -> AsyncIterator[int]:
    yield 1


CASES: dict[str, Case] = {
    # constructors
    "unknown argument": (
        lambda: gr.Textbox(placholder="x"),
        TypeError,
        "Textbox() has no argument 'placholder'. Did you mean 'placeholder'?",
    ),
    "unlike any argument": (
        lambda: gr.Textbox(qqq=1), TypeError, "Textbox() has no argument 'qqq'.",
    ),
    "too many positional": (
        lambda: gr.Textbox("a", "b"),
        TypeError,
        "Textbox() takes at most 1 positional arguments (value); 2 were given. "
        "Pass the others by name.",
    ),
    "twice": (
        lambda: gr.Textbox("a", value="b"), TypeError, "Textbox() got the argument 'value' twice.",
    ),
    "textbox type": (
        lambda: gr.Textbox(type="number"),
        ValueError,
        "Textbox: type must be \"text\", \"password\" or \"email\", not 'number'.",
    ),
    "textbox lines": (
        lambda: gr.Textbox(label="Name", lines=0),
        ValueError,
        "Textbox 'Name': lines must be 1 or more, not 0.",
    ),
    "every": (
        lambda: gr.Textbox(every=1), ValueError, "Textbox: every needs a value that is a function",
    ),
    "column": (
        lambda: gr.Column(scale=-1),
        ValueError,
        "Column: scale and min_width must not be negative.",
    ),
    "state ttl": (
        lambda: gr.State(0, time_to_live=0),
        ValueError,
        "State: time_to_live must be a positive number of seconds.",
    ),
    "delete_cache": (
        lambda: gr.Blocks(delete_cache=(0, 1)),
        ValueError,
        "Blocks: delete_cache must be two positive numbers (frequency, age).",
    ),
    "css file": (
        lambda: gr.Blocks(css="missing.css"),
        FileNotFoundError,
        "There is no file 'missing.css'; give an existing path, or the text itself.",
    ),
    "layout without app": (
        lambda: Form().root, RuntimeError, "Form is not part of an app; use it inside gr.Blocks().",
    ),
    # listeners
    "fn": (
        in_app(lambda b: b.click(3)),
        TypeError,
        "click: fn must be a function, not int 3. Give the function itself, without calling it",
    ),
    "fn as text": (
        in_app(lambda b: b.click("run")), TypeError, "click: fn must be a function, not str 'run'.",
    ),
    "input": (
        in_app(lambda b: b.click(nothing, [b, "name"])),
        InvalidBlockError,
        "click: inputs[1] is str 'name', not a component.",
    ),
    "output as text": (
        in_app(lambda b: b.click(nothing, None, "name")),
        InvalidBlockError,
        "click: outputs[0] is str 'name', not a component.",
    ),
    "output as number": (
        in_app(lambda b: b.click(nothing, None, [7])),
        InvalidBlockError,
        "click: outputs[0] is int 7, not a component.",
    ),
    "trigger mode": (
        in_app(lambda b: b.click(nothing, trigger_mode="twice")),
        ValueError,
        "trigger_mode is 'twice'; it must be \"once\", \"multiple\", \"always_last\" or None.",
    ),
    "show_progress": (
        in_app(lambda b: b.click(nothing, show_progress="big")),
        ValueError,
        "show_progress is 'big'; it must be \"full\", \"minimal\" or \"hidden\".",
    ),
    "concurrency limit": (
        in_app(lambda b: b.click(nothing, concurrency_limit=0)),
        ValueError,
        'concurrency_limit is 0; it must be 1 or more, None (no limit) or "default".',
    ),
    "unknown listener argument": (
        in_app(lambda b: b.click(nothing, output=b)), TypeError, "'output'",
    ),
    "batch of a generator": (
        in_app(lambda b: b.click(steps, batch=True)),
        ValueError,
        "click: a generator cannot be used with batch.",
    ),
    "batch of an async generator": (
        in_app(lambda b: b.click(async_steps, batch=True)),
        ValueError,
        "click: a generator cannot be used with batch.",
    ),
    "batch without queue": (
        in_app(lambda b: b.click(nothing, batch=True, queue=False)),
        ValueError,
        "batch needs the queue; leave queue=False out.",
    ),
    "batch size": (
        in_app(lambda b: b.click(nothing, batch=True, max_batch_size=0)),
        ValueError,
        "max_batch_size is 0; it must be 1 or more.",
    ),
    "every zero": (
        in_app(lambda b: b.click(nothing, every=0)),
        ValueError,
        "every is 0; it must be a positive number of seconds.",
    ),
    "every negative": (
        in_app(lambda b: b.click(nothing, every=-1.5)),
        ValueError,
        "every is -1.5; it must be a positive number of seconds.",
    ),
    "every with batch": (
        in_app(lambda b: b.click(nothing, every=1, batch=True)),
        ValueError,
        "every cannot be combined with batch.",
    ),
    "every without a function": (
        in_app(lambda b: b.click(None, every=1)),
        ValueError,
        "click: every needs a function to run.",
    ),
    "time limit": (
        in_app(lambda b: b.click(nothing, time_limit=0)),
        ValueError,
        "time_limit is 0; it must be positive, in seconds.",
    ),
    "js without text": (
        in_app(lambda b: b.click(nothing, js=True)),
        NotAvailableError,
        "The listener argument js=True is not available; leave it out, and the function runs in",
    ),
    "api visibility": (
        in_app(lambda b: b.click(nothing, api_visibility="secret")),
        ValueError,
        "api_visibility is 'secret'; it must be \"public\", \"private\" or \"undocumented\".",
    ),
    "timer of nothing": (
        lambda: gr.Timer(0),
        ValueError,
        "Timer: value must be a positive number of seconds, not 0.",
    ),
    "timer of not a number": (
        lambda: gr.Timer(float("nan")),
        ValueError,
        "Timer: value must be a positive number of seconds, not nan.",
    ),
    "client of an address": (
        lambda: gr.Client("abc/def"),
        NotAvailableError,
        "Client('abc/def'): a client of a served app is not available yet; give the Blocks.",
    ),
    "client behind a login": (
        lambda: gr.Client(gr.Blocks(), auth=("a", "b")),
        NotAvailableError,
        "hf_token, auth, headers and ssl_verify are for apps behind a server",
    ),
    "cancels a function": (
        in_app(lambda b: b.click(nothing, cancels=[nothing])),
        TypeError,
        "click: cancels takes what a listener returned, such as run = button.click(…).",
    ),
    "cancels without queue": (
        in_app(lambda b: b.click(None, cancels=b.click(nothing, queue=False))),
        ValueError,
        "click: 'nothing' is listened to with queue=False, so it cannot be cancelled.",
    ),
    "called trigger": (
        in_app(lambda b: gr.on([b.click(nothing)], nothing)),
        TypeError,
        "triggers must be events such as button.click, without a call;",
    ),
    "unload": (
        lambda: gr.Blocks().unload("x"), TypeError, "unload takes a function, not str.",
    ),
    # queue and launch
    "queue size": (
        lambda: gr.Blocks().queue(max_size=0),
        ValueError,
        "max_size must be 1 or more, or None for no limit; it is 0.",
    ),
    "queue limit": (
        lambda: gr.Blocks().queue(default_concurrency_limit=0),
        ValueError,
        "default_concurrency_limit must be 1 or more, or None; it is 0.",
    ),
    "queue rate": (
        lambda: gr.Blocks().queue(status_update_rate=0),
        ValueError,
        'status_update_rate must be more than 0 seconds, or "auto"; it is 0.',
    ),
    "concurrency_count": (
        lambda: gr.Blocks().queue(concurrency_count=2),
        DeprecationWarning,
        "concurrency_count does not exist any more; set concurrency_limit on the listener",
    ),
    "share": (
        lambda: gr.Blocks().launch(share=True),
        NotAvailableError,
        "launch(share) needs a web server, and an app in a notebook cell has none",
    ),
    "server and auth": (
        lambda: gr.Blocks().launch(server_port=80, auth=("a", "b")),
        NotAvailableError,
        "launch(auth, server_port) needs a web server",
    ),
    "threads": (
        lambda: gr.Blocks().launch(max_threads=0),
        ValueError,
        "max_threads must be 1 or more; it is 0.",
    ),
    "file size": (
        lambda: gr.Blocks().launch(max_file_size="big"),
        ValueError,
        "max_file_size is 'big'; give bytes, or a size such as \"5mb\".",
    ),
    "no file size": (
        lambda: gr.Blocks().launch(max_file_size=0), ValueError, "max_file_size is 0; give bytes",
    ),
    "no notebook": (
        lambda: gr.Blocks().launch(), NotAvailableError, "There is no notebook to show the app in.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_in_words(name: str) -> None:
    build, kind, words = CASES[name]
    with pytest.raises(kind) as error:
        build()
    assert words in str(error.value)


def test_a_refused_constructor_adds_nothing_to_the_app() -> None:
    with gr.Blocks() as demo:
        with pytest.raises(ValueError, match="lines must be"):
            gr.Textbox(lines=0)
        gr.Button()
    assert [node.kind for node in demo.nodes()] == ["blocks", "button"]


@pytest.mark.parametrize(("given", "limit"), [("1", 1), (" 3 ", 3), ("none", None), ("None", None)])
def test_the_default_limit_comes_from_the_environment(
    given: str, limit: int | None, monkeypatch: Any
) -> None:
    monkeypatch.setenv("GRADIO_DEFAULT_CONCURRENCY_LIMIT", given)
    assert gr.Blocks()._options.concurrency_limit == limit


@pytest.mark.parametrize("given", ["0", "-1", "many", ""])
def test_a_bad_default_limit_names_the_variable(given: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("GRADIO_DEFAULT_CONCURRENCY_LIMIT", given)
    with pytest.raises(ValueError, match=f"GRADIO_DEFAULT_CONCURRENCY_LIMIT is '{given}'"):
        gr.Blocks()
