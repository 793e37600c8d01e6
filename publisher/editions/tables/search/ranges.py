"""Cuts a sorted list of keys into ranges that are small enough, at places that only the keys near them decide.

A range begins at a boundary and ends before the next; somebody who looks for a prefix needs only the boundaries. A new
key changes the range it falls into; where this becomes too heavy it is cut, and no other range notices.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from hashlib import blake2b

from publisher.values import frozen

AFTER = "\uffff"
"""Sorts after everything that a key may hold."""


@frozen
class Range:
    """The keys ``start`` to ``stop``; all of them are at least ``boundary``, and less than that of the next."""

    boundary: str
    start: int
    stop: int


@frozen
class _Piece:
    prefix: str
    start: int
    stop: int


class Cutter:
    """``keys`` are sorted, and none is the beginning of another; ``sums[i]`` is what those before ``i`` weigh."""

    def __init__(self, keys: Sequence[str], sums: Sequence[int], capacity: int) -> None:
        self._keys, self._sums, self._capacity = keys, sums, capacity
        self.found: list[Range] = []

    def cut(self) -> list[Range]:
        """Ranges that weigh no more than the capacity, but for equal keys, which stay together."""
        if self._keys:
            self._segment("", "", 0, len(self._keys))
        return self.found

    def _fits(self, start: int, stop: int) -> bool:
        return self._sums[stop] - self._sums[start] <= self._capacity

    def _segment(self, boundary: str, prefix: str, start: int, stop: int) -> None:
        if self._fits(start, stop) or self._keys[start] == self._keys[stop - 1]:
            self.found.append(Range(boundary, start, stop))
            return
        run: list[_Piece] = []
        for piece in self._pieces(prefix, start, stop):
            if self._fits(piece.start, piece.stop):
                run.append(piece)
                continue
            self._run(boundary, run)
            self._segment(piece.prefix, piece.prefix, piece.start, piece.stop)
            run, boundary = [], piece.prefix + AFTER
        self._run(boundary, run)

    def _pieces(self, prefix: str, start: int, stop: int) -> list[_Piece]:
        """Neighbours that share one character more than all of the segment do."""
        first, last = self._keys[start], self._keys[stop - 1]
        length = len(prefix)
        while length < len(first) and first[length] == last[length]:
            length += 1
        pieces = []
        while start < stop:
            mine = self._keys[start][: length + 1]
            end = bisect_left(self._keys, mine + AFTER, start + 1, stop)
            pieces.append(_Piece(mine, start, end))
            start = end
        return pieces

    def _run(self, boundary: str, run: Sequence[_Piece]) -> None:
        if not run:
            return
        start, stop = run[0].start, run[-1].stop
        if len(run) == 1 or self._fits(start, stop):
            self.found.append(Range(boundary, start, stop))
            return
        cut = self._place(run)
        self._run(boundary, run[:cut])
        self._run(run[cut].prefix, run[cut:])

    def _place(self, run: Sequence[_Piece]) -> int:
        """Where to cut: of the boundaries that leave a third on each side, the one with the highest hash."""
        low = self._sums[run[0].start]
        whole = self._sums[run[-1].stop] - low
        middle = [
            i for i in range(1, len(run)) if whole < 3 * (self._sums[run[i].start] - low) < 2 * whole
        ] or range(1, len(run))
        return max(middle, key=lambda i: digest(run[i].prefix, 8))


def digest(text: str, size: int) -> bytes:
    """A hash of a key, or of any text that may hold half a character."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=size).digest()
