"""Tables in the standard layouts of open data: known by their headers, shown as residents need them."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.editions.tables.columns import Role, View, layout
from publisher.editions.tables.recipes import RECIPES
from publisher.editions.tables.standard import present
from publisher.editions.tables.telephone import linked
from publisher.layouts import Kind, marks, recognise
from publisher.layouts.fields import ALIASES, field_of, hazard_of
from publisher.model import Accepted, Head, Held, PublicTable, PublicWorkbook, Table, TableKind, Workbook
from publisher.readers import read
from publisher.review import review
from publisher.review.names import joined
from tests.town import Town, make_town

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Asia/Tokyo"))

STANDARD = ["全国地方公共団体コード", "ID", "名称", "名称_カナ", "名称_英字", "所在地_全国地方公共団体コード", "町字ID", "所在地_連結表記", "所在地_都道府県", "所在地_市区町村", "所在地_町字", "所在地_番地以下", "建物名等(方書)", "緯度", "経度", "標高", "電話番号", "内線番号", "連絡先メールアドレス", "連絡先FormURL", "連絡先備考（その他、SNSなど）", "郵便番号", "市区町村コード", "地方公共団体名", "災害種別_洪水", "災害種別_崖崩れ、土石流及び地滑り", "災害種別_高潮", "災害種別_地震", "災害種別_津波", "災害種別_大規模な火事", "災害種別_内水氾濫", "災害種別_火山現象", "指定避難所との重複", "想定収容人数", "対象となる町会・自治会", "URL", "画像", "画像_ライセンス", "備考"]
STATUS = ["施設名", "施設名（かな）", "所在地（住所）", "緯度", "経度", "施設電話番号", "開設状況", "空き状況", "避難者数（総数）", "避難世帯数", "開設日時", "閉鎖日時", "避難所状況確認日時", "想定収容人数", "乳幼児数", "Wi-Fi環境の有無"]
ROADS = ["道路種別", "路線名", "規制場所始点", "規制場所終点", "距離・延長", "規制種別", "規制理由", "規制開始日", "規制開始時間", "規制終了日", "規制終了時間"]
OUTAGES = ["地方公共団体コード", "都道府県名", "市区町村名", "断水戸数（最大）", "断水戸数（現在）", "断水開始日時", "断水解消日時"]
ORDERS = ["発令・解除理由", "地方公共団体コード", "市区町村名", "発令区分", "発令・解除区分", "発令・解除対象地区", "発令・移行・解除日時", "警戒レベル", "対象世帯数", "対象人数"]
CLINICS = ["都道府県コード又は市区町村コード", "NO", "都道府県名", "市区町村名", "名称", "名称_カナ", "医療機関の種類", "住所", "方書", "緯度", "経度", "電話番号", "内線番号", "FAX番号", "法人番号", "開設者氏名", "管理者氏名", "医療機関コード", "診療曜日", "診療開始時間", "診療終了時間", "診療日時特記事項", "時間外における対応", "診療科目", "病床数", "URL", "備考"]
AED = ["都道府県コード又は市区町村コード", "NO", "都道府県名", "市区町村名", "名称", "名称_カナ", "住所", "方書", "緯度", "経度", "設置位置", "電話番号", "内線番号", "法人番号", "団体名", "利用可能曜日", "開始時間", "終了時間", "利用可能日時特記事項", "小児対応設備の有無", "URL", "備考"]


def table(columns: list[str], *rows: dict[str, str], kind: TableKind = TableKind.OPEN, **more: object) -> PublicTable:
    """A public table of rows given by header; what a row leaves out is empty."""
    full = [tuple(row.get(column, "") for column in columns) for row in rows]
    for row in rows:
        assert set(row) <= set(columns)
    return PublicTable("hyo", "表", kind, tuple(columns), full, len(full), **more)


def shown(view: PublicTable) -> list[dict[str, str]]:
    return [{c: v for c, v in zip(view.columns, row, strict=True) if v} for row in view.rows]


# --- recognised -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        (STANDARD, Kind.SHELTERS), (STATUS, Kind.SHELTERS), (ROADS, Kind.ROADS), (OUTAGES, Kind.OUTAGES), (ORDERS, Kind.ORDERS),
        (CLINICS, Kind.CLINICS), (AED, Kind.AED), (["名称", "住所", "電話番号"], Kind.PLACES), (["給水場所", "住所", "給水量"], Kind.WATER),
        (["病院名", "住所", "電話番号"], Kind.CLINICS), (["登録番号", "住所", "緯度", "経度", "井戸の形態"], Kind.PLACES),
    ],
)  # fmt: skip
def test_layouts_are_known_by_their_headers(columns: list[str], kind: Kind) -> None:
    found = recognise(columns)
    assert found is not None
    assert found.kind is kind


@given(st.permutations(STANDARD), st.lists(st.sampled_from(["ひとこと", "独自の列", "備考2"]), unique=True))
def test_order_and_added_columns_do_not_matter(columns: list[str], added: list[str]) -> None:
    found = recognise([*columns, *added])
    assert found is not None
    assert found.kind is Kind.SHELTERS
    assert columns[found.fields["name"]] == "名称"
    assert len(found.hazards) == 8
    assert {columns[i] if i < len(columns) else [*columns, *added][i] for i in found.rest} == {"画像", *added}


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("人数_令和6年1月9日午後6時時点", "people"), ("避難者数（３月１１日現在）", "people"), ("電話番号※", "phone"), ("　名　称 ", "name"), ("ＴＥＬ", "phone"),
        ("①名称", "name"), ("収容人数（人）", "capacity"), ("所在地（住所）", "address"), ("建物名等（方書）", "building"), ("telephoneNumber", "phone"),
        ("開設状況★", "state"), ("住所（施設の所在）", "address"), ("避難所_住所", "address"), ("病院の電話番号", "phone"), ("施設_開設状況", "state"), ("避難所数", None), ("好きな色", None), ("氏名", None),
    ],
)  # fmt: skip
def test_headers_are_read_with_tolerance(header: str, field: str | None) -> None:
    assert field_of(header) == field


@pytest.mark.parametrize(
    ("header", "danger"),
    [
        ("災害種別_洪水", "洪水"), ("対象とする災害：崖崩れ等", "土砂災害"), ("開設される災害の種類（地震・津波）", "地震・津波"), ("津波", "津波"),
        ("flood_L1", "洪水（計画規模）"), ("災害種別＿高潮", "高潮"), ("対象災害_隕石", "隕石"), ("天気", None),
    ],
)  # fmt: skip
def test_dangers_are_read_from_headers(header: str, danger: str | None) -> None:
    assert hazard_of(header) == danger


@pytest.mark.parametrize(
    "columns",
    [
        "氏名,住所,電話番号", "避難所名,氏名,人数,住所", "名前,フリガナ,年齢", "品名,数量", "受付_年月日,曜日,相談件数", "日付,気温", "名称,生年月日,住所,電話番号",
        "氏名,性別,避難所名,住所",
    ],
)  # fmt: skip
def test_other_tables_are_left_alone(columns: str) -> None:
    assert recognise(columns.split(",")) is None


def test_every_field_of_a_recipe_is_known() -> None:
    assert set(RECIPES) == set(Kind)
    assert all(aliases for aliases in ALIASES.values())


# --- shown --------------------------------------------------------------------------------------------------------


def test_a_standard_list_of_places_to_flee_to() -> None:
    made = present(
        table(
            STANDARD,
            {
                "ID": "E01", "名称": "東小", "名称_カナ": "ヒガシショウ", "所在地_連結表記": "汐見市本町1-2", "建物名等(方書)": "体育館", "所在地_市区町村": "汐見市",
                "緯度": "35.1", "経度": "136.2", "標高": "3.2", "電話番号": "0000-00-0001", "内線番号": "12", "災害種別_洪水": "1", "災害種別_地震": "○",
                "災害種別_津波": "×", "災害種別_高潮": "△", "指定避難所との重複": "1", "想定収容人数": "300", "郵便番号": "000-0001",
            },
            {"名称": "西小", "所在地_連結表記": "汐見市浜町9", "所在地_市区町村": "汐見市", "災害種別_洪水": "1.0"},
        )
    )  # fmt: skip
    assert isinstance(made, View)
    one, two = sorted(shown(made), key=lambda row: row["名称"] != "東小")
    assert one == {
        "名称": "東小", "よみ": "ヒガシショウ", "町": "本町", "住所": "汐見市本町1-2 体育館", "電話番号": "0000-00-0001（内線12）",
        "対応する災害": "洪水、高潮（△）、地震", "対応していない災害": "津波", "収容人数": "300人", "避難所を兼ねる": "はい", "緯度": "35.1", "経度": "136.2",
    }  # fmt: skip
    assert two == {"名称": "西小", "町": "浜町", "住所": "汐見市浜町9", "対応する災害": "洪水"}
    how = layout(made)
    assert [made.columns[i] for i in how.main or ()] == ["住所", "対応する災害"]
    assert how.map is not None
    assert "災害" in made.says


def test_open_shelters_by_district_and_closed_ones_last() -> None:
    def row(name: str, town: str, **more: str) -> dict[str, str]:
        return {"施設名": name, "所在地（住所）": f"汐見市{town}町1-1", **more}

    made = present(
        table(
            STATUS,
            row("甲", "西", 開設状況="閉鎖", 閉鎖日時="2026-11-20T14:00:00"),
            row("乙", "東", 開設状況="開設", 空き状況="満員", **{"避難者数（総数）": "120", "避難世帯数": "40"}),
            row("丙", "西", 開設状況="開設", 空き状況="空きあり", 開設日時="2026-11-20T09:05:00", 乳幼児数="3", **{"Wi-Fi環境の有無": "有"}),
            row("丁", "東", 閉鎖日時="2026-11-20 14:00"),
        )
    )
    names = [row["施設名"] for row in shown(made)]
    assert set(names[:2]) == {"乙", "丙"}
    assert set(names[2:]) == {"甲", "丁"}
    said = {row["施設名"]: row for row in shown(made)}
    assert said["乙"]["状況"] == "開設、満員、避難者120人（40世帯）"
    assert said["丙"]["状況"] == "開設、空きあり"
    assert said["丙"]["開設した時間"] == "2026年11月20日 9:05から"
    assert said["丁"]["状況"] == "閉鎖"
    assert said["丙"]["Wi-Fi環境"] == "あり"
    assert said["丙"]["乳幼児数"] == "3"
    assert layout(made).main is not None
    assert [made.columns[i] for i in layout(made).main] == ["状況", "住所"]


def test_roads_say_where_what_and_until_when() -> None:
    made = present(
        table(
            ROADS,
            {"路線名": "県道5号", "規制場所始点": "橋", "規制場所終点": "駅", "規制種別": "解除", "規制理由": "冠水"},
            {"路線名": "国道9号", "規制場所始点": "本町", "規制場所終点": "浜町", "規制種別": "全面通行止め", "規制理由": "土砂崩れ", "規制開始日": "2026-11-20", "規制開始時間": "14:00"},
        )
    )  # fmt: skip
    assert shown(made) == [
        {"道路": "国道9号", "規制": "全面通行止め（土砂崩れ）", "区間": "本町から浜町まで", "期間": "2026年11月20日 14:00から"},
        {"道路": "県道5号", "規制": "解除（冠水）", "区間": "橋から駅まで"},
    ]


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-11-20", "2026-11-21", "2026年11月20日から2026年11月21日まで"), ("2026-11-20", "未定", "2026年11月20日から（解除の見込み: 未定）"),
        ("", "24日ごろ", "（解除の見込み: 24日ごろ）"), ("11月20日", "", "11月20日から"), ("", "11月20日 9時", "11月20日 9時まで"),
    ],
)  # fmt: skip
def test_a_hope_is_no_moment(start: str, end: str, said: str) -> None:
    made = present(table(["路線名", "規制内容", "規制開始", "解除の見込み"], {"路線名": "甲", "規制内容": "止", "規制開始": start, "解除の見込み": end}))
    assert shown(made)[0]["期間"] == said


def test_outages_and_orders() -> None:
    dry = present(
        table(OUTAGES, {"市区町村名": "甲市", "断水戸数（最大）": "50", "断水戸数（現在）": "0"}, {"市区町村名": "乙町", "断水戸数（最大）": "1200", "断水戸数（現在）": "300"})
    )  # fmt: skip
    assert [(r["市区町村名"], r["状況"], r["断水戸数"]) for r in shown(dry)] == [("乙町", "断水中", "300戸（最大1200戸）"), ("甲市", "解消", "0戸（最大50戸）")]
    orders = present(
        table(
            ORDERS,
            {"発令・解除対象地区": "山手", "発令区分": "高齢者等避難", "発令・解除区分": "発令", "警戒レベル": "３"},
            {"発令・解除対象地区": "丘", "発令区分": "緊急安全確保", "発令・解除区分": "解除", "警戒レベル": "5"},
            {"発令・解除対象地区": "浜", "発令区分": "避難指示", "発令・解除区分": "発令", "警戒レベル": "4", "対象世帯数": "12", "対象人数": "34"},
        )
    )  # fmt: skip
    assert [row["発令・解除対象地区"] for row in shown(orders)] == ["浜", "山手", "丘"]
    assert shown(orders)[0]["対象"] == "12世帯、34人"


def test_clinics_show_hours_and_no_names_of_people() -> None:
    made = present(
        table(
            CLINICS,
            {"名称": "甲医院", "住所": "汐見市本町1", "電話番号": "0000-00-0000", "開設者氏名": "汐見 太郎", "診療科目": "内科;外科", "診療曜日": "月火", "診療開始時間": "9:00", "診療終了時間": "17:00"},
        )
    )  # fmt: skip
    (row,) = shown(made)
    assert row["診療科目"] == "内科、外科"
    assert row["診療時間"] == "月火 9:00〜17:00"
    assert "汐見 太郎" not in row.values()


def test_long_words_that_every_row_repeats_are_said_once() -> None:
    words = "白いカバーを取り外し、土のうを取り出してください。使ったあとは各世帯で保管してください。"
    made = present(table(["名称", "住所", "緯度", "経度", "利用方法"], *({"名称": f"公園{n}", "住所": f"汐見市本町{n}", "利用方法": words} for n in range(4))))
    assert "利用方法" not in made.columns
    assert made.notes == (f"利用方法：{words}",)


def test_notes_of_catalogues_in_words() -> None:
    made = present(table(["名称", "住所", "電話番号"], {"名称": "甲", "住所": "汐見市本町1"}, notes=("lang: ja", "attribution_name: 汐見市", "※手書きの注")))
    assert made.notes == ("データの作成者：汐見市", "※手書きの注")


def test_people_are_never_rearranged() -> None:
    roll = table(STATUS, {"施設名": "甲"}, personal=True)
    assert present(roll) is roll
    assert present(table(["品名", "数量"], {"品名": "水", "数量": "3"})).columns == ("品名", "数量")


def test_marks_in_words() -> None:
    assert [marks.yes(cell) for cell in ("○", "〇", "1", "１", "有", "1.0", "×", "0", "無", "△", "", "たぶん")] == [True] * 6 + [False] * 3 + [None] * 3
    assert marks.worded("たぶん") == "たぶん"
    assert marks.worded("－") == ""
    assert not marks.signs_only({"1", "0"})
    assert marks.signs_only({"○", ""})


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("(054)626-1118   ", ["0546261118"]), ("0767-57-5018、0767-57-5019", ["0767575018", "0767575019"]), ("０７６７－５７－５０１８", ["0767575018"]),
        ("076(237)8211", ["0762378211"]), ("水道課 0120-123-456（平日）", ["0120123456"]), ("+81-54-626-1118", ["+81546261118"]), ("0546261118", ["0546261118"]),
        ("2026-11-20 09:00", []), ("920-8530", []), ("10:00-17:00", []), ("05-06-07", []), ("000000000000000", []), ("054-626-1118-5", []), ("&#0312345678;", []),
    ],
)  # fmt: skip
def test_telephone_numbers_become_links(cell: str, numbers: list[str]) -> None:
    made = linked(cell)
    assert re.findall(r'href="tel:([^"]+)"', made) == numbers
    assert re.sub(r"<[^>]+>", "", made) == cell


# --- not held -----------------------------------------------------------------------------------------------------


def judged(columns: list[str], *rows: dict[str, str]) -> Accepted | Held:
    full = [tuple(row.get(column, "") for column in columns) for row in rows]
    book = Workbook(Head("表"), (Table("", tuple(columns), full, list(range(2, 2 + len(full)))),))
    return review("表.csv", book, None, "hyo", False)


def test_official_contacts_do_not_hold_a_table() -> None:
    names = ("鈴木 医院", "高橋 クリニック", "田中 眼科医院", "佐藤 病院", "伊藤 診療所")
    rows = [
        {"名称": name, "名称_カナ": "スズキ イイン", "住所": f"汐見市本町{n}-1", "電話番号": f"090-1111-000{n}", "診療科目": "内科", "開設者氏名": "鈴木 一郎"}
        for n, name in enumerate(names)
    ]
    verdict = judged(CLINICS, *rows)
    assert isinstance(verdict, Accepted)
    assert {warning.code for warning in verdict.warnings} >= {"mobile-number"}
    assert all("090" not in str(warning) and "一郎" not in str(warning) for warning in verdict.warnings)
    shelters = [{"施設名": f"第{n}小学校", "施設電話番号": f"080-2222-000{n}", "開設状況": "開設", "避難者数（総数）": "5"} for n in range(5)]
    assert isinstance(judged(STATUS, *shelters), Accepted)


@pytest.mark.parametrize(
    ("extra", "cells"),
    [
        ("責任者の子", ["佐藤 花子", "鈴木 一郎", "高橋 次郎", "田中 三郎", "伊藤 美咲"]),
        ("生年月日", ["1950-01-02", "1961-03-04", "1972-05-06", "1983-07-08", "1994-09-10"]),
        ("世帯主", ["佐藤", "鈴木", "高橋", "田中", "伊藤"]),
        ("要介護度", ["1", "2", "3", "4", "5"]),
    ],
)
def test_people_beside_places_hold_it(extra: str, cells: list[str]) -> None:
    rows = [{"施設名": f"第{n}小学校", "施設電話番号": f"080-2222-000{n}", "開設状況": "開設", extra: cell} for n, cell in enumerate(cells)]
    assert isinstance(judged([*STATUS, extra], *rows), Held)


def test_a_roll_under_headers_of_places_is_held() -> None:
    people = ("佐藤 花子", "鈴木 一郎", "高橋 次郎", "田中 三郎", "伊藤 美咲")
    rows = [{"施設名": name, "所在地（住所）": f"汐見市本町{n}-2-3", "施設電話番号": f"080-3333-000{n}", "開設状況": "開設"} for n, name in enumerate(people)]
    assert isinstance(judged(STATUS, *rows), Held)
    rows = [{"名前": name, "フリガナ": "サトウ ハナコ", "避難所名": "東小", "住所": f"汐見市本町{n}-2", "電話番号": f"080-3333-000{n}", "人数": "2"} for n, name in enumerate(people)]
    assert isinstance(judged(["名前", "フリガナ", "避難所名", "住所", "電話番号", "人数"], *rows), Held)


# --- rolls ----------------------------------------------------------------------------------------------------------

ROLL = """
[[tables]]
name = "名簿"
path = "名簿"
slug = "meibo"
kind = "evacuees"
publish = [{publish}]
consent = {{ column = "{consent}", yes = ["{yes}"] }}
{more}
"""
LGDPM = "person_record_id,氏名（姓）,氏名（名）,氏名カナ（姓）,氏名カナ（名）,生年月日,性別,年齢,郵便番号,市区町村,町名,番地,避難所,避難状況,退所先電話番号,負傷,公開フラグ"
FORM = "記入日時,①氏名,②フリガナ,③出生の年月日,④男女の別,⑤住所（郵便番号を含む。）,⑥国籍,⑩現在の居所,⑪連絡先その他必要情報,⑭公表"


def town_with(root: Path, publish: str, consent: str, yes: str, more: str) -> Town:
    quoted = ", ".join(f'"{column}"' for column in publish.split(","))
    return make_town(root, ROLL.format(publish=quoted, consent=consent, yes=yes, more=more))


def test_names_in_two_columns_are_one_name(tmp_path: Path) -> None:
    town = town_with(tmp_path, "氏名（姓）,氏名（名）,氏名カナ（姓）,氏名カナ（名）,町名,年齢,避難所", "公開フラグ", "1", 'reading = "氏名カナ（姓）"')
    people = ["x/1,佐藤,花子,サトウ,ハナコ,1970-01-01,女,55,000-0000,石巻市,中里,1-2,東小,入所,090-1111-2222,,1", "x/2,佐藤,隠子,サトウ,カクコ,1960-01-01,女,65,,石巻市,中里,3,東小,入所,,,0"]
    town.drop("名簿/lgdpm.csv", "\n".join([LGDPM, *people]))
    town.build()
    page = town.page("k/t/meibo/index.html")
    assert "佐藤 花子（サトウ ハナコ）" in page
    assert "掲載していない方 1人" in page
    data = town.files()["t/meibo/meibo.csv"].decode("utf-8-sig")
    assert data.splitlines() == ['"氏名","フリガナ","町名","年齢","避難所"', '"佐藤 花子","サトウ ハナコ","中里","50代","東小"']
    assert "隠子".encode() not in b"".join(town.files().values())


def test_the_form_of_the_ordinance(tmp_path: Path) -> None:
    town = town_with(tmp_path, "①氏名,②フリガナ,⑤住所（郵便番号を含む。）,⑩現在の居所", "⑭公表", "同意する", 'reading = "②フリガナ"')
    rows = ["2036-03-11,佐藤 花子,サトウ ハナコ,昭和45年1月1日,女,000-0000 汐見市本町3丁目4-5,日本,東小,090-1111-2222,同意する", "2036-03-11,隠田 一郎,カクレダ,昭和40年1月1日,男,汐見市,日本,西小,,同意しない"]
    town.drop("名簿/安否.csv", "\n".join([FORM, *rows]))
    town.build()
    page = town.page("k/t/meibo/index.html")
    assert "佐藤 花子（サトウ ハナコ）" in page
    assert "汐見市本町" in page
    everything = b"".join(town.files().values())
    for secret in ("隠田", "3丁目", "090-1111", "昭和45"):
        assert secret.encode() not in everything


@pytest.mark.parametrize(
    ("columns", "joined_"),
    [
        ("姓,名,セイ,メイ", "氏名,フリガナ"), ("family_name,given_name", "氏名"), ("姓,名,氏名", "姓,名,氏名"), ("姓,姓,名", "姓,姓,名"), ("氏名,フリガナ", "氏名,フリガナ"),
        ("避難所,氏名_姓,氏名_名", "避難所,氏名"), ("名,住所", "名,住所"),
    ],
)  # fmt: skip
def test_which_columns_are_a_name(columns: str, joined_: str) -> None:
    made = joined(PublicTable("r", "名簿", TableKind.EVACUEES, tuple(columns.split(",")), [tuple("ABCD"[: len(columns.split(","))])], 1, personal=True))
    assert made.columns == tuple(joined_.split(","))
    open_ = PublicTable("r", "表", TableKind.OPEN, ("姓", "名"), [("A", "B")], 1)
    assert joined(open_) is open_


# --- real files -----------------------------------------------------------------------------------------------------

FIRST_COLUMNS = {
    "matsuyama_evacuation_space_bom.csv": ["名称", "よみ", "住所", "対応する災害"],
    "nanao_open_shelter_2024-01-09-1800.csv": ["名称", "よみ", "地区", "状況", "住所", "電話番号", "対応する災害"],
    "yaizu_evacuation_space.csv": ["名称", "よみ", "住所", "電話番号", "対応する災害"],
    "yaizu_hinanjo_2025-03.csv": ["名称", "よみ", "住所", "電話番号", "対応する災害"],
    "takamatsu_evac_2023-06.xlsx": ["名称", "住所", "電話番号", "対応する災害", "対応していない災害", "収容人数"],
    "takamatsu_evac_metadata_rows_bom.csv": ["名称", "住所", "電話番号", "対応する災害"],
    "takamatsu_water_facility.xlsx": ["名称", "住所", "電話番号", "利用できる時間"],
    "yaizu_kyugosho_bom.csv": ["名称", "よみ", "設置場所", "住所"],
    "yaizu_water_tank.csv": ["名称", "よみ", "住所", "水の量"],
    "yaizu_aed.csv": ["名称", "よみ", "設置位置", "住所", "電話番号"],
    "ishikawa_saigai_hospital.csv": ["病院名", "二次医療圏", "住所", "電話番号"],
    "yaizu_disaster_waste_v2_2025-09-11.csv": ["名称", "住所", "電話番号", "利用できる時間"],
    "yaizu_disaster_wells_bom.csv": ["住所", "井戸の形態"],
    "yaizu_sandbag_station_multiline.csv": ["土のうステーション置き場", "住所", "電話番号"],
    "yaizu_yohairyosya_cp932_2026-05.csv": ["要配慮者利用施設名称", "住所", "電話番号", "区分"],
}


@pytest.mark.parametrize("name", FIRST_COLUMNS)
def test_real_files_need_no_configuration(real: Path, name: str) -> None:
    (file,) = real.rglob(name)
    content = read(name, file.read_bytes(), NOW)
    verdict = review(name, content, None, "hyo", False)
    assert isinstance(verdict, Accepted), verdict
    assert isinstance(verdict.content, PublicWorkbook)
    source = verdict.content.tables[0]
    made = present(source)
    assert isinstance(made, View)
    heads = [made.columns[i] for i, role in enumerate(made.roles) if i not in made.silent]
    wanted = FIRST_COLUMNS[name]
    assert [head for head in heads if head in wanted] == wanted
    assert not any("コード" in head or head in {"ID", "NO", "標高"} for head in heads)
    assert len(made.rows) == len(source.rows)
    assert all(role is not Role.CODE for role in made.roles)


def test_a_real_list_on_all_editions(real: Path, tmp_path: Path) -> None:
    town = make_town(tmp_path)
    (file,) = real.rglob("yaizu_evacuation_space.csv")
    town.drop("避難場所/一覧.csv", file.read_bytes())
    town.build()
    (web,) = (path for path in town.files() if re.fullmatch(r"t/[^/]+/index\.html", path))
    page = town.page(web)
    assert 'href="tel:0546250128"' in page
    assert 'href="https://maps.gsi.go.jp/#16/' in page
    assert "地震、津波" in unescape(page)
    assert not re.search(r'<(?:img|script|link|iframe)[^>]+(?:src|href)="https?:', page.replace(f'href="https://saigai.example.jp/{web}"', ""))
    everything = "".join(town.page(path) for path in town.files() if path.startswith(("k/t/", "i/t/")) and path.endswith(".html"))
    assert "対応する災害: 地震、津波" in everything
    assert "222127" not in everything
    data = town.files()[web.replace("index.html", web.split("/")[1] + ".csv")].decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(data)))[:4] == ["NO", "名称", "名称_カナ", "住所"]
    assert "222127" in data




# --- nothing is lost ------------------------------------------------------------------------------------------------

HEADERS = sorted({alias for aliases in ALIASES.values() for alias in aliases} | {"ひとこと", "災害種別_洪水", "災害種別_地震", "洪水", "対象災害_隕石"})


@given(st.lists(st.sampled_from(HEADERS), min_size=2, max_size=14, unique=True), st.data())
def test_any_table_is_shown_with_all_its_rows_and_cells(columns: list[str], data: st.DataObject) -> None:
    cell = st.sampled_from(["", "○", "×", "1", "0", "開設", "閉鎖", "2026-11-20T15:00", "汐見市本町1-2", "035.5,136.2", "9"]) | st.text(max_size=6)
    rows = data.draw(st.lists(st.tuples(*[cell] * len(columns)), min_size=1, max_size=5))
    source = PublicTable("hyo", "表", TableKind.OPEN, tuple(columns), rows, len(rows))
    made = present(source)
    assert len(made.rows) == len(rows)
    assert all(len(row) == len(made.columns) for row in made.rows)
    layout(made)


@pytest.mark.parametrize("kind", [STANDARD, STATUS, ROADS, OUTAGES, ORDERS, CLINICS, AED], ids=lambda columns: columns[-1])
def test_a_field_that_a_layout_does_not_name_is_shown_under_its_own_header(kind: list[str]) -> None:
    known = {field_of(column) for column in kind}
    others = [aliases[0] for field, aliases in ALIASES.items() if field not in known | {"code", "latitude", "longitude", "location", "city", "town"}]
    columns = [*kind, *others]
    found = recognise(columns)
    assert found is not None
    made = present(table(columns, {column: f"値{n}" for n, column in enumerate(columns)}))
    if found.kind is recognise(kind).kind:
        words = "\n".join("\n".join(row) for row in made.rows)
        lost = [column for n, column in enumerate(columns) if column in others and f"値{n}" not in words]
        assert not lost


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ("避難所_名称,避難所_住所,緯度,経度,避難所_電話番号,収容人数", Kind.SHELTERS), ("避難所名,開設状況,混雑状況", Kind.SHELTERS),
        ("NO,共通ID,施設・場所名,住所,緯度,経度,指定緊急避難場所との住所同一,受入対象者,備考", Kind.SHELTERS), ("No,施設名,開設,定員,避難者数", Kind.SHELTERS),
        ("避難所名,かな,地区,住所,電話,FAX,担当者,種別,開設日時,閉鎖日時,最大収容人数,状況,人数,世帯数,確認日時", Kind.SHELTERS),
        ("施設名,住所,洪水,土砂災害,地震,津波", Kind.SHELTERS), ("給水場所,給水時間", Kind.WATER), ("道路名,規制区間,規制理由,解除予定日時", Kind.ROADS),
        ("地区,断水戸数,復旧見込み", Kind.OUTAGES), ("地区名,避難情報,発令日時", Kind.ORDERS), ("団体名,代表者氏名,電話番号", None), ("行政区,世帯数,人口", None),
        ("会場,日時,対象地区", None),
    ],
)  # fmt: skip
def test_lists_that_towns_write_themselves(columns: str, kind: Kind | None) -> None:
    found = recognise(columns.split(","))
    assert (found and found.kind) is kind


@pytest.mark.parametrize(
    ("path", "columns", "title"),
    [
        ("給水/dansui.csv", ("都道府県名", "市区町村名", "断水戸数（最大）", "断水戸数（現在）", "断水開始日時"), "断水（dansui）"),
        ("道路/tsukodome_2.csv", ("道路種別", "路線名", "規制場所始点", "規制種別"), "道路の規制（tsukodome 2）"),
        ("ごみ/waste_v2.csv", ("品目", "出し方"), "ごみ（waste v2）"),
        ("給水/断水.csv", ("都道府県名", "市区町村名", "断水戸数（最大）", "断水戸数（現在）", "断水開始日時"), "断水"),
    ],
)
def test_a_file_with_a_name_for_machines_says_what_it_is(path: str, columns: tuple[str, ...], title: str) -> None:
    text = "\n".join([",".join(columns), *(",".join(f"あ{i}{n}" for i in range(len(columns))) for n in range(3))])
    made = review(path, read(path, text.encode(), NOW), None, "x", False)
    assert isinstance(made, Accepted)
    assert made.content.head.title == made.content.tables[0].title == title


def test_places_that_cannot_be_used_come_last_and_bare_numbers_have_their_word() -> None:
    water = ["name", "address", "latitude", "longitude", "availableDate", "startTime", "endTime", "availableDateNote"]
    hours = present(
        table(
            water,
            {"name": "浄水場あ", "address": "港町1", "availableDateNote": "利用不可"},
            {"name": "浄水場い", "address": "浜町2", "availableDate": "月火", "startTime": "9:00", "endTime": "17:00", "availableDateNote": "年末年始は終日利用不可"},
        )
    )
    assert [row[0] for row in hours.rows] == ["浄水場い", "浄水場あ"]
    crowd = present(
        table(
            ["避難所名", "開設状況", "空き状況", "避難者数（総数）"],
            {"避難所名": "本町小学校", "開設状況": "開設", "空き状況": "2", "避難者数（総数）": "120"},
            {"避難所名": "浜町小学校", "開設状況": "開設", "空き状況": "空きあり", "避難者数（総数）": "3"},
        )
    )
    assert {row["状況"] for row in shown(crowd)} == {"開設、空き状況2、避難者120人", "開設、空きあり、避難者3人"}
