"""Photos, faxes and scans: a picture file → the pages of a scan, upright, bounded and without metadata."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from publisher.errors import Unreadable
from publisher.model import Head, Picture, Problem, Scan
from publisher.patterns import pattern
from publisher.readers.dates import find_as_of
from publisher.readers.inlines import is_drill, severity_of, title_from_path
from publisher.readers.jpeg import picture, upright_rgb

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["head_from_path", "picture", "picture_from_bytes", "read_picture"]

MOST_PIXELS = 120_000_000
"""A larger picture is refused before decoding: more than telephones take, and 360 MB of memory."""
MOST_PIXELS_TOGETHER = 1_600_000_000
"""All pages of one fax, decoded one by one: 100 of A4 at 400 dpi. Bounds time, not memory."""
MOST_PAGES = 100

SHOWN = "まだ公開していません。前に公開したものがあれば、そのまま見えています。"
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "HEIF")
_CAMERA = pattern(
    r"(?:IMG|DSC[NF]?|PXL|P|MVI|CIMG|IMAG|SCAN|SCN|DOC|FAX|LINE|IMAGE|PHOTO|Screenshot"
    r"|スクリーンショット|写真|画像|スキャン|無題)?[\s\-()]*[\d\s\-().]*",
    re.IGNORECASE,
)
_TALL = 4
"""A picture so many times as tall as wide (a screen that was scrolled) is cut into pages, to be readable."""


def read_picture(path: str, data: bytes, arrived: datetime) -> Scan:
    """The picture as a scan; every page of a TIFF (a fax), else the first frame only, which a warning says.

    Raises ``Unreadable`` for what is broken, cut short, or larger than ``MOST_PIXELS``.
    """
    head = head_from_path(path, arrived)
    try:
        with _quiet():
            return _read(path, data, head)
    except Unreadable:
        raise
    except Exception as error:  # decoders raise what they like on damaged data
        raise Unreadable(_broken(path)) from error


def _read(path: str, data: bytes, head: Head) -> Scan:
    image = _open(data, path)
    if image.format == "TIFF":
        pages, told = _fax(image, path), ()
    else:
        pages, told = _photo(image), _further_frames(image, path)
    return Scan(head, pages, (*told, *_camera_name(path)))


def picture_from_bytes(data: bytes, where: str, crop: tuple[float, ...] = ()) -> Picture:
    """The (first) picture of a file that stands in another document, less the shares ``crop`` of its left, top, right
    and bottom. Raises ``Unreadable``.
    """
    try:
        with _quiet():
            image = _open(data, where)
            return picture(_cropped(upright_rgb(image), crop) if any(crop) else image)
    except Unreadable:
        raise
    except Exception as error:  # decoders raise what they like on damaged data
        raise Unreadable(_broken(where)) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Warnings about odd metadata are nobody's news; those that pixels are missing are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="Truncated File Read")
        yield


def head_from_path(path: str, arrived: datetime) -> Head:
    """What a file's name says, for documents without text: title, 「…現在」, 【緊急】, 【訓練】."""
    title = title_from_path(path)
    return Head(title, find_as_of(title, arrived), severity=severity_of(title), drill=is_drill(title))


def _open(data: bytes, where: str) -> Image.Image:
    import pi_heif
    from PIL import Image

    pi_heif.register_heif_opener()
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise Unreadable(_too_large(where)) from error
    except Exception as error:
        raise Unreadable(_broken(where)) from error
    _bounded(image, where)
    if image.format == "HEIF" and _cut_short(data):
        raise Unreadable(_broken(where))
    if image.format == "JPEG":
        image.draft(None, (3200, 3200))  # the decoder halves as it goes: less memory, no visible loss
    return image


def _bounded(image: Image.Image, where: str) -> int:
    pixels = image.width * image.height
    if pixels > MOST_PIXELS:
        raise Unreadable(_too_large(where))
    return pixels


def _cropped(image: Image.Image, crop: tuple[float, ...]) -> Image.Image:
    left, top, right, bottom = crop
    x, y = round(image.width * left), round(image.height * top)
    edge = round(image.width * (1 - right)), round(image.height * (1 - bottom))
    return image.crop((x, y, max(x + 1, edge[0]), max(y + 1, edge[1])))


def _cut_short(data: bytes) -> bool:
    """Does a box reach beyond the end of the file (ISO/IEC 14496-12, 4.2)? Decoders fill it with grey."""
    start = 0
    while start + 8 <= len(data):
        size, header = int.from_bytes(data[start : start + 4]), 8
        if size == 1:
            size, header = int.from_bytes(data[start + 8 : start + 16]), 16
        if size == 0:
            return False
        if size < header or start + size > len(data):
            return True
        start += size
    return False


def _photo(image: Image.Image) -> tuple[Picture, ...]:
    return tuple(picture(part) for part in _strips(upright_rgb(image)))


def _strips(image: Image.Image) -> Iterator[Image.Image]:
    """A very tall picture from top to bottom, each part overlapping the last by a line or two of text."""
    width, height = image.size
    if width < 200 or height < _TALL * width:
        yield image
        return
    page, overlap = width * 3 // 2, width // 12
    top = 0
    while top + overlap < height:
        yield image.crop((0, top, width, min(height, top + page)))
        top += page - overlap


# --- frames -----------------------------------------------------------------------------------------------


def _fax(image: Image.Image, path: str) -> tuple[Picture, ...]:
    numbers = _page_numbers(image, path)
    pages = []
    for number in numbers:
        image.seek(number)
        pages.append(picture(image.copy()))
    return tuple(pages)


def _page_numbers(image: Image.Image, path: str) -> list[int]:
    """The frames that are pages, not previews or masks (TIFF 6.0, NewSubfileType, bits 0 and 2)."""
    numbers, pixels, frame = [], 0, 0
    while True:
        try:
            image.seek(frame)
        except EOFError:
            break
        kind = image.tag_v2.get(254, 0)  # type: ignore[attr-defined]
        if not (isinstance(kind, int) and kind & 0b101) or frame == 0:
            numbers.append(frame)
            pixels += _bounded(image, path)
        if len(numbers) > MOST_PAGES or pixels > MOST_PIXELS_TOGETHER or frame > 10 * MOST_PAGES:
            raise Unreadable(_too_many_pages(path))
        frame += 1
    return numbers


def _further_frames(image: Image.Image, path: str) -> tuple[Problem, ...]:
    count = getattr(image, "n_frames", 1)
    return (_only_first(path, count),) if count > 1 else ()


# --- what staff are told ----------------------------------------------------------------------------------


def _only_first(path: str, count: int) -> Problem:
    return Problem(
        "further-frames",
        f"この画像には{count}コマ入っています（動く画像や連写）。最初の1コマだけを使いました。",
        path,
        "残りのコマは公開していません。",
        "ほかのコマも必要なら、1枚ずつ別のファイルで保存してください。",
    )


def _camera_name(path: str) -> tuple[Problem, ...]:
    if _CAMERA.fullmatch(title_from_path(path)) is None:
        return ()
    problem = Problem(
        "camera-name",
        "ファイルの名前が、カメラや複合機の付けた番号のままです。",
        path,
        "この名前がそのまま題名として見えています。",
        "「3月12日 給水所の地図」のように、内容のわかる名前に変えてください。",
    )
    return (problem,)


def _too_many_pages(path: str) -> Problem:
    return Problem(
        "too-many-pages",
        f"ページが多すぎます（一度に公開できるのは{MOST_PAGES}ページまで）。",
        path,
        SHOWN,
        f"{MOST_PAGES}ページ以下のファイルに分けて、もう一度置いてください。",
    )


def _broken(where: str) -> Problem:
    return Problem(
        "broken-picture",
        "画像が壊れているか、途中で切れています。",
        where,
        SHOWN,
        "もとの画像が開けるか確かめ、もう一度コピーするか撮り直してください。",
    )


def _too_large(where: str) -> Problem:
    return Problem(
        "too-many-pixels",
        f"画像が大きすぎます（{MOST_PIXELS // 10_000:,}万画素まで）。",
        where,
        SHOWN,
        "縮小して保存し直すか、解像度を下げて（文書なら300dpiで）読み取り直してください。",
    )
