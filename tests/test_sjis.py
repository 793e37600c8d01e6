"""The gate to Shift_JIS."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.editions.sjis import GETA, Loss, candidates, gate, size


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("給水所の案内ABC123", "給水所の案内ABC123"),
        ("9時～17時－", "9時〜17時−"),
        ("￠￡￢∥—¥‾", "¢£¬‖―￥￣"),
        ("ｶﾞｽﾊﾟﾜｰ｡", "ガスパワー。"),
        ("髙島 﨑山 𠮷野 德田 瀨戸 濵口", "高島 崎山 吉野 徳田 瀬戸 浜口"),
        ("①㈱Ⅲ㍻㌔㎏", "1(株)III平成キロkg"),
        ("葛󠄀城 ⻑野", "葛城 長野"),
        ("が\u3099は\u309a", "が゛ぱ"),
        ("か\u3099", "が"),
        ("\uf93d", "緑"),
        ("\uf93dか\u3099", "緑が"),
        ("<b>\u0338", f"<b>{GETA}"),
        ("café São", "cafe Sao"),
        ("☎0000", "電話0000"),
        ("鷗 麴町", "鴎 麹町"),
        ("한 😀", f"{GETA} {GETA}"),
        ("﹤b﹥ ＜b＞", "＜b＞ ＜b＞"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert gate(text).text == shown


def test_differences_between_mapping_tables_are_no_loss() -> None:
    assert gate("9時～17時 － ￥ ｶﾅ").losses == ()


def test_what_was_simplified_is_told_once_for_each_character() -> None:
    assert gate("髙髙①한").losses == (Loss("髙", "高"), Loss("①", "1"), Loss("한", GETA))


def test_the_site_knows_better() -> None:
    assert gate("彅", {"彅": "なぎ"}).text == "なぎ"
    assert gate("彅", {"彅": "😀"}).text == GETA
    assert gate("彅", {"彅": "<b>"}).text == "＜b＞"


def test_the_extract_holds_single_characters_within_jis_x_0208_only() -> None:
    found = candidates()
    assert len(found) > 10_000
    for original, shown in found.items():
        assert len(original) == len(shown) == 1
        shown.encode("shift_jis")
        with pytest.raises(UnicodeEncodeError):
            original.encode("shift_jis")


@given(st.text())
def test_everything_passes_and_nothing_becomes_markup(text: str) -> None:
    shown = gate(text).text
    assert shown.encode("shift_jis").decode("shift_jis") == shown
    assert size(text) == len(shown.encode("shift_jis"))
    for sign in "<>&\"'":
        assert shown.count(sign) == text.count(sign)
    assert not any("\uff61" <= c <= "\uff9f" for c in shown)


@given(st.text(), st.text())
def test_the_gate_is_the_same_on_parts(one: str, two: str) -> None:
    """Pages are measured in parts: a whole never takes more than its parts."""
    assert size(one + two) <= size(one) + size(two) + 2


TEXTS = st.text(st.one_of(st.characters(), st.sampled_from("か\u3099\u309a\u0301\u0338e=\uf93d\u0958\u0f43ｶﾞ髙\ufe00")))


@given(TEXTS, TEXTS)
def test_what_becomes_of_a_cell_hangs_on_it_alone(one: str, other: str) -> None:
    one, other = one.replace("\0", ""), other.replace("\0", "")
    assert gate(f"{one}\0{other}").text == f"{gate(one).text}\0{gate(other).text}"
