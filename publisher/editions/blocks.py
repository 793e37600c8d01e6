"""The text of a document as HTML of the web edition: plain joined strings, each text escaped once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote

from publisher.editions.frame import WEB, Edition, Frame, escaped_text
from publisher.model import (
    Block,
    Break,
    Figure,
    Grid,
    Heading,
    Inline,
    Jpeg,
    Link,
    Listing,
    Paragraph,
    Picture,
    Preformatted,
    Quote,
    Ruby,
    Rule,
    Strong,
    Text,
)
from publisher.patterns import pattern

_DIGIT = "[0-9０-９]"
_HYPHEN = "[-－−‐‑–ー]"
_HYPHENS = pattern(_HYPHEN)
_TELEPHONE = pattern(
    f"(?<![0-9０-９A-Za-z./_-])[0０]{_DIGIT}{{1,4}}{_HYPHEN}{_DIGIT}{{1,4}}{_HYPHEN}{_DIGIT}{{3,4}}(?![0-9０-９A-Za-z_-])"
)
_OUTSIDE = pattern("(?:https?|mailto|tel):")
_PLAIN = str.maketrans("０１２３４５６７８９", "0123456789")


def plain(inlines: Sequence[Inline]) -> str:
    """Inlines as plain text, readings left out."""
    if len(inlines) == 1 and type(inlines[0]) is Text:
        return inlines[0].text
    return "".join(
        i.text
        if isinstance(i, Text)
        else i.base
        if isinstance(i, Ruby)
        else " "
        if isinstance(i, Break)
        else plain(i.inlines)
        for i in inlines
    )


def jpeg_size(data: bytes) -> str:
    """``182KB``, ``1.2MB``: what a reader will have to wait for."""
    return (
        f"{max(1, round(len(data) / 1000))}KB" if len(data) < 1_000_000 else f"{len(data) / 1_000_000:.1f}MB"
    )


def address(frame: Frame, edition: Edition, path: str, href: str) -> str:
    """The address to write for a link of a document that stands at ``path``; a path of the site becomes a
    relative one.

    Pages are linked within the edition, data and pictures where they are, in the web edition. Non-ASCII
    is percent-encoded.
    """
    if _OUTSIDE.match(href):
        return quote(href, safe="%/:=&?~#+!$,;'@()*-._")
    target = quote(href.lstrip("/"), safe="%/=&?~#+,;@-._") or "index.html"
    if target.startswith(("#", "?")):
        return target
    to = edition if target.partition("#")[0].endswith((".html", "/")) else WEB
    return frame.across(edition, path, to, target + "index.html" if target.endswith("/") else target)


SHORT = 120
"""Characters of a text that is worth remembering: a notice says it in three editions, and its neighbours say it again."""


def linked_text(frame: Frame, edition: Edition, text: str) -> str:
    """Escaped text in which telephone numbers can be called; the same in all editions."""
    return _linked(text) if len(text) <= SHORT else _linked.__wrapped__(text)


@lru_cache(maxsize=8192)
def _linked(text: str) -> str:
    escaped = escaped_text(text)
    if ("0" not in text and "０" not in text) or _HYPHENS.search(text) is None:
        return escaped
    return _TELEPHONE.sub(
        lambda m: f'<a href="tel:{re.sub("[^0-9]", "", m[0].translate(_PLAIN))}">{m[0]}</a>', escaped
    )


class WebBlocks:
    """Writes the blocks of one page of the web edition. ``pictures`` collects the JPEGs that the page
    needs.
    """

    def __init__(self, frame: Frame, path: str, language: str, title: str) -> None:
        self._frame = frame
        self._path = path
        self._words = frame.words(language)
        self._caption = title
        self._level = 1
        self.pictures: dict[str, Jpeg] = {}

    def blocks(self, blocks: Sequence[Block]) -> str:
        return "\n".join([self._block(block) for block in blocks])

    def _block(self, block: Block) -> str:
        if type(block) is Paragraph:
            return f"<p>{self.inlines(block.inlines)}</p>"
        match block:
            case Heading(level, inlines):
                self._caption = plain(inlines)
                self._level = min(level, self._level + 1)
                return f"<h{self._level}>{self.inlines(inlines)}</h{self._level}>"
            case Listing():
                return self._listing(block)
            case Grid():
                return self._grid(block)
            case Quote(blocks):
                return f"<blockquote>{self.blocks(blocks)}</blockquote>"
            case Preformatted(text):
                return f"<pre>{self._escape(text)}</pre>"
            case Rule():
                return "<hr />"
            case Figure(picture, alt):
                return self.figure(picture, alt or self._words["picture"])

    def _escape(self, text: str) -> str:
        return self._frame.escape(WEB, text)

    def inlines(self, inlines: Sequence[Inline], linked: bool = False) -> str:
        if not linked and len(inlines) == 1 and type(inlines[0]) is Text:
            return linked_text(self._frame, WEB, inlines[0].text)
        parts = []
        for inline in inlines:
            if type(inline) is Text:
                parts.append(escaped_text(inline.text) if linked else linked_text(self._frame, WEB, inline.text))
                continue
            match inline:
                case Strong(inner):
                    parts.append(f"<strong>{self.inlines(inner, linked)}</strong>")
                case Link(href, inner):
                    content = self.inlines(inner, True)
                    to = self._escape(address(self._frame, WEB, self._path, href))
                    parts.append(content if linked else f'<a href="{to}">{content or to}</a>')
                case Break():
                    parts.append("<br />")
                case Ruby(base, reading):
                    rt = self._escape(reading)
                    parts.append(f"<ruby>{self._escape(base)}<rp>（</rp><rt>{rt}</rt><rp>）</rp></ruby>")
        return "".join(parts)

    def _listing(self, listing: Listing) -> str:
        items = "".join([f"<li>{self._item(item)}</li>" for item in listing.items])
        if not items:
            return ""
        if listing.start is None:
            return f"<ul>{items}</ul>"
        start = f' start="{listing.start}"' if listing.start != 1 else ""
        return f"<ol{start}>{items}</ol>"

    def _item(self, item: Sequence[Block]) -> str:
        if len(item) == 1 and type(item[0]) is Paragraph:
            return self.inlines(item[0].inlines)
        if item and isinstance(item[0], Paragraph) and all(isinstance(block, Listing) for block in item[1:]):
            return self.inlines(item[0].inlines) + self.blocks(item[1:])
        return self.blocks(item)

    def _grid(self, grid: Grid) -> str:
        caption = self._escape(self._caption)
        head = "".join([f'<th scope="col">{self.inlines(c)}</th>' if c else "<td></td>" for c in grid.header])
        rows = "".join([self._row(row, bool(head)) for row in grid.rows])
        body = (f"<thead><tr>{head}</tr></thead>" if head else "") + (
            f"<tbody>{rows}</tbody>" if rows else ""
        )
        return (
            f'<div class="wide" role="region" tabindex="0" aria-label="{caption}">'
            f'<table><caption class="vh">{caption}</caption>{body}</table></div>'
        )

    def _row(self, row: Sequence[Sequence[Inline]], headed: bool) -> str:
        cells = [f"<td>{self.inlines(cell)}</td>" for cell in row]
        if headed and len(row) > 1 and row[0]:
            cells[0] = f'<th scope="row">{self.inlines(row[0])}</th>'
        return f"<tr>{''.join(cells)}</tr>"

    def figure(self, picture: Picture, alt: str, label: str = "") -> str:
        """The medium picture, loaded when it comes into view, and a link to the large one with its size."""
        shown, large = picture.medium, picture.large
        self.pictures.update({shown.path: shown, large.path: large})
        to = [self._frame.relative(self._path, jpeg.path) for jpeg in (shown, large)]
        words = self._words["open_picture"].format(size=jpeg_size(large.data))
        return (
            f'<figure><img src="{to[0]}" width="{shown.width}" height="{shown.height}"'
            f' alt="{self._escape(alt)}" loading="lazy" />'
            f'<figcaption>{self._escape(label)} <a href="{to[1]}">{self._escape(words)}</a>'
            "</figcaption></figure>"
        )
