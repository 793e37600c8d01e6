"""What the columns of a table are for, read from their headers: name, reading, address, telephone, place on
the map."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from hashlib import blake2b

from publisher.layouts.fields import narrow
from publisher.model import PublicTable
from publisher.patterns import pattern
from publisher.values import frozen


class Role(StrEnum):
    NAME = "name"
    KANA = "kana"
    GROUP = "group"
    ADDRESS = "address"
    DISTRICT = "district"
    PHONE = "phone"
    STATUS = "status"
    PEOPLE = "people"
    CAPACITY = "capacity"
    PLAIN = "plain"
    URL = "url"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    CITY = "city"
    CODE = "code"


_HEADERS: tuple[tuple[Role, re.Pattern[str]], ...] = tuple(
    (role, pattern(said, re.IGNORECASE))
    for role, said in (
        (Role.PHONE, r"電話|TEL|連絡先$"),
        (Role.CITY, r"^(所在地_)?市(区)?町村名?$"),
        (
            Role.CODE,
            r"コード|番号$|^所在地_番地以下$|^(ID|NO\.?|No\.?|№)\d*$|町字ID|英字|英語|英名|標高|UTM|ライセンス|郵便|内線|都道府県|市区町村|団体名|管理番号",
        ),
        (Role.LATITUDE, r"緯度|^lat(itude)?$"),
        (Role.LONGITUDE, r"経度|^(lon|lng|longitude)$"),
        (Role.KANA, r"カナ|かな|フリガナ|ふりがな|よみ|読み|ヨミ"),
        (Role.URL, r"URL|ホームページ|サイト|リンク$|^HP$"),
        (Role.STATUS, r"開設状況|開所状況|空き状況|混雑状況|規制状況|復旧状況|^状況$|^状態$|^開設$|開閉"),
        (Role.CAPACITY, r"収容|定員"),
        (Role.PEOPLE, r"人数|避難者数|世帯数"),
        (
            Role.NAME,
            r"^(氏名|名前|お名前|姓名|名称|施設名称?|避難所名称?|避難場所名称?|場所|場所名|路線名|病院名|件名|品名|店名|施設・場所名)$",
        ),
        (
            Role.DISTRICT,
            r"^(地区|地区名|地域|学区|校区|区域|町名|町字|大字|所在地_町字|行政区|方面|二次医療圏)$",
        ),
        (Role.ADDRESS, r"住所|所在地(_連結表記)?$|^所在$"),
    )
)
_REMARK = pattern(r"\([^()]*(?:含|記入|任意|必須|例|単位)[^()]*\)$")
"""An aside at the end of a header that says how to fill the column in, not what it is."""
_LOOSE_NAME = pattern(r"(名|名称)$|場$|置き?場|所$")
CLOSED = pattern(r"閉鎖|閉所|閉館|終了|解除|解消|休止|廃止|未開設|休診|休業|復旧済")
_SHORT = 20
_FEW = 40
"""Values that a column may have at most to be a way of dividing a table, where it is not a district by its
header."""


@frozen
class View(PublicTable):
    """A table made for pages. By column: ``roles``; the indexes ``main`` stand unfolded on the web, ``listed``
    in the small editions, ``silent`` ones are only sorted and grouped by. ``says``: what the table is, in a
    sentence for its first page.
    """

    roles: tuple[Role, ...] = ()
    main: tuple[int, ...] = ()
    listed: tuple[int, ...] = ()
    silent: frozenset[int] = frozenset()
    says: str = ""


@frozen
class Layout:
    """The roles of a table's columns, and the indexes in ``columns`` of those that pages are built from.

    ``lead`` is the column that a row begins with: the name, or what comes nearest to one. ``shown`` are the
    columns of a row in the order of use, without the name and its reading; ``brief`` are those of them that
    the small editions show (no codes, no coordinates: these are in the CSV and on the web).
    """

    roles: tuple[Role, ...]
    lead: int | None
    name: int | None
    kana: int | None
    group: int | None
    district: int | None
    status: int | None
    shown: tuple[int, ...]
    brief: tuple[int, ...]
    map: tuple[int, int] | None
    narrow: bool
    main: tuple[int, ...] | None = None
    """What the web edition shows unfolded where the table says so, else None."""


_USE = (
    Role.GROUP,
    Role.STATUS,
    Role.PEOPLE,
    Role.ADDRESS,
    Role.DISTRICT,
    Role.PHONE,
    Role.CAPACITY,
    Role.PLAIN,
    Role.URL,
    Role.CITY,
    Role.CODE,
)
_BRIEF = frozenset(_USE) - {Role.CODE, Role.CITY}
_NARROW_COLUMNS, _NARROW_WIDTH = 4, 22
"""What a 240 pixel screen shows side by side: columns, and full-width characters in all of them."""


def layout(table: PublicTable) -> Layout:
    """Read the headers once; what they do not say is left plain and stays in the order of the table."""
    if isinstance(table, View):
        return _of_view(table)
    roles = [_role(column) for column in table.columns]
    filled = _filled(table)
    if table.group is not None:
        roles[table.group] = Role.GROUP
    if table.reading is not None:
        roles[table.reading] = Role.KANA
    name = _first(roles, Role.NAME, filled)
    if name is None:
        name = next(
            (
                i
                for i, c in enumerate(table.columns)
                if roles[i] is Role.PLAIN and filled[i] and _LOOSE_NAME.search(c)
            ),
            None,
        )
    kana = table.reading if table.reading is not None else _kana_of(table.columns, roles, name, filled)
    status = _first(roles, Role.STATUS, filled)
    place = (_first(roles, Role.LATITUDE, filled), _first(roles, Role.LONGITUDE, filled))
    lead = name if name is not None else _lead(roles, filled)
    used = {lead, kana}
    shown = tuple(
        i for role in _USE for i, found in enumerate(roles) if found is role and i not in used and filled[i]
    )
    repeated = {i for i in shown if table.columns[i] == "所在地_町字"} if Role.ADDRESS in roles else set()
    brief = tuple(i for i in shown if roles[i] in _BRIEF and i not in repeated)
    return Layout(
        roles=tuple(roles),
        lead=lead,
        name=name,
        kana=kana,
        group=table.group,
        district=_district(table, roles, filled),
        status=status,
        shown=shown,
        brief=brief,
        map=(place[0], place[1]) if place[0] is not None and place[1] is not None else None,
        narrow=_narrow(table, [i for i in (lead, *brief) if i is not None]),
    )


def _of_view(view: View) -> Layout:
    """Of a table made for pages everything is known; which column divides it hangs on its cells."""
    roles, filled = view.roles, [True] * len(view.roles)
    name, kana = _first(roles, Role.NAME, filled), _first(roles, Role.KANA, filled)
    lead = name if name is not None else _first(roles, Role.ADDRESS, filled)
    place = _first(roles, Role.LATITUDE, filled), _first(roles, Role.LONGITUDE, filled)
    used = {lead, kana, *view.silent}
    brief = tuple(i for i in view.listed if i not in used)
    return Layout(
        roles=roles,
        lead=lead,
        name=name,
        kana=kana,
        group=None,
        district=_district(view, roles, filled),
        status=_first(roles, Role.STATUS, filled),
        shown=tuple(i for i in range(len(roles)) if i not in used),
        brief=brief,
        map=(place[0], place[1]) if place[0] is not None and place[1] is not None else None,
        narrow=_narrow(view, [i for i in (lead, *brief) if i is not None]),
        main=tuple(i for i in view.main if i not in used),
    )


def _role(column: str) -> Role:
    header = _REMARK.sub("", narrow(column))
    return next((role for role, said in _HEADERS if said.search(header)), Role.PLAIN)


def _filled(table: PublicTable) -> list[bool]:
    """Which columns have a value in any row; the rest is not shown."""
    filled = [False] * len(table.columns)
    missing = set(range(len(filled)))
    for row in table.rows:
        if not missing:
            break
        for i in [i for i in missing if row[i].strip()]:
            filled[i] = True
            missing.discard(i)
    return filled


def _narrow(table: PublicTable, columns: Sequence[int]) -> bool:
    """Whether these columns stand side by side on the smallest screen."""
    if table.personal or len(columns) > _NARROW_COLUMNS:
        return False
    widest = (max((len(row[i]) for row in table.rows), default=0) for i in columns)
    return (
        sum(max(width, len(table.columns[i]) // 2) for width, i in zip(widest, columns, strict=True))
        <= _NARROW_WIDTH
    )


def _lead(roles: Sequence[Role], filled: Sequence[bool]) -> int | None:
    usual = (
        i
        for i, role in enumerate(roles)
        if filled[i] and role in {Role.PLAIN, Role.ADDRESS, Role.DISTRICT, Role.GROUP}
    )
    return next(usual, next((i for i, full in enumerate(filled) if full), None))


def _first(roles: Sequence[Role], wanted: Role, filled: Sequence[bool]) -> int | None:
    return next((i for i, role in enumerate(roles) if role is wanted and filled[i]), None)


def _kana_of(
    columns: Sequence[str], roles: Sequence[Role], name: int | None, filled: Sequence[bool]
) -> int | None:
    """The reading that belongs to the name: 名称_カナ beside 名称, フリガナ anywhere."""
    candidates = [i for i, role in enumerate(roles) if role is Role.KANA and filled[i]]
    if name is not None:
        beside = [i for i in candidates if columns[name] in columns[i]]
        candidates = beside or candidates
    return candidates[0] if candidates else None


def _district(table: PublicTable, roles: Sequence[Role], filled: Sequence[bool]) -> int | None:
    """The column by which people know where something is: a district, or an address masked so far that it
    repeats."""
    for wanted, rows in ((Role.CITY, 5), (Role.DISTRICT, 2), (Role.ADDRESS, 5)):
        for i, role in enumerate(roles):
            if role is wanted and filled[i] and i != table.group and _repeats(table, i, rows):
                return i
    return None


def _repeats(table: PublicTable, column: int, rows: int) -> bool:
    """At least two values, and each stands for so many rows on average."""
    values = {row[column] for row in table.rows}
    return 2 <= len(values) <= max(2, len(table.rows) // rows)


def dividing(table: PublicTable, roles: Sequence[Role]) -> int | None:
    """A column with few, short values (種別, 区分) that divides a table without reading, district and
    group."""
    for i, role in enumerate(roles):
        if role is Role.PLAIN and table.columns[i].strip() and _repeats(table, i, 5):
            values = {row[i] for row in table.rows}
            if len(values) <= _FEW and max(map(len, values)) <= _SHORT:
                return i
    return None


def form(table: PublicTable, how: Layout) -> str:
    """Another one whenever the same row might be written, sorted, or told apart in another way."""
    said = repr((table.slug, table.kind, table.personal, table.columns, table.reading, table.group, how))
    return blake2b(said.encode("utf-8", "replace"), digest_size=16).hexdigest()


def closed(cell: str) -> bool:
    return CLOSED.search(cell) is not None
