"""Markdown without its marks is read at once: most lines of a notice begin with none, most runs of text hold none.

markdown-it asks every block rule about every line, and every inline rule about every run of text. Here a rule is asked only where its
mark stands. What comes out is the same, token by token (``tests/test_markdown_quick.py`` compares with the full way).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from publisher.patterns import pattern

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

_INLINE = pattern(r"[\n&*<\[\\_`]")
"""Without one of these no inline rule finds anything: ``!`` and ``]`` do nothing without ``[``."""


_TOKEN = {"type", "tag", "nesting", "attrs", "map", "level", "children", "content", "markup", "info", "meta", "block", "hidden"}
"""The fields of a token that we know how to fill (markdown-it-py 4)."""


def install(md: MarkdownIt) -> None:
    """Last of all: it wraps the rules as they are then."""
    rules: dict[str, Any] = {rule.name: rule.fn for rule in md.block.ruler.__rules__}
    alternatives = {rule.name: {"alt": rule.alt} for rule in md.block.ruler.__rules__}
    md.block.ruler.at("table", _above_delimiters(rules["table"]), alternatives["table"])
    md.block.ruler.at("lheading", _above_text(rules["lheading"]), alternatives["lheading"])
    marked = {md.block.ruler.__rules__[md.block.ruler.__find__(name)].fn: marks for name, marks in _MARKS.items()}
    md.block.ruler.getRules = cache(_asked_by_mark(md.block.ruler.getRules, marked))  # type: ignore[method-assign]
    md.inline.parse = _parse_runs(md.inline.parse)  # type: ignore[method-assign]
    md.core.ruler.at("text_join", _join)
    md.normalizeLink = lru_cache(maxsize=1024)(md.normalizeLink)  # type: ignore[method-assign]
    md.block.parse = _parse_blocks(md.block.tokenize)  # type: ignore[method-assign]


def _asked_by_mark(rules_of: Callable[[str], list[Rule]], marked: dict[Rule, frozenset[str]]) -> Callable[[str], list[Rule]]:
    """For each chain of rules one that looks at the first character of the line, and asks only those that begin with it."""

    def quick_rules(chain: str) -> list[Rule]:
        rules = rules_of(chain)
        others = tuple(rule for rule in rules if rule not in marked)
        by_mark = {mark: tuple(rule for rule in rules if mark in marked.get(rule, mark)) for marks in marked.values() for mark in marks}

        def ask(state: StateBlock, start: int, end: int, silent: bool) -> bool:
            at = state.bMarks[start] + state.tShift[start]
            # a loop of calls: any() over a generator would cost as much as the rules
            for rule in by_mark.get(state.src[at : at + 1], others):  # noqa: SIM110
                if rule(state, start, end, silent):
                    return True
            return False

        return [ask]

    return quick_rules


def _parse_blocks(tokenize: Callable[[StateBlock, int, int], None]) -> Any:
    """Tokens without what dataclasses do for each of them: there are a hundred in a notice."""
    from markdown_it.rules_block import StateBlock

    make = _maker()

    class Quick(StateBlock):
        def push(self, ttype: str, tag: str, nesting: Any) -> Token:
            token = make(ttype, tag, nesting)
            token.block = True
            if nesting < 0:
                self.level -= 1
            token.level = self.level
            if nesting > 0:
                self.level += 1
            self.tokens.append(token)
            return token

    def parse(src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> list[Token] | None:
        if not src:
            return None
        state = Quick(src, md, env, tokens)
        tokenize(state, state.line, state.lineMax)
        return state.tokens

    return parse


def _maker() -> Callable[..., Token]:
    """What makes a token: as its class does, or, where that has the fields that we know, sooner."""
    from dataclasses import fields

    from markdown_it.token import Token

    new = Token.__new__

    def quick(kind: str, tag: str, nesting: Any, content: str = "") -> Token:
        token = new(Token)
        token.type, token.tag, token.nesting, token.content = kind, tag, nesting, content
        token.attrs, token.meta, token.map, token.children = {}, {}, None, None
        token.level, token.markup, token.info, token.block, token.hidden = 0, "", "", False, False
        return token

    def full(kind: str, tag: str, nesting: Any, content: str = "") -> Token:
        return Token(kind, tag, nesting, content=content)

    return quick if {field.name for field in fields(Token)} == _TOKEN else full


def _join(state: Any) -> None:
    """Runs of one piece of text have nothing to be joined."""
    from markdown_it.rules_core.text_join import _join_text_tokens

    for token in state.tokens:
        children = token.children
        if token.type != "inline" or not children or (len(children) == 1 and children[0].type == "text"):
            continue
        for child in children:
            if child.children:
                child.children = _join_text_tokens(child.children)
        token.children = _join_text_tokens(children)


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
    make = _maker()

    def quick(src: str, md: MarkdownIt, env: Any, tokens: list[Token]) -> list[Token]:
        if tokens or _INLINE.search(src):
            return full(src, md, env, tokens)
        if src:
            tokens.append(make("text", "", 0, src))
        return tokens

    return quick
