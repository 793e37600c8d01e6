"""The numbers of one edition of a table, and digests of its rows for comparing it with the next."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from operator import itemgetter

from publisher.editions.tables.columns import Layout, Role, form, layout
from publisher.editions.tables.known import WIDTH, Known
from publisher.model import EditionTally, PublicTable, PublicWorkbook, TableKind
from publisher.patterns import pattern

_PERSON = frozenset((Role.NAME, Role.KANA, Role.ADDRESS, Role.DISTRICT))
_PLACE = frozenset((Role.NAME, Role.ADDRESS, Role.DISTRICT))
_PERSON_HEADER = pattern(r"年齢|年代|性別")
_PEOPLE_HEADER = pattern(r"避難者|避難人数|避難人員|入所|^人数|^現在人数")
_NUMBER = pattern(r"約?([0-9]{1,7})(?:人|名)?(?:程度|くらい|ほど)?")


def tally(content: PublicWorkbook, known: Known | None = None) -> tuple[tuple[EditionTally, bytes], ...]:
    """The numbers of each table of a document, with the digests of its rows (``unpack``). ``known``: rows of an only table that a former one had.

    ``as_of`` is set only where the document names a moment; version and difference are for the caller to fill in.
    """
    latest = max((table.as_of for table in content.tables if table.as_of is not None), default=None)
    return tuple(_tally(table, table.as_of or latest or content.head.date, known) for table in content.tables)


def _tally(table: PublicTable, as_of: object, known: Known | None) -> tuple[EditionTally, bytes]:
    how = layout(table)
    people = _people(table, how)
    names: dict[str, int] = {}
    places: Iterable[int] = ()
    groups: tuple[tuple[str, int], ...] = ()
    group_name = ""
    if people is not None and how.lead is not None:
        groups, group_name = people, table.columns[how.lead]
    elif table.group is not None:
        cells = [row[table.group] for row in table.rows]
        said = {cell: _plain(cell) for cell in dict.fromkeys(cells)}
        for name in sorted(said.values()) if table.personal else said.values():  # people stand in no order that says anything
            names.setdefault(name, len(names))
        where = {cell: names[name] for cell, name in said.items()}
        places = array("I", [where[cell] for cell in cells])
        counts = [0] * len(names)
        for place in places:
            counts[place] += 1
        groups, group_name = tuple(zip(names, counts, strict=True)), table.columns[table.group]
    found = EditionTally(
        slug=table.slug, title=table.title, kind=table.kind, personal=table.personal, total=table.total, shown=len(table.rows),
        withheld=max(table.withheld, table.total - len(table.rows)), groups=groups, group_name=_plain(group_name),
        people=people is not None and bool(groups), as_of=as_of,
    )  # fmt: skip
    return found, _pack(_identities(table, how, known), places)


def mark(found: EditionTally, rows: bytes) -> str:
    """Another one whenever a difference from or to this edition may be another."""
    said = blake2b(rows, digest_size=12)
    said.update(repr((found.groups, found.people)).encode("utf-8", "replace"))
    return said.hexdigest()


def _plain(text: str) -> str:
    return " ".join(text.split())


# --- people that a column counts ------------------------------------------------------------------------------------------


def _people(table: PublicTable, how: Layout) -> tuple[tuple[str, int], ...] | None:
    """(place, people there) where a list of places says how many people are there; None where it does not."""
    if table.personal or how.lead is None or table.kind not in (TableKind.SHELTERS, TableKind.OPEN):
        return None
    column = _people_column(table, how)
    if column is None:
        return None
    found: dict[str, int] = {}
    read = 0
    for row in table.rows:
        count = number(row[column])
        if count is not None:
            read += 1
            name = _plain(row[how.lead])
            found[name] = found.get(name, 0) + count
    filled = sum(1 for row in table.rows if row[column].strip())
    return tuple(found.items()) if read and read * 2 >= filled else None


def _people_column(table: PublicTable, how: Layout) -> int | None:
    headers = [unicodedata.normalize("NFKC", column).replace(" ", "") for column in table.columns]
    fit = [
        i
        for i, header in enumerate(headers)
        if how.roles[i] in (Role.PEOPLE, Role.PLAIN) and _PEOPLE_HEADER.search(header) and not re.search(r"世帯|収容|定員|可能", header)
    ]
    return next((i for i in fit if re.search(r"計|総", headers[i])), fit[0] if fit else None)


def number(cell: str) -> int | None:
    """A count of people as offices write it: 1,234, １２０人, 約50名. None: it is none."""
    plain = unicodedata.normalize("NFKC", cell).replace(",", "").replace(" ", "")
    match = _NUMBER.fullmatch(plain)
    return int(match[1]) if match else None


# --- who is who -----------------------------------------------------------------------------------------------------------


def _identities(table: PublicTable, how: Layout, known: Known | None) -> bytes:
    """A digest by row: of the key column where the review gave one, else of what tells people or places apart."""
    given = table.identities
    if given and all(given):
        return b"".join(given)
    if known is not None and not given and known.made.form == form(table, how):
        return known.digests(known.made.identities, lambda rows: b"".join(_told(table.slug, table, how, rows)))
    made = _told(table.slug, table, how, range(len(table.rows)))
    return b"".join([own or other for own, other in zip(given, made, strict=True)] if given else made)


def _told(slug: str, table: PublicTable, how: Layout, rows: Sequence[int]) -> list[bytes]:
    salt = slug.encode()[:16]
    texts = _narrowed([_SEPARATOR.join(cells) for cells in _cells(table, how, rows)])
    return [blake2b(text.encode("utf-8", "replace"), digest_size=WIDTH, person=salt).digest() for text in texts]


_SEPARATOR, _BETWEEN = "\x1f", "\x1e"


def _cells(table: PublicTable, how: Layout, wanted: Sequence[int]) -> Iterable[Sequence[str]]:
    columns = _telling(table, how)
    rows = table.rows if len(wanted) == len(table.rows) else [table.rows[i] for i in wanted]
    if len(columns) == 1:
        return [(row[columns[0]],) for row in rows]
    return map(itemgetter(*columns), rows) if columns else [()] * len(rows)


def _telling(table: PublicTable, how: Layout) -> list[int]:
    """Columns that stay the same while a person moves or a place changes its state."""
    roles = _PERSON if table.personal else _PLACE
    named = how.name is not None or how.kana is not None
    wanted = [
        i
        for i, role in enumerate(how.roles)
        if i != table.group and (role in roles or i in (how.name, how.kana) or (table.personal and _PERSON_HEADER.search(table.columns[i])))
    ]
    if named and wanted:
        return wanted
    changing = {Role.PEOPLE, Role.STATUS, Role.GROUP}
    return [i for i, role in enumerate(how.roles) if i != table.group and role not in changing]


def _narrowed(texts: Sequence[str]) -> Sequence[str]:
    """Without differences of width and spaces. Most texts need nothing; asking costs a tenth of doing it."""
    parts = _BETWEEN.join(texts).replace("\u3000", "").replace(" ", "").split(_BETWEEN)
    if len(parts) != len(texts):
        parts = [text.replace("\u3000", "").replace(" ", "") for text in texts]
    plain, normal = unicodedata.normalize, unicodedata.is_normalized
    if normal("NFKC", "".join(parts)):
        return parts
    return [text if normal("NFKC", text) else plain("NFKC", text).replace(" ", "") for text in parts]


# --- packed ---------------------------------------------------------------------------------------------------------------


def _pack(identities: bytes, places: Iterable[int]) -> bytes:
    groups = array("I", places) or array("I", bytes(4 * (len(identities) // WIDTH)))
    return identities + groups.tobytes()


def unpack(rows: bytes) -> tuple[array[int], array[int]]:
    """(digests, places of the groups) by row."""
    count = len(rows) // (WIDTH + 4)
    identities, groups = array("Q"), array("I")
    identities.frombytes(rows[: WIDTH * count])
    groups.frombytes(rows[WIDTH * count :])
    return identities, groups
