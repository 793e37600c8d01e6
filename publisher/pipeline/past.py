"""The editions of a table in the ledger: counted when they come, compared once, and never read again for a later one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow, VersionRow
from publisher.ledger.tallies import TallyRow
from publisher.model import EditionTally
from publisher.pipeline.crew import Asked, Crew, worker_of
from publisher.pipeline.examine import Digest
from publisher.pipeline.hand import Past
from publisher.pipeline.identify import TABLE_SUFFIXES
from publisher.pipeline.take_in import Intake
from publisher.values import field, record, replace

AT_ONCE = 8
"""Earlier editions that are counted in one request: the digests of a large one's rows take megabytes."""

Key = tuple[datetime, str]


def is_table(row: DocumentRow) -> bool:
    """Whether a document's versions are editions: told by the name of its file, before anything is read."""
    return row.key.endswith("/") or row.path.lower().endswith(TABLE_SUFFIXES)


@record
class PastEditions:
    """Brings the editions of one document up to date. Use within a transaction.

    ``anew``: the rules changed, so that nothing that was counted under the old ones counts.
    """

    ledger: Ledger
    run: Intake
    crew: Crew
    zone: tzinfo
    anew: bool = False
    _counted: set[Key] = field(default_factory=set)

    def of(self, row: DocumentRow, versions: Sequence[VersionRow], current: Mapping[Key, Digest]) -> tuple[EditionTally, ...]:
        """Every edition of the document's tables. ``versions`` were published; ``current``: digests of those that are shown now."""
        tallies = self.ledger.tallies
        if self.anew:
            tallies.forget(row.id)
        wanted = {
            (version.moment, version.sha256): version
            for version in versions
            if not self.ledger.decisions.withdrawn(version.path, version.sha256)
        }
        known = tallies.versions(row.id)
        for key in known - wanted.keys():
            tallies.drop_version(row.id, *key)
        self._counted |= wanted.keys() - known
        here = {key: found.digest for key in self._counted if (found := self.run.known.get((wanted[key].path, wanted[key].sha256)))}
        here.update((key, digest) for key, digest in current.items() if key in wanted)
        for key, digest in here.items():
            self._put(row, wanted[key], digest)
        missing = [version for key, version in wanted.items() if key in self._counted and key not in here]
        for start in range(0, len(missing), AT_ONCE):
            some = missing[start : start + AT_ONCE]
            for version, digest in zip(some, self._count(some), strict=True):
                self._put(row, version, digest)
        self._compare(row, wanted)
        return tuple(found.tally for found in tallies.of_document(row.id))

    def csv(self, owner: str, editions: Sequence[EditionTally], versions: Sequence[VersionRow]) -> tuple[list[Past], set[str]]:
        """(editions whose own CSV has to be made, owners of all such CSVs).

        A list of people has none: a row of an earlier edition says more than anyone agreed to. A table with one edition has none yet.
        """
        from publisher.editions.tables import history

        slugs = {slug for slug in {e.slug for e in editions} if sum(e.slug == slug for e in editions) > 1}
        names: dict[Key, list[tuple[str, str]]] = {}
        for slug in sorted(slugs):
            for edition, stem in history.stems([e for e in editions if e.slug == slug], self.zone).items():
                if not edition.personal:
                    names.setdefault(_key(edition), []).append((slug, stem))
        standing = set(self.ledger.pages.owners_below(owner + ":v"))
        wanted: dict[str, Past] = {}
        for version in versions:
            key = (version.moment, version.sha256)
            if key in names:
                name = f"{owner}:v{version.sha256[:8]}:{','.join(stem for _, stem in names[key])}"
                wanted[name] = Past(name, self.run.source(version.path, version.sha256, version.moment), tuple(names[key]))
        made = [past for name, past in wanted.items() if name not in standing or self._is_anew(past, versions)]
        return made, set(wanted)

    def _is_anew(self, past: Past, versions: Sequence[VersionRow]) -> bool:
        return any((v.moment, v.sha256) in self._counted for v in versions if v.sha256 == past.source.sha256)

    # --- counting ---

    def _count(self, versions: Sequence[VersionRow]) -> list[Digest | None]:
        asked: list[Asked] = []
        for version in versions:
            source = self.run.source(version.path, version.sha256, version.moment)
            asked.append(self.crew.ask(worker_of(version.path, self.crew), "count", [source]))
        return [one.result()[0].digest for one in asked]

    def _put(self, row: DocumentRow, version: VersionRow, digest: Digest | None) -> None:
        from publisher.editions.tables import history

        if digest is None or not digest.tallies:
            self.ledger.tallies.put_none(row.id, version.moment, version.sha256)
            return
        for tally, rows in digest.tallies:
            as_of = tally.as_of or digest.head.date or version.moment
            whole = replace(tally, as_of=as_of, moment=version.moment, sha256=version.sha256)
            self.ledger.tallies.put(row.id, whole, history.mark(tally, rows), rows)

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
        (digest,) = self._count([versions[_key(one.tally)]])
        return next((rows for tally, rows in digest.tallies if tally.slug == one.tally.slug), None) if digest is not None else None


def _key(tally: EditionTally) -> Key:
    assert tally.moment is not None
    return tally.moment, tally.sha256
