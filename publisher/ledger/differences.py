"""Two ledgers of one site that grew apart: what does one know that the other does not?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path

from publisher.errors import SiteError
from publisher.ledger.copies import unwritten
from publisher.ledger.schema import VERSION
from publisher.values import frozen

_NEWS = """SELECT one.path FROM {0}.versions one LEFT JOIN {1}.versions other USING (document, language, number)
    WHERE other.path IS NULL OR (one.path, one.sha256, one.moment, one.gone) <> (other.path, other.sha256, other.moment, other.gone)
    UNION SELECT path FROM (SELECT path, sha256, moment, action FROM {0}.decisions EXCEPT SELECT path, sha256, moment, action FROM {1}.decisions)"""
"""The paths of what one ledger knows and the other does not: versions, withdrawals, decisions. By their keys: a ledger has a million of them."""

_KNOWN = "SELECT path FROM main.versions UNION SELECT path FROM main.decisions"


@frozen
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
            return {path for (path,) in connection.execute(f"{_KNOWN} UNION SELECT path FROM main.files")}
        found = {path for (path,) in connection.execute(_NEWS.format("main", "ours"))}
        rows = connection.execute("SELECT path FROM ours.files LEFT JOIN main.files there USING (path) WHERE there.sha256 IS NULL")
        gone = {path for (path,) in rows}
        if gone:  # what they know of, and does not stand there; not our own new files
            found |= gone & {path for (path,) in connection.execute(_KNOWN)}
        # What stands in the drop folder and was never published. Of held files that were replaced the ledger keeps nothing.
        waiting = "SELECT path, sha256 FROM {0}.files WHERE verdict IN ('held', 'rejected') AND sha256 <> ''"
        held = connection.execute(f"{waiting.format('main')} EXCEPT {waiting.format('ours')}")
        return found | {path for path, sha256 in held if not had(sha256)}


def grew(theirs: Path, ours: Path) -> bool:
    """Did anything happen here that they know nothing of?"""
    with closing(_open(theirs, ours)) as connection:
        return connection.execute(_NEWS.format("ours", "main")).fetchone() is not None


CARRIED = "carried"
"""The fact of a ledger how far its audit log was when lines of another one had been entered (``enter``)."""


def own_records(theirs: Path, ours: Path, beyond: int = 0) -> list[Record]:
    """The lines of our audit log that theirs lacks, the oldest first; only those ``beyond`` the line with this number."""
    columns = "moment, who, action, target, detail"
    with closing(_open(theirs, ours)) as connection:
        known = {Record(*row) for row in connection.execute(f"SELECT {columns} FROM main.audit")}
        rows = connection.execute(f"SELECT {columns} FROM ours.audit WHERE number > ? ORDER BY number", (beyond,))
        return [record for row in rows if (record := Record(*row)) not in known]


@frozen
class Place:
    """Where bytes stand. ``action`` and ``moment``: what a person last decided of them there; "" when nothing."""

    path: str
    document: str
    verdict: str
    action: str
    moment: str


def places_of(ledger: Path, sha256: str) -> list[Place]:
    """Where these bytes stand, by path. "" are the bytes of files that could not be opened, of which nobody knows whether they are the same: nowhere."""
    columns = "path, document, verdict, coalesce(action, ''), coalesce(moment, '')"
    with closing(_open(ledger, None)) as connection:
        rows = connection.execute(f"SELECT {columns} FROM files LEFT JOIN decisions USING (path, sha256) WHERE sha256 = ? AND sha256 <> '' ORDER BY path", (sha256,))
        return [Place(*row) for row in rows]


def standing_bytes(ledger: Path, path: str) -> str | None:
    """The SHA-256 of what stands at a path; None where nothing does."""
    with closing(_open(ledger, None)) as connection:
        row = connection.execute("SELECT sha256 FROM files WHERE path = ?", (path,)).fetchone()
        return None if row is None else row[0]


def decided(ledger: Path, path: str, sha256: str) -> str:
    """When a person last decided about these bytes at this path; "" when never."""
    with closing(_open(ledger, None)) as connection:
        return connection.execute("SELECT coalesce(max(moment), '') FROM decisions WHERE path = ? AND sha256 = ?", (path, sha256)).fetchone()[0]


def decided_anywhere(ledger: Path, sha256: str, action: str) -> str:
    """When a person last decided this of these bytes, at whatever path; "" when never."""
    with closing(_open(ledger, None)) as connection:
        return connection.execute("SELECT coalesce(max(moment), '') FROM decisions WHERE sha256 = ? AND action = ?", (sha256, action)).fetchone()[0]


def enter(ledger: Path, records: Iterable[Record], decisions: Iterable[Record], facts: Mapping[str, str]) -> None:
    """Add lines to the audit log of a ledger that nobody has open; ``decisions`` hold for their bytes, in place of earlier ones. ``facts`` are
    remembered, and which line is the last.

    Raises ``SiteError`` when it cannot be written.
    """
    try:
        with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(
                "INSERT INTO audit (moment, who, action, target, detail) VALUES (?,?,?,?,?)",
                [(one.moment, one.who, one.action, one.target, one.detail) for one in records],
            )
            for one in decisions:
                connection.execute("DELETE FROM decisions WHERE path = ? AND sha256 = ?", (one.target, one.detail))
                connection.execute("INSERT INTO decisions VALUES (?,?,?,?)", (one.target, one.detail, one.action, one.moment))
            connection.execute("INSERT OR REPLACE INTO meta SELECT ?, coalesce(max(number), 0) FROM audit", (CARRIED,))
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts.items())
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise SiteError(unwritten(ledger, error)) from error


def entered(ledger: Path, one: Record) -> bool:
    """Is this line in the audit log?"""
    with closing(_open(ledger, None)) as connection:
        wanted = (one.moment, one.who, one.action, one.target, one.detail)
        row = connection.execute("SELECT 1 FROM audit WHERE (moment, who, action, target, detail) = (?,?,?,?,?)", wanted).fetchone()
        return row is not None


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
