"""What is remembered of the last edition of each large list of people, beside the ledger: derived, checked when it is read, made again when it is lost.

It holds nothing but what was public of that edition. A memory that is damaged, of another program or of other rules is none.
"""

from __future__ import annotations

import marshal
import sys
from array import array
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from publisher.editions.tables.known import Made
from publisher.files import keep, own_folder
from publisher.model import Lines, Multiset, TableKind
from publisher.pipeline.examine import Question
from publisher.pipeline.sequel import Former

FORM = 6
"""Counted up when a memory is read or made in another way."""

_SUM = 32
_SAMPLE = 2_000


class Memory:
    """``folder`` None: a dry run, in which nothing is remembered. ``program``: what read and reviewed the edition, to the letter."""

    def __init__(self, folder: Path | None, program: str = "") -> None:
        self._folder, self._program = folder, program

    def _file(self, slug: str) -> Path | None:
        return None if self._folder is None else self._folder / f"{slug}.roll"

    def of(self, question: Question) -> Remembered | None:
        """The edition of this table that was published last under the same rules."""
        file = self._file(question.slug)
        try:
            data = file.read_bytes() if file is not None else b""
        except OSError:
            return None
        body = memoryview(data)[_SUM:]
        if not data or blake2b(body, digest_size=_SUM).digest() != data[:_SUM]:
            return None
        rules, rest = marshal.loads(body)
        return Remembered(*marshal.loads(rest)) if rules == self._rules(question) else None

    def keep(self, question: Question, former: Former) -> None:
        """Remember an edition in place of the one before. A disk that refuses costs time at the next one, nothing else."""
        file, packed = self._file(question.slug), _packed(former)
        if file is None or packed is None:
            return
        body = marshal.dumps((self._rules(question), marshal.dumps(packed)))
        try:
            own_folder(file.parent)
            keep(file, blake2b(body, digest_size=_SUM).digest() + body, lasting=False)
        except OSError:
            self.forget(question.slug)

    def forget(self, slug: str) -> None:
        """Nothing is remembered of this table any more: it is gone, small, or somebody was taken off it."""
        file = self._file(slug)
        if file is not None:
            file.unlink(missing_ok=True)

    def _rules(self, question: Question) -> str:
        return repr((FORM, self._program, sys.version, question.slug, question.profile))


class Remembered:
    """A former edition as it was written down: what it takes to compare it with the next one, and the ``whole`` when it is asked for."""

    def __init__(self, sha256: str, shown: bytes, plain: bool, packed: tuple) -> None:
        self.sha256, self.shown, self.plain = sha256, shown, plain
        self._packed = packed

    def whole(self) -> Former:
        """All of it, unpacked once."""
        return self._former

    @cached_property
    def _former(self) -> Former:
        packed, self._packed = self._packed, ()
        return _unpacked(self.sha256, self.shown, self.plain, packed)


def _packed(former: Former) -> tuple[object, ...] | None:
    """As plain values, to make a ``Remembered`` of; None where a cell has lines of its own."""
    made = former.made
    columns = [_lines(cells) for cells in zip(*former.rows, strict=True)]
    many = former.alike, made.pointers
    texts = [*columns, _lines(made.keys), _lines(made.bare), *[_lines(one.texts) for one in many], *map(_lines, made.forms.values())]
    if any(text is None for text in texts):
        return None
    numbers = {name: array("I", sizes).tobytes() for name, sizes in made.sizes.items()}
    orders = [array("I", some).tobytes() for some in (made.order, made.entries, made.weights, *[one.counts for one in many])]
    ways = {code: dict(parts) for code, parts in made.ways.items()}
    keys, bare, alike, pointers, *forms = texts[len(columns) :]
    rest = (
        former.warnings, former.columns, former.reading, former.group, str(former.kind), columns,
        made.form, made.identities, made.digests, keys, bare, alike, pointers, orders, numbers, list(zip(made.forms, forms, strict=True)), ways,
    )  # fmt: skip
    return former.sha256, former.shown, former.plain, rest


def _unpacked(sha256: str, shown: bytes, plain: bool, values: tuple) -> Former:
    warnings, columns, reading, group, kind, cells, form, identities, digests, keys, bare, alike, pointers, orders, sizes, forms, ways = values
    order, entries, weights, *counts = map(_numbers, orders)
    made = Made(
        form, identities, digests, keys.split("\n"), bare.split("\n"), order, {name: _numbers(some) for name, some in sizes.items()},
        {column: _split(text) for column, text in forms}, entries, weights, _multiset(pointers, counts[1]), ways,
    )  # fmt: skip
    rows = list(zip(*map(_split, cells), strict=True))
    return Former(sha256, warnings, columns, reading, group, TableKind(kind), rows, shown, made, _multiset(alike, counts[0]), plain)


def _multiset(texts: str, counts: Sequence[int]) -> Multiset:
    return Multiset(texts.split("\n") if counts else (), counts)


def _lines(texts: Sequence[str]) -> str | None:
    if isinstance(texts, Lines):
        return texts.text
    text = "\n".join(texts)
    return text if text.count("\n") == max(len(texts) - 1, 0) else None


def _split(text: str) -> Sequence[str]:
    """The cells of a column; equal ones share one string where many are equal."""
    cells = text.split("\n")
    some = cells[:: len(cells) // _SAMPLE + 1]
    if 2 * len(set(some)) > len(some):
        return cells
    known: dict[str, str] = {}
    return list(map(known.setdefault, cells, cells))


def _numbers(data: bytes) -> array[int]:
    found = array("I")
    found.frombytes(data)
    return found
