"""Lists of names only, each a link to the page where its row stands: a move to another shelter leaves such a
list as it is."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from operator import add

from publisher.editions.tables.drilldown import Node
from publisher.editions.tables.roll import Roll
from publisher.editions.tables.routes import READING, UNIT, Addresses, Route
from publisher.editions.tables.rows import escaped
from publisher.patterns import pattern

NAMES = "names"
"""What their lengths are called among the sizes that are known of the rows of an edition."""

_MARKS = pattern("[&<>\"']")
_LINK = 56
"""Bytes of markup around a name, its address counted as the longest."""


class Names:
    """Knows on which page by reading each row stands."""

    def __init__(self, roll: Roll, addresses: Addresses, reading: Route) -> None:
        self._roll = roll
        self._stems = _stems(reading, addresses, len(roll.keys))
        self._columns = _columns(roll)

    def said(self, places: Sequence[int]) -> bytes:
        """Stands for all that a list of these rows says."""
        keys, stems = self._roll.keys, self._stems
        return "\n".join([f"{stems[p]} {keys[p]}" for p in places]).encode("utf-8", "replace")

    def markup(self, places: Sequence[int], legacy: bool) -> tuple[bytes, bool]:
        """The rows at these places, and whether a character in them was simplified."""
        rows, order, stems = self._roll.table.rows, self._roll.order, self._stems
        cells, lost = escaped([rows[order[p]][c] for p in places for c in self._columns], legacy=legacy)
        opening, closing = ("", "<br/>\n") if legacy else ("<li>", "</li>\n")
        width = len(self._columns)
        kana = (
            [f"（{cell}）" if cell else "" for cell in cells[1::width]] if width > 1 else [""] * len(places)
        )
        lines = [
            f'{opening}<a href="{stems[place]}.html">{name}</a>{reading}{closing}'
            for place, name, reading in zip(places, cells[::width], kana, strict=True)
        ]
        return "".join(lines).encode("shift_jis" if legacy else "utf-8"), bool(lost)


def name_weights(lengths: Sequence[int], rooms: Sequence[tuple[str, int]]) -> Sequence[int]:
    """What rows with names of these ``name_lengths`` weigh at most in a list of names; ``rooms``: (encoding, bytes for rows) of each edition."""
    wide = [(2 if encoding == "shift_jis" else 3, room) for encoding, room in rooms]
    by_length = {length: max((_LINK + width * (length + 2)) * UNIT // room + 1 for width, room in wide) for length in set(lengths)}
    return array("Q", map(by_length.__getitem__, lengths))


def name_lengths(roll: Roll) -> Sequence[int]:
    """Characters of the name and the reading at each place; those of rows that an edition before had are known."""
    known, columns = roll.known, _columns(roll)
    former = known.made.sizes.get(NAMES) if known is not None else None
    if known is None or former is None:
        return _together([roll.cells[c] for c in columns], len(roll.keys))
    lengths = known.carried(former, lambda rows: _together([[roll.table.rows[i][c] for i in rows] for c in columns], len(rows)))
    return list(map(lengths.__getitem__, roll.order))


def _together(columns: Sequence[Sequence[str]], count: int) -> list[int]:
    said = list(map(_lengths, columns))
    return list(map(add, *said)) if len(said) > 1 else said[0] if said else [0] * count


def _lengths(cells: Sequence[str]) -> list[int]:
    """Characters of each cell; those that become entities count for as many as these have."""
    if not _MARKS.search("\n".join(cells)):
        return list(map(len, cells))
    return [len(cell) + 5 * len(_MARKS.findall(cell)) for cell in cells]


def _columns(roll: Roll) -> tuple[int, ...]:
    layout = roll.layout
    return tuple(dict.fromkeys(i for i in (layout.lead, layout.kana) if i is not None))


def _stems(route: Route, addresses: Addresses, count: int) -> list[str]:
    """The page by reading of each place."""
    stems = [""] * count
    for node in _leaves(route.nodes):
        stem = addresses.of(READING, node)
        stems[node.start : node.stop] = [stem] * (node.stop - node.start)
    return stems


def _leaves(nodes: Sequence[Node]) -> list[Node]:
    return [leaf for top in nodes for leaf in top.walk() if not leaf.entries]
