"""Lists of people outside of the folder of rolls: they are held under whatever word they stand, what is no list of people is not, and no message says a name."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from publisher.review.privacy import Looks, look

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
