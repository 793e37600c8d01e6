"""Moments as officials write them: ISO, 年月日, eras, slashes, 午後2時半, full-width and kanji digits, with or without a year."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta, timezone, tzinfo

from publisher.patterns import pattern

ERAS = {
    "明治": (1868, 45), "大正": (1912, 15), "昭和": (1926, 64), "平成": (1989, 31), "令和": (2019, 99),
    "明": (1868, 45), "大": (1912, 15), "昭": (1926, 64), "平": (1989, 31), "令": (2019, 99),
    "M": (1868, 45), "T": (1912, 15), "S": (1926, 64), "H": (1989, 31), "R": (2019, 99),
}  # fmt: skip
"""First year of each era and its last year within the era (元号法; earlier eras by custom)."""

_KANJI = {c: str(n) for n, c in enumerate("〇一二三四五六七八九")} | {"零": "0", "元": "1"}
_S = r"\s{0,3}"
_NUMBER = r"(?:\d{1,2}|元)"
_ERA_NAMES = r"(?:明治|大正|昭和|平成|令和|[明大昭平令MTSHRmtshr])"
_YEAR = (
    rf"(?:(?P<year>\d{{4}})(?:{_S}年?{_S}\({_S}{_ERA_NAMES}{_S}{_NUMBER}{_S}年?{_S}\))?"
    rf"|(?P<era>{_ERA_NAMES}){_S}\.?{_S}(?P<era_year>{_NUMBER})(?:{_S}年?{_S}\({_S}\d{{4}}{_S}年?{_S}\))?)"
)
_DATE = (
    rf"(?:{_YEAR}{_S}(?:(?:年度?|(?<=\))){_S}(?P<month>\d{{1,2}}){_S}月{_S}(?P<day>\d{{1,2}}){_S}日"
    rf"|(?P<sign>[./\-]){_S}(?P<month1>\d{{1,2}}){_S}(?P=sign){_S}(?P<day1>\d{{1,2}})日?(?![./\-]?\d))"
    rf"|(?<!\d)(?P<month2>\d{{1,2}}){_S}月{_S}(?P<day2>\d{{1,2}}){_S}日|(?<![\d/.\-])(?P<month3>\d{{1,2}})/(?P<day3>\d{{1,2}})(?![\d/.\-]))"
)
_WEEKDAY = (
    rf"(?P<weekday>{_S}(?:[(\[]{_S}[月火水木金土日祝](?:曜日?)?(?:{_S}[・,、/]?{_S}(?:祝日?|休日?|振休|振替休日))?{_S}[)\]]|[月火水木金土日]曜日?"
    r"|[月火水木金土日](?=\s|$)))?"
)
_TIME = (
    rf"(?:(?P<half>午前|午後|AM|PM|am|pm)?{_S}(?:(?P<noon>正午)|(?P<hour>\d{{1,2}}){_S}(?:時(?!間)"
    rf"(?:{_S}(?P<minute>\d{{1,2}}){_S}分(?!間)(?:{_S}(?P<second>\d{{1,2}}){_S}秒)?|(?P<halfpast>半))?"
    rf"|:(?P<minute2>\d{{2}})(?::(?P<second2>\d{{2}})(?:\.\d{{1,9}})?)?(?!\d)))(?:{_S}(?P<half2>AM|PM|am|pm))?)"
)
_OFFSET = rf"(?P<offset>{_S}(?:Z|[+\-]\d{{2}}(?::?\d{{2}})?(?!\d)|JST))?"
_MOMENT = pattern(rf"{_DATE}{_WEEKDAY}(?:{_S}[T,、]?{_S}{_TIME}{_OFFSET})?")
_ONLY_TIME = pattern(rf"{_TIME}{_OFFSET}")
_COMPACT = pattern(r"((?:19|20)\d{2})([01]\d)([0-3]\d)(?:T?(\d{2})(\d{2})(\d{2})?)?")
_AFTER = pattern(rf"{_S}(?:頃|ごろ|現在|時点|発表|更新|作成|公表|掲載|付け?|以降|から|より|まで|[~〜])+$")
_AS_OF = pattern(r"(?:現在|時点|発表|更新|作成|公表|付け|発令|発信|掲載)")
_DATED = pattern(
    r"\s?(?:頃|ごろ|現在|時点|発表|更新|付|から|より|まで|以降|[~〜](?=\s*\d)|実施|開始|再開)"
)
_UNIT = pattern(
    r"\s?(?:[個本人枚量割倍箇]|か[所月]|に減|に縮|以[下上]|の[量1-9]|ページ|頁|世帯|件|カ所|ヶ所)"
)
_FORMERLY = pattern(r"[A-Za-z0-9.\-/]$")
_KANJI_RUN = pattern(r"[〇零一二三四五六七八九十百元]{1,9}(?=[年月日時分秒])")

EARLIEST = 1868
"""Years before Meiji are no dates of a municipality's files."""

LONGEST = 80
"""Characters of the longest text that is taken for a moment and nothing else."""


def _plain(text: str) -> str:
    """Half-width digits and signs; kanji digits beside 年月日時分 as digits; the squared era names spelled out."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"[‐‑–—−ー－](?=\d)", "-", text)
    return _KANJI_RUN.sub(lambda match: _kanji(match[0]), text)


def _kanji(text: str) -> str:
    if text == "元":
        return text
    if "十" not in text and "百" not in text:
        return "".join(_KANJI[c] for c in text)
    hundreds, found, rest = text.rpartition("百")
    total = 100 * _count(hundreds) if found else 0
    tens, found, ones = rest.rpartition("十")
    total += 10 * _count(tens) if found else 0
    return str(total + (_count(ones) if ones else 0))


def _count(text: str) -> int:
    """What stands before 十 or 百; nothing means one."""
    return int("".join(_KANJI.get(c, "") for c in text) or 1)


def parse_moment(text: str, reference: datetime) -> datetime | None:
    """The moment that the whole text names, or None. Without a year: the year that brings it nearest to ``reference``; without a date:
    the reference's day; without an offset: the reference's time zone. A date alone means its beginning."""
    match = _whole(text)
    if match is None:
        return _compact(text, reference)
    return _moment(match, reference)


def names_only_a_day(text: str) -> bool:
    """Does the text name a day without a time: 「1月12日」「1月12日まで」?"""
    match = _whole(text)
    return (
        not (match["hour"] or match["noon"])
        if match is not None
        else re.fullmatch(r"\d{8}", _plain(text).strip()) is not None
    )


def _whole(text: str) -> re.Match[str] | None:
    if len(text) > LONGEST:
        return None
    plain = _AFTER.sub("", _plain(text).strip())
    return _MOMENT.fullmatch(plain) or _ONLY_TIME.fullmatch(plain)


def _compact(text: str, reference: datetime) -> datetime | None:
    """20110311, 201103111446, 20110311T144618 (ISO 8601, basic format)."""
    match = _COMPACT.fullmatch(_plain(text).strip()) if len(text) <= LONGEST else None
    if match is None:
        return None
    try:
        return datetime(*(int(part) for part in match.groups(default="0")), tzinfo=reference.tzinfo)  # type: ignore[arg-type,misc]
    except ValueError:
        return None


def find_moment(text: str, reference: datetime) -> datetime | None:
    """The first moment (with a date) in running text; ratios, house numbers, versions and telephone numbers are none."""
    plain = _plain(text)
    for match in _MOMENT.finditer(plain):
        if not _doubtful(match, plain) and (found := _moment(match, reference)) is not None:
            return found
    return None


def find_as_of(text: str, reference: datetime) -> datetime | None:
    """The moment that a line names as its own: 「…現在」「…時点」「…発表」「…更新」."""
    for line in _plain(text).split("\n"):
        if not _AS_OF.search(line):
            continue
        for match in _MOMENT.finditer(line):
            around = (
                line[match.end() : match.end() + 6] + "\n" + line[max(0, match.start() - 8) : match.start()]
            )
            if (
                _AS_OF.search(around)
                and not _doubtful(match, line)
                and (found := _moment(match, reference)) is not None
            ):
                return found
    return None


def _doubtful(match: re.Match[str], text: str) -> bool:
    """Could it be something else: a ratio (1/2), a block and house number (平成3-4-5), a version (M6.1.9), part of a longer number?"""
    before, after = text[max(0, match.start() - 8) : match.start()], text[match.end() : match.end() + 6]
    if match["month3"]:
        if match["weekday"] or match["hour"] or match["noon"]:
            return False
        return _UNIT.match(after) is not None or not (
            _DATED.match(after) or re.search(r"(?:更新|発表|作成|掲載|公表)日?\s?[:：]?\s?$", before)
        )
    if match["era"] and match["sign"]:
        short = len(match["era"]) == 1
        return (
            match["sign"] == "-"
            or match["era"].upper() in "MT明大"
            or (short and _FORMERLY.search(before) is not None)
        )
    if match["year"] and match["sign"]:
        return _FORMERLY.search(before) is not None
    return False


def _moment(match: re.Match[str], reference: datetime) -> datetime | None:
    groups = match.groupdict()
    zone = _zone(groups.get("offset"), reference)
    if zone is None:
        return None
    day = _day(groups, reference)
    if day is None:
        return None
    time = _clock(groups)
    if time is None:
        return None
    days, hour, minute, second = time
    try:
        return datetime(*day, hour, minute, second, tzinfo=zone) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None


def _zone(offset: str | None, reference: datetime) -> tzinfo | None:
    """The zone that an offset names; None for one that no clock has (±14 hours are the farthest)."""
    if not offset:
        return reference.tzinfo
    offset = offset.strip()
    if offset in ("Z", "JST"):
        return timezone(timedelta(hours=9 if offset == "JST" else 0))
    minutes = int(offset[1:3]) * 60 + (int(offset[-2:]) if len(offset) > 3 else 0)
    return (
        timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes)) if minutes <= 14 * 60 else None
    )


def _day(groups: dict[str, str | None], reference: datetime) -> tuple[int, int, int] | None:
    month, day = (
        next((groups[f"{key}{n}"] for n in ("", "1", "2", "3") if groups.get(f"{key}{n}")), None)
        for key in ("month", "day")
    )
    if month is None or day is None:
        return (reference.year, reference.month, reference.day)
    if groups["year"]:
        return (int(groups["year"]), int(month), int(day)) if int(groups["year"]) >= EARLIEST else None
    if groups["era"]:
        first, last = ERAS[groups["era"].upper() if groups["era"].isascii() else groups["era"]]
        number = 1 if groups["era_year"] == "元" else int(groups["era_year"] or 0)
        return (first + number - 1, int(month), int(day)) if 1 <= number <= last else None
    return _nearest(int(month), int(day), reference)


def _nearest(month: int, day: int, reference: datetime) -> tuple[int, int, int] | None:
    """The year in which this day lies nearest to the reference."""
    found = []
    for year in (reference.year - 1, reference.year, reference.year + 1):
        try:
            moment = datetime(year, month, day, tzinfo=reference.tzinfo)
        except ValueError:
            continue
        found.append((abs(moment - reference), year))
    return (min(found)[1], month, day) if found else None


def _clock(groups: dict[str, str | None]) -> tuple[int, int, int, int] | None:
    """(days to add, hour, minute, second); None for a time that no clock shows."""
    if groups.get("noon"):
        return 0, 12, 0, 0
    if not groups.get("hour"):
        return 0, 0, 0, 0
    hour = int(groups["hour"] or 0)
    minute = 30 if groups.get("halfpast") else int(groups.get("minute") or groups.get("minute2") or 0)
    second = int(groups.get("second") or groups.get("second2") or 0)
    half = (groups.get("half") or groups.get("half2") or "").strip().lower()
    if half in ("午後", "pm"):
        if hour > (12 if half == "pm" else 23):
            return None
        hour = hour + 12 if hour < 12 else hour
    elif half in ("午前", "am"):
        if hour > 12:
            return None
        hour = 0 if hour == 12 and half == "am" else hour
    if hour > 29 or minute > 59 or second > 59:
        return None
    return hour // 24, hour % 24, minute, second
