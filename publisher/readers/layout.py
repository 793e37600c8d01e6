"""From a grid of strings, as it stood in a file, to a table: titles above, header, rows, notes below."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
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
    header_lines = grid.lines[max(top, 0) : bottom + 1]
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
        aside=grid.aside(),
        aside_lines=sheet.aside_lines,
        beside=grid.beside(header_lines),
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
_STANDS = pattern(r"現在|時点|as of", re.I)
_TOLD = pattern(r"更新|発表|作成|公表")
_OTHERS = pattern(r"更新|発表|作成|公表|次回|予定")
_APART = " " * 8
"""More than stands between a day and the word that is said of it."""
_FORM = pattern(r"様式|書式|記入例|制定|施行")
_NEXT = pattern(r"次回|予定")
_TIME = r"(?:\s?(?:\([日月火水木金土]\))?\s?(?:午前|午後)?\s?(?:\d{1,2}\s?時(?:\s?\d{1,2}\s?分|半)?|\d{1,2}:\d\d(?::\d\d)?))?\s?(?:頃|ごろ)?"
_DAY = (
    r"(?:(?:令和|平成|昭和|[RHSrhs])?\s?[\d〇元一二三四五六七八九十]{1,4}\s?[年./-]\s?)?"
    rf"[\d一二三四五六七八九十]{{1,3}}\s?[月./-]\s?[\d一二三四五六七八九十]{{1,3}}\s?日?{_TIME}"
)
_OWN = pattern(rf"{_DAY}\s?(?:現在|時点|更新|発表|作成|公表)(?!$|\s?の?予定)")
_DISASTER = pattern(
    rf"{_DAY}(?:\s?[~〜-]\s?(?:\d{{1,2}}月)?\d{{1,2}}日)?(?:(?!現在|時点|更新|発表|作成|公表)[^\s\d、。,()「」]){{0,12}}?"
    r"(?:大雨|豪雨|暴風|強風|台風|低気圧|地震|震災|津波|噴火|水害|洪水|浸水|大雪|豪雪|雪害|竜巻|土砂|火災|大火|爆発|事故|停電|災害(?!対策|本部|警戒|情報|ボランティア))"
)
"""A day and the disaster that is called after it: 令和8年10月1日大雨災害, 2024年1月1日の能登半島地震; 1月9日災害対策本部 is no disaster."""
_DAY_FIRST = pattern(rf"[\W_]*(?:情報|データ|名簿)?[はの]?\s?{_DAY}")
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
    """The moment that the table names. That as of which it stands (現在, 時点) comes before all others: in a title row or a column's name, then
    in a note that is nothing else. Then come the moments at which it was brought up to date, announced or made: in a title row or a column's
    name, in a column of times, in the notes, in the sheet's name; last any other day of the first title rows.
    """
    below = [*notes, sheet.name]
    said = [_of_itself(text) for text in titles if _MOMENT_WORDS.search(text) or _TOLD.search(text)]
    said += [_of_itself(name) for name in columns if _MOMENT_WORDS.search(name)]
    found = _first(_standing, [*titles, *columns], arrived) or _first(_standing, filter(_is_moment, below), arrived) or _first(_find, said, arrived)
    if found is None:
        found = _latest(columns, rows, arrived)
    if found is None:
        rest = [text for text in below if _MOMENT_WORDS.search(text)]
        found = _first(_standing, rest, arrived) or _first(_find, map(_of_itself, [*rest, *titles[:3]]), arrived)
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


def _first(find: Callable[[str, datetime], datetime | None], texts: Iterable[str], arrived: datetime) -> datetime | None:
    return next((moment for text in texts if (moment := find(text, arrived))), None)


def _standing(text: str, arrived: datetime) -> datetime | None:
    """The moment beside 現在 or 時点; other moments of the line, at which it was made or will be brought up to date, are not looked at."""
    return find_as_of(_OTHERS.sub(_APART, text), arrived) if _STANDS.search(text) else None


def _is_moment(text: str) -> bool:
    """Whether a note begins with a day: 「※1月9日18時現在」, and not 「人口は1月1日現在」."""
    return _DAY_FIRST.match(unicodedata.normalize("NFKC", text)) is not None


def _of_itself(text: str) -> str:
    """A line without the days of which it is not itself: that of the disaster (令和8年10月1日大雨災害), of the form (様式第1号 平成25年4月1日作成),
    of the next edition (次回更新 11月27日18時)."""
    plain = unicodedata.normalize("NFKC", text)
    if _FORM.search(plain):
        return ""
    following = _NEXT.search(plain)
    if following:  # before it only a day that says of itself what it is
        plain = " ".join(_OWN.findall(plain[: following.start()]))
    return _DISASTER.sub(" ", plain)


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
