"""People whom an edition marks, or who refuse in it, and whom another edition shows: who is still public while the first one is held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from publisher.model import Table
from publisher.review import repeats, showing
from publisher.review.headers import Meaning
from publisher.review.restrict import People
from publisher.values import field, frozen

if TYPE_CHECKING:
    from publisher.settings import TableProfile

MOST = 200
"""Rows that are told one by one: whoever has more to do looks at the whole list."""


@frozen
class At:
    """A row: which table of the file, from 0, and its line."""

    table: int
    line: int


@frozen
class Found:
    """``marked``: rows of the held edition with a mark or a refusal; ``shown``: rows of the other one, which show one of those people. Of people
    whom only a hidden row or sheet marks there is no row in ``marked``. ``others``: how many more rows show one."""

    marked: tuple[At, ...]
    shown: tuple[At, ...] = field(default=())
    others: int = 0


@frozen
class _Marks:
    table: int
    people: People = field(repr=False)
    rows: Sequence[int]
    is_refusal: bool


def marked(held: Sequence[Table], profile: TableProfile) -> Found:
    """All rows with a mark or a refusal, where nobody can tell whether another edition shows the people."""
    rows = {At(one.table, held[one.table].lines[i]) for one in _marks(held, profile) for i in one.rows}
    return Found(tuple(sorted(rows, key=lambda at: (at.table, at.line))))


def still_shown(held: Sequence[Table], sheets: Sequence[Table], standing: Sequence[Table], shown: Sequence[bytes], profile: TableProfile) -> Found:
    """Who is marked in the tables of one edition, or in its hidden ``sheets``, and stands in those of the other. ``shown``: of each of those one byte a
    row, 1 where it is public."""
    everyone = showing.others_of(held, profile, [() for _ in held], sheets).marked
    mine = list(_marks(held, profile))
    told: dict[At, None] = {}
    seen: list[At] = []
    others = 0
    for at, (table, kept) in enumerate(zip(standing, shown, strict=True)):
        people = People(table)
        rows = everyone.among(people, [i for i, is_kept in enumerate(kept) if is_kept])
        likely = rows[: max(0, MOST - len(seen))]
        others += len(rows) - len(likely)
        seen += [At(at, table.lines[i]) for i in likely]
        names = people.named(likely)
        for one in mine:
            told |= {At(one.table, held[one.table].lines[i]): None for i in _of_these(one, names, people, likely)}
    return Found(tuple(sorted(told, key=lambda at: (at.table, at.line))), tuple(seen), others)


def _marks(held: Sequence[Table], profile: TableProfile) -> list[_Marks]:
    found = []
    for place, table in enumerate(held):
        people, rules = People(table), showing.rules_of(table, profile)
        told = showing.marks(table, rules, showing.remarks_of(table, rules))
        found += [_Marks(place, people, rows, is_refusal) for rows, is_refusal in told if rows]
    return found


def _of_these(one: _Marks, names: set[str], people: People, likely: Sequence[int]) -> list[int]:
    """The marked rows that are about one of these people."""
    written, read = one.people.forms(Meaning.NAME), one.people.forms(Meaning.READING)
    return [i for i in one.rows if (written[i] in names or read[i] in names) and _alone(one, i).among(people, likely)]


def _alone(one: _Marks, row: int) -> repeats.Marked:
    made = repeats.Marked()
    made.add(one.people, [row], one.is_refusal)
    return made
