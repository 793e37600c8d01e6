"""Which columns a table of each standard layout gets on its pages, of which fields, and in which words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from publisher.editions.tables.columns import Role
from publisher.editions.tables.parts import (
    ASK,
    NAMED,
    WHERE,
    Cells,
    Maker,
    Part,
    city,
    counted,
    dated,
    district,
    field,
    moment,
    several,
)
from publisher.layouts import Found, Kind, marks
from publisher.model import PublicTable
from publisher.patterns import pattern

_SURE = pattern(r"[0-9０-９年月日時分:：/. -]+")
"""A moment, not a hope such as 未定 or 20日ごろ."""
_BARE = pattern(r"\s*[0-9０-９]+\s*%?\s*")
"""A number that says nothing without its header: how the town counts is the town's own."""
_HAVE, _IS = ("あり", "なし"), ("はい", "いいえ")
CURRENT = frozenset(("state", "opened", "shut", "congestion", "people", "households"))
"""Fields that say how things are now: with one of them a list of shelters is one of open shelters."""


HOURS = frozenset(("診療時間", "利用できる時間"))
UNUSABLE = pattern(r"\s*(?:終日)?(?:利用|使用|診療|開放|給水)?(?:不可|できません|中止|停止|休止)")
"""Hours of a place that has none at present."""


# --- shelters -----------------------------------------------------------------------------------------------


def _now(of: Mapping[str, str]) -> str:
    """「開設、空きあり、避難者120人（40世帯）」 from the columns that say it."""
    state = marks.worded(of.get("state", ""), "開設", "閉鎖")
    if not state and of.get("shut"):
        state = "閉鎖"
    elif not state and of.get("opened"):
        state = "開設"
    people, homes = counted(of.get("people", ""), "人"), counted(of.get("households", ""), "世帯")
    crowd = of.get("congestion", "")
    crowd = "" if marks.nothing(crowd) else f"空き状況{crowd.strip()}" if _BARE.fullmatch(crowd) else crowd
    gathered = f"避難者{people}" if people else ""
    if homes:
        gathered = f"{gathered}（{homes}）" if gathered else homes
    return "、".join(filter(None, (state, crowd, gathered)))


def _when(of: Mapping[str, str]) -> str:
    opened, shut = dated(of.get("opened", "")), dated(of.get("shut", ""))
    return f"{opened}から" + (f"{shut}まで" if shut else "") if opened else f"{shut}まで" if shut else ""


def hazards(title: str, weight: int, wanted: bool) -> Maker:
    """The dangers that a place protects from, in one column; or those for which a × says that it does not."""

    def make(found: Found, table: PublicTable) -> Part | None:
        if not found.hazards:
            return None
        places = tuple(found.hazards.items())

        def cell(row: Cells) -> str:
            said: dict[str, None] = {}
            for place, danger in places:
                verdict = marks.yes(row[place])
                if verdict is wanted:
                    said[danger] = None
                elif wanted and marks.partly(row[place]):
                    said[f"{danger}（△）"] = None
                elif wanted and verdict is None and not marks.nothing(row[place]):
                    said[f"{danger}（{row[place].strip()}）"] = None
            return "、".join(said)

        return Part(title, Role.PLAIN, cell, weight)

    return make


SHELTERS: tuple[Maker, ...] = (
    *NAMED,
    several("状況", ("state", "congestion", "people", "households", "opened", "shut"), _now, Role.STATUS, weight=1),
    *WHERE,
    hazards("対応する災害", 3, True),
    hazards("対応していない災害", 0, False),
    several("収容人数", ("capacity",), lambda of: counted(of["capacity"], "人"), Role.CAPACITY),
    several("開設した時間", ("opened", "shut"), _when),
    field("residents"),
    field("accepts", "受け入れる人"),
    field("refuge", "避難所を兼ねる", words=_IS, listed=False),
    field("emergency", "緊急避難場所を兼ねる", words=_IS, listed=False),
    field("welfare", "福祉避難所を兼ねる", words=_IS),
    field("pets", "ペット", words=("同行できる", "同行できない")),
    field("type", listed=True),
    *ASK,
)  # fmt: skip


# --- roads, water, orders -----------------------------------------------------------------------------------


def _stretch(of: Mapping[str, str]) -> str:
    start, end, whole = of.get("start", ""), of.get("end", ""), of.get("stretch", "")
    if start and end:
        between = f"{start}から{end}まで"
        return f"{between}（{whole}）" if whole else between
    return whole or start or end


def _restriction(of: Mapping[str, str]) -> str:
    what, why, state = of.get("restriction", ""), of.get("cause", ""), of.get("state", "")
    said = "、".join(dict.fromkeys(filter(None, (state, what))))
    return f"{said}（{why}）" if said and why else said or why


def _since(of: Mapping[str, str]) -> str:
    start = " ".join(filter(None, (dated(of.get("since_day", "")), of.get("since_time", ""))))
    end = " ".join(filter(None, (dated(of.get("till_day", "")), of.get("till_time", ""))))
    begun = f"{start}から" if start else ""
    if end and _SURE.fullmatch(end) is None:
        return f"{begun}（解除の見込み: {end}）"
    return begun + (f"{end}まで" if end else "")


ROADS: tuple[Maker, ...] = (
    field("road", "道路", Role.NAME),
    city,
    district,
    several("規制", ("state", "restriction", "cause"), _restriction, Role.STATUS, weight=1),
    several("区間", ("start", "end", "stretch"), _stretch, weight=2),
    several("期間", ("since_day", "since_time", "till_day", "till_time"), _since),
    field("length"),
    field("detour", "迂回路"),
    field("class"),
    *WHERE,
    *ASK,
)


def _dry(of: Mapping[str, str]) -> str:
    now, most = counted(of.get("dry", ""), "戸"), counted(of.get("dry_most", ""), "戸")
    return f"{now}（最大{most}）" if now and most and now != most else now or (f"最大{most}" if most else "")


def _dried(of: Mapping[str, str]) -> str:
    """解消 only where nothing is cut off any more: a moment of repair may be one that is hoped for."""
    if of.get("state"):
        return of["state"]
    count = of.get("dry", "").strip()
    if count in ("0", "０"):
        return "解消"
    return "断水中" if count and not marks.nothing(count) else ""


def place_of(*names: str) -> Maker:
    """What a row is about where it is no building: the district, else the municipality."""

    def join(of: Mapping[str, str]) -> str:
        return next((of[name] for name in names if of.get(name)), "")

    def make(found: Found, table: PublicTable) -> Part | None:
        first = next((name for name in names if name in found.fields), None)
        if first is None:
            return None
        return several(" ".join(table.columns[found.fields[first]].split()), names, join, Role.NAME)(found, table)

    return make


OUTAGES: tuple[Maker, ...] = (
    place_of("name", "area", "district", "city"),
    several("状況", ("state", "dry"), _dried, Role.STATUS, weight=1),
    several("断水戸数", ("dry", "dry_most"), _dry, weight=2),
    moment("dry_since", "断水の始まり"),
    moment("dry_till"),
    *WHERE,
    *ASK,
)

ORDERS: tuple[Maker, ...] = (
    place_of("area", "district", "city"),
    several("避難情報", ("order", "step"), lambda of: "、".join(filter(None, of.values())), Role.STATUS, weight=1),
    field("level", weight=2),
    moment("ordered", "発令・解除の日時", weight=3),
    field("why"),
    field("hazard"),
    field("guidance"),
    several("対象", ("asked_homes", "asked_people"), lambda of: "、".join(filter(None, (counted(of.get("asked_homes", ""), "世帯"), counted(of.get("asked_people", ""), "人"))))),
    field("more"),
    *ASK,
)  # fmt: skip


# --- clinics and other places ---------------------------------------------------------------------------------


def _open(of: Mapping[str, str]) -> str:
    start, end = of.get("from", ""), of.get("until", "")
    clock = f"{start}〜{end}" if start and end else start or end
    return " ".join(filter(None, (of.get("days", ""), clock, of.get("hours", ""))))


def volume(found: Found, table: PublicTable) -> Part | None:
    """How much water: the unit of the header goes to the number."""
    place = found.fields.get("volume")
    if place is None:
        return None
    title = table.columns[place]
    unit = next((unit for unit in ("リットル", "トン", "㎥", "m3", "ℓ", "L") if unit in title), "")
    return Part("水の量" if unit else title, Role.PLAIN, lambda row: _amount(row[place].strip(), unit), 4)


def _amount(cell: str, unit: str) -> str:
    if unit and re.fullmatch(r"[0-9]+", cell):
        return f"{int(cell):,}{unit}"
    return cell + unit if unit and re.fullmatch(r"[0-9.,]+", cell) else cell


_STATE: Maker = several(
    "状況",
    ("state", "congestion"),
    lambda of: "、".join(said for said in of.values() if said not in ("", "現存")),
    Role.STATUS,
    weight=1,
)

CLINICS: tuple[Maker, ...] = (
    *NAMED,
    _STATE,
    *WHERE,
    several("診療科目", ("departments",), lambda of: "、".join(re.split("[;；|｜]", of["departments"])), weight=3),
    several("診療時間", ("days", "from", "until", "hours"), _open),
    field("overtime", "時間外"),
    field("type"),
    field("beds", listed=False),
    *ASK,
)

PLACES: tuple[Maker, ...] = (
    *NAMED,
    _STATE,
    field("position", weight=3),
    *WHERE,
    several("利用できる時間", ("days", "from", "until", "hours"), _open, weight=4),
    volume,
    field("type", weight=5),
    field("pediatric", "小児対応", words=_HAVE),
    several("収容人数", ("capacity",), lambda of: counted(of["capacity"], "人"), Role.CAPACITY),
    field("residents"),
    field("accepts", "受け入れる人"),
    field("people"),
    field("households"),
    hazards("対応する災害", 5, True),
    *ASK,
)

RECIPES: Mapping[Kind, tuple[Maker, ...]] = {
    Kind.SHELTERS: SHELTERS,
    Kind.ROADS: ROADS,
    Kind.OUTAGES: OUTAGES,
    Kind.ORDERS: ORDERS,
    Kind.CLINICS: CLINICS,
    Kind.AED: PLACES,
    Kind.WATER: PLACES,
    Kind.PLACES: PLACES,
}

_SAYS: Mapping[Kind, str] = {
    Kind.ROADS: "道路の通行止めなどの一覧です。",
    Kind.OUTAGES: "断水の状況です。",
    Kind.ORDERS: "避難情報の一覧です。",
    Kind.CLINICS: "医療機関の一覧です。",
    Kind.AED: "AED（自動体外式除細動器）のある場所の一覧です。",
}


def says(kind: Kind, now: bool, found: Found) -> str:
    """What the table is, in a sentence; a place to flee to is not a place to stay in."""
    if kind is not Kind.SHELTERS:
        return _SAYS.get(kind, "")
    if now:
        return "避難所の開設や混み具合の一覧です。"
    return "災害のときに逃げる場所の一覧です。災害の種類によって使える場所がちがいます。" if found.hazards else "避難所の一覧です。"
