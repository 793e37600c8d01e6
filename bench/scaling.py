"""What one change costs in towns of different sizes: it should not show how large they are."""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bench import corpus, peers
from bench.measure import run
from bench.report import Table


def one(site: Path, count: int, repeat: int) -> dict[str, float]:
    """Build a town, then time changes as the watch makes them (in this process) and as a new process does."""
    from publisher.pipeline.build import build, desk
    from publisher.settings import load

    corpus.notices(site / "content", count)
    peers.publisher_site(site)
    run((sys.executable, "-m", "publisher", "-C", str(site), "build"), site, (0, 3))
    watched, written, pages = [], [], []
    with desk(load(site)) as opened:
        zone = opened.settings.site.zone
        for number in range(repeat + 1):
            name = f"water/scale{number}.md"
            (site / "content" / name).write_text(f"# 給水{number}\n\n10時から配ります。\n", encoding="utf-8")
            before = _wal(site)
            start = time.perf_counter()
            report = build(opened, datetime.now(zone), all_lines=False, places=[name])
            watched.append(time.perf_counter() - start)
            written.append(report.outputs.written)
            pages.append(max(0, _wal(site) - before) / 4096)
    process = [_process(site, number) for number in range(3)]
    return {
        "watch": statistics.median(watched[1:]), "written": statistics.median(written[1:]), "pages": statistics.median(pages[1:]),
        "process": statistics.median(process), "memory": _most_memory(),
    }  # fmt: skip


def _wal(site: Path) -> int:
    try:
        return os.stat(site / ".publisher" / "ledger.db-wal").st_size  # noqa: PTH116
    except OSError:
        return 0


def _most_memory() -> int:
    """Bytes at the peak of this process. Not ``ru_maxrss``, which begins with what the process was that started this one."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


def _process(site: Path, number: int) -> float:
    (site / "content" / f"road/process{number}.md").write_text(f"# 通行止め{number}\n\n県道です。\n", encoding="utf-8")
    return run((sys.executable, "-m", "publisher", "-C", str(site), "build"), site, (0, 3)).wall


def table(work: Path, sizes: tuple[int, ...], repeat: int, tell: Callable[[str], None]) -> Table:
    import multiprocessing

    result = Table(
        "One new notice in towns of different sizes", ("watching", "files written", "pages of SQLite", "memory", "new process"),
        "The watch looks at the file of which the system told; a new process has to look at every file of the drop folder once.",
    )  # fmt: skip
    found: dict[int, dict[str, float]] = {}
    for size in sizes:
        tell(f"{size:,} notices")
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # its memory is its own
            found[size] = pool.apply(one, (work / f"scale{size}", size, repeat))
    base = found.get(1_000)
    for size, got in found.items():
        ratio = got["watch"] / base["watch"] if base else 1.0
        result.add(
            f"{size:,} notices", f"{got['watch'] * 1000:.0f} ms ({ratio:.2f} ×)", f"{got['written']:.0f}", f"{got['pages']:.0f}", f"{got['memory'] / 1e6:.0f} MB",
            f"{got['process']:.2f} s", goal="≤ 1.3 × that of 1,000" if size > 1_000 else "", met=ratio <= 1.3 if size > 1_000 else None,
        )  # fmt: skip
    return result
