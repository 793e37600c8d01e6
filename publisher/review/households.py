"""People who live with somebody who must not be found: who knows the child finds the mother.

A mark (閲覧の制限) is often made in one row of a household only. Rows with the same number of a household (世帯番号) are not shown either, unless the addresses say that
these are two households whose numbers happen to be the same: some shelters number their households from 1. That somebody does not want to be
published (同意しない) says nothing of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from publisher.model import Table
from publisher.patterns import pattern
from publisher.review.headers import Meaning, narrow
from publisher.review.homes import Homes
from publisher.review.restrict import People, number
from publisher.values import field, record

_COLUMN = pattern(r"世帯(?:番号|コード|id|no\.?|№)(?:\(.*\))?|household_?(?:id|no|number|code)")
_NUMBER = pattern(r"(?!0+$)[^\s]*\d[^\s]*")

ANYWHERE = None
"""In place of the name of a sheet: a hidden sheet has no households of its own."""

LARGEST = 20
"""People under one number up to whom it is that of a household; where more have it, only the same address tells one."""


def column(columns: Sequence[str]) -> int | None:
    """The place of the column with the numbers of households."""
    return next((c for c, name in enumerate(columns) if _COLUMN.fullmatch(narrow(name))), None)


@record
class Households:
    """Those of people who must not be found: number → the sheet in which it stands and the address ("": not said) of each.

    In another sheet the same number is that of the same household only where the address says so: each may be of one shelter.
    """

    known: dict[str, set[tuple[str | None, str]]] = field(default_factory=dict, repr=False)
    _homes: Homes = field(default_factory=Homes, repr=False)

    def add(self, table: Table, people: People, rows: Iterable[int], sheet: str | None) -> None:
        """Notes the households of these rows; ``sheet``: the name of the table's, or ANYWHERE."""
        place = column(table.columns)
        if place is None:
            return
        for i in rows:
            told = _number(table.rows[i][place])
            if told:
                self.known.setdefault(told, set()).add((sheet, _address(people, i)))

    def beyond(self, other: Households) -> Households:
        """Those that the other does not know."""
        more = {told: said - other.known.get(told, set()) for told, said in self.known.items()}
        return Households({told: said for told, said in more.items() if said})

    def has(self, table: Table) -> bool:
        """Whether a row of a table is under one of these numbers, whatever its address."""
        place = column(table.columns) if self.known else None
        return place is not None and any(_number(text) in self.known for text in {row[place] for row in table.rows})

    def among(self, table: Table, people: People, rows: Collection[int]) -> list[int]:
        """Which of these rows are of one of these households."""
        place = column(table.columns) if self.known else None
        if place is None:
            return []
        numbers = {text: _number(text) for text in {row[place] for row in table.rows}}
        sizes = Counter(numbers[row[place]] for row in table.rows)
        many = {told for told, count in sizes.items() if count > LARGEST}
        return [i for i in rows if (told := numbers[table.rows[i][place]]) in self.known and self._is_of(told, table.name, _address(people, i), told not in many)]

    def _is_of(self, told: str, sheet: str, address: str, is_small: bool) -> bool:
        for where, other in self.known[told]:
            said = self._homes.agree(other, address)
            if said or (said is None and is_small and where in (sheet, ANYWHERE)):
                return True
        return False


def _number(text: str) -> str:
    told = number(text)
    return told if _NUMBER.fullmatch(told) else ""


def _address(people: People, row: int) -> str:
    return people.texts(Meaning.ADDRESS)[row] + people.texts(Meaning.HOUSE)[row]
