"""PFIF documents (People Finder Interchange Format 1.4) as records and back: no entities, no DTD, within bounds."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from xml.sax.saxutils import escape

from publisher.patterns import pattern
from publisher.values import field, frozen

NAMESPACE = "http://zesty.ca/pfif/1.4"

PERSON = (
    "person_record_id", "entry_date", "expiry_date", "author_name", "author_email", "author_phone", "source_name", "source_date", "source_url",
    "full_name", "given_name", "family_name", "alternate_names", "description", "sex", "date_of_birth", "age", "home_street",
    "home_neighborhood", "home_city", "home_state", "home_postal_code", "home_country", "photo_url", "profile_urls",
)  # fmt: skip
"""Fields of a person in the order of PFIF 1.4, 4.1."""
NOTE = (
    "note_record_id", "person_record_id", "linked_person_record_id", "entry_date", "author_name", "author_email", "author_phone", "source_date",
    "author_made_contact", "status", "email_of_found_person", "phone_of_found_person", "last_known_location", "text", "photo_url",
)  # fmt: skip
"""Fields of a note in the order of PFIF 1.4, 4.2."""
PLACEHOLDER = ("person_record_id", "source_date", "entry_date", "expiry_date")
"""What is left of a record that has expired (PFIF 1.4, 3.3)."""
MANDATORY = {"person": ("person_record_id", "source_date", "full_name"), "note": ("note_record_id", "author_name", "source_date", "text")}

# Names of fields in PFIF 1.1 to 1.3.
_BEFORE = {"first_name": "given_name", "last_name": "family_name", "home_zip": "home_postal_code", "other": "description", "found": "author_made_contact"}
_RECORDS = tuple(f"{{http://zesty.ca/pfif/1.{v}{s}}}{n}" for v in range(1, 5) for s in ("", "/") for n in ("person", "note"))
_REPEATED = {
    "entry_date", "expiry_date", "author_name", "source_name", "source_date", "source_url", "sex", "age", "home_city", "home_state", "home_neighborhood",
    "home_country", "status", "last_known_location", "text",
}  # fmt: skip
_TAG = pattern(r"\{http://zesty\.ca/pfif/1\.[1-4]/?\}([a-z_]+)")
_ILLEGAL = pattern("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MOMENT = pattern(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")

MOST_BYTES = 200_000_000
MOST_PERSONS = 2_000_000
MOST_CHARACTERS = 100_000
"""Of one field."""


class NotPfif(ValueError):
    """XML of another kind, broken XML, or XML that tries something. ``code``: other, broken, dtd, large."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@frozen
class Person:
    """A person record with its notes; ``fields`` holds filled ones only."""

    fields: Mapping[str, str]
    notes: tuple[Mapping[str, str], ...] = field(default=())

    @property
    def ends(self) -> datetime | None:
        return moment(self.fields.get("expiry_date", ""))


def moment(text: str) -> datetime | None:
    """A moment as PFIF writes it: yyyy-mm-ddThh:mm:ssZ."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    try:
        found = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    zone = match[7]
    if zone != "Z":
        away = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        found = found - away if zone[0] == "+" else found + away
    return found


def stamp(when: datetime) -> str:
    """The same the other way round, in UTC to the second."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def wiped(person: Person) -> Person:
    """A placeholder: the identifier and the dates, nothing of the person and no notes (PFIF 1.4, 3.3)."""
    return Person({name: value for name, value in person.fields.items() if name in PLACEHOLDER})


def expire(persons: Iterable[Person], now: datetime) -> Iterator[Person]:
    """Records whose expiry has come, wiped; the others as they are."""
    for person in persons:
        yield wiped(person) if person.ends is not None and person.ends <= now else person


# --- reading --------------------------------------------------------------------------------------------------


def parse(data: bytes) -> list[Person]:
    """The persons of a document of PFIF 1.1 to 1.4, with the notes in them and beside them. Raises ``NotPfif``."""
    from lxml import etree

    if len(data) > MOST_BYTES:
        raise NotPfif("large")
    context = etree.iterparse(
        io.BytesIO(data),
        events=("end",),
        tag=_RECORDS,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        return _persons(context)
    except etree.XMLSyntaxError as error:
        raise NotPfif("broken") from error


def _persons(context: object) -> list[Person]:
    persons: dict[str, tuple[dict[str, str], list[dict[str, str]]]] = {}
    beside: list[dict[str, str]] = []
    known: dict[str, str] = {}
    looked = False
    for _, element in context:  # type: ignore[attr-defined]
        if not looked:
            _look(element.getroottree())
            looked = True
        if _local(element) == "person":
            record = _record(element, PERSON, known)
            if len(persons) >= MOST_PERSONS:
                raise NotPfif("large")
            key = record.get("person_record_id") or f"\0{len(persons)}"
            persons[key] = record, [_record(note, NOTE, known) for note in element if _local(note) == "note"]
            _forget(element)
        elif element.getparent() is None or _local(element.getparent()) != "person":
            beside.append(_record(element, NOTE, known))
            _forget(element)
    if not looked:
        _look(context.root.getroottree())  # type: ignore[attr-defined]
    for note in beside:
        found = persons.get(note.get("person_record_id", ""))
        if found is not None:
            found[1].append(note)
    return [Person(_named(record), tuple(notes)) for record, notes in persons.values()]


def _look(tree: object) -> None:
    """Refuse what is no PFIF, and every document type: no entity has been expanded before."""
    if tree.docinfo.doctype:  # type: ignore[attr-defined]
        raise NotPfif("dtd")
    if _local(tree.getroot()) not in {"pfif", "person", "note"}:  # type: ignore[attr-defined]
        raise NotPfif("other")


def _local(element: object) -> str:
    """The name of an element of PFIF's, "" of anything else."""
    tag = element.tag  # type: ignore[attr-defined]
    return _named_tag(tag) if isinstance(tag, str) else ""


@lru_cache(maxsize=1024)
def _named_tag(tag: str) -> str:
    match = _TAG.fullmatch(tag)
    return match[1] if match else ""


def _record(element: object, fields: Sequence[str], known: dict[str, str]) -> dict[str, str]:
    """The filled fields. Values that come again (``known``) are kept once: most of a roll's do."""
    found = {}
    for child in element:  # type: ignore[attr-defined]
        name = _local(child)
        name = _BEFORE.get(name, name)
        if name not in fields:
            continue
        if len(child):
            raise NotPfif("broken")  # an entity, or markup where words belong
        value = (child.text or "").strip()
        if len(value) > MOST_CHARACTERS:
            raise NotPfif("large")
        if value:
            found[name] = known.setdefault(value, value) if name in _REPEATED else value
    return found


def _forget(element: object) -> None:
    """Free what was read: the memory of a document of a million people is not the document's."""
    element.clear()  # type: ignore[attr-defined]
    parent = element.getparent()  # type: ignore[attr-defined]
    while parent is not None and element.getprevious() is not None:  # type: ignore[attr-defined]
        del parent[0]


def _named(record: dict[str, str]) -> dict[str, str]:
    """PFIF 1.1 and 1.2 have no full name: it is made of the two parts, in the order of the script."""
    if "full_name" not in record:
        given, family = record.get("given_name", ""), record.get("family_name", "")
        parts = (given, family) if (given + family).isascii() else (family, given)
        whole = " ".join(filter(None, parts))
        if whole:
            record["full_name"] = whole
    return record


# --- writing --------------------------------------------------------------------------------------------------


def write(persons: Iterable[Person]) -> bytes:
    """A PFIF 1.4 document. Fields that PFIF wants stand there even when they are empty, others only when filled."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<pfif:pfif xmlns:pfif="{NAMESPACE}">']
    for person in persons:
        lines.append("<pfif:person>")
        expired = all(name in PLACEHOLDER for name in person.fields)
        lines += _lines(person.fields, PERSON, () if expired else MANDATORY["person"])
        for note in person.notes:
            lines.append("<pfif:note>")
            lines += _lines(note, NOTE, MANDATORY["note"])
            lines.append("</pfif:note>")
        lines.append("</pfif:person>")
    lines.append("</pfif:pfif>\n")
    return "\n".join(lines).encode()


def _lines(record: Mapping[str, str], order: Sequence[str], wanted: Sequence[str]) -> Iterator[str]:
    for name in order:
        value = record.get(name, "")
        if value or name in wanted:
            yield f"<pfif:{name}>{_words(value)}</pfif:{name}>"


@lru_cache(maxsize=4096)
def _words(value: str) -> str:
    """Text of an element: what XML forbids left out, a carriage return kept as a reference (XML 1.0, 2.11)."""
    return escape(_ILLEGAL.sub("", value), {"\r": "&#13;"})
