"""Documents, their versions and cards, their categories, and the archive by time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from publisher.model import Card, Category, Kind, Severity, State, Version


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document as the ledger keeps it. ``key`` is its first path, ``path`` today's, both without language.

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


@dataclass(frozen=True, slots=True)
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


def _document(row: tuple) -> DocumentRow:
    id_, key, path, category, state, slug, place, listed, due = row[:9]
    card = _card(id_, category, state, row[9:]) if row[12] else None
    return DocumentRow(id_, key, path, category, State(state), slug, card, place, bool(listed), _moment(due))


def _card(id_: str, category: str, state: str, fields: tuple) -> Card:
    kind, address, title, date, updated, severity, districts, drill, version, languages, summary, name, slug = fields
    return Card(
        id=id_, kind=Kind(kind), path=address, title=title, category=Category(category, name, slug),
        date=datetime.fromisoformat(date), updated=datetime.fromisoformat(updated), state=State(state), severity=Severity(severity),
        districts=tuple(json.loads(districts)), drill=bool(drill), version=version, languages=tuple(json.loads(languages)), summary=summary,
    )  # fmt: skip


class Documents:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    # --- documents ---

    def get(self, id_: str) -> DocumentRow | None:
        row = self._db.execute(f"SELECT {_DOCUMENT} {_FROM} WHERE d.id = ?", (id_,)).fetchone()
        return None if row is None else _document(row)

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

    def add(self, row: DocumentRow) -> None:
        self._db.execute(
            "INSERT INTO documents (id, key, path, category, state, slug) VALUES (?,?,?,?,?,?)",
            (row.id, row.key, row.path, row.category, row.state, row.slug),
        )

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

    def set_card(self, card: Card, place: str, listed: bool, due: datetime | None) -> None:
        """Keep the card, and count the document in the archive where it now belongs."""
        old = self._db.execute("SELECT category, place, listed FROM documents WHERE id = ?", (card.id,)).fetchone()
        self._db.execute(
            "UPDATE documents SET kind=?, address=?, category=?, state=?, listed=?, title=?, summary=?, date=?, updated=?, severity=?, "
            "districts=?, drill=?, version=?, languages=?, place=?, due=? WHERE id=?",
            (
                card.kind, card.path, card.category.path, card.state, listed, card.title, card.summary, card.date.isoformat(),
                card.updated.isoformat(), card.severity, json.dumps(card.districts, ensure_ascii=False), card.drill, card.version,
                json.dumps(card.languages), place, _text(due), card.id,
            ),
        )  # fmt: skip
        was = (old[0], old[1]) if old[2] else None
        now = (card.category.path, place) if listed else None
        if was != now:
            self._count(was, -1)
            self._count(now, +1)

    def remember_category(self, id_: str) -> tuple[str, str, bool]:
        """(category, place, listed) as they stand, for telling which lists a change touches."""
        category, place, listed = self._db.execute("SELECT category, place, listed FROM documents WHERE id = ?", (id_,)).fetchone()
        return category, place, bool(listed)

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
        rows = self._db.execute(
            "SELECT language, number, moment, sha256, path, publish, expires, gone, rows, as_of FROM versions WHERE document = ? ORDER BY language, number",
            (id_,),
        )
        return [
            VersionRow(language, number, datetime.fromisoformat(moment), sha256, path, _moment(publish), _moment(expires), bool(gone), count, _moment(as_of))
            for language, number, moment, sha256, path, publish, expires, gone, count, as_of in rows
        ]

    def add_version(self, id_: str, version: VersionRow) -> None:
        self._db.execute(
            "INSERT INTO versions (document, language, number, moment, sha256, path, publish, expires, gone, rows, as_of) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            (
                id_, version.language, version.number, version.moment.isoformat(), version.sha256, version.path, _text(version.publish),
                _text(version.expires), version.gone, version.rows, _text(version.as_of),
            ),
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

    def _count(self, where: tuple[str, str] | None, step: int) -> None:
        if where is None or not where[1]:
            return
        category, place = where
        rows = [(scope, len(prefix), prefix, step) for scope in ("", "c:" + category) for prefix in steps(place)]
        self._db.executemany("INSERT INTO places VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count", rows)
        if step < 0:
            self._db.executemany("DELETE FROM places WHERE scope = ? AND length = ? AND prefix = ? AND count = 0", [row[:3] for row in rows])

    def place_count(self, scope: str, prefix: str) -> int:
        row = self._db.execute("SELECT count FROM places WHERE scope = ? AND length = ? AND prefix = ?", (scope, len(prefix), prefix)).fetchone()
        return 0 if row is None else row[0]

    def places_below(self, scope: str, prefix: str, length: int) -> list[tuple[str, int]]:
        """The steps of the archive right below this one, in order of time: (prefix, count)."""
        return self._db.execute(
            "SELECT prefix, count FROM places WHERE scope = ? AND length = ? AND prefix > ? AND prefix < ? ORDER BY prefix",
            (scope, length, prefix, prefix + "~"),
        ).fetchall()

    def months(self, scope: str) -> list[str]:
        rows = self._db.execute("SELECT prefix FROM places WHERE scope = ? AND length = 7 ORDER BY prefix DESC", (scope,))
        return [prefix for (prefix,) in rows]

    def in_place(self, scope: str, prefix: str) -> tuple[Card, ...]:
        """The documents at this step of the archive, the oldest first."""
        if scope:
            return self._cards(
                "d.category = ? AND d.place >= ? AND d.place < ? ORDER BY d.place, d.id", (scope[2:], prefix, prefix + "~")
            )
        return self._cards("d.place >= ? AND d.place < ? ORDER BY d.place, d.id", (prefix, prefix + "~"))


STEPS = (7, 10, 12, 14, 16, 17, 18, 19, 20, 21, 22)
"""Lengths of the steps of a place ``2011-03/11144600482913``: month, day, hour, minute, second, six digits of the document's id."""


def steps(place: str) -> list[str]:
    return [place[:length] for length in STEPS]
