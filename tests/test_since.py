"""Who may be shown in the next edition of a roll, told by what differs, is who may be shown when all of it is looked at."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from publisher.model import Table
from publisher.pipeline.sequel import _fates, _fates_since
from publisher.readers.delimited import plain_columns
from publisher.review.showing import ELSEWHERE, Shown, fates, tells_whom
from tests.test_sequel import PROFILE, QUESTION

HEADER = "氏名,フリガナ,生年月日,住所,年齢,避難所,公表同意,閲覧制限,備考"
PEOPLE = ("浜野　茂,ハマノ　シゲル", "濵野茂,はまのしげる", "浜野　茂,", "髙橋　花子,タカハシ　ハナコ", "高橋花子,", "森山　実,モリヤマ　ミノル", ",タカハシ　ハナコ", "李　明,リ　メイ", "浜野茂 班長,", "茂　浜野,シゲル　ハマノ", "鷺　花子（旧姓 高橋）,サギ　ハナコ", "高橋花子12,")

people = st.builds(
    lambda *cells: ",".join(cells),
    st.sampled_from(PEOPLE),
    st.sampled_from(("", "1950-03-11", "1981-05-02")),
    st.sampled_from(("", "本町1-2-3", "汐見市本町1丁目2番3号", "浜2")),
    st.sampled_from(("", "73", "74歳", "30")),
    st.sampled_from(("北小学校",) * 6 + ("南小学校", "浜野茂と同室", "高橋花子方")),
    st.sampled_from(("同意する",) * 6 + ("同意しない", "")),
    st.sampled_from(("",) * 8 + ("有",)),
    st.sampled_from(("",) * 8 + ("DVのため", "森山実の母")),
)
rolls = st.lists(people, min_size=2, max_size=14)


@st.composite
def editions(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Two editions: of the first, some went, some came, some say other things."""
    before = draw(rolls)
    after = [line for line in before if draw(st.integers(0, 7))]
    for line in draw(st.lists(people, max_size=4)):
        after.insert(draw(st.integers(0, len(after))), line)
    if after and draw(st.booleans()):
        at = draw(st.integers(0, len(after) - 1))
        after[at] = after[at].replace("北小学校", "南小学校")
    return before, after


def whole(lines: list[str]) -> Shown:
    columns = plain_columns(QUESTION.path, [HEADER, *lines], lambda name: tells_whom(name, PROFILE))
    return fates(Table("", columns.names, columns.rows(lines), range(2, len(lines) + 2)), PROFILE, QUESTION.path)


def told(before: list[str], after: list[str]) -> tuple[Shown, Shown | None, Shown]:
    """What was said of the first edition, what the difference says of the second, and what all of it says."""
    then = whole(before)
    columns = plain_columns(QUESTION.path, [HEADER, *after], lambda name: tells_whom(name, PROFILE))
    known = {line: i for i, line in enumerate(before)}
    came = [known.get(line, -1) for line in after]
    return then, _fates_since(QUESTION, columns, [HEADER, *after], [HEADER, *before], came, then.kept), whole(after)


@given(editions())
@settings(max_examples=1500, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_the_difference_says_what_all_rows_say_or_nothing(both: tuple[list[str], list[str]]) -> None:
    before, after = both
    then, quick, slow = told(before, after)
    assume(all(one.code == ELSEWHERE for one in then.warnings))  # another edition is not remembered
    if quick is not None and all(one.code == ELSEWHERE for one in quick.warnings):
        assert (quick.kept, quick.warnings) == (slow.kept, slow.warnings)


SHIGERU = "浜野　茂,ハマノ　シゲル,1950-03-11,本町1-2-3,73,北小学校,同意する,,"
HANAKO = "髙橋　花子,タカハシ　ハナコ,,浜2,30,北小学校,同意する,,"
MARKED = HANAKO.replace("同意する,,", "同意する,有,")
REFUSED = MARKED.replace("同意する,有", "同意しない,")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([SHIGERU, MARKED], [SHIGERU.replace("北", "南"), MARKED]),
        ([SHIGERU, MARKED], [SHIGERU, MARKED.replace("北", "南")]),
        ([SHIGERU, MARKED], [SHIGERU, MARKED, HANAKO]),
        ([SHIGERU, MARKED, HANAKO], [SHIGERU]),
        ([SHIGERU], [SHIGERU, HANAKO]),
        ([SHIGERU], [SHIGERU, MARKED]),  # nobody who stood is she, or names her
        ([SHIGERU, HANAKO, REFUSED], [SHIGERU, HANAKO, MARKED]),  # she was not shown before
        ([SHIGERU, HANAKO.replace("花", "月")], [SHIGERU, HANAKO.replace("花", "月"), MARKED, MARKED.replace("花", "雪").replace("ハナ", "ユキ")]),
    ],
)
def test_what_says_nothing_new_of_others_needs_no_look_at_all_rows(before: list[str], after: list[str]) -> None:
    _, quick, slow = told(before, after)
    assert quick is not None
    assert (quick.kept, quick.warnings) == (slow.kept, slow.warnings)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([SHIGERU, HANAKO], [SHIGERU, HANAKO, MARKED]),  # she must go from the row that stood
        ([SHIGERU, HANAKO.replace("浜2,30", ","), REFUSED], [SHIGERU, HANAKO.replace("浜2,30", ","), MARKED]),  # a mark is more than a refusal
        ([SHIGERU.replace("茂", "茂・高橋花子")], [SHIGERU.replace("茂", "茂・高橋花子"), MARKED]),
        ([SHIGERU.replace("北小学校", "高橋花子方")], [SHIGERU.replace("北小学校", "高橋花子方"), MARKED]),  # he may name her no more
        ([SHIGERU.replace("北小学校", "高橋花子方")] * 4 + [SHIGERU.replace("北小学校,", "高橋花子方,").replace("茂", "実"), MARKED], [SHIGERU.replace("北小学校", "高橋花子方"), MARKED]),
    ],
)
def test_what_says_more_of_others_is_for_all_rows(before: list[str], after: list[str]) -> None:
    assert told(before, after)[1] is None


def test_the_quick_way_is_taken_and_left() -> None:
    """Both happen to what the property draws."""
    took: Counter[bool] = Counter()

    @given(editions())
    @settings(max_examples=200, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def count(both: tuple[list[str], list[str]]) -> None:
        took[told(*both)[1] is not None] += 1

    count()
    assert min(took[True], took[False]) > 20, took


def test_where_the_quick_way_says_nothing_all_rows_are_asked() -> None:
    before, after = [SHIGERU, HANAKO], [SHIGERU, HANAKO, MARKED]
    found = _fates(QUESTION, [HEADER, *after], [HEADER, *before], [0, 1, -1], whole(before).kept)
    assert found is not None and found.kept == b"\1\0\0" == whole(after).kept
