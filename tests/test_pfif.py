"""PFIF 1.4 in and out: every field, secure XML, expiry honoured, and nothing that the pages do not show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.editions import pfif as out
from publisher.errors import SettingsError, Unreadable
from publisher.model import Held, PageKind, PublicTable, TableKind, Workbook
from publisher.readers import read
from publisher.readers.pfif import COLUMNS, NOTE_COLUMNS
from publisher.readers.pfif_records import (
    NAMESPACE,
    NOTE,
    PERSON,
    PLACEHOLDER,
    NotPfif,
    Person,
    expire,
    moment,
    parse,
    stamp,
    wiped,
    write,
)
from publisher.review import review
from publisher.review.lapse import lapse
from publisher.settings import load
from tests.town import START, TOML, Town, make_town

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
ORIGIN = out.Origin("saigai.example.jp", "汐見市", "汐見市 災害情報", "https://saigai.example.jp/t/hinansha/index.html")

characters = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
texts = st.text(characters | st.sampled_from("\n<>&\"']]>𠮷髙﨑"), min_size=1, max_size=30).map(str.strip).filter(bool)


def records(names: tuple[str, ...], always: tuple[str, ...] = ()) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(dict.fromkeys(always, texts), optional={name: texts for name in names if name not in always})


@st.composite
def people(draw: st.DrawFn) -> list[Person]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        fields = {**draw(records(PERSON, ("full_name", "source_date"))), "person_record_id": f"example.org/p{number}"}
        found.append(Person(fields, tuple(draw(st.lists(records(NOTE), max_size=3)))))
    return found


# --- the format ---------------------------------------------------------------------------------------------------


@given(people())
def test_round_trip_keeps_every_field_of_people_and_notes(persons: list[Person]) -> None:
    assert parse(write(persons)) == persons


def test_the_real_example(real: Path) -> None:
    (file,) = real.rglob("pfif-1.4_test.xml")
    (person,) = parse(file.read_bytes())
    assert set(person.fields) == set(PERSON) - {"expiry_date"}
    assert person.fields["home_city"] == "_test_home_city"
    assert person.fields["full_name"] == "_test_full_name1\n_test_full_name2"
    assert len(person.notes) == 4
    assert set(person.notes[0]) == set(NOTE)
    assert parse(write([person])) == [person]


def test_older_versions_and_notes_that_stand_beside_their_person() -> None:
    data = b"""<?xml version="1.0"?><pfif xmlns="http://zesty.ca/pfif/1.2"><person><person_record_id>a/1</person_record_id>
    <first_name>Taro</first_name><last_name>Yamada</last_name><home_zip>000</home_zip><other>tall</other></person>
    <note><note_record_id>a/n</note_record_id><person_record_id>a/1</person_record_id><found>true</found><text>ok</text></note></pfif>"""
    (person,) = parse(data)
    assert person.fields == {
        "person_record_id": "a/1", "given_name": "Taro", "family_name": "Yamada", "home_postal_code": "000", "description": "tall", "full_name": "Taro Yamada",
    }  # fmt: skip
    assert person.notes == ({"note_record_id": "a/n", "person_record_id": "a/1", "author_made_contact": "true", "text": "ok"},)


EXTERNAL = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><pfif:pfif xmlns:pfif="{}"><pfif:person><pfif:full_name>&e;</pfif:full_name></pfif:person></pfif:pfif>'
LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><pfif:pfif xmlns:pfif="{}"><pfif:person><pfif:full_name>&b;</pfif:full_name></pfif:person></pfif:pfif>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (EXTERNAL.format(NAMESPACE).encode(), "dtd"),
        (LAUGHS.format(NAMESPACE).encode(), "dtd"),
        (LAUGHS.format(NAMESPACE).encode("utf-16"), "dtd"),
        (b"<rss><channel/></rss>", "other"),
        (b'<pfif xmlns="http://example.org/pfif"/>', "other"),
        (b'<pfif:pfif xmlns:pfif="http://zesty.ca/pfif/1.4"><pfif:person>', "broken"),
        (b"not xml", "broken"),
        (b'<p:pfif xmlns:p="http://zesty.ca/pfif/1.4"><p:person><p:full_name>a<p:b/>c</p:full_name></p:person></p:pfif>', "broken"),
        (b'<p:pfif xmlns:p="http://zesty.ca/pfif/1.4"><p:person><p:full_name>' + b"a" * 100_001 + b"</p:full_name></p:person></p:pfif>", "large"),
    ],
    ids=["external", "laughs", "laughs-utf16", "rss", "namespace", "cut", "text", "markup", "long"],
)  # fmt: skip
def test_what_is_no_pfif_or_tries_something_is_refused_in_words(data: bytes, code: str) -> None:
    with pytest.raises(NotPfif) as caught:
        parse(data)
    assert caught.value.code == code
    with pytest.raises(Unreadable) as told:
        read("名簿/受信.xml", data, NOW)
    assert told.value.problem.todo
    assert told.value.problem.where == "名簿/受信.xml"


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda t: f'<p:pfif xmlns:p="{NAMESPACE}">{t}</p:pfif>'.encode("utf-8", "replace")))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        parse(data)
    except NotPfif:
        pass


def test_moments() -> None:
    assert moment("2011-03-14T00:00:00Z") == datetime(2011, 3, 14, tzinfo=UTC)
    assert moment("2011-03-14T09:00:00+09:00") == datetime(2011, 3, 14, tzinfo=UTC)
    assert moment("2011-02-30T00:00:00Z") is None
    assert moment("yesterday") is None
    assert stamp(datetime(2011, 3, 14, 9, tzinfo=ZoneInfo("Asia/Tokyo"))) == "2011-03-14T00:00:00Z"


def test_an_expired_record_is_wiped_to_identifier_and_dates() -> None:
    whole = Person(
        {**dict.fromkeys(PERSON, "x"), "person_record_id": "a/1", "expiry_date": "2026-11-01T00:00:00Z", "source_date": "2026-10-01T00:00:00Z"},
        ({"note_record_id": "n", "text": "t"},),
    )
    (left,) = expire([whole], NOW)
    assert left == wiped(whole)
    assert set(left.fields) == set(PLACEHOLDER)
    assert left.notes == ()
    assert parse(write([left])) == [left]
    assert b"full_name" not in write([left])
    assert list(expire([whole], datetime(2026, 10, 2, tzinfo=UTC))) == [whole]


# --- in -------------------------------------------------------------------------------------------------------------


def person(number: int, name: str, **more: str) -> Person:
    fields = {"person_record_id": f"other.example/{number}", "full_name": name, "source_date": "2026-11-20T03:00:00Z", **more}
    return Person(fields, ({"note_record_id": f"n{number}", "status": "believed_alive", "last_known_location": "東小", "text": "元気", "source_date": "2026-11-21T03:00:00Z"},))


def test_people_become_a_table_with_japanese_columns() -> None:
    book = read("受信.xml", write([person(1, "汐見 太郎", sex="male", age="40-49", home_city="汐見市", expiry_date="2026-12-01T00:00:00Z"), person(2, "汐見 花子")]), NOW)
    assert isinstance(book, Workbook)
    (table,) = book.tables
    rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert rows[0]["氏名"] == "汐見 太郎"
    assert rows[0]["性別"] == "男"
    assert rows[0]["安否"] == "無事との情報"
    assert rows[0]["最後に確認された場所"] == "東小"
    assert "郵便番号" not in table.columns
    assert table.as_of == datetime(2026, 11, 21, 12, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert table.ends == (datetime(2026, 12, 1, tzinfo=UTC), None)


def test_without_a_profile_people_are_held() -> None:
    data = write([person(n, f"汐見 花{n}") for n in range(3)])
    assert isinstance(review("受信.xml", read("受信.xml", data, NOW), None, "r", False), Held)
    bare = write([Person({"person_record_id": f"a/{n}", "source_date": "2026-01-01T00:00:00Z", "description": "背が高い"}) for n in range(3)])
    assert isinstance(review("受信.xml", read("受信.xml", bare, NOW), None, "r", False), Held)


def test_expired_people_are_left_out_and_counted_without_names() -> None:
    book = read("受信.xml", write([person(1, "汐見 太郎", expiry_date="2026-11-01T00:00:00Z"), person(2, "汐見 花子")]), NOW)
    assert [row[0] for row in book.tables[0].rows] == ["汐見 花子"]
    (warning,) = book.warnings
    assert warning.code == "expired-records"
    assert "太郎" not in str(warning)


def test_rows_lapse_at_their_moment() -> None:
    book = read("受信.xml", write([person(1, "汐見 太郎", expiry_date="2026-11-24T00:00:00Z"), person(2, "汐見 花子", expiry_date="2026-11-25T00:00:00Z")]), NOW)
    same, due = lapse(book, NOW)
    assert len(same.tables[0].rows) == 2
    assert due == datetime(2026, 11, 24, tzinfo=UTC)
    left, due = lapse(book, datetime(2026, 11, 24, tzinfo=UTC))
    assert [row[0] for row in left.tables[0].rows] == ["汐見 花子"]
    assert due == datetime(2026, 11, 25, tzinfo=UTC)
    assert lapse(left, datetime(2027, 1, 1, tzinfo=UTC)) == (left, None) or not lapse(left, datetime(2027, 1, 1, tzinfo=UTC))[0].tables[0].rows


# --- out ------------------------------------------------------------------------------------------------------------


def roll(*rows: tuple[str, ...], columns: tuple[str, ...] = ("氏名", "フリガナ", "住所", "年齢", "避難所"), **more: object) -> PublicTable:
    settings: dict[str, object] = {"personal": True, "reading": 1, "group": 4, "pfif": {}, "lasts": timedelta(days=40), **more}
    return PublicTable("hinansha", "避難者名簿", TableKind.EVACUEES, columns, list(rows), len(rows), **settings)  # type: ignore[arg-type]


def test_a_roll_as_pfif() -> None:
    table = roll(("汐見 太郎", "シオミ タロウ", "宮城県汐見市本町", "60代", "東小"), ("髙﨑 𠮷", "タカサキ", "汐見市浜町", "10歳未満", "西小"))
    one, two = parse(out.document(table, NOW, ORIGIN))
    assert {k: v for k, v in one.fields.items() if k != "person_record_id"} == {
        "entry_date": "2026-11-23T03:00:00Z", "expiry_date": "2027-01-02T03:00:00Z", "author_name": "汐見市", "source_name": "汐見市 災害情報",
        "source_date": "2026-11-23T03:00:00Z", "source_url": ORIGIN.url, "full_name": "汐見 太郎", "alternate_names": "シオミ タロウ", "age": "60-69",
        "home_state": "宮城県", "home_city": "汐見市", "home_neighborhood": "本町",
    }  # fmt: skip
    assert one.fields["person_record_id"].startswith("saigai.example.jp/hinansha.")
    (note,) = one.notes
    assert (note["status"], note["last_known_location"], note["text"]) == ("believed_alive", "東小", "避難先: 東小")
    assert two.fields["full_name"] == "髙﨑 𠮷"
    assert two.fields["age"] == "0-9"


def test_identifiers_stay_when_somebody_moves_and_differ_for_namesakes() -> None:
    def ids(table: PublicTable) -> list[str]:
        return [p.fields["person_record_id"] for p in parse(out.document(table, NOW, ORIGIN))]

    here = ids(roll(("汐見 太郎", "シオミ", "汐見市本町", "60代", "東小")))
    assert ids(roll(("汐見 太郎", "シオミ", "汐見市本町", "60代", "西小"))) == here
    twins = ids(roll(*[("汐見 太郎", "シオミ", "汐見市本町", "60代", "東小")] * 2))
    assert len(set(twins)) == 2


def test_columns_without_a_field_become_the_description_and_the_profile_may_say_which() -> None:
    table = roll(("汐見 太郎", "シオミ", "体育館", "9班"), columns=("ご芳名", "フリガナ", "部屋", "班"), group=None, pfif={"full_name": "ご芳名", "last_known_location": "部屋"})
    (person,) = parse(out.document(table, NOW, ORIGIN))
    assert person.fields["full_name"] == "汐見 太郎"
    assert person.notes[0]["last_known_location"] == "体育館"
    assert person.fields["description"] == "班: 9班"


@pytest.mark.parametrize(("cell", "age"), [("67歳", "67"), ("６７", "67"), ("10歳未満", "0-9"), ("90歳以上", "90-120"), ("30〜39", "30-39"), ("不明", "")])
def test_ages(cell: str, age: str) -> None:
    (person,) = parse(out.document(roll(("汐見 太郎", "シオミ", "", cell, "")), NOW, ORIGIN))
    assert person.fields.get("age", "") == age


@given(st.lists(st.tuples(*[texts] * 3), min_size=1, max_size=5))
def test_what_goes_out_comes_in_again(rows: list[tuple[str, ...]]) -> None:
    table = roll(*((a, b, "", "", c) for a, b, c in rows))
    book = read("受信.xml", out.document(table, NOW, ORIGIN), NOW + timedelta(days=1))
    (back,) = book.tables
    places = [back.columns.index(column) for column in ("氏名", "フリガナ・別名", "最後に確認された場所")]
    assert [tuple(row[p] for p in places) for row in back.rows] == rows


def test_missing_people_are_missing() -> None:
    table = PublicTable("fumei", "安否不明者", TableKind.MISSING, ("氏名",), [("汐見 太郎",)], 1, personal=True, pfif={})
    (person,) = parse(out.document(table, NOW, ORIGIN))
    assert person.notes[0]["status"] == "believed_missing"
    assert "expiry_date" not in person.fields


# --- in a town ----------------------------------------------------------------------------------------------------------

ROLL = (
    "氏名,フリガナ,住所,年齢,避難所,公表同意,閲覧制限,電話番号\n"
    "汐見 太郎,シオミ タロウ,汐見市本町3丁目4番5号,67,東小,同意する,,090-1111-2222\n"
    "隠田 花子,カクレダ ハナコ,汐見市浜町1-2,30,西小,同意しない,,090-3333-4444\n"
)


def with_pfif(root: Path) -> Town:
    town = make_town(root)
    (root / "publisher.toml").write_text(TOML.replace('expires = "40d"', 'expires = "40d"\npfif = true'), encoding="utf-8")
    return town


def test_a_town_offers_what_its_pages_show_and_nothing_else(tmp_path: Path) -> None:
    town = with_pfif(tmp_path)
    town.drop("避難者名簿/名簿.csv", ROLL)
    town.build()
    data = town.files()["t/hinansha/hinansha.pfif.xml"]
    (person,) = parse(data)
    assert person.fields["full_name"] == "汐見 太郎"
    assert person.fields["home_neighborhood"] == "本町"
    for secret in ("隠田", "カクレダ", "090", "3丁目", "4番", "67"):
        assert secret.encode() not in data
    assert 'href="hinansha.pfif.xml"' in town.page("t/hinansha/index.html")
    with town.desk() as opened:
        record = opened.ledger.pages.get("t/hinansha/hinansha.pfif.xml")
        assert record is not None
        assert record.personal
        assert record.kind is PageKind.DATA


def test_without_the_word_of_the_profile_there_is_no_pfif(tmp_path: Path) -> None:
    town = make_town(tmp_path)
    town.drop("避難者名簿/名簿.csv", ROLL)
    town.build()
    assert not [path for path in town.files() if path.endswith(".pfif.xml")]


def test_a_dropped_pfif_is_a_roll_and_its_records_go_when_their_time_comes(tmp_path: Path) -> None:
    town = make_town(tmp_path)
    toml = TOML.replace('publish = ["氏名", "フリガナ", "住所", "年齢", "避難所"]', 'publish = ["氏名", "年齢", "最後に確認された場所"]')
    toml = toml.replace('mask = { "住所" = "town", "年齢" = "band" }\n', "").replace('reading = "フリガナ"\n', "")
    toml = toml.replace('consent = { column = "公表同意", yes = ["同意する"] }\nwithhold = { column = "閲覧制限", unless = [""] }\n', 'consent = "all"\n')
    (tmp_path / "publisher.toml").write_text(toml, encoding="utf-8")
    until = stamp(START + timedelta(hours=2))
    people = [
        Person({**p.fields, "source_date": "2036-03-11T03:00:00Z", "age": "67"}, tuple({**n, "source_date": "2036-03-11T03:00:00Z"} for n in p.notes))
        for p in (person(1, "汐見 太郎", expiry_date=until), person(2, "汐見 花子"))
    ]
    town.drop("避難者名簿/受信.xml", write(people))
    town.build()
    page = town.page("t/hinansha/index.html")
    assert "汐見 太郎" in page
    assert "汐見 花子" in page
    assert "60代" in page
    town.now = START + timedelta(hours=3)
    town.build()
    everything = b"".join(town.files().values())
    assert "汐見 太郎".encode() not in everything
    assert "汐見 花子".encode() in everything


@pytest.mark.parametrize(
    ("line", "word"),
    [('pfif = "はい"', "pfif"), ('pfif = { full_nam = "氏名" }', "full_name"), ('pfif = { full_name = "電話番号" }', "publish"), ("pfif = 1", "true"), ('pfif = { full_name = 1 }', "true")],
)
def test_slips_in_the_setting_are_told(tmp_path: Path, line: str, word: str) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "publisher.toml").write_text(TOML.replace('expires = "40d"', line), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert word in str(caught.value.problem)


def test_copies_need_an_end(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "publisher.toml").write_text(TOML.replace('expires = "40d"', "pfif = true"), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert "expires" in str(caught.value.problem)


def test_the_file_goes_with_the_roll(tmp_path: Path) -> None:
    town = with_pfif(tmp_path)
    town.drop("避難者名簿/名簿.csv", ROLL)
    town.build()
    assert "t/hinansha/hinansha.pfif.xml" in town.files()
    town.now = START + timedelta(days=41)
    town.build()
    assert "t/hinansha/hinansha.pfif.xml" not in town.files()
    assert "汐見 太郎".encode() not in b"".join(town.files().values())


def test_places_are_no_people(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    toml = TOML.replace('kind = "evacuees"', 'kind = "shelters"').replace('expires = "40d"', "pfif = true")
    (tmp_path / "publisher.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path)
    assert "名簿" in str(caught.value.problem)


def test_columns_are_told_apart() -> None:
    names = [*COLUMNS.values(), *NOTE_COLUMNS.values()]
    assert len(set(names)) == len(names)
