"""Pages that list documents: home, categories, the archive by time."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from publisher.editions.compact import cut
from publisher.editions.frame import WEB, Edition, Frame
from publisher.editions.labels import labels, prefix
from publisher.editions.paginate import Piece
from publisher.editions.spread import spread
from publisher.editions.theme import Theme
from publisher.editions.views import ArchiveView, CategoryView, HomeView
from publisher.model import Card, Category, Page, PageKind, State

LINE = 46
"""Characters of a title in the lists of light and legacy pages."""

FIRST = (
    "避難指示",
    "避難情報",
    "避難所",
    "避難",
    "給水",
    "断水",
    "水道",
    "飲料水",
    "水",
    "炊き出し",
    "食",
    "支援物資",
    "物資",
    "救護",
    "医療",
    "病院",
    "安否",
    "hinan",
    "shelter",
    "kyusui",
    "water",
    "food",
    "iryo",
)
"""What people look for first: a dry place, water, food, a doctor, each other. Categories with these words
in their name lead.
"""


def home(view: HomeView, frame: Frame) -> tuple[Page, ...]:
    """``index.html`` of every edition: urgent notices, categories as large targets, tables with their
    moment, the newest documents.
    """
    return tuple(page for edition in frame.editions for page in _home(view, frame, edition))


def category(view: CategoryView, frame: Frame) -> tuple[Page, ...]:
    """``c/<slug>.html`` of every edition: urgent documents first, then the newest; the archive of the
    category.
    """
    return tuple(page for edition in frame.editions for page in _category(view, frame, edition))


def archive(view: ArchiveView, frame: Frame) -> tuple[Page, ...]:
    """One page of the archive in every edition: ``a/<name>.html``, of a category ``c/<slug>/<name>.html``."""
    return tuple(page for edition in frame.editions for page in _archive(view, frame, edition))


def archive_path(category: Category | None, name: str) -> str:
    """Where a page of the archive stands, without the edition's prefix."""
    return f"c/{category.slug}/{name}.html" if category is not None else f"a/{name}.html"


def sorted_categories(categories: Sequence[Category]) -> list[Category]:
    """What people need first leads, the rest as given."""
    return sorted(categories, key=_urgency)


def _urgency(category: Category) -> int:
    name = category.name
    return next(
        (rank for rank, word in enumerate(FIRST) if word in name or word in category.slug), len(FIRST)
    )


# --- home ---


def _home(view: HomeView, frame: Frame, edition: Edition) -> list[Page]:
    words = frame.words()
    writer = _Writer(frame, edition, "index.html", words)
    pieces: list[Piece] = []
    shown = {card.id for card in (*view.urgent, *view.tables)}
    if view.urgent:
        pieces += writer.section(words["urgent_notices"], view.urgent, "urgent", summaries=3)
    if view.categories:
        pieces += writer.tiles(words["categories"], sorted_categories(view.categories))
    if view.tables:
        pieces += writer.section(words["tables"], view.tables, "tables")
    latest = [card for card in view.latest if card.id not in shown]
    if latest:
        pieces += writer.section(words["latest"], latest, "latest")
    if view.latest or view.urgent:
        pieces.append(writer.link(archive_path(None, "index"), words["archive"]))
    else:
        pieces.append(Piece(f"<p>{words['nothing']}</p>"))
    return _listed(frame, edition, "index.html", frame.site.title, pieces, updated=view.updated)


# --- category ---


def _category(view: CategoryView, frame: Frame, edition: Edition) -> list[Page]:
    words = frame.words()
    path = f"c/{view.category.slug}.html"
    writer = _Writer(frame, edition, path, words)
    urgent = [card for card in view.cards if _is_urgent(card)]
    others = [card for card in view.cards if not _is_urgent(card)]
    pieces: list[Piece] = []
    if urgent:
        pieces += writer.section(words["urgent_notices"], urgent, "urgent", summaries=3)
    pieces += writer.cards(others, summaries=5)
    if not view.cards:
        pieces.append(Piece(f"<p>{words['nothing']}</p>"))
    for address, label in view.months or ((archive_path(view.category, "index"), words["archive"]),):
        pieces.append(writer.link(address, label))
    return _listed(
        frame,
        edition,
        path,
        view.category.name,
        pieces,
        updated=view.updated,
        feed=f"c/{view.category.slug}/atom.xml",
    )


def _is_urgent(card: Card) -> bool:
    return card.state is State.PUBLISHED and card.severity.name == "URGENT"


# --- archive ---


def _archive(view: ArchiveView, frame: Frame, edition: Edition) -> list[Page]:
    words = frame.words()
    path = archive_path(view.category, view.name)
    writer = _Writer(frame, edition, path, words)
    title = step_label(view.prefix) if view.prefix else words["archive"]
    crumbs: list[tuple[str, str]] = []
    if view.category is not None:
        crumbs.append((f"c/{view.category.slug}.html", cut(view.category.name, 20)))
        title = f"{view.category.name} {title}"
    if view.name != "index":
        crumbs.append((archive_path(view.category, "index"), words["archive"]))
    pieces = writer.cards(view.cards)
    pieces += [
        writer.link(archive_path(view.category, name), step_label(step)) for name, step in view.children
    ]
    if not pieces:
        pieces = [Piece(f"<p>{words['nothing']}</p>")]
    updated = view.updated or max((card.updated for card in view.cards), default=None)
    return _listed(frame, edition, path, title, pieces, updated=updated, crumbs=tuple(crumbs))


def step_label(prefix: str) -> str:
    """A step of time in words: ``2011-03/1114`` → ``2011年3月11日14時台``."""
    month, _, digits = prefix.partition("/")
    year, _, number = month.partition("-")
    label = f"{int(year)}年{int(number)}月" if year.isdigit() and number.isdigit() else month
    if len(digits) >= 2:
        label += f"{int(digits[:2])}日"
    if len(digits) >= 4:
        label += f"{int(digits[2:4])}時" + ("台" if len(digits) == 4 else "")
    if len(digits) >= 5:
        label += f"{digits[4:6]}分" if len(digits) >= 6 else f"{digits[4]}0分台"
    if len(digits) >= 7:
        label += f"{digits[6:8]}秒" if len(digits) >= 8 else f"{digits[6]}0秒台"
    return label + (f"（{digits[8:]}）" if len(digits) > 8 else "")


# --- writing ---


def _listed(
    frame: Frame, edition: Edition, path: str, title: str, pieces: list[Piece], **common: Any
) -> list[Page]:
    """``index.html`` has its heading in the frame."""
    if path == "index.html":
        common["heading"] = ""
    if edition is not WEB:
        title = cut(title, 60)
    return spread(frame, edition, path, title, pieces, sign=".", kind=PageKind.LIST, **common)


class _Writer:
    """Writes cards, tiles and links of one list page; pieces on every edition, so that long lists become
    several pages.
    """

    def __init__(self, frame: Frame, edition: Edition, path: str, words: Mapping[str, str]) -> None:
        self._frame = frame
        self._edition = edition
        self._path = path
        self._words = words
        self._key = 0

    def section(self, title: str, cards: Sequence[Card], name: str, summaries: int = 0) -> list[Piece]:
        heading = self._frame.escape(self._edition, title)
        if self._edition is WEB:
            inner = "".join(piece.html for piece in self.cards(cards, summaries))
            return [Piece(f'<section class="{name}"><h2>{heading}</h2>{inner}</section>')]
        mark = "！" if name == "urgent" else "■" if self._edition.name == "legacy" else ""
        return [Piece(f"<h2>{mark}{heading}</h2>", keep=True), *self.cards(cards, summaries)]

    def cards(self, cards: Sequence[Card], summaries: int = 0) -> list[Piece]:
        """``summaries``: how many of the first show one, on the web."""
        if not cards:
            return []
        if self._edition is not WEB:
            return [Piece(self._line(card)) for card in cards]
        items = "".join(self._card(card, index < summaries) for index, card in enumerate(cards))
        return [Piece(f'<ul class="cards">{items}</ul>')]

    def _card(self, card: Card, summary: bool) -> str:
        escape, words = self._frame.escape, self._words
        marks = "".join(
            f'<span class="mark {kind}">【{escape(WEB, label)}】</span>'
            for kind, label in labels(card, words)
        )
        title, when = self._title(card), self._frame.time(WEB, self._moment(card))
        to = self._frame.relative(self._path, card.path)
        where = (
            f" {escape(WEB, '、'.join(card.districts[:6]))}"
            if card.districts and card.state is State.PUBLISHED
            else ""
        )
        more = (
            f"<p>{escape(WEB, cut(card.summary, 90))}</p>"
            if summary and card.summary and card.state is State.PUBLISHED
            else ""
        )
        context = "" if self._path.startswith("c/") else f"{escape(WEB, card.category.name)} "
        as_of = words["as_of_after"] if card.kind == "table" else ""
        facts = f'<p class="when">{context}{when}{as_of}{where}</p>'
        return f'<li>{marks}<a href="{to}">{escape(WEB, title)}</a>{facts}{more}</li>'

    def _line(self, card: Card) -> str:
        escape = self._frame.escape
        to = self._frame.relative(self._path, card.path)
        mark = escape(self._edition, prefix(card, self._words))
        when = self._frame.time(self._edition, self._moment(card))
        as_of = self._words["as_of_after"] if card.kind == "table" else ""
        title = escape(self._edition, cut(self._title(card), LINE))
        return f'<p>{mark}<a href="{to}">{title}</a><br />{when}{as_of}</p>'

    def _title(self, card: Card) -> str:
        """Nothing of a withdrawn document is shown, its title neither."""
        if card.state in (State.WITHDRAWN, State.EXPIRED):
            return self._words["withdrawn_title" if card.state is State.WITHDRAWN else "expired_title"]
        return card.title

    def _moment(self, card: Card) -> Any:
        return card.updated if card.state is not State.PUBLISHED or card.corrected else card.date

    def tiles(self, title: str, categories: Sequence[Category]) -> list[Piece]:
        """Categories: large targets with a pictogram on the web, lines with a digit to press on handsets."""
        heading = self._frame.escape(self._edition, title)
        if self._edition is not WEB:
            mark = "■" if self._edition.name == "legacy" else ""
            return [
                Piece(f"<h2>{mark}{heading}</h2>", keep=True),
                *(self.link(f"c/{c.slug}.html", cut(c.name, 30), keyed=True) for c in categories),
            ]
        items = "".join(self._tile(c) for c in categories)
        return [Piece(f'<section><h2>{heading}</h2><ul class="tiles">{items}</ul></section>')]

    def _tile(self, category: Category) -> str:
        drawing = _icon(self._frame.theme, category)
        svg = f'<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{drawing}"/></svg>' if drawing else ""
        first = ' class="first"' if _urgency(category) < len(FIRST) else ""
        to = self._frame.relative(self._path, f"c/{category.slug}.html")
        return f'<li><a{first} href="{to}">{svg}{self._frame.escape(WEB, category.name)}</a></li>'

    def link(self, path: str, label: str, keyed: bool = False) -> Piece:
        to = self._frame.relative(self._path, path)
        text = self._frame.escape(self._edition, label)
        if keyed and self._key < 9:
            self._key += 1
            return Piece(f'<p><a href="{to}" accesskey="{self._key}">[{self._key}]{text}</a></p>')
        return Piece(
            f'<p class="months"><a href="{to}">{text}</a></p>'
            if self._edition is WEB
            else f'<p><a href="{to}">{text}</a></p>'
        )


@lru_cache(maxsize=1024)
def _icon(theme: Theme, category: Category) -> str:
    """The drawing for a category, by the words in its name, then by those in its address."""
    drawings = tomllib.loads(theme.files.get("web/icons.toml", ""))
    for text in (category.name, category.slug):
        for drawing in drawings.values():
            if any(word in text for word in drawing["words"]):
                return drawing["d"]
    return ""
