"""Pages of standard tables before the judges of the field: the Nu checker, the DTDs of XHTML Basic, axe, and a screen of 240 pixels."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.test_layouts import CLINICS, ORDERS, OUTAGES, ROADS, STANDARD, STATUS
from tests.test_validity import AXE, ROOT, command, vnu
from tests.town import make_town

PLACES = ("本町", "浜町", "港町", "山手")


def rows(columns: list[str], count: int, **cells: str) -> str:
    """A CSV with this many rows; ``cells`` by header, ``{n}`` and ``{p}`` in them are the row's number and a place."""
    lines = [",".join(columns)]
    for n in range(count):
        lines.append(",".join(cells.get(column, "").format(n=n, p=PLACES[n % len(PLACES)]) for column in columns))
    return "\n".join(lines)


SHELTER = {
    "名称": "{p}第{n}小学校", "名称_カナ": "ホンチョウショウ{n}", "所在地_連結表記": "汐見市{p}{n}-1", "緯度": "35.1{n}", "経度": "136.2{n}", "電話番号": "0000-00-{n:04}",
    "災害種別_洪水": "1", "災害種別_津波": "×", "災害種別_地震": "○", "想定収容人数": "30{n}", "URL": "https://example.jp/学校?a=1&b={n}", "備考": "<鍵>は\"隣\" & 裏",
}  # fmt: skip
STATE = {
    "施設名": "{p}第{n}公民館", "施設名（かな）": "こうみんかん{n}", "所在地（住所）": "汐見市{p}{n}", "施設電話番号": "0000-00-{n:04}", "開設状況": "開設", "空き状況": "空きあり",
    "避難者数（総数）": "{n}", "開設日時": "2036-03-11T14:00", "緯度": "35.1", "経度": "136.2",
}  # fmt: skip

ROLL = ["氏名", "フリガナ", "住所", "年齢", "避難所", "公表同意", "閲覧制限"]
PERSON = {"氏名": "山田{n}郎", "フリガナ": "ヤマダロウ", "住所": "汐見市{p}1-{n}", "年齢": "41", "公表同意": "同意する"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    town = make_town(tmp_path_factory.mktemp("tables"))
    town.drop("避難/場所.csv", rows(STANDARD, 120, **SHELTER))
    town.drop("避難/少し.csv", rows(STANDARD, 3, **SHELTER))
    town.drop("避難/状況.csv", rows(STATUS, 30, **STATE))
    town.drop("道路/通行止め.csv", rows(ROADS, 4, 路線名="国道{n}号", 規制場所始点="{p}", 規制場所終点="駅", 規制種別="全面通行止め", 規制理由="土砂崩れ"))
    town.drop("水道/断水.csv", rows(OUTAGES, 4, 市区町村名="{p}市", **{"断水戸数（最大）": "10{n}", "断水戸数（現在）": "{n}"}))
    town.drop("避難/指示.csv", rows(ORDERS, 4, 発令区分="避難指示", 警戒レベル="4", **{"発令・解除対象地区": "{p}", "発令・解除区分": "発令"}))
    town.drop("医療/医院.csv", rows(CLINICS, 30, 名称="第{n}医院", 住所="汐見市{p}{n}", 電話番号="0000-00-{n:04}", 診療科目="内科;外科", 診療曜日="月火"))
    report = town.build()
    assert {document.state for document in report.documents} == {"published"}, report.documents
    town.drop("避難/状況.csv", rows(STATUS, 33, **{**STATE, "避難者数（総数）": "1{n}", "開設日時": "2036-03-11T18:00"}))
    for hour in (9, 12):
        town.drop("避難者名簿/名簿.csv", rows(ROLL, 150 + hour, **{**PERSON, "避難所": "{p}小学校" if hour == 9 else "{p}中学校"}))
        report = town.build()
        assert not report.problems and {document.state for document in report.documents} == {"published"}, report
    assert (town.public / "i/t/hinansha/trend.html").is_file()
    return town.public


def pages(folder: Path, edition: str) -> list[str]:
    found = sorted((folder / edition / "t").rglob("*.html"))
    assert len(found) > 20
    return [str(file) for file in found]


def test_web_pages_are_valid_html(folder: Path) -> None:
    done = subprocess.run([*vnu(), *pages(folder, "")], capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout == ""
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("edition", ["k", "i"])
def test_handset_pages_are_valid_xhtml_basic(folder: Path, edition: str) -> None:
    xmllint = command("xmllint")
    if not Path("/usr/share/xml/w3c-sgml-lib").is_dir():
        pytest.skip("the DTDs (w3c-sgml-lib) are not installed")
    done = subprocess.run([xmllint, "--nonet", "--noout", "--valid", *pages(folder, edition)], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


def test_budgets_hold(folder: Path) -> None:
    assert all(Path(page).stat().st_size <= 10_000 for page in pages(folder, "k"))
    assert all(Path(page).stat().st_size <= 5_000 for page in pages(folder, "i"))


def overviews(folder: Path) -> list[str]:
    return [page for page in pages(folder, "") if page.endswith("index.html")]


def test_nothing_is_wider_than_a_small_screen(folder: Path, tmp_path: Path) -> None:
    """WCAG 2.2, 1.4.10 Reflow: rows stand as cards, nothing scrolls sideways."""
    chromium = command("chromium")
    frames = "".join(f'<iframe src="file://{name}" width="240" height="2000"></iframe>' for name in overviews(folder))
    script = (
        "onload=()=>{document.title=[...document.querySelectorAll('iframe')].map(f=>{const d=f.contentDocument;"
        "return Math.max(d.documentElement.scrollWidth,...[...d.querySelectorAll('.stack')].map(e=>e.scrollWidth))}).join(' ')}"
    )
    page = tmp_path / "frames.html"
    page.write_text(f"<!DOCTYPE html><title>x</title>{frames}<script>{script}</script>", "utf-8")
    arguments = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--allow-file-access-from-files",
        f"--user-data-dir={tmp_path}/profile", "--dump-dom", f"file://{page}",
    ]  # fmt: skip
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    widths = [int(number) for number in done.stdout.partition("<title>")[2].partition("</title>")[0].split()]
    assert len(widths) == len(overviews(folder))
    assert max(widths) <= 240


def test_axe_finds_nothing(folder: Path) -> None:
    node, chromium = command("node"), command("chromium")
    tools = Path(os.environ.get("PUBLISHER_TOOLS", ROOT / ".tools"))
    if not all((tools / "node_modules" / name).is_dir() for name in ("axe-core", "playwright-core")):
        pytest.skip("axe-core and playwright-core are not in .tools/node_modules")
    environment = {**os.environ, "NODE_PATH": str(tools / "node_modules")}
    done = subprocess.run([node, "-e", AXE, "-", chromium, *overviews(folder)], capture_output=True, text=True, timeout=100, check=False, env=environment)
    assert done.stdout == ""
    assert done.returncode == 0, done.stderr
