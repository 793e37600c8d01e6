"""From a grid of strings to a table."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.readers.layout import Layout, Sheet, lay_out, numbers

TOKYO = ZoneInfo("Asia/Tokyo")
ARRIVED = dt.datetime(2024, 1, 10, 9, 0, tzinfo=TOKYO)


def laid(*rows: str, merged: tuple[tuple[int, int, int, int], ...] = ()) -> Layout:
    grid = [tuple(cell.strip() for cell in row.split("|")) for row in rows]
    return lay_out(
        Sheet("表", "a.xlsx シート「表」", grid, list(range(1, len(grid) + 1)), tuple("ABCDEFGH"), merged),
        ARRIVED,
    )


def codes(made: Layout) -> set[str]:
    return {problem.code for problem in [*made.warnings, *made.doubts]}


def test_a_plain_table() -> None:
    made = laid("名称|人数", "本町小学校|3", "港公民館|4")
    assert made.table.columns == ("名称", "人数")
    assert list(made.table.lines) == [2, 3]
    assert not codes(made)


def test_titles_and_era_dates_above_notes_below() -> None:
    made = laid(
        "避難所開設状況||",
        "令和6年1月9日 18時00分現在||災害対策本部",
        "||",
        "名称|地区|人数",
        "本町小学校|本町|3",
        "港公民館|港町|4",
        "||",
        "※人数は概数です||",
        "※確認中を含みます||",
    )
    table = made.table
    assert table.title == "避難所開設状況"
    assert table.columns == ("名称", "地区", "人数")
    assert len(table.rows) == 2
    assert table.notes == ("令和6年1月9日 18時00分現在 災害対策本部", "※人数は概数です", "※確認中を含みます")
    assert table.as_of == dt.datetime(2024, 1, 9, 18, 0, tzinfo=TOKYO)


def test_empty_rows_and_columns_around_the_table() -> None:
    made = laid("|||", "|||", "|名称|人数|", "|本町小学校|3|", "|||")
    assert made.table.columns == ("名称", "人数")
    assert list(made.table.lines) == [4]


def test_the_moment_in_a_column_name() -> None:
    made = laid("名称|人数_令和6年1月9日午後6時時点", "本町小学校|3")
    assert made.table.as_of == dt.datetime(2024, 1, 9, 18, 0, tzinfo=TOKYO)


def test_the_latest_of_a_column_of_moments() -> None:
    made = laid(
        "名称|人数|時点", "本町小学校|3|2024-01-09T17:00:00+09:00", "港公民館|4|2024-01-09T18:30:00+09:00"
    )
    assert made.table.as_of == dt.datetime(2024, 1, 9, 18, 30, tzinfo=TOKYO)


def test_a_moment_in_the_future_is_not_believed() -> None:
    made = laid("令和16年1月9日18時現在||", "名称|地区|人数", "本町小学校|本町|3")
    assert made.table.as_of is None
    assert "future-moment" in codes(made)


@pytest.mark.parametrize(
    "title",
    [
        "令和6年1月1日大雨災害　避難者名簿", "2024年1月1日能登半島地震　避難者名簿", "令和６年１月１日の大雨による避難者名簿", "令和6年1月1日16時10分頃の地震 避難者名簿", "令和六年一月一日発生の地震",
        "1月1日～3日の豪雨災害 避難所", "様式第1号 平成25年4月1日作成", "第1号様式（平成25年4月1日制定）", "次回更新 2024年1月10日18時", "1月10日18時 更新予定", "次回の更新：1月10日", "2024年1月10日18時に次回更新",
        "次回発表予定　1月10日18時発表", "避難者（現在）次回更新1月10日18時",
    ],
)  # fmt: skip
def test_the_day_of_the_disaster_the_form_or_the_next_edition_is_no_as_of(title: str) -> None:
    plain = laid(f"{title}||", "名称|地区|人数", "本町小学校|本町|3")
    assert plain.table.as_of is None
    assert "future-moment" not in codes(plain)
    for line in ("令和6年1月9日18時現在", "1月9日 18:00時点", "1月9日18時発表", "1月9日18時更新", "1月9日18時作成"):
        for rows in ((title, line), (line, title)):
            made = laid(*(f"{row}||" for row in rows), "名称|地区|人数", "本町小学校|本町|3")
            assert made.table.as_of == dt.datetime(2024, 1, 9, 18, 0, tzinfo=TOKYO), (rows, made.table.as_of)
    beside = laid(f"{title}|令和6年1月9日18時現在|", "名称|地区|人数", "本町小学校|本町|3")
    assert beside.table.as_of == dt.datetime(2024, 1, 9, 18, 0, tzinfo=TOKYO)


@pytest.mark.parametrize(
    "rows",
    [
        ("令和6年1月8日作成||", "令和6年1月9日18時現在||"), ("令和6年1月8日作成 令和6年1月9日18時現在||",), ("1月8日発表||", "1月9日18時時点||"), ("1月9日18時現在 次回更新 1月10日18時||",),
        ("1月9日18時発表（次回は1月10日18時の予定）||",), ("1月9日18時 災害対策本部||",), ("避難所の状況 1月9日18時||",), ("令和6年1月9日18時現在の地震被害||",), ("1月9日18時発表の大雨被害||",),
        ("1月9日18時現在||災害対策本部",), ("1月1日地震 避難所（1月9日18時）||",), ("1月9日18時災害対策本部||",),
    ],
)  # fmt: skip
def test_the_moment_of_the_table_among_other_days(rows: tuple[str, ...]) -> None:
    made = laid(*rows, "名称|地区|人数", "本町小学校|本町|3")
    assert made.table.as_of == dt.datetime(2024, 1, 9, 18, 0, tzinfo=TOKYO)


def test_a_note_that_is_a_moment_comes_before_the_day_of_making_and_one_of_something_else_does_not() -> None:
    table = ("1月8日作成||", "名称|地区|人数", "本町小学校|本町|3", "港公民館|港町|4", "||")
    assert laid(*table, "※1月9日18時現在||").table.as_of == dt.datetime(2024, 1, 9, 18, 0, tzinfo=TOKYO)
    assert laid(*table, "※人口は1月1日現在||").table.as_of == dt.datetime(2024, 1, 8, tzinfo=TOKYO)


def test_two_header_rows_by_merged_cells() -> None:
    made = laid(
        "避難所|人数||備考",
        "|男|女|",
        "本町小学校|3|4|",
        "港公民館|5|6|満員",
        merged=((0, 1, 0, 2), (0, 0, 1, 0)),
    )
    assert made.table.columns == ("避難所", "人数_男", "人数_女", "備考")


def test_two_header_rows_by_their_gaps() -> None:
    made = laid("避難所|人数|||備考", "|大人|子ども|合計|", "本町小学校|3|4|7|なし", "港公民館|5|6|11|満員")
    assert made.table.columns == ("避難所", "人数_大人", "人数_子ども", "人数_合計", "備考")
    assert len(made.table.rows) == 2


@pytest.mark.parametrize(
    ("rows", "merged"),
    [
        (("氏名|年齢|避難所|公表同意||閲覧制限", "磯貝　航|不詳|第1小学校|同意する|支援措置|", "浜野　茂|70|第2小学校|同意する|職員が確認|"), ()),
        (("避難所|所在地||状況", "第一小学校|本町|三丁目|開設", "第二小学校|浜町|一丁目|満員"), ((0, 1, 0, 2),)),
        (("地区||名称|状況", "東|本町|本町小学校|開設", "西|港町|港公民館|閉鎖"), ((0, 0, 0, 1),)),
    ],
)
def test_a_first_row_of_words_is_no_second_row_of_the_header(rows: tuple[str, ...], merged: tuple[tuple[int, int, int, int], ...]) -> None:
    table = laid(*rows, merged=merged).table
    assert len(table.rows) == 2 and table.rows[0] == tuple(rows[1].split("|"))
    assert not any(cell in name for name in table.columns for cell in table.rows[0] if cell)


@pytest.mark.parametrize(
    ("rows", "merged", "names"),
    [
        (("避難所|避難者||", "名称|男|女|計", "高台小|2|3|5", "浜中|1|1|2"), ((0, 1, 0, 3),), ("避難所_名称", "避難者_男", "避難者_女", "避難者_計")),
        (("避難所名|収容人数|世帯数|避難者数|", "|（人）|（世帯）|男|女", "高台小|90|2|2|3"), (), ("避難所名", "収容人数_（人）", "世帯数_（世帯）", "避難者数_男", "避難者数_女")),
        (("避難所名|収容人数|世帯数|避難者数|", "|（人）|（世帯）|大人|子ども", "高台小|90|2|2|3"), ((0, 3, 0, 4),), ("避難所名", "収容人数_（人）", "世帯数_（世帯）", "避難者数_大人", "避難者数_子ども")),
        (("番号|避難所名|避難者数|", "No.|施設の名称|大人|子ども", "1|高台小|2|3", "2|浜中|0|"), ((0, 2, 0, 3),), ("番号_No.", "避難所名_施設の名称", "避難者数_大人", "避難者数_子ども")),
        (("氏名||フリガナ|同意", "姓|名|（全角カナ）|（する・しない）", "磯貝|航|イソガイ　ワタル|する"), ((0, 0, 0, 1),), ("氏名_姓", "氏名_名", "フリガナ_（全角カナ）", "同意_（する・しない）")),
    ],
)
def test_a_second_row_of_the_header(rows: tuple[str, ...], merged: tuple[tuple[int, int, int, int], ...], names: tuple[str, ...]) -> None:
    assert laid(*rows, merged=merged).table.columns == names


def test_years_may_be_column_names() -> None:
    assert laid("都道府県|2020 年|2021", "北海道|5250|5100").table.columns == ("都道府県", "2020 年", "2021")


def test_line_breaks_in_column_names() -> None:
    made = lay_out(Sheet("", "a", [("治癒確認\n（累計）", "total\ncount"), ("3", "4")], [1, 2]), ARRIVED)
    assert made.table.columns == ("治癒確認（累計）", "total count")


def test_same_names_are_numbered_and_told() -> None:
    made = laid("名称|備考|ﾋﾞｺｳ|ビコウ", "本町小学校|a|b|c", "港公民館|d|e|f")
    assert made.table.columns == ("名称", "備考", "ﾋﾞｺｳ", "ビコウ_2")
    assert "same-name" in codes(made)


def test_columns_without_names() -> None:
    made = laid("名称||人数|", "本町小学校|本町|3|", "港公民館|港町|4|")
    assert made.table.columns == ("名称", "列2", "人数")
    assert "no-name" in codes(made)
    assert "B列" in made.warnings[0].what and "「列2」のような" in made.warnings[0].what


def test_a_nameless_column_without_data_goes_and_is_told() -> None:
    made = laid("名称||人数", "本町小学校||3", "港公民館||4")
    assert made.table.columns == ("名称", "人数")
    assert made.table.rows == [("本町小学校", "3"), ("港公民館", "4")]
    assert "empty-column" in codes(made)


def test_instructions_left_in_the_header() -> None:
    assert "instruction" in codes(laid("名称|←データの項目名を入力", "本町小学校|3", "港公民館|4"))


def test_no_header_is_a_doubt() -> None:
    made = laid("2024-01-09|18|本町", "2024-01-10|20|港町", "2024-01-11|21|東町")
    assert made.table.columns == ("列1", "列2", "列3")
    assert len(made.table.rows) == 3
    assert [p.code for p in made.doubts] == ["no-header"]


def test_metadata_rows() -> None:
    made = laid(
        "#lang|ja|",
        "#license|https://example.jp/|",
        "#property|name|place",
        "#object_type_xsd|string|string",
        "1|小学校|本町",
        "2|公民館|港町",
    )
    assert made.table.columns == ("番号", "name", "place")
    assert made.table.notes == ("lang: ja", "license: https://example.jp/")
    assert len(made.table.rows) == 2


def test_the_header_repeated_in_the_middle_is_no_data() -> None:
    made = laid("名称|人数", "本町小学校|3", "名称|人数", "港公民館|4")
    assert [row[0] for row in made.table.rows] == ["本町小学校", "港公民館"]
    assert list(made.table.lines) == [2, 4]
    assert "header-again" in codes(made)


def test_a_second_table_below_is_a_doubt() -> None:
    made = laid("名称|人数", "本町小学校|3", "港公民館|4", "|", "道路|通行止めの本数", "国道|5")
    assert [p.code for p in made.doubts] == ["second-table"]


def test_a_second_table_beside_is_a_doubt() -> None:
    made = laid("名称|人数||名称|人数", "本町小学校|3||港公民館|4", "東小学校|3||西公民館|4")
    assert "side-by-side" in {p.code for p in made.doubts}


def test_columns_that_hold_another_kind_of_data_are_a_doubt() -> None:
    rows = [f"施設{i}|石川県|金沢市|36.5" for i in range(5)]
    made = laid("名称|連絡先メールアドレス|連絡先FormURL|緯度", *rows)
    assert [p.code for p in made.doubts] == ["shifted"]
    assert "B列" in made.doubts[0].what


def test_merged_cells_are_filled_downwards_only() -> None:
    made = laid("地区|名称|人数", "本町|小学校|3", "|公民館|4", "|体育館|5", merged=((1, 0, 3, 0),))
    assert [row[0] for row in made.table.rows] == ["本町", "本町", "本町"]
    assert "3–4行" in made.warnings[0].what


def test_a_word_alone_is_no_table() -> None:
    assert laid("メモ").table is None
    assert laid("", "").table is None


def test_a_header_alone_is_an_empty_table() -> None:
    made = laid("名称|住所|電話番号")
    assert made.table.columns == ("名称", "住所", "電話番号")
    assert made.table.rows == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([3], "3"),
        ([3, 4, 5, 9], "3–5、9"),
        ([], ""),
        (list(range(1, 60, 3)), "1、4、7、10、13、16、19、22、25、28 ほか10か所"),
    ],
)
def test_line_numbers_for_people(values: list[int], words: str) -> None:
    assert numbers(values) == words


words = st.text("亜胃宇絵尾0123456789-./ ※#←○abc", max_size=6)


@given(st.lists(st.lists(words.map(str.strip), min_size=1, max_size=6).map(tuple), max_size=14))
def test_any_grid_gives_a_rectangle_with_unique_names(grid: list[tuple[str, ...]]) -> None:
    made = lay_out(Sheet("", "a.csv", grid, list(range(1, len(grid) + 1))), ARRIVED)
    if made.table is None:
        return
    table = made.table
    assert len(set(table.columns)) == len(table.columns)
    assert all(table.columns)
    assert all(len(row) == len(table.columns) for row in table.rows)
    assert len(table.lines) == len(table.rows)
    # every row that is shown stood in the file at the line that it names
    for row, line in zip(table.rows, table.lines, strict=True):
        assert [cell for cell in row if cell] == [cell for cell in grid[line - 1] if cell]


def test_a_header_that_is_merged_beyond_the_last_column() -> None:
    rows = [("番号", "名称", "住所", "避難者"), ("", "（通称）", "", ""), ("1", "北小学校", "本町", "3"), ("2", "南小学校", "浜町", "4")]
    made = lay_out(Sheet("", "a.xlsx", rows, [1, 2, 3, 4], tuple("ABCDE"), merged=((0, 3, 0, 4),)), ARRIVED)
    assert made.table is not None and made.table.rows[-1] == ("2", "南小学校", "浜町", "4")
