"""The ways to a row: by the reading of a name, by group (the shelter), by district; and the addresses of
their pages."""

from __future__ import annotations

import re
import unicodedata
from array import array
from base64 import b32encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate, chain

from publisher.editions.tables import reading
from publisher.editions.tables.columns import dividing
from publisher.editions.tables.drilldown import Node, Packed, Partition, in_order, shelved
from publisher.editions.tables.roll import END, Roll, longest
from publisher.values import field, frozen, replace

READING, GROUP, DISTRICT, ORDER = "", "s", "d", "p"
"""What the addresses of a route begin with; those by reading begin with the reading itself."""

UNIT = 1_000_000
"""A full page of rows, or of links: weights and costs are parts of it."""

Part = tuple[bytes, Packed]
"""The pages of one value of a route: what stands for everything that they hang on, and the pages, their rows counted within the value."""

_OPEN, _CLOSED = "\x10", "\x11"
_COUNTED = " 000,000人"
"""As much room as the number behind a value takes."""
_EMPTY = "（記載なし）"


@frozen
class Route:
    """``members[i]`` is the place in the roll of row ``i`` of this route's nodes; ``column`` what it divides
    by.

    ``named`` routes list names with a link to the page where the rest of the row stands. ``listed`` ones have
    a page of links of their own, because the overview has no room for them.
    """

    code: str
    column: int | None
    members: Sequence[int]
    keys: Sequence[str]
    nodes: tuple[Node, ...]
    top: tuple[Node, ...]
    named: bool = False
    listed: bool = False
    parts: Mapping[str, Part] = field(default_factory=dict, repr=False)
    """The pages of each value, where the lists are by reading: what the next edition may keep."""
    known: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Labels by seed."""

    def label(self, node: Node) -> str:
        """What a link to a page is called: its shelter, the beginning of its readings, or from what to
        what."""
        found = node.label or self.known.get(node.seed)
        if found is None:
            found = self.known[node.seed] = self._label(node)
        return found

    def _label(self, node: Node) -> str:
        if _is_shelf(node):
            first, last = node.entries[0], node.entries[-1]
            while _is_shelf(first) and not first.label:
                first = first.entries[0]
            while _is_shelf(last) and not last.label:
                last = last.entries[-1]
            return f"{self.label(first)}〜{self.label(last)}"
        return span(node, self.keys)

    def walk(self) -> Iterable[Node]:
        for node in self.top:
            yield from node.walk()


def _is_shelf(node: Node) -> bool:
    return bool(node.entries) and not node.prefix and len(node.entries) > 1


def span(node: Node, keys: Sequence[str]) -> str:
    """From which reading to which, in kana (サトウカ〜ク), or within one reading from which district to
    which."""
    prefix = node.prefix.lstrip(_OPEN + _CLOSED)
    shut = "（閉鎖）" if node.prefix.startswith(_CLOSED) or node.first == node.last == _CLOSED else ""
    head, inside, _ = prefix.partition(END)
    head = reading.label(head)
    if inside:
        first, last = keys[node.start].split(END)[1], keys[node.stop - 1].split(END)[1]
        places = first if first == last else f"{first}〜{last}"
        return f"{head} {places}".strip() + shut
    first, last = (reading.label(c.strip(_OPEN + _CLOSED + END)) for c in (node.first, node.last))
    if first == last:
        return (head + first or reading.initial_label(reading.OTHER)) + shut
    return f"{head + first}〜{last if len(first) else head + last}" + shut


class Addresses:
    """Names of pages: a page by reading begins with two kana at most, everything further is a hash.

    So no address says more of a person than the first two kana, and a page keeps its address while others
    come and go.
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._taken: dict[str, str] = {}

    def of(self, route: str, node: Node) -> str:
        """The file's name without its ending."""
        return self.named(route, node.seed)

    def named(self, route: str, seed: str) -> str:
        identity = f"{route}\x03{seed}"
        known = self._known.get(identity)
        if known is None:
            known = self._known[identity] = self._free(route, seed, identity)
            self._taken[known] = identity
        return known

    def _free(self, route: str, seed: str, identity: str) -> str:
        start = reading.code(seed[:2]) or "r" if route == READING else route
        if route == READING and start and len(seed) <= 2 and start == reading.code(seed) and _whole(seed):
            return start
        letters = named(blake2b(identity.encode("utf-8", "replace"), digest_size=15).digest())
        return next(name for length in range(7, 25) if (name := f"{start}-{letters(length)}") not in self._taken)


_PAIRS = [one + other for one in "abcdefghijklmnopqrstuvwxyz234567" for other in "abcdefghijklmnopqrstuvwxyz234567"]


def named(digest: bytes) -> Callable[[int], str]:
    """The first letters of a digest of 15 bytes in base 32 (RFC 4648), small. Nearly always eight are enough: the others are not made."""
    number = int.from_bytes(digest[:5], "big")
    first = _PAIRS[number >> 30] + _PAIRS[number >> 20 & 1023] + _PAIRS[number >> 10 & 1023] + _PAIRS[number & 1023]
    return lambda length: first[:length] if length <= 8 else b32encode(digest).decode().lower()[:length]


def _whole(seed: str) -> bool:
    """Whether the code of a seed says all of it."""
    return all(reading.code(c) for c in seed) and (
        len(seed) == 1 or seed[0] not in (reading.LATIN, reading.OTHER)
    )


@frozen
class Measures:
    """How heavy things are, in UNITs: rows by their places, the same in lists of names, a link by its label, and the words of a page (what its title
    says, and what it says again before its rows) beyond those that every page has room for.

    ``said`` stands for all that this hangs on beside the rows and the labels.
    """

    rows: Callable[[Sequence[int]], Sequence[int]]
    names: Callable[[Sequence[int]], Sequence[int]]
    link: Callable[[str], int]
    words: Callable[[str, str], int]
    said: str


def routes(roll: Roll, measures: Measures) -> tuple[Route, ...]:
    """All ways that lead to every row of this table; at least one."""
    found = []
    by_reading = roll.alphabetic and (roll.layout.kana is not None or roll.layout.name is not None)
    if by_reading:
        found.append(_by_reading(roll, measures))
    group, district = roll.layout.group, roll.layout.district
    if group is None and district is None and not found:
        group = dividing(roll.table, roll.layout.roles)
    if group is not None:
        found.append(_by_value(roll, measures, GROUP, group, named=False))
    if district is not None:
        found.append(_by_value(roll, measures, DISTRICT, district, named=by_reading and roll.table.personal))  # names lead to pages by reading
    return tuple(found) or (_as_it_stands(roll, measures),)


def _by_reading(roll: Roll, measures: Measures) -> Route:
    members = range(len(roll.keys))
    route = Route(READING, None, members, roll.keys, (), ())
    partition = Partition(roll.keys, measures.rows(members), UNIT, _cost(route, measures), UNIT, _words(roll, measures, ""))
    nodes = partition.by_initial()
    return replace(route, nodes=nodes, top=nodes)


def _by_value(roll: Roll, measures: Measures, code: str, column: int, *, named: bool) -> Route:
    """One node for each value of a column, its rows by reading (closed ones last), or as they stand."""
    cells = list(map(str.strip, roll.cells[column]))
    shut = roll.closed
    ranks = {value: (value_order(value), value) for value in set(cells)}
    places: dict[str, list[int]] = {value: [] for value in sorted(ranks, key=ranks.__getitem__)}
    for p, cell in enumerate(cells):
        places[cell].append(p)
    runs = {value: sorted(run, key=shut.__contains__) if shut else run for value, run in places.items()}
    members = array("I", chain.from_iterable(runs.values()))
    keys = [(_CLOSED if p in shut else _OPEN) + roll.keys[p] if shut else roll.keys[p] for p in members]
    route = Route(code, column, members, keys, (), (), named)
    cost = _cost(route, measures, _COUNTED)
    weights = measures.names if named else measures.rows
    if roll.alphabetic:
        parts = _parts(roll, route, measures, runs)
        starts = accumulate(map(len, runs.values()), initial=0)
        nodes = tuple([Node.unpacked(tree, start) for (_, tree), start in zip(parts.values(), starts, strict=False)])
    else:
        parts = {}
        nodes = _numbered(roll, members, weights(members), runs, measures, cost)
    name = longest(runs) or _EMPTY
    from_to = f"{name}〜{name}"  # what a page of links to some of the values is called
    top = shelved(nodes, cost, UNIT - min(measures.words(from_to, from_to), UNIT // 2))
    return replace(route, nodes=nodes, top=top, listed=_too_many(top, cost), parts=parts)


def _parts(roll: Roll, route: Route, measures: Measures, runs: Mapping[str, Sequence[int]]) -> dict[str, Part]:
    """The pages of each value, of lists by reading: those of a value that has the same rows as in the edition before stay."""
    former = roll.known.made.ways.get(route.code, {}) if roll.known is not None else {}
    parts: dict[str, Part] = {}
    start = 0
    for value, run in runs.items():
        keys = route.keys[start : start + len(run)]
        start += len(run)
        said = _said(measures, roll.longest_district, keys, b"" if route.named else roll.digests.of(run))
        part = former.get(value)
        if part is None or part[0] != said:
            own = replace(route, keys=keys)
            weights = (measures.names if route.named else measures.rows)(run)
            words = _words(roll, measures, value or _EMPTY)
            tree = Partition(keys, weights, UNIT, _cost(own, measures, _COUNTED), UNIT, words).whole(value or _EMPTY)
            part = said, tree.packed()
        parts[value] = part
    return parts


def _words(roll: Roll, measures: Measures, name: str) -> Callable[[str], int]:
    """What the words of a page take, by what its keys begin with: the ``name`` of its value, if any, and from which reading to which, or within one
    reading from which district to which."""
    known: dict[tuple[int, bool], int] = {}
    place = roll.longest_district

    def words(prefix: str) -> int:
        head, inside, _ = prefix.lstrip(_OPEN + _CLOSED).partition(END)
        found = known.get((len(head), bool(inside)))
        if found is None:  # letters of whatever kind count as kana
            start = "あ" * len(head)
            label = f"{start} {place}〜{place}（閉鎖）" if inside else f"{start}あ〜{start}あ（閉鎖）"
            found = known[len(head), bool(inside)] = measures.words(name or "その他", longest((name, label)))
        return found

    return words


def _said(measures: Measures, longest_district: str, keys: Sequence[str], rows: bytes) -> bytes:
    """Stands for everything that divides these rows into pages."""
    digest = blake2b(f"{measures.said}\x1f{longest_district}".encode("utf-8", "replace"), digest_size=16)
    digest.update("\n".join(keys).encode("utf-8", "replace"))
    digest.update(rows)
    return digest.digest()


def _numbered(
    roll: Roll, members: Sequence[int], weights: Sequence[int], runs: Mapping[str, Sequence[int]], measures: Measures, cost: Callable[[Node], int]
) -> tuple[Node, ...]:
    """The pages of each value, of lists in the order of the office."""
    nodes = []
    start = 0
    for value, run in runs.items():
        stop = start + len(run)
        name = value or _EMPTY
        room = UNIT - min(measures.words(name, f"{name} 000"), UNIT // 2)
        nodes.append(_chunks(roll, members, weights, name, start, stop, room, cost))
        start = stop
    return tuple(nodes)


def _chunks(
    roll: Roll,
    members: Sequence[int],
    weights: Sequence[int],
    name: str,
    start: int,
    stop: int,
    room: int,
    cost: Callable[[Node], int],
) -> Node:
    """The rows of one value in the order of the office, on as many pages as they need."""
    parts = [(_digest(roll, members[i]), weights[i]) for i in range(start, stop)]
    pages = tuple(
        replace(
            node,
            seed=f"{name}\x02{node.seed}",
            start=node.start + start,
            stop=node.stop + start,
            label=numbered,
        )
        for number, node in enumerate(in_order(parts, room), 1)
        if (numbered := f"{name} {number}")
    )
    if len(pages) == 1:
        return replace(pages[0], seed=name, label=name)
    return Node(name, "", "", "", start, stop, shelved(pages, cost, room), name)


def _as_it_stands(roll: Roll, measures: Measures) -> Route:
    """A table without anything to look up by: its pages in the order of the office."""
    members = range(len(roll.keys))
    parts = [(_digest(roll, place), weight) for place, weight in enumerate(measures.rows(members))]
    pages = tuple(
        replace(node, label=_from_to(roll, node, number))
        for number, node in enumerate(in_order(parts, UNIT), 1)
    )
    route = Route(ORDER, None, members, roll.keys, pages, ())
    cost = _cost(route, measures)
    top = shelved(pages, cost, UNIT)
    return replace(route, top=top, listed=_too_many(top, cost))


def _too_many(nodes: Sequence[Node], cost: Callable[[Node], int]) -> bool:
    """Whether links to all of these would crowd the overview: three tenths of a page are for one way."""
    return sum(map(cost, nodes)) > UNIT * 3 // 10


def _digest(roll: Roll, place: int) -> str:
    """Unique to a row, unlike what it shows."""
    return roll.keys[place].rpartition(END)[2]


def _from_to(roll: Roll, node: Node, number: int) -> str:
    """What the first row of a page says first, unless it is about people."""
    column = roll.layout.lead
    if roll.table.personal or column is None:
        return f"{number}"
    cell = " ".join(roll.table.rows[roll.order[node.start]][column].split())
    return f"{number}（{cell[:12]}から）" if cell else f"{number}"


def _cost(route: Route, measures: Measures, more: str = "") -> Callable[[Node], int]:
    """The room that a link to a node takes; ``more`` is what may follow its label."""
    known: dict[str, int] = {}

    def cost(node: Node) -> int:
        found = known.get(node.seed)
        if found is None:
            numbered = "（00）" if END in node.prefix else ""  # pages of one reading may share a label
            found = known[node.seed] = measures.link(route.label(node) + more + numbered)
        return found

    return cost


def value_order(value: str) -> bytes:
    """Names of places as Japanese lists put them: JIS X 0208 orders its first kanji by their commonest
    reading."""
    plain = unicodedata.normalize("NFKC", value)
    return re.sub("[0-9]+", lambda digits: digits[0].zfill(6), plain).encode("euc_jp", "replace")
