"""The editions of a table in the ledger: counted when they come, compared once, and never read again for a later one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from enum import Enum

from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow, VersionRow
from publisher.ledger.files import FileRow
from publisher.ledger.tallies import TallyRow
from publisher.model import EditionTally
from publisher.pipeline.crew import Asked, Crew, worker_of
from publisher.pipeline.effective import standing
from publisher.pipeline.examine import Digest
from publisher.pipeline.hand import Past
from publisher.pipeline.identify import TABLE_SUFFIXES
from publisher.pipeline.take_in import Intake
from publisher.values import field, record, replace

MANY_ROWS = 20_000
"""Rows from which counting an edition takes seconds. A roll has dozens of editions, and nothing else is published while they are counted."""

WAITING = "tally"
"""What is touched while an edition waits to be counted again: document, moment, SHA-256."""

AT_ONCE = 8
"""Earlier editions that are counted in one request: the digests of a large one's rows take megabytes."""

Key = tuple[datetime, str]


def is_table(row: DocumentRow) -> bool:
    """Whether a document's versions are editions: told by the name of its file, before anything is read."""
    return row.key.endswith("/") or row.path.lower().endswith(TABLE_SUFFIXES)


def waiting(ledger: Ledger) -> list[tuple[str, Key]]:
    """(document, edition) of all that are to be counted again, the newest first."""
    said = (touch.split("\n") for touch in ledger.pages.touched(WAITING))
    found = [(document, (datetime.fromisoformat(moment), sha256)) for document, moment, sha256 in said]
    return sorted(found, key=lambda one: one[1], reverse=True)


def postpone(ledger: Ledger, rows: Sequence[FileRow], now: datetime) -> list[FileRow]:
    """Of files that have to be looked at again those for which nobody can wait. The others wait to be counted: large editions that their documents do
    not show now, though the files still stand in the drop folder."""
    versions = ledger.documents.versions_of({row.document for row in rows if row.path.lower().endswith(TABLE_SUFFIXES)})
    waits: dict[tuple[str, str], list[str]] = {}
    for document, some in versions.items():
        shown = {(version.path, version.sha256) for version in standing(some, now).current.values()}
        for version in some:
            ref = version.path, version.sha256
            if version.rows >= MANY_ROWS and not version.gone and ref not in shown:
                waits.setdefault(ref, []).append(_touch(document, (version.moment, version.sha256)))
    left = [row for row in rows if row.verdict == "accepted" and (row.path, row.sha256) in waits]
    with ledger.transaction():
        ledger.pages.touch_all((WAITING, touch) for row in left for touch in waits[row.path, row.sha256])
    paths = {row.path for row in left}
    return [row for row in rows if row.path not in paths]


def _touch(document: str, key: Key) -> str:
    return f"{document}\n{key[0].isoformat()}\n{key[1]}"


class Anew(Enum):
    """What was counted before counts no more. ``RULES``: not at all. ``PROGRAM``: another program counted it, which may have counted otherwise; it
    may be shown until it is counted again."""

    NO, PROGRAM, RULES = range(3)


@record
class PastEditions:
    """Brings the editions of one document up to date. Use within a transaction.

    ``later``: large ones that have to be counted again, and are not what the document shows now, are left for ``recount``, which holds up
    nothing. Those whose numbers do not count are not shown until then.
    """

    ledger: Ledger
    run: Intake
    crew: Crew
    zone: tzinfo
    anew: Anew = Anew.NO
    later: bool = False
    _counted: set[Key] = field(default_factory=set)

    def of(self, row: DocumentRow, versions: Sequence[VersionRow], current: Mapping[Key, Digest]) -> tuple[EditionTally, ...]:
        """Every edition of the document's tables. ``versions`` were published; ``current``: digests of those that are shown now."""
        tallies = self.ledger.tallies
        wanted = {
            (version.moment, version.sha256): version
            for version in versions
            if not self.ledger.decisions.withdrawn(version.path, version.sha256)
        }
        for key in tallies.versions(row.id) - wanted.keys():
            tallies.drop_version(row.id, *key)
        waits = self._outdated(row, wanted)
        missing = wanted.keys() - tallies.counted(row.id)
        here = {key: found.digest for key in missing if (found := self.run.known_as(row.id, wanted[key]))}
        here.update((key, digest) for key, digest in current.items() if key in wanted)
        waits = {key for key in waits | missing if self.later and wanted[key].rows >= MANY_ROWS} - here.keys()
        self._leave(row, waits)
        self._counted |= missing - waits
        for key, digest in here.items():
            self._put(row.id, wanted[key], digest)
        missing = [version for key, version in wanted.items() if key in self._counted and key not in here]
        for start in range(0, len(missing), AT_ONCE):
            some = missing[start : start + AT_ONCE]
            for version, digest in zip(some, self._count(row.id, some), strict=True):
                self._put(row.id, version, digest)
        self._compare(row, wanted)
        return tuple(found.tally for found in tallies.of_document(row.id))

    def _outdated(self, row: DocumentRow, wanted: Mapping[Key, VersionRow]) -> set[Key]:
        """Take back what counts no more; the editions whose numbers are shown until they are counted again."""
        tallies = self.ledger.tallies
        before = {key for document, key in waiting(self.ledger) if document == row.id} & wanted.keys()
        if self.anew is Anew.RULES or (self.anew is Anew.PROGRAM and not self.later):
            tallies.forget(row.id)
            return set()
        if self.anew is Anew.NO and self.later:
            return before
        alone = {_key(one.tally) for one in tallies.of_document(row.id) if not one.tally.personal}  # their CSVs are made again now
        outdated = before if self.anew is Anew.NO else wanted.keys() & tallies.counted(row.id)
        waits = {key for key in outdated - alone if self.later and wanted[key].rows >= MANY_ROWS}
        for key in outdated - waits:
            tallies.drop_version(row.id, *key)
        return waits

    def _leave(self, row: DocumentRow, waits: set[Key]) -> None:
        """Exactly these editions of the document wait."""
        pages = self.ledger.pages
        pages.untouch(WAITING, [_touch(row.id, key) for document, key in waiting(self.ledger) if document == row.id and key not in waits])
        pages.touch_all((WAITING, _touch(row.id, key)) for key in sorted(waits))

    def again(self, document: str, key: Key, version: VersionRow | None, digest: Digest | None) -> bool:
        """Enter an edition that waited, and was ``read`` meanwhile (``version`` None: there is none any more). Whether it was the last of its document, which
        can be rendered now."""
        self.ledger.tallies.drop_version(document, *key)
        if version is not None:
            self._put(document, version, digest)
        self.ledger.pages.untouch(WAITING, [_touch(document, key)])
        last = all(one != document for one, _ in waiting(self.ledger))
        if last:
            self.ledger.pages.touch("document", document)
        else:  # it is rendered once, when all of them are there
            self.ledger.pages.untouch("document", [document])
        return last

    def read(self, document: str, version: VersionRow) -> Digest | None:
        """The numbers of one edition of a document; None when today's rules hold it. Where its file still stands, the verdict on it is recorded. This takes a while: not
        within a transaction."""
        row = self.ledger.files.get(version.path)
        if row is None or (row.sha256, row.verdict) != (version.sha256, "accepted"):
            return self._count(document, [version])[0]
        self.run.look_again([row], self.crew)
        known = self.run.known_as(document, version)
        return known.digest if known is not None else None

    def csv(self, document: str, editions: Sequence[EditionTally], versions: Sequence[VersionRow]) -> tuple[list[Past], set[str]]:
        """(editions of a document whose own CSV has to be made, owners of all such CSVs).

        A list of people has none: a row of an earlier edition says more than anyone agreed to. A table with one edition has none yet.
        """
        from publisher.editions.tables import history

        slugs = {slug for slug in {e.slug for e in editions} if sum(e.slug == slug for e in editions) > 1}
        names: dict[Key, list[tuple[str, str]]] = {}
        for slug in sorted(slugs):
            for edition, stem in history.stems([e for e in editions if e.slug == slug], self.zone).items():
                if not edition.personal:
                    names.setdefault(_key(edition), []).append((slug, stem))
        owner = f"document:{document}"
        standing = set(self.ledger.pages.owners_below(owner + ":v"))
        wanted: dict[str, Past] = {}
        for version in versions:
            key = (version.moment, version.sha256)
            if key in names:
                name = f"{owner}:v{version.sha256[:8]}:{','.join(stem for _, stem in names[key])}"
                wanted[name] = Past(name, self.run.source(version.path, version.sha256, version.moment, document), tuple(names[key]))
        made = [past for name, past in wanted.items() if name not in standing or self._is_anew(past, versions)]
        return made, set(wanted)

    def _is_anew(self, past: Past, versions: Sequence[VersionRow]) -> bool:
        return any((v.moment, v.sha256) in self._counted for v in versions if v.sha256 == past.source.sha256)

    # --- counting ---

    def _count(self, document: str, versions: Sequence[VersionRow]) -> list[Digest | None]:
        asked: list[Asked] = []
        for version in versions:
            source = self.run.source(version.path, version.sha256, version.moment, document)
            asked.append(self.crew.ask(worker_of(version.path, self.crew), "count", [source]))
        return [one.result()[0].digest for one in asked]

    def _put(self, document: str, version: VersionRow, digest: Digest | None) -> None:
        from publisher.editions.tables import history

        if digest is None or not digest.tallies:
            self.ledger.tallies.put_none(document, version.moment, version.sha256)
            return
        for tally, rows in digest.tallies:
            as_of = tally.as_of or digest.head.date or version.moment
            whole = replace(tally, as_of=as_of, moment=version.moment, sha256=version.sha256)
            self.ledger.tallies.put(document, whole, history.mark(tally, rows), rows)

    # --- comparing ---

    def _compare(self, row: DocumentRow, versions: Mapping[Key, VersionRow]) -> None:
        """Count each difference that is missing, then put away the rows that no later edition is compared with."""
        from publisher.editions.tables import history

        found = self.ledger.tallies.of_document(row.id)
        for slug in sorted({one.tally.slug for one in found}):
            mine = {one.tally: one for one in found if one.tally.slug == slug}
            for tally, one in mine.items():
                earlier = history.before(tally, list(mine))
                self._compare_two(row, one, mine[earlier] if earlier is not None else None, versions)
            kept = history.counting(mine)[-2:]
            for tally, one in mine.items():
                if tally not in kept:
                    self.ledger.tallies.put_rows_away(row.id, one)

    def _compare_two(self, row: DocumentRow, one: TallyRow, earlier: TallyRow | None, versions: Mapping[Key, VersionRow]) -> None:
        from publisher.editions.tables import history

        against = "" if earlier is None else f"{earlier.mark} {earlier.tally.as_of}"
        if one.against == against:
            return
        if self.later and {_touch(row.id, _key(two.tally)) for two in (earlier, one) if two is not None} & set(self.ledger.pages.touched(WAITING)):
            return  # one of them is to be read again, or cannot be read: nothing else may wait for that
        change = None
        if earlier is not None:
            before, after = self._rows(row, earlier, versions), self._rows(row, one, versions)
            if before is not None and after is not None:
                change = history.difference(earlier.tally, before, one.tally, after)
        self.ledger.tallies.set_change(row.id, one, change, against)

    def _rows(self, row: DocumentRow, one: TallyRow, versions: Mapping[Key, VersionRow]) -> bytes | None:
        """The digests of an edition's rows: kept for the latest ones, counted again when an edition comes between older ones."""
        kept = self.ledger.tallies.rows(row.id, one)
        if kept is not None:
            return kept
        (digest,) = self._count(row.id, [versions[_key(one.tally)]])
        return next((rows for tally, rows in digest.tallies if tally.slug == one.tally.slug), None) if digest is not None else None


def _key(tally: EditionTally) -> Key:
    assert tally.moment is not None
    return tally.moment, tally.sha256
