"""A person decides while another publisher is at work: nobody has to stop the watch to take something down."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher import cli
from publisher.errors import Busy
from publisher.pipeline import decide, requests
from publisher.pipeline.build import build
from publisher.pipeline.publish import to_mirrors
from publisher.pipeline.report import Report
from publisher.pipeline.status import status
from tests.town import Town, make_town

HELD = "電話番号,氏名,フリガナ,年齢\n090-0000-0001,山田　花子,ヤマダ　ハナコ,80\n090-0000-0002,鈴木　一郎,スズキ　イチロウ,71\n090-0000-0003,佐藤　葉子,サトウ　ヨウコ,64\n"


@pytest.fixture
def town(tmp_path: Path) -> Town:
    made = make_town(tmp_path / "town", '\n[[mirrors]]\nname = "m"\nurl = "mirror"\n')
    made.notices(2)
    made.drop("名前.csv", HELD)
    assert run(made, "publish") == 3
    return made


def run(town: Town, *words: str) -> int:
    return cli.main(["-C", str(town.root), *words])


@contextmanager
def watching(town: Town) -> Iterator[None]:
    with (town.root / "watch.log").open("wb") as log:
        watch = subprocess.Popen(
            [sys.executable, "-m", "publisher", "-C", str(town.root), "watch", "--json"], stdout=log, stderr=log, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
        )
    try:
        deadline = time.monotonic() + 30
        while not held(town):
            assert time.monotonic() < deadline, "the watch did not start"
            time.sleep(0.05)
        yield
    finally:
        watch.terminate()
        watch.wait(30)


def held(town: Town) -> bool:
    with (town.root / ".publisher" / "lock").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def test_withdraw_and_release_while_the_watch_runs(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    (page,) = [path for path in town.files() if path.startswith("n/") and "給水0号" in town.files()[path].decode()]
    with watching(town):
        capsys.readouterr()
        assert run(town, "withdraw", "給水/0000.md", "--json") == 3
        said = json.loads(capsys.readouterr().out)
        assert [(line["path"], line["state"]) for line in said["documents"]] == [("給水/0000.md", "withdrawn")]
        assert [line["state"] for line in said["mirrors"]] == ["current"]
        for shown in (town.public / page, town.root / "mirror" / page):
            assert "給水0号です" not in shown.read_text(encoding="utf-8")
        assert run(town, "release", str(town.content / "名前.csv")) == 0
        assert "[公開] 名前.csv" in capsys.readouterr().out
    assert sorted(path.name for path in requests.folder(town.root / ".publisher").iterdir()) == []
    assert "Traceback" not in (town.root / "watch.log").read_text()


def test_a_build_that_was_under_way_is_not_taken_for_the_one_that_shows_it(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    (page,) = [path for path in town.files() if path.startswith("n/") and "給水0号" in town.files()[path].decode()]
    done = threading.Event()
    with town.desk() as opened:

        def work() -> None:
            where = requests.folder(town.root / ".publisher")
            while not (where.exists() and any(where.iterdir())):
                done.wait(0.01)
            for decided in (False, True):
                if decided:
                    requests.carry_out(opened, town.now)
                    done.wait(0.5)  # time enough for a command that does not wait
                build(opened, town.now)
                to_mirrors(opened, town.now)

        watch = threading.Thread(target=work)
        watch.start()
        assert run(town, "withdraw", "給水/0000.md", "--json") == 3
        assert "給水0号です" not in (town.public / page).read_text(encoding="utf-8")
        assert "給水0号です" not in (town.root / "mirror" / page).read_text(encoding="utf-8")
        done.set()
        watch.join()


def test_a_mirror_is_not_told_of_as_it_was_before_the_build(town: Town, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The build ends between two looks at the records: what was current before it is not what was asked for."""
    (page,) = [path for path in town.files() if path.startswith("n/") and "給水0号" in town.files()[path].decode()]
    calls: list[str] = []
    with town.desk() as opened:

        def ask(state: Path, request: requests.Request) -> requests.Decided:
            serial = opened.ledger.serial
            return requests.Decided(decide.withdraw(opened, request.path, town.now, request.who), serial)

        def late(*given: object, **named: object) -> Report:
            if calls:
                to_mirrors(opened, town.now)
            report = status(*given, **named)
            if not calls:
                build(opened, town.now)
            calls.append("")
            return report

        monkeypatch.setattr(requests, "ask", ask)
        monkeypatch.setattr("publisher.pipeline.status.status", late)
        assert run(town, "withdraw", "給水/0000.md", "--json") == 3
        assert "給水0号です" not in (town.root / "mirror" / page).read_text(encoding="utf-8")
    assert len(calls) == 2


def test_what_cannot_be_done_is_said_in_the_words_of_the_one_at_work(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    with watching(town):
        capsys.readouterr()
        assert run(town, "withdraw", "給水/0007.md") == 2
        assert "まだ受け取っていません" in capsys.readouterr().err


def test_a_request_that_nobody_answers_is_told_and_done_by_the_next_run(town: Town, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("publisher.pipeline.requests.ask.__defaults__", (0.2,))
    with town.desk():
        assert run(town, "withdraw", "給水/0000.md") == Busy.exit_code
    assert "指示は預けました" in capsys.readouterr().err
    assert run(town, "publish") == 3
    assert "[取消] 給水/0000.md" in capsys.readouterr().out
    assert run(town, "status", "--json") == 3
    assert {line["path"]: line["state"] for line in json.loads(capsys.readouterr().out)["documents"]}["給水/0000.md"] == "withdrawn"


@pytest.mark.parametrize("text", ["", "{", '{"action": "delete", "path": "a", "who": "b"}', '{"action": "release"}', "[1]"])
def test_a_request_that_cannot_be_read_is_put_aside(town: Town, text: str) -> None:
    where = requests.folder(town.root / ".publisher")
    where.mkdir(exist_ok=True)
    (where / f"1{requests.SUFFIX}").write_text(text)
    assert run(town, "build") == 3
    assert [path.name for path in where.iterdir()] == ["1.unreadable"]


# --- what was decided before ---


def ask_as_of(town: Town, action: str, path: str, moment: datetime) -> None:
    """As a machine does that decided alone: the request lies there until it leads."""
    with town.desk() as opened:
        row = opened.ledger.files.many([path])[path]
    requests.leave(town.root / ".publisher", requests.Request(action, path, "係", row.sha256, moment.isoformat(), row.document))


def done(town: Town) -> dict[str, str]:
    town.now += timedelta(minutes=1)
    with town.desk() as opened:
        requests.carry_out(opened, town.now)
        town.build_at(opened)
        assert not list(requests.pending(town.root / ".publisher"))
        return {row.path: row.verdict for row in opened.ledger.files.all()}


def decide_now(town: Town, action: str, path: str) -> None:
    town.now += timedelta(minutes=1)
    with town.desk() as opened:
        getattr(decide, action)(opened, path, town.now, "試験")
        town.build_at(opened)


@pytest.fixture
def alone(tmp_path: Path) -> Town:
    made = make_town(tmp_path / "alone")
    made.notices(4)
    made.drop("名前.csv", HELD)
    made.build()
    return made


def test_what_was_decided_before_goes_with_a_file_that_moved_since(alone: Town) -> None:
    ask_as_of(alone, "withdraw", "給水/0000.md", alone.now)
    ask_as_of(alone, "release", "名前.csv", alone.now)
    (alone.content / "移動").mkdir()
    for path in ("給水/0000.md", "名前.csv"):
        (alone.content / path).rename(alone.content / "移動" / Path(path).name)
    alone.build()
    verdicts = done(alone)
    assert (verdicts["移動/0000.md"], verdicts["移動/名前.csv"]) == ("withdrawn", "accepted")


def test_what_was_decided_before_undoes_nothing_that_was_decided_later(alone: Town) -> None:
    ask_as_of(alone, "withdraw", "給水/0000.md", alone.now)
    ask_as_of(alone, "release", "名前.csv", alone.now)
    for action, path in (("withdraw", "給水/0000.md"), ("release", "給水/0000.md"), ("withdraw", "名前.csv")):
        decide_now(alone, action, path)
    verdicts = done(alone)
    assert (verdicts["給水/0000.md"], verdicts["名前.csv"]) == ("accepted", "withdrawn")
    with alone.desk() as opened:
        said = {line[1:4] for line in opened.ledger.decisions.audit()}
    assert {("係", "withdraw", "給水/0000.md"), ("係", "release", "名前.csv")} <= said


def test_what_was_decided_before_is_no_newer_than_it_is(alone: Town) -> None:
    """The file is gone, and somebody decided later about its bytes: when they come back, that holds."""
    body = (alone.content / "給水/0000.md").read_bytes()
    ask_as_of(alone, "withdraw", "給水/0000.md", alone.now)
    decide_now(alone, "withdraw", "給水/0000.md")
    decide_now(alone, "release", "給水/0000.md")
    (alone.content / "給水/0000.md").unlink()
    alone.build()
    done(alone)
    alone.drop("給水/0000.md", body)
    assert done(alone)["給水/0000.md"] == "accepted"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root decides for another user")
def test_what_root_decides_can_be_read_by_the_service(town: Town) -> None:
    from publisher.pipeline import restrictions
    from publisher.review.restrict import Person

    state = town.root / ".publisher"
    os.chown(state, 65534, 65534)
    assert requests.ask(state, requests.Request("withdraw", "給水/0000.md", "root"), patience=0) is None
    restrictions.add(state, "hinansha", [Person(name="髙橋　是羅")], town.now, "root")
    made = [requests.folder(state), *requests.folder(state).iterdir(), restrictions.place(state).parent, restrictions.place(state), state / "restrictions.lock"]
    assert {path.stat().st_uid for path in made} == {65534}
    assert {path.stat().st_mode & 0o077 for path in made[:-1]} == {0}
