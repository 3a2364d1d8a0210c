"""Images and HTML: what functions get and return, what pages send, which files may be shown."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

import ipyblocks as gr
from ipyblocks import pictures
from ipyblocks.errors import NotAvailableError
from ipyblocks.files import image_type
from ipyblocks.protocol import (
    PROTOCOL,
    Binary,
    Failed,
    Hello,
    Piece,
    Received,
    Refused,
    Upload,
    UploadReference,
)

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


def png(array: Any = RGB, **options: Any) -> bytes:
    return encoded(array, "PNG", **options)


def encoded(array: Any, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Pillow.fromarray(array).save(out, kind, **options)
    return out.getvalue()


def sent(data: bytes, mime: str = "image/png", name: str | None = "photo.png") -> Binary:
    return Binary(data=data, mime_type=mime, name=name)


def image(**options: Any) -> Any:
    return gr.Image(render=False, **options)


def pixels(binary: Binary) -> Any:
    return np.asarray(Pillow.open(io.BytesIO(binary.data)))


# --- what a function returns ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (RGB, RGB),
        (RGB / 255, RGB),
        ((RGB / 255).astype(np.float32), RGB),
        (RGB.astype(np.int64), RGB),
        (RGB.astype(np.uint16) << 8, RGB),
        (RGB[:, :, 0] > 99, np.repeat((RGB[:, :, :1] > 99) * np.uint8(255), 3, 2)),
        (RGB[:, :, 0], np.repeat(RGB[:, :, :1], 3, 2)),
        (RGB[:, :, :1], np.repeat(RGB[:, :, :1], 3, 2)),
        (RGB[::-1, ::2], RGB[::-1, ::2]),
        (np.full((2, 2), np.nan), np.zeros((2, 2, 3), np.uint8)),
        (np.full((2, 2), 1.2), np.full((2, 2, 3), 255, np.uint8)),
    ],
)
def test_an_array_comes_back_pixel_for_pixel(array: Any, expected: Any) -> None:
    component = image()
    payload = component.postprocess(array)
    assert payload.mime_type == "image/webp"
    np.testing.assert_array_equal(component.preprocess(payload), expected)


def test_transparent_pixels_keep_their_colour() -> None:
    array = np.dstack([RGB, RGB[:, :, 0] * 0])
    component = image(image_mode="RGBA")
    np.testing.assert_array_equal(component.preprocess(component.postprocess(array)), array)


@pytest.mark.parametrize("format", pictures.FORMATS)
def test_every_format_can_be_read_back(format: str) -> None:
    component = image(format=format)
    payload = component.postprocess(RGB)
    assert payload.mime_type == f"image/{format}"
    assert image_type(payload.data) == payload.mime_type
    assert component.preprocess(payload).shape == RGB.shape


def test_a_format_that_this_pillow_lacks_becomes_png(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.features.check", lambda name: False)
    assert image().postprocess(RGB).mime_type == "image/png"


def test_what_webp_has_no_room_for_becomes_png() -> None:
    wide = np.zeros((1, pictures.MAX_WEBP_SIDE + 1), np.uint8)
    assert image().postprocess(wide).mime_type == "image/png"


def test_a_transparent_image_as_jpeg_lies_on_white() -> None:
    clear = np.zeros((4, 4, 4), np.uint8)
    assert pixels(image(format="jpg").postprocess(clear)).min() == 255


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        ("1", "RGB"), ("L", "L"), ("P", "RGB"), ("LA", "RGBA"), ("RGBA", "RGBA"), ("CMYK", "RGB"),
        ("YCbCr", "RGB"), ("HSV", "RGB"), ("I", "L"), ("F", "L"), ("I;16", "L"),
    ],
)  # fmt: skip
def test_every_mode_of_pillow_can_be_shown(mode: str, shown: str) -> None:
    picture = Pillow.new(mode, (3, 2))
    payload = image(format="png").postprocess(picture)
    assert Pillow.open(io.BytesIO(payload.data)).mode == shown


def test_sixteen_bits_are_scaled_not_cut_off() -> None:
    deep = np.array([[0, 0x8000, 0xFFFF]], np.uint16)
    payload = sent(png(deep))
    assert image(image_mode="L").preprocess(payload).tolist() == [[0, 128, 255]]
    picture = Pillow.fromarray(deep)
    assert pixels(image(format="png").postprocess(picture)).tolist() == [[0, 128, 255]]


def test_photos_are_shown_and_given_upright() -> None:
    picture = Pillow.fromarray(RGB)
    exif = picture.getexif()
    exif[0x0112] = 6  # turned by 90°
    out = io.BytesIO()
    picture.save(out, "PNG", exif=exif)
    turned = Pillow.open(io.BytesIO(out.getvalue()))
    assert pixels(image().postprocess(turned)).shape == (8, 6, 3)
    assert image().preprocess(sent(out.getvalue())).shape == (8, 6, 3)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (np.zeros((3, 4, 5)), ValueError, r"\(height, width\).*this one has \(3, 4, 5\)"),
        (np.zeros((3, 40, 50)), ValueError, r"np\.moveaxis\(image, 0, -1\)"),
        (np.zeros((0, 4, 3)), ValueError, r"\(0, 4, 3\)"),
        (np.full((2, 2), 200.0), ValueError, r"between 0 and 1; here 200 to 200.*astype"),
        (np.full((2, 2), np.inf), ValueError, "between 0 and 1"),
        (np.full((2, 2), 300), ValueError, "between 0 and 255; here 300 to 300"),
        (np.full((2, 2), "a"), ValueError, "numbers or booleans"),
        (np.full((2, 2), 1j), ValueError, "numbers or booleans"),
        (12, TypeError, "value is int; give a path"),
        ("https://example.org/a.png", ValueError, "is an address"),
    ],
)
def test_what_is_no_image_is_refused_in_words(
    value: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        image(label="Cat").postprocess(value)
    with pytest.raises(error, match="Image 'Cat'"):
        image(label="Cat", value=value)


def test_a_path_is_read_as_it_is(tmp_path: Path) -> None:
    svg, misnamed, text = tmp_path / "a.svg", tmp_path / "b.gif", tmp_path / "c.txt"
    svg.write_bytes(b"<?xml version='1.0'?>\n<!-- hi -->" + SVG)
    misnamed.write_bytes(png())
    text.write_text("words")
    assert image(value=svg).initial_payload().mime_type == "image/svg+xml"
    payload = image(value=str(misnamed)).initial_payload()
    assert payload == Binary(data=misnamed.read_bytes(), mime_type="image/png", name="b.gif")
    with pytest.raises(ValueError, match="no image file"):
        image(value=text)
    with pytest.raises(FileNotFoundError, match="There is no file"):
        image(value=tmp_path / "none.png")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        image(value=tmp_path)


# --- what a function gets ------------------------------------------------------------------------


def test_none_is_none_everywhere() -> None:
    for kind in ("numpy", "pil", "filepath"):
        component = image(type=kind)
        assert component.preprocess(None) is None
        assert component.postprocess(None) is None
        assert component.check_value(None) is None
        assert component.is_empty()


@pytest.mark.parametrize(
    ("mode", "shape"),
    [("RGB", (6, 8, 3)), ("L", (6, 8)), ("RGBA", (6, 8, 4)), ("CMYK", (6, 8, 4)), (None, (6, 8))],
)
def test_the_mode_settles_the_shape(mode: str | None, shape: tuple[int, ...]) -> None:
    grey = sent(png(RGB[:, :, 0]))
    array = image(image_mode=mode).preprocess(grey)
    assert array.shape == shape
    array[0] = 0  # a function may write to it
    assert image(image_mode=mode, type="pil").preprocess(grey).mode == (mode or "L")


def test_a_drawing_has_no_pixels() -> None:
    with pytest.raises(ValueError, match='type="filepath"'):
        image().preprocess(sent(SVG, "image/svg+xml"))


def test_a_cut_off_image_is_refused_when_it_is_read() -> None:
    noise = RNG.integers(0, 256, (60, 60, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match="cannot be read"):
        image().preprocess(sent(encoded(noise, "JPEG")[:2000]))


class PathApp:
    """An app whose function keeps the paths it gets."""

    def __init__(self, show: Callable[..., Any], **options: Any) -> None:
        self.paths: list[Path] = []
        with gr.Blocks() as demo:
            self.image = gr.Image(type="filepath", **options)
            self.button = gr.Button()
            self.button.click(self.take, self.image)
        self.shown = show(demo)

    def take(self, path: str) -> None:
        self.paths.append(Path(path))

    def press(self) -> Path:
        self.shown.run(self.button)
        assert not self.shown.messages(Failed)
        return self.paths[-1]


def test_a_file_lives_as_long_as_the_session(show: Callable[..., Any]) -> None:
    app = PathApp(show)
    app.shown.set(app.image, sent(png()))
    first = app.press()
    assert first.name == "photo.png"
    assert first.read_bytes() == png()
    written = first.stat().st_mtime_ns
    assert app.press() == first
    assert first.stat().st_mtime_ns == written
    app.shown.engine.close_all()
    assert not first.exists()


def test_a_file_that_a_function_changed_is_written_anew(show: Callable[..., Any]) -> None:
    app = PathApp(show)
    app.shown.set(app.image, sent(png()))
    app.press().write_bytes(b"mine")
    assert app.press().read_bytes() == png()
    app.press().unlink()
    assert app.press().read_bytes() == png()


def test_another_mode_is_another_file(show: Callable[..., Any]) -> None:
    app = PathApp(show, image_mode="L")
    app.shown.set(app.image, sent(encoded(RGB, "JPEG"), name="a.jpg"))
    with Pillow.open(app.press()) as grey:
        assert (grey.mode, grey.format) == ("L", "JPEG")
    assert app.paths[-1].name == "a.jpg"
    app.shown.set(app.image, sent(png(np.dstack([RGB, RGB[:, :, 0]])), name=None))
    with Pillow.open(app.press()) as grey:
        assert (grey.mode, grey.format) == ("L", "PNG")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../x.png", "x.png"),
        ("evil.py", "evil.py.png"),
        (None, "image.png"),
        ("…\0.png", "….png"),
    ],
)
def test_a_name_from_the_page_stays_in_the_folder(
    show: Callable[..., Any], name: str | None, kept: str
) -> None:
    app = PathApp(show)
    app.shown.set(app.image, sent(png(), name=name))
    assert app.press().name == kept


# --- what a page may send ------------------------------------------------------------------------


def test_the_type_is_what_the_bytes_say() -> None:
    checked = image().check_value(sent(encoded(RGB, "JPEG"), "text/html"))
    assert checked.mime_type == "image/jpeg"


@pytest.mark.parametrize("with_pillow", [True, False])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not an image"),
        (b"<html><svg>", "not an image"),
        (b"#!/bin/sh\n", "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not an image"),
        (SVG, "no pixels"),
    ],
)
def test_what_is_no_image_is_not_taken(
    data: bytes, words: str, with_pillow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "has_pillow", lambda: with_pillow)
    with pytest.raises(ValueError, match=rf"Image 'Cat': value was not taken: .*{words}"):
        image(label="Cat").check_value(sent(data))


def test_a_damaged_image_is_not_taken() -> None:
    broken = bytearray(png())
    broken[-20] ^= 255
    with pytest.raises(ValueError, match="damaged"):
        image().check_value(sent(bytes(broken)))


def test_a_bomb_is_not_taken() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + crc

    for side in (9_600, 60_000):  # Pillow warns of the first and refuses the second
        header = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0"))
        with pytest.raises(ValueError, match="more pixels than"):
            image().check_value(sent(bomb + chunk(b"IEND", b"")))


@pytest.mark.parametrize("payload", ["text", {"a": 1}, UploadReference(upload=1), b"bytes"])  # type: ignore[arg-type]
def test_only_files_are_values(payload: Any) -> None:
    with pytest.raises(ValueError, match="value cannot be"):
        image().check("value", payload)


def test_without_pillow_paths_still_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, show: Callable[..., Any]
) -> None:
    monkeypatch.setattr(pictures, "has_pillow", lambda: False)
    (tmp_path / "a.png").write_bytes(png())
    assert image(value=tmp_path / "a.png").check_value(sent(png())).mime_type == "image/png"
    with pytest.raises(NotAvailableError, match="pip install pillow"):
        image().postprocess(RGB)
    with pytest.raises(NotAvailableError, match="pip install pillow"):
        image().preprocess(sent(png()))


def upload(shown: Any, block: Any, data: bytes, name: str = "photo.png") -> None:
    shown.page.send(
        Upload(
            seq=0,
            upload=1,  # type: ignore[arg-type]
            node=shown.id(block),
            name=name,
            mime_type="image/png",
            size=len(data),
        ),
        Piece(
            seq=0,
            upload=1,  # type: ignore[arg-type]
            offset=0,
            crc=zlib.crc32(data),
            chunk=Binary(data=data, mime_type="application/octet-stream"),
        ),
    )
    shown.page.wait_for(lambda m: isinstance(m, Received) and m.state in ("whole", "refused"))


def shape_app(**options: Any) -> tuple[Any, Any, Any]:
    with gr.Blocks() as demo:
        picture, shape = gr.Image(**options), gr.Textbox()
        picture.upload(lambda x: str(x.shape), picture, shape)
    return demo, picture, shape


def test_an_upload_reaches_the_function(show: Callable[..., Any]) -> None:
    demo, picture, shape = shape_app()
    shown = show(demo)
    upload(shown, picture, png())
    shown.set(picture, UploadReference(upload=1))  # type: ignore[arg-type]
    shown.run(picture, "upload")
    assert shown.value(shape) == "(6, 8, 3)"
    assert shown.value(picture) == sent(png())


def test_an_upload_is_not_in_a_snapshot_and_comes_afterwards(show: Callable[..., Any]) -> None:
    with gr.Blocks() as demo:
        mine, result, button = gr.Image(), gr.Image(), gr.Button()
        button.click(lambda x: x, mine, result)
    shown = show(demo)
    shown.set(mine, sent(png()))
    shown.run(button)
    snapshot = shown.on_loop(shown.session.snapshot)
    assert [len(buffer) for buffer in snapshot.buffers] == [len(shown.value(result).data)]
    told = len(shown.messages())
    seq = snapshot.content["messages"][0]["seq"]
    shown.page.send(Hello(seq=0, protocol=PROTOCOL, epoch=shown.session.epoch, seen=seq))
    shown.page.idle()
    (patch,) = shown.messages()[told:]
    assert patch.updates[0].props == {"value": sent(png())}


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (b"text", {}, r"^notes\.png was not taken: it is not an image that can be read\.$"),
        (png(), {"max_file_size": 10}, r"^'notes\.png' has .* bytes; at most 10 are allowed\.$"),
    ],
)
def test_a_file_is_refused_before_it_is_a_value(
    show: Callable[..., Any], data: bytes, options: Any, words: str
) -> None:
    demo, picture, _ = shape_app()
    shown = show(demo, **options)
    upload(shown, picture, data, "notes.png")
    refused = shown.messages(Received)[-1]
    assert re.search(words, refused.message), refused.message
    shown.set(picture, UploadReference(upload=1))  # type: ignore[arg-type]
    assert "not complete or not known" in shown.until(Refused)[0].message
    assert shown.value(picture) is None


def test_who_may_not_edit_may_not_upload(show: Callable[..., Any]) -> None:
    demo, picture, _ = shape_app(interactive=False)
    shown = show(demo)
    upload(shown, picture, png())
    assert "not interactive" in shown.messages(Received)[-1].message


# --- arguments -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"type": "array"}, 'type must be "numpy", "pil" or "filepath"'),
        ({"format": "tiff"}, "format must be one of webp"),
        ({"image_mode": "XYZ"}, "image_mode must be"),
        ({"sources": ["upload", "scanner"]}, "sources must be"),
        ({"sources": []}, "sources must be"),
        ({"sources": ["upload"], "streaming": True}, 'streaming needs the camera; add "webcam"'),
    ],
)
def test_a_bad_argument_is_named(options: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        image(**options)


@pytest.mark.parametrize(
    "options",
    [{"webcam_options": {}}, {"watermark": "x"}, {"show_share_button": True}],
)
def test_what_there_is_not_yet_says_what_to_do(options: Any) -> None:
    with pytest.raises(NotAvailableError, match=next(iter(options))):
        image(**options)


def test_one_source_may_be_given_alone() -> None:
    assert image(sources="webcam").wire_props()["sources"] == ["webcam"]
    assert "sources" not in image().wire_props()


def test_nothing_heavy_is_imported_for_a_path(tmp_path: Path) -> None:
    code = (
        "import sys; import ipyblocks as gr\n"
        f"gr.Image({str(tmp_path / 'a.png')!r}, render=False)\n"
        "gr.JSON({'a': [1]}, render=False)\n"
        "print([m for m in ('numpy', 'PIL', 'pandas') if m in sys.modules])"
    )
    (tmp_path / "a.png").write_bytes(png())
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- HTML ----------------------------------------------------------------------------------------


class Fancy:
    def _repr_html_(self) -> str:
        return "<b>fancy</b>"


@pytest.mark.parametrize(
    ("value", "html"), [(None, ""), ("<i>a</i>", "<i>a</i>"), (3, "3"), (Fancy(), "<b>fancy</b>")]
)
def test_html_of_values(value: Any, html: str) -> None:
    assert gr.HTML(render=False).postprocess(value) == html
    assert gr.HTML(value, render=False).initial_payload() == html


def test_html_gives_functions_what_it_shows(show: Callable[..., Any]) -> None:
    with gr.Blocks() as demo:
        html, text, button = gr.HTML("<b>a</b>"), gr.Textbox(), gr.Button()
        button.click(lambda x: x.upper(), html, text)
    shown = show(demo).run(button)
    assert shown.value(text) == "<B>A</B>"


@pytest.mark.parametrize("name", ["html_template", "css_template", "js_on_load"])
def test_templates_of_html_say_what_to_do(name: str) -> None:
    with pytest.raises(NotAvailableError, match=f"HTML: {name} is not available; "):
        gr.HTML(**{name: "x"}, render=False)
