"""``404.html``, ``robots.txt`` and ``sitemap.xml``."""

from __future__ import annotations

from publisher.editions.copies import copies
from publisher.editions.frame import WEB, Frame
from publisher.editions.lists import archive_path, sorted_categories
from publisher.editions.moments import machine
from publisher.editions.views import ExtrasView
from publisher.model import Kind, Page, PageKind, State


def extras(view: ExtrasView, frame: Frame) -> tuple[Page, ...]:
    """The files that belong to the site as a whole."""
    return (_not_found(view, frame), _robots(frame), _sitemap(view, frame), *copies(frame))


def _not_found(view: ExtrasView, frame: Frame) -> Page:
    """Served at any depth of any host, so its links start at the official address."""
    words, url = frame.words(), frame.url
    escape = frame.escape
    tiles = "".join(
        f'<li><a href="{escape(WEB, url)}c/{category.slug}.html">{escape(WEB, category.name)}</a></li>'
        for category in sorted_categories(view.categories)
    )
    body = (
        f"<p>{escape(WEB, words['not_found_text'])}</p>"
        f'<p><a class="back" href="{escape(WEB, url)}index.html">'
        f"{escape(WEB, words['not_found_home'])}</a></p>"
        + (f'<h2>{escape(WEB, words["categories"])}</h2><ul class="tiles">{tiles}</ul>' if tiles else "")
    )
    return frame.page(
        WEB,
        "404.html",
        words["not_found"],
        body,
        updated=None,
        robots="noindex",
        kind=PageKind.LIST,
        counterpart="",
        absolute=True,
    )


def _robots(frame: Frame) -> Page:
    """Everything may be crawled: a page that must not be indexed says so itself, and can only say it when
    it is read (RFC 9309).
    """
    text = f"User-agent: *\nAllow: /\n\nSitemap: {frame.url}sitemap.xml\n"
    return Page("robots.txt", text.encode(), PageKind.LIST)


def _sitemap(view: ExtrasView, frame: Frame) -> Page:
    """Home, categories, months and the newest notices (sitemaps.org 0.9); everything older hangs from the
    months.

    Tables are reached through their categories: whether they may be indexed is theirs to say.
    """
    newest = f"{machine(view.updated, frame.zone)}" if view.updated is not None else ""
    entries = [("index.html", newest)]
    entries += [(f"c/{category.slug}.html", "") for category in sorted_categories(view.categories)]
    entries += [(archive_path(None, "index"), "")] if view.months else []
    entries += [
        (card.path, machine(card.updated, frame.zone))
        for card in view.cards
        if card.state is State.PUBLISHED and card.kind is not Kind.TABLE and not card.drill
    ]
    rows = "".join(_entry(frame.escape(WEB, frame.url + path), moment) for path, moment in entries)
    opening = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{opening}\n{rows}</urlset>\n'
    return Page("sitemap.xml", text.encode(), PageKind.LIST)


def _entry(address: str, moment: str) -> str:
    return f"<url><loc>{address}</loc>{f'<lastmod>{moment}</lastmod>' if moment else ''}</url>\n"
