"""HTTP lines to one host that stay open, through a proxy where one stands in between.

``http.client`` opens the lines and reads the answers; a request leaves as one piece. For many small files this costs a
third of what the layers of an SDK do.
"""

from __future__ import annotations

import base64
import fcntl
import os
import selectors
import socket
import ssl
import struct
import termios
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from urllib.parse import SplitResult, unquote, urlsplit

from publisher.values import field, frozen

#: A line that was idle for so many seconds may have been cut by something in between that tells nobody.
IDLE = 20.0
#: A body larger than this is sent after the head instead of being copied behind it.
_COPIED = 65_536
#: … and in pieces of this size, each of which has the whole time-out.
_PIECE = 16_384
#: Bytes a second at which a large body is thought to leave a proxy, in whose buffers megabytes of it may lie: two at a time share 64 kbit/s,
#: ISDN or a satellite telephone.
SLOWEST = 4_000
#: Seconds after which it is asked again how much has left, and whether to go on.
_GLANCE = 0.02


class MadeWay(Exception):
    """``still`` said no while a large body was under way: the line was cut, and a store keeps nothing of half a body."""


class Broken(Exception):
    """Nobody answered, or the answer broke off. ``connecting``: the line never stood; ``proxied``: it leads through a proxy."""

    def __init__(self, cause: Exception, connecting: bool, proxied: bool) -> None:
        super().__init__(str(cause))
        self.cause, self.connecting, self.proxied = cause, connecting, proxied


@frozen
class Answer:
    """``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def proxy_for(scheme: str, host: str) -> str:
    """The proxy that the environment names for a host (HTTP_PROXY, HTTPS_PROXY, NO_PROXY), or ""."""
    from urllib.request import getproxies, proxy_bypass

    found = getproxies().get(scheme, "")
    return "" if not found or proxy_bypass(host) else found


_CONDITIONS = frozenset(("if-match", "if-none-match"))


def _unsent(line: socket.socket) -> int | None:
    """Bytes that the other side has not confirmed (Linux, tcp(7): SIOCOUTQ); None where the system does not say."""
    try:
        return struct.unpack("i", fcntl.ioctl(line.fileno(), termios.TIOCOUTQ, bytes(4)))[0]
    except OSError:
        return None


class Wire:
    """Lines to ``scheme://host:port``. ``ask`` may be called from several threads; each line serves one at a time.

    ``still`` is asked while a large body is under way, which takes minutes on a slow line.
    """

    def __init__(
        self, place: SplitResult, proxy: str, connect_timeout: float, read_timeout: float, still: Callable[[], bool] = lambda: True
    ) -> None:
        self.host = place.hostname or ""
        self.port = place.port or (443 if place.scheme == "https" else 80)
        self.secure = place.scheme == "https"
        usual = self.port == (443 if self.secure else 80)
        host = f"[{self.host}]" if ":" in self.host else self.host
        #: What the Host header says (RFC 9110 7.2).
        self.netloc = host if usual else f"{host}:{self.port}"
        self.proxy = urlsplit(proxy if "://" in proxy else f"http://{proxy}") if proxy else None
        self._timeouts, self._still = (connect_timeout, read_timeout), still
        self._idle: list[tuple[float, HTTPConnection]] = []
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send a request and read the whole answer. A line that had gone dead while idle is replaced once.

        Not so under a condition: repeated, a write whose answer was lost would be refused because of itself. Raises ``Broken``, and ``MadeWay``.
        """
        line = self._take()
        if line is not None:
            try:
                return self._talk(line, method, target, headers, body)
            except (ConnectionError, HTTPException) as error:
                # Closed meanwhile by the other side, which is nothing to tell: PUT, GET and DELETE may be repeated.
                if not _CONDITIONS.isdisjoint(headers):
                    raise self._broken(error) from error
            except (OSError, ValueError) as error:
                raise self._broken(error) from error
        line = self._open()
        try:
            return self._talk(line, method, target, headers, body)
        except (OSError, HTTPException, ValueError) as error:
            raise self._broken(error) from error

    def close(self) -> None:
        with self._lock:
            lines, self._idle = self._idle, []
        for _, line in lines:
            line.close()

    __del__ = close

    def _take(self) -> HTTPConnection | None:
        with self._lock:
            while self._idle:
                since, line = self._idle.pop()
                if time.monotonic() - since < IDLE:
                    return line
                line.close()
        return None

    def _open(self) -> HTTPConnection:
        connect, read = self._timeouts
        line: HTTPConnection | None = None
        try:
            line = self._line(connect)
            line.connect()
            line.sock.settimeout(read)
        except (OSError, HTTPException, ValueError) as error:
            if line is not None:
                line.close()
            raise Broken(error, True, self.proxy is not None) from error
        return line

    def _line(self, timeout: float) -> HTTPConnection:
        host, port = (self.proxy.hostname or "", self.proxy.port or 8080) if self.proxy else (self.host, self.port)
        if not self.secure:
            return HTTPConnection(host, port, timeout=timeout)
        if self._context is None:
            bundle = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE") or None
            self._context = ssl.create_default_context(cafile=bundle)
        line = HTTPSConnection(host, port, timeout=timeout, context=self._context)
        if self.proxy:
            line.set_tunnel(self.host, self.port, self._proxy_headers())
        return line

    def _proxy_headers(self) -> dict[str, str]:
        if self.proxy is None or not self.proxy.username:
            return {}
        word = f"{unquote(self.proxy.username)}:{unquote(self.proxy.password or '')}"
        return {"Proxy-Authorization": "Basic " + base64.b64encode(word.encode()).decode("ascii")}

    def _talk(self, line: HTTPConnection, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        response: HTTPResponse | None = None
        kept = False
        try:
            self._send(line, self._head(method, target, headers, len(body)), body)
            response = HTTPResponse(line.sock, method=method)
            if len(body) > _COPIED:
                self._await(line, len(body))
            response.begin()
            line.sock.settimeout(self._timeouts[1])
            if len(set(response.headers.get_all("content-length", ()))) > 1:  # RFC 9110 8.6: nobody knows where it ends
                raise HTTPException("two lengths")
            answer = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, self._body(response))
            kept = not response.will_close
            return answer
        finally:
            if response is not None:
                response.close()
            if kept:
                with self._lock:
                    self._idle.append((time.monotonic(), line))
            else:
                line.close()

    def _body(self, response: HTTPResponse) -> bytes:
        """All of it. Drops of an answer, each within the time-out, would never end: it has to come as quickly as the slowest line carries it."""
        pieces, size, begun = [], 0, time.monotonic()
        while piece := response.read1(_COPIED):
            pieces.append(piece)
            size += len(piece)
            if time.monotonic() - begun > self._timeouts[1] + size / SLOWEST:
                raise TimeoutError("an answer that comes too slowly")
        if response.length:
            raise IncompleteRead(b"", response.length)
        return b"".join(pieces)

    def _head(self, method: str, target: str, headers: Mapping[str, str], length: int) -> bytes:
        plain = self.proxy is not None and not self.secure
        if plain:  # RFC 9112 3.2.2: to a proxy in the absolute form
            target = f"http://{self.netloc}{target}"
            headers = {**headers, **self._proxy_headers()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        size = f"content-length: {length}\r\n" if length or method == "PUT" else ""
        return f"{method} {target} HTTP/1.1\r\n{lines}{size}accept-encoding: identity\r\n\r\n".encode("latin-1")

    def _send(self, line: HTTPConnection, head: bytes, body: bytes) -> None:
        try:
            if len(body) <= _COPIED:
                line.sock.sendall(head + body)
                return
            line.sock.sendall(head)
            rest = memoryview(body)
            while rest:  # ``sendall`` would have one time-out for all of it, whatever its size
                self._go_on()
                rest = rest[line.sock.send(rest[:_PIECE]) :]
        except (BrokenPipeError, ConnectionResetError):
            if len(body) <= _COPIED:
                raise
            # Who refuses a large body may have said why before closing the line: the answer tells, or fails in its turn.

    def _await(self, line: HTTPConnection, size: int) -> None:
        """Until the answer to a large body may be asked for within the usual time-out, or has begun."""
        with selectors.DefaultSelector() as selector:
            selector.register(line.sock, selectors.EVENT_READ)

            def begun(seconds: float) -> bool:
                self._go_on()
                if self.secure:  # what can be read may be a word of TLS alone
                    time.sleep(seconds)
                    return False
                return bool(selector.select(seconds))

            left, moved = _unsent(line.sock), time.monotonic()
            while left:
                if begun(_GLANCE):
                    return
                now = _unsent(line.sock)
                if now is not None and now < left:
                    moved = time.monotonic()
                elif time.monotonic() - moved > self._timeouts[1]:
                    raise TimeoutError("nobody takes the rest of a body")
                left = now
            if left is None or self.proxy is not None:  # nobody can say how much of it still lies in between
                until = time.monotonic() + self._timeouts[1] + size / SLOWEST
                while not self.secure and not begun(_GLANCE):
                    if time.monotonic() > until:
                        raise TimeoutError("no answer to a body that has been sent")
                line.sock.settimeout(max(self._timeouts[1], until - time.monotonic()))

    def _go_on(self) -> None:
        if not self._still():
            raise MadeWay

    def _broken(self, error: Exception) -> Broken:
        return Broken(error, False, self.proxy is not None)
