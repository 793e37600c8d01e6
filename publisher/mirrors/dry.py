"""A mirror that only writes down what would be done to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator

from publisher.mirrors.contract import Head, Mirror, Stored, checked, unasked
from publisher.mirrors.headers import Headers


class Dry:
    """Wraps a mirror: reads pass through, ``put`` and ``delete`` are only recorded, in order, in ``log``."""

    def __init__(self, mirror: Mirror) -> None:
        self.mirror = mirror
        self.log: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self.mirror.name

    @property
    def puts(self) -> tuple[str, ...]:
        return tuple(path for operation, path in self.log if operation == "put")

    @property
    def deletes(self) -> tuple[str, ...]:
        return tuple(path for operation, path in self.log if operation == "delete")

    def put(self, path: str, body: bytes, headers: Headers) -> None:
        self._record("put", path)

    def delete(self, path: str) -> None:
        self._record("delete", path)

    def get(self, path: str) -> Stored | None:
        return self.mirror.get(path)

    def head(self, path: str) -> Head | None:
        return self.mirror.head(path)

    def purge(self, prefix: str, keep: Collection[str], ask: Callable[[], None] = unasked) -> int:
        self._record("purge", prefix)
        return 0

    def walk(self) -> Iterator[str]:
        return self.mirror.walk()

    def _record(self, operation: str, path: str) -> None:
        with self._lock:
            self.log.append((operation, checked(self.name, path)))
