"""Tables as data: CSV that a spreadsheet opens rightly and safely, and its descriptions (CSVW,
Frictionless)."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import groupby

from publisher.model import Problem, PublicTable
from publisher.patterns import pattern

NEUTRALISER = "'"
"""Put before a cell that a spreadsheet would run: it then shows the cell as the text it is."""

_DANGEROUS = frozenset("=+-@＝＋－＠\t\r\n")
_BEGINS_DANGEROUSLY = pattern(f'"[{re.escape("".join(sorted(_DANGEROUS)))}]')
_CHUNK = 10_000
_HARMLESS = pattern(r"[-+－＋]?[\s(（]*[0-9０-９][0-9０-９.,:/()（）．，%％ \-－‐‑–−ー]*|[-－]+")
_INTEGER = pattern(r"-?(?:0|[1-9][0-9]*)")
_NUMBER = pattern(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


class _Bare(str):
    """A cell that `csv.writer` takes for a number, and so writes as it is without quotes."""

    __slots__ = ()

    def __float__(self) -> float:
        return float(str(self))


def csv_bytes(table: PublicTable) -> tuple[bytes, tuple[Problem, ...]]:
    """The table as CSV (RFC 4180: CRLF, quotes doubled) in UTF-8 with a byte order mark, and what had to be
    changed in it.

    A text cell that begins with ``= + - @``, their full-width forms, TAB, CR or LF gets a ``'`` in front
    (OWASP, CSV injection); numbers and telephone numbers such as -5 and +81-3-0000-0000 stay. Each column
    with such cells is one problem that names all their lines in the CSV.

    Cells of columns that are no numbers stand in quotes, so that a spreadsheet told to take quoted fields as
    text leaves leading zeros, long codes and dates as they are.
    """
    bare = [column for column, datatype in enumerate(datatypes(table)) if datatype != "string"]
    changed: dict[int, list[int]] = {}
    data = io.BytesIO()  # encoded as it grows: a text of a million rows would take four times the memory
    data.write(codecs.BOM_UTF8)
    out = io.TextIOWrapper(data, encoding="utf-8", errors="replace", newline="")
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(
        [_safe(header, column, 1, changed) for column, header in enumerate(headers(table.columns))]
    )
    for start in range(0, len(table.rows), _CHUNK):
        rows = table.rows[start : start + _CHUNK]
        text = None if bare else _as_they_are(rows)
        if text is not None:
            out.write(text)
        else:
            _write_one_by_one(writer.writerow, rows, start + 2, bare, changed)
    problems = tuple(_problem(table, column, lines) for column, lines in sorted(changed.items()))
    out.flush()
    return data.getvalue(), problems


def _as_they_are(rows: Sequence[Sequence[str]]) -> str | None:
    """Rows in which every cell only has to be put in quotes; None where one begins with anything that a spreadsheet might calculate,
    or holds a quote."""
    lines = list(map('","'.join, rows))
    cells = '"' + '","'.join(lines)
    if cells.count('"') != 2 * sum(map(len, rows)) - 1 or _BEGINS_DANGEROUSLY.search(cells):
        return None
    return '"' + '"\r\n"'.join(lines) + '"\r\n'


def _write_one_by_one(
    write: Callable[[Sequence[str]], object], rows: Sequence[Sequence[str]], first: int, bare: Sequence[int], changed: dict[int, list[int]]
) -> None:
    for line, row in enumerate(rows, first):
        cells: Sequence[str] = row
        if not _DANGEROUS.isdisjoint([cell[:1] for cell in row]):
            cells = [_safe(cell, column, line, changed) for column, cell in enumerate(row)]
        if bare:
            cells = list(cells)
            for column in bare:
                cells[column] = _Bare(cells[column])
        write(cells)


def headers(columns: Sequence[str]) -> tuple[str, ...]:
    """The first line: a name for each column, none twice (機械可読性に関するルール: 項目名は重複させない)."""
    found: dict[str, None] = {}
    for number, column in enumerate(columns, 1):
        base = " ".join(column.split()) or f"列{number}"
        name, count = base, 1
        while name in found:
            count += 1
            name = f"{base}_{count}"
        found[name] = None
    return tuple(found)


def neutral(cell: str) -> str:
    """The cell as it may stand in a CSV."""
    if cell[:1] in _DANGEROUS and cell and _HARMLESS.fullmatch(cell) is None:
        return NEUTRALISER + cell
    return cell


def _safe(cell: str, column: int, line: int, changed: dict[int, list[int]]) -> str:
    safe = neutral(cell)
    if safe is not cell:
        changed.setdefault(column, []).append(line)
    return safe


def _problem(table: PublicTable, column: int, lines: Sequence[int]) -> Problem:
    return Problem(
        code="formula-cell",
        what="表計算ソフトが数式として実行するおそれのある文字（= + - @ など）で始まるセルが"
        f"{len(lines)}個ありました。",
        where=f"{table.title}「{headers(table.columns)[column]}」列（公開するCSVの{_ranges(lines)}行目）",
        shown="公開するCSVでは先頭に ' を付け、文字として開くようにしました。"
        "ページには元のまま表示しています。",
        todo="数式のつもりであれば、計算した値に置きかえてください。文字であれば、そのままで構いません。",
    )


def _ranges(lines: Sequence[int]) -> str:
    """2、5〜9、12."""
    parts = []
    for _, run in groupby(enumerate(lines), key=lambda pair: pair[1] - pair[0]):
        numbers = [line for _, line in run]
        parts.append(str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}〜{numbers[-1]}")
    return "、".join(parts)


def size_words(size: int) -> str:
    """The size of a download in the words of a link: 1KB at least, 1.5MB from a megabyte on."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))}KB"
    return f"{size / 1_000_000:.1f}MB"


def csvw(table: PublicTable, *, publisher: str, modified: datetime) -> bytes:
    """CSV on the Web (W3C Recommendation, Metadata Vocabulary for Tabular Data): what stands in each
    column."""
    columns = [
        {"name": f"c{number}", "titles": neutral(title), "datatype": datatype}
        for number, (title, datatype) in enumerate(
            zip(headers(table.columns), datatypes(table), strict=True), 1
        )
    ]
    return _json(
        {
            "@context": ["http://www.w3.org/ns/csvw", {"@language": "ja"}],
            "url": f"{table.slug}.csv",
            "dc:title": table.title,
            "dc:publisher": publisher,
            "dc:modified": {"@value": modified.isoformat(), "@type": "xsd:dateTime"},
            "dialect": {
                "encoding": "utf-8",
                "lineTerminators": ["\r\n"],
                "header": True,
                "delimiter": ",",
                "doubleQuote": True,
            },
            "tableSchema": {"columns": columns},
        }
    )


def datapackage(
    table: PublicTable,
    data: bytes,
    *,
    publisher: str,
    modified: datetime,
    homepage: str = "",
    more: Sequence[tuple[PublicTable, bytes]] = (),
) -> bytes:
    """Frictionless Data Package v1 with a tabular resource for each CSV of the folder: its size, hash and
    columns."""
    package = {
        "profile": "tabular-data-package",
        "name": table.slug,
        "title": table.title,
        "created": modified.isoformat(),
        **({"homepage": homepage} if homepage else {}),
        "contributors": [{"title": publisher, "role": "publisher"}],
        "resources": [_resource(one, its) for one, its in ((table, data), *more)],
    }
    return _json(package)


def _resource(table: PublicTable, data: bytes) -> dict[str, object]:
    fields = [
        {"name": neutral(title), "type": datatype}
        for title, datatype in zip(headers(table.columns), datatypes(table), strict=True)
    ]
    return {
        "name": table.slug,
        "path": f"{table.slug}.csv",
        "title": table.title,
        "profile": "tabular-data-resource",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(data),
        "hash": f"sha256:{sha256(data).hexdigest()}",
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "doubleQuote": True, "header": True},
        "schema": {"fields": fields},
    }


def datatypes(table: PublicTable) -> tuple[str, ...]:
    """``integer`` or ``number`` where every filled cell is one without a leading zero, else ``string``.

    Codes and telephone numbers stay strings: their leading zeros must survive.
    """
    return tuple(_datatype(row[column] for row in table.rows) for column in range(len(table.columns)))


def _datatype(cells: Iterable[str]) -> str:
    found = "string"
    for cell in cells:
        if not cell:
            continue
        if found != "number" and _INTEGER.fullmatch(cell):
            found = "integer"
        elif _NUMBER.fullmatch(cell):
            found = "number"
        else:
            return "string"
    return found


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
