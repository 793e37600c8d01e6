"""Mirrors are islands: one that hangs, lies or stands full delays no other, and catches up by itself."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from publisher.ledger import Ledger
from publisher.pipeline.build import desk
from publisher.pipeline.publish import to_mirrors
from publisher.pipeline.status import status
from tests import servers
from tests.test_watch import until, watching, write
from tests.town import Town, make_town

FOLDERS = "".join(f'\n[[mirrors]]\nname = "{name}"\nurl = "{name}"\n' for name in ("north", "south"))
URGENT = "---\n件名: {title}\n重要度: 緊急\n---\n\n避難指示です。\n"


def s3(name: str, url: str, extra: str = "") -> str:
    return (
        f'\n[[mirrors]]\nname = "{name}"\nurl = "s3://{servers.BUCKET}/{name}"\nendpoint = "{url}"\nregion = "us-east-1"\n'
        f'key_env = "TOWN_KEY"\nsecret_env = "TOWN_SECRET"\n{extra}'
    )


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWN_KEY", servers.KEY)
    monkeypatch.setenv("TOWN_SECRET", servers.SECRET)


@contextmanager
def hanging() -> Iterator[str]:
    """A server that takes every line and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        silent.settimeout(0.1)
        end, lines = threading.Event(), []

        def take() -> None:
            while not end.is_set():
                try:
                    lines.append(silent.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield f"http://127.0.0.1:{silent.getsockname()[1]}"
        finally:
            end.set()
            thread.join()
            for line in lines:
                line.close()


def text(town: Town, name: str, path: str = "index.html") -> str:
    file = town.root / name / path
    return file.read_text(encoding="utf-8") if file.exists() else ""


def publish(town: Town, **options: object) -> dict:
    with desk(town.settings()) as opened:
        town.build_at(opened)
        return {line.name: line for line in to_mirrors(opened, town.now, **options)}


# --- hanging ---


def test_an_urgent_notice_is_on_the_others_within_a_second_while_one_hangs(tmp_path: Path) -> None:
    with hanging() as url:
        town = make_town(tmp_path / "town", FOLDERS + s3("hangs", url, "read_timeout = 0.5\n"))
        town.notices(30)
        with watching(town):
            until(lambda: "給水29号" in text(town, "north") and "給水29号" in text(town, "south"), 20)
            time.sleep(1)
            took = []
            for number in range(3):
                begun = time.monotonic()
                write(town, f"避難/{number}.md", URGENT.format(title=f"避難指示第{number}号"))
                for name in ("north", "south"):
                    until(lambda name=name, number=number: f"避難指示第{number}号" in text(town, name), 10)
                took.append(time.monotonic() - begun)
            def hanging_line():
                return next(line for line in status(town.settings(), True).mirrors if line.name == "hangs")

            until(lambda: hanging_line().state == "behind", 10)
        assert sorted(took)[1] < 1.0, took
        line = hanging_line()
        assert (line.state, line.confirmed) == ("behind", None) and line.since is not None
        assert line.problem is not None and line.problem.code == "mirror-slow"


def test_a_single_run_gives_up_a_hanging_mirror_soon(tmp_path: Path) -> None:
    with hanging() as url:
        town = make_town(tmp_path / "town", FOLDERS + s3("hangs", url, "connect_timeout = 0.5\nread_timeout = 0.5\n"))
        town.notices(5)
        begun = time.monotonic()
        lines = publish(town)
        assert time.monotonic() - begun < 8
    assert [lines[name].state for name in ("north", "south", "hangs")] == ["current", "current", "behind"]


def test_where_nothing_ever_arrived_nobody_speaks_of_what_stands_there(tmp_path: Path) -> None:
    (dead,) = servers.free_ports(1)
    town = make_town(tmp_path / "town", s3("cloud", f"http://127.0.0.1:{dead}"))
    town.notices(1)
    problem = publish(town)["cloud"].problem
    assert problem is not None and problem.code == "mirror-refused-line"
    assert "まだありません" in problem.shown and "最後に" not in problem.shown


def test_status_says_what_the_public_sees_where_and_since_when(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town", FOLDERS)
    town.notices(2)
    publish(town)
    seen = town.now
    town.drop("給水/9.md", "# 新しい給水所\n\n本文。\n")
    south = town.root / "south"
    south.rename(town.root / "away")
    south.write_text("a file where the folder was")
    publish(town)
    out = subprocess.run(
        [sys.executable, "-m", "publisher", "-C", str(town.root), "status"], capture_output=True, text=True, check=False
    )
    assert out.returncode == 4 and "Traceback" not in out.stderr
    line = next(line for line in out.stdout.splitlines() if "south" in line)
    assert f"{seen:%Y-%m-%d %H:%M}に確かめた内容" in line and "遅れて" in line
    north = next(line for line in out.stdout.splitlines() if "north" in line)
    assert "すべて届いています" in north
    as_json = json.loads(
        subprocess.run(
            [sys.executable, "-m", "publisher", "-C", str(town.root), "status", "--json"], capture_output=True, text=True, check=False
        ).stdout
    )
    mirrors = {line["name"]: line for line in as_json["mirrors"]}
    assert mirrors["south"]["confirmed"] == seen.isoformat() and mirrors["south"]["state"] == "behind"


# --- catching up ---


def test_what_is_urgent_overtakes_a_queue_of_routine(tmp_path: Path) -> None:
    """The mirror was away while a hundred and twenty notices came, an urgent one among them."""
    town = make_town(tmp_path / "town", FOLDERS)
    town.notices(3)
    publish(town)
    for number in range(120):
        town.drop(f"給水/続き{number:03}.md", f"# 給水の続き{number}号\n\n本文。\n")
    town.drop("避難/1.md", URGENT.format(title="緊急の避難指示"))
    with desk(town.settings()) as opened:
        town.build_at(opened)
        from publisher.pipeline.publish import _plan

        row = opened.ledger.mirrors.get("north", town.settings().mirrors[0].identity)
        steps = [[upload.path for upload in step] for step in _plan(opened.ledger, row, opened.folder, False).ranks]
    order = [path for step in steps for path in step]
    urgent = next(path for path in order if path.startswith("n/") and "緊急の避難指示" in town.page(path))
    home = order.index("index.html")
    assert order.index(urgent) < home < len(order) / 2
    assert publish(town)["north"].state == "current"


def test_nothing_changed_is_no_request_but_alive(tmp_path: Path) -> None:
    with servers.rclone(tmp_path / "store") as store:
        town = make_town(tmp_path / "town", s3("cloud", store.url))
        town.notices(3)
        publish(town)
        from publisher.mirrors.wire import Wire

        asked, ask = [], Wire.ask

        def counted(self, method, target, *rest):
            asked.append((method, target.rpartition("/")[2]))
            return ask(self, method, target, *rest)

        Wire.ask = counted
        try:
            publish(town)  # a second later: alive.json stands for half a minute
            assert asked == []
            town.now = town.now.replace(hour=23)
            publish(town)
            assert asked == [("PUT", "alive.json")]
            asked.clear()
            town.drop("給水/0001.md", "# 給水1号\n\n訂正しました。\n")
            line = publish(town)["cloud"]
        finally:
            Wire.ask = ask
        assert {method for method, _ in asked} == {"PUT", "HEAD"}
        assert sum(method == "PUT" for method, _ in asked) == line.uploaded <= 40


# --- deletions ---


def test_many_deletions_wait_for_a_person(tmp_path: Path) -> None:
    town = make_town(tmp_path / "town", FOLDERS)
    town.notices(40)
    publish(town)
    (town.root / "publisher.toml").write_text(
        (town.root / "publisher.toml").read_text("utf-8") + "\n[editions]\nlight = false\nlegacy = false\n", encoding="utf-8"
    )
    lines = publish(town)
    assert lines["north"].problem.code == "mirror-deletions" and "--allow-deletions" in lines["north"].problem.todo
    assert (town.root / "north" / "k" / "index.html").exists()
    assert publish(town)["north"].problem.code == "mirror-deletions"
    assert publish(town, allow_deletions=True)["north"].state == "current"
    assert not (town.root / "north" / "k").exists()
    with closing(Ledger(town.root / ".publisher" / "ledger.db")) as ledger:
        assert ledger.mirrors.get("north", town.settings().mirrors[0].identity).problem is None
