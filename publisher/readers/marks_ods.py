"""What a spreadsheet in OpenDocument (ISO/IEC 26300) hides, or shows otherwise than its values say."""

from __future__ import annotations

import re
import zipfile
from xml.etree import ElementTree

from publisher.readers.marks import MOST_CELLS, Damaged, Marks, attribute, chunks, local


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
        self._repeated = 1

    def take(self, event: str, element: ElementTree.Element) -> None:
        name = local(element)
        if event == "start":
            if name == "table":
                self._marks = self.sheets.setdefault(attribute(element, "name"), Marks())
                self._row = self._column = 0
            elif name in _GROUPS and attribute(element, "display") == "false":
                self._group += 1
            return
        if name in _GROUPS and attribute(element, "display") == "false":
            self._group -= 1
        elif name == "style" and any(attribute(part, "text-line-through-style") not in ("", "none") for part in element):
            self._struck.add(attribute(element, "name"))
        elif name == "table-column":
            repeated = min(int(attribute(element, "number-columns-repeated") or 1), 16384)
            if self._unseen(element):
                self._marks.hidden_columns.update(range(self._column, self._column + repeated))
            self._column += repeated
        elif name == "table-row":
            self._end_row(element)
            element.clear()

    def _unseen(self, element: ElementTree.Element) -> bool:
        return bool(self._group) or attribute(element, "visibility") in ("collapse", "filter")

    def _end_row(self, element: ElementTree.Element) -> None:
        repeated = self._repeated = min(int(attribute(element, "number-rows-repeated") or 1), 1_048_576)
        if self._unseen(element):
            self._marks.hidden_rows.update(range(self._row, self._row + repeated))
        column = filled = 0
        for cell in element:
            if local(cell) not in ("table-cell", "covered-table-cell"):
                continue
            width = int(attribute(cell, "number-columns-repeated") or 1)
            if len(cell):
                filled += width
                self._cell(cell, column)
            column += width
        if filled * repeated > MOST_CELLS:
            raise Damaged("sparse")
        self._row += repeated

    def _cell(self, cell: ElementTree.Element, column: int) -> None:
        marks, place = self._marks, (self._row, column)
        down = int(attribute(cell, "number-rows-spanned") or 1)
        across = int(attribute(cell, "number-columns-spanned") or 1)
        if down > 1 or across > 1:
            marks.merged.append((*place, place[0] + down - 1, place[1] + across - 1))
        notes = ["\n".join(["".join(line.itertext()) for line in child.iter() if local(line) == "p"]) for child in cell if local(child) == "annotation"]
        if notes:
            marks.comments[place] = "\n".join(notes)
        if self._struck and attribute(cell, "style-name") in self._struck:
            for row in range(self._row, self._row + min(self._repeated, 1_000)):
                marks.struck.setdefault(row, set()).update(range(column, column + int(attribute(cell, "number-columns-repeated") or 1)))
        if self._struck and any(local(part) == "span" and attribute(part, "style-name") in self._struck for part in cell.iter()):
            marks.part_struck = True
        marks.formulas = marks.formulas or bool(attribute(cell, "formula"))
        kinds = {value for name, value in cell.attrib.items() if name.endswith("value-type")}
        seen = "".join("".join(child.itertext()) for child in cell if local(child) == "p").strip()
        if "error" in kinds:
            marks.errors[place] = seen
        elif kinds & {"float", "percentage"} and re.fullmatch(r"0\d+|-?[\d.]+%|TRUE|FALSE", seen):
            marks.shown[place] = seen
