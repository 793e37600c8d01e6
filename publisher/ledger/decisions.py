"""What a person decided, and the audit log."""

from __future__ import annotations

import sqlite3
from datetime import datetime


class Decisions:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def all(self) -> list[tuple[str, str, str, datetime]]:
        """(path, SHA-256, action, moment) of whatever a person decided."""
        rows = self._db.execute("SELECT path, sha256, action, moment FROM decisions ORDER BY path, sha256")
        return [(path, sha256, action, datetime.fromisoformat(moment)) for path, sha256, action, moment in rows]

    def at(self, path: str, sha256: str) -> tuple[str, datetime] | None:
        """(action, moment) of what was decided of these bytes at this path."""
        row = self._db.execute("SELECT action, moment FROM decisions WHERE path = ? AND sha256 = ?", (path, sha256)).fetchone()
        return None if row is None else (row[0], datetime.fromisoformat(row[1]))

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

    def decided_since(self, sha256: str, action: str, moment: datetime) -> bool:
        """A person decided this of these bytes after this moment, at whatever path."""
        rows = self._db.execute("SELECT moment FROM decisions WHERE sha256 = ? AND action = ?", (sha256, action))
        return any(datetime.fromisoformat(said) > moment for (said,) in rows)

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
        for sha256, action, moment in decided:
            self.hold(new, sha256, action, datetime.fromisoformat(moment))

    def hold(self, path: str, sha256: str, action: str, moment: datetime) -> None:
        """What was decided of these bytes somewhere else holds here, too, unless something was decided here later."""
        here = self.at(path, sha256)
        if here is None or here[1] <= moment:
            self._db.execute("DELETE FROM decisions WHERE path = ? AND sha256 = ?", (path, sha256))
            self._db.execute("INSERT INTO decisions VALUES (?,?,?,?)", (path, sha256, action, moment.isoformat()))

    def taken_down(self) -> dict[str, list[str]]:
        """SHA-256 → the paths of which a person said that these bytes are to be taken down, the latest last."""
        found: dict[str, list[str]] = {}
        for sha256, path in self._db.execute("SELECT detail, target FROM audit WHERE action = 'withdraw' ORDER BY number"):
            found.setdefault(sha256, []).append(path)
        return found

    def take_over(self, path: str, sha256: str, moment: datetime, now: datetime) -> None:
        """The withdrawal of these bytes that was made somewhere else at ``moment`` holds here, too. The audit log says so as of ``now``, with the
        person who took them down: as ``refuse``, since nobody said this of this path."""
        self.hold(path, sha256, "withdraw", moment)
        said = self._db.execute("SELECT who FROM audit WHERE action = 'withdraw' AND detail = ? ORDER BY number DESC LIMIT 1", (sha256,)).fetchone()
        self.log(now, "" if said is None else said[0], "refuse", path, sha256)

    def log(self, moment: datetime, who: str, action: str, target: str, detail: str = "") -> None:
        self._db.execute(
            "INSERT INTO audit (moment, who, action, target, detail) VALUES (?,?,?,?,?)", (moment.isoformat(), who, action, target, detail)
        )

    def audit(self) -> list[tuple[str, str, str, str, str]]:
        return self._db.execute("SELECT moment, who, action, target, detail FROM audit ORDER BY number").fetchall()
