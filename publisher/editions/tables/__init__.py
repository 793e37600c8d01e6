"""From a table to its pages: overview, drill-down without script, CSV with its descriptions; in every
edition. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cache, cached_property, partial
from hashlib import blake2b
from urllib.parse import urlsplit

from publisher.editions import data, moments, pfif
from publisher.editions.frame import LEGACY, WEB, Edition, Frame
from publisher.editions.tables import rows as markup
from publisher.editions.tables import search
from publisher.editions.tables.columns import form
from publisher.editions.tables.drilldown import Node
from publisher.editions.tables.history import Timeline
from publisher.editions.tables.history import drafts as drafts_of_editions
from publisher.editions.tables.known import MOST_ROWS, Known, Made
from publisher.editions.tables.names import NAMES, Names, name_lengths, name_weights
from publisher.editions.tables.overview import WHOLE, Facts, Overview, counted
from publisher.editions.tables.pages import ROBOTS, Draft, Press, Stop, plain, rows_head, title_of
from publisher.editions.tables.roll import Roll, roll
from publisher.editions.tables.routes import READING, UNIT, Addresses, Measures, Route, routes
from publisher.editions.tables.search import Finder, Found
from publisher.editions.tables.standard import present
from publisher.editions.tables.standard_csv import Town, standard
from publisher.model import Bulletin, Page, PageKind, Problem, PublicTable, PublicWorkbook, State, TableKind
from publisher.values import frozen

__all__ = ["Draft", "Parts", "Ready", "drafts", "parts", "ready", "table", "warnings"]

WEB_PAGE = 48_000
"""Bytes of rows on a page of the web edition, where no smaller edition sets the measure."""

SMALL = 2_000
"""A table with more rows than this is never tried on the overview as a whole."""

WORTH_SEVERAL = 20_000
"""Rows from which several processes make the files of a table together."""


def table(bulletin: Bulletin, frame: Frame) -> Iterator[Page]:
    """Every file of a document that is a table, or its tombstones; one page at a time in memory."""
    for draft in drafts(bulletin, frame):
        yield draft.render()


class Ready:
    """What the files of a table are made of that hangs on nothing but the table: made when first asked for, once."""

    def __init__(self, table: PublicTable, known: Known | None = None) -> None:
        self.source, self.known = table, known

    @cached_property
    def table(self) -> PublicTable:
        return present(self.source)

    @cached_property
    def csv(self) -> tuple[bytes, tuple[Problem, ...]]:
        """The CSV, and what had to be changed in it."""
        return data.csv_bytes(self.source)

    @cached_property
    def roll(self) -> Roll:
        return roll(self.table, self.known if self.table is self.source else None)


def ready(bulletin: Bulletin) -> tuple[Ready, ...]:
    """The tables of a bulletin; none of a withdrawn or expired one."""
    several = (content.tables for _, content in bulletin.contents if isinstance(content, PublicWorkbook))
    return tuple(map(Ready, next(several, ())))


def drafts(bulletin: Bulletin, frame: Frame, tables: Sequence[Ready] | None = None) -> Iterator[Draft]:
    """The same files, each rendered only when its ``key`` is not the one that stands already. ``tables``: those of the
    bulletin, where somebody had them ``ready``.

    What is linked comes before what links to it. Of a withdrawn or expired document only the tombstones are
    left: the caller takes away what it had before and is not named any more.
    """
    tables = ready(bulletin) if tables is None else tables
    if not tables:
        yield from _tombstones(bulletin, frame)
        return
    for one in tables:
        others = tuple((other.source.slug, other.source.title) for other in tables if other is not one)
        yield from _Making(bulletin, one, frame, others).drafts()


@frozen
class Parts:
    """The files of a table in parts that different processes can make: what stands beside the pages of rows (data, index, editions),
    those pages for each edition, the lists of names of all editions, the overviews."""

    beside: Iterator[Draft]
    editions: tuple[Iterator[Draft], ...]
    names: Iterator[Draft]
    overviews: Iterator[Draft]
    found: Callable[[], Found | None]
    """What the making of ``beside`` has found out about the rows, to be asked where it was made."""
    made: Callable[[bytes, Found | None], Made | None]
    """What to remember of the rows, given the digests by which they are told apart in time, and what was ``found``."""


def parts(bulletin: Bulletin, frame: Frame, tables: Sequence[Ready]) -> Parts | None:
    """The same files in parts; None where that is not worth it."""
    if len(tables) != 1 or len(tables[0].source.rows) < WORTH_SEVERAL:
        return None
    return _Making(bulletin, tables[0], frame, ()).parts()


def warnings(tables: Sequence[Ready]) -> tuple[Problem, ...]:
    """What staff should know about the tables as they are published: cells that were neutralised in the
    CSV."""
    return tuple(problem for one in tables for problem in one.csv[1])


def _tombstones(bulletin: Bulletin, frame: Frame) -> Iterator[Draft]:
    card, words = bulletin.card, frame.words()
    said = "expired_text" if card.state is State.EXPIRED else "withdrawn_text"
    when = moments.long(card.updated, frame.zone, "ja")
    for edition in frame.editions:
        lines = [words[said].format(moment=when), words["gone_ask"]]
        body = "".join(f"<p>{frame.escape(edition, line)}</p>\n" for line in lines)

        def render(edition: Edition = edition, body: str = body) -> Page:
            return frame.page(
                edition,
                card.path,
                card.title,
                body,
                updated=card.updated,
                robots=ROBOTS,
                drill=card.drill,
                kind=PageKind.LIST,
            )

        yield Draft(edition.prefix + card.path, "", render)


class _Making:
    """One table on its way to pages."""

    def __init__(
        self, bulletin: Bulletin, ready: Ready, frame: Frame, others: tuple[tuple[str, str], ...]
    ) -> None:
        self.frame, self.ready, self.source, self.table = frame, ready, ready.source, ready.table
        table = ready.source
        self.card = bulletin.card
        self.as_of: datetime = table.as_of or bulletin.card.date
        self.addresses = Addresses()
        self.csv = ready.csv[0]
        exchanged = () if self.standard is None else (("table_standard", f"{table.slug}-standard.csv"),)
        if pfif.offers(table):
            exchanged = (*exchanged, ("table_pfif", f"{table.slug}.pfif.xml"))
        timeline = Timeline(table.slug, bulletin.editions, frame.zone)
        self.timeline = timeline if len(timeline.all) > 1 else None
        self.facts = Facts(self.as_of, bulletin.card.drill, len(self.csv), others, exchanged, self.timeline)

    def drafts(self) -> Iterator[Draft]:
        yield from self._beside()
        for edition in self.frame.editions:
            yield from self._divided_pages(edition)
        yield from self._lists_of_names()
        yield from self._overviews()

    def parts(self) -> Parts:
        """The same in parts. What all of them need is made here."""
        _ = self.roll
        editions = [self._divided_pages(edition) for edition in self.frame.editions]
        return Parts(self._beside(), tuple(editions), self._lists_of_names(), self._overviews(), self.found, self.made)

    def found(self) -> Found | None:
        worth = self._finder is not None and self._lasts
        return self._finder.found() if worth and self._finder is not None else None

    @property
    def _lasts(self) -> bool:
        """Whether the next edition can use what was made of the rows: not where they stand in the order of the office."""
        return self.roll.alphabetic and self.table is self.source and len(self.table.rows) <= MOST_ROWS

    def made(self, identities: bytes, found: Found | None) -> Made | None:
        """What the next edition need not make again of rows that stay."""
        roll = self.roll
        if not self._lasts or found is None:
            return None
        place_of = roll.place_of
        measured = ((press.edition.name, press.measured) for press in self.presses.values())
        measured = (*measured, (NAMES, self._name_lengths))
        sizes = {name: list(map(some.__getitem__, place_of)) for name, some in measured if some is not None}
        digests = array("Q")
        digests.frombytes(roll.digests.whole)
        by_row = array("Q", map(digests.__getitem__, place_of)).tobytes()
        ways = {route.code: route.parts for route in self._drill[0] if route.parts}
        return Made(
            form(self.table, roll.layout), identities, by_row, *roll.parts, roll.order, sizes, found.forms, found.entries, found.weights, found.pointers, ways
        )

    @cached_property
    def _name_lengths(self) -> Sequence[int]:
        return name_lengths(self.roll)

    def _beside(self) -> Iterator[Draft]:
        """Everything but the pages of rows and the overviews."""
        if self.timeline is not None:
            yield from drafts_of_editions(self.table, self.timeline, self.frame, self.card)
        yield from self._data()
        if self._divided and self._finder is not None:
            yield from self._finder.drafts(self.facts)

    @cached_property
    def _divided(self) -> bool:
        """Whether the rows need pages of their own."""
        rows = self.table.rows
        return bool(rows) and not (len(rows) <= SMALL and self._stands_on_overviews())

    def _divided_pages(self, edition: Edition) -> Iterator[Draft]:
        """The pages of whole rows, and those of links to pages."""
        if not self._divided:
            return
        press, (_, _, shelves, stops) = self.presses[edition], self._drill
        for named, stop in stops:
            if not named:
                yield press.leaf(stop)
        for route, stem, title, label, nodes in shelves:
            yield press.shelf(stem, title, label, counted(route, nodes, self.addresses, press.unit))
        press.forget()

    def _lists_of_names(self) -> Iterator[Draft]:
        """Of all editions: those in one encoding share their lines."""
        if not self._divided:
            return
        _, names, _, stops = self._drill
        for stop in [stop for named, stop in stops if named]:
            assert names is not None  # where there are lists of names, there are pages by reading
            once = cache(partial(names.markup, stop.places))
            for press in self.presses.values():
                yield press.names(stop, partial(once, press.edition is LEGACY))

    def _overviews(self) -> Iterator[Draft]:
        if not self._divided:
            body = self._with_rows if self.table.rows else lambda overview: overview.with_rows("")
            yield from (self._overview(press, body) for press in self.presses.values())
            return
        ways = self._drill[0]
        for press in self.presses.values():
            script = self._finder.link if self._finder is not None and press.edition is WEB else ""
            yield self._overview(
                press, lambda overview, script=script: self._with_ways(overview, ways, script), script
            )

    @cached_property
    def _drill(self) -> tuple[Sequence[Route], Names | None, list[_Shelf], list[tuple[bool, Stop]]]:
        """The ways to the rows, the lists of names, the pages of links, and the pages of rows."""
        ways = routes(self.roll, self._measures())
        names = self._names(ways)
        return ways, names, *self._stops(ways, names)

    @property
    def roll(self) -> Roll:
        return self.ready.roll

    @cached_property
    def presses(self) -> dict[Edition, Press]:
        return {edition: _press(self, edition, self.roll) for edition in self.frame.editions}

    # --- data -----------------------------------------------------------------

    def _data(self) -> Iterator[Draft]:
        table, who = self.source, self.frame.site.publisher
        if not table.rows:
            return
        homepage = f"{self.frame.site.url}t/{table.slug}/index.html"
        files: tuple[tuple[str, Callable[[], bytes]], ...] = (
            (f"{table.slug}.csv", lambda: self.csv),
            (f"{table.slug}.csv-metadata.json", lambda: data.csvw(table, publisher=who, modified=self.as_of)),
            (
                "datapackage.json",
                lambda: data.datapackage(
                    table, self.csv, publisher=who, modified=self.as_of, homepage=homepage, more=self._others()
                ),
            ),
        )
        if self.standard is not None:
            files = (*self._standard(self.standard, who), *files)
        if pfif.offers(table):
            yield self._pfif(homepage)
        said = blake2b(self.csv, digest_size=16)
        site = self.frame.site
        said.update(repr((self.as_of.isoformat(), table.title, who, homepage, table.personal, site.code)).encode())
        for name, make in files:
            path = f"t/{table.slug}/{name}"

            def render(path: str = path, make: Callable[[], bytes] = make) -> Page:
                return Page(path, make(), PageKind.DATA, table.personal)

            yield Draft(path, said.hexdigest(), render)

    @cached_property
    def standard(self) -> PublicTable | None:
        """The list of shelters in the columns of the standard, where it came in others."""
        site = self.frame.site
        return standard(self.source, Town(site.code, site.publisher))

    def _others(self) -> tuple[tuple[PublicTable, bytes], ...]:
        return () if self.standard is None else ((self.standard, data.csv_bytes(self.standard)[0]),)

    def _standard(self, table: PublicTable, who: str) -> tuple[tuple[str, Callable[[], bytes]], ...]:
        return (
            (f"{table.slug}.csv", lambda: data.csv_bytes(table)[0]),
            (f"{table.slug}.csv-metadata.json", lambda: data.csvw(table, publisher=who, modified=self.as_of)),
        )

    def _pfif(self, homepage: str) -> Draft:
        """The people of a roll whose profile says so, for those who look for them elsewhere."""
        table, site = self.source, self.frame.site
        host = urlsplit(site.url).hostname or "localhost"
        origin = pfif.Origin(host, site.publisher, site.title, homepage)
        path = f"t/{table.slug}/{table.slug}.pfif.xml"
        said = blake2b(self.csv, digest_size=16)
        said.update(repr((self.as_of.isoformat(), table.kind, table.lasts, sorted((table.pfif or {}).items()), origin)).encode())

        def render() -> Page:
            return Page(path, pfif.document(table, self.as_of, origin), PageKind.DATA, personal=True)

        return Draft(path, said.hexdigest(), render)

    # --- the overview -----------------------------------------------------------------

    def _overview(self, press: Press, body: Callable[[Overview], str], script: str = "") -> Draft:
        overview = Overview(press, self.table, self.facts)
        return Draft(press.edition.prefix + overview.path, "", lambda: overview.page(body(overview), script))

    @cached_property
    def _finder(self) -> Finder | None:
        """The search of the web edition, when the theme has one and the rows have something to be found by."""
        script = search.script(self.frame)
        return Finder(self.frame, self.roll, script) if script is not None and search.findable(self.roll) else None

    def _with_rows(self, overview: Overview) -> str:
        before, after, rows = overview.press.whole(self._order())
        return overview.with_rows(before + rows.decode(overview.edition.encoding) + after)

    def _with_ways(self, overview: Overview, ways: Sequence[Route], script: str) -> str:
        rows = ""
        press = overview.press
        if press.edition is WEB and len(self.table.rows) <= SMALL and sum(press.rows.sizes()) <= WHOLE:
            before, after, markup = press.whole(self._order())
            rows = before + markup.decode() + after
        place = search.place(self.frame, self.table) if script else ""
        return overview.with_ways(ways, self.addresses, rows, place)

    def _stands_on_overviews(self) -> bool:
        """Whether the whole table fits the overview of each edition."""
        for press in self.presses.values():
            overview = Overview(press, self.table, self.facts)
            room = overview.room() if press.edition.budget is not None else WHOLE
            size = sum(press.rows.sizes())
            if size > room or self.frame.size(press.edition, self._with_rows(overview)) > room:
                return False
        return True

    def _order(self) -> list[int]:
        """The places as a table of one piece lists them: people by reading, shelters by district with closed
        ones last."""
        found = self.roll
        if self.table.personal:
            return list(range(len(found.keys)))
        rows = {i: place for place, i in enumerate(found.order)}
        as_written = [rows[i] for i in range(len(found.keys))]
        if self.table.kind is not TableKind.SHELTERS:
            return as_written
        district = found.layout.district
        where = found.cells[district] if district is not None else [""] * len(found.keys)
        first: dict[str, int] = {}
        for place in as_written:
            first.setdefault(where[place], len(first))
        return sorted(as_written, key=lambda place: (place in found.closed, first[where[place]]))

    # --- the drill-down -----------------------------------------------------------------------

    def _measures(self) -> Measures:
        """Weights by the edition with the least room for each."""
        tight = [press for press in self.presses.values() if press.edition.budget is not None]
        rooms = [(press, press.room(rows=True) or WEB_PAGE) for press in tight]
        link_rooms = [(press, press.room(rows=False) or WEB_PAGE) for press in tight]
        if not tight:
            press = self.presses[WEB]
            rooms = link_rooms = [(press, WEB_PAGE)]
        columns = [array("Q", [size * UNIT // room + 1 for size in press.sizes()]) for press, room in rooms]
        weights = array("Q", map(max, *columns)) if len(columns) > 1 else columns[0]
        coded = [(press.encoding, room) for press, room in rooms]
        return Measures(
            rows=lambda places: array("Q", map(weights.__getitem__, places)),
            names=lambda places: name_weights(list(map(self._name_lengths.__getitem__, places)), coded),
            link=lambda label: max(press.link_size(label) * UNIT // room + 1 for press, room in link_rooms),
            words=lambda name, label: max(-(-press.words(name, label) * UNIT // room) for press, room in rooms),
            said=repr((coded, [(press.edition.name, room) for press, room in link_rooms])),
        )

    def _stops(
        self, ways: Sequence[Route], names: Names | None
    ) -> tuple[list[_Shelf], list[tuple[bool, Stop]]]:
        """The pages of links and the pages of rows, the latter with whether they show names only."""
        shelves: list[_Shelf] = []
        stops: list[tuple[bool, Stop]] = []
        title = plain(self.table.title)
        for route in ways:
            for node, name in _named(route):
                stem = self.addresses.of(route.code, node)
                words = title_of(route, node, title, name), route.label(node)
                if node.entries:
                    shelves.append((route, stem, *words, node.entries))
                    continue
                members = route.members
                places = (
                    range(node.start, node.stop)
                    if isinstance(members, range)
                    else members[node.start : node.stop]
                )
                said = names.said(places) if route.named and names is not None else self.roll.digests.of(places)
                whole = "\x01".join((stem, *words, "")).encode("utf-8", "replace") + said
                stops.append((route.named, Stop(stem, *words, places, blake2b(whole, digest_size=16).digest())))
            if route.listed:
                heading = Overview(self.presses[WEB], self.table, self.facts).heading_of(route)
                shelves.append((route, route.code, f"{title}（{heading}）", "", route.top))
        return shelves, stops

    def _names(self, ways: Sequence[Route]) -> Names | None:
        by_reading = next((route for route in ways if route.code == READING), None)
        if by_reading is None or not any(route.named for route in ways):
            return None
        return Names(self.roll, self.addresses, by_reading)


_Shelf = tuple[Route, str, str, str, Sequence[Node]]
"""A page of links: route, address, title, label, what it links to."""


def _named(route: Route) -> Iterator[tuple[Node, str]]:
    """Every page of a route with the name of the value that it belongs to."""

    def below(node: Node, name: str) -> Iterator[tuple[Node, str]]:
        mine = name or (node.label if node.label else "")
        for entry in node.entries:
            yield from below(entry, mine)
        yield node, mine or route.label(node)

    for node in route.top:
        yield from below(node, "")


def _press(making: _Making, edition: Edition, found: Roll) -> Press:
    frame, table = making.frame, making.table
    press = Press(frame, edition, found, rows_head(edition, frame, found), making.card.drill)

    def write(places: Sequence[int] | None) -> markup.Rows:
        if edition is WEB:
            dress = markup.web(table, found.layout)
        else:
            dress = markup.brief(
                table, found.layout, legacy=edition is LEGACY, room=press.room(rows=True) or WEB_PAGE
            )
        order = found.order if places is None else [found.order[p] for p in places]
        return markup.make(table.rows, order, dress, edition.encoding)

    def measure() -> list[int] | None:
        if edition is WEB:
            return None
        room = press.room(rows=True) or WEB_PAGE
        legacy = edition is LEGACY
        known = found.known
        former = known.made.sizes.get(edition.name) if known is not None else None
        if known is None or former is None:
            return markup.measured(table, found.layout, found.cells, legacy=legacy, room=room)
        cells = list(zip(*[table.rows[i] for i in known.fresh], strict=True))
        fresh = markup.measured(table, found.layout, cells, legacy=legacy, room=room) if cells else []
        if fresh is None:
            return None
        sizes = known.carried(former, lambda _: fresh)
        return list(map(sizes.__getitem__, found.order)) if max(sizes, default=0) <= room else None

    press.write, press.measure = write, measure
    return press
