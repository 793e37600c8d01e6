"""Whole copies of the ledger: one moment of it as a file, while others go on writing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from publisher.errors import SiteError
from publisher.ledger.schema import VERSION
from publisher.model import Problem
from publisher.values import frozen

UNRENDERED = "restored"
"""The fingerprint of a ledger whose pages are not on this machine's disk: none that a program has."""


@frozen
class Standing:
    """A file that stood in the drop folder: what is needed to put it there again. ``mtime`` in nanoseconds."""

    path: str
    size: int
    mtime: int
    sha256: str


def copy_ledger(ledger: Path, target: Path) -> None:
    """One committed moment of the ledger as a file of its own. Pages keep their places, so that two copies differ where the ledger does.

    Raises ``SiteError`` when the ledger cannot be read or the copy not be written.
    """
    target.unlink(missing_ok=True)
    try:
        with (
            closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as source,
            closing(sqlite3.connect(target, isolation_level=None)) as copy,
        ):
            source.execute("BEGIN")  # one read transaction, so that a writer does not make the copying start anew
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(copy, pages=-1)
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise SiteError(unwritten(ledger, error)) from error


def unwritten(ledger: Path, error: sqlite3.Error) -> Problem:
    """A copy of the ledger cannot be made or changed."""
    return Problem(
        "ledger-copy", f"記録の写しを作れません（{error}）。", str(ledger), "公開中のページは、そのまま見えています。",
        "空き容量とフォルダーの権限を確かめてください。",
    )  # fmt: skip


def sound(ledger: Path) -> bool:
    """Is this file a whole ledger of today's form?"""
    try:
        with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error:
        return False
    return version == VERSION and answer == "ok"


def standing(ledger: Path) -> list[Standing]:
    """What stood in the drop folder when this ledger was last written to, as far as its bytes were kept."""
    with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT path, size, mtime, sha256 FROM files WHERE sha256 <> '' ORDER BY path")
        return [Standing(*row) for row in rows]


def known_bytes(ledger: Path) -> Callable[[str, str], bool]:
    """A question to a ledger: did these bytes (SHA-256) ever stand as a version at this path?"""
    with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        found = set(connection.execute("SELECT path, sha256 FROM versions UNION SELECT path, sha256 FROM files"))
    return lambda path, sha256: (path, sha256) in found


def facts_of(ledger: Path) -> dict[str, str]:
    """The facts of the whole site."""
    with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return {key: str(value) for key, value in connection.execute("SELECT key, value FROM meta")}


def pages_of(ledger: Path) -> dict[str, tuple[str, int]]:
    """The published files: path → (SHA-256, size)."""
    with closing(sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return {path: (sha256, size) for path, sha256, size in connection.execute("SELECT path, sha256, size FROM pages WHERE gone = 0")}


def begin_anew(ledger: Path, facts: dict[str, str], rendered: bool = False, published: int = 0) -> None:
    """Make a copy ready for another machine. Unless the site is on its disk already (``rendered``), everything is rendered once more.

    ``doubt`` among the facts: what the mirrors hold may be newer than this copy knows. ``published``: the highest serial that the public has
    seen; the next build counts on from it. Raises ``SiteError`` when it cannot be written.
    """
    try:
        with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            if not rendered:
                connection.execute("INSERT OR REPLACE INTO meta VALUES ('fingerprint', ?)", (UNRENDERED,))
                connection.execute("UPDATE pages SET key = ''")  # a page whose source is unchanged is not rendered: here it has to be
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts.items())
            connection.execute("UPDATE meta SET value = ? WHERE key = 'serial' AND CAST(value AS INTEGER) < ?", (str(published), published))
            connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise SiteError(unwritten(ledger, error)) from error


def remember(ledger: Path, key: str, value: str) -> None:
    """Enter one fact into a ledger that nobody has open."""
    with closing(sqlite3.connect(ledger, isolation_level=None, timeout=30)) as connection:
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))
