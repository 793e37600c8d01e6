"""Two ledgers of one site that grew apart: what does one know that the other does not?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from publisher.ledger.schema import VERSION

_EVENTS = """SELECT path, sha256, moment || gone FROM {0}.versions UNION SELECT path, sha256, moment || action FROM {0}.decisions"""
"""What happened at each path, named so that it is the same in every copy of the ledger that has it."""

_WAITING = """SELECT path, sha256 FROM {0}.files f WHERE sha256 <> ''
    AND NOT EXISTS (SELECT 1 FROM {0}.versions v WHERE v.path = f.path AND v.sha256 = f.sha256)"""
"""What stands in the drop folder and was never published: held and rejected files. Of those that were replaced the ledger keeps nothing."""


@dataclass(frozen=True, slots=True)
class Record:
    """A line of the audit log. Of a release or a withdrawal, ``target`` is the path and ``detail`` the bytes (SHA-256)."""

    moment: str
    who: str
    action: str
    target: str
    detail: str


def overtaken(theirs: Path, ours: Path | None, had: Callable[[str], bool]) -> set[str]:
    """The paths at which something happened over there that we know nothing of: a version, a withdrawal, a decision, a held file, one that is gone.

    ``had``: were these bytes (SHA-256) ever here? Without a ledger of ours: all paths that are known over there.
    """
    with closing(_open(theirs, ours)) as connection:
        if ours is None:
            known = f"SELECT path FROM ({_EVENTS.format('main')}) UNION SELECT path FROM main.files"
            return {path for (path,) in connection.execute(known)}
        news = f"SELECT path FROM ({_EVENTS.format('main')} EXCEPT SELECT * FROM ({_EVENTS.format('ours')}))"
        gone = f"SELECT path FROM ours.files WHERE path NOT IN (SELECT path FROM main.files) AND path IN (SELECT path FROM ({_EVENTS.format('main')}))"
        found = {path for (path,) in connection.execute(f"{news} UNION {gone}")}
        waiting = connection.execute(f"{_WAITING.format('main')} EXCEPT SELECT path, sha256 FROM ours.files")
        return found | {path for path, sha256 in waiting if not had(sha256)}


def grew(theirs: Path, ours: Path) -> bool:
    """Did anything happen here that they know nothing of?"""
    with closing(_open(theirs, ours)) as connection:
        news = f"SELECT 1 FROM ({_EVENTS.format('ours')} EXCEPT SELECT * FROM ({_EVENTS.format('main')})) LIMIT 1"
        return connection.execute(news).fetchone() is not None


def own_records(theirs: Path, ours: Path) -> list[Record]:
    """The lines of our audit log that theirs lacks, the oldest first."""
    columns = "moment, who, action, target, detail"
    with closing(_open(theirs, ours)) as connection:
        known = {Record(*row) for row in connection.execute(f"SELECT {columns} FROM main.audit")}
        return [record for row in connection.execute(f"SELECT {columns} FROM ours.audit ORDER BY number") if (record := Record(*row)) not in known]


def standing_bytes(ledger: Path, path: str) -> str | None:
    """The SHA-256 of what stands at a path; None where nothing does."""
    with closing(_open(ledger, None)) as connection:
        row = connection.execute("SELECT sha256 FROM files WHERE path = ?", (path,)).fetchone()
        return None if row is None else row[0]


def decided(ledger: Path, path: str, sha256: str) -> str:
    """When a person last decided about these bytes at this path; "" when never."""
    with closing(_open(ledger, None)) as connection:
        return connection.execute("SELECT coalesce(max(moment), '') FROM decisions WHERE path = ? AND sha256 = ?", (path, sha256)).fetchone()[0]


def enter(ledger: Path, records: Iterable[Record], decisions: Iterable[Record]) -> None:
    """Add lines to the audit log of a ledger that nobody has open; ``decisions`` hold for their bytes, in place of earlier ones."""
    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO audit (moment, who, action, target, detail) VALUES (?,?,?,?,?)",
            [(one.moment, one.who, one.action, one.target, one.detail) for one in records],
        )
        for one in decisions:
            connection.execute("DELETE FROM decisions WHERE path = ? AND sha256 = ?", (one.target, one.detail))
            connection.execute("INSERT INTO decisions VALUES (?,?,?,?)", (one.target, one.detail, one.action, one.moment))
        connection.execute("COMMIT")


def _open(theirs: Path, ours: Path | None) -> sqlite3.Connection:
    """Both for reading, theirs as ``main``."""
    connection = sqlite3.connect(f"{theirs.absolute().as_uri()}?mode=ro", uri=True)
    if ours is not None:
        connection.execute("ATTACH ? AS ours", (f"{ours.absolute().as_uri()}?mode=ro",))
    return connection


def comparable(ledger: Path) -> bool:
    """Is this a ledger of today's form?"""
    try:
        with closing(_open(ledger, None)) as connection:
            return connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    except sqlite3.Error:
        return False
