"""Addresses, telephone numbers and titles in plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.model import Break, Inline, Link, Severity, Text
from publisher.readers.inlines import inlines, is_drill, severity_of, title_from_path


def flat(found: tuple[Inline, ...]) -> str:
    return "".join(
        i.text if isinstance(i, Text) else flat(i.inlines) if isinstance(i, Link) else "\n" for i in found
    )


def links(text: str) -> list[tuple[str, str]]:
    return [(i.href, flat(i.inlines)) for i in inlines(text) if isinstance(i, Link)]


@pytest.mark.parametrize(
    ("shown", "href"),
    [
        ("0000-00-2111", "tel:0000002111"), ("03-1234-5678", "tel:0312345678"), ("０３－１２３４－５６７８", "tel:0312345678"),
        ("(03)1234-5678", "tel:0312345678"), ("03(1234)5678", "tel:0312345678"), ("（0123）45-6789", "tel:0123456789"),
        ("0120-000-000", "tel:0120000000"), ("0570-012-345", "tel:0570012345"), ("090‐1234‐5678", "tel:09012345678"),
        ("03–1234–5678", "tel:0312345678"), ("03ー1234ー5678", "tel:0312345678"), ("03ｰ1234ｰ5678", "tel:0312345678"), ("03−1234−5678", "tel:0312345678"),
        ("+81-3-1234-5678", "tel:+81312345678"), ("+81 3 1234 5678", "tel:+81312345678"),
    ],
)  # fmt: skip
def test_telephone_numbers(shown: str, href: str) -> None:
    assert links(f"電話{shown}（代表）へ") == [(href, shown)]
    assert links(f"電話{shown}、") == links(shown) == [(href, shown)]


@pytest.mark.parametrize(
    "text",
    [
        "2011-03-11", "2024－03－1234－5678", "〒999-0000", "〒012-3456", "0123-4567", "10-20-30", "05-06-07", "0-1000-2000", "0312-3456-7890",
        "0123456789012", "038.123-45-6789", "0120-00-00-00", "110番", "119", "81-3-1234-5678", "+8-3-1", "1＋03", "0120-444-444-4",
    ],
)  # fmt: skip
def test_what_is_no_telephone_number(text: str) -> None:
    assert inlines(text) == (Text(text),)


def test_several_numbers_in_a_line() -> None:
    assert links("0123-45-6789、0123-45-6790・6791") == [
        ("tel:0123456789", "0123-45-6789"), ("tel:0123456790", "0123-45-6790")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("詳しくはhttps://example.jp/a.html。", "https://example.jp/a.html"), ("「https://example.jp/a?b=c&d=e」", "https://example.jp/a?b=c&d=e"),
        ("（http://example.jp/）", "http://example.jp/"), ("(http://example.jp/(a))", "http://example.jp/(a)"), ("https://example.jpです", "https://example.jp"),
        ("https://example.jp/a, b", "https://example.jp/a"), ("https://example.jp/?a=@b", "https://example.jp/?a=@b"),
    ],
)  # fmt: skip
def test_addresses(text: str, href: str) -> None:
    assert links(text) == [(href, href)]
    assert flat(inlines(text)) == text


@pytest.mark.parametrize(
    "text",
    ["https://user:word@example.jp/", "https://bank.example@evil.example/", "https://", "http:///a", "https://。", "javascript:alert(1)", "www.example.jp"],
)  # fmt: skip
def test_no_address_in_disguise(text: str) -> None:
    assert inlines(text) == (Text(text),)


@given(st.text("0０12-－ー()（）+81 http://ex@.。\nあ") | st.text())
def test_no_character_is_lost(text: str) -> None:
    found = inlines(text)
    assert flat(found) == text
    assert sum(isinstance(i, Break) for i in found) == text.count("\n")
    assert all(i.href.startswith(("http://", "https://", "tel:")) for i in found if isinstance(i, Link))


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("給水/01_給水所.md", "給水所"), ("3.給水.txt", "給水"), ("02 給水.txt", "給水"), ("給水.en.md", "給水"), ("【緊急】避難指示.docx", "【緊急】避難指示"),
        ("か\u3099け.txt", "がけ"), ("2024-01-09 給水.txt", "2024-01-09 給水"), ("0109_給水.txt", "0109 給水"), ("24時間の電話.txt", "24時間の電話"),
        ("議事録.v2.md", "議事録.v2"), ("給水_第2報.md", "給水 第2報"), ("01.md", "01"), ("1_.md", "1"), ("3.5度.md", "3.5度"), ("110番.md", "110番"),
    ],
)  # fmt: skip
def test_the_name_of_a_file_as_a_title(path: str, title: str) -> None:
    assert title_from_path(path) == title


@pytest.mark.parametrize(
    ("title", "severity"),
    [
        ("【緊急】避難指示", Severity.URGENT), ("【訓練・緊急】避難指示", Severity.URGENT), ("[至急]給水", Severity.URGENT), ("★緊急★給水", Severity.URGENT),
        ("緊急：給水", Severity.URGENT), ("【緊急安全確保】発令", Severity.URGENT), ("≪緊急≫給水", Severity.URGENT), ("【重要】給水", Severity.IMPORTANT),
        ("〔重要なお知らせ〕", Severity.IMPORTANT), ("担当者（緊急連絡先）", Severity.NORMAL), ("路線（緊急輸送道路）", Severity.NORMAL), ("緊急地震速報とは", Severity.NORMAL),
        ("給水", Severity.NORMAL),
    ],
)  # fmt: skip
def test_how_urgent_a_title_is(title: str, severity: Severity) -> None:
    assert severity_of(title) is severity


@pytest.mark.parametrize(
    "title",
    ["【訓練】避難指示", "（訓練）避難指示", "【緊急・訓練】避難指示", "【防災訓練】避難指示", "訓練：避難指示", "避難指示（これは訓練です）", "【訓練第2報】", "【訓練終了】"],
)  # fmt: skip
def test_exercises(title: str) -> None:
    assert is_drill(title)


@pytest.mark.parametrize(
    "title",
    ["避難指示（これは訓練ではありません）", "【訓練ではない】避難指示", "【訓練中止】のお知らせ", "防災訓練のお知らせ", "地図（訓練会場）", "避難指示", "避難訓練の中止"],
)  # fmt: skip
def test_what_is_no_exercise(title: str) -> None:
    """A warning that is taken for an exercise would reach nobody."""
    assert not is_drill(title)
