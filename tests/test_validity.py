"""Pages before the judges of the field: the Nu checker, the DTDs of XHTML Basic, a text browser as a
handset, Chromium.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from publisher.editions import (
    ArchiveView,
    CategoryView,
    ExtrasView,
    HomeView,
    archive,
    category,
    document,
    document_version,
    extras,
    home,
)
from publisher.model import Head, Kind, Page, Scan, Severity, State
from tests.samples import (
    CATEGORIES,
    NOON,
    SHELTER,
    WATER,
    bulletin,
    card,
    figure_notice,
    frame,
    gone,
    notice,
    p,
    picture,
)

ROOT = Path(__file__).resolve().parent.parent


def site() -> Iterator[Page]:
    """Every kind of page of notices, scans and lists."""
    city = frame()
    urgent = bulletin(
        notice(
            "避難指示（浜町）", (p("逃げてください。"),), severity=Severity.URGENT, districts=("浜町", "港町")
        ),
        id="uuuuuu",
        category=SHELTER,
    )
    english = notice("Where to get water", (p("All of the city is without water."),))
    chinese = notice("供水点指南", (p("全市停水。请到以下地点领取饮用水。请自备容器。"),))
    arabic = notice("ماء", (p("الماء هنا"),))
    water = bulletin(
        contents=(
            ("ja", notice()),
            ("easy", notice("水（みず）")),
            ("en", english),
            ("zh-Hans", chinese),
            ("ar", arabic),
        ),
        version=3,
    )
    long = bulletin(
        notice("長いお知らせ", tuple(p("髙島さんの家の前で水を配ります。" * 30) for _ in range(30))),
        id="eeeeee",
    )
    drill = bulletin(notice("避難訓練", drill=True), id="dddddd")
    map_ = bulletin(figure_notice(), id="pppppp")
    paper = bulletin(Scan(Head("臨時広報"), (picture(1), picture(2))), id="aaaaaa")
    for made in (urgent, water, long, drill, map_, paper):
        yield from document(made, city)
    yield from document_version(water, 2, notice("給水所（速報）"), city)
    withdrawn = gone()
    yield from document(replace(withdrawn, card=replace(withdrawn.card, id="gggggg")), city)
    ended = gone(State.EXPIRED)
    yield from document(replace(ended, card=replace(ended.card, id="kkkkkk")), city)
    table = card("tttttt", "避難所一覧", kind=Kind.TABLE, path="t/hinanjo/index.html")
    cards = (urgent.card, water.card, drill.card, paper.card, withdrawn.card)
    yield from home(HomeView((urgent.card,), cards, (table,), CATEGORIES, NOON), city)
    yield from category(CategoryView(WATER, cards, NOON), city)
    yield from archive(ArchiveView("index", None, "", (), (("2011-03-0", "2011-03"),), NOON), city)
    yield from archive(ArchiveView("2011-03-0", WATER, "2011-03", cards), city)
    yield from extras(ExtrasView(CATEGORIES, cards, ("2011-03",), NOON), city)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("site")
    for page in site():
        file = root / page.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(page.body)
    return root


def command(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def vnu() -> list[str]:
    java = command("java")
    places = [Path(os.environ.get("PUBLISHER_VNU", "/nowhere"))]
    places += (ROOT / ".tools" / "node_modules" / "vnu-jar").glob("build/dist/vnu.jar")
    jar = next((place for place in places if place.is_file()), None)
    if jar is None:
        pytest.skip("vnu.jar is neither in .tools/node_modules nor named by PUBLISHER_VNU")
    return [java, "-Xss2m", "-jar", str(jar), "--stdout", "--errors-only"]


def files(folder: Path, edition: str) -> list[Path]:
    found = sorted(folder.rglob("*.html"))
    assert len(found) > 60
    return [
        file
        for file in found
        if (file.relative_to(folder).parts[0] if file.relative_to(folder).parts[0] in "ki" else "") == edition
    ]


def test_web_pages_are_valid_html(folder: Path) -> None:
    done = subprocess.run(
        [*vnu(), *map(str, files(folder, ""))], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout == ""
    assert done.returncode == 0, done.stderr


def test_light_pages_hold_before_the_nu_checkers_xhtml_basic(folder: Path, tmp_path: Path) -> None:
    names = []
    for file in files(folder, "k"):
        names.append(tmp_path / ("_".join(file.relative_to(folder).parts) + ".xhtml"))
        names[-1].write_bytes(file.read_bytes())
    schema = ["--schema", "http://s.validator.nu/xhtml10/xhtml-basic.rnc"]
    done = subprocess.run(
        [*vnu(), *schema, *map(str, names)], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout == ""
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("edition", ["k", "i"])
def test_handset_pages_are_valid_xhtml_basic(folder: Path, edition: str) -> None:
    """Light: XHTML Basic 1.1; legacy: 1.0, read as Shift_JIS."""
    xmllint = command("xmllint")
    if not Path("/usr/share/xml/w3c-sgml-lib").is_dir():
        pytest.skip("the DTDs (w3c-sgml-lib) are not installed")
    names = [str(file) for file in files(folder, edition)]
    done = subprocess.run(
        [xmllint, "--nonet", "--noout", "--valid", *names],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0


def test_a_text_browser_reads_legacy_pages_at_eight_columns(folder: Path) -> None:
    w3m = command("w3m")
    for file in files(folder, "i"):
        arguments = [
            w3m,
            "-dump",
            "-cols",
            "16",
            "-I",
            "Shift_JIS",
            "-O",
            "UTF-8",
            "-T",
            "text/html",
            str(file),
        ]
        done = subprocess.run(arguments, capture_output=True, timeout=20, check=True)
        seen = "".join(done.stdout.decode().split())
        assert "\ufffd" not in seen
        assert "0000-00-2111" in seen, file
    water = folder / "i" / "n" / "4f2k7q.html"
    done = subprocess.run(
        [w3m, "-dump", "-cols", "16", "-I", "Shift_JIS", "-O", "UTF-8", str(water)],
        capture_output=True,
        timeout=20,
        check=True,
    )
    seen = "".join(done.stdout.decode().split())
    for words in (
        "場所:高島公民館",
        "市役所前広場",
        "一部の文字を簡略化して表示しています",
        "・一人3リットルまでです。",
        "[0]汐見市災害情報",
    ):
        assert words in seen
    assert max(len(line.encode("euc_jp", "replace")) for line in done.stdout.decode().splitlines()) <= 16


def test_markup_of_light_pages_is_not_wasted(folder: Path) -> None:
    """MobileOK Basic 1.0, MINIMIZE: white space and comments below a tenth."""
    for file in files(folder, "k"):
        html = file.read_text("utf-8")
        idle = sum(len(run) - 1 for run in re.findall(r"\s+", html))
        assert idle / len(html) < 0.1, file


@pytest.mark.parametrize("width", [240, 320])
def test_nothing_is_wider_than_the_screen(folder: Path, tmp_path: Path, width: int) -> None:
    """WCAG 2.2, 1.4.10 Reflow: measured in Chromium, in a frame of that width."""
    chromium = command("chromium")
    names = [
        "index.html",
        "n/4f2k7q.html",
        "n/aaaaaa.html",
        "c/kyusui.html",
        "404.html",
        "k/index.html",
        "k/n/4f2k7q.html",
    ]
    frames = "".join(
        f'<iframe src="file://{folder}/{name}" width="{width}" height="2000"></iframe>' for name in names
    )
    script = (
        "onload=()=>{document.title=[...document.querySelectorAll('iframe')]"
        ".map(f=>{const d=f.contentDocument;"
        "return d.documentElement.scrollWidth}).join(' ')}"
    )
    page = tmp_path / "frames.html"
    page.write_text(f"<!DOCTYPE html><title>x</title>{frames}<script>{script}</script>", "utf-8")
    arguments = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--allow-file-access-from-files",
        f"--user-data-dir={tmp_path}/profile",
        "--dump-dom",
        f"file://{page}",
    ]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    title = done.stdout.partition("<title>")[2].partition("</title>")[0]
    assert [int(number) <= width for number in title.split()] == [True] * len(names), title


AXE = """
const {chromium} = require('playwright-core');
const axe = require('fs').readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
(async () => {
  const browser = await chromium.launch({executablePath: process.argv[2], args: ['--no-sandbox']});
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({
      colorScheme, viewport: {width: 320, height: 640}, bypassCSP: true,
    });
    const page = await context.newPage();
    for (const file of process.argv.slice(3)) {
      await page.goto('file://' + file);
      await page.evaluate(axe);
      const found = await page.evaluate(rules => axe.run({runOnly: rules}), rules);
      for (const v of found.violations) console.log(colorScheme, file, v.id, v.nodes[0].html);
    }
  }
  await browser.close();
})();
"""


def test_web_pages_are_clean_before_axe(folder: Path) -> None:
    """WCAG 2.2 A and AA and good practice, as far as axe-core can tell, in light and dark."""
    node, chromium = command("node"), command("chromium")
    tools = Path(os.environ.get("PUBLISHER_TOOLS", ROOT / ".tools"))
    if not all((tools / "node_modules" / name).is_dir() for name in ("axe-core", "playwright-core")):
        pytest.skip("axe-core and playwright-core are not in .tools/node_modules")
    names = [
        "index.html",
        "n/4f2k7q.html",
        "n/4f2k7q.ar.html",
        "n/aaaaaa.html",
        "n/dddddd.html",
        "n/gggggg.html",
        "c/kyusui.html",
        "404.html",
    ]
    environment = {**os.environ, "NODE_PATH": str(tools / "node_modules")}
    arguments = [node, "-e", AXE, "-", chromium, *(str(folder / name) for name in names)]
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=100, check=False, env=environment
    )
    assert done.stdout + done.stderr == ""


def test_samples_cover_what_they_claim(folder: Path) -> None:
    assert {file.name for file in files(folder, "i")} >= {
        "index.html",
        "gggggg.html",
        "eeeeee-2.html",
        "4f2k7q.v2.html",
        "kyusui.html",
    }
