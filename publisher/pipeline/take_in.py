"""Taking in what changed in the drop folder: archive, read, review, and record it. Nothing is rendered here."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from publisher.intake.listing import Changes, Entry, Listing, moves
from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow, VersionRow
from publisher.ledger.files import FileRow
from publisher.ledger.names import identity
from publisher.model import Category, Problem, State
from publisher.pipeline import restrictions, takedown
from publisher.pipeline.crew import Asked, Crew, worker_of
from publisher.pipeline.effective import language_order, standing
from publisher.pipeline.examine import Answer, Digest, Question, ending
from publisher.pipeline.hand import Finished, Job, NewDocument, Overtaken, Ref, Source, Taken
from publisher.pipeline.identify import (
    TABLE_SUFFIXES,
    Identity,
    arrival_moment,
    folder_of,
    identify,
    waits,
)
from publisher.pipeline.recall import Recall
from publisher.pipeline.refusals import Refusals
from publisher.pipeline.succession import against_the_last
from publisher.review.kinds import PERSONAL
from publisher.review.vanishing import held_vanishing, too_many
from publisher.settings import Settings
from publisher.values import field, frozen, record, replace

BATCH = 400
"""Files that are read, recorded and rendered together: bounds the memory of a first build."""

BATCH_BYTES = 32_000_000
"""Bytes of such files, beyond which a batch ends."""

AGAIN = "again"
"""What is touched while a file that stands waits to be judged again: its path. Another verdict may hold for the same bytes since the drop folder changed."""


@frozen
class Known:
    """What was accepted in this run: its digest, and whose shelf its content lies on."""

    digest: Digest
    worker: int
    source: Source


@record
class Intake:
    """The state of one run of taking in. ``known``: what was accepted in it; ``finished``: the new documents among the last
    batch whose pages lie ready, by id."""

    settings: Settings
    ledger: Ledger
    now: datetime
    problems: list[Problem] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    unfinished: set[str] = field(default_factory=set)
    known: dict[Ref, Known] = field(default_factory=dict)
    finished: dict[str, tuple[DocumentRow, Finished]] = field(default_factory=dict)
    register: restrictions.Register = field(default_factory=restrictions.Register)
    _dirty: dict[str, None] = field(default_factory=dict)
    _recall: Recall = field(init=False)
    _refusals: Refusals = field(init=False)

    def __post_init__(self) -> None:
        self._recall = Recall(self.ledger, self.settings)
        self._refusals = Refusals(self.ledger, self._recall, self.now)
        self.register = restrictions.load(self.settings.paths.state, self.ledger.fact(restrictions.FACT))

    def drain(self) -> list[str]:
        """The documents that were touched since the last call, in order."""
        ids = list(self._dirty)
        self._dirty.clear()
        return ids

    def category(self, folder: str) -> Category:
        """The category of a folder."""
        return self._recall.category(folder)

    def _touch(self, document: str) -> None:
        self.ledger.pages.touch("document", document)
        self._dirty[document] = None

    # --- what vanished or moved ---

    def departures(self, found: Listing, what: Changes) -> Changes:
        """Record moves and withdrawals; returns the changes that are left to be read."""
        known = {path: row for path in what.vanished if (row := self.ledger.files.get(path)) is not None}
        if not known:
            return what
        appeared = self._hashes_of_new(what.present, {row.sha256 for row in known.values()}, {row.size for row in known.values()})
        moved = moves({path: row.sha256 for path, row in known.items()}, appeared)
        entries = {entry.path: entry for entry in what.present}
        carried = {new for old, new in moved.items() if self._move(known.pop(old), entries[new])}
        count = self.ledger.files.count()
        alive = (self.settings.paths.content / "_状況.html").exists()
        if too_many(len(known), count, alive):
            self.problems.append(held_vanishing(len(known), count))
        else:
            for row in known.values():
                self._depart(row)
        return Changes(tuple(e for e in what.present if e.path not in carried), ())

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

    def _move(self, row: FileRow, entry: Entry) -> bool:
        """The same document under another name or in another folder: address and history stay. False where other rules hold there, or where it was not this
        file that the address was given to: it is read again as what it now is."""
        old, new = identify(row.path, self.settings), identify(entry.path, self.settings)
        if (old.profile, old.language) != (new.profile, new.language) or Path(old.key).suffix != Path(new.key).suffix:
            self._depart(row)
            return False
        edition = new.key.endswith("/")
        with self.ledger.transaction():
            was = self.ledger.decisions.at(row.path, row.sha256)
            self.ledger.decisions.follow(row.path, entry.path)
            self._recall.moved(row.path, entry.path)
            files = [] if edition else self.ledger.files.of_document(row.document)
            if not edition and self._parts(row, new, files):
                self._depart(row)
                return False
            others = [other for other in files if other.path != row.path]
            self._carry(row, entry, new, others)
            now = self.ledger.decisions.at(entry.path, row.sha256)
            if not edition or row.verdict != "accepted" or (was and was[0]) != (now and now[0]):
                self.ledger.pages.touch(AGAIN, entry.path)
            self.ledger.pages.touch_all((AGAIN, other.path) for other in others if waits(other, row.language))
        self.changed.add(entry.path)
        return True

    def _carry(self, row: FileRow, entry: Entry, who: Identity, others: Sequence[FileRow]) -> None:
        """The file stands elsewhere now, and with it its versions, and the document if no file of it comes before this one."""
        self.ledger.files.remove(row.path)
        self.ledger.files.put(replace(row, path=entry.path, size=entry.size, mtime=entry.mtime, problems=_elsewhere(row, entry.path)))
        self.ledger.documents.rename_version(row.document, row.language, row.path, entry.path)
        if not who.key.endswith("/") and _leads(row.language, others):
            self.ledger.documents.move(row.document, who.key)
        if entry.path.lower().endswith(TABLE_SUFFIXES) and (who.profile is None or who.profile.kind not in PERSONAL):
            self._rename_editions(row.document, entry.path)
        self.ledger.pages.touch("document", row.document)

    def _rename_editions(self, document: str, path: str) -> None:
        """Editions may bear the name of their file, but those of a roll, which have its profile's: they are counted anew under today's."""
        for version in self.ledger.documents.versions(document):
            if version.path == path:
                self.ledger.tallies.drop_version(document, version.moment, version.sha256)

    def _parts(self, row: FileRow, new: Identity, files: Sequence[FileRow]) -> bool:
        """Whether a file that moves leaves its document and these files behind: it was refused beside the one that has the address, or, a translation,
        it comes to stand beside another original."""
        if self._refusals.holder(row.document, row.language, files) not in ("", row.path):
            return True
        original = self.ledger.files.get(new.key) if row.language != "ja" else None
        return original is not None and original.document != row.document

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
            waiting = (other for other in self.ledger.files.of_document(row.document) if other.path != row.path and waits(other, row.language))
            self.ledger.pages.touch_all((AGAIN, other.path) for other in waiting)  # the address is free for one of them
        self._touch(row.document)

    def to_judge_again(self, but: Iterable[str] = ()) -> list[FileRow]:
        """The files that wait to be judged again, without those at these paths: they are about to be read."""
        paths = self.ledger.pages.touched(AGAIN)
        if not paths:
            return []
        files = {path: row for path, row in self.ledger.files.many(paths).items() if row.sha256}
        with self.ledger.transaction():
            self.ledger.pages.untouch(AGAIN, [path for path in paths if path not in files])
        left = set(but)
        return [files[path] for path in paths if path in files and path not in left]

    # --- what came ---

    def arrivals(self, present: Sequence[Entry], crew: Crew) -> Iterator[int]:
        """Take in files in batches; each batch is on record when its size is yielded, while the next one is being read."""
        asked: deque[tuple[list[Entry], list[tuple[int, list[Entry], Asked]]]] = deque()
        for batch in _batches(sorted(present, key=self._turn)):
            asked.append((batch, self._ask(batch, crew)))
            if len(asked) >= crew.size:
                yield self._enter(crew, *asked.popleft())
        while asked:
            yield self._enter(crew, *asked.popleft())

    def _turn(self, entry: Entry) -> tuple[str, bool, str]:
        """When a file's turn comes: editions of one table in the order in which they came, not that of their names (10日 before 9日)."""
        key = identify(entry.path, self.settings).key
        return (key, False, f"{entry.stood_still_since:020}") if key.endswith("/") else together(entry.path)

    def _ask(self, batch: Sequence[Entry], crew: Crew) -> list[tuple[int, list[Entry], Asked]]:
        self._recall.batch(entry.path for entry in batch)
        shares: dict[int, list[Entry]] = {}
        alone = Counter(together(entry.path)[0] for entry in batch)
        with self.ledger.transaction():  # categories are made in the order of the files, whoever reads them
            jobs = {entry.path: self._job(entry, alone[together(entry.path)[0]] == 1) for entry in batch}
        for entry in batch:
            shares.setdefault(worker_of(self._recall.who(entry.path).key, crew), []).append(entry)
        return [(worker, share, crew.ask(worker, "take", [jobs[entry.path] for entry in share])) for worker, share in shares.items()]

    def _job(self, entry: Entry, alone: bool) -> Job:
        row = self._recall.files.get(entry.path)
        known = row.sha256 if row is not None and row.verdict != "" else ""
        question = self._question(entry, row)
        return Job(entry.real, entry.size, entry.mtime, question, known, self._new(entry.path, alone and row is None), self._recall.down)

    def _new(self, path: str, alone: bool) -> NewDocument | None:
        """The document that this file would be all of; None where there is one already, where other files or a profile may have a say, or a
        person had one."""
        who = self._recall.who(path)
        if not self._recall.is_new(who.key):
            return None
        category = self._recall.category(folder_of(path))
        if not alone or who.profile is not None or who.language != "ja" or self._recall.decided(path):
            return None
        return NewDocument(identity(who.key), who.key, category)

    def _enter(self, crew: Crew, batch: Sequence[Entry], shares: Iterable[tuple[int, list[Entry], Asked]]) -> int:
        self.known.clear()
        self.finished.clear()
        found: dict[str, tuple[Taken, int]] = {}
        for worker, share, asked in shares:
            for entry, taken in zip(share, asked.result(), strict=True):
                found[entry.path] = taken, worker
                if taken.answer is not None and taken.answer.word == "held" and self.ledger.decisions.released(entry.path, taken.sha256):
                    found[entry.path] = self._released(taken, worker, crew), worker
        self._recall.batch(entry.path for entry in batch)
        with self.ledger.transaction():
            recorded = self._record_finished([(entry, found[entry.path][0]) for entry in batch])
            for entry in batch:
                if entry.path not in recorded:
                    self._record(entry, *found[entry.path], crew)
        return len(batch)

    def _record_finished(self, taken: Sequence[tuple[Entry, Taken]]) -> set[str]:
        """Record the new documents whose pages lie ready, all at once; the paths of their files. Runs within a transaction."""
        new = {}
        for entry, one in taken:
            key = self._recall.who(entry.path).key
            if one.finished is not None and self._recall.files.get(entry.path) is None and self._recall.is_new(key):
                new[one.finished.card.id] = entry, one, DocumentRow(one.finished.card.id, key, key, one.finished.card.category.path, State.HELD)
        for row in self.ledger.documents.add_all(row for _, _, row in new.values()):
            self.finished[row.id] = row, _finished(new[row.id][1])
        files, versions = [], []
        for id_, (row, finished) in self.finished.items():
            entry, one, _ = new[id_]
            assert one.answer is not None
            files.append(
                FileRow(
                    entry.path, entry.size, entry.mtime, one.sha256, one.question.arrived, id_, finished.version.language, one.answer.word,
                    one.answer.problems, one.answer.title,
                )
            )  # fmt: skip
            versions.append((id_, finished.version))
            self._recall.made(row)
            self.changed.add(entry.path)
            self._dirty[id_] = None
        self.ledger.files.put(*files)
        self.ledger.documents.add_versions(versions)
        self.ledger.pages.touch_all([("document", id_) for id_ in self.finished])
        return {file.path for file in files}

    def _released(self, taken: Taken, worker: int, crew: Crew) -> Taken:
        """A person let exactly these bytes through before they came back."""
        question = replace(taken.question, released=True)
        (answer,) = crew.ask(worker, "again", [Source(question, taken.sha256)]).result()
        return Taken(question, taken.sha256, answer)

    def _question(self, entry: Entry, row: FileRow | None) -> Question:
        document = self._recall.id_of(row, self._recall.who(entry.path), entry.path)
        return self._asked(entry.path, arrival_moment(entry.stood_still_since, self.now), False, document)

    def _asked(self, path: str, arrived: datetime, released: bool, document: str) -> Question:
        slug = self._slug(path, document)
        return Question(path, arrived, self._recall.who(path).profile, slug, released, self.now, self.register.of(slug))

    def _slug(self, path: str, document: str) -> str:
        who = self._recall.who(path)
        return who.profile.slug if who.profile is not None and who.key.endswith("/") else document

    def source(self, path: str, sha256: str, arrived: datetime, document: str) -> Source:
        """Where a content of a document comes from, under today's rules."""
        return Source(self._asked(path, arrived, self.ledger.decisions.released(path, sha256), document), sha256)

    def known_as(self, document: str, version: VersionRow) -> Known | None:
        """What was accepted of this version in this run."""
        return self.known.get((version.path, version.sha256, self._slug(version.path, document)))

    def was_withdrawn(self, version: VersionRow) -> bool:
        """Whether a person took these bytes down, and it was these that stood at this path."""
        return self._recall.decided(version.path) and self.ledger.decisions.withdrawn(version.path, version.sha256)

    def _record(self, entry: Entry, taken: Taken, worker: int, crew: Crew) -> None:
        row = self._recall.files.get(entry.path)
        if taken.answer is None:
            if not taken.sha256:
                self.unfinished.add(entry.path)
            elif row is not None:
                self.ledger.files.restamp(entry.path, entry.size, entry.mtime)
            return
        who = self._recall.who(entry.path)
        document = self._recall.document_of(row, who, entry.path, came=True)
        assert taken.answer is not None
        answer = self._refusals.of_new(entry.path, taken.sha256, document, who.language, taken.answer)
        if not taken.sha256:  # it could not be opened: ask again at every run, but tell of it once
            entry = replace(entry, mtime=-1)
            if row is not None and row.problems == answer.problems:
                return
        self.changed.add(entry.path)
        if row is not None and row.document != document.id:
            self.take_down(row)
        if answer.word == "accepted":
            self._place(document, who, entry.path)
        row = FileRow(
            entry.path, entry.size, entry.mtime, taken.sha256, taken.question.arrived, document.id, who.language, answer.word,
            answer.problems, answer.title,
        )  # fmt: skip
        self.verdict(row, answer, Source(taken.question, taken.sha256), worker, crew)

    def _place(self, document: DocumentRow, who: Identity, path: str) -> None:
        """A document that stood elsewhere when its file was taken away stands where the file is that has its address now."""
        if document.path == who.key or document.key.endswith("/"):
            return
        if _leads(who.language, [other for other in self.ledger.files.of_document(document.id) if other.path != path]):
            self.ledger.documents.move(document.id, who.key)

    def verdict(self, row: FileRow, answer: Answer, source: Source, worker: int, crew: Crew) -> None:
        """Record a verdict on a file; an accepted one becomes a version. Runs within a transaction."""
        digest = answer.digest
        doubts = against_the_last(self.ledger, self._recall, row, digest) if digest is not None else ()
        if doubts:
            row, digest = replace(row, verdict="held", problems=doubts), None
        if row.verdict == "held":
            row = replace(row, problems=(*self._still_shown(row, source, worker, crew), *row.problems))
        self.ledger.files.put(row)
        if row.verdict == "withdrawn":
            self._withdraw(row)
        if digest is not None:
            self._add_version(row, digest)
            self.known[source.ref] = Known(digest, worker, source)
        self._recall.filled(row.document)
        self._touch(row.document)

    def _still_shown(self, row: FileRow, source: Source, worker: int, crew: Crew) -> tuple[Problem, ...]:
        """What staff must know of people whom a held roll marks, and whom the public sees by the edition before. Only then that one is read again."""
        profile = source.question.profile
        if profile is None or profile.kind not in PERSONAL:
            return ()
        versions = self._recall.versions(row.document)
        public = standing(versions, self.now).current.get(row.language)
        if public is None:
            return ()
        newest = max((v for v in versions if not v.gone), key=lambda v: (v.moment, v.number))
        asked = Overtaken(source.question, source.sha256, self.source(public.path, public.sha256, public.moment, row.document), newest.sha256 == public.sha256)
        (told,) = crew.ask(worker, "still_shown", [asked]).result()
        return told

    def _add_version(self, row: FileRow, digest: Digest) -> None:
        versions = self._recall.versions(row.document)
        mine = [v for v in versions if v.language == row.language]
        here = next((v for v in reversed(mine) if v.path == row.path), None)
        if here is not None and (here.sha256, here.gone) == (row.sha256, False):
            return  # looked at again: it is no newer than what came after it at another path
        last = mine[-1] if mine else None
        head = digest.head
        moment = max(row.arrived, last.moment) if last is not None else row.arrived
        profile = self._recall.who(row.path).profile
        expires = ending(digest, profile, moment)
        number = 1 + max((v.number for v in mine), default=0)
        self.ledger.documents.add_version(
            row.document, VersionRow(row.language, number, moment, row.sha256, row.path, head.publish, expires, rows=digest.rows, as_of=digest.as_of)
        )

    def _withdraw(self, row: FileRow) -> None:
        """What a person took down came to stand here, and is what this document shows: it goes as if they had said so of this one."""
        here = [v for v in self._recall.versions(row.document) if (v.path, v.language) == (row.path, row.language)]
        document = self.ledger.documents.get(row.document) if here and (here[-1].sha256, here[-1].gone) == (row.sha256, False) else None
        if document is not None:
            self.take_down(row)
            takedown.intend(self.ledger, document, "withdraw", self.now)

    # --- looking again with other rules ---

    def look_again(self, rows: Iterable[FileRow], crew: Crew) -> None:
        """Review bytes that are in the archive once more: the rules changed, a person decided, or the file moved. All in one transaction."""
        asked: list[tuple[FileRow, DocumentRow, Source, Answer | None]] = []
        questions: dict[int, list[Source]] = {}
        read = [row for row in rows if row.sha256]
        with self.ledger.transaction():
            for row in read:
                who = identify(row.path, self.settings)
                document = self._recall.document_of(row, who, row.path)
                source = self.source(row.path, row.sha256, row.arrived, document.id)
                answer = self._refusals.of_standing(row)
                asked.append((row, document, source, answer))
                if answer is None:
                    questions.setdefault(worker_of(who.key, crew), []).append(source)
        said = {worker: crew.ask(worker, "again", sources) for worker, sources in questions.items()}
        answers: dict[Ref, tuple[Answer, int]] = {}
        for worker, sources in questions.items():
            for source, answer in zip(sources, said[worker].result(), strict=True):
                answers[source.ref] = answer, worker
        with self.ledger.transaction():
            self.ledger.pages.untouch(AGAIN, [row.path for row in read])
            for row, document, source, answer in asked:
                self._enter_again(row, document, source, *((answer, 0) if answer is not None else answers[source.ref]), crew)

    def _enter_again(self, row: FileRow, document: DocumentRow, source: Source, answer: Answer, worker: int, crew: Crew) -> None:
        who = identify(row.path, self.settings)
        if document.id != row.document:
            self.take_down(row)
        answer = self._refusals.unless_taken(row.path, document, who.language, answer)
        if answer.word == "accepted" and waits(row, who.language):
            self._place(document, who, row.path)
        self.changed.add(row.path)
        title = answer.title or row.title
        again = replace(row, document=document.id, language=who.language, verdict=answer.word, problems=answer.problems, title=title)
        self.verdict(again, answer, source, worker, crew)


def _elsewhere(row: FileRow, path: str) -> tuple[Problem, ...]:
    """What is said of a file that stands at another path now."""
    return tuple(replace(one, where=path + one.where.removeprefix(row.path)) if one.where.startswith(row.path) else one for one in row.problems)


def _leads(language: str, others: Iterable[FileRow]) -> bool:
    """Whether a document stands where its file of this language does: beside these others."""
    return all(language_order(language) <= language_order(other.language) for other in others)


def _finished(taken: Taken) -> Finished:
    assert taken.finished is not None
    return taken.finished


def together(path: str) -> tuple[str, bool, str]:
    """Orders files so that the languages of a document follow each other, the original first."""
    from publisher.readers import split_language

    base, language = split_language(path)
    return base.rpartition(".")[0] or base, language != "ja", path


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Runs of files; those of one stem stay together."""
    batch: list[Entry] = []
    size, stem = 0, ""
    for entry in entries:
        mine = together(entry.path)[0]
        if batch and mine != stem and (len(batch) >= BATCH or size >= BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size, stem = size + entry.size, mine
    if batch:
        yield batch
