"""Lists of any length on pages within each edition's budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from hashlib import blake2b

from publisher.editions.frame import LEGACY, WEB, Edition, Frame
from publisher.editions.paths import numbered, relative
from publisher.editions.tables.pages import ROBOTS, Draft
from publisher.model import Card, Page, PageKind, PublicTable
from publisher.values import field, frozen

WEB_PAGE = 40_000
"""Bytes of rows on one page of the web edition."""

LONGEST = 60
"""Characters of a group's name in a row of numbers."""

LINKS = 260
"""Bytes kept free for the links from one page of a list to the next."""

MOMENT = 24
"""Bytes by which the words for one moment may be longer than those for another."""


@frozen
class Section:
    """A run of rows between an opening and a closing; both are repeated on each page that it goes on."""

    rows: Sequence[str]
    opening: str = ""
    closing: str = ""
    before: str = ""
    """Stands once, before the first of them: a heading, a sentence."""


@frozen
class Sheet:
    """A page of history in one edition: what it says, and what belongs to it on its first page only."""

    path: str
    title: str
    opening: str
    sections: Sequence[Section]
    closing: str = ""
    crumbs: Sequence[tuple[str, str]] = ()
    picture: Callable[[], str] | None = field(default=None)
    """Markup with pictures that is made when the page is rendered; ``picture_room`` bytes are kept for it."""
    picture_room: int = 0


class Binder:
    """Makes the pages of one table's history in one edition."""

    def __init__(self, frame: Frame, edition: Edition, table: PublicTable, card: Card | None) -> None:
        self.frame, self.edition, self.table = frame, edition, table
        self.drill = card is not None and card.drill
        self.words = frame.words()
        self._rooms: dict[tuple[str, int], int] = {}

    # --- markup ---

    def escape(self, text: str) -> str:
        return self.frame.escape(self.edition, text)

    def paragraph(self, *lines: str) -> str:
        """Lines of text as one paragraph; empty ones are left out."""
        said = "<br/>".join(self.escape(line) for line in lines if line)
        return f"<p>{said}</p>\n" if said else ""

    def heading(self, text: str) -> str:
        return f"<h2>{self.escape(text)}</h2>\n"

    def link(self, from_path: str, to_path: str, label: str) -> str:
        return f'<p><a href="{relative(from_path, to_path)}">{self.escape(label)}</a></p>\n'

    def data_link(self, from_path: str, to_path: str, label: str) -> str:
        """To a file that is in the web edition only."""
        return f'<p><a href="{self.frame.across(self.edition, from_path, WEB, to_path)}">{self.escape(label)}</a></p>\n'

    def numbers(self, caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], before: str = "") -> Section:
        """A table of numbers; the first cell of each row is its name. Old handsets get a line a row: name, and numbers with their heads."""
        if self.edition is LEGACY:
            return Section([self._line(heads, row) for row in rows], before=before)
        cells = "".join(f'<th scope="col">{self.escape(head)}</th>' for head in heads)
        if self.edition is WEB:
            said = self.escape(caption)
            opening = (
                f'<div class="wide" tabindex="0" role="region" aria-label="{said}"><table>\n<caption>{said}</caption>\n'
                f"<thead><tr>{cells}</tr></thead>\n<tbody>\n"
            )
            return Section([self._row(row) for row in rows], opening, "</tbody></table></div>\n", before)
        return Section([self._row(row) for row in rows], f"<table><tr>{cells}</tr>\n", "</table>\n", before)

    def _row(self, row: Sequence[str]) -> str:
        name, *numbers = row
        cells = "".join(f"<td>{self.escape(number)}</td>" for number in numbers)
        return f'<tr><th scope="row">{self.escape(shortened(name))}</th>{cells}</tr>\n'

    def _line(self, heads: Sequence[str], row: Sequence[str]) -> str:
        name, first, *more = row
        rest = [f"{head}{number}" for head, number in zip(heads[2:], more, strict=True) if number]
        return f"{self.escape(' '.join([shortened(name), first, *rest]))}<br/>\n"

    # --- pages ---

    def drafts(self, sheet: Sheet, *, updated: object, said: object) -> Iterator[Draft]:
        """A sheet on as many pages as it needs: the plain address, then ``-p2``, ``-p3`` … ``said`` stands for everything it says."""
        pages = list(self._pages(sheet, updated))
        for number, body in enumerate(pages, 1):
            yield self._draft(sheet, number, len(pages), body, updated, said)

    def _pages(self, sheet: Sheet, updated: object) -> Iterator[str]:
        room = self._room(sheet, updated) - LINKS
        body = sheet.opening
        used = self._size(body) + sheet.picture_room
        last = sheet.sections[-1] if sheet.sections else None
        for section in sheet.sections:
            body += section.before
            used += self._size(section.before)
            frame = self._size(section.opening + section.closing)
            open_ = False
            for place, row in enumerate(section.rows):
                more = self._size(row)
                after = self._size(sheet.closing) if section is last and place == len(section.rows) - 1 else 0
                if used + (0 if open_ else frame) + more + after > room and (open_ or used > self._size(sheet.opening) or place):
                    yield body + (section.closing if open_ else "")
                    body, used, open_ = "", 0, False
                if not open_:
                    body, used, open_ = body + section.opening, used + frame, True
                body, used = body + row, used + more
            body += section.closing if open_ else ""
        yield body + sheet.closing

    def _size(self, markup: str) -> int:
        return self.frame.size(self.edition, markup)

    def _room(self, sheet: Sheet, updated: object) -> int:
        if self.edition.budget is None:
            return WEB_PAGE
        known = self._rooms.get((sheet.title, len(sheet.path)))
        if known is None:
            words = self.words["history_continued"].format(title=sheet.title, number=99)
            room = self.frame.room(
                self.edition, numbered(sheet.path, 99, "-p"), words, updated=updated, crumbs=sheet.crumbs, drill=self.drill, robots=self._robots
            )  # fmt: skip
            known = self._rooms[sheet.title, len(sheet.path)] = max(600, room - MOMENT)
        return known

    @property
    def _robots(self) -> str:
        return ROBOTS if self.table.personal else ""

    def _draft(self, sheet: Sheet, number: int, count: int, body: str, updated: object, said: object) -> Draft:
        path = numbered(sheet.path, number, "-p")
        title = sheet.title if number == 1 else self.words["history_continued"].format(title=sheet.title, number=number)
        links = ""
        if number < count:
            links += self.link(path, numbered(sheet.path, number + 1, "-p"), self.words["history_next"])
        if number > 1:
            links += self.link(path, numbered(sheet.path, number - 1, "-p"), self.words["history_previous"])

        def render() -> Page:
            drawn = sheet.picture() if sheet.picture is not None and number == 1 else ""
            return self.frame.page(
                self.edition, path, title, drawn + body + links, updated=updated, crumbs=sheet.crumbs, drill=self.drill, robots=self._robots,
                personal=self.table.personal, kind=PageKind.LIST, counterpart=None if number == 1 else sheet.path,
            )  # fmt: skip

        told = (path, title, number, count, body, said, str(updated), sheet.crumbs, self.table.personal, self._around)
        key = blake2b(repr(told).encode("utf-8", "replace"), digest_size=16)
        return Draft(self.edition.prefix + path, key.hexdigest(), render)

    @cached_property
    def _around(self) -> bytes:
        """Stands for everything around a body that the sheet does not say: an empty page, made once."""
        path = f"t/{self.table.slug}/e/index.html"
        return self.frame.page(self.edition, path, "", "", updated=None, drill=self.drill, robots=self._robots).body


def shortened(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
