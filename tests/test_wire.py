"""The lines to a store and the signatures on them: against botocore's signer, through proxies, over lines that die."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.errors import MirrorRefused, MirrorUnavailable
from publisher.mirrors import Bucket, S3Mirror, headers
from publisher.mirrors.aws import aim
from publisher.mirrors.public import Unreachable, WebSite
from publisher.mirrors.sign import Keys, Signer, encoded
from publisher.mirrors.wire import Broken, MadeWay, Wire
from publisher.model import PageKind
from tests import servers

PAGE = headers("n/a.html", PageKind.DOCUMENT, False)
HERE = Bucket("site", "p", "", "ap-northeast-1", "key", "secret")

printable = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="\\"), min_size=1, max_size=40)


# --- signatures ---


@settings(max_examples=60, deadline=None)
@given(key=printable, token=st.sampled_from(["", "session/token+=="]), value=printable, method=st.sampled_from(["PUT", "GET"]))
def test_signatures_are_those_of_botocore(key: str, token: str, value: str, method: str) -> None:
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    path = "/site/" + encoded(key)
    sha256 = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    own = Signer("ap-northeast-1")
    moment = datetime.now(UTC)
    signed = own.sign(
        Keys("AKID", "sec/ret", token), method, path, "", {"host": "s3.example.jp", "x-amz-meta-a": value}, sha256, moment
    )
    request = AWSRequest(method, f"https://s3.example.jp{path}", headers={"x-amz-meta-a": value, "X-Amz-Content-SHA256": sha256})
    request.context["timestamp"] = signed["x-amz-date"]

    theirs = S3SigV4Auth(Credentials("AKID", "sec/ret", token or None), "s3", "ap-northeast-1")
    request.headers["X-Amz-Date"] = signed["x-amz-date"]
    if token:
        request.headers["X-Amz-Security-Token"] = token
    request.context["payload_signing_enabled"] = True
    canonical = theirs.canonical_request(request)
    assert theirs.signature(theirs.string_to_sign(request, canonical), request) == signed["authorization"].rpartition("=")[2]


def test_settings_that_leave_nothing_open_need_no_boto3() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from publisher.mirrors import Bucket; from publisher.mirrors.aws import aim;"
        "print(aim(Bucket('site', '', 'http://[::1]:9', 'r', 'k', 's')).path, 'boto3' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["/site/", "False"]


@pytest.mark.parametrize(
    ("bucket", "host", "path"),
    [
        (HERE, "site.s3.ap-northeast-1.amazonaws.com", "/"),
        (replace(HERE, bucket="site.example.jp"), "s3.ap-northeast-1.amazonaws.com", "/site.example.jp/"),
        (replace(HERE, endpoint="http://[::1]:8333"), "[::1]:8333", "/site/"),
        (replace(HERE, endpoint="https://store.example.jp/s3/"), "store.example.jp", "/s3/site/"),
    ],
    ids=["virtual host", "dots in the name", "IPv6", "below a path"],
)
def test_where_requests_go(bucket: Bucket, host: str, path: str) -> None:
    found = aim(bucket)
    assert (Wire(found.place, "", 1, 1).netloc, found.path, found.region) == (host, path, "ap-northeast-1")
    assert found.keys().key == "key"


# --- a store of our own that answers as told ---


class Store(BaseHTTPRequestHandler):
    """Keeps what was sent on ``server.seen``; ``server.answer(handler)`` gives status, headers, body."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, dict(self.headers), body, self.client_address))
        status, given, text = self.server.answer(self)
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(text)), "ETag": '"0"', **given}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)
        if given.get("X-Then") == "cut":
            self.close_connection = True

    do_GET = do_PUT = do_HEAD = do_DELETE = answer

    def do_CONNECT(self) -> None:
        self.server.seen.append(("CONNECT", self.path, dict(self.headers), b"", self.client_address))
        self.send_response_only(407)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silence."""


@contextmanager
def store(
    answer=lambda handler: (200, {}, b""), family=socket.AF_INET, host="127.0.0.1", context: ssl.SSLContext | None = None
) -> Iterator[ThreadingHTTPServer]:
    kind = type("Server", (ThreadingHTTPServer,), {"address_family": family, "daemon_threads": True})
    server = kind((host, 0), Store)
    server.seen, server.answer = [], answer
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.url = f"http://{f'[{host}]' if ':' in host else host}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def mirror_at(url: str, **changes: object) -> S3Mirror:
    return S3Mirror("雲", replace(HERE, endpoint=url, read_timeout=5, **changes))


def test_one_line_serves_many_requests() -> None:
    with store() as server:
        mirror = mirror_at(server.url)
        for number in range(5):
            mirror.put(f"n/{number}.html", b"x", PAGE)
        mirror.close()
    assert len({address for *_, address in server.seen}) == 1


def test_a_line_that_died_while_idle_is_replaced_without_a_word() -> None:
    with store(lambda handler: (200, {"X-Then": "cut"}, b"")) as server:
        mirror = mirror_at(server.url)
        for number in range(4):
            mirror.put(f"n/{number}.html", b"x", PAGE)
        mirror.close()
    assert [path for _, path, *_ in server.seen] == [f"/site/p/n/{number}.html" for number in range(4)]


def test_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        with store(family=socket.AF_INET6, host="::1") as server:
            mirror = mirror_at(server.url)
            mirror.put("a.html", b"x", PAGE)
            mirror.close()
    except OSError:
        pytest.skip("loopback has no IPv6 address here")
    assert server.seen[0][2]["host"] == f"[::1]:{server.server_port}"


def test_a_store_that_names_its_region_is_asked_again_in_it() -> None:
    def answer(handler):
        if "/ap-northeast-3/s3/" in handler.headers["authorization"]:
            return 200, {}, b""
        return 400, {}, b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>ap-northeast-3</Region></Error>"

    with store(answer) as server:
        mirror = mirror_at(server.url)
        mirror.put("a.html", b"x", PAGE)
        mirror.put("b.html", b"x", PAGE)
        mirror.close()
    assert len(server.seen) == 3


def test_a_clock_that_is_off_is_corrected_by_the_stores() -> None:
    ahead = datetime.now(UTC) + timedelta(hours=9)

    def answer(handler):
        told = datetime.strptime(handler.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(told - ahead) < timedelta(minutes=15):
            return 200, {}, b""
        return 403, {"Date": format_datetime(ahead, usegmt=True)}, b"<Error><Code>RequestTimeTooSkewed</Code></Error>"

    with store(answer) as server:
        mirror = mirror_at(server.url)
        mirror.put("a.html", b"x", PAGE)
        mirror.put("b.html", b"x", PAGE)
        mirror.close()
    assert len(server.seen) == 3


def test_every_upload_says_what_it_is() -> None:
    with store() as server:
        mirror = mirror_at(server.url, token="session")
        mirror.put("i/a.html", b"x", headers("i/a.html", PageKind.DOCUMENT, True))
        mirror.close()
    sent = server.seen[0][2]
    assert sent["content-type"] == "text/html; charset=Shift_JIS"
    assert sent["cache-control"] == "no-store"
    assert sent["content-md5"] == "ndTkYSaMgDT1yFZOFVxnpg=="
    assert sent["x-amz-security-token"] == "session"
    assert sent["x-amz-content-sha256"] == sent["x-amz-meta-sha256"] == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"


# --- proxies ---


def test_through_the_proxy_of_the_settings() -> None:
    with store() as proxy:
        mirror = mirror_at("http://store.invalid", proxy=proxy.url)
        mirror.put("a.html", b"x", PAGE)
        mirror.close()
    assert [path for _, path, *_ in proxy.seen] == ["http://store.invalid/site/p/a.html"]


def test_through_the_proxy_of_the_environment_but_for_those_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with store() as proxy, store() as near:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("http://", "http://clerk:word@"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        far, beside = mirror_at("http://store.invalid"), mirror_at(near.url)
        far.put("a.html", b"x", PAGE)
        beside.put("a.html", b"x", PAGE)
        far.close()
        beside.close()
    assert len(proxy.seen) == len(near.seen) == 1
    assert proxy.seen[0][2]["Proxy-Authorization"] == "Basic Y2xlcms6d29yZA=="


def test_a_proxy_that_wants_a_password_is_named() -> None:
    with store() as proxy, pytest.raises(MirrorUnavailable) as raised:
        mirror_at("https://store.invalid", proxy=proxy.url).put("a.html", b"x", PAGE)
    assert raised.value.problem.code == "mirror-proxy-keys" and "HTTPS_PROXY" in raised.value.problem.todo
    assert proxy.seen[0][:2] == ("CONNECT", "store.invalid:443")


def test_a_proxy_that_lets_nobody_through_is_told_from_one_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as fence:
        def refuse() -> None:
            line, _ = fence.accept()
            line.recv(4096)
            line.sendall(b"HTTP/1.1 403 Filtered\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>")
            line.close()

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{fence.getsockname()[1]}"
        with pytest.raises(MirrorUnavailable) as raised:
            mirror_at("https://store.invalid", proxy=url).put("a.html", b"x", PAGE)
        thread.join(5)
    assert raised.value.problem.code == "mirror-proxy-refused"
    assert "store.invalid" in raised.value.problem.what and "403" in raised.value.problem.what
    with pytest.raises(MirrorUnavailable) as raised:
        mirror_at("https://store.invalid", proxy=url).put("a.html", b"x", PAGE)
    assert raised.value.problem.code == "mirror-proxy"


# --- what goes wrong ---


def test_a_line_that_ends_before_the_answer_is_cut() -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:
        def hang_up() -> None:
            for _ in range(2):
                line, _ = rude.accept()
                line.recv(10)
                line.close()

        thread = threading.Thread(target=hang_up, daemon=True)
        thread.start()
        for _ in range(2):
            with pytest.raises(MirrorUnavailable) as raised:
                mirror_at(f"http://127.0.0.1:{rude.getsockname()[1]}").put("a.html", b"x" * 200_000, PAGE)
            assert raised.value.problem.code == "mirror-cut"
        thread.join(5)


def test_something_that_speaks_no_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as odd:
        def greet() -> None:
            line, _ = odd.accept()
            line.recv(4096)
            line.sendall(b"220 mail.example.jp ESMTP\r\n")
            line.close()

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        with pytest.raises(MirrorUnavailable) as raised:
            mirror_at(f"http://127.0.0.1:{odd.getsockname()[1]}").put("a.html", b"x", PAGE)
        thread.join(5)
    assert raised.value.problem.code == "mirror-stranger"


@contextmanager
def dripping() -> Iterator[str]:
    """A server whose answer never ends: a byte at a time, each well within the time-out."""
    with socket.create_server(("127.0.0.1", 0)) as slow:
        ended = threading.Event()

        def drip() -> None:
            line, _ = slow.accept()
            with line:
                line.recv(4096)
                line.sendall(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 1000000\r\n\r\n')
                while not ended.wait(0.05):
                    try:
                        line.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{slow.getsockname()[1]}"
        ended.set()
        thread.join(5)


def test_an_answer_in_drops_is_given_up() -> None:
    with dripping() as url, pytest.raises(Broken) as raised:
        Wire(urlsplit(url), "", 1.0, 0.4).ask("GET", "/a", {"host": "x"})
    assert isinstance(raised.value.cause, TimeoutError)
    with dripping() as url, WebSite(url, read=0.4) as site, pytest.raises(Unreachable, match="遅すぎます"):
        site.fetch("a.html")


def test_an_endpoint_that_is_no_address() -> None:
    with pytest.raises(MirrorRefused) as raised:
        mirror_at("s3.example.jp").put("a.html", b"x", PAGE)
    assert raised.value.problem.code == "mirror-settings"


def test_an_address_of_a_store_is_split_once() -> None:
    assert Wire(urlsplit("https://store.example.jp:443"), "", 1, 1).netloc == "store.example.jp"


# --- slow lines ---

LARGE = bytes(range(256)) * 4096  # 1 MiB


def test_a_large_file_arrives_over_a_line_on_which_it_takes_longer_than_the_time_out() -> None:
    with store() as server, servers.slow_line(server.url, 500_000) as url:
        mirror = S3Mirror("雲", replace(HERE, endpoint=url, read_timeout=0.4))
        begun = time.monotonic()
        mirror.put("m/a.jpg", LARGE, PAGE)
        took = time.monotonic() - begun
        mirror.close()
    assert took > 1 and server.seen[0][3] == LARGE


def test_a_part_of_the_backup_arrives_over_such_a_line_too() -> None:
    from publisher.mirrors.objects import open_objects

    with store() as server, servers.slow_line(server.url, 500_000) as url:
        open_objects("backup", "s3://site/b", url, "us-east-1", "key", "secret", timeouts=(0.4, 0.4)).put("a/1", LARGE)
    assert server.seen[0][3] == LARGE


def test_small_files_are_waited_for_no_longer_than_the_time_out() -> None:
    with store() as server, servers.slow_line(server.url, 10_000) as url, pytest.raises(MirrorUnavailable) as raised:
        S3Mirror("雲", replace(HERE, endpoint=url, read_timeout=0.3)).put("n/a.html", LARGE[:30_000], PAGE)
    assert raised.value.problem.code == "mirror-slow"


@pytest.mark.parametrize(("size", "proxied"), [(1, False), (16, False), (1, True)], ids=["lies in buffers", "fills them", "through a proxy"])
def test_who_takes_a_large_file_and_never_answers_is_given_up(size: int, proxied: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.mirrors.wire.SLOWEST", 2_000_000)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(MirrorUnavailable) as raised:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        there = replace(HERE, endpoint="http://store.invalid", proxy=url) if proxied else replace(HERE, endpoint=url)
        begun = time.monotonic()
        S3Mirror("雲", replace(there, read_timeout=0.3)).put("m/a.jpg", LARGE * size, PAGE)
    assert raised.value.problem.code == "mirror-slow" and time.monotonic() - begun < 5


def test_a_large_file_waits_for_a_proxy_that_swallows_it_at_once_and_passes_it_on_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in the buffers of a proxy nobody can see from here."""
    monkeypatch.setattr("publisher.mirrors.wire.SLOWEST", 500_000)

    def answer(handler):
        time.sleep(1.5)
        return 200, {}, b""

    with store(answer) as proxy:
        mirror = S3Mirror("雲", replace(HERE, endpoint="http://store.invalid", proxy=proxy.url, read_timeout=0.3))
        mirror.put("m/a.jpg", LARGE, PAGE)
        with pytest.raises(MirrorUnavailable):
            mirror.put("n/a.html", b"x", PAGE)
        mirror.close()


def test_a_large_file_over_tls_on_a_slow_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = certified(tmp_path)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with store(context=context) as server, servers.slow_line(server.url, 500_000) as url:
        mirror = S3Mirror("雲", replace(HERE, endpoint=url.replace("http:", "https:"), read_timeout=0.4))
        mirror.put("m/a.jpg", LARGE, PAGE)
        mirror.put("n/a.html", b"x", PAGE)
        mirror.close()
    assert [body for *_, body, _ in server.seen] == [LARGE, b"x"]


def certified(folder: Path) -> tuple[Path, Path]:
    """A certificate for loopback, signed by itself, and its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return certificate, secret


@pytest.mark.parametrize("asked", [3, 200], ids=["while it is sent", "while the answer is awaited"])
def test_a_large_file_makes_way(asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a body is nothing to a store. (The last questions are those of the waiting.)"""
    monkeypatch.setattr("publisher.mirrors.wire._GLANCE", 0.005)  # 64 pieces are sent, all the other questions are asked while waiting
    times = iter(range(1, 10_000))
    with store() as server, servers.slow_line(server.url, 500_000) as url:
        mirror = S3Mirror("雲", replace(HERE, endpoint=url, read_timeout=5), still=lambda: next(times) < asked)
        with pytest.raises(MadeWay):
            mirror.put("m/a.jpg", LARGE, PAGE)
        mirror.close()
    assert all(body != LARGE for _, _, _, body, _ in server.seen)
