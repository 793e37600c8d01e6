"""Readings of names (フリガナ, romaji, nothing at all) as keys that sort and divide a list as Japanese
directories do."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from publisher.patterns import pattern

LATIN = "\ue001"
"""First character of the key of a reading in Latin letters: it sorts after all kana."""
OTHER = "\ue002"
"""First character of the key of a name without a usable reading: last of all."""

ROWS = (
    "アイウエオ",
    "カキクケコ",
    "サシスセソ",
    "タチツテト",
    "ナニヌネノ",
    "ハヒフヘホ",
    "マミムメモ",
    "ヤユヨ",
    "ラリルレロ",
    "ワヲン",
)
"""The rows of the fifty sounds by which people look a name up."""

_CONSONANTS = ("", "k", "s", "t", "n", "h", "m", "y", "r", "w")
_VOWEL = dict(zip("アイウエオ", "aiueo", strict=True))
_SMALL = str.maketrans("ァィゥェォッャュョヮヵヶヰヱ", "アイウエオツヤユヨワカケイエ")
_HIRAGANA = {point: point + 0x60 for point in range(0x3041, 0x3097)} | {0x309D: 0x30FD, 0x309E: 0x30FE}
_LONG = "ー"
_REPEATED = "ヽヾ"


def _codes() -> dict[str, str]:
    codes = {"ヤ": "ya", "ユ": "yu", "ヨ": "yo", "ワ": "wa", "ヲ": "wo", "ン": "nn"}
    for consonant, row in zip(_CONSONANTS, ROWS, strict=True):
        if len(row) == 5:
            codes |= {kana: consonant + vowel for kana, vowel in zip(row, "aiueo", strict=True)}
    return codes


_CODES = _codes()
_VOWEL_OF = {
    kana: next(k for k, v in _VOWEL.items() if v == code[-1]) for kana, code in _CODES.items() if kana != "ン"
}
_KANA = frozenset(_CODES)


def code(initial: str) -> str:
    """ASCII for the first character(s) of a key: サト → ``sato``, Latin → ``x``, other → ``z``; only as far
    as it is kana.

    No two strings of kana have the same code (サ シ are ``sa si``, ン is ``nn``).
    """
    parts = []
    for character in initial:
        part = _CODES.get(character) or {LATIN: "x", OTHER: "z"}.get(character)
        if part is None:
            break
        parts.append(part)
    return "".join(parts)


def initial_label(initial: str) -> str:
    """What a link to the first step of the reading is called: ``さ``, ``英字``, ``その他``."""
    if initial == LATIN:
        return "英字"
    return "その他" if initial == OTHER else hiragana(initial)


def hiragana(katakana: str) -> str:
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in katakana)


def label(prefix: str) -> str:
    """The readable form of the beginning of a key."""
    return prefix.lstrip(LATIN + OTHER)


def key(reading: str, name: str = "") -> str:
    """The primary sort key: base kana only, or a marker and the letters of a reading that is not kana.

    JIS X 4061 (Japanese collation): voiced and semi-voiced marks and the size of small kana do not count at
    first, a long vowel mark counts as the vowel before it, an iteration mark as the kana before it. Spaces do
    not count, because one office writes サトウ　ヨシエ and the next サトウヨシエ. Where the reading says
    nothing, a ``name`` in kana or Latin letters is its own reading.
    """
    found = _key(reading)
    if found is None and name:
        found = _key(name)
    return found if found is not None else OTHER + _plain(name)


def _plain(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", name) if c.isalnum()).lower()[:16]


def _key(text: str) -> str | None:
    decomposed = unicodedata.normalize("NFKD", text).translate(_HIRAGANA).translate(_SMALL).lower()
    kept: list[str] = []
    for character in decomposed:
        if character in _KANA or (character.isascii() and character.isalnum()):
            kept.append(character)
        elif character == _LONG:
            if kept and kept[-1] in _VOWEL_OF:
                kept.append(_VOWEL_OF[kept[-1]])
        elif character in _REPEATED:
            kept += kept[-1:]
        elif not kept and character.isalpha():
            return None
    if not kept or kept[0].isdigit():
        return None
    return "".join(kept) if kept[0] in _KANA else LATIN + "".join(kept)


_ONLY_KANA = pattern(f"[{''.join(_CODES)}]+")
_LINES_OF_KANA = pattern(f"[{''.join(_CODES)}\n]+")
_LENGTHENED = pattern(f"([{''.join(_VOWEL_OF)}])({_LONG}+)")
_BASE = {point: ord(chr(_HIRAGANA.get(point, point)).translate(_SMALL)) for point in (*_HIRAGANA, *_SMALL)} | dict.fromkeys(map(ord, "\u3099\u309a \u3000"))
"""Kana as large katakana; their marks, which stand apart after decomposition, and spaces: nothing."""
_CHUNK = 1_000


def keys(readings: Sequence[str], names: Sequence[str]) -> list[str]:
    """`key` of each pair; those that are nothing but kana in one go, ten times as fast."""
    found: list[str | None] = []
    for start in range(0, len(readings), _CHUNK):
        found += _of_kana(readings[start : start + _CHUNK])
    known: dict[tuple[str, str], str] = {}
    for place, one in enumerate(found):
        if one is None:
            pair = readings[place], names[place]
            found[place] = known[pair] if pair in known else known.setdefault(pair, key(*pair))
    return found  # type: ignore[return-value]


def _of_kana(readings: Sequence[str]) -> Sequence[str | None]:
    """The keys of those that are kana; None where the rules have to be asked one by one."""
    text = unicodedata.normalize("NFKD", "\n".join(readings)).translate(_BASE)
    if _LONG in text:
        text = _LENGTHENED.sub(lambda found: found[1] + _VOWEL_OF[found[1]] * len(found[2]), text)
    parts = text.split("\n")
    if len(parts) != len(readings):
        return [None] * len(readings)
    if _LINES_OF_KANA.fullmatch(text):
        return [part or None for part in parts]
    return [part if _ONLY_KANA.fullmatch(part) else None for part in parts]
