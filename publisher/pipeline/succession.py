"""What speaks against the next edition of a table when it is held against the one before: it is older, or half of it is missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from publisher.ledger import Ledger
from publisher.ledger.documents import VersionRow
from publisher.ledger.files import FileRow
from publisher.model import Problem
from publisher.pipeline.examine import Digest
from publisher.pipeline.recall import Recall
from publisher.review.vanishing import shrunk


def against_the_last(ledger: Ledger, recall: Recall, row: FileRow, digest: Digest) -> tuple[Problem, ...]:
    """The doubts about a file that was accepted, without those of which a person has decided."""
    decided = recall.decided(row.path)
    released = decided and ledger.decisions.released(row.path, row.sha256)
    before = _rows_before(recall, row) if not released and (digest.rows or digest.slug) else 0
    problems = [_rows_vanished(row.path, before, digest.rows)] if before and shrunk(before, digest.rows) else []
    standing = _replaced(recall, row) if digest.as_of is not None else None
    if digest.as_of is None or standing is None or standing.as_of is None or digest.as_of >= standing.as_of:
        return tuple(problems)
    if not (decided and ledger.decisions.released_since(row.path, row.sha256, standing.moment)):
        problems.append(_older_edition(row.path, digest.as_of, standing.as_of))
    return tuple(problems)


def _replaced(recall: Recall, row: FileRow) -> VersionRow | None:
    """The edition that was published last, unless what stands at this path is this very file. That it was public once does not count:
    copies of old files come back by themselves."""
    versions = [v for v in recall.versions(row.document) if v.language == row.language]
    return None if _is_among(versions, row) else next((v for v in reversed(versions) if not v.gone), None)


def _rows_before(recall: Recall, row: FileRow) -> int:
    """Rows of the last edition; 0 when it is this one, or when this very file was published before that and stands yet."""
    versions = recall.versions(row.document)
    published = [v for v in versions if not v.gone]
    return published[-1].rows if published and published[-1].sha256 != row.sha256 and not _is_among(versions, row) else 0


def _is_among(versions: Sequence[VersionRow], row: FileRow) -> bool:
    """Whether what was published at the path of this file, and was not taken away since, are its bytes."""
    here = next((v for v in reversed(versions) if (v.path, v.language) == (row.path, row.language)), None)
    return here is not None and (here.sha256, here.gone) == (row.sha256, False)


def _rows_vanished(path: str, before: int, after: int) -> Problem:
    return Problem(
        "rows-vanished",
        f"前の版は{before}行でしたが、{after}行に減っています。",
        path,
        "公開ページは、前の版のままです。",
        "途中までのファイルでないか確かめてください。この内容で正しければ、管理者が publisher release で公開できます。",
    )


def _older_edition(path: str, as_of: datetime, standing: datetime) -> Problem:
    def words(moment: datetime) -> str:
        return f"{moment.month}月{moment.day}日{moment.hour}時{moment.minute:02d}分"

    return Problem(
        "older-edition",
        f"{words(as_of)}現在の表です。前に公開したもの（{words(standing)}現在）より古い内容です。",
        path,
        "公開ページは、変わっていません。",
        "表の「いつ現在」の日時が正しいか確かめてください。古い版に戻すときは、管理者が publisher release で公開できます。",
    )
