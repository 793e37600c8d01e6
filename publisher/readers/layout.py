"""From a grid of strings, as it stood in a file, to a table: titles above, header, rows, notes below."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from publisher.model import Problem, Table
from publisher.readers.cells import broken, damaged
from publisher.readers.marks import column_letters

WINDOW = 40  # rows in which a header is looked for
_SHOWN = "このファイルはまだ公開していません。前に公開したものがあれば、それが表示されたままです。"
_STILL = "この表は公開できます。"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A grid before it is understood. Rows may differ in length; ``lines[i]`` is the number of
    ``rows[i]`` in the file.

    ``letters`` name the columns of the file that are left (hidden ones are gone), empty for CSV.
    ``merged`` holds
    (top, left, bottom, right) as indexes into what is left, inclusive.
    """

    name: str
    where: str
    rows: Sequence[tuple[str, ...]]
    lines: Sequence[int]
    letters: tuple[str, ...] = ()
    merged: tuple[tuple[int, int, int, int], ...] = ()
    odd: tuple[str, ...] = ()  # strings of the sheet that look like damage (errors, 5.2E+12)

    @property
    def unit(self) -> str:
        return "行" if self.letters else "行目"


@dataclass(slots=True)
class Layout:
    """What came out. ``table`` is None when nothing but blanks stood in the sheet."""

    table: Table | None = None
    warnings: list[Problem] = field(default_factory=list)
    doubts: list[Problem] = field(default_factory=list)


def numbers(values: Sequence[int], most: int = 10) -> str:
    """Line numbers for people: ``3、5–9、14 ほか12か所``."""
    runs: list[list[int]] = []
    for value in sorted(values):
        if runs and value == runs[-1][1] + 1:
            runs[-1][1] = value
        else:
            runs.append([value, value])
    words = [str(a) if a == b else f"{a}–{b}" for a, b in runs[:most]]
    return "、".join(words) + (f" ほか{len(runs) - most}か所" if len(runs) > most else "")


def plain(name: str) -> str:
    """A column name for comparing: NFKC, without white space, lower case."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", name)).lower()


# --- what a row looks like ---------------------------------------------------------------------------------

_DATA = re.compile(
    r"[-+△▲¥$]?\d[\d,.]*[%％]?|[\d/:.\-年月日時分秒 ()～~〜]*\d[\d/:.\-年月日時分秒 ()～~〜]*"
    r"|true|false|[○◯×△◎●✕〇ー\-]|(?:https?|mailto):.*|[{\[<].*|.*@.*\..*"
    r"|(?:令和|平成|昭和|[rhs])\s*(?:\d+|元)\s*[年./].*|不明|有|無|なし|あり|男|女",
    re.DOTALL | re.IGNORECASE,
)
_YEAR = re.compile(
    r"(?:19|20)\d\d\s*(?:年度?)?|(?:令和|平成|昭和)(?:\d+|元)年度?|\d{1,2}月|\d+(?:歳|代|歳代)"
)
_SUBHEADS = frozenset(
    ("男", "女", "有", "無", "あり", "なし", "不明")
)  # data below a header, names below a wider name
_META = re.compile(r"#[A-Za-z_]+")
_TITLE_MARK = re.compile(r"現在|時点|作成|更新|一覧|名簿|について|第\d+報|発表|資料")


def _data_like(cell: str) -> bool:
    if len(cell) > 400:
        return True
    narrow = unicodedata.normalize("NFKC", cell).strip()
    return _DATA.fullmatch(narrow) is not None and _YEAR.fullmatch(narrow) is None


def _filled(row: Sequence[str]) -> list[str]:
    return [cell for cell in row if cell]


def _wordy(row: Sequence[str]) -> bool:
    """Whether the row could be column names: words, not data, mostly different ones."""
    cells = _filled(row)
    if not cells or sum(map(_data_like, cells)) * 3 > len(cells):
        return False
    if not any(re.search(r"[^\W\d_]", cell) for cell in cells):
        return False
    return len(cells) < 4 or len(set(cells)) * 2 >= len(cells)


def _header_row(rows: Sequence[Sequence[str]]) -> int | None:
    """The index of the header (of its last row, when it has several), None when no row reads like one."""
    window = rows[:WINDOW]
    counts = [len(_filled(row)) for row in window]
    full = max(counts, default=0)
    least = 1 if full == 1 else max(2, (full + 1) // 2)
    candidates = [i for i, row in enumerate(window) if counts[i] >= least and _wordy(row)]
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
        if sum(counts[k] >= least and not _wordy(window[k]) for k in range(i)) > 1:
            return None
        return i
    return None


def _better(row: Sequence[str], later: Sequence[str]) -> bool:
    """Whether the later of two rows of words is the header: the first is a title line or an instruction."""
    first, second = _filled(row), _filled(later)
    if len(second) > len(first) and any(_TITLE_MARK.search(cell) for cell in first):
        return True
    long = sum(map(len, first)) / len(first) > 30
    return len(second) >= len(first) and long and sum(map(len, second)) / len(second) <= 30


# --- the whole sheet ---------------------------------------------------------------------------------------


def lay_out(sheet: Sheet, arrived: datetime) -> Layout:
    """Finds the table in a sheet. Pure; what had to be guessed, mended or dropped is a warning, what may be
    wrong a doubt.
    """
    made = Layout()
    grid = _Grid(sheet)
    if not grid.rows:
        return made
    metadata = grid.take_metadata(made)
    header = _header_row(grid.rows)
    if header is None:
        top = bottom = -1
        if not metadata:
            _no_header(sheet, grid, made)
    else:
        top, bottom = _header_block(grid, header)
    names = _names(grid, top, bottom) if header is not None else [""] * grid.width
    titles = _titles(grid, top)
    grid.body(bottom + 1)
    notes = grid.take_notes()
    columns = _columns(sheet, grid, names, made)
    _repair(sheet, grid, columns, names, made)
    rows = grid.final()
    if not rows and len(columns) < 2:
        return made  # a word or two on an empty sheet: there is no table
    _damage(sheet, grid, rows, made)
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


class _Grid:
    """The rows while they are being understood: blanks at the edges cut off, all of one length."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        keep = [i for i, row in enumerate(sheet.rows) if any(row)]
        self.rows: list[tuple[str, ...]] = [sheet.rows[i] for i in keep]
        self.lines: list[int] = [sheet.lines[i] for i in keep]
        self.after_blank = [k > 0 and keep[k] != keep[k - 1] + 1 for k in range(len(keep))]
        self.lengths = [len(row) for row in self.rows]
        self.width = max(self.lengths, default=0)
        while self.width and not any(len(row) >= self.width and row[self.width - 1] for row in self.rows):
            self.width -= 1
        self.left = 0
        while self.left < self.width and not any(
            len(row) > self.left and row[self.left] for row in self.rows
        ):
            self.left += 1
        width, left = self.width, self.left
        if left or any(length != width for length in self.lengths):
            self.rows = [(row + ("",) * (width - len(row)))[left:width] for row in self.rows]
        self.width -= left
        places = {original: k for k, original in enumerate(keep)}
        self.merged = [
            (
                places[t],
                x - left,
                places[min(b, keep[-1])] if min(b, keep[-1]) in places else places[t],
                r - left,
            )
            for t, x, b, r in sheet.merged
            if t in places
        ]
        self.offset = 0
        self.kept: list[int] = list(range(self.width))

    def letter(self, column: int) -> str:
        letters, place = self.sheet.letters, column + self.left
        return (
            letters[place] if place < len(letters) else column_letters(place) if letters else str(place + 1)
        )

    def take_metadata(self, made: Layout) -> list[str]:
        """Rows such as ``#license`` leave the grid; ``#property`` marks the header of such files."""
        found: list[str] = []
        drop: list[int] = []
        for i, row in enumerate(self.rows[:WINDOW]):
            word = row[0]
            if not _META.fullmatch(word):
                continue
            if word == "#property":
                self.rows[i] = ("番号", *row[1:])
                continue
            drop.append(i)
            value = " ".join(_filled(row[1:]))
            if value and not word.startswith(("#object_type", "#property_")):
                found.append(f"{word[1:]}: {value}")
        self._remove(drop)
        if drop:
            made.warnings.append(
                Problem(
                    "metadata-rows",
                    f"「#」で始まる説明の行を{len(drop)}行、表から分けて注記にしました。",
                    self.sheet.where,
                    _STILL,
                    "直す必要はありません。",
                )
            )
        return found

    def _remove(self, drop: Sequence[int]) -> None:
        gone = set(drop)
        if not gone:
            return
        keep = [i for i in range(len(self.rows)) if i not in gone]
        places = {i: k for k, i in enumerate(keep)}
        for values in (self.rows, self.lines, self.lengths, self.after_blank):
            values[:] = [values[i] for i in keep]
        self.merged = [
            (places[t], x, places.get(b, places[t]), r) for t, x, b, r in self.merged if t in places
        ]

    def body(self, start: int) -> None:
        """From here on the grid is what stands below the header."""
        self.rows, self.lines = self.rows[start:], self.lines[start:]
        self.lengths, self.after_blank = self.lengths[start:], self.after_blank[start:]
        self.merged = [(t - start, x, b - start, r) for t, x, b, r in self.merged if t >= start]

    def take_notes(self) -> list[str]:
        """Lines of text below the table leave the grid: one filled cell, and a mark, a blank row or length
        says so.
        """
        notes: list[str] = []
        while self.rows and self.width >= 2:
            cells = _filled(self.rows[-1])
            if len(cells) != 1 or not (self.rows[-1][0] or self.rows[-1][1]):
                break
            marked = cells[0].startswith(
                ("※", "注", "*", "＊", "（注", "(注", "出典", "備考", "資料", "・", "問い合わせ")
            )
            if not (marked or self.after_blank[-1] or (len(cells[0]) > 20 and self.width >= 3 and notes)):
                break
            notes.insert(0, cells[0])
            self._remove([len(self.rows) - 1])
        return notes

    def final(self) -> list[tuple[str, ...]]:
        if self.kept != list(range(self.width)):
            kept = self.kept
            return [tuple([row[c] for c in kept]) for row in self.rows]
        return self.rows


def _no_header(sheet: Sheet, grid: _Grid, made: Layout) -> None:
    if grid.width < 2 and len(grid.rows) < 3:
        return
    made.doubts.append(
        Problem(
            "no-header",
            "列の名前の行（見出し）が見つかりません。",
            sheet.where,
            _SHOWN,
            "1行目に「名称」「住所」のような列の名前を入れて保存し直してください。",
        )
    )


# --- the header --------------------------------------------------------------------------------------------


def _header_block(grid: _Grid, header: int) -> tuple[int, int]:
    """First and last row of the header: one row, or two when merged cells or gaps say so."""
    top = bottom = header
    rows, used = grid.rows, _used(grid, header)
    wide = [(t, x, b, r) for t, x, b, r in grid.merged if r > x and r - x + 1 < grid.width * 0.9]
    if header + 1 < len(rows) and not grid.after_blank[header + 1]:
        below = rows[header + 1]
        joined = any(t <= header < b for t, _, b, _ in grid.merged if t >= header) or any(
            t == header for t, *_ in wide
        )
        gaps = [c for c in used if not rows[header][c]]
        words = [cell for cell in below if cell]
        if words and not any(_data_like(word) and word not in _SUBHEADS for word in words):
            fits = all(rows[header][c] or below[c] for c in used)
            hangs = any(rows[header][c] and not below[c] for c in used)
            fills = any(below[c] for c in gaps)
            if (joined and (fits or _wordy(below))) or (
                fills and fits and hangs and _data_below(rows, header + 2, below)
            ):
                bottom = header + 1
    if (
        bottom == header
        and header > 0
        and not grid.after_blank[header]
        and len(_filled(rows[header - 1])) >= 2
    ):
        above = rows[header - 1]
        gaps = [c for c in used if not rows[header][c]]
        if any(above[c] for c in gaps) or any(t == header - 1 for t, *_ in wide):
            top = header - 1
    return top, bottom


def _used(grid: _Grid, header: int) -> list[int]:
    below = grid.rows[header + 1 : header + 1 + WINDOW]
    return [c for c in range(grid.width) if any(row[c] for row in below) or grid.rows[header][c]]


def _data_below(rows: Sequence[Sequence[str]], start: int, names: Sequence[str]) -> bool:
    return any(
        _data_like(row[c])
        for row in rows[start : start + 5]
        for c, name in enumerate(names)
        if name and row[c]
    )


def _names(grid: _Grid, top: int, bottom: int) -> list[str]:
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
            part = _one_line(row[c])
            if part and part not in parts:
                parts.append(part)
        names.append("_".join(parts))
    return names


def _one_line(name: str) -> str:
    """A column name without line breaks; runs of spaces within it become one."""
    name = re.sub(r"(?<=[^\x00-\x7f])\n+|\n+(?=[^\x00-\x7f])", "", name)
    return re.sub(r"\s+", " ", name).strip()


def _columns(sheet: Sheet, grid: _Grid, names: list[str], made: Layout) -> list[str]:
    """Unique names; columns without name and data go. ``grid.kept`` says which columns of the grid they
    are.
    """
    columns: list[str] = []
    grid.kept = []
    seen: Counter[str] = Counter()
    doubled, unnamed, empty, instructions = [], [], [], []
    for c, name in enumerate(names):
        filled = any(row[c] for row in grid.rows)
        if name.startswith(("←", "<-", "⇐")) or re.search(r"を(?:ご)?入力(?:して|する)?(?:ください)?$", name):
            instructions.append(grid.letter(c))
            if not filled:
                continue
        if not name:
            if not filled:
                empty.append(grid.letter(c))
                continue
            unnamed.append(grid.letter(c))
            name = f"列{c + grid.left + 1}"
        key = plain(name)
        seen[key] += 1
        if seen[key] > 1:
            number = seen[key]
            while plain(f"{name}_{number}") in seen:
                number += 1
            doubled.append(name)
            name = f"{name}_{number}"
            seen[plain(name)] += 1
        columns.append(name)
        grid.kept.append(c)
    _tell_columns(sheet, doubled, unnamed, empty, instructions, made)
    return columns


def _tell_columns(
    sheet: Sheet,
    doubled: list[str],
    unnamed: list[str],
    empty: list[str],
    instructions: list[str],
    made: Layout,
) -> None:
    def tell(code: str, what: str, todo: str) -> None:
        made.warnings.append(Problem(code, what, sheet.where, _STILL, todo))

    if doubled:
        tell(
            "same-name",
            f"同じ名前の列があります（{'、'.join(dict.fromkeys(doubled))}）。2つ目からは番号を付けました。",
            "列の名前を1つずつ違う名前にしてください。",
        )
    if unnamed:
        tell(
            "no-name",
            f"名前のない列があります（{'、'.join(unnamed)}列）。「列5」のような仮の名前を付けました。",
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


# --- the body ----------------------------------------------------------------------------------------------


def _repair(sheet: Sheet, grid: _Grid, columns: list[str], names: list[str], made: Layout) -> None:
    _fill_down(sheet, grid, made)
    _header_again(sheet, grid, names, made)
    _second_table(sheet, grid, made)
    _side_by_side(sheet, grid, names, made)
    _shifted(sheet, grid, columns, made)


def _fill_down(sheet: Sheet, grid: _Grid, made: Layout) -> None:
    filled: list[int] = []
    rows = grid.rows
    for top, left, bottom, _ in grid.merged:
        if bottom <= top or not 0 <= left < grid.width or top >= len(rows) or not rows[top][left]:
            continue
        for i in range(top + 1, min(bottom + 1, len(rows))):
            row = list(rows[i])
            row[left] = rows[top][left]
            rows[i] = tuple(row)
            filled.append(grid.lines[i])
    if filled:
        made.warnings.append(
            Problem(
                "merged",
                f"縦に結合されたセルがあります。下の行にも同じ値を入れて表にしました（"
                f"{numbers(sorted(set(filled)))}行）。",
                sheet.where,
                _STILL,
                "値が正しいか確かめ、できればセルの結合をやめてください。",
            )
        )


def _header_again(sheet: Sheet, grid: _Grid, names: list[str], made: Layout) -> None:
    header = tuple(names)
    if not any(header):
        return
    again = [
        i for i, row in enumerate(grid.rows) if row[0] == header[0] and tuple(map(_one_line, row)) == header
    ]
    if again:
        lines = [grid.lines[i] for i in again]
        grid._remove(again)
        made.warnings.append(
            Problem(
                "header-again",
                f"見出しの行が途中にもありました（{numbers(lines)}{sheet.unit}）。データに数えていません。",
                sheet.where,
                _STILL,
                "途中の見出しを削除してください。",
            )
        )


def _second_table(sheet: Sheet, grid: _Grid, made: Layout) -> None:
    """A row of words after a blank row, over rows with data, is another header: its columns are not those
    of the first.
    """
    rows = grid.rows
    for i in range(1, len(rows) - 1):
        if not (grid.after_blank[i] or (grid.after_blank[i - 1] and len(_filled(rows[i - 1])) == 1)):
            continue
        above = [cells for row in rows[: min(i, 5)] if len(cells := _filled(row)) >= 2]
        if not above or not all(any(map(_data_like, cells)) for cells in above):
            continue
        cells = _filled(rows[i])
        if len(cells) < 2 or any(map(_data_like, cells)) or not _wordy(rows[i]):
            continue
        if any(map(_data_like, _filled(rows[i + 1]))):
            made.doubts.append(
                Problem(
                    "second-table",
                    f"1つのシートに表が2つ以上あるようです（{grid.lines[i]}{sheet.unit}から別の見出し）。",
                    sheet.where,
                    _SHOWN,
                    "表ごとに別のシートか別のファイルに分けてください。",
                )
            )
            return


def _side_by_side(sheet: Sheet, grid: _Grid, names: list[str], made: Layout) -> None:
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
                    _SHOWN,
                    "表ごとに別のシートか別のファイルに分けてください。",
                )
            )
            return


_EXPECTED = (
    (
        re.compile(r"メール(?:アドレス)?$|e-?mail", re.I),
        re.compile(r".*@.*|[-ー－―なし無]+"),
        "メールアドレス",
    ),
    (
        re.compile(r"url$", re.I),
        re.compile(r"(?:https?:|www\.|/).*|.*\.[a-z]{2,}.*|[-ー－―なし無]+", re.I),
        "アドレス（URL）",
    ),
    (re.compile(r"^緯度$|latitude"), re.compile(r"-?\d{1,2}(?:\.\d+)?|\d+[°度].*"), "緯度"),
    (re.compile(r"^経度$|longitude"), re.compile(r"-?\d{1,3}(?:\.\d+)?|\d+[°度].*"), "経度"),
    (re.compile(r"^郵便番号$"), re.compile(r"〒?\d{3}-?\d{4}|[-ー－―]+"), "郵便番号"),
    (
        re.compile(r"^電話番号$|telephone"),
        re.compile(r"[^一-龥]*\d[^一-龥]*\d.*|[-ー－―なし無]+|.*[-(]\d.*"),
        "電話番号",
    ),
    (re.compile(r"^災害種別_"), re.compile(r"[01](?:\.0)?|[○◯〇×✕△◎●ー-]|true|false", re.I), "災害の種別"),
)


def _shifted(sheet: Sheet, grid: _Grid, columns: list[str], made: Layout) -> None:
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
                _SHOWN,
                "見出しの列とデータの列をそろえて保存し直してください。",
            )
        )
    else:
        made.warnings.append(
            Problem("odd-column", what, sheet.where, _STILL, "列がずれていないか確かめてください。")
        )


def _damage(sheet: Sheet, grid: _Grid, rows: Sequence[tuple[str, ...]], made: Layout) -> None:
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


# --- titles, notes, as of when -----------------------------------------------------------------------------


def _titles(grid: _Grid, top: int) -> list[str]:
    return [" ".join(map(_one_line, _filled(row))) for row in grid.rows[: max(top, 0)]]


def _title(titles: Sequence[str]) -> str:
    for title in titles:
        if len(title) <= 60 and not re.fullmatch(r"[\d\s/:.\-年月日時分]+(?:現在|時点)?", title):
            return title
    return ""


_MOMENT_WORDS = re.compile(r"現在|時点|更新|作成|as of", re.I)
_MOMENT_COLUMN = re.compile(
    r"^(?:時点|基準日時?|現在日時|(?:データ)?更新日時?|最終更新.*|.*確認日時|.*時点日時)$"
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
                _STILL,
                "日時（年・月・日・時）を確かめてください。",
            )
        )
        return None
    return found


def _find(text: str, arrived: datetime) -> datetime | None:
    from publisher.readers import dates

    return dates.find(unicodedata.normalize("NFKC", text), arrived)


def _latest(columns: Sequence[str], rows: Sequence[tuple[str, ...]], arrived: datetime) -> datetime | None:
    for c, name in enumerate(columns):
        if _MOMENT_COLUMN.fullmatch(plain(name)):
            values = {row[c] for row in rows if row[c]}
            if 0 < len(values) <= 5000:
                moments = [m for m in (_find(value, arrived) for value in values) if m]
                if len(moments) == len(values):
                    return max(moments)
    return None
