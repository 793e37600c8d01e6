"""The memory of the publisher: one SQLite file in write-ahead mode.

    ledger.files        what stands in the drop folder, and the verdict on it
    ledger.documents    documents, their versions and cards, categories
    ledger.places       the archive by time, counted
    ledger.tallies      the numbers of each edition of a table
    ledger.pages        the published files, what has to be rendered again, the manifest's shards
    ledger.mirrors      what each mirror has confirmed
    ledger.takedowns    what has to vanish from each mirror, and the receipts
    ledger.decisions    what a person decided, and the audit log

Everything that belongs together happens within ``with ledger.transaction():``. A process killed at any instruction leaves the
ledger as it was before or after a transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from publisher.errors import SiteError
from publisher.ledger.decisions import Decisions
from publisher.ledger.documents import Documents
from publisher.ledger.files import Files
from publisher.ledger.mirrors import Mirrors
from publisher.ledger.pages import Pages
from publisher.ledger.places import Places
from publisher.ledger.schema import VERSION, prepare
from publisher.ledger.takedowns import TakeDowns
from publisher.ledger.tallies import Tallies
from publisher.model import Problem

__all__ = ["Ledger"]


class _Failed(SiteError, sqlite3.DatabaseError):
    """The ledger did not do what it was asked: in words, wherever nobody handles it as an error of SQLite."""


def _in_words(act: Callable[..., Any]) -> Callable[..., Any]:
    """The same, whose errors have words."""

    def acts(self: object, *arguments: Any) -> Any:
        try:
            return act(self, *arguments)
        except sqlite3.Error as error:
            raise _Failed(_not_read(error)) from error

    return acts


class _Cursor(sqlite3.Cursor):
    """As its parent; a page of the file that cannot be read is often met at a later row only."""

    execute = _in_words(sqlite3.Cursor.execute)
    executemany = _in_words(sqlite3.Cursor.executemany)
    fetchone = _in_words(sqlite3.Cursor.fetchone)
    fetchall = _in_words(sqlite3.Cursor.fetchall)
    __next__ = _in_words(sqlite3.Cursor.__next__)


class _Connection(sqlite3.Connection):
    """As its parent. A disk that fails under a reader must not end the thread of a mirror with an error that has no words."""

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        return self.cursor(_Cursor).execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        return self.cursor(_Cursor).executemany(*arguments)


class Ledger:
    """An open ledger. ``Ledger(path)`` makes the file when it is not there; raises ``SiteError`` when it cannot be used."""

    def __init__(self, path: Path, readonly: bool = False) -> None:
        try:
            self._connection = self._open(path, readonly)
        except (sqlite3.Error, OSError) as error:
            error = error.__cause__ if isinstance(error, _Failed) and error.__cause__ is not None else error
            raise SiteError(
                Problem(
                    "ledger",
                    f"記録のファイルを開けません（{error}）。",
                    str(path),
                    "公開中のページは、そのまま残っています。",
                    "フォルダーの空き容量と、書き込みの権限を確かめてください。直らないときは管理者に連絡してください。",
                )
            ) from error
        self._rooms()

    def _rooms(self) -> None:
        self.files = Files(self._connection)
        self.places = Places(self._connection)
        self.documents = Documents(self._connection, self.places)
        self.pages = Pages(self._connection)
        self.tallies = Tallies(self._connection)
        self.mirrors = Mirrors(self._connection)
        self.takedowns = TakeDowns(self._connection)
        self.decisions = Decisions(self._connection)

    @staticmethod
    def _open(path: Path, readonly: bool) -> sqlite3.Connection:
        if readonly:
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False, factory=_Connection)
            if connection.execute("PRAGMA user_version").fetchone() != (VERSION,):
                raise sqlite3.DatabaseError("記録の版が合いません")
            return connection
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30, factory=_Connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 8000")  # 32 MB: a first build waits for the disk a few times, not a hundred
        connection.execute("PRAGMA temp_store = MEMORY")  # else indexes of a large site are sorted in /var/tmp, which may be full or not writable
        prepare(connection)
        return connection

    def copy(self) -> Ledger:
        """The same ledger in memory, for a dry run."""
        twin = object.__new__(Ledger)
        twin._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        twin._connection.execute("PRAGMA temp_store = MEMORY")
        self._connection.backup(twin._connection)
        twin._rooms()
        return twin

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing of it. One within another belongs to the outer one. Raises ``SiteError`` where the disk does not take it."""
        if self._connection.in_transaction:
            yield
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo()
            raise SiteError(_not_taken(error.__cause__ if isinstance(error, _Failed) else error)) from error
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        if self._connection.in_transaction:  # SQLite has gone back by itself when the disk was full
            self._connection.execute("ROLLBACK")

    @contextmanager
    def enduring(self) -> Iterator[None]:
        """What is recorded within outlives a power failure, and with it all that was recorded before. Costs a wait for the disk."""
        self._connection.execute("PRAGMA synchronous = FULL")
        try:
            yield
        finally:
            self._connection.execute("PRAGMA synchronous = NORMAL")

    def close(self) -> None:
        self._connection.close()

    # --- a few facts of the whole site ---

    def fact(self, key: str) -> str | None:
        row = self._connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def remember(self, key: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @property
    def serial(self) -> int:
        """Counts the builds; every published file knows the serial of its last change."""
        return int(self.fact("serial") or 0)

    def found(self, now: datetime) -> None:
        """Remember the moment of the first build: what an empty feed bears as its own."""
        if self.fact("founded") is None:
            self.remember("founded", now.replace(microsecond=0).isoformat())

    @property
    def founded(self) -> datetime:
        return datetime.fromisoformat(self.fact("founded") or "1970-01-01T00:00:00+00:00")

    @property
    def updated(self) -> datetime | None:
        """The moment of the last change that the public can see."""
        value = self.fact("updated")
        return datetime.fromisoformat(value) if value else None


def _not_read(error: sqlite3.Error) -> Problem:
    return Problem(
        "ledger-read",
        f"記録のファイルを読めません（{error}）。",
        "記録のフォルダー（state）",
        "公開中のページは、そのまま残っています。",
        "ディスクの故障やフォルダーの権限を確かめてください。直らないときは、別の場所に publisher restore でバックアップから戻せます。",
    )


def _not_taken(error: BaseException | None) -> Problem:
    return Problem(
        "ledger-write",
        f"記録のファイルに書き込めません（{error}）。",
        "記録のフォルダー（state）",
        "公開中のページは、そのまま残っています。",
        "フォルダーの空き容量と、書き込みの権限を確かめてください。空きができれば、次の公開で続きをします。",
    )
