"""What each mirror has confirmed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

from publisher.ledger.files import pack_problems, unpack_problems
from publisher.model import Problem, Receipt
from publisher.values import frozen


@frozen
class MirrorRow:
    """Where a mirror stands: it holds the whole site of ``serial``, confirmed at ``confirmed``.

    ``state`` is "" (never tried), current or behind; ``since`` is the moment from which it has been so.
    """

    name: str
    identity: str
    serial: int = 0
    confirmed: datetime | None = None
    state: str = ""
    problem: Problem | None = None
    since: datetime | None = None


_NEW = " new"
"""Behind the moment of a receipt: nothing led to the file when it came."""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.removesuffix(_NEW))


class Mirrors:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def get(self, name: str, identity: str) -> MirrorRow:
        """What is known of a mirror. One whose address changed is a new mirror: nothing is known of it."""
        row = self._db.execute(
            "SELECT identity, serial, confirmed, state, problem, since FROM mirrors WHERE name = ?", (name,)
        ).fetchone()
        if row is None or row[0] != identity:
            return MirrorRow(name, identity)
        confirmed, since = (datetime.fromisoformat(text) if text else None for text in (row[2], row[5]))
        problems = unpack_problems(row[4]) if row[4] else ()
        return MirrorRow(name, identity, row[1], confirmed, row[3], problems[0] if problems else None, since)

    def start(self, name: str, identity: str) -> None:
        """A new mirror, or one that moved: forget what another place confirmed under this name."""
        known = self._db.execute("SELECT identity FROM mirrors WHERE name = ?", (name,)).fetchone()
        if known is None or known[0] != identity:
            self._db.execute("DELETE FROM receipts WHERE mirror = ?", (name,))
            self._db.execute("INSERT OR REPLACE INTO mirrors (name, identity) VALUES (?, ?)", (name, identity))

    def settle(self, row: MirrorRow) -> None:
        self._db.execute(
            "UPDATE mirrors SET serial = ?, confirmed = ?, state = ?, problem = ?, since = ? WHERE name = ?",
            (
                row.serial, row.confirmed and row.confirmed.isoformat(), row.state, pack_problems([row.problem]) if row.problem else "",
                row.since and row.since.isoformat(), row.name,
            ),
        )  # fmt: skip

    def receipts(self, mirror: str, paths: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Path → (SHA-256, headers' digest) of those paths that the mirror has confirmed."""
        return self.standing(mirror, paths, None)[0]

    def standing(self, mirror: str, paths: Iterable[str], reached: datetime | None) -> tuple[dict[str, tuple[str, str]], set[str]]:
        """The receipts, and the paths of those that were new and to which nothing has led since: they came after ``reached``, the moment at which readers
        were last led to all that was new."""
        found: dict[str, tuple[str, str]] = {}
        unreached = set()
        for path in paths:
            row = self._db.execute("SELECT sha256, headers, moment FROM receipts WHERE mirror = ? AND path = ?", (mirror, path)).fetchone()
            if row is not None:
                found[path] = row[:2]
                if row[2].endswith(_NEW) and (reached is None or _moment(row[2]) > reached):
                    unreached.add(path)
        return found, unreached

    def begun(self, mirror: str, whole: datetime | None) -> set[str]:
        """The files that the mirror has confirmed since the moment at which it last showed the ``whole`` site (None: never)."""
        rows = self._db.execute("SELECT path, moment FROM receipts WHERE mirror = ?", (mirror,))
        return {path for path, moment in rows if whole is None or _moment(moment) > whole}

    def held(self, mirror: str) -> int:
        """How many files the mirror is known to hold."""
        return self._db.execute("SELECT count(*) FROM receipts WHERE mirror = ?", (mirror,)).fetchone()[0]

    def strangers(self, mirror: str) -> list[str]:
        """Confirmed files that are not part of the site any more."""
        rows = self._db.execute(
            "SELECT r.path FROM receipts r LEFT JOIN pages p ON p.path = r.path AND p.gone = 0 WHERE r.mirror = ? AND p.path IS NULL "
            "ORDER BY r.path",
            (mirror,),
        )
        return [path for (path,) in rows]

    def urgent_since(self, serial: int) -> list[str]:
        """The files of urgent documents that changed since a serial."""
        rows = self._db.execute(
            "SELECT DISTINCT p.path FROM documents d JOIN uses u ON u.owner = 'document:' || d.id JOIN pages p ON p.path = u.path "
            "WHERE d.listed AND d.severity = '緊急' AND p.serial > ? AND p.gone = 0 ORDER BY p.serial DESC, p.path",
            (serial,),
        )
        return [path for (path,) in rows]

    def confirm(self, receipts: Iterable[Receipt]) -> None:
        """Record what the mirror has answered. Those that promise nothing (``sha256`` is "") leave the moment of the ones before them."""
        self._db.executemany(
            "INSERT INTO receipts VALUES (?,?,?,?,?) ON CONFLICT DO UPDATE SET sha256 = excluded.sha256, headers = excluded.headers, "
            "moment = CASE WHEN excluded.sha256 = '' THEN moment ELSE excluded.moment END",
            [(one.mirror, one.path, one.sha256, one.headers, one.moment.isoformat() + (_NEW if one.is_new else "")) for one in receipts],
        )

    def reached(self, mirror: str) -> datetime | None:
        """When readers of a mirror were last led to all that was new there."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (f"reached {mirror}",)).fetchone()
        return None if row is None else datetime.fromisoformat(row[0])

    def reach(self, mirror: str, moment: datetime) -> None:
        """Readers are led to all that is new from now on."""
        self._db.execute("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (f"reached {mirror}", moment.isoformat()))

    def led_to(self, mirror: str, paths: Iterable[str]) -> None:
        """Readers can reach these, though not yet all that is new."""
        update = "UPDATE receipts SET moment = substr(moment, 1, length(moment) - ?) WHERE mirror = ? AND path = ? AND moment LIKE ?"
        self._db.executemany(update, [(len(_NEW), mirror, path, f"%{_NEW}") for path in paths])

    def suspect(self, mirror: str, paths: Iterable[str] | None) -> None:
        """What stands at these paths (None: anywhere) may be damaged: the receipts promise nothing any more, but that something stands there, to
        which others may link (an empty digest of headers would say that nothing does, see ``mirrors.plan.UNSURE``)."""
        update = "UPDATE receipts SET sha256 = '', headers = CASE WHEN sha256 != '' AND headers = '' THEN '?' ELSE headers END WHERE mirror = ?"
        if paths is None:
            self._db.execute(update, (mirror,))
        else:
            self._db.executemany(f"{update} AND path = ?", [(mirror, path) for path in paths])

    def deleted(self, mirror: str, paths: Iterable[str]) -> None:
        self._db.executemany("DELETE FROM receipts WHERE mirror = ? AND path = ?", [(mirror, path) for path in paths])

    def names(self) -> list[str]:
        return [name for (name,) in self._db.execute("SELECT name FROM mirrors ORDER BY name")]

    def forget(self, name: str) -> None:
        """The configuration names it no more."""
        self._db.execute("DELETE FROM receipts WHERE mirror = ?", (name,))
        self._db.execute("DELETE FROM mirrors WHERE name = ?", (name,))

    def lowest_serial(self) -> int | None:
        return self._db.execute("SELECT min(serial) FROM mirrors").fetchone()[0]
