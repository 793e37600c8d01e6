"""Further signs of somebody's dwelling beside a shelter: telephone numbers in words or without their area code, rooms of buildings, numbers in kanji.

A room of 仮設住宅 is somebody's dwelling as well (101号室); its building (A棟) is a place.
"""

from __future__ import annotations

from publisher.patterns import pattern

_DIGIT = "[〇零一二三四五六七八九]"
_SIGNS = pattern(
    rf"[〇零](?<!{_DIGIT}.){_DIGIT}{{1,4}}[-ー()・の]?{_DIGIT}{{1,4}}[-ー()・の]?{_DIGIT}{{3,4}}(?!{_DIGIT})"
    r"|\d(?<![\d)-].)(?<![\d)] .)\d{1,2}-\d{4}(?![\d-])"
    r"|(?:ハイツ|コーポ|マンション|アパート|荘|メゾン|ハイム|レオパレス|グランデ|ビル)[^\W\d_]{0,6} ?\d{3,4}(?:号(?!室?[^\W_])|(?![^\W_]))"
    r"|[町字][一二三四五六七八九十]{1,3}[-ー−のノ][一二三四五六七八九十]{1,3}(?![^\W_])"
)
"""A telephone number without its area code is one here; with it, it is a whole one, which holds the roll (``persons.PHONE``)."""


def says_dwelling(text: str) -> bool:
    """Whether the text, in Unicode's compatible form, has one of these."""
    return _SIGNS.search(text) is not None
