"""Mends the rows below a header, and notices what makes them doubtful: other tables, shifts, damage."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from publisher.model import Problem
from publisher.patterns import pattern
from publisher.readers.cells import broken, damaged
from publisher.readers.grid import (
    SHOWN,
    STILL,
    Grid,
    Layout,
    Sheet,
    data_like,
    filled,
    numbers,
    one_line,
    plain,
    wordy,
)


def repair(sheet: Sheet, grid: Grid, columns: list[str], names: list[str], made: Layout) -> None:
    _fill_down(sheet, grid, made)
    _header_again(sheet, grid, names, made)
    _second_table(sheet, grid, made)
    _side_by_side(sheet, grid, names, made)
    _shifted(sheet, grid, columns, made)


def _fill_down(sheet: Sheet, grid: Grid, made: Layout) -> None:
    repeated: list[int] = []
    rows = grid.rows
    for top, left, bottom, _ in grid.merged:
        if bottom <= top or not 0 <= left < grid.width or not 0 <= top < len(rows) or not rows[top][left]:
            continue
        for i in range(top + 1, min(bottom + 1, len(rows))):
            row = list(rows[i])
            row[left] = rows[top][left]
            rows[i] = tuple(row)
            repeated.append(grid.lines[i])
    if repeated:
        made.warnings.append(
            Problem(
                "merged",
                f"縦に結合されたセルがあります。下の行にも同じ値を入れて表にしました（"
                f"{numbers(sorted(set(repeated)))}行）。",
                sheet.where,
                STILL,
                "値が正しいか確かめ、できればセルの結合をやめてください。",
            )
        )


def _header_again(sheet: Sheet, grid: Grid, names: list[str], made: Layout) -> None:
    header = tuple(names)
    if not any(header):
        return
    again = [
        i for i, row in enumerate(grid.rows) if row[0] == header[0] and tuple(map(one_line, row)) == header
    ]
    if again:
        lines = [grid.lines[i] for i in again]
        grid.remove(again)
        made.warnings.append(
            Problem(
                "header-again",
                f"見出しの行が途中にもありました（{numbers(lines)}{sheet.unit}）。データに数えていません。",
                sheet.where,
                STILL,
                "途中の見出しを削除してください。",
            )
        )


def _second_table(sheet: Sheet, grid: Grid, made: Layout) -> None:
    """A row of words after a blank row, over rows with data, is another header: its columns are not those
    of the first.
    """
    rows = grid.rows
    for i in range(1, len(rows) - 1):
        if not (grid.after_blank[i] or (grid.after_blank[i - 1] and len(filled(rows[i - 1])) == 1)):
            continue
        above = [cells for row in rows[: min(i, 5)] if len(cells := filled(row)) >= 2]
        if not above or not all(any(map(data_like, cells)) for cells in above):
            continue
        cells = filled(rows[i])
        if len(cells) < 2 or any(map(data_like, cells)) or not wordy(rows[i]):
            continue
        if any(map(data_like, filled(rows[i + 1]))):
            made.doubts.append(
                Problem(
                    "second-table",
                    f"1つのシートに表が2つ以上あるようです（{grid.lines[i]}{sheet.unit}から別の見出し）。",
                    sheet.where,
                    SHOWN,
                    "表ごとに別のシートか別のファイルに分けてください。",
                )
            )
            return


def _side_by_side(sheet: Sheet, grid: Grid, names: list[str], made: Layout) -> None:
    gaps = [c for c in range(1, grid.width - 1) if not names[c] and not any(row[c] for row in grid.rows)]
    for gap in gaps:
        left = {plain(name) for name in names[:gap] if name}
        right = [plain(name) for name in names[gap + 1 :] if name]
        if left and right and sum(name in left for name in right) * 2 >= len(right):
            made.doubts.append(
                Problem(
                    "side-by-side",
                    f"1つのシートに表が横に並んでいるようです（{grid.letter(gap)}列が空いています）。",
                    sheet.where,
                    SHOWN,
                    "表ごとに別のシートか別のファイルに分けてください。",
                )
            )
            return


_EXPECTED = (
    (
        pattern(r"メール(?:アドレス)?$|e-?mail", re.I),
        pattern(r".*@.*|[-ー－―なし無]+"),
        "メールアドレス",
    ),
    (
        pattern(r"url$", re.I),
        pattern(r"(?:https?:|www\.|/).*|.*\.[a-z]{2,}.*|[-ー－―なし無]+", re.I),
        "アドレス（URL）",
    ),
    (pattern(r"^緯度$|latitude"), pattern(r"-?\d{1,2}(?:\.\d+)?|\d+[°度].*"), "緯度"),
    (pattern(r"^経度$|longitude"), pattern(r"-?\d{1,3}(?:\.\d+)?|\d+[°度].*"), "経度"),
    (pattern(r"^郵便番号$"), pattern(r"〒?\d{3}-?\d{4}|[-ー－―]+"), "郵便番号"),
    (
        pattern(r"^電話番号$|telephone"),
        pattern(r"[^一-龥]*\d[^一-龥]*\d.*|[-ー－―なし無]+|.*[-(]\d.*"),
        "電話番号",
    ),
    (pattern(r"^災害種別_"), pattern(r"[01](?:\.0)?|[○◯〇×✕△◎●ー-]|true|false", re.I), "災害の種別"),
)


def _shifted(sheet: Sheet, grid: Grid, columns: list[str], made: Layout) -> None:
    """Columns whose data are of another kind than their names say; two or more of them mean a shift."""
    wrong = []
    for name, c in zip(columns, grid.kept, strict=True):
        for header, value, word in _EXPECTED:
            if not header.search(plain(name)):
                continue
            cells = [unicodedata.normalize("NFKC", row[c]).strip() for row in grid.rows[:500] if row[c]]
            if len(cells) >= 3 and sum(value.fullmatch(cell) is None for cell in cells) * 10 > len(cells) * 8:
                wrong.append((name, grid.letter(c), word))
            break
    if not wrong:
        return
    listed = "、".join(f"「{name}」（{letter}列）" for name, letter, _ in wrong)
    what = f"列の名前と中身が合いません：{listed}。"
    if len(wrong) > 1:
        made.doubts.append(
            Problem(
                "shifted",
                what + "見出しとデータの列がずれているようです。",
                sheet.where,
                SHOWN,
                "見出しの列とデータの列をそろえて保存し直してください。",
            )
        )
    else:
        made.warnings.append(
            Problem("odd-column", what, sheet.where, STILL, "列がずれていないか確かめてください。")
        )


def damage(sheet: Sheet, grid: Grid, rows: Sequence[tuple[str, ...]], made: Layout) -> None:
    """Errors and codes that were turned into numbers, with their cells; ``sheet.odd`` says which strings to
    look for.
    """
    for test, code, what, todo in (
        (
            broken,
            "error-cell",
            "エラーの値（#REF! など）のセルがあります",
            "式を直すか、値を入れ直してください。",
        ),
        (
            damaged,
            "number-damage",
            "番号が「5.22001E+12」のような数値に変わってしまったセルがあります",
            "元の番号を文字列として入れ直してください。",
        ),
    ):
        look = {text for text in sheet.odd if test(text)}
        if not look:
            continue
        cells = [
            f"{grid.letter(grid.kept[c])}{line}"
            if sheet.letters
            else f"{line}行目の{grid.kept[c] + grid.left + 1}列目"
            for row, line in zip(rows, grid.lines, strict=True)
            for c, cell in enumerate(row)
            if cell in look
        ]
        if cells:
            more = f" ほか{len(cells) - 10}か所" if len(cells) > 10 else ""
            made.warnings.append(
                Problem(
                    code,
                    f"{what}（{'、'.join(cells[:10])}{more}）。",
                    sheet.where,
                    "そのままの文字で公開します。",
                    todo,
                )
            )
