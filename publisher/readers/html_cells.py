"""Tables with merged cells → rows that are as long as each other."""

from __future__ import annotations

import re

from publisher.model import Block, Break, Grid, Heading, Inline, Listing, Paragraph, Strong, Text
from publisher.patterns import pattern
from publisher.readers.html_runs import Node, flat, plain
from publisher.values import record, replace

_MOST_SPAN = 200
_HEAD = pattern(
    r"(?:名|名称|項目|項目名|内容|備考|説明|日時|月日|日付|場所|住所|所在地|電話|番号|人数|世帯数?|区分|状況|期間|時間|時刻|数|"
    r"数量|種別|種類|対象|対象者|担当|担当課|コード|地区|地域|方法|表記|窓口|連絡先|曜日|路線|区間|原因|理由|ルート|開設|収容)$"
)
"""Last words of the names of columns."""


# --- cells ------------------------------------------------------------------------------------------------


@record
class Cell:
    """One place of a grid. ``first``: the row, ``first_column``: the column in which a merged cell begins."""

    node: Node
    columns: int = 1
    first: bool = True
    first_column: bool = True


def spread(rows: list[list[Node]]) -> list[list[Cell]]:
    """Merged cells stand in every place that they cover."""
    grid: list[list[Cell]] = []
    hanging: dict[int, tuple[int, Cell]] = {}
    for row in rows:
        made: list[Cell] = []

        def fill(made: list[Cell] = made) -> None:
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
                cell = Cell(node, columns, offset == 0, offset == 0)
                if down > 1:
                    hanging[len(made)] = (down - 1, cell)
                made.append(cell)
        fill()
        grid.append(made)
    return grid


def _span(node: Node, name: str) -> int:
    text = node.attributes.get(name, "1")
    return min(max(int(text), 1), _MOST_SPAN) if text.isdecimal() else 1


def as_inlines(block: Block) -> list[Inline]:
    """A block in a cell as lines: lists with their marks, tables row by row."""
    if isinstance(block, (Paragraph, Heading)):
        return list(block.inlines)
    lines: list[list[Inline]] = []
    if isinstance(block, Listing):
        for number, item in enumerate(block.items, block.start or 0):
            mark = "・" if block.start is None else f"{number}. "
            pieces = [piece for inner in item for piece in [Break(), *as_inlines(inner)]][1:]
            lines.append([Text(mark), *pieces])
    elif isinstance(block, Grid):
        for row in (block.header, *block.rows):
            filled = [cell for cell in row if flat(cell).strip()]
            lines.append([piece for cell in filled for piece in [Text("　"), *cell]][1:])
    return [piece for line in lines if line for piece in [Break(), *line]][1:]


def without_empty_columns(grid: list[list[tuple[Inline, ...]]]) -> list[list[tuple[Inline, ...]]]:
    if not grid:
        return grid
    kept = [column for column in range(len(grid[0])) if any(flat(row[column]).strip() for row in grid)]
    return [[row[column] for column in kept] for row in grid] if kept else []


def head_rows(grid: list[list[tuple[Inline, ...]]], said: int) -> int:
    """How many rows are the head: as many as the document says; else the first, when it is bold or reads like one."""
    if said or len(grid) < 2:
        return said if said < len(grid) else 0
    if all(_is_strong(cell) for cell in grid[0]):
        return 1
    words = ["".join(flat(cell).split()) for cell in grid[0]]
    short = (
        all(0 < len(word) <= 20 and not re.search(r"[\d０-９。]", word) for word in words[1:])
        and len(words[0]) <= 20
    )
    heads = sum(_HEAD.search(word) is not None for word in words)
    enough = heads >= 2 if len(words) > 2 else heads == len(words)
    return 1 if short and len(set(words)) == len(words) and len(grid) > 2 and enough else 0


def _is_strong(cell: tuple[Inline, ...]) -> bool:
    return bool(cell) and all(isinstance(piece, (Strong, Break)) for piece in cell)


def header(rows: list[list[tuple[Inline, ...]]]) -> tuple[tuple[Inline, ...], ...]:
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
            tuple(plain(rows[0][column])) if len(rows) == 1 else ((Text(" ".join(words)),) if words else ())
        )
    return tuple(found)
