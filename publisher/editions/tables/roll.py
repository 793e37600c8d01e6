"""A table made ready for its pages: rows in the order of their readings, each with a digest of what it
shows."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import blake2b
from operator import eq, itemgetter

from publisher.editions.tables import reading
from publisher.editions.tables.columns import Layout, closed, form, layout
from publisher.editions.tables.known import MOST_ROWS, Known
from publisher.model import PublicTable
from publisher.values import frozen

END = "\x01"
"""Between the reading, the district and the digest of a sort key: it sorts before everything that can follow
a reading."""


class Digests:
    """A digest of each row by place. They lie side by side: of a million rows as many values would take seven times the memory."""

    SIZE = 8

    def __init__(self, rows: Iterable[Sequence[str]]) -> None:
        self._all = b"".join([blake2b("\x1f".join(row).encode("utf-8", "replace"), digest_size=self.SIZE).digest() for row in rows])

    @classmethod
    def side_by_side(cls, digests: bytes) -> Digests:
        """Those that were made already."""
        found = cls(())
        found._all = digests
        return found

    @property
    def whole(self) -> bytes:
        """All of them, SIZE bytes each."""
        return self._all

    def __getitem__(self, place: int) -> bytes:
        return self._all[place * self.SIZE : (place + 1) * self.SIZE]

    def of(self, places: range | Sequence[int]) -> bytes:
        """Those of the rows at these places, one after the other."""
        if isinstance(places, range):
            return self._all[places.start * self.SIZE : places.stop * self.SIZE]
        return array("Q", map(memoryview(self._all).cast("Q").__getitem__, places)).tobytes()


@frozen(slots=False)
class Roll:
    """``order[p]`` is the row of the table that stands at place ``p``; ``keys``, ``digests``, ``closed`` and
    the ``cells`` of each column go by place.

    A key is the reading, the district and a digest of the row without its group: a person who moves to
    another shelter stays where they are in the list. ``digests`` tell whether anything of a row changed.
    Without any reading (``alphabetic`` false) the places are in the order of the office.
    """

    table: PublicTable
    layout: Layout
    order: Sequence[int]
    keys: Sequence[str]
    digests: Digests
    closed: frozenset[int]
    alphabetic: bool
    cells: Sequence[Sequence[str]]
    parts: tuple[Sequence[str], Sequence[str]] = ((), ())
    """By row: reading and district as a key has them, and the digest without the group before equal ones were told apart."""
    known: Known | None = None
    """What was made of rows that an earlier edition had, when it still holds."""

    @cached_property
    def place_of(self) -> Sequence[int]:
        """By row of the table: its place."""
        found = array("I", bytes(4 * len(self.order)))
        for place, row in enumerate(self.order):
            found[row] = place
        return found

    @cached_property
    def longest_district(self) -> str:
        """What may have to stand on a page as the district from which or to which it goes."""
        return longest(self.cells[self.layout.district]) if self.layout.district is not None else ""


def longest(names: Iterable[str]) -> str:
    """The name that takes the most room; of several always the same."""
    return max(set(names), key=lambda name: (len(name.encode("utf-8", "replace")), name), default="")


def roll(table: PublicTable, known: Known | None = None) -> Roll:
    """Sort the rows of a table, once. ``known``: what was made of those that stood in the edition before."""
    how = layout(table)
    if known is not None and known.made.form != form(table, how):
        known = None
    parts = _parts(table, how, known)
    keys = _keys(table, how, parts)
    alphabetic = table.personal or how.kana is not None
    order = array("I", _sorted(keys, known)) if alphabetic else range(len(keys))
    rows = [table.rows[i] for i in order]
    cells = list(zip(*rows, strict=True)) or [()] * len(table.columns)
    shut = frozenset(p for p, cell in enumerate(cells[how.status]) if closed(cell)) if how.status is not None else frozenset()
    return Roll(
        table=table,
        layout=how,
        order=order,
        keys=[keys[i] for i in order],
        digests=_digests(table, rows, order, known),
        closed=shut,
        alphabetic=alphabetic,
        cells=cells,
        parts=parts if len(keys) <= MOST_ROWS else ((), ()),
        known=known,
    )


def _sorted(keys: Sequence[str], known: Known | None) -> list[int]:
    """The rows by their keys. In the order of the edition before nearly all of them stand as they have to."""
    if known is None:
        return sorted(range(len(keys)), key=keys.__getitem__)
    order = sorted(known.order(known.made.order), key=keys.__getitem__)
    found = [keys[i] for i in order]
    return sorted(range(len(keys)), key=keys.__getitem__) if any(map(eq, found, found[1:])) else order


def _digests(table: PublicTable, rows: Sequence[tuple[str, ...]], order: Sequence[int], known: Known | None) -> Digests:
    if known is None:
        return Digests(rows)
    by_row = array("Q")
    by_row.frombytes(known.digests(known.made.digests, lambda new: Digests([table.rows[i] for i in new]).whole))
    return Digests.side_by_side(array("Q", map(by_row.__getitem__, order)).tobytes())


def _parts(table: PublicTable, how: Layout, known: Known | None) -> tuple[list[str], list[str]]:
    """By row: reading and district; the digest without the group."""

    def firsts(rows: Sequence[tuple[str, ...]]) -> list[str]:
        kana, names, where = ([""] * len(rows) if c is None else [row[c] for row in rows] for c in (how.kana, how.name, how.district))
        return [f"{first}{END}{place}{END}" for first, place in zip(reading.keys(kana, names), where, strict=True)]

    if known is None:
        return firsts(table.rows), _bare(table.rows, how.group)
    fresh = [table.rows[i] for i in known.fresh]
    return known.carried(known.made.keys, lambda _: firsts(fresh)), known.carried(known.made.bare, lambda _: _bare(fresh, how.group))


def _keys(table: PublicTable, how: Layout, parts: tuple[Sequence[str], Sequence[str]]) -> list[str]:
    return [first + digest for first, digest in zip(parts[0], _unique(table.rows, parts[1]), strict=True)]


def _bare(rows: Sequence[tuple[str, ...]], group: int | None) -> list[str]:
    """A digest of each row without its group."""
    others = [c for c in range(len(rows[0])) if c != group] if rows else []
    parts = rows if group is None else map(itemgetter(*others), rows) if len(others) > 1 else [row[:group] + row[group + 1 :] for row in rows]
    return list(map(_digest, parts))


def _unique(rows: Sequence[tuple[str, ...]], bare: Sequence[str]) -> Sequence[str]:
    """The same digests; rows that share one are told apart by the group, and then by their number."""
    if len(set(bare)) == len(bare):
        return bare
    found = list(bare)
    many = {digest for digest, count in Counter(found).items() if count > 1}
    seen: Counter[str] = Counter()
    for place, digest in enumerate(found):
        if digest in many:
            whole = _digest(rows[place])
            seen[whole] += 1
            found[place] = _digest((whole, str(seen[whole])))
    return found


def _digest(cells: tuple[str, ...]) -> str:
    return blake2b("\x1f".join(cells).encode("utf-8", "replace"), digest_size=6).hexdigest()
