"""What every mirror promises, asked of the mirrors that need no server."""

from __future__ import annotations

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from publisher.errors import MirrorError, MirrorRefused, MirrorUnavailable
from publisher.mirrors import Dry, FolderMirror, MemoryMirror, Mirror, Retrying, headers, unavailable
from publisher.mirrors.headers import Headers, content_type
from publisher.model import PageKind

PAGE = headers("n/4f2k7q.html", PageKind.DOCUMENT, False)


class MirrorContract:
    """One suite for all: inherit it and give a fixture ``mirror`` that is empty."""

    def test_is_a_mirror_with_a_name(self, mirror: Mirror) -> None:
        assert isinstance(mirror, Mirror)
        assert mirror.name

    @pytest.mark.parametrize(
        "body",
        [b"", b"<html>", "避難所を開設しました。".encode(), bytes(range(256)) * 300],
        ids=["empty", "small", "Japanese", "binary"],
    )
    def test_gives_back_what_was_put(self, mirror: Mirror, body: bytes) -> None:
        mirror.put("n/4f2k7q.html", body, PAGE)
        stored = mirror.get("n/4f2k7q.html")
        assert stored is not None
        assert stored.body == body
        assert not stored.damaged
        head = mirror.head("n/4f2k7q.html")
        assert head is not None
        assert head.size == len(body)

    @pytest.mark.parametrize(
        ("path", "kind", "personal"),
        [
            ("i/n/4f2k7q.html", PageKind.DOCUMENT, False),
            ("t/hinansha/1.html", PageKind.DOCUMENT, True),
            ("t/hinansha/hinansha.csv", PageKind.DATA, False),
            ("t/h/h.csv-metadata.json", PageKind.DATA, False),
            ("m/0123456789abcdef.jpg", PageKind.PICTURE, False),
            ("atom.xml", PageKind.FEED, False),
            ("manifest.json.minisig", PageKind.MANIFEST, False),
            ("alive.json", PageKind.ALIVE, False),
        ],
    )
    def test_keeps_the_headers_or_says_that_it_keeps_none(self, mirror, path, kind, personal) -> None:
        wanted = headers(path, kind, personal)
        mirror.put(path, b"x", wanted)
        assert mirror.get(path).headers in (wanted, None)
        assert mirror.head(path).headers in (wanted, None)

    def test_a_second_put_replaces_body_and_headers(self, mirror: Mirror) -> None:
        mirror.put("index.html", "死者3名".encode(), PAGE)
        other = headers("index.html", PageKind.LIST, True)
        mirror.put("index.html", "死者4名".encode(), other)
        stored = mirror.get("index.html")
        assert stored.body == "死者4名".encode()
        assert stored.headers in (other, None)
        assert not stored.damaged

    def test_put_may_be_repeated(self, mirror: Mirror) -> None:
        for _ in range(3):
            mirror.put("c/kyusui.html", b"same", PAGE)
        assert mirror.get("c/kyusui.html").body == b"same"
        assert list(mirror.walk()) == ["c/kyusui.html"]

    def test_what_is_not_there_is_none(self, mirror: Mirror) -> None:
        assert mirror.get("n/none.html") is None
        assert mirror.head("n/none.html") is None
        mirror.put("n/other.html", b"x", PAGE)
        assert mirror.get("n/none.html") is None
        assert mirror.get("n/other.html/below") is None
        assert mirror.get("n") is None

    def test_delete_takes_one_file_and_may_be_repeated(self, mirror: Mirror) -> None:
        mirror.delete("n/gone.html")
        mirror.put("n/gone.html", b"x", PAGE)
        mirror.put("n/gone.html2", b"stays", PAGE)
        mirror.delete("n/gone.html")
        mirror.delete("n/gone.html")
        assert mirror.get("n/gone.html") is None
        assert mirror.get("n/gone.html2").body == b"stays"

    def test_a_deleted_file_can_come_back(self, mirror: Mirror) -> None:
        mirror.put("a/b/c.html", b"first", PAGE)
        mirror.delete("a/b/c.html")
        mirror.put("a/b/c.html", b"again", PAGE)
        assert mirror.get("a/b/c.html").body == b"again"

    def test_walk_names_every_file(self, mirror: Mirror) -> None:
        assert list(mirror.walk()) == []
        paths = {"index.html", "n/a.html", "k/n/a.html", "t/hinansha/e/20110312T120000.csv", "m/0123.jpg"}
        for path in paths:
            mirror.put(path, path.encode(), PAGE)
        assert sorted(mirror.walk()) == sorted(paths)
        mirror.delete("m/0123.jpg")
        assert sorted(mirror.walk()) == sorted(paths - {"m/0123.jpg"})

    def test_purge_leaves_nothing_below_but_what_is_kept(self, mirror: Mirror) -> None:
        theirs = ("t/hinansha2/index.html", "t/hinan.html", "index.html", "n/abcdef.html", "k/t/hinansha/index.html")
        for path in ("t/hinansha/index.html", "t/hinansha/e/1.csv", "t/hinansha/a/b.html", *theirs):
            mirror.put(path, b"old", PAGE)
            mirror.put(path, b"new", PAGE)
        mirror.delete("t/hinansha/a/b.html")
        for _ in range(2):
            mirror.purge("t/hinansha/", {"t/hinansha/index.html"})
            assert sorted(mirror.walk()) == sorted(["t/hinansha/index.html", *theirs])
        assert mirror.get("t/hinansha/index.html").body == b"new"
        mirror.purge("n/abcdef.", ())
        assert mirror.get("n/abcdef.html") is None
        mirror.purge("t/nothing/", ())
        for path in ("c/kyusui.html", "c/kyusui-2.html", "c/kyusui/atom.xml", "n/index.html", "atom.xml"):
            mirror.put(path, b"new", PAGE)
        mirror.purge("c/kyusui", {"c/kyusui.html"})
        mirror.purge("index.html", {"index.html"})
        mirror.purge("atom.xml", ())
        assert sorted(mirror.walk()) == sorted(["t/hinansha/index.html", *theirs[:3], "k/t/hinansha/index.html", "c/kyusui.html", "n/index.html"])

    @pytest.mark.parametrize("prefix", ["", "/", "t", "t/", ".", "..", "t.", "k/", "../t/", "t/../", "/t/x"])
    def test_purge_refuses_what_could_be_the_whole_site(self, mirror: Mirror, prefix: str) -> None:
        mirror.put("t/x/index.html", b"stays", PAGE)
        with pytest.raises(MirrorRefused):
            mirror.purge(prefix, ())
        assert list(mirror.walk()) == ["t/x/index.html"]

    @pytest.mark.parametrize(
        "path",
        ["", "/etc/passwd", "../out.html", "n/../../out.html", "n//a.html", "n/", "./a.html", "n\\a.html",
         "n/避難所.html", "n/a\n.html", "n/a b.html", "x" * 1025],
    )  # fmt: skip
    def test_refuses_paths_that_are_not_the_sites(self, mirror: Mirror, path: str) -> None:
        for attempt in (
            lambda: mirror.put(path, b"x", PAGE),
            lambda: mirror.get(path),
            lambda: mirror.head(path),
            lambda: mirror.delete(path),
        ):
            with pytest.raises(MirrorRefused) as raised:
                attempt()
            assert mirror.name in raised.value.problem.where
        assert list(mirror.walk()) == []

    def test_many_threads_at_once(self, mirror: Mirror) -> None:
        paths = [f"n/{number:03}/p.html" for number in range(60)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda path: mirror.put(path, path.encode(), PAGE), paths))
            found = list(pool.map(mirror.get, paths))
        assert [stored.body.decode() for stored in found] == paths
        assert sorted(mirror.walk()) == paths

    def test_readers_never_see_half_a_file(self, mirror: Mirror) -> None:
        bodies = {bytes([65 + number]) * 60_000 for number in range(4)}
        mirror.put("index.html", min(bodies), PAGE)
        seen: set[bytes] = set()
        done = threading.Event()

        def look() -> None:
            while not done.is_set():
                try:
                    seen.add(mirror.get("index.html").body)
                except MirrorUnavailable:
                    # rclone answers 500 while a file is being replaced: an error, but no half file.
                    continue

        with ThreadPoolExecutor(1) as pool:
            reader = pool.submit(look)
            try:
                for _ in range(8):
                    for body in sorted(bodies):
                        mirror.put("index.html", body, PAGE)
            finally:
                done.set()
            reader.result()
        assert seen and seen <= bodies


class TestMemory(MirrorContract):
    @pytest.fixture
    def mirror(self) -> Mirror:
        return MemoryMirror()


class TestFolder(MirrorContract):
    @pytest.fixture
    def mirror(self, tmp_path: Path) -> Mirror:
        return FolderMirror("棚", tmp_path / "www")


class TestRetrying(MirrorContract):
    """Every call fails once, before or after it took effect."""

    @pytest.fixture
    def mirror(self) -> Mirror:
        seen: set[tuple[str, str, str]] = set()

        def once(when: str):
            def fault(operation: str, path: str):
                with lock:
                    if (when, operation, path) in seen:
                        return None
                    seen.add((when, operation, path))
                return unavailable("memory", "slow")

            return fault

        lock = threading.Lock()
        return Retrying(MemoryMirror("memory", once("before"), once("after")), 3, sleep=lambda seconds: None)


# --- the folder's own ---


def names_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_folder_leaves_no_temporary_file_and_no_empty_folder(tmp_path: Path) -> None:
    mirror = FolderMirror("棚", tmp_path / "www")
    mirror.put("t/hinansha/e/1.csv", b"1", PAGE)
    mirror.put("t/hinansha/hinansha.csv", b"2", PAGE)
    assert names_below(tmp_path / "www") == ["t", "t/hinansha", "t/hinansha/e", "t/hinansha/e/1.csv",
                                             "t/hinansha/hinansha.csv"]  # fmt: skip
    mirror.delete("t/hinansha/e/1.csv")
    assert names_below(tmp_path / "www") == ["t", "t/hinansha", "t/hinansha/hinansha.csv"]
    mirror.delete("t/hinansha/hinansha.csv")
    assert names_below(tmp_path / "www") == []
    assert (tmp_path / "www").is_dir()


def test_folder_files_can_be_read_by_a_web_server(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        FolderMirror("棚", tmp_path / "www").put("index.html", b"x", PAGE)
    finally:
        os.umask(before)
    assert (tmp_path / "www/index.html").stat().st_mode & 0o777 == 0o644


def test_folder_never_follows_a_link_out(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    (tmp_path / "www").mkdir()
    (tmp_path / "www/n").symlink_to(outside)
    mirror = FolderMirror("棚", tmp_path / "www")
    for attempt in (
        lambda: mirror.put("n/a.html", b"x", PAGE),
        lambda: mirror.put("n/deep/er/a.html", b"x", PAGE),
        lambda: mirror.get("n/secret.txt"),
        lambda: mirror.delete("n/secret.txt"),
    ):
        with pytest.raises(MirrorRefused) as raised:
            attempt()
        assert raised.value.problem.code == "mirror-outside"
    assert names_below(outside) == ["secret.txt"]


def test_folder_on_a_disk_that_is_not_there_is_worth_trying_again(tmp_path: Path) -> None:
    mirror = FolderMirror("棚", tmp_path / "usb" / "www")
    for attempt in (
        lambda: mirror.put("a.html", b"x", PAGE),
        lambda: mirror.get("a.html"),
        lambda: list(mirror.walk()),
    ):
        with pytest.raises(MirrorUnavailable) as raised:
            attempt()
        assert raised.value.problem.code == "mirror-folder-gone"
    assert not (tmp_path / "usb").exists()


@pytest.mark.parametrize(
    ("number", "error", "code"),
    [
        (errno.ENOSPC, MirrorRefused, "mirror-full"),
        (errno.EDQUOT, MirrorRefused, "mirror-full"),
        (errno.EROFS, MirrorRefused, "mirror-locked"),
        (errno.EACCES, MirrorRefused, "mirror-locked"),
        (errno.EIO, MirrorUnavailable, "mirror-folder-line"),
        (errno.ESTALE, MirrorUnavailable, "mirror-folder-line"),
    ],
)
def test_folder_that_fails_says_so_and_keeps_the_old_page(tmp_path, monkeypatch, number, error, code) -> None:
    mirror = FolderMirror("棚", tmp_path / "www")
    mirror.put("index.html", b"old", PAGE)

    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(error) as raised:
        mirror.put("index.html", b"new", PAGE)
    found = raised.value.problem
    assert found.code == code
    assert "棚" in found.where and found.what and found.shown and found.todo
    assert mirror.get("index.html").body == b"old"
    assert names_below(tmp_path / "www") == ["index.html"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_folder_on_a_really_full_device(tmp_path: Path) -> None:
    """The temporary file is a device that takes nothing: ENOSPC from the kernel itself."""
    mirror = FolderMirror("棚", tmp_path / "www")
    mirror.put("index.html", b"old", PAGE)
    part = tmp_path / "www/.index.html.part"
    try:
        os.mknod(part, 0o600 | 0o020000, os.makedev(1, 7))
        part.open("wb").close()
    except PermissionError:
        pytest.skip("only root may make devices, and not on every file system")
    with pytest.raises(MirrorRefused) as raised:
        mirror.put("index.html", b"new", PAGE)
    assert raised.value.problem.code == "mirror-full"
    assert mirror.get("index.html").body == b"old"


def test_folder_where_a_file_stands_in_the_way(tmp_path: Path) -> None:
    mirror = FolderMirror("棚", tmp_path / "www")
    mirror.put("n", b"x", PAGE)
    with pytest.raises(MirrorRefused) as raised:
        mirror.put("n/a.html", b"x", PAGE)
    assert raised.value.problem.code == "mirror-locked"


def test_a_torn_temporary_file_of_a_crash_is_not_the_sites_and_is_replaced(tmp_path: Path) -> None:
    mirror = FolderMirror("棚", tmp_path / "www")
    (tmp_path / "www").mkdir()
    (tmp_path / "www/.index.html.part").write_bytes(b"half")
    assert list(mirror.walk()) == []
    mirror.put("index.html", b"whole", PAGE)
    assert names_below(tmp_path / "www") == ["index.html"]


# --- layers ---


def test_retrying_gives_up_with_the_last_error_and_waits_longer_each_time() -> None:
    waits: list[float] = []
    inner = MemoryMirror("m", lambda operation, path: unavailable("m", "slow"))
    mirror = Retrying(inner, 5, 1.0, ceiling=3.0, sleep=waits.append, chance=lambda: 1.0)
    with pytest.raises(MirrorUnavailable):
        mirror.put("a.html", b"x", PAGE)
    assert waits == [1.0, 2.0, 3.0, 3.0]


def test_retrying_does_not_repeat_a_refusal() -> None:
    from publisher.mirrors import refused

    calls: list[str] = []

    def fault(operation: str, path: str) -> MirrorError:
        calls.append(operation)
        return refused("m", "keys-expired")

    with pytest.raises(MirrorRefused):
        Retrying(MemoryMirror("m", fault), 5, sleep=lambda seconds: None).get("a.html")
    assert calls == ["get"]


def test_dry_changes_nothing_and_tells_what_it_would_do() -> None:
    inner = MemoryMirror()
    inner.put("old.html", b"old", PAGE)
    mirror = Dry(inner)
    mirror.put("new.html", b"new", PAGE)
    mirror.delete("old.html")
    assert (mirror.puts, mirror.deletes) == (("new.html",), ("old.html",))
    assert mirror.get("old.html").body == b"old"
    assert mirror.get("new.html") is None
    assert inner.log.count(("put", "new.html")) == 0
    assert isinstance(mirror, Mirror)


# --- headers ---


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("k/n/a.html", "text/html; charset=utf-8"),
        ("i/index.html", "text/html; charset=Shift_JIS"),
        ("i/n/a-2.html", "text/html; charset=Shift_JIS"),
        ("n/i/a.html", "text/html; charset=utf-8"),
        ("t/h/h.csv", "text/csv; charset=utf-8"),
        ("t/h/h.csv-metadata.json", "application/csvm+json; charset=utf-8"),
        ("atom.xml", "application/atom+xml; charset=utf-8"),
        ("c/kyusui/atom.xml", "application/atom+xml; charset=utf-8"),
        ("rss.xml", "application/rss+xml; charset=utf-8"),
        ("feed.json", "application/feed+json; charset=utf-8"),
        ("cap.xml", "application/cap+xml; charset=utf-8"),
        ("sitemap.xml", "application/xml; charset=utf-8"),
        ("manifest/4f.json", "application/json; charset=utf-8"),
        ("manifest.json.minisig", "text/plain; charset=utf-8"),
        ("robots.txt", "text/plain; charset=utf-8"),
        ("m/0123.jpg", "image/jpeg"),
        ("strange", "application/octet-stream"),
    ],
)
def test_every_text_has_a_charset(path: str, kind: str) -> None:
    assert content_type(path) == kind


def test_how_long_copies_may_be_kept() -> None:
    def rule(path: str, kind: PageKind, personal: bool = False) -> str:
        return headers(path, kind, personal).cache_control

    lively = "max-age=30, stale-while-revalidate=600, stale-if-error=86400"
    assert rule("index.html", PageKind.LIST) == rule("atom.xml", PageKind.FEED) == lively
    assert rule("n/a.html", PageKind.DOCUMENT) == rule("t/h/h.csv", PageKind.DATA) == lively
    assert "immutable" in rule("m/0123.jpg", PageKind.PICTURE)
    assert "immutable" not in rule("favicon.png", PageKind.PICTURE)
    assert "max-age=5" in rule("alive.json", PageKind.ALIVE)
    assert "max-age=5" in rule("manifest.json", PageKind.MANIFEST)
    for kind in PageKind:
        assert rule("t/hinansha/1.html", kind, personal=True) == "no-store"


def test_digests_of_headers_are_stable_and_tell_every_difference() -> None:
    plain = Headers("text/html; charset=utf-8", "no-store")
    # Receipts of older versions hold it: a change would send every file of every mirror again.
    assert plain.digest == "01962c329c743069d4db5fd78be7246cd1973cd137173a2f7b6b3ae11e746d0a"
    assert len({plain.digest, Headers("text/html; charset=Shift_JIS", "no-store").digest,
                Headers("text/html; charset=utf-8", "max-age=5").digest}) == 3  # fmt: skip
