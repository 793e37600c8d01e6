"""What stands in the drop folder, and what changed since it was last seen."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from publisher.values import frozen

IGNORED_SUFFIXES = (".tmp", ".part", ".partial", ".crdownload", ".download", ".swp", ".swx")
IGNORED_NAMES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "lost+found"})


def ignored(name: str) -> bool:
    """Not a document: temporary and lock files of editors, browsers and systems; hidden ones; ``_`` drafts.

    Office writes ``~$name.docx`` while a file is open, LibreOffice ``.~lock.name#``; browsers ``name.crdownload`` and
    ``name.part``; Windows ``Thumbs.db`` and ``desktop.ini``; macOS ``.DS_Store`` and ``._name``; network storage ``@eaDir``.
    """
    lowered = name.lower()
    return (
        name.startswith((".", "_", "＿", "~"))
        or lowered in IGNORED_NAMES
        or lowered.endswith(IGNORED_SUFFIXES)
        or name.endswith(("~", "#"))
    )


@frozen
class Entry:
    """A file of the drop folder. ``path`` is NFC, relative to it; ``real`` how the disk spells it; times in nanoseconds."""

    path: str
    real: str
    size: int
    mtime: int
    ctime: int

    @property
    def stood_still_since(self) -> int:
        """The last moment at which anything of it changed (ns since the epoch)."""
        return max(self.mtime, self.ctime)


@frozen
class Listing:
    """All documents of the drop folder by path. ``clashes``: (path kept, spelling left out) where two names are one in Unicode.

    ``unreadable``: folders and files that could not be looked into, with the system's words: what lies there is unknown, not gone.
    """

    entries: Mapping[str, Entry]
    clashes: tuple[tuple[str, str], ...] = ()
    unreadable: tuple[tuple[str, str], ...] = ()


def listing(content: Path) -> Listing:
    """Look at the whole drop folder. Raises ``OSError`` when the folder itself cannot be read."""
    entries: dict[str, Entry] = {}
    clashes: list[tuple[str, str]] = []
    unreadable: list[tuple[str, str]] = []
    os.scandir(content).close()
    for entry in _walk(str(content), "", lambda path, error: unreadable.append((path, error.strerror or str(error)))):
        if entry.path in entries:
            first, second = sorted((entries[entry.path], entry), key=lambda e: e.real)
            entries[entry.path] = first
            clashes.append((entry.path, second.real))
        else:
            entries[entry.path] = entry
    return Listing(entries, tuple(sorted(clashes)), tuple(sorted(unreadable)))


def _walk(folder: str, below: str, failed: Callable[[str, OSError], None]) -> Iterator[Entry]:
    try:
        found = sorted(os.scandir(folder), key=lambda item: item.name)
    except OSError as error:
        failed(below, error)
        return
    for item in found:
        if ignored(item.name):
            continue
        real = f"{below}{item.name}"
        try:
            if item.is_dir():
                if item.is_symlink():  # it may point at its own parent
                    raise OSError(0, "別の場所を指すフォルダー（リンク）は読みません")
                yield from _walk(item.path, real + "/", failed)
                continue
            status = item.stat()
        except OSError as error:
            failed(unicodedata.normalize("NFC", real), error)
            continue
        if stat.S_ISREG(status.st_mode):
            yield Entry(unicodedata.normalize("NFC", real), real, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def glance(content: Path, places: Iterable[str]) -> Listing | None:
    """Look at these files only. None when that is not enough to know what happened: one is not there, is no file, or has a name of which
    there may be two spellings.
    """
    entries: dict[str, Entry] = {}
    for real in sorted(places):
        if not real or unicodedata.normalize("NFC", real) != real:
            return None
        if any(ignored(part) for part in real.split("/")):
            continue
        try:
            status = (content / real).lstat()
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        entries[real] = Entry(real, real, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return Listing(entries)


@frozen
class Changes:
    """What is to be looked at: files that are new or differ in size or time, and paths where nothing stands any more."""

    present: tuple[Entry, ...] = ()
    vanished: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.present or self.vanished)


def changes(now: Listing, known: Mapping[str, tuple[int, int]]) -> Changes:
    """Compare a listing with what was known: path → (size, mtime in ns).

    What lies in a folder that could not be read has not vanished: nothing is known of it.
    """
    present = tuple(entry for path, entry in now.entries.items() if known.get(path) != (entry.size, entry.mtime))
    blind = tuple(path for path, _ in now.unreadable)
    vanished = tuple(
        path for path in known if path not in now.entries and not any(path == b or path.startswith(b) for b in blind)
    )
    return Changes(present, vanished)


def moves(vanished: Mapping[str, str], appeared: Mapping[str, str]) -> dict[str, str]:
    """Which vanished files stand elsewhere now: old path → new path, by equal bytes (both maps: path → SHA-256).

    Where several have the same bytes, equal names go together first, then the order of the paths.
    """
    by_hash: dict[str, list[str]] = defaultdict(list)
    for path, digest in sorted(appeared.items()):
        by_hash[digest].append(path)
    found: dict[str, str] = {}
    for same_name in (True, False):
        for old, digest in sorted(vanished.items()):
            if old in found:
                continue
            name = old.rpartition("/")[2]
            for new in by_hash[digest]:
                if not same_name or new.rpartition("/")[2] == name:
                    found[old] = new
                    by_hash[digest].remove(new)
                    break
    return found
