"""A table made ready for its pages: rows in the order of their readings, each with a digest of what it
shows."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from operator import itemgetter

from publisher.editions.tables import reading
from publisher.editions.tables.columns import Layout, closed, layout
from publisher.model import PublicTable

END = "\x01"
"""Between the reading, the district and the digest of a sort key: it sorts before everything that can follow
a reading."""


class Digests:
    """A digest of each row by place. They lie side by side: of a million rows as many values would take seven times the memory."""

    SIZE = 8

    def __init__(self, rows: Iterable[Sequence[str]]) -> None:
        found = bytearray()
        for row in rows:
            found += blake2b("\x1f".join(row).encode("utf-8", "replace"), digest_size=self.SIZE).digest()
        self._all = bytes(found)

    def __getitem__(self, place: int) -> bytes:
        return self._all[place * self.SIZE : (place + 1) * self.SIZE]

    def __iter__(self) -> Iterator[bytes]:
        return map(self.__getitem__, range(len(self._all) // self.SIZE))

    def of(self, places: range | Sequence[int]) -> bytes:
        """Those of the rows at these places, one after the other."""
        if isinstance(places, range):
            return self._all[places.start * self.SIZE : places.stop * self.SIZE]
        return b"".join(map(self.__getitem__, places))


@dataclass(frozen=True, slots=True)
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


def roll(table: PublicTable) -> Roll:
    """Sort the rows of a table, once."""
    how = layout(table)
    keys = _keys(table, how)
    alphabetic = table.personal or how.kana is not None
    order = array("I", sorted(range(len(keys)), key=keys.__getitem__)) if alphabetic else range(len(keys))
    rows = [table.rows[i] for i in order]
    cells = list(zip(*rows, strict=True)) or [()] * len(table.columns)
    shut = frozenset(p for p, cell in enumerate(cells[how.status]) if closed(cell)) if how.status is not None else frozenset()
    return Roll(
        table=table,
        layout=how,
        order=order,
        keys=[keys[i] for i in order],
        digests=Digests(rows),
        closed=shut,
        alphabetic=alphabetic,
        cells=cells,
    )


def _keys(table: PublicTable, how: Layout) -> list[str]:
    kana, names, where = ([""] * len(table.rows) if c is None else [row[c] for row in table.rows] for c in (how.kana, how.name, how.district))
    digests = _unique(table.rows, how.group)
    return [f"{first}{END}{place}{END}{digest}" for first, place, digest in zip(reading.keys(kana, names), where, digests, strict=True)]


def _unique(rows: Sequence[tuple[str, ...]], group: int | None) -> list[str]:
    """A digest of each row without its group; rows that share it are told apart by the group, and then by
    their number."""
    others = [c for c in range(len(rows[0])) if c != group] if rows else []
    parts = rows if group is None else map(itemgetter(*others), rows) if len(others) > 1 else [row[:group] + row[group + 1 :] for row in rows]
    found = list(map(_digest, parts))
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
