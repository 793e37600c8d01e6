"""Finds the header of a table and makes its column names: above it are titles, below it is data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from publisher.model import Problem
from publisher.patterns import pattern
from publisher.readers.grid import (
    STILL,
    WINDOW,
    Grid,
    Layout,
    Sheet,
    data_like,
    filled,
    one_line,
    plain,
    wordy,
)

_SUBHEADS = frozenset(
    ("男", "女", "有", "無", "あり", "なし", "不明")
)  # data below a header, names below a wider name
_PARTS = frozenset(("男", "女", "男性", "女性", "計", "合計", "小計", "総数", "姓", "名", "氏", "セイ", "メイ", "日", "時", "分", "月日", "日付", "時刻", "自", "至", "から", "まで"))
"""Names below a wider one, in whatever table."""
_UNIT = pattern(r"[(（\[［〔].*[)）\]］〕]")
_LATER = 10
_TITLE_MARK = pattern(r"現在|時点|作成|更新|一覧|名簿|について|第\d+報|発表|資料")


def header_row(rows: Sequence[Sequence[str]]) -> int | None:
    """The index of the header (of its last row, when it has several), None when no row reads like one."""
    window = rows[:WINDOW]
    counts = [len(filled(row)) for row in window]
    full = max(counts, default=0)
    least = 1 if full == 1 else max(2, (full + 1) // 2)
    candidates = [i for i, row in enumerate(window) if counts[i] >= least and wordy(row)]
    for place, i in enumerate(candidates):
        following = candidates[place + 1] if place + 1 < len(candidates) else None
        if following is not None and following <= i + 2 and _better(window[i], window[following]):
            continue
        if (
            full >= 6
            and counts[i] * 10 <= full * 7
            and any(j <= i + 5 and counts[j] * 10 >= counts[i] * 13 for j in candidates[place + 1 :])
        ):
            continue  # lines of instructions above a header that names all the columns
        # A row of words deep below rows of data is no header.
        if sum(counts[k] >= least and not wordy(window[k]) for k in range(i)) > 1:
            return None
        return i
    return None


def _better(row: Sequence[str], later: Sequence[str]) -> bool:
    """Whether the later of two rows of words is the header: the first is a title line or an instruction."""
    first, second = filled(row), filled(later)
    if len(second) > len(first) and any(_TITLE_MARK.search(cell) for cell in first):
        return True
    long = sum(map(len, first)) / len(first) > 30
    return len(second) >= len(first) and long and sum(map(len, second)) / len(second) <= 30


def header_block(grid: Grid, header: int) -> tuple[int, int]:
    """First and last row of the header: one row, or two when merged cells or gaps say so."""
    top = bottom = header
    rows, used = grid.rows, _used(grid, header)
    wide = [(t, x, b, r) for t, x, b, r in grid.merged if r > x and r - x + 1 < grid.width * 0.9]
    if header + 1 < len(rows) and not grid.after_blank[header + 1]:
        below = rows[header + 1]
        deep = any(t <= header < b for t, _, b, _ in grid.merged if t >= header)
        joined = deep or any(t == header for t, *_ in wide)
        gaps = [c for c in used if not rows[header][c]]
        words = [cell for cell in below if cell]
        wider = _wider(rows[header], gaps, [(x, r) for t, x, _, r in wide if t == header])
        if words and (deep or not _is_entry(rows, header, wider)) and not any(data_like(word) and word not in _SUBHEADS for word in words):
            fits = all(rows[header][c] or below[c] for c in used)
            hangs = any(rows[header][c] and not below[c] for c in used)
            fills = any(below[c] for c in gaps)
            if (joined and (fits or wordy(below))) or (
                fills and fits and hangs and _data_below(rows, header + 2, below)
            ):
                bottom = header + 1
    if (
        bottom == header
        and header > 0
        and not grid.after_blank[header]
        and len(filled(rows[header - 1])) >= 2
    ):
        above = rows[header - 1]
        gaps = [c for c in used if not rows[header][c]]
        if any(above[c] for c in gaps) or any(t == header - 1 for t, *_ in wide):
            top = header - 1
    return top, bottom


def _wider(header: Sequence[str], gaps: Sequence[int], spans: Sequence[tuple[int, int]]) -> set[int]:
    """The columns under names that stand over several: merged ones, and one with nothing but blanks on its right."""
    found = {c for x, r in spans for c in range(x, min(r + 1, len(header)))} | set(gaps)  # blank columns at the edge are cut off
    for gap in gaps:
        start = next((c for c in range(gap, -1, -1) if header[c]), None)
        found |= {start} if start is not None else set()
    return found


def _is_entry(rows: Sequence[Sequence[str]], header: int, wider: set[int]) -> bool:
    """Whether the row below a header is the first of the table, though no cell of it looks like data: it has cells where a name above needs no other,
    and under the wider names neither 男, 女, 計 nor words over nothing but numbers. （人） and （世帯） say how a column is counted.
    """
    below, later = rows[header + 1], rows[header + 2 : header + 2 + _LATER]
    for c in wider:
        if below[c] in _PARTS or (below[c] and (cells := filled([row[c] for row in later])) and all(map(data_like, cells))):
            return False
    alone = [c for c, name in enumerate(rows[header]) if name and c not in wider]
    return 2 * sum(bool(below[c]) and _UNIT.fullmatch(below[c]) is None for c in alone) > len(alone)


def _used(grid: Grid, header: int) -> list[int]:
    below = grid.rows[header + 1 : header + 1 + WINDOW]
    return [c for c in range(grid.width) if any(row[c] for row in below) or grid.rows[header][c]]


def _data_below(rows: Sequence[Sequence[str]], start: int, names: Sequence[str]) -> bool:
    return any(
        data_like(row[c])
        for row in rows[start : start + 5]
        for c, name in enumerate(names)
        if name and row[c]
    )


def names_of(grid: Grid, top: int, bottom: int) -> list[str]:
    block = [list(row) for row in grid.rows[top : bottom + 1]]
    for t, x, b, r in grid.merged:
        if t < top or t > bottom:
            continue
        for i in range(t, min(b, bottom) + 1):
            for c in range(max(x, 0), min(r, grid.width - 1) + 1):
                block[i - top][c] = block[t - top][max(x, 0)]
    if not any(top <= t <= bottom for t, *_ in grid.merged):
        for upper, lower in pairwise(block):
            for c in range(1, grid.width):
                if not upper[c] and lower[c] and lower[c - 1]:
                    upper[c] = upper[c - 1]
    names = []
    for c in range(grid.width):
        parts: list[str] = []
        for row in block:
            part = one_line(row[c])
            if part and part not in parts:
                parts.append(part)
        names.append("_".join(parts))
    return names


def columns_of(sheet: Sheet, grid: Grid, names: list[str], made: Layout) -> list[str]:
    """Unique names; columns without name and data go. ``grid.kept`` says which columns of the grid they
    are.
    """
    columns: list[str] = []
    grid.kept = []
    seen: Counter[str] = Counter()
    doubled, unnamed, empty, instructions = [], [], [], []
    first = ""
    for c, name in enumerate(names):
        data = any(row[c] for row in grid.rows)
        if name.startswith(("←", "<-", "⇐")) or re.search(r"を(?:ご)?入力(?:して|する)?(?:ください)?$", name):
            instructions.append(grid.letter(c))
            if not data:
                continue
        if not name:
            if not data:
                empty.append(grid.letter(c))
                continue
            unnamed.append(grid.letter(c))
            name = f"列{c + grid.left + 1}"
            first = first or name
        key = plain(name)
        seen[key] += 1
        if seen[key] > 1:
            number = seen[key]
            while plain(f"{name}_{number}") in seen:
                number += 1
            doubled.append(grid.letter(c) + ("列" if sheet.letters else "列目"))
            name = f"{name}_{number}"
            seen[plain(name)] += 1
        columns.append(name)
        grid.kept.append(c)
    _tell_columns(sheet, doubled, unnamed, first, empty, instructions, made)
    return columns


def _tell_columns(
    sheet: Sheet,
    doubled: list[str],
    unnamed: list[str],
    first: str,
    empty: list[str],
    instructions: list[str],
    made: Layout,
) -> None:
    def tell(code: str, what: str, todo: str) -> None:
        made.warnings.append(Problem(code, what, sheet.where, STILL, todo))

    if doubled:
        tell(
            "same-name",
            f"前の列と同じ名前の列があります（{'、'.join(doubled)}）。番号を付けました。",
            "列の名前を1つずつ違う名前にしてください。",
        )
    if unnamed:
        tell(
            "no-name",
            f"名前のない列があります（{'、'.join(unnamed)}列）。「{first}」のような仮の名前を付けました。",
            "見出しの行に列の名前を入れてください。",
        )
    if empty:
        tell(
            "empty-column",
            f"名前もデータもない列を省きました（{'、'.join(empty)}列）。",
            "列がずれていないか確かめ、要らない列は削除してください。",
        )
    if instructions:
        tell(
            "instruction",
            f"記入の案内が列の名前に残っています（{'、'.join(instructions)}列）。",
            "案内を列の名前に直すか、列を削除してください。",
        )
