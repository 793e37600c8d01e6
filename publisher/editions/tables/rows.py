"""One row of a table as the markup of each edition, encoded once and kept in one buffer, so that a page is
cut out of it."""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from html import escape
from itertools import accumulate, chain
from operator import itemgetter, or_
from urllib.parse import quote, urlsplit, urlunsplit

from publisher.editions.sjis import composed, gate, has_marks
from publisher.editions.tables.columns import Layout, Role
from publisher.editions.tables.telephone import linked
from publisher.model import PublicTable
from publisher.patterns import pattern
from publisher.values import frozen

CHUNK = 2000
"""Rows that are escaped in one go: thirty times faster than cell by cell."""

MAIN, MAIN_OF_WIDE = 4, 2
"""Columns beside the name that the web edition shows at most; of a table with more, so many, and the rest
under 詳細."""

_SAMPLE = 2_000
"""Cells at most that tell whether those of a column repeat."""
_KNOWN = 30_000
"""Ends of rows that are remembered: most people of a roll share place, age and shelter with others."""

_APART = "\x00"
_CONTROLS = pattern("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BARE_NUMBER = pattern(r"[-−]?[0-9０-９][0-9０-９.,，]*")
_COORDINATE = pattern(r"[0-9]{1,3}\.[0-9]+")

Cells = Sequence[str]


class Rows:
    """The markup of all rows of one edition in one piece of memory, in the order of the reading."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._ends = array("Q", [0])
        self.lossy = bytearray()
        """One byte a row: 1 when the legacy edition shows another character than the original."""

    def extend(self, markups: Sequence[bytes], lossy: bytes) -> None:
        start = len(self._buffer)
        self._buffer += b"".join(markups)
        self._ends.extend(
            accumulate(map(len, markups[1:]), initial=start + len(markups[0])) if markups else ()
        )
        self.lossy += lossy

    def __len__(self) -> int:
        return len(self.lossy)

    def sizes(self) -> Iterator[int]:
        before = 0
        for end in memoryview(self._ends)[1:]:
            yield end - before
            before = end

    def slice(self, start: int, stop: int) -> bytes:
        """Rows that stand beside each other."""
        return bytes(self._buffer[self._ends[start] : self._ends[stop]])

    def any_lossy(self, places: range | Sequence[int]) -> bool:
        if isinstance(places, range):
            return 1 in memoryview(self.lossy)[places.start : places.stop]
        return any([self.lossy[p] for p in places])

    def pick(self, indexes: Iterable[int]) -> bytes:
        """Rows from anywhere."""
        buffer, ends = self._buffer, self._ends
        return b"".join([buffer[ends[i] : ends[i + 1]] for i in indexes])


@frozen
class Apart:
    """A row of a roll in two parts: ``opening``, name and reading, then what its other cells become. Many people share place, age and shelter
    with others, so that this is made once for all of them."""

    opening: str
    named: int
    """How many of the columns are name and reading."""
    reading: tuple[str, str]
    """What stands around the reading where there is one."""
    rest: Callable[[Cells], str]
    """The end of the row."""
    longest: int | None
    """Characters up to which a row surely fits a page; longer ones are written as a whole."""


@frozen
class Dress:
    """How one edition writes a row: the columns whose cells it wants, what becomes of each cell, and the
    whole; ``apart``: the same in two parts, where that can be."""

    columns: tuple[int, ...]
    links: dict[int, Callable[[str, str], str]]
    row: Callable[[Cells, Cells], str]
    apart: Apart | None = None


def make(rows: Sequence[Cells], order: Sequence[int], dress: Dress, encoding: str) -> Rows:
    """Write every row in this order."""
    made = Rows()
    write = _in_parts(dress, dress.apart, encoding) if dress.apart is not None else partial(_as_a_whole, dress, encoding)
    for start in range(0, len(order), CHUNK):
        written, lossy = write([rows[i] for i in order[start : start + CHUNK]])
        made.extend(_APART.join(written).encode(encoding).split(_APART.encode()), lossy)
    return made


def _as_a_whole(dress: Dress, encoding: str, rows: Sequence[Cells]) -> tuple[list[str], bytes]:
    """The markup of each row, and which of them show another character than the original."""
    raw = [row[c] for row in rows for c in dress.columns]
    cells, lost = escaped(raw, legacy=encoding != "utf-8")
    width = len(dress.columns)
    for place, link in dress.links.items():
        column = dress.columns[place]
        cells[place::width] = [link(row[column], cell) for row, cell in zip(rows, cells[place::width], strict=True)]
    written = [dress.row(cells[start : start + width], row) for start, row in zip(range(0, len(cells), width), rows, strict=True)]
    return written, _lossy(raw, lost, width)


def _in_parts(dress: Dress, apart: Apart, encoding: str) -> Callable[[Sequence[Cells]], tuple[list[str], bytes]]:
    """The same of rows in two parts."""
    named, others = dress.columns[: apart.named], dress.columns[apart.named :]
    known: dict[Cells, tuple[str, int]] = {}
    before, after = apart.reading
    legacy = encoding != "utf-8"

    def ends(said: Iterable[Cells]) -> None:
        """What these cells become, for those of whom it is not known yet."""
        new = [one for one in dict.fromkeys(said) if one not in known]
        raw = list(chain.from_iterable(new))
        cells, lost = escaped(raw, legacy=legacy) if raw else ([], frozenset())
        width = len(others)
        rest = [apart.rest(cells[at : at + width]) for at in range(0, len(new) * width, width)] if width else [apart.rest(())] * len(new)
        known.update(zip(new, zip(rest, _lossy(raw, lost, width) if width else bytes(len(new)), strict=True), strict=True))

    def write(rows: Sequence[Cells]) -> tuple[list[str], bytes]:
        if len(known) > _KNOWN:
            known.clear()
        said = _cells(rows, others)
        if any(one not in known for one in said):
            ends(said)
        found = list(map(known.__getitem__, said))
        columns, lossy = [], bytes([one[1] for one in found])
        for column in named:
            raw = [row[column] for row in rows]
            cells, lost = escaped(raw, legacy=legacy)
            columns.append(cells)
            if lost:
                lossy = bytes(map(or_, lossy, _lossy(raw, lost, 1)))
        if len(columns) > 1:
            columns[1] = [f"{before}{cell}{after}" if cell else "" for cell in columns[1]]
            written = [f"{apart.opening}{name}{reading}{rest}" for name, reading, (rest, _) in zip(*columns, found, strict=True)]
        else:
            written = [f"{apart.opening}{name}{rest}" for name, (rest, _) in zip(*columns, found, strict=True)]
        if apart.longest is not None and max(map(len, written), default=0) > apart.longest:
            long = [place for place, one in enumerate(written) if len(one) > apart.longest]
            for place, one in zip(long, _as_a_whole(dress, encoding, [rows[place] for place in long])[0], strict=True):
                written[place] = one
        return written, lossy

    return write


def _cells(rows: Sequence[Cells], columns: Sequence[int]) -> list[Cells]:
    """Of each row the cells of these columns."""
    if len(columns) > 1:
        return list(map(itemgetter(*columns), rows))
    return [tuple(row[column] for column in columns) for row in rows]


def _lossy(raw: Sequence[str], lost: frozenset[str], width: int) -> bytes:
    """A byte for each row of so many cells: 1 where one of them has a character that was ``lost``."""
    if not lost:
        return bytes(len(raw) // width)
    shown = [composed(_CONTROLS.sub("", cell.replace(_APART, ""))) for cell in raw] if has_marks("".join(raw)) else raw
    return bytes([any(not lost.isdisjoint(cell) for cell in shown[at : at + width]) for at in range(0, len(raw), width)])


def escaped(raw: list[str], *, legacy: bool) -> tuple[list[str], frozenset[str]]:
    """Cells as markup, and the characters among them that the legacy edition cannot show as they are."""
    text = _markup(_APART.join(raw))
    if text.count(_APART) != len(raw) - 1:
        text = _APART.join(_markup(cell.replace(_APART, "")) for cell in raw)
    if not legacy:
        return text.split(_APART), frozenset()
    gated = gate(text)
    return gated.text.split(_APART), frozenset(loss.original for loss in gated.losses)


def _markup(text: str) -> str:
    text = escape(text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\n" in text:
        text = text.replace("\n", "<br/>")
    return _CONTROLS.sub("", text) if _CONTROLS.search(text) else text


# --- the dresses -----------------------------------------------------------------


def web(table: PublicTable, layout: Layout) -> Dress:
    """A row of a table: name with its reading, the most useful columns, the rest folded."""
    named, main, under = _named(layout), main_columns(layout), phone_below(layout)
    beside = list(under.values())
    columns = (*named, *main, *beside, *(i for i in layout.shown if i not in main and i not in beside))
    titles = [escape(table.columns[i]) for i in columns]
    first, last = len(named), len(named) + len(main)
    below = {columns.index(i): columns.index(j) for i, j in under.items()}
    folded = last + len(beside)
    folding = folds(layout)
    mapped = place_on_map(layout)
    openings = [_opening(layout, i, table.columns[i]) for i in main]

    def row(cells: Cells, raw: Cells) -> str:
        data = cells[first:last]
        for place, other in below.items():
            if cells[other]:
                data[place - first] = f"{cells[place]}<br/>{cells[other]}"
        if mapped is not None:
            where = _map_link(raw, layout)
            data[mapped] = f"{data[mapped]}<br/>{where}" if where else data[mapped]
        said = "".join([f"{opening}{cell}</td>" for opening, cell in zip(openings, data, strict=True)])
        return f'<tr><th scope="row">{_web_name(cells, layout)}</th>{said}{more(cells, raw)}</tr>\n'

    def lone(cells: Cells, raw: Cells) -> str:
        return f'<tr><th scope="row">{_web_name(cells, layout)}</th>{more(cells, raw)}</tr>\n'

    def rest(cells: Cells) -> str:
        return f"</th>{''.join([f'{opening}{cell}</td>' for opening, cell in zip(openings, cells, strict=True)])}</tr>\n"

    def more(cells: Cells, raw: Cells) -> str:
        if not folding:
            return ""
        pairs = [f"<dt>{titles[i]}</dt><dd>{cells[i]}</dd>" for i in range(folded, len(cells)) if cells[i]]
        where = _map_link(raw, layout) if mapped is None else ""
        if where:
            pairs.append(f"<dt>地図</dt><dd>{where}</dd>")
        if not pairs:
            return "<td></td>"
        return f"<td><details><summary>詳細</summary><dl>{''.join(pairs)}</dl></details></td>"

    links = _links(columns, layout)
    is_plain = table.personal and layout.lead is not None and not (links or below or folding) and layout.map is None
    apart = Apart('<tr><th scope="row">', first, ("<br/><small>", "</small>"), rest, None) if is_plain else None
    return Dress(columns, links, row if main else lone, apart)


def _opening(layout: Layout, column: int, title: str) -> str:
    """A cell that says its title on a narrow screen, where a row stands as a card, unless it says so itself."""
    if layout.main is None or layout.roles[column] in {Role.ADDRESS, Role.STATUS, Role.DISTRICT}:
        return "<td>"
    return f'<td data-t="{escape(title)}">'


def _web_name(cells: Cells, layout: Layout) -> str:
    if layout.kana in {None, layout.lead}:
        return cells[0]
    return f"{cells[0]}<br/><small>{cells[1]}</small>" if cells[1] else cells[0]


def main_columns(layout: Layout) -> tuple[int, ...]:
    """The columns that the web edition shows unfolded, after the name: all of a small table, the most useful
    of a wide one.

    A district is said by the address already, and a telephone number stands below the address.
    """
    if layout.main is not None:
        return layout.main
    if len(layout.shown) <= MAIN and layout.map is None:
        return layout.shown
    addressed = any(layout.roles[i] is Role.ADDRESS for i in layout.shown)
    said = {Role.DISTRICT, Role.PHONE} if addressed else set()
    return tuple(i for i in layout.brief if layout.roles[i] not in said)[:MAIN_OF_WIDE]


def phone_below(layout: Layout) -> dict[int, int]:
    """The address column below which the telephone number stands, and its column."""
    main = main_columns(layout)
    address = next((i for i in main if layout.roles[i] is Role.ADDRESS), None)
    number = next((i for i in layout.shown if layout.roles[i] is Role.PHONE), None)
    return {} if address is None or number is None or number in main else {address: number}


def place_on_map(layout: Layout) -> int | None:
    """Which of the unfolded columns is the address under which the map stands, if any."""
    if layout.map is None or layout.main is None:
        return None
    return next((at for at, i in enumerate(layout.main) if layout.roles[i] is Role.ADDRESS), None)


def folds(layout: Layout) -> bool:
    """Whether something of a row is left to unfold."""
    hidden_map = layout.map is not None and place_on_map(layout) is None
    return hidden_map or len(main_columns(layout)) + len(phone_below(layout)) < len(layout.shown)


def brief(table: PublicTable, layout: Layout, *, legacy: bool, room: int) -> Dress:
    """A row of the small editions: the name, then lines 「列名: 値」.

    Of a roll and of a narrow table the values alone, a legend or a header says which. ``room`` is what a page
    has for rows, in bytes: a row that would not fit alone loses its last lines.
    """
    columns = brief_columns(table, layout)
    named = len(columns) - len(layout.brief)
    titles = [escaped([table.columns[i]], legacy=legacy)[0][0] for i in columns]
    opening, closing, apart = ("■", "<br/>\n", " ") if legacy else ("<li>", "</li>\n", "　")
    encoding = "shift_jis" if legacy else "utf-8"

    def beside(cells: Cells, raw: Cells) -> str:
        return (
            _clipped(" ".join(filter(None, cells)), [])
            if legacy
            else f"<tr><td>{'</td><td>'.join(cells)}</td></tr>\n"
        )

    def compact(cells: Cells, raw: Cells) -> str:
        return _clipped(opening + _brief_name(cells, named), values(cells[named:]))

    def rest(cells: Cells) -> str:
        return "".join([f"<br/>{line}" for line in values(cells)]) + closing

    def values(cells: Cells) -> list[str]:
        rest = [
            f"{title}:{cell}" if cell[-1].isdigit() and _BARE_NUMBER.fullmatch(cell) else cell
            for title, cell in zip(titles[named:], cells, strict=True)
            if cell
        ]
        return [apart.join(rest)] if rest else []

    def lines(cells: Cells, raw: Cells) -> str:
        rest = [f"{titles[i]}: {cell}" for i, cell in enumerate(cells) if i >= named and cell]
        return _clipped(opening + _brief_name(cells, named), rest)

    def _clipped(name: str, rest: list[str]) -> str:
        found = "<br/>".join([name, *rest]) + closing
        if len(found) * 3 <= room or len(found.encode(encoding)) <= room:
            return found
        rest = [_shortened(line, room // 4) for line in rest]
        while len(rest) > 1 and len("<br/>".join([name, *rest]).encode(encoding)) > room - 50:
            rest.pop()
        return "<br/>".join([_shortened(name, room // 4), *rest, "（以下略）"]) + closing

    links = _links(columns, layout)
    parts = Apart(opening, named, ("（", "）"), rest, room // 3) if table.personal and named and not links else None
    return Dress(columns, links, compact if table.personal else beside if layout.narrow else lines, parts)


def measured(table: PublicTable, layout: Layout, cells: Sequence[Sequence[str]], *, legacy: bool, room: int) -> list[int] | None:
    """The bytes of each row of a roll as ``brief`` writes it, without writing any; None where only writing tells:
    of other tables, and where a row is too long for a page. ``cells`` of each column, in the order that is wanted."""
    columns = brief_columns(table, layout)
    named = len(columns) - len(layout.brief)
    if not table.personal or named not in (1, 2) or _links(columns, layout):
        return None
    encoding = "shift_jis" if legacy else "utf-8"
    around, brackets, apart = (len("■<br/>\n".encode(encoding)), 4, 1) if legacy else (len(b"<li></li>\n"), 6, 3)
    titles = [escaped([table.columns[i]], legacy=legacy)[0][0] for i in columns]
    sizes = [around + size for size in _sizes(cells[columns[0]], encoding)]
    if named == 2:
        sizes = [size + (more and more + brackets) for size, more in zip(sizes, _sizes(cells[columns[1]], encoding), strict=True)]
    said = list(zip(*[cells[i] for i in columns[named:]], strict=True)) or [()] * len(sizes)
    rest = _rests(said, titles[named:], apart, encoding)
    line = len("<br/>") - apart
    sizes = [size + (more and more + line) for size, more in zip(sizes, map(rest.__getitem__, said), strict=True)]
    return sizes if max(sizes, default=0) <= room else None


def _rests(said: Sequence[Cells], titles: Sequence[str], apart: int, encoding: str) -> dict[tuple[str, ...], int]:
    """What a person's cells beside the name take, with what stands between them; many people share them."""
    different = list(dict.fromkeys(said))
    found = [0] * len(different)
    for cells, title in zip(zip(*different, strict=True), titles, strict=True):
        found = [size + (more and more + apart) for size, more in zip(found, _sizes(cells, encoding, title), strict=True)]
    return dict(zip(different, found, strict=True))


def _sizes(column: Sequence[str], encoding: str, title: str = "") -> list[int]:
    """Bytes of the markup of each cell, with the title where it says a bare number; of cells that repeat, looked at once."""
    some = column[:: len(column) // _SAMPLE + 1]
    if len(set(some)) * 2 > len(some):
        return _different(column, encoding, title)
    different = list(dict.fromkeys(column))
    known = dict(zip(different, _different(different, encoding, title), strict=True))
    return list(map(known.__getitem__, column))


def _different(column: Sequence[str], encoding: str, title: str) -> list[int]:
    found: list[int] = []
    for start in range(0, len(column), CHUNK):
        cells = escaped(list(column[start : start + CHUNK]), legacy=encoding != "utf-8")[0]
        if title:
            cells = [f"{title}:{cell}" if cell and cell[-1].isdigit() and _BARE_NUMBER.fullmatch(cell) else cell for cell in cells]
        found += map(len, _APART.join(cells).encode(encoding).split(_APART.encode()))
    return found


def brief_columns(table: PublicTable, layout: Layout) -> tuple[int, ...]:
    """Columns of the small editions: a person's name with its reading, a place's name without."""
    named = _named(layout) if table.personal else tuple(i for i in (layout.lead,) if i is not None)
    return named + layout.brief


def _shortened(markup: str, room: int) -> str:
    """Long text without its markup; what was cut off stands in the CSV."""
    if len(markup) * 3 <= room:
        return markup
    text = re.sub(r"<br/>", " ", markup)
    text = re.sub(r"<[^>]*>", "", text)[: room // 3]
    return re.sub(r"&[a-z#0-9]*$", "", text) + "…"


def _brief_name(cells: Cells, named: int) -> str:
    return f"{cells[0]}（{cells[1]}）" if named > 1 and cells[1] else cells[0]


def _named(layout: Layout) -> tuple[int, ...]:
    """What a row begins with, and its reading."""
    return tuple(dict.fromkeys(i for i in (layout.lead, layout.kana) if i is not None))


def _links(columns: Sequence[int], layout: Layout) -> dict[int, Callable[[str, str], str]]:
    kinds = {Role.PHONE: phone, Role.URL: web_link}
    return {place: kinds[layout.roles[i]] for place, i in enumerate(columns) if layout.roles[i] in kinds}


def phone(raw: str, markup: str) -> str:
    """Every telephone number in the cell to call by a tap; anything else stays text."""
    return linked(markup)


def web_link(raw: str, markup: str) -> str:
    """A link to http or https; every other scheme stays text."""
    address = raw.strip()
    try:
        parts = urlsplit(address)
    except ValueError:
        return markup
    if (
        parts.scheme.lower() not in {"http", "https"}
        or not parts.netloc
        or re.search(r"[\s<>\"'\\]", address)
    ):
        return markup
    try:
        host = parts.netloc.encode("idna").decode() if not parts.netloc.isascii() else parts.netloc
    except UnicodeError:
        return markup
    path, query = quote(parts.path, safe="/%~!$&'()*+,;=:@"), quote(parts.query, safe="/?%~!$&'()*+,;=:@")
    target = urlunsplit((parts.scheme, host, path, query, quote(parts.fragment, safe="/?%~!$&'()*+,;=:@")))
    return f'<a href="{escape(target)}" rel="noreferrer">{markup}</a>'


def _map_link(raw: Cells, layout: Layout) -> str:
    """The map of the Geospatial Information Authority of Japan, opened only by a tap.

    ``geo:`` is known to few browsers; this map needs no key, shows no advertising and belongs to the state.
    """
    if layout.map is None:
        return ""
    latitude, longitude = (unicodedata.normalize("NFKC", raw[i]).strip() for i in layout.map)
    if not (_COORDINATE.fullmatch(latitude) and _COORDINATE.fullmatch(longitude)):
        return ""
    if not (20 <= float(latitude) <= 46 and 122 <= float(longitude) <= 154):
        return ""
    where = f"https://maps.gsi.go.jp/#16/{latitude}/{longitude}/"
    return f'<a href="{where}" rel="noreferrer">地図（国土地理院）</a>'
