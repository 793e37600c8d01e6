"""A mirror that is asked again when it did not answer."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator
from typing import TypeVar

from publisher.errors import MirrorUnavailable
from publisher.mirrors.contract import Head, Mirror, Stored, unasked
from publisher.mirrors.headers import Headers

T = TypeVar("T")


class Retrying:
    """Wraps a mirror: what raises ``MirrorUnavailable`` is tried up to ``attempts`` times.

    Before the n-th repetition it waits a random part of ``wait`` · 2ⁿ⁻¹ seconds, at most ``ceiling``: "full
    jitter", so that many uploads that failed together do not come back together. Refusals pass through at
    once.
    """

    def __init__(
        self,
        mirror: Mirror,
        attempts: int = 3,
        wait: float = 0.5,
        *,
        ceiling: float = 8.0,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.mirror, self.attempts, self.wait, self.ceiling = mirror, attempts, wait, ceiling
        self._sleep, self._chance = sleep, chance

    @property
    def name(self) -> str:
        return self.mirror.name

    def put(self, path: str, body: bytes, headers: Headers) -> None:
        self._again(lambda: self.mirror.put(path, body, headers))

    def delete(self, path: str) -> None:
        self._again(lambda: self.mirror.delete(path))

    def get(self, path: str) -> Stored | None:
        return self._again(lambda: self.mirror.get(path))

    def head(self, path: str) -> Head | None:
        return self._again(lambda: self.mirror.head(path))

    def purge(self, prefix: str, keep: Collection[str], ask: Callable[[], None] = unasked) -> int:
        return self._again(lambda: self.mirror.purge(prefix, keep, ask))

    def walk(self) -> Iterator[str]:
        """Starts anew when a listing breaks off, and leaves out what it has given already."""
        given: set[str] = set()
        for attempt in range(1, self.attempts + 1):
            try:
                for path in self.mirror.walk():
                    if path not in given:
                        given.add(path)
                        yield path
                return
            except MirrorUnavailable:
                if attempt == self.attempts:
                    raise
                self._pause(attempt)

    def _again(self, call: Callable[[], T]) -> T:
        for attempt in range(1, self.attempts):
            try:
                return call()
            except MirrorUnavailable:
                self._pause(attempt)
        return call()

    def _pause(self, attempt: int) -> None:
        self._sleep(self._chance() * min(self.ceiling, self.wait * 2 ** (attempt - 1)))
