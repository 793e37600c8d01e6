"""○, 1 and 有 in cells, told as words."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

_YES = frozenset(["○", "◯", "〇", "●", "◎", "1", "1.0", "有", "有り", "あり", "可", "可能", "はい", "true", "yes", "y", "対応", "該当", "レ", "✓", "✔"])
_NO = frozenset(["×", "✕", "✖", "╳", "0", "0.0", "無", "無し", "なし", "不可", "いいえ", "false", "no", "n", "非対応", "非該当", "対応なし"])
_PARTLY = frozenset(["△", "▲"])
_NOTHING = frozenset(("", "-", "ー", "－", "―", "—"))
_SIGNS = frozenset(["○", "◯", "〇", "●", "◎", "×", "✕", "✖", "△", "▲"])


def plain(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell).strip().lower()


def yes(cell: str) -> bool | None:
    """Whether the cell says yes or no; None when it says anything else, or nothing."""
    text = plain(cell)
    return True if text in _YES else False if text in _NO else None


def partly(cell: str) -> bool:
    return plain(cell) in _PARTLY


def nothing(cell: str) -> bool:
    return plain(cell) in _NOTHING


def worded(cell: str, positive: str = "はい", negative: str = "いいえ") -> str:
    """The cell in words where it is a mark, else as it is."""
    said = yes(cell)
    if said is None:
        return "" if nothing(cell) else cell
    return positive if said else negative


def signs_only(cells: Iterable[str]) -> bool:
    """Whether a column holds nothing but ○, × and △: digits may be numbers, so they do not count."""
    found = {plain(cell) for cell in cells}
    return bool(found & _SIGNS) and found <= _SIGNS | _NOTHING
