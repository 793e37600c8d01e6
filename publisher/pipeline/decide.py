"""A person's decisions: let a held file through, take a document down. They are kept in the audit log and hold for exactly those bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from publisher.errors import UsageError
from publisher.ledger.documents import VersionRow
from publisher.ledger.files import FileRow
from publisher.model import Problem
from publisher.pipeline import takedown
from publisher.pipeline.build import Desk
from publisher.pipeline.crew import crew
from publisher.pipeline.take_in import Intake
from publisher.settings import Settings


def below_content(settings: Settings, path: str) -> str:
    """A path as a person types it (absolute, from here, or below the drop folder) → the path below the drop folder."""
    import unicodedata

    content = settings.paths.content
    given = Path(path)
    for candidate in (given, Path.cwd() / given, settings.paths.directory / given):
        try:
            inside = candidate.resolve().relative_to(content.resolve())
        except (ValueError, OSError):
            continue
        return unicodedata.normalize("NFC", inside.as_posix())
    return unicodedata.normalize("NFC", path.strip("/"))


def _rows(desk: Desk, path: str) -> list[FileRow]:
    wanted = below_content(desk.settings, path)
    rows = desk.ledger.files.below(wanted) if wanted not in ("", ".") else list(desk.ledger.files.all())
    if not rows:
        raise UsageError(_unknown(desk, path, wanted))
    return rows


def _unknown(desk: Desk, path: str, wanted: str) -> Problem:
    import difflib

    known = [row.path for row in desk.ledger.files.all()]
    near = difflib.get_close_matches(wanted, known, 1, 0.5)
    return Problem(
        "unknown-path",
        "そのファイルは、まだ受け取っていません。",
        path,
        "公開中のページは、変わっていません。",
        f"「{near[0]}」ではありませんか。" if near else "publisher status で、受け取ったファイルの名前を確かめてください。",
    )


def release(desk: Desk, path: str, moment: datetime, who: str) -> list[str]:
    """Let a held file (or every held file below a folder) through as it is now. A rejected one cannot be released.

    Returns the paths released. Raises ``UsageError`` when there is nothing to release.
    """
    rows = [row for row in _rows(desk, path) if row.verdict in ("held", "withdrawn")]
    if not rows:
        raise UsageError(
            Problem("nothing-held", "保留中のファイルはありません。", path, "公開中のページは、変わっていません。", "publisher status で保留中のものを確かめてください。")
        )
    return _decide(desk, rows, "release", moment, who)


def withdraw(desk: Desk, path: str, moment: datetime, who: str) -> list[str]:
    """Take a document (or everything below a folder) down, also one whose file has vanished. Returns the paths withdrawn."""
    return _decide(desk, _rows(desk, path), "withdraw", moment, who)


def _taken_down(row: FileRow, versions: Sequence[VersionRow]) -> list[str]:
    """The bytes of a file that is withdrawn: those that lie there, and those that are public of it where a newer edition is held. Whoever says that a
    document has to go does not want its former text back."""
    standing = [version.sha256 for version in versions if version.path == row.path and not version.gone][-1:]
    return list(dict.fromkeys((*standing, row.sha256)))


def _decide(desk: Desk, rows: list[FileRow], action: str, moment: datetime, who: str) -> list[str]:
    with crew(desk.bench()) as hands, desk.ledger.transaction():
        for row in rows:
            # A clock that was set back must not make the decision older than what the person saw standing.
            versions = desk.ledger.documents.versions(row.document)
            seen = max((version.moment for version in versions), default=moment)
            for sha256 in [row.sha256] if action == "release" else _taken_down(row, versions):
                desk.ledger.decisions.decide(row.path, sha256, action, moment, who, seen)
        run = Intake(desk.settings, desk.ledger, moment)
        for row in rows:
            if action == "withdraw":
                run.take_down(row)
                document = desk.ledger.documents.get(row.document)
                if document is not None:
                    takedown.intend(desk.ledger, document, "withdraw", moment)
            if (desk.settings.paths.content / row.path).exists():
                run.look_again([row], hands)
            elif action == "withdraw":
                desk.ledger.files.remove(row.path)
    return [row.path for row in rows]
