"""Reads spreadsheets (xlsx, xlsm, xls, ods): what a person sees in them, and nothing that is hidden."""

from __future__ import annotations

import io
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from publisher.errors import Unreadable
from publisher.model import Head, Problem, Table, Workbook
from publisher.readers import marks as scanning
from publisher.readers.cells import Strings
from publisher.readers.layout import Layout, Sheet, lay_out, numbers
from publisher.readers.marks import Damaged, Marks, Parts, column_letters
from publisher.values import replace

_SHOWN = "このファイルは公開していません。前に公開した版があれば、それが表示されたままです。"
_HELD = "このファイルはまだ公開していません。前に公開した版があれば、それが表示されたままです。"
_BLOCK = 5_000
"""Rows that are made texts at once."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_WORDS = {
    "empty": (
        "ファイルの中身が空（0バイト）です。",
        "元のファイルを開いて確かめ、もう一度コピーしてください。",
    ),
    "encrypted": ("パスワードが付いているため、読めません。", "パスワードを外して保存し直してください。"),
    "truncated": (
        "ファイルが途中で切れているか、壊れています。",
        "もう一度コピーするか、表計算ソフトで開いて保存し直してください。",
    ),
    "xml": ("ファイルの中身が壊れています。", "表計算ソフトで開いて保存し直してください。"),
    "bomb": (
        "ファイルを広げると異常に大きくなります。",
        "出どころを確かめ、必要な表だけを新しいファイルに写してください。",
    ),
    "sparse": (
        "表の範囲が広すぎます。離れた場所に、要らない文字が入っているようです。",
        "Ctrl+End で右下の端を確かめ、要らない行と列を削除して保存し直してください。",
    ),
    "html": (
        "拡張子は表計算ですが、中身はウェブページ（HTML）です。",
        "表計算ソフトで開き、「Excel ブック」または CSV として保存し直してください。",
    ),
    "other": (
        "表計算のファイルとして読めません。",
        "表計算ソフトで開けるか確かめ、Excel ブックか CSV で保存し直してください。",
    ),
    "blank": (
        "データのある表がありません。",
        "表が入っているか、シートが非表示になっていないか確かめてください。",
    ),
}


def read_sheet(path: str, data: bytes, arrived: datetime) -> Workbook:
    """The tables of a workbook, one a visible sheet. Raises ``Unreadable`` for everything that cannot be
    read.

    Hidden sheets, rows and columns, comments, formulas, embedded objects, charts and the caches of links
    are left out; of the first four it is kept apart what they say (``Table.aside`` and ``beside``, ``Workbook.unseen``), for the review alone.
    """
    try:
        return _read(path, data, arrived)
    except Unreadable:
        raise
    except Damaged as error:
        raise _unreadable(path, str(error)) from error
    except MemoryError as error:
        raise _unreadable(path, "bomb") from error
    except Exception as error:
        word = "encrypted" if type(error).__name__ == "PasswordError" else "other"
        raise _unreadable(path, word) from error
    except BaseException as error:  # a panic of the Rust reader is not an Exception
        if type(error).__name__ == "PanicException":
            raise _unreadable(path, "xml") from error
        raise


def _unreadable(path: str, word: str) -> Unreadable:
    what, todo = _WORDS.get(word, _WORDS["other"])
    return Unreadable(Problem(f"sheet-{word}", what, path, _SHOWN, todo))


def _read(path: str, data: bytes, arrived: datetime) -> Workbook:
    if not data:
        raise Damaged("empty")
    if data.startswith(b"PK"):
        return _read_zip(path, data, arrived)
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Damaged("encrypted")
        return _old_book(path, data, arrived)
    if data[:2] in (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00"):
        return _old_book(path, data, arrived)
    return _read_text(path, data, arrived)


def _old_book(path: str, data: bytes, arrived: datetime) -> Workbook:
    from publisher.readers.marks_xls import scan_xls

    return _Book(path, data, arrived, scan_xls(data), Parts()).read()


def _read_zip(path: str, data: bytes, arrived: datetime) -> Workbook:
    with scanning.open_zip(data) as archive:
        names = set(archive.namelist())
        parts = scanning.parts(archive)
        if "xl/workbook.xml" in names:
            where = scanning.sheet_parts(archive)
            known = scanning.styles(archive)
            if "xl/sharedStrings.xml" in names:
                # read to its end: its sum is checked before the Rust reader trusts its sizes
                struck = [chunk for chunk in scanning.chunks(archive, "xl/sharedStrings.xml") if b"strike" in chunk and scanning.STRUCK.search(chunk)]
                parts = replace(parts, struck=bool(struck))
            marks = {
                name: scanning.scan_sheet(archive, part, known)
                for name, part in where.items()
                if part in names and "/worksheets/" in f"/{part}"
            }
            for name in marks:
                marks[name].comments = scanning.comments(archive, where[name])
        elif "content.xml" in names:
            locked = "META-INF/manifest.xml" in names and archive.read("META-INF/manifest.xml")
            if locked and b"encryption-data" in locked:
                raise Damaged("encrypted")
            from publisher.readers.marks_ods import scan_ods

            marks = scan_ods(archive)
        else:
            raise Damaged("other")
    return _Book(path, data, arrived, marks, parts).read()


def _read_text(path: str, data: bytes, arrived: datetime) -> Workbook:
    """A CSV or a web page under a spreadsheet's name: the first is read as what it is, the second refused."""
    start = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<"):
        raise Damaged("html")
    if b"\0" in data[:2000] and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise Damaged("other")
    from publisher.readers.delimited import read_delimited

    book = read_delimited(path, data, arrived)
    if max(len(table.columns) for table in book.tables) < 2:
        raise Damaged("other")
    told = Problem(
        "really-csv",
        "拡張子は表計算ですが、中身は CSV です。CSV として読みました。",
        path,
        "読み取った内容は公開できます。",
        "ファイル名の終わりを .csv にしてください。",
    )
    return Workbook(book.head, book.tables, (told, *book.warnings), book.doubts)


class _Book:
    """One workbook on its way to tables. ``marks`` is None when nobody could tell what is hidden."""

    def __init__(
        self, path: str, data: bytes, arrived: datetime, marks: dict[str, Marks] | None, parts: Parts
    ) -> None:
        self.path, self.data, self.arrived = path, data, arrived
        self.marks, self.parts = marks, parts
        self.warnings: list[Problem] = []
        self.doubts: list[Problem] = []
        self.unseen: list[Table] = []

    def read(self) -> Workbook:
        from python_calamine import CalamineWorkbook

        if self.marks is None:
            self._doubt("hidden-unknown", "隠れた行や列があるかどうかを確かめられません。", self.path)
        if self.parts.struck:
            self._part_struck(self.path)
        book = CalamineWorkbook.from_filelike(io.BytesIO(self.data))
        tables = [
            table
            for index, meta in enumerate(book.sheets_metadata)
            if (table := self._table(book, index, meta))
        ]
        if not tables:
            raise _unreadable(self.path, "blank")
        self._leftovers()
        title = tables[0].title if len(tables) == 1 else ""
        moments = [table.as_of for table in tables if table.as_of]
        head = Head(title or PurePosixPath(self.path).stem.strip(), date=max(moments) if moments else None)
        return Workbook(head, tuple(tables), tuple(self.warnings), tuple(self.doubts), tuple(self.unseen))

    def _warn(self, code: str, what: str, where: str, todo: str) -> None:
        self.warnings.append(Problem(code, what, where, "ほかの部分は公開できます。", todo))

    def _doubt(self, code: str, what: str, where: str, todo: str = "表計算ソフトで開き、新しい Excel ブックとして保存し直してください。") -> None:
        self.doubts.append(Problem(code, what, where, _HELD, todo))

    def _part_struck(self, where: str) -> None:
        self._doubt("struck-text", "セルの文字の一部に取り消し線があります。どの文字か、読み取れません。", where, "取り消す文字は削除し、載せる文字なら取り消し線を外して保存し直してください。")

    def _table(self, book: Any, index: int, meta: Any) -> Table | None:
        from python_calamine import SheetTypeEnum, SheetVisibleEnum

        where = f"{self.path} シート「{meta.name}」"
        if meta.typ != SheetTypeEnum.WorkSheet:
            self._warn(
                "chart-sheet",
                "グラフなど、表でないシートは公開しません。",
                where,
                "必要なら画像か文章で出してください。",
            )
            return None
        if meta.visible != SheetVisibleEnum.Visible:
            self._warn(
                "hidden-sheet",
                "非表示のシートは公開しません。",
                where,
                "公開するシートなら、再表示して保存してください。",
            )
            self._keep_unseen(book.get_sheet_by_index(index), meta.name, where)
            return None
        marks = (self.marks or {}).get(meta.name)
        if marks is None:
            if self.marks is not None:
                self._doubt("hidden-unknown", "隠れた行や列があるかどうかを確かめられません。", where)
            marks = Marks()
        if marks.unsure:
            self._doubt("hidden-unknown", "隠れた行がありますが、どの行か確かめられません。", where)
        made = self._lay_out(book.get_sheet_by_index(index), meta.name, where, marks)
        self.warnings += made.warnings
        self.doubts += made.doubts
        if made.table is None:
            self._warn("empty-sheet", "データのないシートを飛ばしました。", where, "直す必要はありません。")
        return made.table

    def _keep_unseen(self, source: Any, name: str, where: str) -> None:
        """What a hidden sheet says, all of it as if it were seen; a few words without a header are kept as well."""
        marks = (self.marks or {}).get(name, Marks())
        made = self._lay_out(source, name, where, Marks(errors=marks.errors, comments=marks.comments, merged=marks.merged))
        if made.table is not None:
            self.unseen.append(made.table)
        elif source.start:
            rows = Strings().rows(list(source.iter_rows()))
            self.unseen.append(Table(name, ("",) * source.width, rows, range(1, len(rows) + 1)))

    def _lay_out(self, source: Any, name: str, where: str, marks: Marks) -> Layout:
        left = source.start[1] if source.start else 0
        strings = Strings()
        rows: list[tuple[str, ...]] = []
        lines: list[int] = []
        plain: list[list[Any]] = []
        hidden_rows: list[int] = []
        aside: list[tuple[str, ...]] = []
        beside: dict[int, dict[int, str]] = {}
        keep, cut = _columns(source, left, marks)
        special = _by_row(marks)
        unseen: set[int] = set()
        inks: dict[str, set[int]] = {}
        struck: list[int] = []
        partly: list[int] = []
        ranges = _Ranges([(t, x, b, r) for (t, x), (b, r) in source.merged_cell_ranges or ()] or marks.merged, marks.hidden_rows)
        odd = marks.hidden_rows | special.keys() | marks.struck.keys() | marks.faint.keys()
        for number, values in enumerate(source.iter_rows() if source.start else ()):
            if not (cut or number in odd or ranges.waiting):
                plain.append(values)
                lines.append(number + 1)
                if len(plain) == _BLOCK:
                    rows += strings.rows(plain)
                    plain.clear()
                continue
            rows += strings.rows(plain)
            plain.clear()
            if number in marks.hidden_rows:
                ranges.hidden(number, values, left)
                if any(value != "" for value in values):
                    hidden_rows.append(number + 1)
                    row = strings.row(values)
                    aside.append(tuple([row[c] for c in keep if c < len(row)]))
                    _set_aside(beside, cut, row, number)
                continue
            if number in special:
                values = _overlaid(values, left, special[number], marks, number, unseen)
            values = ranges.seen(number, values, left)
            row = strings.row(values)
            if number in marks.struck and (through := {c - left for c in marks.struck[number] if 0 <= c - left < len(row) and row[c - left]}):
                row = tuple(["" if c in through else cell for c, cell in enumerate(row)])
                struck.append(number + 1)
                if all(row[c].isdecimal() for c in keep if c < len(row) and row[c]):
                    continue  # the number of a row is left, nothing else
                partly.append(number + 1)
            for c, ink in marks.faint.get(number, {}).items():
                if 0 <= c - left < len(row) and row[c - left] and c not in marks.hidden_columns:
                    inks.setdefault(ink, set()).add(number + 1)
            if cut:
                _set_aside(beside, cut, row, number)
                row = tuple([row[c] for c in keep if c < len(row)])
            rows.append(row)
            lines.append(number + 1)
        rows += strings.rows(plain)
        if unseen:
            what = f"表示形式で見えなくしてある文字があります（{numbers([row + 1 for row in unseen])}行）。載せてはいけない方の印かもしれません。"
            self._doubt("unseen-text", what, where, "そのセルの表示形式を「標準」に戻して文字を確かめ、見せないものなら消してから保存し直してください。")
        self._tell_inks(where, inks)
        self._tell_hidden(where, hidden_rows, [c + left for c in sorted(beside)])
        if struck:
            what = f"取り消し線を引いた文字は公開しません（{numbers(struck)}行）。行の文字がすべてそうなら、行ごと除きました。"
            self._warn("struck", what, where, "取り消すものは削除し、載せるものなら取り消し線を外して保存してください。")
        if marks.part_struck:
            self._part_struck(where)
        if marks.stale:
            self._warn(
                "stale-formula",
                "計算結果が保存されていない式があります。そのセルは空になります。",
                where,
                "表計算ソフトで開き、上書き保存してください。",
            )
        letters = tuple(column_letters(c + left) for c in keep)
        merged = _merged(ranges.all, lines, [c + left for c in keep])
        said = _said_beside(beside, left, marks.comments, ranges.all)
        made = lay_out(Sheet(name, where, rows, lines, letters, merged, aside, hidden_rows, said, strings.odd()), self.arrived)
        if partly and made.table is not None:
            made.table = replace(made.table, struck=frozenset(partly))
        return made

    def _tell_inks(self, where: str, inks: Mapping[str, Collection[int]]) -> None:
        if box := inks.get("box"):
            what = f"文字と同じ色で塗りつぶしたセルに、文字が残っています（{numbers(list(box))}行）。"
            self._doubt("unseen-text", what, where, "見せない文字なら、消してから保存し直してください。見せる文字なら、文字か塗りつぶしの色を変えてください。")
        if white := inks.get("white"):
            what = f"白い文字なので見えないセルがあります（{numbers(list(white))}行）。"
            shown = "ほかの文字と同じように公開します。"
            self.warnings.append(Problem("white-text", what, where, shown, "文字の色を「自動」に戻して確かめ、見せないものなら消してから保存し直してください。"))

    def _tell_hidden(self, where: str, rows: Sequence[int], columns: Sequence[int]) -> None:
        if rows:
            self._warn(
                "hidden-rows",
                f"非表示の行は公開しません（{numbers(rows)}行）。",
                where,
                "公開する行なら、フィルターを外し、再表示して保存してください。",
            )
        if columns:
            listed = "、".join(f"{column_letters(c)}" for c in columns[:20])
            self._warn(
                "hidden-columns",
                f"非表示の列は公開しません（列{listed}）。",
                where,
                "公開する列なら、再表示して保存してください。",
            )

    def _leftovers(self) -> None:
        """One sentence for everything that a workbook carries besides its cells."""
        parts, marks = self.parts, list((self.marks or {}).values())
        things = [
            word
            for word, there in (
                ("セルのコメント（メモ）", parts.comments or any(m.comments for m in marks)),
                ("マクロ", parts.macros),
                ("図や写真", parts.pictures),
                ("グラフ", parts.charts),
                ("埋め込みファイル", parts.objects),
                ("ほかのファイルへのリンクの控え", parts.links),
                ("計算式（結果の値だけを使います）", any(m.formulas for m in marks)),
            )
            if there
        ]
        if things:
            noted = parts.comments or any(m.comments for m in marks)
            self._warn(
                "left-out",
                f"次のものは公開しません：{'、'.join(things)}。",
                self.path,
                "名簿で、載せてはいけない方のことをコメントに書いたときは、その方の行の印の列（「閲覧制限」など）にも入れてください。ほかは、直す必要はありません。" if noted else "直す必要はありません。",
            )


def _columns(source: Any, left: int, marks: Marks) -> tuple[list[int], list[int]]:
    """Which columns of the rows stay and which are hidden, counted from the first used column."""
    width = source.width
    cut = [c for c in range(width) if c + left in marks.hidden_columns]
    hidden = set(cut)
    return [c for c in range(width) if c not in hidden], cut


def _set_aside(beside: dict[int, dict[int, str]], cut: Sequence[int], row: Sequence[str], number: int) -> None:
    """Keeps the cells of hidden columns, by column and by the number of the row from 1."""
    for c in cut:
        if c < len(row) and row[c]:
            beside.setdefault(c, {})[number + 1] = row[c]


def _said_beside(
    beside: Mapping[int, dict[int, str]], left: int, comments: Mapping[tuple[int, int], str], ranges: Sequence[tuple[int, int, int, int]]
) -> dict[str, dict[int, str]]:
    """The same by the letters of the columns, and under "" the comments. What is said of a merged range is said of each of its rows."""
    said = {column_letters(c + left): cells for c, cells in beside.items()}
    if comments:
        said[""] = {}
        for (row, _), words in sorted(comments.items()):
            said[""][row + 1] = f"{said[''][row + 1]}\n{words}" if row + 1 in said[""] else words
    for top, first, bottom, _ in ranges if said else ():
        for cells in (said.get(column_letters(first)), said.get("") if (top, first) in comments else None):
            if cells is not None and bottom > top and top + 1 in cells:
                for row in range(top + 1, min(bottom, top + _BLOCK) + 1):
                    cells.setdefault(row + 1, cells[top + 1])
    return said


def _by_row(marks: Marks) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for places in (marks.errors, marks.styles, marks.shown):
        for row, column in places:
            found.setdefault(row, []).append(column)
    return found


def _overlaid(values: list[Any], left: int, columns: Iterable[int], marks: Marks, row: int, unseen: set[int]) -> list[Any]:
    """The row with errors, per cents and zeros in front as they are seen; ``unseen`` gets the rows with text that its format hides."""
    seen = list(values)
    for column in columns:
        c = column - left
        if not 0 <= c < len(seen):
            continue
        place = (row, column)
        if place in marks.errors:
            seen[c] = marks.errors[place]
        elif place in marks.shown:
            seen[c] = marks.shown[place]
        elif seen[c] != "" and (made := marks.styles[place].shown(seen[c])) is not None:
            if not made and isinstance(seen[c], str) and seen[c].strip():
                unseen.add(row)
            seen[c] = made
    return seen


class _Ranges:
    """The merged ranges of a sheet. What is written in a range that begins in hidden rows is seen in the first row of it that is not."""

    def __init__(self, ranges: Sequence[tuple[int, int, int, int]], hidden: Container[int]) -> None:
        self.all = [one for one in ranges if one[0] not in hidden]
        self._waiting = [one for one in ranges if one[0] in hidden]
        self._written: dict[tuple[int, int, int, int], Any] = {}

    @property
    def waiting(self) -> bool:
        """Whether one has begun of which no row was seen yet."""
        return bool(self._waiting)

    def hidden(self, row: int, values: Sequence[Any], left: int) -> None:
        for one in self._waiting:
            if one[0] == row and 0 <= one[1] - left < len(values):
                self._written[one] = values[one[1] - left]

    def seen(self, row: int, values: list[Any], left: int) -> list[Any]:
        """The row with what is seen of those; they begin here from now on."""
        begun = [one for one in self._waiting if one[0] < row <= one[2]]
        if not begun:
            return values
        self._waiting = [one for one in self._waiting if one not in begun]
        values = list(values)
        for one in begun:
            _, first, bottom, last = one
            if 0 <= first - left < len(values) and values[first - left] == "":
                values[first - left] = self._written.get(one, "")
            self.all.append((row, first, bottom, last))
        return values


def _merged(ranges: Sequence[tuple[int, int, int, int]], lines: Sequence[int], columns: Sequence[int]) -> tuple[tuple[int, int, int, int], ...]:
    """Merged ranges as indexes into the rows and columns that are left; those that begin in a hidden column are gone."""
    if not ranges:
        return ()
    rows = {line - 1: i for i, line in enumerate(lines)}
    places = {c: i for i, c in enumerate(columns)}
    return tuple(
        (
            rows[t],
            places[x],
            max(rows.get(i, 0) for i in range(t, min(b, t + 100_000) + 1)),
            max(places.get(c, 0) for c in range(x, r + 1)),
        )
        for t, x, b, r in ranges
        if t in rows and x in places
    )
