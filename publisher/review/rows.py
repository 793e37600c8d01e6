"""What the rows of a roll tell about the care that it needs: rows that are nobody, the same number twice, readings that are none."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence

from publisher.model import Problem, Table
from publisher.patterns import pattern
from publisher.readers.layout import numbers
from publisher.review.headers import Meaning, meaning
from publisher.values import replace

_KANA = pattern(r"[\u3041-\u309f\u30a0-\u30ff・ー\s.,'’=＝\-]+")
_NUMBER = pattern(r"[\s#№-]*(?:no\.?)?\s*\d[\d,]*\s*(?:番|人|名)?\s*", re.IGNORECASE)
_LATIN = pattern(r"[a-zÀ-ɏ][a-zÀ-ɏ\s.,'’\-]*", re.IGNORECASE)
_SUM = pattern(r"(?:合|総|小|累)?計|総数|合計(?:人数|数)?|人数(?:合計|計)|[^\W\d_]{1,12}[ 　]*(?:合計|小計)|total", re.IGNORECASE)
"""Cells that say that a row sums up others."""
_PERSON = (Meaning.NAME, Meaning.READING, Meaning.BIRTH, Meaning.AGE, Meaning.SEX, Meaning.ADDRESS, Meaning.PHONE)
_GOES_ON = "ほかの行は、そのまま公開します。"


def people_only(table: Table, where: str) -> tuple[Table, Problem | None]:
    """The table without rows that are nobody: numbers that were written before the people came, sums below them. They would be counted."""
    about = [meaning(name) for name in table.columns]
    named = [c for c, what in enumerate(about) if what in (Meaning.NAME, Meaning.READING)]
    if not named:
        return table, None
    first = [row[named[0]] for row in table.rows]
    sums = {text for text in set(first) if _SUM.fullmatch(text.strip())}
    bare = [i for i, text in enumerate(first) if not text.strip() or text in sums]
    told = [c for c, what in enumerate(about) if what in _PERSON]
    nobody = {i for i in bare if _is_nobody(table.rows[i], told)}
    if not nobody:
        return table, None
    keep = [i for i in range(len(table.rows)) if i not in nobody]
    ends = [table.ends[i] for i in keep] if table.ends else table.ends
    lines = numbers([table.lines[i] for i in sorted(nobody)])
    told_of = Problem(
        "nobody", f"氏名がなく、番号や合計だけの行があります（{lines}行目）。", where, "その行は人数に数えていません。", "合計や、番号だけを先に入れた行なら、直す必要はありません。氏名の入れ忘れなら、入れて保存し直してください。",
    )  # fmt: skip
    return replace(table, rows=[table.rows[i] for i in keep], lines=[table.lines[i] for i in keep], ends=ends), told_of


def _is_nobody(row: Sequence[str], told: Sequence[int]) -> bool:
    """Whether nothing is said but numbers, or what a sum says. ``told``: the columns that say something of a person; a mean age is none."""
    cells = [cell.strip() for cell in row]
    if any(map(_SUM.fullmatch, cells)):
        return all(not cells[c] or _SUM.fullmatch(cells[c]) or _is_number(cells[c]) for c in told)
    return not any(cells[c] for c in told) and all(_is_number(cell) for cell in cells if cell)


def _is_number(cell: str) -> bool:
    return _NUMBER.fullmatch(unicodedata.normalize("NFKC", cell)) is not None


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
