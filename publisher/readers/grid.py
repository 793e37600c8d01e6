"""The grid of a sheet while it is being understood, and what its rows look like."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

from publisher.model import Beside, Problem, Table
from publisher.patterns import pattern
from publisher.readers.marks import column_letters
from publisher.values import field, frozen, record

WINDOW = 40  # rows in which a header is looked for
SHOWN = "このファイルはまだ公開していません。前に公開したものがあれば、それが表示されたままです。"
STILL = "この表は公開できます。"


@frozen
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
    aside: Sequence[tuple[str, ...]] = ()
    """Hidden rows, in the columns of the others: nothing of them is shown, but they say who is not to be."""
    aside_lines: Sequence[int] = ()
    beside: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Letter of a hidden column → number of a row → its cell; under "" the comments."""
    odd: tuple[str, ...] = ()  # strings of the sheet that look like damage (errors, 5.2E+12)

    @property
    def unit(self) -> str:
        return "行" if self.letters else "行目"


@record
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

_DATA = pattern(
    r"[-+△▲¥$]?\d[\d,.]*[%％]?|[\d/:.\-年月日時分秒 ()～~〜]*\d[\d/:.\-年月日時分秒 ()～~〜]*"
    r"|true|false|[○◯×△◎●✕〇ー\-]|(?:https?|mailto):.*|[{\[<].*|.*@.*\..*"
    r"|(?:令和|平成|昭和|[rhs])\s*(?:\d+|元)\s*[年./].*|不明|有|無|なし|あり|男|女",
    re.DOTALL | re.IGNORECASE,
)
_YEAR = pattern(
    r"(?:19|20)\d\d\s*(?:年度?)?|(?:令和|平成|昭和)(?:\d+|元)年度?|\d{1,2}月|\d+(?:歳|代|歳代)"
)
_META = pattern(r"#[A-Za-z_]+")


def data_like(cell: str) -> bool:
    if len(cell) > 400:
        return True
    narrow = unicodedata.normalize("NFKC", cell).strip()
    return _DATA.fullmatch(narrow) is not None and _YEAR.fullmatch(narrow) is None


def filled(row: Sequence[str]) -> list[str]:
    return [cell for cell in row if cell]


def wordy(row: Sequence[str]) -> bool:
    """Whether the row could be column names: words, not data, mostly different ones."""
    cells = filled(row)
    if not cells or sum(map(data_like, cells)) * 3 > len(cells):
        return False
    if not any(re.search(r"[^\W\d_]", cell) for cell in cells):
        return False
    return len(cells) < 4 or len(set(cells)) * 2 >= len(cells)


def one_line(name: str) -> str:
    """A column name without line breaks; runs of spaces within it become one."""
    name = re.sub(r"(?<=[^\x00-\x7f])\n+|\n+(?=[^\x00-\x7f])", "", name)
    return re.sub(r"\s+", " ", name).strip()


class Grid:
    """The rows while they are being understood: blanks at the edges cut off, all of one length."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        keep = [i for i, row in enumerate(sheet.rows) if any(row)]
        is_whole = len(keep) == len(sheet.rows)
        self.rows: list[tuple[str, ...]] = list(sheet.rows) if is_whole else [sheet.rows[i] for i in keep]
        self.lines: Sequence[int] = sheet.lines if is_whole else [sheet.lines[i] for i in keep]
        self.after_blank = [False] * len(keep) if is_whole else [k > 0 and keep[k] != keep[k - 1] + 1 for k in range(len(keep))]
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
        self.merged = [
            (top, x - left, bottom, r - left)
            for t, x, b, r in sheet.merged
            if (top := bisect_left(keep, t)) <= (bottom := bisect_right(keep, b) - 1) and keep[top] == t
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
            value = " ".join(filled(row[1:]))
            if value and not word.startswith(("#object_type", "#property_")):
                found.append(f"{word[1:]}: {value}")
        self.remove(drop)
        if drop:
            made.warnings.append(
                Problem(
                    "metadata-rows",
                    f"「#」で始まる説明の行を{len(drop)}行、表から分けて注記にしました。",
                    self.sheet.where,
                    STILL,
                    "直す必要はありません。",
                )
            )
        return found

    def remove(self, drop: Sequence[int]) -> None:
        gone = set(drop)
        if not gone:
            return
        keep = [i for i in range(len(self.rows)) if i not in gone]
        places = {i: k for k, i in enumerate(keep)}
        self.lines = [self.lines[i] for i in keep]
        for values in (self.rows, self.lengths, self.after_blank):
            values[:] = [values[i] for i in keep]
        self.merged = [(places[t], x, bisect_right(keep, b) - 1, r) for t, x, b, r in self.merged if t in places]

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
            cells = filled(self.rows[-1])
            if len(cells) != 1 or not (self.rows[-1][0] or self.rows[-1][1]):
                break
            marked = cells[0].startswith(
                ("※", "注", "*", "＊", "（注", "(注", "出典", "備考", "資料", "・", "問い合わせ")
            )
            if not (marked or self.after_blank[-1] or (len(cells[0]) > 20 and self.width >= 3 and notes)):
                break
            notes.insert(0, cells[0])
            self.remove([len(self.rows) - 1])
        return notes

    def aside(self) -> list[tuple[str, ...]]:
        """The hidden rows in the columns of the table."""
        return [tuple([row[c + self.left] if c + self.left < len(row) else "" for c in self.kept]) for row in self.sheet.aside]

    def beside(self, header: Sequence[int]) -> tuple[Beside, ...]:
        """What was hidden beside the rows, and elsewhere. ``header``: the numbers of the rows of the header."""
        if not self.sheet.beside:
            return ()
        rows = {*self.lines, *self.sheet.aside_lines}
        return tuple([_beside(letter, texts, header if letter else (), rows) for letter, texts in self.sheet.beside.items()])

    def final(self) -> list[tuple[str, ...]]:
        if self.kept != list(range(self.width)):
            kept = self.kept
            return [tuple([row[c] for c in kept]) for row in self.rows]
        return self.rows


def _beside(letter: str, texts: Mapping[int, str], header: Sequence[int], rows: set[int]) -> Beside:
    name = "_".join(dict.fromkeys(one_line(texts[line]) for line in header if line in texts))
    cells = {line: text for line, text in texts.items() if line in rows}
    # where a header stands again between the rows, its words are about nobody
    rest = [text for line, text in texts.items() if line not in rows and line not in header and one_line(text) != name]
    return Beside(letter, name, cells, tuple(rest))
