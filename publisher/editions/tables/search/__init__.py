"""Search in the browser, without a server: an index of small files that a script fetches by prefix. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence

from publisher.editions import moments
from publisher.editions.frame import Frame
from publisher.editions.tables.overview import Facts
from publisher.editions.tables.pages import Draft, unit
from publisher.editions.tables.roll import Roll
from publisher.editions.tables.search.index import Index
from publisher.editions.tables.search.script import Script, place, script
from publisher.model import Lines, Multiset
from publisher.values import frozen

__all__ = ["Finder", "Found", "findable", "place", "script"]


def findable(roll: Roll) -> bool:
    """Whether there is a name or a reading to find the rows of a table by."""
    return roll.layout.lead is not None or roll.layout.kana is not None


@frozen
class Found:
    """By row: ``forms``, what the cells of a column are found by; ``weights``. ``entries``: the rows in the order of their entries; ``pointers``
    to them."""

    forms: Mapping[int, Sequence[str]]
    entries: Sequence[int]
    weights: Sequence[int]
    pointers: Multiset


class Finder:
    """The search of one table: its script, and the files of its index below ``t/<slug>/s/``."""

    def __init__(self, frame: Frame, roll: Roll, script: Script) -> None:
        self._frame, self._roll, self._script = frame, roll, script
        self.link = f"s/{script.name}"
        self._index = Index(roll)

    def drafts(self, facts: Facts) -> list[Draft]:
        """All files; ``facts`` say as of when the rows are."""
        table = self._roll.table
        said = {
            "as_of": moments.long(facts.as_of, self._frame.zone, "ja"),
            "unit": unit(table.personal),
            "people": table.personal,
        }
        code = self._script.page(table.slug)
        return [Draft(code.path, self._script.name, lambda: code), *self._index.drafts(said)]

    def found(self) -> Found:
        """What the next edition need not find out again. Call it when the files are made."""
        index, place_of = self._index, self._roll.place_of
        layout = self._roll.layout
        columns = [column for column in dict.fromkeys((layout.lead, layout.kana)) if column is not None]
        forms = {column: Lines.of(list(map(index.forms(column).__getitem__, place_of))) for column in columns}
        pointers = Multiset(Lines.of(index.pointers.texts), index.pointers.counts)
        return Found(forms, index.by_key(), array("I", map(index.weights.__getitem__, place_of)), pointers)
