"""What a spreadsheet hides, or shows otherwise than its values say: rows, columns, errors, formats, merged cells. Here the containers and
Office Open XML; the old binary format and OpenDocument are read beside this.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from xml.etree import ElementTree

from publisher.patterns import pattern
from publisher.readers.cells import Style, alike, style
from publisher.values import field, frozen, record, replace

CHUNK = 1 << 20
# Excel ends at 1,048,576 rows x 16,384 columns; a sheet of this many cells, empty ones too, is no table
# for people.
MOST_CELLS = 40_000_000
MOST_BYTES = 1_500_000_000
MOST_RATIO = 250


class Damaged(Exception):
    """The container is not what it says: truncated, encrypted, a decompression bomb. Its text is a stable
    word.
    """


@record
class Marks:
    """What was found in one sheet. Positions count from 0; ``merged`` is (top, left, bottom, right),
    inclusive; ``comments`` says what is written in them; ``struck`` are the columns of each row whose cells have a line through them, ``faint`` those whose text has the colour of what is behind it (``Style.ink``), ``part_struck`` says that some of a cell's text has.
    """

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    styles: dict[tuple[int, int], Style] = field(default_factory=dict)
    shown: dict[tuple[int, int], str] = field(default_factory=dict)
    struck: dict[int, set[int]] = field(default_factory=dict)
    faint: dict[int, dict[int, str]] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    comments: dict[tuple[int, int], str] = field(default_factory=dict)
    formulas: bool = False
    stale: bool = False
    unsure: bool = False
    part_struck: bool = False

    def style(self, row: int, column: int, made: Style) -> None:
        if made.struck:
            self.struck.setdefault(row, set()).add(column)
        if made.ink:
            self.faint.setdefault(row, {})[column] = made.ink
        if replace(made, struck=False, ink="") != Style():
            self.styles[row, column] = made


@frozen
class Parts:
    """The other things a workbook carries; none of them is published. ``struck``: a part of a string that the sheets share has a line through it."""

    macros: bool = False
    comments: bool = False
    objects: bool = False
    pictures: bool = False
    charts: bool = False
    links: bool = False
    struck: bool = False


# --- the zip container -------------------------------------------------------------------------------------


_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    KeyError,
    ValueError,
    RuntimeError,
    NotImplementedError,
)


def open_zip(data: bytes) -> zipfile.ZipFile:
    """The archive, when its sizes are those of an office file. Raises ``Damaged``."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _ZIP_FAULTS as error:
        raise Damaged("truncated") from error
    total = 0
    for member in archive.infolist():
        if member.flag_bits & 1:
            raise Damaged("encrypted")
        total += member.file_size
        if member.file_size > 20_000_000 and member.file_size > MOST_RATIO * max(1, member.compress_size):
            raise Damaged("bomb")
    if total > MOST_BYTES or len(archive.infolist()) > 20_000:
        raise Damaged("bomb")
    return archive


def chunks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """The bytes of a member, never more than its header promises. Raises ``Damaged``."""
    try:
        with archive.open(name) as member:
            while chunk := member.read(CHUNK):
                yield chunk
    except _ZIP_FAULTS as error:
        raise Damaged("truncated") from error


def small_part(archive: zipfile.ZipFile, name: str) -> ElementTree.Element | None:
    """A small XML part, or None when it is not there. Document types are refused: office files have none."""
    if name not in archive.namelist():
        return None
    data = b"".join(chunks(archive, name))
    if len(data) > 50_000_000 or b"<!DOCTYPE" in data[:2000] or b"<!ENTITY" in data:
        raise Damaged("bomb")
    try:
        return ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise Damaged("xml") from error


def local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def attribute(element: ElementTree.Element, name: str) -> str:
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


# --- Office Open XML (ECMA-376) ----------------------------------------------------------------------------


def parts(archive: zipfile.ZipFile) -> Parts:
    names = [name.lower() for name in archive.namelist()]

    def has(*starts: str) -> bool:
        return any(name.startswith(starts) for name in names)

    return Parts(
        macros=any(name.endswith("vbaproject.bin") for name in names) or has("basic/"),
        comments=has("xl/comments", "xl/threadedcomments"),
        objects=has("xl/embeddings/", "object "),
        pictures=has("xl/media/", "pictures/"),
        charts=has("xl/charts/", "xl/chartsheets/"),
        links=has("xl/externallinks/"),
    )


def sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet names with the members that hold them, by the workbook's relationships (ECMA-376 Part 2, 9.3)."""
    book = small_part(archive, "xl/workbook.xml")
    relations = small_part(archive, "xl/_rels/workbook.xml.rels")
    if book is None or relations is None:
        return {}
    targets = {relation.get("Id", ""): _resolve(relation.get("Target", "")) for relation in relations}
    return {
        sheet.get("name", ""): targets.get(attribute(sheet, "id"), "")
        for sheet in book.iter()
        if local(sheet) == "sheet"
    }


def comments(archive: zipfile.ZipFile, name: str) -> dict[tuple[int, int], str]:
    """The comments on the cells of a worksheet part, the old ones (18.7) and threads ([MS-XLSX] 2.6.203), by their places. Raises ``Damaged``."""
    folder, _, file = name.rpartition("/")
    relations = small_part(archive, f"{folder}/_rels/{file}.rels")
    found: dict[tuple[int, int], str] = {}
    for relation in relations if relations is not None else ():
        if not relation.get("Type", "").endswith(("/comments", "/threadedComment")):
            continue
        part = small_part(archive, _resolve(relation.get("Target", ""), folder))
        for comment in part.iter() if part is not None else ():
            place = _place(f' r="{comment.get("ref", "")}"'.encode()) if local(comment) in ("comment", "threadedComment") else None
            if place is not None:
                said = "".join([text.text or "" for text in comment.iter() if local(text) in ("t", "text")])
                found[place] = f"{found[place]}\n{said}" if place in found else said
    return found


def _resolve(target: str, folder: str = "xl") -> str:
    if target.startswith("/"):
        return target[1:]
    kept: list[str] = folder.split("/")
    for part in PurePosixPath(target).parts:
        if part == "..":
            kept.pop()
        else:
            kept.append(part)
    return "/".join(kept)


_BUILT_IN = {9: Style(percent=0), 10: Style(percent=2)}


def styles(archive: zipfile.ZipFile) -> dict[bytes, Style]:
    """The cell styles (by their number, as written) whose format changes the characters."""
    sheet = small_part(archive, "xl/styles.xml")
    if sheet is None:
        return {}
    formats: dict[int, Style] = dict(_BUILT_IN)
    found: dict[bytes, Style] = {}
    for element in sheet.iter():
        if local(element) == "numFmt" and (made := style(element.get("formatCode", ""))):
            formats[int(element.get("numFmtId", "0"))] = made
    struck = {
        str(index)
        for fonts in (element for element in sheet if local(element) == "fonts")
        for index, font in enumerate(fonts)
        if any(local(part) == "strike" and part.get("val", "1") not in ("0", "false") for part in font)
    }
    inks = [_ink(font) for fonts in sheet if local(fonts) == "fonts" for font in fonts]
    papers = [_paper(fill) for fills in sheet if local(fills) == "fills" for fill in fills]
    for cell_formats in (element for element in sheet if local(element) == "cellXfs"):
        for index, xf in enumerate(cell_formats):
            made = formats.get(int(xf.get("numFmtId", "0") or 0))
            if xf.get("fontId", "0") in struck:
                made = replace(made or Style(), struck=True)
            ink, paper = _at(inks, xf.get("fontId")), _at(papers, xf.get("fillId"))
            if ink and paper and (same := alike(ink, paper)):
                made = replace(made or Style(), ink=same)
            if made:
                found[str(index).encode()] = made
    return found


_BLACK, _WHITE = "000000", "FFFFFF"
_INDEXED = {"0": _BLACK, "1": _WHITE, "8": _BLACK, "9": _WHITE, "64": _BLACK, "65": _WHITE}
_THEME = {"0": _WHITE, "1": _BLACK}
"""Black and white of the old palette (18.8.27) and of the themes that towns have; other colours are compared by their numbers."""


def _at(colours: list[str], index: str | None) -> str:
    place = int(index or 0)
    return colours[place] if place < len(colours) else ""


def _ink(font: ElementTree.Element) -> str:
    colour = next((part for part in font if local(part) == "color"), None)
    return _colour(colour) or _BLACK if colour is not None else _BLACK


def _paper(fill: ElementTree.Element) -> str:
    """The colour behind a text; "" for hatchings and gradients, on which any text can be seen."""
    hatching = next((part for part in fill if local(part) == "patternFill"), None)
    if hatching is None:
        return ""
    if hatching.get("patternType", "none") == "none":
        return _WHITE
    colour = next((part for part in hatching if local(part) == "fgColor"), None)
    return _colour(colour) if hatching.get("patternType") == "solid" and colour is not None else ""


def _colour(element: ElementTree.Element) -> str:
    """RRGGBB where it is known, else something that is the same for the same colour; "" for that which the program chooses."""
    if rgb := element.get("rgb"):
        return rgb[-6:].upper()
    tint = element.get("tint", "0")
    for kind, known in (("theme", _THEME), ("indexed", _INDEXED)):
        if number := element.get(kind):
            return known[number] if number in known and float(tint) == 0 else f"{kind} {number} {tint}"
    return ""


STRUCK = pattern(rb"""<(?:\w+:)?strike\b(?!\s+val\s*=\s*["'](?:0|false))""")
"""A line through a part of a cell's text (18.4.10), in the strings that the sheets share or in a cell."""

_ROW = pattern(rb"<(?:\w+:)?row\b([^>]*)>")
_COL = pattern(rb"<(?:\w+:)?col\b([^>]*)>")
_HIDDEN = pattern(rb"""\bhidden\s*=\s*["'](?:1|true)["']""")
_LOW = 2.0
"""Points of height under which nobody sees the text of a row."""
_NARROW = 0.38
"""The same of a column's width, in digits of the font."""
_HIGH = pattern(rb"""\sht\s*=\s*["']([\d.]+)["']""")
_BROAD = pattern(rb"""\swidth\s*=\s*["']([\d.]+)["']""")
_MAY_BE_LOW = (b'ht="0', b' ht="1.', b' ht="1"')
_NUMBER = pattern(rb"""(?:^|\s)r\s*=\s*["'](\d+)["']""")
_SPAN = pattern(rb"""\b(min|max)\s*=\s*["'](\d+)["']""")
_REFERENCE = pattern(rb"""\sr\s*=\s*["']([A-Z]{1,3})(\d+)["']""")
_WIDE = pattern(rb'r="([A-Z]{2,3})[0-9]')
_ERROR = pattern(
    rb"""<(?:\w+:)?c\b([^>]*\bt\s*=\s*"e"[^>]*)>(?:(?!</(?:\w+:)?c>).)*?<(?:\w+:)?v[^>]*>([^<]*)<""",
    re.DOTALL,
)
_STALE = pattern(rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>|</(?:\w+:)?c>)")


def column_index(letters: str) -> int:
    """``A`` is 0, ``AA`` is 26."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1


def column_letters(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def scan_sheet(archive: zipfile.ZipFile, name: str, known: dict[bytes, Style]) -> Marks:
    """Reads a worksheet part once, in pieces that end between rows. Raises ``Damaged``, also for a sheet
    too large.
    """
    scan = _Scan(known)
    rest, row_tag, quotes = b"", b"", False
    for chunk in chunks(archive, name):
        if not row_tag:
            if chunk[:2] in (b"\xff\xfe", b"\xfe\xff"):
                raise Damaged("xml")
            root = re.search(rb"<(\w+:)?worksheet\b", chunk[:65536])
            row_tag = b"<" + (root[1] or b"" if root else b"") + b"row"
            quotes = b"='" in chunk[:4096]
        piece = rest + (chunk.replace(b"'", b'"') if quotes else chunk)
        cut = piece.rfind(row_tag)
        if cut <= 0:
            if len(piece) > 64 * CHUNK:
                raise Damaged("bomb")
            rest = piece
            continue
        scan.take(piece[:cut])
        rest = piece[cut:]
    scan.take(rest)
    return scan.marks


class _Scan:
    """Collects the marks of one worksheet piece by piece; cheap searches first, because most pieces have
    none.
    """

    def __init__(self, known: dict[bytes, Style]) -> None:
        self.marks = Marks()
        self._known = known
        self._styled = re.compile(rb'\ss\s*=\s*"(' + b"|".join(sorted(known)) + rb')"') if known else None
        self._last_row, self._last_column = 0, 26
        self._before_rows = True

    def take(self, piece: bytes) -> None:
        marks = self.marks
        if b"strike" in piece and STRUCK.search(piece):
            marks.part_struck = True
        is_low = b'ht="' in piece and any(size in piece for size in _MAY_BE_LOW)
        if b"hidden" in piece or is_low or (self._before_rows and b'width="0' in piece):
            _hidden(piece, marks)
        self._before_rows = self._before_rows and b"sheetData" not in piece
        if b'"e"' in piece:
            for match in _ERROR.finditer(piece):
                if place := _place(b" " + match[1]):
                    marks.errors[place] = match[2].decode("utf-8", "replace")
        if b"f>" in piece and b"</" in piece and re.search(rb"</(?:\w+:)?f>", piece):
            marks.formulas = True
            marks.stale = marks.stale or _STALE.search(piece) is not None
        if self._styled:
            self._take_styles(piece)
        self._measure(piece)

    def _take_styles(self, piece: bytes) -> None:
        for match in self._styled.finditer(piece):
            start = piece.rfind(b"<", 0, match.start())
            tag = piece[start : piece.find(b">", match.end())]
            if re.match(rb"<(?:\w+:)?c\s", tag) and (place := _place(tag)):
                self.marks.style(*place, self._known[match[1]])

    def _measure(self, piece: bytes) -> None:
        """A reader that fills a rectangle needs all of it in memory: one stray cell far away must not end
        the program.
        """
        if _WIDE.search(piece):
            widest = max(column_index(letters.decode()) + 1 for letters in set(_WIDE.findall(piece)))
            self._last_column = max(self._last_column, widest)
        tail = piece.rfind(b"row ")
        if tail > 0 and (number := _NUMBER.search(piece, tail)):
            self._last_row = max(self._last_row, int(number[1]))
        if self._last_row * self._last_column > MOST_CELLS:
            raise Damaged("sparse")


def _hidden(piece: bytes, marks: Marks) -> None:
    for match in _ROW.finditer(piece):
        if _HIDDEN.search(match[1]) or _is_under(_HIGH, match[1], _LOW):
            if number := _NUMBER.search(match[1]):
                marks.hidden_rows.add(int(number[1]) - 1)
            else:
                marks.unsure = True
    for match in _COL.finditer(piece):
        if _HIDDEN.search(match[1]) or _is_under(_BROAD, match[1], _NARROW):
            span = {key: int(value) for key, value in _SPAN.findall(match[1])}
            marks.hidden_columns.update(range(span.get(b"min", 1) - 1, min(span.get(b"max", 1), 16384)))


def _is_under(size: re.Pattern[bytes], tag: bytes, limit: float) -> bool:
    found = size.search(tag)
    return found is not None and found[1].count(b".") < 2 and float(found[1]) < limit


def _place(tag: bytes) -> tuple[int, int] | None:
    match = _REFERENCE.search(tag)
    return (int(match[2]) - 1, column_index(match[1].decode())) if match else None
