"""Markdown → blocks: CommonMark with tables, without raw HTML, with links only to where a link may lead."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from publisher.model import (
    Block,
    Break,
    Grid,
    Heading,
    Inline,
    Link,
    Listing,
    Paragraph,
    Preformatted,
    Problem,
    Quote,
    Rule,
    Strong,
    Text,
)
from publisher.patterns import pattern
from publisher.readers.inlines import inlines as plain_inlines

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_SAFE = pattern(
    r"https?://[^\s/?#@\\]+(?:[/?#]\S*)?|mailto:[^\s@:]+@[^\s@:]+|tel:\+?[0-9().\-]+", re.IGNORECASE
)
_HIDDEN = pattern(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")
_SCHEME = pattern(r"^[a-z][a-z0-9+.\-]*:", re.IGNORECASE)
DEPTH = 20
"""Lists and quotes nested deeper than this are read as plain text (markdown-it's ``maxNesting``)."""

MARKS = 40_000
"""A text with more marks and lines than this is read as plain text: no notice has so many, and each of them takes its time."""

_MARKS = "*_[]!`&\\<|#=~\n"


@cache
def parser() -> MarkdownIt:
    """Built once: it holds no state between documents."""
    from publisher.readers import markdown_quick

    md = full_parser()
    markdown_quick.install(md)
    return md


def full_parser() -> MarkdownIt:
    """The one that asks every rule about everything; ``parser`` gives the same tokens sooner."""
    from markdown_it import MarkdownIt

    from publisher.readers import emphasis, markdown_rules

    md = (
        MarkdownIt("commonmark", {"html": False, "maxNesting": DEPTH})
        .enable("table")
        .disable(["html_block", "html_inline"])
    )
    md.validateLink = lambda url: True  # ours decides, and says so
    emphasis.install(md)
    markdown_rules.install(md)
    return md


def blocks(text: str, path: str, first_line: int = 1) -> tuple[tuple[Block, ...], tuple[Problem, ...]]:
    """The blocks of a text, and what staff should know: links and pictures that were left out, with their lines."""
    if len(text) > MARKS and sum(map(text.count, _MARKS)) > MARKS:
        from publisher.readers.text_blocks import blocks as plain_blocks

        return plain_blocks(text), (_too_many_marks(path),)
    from publisher.readers.markdown_rules import half_width_marks

    text = half_width_marks(text)
    tokens = parser().parse(text)
    several = len([token for token in tokens if token.tag == "h1"]) > 2  # each is opened and closed
    walk = _Walk(path, first_line, several, text)
    found = walk.blocks(iter(tokens), None)
    return tuple(found), tuple(walk.problems)


def _too_many_marks(path: str) -> Problem:
    what = "Markdown の記号や行が多すぎるため、ふつうの文章として読みました。"
    return Problem(
        "too-many-marks",
        what,
        path,
        "記号はそのまま見えています。",
        "文書をいくつかに分けるか、表は CSV にしてください。",
    )


def safe_href(href: str) -> str | None:
    """The address when a page may link to it: http, https, mailto, tel; None for everything else.

    Characters that cannot be seen are refused, since browsers drop some of them (WHATWG URL, 4.4), and so are names and passwords
    before a host, which serve to make one host look like another.
    """
    address = href.strip()
    if (
        _HIDDEN.search(address)
        or not _SAFE.fullmatch(address)
        or not _SAFE.fullmatch(unicodedata.normalize("NFKC", html.unescape(address)))
    ):
        return None
    return address


class _Walk:
    """One walk over the tokens."""

    def __init__(self, path: str, first_line: int, several_first: bool, text: str) -> None:
        self.path, self.first_line, self.text = path, first_line, text
        self.deeper = int(several_first)  # with several ``#``, they are the parts, and ``##`` their parts
        self.problems: list[Problem] = []
        self.lines: list[str] | None = None
        self.line = first_line

    def blocks(self, tokens: Iterator[Token], end: str | None) -> list[Block]:
        found: list[Block] = []
        for token in tokens:
            if token.type == end:
                break
            if token.map:
                self.line = self.first_line + token.map[0]
            block = self._block(token, tokens)
            if block is not None:
                found.append(block)
        return found

    def _block(self, token: Token, tokens: Iterator[Token]) -> Block | None:
        kind = token.type
        if kind == "paragraph_open":
            inlines = self._inside(tokens, "paragraph_close")
            return Paragraph(inlines) if inlines else None
        if kind == "heading_open":
            inlines = self._inside(tokens, "heading_close")
            return Heading(min(4, max(2, int(token.tag[1]) + self.deeper)), inlines) if inlines else None
        if kind in ("bullet_list_open", "ordered_list_open"):
            start = None if kind.startswith("bullet") else int(token.attrs.get("start", 1))
            return Listing(tuple(self._items(tokens, kind.replace("open", "close"))), start)
        if kind == "blockquote_open":
            return Quote(tuple(self.blocks(tokens, "blockquote_close")))
        if kind in ("fence", "code_block"):
            return Preformatted(token.content.rstrip("\n"))
        if kind == "hr":
            return Rule()
        if kind == "table_open":
            return self._table(tokens, token.level == 0)
        if kind == "inline":
            return Paragraph(self._inlines(token.children or []))
        return None

    def _inside(self, tokens: Iterator[Token], end: str) -> tuple[Inline, ...]:
        found: tuple[Inline, ...] = ()
        for token in tokens:
            kind = token.type
            if kind == end:
                break
            if kind == "inline":
                found += self._inlines(token.children or [])
        return found

    def _items(self, tokens: Iterator[Token], end: str) -> Iterator[tuple[Block, ...]]:
        for token in tokens:
            if token.type == end:
                return
            if token.type == "list_item_open":
                yield tuple(self.blocks(tokens, "list_item_close"))

    def _table(self, tokens: Iterator[Token], outermost: bool) -> Grid:
        rows: list[tuple[tuple[Inline, ...], ...]] = []
        row: list[tuple[Inline, ...]] = []
        line: int | None = None
        headed = False
        for token in tokens:
            if token.type == "table_close":
                break
            if token.type == "tr_open":
                row, line = [], token.map[0] if token.map else None
            elif token.type == "tr_close":
                more = self._cells_beyond(line, len(row)) if outermost and line is not None else ()
                rows.append((*row, *more))
            elif token.type in ("th_open", "td_open"):
                headed = headed or token.type == "th_open"
                row.append(self._inside(tokens, token.type.replace("open", "close")))
        width = max(map(len, rows), default=0)
        even = [(*cells, *[()] * (width - len(cells))) for cells in rows]
        if headed and even and any(even[0]):
            return Grid(even[0], tuple(even[1:]))
        return Grid((), tuple(even[1:] if headed else even))

    def _cells_beyond(self, line: int, width: int) -> tuple[tuple[Inline, ...], ...]:
        """Cells to the right of the last column: GitHub's tables (GFM 0.29, 4.10) drop them, people mean them."""
        from markdown_it.rules_block.table import escapedSplit

        if self.lines is None:
            self.lines = self.text.split("\n")
        text = self.lines[line].strip()
        if text.count("|") - text.startswith("|") - text.endswith("|") < width:
            return ()  # not even if none of the bars is escaped
        cells = escapedSplit(text)
        cells = cells[cells[:1] == [""] :]
        more = cells[width : len(cells) - (cells[-1:] == [""])]
        if not any(cell.strip() for cell in more):
            return ()
        self.line = self.first_line + line
        self._tell("cells-beyond", "表の見出しより多くのセルがある行がありました。見出しのない列として載せました。", "見出しの行にも列の名前を書いてください。")
        return tuple(plain_inlines(cell.strip()) for cell in more)

    # --- inlines ---

    def _inlines(self, tokens: list[Token]) -> tuple[Inline, ...]:
        if len(tokens) == 1 and tokens[0].type == "text":
            return plain_inlines(tokens[0].content)
        return tuple(self._run(iter(tokens), None))

    def _run(self, tokens: Iterator[Token], end: str | None) -> list[Inline]:
        found: list[Inline] = []
        text: list[str] = []

        def flush() -> None:
            if text:
                found.extend(plain_inlines("".join(text)) if end != "link_close" else (Text("".join(text)),))
                text.clear()

        for token in tokens:
            kind = token.type
            if kind == end:
                break
            if kind in ("text", "text_special", "code_inline", "html_inline", "entity"):
                text.append(token.content)
                continue
            if kind in ("softbreak", "hardbreak"):
                self.line += 1
                flush()
                found.append(Break())
                continue
            flush()
            found += self._marked(kind, token, tokens, end)
        flush()
        return found

    def _marked(self, kind: str, token: Token, tokens: Iterator[Token], around: str | None) -> list[Inline]:
        if kind in ("strong_open", "em_open"):
            inside = self._run(tokens, kind.replace("open", "close"))
            return [Strong(tuple(inside))] if inside else []
        if kind == "link_open":
            inside = self._run(tokens, "link_close")
            return self._link(str(token.attrs.get("href", "")), inside)
        if kind == "image":
            return self._picture(token, around == "link_close")
        return [Text(token.content)] if token.content else []

    def _link(self, href: str, inside: list[Inline]) -> list[Inline]:
        target = safe_href(href)
        if target is None:
            self._left_out_link(href)
            return inside
        return [Link(target, tuple(inside) or (Text(target),))]

    def _left_out_link(self, href: str) -> None:
        if _SCHEME.match(href.strip()) or not href.strip():
            what, todo = (
                "安全に開けないリンクがありました。リンクを外し、文字だけを残しました。",
                "リンク先は https:// で始まるアドレスにしてください。",
            )
        else:
            what, todo = (
                "パソコンの中のファイルへのリンクがありました。リンクを外し、文字だけを残しました。",
                "公開するファイルは、フォルダーに置いてください。",
            )
        self._tell("link-left-out", what, todo)

    def _picture(self, token: Token, linked: bool) -> list[Inline]:
        """Its words; one on another host becomes a link, so that no page asks that host for anything by itself."""
        alt = " ".join("".join(child.content for child in token.children or []).split()) or token.content.strip()
        address = safe_href(str(token.attrs.get("src", "")))
        if address is not None and address.lower().startswith("http") and not linked:
            what = "ほかのサイトの画像の指定がありました。画像は表示せず、リンクにしました。"
            self._tell("picture-linked", what, "見せたい画像は、ファイルをそのままフォルダーに置いてください。画像のページができます。")
            return [Text("（画像: "), Link(address, (Text(alt or address),)), Text("）")]
        what = "本文の中に画像の指定がありました。画像は表示せず、説明の文字だけを残しました。"
        self._tell("picture-left-out", what, "画像のファイルを、そのままフォルダーに置いてください。画像のページができます。")
        return [Text(f"（画像: {alt}）" if alt else "（画像）")]

    def _tell(self, code: str, what: str, todo: str) -> None:
        problem = Problem(code, what, f"{self.path} {self.line}行目", "本文は公開しています。", todo)
        if problem not in self.problems[-1:]:  # once a line is enough
            self.problems.append(problem)
