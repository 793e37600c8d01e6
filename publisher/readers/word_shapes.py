"""Drawings of a Word document: of two versions one is kept, boxes become text, crops of pictures are noted."""

from __future__ import annotations

import re
from typing import Any

from publisher.patterns import pattern
from publisher.readers.word_styles import MC, PIC, WP, WPS, A, R, V, W, value
from publisher.values import field, record

PICTURE = "\ufdd6"
"""Around the number of a picture in its description, by which it is found again."""

_DARK = pattern(r"#?(?:[0-3][0-9a-f]){3}|black", re.IGNORECASE)
_AUTOMATIC = pattern(r"\s*(?:自動的に生成された説明|Description automatically generated).*", re.DOTALL)
_FILE = pattern(
    r"[\\/]|\.(?:jpe?g|png|gif|bmp|tiff?|heic|emf|wmf)$|^(?:図|Picture|image)\s*\d*$", re.IGNORECASE
)


Crop = tuple[float, ...]
"""Shares of left, top, right and bottom that are not shown."""


@record
class Shapes:
    """``pictures``: (part, relationship id, description, crop), by number. ``drawn`` counts charts, diagrams and
    documents within that cannot be shown, ``outside`` pictures that are not in the file, ``black`` dark boxes
    without text that may lie over something.
    """

    pictures: list[tuple[str, str, str, Crop]] = field(default_factory=list)
    drawn: int = 0
    outside: int = 0
    black: int = 0


def settle_shapes(root: Any, role: str, outside: set[tuple[str, str]], shapes: Shapes) -> None:
    """Bring all drawings of a part into the few forms that are read: pictures in line, text boxes of VML."""
    for element in list(root.iter(MC + "AlternateContent")):
        _choose(element)
    for drawing in list(root.iter(W + "drawing")):
        _drawing(drawing, role, outside, shapes)
    for picture in list(root.iter(V + "imagedata")):
        _vml_picture(picture, role, outside, shapes)
    for shape in list(root.iter(V + "rect", V + "roundrect", V + "shape", V + "oval")):
        _vml_shape(shape, shapes)
    for element in list(root.iter(W + "altChunk")):
        shapes.drawn += 1
        remove(element)


def remove(element: Any) -> None:
    """Take an element out; text after it (there is none in Word's own files) stays."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail and element.tail.strip():
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def unwrap(element: Any) -> None:
    """Put the children of an element in its place."""
    parent = element.getparent()
    if parent is None:
        return
    place = parent.index(element)
    for offset, inner in enumerate(list(element)):
        parent.insert(place + offset, inner)
    parent.remove(element)


def _choose(element: Any) -> None:
    """Of the new and the old form of the same thing, the new one: it has the descriptions and the crops."""
    chosen = element.find(MC + "Choice")
    if chosen is None or not any(True for _ in chosen.iter(W + "drawing", W + "r", W + "t", W + "pict")):
        fallback = element.find(MC + "Fallback")
        chosen = fallback if fallback is not None else chosen
    for branch in list(element):
        if branch is not chosen:
            element.remove(branch)
    if chosen is not None:
        unwrap(chosen)
    unwrap(element)


def _drawing(drawing: Any, role: str, outside: set[tuple[str, str]], shapes: Shapes) -> None:
    frame = next(iter(drawing), None)
    about = None if frame is None else frame.find(WP + "docPr")
    if about is not None and about.get("hidden", "0") in ("1", "true"):
        remove(drawing)
        return
    texts = [found for found in drawing.iter(W + "txbxContent") if _outermost(found, drawing)]
    pictures = list(drawing.iter(PIC + "pic"))
    alt = _description(about)
    parent = drawing.getparent()
    place = parent.index(drawing)
    if not texts and not pictures:
        if any(_is_black(shape) for shape in drawing.iter(WPS + "wsp")) and _is_above(frame):
            shapes.black += 1
        elif not any(True for _ in drawing.iter(WPS + "wsp")):
            shapes.drawn += 1
        remove(drawing)
        return
    made = [
        _inline(picture, alt, role, outside, shapes) for picture in pictures if not _within(picture, texts)
    ]
    made += [_box(text) for text in texts]
    parent.remove(drawing)
    for element in reversed([element for element in made if element is not None]):
        parent.insert(place, element)


def _outermost(element: Any, within: Any) -> bool:
    for ancestor in element.iterancestors():
        if ancestor is within:
            return True
        if ancestor.tag == W + "txbxContent":
            return False
    return True


def _within(element: Any, boxes: list[Any]) -> bool:
    return any(ancestor in boxes for ancestor in element.iterancestors())


def _description(about: Any) -> str:
    """What the author says of a picture; names of files and what Word made up are nothing for readers."""
    if about is None:
        return ""
    text = _AUTOMATIC.sub("", about.get("descr", "") or about.get("title", "")).strip()
    return "" if _FILE.search(text) else " ".join(text.split())


def _inline(picture: Any, alt: str, role: str, outside: set[tuple[str, str]], shapes: Shapes) -> Any:
    """A picture by itself, cropped as it is shown: what was cropped away is not for publishing."""
    from lxml import etree

    blip = next(picture.iter(A + "blip"), None)
    name = None if blip is None else blip.get(R + "embed")
    if not name or (role, name) in outside:
        shapes.outside += 1
        return None
    crop = next(picture.iter(A + "srcRect"), None)
    sides = tuple(_share(None if crop is None else crop.get(side, "0")) for side in ("l", "t", "r", "b"))
    shapes.pictures.append((role, name, alt, sides))
    made = etree.Element(W + "drawing")
    inline = etree.SubElement(made, WP + "inline")
    etree.SubElement(inline, WP + "docPr").set("descr", f"{PICTURE}{len(shapes.pictures) - 1}{PICTURE}")
    data = etree.SubElement(etree.SubElement(inline, A + "graphic"), A + "graphicData")
    fill = etree.SubElement(etree.SubElement(data, PIC + "pic"), PIC + "blipFill")
    etree.SubElement(fill, A + "blip").set(R + "embed", name)
    return made


def _share(text: str | None) -> float:
    """A side of a crop: thousandths of a percent, or a percentage in strict files; never negative."""
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)(%?)", text or "0")
    if match is None:
        return 0.0
    return min(0.99, max(0.0, float(match[1]) / (100 if match[2] else 100_000)))


def _box(text: Any) -> Any:
    from lxml import etree

    made = etree.Element(W + "pict")
    inner = etree.SubElement(etree.SubElement(made, V + "shape"), V + "textbox")
    inner.append(text)  # moved, not copied: drawings in it are settled in their turn
    return made


def _is_black(shape: Any) -> bool:
    properties = shape.find(WPS + "spPr")
    fill = None if properties is None else properties.find(A + "solidFill")
    if fill is None:
        style = shape.find(WPS + "style")
        reference = None if style is None else style.find(A + "fillRef")
        if properties is not None and properties.find(A + "noFill") is not None:
            return False
        fill = reference if reference is not None and reference.get("idx", "0") != "0" else None
    colour = None if fill is None else next(iter(fill), None)
    if colour is None:
        return False
    if colour.tag == A + "schemeClr":
        return colour.get("val", "") in ("tx1", "dk1", "tx2", "dk2")
    return _DARK.fullmatch(colour.get("val", "") or colour.get("lastClr", "")) is not None


def _is_above(frame: Any) -> bool:
    return frame is not None and frame.tag == WP + "anchor" and frame.get("behindDoc", "0") in ("0", "false")


def _vml_picture(picture: Any, role: str, outside: set[tuple[str, str]], shapes: Shapes) -> None:
    """The older form of a picture, or the preview of an embedded object."""
    name = picture.get(R + "id") or picture.get(R + "pict")
    if not name or (role, name) in outside:
        shapes.outside += 1
        remove(picture)
        return
    sides = tuple(
        _fraction(picture.get(side, "0")) for side in ("cropleft", "croptop", "cropright", "cropbottom")
    )
    shape = picture.getparent()
    alt = "" if shape is None else " ".join(shape.get("alt", "").split())
    shapes.pictures.append((role, name, "" if _FILE.search(alt) else alt, sides))
    picture.set(
        "{urn:schemas-microsoft-com:office:office}title", f"{PICTURE}{len(shapes.pictures) - 1}{PICTURE}"
    )


def _fraction(text: str) -> float:
    """A side of a crop in VML: a share, or 65536ths with an f."""
    match = re.fullmatch(r"(-?\d*\.?\d+)(f?)", text or "0")
    if match is None:
        return 0.0
    return min(0.99, max(0.0, float(match[1]) / (65536 if match[2] else 1)))


def _vml_shape(shape: Any, shapes: Shapes) -> None:
    style = shape.get("style", "").replace(" ", "").lower()
    if "visibility:hidden" in style:
        remove(shape)
        return
    empty = not any(True for _ in shape.iter(W + "txbxContent", V + "imagedata"))
    above = "z-index:-" not in style and "position:absolute" in style
    filled = shape.get("filled", "t") not in ("f", "false")
    if empty and above and filled and _DARK.fullmatch(shape.get("fillcolor", "").split(" ")[0]):
        shapes.black += 1


def is_cell_shaded(cell: Any) -> bool:
    """Has a table cell a colour behind it?"""
    fill = value(cell.find(f"{W}tcPr/{W}shd"), "fill").lower()
    return fill not in ("", "auto", "ffffff")
