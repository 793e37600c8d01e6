"""One page of a PDF → its picture and the characters that people really see in it, by comparing renderings.

What a PDF says of a character (its colour, its place) does not tell whether people see it: a box, a picture,
a clip, a layer or an annotation may lie over it. So each page is drawn with and without its text, and a
character counts as seen when its own ink makes the difference.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from publisher.values import field, frozen, record

if TYPE_CHECKING:
    from PIL import Image

DOTS = 150 / 72
"""Pixels a point: 150 dpi, twice what a fax sends."""
LONGEST = 3200
"""Pixels of the longer side at most, for posters."""
MOST_PIXELS = 120_000_000
"""An embedded image with more is not decoded."""
TINY = 2.0
"""Points; half the size of ruby. Nobody reads smaller letters."""

_INK = 84  # a pixel belongs to a letter when so much of 255 is covered
_FAINT = 12  # steps of 255 below which nobody sees a difference in colour: #f3f3f3 on white
_SEEN = 0.25  # a letter with less of its ink in sight cannot be read
_OVERLAP = 0.35
_MOST_OVERLAPS = 24
_COVERED = 0.6  # a page is a scan when images cover so much of it
_INVISIBLE = 3  # ISO 32000-1, 9.3.6: text rendering mode

_TAKEN_OFF = (
    "TEXT POPUP FILEATTACHMENT SOUND MOVIE SCREEN WIDGET PRINTERMARK TRAPNET THREED RICHMEDIA XFAWIDGET"
)
"""Annotations (ISO 32000-1, 12.5.6) that are not part of the page; boxes, stamps and the like stay on it."""
_HARMLESS = "LINK POPUP WIDGET SCREEN PRINTERMARK TRAPNET WATERMARK XFAWIDGET"
"""Annotations that are nobody's comment; form fields are looked at by themselves."""


@frozen
class Glyph:
    """A character in sight, or a space or line end that the library put in (without a size).

    Places are in points from the upper left of the page as it is seen.
    """

    text: str
    left: float = 0
    top: float = 0
    right: float = 0
    bottom: float = 0
    size: float = 0
    damaged: bool = False


@frozen
class Look:
    """What can be seen of a page.

    ``hidden`` counts the characters that cannot, ``recognised`` those of the text layer of a scan,
    ``unproven`` those whose font is not here to draw them; none of these are in ``glyphs``.
    """

    image: Image.Image = field(repr=False)
    glyphs: tuple[Glyph, ...]
    width: float
    height: float
    hidden: int = 0
    recognised: int = 0
    unproven: int = 0
    notes: int = 0
    redactions: int = 0
    blank: bool = False


@record
class _Letter:
    glyph: Glyph
    owner: int
    box: tuple[int, int, int, int]
    text: Any
    state: str = "seen"


class TooManyPixels(Exception):
    """An image within the page would not fit into memory."""


def look(page: Any) -> Look:
    """See above. The page cannot be used any more afterwards: its text is black.

    Raises ``TooManyPixels``, ``PdfiumError``.
    """
    scale = min(DOTS, LONGEST / max(*page.get_size(), 1))
    notes, redactions = _take_off_notes(page)
    objects = list(page.get_objects())
    texts, others = _parted(objects)
    under = _images_over(page, objects)  # before anything is decoded: it refuses huge images
    full = _drawn(page, scale)
    transform = _transform(page, full.size)
    for box in redactions:
        full.paste((0, 0, 0), _pixels(transform, box))
    letters = list(_letters(page, transform, scale, full.size))
    if letters:
        _judge(page, scale, full, letters, texts, others)
    _tell_layers(letters, texts, under)
    _redacted(letters, [_pixels(transform, box) for box in redactions])
    count: dict[str, int] = defaultdict(int)
    for letter in letters:
        if letter.glyph.text.strip():
            count[letter.state] += 1
    return Look(
        full,
        tuple(letter.glyph for letter in letters if letter.state == "seen"),
        full.width / scale,
        full.height / scale,
        count["hidden"],
        count["recognised"],
        count["unproven"],
        notes,
        len(redactions),
        all(low >= 250 for low, _ in full.getextrema()),
    )


# --- annotations ------------------------------------------------------------------------------------------


def _take_off_notes(page: Any) -> tuple[int, list[tuple[float, float, float, float]]]:
    """(how many annotations people may not mean to show, the areas marked for redaction)."""
    import pypdfium2.raw as raw

    off, harmless = (
        {getattr(raw, f"FPDF_ANNOT_{name}") for name in names.split()} for names in (_TAKEN_OFF, _HARMLESS)
    )
    notes, areas = 0, []
    for index in reversed(range(raw.FPDFPage_GetAnnotCount(page))):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        notes += kind not in harmless
        if kind == raw.FPDF_ANNOT_REDACT:
            rect = raw.FS_RECTF()
            if raw.FPDFAnnot_GetRect(annotation, rect):
                areas.append((rect.left, rect.bottom, rect.right, rect.top))
        raw.FPDFPage_CloseAnnot(annotation)
        if kind in off:
            raw.FPDFPage_RemoveAnnot(page, index)
    return notes, areas


def _redacted(letters: Iterable[_Letter], areas: list[tuple[int, int, int, int]]) -> None:
    """Marked for redaction, but still there: the mark was never applied."""
    for letter in letters:
        if any(_share(letter.box, area) > 0.1 for area in areas):
            letter.state = "hidden"


# --- drawing ----------------------------------------------------------------------------------------------


def _drawn(page: Any, scale: float, annotations: bool = True) -> Image.Image:
    bitmap = page.render(
        scale=scale, may_draw_forms=False, draw_annots=annotations, rev_byteorder=True, limit_image_cache=True
    )
    try:
        return bitmap.to_pil().convert("RGB").copy()
    finally:
        bitmap.close()


def _parted(objects: Iterable[Any]) -> tuple[dict[int, Any], list[Any]]:
    """(text objects by address, in the order of drawing; everything else that leaves ink)."""
    import pypdfium2.raw as raw

    texts, others = {}, []
    for item in objects:
        if item.type == raw.FPDF_PAGEOBJ_TEXT:
            texts[_address(item.raw)] = item
        elif item.type != raw.FPDF_PAGEOBJ_FORM:
            others.append(item)
    return texts, others


def _address(pointer: Any) -> int:
    import ctypes

    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


@contextmanager
def _without(items: Iterable[Any]) -> Iterator[None]:
    import pypdfium2.raw as raw

    off = [item for item in items if raw.FPDFPageObj_SetIsActive(item.raw, False)]
    try:
        yield
    finally:
        for item in off:
            raw.FPDFPageObj_SetIsActive(item.raw, True)


_Box = tuple[float, float, float, float]
_Transform = Callable[[float, float], tuple[float, float]]


def _transform(page: Any, size: tuple[int, int]) -> _Transform:
    """From the page's coordinates to pixels, with crop and rotation, finer than whole numbers."""
    import ctypes

    import pypdfium2.raw as raw

    fine, far = 16, 1000.0
    x, y = ctypes.c_int(), ctypes.c_int()

    def at(px: float, py: float) -> tuple[float, float]:
        raw.FPDF_PageToDevice(page, 0, 0, size[0] * fine, size[1] * fine, 0, px, py, x, y)
        return x.value / fine, y.value / fine

    (x0, y0), (x1, y1), (x2, y2) = at(0, 0), at(far, 0), at(0, far)
    a, b, c, d = (x1 - x0) / far, (y1 - y0) / far, (x2 - x0) / far, (y2 - y0) / far
    return lambda px, py: (x0 + a * px + c * py, y0 + b * px + d * py)


def _flipped(transform: _Transform, box: _Box) -> _Box:
    (x1, y1), (x2, y2) = transform(box[0], box[1]), transform(box[2], box[3])
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _pixels(transform: _Transform, box: _Box) -> tuple[int, int, int, int]:
    left, top, right, bottom = _flipped(transform, box)
    return int(left), int(top), int(right) + 1, int(bottom) + 1


# --- characters -------------------------------------------------------------------------------------------


def _letters(page: Any, transform: _Transform, scale: float, size: tuple[int, int]) -> Iterator[_Letter]:
    import ctypes

    import pypdfium2.raw as raw

    textpage = page.get_textpage()
    l, b, r, t = (ctypes.c_double() for _ in range(4))  # noqa: E741
    loose = raw.FS_RECTF()
    try:
        for index in range(textpage.count_chars()):
            code = raw.FPDFText_GetUnicode(textpage, index)
            if raw.FPDFText_IsGenerated(textpage, index) == 1 or code in (10, 13):
                yield _Letter(Glyph("\n" if code in (10, 13) else " "), 0, (0, 0, 0, 0), None)
                continue
            owner = raw.FPDFText_GetTextObject(textpage, index)
            tight: _Box = (0, 0, 0, 0)
            if raw.FPDFText_GetCharBox(textpage, index, l, r, b, t):
                tight = (l.value, b.value, r.value, t.value)
            wide = tight
            if raw.FPDFText_GetLooseCharBox(textpage, index, loose):
                wide = (loose.left, loose.bottom, loose.right, loose.top)
            left, top, right, bottom = (value / scale for value in _flipped(transform, wide))
            text, damaged = _character(code, raw.FPDFText_HasUnicodeMapError(textpage, index) == 1)
            glyph = Glyph(text, left, top, right, bottom, max(bottom - top, right - left) or 0.01, damaged)
            yield _Letter(glyph, _address(owner), _within(_pixels(transform, tight), size), owner)
    finally:
        textpage.close()


def _within(box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    left, top = max(0, min(left, size[0])), max(0, min(top, size[1]))
    return left, top, max(left, min(right, size[0])), max(top, min(bottom, size[1]))


def _character(code: int, unmapped: bool) -> tuple[str, bool]:
    """(text, is it damaged): U+0002 is the hyphen at a line end; unknown letters are 〓, as in print."""
    if code == 2:
        return "\u00ad", False
    if code == 0 or 0xD800 <= code < 0xE000 or code > 0x10FFFF:
        return "〓", True
    character = chr(code)
    kind = unicodedata.category(character)
    if kind in ("Zs", "Zl", "Zp") or character == "\t":
        return (character if character in " \u3000" else " "), False
    if kind == "Cf":
        return "", False
    if unmapped or kind in ("Cc", "Co", "Cn") or character == "\ufffd":
        return "〓", True
    return character, False


# --- seen or not ------------------------------------------------------------------------------------------


def _judge(
    page: Any,
    scale: float,
    full: Image.Image,
    letters: list[_Letter],
    texts: dict[int, Any],
    others: list[Any],
) -> None:
    """Give each letter its state; overlapping ones are drawn alone, lest one vouches for the other."""
    import pypdfium2.raw as raw

    with _without(texts.values()):
        difference = _difference(full, _drawn(page, scale))
    overlapping = _overlapping(letters)
    alone = {}
    for owner in list(overlapping)[:_MOST_OVERLAPS]:
        if owner in texts:
            with _without([texts[owner]]):
                alone[owner] = _difference(full, _drawn(page, scale))
    for item in texts.values():
        raw.FPDFPageObj_SetFillColor(item.raw, 0, 0, 0, 255)
        raw.FPDFPageObj_SetStrokeColor(item.raw, 0, 0, 0, 255)
    with _without(others):
        ink = _darkness(_drawn(page, scale, annotations=False))
        seen = _both(ink, difference)
        own = {}
        for owner, changed in alone.items():
            with _without(item for address, item in texts.items() if address != owner):
                mine = _darkness(_drawn(page, scale, annotations=False))
            own[owner] = mine, _both(mine, changed)
    for letter in letters:
        if not letter.glyph.text.strip() or letter.state == "double":
            continue
        if letter.owner in overlapping and letter.owner not in own:
            letter.state = "hidden"  # too many to be told apart
            continue
        letter.state = _state(letter, *own.get(letter.owner, (ink, seen)))


def _state(letter: _Letter, ink: Image.Image, seen: Image.Image) -> str:
    import pypdfium2.raw as raw

    if letter.owner and raw.FPDFTextObj_GetTextRenderMode(letter.text) == _INVISIBLE:
        return "hidden"
    left, top, right, bottom = letter.box
    if right <= left or bottom <= top or letter.glyph.size < TINY:
        return "hidden"
    there = ink.crop(letter.box).histogram()
    strong = sum(there[_INK:])
    floor = _INK if strong else 16
    total = strong or sum(there[floor:])
    if not total and letter.glyph.damaged:
        return "blank"  # neither a shape nor a meaning: a space of a font without a table
    if not total:
        return "unproven" if letter.owner and _foreign(letter.text) else "hidden"
    shown = sum(seen.crop(letter.box).histogram()[floor:])
    return "seen" if shown >= _SEEN * total else "hidden"


def _foreign(text: Any) -> bool:
    """Is its font not in the file? Then it may have no ink only because this computer lacks the font."""
    import pypdfium2.raw as raw

    font = raw.FPDFTextObj_GetFont(text)
    return bool(font) and raw.FPDFFont_GetIsEmbedded(font) == 0


def _difference(one: Image.Image, other: Image.Image) -> Image.Image:
    """White where a person sees a difference."""
    from PIL import ImageChops

    red, green, blue = ImageChops.difference(one, other).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return most.point([0] * _FAINT + [255] * (256 - _FAINT))


def _darkness(image: Image.Image) -> Image.Image:
    from PIL import ImageChops

    return ImageChops.invert(image.convert("L"))


def _both(ink: Image.Image, difference: Image.Image) -> Image.Image:
    from PIL import ImageChops

    return ImageChops.darker(ink, difference)


def _share(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> float:
    """How much of the smaller box lies in the other."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / smaller if width > 0 and height > 0 and smaller > 0 else 0


def _neighbours(letters: list[_Letter], cell: int = 24) -> Iterator[tuple[_Letter, _Letter]]:
    """Pairs of letters of different text objects whose boxes overlap much."""
    grid: dict[tuple[int, int], list[_Letter]] = defaultdict(list)
    for letter in letters:
        left, top, right, bottom = letter.box
        if right <= left or bottom <= top or not letter.glyph.text.strip():
            continue
        met: set[int] = set()
        for x in range(left // cell, min(right // cell, left // cell + 40) + 1):
            for y in range(top // cell, min(bottom // cell, top // cell + 40) + 1):
                for other in grid[x, y]:
                    if (
                        other.owner != letter.owner
                        and id(other) not in met
                        and _share(letter.box, other.box) > _OVERLAP
                    ):
                        met.add(id(other))
                        yield letter, other
                grid[x, y].append(letter)


def _overlapping(letters: list[_Letter]) -> dict[int, None]:
    """The text objects that stand over one another, in order.

    A shadow, or a letter printed twice to be bold, says the same as the one below it and is left out.
    """
    found: dict[int, None] = {}
    for upper, lower in _neighbours(letters):
        if upper.glyph.text == lower.glyph.text:
            upper.state = "double"
        else:
            found[upper.owner] = found[lower.owner] = None
    return found


# --- scans with a layer of recognised text ----------------------------------------------------------------


def _images_over(page: Any, objects: Iterable[Any]) -> set[int]:
    """Addresses of the text objects under the images of a scanned page; empty if it is none.

    The images count together: scanners write a page in strips.
    """
    import pypdfium2.raw as raw

    width, height = page.get_size()
    area, under, waiting = 0.0, set(), set()
    for item in objects:
        if item.type == raw.FPDF_PAGEOBJ_TEXT:
            waiting.add(_address(item.raw))
        elif item.type == raw.FPDF_PAGEOBJ_IMAGE:
            pixels = item.get_px_size()
            if pixels[0] * pixels[1] > MOST_PIXELS:
                raise TooManyPixels
            area += _area(item)
            under |= waiting
    covered = area / max(width * height, 1) >= _COVERED
    return under | {0} if covered else set()


def _area(item: Any) -> float:
    points = item.get_quad_points()
    container = item.container
    while container is not None:
        matrix = container.get_matrix()
        points = [matrix.on_point(*point) for point in points]
        container = container.container
    return abs(
        sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, (*points[1:], points[0]), strict=True))
        / 2
    )


def _tell_layers(letters: Iterable[_Letter], texts: dict[int, Any], under: set[int]) -> None:
    """Hidden letters of a scanned page are recognised text when they are invisible or lie under its image."""
    import pypdfium2.raw as raw

    if not under:
        return
    for letter in letters:
        if letter.state in ("hidden", "unproven") and letter.owner in texts:
            mode = raw.FPDFTextObj_GetTextRenderMode(letter.text)
            if mode == _INVISIBLE or letter.owner in under:
                letter.state = "recognised"
