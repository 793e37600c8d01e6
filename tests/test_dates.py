"""Moments in every form in which officials write them."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.readers.dates import find_as_of, find_moment, names_only_a_day, parse_moment

TOKYO = ZoneInfo("Asia/Tokyo")
NOW = datetime(2024, 1, 9, 12, 0, tzinfo=TOKYO)

QUAKE = """
2011-03-11T14:46:00+09:00 | 2011-03-11T05:46:00Z | 2011-03-11T05:46:00.123Z | 2011-03-11 14:46 | 2011-03-11 14:46:00 +0900 | 2011-03-11 14:46 JST
2011/3/11 14:46 | 2011/03/11 14:46:00 | 2011.3.11 14:46 | 2011. 3. 11 14:46 | 2011-03-11 2:46pm | 2011/3/11 2:46 PM
2011年3月11日(金) 14時46分 | 2011年3月11日（金）14:46 | 2011年3月11日（金・祝）14時46分 | 2011年3月11日金曜日14時46分 | 2011年3月11日 14：46
2011年3月11日（金曜日）午後2時46分 | ２０１１年３月１１日（金）　午後２時４６分 | 2011年3月11日午後2:46 | 2011年3月11日14時46分0秒
平成23年3月11日 14時46分 | 平成 23 年 3 月 11 日 14:46 | ㍻23年3月11日14時46分 | H23.3.11 14:46 | h23/3/11 14:46 | 平23.3.11 14:46 | Ｈ２３．３．１１　１４：４６
平成23年（2011年）3月11日 14時46分 | 2011年（平成23年）3月11日14時46分 | 2011（平成23）年3月11日14時46分 | 平成23(2011)年3月11日 14時46分
二〇一一年三月十一日十四時四十六分 | 平成二十三年三月十一日午後二時四十六分 | 20110311T1446 | 201103111446 | 20110311144600
2011年3月11日14時46分頃 | 2011年3月11日14時46分ごろ | 2011年3月11日（金）14時46分現在 | H23.3.11 14:46時点 | 2011年3月11日14時46分から | 2011年3月11日14時46分まで
2011年3月11日、14時46分 | 平成23年3月11日（金）、午後2時46分
"""


@pytest.mark.parametrize(
    "text", [form.strip() for line in QUAKE.strip().split("\n") for form in line.split("|")]
)
def test_one_moment_in_every_form(text: str) -> None:
    found = parse_moment(text, NOW)
    assert found is not None
    assert found.replace(microsecond=0) == datetime(2011, 3, 11, 14, 46, tzinfo=TOKYO)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("令和元年5月1日", "2019-05-01T00:00"), ("令6.1.9", "2024-01-09T00:00"), ("R6/1/9 18:00", "2024-01-09T18:00"), ("㋿6年1月9日", "2024-01-09T00:00"),
        ("昭和64年1月7日", "1989-01-07T00:00"), ("大正12年9月1日 11時58分", "1923-09-01T11:58"), ("S34.9.26", "1959-09-26T00:00"),
        ("3/11 14:46", "2024-03-11T14:46"), ("3月11日", "2024-03-11T00:00"), ("12/31", "2023-12-31T00:00"), ("１２月３１日", "2023-12-31T00:00"),
        ("2/29", "2024-02-29T00:00"), ("1/9(火)18:00", "2024-01-09T18:00"), ("1/9（火）18時半", "2024-01-09T18:30"),
        ("午後2時半", "2024-01-09T14:30"), ("正午", "2024-01-09T12:00"), ("18:00", "2024-01-09T18:00"), ("0:00", "2024-01-09T00:00"),
        ("2011年3月11日正午", "2011-03-11T12:00"), ("2011年3月11日24時", "2011-03-12T00:00"), ("2011年3月11日25時30分", "2011-03-12T01:30"),
        ("2011年12月31日 24:00", "2012-01-01T00:00"), ("午前0時", "2024-01-09T00:00"), ("午後0時30分", "2024-01-09T12:30"), ("午後12時30分", "2024-01-09T12:30"),
        ("12:30 am", "2024-01-09T00:30"), ("9999-12-31", "9999-12-31T00:00"), ("20240109", "2024-01-09T00:00"), ("1月12日まで", "2024-01-12T00:00"),
    ],
)  # fmt: skip
def test_what_is_not_said_is_near(text: str, shown: str) -> None:
    found = parse_moment(text, NOW)
    assert found is not None
    assert found.strftime("%Y-%m-%dT%H:%M") == shown
    assert found.tzinfo is TOKYO


@pytest.mark.parametrize(
    "text",
    [
        "2011年13月1日",
        "2011年2月29日",
        "2011-02-30",
        "14:60",
        "30時",
        "30:00",
        "午前13時",
        "午後25時",
        "13:00pm",
        "平成32年1月1日",
        "平成0年1月1日",
        "令和0年1月1日",
        "昭和65年1月1日",
        "大正16年1月1日",
        "99999年1月1日",
        "9999年12月31日24時",
        "0001-01-01",
        "明日",
        "本日",
        "近日中",
        "未定",
        "3-4-5",
        "1.2.3",
        "11/3/2011",
        "2011/3-11",
        "2011年3月",
        "9日18時",
        "0/1",
        "1/0",
        "13/1",
        "4/31",
        "2011-03-11T14:46+99:00",
        "20111311",
        "20110230",
        "",
        "",
        "\u3000",
        ":",
        "/",
        "1",
        "午後",
        "年月日",
        "月日",
        "R",
        "令和",
        "現在",
        "2011年3月11日14時46分、15時",
    ],
)
def test_what_is_no_moment(text: str) -> None:
    assert parse_moment(text, NOW) is None


@pytest.mark.parametrize(
    "text",
    [
        "1/2",
        "１／２",
        "(1/2)",
        "半分の1/2",
        "全体の1/3が断水",
        "1/2に減",
        "3/4インチ",
        "100/3",
        "避難所 3/5か所",
        "5/10世帯",
        "1/2ページ",
        "p.1/2",
        "本町3-4-5",
        "本町1/2地区",
        "平成3-4-5",
        "昭和1-2-3",
        "大1-2-3号",
        "東平1-2-3",
        "H1-2-3",
        "0000-00-2111",
        "03-1234-5678",
        "0120-444-113",
        "0996-23-5111",
        "2011-12-1234",
        "2024-123-4567",
        "1234-56-7890",
        "2024-1-9-3",
        "〒100-0001",
        "郵便2011-0311",
        "192.168.1.1",
        "v1.2.3",
        "1.2.3",
        "2.5.10",
        "M6.1.9",
        "M7.6の地震",
        "大3.4.5",
        "T5.1.1",
        "震度5-6",
        "A2011/1/2",
        "12000/1/2",
        "2024/1/9/1",
        "9:00~17:00",
        "午後2時半",
        "1,234円",
        "5/12",
        "10/10",
    ],
)
def test_what_looks_like_a_date_and_is_none(text: str) -> None:
    assert find_moment(text, NOW) is None
    assert find_moment(f"汐見市{text}です", NOW) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("給水は1/9 18:00からです", "2024-01-09 18:00"), ("1/9から1/12まで", "2024-01-09 00:00"), ("1/12（金）に再開", "2024-01-12 00:00"),
        ("更新日: 1/8", "2024-01-08 00:00"), ("1/8更新", "2024-01-08 00:00"), ("電話0996-23-5111（2024-01-09から）", "2024-01-09 00:00"),
        ("割合は1/2、1月10日に3-4-5へ", "2024-01-10 00:00"), ("令和6年1月9日18時00分現在", "2024-01-09 18:00"), ("R6.1.9作成", "2024-01-09 00:00"),
        ("2011年2月30日ではなく2011年3月1日", "2011-03-01 00:00"), ("2024.1.9更新", "2024-01-09 00:00"), ("1月9日9時間の停電", "2024-01-09 00:00"),
    ],
)  # fmt: skip
def test_a_date_in_running_text(text: str, shown: str) -> None:
    found = find_moment(text, NOW)
    assert found is not None
    assert found.strftime("%Y-%m-%d %H:%M") == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("避難所一覧（1月9日18時現在）", "2024-01-09 18:00"), ("令和6年1月9日（火）午後6時現在", "2024-01-09 18:00"), ("更新：1/8 9:00", "2024-01-08 09:00"),
        ("3月1日の会議\n2024年1月9日発表", "2024-01-09 00:00"), ("1/9現在", "2024-01-09 00:00"), ("R6.1.9 18:00 時点", "2024-01-09 18:00"),
    ],
)  # fmt: skip
def test_the_moment_of_which_a_text_speaks(text: str, shown: str) -> None:
    found = find_as_of(text, NOW)
    assert found is not None
    assert found.strftime("%Y-%m-%d %H:%M") == shown


@pytest.mark.parametrize(
    "text", ["3月1日に会議", "現在1/2が断水", "現在の避難者は1/3", "電話03-1234-5678 更新", "更新 平成3-4-5"]
)
def test_no_moment_of_which_a_text_speaks(text: str) -> None:
    assert find_as_of(text, NOW) is None


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("1月12日", True),
        ("R6.1.12まで", True),
        ("20240112", True),
        ("1月12日17時", False),
        ("17:00", False),
        ("未定", False),
    ],
)
def test_days_without_a_time(text: str, only: bool) -> None:
    assert names_only_a_day(text) is only


def _kanji(number: int) -> str:
    tens, ones = divmod(number, 10)
    return (
        ("" if tens < 2 else "〇一二三四五六七八九"[tens])
        + ("十" if tens else "")
        + ("〇一二三四五六七八九"[ones] if ones or not tens else "")
    )


FULL = str.maketrans("0123456789:/.-", "０１２３４５６７８９：／．－")
FORMS = {
    "iso": lambda d: d.isoformat(),
    "iso with a space": lambda d: d.strftime("%Y-%m-%d %H:%M"),
    "slashes": lambda d: f"{d.year}/{d.month}/{d.day} {d.hour}:{d:%M}",
    "full width": lambda d: f"{d.year}/{d.month}/{d.day} {d.hour}:{d:%M}".translate(FULL),
    "年月日": lambda d: (
        f"{d.year}年{d.month}月{d.day}日({'月火水木金土日'[d.weekday()]}) {d.hour}時{d.minute}分"
    ),
    "午前午後": lambda d: (
        f"{d.year}年{d.month}月{d.day}日（{'月火水木金土日'[d.weekday()]}）{'午後' if d.hour > 11 else '午前'}{d.hour % 12}時{d.minute}分"
    ),
    "令和": lambda d: (
        f"令和{'元' if d.year == 2019 else d.year - 2018}年{d.month}月{d.day}日{d.hour}時{d.minute}分"
    ),
    "R": lambda d: f"R{d.year - 2018}.{d.month}.{d.day} {d.hour:02}:{d:%M}",
    "both years": lambda d: f"令和{d.year - 2018}年({d.year}年){d.month}月{d.day}日 {d.hour}:{d:%M}",
    "kanji": lambda d: (
        f"令和{_kanji(d.year - 2018)}年{_kanji(d.month)}月{_kanji(d.day)}日{_kanji(d.hour)}時{_kanji(d.minute)}分"
    ),
    "compact": lambda d: d.strftime("%Y%m%d%H%M"),
}
MOMENTS = st.datetimes(  # hypothesis wants bounds without a zone
    datetime(2019, 1, 1, tzinfo=TOKYO).replace(tzinfo=None),
    datetime(2099, 12, 31, tzinfo=TOKYO).replace(tzinfo=None),
    timezones=st.just(TOKYO),
).map(lambda d: d.replace(second=0, microsecond=0, fold=0))


@pytest.mark.parametrize("form", FORMS)
@given(moment=MOMENTS)
def test_what_is_written_is_read(form: str, moment: datetime) -> None:
    assert parse_moment(FORMS[form](moment), NOW) == moment


@given(
    st.dates(date(2023, 7, 15), date(2024, 7, 1)),
    st.sampled_from(["{0.month}/{0.day}", "{0.month}月{0.day}日"]),
)
def test_without_a_year_the_nearest_one(day: date, form: str) -> None:
    found = parse_moment(form.format(day), NOW)
    assert found is not None
    assert found.date() == day


@given(st.integers(-14 * 60, 14 * 60))
def test_every_offset(minutes: int) -> None:
    moment = datetime(2024, 1, 9, 3, 0, tzinfo=timezone(timedelta(minutes=minutes)))
    assert parse_moment(moment.isoformat(), NOW) == moment


@given(st.text("0123456789年月日時分秒半元令和平成HR./-:()（）午前後正金曜 〇一十百現在頃Z+1/9TM"))
@example("9999/12/31 25:00")
@example("R" + " " * 100 + "6.1.9")
def test_nothing_raises(text: str) -> None:
    for read in (parse_moment, find_moment, find_as_of):
        found = read(text, NOW)
        assert found is None or found.tzinfo is not None
    names_only_a_day(text)


@pytest.mark.parametrize("piece", ["R ", "1", "一", "1月", "令和6年", "1/", "2024-", "午後 ", "(", "9:9:9:"])
def test_long_lines_take_no_time(piece: str) -> None:
    line = piece * (200_000 // len(piece)) + "現在"
    started = time.perf_counter()
    find_moment(line, NOW)
    find_as_of(line, NOW)
    assert time.perf_counter() - started < 2
