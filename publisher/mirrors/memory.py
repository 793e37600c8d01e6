"""A mirror in memory, on which every operation can be made to fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator

from publisher.errors import MirrorError
from publisher.mirrors.contract import Head, Stored, checked, checked_prefix, unasked
from publisher.mirrors.headers import Headers

#: Asked before each operation with its name (put, delete, get, head, walk) and path ("" for walk).
Fault = Callable[[str, str], MirrorError | None]


def never(operation: str, path: str) -> None:
    """Nothing fails."""


class MemoryMirror:
    """Keeps files in ``files`` and every call in ``log``, in the order in which they took effect.

    ``fail_on`` is asked before an operation takes effect, ``fail_after`` after it (the answer that got lost
    on its way).
    """

    def __init__(self, name: str = "memory", fail_on: Fault = never, fail_after: Fault = never) -> None:
        self.name = name
        self.files: dict[str, tuple[bytes, Headers]] = {}
        self.log: list[tuple[str, str]] = []
        self.fail_on, self.fail_after = fail_on, fail_after
        self._lock = threading.Lock()

    def put(self, path: str, body: bytes, headers: Headers) -> None:
        self._act("put", checked(self.name, path), lambda: self.files.update({path: (bytes(body), headers)}))

    def delete(self, path: str) -> None:
        self._act("delete", checked(self.name, path), lambda: self.files.pop(path, None))

    def get(self, path: str) -> Stored | None:
        found = self._act("get", checked(self.name, path), lambda: self.files.get(path))
        return None if found is None else Stored(*found)

    def head(self, path: str) -> Head | None:
        found = self._act("head", checked(self.name, path), lambda: self.files.get(path))
        return None if found is None else Head(len(found[0]), found[1])

    def purge(self, prefix: str, keep: Collection[str], ask: Callable[[], None] = unasked) -> int:
        checked_prefix(self.name, prefix)

        def effect() -> int:
            old = [path for path in self.files if path.startswith(prefix) and path not in keep]
            for path in old:
                ask()
                del self.files[path]
            return len(old)

        return self._act("purge", prefix, effect)

    def walk(self) -> Iterator[str]:
        yield from self._act("walk", "", lambda: sorted(self.files))

    def _act(self, operation: str, path: str, effect: Callable[[], object]):
        with self._lock:
            _raise(self.fail_on(operation, path))
            result = effect()
            self.log.append((operation, path))
            _raise(self.fail_after(operation, path))
        return result


def _raise(error: MirrorError | None) -> None:
    if error is not None:
        raise error
