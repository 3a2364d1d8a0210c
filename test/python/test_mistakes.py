"""What people write who know another version of Gradio, or mistype: each is told what to do."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np
import pytest

import ipyblocks as gr
from ipyblocks import missing
from ipyblocks.errors import InvalidBlockError
from ipyblocks.given import REFUSED, taken
from ipyblocks.protocol import Failed
from ipyblocks.reactive import Variable

Case = tuple[Callable[[], Any], type[BaseException], str]


def listening(listen: Callable[[Any, Any], Any]) -> Callable[[], Any]:
    """``listen`` gets a button and a text of an app being built."""

    def run() -> None:
        with gr.Blocks():
            listen(gr.Button(), gr.Textbox())

    return run


def assign_click(button: Any, _box: Any) -> None:
    button.click = print


CASES: dict[str, Case] = {
    # names
    "case": (lambda: gr.TextBox, AttributeError, "Did you mean gr.Textbox?"),
    "typo": (lambda: gr.Sldier, AttributeError, "Did you mean gr.Slider?"),
    "not yet": (lambda: gr.Plot, AttributeError, "yet: save the figure, and give the picture"),
    "not yet, no hint": (lambda: gr.Video, AttributeError, "yet; gr.components.__all__ lists"),
    "Gradio 2": (lambda: gr.inputs, AttributeError, "components are in gr itself"),
    "Box": (lambda: gr.Box, AttributeError, "gr.Box is not available"),
    "style": (
        lambda: gr.Textbox().style(container=False),  # type: ignore[attr-defined]
        AttributeError,
        "Textbox has no style(), as in Gradio since version 4: give its arguments to",
    ),
    "update": (
        lambda: gr.Textbox.update("x"),  # type: ignore[attr-defined]
        AttributeError,
        "Textbox has no update(), as in Gradio since version 4: return gr.update(…)",
    ),
    # events
    "no such event": (
        lambda: gr.Textbox().click,  # type: ignore[attr-defined]
        AttributeError,
        "Textbox has no 'click'. Its events: change, input, select,",
    ),
    "no events": (
        lambda: gr.Row().click,  # type: ignore[attr-defined]
        AttributeError,
        "Row has no 'click'. Its events: none.",
    ),
    "event mistyped": (
        lambda: gr.Slider().chnage,  # type: ignore[attr-defined]
        AttributeError,
        "Slider has no 'chnage'. Did you mean 'change'?",
    ),
    "event assigned": (
        listening(assign_click),
        AttributeError,
        "Button: click is an event; listen to it by calling it, as in button.click(fn, inputs,",
    ),
    "no with": (
        lambda: gr.Button().click(print),
        AttributeError,
        "Cannot call click outside of a gr.Blocks context. Listen to events inside `with",
    ),
    "fn called": (
        listening(lambda b, t: b.click(None, None, t)),
        ValueError,
        "click: fn is None, so nothing would fill the outputs. Give the function itself",
    ),
    "listener, Gradio 3": (
        listening(lambda b, t: b.click(print, _js="() => 1")),
        TypeError,
        "click() has no argument '_js': it is js=.",
    ),
    "listener, typo": (
        listening(lambda b, t: gr.on([b.click], print, output=t)),
        TypeError,
        "on() has no argument 'output'. Did you mean 'outputs'?",
    ),
    "every": (
        listening(lambda b, t: b.click(print, every="1")), ValueError, "every is '1'; it must be",
    ),
    "time_limit": (
        listening(lambda b, t: b.click(print, time_limit=True)), ValueError, "time_limit is True;",
    ),
    "max_batch_size": (
        listening(lambda b, t: b.click(print, max_batch_size="4")),
        ValueError,
        "max_batch_size is '4'; it must be 1 or more.",
    ),
    "api_name": (
        listening(lambda b, t: b.click(print, api_name=3)),
        TypeError,
        "api_name is 3; it must be text, False or None.",
    ),
    "js": (
        listening(lambda b, t: b.click(None, js=3)), TypeError, "js is 3; it must be text or None.",
    ),
    "validator": (
        listening(lambda b, t: b.click(print, validator=True)),
        TypeError,
        "validator is True; it must be a function.",
    ),
    "a class": (
        listening(lambda b, t: b.click(print, gr.Textbox)),
        InvalidBlockError,
        "click: inputs is type <class 'ipyblocks.components.textbox.Textbox'>; it must be a",
    ),
    "a dict": (
        listening(lambda b, t: b.click(print, {"t": t})),
        InvalidBlockError,
        "it must be a component, or a list of components.",
    ),
    "a number": (
        listening(lambda b, t: b.click(print, None, 3)),
        InvalidBlockError,
        "click: outputs is int 3; it must be a component, or a list of components.",
    ),
    # arguments
    "variant": (
        lambda: gr.Button("Go", variant="danger"),  # type: ignore[arg-type]
        ValueError,
        'Button: variant must be "primary", "secondary", "stop" or "huggingface", not \'danger\'.',
    ),
    "size": (
        lambda: gr.Button(size="large"),  # type: ignore[arg-type]
        ValueError,
        'Button: size must be "sm", "md", "lg" or None, not \'large\'.',
    ),
    "near": (
        lambda: gr.Button(variant="primry"),  # type: ignore[arg-type]
        ValueError,
        "not 'primry'. Did you mean 'primary'?",
    ),
    "switch": (
        lambda: gr.Textbox(label="Name", interactive="False"),  # type: ignore[arg-type]
        ValueError,
        "Textbox 'Name': interactive must be True, False or None, not 'False'.",
    ),
    "visible": (
        lambda: gr.Row(visible="no"),  # type: ignore[arg-type]
        ValueError,
        "Row: visible must be True, False or \"hidden\", not 'no'.",
    ),
    "number as text": (
        lambda: gr.Textbox(lines="3"),  # type: ignore[arg-type]
        ValueError,
        "Textbox: lines must be a number, not '3'.",
    ),
    "label": (
        lambda: gr.Textbox(label=["a"]),  # type: ignore[arg-type]
        ValueError,
        "label must be text or None, not ['a'].",
    ),
    "css": (
        lambda: gr.Blocks(css={"a": 1}),  # type: ignore[arg-type]
        ValueError,
        "Blocks: css must be text or None, not {'a': 1}.",
    ),
    "children": (
        lambda: gr.Row(gr.Textbox()),  # type: ignore[call-arg]
        TypeError,
        "Row() takes no positional arguments; 1 given. Make what is in it inside `with gr.Row():`",
    ),
    "component, Gradio 6": (
        lambda: gr.Textbox(buttons=["copy"]),  # type: ignore[call-arg]
        TypeError,
        "Textbox() has no argument 'buttons': use show_copy_button",
    ),
    "Blocks, Gradio 5": (
        lambda: gr.Blocks(fill_width=True),  # type: ignore[call-arg]
        TypeError,
        "Blocks() has no argument 'fill_width': leave it out: an app is as wide as its cell.",
    ),
    "launch, Gradio 6": (
        lambda: gr.Blocks().launch(theme="soft"),  # type: ignore[call-arg]
        TypeError,
        "launch() has no argument 'theme': it is gr.Blocks(theme=…).",
    ),
    "launch, Gradio 3": (
        lambda: gr.Blocks().launch(enable_queue=True),  # type: ignore[call-arg]
        TypeError,
        "launch() has no argument 'enable_queue': leave it out: the queue is on;",
    ),
    "launch, typo": (
        lambda: gr.Blocks().launch(max_thread=1),  # type: ignore[call-arg]
        TypeError,
        "launch() has no argument 'max_thread'. Did you mean 'max_threads'?",
    ),
    "launch, no number": (
        lambda: gr.Blocks().launch(max_threads="4"),  # type: ignore[arg-type]
        ValueError,
        "max_threads must be 1 or more; it is '4'.",
    ),
    "queue, Gradio 3": (
        lambda: gr.Blocks().queue(live_updates=True),  # type: ignore[call-arg]
        TypeError,
        "queue() has no argument 'live_updates': leave it out: places in the queue",
    ),
    "queue, no number": (
        lambda: gr.Blocks().queue(max_size="10"),  # type: ignore[arg-type]
        ValueError,
        "max_size must be 1 or more, or None for no limit; it is '10'.",
    ),
    "queue, no rate": (
        lambda: gr.Blocks().queue(True),
        ValueError,
        'status_update_rate must be more than 0 seconds, or "auto"; it is True.',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_told_in_words(name: str) -> None:
    build, kind, words = CASES[name]
    with pytest.raises(kind) as error:
        build()
    assert words in str(error.value)


class Shade(str, Enum):
    DARK = "primary"


def test_what_gradio_takes_for_a_plain_argument_is_taken() -> None:
    box = gr.Textbox(
        label=3,  # type: ignore[arg-type]
        visible=np.bool_(True),  # type: ignore[arg-type]
        autofocus=1,  # type: ignore[arg-type]
        scale=np.int64(2),  # type: ignore[arg-type]
        min_width=80.5,  # type: ignore[arg-type]
    )
    wired = {name: v for name, v in box.wire_props().items() if v is not None}
    assert wired == {"label": "3", "autofocus": True, "scale": 2, "minWidth": 80.5}
    assert type(box.wire_props()["scale"]) is int
    assert gr.Button(variant=Shade.DARK).wire_props()["variant"] == "primary"
    assert type(gr.Button(variant=Shade.DARK).variant) is str


@pytest.mark.parametrize(
    ("value", "kinds", "result"),
    [
        (True, (int, float), REFUSED),
        (True, (str,), REFUSED),
        (False, (str, False), False),
        (True, (str, False), REFUSED),
        (None, (str,), REFUSED),
        (2, (bool,), True),
        (0.5, (bool,), REFUSED),
        (float("nan"), (float,), REFUSED),
        (float("inf"), (float,), float("inf")),
        ("a", ("b",), REFUSED),
        (b"a", (str,), REFUSED),
    ],
)
def test_a_plain_argument_is_its_declared_type(value: Any, kinds: Any, result: Any) -> None:
    assert taken(value, kinds) is result or taken(value, kinds) == result


def test_an_update_is_checked_as_the_constructor_is(show: Any) -> None:
    with gr.Blocks() as demo:
        box = gr.Textbox(label="Name")
        button = gr.Button()
        button.click(lambda: gr.update(interactive="no"), None, box)
    shown = show(demo)
    shown.run(button)
    told = shown.messages(Failed)[-1].message
    assert "Textbox 'Name': interactive must be True, False or None, not 'no'." in told


def test_a_variable_of_another_type_is_told_where_it_is_shown() -> None:
    with pytest.raises(ValueError, match="scale must be a number or None, not 'wide'"):
        gr.Textbox(scale=Variable("wide"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("others", "known"),
    [
        (missing.BLOCKS, gr.Blocks),
        (missing.LAUNCH, gr.Blocks.launch),
        (missing.QUEUE, gr.Blocks.queue),
    ],
)
def test_nothing_that_is_there_is_said_to_be_missing(others: Any, known: Any) -> None:
    assert not set(others) & set(inspect.signature(known).parameters)


def test_no_name_that_is_there_is_said_to_be_missing() -> None:
    assert not set(missing.NAMES) & set(gr.__all__)
    classes = [getattr(gr, name) for name in gr.components.__all__]
    for cls in classes:
        assert not missing.COMPONENT.keys() & inspect.signature(cls).parameters.keys()


def test_names_that_python_asks_for_are_quietly_missing() -> None:
    box = gr.Textbox()
    assert not hasattr(box, "_ipython_canary_method_should_not_exist_")
    assert not hasattr(box, "style")
    assert not hasattr(gr.Textbox, "update")
    assert inspect.signature(gr.Blocks.launch).parameters["share"].default is None
