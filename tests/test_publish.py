"""From the drop folder to real object stores: every mirror equals the site, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher.ledger import Ledger
from publisher.model import Receipt
from publisher.pipeline.build import build, desk
from publisher.pipeline.publish import to_mirrors
from publisher.pipeline.report import MirrorLine
from tests import servers
from tests.town import TOKYO, Town, make_town

KINDS = {"seaweedfs": servers.seaweedfs, "rclone": servers.rclone}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, servers.Server]]:
    with ExitStack() as stack:
        yield {kind: stack.enter_context(start(tmp_path_factory.mktemp(kind))) for kind, start in KINDS.items()}


@pytest.fixture
def town(tmp_path: Path, stores: dict[str, servers.Server], monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setenv("TOWN_KEY", servers.KEY)
    monkeypatch.setenv("TOWN_SECRET", servers.SECRET)
    extra = "".join(
        f'\n[[mirrors]]\nname = "{kind}"\nurl = "s3://{servers.BUCKET}/{tmp_path.name.replace("_", "-")}"\nendpoint = "{server.url}"\n'
        'region = "us-east-1"\nkey_env = "TOWN_KEY"\nsecret_env = "TOWN_SECRET"\n'
        for kind, server in stores.items()
    )
    return make_town(tmp_path / "town", extra + '\n[[mirrors]]\nname = "folder"\nurl = "mirror"\n')


def publish(town: Town) -> dict[str, MirrorLine]:
    with desk(town.settings()) as opened:
        town.build_at(opened)
        return {line.name: line for line in to_mirrors(opened, town.now)}


def stored(town: Town, stores: dict[str, servers.Server], kind: str) -> dict[str, bytes]:
    """Everything that a store holds below the mirror's prefix, read back through S3."""
    prefix = next(m for m in town.settings().mirrors if m.name == kind).url.split("/", 3)[3] + "/"
    client = servers.client(stores[kind].url)
    found = {}
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=servers.BUCKET, Prefix=prefix):
        for item in page.get("Contents", ()):
            body = client.get_object(Bucket=servers.BUCKET, Key=item["Key"])["Body"]
            found[item["Key"].removeprefix(prefix)] = body.read()
            body.close()
    return found


def folder(town: Town) -> dict[str, bytes]:
    place = town.root / "mirror"
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()}


def assert_all_equal(town: Town, stores: dict[str, servers.Server]) -> None:
    site = town.files()
    assert folder(town) == site
    for kind in KINDS:
        assert stored(town, stores, kind) == site, kind


def test_mirrors_equal_the_site_after_publish_edit_and_withdrawal(town: Town, stores: dict[str, servers.Server]) -> None:
    town.notices(12)
    file = town.drop("給水/消える.md", "# 消えるお知らせ\n\n本文。\n")
    town.drop("避難所/一覧.csv", "名称,住所,電話番号\r\n本町小学校,本町1-1,0000-00-0001\r\n港町小学校,港町1-1,0000-00-0002\r\n")
    lines = publish(town)
    assert {line.state for line in lines.values()} == {"current"}
    assert_all_equal(town, stores)

    town.drop("給水/0003.md", "# 給水3号\n\n死者4名。\n")
    lines = publish(town)
    assert all(line.state == "current" and 0 < line.uploaded <= 40 for line in lines.values())
    assert_all_equal(town, stores)

    (town.content / "_状況.html").write_text("", encoding="utf-8")
    file.unlink()
    assert {line.state for line in publish(town).values()} == {"current"}
    assert_all_equal(town, stores)

    again = publish(town)
    assert all(line.uploaded <= 1 and line.deleted == 0 for line in again.values())


def test_headers_on_the_store_are_the_pages_own(town: Town, stores: dict[str, servers.Server]) -> None:
    town.notices(1)
    publish(town)
    prefix = town.settings().mirrors[0].url.split("/", 3)[3]
    client = servers.client(stores["seaweedfs"].url)
    legacy = client.head_object(Bucket=servers.BUCKET, Key=f"{prefix}/i/index.html")
    assert legacy["ContentType"] == "text/html; charset=Shift_JIS"
    assert "max-age=30" in legacy["CacheControl"]


def test_a_dead_mirror_delays_no_other_and_catches_up(town: Town, stores: dict[str, servers.Server]) -> None:
    toml = town.root / "publisher.toml"
    alive = toml.read_text(encoding="utf-8")
    port = servers.free_ports(1)[0]
    toml.write_text(alive.replace(stores["rclone"].url, f"http://127.0.0.1:{port}"), encoding="utf-8")
    town.notices(5)
    lines = publish(town)
    assert (lines["seaweedfs"].state, lines["folder"].state) == ("current", "current")
    assert lines["rclone"].state == "behind"
    assert lines["rclone"].behind > 30
    assert lines["rclone"].problem is not None
    assert "rclone" in str(lines["rclone"].problem)
    toml.write_text(alive, encoding="utf-8")
    assert publish(town)["rclone"].state == "current"
    assert_all_equal(town, stores)


def test_a_missing_secret_is_a_sentence_and_the_others_go_on(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOWN_SECRET")
    town.notices(2)
    lines = publish(town)
    assert lines["folder"].state == "current"
    assert "TOWN_SECRET" in str(lines["seaweedfs"].problem)


def test_a_dry_run_sends_nothing(town: Town, stores: dict[str, servers.Server]) -> None:
    town.notices(2)
    with desk(town.settings(), dry=True) as opened:
        build(opened, town.now)
        lines = to_mirrors(opened, town.now)
    assert all(line.uploaded > 10 for line in lines)
    assert not (town.root / "mirror").exists()
    assert stored(town, stores, "rclone") == {}




def test_the_ledger_knows_what_nothing_leads_to_yet(tmp_path: Path) -> None:
    now = datetime(2036, 3, 11, 15, 0, tzinfo=TOKYO)
    with closing(Ledger(tmp_path / "ledger.db")) as ledger:
        mirrors = ledger.mirrors

        def unreached(reached: datetime | None = None) -> set[str]:
            return mirrors.standing("m", ["a", "b", "c", "d"], reached)[1]

        with ledger.transaction():
            mirrors.confirm(Receipt("m", path, "s", "h", now, path != "c") for path in "abc")
        assert unreached() == {"a", "b"} and unreached(now) == set() and mirrors.begun("m", None) == {"a", "b", "c"}
        assert mirrors.standing("m", ["a", "d"], None)[0] == {"a": ("s", "h")}
        with ledger.transaction():
            mirrors.confirm([Receipt("m", "a", "", "h", now + timedelta(seconds=1), True)])  # an upload of it has begun
            mirrors.led_to("m", ["b", "c", "d"])
        assert unreached() == {"a"} and unreached(now) == set()
        with ledger.transaction():
            mirrors.confirm([Receipt("m", "a", "t", "h", now + timedelta(seconds=1), True), Receipt("m", "b", "t", "h", now + timedelta(seconds=1))])
        assert unreached(now) == {"a"} and mirrors.begun("m", now) == {"a", "b"}


def test_a_line_that_breaks_before_the_lists_leaves_pages_to_which_nothing_leads(tmp_path: Path) -> None:
    """The state is kept from run to run: after the line is back, and all is whole, nothing is new any more."""
    town = make_town(tmp_path, '\n[[mirrors]]\nname = "m"\nurl = "mirror"\n')
    town.notices(1)
    with town.desk() as opened:
        town.build_at(opened)
        to_mirrors(opened, town.now)
        place = town.root / "mirror" / "c"
        moved = place.rename(place.with_name("elsewhere"))
        place.write_text("no folder")  # nothing below c/ can be stored
        town.drop("医療/当番医.md", "# 当番医\n\n9時から。\n")
        town.build_at(opened)
        (line,) = to_mirrors(opened, town.now)
        assert line.behind and line.uploaded
        every = [record.path for record in opened.ledger.pages.all()]

        def unreached() -> set[str]:
            reached = opened.ledger.fact("reached m")
            return opened.ledger.mirrors.standing("m", every, datetime.fromisoformat(reached) if reached else None)[1]

        assert any(path.startswith("n/") for path in unreached())
        place.unlink()
        moved.rename(place)
        (line,) = to_mirrors(opened, town.now + timedelta(minutes=1))
        assert line.state == "current" and unreached() == set()
