"""Makes ``docs/picture.png``, the picture in the README: the sample site, and the staff's view of it.

    python tests/sample/make_picture.py

Builds the sample site in a temporary folder and photographs it with Chromium; run when the look changes.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from drawings import font
from PIL import Image, ImageDraw

from publisher.cli import main

ROOT = Path(__file__).resolve().parents[2]
GROUND, FRAME, INK = (232, 237, 243), (90, 98, 110), (40, 44, 52)
HEIGHT = 1180
SHOTS = (  # page, width of the window, caption
    ("public/index.html", 800, "ふつうのページ"),
    ("public/{order}", 375, "スマートフォン"),
    ("public/k/{order}", 260, "軽いページ"),
    ("content/_状況.html", 800, "職員が見る「状況」"),
)


def photograph(page: Path, width: int, folder: Path) -> Image.Image:
    out = folder / "shot.png"
    subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
         f"--screenshot={out}", f"--user-data-dir={folder}/profile",
         f"--window-size={max(width, 500)},{HEIGHT}", page.as_uri()],
        check=True, capture_output=True, timeout=90)
    with Image.open(out) as shot:
        return shot.convert("RGB")


def framed(page: Path, width: int, folder: Path) -> Image.Image:
    """Chromium's window is never narrower than 500 px: narrow pages are shown in a frame of that width."""
    if width >= 500:
        return photograph(page, width, folder)
    holder = page.with_name("holder.html")
    holder.write_text(
        f'<style>body{{margin:0}}iframe{{border:0;width:{width}px;height:{HEIGHT}px}}</style>'
        f'<iframe src="{page.name}" scrolling="no"></iframe>', encoding="utf-8")
    shot = photograph(holder, width, folder).crop((0, 0, width, HEIGHT))
    holder.unlink()
    return shot


def picture(site: Path, folder: Path) -> Image.Image:
    order = next(
        path.name for path in sorted((site / "public/n").glob("??????.html"))
        if "津波 避難指示" in path.read_text(encoding="utf-8").partition("</title>")[0])
    shots = [framed(site / page.format(order=f"n/{order}"), width, folder) for page, width, _ in SHOTS]
    width = sum(shot.width + 40 for shot in shots) + 40
    sheet = Image.new("RGB", (width, HEIGHT + 130), GROUND)
    draw = ImageDraw.Draw(sheet)
    x = 40
    for shot, (_, _, caption) in zip(shots, SHOTS, strict=True):
        draw.text((x, 24), caption, font=font(34, "Bold"), fill=INK)
        sheet.paste(shot, (x, 90))
        draw.rectangle((x - 1, 89, x + shot.width, 90 + HEIGHT), outline=FRAME, width=2)
        x += shot.width + 40
    sheet.thumbnail((1600, 1600))
    return sheet.quantize(128)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        site = Path(made) / "site"
        site.mkdir()
        shutil.copy(ROOT / "publisher.toml", site)
        shutil.copytree(ROOT / "content", site / "content", ignore=shutil.ignore_patterns("_状況.html"))
        code = main(["-C", str(site), "publish"])
        if code != 0:
            raise SystemExit(f"the sample site does not build cleanly: exit {code}")
        picture(site, Path(made)).save(ROOT / "docs/picture.png", optimize=True)
