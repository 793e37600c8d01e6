"""Which document is a file? By its path, by what it was before it moved, by the folder of a table, by the name without its language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count

from publisher.ledger import Ledger
from publisher.ledger.documents import DocumentRow
from publisher.ledger.files import FileRow
from publisher.ledger.names import category_words, identity
from publisher.model import Category, State
from publisher.settings import Settings, TableProfile
from publisher.values import frozen

NOTICE_SUFFIXES = (".md", ".markdown", ".txt", ".docx", ".pdf")


def folder_of(path: str) -> str:
    return path.rpartition("/")[0]


def profile_of(path: str, settings: Settings) -> TableProfile | None:
    """The table profile in whose folder (or at whose path) a file stands; the most exact one."""
    found = [p for p in settings.tables if path == p.path or path.startswith(p.path.rstrip("/") + "/")]
    return max(found, key=lambda p: len(p.path), default=None)


TABLE_SUFFIXES = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods", ".xml")


@frozen
class Identity:
    """What a file is part of: a document's key, the language, the profile that rules it."""

    key: str
    language: str
    profile: TableProfile | None


def identify(path: str, settings: Settings) -> Identity:
    """All tables in a profile's folder are editions of one table; any other file is its own document, languages apart."""
    from publisher.readers import split_language

    profile = profile_of(path, settings)
    if profile is not None and path.lower().endswith(TABLE_SUFFIXES):
        return Identity(profile.path.rstrip("/") + "/", "ja", profile)
    base, language = split_language(path)
    return Identity(base, language, profile)


def stem_of(path: str) -> str:
    """A path without the language and the suffix: what a document and its translations have in common."""
    from publisher.readers import split_language

    base = split_language(path)[0]
    return base.rpartition(".")[0] or base


def choose(candidates: Sequence[DocumentRow], files: Mapping[str, Sequence[FileRow]], who: Identity, path: str) -> DocumentRow | None:
    """The one of these documents (``Documents.of_keys``) that the file at ``path`` is part of; None: of none of them.

    Not one that stands elsewhere in this language, and not here as the original: it moved away, and what is put at its first path is another document.
    ``files``: of each document.
    """

    def stands(row: DocumentRow, language: str | None, here: bool) -> bool:
        others = (file for file in files.get(row.id, ()) if file.path != path and language in (None, file.language))
        return any((stem_of(file.path) == stem_of(path)) is here for file in others)

    def moved_away(row: DocumentRow) -> bool:
        return stands(row, who.language, False) and (who.language == "ja" or not stands(row, "ja", True))

    def rank(row: DocumentRow) -> tuple[bool, bool, bool, bool]:
        return stands(row, "ja", True), stands(row, None, True), row.path == who.key, row.key == who.key

    return max((row for row in candidates if not moved_away(row)), key=rank, default=None)


TAKEN = "address-taken"


def waits(row: FileRow, language: str) -> bool:
    """Whether a file was refused because another one has its document's address in this language."""
    return row.language == language and any(one.code == TAKEN for one in row.problems)


def stays(document: DocumentRow, language: str, identity_: Identity) -> bool:
    """Whether a file that came to this document as this language is part of it still: as an edition of the same table, or as a document of its own."""
    is_edition = document.key.endswith("/") or identity_.key.endswith("/")
    return language == identity_.language and (not is_edition or document.key == identity_.key)


def new_document(ledger: Ledger, identity_: Identity, category: Category) -> DocumentRow:
    """Make one for a key of which there is none. Runs within a transaction."""
    row = DocumentRow(next_id(ledger, identity_.key), _next_key(ledger, identity_.key), identity_.key, category.path, State.HELD)
    ledger.documents.add(row)
    return row


def next_id(ledger: Ledger, key: str) -> str:
    """The id of a document that would be made for this path now."""
    return next(id_ for attempt in count() if ledger.documents.get(id_ := identity(key, attempt)) is None)


def _next_key(ledger: Ledger, key: str) -> str:
    keys = (f"{key}//{turn}" if turn > 1 else key for turn in count(1))
    return next(one for one in keys if ledger.documents.by_key(one) is None)


def category_of(ledger: Ledger, folder: str) -> Category:
    """The category of a folder; its address word is kept for life."""
    known = ledger.documents.category(folder)
    if known is not None:
        return known
    word = next((w for w in category_words(folder) if not ledger.documents.category_slug_taken(w)), identity(folder, 1))
    category = Category(folder, folder.rpartition("/")[2] or "お知らせ", word)
    ledger.documents.add_category(category)
    return category


def arrival_moment(stamp: int, now: datetime) -> datetime:
    """When a file came to stand in the drop folder, to the second (``stamp`` in ns since the epoch); never after ``now``."""
    return min(datetime.fromtimestamp(stamp // 1_000_000_000, now.tzinfo), now.replace(microsecond=0))
