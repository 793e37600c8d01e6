"""CSV and TSV: separators, quotes, rows of another length than the header."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import Unreadable
from publisher.model import Table, Workbook
from publisher.readers.cells import untouched
from publisher.readers.delimited import _Records, read_delimited

ARRIVED = dt.datetime(2011, 3, 12, 12, tzinfo=dt.UTC)


def read(text: str, path: str = "避難所/一覧.csv", encoding: str = "utf-8") -> Workbook:
    return read_delimited(path, text.encode(encoding), ARRIVED)


def table(text: str, path: str = "a.csv") -> Table:
    return read(text, path).tables[0]


def codes(book: Workbook) -> tuple[list[str], list[str]]:
    return [p.code for p in book.warnings], [p.code for p in book.doubts]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16", "euc_jp"])
def test_encodings(encoding: str) -> None:
    lines = "".join(f"本町第{i}小学校,東町{i}丁目,0{i}0-111\r\n" for i in range(30))
    made = read("名称,住所,電話番号\r\n" + lines, encoding=encoding).tables[0]
    assert made.columns == ("名称", "住所", "電話番号")
    assert made.rows[3] == ("本町第3小学校", "東町3丁目", "030-111")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16", "euc_jp"])
def test_long_files_whose_beginning_is_plain_ascii(encoding: str) -> None:
    lines = (
        "".join(f"{i:08d},abc,def\r\n" for i in range(20_000)) + "1,本町小学校の体育館,水を配ります\r\n" * 9
    )
    made = read("code,name,note\r\n" + lines, encoding=encoding).tables[0]
    assert made.columns[0] == "code"
    assert made.rows[-1] == ("1", "本町小学校の体育館", "水を配ります")
    assert len(made.rows) == 20_009


@pytest.mark.parametrize("separator", [",", "\t", ";", "，", "|"])
def test_separators(separator: str) -> None:
    rows = [["名称", "地区", "人数"], ["本町小学校", "本町", "12"], ["港公民館", "港町", "3"]]
    made = table("\n".join(separator.join(row) for row in rows))
    assert made.columns == ("名称", "地区", "人数")
    assert made.rows == [("本町小学校", "本町", "12"), ("港公民館", "港町", "3")]


def test_commas_within_a_tab_file_do_not_mislead() -> None:
    made = table("名称\t備考\n本町小学校\t水,毛布,電池\n港公民館\t水,毛布\n", "a.tsv")
    assert made.rows[0] == ("本町小学校", "水,毛布,電池")


def test_the_line_that_names_the_separator() -> None:
    made = table("sep=;\n名称;人数\n本町小学校;3\n")
    assert made.rows == [("本町小学校", "3")]
    assert list(made.lines) == [3]


def test_quotes_line_breaks_and_line_numbers() -> None:
    made = table('名称,備考\r\n"本町小学校","水,毛布\r\nと ""電池"""\r\n港公民館,なし\r\n')
    assert made.rows == [("本町小学校", '水,毛布\nと "電池"'), ("港公民館", "なし")]
    assert list(made.lines) == [2, 4]


def test_leading_zeros_and_long_codes_survive() -> None:
    made = table('コード,電話\n00123,0120000111\n="00456",000000000000012345\n')
    assert made.rows == [("00123", "0120000111"), ("00456", "000000000000012345")]


def test_rows_too_long_are_a_doubt_and_nothing_is_cut() -> None:
    book = read("名称,住所\n本町小学校,本町1\n港公民館,港町,2番\n")
    assert codes(book)[1] == ["long-row"]
    assert "3行目" in book.doubts[0].what
    assert book.tables[0].rows[1] == ("港公民館", "港町", "2番")


def test_rows_too_short_are_a_warning() -> None:
    book = read("名称,住所,電話\n本町小学校,本町1\n港公民館,港町,1\n")
    assert "2行目" in next(p.what for p in book.warnings if p.code == "short-row")
    assert book.tables[0].cut == {2}
    assert book.tables[0].rows[0] == ("本町小学校", "本町1", "")


def test_blank_cells_beyond_the_header_are_nothing() -> None:
    book = read("名称,住所,,\n本町小学校,本町,,\n港公民館,港町,,,,\n")
    assert codes(book) == ([], [])
    assert book.tables[0].columns == ("名称", "住所")


def test_a_quote_that_never_closes_is_a_doubt_not_a_swallowed_file() -> None:
    book = read('名称,備考\n本町小学校,"水\n港公民館,毛布\n東公民館,電池\n')
    assert codes(book)[1][0] == "open-quote"
    assert "2行目" in book.doubts[0].what
    assert len(book.tables[0].rows) == 3


def test_damaged_numbers_are_told_with_their_line() -> None:
    book = read("名称,番号\n本町小学校,5.22001E+12\n")
    assert "2行目の2列目" in next(p.what for p in book.warnings if p.code == "number-damage")


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"\r\n\r\n ,,\r\n", b"\xff\xfe"])
def test_nothing_in_the_file(data: bytes) -> None:
    with pytest.raises(Unreadable) as failure:
        read_delimited("a.csv", data, ARRIVED)
    assert failure.value.problem.where == "a.csv"


def test_a_workbook_under_a_csv_name_is_read_as_a_workbook() -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["名称", "人数"], ["本町小学校", 3]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    made = read_delimited("a.csv", out.getvalue(), ARRIVED)
    assert made.tables[0].rows == [("本町小学校", "3")]
    assert codes(made)[0] == ["really-sheet"]


cells = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="#←"), min_size=1, max_size=8)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12))
def test_what_is_written_by_the_rules_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(["名称", "地区の名", "説明の文"])
    writer.writerows([f"a{a}", f"b{b}", f"c,{c}"] for a, b, c in rows)
    made = table(out.getvalue())
    assert made.columns == ("名称", "地区の名", "説明の文")
    assert list(made.rows) == [(f"a{a}", f"b{b}", f"c,{c}") for a, b, c in rows]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_a_sentence(data: bytes) -> None:
    try:
        book = read_delimited("a.csv", data, ARRIVED)
    except Unreadable as refused:
        assert refused.problem.what
        return
    for made in book.tables:
        assert all(len(row) == len(made.columns) for row in made.rows)


def test_every_real_csv_keeps_its_rows(real) -> None:
    files = sorted(real.glob("[1234]_*/*.csv"))
    assert files
    for file in files:
        made = read_delimited(file.name, file.read_bytes(), ARRIVED).tables[0]
        assert all(len(row) == len(made.columns) for row in made.rows), file.name
        assert len(made.lines) == len(made.rows), file.name


@pytest.mark.parametrize(
    ("file", "doubt"),
    [
        ("1_shelters_facilities/ishikawa_evacuation_space_shifted.csv", "shifted"),
        ("3_messy_spreadsheets/mrr_unquoted_comma.csv", "long-row"),
        ("4_evacuee_and_layouts/pfif_sample-import.csv", "long-row"),
    ],
)
def test_real_files_whose_columns_may_be_shifted_are_doubted(real, file: str, doubt: str) -> None:
    made = read_delimited(file, (real / file).read_bytes(), ARRIVED)
    assert doubt in codes(made)[1]


def test_real_multiline_cells(real) -> None:
    file = real / "1_shelters_facilities/yaizu_sandbag_station_multiline.csv"
    made = read_delimited(file.name, file.read_bytes(), ARRIVED)
    assert len(made.tables[0].rows) == 30
    assert codes(made) == ([], [])
    assert "\n" in made.tables[0].rows[0][6]


PIECES = st.text("あ　 漢=\"_x0041\t#E+52\r\n,\x07\ud800ｱ", max_size=6)


@given(rows=st.lists(st.lists(PIECES, min_size=3, max_size=4), min_size=1, max_size=9), ending=st.sampled_from(["\n", "\r\n"]), quoted=st.booleans())
def test_the_quick_way_through_a_clean_text_is_the_same(rows: list[list[str]], ending: str, quoted: bool) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=ending, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL).writerows(rows)
    records = _Records(out.getvalue(), ",", 1)
    if untouched(out.getvalue(), ","):
        quick = records._as_they_stand()
        assert quick is None or (quick[0], list(quick[1]), quick[2]) == records._collect(records._reader(strict=True))


def test_a_clean_text_is_known_as_one() -> None:
    assert untouched("氏名,住所\r\n佐藤　花子,汐見市 本町\r\n", ",")
    for text in ("a, b\n", "a,b \n", "a,=1\n", "　a,b\n", "a,b　\n", "a,#REF!\n", "a,5.22E+12\n", "a_x000D_,b\n", "a\x07,b\n", 'a,"b "\n', "a\tb,c\n"):
        assert not untouched(text, ","), text
