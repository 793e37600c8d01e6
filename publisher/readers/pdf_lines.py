"""Characters of PDF pages → lines as they are printed → paragraphs: what was one sentence is one again."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

from publisher.model import Block, Heading
from publisher.patterns import pattern
from publisher.readers import text_blocks
from publisher.readers.inlines import inlines
from publisher.readers.pdf_visible import Glyph
from publisher.readers.radicals import unified
from publisher.values import frozen

_EDGE = 0.12
"""The part of a page, from its upper and lower edge, in which headers and page numbers stand."""
_LARGE = 1.18
"""A heading is so many times larger than most of the text."""
_HEADING = 40

_NUMBER = pattern(
    r"[-－–—―‐~～\s]*(?:p\.?|page|ページ)?\s*\d{1,4}\s*(?:[/／]\s*\d{1,4}|ページ|頁)?[-－–—―‐~～\s]*",
    re.IGNORECASE,
)
_MARK = pattern(
    r"[・●○◎◇◆□■▪•‣※▶►★☆▼▲→*＊]|[-－―][\s　]|[①-⑳❶-❿ⓐ-ⓩ㋐-㋾]"
    r"|[（(]?(?:\d{1,3}|[０-９]{1,3}|[一二三四五六七八九十]{1,3}|[ア-ン]|[a-zA-Z])[）)．.、](?!\d)"
    r"|第[\d０-９一二三四五六七八九十]+[条章節項]|[【〔〈《<＜『]|(?:\d{1,2}|[０-９]{1,2})[\s　]|記$|以上$"
)
_ENDS = ("。", "！", "？", "」", "：", ":", "!", "?")


@frozen
class Line:
    """One printed line; places in points from the upper left of its page."""

    text: str
    page: int
    left: float
    top: float
    right: float
    bottom: float
    size: float
    height: float
    """of the page"""

    @property
    def vertical(self) -> bool:
        return len(self.text) > 2 and self.bottom - self.top > 2 * (self.right - self.left)


def lines_of(glyphs: Sequence[Glyph], page: int, height: float) -> list[Line]:
    """The lines of one page in the order of the file; vertical letters and pieces of a row together."""
    found: list[list[Glyph]] = [[]]
    for glyph in glyphs:
        if glyph.text == "\n":
            found.append([])
        else:
            found[-1].append(glyph)
    made = [
        _line(run, page, height) for run in found if any(glyph.size and glyph.text.strip() for glyph in run)
    ]
    return _rows(_leftward(_columns(made)))


def _line(run: Sequence[Glyph], page: int, height: float) -> Line:
    inked = [glyph for glyph in run if glyph.size and glyph.text.strip()]
    return Line(
        _closed(unified(_spaced(run)).strip().strip("　").strip()),
        page,
        min(glyph.left for glyph in inked),
        min(glyph.top for glyph in inked),
        max(glyph.right for glyph in inked),
        max(glyph.bottom for glyph in inked),
        median(glyph.size for glyph in inked),
        height,
    )


def _spaced(run: Sequence[Glyph]) -> str:
    """Spaces that the library guessed between letters of justified Japanese lines are none; wide gaps are."""
    parts: list[str] = []
    last: Glyph | None = None
    waiting = ""
    for glyph in run:
        if not glyph.text.strip():
            waiting += glyph.text or ""
            continue
        if last is not None:
            gap = glyph.left - last.right
            em = max(last.size, 1)
            if gap > 1.5 * em:
                parts.append("　")
            elif waiting and not (wide(last.text) and wide(glyph.text) and gap < 0.6 * em):
                parts.append("　" if wide(last.text) and wide(glyph.text) else " ")
        parts.append(glyph.text)
        last, waiting = glyph, ""
    return "".join(parts)


def _closed(text: str) -> str:
    """「お　知　ら　せ」 as 「お知らせ」; more letters set apart are rows of cells."""
    parts = text.split()
    if 2 < len(parts) <= 6 and all(len(part) == 1 and wide(part) for part in parts):
        return "".join(parts)
    return text


def wide(text: str) -> bool:
    """Is it written without spaces: kana, ideographs, full-width forms?"""
    return bool(text) and unicodedata.east_asian_width(text[0]) in "WF"


def _columns(lines: Iterable[Line]) -> list[Line]:
    """Vertical writing comes as lines of one letter, one under the other; three or more become a line."""
    done: list[Line] = []
    run: list[Line] = []
    for line in lines:
        if run and not (len(line.text) == 1 and _below(run[-1], line)):
            done += _column(run)
            run = []
        if len(line.text) == 1:
            run.append(line)
        else:
            done.append(line)
    return done + _column(run)


def _below(upper: Line, lower: Line) -> bool:
    gap = lower.top - upper.bottom
    return abs(lower.left - upper.left) < 0.5 * upper.size and -0.4 * upper.size < gap < 0.6 * upper.size


def _column(run: list[Line]) -> list[Line]:
    return run if len(run) < 3 else [_together(run, "")]


def _together(run: Sequence[Line], between: str) -> Line:
    first = run[0]
    return Line(
        between.join(line.text for line in run),
        first.page,
        min(line.left for line in run),
        min(line.top for line in run),
        max(line.right for line in run),
        max(line.bottom for line in run),
        first.size,
        first.height,
    )


def _leftward(lines: Sequence[Line]) -> list[Line]:
    """Vertical lines side by side are read from the right, in whatever order they come."""
    done: list[Line] = []
    run: list[Line] = []
    for line in lines:
        if run and not (line.vertical and _level(run[-1], line)):
            done += sorted(run, key=lambda column: -column.right)
            run = []
        (run if line.vertical else done).append(line)
    return done + sorted(run, key=lambda column: -column.right)


def _level(one: Line, other: Line) -> bool:
    """Do they stand at the same height?"""
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared > 0.6 * min(one.bottom - one.top, other.bottom - other.top)


def _rows(lines: Iterable[Line]) -> list[Line]:
    """What stands to the right of the last line at its height belongs to its row (cells of a table)."""
    done: list[Line] = []
    for line in lines:
        if done and _beside(done[-1], line):
            done[-1] = _together((done[-1], line), "　")
        else:
            done.append(line)
    return done


def _beside(one: Line, other: Line) -> bool:
    return other.left >= one.right - 1 and _level(one, other) and not (one.vertical or other.vertical)


# --- headers, footers, page numbers -------------------------------------------------------------------------


def without_frame(lines: Sequence[Line], pages: int) -> list[Line]:
    """Without page numbers, and without what stands at the same edge of most pages (once it stays)."""
    seen: dict[str, set[int]] = {}
    for line in lines:
        if edge := _edge(line):
            seen.setdefault(edge + _shape(line.text), set()).add(line.page)
    kept = []
    for line in lines:
        edge = _edge(line)
        if edge and _NUMBER.fullmatch(unicodedata.normalize("NFKC", line.text)):
            continue
        where = seen.get(edge + _shape(line.text), set()) if edge else set()
        if len(where) >= max(2, pages / 2) and line.page != min(where):
            continue
        kept.append(line)
    return kept


def _edge(line: Line) -> str:
    if line.bottom < _EDGE * line.height:
        return "top "
    return "bottom " if line.top > (1 - _EDGE) * line.height else ""


def _shape(text: str) -> str:
    return re.sub(r"\d+", "0", unicodedata.normalize("NFKC", text))


# --- paragraphs ---------------------------------------------------------------------------------------------


def body_size(lines: Iterable[Line]) -> float:
    """The size of most letters, in points to the half."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 10.0


def blocks(lines: Sequence[Line]) -> tuple[Block, ...]:
    """Headings by their size, and everything else as plain text is read."""
    body = body_size(lines)
    margins = _margins(lines)
    found: list[Block] = []
    waiting: list[str] = []

    def flush() -> None:
        found.extend(text_blocks.blocks("\n".join(waiting)))
        waiting.clear()

    last: Line | None = None
    for line in lines:
        if line.size > _LARGE * body and len(line.text) <= _HEADING and not line.text.endswith("。"):
            flush()
            found.append(Heading(2, inlines(line.text)))
            last = None
            continue
        if last is not None and _goes_on(last, line, margins.get((last.page, last.vertical), 0)):
            waiting[-1] = joined(waiting[-1], line.text)
        else:
            if last is not None and _apart(last, line):
                waiting.append("")
            waiting.append(line.text)
        last = line
    flush()
    return tuple(found)


def _margins(lines: Iterable[Line]) -> dict[tuple[int, bool], float]:
    """(page, vertical) → how far to the right, or down, its long lines reach."""
    found: dict[tuple[int, bool], float] = {}
    for line in lines:
        if len(line.text) >= 15:
            key = line.page, line.vertical
            found[key] = max(found.get(key, 0), line.bottom if line.vertical else line.right)
    return found


def _goes_on(line: Line, following: Line, margin: float) -> bool:
    """Was the sentence only broken by the edge of the paper?"""
    end = line.bottom if line.vertical else line.right
    if len(line.text) < 10 or end < margin - 2.2 * line.size or line.vertical != following.vertical:
        return False
    if _MARK.match(following.text) or abs(line.size - following.size) > 0.15 * line.size:
        return False
    ended = line.text.endswith(_ENDS)
    if following.page != line.page:
        return following.page == line.page + 1 and not ended
    if line.vertical:
        return not ended and following.top - line.top < 0.7 * line.size
    if not -0.5 * line.size < following.top - line.bottom < 1.4 * line.size:
        return False
    indented = following.left - line.left
    return indented < 0.7 * line.size or (_MARK.match(line.text) is not None and not ended)


def _apart(line: Line, following: Line) -> bool:
    """Does more than a line's space, or the end of a sentence, part them?"""
    if following.page != line.page:
        return True
    gap = following.top - line.bottom
    return gap > 0.9 * line.size or gap < -1.5 * line.size or line.text.endswith("。")


def joined(one: str, other: str) -> str:
    """Two parts of a broken line: Japanese without a space, a hyphenated word whole."""
    if one.endswith("\u00ad"):
        return one[:-1] + other
    return one + other if not one or wide(one[-1]) or wide(other) else f"{one} {other}"
