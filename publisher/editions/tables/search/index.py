"""The files that a search in the browser reads: rows in the order of what they are found by, in small shards; above
them directories that say which shard begins where; above these one root.

    root.json ─► directory ─► shard: rows (arrays), and pointers (strings: "佐藤yosie satoyosie")

A row stands once, under its reading. Under its name in kanji stands only a pointer to the reading: somebody who moves
to another shelter changes one shard. The files are named by the boundary at which their range begins, never by rank
or content, so that an edition rewrites only the shards whose rows it changed.
"""

from __future__ import annotations

import json
from array import array
from base64 import b32encode
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate
from operator import eq

from publisher.editions.tables.pages import Draft
from publisher.editions.tables.roll import Roll
from publisher.editions.tables.routes import named
from publisher.editions.tables.search.fold import folded
from publisher.editions.tables.search.ranges import AFTER, Cutter, Range, digest
from publisher.model import Multiset, Page, PageKind
from publisher.patterns import pattern
from publisher.values import frozen

SHARD = 11_000
"""Bytes of a shard: a search that needs two of them, and what leads there, stays far below 50 kB on the line."""
ROOT, DIRECTORY = 6_000, 2_000
"""Bytes of the list in the root, and of a directory below it."""
CLIP = 700
"""Characters of a cell; longer ones end in … here and stand whole on the table's pages."""

FORM = "1"
"""Counted up when the same rows give other files."""

_POINTER = 2
"""A pointer weighs this many times its bytes: shards of pointers are only the way to others."""
_FIRST, _LAST = "\x01", "\x00"
"""Between what a key is found by and what tells it apart; at the end of every key."""
_SAMPLE = 2_000
_HALVES = pattern("[\ud800-\udfff]")

_Entry = int | str
"""Something that is found: a row (its place in the roll) or a pointer."""


@frozen
class _File:
    """A shard or a directory on its way: where its range begins, how it is called, what it stands for."""

    boundary: str
    stem: str


class Index:
    """The search files of one table. ``columns`` are those of the table that a hit shows, the name first."""

    def __init__(self, roll: Roll) -> None:
        layout = roll.layout
        self.roll = roll
        self.named = [i for i in (layout.lead, layout.kana) if i is not None]
        self.columns = tuple(dict.fromkeys((*self.named, *layout.shown, *(layout.map or ()))))
        self._taken: dict[str, str] = {}
        self._forms: dict[int, list[str]] = {}
        self._by_key: Sequence[int] = ()
        self.pointers = Multiset()
        said = repr((FORM, self.columns, roll.table.columns))
        self._form = b32encode(digest(said, 5)).decode().lower()

    def drafts(self, said: dict[str, object]) -> list[Draft]:
        """All files, the root last. ``said``: what the root tells beside the index (as of when, what a row is)."""
        entries, keys = self._sorted()
        ranges = Cutter(keys, self._sums(entries), SHARD).cut()
        files = [self._file("s", one.boundary) for one in ranges]
        drafts = [
            self._shard(file.stem, entries[one.start : one.stop], end)
            for file, one, end in zip(files, ranges, _ends_of(ranges), strict=True)
        ]
        levels = 0
        while sum(map(_listed, files)) > ROOT:
            levels += 1
            files, above = self._directories(files, levels)
            drafts += above
        layout, columns = self.roll.layout, self.roll.table.columns
        root = said | {
            "columns": [" ".join(columns[i].split()) for i in self.columns],
            "name": 0 if layout.lead is not None else -1,
            "kana": self.columns.index(layout.kana) if layout.kana is not None else -1,
            "map": [self.columns.index(i) for i in layout.map or ()],
            "form": self._form,
            "whole": len(ranges) == 1,
            "size": SHARD,
            "levels": levels,
            "at": [[file.boundary, file.stem] for file in files],
        }
        return [*drafts, self._draft("root", lambda: _json(root), _json(root).encode())]

    # --- what is found by what -----------------------------------------------------------------

    def _sorted(self) -> tuple[list[_Entry], list[str]]:
        """Every row under its reading, every other way to find it, and their keys, sorted."""
        roll = self.roll
        names, mains = self._names_and_mains
        said, width = roll.digests.whole.hex(), 2 * roll.digests.SIZE
        keys = [f"{main}{_FIRST}{said[start : start + width]}{_LAST}" for main, start in zip(mains, range(0, len(said), width), strict=True)]
        self._by_key = sorted(self._as_before(), key=keys.__getitem__)
        places = [place for place in self._by_key if mains[place]] if "" in mains else self._by_key
        pointers = self._pointers(names, mains)
        # Two sorted lists, one after the other: sorting them together only merges.
        entries: list[_Entry] = [*places, *pointers]
        found = [*map(keys.__getitem__, places), *[pointer.replace(" ", _FIRST) + _LAST for pointer in pointers]]
        order = sorted(range(len(found)), key=found.__getitem__)
        return list(map(entries.__getitem__, order)), _told_apart(list(map(found.__getitem__, order)))

    @cached_property
    def _names_and_mains(self) -> tuple[Sequence[str], Sequence[str]]:
        """By place: what its name is found by, and what stands before all of its row's data: the reading, or the name."""
        layout = self.roll.layout
        names = self.forms(layout.lead) if layout.lead is not None else []
        return _names_and_mains(names, self.forms(layout.kana) if layout.kana is not None else [])

    def _pointers(self, names: Sequence[str], mains: Sequence[str]) -> Sequence[str]:
        """"佐藤yosie satoyosie": under what else a row is found, and where it stands. Sorted, but for what only places have."""
        self.pointers = self._pointers_of_names(names, mains)
        if self.roll.table.personal:
            return self.pointers.texts
        pairs = set(zip(names, mains, strict=True))
        return list(dict.fromkeys([*self.pointers.texts, *sorted({f"{end} {main}" for name, main in pairs for end in _ends(name)})]))

    def _pointers_of_names(self, names: Sequence[str], mains: Sequence[str]) -> Multiset:
        """Those of whole names; of an edition whose rows nearly all came from the one before, its own but for those that came and went."""
        known, layout = self.roll.known, self.roll.layout
        if known is None or not known.made.pointers.texts:
            return Multiset.of(_leading(names, mains))
        forms, place_of = known.made.forms, self.roll.place_of

        def theirs(rows: Sequence[int]) -> list[str]:
            columns = ([] if column is None else list(map(forms[column].__getitem__, rows)) for column in (layout.lead, layout.kana))
            return _leading(*_names_and_mains(*columns))

        places = [place_of[row] for row in known.fresh]
        ours = _leading(map(names.__getitem__, places), map(mains.__getitem__, places))
        return known.made.pointers.changed(theirs(known.gone), [*ours, *theirs(known.again)])

    def _as_before(self) -> Sequence[int]:
        """All places; where an edition before is known, in the order in which its rows were found."""
        known, order = self.roll.known, self.roll.order
        if known is None or len(known.made.entries) != len(known.made.order):
            return range(len(order))
        return list(map(self.roll.place_of.__getitem__, known.order(known.made.entries)))

    def by_key(self) -> array[int]:
        """Rows in the order of their entries. Call it after ``drafts``."""
        return array("I", map(self.roll.order.__getitem__, self._by_key))

    def forms(self, column: int) -> list[str]:
        """What the cells of a column are found by, in the order of the roll."""
        if column not in self._forms:
            self._forms[column] = self._folded(column)
        return self._forms[column]

    def _folded(self, column: int) -> list[str]:
        cells = self.roll.cells[column]
        known = self.roll.known
        if known is not None and column in known.made.forms:
            forms = known.carried(known.made.forms[column], lambda rows: folded([self.roll.table.rows[i][column] for i in rows]))
            return list(map(forms.__getitem__, self.roll.order))
        some = cells[:: len(cells) // _SAMPLE + 1]
        if 2 * len(set(some)) > len(some):
            return folded(cells)
        different = list(dict.fromkeys(cells))  # cells that repeat are looked at once
        forms = dict(zip(different, folded(different), strict=True))
        return [forms[cell] for cell in cells]

    def _sums(self, entries: Sequence[_Entry]) -> list[int]:
        """What the entries weigh, added up."""
        weights = self.weights
        return list(accumulate([_POINTER * (_size(entry) + 3) if type(entry) is str else weights[entry] for entry in entries], initial=0))

    @cached_property
    def weights(self) -> Sequence[int]:
        """What each row weighs, by place: its bytes, counted as if every character of a cell had three."""
        roll, known = self.roll, self.roll.known
        if known is None or not known.made.weights:
            return self._weights(roll.cells)
        rows = [roll.table.rows[i] for i in known.fresh]
        weights = known.carried(known.made.weights, lambda _: self._weights(list(zip(*rows, strict=True))))
        return list(map(weights.__getitem__, roll.order))

    def _weights(self, cells: Sequence[Sequence[str]]) -> list[int]:
        """``cells`` by column."""
        around = 3 * len(self.columns) + 3
        lengths = list(map(len, map("".join, zip(*cells, strict=True))))
        if max(lengths, default=0) > CLIP:
            lengths = [length if length <= CLIP else sum([min(len(cells[c][place]), CLIP) for c in self.columns]) for place, length in enumerate(lengths)]
        return [3 * length + around for length in lengths]

    # --- files -----------------------------------------------------------------

    def _shard(self, stem: str, entries: Sequence[_Entry], end: str) -> Draft:
        rows = self.roll.digests.whole
        said = [f"{entry}\n".encode("utf-8", "surrogatepass") if type(entry) is str else rows[8 * entry : 8 * entry + 8] for entry in (*entries, end)]
        return self._draft(stem, lambda: self._listing(self._rows(entries), end), b"".join(said))

    def _listing(self, entries: Sequence[object], end: str) -> str:
        """A shard or directory. A reader who comes in the middle of an update sees by its form and end that it
        does not fit what led there, and begins anew instead of overlooking somebody."""
        return _json({"form": self._form, "end": end, "list": entries})

    def _rows(self, entries: Sequence[_Entry]) -> list[object]:
        rows, order, columns = self.roll.table.rows, self.roll.order, self.columns
        found: list[object] = []
        for entry in entries:
            if isinstance(entry, str):
                found.append(entry)
                continue
            row = rows[order[entry]]
            found.append([row[c] if len(row[c]) <= CLIP else row[c][:CLIP] + "…" for c in columns])
        return found

    def _directories(self, files: Sequence[_File], level: int) -> tuple[list[_File], list[Draft]]:
        """These files as lists that are small enough, and one line for each of the lists."""
        sums = list(accumulate(map(_listed, files), initial=0))
        keys = [file.boundary + _LAST for file in files]
        # at the boundary of its first file, which is where the last file of the list before says that it ends
        ranges = [Range(files[one.start].boundary, one.start, one.stop) for one in Cutter(keys, sums, DIRECTORY).cut()]
        above, drafts = [], []
        for one, end in zip(ranges, _ends_of(ranges), strict=True):
            file = self._file(f"d{level}", one.boundary)
            lines = [[file.boundary, file.stem] for file in files[one.start : one.stop]]
            text = self._listing(lines, end)
            drafts.append(self._draft(file.stem, lambda text=text: text, text.encode()))
            above.append(file)
        return above, drafts

    def _file(self, level: str, boundary: str) -> _File:
        """A name that says nothing and stays."""
        identity = f"{level} {boundary}"
        letters = named(digest(identity, 15))
        stem = next(s for length in range(6, 25) if (s := letters(length)) not in self._taken)
        self._taken[stem] = identity
        return _File(boundary, stem)

    def _draft(self, stem: str, text: Callable[[], str], said: bytes) -> Draft:
        table = self.roll.table
        path = f"t/{table.slug}/s/{stem}.json"
        key = blake2b(said, digest_size=16)
        key.update(f"{self._form} {table.personal}".encode())

        def render() -> Page:
            return Page(path, text().encode(), PageKind.DATA, table.personal)

        return Draft(path, key.hexdigest(), render)


def _names_and_mains(names: Sequence[str], readings: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Of some rows; either may be missing."""
    names = names or readings
    return names, [reading or name for reading, name in zip(readings, names, strict=True)] if readings else names


def _leading(names: Iterable[str], mains: Iterable[str]) -> list[str]:
    """The pointers of some rows: a name that the row's own key begins with needs none."""
    return [f"{name} {main}" for name, main in zip(names, mains, strict=True) if name and not main.startswith(name)]


def _told_apart(keys: list[str]) -> list[str]:
    """Sorted keys, those of rows that say the same numbered, so that a shard may end between them."""
    if not any(map(eq, keys, keys[1:])):
        return keys
    before, number = "", 0
    for i, key in enumerate(keys):
        number = number + 1 if key == before else 0
        before = key
        if number:
            keys[i] = f"{key[:-1]}{_FIRST}{number:06}{_LAST}"
    return keys


def _ends_of(ranges: Sequence[Range]) -> list[str]:
    """Where each range ends: at the boundary of the next."""
    return [*(one.boundary for one in ranges), AFTER][1:]


def _ends(name: str) -> set[str]:
    """What a name is also found by: 本町小学校 within 汐見市立本町小学校. Begins at kanji and syllables."""
    starts = (
        i
        for i in range(1, len(name) - 1)
        if not name[i].isascii() or not name[i - 1].isascii() or name[i - 1] in "aiueo"
    )
    return {name[i:] for i in starts if not "\udc00" <= name[i] <= "\udfff"}


def _listed(file: _File) -> int:
    """Bytes of a line of a directory."""
    return _size(file.boundary) + len(file.stem) + 12


def _size(text: str) -> int:
    """Bytes of a text that may hold half a character."""
    return len(text.encode("utf-8", "surrogatepass"))


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
