"""Whole sites: a full build and the build after one change, ours and the peers', each as a new process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bench import corpus, peers
from bench.measure import Cost, Figures, put_aside, run
from bench.report import Table

MB = 1_000_000


def _text(figures: Figures, against: Figures | None = None) -> tuple[str, ...]:
    low, high = figures.spread
    ratio = f"{figures.wall / against.wall:.2f}" if against is not None else ""
    return f"{figures.wall:.2f} s", f"{low:.2f}–{high:.2f}", ratio, f"{figures.cpu:.1f} s", f"{figures.memory / MB:.0f} MB"


HEADS = ("median", "min–max", "× Hugo", "CPU", "memory")


def _full(site: Path, command: Sequence[str]) -> Cost:
    """Everything that a build leaves is away before it."""
    put_aside(site, ("public", ".publisher", "resources", ".hugo_build.lock"))
    return run(command, site, (0, 3))


def _changed(site: Path, command: Sequence[str], number: int) -> Cost:
    file = sorted((site / "content").rglob("*.md"))[number * 37 % 500]
    file.write_text(file.read_text(encoding="utf-8") + f"\n追記{number}：給水は20時までです。\n", encoding="utf-8")
    return run(command, site, (0, 3))


def whole(work: Path, count: int, repeat: int, programs: Path, eleventy: Path | None, tell: Callable[[str], None]) -> list[Table]:
    """Two tables: the full build of ``count`` notices, and the build after one of them changed."""
    sites: list[tuple[str, Path, tuple[str, ...], str]] = []
    makers: list[tuple[str, Callable[[Path], peers.Peer]]] = [
        ("hugo", lambda site: peers.hugo_site(site, programs)), ("pelican", lambda site: peers.pelican_site(site, programs)),
    ]  # fmt: skip
    if eleventy is not None:
        makers.append(("eleventy", lambda site: peers.eleventy_site(site, eleventy)))
    for name, make in makers:
        site = work / name
        corpus.notices(site / "content", count)
        peer = make(site)
        sites.append((f"{peer.name}, one edition ({peer.version})", site, peer.command, peer.name))
    ours = work / "ours"
    corpus.notices(ours / "content", count)
    sites.append(("publisher: three editions, data, feeds, manifest", ours, peers.publisher_site(ours), "publisher"))
    full: dict[str, list[Cost]] = {}
    change: dict[str, list[Cost]] = {}
    for turn in range(repeat):  # in turns, so that a busy minute of the machine hits all of them
        for title, site, command, name in sites:
            tell(f"full build {turn + 1}/{repeat}: {title}")
            full.setdefault(name, []).append(_full(site, command))
            change.setdefault(name, []).append(_changed(site, command, turn))
    hugo = Figures(tuple(full["Hugo"]))
    first = Table(f"{count:,} notices, full build, as a new process", HEADS, "Every site is built from nothing; runs take turns.")
    second = Table(f"One of {count:,} notices changed, as a new process", HEADS, "The ratio is to Hugo's build after the same change.")
    after = Figures(tuple(change["Hugo"]))
    for title, _, _, name in sites:
        mine, changed = Figures(tuple(full[name])), Figures(tuple(change[name]))
        if name == "publisher":
            enough = mine.wall <= 1.5 * hugo.wall and mine.memory <= 0.5 * hugo.memory
            first.add(title, *_text(mine, hugo), goal="≤ 1.5 × Hugo, ≤ 0.5 × its memory", met=enough)
            second.add(title, *_text(changed, after), goal="≤ 0.1 × Hugo", met=changed.wall <= 0.1 * after.wall)
        else:
            first.add(title, *_text(mine, hugo))
            second.add(title, *_text(changed, after))
    return [first, second]


def commands(work: Path, repeat: int) -> Table:
    """``status`` and ``--help`` beside a site that ``whole`` has built."""
    import sys

    table = Table("Short commands", ("median", "min–max", "CPU", "memory"))
    site = work / "ours"
    for words, goal in ((("status",), 0.150), (("--help",), 0.100)):
        command = (sys.executable, "-m", "publisher", "-C", str(site), *words)
        run(command, site, (0, 3, 4, 5))
        figures = Figures(tuple(run(command, site, (0, 3, 4, 5)) for _ in range(max(7, repeat))))
        low, high = figures.spread
        table.add(
            f"publisher {' '.join(words)}", f"{figures.wall * 1000:.0f} ms", f"{low * 1000:.0f}–{high * 1000:.0f}", f"{figures.cpu:.2f} s",
            f"{figures.memory / MB:.0f} MB", goal=f"≤ {goal * 1000:.0f} ms", met=figures.wall <= goal,
        )  # fmt: skip
    return table
