"""The search in a real browser: does it find the right people, what does it move over the line, can everybody use it."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from publisher.editions.tables import table as table_pages
from publisher.editions.tables.search.fold import fold
from publisher.mirrors.headers import headers
from publisher.model import Page
from tests.test_tables import SHELTERS, TOWNS, bulletin, frame, roll

__all__ = ["frame"]

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools" / "node_modules"
LIMIT = 50_000

FAMILIES = (
    "佐藤 サトウ satou 佐藤|髙橋 タカハシ takahashi 高橋|渡邉 ワタナベ watanabe 渡辺|山﨑 ヤマザキ yamazaki 山崎|齋藤 サイトウ saito 斎藤|"
    "𠮷田 ヨシダ yoshida 吉田|廣瀨 ヒロセ hirose 広瀬|濵田 ハマダ hamada 浜田|大野 オオノ ohno 大野|小野 オノ ono 小野|辻󠄀 ツジ tsuji 辻|"
    "佐々木 ササキ sasaki 佐佐木|伊藤 イトウ Itoh 伊藤|近藤 コンドウ kondo 近藤|長谷川 ハセガワ hasegawa 長谷川|服部 ハットリ hattori 服部"
)
GIVEN = (
    "ヨシエ ヨシエ yoshie|翔太 ショウタ shota|花子 ハナコ hanako|純一 ジュンイチ jun'ichi|恭子 キョウコ kyoko|千鶴子 チヅコ chizuko|"
    "薫 カオル kaoru|勇気 ユウキ yuki|凜 リン rin|慎也 シンヤ shin'ya"
)

Person = dict[str, Any]


def crowd(count: int) -> list[Person]:
    """People with several ways to type each: ``row`` as on the page, ``typed`` by way."""
    chance = random.Random(11)
    families = [one.split() for one in FAMILIES.split("|")]
    givens = [one.split() for one in GIVEN.split("|")]
    people = []
    for _ in range(count):
        (family, kana, latin, usual), (given, given_kana, given_latin) = chance.choice(families), chance.choice(givens)
        row = (
            f"{family}　{given}",
            f"{kana}　{given_kana}",
            f"汐見市{chance.choice(TOWNS)}",
            f"{chance.randrange(10) * 10}代",
            chance.choice(SHELTERS),
        )
        typed = {
            "kana": f"{kana}{given_kana}",
            "hiragana": "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in f"{kana} {given_kana}"),
            "variant": f"{usual}{given}",
            "romaji": f"{latin} {given_latin}",
            "western": f"{given_latin} {latin}",
        }
        people.append({"row": row, "typed": typed})
    return people


class Quiet(SimpleHTTPRequestHandler):
    """Serves the site as a mirror does: types and cache rules from the headers of the mirrors, no log."""

    pages: dict[str, Page] = {}  # noqa: RUF012 - set once for each site

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def end_headers(self) -> None:
        page = self.pages.get(self.path.lstrip("/"))
        if page is not None:
            self.send_header("Cache-Control", headers(page.path, page.kind, page.personal).cache_control)
        super().end_headers()

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        page = self.pages.get(self.path.lstrip("/"))
        return headers(page.path, page.kind, page.personal).content_type if page is not None else super().guess_type(path)


Ask = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return crowd(1_600)


@pytest.fixture(scope="module")
def address(frame, people: list[Person], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The overview of the roll on a server of this machine."""
    folder = tmp_path_factory.mktemp("site")
    pages = {page.path: page for page in table_pages(bulletin(roll([one["row"] for one in people])), frame)}
    for path, page in pages.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(page.body)
    handler = type("Handler", (Quiet,), {"pages": pages})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/t/hinansha/index.html"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def ask() -> Ask:
    """Gives jobs to the browser."""
    node, chromium = shutil.which("node"), shutil.which("chromium") or shutil.which("chromium-browser")
    if node is None or chromium is None:
        pytest.skip("node and chromium are not both installed")
    for tool in ("playwright-core", "axe-core"):
        if not (TOOLS / tool).is_dir():
            pytest.skip(f"{tool} is not in .tools/node_modules")

    def asked(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        question = json.dumps({"tools": str(TOOLS), "chromium": chromium, "jobs": jobs})
        done = subprocess.run(
            [node, str(ROOT / "tests" / "browse.js")],
            input=question.encode(),
            capture_output=True,
            check=False,
            timeout=110,
        )
        assert done.returncode == 0, done.stderr.decode()
        answers = json.loads(done.stdout)
        for job, answer in zip(jobs, answers, strict=True):
            if not job.get("broken"):
                assert answer["said"] == [], f"{job}: the console says {answer['said']}"
        return answers

    return asked


def hit(row: tuple[str, ...]) -> list[str]:
    name, kana, town, age, shelter = row
    return [f"{name}（{kana}）", shelter, town, age]


def test_fifty_searches_find_the_right_people_and_move_little(ask: Ask, address: str, people: list[Person]) -> None:
    ways = ["kana", "hiragana", "variant", "romaji", "western"]
    wanted = [(one, ways[number % len(ways)]) for number, one in enumerate(random.Random(3).sample(people, 50))]
    texts = [one["typed"][way] for one, way in wanted]
    (found,) = ask([{"do": "search", "url": address, "texts": texts}])
    for (one, way), answer in zip(wanted, found["answers"], strict=True):
        said = one["typed"][way]
        right = [hit(other["row"]) for other in people if other["row"][0] == one["row"][0]]
        assert hit(one["row"]) in answer["rows"], said
        assert all(row in answer["rows"] for row in right), said
        assert all(alike(row, one["row"]) for row in answer["rows"]), said
        assert answer["bytes"] <= LIMIT, f"{said}: {answer['bytes']} B"
        assert "2011年3月12日" in answer["status"] and f"{len(answer['rows'])}人" in answer["status"]
        assert_private(answer, said, address)


def alike(found: list[str], wanted: tuple[str, ...]) -> bool:
    """Whether a hit is the person, somebody of the same name, or of one that sounds like it."""
    name, _, kana = found[0].rstrip("）").partition("（")
    return fold(kana).startswith(fold(wanted[1])) or fold(name).startswith(fold(wanted[0]))


def assert_private(answer: dict[str, Any], said: str, address: str) -> None:
    """Nothing of what was typed has left the page, and no other host was asked."""
    folder = address.rpartition("/")[0]
    for request in answer["requests"]:
        inner = request["url"].removeprefix(folder)
        assert re.fullmatch(r"/index\.html|/s/(root|[a-z2-7]{6,})\.json|/s/search-[0-9a-f]{12}\.js", inner), inner
        assert (request["method"], request["body"]) == ("GET", "")
    assert answer["url"] == address


def test_a_common_name_comes_in_portions(ask: Ask, address: str, people: list[Person]) -> None:
    (found,) = ask([{"do": "search", "url": address, "texts": ["サ"], "rounds": 12}])
    (answer,) = found["answers"]
    right = [hit(one["row"]) for one in people if one["row"][1].startswith("サ")]
    assert len(right) > 200
    assert sorted(answer["rows"]) == sorted(right)
    assert 0 < answer["again"] <= LIMIT and answer["bytes"] <= LIMIT


def test_nobody_found_is_said_with_the_number_to_call(ask: Ask, address: str) -> None:
    (found,) = ask([{"do": "search", "url": address, "texts": ["ヌルハチ"]}])
    (answer,) = found["answers"]
    assert "見つかりませんでした" in answer["status"] and "2011年3月12日" in answer["status"]
    assert "無事でないということではありません" in answer["text"] and "0000-00-2111" in answer["text"]
    assert answer["bytes"] <= LIMIT and answer["rows"] == []


def test_a_broken_line_is_said_and_the_lists_stay(ask: Ask, address: str) -> None:
    (found,) = ask([{"do": "search", "url": address, "texts": ["サトウ"], "broken": True}])
    (answer,) = found["answers"]
    assert "いま検索できません" in answer["status"] and answer["rows"] == []


@pytest.mark.parametrize("width", [240, 320, 1000])
def test_the_search_is_for_everybody(ask: Ask, address: str, width: int) -> None:
    (answer,) = ask([{"do": "look", "url": address, "text": "yoshida", "width": width, "picture": os.environ.get("PUBLISHER_PICTURES", "") and f"{os.environ['PUBLISHER_PICTURES']}/search-{width}.png"}])
    assert answer["violations"] == []
    assert answer["overflow"] <= 0
    assert answer["label"] == "お名前で探す" and answer["focused"] == "探す"
    assert len(answer["targets"]) >= 2
    assert all(wide >= 24 and high >= 24 for _, wide, high in answer["targets"]), answer["targets"]


def test_an_input_method_is_left_in_peace(ask: Ask, address: str, people: list[Person]) -> None:
    (answer,) = ask([{"do": "compose", "url": address, "text": "はっとりはなこ"}])
    assert answer["during"] == 2, "the page and its script, nothing while kana are composed"
    right = [hit(one["row"]) for one in people if one["row"][0] == "服部　花子"]
    assert right and sorted(answer["rows"]) == sorted(right)


def test_without_script_the_same_people_are_found_by_links(ask: Ask, address: str, people: list[Person]) -> None:
    sample = [one["row"] for one in random.Random(3).sample(people, 50)]
    wanted = [[name, kana, shelter, town, age] for name, kana, town, age, shelter in sample]
    links, mini = ask([{"do": "links", "url": address, "wanted": wanted}, {"do": "mini", "url": address}])
    assert links["fields"] == 0 and links["missing"] == []
    assert set(links["steps"]) == {row[0] for row in sample} and max(links["steps"].values()) <= 4
    assert mini["fields"] == 0 and mini["links"] > 10
