"""Spreadsheets: what people see is read, what is hidden is not."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.styles import Font

from publisher.errors import Unreadable
from publisher.model import Workbook
from publisher.readers.cells import Strings, Style, number, style, text
from publisher.readers.marks import column_index, column_letters
from publisher.readers.sheet import read_sheet
from tests import office

SECRET = "ヒミツ"


def saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(book: openpyxl.Workbook, noon: dt.datetime, path: str = "避難所/一覧.xlsx") -> Workbook:
    return read_sheet(path, saved(book), noon)


def patched(book: openpyxl.Workbook, *changes: tuple[bytes, bytes]) -> bytes:
    """The saved workbook with other bytes in its first sheet, as other programs write them."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(saved(book))) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                for old, new in changes:
                    assert old in content
                    content = content.replace(old, new)
            target.writestr(name, content)
    return out.getvalue()


def codes(book: Workbook) -> list[str]:
    return [problem.code for problem in book.warnings]


@pytest.fixture
def book() -> openpyxl.Workbook:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.title = "一覧"
    sheet.append(["番号", "名称", "内部メモ", "人数", "確認日", "時刻", "開設", "割合"])
    for i in range(1, 11):
        sheet.append(
            [i, f"第{i}小学校", SECRET, i * 10.0, dt.date(2024, 1, 9), dt.time(18), i % 2 == 0, 0.125]
        )
        sheet.cell(i + 1, 1).number_format = "00000"
        sheet.cell(i + 1, 8).number_format = "0.0%"
    return made


def test_cells_are_what_people_see(book: openpyxl.Workbook, noon: dt.datetime) -> None:
    table = read(book, noon).tables[0]
    assert table.rows[0] == ("00001", "第1小学校", SECRET, "10", "2024-01-09", "18:00", "FALSE", "12.5%")
    assert table.rows[1][6] == "TRUE"
    assert table.lines[:2] == [2, 3]


def test_hidden_rows_columns_sheets_and_comments_stay_out(book: openpyxl.Workbook, noon: dt.datetime) -> None:
    sheet = book.active
    sheet.column_dimensions["C"].hidden = True
    for row in (4, 5, 9):
        sheet.cell(row, 2).value = SECRET
        sheet.row_dimensions[row].hidden = True
    sheet["B2"].comment = Comment(SECRET, SECRET)
    for state in ("hidden", "veryHidden"):
        other = book.create_sheet(state)
        other.append([SECRET, SECRET])
        other.append([SECRET, SECRET])
        other.sheet_state = state
    made = read(book, noon)
    assert SECRET not in repr(made)
    assert len(made.tables) == 1
    assert len(made.tables[0].rows) == 7
    assert {"hidden-rows", "hidden-columns", "hidden-sheet", "left-out"} <= set(codes(made))
    told = {problem.code: problem.what for problem in made.warnings}
    assert "4–5、9行" in told["hidden-rows"]
    assert "列C" in told["hidden-columns"]


def test_rows_out_of_sight_by_their_height_are_hidden_too(book: openpyxl.Workbook, noon: dt.datetime) -> None:
    book.active.cell(3, 2).value = SECRET + "行"
    made = read_sheet("a.xlsx", patched(book, (b'<row r="3"', b'<row r="3" ht="0" customHeight="1"')), noon)
    assert SECRET + "行" not in repr(made)


def test_hidden_marks_are_found_in_any_xml_spelling(book: openpyxl.Workbook, noon: dt.datetime) -> None:
    """Other programs write prefixes, single quotes and ``true``."""
    space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    data = patched(
        book,
        (b'<row r="4"', b"<row hidden = 'true' r='4'"),
        (b"<row ", b"<x:row "),
        (b"</row>", b"</x:row>"),
        (b"<worksheet ", b"<worksheet xmlns:x='" + space + b"' "),
    )
    made = read_sheet("a.xlsx", data, noon)
    assert 4 not in made.tables[0].lines
    assert len(made.tables[0].rows) == 9


def test_a_hidden_row_whose_place_is_unknown_is_a_doubt(book: openpyxl.Workbook, noon: dt.datetime) -> None:
    made = read_sheet("a.xlsx", patched(book, (b'<row r="4"', b'<row hidden="1"')), noon)
    assert [problem.code for problem in made.doubts] == ["hidden-unknown"]


def test_errors_and_damaged_numbers_are_told_with_their_cells(
    book: openpyxl.Workbook, noon: dt.datetime
) -> None:
    book.active["D5"] = "#REF!"
    book.active["B6"] = "5.22001E+12"
    told = {problem.code: problem.what for problem in read(book, noon).warnings}
    assert "D5" in told["error-cell"]
    assert "B6" in told["number-damage"]


def test_formulas_without_results_are_told(book: openpyxl.Workbook, noon: dt.datetime) -> None:
    book.active["D5"] = "=SUM(D2:D4)"
    assert "stale-formula" in codes(read(book, noon))


def roll(marks: dict[str, str], rows: int = 6) -> openpyxl.Workbook:
    """A roll whose last column says of whom nothing may be shown."""
    made = openpyxl.Workbook()
    made.active.append(["番号", "氏名", "避難所", "閲覧制限"])
    for n in range(1, rows + 1):
        made.active.append([n, f"汐見　{'太次三四五六七八九'[n]}郎", "高台公民館", None])
    for place, mark in marks.items():
        made.active[place] = mark
    return made


def marked(made: Workbook) -> dict[int, str]:
    table = made.tables[0]
    return {line: row[-1] for line, row in zip(table.lines, table.rows, strict=True) if row[-1]}


def test_what_is_written_in_a_merged_range_is_seen_in_all_of_it_whatever_is_hidden(noon: dt.datetime) -> None:
    book = roll({"D3": "DV"})
    book.active.merge_cells("D3:D5")
    book.active.row_dimensions[3].hidden = True
    assert marked(read(book, noon)) == {4: "DV", 5: "DV"}
    book.active.row_dimensions[3].hidden, book.active.row_dimensions[4].hidden = False, True
    assert marked(read(book, noon)) == {3: "DV", 5: "DV"}
    book.active.row_dimensions[4].hidden, book.active.row_dimensions[5].hidden = False, True
    assert marked(read(book, noon)) == {3: "DV", 4: "DV"}
    for row in (3, 4, 5):
        book.active.row_dimensions[row].hidden = True
    assert marked(read(book, noon)) == {}


def test_a_merged_range_that_ends_in_blanks_or_notes_is_seen_in_its_rows(noon: dt.datetime) -> None:
    book = roll({"D3": "DV"})
    for column in "ABC":
        book.active[f"{column}6"] = None
    book.active.merge_cells("D3:D6")
    assert {line: mark for line, mark in marked(read(book, noon)).items() if line < 6} == {3: "DV", 4: "DV", 5: "DV"}
    book = roll({"D6": "DV"})
    book.active["A8"] = "※ きのうの夜の名簿です"
    book.active.merge_cells("D6:D8")
    assert marked(read(book, noon)) == {6: "DV", 7: "DV"}


def test_text_that_its_format_hides_is_a_doubt_and_text_under_a_format_of_numbers_is_shown(noon: dt.datetime) -> None:
    book = roll({"D3": "DV"})
    book.active["D3"].number_format = ";;;"
    made = read(book, noon)
    assert [(one.code, "3行" in one.what) for one in made.doubts] == [("unseen-text", True)]
    book.active["D3"].number_format = ";;"
    made = read(book, noon)
    assert (marked(made), made.doubts) == ({3: "DV"}, ())


def test_vertical_merges_are_repeated_downwards(noon: dt.datetime) -> None:
    made = openpyxl.Workbook()
    for row in (["地区", "名称", "人数"], ["本町", "小学校", 3], [None, "公民館", 4], ["港町", "体育館", 5]):
        made.active.append(row)
    made.active.merge_cells("A2:A3")
    book = read(made, noon)
    assert [row[0] for row in book.tables[0].rows] == ["本町", "本町", "港町"]
    assert "merged" in codes(book)


def test_merged_headers_are_joined(noon: dt.datetime) -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    for row in (
        ["避難所", "人数", None, "備考"],
        [None, "男", "女", None],
        ["本町小学校", 3, 4, ""],
        ["港公民館", 5, 6, "満"],
    ):
        sheet.append(row)
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("A1:A2")
    sheet.merge_cells("D1:D2")
    table = read(made, noon).tables[0]
    assert table.columns == ("避難所", "人数_男", "人数_女", "備考")
    assert len(table.rows) == 2


def test_sheets_without_data_are_skipped_and_told(book: openpyxl.Workbook, noon: dt.datetime) -> None:
    book.create_sheet("空")
    made = read(book, noon)
    assert len(made.tables) == 1
    assert "empty-sheet" in codes(made)


def test_a_stray_cell_far_away_does_not_exhaust_memory(book: openpyxl.Workbook, noon: dt.datetime) -> None:
    book.active["XFD1048576"] = " x"
    with pytest.raises(Unreadable) as failure:
        read(book, noon)
    assert failure.value.problem.code == "sheet-sparse"


def test_a_bomb_is_refused(book: openpyxl.Workbook, noon: dt.datetime) -> None:
    data = patched(book, (b"</sheetData>", b" " * 60_000_000 + b"</sheetData>"))
    with pytest.raises(Unreadable) as failure:
        read_sheet("a.xlsx", data, noon)
    assert failure.value.problem.code == "sheet-bomb"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "sheet-empty"),
        (b"PK\x03\x04 and then nothing", "sheet-truncated"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "sheet-other"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "sheet-encrypted",
        ),
        (b"<html><body><table><tr><td>1</td></tr></table></body></html>", "sheet-html"),
        (b"\x00\x01\x02\x03binary", "sheet-other"),
    ],
)
def test_what_is_no_spreadsheet_is_said_plainly(data: bytes, code: str, noon: dt.datetime) -> None:
    with pytest.raises(Unreadable) as failure:
        read_sheet("避難所/一覧.xlsx", data, noon)
    problem = failure.value.problem
    assert problem.code == code
    assert problem.where == "避難所/一覧.xlsx"
    assert problem.todo


def test_a_csv_under_a_spreadsheets_name_is_read_as_csv(noon: dt.datetime) -> None:
    made = read_sheet("a.xlsx", "名称,人数\r\n本町小学校,12\r\n".encode("cp932"), noon)
    assert made.tables[0].rows == [("本町小学校", "12")]
    assert codes(made)[0] == "really-csv"


@settings(deadline=None)
@given(cut=st.integers(min_value=1, max_value=4000))
def test_a_truncated_workbook_never_raises_anything_else(cut: int) -> None:
    made = openpyxl.Workbook()
    made.active.append(["名称", "人数"])
    made.active.append(["本町小学校", 3])
    data = saved(made)
    arrived = dt.datetime(2011, 3, 12, 12, tzinfo=dt.UTC)
    with pytest.raises(Unreadable):
        read_sheet("a.xlsx", data[: max(0, len(data) - cut)], arrived)


def test_open_documents_hide_and_show_as_well(noon: dt.datetime) -> None:
    from odf.office import Annotation
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableColumn, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    table = Table(name="一覧")
    table.addElement(TableColumn())
    table.addElement(TableColumn(visibility="collapse"))
    table.addElement(TableColumn(numbercolumnsrepeated=2))

    def cell(shown: str, note: str = "", **attributes: object) -> TableCell:
        made = TableCell(**({"valuetype": "string"} | attributes))
        if note:
            annotation = Annotation()
            annotation.addElement(P(text=note))
            made.addElement(annotation)
        made.addElement(P(text=shown))
        return made

    for texts, seen in (
        (("番号", "内部", "名称", "率"), "visible"),
        (("", SECRET, "小学校", ""), "visible"),
        (("", "", SECRET, ""), "collapse"),
        (("", "", SECRET, ""), "filter"),
    ):
        row = TableRow(visibility=seen)
        for index, value in enumerate(texts):
            if texts[0] == "番号" or index in (1, 2):
                row.addElement(cell(value, note=SECRET if value == "小学校" else ""))
            elif index == 0:
                row.addElement(cell("00012", valuetype="float", value="12"))
            else:
                row.addElement(cell("25%", valuetype="percentage", value="0.25"))
        table.addElement(row)
    document.spreadsheet.addElement(table)
    hidden = Table(name="隠し")
    document.spreadsheet.addElement(hidden)
    out = io.BytesIO()
    document.write(out)
    made = read_sheet("a.ods", out.getvalue(), noon)
    assert made.tables[0].columns == ("番号", "名称", "率")
    assert made.tables[0].rows == [("00012", "小学校", "25%")]
    assert SECRET not in repr(made)
    assert {"hidden-rows", "hidden-columns", "left-out"} <= set(codes(made))


# --- single cells
# ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.0, "1"),
        (0.1 + 0.2, "0.3"),
        (1e-07, "0.0000001"),
        (-5.0, "-5"),
        (34.5, "34.5"),
        (5220010000000.0, "5220010000000"),
        (True, "TRUE"),
        (False, "FALSE"),
        (0.0, "0"),
        (dt.datetime(2024, 1, 9, 17, 59, 59, 999999, tzinfo=dt.UTC), "2024-01-09 18:00"),
        (dt.timedelta(hours=30), "30:00"),
        (dt.time(9, 5), "09:05"),
        ("a_x000D_\nb", "a\nb"),
        ("　北海道 ", "北海道"),
        (None, ""),
        ('="00123"', "00123"),
        ("\ud83d", "\ufffd"),
        ("x\x00y", "xy"),
    ],
)
def test_one_cell(value: object, shown: str) -> None:
    assert Strings().row([value]) == (shown,)


_cells = st.one_of(
    st.sampled_from(["", "佐藤　花子", " 前後 ", "a\r", "\r\nb", "一\n二", '="007"', "_x000D_", "#REF!", "1E+05", "5.22001E+12", "　", "TRUE", "1"]),
    st.text(max_size=4),
    st.sampled_from([0, 1, 1.0, True, False, 2.5, None, dt.datetime(2036, 3, 11, 14, 46), dt.date(2036, 3, 11)]),  # noqa: DTZ001 - as a sheet gives it
)


@given(st.integers(0, 4).flatmap(lambda width: st.lists(st.lists(_cells, min_size=width, max_size=width), max_size=8)), st.integers(1, 3))
def test_rows_at_once_are_rows_one_by_one(block: list[list[object]], size: int) -> None:
    one, many = Strings(), Strings()
    rows = [row for start in range(0, len(block), size) for row in many.rows(block[start : start + size])]
    assert rows == [one.row(row) for row in block]
    assert set(many.odd()) == set(one.odd())


def test_equal_values_of_different_types_stay_apart() -> None:
    strings = Strings()
    assert strings.row([1.0, True, "1", 0, False, True, 1]) == ("1", "TRUE", "1", "0", "FALSE", "TRUE", "1")


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_numbers_keep_fifteen_digits_and_no_exponent(value: float) -> None:
    shown = number(value)
    assert "e" not in shown.lower()
    assert float(shown) == pytest.approx(value, rel=1e-14, abs=1e-300)


@given(st.text())
def test_text_has_nothing_that_a_page_cannot_carry(value: str) -> None:
    cleaned = text(value)
    cleaned.encode("utf-8")
    assert not any(ord(c) < 32 and c not in "\n\t" for c in cleaned)


@pytest.mark.parametrize(
    ("code", "made"),
    [
        ("00000", Style(zeros=5)),
        ("0%", Style(percent=0)),
        ("0.00%", Style(percent=2)),
        (";;;", Style(nothing=True)),
        (";;", Style(no_numbers=True)),
        ("General", None),
        ("0", None),
        ("0.00", None),
        ("yyyy/m/d", None),
        ("#,##0", None),
        ('00000"号"', Style(zeros=5)),
    ],
)
def test_formats(code: str, made: Style | None) -> None:
    assert style(code) == made


@given(st.integers(min_value=0, max_value=16383))
def test_column_letters_and_back(index: int) -> None:
    assert column_index(column_letters(index)) == index


# --- real files
# ------------------------------------------------------------------------------------------------


def test_every_real_spreadsheet_is_read_or_refused(real, noon: dt.datetime) -> None:
    files = [f for f in sorted(real.glob("[134]_*/*")) if f.suffix.strip() in (".xlsx", ".xlsm", ".xls")]
    assert files
    for file in files:
        try:
            made = read_sheet(file.name, file.read_bytes(), noon)
        except Unreadable as refused:
            assert refused.problem.todo, file.name
            continue
        for table in made.tables:
            assert len(set(table.columns)) == len(table.columns), file.name
            assert all(len(row) == len(table.columns) for row in table.rows), file.name
            assert len(table.lines) == len(table.rows), file.name


def test_phonetic_runs_stay_out_of_names(real, noon: dt.datetime) -> None:
    made = read_sheet("a.xlsx", (real / "3_messy_spreadsheets/tika_phonetic.xlsx").read_bytes(), noon)
    assert made.tables[0].rows[0][1] == "豊田"
    assert "トヨタ" not in made.tables[0].rows[0][1]


def test_real_metadata_rows_become_notes(real, noon: dt.datetime) -> None:
    file = real / "1_shelters_facilities/takamatsu_evac_metadata_rows.xlsx"
    table = read_sheet(file.name, file.read_bytes(), noon).tables[0]
    assert table.columns[:3] == ("番号", "name", "address")
    assert len(table.rows) == 193
    assert any(note.startswith("license:") for note in table.notes)


# --- lines through what is no longer so


def crossed_out() -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for cells in (["番号", "名称", "状況", "人数"], [1, "本町小学校", "開設", 30], [2, "港公民館", "開設", 12], [3, "浜中学校", "満員", 99], [4, "東小", "開設", 5]):
        book.active.append(cells)
    for place in ("A3", "B3", "C3", "D3", "C4", "B5", "C5", "D5"):
        book.active[place].font = Font(strike=True)
    book.active["B2"].font = Font(strike=False)
    return book


def check_crossed_out(made: Workbook) -> None:
    assert made.tables[0].rows == [("1", "本町小学校", "開設", "30"), ("3", "浜中学校", "", "99")]
    assert made.tables[0].struck == {4}
    told = next(problem for problem in made.warnings if problem.code == "struck")
    assert "3–5行" in told.what and "取り消し線" in told.todo


def test_what_is_crossed_out_is_not_published(noon: dt.datetime) -> None:
    check_crossed_out(read(crossed_out(), noon))


def test_a_cell_that_is_crossed_out_in_part_is_a_doubt(noon: dt.datetime) -> None:
    book = openpyxl.Workbook()
    for cells in (["名称", "状況"], ["本町小学校", "開設"], ["港公民館", CellRichText(TextBlock(InlineFont(strike=True), "開設"), "閉鎖")]):
        book.active.append(cells)
    made = read(book, noon)
    (told,) = made.doubts
    assert told.code == "struck-text" and "取り消し線" in told.todo
    book.active["B3"] = CellRichText(TextBlock(InlineFont(strike=False), "開設"), "中")
    assert not read(book, noon).doubts


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_what_is_crossed_out_in_other_formats(kind: str, tmp_path: Path, noon: dt.datetime) -> None:
    crossed_out().save(tmp_path / "a.xlsx")
    made = office.convert(office.found(), tmp_path / "a.xlsx", kind, tmp_path)
    check_crossed_out(read_sheet(f"避難所/一覧.{kind}", made.read_bytes(), noon))
