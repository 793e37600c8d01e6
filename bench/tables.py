"""How long a roll takes to become pages, how many and how large they are, how many steps anybody is away, how
much memory it takes.

    python bench/tables.py [--rows 133000] [--corpus make_corpus.py] [--repeat 5]

Times are of one process, without reading and writing files. ``again`` is the work for an edition in which
nothing changed: drafts without rendering. With --corpus, the people come from that script (its function
``roll``); else from this one.
"""

from __future__ import annotations

import argparse
import importlib.util
import random
import re
import resource
import statistics
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from publisher.editions.frame import Frame  # noqa: E402
from publisher.editions.tables import drafts, table  # noqa: E402
from publisher.editions.theme import Theme  # noqa: E402
from publisher.model import (  # noqa: E402
    Bulletin,
    Card,
    Category,
    Head,
    Kind,
    PublicTable,
    PublicWorkbook,
    TableKind,
)
from publisher.settings import load  # noqa: E402

COLUMNS = ("氏名", "フリガナ", "住所", "年齢", "避難所")
AS_OF = datetime(2011, 3, 12, 9, tzinfo=UTC)
KANA = "アイウエオカキクケコサシスセソタチツテトナニハヒフホマミムモヤユヨリワ"


def invented(count: int) -> list[tuple[str, ...]]:
    """People with 4,000 surnames, the commonest far commoner than the rest."""
    chance = random.Random(1)
    surnames = ["".join(chance.choices(KANA, k=chance.randint(2, 4))) for _ in range(4_000)]
    weights = [1 / (rank + 20) for rank in range(len(surnames))]
    given = ["".join(chance.choices(KANA, k=chance.randint(2, 4))) for _ in range(400)]
    towns = [f"汐見市{number}町" for number in range(40)]
    shelters = [f"第{number}避難所" for number in range(80)]
    rows = []
    for family in chance.choices(surnames, weights, k=count):
        name = chance.choice(given)
        full, age = f"{family}　{name}", f"{chance.randrange(10) * 10}代"
        rows.append((full, full, chance.choice(towns), age, chance.choice(shelters)))
    return rows


def from_corpus(script: Path, count: int) -> list[tuple[str, ...]]:
    """Those of the script's people who may be shown, masked as a profile would."""
    spec = importlib.util.spec_from_file_location("corpus", script)
    assert spec is not None and spec.loader is not None
    corpus = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(corpus)
    shelters = [f"{town}{kind}" for town in corpus.DISTRICTS for kind in corpus.SHELTER_KIND[:4]]
    people = corpus.roll("1", count, 1, shelters)
    return [
        (
            p["氏名"],
            p["フリガナ"],
            re.sub(r"[0-9].*", "", p["住所"]),
            f"{int(p['年齢']) // 10 * 10}代",
            p["避難所"],
        )
        for p in people
        if p["公表同意"] == "同意する" and not p["閲覧制限"]
    ]


def bulletin(rows: list[tuple[str, ...]], total: int) -> Bulletin:
    made = PublicTable(
        "hinansha",
        "避難者名簿",
        TableKind.EVACUEES,
        COLUMNS,
        rows,
        total,
        total - len(rows),
        personal=True,
        reading=1,
        group=4,
        as_of=AS_OF,
    )
    card = Card(
        "abc123", Kind.TABLE, "t/hinansha/index.html", made.title, Category("名簿", "名簿", "m"), AS_OF, AS_OF
    )
    return Bulletin(card, (), (("ja", PublicWorkbook(Head(made.title), (made,))),))


def frame() -> Frame:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "publisher.toml").write_text(
            '[site]\ntitle = "汐見市 災害情報"\npublisher = "汐見市"\nurl = "https://saigai.example.jp/"\n'
            'contact = "災害対策本部 0000-00-2111"\n',
            "utf-8",
        )
        return Frame(load(Path(folder)), Theme.load())


def edition_of(path: str) -> str:
    return {"k/": "light", "i/": "legacy"}.get(path[:2], "web" if path.endswith(".html") else "data")


def measure(what: Bulletin, look: Frame) -> tuple[float, float, dict[str, tuple[int, int, int]]]:
    """(seconds for all pages, seconds for drafts alone, pages / bytes / largest page of each edition)."""
    start = time.perf_counter()
    count, size, largest = Counter[str](), Counter[str](), Counter[str]()
    for page in table(what, look):
        edition = edition_of(page.path)
        count[edition] += 1
        size[edition] += len(page.body)
        largest[edition] = max(largest[edition], len(page.body))
    middle = time.perf_counter()
    for _ in drafts(what, look):
        pass
    again = time.perf_counter() - middle
    totals = {edition: (count[edition], size[edition], largest[edition]) for edition in count}
    return middle - start, again, totals


def steps(what: Bulletin, look: Frame, prefix: str) -> Counter[int]:
    """How many pages with rows are how many page loads after the overview."""
    links = {
        page.path.rpartition("/")[2]: re.findall(rb'href="([\w-]+\.html)"', page.body)
        for page in table(what, look)
        if page.path.startswith(prefix)
    }
    away = {"index.html": 0}
    queue = ["index.html"]
    for name in queue:
        for to in (found.decode() for found in links[name]):
            if to not in away:
                away[to] = away[name] + 1
                queue.append(to)
    return Counter(away.values())


def main() -> None:
    raw = argparse.RawDescriptionHelpFormatter
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    arguments.add_argument("--rows", type=int, default=133_000)
    arguments.add_argument("--corpus", type=Path)
    arguments.add_argument("--repeat", type=int, default=5)
    given = arguments.parse_args()
    rows = from_corpus(given.corpus, given.rows) if given.corpus else invented(given.rows)
    what, look = bulletin(rows, given.rows), frame()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    runs = [measure(what, look) for _ in range(given.repeat)]
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(rows):,} of {given.rows:,} rows shown, median of {given.repeat}")
    print(f"all pages   {statistics.median(run[0] for run in runs):6.2f} s")
    print(f"again       {statistics.median(run[1] for run in runs):6.2f} s")
    print(f"memory      {before:6.0f} MiB with the rows, {after:.0f} MiB at the most")
    for edition, (count, size, largest) in runs[0][2].items():
        print(f"{edition:11} {count:6,} files {size / 1e6:7.1f} MB, largest {largest:,} B")
    for prefix in ("k/", "i/"):
        found = steps(what, look, prefix)
        said = ", ".join(f"{count:,} pages after {step} steps" for step, count in sorted(found.items()))
        print(f"{prefix}          {said}")


if __name__ == "__main__":
    main()
