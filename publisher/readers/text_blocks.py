"""Plain text as offices write it → blocks: paragraphs with their line ends, lists, headings, rules, tables of tabs."""

from __future__ import annotations

from collections.abc import Iterator

from publisher.model import Block, Grid, Heading, Listing, Paragraph, Rule
from publisher.patterns import pattern
from publisher.readers.inlines import inlines

_BULLET = pattern(r"^[\s　]*([・●○◎◇◆□▪•‣※▶►*]|[-－](?=[\s　]))[\s　]*(.+)$")
_NUMBER = pattern(
    r"^[\s　]*(?:(\d{1,2}|[０-９]{1,2})[.．)）、]|[（(](\d{1,2}|[０-９]{1,2})[)）]|([①-⑳]))[\s　]*(.+)$"
)
_HEADING = pattern(
    r"^[\s　]*(?:[■▼★☆◼❏][\s　]*(.{1,40})|[【〔](.{1,30})[】〕]|[<＜《](.{1,30})[>＞》])[\s　]*$"
)
_RULE = pattern(r"^[\s　]*([-－—―=＝*＊_＿─━～~])\1{3,}[\s　]*$")


def blocks(text: str) -> tuple[Block, ...]:
    """Blank lines part paragraphs; every other line end stays."""
    found: list[Block] = []
    paragraph: list[str] = []
    lines = text.split("\n")
    index = 0

    def flush() -> None:
        if paragraph:
            found.append(Paragraph(inlines("\n".join(paragraph))))
            paragraph.clear()

    while index < len(lines):
        line = lines[index].rstrip().strip("　").rstrip()
        if not line.strip():
            flush()
            index += 1
            continue
        special, used = _special(lines, index)
        if special is not None:
            flush()
            found.append(special)
            index += used
        else:
            paragraph.append(line.strip())
            index += 1
    flush()
    return tuple(found)


def _special(lines: list[str], index: int) -> tuple[Block | None, int]:
    line = lines[index]
    if _RULE.match(line):
        return Rule(), 1
    if (match := _HEADING.match(line)) and index > 0:
        if match[2] and _HEADING.match(lines[index + 1] if index + 1 < len(lines) else ""):
            return None, 0
        return Heading(2, inlines((match[1] or match[0]).strip(" 　"))), 1
    if "\t" in line.strip():
        return _grid(lines, index)
    return _list(lines, index)


def _grid(lines: list[str], index: int) -> tuple[Block | None, int]:
    rows: list[list[str]] = []
    for line in _from(lines, index):
        cells = [cell.strip(" 　") for cell in line.rstrip().split("\t")]
        if len(cells) < 2 or (rows and len(cells) != len(rows[0])):
            break
        rows.append(cells)
    if len(rows) < 2:
        return None, 0
    header, *rest = (tuple(inlines(cell) for cell in row) for row in rows)
    return Grid(header, tuple(rest)), len(rows)


def _list(lines: list[str], index: int) -> tuple[Block | None, int]:
    """Two or more lines in a row that begin with the same mark, or with numbers that count up."""
    found: list[str] = []
    first = _BULLET.match(lines[index])
    if first and first[1] != "※":
        for line in _from(lines, index):
            match = _BULLET.match(line)
            if match is None or match[1] != first[1]:
                break
            found.append(match[2])
        return (
            (Listing(tuple((Paragraph(inlines(item.strip())),) for item in found)), len(found))
            if len(found) > 1
            else (None, 0)
        )
    start = number_of(lines[index])
    if start is None:
        return None, 0
    for line in _from(lines, index):
        if number_of(line) != start + len(found):
            break
        match = _NUMBER.match(line)
        assert match is not None
        found.append(match[4])
    return (
        (Listing(tuple((Paragraph(inlines(item.strip())),) for item in found), start), len(found))
        if len(found) > 1
        else (None, 0)
    )


def _from(lines: list[str], index: int) -> Iterator[str]:
    """The lines from one on; no copy, since each line of a long file asks."""
    return (lines[number] for number in range(index, len(lines)))


def number_of(line: str) -> int | None:
    """The number with which a line begins: 1. ２） (3) ④."""
    match = _NUMBER.match(line)
    if match is None:
        return None
    if match[3]:
        return ord(match[3]) - ord("①") + 1
    return int(match[1] or match[2])
