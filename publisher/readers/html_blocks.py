"""HTML as mammoth writes it → blocks: headings, numbered lists, tables without merged cells, figures, notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

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
    Ruby,
    Rule,
    Strong,
    Text,
)
from publisher.readers.inlines import inlines as linked

RUBY = "\ufdd0", "\ufdd1", "\ufdd2"
"""Before the base, between base and reading, and after: no document may hold these (Unicode 23.7)."""
LABEL = "\ufdd3", "\ufdd4"
"""Around the number of a numbered paragraph."""
TITLE = "\ufdd5"
"""Before the paragraph that is the title."""
MARKERS = (*RUBY, *LABEL, TITLE)

_RUBY = re.compile(f"{RUBY[0]}([^{RUBY[0]}]*){RUBY[1]}([^{RUBY[0]}]*){RUBY[2]}")
_LABEL = re.compile(f"{LABEL[0]}([^{LABEL[1]}]*){LABEL[1]}")
_SAFE = re.compile(r"(?:https?://[^\s/]|mailto:[^\s@]+@|tel:\+?[\d-]+$)", re.IGNORECASE)
_SUPER = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_SUB = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "hr", "div", "dl"}
_VOID = {"br", "img", "hr"}
_SAME = 60
"""A merged cell with more characters than this is not repeated in each row that it spans."""
_MOST_SPAN = 200


@dataclass(slots=True)
class _Node:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[_Node | str] = field(default_factory=list)


@dataclass(slots=True)
class Converted:
    """``title`` is the marked paragraph, taken out of the blocks, or "". ``struck`` counts passages struck through."""

    blocks: list[Block] = field(default_factory=list)
    title: str = ""
    struck: int = 0


def convert(html: str, pictures: Mapping[str, tuple[Picture, str]]) -> Converted:
    """``pictures``: what stands in ``src`` → (picture, its description); others are left out."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    maker = _Maker(pictures)
    maker.made.blocks = _levelled(maker.blocks(builder.root))
    return maker.made


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = _Node("body")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = _Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag not in _VOID:
            self._open.append(node)

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            if self._open[depth].tag == tag:
                del self._open[depth:]
                return

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


class _Maker:
    def __init__(self, pictures: Mapping[str, tuple[Picture, str]]) -> None:
        self._pictures = pictures
        self.made = Converted()

    # --- blocks

    def blocks(self, node: _Node) -> list[Block]:
        """The blocks in a node; inline children between them become paragraphs."""
        found: list[Block] = []
        run: list[_Node | str] = []

        def flush() -> None:
            found.extend(self._paragraph(run))
            run.clear()

        for child in node.children:
            if isinstance(child, _Node) and child.tag in _BLOCKS:
                flush()
                found.extend(self._block(child))
            else:
                run.append(child)
        flush()
        return found

    def _block(self, node: _Node) -> list[Block]:
        if node.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            return self._heading(node)
        if node.tag in ("ul", "ol"):
            return self._listing(node)
        if node.tag == "table":
            return self._table(node)
        if node.tag == "hr":
            return [Rule()]
        return self.blocks(node) if node.tag != "p" else self._paragraph(node.children)

    def _paragraph(self, children: Iterable[_Node | str]) -> list[Block]:
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
                if kept := _trimmed(run):
                    found.append(Paragraph(tuple(kept)))
                run = []
                if inline is not None:
                    found.append(inline)
            else:
                run.append(inline)
        return found

    def _heading(self, node: _Node) -> list[Block]:
        inlines = self._inlines(node.children)
        figures: list[Block] = [inline for inline in inlines if isinstance(inline, Figure)]
        words = _trimmed(_plain([inline for inline in inlines if not isinstance(inline, Figure)]))
        text = flat(words)
        if TITLE in text:
            if not self.made.title:
                self.made.title = " ".join(text.replace(TITLE, "").split())
                return figures
            words = [replace(i, text=i.text.replace(TITLE, "")) if isinstance(i, Text) else i for i in words]
        if not text.strip():
            return figures
        return [Heading(int(node.tag[1]) + 1, tuple(words)), *figures]

    def _listing(self, node: _Node) -> list[Block]:
        entries = [child for child in node.children if isinstance(child, _Node) and child.tag == "li"]
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

    def _notes(self, entries: list[_Node]) -> list[Block]:
        items = []
        for entry in entries:
            _without_backlinks(entry)
            items.append(tuple(self.blocks(entry)) or (Paragraph((Text("－"),)),))
        return [Heading(2, (Text("注"),)), Listing(tuple(items), 1)]

    # --- tables

    def _table(self, node: _Node) -> list[Block]:
        rows, headers = self._rows(node)
        figures: list[Block] = []
        cells = _spread(rows)
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
                lead.append(Paragraph((Strong(tuple(_plain(made[0]))),)))
                continue
            grid.append(made)
        grid = _without_empty_columns(grid)
        if not grid:
            return [*lead, *figures]
        if len(grid[0]) == 1:
            return [*lead, *(Paragraph(row[0]) for row in grid if row[0]), *figures]
        head = max(0, headers - len(lead))
        if not head and len(grid) > 1 and all(_is_strong(cell) for cell in grid[0]):
            head = 1
        if head >= len(grid):
            head = 0
        return [*lead, Grid(_header(grid[:head]), tuple(tuple(row) for row in grid[head:])), *figures]

    def _rows(self, node: _Node) -> tuple[list[list[_Node]], int]:
        """The rows of cells of a table itself, and how many of them are its head."""
        rows: list[list[_Node]] = []
        heads = 0
        for child in node.children:
            if not isinstance(child, _Node):
                continue
            if child.tag in ("thead", "tbody", "tfoot"):
                inner, _ = self._rows(child)
                rows += inner
                heads += len(inner) if child.tag == "thead" else 0
            elif child.tag == "tr":
                rows.append([c for c in child.children if isinstance(c, _Node) and c.tag in ("td", "th")])
        return rows, heads

    def _cell(self, cell: _Cell, figures: list[Block], width: int) -> tuple[Inline, ...]:
        if not cell.first_column and cell.columns >= width:
            return ()
        inlines: list[Inline] = []
        for block in self.blocks(cell.node) if cell.first else self._again(cell.node):
            pieces = _as_inlines(block)
            if isinstance(block, Figure):
                figures.append(block)
            elif pieces:
                inlines += [Break(), *pieces] if inlines else pieces
        if not cell.first and len(flat(inlines)) > _SAME:
            return (Text("（同上）"),)
        return tuple(inlines)

    def _again(self, node: _Node) -> list[Block]:
        """The words of a merged cell once more; pictures and struck words were counted the first time."""
        struck = self.made.struck
        found = [block for block in self.blocks(node) if not isinstance(block, Figure)]
        self.made.struck = struck
        return found

    # --- inlines

    def _inlines(self, children: Iterable[_Node | str]) -> list[Inline | Figure]:
        found: list[Inline | Figure] = []
        for child in children:
            found += _text(child) if isinstance(child, str) else self._inline(child)
        return found

    def _inline(self, node: _Node) -> list[Inline | Figure]:
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
            return [*_bold(words), *figures]
        if node.tag in ("s", "strike", "del") and flat(words).strip():
            self.made.struck += 1
            return [Text("［取消線："), *words, Text("］"), *figures]
        if node.tag in ("sup", "sub"):
            return [*_raised(words, _SUPER if node.tag == "sup" else _SUB), *figures]
        return inner

    def _link(self, node: _Node, words: list[Inline]) -> list[Inline]:
        href = node.attributes.get("href", "").strip()
        if href.startswith(("#footnote-", "#endnote-")):
            return [Text(f"（注{flat(words).strip('[]')}）")]
        if not _SAFE.match(href) or not flat(words).strip():
            return words
        return [Link(href, tuple(_unlinked(words)))]


def _without_backlinks(node: _Node) -> None:
    node.children = [
        child
        for child in node.children
        if isinstance(child, str)
        or not child.attributes.get("href", "").startswith(("#footnote-ref", "#endnote-ref"))
    ]
    for child in node.children:
        if isinstance(child, _Node):
            _without_backlinks(child)


# --- runs of text -----------------------------------------------------------------------------------------


def _text(text: str) -> list[Inline]:
    found: list[Inline] = []
    end = 0
    text = _LABEL.sub(lambda match: match[1], re.sub(r"[\t\r\n\u00a0]+", " ", text))
    for match in _RUBY.finditer(text):
        found += linked(text[end : match.start()])
        found.append(Ruby(match[1], match[2]) if match[1] and match[2] else Text(match[1] or match[2]))
        end = match.end()
    found += linked(text[end:])
    return [inline for inline in found if not (isinstance(inline, Text) and not inline.text)]


def _bold(words: list[Inline]) -> list[Inline]:
    """Strong around what has letters; spaces and line ends in bold are nothing."""
    if not flat(words).strip():
        return words
    return [Strong(tuple(words))]


def _raised(words: list[Inline], table: dict[int, int]) -> list[Inline]:
    text = flat(words)
    if text.strip() and all(ord(character) in table for character in text.strip()):
        return [Text(text.translate(table))]
    return words


def _unlinked(words: Iterable[Inline]) -> list[Inline]:
    found: list[Inline] = []
    for word in words:
        found += word.inlines if isinstance(word, Link) else [word]
    return found


def _plain(words: Iterable[Inline]) -> list[Inline]:
    """Without bold: a heading is bold anyway."""
    found: list[Inline] = []
    for word in words:
        found += _plain(word.inlines) if isinstance(word, Strong) else [word]
    return found


def _trimmed(run: list[Inline]) -> list[Inline]:
    """Neighbouring texts joined, line ends and spaces taken off both ends; empty if nothing can be seen."""
    joined: list[Inline] = []
    for inline in run:
        last = joined[-1] if joined else None
        if isinstance(inline, Text) and isinstance(last, Text):
            joined[-1] = Text(last.text + inline.text)
        elif isinstance(inline, Strong) and isinstance(last, Strong):
            joined[-1] = Strong((*last.inlines, *inline.inlines))
        else:
            joined.append(inline)
    while joined and (isinstance(joined[0], Break) or not flat(joined[:1]).strip()):
        joined.pop(0)
    while joined and (isinstance(joined[-1], Break) or not flat(joined[-1:]).strip()):
        joined.pop()
    if joined and isinstance(joined[0], Text):
        joined[0] = Text(joined[0].text.lstrip(" "))
    if joined and isinstance(joined[-1], Text):
        joined[-1] = Text(joined[-1].text.rstrip())
    return joined


def flat(inlines: Iterable[object]) -> str:
    """Inlines as text, breaks as line ends; pictures are nothing."""
    parts: list[str] = []
    for inline in inlines:
        if isinstance(inline, Text):
            parts.append(inline.text)
        elif isinstance(inline, (Strong, Link)):
            parts.append(flat(inline.inlines))
        elif isinstance(inline, Ruby):
            parts.append(inline.base)
        elif isinstance(inline, Break):
            parts.append("\n")
    return "".join(parts)


# --- numbers of lists -------------------------------------------------------------------------------------


def _taken_label(node: _Node) -> str | None:
    """The number at the beginning of a list entry, taken off it; None when it begins with something else."""
    for index, child in enumerate(node.children):
        if isinstance(child, _Node):
            if child.tag in ("ul", "ol", "table"):
                return None
            if (label := _taken_label(child)) is not None:
                return label
        elif child.strip():
            match = _LABEL.match(child)
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


# --- cells ------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Cell:
    """One place of a grid. ``first``: the row, ``first_column``: the column in which a merged cell begins."""

    node: _Node
    columns: int = 1
    first: bool = True
    first_column: bool = True


def _spread(rows: list[list[_Node]]) -> list[list[_Cell]]:
    """Merged cells stand in every place that they cover."""
    grid: list[list[_Cell]] = []
    hanging: dict[int, tuple[int, _Cell]] = {}
    for row in rows:
        made: list[_Cell] = []

        def fill(made: list[_Cell] = made) -> None:
            while (hung := hanging.get(len(made))) is not None:
                left, cell = hung
                if left > 1:
                    hanging[len(made)] = (left - 1, cell)
                else:
                    del hanging[len(made)]
                made.append(replace(cell, first=False))

        for node in row:
            fill()
            columns, down = _span(node, "colspan"), _span(node, "rowspan")
            for offset in range(columns):
                cell = _Cell(node, columns, offset == 0, offset == 0)
                if down > 1:
                    hanging[len(made)] = (down - 1, cell)
                made.append(cell)
        fill()
        grid.append(made)
    return grid


def _span(node: _Node, name: str) -> int:
    text = node.attributes.get(name, "1")
    return min(max(int(text), 1), _MOST_SPAN) if text.isdecimal() else 1


def _as_inlines(block: Block) -> list[Inline]:
    """A block in a cell as lines: lists with their marks, tables row by row."""
    if isinstance(block, (Paragraph, Heading)):
        return list(block.inlines)
    lines: list[list[Inline]] = []
    if isinstance(block, Listing):
        for number, item in enumerate(block.items, block.start or 0):
            mark = "・" if block.start is None else f"{number}. "
            pieces = [piece for inner in item for piece in [Break(), *_as_inlines(inner)]][1:]
            lines.append([Text(mark), *pieces])
    elif isinstance(block, Grid):
        for row in (block.header, *block.rows):
            filled = [cell for cell in row if flat(cell).strip()]
            lines.append([piece for cell in filled for piece in [Text("　"), *cell]][1:])
    return [piece for line in lines if line for piece in [Break(), *line]][1:]


def _without_empty_columns(grid: list[list[tuple[Inline, ...]]]) -> list[list[tuple[Inline, ...]]]:
    if not grid:
        return grid
    kept = [column for column in range(len(grid[0])) if any(flat(row[column]).strip() for row in grid)]
    return [[row[column] for column in kept] for row in grid] if kept else []


def _is_strong(cell: tuple[Inline, ...]) -> bool:
    return bool(cell) and all(isinstance(piece, (Strong, Break)) for piece in cell)


def _header(rows: list[list[tuple[Inline, ...]]]) -> tuple[tuple[Inline, ...], ...]:
    """Several rows of heads as one: what stands above each other, once."""
    if not rows:
        return ()
    found = []
    for column in range(len(rows[0])):
        words: list[str] = []
        for row in rows:
            text = " ".join(flat(row[column]).split())
            if text and text not in words:
                words.append(text)
        found.append(
            tuple(_plain(rows[0][column])) if len(rows) == 1 else ((Text(" ".join(words)),) if words else ())
        )
    return tuple(found)


# --- headings ---------------------------------------------------------------------------------------------


def _levelled(blocks: list[Block]) -> list[Block]:
    """Headings from level 2 to 4 without a gap: the page's title is level 1."""
    levels = sorted({block.level for block in blocks if isinstance(block, Heading)})
    ranks = {level: min(2 + rank, 4) for rank, level in enumerate(levels)}
    return [
        Heading(ranks[block.level], block.inlines) if isinstance(block, Heading) else block
        for block in blocks
    ]
