"""Documents, their versions and cards, their categories, and the archive by time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from publisher.ledger.places import Places
from publisher.model import Card, Category, Kind, Severity, State, Version
from publisher.values import frozen


@frozen
class DocumentRow:
    """A document as the ledger keeps it. ``key`` is its first path, ``path`` today's, both without language. Where another one has that key, which moved
    away, ``//2`` and so on follows.

    ``card`` is None until a version of it was accepted. ``due`` is the next moment at which the clock alone changes its state.
    """

    id: str
    key: str
    path: str
    category: str
    state: State
    slug: str | None = None
    card: Card | None = None
    place: str = ""
    listed: bool = False
    due: datetime | None = None

    @property
    def first_path(self) -> str:
        """Where it stood first, without language; of a table with a profile its folder."""
        return self.key.partition("//")[0]


@frozen
class VersionRow:
    """One accepted version of one language of a document; it counts from ``publish`` on (None: at once).

    ``gone``: not a version, but the moment from which on nothing stands at ``path``. ``rows`` counts those of a table,
    ``as_of`` is the moment that it names.
    """

    language: str
    number: int
    moment: datetime
    sha256: str
    path: str
    publish: datetime | None = None
    expires: datetime | None = None
    gone: bool = False
    rows: int = 0
    as_of: datetime | None = None

    @property
    def version(self) -> Version:
        return Version(self.number, self.moment, self.sha256)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


_DOCUMENT = (
    "d.id, d.key, d.path, d.category, d.state, d.slug, d.place, d.listed, d.due, d.kind, d.address, d.title, d.date, d.updated, "
    "d.severity, d.districts, d.drill, d.version, d.languages, d.summary, c.name, c.slug"
)
_FROM = "FROM documents d JOIN categories c ON c.path = d.category"


_VERSION = "language, number, moment, sha256, path, publish, expires, gone, rows, as_of"


def _version(row: Sequence) -> VersionRow:
    language, number, moment, sha256, path, publish, expires, gone, count, as_of = row
    return VersionRow(
        language, number, datetime.fromisoformat(moment), sha256, path, _moment(publish), _moment(expires), bool(gone), count, _moment(as_of)
    )


def _document(row: tuple) -> DocumentRow:
    id_, key, path, category, state, slug, place, listed, due = row[:9]
    card = _card(id_, category, state, row[9:]) if row[12] else None
    return DocumentRow(id_, key, path, category, _STATES[state], slug, card, place, bool(listed), _moment(due))


def _card(id_: str, category: str, state: str, fields: tuple) -> Card:
    kind, address, title, date, updated, severity, districts, drill, version, languages, summary, name, slug = fields
    return Card(
        id=id_, kind=_KINDS[kind], path=address, title=title, category=_category(category, name, slug),
        date=datetime.fromisoformat(date), updated=datetime.fromisoformat(updated), state=_STATES[state], severity=_SEVERITIES[severity],
        districts=_unpack(districts), drill=bool(drill), version=version, languages=_unpack(languages), summary=summary,
    )  # fmt: skip


# Thousands of rows hold the same few words.
_KINDS, _STATES, _SEVERITIES = ({str(one): one for one in words} for words in (Kind, State, Severity))


@lru_cache(maxsize=256)
def _category(path: str, name: str, slug: str) -> Category:
    return Category(path, name, slug)


@lru_cache(maxsize=256)
def _pack(words: tuple[str, ...]) -> str:
    return json.dumps(words, ensure_ascii=False)


@lru_cache(maxsize=256)
def _unpack(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


class Documents:
    def __init__(self, connection: sqlite3.Connection, places: Places) -> None:
        self._db, self._places = connection, places

    # --- documents ---

    def get(self, id_: str) -> DocumentRow | None:
        row = self._db.execute(f"SELECT {_DOCUMENT} {_FROM} WHERE d.id = ?", (id_,)).fetchone()
        return None if row is None else _document(row)

    def many(self, ids: Iterable[str]) -> dict[str, DocumentRow]:
        """Those of these that there are."""
        rows = self._db.execute(f"SELECT {_DOCUMENT} {_FROM} WHERE d.id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),))
        return {row[0]: _document(row) for row in rows}

    def by_key(self, key: str) -> DocumentRow | None:
        row = self._db.execute(f"SELECT {_DOCUMENT} {_FROM} WHERE d.key = ?", (key,)).fetchone()
        return None if row is None else _document(row)

    def by_address(self, address: str) -> DocumentRow | None:
        """The document that has (or last had) this address in the web edition."""
        row = self._db.execute(f"SELECT {_DOCUMENT} {_FROM} WHERE d.address = ?", (address,)).fetchone()
        return None if row is None else _document(row)

    def at_path(self, path: str) -> list[DocumentRow]:
        rows = self._db.execute(f"SELECT {_DOCUMENT} {_FROM} WHERE d.path = ?", (path,))
        return [_document(row) for row in rows]

    def all_ids(self) -> list[str]:
        return [id_ for (id_,) in self._db.execute("SELECT id FROM documents ORDER BY id")]

    def all(self) -> list[DocumentRow]:
        return [_document(row) for row in self._db.execute(f"SELECT {_DOCUMENT} {_FROM} ORDER BY d.path")]

    def of_keys(self, keys: Sequence[str]) -> dict[str, list[DocumentRow]]:
        """For each of these paths the documents that stand there today, or did when all of their files were gone, and the one that stood there first."""
        wanted = json.dumps(keys)
        found: dict[str, dict[str, DocumentRow]] = {key: {} for key in keys}
        for column in ("path", "key"):
            rows = self._db.execute(f"SELECT {_DOCUMENT} {_FROM} WHERE d.{column} IN (SELECT value FROM json_each(?)) ORDER BY d.id", (wanted,))
            for row in map(_document, rows):
                found[getattr(row, column)][row.id] = row
        return {key: list(rows.values()) for key, rows in found.items()}

    def add(self, row: DocumentRow) -> bool:
        """False: another document has this id."""
        return self.add_all([row]) == [row]

    def add_all(self, rows: Iterable[DocumentRow]) -> list[DocumentRow]:
        """New documents; returns those whose ids no other document had."""
        by_id = {row.id: row for row in reversed(list(rows))}
        taken = self._db.execute("SELECT id FROM documents WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(by_id)),))
        for (id_,) in taken.fetchall():
            del by_id[id_]
        added = list(by_id.values())
        self._db.executemany(
            "INSERT INTO documents (id, key, path, category, state, slug) VALUES (?,?,?,?,?,?)",
            [(row.id, row.key, row.path, row.category, row.state, row.slug) for row in added],
        )
        return added

    def move(self, id_: str, path: str) -> None:
        """It stands elsewhere now; its category follows with its next card."""
        self._db.execute("UPDATE documents SET path = ? WHERE id = ?", (path, id_))

    def slug_taken(self, slug: str) -> bool:
        return self._db.execute("SELECT 1 FROM documents WHERE slug = ?", (slug,)).fetchone() is not None

    def set_slug(self, id_: str, slug: str) -> None:
        self._db.execute("UPDATE documents SET slug = ? WHERE id = ?", (slug, id_))

    def set_state(self, id_: str, state: State, due: datetime | None) -> None:
        """For a document of which nothing was published yet."""
        self._db.execute("UPDATE documents SET state = ?, due = ? WHERE id = ?", (state, _text(due), id_))

    def set_cards(self, cards: Sequence[tuple[DocumentRow, Card, str, datetime | None]]) -> None:
        """Keep cards, and count their documents in the archive where they now belong: (row as it was, card, place, due) of each."""
        self._db.executemany(
            "UPDATE documents SET kind=?, address=?, category=?, state=?, listed=1, title=?, summary=?, date=?, updated=?, severity=?, "
            "districts=?, drill=?, version=?, languages=?, place=?, due=? WHERE id=?",
            [
                (
                    card.kind, card.path, card.category.path, card.state, card.title, card.summary, card.date.isoformat(),
                    card.updated.isoformat(), card.severity, _pack(card.districts), card.drill, card.version,
                    _pack(card.languages), place, _text(due), card.id,
                )
                for _, card, place, due in cards
            ],
        )  # fmt: skip
        self._places.recount(
            ((row.category, row.place) if row.listed else None, (card.category.path, place)) for row, card, place, _ in cards
        )

    def due(self, now: datetime) -> list[str]:
        """Documents whose state the clock has changed."""
        rows = self._db.execute("SELECT id FROM documents WHERE due IS NOT NULL AND due <= ? ORDER BY id", (now.isoformat(),))
        return [id_ for (id_,) in rows]

    def next_due(self) -> datetime | None:
        return _moment(self._db.execute("SELECT min(due) FROM documents WHERE due IS NOT NULL").fetchone()[0])

    def counts(self) -> dict[str, int]:
        return dict(self._db.execute("SELECT state, count(*) FROM documents GROUP BY state"))

    # --- versions ---

    def versions(self, id_: str) -> list[VersionRow]:
        """All versions of all languages, oldest first."""
        rows = self._db.execute(f"SELECT {_VERSION} FROM versions WHERE document = ? ORDER BY language, number", (id_,))
        return [_version(row) for row in rows]

    def versions_of(self, ids: Iterable[str]) -> dict[str, list[VersionRow]]:
        """The same of several documents; one without versions is not among them."""
        rows = self._db.execute(
            f"SELECT document, {_VERSION} FROM versions WHERE document IN (SELECT value FROM json_each(?)) ORDER BY document, language, number",
            (json.dumps(list(ids)),),
        )
        found: dict[str, list[VersionRow]] = {}
        for id_, *row in rows:
            found.setdefault(id_, []).append(_version(row))
        return found

    def add_version(self, id_: str, version: VersionRow) -> None:
        self.add_versions([(id_, version)])

    def add_versions(self, versions: Iterable[tuple[str, VersionRow]]) -> None:
        """(document, version) of each."""
        self._db.executemany(
            f"INSERT INTO versions (document, {_VERSION}) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            [
                (
                    id_, version.language, version.number, version.moment.isoformat(), version.sha256, version.path, _text(version.publish),
                    _text(version.expires), version.gone, version.rows, _text(version.as_of),
                )
                for id_, version in versions
            ],
        )  # fmt: skip

    def rename_version(self, id_: str, language: str, old: str, new: str) -> None:
        self._db.execute("UPDATE versions SET path = ? WHERE document = ? AND language = ? AND path = ?", (new, id_, language, old))

    # --- categories ---

    def category(self, path: str) -> Category | None:
        row = self._db.execute("SELECT path, name, slug FROM categories WHERE path = ?", (path,)).fetchone()
        return None if row is None else Category(*row)

    def category_slug_taken(self, slug: str) -> bool:
        return self._db.execute("SELECT 1 FROM categories WHERE slug = ?", (slug,)).fetchone() is not None

    def add_category(self, category: Category) -> None:
        self._db.execute("INSERT INTO categories VALUES (?,?,?)", (category.path, category.name, category.slug))

    def listed_categories(self) -> list[Category]:
        """Categories that have something on their list, by path."""
        rows = self._db.execute(
            "SELECT path, name, slug FROM categories c WHERE EXISTS (SELECT 1 FROM documents d WHERE d.category = c.path AND d.listed) "
            "ORDER BY path"
        )
        return [Category(*row) for row in rows]

    # --- lists ---

    def _cards(self, where: str, parameters: Iterable[object]) -> tuple[Card, ...]:
        rows = self._db.execute(f"SELECT {_DOCUMENT} {_FROM} WHERE d.listed AND {where}", tuple(parameters))
        return tuple(card for card in (_document(row).card for row in rows) if card is not None)

    def latest(self, limit: int) -> tuple[Card, ...]:
        return self._cards("1 ORDER BY d.updated DESC, d.id LIMIT ?", (limit,))

    def urgent(self, limit: int) -> tuple[Card, ...]:
        return self._cards(
            "d.severity = ? AND d.state = ? ORDER BY d.updated DESC, d.id LIMIT ?", (Severity.URGENT, State.PUBLISHED, limit)
        )

    def tables(self, limit: int) -> tuple[Card, ...]:
        return self._cards("d.kind = ? AND d.state = ? ORDER BY d.title, d.id LIMIT ?", (Kind.TABLE, State.PUBLISHED, limit))

    def in_category(self, category: str, limit: int) -> tuple[Card, ...]:
        return self._cards("d.category = ? ORDER BY d.updated DESC, d.id LIMIT ?", (category, limit))

    # --- the archive by time ---

    def in_place(self, scope: str, prefix: str) -> tuple[Card, ...]:
        """The documents at this step of the archive, the oldest first."""
        if scope:
            return self._cards(
                "d.category = ? AND d.place >= ? AND d.place < ? ORDER BY d.place, d.id", (scope[2:], prefix, prefix + "~")
            )
        return self._cards("d.place >= ? AND d.place < ? ORDER BY d.place, d.id", (prefix, prefix + "~"))
