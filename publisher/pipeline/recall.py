"""What a run has asked the ledger once and need not ask again for each file: nobody else writes while it works."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow, VersionRow
from publisher.ledger.files import FileRow
from publisher.ledger.names import identity
from publisher.model import Category
from publisher.pipeline.identify import (
    NOTICE_SUFFIXES,
    Identity,
    category_of,
    choose,
    folder_of,
    identify,
    new_document,
    next_id,
    stays,
    waits,
)
from publisher.settings import Settings
from publisher.values import field, record


@record
class Recall:
    """``files``: what stood at the paths of the batch at work. ``down``: SHA-256 of bytes that a person took down, wherever they stood, and let
    through nowhere since; one set for the whole run."""

    ledger: Ledger
    settings: Settings
    files: dict[str, FileRow] = field(default_factory=dict)
    down: frozenset[str] = frozenset()
    _asked: dict[str, list[DocumentRow]] = field(default_factory=dict)
    _who: dict[str, Identity] = field(default_factory=dict)
    _categories: dict[str, Category] = field(default_factory=dict)
    _decided: set[str] = field(default_factory=set)
    _down: dict[str, datetime] = field(default_factory=dict)
    _taken_down: dict[str, list[str]] | None = None
    _blank: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        newest: dict[str, tuple[datetime, bool]] = {}
        for path, sha256, action, moment in self.ledger.decisions.all():
            self._decided.add(path)
            newest[sha256] = max(newest.get(sha256, (moment, False)), (moment, action == "withdraw"))
        # Of a file that cannot be opened the bytes are not known ("" on record): they are nobody else's.
        self._down = {sha256: moment for sha256, (moment, is_down) in newest.items() if is_down and sha256}
        self.down = frozenset(self._down)

    def batch(self, paths: Iterable[str]) -> None:
        """Ask for everything of these files at once."""
        wanted = list(paths)
        self.files = self.ledger.files.many(wanted)
        self._who = {path: identify(path, self.settings) for path in wanted}
        self._asked = self.ledger.documents.of_keys(list({who.key for who in self._who.values()}))

    def who(self, path: str) -> Identity:
        """What a file is part of."""
        known = self._who.get(path)
        return known if known is not None else identify(path, self.settings)

    def is_new(self, key: str) -> bool:
        """Whether no document stands at this path, or ever did."""
        return not self._candidates(key)

    def document(self, row: FileRow | None, who: Identity, path: str, came: bool = False) -> DocumentRow | None:
        """The document of a file; None when there is none yet. ``row``: how the file stands, None for a new one; ``came``: it has other bytes now.

        One that stands is part of what it came to, as long as the rules see the same in it: its path does not tell, since the first path of a document leads
        to it after it has moved away, too. But one that was refused beside another is free when that one goes, and a new text of a translation is that of the
        original beside it.
        """
        mine = self.ledger.documents.get(row.document) if row is not None else None
        if mine is not None and row is not None and stays(mine, row.language, who) and not waits(row, row.language):
            original = self.ledger.files.get(who.key) if came and who.language != "ja" else None
            if original is None or original.document == mine.id:
                return mine
        if who.key.endswith("/"):
            return next((one for one in self._candidates(who.key) if one.key == who.key), None)
        known = self._chosen(who, path)
        if known is None and who.language != "ja":  # a translation may be of another file kind than its original
            stem = who.key.rpartition(".")[0]
            others = (self._chosen(Identity(stem + suffix, who.language, who.profile), path) for suffix in NOTICE_SUFFIXES)
            known = next((one for one in others if one is not None), None)
        return known

    def id_of(self, row: FileRow | None, who: Identity, path: str) -> str:
        """The id of the document of a file that has other bytes now, or of the one that will be made for it."""
        document = self.document(row, who, path, came=True)
        if document is not None:
            return document.id
        return identity(who.key) if self.is_new(who.key) else next_id(self.ledger, who.key)

    def document_of(self, row: FileRow | None, who: Identity, path: str, came: bool = False) -> DocumentRow:
        """As ``document``; made when there is none yet. Runs within a transaction."""
        known = self.document(row, who, path, came)
        if known is None:
            known = new_document(self.ledger, who, self.category(folder_of(path)))
            self._blank.add(known.id)
            self.made(known)
        return known

    def made(self, row: DocumentRow) -> None:
        """A document was made."""
        if row.path in self._asked:
            self._asked[row.path].append(row)

    def _candidates(self, key: str) -> list[DocumentRow]:
        return self._asked[key] if key in self._asked else self.ledger.documents.of_keys([key])[key]

    def _chosen(self, who: Identity, path: str) -> DocumentRow | None:
        candidates = self._candidates(who.key)
        if len(candidates) == 1 and candidates[0].path == who.key:
            return candidates[0]
        return choose(candidates, {one.id: self.ledger.files.of_document(one.id) for one in candidates}, who, path)

    def is_blank(self, document: str) -> bool:
        """It was made just now: it has neither files nor versions."""
        return document in self._blank

    def filled(self, document: str) -> None:
        """It has a file now."""
        self._blank.discard(document)

    def versions(self, document: str) -> list[VersionRow]:
        """What was published of it so far."""
        return [] if self.is_blank(document) else self.ledger.documents.versions(document)

    def decided(self, path: str) -> bool:
        """Whether a person ever decided something about a file at this path."""
        return path in self._decided

    def moved(self, old: str, new: str) -> None:
        """A file stands at another path, and what was decided of it there holds here."""
        if old in self._decided:
            self._decided.add(new)

    def is_down(self, path: str, sha256: str) -> bool:
        """Whether a person took these bytes down, here or where they stood before: nobody makes them public again by putting them elsewhere."""
        if sha256 in self._down:
            return True
        return path in self._decided and self.ledger.decisions.withdrawn(path, sha256)

    def taken_down_at(self, sha256: str) -> list[str]:
        """The paths of which a person said that these bytes are to be taken down, the latest last."""
        if self._taken_down is None:
            self._taken_down = self.ledger.decisions.taken_down()
        return self._taken_down.get(sha256, [])

    def elsewhere(self, path: str, sha256: str) -> datetime | None:
        """The moment of a withdrawal of these bytes that is not on record for this path."""
        moment, here = self._down.get(sha256), self.ledger.decisions.at(path, sha256)
        return None if here == ("withdraw", moment) else moment

    def noted(self, path: str) -> None:
        """What was decided elsewhere of the bytes at this path is on record here."""
        self._decided.add(path)

    def category(self, folder: str) -> Category:
        """The category of a folder; made when there is none yet, within a transaction."""
        known = self._categories.get(folder)
        if known is None:
            known = self._categories[folder] = category_of(self.ledger, folder)
        return known
