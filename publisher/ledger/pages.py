"""The published files, what has to be rendered again, and the manifest's shards."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext

from publisher.ledger.schema import indexed_afterwards
from publisher.model import PageKind, PageRecord

MANY = 10_000
"""Rows from which an empty table gets its indexes afterwards."""

_COLUMNS = "path, sha256, size, kind, personal, serial"


def _record(row: tuple) -> PageRecord:
    path, sha256, size, kind, personal, serial = row
    return PageRecord(path, sha256, size, PageKind(kind), bool(personal), serial)


class Pages:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    # --- touches ---

    def touch(self, kind: str, key: str) -> None:
        self._db.execute("INSERT OR IGNORE INTO touches VALUES (?, ?)", (kind, key))

    def touch_all(self, touches: Iterable[tuple[str, str]]) -> None:
        """(kind, key) of each."""
        self._db.executemany("INSERT OR IGNORE INTO touches VALUES (?, ?)", touches)

    def touched(self, kind: str) -> list[str]:
        return [key for (key,) in self._db.execute("SELECT key FROM touches WHERE kind = ? ORDER BY key", (kind,))]

    def untouch(self, kind: str, keys: Iterable[str]) -> None:
        self._db.executemany("DELETE FROM touches WHERE kind = ? AND key = ?", [(kind, key) for key in keys])

    def anything_touched(self) -> bool:
        return self._db.execute("SELECT 1 FROM touches LIMIT 1").fetchone() is not None

    # --- published files ---

    def get(self, path: str) -> PageRecord | None:
        row = self._db.execute(f"SELECT {_COLUMNS} FROM pages WHERE path = ? AND gone = 0", (path,)).fetchone()
        return None if row is None else _record(row)

    def digests(self, paths: Sequence[str]) -> dict[str, str]:
        """Path → SHA-256 of those of these files that are public."""
        wanted = json.dumps(paths)
        return dict(self._db.execute("SELECT path, sha256 FROM pages WHERE path IN (SELECT value FROM json_each(?)) AND gone = 0", (wanted,)))

    def any(self) -> bool:
        return self._db.execute("SELECT 1 FROM pages LIMIT 1").fetchone() is not None

    def known(self, owner: str) -> dict[str, tuple[tuple[str, str, bool], str]]:
        """Path → ((SHA-256, kind, personal), content key) of everything an owner has."""
        return self._known("u.owner = ?", (owner,))

    def known_below(self, owner: str) -> dict[str, tuple[tuple[str, str, bool], str]]:
        """The same of the owner and of those whose names go on behind a colon."""
        return self._known("(u.owner = ? OR u.owner > ? AND u.owner < ?)", (owner, owner + ":", owner + ";"))

    def _known(self, where: str, parameters: tuple[str, ...]) -> dict[str, tuple[tuple[str, str, bool], str]]:
        rows = self._db.execute(
            f"SELECT p.path, p.sha256, p.kind, p.personal, p.key FROM uses u JOIN pages p ON p.path = u.path WHERE {where} AND p.gone = 0", parameters
        )
        return {path: ((sha256, kind, bool(personal)), key) for path, sha256, kind, personal, key in rows}

    def content_key(self, path: str) -> str:
        row = self._db.execute("SELECT key FROM pages WHERE path = ? AND gone = 0", (path,)).fetchone()
        return "" if row is None else row[0]

    def content_keys(self, owner: str) -> dict[str, str]:
        """Path → content key of everything an owner has."""
        return dict(
            self._db.execute(
                "SELECT p.path, p.key FROM uses u JOIN pages p ON p.path = u.path WHERE u.owner = ? AND p.gone = 0", (owner,)
            )
        )

    def put(self, entries: Iterable[tuple[PageRecord, str, str]], fresh: bool = False) -> None:
        """Enter files: (record, key in the manifest or '', key of what it was rendered from or ''). ``fresh``: none of them is known yet."""
        kinds = {kind: str(kind) for kind in PageKind}  # SQLite asks around what to do with each value of a class that is not its own
        rows = [(r.path, r.sha256, r.size, kinds[r.kind], int(r.personal), r.serial, shard, key) for r, shard, key in entries]
        self._recount([(path, shard) for path, *_, shard, _ in rows], fresh)
        rows.sort()  # in the order of the table, into which they go more quickly
        with self._filling("pages", len(rows)):
            self._db.executemany(f"INSERT OR REPLACE INTO pages ({_COLUMNS}, shard, key, gone) VALUES (?,?,?,?,?,?,?,?,0)", rows)

    def _filling(self, table: str, count: int) -> AbstractContextManager[None]:
        """Within it so many rows go into a table."""
        is_first = count >= MANY and self._db.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None
        return indexed_afterwards(self._db, table) if is_first else nullcontext()

    def rekey(self, path: str, key: str) -> None:
        self._db.execute("UPDATE pages SET key = ? WHERE path = ?", (key, path))

    def bury(self, paths: Iterable[str], serial: int) -> None:
        """The files are gone from the site; the mirrors still have to hear of it."""
        rows = list(paths)
        self._recount([(path, "") for path in rows])
        self._db.executemany("UPDATE pages SET gone = 1, serial = ? WHERE path = ?", [(serial, path) for path in rows])

    def forget_gone(self, serial: int) -> None:
        """Every mirror has deleted what was gone at this serial."""
        self._db.execute("DELETE FROM pages WHERE gone = 1 AND serial <= ?", (serial,))

    def count(self) -> int:
        return self._db.execute("SELECT count(*) FROM pages WHERE gone = 0").fetchone()[0]

    def all(self) -> Iterator[PageRecord]:
        for row in self._db.execute(f"SELECT {_COLUMNS} FROM pages WHERE gone = 0 ORDER BY path"):
            yield _record(row)

    def changed_since(self, serial: int) -> list[PageRecord]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM pages WHERE serial > ? AND gone = 0 ORDER BY path", (serial,))
        return [_record(row) for row in rows]

    def gone_since(self, serial: int) -> list[str]:
        rows = self._db.execute("SELECT path FROM pages WHERE serial > ? AND gone = 1 ORDER BY path", (serial,))
        return [path for (path,) in rows]

    def paths_below(self, prefix: str) -> list[str]:
        rows = self._db.execute("SELECT path FROM pages WHERE path >= ? AND path < ? AND gone = 0", (prefix, prefix + "~"))
        return [path for (path,) in rows]

    # --- who needs which file ---

    def owned(self, owner: str) -> set[str]:
        return {path for (path,) in self._db.execute("SELECT path FROM uses WHERE owner = ?", (owner,))}

    def owners_below(self, prefix: str) -> list[str]:
        rows = self._db.execute("SELECT DISTINCT owner FROM uses WHERE owner >= ? AND owner < ?", (prefix, prefix + "~"))
        return [owner for (owner,) in rows]

    def owned_below(self, prefix: str, end: str = "~") -> bool:
        """Whether there is an owner whose name goes on behind the prefix."""
        row = self._db.execute("SELECT 1 FROM uses WHERE owner > ? AND owner < ? LIMIT 1", (prefix, prefix + end)).fetchone()
        return row is not None

    def owns(self, owner: str) -> bool:
        return self._db.execute("SELECT 1 FROM uses WHERE owner = ? LIMIT 1", (owner,)).fetchone() is not None

    def use(self, uses: Sequence[tuple[str, str]]) -> None:
        """(owner, path) of each."""
        with self._filling("uses", len(uses)):
            self._db.executemany("INSERT OR IGNORE INTO uses VALUES (?, ?)", uses)

    def drop(self, owner: str, paths: Iterable[str]) -> list[str]:
        """The owner no longer needs them; returns those that nobody needs now."""
        orphans = []
        for path in paths:
            self._db.execute("DELETE FROM uses WHERE owner = ? AND path = ?", (owner, path))
            if self._db.execute("SELECT 1 FROM uses WHERE path = ?", (path,)).fetchone() is None:
                orphans.append(path)
        return orphans

    # --- shards of the manifest ---

    def _shard_of(self, path: str) -> str:
        row = self._db.execute("SELECT shard FROM pages WHERE path = ? AND gone = 0", (path,)).fetchone()
        return "" if row is None else row[0]

    def _recount(self, placed: Sequence[tuple[str, str]], fresh: bool = False) -> None:
        """Count the files in their new shards ('' for none) and no more in their old ones; both are touched."""
        moved: Counter[str] = Counter(shard for _, shard in placed)
        touched = set(moved)
        if not fresh:
            before = [self._shard_of(path) for path, _ in placed]
            moved.subtract(before)
            touched.update(before)
        steps: Counter[str] = Counter()
        for shard, step in moved.items():
            for length in range(1, len(shard) + 1):
                steps[shard[:length]] += step
        self._db.executemany(
            "INSERT INTO shards VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(len(prefix), prefix, step) for prefix, step in steps.items() if step],
        )
        self._db.executemany(
            "DELETE FROM shards WHERE length = ? AND prefix = ? AND count = 0", [(len(prefix), prefix) for prefix, step in steps.items() if step < 0]
        )
        self._db.executemany("INSERT OR IGNORE INTO touches VALUES ('shard', ?)", [(shard,) for shard in sorted(touched - {""})])

    def shard_count(self, prefix: str) -> int:
        row = self._db.execute("SELECT count FROM shards WHERE length = ? AND prefix = ?", (len(prefix), prefix)).fetchone()
        return 0 if row is None else row[0]

    def shards_below(self, prefix: str) -> list[tuple[str, int]]:
        """The prefixes one character longer: (prefix, files below it)."""
        return self._db.execute(
            "SELECT prefix, count FROM shards WHERE length = ? AND prefix > ? AND prefix < ? ORDER BY prefix",
            (len(prefix) + 1, prefix, prefix + "~"),
        ).fetchall()

    def in_shard(self, prefix: str) -> list[tuple[str, str, int, str]]:
        """(path, SHA-256, size, kind) of the files of a shard, by path."""
        return self._db.execute(
            "SELECT path, sha256, size, kind FROM pages WHERE gone = 0 AND shard >= ? AND shard < ? ORDER BY path", (prefix, prefix + "~")
        ).fetchall()
