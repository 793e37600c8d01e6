"""The pages of a drill-down: the frame rendered once for all of them, then links or rows put in."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple

from publisher.editions.frame import LEGACY, WEB, Edition, Frame
from publisher.editions.sjis import gate
from publisher.editions.tables.drilldown import Node
from publisher.editions.tables.reading import LATIN, OTHER, hiragana, initial_label
from publisher.editions.tables.roll import Roll
from publisher.editions.tables.routes import READING, Route
from publisher.editions.tables.rows import Rows, brief_columns, folds, main_columns, phone_below
from publisher.model import Page, PageKind
from publisher.patterns import pattern
from publisher.values import frozen

ROBOTS = "noindex, noarchive"
"""What pages with people on them tell search engines."""

_HOLES = pattern(rb"qq(path|title)qq|qqbodyqq(?:.*?qqendqq)?", re.DOTALL)
_KANA = pattern("[\u3041-\u30fe〜]*")
"""Labels that are as long in every edition as they look."""
WORDS = 164
"""Bytes that every page has for its own words: in title and heading, and before its rows. Those of nearly all shelters take less."""
_MARKS = 36
"""Bytes of what stands around them: brackets, the number of rows, markup."""
_BEYOND = "\u9ad9"
"""A character that no legacy page can show, to see what the frame adds to pages with such."""


class Draft(NamedTuple):
    """A page that is rendered only when wanted. ``key`` changes when its bytes would; an empty one: always
    render."""

    path: str
    key: str
    render: Callable[[], Page]


class Stencil:
    """What `Frame.page` makes, cut where address, title and body stand: filling it in is a hundred times
    faster.

    ``key`` stands for everything around the holes.
    """

    def __init__(
        self, frame: Frame, edition: Edition, slug: str, crumbs: Sequence[tuple[str, str]], **more: object
    ) -> None:
        self.frame, self.edition, self.slug = frame, edition, slug
        self._more = {"updated": None, "crumbs": crumbs, **more}
        self._plain = self._cut("qqbodyqq")
        self._simplified = self._cut(f"qqbodyqq{_BEYOND}qqendqq") if edition is LEGACY else self._plain
        self.key = blake2b(repr((self._plain, self._simplified)).encode(), digest_size=16).digest()

    def _cut(self, body: str) -> list[bytes]:
        page = self.frame.page(self.edition, f"t/{self.slug}/qqpathqq.html", "qqtitleqq", body, **self._more)
        pieces, end = [], 0
        for hole in _HOLES.finditer(page.body):
            pieces += [page.body[end : hole.start()], hole[1] or b"body"]
            end = hole.end()
        return [*pieces, page.body[end:]]

    @property
    def around(self) -> int:
        """Bytes of a page without title and body, its address counted as the longest."""
        return len(self.fill("w" * 24, b"", b"", lossy=True))

    def fill(self, stem: str, title: bytes, body: bytes, *, lossy: bool) -> bytes:
        """A page; ``lossy`` when its legacy body shows other characters than the original."""
        values = {b"path": stem.encode(), b"title": title, b"body": body}
        pieces = self._simplified if lossy else self._plain
        return b"".join([values[piece] if place % 2 else piece for place, piece in enumerate(pieces)])


@frozen
class Stop:
    """A page of rows, the same in all editions: its address, its words, its rows, and what stands for all of
    it."""

    stem: str
    title: str
    label: str
    places: range | Sequence[int]
    said: bytes


class Press:
    """Makes the pages of one table in one edition."""

    write: Callable[[Sequence[int] | None], Rows]
    """Writes the rows of this edition at these places, or all of them."""
    measure: Callable[[], list[int] | None]
    """Bytes of each row without writing it, where that can be told."""

    def __init__(self, frame: Frame, edition: Edition, roll: Roll, head: str, drill: bool) -> None:
        self.frame, self.edition, self.roll = frame, edition, roll
        table = roll.table
        self.slug, self.personal = table.slug, table.personal
        self.unit = unit(table.personal)
        self.head = head
        self.stencil = Stencil(
            frame,
            edition,
            table.slug,
            ((f"t/{table.slug}/index.html", table.title),),
            robots=ROBOTS if table.personal else "",
            personal=table.personal,
            drill=drill,
        )
        self._title = plain(table.title)
        self._rows: Rows | None = None
        self._alone = 0
        self._around: dict[str, bytes] = {}

    @property
    def rows(self) -> Rows:
        """All rows, written when they are first asked for."""
        if self._rows is None:
            self._rows = self.write(None)
        return self._rows

    def forget(self) -> None:
        """All pages are made: of a million rows the markup takes a hundred megabytes."""
        self._rows = None

    def sizes(self) -> Iterable[int]:
        """Bytes of each row."""
        if self._rows is None and self.measured is not None:
            return self.measured
        return self.rows.sizes()

    @cached_property
    def measured(self) -> Sequence[int] | None:
        """Bytes of each row by place, where they can be told without writing it. Side by side: of a million rows numbers of their own take forty megabytes."""
        found = self.measure()
        return None if found is None else array("I", found)

    def _cut(self, places: range | Sequence[int]) -> tuple[bytes, bool]:
        """The rows at these places, and whether a character in them was simplified. The next edition changes
        few pages: their rows are written alone, until they are a fourth of all."""
        if self._rows is None and self._alone * 4 < len(self.roll.keys):
            self._alone += len(places)
            some = self.write(places)
            return some.slice(0, len(some)), self.edition is LEGACY and 1 in some.lossy
        rows = self.rows
        cut = rows.slice(places.start, places.stop) if isinstance(places, range) else rows.pick(places)
        return cut, self.edition is LEGACY and rows.any_lossy(places)

    @property
    def encoding(self) -> str:
        return self.edition.encoding

    def path(self, stem: str) -> str:
        return f"{self.edition.prefix}t/{self.slug}/{stem}.html"

    def encode(self, markup: str) -> tuple[bytes, bool]:
        if self.edition is not LEGACY:
            return markup.encode(), False
        gated = gate(markup)
        return gated.text.encode("shift_jis"), bool(gated.losses)

    def escape(self, text: str) -> str:
        return self.frame.escape(self.edition, text)

    # --- pages with links -----------------------------------------------------------------

    def links(self, targets: Sequence[tuple[str, str]], name: str = "") -> str:
        """Links of this page's folder: (stem, label). ``name``: what the list is called where there are several."""
        targets = _told_apart(targets)
        if self.edition is LEGACY:
            return "".join(
                [f'<a href="{stem}.html">{self.escape(label)}</a><br/>\n' for stem, label in targets]
            )
        items = "".join(
            [f'<li><a href="{stem}.html">{self.escape(label)}</a></li>\n' for stem, label in targets]
        )
        if self.edition is not WEB:
            return f"<ul>\n{items}</ul>\n"
        label = f' aria-label="{self.escape(name)}"' if name else ""
        return f"<nav{label}><ul>\n{items}</ul></nav>\n"

    def link_size(self, label: str) -> int:
        """Bytes of a link to a page below, its address counted as the longest."""
        if _KANA.fullmatch(label):
            size = len(label) * (2 if self.edition is LEGACY else 3)
        else:
            size = self.frame.size(self.edition, self.escape(label))
        return size + (37 if self.edition is LEGACY else 46)

    def shelf(self, stem: str, title: str, label: str, targets: Sequence[tuple[str, str]]) -> Draft:
        """A page of links."""
        said = f"<p>{self.escape(label)}</p>\n" if label else ""
        return self._links_draft(
            stem, title, (label, *targets), lambda: f"{self._where}{said}{self.links(targets)}"
        )

    # --- pages with rows -----------------------------------------------------------------

    def leaf(self, stop: Stop) -> Draft:
        """A page of rows."""
        return self._with_rows(stop, self.head, lambda: self._cut(stop.places), self._after())

    def names(self, stop: Stop, rows: Callable[[], tuple[bytes, bool]]) -> Draft:
        """A page of names with links to where the rest of each row stands."""
        return self._with_rows(stop, self._names_head, rows, "" if self.edition is LEGACY else "</ul>\n")

    def _with_rows(self, stop: Stop, head: str, rows: Callable[[], tuple[bytes, bool]], end: str) -> Draft:
        path = self.path(stop.stem)

        def render() -> Page:
            before, lossy = self.encode(f"{self._where}{self._range(stop.label, len(stop.places))}{head}")
            cut, simplified = rows()
            body = before + cut + end.encode(self.encoding)
            return self._page(path, stop.stem, stop.title, body, PageKind.DOCUMENT, lossy or simplified)

        return Draft(path, self._key_of(stop, head), render)

    def room(self, *, rows: bool) -> int | None:
        """Bytes that rows (or links) may take on a page, or None without a budget."""
        if self.edition.budget is None:
            return None
        around = self._where + (max(self.head, self._names_head, key=len) + self._after() if rows else "")
        used = self.stencil.around + len(self.encode(around)[0]) + 2 * self._size(self._title) + _MARKS + WORDS
        return max(600, self.edition.budget - used)

    def words(self, name: str, label: str) -> int:
        """Bytes that the words of a page take beyond those that ``room`` leaves for them: ``name`` stands in its title and its heading, ``label``
        once."""
        return max(0, 2 * self._size(name) + self._size(label) - WORDS)

    def _size(self, text: str) -> int:
        return self.frame.size(self.edition, self.escape(text))

    # --- parts -----------------------------------------------------------------

    def whole(self, places: Iterable[int]) -> tuple[str, str, bytes]:
        """(what stands before, what stands after, the rows) of a table that stands on the overview."""
        return self.head, self._after(), self.rows.pick(places)

    @cached_property
    def _where(self) -> str:
        words = self.frame.words()
        return f'<p><a href="index.html">{self.escape(words["table_as_of_there"])}</a></p>\n'

    @cached_property
    def _names_head(self) -> str:
        said = f"<p>{self.escape(self.frame.words()['table_names'])}</p>\n"
        return said if self.edition is LEGACY else said + "<ul>\n"

    def _range(self, label: str, count: int) -> str:
        return f"<p>{self.escape(label)}（{count:,}{self.unit}）</p>\n" if label else ""

    def _after(self) -> str:
        if self.edition is WEB:
            return "</tbody></table></div>\n"
        return "" if self.edition is LEGACY else "</table>\n" if self.roll.layout.narrow else "</ul>\n"

    def _key_of(self, stop: Stop, head: str) -> str:
        """The key of a page of rows. What it has of the edition is digested once for all of them."""
        around = self._around.get(head)
        if around is None:
            around = self._around[head] = blake2b(self.stencil.key + head.encode("utf-8", "replace"), digest_size=16).digest()
        return blake2b(around + stop.said, digest_size=16).hexdigest()

    def _key(self, stem: str, title: str, said: Sequence[object], more: bytes = b"") -> str:
        digest = blake2b(self.stencil.key, digest_size=16)
        digest.update(repr((stem, title, said)).encode("utf-8", "replace"))
        digest.update(more)
        return digest.hexdigest()

    def _links_draft(self, stem: str, title: str, said: Sequence[object], body: Callable[[], str]) -> Draft:
        path = self.path(stem)

        def render() -> Page:
            encoded, lossy = self.encode(body())
            return self._page(path, stem, title, encoded, PageKind.LIST, lossy)

        return Draft(path, self._key(stem, title, said), render)

    def _page(self, path: str, stem: str, title: str, body: bytes, kind: PageKind, lossy: bool) -> Page:
        heading, simplified = self.encode(self.escape(title))
        filled = self.stencil.fill(stem, heading, body, lossy=lossy or simplified)
        return Page(path, filled, kind, self.personal)


def plain(text: str) -> str:
    return " ".join(text.split())


def unit(personal: bool) -> str:
    return "人" if personal else "件"


def _told_apart(targets: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Links of the same label get a number: two pages of people with one reading in one district."""
    many = Counter(label for _, label in targets)
    if len(many) == len(targets):
        return list(targets)
    seen: Counter[str] = Counter()
    found = []
    for stem, label in targets:
        seen[label] += 1
        found.append((stem, f"{label}（{seen[label]}）" if many[label] > 1 else label))
    return found


def title_of(route: Route, node: Node, table_title: str, name: str) -> str:
    """The title of a page: of names no more than the first two kana (of those in letters or kanji nothing), of places the place."""
    if route.code == READING:
        first = node.seed[:1]
        start = initial_label(first) if first in (LATIN, OTHER) else hiragana("".join(c for c in node.seed[:2] if c not in "<>/\x01\x02"))
        return f"{table_title}（{start}）" if start else table_title
    return f"{table_title}（{name}）" if name else table_title


def rows_head(edition: Edition, frame: Frame, roll: Roll) -> str:
    """What stands before the rows of a table: its caption and header, or a legend."""
    layout, columns = roll.layout, roll.table.columns
    name = columns[layout.lead] if layout.lead is not None else ""
    kana = columns[layout.kana] if layout.kana is not None and layout.kana != layout.lead else ""
    escape = frame.escape
    if edition is not WEB:
        return _brief_head(edition, frame, roll)
    below = phone_below(layout)
    heads = [_two(escape(edition, name), escape(edition, kana))]
    for i in main_columns(layout):
        heads.append(
            _two(escape(edition, columns[i]), escape(edition, columns[below[i]]) if i in below else "")
        )
    if folds(layout):
        heads.append("詳細")
    cells = "".join(f'<th scope="col">{head}</th>' for head in heads)
    title = escape(edition, roll.table.title)
    stack = "" if layout.main is None else " stack"
    return (
        f'<div class="wide{stack}" tabindex="0" role="region" aria-label="{title}"><table>\n'
        f"<caption>{title}</caption>\n"
        f"<thead><tr>{cells}</tr></thead>\n<tbody>\n"
    )


def _two(above: str, below: str) -> str:
    """Two columns that share a header."""
    return f"{above}<br/><small>{below}</small>" if above and below else above or below


def _brief_head(edition: Edition, frame: Frame, roll: Roll) -> str:
    """A legend where the values stand alone, the header of a narrow table, else only what opens the list."""
    opening = "" if edition is LEGACY else "<ul>\n"
    titles = [frame.escape(edition, roll.table.columns[i]) for i in brief_columns(roll.table, roll.layout)]
    if roll.layout.narrow and edition is not LEGACY:
        return "<table><tr>" + "".join(f'<th scope="col">{title}</th>' for title in titles) + "</tr>\n"
    if roll.layout.narrow:
        return f"<p>{'、'.join(titles)}</p>\n"
    if not roll.table.personal:
        return opening
    named = len(titles) - len(roll.layout.brief)
    if not titles:
        return opening  # nobody is shown
    first = f"{titles[0]}（{titles[1]}）" if named > 1 and len(titles) > 1 else titles[0]
    return f"<p>{'、'.join([first, *titles[named:]])}</p>\n{opening}"
