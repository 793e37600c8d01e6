"""``python -m bench``: what the work costs here and beside what a town could pick instead; prints tables, writes them as Markdown and JSON.

    python -m bench             the quick run: 1,000 notices, three runs (a few minutes)
    python -m bench --full      10,000 notices, five runs, towns of up to 100,000 (the better part of an hour)
    --only builds,watch,rolls,scaling,web,commands    some of the tables
    --output FILE.md            where the tables go besides the terminal (FILE.json beside it)

Peers are installed from their packages into ``.bench/``; everything runs on loopback and in a folder of its own that is removed at the end.
Tables of persons, restoring and the lease have benchmarks of their own: ``python bench/tables.py``, ``restore.py``, ``lease.py``.
"""

from __future__ import annotations

import argparse
import compileall
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import builds, peers, rolls, scaling, watching, web  # noqa: E402
from bench.report import Table, as_json, machine  # noqa: E402

ALL = ("builds", "commands", "watch", "rolls", "scaling", "web")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default=",".join(ALL))
    parser.add_argument("--output", type=Path)
    parser.add_argument("--notices", type=int, default=0)
    parser.add_argument("--repeat", type=int, default=0)
    given = parser.parse_args()
    wanted = given.only.split(",")
    if unknown := set(wanted) - set(ALL):
        parser.error(f"no such table: {', '.join(sorted(unknown))}")
    count = given.notices or (10_000 if given.full else 1_000)
    repeat = given.repeat or (5 if given.full else 3)
    programs = peers.tools(peers.PLACE)
    compileall.compile_dir(ROOT / "publisher", quiet=1)  # as pip does when it installs us
    tables: list[Table] = []

    def show(table: Table | None) -> None:
        if table is not None:
            tables.append(table)
            print(table.markdown(), flush=True)
            keep()

    def keep() -> None:
        """After each table: a run of an hour may be cut short."""
        if given.output is not None:
            given.output.parent.mkdir(parents=True, exist_ok=True)
            given.output.write_text("".join(f"{table.markdown()}\n" for table in tables), encoding="utf-8")
            given.output.with_suffix(".json").write_text(as_json(tables), encoding="utf-8")

    def tell(what: str) -> None:
        print(f"… {what}", file=sys.stderr, flush=True)

    print(f"Machine: {machine()}\n")
    with tempfile.TemporaryDirectory(prefix="publisher-bench-") as folder:
        work = Path(folder)
        if {"builds", "commands", "web"} & set(wanted):
            for table in builds.whole(work, count, repeat, programs, peers.eleventy(peers.PLACE), tell):
                show(table)
        if "commands" in wanted:
            show(builds.commands(work, repeat))
        if "web" in wanted:
            show(web.table(work / "ours" / "public"))
        if "watch" in wanted:
            show(watching.table(work, count, 50 if given.full else 10, programs, tell))
        if "rolls" in wanted:
            show(rolls.table(work, 133_000 if given.full else 10_000, 1_000_000 if given.full else 0, repeat, tell))
            show(watching.roll(work, 133_000 if given.full else 10_000, repeat, tell))
        if "scaling" in wanted:
            show(scaling.table(work, (100, 1_000, 10_000, 100_000) if given.full else (100, 1_000, 3_000), repeat, tell))
    return 0


if __name__ == "__main__":
    sys.exit(main())
