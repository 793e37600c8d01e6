"""Atom, RSS and JSON Feed: what is new, for feed readers and for those who pass it on."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from publisher.model import Card, Category, Page, PageKind, Severity, State
from publisher.patterns import pattern
from publisher.values import frozen

if TYPE_CHECKING:
    from feedgen.feed import FeedGenerator

    from publisher.settings import Settings

#: The day from which a host owns its tags (RFC 4151 2.1). It is a part of every id ever given out, so it
#: never changes.
TAG_DATE = "2026-01-01"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"  # RFC 6721
LANGUAGE = "ja"
GENERATOR = "saigai-publisher"

_SHOWN = frozenset(State) - {State.SCHEDULED}
#: What XML 1.0 2.2 does not allow, and lone surrogates.
_ILLEGAL = pattern("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_GONE = {
    State.WITHDRAWN: ("取消", "この情報は取り消されました。"),
    State.EXPIRED: ("掲載終了", "この情報の掲載は終わりました。"),
}


@frozen
class FeedView:
    """What feeds tell: ``cards`` with the newest change first, of the whole site or of one category.

    ``updated`` is the moment of the last change that a reader can see, never that of the build.
    """

    cards: tuple[Card, ...]
    updated: datetime
    category: Category | None = None


def feeds(view: FeedView, settings: Settings) -> tuple[Page, ...]:
    """The feeds of a view: ``atom.xml``, ``rss.xml`` and ``feed.json``; of a category only its ``atom.xml``.

    RFC 4287, RSS 2.0, JSON Feed 1.1. The same view gives the same bytes. A withdrawn document stays as an
    item 【取消】 for readers that know no withdrawals, and is an ``at:deleted-entry`` for those that
    do (RFC 6721).
    """
    items = tuple(_item(card, settings) for card in view.cards if card.state in _SHOWN)
    if view.category is not None:
        return (_atom(f"c/{view.category.slug}/atom.xml", view, items, settings),)
    return (
        _atom("atom.xml", view, items, settings),
        _rss("rss.xml", view, items, settings),
        _json("feed.json", view, items, settings),
    )


def tag(settings: Settings, specific: str) -> str:
    """A ``tag:`` URI (RFC 4151): the id of a document or a feed for ever, whatever moves or is renamed."""
    host = urlsplit(settings.site.url).hostname or ""
    return f"tag:{host.encode('idna').decode('ascii')},{TAG_DATE}:{specific}"


def headline(card: Card) -> str:
    """The title with the marks that a reader of a bare list needs, none of them twice."""
    if card.state in _GONE:
        marks = [_GONE[card.state][0]]
    else:
        marks = ["訂正"] if card.corrected else []
        marks += ["緊急"] if card.severity is Severity.URGENT else []
    marks = (["訓練"] if card.drill else []) + marks
    title = clean(card.title) or "（無題）"
    return "".join(f"【{mark}】" for mark in marks if not _marked(title, mark)) + title


def clean(text: str) -> str:
    """The text without the characters that XML 1.0 does not allow, on one line."""
    return " ".join(_ILLEGAL.sub("", text).split())


def _marked(title: str, mark: str) -> bool:
    """Whether staff have put the mark themselves, in whichever brackets."""
    return re.search(rf"[【\[［〔(（〈《＜<]\s*{mark}\s*[】\]］〕)）〉》＞>]", title) is not None


@frozen
class _Item:
    """A card in the words of all three formats."""

    id: str
    title: str
    url: str
    light: str
    summary: str
    date: datetime
    updated: datetime
    terms: tuple[tuple[str, str], ...]
    withdrawn: bool


def _item(card: Card, settings: Settings) -> _Item:
    gone = card.state in _GONE
    summary = _GONE[card.state][1] if gone else clean(card.summary)
    light = _address(settings, f"k/{card.path}") if settings.editions.light else ""
    return _Item(
        tag(settings, card.id),
        headline(card),
        _address(settings, card.path),
        light,
        summary,
        _moment(card.date, settings),
        _moment(card.updated, settings),
        _terms(card),
        card.state is State.WITHDRAWN,
    )


def _terms(card: Card) -> tuple[tuple[str, str], ...]:
    """(term, label) of what a document is about; readers filter by them."""
    found = [(card.category.slug, clean(card.category.name))] if card.category.path else []
    found += [(card.severity, card.severity)] if card.severity is not Severity.NORMAL else []
    found += [("訓練", "訓練")] if card.drill else []
    found += [(district, district) for district in map(clean, card.districts)]
    return tuple((term, label) for term, label in found if term and label)


def _address(settings: Settings, path: str) -> str:
    """The canonical address: feeds are copied and passed on, so nothing in them is relative."""
    return settings.site.url.rstrip("/") + "/" + path


def _moment(moment: datetime, settings: Settings) -> datetime:
    """In the site's time and to the second: whichever zone it was recorded in, the bytes are the same."""
    return moment.astimezone(settings.site.zone).replace(microsecond=0)


def _titles(view: FeedView, settings: Settings) -> tuple[str, str]:
    """Title of a feed and address of the page that it follows."""
    title = clean(settings.site.title)
    if view.category is None:
        return title, _address(settings, "")
    name = clean(view.category.name)
    return (f"{title}（{name}）" if name else title), _address(settings, f"c/{view.category.slug}.html")


def _atom(path: str, view: FeedView, items: tuple[_Item, ...], settings: Settings) -> Page:
    feed = _generator(path, "application/atom+xml", view, settings)
    feed.id(tag(settings, path.removesuffix("atom.xml").rstrip("/") or "feed"))
    feed.register_extension("more", _Tombstones, _Links, atom=True, rss=False)
    feed.more.items = tuple(item for item in items if item.withdrawn)
    for item in items:
        entry = _entry(feed, item)
        entry.link(href=item.url, rel="alternate")
        entry.more.light = item.light
        entry.published(item.date)
    return Page(path, feed.atom_str(pretty=True), PageKind.FEED)


class _Tombstones:
    """An extension of feedgen: the withdrawn documents among the children of the feed (RFC 6721)."""

    items: tuple[_Item, ...] = ()

    def extend_ns(self) -> dict[str, str]:
        return {"at": TOMBSTONES} if self.items else {}

    def extend_atom(self, feed: Any) -> Any:
        from lxml.etree import SubElement

        for item in self.items:
            SubElement(feed, f"{{{TOMBSTONES}}}deleted-entry", ref=item.id, when=item.updated.isoformat())
        return feed


class _Links:
    """An extension of feedgen, which forgets everything but the address of an entry's links."""

    light = ""

    def extend_ns(self) -> dict[str, str]:
        return {}

    def extend_atom(self, entry: Any) -> Any:
        from lxml.etree import Element

        page = entry.find("link")
        # Of one type and language there may be one alternate only (RFC 4287 4.1.2).
        page.attrib.update({"rel": "alternate", "type": "text/html", "hreflang": LANGUAGE})
        if self.light:
            # Readers that keep one link take the last of them: that is the page itself.
            page.addprevious(
                Element("link", href=self.light, rel="alternate", type="text/html", title="軽量版")
            )
        return entry


def _rss(path: str, view: FeedView, items: tuple[_Item, ...], settings: Settings) -> Page:
    feed = _generator(path, "application/rss+xml", view, settings)
    for item in items:
        entry = _entry(feed, item)
        entry.guid(item.id, permalink=False)
        entry.link(href=item.url, rel="alternate")
        entry.pubDate(item.updated)
    return Page(path, feed.rss_str(pretty=True), PageKind.FEED)


def _generator(path: str, media_type: str, view: FeedView, settings: Settings) -> FeedGenerator:
    """A feed with all that feedgen would else fill in on its own: the time of the build, its own name."""
    from feedgen.feed import FeedGenerator

    title, page = _titles(view, settings)
    feed = FeedGenerator()
    feed.title(title)
    feed.description(f"{clean(settings.site.publisher)}からのお知らせ")
    feed.author(name=clean(settings.site.publisher), uri=_address(settings, ""))
    feed.language(LANGUAGE)
    feed.generator(GENERATOR)
    feed.updated(_moment(view.updated, settings))
    feed.link(href=_address(settings, path), rel="self", type=media_type)
    # The last link is the one that RSS gets.
    feed.link(href=page, rel="alternate", type="text/html")
    return feed


def _entry(feed: FeedGenerator, item: _Item) -> Any:
    entry = feed.add_entry(order="append")
    entry.id(item.id)
    entry.title(item.title)
    entry.updated(item.updated)
    if item.summary:
        entry.description(item.summary, isSummary=True)
    for term, label in item.terms:
        entry.category(term=term, label=label)
    return entry


def _json(path: str, view: FeedView, items: tuple[_Item, ...], settings: Settings) -> Page:
    title, page = _titles(view, settings)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "home_page_url": page,
        "feed_url": _address(settings, path),
        "language": LANGUAGE,
        "authors": [{"name": clean(settings.site.publisher), "url": _address(settings, "")}],
        "items": [_json_item(item) for item in items],
    }
    return Page(path, (json.dumps(feed, ensure_ascii=False, indent=1) + "\n").encode(), PageKind.FEED)


def _json_item(item: _Item) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": item.id,
        "url": item.url,
        "title": item.title,
        # One of content_html and content_text must be there.
        "content_text": item.summary or item.title,
        "date_published": item.date.isoformat(),
        "date_modified": item.updated.isoformat(),
    }
    if item.terms:
        found["tags"] = [label for _, label in item.terms]
    return found
