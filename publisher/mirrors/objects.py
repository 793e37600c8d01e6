"""Raw objects in a store, by key: for what is kept beside the public copies (the backup, the lease).

Unlike a mirror it knows versions of an object (``tag``) and writes under a condition (RFC 9110, 13.1: If-Match and If-None-Match).
Not every store that takes these headers heeds them: ask ``heeds_conditions`` once before you rely on them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from publisher.errors import MirrorError, MirrorRefused
from publisher.mirrors.bucket import Bucket
from publisher.mirrors.contract import checked
from publisher.mirrors.headers import Headers
from publisher.mirrors.trouble import refused, unavailable
from publisher.values import field, frozen, replace

if TYPE_CHECKING:
    from botocore.client import BaseClient

_OPAQUE = Headers("application/octet-stream", "no-store")


@frozen
class Item:
    """An object as it stands: its bytes, and the tag of this version of it."""

    body: bytes = field(repr=False)
    tag: str


@frozen
class Entry:
    """One line of a listing. ``modified`` is told by the store's clock."""

    key: str
    size: int
    modified: datetime


class Objects(Protocol):
    """A store of objects. Safe to use from several threads; raises ``MirrorUnavailable`` and ``MirrorRefused`` as mirrors do."""

    name: str

    def get(self, key: str) -> Item | None:
        """The object, or None. A truncated answer is an error."""
        ...

    def put(self, key: str, body: bytes) -> str:
        """Store it in place of any that stands there; returns its tag."""
        ...

    def put_if(self, key: str, body: bytes, tag: str | None) -> str | None:
        """Store it only where the version ``tag`` stands (None: where nothing stands). The new tag, or None: another one stands there.

        Raises ``MirrorRefused`` "mirror-conditions" where the store does not know conditions.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove it; one that is not there is removed already."""
        ...

    def list(self, prefix: str) -> Iterator[Entry]:
        """Every object whose key begins with ``prefix``, in the order of the keys."""
        ...


def heeds_conditions(store: Objects, key: str) -> bool:
    """Try at ``key`` whether the store keeps the promises of ``put_if``. Leaves nothing behind.

    Some stores answer 200 and write in any case (``rclone serve s3``), some refuse the headers as not implemented. Raises ``MirrorError`` where it
    cannot be tried: a store that lets us write nothing (rights, keys, clock, space) has not said that it heeds no conditions.
    """
    place = f"{key}-{secrets.token_hex(8)}"
    try:
        first = store.put_if(place, b"1", None)
        if first is None or store.put_if(place, b"2", None) is not None:
            return False
        if store.put_if(place, b"3", '"00000000000000000000000000000000"') is not None:
            return False
        second = store.put_if(place, b"4", first)
        stands = store.get(place)
        return second is not None and stands is not None and stands.body == b"4" and store.put_if(place, b"5", first) is None
    except MirrorRefused as error:
        if error.problem.code != "mirror-conditions":
            raise
        store.put(place, b"0")  # it was the condition, and not the writing, that it refused
        return False
    finally:
        with _forgiven():
            store.delete(place)


@contextmanager
def _forgiven() -> Iterator[None]:
    """What is left of a trial is harmless."""
    try:
        yield
    except MirrorError:
        return


class FolderObjects:
    """Objects as files below ``root``. The condition holds among all who share the folder's locks (flock)."""

    def __init__(self, name: str, root: Path) -> None:
        self.name, self.root = name, root

    def get(self, key: str) -> Item | None:
        with self._words():
            try:
                body = self._place(key).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                self._must_stand()
                return None
        return Item(body, _digest(body))

    def put(self, key: str, body: bytes) -> str:
        with self._words():
            place = self._place(key)
            self._open()
            place.parent.mkdir(parents=True, exist_ok=True)
            part = place.with_name(f".{place.name[:64]}.{secrets.token_hex(4)}.part")
            try:
                with part.open("wb") as file:
                    file.write(body)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(place)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        return _digest(body)

    def put_if(self, key: str, body: bytes, tag: str | None) -> str | None:
        with self._words():
            self._open()
            with (self.root / ".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                stands = self.get(key)
                if (None if stands is None else stands.tag) != tag:
                    return None
                return self.put(key, body)

    def delete(self, key: str) -> None:
        with self._words():
            self._place(key).unlink(missing_ok=True)

    def list(self, prefix: str) -> Iterator[Entry]:
        with self._words():
            self._must_stand()
            start = self.root / prefix.rpartition("/")[0]
            found = sorted(p for p in start.rglob("*") if not p.name.startswith(".") and p.is_file()) if start.is_dir() else []
            for place in found:
                key = place.relative_to(self.root).as_posix()
                if key.startswith(prefix):
                    status = place.stat()
                    yield Entry(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def _must_stand(self) -> None:
        """Where even the parent is missing, nothing can be said."""
        if not self.root.is_dir() and not self.root.parent.is_dir():
            raise unavailable(self.name, "folder-gone", folder=str(self.root))

    def _open(self) -> None:
        """The folder is made, its parent is not: a missing parent is a disk that is not mounted."""
        if not self.root.is_dir():
            self.root.mkdir(mode=0o700)

    def _place(self, key: str) -> Path:
        return self.root / checked(self.name, key)

    @contextmanager
    def _words(self) -> Iterator[None]:
        from publisher.mirrors.folder import FolderMirror

        try:
            yield
        except OSError as error:
            raise FolderMirror(self.name, self.root)._told(error) from error


def _digest(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()}"'


class S3Objects:
    """Objects of a bucket, below its prefix.

    They go over the lines of mirrors, which are patient with a slow line and with a clock that is off. boto3 lists.
    """

    def __init__(self, name: str, bucket: Bucket) -> None:
        import threading

        from publisher.mirrors.s3 import S3Mirror

        self.name, self.bucket = name, bucket
        self._lines = S3Mirror(name, bucket)
        self._prefix = f"{bucket.prefix.strip('/')}/" if bucket.prefix.strip("/") else ""
        self._lock = threading.Lock()
        self._made: BaseClient | None = None

    def get(self, key: str) -> Item | None:
        found = self._lines.tagged(key)
        return None if found is None else Item(*found)

    def put(self, key: str, body: bytes) -> str:
        return self._lines.store(key, body, _OPAQUE)

    def put_if(self, key: str, body: bytes, tag: str | None) -> str | None:
        return self._lines.store_if(key, body, _OPAQUE, {"if-none-match": "*"} if tag is None else {"if-match": tag})

    def delete(self, key: str) -> None:
        self._lines.delete(key)

    def list(self, prefix: str) -> Iterator[Entry]:
        with self._words():
            pages = self._client().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket.bucket, Prefix=self._prefix + checked(self.name, prefix + "x")[:-1]):
                for entry in page.get("Contents", ()):
                    yield Entry(entry["Key"].removeprefix(self._prefix), entry["Size"], entry["LastModified"])

    def _client(self) -> BaseClient:
        from publisher.mirrors.aws import client

        with self._lock:
            if self._made is None:
                self._made = client(self.bucket)
            return self._made

    @contextmanager
    def _words(self) -> Iterator[None]:
        from publisher.mirrors.s3_trouble import told

        try:
            yield
        except MirrorError:
            raise
        except Exception as error:
            # The outermost door of this room: boto3 documents no closed list of what it raises.
            raise told(self.name, self.bucket, error) from error


class Told:
    """Wraps a store: its failures speak of ``where`` and of what ``shown`` then means, not of a mirror."""

    def __init__(self, store: Objects, where: str, shown: str, section: str) -> None:
        self.store, self._where, self._shown, self._section = store, where, shown, section
        self.name = store.name

    def get(self, key: str) -> Item | None:
        with self._words():
            return self.store.get(key)

    def put(self, key: str, body: bytes) -> str:
        with self._words():
            return self.store.put(key, body)

    def put_if(self, key: str, body: bytes, tag: str | None) -> str | None:
        with self._words():
            return self.store.put_if(key, body, tag)

    def delete(self, key: str) -> None:
        with self._words():
            self.store.delete(key)

    def list(self, prefix: str) -> Iterator[Entry]:
        with self._words():
            yield from self.store.list(prefix)

    @contextmanager
    def _words(self) -> Iterator[None]:
        try:
            yield
        except MirrorError as error:
            told = error.problem
            todo = told.todo.replace("[[mirrors]]", self._section).replace("公開先", self._where)
            raise type(error)(replace(told, where=self._where, shown=self._shown, what=told.what.replace("公開先", self._where), todo=todo)) from error


def open_objects(
    name: str, url: str, endpoint: str = "", region: str = "", key: str = "", secret: str = "", timeouts: tuple[float, float] = (3.0, 20.0),
    proxy: str = "",
) -> Objects:
    """The store at ``s3://bucket/prefix``, at a ``file://`` URL or in a folder. ``timeouts``: connect and read, in seconds. ``proxy`` "" leaves it
    to HTTP(S)_PROXY.

    Nothing is connected yet. Raises ``MirrorRefused`` for an address that is none of them.
    """
    from urllib.parse import unquote, urlsplit
    from urllib.request import url2pathname

    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.netloc:
        place = unquote(parts.path).strip("/")
        connect, read = timeouts
        return S3Objects(name, Bucket(parts.netloc, place, endpoint, region, key, secret, proxy=proxy, connect_timeout=connect, read_timeout=read))
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return FolderObjects(name, Path(url2pathname(parts.path)))
    if len(parts.scheme) > 1:  # a single letter is a drive of Windows
        raise refused(name, "settings", detail=f"url = {url}")
    return FolderObjects(name, Path(url))
