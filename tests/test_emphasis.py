"""Emphasis that works in Japanese, and leaves everything else to CommonMark."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from publisher.readers.emphasis import install

STOCK = MarkdownIt("commonmark")
OURS = MarkdownIt("commonmark")
install(OURS)


def shown(text: str) -> str:
    return OURS.renderInline(text).replace("strong>", "b>").replace("em>", "i>")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**「重要」**です", "<b>「重要」</b>です"), ("これは**「重要」**です。", "これは<b>「重要」</b>です。"), ("**解除しました。**詳しくは", "<b>解除しました。</b>詳しくは"),
        ("水は**必ず**煮沸", "水は<b>必ず</b>煮沸"), ("**注意：**水", "<b>注意：</b>水"), ("**本町（港）**と**浜町**", "<b>本町（港）</b>と<b>浜町</b>"),
        ("給水**(無料)**です", "給水<b>(無料)</b>です"), ("**100%**の", "<b>100%</b>の"), ("**※注意**です", "<b>※注意</b>です"), ("**“引用”**です", "<b>“引用”</b>です"),
        ("***緊急***です", "<i><b>緊急</b></i>です"), ("**「*津波*」**が", "<b>「<i>津波</i>」</b>が"), ("*「本町」*の**「港」**", "<i>「本町」</i>の<b>「港」</b>"),
        ("a**「b」**c", "a<b>「b」</b>c"), ("**葛󠄀城**市", "<b>葛󠄀城</b>市"), ("辻󠄀**「町」**で", "辻󠄀<b>「町」</b>で"), ("**[給水](https://a.jp)**を", '<b><a href="https://a.jp">給水</a></b>を'),
        ("**「`水`」**を", "<b>「<code>水</code>」</b>を"), ("**한국어.**입니다", "<b>한국어.</b>입니다"), ("重要**「a」**、**「b」**。", "重要<b>「a」</b>、<b>「b」</b>。"),
    ],
)  # fmt: skip
def test_japanese(text: str, html: str) -> None:
    assert shown(text) == html


@pytest.mark.parametrize(
    "text",
    [
        "**重要",
        "重要**",
        "** 重要 **",
        "** 「重要」",
        "３＊４",
        "＊＊重要＊＊",
        "* 重要 *",
        "\\*\\*重要**",
        "**",
        "＊",
        "「**」",
    ],
)
def test_stars_without_a_partner_stay_visible(text: str) -> None:
    assert shown(text) == text.replace("\\", "")


def test_one_star_too_many_stays_visible() -> None:
    assert shown("**重要***です") == "<b>重要</b>*です"


@given(st.text("*_ab .,()!\"'-[]`\\\n\u00a0é“”‘’—…\ufe0f😀×") | st.text(st.characters(codec="latin-1")))
@example("!\ufe0f*a*")
@example("*a**b***c")
def test_without_cjk_it_is_commonmark(text: str) -> None:
    assert OURS.render(text) == STOCK.render(text)


@given(st.text("*重要「」。、（）a ()\n"))
@example("***「a」**")
def test_no_character_is_lost(text: str) -> None:
    tokens = OURS.parseInline(text)[0].children or []
    found = "".join(
        token.content if token.type == "text" else token.markup if token.markup.startswith("*") else "\n"
        for token in tokens
    )
    assert found.split() == "\n".join(line.strip(" ") for line in text.split("\n")).split()
