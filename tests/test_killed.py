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
from publisher.mirrors.wire import Wire
from tests import servers
from tests.faults import between, publish
from tests.test_islands import s3
from tests.town import make_town


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
