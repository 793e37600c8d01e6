"""All pages of one document: editions, languages, budgets, versions, tombstones."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher.editions import document, document_version, simplified
from publisher.editions.paths import relative
from publisher.model import Head, Jpeg, Link, PageKind, Paragraph, Picture, Scan, Severity, State, Text
from tests.samples import (
    BUDGETS,
    NOON,
    bulletin,
    figure_notice,
    frame,
    gone,
    html_pages,
    links,
    notice,
    p,
    picture,
    t,
    text_of,
)

CITY = frame()


def pages_of(made, older: bool = True) -> dict:
    return {page.path: page for page in document(made, CITY, older)}


def check_links(pages: dict) -> None:
    """Every relative link between the pages of a document arrives; others lead to lists or to the home
    page.
    """
    for path, page in pages.items():
        if not path.endswith(".html"):
            continue
        for link in links(text_of(page)):
            if re.match(r"[a-z]+:|#", link):
                continue
            target = resolve(path, link)
            assert target in pages or re.fullmatch(
                r"([ki]/)?(index\.html|mirrors\.html|c/[a-z-]+\.html|n/4f2k7q\.v\d+\.html|atom\.xml)", target
            ), (path, link)


def resolve(path: str, link: str) -> str:
    parts = path.split("/")[:-1]
    for step in link.partition("#")[0].split("/"):
        parts = parts[:-1] if step == ".." else [*parts, step]
    return "/".join(parts)


def test_one_notice_has_one_page_an_edition() -> None:
    pages = pages_of(bulletin())
    assert sorted(pages) == ["i/n/4f2k7q.html", "k/n/4f2k7q.html", "n/4f2k7q.html"]
    check_links(pages)
    for page in pages.values():
        html = text_of(page)
        assert "市内の全域で断水しています" in html
        assert "時点" in html
        assert html.count("<h1") == 1
    assert len(pages["n/4f2k7q.html"].body) <= 14_000, "RFC 6928: ten segments arrive in the first round trip"


def test_languages_are_pages_that_link_to_each_other() -> None:
    english = notice("Where to get water", (p("All of the city is without water."),), districts=("Hama",))
    chinese = notice("供水点指南", (p("全市停水。请到以下地点领取饮用水。请自备容器。"),))
    pages = pages_of(bulletin(contents=(("ja", notice()), ("en", english), ("zh-Hans", chinese))))
    check_links(pages)
    web = text_of(pages["n/4f2k7q.en.html"])
    assert '<html lang="en">' in web
    assert "As of " in web
    assert 'hreflang="zh-Hans"' in web
    assert "Where to get water" in text_of(pages["i/n/4f2k7q.en.html"])
    stub = text_of(pages["i/n/4f2k7q.zh-Hans.html"])
    assert "携帯版では表示できません" in stub
    assert "../../k/n/4f2k7q.zh-Hans.html" in links(stub)
    assert "请到以下地点" in text_of(pages["k/n/4f2k7q.zh-Hans.html"])


def test_a_correction_says_so_and_links_its_earlier_versions() -> None:
    pages = pages_of(bulletin(version=3, date=NOON - timedelta(days=1)))
    for path, page in pages.items():
        html = text_of(page)
        assert "【訂正】" in re.search("<title>(.*?)</title>", html)[1]
        assert "訂正されました" in html
        assert [link for link in links(html) if ".v" in link and "://" not in link] == [
            "4f2k7q.v2.html",
            "4f2k7q.v1.html",
        ], path
    without = pages_of(bulletin(version=3), older=False)
    assert not any(".v" in link for link in links(text_of(without["n/4f2k7q.html"])))


def test_many_versions_do_not_grow_the_page_without_end() -> None:
    few, many = (len(pages_of(bulletin(version=n))["i/n/4f2k7q.html"].body) for n in (11, 500))
    assert abs(many - few) < 60


def test_an_earlier_version_says_that_it_is_old() -> None:
    pages = {
        page.path: page for page in document_version(bulletin(version=3), 2, notice("給水所（速報）"), CITY)
    }
    assert sorted(pages) == ["i/n/4f2k7q.v2.html", "k/n/4f2k7q.v2.html", "n/4f2k7q.v2.html"]
    for page in pages.values():
        html = text_of(page)
        assert "これは前の版です" in html
        assert html.index("これは前の版です") < html.index("市内の全域で断水")
        assert 'name="robots" content="noindex"' in html
        assert "4f2k7q.html" in links(html)
        assert "4f2k7q.v1.html" in links(html)
        assert "4f2k7q.v3.html" not in links(html)
        assert "給水所（速報）" in html


@pytest.mark.parametrize(
    ("state", "words"),
    [(State.WITHDRAWN, "この情報は取り消されました"), (State.EXPIRED, "掲載を終了しました")],
)
def test_nothing_of_a_gone_document_remains(state, words) -> None:
    pages = pages_of(gone(state))
    assert len(pages) == 6
    check_links(pages)
    for path, page in pages.items():
        html = text_of(page)
        assert "誤って" not in html and "秘密町" not in html
        assert 'name="robots" content="noindex"' in html
        assert "0000-00-2111" in html
        if ".en." not in path:
            assert words in html
            assert "12時00分" in html or "2011/3/12 12:00" in html


def test_a_drill_says_so_everywhere_and_is_not_indexed() -> None:
    english = notice("Drill", (p("Evacuate."),))
    made = bulletin(notice("避難指示", (p("逃げて"),), drill=True), contents=None)
    made = replace(
        made, contents=(*made.contents, ("en", english)), card=replace(made.card, languages=("ja", "en"))
    )
    for path, page in pages_of(made).items():
        html = text_of(page)
        mark = "[DRILL]" if ".en." in path else "【訓練】"
        assert f"<title>{mark}" in html, path
        assert "noindex" in html


def test_severity_is_said_in_words() -> None:
    for severity in (Severity.URGENT, Severity.IMPORTANT):
        for page in pages_of(bulletin(notice(severity=severity))).values():
            assert f"【{severity.value}】" in text_of(page)
    doubled = pages_of(bulletin(notice("【緊急】避難指示", severity=Severity.URGENT)))
    assert text_of(doubled["k/n/4f2k7q.html"]).count("【緊急】") == 2, "once in title, once in h1"


def test_pictures_come_with_their_pages() -> None:
    pages = pages_of(bulletin(figure_notice()))
    shown = picture(1)
    assert {path for path in pages if path.startswith("m/")} == {
        shown.large.path,
        shown.medium.path,
        shown.small.path,
    }
    assert pages[shown.large.path].kind is PageKind.PICTURE
    assert pages[shown.large.path].body == shown.large.data
    check_links(pages)
    assert "<img" in text_of(pages["n/4f2k7q.html"])
    assert "<img" not in text_of(pages["i/n/4f2k7q.html"])


def test_light_shows_one_picture_when_both_fit() -> None:
    def weighing(size: int) -> Picture:
        shown = picture()
        medium = Jpeg("a" * 64, 320, 240, b"x" * size)
        return Picture(shown.large, medium, shown.small)

    for size, images in ((5_000, 1), (30_000, 0)):
        html = text_of(
            pages_of(bulletin(Scan(Head("広報"), (weighing(size), weighing(size)))))["k/n/4f2k7q.html"]
        )
        assert html.count("<img") == images
        assert len(html.encode()) + size * images <= 20_480


def test_a_scan_is_a_page_of_pictures() -> None:
    pages = pages_of(bulletin(Scan(Head("臨時広報"), (picture(1), picture(2)))))
    html = text_of(pages["n/4f2k7q.html"])
    assert html.count("<img") == 2
    assert html.count('loading="lazy"') == 2
    assert "臨時広報 紙面の画像 2枚目（全2枚）" in html
    assert "お電話ください" in html
    check_links(pages)


def test_pictures_of_paper_follow_the_text_of_a_notice() -> None:
    html = text_of(pages_of(bulletin(notice(pages=(picture(),))))["n/4f2k7q.html"])
    assert html.index("市内の全域") < html.index("紙面の画像") < html.index("<img")


def test_sixty_thousand_characters() -> None:
    long = notice("長い", (p("これは長い文章です。髙島さんの家の前で水を配ります。" * 2400),))
    pages = pages_of(bulletin(long))
    check_links(pages)
    for prefix, budget in BUDGETS.items():
        mine = [page for path, page in pages.items() if path.startswith(prefix)]
        assert len(mine) > 10
        assert all(len(page.body) <= budget for page in mine)
        number = len(mine)
        last = text_of(pages[f"{prefix}n/4f2k7q-{number}.html"])
        assert f"{number}/{number}" in last
        assert 'accesskey="4"' in last and 'accesskey="6"' not in last
        middle = text_of(pages[f"{prefix}n/4f2k7q-2.html"])
        assert links(middle).count("4f2k7q-3.html") == 1
        said = "".join(
            re.sub("<[^>]*>|\\s", "", text_of(pages[f"{prefix}n/4f2k7q{f'-{n}' if n > 1 else ''}.html"]))
            for n in range(1, number + 1)
        )
        assert said.count("家の前で水を配ります") == 2400


def test_pages_are_the_same_bytes_every_time() -> None:
    made = bulletin(version=2)
    assert document(made, CITY) == document(made, frame())


def test_staff_learn_which_characters_were_simplified() -> None:
    (problem,) = simplified(bulletin(notice("髙島の①", (p("彅"),))))
    assert "髙→高" in problem.what
    assert "〓" in problem.what
    assert simplified(bulletin(notice("給水", (p("9時～17時"),)))) == ()


texts = st.text(max_size=300) | st.text("あ。髙①<&\"'> \n", max_size=4000)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    title=texts.filter(str.strip),
    body=st.lists(texts, max_size=6),
    districts=st.lists(texts, max_size=30),
    name=texts,
    href=st.text("abc/%日", max_size=600),
    language=st.sampled_from(["ja", "en", "easy", "ko"]),
)
def test_every_page_keeps_its_budget_and_encoding_whatever_the_text(
    title, body, districts, name, href, language
) -> None:
    paragraphs = (
        *(Paragraph((Text(text),)) for text in body),
        Paragraph((Link("https://example.jp/" + href, t(name)),)),
    )
    made = bulletin(notice(title, paragraphs, districts=tuple(districts)), contents=None)
    category = replace(made.card.category, name=name)
    made = replace(
        made, card=replace(made.card, category=category), contents=((language, made.contents[0][1]),)
    )
    for page in html_pages(document(made, CITY)):
        html = text_of(page)  # strictly decoded
        prefix = page.path[:2]
        assert len(page.body) <= BUDGETS.get(prefix, 1 << 30), page.path
        assert not re.search(r"<(?!/?[a-z][a-z0-9]*[ />]|/?[a-z][a-z0-9]*$|!|\?xml)", html), "unescaped text"
        assert not re.search(
            r"&(?!(amp|lt|gt|quot|#\d+|[a-z]+);)", re.sub(r"(?s)<style>.*?</style>", "", html)
        )


def test_relative_is_relative() -> None:
    assert relative("i/n/a.html", "m/x.jpg") == "../../m/x.jpg"
