"""The editions of one table in order: which of them count, what they are called, how each group went."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from functools import cached_property

from publisher.editions.tables.history.shield import covered, said
from publisher.model import EditionTally
from publisher.values import frozen


def stems(editions: Iterable[EditionTally], zone: tzinfo) -> dict[EditionTally, str]:
    """The name of each edition in addresses: ``20110312T1446``, with ``-2`` and so on for later arrivals of the same minute."""
    found: dict[EditionTally, str] = {}
    seen: dict[str, int] = {}
    for edition in sorted(editions, key=lambda e: (e.moment, e.as_of, e.sha256)):
        assert edition.as_of is not None
        name = f"{edition.as_of.astimezone(zone):%Y%m%dT%H%M}"
        seen[name] = seen.get(name, 0) + 1
        found[edition] = name if seen[name] == 1 else f"{name}-{seen[name]}"
    return found


def counting(editions: Iterable[EditionTally]) -> list[EditionTally]:
    """The editions that count: the last that arrived for each moment, by moment. The others were corrected by it."""
    last: dict[datetime, EditionTally] = {}
    for edition in sorted(editions, key=lambda e: (e.as_of, e.moment, e.sha256)):
        assert edition.as_of is not None
        last[edition.as_of] = edition
    return list(last.values())


def before(edition: EditionTally, editions: Sequence[EditionTally]) -> EditionTally | None:
    """The edition that this one is compared with: the last that counts of an earlier moment."""
    earlier = [other for other in counting(editions) if other.as_of < edition.as_of]  # type: ignore[operator]
    return earlier[-1] if earlier else None


@frozen
class Series:
    """One group over the editions that count. ``None``: the count is not said; missing moments: the group was not there."""

    name: str
    counts: dict[datetime, int | None]

    @property
    def latest(self) -> int | None:
        return next(reversed(self.counts.values()), 0)


class Timeline:
    """All editions of one table."""

    def __init__(self, slug: str, editions: Iterable[EditionTally], zone: tzinfo) -> None:
        mine = [edition for edition in editions if edition.slug == slug]
        self.zone = zone
        self.all = sorted(mine, key=lambda e: (e.as_of, e.moment, e.sha256))
        self.stems = stems(mine, zone)
        self.counting = counting(mine)

    @property
    def latest(self) -> EditionTally:
        return self.counting[-1]

    def corrected_by(self, edition: EditionTally) -> EditionTally | None:
        """The edition of the same moment that counts in its place."""
        other = next(e for e in self.counting if e.as_of == edition.as_of)
        return None if other is edition else other

    def moments(self, most: int) -> list[EditionTally]:
        """The latest editions that count, the oldest first."""
        return self.counting[-most:]

    @cached_property
    def hidden(self) -> dict[EditionTally, frozenset[str]]:
        """The groups of each edition that counts whose number is not said."""
        return {e: covered_groups(e) for e in self.counting}

    @cached_property
    def series(self) -> list[Series]:
        """Every group over time, those of the latest edition first; one that was renamed goes on under its latest name."""
        found: dict[str, dict[datetime, int | None]] = {}
        names: dict[str, str] = {}
        heirs: dict[str, str] = {}
        for edition in self.counting:
            for old, new in edition.change.renamed if edition.change else ():
                heirs[_same(old)] = _same(new)
        for edition in self.counting:
            hidden = self.hidden[edition]
            for name, count in edition.groups:
                same = _heir(_same(name), heirs)
                names[same] = name
                assert edition.as_of is not None
                here = found.setdefault(same, {})
                said = None if name in hidden else count
                known = here.get(edition.as_of, 0)
                here[edition.as_of] = None if said is None or known is None else known + said
        order = {_heir(_same(name), heirs): place for place, (name, _) in enumerate(self.latest.groups)}
        return [Series(names[same], found[same]) for same in sorted(found, key=lambda s: (s not in order, order.get(s, 0)))]


def covered_groups(edition: EditionTally) -> frozenset[str]:
    """The groups of an edition whose count is not said."""
    if not edition.personal:
        return frozenset()
    return covered({name: (count,) for name, count in edition.groups})


def covered_changes(edition: EditionTally) -> frozenset[str]:
    """The groups of an edition of which it is not said how many came and went."""
    change = edition.change
    if not edition.personal or change is None:
        return frozenset()
    if None in [said(count, True) for count in (change.arrived, change.left, change.moved)]:
        return frozenset(name for name, _, _ in change.groups)  # a total that is not said follows from what all groups say
    return covered({name: (came, went) for name, came, went in change.groups})


def _same(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


def _heir(name: str, heirs: dict[str, str]) -> str:
    seen = {name}
    while (heir := heirs.get(name)) is not None and heir not in seen:
        name = heir
        seen.add(name)
    return name
