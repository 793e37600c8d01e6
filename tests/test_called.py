"""Names and cells are made one form many at a time: that gives what one after the other would give."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.review import remarks
from publisher.review.called import all_called, all_written, called
from publisher.review.remarks import key, key_lines
from publisher.review.variants import VARIANTS

_ODD = "　 \t\r\n\x1c\x85\u2028ーｰ・･_-()（）[]様さん氏殿くん髙高﨑崎齋斎𠮷吉ぁァｧゕヵヶゐヰゔヴがｶﾞﾊﾟ㈱㌔①Ⅳ\ufe00\U000e0100\u3099İßΣ佐藤AaＡａ0０々〆"
letters = st.one_of(st.sampled_from(_ODD), st.characters(exclude_categories=["Cs"]))
texts = st.lists(st.text(letters, max_size=9), min_size=1, max_size=12)

USUAL = {variant: usual for usual, *others in VARIANTS.split() for variant in others}
LARGE = dict(zip("ァィゥェォッャュョヮヵヶヰヱヂヅ", "アイウエオツヤユヨワカケイエジズ", strict=True))


def usual(text: str) -> str:
    """Letters of a name, in words: katakana, large, no variants, nothing that is no letter."""
    found = ""
    for character in text.lower():
        if "ぁ" <= character <= "ゖ":
            character = chr(ord(character) + 0x60)
        is_letter = re.fullmatch(r"\w", character) is not None and character not in "_ー"
        if is_letter and not ("\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"):
            found += LARGE.get(character, USUAL.get(character, character))
    return found


@given(texts)
@settings(max_examples=500)
def test_many_texts_are_written_as_each_of_them(some: list[str]) -> None:
    assert all_written(some) == [usual(unicodedata.normalize("NFKC", text.replace("\n", " "))) for text in some]


@given(texts)
@settings(max_examples=500)
def test_many_names_are_called_as_each_of_them(some: list[str]) -> None:
    assert all_called(some) == [called(text) for text in some]
    assert all_called(some * 60) == all_called(some) * 60


def test_names_without_what_stands_around_them() -> None:
    assert all_called(["髙橋　ｼｹﾞﾙ 様", "佐藤（旧姓 鈴木）花子さん", "", "殿村 氏"]) == ["高橋シゲル", "佐藤花子", "", "殿村"]


@given(texts)
@settings(max_examples=500)
def test_cells_in_lines_are_keys(some: list[str]) -> None:
    assert key_lines(some).split("\n") == [key(text) for text in some]


@given(st.from_regex(re.compile(remarks._REMARK.pattern), fullmatch=True))
@settings(max_examples=1000)
def test_words_that_hide_somebody_have_one_of_the_hints(words: str) -> None:
    assert any(hint in words for hint in remarks._HINTS)
