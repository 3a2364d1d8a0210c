"""An image, shown or chosen."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from typing_extensions import Self

from .. import files, pictures
from ..component import Component, prop
from ..errors import NotAvailableError
from ..events import Event, change_event
from ..injection import SelectPayload
from ..protocol import Binary

SOURCES = ("upload", "webcam", "clipboard")


class Image(Component):
    """An image: shown by a function, or chosen by the person: a file, from the camera, pasted."""

    slow: ClassVar[bool] = True

    value: Any = prop(
        "A path, a numpy array (height × width, with 3, 4 or no channels; bytes, or floats 0 to "
        "1), a Pillow image, or a function called for every session.",
        default=None,
        kw_only=False,
        wire=Binary | None,
        settable=True,
    )
    format: str = prop(
        "How arrays and Pillow images are encoded: webp (lossless), png, jpeg, gif, bmp or avif.",
        default="webp",
        wire=None,
    )
    height: int | str | None = prop("Height of the picture; a number is pixels.", default=None)
    width: int | str | None = prop("Width of the picture; a number is pixels.", default=None)
    image_mode: (
        Literal["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F"] | None
    ) = prop(
        "Pillow mode that functions get; None leaves the image's own.", default="RGB", wire=None
    )
    sources: list[str] | str | None = prop(
        'Where the person may take it from: "upload", "webcam", "clipboard"; by default from each, '
        "or from the camera alone when it streams.",
        default=None,
        wire=list[str],
        wire_default=list(SOURCES),
    )
    type: Literal["numpy", "pil", "filepath"] = prop(
        "What functions get: an array, a Pillow image, or the path of a file that is removed with "
        "the session.",
        default="numpy",
        wire=None,
    )
    show_download_button: bool = prop("Offer to download the image.", default=True)
    interactive: bool | None = prop(
        "Whether the person may choose an image; by default, unless a function shows one.",
        default=None,
        wire=bool,
        wire_default=True,
    )
    streaming: bool = prop(
        "The camera gives picture after picture, from Start to Stop; see the event `stream`.",
        default=False,
    )
    mirror_webcam: bool = prop("Show and take camera pictures mirrored.", default=True)
    show_share_button: bool | None = prop("Not available.", default=None, wire=None)
    placeholder: str | None = prop(
        "Words shown where an image can be chosen; lines that start with # are headings.",
        default=None,
    )
    alt_text: str | None = prop(
        "What the image shows, in words, for who cannot see it.", default=None
    )
    webcam_options: Any = prop("Not available yet.", default=None, wire=None)
    watermark: Any = prop("Not available.", default=None, wire=None)

    change = change_event()
    input = Event("The person chose or removed the image.")
    clear = Event("The person removed the image.")
    select = Event(
        "The person pressed a pixel; `index` is `[x, y]` from the top left.", SelectPayload
    )
    upload = Event("The person chose an image.")
    stream = Event(
        "The camera's next picture, which is the value; the person has started the stream. While "
        "a function works, pictures are left out: the last one is next.",
        trigger_mode="always_last",
        show_progress="hidden",
    )

    def _setup(self) -> None:
        super()._setup()
        self._refuse_unavailable()
        every = ["webcam"] if self.streaming else list(SOURCES)
        sources = every if self.sources is None else self.sources
        self.sources = [sources] if isinstance(sources, str) else list(sources)
        if not self.sources or not set(self.sources) <= set(SOURCES):
            raise self.fail(
                "sources", f"must be some of {', '.join(SOURCES)}, not {self.sources!r}."
            )
        if self.streaming and "webcam" not in self.sources:
            raise self.fail("streaming", 'needs the camera; add "webcam" to sources.')
        self.format = {"jpg": "jpeg"}.get(str(self.format).lower(), str(self.format).lower())
        if self.format not in pictures.FORMATS:
            raise self.fail("format", f"must be one of {', '.join(pictures.FORMATS)}.")
        if self.image_mode not in (None, *pictures.MODES):
            raise self.fail("image_mode", f"must be None or one of {', '.join(pictures.MODES)}.")
        self.initial_payload()

    def _refuse_unavailable(self) -> None:
        instead = {
            "webcam_options": (self.webcam_options is not None, "leave it out; see mirror_webcam"),
            "watermark": (self.watermark is not None, "draw it into the image with Pillow"),
            "show_share_button": (
                bool(self.show_share_button),
                "there is no public place to share to; download the image",
            ),
        }
        for name, (given, what) in instead.items():
            if given:
                raise NotAvailableError(f"{self.describe()}: {name} is not available; {what}.")

    def preprocess(self, payload: Binary | None) -> Any:
        """An array, a Pillow image or the path of a file, as ``type`` says; None for no image.

        Raises:
            ValueError: an image that is damaged, or SVG and ``type`` is not ``"filepath"``.
            NotAvailableError: Pillow is not installed.
        """
        if payload is None:
            return None
        if self.type == "filepath":
            image = pictures.converted(payload, self.image_mode)
            return str(files.current().keep(image.data, _file_name(image)))
        picture = pictures.decode(payload, self.image_mode)
        if self.type == "pil":
            return picture
        import numpy as np

        return np.array(picture)

    def postprocess(self, value: Any) -> Binary | None:
        """A path, an array or a Pillow image as bytes.

        Raises:
            InvalidPathError: a handler returned a path that it may not show.
            FileNotFoundError: there is no such file.
            TypeError, ValueError: not an image.
            NotAvailableError: an array or a Pillow image, and Pillow is not installed.
        """
        if value is None or isinstance(value, Binary):
            return value
        if isinstance(value, (str, Path)):
            return self._from_path(value)
        if not pictures.is_picture(value) and not pictures.is_array(value):
            raise TypeError(
                f"{self.describe()}: value is {type(value).__name__}; give a path, a numpy array "
                "or a Pillow image."
            )
        try:
            return pictures.encode(value, self.format)
        except ValueError as error:
            raise self.fail("value", f"cannot be shown: {error}") from None

    def _from_path(self, path: str | Path) -> Binary:
        if str(path).startswith(("http://", "https://", "data:")):
            raise self.fail(
                "value",
                "is an address. Get the image first (urllib, requests), or show it in gr.HTML.",
            )
        binary = files.read(path)
        if not binary.mime_type.startswith("image/"):
            raise self.fail("value", f"is {str(path)!r}, which is no image file.")
        return binary

    def updated(self, changes: Mapping[str, Any], forget: str = "") -> Self:
        # The copy is built as if by the developer; a path that a handler names is checked before.
        value = changes.get("value")
        if isinstance(value, (str, Path)) and "://" not in str(value):
            changes = {**changes, "value": files.permitted(value)}
        return super().updated(changes, forget)

    def check_upload(self, file: Path) -> None:
        image = Binary(data=file.read_bytes(), mime_type="", name=file.name)
        try:
            self._verified(image)
        except ValueError as error:
            # Shown where the person chose it, so it names the file and not the component.
            raise ValueError(f"{file.name} was not taken: {error}.") from None

    def check_value(self, payload: Binary | None) -> Binary | None:
        if payload is None:
            return None
        try:
            return self._verified(payload)
        except ValueError as error:
            raise self.fail("value", f"was not taken: {error}.") from None

    def _verified(self, payload: Binary) -> Binary:
        # A large one has been looked at when it came, in a thread; here its head is enough.
        large = payload.stored is not None
        image = pictures.typed(payload) if large else pictures.verify(payload)
        if image.mime_type == pictures.SVG and self.type != "filepath":
            raise ValueError("an SVG drawing has no pixels; choose a PNG, JPEG or WebP image")
        return image

    def is_empty(self) -> bool:
        return self.initial is None

    @classmethod
    def example(cls) -> Image:
        drawing = Binary(data=_EXAMPLE.encode(), mime_type=pictures.SVG, name="sunset.svg")
        return cls(
            drawing, type="filepath", label="Sunset", alt_text="Sun over water", render=False
        )


def _file_name(image: Binary) -> str:
    """The image's own name, with an extension that tells what it is."""
    name = image.name or "image"
    if (mimetypes.guess_type(name)[0] or "").startswith("image/"):
        return name
    return f"{name}.{image.mime_type.removeprefix('image/').removesuffix('+xml')}"


_EXAMPLE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="320" height="180" viewBox="0 0 320 180">
<rect width="320" height="180" fill="#fcd9b0"/>
<circle cx="160" cy="112" r="44" fill="#f0703c"/>
<path d="M0 118q80-30 160 0t160 0v62H0z" fill="#2d6a86"/>
</svg>
"""
