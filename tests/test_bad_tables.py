"""Editions of a roll that are not what they should be: held or told of with the place, and the last good one stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher import cli
from publisher.model import Table
from publisher.review.misfits import misfits
from tests.town import Town, make_town

HEADER = "受付番号,氏名,フリガナ,生年月日,住所,年齢,電話番号,避難所,健康,続柄,備考,公表同意,閲覧制限"
TOWNS = ["本町", "浜町", "港町"]


def line(n: int) -> str:
    return f"{n},港　光{'一二三四五六七八九'[n % 9]},ミナト　ヒカル,昭和{n % 40 + 10}年3月1日,汐見市{TOWNS[n % 3]}{n}番地,{n % 70 + 10},0000-00-{n:04},中央小学校,良好,本人,なし,同意する,"


def roll(*lines: str, as_of: str = "2011年3月11日14時", header: str = HEADER, count: int = 30) -> str:
    return "\n".join([f"避難者名簿,{as_of}現在", header, *map(line, range(1, count + 1)), *lines]) + "\n"


@pytest.fixture
def town(tmp_path: Path) -> Town:
    made = make_town(tmp_path)
    toml = tmp_path / "publisher.toml"
    toml.write_text(toml.read_text().replace('expires = "40d"', 'expires = "9999w"'))
    made.drop("避難者名簿/名簿.csv", roll())
    assert run(made, "publish") == 0
    return made


def run(town: Town, *command: str) -> int:
    return cli.main(["-C", str(town.root), *command])


def shown(town: Town) -> dict[str, bytes]:
    return {path: body for path, body in town.files().items() if "t/hinansha" in path}


OLDER = "2011年3月11日12時"
NEWER = "2011年3月11日16時"


def shifted(text: str) -> str:
    first, header, *rows = text.splitlines()
    return "\n".join([first, header, *(row.replace(",", ",,", 1).removesuffix(",") for row in rows)])


HELD = {
    "consent renamed": (roll(as_of=NEWER, header=HEADER.replace("公表同意", "公開同意")), ["「公表同意」がありません", "「公開同意」という列なら"]),
    "consent missing": (roll(as_of=NEWER, header=HEADER.replace("公表同意", "")), ["「公表同意」がありません"]),
    "a shown column renamed": (roll(as_of=NEWER, header=HEADER.replace("避難所", "避難先")), ["「避難所」がありません", "「避難先」という列なら"]),
    "shifted": (shifted(roll(as_of=NEWER)), ["「年齢」の列", "3–32行目"]),
    "a row too long": (roll("31,港　光,ミナト　ヒカル,昭和40年3月1日,汐見市本町,3番地,50,0000-00-0031,中央小学校,良好,本人,なし,同意する,,続き", as_of=NEWER), ["33行目", "長い行"]),
    "two consent columns": (roll(as_of=NEWER, header=HEADER.replace("備考", "公表同意")), ["公表同意", "2つ"]),
    "older": (roll(as_of=OLDER), ["3月11日12時00分現在", "3月11日14時00分現在", "release"]),
    "empty": (roll(as_of=NEWER, count=0), ["1行もありません"]),
    "half": (roll(as_of=NEWER, count=12), ["30行でしたが、12行"]),
    "a telephone number among what is shown": (roll(as_of=NEWER).replace("中央小学校", "中央小学校 090-0000-1234", 3), ["「避難所」に、電話番号"]),
    "a mobile number whose zero a spreadsheet took": (roll(as_of=NEWER).replace("中央小学校", "中央小学校 9000001234", 3), ["「避難所」に、電話番号"]),
    "a number as from abroad": (roll(as_of=NEWER).replace("中央小学校", "中央小学校 +81-3-1234-5678", 3), ["「避難所」に、電話番号"]),
}


@pytest.mark.parametrize("case", HELD)
def test_is_held_with_its_place_and_the_last_good_edition_stays(town: Town, capsys: pytest.CaptureFixture[str], case: str) -> None:
    text, words = HELD[case]
    before = shown(town)
    town.drop("避難者名簿/名簿.csv", text)
    capsys.readouterr()
    assert run(town, "publish") == 3
    captured = capsys.readouterr()
    told = captured.out + captured.err
    assert [word for word in words if word not in told] == [], told
    assert shown(town) == before
    assert not any(private in told for private in ("港　光", "ミナト", "0000-00", "昭和", "1234"))


@pytest.mark.parametrize("case", ["older", "empty", "half"])
def test_a_person_can_let_it_through(town: Town, case: str) -> None:
    town.drop("避難者名簿/名簿.csv", HELD[case][0])
    assert run(town, "publish") == 3
    before = shown(town)
    assert run(town, "release", "避難者名簿/名簿.csv") == 0
    assert shown(town) != before
    assert run(town, "publish") == 0


TOLD = {
    "the same key twice": (roll(line(7), as_of=NEWER), ["「受付番号」が同じ行", "9、33行目"]),
    "hiragana is no trouble": (roll("31,港　光,みなと　ひかる,,汐見市本町,50,,中央小学校,,,,同意する,", as_of=NEWER), []),
    "romaji": (roll("31,港　光,Minato Hikaru,,汐見市本町,50,,中央小学校,,,,同意する,", as_of=NEWER), ["ローマ字の行が1行（33行目）"]),
    "no reading": (roll("31,港　光,,,汐見市本町,50,,中央小学校,,,,同意する,", as_of=NEWER), ["空の行が1行（33行目）"]),
    "two header rows": (roll(as_of=NEWER, header=f"{HEADER}\n{HEADER}"), ["見出しの行が途中にもありました（3行目）"]),
    "a header in the middle": (roll(HEADER, line(31), as_of=NEWER), ["見出しの行が途中にもありました（33行目）"]),
    "sixteen columns": (
        roll(as_of=NEWER, header=HEADER + ",病名,マイナポイント,担任").replace("同意する,", "同意する,,喘息A,1,2"), ["「病名」、左から15番目の列、「担任」"],
    ),
    "one row slipped": (roll("31,x,港　光,ミナト　ヒカル,昭和40年3月1日,汐見市本町,0000-00-0031,中央小学校,良好,,,同意する,", as_of=NEWER), ["33行目", "載せていません"]),
    "an illness behind a name": (roll("31,港　光（喘息）,ミナト　ヒカル,昭和40年3月1日,汐見市本町,50,0000-00-0031,中央小学校,良好,,,同意する,", as_of=NEWER), ["「氏名」", "33行目", "載せていません"]),
    "a house where a shelter is asked for": (
        roll("31,港　光,ミナト　ヒカル,昭和40年3月1日,汐見市本町,50,0000-00-0031,汐見市本町3丁目4番5号喘息様方,良好,,,同意する,", as_of=NEWER),
        ["「避難所」", "33行目", "載せていません"],
    ),
    "the same moment again": (roll(line(31)), []),
}  # fmt: skip


@pytest.mark.parametrize("case", TOLD)
def test_is_published_and_told_of_with_its_place(town: Town, capsys: pytest.CaptureFixture[str], case: str) -> None:
    text, words = TOLD[case]
    toml = town.root / "publisher.toml"
    toml.write_text(toml.read_text().replace('reading = "フリガナ"', 'reading = "フリガナ"\nkey = "受付番号"'))
    before = shown(town)
    town.drop("避難者名簿/名簿.csv", text)
    capsys.readouterr()
    assert run(town, "publish") == 0
    run(town, "status")
    told = capsys.readouterr().out
    assert [word for word in words if word not in told] == [], told
    assert shown(town) != before
    everything = b"".join(town.files().values())
    assert not any(private.encode() in everything for private in ("喘息", "昭和40年3月1日", "0000-00-0031"))
    assert not any(private in told for private in ("港　光", "ミナト", "0000-00", "昭和", "喘息"))


def test_editions_as_files_of_their_own_stay_as_they_are_when_the_rules_change(town: Town) -> None:
    """Looking at older editions again, because the rules changed, makes none of them the newest."""
    town.drop("避難者名簿/二.csv", roll(line(31), as_of=NEWER))
    assert run(town, "publish") == 0
    for old, new in (('"9999w"', '"9998w"'), ('"9998w"', '"9997w"')):
        toml = town.root / "publisher.toml"
        toml.write_text(toml.read_text().replace(old, new))
        assert run(town, "publish") == 0
        assert "31人" in town.page("t/hinansha/index.html")
    with town.desk(dry=True) as opened:
        document = opened.ledger.documents.by_key("避難者名簿/")
        assert [v.path for v in opened.ledger.documents.versions(document.id)] == ["避難者名簿/名簿.csv", "避難者名簿/二.csv"]


def test_staff_are_told_when_nobodys_consent_reads_as_the_profile_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """○ where the profile says 同意する: fail closed, but not in silence."""
    town = make_town(tmp_path)
    toml = tmp_path / "publisher.toml"
    toml.write_text(toml.read_text().replace('expires = "40d"', 'expires = "9999w"'))
    town.drop("避難者名簿/名簿.csv", roll().replace("同意する", "○"))
    assert run(town, "publish") == 0
    assert "「公表同意」の列の値が、どの行でも設定の値と違うので、人数だけを公開します" in capsys.readouterr().out
    assert "港　光" not in town.page("t/hinansha/index.html")


def test_shelters_named_after_whom_they_serve_are_no_illness(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.drop("避難者名簿/名簿.csv", roll(as_of=NEWER).replace("中央小学校", "障がい者支援センター").replace("汐見市浜町", "汐見市本町3丁目集会所"))
    assert run(town, "publish") == 0
    assert "載せていません" not in capsys.readouterr().out
    assert "障がい者支援センター" in town.page("t/hinansha/index.html")


@pytest.mark.timeout(40)
@pytest.mark.parametrize("mark", ["(", "（", "[", "1", "①", "の妻", "@", "㍿", "_"])
def test_a_cell_of_one_mark_holds_nobody_up(town: Town, mark: str) -> None:
    """An arm on the keyboard, a cell filled down: what takes the square of its length would take minutes."""
    whole = roll(as_of=NEWER)
    for name in ("港　光四", "ミナト　ヒカル", "備考"):
        town.drop("避難者名簿/名簿.csv", whole.replace(name, mark * (60_000 // len(mark)), 1))
        run(town, "publish")
        assert all(mark.encode() * 300 not in body for body in shown(town).values())


@pytest.mark.parametrize(("name", "fits"), [("　" * 300, True), ("港" * 200, True), ("港" * 201, False)])
def test_no_name_is_longer_than_200_characters(name: str, fits: bool) -> None:
    """An empty cell fits everywhere, however many spaces it has."""
    table = Table("", ("氏名",), [("港　光",), (name,)], [2, 3])
    assert misfits(table, [0]) == ({} if fits else {0: frozenset((name,))})
