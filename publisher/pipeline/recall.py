"""What a run has asked the ledger once and need not ask again for each file: nobody else writes while it works."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow, VersionRow
from publisher.ledger.files import FileRow
from publisher.model import Category
from publisher.pipeline.identify import Identity, category_of, folder_of, identify, new_document, same_stem
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
    _asked: dict[str, DocumentRow | None] = field(default_factory=dict)
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
        keys = list({who.key for who in self._who.values()})
        found = self.ledger.documents.by_keys(keys)
        self._asked = {key: found.get(key) for key in keys}

    def who(self, path: str) -> Identity:
        """What a file is part of."""
        known = self._who.get(path)
        return known if known is not None else identify(path, self.settings)

    def document(self, key: str) -> DocumentRow | None:
        """The document whose first path this is, or which stands there today."""
        if key in self._asked:
            return self._asked[key]
        documents = self.ledger.documents
        return documents.by_key(key) or next(iter(documents.at_path(key)), None)

    def document_of(self, who: Identity, path: str) -> DocumentRow:
        """As ``identify.document_of``. Runs within a transaction."""
        known = self.document(who.key)
        if known is None and who.language != "ja":
            known = same_stem(self.ledger, who)
        if known is None:
            known = new_document(self.ledger, who, self.category(folder_of(path)))
            self._blank.add(known.id)
        self._asked[who.key] = known
        return known

    def made(self, row: DocumentRow) -> None:
        """A document was made of a file whole."""
        self._asked[row.key] = row

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
