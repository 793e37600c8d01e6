"""The archive by time: which pages it has, and which of them a change touches.

A month is one page while it is short; a longer one lists its days, a crowded day its hours, and so on down to the second (and then by a
digit of the documents' ids). Which pages exist follows from the set of documents alone, whatever the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Protocol

from publisher.ledger.places import LEAF, STEPS
from publisher.values import frozen


class Places(Protocol):
    """What the ledger knows of the archive (``ledger.places``)."""

    def place_count(self, scope: str, prefix: str) -> int: ...
    def places_below(self, scope: str, prefix: str, length: int) -> list[tuple[str, int]]: ...


@frozen
class Node:
    """One page of the archive. ``children`` are the steps it links to; none: it lists its documents itself. ``count`` 0: it is gone."""

    prefix: str
    count: int
    children: tuple[str, ...] = ()


def number(prefix: str) -> str:
    """The ``<yyyy-mm>-<n>`` of a page's address: the month itself has n = 0, below it the digits of day, hour, minute…"""
    month, _, digits = prefix.partition("/")
    return f"{month}-{digits or 0}"


def below(prefix: str) -> int | None:
    """The length of the next finer step; None when there is none."""
    return next((length for length in STEPS if length > len(prefix)), None)


def children(places: Places, scope: str, prefix: str) -> tuple[str, ...]:
    length = below(prefix)
    if length is None:
        return ()
    return tuple(child for child, _ in places.places_below(scope, prefix, length))


def resolve(places: Places, scope: str, prefix: str) -> str:
    """The page to link to for this step: steps with a single way down are skipped."""
    while places.place_count(scope, prefix) > LEAF:
        found = children(places, scope, prefix)
        if len(found) != 1:
            break
        prefix = found[0]
    return prefix


class Standing(Protocol):
    """The pages of a scope's archive that stand now, by their steps."""

    def at(self, prefix: str) -> bool: ...
    def below(self, prefix: str) -> bool: ...
    def within(self, prefix: str) -> Sequence[str]:
        """All at and below a step, sorted."""
        ...


def nodes(places: Places, scope: str, touched: Iterable[str], standing: Standing) -> Iterator[Node]:
    """The pages that a change at these places touches: those on their paths, and those that a split newly needs.

    Pages that a merge or a departure leaves without a purpose come out with ``count`` 0.
    """
    steps: dict[str, set[str]] = {}
    for place in set(touched):
        reached = [place[:length] for length in STEPS if length <= len(place)]
        for above, step in pairwise(reached):
            steps.setdefault(above, set()).add(step)
        steps.setdefault(reached[-1], set())
    for month in sorted(step for step in steps if len(step) == STEPS[0]):
        yield from _visit(places, scope, month, steps, standing)


def _visit(places: Places, scope: str, prefix: str, touched: Mapping[str, set[str]], standing: Standing) -> Iterator[Node]:
    """``touched``: step → touched steps right below it."""
    count = places.place_count(scope, prefix)
    if count == 0:
        yield from (Node(page, 0) for page in standing.within(prefix))
        return
    split = standing.below(prefix)
    steps = children(places, scope, prefix) if count > LEAF else ()
    if not steps:
        yield Node(prefix, count)
        if split:
            yield from (Node(page, 0) for page in standing.within(prefix) if page != prefix)
        return
    if len(steps) > 1 or len(prefix) == STEPS[0]:
        yield Node(prefix, count, steps)
    elif standing.at(prefix):  # nothing leads through a step with a single way down
        yield Node(prefix, 0)
    mine = touched.get(prefix, set())
    for step in steps:
        if step in mine or not split:  # where it was split before, the others have their pages
            yield from _visit(places, scope, step, touched, standing)
    for step in sorted(mine - set(steps)):
        yield from (Node(page, 0) for page in standing.within(step))
