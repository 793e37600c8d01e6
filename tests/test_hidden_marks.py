"""What a workbook hides says who must not be found: hidden columns, comments, hidden sheets. Nothing of it is public, nor said to staff."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Color, Font, PatternFill

from publisher.pipeline.report import DocumentLine
from tests import office
from tests.test_clerks import COLS, FILL, HANAKO, KANA, book, person, public, table, where
from tests.town import Town, make_town

ROLL = "避難者名簿/名簿"
SPARROW = person(氏名="雀　一郎", フリガナ="スズメ　イチロウ", 生年月日="1950/3/3", 住所="汐見市浜町9", 年齢="20")
Change = Callable[[Workbook], object]


def line(town: Town) -> DocumentLine:
    return next(one for one in town.build().documents if one.path.startswith("避難者名簿"))


def dropped(tmp_path: Path, data: bytes, kind: str = "xlsx") -> tuple[Town, DocumentLine]:
    town = make_town(tmp_path / "town")
    town.drop(f"{ROLL}.{kind}", data)
    return town, line(town)


def codes(said: DocumentLine) -> set[str]:
    return {one.code for one in said.reasons}


def told(said: DocumentLine) -> str:
    return "\n".join(f"{one.code} {one.what} {one.shown} {one.todo}" for one in said.reasons)


def saved(tmp_path: Path, data: bytes, kind: str) -> bytes:
    """The workbook as LibreOffice saves it."""
    if kind == "xlsx":
        return data
    file = tmp_path / "名簿.xlsx"
    file.write_bytes(data)
    return office.convert(office.found(), file, kind, tmp_path).read_bytes()


def hidden_column(letter: str, cells: dict[str, str]) -> Change:
    def change(made: Workbook) -> None:
        for place, text in cells.items():
            made.active[place] = text
        made.active.column_dimensions[letter].hidden = True

    return change


def comment(place: str, text: str) -> Change:
    return lambda made: setattr(made.active[place], "comment", Comment(text, "主任"))


def sheet(name: str, *rows: list[str]) -> Change:
    def change(made: Workbook) -> None:
        other = made.create_sheet(name)
        for row in rows:
            other.append([cell or None for cell in row])
        other.sheet_state = "hidden"

    return change


REMARKS = hidden_column("H", {"H10": "DVのため非公開"})
MARKS = hidden_column("K", {"K1": "支援措置", "K10": "○"})
COMMENT = comment("A10", "DV避難中。公表不可")
SHEET = sheet("支援措置", ["氏名", "フリガナ", "備考"], ["籠鳥　花子", "カゴドリ　ハナコ", ""])


# --- hidden columns and comments ---


@pytest.mark.parametrize("kind", ["xlsx", "ods", "xls"])
@pytest.mark.parametrize(("change", "place"), [(REMARKS, "非表示の列H"), (COMMENT, "セルのコメント")])
def test_a_remark_out_of_sight_counts_like_one_that_is_seen(tmp_path: Path, change: Change, place: str, kind: str) -> None:
    town, said = dropped(tmp_path, saved(tmp_path, book([*FILL, HANAKO], change=change), kind), kind)
    assert where(town, "磯貝　航") and where(town, "籠鳥　花子") == []
    found = next(one for one in said.reasons if one.code == "hidden-remarks")
    assert place in found.what and "10行目" in found.what
    assert not re.search("避難中|のため|花子", told(said))


def test_another_row_of_the_same_person_goes_as_well(tmp_path: Path) -> None:
    town, said = dropped(tmp_path, book([*FILL, HANAKO, HANAKO, dict(SPARROW, 避難所="高台小（籠鳥花子と同室）")], change=COMMENT))
    assert where(town, "籠鳥") == [] and {"hidden-remarks", "marked-elsewhere", "mentions"} <= codes(said)


def test_a_hidden_column_beside_a_hidden_row(tmp_path: Path) -> None:
    """A filter hides the row with the mark, and the column of remarks is hidden anyway: she stands in another row as well."""

    def change(made: Workbook) -> None:
        REMARKS(made)
        made.active.row_dimensions[10].hidden = True

    town, said = dropped(tmp_path, book([*FILL, HANAKO, HANAKO], change=change))
    assert where(town, "籠鳥　花子") == [] and "marked-elsewhere" in codes(said)


def test_a_remark_in_a_merged_cell_is_one_of_each_row(tmp_path: Path) -> None:
    def change(made: Workbook) -> None:
        REMARKS(made)
        made.active.merge_cells("H10:H11")

    town, _ = dropped(tmp_path, book([*FILL, HANAKO, dict(SPARROW, 避難所="高台小 090-1234-5678")], change=change))
    assert where(town, "籠鳥　花子") + where(town, "雀　一郎") == [] and where(town, "磯貝　航")


def test_a_threaded_comment(tmp_path: Path) -> None:
    """What Excel 365 calls a comment has a part of its own."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book([*FILL, HANAKO], change=comment("A10", "メモ")))) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml.rels"):
                kind = b"http://schemas.microsoft.com/office/2017/10/relationships/threadedComment"
                content = content.replace(b"</Relationships>", b'<Relationship Id="t" Type="' + kind + b'" Target="../threadedComments/threadedComment1.xml"/></Relationships>')
            target.writestr(name, content)
        space = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
        target.writestr("xl/threadedComments/threadedComment1.xml", f'<ThreadedComments xmlns="{space}"><threadedComment ref="A10" id="{{0}}"><text>本人より公表不可</text></threadedComment></ThreadedComments>')
    town, said = dropped(tmp_path, out.getvalue())
    assert where(town, "籠鳥　花子") == [] and "hidden-remarks" in codes(said)


@pytest.mark.parametrize("kind", ["xlsx", "ods", "xls"])
def test_a_hidden_column_of_marks_holds_the_roll_as_a_visible_one_does(tmp_path: Path, kind: str) -> None:
    town, said = dropped(tmp_path, saved(tmp_path, book([*FILL, HANAKO], change=MARKS), kind), kind)
    assert where(town, "磯貝　航") == [] and "unread-marks" in codes(said)
    assert "列K" in told(said) and "支援措置" not in told(said)


def test_a_second_column_of_consent_that_is_hidden(tmp_path: Path) -> None:
    town, said = dropped(tmp_path, book([*FILL, HANAKO], change=hidden_column("K", {"K1": "公表同意", "K10": "×"})))
    assert where(town, "磯貝　航") == [] and "unread-marks" in codes(said)


@pytest.mark.parametrize("letter", ["I", "J"])
def test_the_column_of_consent_or_withholding_itself_is_hidden(tmp_path: Path, letter: str) -> None:
    town, said = dropped(tmp_path, book([*FILL, dict(HANAKO, 閲覧制限="DV")], change=hidden_column(letter, {})))
    assert where(town, "磯貝　航") == [] and {"missing-column", "hidden-columns"} <= codes(said)


@pytest.mark.parametrize("change", [hidden_column("K", {"K1": "内部メモ", "K10": "毛布を渡した"}), hidden_column("K", {"K1": "支援措置"}), comment("A10", "毛布を渡した"), comment("I1", "DV等で載せない方は、閲覧制限に記入")])
def test_what_says_nothing_of_people_in_hiding_hides_nobody(tmp_path: Path, change: Change) -> None:
    town, said = dropped(tmp_path, book([*FILL, HANAKO], change=change))
    assert where(town, "籠鳥　花子") and "hidden-remarks" not in codes(said) and not re.search("毛布|メモ|載せない方は", told(said).replace("（メモ）", ""))


def test_a_comment_above_the_rows_is_about_nobody_knows_whom(tmp_path: Path) -> None:
    town, said = dropped(tmp_path, book([*FILL, HANAKO], change=comment("A1", "黄色の行は非公開希望")))
    assert where(town, "磯貝　航") == [] and "words-around" in codes(said)


# --- hidden sheets ---


@pytest.mark.parametrize("kind", ["xlsx", "ods", "xls"])
def test_a_hidden_sheet_of_those_who_must_not_be_found(tmp_path: Path, kind: str) -> None:
    town, said = dropped(tmp_path, saved(tmp_path, book([*FILL, HANAKO], change=SHEET), kind), kind)
    assert where(town, "磯貝　航") and where(town, "籠鳥　花子") == []
    assert "marked-elsewhere" in codes(said) and "花子" not in told(said)


@pytest.mark.parametrize("row", [["籠鳥　花子", "", "○"], ["籠鳥　花子", "DV", ""]])
def test_a_hidden_sheet_with_marks_of_its_own(tmp_path: Path, row: list[str]) -> None:
    change = sheet("Sheet2", ["氏名", "備考", "支援措置"], row, ["磯貝　航", "", ""])
    town, said = dropped(tmp_path, book([*FILL, HANAKO], change=change))
    assert where(town, "籠鳥　花子") == [] and {"hidden-people"} <= codes(said)


def test_a_hidden_copy_of_the_roll_is_judged_by_its_columns(tmp_path: Path) -> None:
    rows = [[row[name] for name in COLS] for row in (*FILL, dict(HANAKO, 閲覧制限="DV"))]
    town, said = dropped(tmp_path, book([*FILL, HANAKO], change=sheet("前回", COLS, *rows)))
    assert where(town, "磯貝　航") and where(town, "籠鳥　花子") == [] and "hidden-people" not in codes(said)


@pytest.mark.parametrize("rows", [[["氏名"], ["籠鳥　花子"]], [["籠鳥花子"]], [["避難者", "班"], ["籠鳥 花子", "2"], ["籠鳥 一郎", "2"]], [["メモ", "籠鳥花子", "窓口"]]])
def test_people_of_the_roll_in_a_hidden_sheet_that_does_not_say_why(tmp_path: Path, rows: list[list[str]]) -> None:
    town, said = dropped(tmp_path, book([*FILL, HANAKO], change=sheet("Sheet2", *rows)))
    assert where(town, "磯貝　航") == []
    found = next(one for one in said.reasons if one.code == "hidden-people")
    assert "「Sheet2」" in found.what and "花子" not in told(said)


@pytest.mark.parametrize("rows", [[["避難所", "住所"], ["高台小", "汐見市高台1"]], [["公表同意", "閲覧制限"], ["同意する", "DV"], ["同意しない", "支援措置"]], [["担当者", "内線"], ["浪江　太郎", "201"]], [[]]])
def test_a_hidden_sheet_without_them_holds_nothing(tmp_path: Path, rows: list[list[str]]) -> None:
    town, said = dropped(tmp_path, book([*FILL, HANAKO], change=sheet("リスト", *rows)))
    assert where(town, "籠鳥　花子") and codes(said) <= {"hidden-sheet", "columns-dropped", "singled-out", "few-alike"}


def test_numbers_of_those_who_must_not_be_found(tmp_path: Path) -> None:
    """Where rows have numbers, a hidden list of these will do."""
    town = make_town(tmp_path / "town")
    settings = town.root / "publisher.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace('reading = "フリガナ"', 'reading = "フリガナ"\nkey = "受付番号"'), encoding="utf-8")
    rows = [dict(row, 受付番号=f"A-{i}") for i, row in enumerate([*FILL, HANAKO])]
    town.drop(f"{ROLL}.xlsx", book(rows, [*COLS, "受付番号"], sheet("支援措置", ["番号"], ["A-8"], ["A-77"])))
    assert "hidden-people" in codes(line(town)) and where(town, "磯貝　航") == []


# --- of open tables nothing changes, and nothing hidden leaves the reader's hands ---


@pytest.mark.parametrize("change", [REMARKS, MARKS, COMMENT, SHEET])
def test_in_an_open_table_what_is_hidden_changes_nothing(tmp_path: Path, change: Change) -> None:
    """The same marks in a table of places: it is public, and nothing of them is."""
    places = [{"名称": f"第{KANA[i]}公民館", "住所": f"汐見市高台{i}", "定員": str(50 + i)} for i in range(9)]
    town = public(tmp_path, book(places, ["名称", "住所", "定員"], change), "避難所/一覧.xlsx")
    assert where(town, "第ア公民館") and where(town, "DV") + where(town, "花子") == []


@pytest.mark.parametrize("change", [REMARKS, COMMENT, SHEET])
def test_nothing_hidden_is_remembered(tmp_path: Path, change: Change) -> None:
    town, _ = dropped(tmp_path, book([*FILL, SPARROW], change=change))
    kept = [path for path in town.root.rglob("*") if path.is_file() and "content" not in path.parts and path.suffix != ".xlsx"]
    needles = [text.encode() for text in ("DVのため", "DV避難中", "カゴドリ")]
    assert kept and [path for path in kept if any(needle in path.read_bytes() for needle in needles)] == []


# --- what is said of what was left out ---


def test_no_message_says_that_a_comment_with_a_mark_is_all_right(tmp_path: Path) -> None:
    _, said = dropped(tmp_path, book([*FILL, HANAKO], change=COMMENT))
    assert "閲覧制限" in next(one for one in said.reasons if one.code == "left-out").todo
    assert "withhold" in next(one for one in said.reasons if one.code == "columns-dropped").todo


# --- marks beside the table ---


def unnamed(mark: str) -> Change:
    return lambda made: made.active.__setitem__("K10", mark)


@pytest.mark.parametrize("mark", ["×", "✕（本人）", "ＮＧ", "NG 本人希望", "不可", "←不可", "←載せない", "同意撤回", "公表しない", "公表×", "x", "否", "保留", "名前は出さない", "家族拒否"])
def test_a_refusal_in_a_column_without_name(tmp_path: Path, mark: str) -> None:
    town, said = dropped(tmp_path, book([*FILL, HANAKO], change=unnamed(mark)))
    assert where(town, "磯貝　航") and where(town, "籠鳥　花子") == []
    assert "10行目" in next(one for one in said.reasons if one.code == "remarks").what


@pytest.mark.parametrize("kind", ["ods", "xls", "csv"])
def test_a_refusal_beside_the_table_in_other_files(tmp_path: Path, kind: str) -> None:
    data = table([[*COLS, ""], *([*(row[name] for name in COLS), ""] for row in FILL), [*(HANAKO[name] for name in COLS), "×"]], [""]) if kind == "csv" else saved(tmp_path, book([*FILL, HANAKO], change=unnamed("×")), kind)
    town, said = dropped(tmp_path, data, kind)
    assert where(town, "磯貝　航") and where(town, "籠鳥　花子") == [] and "remarks" in codes(said)


@pytest.mark.parametrize("change", [hidden_column("K", {"K10": "×"}), comment("A10", "NG")])
def test_a_refusal_without_a_header_that_is_hidden_as_well(tmp_path: Path, change: Change) -> None:
    town, said = dropped(tmp_path, book([*FILL, HANAKO], change=change))
    assert where(town, "籠鳥　花子") == [] and "hidden-remarks" in codes(said)


@pytest.mark.parametrize("word", ["済", "○", "2班", "毛布 2", "ペット不可の部屋", "no. 12", "名前を確認", "削除済みの番号を使う", "なし"])
def test_other_words_in_a_column_without_name_hide_nobody(tmp_path: Path, word: str) -> None:
    town, _ = dropped(tmp_path, book([*FILL, HANAKO], change=unnamed(word)))
    assert where(town, "籠鳥　花子")


def test_under_a_header_of_its_own_a_cross_says_what_the_header_says(tmp_path: Path) -> None:
    town, _ = dropped(tmp_path, book([*FILL, dict(HANAKO, 朝食="×")], [*COLS, "朝食"]))
    assert where(town, "籠鳥　花子")


# --- text that is there and cannot be seen ---


def coloured(ink: Color | str, fill: PatternFill | None = None) -> Change:
    def change(made: Workbook) -> None:
        for cell in made.active[10]:
            cell.font = Font(color=ink)
            if fill is not None:
                cell.fill = fill

    return change


def solid(colour: Color | str) -> PatternFill:
    return PatternFill("solid", fgColor=colour)


def formatted(code: str) -> Change:
    return lambda made: setattr(made.active["A10"], "number_format", code)


@pytest.mark.parametrize("kind", ["xlsx", "ods", "xls"])
@pytest.mark.parametrize("change", [coloured("FFFFFFFF"), coloured("FF000000", solid("FF000000")), formatted(";;;")])
def test_text_that_nobody_sees_holds_the_roll(tmp_path: Path, change: Change, kind: str) -> None:
    town, said = dropped(tmp_path, saved(tmp_path, book([*FILL, HANAKO], change=change), kind), kind)
    assert where(town, "磯貝　航") + where(town, "籠鳥　花子") == []
    found = next(one for one in said.reasons if one.code == "unseen-text")
    assert "10行" in found.what and "花子" not in told(said)


@pytest.mark.parametrize("change", [coloured(Color(theme=0)), coloured(Color(indexed=9)), coloured("FFFEFEFC"), coloured("FF336699", solid("FF336699")), coloured(Color(theme=1), solid("FF000000")), coloured(Color(theme=4), solid(Color(theme=4))), formatted('"";"";"";""')])
def test_other_ways_to_write_what_nobody_sees(tmp_path: Path, change: Change) -> None:
    town, said = dropped(tmp_path, book([*FILL, HANAKO], change=change))
    assert where(town, "籠鳥　花子") == [] and "unseen-text" in codes(said)


@pytest.mark.parametrize("change", [coloured("FFFFFFFF", solid("FF1F4E79")), coloured(Color(theme=0), solid(Color(theme=4))), coloured("FFFFFFFF", PatternFill("gray125")), coloured("FF7F7F7F"), coloured(Color(theme=0, tint=-0.5)), coloured("FF000000", solid("FFFFFF00")), formatted("@"), formatted('General;General;General;"様"')])
def test_what_can_be_seen_is_public(tmp_path: Path, change: Change) -> None:
    town, _ = dropped(tmp_path, book([*FILL, HANAKO], change=change))
    assert where(town, "磯貝　航") and where(town, "籠鳥　花子")


@pytest.mark.parametrize("kind", ["xlsx", "ods", "xls"])
def test_a_row_that_is_too_low_to_be_seen_is_hidden(tmp_path: Path, kind: str) -> None:
    """With the mark in it: she stands in another row as well."""

    def low(made: Workbook) -> None:
        made.active.row_dimensions[11].height = 0.75

    town, said = dropped(tmp_path, saved(tmp_path, book([*FILL, HANAKO, dict(HANAKO, 閲覧制限="DV")], change=low), kind), kind)
    assert where(town, "磯貝　航") and where(town, "籠鳥　花子") == []
    assert "11行" in next(one for one in said.reasons if one.code == "hidden-rows").what


@pytest.mark.parametrize("kind", ["xlsx", "ods", "xls"])
def test_a_column_that_is_too_narrow_to_be_seen_is_hidden(tmp_path: Path, kind: str) -> None:
    def narrow(made: Workbook) -> None:
        made.active["H10"] = "DVのため非公開"
        made.active.column_dimensions["H"].width = 0.25

    town, said = dropped(tmp_path, saved(tmp_path, book([*FILL, HANAKO], change=narrow), kind), kind)
    assert where(town, "磯貝　航") and where(town, "籠鳥　花子") == [] and {"hidden-columns", "hidden-remarks"} <= codes(said)


def test_white_text_in_an_open_table_is_published_and_told_of(tmp_path: Path) -> None:
    """Towns write helpers for their formulas in white: no shelter waits for that."""
    places = [{"名称": f"第{KANA[i]}公民館", "住所": f"汐見市高台{i}", "定員": str(50 + i)} for i in range(9)]
    town = make_town(tmp_path / "town")
    town.drop("避難所/一覧.xlsx", book(places, ["名称", "住所", "定員"], coloured("FFFFFFFF")))
    said = town.build().documents[0]
    assert where(town, "第ケ公民館") and "white-text" in codes(said)


def test_text_under_a_box_of_its_colour_waits_for_a_person(tmp_path: Path) -> None:
    places = [{"名称": f"第{KANA[i]}公民館", "住所": f"汐見市高台{i}", "定員": str(50 + i)} for i in range(9)]
    town = make_town(tmp_path / "town")
    town.drop("避難所/一覧.xlsx", book(places, ["名称", "住所", "定員"], coloured("FF000000", solid("FF000000"))))
    said = town.build().documents[0]
    assert where(town, "第ケ公民館") == [] and "unseen-text" in codes(said)


@pytest.mark.parametrize(("change", "where_in_file"), [(REMARKS, "10行目"), (COMMENT, "10行目"), (SHEET, "表示していない行")])
def test_whom_a_held_workbook_marks_out_of_sight_is_told_as_long_as_she_is_public(tmp_path: Path, change: Change, where_in_file: str) -> None:
    town = public(tmp_path, book([*FILL, HANAKO]), f"{ROLL}.xlsx")
    assert where(town, "籠鳥　花子")
    town.drop(f"{ROLL}.xlsx", book([*FILL, HANAKO, dict(SPARROW, 避難所="高台小 090-1234-5678")], change=change))
    line = next(one for one in town.build().documents if one.path.startswith("避難者名簿"))
    urgent = line.reasons[0]
    assert urgent.code == "marked-still-shown" and where_in_file in urgent.what and "行10" in urgent.todo
