"""A mirror that is written to only while we may."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from publisher.errors import MirrorError
from publisher.mirrors.contract import Head, Mirror, Stored, unasked
from publisher.mirrors.headers import Headers


class Guarded:
    """Wraps a mirror: before each writing ``may`` is asked, and ``silent`` is raised where it says no. Reads pass through.

    It belongs below ``Retrying``: an upload that began in time may be repeated half a minute later, when another machine publishes.
    """

    def __init__(self, mirror: Mirror, may: Callable[[], bool], silent: Callable[[str], MirrorError]) -> None:
        self.mirror, self._may, self._silent = mirror, may, silent

    @property
    def name(self) -> str:
        return self.mirror.name

    def put(self, path: str, body: bytes, headers: Headers) -> None:
        self._ask()
        self.mirror.put(path, body, headers)

    def delete(self, path: str) -> None:
        self._ask()
        self.mirror.delete(path)

    def get(self, path: str) -> Stored | None:
        return self.mirror.get(path)

    def head(self, path: str) -> Head | None:
        return self.mirror.head(path)

    def purge(self, prefix: str, keep: Collection[str], ask: Callable[[], None] = unasked) -> int:
        def asked() -> None:
            ask()
            self._ask()

        self._ask()
        return self.mirror.purge(prefix, keep, asked)

    def walk(self) -> Iterator[str]:
        return self.mirror.walk()

    def _ask(self) -> None:
        if not self._may():
            raise self._silent(self.name)
