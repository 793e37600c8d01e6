"""Earlier editions of a large roll that have to be counted again: nothing waits for them, nothing is shown that may not be, and in the end all is as if
they had been counted at once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publisher import cli
from publisher.ledger import Ledger
from publisher.pipeline import past
from publisher.pipeline.build import Desk, build
from publisher.pipeline.hand import Hand, Source
from publisher.pipeline.past import WAITING, waiting
from publisher.pipeline.recount import recount
from tests.test_history import PEOPLE, drop_roll, roll_csv
from tests.town import NOTICE, Town, broken_links, lasting, make_town

HOURS = ("09", "12", "15", "18")


@pytest.fixture(params=["one file after the other", "the same file again and again"])
def town(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """Four editions of a roll that counts as large."""
    monkeypatch.setattr(past, "MANY_ROWS", 10)
    town = make_town(tmp_path / "town", '\n[[mirrors]]\nname = "one"\nurl = "one"\n')
    for place, hour in enumerate(HOURS):
        drop_roll(town, PEOPLE[place * 3 :], f"令和18年3月11日 {hour}時", "名簿" if "again" in request.param else str(place))
    return town


@pytest.fixture
def counted(town: Town, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The earlier editions that are read, by the place in which they came."""
    with town.desk() as opened:
        versions = opened.ledger.documents.versions(opened.ledger.documents.by_key("避難者名簿/").id)
    places = {version.sha256: place for place, version in enumerate(versions[:-1])}
    found: list[int] = []
    plain = Hand._data

    def data(self: Hand, source: Source) -> bytes:
        if source.sha256 in places:
            found.append(places[source.sha256])
        return plain(self, source)

    monkeypatch.setattr(Hand, "_data", data)
    monkeypatch.setattr("publisher.pipeline.recount.LARGE", 1)  # no process of its own: it would not know of the spy
    return found


def later(town: Town, opened: Desk) -> None:
    town.now += timedelta(seconds=1)
    build(opened, town.now, later=True)


def editions(town: Town, edition: str = "") -> set[str]:
    return {path.rpartition("/")[2] for path in town.files() if path.startswith(f"{edition}t/hinansha/e/2036")}


def twin(town: Town) -> Town:
    """The same town, to be built otherwise."""
    other = town.root.with_name("twin")
    shutil.copytree(town.root, other)
    return Town(other, town.now)


def as_another_program(opened: Desk) -> None:
    opened.program = "another"


def test_after_an_update_the_site_does_not_wait(town: Town, counted: list[int]) -> None:
    other = twin(town)
    before = lasting(town.files())
    with town.desk() as opened:
        as_another_program(opened)
        later(town, opened)
        assert counted == [] and len(waiting(opened.ledger)) == 3
        assert {p: b for p, b in town.files().items() if "/e/" in p} == {p: b for p, b in before.items() if "/e/" in p}
        found = recount(opened, town.now, lambda: True)
        assert found.shown and not found.left and found.problems == ()
        assert counted == [2, 1, 0], "the newest first"
        later(town, opened)
        assert recount(opened, town.now, lambda: True) == type(found)(), "and once"
    with other.desk() as opened:
        as_another_program(opened)
        other.build_at(opened)
    assert lasting(town.files()) == lasting(other.files()) == before


def test_who_is_taken_off_is_gone_before_anything_is_counted(town: Town, counted: list[int]) -> None:
    from publisher.pipeline import restrict

    other = twin(town)
    for place in (town, other):
        with place.desk() as opened:
            found = restrict.find(opened.ledger, opened.settings, opened.archive, "hinansha", "山田30郎")
            restrict.decide(opened.settings, found, place.now, "staff", False)
    with town.desk() as opened:
        later(town, opened)
        assert counted == []
        files = town.files()
        assert not [path for path, body in files.items() if "山田30郎".encode() in body or "山田30郎".encode("shift_jis") in body]
        assert editions(town) == set(), "numbers that may count them are not shown"
        assert not broken_links(files)
        assert recount(opened, town.now, lambda: True).shown
        later(town, opened)
    assert len(editions(town)) == len(HOURS)
    with other.desk() as opened:
        other.build_at(opened)
    assert lasting(town.files()) == lasting(other.files())


def test_a_new_edition_in_between(town: Town, counted: list[int]) -> None:
    """It is compared with the one before it, and the waiting goes on."""
    other = twin(town)
    with town.desk() as opened:
        as_another_program(opened)
        later(town, opened)
        town.drop("避難者名簿/名簿.csv", roll_csv(PEOPLE[15:], "令和18年3月11日 21時"))
        later(town, opened)
        assert "載らなくなった方 6人" in town.page("t/hinansha/e/20360311T2100.html")
        assert counted == [] and len(waiting(opened.ledger)) == 3
        recount(opened, town.now, lambda: True)
        later(town, opened)
    with other.desk() as opened:
        as_another_program(opened)
        other.drop("避難者名簿/名簿.csv", roll_csv(PEOPLE[15:], "令和18年3月11日 21時"))
        other.build_at(opened)
    tables = {path for path in town.files() if "t/hinansha/" in path}
    assert tables and {path: town.files()[path] for path in tables} == {path: body for path, body in other.files().items() if "t/hinansha/" in path}


def test_it_stops_when_it_is_told_to_and_goes_on(town: Town, counted: list[int]) -> None:
    with town.desk() as opened:
        as_another_program(opened)
        later(town, opened)
        for left in (2, 1, 0):
            turns = iter((True, False))
            found = recount(opened, town.now, lambda turns=turns: next(turns))
            assert len(waiting(opened.ledger)) == left and found.left == bool(left) and found.shown == (left == 0)
        assert opened.ledger.pages.touched("document")


def test_an_edition_that_cannot_be_read_is_said_and_holds_up_nothing(town: Town, counted: list[int]) -> None:
    with town.desk() as opened:
        lost = opened.ledger.documents.versions(opened.ledger.documents.by_key("避難者名簿/").id)[1]
        shutil.move(opened.archive.place(lost.sha256), town.root / "kept")
        as_another_program(opened)
        later(town, opened)
        found = recount(opened, town.now, lambda: True)
        assert [problem.code for problem in found.problems] == ["archive"] and found.left and found.shown, "the others can be shown"
        assert [sha256 for _, (_, sha256) in waiting(opened.ledger)] == [lost.sha256]
        town.drop("給水/新.md", NOTICE.format(title="新しい給水", minute=1))
        later(town, opened)
        assert len(editions(town)) == len(HOURS), "its numbers are shown as they were"
        assert not opened.ledger.pages.touched("document")
        town.drop("避難者名簿/名簿.csv", roll_csv(PEOPLE[15:], "令和18年3月11日 21時"))
        later(town, opened)
        assert "載らなくなった方 6人" in town.page("t/hinansha/e/20360311T2100.html"), "nor does the next edition wait"
        shutil.move(town.root / "kept", opened.archive.place(lost.sha256))
        assert recount(opened, town.now, lambda: True).shown


def test_an_ordinary_build_counts_what_waits(town: Town, counted: list[int]) -> None:
    with town.desk() as opened:
        as_another_program(opened)
        later(town, opened)
        town.build_at(opened)
        assert len(counted) == 3 and waiting(opened.ledger) == []


@pytest.fixture
def updated(town: Town) -> Iterator[Town]:
    """The town after an update: its ledger says that another program built it."""
    assert cli.main(["-C", str(town.root), "publish"]) == 0
    ledger = Ledger(town.root / ".publisher" / "ledger.db")
    ledger.remember("fingerprint", "old:" + (ledger.fact("fingerprint") or "").partition(":")[2])
    ledger.close()
    yield town


def test_publish_sends_first_and_counts_then(updated: Town, counted: list[int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from publisher.pipeline import publish

    sent: list[int] = []
    plain = publish.to_mirror

    def to_mirror(*arguments, **more):
        sent.append(len(counted))
        return plain(*arguments, **more)

    monkeypatch.setattr(publish, "to_mirror", to_mirror)
    updated.drop("給水/急.md", NOTICE.format(title="急ぐ給水", minute=2))
    capsys.readouterr()
    assert cli.main(["-C", str(updated.root), "publish", "--json"]) == 0
    assert sent == [0, 3]
    said = capsys.readouterr()
    assert "3件" in said.err and "次の公開で続きます" in said.err
    (mirror,) = json.loads(said.out)["mirrors"]
    assert mirror["state"] == "current" and mirror["uploaded"] > 5
    mirrored = {p.relative_to(updated.root / "one").as_posix(): p.read_bytes() for p in (updated.root / "one").rglob("*") if p.is_file()}
    assert mirrored == updated.files()


def test_the_watch_counts_when_nothing_happens(updated: Town) -> None:
    """A real process, in which the roll is not large; so what waits is put there by hand, and what it says is spoilt to see it mended."""
    ledger = Ledger(updated.root / ".publisher" / "ledger.db")
    document = ledger.documents.by_key("避難者名簿/").id
    keys = sorted(ledger.tallies.counted(document))[:2]
    ledger.tallies.forget(document)
    ledger.pages.touch_all((WAITING, f"{document}\n{moment.isoformat()}\n{sha256}") for moment, sha256 in keys)
    ledger.close()
    with (updated.root / "watch.log").open("wb") as log:
        watch = subprocess.Popen([sys.executable, "-m", "publisher", "-C", str(updated.root), "watch", "--json"], stdout=log, stderr=log)
    try:
        end = time.monotonic() + 60
        while True:
            ledger = Ledger(updated.root / ".publisher" / "ledger.db", readonly=True)
            left, known = waiting(ledger), ledger.tallies.counted(document)
            ledger.close()
            if not left and set(keys) <= known:
                break
            assert time.monotonic() < end, (updated.root / "watch.log").read_text()
            time.sleep(0.1)
    finally:
        watch.terminate()
        watch.wait(30)
    assert "Traceback" not in (updated.root / "watch.log").read_text()
    assert len(editions(updated)) == len(HOURS)
