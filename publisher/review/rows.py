"""What the rows of a roll tell about the care that its columns need: the same number twice, readings that are none."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable

from publisher.model import Problem, Table
from publisher.patterns import pattern
from publisher.readers.layout import numbers

_KANA = pattern(r"[\u3041-\u309f\u30a0-\u30ff・ー\s.,'’=＝\-]+")
_LATIN = pattern(r"[a-zÀ-ɏ][a-zÀ-ɏ\s.,'’\-]*", re.IGNORECASE)
_GOES_ON = "ほかの行は、そのまま公開します。"


def doubled(table: Table, place: int, key: Callable[[str], str], where: str) -> Problem | None:
    """Rows that share the number by which they are told apart."""
    seen = Counter(key(row[place]) for row in table.rows)
    seen.pop("", None)
    if len(seen) == len(table.rows) or not any(count > 1 for count in seen.values()):
        return None
    lines = [line for row, line in zip(table.rows, table.lines, strict=True) if seen[key(row[place])] > 1]
    return Problem(
        "same-key",
        f"「{table.columns[place]}」が同じ行があります（{numbers(lines)}行目）。",
        where,
        "どの行も公開しています。版ごとの増減の数が、正しくないことがあります。",
        "同じ方が2度入っていないか、番号の打ち間違いがないか確かめてください。",
    )


def readings(table: Table, place: int, where: str) -> Problem | None:
    """Readings that are missing, in Latin letters, or in kanji; hiragana reads as well as katakana."""
    values = {row[place] for row in table.rows}
    if all(map(str.strip, values)) and _KANA.fullmatch("\n".join(values)):
        return None  # all of them at once: many times faster than one by one
    verdicts = {value: _verdict(value) for value in values}
    lines: dict[str, list[int]] = {}
    for row, line in zip(table.rows, table.lines, strict=True):
        if said := verdicts[row[place]]:
            lines.setdefault(said, []).append(line)
    if not lines:
        return None
    parts = "、".join(f"{said}行が{len(found):,}行（{numbers(found)}行目）" for said, found in sorted(lines.items()))
    return Problem(
        "readings",
        f"読みの列「{table.columns[place]}」に、{parts}あります。",
        where,
        "五十音では「英字」か「その他」から探せます。" + _GOES_ON,
        "分かるときは、カタカナで入れてください。",
    )


def _verdict(value: str) -> str:
    text = unicodedata.normalize("NFKC", value).strip()
    if not text:
        return "空の"
    if _KANA.fullmatch(text):
        return ""
    return "ローマ字の" if _LATIN.fullmatch(text) else "カナでない"
