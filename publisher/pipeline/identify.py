"""Which document is a file? By its path, by what it was before it moved, by the folder of a table, by the name without its language."""

from __future__ import annotations

from datetime import datetime

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


def document_of(ledger: Ledger, row: FileRow, identity_: Identity) -> DocumentRow:
    """The document of a file that stands: the one to which it came, as long as the rules see the same in it; made when there is none yet. Runs within a
    transaction.

    Its path does not tell: from where a document moved away, its first path leads to it still.
    """
    mine = ledger.documents.get(row.document)
    if mine is not None and stays(mine, row.language, identity_):
        return mine
    known = ledger.documents.by_key(identity_.key) or same_stem(ledger, identity_)
    return known if known is not None else new_document(ledger, identity_, category_of(ledger, folder_of(row.path)))


def stays(document: DocumentRow, language: str, identity_: Identity) -> bool:
    """Whether a file that came to this document as this language is part of it still: as an edition of the same table, or as a document of its own."""
    is_edition = document.key.endswith("/") or identity_.key.endswith("/")
    return language == identity_.language and (not is_edition or document.key == identity_.key)


def new_document(ledger: Ledger, identity_: Identity, category: Category) -> DocumentRow:
    """Make one for a key of which there is none. Runs within a transaction."""
    attempt = 0
    while True:
        row = DocumentRow(identity(identity_.key, attempt), identity_.key, identity_.key, category.path, State.HELD)
        if ledger.documents.add(row):
            return row
        attempt += 1


def same_stem(ledger: Ledger, identity_: Identity) -> DocumentRow | None:
    """Where it stands today under another first path; a translation may also have another file kind than its original."""
    for row in ledger.documents.at_path(identity_.key):
        return row
    if identity_.language == "ja":
        return None
    stem = identity_.key.rpartition(".")[0]
    for suffix in NOTICE_SUFFIXES:
        if (row := ledger.documents.by_key(stem + suffix)) is not None:
            return row
    return None


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
