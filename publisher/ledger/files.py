"""What stands in the drop folder, and the verdict on it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime

from publisher.model import Problem
from publisher.values import as_dict, frozen, replace


@frozen
class FileRow:
    """One file of the drop folder. ``verdict`` is accepted, held, rejected or withdrawn (by a person); ``problems`` its reasons and warnings."""

    path: str
    size: int
    mtime: int
    sha256: str
    arrived: datetime
    document: str
    language: str
    verdict: str
    problems: tuple[Problem, ...] = ()
    title: str = ""


NOTE = "edition:"
"""Begins the code of a warning that comes from rendering, not from reviewing."""

_COLUMNS = "path, size, mtime, sha256, arrived, document, language, verdict, problems, title"


def pack_problems(problems: Iterable[Problem]) -> str:
    said = [as_dict(problem) for problem in problems]
    return json.dumps(said, ensure_ascii=False) if said else "[]"


def unpack_problems(text: str) -> tuple[Problem, ...]:
    return tuple(Problem(**fields) for fields in json.loads(text))


def _row(row: tuple) -> FileRow:
    path, size, mtime, sha256, arrived, document, language, verdict, problems, title = row
    return FileRow(
        path, size, mtime, sha256, datetime.fromisoformat(arrived), document, language, verdict, unpack_problems(problems), title
    )


class Files:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def stamps(self) -> dict[str, tuple[int, int]]:
        """Path → (size, mtime in ns) of every file as last seen."""
        return {path: (size, mtime) for path, size, mtime in self._db.execute("SELECT path, size, mtime FROM files")}

    def get(self, path: str) -> FileRow | None:
        row = self._db.execute(f"SELECT {_COLUMNS} FROM files WHERE path = ?", (path,)).fetchone()
        return None if row is None else _row(row)

    def many(self, paths: Iterable[str]) -> dict[str, FileRow]:
        """Those of these paths at which something stood."""
        wanted = json.dumps(list(paths))
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM files WHERE path IN (SELECT value FROM json_each(?))", (wanted,))
        return {row[0]: _row(row) for row in rows}

    def put(self, *rows: FileRow) -> None:
        self._db.executemany(
            f"INSERT OR REPLACE INTO files ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?)",
            [
                (
                    row.path, row.size, row.mtime, row.sha256, row.arrived.isoformat(), row.document, row.language, row.verdict,
                    pack_problems(row.problems), row.title,
                )
                for row in rows
            ],
        )  # fmt: skip

    def restamp(self, path: str, size: int, mtime: int) -> None:
        """The same bytes stand there with another time."""
        self._db.execute("UPDATE files SET size = ?, mtime = ? WHERE path = ?", (size, mtime, path))

    def note(self, document: str, notes: Iterable[Problem]) -> None:
        """Add what the rendering has to say to the accepted files of a document, in place of what it said before."""
        wanted = tuple(replace(note, code=f"{NOTE}{note.code}") for note in notes)
        for row in self.of_document(document):
            kept = tuple(problem for problem in row.problems if not problem.code.startswith(NOTE))
            if row.verdict == "accepted" and (*kept, *wanted) != row.problems:
                self._db.execute("UPDATE files SET problems = ? WHERE path = ?", (pack_problems((*kept, *wanted)), row.path))

    def remove(self, path: str) -> None:
        self._db.execute("DELETE FROM files WHERE path = ?", (path,))

    def any(self) -> bool:
        return self._db.execute("SELECT 1 FROM files LIMIT 1").fetchone() is not None

    def count(self) -> int:
        return self._db.execute("SELECT count(*) FROM files").fetchone()[0]

    def all(self) -> Iterator[FileRow]:
        for row in self._db.execute(f"SELECT {_COLUMNS} FROM files ORDER BY path"):
            yield _row(row)

    def of_document(self, document: str) -> list[FileRow]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM files WHERE document = ? ORDER BY path", (document,))
        return [_row(row) for row in rows]

    def of_bytes(self, sha256: str) -> list[FileRow]:
        """The files with these bytes, by path."""
        return [_row(row) for row in self._db.execute(f"SELECT {_COLUMNS} FROM files WHERE sha256 = ? ORDER BY path", (sha256,))]

    def below(self, path: str) -> list[FileRow]:
        """The file at this path, or every file below it."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM files WHERE path = ? OR (path >= ? AND path < ?) ORDER BY path", (path, path + "/", path + "0")
        )
        return [_row(row) for row in rows]

    def troubled(self, limit: int) -> list[FileRow]:
        """Held and rejected files, the newest first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS} FROM files WHERE verdict IN ('held', 'rejected') ORDER BY arrived DESC, path LIMIT ?", (limit,)
        )
        return [_row(row) for row in rows]

    def troubled_count(self) -> int:
        return self._db.execute("SELECT count(*) FROM files WHERE verdict IN ('held', 'rejected')").fetchone()[0]

    def latest(self, limit: int) -> list[FileRow]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM files ORDER BY arrived DESC, path LIMIT ?", (limit,))
        return [_row(row) for row in rows]
