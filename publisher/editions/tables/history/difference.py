"""What came about between two editions of a table: who arrived, who left, who moved, in numbers only."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from publisher.editions.tables.history.count import unpack
from publisher.model import Change, EditionTally
from publisher.values import field, record

RENAMED = 0.8
"""A group that vanished was renamed when this share of those who stayed is in one new group of a like name."""


@record
class _Flow:
    """Rows by the group where they were and the one where they are; None: not there."""

    rows: Counter[tuple[str | None, str | None]] = field(default_factory=Counter)

    def add(self, before: Iterable[str], after: Iterable[str]) -> None:
        """Rows that cannot be told apart: as many as possible stayed where they were, then as many as possible moved."""
        old, new = Counter(before), Counter(after)
        for name, count in (old & new).items():
            self.rows[name, name] += count
        went, came = list((old - new).elements()), list((new - old).elements())
        for pair in zip(went, came, strict=False):
            self.rows[pair] += 1
        for name in went[len(came) :]:
            self.rows[name, None] += 1
        for name in came[len(went) :]:
            self.rows[None, name] += 1


def difference(before: EditionTally, before_rows: bytes, after: EditionTally, after_rows: bytes) -> Change:
    """The change from one edition to the next. ``…_rows`` are what ``tally`` gave with them."""
    assert before.as_of is not None
    flow = _flow(before, before_rows, after, after_rows)
    if after.people or before.people:
        return _of_people(before.as_of, before, after, flow)
    renamed = _renamed(before, after, flow)
    return _change(before.as_of, before, after, flow, renamed)


def _flow(before: EditionTally, before_rows: bytes, after: EditionTally, after_rows: bytes) -> _Flow:
    """Of all rows but those that stayed where they were: of these there are a hundred thousand, and nothing is asked of them."""
    names: dict[str, int] = {}
    old_ids, old_at = _placed(before, before_rows, names)
    new_ids, new_at = _placed(after, after_rows, names)
    said = list(names)
    old, new = dict(zip(old_ids, old_at, strict=True)), dict(zip(new_ids, new_at, strict=True))
    many = _several(old_ids, old) | _several(new_ids, new)
    flow, pairs = _Flow(), Counter[tuple[int | None, int | None]]()
    was_at = old.get
    for identity in [identity for identity, place in new.items() if was_at(identity) != place]:
        if identity not in many:
            pairs[was_at(identity), new[identity]] += 1
    for identity in [identity for identity in old if identity not in new]:
        if identity not in many:
            pairs[old[identity], None] += 1
    for (was, now), count in pairs.items():
        flow.rows[None if was is None else said[was], None if now is None else said[now]] += count
    if many:
        before_at, after_at = _places(old_ids, old_at, many), _places(new_ids, new_at, many)
        for identity in many:
            was, now = before_at.get(identity, ()), after_at.get(identity, ())
            if was != now:  # nearly all of them are where they were
                flow.add([said[place] for place in was], [said[place] for place in now])
    return flow


def _placed(found: EditionTally, rows: bytes, names: dict[str, int]) -> tuple[Sequence[int], Sequence[int]]:
    """(digests, places of the groups) by row; places count in ``names``, which grows by the groups of this edition."""
    identities, at = unpack(rows)
    own = [""] if found.people or not found.groups else [_same(name) for name, _ in found.groups]
    places = [names.setdefault(name, len(names)) for name in own]
    return identities, at if places == list(range(len(places))) else [places[place] for place in at]


def _same(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split())


def _several(identities: Iterable[int], known: Mapping[int, int]) -> set[int]:
    """Digests that more than one row has."""
    ids = list(identities)
    if len(ids) == len(known):
        return set()
    return {identity for identity, count in Counter(ids).items() if count > 1}


def _places(ids: Iterable[int], at: Iterable[int], wanted: set[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for identity, place in zip(ids, at, strict=True):
        if identity in wanted:
            found.setdefault(identity, []).append(place)
    return found


# --- from the flow to numbers ---------------------------------------------------------------------------------------------


def _renamed(before: EditionTally, after: EditionTally, flow: _Flow) -> dict[str, str]:
    """Groups that vanished, and the new group of a like name in which nearly all who stayed are now.

    A shelter that closed and whose people went to one of another name has moved them: the names decide.
    """
    old, new = {_same(name) for name, _ in before.groups}, {_same(name) for name, _ in after.groups}
    found: dict[str, str] = {}
    for name in sorted(old - new):
        stayed = {to: count for (was, to), count in flow.rows.items() if was == name and to is not None}
        if not stayed:
            continue
        to = max(sorted(stayed), key=lambda group: stayed[group])
        alike = bool(name and to) and (to.startswith(name) or name.startswith(to))
        if to not in old and to not in found.values() and alike and stayed[to] >= RENAMED * sum(stayed.values()):
            found[name] = to
    return found


def _change(since: datetime, before: EditionTally, after: EditionTally, flow: _Flow, renamed: Mapping[str, str]) -> Change:
    came: Counter[str] = Counter()
    went: Counter[str] = Counter()
    arrived = left = moved = 0
    for (was, now), count in flow.rows.items():
        where = None if was is None else renamed.get(was, was)
        if where == now:
            continue
        if where is None:
            arrived += count
        elif now is None:
            left += count
        else:
            moved += count
        if now is not None:
            came[now] += count
        if where is not None:
            went[where] += count
    shown = _shown_names(before, after, renamed)
    groups = tuple((name, came[same], went[same]) for same, name in shown.items())
    spelled = {_same(name): name for name, _ in before.groups}
    return Change(since, arrived, left, moved, groups, tuple((spelled[old], shown[new]) for old, new in renamed.items()))


def _shown_names(before: EditionTally, after: EditionTally, renamed: Mapping[str, str]) -> dict[str, str]:
    """Every group of either edition as it is written today, those of today first."""
    names = {_same(name): name for name, _ in after.groups}
    for name, _ in before.groups:
        same = _same(name)
        names.setdefault(renamed.get(same, same), name)
    return names


def _of_people(since: datetime, before: EditionTally, after: EditionTally, flow: _Flow) -> Change:
    arrived = sum(count for (was, _), count in flow.rows.items() if was is None)
    left = sum(count for (_, now), count in flow.rows.items() if now is None)
    old, new = dict(before.groups) if before.people else {}, dict(after.groups) if after.people else {}
    grown = {name: new.get(name, 0) - old.get(name, 0) for name in dict.fromkeys((*new, *old))} if old and new else {}
    groups = tuple((name, max(0, step), max(0, -step)) for name, step in grown.items())
    return Change(since, arrived, left, 0, groups)
