"""A small server for looking at the site on this machine; in front of the public stands a real one."""

from __future__ import annotations

import errno
import os
import socket
import socketserver
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from urllib.parse import quote, unquote, urlsplit

from publisher.console.answer import Answer, not_found, read
from publisher.errors import UsageError
from publisher.model import Problem
from publisher.values import frozen

TRIES = 20
"""Ports that are tried, counting up from the one that was asked for."""

POLL = 0.5
"""Seconds until a preview notices that it is to end."""

STAFF = "_staff"
"""Where the staff's page is shown; no file of a site begins with an underscore."""

_SHOWN = "公開には影響ありません。"
# On Windows a port that others keep for themselves is refused in this way, too (Winsock, WSAEACCES).
_TAKEN = {errno.EADDRINUSE} | ({errno.EACCES} if os.name == "nt" else set())


class Preview:
    """A running preview. ``url`` is where it answers, with a slash at its end; ``close`` ends it."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        host, port = server.server_address[:2]
        self.url = f"http://[{host}]:{port}/" if ":" in str(host) else f"http://{host}:{port}/"
        self._thread = Thread(target=server.serve_forever, args=(POLL,), name="preview", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(
    folder: Path,
    port: int,
    host: str = "127.0.0.1",
    staff: Callable[[], bytes] | None = None,
    notify: Callable[[str], None] = lambda words: None,
) -> Preview:
    """Serve a folder on loopback (unless ``host`` says otherwise); the next free port when this one is taken.

    ``staff`` gives the staff's page as it is now, shown at ``/_staff`` to this machine alone. ``notify`` is
    told, in words for a person, when another port was taken. Port 0: any. Raises ``UsageError`` when there
    is none to be had.
    """
    if not 0 <= port <= 65535:
        raise _refused(f"{port}番という番号は使えません。", "0 から 65535 までの番号を指定してください。")
    last = min(port + TRIES - 1, 65535) if port else 0
    for number in range(port, last + 1):
        try:
            server = _Server((host, number), _handler(_Sources(folder, staff)))
        except OSError as error:
            if error.errno in _TAKEN:
                continue
            raise _cannot(host, number, error) from error
        if number != port:
            notify(f"{port}番は使われているので、{number}番で開きました。")
        return Preview(server)
    raise _refused(
        f"{port}番から{last}番まで、すべて使われています。", "別の番号を指定してください。例: --serve 9000"
    )


def _cannot(host: str, port: int, error: OSError) -> UsageError:
    if error.errno in (errno.EACCES, errno.EPERM):
        return _refused(
            f"{port}番を使う権限がありません。", "1024 以上の番号を指定してください。例: --serve 8000"
        )
    return _refused(
        f"{host} の{port}番を使えません（{error.strerror or error}）。", "別の番号を指定してください。"
    )


def _refused(what: str, todo: str) -> UsageError:
    return UsageError(Problem("no-port", f"手元の画面を開けません。{what}", "--serve", _SHOWN, todo))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # On POSIX this only skips the wait after a restart; on Windows it would share the port with a stranger.
    allow_reuse_address = os.name == "posix"

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Without asking for the machine's name, as the base class does: the name service may be down."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that went away is no error of ours; anything else is shown as usual."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@frozen
class _Sources:
    folder: Path
    staff: Callable[[], bytes] | None


def _handler(sources: _Sources) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"sources": sources})


class _Handler(BaseHTTPRequestHandler):
    sources: _Sources
    protocol_version = "HTTP/1.1"
    server_version = "publisher"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        self._send(self._answer())

    do_HEAD = do_GET

    def _answer(self) -> Answer:
        path = _path(self.path)
        if path is None:
            return Answer(
                HTTPStatus.BAD_REQUEST, "text/plain; charset=utf-8", "アドレスが正しくありません".encode()
            )
        if path == STAFF:
            return self._staff()
        answer = read(self.sources.folder, path)
        if answer.tag and _matches(self.headers.get("If-None-Match", ""), answer.tag):
            return Answer(HTTPStatus.NOT_MODIFIED, tag=answer.tag)
        return answer

    def _staff(self) -> Answer:
        """For browsers on this machine alone, and for no page of another site that they have open."""
        here = _local(self.client_address[0]) and _local(_host(self.headers.get("Host", "")))
        if self.sources.staff is None or not here:
            return not_found(self.sources.folder)
        try:
            return Answer(HTTPStatus.OK, "text/html; charset=utf-8", self.sources.staff())
        except OSError:
            words = "状況のページは、まだありません。少し待って、もう一度開いてください。"
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", words.encode())

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        if answer.kind:
            self.send_header("Content-Type", answer.kind)
        if answer.status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(answer.body)))
        if answer.location:
            self.send_header("Location", quote(answer.location))
        if answer.tag:
            self.send_header("ETag", answer.tag)
        self.send_header("Cache-Control", "no-cache" if answer.tag else "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD" and answer.body:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet: the terminal belongs to what is published."""


def _path(target: str) -> str | None:
    """The decoded path of a request without the slash at its beginning; None when it is none."""
    if target.startswith("/"):
        return unquote(target.partition("?")[0].partition("#")[0]).lstrip("/")
    try:
        return unquote(urlsplit(target).path).lstrip("/")
    except ValueError:
        return None


def _matches(asked: str, tag: str) -> bool:
    """Weak comparison (RFC 9110, 13.1.2)."""
    return asked.strip() == "*" or tag in (part.strip().removeprefix("W/") for part in asked.split(","))


def _host(name: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return urlsplit(f"//{name}").hostname or ""
    except ValueError:
        return ""


def _local(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
