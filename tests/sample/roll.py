"""The sample's roll of evacuees: sixty persons who do not exist, as a shelter's staff would keep them."""



from __future__ import annotations

import csv
import io
import random
from datetime import date, timedelta
from pathlib import Path

AS_OF = date(2026, 10, 16)

# 髙, 﨑, 𠮷, 邉, 濵 are here on purpose: every edition has to do something about them.
FAMILIES = (
    ("汐田", "シオタ"), ("髙橋", "タカハシ"), ("山﨑", "ヤマサキ"), ("𠮷村", "ヨシムラ"), ("渡邉", "ワタナベ"), ("渡辺", "ワタナベ"),
    ("濵口", "ハマグチ"), ("砂川", "スナカワ"), ("磯貝", "イソガイ"), ("浦野", "ウラノ"), ("小舟", "コブネ"), ("沖本", "オキモト"),
    ("岬", "ミサキ"), ("網代", "アジロ"), ("塩谷", "シオヤ"), ("葛城", "カツラギ"), ("辻󠄁野", "ツジノ"), ("松風", "マツカゼ"), ("灘", "ナダ"),
    ("波多", "ハタ"), ("五十嵐", "イガラシ"), ("帆足", "ホアシ"), ("鷗", "カモメ"), ("グエン", "グエン"),
)
GIVEN = {
    "男": (("実", "ミノル"), ("健一", "ケンイチ"), ("大地", "ダイチ"), ("正", "タダシ"), ("航", "ワタル"), ("陽太", "ヨウタ"), ("幸雄", "ユキオ"),
          ("修", "オサム"), ("海斗", "カイト"), ("茂", "シゲル")),
    "女": (("和子", "カズコ"), ("ひなた", "ヒナタ"), ("美咲", "ミサキ"), ("キヨ", "キヨ"), ("さくら", "サクラ"), ("洋子", "ヨウコ"), ("結衣", "ユイ"),
          ("トメ", "トメ"), ("千鶴", "チヅル"), ("凪", "ナギ")),
}
STREETS = ("港町1丁目", "港町2丁目", "浜町1丁目", "浜町2丁目", "浜町3丁目", "河口町", "砂田1丁目", "本町1丁目")
SHELTERS = ("中央小学校", "緑ヶ丘中学校", "市民会館", "高台公民館", "汐見高等学校", "西山小学校")
HEADER = ("避難者番号", "世帯番号", "氏名", "フリガナ", "生年月日", "性別", "年齢", "住所", "電話番号", "避難所", "入所日", "退所日",
          "配慮が必要なこと", "公表同意", "閲覧制限", "備考", "確認日時")
NEEDS = ("", "", "", "", "", "つえを使う", "糖尿病の薬", "卵アレルギー", "耳が聞こえにくい", "粉ミルク")


def persons(count: int = 60) -> list[tuple[str, ...]]:
    """The same persons every time: households of one to four who came to one shelter together."""
    dice = random.Random(20261015)
    rows: list[tuple[str, ...]] = []
    household = 0
    while len(rows) < count:
        household += 1
        home = f"汐見市{dice.choice(STREETS)}{dice.randint(1, 14)}番{dice.randint(1, 22)}号"
        shelter, family = dice.choice(SHELTERS), FAMILIES[(household - 1) % len(FAMILIES)]
        consent = dice.choices(("同意する", "同意しない", ""), (75, 17, 8))[0]
        barred = "有（支援措置）" if household % 13 == 7 else ""
        eldest = dice.randint(28, 88)
        for member in range(min(dice.choice((1, 1, 2, 2, 3, 4)), count - len(rows))):
            age = eldest if member == 0 else max(0, eldest - (dice.randint(0, 6) if member == 1 else dice.randint(24, 34)))
            rows.append(_person(dice, len(rows) + 1, household, home, shelter, family, age, consent, barred))
    return rows


def _person(dice: random.Random, number: int, household: int, home: str, shelter: str, family: tuple[str, str], age: int,
            consent: str, barred: str) -> tuple[str, ...]:
    sex = dice.choice("男女")
    given = dice.choice(GIVEN[sex])
    born = AS_OF - timedelta(days=round(age * 365.25) + dice.randint(1, 300))
    age = AS_OF.year - born.year - ((AS_OF.month, AS_OF.day) < (born.month, born.day))
    left = "2026/10/16" if dice.random() < 0.08 else ""
    return (
        f"S{number:04d}", f"H{household:03d}", f"{family[0]}　{given[0]}", f"{family[1]}　{given[1]}", born.strftime("%Y/%m/%d"), sex,
        str(age), home, f"0000-00-{5000 + number:04d}", shelter, "2026/10/15", left, dice.choice(NEEDS), consent, barred,
        "親せきの家へ" if left else "", "2026/10/16 18:00",
    )


def write_roll(content: Path) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([HEADER, *persons()])
    (content / "避難者名簿/避難者名簿.csv").write_bytes(out.getvalue().encode("utf-8-sig"))
