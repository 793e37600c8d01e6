"""The mirror contract on real object stores, and what they say when something is wrong."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from publisher.errors import MirrorError, MirrorRefused, MirrorUnavailable
from publisher.mirrors import Bucket, Mirror, S3Mirror, headers, open_mirror, plan, sync
from publisher.mirrors.s3_trouble import skew
from publisher.mirrors.wire import Wire
from publisher.model import PageKind, PageRecord
from publisher.settings import MirrorSettings
from tests.servers import (
    ADMIN,
    BUCKET,
    KEY,
    READER,
    SECRET,
    STORES,
    Server,
    client,
    free_ports,
    make_bucket,
    program,
)
from tests.test_mirror_contract import MirrorContract

PAGE = headers("n/4f2k7q.html", PageKind.DOCUMENT, False)


def store(kind: str) -> Callable[[pytest.TempPathFactory], Iterator[Server]]:
    """A session-wide server of a kind; its tests are skipped by name where the program is missing."""

    @pytest.fixture(scope="session")
    def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        needed, start = STORES[kind]
        if program(needed) is None:
            pytest.skip(f"{needed} is not installed")
        with start(tmp_path_factory.mktemp(kind)) as server:
            yield server

    return started


seaweedfs, rclone, moto = store("seaweedfs"), store("rclone"), store("moto")


def bucket_of(server: Server, prefix: str = "", **changes: object) -> Bucket:
    return replace(Bucket(BUCKET, prefix, server.url, key=KEY, secret=SECRET), **changes)


def objects(server: Server, prefix: str = "") -> dict[str, bytes]:
    """What a store holds, read with a client of its own."""
    store = client(server.url)
    pages = store.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    return {key: store.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


class S3Contract(MirrorContract):
    """What holds for all mirrors, and what an object store adds."""

    #: rclone keeps it only as long as it runs.
    keeps_metadata = True
    checks_bodies = True

    @pytest.fixture
    def mirror(self, server: Server, request: pytest.FixtureRequest) -> Mirror:
        name = hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]
        return S3Mirror("雲", bucket_of(server, f"tests/{name}"))

    @pytest.fixture
    def place(self, mirror: S3Mirror) -> str:
        return mirror.bucket.prefix + "/"

    def test_objects_stand_below_the_prefix_with_their_headers(self, server, mirror, place) -> None:
        mirror.put("i/n/a.html", "避難".encode("cp932"), headers("i/n/a.html", PageKind.DOCUMENT, True))
        answer = client(server.url).get_object(Bucket=BUCKET, Key=f"{place}i/n/a.html")
        assert answer["Body"].read() == "避難".encode("cp932")
        assert answer["ContentType"] == "text/html; charset=Shift_JIS"
        assert answer["CacheControl"] == "no-store"

    def test_nothing_outside_the_prefix_is_seen_or_touched(self, server, mirror, place) -> None:
        other = client(server.url)
        other.put_object(Bucket=BUCKET, Key=place.rstrip("/") + "-other/x.html", Body=b"theirs")
        mirror.put("x.html", b"ours", PAGE)
        mirror.delete("x.html")
        assert list(mirror.walk()) == []
        assert (
            other.get_object(Bucket=BUCKET, Key=place.rstrip("/") + "-other/x.html")["Body"].read()
            == b"theirs"
        )

    def test_the_digest_is_kept_beside_the_body(self, mirror) -> None:
        mirror.put("n/a.html", b"body", PAGE)
        digest = hashlib.sha256(b"body").hexdigest()
        wanted = {digest} if self.keeps_metadata else {digest, ""}
        assert mirror.get("n/a.html").claimed in wanted
        assert mirror.head("n/a.html").claimed in wanted

    def test_the_stores_own_digest_is_that_of_the_body(self, mirror) -> None:
        mirror.put("n/a.html", b"body", PAGE)
        assert mirror.head("n/a.html").md5 == hashlib.md5(b"body", usedforsecurity=False).hexdigest()

    def test_no_trailer_gets_into_the_file(self, server, mirror, place) -> None:
        """Newer SDKs stream with a checksum behind the body, which some stores keep as a part of it."""
        mirror.put("a.csv", b"1,2\r\n" * 3000, PAGE)
        assert (
            client(server.url).get_object(Bucket=BUCKET, Key=f"{place}a.csv")["Body"].read()
            == b"1,2\r\n" * 3000
        )

    def test_a_body_damaged_on_its_way_is_not_stored(self, server, mirror, place, monkeypatch) -> None:
        if not self.checks_bodies:
            pytest.skip("this store takes whatever arrives")
        ask = Wire.ask
        monkeypatch.setattr(Wire, "ask", lambda self, method, *rest: ask(self, method, *rest[:2], b"damaged on" if rest[2] else b""))
        with pytest.raises(MirrorUnavailable) as raised:
            mirror.put("n/a.html", b"the origin", PAGE)
        assert raised.value.problem.code == "mirror-damaged"
        assert objects(server, place) == {}

    def test_a_missing_bucket_is_named(self, server) -> None:
        mirror = S3Mirror("雲", bucket_of(server, bucket="nosuchbucket"))
        for attempt in (
            lambda: mirror.get("a.html"),
            lambda: mirror.head("a.html"),
            lambda: mirror.delete("a.html"),
            lambda: list(mirror.walk()),
        ):
            found = problem_of(attempt, MirrorRefused)
            assert found.code == "mirror-bucket" and "nosuchbucket" in found.what
        # A store may keep secret whether a bucket is there from those who may not write to it.
        assert problem_of(lambda: mirror.put("a.html", b"x", PAGE), MirrorRefused).code in (
            "mirror-bucket",
            "mirror-forbidden",
        )

    def test_a_site_is_published_edited_and_withdrawn(self, server, mirror, place, noon: datetime) -> None:
        first = {
            "m/1.jpg": b"\xff\xd8",
            "n/a.html": b"a",
            "n/b.html": b"b",
            "index.html": b"home",
            "alive.json": b"1",
        }
        second = {**first, "n/a.html": b"a corrected", "alive.json": b"2"}
        third = {path: body for path, body in second.items() if path != "n/b.html"} | {
            "index.html": b"only a"
        }
        receipts: dict[str, tuple[str, str]] = {}
        for files, sent in ((first, 5), (second, 2), (third, 1), (third, 0)):
            records = [
                PageRecord(p, hashlib.sha256(b).hexdigest(), len(b), KINDS[p], False, 1)
                for p, b in files.items()
            ]
            gone = [path for path in receipts if path not in files]
            made = plan("雲", records, gone, receipts, len(receipts))
            result = sync(
                mirror,
                made,
                files.__getitem__,
                lambda given: receipts.update({receipt.path: (receipt.sha256, receipt.headers) for receipt in given}),
                noon,
            )
            for path in result.deleted:
                del receipts[path]
            assert result.whole and len(result.uploaded) == sent
            assert objects(server, place) == {place + path: body for path, body in files.items()}


KINDS = {
    "m/1.jpg": PageKind.PICTURE,
    "n/a.html": PageKind.DOCUMENT,
    "n/b.html": PageKind.DOCUMENT,
    "index.html": PageKind.LIST,
    "alive.json": PageKind.ALIVE,
}


def problem_of(attempt: Callable[[], object], error: type[MirrorError]):
    with pytest.raises(error) as raised:
        attempt()
    found = raised.value.problem
    assert "雲" in found.where and found.what and found.shown and found.todo
    assert SECRET not in str(found)
    return found


class WithKeys:
    """Stores that look at the keys."""

    @pytest.mark.parametrize("wrong", [{"key": "nobody"}, {"secret": "wrong"}])
    def test_wrong_keys_are_refused_with_a_sentence(self, server: Server, wrong: dict[str, str]) -> None:
        mirror = S3Mirror("雲", bucket_of(server, **wrong))
        assert problem_of(lambda: mirror.put("a.html", b"x", PAGE), MirrorRefused).code == "mirror-keys-wrong"
        assert problem_of(lambda: mirror.get("a.html"), MirrorRefused).code == "mirror-keys-wrong"
        # The answer to HEAD has no body, so all it can say is 403.
        assert problem_of(lambda: mirror.head("a.html"), MirrorRefused).code == "mirror-forbidden"


class TestSeaweedFS(S3Contract, WithKeys):
    @pytest.fixture
    def server(self, seaweedfs: Server) -> Server:
        return seaweedfs

    def test_keys_that_may_only_read(self, server: Server) -> None:
        mirror = S3Mirror("雲", bucket_of(server, key=READER))
        assert mirror.get("none.html") is None
        assert problem_of(lambda: mirror.put("a.html", b"x", PAGE), MirrorRefused).code == "mirror-forbidden"


class TestRclone(S3Contract, WithKeys):
    keeps_metadata = False

    @pytest.fixture
    def server(self, rclone: Server) -> Server:
        return rclone

    def test_the_folder_behind_it_holds_the_bytes(self, server: Server, mirror: S3Mirror, place: str) -> None:
        mirror.put("n/a.html", b"bytes", PAGE)
        assert (server.folder / BUCKET / place / "n/a.html").read_bytes() == b"bytes"


class TestMoto(S3Contract):
    checks_bodies = False

    @pytest.fixture
    def server(self, moto: Server) -> Server:
        return moto


# --- whoever else may answer, or not ---


def scripted(status: int, body: bytes = b"", **given: str) -> type[BaseHTTPRequestHandler]:
    """A server that answers everything alike."""

    class Script(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | given).items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
            if given.get("Connection") == "close":
                self.close_connection = True

        do_GET = do_PUT = do_HEAD = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            """Silence."""

    return Script


@contextmanager
def answering(script: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), script)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def xml(code: str, extra: str = "") -> bytes:
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>m</Message>{extra}</Error>'.encode()


LOGIN = b"<!DOCTYPE html><html><head><title>Sign in<body><p>Guest Wi-Fi"


@pytest.mark.parametrize(
    ("script", "error", "code"),
    [
        (scripted(403, xml("RequestTimeTooSkewed"), Content_Type="application/xml"), MirrorRefused, "clock"),
        (scripted(400, xml("ExpiredToken"), Content_Type="application/xml"), MirrorRefused, "keys-expired"),
        (
            scripted(400, xml("AuthorizationHeaderMalformed", "<Region>ap-northeast-1</Region>")),
            MirrorRefused,
            "region",
        ),
        (scripted(403, xml("QuotaExceeded")), MirrorRefused, "full"),
        (scripted(507), MirrorRefused, "full"),
        (scripted(418, xml("Teapot")), MirrorRefused, "unknown"),
        (scripted(503, xml("SlowDown")), MirrorUnavailable, "busy"),
        (scripted(500), MirrorUnavailable, "busy"),
        (scripted(429), MirrorUnavailable, "busy"),
        (scripted(403, LOGIN, Content_Type="text/html"), MirrorUnavailable, "stranger"),
        (scripted(502, LOGIN, Content_Type="text/html; charset=utf-8"), MirrorUnavailable, "stranger"),
        (scripted(200, LOGIN, Content_Type="text/html"), MirrorUnavailable, "stranger"),
        (scripted(404, LOGIN, Content_Type="text/html"), MirrorUnavailable, "stranger"),
        (scripted(200), MirrorUnavailable, "stranger"),
        (scripted(407), MirrorUnavailable, "proxy-keys"),
    ],
)
def test_answers_that_are_no_success(script, error, code) -> None:
    with answering(script) as url:
        mirror = S3Mirror("雲", Bucket(BUCKET, "", url, key=KEY, secret=SECRET))
        for attempt in (lambda: mirror.put("a.html", b"x", PAGE), lambda: mirror.get("a.html")):
            assert problem_of(attempt, error).code == f"mirror-{code}"


def test_a_redirect_to_another_region_names_it() -> None:
    script = scripted(301, xml("PermanentRedirect"), **{"x_amz_bucket_region": "ap-northeast-3"})
    with answering(script) as url:
        mirror = S3Mirror("雲", Bucket(BUCKET, "", url, key=KEY, secret=SECRET))
        found = problem_of(lambda: mirror.put("a.html", b"x", PAGE), MirrorRefused)
    assert found.code == "mirror-region" and "ap-northeast-3" in found.what


def test_an_answer_that_breaks_off_is_not_a_file() -> None:
    script = scripted(200, b"<html><p>only ha", Content_Length="400", ETag='"0"', Connection="close")
    with answering(script) as url:
        mirror = S3Mirror("雲", Bucket(BUCKET, "", url, key=KEY, secret=SECRET))
        assert problem_of(lambda: mirror.get("a.html"), MirrorUnavailable).code == "mirror-cut"


def test_nobody_listens() -> None:
    (port,) = free_ports(1)
    mirror = S3Mirror("雲", Bucket(BUCKET, "", f"http://127.0.0.1:{port}", key=KEY, secret=SECRET))
    found = problem_of(lambda: mirror.put("a.html", b"x", PAGE), MirrorUnavailable)
    assert found.code == "mirror-refused-line" and "127.0.0.1" in found.what


def test_a_name_that_nobody_knows() -> None:
    mirror = S3Mirror("雲", Bucket(BUCKET, "", "http://nobody.invalid", key=KEY, secret=SECRET))
    found = problem_of(lambda: mirror.put("a.html", b"x", PAGE), MirrorUnavailable)
    assert found.code == "mirror-name" and "nobody.invalid" in found.what


def test_a_server_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        mirror = S3Mirror("雲", Bucket(BUCKET, "", url, key=KEY, secret=SECRET, read_timeout=0.3))
        begun = time.monotonic()
        assert problem_of(lambda: mirror.get("a.html"), MirrorUnavailable).code == "mirror-slow"
        assert time.monotonic() - begun < 10


def test_plain_http_where_https_is_spoken_to() -> None:
    with answering(scripted(200)) as url:
        mirror = S3Mirror("雲", Bucket(BUCKET, "", url.replace("http:", "https:"), key=KEY, secret=SECRET))
        assert problem_of(lambda: mirror.get("a.html"), MirrorUnavailable).code == "mirror-certificate"


def test_a_proxy_that_is_not_there() -> None:
    (port,) = free_ports(1)
    there = Bucket(
        BUCKET, "", "http://store.invalid", key=KEY, secret=SECRET, proxy=f"http://127.0.0.1:{port}"
    )
    assert problem_of(lambda: S3Mirror("雲", there).get("a.html"), MirrorUnavailable).code == "mirror-proxy"


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """A machine without any credentials."""
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_REGION",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


@pytest.mark.usefixtures("nobody")
def test_missing_keys_are_named() -> None:
    mirror = S3Mirror("雲", Bucket(BUCKET, "", "http://127.0.0.1:9"))
    found = problem_of(lambda: mirror.put("a.html", b"x", PAGE), MirrorRefused)
    assert found.code == "mirror-keys-missing" and "AWS_ACCESS_KEY_ID" in found.what


@pytest.mark.usefixtures("nobody")
def test_keys_of_the_environment_are_found(moto: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    mirror = S3Mirror("雲", Bucket(BUCKET, "from/environment", moto.url))
    mirror.put("a.html", b"x", PAGE)
    assert mirror.get("a.html").body == b"x"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"endpoint": "s3.example.jp"}, "settings"),
        ({"bucket": "no such bucket!", "endpoint": "http://127.0.0.1:9"}, "bucket"),
    ],
)
def test_settings_that_cannot_work(changes, code) -> None:
    mirror = S3Mirror("雲", replace(Bucket(BUCKET, key=KEY, secret=SECRET), **changes))
    assert problem_of(lambda: mirror.put("a.html", b"x", PAGE), MirrorRefused).code == f"mirror-{code}"


def test_how_far_the_clock_is_off() -> None:
    now = datetime(2011, 3, 12, 3, 0, tzinfo=UTC)
    date = "Sat, 12 Mar 2011 03:00:00 GMT"
    assert skew(date, now + timedelta(seconds=20)) == ""
    assert skew(date, now + timedelta(minutes=16)) == "約16分"
    assert skew(date, now - timedelta(hours=9)) == "約9時間"
    assert skew("", now) == skew("yesterday", now) == ""


# --- opening what the settings name ---


def named(url: str, **more: str) -> MirrorSettings:
    return MirrorSettings("雲", url, **more)


def test_open_mirror_connects_to_a_store_with_named_secrets(moto: Server) -> None:
    make_bucket(moto.url)
    wallet = {"TOWN_KEY": KEY, "TOWN_SECRET": SECRET}
    mirror = open_mirror(
        named(f"s3://{BUCKET}/opened/", endpoint=moto.url, key_env="TOWN_KEY", secret_env="TOWN_SECRET"),
        wallet.__getitem__,
    )
    mirror.put("a.html", b"x", PAGE)
    assert objects(moto, "opened/") == {"opened/a.html": b"x"}


@pytest.mark.parametrize("form", ["plain", "url"])
def test_open_mirror_opens_folders(tmp_path, form: str) -> None:
    folder = tmp_path / "www 災害"
    mirror = open_mirror(named(str(folder) if form == "plain" else folder.as_uri()), lambda name: "")
    mirror.put("a.html", b"x", PAGE)
    assert (folder / "a.html").read_bytes() == b"x"


def test_open_mirror_names_the_secret_that_is_missing() -> None:
    settings = named("s3://bucket", key_env="TOWN_KEY", secret_env="TOWN_SECRET")
    found = problem_of(
        lambda: open_mirror(settings, {"TOWN_KEY": "k", "TOWN_SECRET": ""}.__getitem__), MirrorRefused
    )
    assert (
        found.code == "mirror-keys-missing" and "TOWN_SECRET" in found.what and "TOWN_KEY" not in found.what
    )


@pytest.mark.parametrize("url", ["ftp://host/www", "s3:///prefix", "https://bucket.example.jp"])
def test_open_mirror_refuses_other_addresses(url: str) -> None:
    assert (
        problem_of(lambda: open_mirror(named(url), lambda name: ""), MirrorRefused).code == "mirror-settings"
    )


def versions_of(store, prefix: str) -> list[tuple[str, bool]]:
    """Everything that a bucket has below, whatever stands there now: (key, whether it is a mark of deletion)."""
    found: list[tuple[str, bool]] = []
    for page in store.get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix=prefix):
        found += [(v["Key"], False) for v in page.get("Versions", ())]
        found += [(m["Key"], True) for m in page.get("DeleteMarkers", ())]
    return sorted(found)


@pytest.mark.parametrize("kind", ["seaweedfs", "moto"])
def test_purge_takes_the_versions_of_a_bucket_that_keeps_them(kind: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(kind)
    admin = client(server.url, ADMIN if kind == "seaweedfs" else KEY)
    admin.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    try:
        mirror = S3Mirror("雲", bucket_of(server, f"versions-{kind}"))
        for body in (b"first", b"second", b"third"):
            for path in ("t/hinansha/index.html", "t/hinansha/a/gone.html", "t/other/index.html"):
                mirror.put(path, body, PAGE)
        mirror.delete("t/hinansha/a/gone.html")
        mirror.put("t/hinansha/a/gone.html", b"fourth", PAGE)
        mirror.delete("t/hinansha/a/gone.html")
        assert len(versions_of(admin, f"versions-{kind}/t/hinansha/")) == 9
        assert mirror.purge("t/hinansha/", {"t/hinansha/index.html"}) == 8
        assert versions_of(admin, f"versions-{kind}/t/hinansha/") == [(f"versions-{kind}/t/hinansha/index.html", False)]
        assert mirror.get("t/hinansha/index.html").body == b"third"
        assert len(versions_of(admin, f"versions-{kind}/t/other/")) == 3
        assert mirror.purge("t/hinansha/", {"t/hinansha/index.html"}) == 0
    finally:
        admin.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})
