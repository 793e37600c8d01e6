"""A proxy of our own between the publisher and a store, that fails as lines and stores fail, by a schedule that a seed gives.

What it can do to a request: refuse the line, hang, reset it in mid-body, answer 500, 503 SlowDown, 403, store wrong bytes, say 200
without storing, be late, or lose it. ``bench.faults`` runs it for hours, ``test_faults`` for a minute.
"""

from __future__ import annotations

import hashlib
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests import servers
from tests.town import links

KINDS = ("refuse", "hang", "reset", "500", "SlowDown", "403", "wrong", "lie", "late", "loss")
#: The part of the requests that a fault strikes, while it lasts.
PARTS = {"loss": 0.1, "wrong": 0.2, "lie": 0.2, "500": 0.5, "SlowDown": 0.5, "reset": 0.5, "late": 0.3}
#: Runs in fine weather at the end, until all mirrors say that they hold everything.
FINE_TRIES = 20
_STORED, _DELETED = "PUT → 200", "DELETE → 204"
_SKIPPED = {"host", "connection", "transfer-encoding", "content-length", "keep-alive", "expect"}


@dataclass
class Weather:
    """What happens at a proxy now: ``kind`` "" or one of ``KINDS``; ``late`` and ``hang`` in seconds."""

    seed: int
    late: float = 2.0
    hang: float = 30.0
    kind: str = ""
    struck: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._chance, self._lock = random.Random(self.seed), threading.Lock()

    def strikes(self) -> str:
        with self._lock:
            kind = self.kind
            if not kind or self._chance.random() >= PARTS.get(kind, 1.0):
                return ""
            self.struck[kind] += 1
            return kind


class _Between(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def answer(self) -> None:
        under_way = object()
        self.server.under_way.add(under_way)
        try:
            self._answer()
        finally:
            self.server.under_way.discard(under_way)

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        fault = "403" if self.server.forbidden(self.command, self.path) else self.server.weather.strikes()
        self.server.told.append((time.time(), f"{self.command} {fault}".strip(), self.path))
        if fault == "refuse":
            return self._cut()
        if fault == "reset":
            self.rfile.read(length // 2)
            return self._cut()
        body = self.rfile.read(length)
        if len(body) < length:  # the publisher gave up: no store keeps half a body, and ``rclone serve s3`` would not know it for one
            return self._cut()
        if fault in ("hang", "loss"):
            self.server.over.wait(self.server.weather.hang)
            return self._cut()
        if fault == "late":
            self.server.over.wait(self.server.weather.late)
        if fault in ("500", "SlowDown", "403"):
            code = {"500": "InternalError", "403": "AccessDenied"}.get(fault, fault)
            status = int(fault) if fault.isdigit() else 503
            return self._say(status, {"Content-Type": "application/xml"}, f"<Error><Code>{code}</Code></Error>".encode())
        if fault == "lie" and self.command in ("PUT", "DELETE"):
            return self._say(200, {"ETag": f'"{hashlib.md5(body).hexdigest()}"'}, b"")
        if fault == "wrong" and self.command == "PUT" and body:
            return self._pass(body, spoil=True)
        return self._pass(body)

    do_GET = do_PUT = do_HEAD = do_DELETE = answer

    def _pass(self, body: bytes, spoil: bool = False) -> None:
        """Hand the request on as it came. Spoilt ones are stored behind the store's back, which checks what it is sent."""
        place = urlsplit(self.server.store)
        line = HTTPConnection(place.hostname, place.port, timeout=20)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _SKIPPED}
            line.request(self.command, self.path, body or None, {**headers, "Host": self.headers["Host"]})
            response = line.getresponse()
            answer = response.read()
        except (OSError, HTTPException) as error:
            self.server.told.append((time.time(), f"{self.command} → {error!r}", self.path))
            return self._cut()
        finally:
            line.close()
        self.server.told.append((time.time(), f"{self.command} → {response.status}", self.path))
        if self.command == "PUT" and response.status == 200:
            self.server.stored.append((urlsplit(self.path).path, hashlib.sha256(body).hexdigest()))
        if spoil and response.status == 200 and self.server.behind is not None:
            self.server.behind(urlsplit(self.path).path, bytes([body[0] ^ 1]) + body[1:])
        given = {name: value for name, value in response.getheaders() if name.lower() not in _SKIPPED}
        size = response.headers.get("Content-Length") if self.command == "HEAD" else None
        return self._say(response.status, given, answer, size)

    def _say(self, status: int, headers: dict[str, str], body: bytes, size: str | None = None) -> None:
        try:
            self.send_response_only(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", size or str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def _cut(self) -> None:
        """Reset the line, without a word."""
        self.close_connection = True
        try:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Silence."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A line that the other side cut is what this is for."""


@dataclass
class FaultyStore:
    url: str
    weather: Weather
    server: _Server

    @property
    def stored(self) -> list[tuple[str, str]]:
        """(path of the request, SHA-256 of the body) of every upload that the store itself has answered with 200, in that order."""
        return self.server.stored

    def forbid(self, which: Callable[[str, str], bool]) -> None:
        """From now on answer 403 AccessDenied to those requests (method, path with its query), as to a key without that right."""
        self.server.forbidden = which

    def history(self, path: str) -> list[str]:
        """What was asked about a file and what the store itself answered, with the moments."""
        return [f"{moment:.2f} {what}" for moment, what, where in list(self.server.told) if where.endswith(f"/site/{path}")]

    def holds(self, path: str) -> bool:
        """Whether the store's last word about a file of the site is that it stored it."""
        return next((what for _, what, where in reversed(self.server.told) if where.endswith(f"/site/{path}") and what in (_STORED, _DELETED)), "") == _STORED

    @property
    def idle(self) -> bool:
        """No request is under way: what a killed process had asked for has been done or not."""
        return not self.server.under_way


@contextmanager
def between(store: str, seed: int, behind: Callable[[str, bytes], None] | None = None, **weather: float) -> Iterator[FaultyStore]:
    """A proxy in front of ``store``. ``behind(path, bytes)`` overwrites an object without the store's knowing."""
    server = _Server(("127.0.0.1", 0), _Between)
    server.store, server.weather, server.behind = store, Weather(seed, **weather), behind
    server.over, server.stored, server.under_way, server.told = threading.Event(), [], set(), []
    server.forbidden = lambda method, path: False
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield FaultyStore(f"http://127.0.0.1:{server.server_port}", server.weather, server)
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def in_folder(folder: Path) -> Callable[[str, bytes], None]:
    """Overwrites the objects of ``rclone serve s3``, which are files below a folder."""

    def write(path: str, body: bytes) -> None:
        (folder / path.lstrip("/")).write_bytes(body)

    return write


@dataclass
class Crawler:
    """Reads a mirror from its folder again and again, from the home pages on, as a reader would, and notes what is broken.

    A link that leads nowhere counts when the page that has it still says so a moment later, and the target is still missing: between
    two reads of ours a file may have been replaced. A file that stood there before, because we saw it or because the store says that it has
    ``stored`` it, gets a longer moment: ``rclone serve s3`` takes the old one away before it puts the new one in its place (also when both are the
    same, sent twice because the first answer was late), and a busy machine may stop it in between. ``pause``: seconds between two rounds.
    """

    root: Path
    pause: float = 0.05
    stored: Callable[[str], bool] = lambda path: False
    broken: list[tuple[str, str, str]] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    rounds: int = 0
    pages: int = 0
    _stood: set[str] = field(default_factory=set)
    _end: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="crawler")
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._end.is_set():
            self.crawl()
            self._end.wait(self.pause)

    def crawl(self) -> None:
        seen: set[str] = set()
        todo = ["index.html", "k/index.html", "i/index.html"]
        if not (self.root / "index.html").exists():
            return
        while todo and not self._end.is_set():
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            body = self._read(path)
            if body is None:
                continue
            self._stood.add(path)
            self.pages += 1
            for target in links(path, body):
                if target not in seen and not self._stands(target):
                    self._missing(path, target)
                elif target.endswith(".html"):
                    todo.append(target)
        self.rounds += 1

    def _read(self, path: str) -> bytes | None:
        try:
            body = (self.root / path).read_bytes()
        except OSError:
            return None
        if not body.rstrip().endswith(b"</html>"):
            time.sleep(0.05)
            try:
                again = (self.root / path).read_bytes()
            except OSError:
                return None
            if again == body:
                self.half.append(path)
            return again if again.rstrip().endswith(b"</html>") else None
        return body

    def _stands(self, target: str) -> bool:
        if (self.root / target).exists():
            self._stood.add(target)
            return True
        return False

    def _missing(self, path: str, target: str) -> None:
        for _ in range(20 if target in self._stood or self.stored(target) else 1):
            time.sleep(0.05)
            body = self._read(path)
            if body is None or target not in links(path, body) or self._stands(target):
                return
        self.broken.append((path, target, f"{time.time():.2f}"))


@contextmanager
def three_stores(folder: Path, seed: int, **weather: float) -> Iterator[tuple[list[servers.Server], list[FaultyStore]]]:
    """Three real stores, each behind a proxy of its own."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        stores, proxies = [], []
        for number in range(3):
            place = folder / f"store{number}"
            place.mkdir(parents=True)
            store = stack.enter_context(servers.rclone(place))
            stores.append(store)
            proxies.append(stack.enter_context(between(store.url, seed * 10 + number, in_folder(store.folder), **weather)))
        yield stores, proxies


@dataclass
class Rehearsal:
    """What came of a rehearsal: publishes done, faults that struck, what the crawlers met, which mirrors differ at the end."""

    publishes: int = 0
    struck: Counter[str] = field(default_factory=Counter)
    broken: list[tuple[str, str, str]] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    differ: list[str] = field(default_factory=list)
    #: What the stores were asked about the files of broken links, and what they answered.
    histories: list[str] = field(default_factory=list)
    pages: int = 0
    seconds: float = 0.0
    #: How each mirror stood at the end: one that is behind tells why it differs.
    last: list[str] = field(default_factory=list)

    @property
    def fine(self) -> bool:
        return not self.broken and not self.half and not self.differ


def rehearse(folder: Path, seed: int, publishes: int, mirror_lines: str = "", pause: float = 0.05, **weather: float) -> Rehearsal:
    """Publish again and again to three mirrors in changing weather, while crawlers read; at the end the weather is fine.

    ``mirror_lines`` are further lines for each mirror's settings, ``pause`` is that of the crawlers. TOWN_KEY and TOWN_SECRET have to be in the environment.
    """
    from tests.town import make_town

    chance, done, begun = random.Random(seed), Rehearsal(publishes), time.monotonic()
    with three_stores(folder, seed, **weather) as (stores, proxies):
        town = make_town(folder / "town", "".join(_mirror(number, proxy.url, mirror_lines) for number, proxy in enumerate(proxies)))
        town.notices(12)
        publish(town)
        crawlers = [Crawler(store.folder / servers.BUCKET / "site", pause, proxy.holds) for store, proxy in zip(stores, proxies, strict=True)]
        for crawler in crawlers:
            crawler.start()
        try:
            for number in range(publishes):
                for proxy in proxies:
                    proxy.weather.kind = chance.choice(("", *KINDS))
                _change(town, chance, number)
                publish(town)
            for proxy in proxies:
                proxy.weather.kind = ""
            _change(town, chance, publishes)
            for _ in range(FINE_TRIES):  # the machine itself may be slow
                lines = publish(town)
                done.last = [f"{line.name}: {line.state} {line.problem.code if line.problem else ''}".strip() for line in lines]
                if all(line.state == "current" for line in lines):
                    break
        finally:
            for crawler in crawlers:
                crawler.stop()
        site = town.files()
        for store, proxy, crawler in zip(stores, proxies, crawlers, strict=True):
            crawler._end.clear()
            crawler.crawl()
            done.struck += proxy.weather.struck
            done.broken += crawler.broken
            done.histories += [f"{target}: {line}" for target in sorted({target for _, target, _ in crawler.broken})[:3] for line in proxy.history(target)]
            done.half += crawler.half
            done.pages += crawler.pages
            root = store.folder / servers.BUCKET / "site"
            held = {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}
            done.differ += [path for path in held.keys() | site.keys() if held.get(path) != site.get(path)]
    done.seconds = time.monotonic() - begun
    return done


def publish(town):
    from publisher.pipeline.build import desk
    from publisher.pipeline.publish import to_mirrors

    with desk(town.settings()) as opened:
        town.build_at(opened)
        return to_mirrors(opened, town.now)


def _mirror(number: int, url: str, more: str) -> str:
    return (
        f'\n[[mirrors]]\nname = "m{number}"\nurl = "s3://{servers.BUCKET}/site"\nendpoint = "{url}"\nregion = "us-east-1"\n'
        f'key_env = "TOWN_KEY"\nsecret_env = "TOWN_SECRET"\n{more}'
    )


def _change(town, chance: random.Random, number: int) -> None:
    """A new notice, an edit, an urgent one, a notice taken away: what a day brings."""
    what = chance.random()
    name = f"{chance.choice(('給水', '道路', '避難'))}/{chance.randrange(20):04d}.md"
    if what < 0.2 and (town.content / name).exists():
        (town.content / name).unlink()
    elif what < 0.4:
        town.drop(f"避難/緊急{number}.md", f"---\n件名: 避難指示 第{number}号\n重要度: 緊急\n---\n\n避難してください。\n")
    else:
        town.drop(name, f"# お知らせ {number}\n\n{number}回目の変更です。\n\n" + "くわしい内容です。\n\n" * chance.randrange(60))
