"""kill -9 in the middle of sending: the next run finishes, and nothing is sent twice that was confirmed."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from publisher.ledger import Ledger
from publisher.mirrors import FolderMirror
from publisher.pipeline import decide, takedown
from tests import servers
from tests.faults import between, publish
from tests.test_islands import s3
from tests.test_watch import until
from tests.town import Town, make_town


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWN_KEY", servers.KEY)
    monkeypatch.setenv("TOWN_SECRET", servers.SECRET)


def start(town: Town) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "publisher", "-C", str(town.root), "publish"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def news(town: Town, turn: int) -> None:
    """Six notices, one of them urgent, and one that is changed."""
    for number in range(6):
        file = town.content / f"給水/{turn}-{number}.md"
        file.write_text(f"---\n件名: 給水 {turn}-{number}\n重要度: {'緊急' if number == 5 else '通常'}\n---\n\n本文。\n", encoding="utf-8")
    (town.content / "給水/0.md").write_text(f"# 給水 0\n\n{turn}回目の変更。\n", encoding="utf-8")


def confirmed(town: Town) -> set[tuple[str, str]]:
    """What the ledger says that the mirror has confirmed; empty while there is no ledger."""
    file = town.root / ".publisher" / "ledger.db"
    with closing(Ledger(file)) as ledger:
        paths = [record.path for record in ledger.pages.all()]
        return {(path, sha256) for path, (sha256, _) in ledger.mirrors.receipts("site", paths).items() if sha256}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("by", ["time", "uploads"])
def test_killed_at_every_tenth_of_a_publish(tmp_path: Path, by: str) -> None:
    """From the first instruction to the last, and once more by what was sent: the next run finishes, and sends nothing twice that was confirmed."""
    with servers.rclone(tmp_path / "s") as store, between(store.url, 1, late=0.05) as proxy:
        proxy.weather.kind = "late"
        town = make_town(tmp_path / "town", s3("site", proxy.url))
        (town.content / "給水").mkdir()
        root = store.folder / servers.BUCKET / "site"

        def finish() -> tuple[float, set[tuple[str, str]]]:
            begun, before = time.monotonic(), len(proxy.stored)
            assert start(town).wait(60) == 0
            sent = {(path.removeprefix(f"/{servers.BUCKET}/site/"), sha256) for path, sha256 in proxy.stored[before:]}
            assert len(sent) == len(proxy.stored) - before, "sent twice in one run"
            return time.monotonic() - begun, sent

        news(town, 0)
        finish()
        news(town, 100)
        whole, sent = finish()
        killed = 0
        for tenth in range(1, 10):
            news(town, tenth)
            before, begun = len(proxy.stored), time.monotonic()
            process = start(town)

            def due(tenth: int = tenth, before: int = before, begun: float = begun) -> bool:
                if by == "time":
                    return time.monotonic() - begun >= whole * tenth / 10
                return len(proxy.stored) - before >= len(sent) * tenth / 10

            while process.poll() is None and not due():
                time.sleep(0.002)
            if process.poll() is None:
                process.kill()
                killed += 1
            process.wait()
            until(lambda: proxy.idle, 10)
            known = confirmed(town)
            again = finish()[1] & known
            assert not again, "sent again though confirmed"
            held = {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}
            assert held == town.files()
        assert killed >= (8 if by == "uploads" else 5)  # no two runs take the same time on a busy machine


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
