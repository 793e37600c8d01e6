"""People who live with somebody who must not be found: who knows the child finds the mother.

A mark (閲覧の制限) is often made in one row of a household only. Rows with the same number of a household (世帯番号) are not shown either, unless two addresses with
numbers of houses and two family names say that these are two households: some shelters number theirs from 1. That somebody does not want to be
published (同意しない) says nothing of the others.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from publisher.model import Table
from publisher.patterns import pattern
from publisher.review.answers import is_ditto
from publisher.review.headers import Meaning, narrow
from publisher.review.homes import Homes
from publisher.review.remarks import key
from publisher.review.restrict import People
from publisher.values import field, frozen, record

_COLUMN = pattern(r"(?:世帯|家族|household|family)[^数員人]{0,8}?(?:番号|通番|連番|id|no\b|no\.|no$|コード|code|number|#|ナンバー)")
_NONE = pattern(r"人数|世帯数|電話|携帯|tel|phone|郵便|口座|保険|個人番号|マイナンバー|住民票|宛名|(?:続柄|区分|類型|種別|種類|構成)(?:コード|code|番号|no)")
"""In the names of columns whose numbers are of something else, or of kinds."""
_BARE = pattern(r"世帯")
"""A column whose digits may be the number of a household, or of the people in it."""
_AROUND = pattern(r"^(?:第|no\.?|#)+|(?:世帯|番号|番|号)+$|\.0+$")
_NUMBER = pattern(r"(?!0*$|9{3,}$)\S*\d\S*")
_DIGIT = pattern(r"[\d一二三四五六七八九十壱弐参]")
_CIRCLED = pattern("[①-⑳]")
"""Behind the number, which of the household it is."""
_LONGEST = 40
"""Characters of a cell beyond which it is no number."""

ANYWHERE = None
"""In place of the name of a sheet: a hidden sheet has no households of its own."""

LARGEST = 20
"""People under one number up to whom it is that of a household; where more have it, the address or the family name has to agree."""


def columns(table: Table) -> list[int]:
    """The places of the columns with the numbers of households."""
    return [c for c, name in enumerate(table.columns) if _is_column(name)]


def has_numbers(table: Table) -> bool:
    """Whether a table numbers its households, be it in a hidden column."""
    return bool(columns(table)) or any(one.letter and _is_column(one.name) for one in table.beside)


def _is_column(name: str) -> bool:
    said = _bare(name)
    return _BARE.fullmatch(said) is not None or (_COLUMN.search(said) is not None and _NONE.search(said) is None)


def _bare(name: str) -> str:
    """The name of a column in one form; between its parts the reader may have put a line (世帯_番号)."""
    return key(narrow(name)).replace("_", "")


@frozen
class _Member:
    """What a row says of its household: the sheet (ANYWHERE: of all), the address and the family name, "" where it says none."""

    sheet: str | None
    address: str = field(repr=False)
    family: str = field(repr=False)


@record
class Households:
    """Those of people who must not be found: number → who is known of it."""

    known: dict[str, set[_Member]] = field(default_factory=dict, repr=False)
    _homes: Homes = field(default_factory=Homes, repr=False)

    def add(self, table: Table, people: People, rows: Iterable[int], sheet: str | None) -> list[int]:
        """Notes the households of these rows; those of which nobody can tell it. ``sheet``: the name of the table's, or ANYWHERE."""
        numbered = list(self._numbers(table, people)) if has_numbers(table) else []
        untold = []
        for i in rows if numbered else ():
            told = [numbers[i] for numbers in numbered if numbers[i]]
            for number in told:
                self.known.setdefault(number, set()).add(_member(people, i, sheet))
            if not told:
                untold.append(i)
        return untold

    def among(self, table: Table, people: People) -> list[int]:
        """The rows of a table that are of one of these households."""
        if not self.known or not has_numbers(table):
            return []
        found: set[int] = set()
        for numbers in self._numbers(table, people):
            many = {told for told, count in Counter(numbers).items() if count > LARGEST}
            found.update(i for i, told in enumerate(numbers) if told in self.known and self._is_of(told, _member(people, i, table.name), told not in many))
        return sorted(found)

    def _is_of(self, told: str, one: _Member, is_small: bool) -> bool:
        return any(self._are_one(known, one, is_small) for known in self.known[told])

    def _are_one(self, known: _Member, one: _Member, is_small: bool) -> bool:
        said = self._homes.agree(known.address, one.address)
        if said is False and not (_has_digit(known.address) and _has_digit(one.address)):
            said = None  # シェルター, 知人宅 and the name of a town contradict nothing
        family = bool(one.family) and one.family == known.family
        if said is None:
            return family or (is_small and known.sheet in (one.sheet, ANYWHERE))
        return said or (family and is_small and known.sheet in (one.sheet, ANYWHERE))

    def _numbers(self, table: Table, people: People) -> Iterator[list[str]]:
        """Of each column with such numbers, that of each row."""
        for place in columns(table):
            yield self._read(table, people, [row[place] for row in table.rows], _BARE.fullmatch(_bare(table.columns[place])) is not None)
        for one in table.beside:
            if one.letter and _is_column(one.name):
                yield self._read(table, people, [one.cells.get(line, "") for line in table.lines], False)

    def _read(self, table: Table, people: People, cells: Sequence[str], is_bare: bool) -> list[str]:
        """The numbers in one form. A mark of repetition, and a blank cell below somebody of the same address or beside none, stand for the number above:
        often the head of a household alone has both."""
        known = {cell: _number(cell, is_bare) for cell in set(cells)}
        ditto = {cell for cell in known if is_ditto(key(cell))}
        found: list[str] = []
        above = ""
        for i, cell in enumerate(cells):
            told = known[cell]
            if above and (cell in ditto or (not cell.strip() and _address(people, i) in ("", _address(people, i - 1)))):
                told = above
            found.append(told)
            above = told
        return found


def _number(text: str, is_bare: bool) -> str:
    if len(text) > _LONGEST:
        return ""
    said = key(_CIRCLED.sub("", text))
    before = None
    while said != before:
        before, said = said, _AROUND.sub("", said)
    if not _NUMBER.fullmatch(said) or (is_bare and not said.isdecimal()):
        return ""
    return said.lstrip("0")


def _member(people: People, row: int, sheet: str | None) -> _Member:
    return _Member(sheet, _address(people, row), _family(people.texts(Meaning.NAME)[row]))


def _address(people: People, row: int) -> str:
    return people.texts(Meaning.ADDRESS)[row] + people.texts(Meaning.HOUSE)[row]


def _has_digit(text: str) -> bool:
    return _DIGIT.search(key(text)) is not None


def _family(name: str) -> str:
    """The family name, where a space ends it; else the first two letters."""
    words = unicodedata.normalize("NFKC", name).split()
    return words[0] if len(words) > 1 else "".join(words)[:2]
