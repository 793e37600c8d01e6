"""Markdown and plain text → a notice."""

from __future__ import annotations

from datetime import datetime

from publisher.errors import Unreadable
from publisher.model import (
    Block,
    Break,
    Head,
    Heading,
    Inline,
    Link,
    Notice,
    Problem,
    Ruby,
    Severity,
    Strong,
    Text,
)
from publisher.readers.charset import Decoded, decode
from publisher.readers.dateline import date_of
from publisher.readers.front_matter import FrontMatter, split
from publisher.readers.headline import headline
from publisher.readers.inlines import is_drill, severity_of, title_from_path
from publisher.values import replace


def read_markdown(path: str, data: bytes, arrived: datetime) -> Notice:
    """A Markdown file. Raises ``Unreadable`` when it is no text or has nothing in it."""
    from publisher.readers.markdown_blocks import blocks
    from publisher.readers.markdown_rules import without_comments

    decoded = decode(path, data)
    front = split(decoded.text, path, arrived)
    body, comments, doubts = without_comments(front.body, path, front.body_line)
    if body is not front.body or doubts:
        front = replace(front, body=body, doubts=(*front.doubts, *doubts))
    found, problems = blocks(body, path, front.body_line)
    return notice(path, arrived, decoded, front, found, (*comments, *problems))


def read_text(path: str, data: bytes, arrived: datetime) -> Notice:
    """A plain text file: line ends stay, lists and headings are recognised as offices write them."""
    from publisher.readers.text_blocks import blocks

    decoded = decode(path, data)
    front = split(decoded.text, path, arrived)
    found = blocks(front.body)
    if front.title is None:
        title, rest = headline(found, arrived)
        if title:
            found = (Heading(2, (Text(title),)), *rest)  # in plain text the first line leads, not the first ■
    return notice(path, arrived, decoded, front, found, ())


def notice(
    path: str,
    arrived: datetime,
    decoded: Decoded,
    front: FrontMatter,
    blocks: tuple[Block, ...],
    problems: tuple[Problem, ...],
) -> Notice:
    """Put a notice together; the title, where the text has to give it, is taken off its top."""
    if not blocks and not front.title:
        raise Unreadable(
            Problem(
                "empty-text", "文章がありません。", path, "まだ公開していません。前に公開したものがあれば、そのまま見えています。", "中身を書いてから、もう一度置いてください。"
            )
        )  # fmt: skip
    title, rest = title_of(front.title, blocks, path, arrived)
    date = front.date or date_of(front.body.split("\n"), arrived)
    severity = front.severity if front.severity is not None else severity_of(title)
    drill = front.drill if front.drill is not None else is_drill(title) or is_drill(title_from_path(path))
    head = Head(
        title, date, front.publish, front.expires, severity or Severity.NORMAL, front.districts, drill
    )
    return Notice(head, in_order(rest), (), (*decoded.warnings, *front.warnings, *problems), front.doubts)


def title_of(
    said: str | None, blocks: tuple[Block, ...], path: str, arrived: datetime
) -> tuple[str, tuple[Block, ...]]:
    """(title, the blocks below it): what was said, else the first heading, else a line that reads like a title, else the file's name."""
    if said:
        if blocks and isinstance(blocks[0], Heading) and flat(blocks[0].inlines).strip() == said.strip():
            return said, blocks[1:]
        return said, blocks
    for index, block in enumerate(blocks):
        if isinstance(block, Heading) and (title := " ".join(flat(block.inlines).split("\n")).strip()):
            return title, blocks[:index] + blocks[index + 1 :]
        if index >= 3:
            break
    title, rest = headline(blocks, arrived, plain=False)
    return (title, rest) if title else (title_from_path(path), blocks)


def in_order(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Headings that go down one level at a time, below the title (WCAG 2.2, technique G141)."""
    found: list[Block] = []
    above: list[int] = []
    for block in blocks:
        if not isinstance(block, Heading):
            found.append(block)
            continue
        above = [*(level for level in above if level < block.level), block.level]
        found.append(Heading(1 + len(above), block.inlines))
    return tuple(found)


def flat(inlines: tuple[Inline, ...]) -> str:
    """Inlines as text, breaks as line ends."""
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
