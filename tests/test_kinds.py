"""Three kinds of lists of people, three rules; what singles people out; rows and files that are not what they seem."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.model import Accepted, Head, Held, Problem, PublicTable, Table, TableKind, Workbook
from publisher.review import review
from publisher.review.anonymity import quasi_identifiers, singled_out, warning
from publisher.settings import TableProfile
from publisher.settings.values import Consent, Withhold

COLUMNS = ("受付番号", "氏名", "フリガナ", "住所", "性別", "年齢", "続柄", "避難所", "同意", "制限")
PROFILE = TableProfile(
    "名簿", "名簿", "meibo", TableKind.EVACUEES, ("氏名", "フリガナ", "住所", "性別", "年齢", "避難所"), {}, Consent("同意", ("する",)),
    Withhold("制限", ("",)), "フリガナ",
)  # fmt: skip
KINDS = (TableKind.EVACUEES, TableKind.MISSING, TableKind.DECEASED)


def people(count: int = 12, **changes: str) -> list[tuple[str, ...]]:
    row = ("1", "汐見　太郎", "シオミ　タロウ", "汐見市本町3-4", "男", "40", "世帯主", "高台公民館", "する", "")
    made = dict(zip(COLUMNS, row, strict=True)) | changes
    return [tuple((made | {"受付番号": str(n)}).values()) for n in range(1, count + 1)]


def others(*answers: dict[str, str]) -> list[tuple[str, ...]]:
    """Somebody of another name for each answer."""
    return [row for n, answer in enumerate(answers) for row in people(1, **{"氏名": f"浜　{chr(0x4E10 + n)}", "フリガナ": f"ハマ　{chr(0x30A2 + n)}"}, **answer)]


def judged(rows: list[tuple[str, ...]], released: bool = False, **changes: object) -> Accepted | Held:
    table = Table("", COLUMNS, rows, list(range(2, len(rows) + 2)))
    profile = dataclasses.replace(PROFILE, **changes)
    return review("名簿/名簿.csv", Workbook(Head("名簿"), (table,)), profile, "meibo", released)


def shown(rows: list[tuple[str, ...]], **changes: object) -> PublicTable:
    made = judged(rows, **changes)
    assert isinstance(made, Accepted), made
    return made.content.tables[0]


def codes(made: Accepted | Held) -> set[str]:
    return {problem.code for problem in (made.reasons if isinstance(made, Held) else made.warnings)}


def test_each_kind_shows_its_own_columns() -> None:
    rows = people()
    assert shown(rows).columns == ("氏名", "フリガナ", "住所", "性別", "年齢", "避難所")
    assert shown(rows, kind=TableKind.MISSING).columns == ("氏名", "フリガナ", "住所", "性別", "年齢")
    assert shown(rows, kind=TableKind.MISSING, group="避難所").columns[-1] == "避難所"
    assert shown(rows, kind=TableKind.DECEASED).columns == ("氏名", "フリガナ", "住所")


@pytest.mark.parametrize("kind", KINDS)
def test_kin_is_on_no_list_and_the_address_ends_at_the_town(kind: TableKind) -> None:
    made = judged(people(), kind=kind, publish=("氏名", "続柄", "住所"), mask={"住所": "none"})
    assert "never-shown" in codes(made)
    assert made.content.tables[0].rows[0] == ("汐見　太郎", "汐見市本町")


@pytest.mark.parametrize(
    ("kind", "without", "counted"),
    [
        (TableKind.EVACUEES, ("consent",), True),
        (TableKind.EVACUEES, ("withhold",), False),
        (TableKind.DECEASED, ("consent",), True),
        (TableKind.MISSING, ("consent",), False),
        (TableKind.MISSING, ("withhold",), False),
        (TableKind.MISSING, ("consent", "withhold"), True),
    ],
)
def test_without_the_rule_of_its_kind_a_list_is_only_counted(kind: TableKind, without: tuple[str, ...], counted: bool) -> None:
    table = shown(people(), kind=kind, **dict.fromkeys(without))
    assert (len(table.rows), table.total, table.withheld) == ((0, 12, 12) if counted else (12, 12, 0))


def test_a_list_of_people_who_all_agreed_says_so() -> None:
    assert len(shown(people(同意="?"), consent=Consent("", ())).rows) == 12


@pytest.mark.parametrize("column", ["支援措置", "秘匿", "公開フラグ", "閲覧制限（新）", "公表可否", "DV等", "非公開"])
def test_marks_that_no_setting_reads_hold_the_list_where_somebody_made_them(column: str) -> None:
    rows = people(3)
    table = Table("", (*COLUMNS, column), [(*row, mark) for row, mark in zip(rows, ("", "○", ""), strict=True)], [2, 3, 4])
    held = review("名簿/名簿.csv", Workbook(Head("名簿"), (table,)), PROFILE, "meibo", True)
    assert isinstance(held, Held) and held.final and codes(held) == {"unread-marks"}
    assert column in held.reasons[0].what and "withhold" in held.reasons[0].todo
    empty = Table("", table.columns, [(*row, "") for row in rows], [2, 3, 4])
    assert isinstance(review("名簿/名簿.csv", Workbook(Head("名簿"), (empty,)), PROFILE, "meibo", False), Accepted)


@pytest.mark.parametrize("column", ["親族への回答の同意", "知人への回答", "公表日", "公開場所", "備考"])
def test_what_is_no_mark_of_withholding_holds_nothing(column: str) -> None:
    table = Table("", (*COLUMNS, column), [(*row, "記入") for row in people(3)], [2, 3, 4])
    assert isinstance(review("名簿/名簿.csv", Workbook(Head("名簿"), (table,)), PROFILE, "meibo", False), Accepted)


@pytest.mark.parametrize("name", ["氏名", "フリガナ", "住所", "避難所"])
def test_two_columns_of_one_name_hold_a_list_of_people(name: str) -> None:
    """The first 氏名 may be that of whoever reported."""
    table = Table("", (*COLUMNS, f"{name}_2"), [(*row, "だれか") for row in people(3)], [2, 3, 4])
    held = review("名簿/名簿.csv", Workbook(Head("名簿"), (table,)), PROFILE, "meibo", True)
    assert isinstance(held, Held) and codes(held) == {"two-columns"} and name in held.reasons[0].what


def test_consent_in_words_that_the_profile_does_not_know_is_told() -> None:
    words = ["する", "同意する", "○", "はい", "同意します。", "しない", "", "不明", "×"]
    made = judged(others(*({"同意": word} for word in words)))
    assert isinstance(made, Accepted) and len(made.content.tables[0].rows) == 1
    told = next(one for one in made.warnings if one.code == "other-consent")
    assert "4行あります" in told.what and "「○」" in told.what and "yes" in told.todo
    assert "しない" not in told.what and "不明" not in told.what
    assert "other-consent" not in codes(judged([row for word in ("する", "しない", "") for row in people(2, 同意=word)]))


def test_whoever_stands_in_a_row_that_ends_too_soon_is_not_shown() -> None:
    """Nobody left the mark of withholding blank: it is not there, or stands in the next line."""
    rows = people(3)
    table = Table("", COLUMNS, rows, [2, 3, 4], cut=frozenset((3,)))
    made = review("名簿/名簿.csv", Workbook(Head("名簿"), (table,)), PROFILE, "meibo", False)
    assert isinstance(made, Accepted) and "cut-rows" in codes(made)
    assert (len(made.content.tables[0].rows), made.content.tables[0].total) == (2, 3)
    assert "3行目" in next(one.what for one in made.warnings if one.code == "cut-rows")


def test_a_formula_without_its_result_holds_a_list_of_people() -> None:
    told = Problem("stale-formula", "計算結果が保存されていない式があります。", "名簿/名簿.xlsx", "", "")
    book = Workbook(Head("名簿"), (Table("", COLUMNS, people(3), [2, 3, 4]),), (told,))
    held = review("名簿/名簿.xlsx", book, PROFILE, "meibo", True)
    assert isinstance(held, Held) and held.final and codes(held) == {"unsaved-formula"}


def test_a_list_with_text_that_its_format_hides_cannot_be_released() -> None:
    doubt = Problem("unseen-text", "表示形式で見えなくしてある文字があります（3行）。", "名簿/名簿.xlsx", "", "")
    book = Workbook(Head("名簿"), (Table("", COLUMNS, people(3), [2, 3, 4]),), (), (doubt,))
    held = review("名簿/名簿.xlsx", book, PROFILE, "meibo", True)
    assert isinstance(held, Held) and held.final and "unseen-text" in codes(held)


@pytest.mark.parametrize("kind", [TableKind.SHELTERS, TableKind.OPEN])
def test_a_list_of_people_in_the_folder_of_another_kind_is_held(kind: TableKind) -> None:
    columns = ("番号", "氏名", "フリガナ", "生年月日", "住所", "年齢", "電話番号", "避難所", "健康", "公表同意")
    rows = [(str(n), f"汐見　太郎{n}", "シオミ　タロウ", "1940/1/2", "汐見市本町3-4", "71", "0225-99-8888", "高台公民館", "透析", "しない") for n in range(12)]
    open_ = TableProfile("避難所", "避難所", "hinanjo", kind, (), {}, None, None, None)
    held = review("避難所/名簿.csv", Workbook(Head("名簿"), (Table("", columns, rows, list(range(2, 14))),)), open_, "hinanjo", True)
    assert isinstance(held, Held) and "roll-of-people" in codes(held)


@pytest.mark.parametrize("kind", KINDS)
def test_counts_only_unless_the_profile_says_names(kind: TableKind) -> None:
    made = judged(people(), kind=kind, publish=("住所", "避難所"), group="避難所")
    assert "no-names" in codes(made)
    assert (made.content.tables[0].rows, made.content.tables[0].total) == ([], 12)


@given(st.lists(st.tuples(st.sampled_from(["する", "しない", "", "す る", "不明", "する？"]), st.sampled_from(["", " ", "有", "DV", "無"])), max_size=9))
def test_unclear_consent_is_counted_and_not_shown(marks: list[tuple[str, str]]) -> None:
    rows = others(*({"同意": consent, "制限": mark} for consent, mark in marks))
    table = shown([*rows, *people(3)])
    free = sum(consent in ("する", "す る") and not mark.strip() for consent, mark in marks)
    assert (len(table.rows), table.total) == (free + 3, len(marks) + 3)


@given(st.text(min_size=1, max_size=12), st.text(max_size=20))
def test_a_column_that_nobody_allowed_never_shows(name: str, cell: str) -> None:
    table = Table("", (*COLUMNS, name), [(*row, f"秘密{cell}") for row in people(3)], [2, 3, 4])
    made = review("名簿/名簿.csv", Workbook(Head("名簿"), (table,)), PROFILE, "meibo", False)
    told = made.reasons if isinstance(made, Held) else (*made.warnings, *made.content.tables[0].rows)
    assert "秘密" not in str(told)


# --- singled out ---


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=60), st.integers(1, 6))
def test_counts_the_rows_that_stand_alone(rows: list[tuple[str, str]], k: int) -> None:
    assert singled_out(rows, (0, 1), k) == sum(rows.count(row) < k for row in rows)
    assert singled_out(rows, (0,), k) == sum(sum(other[0] == row[0] for other in rows) < k for row in rows)


def test_the_warning_names_columns_and_no_cell() -> None:
    rows = [*people(8), *people(2, 年齢="87", 住所="汐見市浜町1-2", 性別="女")]
    made = judged(rows)
    told = next(problem for problem in made.warnings if problem.code == "singled-out")
    assert "10行のうち2行" in told.what
    assert all(f"「{column}」" in told.what for column in ("住所", "性別", "年齢", "避難所"))
    assert not any(cell in str(told) for cell in ("汐見　太郎", "浜町", "80代"))
    assert "singled-out" not in codes(judged(people(8)))


def test_it_is_quick() -> None:
    rows = [(f"氏名{n}", f"町{n % 397}", f"{n % 9}0代", f"避難所{n % 299}", "男" if n % 2 else "女") for n in range(133_000)]
    names = ("氏名", "住所", "年齢", "避難所", "性別")
    assert quasi_identifiers(names) == [1, 2, 3, 4]
    start = time.process_time()
    assert warning(names, rows, "") is not None
    assert time.process_time() - start < 0.6  # 0.1 s on a machine that has nothing else to do


# --- files that are not what they seem ---


def test_a_row_that_slipped_is_counted_and_told_of_with_its_line() -> None:
    slipped = ("9", "12", "汐見　太郎", "シオミ　タロウ", "汐見市本町", "3-4", "40", "090-0000-0000", "する", "")
    made = judged([*people(20), slipped])
    assert "odd-rows" in codes(made)
    assert any("22行目" in problem.what for problem in made.warnings)
    table = made.content.tables[0]
    assert (len(table.rows), table.total) == (20, 21)


@pytest.mark.parametrize("cell", ["090-1234-5678", "昭和40年3月1日", "1965/03/01", "12345", "a@example.jp"])
@pytest.mark.parametrize("column", ["氏名", "フリガナ", "性別"])
def test_columns_that_are_shifted_hold_the_file_even_when_released(column: str, cell: str) -> None:
    made = judged(people(**{column: cell}), released=True)
    assert isinstance(made, Held)
    assert made.final
    assert any("2–13行目" in problem.what for problem in made.reasons)
    assert cell not in str(made)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("年齢", "生後6か月"), ("年齢", "30代"), ("年齢", "７０歳"), ("年齢", "80歳以上"), ("年齢", "不明"), ("年齢", ""), ("性別", "回答しない"), ("性別", "Ｆ"),
        ("氏名", "汐見　太郎（旧姓 高台）"), ("氏名", "氏名不詳"), ("氏名", "グエン・ティ・ラン 3世"), ("フリガナ", "Shiomi Tarō"), ("フリガナ", "しおみ"),
    ],
)  # fmt: skip
def test_what_people_write_there_fits(column: str, cell: str) -> None:
    made = judged(people(**{column: cell}))
    assert "odd-rows" not in codes(made)
    assert len(made.content.tables[0].rows) == 12


SAID_OF_SOMEBODY = (
    "籠鳥一郎（71歳）", "籠鳥一郎（５歳）", "籠鳥一郎 5才", "籠鳥一郎（七十一歳）", "籠鳥一郎（8か月）", "籠鳥花子（籠鳥一郎の妻）", "籠鳥一郎（籠鳥花子の夫）", "籠鳥一郎（妻：籠鳥花子）", "籠鳥一郎 妻:花子",
    "籠鳥一郎（長男）", "籠鳥花子［次女］", "籠鳥花子【妻】", "籠鳥花子（避難中、妻）", "籠鳥一郎（世帯主）", "籠鳥一郎（本町、籠鳥花子の父）", "籠鳥一郎 本町3番地", "籠鳥一郎 3丁目", "籠鳥一郎 三丁目", "籠鳥一郎 3-4",
)  # fmt: skip
NAMES = (
    "NGUYEN VAN AN", "Nguyễn Văn An", "グエン・ヴァン・アン", "O'Brien, Mary-Jane", "籠鳥　一郎（旧姓 高台）", "籠鳥 一郎（通称 和夫）", "籠鳥 花子（カゴトリ ハナコ）", "妻夫木 聡", "父川 子", "長男 太郎", "千歳 三郎",
    "万歳（歳三）", "目黒 地平", "五十嵐 三十郎", "グエン・ティ・ラン 3世", "籠鳥 一郎様", "山田〔母里〕花子", "佐藤　花子12", "籠鳥 一郎（孫六）",
)  # fmt: skip


@pytest.mark.parametrize("column", ["氏名", "フリガナ"])
@pytest.mark.parametrize("cell", SAID_OF_SOMEBODY)
def test_what_is_said_of_somebody_beside_the_name_is_not_shown(column: str, cell: str) -> None:
    made = judged([*people(30), *people(1, **{column: cell})])
    told = next(problem for problem in made.warnings if problem.code == "odd-rows")
    assert "32行目" in told.what
    assert len(made.content.tables[0].rows) == 30
    assert cell not in str(made)


@pytest.mark.parametrize("cell", NAMES)
def test_names_of_all_kinds_are_names(cell: str) -> None:
    made = judged(people(氏名=cell))
    assert "odd-rows" not in codes(made)
    assert len(made.content.tables[0].rows) == 12


@given(st.lists(st.text("花子妻夫の長男一丁目歳5（）(:： \n", max_size=8), max_size=5))
def test_names_with_kin_are_looked_at_together_as_they_are_one_by_one(cells: list[str]) -> None:
    from publisher.review.misfits import _is_name, _wide, misfits

    made = Table("", ("氏名",), [(cell,) for cell in cells], list(range(len(cells))))
    alone = frozenset(cell for cell in cells if cell.strip() and not _is_name(_wide(cell)))
    assert misfits(made, [0]) == ({0: alone} if alone else {})


def test_readings_are_told_of_by_line() -> None:
    rows = [*people(5), *people(1, フリガナ=""), *people(1, フリガナ="Shiomi Taro"), *people(1, フリガナ="汐見"), *people(1, フリガナ="しおみ")]
    told = next(problem for problem in judged(rows).warnings if problem.code == "readings")
    assert "空の行が1行（7行目）" in told.what
    assert "ローマ字の行が1行（8行目）" in told.what
    assert "カナでない行が1行（9行目）" in told.what
    assert "10行目" not in told.what


_SEEDED = """
from publisher.model import Table
from publisher.review.misfits import misfits

cells = ["本町小学校", "高台公民館", "西町集会所", "障害者支援センター", *(f"第{n}中学校" for n in range(300)), "透析中のため個室", "ＤＶのため面会できません", "佐藤様方　"]
table = Table("", ("避難所",), [(cell,) for cell in cells], list(range(len(cells))))
print(sorted(map(ascii, misfits(table, [0]).get(0, ()))))
"""


def test_places_beside_it_do_not_let_an_illness_out_whatever_the_order_of_a_set() -> None:
    wanted = str(sorted(map(ascii, ("透析中のため個室", "ＤＶのため面会できません", "佐藤様方　"))))
    for seed in range(6):
        made = subprocess.run([sys.executable, "-c", _SEEDED], env=os.environ | {"PYTHONHASHSEED": str(seed)}, capture_output=True, text=True, check=True)
        assert made.stdout.strip() == wanted


@pytest.mark.parametrize("cell", ["透析中のため個室", "透析中、本町小学校", "認知症 高台公民館", "妊娠中\n西町集会所", "本町小学校（持病あり）"])
def test_a_remark_on_somebodys_body_is_not_shown_in_the_column_of_shelters(cell: str) -> None:
    made = judged([*people(300), *people(300, 避難所="本町小学校"), *people(1, 避難所=cell)])
    assert "odd-rows" in codes(made)
    table = made.content.tables[0]
    assert (len(table.rows), table.total) == (600, 601)
    assert cell not in str(made)


@pytest.mark.parametrize("cell", ["障害者支援センター", "障がい者支援施設 ひまわり館", "本町3丁目集会所", "親戚宅"])
def test_a_place_that_is_called_after_those_it_is_for_is_shown(cell: str) -> None:
    made = judged([*people(30), *people(1, 避難所=cell)])
    assert "odd-rows" not in codes(made)
    assert len(made.content.tables[0].rows) == 31


PLACES = (
    "本町仮設住宅", "応急仮設住宅", "県営住宅", "災害公営住宅", "本町住宅 2号棟", "仮設住宅（本町）", "在宅", "在宅（車中）", "自宅", "友人宅（市外）", "港町3丁目5番公園", "港町3丁目5番町内会館前",
    "平成30年豪雨記念館", "枚方 市民体育館", "保健室（体調の悪い方）", "福祉避難室（体の不自由な方 優先）",
)  # fmt: skip
HOUSES = (
    "籠鳥一郎宅", "籠鳥宅", "籠鳥一郎様宅", "安住宅", "佐藤様方", "籠鳥一郎宅（親戚）", "籠鳥一郎宅 2階", "籠鳥一郎様方 2階", "籠鳥一郎様方（2階）", "籠鳥一郎方 2階", "港町3丁目5番12号", "港町3丁目5番 籠鳥方",
    "港町3丁目5番12号園田方",
)  # fmt: skip
BIRTHDAYS = ("S15.1.2生", "S15.1.2", "昭和15年1月2日", "昭15.1.2", "昭和１５年１月２日", "1940/1/2", "1940-01-02", "本町小学校 平成20年5月6日", "令和5年5月6日生", "大正元年8月1日")


@pytest.mark.parametrize("cell", PLACES)
def test_a_dwelling_that_is_nobodys_house_is_a_place(cell: str) -> None:
    made = judged(people(避難所=cell))
    assert "odd-rows" not in codes(made)
    assert len(made.content.tables[0].rows) == 12


@pytest.mark.parametrize("cell", [*HOUSES, *BIRTHDAYS])
def test_somebodys_house_or_birthday_is_no_place(cell: str) -> None:
    made = judged([*people(30), *people(1, 避難所=cell)])
    assert "odd-rows" in codes(made)
    assert len(made.content.tables[0].rows) == 30
    assert cell not in str(made)


def test_a_column_of_days_may_say_any_day() -> None:
    from publisher.review.misfits import misfits

    table = Table("", ("開設日", "受付番号", "避難所"), [("2011/3/11", "1999-1-2", "2011/3/11"), ("1999-1-2生", "2", "本町小学校 2026/11/27")], [2, 3])
    assert misfits(table, [0, 1, 2]) == {2: frozenset({"2011/3/11"})}


@given(st.lists(st.text("透析校館様方宅自1-２番地号室 　、\ndvＤV骨折aー", max_size=6), max_size=8))
def test_remarks_are_looked_at_together_as_they_are_one_by_one(cells: list[str]) -> None:
    from publisher.review.misfits import _is_harmless, _wide, misfits

    made = Table("", ("避難所",), [(cell,) for cell in cells], list(range(len(cells))))
    alone = frozenset(cell for cell in cells if cell.strip() and not _is_harmless(_wide(cell)))
    assert misfits(made, [0]) == ({0: alone} if alone else {})


LONG = ["(", ")", "(あ", "（一", "(1", "(他1", "一", "1", "12", "1960", "荘あ", " 妻", "妻 ", "の妻", "の", " ", "　", "、一", " 一郎の妻", "/1", "町", "昭和", " s3", "同意", "公表", "電話で", "×", "無", "ほか", "ほか1", "(旧姓", "先生", "班長", "花子 ", "本町1-", "〇", "様", "さん", "九-"]


@pytest.mark.parametrize("said", LONG)
def test_a_cell_of_32_000_characters_takes_no_longer_than_many_short_ones(said: str) -> None:
    from publisher.review import answers, behind, dwellings, likeness

    cell = (said * 32_000)[:32_000]
    start = time.process_time()
    behind.says_more(cell)
    dwellings.says_dwelling(cell)
    behind.lines_with_more(f"籠鳥　花子{cell}\n雀　一郎\n{cell}（九十）")
    for asked in (answers.agrees, answers.may_agree, answers.refuses, answers.denies, answers.asks_consent):
        asked(cell)
    likeness.further([cell, f"籠鳥　花子{cell}", f"{cell}籠鳥花子"])
    likeness.former_names([cell, f"籠鳥　花子（旧姓 {cell}"])
    likeness.turned(cell, cell)
    assert time.process_time() - start < 1
