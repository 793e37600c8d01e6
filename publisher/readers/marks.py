"""What a spreadsheet hides, or shows otherwise than its values say: rows, columns, errors, formats, merged
cells.
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
from publisher.readers.cells import Style, style
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
    inclusive; ``struck`` are the columns of each row whose cells have a line through them.
    """

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    styles: dict[tuple[int, int], Style] = field(default_factory=dict)
    shown: dict[tuple[int, int], str] = field(default_factory=dict)
    struck: dict[int, set[int]] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    comments: int = 0
    formulas: bool = False
    stale: bool = False
    unsure: bool = False

    def style(self, row: int, column: int, made: Style) -> None:
        if made.struck:
            self.struck.setdefault(row, set()).add(column)
        if replace(made, struck=False) != Style():
            self.styles[row, column] = made


@frozen
class Parts:
    """The other things a workbook carries; none of them is published."""

    macros: bool = False
    comments: bool = False
    objects: bool = False
    pictures: bool = False
    charts: bool = False
    links: bool = False


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


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _attribute(element: ElementTree.Element, name: str) -> str:
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
        sheet.get("name", ""): targets.get(_attribute(sheet, "id"), "")
        for sheet in book.iter()
        if _local(sheet) == "sheet"
    }


def _resolve(target: str) -> str:
    if target.startswith("/"):
        return target[1:]
    kept: list[str] = ["xl"]
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
        if _local(element) == "numFmt" and (made := style(element.get("formatCode", ""))):
            formats[int(element.get("numFmtId", "0"))] = made
    struck = {
        str(index)
        for fonts in (element for element in sheet if _local(element) == "fonts")
        for index, font in enumerate(fonts)
        if any(_local(part) == "strike" and part.get("val", "1") not in ("0", "false") for part in font)
    }
    for cell_formats in (element for element in sheet if _local(element) == "cellXfs"):
        for index, xf in enumerate(cell_formats):
            made = formats.get(int(xf.get("numFmtId", "0") or 0))
            if xf.get("fontId", "0") in struck:
                made = replace(made or Style(), struck=True)
            if made:
                found[str(index).encode()] = made
    return found


_ROW = pattern(rb"<(?:\w+:)?row\b([^>]*)>")
_COL = pattern(rb"<(?:\w+:)?col\b([^>]*)>")
_HIDDEN = pattern(rb"""\bhidden\s*=\s*["'](?:1|true)["']""")
_ZERO_HIGH = pattern(rb"""\b(?:ht|width)\s*=\s*["']0(?:\.0+)?["']""")
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

    def take(self, piece: bytes) -> None:
        marks = self.marks
        if b"hidden" in piece or b'="0"' in piece:
            _hidden(piece, marks)
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
        if _HIDDEN.search(match[1]) or _ZERO_HIGH.search(match[1]):
            if number := _NUMBER.search(match[1]):
                marks.hidden_rows.add(int(number[1]) - 1)
            else:
                marks.unsure = True
    for match in _COL.finditer(piece):
        if _HIDDEN.search(match[1]) or _ZERO_HIGH.search(match[1]):
            span = {key: int(value) for key, value in _SPAN.findall(match[1])}
            marks.hidden_columns.update(range(span.get(b"min", 1) - 1, min(span.get(b"max", 1), 16384)))


def _place(tag: bytes) -> tuple[int, int] | None:
    match = _REFERENCE.search(tag)
    return (int(match[2]) - 1, column_index(match[1].decode())) if match else None


# --- the old binary format ---------------------------------------------------------------------------------


def scan_xls(data: bytes) -> dict[str, Marks] | None:
    """What xlrd can tell of a BIFF workbook, by sheet; None when it cannot read it. Raises ``Damaged`` for
    a locked one.
    """
    import contextlib

    import xlrd

    noise = io.StringIO()
    try:
        with contextlib.redirect_stdout(noise):
            book = xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=noise)
            return {sheet.name: _xls_sheet(book, sheet) for sheet in book.sheets()}
    except (
        Exception
    ) as error:  # xlrd has no base class for its failures; without an answer the document is held
        if "encrypted" in str(error).lower():
            raise Damaged("encrypted") from error
        return None


def _xls_sheet(book: object, sheet: object) -> Marks:
    import xlrd

    marks = Marks(comments=len(sheet.cell_note_map))
    marks.hidden_rows = {row for row, info in sheet.rowinfo_map.items() if info.hidden or info.height == 0}
    marks.hidden_columns = {c for c, info in sheet.colinfo_map.items() if info.hidden or info.width == 0}
    marks.merged = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
    found = {index: made for index, xf in enumerate(book.xf_list) if (made := _xls_style(book.format_map.get(xf.format_key)))}
    struck = {index for index, xf in enumerate(book.xf_list) if xf.font_index < len(book.font_list) and book.font_list[xf.font_index].struck_out}
    for row in range(sheet.nrows):
        types = sheet.row_types(row)
        if xlrd.XL_CELL_ERROR in types:
            for column, kind in enumerate(types):
                if kind == xlrd.XL_CELL_ERROR:
                    word = xlrd.error_text_from_code.get(sheet.cell_value(row, column), "#ERROR")
                    marks.errors[row, column] = word
        if found and xlrd.XL_CELL_NUMBER in types:
            for column, kind in enumerate(types):
                if kind == xlrd.XL_CELL_NUMBER and (made := found.get(sheet.cell_xf_index(row, column))):
                    marks.styles[row, column] = made
        if struck:
            through = {column for column in range(len(types)) if sheet.cell_xf_index(row, column) in struck}
            if through:
                marks.struck[row] = through
    return marks


def _xls_style(form: object | None) -> Style | None:
    return style(form.format_str or "") if form is not None else None


# --- OpenDocument (ISO/IEC 26300) --------------------------------------------------------------------------


def scan_ods(archive: zipfile.ZipFile) -> dict[str, Marks]:
    """Hidden rows and columns, merged cells and zeros in front, by sheet. Raises ``Damaged``."""
    if "content.xml" not in archive.namelist():
        raise Damaged("xml")
    reader = _Ods()
    parser = ElementTree.XMLPullParser(["start", "end"])
    try:
        for chunk in chunks(archive, "content.xml"):
            if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
                raise Damaged("bomb")
            parser.feed(chunk)
            for event, element in parser.read_events():
                reader.take(event, element)
    except ElementTree.ParseError as error:
        raise Damaged("xml") from error
    return reader.sheets


_GROUPS = ("table-row-group", "table-column-group")


class _Ods:
    """Follows ``content.xml`` row by row; only what departs from plain values is kept."""

    def __init__(self) -> None:
        self.sheets: dict[str, Marks] = {}
        self._marks = Marks()
        self._row = self._column = self._group = 0
        self._struck: set[str] = set()

    def take(self, event: str, element: ElementTree.Element) -> None:
        name = _local(element)
        if event == "start":
            if name == "table":
                self._marks = self.sheets.setdefault(_attribute(element, "name"), Marks())
                self._row = self._column = 0
            elif name in _GROUPS and _attribute(element, "display") == "false":
                self._group += 1
            return
        if name in _GROUPS and _attribute(element, "display") == "false":
            self._group -= 1
        elif name == "style" and any(_attribute(part, "text-line-through-style") not in ("", "none") for part in element):
            self._struck.add(_attribute(element, "name"))
        elif name == "table-column":
            repeated = min(int(_attribute(element, "number-columns-repeated") or 1), 16384)
            if self._unseen(element):
                self._marks.hidden_columns.update(range(self._column, self._column + repeated))
            self._column += repeated
        elif name == "table-row":
            self._end_row(element)
            element.clear()

    def _unseen(self, element: ElementTree.Element) -> bool:
        return bool(self._group) or _attribute(element, "visibility") in ("collapse", "filter")

    def _end_row(self, element: ElementTree.Element) -> None:
        repeated = min(int(_attribute(element, "number-rows-repeated") or 1), 1_048_576)
        if self._unseen(element):
            self._marks.hidden_rows.update(range(self._row, self._row + repeated))
        column = filled = 0
        for cell in element:
            if _local(cell) not in ("table-cell", "covered-table-cell"):
                continue
            width = int(_attribute(cell, "number-columns-repeated") or 1)
            if len(cell):
                filled += width
                self._cell(cell, column)
            column += width
        if filled * repeated > MOST_CELLS:
            raise Damaged("sparse")
        self._row += repeated

    def _cell(self, cell: ElementTree.Element, column: int) -> None:
        marks, place = self._marks, (self._row, column)
        down = int(_attribute(cell, "number-rows-spanned") or 1)
        across = int(_attribute(cell, "number-columns-spanned") or 1)
        if down > 1 or across > 1:
            marks.merged.append((*place, place[0] + down - 1, place[1] + across - 1))
        marks.comments += sum(_local(child) == "annotation" for child in cell)
        if self._struck and _attribute(cell, "style-name") in self._struck:
            marks.struck.setdefault(self._row, set()).update(range(column, column + int(_attribute(cell, "number-columns-repeated") or 1)))
        marks.formulas = marks.formulas or bool(_attribute(cell, "formula"))
        kinds = {value for name, value in cell.attrib.items() if name.endswith("value-type")}
        seen = "".join("".join(child.itertext()) for child in cell if _local(child) == "p").strip()
        if "error" in kinds:
            marks.errors[place] = seen
        elif kinds & {"float", "percentage"} and re.fullmatch(r"0\d+|-?[\d.]+%|TRUE|FALSE", seen):
            marks.shown[place] = seen
