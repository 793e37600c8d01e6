"""Which small numbers of a list of people are not said, so that none of them points at one person.

The rule of a least count (k = 5, 統計における秘匿), for what a page says per group of people:

1. A number from 1 to 4 is not said. Zero is: it speaks of nobody.
2. Numbers that come from one another are covered together: who came to a shelter and who left it.
3. What is covered must not follow from the total: at least two groups are covered, and together they make 5 or none in every column;
   until then the smallest group that is left is covered, too. When all are covered, no number per group is said.
4. When one of the totals (who arrived, left, moved) is not said, no group says who came and went: the totals are their sums.

The rows of a roll themselves are public with their consent; this keeps editions side by side from saying more than each of them does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LEAST = 5
"""The smallest count of people that is said."""


def covered(rows: Mapping[str, Sequence[int]]) -> frozenset[str]:
    """The groups whose numbers are not said. ``rows``: group → its numbers, a column each, whose totals are public."""
    hidden = {name for name, numbers in rows.items() if any(0 < number < LEAST for number in numbers)}
    if not hidden:
        return frozenset()
    left = sorted((name for name, numbers in rows.items() if name not in hidden and any(numbers)), key=lambda n: (sum(rows[n]), n))
    while left and not _safe([rows[name] for name in hidden]):
        hidden.add(left.pop(0))
    return frozenset(hidden) if _safe([rows[name] for name in hidden]) else frozenset(rows)


def _safe(hidden: Sequence[Sequence[int]]) -> bool:
    return len(hidden) > 1 and all(total == 0 or total >= LEAST for total in map(sum, zip(*hidden, strict=True)))


def said(count: int, personal: bool) -> int | None:
    """A total of people that stands by itself; None when it is not said."""
    return None if personal and 0 < count < LEAST else count
