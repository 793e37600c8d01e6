"""Asking mirrors when half a minute is all there is: each on its own, once, and whoever has not answered in time is left behind."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic
from typing import TypeVar

from publisher.errors import MirrorError
from publisher.mirrors import Mirror, Retrying, open_mirror
from publisher.settings import MirrorSettings, Settings
from publisher.values import replace

T = TypeVar("T")

ANSWER = 3.0
"""Seconds that a mirror has for one answer."""

BUDGET = 8.0
"""Seconds for all that is fetched; then rendering everything is the shorter way."""

PATIENT = 60.0
"""… and where nobody waits for it."""

WORKERS = 8


def once(mirror: MirrorSettings, settings: Settings) -> Mirror:
    """A mirror that is asked once and given up after ``ANSWER`` seconds of silence. Raises ``MirrorRefused``, ``SettingsError``."""
    brief = replace(mirror, connect_timeout=min(mirror.connect_timeout, ANSWER), read_timeout=min(mirror.read_timeout, ANSWER))
    opened = open_mirror(brief, settings.secret)
    return opened.mirror if isinstance(opened, Retrying) else opened


def in_time(calls: Iterable[Callable[[], T]], seconds: float) -> list[T]:
    """What these give within so many seconds, the quickest first. Each has a thread that nobody waits for any longer: a disk can hang for ever."""
    answers: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def run(call: Callable[[], T]) -> None:
        try:
            answers.put((call(), None))
        except BaseException as error:  # raised where it was asked for
            answers.put((None, error))

    threads = [Thread(target=run, args=(call,), name="hurry", daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    found, end = [], monotonic() + seconds
    for _ in threads:
        try:
            answer, error = answers.get(timeout=max(0.0, end - monotonic()))
        except Empty:
            break
        if error is not None:
            raise error
        found.append(answer)
    return found  # type: ignore[return-value]


class Fetch:
    """Fetches files of the site from ``mirrors``, the first of which is asked first. One that fails, or lacks a file, is not asked again."""

    def __init__(self, mirrors: Sequence[Mirror], output: Path, wanted: Mapping[str, tuple[str, int]]) -> None:
        self._mirrors, self._output, self._wanted = list(mirrors), output, wanted
        self._lock, self._over = Lock(), Event()

    def fetch(self, paths: Iterable[str], seconds: float = BUDGET) -> bool:
        """Whether all of them are there now. What comes later than that is not written any more."""
        rest = list(paths)
        done = in_time([lambda: self._some(rest)] * WORKERS, seconds)
        with self._lock:
            self._over.set()
        return len(done) == WORKERS and all(done)

    def _some(self, rest: list[str]) -> bool:
        while not self._over.is_set():
            with self._lock:
                if not rest:
                    return True
                path = rest.pop()
            if not self._one(path):
                self._over.set()
        return False

    def _one(self, path: str) -> bool:
        while True:
            with self._lock:
                if not self._mirrors or self._over.is_set():
                    return False
                mirror = self._mirrors[0]
            try:
                stored = mirror.get(path)
            except MirrorError:
                stored = None
            if stored is not None and hashlib.sha256(stored.body).hexdigest() == self._wanted[path][0]:
                return self._write(path, stored.body)
            with self._lock:
                if self._mirrors and self._mirrors[0] is mirror:
                    del self._mirrors[0]

    def _write(self, path: str, body: bytes) -> bool:
        with self._lock:  # else it could come over a page that has been rendered meanwhile
            if self._over.is_set():
                return False
            place = self._output / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(body)
            return True
