"""What the look of a Word document says: which line is its title, which rows head a table, what number a line has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from publisher.patterns import pattern
from publisher.readers.html_runs import LABEL, TITLE
from publisher.readers.word_numbering import Numbering
from publisher.readers.word_shapes import is_cell_shaded, remove
from publisher.readers.word_styles import Styles, W, child, switched, value

_TITLES = {"title", "表題", "タイトル"}
_FIRST_HEADINGS = {"heading 1", "見出し 1", "見出し1"}
_HEADING = pattern(r"heading [1-9]|見出し ?[1-9]|title|subtitle|表題|副題")
_CONTENTS = pattern(r"toc [1-9]|toc heading|目次 ?[1-9]?|table of figures|図表目次")
_LOOK = 15
_LONGEST = 70
_NO_TITLE = pattern(
    r".*[。、：:]$|[\s\d０-９〇一二三四五六七八九十元年月日時分午前後頃現在時点発表:：/.\-平成令和昭HRS曜金木水火土()（）]+$"
    r"|(?!台風).{0,8}第\s*[\d０-９]+\s*号$|.*(?:各位|御中|様|殿)$|(?:記|以上|別紙|目次)$"
    r"|.{0,20}(?:市長|町長|村長|区長|知事|本部長|部長|課長|会長|局長|所長)(?:[\s　].*|（.*）)?$"
)


def mark_layout(root: Any, numbering: Numbering, styles: Styles) -> None:
    """Write the numbers, the title's mark and the heads of tables into the document; drop its table of contents."""
    for paragraph in list(root.iter(W + "p")):
        style = styles.name(_style(paragraph, styles))
        if _CONTENTS.fullmatch(style):
            _drop_contents(paragraph)
            continue
        _number(paragraph, numbering, _HEADING.fullmatch(style) is not None)
    for table in root.iter(W + "tbl"):
        _head(table)
    if (title := _title(root, styles)) is not None:
        _prefix(title, TITLE)


def _drop_contents(paragraph: Any) -> None:
    """A line of the table of contents, and the word over it: the page has its headings, and no page numbers."""
    before = paragraph.getprevious()
    if before is not None and before.tag == W + "p" and "".join(_text(before).split()) in ("目次", "もくじ"):
        remove(before)
    remove(paragraph)


def _style(paragraph: Any, styles: Styles) -> str:
    return value(child(paragraph, "pPr", "pStyle")) or styles.default("paragraph")


def _number(paragraph: Any, numbering: Numbering, heading: bool) -> None:
    if not _text(paragraph).strip():
        return
    label = numbering.label(paragraph)
    if label is None or label.bullet:
        return
    if label.plain and not heading:
        _prefix(paragraph, f"{LABEL[0]}{label.text}{LABEL[1]}")
        return
    properties = child(paragraph, "pPr")
    own = child(properties, "numPr")
    if own is not None:
        properties.remove(own)
    _unnumbered(paragraph)
    if label.text:
        closed = label.text.endswith((")", "）", "、", "．", "】", "］")) or _text(paragraph)[:1].isspace()
        gap = "" if closed else "\u3000"
        _prefix(paragraph, label.text + gap)


def _unnumbered(paragraph: Any) -> None:
    """Number 0 of numbering is none (ECMA-376 part 1, 17.9.18): it overrides that of the style."""
    from lxml import etree

    properties = child(paragraph, "pPr")
    if properties is None:
        properties = etree.Element(W + "pPr")
        paragraph.insert(0, properties)
    etree.SubElement(etree.SubElement(properties, W + "numPr"), W + "numId").set(W + "val", "0")


def _prefix(paragraph: Any, text: str) -> None:
    from lxml import etree

    run = etree.Element(W + "r")
    etree.SubElement(run, W + "t").text = text
    paragraph.insert(1 if len(paragraph) and paragraph[0].tag == W + "pPr" else 0, run)


def _text(paragraph: Any) -> str:
    """Its own text, without that of boxes that hang on it."""
    return "".join(
        text.text or ""
        for text in paragraph.iter(W + "t")
        if next(text.iterancestors(W + "p"), None) is paragraph
    )


def _head(table: Any) -> None:
    """A first row in colour above rows without is a head, whether or not somebody has said so to Word."""
    from lxml import etree

    rows = table.findall(W + "tr")
    if len(rows) < 2 or any(child(row, "trPr", "tblHeader") is not None for row in rows):
        return
    shaded = [all(map(is_cell_shaded, row.findall(W + "tc"))) for row in rows[:2]]
    if shaded != [True, False]:
        return
    properties = child(rows[0], "trPr")
    if properties is None:
        properties = etree.Element(W + "trPr")
        rows[0].insert(0, properties)
    etree.SubElement(properties, W + "tblHeader")


# --- the title --------------------------------------------------------------------------------------------


def _title(root: Any, styles: Styles) -> Any:
    """The paragraph of the style for titles; else the line that stands out before the first heading (in the middle,
    larger, 【…】); else the only heading of the first level; else the first line that reads like a title.
    """
    first = [paragraph for paragraph in _top(root) if _text(paragraph).strip()][:_LOOK]
    names = [styles.name(_style(paragraph, styles)) for paragraph in first]
    for paragraph, name in zip(first, names, strict=True):
        if name in _TITLES:
            return paragraph
    headings = [index for index, name in enumerate(names) if _HEADING.fullmatch(name)]
    before = first[: headings[0]] if headings else first
    candidates = [paragraph for paragraph in before if _reads_like_title(paragraph)]
    usual = _usual_size(root, styles)
    best = max(candidates, key=lambda paragraph: _prominence(paragraph, styles, usual), default=None)
    if best is not None and _prominence(best, styles, usual) > 0:
        return best
    if headings and (headings[0] == 0 or names[headings[0]] in _FIRST_HEADINGS):
        return first[headings[0]]
    return candidates[0] if candidates and len(first) > 1 else None


def _top(root: Any) -> Iterator[Any]:
    """The paragraphs of the body from the top, with those in frames: text boxes and tables of one cell."""
    body = child(root, "body")
    for element in () if body is None else body:
        if element.tag == W + "p":
            yield from element.iter(W + "p")  # itself first
        elif element.tag == W + "sdt":
            yield from element.iterfind(f"{W}sdtContent/{W}p")
        elif element.tag == W + "tbl" and len(list(element.iter(W + "tc"))) == 1:
            yield from element.iter(W + "p")


def _reads_like_title(paragraph: Any) -> bool:
    text = " ".join(_text(paragraph).split())
    return len(text) <= _LONGEST and _NO_TITLE.fullmatch(text) is None


def _prominence(paragraph: Any, styles: Styles, usual: float) -> float:
    properties = child(paragraph, "pPr")
    score = 0.0
    if value(child(properties, "jc")) == "center":
        score += 2
    if re.search(r"【.+】", _text(paragraph)):
        score += 2
    runs = [run for run in paragraph.iter(W + "r") if any(True for _ in run.iter(W + "t"))]
    size = max((_size(run, paragraph, styles) for run in runs), default=0.0)
    if usual and size >= usual * 1.15:
        score += 1 + size / usual
    if runs and all(_is_bold(run) for run in runs):
        score += 1
    return score


def _size(run: Any, paragraph: Any, styles: Styles) -> float:
    own = value(child(run, "rPr", "sz")) or value(styles.found(_style(paragraph, styles), "rPr", "sz"))
    text = own or value(styles.base("sz"))
    return float(text) if re.fullmatch(r"\d+(?:\.\d+)?", text) else 20.0


def _is_bold(run: Any) -> bool:
    bold = child(run, "rPr", "b")
    return bold is not None and switched(bold)


def _usual_size(root: Any, styles: Styles) -> float:
    """The size in which most of the text is set, in half points."""
    lengths: dict[float, int] = {}
    for paragraph in _top(root):
        for run in paragraph.iter(W + "r"):
            size = _size(run, paragraph, styles)
            lengths[size] = lengths.get(size, 0) + sum(len(text.text or "") for text in run.iter(W + "t"))
    return max(lengths, key=lambda size: lengths[size], default=0.0)
