"""The frame that every page stands in, and the theme."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.editions import LEGACY, LIGHT, WEB, Theme
from publisher.editions.frame import UNLIMITED, telephone
from publisher.editions.paths import numbered, relative
from publisher.errors import SettingsError
from publisher.model import PageKind
from tests.samples import BUDGETS, NOON, frame, links, text_of

EDITIONS = (WEB, LIGHT, LEGACY)


@pytest.fixture(scope="module")
def city():
    return frame()


@pytest.mark.parametrize("edition", EDITIONS, ids=lambda e: e.name)
def test_every_page_says_whose_it_is_as_of_when_and_whom_to_ask(city, edition) -> None:
    page = city.page(
        edition,
        "n/4f2k7q.html",
        "給水所の案内",
        "<p>本文</p>",
        updated=NOON,
        crumbs=(("c/kyusui.html", "給水"),),
    )
    html = text_of(page)
    assert page.path == edition.prefix + "n/4f2k7q.html"
    assert page.kind is PageKind.DOCUMENT
    assert "汐見市 災害情報" in html
    assert '<a href="tel:0000002111">0000-00-2111</a>' in html
    assert ("2011/3/12 12:00" if edition is LEGACY else "2011年3月12日（土）12時00分") in html
    assert "時点" in html
    assert html.count("<h1") == 1
    assert "<p>本文</p>" in html
    found = links(html)
    assert "../index.html" in found
    assert "../c/kyusui.html" in found
    assert f"https://yobi.example.net/{edition.prefix}n/4f2k7q.html" in found
    for other in EDITIONS:
        if other is not edition:
            assert relative(edition.prefix + "n/4f2k7q.html", other.prefix + "n/4f2k7q.html") in found


def test_a_mirror_without_a_public_address_is_not_named(city) -> None:
    assert "倉庫" not in text_of(city.page(WEB, "index.html", "x", "", updated=None))


def test_titles_are_escaped_and_controls_left_out(city) -> None:
    for edition in EDITIONS:
        html = text_of(city.page(edition, "n/a.html", '<b>"危\x0b険"&', "", updated=None))
        assert "<b>" not in html
        assert "\x0b" not in html
        assert "&lt;b&gt;" in html
    assert city.escape(WEB, '<&>"\x00あ\ud800') == "&lt;&amp;&gt;&quot;あ"


@pytest.mark.parametrize("edition", (LIGHT, LEGACY), ids=lambda e: e.name)
def test_room_is_what_is_left_to_the_byte(city, edition) -> None:
    more = {"updated": NOON, "crumbs": (("c/kyusui.html", "給水"),), "drill": True}
    room = city.room(edition, "n/a.html", "題", **more)
    page = city.page(edition, "n/a.html", "題", "a" * room, **more)
    assert len(page.body) <= BUDGETS[edition.prefix]
    assert (
        BUDGETS[edition.prefix] - len(page.body) < 100
    )  # legacy keeps the line on simplified characters free
    simplified = city.page(edition, "n/a.html", "題", "①" + "a" * (room - 1), **more)
    assert len(simplified.body) <= BUDGETS[edition.prefix] + (2 if edition is LIGHT else 0)


def test_the_web_has_no_budget(city) -> None:
    assert city.room(WEB, "n/a.html", "題", updated=None) == UNLIMITED


def test_legacy_says_when_characters_were_simplified(city) -> None:
    plain = city.page(LEGACY, "n/a.html", "題", "<p>本文</p>", updated=NOON)
    simplified = city.page(LEGACY, "n/a.html", "題", "<p>髙島①</p>", updated=NOON)
    assert "簡略化" not in text_of(plain)
    assert "一部の文字を簡略化して表示しています" in text_of(simplified)
    assert "<p>高島1</p>" in text_of(simplified)


def test_a_drill_says_so_in_title_and_text(city) -> None:
    for edition in EDITIONS:
        html = text_of(city.page(edition, "n/a.html", "避難", "", updated=NOON, drill=True))
        assert "<title>【訓練】" in html
        assert "これは訓練です" in html


def test_links_only_lead_within_the_site_or_to_named_hosts(city) -> None:
    for edition in EDITIONS:
        html = text_of(city.page(edition, "t/x/y.html", "表", "", updated=NOON))
        for link in links(html):
            assert not link.startswith("/")
            assert link.startswith(
                ("../", "tel:", "#", "data:,", "https://saigai.example.jp/", "https://yobi.example.net/")
            ), link


def test_absolute_pages_link_from_the_official_address(city) -> None:
    html = text_of(city.page(WEB, "404.html", "x", "", updated=None, absolute=True, counterpart=""))
    found = [link for link in links(html) if not link.startswith(("#", "tel:", "data:"))]
    assert all(link.startswith("https://") for link in found)
    assert "https://saigai.example.jp/index.html" in found


def test_a_counterpart_may_have_another_path(city) -> None:
    html = text_of(city.page(LIGHT, "n/a-2.html", "x", "", updated=None, counterpart="n/a.html"))
    assert "../../n/a.html" in links(html)
    assert "../../n/a-2.html" not in links(html)


def test_languages_are_named_in_their_own_words(city) -> None:
    both = (("ja", "n/a.html"), ("zh-Hans", "n/a.zh-Hans.html"), ("ar", "n/a.ar.html"))
    web = text_of(city.page(WEB, "n/a.ar.html", "x", "", updated=NOON, language="ar", languages=both))
    assert '<html lang="ar" dir="rtl">' in web
    assert "简体中文" in web
    legacy = text_of(city.page(LEGACY, "n/a.html", "x", "", updated=NOON, languages=both))
    assert "〓" not in legacy
    assert ">zh-Hans<" in legacy


def test_a_language_without_wording_has_english_around_it(city) -> None:
    html = text_of(city.page(WEB, "n/a.vi.html", "x", "", updated=NOON, language="vi"))
    assert 'lang="vi"' in html
    assert "As of " in html
    assert "2011-03-12 12:00" in html


def test_editions_that_are_off_are_not_linked() -> None:
    small = frame(light=False, legacy=False)
    assert small.editions == (WEB,)
    assert not any(
        "k/" in link or "i/" in link
        for link in links(text_of(small.page(WEB, "n/a.html", "x", "", updated=None)))
    )


def test_the_same_page_twice_is_the_same_bytes(city) -> None:
    again = frame()
    for edition in EDITIONS:
        first, second = (f.page(edition, "n/a.html", "題", "<p>x</p>", updated=NOON) for f in (city, again))
        assert first == second


@pytest.mark.parametrize(
    ("contact", "label", "number", "digits"),
    [
        ("災害対策本部 0000-00-2111", "災害対策本部", "0000-00-2111", "0000002111"),
        ("危機管理課（０００−０００−２２２２）", "危機管理課", "000-000-2222", "0000002222"),
        ("本部 +81-3-0000-0000", "本部", "+81-3-0000-0000", "+81300000000"),
        ("市役所の窓口", "市役所の窓口", "", ""),
        ("", "", "", ""),
    ],
)
def test_the_telephone_in_the_contact(contact, label, number, digits) -> None:
    assert telephone(contact) == (label, number, digits)


@pytest.mark.parametrize(
    ("here", "there", "link"),
    [
        ("index.html", "c/a.html", "c/a.html"),
        ("n/a.html", "n/b.html", "b.html"),
        ("n/a.html", "c/b.html", "../c/b.html"),
        ("k/n/a.html", "n/a.html", "../../n/a.html"),
        ("t/x/index.html", "t/x/x.csv", "x.csv"),
        ("t/x/e/1.html", "t/x/index.html#top", "../index.html#top"),
    ],
)
def test_relative(here, there, link) -> None:
    assert relative(here, there) == link


def test_numbered() -> None:
    assert [numbered("n/a.html", 1), numbered("n/a.html", 2), numbered("c/a.html", 3, ".")] == [
        "n/a.html",
        "n/a-2.html",
        "c/a.3.html",
    ]


# --- theme ---


def test_a_site_overrides_single_files(tmp_path: Path) -> None:
    packaged = Theme.load()
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "ja.toml").write_text('home = "入口"\n', "utf-8")
    own = Theme.load([tmp_path])
    assert own.words("ja")["home"] == "入口"
    assert own.files["web/page.html"] == packaged.files["web/page.html"]
    assert own.fingerprint != packaged.fingerprint
    assert Theme.load().fingerprint == packaged.fingerprint


def test_every_wording_has_only_known_words() -> None:
    theme = Theme.load()
    known = set(theme.words("ja"))
    for language in ("en", "easy"):
        assert set(theme.words(language)) <= known, language


@pytest.mark.parametrize("data", [b"home = ", 'home = "入口"'.encode("cp932")])
def test_a_broken_wording_names_the_file(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "ja.toml").write_bytes(data)
    with pytest.raises(SettingsError, match=r"ja\.toml"):
        Theme.load([tmp_path]).words("ja")
