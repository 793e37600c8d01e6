"""Three mirrors in all kinds of weather: no reader meets a broken link or half a page, and at the end all equal the site."""

from __future__ import annotations

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
    done = rehearse(tmp_path, 7, 10, TIMES, late=0.2, hang=2.0)
    assert done.broken == [] and done.half == []
    assert done.differ == []
    assert len(done.struck) >= 6, done.struck
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
    assert [(page, target) for page, target, _ in crawler.broken] == [("index.html", "gone.html")] and crawler.half == ["half.html"]


@pytest.mark.usefixtures("hasty")
def test_through_a_proxy_of_the_town(tmp_path: Path) -> None:
    from bench.faults import tinyproxy

    if servers.program("tinyproxy") is None:
        pytest.skip("tinyproxy is not installed")
    with tinyproxy(tmp_path / "proxy") as proxy:
        done = rehearse(tmp_path / "work", 3, 2, f'{TIMES}proxy = "{proxy}"\n', late=0.2, hang=2.0)
    assert done.fine, (done.broken, done.half, done.differ)
