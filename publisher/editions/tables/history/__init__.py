"""Editions of a table in time: what each one counted, what changed between them, and how the counts went.

Nothing here needs a row of an earlier edition: pages are made of ``EditionTally`` values.
"""

from __future__ import annotations

from collections.abc import Iterator

from publisher.editions.frame import Frame
from publisher.editions.tables.history.count import mark, tally
from publisher.editions.tables.history.difference import difference
from publisher.editions.tables.history.editions import changes, csv, editions
from publisher.editions.tables.history.packing import Binder
from publisher.editions.tables.history.timeline import Timeline, before, counting, stems
from publisher.editions.tables.history.trend import Trend, trend_files, trend_pages
from publisher.editions.tables.pages import Draft
from publisher.model import Card, PublicTable

__all__ = ["Binder", "Timeline", "before", "changes", "counting", "csv", "difference", "drafts", "mark", "stems", "tally"]


def drafts(table: PublicTable, timeline: Timeline, frame: Frame, card: Card) -> Iterator[Draft]:
    """The pages of all editions and, from the second one on, of the counts over time. What is linked comes before what links to it."""
    binders = [Binder(frame, edition, table, card) for edition in frame.editions]
    trend = Trend(timeline, table, frame.words())
    if len(timeline.counting) > 1:
        yield from trend_files(trend, frame.editions)
    for binder in binders:
        yield from editions(binder, timeline)
        if len(timeline.counting) > 1:
            yield from trend_pages(binder, trend)
