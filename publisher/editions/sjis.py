"""The gate to Shift_JIS: only JIS X 0208 passes, what does not is simplified in a fixed order, and
nothing is lost in silence.

Order: variation selectors and joiners go; symbols that differ between mapping tables are brought to one
form; what encodes stays; then the site's own replacements, the unique candidate of the MJ shrink map, the
National Tax Agency's map, compatibility decomposition (``①`` → ``1``), accents removed, and last the geta
mark 〓.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from publisher.patterns import pattern
from publisher.values import frozen

GETA = "〓"

SYMBOLS = str.maketrans(
    {
        "～": "〜",
        "－": "−",
        "∥": "‖",
        "￠": "¢",
        "￡": "£",
        "￢": "¬",
        "—": "―",
        "¥": "￥",
        "‾": "￣",
        "–": "―",
        "•": "・",
        "·": "・",
        "‑": "-",
        "‐": "‐",
        "\xa0": " ",
        "\u2002": " ",
        "\u2003": "　",
        "\u2009": " ",
        "\u202f": " ",
        "゙": "゛",
        "゚": "゜",
        "“": "“",
        "™": "(TM)",
        "©": "(C)",
        "®": "(R)",
        "€": "ユーロ",
        "✓": "レ",
        "✔": "レ",
        "☑": "■",
        "☐": "□",
        "⚠": "！",
        "❗": "！",
        "❌": "×",
        "⭕": "○",
        "➡": "→",
        "⬅": "←",
        "⬆": "↑",
        "⬇": "↓",
        "▶": "▲",
        "◀": "▼",
        "☎": "電話",
        "☏": "電話",
        "📞": "電話",
        "℡": "電話",
        "⻑": "長",
    }
)
"""Same or same-meaning characters. The first seven: where Windows and JIS map one code to different
characters (JIS X 0208 to Unicode).
"""

_QUIET = frozenset("～－∥￠￡￢—¥‾–‑\xa0\u2002\u2003\u2009\u202f゙゚•·")
"""Replacements that nobody sees: they are no loss."""

_INVISIBLE = (
    "\u200b-\u200f\u2060-\u2064\u00ad\ufe00-\ufe0f\ufeff\u202a-\u202e\u2066-\u2069\U000e0100-\U000e01ef"
)
_MEND = pattern(f"[{_INVISIBLE}\uff61-\uff9f\u0300-\u036f\u3099\u309a\xa5\u203e]")
_STRIP = pattern(f"[{_INVISIBLE}]")
_MARKS = "\u0300-\u036f\u3099\u309a"
_MARK = pattern(f"[{_MARKS}]")
_COMPOSED = pattern(f"[^<>\0{_MARKS}][{_MARKS}]+")
"""A character with the marks that join it. Those of a tag, and what stands between cells, are no part of any text."""
_HALF_KANA = pattern("[\uff61-\uff9f]+")
_FEW = 20
"""Characters that are exchanged one after the other more quickly than all in one go."""
_MARKUP = str.maketrans({"<": "＜", ">": "＞", "&": "＆", '"': "”", "'": "’"})


@frozen
class Loss:
    """A character that the legacy edition shows as another one; ``shown`` is 〓 when there was nothing
    better.
    """

    original: str
    shown: str


@frozen
class Gated:
    """Text that strict ``shift_jis`` encodes, and each different character that was simplified on the way."""

    text: str
    losses: tuple[Loss, ...] = ()


def has_marks(text: str) -> bool:
    """Whether a mark in it may join what stands before it."""
    return _MARK.search(text) is not None


def composed(text: str) -> str:
    """The text with its marks joined to what stands before them. Nothing else changes, so that what becomes of a cell hangs on it alone."""
    return _COMPOSED.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)


def gate(text: str, own: Mapping[str, str] | None = None) -> Gated:
    """Simplify ``text`` until strict ``shift_jis`` encodes it. ``own``: the site's replacements, one
    character each. What becomes of a part hangs on no other part, but for what a mark joins.

    Safe on text and on markup: a replacement never brings in ``< > & " '``.
    """
    if _MEND.search(text) is None and _encodes(text):
        return Gated(text)
    text = _STRIP.sub("", composed(text))
    text = _HALF_KANA.sub(_full_width, text).replace("¥", "￥").replace("‾", "￣")
    if _encodes(text):
        return Gated(text)
    shown: dict[str, str] = {}
    losses: list[Loss] = []
    for character in dict.fromkeys(text):
        if character.isascii() or _encodes(character):
            continue
        replacement = (own or {}).get(character) or _simplified(character)
        replacement = (replacement if _encodes(replacement) else _simplified(character)).translate(_MARKUP)
        shown[character] = replacement
        if character not in _QUIET:
            losses.append(Loss(character, replacement))
    return Gated(_exchanged(text, shown), tuple(losses))


def _exchanged(text: str, shown: Mapping[str, str]) -> str:
    """The text with each of these characters as another; none of those that come in is one that goes."""
    if len(shown) > _FEW:
        return text.translate(str.maketrans(shown))
    for character, replacement in shown.items():
        text = text.replace(character, replacement)
    return text


def encoded(text: str) -> bytes | None:
    """The bytes of a text that passes as it is; None for one that the gate has to simplify."""
    if _MEND.search(text) is not None:
        return None
    try:
        return text.encode("shift_jis")
    except UnicodeEncodeError:
        return None


def size(text: str) -> int:
    """Bytes of the gated text in Shift_JIS."""
    return len(gate(text).text.encode("shift_jis"))


def _full_width(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0]).replace("\u3099", "゛").replace("\u309a", "゜")


def _encodes(text: str) -> bool:
    try:
        text.encode("shift_jis")
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=65536)
def _simplified(character: str) -> str:
    by_symbol = character.translate(SYMBOLS)
    decomposed = unicodedata.normalize("NFKC", character)
    plain = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    for candidate in (
        by_symbol,
        candidates().get(character, ""),
        candidates().get(unicodedata.normalize("NFC", character), ""),
        decomposed,
        decomposed.translate(SYMBOLS),
        plain,
    ):
        if candidate and candidate.strip() and _encodes(candidate):
            return candidate
    return " " if character.isspace() else GETA


@lru_cache(maxsize=1)
def candidates() -> Mapping[str, str]:
    """Unique candidates within JIS X 0208: of the MJ shrink map, then of the National Tax Agency (see the
    NOTICE beside the data).
    """
    lines = Path(__file__).with_name("simplified.tsv").read_text("utf-8").splitlines()
    return {line[0]: line[2] for line in lines if len(line) >= 3 and line[1] == "\t"}
