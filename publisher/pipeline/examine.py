"""From bytes to a verdict: the pure part of taking a file in, the same in this process and in a worker."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from publisher.errors import Unreadable
from publisher.model import (
    Accepted,
    EditionTally,
    Head,
    Held,
    Kind,
    Problem,
    PublicContent,
    PublicWorkbook,
    Scan,
)
from publisher.review.restrict import Restrictions
from publisher.settings import TableProfile
from publisher.turns import Both, in_turn
from publisher.values import frozen, replace

if TYPE_CHECKING:
    from publisher.editions.tables.known import Known


@frozen
class Question:
    """A file to be looked at: where it stands, when it came, under which rules."""

    path: str
    arrived: datetime
    profile: TableProfile | None
    slug: str
    released: bool
    now: datetime | None = None
    """The moment of this run, for rows that may be shown for a time only."""
    restrictions: Restrictions | None = None
    """People of this table who are not to be shown."""


@frozen
class Digest:
    """What the ledger and the lists need of an accepted content: it travels between processes where the content stays.

    ``title`` is the document's as lists give it; ``as_of`` the latest moment that a table names; ``rows`` counts those of a table's
    source; ``slug`` is that of its first table ("" for what is no table); ``summary`` is plain text without personal data.
    """

    kind: Kind
    head: Head
    title: str
    summary: str
    as_of: datetime | None = None
    rows: int = 0
    slug: str = ""
    tallies: tuple[tuple[EditionTally, bytes], ...] = ()
    """Of a table: the numbers of each of its tables, with digests of their rows."""
    due: datetime | None = None
    """When the clock alone takes the next row away."""


@frozen
class Answer:
    """``word`` is how the ledger calls the verdict: accepted, held, rejected, withdrawn (by a person). ``digest`` only when accepted."""

    path: str
    word: str
    problems: tuple[Problem, ...] = ()
    title: str = ""
    digest: Digest | None = None


class Lent:
    """The bytes of a file, until it is read: whoever reads it takes them from all who handed them on, so that those of a large roll are not kept
    while its rows are looked at."""

    __slots__ = ("_data", "size")

    def __init__(self, data: bytes) -> None:
        self._data: bytes | None = data
        self.size = len(data)

    @property
    def data(self) -> bytes:
        """Raises ``RuntimeError`` when somebody took them."""
        if self._data is None:
            raise RuntimeError("taken already")
        return self._data

    def take(self) -> bytes:
        data, self._data = self.data, None
        return data


def refused(path: str, problem: Problem, title: str = "") -> Answer:
    """It cannot be read at all, or may not stand there."""
    return Answer(path, "withdrawn" if problem.code == "withdrawn" else "rejected", (problem,), title)


def examine(question: Question, data: bytes | Lent, both: Both = in_turn) -> tuple[Answer, PublicContent | None]:
    """Read and review one file: the answer, and the content when it is accepted. Never raises for what the file holds. Takes what was lent."""
    from publisher.readers import read
    from publisher.review import review
    from publisher.review.lapse import lapse

    try:
        content = read(question.path, data.take() if isinstance(data, Lent) else data, question.arrived)
    except Unreadable as error:
        return refused(question.path, error.problem), None
    content, due = lapse(content, question.now or question.arrived)
    verdict = review(question.path, content, question.profile, question.slug, question.released, question.restrictions, both)
    title = content.head.title
    if isinstance(verdict, Held):
        return Answer(question.path, "held", verdict.reasons, title), None
    assert isinstance(verdict, Accepted)
    return answered(question, verdict, title, due), verdict.content


def answered(question: Question, verdict: Accepted, title: str, due: datetime | None = None, known: Known | None = None) -> Answer:
    """The answer about a content that was accepted. ``known``: what its rows are told apart by, of those that an earlier edition had."""
    found = digest(verdict.content, known)
    return Answer(question.path, "accepted", (*_too_late(question, found), *verdict.warnings), title, found if due is None else replace(found, due=due))


def ending(found: Digest, profile: TableProfile | None, moment: datetime) -> datetime | None:
    """When a content that came at that moment is public no longer: as it says itself, or so long after its own moment as its profile says."""
    if found.head.expires is not None or profile is None or profile.expires is None:
        return found.head.expires
    return (found.as_of or found.head.date or moment) + profile.expires


def _too_late(question: Question, found: Digest) -> tuple[Problem, ...]:
    """What has ended before it came, for a year mistyped perhaps, must not vanish unsaid."""
    end = ending(found, question.profile, question.arrived)
    if end is None or end > question.arrived:
        return ()
    when = end.astimezone(question.arrived.tzinfo)
    said = "文書にある「終了」の時刻" if found.head.expires is not None else "表の時点に、設定にある掲載の期間を足した時刻"
    return (
        Problem(
            "ended-before", f"入れた時点で、掲載の終わり（{when.year}年{when.month}月{when.day}日 {when.hour}時{when.minute:02d}分）を過ぎています（{said}）。", question.path,
            "中身は公開していません。", "日付を確かめ、まだ載せるものなら、直して保存し直してください。",
        ),
    )  # fmt: skip


def digest(content: PublicContent, known: Known | None = None) -> Digest:
    from publisher.pipeline.effective import summary

    if not isinstance(content, PublicWorkbook):
        kind = Kind.SCAN if isinstance(content, Scan) else Kind.NOTICE
        return Digest(kind, content.head, content.head.title, summary(content))
    from publisher.editions.tables import history

    tables = content.tables
    title = tables[0].title if len(tables) == 1 and tables[0].title else content.head.title
    as_of = max((t.as_of for t in tables if t.as_of is not None), default=None)
    return Digest(Kind.TABLE, content.head, title, summary(content), as_of, sum(t.total for t in tables), tables[0].slug if tables else "", history.tally(content, known))
