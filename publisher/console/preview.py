"""A small server for looking at the site on this machine. In front of the public stands a real one (see docs/operations.md)."""

from __future__ import annotations

import os
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

from publisher.errors import UsageError
from publisher.mirrors.headers import content_type
from publisher.model import Problem

TRIES = 20
"""Ports that are tried, counting up from the one that was asked for."""


class Preview:
    """A running preview. ``url`` is where it answers; ``close`` ends it."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        host, port = server.server_address[:2]
        name = f"[{host}]" if ":" in str(host) else host
        self.url = f"http://{name}:{port}/"
        self._thread = Thread(target=server.serve_forever, name="preview", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def serve(folder: Path, port: int, host: str = "127.0.0.1") -> Preview:
    """Serve a folder on loopback (unless ``host`` says otherwise); the next free port when this one is taken.

    Raises ``UsageError`` when none of them is free.
    """
    handler = type("Handler", (_Handler,), {"folder": folder})
    last: OSError | None = None
    for number in range(port, port + TRIES) if port else (0,):
        try:
            return Preview(_Server((host, number), handler))
        except OSError as error:
            last = error
    raise UsageError(
        Problem(
            "no-port", f"手元の画面を開けません（{port}番から{port + TRIES - 1}番まで、すべて使われています）。", "--serve", "公開は、画面がなくても続けられます。",
            "別の番号を指定してください。例: publisher watch --serve 9000",
        )
    ) from last  # fmt: skip


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that went away is no error of ours; anything else is shown as usual."""
        import sys

        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    folder: Path
    protocol_version = "HTTP/1.1"
    server_version = "publisher"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, body: bool) -> None:
        place = self._place(unquote(urlsplit(self.path).path))
        status = HTTPStatus.OK
        if place is None:
            place, status = self.folder / "404.html", HTTPStatus.NOT_FOUND
        try:
            data = place.read_bytes()
            stamp = place.stat()
        except OSError:
            data, stamp, status = "ページがありません".encode(), None, HTTPStatus.NOT_FOUND
        tag = f'"{stamp.st_mtime_ns:x}-{stamp.st_size:x}"' if stamp and status is HTTPStatus.OK else ""
        if tag and self.headers.get("If-None-Match") == tag:
            self._send(HTTPStatus.NOT_MODIFIED, "", b"", tag, body=False)
            return
        kind = content_type(place.relative_to(self.folder).as_posix()) if stamp else "text/plain; charset=utf-8"
        self._send(status, kind, data, tag, body)

    def _send(self, status: HTTPStatus, kind: str, data: bytes, tag: str, body: bool) -> None:
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        if tag:
            self.send_header("ETag", tag)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def _place(self, path: str) -> Path | None:
        """The file behind a path; None for what is not there, lies outside or begins with a dot."""
        parts = [part for part in path.split("/") if part]
        if any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
            return None
        place = self.folder.joinpath(*parts)
        try:
            if place.is_dir():
                place = place / "index.html"
            real = os.path.realpath(place)
        except (OSError, ValueError):
            return None
        inside = real.startswith(os.path.realpath(self.folder) + os.sep)
        return place if inside and place.is_file() else None

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet: the terminal belongs to what is published."""
