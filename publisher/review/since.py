"""Which rows of a list of people may be shown, told by what differs from the edition before.

A row that was shown and still stands may have to go because of another row: somebody new is marked and the same person, somebody new is not shown
and is named in it, or what many rows said and was taken for a place is now said by few. A row that was not shown may come back. So those that
were not shown, those that are new and those that went are all that has to be looked at; where one of them says something of people of whom
nothing was said before, the others are only asked whether they are those people, or name them.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import compress
from typing import TYPE_CHECKING

from publisher.model import Table
from publisher.review.headers import meaning
from publisher.review.households import has_numbers
from publisher.review.mentions import Names
from publisher.review.repeats import Marked
from publisher.review.restrict import People
from publisher.review.showing import NAMED, OWN, Others, Shown, Sifting, others_of, sifting
from publisher.values import field, frozen

if TYPE_CHECKING:
    from publisher.settings import TableProfile


@frozen
class Gone:
    """The rows of the edition before that stand no more, in the same columns. ``shown``: one byte a row."""

    table: Table = field(repr=False)
    shown: bytes = field(repr=False)


def since(looked: Table, is_new: bytes, gone: Gone, rest: Callable[[], Table], profile: TableProfile, where: str) -> Shown | None:
    """Which of the rows that were not shown or are new (``is_new``: one byte a row) may be shown; None where rows that were shown
    and stand unchanged (``rest``) may not be shown any more, or nobody can tell but from all rows.
    """
    if has_numbers(looked):
        return None  # who is of a household hangs on the rows above, and on how many are under its number
    others = others_of([looked], profile, [()])
    sift = sifting(looked, profile, where)
    found = sift.sift((), others)
    then, now = others_of([gone.table], profile, [()]), others_of([_of(looked, is_new)], profile, [()])
    people, _ = others.of(looked)
    hidden_before = people.named(_numbers(is_new, 0)) | _hidden(then, gone)
    hidden = people.named([i for i in _numbers(is_new, 1) if not found.kept[i]]) - hidden_before
    marked = now.marked.beyond(then.marked)
    if (marked.known or hidden) and _are_those(rest(), sift, marked, hidden):
        return None
    return None if _fewer(sift, others, found, gone.table) else found


def _are_those(rest: Table, sift: Sifting, marked: Marked, hidden: set[str]) -> bool:
    """Whether one of these rows is about somebody who is ``marked``, or names somebody who is ``hidden``."""
    if marked.among(People(rest), range(len(rest.rows))):
        return True
    names = Names(hidden)
    for place in sift.places:
        about = meaning(rest.columns[place])
        texts = list({row[place] for row in rest.rows}) if about not in OWN else []
        if names.in_names(texts) if about in NAMED else names.in_cells(texts):
            return True
    return False


def _of(table: Table, which: bytes) -> Table:
    return Table("", table.columns, list(compress(table.rows, which)), list(compress(table.lines, which)))


def _numbers(which: bytes, wanted: int) -> list[int]:
    return [i for i, one in enumerate(which) if one == wanted]


def _hidden(then: Others, gone: Gone) -> set[str]:
    people, _ = then.of(gone.table)
    return people.named(_numbers(gone.shown, 0))


def _fewer(sift: Sifting, others: Others, found: Shown, gone: Table) -> bool:
    """Whether somebody who is not shown is named by what fewer rows say now."""
    people, _ = others.of(sift.table)
    names = Names(people.named(_numbers(found.kept, 0)))
    places = [place for place in sift.places if meaning(gone.columns[place]) not in (*OWN, *NAMED)]
    return any(names.in_cells(list({row[place] for row in gone.rows})) for place in places)
