"""A public roll as PFIF 1.4 (People Finder Interchange Format): what the pages show of people, and nothing else, for those who look
for them elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b

from publisher.model import PublicTable
from publisher.patterns import pattern
from publisher.readers.pfif import COLUMNS, NOTE_COLUMNS, SEXES, STATUSES
from publisher.readers.pfif_records import NOTE, PERSON, Person, moment, stamp, write
from publisher.review.address import split
from publisher.values import frozen

Cells = Sequence[str]

_KNOWN: Mapping[str, tuple[str, ...]] = {
    "full_name": ("氏名", "名前", "お名前", "姓名", "被災者氏名", "避難者氏名"),
    "family_name": ("姓", "氏", "氏名(姓)", "氏名（姓）"),
    "given_name": ("名", "氏名(名)", "氏名（名）"),
    "alternate_names": ("フリガナ", "ふりがな", "カナ", "かな", "氏名カナ", "氏名フリガナ", "よみ", "よみがな", "別名"),
    "sex": ("性別", "男女の別"),
    "age": ("年齢", "年代"),
    "home_state": ("都道府県",),
    "home_city": ("市区町村", "市町村"),
    "home_neighborhood": ("町名", "地区", "町"),
    "address": ("住所", "現住所", "居住地"),
    "home_country": ("国籍", "国籍・国"),
    "description": ("説明", "備考"),
    "last_known_location": ("避難所", "避難所名", "避難先", "避難場所", "現在の居所"),
    "status": ("安否", "安否の情報"),
}  # fmt: skip
_NAMES = {
    unicodedata.normalize("NFKC", name): field
    for field, names in (
        *_KNOWN.items(),
        *((field, (field, column)) for field, column in COLUMNS.items()),
        *((field, (field, column)) for field, column in NOTE_COLUMNS.items() if field in {"status", "last_known_location", "text"}),
    )
    for name in names
}
_STATUS = {"evacuees": "believed_alive", "missing": "believed_missing", "deceased": "believed_dead"}
_PREFECTURE = pattern(r"^(?:東京都|北海道|(?:大阪|京都)府|..県|(?:神奈川|和歌山|鹿児島)県)")
_BACK = {word: code for words in (SEXES, STATUSES) for code, word in words.items()} | {"男性": "male", "女性": "female"}
OLDEST = 120


@frozen
class Origin:
    """Who vouches for the records: the host name that identifies them, the publisher, the site's title, the table's address."""

    host: str
    author: str
    source: str
    url: str


def offers(table: PublicTable) -> bool:
    return table.personal and table.pfif is not None and bool(table.rows)


def mapping(table: PublicTable) -> dict[int, str]:
    """Column → PFIF field: as the profile says, else as the headers say; a field is filled by one column only."""
    asked = {_plain(column): field for field, column in (table.pfif or {}).items()}
    found: dict[int, str] = {}
    for known in (asked, _NAMES):
        for place, column in enumerate(table.columns):
            field = known.get(_plain(column))
            if place == table.reading and field is None and known is _NAMES:
                field = "alternate_names"
            if field is not None and place not in found and field not in found.values():
                found[place] = field
    if table.group is not None and table.group not in found and "last_known_location" not in found.values():
        found[table.group] = "last_known_location"
    return found


def document(table: PublicTable, as_of: datetime, origin: Origin) -> bytes:
    """The roll as it stood at ``as_of``. Personal: it goes out with the same care as its pages."""
    return write(_persons(table, as_of, origin))


def _persons(table: PublicTable, as_of: datetime, origin: Origin) -> Iterator[Person]:
    fields = mapping(table)
    said = stamp(as_of)
    ends = stamp(as_of + table.lasts) if table.lasts is not None else ""
    moving = {place for place, field in fields.items() if field in {"last_known_location", "status", "text"}}
    number: dict[str, int] = {}
    for row in table.rows:
        lasting = "\x1f".join(cell for place, cell in enumerate(row) if place not in moving)
        digest = blake2b(f"{table.slug}\x1f{lasting}".encode("utf-8", "replace"), digest_size=10).hexdigest()
        number[digest] = count = number.get(digest, 0) + 1
        identifier = f"{origin.host}/{table.slug}.{digest}" + (f".{count}" if count > 1 else "")
        person, note = _record(row, table.columns, fields)
        own = moment(person.get("expiry_date", ""))
        ends_here = min(filter(None, (ends, stamp(own) if own is not None else "")), default="")
        person |= {
            "person_record_id": identifier,
            "entry_date": said,
            "expiry_date": ends_here,
            "author_name": origin.author,
            "source_name": origin.source,
            "source_date": said,
            "source_url": origin.url,
        }
        note = {"status": _STATUS.get(table.kind.value, ""), **note}
        place = note.get("last_known_location", "")
        note |= {
            "note_record_id": f"{identifier}.note",
            "person_record_id": identifier,
            "entry_date": said,
            "author_name": origin.author,
            "source_date": said,
            "text": note.get("text") or (f"避難先: {place}" if place else "名簿に掲載"),
        }
        yield Person(
            {name: value for name, value in person.items() if value and name in PERSON},
            ({name: value for name, value in note.items() if value and name in NOTE},),
        )


def _record(row: Cells, columns: Sequence[str], fields: Mapping[int, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What a row says of the person, and of where they are; a column without a field becomes a line of the description."""
    person: dict[str, str] = {}
    note: dict[str, str] = {}
    more: list[str] = []
    for place, cell in enumerate(row):
        cell, field = cell.strip(), fields.get(place)
        if not cell:
            continue
        if field is None:
            more.append(f"{' '.join(columns[place].split())}: {cell}")
        elif field == "address":
            person |= {name: part for name, part in _address(cell).items() if name not in person}
        elif field in {"last_known_location", "text", "status"}:
            note[field] = _BACK.get(cell, cell)
        else:
            person[field] = _VALUES.get(field, str)(cell)
    if more:
        person["description"] = "\n".join(filter(None, (person.get("description", ""), *more)))
    if "full_name" not in person:
        whole = " ".join(filter(None, (person.get("family_name", ""), person.get("given_name", ""))))
        if whole:
            person["full_name"] = whole
    return person, note


@lru_cache(maxsize=4096)
def _address(cell: str) -> dict[str, str]:
    """An address taken apart as far as it is sure; what is left is the neighbourhood."""
    municipality, _ = split(cell)
    text = unicodedata.normalize("NFKC", cell)
    rest = text.partition(municipality)[2].strip() if municipality else text
    state = match[0] if (match := _PREFECTURE.match(municipality)) else ""
    parts = {"home_state": state, "home_city": municipality.removeprefix(state), "home_neighborhood": rest}
    return {name: part for name, part in parts.items() if part}


@lru_cache(maxsize=512)
def _age(cell: str) -> str:
    """A number, or a range of two (PFIF 1.4, 4.1): 60代 → 60-69, 90歳以上 → 90-120."""
    text = unicodedata.normalize("NFKC", cell)
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    if len(numbers) == 2 and numbers[0] < numbers[1]:
        return f"{numbers[0]}-{numbers[1]}"
    if len(numbers) != 1:
        return ""
    (age,) = numbers
    if "以上" in text:
        return f"{age}-{OLDEST}"
    if "未満" in text:
        return f"0-{max(0, age - 1)}"
    return f"{age}-{age + 9}" if "代" in text else f"{age}"


_VALUES: Mapping[str, Callable[[str], str]] = {"age": _age, "sex": lambda cell: _BACK.get(cell, "")}


def _plain(column: str) -> str:
    return "".join(unicodedata.normalize("NFKC", column).split())
