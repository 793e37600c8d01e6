"""Moments as officials write them: ISO, 年月日, eras, slashes, 午後2時半, full-width and kanji digits, with or without a year."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta, timezone

ERAS = {
    "明治": (1868, 45), "大正": (1912, 15), "昭和": (1926, 64), "平成": (1989, 31), "令和": (2019, 99),
    "明": (1868, 45), "大": (1912, 15), "昭": (1926, 64), "平": (1989, 31), "令": (2019, 99),
    "M": (1868, 45), "T": (1912, 15), "S": (1926, 64), "H": (1989, 31), "R": (2019, 99),
}  # fmt: skip
"""First year of each era and its last year within the era (元号法; earlier eras by custom)."""

_KANJI = {c: str(n) for n, c in enumerate("〇一二三四五六七八九")} | {"零": "0", "元": "1"}
_NUMBER = r"\d{1,2}|元"
_ERA = r"(?P<era>明治|大正|昭和|平成|令和|明|大|昭|平|令|[MTSHRmtshr])"
_WEEKDAY = r"(?:\s*[(\[]?\s*[月火水木金土日](?:曜日?)?(?:・祝|・休|祝)?\s*[)\]]?(?!\d))?"
_DATE = (
    rf"(?:(?:(?P<year>\d{{4}})|{_ERA}\s*\.?\s*(?P<era_year>{_NUMBER}))\s*(?:年度?\s*|[./\-])\s*(?P<month>\d{{1,2}})\s*(?:月\s*|[./\-])\s*(?P<day>\d{{1,2}})\s*日?"
    r"|(?P<month2>\d{1,2})\s*月\s*(?P<day2>\d{1,2})\s*日|(?<![\d/.])(?P<month3>\d{1,2})/(?P<day3>\d{1,2})(?![\d/個本人枚量割倍]))"
)
_TIME = (
    r"(?P<half>午前|午後|AM|PM|am|pm)?\s*(?:(?P<noon>正午)|(?P<hour>\d{1,2})\s*(?:時\s*(?:(?P<minute>\d{1,2})\s*分|(?P<halfpast>半))?"
    r"|:(?P<minute2>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?))(?P<half2>\s*(?:AM|PM|am|pm))?"
)
_OFFSET = r"(?P<offset>\s*(?:Z|[+-]\d{2}:?\d{2})|\s*JST)?"
_MOMENT = re.compile(rf"{_DATE}{_WEEKDAY}(?:\s*[T ]?\s*,?\s*{_TIME}{_OFFSET})?")
_ONLY_TIME = re.compile(rf"{_TIME}{_OFFSET}")
_AS_OF = re.compile(r"(?:現在|時点|発表|更新|作成|公表|付け|発令|発信|掲載)")


def _plain(text: str) -> str:
    """Half-width digits and signs; kanji digits beside 年月日時分 as digits; the squared era names spelled out."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"[‐‑–—−ー－](?=\d)", "-", text)
    return re.sub(r"([〇零一二三四五六七八九十百元]+)(?=[年月日時分])", lambda m: _kanji(m[1]), text)


def _kanji(text: str) -> str:
    if text == "元":
        return text
    if "十" in text or "百" in text:
        total = 0
        hundreds, found, rest = text.partition("百")
        if found:
            total += int(_KANJI.get(hundreds, "1") or 1) * 100
        else:
            rest = text
        tens, found, ones = rest.partition("十")
        if found:
            total += int(_KANJI.get(tens, "1") if tens else 1) * 10
            rest = ones
        total += int("".join(_KANJI.get(c, "") for c in rest) or 0)
        return str(total)
    return "".join(_KANJI.get(c, c) for c in text)


def parse_moment(text: str, reference: datetime) -> datetime | None:
    """The moment that the whole text names, or None. Without a year: the year that brings it nearest to ``reference``; without a date:
    the reference's day; without an offset: the reference's time zone. A date alone means its beginning."""
    plain = _plain(text).strip()
    if (match := _MOMENT.fullmatch(plain)) or (match := _MOMENT.fullmatch(plain.rstrip("頃ごろ現在時点発表更新 "))):
        return _moment(match, reference)
    if match := _ONLY_TIME.fullmatch(plain):
        return _moment(match, reference)
    return None


def find_moment(text: str, reference: datetime) -> datetime | None:
    """The first moment (with a date) in running text."""
    for match in _MOMENT.finditer(_plain(text)):
        if (found := _moment(match, reference)) is not None:
            return found
    return None


def find_as_of(text: str, reference: datetime) -> datetime | None:
    """The moment that a line names as its own: 「…現在」「…時点」「…発表」「…更新」."""
    for line in _plain(text).split("\n"):
        for match in _MOMENT.finditer(line):
            around = line[match.end() : match.end() + 6] + line[max(0, match.start() - 8) : match.start()]
            if _AS_OF.search(around) and (found := _moment(match, reference)) is not None:
                return found
    return None


find = find_moment


def _moment(match: re.Match[str], reference: datetime) -> datetime | None:
    groups = match.groupdict()
    zone = _zone(groups.get("offset"), reference)
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


def _zone(offset: str | None, reference: datetime):
    if not offset or offset.strip() == "JST":
        return timezone(timedelta(hours=9)) if offset else reference.tzinfo
    offset = offset.strip()
    if offset == "Z":
        return timezone.utc  # noqa: UP017
    sign = -1 if offset[0] == "-" else 1
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return timezone(sign * timedelta(minutes=minutes)) if minutes < 24 * 60 else reference.tzinfo


def _day(groups: dict[str, str | None], reference: datetime) -> tuple[int, int, int] | None:
    month, day = (next((groups[f"{key}{n}"] for n in ("", "2", "3") if groups.get(f"{key}{n}")), None) for key in ("month", "day"))
    if month is None or day is None:
        return (reference.year, reference.month, reference.day)
    if groups["year"]:
        return int(groups["year"]), int(month), int(day)
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
    second = int(groups.get("second") or 0)
    half = (groups.get("half") or groups.get("half2") or "").strip().lower()
    if half in ("午後", "pm"):
        if hour > 12 and half == "pm":
            return None
        hour = hour + 12 if hour < 12 else hour
    elif half in ("午前", "am"):
        if hour > 12:
            return None
        hour = 0 if hour == 12 and half == "am" else hour
    if hour > 29 or minute > 59 or second > 59:
        return None
    return hour // 24, hour % 24, minute, second
