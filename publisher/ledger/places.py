"""The archive by time, counted: how many listed documents lie below each of its steps, for the whole site and for each category.

Counts go only as deep as the archive is split: below a step with no more than ``LEAF`` documents nothing is counted, so a document costs a
few rows, not one for each digit of its second and its id.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping

STEPS = (7, 10, 12, 14, 16, 17, 18, 19, 20, 21, 22)
"""Lengths of the steps of a place ``2011-03/11144600482913``: month, day, hour, minute, second, six digits of the document's id."""

LEAF = 30
"""A step of the archive with more documents than this is split."""

Spot = tuple[str, str]
"""(category, place) of a listed document."""


class Places:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def place_count(self, scope: str, prefix: str) -> int:
        """The documents below a step: a month, or one whose step above holds more than ``LEAF``; 0 for any other."""
        row = self._db.execute("SELECT count FROM places WHERE scope = ? AND length = ? AND prefix = ?", (scope, len(prefix), prefix)).fetchone()
        return 0 if row is None else row[0]

    def places_below(self, scope: str, prefix: str, length: int) -> list[tuple[str, int]]:
        """The steps right below one that is split, in order of time: (prefix, count)."""
        return self._db.execute(
            "SELECT prefix, count FROM places WHERE scope = ? AND length = ? AND prefix > ? AND prefix < ? ORDER BY prefix",
            (scope, length, prefix, prefix + "~"),
        ).fetchall()

    def months(self, scope: str) -> list[str]:
        """The newest first."""
        rows = self._db.execute("SELECT prefix FROM places WHERE scope = ? AND length = ? ORDER BY prefix DESC", (scope, STEPS[0]))
        return [prefix for (prefix,) in rows]

    def recount(self, moves: Iterable[tuple[Spot | None, Spot | None]]) -> None:
        """Documents have moved from one spot to another (None: they were not, or are not listed). Call it when their rows say so already."""
        scopes: dict[str, Counter[str]] = {}
        for was, now in moves:
            if was == now:
                continue
            for spot, step in ((was, -1), (now, +1)):
                if spot is not None and spot[1]:
                    for scope in ("", "c:" + spot[0]):
                        scopes.setdefault(scope, Counter())[spot[1]] += step
        for scope, changes in scopes.items():
            self._step(scope, 0, {place: step for place, step in changes.items() if step})

    def _step(self, scope: str, level: int, changes: Mapping[str, int]) -> None:
        """``changes``: place → documents more or fewer there. What they touch at this level is counted here already."""
        below: dict[str, dict[str, int]] = {}
        for place, step in changes.items():
            below.setdefault(place[: STEPS[level]], {})[place] = step
        for prefix, places in below.items():
            before = self.place_count(scope, prefix)
            after = before + sum(places.values())
            self._set(scope, prefix, after)
            if level + 1 == len(STEPS):
                continue
            if before > LEAF and after > LEAF:
                self._step(scope, level + 1, places)
            elif after > LEAF:
                self._split(scope, prefix, level + 1)
            elif before > LEAF:
                self._merge(scope, prefix, level + 1)

    def _set(self, scope: str, prefix: str, count: int) -> None:
        if count:
            self._db.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?)", (scope, len(prefix), prefix, count))
        else:
            self._db.execute("DELETE FROM places WHERE scope = ? AND length = ? AND prefix = ?", (scope, len(prefix), prefix))

    def _split(self, scope: str, prefix: str, level: int) -> None:
        """The step has become crowded: count what lies right below it, and below what is crowded there."""
        category = "AND category = ?" if scope else ""
        rows = self._db.execute(
            f"SELECT substr(place, 1, ?), count(*) FROM documents WHERE listed {category} AND place >= ? AND place < ? GROUP BY 1",
            (STEPS[level], *((scope[2:],) if scope else ()), prefix, prefix + "~"),
        ).fetchall()
        for step, count in rows:
            self._set(scope, step, count)
            if count > LEAF and level + 1 < len(STEPS):
                self._split(scope, step, level + 1)

    def _merge(self, scope: str, prefix: str, level: int) -> None:
        for length in STEPS[level:]:
            self._db.execute(
                "DELETE FROM places WHERE scope = ? AND length = ? AND prefix > ? AND prefix < ?", (scope, length, prefix, prefix + "~")
            )
