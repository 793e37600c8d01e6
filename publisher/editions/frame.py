"""What every page stands in: the municipality's name and telephone, as of when, the other editions, the
mirrors.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from publisher.editions import moments, sjis
from publisher.editions.mould import Mould, mark, may_be_moulded
from publisher.editions.paths import relative, up
from publisher.editions.theme import Theme
from publisher.model import Page, PageKind
from publisher.patterns import pattern
from publisher.values import frozen

if TYPE_CHECKING:
    from publisher.settings import Settings

UNLIMITED = 1 << 40
"""The room of a page without a budget."""

PAGE = "page.html"
"""The template of every page."""

WRITTEN = ("title", "body", "path", "description", "heading", "as_of", "canonical")
LISTED = ("others", "mirrors")
"""The variables of the template that are different on each page: texts, and lists of (address, name)."""

FEW = 3
"""Pages of a kind that are rendered in full before it is worth looking for what is the same on all of them."""

MOULDS = 4_000
"""Kinds of pages that are remembered at most."""

_FORBIDDEN = "\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
_CONTROLS = pattern(f"[{_FORBIDDEN}]")
_SPECIAL = pattern(f'[&<>"{_FORBIDDEN}]')
_TELEPHONE = pattern(r"\+?\d[\d()-]{7,}\d")


@frozen
class Edition:
    """One look on the site. ``budget``: bytes of markup that a page may have, or None; ``total``: with
    its pictures.

    Light: W3C mobileOK Basic 1.0, PAGE_SIZE_LIMIT (10 kilobytes, 20 with pictures), of a thousand bytes each. Legacy: 5,000 B is what the oldest handsets take.
    """

    name: str
    prefix: str
    encoding: str
    budget: int | None = None
    total: int | None = None


WEB = Edition("web", "", "utf-8")
LIGHT = Edition("light", "k/", "utf-8", 10_000, 20_000)
LEGACY = Edition("legacy", "i/", "shift_jis", 5_000, 5_000)


class _Alike(NamedTuple):
    """What pages of one mould have in common; quickly made and looked up. ``base``: from the page to the folder of its edition."""

    edition: str
    language: str
    base: str
    at_home: bool
    robots: str
    crumbs: tuple[tuple[str, str], ...]
    drill: bool
    languages: tuple[tuple[str, str], ...]
    feed: str
    absolute: bool
    script: str
    connect: tuple[str, ...]


class Frame:
    """Wraps bodies in pages. Holds nothing but settings, theme and what follows from them; safe to share."""

    def __init__(self, settings: Settings, theme: Theme, public_key: str = "", fingerprint: str = "") -> None:
        """``public_key``: the text of ``minisign.pub`` when the site is signed, ``fingerprint``: what people compare."""
        from markupsafe import Markup

        self.settings = settings
        self.theme = theme
        self.site = settings.site
        self.public_key, self.fingerprint = public_key, fingerprint
        self.zone = settings.site.zone
        self.url = settings.site.url.rstrip("/") + "/"
        self.editions: tuple[Edition, ...] = (
            WEB,
            *((LIGHT,) if settings.editions.light else ()),
            *((LEGACY,) if settings.editions.legacy else ()),
        )
        self.mirrors = tuple(
            (m.name, m.public_url.rstrip("/") + "/") for m in settings.mirrors if m.public_url
        )
        self._environment = theme.environment()
        self._markup = Markup
        self._templates: dict[str, Any] = {}
        self._styles = _minified(
            theme.files.get("web/style.css", "") + theme.files.get("print/print.css", "")
        )
        self._chrome: dict[tuple[str, str], dict[str, object]] = {}
        self._moulds: dict[tuple[object, ...], Mould | int] = {}
        self._mouldable: dict[str, bool] = {}

    # --- text ---

    def escape(self, edition: Edition, text: str) -> str:
        """Text as markup, fit for an attribute too. Control characters, which XML 1.0 2.2 forbids, are
        left out.
        """
        return escaped_text(text)

    def size(self, edition: Edition, text: str) -> int:
        """Bytes that this markup takes in the edition's encoding, after what legacy pages simplify."""
        return sjis.size(text) if edition.encoding == "shift_jis" else len(text.encode())

    def words(self, language: str = "ja") -> Mapping[str, str]:
        """The wording of a language (``themes/common/<language>.toml``)."""
        return self.theme.words(language)

    def time(self, edition: Edition, moment: datetime, language: str = "ja") -> str:
        """A moment as markup: ``<time>`` in words on the web, short digits on legacy."""
        if edition is WEB:
            words = moments.long(moment, self.zone, language)
            return f'<time datetime="{moments.machine(moment, self.zone)}">{words}</time>'
        return (
            moments.short(moment, self.zone)
            if edition is LEGACY
            else moments.long(moment, self.zone, language)
        )

    # --- links ---

    def relative(self, from_path: str, to_path: str) -> str:
        """The link between two paths of one edition."""
        return relative(from_path, to_path)

    def across(self, from_edition: Edition, from_path: str, to_edition: Edition, to_path: str) -> str:
        """The link from a page of one edition to a path of another; pictures and data live in the web
        edition.
        """
        return relative(from_edition.prefix + from_path, to_edition.prefix + to_path)

    # --- pages ---

    def render(self, edition: Edition, template: str, **values: object) -> str:
        """A template of ``themes/<edition>/``. Strings are escaped; markup is passed as
        ``frame.markup(...)``.
        """
        name = f"{edition.name}/{template}"
        found = self._templates.get(name)
        if found is None:
            found = self._templates[name] = self._environment.get_template(name)
        return found.render(values)

    def markup(self, html: str) -> str:
        """Marks a string as escaped already, for ``render``."""
        return self._markup(html)

    def page(
        self,
        edition: Edition,
        path: str,
        title: str,
        body: str,
        *,
        updated: datetime | None,
        language: str = "ja",
        robots: str = "",
        description: str = "",
        crumbs: Sequence[tuple[str, str]] = (),
        kind: PageKind = PageKind.DOCUMENT,
        personal: bool = False,
        drill: bool = False,
        heading: str | None = None,
        languages: Sequence[tuple[str, str]] = (),
        counterpart: str | None = None,
        feed: str = "atom.xml",
        absolute: bool = False,
        script: str = "",
        connect: Sequence[str] = (),
    ) -> Page:
        """One page: ``body`` (XHTML syntax, already escaped) in the edition's frame, encoded.

        ``path`` is without the edition's prefix. The frame writes the only ``h1`` from ``title``, or
        ``heading`` (markup that holds it) in its place, and the as-of line from ``updated``. ``crumbs``:
        (path, label) between home and this page. ``languages``: (language, path) of the same matter, this
        page included. ``counterpart``: its path in the other editions when it is not ``path``; ``""``
        when they have none. ``absolute``: links start at the official address (404 pages). ``script``: the
        link to a script of this site that the page is complete without; web only; ``connect``: other
        origins that it asks.
        """
        html = self._html(
            edition,
            path,
            title,
            body,
            updated=updated,
            language=language,
            robots=robots,
            description=description,
            crumbs=crumbs,
            drill=drill,
            heading=heading,
            languages=languages,
            counterpart=counterpart,
            feed=feed,
            absolute=absolute,
            script=script,
            connect=connect,
        )
        return Page(edition.prefix + path, self._encode(edition, html, language), kind, personal)

    def room(self, edition: Edition, path: str, title: str, **more: Any) -> int:
        """Bytes of body that a page has left under its budget; takes what ``page`` takes. UNLIMITED
        without a budget.
        """
        if edition.budget is None:
            return UNLIMITED
        for name in ("kind", "personal"):
            more.pop(name, None)
        more.setdefault("updated", None)
        html = self._html(edition, path, title, "", **more)
        note = len(self._note(more.get("language", "ja")).encode("shift_jis")) if edition is LEGACY else 0
        return edition.budget - self.size(edition, html) - note

    def _html(
        self,
        edition: Edition,
        path: str,
        title: str,
        body: str,
        *,
        updated: datetime | None,
        language: str = "ja",
        robots: str = "",
        description: str = "",
        crumbs: Sequence[tuple[str, str]] = (),
        drill: bool = False,
        heading: str | None = None,
        languages: Sequence[tuple[str, str]] = (),
        counterpart: str | None = None,
        feed: str = "atom.xml",
        absolute: bool = False,
        script: str = "",
        connect: Sequence[str] = (),
    ) -> str:
        same = path if counterpart is None else counterpart or "index.html"
        base = "" if absolute else up(path)
        differing = {
            "title": _CONTROLS.sub("", title),
            "body": self._markup(body),
            "path": path,
            "same": same,
            "description": _CONTROLS.sub("", description),
            "heading": None if heading is None else self._markup(heading),
            "as_of": "" if updated is None else self._markup(self.time(edition, updated, language)),
        }
        several = tuple(languages) if len(languages) > 1 else ()
        alike = _Alike(edition.name, language, base, path == "index.html", robots, tuple(crumbs), drill, several, feed, absolute, script, tuple(connect))
        if several:  # their addresses differ from page to page
            return self._rendered(edition, alike, differing)
        key = alike, tuple([value if not value else True for value in differing.values()])
        mould = self._moulds.get(key)
        if isinstance(mould, Mould):
            return mould.fill(differing)
        if mould is None or mould < FEW or not self._may_be_moulded(edition):
            if len(self._moulds) > MOULDS:
                self._moulds.clear()
            self._moulds[key] = (mould or 0) + 1
            return self._rendered(edition, alike, differing)
        marked = {
            name: value if not value else self._markup(mark(name)) if isinstance(value, self._markup) else mark(name)
            for name, value in differing.items()
        }
        mould = self._moulds[key] = Mould.of(self._rendered(edition, alike, marked))
        return mould.fill(differing)

    def _may_be_moulded(self, edition: Edition) -> bool:
        known = self._mouldable.get(edition.name)
        if known is None:
            source = self.theme.files[f"{edition.name}/{PAGE}"]
            known = self._mouldable[edition.name] = may_be_moulded(self._environment, source, WRITTEN, LISTED)
        return known

    def _rendered(self, edition: Edition, alike: _Alike, differing: Mapping[str, Any]) -> str:
        """The page as the template makes it."""
        absolute = alike.absolute
        path, same = differing["path"], differing["same"]
        root = self.url if absolute else alike.base + "../" * bool(edition.prefix)
        base = f"{root}{edition.prefix}" if absolute else alike.base
        words = self.words(alike.language)
        values = {**self._chrome_of(edition, alike.language), **differing}
        del values["same"]
        return self.render(
            edition,
            PAGE,
            **values,
            w=words,
            robots=alike.robots,
            drill=alike.drill,
            root=root,
            home=f"{base}index.html",
            at_home=alike.at_home,
            canonical="" if absolute else self.url + same,
            crumbs=[(base + to, label) for to, label in alike.crumbs],
            languages=[
                (lang, language_tag(lang), base + to, self._name(edition, lang), lang == alike.language)
                for lang, to in alike.languages
            ],
            others=[
                (f"{root}{other.prefix}{same}", words[f"edition_{other.name}"])
                for other in self.editions
                if other is not edition
            ],
            mirrors=[
                (name, f"{url}{edition.prefix}{'' if absolute else path}") for name, url in self.mirrors
            ],
            feed=f"{root}{alike.feed}" if alike.feed else "",
            script=alike.script,
            connect=" ".join(alike.connect),
            copies=f"{base}mirrors.html" if self.mirrors or self.fingerprint else "",
            key=self.fingerprint,
        )

    def _name(self, edition: Edition, language: str) -> str:
        """What a language calls itself; its tag where the edition cannot write that."""
        name = self.theme.name(language)
        return language if edition is LEGACY and sjis.gate(name).losses else name

    def _chrome_of(self, edition: Edition, language: str) -> dict[str, object]:
        """What is the same on all pages of an edition and language."""
        known = self._chrome.get((edition.name, language))
        if known is None:
            label, number, tel = telephone(self.site.contact)
            digest = base64.b64encode(hashlib.sha256(self._styles.encode()).digest()).decode()
            known = {
                "site": self.site,
                "lang": language_tag(language),
                "rtl": language.partition("-")[0] in RIGHT_TO_LEFT,
                "contact": self.site.contact,
                "contact_label": label,
                "contact_number": number,
                "contact_tel": tel,
                "style": self._markup(self._styles),
                "style_hash": f"sha256-{digest}",
            }
            self._chrome[edition.name, language] = known
        return known

    def _note(self, language: str) -> str:
        return sjis.gate(f"<p>※{self.escape(LEGACY, self.words(language)['simplified'])}</p>").text

    def _encode(self, edition: Edition, html: str, language: str) -> bytes:
        if edition.encoding != "shift_jis":
            return html.encode()
        plain = sjis.encoded(html.replace(NOTE_PLACE, "", 1))
        if plain is not None:
            return plain
        gated = sjis.gate(html)
        note = self._note(language) if gated.losses else ""
        return gated.text.replace(NOTE_PLACE, note, 1).encode("shift_jis")


def escaped_text(text: str) -> str:
    """As ``Frame.escape``: the same in all editions."""
    if _SPECIAL.search(text) is None:
        return text
    text = _CONTROLS.sub("", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


NOTE_PLACE = "<!--*-->"
"""Where a legacy page says that characters were simplified; taken out of every page."""


RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "ps", "ckb", "dv"})


def language_tag(language: str) -> str:
    """The BCP 47 tag: plain Japanese is Japanese."""
    return "ja" if language == "easy" else language


def telephone(contact: str) -> tuple[str, str, str]:
    """(what stands before the number, the number as written, its digits for ``tel:``); the last two empty
    without one.
    """
    plain = unicodedata.normalize("NFKC", contact).replace("ー", "-") if not contact.isascii() else contact
    plain = re.sub("[‐‑–—−―]", "-", plain)
    match = _TELEPHONE.search(plain)
    if match is None:
        return contact, "", ""
    label = (plain[: match.start()] + plain[match.end() :]).strip(" 　:：()（）")
    return label, match[0], re.sub(r"[^\d+]", "", match[0])


def _minified(css: str) -> str:
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    css = re.sub(r"\s+", " ", css)
    return re.sub(r"\s*([{};,>])\s*", r"\1", css).replace(";}", "}").replace(": ", ":").strip()
