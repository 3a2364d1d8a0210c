"""Pictures of a running camera: what the page is told, and how handlers keep up with them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

import ipyblocks as gr
from ipyblocks.protocol import UNSET, Binary, Started, StreamRate

from .conftest import Shown

Show = Callable[..., Shown]
Rate = tuple[float, float | None]


def frame(shade: int) -> Binary:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (4, 3), (shade, shade, shade)).save(file, "PNG")
    return Binary(data=file.getvalue(), mime_type="image/png", name="camera.png")


def send(shown: Shown, camera: Any, shade: int) -> None:
    shown.set(camera, frame(shade))
    shown.fire(camera, "stream")


def rate_of(demo: gr.Blocks, block: Any) -> Rate | None:
    (node,) = [node for node in demo.nodes() if node.id == demo.id_of(block)]
    return None if node.stream is UNSET else (node.stream.every, node.stream.time_limit)


def test_a_function_gets_every_picture(show: Show) -> None:
    shades: list[int] = []
    with gr.Blocks() as demo:
        camera = gr.Image(sources=["webcam"], streaming=True)
        camera.stream(lambda image: shades.append(int(image[0, 0, 0])), camera)
    shown = show(demo)
    for shade in (10, 20, 30):
        send(shown, camera, shade)
        shown.page.idle()
    assert shades == [10, 20, 30]
    assert {m.show_progress for m in shown.messages(Started)} == {"hidden"}


def test_a_function_that_takes_its_time_gets_the_last_picture_next(
    show: Show, gate: Callable[[], Any]
) -> None:
    here, shades = gate(), []

    def slow(image: Any) -> None:
        shades.append(int(image[0, 0, 0]))
        here.wait()

    with gr.Blocks() as demo:
        camera = gr.Image(streaming=True)
        camera.stream(slow, camera)
    shown = show(demo)
    send(shown, camera, 10)
    here.reached()
    for shade in (20, 30, 40, 50):
        send(shown, camera, shade)
    assert shown.on_loop(shown.session.statistics).tasks == 1
    here.open()
    shown.page.idle()
    assert shades == [10, 50]


def test_the_page_is_told_how_to_send_them() -> None:
    with gr.Blocks() as demo:
        silent, usual = gr.Image(streaming=True), gr.Image()
        limited, both = gr.Image(), gr.Image()
        usual.stream(print, usual)
        limited.stream(print, limited, stream_every=0.1, time_limit=30)
        gr.on([both.stream, both.upload], print, both, stream_every=2)
    rates = [rate_of(demo, block) for block in (silent, usual, limited, both)]
    assert rates == [None, (0.5, None), (0.1, 30), (2, None)]


def test_a_rendered_one_too(show: Show) -> None:
    with gr.Blocks() as demo:

        @gr.render()
        def part() -> None:
            camera = gr.Image(streaming=True)
            camera.stream(print, camera, stream_every=0.25)

    shown = show(demo)
    shown.page.idle()
    nodes = shown.on_loop(shown.session.scene.nodes)
    assert [n.stream for n in nodes if n.kind == "image"] == [
        StreamRate(every=0.25, time_limit=None)
    ]


def test_where_the_pictures_come_from() -> None:
    assert gr.Image(streaming=True, render=False).sources == ["webcam"]
    assert gr.Image(streaming=True, sources=["upload", "webcam"], render=False).sources == [
        "upload",
        "webcam",
    ]
    with pytest.raises(ValueError, match=r'streaming needs the camera; add "webcam" to sources'):
        gr.Image(streaming=True, sources="upload", render=False)


def test_show_progress_may_be_given_all_the_same() -> None:
    with gr.Blocks():
        camera = gr.Image()
        by_name = camera.stream(print, camera, show_progress="full")
        by_place = camera.stream(print, camera, None, None, False, "minimal")
        decorated = camera.stream(inputs=camera)(print)
        assert (by_name.show_progress, by_place.show_progress) == ("full", "minimal")
        assert decorated is print
        modes = {d.trigger_mode for d in by_name.root.dependencies.values()}
        assert modes == {"always_last"}


@pytest.mark.parametrize(
    ("listen", "words"),
    [
        (
            lambda image: image.upload(print, stream_every=1),
            r"^upload: stream_every=1 is for listeners of a stream event",
        ),
        (
            lambda image: image.stream(print).then(print, stream_every=1),
            "^then: stream_every=1 is for",
        ),
        (lambda image: image.stream(print, stream_every=0), "stream_every is 0; it must be a posi"),
        (lambda image: image.stream(print, stream_every=float("nan")), "stream_every is nan"),
        (lambda image: image.stream(print, stream_every=True), "stream_every is True"),
        (lambda image: image.stream(print, time_limit=-1), "time_limit is -1"),
        (
            lambda image: (image.stream(print), image.stream(print, stream_every=1)),
            "stream: Image 'Camera' streams at one rate; give all its listeners the same",
        ),
        (
            lambda image: (image.stream(print, time_limit=3), image.stream(print)),
            "the same stream_every and time_limit",
        ),
    ],
)
def test_what_cannot_be_is_named(listen: Callable[[Any], Any], words: str) -> None:
    with gr.Blocks():
        image = gr.Image(label="Camera")
        with pytest.raises(ValueError, match=words):
            listen(image)
