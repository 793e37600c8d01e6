"""Blocks as HTML, on the web and on handsets; dividing them into pages."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher.editions import LEGACY, LIGHT, WEB
from publisher.editions.blocks import WebBlocks, address, jpeg_size, linked_text
from publisher.editions.compact import CompactBlocks
from publisher.editions.paginate import LEAST_ROOM, Piece, paginate
from publisher.model import (
    Figure,
    Grid,
    Heading,
    Link,
    Listing,
    Paragraph,
    Preformatted,
    Quote,
    Ruby,
    Strong,
    Text,
)
from tests.samples import TOKYO, frame, picture, t

CITY = frame()
PATH = "n/4f2k7q.html"


def web(*blocks) -> str:
    return WebBlocks(CITY, PATH, "ja", "題").blocks(blocks)


def compact(edition, *blocks) -> str:
    return "".join(piece.html for piece in CompactBlocks(CITY, edition, PATH, "ja").pieces(blocks))


@pytest.mark.parametrize(
    ("block", "html"),
    [
        (Paragraph((Text("<b>&"), Strong(t("急げ")))), "<p>&lt;b&gt;&amp;<strong>急げ</strong></p>"),
        (
            Listing(((Paragraph(t("一")),), (Paragraph(t("二")), Listing(((Paragraph(t("三")),),))))),
            "<ul><li>一</li><li>二<ul><li>三</li></ul></li></ul>",
        ),
        (Listing(((Paragraph(t("一")),),), 3), '<ol start="3"><li>一</li></ol>'),
        (Quote((Paragraph(t("引用")),)), "<blockquote><p>引用</p></blockquote>"),
        (Preformatted("a\n<b>"), "<pre>a\n&lt;b&gt;</pre>"),
        (
            Paragraph((Ruby("汐見", "しおみ"),)),
            "<p><ruby>汐見<rp>（</rp><rt>しおみ</rt><rp>）</rp></ruby></p>",
        ),
        (Heading(4, t("跳")), "<h2>跳</h2>"),
    ],
)
def test_web(block, html) -> None:
    assert web(block) == html


def test_a_table_on_the_web_has_a_caption_scopes_and_can_be_scrolled_with_keys() -> None:
    html = web(Heading(2, t("給水所")), Grid((t("場所"), ()), ((t("小学校"), t("開設")),)))
    assert '<div class="wide" role="region" tabindex="0" aria-label="給水所">' in html
    assert "<caption" in html
    assert '<th scope="col">場所</th><td></td>' in html
    assert '<th scope="row">小学校</th><td>開設</td>' in html


def test_tables_on_handsets_are_lines_unless_narrow() -> None:
    wide = Grid(
        (t("場所"), t("備考")),
        ((t("小学校"), t("正門からお入りください。駐車場はありません。")), (t("公民館"), ())),
    )
    assert (
        compact(LIGHT, wide)
        == "<p>場所: 小学校<br />備考: 正門からお入りください。駐車場はありません。</p><p>場所: 公民館</p>"
    )
    narrow = Grid((t("場所"), t("状況")), ((t("小学校"), t("開設")), (t("公民館"), t("閉鎖"))))
    assert compact(LIGHT, narrow).startswith("<table><tr><th>場所</th>")
    assert compact(LEGACY, narrow) == "<p>場所: 小学校<br />状況: 開設</p><p>場所: 公民館<br />状況: 閉鎖</p>"
    single = Grid((t("場所"), t("状況")), ((t("小学校"), t("開設")),))
    assert "<table" not in compact(LIGHT, single), "mobileOK: a data table needs two rows with two cells"


def test_lists_on_legacy_are_lines() -> None:
    listing = Listing(((Paragraph(t("受付")), Listing(((Paragraph(t("名前")),),))),), 2)
    assert compact(LEGACY, listing) == "<div>2. 受付</div><div>　・名前</div>"


def test_readings_stand_in_brackets_on_handsets() -> None:
    assert compact(LIGHT, Paragraph((Ruby("汐見", "しおみ"),))) == "<p>汐見（しおみ）</p>"


@pytest.mark.parametrize(
    ("href", "web_link", "light_link"),
    [
        (
            "https://example.jp/水?a=1&b=2",
            "https://example.jp/%E6%B0%B4?a=1&b=2",
            "https://example.jp/%E6%B0%B4?a=1&b=2",
        ),
        ("n/aaaaaa.html#x", "aaaaaa.html#x", "aaaaaa.html#x"),
        ("/c/kyusui.html", "../c/kyusui.html", "../c/kyusui.html"),
        ("t/hinanjo/", "../t/hinanjo/index.html", "../t/hinanjo/index.html"),
        ("t/hinanjo/hinanjo.csv", "../t/hinanjo/hinanjo.csv", "../../t/hinanjo/hinanjo.csv"),
        ("tel:0000002111", "tel:0000002111", "tel:0000002111"),
        ("mailto:a@example.jp", "mailto:a@example.jp", "mailto:a@example.jp"),
    ],
)
def test_addresses(href, web_link, light_link) -> None:
    assert address(CITY, WEB, PATH, href) == web_link
    assert address(CITY, LIGHT, PATH, href) == light_link


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("電話 0000-00-2222 へ", "0000002222"),
        ("０１２−３４５−６７８９", "0123456789"),
        ("2011-03-11", None),
        ("ID 10-0123-4567", None),
        ("0-1", None),
    ],
)
def test_telephone_numbers_in_the_text_can_be_called(text, digits) -> None:
    html = linked_text(CITY, WEB, text)
    assert re.findall('tel:([0-9]+)"', html) == ([digits] if digits else [])
    assert re.sub("<[^>]*>", "", html) == text


def test_no_link_within_a_link() -> None:
    block = Paragraph(
        (Link("https://example.jp/", (Text("電話 0000-00-2222"), Link("https://example.com/", t("内")))),)
    )
    for html in (web(block), compact(LIGHT, block), compact(LEGACY, block)):
        assert html.count("<a ") == 1


def test_an_address_too_long_for_handsets_leaves_its_text() -> None:
    block = Paragraph((Link("https://example.jp/" + "a" * 400, t("ページ")),))
    assert compact(LEGACY, block) == "<p>ページ</p>"
    assert "<a " in web(block)


def test_pictures_say_how_big_they_are() -> None:
    p = picture()
    html = web(Figure(p, "通行止め<地図>"))
    assert (
        f'src="../{p.medium.path}" width="480" height="640" alt="通行止め&lt;地図&gt;" loading="lazy"' in html
    )
    assert f"画像を開く（JPEG、{jpeg_size(p.large.data)}）" in html
    legacy = compact(LEGACY, Figure(p, "通行止め"))
    assert "<img" not in legacy
    assert f'<a href="../../{p.small.path}">画像を開く（JPEG、{jpeg_size(p.small.data)}）</a>' in legacy


# --- pages ---


def test_a_heading_does_not_stand_alone_at_the_foot_of_a_page() -> None:
    pieces = [Piece("a" * 380), Piece("<h2>x</h2>", keep=True), Piece("b" * 200)]
    assert paginate(pieces, 400, 400, len) == ["a" * 380, "<h2>x</h2>" + "b" * 200]


def test_what_is_divided_is_closed_and_opened_again() -> None:
    items = [Piece(f"<li>{'x' * 100}</li>") for _ in range(10)]
    pages = paginate(
        [Piece("<ul>" + "".join(i.html for i in items) + "</ul>", lambda: items, "<ul>", "</ul>")],
        500,
        500,
        len,
    )
    assert len(pages) == 3
    assert all(page.startswith("<ul><li>") and page.endswith("</li></ul>") for page in pages)
    assert "".join(pages).count("<li>") == 10


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), max_size=400) | st.text(
    "あ。髙①", max_size=2000
)
runs = st.lists(
    texts.map(Text)
    | texts.map(lambda s: Strong((Text(s),)))
    | texts.map(lambda s: Link("https://example.jp/?a=1", (Text(s),))),
    max_size=4,
).map(tuple)
blocks = st.recursive(
    runs.map(Paragraph)
    | runs.map(lambda r: Heading(2, r))
    | texts.map(Preformatted)
    | st.lists(st.tuples(runs, runs, runs), min_size=1, max_size=12).map(
        lambda rows: Grid(rows[0], tuple(rows[1:]))
    ),
    lambda inner: (
        st.lists(st.lists(inner, max_size=3).map(tuple), max_size=8).map(lambda i: Listing(tuple(i)))
        | st.lists(inner, max_size=3).map(lambda b: Quote(tuple(b)))
    ),
    max_leaves=12,
)


def words_of(html: str) -> str:
    root = ElementTree.fromstring(f"<x>{html}</x>")  # also: well-formed
    return re.sub(r"\s+", "", "".join(root.itertext()))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(blocks, max_size=6), st.sampled_from([LIGHT, LEGACY]), st.integers(1400, 6000))
def test_pages_hold_everything_within_the_room_and_are_well_formed(content, edition, room) -> None:
    pieces = CompactBlocks(CITY, edition, PATH, "ja").pieces(content)
    pages = paginate(pieces, room, room, lambda text: CITY.size(edition, text))
    repeated = any(piece.html.startswith("<table") for piece in pieces) or "<table" in "".join(pages)
    assert all(CITY.size(edition, page) <= room for page in pages)
    for page in pages:
        words_of(page)
    if not repeated:  # a table that goes on repeats its header
        assert "".join(words_of(page) for page in pages) == words_of("".join(piece.html for piece in pieces))


def test_rooms_have_a_least_size() -> None:
    assert paginate([Piece("a" * 300), Piece("b" * 300)], -50, -50, len) == ["a" * 300, "b" * 300]
    assert LEAST_ROOM >= 400
    assert TOKYO.key == "Asia/Tokyo"
