"""From bytes to a verdict: the pure part of taking a file in, the same in this process and in a worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from publisher.errors import Unreadable
from publisher.intake.archive import Archive, Moved
from publisher.model import Accepted, Held, Problem, Verdict
from publisher.settings import TableProfile


@dataclass(frozen=True, slots=True)
class Question:
    """A file to be looked at: where it stands, when it came, under which rules."""

    path: str
    arrived: datetime
    profile: TableProfile | None
    slug: str
    released: bool
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """``verdict`` is None when the file cannot be read at all: then ``problem`` says why."""

    path: str
    verdict: Verdict | None
    problem: Problem | None = None
    title: str = ""

    @property
    def accepted(self) -> Accepted | None:
        return self.verdict if isinstance(self.verdict, Accepted) else None

    @property
    def word(self) -> str:
        """How the ledger calls it: accepted, held, rejected, withdrawn (by a person)."""
        if self.verdict is None:
            return "withdrawn" if self.problem is not None and self.problem.code == "withdrawn" else "rejected"
        return "accepted" if isinstance(self.verdict, Accepted) else "held"

    @property
    def problems(self) -> tuple[Problem, ...]:
        if self.verdict is None:
            return (self.problem,) if self.problem else ()
        return self.verdict.reasons if isinstance(self.verdict, Held) else self.verdict.warnings


def examine(question: Question, data: bytes) -> Answer:
    """Read and review one file. Never raises for what the file holds."""
    from publisher.readers import read
    from publisher.review import review

    try:
        content = read(question.path, data, question.arrived)
    except Unreadable as error:
        return Answer(question.path, None, error.problem)
    verdict = review(question.path, content, question.profile, question.slug, question.released)
    return Answer(question.path, verdict, title=content.head.title)


@dataclass(frozen=True, slots=True)
class Taken:
    """An answer about bytes that are in the archive now. ``answer`` None: the file moved under our hands, look again later."""

    question: Question
    sha256: str
    answer: Answer | None


def take(archive: Archive, content: Path, real: str, size: int, mtime: int, question: Question, known: str) -> Taken:
    """Archive the bytes of a file, then examine them, unless they are the ones that are ``known`` (SHA-256) already."""
    try:
        taken = archive.take(content / real, size, mtime)
    except Moved:
        return Taken(question, "", None)
    except OSError as error:
        problem = Problem(
            "cannot-open",
            f"ファイルを開けません（{error.strerror or error}）。",
            question.path,
            "前に公開したものがあれば、そのまま見えています。",
            "ほかのソフトで開いたままなら閉じて、ファイルの権限を確かめてください。",
        )
        return Taken(question, "", Answer(question.path, None, problem))
    if taken.sha256 == known:
        return Taken(question, taken.sha256, Answer(question.path, None))
    return Taken(question, taken.sha256, examine(question, taken.data))


def take_many(archive: Archive, content: Path, jobs: Sequence[tuple[str, int, int, Question, str]]) -> list[Taken]:
    """The work of one worker: a run of files."""
    return [take(archive, content, real, size, mtime, question, known) for real, size, mtime, question, known in jobs]
