"""The next edition of a large roll is read by what differs from the former one: the answer must be the one that reading all of it gives."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache
from itertools import chain
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from publisher.editions import tables
from publisher.editions.tables import Ready
from publisher.editions.tables.columns import form, layout
from publisher.editions.tables.history.count import WIDTH, tally
from publisher.editions.tables.known import Known, Made
from publisher.model import (
    Bulletin,
    Card,
    Category,
    Head,
    Kind,
    Multiset,
    PublicTable,
    PublicWorkbook,
    State,
    TableKind,
)
from publisher.pipeline import sequel as module
from publisher.pipeline.examine import Answer, Question, examine
from publisher.pipeline.memory import Memory
from publisher.pipeline.sequel import Former, former, likened, sequel, worth_remembering
from publisher.review.restrict import Restriction, Restrictions
from publisher.settings.values import Consent, TableProfile, Withhold
from tests.samples import frame

NOW = datetime(2036, 3, 11, 15, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
COUNT = module.HEAD + 400
HEADER = "番号,氏名,フリガナ,住所,年齢,避難所,公表同意,閲覧制限"
PROFILE = TableProfile(
    name="避難者名簿", path="避難者名簿", slug="hinansha", kind=TableKind.EVACUEES, publish=("氏名", "フリガナ", "住所", "年齢", "避難所"),
    mask={"住所": "town", "年齢": "band"}, consent=Consent("公表同意", ("同意する",)), withhold=Withhold("閲覧制限", ("",)), reading="フリガナ",
)  # fmt: skip
QUESTION = Question("避難者名簿/名簿.csv", NOW, PROFILE, "hinansha", False, NOW)
KANA = "アイウエオカキクケコサシスセソタチツテトナニハヒフヘホマミムメモヤユヨラリルレロワ"


@pytest.fixture(autouse=True)
def small_rolls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST", 1_000)


KANJI = "佐藤鈴木高橋田中伊渡辺山本村小林加吉髙斎"


def person(number: int, shelter: int = 0, consent: str = "同意する", more: str = "") -> str:
    name = KANA[number % 40] + KANA[number // 40 % 40] + "　" + KANA[number // 3 % 40] + KANA[number // 11 % 40]
    written = KANJI[number % 20] + KANJI[number // 40 % 20] + name[2:]  # 佐藤 stands for several readings, and many people share it
    return f"{number},{written},{name},汐見市本町1-2-{number % 90},{20 + number % 60}歳,第{shelter or number % 60}小学校,{consent},{more}"


LINES = [HEADER, *map(person, range(COUNT))]


def bytes_of(lines: list[str], encoding: str = "utf-8-sig", end: str = "\r\n") -> bytes:
    return (end.join(lines) + end).encode(encoding)


@cache
def remembered(data: bytes) -> Former:
    answer, content = examine(QUESTION, data)
    assert worth_remembering(QUESTION, answer, content), answer
    assert isinstance(content, PublicWorkbook)
    return former("f" * 64, answer, content.tables[0], made(answer, content))


def made(answer: Answer, content: PublicWorkbook) -> Made:
    """What the pages make of the rows, but for what only an edition's pages say."""
    assert answer.digest is not None
    roll = Ready(content.tables[0]).roll
    by_row = {row: roll.digests[place] for place, row in enumerate(roll.order)}
    digests = b"".join(by_row[row] for row in range(len(roll.order)))
    identities = answer.digest.tallies[0][1][: WIDTH * len(roll.order)]
    pointers = Multiset.of(["佐藤yosie satoyosie"] * 3 + ["田中 tanaka"])
    whole = form(content.tables[0], layout(content.tables[0]))
    ways = {"s": {"第1小学校": (b"said", ("第1小学校", "", "", "", 0, 7, (("<", "ア", "", "", 0, 7, (), ""),), ""))}}
    return Made(whole, identities, digests, *roll.parts, roll.order, {}, {}, roll.order, range(len(roll.order)), pointers, ways)


def check(first: list[str], second: list[str], write: Callable[[list[str]], bytes] = bytes_of) -> None:
    """There is a sequel, and it says what reading all of it says."""
    data = write(first)
    found = sequel(QUESTION, write(second), remembered(data), lambda _: data)
    assert found is not None
    answer, content = examine(QUESTION, write(second))
    assert isinstance(content, PublicWorkbook)
    assert (found.answer, found.content) == (answer, content)
    table = content.tables[0]
    assert found.content.tables[0].shown == table.shown
    whole, carried = Ready(table).roll, Ready(found.content.tables[0], found.known).roll
    assert carried.known is not None
    assert (list(carried.order), carried.keys, carried.digests.whole) == (list(whole.order), whole.keys, whole.digests.whole)
    assert (list(carried.parts[0]), list(carried.parts[1])) == (list(whole.parts[0]), list(whole.parts[1]))


def edited(seed: int) -> list[str]:
    """People come, go, move, agree and disagree, anywhere in the file; some stand twice, but nobody is marked in one row only."""
    chance = random.Random(seed)
    lines = LINES[1:]
    for step in range(chance.choice((1, 20, 300))):
        at, number = chance.randrange(len(lines)), chance.randrange(COUNT)
        what = chance.randrange(5)
        if what == 0:
            del lines[at]
        elif what == 1:
            lines.insert(at, person(COUNT + number, shelter=chance.randint(1, 60)))
        elif what == 2:
            lines[at] = person(2 * COUNT + step, consent=chance.choice(("", "同意しない", "同意する")), more=chance.choice(("", "DV")))
        elif what == 3:
            lines.append(person(number))
        else:
            lines[at] = person(number, shelter=chance.randint(1, 60))
    return [HEADER, *lines]


@pytest.mark.parametrize("seed", range(8))
def test_a_sequel_is_what_reading_all_of_it_gives(seed: int) -> None:
    check(LINES, edited(seed))


@pytest.mark.parametrize(("at", "line"), [(7, person(7, more="DV")), (-1, person(COUNT - 9, consent="同意しない")), (300, person(2, more="有"))])
def test_somebody_who_is_marked_in_a_second_row_is_for_a_whole_reading(at: int, line: str) -> None:
    """The row that stood alone until then must go; afterwards both hang together, and editions go on as before."""
    data, marked = bytes_of(LINES), [*LINES[:at], line, *LINES[at:]]
    assert sequel(QUESTION, bytes_of(marked), remembered(data), lambda _: data) is None
    answer, content = examine(QUESTION, bytes_of(marked))
    assert "marked-elsewhere" in [one.code for one in answer.problems] and isinstance(content, PublicWorkbook)
    assert content.tables[0].withheld == 2
    check(marked, [*marked[:50], person(COUNT + 77), *marked[50:]])
    assert sequel(QUESTION, data, remembered(bytes_of(marked)), lambda _: bytes_of(marked)) is None


def test_a_mark_in_a_column_that_says_nothing_of_the_person_is_seen() -> None:
    """DV beside a telephone number."""
    lines = [HEADER + ",電話番号", *(line + "," for line in LINES[1:])]
    victim = LINES[5200].split(",")
    data, second = bytes_of(lines), bytes_of([*lines, f"99999,{victim[1]},{victim[2]},,,,同意しない,,DV 連絡不可"])
    assert sequel(QUESTION, second, remembered(data), lambda _: data) is None
    assert "marked-elsewhere" in [one.code for one in examine(QUESTION, second)[0].problems]


@pytest.mark.parametrize("more", ["_x000D_", "\x07"])
def test_a_name_that_is_read_otherwise_than_it_stands_is_for_a_whole_reading(more: str) -> None:
    name = person(7).split(",")[1]
    data, second = bytes_of(LINES), bytes_of([*LINES[:300], person(7, more="DV").replace(name, name + more), *LINES[300:]])
    assert sequel(QUESTION, second, remembered(data), lambda _: data) is None
    assert "marked-elsewhere" in [one.code for one in examine(QUESTION, second)[0].problems]


def test_two_new_rows_of_which_one_is_marked() -> None:
    check(LINES, [*LINES[:40], person(COUNT + 5), *LINES[40:90], person(COUNT + 5, more="DV"), *LINES[90:]])


def test_somebody_who_is_named_in_the_row_of_another_is_for_a_whole_reading() -> None:
    name = person(COUNT).split(",")[1]
    first, named = person(COUNT, consent=""), person(9).replace("第9小学校", f"第9小学校（{name}と同室）")
    for data, second in (([*LINES, first], [*LINES[:10], named, *LINES[11:], first]), ([*LINES[:10], named, *LINES[11:]], [*LINES[:10], named, *LINES[11:], first])):
        assert sequel(QUESTION, bytes_of(second), remembered(bytes_of(data)), lambda _, data=data: bytes_of(data)) is None
        assert "mentions" in [one.code for one in examine(QUESTION, bytes_of(second))[0].problems]


def test_between_any_two_editions() -> None:
    check(edited(100), edited(101))


def test_nothing_changed() -> None:
    check(LINES, LINES)


@pytest.mark.parametrize(("encoding", "end"), [("cp932", "\r\n"), ("utf-8", "\n")])
def test_in_any_encoding(encoding: str, end: str) -> None:
    check(LINES, edited(5), lambda lines: bytes_of(lines, encoding, end))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(person(1) + ",余り", id="a row that is too long"),
        pytest.param("7,氏名", id="a row that is too short"),
        pytest.param("", id="a blank line"),
        pytest.param(HEADER, id="the header again"),
        pytest.param(person(2).replace("汐見市", '"汐見市"'), id="a quote"),
        pytest.param(person(3).replace("ア", "090-1234-5678", 1), id="a telephone number"),
        pytest.param(person(4, more="123456789018"), id="an individual number"),
        pytest.param(person(4, more="111111111111"), id="any twelve digits"),
        pytest.param("※ 3月11日現在", id="a note"),
        pytest.param(person(5).replace("25歳", "女"), id="a cell of another column"),
        pytest.param(person(6).replace(KANA[6], "", 2).replace("　", ""), id="a reading that is none"),
    ],
)
@pytest.mark.parametrize("place", [30, module.HEAD + 100, COUNT + 1])
def test_what_is_out_of_the_ordinary_is_read_as_a_whole_or_comes_out_the_same(line: str, place: int) -> None:
    second = [*LINES[:place], line, *LINES[place:]]
    data = bytes_of(LINES)
    found = sequel(QUESTION, bytes_of(second), remembered(data), lambda _: data)
    if found is not None:
        assert (found.answer, found.content) == examine(QUESTION, bytes_of(second))


@pytest.mark.parametrize("digits", ["123456789018", "111111111111"])
def test_twelve_digits_are_never_read_in_part(digits: str) -> None:
    data = bytes_of(LINES)
    second = bytes_of([*LINES[: module.HEAD + 50], person(4, more=digits), *LINES[module.HEAD + 50 :]])
    assert sequel(QUESTION, second, remembered(data), lambda _: data) is None


def test_an_edition_with_twelve_digits_is_not_remembered() -> None:
    """Of many other numbers of twelve digits few look like individual numbers; with the next edition it may be more."""
    lines = [line + (f"{number:012}" if number < 9 else "") for number, line in enumerate(LINES)]
    answer, content = examine(QUESTION, bytes_of(lines))
    assert not worth_remembering(QUESTION, answer, content)


def test_a_row_that_slipped_by_what_others_say_is_told_by_all_of_them() -> None:
    """Of two cells ベトナム in the place of shelters nobody thought anything, as long as fewer of them stood under 国籍."""
    lines = [LINES[0] + ",国籍", *(f"{line},日本" for line in LINES[1:])]
    for at in (module.HEAD + 50, module.HEAD + 90):
        cells = lines[at].split(",")
        lines[at] = ",".join([*cells[:5], "ベトナム", *cells[6:]])
    before, more = bytes_of(lines), [f"{person(COUNT + n)},ベトナム" for n in range(3)]
    same = [*lines, *(f"{person(COUNT + n)},日本" for n in range(3))]
    assert sequel(QUESTION, bytes_of(same), remembered(before), lambda _: before) is not None
    assert sequel(QUESTION, bytes_of([*lines, *more]), remembered(before), lambda _: before) is None
    answer, content = examine(QUESTION, bytes_of([*lines, *more]))
    assert isinstance(content, PublicWorkbook)
    assert "odd-rows" in {one.code for one in answer.problems}
    assert not any("ベトナム" in row for row in content.tables[0].rows)


def test_other_columns_are_read_as_a_whole() -> None:
    data = bytes_of(LINES)
    for header in (HEADER.replace("閲覧制限", "備考"), HEADER.replace("番号", "時点")):
        assert sequel(QUESTION, bytes_of([header, *LINES[1:]]), remembered(data), lambda _: data) is None


def test_nobody_who_is_restricted_comes_through_a_sequel() -> None:
    """Somebody was taken off the list: whatever is remembered, everything is read again."""
    data = bytes_of(LINES)
    asked = replace(QUESTION, restrictions=Restrictions(b"k" * 16, (Restriction("1", frozenset(("x",))),)))
    assert sequel(asked, bytes_of(edited(1)), remembered(data), lambda _: data) is None


def test_too_many_new_rows_are_read_as_a_whole() -> None:
    data = bytes_of(LINES)
    assert sequel(QUESTION, bytes_of([HEADER, *(person(n, shelter=7) for n in range(COUNT))]), remembered(data), lambda _: data) is None


# --- its pages ---------------------------------------------------------------------------------------------------------


def pages_of(table: PublicTable, known: Known | None, monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, tuple[str, bytes]], Made | None]:
    """Every file with its key, and what is remembered of the rows."""
    monkeypatch.setattr(tables, "WORTH_SEVERAL", 1_000)
    card = Card("abc123", Kind.TABLE, f"t/{table.slug}/index.html", table.title, Category("名簿", "名簿", "m"), NOW, NOW, State.PUBLISHED)
    whole = Bulletin(card, (), (("ja", PublicWorkbook(Head(table.title), (table,))),))
    parts = tables.parts(whole, frame(), (Ready(table, known),))
    assert parts is not None
    made = {d.path: (d.key, d.render().body) for d in chain(parts.beside, *parts.editions, parts.names, parts.overviews)}
    identities = tally(PublicWorkbook(Head(""), (table,)))[0][1]
    return made, parts.made(identities[: WIDTH * len(table.rows)], parts.found())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_pages_of_a_sequel_are_those_of_the_whole(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through three editions: what the second one takes over, the third one takes over again."""
    data = bytes_of(LINES)
    before = remembered(data)
    assert before is not None
    _, content = examine(QUESTION, data)
    assert isinstance(content, PublicWorkbook)
    _, made = pages_of(content.tables[0], None, monkeypatch)
    for edition in range(2):
        assert made is not None
        assert set(made.ways) >= {"s"}
        data, former_data = bytes_of(edited(10 * seed + edition)), data
        found = sequel(QUESTION, data, replace(before, made=made), lambda _, text=former_data: text)
        assert found is not None
        table = found.content.tables[0]
        carried, made = pages_of(table, found.known, monkeypatch)
        whole, _ = pages_of(table, None, monkeypatch)
        assert carried.keys() == whole.keys()
        assert [path for path in whole if whole[path] != carried[path]] == []
        before = former("e" * 64, found.answer, table, made)


# --- the memory --------------------------------------------------------------------------------------------------------


def test_what_is_remembered_is_what_was_kept(tmp_path: Path) -> None:
    kept, memory = remembered(bytes_of(LINES)), Memory(tmp_path / "rolls")
    assert memory.of(QUESTION) is None
    memory.keep(QUESTION, kept)
    remains = memory.of(QUESTION)
    assert remains is not None
    found = remains.whole()
    assert (remains.sha256, remains.shown, remains.plain) == (kept.sha256, kept.shown, kept.plain)
    assert replace(found, rows=list(found.rows), made=kept.made) == replace(kept, rows=list(kept.rows))
    for name in Made.__slots__:
        assert list_of(getattr(found.made, name)) == list_of(getattr(kept.made, name)), name
    assert (tmp_path / "rolls" / "hinansha.roll").stat().st_mode & 0o77 == 0
    memory.forget(QUESTION.slug)
    assert memory.of(QUESTION) is None


def list_of(value: object) -> object:
    """With lists in place of arrays."""
    return list(map(list_of, value)) if hasattr(value, "__iter__") and not isinstance(value, (str, bytes, dict)) else value


@pytest.mark.parametrize("where", [0, 40, -1])
def test_a_damaged_memory_is_none(tmp_path: Path, where: int) -> None:
    memory = Memory(tmp_path)
    memory.keep(QUESTION, remembered(bytes_of(LINES)))
    (file,) = tmp_path.iterdir()
    data = bytearray(file.read_bytes())
    data[where] ^= 1
    file.write_bytes(data)
    assert memory.of(QUESTION) is None
    file.write_bytes(data[: len(data) // 2])
    assert memory.of(QUESTION) is None


def test_a_memory_of_other_rules_is_none(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.keep(QUESTION, remembered(bytes_of(LINES)))
    stricter = replace(PROFILE, publish=("フリガナ", "避難所"))
    assert memory.of(replace(QUESTION, profile=stricter)) is None
    assert memory.of(QUESTION) is not None


def test_a_memory_of_another_program_is_none(tmp_path: Path) -> None:
    Memory(tmp_path, "one").keep(QUESTION, remembered(bytes_of(LINES)))
    assert Memory(tmp_path, "another").of(QUESTION) is None
    assert Memory(tmp_path, "one").of(QUESTION) is not None


def test_a_dry_run_remembers_nothing() -> None:
    memory = Memory(None)
    memory.keep(QUESTION, remembered(bytes_of(LINES)))
    assert memory.of(QUESTION) is None


def test_a_roll_that_was_read_otherwise_is_known_by_its_rows() -> None:
    kept = remembered(bytes_of(LINES))
    _, content = examine(QUESTION, bytes_of(edited(3)))
    assert isinstance(content, PublicWorkbook)
    known = likened(kept, content.tables[0])
    assert known is not None
    assert 0 < len(known.fresh) < 40
    assert tally(content, known) == tally(content)
    assert Ready(content.tables[0], known).roll.keys == Ready(content.tables[0]).roll.keys


def test_of_other_columns_nothing_is_known() -> None:
    kept = remembered(bytes_of(LINES))
    _, content = examine(QUESTION, bytes_of(edited(3)))
    assert isinstance(content, PublicWorkbook)
    table = content.tables[0]
    assert likened(kept, replace(table, columns=("氏名", "フリガナ", "住所", "年代", "避難所"))) is None
    known = Known.of([-1] * len(table.rows), replace(kept.made, form="another"))
    assert Ready(table, known).roll.known is None
