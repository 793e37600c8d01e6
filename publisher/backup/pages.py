"""The ledger in packs of pages: a change sends the pages that it touched, together, and nothing else.

A copy of the ledger is a row of pages of 4 KiB (SQLite's own). Each page lies in a pack, an object of up to 256 pages; a backup puts the pages that
changed into new packs. When the packs hold more than twice what is needed, all pages are packed anew.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

from publisher.values import field, frozen

PAGE = 4096
PACK = 256
SLACK = 4096
"""So many pages that nobody needs any more are borne with in any case."""

_DIGEST = 16


@frozen
class Layout:
    """Where each page lies: ``places[i]`` is 256 · number of the pack + place in it. ``packs``: (name, pages in it)."""

    packs: tuple[tuple[str, int], ...]
    places: array = field(repr=False)

    def text(self) -> str:
        """The places as differences, packed: most pages lie beside each other."""
        steps = array("q", (here - before for before, here in zip([0, *self.places], self.places, strict=False)))
        return base64.b64encode(zlib.compress(steps.tobytes(), 6)).decode("ascii")

    @classmethod
    def read(cls, packs: tuple[tuple[str, int], ...], text: str) -> Layout:
        """Raises ``ValueError`` for what cannot be."""
        from itertools import accumulate

        try:
            steps = array("q", zlib.decompress(base64.b64decode(text)))
        except zlib.error as error:
            raise ValueError("places") from error
        places = array("q", accumulate(steps))
        if any(not 0 <= place < PACK * len(packs) for place in places):
            raise ValueError("places")
        return cls(packs, places)

    @property
    def stored(self) -> int:
        return sum(count for _, count in self.packs)

    def where(self) -> list[tuple[str, int]]:
        """(name of the pack, place in it) of each page."""
        return [(self.packs[place // PACK][0], place % PACK) for place in self.places]


def hashes(file: Path) -> tuple[bytes, str]:
    """(a short hash of every page, SHA-256 of the whole)."""
    whole, found = hashlib.sha256(), []
    with file.open("rb") as data:
        while page := data.read(PAGE):
            whole.update(page)
            found.append(hashlib.blake2b(page, digest_size=_DIGEST).digest())
    return b"".join(found), whole.hexdigest()


def fresh(new: bytes, old: bytes) -> list[int]:
    """The numbers of the pages that differ."""
    count = len(new) // _DIGEST
    return [n for n in range(count) if new[n * _DIGEST : (n + 1) * _DIGEST] != old[n * _DIGEST : (n + 1) * _DIGEST]]


def arrange(file: Path, wanted: list[int], count: int, before: Layout | None, name: Callable[[bytes], str], send: Callable[[Iterator], None]) -> Layout:
    """Put the pages ``wanted`` into packs, hand these to ``send`` as (name, content), and say where each of ``count`` pages lies now."""
    packs = list(before.packs) if before is not None else []
    places = array("q", before.places[:count] if before is not None else ())
    places.extend([0] * (count - len(places)))
    number = {pack: index for index, (pack, _) in enumerate(packs)}

    def made() -> Iterator[tuple[str, bytes]]:
        with file.open("rb") as data:
            for start in range(0, len(wanted), PACK):
                some = wanted[start : start + PACK]
                content = b"".join(_page(data, page) for page in some)
                pack = name(content)
                if pack not in number:
                    number[pack] = len(packs)
                    packs.append((pack, len(some)))
                for slot, page in enumerate(some):
                    places[page] = number[pack] * PACK + slot
                yield pack, content

    send(made())
    used = sorted({place // PACK for place in places})
    again = {old: index for index, old in enumerate(used)}
    return Layout(tuple(packs[old] for old in used), array("q", (again[place // PACK] * PACK + place % PACK for place in places)))


def _page(data, number: int) -> bytes:
    data.seek(number * PAGE)
    return data.read(PAGE)


def worn(layout: Layout, more: int, count: int) -> bool:
    """Do the packs hold too much that nobody needs?"""
    return layout.stored + more > 2 * count + SLACK


def assemble(layout: Layout, size: int, target: Path, before: tuple[Layout, Path] | None, fetch: Callable[[list[str]], Iterator[bytes]]) -> str:
    """Write the ledger that a layout describes; returns its SHA-256. ``before``: an older one and the file it describes, whose pages are not fetched again."""
    where = layout.where()
    known = {place: number for number, place in enumerate(before[0].where())} if before is not None and before[1].is_file() else {}
    missing: dict[str, list[tuple[int, int]]] = {}
    with target.open("w+b") as out:
        out.truncate(size)
        if known:
            assert before is not None
            with before[1].open("rb") as old:
                for number, place in enumerate(where):
                    if place in known:
                        out.seek(number * PAGE)
                        out.write(_page(old, known[place]))
        for number, place in enumerate(where):
            if place not in known:
                missing.setdefault(place[0], []).append((number, place[1]))
        names = list(missing)
        for start in range(0, len(names), 32):
            some = names[start : start + 32]
            for name, content in zip(some, fetch(some), strict=True):
                for number, slot in missing[name]:
                    out.seek(number * PAGE)
                    out.write(content[slot * PAGE : (slot + 1) * PAGE])
        out.truncate(size)
        out.seek(0)
        return hashlib.file_digest(out, "sha256").hexdigest()
