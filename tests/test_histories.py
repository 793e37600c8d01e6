"""Whatever staff did, in whatever order: the site is the one that the ledger and the archive make from nothing, to the byte."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from publisher.errors import UsageError
from publisher.pipeline import crew
from publisher.pipeline.build import build, desk
from publisher.pipeline.decide import release, withdraw
from publisher.site.write import SiteFolder
from tests.town import Town, broken_links, lasting, make_town

NAMES = ("給水/水.md", "給水/水.en.md", "給水/水.easy.md", "道路/通行止め.txt", "お知らせ.md", "避難所/一覧.csv", "避難者名簿/名簿.csv", "避難者名簿/二回目.csv")
MOVED = tuple(f"移動/{name.rpartition('/')[2]}" for name in NAMES)
PLACES = ("給水/水.md", "給水/水.ja.md", "給水/水.en.md", "給水/他.md", "移動/水.md", "移動/水.en.md", "道路/水.md", "避難者名簿/名簿.csv", "移動/名簿.csv")
"""Names that come to be one document and two, and folders with rules of their own."""

TITLES = ("給水所のお知らせ", "県道の通行止め", "避難所について", "Water")


MANY = int(os.environ.get("HISTORIES", "200"))
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking a history takes longer than reading it


@dataclass(frozen=True)
class Step:
    """``kind``: drop, delete, move, back, put (at ``PLACES[number]``), swap (with what is there), wait, release, withdraw, settings; ``number`` varies
    what it says."""

    kind: str
    name: str = NAMES[0]
    number: int = 0


def text(name: str, number: int) -> str:
    """What such a file says; every number is another text."""
    if name.startswith("避難者名簿"):
        rows = "".join(
            f"山田{n}郎,ヤマダ {n},汐見市本町1-2-{n},{20 + n}歳,第{(n + number) % 3}小学校,{'同意する' if (n + number) % 4 else ''},\n" for n in range(3 + number % 5)
        )
        return "氏名,フリガナ,住所,年齢,避難所,公表同意,閲覧制限\n" + rows
    if name.endswith(".csv"):
        return "名称,住所,人数\n" + "".join(f"第{n}小学校,汐見市本町{n},{n * number}\n" for n in range(2 + number % 4))
    head = [f"件名: {TITLES[number % 4]}"]
    if number % 5 == 1:
        head.append("重要度: 緊急")
    if number % 5 == 2:
        head.append("終了: 2036-03-11 18:00")
    if number % 5 == 3:
        head.append("公開: 2036-03-11 17:00")
    if number % 7 == 4:
        head.append("日時: 2036-02-28 10:00")
    return "---\n" + "\n".join(head) + f"\n---\n\n{number}番目の知らせです。\n"


STEPS = st.one_of(
    st.builds(Step, st.just("drop"), st.sampled_from(NAMES), st.integers(0, 40)),
    st.builds(Step, st.just("drop"), st.sampled_from(NAMES), st.integers(0, 40)),
    st.builds(Step, st.just("drop"), st.sampled_from(NAMES), st.integers(0, 40)),
    st.builds(Step, st.sampled_from(["delete", "move", "release", "withdraw"]), st.sampled_from(NAMES)),
    st.builds(Step, st.sampled_from(["delete", "back", "release", "withdraw"]), st.sampled_from(MOVED)),
    st.builds(Step, st.just("wait"), number=st.sampled_from([10, 60, 200, 60 * 24 * 41])),
    st.builds(Step, st.just("settings"), number=st.integers(0, 2)),
)


def crowded(names: list[str]) -> st.SearchStrategy[list[Step]]:
    """A few files that take each other's places."""
    name, place = st.sampled_from(names), st.sampled_from([PLACES.index(one) for one in names])
    drop, put = st.builds(Step, st.just("drop"), name, st.integers(0, 4)), st.builds(Step, st.sampled_from(["put", "swap"]), name, place)
    other = st.builds(Step, st.sampled_from(["delete", "release", "withdraw"]), name)
    return st.lists(st.one_of(drop, drop, put, put, put, other, st.builds(Step, st.just("settings"), number=st.integers(0, 2))), min_size=4, max_size=10)


def do(place: Town, step: Step) -> None:
    file = place.content / step.name
    if step.kind == "drop":
        place.drop(step.name, text(step.name, step.number))
    elif step.kind == "delete":
        file.unlink(missing_ok=True)
    elif step.kind == "move" and file.exists():
        target = place.content / "移動" / file.name
        target.parent.mkdir(exist_ok=True)
        file.replace(target)
    elif step.kind == "back" and file.exists():
        target = place.content / NAMES[MOVED.index(step.name)]
        target.parent.mkdir(exist_ok=True)
        file.replace(target)
    elif step.kind in ("put", "swap") and file.exists():
        target, aside = place.content / PLACES[step.number % len(PLACES)], place.root / "aside"
        target.parent.mkdir(exist_ok=True)
        file.replace(aside)
        if target.exists() and step.kind == "swap":
            target.replace(file)
        aside.replace(target)
    elif step.kind == "wait":
        place.now += timedelta(minutes=step.number)
    elif step.kind in ("release", "withdraw"):
        with place.desk() as opened:
            try:
                (release if step.kind == "release" else withdraw)(opened, step.name, place.now, "試験")
            except UsageError:  # there is nothing of that name
                return
    elif step.kind == "settings":
        toml = place.root / "publisher.toml"
        lines = toml.read_text().splitlines()
        toml.write_text("\n".join(["[site]", f'title = "汐見市 {step.number}"', *lines[2:]]) + "\n")


def fresh(place: Town, workers: int) -> dict[str, bytes]:
    """The site as it is made from the ledger and the archive alone, with no page known; what staff are told of each file is the same."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "town"
        shutil.copytree(place.root, copy, ignore=shutil.ignore_patterns("public"))
        with sqlite3.connect(copy / ".publisher" / "ledger.db") as connection:
            for table in ("pages", "uses", "shards", "touches"):
                connection.execute(f"DELETE FROM {table}")
            connection.execute("UPDATE meta SET value = 'another' WHERE key = 'fingerprint'")
        connection.close()
        another = replace(place, root=copy)
        before = crew.workers
        crew.workers = lambda _files: workers
        try:
            with desk(another.settings()) as opened:
                opened.folder = SiteFolder(copy / "public")
                build(opened, place.now)
            assert verdicts(another) == verdicts(place)
        finally:
            crew.workers = before
        return another.files()


def verdicts(place: Town) -> list[tuple[object, ...]]:
    """Of each file its path, its document, and what was decided of it."""
    with closing(sqlite3.connect(place.root / ".publisher" / "ledger.db")) as connection:
        return connection.execute("SELECT path, document, language, verdict, problems FROM files ORDER BY path").fetchall()


def same(found: dict[str, bytes], wanted: dict[str, bytes]) -> None:
    assert sorted(found) == sorted(wanted), set(found) ^ set(wanted)
    different = [path for path in wanted if found[path] != wanted[path]]
    assert not different, different


def history(steps: list[Step], workers: int, each: Callable[[Town], None] = lambda _: None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = make_town(Path(folder) / "town")
        for step in steps:
            do(place, step)
            place.build()
            each(place)
        # Whether many have vanished at once is told by how many there were before the run: what came in the same run counts in the next only.
        place.build()
        found = place.files()
        assert broken_links(found) == []
        same(lasting(found), lasting(fresh(place, workers)))


@pytest.mark.timeout(600)
@example([Step("drop", "給水/水.md", 34), Step("withdraw", "給水/水.md"), Step("move", "給水/水.md")])
@example([Step("drop", "避難所/一覧.csv", 1), Step("drop", "避難所/一覧.csv", 2), Step("withdraw", "避難所/一覧.csv"), Step("move", "避難所/一覧.csv")])
@example([Step("drop", "給水/水.md", 8), Step("wait", number=59040), Step("delete", "給水/水.md"), Step("drop", "避難者名簿/名簿.csv", 19)])
@settings(max_examples=max(MANY // 2, 1), deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(st.lists(STEPS, min_size=1, max_size=7))
def test_any_history_ends_in_the_site_of_a_fresh_build(steps: list[Step]) -> None:
    history(steps, workers=0)


@pytest.mark.timeout(600)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(st.lists(STEPS, min_size=3, max_size=10))
def test_and_with_two_processes(steps: list[Step]) -> None:
    history(steps, workers=2)


@pytest.mark.timeout(600)
@settings(max_examples=max(MANY // 2, 1), deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(st.lists(st.sampled_from(PLACES), min_size=2, max_size=4, unique=True).flatmap(crowded))
def test_and_where_files_take_each_others_places(steps: list[Step]) -> None:
    history(steps, workers=0)
