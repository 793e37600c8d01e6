"""The lines at the top of a text that say what it is."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.model import Severity
from publisher.readers.front_matter import KEYS, FrontMatter, split

NOW = datetime(2024, 1, 9, 12, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
TEXT = """---
件名: 10月17日の給水所
日時: 令和8年10月16日 17:00
重要度: 緊急
地区: 港町、浜町
公開: 2026/10/16 18:00
終了: 2026/10/18 20:00
訓練: はい
---
本文
"""


def read(text: str) -> FrontMatter:
    return split(text, "給水.md", NOW)


def said(text: str) -> dict[str, object]:
    found = read(text)
    keys = ("title", "date", "publish", "expires", "severity", "districts", "drill")
    values = {key: getattr(found, key) for key in keys}
    return {
        key: value.strftime("%m-%d %H:%M") if isinstance(value, datetime) else value
        for key, value in values.items()
        if value not in (None, ())
    }


def told(text: str) -> list[tuple[str, str]]:
    found = read(text)
    return [
        (problem.code, problem.where.removeprefix("給水.md ")) for problem in (*found.warnings, *found.doubts)
    ]


ALL = {
    "title": "10月17日の給水所", "date": "10-16 17:00", "publish": "10-16 18:00", "expires": "10-18 20:00", "severity": Severity.URGENT,
    "districts": ("港町", "浜町"), "drill": True,
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        TEXT, TEXT.replace(": ", "："), TEXT.replace(": ", ":"), TEXT.replace("---", "－－－"), TEXT.replace("---", "-----  "), "\n\n" + TEXT,
        TEXT.replace("件名", "件　名").replace("日時", "日 時"), TEXT.replace("港町、浜町", '["港町", \'浜町\']'), TEXT.replace(" 港町、浜町", "\n  - 港町\n  - 浜町"),
        TEXT.replace("日時", "DATE").replace("件名", "Title").replace("緊急", "urgent").replace("はい", "true"), TEXT.replace("---\n", "\n"),
        TEXT.replace("件名: 10月17日の給水所", "件名: 「10月17日の給水所」"), TEXT.replace("件名: ", "件名: >-\n  "), TEXT.replace("---\n本文", "...\n本文"),
        TEXT.replace("日時", "# 覚え書き\n\n日時"),
    ],
)  # fmt: skip
def test_every_habit_of_writing_it(text: str) -> None:
    assert said(text) == ALL
    assert told(text) == []
    assert read(text).body.strip() == "本文"


def test_the_line_on_which_the_body_begins() -> None:
    found = read("\n" + TEXT)
    assert found.body_line == 11
    assert ("\n" + TEXT).split("\n")[found.body_line - 1] == found.body.split("\n")[0] == "本文"


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_key_is_taken(key: str) -> None:
    value = {"title": "題", "severity": "重要", "districts": "本町", "drill": "はい"}.get(
        KEYS[key], "1月10日 9:00"
    )
    assert list(said(f"---\n{key}: {value}\n---\n本文")) == [KEYS[key]]


@pytest.mark.parametrize(
    "text",
    [
        "---\n\n本文だけ\n", "---\n\n# 見出し\n\n---\n\n本文", "---\n場所：市役所\n時間：9時\n---\n本文", "---\n注意: 煮沸してください\n\n---\n\n本文", "---\n---\nx", "---", "",
        "---\nhttps://example.jp/\n---\nx", "場所：市役所", "場所：市役所\n\n本文", "場所：市役所\n日時：3/11\n\n本文", "日時：1月12日 10時から\n場所：市役所\n\n来てください",
        "日時：1月12日 10時\n\n講演会があります", "日時：1月12日（金）10時～12時\n公開：無料\n\n講演会", "訓練：1月12日に行います\n\n本文", "終了：工事が終わりました\n\n本文",
        "タイトル：お知らせ\n本文がすぐ続く", "# 件名: 給水\n本文", "```\n件名: a\n日時: 1/9\n```", "本文\n\n---\n件名: a\n---\n", "地区: 本町\nの皆様へ",
    ],
)  # fmt: skip
def test_a_text_without_any_stays_whole(text: str) -> None:
    assert read(text) == FrontMatter(text)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("件名：給水\n\n本文", {"title": "給水"}), ("件名：給水\n日時：1/9 9:00\n場所：市役所", {"title": "給水", "date": "01-09 09:00"}),
        ("重要度：緊急\n\n本文", {"severity": Severity.URGENT}), ("公開：1月10日\n終了：1月12日 9時\n\n本文", {"publish": "01-10 00:00", "expires": "01-12 09:00"}),
    ],
)  # fmt: skip
def test_without_rules(text: str, values: dict[str, object]) -> None:
    assert said(text) == values


def test_unclosed() -> None:
    text = "---\n件名: 給水\n日時: 1/9 9:00\n\n本文\n"
    assert said(text) == {"title": "給水", "date": "01-09 09:00"}
    assert told(text) == [("unclosed-front-matter", "1行目")]
    assert read(text).body == "\n本文\n"
    assert read(text).body_line == 4


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("公開: あした", "bad-publish"), ("公開: いいえ", "bad-publish"), ("終了: 2024-02-30", "bad-expires"), ("終了: 10月35日 20:00", "bad-expires"),
        ("公開予定日: 1月20日", "unknown-key"), ("終丁: 1月20日\n公開しない: はい", "unknown-key"), ("公開: 1/20 9:00\n終了: 1/19 9:00", "bad-expires"),
    ],
)  # fmt: skip
def test_what_might_publish_by_accident_is_a_doubt(line: str, code: str) -> None:
    found = read(f"---\n件名: a\n{line}\n---\n本文")
    assert [doubt.code for doubt in found.doubts] == [code]
    assert "まだ公開していません" in found.doubts[0].shown
    assert found.body == "本文"


@pytest.mark.parametrize(
    ("line", "told_of"),
    [
        ("日時: 昨日", ("bad-date", "4行目")), ("重要度: 大", ("bad-severity", "4行目")), ("訓練: たぶん", ("bad-drill", "4行目")), ("件目: b", ("unknown-key", "4行目")),
        ("件名: b", ("repeated-key", "4行目")), ("地区:\n- 本町\n日時: 昨日", ("bad-date", "6行目")), ("重要度:\n- 大\n- 小", ("bad-severity", "4行目")),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_with_its_line(line: str, told_of: tuple[str, str]) -> None:
    assert told(f"---\n\n件名: a\n{line}\n---\n本文") == [told_of]


@pytest.mark.parametrize("line", ["公開 1/10 9:00", "公開　１月１０日　９時", "公 開 : 1/10 9:00", "公開=2024-01-10 9:00", "公開日時＝1/10 9:00"])
def test_a_moment_of_publishing_without_its_colon(line: str) -> None:
    """It would be published at once otherwise, with this line as its title."""
    found = split(f"---\n{line}\n件名 給水：第2報\n---\n本文", "a.md", NOW)
    assert (found.publish, found.title, found.body) == (datetime(2024, 1, 10, 9, tzinfo=NOW.tzinfo), "給水：第2報", "本文")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("---\n下書き: はい\n---\n本文", ("draft", "a.md 2行目")), ("---\ndraft: true\n---\n本文", ("draft", "a.md 2行目")),
        ("---\n公開: 1/10\n公開: 1/11\n---\n本文", ("repeated-key", "a.md 3行目")), ("---\n件名給水\n公開: 1/10\n---\n本文", ("mixed-front-matter", "a.md 1行目")),
    ],
)  # fmt: skip
def test_what_leaves_open_whether_to_publish_is_held(text: str, told: tuple[str, str]) -> None:
    assert [(doubt.code, doubt.where) for doubt in split(text, "a.md", NOW).doubts] == [told]


@pytest.mark.parametrize("text", ["---\n地区 説明会\n---\n本文", "---\n公開は1月10日です\n---\n本文", "---\n本文\n---\n続き" + "\n" * 20 + "公開: 1/10"])
def test_a_text_between_rules_stays_whole(text: str) -> None:
    found = split(text, "a.md", NOW)
    assert (found.body, found.doubts, found.warnings) == (text, (), ())


def test_no_draft_is_no_doubt() -> None:
    found = split("---\n件名: a\ndraft: false\n公開: 即時\n---\n本文", "a.md", NOW)
    assert (found.title, found.doubts, found.warnings) == ("a", (), ())


def test_the_nearest_key_is_named() -> None:
    [problem] = read("---\n件名: a\n重用度: 緊急\n---\n").warnings
    assert "「重要度」の書き間違い" in problem.todo
    [problem] = read("---\n件名: a\nseverty: urgent\n---\n").warnings
    assert "「severity」の書き間違い" in problem.todo
    [problem] = read("---\n件名: a\nlayout: post\n---\n").warnings
    assert "使えるのは" in problem.todo


@pytest.mark.parametrize(
    ("line", "end"),
    [
        ("1月12日", "01-13 00:00"),
        ("1/12まで", "01-13 00:00"),
        ("1月12日 24時", "01-13 00:00"),
        ("1月12日 0時", "01-12 00:00"),
    ],
)
def test_a_day_ends_at_its_end(line: str, end: str) -> None:
    assert said(f"---\n終了: {line}\n---\n") == {"expires": end}


@pytest.mark.parametrize(
    "line", ["終了: なし", "終了:", "公開: はい", "公開:", "日時:", "重要度:", "地区:", "件名:"]
)
def test_nothing_said_is_nothing_wrong(line: str) -> None:
    assert said(f"---\n{line}\n---\n本文") == {}
    assert told(f"---\n{line}\n---\n本文") == []


def test_long_values_are_cut_in_messages() -> None:
    [problem] = read("---\n件名: a\n公開: " + "あ" * 10_000 + "\n---\n").doubts
    assert len(problem.what) < 100


@given(st.text("-: ：\n件名公開終了日時[]・\"'#x>|"))
@example("---\n件名: >\n")
@example("---\n地区:\n-")
def test_no_line_of_the_body_is_lost(text: str) -> None:
    found = read(text)
    lines = text.split("\n")
    assert found.body == "\n".join(lines[found.body_line - 1 :])


@pytest.mark.parametrize(
    "line",
    [
        "件名: " + " " * 500_000 + "x",
        " " * 500_000,
        "---" + " " * 500_000 + "x",
        "件名" + "　" * 500_000,
        "日時: " + "1" * 500_000,
    ],
)
def test_long_lines_take_no_time(line: str) -> None:
    started = time.perf_counter()
    read(f"---\n件名: a\n{line}\n---\n本文")
    read(line)
    assert time.perf_counter() - started < 1
