"""A mirror as everybody reads it: by its public address, or its folder. Nothing is written here, and no secret is used."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Protocol

from publisher.mirrors.wire import SLOWEST
from publisher.values import field, frozen

LARGEST = 200_000_000
"""Bytes beyond which an answer is not read: no file of a site is that large."""


class Unreachable(Exception):
    """There was no answer, or none that says anything of the file. The text says why, for a person."""


@frozen
class Fetched:
    """``status`` 200 or 404; ``headers`` with lower-case names, empty where there are none (a folder)."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


class PublicSite(Protocol):
    def fetch(self, path: str) -> Fetched:
        """Raises ``Unreachable``. May be called from several threads."""
        ...

    def __enter__(self) -> PublicSite: ...
    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


class FolderSite:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> FolderSite:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def fetch(self, path: str) -> Fetched:
        try:
            return Fetched(200, (self._folder / path).read_bytes())
        except FileNotFoundError:
            if self._folder.is_dir():
                return Fetched(404)
            raise Unreachable("フォルダーがありません") from None
        except OSError as error:
            raise Unreachable(error.strerror or str(error)) from error


class WebSite:
    """Over HTTP, several requests at a time on kept connections. ``proxy``: its address, "" for what the environment says."""

    def __init__(self, url: str, proxy: str = "", connect: float = 3.0, read: float = 10.0) -> None:
        import httpx

        timeout = httpx.Timeout(read, connect=connect)
        self._base, self._patience = url.rstrip("/") + "/", read
        self._client = httpx.Client(timeout=timeout, proxy=proxy or None, headers={"Accept-Encoding": "identity", "Cache-Control": "no-cache"})

    def __enter__(self) -> WebSite:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def fetch(self, path: str) -> Fetched:
        import httpx

        try:
            with self._client.stream("GET", self._base + path) as answer:
                if answer.status_code not in (200, 404):
                    raise Unreachable(f"応答が {answer.status_code} です")
                pieces, size, begun = [], 0, time.monotonic()
                for piece in answer.iter_bytes():
                    size += len(piece)
                    if size > LARGEST:
                        raise Unreachable("応答が大きすぎます")
                    if time.monotonic() - begun > self._patience + size / SLOWEST:  # drops of an answer, each in time, would never end
                        raise Unreachable("応答が遅すぎます")
                    pieces.append(piece)
                return Fetched(answer.status_code, b"".join(pieces), {name.lower(): value for name, value in answer.headers.items()})
        except httpx.TimeoutException as error:
            raise Unreachable("時間内に応答がありません") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"つながりません（{type(error).__name__}）") from error


def public_site(url: str, proxy: str = "", connect: float = 3.0, read: float = 10.0) -> PublicSite:
    """``http://``, ``https://``, ``file://`` or a folder."""
    if url.startswith(("http://", "https://")):
        return WebSite(url, proxy, connect, read)
    return FolderSite(Path(url.removeprefix("file://")))
