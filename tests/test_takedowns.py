"""A take-down that a mirror refuses is told in words of its own, stays pending, and keeps nothing else waiting."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from publisher import cli
from publisher.errors import MirrorUnavailable
from publisher.ledger import Ledger
from publisher.mirrors import Guarded, MemoryMirror, S3Mirror, headers, refused, unavailable
from publisher.model import PageKind
from publisher.pipeline.build import desk
from publisher.pipeline.publish import register, to_mirror
from publisher.pipeline.report import MirrorLine
from publisher.pipeline.status import status
from tests import servers
from tests.faults import between, publish
from tests.test_islands import URGENT, s3
from tests.test_s3_servers import bucket_of, versions_of
from tests.town import Town, make_town


def listing(method: str, path: str) -> bool:
    return "versions" in path.partition("?")[2].split("=")[0]


def deleting(method: str, path: str) -> bool:
    return method == "DELETE" and "versionId=" in path


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWN_KEY", servers.KEY)
    monkeypatch.setenv("TOWN_SECRET", servers.SECRET)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    if servers.program("weed") is None:
        pytest.skip("weed is not installed")
    with servers.seaweedfs(tmp_path_factory.mktemp("store")) as server:
        servers.client(server.url, servers.ADMIN).put_bucket_versioning(Bucket=servers.BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield server


@pytest.mark.parametrize(("denied", "word"), [(listing, "ListBucketVersions"), (deleting, "DeleteObjectVersion")])
def test_a_key_without_rights_over_versions_holds_nothing_back(
    tmp_path: Path, store: servers.Server, denied: Callable[[str, str], bool], word: str
) -> None:
    name = "hidden" if denied is listing else "kept"
    with between(store.url, 1) as proxy:
        town = make_town(tmp_path / "town", s3(name, proxy.url))
        town.drop("給水/1.md", "# 給水所\n\n是羅さんが水を配ります。\n")
        town.notices(2)
        assert [line.state for line in publish(town)] == ["current"]
        mirror = S3Mirror(name, bucket_of(store, name))
        (page,) = [path for path in mirror.walk() if path.startswith("n/") and "是羅" in mirror.get(path).body.decode()]
        proxy.forbid(denied)
        assert cli.main(["-C", str(town.root), "withdraw", "給水/1.md"]) == 4
        town.drop("避難/1.md", URGENT.format(title="避難指示"))
        (line,) = publish(town)
        assert (line.state, line.problem.code, line.confirmed) == ("behind", "takedown-versions", town.now)
        assert line.behind > 0 and word in line.problem.todo and "古い版" in line.problem.shown
        assert {path: mirror.get(path).body for path in mirror.walk()} == town.files()
        assert any("避難指示" in body.decode("utf-8", "replace") for body in town.files().values())
        assert "是羅" not in mirror.get(page).body.decode()
        assert any(problem.code == "takedown-pending" for problem in status(town.settings(), True).problems)
        # The right is given: nobody has to ask again.
        proxy.forbid(lambda method, path: False)
        (line,) = publish(town)
        assert (line.state, line.problem) == ("current", None)
        admin = servers.client(store.url, servers.ADMIN)
        assert [key for key, _ in versions_of(admin, f"{name}/{page.removesuffix('html')}")] == [f"{name}/{page}"]


@pytest.mark.parametrize("name", ["lists", "again"])
def test_no_list_feed_or_picture_of_any_version_is_kept_by_the_store(tmp_path: Path, store: servers.Server, name: str) -> None:
    """``again``: where the document stood first another one had stood, which moved away."""
    town = make_town(tmp_path / "town", s3(name, store.url))
    town.notices(3)
    (town.content / "道路").mkdir()
    if name == "again":
        town.drop("給水/1.md", "# 給水の件\n\n水を配ります。\n")
        publish(town)
        (town.content / "給水/1.md").rename(town.content / "道路/0.md")
        publish(town)
    for number in range(2):
        town.drop("給水/1.md", f"---\n件名: 是羅の件 {number}\n日時: 2036-03-11 14:00\n---\n\n是羅さんが水を配ります。{number}\n")
        town.drop("写真/壁.png", drawing(number))
        publish(town)
    (town.content / "給水/1.md").rename(town.content / "道路/1.md")
    publish(town)
    admin = servers.client(store.url, servers.ADMIN)
    before = everything(admin, f"{name}/")
    assert sum(key.startswith((f"{name}/index", f"{name}/c/", f"{name}/a/", f"{name}/atom")) for key, body in before if "是羅".encode() in body) > 8
    assert len({key for key, _ in before if key.startswith(f"{name}/m/")}) > 3
    for path in ("道路/1.md", "写真/壁.png"):
        assert cli.main(["-C", str(town.root), "withdraw", path]) in (0, 3)
    after = everything(admin, f"{name}/")
    standing = {f"{name}/{path}": body for path, body in town.files().items()}
    traces = [key for key, body in after if any(word in body for word in ("是羅".encode(), "是羅".encode("cp932"))) and standing.get(key) != body]
    assert traces == []
    assert [key for key, _ in after if key.startswith(f"{name}/m/")] == []
    mirror = S3Mirror(name, bucket_of(store, name))
    assert {path: mirror.get(path).body for path in mirror.walk()} == town.files()


def drawing(seed: int) -> bytes:
    from PIL import Image, ImageDraw

    image = Image.new("L", (600, 400), 250)
    ImageDraw.Draw(image).rectangle((40 + 20 * seed, 40, 200 + 20 * seed, 300), fill=20)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def everything(store, prefix: str) -> list[tuple[str, bytes]]:
    """Every version of everything below."""
    found = []
    for page in store.get_paginator("list_object_versions").paginate(Bucket=servers.BUCKET, Prefix=prefix):
        for version in page.get("Versions", ()):
            body = store.get_object(Bucket=servers.BUCKET, Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
            found.append((version["Key"], body))
    return found


def test_lists_are_purged_after_what_they_lead_to_has_arrived(town: Town) -> None:
    mirror = MemoryMirror("memory")
    send(town, mirror)
    withdraw(town)
    town.drop("給水/c.md", "# 給水所c\n\n水を配ります。\n")
    mirror.log.clear()
    assert send(town, mirror).state == "current" and pending(town) == []
    log = [one for one in mirror.log if one[0] != "head" and one[0] != "get"]
    assert log.index(("purge", "index.html")) > log.index(("put", "manifest.json")) > log.index(("put", "index.html"))
    assert max(i for i, (what, path) in enumerate(log) if what == "put" and "n/" in path) < log.index(("put", "index.html"))
    assert {path: body for path, (body, _) in mirror.files.items()} == town.files()


def test_versions_go_only_while_we_may_publish(store: servers.Server) -> None:
    mirror = S3Mirror("cloud", bucket_of(store, "asked"))
    for body in b"abcdef":
        mirror.put("n/4f2k7q.html", bytes([body]), headers("n/4f2k7q.html", PageKind.DOCUMENT, False))
    left = iter(range(4))
    guarded = Guarded(mirror, lambda: next(left, None) is not None, lambda name: unavailable(name, "cut"))
    with pytest.raises(MirrorUnavailable):
        guarded.purge("n/4f2k7q.", {"n/4f2k7q.html"})
    assert len(versions_of(servers.client(store.url, servers.ADMIN), "asked/")) == 4  # asked at first, before the look, before two deletions


def test_a_bucket_with_object_lock_holds_nothing_back(tmp_path: Path) -> None:
    if servers.program("moto_server") is None:
        pytest.skip("moto is not installed")
    (tmp_path / "store").mkdir()
    with servers.moto(tmp_path / "store") as server:
        admin = servers.client(server.url)
        admin.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
        lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}}
        admin.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=lock)
        town = make_town(tmp_path / "town", s3("cloud", server.url).replace(f"s3://{servers.BUCKET}/", "s3://locked/"))
        town.drop("給水/1.md", "# 給水所\n\n是羅さんが水を配ります。\n")
        publish(town)
        assert cli.main(["-C", str(town.root), "withdraw", "給水/1.md"]) == 4
        town.drop("避難/1.md", URGENT.format(title="避難指示"))
        (line,) = publish(town)
        assert (line.problem.code, line.confirmed) == ("takedown-versions", town.now) and "オブジェクトロック" in line.problem.todo
        listed = admin.list_objects_v2(Bucket="locked")["Contents"]
        assert {entry["Key"].removeprefix("cloud/") for entry in listed} == set(town.files())


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """A town with two pages that are to vanish."""
    town = make_town(tmp_path / "town", '\n[[mirrors]]\nname = "memory"\nurl = "memory"\n')
    for name in "ab":
        town.drop(f"給水/{name}.md", f"# 給水所{name}\n\n是羅さんが水を配ります。\n")
    return town


def send(town: Town, mirror: MemoryMirror, build: bool = True) -> MirrorLine:
    with desk(town.settings()) as opened:
        if build:
            town.build_at(opened)
        register(opened.ledger, opened.settings.mirrors)
        return to_mirror(opened.settings, opened.ledger, opened.folder, opened.settings.mirrors[0], town.now, opened=mirror)


def withdraw(town: Town) -> list[str]:
    """Both; the beginnings of their paths in the order of their take-downs."""
    from publisher.pipeline import decide

    with desk(town.settings()) as opened:
        for name in "ab":
            decide.withdraw(opened, f"給水/{name}.md", town.now, "主任")
        town.build_at(opened)
        return [row.prefix for row in opened.ledger.takedowns.pending("memory")]


def pending(town: Town) -> list[str]:
    with closing(Ledger(town.root / ".publisher" / "ledger.db")) as ledger:
        return [row.prefix for row in ledger.takedowns.pending("memory")]


def test_one_that_is_refused_does_not_hold_back_those_behind_it(town: Town) -> None:
    mirror = MemoryMirror("memory")
    send(town, mirror)
    first = withdraw(town)[0]
    mirror.fail_on = lambda operation, path: refused("memory", "forbidden", place="p", detail="403") if (operation, path) == ("purge", first) else None
    line = send(town, mirror)
    assert (line.state, line.problem.code) == ("behind", "takedown-versions") and pending(town) == [first]
    assert not any("是羅" in body.decode("utf-8", "replace") for body, _ in mirror.files.values())
    mirror.fail_on = lambda operation, path: None
    assert send(town, mirror).state == "current" and pending(town) == []


def test_one_on_which_the_line_always_breaks_is_not_always_the_first(town: Town) -> None:
    mirror = MemoryMirror("memory")
    send(town, mirror)
    before = mirror.files["index.html"]
    first = withdraw(town)[0]
    mirror.fail_on = lambda operation, path: unavailable("memory", "slow") if (operation, path) == ("purge", first) else None
    line = send(town, mirror)
    assert line.state == "behind" and len(pending(town)) > 1 and mirror.files["index.html"] != before  # the rest of the site went on
    assert send(town, mirror).state == "behind" and pending(town) == [first]


def test_where_what_stands_cannot_be_overwritten_the_words_say_that_it_may_be_seen(town: Town) -> None:
    mirror = MemoryMirror("memory")
    send(town, mirror)
    first = withdraw(town)[0]
    denied = refused("memory", "forbidden", place="p", detail="403")
    mirror.fail_on = lambda operation, path: denied if operation in ("put", "delete") and path.startswith(first) else None
    line = send(town, mirror)
    assert (line.state, line.problem.code) == ("behind", "takedown-refused") and "取り下げる前の内容" in line.problem.shown and first in pending(town)


def test_who_may_publish_no_more_stops_at_once(town: Town) -> None:
    mirror = MemoryMirror("memory")
    send(town, mirror)
    rows = withdraw(town)
    mirror.fail_on = lambda operation, path: unavailable("memory", "slow") if operation == "purge" else None
    asked = iter([True, True])
    with desk(town.settings()) as opened:
        line = to_mirror(
            opened.settings, opened.ledger, opened.folder, opened.settings.mirrors[0], town.now, opened=mirror, may=lambda: next(asked, False)
        )
    assert line.state == "behind" and pending(town) == rows


def test_a_mirror_that_is_sent_to_before_the_build_confirms_nothing(town: Town) -> None:
    """A mirror's own thread may come between the decision and the build, and so may a kill."""
    from publisher.pipeline import decide

    mirror = MemoryMirror("memory")
    send(town, mirror)
    with desk(town.settings()) as opened:
        decide.withdraw(opened, "給水/a.md", town.now, "主任")
    send(town, mirror, build=False)
    mirror.log.clear()
    assert send(town, mirror).state == "current" and pending(town) == []
    with closing(Ledger(town.root / ".publisher" / "ledger.db")) as ledger:
        (document,) = [row.id for row in ledger.documents.all() if row.path == "給水/a.md"]
        assert all(row.done for row in ledger.takedowns.of(document, town.now.replace(year=2000)))
    assert {("purge", f"{edition}n/{document}.") for edition in ("", "k/", "i/")} <= set(mirror.log)
    assert not any("給水所a" in body.decode("utf-8", "replace") for path, (body, _) in mirror.files.items() if path.startswith(("n/", "k/n/")))
