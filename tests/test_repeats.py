"""What the rows of a roll say of each other: who is marked elsewhere, who is nobody, which sheet is no roll."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import Font

from publisher.model import Accepted, Head, Held, PublicTable, Table, TableKind, Workbook
from publisher.readers.sheet import read_sheet
from publisher.review import review
from publisher.settings.values import Consent, TableProfile, Withhold

COLUMNS = ("氏名", "フリガナ", "生年月日", "年齢", "住所", "避難所", "同意", "制限", "備考", "列10")
PROFILE = TableProfile(
    name="避難者名簿", path="避難者名簿", slug="hinansha", kind=TableKind.EVACUEES, publish=("氏名", "フリガナ", "避難所"), mask={},
    consent=Consent("同意", ("する",)), withhold=Withhold("制限", ("",)), reading="フリガナ",
)  # fmt: skip
HIROKO = {"氏名": "渡邉　裕子", "フリガナ": "ワタナベ　ヒロコ", "生年月日": "昭和15年1月2日", "年齢": "71", "住所": "汐見市本町3丁目4番5号", "避難所": "高台小", "同意": "する"}


def row(**changes: str) -> tuple[str, ...]:
    return tuple((dict.fromkeys(COLUMNS, "") | HIROKO | changes).values())


def judged(*sheets: list[tuple[str, ...]]) -> tuple[list[PublicTable], dict[str, str]]:
    tables = [Table(f"{n}", COLUMNS, rows, list(range(2, len(rows) + 2))) for n, rows in enumerate(sheets)]
    made = review("避難者名簿/名簿.xlsx", Workbook(Head("名簿"), tuple(tables)), PROFILE, "hinansha", False)
    assert isinstance(made, Accepted), made
    return list(made.content.tables), {one.code: one.what for one in made.warnings}


def names(*rows: tuple[str, ...]) -> list[str]:
    (table,), _ = judged([*rows, row(氏名="浜野　茂", フリガナ="ハマノ　シゲル", 生年月日="1950/5/6", 住所="汐見市浜町9")])
    assert table.total == len(rows) + 1
    return [cells[0] for cells in table.rows][:-1]


SAME = [
    {},
    {"生年月日": "1940/01/02", "氏名": "渡辺裕子", "フリガナ": "ﾜﾀﾅﾍﾞﾋﾛｺ", "避難所": "中央公民館"},
    {"生年月日": "S15.1.2", "氏名": "渡邊 裕子", "住所": "本町"},
    {"生年月日": "", "住所": "汐見市本町3-4"},
    {"生年月日": "", "住所": "", "年齢": "70", "フリガナ": ""},
    {"氏名": "ワタナベ　ヒロコ", "フリガナ": ""},
    {"氏名": "ワタナベ　ヒロコ"},
    {"氏名": "WATANABE HIROKO"},
    {"フリガナ": "WATANABE HIROKO"},
]
ANOTHER = [
    {"生年月日": "昭和16年1月2日"},
    {"フリガナ": "ワタナベ　ユウコ"},
    {"氏名": "渡邉　浩子"},
    {"生年月日": "", "住所": "汐見市浜町1"},
    {"生年月日": "", "住所": "", "年齢": "34"},
]


@pytest.mark.parametrize("other", SAME)
@pytest.mark.parametrize("mark", [{"制限": "有"}, {"同意": "しない"}, {"同意": "×"}, {"備考": "DV避難中"}, {"列10": "支援措置あり"}, {"避難所": "秘匿"}])
def test_the_same_person_in_another_row_is_not_shown(other: dict[str, str], mark: dict[str, str]) -> None:
    assert names(row(**mark), row(**other)) == [] == names(row(**other), row(**mark))


@pytest.mark.parametrize("other", ANOTHER)
@pytest.mark.parametrize("mark", [{"制限": "有"}, {"同意": "しない"}])
def test_another_person_of_a_like_name_is_shown(other: dict[str, str], mark: dict[str, str]) -> None:
    assert len(names(row(**mark), row(**other))) == 1


def test_who_bears_the_name_and_the_birthday_of_a_marked_one_is_not_shown_for_another_address() -> None:
    """Somebody's own house in one row, the parents' in the other. A refusal is not taken over where anything contradicts."""
    for other in ({"住所": "汐見市浜町9"}, {"年齢": "84"}):
        assert names(row(制限="有"), row(**other)) == []
        assert len(names(row(同意="しない"), row(**other))) == 1


@pytest.mark.parametrize("column", ["要配慮者", "氏名（旧姓）", "職員"])
def test_a_column_beside_the_name_is_no_part_of_it(column: str) -> None:
    rows = [(*row(制限="有"), "有"), (*row(), ""), (*row(氏名="浜野　茂", フリガナ="ハマノ　シゲル", 避難所="高台小（渡邉裕子と同室）"), "")]
    made = review("避難者名簿/名簿.csv", Workbook(Head("名簿"), (Table("", (*COLUMNS, column), rows, [2, 3, 4]),)), PROFILE, "hinansha", False)
    assert isinstance(made, Accepted) and made.content.tables[0].rows == []


def test_family_and_given_name_in_two_columns_are_one_name() -> None:
    columns = ("氏名（姓）", "氏名（名）", *COLUMNS[1:])
    rows = [("渡邉", "裕子", *row(制限="有")[1:]), ("渡辺", "裕子", *row()[1:]), ("渡邉", "茂", *row(フリガナ="ワタナベ　シゲル")[1:])]
    profile = dataclasses.replace(PROFILE, publish=("氏名（姓）", "氏名（名）", "フリガナ", "避難所"))
    made = review("避難者名簿/名簿.csv", Workbook(Head("名簿"), (Table("", columns, rows, [2, 3, 4]),)), profile, "hinansha", False)
    assert isinstance(made, Accepted) and [cells[0] for cells in made.content.tables[0].rows] == ["渡邉 茂"]


def test_many_of_one_name_take_no_longer_than_many_of_many() -> None:
    """A refusal that says nothing but a name can be nobody else's; equal rows are looked at once."""
    bare = {"生年月日": "", "年齢": "", "住所": "", "フリガナ": ""}
    rows = [row(**bare, 同意="しない" if n % 2 else "する", 列10=str(n)) for n in range(20_000)]
    (table,), _ = judged(rows)
    assert len(table.rows) == 10_000
    (table,), _ = judged([*rows, row(**bare, 制限="有")])
    assert table.rows == []


def test_a_name_alone_hides_for_a_mark_and_not_for_a_refusal() -> None:
    bare = {"生年月日": "", "年齢": "", "住所": ""}
    assert names(row(**bare, 制限="有"), row(**bare)) == []
    assert len(names(row(**bare, 同意="しない"), row(**bare))) == 1


def test_that_nobody_asked_yet_says_nothing_of_another_row() -> None:
    for unasked in ("", "未確認", "？", "unknown", "pending", "n/a", "可否確認中", "安否確認中", "回答しない"):
        assert len(names(row(同意=unasked), row())) == 1


@pytest.mark.parametrize("said", ["無", "なし", "✗", "×", "同意しかねる", "反対", "不同意", "公表を望みません", "同意しない（本人より）"])
def test_many_words_refuse(said: str) -> None:
    assert names(row(同意=said), row()) == []


def test_a_row_without_name_is_known_by_its_reading() -> None:
    assert names(row(氏名="", 制限="有"), row()) == [] == names(row(制限="有"), row(氏名=""))


def test_a_mark_holds_on_all_sheets_and_staff_is_told_where() -> None:
    tables, told = judged([row(), row(氏名="浜野　茂", フリガナ="ハマノ　シゲル")], [row(制限="有")])
    assert [[cells[0] for cells in table.rows] for table in tables] == [["浜野　茂"], []]
    assert "2行目" in told["marked-elsewhere"] and "渡" not in told["marked-elsewhere"]


@pytest.mark.parametrize("said", ["DV", "ＤＶ避難", "支援措置対象", "公表不可", "名簿に載せないで", "夫に居場所を知られたくない", "ストーカー被害あり", "匿名希望", "氏名は出さない", "支援\n措置対象", "Ｄ・Ｖ", "家庭内暴力", "元夫に知られたくない", "掲載を希望しません", "公表×", "非掲載", "名簿から除外", "公表を希望せず", "掲載を辞退", "公表を控えてほしい", "公開してほしくない", "名前を伏せて", "夫に知られないように", "夫から逃げて避難", "虐待"])
def test_a_remark_hides_its_row_and_staff_is_told(said: str) -> None:
    (table,), told = judged([row(備考=said), row(氏名="浜野　茂", フリガナ="ハマノ　シゲル")])
    assert [cells[0] for cells in table.rows] == ["浜野　茂"] and table.total == 2
    assert "2行目" in told["remarks"] and "（DV、支援措置、非公開、×など）" in told["remarks"]


@pytest.mark.parametrize("said", ["持病あり", "車中泊", "3/14 転出", "DVDプレーヤー持参", "支援措置なし", "DV相談：なし", "ペット同伴", "公民館へ移動", "電話は夜", "DV（無）", "DV・ストーカー等なし", "DV等：無", "DV被害の申出なし", "支援措置の有無：無", "支援措置 ×", "匿名希望なし", "接近禁止なし", "居場所を体育館に変更", "熱を出さないで様子見", "犬を部屋に出さないで", "電話番号は非公開", "写真は掲載不可", "非公開の希望はありません", "支援措置は受けていない", "支援措置終了", "閲覧制限解除", "勤務先は非公開", "病名は非公開"])
def test_other_remarks_hide_nobody(said: str) -> None:
    (table,), told = judged([row(備考=said)])
    assert len(table.rows) == 1 and "remarks" not in told


@pytest.mark.parametrize("said", ["高台小（渡邉裕子と同室）", "高台小 渡辺　裕子さんと同じ部屋", "ﾜﾀﾅﾍﾞﾋﾛｺと同室", "高台小\n渡邊裕子の隣"])
def test_nobody_who_is_not_shown_is_named_in_the_row_of_another(said: str) -> None:
    shigeru, wataru = ({"氏名": "浜野　茂", "フリガナ": "ハマノ　シゲル"}, {"氏名": "高台　航", "フリガナ": "タカダイ　ワタル"})
    for mark in ({"制限": "有"}, {"同意": ""}):
        (table,), told = judged([row(**mark), row(**shigeru, 避難所=said), row(**wataru)])
        assert [cells[0] for cells in table.rows] == ["高台　航"] and "3行目" in told["mentions"] and "渡" not in told["mentions"]
    (table,), told = judged([row(), row(**shigeru, 避難所=said), row(**wataru)])
    assert len(table.rows) == 3 and "mentions" not in told


@pytest.mark.parametrize("name", [{"氏名": "渡邉裕子の子", "フリガナ": ""}, {"氏名": "渡邉裕子　長男", "フリガナ": ""}, {"氏名": "渡邉裕子 同居人", "フリガナ": ""}, {"氏名": "渡邉 裕子（妻）", "フリガナ": ""}, {"氏名": "渡邉裕子様方", "フリガナ": ""}])
def test_nobody_is_named_by_their_kin(name: dict[str, str]) -> None:
    (table,), told = judged([row(制限="有"), row(**{"氏名": "浜野　茂", "フリガナ": "ハマノ　シゲル", "生年月日": "1950/5/6", "住所": "浜町1"} | name), row(氏名="高台　航", フリガナ="タカダイ　ワタル")])
    assert [cells[0] for cells in table.rows] == ["高台　航"], told


@pytest.mark.parametrize("said", ["李明と同室", "高台小（李明さんと同室）", "高台小 李　明と同じ部屋", "李明の母と高台小", "高台小（李 明さん宅）", "高台小（李明氏）", "李明の隣"])
def test_a_name_of_two_letters_is_told_by_what_follows(said: str) -> None:
    hidden = row(氏名="李　明", フリガナ="リ", 制限="有")
    (table,), told = judged([hidden, row(氏名="浜野　茂", フリガナ="ハマノ　シゲル", 避難所=said)])
    assert table.rows == [] and "3行目" in told["mentions"]


@pytest.mark.parametrize("said", ["李明小学校", "桃李明館", "小李明と同室", "李明公民館と同じ敷地", "明と同室"])
def test_two_letters_within_other_words_are_no_name(said: str) -> None:
    hidden = row(氏名="李　明", フリガナ="リ", 制限="有")
    (table,), told = judged([hidden, row(氏名="浜野　茂", フリガナ="ハマノ　シゲル", 避難所=said)])
    assert len(table.rows) == 1 and "mentions" not in told


def test_kin_of_somebody_with_a_name_of_two_letters() -> None:
    (table,), told = judged([row(氏名="林　実", フリガナ="", 制限="有"), row(氏名="林実の妻", フリガナ=""), row(氏名="小林実の妻", フリガナ="")])
    assert [cells[0] for cells in table.rows] == ["小林実の妻"], told


@pytest.mark.parametrize("said", ["女性と同室", "男性の隣", "家族と同居"])
def test_somebody_without_a_name_is_named_nowhere(said: str) -> None:
    for nobody in ("女性", "男性", "家族"):
        (table,), told = judged([row(氏名=nobody, フリガナ="", 制限="有"), row(氏名="浜野　茂", フリガナ="ハマノ　シゲル", 避難所=f"高台小（{said}）")])
        assert len(table.rows) == 1 and "mentions" not in told


def test_a_name_that_ends_like_a_place_is_looked_for() -> None:
    (table,), told = judged([row(氏名="佐藤　学", フリガナ="サトウ　マナブ", 制限="有"), row(氏名="浜野　茂", フリガナ="ハマノ　シゲル", 避難所="高台小（佐藤学と同室）")])
    assert table.rows == [] and "3行目" in told["mentions"]


@pytest.mark.parametrize(
    ("hidden", "others"),
    [
        (("佐藤　正", "サトウ　タダシ"), (("佐藤　正子", "サトウ　マサコ"), ("佐藤　正夫", "サトウ　マサオ"))),
        (("佐藤　彩", "サトウ　アヤ"), (("佐藤　綾乃", "サトウ　アヤノ"), ("さとう　あやの", "さとう　あやの"))),
        (("山田　雪", "ヤマダ　ユキ"), (("山田　幸則", "ヤマダ　ユキノリ"), ("山田　雪子", "ヤマダ　ユキコ"))),
    ],
)
def test_names_that_begin_alike_are_those_of_others(hidden: tuple[str, str], others: tuple[tuple[str, str], ...]) -> None:
    rows = [row(氏名=name, フリガナ=reading, 生年月日="1950/5/6", 住所="浜町1") for name, reading in others]
    (table,), told = judged([row(氏名=hidden[0], フリガナ=hidden[1], 同意=""), *rows])
    assert len(table.rows) == 2 and "mentions" not in told


@pytest.mark.parametrize("changed", [{"氏名": "渡邉　裕子（非公開）"}, {"氏名": "渡邉裕子　※支援措置"}, {"氏名": "★秘匿　渡邉裕子"}, {"住所": "DVのため非公開"}, {"住所": "支援措置対象"}, {"年齢": "ＤＶ"}])
def test_words_that_hide_are_read_in_every_column(changed: dict[str, str]) -> None:
    assert names(row(**changed)) == []
    if "氏名" not in changed:
        assert names(row(**changed), row()) == [] or changed.keys() == {"住所"}


def test_nobody_on_another_sheet_is_named() -> None:
    shigeru = {"氏名": "浜野　茂", "フリガナ": "ハマノ　シゲル"}
    tables, told = judged([row(制限="有")], [row(**shigeru, 避難所="高台小（渡邉裕子と同室）"), row(**shigeru)])
    assert [len(table.rows) for table in tables] == [0, 1] and "2行目" in told["mentions"]


@pytest.mark.parametrize(("name", "shelter"), [("高台小学校", "高台小学校"), ("確認中", "確認中"), ("調査中", "調査中"), ("本多　聞", "本多聞小学校"), ("マリア", "聖マリア幼稚園"), ("中村　公", "中村公民館"), ("高台中", "高台中学校")])
def test_a_place_is_nobody(name: str, shelter: str) -> None:
    others = [row(氏名=f"浜野　{given}", フリガナ="", 避難所=shelter) for given in ("茂", "航")]
    (table,), told = judged([row(氏名=name, フリガナ="", 同意="", 生年月日=""), *others])
    assert len(table.rows) == 2 and "mentions" not in told


# --- rows that are nobody ---


@pytest.mark.parametrize(
    "nobody",
    [
        {},
        {"列10": "13"},
        {"氏名": "合計", "年齢": "2"},
        {"氏名": "", "フリガナ": "", "避難所": "合計", "列10": "2人"},
        {"氏名": "高台小　小計", "年齢": "2"},
        {"列10": "計"},
    ],
)
def test_numbers_without_a_person_and_sums_are_not_counted(nobody: dict[str, str]) -> None:
    (table,), told = judged([row(), tuple((dict.fromkeys(COLUMNS, "") | nobody).values()), row(氏名="浜野　茂", フリガナ="ハマノ　シゲル")])
    assert (len(table.rows), table.total, table.withheld) == (2, 2, 0)
    assert "3行目" in told["nobody"]


@pytest.mark.parametrize("somebody", [{"年齢": "40"}, {"避難所": "高台小"}, {"備考": "身元不明"}, {"氏名": "計　太郎"}, {"フリガナ": "ハマノ"}])
def test_somebody_of_whom_little_is_known_is_counted(somebody: dict[str, str]) -> None:
    (table,), told = judged([row(), tuple((dict.fromkeys(COLUMNS, "") | somebody).values())])
    assert (table.total, "nobody" in told) == (2, False)


# --- sheets ---


def test_a_sheet_that_is_no_list_is_named() -> None:
    tables = (Table("名簿", COLUMNS, [row()], [2]), Table("集計 2", ("避難所", "人数"), [("高台小", "1")], [2]))
    held = review("避難者名簿/名簿.xlsx", Workbook(Head("名簿"), tables), PROFILE, "hinansha", True)
    assert isinstance(held, Held)
    told = next(one for one in held.reasons if one.code == "other-sheet")
    assert "シート「集計 2」" in told.what and "別のファイル" in told.todo and "名簿」" not in told.what
    alone = review("避難者名簿/名簿.xlsx", Workbook(Head("名簿"), tables[1:]), PROFILE, "hinansha", True)
    assert isinstance(alone, Held) and "other-sheet" not in [one.code for one in alone.reasons]


def test_a_column_that_is_only_hidden_is_told(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for cells in (COLUMNS, row(), row(氏名="浜野　茂", フリガナ="ハマノ　シゲル", 制限="有")):
        book.active.append(cells)
    book.active.column_dimensions["H"].hidden = True
    book.save(tmp_path / "a.xlsx")
    read = read_sheet("避難者名簿/名簿.xlsx", (tmp_path / "a.xlsx").read_bytes(), datetime(2026, 11, 27, tzinfo=UTC))
    held = review("避難者名簿/名簿.xlsx", read, PROFILE, "hinansha", True)
    assert isinstance(held, Held) and held.final
    told = {one.code: one for one in held.reasons}
    assert "列H" in told["hidden-columns"].what and "再表示" in told["hidden-columns"].todo and "missing-column" in told


def test_of_a_row_that_is_crossed_out_in_part_nobody_is_shown(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for cells in (COLUMNS, row(制限="有"), row(氏名="浜野　茂", フリガナ="ハマノ　シゲル"), row(氏名="高台　航", フリガナ="タカダイ　ワタル")):
        book.active.append(cells)
    for place in ("H2", *(f"{letter}3" for letter in "ABCDEFG")):
        book.active[place].font = Font(strike=True)
    book.save(tmp_path / "a.xlsx")
    read = read_sheet("避難者名簿/名簿.xlsx", (tmp_path / "a.xlsx").read_bytes(), datetime(2026, 11, 27, tzinfo=UTC))
    made = review("避難者名簿/名簿.xlsx", read, PROFILE, "hinansha", False)
    assert isinstance(made, Accepted)
    (table,) = made.content.tables
    assert [cells[0] for cells in table.rows] == ["高台　航"] and table.total == 2
    assert "2行目" in next(one.what for one in made.warnings if one.code == "struck-rows")
