"""A table of a standard layout as residents need it: few columns in the order of use, marks as words, sorted by place, closed ones
last. The CSV beside it keeps every column as it came."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence

from publisher.editions.tables import recipes
from publisher.editions.tables.columns import Role, View, closed
from publisher.editions.tables.parts import Cells, Part, dated
from publisher.editions.tables.routes import value_order
from publisher.layouts import Found, Kind, marks, recognise
from publisher.model import PublicTable, TableKind
from publisher.patterns import pattern
from publisher.values import replace

_SHELTERS = frozenset((TableKind.OPEN, TableKind.SHELTERS))
_LONG = 60
"""Characters of a cell in a column of no standard that the small editions show."""
_FOR_MACHINES = pattern(r"^$|コード$|ID$|^_|整理番号|ライセンス|objectid|^shape|UTM|メッシュ|^geom", re.IGNORECASE)
"""Headers of columns that say nothing to residents."""
_MANY = 12
"""Columns of no standard, of which the small editions show none when there are more."""

_FEW, _WORDY = 3, 30
"""Rows, and characters of a cell, from which on something alike in all rows is said once."""
_CATALOGUE = {"attribution_name": "データの作成者", "license": "データの利用条件", "title": "題名", "description": "説明"}


def present(table: PublicTable) -> PublicTable:
    """The table as its pages show it: of a standard layout in that layout's way, any other one as it is."""
    if table.personal or table.kind not in _SHELTERS or not table.rows:
        return table
    found = recognise(table.columns)
    if found is None:
        return table
    return _View(table, found).made()


class _Asked(dict[str, int]):
    """Fields and their columns; it remembers what was asked for, so that nothing is lost that no recipe names."""

    def __init__(self, fields: Mapping[str, int]) -> None:
        super().__init__(fields)
        self.seen: set[str] = set()

    def get(self, field: str, default: int | None = None) -> int | None:  # type: ignore[override]
        self.seen.add(field)
        return super().get(field, default)

    def __getitem__(self, field: str) -> int:
        self.seen.add(field)
        return super().__getitem__(field)

    def __contains__(self, field: object) -> bool:
        self.seen.add(str(field))
        return super().__contains__(field)


class _View:
    def __init__(self, table: PublicTable, found: Found) -> None:
        self.table = table
        self.asked = _Asked(found.fields)
        self.found = replace(found, fields=self.asked)

    def made(self) -> PublicTable:
        parts = [*self._known(), *self._rest()]
        cells = [[part.make(row) for row in self.table.rows] for part in parts]
        filled = [any(column) for column in cells]
        parts = [part for part, full in zip(parts, filled, strict=True) if full]
        cells = [column for column, full in zip(cells, filled, strict=True) if full]
        if not any(part.role in (Role.NAME, Role.ADDRESS) for part in parts):
            return self.table
        parts, cells, shared = _apart(parts, cells)
        rows = list(zip(*cells, strict=True))
        roles = tuple(part.role for part in parts)
        order = _order(roles, rows, [i for i, part in enumerate(parts) if part.title in recipes.HOURS])
        if self.found.kind is Kind.ORDERS:
            order.sort(key=lambda i: self._rank(self.table.rows[i]))
        table = self.table
        state = recipes.CURRENT.intersection(self.found.fields)
        return View(
            slug=table.slug,
            title=table.title,
            kind=table.kind,
            columns=tuple(part.title for part in parts),
            rows=[rows[i] for i in order],
            total=table.total,
            withheld=table.withheld,
            reading=None,
            group=None,
            as_of=table.as_of,
            notes=(*filter(None, map(_note, table.notes)), *shared),
            roles=roles,
            main=_main(parts),
            listed=tuple(i for i, part in enumerate(parts) if part.listed),
            silent=frozenset(i for i, part in enumerate(parts) if part.silent),
            says=recipes.says(self.found.kind, bool(state), self.found),
        )

    def _rank(self, row: Cells) -> tuple[bool, int]:
        """Of evacuation orders the gravest first, lifted ones last (警戒レベル 5 to 1)."""
        step, level = self.found.fields.get("step"), self.found.fields.get("level")
        digits = re.search("[1-5]", unicodedata.normalize("NFKC", row[level])) if level is not None else None
        return step is not None and closed(row[step]), -int(digits[0]) if digits else 0

    def _known(self) -> Iterator[Part]:
        """The columns of the layout that this table has something for."""
        found = self.found
        for make in recipes.RECIPES[found.kind]:
            part = make(found, self.table)
            if part is not None:
                yield part

    def _rest(self) -> Iterator[Part]:
        """Columns of no standard, and those that this layout has no use for, under their own names."""
        left = (place for field, place in self.asked.items() if field not in self.asked.seen and field != "code")
        rest = [i for i in sorted((*self.found.rest, *left)) if _FOR_MACHINES.search(self.table.columns[i].strip()) is None]
        for place in rest:
            cells = {row[place] for row in self.table.rows}
            title = self.table.columns[place]
            title, make = _own(title, place, marks.signs_only(cells))
            role = self._role(place, cells)
            brief = len(rest) <= _MANY and role is not Role.URL and max(map(len, cells)) <= _LONG
            yield Part(title, role, make, listed=brief)


    def _role(self, place: int, cells: set[str]) -> Role:
        """What a column of no standard is for: a profile may say that it groups the rows, or how they are read."""
        if place == self.table.group:
            return Role.DISTRICT
        if place == self.table.reading and not self.found.has("kana"):
            return Role.KANA
        return Role.URL if _addresses(cells) else Role.PLAIN


def _apart(
    parts: list[Part], cells: list[list[str]]
) -> tuple[list[Part], list[list[str]], list[str]]:
    """Long words that every row repeats are said once, above the rows."""
    shared, left = [], []
    for i, (part, column) in enumerate(zip(parts, cells, strict=True)):
        alike = len(column) >= _FEW and len(column[0]) >= _WORDY and len(set(column)) == 1
        if alike and part.role is Role.PLAIN and not part.weight:
            shared.append(f"{part.title}：{' '.join(column[0].split())}")
        else:
            left.append(i)
    return [parts[i] for i in left], [cells[i] for i in left], shared


def _note(note: str) -> str:
    """Notes of a data catalogue in words; what only machines ask for is left out."""
    word, colon, value = note.partition(": ")
    if not colon or not re.fullmatch("[a-z_]+", word):
        return note
    title = _CATALOGUE.get(word)
    return f"{title}：{value}" if title else ""


def _main(parts: Sequence[Part]) -> tuple[int, ...]:
    """What stands unfolded beside the name: the two that matter most, the address always."""
    ranked = sorted((part.weight, i) for i, part in enumerate(parts) if part.weight)
    return tuple(sorted(i for _, i in ranked[:2]))


def _order(roles: Sequence[Role], rows: Sequence[Cells], hours: Sequence[int] = ()) -> list[int]:
    """Open ones first (``hours``: columns of when a place can be used), by town and district as Japanese lists put them, else as the office wrote them."""
    status = next((i for i, role in enumerate(roles) if role is Role.STATUS), None)
    places = [i for wanted in (Role.CITY, Role.DISTRICT) for i, role in enumerate(roles) if role is wanted]
    known: dict[str, bytes] = {}

    def place(value: str) -> bytes:
        if value not in known:
            known[value] = value_order(value)
        return known[value]

    def key(i: int) -> tuple[bool, list[bytes]]:
        row = rows[i]
        shut = (status is not None and closed(row[status])) or any(recipes.UNUSABLE.match(row[i]) for i in hours)
        return shut, [place(row[p]) for p in places]

    return sorted(range(len(rows)), key=key)


_ASKED = (("の使用可否", ("使える", "使えない")), ("の有無", ("あり", "なし")), ("可否", ("できる", "できない")))
"""Ends of headers that ask a question, and its answers."""


def _own(title: str, place: int, signs: bool) -> tuple[str, Callable[[Cells], str]]:
    """A column of no standard: its title, and what becomes of a cell."""
    for end, (positive, negative) in _ASKED:
        if title.endswith(end) and len(title) > len(end):
            return title.removesuffix(end).removesuffix("の"), _worded(place, positive, negative)
    if signs:
        return title, _worded(place, "はい", "いいえ")
    return title, lambda row: dated(row[place])


def _worded(place: int, positive: str, negative: str) -> Callable[[Cells], str]:
    return lambda row: marks.worded(row[place], positive, negative)


def _addresses(cells: set[str]) -> bool:
    return all(cell.startswith(("http://", "https://")) for cell in cells if cell)

