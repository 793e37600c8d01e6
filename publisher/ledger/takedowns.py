"""What has to vanish from each mirror, in every version, and when it did: it goes before everything else and waits for mirrors that are down."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from publisher.ledger.pages import _COLUMNS, _record
from publisher.model import PageRecord
from publisher.values import frozen


@frozen
class TakeDownRow:
    """One beginning of paths on one mirror. ``done`` is the receipt's moment, None: it is still to be done; ``things`` counts what went."""

    number: int
    mirror: str
    prefix: str
    reason: str
    target: str
    moment: datetime
    done: datetime | None = None
    things: int = 0


class TakeDowns:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def order(self, mirrors: Iterable[str], prefixes: Sequence[str], reason: str, target: str, moment: datetime) -> None:
        """From now on nothing of old may be left below these prefixes. ``reason`` is restrict, withdraw or ended, ``target`` a document's id."""
        self._db.executemany(
            "INSERT INTO takedowns (mirror, prefix, reason, target, moment) VALUES (?,?,?,?,?)",
            [(mirror, prefix, reason, target, moment.isoformat()) for mirror in mirrors for prefix in prefixes],
        )

    def pending(self, mirror: str | None = None) -> list[TakeDownRow]:
        return self._rows("done IS NULL" + (" AND mirror = ?" if mirror is not None else ""), (mirror,) if mirror is not None else ())

    def of(self, target: str, since: datetime) -> list[TakeDownRow]:
        """The receipts of one document that were ordered at a moment or later."""
        return [row for row in self._rows("target = ?", (target,)) if row.moment >= since]

    def _rows(self, where: str, values: tuple[object, ...]) -> list[TakeDownRow]:
        rows = self._db.execute(
            f"SELECT number, mirror, prefix, reason, target, moment, done, things FROM takedowns WHERE {where} ORDER BY number", values
        )
        return [
            TakeDownRow(number, mirror, prefix, reason, target, datetime.fromisoformat(moment), datetime.fromisoformat(done) if done else None, things)
            for number, mirror, prefix, reason, target, moment, done, things in rows
        ]

    def finish(self, numbers: Iterable[int], moment: datetime, things: int) -> None:
        """The mirror has nothing of old there any more; ``things`` files, versions and marks of deletion went."""
        self._db.executemany("UPDATE takedowns SET done = ?, things = ? WHERE number = ?", [(moment.isoformat(), things, n) for n in numbers])

    def forget(self, mirrors: Iterable[str]) -> None:
        """These mirrors are configured no more: nobody can reach them from here."""
        self._db.executemany("DELETE FROM takedowns WHERE mirror = ? AND done IS NULL", [(mirror,) for mirror in mirrors])

    # --- what stands below a prefix ---

    def pages_below(self, prefix: str) -> list[PageRecord]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM pages WHERE path >= ? AND path < ? AND gone = 0 ORDER BY path", (prefix, prefix + "~"))
        return [_record(row) for row in rows]

    def receipts_below(self, mirror: str, prefix: str) -> dict[str, tuple[str, str]]:
        rows = self._db.execute("SELECT path, sha256, headers FROM receipts WHERE mirror = ? AND path >= ? AND path < ?", (mirror, prefix, prefix + "~"))
        return {path: (sha256, headers) for path, sha256, headers in rows}
