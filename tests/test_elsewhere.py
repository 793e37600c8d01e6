"""Lists of people outside of the folder of rolls: they are held under whatever word they stand, what is no list of people is not, and no message says a name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from publisher.pipeline.build import write_staff_page
from publisher.readers.delimited import read_delimited
from publisher.review.privacy import Looks, look
from tests.town import make_town

TWO_THIRDS = [family + given for i, given in enumerate(("花子", "一郎", "茂", "洋子", "薫", "光", "勇", "恵")) for family in (("佐藤", "籠鳥", "鈴木") if i % 2 else ("田中", "磯貝", "高橋"))]
"""As common as the names of a town: of three family names two are in the list of the program."""

RARE = ["籠鳥花子", "磯貝一郎", "汐田洋子", "浜野光恵", "雀海渡", "赤松和馬", "白砂美香"]
"""Families of which none is in the list."""

PEOPLE = [
    "搬送者", "救急搬送者", "帰宅困難者", "救助者", "要救助者", "孤立者", "避難者一覧", "入所者一覧", "入居者", "利用者", "宿泊者", "退所者", "罹災者", "り災者", "要援護者", "犠牲者", "生存者",
    "飼い主", "飼主", "受取人", "来訪者", "安否不明", "行方不明", "行方不明者（敬称略）", "名簿", "搬送者名", "宿泊者の名前", "①入居者", "参加者名簿",
]  # fmt: skip


def under(header: str, cells: Sequence[str], beside: str = "済") -> Looks:
    return look(["番号", header, "状況"], [(str(i), cell, beside) for i, cell in enumerate(cells)])


# --- lists of people ---


@pytest.mark.parametrize("header", PEOPLE)
def test_people_under_a_plain_word(header: str) -> None:
    seen = under(header, TWO_THIRDS)
    assert seen.personal and seen.columns == (1,)


@pytest.mark.parametrize("header", ["搬送者", "利用者", "名簿"])
def test_people_of_rare_families(header: str) -> None:
    assert under(header, RARE).personal


@pytest.mark.parametrize("cells", [["佐藤花子"], ["籠鳥花子", "佐藤一郎"], ["佐藤花子、籠鳥一郎", "雀海渡"], [f"{name}（{i}）" for i, name in enumerate(TWO_THIRDS, 20)], [f"{name}様" for name in TWO_THIRDS]])
def test_few_people_and_several_in_a_cell(cells: list[str]) -> None:
    assert under("犠牲者", cells).personal


def test_a_list_without_a_header() -> None:
    """The first person stands where the header is looked for."""
    first, rest = RARE[0], TWO_THIRDS
    assert under(first, rest).personal


# --- what is no list of people ---

WORDS = [
    ("利用者", ["一般", "職員", "児童", "高齢者", "一般", "職員"]),
    ("利用者", ["小学生", "中学生", "高校生", "大学生", "一般", "外国人"]),
    ("対象者", ["3歳以上", "小学生以下", "市内在住", "市内在勤", "高齢者", "障がい者"]),
    ("避難者数", ["12", "130", "0", "45人", "不明", "8"]),
    ("避難者数（人）", ["12", "130", "0", "45", "3", "8"]),
    ("帰宅困難者", ["○", "×", "○", "受入可", "受入不可", "満員"]),
    ("帰宅困難者", ["120", "300", "約50", "0", "調査中", "45"]),
    ("搬送者", ["2名", "0名", "1名", "不明", "3名", "確認中"]),
    ("犠牲者", ["なし", "2人", "確認中", "なし", "1人", "不明"]),
    ("行方不明", ["0", "1", "調査中", "0", "2", "なし"]),
    ("要援護者", ["有", "無", "受入有", "受入無", "要相談", "別途協議"]),
    ("入居者", ["募集中", "満室", "空室有", "募集終了", "入居可", "抽選中"]),
    ("名簿", ["整備済", "未整備", "作成中", "整備済", "あり", "なし"]),
    ("宿泊者", ["市職員", "応援職員", "ボランティア", "自衛隊", "消防団", "医療班"]),
    ("飼い主", ["同室可", "同室不可", "別室", "要ケージ", "同伴可", "屋外のみ"]),
    ("受取人", ["本人のみ", "代理可", "世帯員", "代理可", "家族", "要委任状"]),
]


@pytest.mark.parametrize(("header", "cells"), WORDS)
def test_words_and_numbers_under_the_same_headers(header: str, cells: list[str]) -> None:
    shelters = ["高橋小学校", "佐藤公民館", "田中体育館", "中村会館", "山田中学校", "石川集会所"]
    assert not look(["避難所", header, "電話番号"], list(zip(shelters, cells, ["0900-11-2233"] * 6, strict=True))).personal


def test_places_that_are_called_like_families() -> None:
    places = ["高橋小学校", "佐藤公民館", "田中", "山田", "石川", "中村", "吉田東", "山口一丁目", "小林二区"]
    assert not look(["地区", "避難者", "世帯数"], [(place, str(i), str(i)) for i, place in enumerate(places)]).personal
    assert not under("避難所", [f"{place}公園" for place in places]).personal


def test_facilities_with_who_is_in_charge() -> None:
    columns = ["施設名", "所在地", "管理者", "担当課", "利用者", "電話番号"]
    rows = [(f"第{i}公園", f"汐見市本町{i}番地", name, "公園緑地課", "一般", "0900-11-2233") for i, name in enumerate(TWO_THIRDS)]
    seen = look(columns, rows)
    assert not seen.personal and seen.roles == (2,)


# --- what messages say of a list without a header ---

READ = [("籠鳥花子", "カゴドリハナコ"), ("磯貝一郎", "イソガイイチロウ"), ("汐田洋子", "シオタヨウコ"), ("浜野光恵", "ハマノミツエ"), ("雀海渡", "スズメカイト"), ("赤松和馬", "アカマツカズマ"), ("白砂美香", "シラスナミカ")]


def said(tmp_path: Path, rows: Sequence[Sequence[str]], path: str = "お知らせ/一覧.csv", extra: str = "") -> str:
    """Everything that staff and other programs are told of a file."""
    town = make_town(tmp_path, extra)
    town.drop(path, "".join(",".join(row) + "\r\n" for row in rows).encode())
    with town.desk() as opened:
        report = town.build_at(opened)
        write_staff_page(opened, report, town.now)
    return json.dumps(report.as_json(), ensure_ascii=False) + (town.content / "_状況.html").read_text(encoding="utf-8")


def nobody(text: str) -> bool:
    """Whether a text says no name of those people."""
    return not any(name in text for pair in READ for name in pair)


ROWS = {
    "plain": [(*pair, str(30 + i)) for i, pair in enumerate(READ)],
    "spaced": [(f"{name[:2]}　{name[2:]}", f"{reading[:4]}　{reading[4:]}", "女") for name, reading in READ],
    "telephones": [(*pair, f"090-1234-567{i}") for i, pair in enumerate(READ)],
    "birthdays": [(*pair, f"19{40 + 6 * i}/1/{i + 1}") for i, pair in enumerate(READ)],
    "illness": [(f"{name}さん（喘息）", "高台小", "済") for name, _ in READ],
    "twice": [("済", READ[0][0], READ[0][0], READ[0][1]), *[("済", name, name, reading) for name, reading in READ[1:]]],
}  # fmt: skip


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_no_message_quotes_the_first_person_as_a_header(tmp_path: Path, rows: list[tuple[str, ...]]) -> None:
    told = said(tmp_path, rows)
    assert nobody(told) and "籠鳥" not in told
    assert "個人の情報に見えます" in told and "番目の列" in told


@pytest.mark.parametrize("path", ["避難者名簿/名簿.csv", "施設/一覧.csv"])
def test_nor_in_the_folder_of_a_profile(tmp_path: Path, path: str) -> None:
    extra = '\n[[tables]]\nname = "施設"\npath = "施設"\nslug = "shisetsu"\nkind = "open"\n'
    assert nobody(said(tmp_path, [*ROWS["birthdays"], ("渡辺花子", "ワタナベハナコ", "090-1234-5678")], path, extra))


def test_the_same_name_twice_is_told_by_the_letter_of_the_column(noon: datetime) -> None:
    made = read_delimited("x.csv", "籠鳥花子,籠鳥花子,カゴドリハナコ\n雀海渡,雀海渡,スズメカイト\n汐田洋子,汐田洋子,シオタヨウコ\n".encode(), noon)
    told = [one for one in made.warnings if one.code == "same-name"]
    assert [("（2列目）" in one.what, "籠鳥" in f"{one}") for one in told] == [(True, False)]


def test_headers_that_are_words_are_quoted() -> None:
    assert "「氏名」" in look(["氏名", "年齢"], [(name, "30") for name, _ in READ]).reasons[0]
    assert "「搬送者」" in under("搬送者", TWO_THIRDS).reasons[0]
    cells = [f"{name}さん（喘息）" for name, _ in READ]
    assert "「備考」" in look(["避難所", "備考"], [("高台小", cell) for cell in cells]).reasons[0]
