"""Taking in what changed in the drop folder: archive, read, review, and record it. Nothing is rendered here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from publisher.intake.archive import Archive
from publisher.intake.listing import Changes, Entry, Listing, changes, moves
from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow, VersionRow
from publisher.ledger.files import FileRow
from publisher.model import Accepted, Notice, Problem, PublicContent, PublicWorkbook, Scan
from publisher.pipeline.examine import Answer, Question, Taken, examine, take_many
from publisher.pipeline.identify import arrival_moment, document_of, identify
from publisher.review.vanishing import held_vanishing, shrunk, too_many
from publisher.settings import Settings

BATCH = 400
"""Files that are read, recorded and rendered together: bounds the memory of a first build."""

WORTH_WORKERS = 60
"""With fewer files than this, starting worker processes costs more than it saves."""


@dataclass(slots=True)
class Intake:
    """The state of one run of taking in. ``contents``: what was accepted now, by (path, SHA-256), so that it is not read twice."""

    settings: Settings
    ledger: Ledger
    archive: Archive
    now: datetime
    problems: list[Problem] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    unfinished: set[str] = field(default_factory=set)
    contents: dict[tuple[str, str], PublicContent] = field(default_factory=dict)

    # --- what vanished or moved ---

    def departures(self, found: Listing, what: Changes) -> Changes:
        """Record moves and withdrawals; returns the changes that are left to be read."""
        known = {path: row for path in what.vanished if (row := self.ledger.files.get(path)) is not None}
        if not known:
            return what
        appeared = self._hashes_of_new(what.present, {row.sha256 for row in known.values()}, {row.size for row in known.values()})
        moved = moves({path: row.sha256 for path, row in known.items()}, appeared)
        entries = {entry.path: entry for entry in what.present}
        for old, new in moved.items():
            self._move(known.pop(old), entries[new])
        count = self.ledger.files.count()
        alive = (self.settings.paths.content / "_状況.html").exists()
        if too_many(len(known), count, alive):
            self.problems.append(held_vanishing(len(known), count))
        else:
            for row in known.values():
                self._depart(row)
        return Changes(tuple(e for e in what.present if e.path not in set(moved.values())), ())

    def _hashes_of_new(self, present: Iterable[Entry], hashes: set[str], sizes: set[int]) -> dict[str, str]:
        import hashlib

        found = {}
        for entry in present:
            if entry.size in sizes and self.ledger.files.get(entry.path) is None:
                try:
                    digest = hashlib.sha256((self.settings.paths.content / entry.real).read_bytes()).hexdigest()
                except OSError:
                    continue  # it is taken in, and complained of, as a new file
                if digest in hashes:
                    found[entry.path] = digest
        return found

    def _move(self, row: FileRow, entry: Entry) -> None:
        """The same document under another name or in another folder: address and history stay."""
        old, new = identify(row.path, self.settings), identify(entry.path, self.settings)
        if (old.profile, old.language) != (new.profile, new.language) or Path(old.key).suffix != Path(new.key).suffix:
            self._depart(row)  # other rules hold there: it is read again as what it now is
            self._force(entry)
            return
        with self.ledger.transaction():
            self.ledger.files.remove(row.path)
            self.ledger.files.put(replace(row, path=entry.path, size=entry.size, mtime=entry.mtime))
            self.ledger.documents.rename_version(row.document, row.language, row.path, entry.path)
            document = self.ledger.documents.get(row.document)
            if document is not None and not document.key.endswith("/"):
                self.ledger.documents.move(document.id, new.key)
            self.ledger.pages.touch("document", row.document)
        self.changed.add(entry.path)

    def _force(self, entry: Entry) -> None:
        with self.ledger.transaction():
            self.ledger.files.remove(entry.path)

    def _depart(self, row: FileRow) -> None:
        with self.ledger.transaction():
            self.ledger.files.remove(row.path)
            self.take_down(row)
        self.changed.add(row.path)

    def take_down(self, row: FileRow) -> None:
        """From now on nothing stands at its path (or a person said so). Runs within a transaction."""
        versions = self.ledger.documents.versions(row.document)
        last = next((v for v in reversed(versions) if v.path == row.path and v.language == row.language), None)
        if last is not None and not last.gone:
            number = max(v.number for v in versions if v.language == row.language) + 1
            moment = max(self.now.replace(microsecond=0), last.moment)
            self.ledger.documents.add_version(row.document, VersionRow(row.language, number, moment, last.sha256, row.path, gone=True))
        self.ledger.pages.touch("document", row.document)

    # --- what came ---

    def arrivals(self, present: Sequence[Entry]) -> Iterator[int]:
        """Take in files in batches; each batch is on record when its size is yielded, and ``contents`` holds what it brought."""
        ordered = sorted(present, key=lambda e: (_is_translation(e.path), e.path))
        with _workers(len(ordered)) as pool:
            for start in range(0, len(ordered), BATCH):
                batch = ordered[start : start + BATCH]
                self.contents.clear()
                taken = self._read(batch, pool)
                with self.ledger.transaction():
                    for entry, one in zip(batch, taken, strict=True):
                        self._record(entry, one)
                yield len(batch)

    def _read(self, batch: Sequence[Entry], pool: ProcessPoolExecutor | None) -> list[Taken]:
        jobs = []
        for entry in batch:
            row = self.ledger.files.get(entry.path)
            known = row.sha256 if row is not None and row.verdict != "" else ""
            jobs.append((entry.real, entry.size, entry.mtime, self._question(entry), known))
        if pool is None:
            return take_many(self.archive, self.settings.paths.content, jobs)
        size = max(8, len(jobs) // 16)
        runs = [jobs[i : i + size] for i in range(0, len(jobs), size)]
        futures = [pool.submit(take_many, self.archive, self.settings.paths.content, run) for run in runs]
        return [taken for future in futures for taken in future.result()]

    def _question(self, entry: Entry) -> Question:
        who = identify(entry.path, self.settings)
        return Question(entry.path, arrival_moment(entry.stood_still_since, self.now), who.profile, self._slug(who.key, who.profile), False)

    def _slug(self, key: str, profile: object) -> str:
        from publisher.ledger.names import identity

        if profile is not None and key.endswith("/"):
            return profile.slug  # type: ignore[attr-defined]
        known = self.ledger.documents.by_key(key)
        return known.id if known is not None else identity(key)

    def _record(self, entry: Entry, taken: Taken) -> None:
        if taken.answer is None:
            self.unfinished.add(entry.path)
            return
        row = self.ledger.files.get(entry.path)
        if row is not None and row.sha256 == taken.sha256 != "" and row.verdict != "":
            self.ledger.files.restamp(entry.path, entry.size, entry.mtime)
            return
        who = identify(entry.path, self.settings)
        document = document_of(self.ledger, who, entry.path)
        answer = self._decide(entry, taken, document, who.language)
        if not taken.sha256:  # it could not be opened: ask again at every run, but tell of it once
            entry = replace(entry, mtime=-1)
            if row is not None and row.problems == answer.problems:
                return
        self.changed.add(entry.path)
        self.verdict(
            FileRow(
                entry.path, entry.size, entry.mtime, taken.sha256, taken.question.arrived, document.id, who.language, answer.word,
                answer.problems, answer.title,
            ),
            answer,
        )  # fmt: skip

    def _decide(self, entry: Entry, taken: Taken, document: DocumentRow, language: str) -> Answer:
        """The review's answer, unless a person decided otherwise about these bytes or the address is taken."""
        answer = taken.answer
        assert answer is not None
        if self.ledger.decisions.withdrawn(entry.path, taken.sha256):
            return Answer(entry.path, None, withdrawn_by_person(entry.path), answer.title)
        taken_by = self._address_taken(entry.path, document, language)
        if taken_by:
            return Answer(entry.path, None, address_taken(entry.path, taken_by), answer.title)
        if answer.word == "held" and self.ledger.decisions.released(entry.path, taken.sha256):
            question = taken.question
            answer = examine(Question(question.path, question.arrived, question.profile, question.slug, True), self.archive.read(taken.sha256))
        return answer

    def _address_taken(self, path: str, document: DocumentRow, language: str) -> str:
        """Another file that stands and has this document's address in this language."""
        if document.key.endswith("/"):
            return ""
        others = (r for r in self.ledger.files.of_document(document.id) if r.path != path and r.language == language)
        return next((r.path for r in others if r.verdict == "accepted"), "")

    def verdict(self, row: FileRow, answer: Answer) -> None:
        """Record a verdict on a file; an accepted one becomes a version. Runs within a transaction."""
        accepted = answer.accepted
        if accepted is not None:
            accepted = self._guard_rows(row, accepted)
        if accepted is None and answer.accepted is not None:
            row = replace(row, verdict="held", problems=(self._shrunk(row, answer.accepted),))
        self.ledger.files.put(row)
        if accepted is not None:
            self._add_version(row, accepted)
        self.ledger.pages.touch("document", row.document)

    def _add_version(self, row: FileRow, accepted: Accepted) -> None:
        versions = self.ledger.documents.versions(row.document)
        self.contents[(row.path, row.sha256)] = accepted.content
        last = next((v for v in reversed(versions) if v.language == row.language), None)
        if last is not None and (last.sha256, last.path, last.gone) == (row.sha256, row.path, False):
            return
        head = accepted.content.head
        moment = max(row.arrived, last.moment) if last is not None else row.arrived
        profile = identify(row.path, self.settings).profile
        expires = head.expires
        if expires is None and profile is not None and profile.expires is not None:
            expires = (_as_of(accepted.content) or head.date or moment) + profile.expires
        number = 1 + max((v.number for v in versions if v.language == row.language), default=0)
        self.ledger.documents.add_version(
            row.document,
            VersionRow(row.language, number, moment, row.sha256, row.path, head.publish, expires, rows=_rows(accepted.content)),
        )

    def _guard_rows(self, row: FileRow, accepted: Accepted) -> Accepted | None:
        before = self._rows_before(row)
        if before and shrunk(before, _rows(accepted.content)) and not self.ledger.decisions.released(row.path, row.sha256):
            return None
        return accepted

    def _rows_before(self, row: FileRow) -> int:
        versions = [v for v in self.ledger.documents.versions(row.document) if not v.gone]
        return versions[-1].rows if versions and versions[-1].sha256 != row.sha256 else 0

    def _shrunk(self, row: FileRow, accepted: Accepted) -> Problem:
        before, after = self._rows_before(row), _rows(accepted.content)
        return Problem(
            "rows-vanished",
            f"前の版は{before}行でしたが、{after}行に減っています。",
            row.path,
            "公開ページは、前の版のままです。",
            "途中までのファイルでないか確かめてください。この内容で正しければ、管理者が publisher release で公開できます。",
        )

    # --- looking again with other rules ---

    def look_again(self, row: FileRow) -> None:
        """Review bytes that are in the archive once more: the rules changed, or a person decided. Runs within a transaction."""
        if not row.sha256:
            return
        who = identify(row.path, self.settings)
        released = self.ledger.decisions.released(row.path, row.sha256)
        question = Question(row.path, row.arrived, who.profile, self._slug(who.key, who.profile), released)
        document = document_of(self.ledger, who, row.path)
        if self.ledger.decisions.withdrawn(row.path, row.sha256):
            answer = Answer(row.path, None, withdrawn_by_person(row.path), row.title)
        elif other := self._address_taken(row.path, document, who.language):
            answer = Answer(row.path, None, address_taken(row.path, other), row.title)
        else:
            answer = examine(question, self.archive.read(row.sha256))
        if document.id != row.document:
            self.take_down(row)
        self.changed.add(row.path)
        title = answer.title or row.title
        again = replace(row, document=document.id, language=who.language, verdict=answer.word, problems=answer.problems, title=title)
        self.verdict(again, answer)


def _is_translation(path: str) -> bool:
    from publisher.readers import split_language

    return split_language(path)[1] != "ja"


def _rows(content: PublicContent) -> int:
    return sum(t.total for t in content.tables) if isinstance(content, PublicWorkbook) else 0


def _as_of(content: PublicContent) -> datetime | None:
    if isinstance(content, (Notice, Scan)):
        return None
    return max((t.as_of for t in content.tables if t.as_of is not None), default=None)


def withdrawn_by_person(path: str) -> Problem:
    return Problem(
        "withdrawn", "担当者の指示で取り消しました。", path, "公開ページには「取り消されました」と出ています。", "もう一度公開するには、publisher release を使います。"
    )  # fmt: skip


def address_taken(path: str, other: str) -> Problem:
    return Problem(
        "address-taken",
        f"「{other}」と同じ文書・同じ言語のファイルです。1つの番地に2つは公開できません。",
        path,
        f"「{other}」の内容が見えています。",
        "どちらか1つを残すか、名前を変えてください。",
    )


class _NoPool:
    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None


def _workers(files: int) -> ProcessPoolExecutor | _NoPool:
    """Worker processes on both cores for many files, none for few."""
    if files < WORTH_WORKERS:
        return _NoPool()
    import multiprocessing
    import os

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return ProcessPoolExecutor(max(1, min(cores, 8)), mp_context=multiprocessing.get_context("forkserver"))


def look(listing_: Listing, ledger: Ledger) -> Changes:
    return changes(listing_, ledger.files.stamps())
