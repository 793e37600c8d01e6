"""Who is taken off a list stays off it, however the next edition writes them, and nobody else goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.model import Table
from publisher.review.called import called
from publisher.review.restrict import (
    People,
    Restriction,
    Restrictions,
    born,
    digest,
    homes,
    lives,
    restriction,
)

KEY = b"k" * 32
COLUMNS = ("受付番号", "氏名", "フリガナ", "生年月日", "住所", "避難所")
ROW = ("17", "髙橋　茂", "タカハシ　シゲル", "昭和40年3月1日", "汐見市本町3丁目4番5号", "高台公民館")


def table(*rows: tuple[str, ...], columns: tuple[str, ...] = COLUMNS) -> Table:
    return Table("", columns, rows, range(2, len(rows) + 2))


def restricted(row: tuple[str, ...] = ROW, columns: tuple[str, ...] = COLUMNS, key: str | None = None) -> Restrictions:
    return Restrictions(KEY, (restriction("r1", KEY, People(table(row, columns=columns), key).person(row)),))


def hidden(*rows: tuple[str, ...], by: Restrictions, columns: tuple[str, ...] = COLUMNS, key: str | None = None) -> list[int]:
    return list(People(table(*rows, columns=columns), key).hidden(by))


def changed(**cells: str) -> tuple[str, ...]:
    return tuple((dict(zip(COLUMNS, ROW, strict=True)) | cells).values())


@pytest.mark.parametrize(
    "row",
    [
        changed(),
        changed(受付番号="900"),
        changed(氏名="高橋茂"),
        changed(氏名="髙橋 茂 様"),
        changed(氏名="髙橋\U000e0101　茂"),
        changed(フリガナ="ﾀｶﾊｼ ｼｹﾞﾙ", 氏名=""),
        changed(フリガナ="たかはし　しげる"),
        changed(生年月日="1965/3/1", 住所=""),
        changed(生年月日="S40.3.1", 住所="汐見市浜町1"),
        changed(生年月日="１９６５年０３月０１日"),
        changed(生年月日="", 住所="汐見市本町３－４－５"),
        changed(生年月日="", 住所="青森県汐見市本町三丁目4-5"),
        changed(生年月日="", 住所=""),
        changed(避難所="別の避難所"),
    ],
)
def test_is_found_again(row: tuple[str, ...]) -> None:
    assert hidden(changed(氏名="別の 人", フリガナ="ベツノ ヒト"), row, by=restricted()) == [1]


ADDRESSES = (
    "青森県汐見市本町3丁目4番5号", "汐見市本町三丁目4-5", "本町3-4-5", "本町３丁目", "汐見市本町", "本町3-4-5 コーポ汐見201号室", "〒039-0000 青森県汐見市本町3-4", "汐見市大字本町3-4-5",
    "汐見市", "青森県", "不明", "同上", "",
)  # fmt: skip


@pytest.mark.parametrize("birth", ["", "不明", "昭和40年", "40/3/1"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_not_said_or_said_shortly_contradicts_nothing(address: str, birth: str) -> None:
    """The person came back when the address was written in another way and the birthday was left out of one of the editions."""
    later = changed(住所=address, 生年月日=birth)
    assert hidden(later, by=restricted()) == [0]
    assert hidden(ROW, by=restricted(later)) == [0]
    assert hidden(changed(住所=address), by=restricted(changed(生年月日=birth))) == [0]
    assert hidden(changed(住所=address, 氏名=ROW[2], フリガナ=ROW[1], 生年月日=birth), by=restricted()) == [0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("汐見市大字山田字川端12", "川端12番地"),
        ("上閉伊郡大槌町安渡1-2", "大槌町安渡"),
        ("大槌町3-4", "岩手県上閉伊郡大槌町3番4号"),
        ("札幌市中央区北一条西二丁目3", "北1条西2丁目"),
        ("三条市本町十二丁目1", "本町12-1"),
        ("仙台市青葉区一番町3-4", "一番町3"),
        ("四日市市諏訪町1-5", "三重県四日市市諏訪町"),
        ("東京都千代田区丸の内1-1", "丸の内1丁目1番"),
        ("京都市中京区寺町通御池上る上本能寺前町488", "上本能寺前町488番地"),
        ("汐見市内", "汐見市本町3-4-5"),
    ],
)
def test_addresses_of_one_place(one: str, other: str) -> None:
    for before, after in ((one, other), (other, one)):
        assert hidden(changed(生年月日="", 住所=after), by=restricted(changed(住所=before))) == [0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (changed(氏名=""), changed(生年月日="", 住所="本町")),
        (changed(氏名="タカハシ　シゲル", フリガナ=""), changed(生年月日="", 住所="本町")),
        (changed(氏名="タカハシ　シゲル"), changed(生年月日="", 住所="本町")),
        (changed(フリガナ=""), changed(生年月日="", 住所="本町")),
        (changed(), changed(フリガナ="", 生年月日="", 住所="本町")),
        (changed(), changed(氏名="タカハシ　シゲル", フリガナ="髙橋　茂", 住所="")),
        (changed(), changed(氏名="タカハシ　シゲル", フリガナ="髙橋　茂", 住所="浜町1-1")),
    ],
)
def test_a_name_in_another_column_or_only_read(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    assert hidden(after, by=restricted(before)) == [0]
    assert hidden(before, by=restricted(after)) == [0]


def judged(*rows: tuple[str, ...], by: Restrictions) -> tuple[list[int], list[int]]:
    found, alike = People(table(*rows)).judged(by)
    return list(found), alike


def test_of_somebody_of_the_same_name_who_is_shown_staff_are_told() -> None:
    others = (
        changed(生年月日="昭和41年3月1日", 住所="浜町1"),
        changed(生年月日="", 住所="汐見市浜町1-1"),
        changed(生年月日="", 住所="汐見市本町3丁目4番6号"),
        changed(生年月日="", 住所="", フリガナ="タカハシ　シゲキ"),
    )
    strangers = (changed(氏名="髙橋　繁", 生年月日="", 住所="浜町1"), changed(氏名="別の　人", フリガナ="ベツノ　ヒト"))
    assert judged(*others, *strangers, ROW, by=restricted()) == ([6], [0, 1, 2, 3])


def test_a_restriction_of_the_first_form_holds_as_it_did() -> None:
    """What was put on record before has no digests of what could contradict."""
    new = restricted().entries[0]
    old = Restrictions(KEY, (Restriction(new.id, frozenset(digest(KEY, parts) for parts in FIRST), False),))
    assert hidden(ROW, changed(住所=""), changed(生年月日="", 住所=""), by=old) == [0, 1, 2]
    assert judged(changed(生年月日="", 住所="本町"), by=old) == ([], [0])
    assert hidden(changed(生年月日="", 住所="本町"), by=Restrictions(KEY, (*old.entries, new))) == [0]


FIRST = [
    (who, name, *said)
    for who, name in (("name", "高橋茂"), ("reading", "タカハシシゲル"))
    for said in ((), ("birth", "19650301"), ("address", "汐見市本町3-4-5"))
]


def test_every_digest_is_bound_to_a_name() -> None:
    """Who has the key learns the town of a person only when they know the name already."""
    person = People(table(ROW)).person(ROW)
    assert all(parts[1] in person.forms for parts in person.parts())


@pytest.mark.parametrize(
    "row",
    [
        changed(生年月日="昭和40年3月2日", 住所="汐見市浜町1-1"),
        changed(生年月日="昭和40年3月2日", 住所="汐見市本町"),
        changed(生年月日="昭和40年3月2日", 住所=""),
        changed(生年月日="", 住所="汐見市浜町1-1"),
        changed(生年月日="", 住所="本町3-4-6"),
        changed(生年月日="", 住所="本町33"),
        changed(氏名="髙橋　薫", フリガナ="タカハシ　カオル"),
        changed(氏名="髙橋　繁", フリガナ="タカハシ　シゲル", 生年月日="", 住所="汐見市浜町9-9"),
        changed(氏名="", フリガナ=""),
    ],
)
def test_somebody_else_stays(row: tuple[str, ...]) -> None:
    assert hidden(row, by=restricted()) == []


def test_the_number_finds_whose_name_was_mended() -> None:
    by = restricted(key="受付番号")
    mended = changed(氏名="高梁　滋", フリガナ="タカハシ　ジ", 生年月日="1966/1/1", 住所="")
    assert hidden(mended, by=by, key="受付番号") == [0]
    assert hidden(mended, by=by) == []
    assert hidden(changed(受付番号="１８"), by=by, key="受付番号") == [0]


def test_where_only_names_are_known_the_name_is_enough() -> None:
    columns = ("氏名", "フリガナ", "避難所")
    row = ("髙橋　茂", "タカハシ　シゲル", "高台公民館")
    by = restricted(row, columns)
    assert hidden(("高橋茂", "", "x"), ("高橋茂", "タカハシシゲル", "x"), ("高橋茂", "タカハシシゲ", "x"), by=by, columns=columns) == [0, 1]


def test_family_and_given_names_in_columns_of_their_own() -> None:
    columns = ("姓", "名", "生年月日")
    by = restricted(("髙橋", "茂", "S40.3.1"), columns)
    assert hidden(("高橋　茂", "1965-03-01"), by=by, columns=("氏名", "生年月日")) == [0]


@given(st.text(max_size=20))
def test_forms_are_stable(text: str) -> None:
    assert homes(text) == homes(f"　{text} ")
    for form in (called, born, lives):
        assert form(text) == form(f"　{text} ")


def test_nothing_of_a_person_can_be_read_from_a_restriction() -> None:
    told = repr(restricted())
    assert not any(cell in told for cell in ("髙橋", "高橋", "タカハシ", "本町", "1965", "kkk"))


@pytest.mark.parametrize(("wanted", "rows"), [("行3", [1]), ("3", [1]), ("３行目", [1]), ("髙橋　茂", [0, 2]), ("たかはししげる", [0, 2]), ("佐藤", [])])
def test_whom_an_official_means(wanted: str, rows: list[int]) -> None:
    people = People(table(ROW, changed(氏名="磯貝　航", フリガナ="イソガイ　ワタル"), changed(住所="x")))
    assert people.find(wanted) == rows


def test_a_number_of_the_key_column_goes_before_a_row_number() -> None:
    people = People(table(changed(受付番号="3"), changed(受付番号="2")), "受付番号")
    assert (people.find("2"), people.find("行2"), people.find("９")) == ([1], [0], [])
