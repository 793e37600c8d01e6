"""The tree of a small HTML page, and its runs of text as inlines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser

from publisher.model import Break, Inline, Link, Ruby, Strong, Text
from publisher.patterns import pattern
from publisher.readers.inlines import inlines as linked
from publisher.values import field, record

RUBY = "\ufdd0", "\ufdd1", "\ufdd2"
"""Before the base, between base and reading, and after: no document may hold these (Unicode 23.7)."""
LABEL = "\ufdd3", "\ufdd4"
"""Around the number of a numbered paragraph."""
TITLE = "\ufdd5"
"""Before the paragraph that is the title."""
MARKERS = (*RUBY, *LABEL, TITLE)

_RUBY = pattern(f"{RUBY[0]}([^{RUBY[0]}]*){RUBY[1]}([^{RUBY[0]}]*){RUBY[2]}")
LABELLED = pattern(f"{LABEL[0]}([^{LABEL[1]}]*){LABEL[1]}")
SUPER = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
SUB = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_VOID = {"br", "img", "hr"}


@record
class Node:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node | str] = field(default_factory=list)


class Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("body")
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
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


# --- runs of text -----------------------------------------------------------------------------------------


def runs_of(text: str) -> list[Inline]:
    found: list[Inline] = []
    end = 0
    text = LABELLED.sub(lambda match: match[1], re.sub(r"[\t\r\n\u00a0]+", " ", text))
    for match in _RUBY.finditer(text):
        found += linked(text[end : match.start()])
        found.append(Ruby(match[1], match[2]) if match[1] and match[2] else Text(match[1] or match[2]))
        end = match.end()
    found += linked(text[end:])
    return [inline for inline in found if not (isinstance(inline, Text) and not inline.text)]


def bold(words: list[Inline]) -> list[Inline]:
    """Strong around what has letters; spaces and line ends in bold are nothing."""
    if not flat(words).strip():
        return words
    return [Strong(tuple(words))]


def raised(words: list[Inline], table: dict[int, int]) -> list[Inline]:
    text = flat(words)
    if text.strip() and all(ord(character) in table for character in text.strip()):
        return [Text(text.translate(table))]
    return words


def unlinked(words: Iterable[Inline]) -> list[Inline]:
    found: list[Inline] = []
    for word in words:
        found += word.inlines if isinstance(word, Link) else [word]
    return found


def plain(words: Iterable[Inline]) -> list[Inline]:
    """Without bold: a heading is bold anyway."""
    found: list[Inline] = []
    for word in words:
        found += plain(word.inlines) if isinstance(word, Strong) else [word]
    return found


def trimmed(run: list[Inline]) -> list[Inline]:
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
