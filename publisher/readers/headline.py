"""The line of a plain text that is its title, below the letterhead: date, addressee and issuer are none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from publisher.model import Block, Break, Inline, Link, Paragraph, Rule, Strong, Text
from publisher.patterns import pattern
from publisher.readers.dates import parse_moment

LONGEST = 60
"""A longer line is no title."""

WITHIN = 30
"""Right above its text a line must be shorter than this: it might be the first line of a sentence."""

LOOK = 6
"""So many lines of a letterhead may stand above the title."""

_MARKED = pattern(r"[【〔■□◆◇●○★☆▼▽《≪]")
_MARKS = "■□◆◇●○▼▽ 　"
_LETTERHEAD = pattern(
    r".{0,20}(?:各位|御中|[様殿]|対策本部|役場|役所|県庁)|.{0,12}(?:本部長|[市町村区]長|知事)(?:\s+\S{1,6}){0,2}"
    r"|.{0,12}(?:市|町|村|県|部|防災|危機|総務|水道|福祉|広報).{0,8}[課係室局署]長?|[^\s対関各全]{1,6}(?:[都道府県市町村]|(?<!地)区)|第\s*\d+\s*報|\S{0,8}第\s*\d+\s*号"
)
_RUNS_ON = pattern(r"[、。，．,.：:はがをにでのとてもへや]$|から$|より$|ため$")
_INSIDE = pattern(r"[、。，：:]")
_NAMED = pattern(r"^(?:件名|題名|表題|標題|タイトル)\s+")
_NOT_WORDS = ("（画像", "<", "http", "|")
_MARK_ALONE = pattern(r"[【\[［〔《≪][^】\]］〕》≫]{1,8}[】\]］〕》≫]")
_ITEM = pattern(r"[・※]|[*\-－–—＊][\s　]|[(（]?\d{1,2}[.．)）、]|[０-９]{1,2}[.．)）、]|[①-⑳]")


def headline(
    blocks: tuple[Block, ...], reference: datetime, plain: bool = True
) -> tuple[str, tuple[Block, ...]]:
    """(title, the blocks without it); ("", all blocks) when no line at the top reads like a title.

    Where the text is not ``plain`` (Markdown has headings), the line stands by itself or has a mark such as 【緊急】.
    """
    rest = list(blocks)
    while rest and isinstance(rest[0], Rule):
        del rest[0]
    passed, mark = 0, ""
    for number, block in enumerate(rest):
        if not isinstance(block, Paragraph):
            break
        inlines = block.inlines
        for start, end in lines(inlines):
            line = inlines[start:end]
            text = words(line)
            if passed < LOOK and is_letterhead(text, reference):
                passed += 1
                continue
            if not mark and _MARK_ALONE.fullmatch(text):
                mark = text  # 【訓練】 on a line of its own belongs to the title below it
                continue
            last = end == len(inlines)
            apart = plain or last or _MARKED.match(text) is not None
            if not apart or (last and len(rest) == number + 1) or not _reads_like_a_title(text, line, last):
                return mark, blocks
            left = inlines[: max(0, start - 1)], inlines[end + 1 :]
            below = rest[number + 1 :]
            while last and below and isinstance(below[0], Rule):
                del below[0]
            title = mark + _NAMED.sub("", text.strip(_MARKS))
            return title, (*rest[:number], *(Paragraph(part) for part in left if part), *below)
    return mark, blocks


def is_letterhead(text: str, reference: datetime) -> bool:
    """A date, an addressee, an issuer or a number of the report, and nothing else."""
    if len(text) > 40 or _MARKED.match(text):
        return False
    bare = text.strip("()（）[]［］ 　")
    if _LETTERHEAD.fullmatch(bare) or parse_moment(bare, reference) is not None:
        return True
    parts = bare.split()
    return 1 < len(parts) <= 4 and any(
        all(is_letterhead(" ".join(half), reference) for half in (parts[:cut], parts[cut:])) for cut in range(1, len(parts))
    )


def _reads_like_a_title(text: str, line: tuple[Inline, ...], last: bool) -> bool:
    plain = text.strip(_MARKS)
    if not plain or len(text) > LONGEST or any(isinstance(inline, Link) for inline in line) or text.endswith(("。", "、", "：", ":")) or text.startswith(_NOT_WORDS):
        return False
    if _MARKED.match(text):
        return True
    if _ITEM.match(text):
        return False
    return last or not (len(text) > WITHIN or _RUNS_ON.search(text) or _INSIDE.search(text))


def lines(inlines: tuple[Inline, ...]) -> Iterator[tuple[int, int]]:
    """Where each line begins and ends."""
    start = 0
    for index, inline in enumerate(inlines):
        if isinstance(inline, Break):
            yield start, index
            start = index + 1
    yield start, len(inlines)


def words(inlines: tuple[Inline, ...]) -> str:
    """What is read of one line."""
    return "".join(
        i.text if isinstance(i, Text) else words(i.inlines) if isinstance(i, (Strong, Link)) else "" for i in inlines
    ).strip()
