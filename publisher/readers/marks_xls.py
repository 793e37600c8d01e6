"""What a spreadsheet of the old binary format (BIFF) hides, or shows otherwise than its values say."""

from __future__ import annotations

import io

from publisher.readers.cells import Style, style
from publisher.readers.marks import Damaged, Marks


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
