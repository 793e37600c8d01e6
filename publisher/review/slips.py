"""Rows of a roll that have slipped by a cell, told by columns that are not published: a telephone number that says 女, an illness in the place of a shelter.

Who deletes a cell in a spreadsheet moves all that stand behind it; what is published then may be the cell beside it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from publisher.model import Table
from publisher.patterns import pattern
from publisher.review.headers import Meaning, meaning

_SEX = "(?:男|女)(?:性|の子)?|m|f"
_PHONE = r"[(（]?0\d{1,4}[)）-]\d{1,4}-\d{3,4}"
_CANNOT: Mapping[Meaning, re.Pattern[str]] = {
    Meaning.SEX: pattern(r"^(?:(?:[^\d\n]*\d){3}|[^@\n]*@).*$", re.MULTILINE),
    Meaning.PHONE: pattern(rf"^(?:{_SEX})$", re.MULTILINE),
    Meaning.BIRTH: pattern(rf"^(?:{_SEX}|(?=[^\d\n]*[県市町村])[^\d\n]*\d.*|{_PHONE})$", re.MULTILINE),
    Meaning.AGE: pattern(rf"^(?:{_SEX}|{_PHONE})$", re.MULTILINE),
}
"""What a cell of such a column cannot be, however it is filled. Free words are no sign: people write 不明 and 本人希望 anywhere."""
_PRIVATE = (Meaning.HEALTH, Meaning.NATIONALITY, Meaning.HOUSEHOLD)
_SAYS_NOTHING = pattern(r"[-ー－―×○〇]|無し?|なし|有り?|あり|不明|その他|未|済|確認中|良好|\d*")


def with_slipped(table: Table, found: Mapping[int, frozenset[str]], shown: Collection[int]) -> dict[int, frozenset[str]]:
    """What does not fit in the columns that are shown (``misfits``), and the cells of any column that say that their row has slipped."""
    every = dict(found)
    for place, cells in [*_impossible(table, shown), *private(table, shown)]:
        every[place] = every.get(place, frozenset()) | cells
    return every


def _impossible(table: Table, shown: Collection[int]) -> list[tuple[int, frozenset[str]]]:
    """Cells of columns that are not shown which cannot be what their column says."""
    found = []
    for place, name in enumerate(table.columns):
        cannot = _CANNOT.get(meaning(name)) if place not in shown else None  # type: ignore[arg-type]
        if cannot is None:
            continue
        values = {row[place] for row in table.rows}
        if cannot.search(unicodedata.normalize("NFKC", "\n".join(map(str.strip, values))).lower()):  # all at once: mostly there is none
            found.append((place, frozenset(value for value in values if cannot.fullmatch(_wide(value)))))
    return [(place, cells) for place, cells in found if cells]


def private(table: Table, shown: Collection[int]) -> list[tuple[int, frozenset[str]]]:
    """Cells of shown columns that stand more often in a column of illness, nationality or kin: they are none of the column they stand in."""
    about = [meaning(name) for name in table.columns]
    elsewhere = Counter(row[place].strip() for place, what in enumerate(about) if what in _PRIVATE and place not in shown for row in table.rows)
    elsewhere = Counter({value: count for value, count in elsewhere.items() if _SAYS_NOTHING.fullmatch(_wide(value)) is None})
    found = []
    for place in [place for place in shown if about[place] is None] if elsewhere else []:
        said = Counter(row[place] for row in table.rows)
        wrong = frozenset(value for value, count in said.items() if elsewhere[value.strip()] > count)
        if wrong:
            found.append((place, wrong))
    return found


def may_tell(columns: Sequence[str], shown: Collection[int]) -> list[int]:
    """The columns on all of whose cells it hangs what ``private`` says; none where it says nothing."""
    about = [meaning(name) for name in columns]
    told = [place for place, what in enumerate(about) if what in _PRIVATE and place not in shown]
    return [*told, *(place for place in shown if about[place] is None)] if told else []


def _wide(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).split()).lower()
