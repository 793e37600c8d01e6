"""What was made of the rows of a former edition of a table, one by one: of the rows that stand in the next one too, it is not made again."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import compress
from typing import TypeVar

from publisher.model import Multiset
from publisher.values import field, frozen

Value = TypeVar("Value")

WIDTH = 8
"""Bytes of a digest of a row."""

MOST_ROWS = 400_000
"""Rows of a table of which nothing is remembered any more: it would take more memory than the time is worth."""


@frozen
class Made:
    """By row of a table. ``form`` stands for everything else that these values hang on: columns, their meaning, the program.

    ``identities``: by what a row is told apart in all editions, ``digests``: what it shows (WIDTH bytes each); ``keys``: reading and district,
    ``bare``: the digest of a row without its group; ``order``: rows as they stand in the roll; ``sizes``: bytes of its markup by
    edition, and characters of its name; ``forms``: what the cells of a column are found by.
    ``entries``: rows in the order of their entries in the search; ``pointers``: what leads to those by their names; ``weights``: bytes of each there.

    By route and value, ``ways``: the pages of the rows of a value (``routes.Part``).
    """

    form: str
    identities: bytes = field(repr=False)
    digests: bytes = field(repr=False)
    keys: Sequence[str] = field(repr=False)
    bare: Sequence[str] = field(repr=False)
    order: Sequence[int] = field(repr=False)
    sizes: Mapping[str, Sequence[int]] = field(repr=False)
    forms: Mapping[int, Sequence[str]] = field(repr=False)
    entries: Sequence[int] = field(default=(), repr=False)
    weights: Sequence[int] = field(default=(), repr=False)
    pointers: Multiset = field(default=Multiset(), repr=False)
    ways: Mapping[str, Mapping[str, tuple[bytes, tuple]]] = field(default_factory=dict, repr=False)


@frozen
class Known:
    """``came``: by row of the new table, the row of the former one that says the same, or -1; ``made`` of the former one's rows.

    ``fresh``: rows of the new table that the former one had not. ``gone``: rows of the former one that nobody came from; ``again``: those that
    more than one came from, once for each further one (lines that are the same all come from one of them).
    """

    came: Sequence[int]
    made: Made
    fresh: tuple[int, ...]
    gone: tuple[int, ...]
    again: tuple[int, ...]

    @classmethod
    def of(cls, came: Sequence[int], made: Made) -> Known:
        left = bytearray(b"\x01") * len(made.order)
        fresh = []
        for i, at in enumerate(came):
            if at < 0:
                fresh.append(i)
            else:
                left[at] = 0
        gone = tuple(compress(range(len(left)), left))
        again: tuple[int, ...] = ()
        if len(came) - len(fresh) != len(left) - len(gone):
            again = tuple((Counter(at for at in came if at >= 0) - Counter(range(len(left)))).elements())
        return cls(came, made, tuple(fresh), gone, again)

    def carried(self, former: Sequence[Value], make: Callable[[Sequence[int]], Sequence[Value]]) -> list[Value]:
        """By row of the new table: the former value, or what ``make`` gives for the rows (numbers) that are new."""
        found = [former[at] for at in self.came]  # -1 takes the last one, which is put right below
        for row, value in zip(self.fresh, make(self.fresh), strict=True):
            found[row] = value
        return found

    def digests(self, former: bytes, make: Callable[[Sequence[int]], bytes]) -> bytes:
        """The same of digests that lie side by side."""
        numbers = array("Q")
        numbers.frombytes(former)

        def several(rows: Sequence[int]) -> array[int]:
            made = array("Q")
            made.frombytes(make(rows))
            return made

        return array("Q", self.carried(numbers, several)).tobytes()

    def order(self, former: Sequence[int]) -> list[int]:
        """The rows of the new table in the order in which those of the former one stood, new ones last: nearly sorted."""
        row_of = [-1] * len(self.made.order)
        for row, at in enumerate(self.came):
            if at >= 0:
                row_of[at] = row
        found = [row for at in former if (row := row_of[at]) >= 0]
        if self.again:  # two rows that say the same came from one
            return list(range(len(self.came)))
        return [*found, *self.fresh]
