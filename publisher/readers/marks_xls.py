"""What a spreadsheet of the old binary format (BIFF) hides, or shows otherwise than its values say."""

from __future__ import annotations

import io

from publisher.readers.cells import Style, alike, style
from publisher.readers.marks import Damaged, Marks

_LOW = 40
"""Twentieths of a point of height under which nobody sees the text of a row."""
_NARROW = 97
"""The same of a column's width, in parts of 256 of a digit."""


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

    marks = Marks(comments={place: note.text for place, note in sheet.cell_note_map.items()})
    marks.hidden_rows = {row for row, info in sheet.rowinfo_map.items() if info.hidden or info.height < _LOW}
    marks.hidden_columns = {c for c, info in sheet.colinfo_map.items() if info.hidden or info.width < _NARROW}
    marks.merged = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
    found = {index: made for index, xf in enumerate(book.xf_list) if (made := _xls_style(book.format_map.get(xf.format_key)))}
    struck = {index for index, xf in enumerate(book.xf_list) if xf.font_index < len(book.font_list) and book.font_list[xf.font_index].struck_out}
    kinds = {xlrd.XL_CELL_NUMBER, *([xlrd.XL_CELL_TEXT] if any(made.nothing for made in found.values()) else [])}
    faint = {index: ink for index, xf in enumerate(book.xf_list) if (ink := _xls_ink(book, xf))}
    for row in range(sheet.nrows):
        types = sheet.row_types(row)
        if xlrd.XL_CELL_ERROR in types:
            for column, kind in enumerate(types):
                if kind == xlrd.XL_CELL_ERROR:
                    word = xlrd.error_text_from_code.get(sheet.cell_value(row, column), "#ERROR")
                    marks.errors[row, column] = word
        if found and not kinds.isdisjoint(types):
            for column, kind in enumerate(types):
                if kind in kinds and (made := found.get(sheet.cell_xf_index(row, column))):
                    marks.styles[row, column] = made
        if struck:
            through = {column for column in range(len(types)) if sheet.cell_xf_index(row, column) in struck}
            if through:
                marks.struck[row] = through
        if faint:
            inks = {column: faint[index] for column in range(len(types)) if (index := sheet.cell_xf_index(row, column)) in faint}
            if inks:
                marks.faint[row] = inks
    return marks


def _xls_ink(book: object, xf: object) -> str:
    """Whether a text has the colour of what is behind it (``Style.ink``); patterns other than a full one leave it to be seen."""
    if xf.background.fill_pattern > 1 or xf.font_index >= len(book.font_list):
        return ""
    font = book.font_list[xf.font_index]
    behind = book.colour_map.get(xf.background.pattern_colour_index) if xf.background.fill_pattern else None
    return alike(_rgb(book.colour_map.get(font.colour_index) or (0, 0, 0)), _rgb(behind or ((0, 0, 0) if xf.background.fill_pattern else (255, 255, 255))))


def _rgb(colour: tuple[int, int, int]) -> str:
    return "{:02X}{:02X}{:02X}".format(*colour)


def _xls_style(form: object | None) -> Style | None:
    return style(form.format_str or "") if form is not None else None
