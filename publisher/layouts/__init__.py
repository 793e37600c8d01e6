"""The standard layouts of open data, known by their headers: 自治体標準オープンデータセット, EEI and their kin. Pure.

A layout is recognised whatever the order of its columns, with columns added or left out, in old and new versions, with full-width
letters and trailing notes in the headers. What it is for: review trusts that the telephone of a clinic is not a person's, editions
show what residents need, and the standard CSV is written from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from publisher.layouts.fields import field_of, hazard_of, narrow
from publisher.patterns import pattern
from publisher.values import frozen

__all__ = ["Found", "Kind", "recognise"]


class Kind(StrEnum):
    SHELTERS = "shelters"
    ROADS = "roads"
    OUTAGES = "outages"
    ORDERS = "orders"
    CLINICS = "clinics"
    AED = "aed"
    WATER = "water"
    PLACES = "places"


@frozen
class Found:
    """A recognised table: the column of each field, and of each danger that a place protects from."""

    kind: Kind
    fields: Mapping[str, int]
    hazards: Mapping[int, str]
    rest: tuple[int, ...]
    """Columns that belong to no standard: they are shown under their own names."""

    def has(self, *fields: str) -> bool:
        """Whether all of these are there."""
        return all(field in self.fields for field in fields)

    def any(self, *fields: str) -> bool:
        return any(field in self.fields for field in fields)


_OF_PEOPLE = pattern(r"(?<!開設者)(?<!管理者)(?<!代表者)氏名|生年月日|^性別|性別$|続柄")
_NAMING = pattern(r"(?:施設|場所|拠点|所|園|館|店|病院|機関|井戸)_?(?:名|名称)$|置き?場$|ステーション$|給水所$")
_OF_CLINICS = pattern(r"病院|医療機関|診療所")


def recognise(columns: Sequence[str]) -> Found | None:
    """The layout that these headers belong to, or None: then nothing is assumed of the table."""
    fields: dict[str, int] = {}
    hazards: dict[int, str] = {}
    rest: list[int] = []
    for place, column in enumerate(columns):
        if _OF_PEOPLE.search(column):
            return None
        field = field_of(column)
        danger = hazard_of(column) if field is None else None
        if danger is not None:
            hazards[place] = danger
        elif field == "code":
            fields.setdefault(field, place)
        elif field is not None and field not in fields:
            fields[field] = place
        else:
            rest.append(place)
    if "name" not in fields:
        named = next((place for place in rest if _NAMING.search(narrow(columns[place]))), None)
        if named is not None:
            fields["name"] = named
            rest.remove(named)
    kind = _kind(fields, hazards, columns[fields["name"]] if "name" in fields else "")
    return None if kind is None else Found(kind, fields, hazards, tuple(rest))


def _kind(fields: Mapping[str, int], hazards: Mapping[int, str], name: str) -> Kind | None:
    """``name`` is the header of the column of names: 避難所名 says what the places are."""

    def has(*wanted: str) -> bool:
        return all(field in fields for field in wanted)

    def some(*wanted: str) -> bool:
        return any(field in fields for field in wanted)

    if has("road") and some("restriction", "start", "stretch", "cause", "state"):
        return Kind.ROADS
    if some("dry", "dry_most") and some("city", "district", "area", "name"):
        return Kind.OUTAGES
    if some("order", "step") and some("area", "city", "district"):
        return Kind.ORDERS
    if not has("name"):
        located = has("address") and (has("latitude", "longitude") or has("location"))
        return Kind.PLACES if located else None
    somewhere = some("address", "latitude", "location", "phone", "district")
    now = some("state", "opened", "congestion")
    if ("避難" in name and (somewhere or now)) or (has("people") and now):
        return Kind.SHELTERS
    if somewhere and (
        len(hazards) > 1
        or some("refuge", "emergency", "congestion")
        or (some("people", "households") and not has("departments"))
        or (some("state", "opened") and some("capacity"))
    ):
        return Kind.SHELTERS
    if some("departments", "beds"):
        return Kind.CLINICS
    if has("pediatric"):
        return Kind.AED
    if (has("volume") and somewhere) or ("給水" in name and (somewhere or some("hours"))):
        return Kind.WATER
    if somewhere and _OF_CLINICS.search(name):
        return Kind.CLINICS
    if has("address") and (some("phone", "kana", "location") or has("latitude", "longitude")):
        return Kind.PLACES
    return None
