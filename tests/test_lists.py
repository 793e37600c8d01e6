"""Home, categories, the archive by time, and what belongs to the site as a whole."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from publisher.editions import (
    ArchiveView,
    CategoryView,
    ExtrasView,
    HomeView,
    archive,
    category,
    extras,
    home,
)
from publisher.editions.lists import step_label
from publisher.model import Kind, PageKind, Severity, State
from tests.samples import BUDGETS, CATEGORIES, NOON, SHELTER, WATER, card, frame, links, text_of

CITY = frame()
URGENT = card("uuuuuu", "避難指示（浜町）", severity=Severity.URGENT, category=SHELTER, districts=("浜町",))
TABLE = card("tttttt", "避難所一覧", kind=Kind.TABLE, path="t/hinanjo/index.html", category=SHELTER)
GONE = card("gggggg", "誤って公開した名簿", state=State.WITHDRAWN)
CARDS = (URGENT, card(), GONE, card("rrrrrr", "臨時広報", version=2))
HOME = HomeView((URGENT,), CARDS, (TABLE,), CATEGORIES, NOON)


def pages_of(pages) -> dict:
    return {page.path: text_of(page) for page in pages}


@pytest.mark.parametrize("path", ["index.html", "k/index.html", "i/index.html"])
def test_home_leads_with_what_is_urgent_then_with_shelter_and_water(path) -> None:
    html = pages_of(home(HOME, CITY))[path]
    order = [
        html.index(words)
        for words in (
            "緊急のお知らせ",
            "避難指示（浜町）",
            "知りたいこと",
            "c/hinanjo.html",
            "c/kyusui.html",
            "c/takidashi.html",
            "c/gomi.html",
            "避難所一覧",
            "新しいお知らせ",
        )
    ]
    assert order == sorted(order)
    assert html.count("n/uuuuuu.html") == 1, "an urgent notice is not repeated among the newest"
    assert html.count("<h1") == 1
    assert "時点" in html
    assert "過去のお知らせ" in html
    assert 'href="a/index.html"' in html


def test_home_pages_are_lists() -> None:
    assert {page.kind for page in home(HOME, CITY)} == {PageKind.LIST}


def test_home_fits_into_the_first_round_trip() -> None:
    (web,) = [page for page in home(HOME, CITY) if page.path == "index.html"]
    assert len(web.body) <= 14_000


def test_digits_lead_to_the_categories_on_handsets() -> None:
    for path in ("k/index.html", "i/index.html"):
        html = pages_of(home(HOME, CITY))[path]
        found = re.findall(r'<a href="(c/[a-z-]+\.html)" accesskey="(\d)">\[(\d)\]', html)
        assert [key for _, key, _ in found] == [str(n) for n in range(1, 10)]
        assert all(key == shown for _, key, shown in found)
        assert found[:2] == [("c/hinanjo.html", "1", "1"), ("c/kyusui.html", "2", "2")]


def test_an_empty_site_has_a_home_without_dead_links() -> None:
    for path, html in pages_of(home(HomeView((), (), (), (), None), CITY)).items():
        assert "いまお知らせはありません" in html
        assert "a/index.html" not in html, path


def test_nothing_of_a_withdrawn_document_is_listed() -> None:
    lists = [
        *home(HOME, CITY),
        *category(CategoryView(WATER, CARDS, NOON), CITY),
        *archive(ArchiveView("2011-03-12", None, "2011-03/12", CARDS), CITY),
    ]
    for page in lists:
        html = text_of(page)
        assert "誤って" not in html
        assert "【取消】" in html
        assert "n/gggggg.html" in html


def test_labels_are_words() -> None:
    for html in pages_of(home(HOME, CITY)).values():
        assert "【緊急】" in html
        assert "【訂正】" in html


def test_a_category_links_its_archive_and_feed() -> None:
    pages = pages_of(category(CategoryView(WATER, CARDS, NOON), CITY))
    assert sorted(pages) == ["c/kyusui.html", "i/c/kyusui.html", "k/c/kyusui.html"]
    for html in pages.values():
        assert "kyusui/index.html" in links(html)
        assert "時点" in html
    assert (
        'type="application/atom+xml" title="汐見市 災害情報" href="../c/kyusui/atom.xml"'
        in pages["c/kyusui.html"]
    )
    assert pages["c/kyusui.html"].index("避難指示") < pages["c/kyusui.html"].index("給水所の案内")


def test_long_lists_become_pages_within_the_budget() -> None:
    cards = tuple(card(f"a{n:05}", "とても長い題名のお知らせ" * 8) for n in range(200))
    pages = archive(ArchiveView("2011-03-12", None, "2011-03/12", cards), CITY)
    for prefix, budget in BUDGETS.items():
        mine = [page for page in pages if page.path.startswith(prefix)]
        assert len(mine) > 2
        assert all(len(page.body) <= budget for page in mine)
        assert f"{prefix}a/2011-03-12.2.html" in {page.path for page in mine}
        listed = [
            link
            for page in mine
            for link in links(text_of(page))
            if "/n/" in link and "://" not in link and link.startswith("../n/")
        ]
        assert len(set(listed)) == 200


def test_archive_pages_of_all_and_of_a_category() -> None:
    index = ArchiveView("index", None, "", (), (("2011-03-0", "2011-03"), ("2011-02-14", "2011-02")), NOON)
    pages = pages_of(archive(index, CITY))
    assert links(pages["a/index.html"]).count("2011-03-0.html") == 1
    assert "2011年2月" in pages["a/index.html"]
    assert "時点" in pages["a/index.html"]
    own = pages_of(archive(ArchiveView("2011-03-11", WATER, "2011-03/11", CARDS), CITY))
    assert sorted(own) == [
        "c/kyusui/2011-03-11.html",
        "i/c/kyusui/2011-03-11.html",
        "k/c/kyusui/2011-03-11.html",
    ]
    web = own["c/kyusui/2011-03-11.html"]
    assert "<h1>給水 2011年3月11日</h1>" in web
    assert "../../c/kyusui.html" in links(web) or "../kyusui.html" in links(web)
    assert "時点" in web, "as of the newest of its documents"


@pytest.mark.parametrize(
    ("prefix", "label"),
    [
        ("2011-03", "2011年3月"),
        ("2011-03/11", "2011年3月11日"),
        ("2011-03/1114", "2011年3月11日14時台"),
        ("2011-03/11144", "2011年3月11日14時40分台"),
        ("2011-03/111446", "2011年3月11日14時46分"),
        ("2011-03/1114460", "2011年3月11日14時46分00秒台"),
        ("2011-03/11144607", "2011年3月11日14時46分07秒"),
        ("2011-03/111446079", "2011年3月11日14時46分07秒（9）"),
    ],
)
def test_steps_of_time_in_words(prefix, label) -> None:
    assert step_label(prefix) == label


def test_extras() -> None:
    drill = card("dddddd", "訓練", drill=True)
    pages = {
        page.path: page
        for page in extras(ExtrasView(CATEGORIES, (*CARDS, TABLE, drill), ("2011-03",), NOON), CITY)
    }
    copies = ["i/mirrors.html", "k/mirrors.html", "mirrors.html", "mirrors.js"]
    assert sorted(pages) == sorted(["404.html", "robots.txt", "sitemap.xml", *copies])
    assert b"Sitemap: https://saigai.example.jp/sitemap.xml" in pages["robots.txt"].body
    assert b"Disallow" not in pages["robots.txt"].body
    root = ElementTree.fromstring(pages["sitemap.xml"].body)
    found = [loc.text for loc in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert "https://saigai.example.jp/n/4f2k7q.html" in found
    assert "https://saigai.example.jp/c/kyusui.html" in found
    assert not any("gggggg" in url or "hinanjo/" in url or "dddddd" in url for url in found)
    missing = text_of(pages["404.html"])
    assert "ページが見つかりません" in missing
    assert 'content="noindex"' in missing
    assert all(link.startswith(("https://", "#", "tel:", "data:")) for link in links(missing)), (
        "it is served at any depth"
    )


def test_lists_are_the_same_bytes_every_time() -> None:
    view = replace(HOME, updated=NOON)
    assert home(view, CITY) == home(HOME, frame())
