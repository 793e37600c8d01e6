"""Who lives with somebody who must not be found is not shown either."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import pytest

from publisher.model import Table
from publisher.review import households
from publisher.review.households import LARGEST
from publisher.review.since import Gone, since
from tests.test_sequel import QUESTION
from tests.town import make_town

COLUMNS = ("番号", "氏名", "フリガナ", "生年月日", "住所", "年齢", "避難所", "公表同意", "閲覧制限", "備考", "世帯番号")


def person(name: str, home: str = "本町1-2-3", household: str = "12", mark: str = "", consent: str = "同意する", remark: str = "") -> tuple[str, ...]:
    return ("", name, "", "", f"汐見市{home}" if home else "", "40", "北小学校", consent, mark, remark, household)


def shown(tmp_path: Path, rows: list[tuple[str, ...]], columns: tuple[str, ...] = COLUMNS) -> tuple[set[str], list[str]]:
    """The names on the public CSV, and the codes of what staff are told."""
    town = make_town(tmp_path)
    out = io.StringIO()
    csv.writer(out).writerows([columns, *((str(i), *row[1:]) for i, row in enumerate(rows))])
    town.drop("避難者名簿/名簿.csv", out.getvalue().encode())
    report = town.build()
    told = [problem.code for line in report.documents for problem in line.reasons]
    public = town.public / "t/hinansha/hinansha.csv"
    lines = csv.reader(io.StringIO(public.read_text("utf-8-sig"))) if public.exists() else []
    return {line[0] for line in list(lines)[1:]}, told


OTHERS = [person("赤松　実", "港町5-1", "7"), person("白砂　光", "浜町2-2", "8")]


@pytest.mark.parametrize(
    ("mother", "child"),
    [
        (person("汐田　恵", mark="有"), person("汐田　凜")),
        (person("汐田　恵", mark="有"), person("汐田　凜", household="１２")),
        (person("汐田　恵", "", mark="DV"), person("汐田　凜")),
        (person("汐田　恵", remark="DVのため非公開"), person("汐田　凜")),
        (person("汐田　恵", mark="有"), person("高台　凜")),
        (person("汐田　恵", mark="有"), person("汐田　凜", "本町")),
    ],
)
def test_a_child_of_somebody_marked(tmp_path: Path, mother: tuple[str, ...], child: tuple[str, ...]) -> None:
    names, told = shown(tmp_path, [mother, child, *OTHERS])
    assert names == {"赤松　実", "白砂　光"}
    assert "household" in told


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (person("汐田　恵"), person("汐田　凜")),
        (person("汐田　恵", consent="同意しない"), person("汐田　凜")),
        (person("汐田　恵", mark="有"), person("汐田　凜", household="13")),
        (person("汐田　恵", mark="有", household=""), person("汐田　凜", household="")),
        (person("汐田　恵", mark="有", household="不明"), person("汐田　凜", household="不明")),
        (person("汐田　恵", mark="有", household="0"), person("汐田　凜", household="0")),
        (person("汐田　恵", mark="有"), person("高台　凜", "港町9-9")),
    ],
)
def test_another_household(tmp_path: Path, one: tuple[str, ...], other: tuple[str, ...]) -> None:
    names, told = shown(tmp_path, [one, other, *OTHERS])
    assert other[1] in names
    assert "household" not in told
    assert ("household-unknown" in told) == (one[8] == "有" and one[10] in ("", "不明", "0"))


def test_a_number_of_many_is_that_of_no_household(tmp_path: Path) -> None:
    """A column that numbers something else."""
    many = [person(f"高台　{chr(0x4e00 + i)}", f"{'港浜'[i % 2]}町{i}-1" if i % 3 else "") for i in range(LARGEST + 5)]
    child = person("汐田　凜")
    names, _ = shown(tmp_path, [person("汐田　恵", mark="有"), child, *many])
    assert names == {row[1] for row in many}


def test_a_relative_of_somebody_who_is_taken_off_the_list(tmp_path: Path) -> None:
    from publisher import cli

    rows = [person("汐田　恵"), person("汐田　凜"), *OTHERS]
    assert shown(tmp_path, rows)[0] == {row[1] for row in rows}
    assert cli.main(["-C", str(tmp_path), "restrict", "hinansha", "汐田恵"]) in (0, 3)
    text = (tmp_path / "public/t/hinansha/hinansha.csv").read_text("utf-8-sig")
    assert "赤松" in text and "汐田" not in text


NUMBERED = [
    "世帯番号", "世帯コード", "世帯ID", "世帯No.", "世帯No", "世帯 番号", "household_id", "④世帯番号", "世帯番号（市）", "世帯_番号", "世帯情報_世帯番号", "世帯番号_2", "世帯主番号", "世帯整理番号",
    "世帯連番", "世帯の番号", "世帯ナンバー", "世帯#", "避難世帯番号", "家族番号", "世帯番号/続柄", "世帯番号\u200b", "世帯",
]  # fmt: skip


@pytest.mark.parametrize("name", NUMBERED)
def test_columns_of_numbers(tmp_path: Path, name: str) -> None:
    names, _ = shown(tmp_path, [person("汐田　恵", mark="有"), person("汐田　凜"), *OTHERS], (*COLUMNS[:-1], name))
    assert names == {"赤松　実", "白砂　光"}


@pytest.mark.parametrize("name", ["世帯主", "世帯主氏名", "続柄", "世帯数", "世帯人数", "番号", "世帯員", "世帯員番号", "世帯主電話番号", "家族構成", "世帯区分コード", "世帯類型コード", "世帯主続柄コード"])
def test_other_columns(name: str) -> None:
    assert households.columns(Table("", ("氏名", name), [], [])) == []


@pytest.mark.parametrize("told", ["012", "12.0", "12番", "１２号", "No.12", "#12", "第12世帯", "12世帯", "12\u200b", "12②", "〃", "同上"])
def test_ways_to_write_a_number(tmp_path: Path, told: str) -> None:
    names, _ = shown(tmp_path, [person("汐田　恵", mark="有"), person("高台　凜", household=told), *OTHERS])
    assert names == {"赤松　実", "白砂　光"}


def test_a_cell_that_is_no_number_takes_no_time(tmp_path: Path) -> None:
    start = time.perf_counter()
    shown(tmp_path, [person("汐田　恵", mark="有"), person("高台　凜", household="番" * 60_000 + "x"), *OTHERS])
    assert time.perf_counter() - start < 5


def test_a_blank_cell_below_the_head_of_the_household(tmp_path: Path) -> None:
    rows = [person("汐田　航", household="12"), person("汐田　恵", household="", mark="有"), person("高台　凜", "", ""), person("高台　薫", "港町8-8", household=""), *OTHERS]
    assert shown(tmp_path, rows)[0] == {"高台　薫", "赤松　実", "白砂　光"}


@pytest.mark.parametrize("home", ["シェルター", "知人宅", "秘", "上に同じ", "公表不可", "本町", ""])
def test_an_address_that_is_none_contradicts_nothing(tmp_path: Path, home: str) -> None:
    names, _ = shown(tmp_path, [person("汐田　恵", home, mark="有"), person("高台　凜"), *OTHERS])
    assert "高台　凜" not in names


def test_another_address_of_the_same_family(tmp_path: Path) -> None:
    """The address of somebody marked is often another one, on purpose."""
    assert "汐田　凜" not in shown(tmp_path, [person("汐田　恵", "港町9-9", mark="有"), person("汐田　凜"), *OTHERS])[0]


@pytest.mark.parametrize("said", ["DVのため同意しない", "支援措置のため不可", "非公開（夫のDV）"])
def test_a_reason_beside_the_refusal(tmp_path: Path, said: str) -> None:
    assert "汐田　凜" not in shown(tmp_path, [person("汐田　恵", consent=said), person("汐田　凜"), *OTHERS])[0]


def test_somebody_marked_whose_number_stands_in_another_row(tmp_path: Path) -> None:
    rows = [person("汐田　恵", household="", mark="有"), *OTHERS, person("汐田　恵"), person("高台　凜")]
    assert shown(tmp_path, rows)[0] == {"赤松　実", "白砂　光"}


def test_a_mark_without_a_number_is_told(tmp_path: Path) -> None:
    names, told = shown(tmp_path, [*OTHERS, person("汐田　恵", "港町7", "", mark="有"), person("高台　凜")])
    assert "高台　凜" in names
    assert "household-unknown" in told


def test_a_marked_row_that_ends_early_is_told(tmp_path: Path) -> None:
    town = make_town(tmp_path)
    lines = [",".join(COLUMNS), *(",".join(row) for row in (*OTHERS, person("高台　凜"))), ",".join(person("汐田　恵", "港町7", mark="有")[:9])]
    town.drop("避難者名簿/名簿.csv", "\r\n".join(lines).encode())
    told = [problem.code for line in town.build().documents for problem in line.reasons]
    assert "household-unknown" in told


def test_a_child_who_stands_twice(tmp_path: Path) -> None:
    rows = [person("汐田　恵", mark="有"), person("高台　凜"), *OTHERS, person("高台　凜", household="99")]
    assert shown(tmp_path, rows)[0] == {"赤松　実", "白砂　光"}


@pytest.mark.parametrize("cell", ["なし", "無", "0"])
def test_a_mark_that_denies_says_nothing_of_the_others(tmp_path: Path, cell: str) -> None:
    assert "汐田　凜" in shown(tmp_path, [person("汐田　恵", mark=cell), person("汐田　凜"), *OTHERS])[0]


def test_two_columns_of_numbers(tmp_path: Path) -> None:
    rows = [(*person("汐田　恵", household="", mark="有"), "5"), (*person("高台　凜", household="3"), "5"), *((*row, "6") for row in OTHERS)]
    assert shown(tmp_path, rows, (*COLUMNS, "世帯番号（市）"))[0] == {"赤松　実", "白砂　光"}


def test_the_next_edition_is_not_told_by_what_differs() -> None:
    table = Table("", ("氏名", "世帯番号"), [("汐田　凜", "1")], [2])
    assert since(table, b"\1", Gone(Table("", table.columns, [], []), b""), lambda: table, QUESTION.profile, "") is None


def workbook(tmp_path: Path, *sheets: tuple[str, list[tuple[str, ...]], bool]) -> set[str]:
    """The names on all public CSVs of a workbook; of each sheet its name, its rows, and whether it is hidden."""
    from openpyxl import Workbook

    town = make_town(tmp_path)
    book = Workbook()
    book.remove(book.active)
    for name, rows, is_hidden in sheets:
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if is_hidden else "visible"
        for row in (COLUMNS, *((str(i), *row[1:]) for i, row in enumerate(rows))):
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    town.drop("避難者名簿/名簿.xlsx", out.getvalue())
    town.build()
    public = [file.read_text("utf-8-sig") for file in (town.public / "t").rglob("hinansha*.csv") if "standard" not in file.name]
    return {line[0] for text in public for line in list(csv.reader(io.StringIO(text)))[1:]}


def test_each_sheet_may_number_its_households_from_one(tmp_path: Path) -> None:
    marked, same_home = person("汐田　恵", household="1", mark="有"), person("高台　凜", household="1")
    far, unsaid = person("赤松　実", "港町5-1", "1"), person("白砂　光", "", "1")
    assert workbook(tmp_path, ("北小", [marked, *OTHERS[:1]], False), ("南小", [same_home, far, unsaid], False)) == {"赤松　実", "白砂　光"}


def test_a_hidden_sheet_speaks_of_all_households(tmp_path: Path) -> None:
    marked, child = person("汐田　恵", "", "4", mark="有"), person("汐田　凜", "本町7", "4")
    assert workbook(tmp_path, ("名簿", [child, *OTHERS], False), ("支援措置", [marked], True)) == {"赤松　実", "白砂　光"}


def test_a_hidden_column_of_numbers(tmp_path: Path) -> None:
    from openpyxl import Workbook

    town = make_town(tmp_path)
    book = Workbook()
    for row in (COLUMNS, person("汐田　恵", mark="有"), person("高台　凜"), *OTHERS):
        book.active.append(row)
    book.active.column_dimensions["K"].hidden = True
    out = io.BytesIO()
    book.save(out)
    town.drop("避難者名簿/名簿.xlsx", out.getvalue())
    town.build()
    public = (town.public / "t/hinansha/hinansha.csv").read_text("utf-8-sig")
    assert "赤松" in public and "高台" not in public


def test_who_names_the_child_on_another_sheet(tmp_path: Path) -> None:
    names = person("黒田　勇", "浜町7-7", "9")
    beside = (*names[:6], "高台凜と同室", *names[7:])
    marked, child = person("汐田　恵", household="4", mark="有"), person("高台　凜", household="4")
    assert workbook(tmp_path, ("あ", [marked, child, *OTHERS[:1]], False), ("い", [beside, *OTHERS[1:]], False)) == {"赤松　実", "白砂　光"}
