"""Texts without anything special are written as they are; with it they become markup as the long way does it."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from publisher.editions import blocks
from publisher.editions.frame import _CONTROLS, WEB, Frame

TEXTS = st.lists(
    st.sampled_from(["給水", "a", "0", "０", "1", "99", "-", "－", "ー", "&", "<", ">", '"', "'", "\x00", "\x7f", "\ufffe", "\n", "\t", " ", "0000-00-2111", "０９０－１２３４－５６７８"]) | st.text(max_size=3),
    max_size=12,
).map("".join)  # fmt: skip


class Bare:
    """Of a frame only what writes text."""

    escape = Frame.escape


def escaped(text: str) -> str:
    text = _CONTROLS.sub("", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def called(text: str) -> str:
    def link(match: re.Match[str]) -> str:
        return f'<a href="tel:{re.sub("[^0-9]", "", match[0].translate(blocks._PLAIN))}">{match[0]}</a>'

    return blocks._TELEPHONE.sub(link, escaped(text))


@settings(max_examples=600, deadline=None)
@given(TEXTS)
@example("電話 0000-00-2111 & 000")
@example("9時から10時まで")
def test_texts_become_the_same_markup(text: str) -> None:
    frame = Bare()
    assert frame.escape(WEB, text) == escaped(text)
    assert blocks.linked_text(frame, WEB, text) == called(text)  # type: ignore[arg-type]
