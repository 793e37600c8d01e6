"""Strings that must never get out, in every column that is not published and in every row that may not be shown.

Three editions of a roll in each encoding; then every byte of the site, the mirrors, the ledger, the answers and the staff's page is searched.
"""

from __future__ import annotations

import io
import json
import random
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from publisher import cli
from publisher.editions.tables.search.fold import fold
from publisher.mirrors import headers
from publisher.model import PageKind
from tests.town import Town, make_town

COLUMNS = ("受付番号", "氏名", "フリガナ", "生年月日", "住所", "年齢", "電話番号", "避難所", "健康状態", "続柄", "備考", "公表同意", "閲覧制限")
FAMILIES = ["磯貝イソガイ", "渡邉ワタナベ", "汐田シオタ", "浜野ハマノ", "高台タカダイ", "赤松アカマツ", "白砂シラスナ", "川端カワバタ"]
GIVEN = ["航ワタル", "洋子ヨウコ", "茂シゲル", "凜リン", "薫カオル", "光ヒカル", "勇イサム", "恵メグミ"]
UNCLEAR = ("同意しない", "", "未確認", "？", "同意する（本人以外には不可）")
MARKS = ("有", "DV", "○", "要確認")
STEMS = frozenset(("UKE0", "カナリア", "0900-00-0", "号カナ", "-77", "/02/", "秘匿", "鳥籠", "トリカゴ", "ヒトクカナリ", "とりかご"))
"""Every string that must stay hidden has one of these in it, and nothing that may be shown has."""
ENCODINGS = ("utf-8", "cp932", "xlsx")


@dataclass
class Corpus:
    """A roll, and what of it must stay hidden."""

    chance: random.Random
    rows: list[dict[str, str]] = field(default_factory=list)
    canaries: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)
    count: int = 0

    def arrive(self, people: int) -> None:
        for _ in range(people):
            self.rows.append(self._person())

    def _person(self) -> dict[str, str]:
        self.count += 1
        n, pick = self.count, self.chance.choice
        family, given = pick(FAMILIES), pick(GIVEN)
        kanji, kana = re.sub("[ァ-ヴー]", "", family) + "　" + re.sub("[ァ-ヴー]", "", given), re.sub("[^ァ-ヴー]", "", family) + "　" + re.sub("[^ァ-ヴー]", "", given)
        town, house, phone = pick(("本町", "浜町", "港町")), f"{n}-77{n}", f"0900-00-{n:05d}"
        person = dict(
            zip(
                COLUMNS,
                (
                    f"UKE{n:05d}", kanji, kana, f"19{n % 90 + 10}/02/{n % 28 + 1:02d}#{n}", f"汐見市{town}{house}号カナリア荘{n}", str(n % 95), phone, f"第{n % 9 + 1}小学校",
                    f"カナリア病{n}", f"カナリア続柄{n}", f"カナリア備考{n}", "同意する", "",
                ),
                strict=True,
            )
        )  # fmt: skip
        hidden = self.chance.random() < 0.3
        if hidden:
            person["氏名"], person["フリガナ"] = f"秘匿{n}　鳥籠", f"ヒトクカナリ{'アイウエオカキクケコ'[n % 10]}{'サシスセソタチツテト'[n // 10 % 10]}　トリカゴ"
            person["公表同意" if n % 2 else "閲覧制限"] = pick(UNCLEAR) if n % 2 else pick(MARKS)
            self.canaries |= {person["氏名"], person["フリガナ"], f"秘匿{n}"}
        else:
            self.shown |= {kanji}
        self.canaries |= {person[column] for column in ("受付番号", "生年月日", "電話番号", "健康状態", "続柄", "備考")} | {house, f"カナリア荘{n}"}
        return person

    def next(self) -> None:
        """Some leave, some move, some arrive, one takes the consent back."""
        self.chance.shuffle(self.rows)
        del self.rows[:3]
        for row in self.rows[:6]:
            row["避難所"] = f"第{self.chance.randint(1, 9)}小学校"
        self.arrive(5)

    def bytes(self, encoding: str, hour: int) -> bytes:
        title = ["避難者名簿", f"2011年3月11日{hour}時現在", *[""] * (len(COLUMNS) - 2)]
        lines = [title, list(COLUMNS), *(list(row.values()) for row in self.rows)]
        if encoding == "xlsx":
            from openpyxl import Workbook

            book = Workbook()
            for line in lines:
                book.active.append(line)
            out = io.BytesIO()
            book.save(out)
            return out.getvalue()
        return "\r\n".join(",".join(line) for line in lines).encode(encoding)


def forms(words: set[str]) -> list[bytes]:
    """How a string may stand in a file: in each encoding, as JSON, as addresses, without its spaces, as the search's index has it."""
    found: set[bytes] = set()
    for word in words:
        for text in {word, word.replace("　", ""), word.replace("　", " ")}:
            found |= {text.encode("utf-8"), text.encode("cp932"), json.dumps(text).strip('"').encode()}
        folded = fold(word)
        if len(folded) >= 8 and folded.isascii():
            found.add(folded.encode())
    return sorted(found)


def spilled(words: list[bytes], body: bytes) -> list[bytes]:
    pattern = re.compile(b"|".join(map(re.escape, words)))
    return pattern.findall(body)


def everything(town: Town) -> Iterator[tuple[str, bytes]]:
    for folder in ("public", "mirror", ".publisher"):
        for file in sorted((town.root / folder).rglob("*")):
            if file.is_file() and "archive" not in file.parts:
                yield file.relative_to(town.root).as_posix(), file.read_bytes()
    yield "staff", (town.content / "_状況.html").read_bytes()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_canary_in_any_byte_of_three_editions(tmp_path: Path, capsys: pytest.CaptureFixture[str], encoding: str) -> None:
    town = make_town(tmp_path, f'\n[[mirrors]]\nname = "m"\nurl = "{tmp_path.as_posix()}/mirror"\n')
    toml = tmp_path / "publisher.toml"
    toml.write_text(toml.read_text().replace('expires = "40d"', 'expires = "9999w"\nkey = "受付番号"\npfif = true'))
    town.drop("給水/水.md", "# 給水所\n\n水を配ります。\n")
    corpus = Corpus(random.Random(encoding))
    corpus.arrive(160)
    name = "名簿.xlsx" if encoding == "xlsx" else "名簿.csv"
    answers, words = b"", forms(STEMS)
    for edition in range(3):
        if edition:
            corpus.next()
        town.drop(f"避難者名簿/{name}", corpus.bytes(encoding, 10 + edition))
        for command in (["publish", "--json"], ["status"], ["check"]):
            assert cli.main(["-C", str(tmp_path), *command]) == 0
            captured = capsys.readouterr()
            answers += (captured.out + captured.err).encode()
        assert len(corpus.canaries) > 600
        assert [canary for canary in corpus.canaries if not any(stem in canary for stem in STEMS)] == []
        assert spilled(words, answers) == []
        for path, body in everything(town):
            assert spilled(words, body) == [], path
            assert spilled(words, path.encode()) == []
    _names_stay_where_they_belong(town, corpus, answers)


def _names_stay_where_they_belong(town: Town, corpus: Corpus, answers: bytes) -> None:
    """Names that may be shown are on the pages of the roll and nowhere else, and those pages keep to themselves."""
    names = forms(corpus.shown)
    assert spilled(names, answers) == []
    rows = sqlite3.connect(town.root / ".publisher" / "ledger.db").execute("SELECT path, kind, personal FROM pages WHERE gone = 0").fetchall()
    personal = {path for path, _, flag in rows if flag}
    with_names = set()
    for path, body in town.files().items():
        if spilled(names, body):
            assert re.match(r"(k/|i/)?t/hinansha/", path), path
            assert path in personal, path
            with_names.add(path)
            kind = next(PageKind(kind) for name, kind, _ in rows if name == path)
            assert headers(path, kind, True).cache_control == "no-store"
        assert spilled(names, path.encode()) == []
        if path.endswith(".html"):
            text = body.decode("cp932" if path.startswith("i/") else "utf-8")
            title = re.search(r"<title>(.*?)</title>", text, re.S)
            assert spilled(names, title[1].encode()) == []
            if path in with_names:
                assert re.search(r'<meta name="robots" content="noindex, ?noarchive', text), path
    assert any(path.endswith(".csv") for path in with_names)
    assert {path[:2] for path in with_names} >= {"t/", "k/", "i/"}
    assert "t/hinansha" not in town.page("sitemap.xml")
    assert spilled(names, (town.root / ".publisher" / "ledger.db").read_bytes()) == []
