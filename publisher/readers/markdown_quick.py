"""Markdown without its marks is read at once: most lines of a notice begin with none, most runs of text hold none.

markdown-it asks every block rule about every line, and every inline rule about every run of text. Here a rule is asked only where its
mark stands. What comes out is the same, token by token (``tests/test_markdown_quick.py`` compares with the full way).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

    Rule = Callable[[StateBlock, int, int, bool], bool]

_MARKS = {
    "blockquote": frozenset(">"),
    "fence": frozenset("`~"),
    "heading": frozenset("#"),
    "hr": frozenset("*-_"),
    "list": frozenset("*-+0123456789"),
}
"""Block rule → with what its first line begins (CommonMark 0.31: 4.1, 4.2, 4.5, 5.1, 5.3)."""

_DELIMITER_ROW = frozenset("|-:")
"""With what the second line of a table begins (GFM 0.29, 4.10)."""

_INLINE = re.compile(r"[\n&*<\[\\_`]")
"""Without one of these no inline rule finds anything: ``!`` and ``]`` do nothing without ``[``."""


def install(md: MarkdownIt) -> None:
    """Last of all: it wraps the rules as they are then."""
    rules: dict[str, Any] = {rule.name: rule.fn for rule in md.block.ruler.__rules__}
    alternatives = {rule.name: {"alt": rule.alt} for rule in md.block.ruler.__rules__}
    for name, marks in _MARKS.items():
        md.block.ruler.at(name, _beginning_with(rules[name], marks), alternatives[name])
    md.block.ruler.at("table", _above_delimiters(rules["table"]), alternatives["table"])
    md.block.ruler.at("lheading", _above_text(rules["lheading"]), alternatives["lheading"])
    md.inline.parse = _parse_runs(md.inline.parse)  # type: ignore[method-assign]


def _beginning_with(rule: Rule, marks: frozenset[str]) -> Rule:
    def quick(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        at = state.bMarks[start] + state.tShift[start]
        return state.src[at : at + 1] in marks and rule(state, start, end, silent)

    return quick


def _above_delimiters(rule: Rule) -> Rule:
    def quick(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        at = state.bMarks[start + 1] + state.tShift[start + 1]
        return state.src[at : at + 1] in _DELIMITER_ROW and rule(state, start, end, silent)

    return quick


def _above_text(rule: Rule) -> Rule:
    """A line with nothing below it is underlined by nothing."""

    def quick(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        if start + 1 < end and not state.isEmpty(start + 1):
            return rule(state, start, end, silent)
        if not state.is_code_block(start):
            state.parentType = "paragraph"  # so does the full rule, and rules after it look at it
        return False

    return quick


def _parse_runs(full: Callable[[str, MarkdownIt, Any, list[Token]], list[Token]]) -> Any:
    from markdown_it.token import Token

    def quick(src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> list[Token]:
        if tokens or _INLINE.search(src):
            return full(src, md, env, tokens)
        if src:
            tokens.append(Token("text", "", 0, content=src))
        return tokens

    return quick
