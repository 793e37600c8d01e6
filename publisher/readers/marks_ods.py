"""What a spreadsheet in OpenDocument (ISO/IEC 26300) hides, or shows otherwise than its values say."""

from __future__ import annotations

import re
import zipfile
from xml.etree import ElementTree

from publisher.patterns import pattern
from publisher.readers.cells import Style, alike
from publisher.readers.marks import MOST_CELLS, Damaged, Marks, attribute, chunks, local


def scan_ods(archive: zipfile.ZipFile) -> dict[str, Marks]:
    """Hidden rows and columns, merged cells and zeros in front, by sheet. Raises ``Damaged``."""
    if "content.xml" not in archive.namelist():
        raise Damaged("xml")
    reader = _Ods()
    for member in ("styles.xml", "content.xml"):  # the styles with names, then those of the cells
        if member in archive.namelist():
            _scan(archive, member, reader)
    return reader.sheets


def _scan(archive: zipfile.ZipFile, member: str, reader: _Ods) -> None:
    parser = ElementTree.XMLPullParser(["start", "end"])
    try:
        for chunk in chunks(archive, member):
            if b"<!DOCTYPE" in chunk or b"<!ENTITY" in chunk:
                raise Damaged("bomb")
            parser.feed(chunk)
            for event, element in parser.read_events():
                reader.take(event, element)
    except ElementTree.ParseError as error:
        raise Damaged("xml") from error


_GROUPS = ("table-row-group", "table-column-group")
_SIZE = pattern(r"([\d.]+)(pt|in|cm|mm|pc)")
_POINTS = {"pt": 1.0, "in": 72.0, "cm": 72 / 2.54, "mm": 7.2 / 2.54, "pc": 12.0}
_LOW = 2.0
"""Points of height or width under which nobody sees a text."""


def _is_small(style: ElementTree.Element) -> bool:
    sizes = (found for part in style for name in ("row-height", "column-width") if (found := _SIZE.fullmatch(attribute(part, name))))
    return any(float(size[1]) * _POINTS[size[2]] < _LOW for size in sizes)


class _Ods:
    """Follows ``content.xml`` row by row; only what departs from plain values is kept."""

    def __init__(self) -> None:
        self.sheets: dict[str, Marks] = {}
        self._marks = Marks()
        self._row = self._column = self._group = 0
        self._struck: set[str] = set()
        self._small: set[str] = set()
        self._silent: set[str] = set()
        self._said: dict[str, tuple[str, dict[str, str]]] = {}
        self._looks: dict[str, Style] = {}
        self._defaults: list[str] = []
        self._repeated = 1

    def take(self, event: str, element: ElementTree.Element) -> None:
        name = local(element)
        if event == "start":
            if name == "table":
                self._marks = self.sheets.setdefault(attribute(element, "name"), Marks())
                self._row = self._column = 0
                self._looks = {name: look for name in self._said if (look := self._look(name)) != Style()}
                self._defaults.clear()
            elif name in _GROUPS and attribute(element, "display") == "false":
                self._group += 1
            return
        if name in _GROUPS and attribute(element, "display") == "false":
            self._group -= 1
        elif name == "style":
            self._take_style(element)
        elif name == "text-style":
            # its texts are those around the cell's own
            if not any(local(part) == "text-content" or (part.text or "").strip() for part in element.iter()):
                self._silent.add(attribute(element, "name"))
        elif name == "table-column":
            repeated = min(int(attribute(element, "number-columns-repeated") or 1), 16384)
            if self._looks:
                self._defaults += [attribute(element, "default-cell-style-name")] * min(repeated, 1_024)
            if self._unseen(element):
                self._marks.hidden_columns.update(range(self._column, self._column + repeated))
            self._column += repeated
        elif name == "table-row":
            self._end_row(element)
            element.clear()

    def _unseen(self, element: ElementTree.Element) -> bool:
        return bool(self._group) or attribute(element, "visibility") in ("collapse", "filter") or attribute(element, "style-name") in self._small

    def _take_style(self, element: ElementTree.Element) -> None:
        name, family = attribute(element, "name"), attribute(element, "family")
        if any(attribute(part, "text-line-through-style") not in ("", "none") for part in element):
            self._struck.add(name)
        if family in ("table-row", "table-column"):
            (self._small.add if _is_small(element) else self._small.discard)(name)
        elif family == "table-cell":
            said = {kind: value for part in element for kind in ("color", "background-color") if (value := attribute(part, kind))}
            if data := attribute(element, "data-style-name"):
                said["data"] = data
            self._said[name] = attribute(element, "parent-style-name"), said

    def _look(self, name: str) -> Style:
        """What a cell's style hides, with what it has from those before it."""
        said: dict[str, str] = {}
        known = set()
        while name in self._said and name not in known:
            known.add(name)
            name, own = self._said[name]
            said = {**own, **said}
        ink, paper = said.get("color", "#000000"), said.get("background-color", "transparent")
        same = alike(ink.lstrip("#").upper(), "FFFFFF" if paper == "transparent" else paper.lstrip("#").upper())
        return Style(nothing=said.get("data", "") in self._silent, ink=same)

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
                if self._looks:
                    self._take_look(cell, column, attribute(element, "default-cell-style-name"))
            column += width
        if filled * repeated > MOST_CELLS:
            raise Damaged("sparse")
        self._row += repeated

    def _take_look(self, cell: ElementTree.Element, column: int, of_row: str) -> None:
        of_column = self._defaults[column] if column < len(self._defaults) else ""
        look = self._looks.get(attribute(cell, "style-name") or of_row or of_column)
        for row in range(self._row, self._row + min(self._repeated, 1_000)) if look is not None else ():
            for c in range(column, column + min(int(attribute(cell, "number-columns-repeated") or 1), 1_000)):
                self._marks.style(row, c, look)

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
