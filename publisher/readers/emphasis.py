"""Emphasis that works in Japanese: ``**「重要」**です`` and ``**…しました。**詳しくは``.

CommonMark 0.31 (6.2) decides by white space and punctuation whether a run of ``*`` can open or close emphasis. Japanese has no spaces
between words, so a bracket or a full stop beside the run makes it fail. Here a CJK character beside the run counts as white space would, and
CJK punctuation is no punctuation; text without CJK characters is read exactly as CommonMark says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from publisher.patterns import pattern

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline

# Radicals to CJK symbols and kana, bopomofo, hangul, ideographs with extensions and compatibility forms, full- and half-width forms, and the
# marks that are typed around them in Japanese text (〜 ※ … “ ” and the like are ambiguous: they count beside CJK only).
_CJK = pattern(
    "[\u1100-\u11ff\u2e80-\u303f\u3041-\u33ff\u3400-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff01-\uffee"
    "\U0001b000-\U0001b16f\U0001f200-\U0001f2ff\U00020000-\U0003ffff]"
)


def is_cjk(character: str) -> bool:
    return _CJK.match(character) is not None


def install(md: MarkdownIt) -> None:
    """Replace the rule by which ``*`` opens and closes emphasis; ``_`` stays as it is."""
    from markdown_it.rules_inline.emphasis import tokenize as western

    def tokenize(state: StateInline, silent: bool) -> bool:
        if state.src[state.pos] != "*" or silent:
            return western(state, silent)
        return _stars(state)

    md.inline.ruler.at("emphasis", tokenize)


def _stars(state: StateInline) -> bool:
    from markdown_it.rules_inline.state_inline import Delimiter

    start = state.pos
    end = start
    while end < state.posMax and state.src[end] == "*":
        end += 1
    before = state.src[start - 1] if start > 0 else " "
    after = state.src[end] if end < state.posMax else " "
    if (
        start > 1 and _selects(before) and is_cjk(state.src[start - 2])
    ):  # a variation selector belongs to what it follows
        before = state.src[start - 2]
    can_open, can_close = _flanking(before, after), _flanking(after, before)
    for _ in range(end - start):
        token = state.push("text", "", 0)
        token.content = "*"
        state.delimiters.append(
            Delimiter(
                marker=ord("*"),
                length=end - start,
                token=len(state.tokens) - 1,
                end=-1,
                open=can_open,
                close=can_close,
            )
        )
    state.pos = end
    return True


def _selects(character: str) -> bool:
    return 0xFE00 <= ord(character) <= 0xFE0F or 0xE0100 <= ord(character) <= 0xE01EF


def _flanking(outside: str, inside: str) -> bool:
    """May the run hold on to ``inside``, with ``outside`` on its other side?"""
    from markdown_it.common.utils import isWhiteSpace

    if isWhiteSpace(ord(inside)):
        return False
    return not _punctuation(inside) or isWhiteSpace(ord(outside)) or _punctuation(outside) or is_cjk(outside)


def _punctuation(character: str) -> bool:
    from markdown_it.common.utils import isMdAsciiPunct, isPunctChar

    return (isMdAsciiPunct(ord(character)) or isPunctChar(character)) and not is_cjk(character)
