"""The archive by time: its pages follow from the set of documents, not from the order in which they came."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.site.places import LEAF, STEPS, children, nodes, number, resolve


class Documents:
    """The counts that the ledger keeps, from a plain set of places."""

    def __init__(self, places: set[str]) -> None:
        self.places = places

    def place_count(self, scope: str, prefix: str) -> int:
        return sum(place.startswith(prefix) for place in self.places)

    def places_below(self, scope: str, prefix: str, length: int) -> list[tuple[str, int]]:
        found = sorted({p[:length] for p in self.places if p.startswith(prefix) and len(p) >= length})
        return [(p, self.place_count(scope, p)) for p in found]


def _place(day: int, hour: int, minute: int, second: int, tail: int) -> str:
    return f"2011-03/{day:02d}{hour:02d}{minute:02d}{second:02d}{tail:06d}"


PLACES = st.builds(_place, st.integers(11, 13), st.integers(9, 11), st.integers(0, 2), st.integers(0, 1), st.integers(0, 999_999))


@dataclass
class Standing:
    pages: frozenset[str]

    def at(self, prefix: str) -> bool:
        return prefix in self.pages

    def below(self, prefix: str) -> bool:
        return any(page.startswith(prefix) and page != prefix for page in self.pages)

    def within(self, prefix: str) -> list[str]:
        return sorted(page for page in self.pages if page.startswith(prefix))


def _pages(places: set[str], touched: set[str], standing: frozenset[str]) -> frozenset[str]:
    found = list(nodes(Documents(places), "", touched, Standing(standing)))
    gone = {n.prefix for n in found if n.count == 0}
    return (standing - gone) | {n.prefix for n in found if n.count}


@settings(max_examples=60, deadline=None)
@given(st.lists(PLACES, max_size=120, unique=True), st.lists(st.integers(0, 119), max_size=60))
def test_any_history_gives_the_pages_of_a_fresh_build(places: list[str], removed: list[int]) -> None:
    standing: frozenset[str] = frozenset()
    now: set[str] = set()
    for place in places:
        now.add(place)
        standing = _pages(now, {place}, standing)
    for index in removed:
        if index < len(places) and places[index] in now:
            now.discard(places[index])
            standing = _pages(now, {places[index]}, standing)
    assert standing == _pages(now, now, frozenset())


@given(st.sets(PLACES, min_size=1, max_size=200))
@settings(max_examples=40, deadline=None)
def test_every_document_is_found_and_no_page_is_crowded(places: set[str]) -> None:
    documents = Documents(places)
    seen = set()

    def walk(prefix: str) -> None:
        count = documents.place_count("", prefix)
        below = children(documents, "", prefix) if count > LEAF else ()
        if not below:
            assert count <= LEAF or len(prefix) == STEPS[-1]
            seen.update(p for p in places if p.startswith(prefix))
        for child in below:
            walk(resolve(documents, "", child))

    for month in {p[:7] for p in places}:
        walk(month)
    assert seen == places


def test_addresses() -> None:
    assert number("2011-03") == "2011-03-0"
    assert number("2011-03/11") == "2011-03-11"
    assert number("2011-03/1114") == "2011-03-1114"


CATEGORIES = ("給水", "道路")


def _batches(seed: int) -> list[list[tuple[int, str, str]]]:
    """A few hundred documents that come and move, in crowds: (which, category, place)."""
    chance = random.Random(seed)

    def batch(size: int) -> list[tuple[int, str, str]]:
        spread = chance.choice((1, 2, 40))
        return [
            (who, chance.choice(CATEGORIES), _place(11, 9, chance.randrange(spread), chance.randrange(2), chance.randrange(40)))
            for who in chance.sample(range(120), size)
        ]

    return [batch(chance.choice((1, 5, 40, 90))) for _ in range(chance.randrange(1, 7))]


def _counted(batches: list[list[tuple[int, str, str]]]) -> tuple[list[tuple], dict[int, tuple[str, str]]]:
    """What the ledger counts after these batches of documents came or moved, and where they are then."""
    from pathlib import Path

    from publisher.ledger import Ledger
    from publisher.ledger.documents import DocumentRow
    from publisher.model import Card, Category, Kind, State

    moment = datetime(2011, 3, 11, 15, tzinfo=UTC)
    ledger = Ledger(Path(":memory:"))
    spots: dict[int, tuple[str, str]] = {}
    for name in CATEGORIES:
        ledger.documents.add_category(Category(name, name, name))
    for batch in batches:
        rows = []
        for who, name, where in batch:
            if who not in spots:
                ledger.documents.add(DocumentRow(f"d{who}", f"{who}.md", f"{who}.md", name, State.HELD))
            row = ledger.documents.get(f"d{who}")
            assert row is not None
            category = Category(name, name, name)
            card = Card(row.id, Kind.NOTICE, f"n/{row.id}.html", "題", category, moment, moment, State.PUBLISHED)
            rows.append((row, card, where, None))
            spots[who] = name, where
        ledger.documents.set_cards(rows)
    found = ledger._connection.execute("SELECT scope, prefix, count FROM places ORDER BY scope, length, prefix").fetchall()
    ledger.close()
    return found, spots


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1_000_000))
def test_the_ledger_counts_as_deep_as_the_archive_is_split(seed: int) -> None:
    found, spots = _counted(_batches(seed))
    wanted = set()
    for scope in ("", *(f"c:{name}" for name in CATEGORIES)):
        mine = [where for name, where in spots.values() if scope in ("", f"c:{name}")]
        for above, length in zip((0, *STEPS), STEPS, strict=False):
            counts = Counter(where[:length] for where in mine)
            crowds = Counter(where[:above] for where in mine)
            wanted |= {(scope, step, count) for step, count in counts.items() if not above or crowds[step[:above]] > LEAF}
    assert set(found) == wanted and len(found) == len(wanted)
