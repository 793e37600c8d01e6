"""What lists are made of: frozen views that the pipeline fills from the ledger."""

from __future__ import annotations

from datetime import datetime

from publisher.model import Card, Category
from publisher.values import frozen


@frozen
class HomeView:
    """The home page: urgent notices, the newest documents, the tables, the categories. ``updated``: when
    any of it last changed.
    """

    urgent: tuple[Card, ...]
    latest: tuple[Card, ...]
    tables: tuple[Card, ...]
    categories: tuple[Category, ...]
    updated: datetime | None


@frozen
class CategoryView:
    """The newest documents of one category. ``months`` are further links: (address, label)."""

    category: Category
    cards: tuple[Card, ...]
    updated: datetime | None
    months: tuple[tuple[str, str], ...] = ()


@frozen
class ArchiveView:
    """One page of the archive by time.

    ``name`` is its address without folder and ending (``2011-03-11``; ``index`` lists the months),
    ``category`` the one it is limited to, ``prefix`` the step of time (``2011-03/1114``: the 11th, 14
    o'clock). It has ``cards``, or ``children``: (name, prefix) of the steps below.
    """

    name: str
    category: Category | None
    prefix: str
    cards: tuple[Card, ...]
    children: tuple[tuple[str, str], ...] = ()
    updated: datetime | None = None


@frozen
class ExtrasView:
    """What ``404.html``, ``robots.txt`` and ``sitemap.xml`` name: categories, the newest documents,
    months (``2011-03``).
    """

    categories: tuple[Category, ...]
    cards: tuple[Card, ...]
    months: tuple[str, ...]
    updated: datetime | None
