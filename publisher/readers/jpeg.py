"""One decoded picture → three baseline JPEGs without a word of metadata, each under its ceiling of bytes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from publisher.model import Jpeg, Picture

if TYPE_CHECKING:
    from PIL import Image

LARGE_SIDE = 1600
"""Longest side in pixels of the picture behind a link: A4 at 137 dpi, small print can still be read."""
LARGE_BYTES = 400_000
"""What the large picture aims at; a page that would be unreadable below it may be larger."""
MEDIUM_WIDTH = 480
MEDIUM_BYTES = 12_000
"""A light page with all it loads takes at most 20,480 bytes (mobileOK Basic 1.0, PAGE_SIZE_LIMIT)."""
SMALL_WIDTH = 228
SMALL_BYTES = 4_500
"""Old handsets show 228 pixels and take 5,000 bytes for a page and its pictures together."""

GREY_TOLERANCE = 14
"""Steps of 256 by which channels of a grey picture may differ: scanners are inexact, red seals far off."""

_ICC_LIMIT = 4_000_000
_WORK_SIDE = 2 * LARGE_SIDE

_LARGE = ((LARGE_SIDE, (82, 74, 66, 58, 50)), (1400, (58, 50)), (1200, (58, 50, 42)))
_MEDIUM = ((MEDIUM_WIDTH, (65, 52, 42, 34, 26)), (400, (36, 26)), (320, (32, 24)), (240, (28, 20)),
           (160, (24, 12)), (96, (12,)), (48, (12,)))  # fmt: skip
_SMALL = ((SMALL_WIDTH, (60, 48, 38, 30)), (192, (34, 26)), (160, (30, 22)), (128, (26, 16)), (96, (20, 10)),
          (64, (10,)), (32, (10,)))  # fmt: skip
"""Rungs of width and the qualities tried at it, from best to worst."""


def picture(image: Image.Image) -> Picture:
    """The three sizes of a decoded picture of any mode. Never enlarges; same pixels, same bytes."""
    base = _shrunk(upright_rgb(image), LARGE_SIDE, LARGE_SIDE)
    if _is_grey(base):
        base = base.convert("L")
    return Picture(
        _fitted(base, ((min(side, LARGE_SIDE), side, steps) for side, steps in _LARGE), LARGE_BYTES),
        _fitted(base, ((width, _tall(width), steps) for width, steps in _MEDIUM), MEDIUM_BYTES),
        _fitted(base, ((width, _tall(width), steps) for width, steps in _SMALL), SMALL_BYTES),
    )


def small_grey(data: bytes, most: int) -> bytes:
    """A decoded drawing (PNG) as a grey baseline JPEG of at most so many bytes, as sharp as that allows; its size stays."""
    from PIL import Image

    with Image.open(io.BytesIO(data)) as drawn:
        grey = drawn.convert("RGB").convert("L")
    found = b""
    for quality in (70, 60, 50, 40, 30, 22, 15, 8):
        found = _encoded(grey, quality).data
        if len(found) <= most:
            break
    return found


def _tall(width: int) -> int:
    return width * 3


def _fitted(base: Image.Image, ladder: Iterable[tuple[int, int, Iterable[int]]], most: int) -> Jpeg:
    """The first rung (width, height, qualities) within ``most`` bytes; the last one if none is."""
    found = None
    for width, height, qualities in ladder:
        shrunk = _shrunk(base, width, height)
        for quality in qualities:
            found = _encoded(shrunk, quality)
            if len(found.data) <= most:
                return found
    assert found is not None
    return found


def _encoded(image: Image.Image, quality: int) -> Jpeg:
    image.info = {}  # Pillow would write the comment that it finds here
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True, progressive=False, subsampling="4:2:0")
    data = out.getvalue()
    return Jpeg(hashlib.sha256(data).hexdigest(), image.width, image.height, data)


def _shrunk(image: Image.Image, width: int, height: int) -> Image.Image:
    from PIL import Image

    scale = min(width / image.width, height / image.height)
    if scale >= 1:
        return image
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _is_grey(image: Image.Image) -> bool:
    from PIL import ImageChops

    if image.mode == "L":
        return True
    red, green, blue = image.split()
    return all(
        ImageChops.difference(one, other).getextrema()[1] <= GREY_TOLERANCE
        for one, other in ((red, green), (green, blue), (red, blue))
    )


# --- every mode to RGB or L -------------------------------------------------------------------------------


def upright_rgb(image: Image.Image) -> Image.Image:
    """Turned as its EXIF or XMP says, in sRGB or grey, transparent parts on white, not larger than needed."""
    from PIL import ImageOps

    profile = image.info.get("icc_profile")
    transparency = "transparency" in image.info
    image.load()
    try:
        image = ImageOps.exif_transpose(image)
    except Exception:  # noqa: S110 - whatever a malformed EXIF raises: then nobody knows which way is up
        pass
    return _coloured(_lighter(image, transparency), profile)


def _lighter(image: Image.Image, transparency: bool) -> Image.Image:
    """Fewer pixels before anything is converted, so that a huge picture stands in memory once."""
    if image.mode == "1":
        image = image.convert("L")
    elif image.mode in ("P", "PA") or transparency:
        image = image.convert("RGBA" if transparency or image.mode == "PA" else "RGB")
    elif image.mode.startswith("I") or image.mode == "F":
        image = _eight_bits(image)
    factor = max(image.size) // _WORK_SIDE
    return image.reduce(factor) if factor > 1 else image


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits: Pillow's own conversion would clip everything brighter than 255 to white."""
    if image.mode.startswith("I"):
        image = image.convert("I")
    low, high = image.getextrema()
    if image.mode == "I" and low >= 0 and high <= 65535:
        low, high = 0, 65535 if high > 255 else 255
    span = (high - low) or 1
    scale, offset = 255 / span, -low * 255 / span
    return image.point(lambda value: value * scale + offset).convert("L")


def _coloured(image: Image.Image, profile: bytes | None) -> Image.Image:
    from PIL import Image

    if image.mode in ("RGBA", "LA", "RGBa", "La"):
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        flat = _managed(image.convert("RGB"), profile)
        ground = Image.new("RGB", image.size, "white")
        ground.paste(flat, mask=alpha)
        return ground
    return _managed(image, profile)


def _managed(image: Image.Image, profile: bytes | None) -> Image.Image:
    """In sRGB by its colour profile; a broken one, or one of another kind of picture, is not asked."""
    from PIL import ImageCms

    source = None
    if image.mode == "LAB":
        source = ImageCms.createProfile("LAB")
    elif profile and len(profile) <= _ICC_LIMIT and image.mode in ("RGB", "CMYK"):
        source = io.BytesIO(profile)
    if source is not None:
        try:
            return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            if image.mode == "LAB":
                raise
    return image if image.mode in ("RGB", "L") else image.convert("RGB")
