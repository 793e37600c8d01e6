"""How the counts went over the editions: a table and a drawing on pages, all of it as CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from hashlib import blake2b

from publisher.editions import data, moments
from publisher.editions.data import size_words
from publisher.editions.frame import LEGACY, LIGHT, WEB, Edition
from publisher.editions.tables.history.editions import crumbs, folder
from publisher.editions.tables.history.packing import Binder, Section, Sheet, shortened
from publisher.editions.tables.history.plot import LINES, TALL, WIDE, Drawing, Line
from publisher.editions.tables.history.timeline import Series, Timeline
from publisher.editions.tables.pages import Draft, unit
from publisher.model import EditionTally, Page, PageKind, PublicTable, TableKind
from publisher.values import frozen

TOTALS = 60
"""Editions whose totals stand on the pages; the CSV has more."""

COLUMNS = {"web": 10, "light": 2, "legacy": 3}
"""Editions beside one another in a table of groups."""

IN_CSV = 500
"""Editions that the CSV holds, the latest ones: the file must not grow for ever, being written anew with each edition."""

PICTURE_ROOM = 1_400
"""Bytes of markup kept free for the drawing with its words."""


@frozen(slots=False)
class Trend:
    """What all editions of the site say of one table's counts. Nothing is drawn before a page or a picture is wanted."""

    timeline: Timeline
    table: PublicTable
    words: Mapping[str, str]

    @cached_property
    def unit(self) -> str:
        return "人" if self.timeline.latest.people else unit(self.timeline.latest.personal)

    @cached_property
    def totals(self) -> Drawing:
        points = tuple((e.as_of, e.counted) for e in self.timeline.counting if e.as_of is not None)
        return Drawing(f"{self.table.title}（合計）", (Line("", points),), self.timeline.zone)

    @cached_property
    def largest(self) -> list[tuple[str, Series]]:
        """The groups with the highest counts, each with the letter that marks its line; only those whose every count is said."""
        spoken = [s for s in self.timeline.series if len(s.counts) > 1 and None not in s.counts.values()]
        chosen = sorted(spoken, key=lambda s: -max(c or 0 for c in s.counts.values()))[:LINES]
        return list(zip("ABCDE", sorted(chosen, key=lambda s: -(s.latest or 0)), strict=False))

    @cached_property
    def groups(self) -> Drawing | None:
        if len(self.largest) < 2:
            return None
        lines = tuple(Line(mark, tuple((when, count or 0) for when, count in series.counts.items())) for mark, series in self.largest)
        return Drawing(f"{self.table.title}（{self.timeline.latest.group_name}ごと）", lines, self.timeline.zone)

    @cached_property
    def jpeg(self) -> bytes:
        return self.totals.jpeg()

    @cached_property
    def key(self) -> str:
        said = repr((self.table.title, self.totals, self.groups, [(s.name, s.counts) for s in self.timeline.series], self.timeline.counting))
        return blake2b(said.encode("utf-8", "replace"), digest_size=16).hexdigest()

    @cached_property
    def csv(self) -> bytes:
        """A line a count, as machines read it: moment, group, count; a count that is not said is blank and says why."""
        zone, words, rows = self.timeline.zone, self.words, []
        series = self.timeline.series
        for edition in self.timeline.moments(IN_CSV):
            when = moments.machine(edition.as_of, zone)  # type: ignore[arg-type]
            rows.append((when, words["history_csv_total"], str(edition.counted), ""))
            for one in series:
                if edition.as_of in one.counts:
                    count = one.counts[edition.as_of]
                    rows.append((when, one.name, "" if count is None else str(count), words["history_few"] if count is None else ""))
        latest = self.timeline.latest
        name = latest.group_name or "区分"
        columns = (words["history_csv_when"], name, f"数（{self.unit}）", words["history_csv_note"])
        made = PublicTable("trend", self.table.title, TableKind.OPEN, columns, rows, len(rows))
        return data.csv_bytes(made)[0]


def trend_files(trend: Trend, editions: Sequence[Edition]) -> Iterator[Draft]:
    """CSV and drawings; the pages link to them, so they come first."""
    slug, personal = trend.table.slug, trend.table.personal
    made = [(f"t/{slug}/trend.csv", lambda: trend.csv), (f"t/{slug}/trend.svg", trend.totals.svg)]
    if trend.groups is not None:
        made.append((f"t/{slug}/trend-groups.svg", trend.groups.svg))
    made += [(f"{edition.prefix}t/{slug}/trend.jpg", lambda: trend.jpeg) for edition in (LIGHT, LEGACY) if edition in editions]
    for path, make in made:

        def render(path: str = path, make: Callable[[], bytes] = make) -> Page:
            return Page(path, make(), PageKind.DATA, personal)

        yield Draft(path, trend.key, render)


def trend_pages(binder: Binder, trend: Trend) -> Iterator[Draft]:
    words, timeline = binder.words, trend.timeline
    path = f"t/{trend.table.slug}/trend.html"
    shown = timeline.moments(TOTALS)
    sections = [_totals(binder, trend, shown)]
    if timeline.series:
        sections.append(_groups(binder, trend))
    closing = binder.paragraph(words["history_trend_note"].format(count=TOTALS)) if len(timeline.counting) > TOTALS else ""
    closing += _csv_link(binder, trend, path)
    closing += binder.link(path, f"{folder(binder)}index.html", words["history_link"])
    sheet = Sheet(
        path, words["history_trend_title"].format(title=trend.table.title), "", sections, closing, crumbs(binder),
        lambda: _picture(binder, trend, path), PICTURE_ROOM,
    )  # fmt: skip
    yield from binder.drafts(sheet, updated=timeline.latest.as_of, said=trend.key)


def _csv_link(binder: Binder, trend: Trend, path: str) -> str:
    size = size_words(len(trend.csv))
    return binder.data_link(path, f"t/{trend.table.slug}/trend.csv", binder.words["history_trend_csv"].format(size=size))


def _totals(binder: Binder, trend: Trend, shown: Sequence[EditionTally]) -> Section:
    words, rows = binder.words, []
    before: EditionTally | None = None
    for edition in shown:
        step = "" if before is None else f"{edition.counted - before.counted:+,}".replace("+0", "0").replace("-", "−")
        rows.append((_short(binder, edition.as_of), f"{edition.counted:,}{trend.unit}", step))
        before = edition
    heading = words["history_trend_total"]
    heads = (words["history_trend_when"], heading, words["history_trend_step"])
    if binder.edition is LEGACY:
        rows = [(when, count, f"({step})" if step else "") for when, count, step in rows]
        heads = (heads[0], heads[1], "")
    return binder.numbers(heading, heads, rows[::-1], binder.heading(heading))


def _groups(binder: Binder, trend: Trend) -> Section:
    """The latest editions beside one another, the newest first."""
    words, timeline = binder.words, trend.timeline
    shown = timeline.moments(COLUMNS[binder.edition.name])[::-1]
    whens = [_short(binder, edition.as_of) for edition in shown]
    rows = []
    for series in timeline.series:
        cells = ["－" if edition.as_of not in series.counts else _cell(words, series.counts[edition.as_of]) for edition in shown]
        if set(cells) != {"－"}:
            rows.append((series.name or words["history_blank"], *cells))
    caption = words["history_groups"].format(group=timeline.latest.group_name)
    hidden = any(count is None for series in timeline.series for count in series.counts.values())
    told = [words["history_few_said"] if hidden else ""]
    if binder.edition is LEGACY:
        rows = [(name, "←".join(cells)) for name, *cells in rows]
        told.append(words["history_trend_order"].format(moments="、".join(whens)))
        whens = whens[:1]
    return binder.numbers(caption, (timeline.latest.group_name, *whens), rows, binder.heading(caption) + binder.paragraph(*told))


def _cell(words: Mapping[str, str], count: int | None) -> str:
    return words["history_few"] if count is None else f"{count:,}"


def _short(binder: Binder, moment: datetime | None) -> str:
    assert moment is not None
    local = moment.astimezone(binder.frame.zone)
    return f"{local.month}/{local.day} {local:%H:%M}"


# --- the drawing ------------------------------------------------------------------------------------------------------------


def _picture(binder: Binder, trend: Trend, path: str) -> str:
    if binder.edition is WEB:
        drawn = _figure(binder, "trend.svg", _said(binder, trend))
        return drawn + (_figure(binder, "trend-groups.svg", _said_groups(binder, trend)) if trend.groups is not None else "")
    if binder.edition is LEGACY:
        size = size_words(len(trend.jpeg))
        return binder.link(path, f"t/{trend.table.slug}/trend.jpg", binder.words["history_trend_picture"].format(size=size)) + binder.paragraph(_said(binder, trend))
    width, height = jpeg_size(trend.jpeg)
    alt = binder.escape(_said(binder, trend))
    return f'<p><img src="trend.jpg" width="{width}" height="{height}" alt="{alt}" /></p>\n'


def _figure(binder: Binder, name: str, said: str) -> str:
    text = binder.escape(said)
    return f'<figure><img src="{name}" width="{WIDE}" height="{TALL}" alt="{text}"/><figcaption>{text}</figcaption></figure>\n'


def _said(binder: Binder, trend: Trend) -> str:
    """The drawing in words and numbers."""
    counting, one = trend.timeline.counting, trend.unit
    first, last, most = counting[0], counting[-1], max(counting, key=lambda e: e.counted)
    return binder.words["history_trend_alt"].format(
        first=_short(binder, first.as_of), start=f"{first.counted:,}{one}", last=_short(binder, last.as_of), end=f"{last.counted:,}{one}",
        top=_short(binder, most.as_of), most=f"{most.counted:,}{one}",
    )  # fmt: skip


def _said_groups(binder: Binder, trend: Trend) -> str:
    line = binder.words["history_trend_line"]
    said = [line.format(mark=mark, name=shortened(s.name), count=f"{s.latest or 0:,}{trend.unit}") for mark, s in trend.largest]
    return binder.words["history_trend_alt_groups"].format(lines="、".join(said))


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height of a baseline JPEG, from its frame header (ITU-T T.81, B.2.2)."""
    place = data.index(b"\xff\xc0")
    return int.from_bytes(data[place + 7 : place + 9]), int.from_bytes(data[place + 5 : place + 7])
