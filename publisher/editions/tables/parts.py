"""Columns of pages made of the fields of a standard layout, and those that any place has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from publisher.editions.tables.columns import Role
from publisher.layouts import Found, marks
from publisher.model import PublicTable
from publisher.patterns import pattern
from publisher.review.address import split
from publisher.values import frozen, replace

Cells = Sequence[str]
_PREFECTURE = pattern(r"^(?:東京都|北海道|(?:大阪|京都)府|..県|(?:神奈川|和歌山|鹿児島)県)")
_MOMENT = pattern(
    r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})(?:[T ]([0-9]{1,2}):([0-9]{2})(?::[0-9]{2}(?:\.[0-9]+)?)?(?:\+09:?00)?)?"
)
_BEFORE_NUMBERS = pattern(r"[^0-9(（「・、,;]*")
_NAMED_HERE = {"name": "名称", "note": "備考", "residents": "対象の町会・自治会", "type": "種別", "confirmed": "更新", "road": "道路", "length": "延長"}
"""Titles of columns that have an English one in the file."""

@frozen
class Part:
    """One column of the pages. ``weight`` ranks those that may stand unfolded on the web, the least first; 0: never."""

    title: str
    role: Role
    make: Callable[[Cells], str]
    weight: int = 0
    listed: bool = True
    silent: bool = False


Maker = Callable[[Found, PublicTable], Part | None]


def field(
    name: str,
    title: str = "",
    role: Role = Role.PLAIN,
    *,
    weight: int = 0,
    listed: bool = True,
    words: tuple[str, str] | None = None,
) -> Maker:
    """The cells of one field; ``words`` for ○ and ×. Without a title the column keeps its own."""

    def make(found: Found, table: PublicTable) -> Part | None:
        place = found.fields.get(name)
        if place is None:
            return None
        own = " ".join(table.columns[place].split())
        heading = title or (_NAMED_HERE.get(name, own) if own.isascii() else own)
        if words is None:
            return Part(heading, role, lambda row: row[place].strip(), weight, listed)
        return Part(heading, role, lambda row: marks.worded(row[place], *words).strip(), weight, listed)

    return make


def several(
    title: str,
    names: tuple[str, ...],
    join: Callable[[Mapping[str, str]], str],
    role: Role = Role.PLAIN,
    *,
    weight: int = 0,
    listed: bool = True,
) -> Maker:
    """A column made of several fields, of those that the table has."""

    def make(found: Found, table: PublicTable) -> Part | None:
        places = {name: found.fields[name] for name in names if name in found.fields}
        if not places:
            return None

        def cell(row: Cells) -> str:
            return join({name: row[place].strip() for name, place in places.items()})

        return Part(title, role, cell, weight, listed)

    return make


def dated(cell: str) -> str:
    """2026-11-20T15:00:00 as people say it: 2026年11月20日 15:00; anything else stays."""
    match = _MOMENT.fullmatch(cell.strip())
    if match is None:
        return cell.strip()
    year, month, day, hour, minute = match.groups()
    date = f"{int(year)}年{int(month)}月{int(day)}日"
    return f"{date} {int(hour)}:{minute}" if hour and (hour, minute) != ("00", "00") else date


def moment(name: str, title: str = "", **more: bool | int) -> Maker:
    """A field that holds a moment."""
    plain = field(name, title, **more)

    def make(found: Found, table: PublicTable) -> Part | None:
        part = plain(found, table)
        return None if part is None else replace(part, make=lambda row: dated(part.make(row)))

    return make


def counted(cell: str, unit: str) -> str:
    """A number with its unit; words stay as they are."""
    text = cell.strip()
    return f"{text}{unit}" if re.fullmatch(r"[0-9０-９,，]+", text) else "" if marks.nothing(text) else text


def confirmed(found: Found, table: PublicTable) -> Part | None:
    """When each row was last looked at, unless it is the same moment for all: then it is the table's own."""
    place = found.fields.get("confirmed")
    if place is None or (table.as_of is not None and len({row[place] for row in table.rows}) < 2):
        return None
    return Part("確認した時間", Role.PLAIN, lambda row: dated(row[place]))


# --- what any place has -------------------------------------------------------------------------------------


def _varies(place: int, table: PublicTable) -> bool:
    values = {row[place] for row in table.rows}
    return len(values - {""}) > 1


def city(found: Found, table: PublicTable) -> Part | None:
    """The municipality where a list is of several; a town's own name on each line says nothing."""
    place = found.fields.get("city")
    if place is None or not _varies(place, table):
        return None
    return Part("市町村", Role.CITY, lambda row: row[place].strip(), listed=False)


def district(found: Found, table: PublicTable) -> Part | None:
    """The district that the table names, else the town in the address: to sort and to look up by."""
    for name in ("district", "town"):
        place = found.fields.get(name)
        if place is not None and (name == "district" or _varies(place, table)):
            title = "町" if name == "town" else " ".join(table.columns[place].split())
            said = name == "district"
            return Part(title, Role.DISTRICT, _cell(place), listed=said, silent=not said)
    address = found.fields.get("address")
    if address is None:
        return None
    towns = _towns({row[address] for row in table.rows})
    return Part("町", Role.DISTRICT, lambda row: towns[row[address]], listed=False, silent=True)


def _towns(addresses: set[str]) -> dict[str, str]:
    """The town of each address; the municipality stays in front only where there are several."""
    parts = {address: _split(address) for address in addresses}
    cities = {_PREFECTURE.sub("", municipality) for municipality, _ in parts.values() if municipality}
    if len(cities) > 1:
        return {address: _PREFECTURE.sub("", municipality) + town for address, (municipality, town) in parts.items()}
    return {address: town for address, (_, town) in parts.items()}


def _split(address: str) -> tuple[str, str]:
    """Of a place the town may be what stands before the first number: it is nobody's home."""
    municipality, town = split(address)
    if town or not municipality:
        return municipality, town
    rest = unicodedata.normalize("NFKC", address).partition(municipality)[2].strip()
    return municipality, _BEFORE_NUMBERS.match(rest)[0].strip()[:12]


def _cell(place: int) -> Callable[[Cells], str]:
    return lambda row: row[place].strip()


def _address(of: Mapping[str, str]) -> str:
    address, building = of.get("address", ""), of.get("building", "")
    return f"{address} {building}" if building and building not in address else address


def _phone(of: Mapping[str, str]) -> str:
    number, inside = of.get("phone", ""), of.get("extension", "")
    return f"{number}（内線{inside}）" if number and inside else number




def coordinate(name: str, index: int) -> Maker:
    def make(found: Found, table: PublicTable) -> Part | None:
        place, both = found.fields.get(name), found.fields.get("location")
        role = Role.LATITUDE if index == 0 else Role.LONGITUDE
        title = "緯度" if index == 0 else "経度"
        if place is not None:
            return Part(title, role, lambda row: row[place].strip(), listed=False, silent=True)
        if both is None:
            return None

        def half(row: Cells) -> str:
            pair = re.split(r"\s*[,，、]\s*", row[both].strip().strip("()（）"))
            return pair[index] if len(pair) == 2 else ""

        return Part(title, role, half, listed=False, silent=True)

    return make


NAMED: tuple[Maker, ...] = (
    field("name", role=Role.NAME),
    field("kana", "よみ", Role.KANA),
    city,
    district,
)
WHERE: tuple[Maker, ...] = (
    several("住所", ("address", "building"), _address, Role.ADDRESS, weight=2),
    several("電話番号", ("phone", "extension"), _phone, Role.PHONE),
)
ASK: tuple[Maker, ...] = (
    field("contact", "問い合わせ先"),
    field("email", "メール", listed=False),
    field("fax", "FAX", listed=False),
    field("note", listed=True),
    field("url", "ホームページ", Role.URL, listed=False),
    field("form", "問い合わせフォーム", Role.URL, listed=False),
    confirmed,
    coordinate("latitude", 0),
    coordinate("longitude", 1),
)



