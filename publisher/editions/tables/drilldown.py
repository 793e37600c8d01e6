"""Divides a sorted list into pages that fit, so that one changed row changes the page it stands on and no
other.

Boundaries come from the keys alone, never from a rank: a segment that is too heavy is divided by the next
character of its keys, and neighbours that are light stay together until they weigh too much; then the
boundary with the highest hash among them is cut. A new row can move only the boundary beside it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from hashlib import blake2b
from heapq import heapify, heappop, heappush
from itertools import accumulate

from publisher.values import frozen, replace

MINIMUM_ENTRIES = 2
FEW_PAGES = 8


Packed = tuple[str, str, str, str, int, int, tuple["Packed", ...], str]
"""A node as plain values, in the order of its fields."""


@frozen
class Node:
    """One page: rows ``start`` to ``stop`` of the route, or (with ``entries``) links to the pages that have
    them.

    ``seed`` names it for life: the keys' common beginning, or the boundary at which it was cut. ``prefix`` is
    what all its keys begin with, ``first`` and ``last`` the characters that follow it in the first and the
    last key of a bundle. ``label`` is set where the place of the node has a name of its own (a shelter).
    """

    seed: str
    prefix: str
    first: str
    last: str
    start: int
    stop: int
    entries: tuple[Node, ...] = ()
    label: str = ""

    @property
    def leaves(self) -> int:
        """Pages with rows below this one, or 1."""
        return sum(entry.leaves for entry in self.entries) if self.entries else 1

    def walk(self) -> list[Node]:
        """This page and all below it."""
        return [self, *(node for entry in self.entries for node in entry.walk())]

    def packed(self) -> Packed:
        """The same as plain values."""
        entries = tuple([entry.packed() for entry in self.entries])
        return self.seed, self.prefix, self.first, self.last, self.start, self.stop, entries, self.label

    @classmethod
    def unpacked(cls, values: Packed, by: int = 0) -> Node:
        """From ``packed``, where so many rows stand before those of its list."""
        seed, prefix, first, last, start, stop, entries, label = values
        below = tuple([cls.unpacked(entry, by) for entry in entries])
        return cls(seed, prefix, first, last, start + by, stop + by, below, label)


@frozen
class _Piece:
    """Rows whose keys share ``prefix``, one character longer than what the segment around it shares."""

    prefix: str
    start: int
    stop: int


class Partition:
    """The division of one sorted list.

    ``keys`` sorted and unique; ``weights`` in the same order, ``capacity`` in the same unit (a page of rows);
    ``cost`` of the link to a node, and ``room`` for links on a page. ``words``: how much of a page is taken by what it is called, by the
    prefix that its keys share, where that is more than is free for it on every page.
    """

    def __init__(
        self,
        keys: Sequence[str],
        weights: Sequence[int],
        capacity: int,
        cost: Callable[[Node], int],
        room: int,
        words: Callable[[str], int] = lambda prefix: 0,
    ) -> None:
        self._keys = keys
        self._sums = array("Q", accumulate(weights, initial=0))
        self._capacity = capacity
        self._cost = cost
        self._room = room
        self._words = words

    def whole(self, name: str) -> Node:
        """One node for all rows, of a list that is part of another and has a name of its own there."""
        return replace(self._paged(self._tree(name, f"{name}\x02", "", 0, len(self._keys))), label=name)

    def by_initial(self) -> tuple[Node, ...]:
        """One node for each first character of the keys, whatever its size: people look for あ, not for あ to
        え.

        A list of a few pages only has its pages themselves: nobody wants to open か to find one row.
        """
        whole = len(self._keys)
        if self._weight(0, whole) <= FEW_PAGES * self._capacity:
            few = self._tree("", "", "", 0, whole)
            return tuple(self._paged(entry) for entry in few.entries or (replace(few, seed="<"),))
        pieces = self._pieces("", 0, whole)
        return tuple(self._paged(self._tree(p.prefix, "", p.prefix, p.start, p.stop)) for p in pieces)

    # --- rows into leaves -----------------------------------------------------------------

    def _weight(self, start: int, stop: int) -> int:
        return self._sums[stop] - self._sums[start]

    def _fits(self, prefix: str, start: int, stop: int) -> bool:
        """Whether rows stand on one page, under the words that it is called by."""
        weight = self._weight(start, stop)
        return weight <= self._capacity and weight + min(self._words(prefix), self._capacity // 2) <= self._capacity

    def _tree(self, seed: str, space: str, prefix: str, start: int, stop: int) -> Node:
        """Rows as pages; ``space`` stands before the seed of each node below, so that parts do not share
        names."""
        common = self._common(prefix, start, stop)
        if stop - start < MINIMUM_ENTRIES or self._fits(common, start, stop):
            return Node(seed, common, "", "", start, stop)
        entries: list[Node] = []
        run: list[_Piece] = []
        opened = f"{space}{common}<"
        for piece in self._pieces(common, start, stop):
            if self._fits(piece.prefix, piece.start, piece.stop):
                run.append(piece)
                continue
            entries += self._bundles(common, space, opened, run)
            entries.append(self._tree(space + piece.prefix, space, piece.prefix, piece.start, piece.stop))
            run, opened = [], f"{space}{piece.prefix}>"
        entries += self._bundles(common, space, opened, run)
        return Node(seed, common, "", "", start, stop, tuple(entries))

    def _common(self, prefix: str, start: int, stop: int) -> str:
        """Everything that the keys of a segment begin with; of a single row no more than is known already."""
        if stop - start < MINIMUM_ENTRIES:
            return prefix
        first, last = self._keys[start], self._keys[stop - 1]
        length = len(prefix)
        limit = min(len(first), len(last))
        while length < limit and first[length] == last[length]:
            length += 1
        return first[:length]

    def _pieces(self, common: str, start: int, stop: int) -> list[_Piece]:
        pieces: list[_Piece] = []
        length = len(common) + 1
        while start < stop:
            prefix = self._keys[start][:length]
            end = bisect_left(self._keys, prefix[:-1] + chr(ord(prefix[-1]) + 1), start, stop)
            pieces.append(_Piece(prefix, start, end))
            start = end
        return pieces

    def _bundles(self, common: str, space: str, seed: str, run: Sequence[_Piece]) -> list[Node]:
        """Light neighbours as pages; ``seed`` names the first, the boundary that was cut the others."""
        if not run:
            return []
        start, stop = run[0].start, run[-1].stop
        if len(run) == 1 or self._fits(common, start, stop):
            return [Node(seed, common, run[0].prefix[-1], run[-1].prefix[-1], start, stop)]
        cut = self._cut(run)
        after = self._bundles(common, space, space + run[cut].prefix, run[cut:])
        return [*self._bundles(common, space, seed, run[:cut]), *after]

    def _cut(self, run: Sequence[_Piece]) -> int:
        """The boundary with the highest hash, of those that leave a third on each side when there are such.

        The thirds fill pages better than any boundary would; one row more or less seldom moves a boundary
        over their edge.
        """
        start, stop = run[0].start, run[-1].stop
        whole = self._weight(start, stop)
        middle = [i for i in range(1, len(run)) if whole < 3 * self._weight(start, run[i].start) < 2 * whole]
        return max(middle or range(1, len(run)), key=lambda i: priority(run[i].prefix))

    # --- links into pages -----------------------------------------------------------------

    def _paged(self, node: Node) -> Node:
        """The tree with as few steps as the size of a page of links allows."""
        if not node.entries:
            return node
        below = tuple(self._paged(entry) for entry in self._flattened(node))
        return replace(node, entries=shelved(below, self._cost, self._room_below(node)))

    def _room_below(self, node: Node) -> int:
        return self._room - min(self._words(node.prefix), self._room // 2)

    def _flattened(self, node: Node) -> tuple[Node, ...]:
        """The entries of a page of links, replaced by their own entries, the largest first, while the links stand on one page.

        Sizes count only roughly (their power of two): a page more or less below a node does not turn the
        order around.
        """
        entries, room = node.entries, self._room_below(node)
        chosen = list(entries)
        used = sum(map(self._cost, chosen))
        waiting = [_by_size(entry) for entry in entries if entry.entries]
        heapify(waiting)
        while waiting:
            large = heappop(waiting)[-1]
            more = sum(map(self._cost, large.entries)) - self._cost(large)
            if used + more > room:
                continue
            used += more
            place = next(i for i, one in enumerate(chosen) if one is large)
            chosen[place : place + 1] = large.entries
            for entry in large.entries:
                if entry.entries:
                    heappush(waiting, _by_size(entry))
        return tuple(chosen)


def _by_size(node: Node) -> tuple[int, int, str, Node]:
    return -node.leaves.bit_length(), priority(node.seed), node.seed, node


def shelved(entries: tuple[Node, ...], cost: Callable[[Node], int], room: int) -> tuple[Node, ...]:
    """These entries when links to them stand on one page, else pages of links to them, each as long as
    fits."""
    while len(entries) > MINIMUM_ENTRIES and sum(map(cost, entries)) > room:
        shelves = tuple(_shelf(run) for run in _runs(entries, cost, room))
        if len(shelves) == len(entries):
            break
        entries = shelves
    return entries


def _runs(entries: tuple[Node, ...], cost: Callable[[Node], int], room: int) -> list[tuple[Node, ...]]:
    if len(entries) <= MINIMUM_ENTRIES or sum(map(cost, entries)) <= room:
        return [entries]
    cut = max(range(1, len(entries)), key=lambda i: priority(entries[i].seed))
    return _runs(entries[:cut], cost, room) + _runs(entries[cut:], cost, room)


def _shelf(run: tuple[Node, ...]) -> Node:
    """A page of links from this entry to that one; a lone entry needs none."""
    if len(run) == 1:
        return run[0]
    return Node(f"{run[0].seed}/", "", "", "", run[0].start, run[-1].stop, run)


def in_order(parts: Sequence[tuple[str, int]], capacity: int) -> list[Node]:
    """A list that keeps the order of its rows, as pages: (digest, weight) of each row; cut at rows, not at
    counts."""
    nodes: list[Node] = []
    waiting = [("<", 0, len(parts))]
    while waiting:
        seed, start, stop = waiting.pop()
        if stop - start < MINIMUM_ENTRIES or sum(weight for _, weight in parts[start:stop]) <= capacity:
            nodes.append(Node(seed, "", "", "", start, stop))
            continue
        cut = max(range(start + 1, stop), key=lambda i: (parts[i][0], i))
        waiting += [(parts[cut][0], cut, stop), (seed, start, cut)]
    return nodes


def priority(boundary: str) -> int:
    """Which boundary is cut first: the same for the same boundary, whatever stands around it."""
    return int.from_bytes(blake2b(boundary.encode(), digest_size=8).digest(), "big")
