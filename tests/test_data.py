"""Tables as CSV, CSVW and data package."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.editions import data
from publisher.model import PublicTable, TableKind

AS_OF = datetime(2011, 3, 12, 18, 0, tzinfo=ZoneInfo("Asia/Tokyo"))


def table(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> PublicTable:
    return PublicTable("ichiran", "一覧", TableKind.OPEN, columns, rows, len(rows), as_of=AS_OF)


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        '=HYPERLINK("http://x")',
        "+cmd|' /C calc'!A0",
        "-2+3+cmd|' /C'!A0",
        "@SUM(A1)",
        "＝１＋１",
        "＋あ",
        "－あ",
        "＠A",
        "\t=1",
        "\r=1",
        "\n=1",
        "=",
    ],
)
def test_formulas_are_neutralised(cell: str) -> None:
    assert data.neutral(cell) == "'" + cell


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "-5",
        "-5.5",
        "-1,234",
        "+81-3-0000-0000",
        "＋81 3 0000",
        "－５",
        "-10%",
        "-",
        "--",
        "－",
        "佐藤",
        "0120",
        "a=1",
        "(03)0000",
    ],
)
def test_numbers_and_words_stay(cell: str) -> None:
    assert data.neutral(cell) == cell


def test_csv_is_what_a_spreadsheet_expects() -> None:
    body, problems = data.csv_bytes(
        table(("名称", "電話"), [("本町小学校", "012-345"), ('港"町",1\n2', "0080")])
    )
    assert body == '\ufeff"名称","電話"\r\n"本町小学校","012-345"\r\n"港""町"",1\n2","0080"\r\n'.encode()
    assert problems == ()


def test_every_changed_cell_is_named_by_column_and_line_and_never_quoted() -> None:
    rows = [("a", "x"), ("=秘密()", "x"), ("=秘密()", "@秘密"), ("b", "x"), ("=秘密()", "x")]
    body, problems = data.csv_bytes(table(("氏名", "備考"), rows))
    assert [p.where for p in problems] == [
        "一覧「氏名」列（公開するCSVの3〜4、6行目）",
        "一覧「備考」列（公開するCSVの4行目）",
    ]
    assert {p.code for p in problems} == {"formula-cell"}
    assert not any("秘密" in str(p) for p in problems)
    assert body.decode("utf-8-sig").count("'") == 4


def test_headers_are_filled_unique_and_safe() -> None:
    assert data.headers(("名称", "", "名称", "電話\n番号")) == ("名称", "列2", "名称_2", "電話 番号")
    body, problems = data.csv_bytes(table(("=A()", "B"), [("1", "2")]))
    assert body.decode("utf-8-sig").startswith("\"'=A()\",\"B\"\r\n")
    assert problems[0].where.endswith("1行目）")


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"])),
            st.text(st.characters(exclude_categories=["Cs"])),
        ),
        max_size=8,
    )
)
def test_csv_reads_back(rows: list[tuple[str, str]]) -> None:
    body, _ = data.csv_bytes(table(("一", "二"), rows))
    found = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert found == [["一", "二"], *[[data.neutral(cell) for cell in row] for row in rows]]


def test_descriptions_agree_with_the_csv() -> None:
    one = table(
        ("番号", "名称", "緯度", "人数", ""), [("001", "あ", "33.5", "3", ""), ("002", "い", "33", "", "")]
    )
    body, _ = data.csv_bytes(one)
    first = next(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    meta = json.loads(data.csvw(one, publisher="汐見市", modified=AS_OF))
    assert meta["url"] == "ichiran.csv"
    assert [c["titles"] for c in meta["tableSchema"]["columns"]] == first
    assert [c["datatype"] for c in meta["tableSchema"]["columns"]] == [
        "string",
        "string",
        "number",
        "integer",
        "string",
    ]
    package = json.loads(data.datapackage(one, body, publisher="汐見市", modified=AS_OF))
    resource = package["resources"][0]
    assert resource["bytes"] == len(body)
    assert [f["name"] for f in resource["schema"]["fields"]] == first
    assert "licenses" not in package and "license" not in json.dumps(meta)


def test_sizes_in_words() -> None:
    assert [data.size_words(n) for n in (0, 499, 12_345, 999_999, 1_540_000)] == [
        "1KB",
        "1KB",
        "12KB",
        "1000KB",
        "1.5MB",
    ]
