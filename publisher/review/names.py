"""Names that a roll keeps in two columns, family and given, as the one name by which people look for each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from publisher.model import PublicTable
from publisher.patterns import pattern
from publisher.values import replace

# Headers of LGDPM's roster, 被災者支援システム and PFIF 1.4, and their like.
_FAMILY = pattern(r"(?:氏名|名前|被災者)?[_(]?(?:姓|氏|苗字|名字)\)?|family_?name|last_?name")
_GIVEN = pattern(r"(?:氏名|名前|被災者)?[_(]?名\)?|given_?name|first_?name")
_READING = r"(?:カナ|かな|フリガナ|ふりがな|よみ|読み|kana)"
_FAMILY_READING = pattern(
    rf"(?:氏名)?{_READING}[_(]?(?:姓|氏|セイ|せい)\)?|(?:姓|氏)[_(]?{_READING}\)?|セイ|せい|alternate_family_?name|(?:family|last)_?name_?kana"
)
_GIVEN_READING = pattern(
    rf"(?:氏名)?{_READING}[_(]?(?:名|メイ|めい)\)?|名[_(]?{_READING}\)?|メイ|めい|alternate_given_?name|(?:given|first)_?name_?kana"
)
NAME, READING = "氏名", "フリガナ"


def joined(table: PublicTable) -> PublicTable:
    """The roll with 氏名 for a pair of family and given name, and フリガナ for their readings; as it is when it has no such pair."""
    if not table.personal:
        return table
    for family, given, title in ((_FAMILY_READING, _GIVEN_READING, READING), (_FAMILY, _GIVEN, NAME)):
        table = _pair(table, family, given, title)
    return table


def _pair(table: PublicTable, family: re.Pattern[str], given: re.Pattern[str], title: str) -> PublicTable:
    first, second = _one(table.columns, family), _one(table.columns, given)
    if first is None or second is None or first == second or any(_plain(column) == title for column in table.columns):
        return table
    kept = [place for place in range(len(table.columns)) if place != second]

    def moved(place: int | None) -> int | None:
        return None if place is None else kept.index(first if place == second else place)

    def cells(row: tuple[str, ...]) -> tuple[str, ...]:
        whole = " ".join(filter(None, (row[first].strip(), row[second].strip())))
        return tuple([whole if place == first else row[place] for place in kept])

    return replace(
        table,
        columns=tuple(title if place == first else table.columns[place] for place in kept),
        rows=[cells(row) for row in table.rows],
        reading=moved(table.reading),
        group=moved(table.group),
    )


def _one(columns: Sequence[str], wanted: re.Pattern[str]) -> int | None:
    """The only column of this name: where there are two, nobody knows which belongs to which."""
    found = [place for place, column in enumerate(columns) if wanted.fullmatch(_plain(column))]
    return found[0] if len(found) == 1 else None


def _plain(column: str) -> str:
    return "".join(unicodedata.normalize("NFKC", column).split()).lower()
