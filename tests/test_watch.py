"""``publisher watch``: what is dropped is public within seconds, and nothing that happens to the folder ends it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.errors import SiteError
from publisher.ledger import Ledger
from publisher.model import Problem
from publisher.pipeline import keeping
from publisher.pipeline import watch as watching_module
from publisher.pipeline.backup import new_key
from publisher.pipeline.build import Desk, desk
from publisher.pipeline.report import MirrorLine
from publisher.pipeline.watch import Watch
from tests.town import Town, lasting, make_town

SOON = 3.0
"""Seconds after the end of writing within which a document has to be public."""


@pytest.fixture
def town(tmp_path: Path) -> Town:
    town = make_town(tmp_path / "town", '\n[[mirrors]]\nname = "mirror"\nurl = "mirror"\n')
    town.notices(3)
    return town


@contextmanager
def watching(town: Town, *extra: str) -> Iterator[subprocess.Popen[str]]:
    log, errors = (town.root / "log").open("w+"), (town.root / "errors").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "publisher", "-C", str(town.root), "watch", "--json", *extra], stdout=log, stderr=errors, text=True
    )
    try:
        until(lambda: (town.public / "index.html").exists(), 20)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        log.seek(0)
        errors.seek(0)
        words, complaints = log.read(), errors.read()
        log.close()
        errors.close()
    assert process.returncode == 0, complaints
    assert "Traceback" not in complaints
    for line in words.splitlines():
        json.loads(line)


def until(true: Callable[[], bool], seconds: float) -> float:
    """Wait for something; returns how long it took. Fails when it does not come about."""
    start = time.monotonic()
    while not true():
        assert time.monotonic() - start < seconds, f"not within {seconds} s"
        time.sleep(0.02)
    return time.monotonic() - start


def shows(town: Town, text: str) -> Callable[[], bool]:
    return lambda: text in town.page("index.html")


def write(town: Town, path: str, text: str) -> Path:
    file = town.content / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_what_is_dropped_is_public_within_seconds(town: Town) -> None:
    with watching(town, "--serve", "0"):
        serving = json.loads((town.root / "log").read_text("utf-8").splitlines()[0])["serving"]
        write(town, "給水/新しい.md", "# 新しい給水所\n\n本文。\n")
        until(shows(town, "新しい給水所"), SOON)
        with urllib.request.urlopen(serving, timeout=5) as answer:
            assert "新しい給水所" in answer.read().decode()
        until(lambda: (town.root / "mirror" / "index.html").exists() and "新しい給水所" in (town.root / "mirror/index.html").read_text("utf-8"), SOON)
        until(lambda: "新しい給水所" in (town.content / "_状況.html").read_text("utf-8"), SOON)


def test_a_file_is_read_when_it_has_stood_still(town: Town) -> None:
    with watching(town):
        file = town.content / "給水" / "長い.md"
        with file.open("w", encoding="utf-8") as out:
            out.write("# 長いお知らせ\n\n")
            for number in range(15):
                out.write(f"{number}行目です。\n\n")
                out.flush()
                time.sleep(0.15)
                assert "長いお知らせ" not in town.page("index.html")
        until(shows(town, "長いお知らせ"), SOON)
        page = next(p for p in (town.public / "n").glob("*.html") if "長いお知らせ" in p.read_text("utf-8"))
        assert "14行目です" in page.read_text("utf-8")
        assert "訂正" not in page.read_text("utf-8")


def test_editors_that_write_aside_and_rename(town: Town) -> None:
    with watching(town):
        aside = write(town, "給水/~WRD0001.tmp", "# 書き直した給水\n\n本文。\n")
        aside.replace(town.content / "給水" / "0001.md")
        until(shows(town, "書き直した給水"), SOON)


def test_the_folder_goes_away_and_comes_back(town: Town) -> None:
    with watching(town):
        until(lambda: (town.root / "mirror" / "index.html").exists(), 10)
        before = {p: b for p, b in lasting(town.files()).items()}
        away = town.root / "away"
        town.content.rename(away)
        town.content.mkdir()
        time.sleep(1.5)
        assert {p: b for p, b in lasting(town.files()).items() if not p.startswith(".staging")} == before
        assert not list(town.content.iterdir()), "a page of ours in an empty mount point would make it look alive"
        town.content.rmdir()
        shutil.copytree(away, town.content)
        write(town, "給水/戻った.md", "# 戻ってきた共有\n\n本文。\n")
        until(shows(town, "戻ってきた共有"), 25)


def test_without_its_folder_it_does_what_the_clock_asks_and_says_that_it_lives(town: Town) -> None:
    """A failover that looks at alive.json must not take every mirror out of service with the share."""
    write(town, "給水/終わる.md", f"---\n掲載終了: {town.now + timedelta(hours=2):%Y-%m-%d %H:%M}\n---\n# 終わる給水\n\n本文。\n")
    town.build()
    assert "終わる給水" in town.page("index.html")
    moments, said = iter(range(1, 1_000)), []
    with desk(town.settings()) as opened:
        watch = Watch(opened, lambda: town.now + timedelta(minutes=next(moments)), said.append)
        thread = threading.Thread(target=watch.run)
        town.content.rename(town.root / "away")
        before = (town.public / "alive.json").read_bytes()
        thread.start()
        try:
            until(lambda: (town.public / "alive.json").read_bytes() != before, 10)
            town.now += timedelta(hours=3)
            watch._watcher.wake()
            until(lambda: "終わる給水" not in town.page("index.html"), 10)
        finally:
            watch.stop()
            thread.join(20)
    assert [problem.code for report in said for problem in report.problems].count("no-content") == 1


def test_a_full_disk_is_told_and_gone_back_from(tmp_path: Path) -> None:
    """SQLite itself goes back when the disk is full: a second ROLLBACK would be a traceback."""
    ledger = Ledger(tmp_path / "ledger.db")
    ledger._connection.execute("PRAGMA max_page_count = 60")
    with pytest.raises(SiteError) as caught, ledger.transaction():
        for number in range(100_000):
            ledger.remember(f"key {number}", "x" * 500)
    assert caught.value.problem.code == "ledger-write"
    assert ledger.fact("key 1") is None
    with ledger.transaction():
        ledger.remember("small", "1")
    assert ledger.fact("small") == "1"


def broken_ledger(path: Path) -> Path:
    """A ledger of which the disk has lost the second half."""
    ledger = Ledger(path)
    with ledger.transaction():
        for number in range(20_000):
            ledger.remember(f"key {number}", "x" * 100)
    ledger.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(bytes(size - size // 2))
    return path


def test_a_disk_that_cannot_be_read_any_more_is_told_in_words(tmp_path: Path) -> None:
    ledger = Ledger(broken_ledger(tmp_path / "ledger.db"))
    with pytest.raises(SiteError) as caught:
        [ledger.fact(f"key {number}") for number in range(20_000)]
    assert caught.value.problem.code == "ledger-read" and "restore" in caught.value.problem.todo
    with pytest.raises(SiteError) as caught:  # what is read row by row fails in the middle
        list(ledger._connection.execute("SELECT value FROM meta ORDER BY key"))
    assert caught.value.problem.code == "ledger-read"
    seen = 0
    with pytest.raises(SiteError) as caught:
        for _ in ledger._connection.execute("SELECT value FROM meta NOT INDEXED"):
            seen += 1
    assert seen and caught.value.problem.code == "ledger-read"
    with pytest.raises(SiteError) as caught, ledger.transaction():
        [ledger.remember(f"key {number}", "y") for number in range(20_000)]
    assert caught.value.problem.code == "ledger-write"


def test_a_mirror_is_not_given_up_for_a_ledger_that_could_not_be_read(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    write(town, "給水/一.md", "# 給水\n\n本文。\n")
    town.build()
    said: list[MirrorLine] = []
    monkeypatch.setattr(watching_module, "BACK_OFF", (0.2, 0.2))
    broken = broken_ledger(town.root / "broken.db")
    with desk(town.settings()) as opened:
        real, first = opened.another_ledger, [True]

        def another() -> Ledger:
            if not first:
                return real()
            ledger = Ledger(broken)
            first.clear()
            monkeypatch.setattr(ledger.mirrors, "get", lambda *_: [ledger.fact(f"key {number}") for number in range(20_000)])
            return ledger

        monkeypatch.setattr(Desk, "another_ledger", lambda _: another())
        keeper = watching_module.MirrorKeeper(opened, opened.settings.mirrors[0], lambda: town.now, said.append)
        watching_module.register(opened.ledger, opened.settings.mirrors)
        keeper.start()
        keeper.nudge()
        until(lambda: bool(said) and said[-1].state == "current", 10)
        keeper.stop(10)
    assert said[0].problem is not None and said[0].problem.code == "ledger-read"


def test_a_backup_that_finds_no_room_is_told_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    town = make_town(tmp_path / "town", f'\n[backup]\nurl = "file://{tmp_path}/store"\nkey_file = "{tmp_path}/backup.key"\n')
    town.notices(1)
    town.build()
    new_key(town.settings())
    said: list[Problem | None] = []
    monkeypatch.setattr(keeping, "BACK_OFF", (0.2, 0.2))
    with monkeypatch.context() as away:
        away.setattr(keeping.Taker, "take", full)
        keeper = keeping.BackupKeeper(town.settings(), lambda: town.now, said.append)
        keeper.start()
        keeper.nudge()
        until(lambda: bool(said), 10)
        assert {one.code for one in said if one is not None} == {"backup-disk"}
    until(lambda: said[-1] is None, 10)
    keeper.stop(10)


def test_a_broken_configuration_is_told_and_the_old_one_goes_on(town: Town) -> None:
    toml = town.root / "publisher.toml"
    good = toml.read_text(encoding="utf-8")
    with watching(town):
        toml.write_text(good.replace("[site]", "[sitte]"), encoding="utf-8")
        write(town, "給水/それでも.md", "# それでも公開\n\n本文。\n")
        until(shows(town, "それでも公開"), SOON)
        until(lambda: "sitte" in (town.content / "_状況.html").read_text("utf-8"), SOON)
        toml.write_text(good.replace("汐見市 災害情報", "汐見市 新しい名前"), encoding="utf-8")
        write(town, "給水/また.md", "# またひとつ\n\n本文。\n")
        until(shows(town, "新しい名前"), SOON)


def test_killed_and_started_again(town: Town) -> None:
    with watching(town) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        write(town, "給水/留守中.md", "# 留守中のお知らせ\n\n本文。\n")
        with watching(town):
            until(shows(town, "留守中のお知らせ"), 10)
        process.returncode = 0


def test_it_is_idle_when_nothing_happens(town: Town) -> None:
    with watching(town) as process:
        time.sleep(3)
        ticks = os.sysconf("SC_CLK_TCK")

        def used() -> float:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / ticks

        before = used()
        time.sleep(5)
        assert used() - before < 0.25
