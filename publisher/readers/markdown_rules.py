"""Where CommonMark would lose or twist what staff write: comments, lines such as 「[注意]: 雨天中止」, rules below sentences, full-width spaces."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from publisher.model import Problem
from publisher.patterns import pattern

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock

_CODE_OR_COMMENT = pattern(
    r"^(?P<fence>`{3,9}|~{3,9})[^\n]*\n(?:.*?^(?P=fence)|.*\Z)|`[^`\n]*`|(?<!\\)(?P<comment><!--(?:.*?(?P<end>-->)|.*\Z))", re.DOTALL | re.MULTILINE
)
_WIDE = pattern(r"^( {0,3})(?:([#＃]{1,6})　[ 　]*|([-*+]|\d{1,2}[.)])　[ 　]*)(?=\S)", re.MULTILINE)
_LABEL = pattern(r"\[([^\[\]\\\n]+)\]")
_DEFINITION = pattern(r"\[([^\[\]\\\n]+)\]:\s*<?[A-Za-z][A-Za-z0-9+.\-]+:")
HEADLINE = 60
"""A longer line above ``---`` is a paragraph above a rule."""


def without_comments(
    text: str, path: str, first_line: int
) -> tuple[str, tuple[Problem, ...], tuple[Problem, ...]]:
    """The text without ``<!-- … -->``, the warnings, and the doubts: people write there what is not for the public.

    The lines keep their numbers. A comment without an end leaves open what was to be hidden: the document is held.
    """
    if "<!--" not in text:
        return text, (), ()
    closed: list[int] = []
    unclosed: list[int] = []

    def replaced(match: re.Match[str]) -> str:
        if match["comment"] is None:
            return match[0]
        (closed if match["end"] else unclosed).append(match.start())
        return "\n" * match[0].count("\n")

    left = _CODE_OR_COMMENT.sub(replaced, text)

    def where(position: int) -> str:
        return f"{path} {first_line + text.count(chr(10), 0, position)}行目"

    warnings = (_comments(where(closed[0]), len(closed)),) if closed else ()
    return left, warnings, tuple(_unclosed(where(position)) for position in unclosed)


def _comments(where: str, count: int) -> Problem:
    return Problem(
        "comment", f"覚え書き（<!-- と --> の間）が{count}か所ありました。", where, "覚え書きを除いて公開しています。", "公開したい文章なら、<!-- と --> を消してください。"
    )  # fmt: skip


def _unclosed(where: str) -> Problem:
    return Problem(
        "unclosed-comment", "覚え書きの始まり（<!--）はありますが、終わり（-->）がありません。どこまでが覚え書きか分からないので、保留しています。", where,
        "まだ公開していません。前に公開したものがあれば、そのまま見えています。", "覚え書きの終わりに --> を書くか、<!-- を消してください。",
    )  # fmt: skip


def half_width_marks(text: str) -> str:
    """``＃　給水`` → ``# 給水``, ``-　水`` → ``- 水``: an input method puts full-width spaces after the marks, CommonMark wants others."""
    return _WIDE.sub(_half_width, text) if "　" in text else text


def _half_width(match: re.Match[str]) -> str:
    return f"{match[1]}{(match[2] or match[3]).replace('＃', '#')} "


def install(md: MarkdownIt) -> None:
    """Narrow two block rules of CommonMark 0.31: link reference definitions (4.7) and setext headings (4.3)."""
    from markdown_it.rules_block import lheading, reference

    def definition(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        """Only when its label is used and its destination is an address; any other line would vanish."""
        match = _DEFINITION.match(state.src, state.bMarks[start] + state.tShift[start])
        if match is None:
            return False
        labels = state.env.get("labels")
        if labels is None:
            labels = state.env["labels"] = Counter(map(_plain, _LABEL.findall(state.src)))
        return labels[_plain(match[1])] > 1 and reference(state, start, end, silent)

    def underlined(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        """One short line that is no sentence; otherwise ``---`` is the rule that people meant by it."""
        if not lheading(state, start, end, silent):
            return False
        opened, inline, closed = state.tokens[-3:]
        text = inline.content
        if "\n" in text or len(text) > HEADLINE or text.endswith(("。", "、", "．", ".")):
            opened.type, closed.type = "paragraph_open", "paragraph_close"
            opened.tag = closed.tag = "p"
            state.push("hr", "hr", 0).map = [state.line - 1, state.line]
        return True

    md.block.ruler.at("reference", definition)
    md.block.ruler.at("lheading", underlined)


def _plain(label: str) -> str:
    return " ".join(label.split()).casefold()
