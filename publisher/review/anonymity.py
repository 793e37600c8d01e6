"""Tells when what is shown of people singles somebody out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from publisher.model import Problem
from publisher.review.headers import Meaning, meaning

K = 5
"""Fewer people than this with the same age band, town, sex and shelter are as good as named (k-anonymity, k = 5)."""

_NAMING = (Meaning.NAME, Meaning.READING)


def quasi_identifiers(columns: Sequence[str]) -> list[int]:
    """The columns that name nobody and yet tell people apart: all but names and readings."""
    return [c for c, name in enumerate(columns) if meaning(name) not in _NAMING]


def alike(rows: Iterable[Sequence[str]], columns: Sequence[int]) -> Iterator[str]:
    """Of each row what it shares with others: its cells of these columns as one text."""
    if len(columns) == 1:
        return map(itemgetter(*columns), rows)
    return map("\x1f".join, map(itemgetter(*columns), rows))


def singled_out(rows: Sequence[Sequence[str]], columns: Sequence[int], k: int = K) -> int:
    """How many rows share their cells of these columns with fewer than ``k`` rows, themselves included."""
    if not columns or not rows:
        return 0
    return few(Counter(alike(rows, columns)).values(), k)


def few(counts: Iterable[int], k: int = K) -> int:
    """How many rows are in groups of fewer than ``k``."""
    return sum([count for count in counts if count < k])


def warning(names: Sequence[str], rows: Sequence[Sequence[str]], where: str, alone: int | None = None) -> Problem | None:
    """The warning for staff: how many rows and which columns, no cell of them. ``alone``: how many they are, where that is known."""
    columns = quasi_identifiers(names)
    if alone is None:
        alone = singled_out(rows, columns)
    if not alone:
        return None
    listed = "、".join(f"「{names[c]}」" for c in columns)
    return Problem(
        "singled-out",
        f"公開する列{listed}の組み合わせが同じ人が{K}人に満たない行が、{len(rows):,}行のうち{alone:,}行あります。名前がなくても、だれのことか分かるおそれがあります。",
        where,
        "このまま公開します。",
        "なくてもよい列を publisher.toml の publish から外すか、mask で年代や町名までにしてください。",
    )
