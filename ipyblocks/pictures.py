"""Images between what handlers use (numpy, Pillow) and encoded bytes.

Imports both only when there is such an image.
"""

from __future__ import annotations

import importlib.util
import io
from typing import TYPE_CHECKING, Any

from .errors import NotAvailableError
from .files import HEAD, image_type
from .protocol import Binary

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SVG = "image/svg+xml"

FORMATS = ("webp", "png", "jpeg", "gif", "bmp", "avif")
"""What browsers show and Pillow writes."""

MODES = ("1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "I", "F")

MAX_WEBP_SIDE = 16_383
"""Pixels; the format has no room for more."""

_OPTIONS: dict[str, dict[str, Any]] = {
    # Lossless, so that an array comes back as it went; the fast method is four times as fast.
    "webp": {"lossless": True, "method": 0, "exact": True},
    "png": {"compress_level": 1},
    "jpeg": {"quality": 95},
    "avif": {"quality": 90},
}


def has_pillow() -> bool:
    """Whether Pillow is installed; does not import it."""
    return importlib.util.find_spec("PIL") is not None


def require_pillow(what: str) -> None:
    """Say how to get Pillow.

    Raises:
        NotAvailableError: it is not installed.
    """
    if not has_pillow():
        raise NotAvailableError(f"{what} needs Pillow; install it with `pip install pillow`.")


def is_picture(value: Any) -> bool:
    """Whether a value is a Pillow image, without importing Pillow."""
    return any(c.__module__ == "PIL.Image" and c.__name__ == "Image" for c in type(value).__mro__)


def is_array(value: Any) -> bool:
    """Whether a value is an array: of numpy, or of what numpy can read."""
    return hasattr(value, "__array__") and not is_picture(value)


# --- to the page ---------------------------------------------------------------------------------


def encode(value: Any, format: str) -> Binary:
    """An array or a Pillow image as bytes.

    Args:
        format: one of :data:`FORMATS`; PNG is taken where this Pillow cannot write it, or the image
            does not fit.

    Raises:
        ValueError: an array of a shape, type or range that is no image.
        NotAvailableError: Pillow is not installed.
    """
    require_pillow("Showing an array or a Pillow image")
    picture = _drawable(value if is_picture(value) else from_array(value))
    chosen = format if _can_write(format, picture) else "png"
    if chosen in ("jpeg", "bmp"):
        picture = _on_white(picture)
    out = io.BytesIO()
    picture.save(out, chosen, **_OPTIONS.get(chosen, {}))
    return Binary(data=out.getvalue(), mime_type=f"image/{chosen}", name=f"image.{chosen}")


def _can_write(format: str, picture: Picture) -> bool:
    from PIL import Image, features

    if format == "webp":
        return bool(features.check("webp")) and max(picture.size) <= MAX_WEBP_SIDE
    Image.init()
    return format.upper() in Image.SAVE


def _drawable(picture: Picture) -> Picture:
    """Upright, and in a mode that every format can hold."""
    from PIL import ImageOps

    picture = ImageOps.exif_transpose(picture)
    picture = _eight_bits(picture)
    if picture.mode in ("L", "RGB", "RGBA"):
        return picture
    if picture.mode in ("I", "F"):
        return picture.convert("L")
    transparent = picture.mode in ("LA", "PA", "La", "RGBa") or "transparency" in picture.info
    return picture.convert("RGBA" if transparent else "RGB")


def _eight_bits(picture: Picture) -> Picture:
    """16 bits a pixel as 8: Pillow's own conversion would cut off what is above 255."""
    if not picture.mode.startswith("I;16"):
        return picture
    return picture.convert("I").point(lambda v: v * (1 / 256)).convert("L")


def _on_white(picture: Picture) -> Picture:
    if picture.mode != "RGBA":
        return picture
    from PIL import Image

    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def from_array(value: Any) -> Picture:
    """An array of grey values, RGB or RGBA as a Pillow image.

    Raises:
        ValueError: a shape, type or range that is no image; the message says what to do.
    """
    import numpy as np
    from PIL import Image

    array = np.asarray(value)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))) or array.size == 0:
        hint = " Move the channels to the end with np.moveaxis(image, 0, -1)." * (
            array.ndim == 3 and array.shape[0] in (1, 3, 4)
        )
        raise ValueError(
            "An image array has the shape (height, width), (height, width, 3) or "
            f"(height, width, 4); this one has {array.shape}.{hint}"
        )
    return Image.fromarray(np.ascontiguousarray(_as_bytes(array)))


def _as_bytes(array: Any) -> Any:
    """Any numbers as bytes: integers 0 to 255 (0 to 65535 in 16 bits), floats 0 to 1, booleans."""
    import numpy as np

    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if array.dtype == np.uint16:
        return (array >> 8).astype(np.uint8)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"An image array holds numbers or booleans; this one holds {array.dtype}.")
    array = np.nan_to_num(array, posinf=np.inf, neginf=-np.inf)
    low, high = float(array.min()), float(array.max())
    if array.dtype.kind in "iu":
        if low < 0 or high > 255:
            raise ValueError(
                f"Integers of an image lie between 0 and 255; here {low:g} to {high:g}."
            )
        return array.astype(np.uint8)
    # Resampling overshoots a little; anything beyond is another scale.
    if not (low >= -1 and high <= 1.5):
        raise ValueError(
            f"Floats of an image lie between 0 and 1; here {low:g} to {high:g}. "
            "Divide by the largest, or convert with .astype('uint8') when they are 0 to 255."
        )
    return (array.clip(0, 1) * 255).round().astype(np.uint8)


# --- to a handler --------------------------------------------------------------------------------


def decode(binary: Binary, mode: str | None) -> Picture:
    """Bytes as a Pillow image, upright.

    Args:
        mode: convert to it; None leaves the image's own.

    Raises:
        ValueError: a drawing (SVG), which has no pixels, or bytes that Pillow cannot read.
        NotAvailableError: Pillow is not installed.
    """
    if binary.mime_type == SVG:
        raise ValueError('An SVG drawing has no pixels; take its file with type="filepath".')
    require_pillow("Reading the pixels of an image")
    from PIL import Image, ImageOps

    try:
        picture = Image.open(io.BytesIO(binary.data))
        picture.load()
    except Exception as error:
        raise ValueError(f"The image cannot be read: {error}") from error
    picture = ImageOps.exif_transpose(picture)
    if mode is None or picture.mode == mode:
        return picture
    return _eight_bits(picture).convert(mode)


def converted(binary: Binary, mode: str | None) -> Binary:
    """The same image in another mode; the very bytes when it has that mode already."""
    if mode is None or binary.mime_type == SVG or not has_pillow():
        return binary
    from PIL import Image

    with Image.open(io.BytesIO(binary.data)) as picture:
        own_mode, own_format = picture.mode, (picture.format or "png").lower()
    if own_mode == mode or own_format == "gif":  # a GIF may move, which a conversion would end
        return binary
    picture = decode(binary, mode)
    out = io.BytesIO()
    try:
        picture.save(out, own_format, **_OPTIONS.get(own_format, {}))
    except (OSError, KeyError):  # a mode that the format does not have
        own_format = "tiff" if mode in ("CMYK", "YCbCr", "LAB", "F") else "png"
        out = io.BytesIO()
        (picture.convert("RGB") if mode == "HSV" else picture).save(out, own_format)
    stem = (binary.name or "image").rsplit(".", 1)[0]
    suffix = (binary.name or "").rsplit(".", 1)[-1].lower()
    same = suffix == own_format or (suffix, own_format) == ("jpg", "jpeg")
    name = f"{stem}.{suffix if same else own_format}"
    return Binary(data=out.getvalue(), mime_type=f"image/{own_format}", name=name)


def verify(binary: Binary) -> Binary:
    """Bytes that somebody says are an image, with the type that they really have.

    Raises:
        ValueError: they are not one, it is damaged, or it would fill the memory when decoded.
    """
    mime = image_type(binary.data)
    if mime != SVG and has_pillow():
        mime = _verified_type(binary.data)
    if mime is None:
        raise ValueError("it is not an image that can be read")
    return Binary(data=binary.data, mime_type=mime, name=binary.name)


def typed(binary: Binary) -> Binary:
    """Bytes that have been verified before, with the type that they really have; reads only their
    beginning.

    Raises:
        ValueError: they do not begin like an image.
    """
    mime = image_type(binary.piece(0, HEAD))
    if mime is None:
        raise ValueError("it is not an image that can be read")
    assert binary.stored is not None
    return Binary.of_file(binary.stored, mime, binary.name)


def _verified_type(data: bytes) -> str | None:
    from PIL import Image, UnidentifiedImageError

    try:
        picture = Image.open(io.BytesIO(data))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(_too_many()) from None
    except UnidentifiedImageError:
        return None
    except Exception as error:  # noqa: BLE001 - decoders raise anything on hostile bytes
        raise ValueError(f"the image is damaged ({error})") from None
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and picture.width * picture.height > limit:
        raise ValueError(_too_many())
    # By its signature first: a camera's JPEG with two pictures inside has another name in Pillow.
    mime = image_type(data) or Image.MIME.get(picture.format or "", "")
    try:
        picture.verify()
    except Exception as error:  # noqa: BLE001 - as above
        raise ValueError(f"the image is damaged ({error})") from None
    # Pillow knows PostScript too, and would run a program to draw it.
    return mime if mime.startswith("image/") else None


def _too_many() -> str:
    from PIL import Image

    return f"it has more pixels than the {Image.MAX_IMAGE_PIXELS:,} that can be handled"
