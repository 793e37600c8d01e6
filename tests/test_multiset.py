"""A multiset that is changed is the one that is made anew."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.model import Multiset

_texts = st.lists(st.sampled_from(["", "a", "ab", "b", "あ", "い", "髙", "高"]))


@given(before=_texts, after=_texts)
def test_changed_is_made_anew(before: list[str], after: list[str]) -> None:
    old, new = Counter(before), Counter(after)
    changed = Multiset.of(before).changed((old - new).elements(), (new - old).elements())
    whole = Multiset.of(after)
    assert (list(changed.texts), list(changed.counts)) == (list(whole.texts), list(whole.counts))
    assert whole.texts == sorted(new) and sum(whole.counts) == len(after)


@given(before=_texts, rows=_texts)
def test_what_goes_and_comes_back_is_as_it_was(before: list[str], rows: list[str]) -> None:
    whole = Multiset.of(before)
    there_and_back = whole.changed(rows, rows)
    assert (list(there_and_back.texts), list(there_and_back.counts)) == (
        list(whole.texts),
        list(whole.counts),
    )


def test_what_was_not_there_cannot_go() -> None:
    for gone in (["b"], ["a", "a"], ["c"]):
        with pytest.raises(KeyError):
            Multiset.of(["a", "d"]).changed(gone, [])
