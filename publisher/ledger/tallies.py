"""The numbers of each edition of a table, and what the next edition has to be compared with."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime

from publisher.model import Change, EditionTally, TableKind
from publisher.values import frozen


@frozen
class TallyRow:
    """``mark`` tells editions with other rows apart; ``against`` is the mark of the edition that ``tally.change`` was counted from.
    ``rows``: whether the digests of its rows are still there."""

    tally: EditionTally
    mark: str
    against: str
    rows: bool

    @property
    def key(self) -> tuple[str, str, str]:
        assert self.tally.moment is not None
        return self.tally.slug, self.tally.moment.isoformat(), self.tally.sha256


class Tallies:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def of_document(self, document: str) -> list[TallyRow]:
        """All editions of all tables of a document, by the moment that they speak of; without their rows."""
        rows = self._db.execute(
            "SELECT slug, moment, sha256, as_of, said, mark, against, change, rows IS NOT NULL FROM tallies WHERE document = ? AND mark != ''", (document,)
        )
        found = [TallyRow(_tally(*row[:5], row[7]), row[5], row[6], bool(row[8])) for row in rows]
        return sorted(found, key=lambda row: (row.tally.as_of, row.tally.moment, row.key))

    def put(self, document: str, tally: EditionTally, mark: str, rows: bytes) -> None:
        """Keep an edition that was counted (again). A difference that was counted from the same rows stays."""
        assert tally.moment is not None and tally.as_of is not None
        key = (document, tally.slug, tally.moment.isoformat(), tally.sha256)
        self._db.execute(
            "INSERT INTO tallies (document, slug, moment, sha256, as_of, said, mark, rows) VALUES (?,?,?,?,?,?,?,?) "
            "ON CONFLICT DO UPDATE SET as_of = excluded.as_of, said = excluded.said, rows = excluded.rows, mark = excluded.mark, "
            "against = CASE WHEN mark = excluded.mark THEN against ELSE '' END, change = CASE WHEN mark = excluded.mark THEN change END",
            (*key, tally.as_of.isoformat(), _said(tally), mark, rows),
        )

    def set_change(self, document: str, row: TallyRow, change: Change | None, against: str) -> None:
        self._db.execute(
            "UPDATE tallies SET change = ?, against = ? WHERE document = ? AND slug = ? AND moment = ? AND sha256 = ?",
            (None if change is None else _packed(change), against, document, *row.key),
        )

    def put_none(self, document: str, moment: datetime, sha256: str) -> None:
        """Today's rules hold this version: there is nothing to count, and it need not be read again to know that."""
        self._db.execute(
            "INSERT OR REPLACE INTO tallies (document, slug, moment, sha256, as_of, said, mark) VALUES (?, '', ?, ?, '', '', '')",
            (document, moment.isoformat(), sha256),
        )

    def slugs(self, document: str) -> list[str]:
        """Of all tables that the document has or had, whether or not their numbers count today."""
        rows = self._db.execute("SELECT DISTINCT slug FROM tallies WHERE document = ? AND slug != '' ORDER BY slug", (document,))
        return [slug for (slug,) in rows]

    def versions(self, document: str) -> set[tuple[datetime, str]]:
        """(moment, SHA-256) of the versions that were ever looked at."""
        return self._versions("document = ?", document)

    def counted(self, document: str) -> set[tuple[datetime, str]]:
        """… and of those whose numbers count, or of which it is known that today's rules hold them."""
        return self._versions("document = ? AND (mark != '' OR slug = '')", document)

    def _versions(self, where: str, document: str) -> set[tuple[datetime, str]]:
        rows = self._db.execute(f"SELECT DISTINCT moment, sha256 FROM tallies WHERE {where}", (document,))
        return {(datetime.fromisoformat(moment), sha256) for moment, sha256 in rows}

    def rows(self, document: str, row: TallyRow) -> bytes | None:
        """The digests of an edition's rows, or None when they were put away."""
        found = self._db.execute(
            "SELECT rows FROM tallies WHERE document = ? AND slug = ? AND moment = ? AND sha256 = ?", (document, *row.key)
        ).fetchone()
        return None if found is None else found[0]

    def put_rows_away(self, document: str, row: TallyRow) -> None:
        self._db.execute("UPDATE tallies SET rows = NULL WHERE document = ? AND slug = ? AND moment = ? AND sha256 = ?", (document, *row.key))

    def drop_version(self, document: str, moment: datetime, sha256: str) -> None:
        """The version is public no longer."""
        self._db.execute("DELETE FROM tallies WHERE document = ? AND moment = ? AND sha256 = ?", (document, moment.isoformat(), sha256))

    def forget(self, document: str) -> None:
        """No number of any edition of the document counts any more, and none is shown until it is counted anew: the rules changed, or a row may be
        shown no longer."""
        self._db.execute("DELETE FROM tallies WHERE document = ? AND slug = ''", (document,))
        self._db.execute("UPDATE tallies SET said = '', mark = '', against = '', change = NULL, rows = NULL WHERE document = ?", (document,))


def _said(tally: EditionTally) -> str:
    return json.dumps(
        [
            tally.title, tally.kind, tally.personal, tally.total, tally.shown, tally.withheld, tally.group_name, tally.people, tally.groups,
        ],
        ensure_ascii=False,
    )  # fmt: skip


def _tally(slug: str, moment: str, sha256: str, as_of: str, said: str, change: str | None) -> EditionTally:
    title, kind, personal, total, shown, withheld, group_name, people, groups = json.loads(said)
    return EditionTally(
        slug, title, TableKind(kind), personal, total, shown, withheld, tuple((name, count) for name, count in groups), group_name, people,
        datetime.fromisoformat(as_of), datetime.fromisoformat(moment), sha256, None if change is None else _unpacked(change),
    )  # fmt: skip


def _packed(change: Change) -> str:
    return json.dumps(
        [change.since.isoformat(), change.arrived, change.left, change.moved, change.groups, change.renamed], ensure_ascii=False
    )


def _unpacked(text: str) -> Change:
    since, arrived, left, moved, groups, renamed = json.loads(text)
    pairs = tuple((old, new) for old, new in renamed)
    return Change(datetime.fromisoformat(since), arrived, left, moved, tuple((name, came, went) for name, came, went in groups), pairs)
