"""Names of people in one form, to be compared: widths, spaces, forms of kana and variants of kanji do not count (髙橋　ｼｹﾞﾙ is 高橋しげる)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from publisher.patterns import pattern
from publisher.review.variants import VARIANTS

SAME = {ord(variant): usual for usual, *others in VARIANTS.split() for variant in others}
"""Variants of kanji → the usual ones."""
MARKS = pattern(r"(?:[^\w\n]|[_ー\ufe00-\ufe0f\U000e0100-\U000e01ef])+")
"""What is no letter of a name."""
_SMALL = str.maketrans("ァィゥェォッャュョヮヵヶヰヱヂヅ", "アイウエオツヤユヨワカケイエジズ")
_FORMS = _SMALL | SAME
_KATAKANA = {point: point + 0x60 for point in range(0x3041, 0x3097)}
_POLITE = pattern(r"(?:様|さん|氏|殿|くん|ちゃん)[^\S\n]*$", re.MULTILINE)
_BRACKETS = pattern(r"\([^)\n]*\)|\[[^\]\n]*\]")


def called(text: str) -> str:
    """A name or a reading in one form."""
    return all_called([text])[0]


def all_called(texts: Sequence[str]) -> list[str]:
    """Many names in one form, in one go: ten times faster than one by one."""
    plain = unicodedata.normalize("NFKC", "\n".join(text.replace("\n", " ") for text in texts))
    plain = _POLITE.sub("", _BRACKETS.sub("", plain)).lower().translate(_KATAKANA)
    return MARKS.sub("", plain).translate(_FORMS).split("\n")


def all_written(texts: Sequence[str]) -> list[str]:
    """Many texts as ``all_called`` writes names, with whatever stands in brackets or behind: names may stand anywhere in them."""
    plain = unicodedata.normalize("NFKC", "\n".join(text.replace("\n", " ") for text in texts))
    return MARKS.sub("", plain.lower().translate(_KATAKANA)).translate(_FORMS).split("\n")
