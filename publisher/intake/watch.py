"""Waking up when something moves in the drop folder.

Events are hints: a share written by other machines sends none, and some are lost. So a listing is due every so often in any case, sooner
where the folder lies on a network file system; and the watcher itself is looked after: when it has died, it is started again.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from threading import Event, Lock

from publisher.values import frozen

LOCAL = 20.0
"""Seconds between two listings where the system tells of every change."""

SHARE = 2.0
"""Seconds between two listings where it does not."""

NETWORK = frozenset({"cifs", "smb3", "smbfs", "nfs", "nfs4", "fuse", "fuse.sshfs", "9p", "afs", "vboxsf", "davfs", "fuse.davfs", "drvfs", "virtiofs"})


def is_network(folder: Path) -> bool:
    """Does the folder lie on a file system on which others write without our kernel noticing? (From the mount table.)"""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return True
    real = str(folder.resolve())
    best = max(
        (m for m in mounts if len(m) > 2 and (real == m[1] or real.startswith(m[1].rstrip("/") + "/"))), key=lambda m: len(m[1]), default=None
    )
    return best is None or best[2] in NETWORK or best[2].startswith("fuse")


@frozen
class Heard:
    """What happened since the last time. ``closed``: files whose writers closed them (NFC).

    ``places``: all files at which something happened, as the disk spells them; None: something else happened (a folder, a deletion, a
    move, too much), so that only a listing can tell.
    """

    closed: frozenset[str] = frozenset()
    places: frozenset[str] | None = None


MANY = 200
"""With more places than this, a listing is as quick."""


class Watcher:
    """Hears of changes below a folder. ``wait`` wakes at the first, or when the time is over."""

    def __init__(self, content: Path, *also: Path) -> None:
        """``also``: another folder in which a change wakes us (people's decisions), though it is no part of the drop folder."""
        self._content, self._also = content, also
        self._wake = Event()
        self._lock = Lock()
        self._closed: set[str] = set()
        self._places: set[str] = set()
        self._unsure = True
        self._observer: object | None = None
        self._folder: tuple[int, int] | None = None
        self.period = SHARE if is_network(content) else LOCAL

    def start(self) -> None:
        """Start to listen; where the system refuses (no watches left, say), the listings alone have to do."""
        from watchdog.events import (
            EVENT_TYPE_CLOSED,
            EVENT_TYPE_CREATED,
            EVENT_TYPE_MODIFIED,
            FileSystemEvent,
            FileSystemEventHandler,
        )
        from watchdog.observers import Observer

        hears = self

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type in ("opened", "closed_no_write"):
                    return
                paths = [str(p) for p in (event.src_path, event.dest_path) if p]
                plain = event.event_type in (EVENT_TYPE_CLOSED, EVENT_TYPE_CREATED, EVENT_TYPE_MODIFIED)
                if event.is_directory and event.event_type == EVENT_TYPE_MODIFIED:
                    return  # its entries changed: they tell of themselves
                hears.heard(paths, event.event_type == EVENT_TYPE_CLOSED, plain and not event.is_directory)

        class Waker(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type not in ("opened", "closed_no_write"):
                    hears.wake()

        self._folder = self._identity()
        observer = Observer()
        try:
            observer.schedule(Handler(), str(self._content), recursive=True)
            for folder in self._also:
                observer.schedule(Waker(), str(folder))
            observer.start()
        except OSError:
            self.period = SHARE
            return
        self._observer = observer

    def heard(self, paths: list[str], closed: bool, plain: bool = False) -> None:
        """Something happened at these places; ``closed``: a writer closed its file; ``plain``: files came or changed, nothing else."""
        from publisher.intake.listing import ignored

        inside = [p.removeprefix(str(self._content)).lstrip("/") for p in paths]
        if all(any(ignored(part) for part in path.split("/")) for path in inside if path):
            return
        with self._lock:
            if closed:
                self._closed.update(unicodedata.normalize("NFC", path) for path in inside)
            if plain and len(self._places) < MANY:
                self._places.update(inside)
            else:
                self._unsure = True
        self._wake.set()

    def wake(self) -> None:
        self._wake.set()

    @property
    def calm(self) -> bool:
        """Nothing has happened since the last ``wait``."""
        return not self._wake.is_set()

    def wait(self, seconds: float) -> Heard:
        """Wait for a change, at most so long."""
        self._revive()
        self._wake.wait(max(0.0, seconds))
        self._wake.clear()
        with self._lock:
            heard = Heard(frozenset(self._closed), None if self._unsure or self._observer is None else frozenset(self._places))
            self._closed, self._places, self._unsure = set(), set(), False
        return heard

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = self._content.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _revive(self) -> None:
        """Listen again where the listener has died, or where another folder stands there now (a share that came back)."""
        now = self._identity()
        dead = self._observer is not None and not self._observer.is_alive()  # type: ignore[attr-defined]
        if now is not None and (dead or now != self._folder):
            self.stop()
            self._unsure = True
            self.period = SHARE if is_network(self._content) else LOCAL
            self.start()

    def stop(self) -> None:
        if self._observer is not None:
            self._observer.stop()  # type: ignore[attr-defined]
            self._observer.join()  # type: ignore[attr-defined]
            self._observer = None
