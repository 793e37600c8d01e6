"""Reads CSV and TSV files as RFC 4180 writes them, and reports where a file departs from it."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from pathlib import PurePosixPath

from publisher.errors import Unreadable
from publisher.model import Head, Problem, Workbook
from publisher.readers.cells import Strings, blocks, changes, untouched
from publisher.readers.layout import Layout, Sheet, lay_out, numbers
from publisher.values import frozen, replace

_SHOWN = "このファイルは公開していません。前に公開した版があれば、それが表示されたままです。"
_SAMPLE = 200_000  # characters in which the separator is looked for
_LONGEST = 1 << 22
_LARGE = 1 << 18
_CHUNK = 10_000

_Read = tuple[list[tuple[str, ...]], Sequence[int], tuple[str, ...]]


def read_delimited(path: str, data: bytes, arrived: datetime) -> Workbook:
    """The table of a CSV or TSV file. Raises ``Unreadable``.

    Rows longer than the header are a doubt (a comma that belongs to a text shifts the columns), shorter
    ones a warning.
    """
    try:
        return _read(path, data, arrived)
    except Unreadable:
        raise
    except (csv.Error, UnicodeError, ValueError, MemoryError) as error:
        raise _unreadable(
            path,
            "no-csv",
            "CSV として読めません。",
            "表計算ソフトで開けるか確かめ、「CSV UTF-8」で保存し直してください。",
        ) from error


def _read(path: str, data: bytes, arrived: datetime) -> Workbook:
    if not data.strip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"):
        raise _unreadable(
            path,
            "empty-file",
            "ファイルの中身が空です。",
            "元のファイルを確かめ、もう一度コピーしてください。",
        )
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _really_a_sheet(path, data, arrived)
    text, warnings = _text(path, data)
    separator, text, first = _separator(path, text)
    records = _Records(text, separator, first)
    rows, lines, odd = records.read()
    made = lay_out(Sheet("", path, rows, lines, odd=odd), arrived)
    if made.table is None:
        raise _unreadable(
            path,
            "no-table",
            "表になるデータがありません。",
            "1行目に列の名前、2行目からデータを入れてください。",
        )
    if records.broken_quote:
        _tell_quote(path, records, made)
    _lengths(path, rows, lines, made)
    title = made.table.title or PurePosixPath(path).stem.strip()
    head = Head(title, date=made.table.as_of)
    return Workbook(head, (made.table,), (*warnings, *made.warnings), tuple(made.doubts))


def lines_of(path: str, data: bytes) -> list[str] | None:
    """The lines of a file that ends all of them alike; None for one that does not, is no text, or whose characters are in doubt."""
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return None
    try:
        text, warnings = _text(path, data)
    except Unreadable:
        return None
    end = "\r\n" if "\r" in text else "\n"
    lines = text.split(end)
    if warnings or (end == "\r\n" and not text.count("\r") == text.count("\n") == len(lines) - 1):
        return None
    return lines[:-1] if not lines[-1] else lines


def are_plain(lines: Sequence[str]) -> bool:
    """Whether each of some ``lines_of`` a file is one record, whatever stands around it: none goes over several, and no cell is read otherwise than
    it stands there, but for spaces around it."""
    text = "\n".join(lines)
    return not ('"' in text or (lines and lines[0].startswith("sep=")) or changes(text))


@frozen
class PlainColumns:
    """Some columns of plain lines, the first of which is the header: their ``names``, in which ``places`` of a line they stand, and what
    separates those."""

    names: tuple[str, ...]
    places: tuple[int, ...]
    separator: str

    def rows(self, lines: Iterable[str]) -> list[tuple[str, ...]]:
        """The cells of these lines; "" where a line ends before."""
        most = max(self.places, default=0) + 1
        found = []
        for line in lines:
            cells = line.split(self.separator, most)
            found.append(tuple([cells[c].strip() if c < len(cells) else "" for c in self.places]))
        return found


def plain_columns(path: str, lines: Sequence[str], is_wanted: Callable[[str], bool]) -> PlainColumns:
    """The columns with a wanted name."""
    separator = _separator(path, "\n".join(lines[:_CHUNK]))[0]
    names = [name.strip() for name in lines[0].split(separator)]
    places = [c for c, name in enumerate(names) if is_wanted(name)]
    return PlainColumns(tuple([names[c] for c in places]), tuple(places), separator)


def _unreadable(path: str, code: str, what: str, todo: str) -> Unreadable:
    return Unreadable(Problem(code, what, path, _SHOWN, todo))


def _really_a_sheet(path: str, data: bytes, arrived: datetime) -> Workbook:
    from publisher.readers.sheet import read_sheet

    book = read_sheet(path, data, arrived)
    told = Problem(
        "really-sheet",
        "拡張子は CSV ですが、中身は表計算のファイルです。表計算として読みました。",
        path,
        "読み取った内容は公開できます。",
        "ファイル名の終わりを .xlsx にしてください。",
    )
    return Workbook(book.head, book.tables, (told, *book.warnings), book.doubts)


def _text(path: str, data: bytes) -> tuple[str, tuple[Problem, ...]]:
    """The characters of the file. A long one's encoding is told by its beginning and must fit all of it."""
    from publisher.readers.charset import decode

    if len(data) > _LARGE and b"\0" not in data[:4096]:
        beginning = decode(path, data[: data.rfind(b"\n", 0, _LARGE) + 1] or data)
        if not beginning.warnings:
            try:
                return data.decode(beginning.encoding).removeprefix("\ufeff"), ()
            except UnicodeError:
                pass  # the beginning was plain ASCII, say; judged as a whole below
    decoded = decode(path, data)
    return decoded.text, decoded.warnings


# --- the separator
# -------------------------------------------------------------------------------------------


def _separator(path: str, text: str) -> tuple[str, str, int]:
    """The separator, the text without a ``sep=;`` line, and the number of its first line."""
    if match := re.match(r'"?sep=(.)"?\r?\n', text):
        return match[1], text[match.end() :], 2
    sample = text[:_SAMPLE]
    if len(text) > _SAMPLE:
        sample = sample[: sample.rfind("\n") + 1] or sample
    choices = "\t,;，|" if path.lower().endswith((".tsv", ".tab")) else ",\t;，|"
    best, best_score = choices[0], (0.0, 0)
    for separator in choices:
        if separator in sample:
            score = _score(sample, separator)
            if score > best_score:
                best, best_score = separator, score
    return best, text, 1


def _score(sample: str, separator: str) -> tuple[float, int]:
    """How many of the rows have the same number of cells, and what number that is; nothing for a single
    column.
    """
    widths = Counter()
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
    try:
        for count, row in enumerate(reader):
            if any(row):
                widths[len(row)] += 1
            if count > 300:
                break
    except csv.Error:
        return 0.0, 0
    if not widths:
        return 0.0, 0
    width, count = max(widths.items(), key=lambda item: (item[0] > 1, item[1], item[0]))
    return (round(count / widths.total(), 1), width) if width > 1 else (0.0, 0)


# --- the records
# ---------------------------------------------------------------------------------------------


class _Records:
    """Rows with the lines they begin at. A quote that is never closed is noticed, not obeyed to the end of
    the file.
    """

    def __init__(self, text: str, separator: str, first: int) -> None:
        self._text, self._separator, self._first = text, separator, first
        self.broken_quote = 0

    def read(self) -> _Read:
        """Rows, the line of each, and the strings that look damaged."""
        csv.field_size_limit(_LONGEST)
        try:
            found = self._as_they_stand() if untouched(self._text, self._separator) else None
            return found or self._collect(self._reader(strict=True))
        except csv.Error:
            pass
        unclosed = self._unclosed()
        if unclosed:
            self.broken_quote = unclosed
            return self._collect(self._reader(strict=False, quoting=csv.QUOTE_NONE))
        return self._collect(self._reader(strict=False))

    def _reader(self, strict: bool, quoting: int = csv.QUOTE_MINIMAL) -> Iterator[list[str]]:
        lines = chain.from_iterable(io.StringIO(block, newline="") for block in blocks(self._text))
        return csv.reader(lines, delimiter=self._separator, strict=strict, quoting=quoting)

    def _as_they_stand(self) -> _Read | None:
        """The rows of a text in which no cell needs cleaning: ten times faster than cell by cell. None where a
        cell goes over several lines.
        """
        reader = self._reader(strict=True)
        rows: list[tuple[str, ...]] = []
        known: dict[int, dict[str, str]] = {}
        while some := list(islice(reader, _CHUNK)):
            if any([len(row) != len(some[0]) for row in some]):
                rows += map(tuple, some)
                continue
            columns: list[tuple[str, ...] | list[str]] = list(zip(*some, strict=True))
            for place, cells in enumerate(columns):  # equal cells share one string where many are equal, different ones of a column lie together
                if not rows and 2 * len(set(cells)) <= len(cells):
                    known[place] = {}
                if place in known:
                    columns[place] = list(map(known[place].setdefault, cells, cells))
                else:
                    columns[place] = "\0".join(cells).split("\0")  # which is in none of them
            rows += zip(*columns, strict=True)
        if reader.line_num != len(rows):  # type: ignore[attr-defined]
            return None
        return rows, range(self._first, self._first + len(rows)), ()

    def _collect(self, reader: Iterator[list[str]]) -> _Read:
        rows: list[tuple[str, ...]] = []
        lines: list[int] = []
        strings = Strings()
        line = self._first
        for row in reader:
            rows.append(strings.row(row))
            lines.append(line)
            line = reader.line_num + self._first
        return rows, lines, strings.odd()

    def _unclosed(self) -> int:
        """The line of a quote that swallows everything to the end, 0 when all are closed."""
        line = self._first
        reader = self._reader(strict=True)
        while True:
            try:
                next(reader)
            except StopIteration:
                return 0
            except csv.Error as error:
                return line if "end of data" in str(error) else 0
            line = reader.line_num + self._first


def _tell_quote(path: str, records: _Records, made: Layout) -> None:
    made.doubts.append(
        Problem(
            "open-quote",
            f'{records.broken_quote}行目の引用符（"）が閉じていません。',
            path,
            "このファイルはまだ公開していません。前に公開した版があれば、それが表示されたままです。",
            f'{records.broken_quote}行目の「"」を確かめて保存し直してください。',
        )
    )


def _lengths(path: str, rows: list[tuple[str, ...]], lines: Sequence[int], made: Layout) -> None:
    """Compares every row with the header's length; blank cells at a row's end count for nothing."""
    table = made.table
    start = next((i for i, line in enumerate(lines) if table.lines and line == table.lines[0]), len(rows))
    header = next((rows[i] for i in range(start - 1, -1, -1) if any(rows[i])), ())
    if not header or any(problem.code == "no-header" for problem in made.doubts):
        return
    width = _width(header)
    odd = [
        (row, line) for row, line in zip(rows[start:], lines[start:], strict=True) if len(row) != len(header)
    ]
    last = table.lines[-1] if table.lines else 0  # below it are notes
    long = [line for row, line in odd if len(row) > width and any(row[width:])]
    short = [line for row, line in odd if len(row) < width and any(row) and line <= last]
    if long:
        made.doubts.append(
            Problem(
                "long-row",
                f"見出しの列の数（{width}）より長い行があります（{numbers(long)}行目）。"
                f"列がずれているおそれがあります。",
                path,
                "このファイルはまだ公開していません。前に公開した版があれば、それが表示されたままです。",
                'コンマを含む文章は「"」で囲むか、表計算ソフトから CSV で保存し直してください。',
            )
        )
    if short:
        made.table = replace(table, cut=frozenset(short))
        made.warnings.append(
            Problem(
                "short-row",
                f"見出しの列の数（{width}）より短い行があります（{numbers(short)}行目）。"
                f"足りないところは空欄にしました。",
                path,
                "この表は公開できます。",
                "セルの中の改行や、抜けたコンマがないか確かめてください。",
            )
        )


def _width(header: tuple[str, ...]) -> int:
    """The number of columns that the header names, blank ones at its end not counted."""
    width = len(header)
    while width and not header[width - 1]:
        width -= 1
    return width
