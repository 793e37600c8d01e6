"""What a mask leaves of a cell."""

from __future__ import annotations

import unicodedata

from publisher.patterns import pattern
from publisher.review.address import town

_AGE = pattern(r"(?:満|約)?\s*(\d{1,3})(?:\.0)?\s*(?:歳|才|さい)?")
_DECADE = pattern(r"(\d{1,2})\s*(?:歳代|才代|代)(?:以上|前半|後半|[前半ば後]+)?")
_INFANT = pattern(
    r"(?:生後|満)?\s*(?:0\s*(?:歳|才)\s*)?\d{1,3}\s*(?:ヶ月|か月|ヵ月|カ月|ケ月|箇月|ヶ|週|日|日齢)|(?:乳児|"
    r"新生児|0歳児)"
)
_BAND = pattern(r"0\s*[-~〜–]\s*9\s*(?:歳|才)?|10歳未満")


def band(age: str) -> str:
    """The age in tens: 10歳未満, 10代 … 80代, 90歳以上; nothing when it cannot be read."""
    text = unicodedata.normalize("NFKC", age).strip()
    if _INFANT.fullmatch(text) or _BAND.fullmatch(text):
        return "10歳未満"
    match = _AGE.fullmatch(text) or _DECADE.fullmatch(text)
    years = int(match[1]) if match else 999
    if years > 130:
        return ""
    if years < 10:
        return "10歳未満"
    return "90歳以上" if years >= 90 else f"{years // 10 * 10}代"


def initial(name: str) -> str:
    """The first character with a point: ``ヤマダ　タロウ`` → ``ヤ.``"""
    text = unicodedata.normalize("NFKC", name).strip()
    return f"{text[0]}." if text else ""


def none(value: str) -> str:
    """The cell as it is, because the profile says so."""
    return value


MASKS = {"town": town, "band": band, "initial": initial, "none": none}
