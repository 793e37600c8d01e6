"""Rolls as tired clerks make them, and what of the people in them is public: words that no column asks for, rows that a filter hides, cells that
slipped. Every test builds a site and looks into each of its files."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from publisher.model import Problem
from publisher.pipeline.restrict import decide, find
from publisher.review.address import town as masked
from tests.town import Town, make_town

COLS = ["氏名", "フリガナ", "生年月日", "住所", "年齢", "電話番号", "避難所", "備考", "公表同意", "閲覧制限"]
KANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワ"
KANJI = "梓椿楓桂樺榊榎楡杏柊柚楠檀桐椋棗槐楸櫨梢檎棕檸樟欅橘枇杷梧楊柾樅"


def person(**said: str) -> dict[str, str]:
    return {**dict(zip(COLS, ("", "", "", "汐見市本町1-2-3", "40", "", "高台小", "", "同意する", ""), strict=True)), **said}


FILL = [
    person(氏名=f"{family}　{given}", フリガナ=f"{reading}　{called}", 生年月日=f"19{50 + i}/1/{i + 1}", 年齢=str(20 + i))
    for i, (family, given, reading, called) in enumerate(
        [("磯貝", "航", "イソガイ", "ワタル"), ("汐田", "洋子", "シオタ", "ヨウコ"), ("浜野", "茂", "ハマノ", "シゲル"), ("高台", "凜", "タカダイ", "リン"), ("赤松", "薫", "アカマツ", "カオル"), ("白砂", "光", "シラスナ", "ヒカル"), ("川端", "勇", "カワバタ", "イサム"), ("佐々", "恵", "サッサ", "メグミ")]
    )
]
HANAKO = person(氏名="籠鳥　花子", フリガナ="カゴドリ　ハナコ", 生年月日="1960/5/5", 年齢="75")


def numbered(i: int) -> tuple[str, str]:
    """A name and a reading of which nobody else has one."""
    return f"籠鳥　{KANJI[i % len(KANJI)]}{KANJI[i // len(KANJI) + 1]}子", f"カゴドリ　{KANA[i % len(KANA)]}{KANA[i // len(KANA)]}ミコ"


def many(column: str, said: Sequence[str]) -> list[dict[str, str]]:
    """One person for each of these words. Enough others that nobody takes the file for a shifted one."""
    rows = [person(**{"氏名": numbered(i)[0], "フリガナ": numbered(i)[1], "生年月日": f"19{30 + i % 60}/2/{i % 28 + 1}", "住所": f"汐見市浜町{i + 1}", "年齢": str(30 + i % 60), column: word}) for i, word in enumerate(said)]
    others = [dict(row, 氏名=row["氏名"] + KANA[i], フリガナ=row["フリガナ"] + KANA[i], 避難所=f"第{8 * i + n}小学校") for i in range(len(KANA)) for n, row in enumerate(FILL)]
    return [*others, *rows]


def table(rows: Iterable[dict[str, str] | Sequence[str]], columns: Sequence[str] = COLS, above: Sequence[Sequence[str]] = (), below: Sequence[Sequence[str]] = ()) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([*above, columns])
    writer.writerows([row.get(name, "") for name in columns] if isinstance(row, dict) else row for row in rows)
    writer.writerows(below)
    return out.getvalue().encode("utf-8-sig")


def book(rows: Iterable[dict[str, str]], columns: Sequence[str] = COLS, change: Callable[[Workbook], object] = lambda made: None) -> bytes:
    made = Workbook()
    made.active.title = "名簿"
    made.active.append(list(columns))
    for row in rows:
        made.active.append([row.get(name) or None for name in columns])
    change(made)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def where(town: Town, word: str) -> list[str]:
    """The public files that have these words, in any encoding and spacing."""
    forms = {text for text in (word, word.replace("　", ""), word.replace("　", " "))}
    needles = {form for text in forms for form in (text.encode(), text.encode("cp932", "ignore"), json.dumps(text).strip('"').encode()) if form}
    return [path for path, body in town.files().items() if any(needle in body for needle in needles)]


def public(tmp_path: Path, data: bytes, name: str = "避難者名簿/名簿.csv") -> Town:
    town = make_town(tmp_path / "town")
    town.drop("給水/水.md", "# 給水所\n\n水を配ります。\n")
    town.drop(name, data)
    town.build()
    return town


def not_hidden(tmp_path: Path, column: str, said: Sequence[str]) -> list[str]:
    """Those of the words beside which the person is public."""
    town = public(tmp_path, table(many(column, said)))
    assert where(town, "磯貝　航ア"), "the roll itself is held"
    return [word for i, word in enumerate(said) if where(town, numbered(i)[0])]


def column(town: Town, place: int) -> set[str]:
    with (town.public / "t/hinansha/hinansha.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row[place] for row in csv.reader(file)}


# --- remarks that are eaten by their denial, and words that no rule knows ---


def test_a_mark_is_not_denied_by_what_follows_it(tmp_path: Path) -> None:
    said = ["支援措置（終了日R9.3.31）", "支援措置 終了予定 R9.3", "支援措置解除不可", "閲覧制限解除しないこと", "DV（無職の夫から）", "DV、無言電話あり", "氏名・住所非公開", "氏名、年齢、住所は非公開", "名前と電話番号は非公開"]
    assert not_hidden(tmp_path, "備考", said) == []


def test_consent_that_was_taken_back_in_the_remarks(tmp_path: Path) -> None:
    said = ["3/14 同意撤回", "同意取り消し", "同意を取り下げ", "公表に同意しない", "本人が公表に同意していない", "公表同意なし", "公開不同意", "公表希望なし", "公開したくない", "公開を望んでいない", "公表を希望していない", "公表はご遠慮ください", "公表は差し控える", "公表お断り", "公表を断られた", "公表：不可", "公開（不可）", "公表できない", "HPに載せないこと", "本人の希望により載せない", "掲載を見合わせ", "名簿から消してほしい", "名簿から削除希望", "本人拒否"]
    assert not_hidden(tmp_path, "備考", said) == []


def test_words_of_people_who_must_not_be_found(tmp_path: Path) -> None:
    said = ["誰にも教えないで", "夫には知らせないで", "夫に教えないこと", "元夫が探している", "夫から身を隠している", "夫のもとを逃れて避難", "女性相談所で一時保護", "照会拒否", "照会に回答しない", "問合せには答えないで", "外部に出さないで", "㊙", "マル秘", "極秘", "秘密にしてほしい", "居所を教えない", "所在を明かさないで", "ストーキング被害", "ストーカ被害", "つきまとわれている", "ディーブイ", "D\u200bV避難", "非\u00ad公開"]
    assert not_hidden(tmp_path, "備考", said) == []


def test_who_fled_from_the_disaster_is_not_taken_for_somebody_in_hiding(tmp_path: Path) -> None:
    said = ["津波から逃げてきた", "火事から逃げ、徒歩で到着", "洪水から逃げて2階に", "土砂から逃げた"]
    assert not_hidden(tmp_path, "備考", said) == said


# --- what a workbook hides tells who is withheld: nothing of it is read ---


def _hide(row: int) -> Callable[[Workbook], None]:
    return lambda made: setattr(made.active.row_dimensions[row], "hidden", True)


@pytest.mark.parametrize("mark", [{"公表同意": "同意しない"}, {"閲覧制限": "DV"}])
def test_a_filter_hides_who_said_no_and_another_row_names_her(tmp_path: Path, mark: dict[str, str]) -> None:
    """A clerk filters 公表同意 = 同意する and saves: 籠鳥花子's row is out of sight, 雀一郎's says that she is here."""
    sparrow = person(氏名="雀　一郎", フリガナ="スズメ　イチロウ", 避難所="高台小（籠鳥花子と同室）")
    town = public(tmp_path, book([*FILL, sparrow, dict(HANAKO, **mark)], change=_hide(11)), "避難者名簿/名簿.xlsx")
    assert where(town, "籠鳥花子") == []


@pytest.mark.parametrize("mark", [{"公表同意": "同意しない"}, {"閲覧制限": "DV"}])
def test_a_filter_hides_the_later_of_two_rows(tmp_path: Path, mark: dict[str, str]) -> None:
    town = public(tmp_path, book([*FILL, HANAKO, dict(HANAKO, **mark)], change=_hide(11)), "避難者名簿/名簿.xlsx")
    assert where(town, "籠鳥　花子") == []


# --- words above, between, below and on the roll ---

WORDS = ["※籠鳥花子さんは公表しないでください（本人希望）", "※9番の方はDVのため非公開", "黄色の行は非公開希望"]


@pytest.mark.parametrize("said", WORDS)
@pytest.mark.parametrize("place", ["above", "below"])
def test_a_note_says_who_is_not_public(tmp_path: Path, said: str, place: str) -> None:
    notes = {"above": [[said]]} if place == "above" else {"below": [[], [said]]}
    assert where(public(tmp_path, table([*FILL, HANAKO], **notes)), "籠鳥　花子") == []


@pytest.mark.parametrize("said", ["以下、公表不可", "【非公開希望者】", "＜公表に同意しない方＞", "▼以下の方はDVのため非公開"])
def test_a_heading_between_the_rows(tmp_path: Path, said: str) -> None:
    """Only the row of the heading itself is counted as a person and left out; those below it are public."""
    assert where(public(tmp_path, table([*FILL, [said, *[""] * 9], HANAKO])), "籠鳥　花子") == []


def test_a_sheet_a_title_and_a_file_that_say_so(tmp_path: Path) -> None:
    def second(made: Workbook) -> None:
        sheet = made.create_sheet("公表不可")
        sheet.append(COLS)
        sheet.append([HANAKO[name] or None for name in COLS])

    found = [
        where(public(tmp_path / "sheet", book(FILL, change=second), "避難者名簿/名簿.xlsx"), "籠鳥　花子"),
        where(public(tmp_path / "title", table([HANAKO, *FILL], above=[["避難者名簿【非公開】"]])), "籠鳥　花子"),
        where(public(tmp_path / "file", table([HANAKO, *FILL]), "避難者名簿/支援措置対象者_非公開.csv"), "籠鳥　花子"),
    ]
    assert found == [[], [], []]


# --- somebody who is withheld in the cells of others ---

HIDDEN = [dict(HANAKO, 公表同意="同意しない"), dict(HANAKO, 閲覧制限="DV")]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_in_the_name_of_another(tmp_path: Path, hidden: dict[str, str]) -> None:
    said = ["雀　一郎・籠鳥　花子", "雀　一郎、籠鳥花子", "雀　一郎 籠鳥　花子", "雀　一郎（籠鳥花子）", "雀　一郎\n籠鳥　花子", "雀　一郎 他 籠鳥花子", "籠鳥花子様方 雀一郎", "籠鳥　花子の叔父", "籠鳥　花子の友人", "籠鳥　花子の義母", "籠鳥　花子　同伴者", "籠鳥　花子・一郎"]
    found = []
    for i, name in enumerate(said):
        town = public(tmp_path / str(i), table([*FILL, hidden, person(氏名=name, フリガナ="スズメ　イチロウ", 生年月日="1950/3/3", 住所="汐見市浜町9", 年齢="20")]))
        found += [name] if where(town, "籠鳥花子") or where(town, "籠鳥　花子") else []
    assert found == []


@pytest.mark.parametrize("changed", [{"フリガナ": "スズメ　イチロウ・カゴドリ　ハナコ"}, {"フリガナ": "スズメ　イチロウ（カゴドリハナコ）"}, {"避難所": "籠鳥　花子"}, {"住所": "汐見市本町籠鳥花子"}])
def test_in_another_column(tmp_path: Path, changed: dict[str, str]) -> None:
    sparrow = person(**{"氏名": "雀　一郎", "フリガナ": "スズメ　イチロウ", **changed})
    town = public(tmp_path, table([*FILL, HIDDEN[1], sparrow]))
    assert where(town, "籠鳥　花子") + where(town, "カゴドリ　ハナコ") == []


# --- a cell that slipped: illness, nationality, kin and houses in the column of shelters ---


def test_a_row_that_slipped_shows_illness_and_nationality(tmp_path: Path) -> None:
    """電話番号 says 女, 性別 says a number: only published columns are asked whether the row has slipped."""
    columns = ["公表同意", "閲覧制限", "氏名", "フリガナ", "住所", "年齢", "性別", "電話番号", "国籍", "避難所", "健康状態", "備考"]
    rows = [["同意する", "", row["氏名"], row["フリガナ"], row["住所"], row["年齢"], "女", "0900-11-1234", "日本", "高台小", "良好", ""] for row in FILL]
    left = ["同意する", "", "籠鳥　花子", "カゴドリ　ハナコ", "汐見市本町1", "75", "0900-11-9999", "日本", "高台小", "高血圧", "", ""]
    right = ["同意する", "", "籠鳥　一郎", "カゴドリ　イチロウ", "汐見市本町1", "75", "", "男", "0900-11-9998", "ベトナム", "高台小", "良好"]
    town = public(tmp_path, table([*rows, left, right], columns))
    assert where(town, "高血圧") + where(town, "ベトナム") == []


def test_illness_beside_the_shelter(tmp_path: Path) -> None:
    said = [f"高台小（{word}）" for word in ("車いす", "妊婦", "高血圧", "がん治療中", "脳梗塞後遺症", "うつ病", "自閉症", "てんかん", "コロナ", "発熱", "嘔吐", "胃ろう", "ペースメーカー", "難聴", "全盲", "半身不随", "入院", "けが", "意識不明", "人工肛門", "徘徊あり", "要配慮者", "手帳1級", "生活保護", "ベトナム国籍", "外国籍", "母子家庭", "世帯主", "75歳", "昭和35年生まれ")]
    assert not_hidden(tmp_path, "避難所", said) == []


def test_what_is_cut_like_an_address_is_judged_too(tmp_path: Path) -> None:
    """Where more than 30 % of the different cells have numbers of houses, the column is masked, and none of its cells is looked at any more."""
    houses = [dict(row, 氏名=row["氏名"] + KANA[k], フリガナ=row["フリガナ"] + KANA[k], 避難所=f"汐見市本町{k}-{i + 1}-3") for k in range(1, 4) for i, row in enumerate(FILL)]
    said = ["透析のため個室", "糖尿のため別室", "障害あり母と"]
    rows = [dict(HANAKO, 氏名=f"雀　{KANA[i]}郎", フリガナ=f"スズメ　{KANA[i]}ロウ", 避難所=word) for i, word in enumerate(said)]
    town = public(tmp_path, table([*houses, *rows]))
    assert where(town, "磯貝　航イ") and [word for word in said if where(town, word)] == []


# --- columns of marks that no setting reads ---


@pytest.mark.parametrize("column", ["掲載不可", "公開しない", "ストーカー", "HP掲載", "ホームページ掲載可否", "公表希望", "公開", "公表", "名前の公開", "名簿掲載", "第三者提供", "㊙", "取扱注意"])
def test_a_column_of_marks_under_another_name(tmp_path: Path, column: str) -> None:
    mark = "○" if column in ("掲載不可", "公開しない", "ストーカー", "㊙", "取扱注意") else "×"
    others = [dict(row, **{column: "" if mark == "○" else "○"}) for row in FILL]
    assert where(public(tmp_path, table([*others, dict(HANAKO, **{column: mark})], [*COLS, column])), "籠鳥　花子") == []


@pytest.mark.parametrize("said", ["女", "0900-11-1234", "a@b.example", "汐見市本町1", "12" * 9_000, "県" * 9_000, "(" * 9_000 + "1"])
def test_cells_that_slipped_are_told_in_no_time(said: str) -> None:
    """A cell may have 32,767 characters."""
    import time

    from publisher.model import Table
    from publisher.review.slips import with_slipped

    made = Table("", ("性別", "電話番号", "生年月日", "年齢", "避難所"), [(said,) * 5] * 3, range(3))
    start = time.process_time()
    found = with_slipped(made, {}, {4})
    assert time.process_time() - start < 1
    assert set(found) == {0} if said == "12" * 9_000 else bool(found) == (len(said) < 20)


# --- what the mask of addresses leaves ---

HOUSES = ["カーサ青葉203", "セジュール汐見201", "サニーコート", "籠鳥花子", "籠鳥花子203", "籠鳥商店", "妻花子", "籠鳥はなこ", "ABCハイツ", "A棟203", "・籠鳥花子", "：カーサ青葉", "籠鳥花子様方", "サンライズ浜町201"]


def test_neither_houses_nor_people_are_left_of_an_address(tmp_path: Path) -> None:
    said = ["汐見市本町カーサ青葉203", "汐見市本町セジュール汐見201", "汐見市本町サニーコート", "汐見市本町籠鳥花子", "汐見市浜町籠鳥商店", "汐見市本町妻花子", "DVのため不明", "籠鳥花子方汐見市本町1"]
    rows = [dict(HANAKO, 氏名=f"雀　{KANA[i]}郎", フリガナ=f"スズメ　{KANA[i]}ロウ", 住所=address) for i, address in enumerate(said)]
    assert column(public(tmp_path, table([*FILL, *rows])), 2) == {"住所", "汐見市本町", "汐見市浜町", ""}


@given(st.sampled_from(["汐見市", "宮城県汐見市", "東京都港区", "岩手県上閉伊郡大槌町", "札幌市北区", ""]), st.sampled_from(["本町", "浜町", "南三番町", "元町通", "本町東"]), st.sampled_from(HOUSES), st.booleans())
def test_the_mask_leaves_a_beginning_that_ends_before_any_house(city: str, place: str, house: str, is_wide: bool) -> None:
    left = masked(city + place + ("　" if is_wide else "") + house)
    assert (city + place).startswith(left)


@pytest.mark.parametrize("house", HOUSES)
@pytest.mark.parametrize("place", ["汐見市", "汐見市赤坂", "大字山田", ""])
def test_where_nothing_says_how_the_town_ends_the_municipality_is_left(place: str, house: str) -> None:
    assert place.startswith(masked(place + house))
    assert masked("汐見市佐藤町子") == "汐見市"


@pytest.mark.parametrize(
    ("address", "left"),
    [
        ("東京都町田市本町田12-3", "東京都町田市本町田"), ("神戸市中央区元町通3-1", "神戸市中央区元町通"), ("新潟県十日町市本町3", "新潟県十日町市本町"), ("汐見市八日町1-2", "汐見市八日町"),
        ("東京都千代田区六番町3", "東京都千代田区六番町"), ("大阪市西区京町堀1-2", "大阪市西区京町堀"), ("京都市下京区西七条御前田町12", "京都市下京区西七条御前田町"), ("枚方市岡本町7", "枚方市岡本町"),
        ("滋賀県高島市マキノ町海津123", "滋賀県高島市マキノ町"), ("長崎県佐世保市ハウステンボス町1-1", "長崎県佐世保市ハウステンボス町"), ("茨城県行方市麻生1561-9", "茨城県行方市麻生"), ("福井県三方郡美浜町郷市25", "福井県三方郡美浜町郷市"),
        ("東京都三宅島三宅村神着1", "東京都三宅島三宅村神着"), ("北海道様似郡様似町大通1", "北海道様似郡様似町大通"), ("石川県金沢市田上さくら1丁目", "石川県金沢市田上さくら"), ("松山市今在家3-313", "松山市今在家"),
        ("汐見市緑ヶ丘3-4", "汐見市緑ヶ丘"), ("汐見市ひばりが丘", "汐見市ひばりが丘"), ("汐見市中新田", "汐見市中新田"), ("汐見市大字山田", "汐見市大字山田"), ("緑ヶ丘", "緑ヶ丘"), ("本町", "本町"), ("市外", "市外"),
    ],
)  # fmt: skip
def test_towns_as_there_are_keep_their_names(address: str, left: str) -> None:
    assert masked(address) == left


# --- a held edition that says who must go ---

SPARROW = person(氏名="雀　一郎", フリガナ="スズメ　イチロウ", 避難所="高台小 090-1234-5678")
"""A telephone number among the shelters: it holds the whole edition."""


def held(town: Town, data: bytes, name: str = "避難者名簿/名簿.csv") -> list[Problem]:
    """Why the edition is held that is dropped after the public one."""
    town.drop(name, data)
    line = next(one for one in town.build().documents if one.path == name)
    assert {one.code for one in line.reasons} & {"private-cell", "rows-vanished"}
    return list(line.reasons)


def urgent(reasons: list[Problem]) -> Problem | None:
    """What staff must do at once; nothing of it says who."""
    told = [one for one in reasons if one.code == "marked-still-shown"]
    assert told == reasons[: len(told)]
    assert not any(name in f"{one.what}{one.shown}{one.todo}" for one in told for name in ("籠鳥", "花子", "カゴドリ", "雀"))
    return told[0] if told else None


@pytest.mark.parametrize("mark", [{"閲覧制限": "DV"}, {"公表同意": "同意しない"}, {"備考": "支援措置"}, {"閲覧制限": "DV", "住所": "", "生年月日": ""}])
def test_staff_are_told_of_whom_a_held_edition_marks_and_the_public_sees(tmp_path: Path, mark: dict[str, str]) -> None:
    town = public(tmp_path, table([HANAKO, *FILL]))
    told = urgent(held(town, table([*FILL, dict(HANAKO, **mark), SPARROW])))
    assert told is not None and where(town, "籠鳥　花子")
    assert "10行目" in told.what and "2行目" in told.what
    assert "いまも公開ページで見えています" in told.shown and "publisher restrict hinansha 行2" in told.todo


def test_what_staff_are_told_to_do_takes_her_off_the_site_and_is_told_no_more(tmp_path: Path) -> None:
    town = public(tmp_path, table([HANAKO, *FILL]))
    held(town, table([*FILL, dict(HANAKO, 閲覧制限="DV"), SPARROW]))
    with town.desk() as opened:
        found = find(opened.ledger, opened.settings, opened.archive, "hinansha", "行2")
    decide(town.settings(), found, town.now, "係", lift=False)
    line = next(one for one in town.build().documents if one.path.startswith("避難者名簿"))
    assert not where(town, "籠鳥　花子") and where(town, "磯貝　航")
    assert line.reasons and urgent(list(line.reasons)) is None


def test_an_edition_that_lost_its_rows_says_so_too(tmp_path: Path) -> None:
    others = many("備考", [""] * 20)
    town = public(tmp_path, table([HANAKO, *others]))
    told = urgent(held(town, table([*others[:9], dict(HANAKO, 閲覧制限="DV")])))
    assert told is not None and "（11行目）" in told.what and "行2" in told.todo


def test_on_several_sheets_the_sheet_is_named_by_its_number(tmp_path: Path) -> None:
    def second(rows: list[dict[str, str]]) -> Callable[[Workbook], None]:
        def add(made: Workbook) -> None:
            sheet = made.create_sheet("籠鳥花子")
            sheet.append(COLS)
            for row in rows:
                sheet.append([row[name] or None for name in COLS])

        return add

    town = public(tmp_path, book(FILL, change=second([*FILL[:2], HANAKO])), "避難者名簿/名簿.xlsx")
    told = urgent(held(town, book([*FILL, SPARROW], change=second([dict(HANAKO, 閲覧制限="DV")])), "避難者名簿/名簿.xlsx"))
    assert told is not None and "2枚目のシートの2行目" in told.what and "2枚目のシートの4行目" in told.what and "restrict hinansha-2 行4" in told.todo


def test_a_hidden_row_that_marks_her_is_told_without_a_line(tmp_path: Path) -> None:
    town = public(tmp_path, book([HANAKO, *FILL]), "避難者名簿/名簿.xlsx")
    told = urgent(held(town, book([*FILL, dict(HANAKO, 閲覧制限="DV"), SPARROW], change=_hide(10)), "避難者名簿/名簿.xlsx"))
    assert told is not None and "表示していない行" in told.what and "行2" in told.todo


def test_who_is_marked_and_not_public_is_not_told(tmp_path: Path) -> None:
    """Marked before, never there, somebody else of that name, nobody marked at all."""
    first = [dict(HANAKO, 閲覧制限="DV"), *FILL]
    town = public(tmp_path / "a", table(first))
    assert urgent(held(town, table([*first, SPARROW]))) is None
    town = public(tmp_path / "b", table(FILL))
    assert urgent(held(town, table([*FILL, dict(HANAKO, 閲覧制限="DV"), SPARROW]))) is None
    town = public(tmp_path / "c", table([dict(HANAKO, 生年月日="1990/1/1", 住所="汐見市浜町9", 年齢="45"), *FILL]))
    assert urgent(held(town, table([*FILL, dict(HANAKO, 閲覧制限="DV"), SPARROW]))) is None
    town = public(tmp_path / "d", table([HANAKO, *FILL]))
    assert urgent(held(town, table([*FILL, HANAKO, dict(SPARROW, 公表同意="")]) + "雀　二郎,,,,,,高台小 090-1234-5678,,同意する,\r\n".encode())) is None


def test_a_first_edition_that_is_held_has_nobody_public(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town")
    assert urgent(held(town, table([*FILL, dict(HANAKO, 閲覧制限="DV"), SPARROW]))) is None


@pytest.mark.parametrize("text", ["一" * 32_000, "一" * 32_000 + "x3", "町" * 32_000, "ア" * 32_000, "方" * 32_000])
def test_a_cell_that_is_no_address_costs_nothing(text: str) -> None:
    start = time.perf_counter()
    assert len(masked("汐見市本町" + text)) < 20
    assert time.perf_counter() - start < 1


def _in_column(tmp_path: Path, column: str, others: str, hers: str) -> bool:
    """Whether anybody is public where this column, that no setting reads, says one thing of the others and another of her."""
    rows = [*(dict(row, **{column: others}) for row in FILL), dict(HANAKO, **{column: hers})]
    return bool(where(public(tmp_path, table(rows, [*COLS, column])), "籠鳥　花子"))


@pytest.mark.parametrize(
    ("column", "others", "hers"),
    [
        *(("支援措置", said, hers) for said in ("無", "なし", "-", "×", "非該当", "該当なし", "FALSE", "0") for hers in ("", said)),
        ("秘匿", "無", "-"), ("DV", "なし", ""), ("掲載不可", "なし", ""), ("公表希望", "○", "希望する"), ("HP掲載", "可", "可"), ("公開区分", "公開", "公開"),
    ],
)
def test_a_column_in_which_nobody_is_marked_holds_nothing(tmp_path: Path, column: str, others: str, hers: str) -> None:
    assert _in_column(tmp_path, column, others, hers)


@pytest.mark.parametrize(
    ("column", "others", "hers"),
    [
        ("支援措置", "無", "有"), ("支援措置", "×", "○"), ("支援措置", "", "×"), ("支援措置", "-", "申請中"), ("掲載不可", "×", "×"), ("公開の制限", "×", ""),
        ("公表希望", "×", "×"), ("HP掲載", "○", "×"), ("公表希望", "○", ""), ("HP掲載", "", "無"), ("公開フラグ", "1", "1"), ("公開フラグ", "0", "0"), ("第三者提供", "可", "不可"),
    ],
)  # fmt: skip
def test_what_a_mark_is_hangs_on_what_its_column_asks(tmp_path: Path, column: str, others: str, hers: str) -> None:
    assert not _in_column(tmp_path, column, others, hers)


def test_crosses_that_deny_are_told(tmp_path: Path) -> None:
    """They may be marks after all, and whoever reads the column knows."""
    town = make_town(tmp_path / "town")
    town.drop("避難者名簿/名簿.csv", table([dict(row, 支援措置="×") for row in FILL], [*COLS, "支援措置"]))
    told = {one.code: one for one in town.build().documents[0].reasons}
    assert "「支援措置」" in told["crosses"].what and "withhold" in told["crosses"].todo


# --- what hides people in silence ---


def _told(tmp_path: Path, rows: Iterable[dict[str, str]]) -> dict[str, str]:
    town = make_town(tmp_path / "town")
    town.drop("避難者名簿/名簿.csv", table(rows))
    return {one.code: f"{one.what}{one.todo}" for one in town.build().documents[0].reasons}


@pytest.mark.parametrize("said", ["〃", "同上", "電話で同意", "口頭同意", "1", "●", "承諾", "公開可", "公開", "同意する（電話）", "本人同意", "同意済", "○"])
def test_consent_in_other_words_is_told(tmp_path: Path, said: str) -> None:
    told = _told(tmp_path, [*FILL, dict(HANAKO, 公表同意=said)])["other-consent"]
    assert f"「{said}」（10行目）" in told and "consent の yes" in told


@pytest.mark.parametrize("said", ["籠鳥一郎が電話で同意", "夫（籠鳥一郎）承諾", "籠鳥一郎より了承"])
def test_nobody_who_agreed_for_another_is_named(tmp_path: Path, said: str) -> None:
    told = _told(tmp_path, [*FILL, dict(HANAKO, 公表同意=said)])["other-consent"]
    assert "ほかの書き方（10行目）" in told and "籠鳥" not in told


@pytest.mark.parametrize("said", ["", "未確認", "同意しない", "不同意", "同意未", "確認待ち", "回答しない", "同意なし", "いいえ", "×", "電話で確認中", "家族が同意すれば可の予定", "籠鳥一郎"])
def test_of_those_who_did_not_agree_nothing_is_told(tmp_path: Path, said: str) -> None:
    assert "other-consent" not in _told(tmp_path, [*FILL, dict(HANAKO, 公表同意=said)])


@pytest.mark.parametrize("said", ["なし", "無", "-", "0", "FALSE", "該当なし", "非該当", "制限なし", "×", "〃"])
def test_no_restriction_in_other_words_is_told(tmp_path: Path, said: str) -> None:
    told = _told(tmp_path, [*(dict(row, 閲覧制限=said) for row in FILL[:6]), *FILL[6:], HANAKO])["other-withhold"]
    assert f"「{said}」（2–7行目）" in told and "withhold の unless" in told


@pytest.mark.parametrize("said", ["有", "○", "DV", "ストーカー", "籠鳥一郎", "支援措置", "本人希望"])
def test_of_marks_nothing_is_told(tmp_path: Path, said: str) -> None:
    assert "other-withhold" not in _told(tmp_path, [*FILL, dict(HANAKO, 閲覧制限=said)])


# --- what is written behind a name ---

BEHIND = [
    "（90）", "（七十五）", "(満九十歳)", "（S35）", "（昭和35年生）", "（1960年生）", " 昭和35", " S35", " 19600505", "（5/5生）", " 5/5", "（本町123）", " 本町123", "（サンハイツ203）", "（203号室）", " 203号室", "［35］", "（車いす）",
    "（妊婦）", "（高血圧）", "（がん）", "（ベトナム国籍）", "（外国籍）", " 妻", "　長男", "　次女", "/妻", "・妻", "、母", " 一郎の妻", "　一郎の次男", "　孫", " 世帯主一郎",
]  # fmt: skip


def _public_names(tmp_path: Path, names: Sequence[str]) -> list[str]:
    """Those of the names that are public in a roll of many."""
    rows = many("備考", [""] * len(names))
    for i, name in enumerate(names):
        rows[i - len(names)].update({"氏名": name, "フリガナ": f"ダレカ　{KANA[i % len(KANA)]}{KANA[i // len(KANA)]}"})
    town = public(tmp_path, table(rows))
    assert where(town, "磯貝　航ア"), "the roll itself is held"
    return [name for i, name in enumerate(names) if where(town, f"ダレカ　{KANA[i % len(KANA)]}{KANA[i // len(KANA)]}")]


def test_who_somebody_is_behind_the_name(tmp_path: Path) -> None:
    assert _public_names(tmp_path, [numbered(i)[0] + word for i, word in enumerate(BEHIND)]) == []


NAMES = [
    "佐藤　三男", "長谷川　次男", "佐々木　二男", "王　妹", "籠鳥　孫", "孫　正義", "籠鳥花子12", "籠鳥花子 12", "籠鳥　花子　2", "①籠鳥花子", "（12）籠鳥花子", "12. 籠鳥花子", "籠鳥花子（旧姓 高台）", "籠鳥　花子（カゴドリ ハナコ）",
    "籠鳥花子（ほか2名）", "籠鳥花子 ほか2名", "籠鳥花子（3班）", "籠鳥花子（受付12）", "籠鳥一郎の妻", "小林 実の妻", "NGUYEN THI LAN", "マリア・サントス", "Maria dos Santos (Kelly)", "金　哲洙", "鈴木　その子", "山田　母里", "平成　太郎", "昭和　一", "佐藤昭12", "五十嵐　十三", "三ツ橋　八十八",
    "荘　司", "町　一", "籠鳥　妻木", "籠鳥花子さん", "渡辺　一二三（ワタナベ）", "SMITH John H", "籠鳥　令",
]  # fmt: skip


def test_names_are_names(tmp_path: Path) -> None:
    assert _public_names(tmp_path, NAMES) == NAMES


@pytest.mark.parametrize("digit", ["", "7"])
def test_names_are_looked_at_together_as_one_by_one(digit: str) -> None:
    """A digit anywhere has each of them looked at alone."""
    from publisher.model import Table
    from publisher.review.misfits import misfits

    cells = [*(f"籠鳥　花子{word}" for word in BEHIND if not any(map(str.isdecimal, word))), *(name for name in NAMES if not any(map(str.isdecimal, name)))]
    found = misfits(Table("", ("氏名",), [(cell,) for cell in [*cells, f"汐見　茂{digit}"]], range(len(cells) + 1)), [0])
    assert found[0] == frozenset(cell for cell in cells if cell not in NAMES)


# --- the same person, written a little differently in the row without the mark ---

GLUED = ["籠鳥花子 12", "⑫籠鳥花子", "12 籠鳥花子", "12.籠鳥　花子", "籠鳥　花子 ほか1名", "籠鳥花子（他二名）", "籠鳥花子、一郎", "籠鳥花子・一郎", "籠鳥花子 班長", "班長　籠鳥花子", "籠鳥花子先生", "花子　籠鳥", "花子籠鳥", "花子　籠鳥 2"]
FORMER = ["雀　花子（旧姓 籠鳥）", "雀　花子（旧姓：籠鳥）", "雀（籠鳥）花子", "雀　花子（籠鳥）", "雀花子（籠鳥）", "雀花子（旧姓籠鳥）"]


def _beside(tmp_path: Path, *rows: dict[str, str]) -> Town:
    return public(tmp_path, table([*FILL, *rows]))


@pytest.mark.parametrize("name", GLUED[:-1])
@pytest.mark.parametrize("reading", ["カゴドリ　ハナコ", ""])
@pytest.mark.parametrize("mark", [{"閲覧制限": "DV"}, {"公表同意": "同意しない"}])
def test_what_is_glued_to_a_name_does_not_part_it_from_its_mark(tmp_path: Path, name: str, reading: str, mark: dict[str, str]) -> None:
    assert where(_beside(tmp_path, dict(HANAKO, **mark), dict(HANAKO, 氏名=name, フリガナ=reading)), "花子") == []


@pytest.mark.parametrize("name", GLUED[:-1])
def test_nor_where_the_mark_stands_beside_it(tmp_path: Path, name: str) -> None:
    assert where(_beside(tmp_path, dict(HANAKO, 氏名=name, 閲覧制限="DV"), HANAKO), "花子") == []


@pytest.mark.parametrize("name", FORMER)
@pytest.mark.parametrize("reading", ["スズメ　ハナコ", "カゴドリ　ハナコ", ""])
def test_a_former_name_of_somebody_withheld(tmp_path: Path, name: str, reading: str) -> None:
    married = dict(HANAKO, 氏名=name, フリガナ=reading)
    assert where(_beside(tmp_path / "before", HIDDEN[1], married), "籠鳥") == []
    assert where(_beside(tmp_path / "after", HANAKO, dict(married, 閲覧制限="DV")), "籠鳥") == []
    wataru = person(氏名="鷺　航", フリガナ="サギ　ワタル", 避難所="高台小（籠鳥花子と同室）")
    assert where(_beside(tmp_path / "named", dict(married, 閲覧制限="DV"), wataru), "籠鳥") == []


OTHERS = [
    {"氏名": "籠鳥花子12", "生年月日": "1980/6/6"}, {"氏名": "籠鳥花子12", "生年月日": "", "住所": "", "年齢": ""}, {"氏名": "花子　籠鳥", "フリガナ": "", "生年月日": "", "住所": "", "年齢": ""}, {"氏名": "籠鳥　華子"}, {"フリガナ": "カゴドリ　カコ"},
    {"氏名": "雀　花子（旧姓 籠鳥）", "フリガナ": "スズメ　ハナコ", "生年月日": "1980/6/6"}, {"氏名": "雀　花子（旧姓 鷺）", "フリガナ": "スズメ　ハナコ"}, {"氏名": "籠鳥先生子", "フリガナ": "カゴドリ　センセイコ"}, {"氏名": "籠鳥　花子代", "フリガナ": "カゴドリ　ハナコヨ"},
]  # fmt: skip


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_others_of_a_like_name_are_public(tmp_path: Path, other: dict[str, str], hidden: dict[str, str]) -> None:
    assert where(_beside(tmp_path, hidden, dict(HANAKO, 避難所="籠の間", **other) if "避難所" not in other else other), "籠の間")


def test_a_number_tells_people_apart(tmp_path: Path) -> None:
    """Of forty of one name, born on one day in one house, one is marked."""
    rows = [dict(HANAKO, 氏名=f"籠鳥　花子{n}", 避難所=f"第{n}小学校", 閲覧制限="DV" if n == 7 else "") for n in range(10, 50)] + [dict(HANAKO, 氏名="籠鳥　花子7", 閲覧制限="DV")]
    assert len(where(_beside(tmp_path, *rows), "籠鳥　花子12")) > 0


# --- houses and private numbers beside the shelter ---


def test_houses_and_private_numbers_beside_the_shelter(tmp_path: Path) -> None:
    said = ["渡辺さん家", "渡辺さんち", "佐藤花子の家", "本町12-3", "実家（本町2-3）", "本町3の4", "本町三丁目四番五号", "汐見市本町123", "本町12番", "サンハイツ203", "コーポ汐見203号", "ひまわり荘203", "知人宅 ☎22-3456", "知人宅 〇九〇-一二三四-五六七八", "知人宅 〇二二五-二二-三四五六", "知人宅 22-3456", "籠鳥荘 203", "サンハイツ　203", "レオパレス203", "汐見ビル302", "本町二-三", "本町三の四", "仮設住宅A棟101号室"]
    assert not_hidden(tmp_path, "避難所", said) == []


def test_places_beside_numbers_are_places(tmp_path: Path) -> None:
    said = ["本町3丁目集会所", "第3避難所", "障害者支援センター", "仮設住宅A棟", "高台小2年1組", "高台小 体育館2F", "国道45号沿い", "県営住宅3号棟", "親戚宅", "知人宅", "本町12区集会所", "公民館203会議室", "汐見ビル302会議室", "サンハイツ集会所", "第一中", "二-三教室", "本町三の丸公園", "本町二の一集会所", "やすらぎ荘", "一〇三号教室"]
    assert not_hidden(tmp_path, "避難所", said) == said
