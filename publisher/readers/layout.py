"""From a grid of strings, as it stood in a file, to a table: titles above, header, rows, notes below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from publisher.model import Problem, Table
from publisher.patterns import pattern
from publisher.readers.body import damage, repair
from publisher.readers.dates import find_as_of, find_moment, parse_moment
from publisher.readers.grid import SHOWN, STILL, Grid, Layout, Sheet, filled, numbers, one_line, plain
from publisher.readers.heading import columns_of, header_block, header_row, names_of

__all__ = ["Layout", "Sheet", "lay_out", "numbers", "plain"]


def lay_out(sheet: Sheet, arrived: datetime) -> Layout:
    """Finds the table in a sheet. Pure; what had to be guessed, mended or dropped is a warning, what may be
    wrong a doubt.
    """
    made = Layout()
    grid = Grid(sheet)
    if not grid.rows:
        return made
    metadata = grid.take_metadata(made)
    header = header_row(grid.rows)
    if header is None:
        top = bottom = -1
        if not metadata:
            _no_header(sheet, grid, made)
    else:
        top, bottom = header_block(grid, header)
    names = names_of(grid, top, bottom) if header is not None else [""] * grid.width
    titles = _titles(grid, top)
    grid.body(bottom + 1)
    notes = grid.take_notes()
    columns = columns_of(sheet, grid, names, made)
    repair(sheet, grid, columns, names, made)
    rows = grid.final()
    if not rows and len(columns) < 2:
        return made  # a word or two on an empty sheet: there is no table
    damage(sheet, grid, rows, made)
    texts = [*titles, *metadata]
    made.table = Table(
        name=sheet.name,
        columns=tuple(columns),
        rows=rows,
        lines=grid.lines,
        title=_title(titles),
        notes=tuple([*titles[1:], *metadata, *notes]),
        as_of=_as_of(sheet, texts, notes, columns, rows, arrived, made),
    )
    return made


def _no_header(sheet: Sheet, grid: Grid, made: Layout) -> None:
    if grid.width < 2 and len(grid.rows) < 3:
        return
    made.doubts.append(
        Problem(
            "no-header",
            "列の名前の行（見出し）が見つかりません。",
            sheet.where,
            SHOWN,
            "1行目に「名称」「住所」のような列の名前を入れて保存し直してください。",
        )
    )


# --- titles, notes, as of when -----------------------------------------------------------------------------


def _titles(grid: Grid, top: int) -> list[str]:
    return [" ".join(map(one_line, filled(row))) for row in grid.rows[: max(top, 0)]]


def _title(titles: Sequence[str]) -> str:
    for title in titles:
        if len(title) <= 60 and not re.fullmatch(r"[\d\s/:.\-年月日時分]+(?:現在|時点)?", title):
            return title
    return ""


_MOMENT_WORDS = pattern(r"現在|時点|更新|作成|as of", re.I)
_MOMENT_COLUMN = pattern(
    r"^(?:時点|基準日時?|現在日時|(?:データ)?(?:更新|作成)日時?|最終更新.*|.*確認日時?|(?:発表|報告)日時|.*時点日時)$"
)


def _as_of(
    sheet: Sheet,
    titles: Sequence[str],
    notes: Sequence[str],
    columns: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    arrived: datetime,
    made: Layout,
) -> datetime | None:
    """The moment that the table names: in a title row, a column's name, a column of times, the notes, the
    sheet's name.
    """
    said = [t for t in titles if _MOMENT_WORDS.search(t)]
    said += [c for c in columns if _MOMENT_WORDS.search(c)]
    found = next((m for m in (_find(t, arrived) for t in said) if m), None)
    if found is None:
        found = _latest(columns, rows, arrived)
    if found is None:
        rest = [t for t in [*notes, sheet.name] if _MOMENT_WORDS.search(t)]
        found = next((m for m in (_find(t, arrived) for t in [*rest, *titles[:3]]) if m), None)
    if found is not None and found > arrived + timedelta(days=1):
        made.warnings.append(
            Problem(
                "future-moment",
                "表の「いつ現在」の日時が未来になっています。届いた時刻を使います。",
                sheet.where,
                STILL,
                "日時（年・月・日・時）を確かめてください。",
            )
        )
        return None
    return found


def _find(text: str, arrived: datetime) -> datetime | None:
    return find_as_of(text, arrived) or find_moment(text, arrived)


def tells_moment(columns: Sequence[str]) -> bool:
    """Whether a column could say as of when the table is."""
    return any(_MOMENT_WORDS.search(name) or _MOMENT_COLUMN.fullmatch(plain(name)) for name in columns)


def _latest(columns: Sequence[str], rows: Sequence[tuple[str, ...]], arrived: datetime) -> datetime | None:
    for c, name in enumerate(columns):
        if _MOMENT_COLUMN.fullmatch(plain(name)):
            values = {row[c] for row in rows if row[c]}
            if 0 < len(values) <= 5000:
                moments = [m for m in (parse_moment(value, arrived) for value in values) if m]
                if len(moments) == len(values):
                    return max(moments)
    return None
