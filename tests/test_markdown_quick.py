"""The quick way through Markdown gives the tokens of the full one, and a line of text its links as before."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher.readers.inlines import FEWEST, inlines
from publisher.readers.markdown_blocks import blocks, full_parser, parser

FULL = full_parser()
PIECES = [
    "給水", "a", "1", "12", "０", " ", "  ", "    ", "\t", "　", "\n", "\n", "\n", "\n\n", "- ", "* ", "+ ", "1. ", "10) ", "> ", ">", "# ", "## ", "#", "```", "~~~", "---", "***", "___", "===",
    "--", "|", "| ", " | ", "|---|---|", "|:-:|", ":-", "**", "*", "_", "`", "[", "]", "](", "(", ")", "![", "!", "<", ">", "https://a.jp", "[a]: https://b.jp", "[a]", "\\", "\\|", "\\\n", "&amp;",
    "&", ";", "。", "「", "\xa0", "\x00", "\u2028", "🚰", ":", "=", "-", "~", "0000-00-2111", "090-0000-0000", "(0000)00-2111", "+81-3-1234-5678",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


def said(tokens) -> list[object]:
    return [token.as_dict() for token in tokens]


@settings(max_examples=1500, deadline=None)
@given(TEXTS)
@example("a\n- b\n  c\n\n  d\n---\n| a | b |\n|---|---|\n| c\\| | d | e |\n")
@example("a\n> b\n1. c\n")
@example("- a\n- 1. b\n- > c\nd\n===\n")
def test_every_token_is_the_same(text: str) -> None:
    assert said(parser().parse(text)) == said(FULL.parse(text))


@pytest.mark.parametrize("world", sorted(Path(__file__).parent.glob("world*")), ids=lambda path: path.name)
def test_what_towns_write_gives_the_same_tokens(world: Path) -> None:
    files = [path for path in world.rglob("*.md") if "site" not in path.relative_to(world).parts]
    assert files
    for path in files:
        text = path.read_bytes().decode("utf-8", "replace")
        assert said(parser().parse(text)) == said(FULL.parse(text)), path


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["a", "|", "\\|", "\\", " ", "||"]), max_size=12).map("".join))
@example("a|b|c")
@example("|a|b|\\|")
@example("|a|b|c\\|")
def test_no_cell_beyond_the_last_column_is_lost(row: str) -> None:
    from markdown_it.rules_block.table import escapedSplit

    table = blocks(f"| x | y |\n|---|---|\n| {row}", "a.md")[0][0]
    cells = escapedSplit(f"| {row}".strip())[1:]
    cells = [cell.strip() for cell in cells[: len(cells) - (cells[-1:] == [""])]]
    if any(cells[2:]):
        assert len(table.header) == len(cells)
        assert [bool(cell) for cell in table.rows[0]] == [bool(cell) for cell in cells]
    else:
        assert len(table.header) == 2


def test_nine_digits_make_no_link_and_ten_do() -> None:
    assert FEWEST == 10
    assert [type(i).__name__ for i in inlines("電話 0000-00-2111")] == ["Text", "Link"]
    assert [type(i).__name__ for i in inlines("電話 000-00-2111")] == ["Text"]
    assert inlines("") == ()
