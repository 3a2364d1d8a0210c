"""``demo(…)``, validators, and descriptions of endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks import endpoints
from ipyblocks.protocol import Failed, Toast

from .conftest import Shown


@pytest.fixture
def demo() -> gr.Blocks:
    async def both(a: float, b: float) -> tuple[float, str]:
        """Twice the first, and a word."""
        return a * 2, f"{b:g}"

    def stream(a: float) -> Any:
        yield a

    with gr.Blocks() as app:
        a, b = gr.Number(1), gr.Number(2)
        out, word = gr.Number(), gr.Textbox()
        kept = gr.State(0)
        button = gr.Button()
        button.click(lambda a, b: a + b, [a, b], out, api_name="add")
        button.click(both, [a, b], [out, word], api_description="Doubles.")
        button.click(lambda values: values[a] - values[b], {a, b}, out, api_name="less")
        button.click(stream, a, out)
        button.click(lambda n: n + 1, kept, kept, api_name="count")
    return app


def test_a_function_is_called_as_its_components_would(demo: gr.Blocks) -> None:
    assert demo(3, 4) == 7
    assert demo(3, 4, fn_index=1) == [6, "4"]
    assert demo(3, 4, api_name="/less") == -1


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"api_name": "/stream"}, ValueError, "it is a generator"),
        ({"api_name": "/count"}, ValueError, "it has State"),
        ({"api_name": "/nothing"}, ValueError, "Cannot find a function"),
        ({"fn_index": 99}, ValueError, "There is no function 99"),
    ],
)
def test_what_cannot_be_called_so_says_why(
    demo: gr.Blocks, arguments: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        demo(1, **arguments)


@pytest.mark.anyio
async def test_an_async_function_is_called_from_a_running_loop(demo: gr.Blocks) -> None:
    assert demo(3, 4, api_name="/both") == [6, "4"]


def test_endpoints_say_what_they_do(demo: gr.Blocks) -> None:
    functions = [d for d in demo.dependencies.values() if d.api_name == "both"]
    assert endpoints.described(functions[0])["description"] == "Doubles."


def test_a_validator_keeps_a_function_from_running(show: Callable[..., Shown]) -> None:
    ran: list[float] = []

    def check(a: float, b: float) -> list[dict[str, object]]:
        return [gr.validate(a > 0, "a must be positive."), gr.validate(b < 9, "b is too large.")]

    with gr.Blocks() as app:
        a, b = gr.Number(-1), gr.Number(10)
        out = gr.Number()
        run = gr.Button()
        run.click(lambda a, b: ran.append(a), [a, b], out, validator=check)
    shown = show(app).run(run)
    assert ran == []
    assert [m.message for m in shown.messages(Failed)] == ["a must be positive. b is too large."]
    assert [m.title for m in shown.messages(Toast)] == ["Not valid"]
    shown.set(a, 1)
    shown.set(b, 2)
    shown.run(run)
    assert ran == [1]


def test_a_validator_that_returns_something_else_is_an_error(show: Callable[..., Shown]) -> None:
    with gr.Blocks() as app:
        a = gr.Number(1)
        run = gr.Button()
        run.click(lambda a: None, a, None, validator=lambda a: True)
    shown = show(app).run(run)
    assert "must return gr.validate" in shown.messages(Failed)[0].message
