"""Telephone numbers to call by a tap, wherever they stand in a cell (RFC 3966: ``tel:``)."""

from __future__ import annotations

import re
import unicodedata

from publisher.patterns import pattern

_D = "0-9０-９"
_GAP = "[-‐‑–—−－ー (（）)　]"
_NUMBER = pattern(
    rf"(?<![{_D}#&;:=.．~〜～-])"
    rf"(?:[(（]?[0０][{_D}]{{1,4}}{_GAP}{{1,2}}[{_D}]{{1,4}}{_GAP}{{1,2}}[{_D}]{{3,4}}"
    rf"|[0０][{_D}]{{9,10}}"
    rf"|[+＋][{_D}]{{1,3}}{_GAP}{{0,2}}[{_D}]{{1,4}}(?:{_GAP}{{1,2}}[{_D}]{{1,4}}){{1,3}})"
    rf"(?!{_GAP}?[{_D}%％])"
)
_LENGTHS = (10, 11)
"""Digits of a Japanese number with its leading 0: of land lines and free dial, of mobile and IP telephones."""
_ABROAD = range(8, 16)
"""Digits of a number in international form (ITU-T E.164)."""


def linked(markup: str) -> str:
    """The markup of a cell with each telephone number in it as a link; everything else stays as it is."""
    return markup if not markup or "<a " in markup else _NUMBER.sub(_link, markup)


def _link(match: re.Match[str]) -> str:
    text = unicodedata.normalize("NFKC", match[0])
    digits = re.sub(r"[^0-9]", "", text)
    abroad = text.startswith("+")
    if len(digits) not in (_ABROAD if abroad else _LENGTHS):
        return match[0]
    return f'<a href="tel:{"+" if abroad else ""}{digits}">{match[0]}</a>'
