"""Rolls of people at the size of a prefecture: from the file to all pages and indexes, and from one edition to the next, as new processes."""

from __future__ import annotations

import csv
import os
import random
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import peers
from bench.measure import Cost, Figures, put_aside, run
from bench.report import Table

COLUMNS = ("番号", "氏名", "フリガナ", "性別", "年齢", "生年月日", "住所", "電話番号", "避難所", "公表同意", "閲覧制限", "備考")
KANJI = "佐藤鈴木高橋田中伊渡辺山本村小林加吉川口松井上清水崎森池石原岡谷"
KANA = "アイウエオカキクケコサシスセソタチツテトナニハヒフホマミムモヤユヨリワ"
MB = 1_000_000

PROFILE = """
[[tables]]
name = "避難者名簿"
path = "避難者名簿"
slug = "hinansha"
kind = "evacuees"
publish = ["氏名", "フリガナ", "住所", "年齢", "避難所"]
mask = { "住所" = "town", "年齢" = "band" }
consent = { column = "公表同意", yes = ["同意する"] }
withhold = { column = "閲覧制限", unless = [""] }
reading = "フリガナ"
expires = "40d"
"""


def people(count: int, edition: int = 1, moved: int = 0) -> Iterator[tuple[str, ...]]:
    """Invented people. With each ``edition`` 1 % have changed, 0.5 % have left, 0.5 % have arrived; ``moved``: so many are elsewhere now."""
    chance = random.Random(7)
    surnames = [("".join(chance.choices(KANJI, k=2)), "".join(chance.choices(KANA, k=chance.randint(2, 4)))) for _ in range(4_000)]
    given = [("".join(chance.choices(KANJI, k=2)), "".join(chance.choices(KANA, k=chance.randint(2, 3)))) for _ in range(900)]
    weights = [1 / (rank + 20) for rank in range(len(surnames))]
    shelters = [f"第{number}避難所" for number in range(180)]
    newest = count + count * (edition - 1) // 200
    families = chance.choices(surnames, weights, k=newest + count // 10)
    for number in range(newest):
        one = random.Random(number)
        fate = one.random()
        if fate < 0.005 * (edition - 1) and number < count:
            continue
        later = 1 - fate < 0.01 * (edition - 1) or (moved and number % (count // moved) == 0 and number // (count // moved) < moved)
        (family, reading), (name, sound) = families[number], one.choice(given)
        born, shelter = one.randint(1930, 2010), one.choice(shelters)
        if later:
            shelter = random.Random(f"{number} later").choice(shelters)  # not ``one``, whose next choices make the rest of the row
        yield (
            str(number + 1), f"{family}　{name}", f"{reading}　{sound}", one.choice("男女"), str(2011 - born), f"{born}/{one.randint(1, 12):02}/{one.randint(1, 28):02}",
            f"汐見市{one.choice('青旭港桜宮川南小東西')}町{one.randint(1, 9)}丁目{one.randint(1, 30)}番{one.randint(1, 20)}号", f"090-{one.randint(1000, 9999)}-{one.randint(1000, 9999)}",
            shelter, "同意する" if one.random() < 0.93 else "", "" if one.random() < 0.99 else "DV", "",
        )  # fmt: skip


def write(file: Path, rows: Iterator[tuple[str, ...]], encoding: str = "utf-8-sig") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".xlsx":
        import openpyxl

        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("名簿")
        sheet.append(COLUMNS)
        for row in rows:
            sheet.append(row)
        book.save(file)
        return
    with file.open("w", encoding=encoding, newline="") as out:
        csv.writer(out).writerows([COLUMNS, *rows])


def _site(site: Path) -> tuple[str, ...]:
    site.mkdir(parents=True, exist_ok=True)
    return peers.publisher_site(site, PROFILE)


def _fresh(site: Path) -> None:
    put_aside(site, ("public", ".publisher", "content"))


def table(work: Path, count: int, million: int, repeat: int, tell: Callable[[str], None]) -> Table:
    """``million``: rows of the largest roll, 0 for none."""
    result = Table(f"A roll of {count:,} people, all editions and indexes, as new processes", ("median", "min–max", "CPU", "memory"))
    site = work / "roll"
    command = _site(site)
    kept = work / "rolls"
    kinds = {"csv": ("csv", "utf-8-sig", 12.0), "cp932": ("csv", "cp932", 12.0), "xlsx": ("xlsx", "", 14.0)}
    first: Figures | None = None
    for kind, (suffix, encoding, goal) in kinds.items():
        source = kept / f"{kind}.{suffix}"
        write(source, people(count), encoding)
        runs: list[Cost] = []
        for turn in range(repeat):
            tell(f"first build from {kind}, {turn + 1}/{repeat}")
            _fresh(site)
            target = site / "content" / "避難者名簿" / f"名簿.{suffix}"
            target.parent.mkdir(parents=True)
            shutil.copy(source, target)
            runs.append(run(command, site, (0, 3)))
        figures = Figures(tuple(runs))
        first = first or figures
        _line(result, f"first build from {kind}", figures, f"≤ {goal:.0f} s, ≤ 600 MiB", figures.wall <= goal and figures.memory <= 600 * 2**20)
    assert first is not None
    for title, rows, fixed in (
        ("next edition, 20 people moved", lambda: people(count, 1, 20), 2.5), ("edition 2", lambda: people(count, 2), 0.0), ("edition 3", lambda: people(count, 3), 0.0),
    ):  # fmt: skip
        runs, firsts = [], []
        for turn in range(repeat):
            tell(f"{title}, {turn + 1}/{repeat}")
            _fresh(site)
            file = site / "content" / "避難者名簿" / "名簿.csv"
            write(file, people(count, 2 if title == "edition 3" else 1))
            firsts.append(run(command, site, (0, 3)))
            os.sync()  # editions are hours apart: what the first one wrote is on the disk, and costs more to replace
            write(file, rows())
            runs.append(run(command, site, (0, 3)))
        figures = Figures(tuple(runs))
        goal = fixed or Figures(tuple(firsts)).wall  # of the same turns: what the editions before have let go of makes new files dearer for both
        _line(result, title, figures, f"≤ {goal:.1f} s" + ("" if fixed else ", the first build in these turns"), figures.wall <= goal)
    if million:
        runs = []
        turns = min(repeat, 3)  # each leaves 300,000 files behind
        for turn in range(turns):
            tell(f"{million:,} people, {turn + 1}/{turns}")
            _fresh(site)
            write(site / "content" / "避難者名簿" / "名簿.csv", people(million))
            os.sync()  # the kernel would write the file and what the runs before have left, beside ours
            runs.append(run(command, site, (0, 3)))
        figures = Figures(tuple(runs))
        ratio, heavier = figures.wall / first.wall, figures.memory / first.memory
        met = ratio <= 9 and heavier <= 4
        _line(result, f"{million:,} people, first build ({ratio:.1f} × the time, {heavier:.1f} × the memory)", figures, "≤ 9 × time, ≤ 4 × memory", met)
    return result


def _line(result: Table, title: str, figures: Figures, goal: str, met: bool) -> None:
    low, high = figures.spread
    result.add(title, f"{figures.wall:.1f} s", f"{low:.1f}–{high:.1f}", f"{figures.cpu:.1f} s", f"{figures.memory / MB:.0f} MB", goal=goal, met=met)


if __name__ == "__main__":
    sys.exit("python -m bench --only rolls")
