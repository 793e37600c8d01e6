"""From the ledger to what people are told: the lines of a report, the staff's view."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow
from publisher.ledger.files import FileRow
from publisher.model import State
from publisher.pipeline.report import DocumentLine
from publisher.settings import Settings

_VERDICTS = {"held": State.HELD, "rejected": State.REJECTED, "withdrawn": State.WITHDRAWN}


def lines(ledger: Ledger, settings: Settings, changed: Iterable[str] | None) -> tuple[DocumentLine, ...]:
    """A line for every file (None), or for the changed paths only; withdrawn documents come with the path they had."""
    if changed is None:
        rows = list(ledger.files.all())
        gone = [d for d in ledger.documents.all() if d.state in (State.WITHDRAWN, State.EXPIRED) and d.card is not None]
    else:
        wanted = sorted(set(changed))
        files = ledger.files.many(wanted)
        rows = [files[path] for path in wanted if path in files]
        gone = [d for path in wanted if path not in files for d in ledger.documents.at_path(path) if d.card is not None]
    documents = ledger.documents.many({row.document for row in rows})
    found = [_line(settings, row, documents.get(row.document)) for row in rows]
    seen = {row.document for row in rows}
    found += [gone_line(d, settings) for d in gone if d.id not in seen]
    return tuple(sorted(found, key=lambda line: line.path))


def _line(settings: Settings, row: FileRow, document: DocumentRow | None) -> DocumentLine:
    state, url, version = State.HELD, "", 0
    title = row.title
    if document is not None:
        state = document.state
        if document.card is not None:
            version = document.card.version
            url = address(settings, document, row.language)
            title = document.card.title if row.language == document.card.languages[0] else row.title
    if row.verdict == "accepted" and state is State.WITHDRAWN:  # what stood there before was taken down; this one waits for its time
        state = State.SCHEDULED
    state = _VERDICTS.get(row.verdict, state)
    return DocumentLine(row.path, row.document, state, title, version, url, row.problems)


def gone_line(document: DocumentRow, settings: Settings) -> DocumentLine:
    assert document.card is not None
    return DocumentLine(
        document.path, document.id, document.state, document.card.title, document.card.version, settings.site.url + document.card.path
    )


def address(settings: Settings, document: DocumentRow, language: str = "ja") -> str:
    """The public address of a document in a language."""
    assert document.card is not None
    path = document.card.path
    if language in document.card.languages and language != document.card.languages[0]:
        path = path.removesuffix(".html") + f".{language}.html"
    return settings.site.url + path


def moment_words(moment: datetime) -> str:
    """2011年3月11日14時46分: as people say it."""
    return f"{moment.year}年{moment.month}月{moment.day}日{moment.hour}時{moment.minute:02d}分"
