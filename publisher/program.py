"""Which program this is, to the letter. What another one made, or remembered of what it had read, is made and read again after an update."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path

from publisher.files import keep, own_folder

_NAME = "program"


def digest(state: Path | None) -> str:
    """Of all files of the program; the same on every machine that has the same program.

    Said once a process: what runs is what was read at its beginning, though it be replaced meanwhile. ``state``: a folder in which it is kept
    as long as no file changes, because reading all of them takes three times as long as looking at them; None: nowhere.
    """
    return _digest(Path(__file__).parent, state)


@cache
def _digest(program: Path, state: Path | None) -> str:
    files = sorted(_files(program, ""))
    seen = blake2b(repr([about for about, _ in files]).encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    kept = None if state is None else state / _NAME
    if kept is not None:
        before, _, known = _read(kept).partition(" ")
        if before == seen and known:
            return known
    found = blake2b(digest_size=8)
    for (name, *_), path in files:
        body = Path(path).read_bytes()
        found.update(f"{name}\0{len(body)}\0".encode("utf-8", "surrogateescape") + body)
    if kept is not None:
        try:
            own_folder(kept.parent)
            keep(kept, f"{seen} {found.hexdigest()}".encode())
        except OSError:
            pass  # a disk that refuses costs a few milliseconds at the next run, nothing else
    return found.hexdigest()


def _read(file: Path) -> str:
    return file.read_bytes().decode("ascii", "replace") if file.is_file() else ""


def _files(folder: Path | str, name: str) -> Iterator[tuple[tuple[str, int, int, int], str]]:
    """(name, size, times) and place of each file; the time at which its entry was made cannot be set by what installs it."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__pycache__")):
                continue
            if entry.is_dir():
                yield from _files(entry.path, f"{name}{entry.name}/")
            else:
                about = entry.stat()
                yield (name + entry.name, about.st_size, about.st_mtime_ns, about.st_ctime_ns), entry.path
