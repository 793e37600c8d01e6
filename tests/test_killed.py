"""kill -9 in the middle of sending: the next run finishes, and nothing is sent twice that was confirmed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from publisher.ledger import Ledger
from publisher.mirrors import FolderMirror
from publisher.mirrors.wire import Wire
from publisher.pipeline import decide, takedown
from tests import servers
from tests.faults import between, publish
from tests.test_islands import s3
from tests.town import Town, make_town


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWN_KEY", servers.KEY)
    monkeypatch.setenv("TOWN_SECRET", servers.SECRET)


def test_killed_at_every_tenth_of_a_publish(tmp_path: Path) -> None:
    """kill -9 while files are being sent: the next run finishes, and nothing is sent twice that was confirmed."""
    with servers.rclone(tmp_path / "s") as store, between(store.url, 1, late=0.1) as proxy:
        proxy.weather.kind = "late"
        town = make_town(tmp_path / "town", s3("site", proxy.url))
        root = store.folder / servers.BUCKET / "site"
        command = [sys.executable, "-m", "publisher", "-C", str(town.root), "publish"]

        def held() -> int:
            with closing(Ledger(town.root / ".publisher" / "ledger.db", readonly=True)) as ledger:
                return sum(bool(sha) for sha, _ in ledger.mirrors.receipts("site", [r.path for r in ledger.pages.all()]).values())

        town.notices(2)
        publish(town)
        killed = 0
        for tenth in range(1, 10):
            for number in range(6):
                town.drop(f"給水/{tenth}-{number}.md", f"# 給水 {tenth}-{number}\n\n本文。\n")
            before = held()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            deadline = time.monotonic() + 20
            while process.poll() is None and held() < before + tenth * 5 and time.monotonic() < deadline:
                time.sleep(0.005)
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                killed += 1
            process.wait()
            with closing(Ledger(town.root / ".publisher" / "ledger.db")) as ledger:
                identity = town.settings().mirrors[0].identity
                row = ledger.mirrors.get("site", identity)
                changed = {r.path: r.sha256 for r in ledger.pages.changed_since(row.serial)}
                confirmed = {p for p, (sha, _) in ledger.mirrors.receipts("site", changed).items() if sha == changed[p]}
                standing = {r.path: r.sha256 for r in ledger.pages.all()}
            sent, ask = [], Wire.ask

            def counted(self, method, target, *rest, sent=sent, ask=ask):
                if method == "PUT":
                    sent.append(target.partition("/site/site/")[2])
                return ask(self, method, target, *rest)

            Wire.ask = counted
            try:
                town.now = town.now.replace(second=0)
                assert publish(town)[0].state == "current"
            finally:
                Wire.ask = ask
            with closing(Ledger(town.root / ".publisher" / "ledger.db")) as ledger:
                same = {r.path for r in ledger.pages.all() if standing.get(r.path) == r.sha256}
            assert not confirmed & set(sent) & same, "sent again though confirmed"
            assert {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()} == town.files()
        assert killed >= 4


class _Killed(BaseException):
    """The process ends here: nothing after it is done or recorded."""


@pytest.fixture
def beside(tmp_path: Path) -> Town:
    """A town with a table and a mirror in a folder."""
    town = make_town(tmp_path / "town", '\n[[mirrors]]\nname = "north"\nurl = "north"\n')
    town.notices(4)
    town.drop("給水所/給水所.csv", "名称,住所,水量\n" + "".join(f"第{n}給水所,本町{n},{n * 100}\n" for n in range(30)))
    assert publish(town)[0].state == "current"
    return town


def shown(town: Town) -> dict[str, bytes]:
    root = town.root / "north"
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_killed_in_the_middle_of_deletions_and_what_was_deleted_comes_back(beside: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    toml = beside.root / "publisher.toml"
    before = toml.read_text("utf-8")
    toml.write_text(before + "\n[editions]\nlegacy = false\n", encoding="utf-8")
    deleted, plain = [], FolderMirror.delete

    def die(self, path: str) -> None:
        if len(deleted) == 5:
            raise _Killed
        plain(self, path)
        deleted.append(path)

    monkeypatch.setattr(FolderMirror, "delete", die)
    with pytest.raises(_Killed):
        publish(beside)
    monkeypatch.undo()
    assert not set(deleted) & shown(beside).keys()
    toml.write_text(before, encoding="utf-8")
    assert publish(beside)[0].state == "current"
    assert shown(beside) == beside.files()


def test_killed_while_a_table_is_taken_down_and_it_is_released_again(beside: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written over its pages must not be taken for them."""
    overwrite = takedown._overwrite

    def die(mirror, gone) -> None:
        overwrite(mirror, gone)
        raise _Killed

    monkeypatch.setattr(takedown, "_overwrite", die)
    path = "給水所/給水所.csv"
    with beside.desk() as opened:
        decide.withdraw(opened, path, beside.now, "somebody")
    with pytest.raises(_Killed):
        publish(beside)
    monkeypatch.undo()
    assert takedown.GONE in shown(beside).values() or b"\n" in shown(beside).values()
    with beside.desk() as opened:
        decide.release(opened, path, beside.now, "somebody")
    assert publish(beside)[0].state == "current"
    assert shown(beside) == beside.files()
