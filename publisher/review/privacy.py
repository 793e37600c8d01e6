"""Does a table look as if it were about people?

The rule, for tables that no profile allows (fail closed about people, open about places):

1. *Names of columns that only lists of people have* hold a table when they are filled: 個人番号,
生年月日, 氏名 (and
   姓, 被災者名, full_name …), 世帯番号・世帯主・続柄, 公表同意・閲覧制限・避難者番号 and the like.
2. *Cells that read like people's names* (a family name with a given name, or readings of two words) hold
it together with
   a reading, age, sex, telephone, mail, address, illness or household column; alone when nearly all cells
   are names, or some are below a word for people (搬送者, 利用者, 名簿): of the families of a town a third may be in no list.
3. *Age and sex with address, illness or nationality* hold it, unless the table counts people.
4. *Mobile numbers* (070/080/090) hold it when there are three or more of them, or one beside names.
5. *One cell* holds it that says a name with a mobile number, or a name with an illness: remarks tell more than their table does.

Shelters, hospitals, AEDs and counters have none of these: 名称 with 名称_カナ, 住所 with house numbers,
電話番号 of land lines, 連絡先
and 団体名 are what residents need. People named by their office (担当者, 代表者) are told to staff as a
warning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from zlib import crc32

from publisher.patterns import pattern
from publisher.review import persons
from publisher.review.headers import Meaning, lists_people, meaning
from publisher.review.headers import narrow as narrow_name
from publisher.review.leaks import any_ill_by_name, are_entries, mobile_beside_name
from publisher.values import field, frozen

_SAMPLE = 1500
_SORTED = 200_000
"""Different cells from which sorting them all would take longer than anything else of the review."""
_FEW_ENTRIES = 2
_WORDS = pattern(r"備考|特記(?:事項)?|摘要|メモ|内容|状況|状態|その他|コメント|番号|no\.?|地区|区分|(?:避難所名?|施設名?|名称)(?:_?(?:カナ|かな|フリガナ|ふりがな|読み))?|要望")
_TOLD, _SHOWN = 200, 30
"""Rows, and characters of a cell, that tell whether people stand in a column of which a message speaks."""
_SOME, _MOST, _ONCE, _SEVERAL = 0.3, 0.6, 0.8, 5
_NUMBER_ALONE = 13
"""Characters of a mobile number; a cell without more says no name."""
_STRONG = (Meaning.MY_NUMBER, Meaning.BIRTH, Meaning.RECORD)
_STRONG_HOUSEHOLD = pattern(r"世帯(?:番号|主|コード|員)|続柄|household|family_head")
_BUILT = pattern(r"建|設|竣工|しゅん|完成|指定|登録|年度|創立|開|認可|更新|築|施行|制定|発行|届|期限|有効")
_COUNTING = pattern(r"(?:人数|人口|件数|総数|計|者数|世帯数)(?:\(.*\))?$")
_CALLED = frozenset(("名前", "なまえ", "name"))
_BESIDE_NAMES = (
    Meaning.READING,
    Meaning.AGE,
    Meaning.SEX,
    Meaning.PHONE,
    Meaning.EMAIL,
    Meaning.ADDRESS,
    Meaning.HOUSE,
    Meaning.HEALTH,
    Meaning.HOUSEHOLD,
    Meaning.NATIONALITY,
    Meaning.BIRTH,
)


@frozen
class Looks:
    """What was noticed: ``columns`` are the personal ones (indexes), ``reasons`` say why; ``roles`` name
    people by office.
    """

    columns: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()
    roles: tuple[int, ...] = ()
    mobiles: tuple[int, ...] = ()

    @property
    def personal(self) -> bool:
        return bool(self.reasons)


@frozen
class _Column:
    index: int
    name: str
    meaning: Meaning | None
    values: tuple[str, ...]
    names: bool
    listed: bool
    """Its name says that people are listed, or is one of them: a list without a header."""
    kana: bool
    mobiles: int
    cells: frozenset[str] = field(compare=False, repr=False)
    """All that are different; ``values`` is a sample of them."""


def look(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Looks:
    """Judges a table by its column names and its cells; see the module's rule."""
    seen = [_column(c, name, rows) for c, name in enumerate(columns)]
    found: dict[int, None] = {}
    reasons: list[str] = []

    def hold(why: str, *which: _Column) -> None:
        found.update(dict.fromkeys(column.index for column in which))
        listed = "、".join(header(columns, rows, column.index) for column in which)
        reasons.append(f"{why}（{listed}）")

    for column in seen:
        if column.values and _is_strong(column):
            hold(f"{column.meaning.value}の列", column)
    traits = any(c.meaning in (Meaning.AGE, Meaning.SEX) and c.values for c in seen)
    names = [
        c
        for c in seen
        if c.values and (c.meaning is Meaning.NAME or _called(c, traits)) and not persons.numeric(c.values)
    ]
    if names:
        hold("氏名の列", *names)
    _by_names(seen, names, hold)
    _by_traits(seen, hold)
    _by_mobiles(seen, hold)
    _by_cells(seen, hold)
    roles = tuple(c.index for c in seen if c.meaning is Meaning.ROLE and c.names)
    mobiles = tuple(c.index for c in seen if c.mobiles)
    return Looks(tuple(sorted(found)), tuple(reasons), roles, mobiles)


def header(columns: Sequence[str], rows: Sequence[Sequence[str]], place: int) -> str:
    """A column for a message: by its name, but by its place where people stand below a name that is no word for them. It may be that of the first one,
    in a list without a header."""
    name = columns[place]
    if meaning(name) is not None or lists_people(name) or narrow_name(name) in _CALLED or _WORDS.fullmatch(narrow_name(name)):
        return persons.quoted(name)
    told = [cell for cell in (row[place] for row in rows[:_TOLD]) if cell]
    people = persons.share(lambda cell: _of_somebody(cell[:_SHOWN]), told) >= _SOME or _of_somebody(name)
    return f"左から{place + 1}番目の列" if people else persons.quoted(name)


def _of_somebody(cell: str) -> bool:
    """Whether a cell begins with what may be somebody's name, in whichever letters."""
    first = persons.first_word(cell)
    return any(
        test(text) for text in (cell, first) for test in (persons.names_somebody, persons.could_be_name, persons.is_family_name, persons.is_kana_name, persons.is_joined_kana)
    )


def _called(column: _Column, traits: bool) -> bool:
    """Places are called 名前 too: it is people who have an age or a sex, or whose names are like people's."""
    if narrow_name(column.name) not in _CALLED:
        return False
    return traits or persons.share(persons.is_name, column.values) >= 0.5


def _column(index: int, name: str, rows: Sequence[Sequence[str]]) -> _Column:
    distinct = frozenset(row[index] for row in rows) - {""}
    sample = _sample(distinct)
    about = meaning(name)
    texts = [value for value in sample if len(value) <= 30]
    enough = (
        0.5 if len(texts) >= 5 else 0.66 if len(texts) >= 3 else 1.0
    )  # a few cells may look like names by chance
    is_people = (
        persons.share(persons.is_name, texts) >= enough and len(texts) * 2 >= len(sample) and len(texts) >= 2
    )
    is_listed = lists_people(name) or persons.could_be_name(name)
    if is_listed and not is_people:
        is_people = _lists(sample, sum(1 for row in rows if row[index]))
    is_kana = persons.share(persons.is_kana_name, texts) >= 0.6 and len(texts) >= 2
    whole = (
        persons.narrow("\n".join(distinct))
        if any("0" in v or "０" in v or "+" in v for v in distinct)
        else ""
    )
    mobiles = len(set(persons.MOBILE.findall(whole))) if whole else 0
    return _Column(index, name, about, sample, is_people, is_listed, is_kana, mobiles, distinct)


def _lists(values: Sequence[str], entries: int) -> bool:
    """Whether the cells below a word for people are their names. Kinds of people (一般, 職員) are named again and again, a person is once."""
    if persons.share(persons.names_somebody, values) >= _SOME:
        return True
    return len(values) >= _SEVERAL and len(values) >= entries * _ONCE and persons.share(persons.could_be_name, values) >= _MOST


def _sample(distinct: frozenset[str]) -> tuple[str, ...]:
    """Some of the cells, always the same ones: the verdict must hang neither on the order of a set nor on that of the rows."""
    step = max(1, len(distinct) // _SAMPLE)
    if len(distinct) < _SORTED:
        return tuple(sorted(distinct)[::step])
    return tuple(sorted(cell for cell in distinct if crc32(cell.encode("utf-8", "replace")) % step == 0))


def _is_strong(column: _Column) -> bool:
    if column.meaning in _STRONG:
        return True
    return (
        column.meaning is Meaning.HOUSEHOLD and _STRONG_HOUSEHOLD.search(narrow_name(column.name)) is not None
    )


def _by_names(seen: Sequence[_Column], named: Sequence[_Column], hold: Callable[..., None]) -> None:
    if named:
        return
    like = [c for c in seen if (c.names or c.kana) and c.meaning not in (Meaning.ROLE, Meaning.NAME)]
    beside = [c for c in seen if c not in like and c.values and (c.meaning in _BESIDE_NAMES or _trait(c))]
    if like and beside:
        hold("人の名前と読める列と、その人に関する列", *like, *beside)
        return
    alone = [
        c
        for c in like
        if (c.listed and c.names)
        or (len(c.values) >= 5 and persons.share(persons.is_name, c.values) >= 0.8)
        or persons.share(persons.is_sure_name, c.values) == 1.0
    ]
    if alone:
        hold("人の名前と読める列", *alone)
    # Many towns are called like families, so family names alone say nothing; beside sex or birthdays they do.
    families = [
        c for c in seen if len(c.values) >= 3 and persons.share(persons.is_family_name, c.values) >= 0.6
    ]
    traits = [c for c in seen if c.values and c not in families and _trait(c)]
    if families and traits and not like:
        hold("人の姓と読める列と、その人に関する列", *families, *traits)


def _trait(column: _Column) -> bool:
    """Sex or dates of birth, told by the cells alone."""
    if column.kana or persons.sexes(column.values):
        return True
    return _BUILT.search(column.name) is None and persons.birth_dates(column.values)


def _by_traits(seen: Sequence[_Column], hold: Callable[..., None]) -> None:
    filled = [c for c in seen if c.values]
    ages = [c for c in filled if c.meaning is Meaning.AGE]
    sexes = [c for c in filled if persons.sexes(c.values)]
    rest = [
        c
        for c in filled
        if c.meaning in (Meaning.ADDRESS, Meaning.HEALTH, Meaning.NATIONALITY, Meaning.HOUSEHOLD)
    ]
    counts = any(_COUNTING.search(narrow_name(c.name)) and persons.numeric(c.values) for c in filled)
    if ages and sexes and rest and not counts:
        hold("一人ひとりの年齢・性別などの列", *ages, *sexes, *rest)


def _by_mobiles(seen: Sequence[_Column], hold: Callable[..., None]) -> None:
    mobile = [c for c in seen if c.mobiles]
    people = any(c.names or c.kana or c.meaning is Meaning.NAME for c in seen)
    if mobile and (people or sum(c.mobiles for c in mobile) >= 3):
        hold("携帯電話の番号の列", *mobile)


def _by_cells(seen: Sequence[_Column], hold: Callable[..., None]) -> None:
    for column in seen:
        if column.mobiles and any(mobile_beside_name(cell) for cell in column.cells if len(cell) > _NUMBER_ALONE):
            hold("人の名前と携帯電話の番号が並ぶセル", column)
        if are_entries(column.cells, _FEW_ENTRIES):
            hold("一人ひとりのことが並ぶセル", column)
        if any_ill_by_name(column.cells):
            hold("人の名前と体のことなどが並ぶセル", column)
