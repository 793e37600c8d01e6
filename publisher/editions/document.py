"""All pages of one notice or scan: every edition, every language, continuation pages, pictures, earlier
versions, tombstones.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from publisher.editions.blocks import WebBlocks
from publisher.editions.compact import CompactBlocks, cut
from publisher.editions.frame import LEGACY, LIGHT, WEB, Edition, Frame
from publisher.editions.labels import labels, prefix
from publisher.editions.legible import foreign
from publisher.editions.paginate import Piece
from publisher.editions.spread import spread
from publisher.model import (
    Bulletin,
    Card,
    Head,
    Jpeg,
    Notice,
    Page,
    PageKind,
    PublicContent,
    Scan,
    State,
    Text,
    Version,
)
from publisher.values import frozen, replace

TITLE = 60
"""Characters of a title on light and legacy pages; a longer one is given in full at the beginning of the
text.
"""

VERSIONS = 10
"""Earlier versions that a page lists; each of their pages names the one before it."""


def document(bulletin: Bulletin, frame: Frame, older: bool = True) -> tuple[Page, ...]:
    """The pages of a notice or scan in all editions and languages, and the pictures they show; a
    tombstone when it is gone.

    ``older``: the earlier versions have pages of their own, which are linked.
    """
    if not bulletin.contents:
        return tombstone(bulletin, frame)
    paths = tuple((language, _path(bulletin.card, language, bulletin)) for language, _ in bulletin.contents)
    pages: list[Page] = []
    pictures: dict[str, Jpeg] = {}
    for (language, content), (_, path) in zip(bulletin.contents, paths, strict=True):
        card = bulletin.card if language == bulletin.contents[0][0] else _translated(bulletin.card, content)
        sheet = _Sheet(
            frame,
            card,
            content,
            language,
            path,
            paths,
            card.updated,
            bulletin.versions if older else (),
            None,
        )
        pages += sheet.pages(pictures)
    return (*pages, *_jpegs(pictures))


def document_version(
    bulletin: Bulletin, number: int, content: PublicContent, frame: Frame
) -> tuple[Page, ...]:
    """The pages ``n/<id>.v<number>.html`` of an earlier version, which say that they are old and link to
    the current one.
    """
    version = next(v for v in bulletin.versions if v.number == number)
    language = bulletin.contents[0][0] if bulletin.contents else "ja"
    head = content.head
    card = replace(
        bulletin.card,
        title=head.title,
        version=1,
        severity=head.severity,
        districts=head.districts,
        drill=head.drill,
        summary="",
        date=head.date or version.moment,
    )
    path = f"n/{card.id}.v{number}.html"
    pictures: dict[str, Jpeg] = {}
    pages = _Sheet(
        frame, card, content, language, path, (), version.moment, bulletin.versions, version
    ).pages(pictures)
    return (*pages, *_jpegs(pictures))


def tombstone(bulletin: Bulletin, frame: Frame) -> tuple[Page, ...]:
    """What stands at the addresses of a withdrawn or expired document: that and when it went, whom to
    ask; nothing of what it said.
    """
    card = bulletin.card
    name = "withdrawn" if card.state is State.WITHDRAWN else "expired"
    pages = []
    for index, language in enumerate(card.languages or ("ja",)):
        path = f"n/{card.id}.html" if index == 0 else f"n/{card.id}.{language}.html"
        for edition in frame.editions:
            words = frame.words(language)
            when = frame.time(edition, card.updated, language)
            body = (
                f"<p>{frame.escape(edition, words[f'{name}_text']).format(moment=when)}</p>"
                f"<p>{frame.escape(edition, words['gone_ask'])}</p>"
                f"<p>{frame.escape(edition, words['gone_more'])}</p>"
            )
            pages.append(
                frame.page(
                    edition,
                    path,
                    words[f"{name}_title"],
                    body,
                    updated=card.updated,
                    language=language,
                    robots="noindex",
                    crumbs=_crumbs(card, edition),
                    drill=card.drill,
                )
            )
    return tuple(pages)


# --- one language of a document ---


@frozen
class _Sheet:
    """One language of a document at one address. ``old``: the earlier version that it shows, or None."""

    frame: Frame
    card: Card
    content: PublicContent
    language: str
    path: str
    languages: tuple[tuple[str, str], ...]
    updated: datetime
    versions: tuple[Version, ...]
    old: Version | None

    def pages(self, pictures: dict[str, Jpeg]) -> Iterable[Page]:
        for edition in self.frame.editions:
            if edition is WEB:
                yield self._web(pictures)
            else:
                yield from self._compact(edition, pictures)

    @property
    def head(self) -> Head:
        return self.content.head

    @property
    def title(self) -> str:
        if self.old is None:
            return self.card.title
        return (
            f"{self.frame.words(self.language)['version'].format(number=self.old.number)} {self.card.title}"
        )

    def _common(self, edition: Edition) -> dict[str, Any]:
        return {
            "updated": self.updated,
            "language": self.language,
            "crumbs": _crumbs(self.card, edition),
            "languages": self.languages,
            "drill": self.card.drill,
            "robots": "noindex" if self.old is not None or self.card.drill else "",
        }

    # --- web ---

    def _web(self, pictures: dict[str, Jpeg]) -> Page:
        frame, words = self.frame, self.frame.words(self.language)
        escape = frame.escape
        blocks = WebBlocks(frame, self.path, self.language, self.card.title)
        marks = "".join(
            f'<span class="mark {kind}">【{escape(WEB, label)}】</span>'
            for kind, label in labels(self.card, words, True)
        )
        heading = f"<h1>{marks}{escape(WEB, self.title)}</h1>"
        parts = [self._old_note(WEB), self._corrected_note(WEB), self._web_facts()]
        content = self.content
        if isinstance(content, Notice):
            parts.append(blocks.blocks(content.blocks))
            if content.pages:
                parts.append(f"<h2>{escape(WEB, words['paper_pages'])}</h2>")
        if isinstance(content, (Notice, Scan)):
            count = len(content.pages)
            for number, picture in enumerate(content.pages, 1):
                alt = words["paper_alt"].format(title=self.card.title, number=number, count=count)
                label = words["paper_page"].format(number=number, count=count) if count > 1 else ""
                parts.append(blocks.figure(picture, alt, label))
        if isinstance(content, Scan):
            parts.append(f'<p class="notes">{escape(WEB, words["scan_note"])}</p>')
        links = self._history(WEB)
        if links:
            items = "".join(f"<li>{link}</li>" for link in links)
            parts.append(
                f'<section><h2>{escape(WEB, words["history"])}</h2><ul class="pages">{items}</ul></section>'
            )
        pictures.update(blocks.pictures)
        description = (
            self.card.summary
            if self.old is None and self.languages and self.path == self.languages[0][1]
            else ""
        )
        return frame.page(
            WEB,
            self.path,
            prefix(self.card, words, True) + self.title,
            "\n".join(part for part in parts if part),
            heading=heading,
            description=description,
            **self._common(WEB),
        )

    def _facts(self, edition: Edition) -> list[tuple[str, str]]:
        """(name, markup): when it was issued, until when it holds, for whom."""
        frame, words = self.frame, self.frame.words(self.language)
        facts = []
        if self.card.date != self.updated:
            facts.append((words["date"], frame.time(edition, self.card.date, self.language)))
        if self.head.expires is not None and self.old is None:
            facts.append((words["expires"], frame.time(edition, self.head.expires, self.language)))
        if self.card.districts:
            facts.append((words["districts"], frame.escape(edition, "、".join(self.card.districts))))
        return facts

    def _web_facts(self) -> str:
        rows = "".join(
            f"<div><dt>{self.frame.escape(WEB, name)}</dt><dd>{value}</dd></div>"
            for name, value in self._facts(WEB)
        )
        return f'<dl class="facts">{rows}</dl>' if rows else ""

    def _old_note(self, edition: Edition) -> str:
        if self.old is None:
            return ""
        words, escape = self.frame.words(self.language), self.frame.escape
        to = self.frame.relative(self.path, f"n/{self.card.id}.html")
        css = ' class="notes"' if edition is WEB else ""
        text = escape(edition, words["old_version"])
        link = escape(edition, words["old_version_link"])
        return f'<p{css}><strong>{text}</strong> <a href="{to}">{link}</a></p>'

    def _corrected_note(self, edition: Edition) -> str:
        if self.old is not None or not self.card.corrected:
            return ""
        css = ' class="notes"' if edition is WEB else ""
        return f"<p{css}>{self.frame.escape(edition, self.frame.words(self.language)['corrected_note'])}</p>"

    def _history(self, edition: Edition) -> list[str]:
        """Links to the earlier versions, the newest first; on an earlier version to the one before it."""
        current = self.old.number if self.old is not None else self.card.version
        earlier = sorted([v for v in self.versions if v.number < current], key=lambda v: -v.number)
        words = self.frame.words(self.language)
        links = []
        for version in earlier[: 1 if self.old is not None else VERSIONS]:
            moment = self.frame.time(edition, version.moment, self.language)
            label = self.frame.escape(edition, words["superseded"]).format(
                number=version.number, moment=moment
            )
            to = self.frame.relative(self.path, f"n/{self.card.id}.v{version.number}.html")
            links.append(f'<a href="{to}">{label}</a>')
        return links

    # --- light and legacy ---

    def _compact(self, edition: Edition, pictures: dict[str, Jpeg]) -> Iterable[Page]:
        if edition is LEGACY and foreign(self.language, self.content):
            yield self._elsewhere()
            return
        blocks = CompactBlocks(self.frame, edition, self.path, self.language)
        words = self.frame.words(self.language)
        marked = prefix(self.card, words, True) + self.title
        title = cut(marked, TITLE)
        pieces = self._compact_pieces(edition, blocks, title != marked)
        common = self._common(edition)
        if self.languages and edition is LEGACY:
            common["languages"] = self.languages[:6]
        yield from spread(self.frame, edition, self.path, title, pieces, blocks.inlays, **common)
        pictures.update(blocks.pictures)

    def _compact_pieces(self, edition: Edition, blocks: CompactBlocks, shortened: bool) -> list[Piece]:
        frame, words = self.frame, self.frame.words(self.language)
        pieces = [Piece(note) for note in (self._old_note(edition), self._corrected_note(edition)) if note]
        if shortened:
            pieces.append(blocks.run("<p>", (Text(self.title),), "</p>"))
        for name, value in self._facts(edition):
            if name != words["districts"]:
                pieces.append(Piece(f"<p>{frame.escape(edition, name)} {value}</p>"))
        if self.card.districts:
            pieces.append(
                blocks.run("<p>", (Text(f"{words['districts']} {'、'.join(self.card.districts)}"),), "</p>")
            )
        content = self.content
        if isinstance(content, Notice):
            pieces += blocks.pieces(content.blocks)
            if content.pages:
                pieces.append(blocks.run("<h2>", (Text(words["paper_pages"]),), "</h2>", keep=True))
        if isinstance(content, (Notice, Scan)):
            count = len(content.pages)
            for number, picture in enumerate(content.pages, 1):
                pieces.append(blocks.picture(picture, words["paper_page"].format(number=number, count=count)))
        if isinstance(content, Scan):
            pieces.append(Piece(f"<p>{frame.escape(edition, words['scan_note'])}</p>"))
        links = self._history(edition)
        if links:
            pieces.append(blocks.run("<h2>", (Text(words["history"]),), "</h2>", keep=True))
            pieces += [Piece(f"<p>{link}</p>") for link in links]
        return pieces

    def _elsewhere(self) -> Page:
        """The legacy page of a language whose characters Shift_JIS does not have: where to read it
        instead.
        """
        words = self.frame.words("ja")
        other = LIGHT if LIGHT in self.frame.editions else WEB
        to = self.frame.across(LEGACY, self.path, other, self.path)
        link = f'<a href="{to}" accesskey="1">[1]{words["read_light"]}</a>'
        body = f"<p>{words['unshown_language']}</p><p>{link}</p>"
        return self.frame.page(
            LEGACY,
            self.path,
            self.language,
            body,
            **{**self._common(LEGACY), "language": "ja", "languages": ()},
        )


# --- small things ---


def _path(card: Card, language: str, bulletin: Bulletin) -> str:
    return f"n/{card.id}.html" if language == bulletin.contents[0][0] else f"n/{card.id}.{language}.html"


def _translated(card: Card, content: PublicContent) -> Card:
    head = content.head
    return replace(
        card, title=head.title, districts=head.districts, drill=card.drill or head.drill, summary=""
    )


def _crumbs(card: Card, edition: Edition) -> tuple[tuple[str, str], ...]:
    name = card.category.name
    return ((f"c/{card.category.slug}.html", name if edition is WEB else cut(name, 20)),)


def _jpegs(pictures: dict[str, Jpeg]) -> list[Page]:
    return [Page(path, jpeg.data, PageKind.PICTURE) for path, jpeg in sorted(pictures.items())]
