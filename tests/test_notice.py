"""Markdown and plain text as notices."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.errors import Unreadable
from publisher.model import (
    Block,
    Break,
    Grid,
    Heading,
    Inline,
    Link,
    Listing,
    Notice,
    Paragraph,
    Preformatted,
    Quote,
    Rule,
    Severity,
    Strong,
    Text,
)
from publisher.readers.markdown_blocks import blocks, safe_href
from publisher.readers.notice import flat, read_markdown, read_text
from publisher.readers.text_blocks import blocks as plain_blocks

NOW = datetime(2024, 1, 9, 12, 0, tzinfo=ZoneInfo("Asia/Tokyo"))


def markdown(text: str) -> Notice:
    return read_markdown("お知らせ/給水.md", text.encode(), NOW)


def plain(text: str) -> Notice:
    return read_text("お知らせ/給水.txt", text.encode(), NOW)


def one(text: str) -> tuple[Inline, ...]:
    [block] = blocks(text, "a.md")[0]
    assert isinstance(block, Paragraph)
    return block.inlines


def codes(text: str) -> list[tuple[str, str]]:
    return [(problem.code, problem.where) for problem in blocks(text, "a.md", 5)[1]]


@pytest.mark.parametrize(
    "href",
    [
        "https://a.jp/",
        "HTTP://a.jp",
        "https://a.jp:8080/?a=b#c",
        "mailto:a@b.jp",
        "tel:0000-00-2111",
        "tel:+81312345678",
        "https://汐見.jp/い",
    ],
)
def test_where_a_link_may_lead(href: str) -> None:
    assert safe_href(f" {href} ") == href


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)", "JaVaScRiPt:x", "java\nscript:x", "java\tscript:x", " javascript:x", "\x01javascript:x", "&#106;avascript:x", "&#x6A;avascript:x",
        "javascript&colon;x", "ｊavascript:x", "\u200bjavascript:x", "data:text/html,x", "vbscript:x", "file:///c:/a", "blob:https://a.jp", "view-source:http://x", "//a.jp",
        "/a", "a.html", "#a", "", "C:\\a.docx", "\\\\server\\a", "https:\\\\a.jp", "https:javascript:x", "http:///", "https://", "mailto:", "tel:", "tel:javascript:1",
        "https://city.jp@evil.jp/", "https://a.jp/ b", "https://a.jp/\u202etxt", "https://a.jp/\x00x", "http://a.jp\\@b.jp", "https://a.jp&#10;x:",
    ],
)  # fmt: skip
def test_where_no_link_may_lead(href: str) -> None:
    assert safe_href(href) is None


@pytest.mark.parametrize(
    "text",
    [
        "[水](javascript:x)",
        "[水](<java script:x>)",
        "[水](java&#10;script:x)",
        "[水](DATA:text/html,x)",
        "[水]\n\n[水]: vbscript:x",
    ],
)
def test_a_link_left_out_leaves_its_words(text: str) -> None:
    assert one(text) == (Text("水"),)
    assert codes(text) == [("link-left-out", "a.md 5行目")]


def test_a_picture_leaves_its_words() -> None:
    assert one("![給水所の写真](a.jpg)") == (Text("（画像: 給水所の写真）"),)
    assert codes("水\n\n![](a.jpg)") == [("picture-left-out", "a.md 7行目")]


def test_a_picture_on_another_host_is_a_link() -> None:
    address = "https://a.jp/b.png"
    assert one(f"![地図]({address})") == (Text("（画像: "), Link(address, (Text("地図"),)), Text("）"))
    assert one(f"![]({address})")[1] == Link(address, (Text(address),))
    assert one(f"[![地図]({address})](https://b.jp/)") == (Link("https://b.jp/", (Text("（画像: 地図）"),)),)
    assert codes(f"![地図]({address})") == [("picture-linked", "a.md 5行目")]


def test_one_warning_a_line_is_enough() -> None:
    assert codes("[a](x) [b](y)\n[c](z)") == [("link-left-out", "a.md 5行目"), ("link-left-out", "a.md 6行目")]


@pytest.mark.parametrize("text", ["[注意]: 雨天中止", "[時間]: 9:00", "[締切]: 1月9日", "[^1]: 注", "[お知らせ]: https://a.jp/"])
def test_no_line_vanishes_as_a_definition(text: str) -> None:
    """CommonMark takes such lines off the page; staff mean them to be read."""
    found, problems = blocks(f"本文\n\n{text}\n\n次", "a.md")
    assert [flat(block.inlines) for block in found if isinstance(block, Paragraph)] == ["本文", text, "次"]
    assert not problems


def test_definitions_that_are_used_are_definitions() -> None:
    link = Link("https://a.jp/", (Text("水 道"),))
    assert one("[水 道] です\n\n[水  道]: https://a.jp/") == (link, Text(" です"))
    assert one("> [水 道]\n\n[水 道]: <https://a.jp/>"[2:]) == (link,)


def test_comments_are_not_published() -> None:
    found = markdown("---\n件名: a\n---\n一<!-- 内線は山田 -->\n\n<!--\n令和6年1月1日 発表\n\n# 題\n-->\n二\n")
    assert found.blocks == (Paragraph((Text("一"),)), Paragraph((Text("二"),)))
    assert found.head.date is None
    assert [(w.code, w.where) for w in found.warnings] == [("comment", "お知らせ/給水.md 4行目")]
    assert not found.doubts


@pytest.mark.parametrize("text", ["```\n<!-- a -->\n```", "`<!-- a -->`", "\\<!-- a -->"])
def test_comments_shown_as_examples_stay(text: str) -> None:
    found = markdown(f"題\n\n{text}\n")
    assert "<!-- a -->" in str(found.blocks)
    assert not found.warnings


def test_a_comment_without_an_end_holds_the_notice() -> None:
    found = markdown("本文です。\n\n<!-- 内線は山田\n\n続き\n")
    assert words(found.blocks) == "本文です。"
    assert [(d.code, d.where) for d in found.doubts] == [("unclosed-comment", "お知らせ/給水.md 3行目")]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("見出し\n---\n本文", [Heading, Paragraph]), ("見出し\n===\n本文", [Heading, Paragraph]), ("1行目\n2行目\n---\n本文", [Paragraph, Rule, Paragraph]),
        ("断水しています。\n---\n本文", [Paragraph, Rule, Paragraph]), ("> 一\n> 二\n> ---", [Quote]),
    ],
)  # fmt: skip
def test_a_rule_below_sentences_makes_no_heading(text: str, kinds: list[type]) -> None:
    assert [type(block) for block in blocks(text, "a.md")[0]] == kinds


@pytest.mark.parametrize(
    ("text", "kind"),
    [("##　見出し", Heading), ("＃　見出し", Heading), ("-　水\n-　毛布", Listing), ("1.　水\n2.　毛布", Listing), ("＃見出し", Paragraph), ("　字下げ", Paragraph)],
)  # fmt: skip
def test_full_width_spaces_after_marks(text: str, kind: type) -> None:
    [block] = blocks(text, "a.md")[0]
    assert type(block) is kind
    assert "　" not in words((block,)) or kind is Paragraph


def test_a_heading_without_words_is_none() -> None:
    assert blocks("#\n\n本文\n\n## \n", "a.md")[0] == (Paragraph((Text("本文"),)),)


def test_cells_beyond_the_last_column_are_kept() -> None:
    [grid] = blocks("|所|時|\n|-|-|\n|a|b|c `|`\\| d|\n|e|\n", "a.md")[0]
    assert isinstance(grid, Grid)
    assert [[flat(cell) for cell in row] for row in (grid.header, *grid.rows)] == [
        ["所", "時", "", ""], ["a", "b", "c `", "`| d"], ["e", "", "", ""]
    ]  # fmt: skip
    assert codes("|所|時|\n|-|-|\n|a|b||\n|a|b|c|\n") == [("cells-beyond", "a.md 8行目")]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<b>太字</b>です",
        "<a href='https://a.jp'>水</a>です",
    ],
)
def test_raw_html_is_visible(text: str) -> None:
    assert flat(one(text)) == text


def test_links_and_telephone_numbers() -> None:
    assert one("電話 0120-000-000 か<https://a.jp>") == (
        Text("電話 "), Link("tel:0120000000", (Text("0120-000-000"),)), Text(" か"), Link("https://a.jp", (Text("https://a.jp"),))
    )  # fmt: skip


def test_the_blocks_of_markdown() -> None:
    found, problems = blocks(
        "a\nb\n\n- c\n  1. d\n- e\n\n3. f\n\n> g\n\n```\nh\n```\n\n***\n\n|i|j|\n|-|-|\n|k|\n", "a.md"
    )
    assert problems == ()
    assert found == (
        Paragraph((Text("a"), Break(), Text("b"))),
        Listing(((Paragraph((Text("c"),)), Listing(((Paragraph((Text("d"),)),),), 1)), (Paragraph((Text("e"),)),))),
        Listing(((Paragraph((Text("f"),)),),), 3), Quote((Paragraph((Text("g"),)),)), Preformatted("h"), Rule(),
        Grid(((Text("i"),), (Text("j"),)), (((Text("k"),), ()),)),
    )  # fmt: skip


def levels(found: tuple[Block, ...]) -> list[int]:
    return [block.level for block in found if isinstance(block, Heading)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# 題\n## a\n### b\n## c", [2, 3, 2]), ("# 題\n### a\n##### b\n#### c", [2, 3, 3]), ("# 題\n# a\n## b\n# c", [2, 3, 2]), ("題\n\n#### a\n\n本文", []),
        ("# 題\n###### a\n###### b", [2, 2]),
    ],
)  # fmt: skip
def test_headings_go_down_one_level_at_a_time(text: str, expected: list[int]) -> None:
    assert levels(markdown(text + "\n本文").blocks) == expected


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# 給水のお知らせ\n本文", "給水のお知らせ"), ("---\n件名: 給水\n---\n# 別\n本文", "給水"), ("給水のお知らせ\n\n本文です。", "給水のお知らせ"),
        ("断水が続いています。\n\n本文です。", "給水"), ("## **「給水」**です\n本文", "「給水」です"), ("![地図](a.png)\n\n本文", "給水"),
        ("<div>\n\n本文", "給水"), ("classDiagram\nclass A", "給水"), ("【緊急】避難指示\n本文", "【緊急】避難指示"),
    ],
)  # fmt: skip
def test_the_title(text: str, title: str) -> None:
    assert markdown(text).head.title == title


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("【緊急】避難指示\n逃げてください。", "【緊急】避難指示", "逃げてください。"), ("■給水\n場所は次のとおり。", "給水", "場所は次のとおり。"),
        ("給水のお知らせ\n場所は次のとおり。", "給水のお知らせ", "場所は次のとおり。"), ("======\n給水\n======\n本文。", "給水", "本文。"), ("件名　給水所\n本文。", "給水所", "本文。"),
        ("令和6年1月9日\n\n市民各位\n\n汐見市長　汐見　太郎\n\n給水所の開設\n\n本文。", "給水所の開設", "令和6年1月9日市民各位汐見市長　汐見　太郎本文。"),
        ("防災第12号\n令和6年1月9日　汐見市水道課\n給水所の開設\n本文。", "給水所の開設", "防災第12号\n令和6年1月9日　汐見市水道課本文。"),
        ("【訓練】\n避難指示の発令\n本文。", "【訓練】避難指示の発令", "【訓練】本文。"), ("（訓練）避難指示\n本文。", "（訓練）避難指示", "本文。"),
    ],
)  # fmt: skip
def test_the_title_of_a_plain_text(text: str, title: str, body: str) -> None:
    found = plain(text)
    assert (found.head.title, words(found.blocks)) == (title, "".join(body.split()))


@pytest.mark.parametrize(
    "text",
    [
        "断水が続いています。\n給水所は次のとおり。", "汐見市では本町の全域で\n断水が続いています。", "本町、港町、浜町の皆さん\n断水です。", "・水\n毛布", "1. 水\n毛布",
        "場所：本町\n時間：9時", "電話 0120-000-000\n本文。", "汐見市災害対策本部\n第3報\n令和6年1月9日 15:00\n\n断水しています。", "給水所", "（1）給水\n本文。",
        "令和6年1月9日\n\n断水しています。",
    ],
)  # fmt: skip
def test_a_plain_text_without_a_title(text: str) -> None:
    found = plain(text)
    assert found.head.title == "給水"
    assert words(found.blocks) == "".join(text.split())


def test_marks_of_the_text_and_of_the_name() -> None:
    assert plain("【緊急】避難指示\n本文。").head.severity is Severity.URGENT
    assert plain("【訓練】\n避難指示\n本文。").head.drill
    assert read_markdown("【訓練】避難指示.md", "# 避難指示\n本文".encode(), NOW).head.drill
    assert not read_markdown("【訓練】避難指示.md", "---\n訓練: いいえ\n---\n# 避難指示".encode(), NOW).head.drill


@pytest.mark.parametrize("text", ["", " \n\n　\n", "\n\n\n"])
def test_nothing_in_it(text: str) -> None:
    for read in (markdown, plain):
        with pytest.raises(Unreadable, match=r"お知らせ/給水"):
            read(text)


def test_warnings_and_doubts_travel_with_the_notice() -> None:
    found = markdown("---\n件名: a\n公開: あした\n---\n\n[水](x.docx)\n")
    assert [(doubt.code, doubt.where) for doubt in found.doubts] == [
        ("bad-publish", "お知らせ/給水.md 3行目")
    ]
    assert [(warning.code, warning.where) for warning in found.warnings] == [
        ("link-left-out", "お知らせ/給水.md 6行目")
    ]


def test_the_blocks_of_plain_text() -> None:
    text = "給水のお知らせ\n1行目\n2行目\n\n■場所\n・本町\n・港町\n\n１．あさ\n２．ひる\n\n--------\n地区\t人数\n本町\t3\n\n【問合せ】\n電話0120-000-000"
    found = plain_blocks(text)
    kinds = [type(block) for block in found]
    assert kinds == [Paragraph, Heading, Listing, Listing, Rule, Grid, Heading, Paragraph]
    first = found[0]
    assert isinstance(first, Paragraph)
    assert flat(first.inlines) == "給水のお知らせ\n1行目\n2行目"
    assert found[3] == Listing(((Paragraph((Text("あさ"),)),), (Paragraph((Text("ひる"),)),)), 1)
    assert found[5] == Grid(((Text("地区"),), (Text("人数"),)), (((Text("本町"),), (Text("3"),)),))


@pytest.mark.parametrize(
    "text",
    [
        "・一つだけ",
        "※注\n※注2",
        "1. 一つだけ",
        "3月11日は\n4月に",
        "2011.3.11\n2012.3.11",
        "- - -",
        "a\tb",
        "*重要*",
    ],
)
def test_what_stays_a_paragraph(text: str) -> None:
    assert [type(block) for block in plain_blocks("題\n\n" + text)] == [Paragraph, Paragraph]


def words(found: tuple[Block, ...]) -> str:
    parts = []
    for block in found:
        if isinstance(block, (Heading, Paragraph)):
            parts.append(flat(block.inlines))
        elif isinstance(block, Listing):
            parts += [words(item) for item in block.items]
        elif isinstance(block, Grid):
            parts += [flat(cell) for row in (block.header, *block.rows) for cell in row]
    return "".join("".join(parts).split())


@given(st.text("あ水0-1２(.a\n 、。■【】\t"))
def test_plain_text_loses_no_letter(text: str) -> None:
    found = words(plain_blocks("題\n" + text))
    assert [c for c in found if c in "あ水a"] == [c for c in "題\n" + text if c in "あ水a"]


def links(found: object) -> list[str]:
    if isinstance(found, Link):
        return [found.href]
    if isinstance(found, tuple):
        return [href for part in found for href in links(part)]
    fields = getattr(type(found), "__dataclass_fields__", {})
    return [href for name in fields for href in links(getattr(found, name))]


@given(
    st.text("*_[]()<>!`#|-+1. \n\tあ「」:/\\&;~=ajvscript")
    | st.lists(
        st.sampled_from(
            ["[a](", "javascript:", "x)", "> ", "- ", "|a|b|\n|-|-|\n", "\n", "https://a.jp", "**「"]
        )
    ).map("".join)
)
@example("[a](JAVASCRIPT&colon;x)")
@example("[](<>)")
@example("- " * 200 + "a")
@example("> " * 2000 + "a")
def test_nothing_raises_and_no_link_escapes(text: str) -> None:
    for found in (blocks(text, "a.md")[0], plain_blocks(text)):
        assert all(
            href.lower().startswith(("http://", "https://", "mailto:", "tel:")) for href in links(found)
        )


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "*",
        "> ",
        ">",
        "|",
        "![",
        "[a](",
        "a*",
        "- a\n",
        "1. a\n",
        "-\n",
        "a\tb\n",
        "|a|b|\n|-|-|\n",
        "・あ\n",
        "<a ",
        "`a",
        "&",
        "0-",
    ],
)
def test_a_megabyte_of_marks_takes_no_time(piece: str) -> None:
    data = (piece * (1_000_000 // len(piece.encode()))).encode()
    for read in (read_markdown, read_text):
        started = time.process_time()
        read("a.md", data, NOW)
        assert time.process_time() - started < 8  # two at a time on a busy machine: 4 s; a quadratic reader took 34 s


def test_too_many_marks_are_read_as_plain_text_and_told() -> None:
    found = markdown("# 題\n" + "*a* " * 30_000)
    assert [warning.code for warning in found.warnings] == ["too-many-marks"]


def test_deep_nesting_needs_no_deep_stack() -> None:
    limit = sys.getrecursionlimit()
    markdown("題\n\n" + "".join("  " * depth + "- a\n" for depth in range(1000)))
    markdown("題\n\n" + "**「" * 3000 + "」**" * 3000)
    assert sys.getrecursionlimit() == limit


def test_strong_within_strong() -> None:
    assert one("***緊急***です") == (Strong((Strong((Text("緊急"),)),)), Text("です"))
