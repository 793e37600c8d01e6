"""``publisher watch``: what is dropped is public within seconds, and nothing that happens to the folder ends it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

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
