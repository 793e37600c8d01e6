"""Which lists, feeds and archive pages a change touches, and what stands on them."""

from __future__ import annotations

from collections.abc import Iterator

from publisher.editions import ArchiveView, CategoryView, ExtrasView, FeedView, HomeView
from publisher.ledger import Ledger
from publisher.model import Category, State
from publisher.pipeline.hand import ListOrder
from publisher.site.places import Node, nodes, number, resolve
from publisher.values import frozen

LATEST = 30
"""Documents on the home page and on a category's page."""

FEED = 50
"""Entries of a feed."""

SITEMAP = 100
"""Documents that the sitemap names beside every month's page; it is rewritten at every change, so it must not grow with the town."""

URGENT = 20
TABLES = 40


def touched_lists(ledger: Ledger, owners: dict[str, set[str]]) -> Iterator[ListOrder]:
    """An order for each; a list on which nothing stands any more is entered in ``owners`` with no files."""
    pages = ledger.pages
    for path in pages.touched("category"):
        yield from _category(ledger, path, owners)
    places: dict[str, list[str]] = {}
    for key in pages.touched("place"):
        scope, _, where = key.rpartition("\n")
        places.setdefault(scope, []).append(where)
    for scope, touched in sorted(places.items()):
        yield from _archive(ledger, scope, touched, owners)
    home = bool(pages.touched("home"))
    if home:
        yield from _home(ledger)
    if home or pages.touched("extras"):
        yield _extras(ledger)


def _home(ledger: Ledger) -> Iterator[ListOrder]:
    documents = ledger.documents
    view = HomeView(
        urgent=documents.urgent(URGENT), latest=documents.latest(LATEST), tables=documents.tables(TABLES),
        categories=tuple(documents.listed_categories()), updated=ledger.updated,
    )  # fmt: skip
    yield ListOrder("home", "home", view)
    yield ListOrder("feeds", "feeds", FeedView(documents.latest(FEED), ledger.updated or ledger.founded))


def _extras(ledger: Ledger) -> ListOrder:
    documents = ledger.documents
    cards = tuple(c for c in documents.latest(SITEMAP) if c.state is State.PUBLISHED)
    return ListOrder("extras", "extras", ExtrasView(tuple(documents.listed_categories()), cards, tuple(ledger.places.months("")), ledger.updated))


def _category(ledger: Ledger, path: str, owners: dict[str, set[str]]) -> Iterator[ListOrder]:
    known = ledger.documents.category(path)
    if known is None:
        return
    cards = ledger.documents.in_category(path, LATEST)
    owner = f"category:{known.slug}"
    if not cards:
        owners[owner] = set()
        owners[owner + ":feed"] = set()
        return
    updated = max(card.updated for card in cards)
    yield ListOrder("category", owner, CategoryView(known, cards, updated))
    yield ListOrder("feeds", owner + ":feed", FeedView(ledger.documents.in_category(path, FEED), updated, known))


def _archive(ledger: Ledger, scope: str, touched: list[str], owners: dict[str, set[str]]) -> Iterator[ListOrder]:
    known = ledger.documents.category(scope[2:]) if scope else None
    base = f"place:{scope}:"
    for node in nodes(ledger.places, scope, touched, _Standing(ledger, base)):
        if node.count == 0:
            owners[base + node.prefix] = set()
        else:
            yield ListOrder("archive", base + node.prefix, _view(ledger, scope, known, node))
    links = tuple((number(month), month) for month in ledger.places.months(scope))
    owner = f"months:{scope}"
    if links:
        yield ListOrder("archive", owner, ArchiveView("index", known, "", (), links))
    else:
        owners[owner] = set()


@frozen
class _Standing:
    """The archive's pages as the ledger knows them: each owns its files."""

    ledger: Ledger
    base: str

    def at(self, prefix: str) -> bool:
        return self.ledger.pages.owns(self.base + prefix)

    def below(self, prefix: str) -> bool:
        return self.ledger.pages.owned_below(self.base + prefix)

    def within(self, prefix: str) -> list[str]:
        return [owner.removeprefix(self.base) for owner in self.ledger.pages.owners_below(self.base + prefix)]


def _view(ledger: Ledger, scope: str, known: Category | None, node: Node) -> ArchiveView:
    if node.children:
        links = tuple((number(resolve(ledger.places, scope, child)), child) for child in node.children)
        return ArchiveView(number(node.prefix), known, node.prefix, (), links)
    return ArchiveView(number(node.prefix), known, node.prefix, ledger.documents.in_place(scope, node.prefix), ())
