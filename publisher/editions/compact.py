"""The text of a document in pieces for the light and the legacy edition: lines rather than tables,
nothing that is wider than a handset.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from publisher.editions.blocks import address, jpeg_size, linked_text, plain
from publisher.editions.frame import LEGACY, LIGHT, WEB, Edition, Frame, escaped_text
from publisher.editions.paginate import Piece
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

RUN = 80
"""Characters of text that are never divided; at six bytes each they fit on any page."""

HREF = 300
"""Longer addresses are left out on handsets: they would not fit on a page, and their input lines do not
take them.
"""

DEPTH = 4
"""Lists and quotations within each other, at most; what is deeper stands on the last level."""

_SENTENCE = pattern(r"(?<=[。．！？!?\n])")


def cut(text: str, length: int) -> str:
    """At most ``length`` characters, with an ellipsis when some are missing."""
    return text if len(text) <= length else text[: length - 1] + "…"


class CompactBlocks:
    """Pieces of one document in one edition.

    ``pictures`` collects the JPEGs that are linked; ``inlays`` says for the markup of a link to a picture
    what to write in its place when the page has room for the picture itself: (markup, bytes of the JPEG).
    """

    def __init__(self, frame: Frame, edition: Edition, path: str, language: str) -> None:
        self._frame = frame
        self._edition = edition
        self._path = path
        self._words = frame.words(language)
        self.pictures: dict[str, Jpeg] = {}
        self.inlays: dict[str, tuple[str, int]] = {}

    # --- blocks ---

    def pieces(self, blocks: Sequence[Block], depth: int = 0) -> list[Piece]:
        found: list[Piece] = []
        for block in blocks:
            if type(block) is Paragraph:
                found.append(self.run("<p>", block.inlines, "</p>"))
            else:
                found += self._block(block, depth)
        return found

    def _block(self, block: Block, depth: int) -> Sequence[Piece]:
        match block:
            case Heading(level, inlines):
                mark = "■" if self._edition is LEGACY else ""
                return (self.run(f"<h{level}>{mark}", inlines, f"</h{level}>", keep=True),)
            case Listing():
                return self._listing(block, depth)
            case Grid():
                return self._grid(block)
            case Quote(blocks):
                return self._around("<blockquote>", self.pieces(blocks, depth + 1), "</blockquote>", depth)
            case Preformatted(text):
                return (self.run("<p>", _lines(text), "</p>"),)
            case Rule():
                return (Piece("<p>――――</p>"),)  # XHTML Basic 1.0 has no hr
            case Figure(picture, alt):
                return (self.picture(picture, alt or self._words["picture"]),)
            case Paragraph(inlines):
                return (self.run("<p>", inlines, "</p>"),)

    def _around(self, open_: str, inner: list[Piece], close: str, depth: int) -> list[Piece]:
        if depth >= DEPTH or not inner:
            return inner
        return [Piece(open_ + "".join([p.html for p in inner]) + close, lambda: inner, open_, close)]

    def _listing(self, listing: Listing, depth: int) -> list[Piece]:
        if self._edition is LIGHT and listing.start is None:
            items = [
                item
                for blocks in listing.items
                for item in self._around("<li>", self._item("", blocks, depth), "</li>", 0)
                or [Piece("<li></li>")]
            ]
            return self._around("<ul>", items, "</ul>", 0) if depth < DEPTH else self._flat(listing, depth)
        return self._flat(listing, depth)

    def _flat(self, listing: Listing, depth: int) -> list[Piece]:
        """Items as lines: the mark or number is text, since a list that goes on cannot be told where to
        count on.
        """
        return [
            piece
            for number, blocks in enumerate(listing.items, listing.start or 0)
            for piece in self._item("・" if listing.start is None else f"{number}. ", blocks, depth)
        ]

    def _item(self, mark: str, blocks: Sequence[Block], depth: int) -> list[Piece]:
        if not mark and len(blocks) == 1 and type(blocks[0]) is Paragraph:
            return [self.run("<div>", blocks[0].inlines, "</div>")]
        pieces: list[Piece] = []
        first, rest = (
            (blocks[0], blocks[1:]) if blocks and isinstance(blocks[0], Paragraph) else (None, blocks)
        )
        indent = "　" * min(depth, 2) if mark else ""
        if first is not None or mark:
            inlines = (Text(indent + mark), *(first.inlines if first is not None else ()))
            pieces.append(self.run("<div>", inlines if mark else inlines[1:], "</div>"))
        return pieces + self.pieces(rest, depth + 1) if rest else pieces

    # --- tables ---

    def _grid(self, grid: Grid) -> list[Piece]:
        if self._edition is LIGHT and _narrow(grid):
            return [self._table(grid)]
        names = [cut(plain(name), 40) for name in grid.header]
        return [piece for row in grid.rows if (piece := self._row_lines(names, row)) is not None]

    def _table(self, grid: Grid) -> Piece:
        head = "".join([f"<th>{self.inlines(cell)}</th>" for cell in grid.header])
        open_ = f"<table><tr>{head}</tr>" if head else "<table>"
        rows = [
            Piece(f"<tr>{''.join([f'<td>{self.inlines(c)}</td>' for c in row])}</tr>") for row in grid.rows
        ]
        return Piece(open_ + "".join(r.html for r in rows) + "</table>", lambda: rows, open_, "</table>")

    def _row_lines(self, names: Sequence[str], row: Sequence[Sequence[Inline]]) -> Piece | None:
        """One row as lines: ``列名: 値``. Blank cells are left out."""
        inlines: list[Inline] = []
        for index, cell in enumerate(row):
            if not plain(cell).strip():
                continue
            name = names[index] if index < len(names) else ""
            inlines += [*([Break()] if inlines else []), *([Text(f"{name}: ")] if name else []), *cell]
        return self.run("<p>", inlines, "</p>") if inlines else None

    # --- text ---

    def run(self, open_: str, inlines: Sequence[Inline], close: str, keep: bool = False) -> Piece:
        """A piece of text that is divided between sentences, or within them when it must be."""
        content = self.inlines(inlines)
        return Piece(f"{open_}{content}{close}", partial(self._runs, inlines), open_, close, keep)

    def _runs(self, inlines: Sequence[Inline]) -> list[Piece]:
        return [Piece(html) for html in self._atoms(inlines)]

    def _atoms(self, inlines: Sequence[Inline], linked: bool = False) -> Iterator[str]:
        for inline in inlines:
            match inline:
                case Text(text):
                    for sentence in _SENTENCE.split(text):
                        for start in range(0, len(sentence), RUN):
                            yield self._text(sentence[start : start + RUN], linked)
                case Strong(inner):
                    yield from (f"<strong>{atom}</strong>" for atom in self._atoms(inner, linked))
                case Link(href, inner) if not linked and len(href) <= HREF:
                    to = self._href(href)
                    yield from (f'<a href="{to}">{atom}</a>' for atom in self._atoms(inner, True))
                case Link(_, inner):
                    yield from self._atoms(inner, True)
                case Break():
                    yield "<br />"
                case Ruby(base, reading):
                    yield from self._atoms((Text(_read(base, reading)),), linked)

    def inlines(self, inlines: Sequence[Inline], linked: bool = False) -> str:
        parts = []
        for inline in inlines:
            if type(inline) is Text:
                text = inline.text
                parts.append(escaped_text(text) if linked else linked_text(self._frame, self._edition, text))
                continue
            match inline:
                case Strong(inner):
                    parts.append(f"<strong>{self.inlines(inner, linked)}</strong>")
                case Link(href, inner) if not linked and len(href) <= HREF:
                    parts.append(f'<a href="{self._href(href)}">{self.inlines(inner, True)}</a>')
                case Link(_, inner):
                    parts.append(self.inlines(inner, linked))
                case Break():
                    parts.append("<br />")
                case Ruby(base, reading):
                    parts.append(self._text(_read(base, reading), linked))
        return parts[0] if len(parts) == 1 else "".join(parts)

    def _text(self, text: str, linked: bool) -> str:
        return escaped_text(text) if linked else linked_text(self._frame, self._edition, text)

    def _href(self, href: str) -> str:
        return self._frame.escape(self._edition, address(self._frame, self._edition, self._path, href))

    # --- pictures ---

    def picture(self, picture: Picture, alt: str) -> Piece:
        """A link with the size of what it opens; on the light edition a picture that may take its place."""
        escape = partial(self._frame.escape, self._edition)
        jpeg = picture.small if self._edition is LEGACY else picture.medium
        to = self._linked(jpeg)
        label = escape(cut(alt, RUN))
        words = escape(self._words["open_picture"].format(size=jpeg_size(jpeg.data)))
        html = f'<p>{label} <a href="{to}">{words}</a></p>'
        if self._edition is LIGHT:
            large = escape(self._words["open_picture"].format(size=jpeg_size(picture.large.data)))
            inlay = (
                f'<p><img src="{to}" width="{jpeg.width}" height="{jpeg.height}" alt="{label}" /></p>'
                f'<p><a href="{self._linked(picture.large)}">{large}</a></p>'
            )
            self.inlays[html] = (inlay, len(jpeg.data))
        return Piece(html)

    def _linked(self, jpeg: Jpeg) -> str:
        self.pictures[jpeg.path] = jpeg
        return self._frame.across(self._edition, self._path, WEB, jpeg.path)


def _narrow(grid: Grid) -> bool:
    """Whether a table is one on a handset: mobileOK Basic 1.0 wants two rows with two cells, 240 px carry
    three short columns.
    """
    columns = max([len(grid.header), *(len(row) for row in grid.rows)], default=0)
    cells = [cell for row in (grid.header, *grid.rows) for cell in row]
    return 2 <= columns <= 3 and len(grid.rows) >= 2 and all(len(plain(cell)) <= 14 for cell in cells)


def _lines(text: str) -> tuple[Inline, ...]:
    lines = [Text(line.replace("\t", "  ")) for line in text.strip("\n").split("\n")]
    return tuple(part for line in lines for part in (line, Break()))[:-1]


def _read(base: str, reading: str) -> str:
    return f"{base}（{reading}）" if reading else base
