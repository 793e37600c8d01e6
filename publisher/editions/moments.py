"""Moments as people of each language read them."""

from __future__ import annotations

from datetime import datetime, tzinfo
from functools import lru_cache

_JA = "月火水木金土日"
_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@lru_cache(maxsize=65536)
def long(moment: datetime, zone: tzinfo, language: str) -> str:
    """``2011年3月11日（金）14時46分``, ``Fri 11 March 2011, 14:46``,
    ``2011年3月11日（金曜日）午後2時46分``, ``2011-03-11 14:46``.
    """
    m = moment.astimezone(zone)
    if language == "ja":
        return f"{m.year}年{m.month}月{m.day}日（{_JA[m.weekday()]}）{m.hour}時{m.minute:02}分"
    if language == "easy":
        half = "午前" if m.hour < 12 else "午後"
        return f"{m.year}年{m.month}月{m.day}日（{_JA[m.weekday()]}曜日）{half}{m.hour % 12}時{m.minute:02}分"
    if language.partition("-")[0] == "en":
        return f"{_EN[m.weekday()]} {m.day} {_MONTHS[m.month - 1]} {m.year}, {m:%H:%M}"
    return f"{m:%Y-%m-%d %H:%M}"


@lru_cache(maxsize=65536)
def short(moment: datetime, zone: tzinfo) -> str:
    """``2011/3/11 14:46``: fifteen bytes, for lists on old handsets."""
    m = moment.astimezone(zone)
    return f"{m.year}/{m.month}/{m.day} {m:%H:%M}"


@lru_cache(maxsize=65536)
def machine(moment: datetime, zone: tzinfo) -> str:
    """``2011-03-11T14:46+09:00`` for ``<time datetime>``."""
    return moment.astimezone(zone).isoformat(timespec="minutes")
