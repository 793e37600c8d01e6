"""The first page of a table: as of when, how many, how to look somebody up, the data, and whom to ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from publisher.editions import moments
from publisher.editions.data import size_words
from publisher.editions.frame import LEGACY, UNLIMITED, WEB, Edition, Frame
from publisher.editions.tables.columns import View
from publisher.editions.tables.drilldown import Node
from publisher.editions.tables.history import Binder, Timeline, changes
from publisher.editions.tables.pages import ROBOTS, Press, unit
from publisher.editions.tables.reading import LATIN, OTHER, ROWS, initial_label
from publisher.editions.tables.routes import READING, Addresses, Route
from publisher.model import Page, PageKind, PublicTable, TableKind
from publisher.values import frozen

WHOLE = 60_000
"""Bytes of rows that the web edition puts on the overview at most."""


@frozen
class Facts:
    """What the overview says beside the table itself. ``others``: (slug, title) of the other tables of the
    document; ``exchanged``: (word, file) of data in the forms of others, for the web edition; ``timeline``: its editions, where
    there are several."""

    as_of: datetime
    drill: bool
    csv_size: int
    others: tuple[tuple[str, str], ...] = ()
    exchanged: tuple[tuple[str, str], ...] = ()
    timeline: Timeline | None = None


class Overview:
    """Builds the overview of one table in one edition."""

    def __init__(self, press: Press, table: PublicTable, facts: Facts) -> None:
        self.press, self.table, self.facts = press, table, facts
        self.frame: Frame = press.frame
        self.edition: Edition = press.edition
        self.words = self.frame.words()
        self.path = f"t/{table.slug}/index.html"

    def page(self, body: str | bytes, script: str = "") -> Page:
        text = body if isinstance(body, str) else body.decode(self.edition.encoding)
        return self.frame.page(
            self.edition,
            self.path,
            self.table.title,
            text,
            updated=self.facts.as_of,
            kind=PageKind.LIST,
            robots=ROBOTS if self.table.personal else "",
            personal=self.table.personal,
            drill=self.facts.drill,
            script=script,
        )

    def room(self) -> int:
        """Bytes of body that the page has."""
        return self.frame.room(
            self.edition,
            self.path,
            self.table.title,
            updated=self.facts.as_of,
            drill=self.facts.drill,
            robots=ROBOTS if self.table.personal else "",
        )

    # --- bodies -----------------------------------------------------------------

    def with_rows(self, rows: str) -> str:
        """The body of a table that stands here as a whole."""
        return self._assembled(rows)

    def with_ways(self, routes: Sequence[Route], addresses: Addresses, rows: str = "", search: str = "") -> str:
        """The body of a table whose rows stand on pages of their own (and on the web perhaps here too).

        ``search``: markup of the place for the search, on the web.
        """
        parts = [self._way(route, addresses) for route in routes]
        return self._assembled(search + "".join(parts) + rows)

    def _assembled(self, middle: str) -> str:
        opening, closing = self._counts(), self._data() + self._history() + self._ask() + self._again()
        notes = self._notes()
        used = self.frame.size(self.edition, opening + middle + closing)
        room = self.room()
        kept = []
        for note in notes:
            used += self.frame.size(self.edition, note)
            if used > room and room < UNLIMITED:
                break
            kept.append(note)
        return opening + "".join(kept) + middle + closing

    def _counts(self) -> str:
        table, one = self.table, unit(self.table.personal)
        shown = len(table.rows)
        says = table.says if isinstance(table, View) else ""
        lines = [says or self.words[f"table_kind_{table.kind.value}"]]
        if table.withheld or table.total != shown:
            lines.append(self.words["table_total"].format(total=f"{table.total:,}", unit=one))
            lines.append(self.words["table_shown"].format(shown=f"{shown:,}", unit=one))
            why = "table_withheld_people" if table.personal else "table_withheld"
            lines.append(
                self.words[why].format(count=f"{max(table.withheld, table.total - shown):,}", unit=one)
            )
        else:
            lines.append(self.words["table_all"].format(total=f"{table.total:,}", unit=one))
        if not shown:
            lines.append(self.words["table_empty"])
        return self._paragraph("<br/>".join(self._escape(line) for line in lines if line))

    def _notes(self) -> list[str]:
        return [self._paragraph(self._escape(note)) for note in self.table.notes if note.strip()]

    def _way(self, route: Route, addresses: Addresses) -> str:
        if route.code == READING:
            return self._heading(self.words["table_by_reading"]) + self._kana(route, addresses)
        heading = self.heading_of(route)
        if route.listed:
            stem = route.code
            return self._heading(heading) + self.press.links([(stem, self._list_words(route, heading))], heading)
        return self._heading(heading) + self.press.links(
            counted(route, route.top, addresses, self.press.unit), heading
        )

    def _list_words(self, route: Route, heading: str) -> str:
        return self.words["table_list_of"].format(count=len(route.nodes), name=self.column_of(route))

    def column_of(self, route: Route) -> str:
        """What the values of a route are called."""
        return " ".join(self.table.columns[route.column].split()) if route.column is not None else ""

    def heading_of(self, route: Route) -> str:
        """The wording of a way: by the name of the column that it follows."""
        if route.column is None:
            return self.words["table_in_order"]
        return self.words["table_by_column"].format(name=self.column_of(route))

    def _kana(self, route: Route, addresses: Addresses) -> str:
        """The kana with which a reading begins, a line for each row of the fifty sounds."""
        initials = [node.prefix[:1] for node in route.nodes]
        if not all(initials) or len(set(initials)) < len(initials):  # a short list has its pages here, and all of them may begin alike
            return self.press.links(
                [(addresses.of(READING, node), route.label(node)) for node in route.nodes],
                self.words["table_by_reading"],
            )
        here = {node.prefix[0]: addresses.of(READING, node) for node in route.nodes}
        lines = []
        for row in (*ROWS, LATIN + OTHER):
            links = [
                f'<a href="{here[c]}.html">{self._escape(initial_label(c))}</a>' for c in row if c in here
            ]
            if links:
                lines.append(("　" if self.edition is not LEGACY else " ").join(links))
        if self.edition is WEB:
            items = "".join(f"<li>{line}</li>\n" for line in lines)
            name = self._escape(self.words["table_by_reading"])
            return f'<nav aria-label="{name}"><ul class="kana">\n{items}</ul></nav>\n'
        return self._paragraph("<br/>\n".join(lines))

    def _data(self) -> str:
        slug = self.table.slug
        if not self.table.rows:
            return ""
        link = self.frame.across(self.edition, self.path, WEB, f"t/{slug}/{slug}.csv")
        words = self.words["table_csv"].format(size=size_words(self.facts.csv_size))
        others = "".join(
            self._paragraph(
                f'<a href="{self.frame.relative(self.path, f"t/{to}/index.html")}">{self._escape(title)}</a>'
            )
            for to, title in self.facts.others
        )
        exchange = "".join(
            self._paragraph(f'<a href="{name}">{self._escape(self.words[word])}</a>')
            for word, name in self.facts.exchanged
            if self.edition is WEB
        )
        return self._paragraph(f'<a href="{link}">{self._escape(words)}</a>') + exchange + others

    def _history(self) -> str:
        """What changed since the edition before, and where all of them are."""
        timeline = self.facts.timeline
        if timeline is None:
            return ""
        binder = Binder(self.frame, self.edition, self.table, None)
        said = ""
        mine = next((edition for edition in timeline.counting if edition.as_of == self.facts.as_of), timeline.latest)
        if mine.change is not None:
            since = moments.long(mine.change.since, self.frame.zone, "ja")
            lines = changes(binder, mine, mine.change)
            said = self._heading(self.words["history_change"]) + binder.paragraph(
                self.words["history_change_since"].format(moment=since), *lines
            )
        links = [("e/index.html", "history_link")]
        if len(timeline.counting) > 1:
            links.append(("trend.html", "history_trend_link"))
        more = "　" if self.edition is not LEGACY else " "
        return said + self._paragraph(more.join(f'<a href="{to}">{self._escape(self.words[key])}</a>' for to, key in links))

    def _ask(self) -> str:
        people = self.table.personal or self.table.kind in {TableKind.EVACUEES, TableKind.MISSING}
        contact = self.frame.site.contact
        if not people or not contact:
            return ""
        return self._paragraph(self._escape(self.words["table_ask"].format(contact=contact)))

    def _again(self) -> str:
        when = moments.long(self.facts.as_of, self.frame.zone, "ja")
        return self._paragraph(self._escape(self.words["table_as_of"].format(moment=when)))

    # --- pieces -----------------------------------------------------------------

    def _escape(self, text: str) -> str:
        return self.frame.escape(self.edition, text)

    def _heading(self, text: str) -> str:
        return f"<h2>{self._escape(text)}</h2>\n"

    def _paragraph(self, markup: str) -> str:
        return f"<p>{markup}</p>\n"


def counted(route: Route, nodes: Sequence[Node], addresses: Addresses, one: str) -> list[tuple[str, str]]:
    """Links to nodes, with the number of rows behind those that are a value of the route."""
    values = {node.seed for node in route.nodes}
    return [
        (
            addresses.of(route.code, node),
            f"{route.label(node)} {node.stop - node.start:,}{one}"
            if node.seed in values and route.column is not None
            else route.label(node),
        )
        for node in nodes
    ]
