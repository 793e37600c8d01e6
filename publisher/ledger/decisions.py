"""What a person decided, and the audit log."""

from __future__ import annotations

import sqlite3
from datetime import datetime


class Decisions:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def paths(self) -> frozenset[str]:
        """The paths of which a person ever decided something."""
        return frozenset(path for (path,) in self._db.execute("SELECT DISTINCT path FROM decisions"))

    def released(self, path: str, sha256: str) -> bool:
        """A person let exactly these bytes at this path through."""
        return self._decided(path, sha256, "release")

    def released_since(self, path: str, sha256: str, moment: datetime) -> bool:
        """A person let exactly these bytes at this path through, and not before this moment."""
        row = self._db.execute("SELECT moment FROM decisions WHERE path = ? AND sha256 = ? AND action = 'release'", (path, sha256)).fetchone()
        return row is not None and datetime.fromisoformat(row[0]) >= moment

    def withdrawn(self, path: str, sha256: str) -> bool:
        """A person took exactly these bytes at this path down."""
        return self._decided(path, sha256, "withdraw")

    def _decided(self, path: str, sha256: str, action: str) -> bool:
        row = self._db.execute(
            "SELECT 1 FROM decisions WHERE path = ? AND sha256 = ? AND action = ?", (path, sha256, action)
        ).fetchone()
        return row is not None

    def decide(self, path: str, sha256: str, action: str, moment: datetime, who: str, seen: datetime | None = None) -> None:
        """``action`` is release or withdraw; the later one of the two counts. ``seen``: the moment of the newest version that stood there then."""
        counts = moment if seen is None else max(moment, seen)
        self._db.execute("DELETE FROM decisions WHERE path = ? AND sha256 = ?", (path, sha256))
        self._db.execute("INSERT INTO decisions VALUES (?,?,?,?)", (path, sha256, action, counts.isoformat()))
        self.log(moment, who, action, path, sha256)

    def follow(self, old: str, new: str) -> None:
        """The file at ``old`` stands at ``new`` now: what was decided of its bytes there holds here, unless the same bytes were decided of here later."""
        decided = self._db.execute("SELECT sha256, action, moment FROM decisions WHERE path = ?", (old,)).fetchall()
        here = dict(self._db.execute("SELECT sha256, moment FROM decisions WHERE path = ?", (new,)))
        for sha256, action, moment in decided:
            if sha256 not in here or datetime.fromisoformat(here[sha256]) <= datetime.fromisoformat(moment):
                self._db.execute("DELETE FROM decisions WHERE path = ? AND sha256 = ?", (new, sha256))
                self._db.execute("INSERT INTO decisions VALUES (?,?,?,?)", (new, sha256, action, moment))

    def log(self, moment: datetime, who: str, action: str, target: str, detail: str = "") -> None:
        self._db.execute(
            "INSERT INTO audit (moment, who, action, target, detail) VALUES (?,?,?,?,?)", (moment.isoformat(), who, action, target, detail)
        )

    def audit(self) -> list[tuple[str, str, str, str, str]]:
        return self._db.execute("SELECT moment, who, action, target, detail FROM audit ORDER BY number").fetchall()
