"""HTML as mammoth writes it → blocks: headings, numbered lists, tables without merged cells, figures, notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from publisher.model import (
    Block,
    Break,
    Figure,
    Grid,
    Heading,
    Inline,
    Link,
    Listing,
    Paragraph,
    Picture,
    Rule,
    Strong,
    Text,
)
from publisher.readers.html_cells import Cell, as_inlines, head_rows, header, spread, without_empty_columns
from publisher.readers.html_runs import (
    LABELLED,
    SUB,
    SUPER,
    TITLE,
    Builder,
    Node,
    bold,
    flat,
    plain,
    raised,
    runs_of,
    trimmed,
    unlinked,
)
from publisher.readers.markdown_blocks import safe_href
from publisher.values import field, record, replace

_BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "hr", "div", "dl"}
_SAME = 60
"""A merged cell with more characters than this is not repeated in each row that it spans."""


@record
class Converted:
    """``title`` is the marked paragraph, taken out of the blocks, or "". ``struck`` counts passages struck through,
    ``unlinked`` links to where no page may link: their words stay.
    """

    blocks: list[Block] = field(default_factory=list)
    title: str = ""
    struck: int = 0
    unlinked: int = 0


def convert(html: str, pictures: Mapping[str, tuple[Picture, str]]) -> Converted:
    """``pictures``: what stands in ``src`` → (picture, its description); others are left out."""
    builder = Builder()
    builder.feed(html)
    builder.close()
    maker = _Maker(pictures)
    maker.made.blocks = _levelled(maker.blocks(builder.root))
    return maker.made


class _Maker:
    def __init__(self, pictures: Mapping[str, tuple[Picture, str]]) -> None:
        self._pictures = pictures
        self.made = Converted()

    # --- blocks

    def blocks(self, node: Node) -> list[Block]:
        """The blocks in a node; inline children between them become paragraphs."""
        found: list[Block] = []
        run: list[Node | str] = []

        def flush() -> None:
            found.extend(self._paragraph(run))
            run.clear()

        for child in node.children:
            if isinstance(child, Node) and child.tag in _BLOCKS:
                flush()
                found.extend(self._block(child))
            else:
                run.append(child)
        flush()
        return found

    def _block(self, node: Node) -> list[Block]:
        if node.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            return self._heading(node)
        if node.tag in ("ul", "ol"):
            return self._listing(node)
        if node.tag == "table":
            return self._table(node)
        if node.tag == "hr":
            return [Rule()]
        return self.blocks(node) if node.tag != "p" else self._paragraph(node.children)

    def _paragraph(self, children: Iterable[Node | str]) -> list[Block]:
        """A paragraph, cut where a picture stands in it."""
        found: list[Block] = []
        inlines = self._inlines(children)
        text = flat(inlines)
        if text.lstrip().startswith(TITLE):
            if not self.made.title:
                self.made.title = " ".join(text.replace(TITLE, "").split())
                return [piece for piece in inlines if isinstance(piece, Figure)]  # type: ignore[misc]
            inlines = [
                replace(i, text=i.text.replace(TITLE, "")) if isinstance(i, Text) else i for i in inlines
            ]
        run: list[Inline] = []
        for inline in [*inlines, None]:
            if inline is None or isinstance(inline, Figure):
                if kept := trimmed(run):
                    found.append(Paragraph(tuple(kept)))
                run = []
                if inline is not None:
                    found.append(inline)
            else:
                run.append(inline)
        return found

    def _heading(self, node: Node) -> list[Block]:
        inlines = self._inlines(node.children)
        figures: list[Block] = [inline for inline in inlines if isinstance(inline, Figure)]
        words = trimmed(plain([inline for inline in inlines if not isinstance(inline, Figure)]))
        text = flat(words)
        if TITLE in text:
            if not self.made.title:
                self.made.title = " ".join(text.replace(TITLE, "").split())
                return figures
            words = [replace(i, text=i.text.replace(TITLE, "")) if isinstance(i, Text) else i for i in words]
        if not flat(words).strip():
            return figures
        return [Heading(int(node.tag[1]) + 1, tuple(words)), *figures]

    def _listing(self, node: Node) -> list[Block]:
        entries = [
            child if isinstance(child, Node) and child.tag == "li" else Node("li", {}, [child])
            for child in node.children
        ]
        if any(entry.attributes.get("id", "").startswith(("footnote-", "endnote-")) for entry in entries):
            return self._notes(entries)
        items: list[tuple[Block, ...]] = []
        labels: list[str] = []
        for entry in entries:
            label = _taken_label(entry) or ""
            if item := self.blocks(entry):
                labels.append(label)
                items.append(tuple(item))
        if not items:
            return []
        if node.tag == "ul":
            return [Listing(tuple(items))]
        start = _start(labels)
        if start is not None:
            return [Listing(tuple(items), start)]
        return [block for label, item in zip(labels, items, strict=True) for block in _labelled(label, item)]

    def _notes(self, entries: list[Node]) -> list[Block]:
        items = []
        for entry in entries:
            _without_backlinks(entry)
            items.append(tuple(self.blocks(entry)) or (Paragraph((Text("－"),)),))
        return [Heading(2, (Text("注"),)), Listing(tuple(items), 1)]

    # --- tables

    def _table(self, node: Node) -> list[Block]:
        rows, headers = self._rows(node)
        figures: list[Block] = []
        cells = spread(rows)
        width = max((len(row) for row in cells), default=0)
        if width <= 1:
            return [block for row in cells for cell in row for block in self.blocks(cell.node)]
        lead: list[Block] = []
        grid: list[list[tuple[Inline, ...]]] = []
        for number, row in enumerate(cells):
            made = [self._cell(cell, figures, len(row)) for cell in row]
            made += [()] * (width - len(made))
            if not any(flat(cell).strip() for cell in made):
                continue
            if (
                not grid
                and number == len(lead)
                and row
                and row[0].columns >= width
                and len(cells) > number + 1
            ):
                lead.append(Paragraph((Strong(tuple(plain(made[0]))),)))
                continue
            grid.append(made)
        grid = without_empty_columns(grid)
        if not grid:
            return [*lead, *figures]
        if len(grid[0]) == 1:
            return [*lead, *(Paragraph(row[0]) for row in grid if row[0]), *figures]
        head = head_rows(grid, max(0, headers - len(lead)))
        return [*lead, Grid(header(grid[:head]), tuple(map(tuple, grid[head:]))), *figures]

    def _rows(self, node: Node) -> tuple[list[list[Node]], int]:
        """The rows of cells of a table itself, and how many of them are its head."""
        rows: list[list[Node]] = []
        heads = 0
        for child in node.children:
            if not isinstance(child, Node):
                continue
            if child.tag in ("thead", "tbody", "tfoot"):
                inner, _ = self._rows(child)
                rows += inner
                heads += len(inner) if child.tag == "thead" else 0
            elif child.tag == "tr":
                rows.append([c for c in child.children if isinstance(c, Node) and c.tag in ("td", "th")])
        return rows, heads

    def _cell(self, cell: Cell, figures: list[Block], width: int) -> tuple[Inline, ...]:
        if not cell.first_column and cell.columns >= width:
            return ()
        inlines: list[Inline] = []
        for block in self.blocks(cell.node) if cell.first else self._again(cell.node):
            pieces = as_inlines(block)
            if isinstance(block, Figure):
                figures.append(block)
            elif pieces:
                inlines += [Break(), *pieces] if inlines else pieces
        if not cell.first and len(flat(inlines)) > _SAME:
            return (Text("（同上）"),)
        return tuple(inlines)

    def _again(self, node: Node) -> list[Block]:
        """The words of a merged cell once more; pictures, links and struck words were counted the first time."""
        counts = self.made.struck, self.made.unlinked
        found = [block for block in self.blocks(node) if not isinstance(block, Figure)]
        self.made.struck, self.made.unlinked = counts
        return found

    # --- inlines

    def _inlines(self, children: Iterable[Node | str]) -> list[Inline | Figure]:
        found: list[Inline | Figure] = []
        for child in children:
            found += runs_of(child) if isinstance(child, str) else self._inline(child)
        return found

    def _inline(self, node: Node) -> list[Inline | Figure]:
        if node.tag == "br":
            return [Break()]
        if node.tag == "img":
            picture, alt = self._pictures.get(node.attributes.get("src", ""), (None, ""))
            return [Figure(picture, alt)] if picture is not None else []
        inner = self._inlines(node.children)
        figures = [inline for inline in inner if isinstance(inline, Figure)]
        words: list[Inline] = [inline for inline in inner if not isinstance(inline, Figure)]
        if not words:
            return [*figures]
        if node.tag == "a":
            return [*self._link(node, words), *figures]
        if node.tag in ("strong", "b"):
            return [*bold(words), *figures]
        if node.tag in ("s", "strike", "del") and flat(words).strip():
            self.made.struck += 1
            return [Text("［取消線："), *words, Text("］"), *figures]
        if node.tag in ("sup", "sub"):
            return [*raised(words, SUPER if node.tag == "sup" else SUB), *figures]
        return inner

    def _link(self, node: Node, words: list[Inline]) -> list[Inline]:
        href = node.attributes.get("href", "").strip()
        if href.startswith(("#footnote-", "#endnote-")):
            return [Text(f"（注{flat(words).strip('[]')}）")]
        if not href or href.startswith("#") or not flat(words).strip():
            return words
        target = safe_href(href)
        if target is None:
            self.made.unlinked += 1
            return words
        return [Link(target, tuple(unlinked(words)))]


def _without_backlinks(node: Node) -> None:
    node.children = [
        child
        for child in node.children
        if isinstance(child, str)
        or not child.attributes.get("href", "").startswith(("#footnote-ref", "#endnote-ref"))
    ]
    for child in node.children:
        if isinstance(child, Node):
            _without_backlinks(child)


# --- numbers of lists -------------------------------------------------------------------------------------


def _taken_label(node: Node) -> str | None:
    """The number at the beginning of a list entry, taken off it; None when it begins with something else."""
    for index, child in enumerate(node.children):
        if isinstance(child, Node):
            if child.tag in ("ul", "ol", "table"):
                return None
            if (label := _taken_label(child)) is not None:
                return label
        elif child.strip():
            match = LABELLED.match(child)
            if match is None:
                return None
            node.children[index] = child[match.end() :].lstrip(" \u3000\t")
            return match[1]
    return None


def _start(labels: list[str]) -> int | None:
    """The first number, when all count up by one from it and are written as a list writes them."""
    if not any(labels):
        return 1
    numbers = [re.fullmatch(r"(\d{1,4})[.)]?\s*", label) for label in labels]
    found = [int(match[1]) for match in numbers if match]
    if len(found) == len(labels) and found == list(range(found[0], found[0] + len(found))):
        return found[0]
    return None


def _labelled(label: str, item: tuple[Block, ...]) -> tuple[Block, ...]:
    if not label:
        return item
    gap = "" if label.endswith((")", "）", "、", "．", "\u3000", " ")) else "\u3000"
    if item and isinstance(item[0], Paragraph):
        return (Paragraph((Text(label + gap), *item[0].inlines)), *item[1:])
    return (Paragraph((Text(label),)), *item)


# --- headings ---------------------------------------------------------------------------------------------


def _levelled(blocks: list[Block]) -> list[Block]:
    """Headings from level 2 to 4 without a gap: the page's title is level 1."""
    levels = sorted({block.level for block in blocks if isinstance(block, Heading)})
    ranks = {level: min(2 + rank, 4) for rank, level in enumerate(levels)}
    return [
        Heading(ranks[block.level], block.inlines) if isinstance(block, Heading) else block
        for block in blocks
    ]
