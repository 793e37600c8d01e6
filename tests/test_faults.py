"""Three mirrors in all kinds of weather: no reader meets a broken link or half a page, and at the end all equal the site."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import servers
from tests.faults import KINDS, Crawler, between, in_folder, rehearse
from tests.test_islands import s3
from tests.town import make_town

TIMES = "connect_timeout = 0.5\nread_timeout = 0.5\n"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWN_KEY", servers.KEY)
    monkeypatch.setenv("TOWN_SECRET", servers.SECRET)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.mirrors.readback.PAUSES", (0.0, 0.05))
    monkeypatch.setattr("publisher.mirrors.retrying.Retrying.__init__.__defaults__", (3, 0.02), raising=True)


@pytest.mark.usefixtures("hasty")
def test_random_weather_over_many_publishes(tmp_path: Path) -> None:
    done = rehearse(tmp_path, 7, 14, TIMES, late=0.2, hang=2.0)
    assert done.broken == [] and done.half == []
    assert done.differ == []
    assert len(done.struck) >= 7, done.struck
    assert done.pages > 500


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("hang", "loss")])
def test_each_fault_is_met_and_got_over(tmp_path: Path, kind: str) -> None:
    from tests.faults import publish

    with servers.rclone(tmp_path / "s") as store, between(store.url, 1, in_folder(store.folder), late=0.2, hang=1.0) as proxy:
        town = make_town(tmp_path / "town", s3("site", proxy.url, TIMES))
        town.notices(2)
        proxy.weather.kind = kind
        publish(town)
        assert proxy.weather.struck[kind]
        proxy.weather.kind = ""
        assert publish(town)[0].state == "current"
        root = store.folder / servers.BUCKET / "site"
        assert {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()} == town.files()


def test_the_crawler_sees_broken_links_and_half_pages(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<html><a href="gone.html">x</a> <a href="half.html">y</a></html>')
    (tmp_path / "half.html").write_text("<html><p>hal")
    crawler = Crawler(tmp_path)
    crawler.crawl()
    assert crawler.broken == [("index.html", "gone.html")] and crawler.half == ["half.html"]


def test_killed_at_every_tenth_of_a_publish(tmp_path: Path) -> None:
    """kill -9 while files are being sent: the next run finishes, and nothing is sent twice that was confirmed."""
    from contextlib import closing

    from publisher.ledger import Ledger
    from publisher.mirrors.wire import Wire
    from tests.faults import publish

    with servers.rclone(tmp_path / "s") as store, between(store.url, 1, late=0.03) as proxy:
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
        assert killed >= 5


@pytest.mark.usefixtures("hasty")
def test_through_a_proxy_of_the_town(tmp_path: Path) -> None:
    from bench.faults import tinyproxy

    if servers.program("tinyproxy") is None:
        pytest.skip("tinyproxy is not installed")
    with tinyproxy(tmp_path / "proxy") as proxy:
        done = rehearse(tmp_path / "work", 3, 4, f'{TIMES}proxy = "{proxy}"\n', late=0.2, hang=2.0)
    assert done.fine, (done.broken, done.half, done.differ)
