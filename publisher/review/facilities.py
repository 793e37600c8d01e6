"""Lists of shelters, clinics and roads in a standard layout: their telephone numbers and contacts are official ones.

The layout alone does not let a table out: the columns that belong to no standard, and the names of the places, are judged as those of
any table; and one column that only lists of people have (a birthday, a reading of nobody's building) is enough to judge all of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from publisher.layouts import Found, Kind, recognise
from publisher.layouts.fields import field_of, narrow
from publisher.review.headers import Meaning, meaning
from publisher.review.leaks import ill_by_name, mobile_beside_name
from publisher.review.privacy import Looks, look
from publisher.values import replace

_OFFICIAL = (
    "kana", "phone", "extension", "fax", "email", "contact", "form", "url", "address", "building", "position", "code", "latitude",
    "longitude", "location", "city", "town", "district",
)  # fmt: skip
_OF_PEOPLE = frozenset(
    (
        Meaning.NAME,
        Meaning.READING,
        Meaning.BIRTH,
        Meaning.AGE,
        Meaning.SEX,
        Meaning.MY_NUMBER,
        Meaning.HEALTH,
        Meaning.NATIONALITY,
        Meaning.HOUSEHOLD,
        Meaning.RECORD,
    )
)
_PROOFS = {
    Kind.SHELTERS: ("refuge", "emergency", "capacity", "congestion", "state", "opened"),
    Kind.CLINICS: ("departments", "beds"),
    Kind.AED: ("pediatric",),
    Kind.WATER: ("volume",),
    Kind.ROADS: ("road",),
    Kind.OUTAGES: ("dry", "dry_most"),
    Kind.ORDERS: ("order", "step"),
}
"""Fields of which lists of places have one at least and lists of people none."""
_BARE_READING = frozenset("フリガナ ふりがな カナ かな よみがな よみ 読み".split())  # noqa: SIM905


def looks(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Looks:
    """What `look` says of the table, after the official contacts of places are set aside."""
    seen = look(columns, rows)
    found = recognise(columns) if seen.personal else None
    if found is None or not _of_places(found, columns):
        return seen
    official = {found.fields[field] for field in _OFFICIAL if field in found.fields}
    official |= {c for c, column in enumerate(columns) if field_of(column) == "code"}
    rest = [c for c in range(len(columns)) if c not in official and c not in found.hazards]
    again = look([columns[c] for c in rest], [[row[c] for c in rest] for row in rows])
    if again.personal or any(mobile_beside_name(row[c]) or ill_by_name(row[c]) for c in official for row in rows):
        return seen
    return replace(seen, columns=(), reasons=())


def _of_places(found: Found, columns: Sequence[str]) -> bool:
    """Whether the layout is proved, and nothing in it is a matter of people."""
    kana = found.fields.get("kana")
    if kana is not None and narrow(columns[kana]) in _BARE_READING:
        return False
    proved = len(found.hazards) > 1 or found.any(*_PROOFS.get(found.kind, ()))
    return proved and not any(meaning(column) in _OF_PEOPLE for c, column in enumerate(columns) if c != kana)
